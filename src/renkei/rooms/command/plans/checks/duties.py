"""Checks of responsibilities: unchanged, handed over without gap or overlap, on a legal basis."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, NamedTuple

import msgspec

from ...records import UNKNOWN
from ..model import AnyFact, FactKind, LegalBasis, Plan, Post, Ref, Relation, Responsibility, Unit
from ..state import Line, State
from .base import Cell, Check, Found, Memory, refs
from .rules import Grounded, HandOver, Rule, Unchanged


def unit_of(state: State, fact: Responsibility, posts: dict[str, str]) -> str:
    """The unit that a responsibility belongs to: its own, or its post's."""
    return posts.get(fact.subject, "") if fact.subject_kind == "post" else fact.subject


def posts_units(plan: Plan) -> dict[str, str]:
    """Every post's unit, as first written."""
    found = {post.code: post.unit for post in plan.structure.posts}
    for change in plan.changes:
        fact = getattr(change, "fact", None)
        if isinstance(fact, Post):
            found.setdefault(fact.code, fact.unit)
    return found


class _OfResponsibilities(Check):
    def __init__(self, rule: Any, state: State, plan: Plan) -> None:
        super().__init__(rule, state, plan)
        self._posts = posts_units(plan)

    def _nation(self, state: State, fact: Responsibility) -> str:
        return state.nation_of.get(unit_of(state, fact, self._posts), "")


class _UnchangedCheck(_OfResponsibilities):
    """A cell is a line: subject, function, part, extent; and one, empty, for there being any."""

    kinds: ClassVar[frozenset[FactKind]] = frozenset({"responsibility"})
    rule: Unchanged

    def __init__(self, rule: Unchanged, state: State, plan: Plan) -> None:
        super().__init__(rule, state, plan)
        self._before = {line: min(keys) for line, keys in self._lines(state)}

    def cells(self, state: State) -> Iterable[Cell]:
        if not self._before:
            yield ()
        yield from self._before.keys() | {line for line, _ in self._lines(state)}

    def touched(self, state: State, fact: AnyFact) -> Iterable[Cell]:
        if isinstance(fact, Responsibility) and self._ours(state, fact):
            line = (fact.subject, fact.function, fact.part, fact.extent)
            # What is said of the extent decides the other lines of the same subject, function and part.
            yield from (line, *self._like(state, line))

    def judge(self, state: State, cell: Cell, memory: Memory) -> Found | None:
        if not cell:
            return Found("none recorded", (), (("nation", self.rule.nation),), unknown=True)
        line: Line = cell  # type: ignore[assignment]
        now, before = state.lines.get(line, set()), line in self._before
        if bool(now) == before:
            return None
        figures = (("line", " / ".join(part for part in line if part)),)
        like = self._like(state, line)
        if before:
            facts = refs("responsibility", [self._before[line]])
            vague = any(other[3] == UNKNOWN and state.lines.get(other) for other in like)
            return Found("extent unknown" if vague else "ended", facts, figures, unknown=vague)
        vague = line[3] == UNKNOWN and any(other in self._before for other in like)
        return Found("extent unknown" if vague else "added", refs("responsibility", now), figures, vague)

    def missing(self, state: State, cell: Cell, found: Found) -> Iterable[tuple[Ref, AnyFact]]:
        """The line that ended, again."""
        if found.problem == "ended":
            subject, function, part, extent = cell
            key = f"{self._before[subject, function, part, extent]} (repair)"
            kind: Any = "unit" if subject in state.nation_of else "post"
            yield (
                ("responsibility", key),
                Responsibility(
                    key=key,
                    subject=subject,
                    subject_kind=kind,
                    function=function,
                    part=part,  # type: ignore[arg-type]
                    extent=extent,
                ),
            )

    def _ours(self, state: State, fact: Responsibility) -> bool:
        return fact.part in self.rule.parts and self._nation(state, fact) == self.rule.nation

    def _lines(self, state: State) -> Iterator[tuple[Line, set[str]]]:
        for line, keys in state.lines.items():
            if keys and self._ours(state, state.responsibilities[min(keys)]):
                yield line, keys

    def _like(self, state: State, line: Line) -> list[Line]:
        """Lines of the same subject, function and part, now or at the start."""
        answers = (state.responsibilities[key] for key in state.answers.get(line[0], ()))
        now = {(r.subject, r.function, r.part, r.extent) for r in answers}
        before = self._of_subject().get(line[0], ())
        return sorted(other for other in now.union(before) if other[:3] == line[:3] and other != line)

    def _of_subject(self) -> dict[str, list[Line]]:
        found: dict[str, list[Line]] | None = getattr(self, "_by_subject", None)
        if found is None:
            found = {}
            for line in self._before:
                found.setdefault(line[0], []).append(line)
            self._by_subject = found
        return found


