"""Who commands, supports and corresponds to whom, and how many a source says they are."""

from typing import Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from ...kernel.desk import Desk
from ...kernel.errors import BadInput
from ...kernel.labels.model import Label
from ...kernel.people import Permission
from ...kernel.records import Record
from ...rooms import command as room
from ...rooms.command.plans import Structure
from .answers import RecordPage, RecordView, Shower
from .context import Before, Caller, Edge, Limit, key_path, unwrap
from .problems import NOT_FOUND, refuse
from .records import page_of
from .schema import problems

_TAG = ["command"]
MAX_STRUCTURE_BYTES = 32 * 1024 * 1024
"""A structure in one call: 100,000 posts with their units and relations."""


class StructureIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A structure to take in, under which label its records go, and whether only to say what would change."""

    structure: dict[str, Any]
    label: Label
    dry_run: bool = False


class RelatedOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A relation, the unit at its other end if known, and whether it holds today."""

    relation: RecordView
    unit: RecordView | None
    in_force: bool


class UnitOut(msgspec.Struct, frozen=True, kw_only=True):
    """A unit with what is asserted about it, by anyone, as far as the caller may see."""

    unit: RecordView
    site: RecordView | None
    parents: list[RelatedOut]
    children: list[RelatedOut]
    counterparts: list[RelatedOut]


@get("/headquarters", tags=_TAG, summary="Headquarters", responses=problems())
async def list_headquarters(
    edge: Edge, person: Caller, limit: Limit = 200, before: Before = None
) -> RecordPage:
    """Newest first."""
    return await page_of(edge, person, "headquarters", limit, before)


@get("/units", tags=_TAG, summary="Units", responses=problems())
async def list_units(edge: Edge, person: Caller, limit: Limit = 200, before: Before = None) -> RecordPage:
    """Newest first."""
    return await page_of(edge, person, "unit", limit, before)


@get(key_path("/units"), tags=_TAG, summary="A unit", responses=problems())
async def get_unit(edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str]) -> UnitOut:
    """With its site, parents, children and counterparts."""

    def read(desk: Desk) -> UnitOut:
        view = room.unit_view(desk, f"{owner}/{key}")
        if view is None:
            raise refuse(NOT_FOUND)
        shower = Shower(edge.node, desk.views, desk.clock.now())

        def related(several: tuple[room.Related, ...]) -> list[RelatedOut]:
            return [
                RelatedOut(relation=shower.seen(r.relation), unit=shower.maybe(r.unit), in_force=r.in_force)
                for r in several
            ]

        return UnitOut(
            unit=shower.seen(view.seen),
            site=shower.maybe(view.site),
            parents=related(view.parents),
            children=related(view.children),
            counterparts=related(view.counterparts),
        )

    return await edge.at_desk(person, read)


@get("/posts", tags=_TAG, summary="Posts", responses=problems())
async def list_posts(edge: Edge, person: Caller, limit: Limit = 200, before: Before = None) -> RecordPage:
    """Newest first."""
    return await page_of(edge, person, "post", limit, before)


@get("/sites", tags=_TAG, summary="Sites", responses=problems())
async def list_sites(edge: Edge, person: Caller, limit: Limit = 200, before: Before = None) -> RecordPage:
    """Newest first."""
    return await page_of(edge, person, "site", limit, before)


@get("/relations", tags=_TAG, summary="Relations between units", responses=problems())
async def list_relations(edge: Edge, person: Caller, limit: Limit = 200, before: Before = None) -> RecordPage:
    """Newest first."""
    return await page_of(edge, person, "relation", limit, before)


@get("/strengths", tags=_TAG, summary="Claims of strength", responses=problems())
async def list_strengths(edge: Edge, person: Caller, limit: Limit = 200, before: Before = None) -> RecordPage:
    """Newest first; claims about one subject may conflict, and all are given."""
    return await page_of(edge, person, "strength", limit, before)


@post(
    "/strengths",
    opt={"permission": Permission.COMMAND_WRITE},
    tags=_TAG,
    summary="Record a claim of strength",
    responses=problems(409, 413, 415, 422, 503),
)
async def claim_strength(edge: Edge, person: Caller, data: JSONBody[room.StrengthIn]) -> RecordView:
    """How many a source says a unit or site has."""
    made: Record = await edge.act(person, room.claim_strength, data)
    return await edge.at_desk(person, lambda desk: edge.one(desk, made.id))


@post(
    "/structure",
    opt={"permission": Permission.COMMAND_WRITE},
    tags=_TAG,
    summary="Take a structure in",
    responses=problems(400, 409, 413, 415, 422, 503),
    request_max_body_size=MAX_STRUCTURE_BYTES,
    status_code=200,
)
async def take_in(edge: Edge, person: Caller, data: JSONBody[StructureIn]) -> room.TakenIn:
    """Facts of the caller's own nation and shared ones, new or changed, in one append or not at all.

    What the structure does not name stays as it is; what it says of other nations must be what is known.
    """
    try:
        structure = msgspec.convert(data.structure, Structure)
    except msgspec.ValidationError as err:
        raise BadInput("structure.form", "a structure", str(err)[:300]) from None
    taken = await edge.act(person, room.take_in_document, structure, data.label, data.dry_run)
    if isinstance(taken, room.TakenIn):
        return taken
    # Done before under the same key: told what it comes to now.
    now = await edge.at_desk(person, lambda desk: room.take_in_document(desk, structure, data.label, True))
    return msgspec.structs.replace(unwrap(now), written=True)


HANDLERS = (
    list_headquarters,
    list_units,
    get_unit,
    list_posts,
    list_sites,
    list_relations,
    list_strengths,
    claim_strength,
    take_in,
)
