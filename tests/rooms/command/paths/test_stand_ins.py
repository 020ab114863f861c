"""Stand-ins in the simulation, held against cases by hand, a second simulation, and the static view."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.kernel.errors import BadInput, Faulty
from renkei.rooms.command.paths import (
    Calendar,
    Description,
    Kind,
    Post,
    Step,
    Streams,
    Structure,
    Work,
    compare,
    critical_path,
    effort,
    read,
    run,
    run_events,
    single_points,
    structure,
    view,
)
from renkei.rooms.command.paths.calendars import DAY, WEEK
from renkei.rooms.command.paths.capacity import MAX_COVER, capacity
from renkei.rooms.command.paths.engine import groups
from renkei.rooms.command.paths.reports import steps

BY_DAY = Calendar([(day * DAY + 480.0, day * DAY + 1020.0) for day in range(7)])
"""08:00 to 17:00 on every day."""
FIXED = Work(60.0, "fixed")


def office(*kinds: Kind, officers: int = 1) -> Structure:
    """A desk by day, in whose stead a watch is on duty round the clock."""
    return structure("office", [Post("desk", 1, BY_DAY, "us"), Post("watch", officers, nation="jp")], kinds)


def step(post: str, *stand_in: str, work: Work = FIXED, key: str = "s") -> Step:
    return Step(key, post, work, stand_in=stand_in)


def ended(where: Structure, **arrivals: Sequence[float]) -> dict[str, list[float]]:
    """When each request is done."""
    came = {kind: np.array(times) for kind, times in arrivals.items()}
    found = run_events(where, Streams(1), came)
    return {kind: (came[kind] + took).tolist() for kind, took in found.times.items()}


def test_off_duty_the_watch_stands_in_and_on_duty_it_does_not() -> None:
    where = office(Kind("k", 1.0, (step("desk", "watch"),)))
    # by night the watch; by day the desk, and who waits there waits for it
    assert ended(where, k=[100.0, 130.0, 500.0, 510.0])["k"] == [160.0, 220.0, 560.0, 620.0]
    assert run_events(where, Streams(1), {"k": np.array([100.0, 500.0])}).work["k"] == {
        "desk": 30.0,
        "watch": 30.0,
    }


def test_who_still_waits_when_duty_ends_goes_to_the_stand_in_and_work_begun_stays() -> None:
    where = office(Kind("k", 1.0, (step("desk", "watch"),)))
    # begun at 16:40 and put aside at 17:00 until the next morning; the other one is the watch's from 17:00 on
    assert ended(where, k=[1000.0, 1005.0])["k"] == [DAY + 480.0 + 40.0, 1080.0]


def test_who_stands_in_does_the_urgent_first_and_its_own_before_others_of_the_same_urgency() -> None:
    kinds = [
        Kind("own", 1.0, (step("watch"),), 1),
        Kind("other", 1.0, (step("desk", "watch"),), 1),
        Kind("urgent", 1.0, (step("desk", "watch"),), 0),
    ]
    found = ended(office(*kinds), own=[10.0, 40.0], other=[20.0], urgent=[50.0])
    assert found == {"own": [70.0, 190.0], "urgent": [130.0], "other": [250.0]}


def test_of_several_the_first_named_who_is_free_stands_in() -> None:
    posts = [Post("c"), Post("b"), Post("a", 1, BY_DAY)]
    where = structure("several", posts, [Kind("k", 1.0, (step("a", "b", "c"),))])
    came = {"k": np.array([0.0, 1.0, 2.0])}
    found = run_events(where, Streams(1), came)
    assert (found.times["k"] + came["k"]).tolist() == [60.0, 61.0, 120.0]
    assert found.work["k"] == {"b": 40.0, "c": 20.0, "a": 0.0}


def test_a_stand_in_never_on_duty_without_the_post_changes_nothing() -> None:
    morning = Calendar([(480.0, 720.0)])
    posts = [Post("a", 1, BY_DAY), Post("b", 1, morning)]
    kinds = [[Kind("k", 20.0, (step("a", *others, work=Work(30.0)),))] for others in ((), ("b",), ("a",))]
    alone, helped, own = (structure("x", posts, kind) for kind in kinds)
    assert groups(helped) == groups(alone) == [("a",), ("b",)]
    times = [run(where, Streams(3), {"k": 200}).times["k"].tolist() for where in (alone, helped, own)]
    assert times[0] == times[1] == times[2]


def test_posts_that_stand_in_are_served_together_and_the_rest_at_once() -> None:
    posts = [Post(key, 1, BY_DAY if key == "b" else Calendar()) for key in "abcd"]
    steps = (
        Step("1", "a", FIXED),
        Step("2", "b", FIXED, ("1",), stand_in=("c",)),
        Step("3", "d", FIXED, ("2",)),
    )
    found = groups(structure("x", posts, [Kind("k", 1.0, steps)]))
    assert [set(group) for group in found] == [{"a"}, {"b", "c"}, {"d"}]


# --- the same by moments ------------------------------------------------------------------------------------


class Piece(NamedTuple):
    """Somebody waiting."""

    urgency: int
    came: float
    kind: int
    who: int
    step: int


def by_moments(where: Structure, streams: Streams, arrivals: dict[str, np.ndarray]) -> dict[str, list[float]]:
    """Chains of steps, going from moment to moment and asking everybody: slow, and little to get wrong."""
    posts = {post.key: post for post in where.posts}
    needs = [
        [streams.work(f"{kind.key}/{one.key}", 0, len(arrivals[kind.key]), one.work) for one in kind.steps]
        for kind in where.kinds
    ]
    coming = [
        (at + kind.steps[0].hop, Piece(kind.priority, 0.0, k, who, 0))
        for k, kind in enumerate(where.kinds)
        for who, at in enumerate(arrivals[kind.key].tolist())
    ]
    waiting: list[Piece] = []
    running: list[tuple[float, str, Piece]] = []
    done = {kind.key: [0.0] * len(arrivals[kind.key]) for kind in where.kinds}
    time = 0.0

    def on(key: str) -> bool:
        return posts[key].calendar.opening(time) == time

    def free(key: str) -> bool:
        return on(key) and sum(post == key for _, post, _ in running) < posts[key].officers

    def rank(key: str, piece: Piece) -> tuple[int, bool, float, int, int, int] | None:
        one = where.kinds[piece.kind].steps[piece.step]
        if one.post == key:
            return piece.urgency, False, *piece[1:]
        if key not in one.stand_in or on(one.post):
            return None
        named = [other for other in one.stand_in if other != one.post]
        if any(free(other) for other in named[: named.index(key)]):
            return None
        return piece.urgency, True, *piece[1:]

    def take() -> bool:
        for key, post in posts.items():
            able = [(rank(key, piece), piece) for piece in waiting] if free(key) else []
            best = min(((r, piece) for r, piece in able if r is not None), default=None)
            if best:
                piece = best[1]
                waiting.remove(piece)
                need = float(needs[piece.kind][piece.step][piece.who])
                running.append((post.calendar.finish(time, need), key, piece))
                return True
        return False

    while coming or running or waiting:
        turns = (t for post in posts.values() if waiting for t in post.calendar.turn(time) if t > time)
        time = min([at for at, _ in coming] + [end for end, _, _ in running] + list(turns))
        for item in [item for item in running if item[0] <= time]:
            running.remove(item)
            piece = item[2]
            kind = where.kinds[piece.kind]
            if piece.step + 1 < len(kind.steps):
                coming.append((time + kind.steps[piece.step + 1].hop, piece._replace(step=piece.step + 1)))
            else:
                done[kind.key][piece.who] = time
        for come in [come for come in coming if come[0] <= time]:
            coming.remove(come)
            waiting.append(come[1]._replace(came=time))
        while take():
            pass
    return done


KEYS = "abcd"
calendars = st.one_of(
    st.just(Calendar()),
    st.lists(
        st.tuples(st.integers(0, 150), st.integers(2, 60)).map(lambda s: (s[0] * 60.0, (s[0] + s[1]) * 60.0)),
        min_size=1,
        max_size=3,
    ).map(Calendar),
)
chains = st.lists(
    st.tuples(
        st.sampled_from(KEYS), st.lists(st.sampled_from(KEYS), max_size=3), st.sampled_from([0.0, 7.5])
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(calendars, st.integers(1, 2)), min_size=4, max_size=4),
    st.lists(st.tuples(chains, st.integers(0, 1)), min_size=1, max_size=2),
    st.integers(0, 1000),
)
def test_the_engines_say_what_going_from_moment_to_moment_says(
    staff: list[tuple[Calendar, int]], ways: list[tuple[list[tuple[str, list[str], float]], int]], seed: int
) -> None:
    posts = [Post(key, officers, clock) for key, (clock, officers) in zip(KEYS, staff, strict=True)]
    kinds = []
    for n, (chain, urgency) in enumerate(ways):
        steps = tuple(
            Step(str(k), post, Work(90.0), (str(k - 1),) if k else (), hop, stand_in=tuple(others))
            for k, (post, others, hop) in enumerate(chain)
        )
        kinds.append(Kind(f"k{n}", 15.0, steps, urgency))
    where, streams = structure("any", posts, kinds), Streams(seed)
    came = {kind.key: streams.arrivals(kind.key, 12, kind.per_day) for kind in kinds}
    expected = by_moments(where, streams, came)
    for found in (run(where, streams, dict.fromkeys(came, 12)), run_events(where, streams, came)):
        for kind, times in expected.items():
            np.testing.assert_allclose(found.times[kind] + came[kind], times, rtol=0, atol=1e-6)


# --- what the static view and the comparison make of them -------------------------------------------------


def test_alone_and_without_noise_a_request_takes_its_critical_path_by_whoever_stands_in() -> None:
    posts = [Post("a", 1, BY_DAY), Post("b", 1, Calendar([(0.0, 300.0), (1200.0, 1300.0)])), Post("c")]
    steps = (
        Step("x", "a", FIXED, stand_in=("b",)),
        Step("y", "b", FIXED, ("x",), 5.0, stand_in=("a", "c")),
        Step("z", "c", FIXED, ("y",), 5.0, stand_in=("a",)),
    )
    where = structure("sure", posts, [Kind("k", 1.0, steps)])
    for begin in range(0, int(WEEK), 97):
        took = run_events(where, Streams(1), {"k": np.array([WEEK + begin])}).times["k"][0]
        assert took == pytest.approx(critical_path(where, where.kinds[0], float(begin)), abs=1e-6)


def test_the_static_view_counts_stand_ins_for_hours_borders_times_and_loss() -> None:
    steps = (step("watch", key="x"), Step("y", "desk", FIXED, ("x",), stand_in=("watch",)))
    helped = office(Kind("k", 1.0, steps))
    alone = office(Kind("k", 1.0, (steps[0], Step("y", "desk", FIXED, ("x",)))))
    found, without = (view(where, where.kinds[0]) for where in (helped, alone))
    assert (found.common, found.alone, without.common) == (168.0, 63.0, 63.0)
    assert [(h.common, h.alone, h.border, h.stand_in_border) for h in found.hops] == [
        (168.0, 63.0, True, False)
    ]
    assert (found.worst, without.worst) == (120.0, 60.0 + 15 * 60.0 + 60.0)
    assert single_points(helped.kinds[0]) == {"watch"}
    assert {timed.by for timed in found.timed} == {"watch"}  # asked at midnight on a Monday


def test_a_border_that_only_a_stand_in_crosses_is_told_apart() -> None:
    posts = [Post("one", nation="us"), Post("two", 1, BY_DAY, "us"), Post("abroad", nation="jp")]
    steps = (step("one", key="x"), Step("y", "two", FIXED, ("x",), stand_in=("abroad",)))
    where = structure("x", posts, [Kind("k", 1.0, steps)])
    (hop,) = view(where, where.kinds[0]).hops
    assert (hop.border, hop.stand_in_border) == (False, True)


def test_a_stand_in_by_night_is_worth_what_the_comparison_says() -> None:
    helped = office(Kind("k", 5.0, (step("desk", "watch", work=Work(30.0)),)))
    alone = office(Kind("k", 5.0, (step("desk", work=Work(30.0)),)))
    found = compare(alone, helped, seed=1, runs=4, requests=300)
    assert found.differences[0].winner == "proposed"
    assert found.today.busy["watch"] == 0 < found.proposed.busy["watch"]
    assert found.proposed.capacity == pytest.approx(DAY / 150)  # somebody is on duty at every minute
    assert found.today.capacity == pytest.approx(540 / 150)


def described(**officers: int) -> Description:
    """A desk with two stand-ins, the second on duty round the clock, and a watch before it."""
    day = {"days": list(range(7)), "from": "08:00", "to": "17:00", "utc_offset": 0.0}
    posts = [
        {"key": key, "name": {"en": key, "ja": key}, "officers": officers.get(key, 1)}
        | ({} if key in {"watch", "night"} else {"duty": day})
        for key in ("watch", "desk", "deputy", "night")
    ]
    work = {"mean": 60.0, "spread": "fixed"}
    steps = [
        {"key": "x", "post": "watch", "work": work},
        {"key": "y", "post": "desk", "work": work, "after": ["x"], "stand_in": ["deputy", "night"]},
    ]
    side = {"posts": posts, "paths": {"k": steps}}
    name = {"en": "k", "ja": "k"}
    kinds = [{"key": "k", "name": name, "per_day": 1.0}]
    whole = {"title": name, "kinds": kinds, "today": side, "proposed": side}
    return read(msgspec.json.encode(whole), as_json=True)


def test_a_vacant_post_is_held_by_the_first_stand_in_who_is_there() -> None:
    full, _ = described().structures()
    vacant, _ = described(desk=0).structures()
    both, _ = described(desk=0, deputy=0).structures()
    came = np.array([500.0, 1400.0])
    for where, by_day in ((full, "desk"), (vacant, "deputy"), (both, "night")):
        found = run_events(where, Streams(1), {"k": came})
        assert (found.times["k"] + came).tolist() == [620.0, 1520.0]
        done = {post: minutes for post, minutes in found.work["k"].items() if minutes}
        assert done == (
            {"watch": 60.0, by_day: 30.0, "night": 30.0}
            if by_day != "night"
            else {"watch": 60.0, "night": 60.0}
        )
    assert [post.key for post in both.posts] == ["watch", "night"]
    assert single_points(full.kinds[0]) == single_points(vacant.kinds[0]) == {"watch"}
    assert single_points(both.kinds[0]) == {"watch", "night"}


def test_a_vacant_post_in_whose_stead_nobody_is_there_is_refused() -> None:
    with pytest.raises(Faulty, match=r"paths\.vacant") as caught:
        described(watch=0).structures()
    assert [fault.where for fault in caught.value.faults] == [
        "step x of k of today",
        "step x of k of proposed",
    ]


def test_what_others_may_do_counts_for_more_before_it_is_simulated() -> None:
    posts = [Post(f"p{n}", 1, BY_DAY) for n in range(100)] + [Post("watch")]

    def costs(*stand_in: str) -> int:
        chain = tuple(Step(str(n), f"p{n}", FIXED, stand_in=stand_in) for n in range(100))
        return steps(structure("many", posts, [Kind("k", 1.0, chain)]), 2, 100)

    assert costs() == 100 * effort(2) * 100
    # the watch looks at a hundred lines whenever it is free
    assert costs("watch") > 4 * costs()


# --- how much can be done ---------------------------------------------------------------------------------


def by_sets(where: Structure) -> float:
    """The smallest ratio of hours to work over all sets of steps, minute by minute: the definition."""
    steps = [(kind.per_day * 7 * one.work.mean, one) for kind in where.kinds for one in kind.steps]
    on = [
        [post.calendar.opening(float(t) + 0.5) == t + 0.5 for t in range(0, int(WEEK), 60)]
        for post in where.posts
    ]
    index = {post.key: n for n, post in enumerate(where.posts)}
    least = math.inf
    for mask in range(1, 1 << len(steps)):
        chosen = [one for n, one in enumerate(steps) if mask >> n & 1]
        hours = 0.0
        for t in range(int(WEEK / 60)):
            able = set()
            for _, one in chosen:
                able |= {one.post} if on[index[one.post]][t] else {o for o in one.stand_in if on[index[o]][t]}
            hours += 60.0 * sum(where.posts[index[key]].officers for key in able)
        least = min(least, hours / sum(minutes for minutes, _ in chosen))
    return least


@settings(max_examples=40)
@given(
    st.lists(st.tuples(calendars, st.integers(1, 2)), min_size=4, max_size=4),
    st.lists(
        st.tuples(st.sampled_from(KEYS), st.lists(st.sampled_from(KEYS), max_size=2), st.integers(1, 9)),
        min_size=1,
        max_size=4,
    ),
)
def test_the_load_at_which_no_more_can_be_done_is_that_of_the_tightest_set(
    staff: list[tuple[Calendar, int]], drawn: list[tuple[str, list[str], int]]
) -> None:
    posts = [Post(key, officers, clock) for key, (clock, officers) in zip(KEYS, staff, strict=True)]
    steps = tuple(
        Step(str(n), post, Work(10.0 * mean), stand_in=tuple(others))
        for n, (post, others, mean) in enumerate(drawn)
    )
    where = structure("any", posts, [Kind("k", 3.0, steps)])
    assert capacity(where) == pytest.approx(by_sets(where), rel=1e-6)


def test_more_turns_of_duty_than_can_be_weighed_are_refused() -> None:
    week = Calendar([(n * 2.0, n * 2.0 + 1) for n in range(5000)])
    posts = [Post("z")] + [Post(f"p{n}", 1, week) for n in range(20)]
    steps = tuple(Step(str(n), f"p{n}", FIXED, stand_in=("z",)) for n in range(20))
    with pytest.raises(BadInput, match=r"paths\.large") as caught:
        capacity(structure("large", posts, [Kind("k", 1.0, steps)]))
    assert str(MAX_COVER) in str(caught.value)
