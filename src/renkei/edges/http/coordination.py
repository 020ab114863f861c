"""Incidents, requests, commitments, tasks, the watch log and decisions.

Each write runs one action of the room at the caller's desk and answers when the views have folded what it
appended, so whoever reads next sees it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from ...kernel.desk import Desk
from ...kernel.errors import Refused
from ...kernel.labels.model import Label
from ...kernel.people import Person
from ...kernel.records import Record
from ...rooms import coordination as room
from .answers import MarkingOut, RecordPage, RecordView, Shower
from .context import Before, Caller, Edge, HttpEdge, Limit, key_path
from .past import NOW_ONLY
from .problems import NOT_FOUND, refuse
from .records import page_of
from .schema import problems

In = TypeVar("In")
State = Literal[
    "unsent",
    "sent",
    "received",
    "read",
    "acknowledged",
    "accepted",
    "partly accepted",
    "declined",
    "under way",
    "done",
    "withdrawn",
]


MAX_OF = 200
"""Records whose rows are asked for at once; beyond it the whole board is the shorter way."""
Of = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=100)]] | None,
    QueryParameter(max_items=MAX_OF, description="Ids of records, as the live stream names them"),
]
Wanted = Annotated[State | None, QueryParameter(name="state", description="Only those in this state")]


class DeliveryOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How far it has got, and since when.

    ``receivedAt`` of what this side sent is when the partner signed the newest receipt that covers it: it
    arrived then or before.  ``sentAt`` is when it was put into the partner's log, once it has left.
    """

    state: Literal["unsent", "sent", "received"]
    logged_at: datetime
    sent_at: datetime | None = None
    received_at: datetime | None = None
    read_at: datetime | None = None


class CommitmentView(msgspec.Struct, frozen=True):
    """A commitment, and what the caller may do about it now."""

    commitment: RecordView
    actions: list[str]


class RequestOut(msgspec.Struct, frozen=True, kw_only=True):
    """A request, where it stands, whose move it is, and what the caller may do now."""

    request: RecordView
    state: State
    overdue: Literal["acknowledge", "answer", "review"] | None
    holder: str
    delivery: DeliveryOut
    acknowledgement: RecordView | None
    answers: list[RecordView]
    commitments: list[CommitmentView]
    fulfilled: list[room.Sum]
    actions: list[str]


class TaskOut(msgspec.Struct, frozen=True, kw_only=True):
    """A task, where it stands, and what the caller may do now."""

    task: RecordView
    state: State
    overdue: bool
    holder: str
    delivery: DeliveryOut
    acknowledgement: RecordView | None
    report: RecordView | None
    actions: list[str]


class IncidentOut(msgspec.Struct, frozen=True, kw_only=True):
    """An incident with everything that refers to it, as far as the caller may see."""

    incident: RecordView
    requests: list[RequestOut]
    log: list[RecordView]
    tasks: list[TaskOut]
    decisions: list[RecordView]


class RequestBoard(msgspec.Struct, frozen=True):
    """Requests of both sides, newest first."""

    items: list[RequestOut]


class TaskBoard(msgspec.Struct, frozen=True):
    """Tasks of both sides, newest first."""

    items: list[TaskOut]


class LabelMarked(msgspec.Struct, frozen=True):
    """A label and how the policy marks it."""

    label: Label
    marking: MarkingOut


class RowsOut(msgspec.Struct, frozen=True):
    """Requests in brief, newest first; a row's ``label`` is a key of ``labels``."""

    items: list[room.RequestRow]
    labels: dict[str, LabelMarked]


class OpenWorkOut(msgspec.Struct, frozen=True):
    """What a hand-over sheet would say now: the open items, how many more there are, significant events."""

    since: datetime
    items: tuple[room.OpenItem, ...]
    more: int
    significant: list[RecordView]


# --- Showing -------------------------------------------------------------------------------------------


