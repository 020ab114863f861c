"""Taking a released record back, letting it go again, and who has confirmed that it was forgotten.

What a recall does is the kernel's (``kernel/partners``, ADR 0011); here a disclosure officer says so.
"""

from collections.abc import Callable

import msgspec

from renkei.kernel.desk import Desk
from renkei.kernel.drafting import Words, one, own_whole, revise, text_of
from renkei.kernel.errors import Refused
from renkei.kernel.labels.model import Label
from renkei.kernel.partners.records import Purge, Recall
from renkei.kernel.people import Permission
from renkei.kernel.records import Record, Text, is_record_id
from renkei.kernel.seen import Seen, look, see
from renkei.kernel.views import OWN, Row

MAX_RECALLS = 1_000
"""Recalls shown in one list."""
STANDING = (
    "release.recall",
    "release.purge",
    "release.agreement",
    "release.decision",
    "release.reconsideration",
)
"""Kinds that are never recalled: they have never left, or they say what was done."""

Reached = Callable[[type[Record], Label], set[str]]
"""The partners that a record of a kind under a label reaches."""
WIDER = Refused(
    code="label.wider",
    expected="another label that reaches nobody new",
    came="the same or a wider one",
    status=409,
)
UNREADABLE = Refused(
    code="label.unreadable", expected="a label that you could read", came="one that you could not", status=409
)


def recall(desk: Desk, record_id: str, reason: Words) -> Recall | Refused:
    """Take our record back from every partner that holds it, and from any that would get it.

    Our attachments about it, as far as this person sees them, are recalled with it, each by a recall of its
    own in the same transaction; each is let go again by itself.
    """
    if refused := desk.person.refuse(Permission.RELEASE_REVIEW):
        return refused
    row = _own(desk, record_id)
    if isinstance(row, Refused):
        return row
    if standing(desk, record_id) is not None:
        return Refused(
            code="recall.in-force", expected="a record not recalled", came="one recalled already", status=409
        )
    text = text_of(desk, reason)
    if isinstance(text, Refused):
        return text
    rows = [row, *_attached(desk, record_id)]
    said = [_said(desk, each, text) for each in rows]
    desk.writer.append(said)
    return said[0]


def _attached(desk: Desk, record_id: str) -> list[Row]:
    """Our attachments about a record that are not recalled yet."""
    rows = desk.views.referring(record_id, "attachment", MAX_RECALLS)
    return [row for row in rows if row.source == OWN and standing(desk, row.id) is None]


def _said(desk: Desk, row: Row, reason: Text | None) -> Recall:
    now = desk.clock.now()
    return Recall(
        id=desk.new_id(now),
        realm=desk.realm,
        label=desk.views.label(row),
        at=now,
        by=desk.person.post,
        about=row.id,
        reason=reason,
    )


def lift(desk: Desk, record_id: str, reason: Words) -> Recall | Refused:
    """Let a recalled record go again: its newest version is decided on anew for every partner."""
    if refused := desk.person.refuse(Permission.RELEASE_REVIEW):
        return refused
    row = _own(desk, record_id)
    if isinstance(row, Refused):
        return row
    seen = standing(desk, record_id)
    if seen is None:
        return Refused(code="recall.none", expected="a recalled record", came="one that is not", status=409)
    text = text_of(desk, reason)
    if isinstance(text, Refused):
        return text
    said = msgspec.structs.replace(
        seen.record,
        version=seen.record.version + 1,
        at=desk.clock.now(),
        by=desk.person.post,
        reason=text,
        lifted=True,
        seq=row.seq,
    )
    desk.writer.append([said])
    return said


def narrow(desk: Desk, record_id: str, label: Label, reached: Reached) -> Record | Refused:
    """Give our record a narrower label: a version of its own, after which those left out have it taken back.

    ``reached`` says whom a label reaches; nobody may be reached who was not before.
    """
    if refused := desk.person.refuse(Permission.RELEASE_REVIEW):
        return refused
    row = _own(desk, record_id)
    if isinstance(row, Refused):
        return row
    record = own_whole(desk, look(desk.views, record_id, Record), "record")
    if isinstance(record, Refused):
        return record
    wrong = desk.policies.validate(label) or _not_narrower(desk, record, label, reached)
    return wrong or one(desk, revise(desk, record, desk.clock.now(), label=label.canonical()))


def _not_narrower(desk: Desk, record: Record, label: Label, reached: Reached) -> Refused | None:
    kind = type(record)
    if label.canonical() == record.label.canonical() or reached(kind, label) - reached(kind, record.label):
        return WIDER
    return None if desk.policies.access(desk.person.clearance, label).allowed else UNREADABLE


def _own(desk: Desk, record_id: str) -> Row | Refused:
    """Our record of that id, which this person sees."""
    row = desk.views.get(record_id) if is_record_id(record_id) else None
    if row is None:
        return Refused(code="record.unknown", expected="a record you may see", came="none", status=404)
    if row.source != OWN or row.kind in STANDING:
        return Refused(
            code="recall.record", expected="a record of this headquarters", came="another", status=409
        )
    return row


def standing(desk: Desk, record_id: str) -> Seen[Recall] | None:
    """The recall in force for our record, None if there is none."""
    rows = desk.views.referring(record_id, "release.recall", MAX_RECALLS)
    found = (seen for seen in see(desk.views, rows, Recall) if seen.row.source == OWN)
    return next((seen for seen in found if not seen.record.lifted), None)


def recalls(desk: Desk, limit: int = MAX_RECALLS) -> list[Seen[Recall]]:
    """Our recalls, those in force and those lifted, newest first."""
    page = desk.views.newest("release.recall", owner=desk.hq, limit=limit)
    return list(see(desk.views, page.rows, Recall))


def purges_of(desk: Desk, recall_id: str) -> list[Seen[Purge]]:
    """What partners have signed for having forgotten by one recall; not yet held against the notice."""
    return list(see(desk.views, desk.views.referring(recall_id, "release.purge", MAX_RECALLS), Purge))
