"""What disclosure officers sent back: to the post that wrote the version, with the reason."""

from collections.abc import Iterable
from typing import NamedTuple

from renkei.kernel.desk import Desk
from renkei.kernel.partners.records import ReleaseDecision
from renkei.kernel.partners.register import Item
from renkei.kernel.records import Record, Text
from renkei.kernel.seen import look, look_all
from renkei.kernel.views import OWN, Row


class Returned(NamedTuple):
    """A version that came back instead of leaving for ``partner``; the reason if one may see it."""

    row: Row
    partner: str
    item: Item
    reason: Text | None


def returned_to(desk: Desk, items: Iterable[tuple[str, Item]]) -> list[Returned]:
    """Those of ``items``, (partner, item), that came back to this person's post; the newest first.

    What was corrected since is no more among them: by a newer version, which the register forgets the older
    for, or, where a record is never edited, by one of ours that says it ``corrects`` it.
    """
    back = [(partner, item) for partner, item in items if item.state == "returned"]
    written = {
        seen.row.id: seen.row
        for seen in look_all(desk.views, {item.id for _, item in back}, Record)
        if seen.record.by == desk.person.post
    }
    mine = [
        Returned(row, partner, item, reason_of(desk, item))
        for partner, item in back
        if (row := written.get(item.id)) is not None
        and row.version == item.version
        and not _corrected(desk, row)
    ]
    return sorted(mine, key=_when, reverse=True)


def _corrected(desk: Desk, row: Row) -> bool:
    beside = (desk.views.record(other)[0] for other in desk.views.referring(row.id) if other.source == OWN)
    return any(getattr(record, "corrects", None) == row.id for record in beside)


def reason_of(desk: Desk, item: Item) -> Text | None:
    """Why an officer refused or returned it; None if nobody did, or its label is not for this person."""
    said = None if item.settled_by is None else look(desk.views, item.settled_by.decision, ReleaseDecision)
    return None if said is None else said.record.reason


def _when(back: Returned) -> tuple[str, str, str]:
    assert back.item.settled_by is not None
    return back.item.settled_by.at.isoformat(), back.item.id, back.partner
