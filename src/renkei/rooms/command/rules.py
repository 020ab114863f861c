"""From reference tables to records, and what a relation must satisfy: pure decisions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import get_args

import msgspec

from renkei.kernel.errors import BadInput, Refused
from renkei.kernel.geojson import Point

from . import zones
from .paths.description import FIRST, LAST, Duty, calendar_of_duty
from .records import Basis, Confidence, Names, ParentKind, RelationKind, Status, StrengthBasis
from .reference import BILATERAL, SiteRow, StrengthRow, UnitRow

PARENT_KINDS: tuple[ParentKind, ...] = get_args(ParentKind)


class SiteFields(msgspec.Struct, frozen=True, kw_only=True):
    """A site's own fields, before it is anybody's record."""

    code: str
    names: Names
    nation: str
    service: str
    site_type: str
    geometry: Point
    precision_km: float
    prefecture: str = ""
    area: str = ""
    shared_with: str = ""
    personnel: int | None = None
    personnel_basis: str = ""
    source: str = ""
    confidence: Confidence = "medium"
    note: str = ""


class UnitFields(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's own fields, before it is anybody's record."""

    code: str
    names: Names
    nation: str
    level: str
    service: str
    role: str = ""
    site: str | None = None
    site_code: str = ""
    status: Status = "in force"
    source: str = ""
    confidence: Confidence = "medium"
    note: str = ""


class RelationFields(msgspec.Struct, frozen=True, kw_only=True):
    """A relation's own fields, before it is anybody's record."""

    relation: RelationKind
    subject_code: str
    object_code: str
    subject: str | None = None
    object: str | None = None
    since: date | None = None
    until: date | None = None
    status: Status = "in force"
    basis: Basis = "documented"
    source: str = ""
    confidence: Confidence = "medium"
    note: str = ""

    @property
    def key(self) -> str:
        """What tells one headquarters' relations apart: kind, ends and beginning."""
        return relation_key(self.relation, self.subject_code, self.object_code, self.since)


class StrengthFields(msgspec.Struct, frozen=True, kw_only=True):
    """A claim's own fields, before it is anybody's record."""

    subject_code: str
    subject: str | None = None
    figure: int
    counts: str
    basis: StrengthBasis = "reported"
    as_of: str = ""
    source: str
    confidence: Confidence = "medium"
    note: str = ""


def strength_key(subject: str, counts: str, basis: str, as_of: str, source: str) -> str:
    """What tells one headquarters' claims apart: another figure for the same is a new version."""
    return "|".join((subject, counts, basis, as_of, source))


def responsibility_key(subject: str, function: str, part: str, extent: str, since: date | None) -> str:
    """What tells one headquarters' responsibilities apart: whose, what, which part, how far, since when."""
    return " ".join(text for text in (subject, function, part, extent, str(since or "")) if text)


def relation_key(relation: str, subject: str, object_: str, since: date | None) -> str:
    """The name by which a loader finds the relation it wrote last time."""
    return f"{relation} {subject} {object_} {since or ''}".rstrip()


def sites_of(rows: Iterable[SiteRow], nations: Sequence[str]) -> Iterator[SiteFields]:
    """The sites of ``nations``, as fields."""
    for row in rows:
        if row.nation in nations:
            fields = {f: getattr(row, f) for f in row.__struct_fields__ if f != "point"}
            yield SiteFields(geometry=row.point, **fields)


def units_of(
    rows: Iterable[UnitRow], nations: Sequence[str], sites: Mapping[str, str]
) -> Iterator[UnitFields]:
    """The units of ``nations``; ``sites`` gives record ids by site code, as far as they are known."""
    for row in rows:
        if row.nation in nations:
            yield UnitFields(
                code=row.code,
                names=row.names,
                nation=row.nation,
                level=row.level,
                service=row.service,
                role=row.role,
                site=sites.get(row.site),
                site_code=row.site,
                status=row.status,
                source=row.source,
                confidence=row.confidence,
                note=row.note,
            )


def relations_of(
    rows: Iterable[UnitRow], nations: Sequence[str], units: Mapping[str, str]
) -> Iterator[RelationFields]:
    """Parent and counterparts of the units of ``nations``; ``units`` gives record ids by code."""
    for row in rows:
        if row.nation not in nations:
            continue
        if row.parent:
            yield _relation(row, row.parent_kind, row.parent, "documented", units)
        for code in row.counterparts:
            yield _relation(row, "counterpart", code, row.counterpart_basis or "inferred", units)


