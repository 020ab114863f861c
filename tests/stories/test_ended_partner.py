"""A partner whose agreement has ended: nothing more goes, and what is to be forgotten is still asked for."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from renkei.kernel.partners.records import Cover
from renkei.kernel.people import Role
from renkei.node.create import settle
from renkei.node.recalling import confirmation
from renkei.rooms.coordination import LogEntryIn, write_log_entry
from renkei.rooms.release import AgreementIn, agree, agreements, purges_of, recall
from world import World
from world.world import done


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    kinds = {("jp.jjoc", "us.usfj"): ("log-entry",)}
    made = World(tmp_path, "us.usfj", "jp.jjoc", kinds=kinds)
    yield made
    made.close()


def write(world: World, text: str) -> str:
    jjoc = world["jp.jjoc"]
    given = LogEntryIn(text=text, label=jjoc.label("usa"))
    return done(write_log_entry(jjoc.desk(), given)).id  # type: ignore[attr-defined, no-any-return]


def end(world: World) -> None:
    """JJOC ends what it agreed with U.S. Forces Japan; its link is closed by whoever carries it."""
    node = world["jp.jjoc"].node
    entry = node.line("us.usfj").entry
    node.agree(msgspec.structs.replace(entry, until=world.clock.now()))
    world.link("jp.jjoc", "us.usfj").cut()


def test_ending_ends_every_agreement_and_nothing_more_is_released(world: World) -> None:
    jjoc = world["jp.jjoc"]
    world.settle()
    officer, line = jjoc.desk(Role.DISCLOSURE_OFFICER), jjoc.node.line("us.usfj")
    more = AgreementIn(
        partner="us.usfj",
        since=world.clock.now(),
        cites="For tasks alone",
        covers=(Cover("task", line.entry.clearance),),
    )
    done(agree(officer, more, line.entry.clearance))
    write(world, "Before")
    world.settle()
    sent = line.sent.size
    world.pass_time(timedelta(minutes=1))

    end(world)
    write(world, "After")
    world.settle()

    assert line.sent.size == sent
    assert not [a for a in agreements(officer, "us.usfj") if a.in_force(world.clock.now())]
    assert jjoc.node.in_force() == frozenset()
    assert line.releaser.chain.ceiling("task", world.clock.now()) is None


def test_what_is_to_be_forgotten_is_still_asked_for_and_signed_for_once_they_are_back(world: World) -> None:
    jjoc, node = world["jp.jjoc"], world["jp.jjoc"].node
    record = write(world, "A slip")
    world.settle()
    world.pass_time(timedelta(minutes=1))
    end(world)
    taken = done(recall(jjoc.desk(Role.DISCLOSURE_OFFICER), record, "by mistake"))
    world.settle()
    line = node.line("us.usfj")
    waiting = confirmation(line, taken.id, [], node.codec)  # type: ignore[attr-defined]
    assert waiting is not None and waiting.progress == "unsent"

    world.pass_time(timedelta(minutes=1))
    before, now = line.entry, world.clock.now()
    node.agree(settle(before, msgspec.structs.replace(before, until=None), now))
    world.link("jp.jjoc", "us.usfj").restore()
    world.settle()
    desk = jjoc.desk(Role.DISCLOSURE_OFFICER)
    purges = [s.record for s in purges_of(desk, taken.id) if s.row.source == "us.usfj"]  # type: ignore[attr-defined]
    signed = confirmation(line, taken.id, purges, node.codec)  # type: ignore[attr-defined]
    assert signed is not None and signed.progress == "confirmed" and not signed.faults
