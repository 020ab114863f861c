"""All rules on every moment of every branch.

The plan's start is decided in full, once.  Then each branch is played forward from there: an op tells which
cells it touches, before and after; those alone are decided again; and the state is taken back for the next
branch.

A phase without a day stands as late as it may.  What would come out otherwise if it came sooner is not
known, so every order of such phases among the days of the branch is played too, up to a limit; a cell that
is in order in some and not in others is *unknown*, with the phases named.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import NamedTuple

from ..model import Add, AnyFact, Plan, Ref, Unit
from ..state import State
from ..timeline import Branch, Op, Timeline
from . import chain, duties, people, reach
from .base import Cell, Check, Found, Memory
from .rules import Rule

CHECKS: dict[type[Rule], type[Check]] = chain.CHECKS | people.CHECKS | duties.CHECKS | reach.CHECKS
MAX_ORDERS = 64
"""Orders of phases without a day played for one branch: one among thirty days, or two among five."""

Group = tuple[int, list[Op]]
"""A moment and what happens at it."""
Spot = tuple[int, Cell]
"""A cell of the n-th rule."""
Undo = list[tuple[Ref, AnyFact | None]]


class Interval(NamedTuple):
    """A finding at a cell from one moment up to another; ``until`` None: to the end."""

    spot: Spot
    found: Found
    since: int
    until: int | None


class Done(NamedTuple):
    """An op as it was carried out."""

    op: Op
    before: AnyFact | None
    after: AnyFact | None


class Played(NamedTuple):
    """What one branch came to, what was done in it, and which of that (by its number) touched which cells."""

    spans: list[Interval]
    done: list[Done]
    touches: dict[Spot, list[int]]


class Examination:
    """A plan's timeline, its state at the start, and the rules at work on it."""

    def __init__(self, plan: Plan, rules: Sequence[Rule]) -> None:
        self.plan, self.rules = plan, tuple(rules)
        self.timeline = Timeline(plan)
        self.state = State(self.timeline.at_start, nations(plan), plan.start)
        self.checks = [CHECKS[type(rule)](rule, self.state, plan) for rule in rules]
        self.decided: list[int] = []
        """Cells of each rule at the start."""
        self.work = 0
        """Facts put in place so far (tenfold where all cells are decided), by which searches are bounded."""
        self._memories: list[Memory] = [{} for _ in self.checks]
        self.at_start = self._begun()

    def play(self, groups: Iterable[Group]) -> Played:
        """From the start through ``groups``; the state is at the start again afterwards."""
        memories = [dict(memory) for memory in self._memories]
        open_now = {spot: (found, 0) for spot, found in self.at_start.items()}
        spans: list[Interval] = []
        touches: defaultdict[Spot, list[int]] = defaultdict(list)
        done: list[Done] = []
        for moment, ops in groups:
            self._at(moment)
            for spot in self._moved(ops, touches, done):
                n, cell = spot
                found = self.checks[n].judge(self.state, cell, memories[n])
                if found is not None and spot in open_now and found.same(open_now[spot][0]):
                    continue
                if spot in open_now:
                    spans.append(Interval(spot, *open_now.pop(spot), moment))
                if found is not None:
                    open_now[spot] = found, moment
        spans += [Interval(spot, found, since, None) for spot, (found, since) in open_now.items()]
        self._take_back([(one.op.ref, one.before) for one in done])
        return Played([s for s in spans if not self._lasting(s)], done, touches)

    def replay(self, spot: Spot, groups: Iterable[Group]) -> list[tuple[int, Found | None]]:
        """One cell alone: what is found of it at the start (moment 0) and after each group."""
        n, cell = spot
        memory: Memory = {}
        judged = [(0, self.checks[n].judge(self.state, cell, memory))]
        undo: Undo = []
        for moment, ops in groups:
            self._at(moment)
            for op in ops:
                self._put(op, undo)
            judged.append((moment, self.checks[n].judge(self.state, cell, memory)))
        self._take_back(undo)
        return judged

    @contextmanager
    def after(self, groups: Iterable[Group]) -> Iterator[State]:
        """The state after these groups, while the block looks at it."""
        undo: Undo = []
        for moment, ops in groups:
            self._at(moment)
            for op in ops:
                self._put(op, undo)
        yield self.state
        self._take_back(undo)

    def _begun(self) -> dict[Spot, Found]:
        found: dict[Spot, Found] = {}
        for n, check in enumerate(self.checks):
            cells = set(check.cells(self.state))
            self.decided.append(len(cells))
            for cell in cells:
                if (wrong := check.judge(self.state, cell, self._memories[n])) is not None:
                    found[n, cell] = wrong
        return found

    def _moved(
        self, ops: Sequence[Op], touches: defaultdict[Spot, list[int]], done: list[Done]
    ) -> dict[Spot, None]:
        """Carry out the ops of one moment; the cells they touch."""
        moved: dict[Spot, None] = {}
        for op in ops:
            spots, before = self._touched(op), self.state.get(op.ref)
            self._put(op, [])
            spots |= self._touched(op)
            for spot in spots:
                touches[spot].append(len(done))
            self.work += 9
            done.append(Done(op, before, self.state.get(op.ref)))
            moved |= spots
        return moved

    def _touched(self, op: Op) -> dict[Spot, None]:
        fact = self.state.get(op.ref)
        if fact is None:
            return {}
        return {
            (n, cell): None
            for n, check in enumerate(self.checks)
            if op.ref[0] in check.kinds
            for cell in check.touched(self.state, fact)
        }

    def _put(self, op: Op, undo: Undo) -> None:
        before = self.state.get(op.ref)
        after = op.result(before)
        self.work += 1
        if after is not before:
            undo.append((op.ref, before))
            self.state.put(op.ref, after)

    def _at(self, moment: int) -> None:
        self.state.day = self.timeline.moments[moment].day

    def _take_back(self, undo: Undo) -> None:
        self._at(0)
        for ref, before in reversed(undo):
            self.state.put(ref, before)
        undo.clear()

    def _lasting(self, span: Interval) -> bool:
        return span.until is None and span.found.problem in self.checks[span.spot[0]].lasting