class Board:
    """Turns the room's views into answers for one desk."""

    def __init__(self, edge: HttpEdge, desk: Desk) -> None:
        self._edge, self._desk = edge, desk
        self._shower = Shower(edge.node, desk.views, desk.clock.now())

    def request(self, view: room.RequestView) -> RequestOut:
        """One request."""
        actions = [str(move) for move in view.moves]
        progress = [move for move in actions if move == "progress"]
        return RequestOut(
            request=self._shower.seen(view.seen),
            state=view.state.value,
            overdue=view.overdue if view.overdue != "due" else None,
            holder=view.holder,
            delivery=self._delivery(view),
            acknowledgement=self._shower.maybe(view.acknowledgement),
            answers=self._shower.all(view.answers),
            commitments=[CommitmentView(self._shower.seen(c), progress) for c in view.commitments],
            fulfilled=list(view.fulfilled),
            actions=actions,
        )

    def task(self, view: room.TaskView) -> TaskOut:
        """One task."""
        return TaskOut(
            task=self._shower.seen(view.seen),
            state=view.state.value,
            overdue=view.overdue is not None,
            holder=view.holder,
            delivery=self._delivery(view),
            acknowledgement=self._shower.maybe(view.acknowledgement),
            report=self._shower.maybe(view.reports[0] if view.reports else None),
            actions=[str(move) for move in view.moves],
        )

    def incident(self, view: room.IncidentView) -> IncidentOut:
        """One incident."""
        return IncidentOut(
            incident=self._shower.seen(view.seen),
            requests=[self.request(r) for r in view.requests],
            log=self._shower.all(view.log),
            tasks=[self.task(t) for t in view.tasks],
            decisions=self._shower.all(view.decisions),
        )

    def _delivery(self, view: room.RequestView | room.TaskView) -> DeliveryOut:
        row, record = view.seen.row, view.seen.record
        if row.source:
            return DeliveryOut(
                state="received", logged_at=row.at, received_at=row.logged_at, read_at=view.read_at
            )
        sent_at, received_at = self._edge.delivery_times(record.id, record.to, view.delivery)
        return DeliveryOut(
            state=view.delivery,
            logged_at=row.logged_at,
            sent_at=sent_at,
            received_at=received_at,
            read_at=view.read_at,
        )


def _request(edge: HttpEdge, desk: Desk, record_id: str) -> RequestOut:
    view = room.request_view(desk, record_id, edge.delivery)
    if view is None:
        raise refuse(NOT_FOUND)
    return Board(edge, desk).request(view)


def _task(edge: HttpEdge, desk: Desk, record_id: str) -> TaskOut:
    view = room.task_view(desk, record_id, edge.delivery)
    if view is None:
        raise refuse(NOT_FOUND)
    return Board(edge, desk).task(view)


async def _act_on_request(
    edge: HttpEdge, person: Person, action: Callable[..., Any], record_id: str, *given: Any
) -> RequestOut:
    await edge.act(person, action, record_id, *given)
    return await edge.at_desk(person, lambda desk: _request(edge, desk, record_id))


async def _act_on_task(
    edge: HttpEdge, person: Person, action: Callable[..., Any], record_id: str, *given: Any
) -> TaskOut:
    await edge.act(person, action, record_id, *given)
    return await edge.at_desk(person, lambda desk: _task(edge, desk, record_id))


async def _made(edge: HttpEdge, person: Person, action: Callable[..., Any], *given: Any) -> RecordView:
    """The record that an action made, as its maker sees it."""
    made: Record = await edge.act(person, action, *given)
    return await edge.at_desk(person, lambda desk: edge.one(desk, made.id))


# --- Incidents -----------------------------------------------------------------------------------------

_TAG = ["coordination"]
_WRITE = problems(409, 413, 415, 422, 503)
_READ = problems()


