"""What a program may append by itself: exactly what the room's own actions would have logged."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import pytest

from renkei.kernel.desk import Appended
from renkei.kernel.errors import Refused
from renkei.kernel.records import Record
from renkei.rooms import coordination as room
from rooms.coordination.test_request_stories import WHY, ask, offer
from rooms.duo import JJOC, USFJ, Duo, Side, suggested


@pytest.fixture
def duo() -> Iterator[Duo]:
    both = Duo()
    yield both
    both.close()


class Held:
    """A writer that keeps what an action would have logged."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def append(self, records: Sequence[Record]) -> Appended:
        self.records += records
        return Appended(0, tuple(records))


def would(side: Side, action: Callable[..., Any], *given: Any) -> list[Record]:
    """What ``action`` would log, without logging it."""
    held = Held()
    result = action(msgspec.structs.replace(side.desk(), writer=held), *given)
    assert not isinstance(result, Refused), result
    return held.records


def checked(side: Side, *records: Record) -> str:
    """The code of the room's refusal, or ""."""
    found = room.check_appended(side.desk(), {side.partner}, records)
    return "" if found is None else f"{found[0]} {found[1].code}"


def log(duo: Duo, side: Side, records: Sequence[Record]) -> None:
    assert checked(side, *records) == ""
    side.append(records)
    duo.carry_all()


def test_what_the_actions_log_may_be_appended_step_by_step(duo: Duo) -> None:
    request = ask(duo)
    duo.carry_all()
    there = duo.jjoc.alias(request.id)
    log(duo, duo.usfj, would(duo.usfj, room.read_request, there))
    log(duo, duo.usfj, would(duo.usfj, room.acknowledge_request, there, room.AcknowledgeIn()))
    partial = room.AnswerIn(outcome="partial", offers=(offer(2),))
    log(duo, duo.usfj, would(duo.usfj, room.answer_request, there, partial))
    full = room.AnswerIn(outcome="full", offers=(offer(4),))
    log(duo, duo.usfj, would(duo.usfj, room.answer_request, there, full))
    view = room.request_view(duo.usfj.desk(), there)
    assert view is not None
    done = room.ProgressIn(state="done")
    log(duo, duo.usfj, would(duo.usfj, room.report_progress, view.commitments[0].record.id, done))
    other = ask(duo)
    log(duo, duo.jjoc, would(duo.jjoc, room.withdraw_request, other.id, WHY))
    given = room.TaskIn(to=JJOC, title="Survey", label=suggested(JJOC, "open"))
    task = would(duo.jjoc, room.set_task, given)
    log(duo, duo.jjoc, task)
    accepted = room.TaskAnswerIn(outcome="accepted")
    log(duo, duo.jjoc, would(duo.jjoc, room.answer_task, task[0].id, accepted))
    log(duo, duo.jjoc, would(duo.jjoc, room.progress_task, task[0].id, done))


def test_an_answer_by_a_headquarters_that_was_not_asked_is_refused(duo: Duo) -> None:
    request = ask(duo)
    duo.carry_all()
    answer = would(
        duo.usfj,
        room.answer_request,
        duo.jjoc.alias(request.id),
        room.AnswerIn(outcome="full", offers=(offer(),)),
    )[0]
    own = msgspec.structs.replace(answer, id=f"{JJOC}/{answer.id[-26:]}", request=request.id)
    assert checked(duo.jjoc, own) == "0 request.side"
    nowhere = msgspec.structs.replace(answer, request=f"{JJOC}/{'0' * 26}")
    assert checked(duo.usfj, nowhere) == "0 request.unknown"
    assert checked(duo.usfj, msgspec.structs.replace(answer, offers=())) == "0 answer.offers"
    assert checked(duo.usfj, answer, answer) == "1 batch.move"


def test_what_the_state_does_not_allow_is_refused(duo: Duo) -> None:
    request = ask(duo)
    duo.carry_all()
    there = duo.jjoc.alias(request.id)
    answered = would(duo.usfj, room.answer_request, there, room.AnswerIn(outcome="full", offers=(offer(),)))
    late = would(duo.usfj, room.acknowledge_request, there, room.AcknowledgeIn())
    assert checked(duo.usfj, answered[1]) == "0 commitment.answer"
    log(duo, duo.usfj, answered)
    assert checked(duo.usfj, *late) == "0 request.accepted"
    second = msgspec.structs.replace(answered[0], id=f"{USFJ}/{'1' * 26}")
    assert checked(duo.usfj, second) == "0 answer.in_force"
    promised = answered[1]
    assert isinstance(promised, room.Commitment)
    delivered = msgspec.structs.replace(promised, version=2, state="done", quantity_done=4.0)
    log(duo, duo.usfj, [delivered])
    again = msgspec.structs.replace(delivered, version=3, state="under way")
    assert checked(duo.usfj, again) == "0 request.done"
    assert checked(duo.jjoc, *_withdrawal(duo, request)) == "0 request.done"


def _withdrawal(duo: Duo, request: room.Request) -> list[Record]:
    return [msgspec.structs.replace(request, version=2, withdrawn=True)]


def test_a_request_once_asked_is_withdrawn_or_translated_and_nothing_else(duo: Duo) -> None:
    request = ask(duo)
    later = msgspec.structs.replace(request, version=2)
    assert checked(duo.jjoc, later) == ""
    assert checked(duo.jjoc, msgspec.structs.replace(later, priority="flash")) == "0 request.fixed"
    assert checked(duo.jjoc, msgspec.structs.replace(later, items=())) == "0 request.fixed"
    fresh = msgspec.structs.replace(request, id=f"{JJOC}/{'1' * 26}")
    assert checked(duo.jjoc, msgspec.structs.replace(fresh, to=JJOC)) == "0 request.to"
    assert checked(duo.jjoc, msgspec.structs.replace(fresh, withdrawn=True)) == "0 request.withdrawn"
    late = msgspec.structs.replace(fresh, acknowledge_by=request.asked_at)
    assert checked(duo.jjoc, fresh, late) == "1 request.deadlines"
