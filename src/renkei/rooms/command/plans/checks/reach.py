"""Whether those who need each other are on duty together: minutes a week, and on each day of the week."""

from collections.abc import Iterable
from typing import ClassVar

from ... import zones
from ...paths.calendars import DAY, Calendar
from ...records import UNKNOWN
from ..model import AnyFact, FactKind, Hours, Plan, Post, Ref, Relation, Site, Unit
from ..state import State, calendar
from .base import Cell, Check, Found, Memory, refs
from .rules import Reachable, Rule


class _OnDuty:
    """When somebody is: known hours together, and whether there are more that nobody tells."""

    def __init__(self, known: Calendar | None, more: bool, offset: float) -> None:
        """``known`` None: at no time that is known of; ``offset`` hours east for counting days."""
        self.known, self.more, self.offset = known, more, offset


class _ReachableCheck(Check):
    """A cell is a relation, or a pair of units that need one."""

    kinds: ClassVar[frozenset[FactKind]] = frozenset({"relation", "unit", "post", "site", "hours"})
    rule: Reachable

    def __init__(self, rule: Reachable, state: State, plan: Plan) -> None:
        super().__init__(rule, state, plan)
        self._together: dict[tuple[object, ...], tuple[int, int]] = {}

    def cells(self, state: State) -> Iterable[Cell]:
        yield from self.rule.needed
        yield from ((key,) for key, one in state.relations.items() if one.relation in self.rule.relations)

    def touched(self, state: State, fact: AnyFact) -> Iterable[Cell]:
        match fact:
            case Relation() if fact.relation in self.rule.relations:
                yield (fact.key,)
                yield from (pair for pair in self.rule.needed if set(pair) == {fact.subject, fact.object})
            case Unit():
                yield from self._of(state, fact.code)
                yield from (pair for pair in self.rule.needed if fact.code in pair)
            case Post():
                yield from self._of(state, fact.unit)
            case Site():
                yield from self._at(state, fact.code)
            case Hours():
                for site in state.sites_on.get(fact.key, ()):
                    yield from self._at(state, site)
                for key in state.on_hours.get(fact.key, ()):
                    yield from self._of(state, state.posts[key].unit)

    def judge(self, state: State, cell: Cell, memory: Memory) -> Found | None:
        if len(cell) == 2:
            return self._needed(state, cell)
        relation = state.relations.get(cell[0])
        if relation is None or not {relation.subject, relation.object} <= state.units.keys():
            return None
        one, other = self._on_duty(state, relation.subject), self._on_duty(state, relation.object)
        week, days = self._common(one, other)
        rule = self.rule
        if week >= max(rule.least_week, 1) and (not rule.least_day or days >= rule.days):
            return None
        least = ("least a week", rule.least_week), ("least a day", rule.least_day)
        figures = (("minutes a week", week), ("days", days), *least)
        ref: Ref = ("relation", relation.key)
        if one.more or other.more:
            return Found("hours unknown", (ref,), figures, unknown=True)
        ends: tuple[Ref, ...] = (("unit", relation.subject), ("unit", relation.object))
        return Found("not reachable", (ref, *ends), figures)

    def _needed(self, state: State, pair: Cell) -> Found | None:
        if not set(pair) <= state.units.keys():
            return Found("no relation", refs("unit", pair), (("needed", " - ".join(pair)),))
        for kind in self.rule.relations:
            for index, far in ((state.above, "object"), (state.below, "subject")):
                if any(getattr(state.relations[k], far) == pair[1] for k in index[kind].get(pair[0], ())):
                    return None
        return Found("no relation", refs("unit", pair), (("needed", " - ".join(pair)),))

    def missing(self, state: State, cell: Cell, found: Found) -> Iterable[tuple[Ref, AnyFact]]:
        """The relation that is needed."""
        if found.problem == "no relation" and set(cell) <= state.units.keys():
            kind, (one, other) = self.rule.relations[0], cell
            key = f"{kind} {one} {other} (repair)"
            yield ("relation", key), Relation(key=key, relation=kind, subject=one, object=other)

    def _on_duty(self, state: State, code: str) -> _OnDuty:
        """When the unit can be reached, as the rule says."""
        posts = state.posts_counting(code)
        if not posts:
            site = state.sites.get(state.units[code].site)
            return _hours(state, {site.hours or UNKNOWN} if site else {UNKNOWN}, more=False)
        wanted = set(self.rule.functions)
        fitting = [p for p in posts if p.holder and (not wanted or wanted.intersection(p.functions))]
        sure = {state.hours_of(post) for post in fitting if post.holder != UNKNOWN}
        return _hours(state, sure, more=any(post.holder == UNKNOWN for post in fitting))

    def _common(self, one: _OnDuty, other: _OnDuty) -> tuple[int, int]:
        """Common minutes a week, and days of the subject's week with ``least_day`` of them."""
        if one.known is None or other.known is None:
            return 0, 0
        key = one.known.spans, other.known.spans, one.offset
        if key not in self._together:
            self._together[key] = common(one.known, other.known, one.offset, self.rule.least_day)
        return self._together[key]

    def _of(self, state: State, code: str) -> Iterable[Cell]:
        return ((key,) for key in state.relations_of(code, self.rule.relations)) if code else ()

    def _all_of(self, state: State, codes: Iterable[str]) -> Iterable[Cell]:
        for code in codes:
            yield from self._of(state, code)

    def _at(self, state: State, site: str) -> Iterable[Cell]:
        yield from self._all_of(state, state.units_at.get(site, ()))
        yield from self._all_of(state, {state.posts[key].unit for key in state.posts_at.get(site, ())})


def common(one: Calendar, other: Calendar, offset: float, least_day: int) -> tuple[int, int]:
    """Minutes a week both are on duty; days (``offset`` hours east) with at least ``least_day`` of them."""
    both = one.common(other)
    by_day = [0.0] * 7
    for begin, end in both.spans:
        at, stop = begin + offset * 60, end + offset * 60
        while at < stop:
            edge = min(stop, (at // DAY + 1) * DAY)
            by_day[int(at // DAY) % 7] += edge - at
            at = edge
    return int(both.minutes), sum(minutes >= max(least_day, 1) for minutes in by_day)


def _hours(state: State, names: set[str], *, more: bool) -> _OnDuty:
    spans: list[tuple[float, float]] = []
    offset: float | None = None
    for name in sorted(names):
        hours = state.hours.get(name)
        known = calendar(hours, state.day) if hours is not None else None
        if hours is None or known is None:
            more = True
            continue
        spans += known.spans
        if offset is None and not isinstance(hours.spans, str):
            offset = zones.offset(hours.zone, state.day) if hours.zone else hours.spans[0].utc_offset
    return _OnDuty(Calendar(spans) if spans else None, more, offset or 0.0)


CHECKS: dict[type[Rule], type[Check]] = {Reachable: _ReachableCheck}
