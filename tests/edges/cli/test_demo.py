"""The demo as ``make demo`` runs it: made, played, proven, stopped; and what stops it says so."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from edges.cli.conftest import Renkei, done, free_base
from renkei.edges.cli.demo.processes import health_at

ROOT = Path(__file__).parents[3]
HQS = ("us.usfj", "jp.jjoc", "ph.afp")
PATIENCE = 120
"""Seconds until a hanging demo is given up; on an idle machine it takes twenty-five."""


def demo(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "renkei.edges.cli", "demo", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


class Played(NamedTuple):
    """A demo that has played and stopped."""

    folder: Path
    base: int
    status: int
    outcome: Any
    err: str


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """One demo, played to its end."""
    folder, base = tmp_path_factory.mktemp("demo") / "demo-data", free_base()
    process = demo(folder, "--exit", "--port-base", base, "--json")
    out, err = process.communicate(timeout=PATIENCE)
    return Played(folder, base, process.returncode, msgspec.json.decode(out.encode()), err)


def test_the_demo_plays_the_event_and_both_sides_end_equal(played: Played) -> None:
    outcome = played.outcome
    assert (played.status, outcome.get("ok")) == (0, True), played
    said = [step["en"] for step in outcome["steps"]]
    assert any("advisory" in line for line in said)
    assert any("Link cut" in line for line in said)
    assert any(line.endswith("in the same state: done") for line in said)
    assert "held for you to review" in said[-1]
    assert all(step["ja"] for step in outcome["steps"])
    assert {row["log"] for row in outcome["logs"]} >= {"master", "audit", "jp.jjoc.sent", "us.usfj.received"}
    assert len(outcome["signIns"]) == 21
    assert {seat["node"] for seat in outcome["signIns"]} == set(HQS)
    assert all(health_at(f"http://127.0.0.1:{played.base + place}") is None for place in range(3))


def entries(renkei: Renkei, played: Played, hq: str, log: str, to: Path) -> list[Any]:
    """What stands in a log of a node that has stopped."""
    done(renkei("log", "export", log, "--to", to, "-d", played.folder / hq))
    return [msgspec.json.decode(line)["record"] for line in to.read_bytes().splitlines()]


def test_a_third_headquarters_gets_what_agreements_and_labels_allow_and_the_demo_says_by_which_rule(
    played: Played, renkei: Renkei, tmp_path: Path
) -> None:
    said = [step["en"] for step in played.outcome["steps"]]
    for code in ("rule label (access.classification)", "(onward.originator)", "(agreement.ended)"):
        assert sum(code in line for line in said) == 1, said
    from_jjoc = entries(renkei, played, "ph.afp", "jp.jjoc.received", tmp_path / "jjoc")
    from_usfj = entries(renkei, played, "ph.afp", "us.usfj.received", tmp_path / "usfj")
    assert sorted(entry["kind"] for entry in from_jjoc) == ["decision", "request"]
    assert [entry["originator"] for entry in from_usfj if entry["kind"] == "release.onward"] == ["jp.jjoc"]
    told = msgspec.json.encode([*from_jjoc, *from_usfj]).decode()
    for withheld in (
        "救援物資の集積状況を確認。",
        "宮古島・八重山地方 津波注意報",
        "救援船の入港は日中に限る。",
    ):
        assert withheld not in told


def test_after_the_demo_all_nodes_hold_the_same_bytes_receipted_to_the_last(
    played: Played, renkei: Renkei, tmp_path: Path
) -> None:
    for hq, other in itertools.permutations(HQS, 2):
        proof = done(renkei("partner", "verify", other, "-d", played.folder / hq, "--json")).json
        assert proof["sound"]
        assert proof["evidence"] == []
        assert all(log["receipted"] == log["entries"] for log in proof["logs"])
        sent, received = tmp_path / f"{hq}.{other}.sent", tmp_path / f"{hq}.{other}.received"
        done(renkei("log", "export", f"{other}.sent", "--to", sent, "-d", played.folder / hq))
        done(renkei("log", "export", f"{hq}.received", "--to", received, "-d", played.folder / other))
        assert sent.read_bytes() == received.read_bytes()


def test_a_kept_demo_stays_up_unplayed_until_it_is_interrupted(played: Played) -> None:
    process = demo(played.folder, "--keep", "--port-base", played.base)
    assert process.stdout is not None
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C stops them" in line:
                break
        else:
            raise AssertionError(process.communicate())
        assert health_at(f"http://127.0.0.1:{played.base}") == {"ok": True, "failures": []}
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 0
    assert not any("advisory" in line for line in said)
    assert any("demo-watch-afp" in line for line in said)
    assert health_at(f"http://127.0.0.1:{played.base}") is None


def test_a_busy_port_is_named_before_anything_is_made(tmp_path: Path, renkei: Renkei) -> None:
    base = free_base()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", base + 1001))
        taken.listen()
        said = renkei("demo", tmp_path / "d", "--exit", "--port-base", base, "--json")
    assert (said.status, said.json["error"]["code"]) == (1, "demo.port")
    assert str(base + 1001) in said.json["error"]["expected"]
    assert not (tmp_path / "d").exists()


def test_a_folder_that_is_no_demos_is_never_replaced(tmp_path: Path, renkei: Renkei) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "precious").write_text("x")
    base = free_base()
    said = renkei("demo", folder, "--exit", "--port-base", base, "--json")
    assert said.json["error"]["code"] == "demo.folder"
    assert (folder / "precious").exists()
    kept = renkei("demo", tmp_path / "none", "--keep", "--exit", "--port-base", base, "--json")
    assert kept.json["error"]["code"] == "demo.keep"


def test_a_node_that_dies_is_told_with_its_last_words(tmp_path: Path) -> None:
    from renkei.edges.cli.demo.processes import Child
    from renkei.kernel.errors import OurFault

    child = Child("us.usfj", tmp_path / "us.usfj", "http://127.0.0.1:9")
    began = time.monotonic()
    try:
        child.wait_until_well()
    except OurFault as err:
        assert err.code == "demo.died"
        assert "config.missing" in err.came
    else:
        raise AssertionError("a node without a folder cannot be well")
    assert time.monotonic() - began < 15
