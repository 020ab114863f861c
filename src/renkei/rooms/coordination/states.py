"""Where a request or a task stands, and what that allows: pure tables over what both sides said.

Theory of operation.  A state is never stored.  Each headquarters holds some records of both sides, in
whatever order they came; ``Facts`` is what those records say together, and depends only on *which*
they are.  ``signature`` reduces facts to six symbols and ``STATES`` is read from the top: the first row
that fits gives the state.  The same records give the same state in Tokyo and in Yokota.

Ties are broken by what both sides see alike: the owner's own time of writing and the content; never by
record ids and version numbers (each side knows the other's records by other names, and counts the
versions it was given), nor by times of arrival.

``delivery`` comes from the node (its log sent and the partner's receipts), not from records: the asker
learns of receipt a moment after the answerer, and only until anything else is heard does it show.

Three more tables hang on the state: whose move it is (``HOLDER``), which deadlines still count
(``DEADLINES``) and which side may do what (``MOVES``); a refusal names the state it rests on.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

from renkei.kernel.errors import Refused

from .records import Outcome, Progress, TaskOutcome

Delivery = Literal["unsent", "sent", "received"]
Overdue = Literal["acknowledge", "answer", "review", "due"]
Work = Literal["none", "planned", "under way", "done", "cancelled"]


class State(StrEnum):
    """Where a request or a task stands."""

    UNSENT = "unsent"
    SENT = "sent"
    RECEIVED = "received"
    READ = "read"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    PARTLY_ACCEPTED = "partly accepted"
    DECLINED = "declined"
    UNDER_WAY = "under way"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class Side(StrEnum):
    """Who somebody is to a request or task: its owner, the headquarters it went to, or neither."""

    ASKER = "asker"
    ANSWERER = "answerer"
    OTHER = "other"


class Move(StrEnum):
    """What can be done to a request or a task."""

    READ = "read"
    ACKNOWLEDGE = "acknowledge"
    ANSWER = "answer"
    PROGRESS = "progress"
    WITHDRAW = "withdraw"


# --- Facts ----------------------------------------------------------------------------------------


class Answered(msgspec.Struct, frozen=True, gc=False):
    """One answer as far as state goes."""

    at: datetime
    outcome: Outcome
    review_at: datetime | None = None


class Promised(msgspec.Struct, frozen=True, gc=False):
    """One commitment as far as state goes."""

    state: Progress
    what: str
    unit: str
    quantity: float
    quantity_done: float = 0.0


class Facts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything that is known about one request or task, as a set: no order, no duplicates that count.

    ``answers`` and ``promises`` are the newest versions of distinct records of the answerer.
    """

    withdrawn: bool = False
    delivery: Delivery = "unsent"
    read: bool = False
    acknowledged: bool = False
    answers: tuple[Answered, ...] = ()
    promises: tuple[Promised, ...] = ()


class Signature(msgspec.Struct, frozen=True, gc=False):
    """The six symbols a state depends on."""

    withdrawn: bool
    answer: Outcome | Literal["none"]
    work: Work
    acknowledged: bool
    read: bool
    delivery: Delivery


def answer_in_force(answers: Iterable[Answered]) -> Answered | None:
    """The answer that counts: the one written last, by its owner's clock."""
    return max(answers, key=_written, default=None)


def _written(answer: Answered) -> tuple[datetime, str, str]:
    review = answer.review_at.isoformat() if answer.review_at else ""
    return (answer.at, answer.outcome, review)


def work_of(promises: Iterable[Promised]) -> Work:
    """What the commitments say together: begun if any is begun or done, done when none is left open."""
    states = {p.state for p in promises}
    live = states - {"cancelled"}
    if not states:
        return "none"
    if not live:
        return "cancelled"
    if live == {"done"}:
        return "done"
    return "planned" if live == {"planned"} else "under way"


def signature(facts: Facts) -> Signature:
    """``facts`` reduced to what the state table looks at."""
    answer = answer_in_force(facts.answers)
    return Signature(
        withdrawn=facts.withdrawn,
        answer=answer.outcome if answer else "none",
        work=work_of(facts.promises),
        acknowledged=facts.acknowledged,
        read=facts.read,
        delivery=facts.delivery,
    )


# --- The state table ------------------------------------------------------------------------------


