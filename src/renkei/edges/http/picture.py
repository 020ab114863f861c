"""Hazards, positions and areas."""

import msgspec
from litestar import get, post
from litestar.params import JSONBody

from ...kernel.desk import Desk
from ...kernel.errors import Refused
from ...kernel.labels.model import Label
from ...rooms import picture as room
from .answers import RecordPage, RecordView, Shower
from .context import Before, Caller, Edge, Limit
from .records import page_of
from .schema import problems

_TAG = ["picture"]
_WRITE = problems(409, 413, 415, 422, 503)


class HazardIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An authority's report, as a feed reader read it, and the label it is to have here."""

    report: room.HazardReport
    label: Label


@get("/hazards", tags=_TAG, summary="Hazards", responses=problems())
async def list_hazards(edge: Edge, person: Caller) -> RecordPage:
    """Those in force first, the newest report first."""

    def read(desk: Desk) -> RecordPage:
        shower = Shower(edge.node, desk.views, desk.clock.now())
        return RecordPage([shower.seen(shown.seen) for shown in room.hazards(desk)])

    return await edge.at_desk(person, read)


def take_report(desk: Desk, given: HazardIn) -> room.Hazard | Refused:
    """The room's action on the two parts of the body."""
    return room.report_hazard(desk, given.report, given.label)


@post("/hazards", tags=_TAG, summary="Take in a report", responses=_WRITE)
async def report_hazard(edge: Edge, person: Caller, data: JSONBody[HazardIn]) -> RecordView:
    """A new event becomes a hazard; a further report of a known one becomes its next version."""
    made = await edge.act(person, take_report, data)
    return await edge.at_desk(person, lambda desk: edge.one(desk, made.id))


@get("/positions", tags=_TAG, summary="Own-reported positions", responses=problems())
async def list_positions(edge: Edge, person: Caller, limit: Limit = 200, before: Before = None) -> RecordPage:
    """Newest first."""
    return await page_of(edge, person, "position", limit, before)


@post("/positions", tags=_TAG, summary="Report a position", responses=_WRITE)
async def report_position(edge: Edge, person: Caller, data: JSONBody[room.PositionIn]) -> RecordView:
    """Where an own unit or site is; ``position`` names an earlier report to be replaced."""
    made = await edge.act(person, room.report_position, data)
    return await edge.at_desk(person, lambda desk: edge.one(desk, made.id))


@get("/areas", tags=_TAG, summary="Areas", responses=problems())
async def list_areas(edge: Edge, person: Caller, limit: Limit = 200, before: Before = None) -> RecordPage:
    """Newest first."""
    return await page_of(edge, person, "area", limit, before)


@post("/areas", tags=_TAG, summary="Draw an area", responses=_WRITE)
async def draw_area(edge: Edge, person: Caller, data: JSONBody[room.AreaIn]) -> RecordView:
    """A shape with a purpose."""
    made = await edge.act(person, room.draw_area, data)
    return await edge.at_desk(person, lambda desk: edge.one(desk, made.id))


HANDLERS = (list_hazards, report_hazard, list_positions, report_position, list_areas, draw_area)
