"""Requests a second through a simple path, beside SimPy on the same model in the same run.

Three posts in a row (one, two and three officers), arrivals at random, exponential work; then the same with a
third of the requests urgent, and with a tenth sent back from the last post to the second.  Processor time, so
that a busy machine disturbs least.
"""

import random
import time
from collections.abc import Callable

import msgspec
import simpy
from bench.common import Figure, figure

from renkei.rooms.command.paths import Kind, Post, Step, Streams, Structure, Work, run, structure
from renkei.rooms.command.paths.engine import run_events

RATE_FLOOR, TIMES_FLOOR = 300_000, 5.0
MEANS, OFFICERS = (0.7, 1.4, 2.1), (1, 2, 3)
URGENT, BACK = 1 / 3, 0.1


def model(urgent: float = 0.0, back: float = 0.0) -> Structure:
    """The path: a request a minute at each post, a little less where some come back."""
    steps = [Step(f"s{n}", f"p{n}", Work(m), (f"s{n - 1}",) if n else ()) for n, m in enumerate(MEANS)]
    steps[2] = msgspec.structs.replace(steps[2], back=back, to="s1" if back else "")
    posts = [Post(f"p{n}", officers) for n, officers in enumerate(OFFICERS)]
    rate = 1440.0 * (1 - back)
    kinds = [Kind("k", rate * (1 - urgent), tuple(steps), 1)]
    if urgent:
        kinds.append(Kind("urgent", rate * urgent, tuple(steps), 0))
    return structure("simple", posts, kinds)


def ours(count: int, seed: int, where: Structure, *, events: bool = False) -> float:
    """Requests a second: as the model allows, or event by event."""
    begun, streams = time.process_time(), Streams(seed)
    whole = sum(kind.per_day for kind in where.kinds)
    counts = {kind.key: round(count * kind.per_day / whole) for kind in where.kinds}
    if events:
        run_events(
            where, streams, {k.key: streams.arrivals(k.key, counts[k.key], k.per_day) for k in where.kinds}
        )
    else:
        run(where, streams, counts)
    return count / (time.process_time() - begun)


def beside(count: int, seed: int, urgent: float = 0.0, back: float = 0.0) -> float:
    """Requests a second of SimPy."""
    begun, draws = time.process_time(), random.Random(seed)
    draw, env, times = draws.expovariate, simpy.Environment(), []
    kind: Callable[..., simpy.Resource] = simpy.PriorityResource if urgent else simpy.Resource
    posts = [kind(env, officers) for officers in OFFICERS]

    def request(came: float, terms: dict[str, int]):
        n = 0
        while n < len(posts):
            with posts[n].request(**terms) as turn:
                yield turn
                yield env.timeout(draw(1 / MEANS[n]))
            n += 1
            if n == len(posts) and back and draws.random() < back:
                n = 1
        times.append(env.now - came)

    def source():
        for _ in range(count):
            yield env.timeout(draw(1.0 - back))
            terms = {"priority": int(draws.random() >= urgent)} if urgent else {}
            env.process(request(env.now, terms))

    env.process(source())
    env.run()
    assert len(times) == count
    return count / (time.process_time() - begun)


def figures(small: bool) -> list[Figure]:
    """Ours and SimPy's in turns."""
    count, rounds = (20_000, 2) if small else (200_000, 5)
    rows = [
        (
            ours(count, n, model()),
            ours(count, n, model(), events=True),
            beside(count // 4, n),
            ours(count, n, model(URGENT)),
            beside(count // 4, n, URGENT),
            ours(count, n, model(0.0, BACK)),
            beside(count // 4, n, 0.0, BACK),
        )
        for n in range(rounds)
    ]
    quick, events, plain, urgent, theirs_urgent, back, theirs_back = (
        list(column) for column in zip(*rows, strict=True)
    )

    def times(mine: list[float], theirs: list[float], name: str) -> Figure:
        each = [a / b for a, b in zip(mine, theirs, strict=True)]
        return figure(f"{name}, times SimPy", each, "", floor=TIMES_FLOOR)

    return [
        figure("post by post", quick, "req/s", limits=plain, beside="SimPy", floor=RATE_FLOOR),
        times(quick, plain, "post by post"),
        figure("post by post, a third urgent", urgent, "req/s", limits=theirs_urgent, beside="SimPy"),
        times(urgent, theirs_urgent, "post by post, a third urgent"),
        figure("event by event", events, "req/s", limits=plain, beside="SimPy"),
        times(events, plain, "event by event"),
        figure("a tenth sent back", back, "req/s", limits=theirs_back, beside="SimPy", floor=RATE_FLOOR),
        times(back, theirs_back, "a tenth sent back"),
    ]
