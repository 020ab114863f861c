"""Which changes bring a finding about, and what would mend it at the least cost.

A cause is a set of changes which, put alone on the plan's structure as it is by its own dates, bring the same
problem about at the same cell by the same moment; without any one of them they do not.  Few candidates are
searched by size, so that the cause is the smallest; more are divided and conquered, and the outcome is then
verified by leaving out each in turn.  Method of the division: Junker, QuickXplain (2004).

A repair is one step: a dated change on another day of the plan, a missing fact put in place, a change
dropped. Steps are tried in order of cost; one counts if the finding is gone from every moment of the branch
and nothing new has come.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import combinations
from typing import Literal

import msgspec

from ..model import AnyFact, Ref, names_in
from ..timeline import Branch, Moment, Op
from .base import Found
from .engine import Done, Examination, Interval, Played, grouped
from .rules import Costs

EXACT = 10
"""Candidates among which every set is tried: at most 1,023 short replays."""
MAX_SEARCH = 60_000
"""Facts put in place in search of one cause; past it the set found so far is told as merely enough."""
MAX_TRIES = 8
"""Repairs tried on the whole branch for one finding."""

How = Literal["start", "smallest", "minimal", "enough"]


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Keys of the changes, in the plan's order.

    ``how`` sure it is: ``start``, it is so without any change; ``smallest``, no smaller set does it;
    ``minimal``, none can be left out; ``enough``, they bring it about and some may not be needed.
    """

    changes: tuple[str, ...]
    how: How


