"""What an agreement's end leaves undelivered: it does not go any more, and a renewal lets it go again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from renkei.kernel.log.commitments import said_at
from renkei.kernel.partners import export_parcel, import_parcel
from renkei.kernel.partners.auditing import audit
from renkei.kernel.partners.records import Cover
from renkei.kernel.people import Role
from renkei.rooms.coordination import LogEntry, LogEntryIn, write_log_entry
from renkei.rooms.release import AgreementIn, agree
from world import World
from world.world import done

OWNER, PARTNER = "jp.jjoc", "us.usfj"
HOUR = timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, PARTNER, OWNER, kinds={(OWNER, PARTNER): ("incident",)})
    renew(made)
    made.settle()
    yield made
    made.close()


def renew(world: World) -> None:
    """An agreement on log entries, for an hour from now on."""
    jjoc, now = world[OWNER], world.clock.now()
    held = jjoc.node.line(PARTNER).entry.clearance
    given = AgreementIn(
        partner=PARTNER, since=now, until=now + HOUR, cites="For an hour", covers=(Cover("log-entry", held),)
    )
    done(agree(jjoc.desk(Role.DISCLOSURE_OFFICER), given, held))


def write(world: World, text: str) -> str:
    jjoc = world[OWNER]
    return done(write_log_entry(jjoc.desk(), LogEntryIn(text=text, label=jjoc.label("usa")))).id  # type: ignore[attr-defined, no-any-return]


def newest(world: World, record_id: str) -> LogEntry:
    """The owner's record as it is now."""
    row = world[OWNER].desk().views.get(record_id)
    assert row is not None
    return world[OWNER].node.codec.decode(row.raw)  # type: ignore[return-value]


def rewrite(world: World, record_id: str, text: str) -> None:
    """The record's next version says something else."""
    node = world[OWNER].node
    record = newest(world, record_id)
    words = msgspec.structs.replace(record.text, text=text)
    node.append([msgspec.structs.replace(record, version=record.version + 1, text=words)])


def shown(world: World) -> list[str]:
    """The texts of the log entries that the partner's people see, sorted."""
    decode = world[PARTNER].node.codec.decode
    rows = world[PARTNER].desk().views.newest("log-entry").rows
    return sorted(decode(row.raw).text.text for row in rows)  # type: ignore[union-attr]


def watched(world: World) -> list[bytes]:
    """Everything that the owner puts on the line from now on."""
    link, seen = world.link(OWNER, PARTNER), []
    put, here = link._put, link.ends.index(world[OWNER].node)

    def looked(end: int) -> bool:
        before = len(link._moving[end])
        moved = put(end)
        seen.extend(frame for _, frame in link._moving[end][before:] if end == here)
        return moved

    link._put = looked  # type: ignore[method-assign]
    return seen


def assert_sound(world: World) -> None:
    """The owner's audit finds nothing, and both logs are what they were signed for."""
    node = world[OWNER].node
    line = node.line(PARTNER)
    key = node.identity.alias_key(PARTNER)
    terms, book = line.releaser.chain.terms, node.policies
    found = audit(node.master, line.sent, terms, book, node.codec, key, hq=OWNER, clock=world.clock)
    assert found.deviations == ()
    received = world[PARTNER].node.line(OWNER).received
    assert received.seal() == line.sent.seal()
    assert world[PARTNER].node.views.unreadable() == []
    assert world.link(OWNER, PARTNER).faults == []


def test_what_did_not_arrive_before_the_end_does_not_go_after_it(world: World) -> None:
    write(world, "arrived")
    world.settle()
    link = world.link(OWNER, PARTNER)
    link.cut()
    late = write(world, "MARKER under way")
    world.settle()
    line = world[OWNER].node.line(PARTNER)
    assert line.held(late) == "unsent"
    world.pass_time(2 * HOUR)
    seen = watched(world)
    link.restore()
    link.step()  # nothing was done at the owner's node meanwhile: the sender itself looks
    world.settle()
    assert shown(world) == ["arrived"]
    assert seen and not any(b"MARKER" in frame for frame in seen)
    assert line.held(late) is None
    assert line.sender.positions.received == line.sent.size
    assert_sound(world)
    (raw,) = [
        raw for pack in world[OWNER].node.master.read(0, 10_000) for raw in pack.entries if b"MARKER" in raw
    ]
    said = line.releaser.explain(raw)
    assert (said.outcome, said.code) == ("withheld", "agreement.ended")
    assert said.reason.endswith("what had not been delivered when it ended is not sent any more")
    assert line.turn() == 0


