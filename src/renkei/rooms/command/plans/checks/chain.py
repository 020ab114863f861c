"""Checks of hierarchies: orphans, cycles, double command, span, and bodies that command nobody.

A cell is a unit.
"""

from collections.abc import Iterable
from typing import ClassVar

from ..model import AnyFact, FactKind, Post, Ref, Relation, Unit
from ..state import State
from .base import MAX_WITNESS, Cell, Check, Found, Memory, refs
from .rules import Cycle, Double, Nobody, Orphan, Rule, Span


class _ByUnit(Check):
    kinds: ClassVar[frozenset[FactKind]] = frozenset({"unit", "relation"})

    def cells(self, state: State) -> Iterable[Cell]:
        return ((code,) for code in state.units)


def _around(state: State, kinds: Iterable[str], code: str, end: str) -> Iterable[Cell]:
    """Units at the other end of a unit's relations, whether in force or not."""
    index = state.below if end == "subject" else state.above
    for kind in kinds:
        for key in index[kind].get(code, ()):
            yield (getattr(state.relations[key], end),)


class _OrphanCheck(_ByUnit):
    """Units without anybody above them; posts and relations without their unit."""

    kinds = frozenset({"unit", "relation", "post"})
    rule: Orphan

    def cells(self, state: State) -> Iterable[Cell]:
        """Every unit, and every one that something is left of."""
        named = {code for index in (*state.above.values(), *state.below.values()) for code in index}
        return ((code,) for code in state.units.keys() | state.posts_of.keys() | named)

    def touched(self, state: State, fact: AnyFact) -> Iterable[Cell]:
        match fact:
            case Relation():
                yield from ((fact.subject,), (fact.object,))
            case Post():
                yield (fact.unit,)
            case Unit():
                yield (fact.code,)
                yield from _around(state, self.rule.kinds, fact.code, "subject")

    def judge(self, state: State, cell: Cell, memory: Memory) -> Found | None:
        (code,), rule = cell, self.rule
        unit = state.units.get(code)
        if unit is None:
            return self._left(state, code)
        excused = unit.form != "unit" or unit.level in rule.levels or code in rule.tops
        if excused or state.parents(rule.kinds, code):
            return None
        dangling = {k for kind in rule.kinds for k in state.above[kind].get(code, ())}
        return Found("orphan", (("unit", code), *refs("relation", dangling)))

    def _left(self, state: State, code: str) -> Found | None:
        posts = state.posts_of.get(code, set())
        relations = state.relations_of(code, tuple(state.above))
        if not (posts or relations):
            return None
        figures = (("posts", len(posts)), ("relations", len(relations)))
        return Found("outlived", (*refs("post", posts), *refs("relation", relations)), figures)

    def missing(self, state: State, cell: Cell, found: Found) -> Iterable[tuple[Ref, AnyFact]]:
        """Under whoever is above the unit that was above it, or any relation in another hierarchy."""
        (code,) = cell
        if found.problem != "orphan":
            return
        kind = self.rule.kinds[0]
        lost = {state.relations[key].object for k, key in found.facts if k == "relation"}
        others = {o for kinds in state.above for o in state.parents((kinds,), code)}
        nation = state.units[code].nation
        candidates = [c for c in sorted(others) + sorted(lost) if c in state.units]
        candidates += sorted(
            top for top in self.rule.tops if top in state.units and state.units[top].nation == nation
        )
        for above in candidates:
            key = f"{kind} {code} {above} (repair)"
            yield ("relation", key), Relation(key=key, relation=kind, subject=code, object=above)


