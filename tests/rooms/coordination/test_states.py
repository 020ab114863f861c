"""The state tables: total, order-free, the same on both sides."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.errors import Refused
from renkei.rooms.coordination.records import Outcome, Progress
from renkei.rooms.coordination.states import (
    DEADLINES,
    HOLDER,
    MOVES,
    STATES,
    Answered,
    Delivery,
    Facts,
    Move,
    Promised,
    Side,
    Signature,
    State,
    Work,
    moves,
    overdue,
    refuse_move,
    row_of,
    side_of,
    state_of,
)

T0 = datetime(2022, 9, 18, 7, 0, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return T0 + timedelta(minutes=minutes)


def promise(state: Progress, quantity: float = 2, done: float = 0) -> Promised:
    return Promised(state, "helicopter", "aircraft", quantity, done)


ALL_SIGNATURES = [
    Signature(w, a, k, ack, read, d)
    for w, a, k, ack, read, d in product(
        (False, True),
        (*get_args(Outcome), "none"),
        get_args(Work),
        (False, True),
        (False, True),
        get_args(Delivery),
    )
]


def test_the_state_table_is_total_and_no_row_is_idle() -> None:
    hit = {row_of(s) for s in ALL_SIGNATURES}
    assert hit == set(STATES)


def test_every_state_has_its_row_in_every_table() -> None:
    assert {row.state for row in STATES} == set(State)
    for table in (HOLDER, DEADLINES, MOVES):
        assert set(table) == set(State)
    assert all(set(per_side) == {Side.ASKER, Side.ANSWERER} for per_side in MOVES.values())


STORIES: list[tuple[str, Facts, State]] = [
    ("nothing has left yet", Facts(), State.UNSENT),
    ("handed to the link", Facts(delivery="sent"), State.SENT),
    ("the partner signed", Facts(delivery="received"), State.RECEIVED),
    ("a person opened it", Facts(delivery="received", read=True), State.READ),
    ("acknowledged without a read mark", Facts(acknowledged=True), State.ACKNOWLEDGED),
    (
        "an answer without acknowledgement acknowledges",
        Facts(answers=(Answered(at(1), "full"),), promises=(promise("planned"),)),
        State.ACCEPTED,
    ),
    (
        "some of it",
        Facts(answers=(Answered(at(1), "partial"),), promises=(promise("planned"),)),
        State.PARTLY_ACCEPTED,
    ),
    ("no", Facts(answers=(Answered(at(1), "declined"),)), State.DECLINED),
    (
        "declined, then a new answer",
        Facts(answers=(Answered(at(1), "declined"), Answered(at(9), "full"))),
        State.ACCEPTED,
    ),
    (
        "one of two promises is begun",
        Facts(answers=(Answered(at(1), "full"),), promises=(promise("done", 2, 2), promise("planned"))),
        State.UNDER_WAY,
    ),
    (
        "done with less than promised is done",
        Facts(answers=(Answered(at(1), "full"),), promises=(promise("done", 2, 1),)),
        State.DONE,
    ),
    (
        "what was cancelled does not keep it open",
        Facts(answers=(Answered(at(1), "full"),), promises=(promise("done", 2, 2), promise("cancelled"))),
        State.DONE,
    ),
    (
        "every promise cancelled: an answer is due again",
        Facts(answers=(Answered(at(1), "full"),), promises=(promise("cancelled"),)),
        State.ACKNOWLEDGED,
    ),
    (
        "an answer that crosses a withdrawal on the wire changes nothing",
        Facts(withdrawn=True, answers=(Answered(at(1), "full"),), promises=(promise("planned"),)),
        State.WITHDRAWN,
    ),
    ("a promise ahead of its answer", Facts(promises=(promise("planned"),)), State.ACKNOWLEDGED),
]


@pytest.mark.parametrize(("facts", "state"), [s[1:] for s in STORIES], ids=[s[0] for s in STORIES])
def test_facts_amount_to(facts: Facts, state: State) -> None:
    assert state_of(facts) is state


answers = st.builds(
    Answered,
    st.integers(0, 5).map(at),
    st.sampled_from(get_args(Outcome)),
    st.none() | st.integers(10, 12).map(at),
)
promises = st.builds(
    Promised,
    st.sampled_from(get_args(Progress)),
    st.sampled_from(["pump", "boat"]),
    st.just("each"),
    st.integers(1, 3).map(float),
)
EVENTS = st.lists(
    st.one_of(
        st.just(("withdrawn", None)),
        st.just(("read", None)),
        st.just(("acknowledged", None)),
        st.tuples(st.just("answer"), answers),
        st.tuples(st.just("promise"), promises),
    ),
    max_size=8,
)


def gather(events: list[tuple[str, object]], delivery: Delivery = "received") -> Facts:
    """What a node holds after these records arrived in this order, duplicates included."""
    kinds = [name for name, _ in events]
    return Facts(
        withdrawn="withdrawn" in kinds,
        delivery=delivery,
        read="read" in kinds,
        acknowledged="acknowledged" in kinds,
        answers=tuple(v for n, v in events if n == "answer"),  # type: ignore[misc]
        promises=tuple(v for n, v in events if n == "promise"),  # type: ignore[misc]
    )


@given(EVENTS, st.data())
def test_any_order_of_arrival_gives_both_sides_the_same_state(
    events: list[tuple[str, object]], data: st.DataObject
) -> None:
    here = data.draw(st.permutations(events))
    there = data.draw(st.permutations(events))
    assert state_of(gather(here)) is state_of(gather(there))


@given(EVENTS, EVENTS)
def test_a_record_seen_twice_counts_once(
    events: list[tuple[str, object]], again: list[tuple[str, object]]
) -> None:
    repeated = events + [e for e in again if e in events]
    assert state_of(gather(events)) is state_of(gather(repeated))


@given(EVENTS, st.sampled_from(get_args(Delivery)))
def test_what_the_answerer_said_outweighs_what_the_link_reports(
    events: list[tuple[str, object]], delivery: Delivery
) -> None:
    if events:
        assert state_of(gather(events, delivery)) is state_of(gather(events, "received"))


@given(st.permutations([Answered(at(3), "declined"), Answered(at(1), "full"), Answered(at(4), "partial")]))
def test_the_answer_written_last_is_in_force(order: list[Answered]) -> None:
    assert state_of(Facts(answers=tuple(order))) is State.PARTLY_ACCEPTED


def test_a_refused_move_names_the_state() -> None:
    refused = refuse_move(Move.ANSWER, State.WITHDRAWN, {Side.ANSWERER})
    assert isinstance(refused, Refused)
    assert refused.code == "request.withdrawn"
    assert "withdrawn" in refused.came
    assert "received" in refused.expected


def test_a_move_of_the_other_side_names_the_side() -> None:
    refused = refuse_move(Move.ANSWER, State.RECEIVED, {Side.ASKER})
    assert isinstance(refused, Refused)
    assert refused.status == 403
    assert "answerer" in refused.expected


@given(st.sampled_from(list(Move)), st.sampled_from(list(State)), st.sampled_from(list(Side)))
def test_a_move_is_refused_exactly_when_the_table_does_not_list_it(
    move: Move, state: State, side: Side
) -> None:
    assert (refuse_move(move, state, {side}) is None) == (move in moves(state, {side}))


def test_a_third_party_may_do_nothing() -> None:
    assert all(moves(state, side_of("ph.wescom", "us.usfj", "jp.jjoc")) == frozenset() for state in State)


def test_deadlines_pass_gravest_first_and_stop_counting() -> None:
    limits = {"acknowledge": at(5), "answer": at(10), "review": at(20)}
    assert overdue(State.RECEIVED, at(5), limits) is None
    assert overdue(State.RECEIVED, at(6), limits) == "acknowledge"
    assert overdue(State.READ, at(11), limits) == "answer"
    assert overdue(State.ACKNOWLEDGED, at(6), limits) is None
    assert overdue(State.PARTLY_ACCEPTED, at(21), limits) == "review"
    assert overdue(State.DONE, at(99), limits) is None