def strengths_of(
    rows: Iterable[StrengthRow], nations: Mapping[str, str], ours: Sequence[str], subjects: Mapping[str, str]
) -> Iterator[StrengthFields]:
    """The claims about subjects of our nations; ``nations`` and ``subjects`` go by code."""
    for row in rows:
        if nations.get(row.subject_code) in ours:
            fields = {f: getattr(row, f) for f in row.__struct_fields__}
            yield StrengthFields(subject=subjects.get(row.subject_code), **fields)


def check_strength(fields: StrengthFields) -> Refused | None:
    """A claim names who is counted and who says so."""
    if not (fields.counts.strip() and fields.source.strip()):
        return Refused(
            code="strength.source", expected="who is counted, and the source", came="one empty", status=422
        )
    return None


def _relation(
    row: UnitRow, kind: RelationKind, other: str, basis: Basis, units: Mapping[str, str]
) -> RelationFields:
    return RelationFields(
        relation=kind,
        subject_code=row.code,
        object_code=other,
        subject=units.get(row.code),
        object=units.get(other),
        since=row.since,
        status=row.status,
        basis=basis,
        source=row.source,
        confidence=row.confidence,
    )


def check_dates(since: date | None, until: date | None) -> Refused | None:
    """What ends, ends after it began."""
    if since and until and until <= since:
        return Refused(
            code="structure.dates", expected="until after since", came=f"{since} to {until}", status=422
        )
    return None


def check_hours(
    spans: tuple[Duty, ...] | str, zone: str, off: tuple[date, ...]
) -> tuple[str, Refused] | None:
    """Days of the week, times that there are, and offsets that the zone has; the field and why not."""
    if spans == ():
        return "spans", _no_hours("spans", "a span, always or unknown", "none")
    if isinstance(spans, str) and off:
        return "off", _no_hours("off", f"no days off beside {spans}", "some")
    if wrong := [one for one in off if not FIRST <= one < LAST]:
        return "off", _no_hours("off", f"days from {FIRST} on and before {LAST}", str(wrong[0]))
    try:
        for span in spans if isinstance(spans, tuple) else ():
            calendar_of_duty(span, "spans")
    except BadInput as err:
        return "spans", _no_hours("spans", err.expected, err.came)
    try:
        if zone:
            zones.check(zone, [span.utc_offset for span in spans if not isinstance(span, str)])
    except BadInput as err:
        return "zone", _no_hours("zone", err.expected, err.came)
    return None


def _no_hours(field: str, expected: str, came: str) -> Refused:
    return Refused(code=f"hours.{field}", expected=expected, came=came, status=422)


_NATIONS: Mapping[str, tuple[str, ...]] = {"us": ("US",), "jp": ("Japan", BILATERAL), "ph": ("Philippines",)}


def nations_of(hq: str) -> tuple[str, ...]:
    """Whose units a headquarters loads: its nation's; the bilateral bodies by the host nation's."""
    return _NATIONS.get(hq.partition(".")[0], ())


PREFIXES = {"US": "US", "Japan": "JP", "Philippines": "PH", BILATERAL: "BI"}
"""How codes of a nation's units begin."""
_BY_PREFIX = {prefix: nation for nation, prefix in PREFIXES.items()}


def nation_of_code(code: str) -> str:
    """Whose unit or site a code is, by how it begins; "" if it is no code."""
    prefix, dash, _ = code.partition("-")
    return _BY_PREFIX.get(prefix, prefix) if dash else ""


def speaks_for(hq: str, nations: Iterable[str]) -> bool:
    """Whether one of ``nations`` is the headquarters' own, or the word for a body of several."""
    own = {*nations_of(hq), nation_of_code(f"{hq.partition('.')[0].upper()}-"), BILATERAL}
    return not own.isdisjoint(nations)


def check_relation(subject: str, object_: str, since: date | None, until: date | None) -> Refused | None:
    """Two different ends, and an end after its beginning."""
    if subject == object_:
        return Refused(
            code="relation.ends", expected="two different units", came="the same one twice", status=422
        )
    if since and until and until < since:
        return Refused(
            code="relation.dates", expected="until no earlier than since", came="the reverse", status=422
        )
    return None


def in_force(status: Status, since: date | None, until: date | None, on: date) -> bool:
    """Whether a relation held on that day, by its status and dates."""
    if status == "superseded" and until is None:
        return False
    if status == "announced" and (since is None or on < since):
        return False
    return (since is None or since <= on) and (until is None or on < until)
