"""What disclosure officers sent back: for the inbox of whoever wrote it."""

import msgspec
from litestar import get

from ...kernel.desk import Desk
from ...rooms import release as room
from .answers import RecordView, Shower
from .context import Caller, Edge
from .release import MAX_QUEUE, Word, priority_of, word_of
from .schema import problems


class ReturnedOut(msgspec.Struct, frozen=True, kw_only=True):
    """A version that came back instead of leaving for ``partner``, and the officer's ``word``."""

    record: RecordView
    id: str
    version: int
    kind: str
    partner: str
    priority: str
    word: Word


class ReturnsOut(msgspec.Struct, frozen=True):
    """What came back, the newest first, and how many there are."""

    items: list[ReturnedOut]
    total: int


@get("/release/returned", tags=["release"], summary="What came back to my post", responses=problems())
async def get_returned(edge: Edge, person: Caller) -> ReturnsOut:
    """Versions that the caller's post wrote and a disclosure officer sent back, until they are corrected.

    The reason is labelled as the decision is: null where the caller's clearance does not cover it.
    """
    lines = edge.node.partners.items()
    items = [(hq, item) for hq, line in lines for item in tuple(line.releaser.register.items.values())]

    def read(desk: Desk) -> ReturnsOut:
        found = room.returned_to(desk, items)
        shower = Shower(edge.node, desk.views, desk.clock.now())
        return ReturnsOut([_out(desk, shower, one) for one in found[:MAX_QUEUE]], len(found))

    return await edge.at_desk(person, read)


def _out(desk: Desk, shower: Shower, back: room.Returned) -> ReturnedOut:
    word = word_of(back.item, back.reason)
    assert word is not None
    return ReturnedOut(
        record=shower.row(back.row),
        id=back.item.id,
        version=back.item.version,
        kind=back.item.kind,
        partner=back.partner,
        priority=priority_of(desk, back.row),
        word=word,
    )


HANDLERS = (get_returned,)
