"""Requests and tasks with where they stand, boards of them, and an incident with all that hangs on it.

``standing`` gathers the facts, ``states`` says what they amount to; here both meet the records.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from renkei.kernel.desk import Desk
from renkei.kernel.labels.model import Label
from renkei.kernel.labels.release import single_label
from renkei.kernel.people import Permission
from renkei.kernel.records import Record, Text
from renkei.kernel.seen import Seen, look, look_all, see
from renkei.kernel.views.base import View

from . import states
from .records import (
    Acknowledgement,
    Answer,
    Commitment,
    Decision,
    Incident,
    Item,
    LogEntry,
    Priority,
    Request,
    Task,
    TaskReport,
)
from .rules import Sum, fulfilled
from .standing import CoordinationView, Delivered, Standing, delivered, gather, hear, moment
from .states import Delivery, Move, Overdue, Side, State

MAX_BOARD = 5_000
"""Requests or tasks on one board: more than a headquarters keeps open at once."""
MAX_RELATED = 1_000
"""Records of one kind shown with an incident; the watch log of a long one is read by its own list."""

R = TypeVar("R", bound=Record)
VIEWS: tuple[View, ...] = (CoordinationView(),)

# --- What a reader gets --------------------------------------------------------------------------------


class RequestView(msgspec.Struct, frozen=True, kw_only=True):
    """A request, where it stands, whose move it is, and what the reader may do now.

    ``holder`` is a headquarters.  The replies are filled in for a single request, newest first, and
    left out on a board.
    """

    seen: Seen[Request]
    state: State
    overdue: Overdue | None
    holder: str
    delivery: Delivery
    read_at: datetime | None
    fulfilled: tuple[Sum, ...]
    moves: tuple[Move, ...]
    acknowledgement: Seen[Acknowledgement] | None = None
    answers: tuple[Seen[Answer], ...] = ()
    commitments: tuple[Seen[Commitment], ...] = ()

    @property
    def short(self) -> bool:
        """Whether it is done with less than was promised of something."""
        return self.state is State.DONE and any(s.done < s.offered for s in self.fulfilled)


class RequestRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A request as one line of a long board: what a card shows, a tenth of a ``RequestView``'s cost.

    ``label`` is a key of the board's ``labels``; ``title`` the title, or the need where there is none;
    ``fulfilled`` is empty until something is promised; ``cut`` portions are missing.
    """

    id: str
    to: str
    label: int
    state: State
    holder: str
    asked_at: datetime
    acknowledge_by: datetime
    answer_by: datetime
    at: datetime
    priority: Priority = "routine"
    overdue: Overdue | None = None
    title: Text | None = None
    review_at: datetime | None = None
    incident: str | None = None
    moves: tuple[Move, ...] = ()
    fulfilled: tuple[Sum, ...] = ()
    source: str = ""
    cut: int = 0
    function: str = ""


class RequestRows(msgspec.Struct, frozen=True):
    """Rows, newest first, and the labels they stand under."""

    items: list[RequestRow]
    labels: dict[int, Label]


class TaskView(msgspec.Struct, frozen=True, kw_only=True):
    """A task, where it stands, whose move it is, and what the reader may do now."""

    seen: Seen[Task]
    state: State
    overdue: Overdue | None
    holder: str
    delivery: Delivery
    read_at: datetime | None
    moves: tuple[Move, ...]
    acknowledgement: Seen[Acknowledgement] | None = None
    reports: tuple[Seen[TaskReport], ...] = ()


class IncidentView(msgspec.Struct, frozen=True, kw_only=True):
    """An incident with all that refers to it, as far as the reader may see it, newest first."""

    seen: Seen[Incident]
    requests: tuple[RequestView, ...]
    tasks: tuple[TaskView, ...]
    log: tuple[Seen[LogEntry], ...]
    decisions: tuple[Seen[Decision], ...]


def never_left(record_ids: Sequence[str], partner: str) -> dict[str, Delivery]:
    """What is known of delivery where no node tells: nothing has left."""
    return dict.fromkeys(record_ids, "unsent")


def request_view(desk: Desk, record_id: str, delivery: Delivered = never_left) -> RequestView | None:
    """One request with its replies; None if there is none that this person may see."""
    views = _requests(desk, "id = ?", (record_id,), 1, delivery, replies=True)
    return views[0] if views else None


def request_board(
    desk: Desk, delivery: Delivered = never_left, state: State | None = None, limit: int = MAX_BOARD
) -> list[RequestView]:
    """Requests of both sides, newest first, without their replies; ``state`` keeps only those in it."""
    views = _requests(desk, "kind = 'request'", (), min(limit, MAX_BOARD), delivery, replies=False)
    return [v for v in views if state is None or v.state is state]