@get("/incidents", tags=_TAG, summary="Incidents", responses=_READ)
async def list_incidents(edge: Edge, person: Caller, limit: Limit = 200, before: Before = None) -> RecordPage:
    """Newest first, own and partners'."""
    return await page_of(edge, person, "incident", limit, before)


@post("/incidents", tags=_TAG, summary="Open an incident", responses=_WRITE)
async def open_incident(edge: Edge, person: Caller, data: JSONBody[room.IncidentIn]) -> RecordView:
    """With the hazards it is about."""
    return await _made(edge, person, room.open_incident, data)


@get(key_path("/incidents"), tags=_TAG, summary="An incident", responses=_READ)
async def get_incident(edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str]) -> IncidentOut:
    """With everything that refers to it."""

    def read(desk: Desk) -> IncidentOut:
        view = room.incident_view(desk, f"{owner}/{key}", edge.delivery)
        if view is None:
            raise refuse(NOT_FOUND)
        return Board(edge, desk).incident(view)

    return await edge.at_desk(person, read)


@post(key_path("/incidents", "/close"), tags=_TAG, summary="Close an own incident", responses=_WRITE)
async def close_incident(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[room.ReasonIn]
) -> RecordView:
    """With a reason; it can be opened again."""
    return await _made(edge, person, room.close_incident, f"{owner}/{key}", data)


@post(key_path("/incidents", "/reopen"), tags=_TAG, summary="Open an own incident again", responses=_WRITE)
async def reopen_incident(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[room.ReasonIn]
) -> RecordView:
    """With a reason."""
    return await _made(edge, person, room.reopen_incident, f"{owner}/{key}", data)


# --- Requests ------------------------------------------------------------------------------------------


@get("/requests", tags=_TAG, summary="Requests", responses=_READ)
async def list_requests(edge: Edge, person: Caller, wanted: Wanted = None) -> RequestBoard:
    """Of both sides, newest first."""

    def read(desk: Desk) -> RequestBoard:
        board = Board(edge, desk)
        state = None if wanted is None else room.State(wanted)
        return RequestBoard([board.request(v) for v in room.request_board(desk, edge.delivery, state)])

    return await edge.at_desk(person, read)


@get("/requests/rows", tags=_TAG, summary="Requests in brief", responses=_READ)
async def list_request_rows(edge: Edge, person: Caller, of: Of = None) -> RowsOut:
    """All of both sides, for long boards; with ``of`` those that the records of these ids are or concern."""

    def read(desk: Desk) -> RowsOut:
        rows = room.request_rows(desk, edge.delivery, of)
        shower = Shower(edge.node, desk.views, desk.clock.now())
        marked = {
            str(number): LabelMarked(label, shower.marking(label)) for number, label in rows.labels.items()
        }
        return RowsOut(rows.items, marked)

    return await edge.at_desk(person, read)


@post("/requests", tags=_TAG, summary="Ask another headquarters", responses=_WRITE)
async def send_request(edge: Edge, person: Caller, data: JSONBody[room.RequestIn]) -> RequestOut:
    """It leaves when the label allows and the link carries."""
    if data.to is None:
        to = await edge.at_desk(person, lambda desk: room.addressee(desk, data.function))
        if isinstance(to, Refused):
            raise refuse(to)
        data = msgspec.structs.replace(data, to=to)
    if data.to not in edge.node.in_force():
        raise refuse(
            Refused(code="request.to", expected="a partner of this node in force", came="another", status=422)
        )
    made: Record = await edge.act(person, room.send_request, data)
    return await edge.at_desk(person, lambda desk: _request(edge, desk, made.id))


@get(key_path("/requests"), tags=_TAG, summary="A request", responses=_READ)
async def get_request(edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str]) -> RequestOut:
    """With acknowledgement, answers and commitments."""
    return await edge.at_desk(person, lambda desk: _request(edge, desk, f"{owner}/{key}"))


@post(key_path("/requests", "/read"), tags=_TAG, summary="Mark as read", responses=_WRITE)
async def read_request(edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str]) -> RequestOut:
    """A person opened the partner's request."""
    return await _act_on_request(edge, person, room.read_request, f"{owner}/{key}")


