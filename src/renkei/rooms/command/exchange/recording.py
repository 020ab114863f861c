"""Facts as the fields of records: what a node's log has kinds for, and what of a structure it has not.

The other way is ``plans.recorded``.  Sites need positions, which a structure has none of; duty hours,
functions, responsibilities and legal bases have no records of their own: a plan holds them.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

import msgspec

from ..plans.model import LISTS, AnyFact, Post, Relation, Strength, Structure, Unit, facts_of, ref_of
from ..rules import PostFields, RelationFields, StrengthFields, UnitFields, relation_key, strength_key
from .left_out import LeftOuts
from .reading import Imported

F = TypeVar("F", Relation, Strength)
_DATES = frozenset({"since", "until", "status", "basis"})
_UNIT = frozenset({"form", "grade", "order", "since", "until", "basis"})
_POST = frozenset({"holder", "functions", "officers", "grade", "hours", "site"}) | _DATES
_RELATION = frozenset({"under"})
_USUAL = {"officers": "unknown"}
"""What a record's silence means, where that is not the usual of the fact."""


def as_recorded(imported: Imported, base: Structure, hq: str) -> Imported:
    """The same, relations and claims under the keys that records have, whatever a file calls them."""
    known = {ref_of(fact) for fact in facts_of(base)}
    places = dict(imported.places)

    def renamed(fact: F) -> F:
        kind, key = ref_of(fact)
        wanted = _record_key(fact)
        ours = f"{wanted} ({hq})"  # as recorded.from_records tells it from another headquarters' own
        wanted = ours if (kind, ours) in known else wanted
        places[kind, wanted] = places[kind, key]
        return msgspec.structs.replace(fact, key=wanted)

    structure = msgspec.structs.replace(
        imported.structure,
        relations=tuple(map(renamed, imported.structure.relations)),
        strengths=tuple(map(renamed, imported.structure.strengths)),
    )
    return imported._replace(structure=structure, places=places)


def _record_key(fact: Relation | Strength) -> str:
    if isinstance(fact, Relation):
        return relation_key(fact.relation, fact.subject, fact.object, fact.since)
    return strength_key(fact.subject, fact.counts, fact.claimed, fact.as_of, fact.source)


class Fields(NamedTuple):
    """The fields of records to be written, by kind of record."""

    units: list[UnitFields]
    posts: list[PostFields]
    relations: list[RelationFields]
    strengths: list[StrengthFields]


def named_by(facts: Iterable[AnyFact]) -> list[str]:
    """Codes of all units and sites that ``facts`` are, or name."""
    found: dict[str, None] = {}
    for fact in facts:
        for field in ("code", "unit", "site", "subject", "object"):
            if isinstance(code := getattr(fact, field, None), str):
                found[code] = None
    return list(found)


def fields_of(facts: Iterable[AnyFact], ids: Mapping[str, str], left_out: LeftOuts) -> Fields:
    """What of ``facts`` records can say; ``ids`` gives records of units and sites by code."""
    found = Fields([], [], [], [])
    for fact in facts:
        match fact:
            case Unit():
                found.units.append(_unit(fact, ids))
                _lose(fact, _UNIT, left_out)
            case Post():
                found.posts.append(_post(fact, ids))
                _lose(fact, _POST, left_out)
            case Relation():
                found.relations.append(_relation(fact, ids))
                _lose(fact, _RELATION, left_out)
            case Strength() if isinstance(fact.figure, int) and fact.subject_kind != "nation" and fact.source:
                found.strengths.append(_strength(fact, ids))
                _lose(fact, _DATES, left_out)
            case _:
                kind, key = ref_of(fact)
                left_out.add(LISTS[kind].replace("_", " "), "no record says this: import into a plan", key)
    return found


def _unit(fact: Unit, ids: Mapping[str, str]) -> UnitFields:
    return UnitFields(
        code=fact.code,
        names=fact.names,
        nation=fact.nation,
        level=fact.level,
        service=fact.service,
        role=fact.role,
        site=ids.get(fact.site),
        site_code=fact.site,
        status=fact.status,
        source=fact.source,
        confidence=fact.confidence,
        note=fact.note,
    )


def _post(fact: Post, ids: Mapping[str, str]) -> PostFields:
    return PostFields(
        code=fact.code,
        names=fact.names,
        unit=ids.get(fact.unit),
        unit_code=fact.unit,
        source=fact.source,
        confidence=fact.confidence,
        note=fact.note,
    )


def _relation(fact: Relation, ids: Mapping[str, str]) -> RelationFields:
    return RelationFields(
        relation=fact.relation,
        subject_code=fact.subject,
        object_code=fact.object,
        subject=ids.get(fact.subject),
        object=ids.get(fact.object),
        since=fact.since,
        until=fact.until,
        status=fact.status,
        basis=fact.basis,
        source=fact.source,
        confidence=fact.confidence,
        note=fact.note,
    )


def _strength(fact: Strength, ids: Mapping[str, str]) -> StrengthFields:
    return StrengthFields(
        subject_code=fact.subject,
        subject=ids.get(fact.subject),
        figure=int(fact.figure),
        counts=fact.counts,
        basis=fact.claimed,
        as_of=fact.as_of,
        source=fact.source,
        confidence=fact.confidence,
        note=fact.note,
    )


def _lose(fact: AnyFact, fields: frozenset[str], left_out: LeftOuts) -> None:
    usual = dict(zip(fact.__struct_fields__[::-1], fact.__struct_defaults__[::-1], strict=False)) | _USUAL
    kind, key = ref_of(fact)
    for field in sorted(fields):
        if getattr(fact, field) not in (usual.get(field), "unknown"):
            left_out.add(f"{field} of {LISTS[kind]}", "records have no place for it: import into a plan", key)