def request_rows(
    desk: Desk, delivery: Delivered = never_left, of: Sequence[str] | None = None
) -> RequestRows:
    """All requests of both sides in brief, newest first; with ``of`` those that these records are or concern.

    ``of`` holds ids as the live stream names them: of requests, and of answers, commitments and the like.
    """
    only = "" if of is None else _CONCERNED
    found = desk.views.rows(_BOARD.replace("{only}", only), {"of": _json(of or ()), "n": MAX_BOARD})
    gathered = {id_: Standing(asker, answerer, bool(gone)) for id_, asker, answerer, gone, *_ in found}
    hear(desk, gathered)
    now, allowed = desk.clock.now(), _Allowed(desk, "request")
    arrived = delivered(desk, gathered, delivery)
    rows = [
        _row(now, allowed, arrived[head.id], gathered[head.id], (label, source, head, cut))
        for label, source, head, cut in _heads(desk, [(row[0], *row[4:]) for row in found])
    ]
    return RequestRows(rows, {number: desk.views.label_of(number) for number in {r.label for r in rows}})


_BOARD = """
SELECT a.id, a.asker, a.answerer, a.withdrawn, a.label, r.source, r.raw
FROM coordination_asked a CROSS JOIN records r ON r.row = a.row
WHERE {visible:a} AND a.kind = 'request' {only} ORDER BY a.asked_at DESC, a.row DESC LIMIT :n
"""
_CONCERNED = """
AND a.id IN (SELECT value FROM json_each(:of)
             UNION SELECT about FROM coordination_said WHERE id IN (SELECT value FROM json_each(:of)))
"""


def _json(ids: Sequence[str]) -> str:
    return msgspec.json.encode(list(ids)).decode()


class _Head(msgspec.Struct, gc=False):
    """What of a request's bytes a row needs, and no more: decoding all of it would take most of the time."""

    id: str
    to: str
    at: datetime
    asked_at: datetime
    acknowledge_by: datetime
    answer_by: datetime
    priority: Priority = "routine"
    title: Text | None = None
    need: Text | None = None
    items: tuple[Item, ...] = ()
    incident: str | None = None
    function: str = ""


_decode_head = msgspec.json.Decoder(_Head).decode


def _heads(desk: Desk, found: Sequence[tuple[str, int, str, bytes]]) -> Iterator[tuple[int, str, _Head, int]]:
    """Label row, source, head and portions cut of each request, in the order of ``found``."""
    parted = [id_ for id_, _, _, raw in found if not single_label(raw)]
    seen = {one.record.id: one for one in look_all(desk.views, parted, Request)}
    for id_, label, source, raw in found:
        if single_label(raw):
            yield label, source, _decode_head(raw), 0
        elif one := seen.get(id_):
            yield label, source, _decode_head(msgspec.json.encode(one.record)), one.cut


def _row(
    now: datetime,
    allowed: "_Allowed",
    arrived: Delivery,
    standing: Standing,
    found: tuple[int, str, _Head, int],
) -> RequestRow:
    label, source, head, cut = found
    state = states.state_of(standing.facts(arrived))
    answer = states.answer_in_force(standing.answers)
    review = answer.review_at if answer else None
    limits: dict[Overdue, datetime | None] = {
        "acknowledge": head.acknowledge_by,
        "answer": head.answer_by,
        "review": review,
    }
    return RequestRow(
        id=head.id,
        to=head.to,
        label=label,
        state=state,
        overdue=states.overdue(state, now, limits),
        holder=_holder(state, standing),
        priority=head.priority,
        title=head.title or head.need,
        at=head.at,
        asked_at=head.asked_at,
        acknowledge_by=head.acknowledge_by,
        answer_by=head.answer_by,
        review_at=review,
        incident=head.incident,
        moves=allowed.moves(state, standing),
        fulfilled=fulfilled(head.items, standing.promises) if standing.promises else (),
        source=source,
        cut=cut,
        function=head.function,
    )


def task_view(desk: Desk, record_id: str, delivery: Delivered = never_left) -> TaskView | None:
    """One task with its reports; None if there is none that this person may see."""
    views = _tasks(desk, "id = ?", (record_id,), 1, delivery, replies=True)
    return views[0] if views else None


def task_board(
    desk: Desk, delivery: Delivered = never_left, state: State | None = None, limit: int = MAX_BOARD
) -> list[TaskView]:
    """Tasks of both sides, newest first, without their reports."""
    views = _tasks(desk, "kind = 'task'", (), min(limit, MAX_BOARD), delivery, replies=False)
    return [v for v in views if state is None or v.state is state]


def incident_view(desk: Desk, record_id: str, delivery: Delivered = never_left) -> IncidentView | None:
    """One incident with its requests, tasks, log and decisions; None if this person may not see it."""
    seen = look(desk.views, record_id, Incident)
    if seen is None:
        return None
    inside = (
        "id IN (SELECT r.id FROM refs JOIN records r ON r.row = refs.row "
        "WHERE refs.target = ? AND refs.field = 'incident' AND r.kind = ?)"
    )
    return IncidentView(
        seen=seen,
        requests=tuple(_requests(desk, inside, (record_id, "request"), MAX_RELATED, delivery, replies=False)),
        tasks=tuple(_tasks(desk, inside, (record_id, "task"), MAX_RELATED, delivery, replies=False)),
        log=_related(desk, record_id, LogEntry),
        decisions=_related(desk, record_id, Decision),
    )


