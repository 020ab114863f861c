"""What changes the structure: loading reference tables, asserting a relation, claiming a strength, naming a
headquarters, post, function or legal basis, assigning a responsibility, setting duty hours.

Loading is whole or not at all: tables are read and checked to the last row, then everything that is
new or different goes into the log in one append.  Loading the same tables again changes nothing.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from renkei.kernel.desk import Desk
from renkei.kernel.drafting import Words, append, one, revise, text_of
from renkei.kernel.errors import Refused
from renkei.kernel.labels.model import Label
from renkei.kernel.people import Permission
from renkei.kernel.records import HqId, Record
from renkei.kernel.seen import look_all

from . import rules
from .exchange import (
    Faults,
    Imported,
    Known,
    LeftOut,
    LeftOuts,
    Saying,
    as_recorded,
    check,
    counted,
    merge,
    named_by,
    nation_of_hq,
    sayings_of,
)
from .paths.description import Duty, Off, Zone
from .plans.model import Structure, facts_of, ref_of
from .plans.model import Unit as UnitFact
from .records import (
    MAX_SPANS,
    UNKNOWN,
    Basis,
    Code,
    Confidence,
    Count,
    Function,
    Grade,
    Headquarters,
    Hours,
    Keys,
    LegalBasis,
    Names,
    Note,
    Part,
    PartialDate,
    Post,
    Relation,
    RelationKind,
    Responsibility,
    Short,
    ShortKey,
    Site,
    Status,
    Strength,
    StrengthBasis,
    Unit,
    Unknown,
)
from .reference import read_sites, read_strengths, read_units
from .views import FACTS, by_code, name_of, own_names, structure_of

R = TypeVar("R", bound=Record)


class Loaded(msgspec.Struct, frozen=True):
    """What a load came to: records of each kind that were new, changed, and as they were."""

    new: dict[str, int]
    changed: dict[str, int]
    unchanged: int


class TakenIn(msgspec.Struct, frozen=True, rename="camel"):
    """What an import came to: facts of each kind new and changed, and what there was no place for."""

    new: dict[str, int]
    changed: dict[str, int]
    unchanged: int
    left_out: tuple[LeftOut, ...]
    written: bool


class RelationIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A relation to assert, between units by code."""

    relation: RelationKind
    subject_code: Code
    object_code: Code
    label: Label
    since: date | None = None
    until: date | None = None
    status: Status = "in force"
    basis: Basis = "documented"
    source: Note = ""
    confidence: Confidence = "medium"
    remark: Words | None = None
    under: Keys = ()


class StrengthIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many a source says a unit or site, by code, has."""

    subject_code: Code
    figure: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
    counts: Note
    source: Note
    label: Label
    basis: StrengthBasis = "reported"
    as_of: PartialDate = ""
    confidence: Confidence = "medium"
    note: Note = ""


class HeadquartersIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A headquarters that runs a node, and the unit it is."""

    hq: HqId
    names: Names
    label: Label
    unit_code: Short = ""
    zone: Short = ""


