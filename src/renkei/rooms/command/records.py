"""Who commands, supports and corresponds to whom: headquarters, units, posts, sites, relations, strengths.

Practice followed: a relation is a dated fact with a source, a confidence and a basis, as units and
their relationships are exchanged in coalition order-of-battle services (the GFM Data Initiative's
"establishment" and "association", and the command relationships of AAP-06).  Nothing is inferred from
the chart: two headquarters may assert different relations about the same pair, and both are kept.

A ``code`` is the public name by which both nations' records meet (``US-USFJ``): a relation that
crosses the border names the other side's unit by code, because its record may not have arrived, or
may never be released.  The reference beside it is filled when the record is known.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

import msgspec

from renkei.kernel.geojson import Point, bounds
from renkei.kernel.labels.model import Label
from renkei.kernel.records import HqId, Record, RecordId, Text

CODE_PATTERN = r"^[A-Z]{2}-[A-Z0-9-]{1,28}$"

Code = Annotated[str, msgspec.Meta(pattern=CODE_PATTERN)]
Short = Annotated[str, msgspec.Meta(max_length=200)]
Note = Annotated[str, msgspec.Meta(max_length=1000)]

Confidence = Literal["high", "medium", "low"]
Basis = Literal["documented", "customary", "inferred"]
ParentKind = Literal["command", "opcon", "tacon", "support", "administrative", "coordination", "liaison"]
RelationKind = ParentKind | Literal["counterpart"]
StrengthBasis = Literal["reported", "authorised", "planned"]
DATE_PATTERN = r"^([0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?$"
PartialDate = Annotated[str, msgspec.Meta(pattern=DATE_PATTERN)]
"""As precise as the source: a year, a month or a day; "" where it gives none."""
Status = Literal["announced", "in force", "superseded"]


class Names(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A name in both languages; either may be missing, not both."""

    en: Short = ""
    ja: Short = ""


class _Named(Record, frozen=True, kw_only=True):
    """What has a public name, and says where it is known from."""

    names: Names
    source: Note = ""
    confidence: Confidence = "medium"
    note: Note = ""

    def texts(self) -> Iterator[tuple[Label | None, str]]:
        """The names, in each language, and the code if there is one."""
        yield from super().texts()
        for text in (self.names.en, self.names.ja, getattr(self, "code", "")):
            if text:
                yield None, text


class Headquarters(_Named, frozen=True, kw_only=True, tag="headquarters"):
    """An organisation that runs a node: its id on the links, and the unit it is."""

    hq: HqId
    unit: RecordId | None = None
    unit_code: Short = ""
    zone: Short = ""


class Unit(_Named, frozen=True, kw_only=True, tag="unit"):
    """A headquarters, staff, force or agency, military or civil, at the level it is publicly known."""

    code: Code
    nation: Short
    level: Short
    service: Short
    role: Note = ""
    site: RecordId | None = None
    site_code: Short = ""
    status: Status = "in force"


class Post(_Named, frozen=True, kw_only=True, tag="post"):
    """A seat that somebody holds, never the person: "Watch officer, JJOC"."""

    code: Short
    unit: RecordId | None = None
    unit_code: Short = ""


class Site(_Named, frozen=True, kw_only=True, tag="site"):
    """A base, port, airfield or office.

    ``geometry`` is rounded on purpose; ``precision_km`` says to what.  ``personnel`` is a published
    figure and ``personnel_basis`` what it counts: a claim, not a constant.
    """

    code: Code
    nation: Short
    service: Short
    site_type: Short
    geometry: Point
    precision_km: Annotated[float, msgspec.Meta(ge=0, le=100)]
    prefecture: Short = ""
    area: Short = ""
    shared_with: Short = ""
    personnel: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] | None = None
    personnel_basis: Note = ""

    def bounds(self) -> tuple[float, float, float, float] | None:
        """The site's position."""
        return bounds(self.geometry)


class Relation(Record, frozen=True, kw_only=True, tag="relation"):
    """``subject`` stands in this relation to ``object``: its parent of a kind, or its counterpart.

    Read "subject is under object" for a parent kind, "subject deals with object" for counterpart.
    ``since`` and ``until`` are None where the source gives no date.
    """

    relation: RelationKind
    subject_code: Code
    object_code: Code
    subject: RecordId | None = None
    object: RecordId | None = None
    since: date | None = None
    until: date | None = None
    status: Status = "in force"
    basis: Basis = "documented"
    source: Note = ""
    confidence: Confidence = "medium"
    note: Note = ""
    remark: Text | None = None


class Strength(Record, frozen=True, kw_only=True, tag="strength"):
    """How many people a source says a unit or site has: a claim, never a constant.

    Sources differ in what they count, when and how; claims about one subject stand side by side, and nothing
    adds them up.  ``counts`` says who is counted, in the source's sense.
    """

    subject_code: Code
    subject: RecordId | None = None
    figure: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
    counts: Note
    basis: StrengthBasis = "reported"
    as_of: PartialDate = ""
    source: Note
    confidence: Confidence = "medium"
    note: Note = ""

    def texts(self) -> Iterator[tuple[Label | None, str]]:
        """Whom it is about and who is counted."""
        yield from super().texts()
        yield None, self.subject_code
        yield None, self.counts


KINDS: tuple[type[Record], ...] = (Headquarters, Unit, Post, Site, Relation, Strength)