@post(key_path("/requests", "/acknowledge"), tags=_TAG, summary="Take in hand", responses=_WRITE)
async def acknowledge_request(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[room.AcknowledgeIn]
) -> RequestOut:
    """The partner's request, to be answered."""
    return await _act_on_request(edge, person, room.acknowledge_request, f"{owner}/{key}", data)


@post(key_path("/requests", "/answer"), tags=_TAG, summary="Answer", responses=_WRITE)
async def answer_request(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[room.AnswerIn]
) -> RequestOut:
    """In full, in part or not; a second answer amends the first."""
    return await _act_on_request(edge, person, room.answer_request, f"{owner}/{key}", data)


@post(key_path("/requests", "/withdraw"), tags=_TAG, summary="Take back an own request", responses=_WRITE)
async def withdraw_request(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[room.ReasonIn]
) -> RequestOut:
    """With a reason."""
    return await _act_on_request(edge, person, room.withdraw_request, f"{owner}/{key}", data)


@post(key_path("/commitments", "/progress"), tags=_TAG, summary="Report progress", responses=_WRITE)
async def report_progress(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[room.ProgressIn]
) -> RecordView:
    """Of an own commitment."""
    return await _made(edge, person, room.report_progress, f"{owner}/{key}", data)


# --- Tasks ---------------------------------------------------------------------------------------------


@get("/tasks", tags=_TAG, summary="Tasks", responses=_READ)
async def list_tasks(edge: Edge, person: Caller, wanted: Wanted = None) -> TaskBoard:
    """Of both sides, newest first."""

    def read(desk: Desk) -> TaskBoard:
        board = Board(edge, desk)
        state = None if wanted is None else room.State(wanted)
        return TaskBoard([board.task(v) for v in room.task_board(desk, edge.delivery, state)])

    return await edge.at_desk(person, read)


@post("/tasks", tags=_TAG, summary="Set a task", responses=_WRITE)
async def set_task(edge: Edge, person: Caller, data: JSONBody[room.TaskIn]) -> TaskOut:
    """For one's own people, or proposed to a partner."""
    made: Record = await edge.act(person, room.set_task, data)
    return await edge.at_desk(person, lambda desk: _task(edge, desk, made.id))


@get(key_path("/tasks"), tags=_TAG, summary="A task", responses=_READ)
async def get_task(edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str]) -> TaskOut:
    """With its newest report."""
    return await edge.at_desk(person, lambda desk: _task(edge, desk, f"{owner}/{key}"))


@post(key_path("/tasks", "/read"), tags=_TAG, summary="Mark as read", responses=_WRITE)
async def read_task(edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str]) -> TaskOut:
    """A person opened the task."""
    return await _act_on_task(edge, person, room.read_task, f"{owner}/{key}")


@post(key_path("/tasks", "/acknowledge"), tags=_TAG, summary="Take in hand", responses=_WRITE)
async def acknowledge_task(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[room.AcknowledgeIn]
) -> TaskOut:
    """To be answered."""
    return await _act_on_task(edge, person, room.acknowledge_task, f"{owner}/{key}", data)


@post(key_path("/tasks", "/answer"), tags=_TAG, summary="Accept or decline", responses=_WRITE)
async def answer_task(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[room.TaskAnswerIn]
) -> TaskOut:
    """Accept, accept in part, or decline with a reason."""
    return await _act_on_task(edge, person, room.answer_task, f"{owner}/{key}", data)


@post(key_path("/tasks", "/progress"), tags=_TAG, summary="Report progress", responses=_WRITE)
async def progress_task(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[room.ProgressIn]
) -> TaskOut:
    """Of an accepted task."""
    return await _act_on_task(edge, person, room.progress_task, f"{owner}/{key}", data)