def nations(plan: Plan) -> dict[str, str]:
    """Every unit's nation, of the structure and of those the plan adds."""
    added = (c.fact for c in plan.changes if isinstance(c, Add))
    units = [*plan.structure.units, *(fact for fact in added if isinstance(fact, Unit))]
    return {unit.code: unit.nation for unit in units}


def grouped(ops: Iterable[Op]) -> list[Group]:
    """Ops by moment; within one by their own dates first, then as the plan has them."""
    groups: dict[int, list[Op]] = {}
    for op in ops:
        groups.setdefault(op.at, []).append(op)
    return sorted(groups.items())


def orders(timeline: Timeline, branch: Branch) -> Iterator[list[Group] | None]:
    """The branch's groups in every order that its phases without a day allow; the plan's own first.

    None stands for an order in which some change would find nothing to change: the phase cannot come then.
    """
    ops: list[Op] = []
    clocks: list[Op] = []
    for op in timeline.ops_in(branch):
        (clocks if op.act == "clock" else ops).append(op)
    loose = [n for n, moment in enumerate(timeline.moments) if moment.step]
    by_moment = dict(grouped(ops))
    yield grouped([*ops, *clocks])
    floating = [n for n in loose if n in by_moment]
    if not floating:
        return
    fixed = [(n, group) for n, group in sorted(by_moment.items()) if n not in floating]
    if not fixed or fixed[0][0]:
        fixed.insert(0, (0, []))
    days = [timeline.moments[n].day for n, _ in fixed]
    phases = {phase.key: phase for phase in timeline.plan.phases}
    windows = [timeline.window(phases[timeline.moments[n].phase]) for n in floating]
    for slots in _slots(days, windows):
        groups = _interleaved(fixed, [by_moment[n] for n in floating], slots)
        with_clocks = sorted([*groups, *grouped(clocks)], key=lambda group: group[0])
        yield with_clocks if _possible(timeline, groups) else None


def _possible(timeline: Timeline, groups: list[Group]) -> bool:
    """Whether every change finds its fact there, or not there if it adds it."""
    there = set(timeline.moving)
    for op in (op for _, ops in groups for op in ops):
        by_itself = op.change is None or (isinstance(op.change, Add) and op.act == "end")
        if not by_itself and (op.ref in there) is (op.act == "begin"):
            return False
        if op.act == "begin":
            there.add(op.ref)
        elif op.act == "end":
            there.discard(op.ref)
    return True


Slot = tuple[int, bool, bool]
"""After which dated group, whether together with it, and whether together with the phase before."""


def _slots(days: list[date], windows: list[tuple[date, date | None]], least: int = 0) -> Iterator[list[Slot]]:
    """Every way to put phases with these windows among the days, in their order."""
    if not windows:
        yield []
        return
    for place in range(least, 2 * len(days)):
        n, together = place // 2, place % 2 == 0
        if not _allowed(days, n, together, windows[0]):
            continue
        for rest in _slots(days, windows[1:], place):
            yield [(n, together, False), *rest]
            if rest and not together and rest[0][:2] == (n, False):
                yield [(n, together, False), (n, False, True), *rest[1:]]


def _allowed(days: list[date], n: int, together: bool, window: tuple[date, date | None]) -> bool:
    low, high = window
    if together:
        return low <= days[n] and (high is None or days[n] < high)
    first = max(low, days[n] + timedelta(days=1))
    ends = [d - timedelta(days=1) for d in (high, days[n + 1] if n + 1 < len(days) else None) if d]
    return all(first <= end for end in ends)


def _interleaved(fixed: list[Group], loose: list[list[Op]], slots: list[Slot]) -> list[Group]:
    groups: list[list[Group]] = [[(n, list(ops))] for n, ops in fixed]
    for ops, (place, together, joined) in zip(loose, slots, strict=True):
        if together:
            groups[place][0][1].extend(ops)
        elif joined:
            groups[place][-1][1].extend(ops)
        else:
            groups[place].append((fixed[place][0], list(ops)))
    return [group for several in groups for group in several]
