"""A plan as it runs: its branches, its moments, and what happens to which fact at each.

A *moment* is a day on which something begins, ends or changes, or the taking effect of a phase whose day is
not known; that stands as late as the phases around it allow.  Where duty hours have a zone, a day on which
its clock changes is a moment too.  Moments are numbered from 0, the plan's start, and are the same in all
branches.  An *op* does one thing to one fact as it then is, so that leaving out changes or putting them in
another order needs no other description.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import product
from typing import Literal, NamedTuple

import msgspec

from ....kernel.errors import BadInput
from .. import zones
from ..rules import in_force
from .model import Add, Amend, AnyChange, AnyFact, Hours, Phase, Plan, Ref, facts_of, ref_of, target

MAX_BRANCHES = 64
"""Combinations of options: six open choices of two; more are decided in parts."""
YEAR = 366
"""Days after the last moment in which clocks still count: every season comes once."""
MAX_YEARS = 30
"""Years of a plan in which they do; by which clocks its children live nobody has decided."""


class Moment(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """A day; or, after it, the taking effect of ``phase``, whose day is not known: the ``step``-th such."""

    day: date
    step: int = 0
    phase: str = ""

    def __str__(self) -> str:
        return f"{self.day} + {self.phase} (day unknown)" if self.step else str(self.day)


class Branch(NamedTuple):
    """One option of every choice; ``key`` names them (``authority=2a``), or is ``plan`` if none is open."""

    key: str
    options: Mapping[str, str]

    def has(self, change: AnyChange) -> bool:
        """Whether the change is made in this branch."""
        return all(self.options.get(choice) == option for choice, option in change.when.items())


class Op(NamedTuple):
    """At moment ``at`` the fact ``ref`` begins, ends or is amended; ``change`` None: by its own date.

    With ``clock`` it stays as it is and means something else, for the clock of its zone has changed.
    """

    at: int
    ref: Ref
    act: Literal["begin", "end", "amend", "clock"]
    fact: AnyFact | None
    change: AnyChange | None

    def result(self, current: AnyFact | None) -> AnyFact | None:
        """The fact after it; what is not there cannot be amended."""
        if self.act == "clock":
            return current
        if self.act == "amend" and isinstance(self.change, Amend):
            return None if current is None else amended(current, self.change)
        return self.fact


def amended(fact: AnyFact, change: Amend) -> AnyFact:
    """The fact with the change's fields.  Raises BadInput (``plan.amend``) if they do not fit its kind."""
    try:
        return msgspec.convert({**msgspec.to_builtins(fact), **change.fields}, type(fact))
    except msgspec.ValidationError as err:
        kind = type(fact).__struct_config__.tag
        raise BadInput("plan.amend", f"fields of a {kind}", f"{err} in change {change.key}") from None


def branches_of(plan: Plan) -> tuple[Branch, ...]:
    """Every combination of options.  Raises BadInput (``plan.branches``) if there are too many."""
    count = 1
    for choice in plan.choices:
        count *= len(choice.options)
    if count > MAX_BRANCHES:
        raise BadInput("plan.branches", f"at most {MAX_BRANCHES} combinations of options", str(count))
    keys = [choice.key for choice in plan.choices]
    found = []
    for options in product(*([o.key for o in choice.options] for choice in plan.choices)):
        named = dict(zip(keys, options, strict=True))
        found.append(Branch(", ".join(f"{k}={v}" for k, v in named.items()) or "plan", named))
    return tuple(found)


