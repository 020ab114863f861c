"""Taking released records back, and who has confirmed that they are forgotten."""

from datetime import datetime

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from ...kernel.desk import Desk
from ...kernel.drafting import Words
from ...kernel.labels.model import Label
from ...kernel.partners.audience import audience
from ...kernel.people import Permission
from ...kernel.records import Record, RecordId, Text, is_record_id
from ...kernel.seen import Seen
from ...node.recalling import Confirmation, confirmation
from ...rooms import release as room
from .context import Caller, Edge, HttpEdge, key_path
from .problems import NOT_FOUND, refuse
from .schema import problems

_TAG = ["release"]
_REVIEW = {"permission": Permission.RELEASE_REVIEW}


class RecallIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a record is taken back, or let go again; it stays at this headquarters."""

    reason: Words


class NarrowIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The narrower label."""

    label: Label


class RecallOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A recall: of which record, by whom and why, and how far each partner that held the record is.

    ``id`` is the recall's own; ``narrowed`` if it came of a narrower label instead of an officer's word, or
    (``ended``) of an agreement that ended before the record was delivered.
    """

    id: RecordId
    about: RecordId
    at: datetime
    by: str
    reason: Text | None
    lifted: bool
    narrowed: bool
    ended: bool = False
    partners: list[Confirmation]


def _shown(edge: HttpEdge, desk: Desk, seen: Seen[room.Recall]) -> RecallOut:
    recall = seen.record
    return RecallOut(
        id=recall.id,
        about=recall.about,
        at=recall.at,
        by=recall.by,
        reason=recall.reason,
        lifted=recall.lifted,
        narrowed=False,
        partners=_partners(edge, desk, recall.id),
    )


def _partners(edge: HttpEdge, desk: Desk, recall_id: str) -> list[Confirmation]:
    purges = room.purges_of(desk, recall_id)
    found = (
        confirmation(line, recall_id, [s.record for s in purges if s.row.source == line.hq], edge.node.codec)
        for line in edge.node.partners.values()
    )
    return [one for one in found if one is not None]


def _narrowed(edge: HttpEdge, desk: Desk, about: str) -> list[RecallOut]:
    """What a narrower label, or the end of an agreement, took back of one record."""
    found = {
        recalled.id: recalled
        for line in edge.node.partners.values()
        for recalled in line.releaser.register.recalls.values()
        if recalled.narrowed and recalled.about == about
    }
    return [
        RecallOut(
            id=one.id,
            about=about,
            at=one.at,
            by="",
            reason=None,
            lifted=one.lifted,
            narrowed=True,
            ended=one.ended,
            partners=_partners(edge, desk, one.id),
        )
        for one in found.values()
    ]


def _of(edge: HttpEdge, desk: Desk, about: str) -> list[RecallOut]:
    """All recalls of one record that this person sees, newest first."""
    if not is_record_id(about) or desk.views.get(about) is None:
        raise refuse(NOT_FOUND)
    found = [_shown(edge, desk, s) for s in room.recalls(desk) if s.record.about == about]
    return sorted([*found, *_narrowed(edge, desk, about)], key=lambda one: one.at, reverse=True)


@get("/release/recalls", tags=_TAG, summary="Recalls", responses=problems())
async def list_recalls(edge: Edge, person: Caller) -> list[RecallOut]:
    """By our officers, newest first, with who has confirmed and who has not."""

    def read(desk: Desk) -> list[RecallOut]:
        return [_shown(edge, desk, seen) for seen in room.recalls(desk)]

    return await edge.at_desk(person, read)


@get(
    key_path("/records", "/recalls"), tags=_TAG, summary="Whether a record was recalled", responses=problems()
)
async def get_recalls(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str]
) -> list[RecallOut]:
    """Recalls of a record of ours that the caller may see, newest first; also by a narrower label."""

    return await edge.at_desk(person, lambda desk: _of(edge, desk, f"{owner}/{key}"))


@post(
    key_path("/records", "/recall"),
    opt=_REVIEW,
    tags=_TAG,
    summary="Take a record back",
    responses=problems(409),
)
async def recall_record(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[RecallIn]
) -> list[RecallOut]:
    """From every partner that holds it; none is given it until the recall is lifted."""
    await edge.act(person, room.recall, f"{owner}/{key}", data.reason)
    return await edge.at_desk(person, lambda desk: _of(edge, desk, f"{owner}/{key}"))


@post(
    key_path("/records", "/recall/lift"),
    opt=_REVIEW,
    tags=_TAG,
    summary="Let a recalled record go again",
    responses=problems(409),
)
async def lift_recall(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[RecallIn]
) -> list[RecallOut]:
    """Its newest version is decided on anew for every partner."""
    await edge.act(person, room.lift, f"{owner}/{key}", data.reason)
    return await edge.at_desk(person, lambda desk: _of(edge, desk, f"{owner}/{key}"))


@post(
    key_path("/records", "/narrow"),
    opt=_REVIEW,
    tags=_TAG,
    summary="Narrow a record's label",
    responses=problems(409, 422),
)
async def narrow_record(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[NarrowIn]
) -> list[RecallOut]:
    """Another label that reaches nobody new; from partners it does not reach, the record is taken back."""
    book, now = edge.node.policies, edge.node.clock.now()
    chains = {hq: line.releaser.chain for hq, line in edge.node.partners.items()}

    def reached(kind: type[Record], label: Label) -> set[str]:
        return {r.hq for r in audience(chains, kind, label, now, book) if r.why.outcome != "withheld"}

    await edge.act(person, room.narrow, f"{owner}/{key}", data.label, reached)
    return await edge.at_desk(person, lambda desk: _of(edge, desk, f"{owner}/{key}"))


HANDLERS = (list_recalls, get_recalls, recall_record, lift_recall, narrow_record)
