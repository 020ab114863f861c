"""Each check by an example: what is found, its witness, when, in which branches, its cause and its repair."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from renkei.kernel.errors import BadInput
from renkei.rooms.command.plans import (
    UNKNOWN,
    Add,
    Amend,
    AnyFact,
    AnyRule,
    Branch,
    Choice,
    End,
    LegalBasis,
    Moment,
    Option,
    Phase,
    Plan,
    Post,
    Relation,
    Responsibility,
    Strength,
    Structure,
    Timeline,
    Unit,
    between,
    check_plan,
    diff,
    examine,
    owners_of,
    ref_of,
)
from renkei.rooms.command.plans.checks import (
    Ceiling,
    Costs,
    Cycle,
    Double,
    DualHat,
    Finding,
    Grounded,
    HandOver,
    Held,
    Nobody,
    Orphan,
    Reachable,
    Span,
    Unchanged,
)
from renkei.rooms.command.plans.checks.engine import orders
from rooms.command.plans.random_plans import FIXED_FACTS, NAME, START, unit


def day(n: int) -> date:
    return START + timedelta(days=n)


def at(n: int) -> Moment:
    return Moment(day(n))


def under(one: str, other: str, kind: Any = "command", **more: Any) -> Relation:
    return Relation(key=f"{kind} {one} {other}", relation=kind, subject=one, object=other, **more)


def post(code: str, unit: str = "US-A", **more: Any) -> Post:
    return Post(code=code, unit=unit, names=NAME, **{"holder": code, **more})


def answers(key: str, subject: str, part: Any = "accountable", **more: Any) -> Responsibility:
    return Responsibility(key=key, subject=subject, function="logistics", part=part, **more)


def claims(key: str, figure: Any, **more: Any) -> Strength:
    return Strength(key=key, subject="US", subject_kind="nation", figure=figure, counts=key, **more)


UNITS = [unit("US-A", site="US-S"), unit("US-B"), unit("US-C"), unit("JP-A", site="JP-S"), unit("BI-A")]
OF: dict[type, str] = {
    Unit: "units",
    Post: "posts",
    Relation: "relations",
    Responsibility: "responsibilities",
}


def plan(facts: list[AnyFact], *changes: Any, choices: Any = ()) -> Plan:
    """The facts beside five units, with phases on days 1 to 5 named by them."""
    lists: dict[str, list[AnyFact]] = {
        "units": list(UNITS),
        "posts": [],
        "relations": [],
        "responsibilities": [],
    }
    lists["strengths"] = [fact for fact in facts if isinstance(fact, Strength)]
    for fact in facts:
        if type(fact) in OF:
            lists[OF[type(fact)]].append(fact)
    structure = Structure(**FIXED_FACTS, **{name: tuple(found) for name, found in lists.items()})
    dated = tuple(Phase(key=str(n), names=NAME, on=day(n)) for n in range(1, 6))
    made = Plan(
        title=NAME,
        start=START,
        structure=structure,
        phases=dated,
        choices=choices,
        changes=changes,
    )
    check_plan(made)
    return made


def add(key: str, phase: str, fact: AnyFact, **more: Any) -> Add:
    return Add(key=key, phase=phase, fact=fact, **more)


def end(key: str, phase: str, fact: AnyFact, **more: Any) -> End:
    kind, of = ref_of(fact)
    return End(key=key, phase=phase, kind=kind, of=of, **more)


def amend(key: str, phase: str, fact: AnyFact, **more: Any) -> Amend:
    kind, of = ref_of(fact)
    return Amend(key=key, phase=phase, kind=kind, of=of, fields=more)


def found(made: Plan, rule: AnyRule) -> tuple[Finding, ...]:
    return examine(made, [rule]).results[0].findings


def test_a_unit_that_loses_its_superior_is_an_orphan_until_it_has_another() -> None:
    old, new = under("US-B", "US-A"), under("US-B", "US-C")
    rule = Orphan(key="r", kinds=("command",), tops=("US-A", "US-C", "JP-A"))
    made = plan([old], end("out", "1", old), add("in", "3", new))
    (one,) = found(made, rule)
    assert (one.problem, one.where, one.since, one.until) == ("orphan", ("US-B",), at(1), at(3))
    assert (one.cause and one.cause.changes, one.cause and one.cause.how) == (("out",), "smallest")
    assert one.repair is not None
    assert (one.repair.step, one.repair.cost) == ("shift", pytest.approx(1.1))


def test_what_a_unit_leaves_behind_is_named() -> None:
    gone = unit("US-B")
    tie = under("US-B", "US-A")
    made = plan([tie, post("p", "US-B")], end("out", "2", gone))
    (one,) = found(made, Orphan(key="r", kinds=("command",), tops=("US-A", "US-C", "JP-A")))
    assert (one.problem, one.figures) == ("outlived", {"posts": 1, "relations": 1})
    assert one.facts == (("post", "p"), ("relation", tie.key))


def test_a_cycle_names_its_relations_and_the_two_changes_that_close_it() -> None:
    first, second, third = under("US-A", "US-B"), under("US-B", "US-C"), under("US-C", "US-A")
    other = under("US-C", "JP-A")
    made = plan([first], add("x", "1", other), add("a", "2", second), add("b", "4", third))
    (one,) = found(made, Cycle(key="r", kinds=("command",)))
    assert one.facts == tuple(sorted(("relation", r.key) for r in (first, second, third)))
    assert (one.since, one.cause and one.cause.changes) == (at(4), ("a", "b"))


def test_hierarchies_are_several_and_apart() -> None:
    facts: list[AnyFact] = [under("US-B", "US-A"), under("US-B", "US-C", "opcon")]
    assert found(plan(facts), Double(key="r", kinds=("command",))) == ()
    (one,) = found(plan([*facts, under("US-B", "JP-A", "opcon")]), Double(key="r", kinds=("opcon",)))
    assert (one.where, one.cause and one.cause.how) == (("US-B",), "start")


def test_double_command_holds_in_one_branch_only() -> None:
    options = (Option(key="early", names=NAME), Option(key="late", names=NAME))
    choices = (Choice(key="x", names=NAME, options=options),)
    old, new = under("US-B", "US-A"), under("US-B", "US-C")
    made = plan(
        [old],
        add("in", "2", new),
        end("out early", "2", old, when={"x": "early"}),
        end("out late", "5", old, when={"x": "late"}),
        choices=choices,
    )
    (one,) = found(made, Double(key="r", kinds=("command",)))
    assert (one.branches, one.since, one.until) == (("x=late",), at(2), at(5))
    assert one.cause is not None and one.cause.changes == ("in",)


def test_a_coordination_body_commands_nobody_and_a_span_has_an_end() -> None:
    tie = under("US-B", "BI-A", "opcon")
    (one,) = found(plan([], add("a", "1", tie)), Nobody(key="r"))
    assert (one.problem, one.facts) == ("commands", (("relation", tie.key),))
    (wide,) = found(
        plan([under("US-B", "US-A"), under("US-C", "US-A")]), Span(key="r", kinds=("command",), most=1)
    )
    assert wide.figures == {"below": 2, "most": 1}


def test_a_ceiling_tells_each_claim_by_itself_and_leaves_the_unknown_unknown() -> None:
    facts: list[AnyFact] = [claims("ashore", 98), claims("all told", 120), claims("later", UNKNOWN)]
    made = plan(facts, add("a", "1", post("p", officers=2)), add("b", "2", post("q", officers=1)))
    by_claim = {one.where: one for one in found(made, Ceiling(key="r", subject="US", most=100, nation="US"))}
    assert by_claim["ashore",].since == at(2)
    assert by_claim["ashore",].figures["people"] == 101
    assert by_claim["ashore",].cause is not None and set(by_claim["ashore",].cause.changes) == {"a", "b"}
    assert by_claim["all told",].since == at(0)
    assert by_claim["later",].outcome == "unknown"


def test_officers_nobody_has_counted_leave_a_ceiling_open() -> None:
    made = plan([claims("c", 50)], add("a", "1", post("p", officers=UNKNOWN)))
    (one,) = found(made, Ceiling(key="r", subject="US", most=100, nation="US"))
    assert (one.problem, one.outcome, one.facts) == (
        "officers unknown",
        "unknown",
        (("strength", "c"), ("post", "p")),
    )


def test_a_claim_counts_what_is_gained_after_it_was_made() -> None:
    made = plan([claims("old", 95)], add("a", "1", post("p", officers=9)), add("new", "2", claims("new", 95)))
    (one,) = found(made, Ceiling(key="r", subject="US", most=100, nation="US"))
    assert (one.where, one.figures["people"]) == (("old",), 104)


def test_a_key_that_names_another_claim_by_now_is_not_held_to_the_first_ones_ceiling() -> None:
    site = msgspec.structs.replace(claims("c", 150), subject="JP-S", subject_kind="site")
    made = plan([claims("c", 50)], end("out", "1", claims("c", 50)), add("in", "1", site))
    (one,) = found(made, Ceiling(key="r", subject="US", most=100, nation="US"))
    assert (one.problem, one.since) == ("no figure", at(1))


def test_a_function_is_held_only_by_a_filled_post_of_a_unit_that_is_there() -> None:
    rule = Held(key="r", functions=("planning",), nations=("US",))
    seat = post("p", functions=("planning",))
    made = plan([seat], amend("empties", "1", seat, holder=""), amend("fills", "3", seat, holder="new"))
    (one,) = found(made, rule)
    assert (one.problem, one.facts, one.since, one.until) == ("not held", (("post", "p"),), at(1), at(3))
    (open_,) = found(plan([post("p", functions=("planning",), holder=UNKNOWN)]), rule)
    assert (open_.problem, open_.outcome) == ("holder unknown", "unknown")
    (gone,) = found(plan([seat], end("out", "2", unit("US-A"))), rule)
    assert gone.cause is not None and gone.cause.changes == ("out",)


def test_a_missing_holder_is_a_repair_when_adding_is_cheap() -> None:
    seat = post("p", functions=("planning",), holder="")
    made = plan([seat])
    rule = Held(key="r", functions=("planning",))
    (one,) = examine(made, [rule], Costs(add=0.5)).results[0].findings
    assert one.repair is not None and (one.repair.step, one.repair.cost) == ("add", 0.5)
    assert isinstance(one.repair.fact, Post) and one.repair.fact.holder


def test_dual_hats_are_counted_kept_to_a_nation_and_functions_apart() -> None:
    hats: list[AnyFact] = [
        post(f"p{n}", holder="h", functions=(f,)) for n, f in enumerate(("planning", "operations"))
    ]
    rule = DualHat(key="r")
    assert found(plan(hats), rule) == ()
    (many,) = found(plan([*hats, post("p2", holder="h")]), rule)
    assert many.problem == "too many hats"
    (across,) = found(plan([hats[0], post("q", "JP-A", holder="h")]), rule)
    assert (across.problem, across.figures) == ("hats of two nations", {"nations": "Japan, US"})
    (apart,) = found(plan(hats), DualHat(key="r", apart=(("planning", "operations"),)))
    assert apart.facts == (("post", "p0"), ("post", "p1"))
    (open_,) = found(plan([post("p", holder=UNKNOWN)]), rule)
    assert open_.outcome == "unknown"


def test_responsibilities_of_the_other_nation_are_compared_line_by_line() -> None:
    theirs = answers("t", "JP-A")
    made = plan(
        [theirs, answers("o", "US-A")],
        end("takes", "2", theirs),
        add("gives", "3", answers("n", "JP-A", "consulted")),
        end("ours", "4", answers("o", "US-A")),
    )
    ended, added = found(made, Unchanged(key="r", nation="Japan"))
    assert (ended.problem, ended.figures) == ("ended", {"line": "JP-A / logistics / accountable"})
    assert (added.problem, added.facts, added.since) == ("added", (("responsibility", "n"),), at(3))
    assert ended.repair is not None and ended.repair.step == "add"


def test_the_same_line_on_another_word_is_no_change_and_an_unknown_extent_is_unknown() -> None:
    theirs = answers("t", "JP-A", extent="north")
    rule = Unchanged(key="r", nation="Japan")
    again = add("again", "2", answers("t2", "JP-A", extent="north"))
    assert found(plan([theirs], end("out", "2", theirs), again), rule) == ()
    vague = found(plan([theirs], amend("vague", "2", theirs, extent=UNKNOWN)), rule)
    assert {one.outcome for one in vague} == {"unknown"}
    (none,) = found(plan([]), rule)
    assert none.problem == "none recorded"


def test_an_authority_is_handed_over_on_the_day_and_otherwise_gaps_or_overlaps() -> None:
    old, new = answers("old", "US-A"), answers("new", "US-B")
    rule = HandOver(key="r")
    assert found(plan([old], end("out", "2", old), add("in", "2", new)), rule) == ()
    (gap,) = found(plan([old], end("out", "2", old), add("in", "4", new)), rule)
    assert (gap.problem, gap.since, gap.until, gap.facts) == (
        "gap",
        at(2),
        at(4),
        (("responsibility", "old"),),
    )
    assert gap.cause is not None and gap.cause.changes == ("out",)
    (overlap,) = found(plan([old], end("out", "4", old), add("in", "2", new)), rule)
    assert (overlap.problem, overlap.since, overlap.until) == ("overlap", at(2), at(4))
    assert overlap.repair is not None and overlap.repair.to in {day(2), day(4)}
    vague = found(plan([old, answers("x", "US-C", extent=UNKNOWN)]), rule)
    assert {one.problem for one in vague} == {"extent unknown"}


def test_a_place_in_a_hierarchy_may_end_but_not_be_empty_between_two() -> None:
    old, new = under("US-B", "US-A"), under("US-B", "US-C")
    assert found(plan([old], end("out", "2", old)), HandOver(key="r")) == ()
    (one,) = found(plan([old], end("out", "2", old), add("in", "3", new)), HandOver(key="r"))
    assert (one.problem, one.since, one.until) == ("between two", at(2), at(3))


def test_a_relation_across_nations_rests_on_a_legal_basis_in_force() -> None:
    bare, firm = under("US-A", "JP-A", "support"), under("US-B", "JP-A", "support", under=("treaty",))
    vague = under("US-C", "JP-A", "support", under=(UNKNOWN,))
    treaty = LegalBasis(key="treaty", names=NAME, nations=("US", "Japan"))
    made = plan([bare, firm, vague, under("US-B", "US-A", "support")], end("lapses", "3", treaty))
    by_cell = {one.where: one for one in found(made, Grounded(key="r"))}
    assert by_cell["relation", bare.key].since == at(0)
    assert by_cell["relation", vague.key].outcome == "unknown"
    lapsed = by_cell["relation", firm.key]
    assert (lapsed.since, lapsed.cause and lapsed.cause.changes) == (at(3), ("lapses",))
    (mended,) = (one for one in found(plan([bare]), Grounded(key="r")))
    assert mended.repair is not None and mended.repair.step == "add"


def test_common_duty_hours_of_tokyo_and_hawaii_are_four_hours_on_four_days() -> None:
    tie = under("US-A", "JP-A", "counterpart")
    # 0800-1700 in Hawaii is 1800-0300Z, in Tokyo 2300-0800Z: together 2300-0300Z; Hawaii's Monday
    # to Thursday.
    (one,) = found(plan([tie]), Reachable(key="r", least_week=16 * 60 + 1, least_day=1, days=4))
    assert (one.figures["minutes a week"], one.figures["days"]) == (16 * 60, 4)
    assert found(plan([tie]), Reachable(key="r", least_week=16 * 60, least_day=240, days=4)) == ()


def test_a_watch_makes_a_unit_reachable_and_a_vacant_one_does_not() -> None:
    tie = under("US-A", "JP-A", "counterpart")
    watch = post("w", "JP-A", hours="always", functions=("operations",))
    rule = Reachable(key="r", least_week=45 * 60, functions=("operations",))
    staff = post("s", "US-A", hours="hawaii", functions=("operations",))
    assert found(plan([tie, watch, staff]), rule) == ()
    (one,) = found(plan([tie, watch, staff], amend("empties", "2", watch, holder="")), rule)
    assert (one.since, one.outcome, one.cause and one.cause.changes) == (at(2), "refuted", ("empties",))
    (open_,) = found(plan([tie, watch, post("s", hours=UNKNOWN, functions=("operations",))]), rule)
    assert (open_.problem, open_.outcome) == ("hours unknown", "unknown")


def test_a_needed_counterpart_that_is_not_there_is_missing() -> None:
    rule = Reachable(key="r", needed=(("US-A", "JP-A"),))
    (one,) = found(plan([]), rule)
    assert (one.problem, one.repair and one.repair.step) == ("no relation", "add")


def undated(place: int, *changes: Any, facts: list[AnyFact]) -> Plan:
    """Phases on days 1, 3 and 5 and, at that place among them, one without a day."""
    phases = [Phase(key=str(n), names=NAME, on=day(n)) for n in (1, 3, 5)]
    phases.insert(place, Phase(key="u", names=NAME))
    made = Plan(
        title=NAME,
        start=START,
        structure=plan(facts).structure,
        phases=tuple(phases),
        changes=changes,
    )
    check_plan(made)
    return made


def test_what_turns_on_the_day_of_a_phase_without_one_is_unknown_and_names_it() -> None:
    old, new = under("US-B", "US-A"), under("US-B", "US-C")
    rule = Double(key="r", kinds=("command",))
    made = undated(2, add("in", "u", new), end("out", "3", old), facts=[old])
    assert found(made, rule) == ()  # after the third day's phase it finds the place free
    made = undated(1, add("in", "u", new), end("out", "3", old), facts=[old])
    (sure,) = found(made, rule)  # before it, whenever that is, it does not
    assert (sure.outcome, sure.since) == ("refuted", Moment(day(1), 1, "u"))
    made = undated(3, add("in", "u", new), end("out", "5", old, on=day(9)), facts=[old])
    (open_,) = found(made, rule)
    assert (open_.outcome, open_.depends_on) == ("unknown", ("u",))


def test_what_holds_whenever_a_phase_comes_is_proved() -> None:
    rule = Double(key="r", kinds=("command",))
    made = undated(3, add("in", "u", under("US-B", "US-C")), facts=[])
    assert examine(made, [rule]).outcome == "proved"


def test_orders_that_were_not_all_tried_leave_what_they_touch_open() -> None:
    spread = [add(f"p{n}", "1", post(f"p{n}", "US-B"), on=day(10 + 2 * n)) for n in range(40)]
    made = undated(1, *spread, add("in", "u", under("US-B", "US-C")), facts=[])
    rule = Double(key="r", kinds=("command",))
    assert examine(made, [rule]).outcome == "proved"  # the window ends on day 3
    made = undated(3, *spread, add("in", "u", under("US-B", "US-C")), facts=[])
    (one,) = found(made, rule)
    assert (one.problem, one.outcome, one.depends_on) == ("orders not tried", "unknown", ("u",))


def test_who_owns_a_change_follows_from_what_it_touches() -> None:
    tie = under("US-A", "JP-A", "counterpart")
    made = plan(
        [post("p")],
        add("ours", "1", post("q")),
        amend("moved", "2", post("p"), unit="JP-A"),
        add("line", "3", tie),
        add("common", "4", under("US-B", "BI-A", "coordination")),
        add("theirs", "5", answers("r", "JP-A")),
    )
    assert owners_of(made) == {
        "ours": "US",
        "moved": "shared",
        "line": "shared",
        "common": "shared",
        "theirs": "Japan",
    }


def test_a_difference_names_what_was_added_ended_moved_renamed_and_re_authorised() -> None:
    old, new, gone = under("US-B", "US-A"), under("US-B", "US-C"), post("gone")
    stays = answers("a", "US-A", extent="north")
    made = plan(
        [old, gone, post("kept"), stays],
        end("c1", "1", old),
        add("c2", "1", new),
        end("c3", "2", gone),
        add("c4", "2", post("came")),
        amend("c5", "3", unit("US-C"), names={"en": "New name"}),
        amend("c6", "4", stays, extent="south"),
        amend("c7", "5", post("kept"), officers=3),
    )
    timeline = Timeline(made)
    (branch,) = timeline.branches
    lines = between(timeline, (branch, 0), (branch, 5))
    assert [(line.word, line.kind, line.key) for line in lines] == [
        ("renamed", "unit", "US-C"),
        ("added", "post", "came"),
        ("ended", "post", "gone"),
        ("amended", "post", "kept"),
        ("re-authorised", "responsibility", "a"),
        ("moved", "relation", new.key),
    ]
    assert lines[-1].instead == old.key
    assert lines[-1].fields["object"] == ("US-A", "US-C")
    assert lines == diff(timeline.facts_at(branch, 0), timeline.facts_at(branch, 5))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (end("c", "1", post("nobody")), "plan.fact"),
        (add("c", "1", post("p")), "plan.order"),
        (add("c", "1", post("q", "US-NONE")), "structure.unit"),
        (add("c", "1", post("q", functions=("cooking",))), "structure.functions"),
        (add("c", "1", under("US-A", "US-A")), "structure.ends"),
        (add("c", "2", post("q", until=day(2))), "plan.dates"),
        (add("c", "2", post("q", since=day(1))), "plan.dates"),
        (add("c", "nine", post("q")), "plan.phase"),
        (add("c", "1", post("q"), when={"x": "a"}), "plan.branch"),
        (add("c", "3", post("q"), on=day(2)), "plan.dates"),
        (amend("c", "1", post("p"), code="q"), "plan.amend"),
        (amend("c", "1", post("p"), cooking=1), "plan.amend"),
        (amend("c", "1", post("p"), unit="US-NONE"), "structure.unit"),
        (amend("c", "1", post("later")), "plan.order"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused_by_place(change: Any, code: str) -> None:
    facts: list[AnyFact] = [post("p"), post("later", since=day(4))]
    with pytest.raises(BadInput) as caught:
        plan(facts, change)
    assert caught.value.code == code
    assert "$.changes[0]" in caught.value.expected


def test_two_changes_that_contradict_each_other_are_refused_in_their_branch() -> None:
    with pytest.raises(BadInput) as caught:
        plan([post("p")], end("one", "1", post("p")), end("two", "3", post("p")))
    assert caught.value.code == "plan.order"
    assert "$.changes[1], on 2026-01-04 in branch plan" in caught.value.expected


def test_too_many_branches_are_refused() -> None:
    options = tuple(Option(key=str(n), names=NAME) for n in range(3))
    choices = tuple(Choice(key=str(n), names=NAME, options=options) for n in range(4))
    with pytest.raises(BadInput) as caught:
        plan([], choices=choices)
    assert (caught.value.code, caught.value.came) == ("plan.branches", "81")


def test_a_branch_has_its_name() -> None:
    assert Timeline(plan([])).branches == (Branch("plan", {}),)


def test_a_phase_cannot_come_before_what_it_changes_is_there() -> None:
    new = under("US-B", "US-C")
    made = undated(3, add("in", "5", new, on=day(9)), end("out", "u", new), facts=[])
    timeline = Timeline(made)
    listed = list(orders(timeline, timeline.branches[0]))
    assert None in listed
    for groups in filter(None, listed):
        assert [op.change.key for _, ops in groups for op in ops if op.change] == ["in", "out"]
