"""Facts as records: what kind of record says a fact, with which fields, and what of it none can.

The other way is ``plans.recorded``.  A site needs a position, which a structure has none of, so facts change
the sites that there are; strengths of a nation, and figures that nobody has, are no record's.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec

from renkei.kernel.records import Record

from .. import records
from ..plans.model import (
    LISTS,
    AnyFact,
    Function,
    Hours,
    LegalBasis,
    Post,
    Relation,
    Responsibility,
    Site,
    Strength,
    Structure,
    Unit,
    facts_of,
    ref_of,
)
from ..records import UNKNOWN
from ..rules import relation_key, responsibility_key, strength_key
from .left_out import LeftOuts
from .reading import Imported

F = TypeVar("F", Relation, Responsibility, Strength)
Fields = dict[str, Any]
Saying = tuple[type[Record], Fields]
"""A kind of record and its own fields."""
_SAID = ("source", "confidence", "note")
_DATED = ("since", "until", "status", "basis", *_SAID)
_OWNER = re.compile(r" \([a-z]{2}(\.[a-z0-9-]{1,20}){1,3}\)$")
"""What ``plans.recorded`` puts behind a key that several headquarters have."""
_LOST: dict[type[AnyFact], frozenset[str]] = {
    Strength: frozenset({"since", "until", "status", "basis"}),
    Site: frozenset({"since", "until", "status", "basis"}),
}
"""Fields for which a kind of record has no place."""


class Known(NamedTuple):
    """What writing a record takes: the headquarters that writes, records of units and sites by code, its own
    sites, and the units of posts by their keys.
    """

    hq: str
    ids: Mapping[str, str]
    sites: Mapping[str, records.Site]
    units: Mapping[str, str]

    def own(self, key: str) -> str:
        """What the headquarters itself calls a fact (see ``plans.recorded``)."""
        return key.removesuffix(f" ({self.hq})")


def as_recorded(imported: Imported, base: Structure, hq: str) -> Imported:
    """The same, what has no code or name under the key that records have, whatever a file calls it."""
    known = {ref_of(fact) for fact in facts_of(base)}
    places = dict(imported.places)

    def renamed(fact: F) -> F:
        kind, key = ref_of(fact)
        if (kind, key) in known and _OWNER.search(key):
            return fact
        wanted = record_key(fact)
        ours = f"{wanted} ({hq})"  # as recorded.from_records tells it from another headquarters' own
        wanted = ours if (kind, ours) in known else wanted
        places[kind, wanted] = places[kind, key]
        return msgspec.structs.replace(fact, key=wanted)

    structure = msgspec.structs.replace(
        imported.structure,
        relations=tuple(map(renamed, imported.structure.relations)),
        responsibilities=tuple(map(renamed, imported.structure.responsibilities)),
        strengths=tuple(map(renamed, imported.structure.strengths)),
    )
    return imported._replace(structure=structure, places=places)


def record_key(fact: Relation | Responsibility | Strength) -> str:
    """The key under which a record of the fact would come back."""
    if isinstance(fact, Relation):
        return relation_key(fact.relation, fact.subject, fact.object, fact.since)
    if isinstance(fact, Responsibility):
        return responsibility_key(
            _OWNER.sub("", fact.subject), fact.function, fact.part, fact.extent, fact.since
        )
    return strength_key(fact.subject, fact.counts, fact.claimed, fact.as_of, fact.source)


def named_by(facts: Iterable[AnyFact]) -> list[str]:
    """Codes of all units and sites that ``facts`` are, or name."""
    found: dict[str, None] = {}
    for fact in facts:
        for field in ("code", "unit", "site", "subject", "object"):
            if isinstance(code := getattr(fact, field, None), str):
                found[code] = None
    return list(found)


def sayings_of(facts: Iterable[AnyFact], known: Known, left_out: LeftOuts) -> list[Saying]:
    """What of ``facts`` records can say, in the order in which records name each other."""
    found = []
    for fact in sorted(facts, key=lambda fact: not isinstance(fact, Unit)):
        kind, key = ref_of(fact)
        said = saying_of(fact, known)
        if said is None:
            left_out.add(LISTS[kind].replace("_", " "), "no record says this: import into a plan", key)
        else:
            found.append(said)
            _lose(fact, left_out)
    return found


def saying_of(fact: AnyFact, known: Known) -> Saying | None:
    """The record that says the fact; None if no kind can."""
    kind, fields_of = _WRITTEN[type(fact)]
    fields = fields_of(fact, known)
    return None if fields is None else (kind, fields)


def _unit(fact: Unit, known: Known) -> Fields:
    same = ("code", "names", "nation", "level", "service", "role", "form", "grade", "order")
    return {**_same(fact, *same, *_DATED), "site": known.ids.get(fact.site), "site_code": fact.site}


def _post(fact: Post, known: Known) -> Fields:
    unit = {"unit": known.ids.get(fact.unit), "unit_code": fact.unit, "code": known.own(fact.code)}
    where = {"hours": known.own(fact.hours), "site_code": fact.site}
    return {**unit, **where, **_same(fact, "names", "holder", "functions", "officers", "grade", *_DATED)}


def _site(fact: Site, known: Known) -> Fields | None:
    if (site := known.sites.get(fact.code)) is None:
        return None
    kept = ("service", "site_type", "geometry", "precision_km")
    said = _same(fact, "code", "names", "nation", "utc_offset", *_SAID)
    return {**{name: getattr(site, name) for name in kept}, **said, "hours": known.own(fact.hours)}


def _hours(fact: Hours, known: Known) -> Fields:
    return {"key": known.own(fact.key), **_same(fact, "spans", "zone", "off", *_DATED)}


def _function(fact: Function, known: Known) -> Fields:
    return _same(fact, "key", "names", *_DATED)


def _legal_basis(fact: LegalBasis, known: Known) -> Fields:
    return _same(fact, "key", "names", "nations", *_DATED)


def _responsibility(fact: Responsibility, known: Known) -> Fields | None:
    of_post = fact.subject_kind == "post"
    unit = known.units.get(fact.subject) if of_post else fact.subject
    if unit is None:
        return None
    whose = {"unit_code": unit, "unit": known.ids.get(unit)}
    whose["post_code"] = known.own(fact.subject) if of_post else ""
    return {**whose, **_same(fact, "function", "part", "extent", "under", *_DATED)}


def _relation(fact: Relation, known: Known) -> Fields:
    ends = {f"{end}_code": getattr(fact, end) for end in ("subject", "object")}
    ends |= {end: known.ids.get(getattr(fact, end)) for end in ("subject", "object")}
    return {**ends, **_same(fact, "relation", "under", *_DATED)}


def _strength(fact: Strength, known: Known) -> Fields | None:
    if not isinstance(fact.figure, int) or fact.subject_kind == "nation" or not fact.source:
        return None
    subject = {"subject_code": fact.subject, "subject": known.ids.get(fact.subject)}
    return {**subject, **_same(fact, "figure", "counts", "as_of", *_SAID), "basis": fact.claimed}


_WRITTEN: dict[type[AnyFact], tuple[type[Record], Callable[[Any, Known], Fields | None]]] = {
    Unit: (records.Unit, _unit),
    Post: (records.Post, _post),
    Site: (records.Site, _site),
    Hours: (records.Hours, _hours),
    Function: (records.Function, _function),
    Responsibility: (records.Responsibility, _responsibility),
    LegalBasis: (records.LegalBasis, _legal_basis),
    Relation: (records.Relation, _relation),
    Strength: (records.Strength, _strength),
}


def _same(fact: AnyFact, *names: str) -> Fields:
    """Fields that records call by the same names."""
    return {name: getattr(fact, name) for name in names}


def _lose(fact: AnyFact, left_out: LeftOuts) -> None:
    usual = dict(zip(fact.__struct_fields__[::-1], fact.__struct_defaults__[::-1], strict=False))
    kind, key = ref_of(fact)
    for field in sorted(_LOST.get(type(fact), ())):
        if getattr(fact, field) not in (usual.get(field), UNKNOWN):
            left_out.add(f"{field} of {LISTS[kind]}", "records have no place for it: import into a plan", key)
