"""``node.toml``: what is saved is what is loaded, whatever was set."""

from pathlib import Path

import pytest

from renkei.kernel.partners import Rhythm
from renkei.node import Folder, Names, NodeConfig, load_config, save_config
from renkei.node.config import AttachmentsConfig, CourierConfig

PLAIN = NodeConfig(hq="jp.jjoc", names=Names("Joint Operations Command", "統合作戦司令部"))
EVERYTHING = NodeConfig(
    hq="jp.jjoc",
    names=Names('"Joint"\\Operations\x7f\nCommand', "統合作戦司令部"),
    realm="exercise.2026",
    http="[::1]:8500",
    link="0.0.0.0:9500",
    public="https://renkei.example",
    courier=CourierConfig(
        outbox={"us.usfj": "/media/us", "ph.afp": "out/ph 甲"},
        inbox="/media/in",
        seconds=7.5,
        volume_bytes=700_000_000,
        contents=False,
    ),
    rhythm=Rhythm(grid_ms=250, beat_s=0),
    attachments=AttachmentsConfig(
        max_bytes=1024, scan=("clamdscan", "--no-summary", "-"), scan_seconds=9, partner_bytes=4096
    ),
)


@pytest.mark.parametrize("config", [PLAIN, EVERYTHING], ids=["defaults", "everything set"])
def test_saving_keeps_every_setting(tmp_path: Path, config: NodeConfig) -> None:
    folder = Folder(tmp_path)
    save_config(folder, config)
    assert load_config(folder) == config
    save_config(folder, load_config(folder))
    assert load_config(folder) == config


def test_every_setting_there_is_was_tried() -> None:
    """A setting added later must be added above, or nobody proves that it survives."""
    for some, default in (
        (EVERYTHING, PLAIN),
        (EVERYTHING.courier, CourierConfig()),
        (EVERYTHING.rhythm, Rhythm()),
        (EVERYTHING.attachments, AttachmentsConfig()),
    ):
        same = [n for n in some.__struct_fields__ if getattr(some, n) == getattr(default, n)]
        assert same in ([], ["hq"])
