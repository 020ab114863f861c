"""Checks held to plain recomputation, causes and repairs to brute force, on plans drawn at random."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import msgspec
import networkx
from hypothesis import HealthCheck, assume, given, settings

from renkei.rooms.command.plans import UNKNOWN, Add, Plan, Post, Relation, Unit
from renkei.rooms.command.plans.checks import Finding, Repair, examine
from renkei.rooms.command.plans.checks.base import Found
from renkei.rooms.command.plans.checks.engine import CHECKS, Examination, Interval, grouped, nations
from renkei.rooms.command.plans.state import State
from renkei.rooms.command.plans.timeline import Branch, Timeline
from rooms.command.plans.random_plans import RULES, plans

often = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
seldom = settings(often, max_examples=25)
Rows = set[tuple[int, tuple[str, ...], str, tuple[Any, ...], int, int | None]]


def rows(spans: list[Interval]) -> Rows:
    return {(*s.spot, s.found.problem, s.found.facts, s.since, s.until) for s in spans}


def states(plan: Plan, timeline: Timeline, branch: Branch) -> list[State]:
    """Every moment's state, each built from nothing."""
    whose = nations(plan)
    found = [timeline.facts_at(branch, n) for n in range(len(timeline.moments))]
    days = [moment.day for moment in timeline.moments]
    return [State(facts.values(), whose, day) for facts, day in zip(found, days, strict=True)]


def plainly(plan: Plan, timeline: Timeline, branch: Branch) -> Rows:
    """Every cell there ever is decided at every moment, on states built from nothing."""
    moments = states(plan, timeline, branch)
    found: Rows = set()
    for n, rule in enumerate(RULES):
        check = CHECKS[type(rule)](rule, moments[0], plan)
        for cell in {cell for state in moments for cell in check.cells(state)}:
            memory: dict[Any, Any] = {}
            begun: tuple[Found, int] | None = None
            for at, state in enumerate(moments):
                now = check.judge(state, cell, memory)
                if begun is not None and not begun[0].same(now):
                    found.add((n, cell, begun[0].problem, begun[0].facts, begun[1], at))
                    begun = None
                if now is not None and begun is None:
                    begun = now, at
            if begun is not None and begun[0].problem not in check.lasting:
                found.add((n, cell, begun[0].problem, begun[0].facts, begun[1], None))
    return found


@often
@given(plans())
def test_deciding_again_only_what_is_touched_comes_to_what_deciding_everything_does(plan: Plan) -> None:
    exam = Examination(plan, RULES)
    for branch in exam.timeline.branches:
        played = exam.play(grouped(exam.timeline.ops_in(branch)))
        assert rows(played.spans) == plainly(plan, exam.timeline, branch)


@often
@given(plans())
def test_after_a_branch_the_state_is_that_of_the_start_again(plan: Plan) -> None:
    exam = Examination(plan, RULES)
    fresh = State(exam.timeline.at_start, nations(plan), plan.start)
    for branch in exam.timeline.branches:
        exam.play(grouped(exam.timeline.ops_in(branch)))
    for name in (
        "facts",
        "above",
        "below",
        "posts_of",
        "seats",
        "hats",
        "held",
        "officers",
        "uncounted",
        "lines",
    ):
        assert filled(getattr(exam.state, name)) == filled(getattr(fresh, name)), name


def filled(index: Any) -> Any:
    """An index without its empty entries."""
    if not isinstance(index, dict):
        return index
    full = {key: filled(value) for key, value in index.items()}
    return {key: value for key, value in full.items() if value and value != [0, 0]}


def wrong(plan: Plan, timeline: Timeline, branch: Branch, moment: int) -> Iterator[tuple[str, str]]:
    """What a reader of the facts in force finds, by rule and cell, without any of the checks' own means."""
    facts = timeline.facts_at(branch, moment).values()
    units = {f.code: f for f in facts if isinstance(f, Unit)}
    posts = [f for f in facts if isinstance(f, Post) and f.unit in units]
    ties = [f for f in facts if isinstance(f, Relation)]
    sound = [r for r in ties if r.subject in units and r.object in units]
    commands = {(r.subject, r.object) for r in sound if r.relation == "command"}
    parents = {(r.subject, r.object) for r in sound if r.relation in ("command", "administrative")}
    for code, unit in units.items():
        if unit.form == "unit" and all(subject != code for subject, _ in parents):
            yield "orphan", code
        if sum(subject == code for subject, _ in commands) > 1:
            yield "double", code
        if sum(object_ == code for _, object_ in commands) > 1:
            yield "span", code
        chain = ("command", "opcon", "tacon")
        if unit.form != "unit" and any(r.object == code and r.relation in chain for r in ties):
            yield "nobody", code
    for code in {f.unit for f in facts if isinstance(f, Post)} | {
        c for r in ties for c in (r.subject, r.object)
    }:
        if code not in units:
            yield "orphan", code
    graph = networkx.DiGraph((r.subject, r.object) for r in ties if r.relation in ("command", "opcon"))
    for members in networkx.strongly_connected_components(graph):
        if len(members) > 1:
            yield "cycle", min(members)
    for nation in ("US", "Japan"):
        for function in ("planning", "operations"):
            seats = [p for p in posts if function in p.functions and units[p.unit].nation == nation]
            if not any(p.holder and p.holder != UNKNOWN for p in seats):
                yield "held", f"{function} {nation}"
    for holder in {p.holder for p in posts} - {"", UNKNOWN}:
        held = [p for p in posts if p.holder == holder]
        functions = {function for p in held for function in p.functions}
        across = len({units[p.unit].nation for p in held}) > 1
        if len(held) > 2 or across or (len(held) > 1 and functions == {"planning", "operations"}):
            yield "hats", holder


