"""Who commands, supports and corresponds to whom, who answers for what and when, and how many they are."""

from collections.abc import Callable
from typing import Any

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from ...kernel.desk import Desk
from ...kernel.labels.model import Label
from ...kernel.people import Permission
from ...kernel.records import Record
from ...rooms import command as room
from ...rooms.command.plans import Structure, converted
from .answers import RecordPage, RecordView, Shower
from .context import Before, Caller, Edge, HttpEdge, Limit, key_path, unwrap
from .problems import NOT_FOUND, refuse
from .records import page_of
from .schema import problems

_TAG = ["command"]
_WRITE = problems(409, 413, 415, 422, 503)
_PLANNER = {"permission": Permission.COMMAND_WRITE}
LISTS = (
    ("headquarters", "headquarters", "Headquarters", ""),
    ("units", "unit", "Units", ""),
    ("posts", "post", "Posts", ""),
    ("sites", "site", "Sites", ""),
    ("relations", "relation", "Relations between units", ""),
    (
        "strengths",
        "strength",
        "Claims of strength",
        "; claims about one subject may conflict, and all are given",
    ),
    ("functions", "function", "Functions", "; those that everybody knows have no records"),
    (
        "responsibilities",
        "responsibility",
        "Responsibilities",
        ": who is responsible, accountable, consulted or informed",
    ),
    ("duty-hours", "hours", "Duty hours", "; each headquarters has names of its own for them"),
    (
        "legal-bases",
        "legal-basis",
        "Legal bases",
        ": agreements, laws and orders on which relations and responsibilities stand",
    ),
)
"""Lists of records: the path, the kind, what they are called, and what is to be known of them."""
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


def _listed(path: str, kind: str, summary: str, said: str) -> HTTPRouteHandler:
    """The records of a kind, a page at a time."""
    name = path.title().replace("-", "")

    @get(
        f"/{path}",
        tags=_TAG,
        operation_id=f"ApiV1{name}List{name}",
        summary=summary,
        description=f"Newest first{said}.",
        responses=problems(),
    )
    async def listed(edge: Edge, person: Caller, limit: Limit = 200, before: Before = None) -> RecordPage:
        return await page_of(edge, person, kind, limit, before)

    return listed


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


@post("/strengths", opt=_PLANNER, tags=_TAG, summary="Record a claim of strength", responses=_WRITE)
async def claim_strength(edge: Edge, person: Caller, data: JSONBody[room.StrengthIn]) -> RecordView:
    """How many a source says a unit or site has."""
    return await _made(edge, person, room.claim_strength, data)


@post("/relations", opt=_PLANNER, tags=_TAG, summary="Assert a relation", responses=_WRITE)
async def assert_relation(edge: Edge, person: Caller, data: JSONBody[room.RelationIn]) -> RecordView:
    """Between two units by code; the same kind, ends and beginning are one record, in its next version."""
    return await _made(edge, person, room.assert_relation, data)


@post("/posts", opt=_PLANNER, tags=_TAG, summary="Record a post", responses=_WRITE)
async def name_post(edge: Edge, person: Caller, data: JSONBody[room.PostIn]) -> RecordView:
    """At one of our own units: who holds it, its functions and duty hours."""
    return await _made(edge, person, room.name_post, data)


@post("/functions", opt=_PLANNER, tags=_TAG, summary="Record a function", responses=_WRITE)
async def name_function(edge: Edge, person: Caller, data: JSONBody[room.FunctionIn]) -> RecordView:
    """Beyond those that everybody knows."""
    return await _made(edge, person, room.name_function, data)


@post("/responsibilities", opt=_PLANNER, tags=_TAG, summary="Record a responsibility", responses=_WRITE)
async def assign_responsibility(
    edge: Edge, person: Caller, data: JSONBody[room.ResponsibilityIn]
) -> RecordView:
    """Of one of our own units or posts."""
    return await _made(edge, person, room.assign_responsibility, data)


@post("/duty-hours", opt=_PLANNER, tags=_TAG, summary="Record duty hours", responses=_WRITE)
async def set_hours(edge: Edge, person: Caller, data: JSONBody[room.HoursIn]) -> RecordView:
    """Under a name of this headquarters' own."""
    return await _made(edge, person, room.set_hours, data)


@post("/legal-bases", opt=_PLANNER, tags=_TAG, summary="Record a legal basis", responses=_WRITE)
async def name_legal_basis(edge: Edge, person: Caller, data: JSONBody[room.LegalBasisIn]) -> RecordView:
    """An agreement, law or order of our own nation, among others or not."""
    return await _made(edge, person, room.name_legal_basis, data)


async def _made(edge: HttpEdge, person: Caller, action: Callable[..., Any], given: Any) -> RecordView:
    made: Record = await edge.act(person, action, given)
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
    structure = converted(data.structure, Structure, "structure.form")
    taken = await edge.act(person, room.take_in_document, structure, data.label, data.dry_run)
    if isinstance(taken, room.TakenIn):
        return taken
    # Done before under the same key: told what it comes to now.
    now = await edge.at_desk(person, lambda desk: room.take_in_document(desk, structure, data.label, True))
    return msgspec.structs.replace(unwrap(now), written=True)


HANDLERS = (
    *(_listed(*each) for each in LISTS),
    get_unit,
    claim_strength,
    assert_relation,
    name_post,
    name_function,
    assign_responsibility,
    set_hours,
    name_legal_basis,
    take_in,
)
