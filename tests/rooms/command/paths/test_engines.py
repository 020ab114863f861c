"""The simulation kernel held against other simulators and itself; against formulas see ``test_oracles``."""

import math

import ciw
import msgspec
import numpy as np
import pytest
import simpy

from renkei.rooms.command.paths import Calendar, Kind, Post, Step, Streams, Structure, Work, run, structure
from renkei.rooms.command.paths.engine import groups, run_events, serve
from renkei.rooms.command.paths.static import critical_path

DAY = 1440.0


def one_post(rate: float, work: Work, officers: int = 1) -> Structure:
    """``rate`` requests a minute at one post."""
    return structure("one", [Post("a", officers)], [Kind("k", rate * DAY, (Step("s", "a", work),))])


def mean(where: Structure, kind: str = "k", count: int = 200_000, seed: int = 7) -> float:
    found = run(where, Streams(seed), dict.fromkeys((k.key for k in where.kinds), count))
    return float(found.times[kind][count // 10 :].mean())


def test_work_sent_back_as_jackson_says() -> None:
    steps = (Step("a", "a", Work(1.0)), Step("b", "b", Work(0.8), after=("a",), back=0.25, to="a"))
    where = structure("back", [Post("a"), Post("b")], [Kind("k", 0.5 * DAY, steps)])
    visits = 1 / 0.75
    expected = visits / (1 - 0.5 * visits) + visits * 0.8 / (1 - 0.5 * visits * 0.8)
    assert [set(group) for group in groups(where)] == [{"a", "b"}]
    assert mean(where, count=60_000) == pytest.approx(expected, rel=0.05)


def duties() -> Structure:
    """Duty hours, joins, two kinds, several officers; nothing that needs the general engine."""
    week = Calendar([(480.0, 1020.0), (1920.0, 2460.0), (4000.0, 9000.0)])
    posts = [Post("a", 2, week), Post("b", 1, Calendar([(0.0, 5000.0)])), Post("c", 3)]
    first = (
        Step("x", "a", Work(20.0)),
        Step("y", "b", Work(10.0, "lognormal", 0.7), ("x",), 5.0),
        Step("z", "c", Work(30.0, "fixed"), ("x", "y"), 2.0),
    )
    second = (Step("x", "a", Work(5.0)), Step("z", "c", Work(9.0), ("x",)))
    return structure("duties", posts, [Kind("one", 20.0, first), Kind("two", 30.0, second)])


@pytest.mark.parametrize("urgencies", [(0, 0), (1, 0)])
def test_both_engines_tell_the_same_times(urgencies: tuple[int, int]) -> None:
    plain, streams = duties(), Streams(5)
    kinds = [msgspec.structs.replace(k, priority=u) for k, u in zip(plain.kinds, urgencies, strict=True)]
    where = structure("duties", plain.posts, kinds)
    quick = run(where, streams, {"one": 3_000, "two": 4_500})
    arrivals = {
        k.key: streams.arrivals(k.key, n, k.per_day) for k, n in zip(where.kinds, (3000, 4500), strict=True)
    }
    general = run_events(where, streams, arrivals)
    assert all(len(group) == 1 for group in groups(where))
    for kind in ("one", "two"):
        np.testing.assert_allclose(quick.times[kind], general.times[kind], rtol=0, atol=1e-6)
        assert quick.work[kind] == pytest.approx(general.work[kind])


def test_posts_before_and_after_a_loop_are_served_at_once_and_tell_the_same_times() -> None:
    steps = (
        Step("first", "a", Work(5.0)),
        Step("beside", "b", Work(4.0), ("first",), 2.0),
        Step("draft", "c", Work(6.0), ("first",)),
        Step("check", "d", Work(3.0), ("draft", "beside"), 1.0, back=0.3),
        Step("decide", "c", Work(2.0), ("check",), back=0.2, to="check"),
        Step("last", "e", Work(4.0), ("decide", "beside")),
    )
    where = structure("mixed", [Post(key) for key in "abcde"], [Kind("k", 90.0, steps)])
    assert [set(group) for group in groups(where)] == [{"a"}, {"b"}, {"c", "d"}, {"e"}]
    streams = Streams(2)
    came = {"k": streams.arrivals("k", 2_000, 90.0)}
    one, other = run(where, streams, {"k": 2_000}), run_events(where, streams, came)
    np.testing.assert_allclose(one.times["k"], other.times["k"], rtol=0, atol=1e-6)
    assert one.work["k"] == pytest.approx(other.work["k"])
    assert one.work["k"]["d"] == pytest.approx(3 / 0.7 / 0.8, rel=0.1)


def test_work_of_no_length_is_done_as_soon_as_somebody_is_on_duty() -> None:
    steps = (Step("s", "a", Work(0.0, "fixed")), Step("t", "a", Work(0.0, "fixed"), ("s",)))
    morning = Calendar([(480.0, 720.0)])
    for chain in (steps[:1], steps):
        where = structure("milestone", [Post("a", 1, morning)], [Kind("k", 1.0, chain)])
        came = {"k": np.array([100.0, 500.0])}
        assert run_events(where, Streams(1), came).times["k"].tolist() == [380.0, 0.0]
        assert critical_path(where, where.kinds[0], 100.0) == 380.0
    assert serve(came["k"], np.zeros(2), 1, morning).tolist() == [480.0, 500.0]


@pytest.mark.parametrize("back", [0.0, 0.2])
def test_the_same_seed_gives_the_same_bits_and_another_others(back: float) -> None:
    steps = (Step("a", "a", Work(1.0), back=back),)
    where = structure("x", [Post("a")], [Kind("k", 0.5 * DAY, steps)])
    first, again, other = (run(where, Streams(s), {"k": 5_000}).times["k"].tobytes() for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_known_bits() -> None:
    """The first draws of a stream, so that a change of the generator is seen."""
    assert Streams(1).uniform("k/s", 0, 2).tolist() == Streams(1).uniform("k/s", 0, 9)[:2].tolist()
    drawn = Streams(1).uniform("k/s", 0, 2).tolist()
    assert [x.hex() for x in drawn] == ["0x1.266806340e543p-1", "0x1.f16ea9e933fd2p-1"]


def test_paired_structures_share_their_draws() -> None:
    slow, fast = one_post(0.5, Work(1.0)), one_post(0.5, Work(0.5))
    a, b = (run(w, Streams(9), {"k": 2_000}).times["k"] for w in (slow, fast))
    assert (b <= a + 1e-9).all()  # halving every piece of work can make nobody later


def test_without_noise_a_request_takes_its_critical_path() -> None:
    where = duties()
    kind = where.kinds[0]
    fixed = tuple(Step(s.key, s.post, Work(s.work.mean, "fixed"), s.after, s.hop) for s in kind.steps)
    sure = structure("sure", where.posts, [Kind("one", 1.0, fixed)])
    for begin in (0.0, 500.0, 1010.0, 3000.0, 9990.0):
        came = {"one": np.array([begin + 10080.0])}
        took = float(run_events(sure, Streams(1), came).times["one"][0])
        assert took == pytest.approx(critical_path(sure, sure.kinds[0], begin), abs=1e-6)


def test_simpy_given_the_same_times_says_the_same() -> None:
    streams, count = Streams(4), 3_000
    came = streams.arrivals("k", count, DAY)
    needs = streams.work("k/s", 0, count, Work(1.6))
    env, ends = simpy.Environment(), [0.0] * count
    desk = simpy.Resource(env, 2)

    def request(n: int):
        yield env.timeout(float(came[n]))
        with desk.request() as turn:
            yield turn
            yield env.timeout(float(needs[n]))
        ends[n] = env.now

    for n in range(count):
        env.process(request(n))
    env.run()
    np.testing.assert_allclose(serve(came, needs, 2, Calendar()), ends, atol=1e-6)


def test_ciw_agrees_on_work_sent_back() -> None:
    steps = (Step("a", "a", Work(1.0)), Step("b", "b", Work(1.0), ("a",), back=0.2, to="a"))
    where = structure("back", [Post("a"), Post("b", 2)], [Kind("k", 0.4 * DAY, steps)])
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(0.4), None],
        service_distributions=[ciw.dists.Exponential(1.0)] * 2,
        number_of_servers=[1, 2],
        routing=[[0.0, 1.0], [0.2, 0.0]],
    )
    ciw.seed(1)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(20_000)
    began: dict[int, float] = {}
    ended: dict[int, float] = {}
    for record in simulation.get_all_records():
        who = record.id_number
        began[who] = min(began.get(who, math.inf), record.arrival_date)
        ended[who] = max(ended.get(who, 0.0), record.exit_date)
    theirs = sum(ended[who] - began[who] for who in began) / len(began)
    assert mean(where, count=30_000) == pytest.approx(theirs, rel=0.06)


def test_the_urgent_who_come_overnight_go_first_in_the_morning() -> None:
    steps = (Step("s", "a", Work(10.0, "fixed")),)
    kinds = [Kind("other", 1.0, steps, 1), Kind("urgent", 1.0, steps, 0)]
    where = structure("night", [Post("a", 1, Calendar([(480.0, 1020.0)]))], kinds)
    came = {"other": np.array([100.0]), "urgent": np.array([200.0])}
    found = run_events(where, Streams(1), came)
    assert found.times["urgent"].tolist() == [290.0]
    assert found.times["other"].tolist() == [400.0]
