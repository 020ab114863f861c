"""What the room's rules say of records that a program appends without going by the room's actions.

Kinds that declare ``has_moves`` do something to a request or a task: they are held to the tables and rules
that the actions go by, so that no program can put into the log what a person would have been refused.
Other kinds (log entries, incidents) say something of their own and are not looked at here.

Records of one batch are judged in their order, each against the views as they stand, with what the batch says
before it where that matters: an answer and its commitments come together, as the action appends them.  A
second move of one kind on the same request cannot be judged so and is refused.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from renkei.kernel.desk import Desk
from renkei.kernel.drafting import check_references, own_whole, unknown
from renkei.kernel.errors import Refused
from renkei.kernel.records import Record, Text
from renkei.kernel.seen import look

from . import rules, states
from .records import Acknowledgement, Answer, Commitment, Read, Request, Task, TaskReport
from .states import Move
from .views import RequestView, TaskView, request_view, task_view

A = TypeVar("A", Request, Task)

_FREE = frozenset({"version", "at", "by", "label", "realm", "withdrawn", "reason"})
"""What a version that withdraws may say anew; texts may gain translations."""
_TWICE = Refused(code="batch.move", expected="one move of a kind on one request or task", came="another")


def check_appended(
    desk: Desk, partners: Collection[str], given: Sequence[Record]
) -> tuple[int, Refused] | None:
    """The first of ``given`` (kinds with moves) that the room refuses, by its place from 0, and why."""
    batch = _Batch(desk, partners)
    for place, record in enumerate(given):
        refused = batch.check(record)
        if refused is not None:
            return place, refused
    return None


class _Batch:
    """The records of one batch, judged one after the other."""

    def __init__(self, desk: Desk, partners: Collection[str]) -> None:
        self._desk, self._partners = desk, partners
        self._made: set[tuple[type, str | None]] = set()
        self._answers: dict[str, Answer] = {}

    def check(self, record: Record) -> Refused | None:
        """Why the room refuses ``record``, or None."""
        for kind, check in _CHECKS.items():
            if isinstance(record, kind):
                return check(self, record)
        return None

    # --- what one asks -------------------------------------------------------------------------------

    def _request(self, new: Request) -> Refused | None:
        if new.version > 1:
            return self._withdrawal(new, Request, "request")
        if new.to not in self._partners:
            return Refused(code="request.to", expected="a partner of this node", came="another", status=422)
        refused = rules.check_request(
            self._desk.hq, new.to, self._desk.clock.now(), new.acknowledge_by, new.answer_by
        )
        return refused or _fresh(new, "request") or check_references(self._desk, new.incident)

    def _task(self, new: Task) -> Refused | None:
        if new.version > 1:
            return self._withdrawal(new, Task, "task")
        return _fresh(new, "task") or check_references(self._desk, new.incident, new.request)

    def _withdrawal(self, new: A, kind: type[A], what: str) -> Refused | None:
        """Withdrawing is all that a later version may do, beside translating."""
        old = own_whole(self._desk, look(self._desk.views, new.id, kind), what)
        if isinstance(old, Refused):
            return old
        if any(_said(getattr(old, f)) != _said(getattr(new, f)) for f in _fixed(kind)):
            return Refused(
                code=f"{what}.fixed",
                expected=f"a version that withdraws the {what} or translates it",
                came="one that changes it",
            )
        if new.withdrawn == old.withdrawn:
            return None
        view = self._view(new.id)
        return unknown(what) if view is None else self._allowed(view, Move.WITHDRAW)

    # --- what one does about it ----------------------------------------------------------------------

    def _read(self, new: Read) -> Refused | None:
        return self._move(new, new.about, Move.READ)

    def _acknowledgement(self, new: Acknowledgement) -> Refused | None:
        return self._move(new, new.about, Move.ACKNOWLEDGE)

    def _answer(self, new: Answer) -> Refused | None:
        if refused := self._move(new, new.request, Move.ANSWER):
            return refused
        view = request_view(self._desk, new.request or "")
        if view is None:
            return unknown("request")
        begun = any(c.record.state in ("under way", "done") for c in view.commitments)
        items = view.seen.record.items
        refused = rules.check_answer(new.outcome, new.reason is not None, new.offers, items, begun)
        if refused := refused or _in_force(new, view.answers):
            return refused
        self._answers[new.request or ""] = new
        return None

    def _commitment(self, new: Commitment) -> Refused | None:
        """Made and changed with its answer, in the same batch; reported on by itself."""
        view = request_view(self._desk, new.request or "")
        if view is None:
            return unknown("request")
        answer = self._answers.get(new.request or "")
        if answer is not None and new.answer == answer.id and answer.outcome != "declined":
            return None
        if new.version == 1:
            return Refused(
                code="commitment.answer", expected="its answer before it in the same batch", came="none"
            )
        return self._progress(new, view)

    def _progress(self, new: Commitment, view: RequestView) -> Refused | None:
        old = own_whole(self._desk, look(self._desk.views, new.id, Commitment), "commitment")
        if isinstance(old, Refused):
            return old
        if (old.request, old.answer) != (new.request, new.answer):
            return Refused(code="commitment.fixed", expected="the same request and answer", came="others")
        if refused := self._once(new, new.id) or self._allowed(view, Move.PROGRESS):
            return refused
        return rules.check_progress(old.state, new.state, old.quantity_done, new.quantity_done)

    def _report(self, new: TaskReport) -> Refused | None:
        view = task_view(self._desk, new.task or "")
        if view is None:
            return unknown("task")
        if refused := self._once(new, new.task):
            return refused
        newest = max(view.reports, key=lambda s: (s.record.at, s.record.version), default=None)
        before = newest.record if newest is not None else None
        if new.version > 1 and before is not None and before.outcome == new.outcome:
            refused = self._allowed(view, Move.PROGRESS)
            return refused or rules.check_progress(before.progress, new.progress, 0, 0)
        if new.progress != "planned":
            return Refused(code="task.unanswered", expected="an answer before progress", came="progress")
        refused = rules.check_task_answer(
            new.outcome, new.reason is not None, before.progress if before else None
        )
        return self._allowed(view, Move.ANSWER) or refused

    # --- inside --------------------------------------------------------------------------------------

    def _move(self, new: Record, about: str | None, move: Move) -> Refused | None:
        view = self._view(about or "")
        if view is None:
            return unknown("request")
        return self._once(new, about) or self._allowed(view, move)

    def _view(self, record_id: str) -> RequestView | TaskView | None:
        return request_view(self._desk, record_id) or task_view(self._desk, record_id)

    def _allowed(self, view: RequestView | TaskView, move: Move) -> Refused | None:
        original = view.seen.record
        what = "request" if isinstance(original, Request) else "task"
        sides = states.side_of(self._desk.hq, original.owner, original.to)
        return states.refuse_move(move, view.state, sides, what)

    def _once(self, new: Record, about: str | None) -> Refused | None:
        key = (type(new), about)
        if key in self._made:
            return _TWICE
        self._made.add(key)
        return None


def _fresh(new: Request | Task, what: str) -> Refused | None:
    """Nothing is asked and withdrawn in one."""
    if not new.withdrawn:
        return None
    return Refused(code=f"{what}.withdrawn", expected=f"a new {what} not yet withdrawn", came="one that is")


def _in_force(new: Answer, answers: Sequence[Any]) -> Refused | None:
    """One answer is in force at a time: it is amended; only after a "declined" does another begin."""
    current = max(answers, key=lambda seen: (seen.record.at, seen.record.version), default=None)
    in_force = None if current is None or current.record.outcome == "declined" else current.record.id
    if (new.version == 1 and in_force is None) or (new.version > 1 and in_force == new.id):
        return None
    return Refused(
        code="answer.in_force", expected="a version of the answer in force, or the first", came="another"
    )


def _fixed(kind: type[Record]) -> list[str]:
    return [name for name in kind.__struct_fields__ if name not in _FREE]


def _said(value: object) -> object:
    """``value`` without its translations, which may be added to at any time."""
    return msgspec.structs.replace(value, translations=()) if isinstance(value, Text) else value


_CHECKS: Mapping[type[Record], Callable[[_Batch, Any], Refused | None]] = {
    Request: _Batch._request,
    Task: _Batch._task,
    Read: _Batch._read,
    Acknowledgement: _Batch._acknowledgement,
    Answer: _Batch._answer,
    Commitment: _Batch._commitment,
    TaskReport: _Batch._report,
}
