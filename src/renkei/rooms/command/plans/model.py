"""A structure as dated facts, and a plan that changes it: one document, all of it data.

A *fact* says one thing, from a day until a day, on somebody's word: that a unit, post or site is there, who
holds a post, who is under whom, who is responsible for what.  Words and types are those of the room's
records wherever the same thing is meant; ``recorded.from_records`` turns a node's own records into facts.
Facts are told apart by their kind and key; a unit's, post's and site's key is its code.

A *plan* is a structure, the *phases* in which it changes, the *choices* not made yet and the *changes*: each
adds, ends or amends one fact, in a phase or on a day, always or only under some options.  One option of every
choice is a *branch*.  Nothing here is checked beyond its form: ``sound`` says whether the parts fit together.

What nobody has published is ``unknown``, which no check takes for a value; an empty text means there is none.
"""

from datetime import date
from typing import Annotated, Any, Literal, get_args

import msgspec

from ..paths.description import Duty, Off, Zone
from ..records import (
    UNKNOWN,
    Basis,
    Code,
    Confidence,
    Count,
    Form,
    Grade,
    Names,
    Note,
    Offset,
    Part,
    PartialDate,
    RelationKind,
    Short,
    Status,
    StrengthBasis,
    Unknown,
)

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=2_500)]
"""A claim's key holds who is counted and who says so, which a record gives a thousand characters each."""
FactKind = Literal[
    "unit", "post", "site", "hours", "function", "responsibility", "legal basis", "relation", "strength"
]
FACT_KINDS: tuple[FactKind, ...] = get_args(FactKind)

FUNCTIONS: dict[str, Names] = {
    "planning": Names(en="Planning", ja="計画"),
    "operations": Names(en="Operations", ja="運用"),
    "intelligence-support": Names(en="Intelligence support", ja="情報支援"),
    "logistics": Names(en="Logistics", ja="後方補給"),
    "communications": Names(en="Communications", ja="通信"),
    "exercises": Names(en="Exercises", ja="訓練・演習"),
    "alliance-management": Names(en="Alliance management", ja="同盟調整"),
    "disaster-relief": Names(en="Disaster relief", ja="災害派遣"),
    "release-review": Names(en="Release review", ja="開示審査"),
}
"""Functions every document knows; ``Function`` facts add to them."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of everything in a document."""


class Fact(_Part, frozen=True, kw_only=True, tag_field="kind"):
    """One thing that somebody says.

    It holds from ``since`` (None: for as long as is known) up to, not including, ``until``; ``announced``
    without ``since`` it does not hold yet, ``superseded`` without ``until`` no longer.  ``by`` is the
    headquarters that says so, if it came from its records.
    """

    since: date | None = None
    until: date | None = None
    status: Status = "in force"
    source: Note = ""
    confidence: Confidence = "medium"
    basis: Basis = "documented"
    note: Note = ""
    by: Short = ""


class Unit(Fact, frozen=True, kw_only=True, tag="unit"):
    """A headquarters, staff, force or agency; ``grade`` is its head's, ``order`` its place among equals."""

    code: Code
    names: Names
    nation: Key
    level: Short = UNKNOWN
    service: Short = UNKNOWN
    form: Form = "unit"
    grade: Grade | Unknown = UNKNOWN
    order: int = 0
    role: Note = ""
    site: Key | Literal[""] = ""


class Post(Fact, frozen=True, kw_only=True, tag="post"):
    """A seat, or several alike, in a unit.

    ``holder`` is a role that holds it (``us.5af.commander``), never a person; the same in several posts is a
    dual hat; "" is vacant.  ``hours`` "" means those of the site, and ``site`` "" the unit's.
    """

    code: Key
    unit: Code
    names: Names
    holder: Short = UNKNOWN
    functions: tuple[Key, ...] = ()
    officers: Count | Unknown = 1
    grade: Grade | Unknown = UNKNOWN
    hours: Short = ""
    site: Short = ""


class Site(Fact, frozen=True, kw_only=True, tag="site"):
    """A base, port, airfield or office, its zone (hours east of UTC, fixed) and its duty hours."""

    code: Code
    names: Names
    nation: Key
    utc_offset: Offset | Unknown = UNKNOWN
    hours: Short = UNKNOWN


class Hours(Fact, frozen=True, kw_only=True, tag="hours"):
    """Duty hours by name, as decision paths describe them; several spans are all of them together.

    With a ``zone`` its clock counts, and the spans' offsets are what it shows at some time of the year.  On
    days ``off``, of that clock, no span begins; checks compare ordinary weeks.
    """

    key: Key
    spans: tuple[Duty, ...] | Literal["always", "unknown"]
    zone: Zone = ""
    off: Off = ()


class Function(Fact, frozen=True, kw_only=True, tag="function"):
    """Something that must be done, beyond those in ``FUNCTIONS``, or a responsibility that has a name."""

    key: Key
    names: Names


class Responsibility(Fact, frozen=True, kw_only=True, tag="responsibility"):
    """What a unit or post has to do with a function, to what ``extent``, on which legal bases."""

    key: Key
    subject: Key
    subject_kind: Literal["unit", "post"] = "unit"
    function: Key
    part: Part
    extent: Note = ""
    under: tuple[Key, ...] = ()


class LegalBasis(Fact, frozen=True, kw_only=True, tag="legal basis"):
    """An agreement, law or order on which relations and responsibilities stand."""

    key: Key
    names: Names
    nations: tuple[Key, ...]


