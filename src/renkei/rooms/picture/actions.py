"""What puts something on the map: a feed's report, an own unit's position, a shape somebody draws."""

from typing import Any, TypeVar

import msgspec

from renkei.kernel.clock import Instant, to_millisecond
from renkei.kernel.desk import Desk
from renkei.kernel.drafting import (
    Words,
    check_references,
    one,
    own_whole,
    revise,
    stamp,
    text_of,
    texts_of,
    unknown,
)
from renkei.kernel.errors import Refused
from renkei.kernel.geojson import Point, parse
from renkei.kernel.labels.model import Label
from renkei.kernel.people import Permission
from renkei.kernel.records import Record, RecordId
from renkei.kernel.seen import Seen, look

from .records import Area, Course, Hazard, Position, Short, Speed
from .rules import HazardReport, add_report, check_observed, check_window
from .views import hazard_of_event

R = TypeVar("R", bound=Record)


class PositionIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an own unit is.  ``position`` names an earlier report of the same unit, to be replaced."""

    geometry: dict[str, Any]
    label: Label
    observed_at: Instant | None = None
    name: Short = ""
    name_ja: Short = ""
    unit: RecordId | None = None
    site: RecordId | None = None
    course: Course | None = None
    speed: Speed | None = None
    note: Words | None = None
    position: RecordId | None = None


class AreaIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shape with a purpose."""

    geometry: dict[str, Any]
    purpose: Short
    label: Label
    name: Words | None = None
    incident: RecordId | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    note: Words | None = None


def report_hazard(desk: Desk, report: HazardReport, label: Label) -> Hazard | Refused:
    """Take a report in: a new hazard, its next version, or nothing new (the hazard as it is)."""
    if refused := desk.person.refuse(Permission.PICTURE_WRITE):
        return refused
    seen = hazard_of_event(desk, report.authority, report.event, report.type)
    fields = add_report(seen.record if seen else None, report)
    if isinstance(fields, Refused):
        return fields
    if seen is not None and fields is None:
        return seen.record
    return _put(desk, Hazard, seen, label, fields or {})


def _put(
    desk: Desk, kind: type[R], known: Seen[R] | None, label: Label, fields: dict[str, Any]
) -> R | Refused:
    """A new record, or the next version of the one known."""
    now = desk.clock.now()
    header = stamp(desk, label, now)
    if isinstance(header, Refused):
        return header
    if known is None:
        return one(desk, kind(**header, **fields))
    whole = own_whole(desk, known, str(kind.__struct_config__.tag))
    if isinstance(whole, Refused):
        return whole
    return one(desk, revise(desk, whole, now, label=header["label"], **fields))


def report_position(desk: Desk, given: PositionIn) -> Position | Refused:
    """Report where an own unit or site is.  Raises BadInput for a geometry that is none."""
    if refused := desk.person.refuse(Permission.PICTURE_WRITE):
        return refused
    geometry = parse(given.geometry)
    if not isinstance(geometry, Point):
        return Refused(code="position.geometry", expected="a GeoJSON Point", came="another", status=422)
    now = desk.clock.now()
    observed_at = to_millisecond(given.observed_at or now)
    note = text_of(desk, given.note)
    refused = check_observed(observed_at, now) or check_references(desk, given.unit, given.site)
    if refused:
        return refused
    if isinstance(note, Refused):
        return note
    known = look(desk.views, given.position, Position) if given.position else None
    if given.position and known is None:
        return unknown("position")
    names = ("name", "name_ja", "unit", "site", "course", "speed")
    fields = {name: getattr(given, name) for name in names}
    fields |= {"geometry": geometry, "observed_at": observed_at, "note": note}
    return _put(desk, Position, known, given.label, fields)


def draw_area(desk: Desk, given: AreaIn) -> Area | Refused:
    """Draw a shape.  Raises BadInput for a geometry that is none."""
    if refused := desk.person.refuse(Permission.PICTURE_WRITE):
        return refused
    geometry = parse(given.geometry)
    refused = check_window(given.valid_from, given.valid_until) or check_references(desk, given.incident)
    if refused:
        return refused
    texts = texts_of(desk, name=given.name, note=given.note)
    if isinstance(texts, Refused):
        return texts
    fields = {n: getattr(given, n) for n in ("purpose", "incident", "valid_from", "valid_until")}
    return _put(desk, Area, None, given.label, {**fields, **texts, "geometry": geometry})
