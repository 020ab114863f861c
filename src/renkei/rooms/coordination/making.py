"""Steps that the room's actions share: making an own record, and replying to another's."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar

import msgspec

from renkei.kernel.clock import to_millisecond
from renkei.kernel.desk import Desk
from renkei.kernel.drafting import Words, label_like, one, own_whole, revise, stamp, text_of
from renkei.kernel.errors import Refused
from renkei.kernel.ids import new_id
from renkei.kernel.labels.model import Label
from renkei.kernel.records import Record, Text
from renkei.kernel.seen import Seen

from .inputs import AcknowledgeIn, Input, ReasonIn
from .records import Acknowledgement, Request, Task

R = TypeVar("R", bound=Record)
A = TypeVar("A", Request, Task)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def same(given: Input, *names: str) -> dict[str, Any]:
    """The fields of those names, as given; moments as every record writes them."""
    return {name: _plain(getattr(given, name)) for name in names}


def _plain(value: Any) -> Any:
    return to_millisecond(value) if isinstance(value, datetime) else value


def make(desk: Desk, kind: type[R], label: Label, now: datetime, fields: dict[str, Any]) -> R | Refused:
    """A new record of this headquarters, logged; refused for a label the policy does not permit."""
    header = stamp(desk, label, now)
    return header if isinstance(header, Refused) else one(desk, kind(**{**header, **fields}))


def reply(
    desk: Desk, kind: type[R], original: Request | Task, label: Label | None, fields: dict[str, Any]
) -> R | Refused:
    """A record of this side about the other's; labelled like it unless said otherwise."""
    chosen = label_like(desk, label, original.label)
    if isinstance(chosen, Refused):
        return chosen
    return make(desk, kind, chosen, desk.clock.now(), fields)


def acknowledge(desk: Desk, original: Request | Task, given: AcknowledgeIn) -> Acknowledgement | Refused:
    """An acknowledgement of a request or a task."""
    note = text_of(desk, given.note)
    if isinstance(note, Refused):
        return note
    return reply(desk, Acknowledgement, original, given.label, {"about": original.id, "note": note})


def withdraw(desk: Desk, seen: Seen[A], what: str, given: ReasonIn) -> A | Refused:
    """The last version of an own request or task."""
    found = own_whole(desk, seen, what)
    reason = text_of(desk, given.reason)
    if isinstance(found, Refused):
        return found
    if isinstance(reason, Refused):
        return reason
    return one(desk, revise(desk, found, desk.clock.now(), withdrawn=True, reason=reason))


def answer_id(hq: str, original: Request | Task, number: int, label: Label) -> str:
    """The id of ``hq``'s answer number ``number`` (from 0) under ``label`` to a request or task.

    Two desks that answer at the same moment arrive at the same id, so the log takes the first and
    refuses the second as a stale version, instead of both promising the same thing.  The label is part
    of it: a desk that may not see an answer neither collides with it nor learns of it.
    """
    asked_at = original.asked_at if isinstance(original, Request) else original.set_at
    marked = msgspec.json.encode(label.canonical()).decode()
    entropy = sha256(f"{hq} {original.id} {number} {marked}".encode()).digest()[:10]
    return new_id(hq, max(asked_at, _EPOCH), entropy)


def note_of(desk: Desk, given: Words | None, before: Text | None) -> Text | Refused | None:
    """A new note, or the one there was."""
    return before if given is None else text_of(desk, given)
