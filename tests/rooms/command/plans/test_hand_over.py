"""An authority that passes from one nation to another: on the day it is handed over, a day off it is not."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from renkei.rooms.command.plans import (
    UNKNOWN,
    Amend,
    Choice,
    Option,
    Phase,
    Plan,
    Responsibility,
    check_plan,
    examine,
)
from renkei.rooms.command.plans.checks import Finding, HandOver
from rooms.command.plans.random_plans import NAME
from rooms.command.plans.test_findings import add, answers, at, day, end, found, plan

RULE = HandOver(key="r")
OURS, THEIRS = answers("ours", "US-A", extent="west"), answers("theirs", "JP-A", extent="west")


def told(one: Finding) -> tuple[str, Any, Any, set[str]]:
    return one.problem, one.since, one.until, {key for _, key in one.facts}


@pytest.mark.parametrize("out", range(1, 6))
@pytest.mark.parametrize("into", range(1, 6))
def test_by_changes_of_both_nations_parts(out: int, into: int) -> None:
    made = plan([OURS], end("out", str(out), OURS), add("in", str(into), THEIRS))
    expect(found(made, RULE), out, into)


@pytest.mark.parametrize("out", range(1, 6))
@pytest.mark.parametrize("into", range(1, 6))
def test_by_the_dates_that_facts_have_of_their_own(out: int, into: int) -> None:
    dated = [
        msgspec.structs.replace(OURS, until=day(out)),
        msgspec.structs.replace(THEIRS, since=day(into)),
    ]
    expect(found(plan(dated), RULE), out, into)


def expect(findings: tuple[Finding, ...], out: int, into: int) -> None:
    """Nothing if one ends on the day on which the other begins; else every day between, and whose."""
    if out == into:
        assert findings == ()
        return
    (one,) = findings
    assert one.outcome == "refuted"
    if into > out:
        assert told(one) == ("gap", at(out), at(into), {"ours"})
    else:
        assert told(one) == ("two nations", at(into), at(out), {"ours", "theirs"})


def test_a_cause_and_a_repair_are_named() -> None:
    (gap,) = found(plan([OURS], end("out", "2", OURS), add("in", "3", THEIRS)), RULE)
    assert gap.cause is not None and gap.cause.changes == ("out",)
    assert gap.repair is not None and (gap.repair.step, gap.repair.to) == ("shift", day(3))
    (both,) = found(plan([OURS], end("out", "3", OURS), add("in", "2", THEIRS)), RULE)
    assert both.cause is not None and both.cause.changes == ("in",)
    assert both.repair is not None and (both.repair.step, both.repair.to) == ("shift", day(3))


def test_moved_by_one_change_that_both_sign_for() -> None:
    moved = Amend(key="moves", phase="2", kind="responsibility", of="ours", fields={"subject": "JP-A"})
    assert found(plan([OURS], moved), RULE) == ()


def test_who_held_it_all_along_has_not_taken_it_over() -> None:
    (gap,) = found(plan([OURS, THEIRS], end("out", "2", OURS)), RULE)
    assert told(gap) == ("gap", at(2), None, {"ours"})
    assert found(plan([OURS, THEIRS]), RULE) == ()


def test_two_nations_that_each_keep_their_own_are_nothing_to_find() -> None:
    assert found(plan([OURS], add("in", "2", THEIRS)), RULE) == ()


@pytest.mark.parametrize("other", [{"extent": "east"}, {"extent": UNKNOWN}, {"part": "responsible"}])
def test_another_extent_or_part_takes_nothing_over(other: dict[str, str]) -> None:
    theirs = msgspec.structs.replace(THEIRS, **other)
    problems = [
        one.problem for one in found(plan([OURS], end("out", "2", OURS), add("in", "2", theirs)), RULE)
    ]
    assert "gap" in problems


def test_there_and_back_again() -> None:
    back = answers("back", "US-B", extent="west")
    clean = [end("out", "2", OURS), add("in", "2", THEIRS), end("done", "4", THEIRS)]
    assert found(plan([OURS], *clean, add("again", "4", back)), RULE) == ()
    (gap,) = found(plan([OURS], *clean, add("again", "5", back)), RULE)
    assert told(gap) == ("gap", at(4), at(5), {"theirs"})


def test_each_branch_by_itself() -> None:
    choice = Choice(key="who", names=NAME, options=tuple(Option(key=k, names=NAME) for k in ("a", "b", "c")))
    changes = [
        end("out", "2", OURS),
        add("on the day", "2", THEIRS, when={"who": "a"}),
        add("late", "3", THEIRS, when={"who": "b"}),
    ]
    findings = found(plan([OURS], *changes, choices=(choice,)), RULE)
    assert {(*told(one)[:3], one.branches) for one in findings} == {
        ("gap", at(2), at(3), ("who=b",)),
        ("gap", at(2), None, ("who=c",)),
    }


def undated(*changes: Any) -> Plan:
    """Phases of which nobody knows the day, the first not before the second."""
    made = plan([OURS])
    phases = tuple(Phase(key=key, names=NAME) for key in ("2a", "2b"))
    whole = msgspec.structs.replace(made, phases=phases, changes=changes)
    check_plan(whole)
    return whole


def test_in_one_phase_without_a_day_it_is_handed_over_whenever_that_comes() -> None:
    (result,) = examine(undated(end("out", "2a", OURS), add("in", "2a", THEIRS)), [RULE]).results
    assert result.outcome == "proved"


def test_in_two_phases_without_days_it_depends_on_the_days() -> None:
    (result,) = examine(undated(end("out", "2a", OURS), add("in", "2b", THEIRS)), [RULE]).results
    assert result.outcome == "unknown"
    assert {one.problem for one in result.findings} == {"gap"}
    assert all(set(one.depends_on) == {"2a", "2b"} for one in result.findings)


def test_posts_that_hold_it_and_end_are_followed_too() -> None:
    """The unit goes on, its post that is accountable ends: the witness is still the responsibility."""
    from renkei.rooms.command.plans import Post

    seat = Post(code="seat", unit="US-A", names=NAME, holder="h")
    ours = Responsibility(
        key="ours",
        subject="seat",
        subject_kind="post",
        function="logistics",
        part="accountable",
        extent="west",
    )
    for into, problem in (("2", set()), ("3", {"gap"})):
        made = plan([seat, ours], end("out", "2", seat), add("in", into, THEIRS))
        assert {one.problem for one in found(made, RULE)} == problem


def test_a_day_is_the_shortest_step_and_is_found() -> None:
    """Facts are dated by days, each from 00:00Z: no gap can be shorter, and one of a single day is told."""
    late = msgspec.structs.replace(THEIRS, since=day(3) + timedelta(days=1))
    (gap,) = found(plan([msgspec.structs.replace(OURS, until=day(3)), late]), RULE)
    assert (gap.since.day, gap.until and gap.until.day) == (day(3), day(4))