def _related(desk: Desk, record_id: str, kind: type[R]) -> tuple[Seen[R], ...]:
    rows = desk.views.referring(record_id, str(kind.__struct_config__.tag), MAX_RELATED)
    return tuple(sorted(see(desk.views, rows, kind), key=_newest_first))


def _newest_first(seen: Seen[Record]) -> tuple[float, str]:
    record = seen.record
    when = record.happened_at if isinstance(record, LogEntry) else record.at
    return -when.timestamp(), record.id


_NEEDS = {
    "request": {Move.WITHDRAW: Permission.REQUEST_SEND},
    "task": dict.fromkeys(Move, Permission.TASK_WRITE),
}


class _Allowed:
    """What this person may do about requests (or tasks), worked out once for each state and side."""

    def __init__(self, desk: Desk, what: str) -> None:
        self._hq = desk.hq
        needs = _NEEDS[what]
        self._held = [m for m in Move if desk.person.may(needs.get(m, Permission.REQUEST_ANSWER))]
        self._known: dict[tuple[State, bool, bool, bool], tuple[Move, ...]] = {}

    def moves(self, state: State, standing: Standing) -> tuple[Move, ...]:
        """What the table allows this side, the roles permit, and there is something to do about."""
        work = any(p.state in ("planned", "under way") for p in standing.promises)
        key = (state, self._hq == standing.asker, self._hq == standing.answerer, work)
        if key not in self._known:
            sides = states.side_of(self._hq, standing.asker, standing.answerer)
            allowed = states.moves(state, sides) - (frozenset() if work else {Move.PROGRESS})
            self._known[key] = tuple(m for m in self._held if m in allowed)
        return self._known[key]


def _holder(state: State, standing: Standing) -> str:
    return standing.asker if states.HOLDER[state] is Side.ASKER else standing.answerer


def _requests(
    desk: Desk,
    where: str,
    values: tuple[object, ...],
    limit: int,
    delivery: Delivered,
    *,
    replies: bool,
) -> list[RequestView]:
    now, allowed = desk.clock.now(), _Allowed(desk, "request")
    views = []
    gathered = gather(desk, where, values, limit)
    arrived = delivered(desk, gathered, delivery)
    for seen in look_all(desk.views, gathered, Request):
        request, standing = seen.record, gathered[seen.record.id]
        state = states.state_of(standing.facts(arrived[request.id]))
        answer = states.answer_in_force(standing.answers)
        limits: dict[Overdue, datetime | None] = {
            "acknowledge": request.acknowledge_by,
            "answer": request.answer_by,
            "review": answer.review_at if answer else None,
        }
        views.append(
            RequestView(
                seen=seen,
                state=state,
                overdue=states.overdue(state, now, limits),
                holder=_holder(state, standing),
                delivery=arrived[request.id],
                read_at=None if standing.read_at is None else moment(standing.read_at),
                fulfilled=fulfilled(request.items, standing.promises),
                moves=allowed.moves(state, standing),
                acknowledgement=_first(desk, standing) if replies else None,
                answers=_said(desk, standing, "answer", Answer) if replies else (),
                commitments=_said(desk, standing, "commitment", Commitment) if replies else (),
            )
        )
    return views


def _tasks(
    desk: Desk,
    where: str,
    values: tuple[object, ...],
    limit: int,
    delivery: Delivered,
    *,
    replies: bool,
) -> list[TaskView]:
    now, allowed = desk.clock.now(), _Allowed(desk, "task")
    views = []
    gathered = gather(desk, where, values, limit)
    arrived = delivered(desk, gathered, delivery)
    for seen in look_all(desk.views, gathered, Task):
        task, standing = seen.record, gathered[seen.record.id]
        state = states.state_of(standing.facts(arrived[task.id]))
        views.append(
            TaskView(
                seen=seen,
                state=state,
                overdue=states.overdue(state, now, {"due": task.due}),
                holder=_holder(state, standing),
                delivery=arrived[task.id],
                read_at=None if standing.read_at is None else moment(standing.read_at),
                moves=allowed.moves(state, standing),
                acknowledgement=_first(desk, standing) if replies else None,
                reports=_said(desk, standing, "task-report", TaskReport) if replies else (),
            )
        )
    return views


def _said(desk: Desk, standing: Standing, name: str, kind: type[R]) -> tuple[Seen[R], ...]:
    """What the answerer said of that kind, newest first."""
    ids = [id_ for said, id_ in standing.said if said == name]
    return tuple(sorted(look_all(desk.views, ids, kind), key=_newest_first))


def _first(desk: Desk, standing: Standing) -> Seen[Acknowledgement] | None:
    said = _said(desk, standing, "acknowledgement", Acknowledgement)
    return said[-1] if said else None