@post(key_path("/tasks", "/withdraw"), tags=_TAG, summary="Take back an own task", responses=_WRITE)
async def withdraw_task(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[room.ReasonIn]
) -> TaskOut:
    """With a reason."""
    return await _act_on_task(edge, person, room.withdraw_task, f"{owner}/{key}", data)


# --- Watch log and decisions ---------------------------------------------------------------------------


@get("/log-entries", tags=_TAG, summary="The watch log", responses=_READ)
async def list_log_entries(
    edge: Edge, person: Caller, limit: Limit = 200, before: Before = None
) -> RecordPage:
    """Newest first."""
    return await page_of(edge, person, "log-entry", limit, before)


@post("/log-entries", tags=_TAG, summary="Write in the watch log", responses=_WRITE)
async def write_log_entry(edge: Edge, person: Caller, data: JSONBody[room.LogEntryIn]) -> RecordView:
    """A line; it is never changed, only corrected by another."""
    return await _made(edge, person, room.write_log_entry, data)


@get("/decisions", tags=_TAG, summary="Decisions", responses=_READ)
async def list_decisions(edge: Edge, person: Caller, limit: Limit = 200, before: Before = None) -> RecordPage:
    """Newest first."""
    return await page_of(edge, person, "decision", limit, before)


@post("/decisions", tags=_TAG, summary="Record a decision", responses=_WRITE)
async def record_decision(edge: Edge, person: Caller, data: JSONBody[room.DecisionIn]) -> RecordView:
    """What was decided, among what, by whose authority and why."""
    return await _made(edge, person, room.record_decision, data)


# --- Handing over the watch ----------------------------------------------------------------------------


@get("/handovers", tags=_TAG, summary="Hand-overs of the watch", responses=_READ)
async def list_handovers(edge: Edge, person: Caller, limit: Limit = 20, before: Before = None) -> RecordPage:
    """Newest first."""
    return await page_of(edge, person, "handover", limit, before)


@get("/handovers/draft", opt=NOW_ONLY, tags=_TAG, summary="What a hand-over would say now", responses=_READ)
async def get_open_work(edge: Edge, person: Caller) -> OpenWorkOut:
    """What is open, the most urgent first, and what was significant since the last hand-over."""

    def read(desk: Desk) -> OpenWorkOut:
        work = room.open_work(desk, edge.delivery)
        shower = Shower(edge.node, desk.views, desk.clock.now())
        return OpenWorkOut(work.since, work.items, work.more, shower.all(work.significant))

    return await edge.at_desk(person, read)


@post("/handovers", tags=_TAG, summary="Hand the watch over", responses=_WRITE)
async def hand_over(edge: Edge, person: Caller, data: JSONBody[room.HandoverIn]) -> RecordView:
    """Writes the sheet from what is open and signs it as the outgoing watch."""

    def hand_over(desk: Desk, given: room.HandoverIn) -> room.Handover | Refused:
        return room.hand_over(desk, given, edge.delivery)

    return await _made(edge, person, hand_over, data)


@post(key_path("/handovers", "/sign"), tags=_TAG, summary="Take the watch over", responses=_WRITE)
async def take_over(edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str]) -> RecordView:
    """Signs the newest sheet as the incoming watch, by another account than the outgoing one's."""
    return await _made(edge, person, room.take_over, f"{owner}/{key}")


HANDLERS = (
    list_incidents,
    open_incident,
    get_incident,
    close_incident,
    reopen_incident,
    list_requests,
    list_request_rows,
    send_request,
    get_request,
    read_request,
    acknowledge_request,
    answer_request,
    withdraw_request,
    report_progress,
    list_tasks,
    set_task,
    get_task,
    read_task,
    acknowledge_task,
    answer_task,
    progress_task,
    withdraw_task,
    list_log_entries,
    write_log_entry,
    list_decisions,
    record_decision,
    list_handovers,
    get_open_work,
    hand_over,
    take_over,
)
