"""Calendars, the static view, the comparison and the fit."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.errors import BadInput, Refused
from renkei.rooms.command.paths import (
    Calendar,
    Kind,
    Post,
    Step,
    Streams,
    Structure,
    Work,
    compare,
    fit,
    run,
    single_points,
    structure,
    view,
    weekly,
)
from renkei.rooms.command.paths.compare import paired, student
from renkei.rooms.command.paths.fitting import Spell
from renkei.rooms.command.paths.model import visits

TOKYO = weekly(range(5), 480, 1020, 9)
HAWAII = weekly(range(5), 480, 1020, -10)
NIGHT = weekly((6,), 1320, 360, 0)


@pytest.mark.parametrize("calendar", [TOKYO, HAWAII, NIGHT, Calendar()])
@given(time=st.floats(0, 50_000), work=st.floats(0.01, 10_000))
def test_work_ends_when_so_much_duty_has_passed(calendar: Calendar, time: float, work: float) -> None:
    end = calendar.finish(time, work)
    assert end >= time
    assert calendar.duty(end) - calendar.duty(time) == pytest.approx(work, abs=1e-6)


@given(
    st.lists(st.tuples(st.floats(0, 9_000), st.floats(1, 3_000)), min_size=1, max_size=4),
    st.lists(st.floats(0, 50_000), min_size=1, max_size=20),
)
def test_many_times_are_told_as_each_alone_even_where_a_week_ends(
    spans: list[tuple[float, float]], times: list[float]
) -> None:
    calendar = Calendar([(start, start + length) for start, length in spans])
    times += [at for span in calendar.spans for at in span]
    duties = [calendar.duty(time) for time in times] + [calendar.minutes * n for n in range(1, 8)]
    assert calendar.duties(np.array(times)).tolist() == duties[: len(times)]
    reals = [calendar.real(duty) for duty in duties]
    assert calendar.reals(np.array(duties)).tolist() == reals
    assert [calendar.duty(real) for real in reals] == pytest.approx(duties, rel=1e-9, abs=1e-6)
    openings = [calendar.opening(time) for time in times]
    assert calendar.openings(np.array(times)).tolist() == openings
    assert all(calendar.turn(at)[0] == at for at in openings)


def test_hours_common_to_tokyo_and_hawaii() -> None:
    # 08:00 to 17:00 in Tokyo is 13:00 to 22:00 the day before in Hawaii: four hours a day, on four days
    assert TOKYO.common(HAWAII).minutes == 4 * 4 * 60
    assert NIGHT.minutes == 8 * 60


POSTS = "abcd"
steps_of = st.lists(
    st.tuples(st.sampled_from(POSTS), st.sets(st.sampled_from(POSTS), max_size=2), st.integers(0, 7)),
    min_size=1,
    max_size=3,
)


@given(steps_of)
def test_a_single_point_is_a_post_whose_loss_leaves_a_step_undone(
    drawn: list[tuple[str, set[str], int]],
) -> None:
    steps = [
        Step(str(n), post, Work(1.0), tuple(str(k) for k in range(n) if mask >> k & 1), stand_in=tuple(other))
        for n, (post, other, mask) in enumerate(drawn)
    ]
    lost = {p for p in POSTS if any({s.post, *s.stand_in} <= {p} for s in steps)}
    assert single_points(Kind("k", 1.0, tuple(steps))) == lost


def two(mean: float, officers: int = 1, rate: float = 100.0) -> Structure:
    steps = (Step("s", "a", Work(5.0)), Step("t", "b", Work(mean), ("s",), 3.0))
    posts = [Post("a", nation="jp"), Post("b", officers, nation="us")]
    return structure("x", posts, [Kind("k", rate, steps)])


def test_the_static_view_counts_hops_and_borders() -> None:
    found = view(two(7.0), two(7.0).kinds[0])
    assert [(h.sender, h.receiver, h.border, h.common) for h in found.hops] == [("a", "b", True, 168.0)]
    assert (found.best, found.worst) == pytest.approx((15.0, 15.0))
    assert found.single_points == ("a", "b")


def test_a_real_gain_is_named_and_the_bottleneck_with_it() -> None:
    found = compare(two(13.0), two(9.0), seed=1, runs=6, requests=600)
    assert found.differences[0].winner == "proposed"
    assert found.today.bottleneck == "b"
    assert found.today.one_more[0].high < 0
    assert found.today.capacity == pytest.approx(1440 / 1300)
    assert found.today.sweep[-1].minutes is None
    assert found.today.knee is not None
    assert compare(two(9.0), two(13.0), seed=1, runs=6, requests=600).differences[0].winner == "today"


def test_no_winner_between_equals() -> None:
    found = compare(two(9.0), two(9.0), seed=1, runs=4, requests=300).differences[0]
    assert (found.mean, found.low, found.high, found.winner) == (0.0, 0.0, 0.0, "none")


def test_the_interval_covers_what_is_true_as_often_as_it_says() -> None:
    """Structures that differ by name only share no draws; the truth is no difference."""
    here = two(9.0)
    steps = (Step("q", "a", Work(5.0)), Step("r", "b", Work(9.0), ("q",), 3.0))
    there = structure("y", here.posts, [Kind("k", 100.0, steps)])

    def winner(seed: int) -> str:
        sides = ([run(where, Streams(seed + n), {"k": 150}) for n in range(5)] for where in (here, there))
        return paired(*sides, 0.9)[0].winner

    # 90 of a hundred, give or take three standard deviations
    assert 81 <= [winner(100 * n) for n in range(100)].count("none") <= 99


@pytest.mark.parametrize(("freedom", "expected"), [(1, 12.7062), (9, 2.2622), (19, 2.0930), (200, 1.9719)])
def test_quantiles_of_student(freedom: int, expected: float) -> None:
    assert student(0.975, freedom) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    "work", [Work(30.0, "exponential"), Work(30.0, "lognormal", 0.5), Work(30.0, "fixed")]
)
def test_times_from_a_log_are_fitted_on_earlier_and_scored_on_later_weeks(work: Work) -> None:
    draw = np.random.default_rng(3)
    sigma2 = math.log1p(work.cv**2)
    drawn = {
        "fixed": np.full(2_000, 30.0),
        "exponential": draw.exponential(30.0, 2_000),
        "lognormal": 30 * np.exp(math.sqrt(sigma2) * draw.standard_normal(2_000) - sigma2 / 2),
    }[work.spread]
    spells = [Spell(n * 100.0, n * 100.0 + t) for n, t in enumerate(drawn.tolist())]
    now = max(spell.end for spell in spells if spell.end is not None)
    found = fit(spells, 120_000.0, now)
    assert not isinstance(found, Refused)
    assert (found.work.spread, found.work.basis) == (work.spread, "fitted")
    assert found.work.mean == pytest.approx(30.0, rel=0.08)
    assert found.later == 800
    if work.spread != "fixed":
        assert found.distance < 0.06
        slower = [
            Spell(a, a + 3 * (b - a)) if a >= 120_000 else Spell(a, b) for a, b in spells if b is not None
        ]
        worse = fit(slower, 120_000.0, now * 2)
        assert not isinstance(worse, Refused)
        assert worse.distance > 0.2  # later weeks that went otherwise are told, not hidden


@pytest.mark.parametrize("work", [Work(600.0, "exponential"), Work(600.0, "lognormal", 1.5)])
def test_what_has_not_ended_counts_as_at_least_so_long(work: Work) -> None:
    """Long work seen through a short window: those that ended are the quick ones."""
    begun = np.linspace(0.0, 1_000.0, 3_000)
    draw = np.random.default_rng(5)
    sigma2 = math.log1p(work.cv**2)
    took = (
        draw.exponential(600.0, 3_000)
        if work.spread == "exponential"
        else 600 * np.exp(math.sqrt(sigma2) * draw.standard_normal(3_000) - sigma2 / 2)
    )
    ends = begun + took
    spells = [Spell(a, b if b <= 2_000 else None) for a, b in zip(begun.tolist(), ends.tolist(), strict=True)]
    found = fit(spells, 800.0, 2_000.0)
    assert not isinstance(found, Refused)
    assert found.open > 500
    assert (found.work.spread, found.work.mean) == (work.spread, pytest.approx(600.0, rel=0.12))
    assert found.distance < 0.08
    quick = [b - a for a, b in zip(begun.tolist(), ends.tolist(), strict=True) if b <= 800]
    assert sum(quick) / len(quick) < 300  # what leaving them out would have said


def test_work_of_no_length_is_taken_as_a_second() -> None:
    spells = [Spell(n * 10.0, n * 10.0 + (0.0 if n % 2 else 1.0)) for n in range(100)]
    found = fit(spells, 500.0, 1_000.0)
    assert not isinstance(found, Refused) and found.work.mean > 0


@pytest.mark.parametrize(
    "wrong", [Spell(5.0, 4.0), Spell(5.0, 500.0), Spell(math.nan, 6.0), Spell(200.0, None)]
)
def test_times_that_cannot_be_are_refused(wrong: Spell) -> None:
    with pytest.raises(BadInput, match=r"paths\.times"):
        fit([wrong], 50.0, 100.0)


def test_too_few_times_are_refused() -> None:
    found = fit([Spell(n * 10.0, n * 10.0 + 1) for n in range(30)], 150.0, 300.0)
    assert isinstance(found, Refused)
    assert found.code == "paths.few"


def test_knees_and_bottlenecks_are_those_of_several_seeds() -> None:
    stand = compare(two(13.0), two(9.0), seed=1, runs=6, requests=300).today
    assert stand.busiest == {"b": 6}
    assert len(stand.knees) == 5
    assert all(one.low is not None and one.low < (one.minutes or 0) for one in stand.sweep[:3])


def test_the_critical_path_leaves_out_what_has_time_to_spare() -> None:
    steps = (
        Step("s", "a", Work(5.0)),
        Step("long", "a", Work(9.0), ("s",)),
        Step("short", "b", Work(2.0), ("s",)),
        Step("t", "b", Work(1.0), ("long", "short"), 3.0),
    )
    one = structure("x", [Post("a"), Post("b")], [Kind("k", 1.0, steps)])
    found = view(one, one.kinds[0])
    assert [(t.step, t.critical) for t in found.timed] == [
        ("s", True),
        ("long", True),
        ("short", False),
        ("t", True),
    ]
    assert (found.timed[-1].ready, found.timed[-1].done) == pytest.approx((17.0, 18.0))


def test_rework_counts_in_what_is_to_be_expected() -> None:
    steps = (Step("s", "a", Work(5.0)), Step("t", "a", Work(1.0), ("s",), back=0.5, to="s"))
    assert visits(structure("x", [Post("a")], [Kind("k", 1.0, steps)]).kinds[0]) == {"s": 2.0, "t": 2.0}
