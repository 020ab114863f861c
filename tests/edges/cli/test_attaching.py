"""Attachments by commands: in pieces at a running node; by courier to a partner, and scanned there."""

import sys
from pathlib import Path

import pytest

from edges.cli.conftest import Renkei, done
from renkei.edges.cli.serving import spool_of
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
    told = done(
        renkei("courier", "export", "us.usfj", tmp_path / "all", "--contents", "-d", jp, "--json")
    ).json
    assert [(one["file"], one["contents"]) for one in told["contents"]] == [("all.contents", 1)]
    records, contents = tmp_path / "all", tmp_path / "all.contents"
    assert (
        contents.read_bytes().startswith(b"renkei sealed v1\n") and CONTENT[:64] not in contents.read_bytes()
    )
    early = renkei("courier", "import", contents, "-d", us, "--json")
    assert (early.status, [fault["code"] for fault in early.json["faults"]]) == (1, ["courier.gap"])
    taken = done(renkei("courier", "import", records, contents, "-d", us, "--json")).json["files"]
    assert len(taken[1]["contents"]["taken"]) == 1 and taken[0]["contents"] is None
    again = done(renkei("courier", "import", contents, "-d", us, "--json")).json
    assert again["repeated"] and again["contents"]["taken"] == []
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


def test_packing_goes_on_from_what_the_partner_lacks(pair: Pair, renkei: Renkei, tmp_path: Path) -> None:
    us, jp = pair
    attached(jp, "duty-usa", CONTENT, 1)
    done(renkei("courier", "export", "us.usfj", tmp_path / "r", "-d", jp))
    done(renkei("courier", "import", tmp_path / "r", "-d", us))

    def packed(name: str, *more: object) -> list[int]:
        told = done(renkei("attach", "pack", "us.usfj", tmp_path / name, *more, "-d", jp, "--json")).json
        return [one["contents"] for one in told["files"]]

    assert packed("a") == packed("b") == [1], "nobody has said yet that it came"
    done(renkei("courier", "import", tmp_path / "b", "-d", us))
    done(renkei("courier", "export", "jp.jjoc", tmp_path / "back", "-d", us))
    done(renkei("courier", "import", tmp_path / "back", "-d", jp))
    assert packed("c") == [] and not (tmp_path / "c").exists()
    assert packed("d", "--first", "0", "--volume-size", "9MB") == [1] and (tmp_path / "d.001").exists()
    wrong = renkei("attach", "pack", "us.usfj", tmp_path / "e", "--first", "0:17", "-d", jp, "--json")
    assert wrong.json["error"]["code"] == "courier.first"


def test_one_way_packing_goes_on_from_where_it_ended(
    pair: Pair, renkei: Renkei, files: Path, tmp_path: Path
) -> None:
    us, jp = pair
    attached(jp, "duty-usa", CONTENT, 1)
    done(renkei("partner", "add", files / "us.card", "--one-way", "out", "-d", jp))
    done(renkei("partner", "add", files / "jp.card", "--one-way", "in", "-d", us))
    said = done(renkei("courier", "export", "us.usfj", tmp_path / "a", "--contents", "-d", jp))
    assert said.out.count("cannot confirm") == 2
    again = done(renkei("courier", "export", "us.usfj", tmp_path / "b", "--contents", "-d", jp, "--json"))
    assert again.json["contents"] == []
    attached(jp, "duty-usa", CONTENT[::-1], 2)
    told = done(renkei("courier", "export", "us.usfj", tmp_path / "c", "--contents", "-d", jp, "--json")).json
    assert [one["contents"] for one in told["contents"]] == [1]
    taken = renkei(
        "courier", "import", *(tmp_path / n for n in ("a", "a.contents", "b", "c", "c.contents")), "-d", us
    )
    assert taken.status == 0, taken.out
    back = renkei("attach", "pack", "jp.jjoc", tmp_path / "x", "-d", us, "--json")
    assert back.json["error"]["code"] == "courier.one-way"


def test_a_running_nodes_folders_carry_contents_behind_their_records(
    pair: Pair, renkei: Renkei, tmp_path: Path
) -> None:
    us, jp = pair
    called = attached(jp, "duty-usa", CONTENT, 1)
    way = tmp_path / "way"
    for data, line in ((jp, f'outbox = {{"us.usfj" = "{way}"}}'), (us, f'inbox = "{way}"')):
        with (data / "node.toml").open("a") as settings:
            settings.write(f"\n[courier]\n{line}\n")
    nodes = [Node.open(data) for data in (us, jp)]
    try:
        usfj, jjoc = nodes
        jjoc.pump()
        here, there = spool_of(usfj), spool_of(jjoc)
        assert here is not None and there is not None
        assert there.step() == 2 and there.step() == 0
        assert here.step() == 2 and not list(way.glob("refused/*"))
        assert b"".join(usfj.contents.read(name_of("jp.jjoc", called), len(CONTENT))) == CONTENT
        notes = [path.read_text() for path in way.glob("taken/*contents*.txt")]
        assert notes == ["1 contents whole, 0 in part\n"]
    finally:
        for node in nodes:
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


def held(data: Path) -> dict[str, bytes]:
    """All files of contents in a node's folder."""
    folders = (data / "attachments", data / "keys" / "attachments")
    return {
        path.name: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()
    }


def carried(renkei: Renkei, us: Path, jp: Path, folder: Path) -> Path:
    """The records taken in at USFJ; a volume with their contents."""
    done(renkei("courier", "export", "us.usfj", folder / "r", "--contents", "-d", jp))
    done(renkei("courier", "import", folder / "r", "-d", us))
    return folder / "r.contents"


def test_what_the_scanner_here_refuses_is_put_aside(pair: Pair, renkei: Renkei, tmp_path: Path) -> None:
    us, jp = pair
    attached(jp, "duty-usa", CONTENT, 1)
    file = carried(renkei, us, jp, tmp_path)
    with (us / "node.toml").open("a") as settings:
        settings.write(f'\n[attachments]\nscan = ["{sys.executable}", "-c", "raise SystemExit(1)"]\n')
    said = renkei("courier", "import", file, "-d", us, "--json")
    assert said.status == 1
    assert list(said.json["contents"]["refused"].values()) == ["attachment.scan"]
    assert not [path for path in (us / "attachments").glob("jp.jjoc~*") if path.suffix != ".entry"]
    again = renkei("courier", "import", file, "-d", us, "--json").json["contents"]
    assert list(again["refused"].values()) == ["attachment.scan"]


def test_a_cut_volume_leaves_nothing_at_all(pair: Pair, renkei: Renkei, tmp_path: Path) -> None:
    us, jp = pair
    attached(jp, "duty-usa", CONTENT, 1)
    attached(jp, "duty-usa", CONTENT[::-1], 2)
    file = carried(renkei, us, jp, tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * 3 // 4])
    before = held(us)
    said = renkei("courier", "import", file, "-d", us, "--json")
    assert (said.status, [fault["code"] for fault in said.json["faults"]]) == (1, ["courier.truncated"])
    assert said.json["contents"] is None
    assert held(us) == before and not any(
        data for name, data in before.items() if "~" in name and ".part" in name
    )


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
