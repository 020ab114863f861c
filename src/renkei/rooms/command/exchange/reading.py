"""From rows to a structure: every row a fact, every fault named by its row and column, whole or not at all.

What an import must satisfy beyond the form of its cells: nations, units, sites and bases that are known,
dates in order, no fact twice, and nobody above themselves on any day.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from ..plans.model import (
    FUNCTIONS,
    LISTS,
    AnyFact,
    Hours,
    Nation,
    Ref,
    Relation,
    Structure,
    facts_of,
    ref_of,
)
from ..plans.recorded import NATIONS
from ..records import UNKNOWN
from ..rules import PARENT_KINDS, check_hours
from .columns import KINDS, Cell, Item, columns_of, item_of, key_column
from .faults import Faults, shown
from .left_out import LeftOut

MAX_FACTS = 250_000
"""Facts in one import: twice the largest structure that checks are made for, some 300 MB while it is read."""


class Row(NamedTuple):
    """One row: its place in words ("orders.csv row 3"), and its cells by column."""

    where: str
    cells: Mapping[str, Cell]


class Table(NamedTuple):
    """A table as a file holds it; ``name`` says what the rows are if no column ``kind`` does."""

    name: str
    where: str
    columns: tuple[str, ...]
    rows: Iterable[Row]


class Imported(NamedTuple):
    """What a file says, where it says each fact, and what of it was left out."""

    structure: Structure
    places: dict[Ref, str]
    left_out: tuple[LeftOut, ...] = ()


def structure_of_tables(
    tables: Iterable[Table],
    faults: Faults,
    base: Structure | None = None,
    moved: Callable[[int], None] = lambda rows: None,
) -> Imported:
    """The facts in ``tables``, which may speak of what ``base`` has; ``moved`` hears how many rows are read.

    Raises Faulty.
    """
    items: dict[Ref, Item] = {}
    faulty: set[tuple[str, str]] = set()
    places: dict[Ref, str] = {}
    for count, (kind, row) in enumerate(_rows(tables, faults)):
        if count == MAX_FACTS:
            faults.add(row.where, f"at most {MAX_FACTS:,} facts in one import", "more")
            break
        item, wrong = item_of(kind, row.cells)
        for column, expected, came in wrong:
            faults.add(f"{row.where} column {column}", expected, came)
        if item is None:
            faulty.add((kind, str(row.cells.get(key_column(kind)))))
        else:
            ref = _ref(item)
            if ref in items:
                where = f"{row.where} column {key_column(kind)}"
                faults.add(where, f"each {kind} once (first at {places[ref]})", shown(ref[1]))
            items[ref], places[ref] = item, row.where
        if count % 1000 == 0:
            moved(count)
    found = _gathered(items.values(), base)
    check(found, places, faults, base, faulty)
    faults.settle()
    return Imported(found, places)


def check(
    found: Structure,
    places: Mapping[Ref, str],
    faults: Faults,
    base: Structure | None = None,
    faulty: Iterable[tuple[str, str]] = (),
) -> None:
    """Note what does not fit together in ``found``, by the places of its facts.

    ``faulty`` are kinds and keys of rows with faults of their own, which may be named all the same.
    """
    known = _Known(found, base, faulty)
    for fact in facts_of(found):
        where = places[ref_of(fact)]
        for column, expected, came in _wrong(fact, known):
            faults.add(f"{where} column {column}", expected, shown(came))
    for cycle in cycles(found.relations):
        first = places[ref_of(cycle[0])]
        others = ", ".join(places[ref_of(r)] for r in cycle[1:])
        chain = " under ".join([cycle[0].subject, *(r.object for r in cycle)])
        faults.add(f"{first} column object", "nobody above themselves", f"{chain} (with {others})")


# --- Rows -----------------------------------------------------------------------------------------------


def _rows(tables: Iterable[Table], faults: Faults) -> Iterator[tuple[str, Row]]:
    for table in tables:
        kind_of = _kind_of(table, faults)
        if kind_of is None:
            continue
        for row in table.rows:
            kind = kind_of(row)
            if kind not in KINDS:
                faults.add(f"{row.where} column kind", "one of " + ", ".join(KINDS), shown(kind or "nothing"))
                continue
            foreign = [c for c, cell in row.cells.items() if cell not in (None, "") and c not in _NAMES[kind]]
            for column in foreign:
                faults.add(f"{row.where} column {column}", f"an empty cell: a {kind} has none", "a value")
            yield kind, row


def _kind_of(table: Table, faults: Faults) -> Callable[[Row], str] | None:
    """How to tell the kind of the table's rows; None if the header tells that nothing can be read."""
    for column in table.columns:
        if column not in _ALL:
            faults.add(f"{table.where} column {column}", f"one of {', '.join(sorted(_ALL))}", shown(column))
    if len(set(table.columns)) < len(table.columns):
        faults.add(table.where, "each column once", "one twice")
        return None
    if "kind" in table.columns:
        return lambda row: str(row.cells.get("kind") or "").strip()
    kind = _BY_LIST.get(table.name.lower())
    if kind is None:
        names = ", ".join(_BY_LIST)
        faults.add(table.where, f"a column kind, or a table named one of {names}", shown(table.name))
        return None
    return lambda row: kind


_BY_LIST = {"nations": "nation", **{name.replace("_", " "): kind for kind, name in LISTS.items()}}
_NAMES = {kind: frozenset({"kind", *(c.name for c in columns_of(kind))}) for kind in KINDS}
_ALL = frozenset().union(*_NAMES.values())


def _ref(item: Item) -> Ref:
    return ("nation", item.key) if isinstance(item, Nation) else ref_of(item)  # type: ignore[return-value]


