"""Service times from a log: fitted on earlier weeks, scored on later ones.

What had not ended when the log was read, or when the earlier weeks ended, counts as *at least so long*
(censored on the right): leaving it out would keep the quick ones and make every time come out short.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from ....kernel.errors import BadInput, Refused
from .calendars import WEEK
from .model import Spread, Work

LEAST = 20
"""Fewer times that ended than this on either side say nothing about a spread."""
STEADY = 0.02
"""Below this coefficient of variation times are taken as fixed."""
TICK = 1 / 60
"""Minutes: nobody acts on a request within a second, whatever the milliseconds of a record say."""
ROUNDS, SETTLED = 200, 1e-9
"""Rounds of expectation and maximisation at most, and the change of the mean at which they stop."""


class Spell(NamedTuple):
    """One piece of work, in minutes; ``end`` is None while it goes on."""

    begin: float
    end: float | None


class Lasted(NamedTuple):
    """Minutes, and whether it had ended by then."""

    minutes: float
    ended: bool


class Fitted(msgspec.Struct, frozen=True):
    """Work fitted on ``earlier`` times that ended (and ``open`` that had not by then).

    ``distance`` is Kolmogorov's and Smirnov's, 0 to 1, from the ``later`` ones.
    """

    work: Work
    earlier: int
    later: int
    open: int
    distance: float


def fit(spells: Iterable[Spell], split: float, now: float) -> Fitted | Refused:
    """The work in spells: those begun before ``split`` fit, as known then; the others score, as of ``now``.

    Raises BadInput for a spell that ends before it begins or is not over yet at ``now``.
    """
    listed = list(spells)
    for begin, end in listed:
        if not (math.isfinite(begin) and begin <= (now if end is None else end) <= now):
            raise BadInput("paths.times", "each end after its start, and none to come", "one that is not")
    earlier = [_lasted(spell, split) for spell in listed if spell.begin < split]
    later = [_lasted(spell, now) for spell in listed if spell.begin >= split]
    counts = [sum(one.ended for one in side) for side in (earlier, later)]
    if min(counts) < LEAST:
        came = f"{counts[0]} and {counts[1]}"
        return Refused(code="paths.few", expected=f"{LEAST} times or more on each side", came=came)
    work = _likeliest(earlier)
    return Fitted(work, counts[0], counts[1], len(earlier) - counts[0], distance(work, later))


def last_week(spells: Sequence[Spell], weeks: int = 1) -> float:
    """The split that leaves the last ``weeks`` weeks for scoring."""
    return max(spell.begin if spell.end is None else spell.end for spell in spells) - weeks * WEEK


def distance(work: Work, times: Sequence[Lasted]) -> float:
    """The largest gap between the work's distribution and that of ``times`` (Kaplan and Meier 1958)."""
    left, share, far = len(times), 1.0, 0.0
    for minutes, ended in sorted(times, key=lambda one: (one.minutes, not one.ended)):
        if ended:
            model = cumulative(work, minutes)
            after = share * (1 - 1 / left)
            far = max(far, abs(model - (1 - share)), abs(model - (1 - after)))
            share = after
        left -= 1
    return far


def cumulative(work: Work, time: float) -> float:
    """The share of such work done within ``time`` minutes."""
    if work.spread == "fixed":
        return 1.0 if time >= work.mean else 0.0
    if work.spread == "exponential":
        return -math.expm1(-time / work.mean)
    variance = math.log1p(work.cv**2)
    centred = math.log(time / work.mean) + variance / 2
    return (1 + math.erf(centred / math.sqrt(2 * variance))) / 2


def _lasted(spell: Spell, seen: float) -> Lasted:
    ended = spell.end is not None and spell.end <= seen
    until = spell.end if ended and spell.end is not None else seen
    return Lasted(max(until - spell.begin, TICK), ended)


def _likeliest(times: Sequence[Lasted]) -> Work:
    """Fixed if they hardly differ, else whichever of exponential and lognormal is likelier (Akaike)."""
    ended = [one.minutes for one in times if one.ended]
    mean = math.fsum(ended) / len(ended)
    spread = math.sqrt(math.fsum((t - mean) ** 2 for t in ended) / len(ended))
    if spread < STEADY * mean and max(one.minutes for one in times) <= mean * (1 + 3 * STEADY):
        return Work(mean, "fixed", basis="fitted")
    rate_mean = math.fsum(one.minutes for one in times) / len(ended)
    exponential = 2 * 1 + 2 * len(ended) * (math.log(rate_mean) + 1)
    middle, variance = _normal(
        [math.log(t) for t in ended], [math.log(o.minutes) for o in times if not o.ended]
    )
    lognormal = 2 * 2 - 2 * math.fsum(_log_likelihood(one, middle, math.sqrt(variance)) for one in times)
    chosen: Spread = "lognormal" if lognormal < exponential else "exponential"
    if chosen == "exponential":
        return Work(rate_mean, chosen, basis="fitted")
    return Work(math.exp(middle + variance / 2), chosen, math.sqrt(math.expm1(variance)), "fitted")


def _normal(ended: Sequence[float], at_least: Sequence[float]) -> tuple[float, float]:
    """Mean and variance of a normal distribution of which some values are only known to be larger.

    Expectation and maximisation (Dempster, Laird and Rubin 1977): what is missing is put in as its mean and
    mean square under the last guess.
    """
    count = len(ended) + len(at_least)
    sums, squares = math.fsum(ended), math.fsum(x * x for x in ended)
    mean = sums / len(ended)
    variance = max(squares / len(ended) - mean * mean, 1e-12)
    for _ in range(ROUNDS if at_least else 0):
        sigma, before = math.sqrt(variance), mean
        hazards = [(x, _hazard((x - mean) / sigma)) for x in at_least]
        first = math.fsum(mean + sigma * h for _, h in hazards)
        second = math.fsum(mean * mean + variance + sigma * h * (x + mean) for x, h in hazards)
        mean = (sums + first) / count
        variance = max((squares + second) / count - mean * mean, 1e-12)
        if abs(mean - before) < SETTLED:
            break
    return mean, variance


def _hazard(z: float) -> float:
    """The normal density at ``z`` over what lies above it; far out, its asymptote."""
    above = math.erfc(z / math.sqrt(2)) / 2
    if above < 1e-300:
        return z + 1 / z
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi) / above


def _log_likelihood(one: Lasted, middle: float, sigma: float) -> float:
    z = (math.log(one.minutes) - middle) / sigma
    if one.ended:
        return -math.log(one.minutes * sigma * math.sqrt(2 * math.pi)) - z * z / 2
    return math.log(max(math.erfc(z / math.sqrt(2)) / 2, 1e-300))
