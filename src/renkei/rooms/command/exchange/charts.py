"""Orders of battle as trees under sides, as chart programs and simulations keep them, from and to facts.

Such a file draws each unit once, under one other or under its side.  It does not say which kind of relation
that is (MSDL may): the *hierarchy* says it, on the way in and out.  A side is a nation.  What a tree cannot
draw is listed; a format with room for it keeps along, for each unit, the facts that were drawn, so that what
nobody changed in the other program comes back as it was.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeVar

import msgspec

from ..plans.model import LISTS, AnyFact, Ref, Relation, Strength, Structure, Unit, facts_of, ref_of
from ..plans.recorded import NATIONS
from ..records import CODE_PATTERN, UNKNOWN, Names, ParentKind, Status
from ..rules import PREFIXES, in_force, relation_key, strength_key
from .columns import CONTROL
from .faults import Faults, shown
from .left_out import LeftOuts
from .reading import MAX_FACTS, Imported, check

MAX_LEVELS = 100
"""Units one under the other; an army's chart has some ten."""
LEAVE_OUT = "-"
"""As the nation of a side: its units are not wanted."""

_CODES = {"usa": "US", "jp": "Japan", "jpn": "Japan", "ph": "Philippines", "phl": "Philippines"}
"""Nations by their codes (ISO 3166), beside their names."""
_CODE_LENGTH = 28
_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u9fff]")

F = TypeVar("F", Unit, Relation)


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """The facts behind a drawn unit, kept along by a format that has room for them."""

    unit: Unit
    relation: Relation | None = None
    strengths: tuple[Strength, ...] = ()