class _Held(NamedTuple):
    """What is remembered of an authority: who last held it, and other nations with the same of their own.

    They had it already when this one was first seen to, so they have not taken it over.
    """

    facts: tuple[Ref, ...]
    apart: frozenset[str]


class _HandOverCheck(_OfResponsibilities):
    """A cell is an authority (function, nation, extent), or a unit's place in a hierarchy (kind, unit).

    An authority passes to another nation when its last holder here ends and a holder there has begun since:
    at one moment it is handed over, with days between it is a gap until that holder begins, with days in
    common an overlap until ours ends.  Two nations that both go on holding it are each its own master.
    """

    kinds: ClassVar[frozenset[FactKind]] = frozenset({"responsibility", "relation", "unit", "post"})
    lasting = frozenset({"between two", "two nations"})
    rule: HandOver

    def __init__(self, rule: HandOver, state: State, plan: Plan) -> None:
        super().__init__(rule, state, plan)
        self._nations = sorted({nation for nation in state.nation_of.values() if nation})

    def cells(self, state: State) -> Iterable[Cell]:
        for extents in state.extents.values():
            for keys in extents.values():
                yield from {self._authority(state, state.responsibilities[key]) for key in keys}
        for kind in self.rule.kinds:
            yield from ((kind, unit) for unit, keys in state.above[kind].items() if keys)

    def touched(self, state: State, fact: AnyFact) -> Iterable[Cell]:
        match fact:
            case Responsibility() if fact.part == "accountable":
                yield from self._near(state, fact)
            case Relation() if fact.relation in self.rule.kinds:
                yield (fact.relation, fact.subject)
            case Post():
                yield from self._answering(state, fact.code)
            case Unit():
                yield from self._of_unit(state, fact)

    def judge(self, state: State, cell: Cell, memory: Memory) -> Found | None:
        return self._place(state, cell, memory) if len(cell) == 2 else self._held(state, cell, memory)

    def _held(self, state: State, cell: Cell, memory: Memory) -> Found | None:
        function, nation, extent = cell
        holding = self._accountable(state, function, nation, extent)
        vague = self._accountable(state, function, nation, UNKNOWN)
        figures = (("function", function), ("nation", nation), ("extent", extent or "-"))
        abroad = self._abroad(state, function, nation, extent)
        before: _Held | None = memory.get(cell)
        apart = abroad.keys() & (before.apart if before else abroad.keys())
        began = refs("responsibility", (key for n in abroad.keys() - apart for key in abroad[n]))
        if not holding:
            if before is None:
                return None
            if began:  # another nation holds it now
                del memory[cell]
                return None
            memory[cell] = before._replace(apart=frozenset(apart))
            return Found("gap", before.facts, figures)
        held = refs("responsibility", (key for keys in holding.values() for key in keys))
        memory[cell] = _Held(held, frozenset(apart))
        if len(holding) > 1 and extent != UNKNOWN:
            return Found("overlap", held, figures)
        others = vague.keys() - holding.keys()
        if len(holding) > 1 or others:
            unclear = refs("responsibility", (key for one in others for key in vague[one]))
            return Found("extent unknown", (*held, *unclear), figures, unknown=True)
        return Found("two nations", (*held, *began), figures) if began else None

    def _place(self, state: State, cell: Cell, memory: Memory) -> Found | None:
        kind, unit = cell
        if unit not in state.units:
            memory.pop(cell, None)
            return None
        if above := state.parents((kind,), unit):
            memory[cell] = refs("relation", (key for keys in above.values() for key in keys))
            return None
        figures = (("unit", unit), ("hierarchy", kind))
        return Found("between two", memory[cell], figures) if cell in memory else None

    def _accountable(self, state: State, function: str, nation: str, extent: str) -> dict[str, list[str]]:
        """Who is accountable for it to that extent, each with the responsibilities that say so."""
        found: dict[str, list[str]] = {}
        for key in state.extents[function].get(extent, ()):
            fact = state.responsibilities[key]
            if self._nation(state, fact) == nation and self._there(state, fact):
                found.setdefault(fact.subject, []).append(key)
        return found

    def _abroad(self, state: State, function: str, nation: str, extent: str) -> dict[str, list[str]]:
        """The responsibilities by which other nations hold the same authority, by nation."""
        found: dict[str, list[str]] = {}
        for key in state.extents[function].get(extent, ()) if extent != UNKNOWN else ():
            fact = state.responsibilities[key]
            if (other := self._nation(state, fact)) != nation and self._there(state, fact):
                found.setdefault(other, []).append(key)
        return found

    def _authority(self, state: State, fact: Responsibility) -> Cell:
        return fact.function, self._nation(state, fact), fact.extent

    def _near(self, state: State, fact: Responsibility) -> Iterable[Cell]:
        """The authority in every nation, and those of its function that an unknown extent may overlap."""
        yield from ((fact.function, nation, fact.extent) for nation in (*self._nations, ""))
        if fact.extent == UNKNOWN:
            for keys in state.extents[fact.function].values():
                yield from (self._authority(state, state.responsibilities[key]) for key in keys)

    def _there(self, state: State, fact: Responsibility) -> bool:
        if fact.subject_kind == "unit":
            return fact.subject in state.units
        post = state.posts.get(fact.subject)
        return post is not None and post.unit in state.units

    def _answering(self, state: State, subject: str) -> Iterable[Cell]:
        for key in state.answers.get(subject, ()):
            if state.responsibilities[key].part == "accountable":
                yield from self._near(state, state.responsibilities[key])

    def _of_unit(self, state: State, unit: Unit) -> Iterable[Cell]:
        for kind in self.rule.kinds:
            yield (kind, unit.code)
            for key in state.below[kind].get(unit.code, ()):
                yield (kind, state.relations[key].subject)
        for subject in (unit.code, *state.posts_of.get(unit.code, ())):
            yield from self._answering(state, subject)


