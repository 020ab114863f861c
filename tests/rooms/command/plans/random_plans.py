"""Small plans drawn at random, sound by construction: whatever a draw would contradict is left out."""

from datetime import date, timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st

from renkei.kernel.errors import BadInput
from renkei.rooms.command.paths.description import Duty
from renkei.rooms.command.plans import (
    UNKNOWN,
    Add,
    Amend,
    Choice,
    End,
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
    facts_of,
    ref_of,
    target,
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
)
from renkei.rooms.command.plans.sound import check_plan
from renkei.rooms.command.records import Names

START = date(2026, 1, 1)
UNITS = ["US-A", "US-B", "US-C", "JP-A", "JP-B", "BI-A"]
SITES = ["US-S", "JP-S"]
HOURS = ["tokyo", "hawaii", "washington", "always", UNKNOWN]
HOLDERS = ["", UNKNOWN, "h1", "h2"]
FUNCTIONS = ["planning", "operations"]
EXTENTS = ["", "north", UNKNOWN]
NATION = {"US": "US", "JP": "Japan", "BI": "Bilateral"}
NAME = Names(en="n")

RULES: tuple[AnyRule, ...] = (
    Orphan(key="orphan", kinds=("command", "administrative")),
    Cycle(key="cycle", kinds=("command", "opcon")),
    Double(key="double", kinds=("command",)),
    Span(key="span", kinds=("command",), most=1),
    Nobody(key="nobody"),
    Ceiling(key="us", subject="US", most=11, nation="US"),
    Ceiling(key="site", subject="JP-S", most=5, sites=("JP-S",), counts=("all",)),
    Held(key="held", functions=("planning", "operations"), nations=("US", "Japan")),
    Held(key="unit", functions=("planning",), units=("US-A",)),
    DualHat(key="hats", most=2, apart=(("planning", "operations"),)),
    Unchanged(key="unchanged", nation="Japan"),
    HandOver(key="hand-over"),
    Grounded(key="ground", kinds=("command", "counterpart"), parts=("accountable",)),
    Reachable(key="reach", least_week=600, least_day=60, days=3, needed=(("US-A", "JP-A"),)),
)


def duty(offset: float) -> Duty:
    return Duty(days=(0, 1, 2, 3, 4), begin="08:00", end="17:00", utc_offset=offset)


def unit(code: str, **more: Any) -> Unit:
    form = "coordination body" if code.startswith("BI") else "unit"
    return Unit(code=code, names=NAME, nation=NATION[code[:2]], form=form, **more)  # type: ignore[arg-type]


units = st.builds(
    lambda code, site: unit(code, site=site), st.sampled_from(UNITS), st.sampled_from(["", *SITES])
)
posts = st.builds(
    lambda n, unit, holder, functions, officers, hours: Post(
        code=f"p{n}",
        unit=unit,
        names=NAME,
        holder=holder,
        functions=functions,
        officers=officers,
        hours=hours,
    ),
    st.integers(0, 6),
    st.sampled_from(UNITS),
    st.sampled_from(HOLDERS),
    st.sampled_from([(), ("planning",), ("operations",), ("planning", "operations")]),
    st.sampled_from([1, 2, 5, UNKNOWN]),
    st.sampled_from(["", *HOURS]),
)
relations = st.builds(
    lambda kind, one, other, under: Relation(
        key=f"{kind} {one} {other}", relation=kind, subject=one, object=other, under=under
    ),
    st.sampled_from(["command", "command", "opcon", "administrative", "counterpart"]),
    st.sampled_from(UNITS),
    st.sampled_from(UNITS),
    st.sampled_from([(), ("treaty",), (UNKNOWN,)]),
)
responsibilities = st.builds(
    lambda n, subject, function, part, extent: Responsibility(
        key=f"r{n}", subject=subject, function=function, part=part, extent=extent
    ),
    st.integers(0, 5),
    st.sampled_from(UNITS),
    st.sampled_from(FUNCTIONS),
    st.sampled_from(["accountable", "responsible"]),
    st.sampled_from(EXTENTS),
)
strengths = st.builds(
    lambda n, subject, figure, counts: Strength(
        key=f"s{n}",
        subject=subject[0],
        subject_kind=subject[1],
        figure=figure,
        counts=counts,
    ),
    st.integers(0, 3),
    st.sampled_from([("US", "nation"), ("JP-S", "site")]),
    st.sampled_from([0, 4, 10, UNKNOWN]),
    st.sampled_from(["all", "some"]),
)
FIXED_FACTS = {
    "nations": (
        Nation(key="US", names=NAME),
        Nation(key="Japan", names=NAME),
        Nation(key="Bilateral", names=NAME, shared=True),
    ),
    "sites": (
        Site(code="US-S", names=NAME, nation="US", hours="hawaii"),
        Site(code="JP-S", names=NAME, nation="Japan", hours="tokyo"),
    ),
    "hours": (
        Hours(key="tokyo", spans=(duty(9.0),)),
        Hours(key="hawaii", spans=(duty(-10.0),)),
        Hours(key="washington", spans=(duty(-5.0),), zone="America/New_York"),
        Hours(key="always", spans="always"),
    ),
    "legal_bases": (LegalBasis(key="treaty", names=NAME, nations=("US", "Japan")),),
}
days = st.integers(1, 6).map(lambda n: START + timedelta(days=n))