class Row(msgspec.Struct, frozen=True):
    """A pattern over a signature (empty: anything) and the state it means."""

    state: State
    because: str
    withdrawn: bool | None = None
    answer: tuple[str, ...] = ()
    work: tuple[str, ...] = ()
    acknowledged: bool | None = None
    read: bool | None = None
    delivery: tuple[str, ...] = ()

    def fits(self, s: Signature) -> bool:
        """Whether ``s`` has everything this row asks for."""
        return (
            (self.withdrawn is None or self.withdrawn == s.withdrawn)
            and (not self.answer or s.answer in self.answer)
            and (not self.work or s.work in self.work)
            and (self.acknowledged is None or self.acknowledged == s.acknowledged)
            and (self.read is None or self.read == s.read)
            and (not self.delivery or s.delivery in self.delivery)
        )


_YES = ("full", "partial")

STATES: tuple[Row, ...] = (
    Row(State.WITHDRAWN, "the asker's word ends it, also when an answer crosses it", withdrawn=True),
    Row(State.DECLINED, "the answer in force says no", answer=("declined",)),
    Row(State.DONE, "nothing promised is left open", answer=_YES, work=("done",)),
    Row(State.UNDER_WAY, "work on a promise has begun", answer=_YES, work=("under way",)),
    Row(
        State.ACKNOWLEDGED,
        "every promise was cancelled: a new answer is due",
        answer=_YES,
        work=("cancelled",),
    ),
    Row(State.ACCEPTED, "all of it is promised", answer=("full",), work=("none", "planned")),
    Row(State.PARTLY_ACCEPTED, "some of it is promised", answer=("partial",), work=("none", "planned")),
    Row(
        State.UNDER_WAY,
        "begun, the answer yet to arrive",
        answer=("none",),
        work=("under way", "done"),
    ),
    Row(State.ACKNOWLEDGED, "promised, the answer yet to arrive", answer=("none",), work=("planned",)),
    Row(State.ACKNOWLEDGED, "promised and cancelled, no answer seen", answer=("none",), work=("cancelled",)),
    Row(State.ACKNOWLEDGED, "the answerer has it in hand", acknowledged=True),
    Row(State.READ, "a person at the answerer's opened it", read=True),
    Row(State.RECEIVED, "the answerer's node signed for it", delivery=("received",)),
    Row(State.SENT, "handed to the link", delivery=("sent",)),
    Row(State.UNSENT, "logged here, not yet given to the link", delivery=("unsent",)),
)


def row_of(s: Signature) -> Row:
    """The first row of ``STATES`` that fits; the tests hold the table total."""
    return next(row for row in STATES if row.fits(s))


_STATE_BY_SIGNATURE: dict[Signature, State] = {}


def state_of(facts: Facts) -> State:
    """The state that ``facts`` amount to, whatever order they came in."""
    s = signature(facts)
    state = _STATE_BY_SIGNATURE.get(s)
    if state is None:
        state = _STATE_BY_SIGNATURE[s] = row_of(s).state
    return state


# --- What hangs on the state ----------------------------------------------------------------------

HOLDER: Mapping[State, Side] = {
    State.UNSENT: Side.ASKER,
    State.SENT: Side.ASKER,
    State.RECEIVED: Side.ANSWERER,
    State.READ: Side.ANSWERER,
    State.ACKNOWLEDGED: Side.ANSWERER,
    State.ACCEPTED: Side.ANSWERER,
    State.PARTLY_ACCEPTED: Side.ANSWERER,
    State.DECLINED: Side.ASKER,
    State.UNDER_WAY: Side.ANSWERER,
    State.DONE: Side.ASKER,
    State.WITHDRAWN: Side.ASKER,
}
"""Whose move it is.  A request that the answerer has not received is still with the asker."""

_OPEN: tuple[Overdue, ...] = ("answer", "acknowledge")

DEADLINES: Mapping[State, tuple[Overdue, ...]] = {
    State.UNSENT: (*_OPEN, "due"),
    State.SENT: (*_OPEN, "due"),
    State.RECEIVED: (*_OPEN, "due"),
    State.READ: (*_OPEN, "due"),
    State.ACKNOWLEDGED: ("answer", "due"),
    State.ACCEPTED: ("review", "due"),
    State.PARTLY_ACCEPTED: ("review", "due"),
    State.DECLINED: ("review",),
    State.UNDER_WAY: ("review", "due"),
    State.DONE: (),
    State.WITHDRAWN: (),
}
"""Which deadlines still count, the graver first.  ``due`` is a task's, the others a request's."""

