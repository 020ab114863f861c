"""Requests a second through a simple path, beside SimPy on the same model in the same run.

Three posts in a row (one, two and three officers), arrivals at random, exponential work.  Processor time, so
that a busy machine disturbs least.
"""

import random
import time

import simpy
from bench.common import Figure, figure

from renkei.rooms.command.paths import Kind, Post, Step, Streams, Structure, Work, run, structure
from renkei.rooms.command.paths.engine import run_events

RATE_FLOOR, TIMES_FLOOR = 300_000, 5.0
MEANS, OFFICERS = (0.7, 1.4, 2.1), (1, 2, 3)


def model() -> Structure:
    """The path: a request a minute at each post."""
    steps = [Step(f"s{n}", f"p{n}", Work(m), (f"s{n - 1}",) if n else ()) for n, m in enumerate(MEANS)]
    posts = [Post(f"p{n}", officers) for n, officers in enumerate(OFFICERS)]
    return structure("simple", posts, [Kind("k", 1440.0, tuple(steps))])


def quick(count: int, seed: int) -> float:
    """Requests a second of the engine that the model allows."""
    begun = time.process_time()
    run(model(), Streams(seed), {"k": count})
    return count / (time.process_time() - begun)


def general(count: int, seed: int) -> float:
    """Requests a second of the event-by-event engine."""
    begun = time.process_time()
    streams = Streams(seed)
    run_events(model(), streams, {"k": streams.arrivals("k", count, 1440.0)})
    return count / (time.process_time() - begun)


def beside(count: int, seed: int) -> float:
    """Requests a second of SimPy."""
    begun, draw = time.process_time(), random.Random(seed).expovariate
    env, times = simpy.Environment(), []
    posts = [simpy.Resource(env, officers) for officers in OFFICERS]

    def request(came: float):
        for post, mean in zip(posts, MEANS, strict=True):
            with post.request() as turn:
                yield turn
                yield env.timeout(draw(1 / mean))
        times.append(env.now - came)

    def source():
        for _ in range(count):
            yield env.timeout(draw(1.0))
            env.process(request(env.now))

    env.process(source())
    env.run()
    assert len(times) == count
    return count / (time.process_time() - begun)


def figures(small: bool) -> list[Figure]:
    """Ours and SimPy's in turns."""
    count, rounds = (20_000, 2) if small else (200_000, 5)
    rows = [(quick(count, n), general(count // 4, n), beside(count // 4, n)) for n in range(rounds)]
    ours, events, theirs = (list(column) for column in zip(*rows, strict=True))
    times = [a / b for a, b in zip(ours, theirs, strict=True)]
    return [
        figure("post by post", ours, "req/s", limits=theirs, beside="SimPy", floor=RATE_FLOOR),
        figure("post by post, times SimPy", times, "", floor=TIMES_FLOOR),
        figure("event by event (priorities, rework)", events, "req/s", limits=theirs, beside="SimPy"),
    ]