class Repair(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step that mends it: ``change`` moved ``to`` a day or dropped, or ``fact`` put in place on a day."""

    step: Literal["shift", "add", "drop"]
    cost: float
    change: str = ""
    to: date | None = None
    at: Moment | None = None
    fact: AnyFact | None = None


def cause_of(exam: Examination, played: Played, span: Interval) -> Cause:
    """The changes that bring the finding about."""
    ops = _bearing(exam, played, span, span.since)
    names = list(dict.fromkeys(op.change.key for op in ops if op.change is not None))
    search = _Search(exam, span, ops)
    if search.fails(()):
        return Cause(changes=(), how="start")
    if len(names) <= EXACT:
        for size in range(1, len(names) + 1):
            for some in combinations(names, size):
                if search.fails(some):
                    return Cause(changes=some, how="smallest")
        return Cause(changes=tuple(names), how="enough")
    found = search.divided(names)
    kept = search.thinned(found)
    if kept is not None:
        return Cause(changes=tuple(kept), how="minimal")
    return Cause(changes=tuple(found if search.fails(found) else names), how="enough")


def _bearing(exam: Examination, played: Played, span: Interval, last: int) -> list[Op]:
    """Ops, up to the moment ``last``, that may have to do with the finding: more than needed, never fewer.

    They touched its cell; or are on what the finding is about and what that names in turn; or on posts,
    relations and responsibilities of a unit among these, and what those name.
    """
    n, cell = span.spot
    done = [one for one in played.done if one.op.at <= last]
    versions = _Versions(exam, done)
    about = versions.named(exam.checks[n].about(cell, span.found), 3)
    touching = {number for number in played.touches.get(span.spot, ()) if number < len(done)}
    near = touching | {number for number, one in enumerate(done) if versions.speaks(one, about)}
    units = (code for kind, code in about if kind == "unit")
    posts: list[Ref] = [("post", key) for code in units for key in exam.state.posts_of.get(code, ())]
    about |= versions.named([done[number].op.ref for number in near] + posts, 2)
    near |= {number for number, one in enumerate(done) if one.op.ref in about}
    return [done[number].op for number in sorted(near)]


class _Versions:
    """Every version of a fact in a branch, and what they speak of by name."""

    def __init__(self, exam: Examination, done: list[Done]) -> None:
        self.state = exam.state
        self.of: dict[Ref, list[AnyFact]] = {}
        for one in done:
            self.of.setdefault(one.op.ref, []).extend(f for f in (one.before, one.after) if f is not None)

    def named(self, refs: Iterable[Ref], deep: int) -> set[Ref]:
        """The facts and what they name, and so on, ``deep`` times."""
        found, edge = set(refs), set(refs)
        for _ in range(deep):
            edge = {named for ref in edge for fact in self._all(ref) for named in names_in(fact)} - found
            found |= edge
        return found

    def speaks(self, one: Done, about: set[Ref]) -> bool:
        """Whether it is done to one of them, or to something of a unit or post among them."""
        if one.op.ref in about:
            return True
        versions = (fact for fact in (one.before, one.after) if fact is not None)
        return any(n in about for fact in versions for n in names_in(fact) if n[0] in {"unit", "post"})

    def _all(self, ref: Ref) -> list[AnyFact]:
        now = self.state.get(ref)
        return [*self.of.get(ref, ()), *([now] if now is not None else [])]


class _Search:
    """Asks whether some of the changes alone bring a finding about."""

    def __init__(self, exam: Examination, span: Interval, ops: list[Op]) -> None:
        self.exam, self.span, self.ops = exam, span, ops
        self.limit = exam.work + MAX_SEARCH

    def fails(self, names: Iterable[str]) -> bool:
        """Whether these alone do."""
        some = set(names)
        kept = grouped(op for op in self.ops if op.change is None or op.change.key in some)
        last = self.exam.replay(self.span.spot, kept)[-1][1]
        return _like(last, self.span.found)

    def divided(self, names: list[str]) -> list[str]:
        """A small set by dividing; where the search ends early, all that is not yet ruled out."""
        return sorted(self._divided([], [], names), key=names.index)

    def _divided(self, base: list[str], gained: list[str], names: list[str]) -> list[str]:
        if gained and self.fails(base):
            return []
        if len(names) == 1 or self.exam.work > self.limit:
            return names
        half = len(names) // 2
        first, second = names[:half], names[half:]
        late = self._divided(base + first, first, second)
        return self._divided(base + late, late, first) + late

    def thinned(self, names: list[str]) -> list[str] | None:
        """The set with whatever can be left out left out; None if it does not do it or the search ended."""
        if not self.fails(names):
            return None
        kept = list(names)
        for name in names:
            if self.exam.work > self.limit:
                return None
            without = [other for other in kept if other != name]
            if self.fails(without):
                kept = without
        # What went early may have been needed only by what went later.
        return kept if all(not self.fails([o for o in kept if o != name]) for name in kept) else None


def _like(found: Found | None, other: Found) -> bool:
    return found is not None and found.problem == other.problem and not found.unknown


Step = tuple[Repair, Callable[[Sequence[Op]], list[Op]]]


def repair_of(
    exam: Examination, branch: Branch, played: Played, span: Interval, cause: Cause, costs: Costs
) -> Repair | None:
    """The cheapest single step that mends the finding in that branch and breaks nothing; None: none found."""
    ops = exam.timeline.ops_in(branch)
    bearing = _bearing(exam, played, span, len(exam.timeline.moments))
    steps = [*_moves(exam, bearing, cause, costs), *_additions(exam, ops, span, costs)]
    before, tries = _refuted(played), 0
    for repair, applied in sorted(steps, key=lambda step: (step[0].cost, step[0].change)):
        # Before the first ops of a start that is itself at fault, it is still as it was.
        again = exam.replay(span.spot, grouped(applied(bearing)))[0 if span.since else 1 :]
        if any(_like(found, span.found) for moment, found in again if moment >= span.since):
            continue
        after = _refuted(exam.play(grouped(applied(ops))))
        if (span.spot, span.found.problem) not in after and after <= before:
            return repair
        tries += 1
        if tries == MAX_TRIES:
            break
    return None


def _moves(exam: Examination, bearing: list[Op], cause: Cause, costs: Costs) -> Iterator[Step]:
    """Each change of the cause dropped, or moved to a day on which something else bears on the cell."""
    moments = exam.timeline.moments
    days = sorted({op.at for op in bearing if op.at and not moments[op.at].step})
    for key in cause.changes:
        own = [op for op in bearing if op.change is not None and op.change.key == key]
        yield Repair(step="drop", cost=costs.drop, change=key), partial(_without, key=key)
        if len(own) != 1 or moments[own[0].at].step:
            continue
        for at in days:
            if at != own[0].at and not _crosses(exam, own[0], at):
                far = abs((moments[at].day - moments[own[0].at].day).days)
                cost = costs.shift + costs.per_day * far
                moved = Repair(step="shift", cost=cost, change=key, to=moments[at].day)
                yield moved, partial(_moved, key=key, at=at)


def _additions(exam: Examination, ops: list[Op], span: Interval, costs: Costs) -> Iterator[Step]:
    """What the check says is missing, put in place when the finding begins."""
    n, cell = span.spot
    with exam.after(grouped(op for op in ops if op.at <= span.since)) as state:
        missing = list(exam.checks[n].missing(state, cell, span.found))
    at = exam.timeline.moments[span.since]
    for ref, fact in missing:
        extra = Op(span.since, ref, "begin", fact, None)
        yield Repair(step="add", cost=costs.add, at=at, fact=fact), partial(_with, extra=extra)


def _crosses(exam: Examination, op: Op, at: int) -> bool:
    """Whether moving the op would pass another one on the same fact, or join it on one day."""
    low, high = sorted((op.at, at))
    return any(
        o.ref == op.ref and o is not op and low <= o.at <= high and o.act != "clock"
        for o in exam.timeline.ops
    )


def _with(ops: Sequence[Op], extra: Op) -> list[Op]:
    return [*ops, extra]


def _without(ops: Sequence[Op], key: str) -> list[Op]:
    return [op for op in ops if op.change is None or op.change.key != key]


def _moved(ops: Sequence[Op], key: str, at: int) -> list[Op]:
    return [op._replace(at=at) if op.change is not None and op.change.key == key else op for op in ops]


def _refuted(played: Played) -> set[tuple[object, str]]:
    """What is wrong for any time at all."""
    lasting = (s for s in played.spans if s.until is None or s.until > s.since)
    return {(s.spot, s.found.problem) for s in lasting if not s.found.unknown}