class Support(NamedTuple):
    """That a drawn unit supports another, by that one's id, and how."""

    supported: str
    note: str = ""


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A unit as a file draws it.

    ``id`` is the file's, ``parent`` another's or "" for one right under its ``side``; ``relation`` is what
    the file says of that, ``people`` figures with who is counted.
    """

    where: str
    id: str
    name: str
    side: str
    parent: str = ""
    relation: ParentKind | None = None
    code: str = ""
    level: str = ""
    role: str = ""
    since: date | None = None
    until: date | None = None
    status: Status = "in force"
    people: tuple[tuple[int, str], ...] = ()
    supports: tuple[Support, ...] = ()
    kept: Kept | None = None


class Side(NamedTuple):
    """A side of a chart: the names it goes by, the likeliest first, and its place."""

    names: tuple[str, ...]
    where: str


class Scenario(NamedTuple):
    """What a file holds of an order of battle: its name, its sides by their ids, its units."""

    name: str
    sides: dict[str, Side]
    units: list[Drawn]


class Chart(NamedTuple):
    """A structure as it can be drawn, parents before those under them; sides by key and name."""

    sides: dict[str, str]
    units: list[Drawn]


# --- In -------------------------------------------------------------------------------------------------


def structure_of_chart(
    drawn: Iterable[Drawn],
    nations: Mapping[str, str],
    hierarchy: ParentKind,
    source: str,
    faults: Faults,
    left_out: LeftOuts,
    base: Structure | None = None,
) -> Imported:
    """The units and relations of a chart; ``nations`` gives what each side is.  Raises Faulty."""
    units = list(_wanted(drawn, nations, faults, left_out))
    codes = _codes(units, nations, faults)
    found: list[Unit] = []
    relations: list[Relation] = []
    strengths: list[Strength] = []
    places: dict[Ref, str] = {}
    for each in units:
        unit = _unit(each, codes[each.id], nations[each.side], source)
        above = _relation(each, unit, codes, hierarchy, source, faults, left_out)
        supports = list(_supports(each, unit, codes, source, faults))
        claims = [_claim(each, unit, figure, counts, source) for figure, counts in each.people]
        found.append(unit)
        relations += ([above] if above else []) + supports
        strengths += claims
        facts: list[AnyFact] = [unit, *([above] if above else []), *supports, *claims]
        places |= {ref_of(fact): each.where for fact in facts}
        if len(found) > MAX_FACTS:
            faults.add(each.where, f"at most {MAX_FACTS:,} units in one import", "more")
            break
    known = NATIONS | ({n.key: n for n in base.nations} if base else {})
    named = sorted({unit.nation for unit in found})
    structure = Structure(
        nations=tuple(known[key] for key in named if key in known),
        units=tuple(found),
        relations=tuple(relations),
        strengths=tuple({ref_of(s): s for s in strengths}.values()),
    )
    sites = {site.code for site in base.sites} if base else set()
    structure = _without_sites(structure, sites, places, left_out)
    check(structure, places, faults, base)
    faults.settle()
    return Imported(structure, places, left_out.all())


def nations_of_sides(
    sides: Mapping[str, Side], given: Mapping[str, str], faults: Faults, base: Structure | None = None
) -> dict[str, str]:
    """What nation each side is, by its id: as ``given`` by name, else that of its name.  Raises Faulty."""
    found: dict[str, str] = {}
    words = NATIONS.keys() | {nation.key for nation in (base.nations if base else ())}
    known = ", ".join([*NATIONS, *sorted(words - NATIONS.keys())])
    for id_, side in sides.items():
        nation = next((n for n in (_nation_of(name, given) for name in side.names) if n), None)
        if nation is not None and nation not in words | {LEAVE_OUT}:
            faults.add(side.where, f"a nation known here ({known}), or - to leave it out", shown(nation))
        elif nation is None:
            expected = f"a side named as a nation ({known}), or --side 'NAME=NATION' (NAME=- to leave it out)"
            faults.add(side.where, expected, shown(" / ".join(side.names) or "no name"))
        else:
            found[id_] = nation
    faults.settle()
    return found


def _nation_of(name: str, given: Mapping[str, str]) -> str | None:
    if name in given:
        return given[name]
    word = name.strip().casefold()
    for nation in NATIONS.values():
        if word in {nation.key.casefold(), nation.names.en.casefold(), nation.names.ja}:
            return nation.key
    return _CODES.get(word)


def _wanted(
    drawn: Iterable[Drawn], nations: Mapping[str, str], faults: Faults, left_out: LeftOuts
) -> Iterator[Drawn]:
    seen: dict[str, str] = {}
    for each in drawn:
        if nations.get(each.side) == LEAVE_OUT:
            left_out.add("units", "of a side that is not wanted", each.where)
            continue
        if each.id in seen:
            faults.add(each.where, f"each id once (first at {seen[each.id]})", shown(each.id))
            continue
        if not each.name.strip() or CONTROL.search(each.name) or len(each.name) > 200:
            faults.add(each.where, "a name of 1 to 200 characters", shown(each.name or "nothing"))
            continue
        seen[each.id] = each.where
        yield each


def _codes(units: Sequence[Drawn], nations: Mapping[str, str], faults: Faults) -> dict[str, str]:
    """A code for each unit by its id: the one the file gives if it is one, else made of its name."""
    codes: dict[str, str] = {}
    taken: dict[str, str] = {}
    for each in units:
        given = next((c for c in (each.code, each.id) if re.match(CODE_PATTERN, c)), "")
        if given in taken:
            faults.add(each.where, f"each code once (first at {taken[given]})", shown(given))
        if given:
            codes[each.id], taken[given] = given, each.where
    for each in units:
        if each.id not in codes:
            nation = nations[each.side]
            prefix = PREFIXES.get(nation, (re.sub("[^A-Z]", "", nation.upper()) + "XX")[:2])
            code = _fresh(prefix, each, taken)
            codes[each.id], taken[code] = code, each.where
    return codes


def _fresh(prefix: str, each: Drawn, taken: Mapping[str, str]) -> str:
    words = (re.sub("[^A-Z0-9]+", "-", text.upper()).strip("-") for text in (each.name, each.id, "UNIT"))
    stem = next(word for word in words if word)
    code, count = f"{prefix}-{stem[:_CODE_LENGTH]}", 1
    while code in taken:
        count += 1
        code = f"{prefix}-{stem[: _CODE_LENGTH - 1 - len(str(count))]}-{count}"
    return code


def _unit(each: Drawn, code: str, nation: str, source: str) -> Unit:
    if each.kept is not None:
        kept = each.kept.unit
        names = kept.names if each.name == shown_name(kept.names) else _names(each.name)
        status = kept.status if (each.since, each.until) == (kept.since, kept.until) else each.status
        changes = {"code": code, "nation": nation, "names": names, "status": status}
        return msgspec.structs.replace(kept, **changes, since=each.since, until=each.until)
    return Unit(
        code=code,
        names=_names(each.name),
        nation=nation,
        since=each.since,
        until=each.until,
        status=each.status,
        source=source,
        level=each.level[:200] or UNKNOWN,
        role=each.role[:1000],
    )


def shown_name(names: Names) -> str:
    """The one name a chart has room for."""
    return names.en or names.ja


def _names(name: str) -> Names:
    return Names(ja=name) if _JAPANESE.search(name) else Names(en=name)


def _relation(
    each: Drawn,
    unit: Unit,
    codes: Mapping[str, str],
    hierarchy: ParentKind,
    source: str,
    faults: Faults,
    left_out: LeftOuts,
) -> Relation | None:
    if not each.parent:
        return None
    above = codes.get(each.parent)
    if above is None:
        faults.add(each.where, "a unit of this file above it", shown(each.parent))
        return None
    kind = each.relation or hierarchy
    kept = each.kept.relation if each.kept else None
    if kept and (kept.relation, kept.subject, kept.object) == (kind, unit.code, above):
        return kept
    key = relation_key(kind, unit.code, above, None)
    return Relation(key=key, relation=kind, subject=unit.code, object=above, source=source)


def _supports(
    each: Drawn, unit: Unit, codes: Mapping[str, str], source: str, faults: Faults
) -> Iterator[Relation]:
    """Whom the unit supports; each once."""
    for supported, note in dict(each.supports).items():
        other = codes.get(supported)
        if other is None or other == unit.code:
            faults.add(each.where, "another unit of this file that it supports", shown(supported))
            continue
        key = relation_key("support", unit.code, other, None)
        yield Relation(key=key, relation="support", subject=unit.code, object=other, source=source, note=note)


def _claim(each: Drawn, unit: Unit, figure: int, counts: str, source: str) -> Strength:
    for kept in each.kept.strengths if each.kept else ():
        if (kept.figure, kept.counts, kept.subject) == (figure, counts, unit.code):
            return kept
    key = strength_key(unit.code, counts, "reported", "", source)
    return Strength(
        key=key, subject=unit.code, subject_kind="unit", figure=figure, counts=counts, source=source
    )


def _without_sites(
    structure: Structure, known: set[str], places: Mapping[Ref, str], left_out: LeftOuts
) -> Structure:
    """Units without the sites that are not there: charts have none of their own."""
    units = []
    for unit in structure.units:
        if unit.site and unit.site not in known:
            left_out.add("sites of units", "not in what it is imported into", places["unit", unit.code])
            unit = msgspec.structs.replace(unit, site="")  # noqa: PLW2901 - the same unit, without it
        units.append(unit)
    return msgspec.structs.replace(structure, units=tuple(units))


# --- Out ------------------------------------------------------------------------------------------------


def chart_of(
    structure: Structure, hierarchy: ParentKind, day: date, left_out: LeftOuts, *, keeps: bool
) -> Chart:
    """The tree of one hierarchy on ``day``.

    A format that ``keeps`` facts along has units of other days too; any other has beside the tree whom each
    unit supports, and all that it loses is listed.
    """
    units = {u.code: u for u in structure.units if keeps or in_force(u.status, u.since, u.until, day)}
    for unit in structure.units:
        if unit.code not in units:
            left_out.add("units", f"not in force on {day}", unit.code)
    supports = {} if keeps or hierarchy == "support" else _supported(structure, units, day, left_out)
    told = {r.key for found in supports.values() for r in found}
    above = _above(structure, units, hierarchy, day, left_out, told)
    claims = _claims(structure, units, left_out) if keeps else {}
    if not keeps:
        drawn_too = [r for found in supports.values() for r in found]
        _lose(units.values(), above.values(), drawn_too, structure.strengths, left_out)
    for fact in facts_of(structure):
        kind = ref_of(fact)[0]
        if kind not in {"unit", "relation", "strength"}:
            left_out.add(LISTS[kind].replace("_", " "), "a chart has no place for them", ref_of(fact)[1])
    drawn = [
        _drawn(unit, above.get(code), claims.get(code, ()), supports.get(code, ()))
        for code, unit in units.items()
    ]
    names = {nation.key: nation.names.en or nation.names.ja for nation in structure.nations}
    return Chart({unit.nation: names[unit.nation] for unit in units.values()}, _ordered(drawn))


def _supported(
    structure: Structure, units: Mapping[str, Unit], day: date, left_out: LeftOuts
) -> dict[str, list[Relation]]:
    """Whom each unit supports on ``day``, of whatever nation; of several that say the same the first."""
    found: dict[str, list[Relation]] = {}
    told: set[tuple[str, str]] = set()
    for r in structure.relations:
        there = r.subject in units and r.object in units and in_force(r.status, r.since, r.until, day)
        if r.relation == "support" and there and (r.subject, r.object) not in told:
            told.add((r.subject, r.object))
            found.setdefault(r.subject, []).append(r)
    return found


def _above(
    structure: Structure,
    units: Mapping[str, Unit],
    hierarchy: ParentKind,
    day: date,
    left_out: LeftOuts,
    told: Container[str],
) -> dict[str, Relation]:
    above: dict[str, Relation] = {}
    for r in structure.relations:
        if r.key in told:
            continue
        if r.relation != hierarchy:
            left_out.add(f"{r.relation} relations", f"the tree drawn is that of {hierarchy}", r.key)
        elif not in_force(r.status, r.since, r.until, day):
            left_out.add(f"{r.relation} relations", f"not in force on {day}", r.key)
        elif r.subject not in units or r.object not in units:
            left_out.add(f"{r.relation} relations", f"an end is not there on {day}", r.key)
        elif units[r.subject].nation != units[r.object].nation:
            left_out.add(f"{r.relation} relations", "a side is one nation's", r.key)
        elif r.subject in above:
            left_out.add(f"{r.relation} relations", "a tree draws a unit under one other", r.key)
        elif _leads_to(above, r.object, r.subject):
            left_out.add(f"{r.relation} relations", "a tree has no circle", r.key)
        else:
            above[r.subject] = r
    return above


def _lose(
    units: Iterable[Unit],
    relations: Iterable[Relation],
    supports: Iterable[Relation],
    claims: Iterable[Strength],
    left_out: LeftOuts,
) -> None:
    """List what of the units and relations drawn is not in the drawing."""
    why = "the format has no place for it"
    for unit in units:
        plain = Unit(code=unit.code, names=unit.names, nation=unit.nation, level=unit.level, role=unit.role)
        for field in unit.__struct_fields__:
            if getattr(unit, field) != getattr(plain, field):
                left_out.add(f"{field} of units", why, unit.code)
        if unit.names.en and unit.names.ja:
            left_out.add("Japanese names of units", why, unit.code)
    for relation in relations:
        ends = {field: getattr(relation, field) for field in ("key", "relation", "subject", "object")}
        plain_one = Relation(**ends)
        for field in relation.__struct_fields__:
            if getattr(relation, field) != getattr(plain_one, field):
                left_out.add(f"{field} of relations", why, relation.key)
    for support in supports:
        plain_one = Relation(
            key=support.key,
            relation="support",
            subject=support.subject,
            object=support.object,
            note=support.note,
        )
        for field in support.__struct_fields__:
            if getattr(support, field) != getattr(plain_one, field):
                left_out.add(f"{field} of relations", why, support.key)
    for claim in claims:
        left_out.add("claims of strength", why, claim.key)


def _leads_to(above: Mapping[str, Relation], begin: str, end: str) -> bool:
    at = begin
    while at != end and at in above:
        at = above[at].object
    return at == end


def _claims(
    structure: Structure, units: Mapping[str, Unit], left_out: LeftOuts
) -> dict[str, tuple[Strength, ...]]:
    claims: dict[str, tuple[Strength, ...]] = {}
    for claim in structure.strengths:
        of_unit = claim.subject_kind == "unit" and claim.subject in units
        if not of_unit or claim.figure == UNKNOWN or not claim.counts:
            left_out.add(
                "claims of strength", "not a figure, with who is counted, of a unit drawn", claim.key
            )
        else:
            claims[claim.subject] = (*claims.get(claim.subject, ()), claim)
    return claims


def _drawn(
    unit: Unit, relation: Relation | None, claims: tuple[Strength, ...], supports: Iterable[Relation]
) -> Drawn:
    return Drawn(
        where=unit.code,
        id=unit.code,
        code=unit.code,
        name=shown_name(unit.names),
        side=unit.nation,
        parent=relation.object if relation else "",
        relation=relation.relation if relation and relation.relation != "counterpart" else None,
        level=unit.level,
        role=unit.role,
        since=unit.since,
        until=unit.until,
        status=unit.status,
        people=tuple((claim.figure, claim.counts) for claim in claims if isinstance(claim.figure, int)),
        supports=tuple(Support(r.object, r.note) for r in supports),
        kept=Kept(unit, relation, claims),
    )


def _ordered(drawn: Sequence[Drawn]) -> list[Drawn]:
    """Parents before those under them, else as they were."""
    under: dict[str, list[Drawn]] = {}
    for each in drawn:
        under.setdefault(each.parent, []).append(each)
    found: list[Drawn] = []
    waiting = list(reversed(under.get("", [])))
    while waiting:
        each = waiting.pop()
        found.append(each)
        waiting += reversed(under.get(each.id, []))
    return found