def test_the_partner_keeps_the_version_that_arrived(world: World) -> None:
    record = write(world, "first")
    world.settle()
    world.link(OWNER, PARTNER).cut()
    rewrite(world, record, "MARKER second")
    world.settle()
    world.pass_time(2 * HOUR)
    world.link(OWNER, PARTNER).restore()
    world.settle()
    assert shown(world) == ["first"]
    assert_sound(world)
    node = world[PARTNER].node
    bodies = [said_at(node.line(OWNER).received, seq) for seq in range(node.line(OWNER).received.size)]
    assert not any(b"MARKER" in body for body in bodies if body)
    node.views.rebuild(node.sources())
    assert shown(world) == ["first"]


def test_what_arrived_unconfirmed_is_forgotten_again(world: World) -> None:
    jjoc, usfj = world[OWNER].node, world[PARTNER].node
    world.link(OWNER, PARTNER).cut()
    write(world, "MARKER")
    world.settle()
    line, end = jjoc.line(PARTNER), usfj.line(OWNER)

    def courier() -> list[bytes]:
        file = list(export_parcel(line.sender, line.receiver, world.clock.now(), deflate=False))
        assert import_parcel(file, end.sender, end.receiver).faults == ()
        return file

    assert any(b"MARKER" in piece for piece in courier())
    world.settle()
    assert shown(world) == ["MARKER"]
    world.pass_time(2 * HOUR)
    assert not any(b"MARKER" in piece for piece in courier()), "no receipt came, and the agreement is over"
    world.settle()
    assert shown(world) == []
    bodies = [said_at(end.received, seq) for seq in range(end.received.size)]
    assert not any(b"MARKER" in body for body in bodies if body)
    world.link(OWNER, PARTNER).restore()
    world.settle()
    assert_sound(world)


def test_a_renewal_lets_it_go_again_as_the_chain_decides_then(world: World) -> None:
    kept = write(world, "kept")
    world.settle()
    link = world.link(OWNER, PARTNER)
    link.cut()
    late, changed, narrowed = (write(world, text) for text in ("late", "changed", "narrowed"))
    rewrite(world, kept, "kept, and changed")
    world.settle()
    world.pass_time(2 * HOUR)
    rewrite(world, changed, "changed after the end")
    jjoc = world[OWNER]
    own = msgspec.structs.replace(newest(world, narrowed), version=2, label=jjoc.label("national"))
    jjoc.node.append([own])
    link.restore()
    world.settle()
    assert shown(world) == ["kept"]
    assert_sound(world)

    renew(world)
    world.settle()
    assert shown(world) == ["changed after the end", "kept, and changed", "late"]
    assert jjoc.node.line(PARTNER).held(late) == "received"
    assert_sound(world)
    rewrite(world, late, "late, third version")
    write(world, "new")
    world.settle()
    assert shown(world) == ["changed after the end", "kept, and changed", "late, third version", "new"]
    assert_sound(world)


def test_ending_with_the_partner_and_agreeing_anew_does_the_same(world: World) -> None:
    node, link = world[OWNER].node, world.link(OWNER, PARTNER)
    link.cut()
    write(world, "under way")
    world.settle()
    entry = node.line(PARTNER).entry
    world.pass_time(timedelta(minutes=1))
    node.agree(msgspec.structs.replace(entry, until=world.clock.now()))
    world.settle()
    world.pass_time(timedelta(minutes=1))
    node.agree(msgspec.structs.replace(entry, since=world.clock.now(), until=None, kinds=("incident",)))
    link.restore()
    world.settle()
    assert shown(world) == []
    assert_sound(world)
    renew(world)
    world.settle()
    assert shown(world) == ["under way"]
    assert_sound(world)


def test_where_files_go_one_way_what_was_carried_counts_as_delivered(world: World) -> None:
    node, link = world[OWNER].node, world.link(OWNER, PARTNER)
    link.cut()
    write(world, "carried")
    world.settle()
    line = node.line(PARTNER)
    line.agree(msgspec.structs.replace(line.entry, one_way="out"))
    list(export_parcel(line.sender, line.receiver, world.clock.now()))
    write(world, "not carried")
    world.settle()
    size = line.sent.size
    world.pass_time(2 * HOUR)
    node.pump()
    assert sorted(line.releaser.withdrawn._seqs) == [size - 1]
