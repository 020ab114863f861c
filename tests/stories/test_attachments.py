"""Contents of attachments over a link: to whom the record went, whole or not at all, behind every record."""

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from renkei.kernel.attachments import CHUNK_BYTES, Scanner, digest_of, name_of
from renkei.kernel.partners import frames
from renkei.kernel.people import Role
from renkei.node.config import AttachmentsConfig
from renkei.node.contents import PartnerContents
from renkei.rooms.coordination import AttachIn, Attachment, Content, LogEntryIn, attach, write_log_entry
from renkei.rooms.release import purges_of, recall
from world import World
from world.world import done

OWNER, PARTNER = "jp.jjoc", "us.usfj"
CONTENT = bytes(range(256)) * 2048


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, PARTNER, OWNER)
    yield made
    made.close()


def attached(world: World, content: bytes = CONTENT, label: str = "usa", **more: object) -> Attachment:
    """A content attached at the Joint Operations Command, as its HTTP edge does."""
    hq = world[OWNER]
    store, called = hq.node.contents, f"{len(hq.node.contents.names()):032x}"
    name = name_of(OWNER, called)
    store.begin(name)
    store.put(name, 0, content, len(content))
    store.keep(name)
    salt = bytes(32)
    given = AttachIn(name="海図.png", size=len(content), label=hq.label(label), **more)  # type: ignore[arg-type]
    return done(attach(hq.desk(), given, 10**9, Content(called, salt, digest_of(salt, [content]))))  # type: ignore[return-value]


def contents(world: World) -> PartnerContents:
    return world[PARTNER].node.line(OWNER).contents


def come(world: World, attachment: Attachment) -> bytes:
    """What the partner has of the content."""
    node = world[PARTNER].node
    return b"".join(node.contents.read(name_of(OWNER, attachment.content), attachment.size))


def files(world: World) -> list[Path]:
    """Everything that the partner's disk has of contents, keys included."""
    store = world[PARTNER].node.contents
    return [p for folder in (store.folder, store.keys) for p in folder.rglob("*") if p.is_file()]


def half_way(world: World, attachment: Attachment, rounds: int = 500) -> int:
    """Carry until some of the content is stored, and not all; how much is."""
    link = world.link(OWNER, PARTNER)
    for _ in range(rounds):
        for hq in (OWNER, PARTNER):
            world[hq].node.pump()
        link.step()
        state, have = contents(world).state(attachment)
        if state == "coming" and have > CHUNK_BYTES:
            return have
    raise AssertionError("the content does not come")


def test_a_content_follows_its_record_and_is_what_it_commits_to(world: World) -> None:
    given = attached(world)
    world.settle()
    assert contents(world).state(given) == ("here", len(CONTENT))
    assert come(world, given) == CONTENT
    assert CONTENT[:64] not in b"".join(path.read_bytes() for path in files(world))


def test_a_withheld_content_is_neither_asked_for_nor_given(world: World) -> None:
    attached(world, label="national")
    world.settle()
    assert files(world) == []
    line = world[OWNER].node.line(PARTNER)
    assert [line.contents.piece(seq, 0, 1) for seq in range(line.sent.size + 2)].count(None) == (
        line.sent.size + 2
    )


def test_a_cut_costs_a_stretch_and_not_the_beginning(world: World) -> None:
    given = attached(world)
    have = half_way(world, given)
    world.link(OWNER, PARTNER).cut()
    world[PARTNER].node.pump()
    world.link(OWNER, PARTNER).restore()
    offsets: list[int] = []
    line = world[OWNER].node.line(PARTNER)
    piece = line.contents.piece
    line.contents.piece = lambda s, o, c: offsets.append(o) or piece(s, o, c)  # type: ignore[method-assign, func-returns-value]
    world.settle()
    assert come(world, given) == CONTENT
    assert min(offsets) >= have


def test_a_recall_in_the_middle_leaves_nothing(world: World) -> None:
    given = attached(world)
    half_way(world, given)
    done(recall(world[OWNER].desk(Role.DISCLOSURE_OFFICER), given.id, "誤り"))
    world.settle()
    assert files(world) == []


