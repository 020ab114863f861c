"""How reports add up to a hazard, and when what is shown is too old: pure decisions.

Reports of one event come as a series, may be corrected, and may come twice or late.  The newest by the
authority's own time of issue counts; what it does not speak of (an intensity flash knows no
hypocentre) stays as the earlier ones said.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from renkei.kernel.errors import Refused
from renkei.kernel.geojson import Geometry
from renkei.kernel.records import Text

from .records import Hazard, HazardArea, HazardSeverity, HazardType, Hypocentre


class HazardReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one report of an authority says, in a hazard's fields; feeds make these.

    ``withdrawn`` means that the authority took its reports back, not that the danger passed.
    """

    authority: str
    event: str
    type: HazardType
    severity: HazardSeverity
    issued_at: datetime
    status: Literal["in force", "cancelled"] = "in force"
    withdrawn: bool = False
    exercise: bool = False
    headline: Text | None = None
    comment: Text | None = None
    areas: tuple[HazardArea, ...] = ()
    hypocentre: Hypocentre | None = None
    magnitude: float | None = None
    magnitude_ja: str = ""
    max_intensity: str = ""
    target_at: datetime | None = None
    valid_until: datetime | None = None
    report_type: str = ""
    source_title_ja: str = ""
    geometry: Geometry | None = None
    approximate: bool = False
    modified_from_source: str = ""


_SAID_BEFORE = (
    "areas",
    "hypocentre",
    "magnitude",
    "magnitude_ja",
    "max_intensity",
    "geometry",
)
"""What a report may leave unsaid without taking it back."""


def add_report(known: Hazard | None, report: HazardReport) -> dict[str, Any] | Refused | None:
    """The fields of the hazard's next version; None if the report adds nothing.

    Refused when ``known`` was issued later than ``report``.
    """
    fields = {name: getattr(report, name) for name in report.__struct_fields__ if name != "withdrawn"}
    if known is None:
        return fields
    if report.issued_at < known.issued_at:
        return Refused(
            code="hazard.older",
            expected="a report issued no earlier than the newest one known of this event",
            came="an older one",
        )
    for name in _SAID_BEFORE:
        if fields[name] in (None, "", ()):
            fields[name] = getattr(known, name)
    if report.severity == "unknown":
        fields["severity"] = known.severity
    if report.withdrawn:
        fields["approximate"] = known.approximate
    same = all(getattr(known, name) == value for name, value in fields.items())
    return None if same else fields


Freshness = Literal["fresh", "ageing", "stale"]


class Ages(msgspec.Struct, frozen=True):
    """From when on something is shown as ageing, and as stale."""

    ageing: timedelta
    stale: timedelta


FRESH_FOR: Mapping[str, Ages] = {
    "position": Ages(timedelta(minutes=15), timedelta(hours=1)),
    "hazard": Ages(timedelta(hours=1), timedelta(hours=12)),
    "area": Ages(timedelta(hours=24), timedelta(days=7)),
}
"""By kind.  A moving unit is somewhere else after an hour; an agency repeats itself about hourly while a
warning stands and lets it lapse within half a day; drawn areas are reviewed daily."""

DEFAULT_AGES = Ages(timedelta(days=1), timedelta(days=30))
"""For kinds that describe what changes slowly."""


def freshness(kind: str, said_at: datetime, now: datetime) -> Freshness:
    """How much to trust, by age alone, what was said of a ``kind`` at ``said_at``.

    A time in the future (the other side's clock is ahead) counts as fresh.
    """
    ages = FRESH_FOR.get(kind, DEFAULT_AGES)
    age = now - said_at
    if age >= ages.stale:
        return "stale"
    return "ageing" if age >= ages.ageing else "fresh"


MAX_AHEAD = timedelta(minutes=5)
"""How far in the future an observation may lie: clocks differ, but not by more than this."""


def check_observed(observed_at: datetime, now: datetime) -> Refused | None:
    """An observation has been made already."""
    if observed_at > now + MAX_AHEAD:
        return Refused(
            code="position.time",
            expected="an observation made no later than five minutes from now",
            came="one in the future",
            status=422,
        )
    return None


def check_window(start: datetime | None, end: datetime | None) -> Refused | None:
    """A period ends after it begins."""
    if start and end and end <= start:
        return Refused(
            code="area.window", expected="valid_from before valid_until", came="the reverse", status=422
        )
    return None
