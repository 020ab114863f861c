"""Today against proposed: paired runs, intervals, the knee of the load, the bottleneck and one officer more.

It ranks structures; it does not predict minutes.
"""

import math
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
import numpy as np

from ....kernel.errors import BadInput
from .calendars import Floats
from .capacity import capacity
from .draws import Streams
from .engine import Run, run
from .model import Post, Structure

WARM_UP = 0.1
"""Share of each run's requests left out at its beginning, when queues are still empty."""
KNEE = 2.0
"""The knee is the first load at which the mean time is this many times that at the lightest load."""
LOADS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
SWEEP_RUNS = 5
"""Runs at each load: one seed may meet a quiet week, five tell a knee from luck."""
SHARES = tuple(n / 100 for n in range(1, 100))
"""Of a distribution that is told: the slowest in a hundred requests is left to chance."""
Winner = Literal["today", "proposed", "none"]


class Difference(msgspec.Struct, frozen=True):
    """Proposed minus today in minutes, mean with interval; ``winner`` is none while that contains zero.

    ``each`` is the difference of each pair of runs.
    """

    kind: str
    today: float
    proposed: float
    mean: float
    low: float
    high: float
    winner: Winner
    each: tuple[float, ...]


class Distribution(msgspec.Struct, frozen=True):
    """One kind's minutes from arrival to done at each of ``SHARES``, over all runs after the warm-up.

    ``differences`` are proposed minus today, request by request.
    """

    kind: str
    today: tuple[float, ...]
    proposed: tuple[float, ...]
    differences: tuple[float, ...]


class Swept(msgspec.Struct, frozen=True):
    """Mean minutes over all kinds at one load, with the quickest and the slowest run.

    None where work comes faster than it can be done.
    """

    load: float
    minutes: float | None
    low: float | None = None
    high: float | None = None


class Stand(msgspec.Struct, frozen=True):
    """One structure under load: busy share by post, its bottleneck, what one officer more there is worth.

    ``busiest`` counts in how many runs each post was the busiest; ``capacity`` is the load from which more
    comes than can be done, by the means (None if there is no work); ``knees`` are those of each run, ``knee``
    that of their means.
    """

    busy: dict[str, float]
    bottleneck: str
    busiest: dict[str, int]
    capacity: float | None
    sweep: tuple[Swept, ...]
    knee: float | None
    knees: tuple[float | None, ...]
    one_more: tuple[Difference, ...]


class Comparison(msgspec.Struct, frozen=True):
    """The result of ``compare``."""

    differences: tuple[Difference, ...]
    distributions: tuple[Distribution, ...]
    shares: tuple[float, ...]
    today: Stand
    proposed: Stand
    seed: int
    runs: int
    requests: int
    confidence: float


def compare(
    today: Structure,
    proposed: Structure,
    *,
    seed: int,
    runs: int = 20,
    requests: int = 2_000,
    confidence: float = 0.95,
    progress: Callable[[int], None] = lambda _: None,
) -> Comparison:
    """Both under the same seeds; ``requests`` in all a run.  ``progress`` gets the runs done."""
    if runs < 2 or requests < 100 or not 0.5 <= confidence < 1:
        raise BadInput("paths.runs", "2 runs or more of 100 requests or more", f"{runs} of {requests}")
    if {kind.key for kind in today.kinds} != {kind.key for kind in proposed.kinds}:
        raise BadInput("paths.kinds", "the same kinds of request today and proposed", "different ones")
    teller = _Teller(progress)
    found = tuple(_simulated(one, seed, runs, requests, teller) for one in (today, proposed))
    stands = tuple(
        _stand(one, runs_of, seed, requests, confidence, teller)
        for one, runs_of in zip((today, proposed), found, strict=True)
    )
    differences = paired(found[0], found[1], confidence)
    spread = distributions(found[0], found[1])
    return Comparison(differences, spread, SHARES, stands[0], stands[1], seed, runs, requests, confidence)


def effort(runs: int) -> int:
    """How many runs ``compare`` makes at most."""
    return 4 * runs + 2 * len(LOADS) * min(runs, SWEEP_RUNS)


class _Teller:
    def __init__(self, progress: Callable[[int], None]) -> None:
        self.progress, self.done = progress, 0

    def tick(self) -> None:
        self.done += 1
        self.progress(self.done)


def shares(where: Structure, requests: int) -> dict[str, int]:
    """Requests of each kind in a run of ``requests``: by rate, so that all kinds cover the same days."""
    total = sum(kind.per_day for kind in where.kinds)
    return {kind.key: max(20, round(requests * kind.per_day / total)) for kind in where.kinds}


def _simulated(where: Structure, seed: int, runs: int, requests: int, teller: _Teller) -> list[Run]:
    found = []
    for n in range(runs):
        found.append(run(where, Streams(seed + n), shares(where, requests)))
        teller.tick()
    return found


def means(one: Run) -> dict[str, float]:
    """Each kind's mean minutes after the warm-up."""
    return {kind: float(_settled(times).mean()) for kind, times in one.times.items()}


def paired(before: Sequence[Run], after: Sequence[Run], confidence: float) -> tuple[Difference, ...]:
    """Student's interval of the paired differences, for each kind, Bonferroni-corrected over the kinds."""
    olds, news = [means(one) for one in before], [means(one) for one in after]
    error = (1 - confidence) / len(olds[0])
    quantile = student(1 - error / 2, len(before) - 1)
    return tuple(
        _difference(kind, [one[kind] for one in olds], [one[kind] for one in news], quantile)
        for kind in olds[0]
    )