def test_a_recall_erases_the_content_before_it_is_signed_for(world: World) -> None:
    given = attached(world)
    world.settle()
    world.link(OWNER, PARTNER).cut()
    desk = world[OWNER].desk(Role.DISCLOSURE_OFFICER)
    notice = done(recall(desk, given.id, "誤り"))
    world.settle()
    assert come(world, given) == CONTENT, "the partner cannot know yet"
    world.link(OWNER, PARTNER).restore()
    seen: list[int] = []
    purger = world[PARTNER].node.line(OWNER).purger
    log = purger._append
    purger._append = lambda drafts: seen.append(len(files(world))) or log(drafts)  # type: ignore[func-returns-value]
    world.settle()
    assert (seen, files(world)) == ([0], [])
    found = purges_of(world[OWNER].desk(Role.DISCLOSURE_OFFICER), notice.id)  # type: ignore[attr-defined]
    assert [one.row.source for one in found] == [PARTNER]


def test_what_is_attached_is_recalled_with_what_it_is_about(world: World) -> None:
    jjoc = world[OWNER]
    entry = done(write_log_entry(jjoc.desk(), LogEntryIn(text="冠水", label=jjoc.label("usa"))))
    attached(world, about=entry.id)  # type: ignore[attr-defined]
    world.settle()
    assert len(files(world)) == 3
    done(recall(jjoc.desk(Role.DISCLOSURE_OFFICER), entry.id, "誤り"))  # type: ignore[attr-defined]
    world.settle()
    assert files(world) == []


def test_a_narrowed_label_takes_the_content_back(world: World) -> None:
    given = attached(world)
    world.settle()
    jjoc = world[OWNER]
    jjoc.node.append([msgspec.structs.replace(given, version=2, label=jjoc.label("national"))])
    world.settle()
    assert files(world) == []


def test_what_the_record_does_not_commit_to_is_refused_and_records_go_on(world: World) -> None:
    given = attached(world)
    store, name = world[OWNER].node.contents, name_of(OWNER, given.content)
    store.erase(name)
    store.begin(name)
    store.put(name, 0, CONTENT[::-1], len(CONTENT))
    store.keep(name)
    world.settle()
    assert contents(world).state(given) == ("refused", 0)
    assert [path for path in files(world) if path.suffix != ".entry"] == []
    jjoc = world[OWNER]
    done(write_log_entry(jjoc.desk(), LogEntryIn(text="続く", label=jjoc.label("usa"))))
    world.settle()
    assert world[PARTNER].desk().views.count("log-entry", OWNER) == 1


@pytest.mark.parametrize(
    ("command", "state"), [("raise SystemExit(1)", "quarantined"), ("pass", "here")], ids=["bad", "good"]
)
def test_the_partner_looks_for_itself(world: World, command: str, state: str) -> None:
    held = contents(world)
    held._scanner = Scanner((sys.executable, "-c", command), 10)
    given = attached(world)
    world.settle()
    assert held.state(given)[0] == state
    assert world[PARTNER].node.contents.has(name_of(OWNER, given.content)) is (state == "here")


def test_no_more_comes_than_was_allowed(world: World) -> None:
    held = contents(world)
    held._config = AttachmentsConfig(partner_bytes=len(CONTENT) + 10_000)
    first, second = attached(world), attached(world, b"x" * 20_000)
    world.settle()
    assert (held.state(first)[0], held.state(second)[0]) == ("here", "refused")


def test_a_record_overtakes_a_content(world: World) -> None:
    given = attached(world, CONTENT * 4)
    half_way(world, given)
    jjoc = world[OWNER]
    session = world.link(OWNER, PARTNER)._sessions[1]  # type: ignore[index]
    seq = world[OWNER].node.line(PARTNER).sent.size - 1
    session._carriage._giving = None
    session.receive(frames.encode(frames.Fetch(seq, 0, frames.MAX_STRETCH_BYTES)))
    done(write_log_entry(jjoc.desk(), LogEntryIn(text="急ぎ", label=jjoc.label("usa"))))
    sent = list(frames.FrameReader().feed(session.bytes_to_send()))
    assert [type(f).__name__ for f in sent if not isinstance(f, frames.Padding)] == ["Entries", "Checkpoint"]
    assert isinstance(next(iter(frames.FrameReader().feed(session.bytes_to_send()))), frames.Content)


def test_what_was_not_asked_for_ends_the_conversation(world: World) -> None:
    world.settle()
    link = world.link(OWNER, PARTNER)
    for frame, code in (
        (frames.Content(3, 0, b"x"), "content.unasked"),
        (frames.NoContent(3), "content.unasked"),
    ):
        link.faults.clear()
        sessions = link._sessions or ()
        with pytest.raises(Exception, match="asked for") as refused:
            sessions[0].receive(frames.encode(frame))
        assert refused.value.code == code  # type: ignore[attr-defined]
        link.cut()
        link.restore()
        world.settle()