def dated(facts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Some of the facts with a beginning or an end of their own."""

    def put(fact: Any, since: Any, until: Any) -> Any:
        return (
            fact
            if since and until and until <= since
            else msgspec.structs.replace(fact, since=since, until=until)
        )

    return st.builds(put, facts, st.one_of(st.none(), st.none(), days), st.one_of(st.none(), st.none(), days))


def _unique(facts: list[Any]) -> tuple[Any, ...]:
    return tuple({ref_of(fact): fact for fact in facts}.values())


AMENDS: dict[str, list[dict[str, Any]]] = {
    "post": [{"holder": ""}, {"holder": "h1"}, {"unit": "JP-B"}, {"officers": 9}],
    "unit": [{"site": "JP-S"}, {"site": ""}],
    "responsibility": [{"subject": "US-B"}, {"extent": "north"}, {"part": "accountable"}],
    "relation": [{"object": "US-A"}, {"under": ["treaty"]}],
    "hours": [{"spans": "always"}, {"spans": "unknown"}],
    "site": [{"hours": "always"}],
    "strength": [{"figure": 12}],
}
added = st.one_of(units, posts, relations, responsibilities, strengths)


@st.composite
def plans(draw: Any, *, undated: bool = True, most: int = 8) -> Plan:
    """A sound plan with up to ``most`` changes."""
    firm = draw(st.lists(st.sampled_from(UNITS), min_size=3, unique=True))
    site = st.sampled_from(["", *SITES])
    later = [draw(dated(st.just(unit(code, site=draw(site))))) for code in UNITS if code not in firm]
    structure = Structure(
        **FIXED_FACTS,
        units=_unique([unit(code, site=draw(site)) for code in firm] + later),
        posts=_unique(draw(st.lists(dated(posts), max_size=6))),
        relations=_unique([r for r in draw(st.lists(dated(relations), max_size=8)) if r.subject != r.object]),
        responsibilities=_unique(draw(st.lists(dated(responsibilities), max_size=5))),
        strengths=_unique(draw(st.lists(dated(strengths), max_size=3))),
    )
    options = tuple(Option(key=key, names=NAME) for key in "ab")
    choices = (Choice(key="x", names=NAME, options=options),)
    phases = [Phase(key=f"d{n}", names=NAME, on=START + timedelta(days=n)) for n in (1, 3, 5)]
    if undated:
        phases.insert(draw(st.integers(0, 3)), Phase(key="u", names=NAME))
    plan = Plan(
        title=NAME,
        start=START,
        structure=structure,
        phases=tuple(phases),
        choices=choices[: draw(st.integers(0, 1))],
    )
    for n in range(draw(st.integers(most // 2, most))):
        plan = _with(plan, draw, n)
    return plan


def _with(plan: Plan, draw: Any, n: int) -> Plan:
    when = {"x": draw(st.sampled_from("ab"))} if plan.choices and draw(st.booleans()) else {}
    head: dict[str, Any] = {
        "key": f"c{n}",
        "phase": draw(st.sampled_from([phase.key for phase in plan.phases])),
        "when": when,
    }
    what = draw(st.sampled_from(["add", "end", "amend"]))
    known = sorted({ref_of(fact) for fact in facts_of(plan.structure)} | {target(c) for c in plan.changes})
    change: Any
    if what == "add":
        change = Add(**head, fact=draw(added))
    elif what == "end":
        kind, of = draw(st.sampled_from([ref for ref in known if ref[0] not in ("site", "hours")]))
        change = End(**head, kind=kind, of=of)
    else:
        kind, of = draw(st.sampled_from([ref for ref in known if ref[0] in AMENDS]))
        change = Amend(**head, kind=kind, of=of, fields=draw(st.sampled_from(AMENDS[kind])))
    more = msgspec.structs.replace(plan, changes=(*plan.changes, change))
    try:
        check_plan(more)
    except BadInput:
        return plan
    return more