class _FactIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every dated statement says."""

    label: Label
    since: date | None = None
    until: date | None = None
    status: Status = "in force"
    basis: Basis = "documented"
    source: Note = ""
    confidence: Confidence = "medium"
    note: Note = ""


class PostIn(_FactIn, frozen=True, kw_only=True):
    """A post at one of our units: who holds it, its functions and duty hours."""

    code: ShortKey
    names: Names
    unit_code: Short = ""
    holder: Short = UNKNOWN
    functions: Keys = ()
    officers: Count | Unknown = UNKNOWN
    grade: Grade | Unknown = UNKNOWN
    hours: Short = ""
    site_code: Short = ""


class FunctionIn(_FactIn, frozen=True, kw_only=True):
    """A function beyond those that everybody knows."""

    key: ShortKey
    names: Names


class ResponsibilityIn(_FactIn, frozen=True, kw_only=True):
    """What one of our units, or the post ``post_code`` of it, has to do with a function."""

    unit_code: Code
    function: ShortKey
    part: Part
    post_code: Short = ""
    extent: Note = ""
    under: Keys = ()


class HoursIn(_FactIn, frozen=True, kw_only=True):
    """Duty hours by name; of which ``zone``, and on which days ``off`` not."""

    key: ShortKey
    spans: Annotated[tuple[Duty, ...], msgspec.Meta(max_length=MAX_SPANS)] | Literal["always", "unknown"]
    zone: Zone = ""
    off: Off = ()


class LegalBasisIn(_FactIn, frozen=True, kw_only=True):
    """An agreement, law or order."""

    key: ShortKey
    names: Names
    nations: Keys


def load_reference(
    desk: Desk,
    label: Label,
    units: bytes,
    sites: bytes,
    nations: tuple[str, ...] | None = None,
    strengths: bytes = b"",
) -> Loaded | Refused:
    """Load units, sites, relations and claims of strength of ``nations`` (default: those we speak for).

    Raises BadInput naming table, row and column; then nothing was applied.
    """
    if refused := desk.person.refuse(Permission.COMMAND_WRITE):
        return refused
    if refused := desk.policies.validate(label):
        return refused
    unit_rows, site_rows = read_units(units), read_sites(sites)
    strength_rows = read_strengths(strengths) if strengths else ()
    ours = rules.nations_of(desk.hq) if nations is None else nations
    load = _Load(desk, label.canonical())
    load.add(Site, rules.sites_of(site_rows, ours))
    load.add(Unit, rules.units_of(unit_rows, ours, load.ids_of(Site, [r.site for r in unit_rows])))
    load.add(Relation, rules.relations_of(unit_rows, ours, load.ids_of(Unit, [r.code for r in unit_rows])))
    whose = {site.code: site.nation for site in site_rows} | {unit.code: unit.nation for unit in unit_rows}
    subjects = [r.subject_code for r in strength_rows]
    ids = load.ids_of(Site, subjects) | load.ids_of(Unit, subjects)
    load.add(Strength, rules.strengths_of(strength_rows, whose, ours, ids))
    return load.append()


def take_in(desk: Desk, imported: Imported, label: Label, dry_run: bool = False) -> TakenIn | Refused:
    """Write what an import brings that is new or changed, all in one append; with ``dry_run`` nothing.

    Raises Faulty (``import.faults``) with every line that does not fit or is not this nation's to change.
    """
    if refused := desk.person.refuse(Permission.COMMAND_WRITE):
        return refused
    if refused := desk.policies.validate(label):
        return refused
    base, faults = structure_of(desk), Faults("import.faults")
    imported = as_recorded(imported, base, desk.hq)
    check(imported.structure, imported.places, faults, base)
    merged = merge(base, imported, nation_of_hq(desk.hq), faults)
    load, left_out = _Load(desk, label.canonical()), LeftOuts()
    facts = (*merged.new, *merged.changed)
    codes = named_by(facts)
    posts = {post.code: post.unit for post in merged.structure.posts}
    known = Known(desk.hq, load.ids_of(Site, codes), load.sites(), posts)
    units = [fact for fact in facts if isinstance(fact, UnitFact)]
    load.say(sayings_of(units, known, left_out))
    known = known._replace(ids={**known.ids, **load.ids_of(Unit, codes)})
    load.say(sayings_of([fact for fact in facts if not isinstance(fact, UnitFact)], known, left_out))
    if not dry_run:
        load.append()
    return TakenIn(
        new=counted(merged.new),
        changed=counted(merged.changed),
        unchanged=merged.unchanged,
        left_out=(*imported.left_out, *left_out.all()),
        written=not dry_run,
    )


def take_in_document(
    desk: Desk, structure: Structure, label: Label, dry_run: bool = False
) -> TakenIn | Refused:
    """The same for a structure that comes by itself, its facts placed by kind and key."""
    places = {ref_of(fact): " ".join(ref_of(fact)) for fact in facts_of(structure)}
    return take_in(desk, Imported(structure, places), label, dry_run)


class _Load:
    """One load: what is known of it already, and the records it comes to."""

    def __init__(self, desk: Desk, label: Label) -> None:
        self.desk, self.label, self.now = desk, label, desk.clock.now()
        self.names = own_names(desk, FACTS)
        ids = list(self.names.values())
        self.known: dict[str, Record] = {s.record.id: s.record for s in look_all(desk.views, ids, Record)}
        self.records: list[Record] = []
        self.loaded = Loaded(new={}, changed={}, unchanged=0)

    def add(self, kind: type[R], fields: Any) -> None:
        """Make a record or a new version of each, unless it says what is known already."""
        self.say((kind, {f: getattr(each, f) for f in each.__struct_fields__}) for each in fields)

    def say(self, sayings: Iterable[Saying]) -> None:
        """The same for fields by name."""
        for kind, values in sayings:
            made = kind(**self._header(), **values)
            tag, name = made.kind, name_of(made)
            before = self.known.get(self.names.get((tag, name), ""))
            if before is None:
                self.names[tag, name] = made.id
                self._count(self.loaded.new, tag, made)
            elif any(getattr(before, f) != v for f, v in values.items()) or before.label != self.label:
                changes = {**values, "label": self.label}
                self._count(self.loaded.changed, tag, revise(self.desk, before, self.now, **changes))
            else:
                self.loaded = msgspec.structs.replace(self.loaded, unchanged=self.loaded.unchanged + 1)

    def sites(self) -> dict[str, Site]:
        """Our own sites, by code."""
        return {record.code: record for record in self.known.values() if isinstance(record, Site)}

    def ids_of(self, kind: type[Unit] | type[Site], codes: list[str]) -> dict[str, str]:
        """Record ids by code: this load's own, and partners' records as far as they are here."""
        tag = str(kind.__struct_config__.tag)
        theirs = {code: seen.record.id for code, seen in by_code(self.desk, kind, codes).items()}
        return theirs | {name: id_ for (k, name), id_ in self.names.items() if k == tag}

    def append(self) -> Loaded:
        """Everything in one append, and what it came to."""
        if self.records:
            append(self.desk, self.records)
        return self.loaded

    def _header(self) -> dict[str, Any]:
        desk = self.desk
        return {
            "id": desk.new_id(self.now),
            "realm": desk.realm,
            "label": self.label,
            "at": self.now,
            "by": desk.person.post,
        }

    def _count(self, counts: dict[str, int], tag: str, record: Record) -> None:
        counts[tag] = counts.get(tag, 0) + 1
        self.records.append(record)


def assert_relation(desk: Desk, given: RelationIn) -> Relation | Refused:
    """Assert a relation, or say anew how it stands: the same kind, ends and beginning are one record."""
    ends = (given.subject_code, given.object_code)
    units = {code: seen.record.id for code, seen in by_code(desk, Unit, ends).items()}
    fields = {f: getattr(given, f) for f in given.__struct_fields__ if f not in ("label", "remark")}
    wrong = rules.check_relation(*ends, given.since, given.until)
    remark = text_of(desk, given.remark)
    if wrong is not None or isinstance(remark, Refused):
        return wrong or remark  # type: ignore[return-value]
    fields |= {"subject": units.get(ends[0]), "object": units.get(ends[1]), "remark": remark}
    return _put(desk, Relation, given.label, fields)


def claim_strength(desk: Desk, given: StrengthIn) -> Strength | Refused:
    """Record a claim, or the figure now given for the same: subject, who is counted, date and source."""
    code = given.subject_code
    known = by_code(desk, Site, [code]) | by_code(desk, Unit, [code])
    fields = {f: getattr(given, f) for f in given.__struct_fields__ if f != "label"}
    fields["subject"] = known[code].record.id if code in known else None
    if (wrong := rules.check_strength(rules.StrengthFields(**fields))) is not None:
        return wrong
    return _put(desk, Strength, given.label, fields)


def name_headquarters(desk: Desk, given: HeadquartersIn) -> Headquarters | Refused:
    """Record a headquarters, or what is now to be said of it."""
    unit = by_code(desk, Unit, [given.unit_code]).get(given.unit_code)
    fields = {"unit": unit.record.id if unit else None}
    fields |= {f: getattr(given, f) for f in ("hq", "names", "unit_code", "zone")}
    return _put(desk, Headquarters, given.label, fields)


def name_post(desk: Desk, given: PostIn) -> Post | Refused:
    """Record a post of ours, or what is now to be said of it."""
    return _state(desk, Post, given, given.unit_code)


def name_function(desk: Desk, given: FunctionIn) -> Function | Refused:
    """Record a function, or what is now to be said of it."""
    return _state(desk, Function, given)


def assign_responsibility(desk: Desk, given: ResponsibilityIn) -> Responsibility | Refused:
    """Record what one of our units or posts answers for; the same line from the same day is one record."""
    return _state(desk, Responsibility, given, given.unit_code)


def set_hours(desk: Desk, given: HoursIn) -> Hours | Refused:
    """Record duty hours, or what they now are."""
    if (wrong := rules.check_hours(given.spans, given.zone, given.off)) is not None:
        return wrong[1]
    return _state(desk, Hours, given)


def name_legal_basis(desk: Desk, given: LegalBasisIn) -> LegalBasis | Refused:
    """Record an agreement, law or order of which our nation is one side."""
    if not rules.speaks_for(desk.hq, given.nations):
        return Refused(
            code="structure.nation",
            expected="a legal basis of our own nation, among others or not",
            came=", ".join(given.nations) or "none",
            status=403,
        )
    return _state(desk, LegalBasis, given)


def _state(desk: Desk, kind: type[R], given: _FactIn, unit_code: str | None = None) -> R | Refused:
    """A dated statement; one about a unit is its own nation's to make."""
    fields = {f: getattr(given, f) for f in given.__struct_fields__ if f != "label"}
    if (wrong := rules.check_dates(given.since, given.until)) is not None:
        return wrong
    if unit_code is not None:
        unit = by_code(desk, Unit, [unit_code]).get(unit_code)
        known = unit.record if unit is not None and isinstance(unit.record, Unit) else None
        nation = known.nation if known else rules.nation_of_code(unit_code)
        if nation and not rules.speaks_for(desk.hq, [nation]):
            return Refused(
                code="structure.nation", expected="a unit of our own nation", came=unit_code, status=403
            )
        fields["unit"] = known.id if known else None
    return _put(desk, kind, given.label, fields)


def _put(desk: Desk, kind: type[R], label: Label, fields: dict[str, Any]) -> R | Refused:
    """The own record of that name, new or in its next version."""
    if refused := desk.person.refuse(Permission.COMMAND_WRITE):
        return refused
    if refused := desk.policies.validate(label):
        return refused
    now: datetime = desk.clock.now()
    header: dict[str, Any] = {
        "realm": desk.realm,
        "label": label.canonical(),
        "at": now,
        "by": desk.person.post,
    }
    made = kind(id=desk.new_id(now), **header, **fields)
    known = own_names(desk, [made.kind]).get((made.kind, name_of(made)))
    before = look_all(desk.views, [known], kind) if known else []
    if not before:
        return one(desk, made)
    return one(desk, revise(desk, before[0].record, now, label=header["label"], **fields))
