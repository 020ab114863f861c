"""A plan of 100,000 posts and 1,000 dated changes: all checks at every date, and a difference.

A synthetic structure: 10,000 units of two nations in two hierarchies, each with ten posts, responsibilities
and counterparts; each change on a day of its own.  Beside it, in the same run, what checking anew on every
date would take (a few dates measured, times all), and networkx finding cycles and orphans on one date.
Processor time, so that a busy machine disturbs least.
"""

import time
from datetime import date, timedelta

import msgspec
import networkx
from bench.common import Figure, figure

from renkei.rooms.command.paths.description import Duty
from renkei.rooms.command.plans import (
    FUNCTIONS,
    Add,
    Amend,
    AnyChange,
    Choice,
    Hours,
    LegalBasis,
    Nation,
    Option,
    Phase,
    Plan,
    Post,
    Relation,
    Responsibility,
    Site,
    Strength,
    Structure,
    Unit,
    encode,
)
from renkei.rooms.command.plans.checks import (
    AnyRule,
    Ceiling,
    Cycle,
    Double,
    DualHat,
    Grounded,
    HandOver,
    Held,
    Nobody,
    Orphan,
    Reachable,
    Span,
    Unchanged,
    examine,
)
from renkei.rooms.command.plans.checks.engine import CHECKS, nations
from renkei.rooms.command.plans.diff import between
from renkei.rooms.command.plans.document import read_plan
from renkei.rooms.command.plans.state import State
from renkei.rooms.command.plans.timeline import Timeline
from renkei.rooms.command.records import Names

CHECK_SECONDS, DIFF_MS = 3.0, 300.0
START = date(2026, 1, 1)
NAME = Names(en="synthetic")
FANOUT, SITES = 8, 100
WHO = ("US", "Japan")

RULES: tuple[AnyRule, ...] = (
    Orphan(key="orphan", kinds=("command",), tops=("US-0", "JP-0")),
    Orphan(key="administrative orphan", kinds=("administrative",), tops=("US-0", "JP-0")),
    Cycle(key="cycle", kinds=("command",)),
    Cycle(key="administrative cycle", kinds=("administrative",)),
    Double(key="double", kinds=("command",)),
    Double(key="administrative double", kinds=("administrative",)),
    Span(key="span", kinds=("command",), most=2 * FANOUT),
    Nobody(key="nobody"),
    Ceiling(key="people of a nation", subject="US", most=60_000, nation="US"),
    Ceiling(key="people at a site", subject="US-S1", most=2_000, sites=("US-S1",)),
    Held(key="held", functions=tuple(FUNCTIONS), nations=WHO),
    DualHat(key="hats", most=3, apart=(("exercises", "disaster-relief"),)),
    Unchanged(key="unchanged", nation="Japan"),
    HandOver(key="hand-over"),
    Grounded(key="ground", kinds=("counterpart",)),
    Reachable(key="reach", least_week=300),
)


def synthetic(units: int, changes: int) -> Plan:
    """``units`` of each nation, ten posts each; ``changes`` on days of their own, half under an option."""
    duty = [Duty(days=(0, 1, 2, 3, 4), begin="08:00", end="17:00", utc_offset=o) for o in (9.0, 9.0)]
    structure = Structure(
        nations=tuple(Nation(key=n, names=NAME) for n in WHO),
        hours=tuple(Hours(key=f"h{n}", spans=(d,)) for n, d in enumerate(duty)),
        sites=tuple(
            Site(code=f"{c}-S{n}", names=NAME, nation=w, hours=f"h{n % 2}")
            for c, w in zip(("US", "JP"), WHO, strict=True)
            for n in range(SITES)
        ),
        units=tuple(
            Unit(code=f"{c}-{n}", names=NAME, nation=w, site=f"{c}-S{n % SITES}")
            for c, w in zip(("US", "JP"), WHO, strict=True)
            for n in range(units)
        ),
        posts=tuple(post(f"{c}-{n}", k) for c in ("US", "JP") for n in range(units) for k in range(10)),
        relations=tuple(r for c in ("US", "JP") for n in range(1, units) for r in above(c, n))
        + tuple(counterpart(n) for n in range(0, units, 5)),
        responsibilities=tuple(duties(c, n) for c in ("US", "JP") for n in range(units)),
        legal_bases=(LegalBasis(key="treaty", names=NAME, nations=WHO),),
        strengths=tuple(
            Strength(key=f"{s}{k}", subject=s, subject_kind=kind, figure=figure_, counts=f"definition {k}")
            for s, kind, figure_ in (("US", "nation", 50_000), ("US-S1", "site", 1_000))
            for k in range(4)
        ),
    )
    choice = Choice(key="x", names=NAME, options=(Option(key="a", names=NAME), Option(key="b", names=NAME)))
    return Plan(
        title=NAME,
        start=START,
        structure=structure,
        phases=(Phase(key="p", names=NAME, on=START + timedelta(days=1)),),
        choices=(choice,),
        changes=tuple(change(n, units) for n in range(changes)),
        synthetic=True,
    )


def post(unit: str, k: int) -> Post:
    """The k-th post of a unit."""
    function = tuple(FUNCTIONS)[k % len(FUNCTIONS)]
    return Post(code=f"{unit}/{k}", unit=unit, names=NAME, holder=f"{unit}/h{k}", functions=(function,))