class Timeline:
    """The moments of a plan, the facts in force at its start, and the ops, in order."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.branches = branches_of(plan)
        self.at_start: list[AnyFact] = []
        self._dated: list[tuple[date, AnyFact, bool]] = []
        self._clocks: dict[Ref, set[date]] = {}
        for fact in facts_of(plan.structure):
            self._sort(fact)
        self.undated = tuple(phase for phase in plan.phases if phase.on is None and self._used(phase))
        self.moments, self._placed = self._arranged()
        self.number = {moment: n for n, moment in enumerate(self.moments)}
        self.ops = tuple(sorted(self._ops(), key=lambda op: (op.at, op.change is not None)))
        happening = {op.ref for op in self.ops if op.act != "clock"}
        self.moving = {ref: fact for fact in self.at_start if (ref := ref_of(fact)) in happening}
        """Facts in force at the start to which something happens later."""

    def ops_in(self, branch: Branch) -> list[Op]:
        """What happens in this branch."""
        return [op for op in self.ops if op.change is None or branch.has(op.change)]

    def moment(self, text: str) -> int:
        """The last moment not after a day (``2027-04-01``), or that at which a phase takes effect.

        Raises BadInput (``plan.date``) for anything else.
        """
        phases = {phase.key: phase for phase in self.plan.phases}
        if text in phases and (moment := self._of_phase(phases[text])) is not None:
            return self.number[moment]
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise BadInput(
                "plan.date", "a day (YYYY-MM-DD) or a phase in which something changes", text
            ) from None
        return self.moment_on(day)

    def moment_on(self, day: date) -> int:
        """The last moment not after that day.  Raises BadInput (``plan.date``) if the plan starts later."""
        if day < self.plan.start:
            raise BadInput("plan.date", f"a day from {self.plan.start} on", str(day))
        return max(n for n, moment in enumerate(self.moments) if moment.day <= day and not moment.step)

    def _of_phase(self, phase: Phase) -> Moment | None:
        moment = Moment(phase.on) if phase.on else self._placed.get(phase.key)
        return moment if moment in self.number else None

    def branch(self, key: str) -> Branch:
        """The branch of that name; "" if there is only one.  Raises BadInput (``plan.branch``)."""
        if not key and len(self.branches) == 1:
            return self.branches[0]
        for branch in self.branches:
            if branch.key == key:
                return branch
        known = "; ".join(branch.key for branch in self.branches)
        raise BadInput("plan.branch", f"one of the branches {known}", key or "none")

    def facts_at(self, branch: Branch, moment: int) -> dict[Ref, AnyFact]:
        """Every fact in force then."""
        found = {ref_of(fact): fact for fact in self.at_start}
        for op in self.ops_in(branch):
            if op.at > moment:
                break
            fact = op.result(found.get(op.ref))
            if fact is None:
                found.pop(op.ref, None)
            else:
                found[op.ref] = fact
        return found

    def window(self, phase: Phase) -> tuple[date, date | None]:
        """From when on, and before which day, a phase without a day may take effect."""
        return _window(self.plan, phase)

    def _used(self, phase: Phase) -> bool:
        return any(c.phase == phase.key and c.on is None for c in self.plan.changes)

    def _sort(self, fact: AnyFact) -> None:
        if fact.since is None and fact.until is None and fact.status == "in force":
            self.at_start.append(fact)
            return
        start, since, until = self.plan.start, fact.since, fact.until
        if not (since or in_force(fact.status, None, until, date.min)):
            return
        if since and until and until <= since:
            return
        if in_force(fact.status, since, until, start):
            self.at_start.append(fact)
        elif since and since > start and in_force(fact.status, since, until, since):
            self._dated.append((since, fact, True))
        else:
            return
        if until and until > start:
            self._dated.append((until, fact, False))

    def _arranged(self) -> tuple[tuple[Moment, ...], dict[str, Moment]]:
        plan, phases = self.plan, {phase.key: phase for phase in self.plan.phases}
        days = {plan.start} | {day for day, _, _ in self._dated}
        for change in plan.changes:
            if (dated := change.on or phases[change.phase].on) is not None:
                days.add(dated)
            if isinstance(change, Add) and change.fact.until:
                days.add(change.fact.until)
        placed: dict[str, Moment] = {}
        for step, phase in enumerate(self.undated, 1):
            low, high = self.window(phase)
            day = max([low, *(d for d in days if high is None or d < high)])
            placed[phase.key] = Moment(day, step, phase.key)
        moments = {Moment(day) for day in days} | set(placed.values())
        last = max(m.day for m in moments)
        last = min(last, plan.start + timedelta(days=YEAR * MAX_YEARS)) + timedelta(days=YEAR)
        for ref, names in _zones(plan).items():
            self._clocks[ref] = {day for name in names for day in zones.changes(name, plan.start, last)}
            moments |= {Moment(day) for day in self._clocks[ref]}
        return tuple(sorted(moments | {Moment(m.day) for m in placed.values()})), placed

    def _ops(self) -> Iterator[Op]:
        for day, fact, begins in sorted(self._dated, key=lambda one: (one[0], one[2], ref_of(one[1]))):
            ref, at = ref_of(fact), self.number[Moment(day)]
            yield Op(at, ref, "begin", fact, None) if begins else Op(at, ref, "end", None, None)
        for ref, days in self._clocks.items():
            yield from (Op(self.number[Moment(day)], ref, "clock", None, None) for day in days)
        phases = {phase.key: phase for phase in self.plan.phases}
        for change in self.plan.changes:
            on = change.on or phases[change.phase].on
            at = self.number[Moment(on) if on else self._placed[change.phase]]
            ref = target(change)
            if isinstance(change, Add):
                yield Op(at, ref, "begin", change.fact, change)
                if change.fact.until:
                    yield Op(self.number[Moment(change.fact.until)], ref, "end", None, change)
            else:
                yield Op(at, ref, "amend" if isinstance(change, Amend) else "end", None, change)


def _zones(plan: Plan) -> dict[Ref, set[str]]:
    """The zones that duty hours have at any time."""
    found: dict[Ref, set[str]] = {}
    for fact in (*plan.structure.hours, *(c.fact for c in plan.changes if isinstance(c, Add))):
        if isinstance(fact, Hours) and fact.zone:
            found.setdefault(ref_of(fact), set()).add(fact.zone)
    for change in plan.changes:
        if isinstance(change, Amend) and change.kind == "hours" and (name := change.fields.get("zone")):
            found.setdefault(target(change), set()).add(name)
    return found


def _window(plan: Plan, phase: Phase) -> tuple[date, date | None]:
    place = plan.phases.index(phase)
    above = [p.on or p.not_before for p in plan.phases[:place]]
    low = max(
        [
            plan.start + timedelta(days=1),
            *(day for day in above if day),
            *([phase.not_before] if phase.not_before else []),
        ]
    )
    below = [p.on for p in plan.phases[place + 1 :] if p.on]
    return low, min(below, default=None)
