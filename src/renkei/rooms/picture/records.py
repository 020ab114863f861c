"""What lies on the map: hazards as an authority reported them, own-reported positions, drawn areas.

A hazard is one event of one authority.  Each of its reports becomes a new version, so the newest says
what is in force and the log keeps how it came to that.  Codes and Japanese names are the authority's;
English beside them is this project's glossary and says so where it is free text.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from renkei.kernel.clock import Instant
from renkei.kernel.geojson import Geometry, Point, bounds
from renkei.kernel.labels.model import Label
from renkei.kernel.records import Record, RecordId, Text

MAX_HAZARD_AREAS = 400
"""Areas in one hazard: the Japan Meteorological Agency has 66 tsunami regions and 188 for intensity."""

Short = Annotated[str, msgspec.Meta(max_length=200)]
Course = Annotated[float, msgspec.Meta(ge=0, lt=360)]
Speed = Annotated[float, msgspec.Meta(ge=0, le=2000)]
Areas = Annotated[tuple["HazardArea", ...], msgspec.Meta(max_length=MAX_HAZARD_AREAS)]
HazardType = Literal["tsunami", "earthquake"]
HazardSeverity = Literal["unknown", "minor", "moderate", "severe", "extreme"]
"""CAP 1.2 severity (OASIS, section 3.2.2)."""


class HazardArea(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One region of a report, under the authority's code.

    ``category`` is the warning in force there (or the intensity felt), ``code_of`` the code list the
    region's ``code`` is from.  Heights are metres of expected tsunami, ``height_ja`` the authority's
    own words for it.
    """

    code: Short
    code_of: Short = ""
    name_ja: Short = ""
    name_en: Short = ""
    category_code: Short = ""
    category_ja: Short = ""
    category_en: Short = ""
    last_category_code: Short = ""
    severity: HazardSeverity = "unknown"
    height_m: float | None = None
    height_ja: Short = ""
    arrival: Instant | None = None
    arrival_note_ja: Short = ""
    arrival_note_en: Short = ""


class Hypocentre(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where an earthquake began.  None where not known; a ``depth_km`` of 0 means "very shallow"."""

    point: Point | None = None
    depth_km: float | None = None
    code: Short = ""
    name_ja: Short = ""
    name_en: Short = ""
    relative_ja: Short = ""
    origin: Instant | None = None


class Hazard(Record, frozen=True, kw_only=True, tag="hazard"):
    """What an authority says about one event, as of its latest report.

    ``authority``, ``event`` and ``type`` name the event; each report taken in makes a version.
    ``geometry`` is coarse and this project's own where ``approximate`` says so.
    """

    authority: Short
    event: Short
    type: HazardType
    severity: HazardSeverity
    issued_at: Instant
    status: Literal["in force", "cancelled"] = "in force"
    exercise: bool = False
    headline: Text | None = None
    comment: Text | None = None
    areas: Areas = ()
    hypocentre: Hypocentre | None = None
    magnitude: float | None = None
    magnitude_ja: Short = ""
    max_intensity: Short = ""
    target_at: Instant | None = None
    valid_until: Instant | None = None
    report_type: Short = ""
    source_title_ja: Short = ""
    geometry: Geometry | None = None
    approximate: bool = False
    modified_from_source: Short = ""

    def texts(self) -> Iterator[tuple[Label | None, str]]:
        """Also the regions' and the epicentre's names."""
        yield from super().texts()
        for area in self.areas:
            yield None, f"{area.name_ja} {area.name_en}".strip()
        if self.hypocentre is not None:
            yield None, f"{self.hypocentre.name_ja} {self.hypocentre.name_en}".strip()

    def bounds(self) -> tuple[float, float, float, float] | None:
        """The affected regions, or the epicentre where no region is drawn."""
        return bounds(self.geometry)


class Position(Record, frozen=True, kw_only=True, tag="position"):
    """Where the owner says one of its own units is.  ``course`` in degrees true, ``speed`` in knots."""

    observed_at: Instant
    geometry: Point
    name: Short = ""
    name_ja: Short = ""
    unit: RecordId | None = None
    site: RecordId | None = None
    course: Course | None = None
    speed: Speed | None = None
    note: Text | None = None

    def texts(self) -> Iterator[tuple[Label | None, str]]:
        """Also its name, in either language."""
        yield from super().texts()
        yield from ((None, name) for name in (self.name, self.name_ja) if name)

    def bounds(self) -> tuple[float, float, float, float] | None:
        """The position itself."""
        return bounds(self.geometry)


class Area(Record, frozen=True, kw_only=True, tag="area"):
    """A shape drawn for a purpose: a search sector, a route to keep clear, a place to assemble."""

    geometry: Geometry
    purpose: Short
    name: Text | None = None
    incident: RecordId | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    note: Text | None = None

    def bounds(self) -> tuple[float, float, float, float] | None:
        """The shape's own."""
        return bounds(self.geometry)


KINDS: tuple[type[Record], ...] = (Hazard, Position, Area)
