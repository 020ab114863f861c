"""Attachments by commands: in pieces at a running node; by courier to a partner, and scanned there."""

import sys
from pathlib import Path

import pytest

from edges.cli.conftest import Renkei, done
from renkei.kernel.attachments import CHUNK_BYTES, digest_of, name_of
from renkei.kernel.labels.presets import demo_clearances
from renkei.kernel.people import Person, Role
from renkei.node import Node
from renkei.rooms.coordination import AttachIn, Content, attach

Pair = tuple[Path, Path]
CONTENT = bytes(range(256)) * 900


def attached(data: Path, label: str, content: bytes, number: int) -> str:
    """A content attached at the stopped node in ``data``, as the HTTP edge does; its name."""
    node = Node.open(data)
    try:
        store, called = node.contents, f"{number:032x}"
        name = name_of(node.config.hq, called)
        store.begin(name)
        store.put(name, 0, content, len(content))
        store.keep(name)
        held = demo_clearances("jp.jjoc").people["officer"]
        person = Person(account="watch", post="Watch", roles=(Role.WATCH_OFFICER,), clearance=held)
        chosen = next(s.label for s in node.policies.own.suggestions if s.key == label)
        salt = bytes(32)
        given = AttachIn(name="chart.png", size=len(content), label=chosen)
        came = Content(called, salt, digest_of(salt, [content]))
        record = attach(node.desk(person), given, 10**9, came)
        assert record.size == len(content), record
        return called
    finally:
        node.close()


def test_contents_reach_the_partner_who_was_given_the_record_and_nobody_else(
    pair: Pair, renkei: Renkei, tmp_path: Path
) -> None:
    us, jp = pair
    shared, own = attached(jp, "duty-usa", CONTENT, 1), attached(jp, "guarded-own", b"for JJOC alone", 2)
    records, contents = tmp_path / "records", tmp_path / "contents"
    told = done(renkei("attach", "pack", "us.usfj", contents, "-d", jp, "--json")).json
    assert told["contents"] == 1
    assert b"chart" not in contents.read_bytes()
    early = renkei("attach", "unpack", contents, "-d", us, "--json")
    assert (early.status, early.json["refused"]) == (1, {shared: "attachment.unknown"})
    done(renkei("courier", "export", "us.usfj", records, "-d", jp))
    done(renkei("courier", "import", records, "-d", us))
    assert done(renkei("attach", "unpack", contents, "-d", us, "--json")).json["taken"] == 1
    again = renkei("attach", "unpack", contents, "-d", us, "--json").json
    assert again == {"taken": 0, "refused": {shared: "attachment.known"}}
    node = Node.open(us)
    try:
        store = node.contents
        assert b"".join(store.read(name_of("jp.jjoc", shared), len(CONTENT))) == CONTENT
        assert not store.has(name_of("jp.jjoc", own))
        (seq,) = store.entries().values()
        assert node.line("jp.jjoc").contents.forget() == 0
        node.line("jp.jjoc").received.erase([seq])  # as a purge does
        assert node.line("jp.jjoc").contents.forget() == 1
        assert store.names() == [] and not list(store.keys.iterdir())
    finally:
        node.close()


def test_no_content_is_packed_for_a_partner_whose_agreement_has_ended(
    pair: Pair, renkei: Renkei, tmp_path: Path
) -> None:
    _, jp = pair
    attached(jp, "duty-usa", CONTENT, 1)
    done(renkei("courier", "export", "us.usfj", tmp_path / "r", "-d", jp))
    done(renkei("partner", "end", "us.usfj", "-d", jp))
    packed = renkei("attach", "pack", "us.usfj", tmp_path / "c", "-d", jp, "--json")
    assert packed.status != 0 and packed.json["error"]["code"] == "courier.agreement"
    assert not (tmp_path / "c").exists()


def test_what_the_scanner_here_refuses_is_not_kept(pair: Pair, renkei: Renkei, tmp_path: Path) -> None:
    us, jp = pair
    shared = attached(jp, "duty-usa", CONTENT, 1)
    done(renkei("courier", "export", "us.usfj", tmp_path / "r", "-d", jp))
    done(renkei("courier", "import", tmp_path / "r", "-d", us))
    done(renkei("attach", "pack", "us.usfj", tmp_path / "c", "-d", jp))
    with (us / "node.toml").open("a") as settings:
        settings.write(f'\n[attachments]\nscan = ["{sys.executable}", "-c", "raise SystemExit(1)"]\n')
    said = renkei("attach", "unpack", tmp_path / "c", "-d", us, "--json").json
    assert said == {"taken": 0, "refused": {shared: "attachment.scan"}}
    assert not list((us / "attachments").glob("jp.jjoc~*"))
    assert not list((us / "keys" / "attachments").glob("jp.jjoc~*"))


def test_a_cut_file_leaves_nothing_half(pair: Pair, renkei: Renkei, tmp_path: Path) -> None:
    us, jp = pair
    attached(jp, "duty-usa", CONTENT, 1)
    attached(jp, "duty-usa", CONTENT[::-1], 2)
    done(renkei("courier", "export", "us.usfj", tmp_path / "r", "-d", jp))
    done(renkei("courier", "import", tmp_path / "r", "-d", us))
    done(renkei("attach", "pack", "us.usfj", tmp_path / "c", "-d", jp))
    whole = (tmp_path / "c").read_bytes()
    (tmp_path / "c").write_bytes(whole[: len(whole) * 3 // 4])
    said = renkei("attach", "unpack", tmp_path / "c", "-d", us, "--json")
    assert said.status == 1
    assert said.json == {"taken": 1, "refused": {"c": "courier.truncated"}}
    assert len(list((us / "attachments").glob("jp.jjoc~*[0-9a-f]"))) == 1


def test_a_file_is_attached_and_fetched_in_pieces_also_after_the_line_was_lost(
    running, renkei: Renkei, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = running.url("jp.jjoc")
    done(renkei("sign-in", url, "watch", "--password-stdin", typed="demo-watch-jjoc\n"))
    opened = done(renkei("incident", "open", "Flooded", "--label", "duty-usa", "--json")).json
    about = opened.get("record", opened)["id"]
    file = tmp_path / "photo.jpg"
    file.write_bytes(CONTENT)
    monkeypatch.setattr("renkei.edges.cli.attaching.PIECE_CHUNKS", 1)
    added = done(renkei("attach", "add", file, "--about", about, "--label", "duty-usa", "--json")).json
    record = added["record"]["id"]
    listed = done(renkei("attach", "list", about, "--json")).json
    assert [item["attachment"]["record"]["id"] for item in listed["items"]] == [record]
    back = tmp_path / "back.jpg"
    (tmp_path / "back.jpg.part").write_bytes(CONTENT[: CHUNK_BYTES + 5])
    done(renkei("attach", "get", record, back))
    assert back.read_bytes() == CONTENT
    assert renkei("attach", "get", record, back).status == 1