def above(c: str, n: int) -> list[Relation]:
    """A unit's place in both hierarchies."""
    over = f"{c}-{(n - 1) // FANOUT}"
    return [
        Relation(key=f"{kind} {c}-{n}", relation=kind, subject=f"{c}-{n}", object=over)
        for kind in ("command", "administrative")
    ]


def counterpart(n: int) -> Relation:
    """Two units of the same number deal with each other."""
    return Relation(
        key=f"with {n}", relation="counterpart", subject=f"US-{n}", object=f"JP-{n}", under=("treaty",)
    )


def duties(c: str, n: int) -> Responsibility:
    """What a unit is accountable for."""
    function = tuple(FUNCTIONS)[n % len(FUNCTIONS)]
    return Responsibility(
        key=f"{c}-{n}", subject=f"{c}-{n}", function=function, part="accountable", extent=f"area {n}"
    )


def change(n: int, units: int) -> AnyChange:
    """The n-th change: a unit moved, a post vacated or added, an authority handed on, a unit elsewhere."""
    at = 1 + n * 7 % (units - 1)
    head = {
        "key": f"c{n}",
        "phase": "p",
        "on": START + timedelta(days=1 + n),
        "when": {"x": "ab"[n % 2]} if n % 4 < 2 else {},
    }
    if n % 50 == 4:  # under two at once: what a check is for
        return Add(
            **head, fact=Relation(key=f"second {n}", relation="command", subject=f"US-{at}", object="US-0")
        )
    match n % 5:
        case 0:
            return Amend(
                **head, kind="relation", of=f"command US-{at}", fields={"object": f"US-{at // 2 // FANOUT}"}
            )
        case 1:
            return Amend(**head, kind="post", of=f"US-{at}/3", fields={"holder": ""})
        case 2:
            return Add(
                **head, fact=msgspec.structs.replace(post(f"US-{at}", 0), code=f"new {n}", holder=f"n{n}")
            )
        case 3:
            return Amend(
                **head, kind="responsibility", of=f"US-{at}", fields={"subject": f"US-{(at + 1) % units}"}
            )
        case _:
            return Amend(**head, kind="unit", of=f"US-{at}", fields={"site": f"US-S{n % SITES}"})


def spent(work, *given, **named) -> float:
    """Processor seconds of one call."""
    begun = time.process_time()
    work(*given, **named)
    return time.process_time() - begun


def anew(plan: Plan, timeline: Timeline, dates: int) -> float:
    """Processor seconds of checking everything on every date of every branch, from ``dates`` of them."""
    begun = time.process_time()
    branch, whose = timeline.branches[0], nations(plan)
    for n in range(dates):
        moment = n * (len(timeline.moments) - 1) // dates
        facts = timeline.facts_at(branch, moment)
        state = State(facts.values(), whose, timeline.moments[moment].day)
        for rule in RULES:
            check = CHECKS[type(rule)](rule, state, plan)
            memory: dict = {}
            for cell in set(check.cells(state)):
                check.judge(state, cell, memory)
    each = (time.process_time() - begun) / dates
    return each * len(timeline.moments) * len(timeline.branches)


def one_date(plan: Plan) -> float:
    """Processor seconds of networkx for cycles and orphans of two hierarchies on one date."""
    begun = time.process_time()
    for kind in ("command", "administrative"):
        graph = networkx.DiGraph(
            (r.subject, r.object) for r in plan.structure.relations if r.relation == kind
        )
        assert networkx.is_directed_acyclic_graph(graph)
        assert sum(graph.out_degree(unit) == 0 for unit in graph) == 2
    return time.process_time() - begun


def figures(small: bool) -> list[Figure]:
    """All in turns, the document read anew each time."""
    units, changes, rounds = (250, 100, 1) if small else (5_000, 1_000, 3)
    plan = synthetic(units, changes)
    raw = encode(plan)
    reads, checks, diffs, peers, graphs, explained = [], [], [], [], [], []
    report = None

    def check() -> None:
        nonlocal report
        report = examine(plan, RULES, explain=False)

    def difference() -> None:
        timeline = Timeline(plan)
        one, other = timeline.branches
        between(timeline, (one, 0), (other, len(timeline.moments) - 1))

    for n in range(rounds):
        reads.append(spent(read_plan, raw, as_json=True))
        checks.append(spent(check))
        diffs.append(1e3 * spent(difference))
        explained.append(spent(examine, plan, RULES))
        if n == 0:
            peers.append(anew(plan, Timeline(plan), 2))
        graphs.append(one_date(plan))
    assert report is not None
    found = sum(len(result.findings) for result in report.results)
    size = f"{len(plan.structure.posts):,} posts, {changes:,} changes, {len(report.moments):,} dates, "
    size += f"{len(report.branches)} branches, {len(RULES)} rules, {found:,} findings"
    return [
        figure(
            "all checks at every date of every branch",
            checks,
            "s",
            limits=peers,
            beside="the same, each date anew",
            floor=CHECK_SECONDS,
            at_most=True,
            note=size,
        ),
        figure("the same with causes and repairs searched for", explained, "s"),
        figure("difference of two branches, timeline included", diffs, "ms", floor=DIFF_MS, at_most=True),
        figure("reading and checking the document", reads, "s", note=f"{len(raw) / 1e6:.0f} MB of JSON"),
        figure("cycles and orphans on one date by networkx alone", graphs, "s"),
    ]
