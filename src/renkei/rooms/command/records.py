"""Who commands, supports and corresponds to whom, who is responsible for what, and when they are on duty:
headquarters, units, posts, sites, relations, strengths, functions, responsibilities, duty hours, legal bases.

Practice followed: a relation is a dated fact with a source, a confidence and a basis, as units and
their relationships are exchanged in coalition order-of-battle services (the GFM Data Initiative's
"establishment" and "association", and the command relationships of AAP-06).  Nothing is inferred from
the chart: two headquarters may assert different relations about the same pair, and both are kept.

A ``code`` is the public name by which both nations' records meet (``US-USFJ``): a relation that
crosses the border names the other side's unit by code, because its record may not have arrived, or
may never be released.  The reference beside it is filled when the record is known.  Functions and legal bases
meet by their key in the same way; duty hours are told apart by key and headquarters, for everybody has "day".
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Final, Literal

import msgspec

from renkei.kernel.geojson import Point, bounds
from renkei.kernel.labels.model import Label
from renkei.kernel.records import HqId, Record, RecordId, Text

from .paths.description import Duty, Off, Zone

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

UNKNOWN: Final = "unknown"
"""What nobody has published; an empty text means that there is none."""
Unknown = Literal["unknown"]
ShortKey = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
"""By what functions, duty hours and legal bases are known."""
Count = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
Grade = Annotated[int, msgspec.Meta(ge=1, le=10)]
"""An officer grade after STANAG 2116: ``OF-8`` (three stars) is 8, so higher is more senior."""
Part = Literal["responsible", "accountable", "consulted", "informed"]
"""What somebody has to do with a function: the four parts of a RACI chart."""
Form = Literal["unit", "coordination body"]
"""A coordination body brings others together and commands nobody."""
Offset = Annotated[float, msgspec.Meta(ge=-12, le=14)]
"""Hours east of UTC, the year round."""
MAX_KEYS = 200
"""Functions of one post, nations of one agreement, bases of one relation: a page of them."""
Keys = Annotated[tuple[ShortKey, ...], msgspec.Meta(max_length=MAX_KEYS)]
MAX_SPANS = 21
"""Spans of duty in one week: three watches on each of seven days."""


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
        for text in (self.names.en, self.names.ja, getattr(self, "code", ""), getattr(self, "key", "")):
            if text:
                yield None, text


class _Dated(_Named, frozen=True, kw_only=True):
    """What holds from ``since`` up to, not including, ``until``, as ``rules.in_force`` tells."""

    since: date | None = None
    until: date | None = None
    status: Status = "in force"
    basis: Basis = "documented"


class Headquarters(_Named, frozen=True, kw_only=True, tag="headquarters"):
    """An organisation that runs a node: its id on the links, and the unit it is."""

    hq: HqId
    unit: RecordId | None = None
    unit_code: Short = ""
    zone: Short = ""


class Unit(_Named, frozen=True, kw_only=True, tag="unit"):
    """A headquarters, staff, force or agency, military or civil, at the level it is publicly known.

    ``grade`` is its head's, ``order`` its place among equals.
    """

    code: Code
    nation: Short
    level: Short
    service: Short
    role: Note = ""
    site: RecordId | None = None
    site_code: Short = ""
    status: Status = "in force"
    since: date | None = None
    until: date | None = None
    basis: Basis = "documented"
    form: Form = "unit"
    grade: Grade | Unknown = UNKNOWN
    order: int = 0


class Post(_Dated, frozen=True, kw_only=True, tag="post"):
    """A seat, or several alike, that somebody holds, never the person: "Watch officer, JJOC".

    ``holder`` is the role that holds it; the same in several posts is a dual hat, "" is vacant.  ``hours`` is
    the key of its headquarters' duty hours, "" for those of the site; ``site_code`` "" is the unit's.
    """

    code: Short
    unit: RecordId | None = None
    unit_code: Short = ""
    holder: Short = UNKNOWN
    functions: Keys = ()
    officers: Count | Unknown = UNKNOWN
    grade: Grade | Unknown = UNKNOWN
    hours: Short = ""
    site_code: Short = ""


class Site(_Named, frozen=True, kw_only=True, tag="site"):
    """A base, port, airfield or office.

    ``geometry`` is rounded on purpose; ``precision_km`` says to what.  ``personnel`` is a published
    figure and ``personnel_basis`` what it counts: a claim, not a constant.  ``utc_offset`` is its time zone,
    ``hours`` the key of its duty hours.
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
    utc_offset: Offset | Unknown = UNKNOWN
    hours: Short = UNKNOWN

    def bounds(self) -> tuple[float, float, float, float] | None:
        """The site's position."""
        return bounds(self.geometry)


class Relation(Record, frozen=True, kw_only=True, tag="relation"):
    """``subject`` stands in this relation to ``object``: its parent of a kind, or its counterpart.

    Read "subject is under object" for a parent kind, "subject deals with object" for counterpart.
    ``since`` and ``until`` are None where the source gives no date.  ``under`` are keys of legal bases.
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
    under: Keys = ()


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


class Function(_Dated, frozen=True, kw_only=True, tag="function"):
    """Something that must be done, beyond the functions everybody knows, or a responsibility with a name."""

    key: ShortKey


class Responsibility(Record, frozen=True, kw_only=True, tag="responsibility"):
    """What a unit, or one of its posts, has to do with a function, to what ``extent``, on which bases."""

    unit_code: Code
    unit: RecordId | None = None
    post_code: Short = ""
    function: ShortKey
    part: Part
    extent: Note = ""
    under: Keys = ()
    since: date | None = None
    until: date | None = None
    status: Status = "in force"
    basis: Basis = "documented"
    source: Note = ""
    confidence: Confidence = "medium"
    note: Note = ""

    def texts(self) -> Iterator[tuple[Label | None, str]]:
        """Whose it is, and for what."""
        yield from super().texts()
        said = (self.unit_code, self.post_code, self.function, self.extent)
        yield from ((None, text) for text in said if text)


class Hours(Record, frozen=True, kw_only=True, tag="hours"):
    """Duty hours by name, in the time zone that each span gives; several spans are all of them together.

    With a ``zone`` (IANA name) its clock counts, and each span's offset is one that it shows at some time of
    the year.  On days ``off``, of that clock, no span begins.
    """

    key: ShortKey
    spans: Annotated[tuple[Duty, ...], msgspec.Meta(max_length=MAX_SPANS)] | Literal["always", "unknown"]
    since: date | None = None
    until: date | None = None
    status: Status = "in force"
    basis: Basis = "documented"
    source: Note = ""
    confidence: Confidence = "medium"
    note: Note = ""
    zone: Zone = ""
    off: Off = ()

    def texts(self) -> Iterator[tuple[Label | None, str]]:
        """What they are called."""
        yield from super().texts()
        yield None, self.key


class LegalBasis(_Dated, frozen=True, kw_only=True, tag="legal-basis"):
    """An agreement, law or order between or in ``nations``, on which relations and responsibilities stand."""

    key: ShortKey
    nations: Keys


KINDS: tuple[type[Record], ...] = (
    Headquarters,
    Unit,
    Post,
    Site,
    Relation,
    Strength,
    Function,
    Responsibility,
    Hours,
    LegalBasis,
)
