"""Sealed files by commands: volumes, wrong pairs, replays, revoked keys, one-way lines, folders."""

import shutil
from pathlib import Path

import pytest

from edges.cli.conftest import Renkei, done
from renkei.edges.cli.serving import spool_of
from renkei.node import Node
from renkei.node.purging import PURGED
from renkei_verify.__main__ import main

Pair = tuple[Path, Path]


@pytest.fixture
def filled(pair: Pair, renkei: Renkei) -> Pair:
    """JJOC has reference data that waits for USFJ."""
    done(renkei("import", "reference", "--as-account", "watch", "-d", pair[1]))
    return pair


def export(renkei: Renkei, data: Path, hq: str, name: str, *more: object) -> Path:
    file = data.parent / name
    done(renkei("courier", "export", hq, file, *more, "-d", data))
    return file


def error(said) -> str:
    assert said.status == 1
    return said.json["error"]["code"]


def test_a_file_is_sealed_and_taken_in_once(filled: Pair, renkei: Renkei) -> None:
    us, jp = filled
    file = export(renkei, jp, "us.usfj", "a")
    assert file.read_bytes().startswith(b"renkei sealed v1\n")
    assert b'"kind"' not in file.read_bytes()
    first = done(renkei("courier", "import", file, "-d", us, "--json")).json
    again = done(renkei("courier", "import", file, "-d", us, "--json")).json
    assert (first["whole"], first["repeated"], again["whole"], again["repeated"]) == (True, False, True, True)
    assert first["logged"] > 50 and again["logged"] == 0


def test_volumes_can_be_lost_and_brought_again(filled: Pair, renkei: Renkei, monkeypatch) -> None:
    us, jp = filled
    monkeypatch.setattr("renkei.kernel.partners.chunks.CHUNK_ENTRIES", 20)
    monkeypatch.setattr("renkei.kernel.partners.courier.VOLUME_OVERHEAD", 8 * 1024 * 1024 - 4_000)
    told = done(
        renkei(
            "courier", "export", "us.usfj", jp.parent / "v", "--volume-size", "8390000", "-d", jp, "--json"
        )
    ).json
    files = [jp.parent / name for name in told["files"]]
    assert len(files) >= 3 and files[0].name == "v.001"
    skipped = renkei("courier", "import", files[0], files[2], "-d", us, "--json")
    assert skipped.status == 1
    one, three = skipped.json["files"]
    assert one["faults"] == [] and one["logged"] == one["size"]
    assert [f["code"] for f in three["faults"]] == ["courier.gap"]
    assert str(one["size"]) in three["faults"][0]["expected"]
    rest = done(renkei("courier", "import", *files[1:], "-d", us, "--json")).json["files"]
    assert rest[-1]["size"] == told["size"]
    done(renkei("partner", "verify", "jp.jjoc", "-d", us))