def _difference(kind: str, old: list[float], new: list[float], quantile: float) -> Difference:
    count = len(old)
    each = [b - a for a, b in zip(old, new, strict=True)]
    mean = math.fsum(each) / count
    deviation = math.sqrt(math.fsum((d - mean) ** 2 for d in each) / (count - 1))
    half = quantile * deviation / math.sqrt(count)
    low, high = mean - half, mean + half
    winner: Winner = "proposed" if high < 0 else "today" if low > 0 else "none"
    return Difference(
        kind, math.fsum(old) / count, math.fsum(new) / count, mean, low, high, winner, tuple(each)
    )


def distributions(before: Sequence[Run], after: Sequence[Run]) -> tuple[Distribution, ...]:
    """How each kind's minutes, and the differences of the same request's, are spread."""
    return tuple(_distribution(kind, before, after) for kind in before[0].times)


def _distribution(kind: str, before: Sequence[Run], after: Sequence[Run]) -> Distribution:
    olds, news = ([_settled(one.times[kind]) for one in side] for side in (before, after))
    each = [b[: len(a)] - a[: len(b)] for a, b in zip(olds, news, strict=True)]
    told = (np.quantile(np.concatenate(times), SHARES).tolist() for times in (olds, news, each))
    today, proposed, differences = (tuple(values) for values in told)
    return Distribution(kind, today, proposed, differences)


def _settled(times: Floats) -> Floats:
    return times[int(len(times) * WARM_UP) :]


def _stand(
    where: Structure, found: list[Run], seed: int, requests: int, confidence: float, teller: _Teller
) -> Stand:
    each = [utilisation(where, one) for one in found]
    busy = {key: math.fsum(one[key] for one in each) / len(each) for key in each[0]}
    tops = [_busiest(one) for one in each]
    bottleneck = _busiest(busy)
    most = capacity(where)
    runs = min(len(found), SWEEP_RUNS)
    tried = [_tried(where, seed, runs, requests, load, most, teller) for load in LOADS]
    more = _simulated(with_one_more(where, bottleneck), seed, len(found), requests, teller)
    sweep = tuple(_swept(load, minutes) for load, minutes in zip(LOADS, tried, strict=True))
    return Stand(
        busy,
        bottleneck,
        {key: tops.count(key) for key in busy if key in tops},
        most,
        sweep,
        _knee([one.minutes for one in sweep]),
        tuple(_knee([minutes[n] if minutes else None for minutes in tried]) for n in range(runs)),
        paired(found, more, confidence),
    )


def _busiest(busy: dict[str, float]) -> str:
    return max(busy, key=lambda key: (busy[key], key))


def _tried(
    where: Structure,
    seed: int,
    runs: int,
    requests: int,
    load: float,
    most: float | None,
    teller: _Teller,
) -> list[float]:
    """Mean minutes over all kinds of each run at one load; none where work comes faster than it is done."""
    if most is not None and load >= most:
        for _ in range(runs):
            teller.tick()
        return []
    rates = {kind.key: kind.per_day for kind in where.kinds}
    found = []
    for n in range(runs):
        one = means(run(where, Streams(seed + n), shares(where, requests), load=load))
        found.append(math.fsum(one[k] * rates[k] for k in one) / math.fsum(rates.values()))
        teller.tick()
    return found


def _swept(load: float, minutes: list[float]) -> Swept:
    if not minutes:
        return Swept(load, None)
    return Swept(load, math.fsum(minutes) / len(minutes), min(minutes), max(minutes))


def _knee(minutes: Sequence[float | None]) -> float | None:
    lightest = minutes[0]
    over = (n for n, at in enumerate(minutes) if at is None or (lightest and at >= KNEE * lightest))
    return next((LOADS[n] for n in over), None)


def utilisation(where: Structure, one: Run) -> dict[str, float]:
    """Work a day over officers' duty minutes a day, for each post; 1 or more cannot be kept up."""
    need = dict.fromkeys((post.key for post in where.posts), 0.0)
    for kind in where.kinds:
        for post, minutes in one.work[kind.key].items():
            need[post] += minutes * kind.per_day
    return {post.key: need[post.key] * 7 / (post.officers * post.calendar.minutes) for post in where.posts}


def with_one_more(where: Structure, key: str) -> Structure:
    """The structure with one officer more at that post."""
    posts = tuple(Post(p.key, p.officers + (p.key == key), p.calendar, p.nation) for p in where.posts)
    return Structure(where.key, posts, where.kinds)


def student(share: float, freedom: int) -> float:
    """The quantile of Student's t for ``share`` above a half, by Simpson's rule and halving."""
    log_scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)
    scale = math.exp(log_scale) / math.sqrt(freedom * math.pi)

    def below(t: float) -> float:
        # With t = sqrt(freedom) * tan(angle) the density in angle is a power of its cosine.
        end, pieces = math.atan(t / math.sqrt(freedom)), 400
        step = end / pieces
        weights = (1 if n in (0, pieces) else 4 if n % 2 else 2 for n in range(pieces + 1))
        area = math.fsum(w * math.cos(n * step) ** (freedom - 1) for n, w in enumerate(weights))
        return 0.5 + scale * math.sqrt(freedom) * area * step / 3

    low, high = 0.0, 1.0
    while below(high) < share:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) < share else (low, middle)
    return (low + high) / 2