class _CycleCheck(_ByUnit):
    """Units above themselves; the finding stands at the first of them by code."""

    kinds = frozenset({"relation"})
    rule: Cycle

    def cells(self, state: State) -> Iterable[Cell]:
        return ((code,) for code in {code for kind in self.rule.kinds for code in state.above[kind]})

    def touched(self, state: State, fact: AnyFact) -> Iterable[Cell]:
        if isinstance(fact, Relation) and fact.relation in self.rule.kinds:
            yield (fact.subject,)
            yield from ((code,) for code in self._members(state, fact.subject))

    def judge(self, state: State, cell: Cell, memory: Memory) -> Found | None:
        members = self._members(state, cell[0])
        if not members or min(members) != cell[0]:
            return None
        inside = {
            key
            for code in members
            for kind in self.rule.kinds
            for key in state.above[kind].get(code, ())
            if state.relations[key].object in members
        }
        named = " > ".join(sorted(members)[:MAX_WITNESS])
        figures = (("units", named), ("count", len(members)))
        return Found("cycle", refs("relation", inside), figures)

    def about(self, cell: Cell, found: Found) -> Iterable[Ref]:
        """Every unit on it."""
        units = str(dict(found.figures)["units"]).split(" > ")
        return (*found.facts, *refs("unit", units))

    def _members(self, state: State, code: str) -> set[str]:
        """All units that are both above and below ``code``: none unless it is above itself."""
        above = self._above(state, code)
        if code not in above:
            return set()
        return {other for other in above if other == code or code in self._above(state, other)}

    def _above(self, state: State, code: str) -> set[str]:
        found: set[str] = set()
        waiting = [code]
        while waiting:
            unit = waiting.pop()
            for kind in self.rule.kinds:
                for key in state.above[kind].get(unit, ()):
                    if (other := state.relations[key].object) not in found:
                        found.add(other)
                        waiting.append(other)
        return found


class _DoubleCheck(_ByUnit):
    """Units under two at once."""

    rule: Double

    def touched(self, state: State, fact: AnyFact) -> Iterable[Cell]:
        match fact:
            case Relation() if fact.relation in self.rule.kinds:
                yield (fact.subject,)
            case Unit():
                yield (fact.code,)
                yield from _around(state, self.rule.kinds, fact.code, "subject")

    def judge(self, state: State, cell: Cell, memory: Memory) -> Found | None:
        (code,) = cell
        if code not in state.units:
            return None
        above = state.parents(self.rule.kinds, code)
        if len(above) < 2:
            return None
        keys = {key for several in above.values() for key in several}
        return Found("double command", refs("relation", keys), (("above", len(above)),))


class _SpanCheck(_ByUnit):
    """Units with too many directly under them."""

    rule: Span

    def touched(self, state: State, fact: AnyFact) -> Iterable[Cell]:
        match fact:
            case Relation() if fact.relation in self.rule.kinds:
                yield (fact.object,)
            case Unit():
                yield (fact.code,)
                yield from _around(state, self.rule.kinds, fact.code, "object")

    def judge(self, state: State, cell: Cell, memory: Memory) -> Found | None:
        (code,), most = cell, self.rule.most
        if code not in state.units:
            return None
        below = state.children(self.rule.kinds, code)
        if len(below) <= most:
            return None
        keys = {key for several in below.values() for key in several}
        return Found("too many", refs("relation", keys), (("below", len(below)), ("most", most)))


class _NobodyCheck(_ByUnit):
    """Coordination bodies with somebody under them."""

    rule: Nobody

    def touched(self, state: State, fact: AnyFact) -> Iterable[Cell]:
        match fact:
            case Relation() if fact.relation in self.rule.kinds:
                yield (fact.object,)
            case Unit():
                yield (fact.code,)

    def judge(self, state: State, cell: Cell, memory: Memory) -> Found | None:
        (code,) = cell
        unit = state.units.get(code)
        if unit is None or unit.form != "coordination body":
            return None
        keys = {key for kind in self.rule.kinds for key in state.below[kind].get(code, ())}
        return Found("commands", refs("relation", keys), (("below", len(keys)),)) if keys else None


CHECKS: dict[type[Rule], type[Check]] = {
    Cycle: _CycleCheck,
    Double: _DoubleCheck,
    Nobody: _NobodyCheck,
    Orphan: _OrphanCheck,
    Span: _SpanCheck,
}
