"""The watch handed over: a sheet that writes itself from what is open, signed by the one and by the other.

What is open is read as the outgoing watch officer sees it, at the moment of signing.  Each item keeps the
label of what it tells of, so a reader with less clearance gets the sheet without it.  The first signature
makes the record, the second its next version; nothing else in it changes.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from renkei.kernel.desk import Desk
from renkei.kernel.drafting import label_like, one, own_whole, revise, text_of
from renkei.kernel.errors import Refused
from renkei.kernel.people import Permission
from renkei.kernel.records import Record, Text
from renkei.kernel.seen import Seen, look, see

from . import rules
from .inputs import HandoverIn
from .making import make
from .records import MAX_OPEN, MAX_REFS, Handover, Incident, LogEntry, OpenItem, Signature
from .standing import Delivered
from .states import State
from .views import RequestView, TaskView, never_left, request_board, task_board

FIRST_WATCH = timedelta(hours=12)
"""How far back the first sheet looks, when there is none before it: a usual watch."""
PAGE = 200
MAX_PAGES = 25
"""Pages of incidents or log entries read for a sheet: some five thousand, far more than a watch sees."""

R = TypeVar("R", bound=Record)
_CLOSED = frozenset({State.DECLINED, State.DONE, State.WITHDRAWN})


class OpenWork(msgspec.Struct, frozen=True):
    """What a sheet would say now.

    Each item stands under the label of what it tells of, as the own policy says it; ``more`` are those not
    written out, for want of room or of words in that policy.
    """

    since: datetime
    items: tuple[OpenItem, ...]
    more: int
    significant: tuple[Seen[LogEntry], ...]


def open_work(desk: Desk, delivery: Delivered = never_left) -> OpenWork:
    """What is open, and what was significant since the watch began, as this person sees it."""
    before = newest_handover(desk)
    since = before.record.outgoing.at if before else desk.clock.now() - FIRST_WATCH
    found = rules.most_urgent_first([*_incidents(desk), *_requests(desk, delivery), *_tasks(desk, delivery)])
    items = [item for item in (_under_own_policy(desk, i) for i in found[:MAX_OPEN]) if item is not None]
    events = tuple(seen for seen in _log_since(desk, since) if seen.record.significant)
    return OpenWork(since, tuple(items), len(found) - len(items), events[:MAX_REFS])


def newest_handover(desk: Desk) -> Seen[Handover] | None:
    """The sheet made last, of those this person may see."""
    page = desk.views.newest("handover", desk.hq, PAGE)
    return max(see(desk.views, page.rows, Handover), key=lambda s: s.record.outgoing.at, default=None)


def hand_over(desk: Desk, given: HandoverIn, delivery: Delivered = never_left) -> Handover | Refused:
    """Write the sheet as things stand and sign it as the outgoing watch."""
    if refused := desk.person.refuse(Permission.LOG_WRITE):
        return refused
    remarks = text_of(desk, given.remarks)
    if isinstance(remarks, Refused):
        return remarks
    now, work = desk.clock.now(), open_work(desk, delivery)
    sheet = given.label.canonical()
    fields = {
        "since": work.since,
        "outgoing": _signature(desk, now),
        "items": tuple(msgspec.structs.replace(i, label=None) if i.label == sheet else i for i in work.items),
        "more": work.more,
        "significant": tuple(seen.record.id for seen in work.significant),
        "remarks": remarks,
    }
    return make(desk, Handover, given.label, now, fields)


def take_over(desk: Desk, handover: str) -> Handover | Refused:
    """Sign the newest sheet as the incoming watch."""
    if refused := desk.person.refuse(Permission.LOG_WRITE):
        return refused
    found = own_whole(desk, look(desk.views, handover, Handover), "handover")
    if isinstance(found, Refused):
        return found
    newest = newest_handover(desk)
    assert newest is not None, "the one just found"
    if refused := rules.check_relief(found, desk.person.account, newest.record.id):
        return refused
    now = desk.clock.now()
    return one(desk, revise(desk, found, now, incoming=_signature(desk, now)))


def _signature(desk: Desk, now: datetime) -> Signature:
    return Signature(account=desk.person.account, post=desk.person.post, at=now)


def _under_own_policy(desk: Desk, item: OpenItem) -> OpenItem | None:
    """``item`` with its label as the own policy says it; None if it cannot."""
    assert item.label is not None, "every item is made with a label"
    label = label_like(desk, None, item.label)
    return None if isinstance(label, Refused) else msgspec.structs.replace(item, label=label.canonical())


# --- What is open ----------------------------------------------------------------------------------------


def _incidents(desk: Desk) -> Iterator[OpenItem]:
    for seen in _pages(desk, Incident):
        incident = seen.record
        if incident.status == "open":
            yield OpenItem(
                **_titled(incident, incident.title),
                what="incident",
                about=incident.id,
                state="open",
                grade=incident.severity,
                holder=incident.owner,
            )


def _requests(desk: Desk, delivery: Delivered) -> Iterator[OpenItem]:
    for view in request_board(desk, delivery):
        if view.state not in _CLOSED:
            request = view.seen.record
            yield OpenItem(
                **_titled(request, request.title),
                what="request",
                grade=request.priority,
                due=_due(view),
                **_standing(view),
            )


def _tasks(desk: Desk, delivery: Delivered) -> Iterator[OpenItem]:
    for view in task_board(desk, delivery):
        if view.state not in _CLOSED:
            task = view.seen.record
            yield OpenItem(**_titled(task, task.title), what="task", due=task.due, **_standing(view))


def _titled(record: Record, title: Text | None) -> dict[str, Any]:
    """Title and label of an item: the title's own label where it has one."""
    label = title.label if title is not None and title.label is not None else record.label
    return {"label": label, "title": None if title is None else msgspec.structs.replace(title, label=None)}


def _standing(view: RequestView | TaskView) -> dict[str, Any]:
    return {
        "about": view.seen.record.id,
        "state": view.state.value,
        "holder": view.holder,
        "overdue": view.overdue is not None,
    }


def _due(view: RequestView) -> datetime | None:
    """The next moment by which the holder has to act."""
    request = view.seen.record
    if view.state in {State.UNSENT, State.SENT, State.RECEIVED, State.READ}:
        return request.acknowledge_by
    return request.answer_by if view.state is State.ACKNOWLEDGED else None


def _log_since(desk: Desk, since: datetime) -> Iterator[Seen[LogEntry]]:
    """Entries of the watch log written since then, newest first."""
    for seen in _pages(desk, LogEntry):
        if seen.record.at < since:
            return
        yield seen


def _pages(desk: Desk, kind: type[R]) -> Iterator[Seen[R]]:
    """Records of that kind, newest first, as far back as a sheet looks."""
    before: int | None = None
    for _ in range(MAX_PAGES):
        page = desk.views.newest(str(kind.__struct_config__.tag), None, PAGE, before)
        yield from see(desk.views, page.rows, kind)
        before = page.next
        if before is None:
            return