def test_a_cut_file_keeps_what_its_checkpoints_cover(filled: Pair, renkei: Renkei, monkeypatch) -> None:
    us, jp = filled
    monkeypatch.setattr("renkei.kernel.partners.chunks.CHUNK_ENTRIES", 5)
    monkeypatch.setattr("renkei.kernel.partners.bundle.CHUNK_BYTES", 1024)
    file = export(renkei, jp, "us.usfj", "a")
    file.write_bytes(file.read_bytes()[: file.stat().st_size * 3 // 4])
    said = renkei("courier", "import", file, "-d", us, "--json")
    assert said.status == 1
    assert [f["code"] for f in said.json["faults"]] == ["courier.truncated"]
    assert 0 < said.json["logged"] < said.json["size"] and said.json["logged"] % 5 == 0
    done(renkei("partner", "verify", "jp.jjoc", "-d", us))


def test_files_of_another_pair_are_refused_by_name(filled: Pair, renkei: Renkei) -> None:
    us, jp = filled
    file = export(renkei, jp, "us.usfj", "a")
    assert error(renkei("courier", "import", file, "-d", jp, "--json")) == "courier.sender"
    (us / "partners" / "jp.jjoc.json").unlink()
    assert error(renkei("courier", "import", file, "-d", us, "--json")) == "courier.sender"


def test_a_file_by_a_revoked_key_or_for_a_forgotten_one_is_refused(filled: Pair, renkei: Renkei) -> None:
    us, jp = filled
    file = export(renkei, jp, "us.usfj", "a")
    shutil.copytree(us, us.parent / "other")
    done(renkei("key", "rotate", "agreement", "-d", us))
    assert done(renkei("courier", "import", file, "-d", us, "--json")).json["logged"] > 50, (
        "the one before it opens"
    )
    other = us.parent / "other"
    for _ in range(2):
        done(renkei("key", "rotate", "agreement", "-d", other))
    assert error(renkei("courier", "import", file, "-d", other, "--json")) == "courier.key"
    done(renkei("key", "revoke", "--partner", "jp.jjoc", "--reason", "compromised", "-d", other))
    assert error(renkei("courier", "import", file, "-d", other, "--json")) == "key.revoked"


def test_a_one_way_line_goes_on_from_where_it_was_without_receipts_and_says_so(
    filled: Pair, renkei: Renkei, files: Path
) -> None:
    us, jp = filled
    done(renkei("partner", "add", files / "us.card", "--one-way", "out", "-d", jp))
    done(renkei("partner", "add", files / "jp.card", "--one-way", "in", "-d", us))
    said = done(renkei("courier", "export", "us.usfj", jp.parent / "a", "-d", jp))
    assert "one-way" in said.out and "cannot confirm" in said.out
    again = done(renkei("courier", "export", "us.usfj", jp.parent / "b", "-d", jp, "--json")).json
    assert again["first"] == again["size"] > 50, "the second file begins where the first one ended"
    done(renkei("courier", "import", jp.parent / "a", jp.parent / "b", "-d", us))
    assert (
        error(renkei("courier", "export", "jp.jjoc", us.parent / "c", "-d", us, "--json"))
        == "courier.one-way"
    )
    listed = done(renkei("partner", "list", "-d", jp, "--json")).json
    assert listed[0]["oneWay"] == "out"
    assert "one-way out" in done(renkei("status", "-d", jp)).out
    back = done(renkei("partner", "add", files / "us.card", "--one-way", "no", "-d", jp))
    assert back and done(renkei("partner", "list", "-d", jp, "--json")).json[0]["oneWay"] is None
    done(renkei("partner", "add", files / "jp.card", "--one-way", "no", "-d", us))
    export(renkei, us, "jp.jjoc", "d")
    done(renkei("partner", "add", files / "us.card", "--one-way", "out", "-d", jp))
    assert error(renkei("courier", "import", us.parent / "d", "-d", jp, "--json")) == "courier.one-way"


def test_a_running_nodes_folders_carry_new_entries_and_receipts(filled: Pair, renkei: Renkei) -> None:
    us, jp = filled
    way = jp.parent / "way"
    for data, partner, out, into in ((jp, "us.usfj", "east", "west"), (us, "jp.jjoc", "west", "east")):
        with (data / "node.toml").open("a") as file:
            file.write(f'\n[courier]\ninbox = "{way / into}"\noutbox = {{"{partner}" = "{way / out}"}}\n')
    nodes = [Node.open(data) for data in (us, jp)]
    try:
        usfj, jjoc = nodes
        jjoc.pump()
        here, there = spool_of(usfj), spool_of(jjoc)
        assert here is not None and there is not None
        assert there.step() == 1
        (way / "east" / "zz.renkei").write_bytes(b"no file at all")
        assert here.step() >= 2  # takes both; its own receipt goes out with the next round at the latest
        here.step()
        assert there.step() >= 1
        assert jjoc.line("us.usfj").sender.positions.received == usfj.line("jp.jjoc").receiver.have > 50
        assert here.step() == 0 and there.step() in {0, 1}, "nothing new makes no file"
        refused = sorted(path.name for path in (way / "east" / "refused").iterdir())
        assert refused == ["zz.renkei", "zz.renkei.txt"]
        assert "courier.form" in (way / "east" / "refused" / "zz.renkei.txt").read_text()
        taken = list((way / "east" / "taken").iterdir())
        assert [path.suffix for path in taken] == [".txt"], "what we could open for ever is gone"
        assert "logged" in taken[0].read_text()
    finally:
        for node in nodes:
            node.close()


def test_links_planted_in_an_inbox_lead_nowhere(filled: Pair, renkei: Renkei, tmp_path: Path) -> None:
    """Whoever fills the inbox may be anybody."""
    us, jp = filled
    inbox, target = tmp_path / "in", tmp_path / "target"
    for folder in (inbox, target):
        folder.mkdir()
    with (us / "node.toml").open("a") as file:
        file.write(f'\n[courier]\ninbox = "{inbox}"\n')
    (target / "kept").write_text("as it was")
    (inbox / "linked.renkei").symlink_to(export(renkei, jp, "us.usfj", "elsewhere"))
    (inbox / "refused").symlink_to(target)
    (inbox / "bad.renkei").write_bytes(b"no file at all")
    node = Node.open(us)
    try:
        spool = spool_of(node)
        assert spool is not None and spool.step() == 0
        assert node.line("jp.jjoc").receiver.have == 0
        assert [path.name for path in target.iterdir()] == ["kept"]
        assert (inbox / "bad.renkei").exists()
        (inbox / "refused").unlink()
        (inbox / "refused").mkdir()
        (inbox / "refused" / "bad.renkei.txt").symlink_to(target / "kept")
        assert spool.step() == 0
        assert (target / "kept").read_text() == "as it was"
    finally:
        node.close()


def test_files_refused_from_a_partner_go_when_it_takes_something_back(filled: Pair, renkei: Renkei) -> None:
    us, jp = filled
    inbox = us.parent / "in"
    inbox.mkdir()
    with (us / "node.toml").open("a") as file:
        file.write(f'\n[courier]\ninbox = "{inbox}"\n')
    whole = export(renkei, jp, "us.usfj", "whole")
    (inbox / "cut.renkei").write_bytes(whole.read_bytes()[:-100])
    (inbox / "zz.renkei").write_bytes(b"no file at all")
    node = Node.open(us)
    try:
        spool = spool_of(node)
        assert spool is not None and spool.step() == 2
        refused = inbox / "refused"
        assert (refused / "cut.renkei").exists() and (refused / "zz.renkei").exists()
        assert spool.step() == 0 and (refused / "cut.renkei").exists()
        node.line("jp.jjoc").received.set_facts({PURGED: b"1"})  # as the purger does
        spool.step()
        assert not (refused / "cut.renkei").exists()
        assert (refused / "cut.renkei.txt").exists() and (refused / "zz.renkei").exists()
    finally:
        node.close()


def test_both_logs_with_a_partner_are_exported_and_proven_without_a_node(
    couriered: Pair, renkei: Renkei, tmp_path: Path
) -> None:
    us, jp = couriered
    for data, partner in ((us, "jp.jjoc"), (jp, "us.usfj")):
        done(renkei("partner", "export-log", partner, tmp_path / data.name, "-d", data))
    held, kept = tmp_path / "us" / "jp.jjoc.received.ndjson", tmp_path / "jp" / "us.usfj.sent.ndjson"
    cards = ["--card", str(tmp_path / "us" / "jp.jjoc.card"), "--card", str(tmp_path / "us" / "us.usfj.card")]
    for log in (held, kept):
        assert main(["log", str(log), *cards]) == 0
        assert (log.parent / f"{log.name}.receipt").exists()
    assert main(["compare", str(held), str(kept), *cards]) == 0
