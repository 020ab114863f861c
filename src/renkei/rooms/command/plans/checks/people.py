"""Checks of posts and people: ceilings, functions held, dual hats."""

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from ...records import UNKNOWN
from ..model import AnyFact, FactKind, Plan, Post, Ref, Strength, Unit
from ..state import State
from .base import Cell, Check, Found, Memory, refs
from .rules import Ceiling, DualHat, Held, Rule


class _CeilingCheck(Check):
    """A cell is a claim about the ceiling's subject, by key; and one, empty, for there being any."""

    kinds: ClassVar[frozenset[FactKind]] = frozenset({"strength", "post", "unit"})
    rule: Ceiling

    def cells(self, state: State) -> Iterable[Cell]:
        yield ("",)
        yield from ((key,) for key in state.claims.get(self.rule.subject, ()))

    def touched(self, state: State, fact: AnyFact) -> Iterable[Cell]:
        match fact:
            case Strength() if fact.subject == self.rule.subject:
                yield from ((fact.key,), ("",))
            case Post() if self._ours(state, fact):
                yield from self.cells(state)
            case Unit() if any(
                self._ours(state, state.posts[key]) for key in state.posts_of.get(fact.code, ())
            ):
                yield from self.cells(state)

    def judge(self, state: State, cell: Cell, memory: Memory) -> Found | None:
        (key,), rule = cell, self.rule
        if not key:
            known = any(self._counts(state.strengths[k]) for k in state.claims.get(rule.subject, ()))
            return None if known else Found("no figure", (), (("most", rule.most),), unknown=True)
        claim = state.strengths.get(key)
        if claim is None or claim.subject != rule.subject or not self._counts(claim):
            # A key freed by the end of one claim may since name a claim about somebody else.
            memory.pop(cell, None)
            return None
        now = self._officers(state)
        before = memory.setdefault(cell, now)
        return self._compared(claim, before, now)

    def _compared(
        self, claim: Strength, before: tuple[int, frozenset[str]], now: tuple[int, frozenset[str]]
    ) -> Found | None:
        most, facts = self.rule.most, refs("strength", [claim.key])
        gained, lost = now[1] - before[1], before[1] - now[1]
        if claim.figure == UNKNOWN:
            return Found("figure unknown", facts, (("counts", claim.counts), ("most", most)), unknown=True)
        people = claim.figure + now[0] - before[0]
        figures = (("counts", claim.counts), ("people", people), ("claimed", claim.figure), ("most", most))
        if people > most and not lost:
            return Found("above", facts, figures)
        if gained or lost:
            posts = refs("post", gained | lost)
            return Found("officers unknown", (*facts, *posts), figures, unknown=True)
        return None

    def _counts(self, claim: Strength) -> bool:
        return not self.rule.counts or claim.counts in self.rule.counts

    def _ours(self, state: State, post: Post) -> bool:
        rule, place = self.rule, state.place(post)
        in_nation = not rule.nation or state.nation_of.get(post.unit) == rule.nation
        return in_nation and (not rule.sites or place in rule.sites)

    def _officers(self, state: State) -> tuple[int, frozenset[str]]:
        """Officers counted under the rule, and posts of which their number is not known."""
        wheres = [(self.rule.nation, site) for site in self.rule.sites or ("",)]
        if wheres == [("", "")]:
            wheres = [(nation, "") for nation in set(state.nation_of.values())]
        known = sum(state.officers.get(where, 0) for where in wheres)
        return known, frozenset().union(*(state.uncounted.get(where, ()) for where in wheres))


class _HeldCheck(Check):
    """A cell is a function and where it must be held: a unit, a nation, or "" for anywhere."""

    kinds: ClassVar[frozenset[FactKind]] = frozenset({"post", "unit"})
    rule: Held

    def __init__(self, rule: Held, state: State, plan: Plan) -> None:
        super().__init__(rule, state, plan)
        self._functions = frozenset(rule.functions)
        self._scopes = frozenset((*rule.units, *rule.nations) or ("",))

    def cells(self, state: State) -> Iterable[Cell]:
        return ((function, scope) for function in self.rule.functions for scope in self._scopes)

    def touched(self, state: State, fact: AnyFact) -> Iterable[Cell]:
        match fact:
            case Post():
                yield from self._of(state, fact)
            case Unit():
                for key in state.posts_of.get(fact.code, ()):
                    yield from self._of(state, state.posts[key])

    def judge(self, state: State, cell: Cell, memory: Memory) -> Found | None:
        function, scope = cell
        filled, unknown = state.held.get((function, scope), (0, 0))
        if filled:
            return None
        seats = {key for key in state.seats.get(function, ()) if self._inside(state, key, scope)}
        figures = (("function", function), ("where", scope or "-"), ("posts", len(seats)))
        if unknown:
            return Found("holder unknown", refs("post", seats), figures, unknown=True)
        return Found("not held", refs("post", seats), figures)

    def missing(self, state: State, cell: Cell, found: Found) -> Iterable[tuple[Ref, AnyFact]]:
        """A holder for a vacant post that has the function."""
        for kind, key in found.facts:
            if kind == "post" and not state.posts[key].holder:
                yield (kind, key), msgspec.structs.replace(state.posts[key], holder=f"holder of {key}")

    def _of(self, state: State, post: Post) -> Iterable[Cell]:
        where = (post.unit, state.nation_of.get(post.unit, ""), "")
        for function in self._functions.intersection(post.functions):
            yield from ((function, scope) for scope in where if scope in self._scopes)

    @staticmethod
    def _inside(state: State, key: str, scope: str) -> bool:
        unit = state.posts[key].unit
        return scope in {"", unit, state.nation_of.get(unit)}


class _DualHatCheck(Check):
    """A cell is a role that holds posts; ``unknown`` for the posts of which nobody says who holds them."""

    kinds: ClassVar[frozenset[FactKind]] = frozenset({"post", "unit"})
    rule: DualHat

    def cells(self, state: State) -> Iterable[Cell]:
        return ((holder,) for holder in state.hats)

    def touched(self, state: State, fact: AnyFact) -> Iterable[Cell]:
        match fact:
            case Post() if fact.holder:
                yield (fact.holder,)
            case Unit():
                for key in state.posts_of.get(fact.code, ()):
                    if holder := state.posts[key].holder:
                        yield (holder,)

    def judge(self, state: State, cell: Cell, memory: Memory) -> Found | None:
        (holder,), rule = cell, self.rule
        keys = state.hats.get(holder, set())
        if holder == UNKNOWN:
            figures = (("posts", len(keys)),)
            return Found("holders unknown", refs("post", keys), figures, unknown=True) if keys else None
        if len(keys) < 2:
            return None
        named = refs("post", keys)
        if len(keys) > rule.most:
            return Found("too many hats", named, (("posts", len(keys)), ("most", rule.most)))
        nations = {state.nation_of.get(state.posts[key].unit, "") for key in keys}
        if len(nations) > 1 and not rule.across:
            return Found("hats of two nations", named, (("nations", ", ".join(sorted(nations))),))
        held = {function for key in keys for function in state.posts[key].functions}
        for one, other in rule.apart:
            if one in held and other in held:
                return Found("functions apart", named, (("functions", f"{one}, {other}"),))
        return None


CHECKS: dict[type[Rule], type[Check]] = {Ceiling: _CeilingCheck, DualHat: _DualHatCheck, Held: _HeldCheck}
