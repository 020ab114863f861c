"""How long requests were in hand, as the log has it."""

from datetime import timedelta
from typing import Any

from renkei.kernel.errors import Refused
from renkei.rooms.coordination import (
    AcknowledgeIn,
    AnswerIn,
    ReasonIn,
    acknowledge_request,
    answer_request,
    handled,
    read_request,
    withdraw_request,
)
from rooms.coordination.test_rows import ask
from rooms.duo import JJOC, Duo, Side, suggested


def done(outcome: Any) -> Any:
    assert not isinstance(outcome, Refused), outcome
    return outcome


def minutes(side: Side, clearance: str = "officer") -> dict[str, list[float | None]]:
    found: dict[str, list[float | None]] = {"acknowledge": [], "answer": []}
    for move, begin, end in handled(side.desk(clearance)):
        found[move].append(None if end is None else round(end - begin, 3))
    return found


def test_a_move_lasts_from_the_one_before_it_and_waiting_unopened_is_no_work(duo: Duo) -> None:
    asked = ask(duo)
    duo.carry_all()
    there, alias = duo.usfj.desk(), duo.jjoc.alias(asked)
    duo.clock.advance(timedelta(hours=5))
    done(read_request(there, alias))
    assert minutes(duo.usfj) == {"acknowledge": [None], "answer": []}
    duo.clock.advance(timedelta(minutes=3))
    done(acknowledge_request(there, alias, AcknowledgeIn()))
    duo.clock.advance(timedelta(minutes=42))
    done(answer_request(there, alias, AnswerIn(outcome="declined", reason="None at hand")))
    duo.clock.advance(timedelta(minutes=5))
    duo.carry_all()
    assert minutes(duo.usfj) == {"acknowledge": [3.0], "answer": [42.0]}
    assert minutes(duo.jjoc) == {"acknowledge": [], "answer": []}, "the work was the partner's"


def test_what_was_withdrawn_before_the_move_says_nothing(duo: Duo) -> None:
    asked = ask(duo)
    duo.carry_all()
    done(read_request(duo.usfj.desk(), duo.jjoc.alias(asked)))
    done(withdraw_request(duo.jjoc.desk(), asked, ReasonIn(reason="No longer needed")))
    duo.carry_all()
    assert minutes(duo.usfj) == {"acknowledge": [], "answer": []}


def test_whoever_may_not_see_a_request_learns_no_time_of_it(duo: Duo) -> None:
    asked = ask(duo, label=suggested(JJOC, "guarded-usa"))
    duo.carry_all()
    done(acknowledge_request(duo.usfj.desk(), duo.jjoc.alias(asked), AcknowledgeIn()))
    assert minutes(duo.usfj)["answer"] == [None]
    assert minutes(duo.usfj, "viewer") == {"acknowledge": [], "answer": []}