_NEW = frozenset({Move.READ, Move.ACKNOWLEDGE, Move.ANSWER})
_IN_HAND = frozenset({Move.ANSWER, Move.PROGRESS})
_WITHDRAW = frozenset({Move.WITHDRAW})
_NOTHING: frozenset[Move] = frozenset()

MOVES: Mapping[State, Mapping[Side, frozenset[Move]]] = {
    State.UNSENT: {Side.ASKER: _WITHDRAW, Side.ANSWERER: _NOTHING},
    State.SENT: {Side.ASKER: _WITHDRAW, Side.ANSWERER: _NOTHING},
    State.RECEIVED: {Side.ASKER: _WITHDRAW, Side.ANSWERER: _NEW},
    State.READ: {Side.ASKER: _WITHDRAW, Side.ANSWERER: _NEW - {Move.READ}},
    State.ACKNOWLEDGED: {Side.ASKER: _WITHDRAW, Side.ANSWERER: frozenset({Move.ANSWER})},
    State.ACCEPTED: {Side.ASKER: _WITHDRAW, Side.ANSWERER: _IN_HAND},
    State.PARTLY_ACCEPTED: {Side.ASKER: _WITHDRAW, Side.ANSWERER: _IN_HAND},
    State.DECLINED: {Side.ASKER: _WITHDRAW, Side.ANSWERER: frozenset({Move.ANSWER})},
    State.UNDER_WAY: {Side.ASKER: _WITHDRAW, Side.ANSWERER: _IN_HAND},
    State.DONE: {Side.ASKER: _NOTHING, Side.ANSWERER: _NOTHING},
    State.WITHDRAWN: {Side.ASKER: _NOTHING, Side.ANSWERER: frozenset({Move.PROGRESS})},
}
"""What each side may do.  After a withdrawal the answerer still winds up what it had begun."""


def side_of(hq: str, asker: str, answerer: str) -> frozenset[Side]:
    """What ``hq`` is to a request; both sides at once for a task given to one's own people."""
    sides = {Side.ASKER} if hq == asker else set()
    if hq == answerer:
        sides.add(Side.ANSWERER)
    return frozenset(sides) or frozenset({Side.OTHER})


def moves(state: State, sides: Iterable[Side]) -> frozenset[Move]:
    """Everything ``sides`` may do in ``state``."""
    return frozenset().union(*(MOVES[state].get(side, _NOTHING) for side in sides))


def refuse_move(move: Move, state: State, sides: Iterable[Side], what: str = "request") -> Refused | None:
    """A refusal that names the state, or the wrong side, unless ``move`` is allowed."""
    sides = frozenset(sides)
    if move in moves(state, sides):
        return None
    able = [s for s, per_side in MOVES.items() for side in sides if move in per_side.get(side, _NOTHING)]
    if not able:
        owner = Side.ASKER if move is Move.WITHDRAW else Side.ANSWERER
        return Refused(
            code=f"{what}.side",
            expected=f"the {owner.value}'s headquarters to {move.value} this {what}",
            came=f"the {' and '.join(sorted(sides))}",
            status=403,
        )
    states = ", ".join(dict.fromkeys(s.value for s in able))
    return Refused(
        code=f"{what}.{state.value.replace(' ', '-')}",
        expected=f"a {what} that is {states} in order to {move.value} it",
        came=f"one that is {state.value}",
    )


def overdue(state: State, now: datetime, deadlines: Mapping[Overdue, datetime | None]) -> Overdue | None:
    """The gravest deadline that has passed and still counts in ``state``."""
    for name in DEADLINES[state]:
        limit = deadlines.get(name)
        if limit is not None and now > limit:
            return name
    return None


# --- Tasks -------------------------------------------------------------------------------------


_TASK_OUTCOME: Mapping[TaskOutcome, Outcome] = {
    "accepted": "full",
    "partly accepted": "partial",
    "declined": "declined",
}


def reported(at: datetime, outcome: TaskOutcome, progress: Progress) -> tuple[Answered, Promised]:
    """What a task report contributes: a task is a request with one promise, the task itself."""
    done = 1.0 if progress == "done" else 0.0
    return Answered(at, _TASK_OUTCOME[outcome]), Promised(progress, "", "", 1.0, done)