class Relation(Fact, frozen=True, kw_only=True, tag="relation"):
    """``subject`` is under ``object``, or deals with it (counterpart), on these legal bases."""

    key: Key
    relation: RelationKind
    subject: Code
    object: Code
    under: tuple[Key, ...] = ()


class Strength(Fact, frozen=True, kw_only=True, tag="strength"):
    """How many people a source says a unit, site or nation has: a claim, beside which others may stand.

    ``counts`` is who is counted, in the source's sense: figures are compared under one such definition only.
    """

    key: Key
    subject: Key
    subject_kind: Literal["unit", "site", "nation"]
    figure: Count | Unknown
    counts: Note
    claimed: StrengthBasis = "reported"
    as_of: PartialDate = ""


AnyFact = Unit | Post | Site | Hours | Function | Responsibility | LegalBasis | Relation | Strength
Ref = tuple[FactKind, str]
"""What a fact is known by."""


def ref_of(fact: AnyFact) -> Ref:
    """A fact's kind and key."""
    key = fact.code if isinstance(fact, Unit | Post | Site) else fact.key
    return fact.__struct_config__.tag, key  # type: ignore[return-value]


class Nation(_Part, frozen=True, kw_only=True):
    """A nation by the word its records use; ``shared`` is for bodies that belong to several ("Bilateral")."""

    key: Key
    names: Names
    shared: bool = False


class Structure(_Part, frozen=True, kw_only=True):
    """Everything said about who is there and who is what to whom, past, present and announced."""

    nations: tuple[Nation, ...]
    units: tuple[Unit, ...] = ()
    posts: tuple[Post, ...] = ()
    sites: tuple[Site, ...] = ()
    hours: tuple[Hours, ...] = ()
    functions: tuple[Function, ...] = ()
    responsibilities: tuple[Responsibility, ...] = ()
    legal_bases: tuple[LegalBasis, ...] = ()
    relations: tuple[Relation, ...] = ()
    strengths: tuple[Strength, ...] = ()


LISTS: dict[FactKind, str] = {
    "unit": "units",
    "post": "posts",
    "site": "sites",
    "hours": "hours",
    "function": "functions",
    "responsibility": "responsibilities",
    "legal basis": "legal_bases",
    "relation": "relations",
    "strength": "strengths",
}
"""Which list of a structure holds a kind."""


class Phase(_Part, frozen=True, kw_only=True):
    """A step of the plan; phases take effect in the order written.

    Without ``on`` its day is unknown: not before ``not_before`` and the phases above, nor after those below.
    """

    key: Key
    names: Names
    on: date | None = None
    not_before: date | None = None
    status: Status = "announced"
    source: Note = ""


class Option(_Part, frozen=True, kw_only=True):
    """One answer to a choice."""

    key: Key
    names: Names


class Choice(_Part, frozen=True, kw_only=True):
    """Something not decided: "authority X moves in phase 2a or 2b"."""

    key: Key
    names: Names
    options: tuple[Option, ...]


class Change(_Part, frozen=True, kw_only=True, tag_field="change"):
    """What every change says: when (its phase's day, or ``on``), under which options, on whose word."""

    key: Key
    phase: Key
    on: date | None = None
    when: dict[str, str] = {}
    status: Status = "announced"
    source: Note = ""
    confidence: Confidence = "medium"
    note: Note = ""


class Add(Change, frozen=True, kw_only=True, tag="add"):
    """The fact holds from that day; its own ``since`` stays empty, its ``until`` may end it."""

    fact: AnyFact


class End(Change, frozen=True, kw_only=True, tag="end"):
    """The fact no longer holds from that day."""

    kind: FactKind
    of: Key


class Amend(Change, frozen=True, kw_only=True, tag="amend"):
    """The fact says from that day what ``fields`` say, and otherwise what it said."""

    kind: FactKind
    of: Key
    fields: dict[str, Any]


AnyChange = Add | End | Amend


class Plan(_Part, frozen=True, kw_only=True):
    """A structure as it stands on the day ``start``, and how it is to change from then on."""

    title: Names
    start: date
    structure: Structure
    phases: tuple[Phase, ...] = ()
    choices: tuple[Choice, ...] = ()
    changes: tuple[AnyChange, ...] = ()
    synthetic: bool = False
    source: Note = ""


def target(change: AnyChange) -> Ref:
    """The fact that a change is about."""
    return ref_of(change.fact) if isinstance(change, Add) else (change.kind, change.of)


def facts_of(structure: Structure) -> tuple[AnyFact, ...]:
    """All facts, in the order of ``LISTS`` and as written."""
    return tuple(fact for name in LISTS.values() for fact in getattr(structure, name))


def names_in(fact: AnyFact) -> tuple[Ref, ...]:
    """The facts that it speaks of by name."""
    match fact:
        case Unit():
            named: list[Ref] = [("site", fact.site)]
        case Post():
            named = [("unit", fact.unit), ("site", fact.site), ("hours", fact.hours)]
        case Site():
            named = [("hours", fact.hours)]
        case Relation():
            named = [("unit", fact.subject), ("unit", fact.object), *(("legal basis", k) for k in fact.under)]
        case Responsibility():
            named = [(fact.subject_kind, fact.subject), *(("legal basis", k) for k in fact.under)]
        case _:
            named = []
    return tuple((kind, key) for kind, key in named if key and key != UNKNOWN)


def encode(document: Structure | Plan) -> bytes:
    """The document as JSON: the same for equal documents, without what is empty or as usual."""
    return msgspec.json.encode(document, order="deterministic")