class _GroundedCheck(_OfResponsibilities):
    """A cell is a relation or responsibility."""

    kinds: ClassVar[frozenset[FactKind]] = frozenset({"relation", "responsibility", "legal basis"})
    rule: Grounded

    def cells(self, state: State) -> Iterable[Cell]:
        for relation in state.relations.values():
            yield from self.touched(state, relation)
        for responsibility in state.responsibilities.values():
            yield from self.touched(state, responsibility)

    def touched(self, state: State, fact: AnyFact) -> Iterable[Cell]:
        match fact:
            case Relation() if fact.relation in self.rule.kinds and self._crossing(state, fact):
                yield ("relation", fact.key)
            case Responsibility() if fact.part in self.rule.parts:
                yield ("responsibility", fact.key)
            case LegalBasis():
                for ref in state.under.get(fact.key, ()):
                    resting = state.get(ref)
                    if resting is not None:
                        yield from self.touched(state, resting)

    def judge(self, state: State, cell: Cell, memory: Memory) -> Found | None:
        ref: Ref = cell  # type: ignore[assignment]
        fact = state.get(ref)
        if not isinstance(fact, Relation | Responsibility) or cell not in self.touched(state, fact):
            return None
        if any(key in state.legal_bases for key in fact.under):
            return None
        if UNKNOWN in fact.under:
            return Found("basis unknown", (ref,), unknown=True)
        return Found("no basis", (ref,), (("named", ", ".join(fact.under) or "-"),))

    def missing(self, state: State, cell: Cell, found: Found) -> Iterable[tuple[Ref, AnyFact]]:
        """To rest on a legal basis in force between the same nations."""
        ref: Ref = cell  # type: ignore[assignment]
        fact = state.get(ref)
        if not isinstance(fact, Relation) or found.problem != "no basis":
            return
        nations = {state.nation_of.get(fact.subject, ""), state.nation_of.get(fact.object, "")}
        for key, basis in sorted(state.legal_bases.items()):
            if nations <= set(basis.nations):
                yield ref, msgspec.structs.replace(fact, under=(*fact.under, key))

    def _crossing(self, state: State, fact: Relation) -> bool:
        here, there = state.nation_of.get(fact.subject), state.nation_of.get(fact.object)
        return here != there or not self.rule.crossing


CHECKS: dict[type[Rule], type[Check]] = {
    Grounded: _GroundedCheck,
    HandOver: _HandOverCheck,
    Unchanged: _UnchangedCheck,
}