def _gathered(items: Iterable[Item], base: Structure | None) -> Structure:
    lists: dict[str, list[Any]] = {"nations": [], **{name: [] for name in LISTS.values()}}
    for item in items:
        kind = _ref(item)[0]
        lists["nations" if isinstance(item, Nation) else LISTS[kind]].append(item)
    written = {nation.key for nation in lists["nations"]}
    named = {fact.nation for name in ("units", "sites") for fact in lists[name]}
    named |= {n for basis in lists["legal_bases"] for n in basis.nations}
    named |= {s.subject for s in lists["strengths"] if s.subject_kind == "nation"}
    others = NATIONS | ({n.key: n for n in base.nations} if base else {})
    lists["nations"] += [others[key] for key in sorted(named - written) if key in others]
    return Structure(**{name: tuple(found) for name, found in lists.items()})


# --- What fits together ---------------------------------------------------------------------------------


class _Known:
    """The keys a fact may name: those of the file and of what it is imported into."""

    def __init__(self, found: Structure, base: Structure | None, faulty: Iterable[tuple[str, str]]) -> None:
        both = [found] if base is None else [found, base]
        self.keys: dict[str, set[str]] = {
            kind: {ref_of(fact)[1] for s in both for fact in getattr(s, name)} for kind, name in LISTS.items()
        }
        self.keys["function"] |= FUNCTIONS.keys()
        self.keys["nation"] = {nation.key for s in both for nation in s.nations}
        for kind, key in faulty:
            self.keys[kind].add(key)


def _wrong(fact: AnyFact, known: _Known) -> Iterator[tuple[str, str, str]]:
    """Column, what was expected and what came, of each thing wrong with one fact."""
    if fact.since and fact.until and fact.until <= fact.since:
        yield "until", f"a day after since ({fact.since.isoformat()})", fact.until.isoformat()
    for column, kind, keys in _named(fact):
        for key in keys:
            if key not in known.keys[kind]:
                yield column, f"a {kind} of this file or of what it is imported into", key
    if isinstance(fact, Relation) and fact.subject == fact.object:
        yield "object", "two different units", fact.object
    if isinstance(fact, Hours):
        wrong = check_hours(fact.spans, fact.zone, fact.off)
        if wrong is not None:
            yield wrong[0], wrong[1].expected, wrong[1].came


def _named(fact: AnyFact) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """The columns by which a fact names others: column, kind, keys."""
    kind = ref_of(fact)[0]
    for column, of in _NAMING.get(kind, ()):
        value = getattr(fact, column)
        keys = value if isinstance(value, tuple) else (value,)
        yield column, of, tuple(k for k in keys if k not in ("", UNKNOWN))
    if kind in {"responsibility", "strength"}:
        yield "subject", fact.subject_kind, (fact.subject,)  # type: ignore[union-attr]


_NAMING: dict[str, tuple[tuple[str, str], ...]] = {
    "unit": (("nation", "nation"), ("site", "site")),
    "post": (("unit", "unit"), ("functions", "function"), ("hours", "hours"), ("site", "site")),
    "site": (("nation", "nation"), ("hours", "hours")),
    "responsibility": (("function", "function"), ("under", "legal basis")),
    "legal basis": (("nations", "nation"),),
    "relation": (("subject", "unit"), ("object", "unit"), ("under", "legal basis")),
}


# --- Cycles ---------------------------------------------------------------------------------------------


def cycles(relations: Iterable[Relation]) -> list[list[Relation]]:
    """Chains that lead back to where they began, at most one of each kind of relation.

    Only relations that all hold on one day make one; the first such day is looked for.
    """
    found: list[list[Relation]] = []
    for kind in PARENT_KINDS:
        edges = [r for r in relations if r.relation == kind and _ever(r) and r.subject != r.object]
        knot = _knot(edges)
        days = sorted({r.since or date.min for r in knot})
        closed = (_closed([r for r in knot if _on(r, day)]) for day in days)
        if chain := next(filter(None, closed), None):
            found.append(chain)
    return found


def _ever(r: Relation) -> bool:
    """Whether the relation holds on any day; see ``Fact``."""
    return not (r.status == "announced" and r.since is None) and not (
        r.status == "superseded" and r.until is None
    )


def _on(r: Relation, day: date) -> bool:
    return (r.since is None or r.since <= day) and (r.until is None or day < r.until)


def _knot(edges: list[Relation]) -> list[Relation]:
    """The edges that can be part of a cycle: what remains when ends that lead nowhere are taken away."""
    while True:
        above, below = {r.object for r in edges}, {r.subject for r in edges}
        kept = [r for r in edges if r.object in below and r.subject in above]
        if len(kept) == len(edges):
            return edges
        edges = kept


def _closed(edges: list[Relation]) -> list[Relation] | None:
    """A cycle among ``edges``, if there is one."""
    up: dict[str, list[Relation]] = {}
    for edge in edges:
        up.setdefault(edge.subject, []).append(edge)
    done: set[str] = set()
    for start, first in up.items():
        chain: list[Relation] = []
        inside = {start: 0}
        stack = [(start, iter(first))] if start not in done else []
        while stack:
            node, rest = stack[-1]
            r = next(rest, None)
            if r is None:
                stack.pop()
                done.add(node)
                inside.pop(node, None)
                if chain:
                    chain.pop()
            elif r.object in inside:
                return [*chain[inside[r.object] :], r]
            elif r.object in up and r.object not in done:
                inside[r.object] = len(stack)
                chain.append(r)
                stack.append((r.object, iter(up[r.object])))
    return None
