"""The largest record that is accepted travels: over a line, by a courier's file, and late after a review."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from renkei.kernel.errors import BadInput
from renkei.kernel.ids import new_id
from renkei.kernel.people import Role
from renkei.kernel.records import MAX_RECORD_BYTES, Record, Text
from renkei.node.couriers import export_sealed, take_in
from renkei.rooms.coordination import Decision, LogEntry
from renkei.rooms.release import DecisionsIn, HeldIn, decide_held
from world import World
from world.world import done

OWNER, PARTNER = "jp.jjoc", "us.usfj"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, PARTNER, OWNER)
    made.settle()
    yield made
    made.close()


def filled(world: World, made: LogEntry | Decision, field: str) -> LogEntry | Decision:
    """``made`` with so long a text that one byte more would not be taken."""
    encode = world[OWNER].node.codec.encode

    def of(length: int) -> LogEntry | Decision:
        return msgspec.structs.replace(made, **{field: Text(text="x" * length, lang="en")})

    full = of(MAX_RECORD_BYTES - len(encode(of(0))))
    assert len(encode(full)) == MAX_RECORD_BYTES
    with pytest.raises(BadInput, match=r"record\.size"):
        encode(of(len(getattr(full, field).text) + 1))
    return full


def entry(world: World) -> LogEntry:
    now = world.clock.now()
    head = {"id": new_id(OWNER, now), "label": world[OWNER].label("usa"), "at": now, "by": "Watch officer"}
    made = filled(world, LogEntry(**head, happened_at=now, text=Text(text="", lang="en")), "text")
    assert isinstance(made, LogEntry)
    return made


def there(world: World, kind: str) -> list[Record]:
    """What the partner has of the kind."""
    decode = world[PARTNER].node.codec.decode
    return [decode(row.raw) for row in world[PARTNER].desk().views.newest(kind).rows]  # type: ignore[misc]


def test_it_crosses_a_line(world: World) -> None:
    record = entry(world)
    world[OWNER].node.append([record])
    world.settle()
    (came,) = there(world, "log-entry")
    assert isinstance(came, LogEntry) and came.text == record.text


def test_it_crosses_by_a_couriers_file(world: World) -> None:
    world.link(OWNER, PARTNER).cut()
    record = entry(world)
    world[OWNER].node.append([record])
    world.settle()
    file = b"".join(export_sealed(world[OWNER].node, PARTNER, None, None).pieces)
    assert take_in(world[PARTNER].node, OWNER, [file]).faults == ()
    world.settle()
    (came,) = there(world, "log-entry")
    assert isinstance(came, LogEntry) and came.text == record.text


def test_it_crosses_late_though_the_time_of_its_release_is_longer_than_its_own(world: World) -> None:
    jjoc, now = world[OWNER], world.clock.now()
    head = {"id": new_id(OWNER, now), "label": jjoc.label("guarded-usa"), "at": now, "by": "Planner"}
    record = filled(world, Decision(**head, decided_at=now), "reasons")
    assert record.at.microsecond == 0  # written in fewer characters than a time with fractions
    jjoc.node.append([record])
    world.settle()
    items = jjoc.node.line(PARTNER).releaser.register.items
    assert there(world, "decision") == [] and record.id in items
    world.clock.advance(timedelta(milliseconds=1_234))
    word = DecisionsIn(
        verdict="release", reason="Seen.", items=(HeldIn(record=record.id, version=1, partner=PARTNER),)
    )
    done(decide_held(jjoc.desk(Role.DISCLOSURE_OFFICER), word, lambda one, _: items.get(one)))
    world.settle()
    (came,) = there(world, "decision")
    assert isinstance(came, Decision) and came.reasons == record.reasons  # type: ignore[union-attr]
    assert came.at > record.at
