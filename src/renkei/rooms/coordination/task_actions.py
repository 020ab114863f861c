"""What a person does about tasks; ``actions`` tells how the room's actions work."""

from typing import Any

from renkei.kernel.desk import Desk
from renkei.kernel.drafting import check_references, one, own_whole, revise, text_of, texts_of, unknown
from renkei.kernel.errors import Refused
from renkei.kernel.people import Permission

from . import rules, states
from .inputs import AcknowledgeIn, ProgressIn, ReasonIn, TaskAnswerIn, TaskIn
from .making import acknowledge, answer_id, make, note_of, reply, same, withdraw
from .records import Acknowledgement, Read, Task, TaskReport
from .states import Move
from .views import TaskView, task_view


def set_task(desk: Desk, given: TaskIn) -> Task | Refused:
    """Give a task to one's own people, or propose it to another headquarters."""
    if refused := desk.person.refuse(Permission.TASK_WRITE):
        return refused
    if refused := check_references(desk, given.incident, given.request):
        return refused
    texts = texts_of(desk, title=given.title, detail=given.detail)
    if isinstance(texts, Refused):
        return texts
    now = desk.clock.now()
    extra = same(given, "to", "assignee", "due", "incident", "request")
    return make(desk, Task, given.label, now, {**texts, **extra, "set_at": now})


def withdraw_task(desk: Desk, task: str, given: ReasonIn) -> Task | Refused:
    """Take an own task back."""
    view = _may(desk, task, Move.WITHDRAW)
    if isinstance(view, Refused):
        return view
    return withdraw(desk, view.seen, "task", given)


def read_task(desk: Desk, task: str) -> Read | Refused:
    """Mark that a person opened the task."""
    view = _may(desk, task, Move.READ)
    return view if isinstance(view, Refused) else reply(desk, Read, view.seen.record, None, {"about": task})


def acknowledge_task(desk: Desk, task: str, given: AcknowledgeIn) -> Acknowledgement | Refused:
    """Take the task in hand, to be answered."""
    view = _may(desk, task, Move.ACKNOWLEDGE)
    return view if isinstance(view, Refused) else acknowledge(desk, view.seen.record, given)


def answer_task(desk: Desk, task: str, given: TaskAnswerIn) -> TaskReport | Refused:
    """Accept the task, accept it in part, or decline it with a reason."""
    view = _may(desk, task, Move.ANSWER)
    report = view if isinstance(view, Refused) else _own_report(desk, view)
    if isinstance(view, Refused) or isinstance(report, Refused):
        return view if isinstance(view, Refused) else report  # type: ignore[return-value]
    before = report.progress if report else None
    if refused := rules.check_task_answer(given.outcome, given.reason is not None, before):
        return refused
    reason = text_of(desk, given.reason)
    if isinstance(reason, Refused):
        return reason
    fields: dict[str, Any] = {"outcome": given.outcome, "reason": reason, "progress": "planned"}
    if report is not None and before == "planned":
        return one(desk, revise(desk, report, desk.clock.now(), **fields))
    original = view.seen.record
    label = given.label or original.label
    fields |= {"id": answer_id(desk.hq, original, len(view.reports), label), "task": task}
    return reply(desk, TaskReport, view.seen.record, given.label, fields)


def progress_task(desk: Desk, task: str, given: ProgressIn) -> TaskReport | Refused:
    """Say how far an accepted task has got."""
    view = _may(desk, task, Move.PROGRESS)
    if isinstance(view, Refused):
        return view
    report = _own_report(desk, view)
    if report is None:
        return Refused(code="task.unanswered", expected="a task that was answered", came="none")
    if isinstance(report, Refused):
        return report
    if refused := rules.check_progress(report.progress, given.state, 0, 0):
        return refused
    note = note_of(desk, given.note, report.note)
    if isinstance(note, Refused):
        return note
    return one(desk, revise(desk, report, desk.clock.now(), progress=given.state, note=note))


def _own_report(desk: Desk, view: TaskView) -> TaskReport | Refused | None:
    newest = max(view.reports, key=lambda seen: (seen.record.at, seen.record.version), default=None)
    return None if newest is None else own_whole(desk, newest, "task-report")


def _may(desk: Desk, task: str, move: Move) -> TaskView | Refused:
    """The task, if this person and this side may make ``move`` in the state it is in."""
    if refused := desk.person.refuse(Permission.TASK_WRITE):
        return refused
    view = task_view(desk, task)
    if view is None:
        return unknown("task")
    sides = states.side_of(desk.hq, view.seen.record.owner, view.seen.record.to)
    return states.refuse_move(move, view.state, sides, "task") or view
