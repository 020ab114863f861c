"""What the rules come to: proved, refuted or unknown, each finding with its witness, cause and repair."""

from collections.abc import Sequence
from itertools import islice
from typing import Literal, NamedTuple

import msgspec

from .....kernel.errors import BadInput
from ...records import Names
from ..model import Plan, Ref
from ..timeline import Branch, Moment
from .base import Found
from .causes import Cause, Repair, cause_of, repair_of
from .engine import MAX_ORDERS, Examination, Group, Interval, Played, Spot, orders
from .rules import Costs, Rule

Outcome = Literal["proved", "refuted", "unknown"]
MAX_WORK = 300_000
"""Facts put in place in search of causes and repairs: some seconds.  Findings beyond it have neither."""


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What breaks a rule, or leaves it open: the facts that show it, from when to when, in which branches.

    ``where`` is what of the structure it is about, as its check divides it.  ``depends_on`` names phases
    without a day on whose day it turns.  ``since`` the plan's start: so it is today.
    """

    problem: str
    where: tuple[str, ...]
    outcome: Literal["refuted", "unknown"]
    facts: tuple[Ref, ...]
    figures: dict[str, int | str]
    since: Moment
    until: Moment | None
    branches: tuple[str, ...]
    depends_on: tuple[str, ...] = ()
    cause: Cause | None = None
    repair: Repair | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule: its outcome, over so many cells at the start and all later, and its findings."""

    rule: str
    check: str
    names: Names
    source: str
    outcome: Outcome
    decided: int
    findings: tuple[Finding, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All rules of a plan.  ``explained`` of the findings refuted have a cause searched for."""

    title: Names
    outcome: Outcome
    moments: tuple[Moment, ...]
    branches: tuple[str, ...]
    results: tuple[Result, ...]
    explained: int


class _Seen(NamedTuple):
    """One finding before it is told: in how many branches it is, and the first as it was played."""

    span: Interval
    branches: list[Branch]
    played: Played
    depends: tuple[str, ...]


def examine(
    plan: Plan,
    rules: Sequence[Rule],
    costs: Costs | None = None,
    *,
    explain: bool = True,
    most: int | None = None,
) -> Report:
    """Every rule at every moment of every branch; ``plan`` must be sound.

    Raises BadInput (``plan.work``) if more than ``most`` ops are to be played in all branches and orders.
    """
    exam = Examination(plan, rules)
    if most is not None and (count := _to_play(exam)) > most:
        raise BadInput("plan.work", f"a plan of at most {most} ops in all branches and orders", str(count))
    seen: dict[tuple[object, ...], _Seen] = {}
    for branch in exam.timeline.branches:
        for one in _branch(exam, branch):
            span = one.span
            key = (span.spot, span.found, span.since, span.until, one.depends)
            if key in seen:
                seen[key].branches.append(branch)
            else:
                seen[key] = one
    listed = sorted(seen.values(), key=lambda one: (one.span.since, one.span.spot, one.span.found.problem))
    teller = _Teller(exam, costs or Costs(), explain)
    findings: list[list[Finding]] = [[] for _ in rules]
    for one in listed:
        findings[one.span.spot[0]].append(teller.finding(one))
    results = tuple(_result(exam, n, rule, findings[n]) for n, rule in enumerate(exam.rules))
    return Report(
        title=plan.title,
        outcome=_worst([result.outcome for result in results]),
        moments=exam.timeline.moments,
        branches=tuple(branch.key for branch in exam.timeline.branches),
        results=results,
        explained=teller.explained,
    )


def _to_play(exam: Examination) -> int:
    """Ops in all branches, in every order that is tried."""
    timeline, count = exam.timeline, 0
    for branch in timeline.branches:
        tried = islice(orders(timeline, branch), MAX_ORDERS + 1)
        count += sum(groups is not None for groups in tried) * len(timeline.ops_in(branch))
    return count


def _branch(exam: Examination, branch: Branch) -> list[_Seen]:
    """The branch's findings in the plan's own order; open where another order would differ."""
    tried = list(islice(orders(exam.timeline, branch), MAX_ORDERS + 2))
    groups, others = tried[0] or [], [order for order in tried[1 : MAX_ORDERS + 1] if order is not None]
    played = exam.play(groups)
    loose = sorted({g for g, _ in groups if exam.timeline.moments[g].step})
    phases = tuple(exam.timeline.moments[g].phase for g in loose)
    unsure, elsewhere = _in_other_orders(exam, played, others)
    touched = {s for s, ns in played.touches.items() if any(played.done[n].op.at in loose for n in ns)}
    untried = touched if len(tried) > MAX_ORDERS + 1 else set()
    found = []
    for span in played.spans:
        turns = span.spot in unsure | untried and not span.found.unknown
        found.append(_Seen(span, [branch], played, phases if turns else ()))
    found += [_Seen(span, [branch], played, phases) for span in elsewhere]
    reason = Found("orders not tried", (), (("tried", MAX_ORDERS),), unknown=True)
    found += [
        _Seen(Interval((n, ()), reason, loose[0], None), [branch], played, phases)
        for n in sorted({spot[0] for spot in untried})
    ]
    return found


def _in_other_orders(
    exam: Examination, played: Played, others: Sequence[list[Group]]
) -> tuple[set[Spot], list[Interval]]:
    """Cells at fault in some orders and not in others, and a fault of each sound in the plan's own."""
    own = {span.spot for span in played.spans if not span.found.unknown}
    always, elsewhere = set(own), dict[Spot, Interval]()
    for groups in others:
        refuted = {span.spot: span for span in exam.play(groups).spans if not span.found.unknown}
        always &= refuted.keys()
        elsewhere = {spot: span for spot, span in refuted.items() if spot not in own} | elsewhere
    return (own | elsewhere.keys()) - always, list(elsewhere.values())


class _Teller:
    """Tells findings, each with cause and repair as long as the work allows."""

    def __init__(self, exam: Examination, costs: Costs, explain: bool) -> None:
        self.exam, self.costs, self.explain = exam, costs, explain
        self.explained, self._limit = 0, exam.work + MAX_WORK

    def finding(self, one: _Seen) -> Finding:
        span, found, exam = one.span, one.span.found, self.exam
        unknown = found.unknown or bool(one.depends)
        cause = repair = None
        if self.explain and not unknown and exam.work < self._limit:
            cause = cause_of(exam, one.played, span)
            repair = repair_of(exam, one.branches[0], one.played, span, cause, self.costs)
            self.explained += 1
        moments = exam.timeline.moments
        return Finding(
            problem=found.problem,
            where=span.spot[1],
            outcome="unknown" if unknown else "refuted",
            facts=found.facts,
            figures=dict(found.figures),
            since=moments[span.since],
            until=None if span.until is None else moments[span.until],
            branches=tuple(branch.key for branch in one.branches),
            depends_on=one.depends,
            cause=cause,
            repair=repair,
        )


def _result(exam: Examination, n: int, rule: Rule, findings: list[Finding]) -> Result:
    return Result(
        rule=rule.key,
        check=str(type(rule).__struct_config__.tag),
        names=rule.names,
        source=rule.source,
        outcome=_worst([finding.outcome for finding in findings]),
        decided=exam.decided[n],
        findings=tuple(findings),
    )


def _worst(outcomes: Sequence[Outcome]) -> Outcome:
    return "refuted" if "refuted" in outcomes else "unknown" if "unknown" in outcomes else "proved"