@often
@given(plans())
def test_checks_find_what_a_plain_reader_of_the_facts_finds(plan: Plan) -> None:
    exam = Examination(plan, RULES)
    read = {"orphan", "double", "span", "nobody", "cycle", "held", "hats"}
    for branch in exam.timeline.branches:
        spans = exam.play(grouped(exam.timeline.ops_in(branch))).spans
        for moment in range(len(exam.timeline.moments)):
            found = {
                (exam.rules[s.spot[0]].key, " ".join(s.spot[1]))
                for s in spans
                if s.since <= moment and (s.until is None or moment < s.until) and s.spot[1] != (UNKNOWN,)
            }
            expected = set(wrong(plan, exam.timeline, branch, moment))
            assert {one for one in found if one[0] in read} == expected


def refuted(plan: Plan) -> tuple[Examination, list[tuple[str, Finding]]]:
    report = examine(plan, RULES)
    found = [(r.rule, f) for r in report.results for f in r.findings if f.outcome == "refuted"]
    return Examination(plan, RULES), found


def fails(exam: Examination, branch: Branch, rule: str, finding: Finding, kept: tuple[str, ...]) -> bool:
    """Whether the finding's cell has its problem at its moment if only these changes are made."""
    ops = [op for op in exam.timeline.ops_in(branch) if op.change is None or op.change.key in kept]
    n = [r.key for r in exam.rules].index(rule)
    at = exam.timeline.number[finding.since]
    return any(
        s.spot == (n, finding.where)
        and s.found.problem == finding.problem
        and s.since <= at
        and (s.until is None or at < s.until)
        for s in exam.play(grouped(ops)).spans
    )


@seldom
@given(plans(most=5, undated=False))
def test_no_smaller_set_of_changes_causes_a_finding(plan: Plan) -> None:
    exam, found = refuted(plan)
    assume(found)
    for rule, finding in found:
        branch = exam.timeline.branch(finding.branches[0])
        assert finding.cause is not None
        assert finding.cause.how in ("start", "smallest")
        size = len(finding.cause.changes)
        if finding.problem != "between two":  # alone, what empties a place does not fill it again
            assert fails(exam, branch, rule, finding, finding.cause.changes)
        for smaller in range(size):
            for kept in combinations([c.key for c in plan.changes], smaller):
                assert not fails(exam, branch, rule, finding, kept)


def mended(plan: Plan, repair: Repair) -> Plan:
    """The plan after the repair."""
    changes: list[Any] = []
    for change in plan.changes:
        if change.key != repair.change:
            changes.append(change)
        elif repair.step == "shift":
            changes.append(msgspec.structs.replace(change, on=repair.to))
    if repair.step == "add":
        assert repair.fact is not None and repair.at is not None
        phase = repair.at.phase or plan.phases[0].key
        on = None if repair.at.phase else repair.at.day
        changes.append(Add(key="repair", phase=phase, on=on, fact=repair.fact))
    return msgspec.structs.replace(plan, changes=tuple(changes))


@seldom
@given(plans(most=6, undated=False))
def test_a_repair_mends_its_finding_and_breaks_nothing(plan: Plan) -> None:
    exam, found = refuted(plan)
    for rule, finding in found:
        if finding.repair is None:
            continue
        branch = exam.timeline.branch(finding.branches[0])
        n = [r.key for r in exam.rules].index(rule)
        before = problems(exam, branch)
        again = Examination(mended(plan, finding.repair), RULES)
        after = problems(again, branch)
        assert ((n, finding.where), finding.problem) not in after
        assert after <= before


def problems(exam: Examination, branch: Branch) -> set[tuple[Any, str]]:
    spans = exam.play(grouped(exam.timeline.ops_in(branch))).spans
    return {(s.spot, s.found.problem) for s in spans if not s.found.unknown and s.since != s.until}
