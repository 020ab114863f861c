"""Service times from a log: fitted on earlier weeks, scored on later ones."""

import math
from collections.abc import Iterable, Sequence

import msgspec

from ....kernel.errors import BadInput, Refused
from .calendars import WEEK
from .model import Spread, Work

LEAST = 20
"""Fewer times than this on either side say nothing about a spread."""
STEADY = 0.02
"""Below this coefficient of variation times are taken as fixed."""


class Fitted(msgspec.Struct, frozen=True):
    """Work fitted on ``earlier`` times; its distance (Kolmogorov and Smirnov, 0 to 1) from ``later`` ones."""

    work: Work
    earlier: int
    later: int
    distance: float


def fit(pairs: Iterable[tuple[float, float]], split: float) -> Fitted | Refused:
    """The work in (start, end) pairs, in minutes: those that ended by ``split`` fit, those begun after score.

    Pairs across the split count on neither side.  Raises BadInput for an end not after its start.
    """
    listed = list(pairs)
    if any(not (math.isfinite(a) and math.isfinite(b) and a < b) for a, b in listed):
        raise BadInput("paths.times", "each end after its start", "one that is not")
    earlier = [b - a for a, b in listed if b <= split]
    later = [b - a for a, b in listed if a >= split]
    if min(len(earlier), len(later)) < LEAST:
        came = f"{len(earlier)} and {len(later)}"
        return Refused(code="paths.few", expected=f"{LEAST} times or more on each side", came=came)
    work = _likeliest(earlier)
    return Fitted(work, len(earlier), len(later), distance(work, later))


def last_week(pairs: Sequence[tuple[float, float]], weeks: int = 1) -> float:
    """The split that leaves the last ``weeks`` weeks for scoring."""
    return max(end for _, end in pairs) - weeks * WEEK


def distance(work: Work, times: Sequence[float]) -> float:
    """The largest gap between the distribution of ``times`` and the work's."""
    ordered, count = sorted(times), len(times)
    return max(
        max(abs(cumulative(work, t) - n / count), abs((n + 1) / count - cumulative(work, t)))
        for n, t in enumerate(ordered)
    )


def cumulative(work: Work, time: float) -> float:
    """The share of such work done within ``time`` minutes."""
    if work.spread == "fixed":
        return 1.0 if time >= work.mean else 0.0
    if work.spread == "exponential":
        return -math.expm1(-time / work.mean)
    variance = math.log1p(work.cv**2)
    centred = math.log(time / work.mean) + variance / 2
    return (1 + math.erf(centred / math.sqrt(2 * variance))) / 2


def _likeliest(times: Sequence[float]) -> Work:
    """Fixed if they hardly differ, else whichever of exponential and lognormal is likelier (Akaike)."""
    count = len(times)
    mean = math.fsum(times) / count
    if math.sqrt(math.fsum((t - mean) ** 2 for t in times) / count) < STEADY * mean:
        return Work(mean, "fixed", basis="fitted")
    logs = [math.log(t) for t in times]
    middle = math.fsum(logs) / count
    variance = math.fsum((x - middle) ** 2 for x in logs) / count
    exponential = 2 * 1 + 2 * count * (math.log(mean) + 1)
    lognormal = 2 * 2 + 2 * math.fsum(logs) + count * (math.log(2 * math.pi * variance) + 1)
    spread: Spread = "lognormal" if lognormal < exponential else "exponential"
    if spread == "exponential":
        return Work(mean, spread, basis="fitted")
    return Work(math.exp(middle + variance / 2), spread, math.sqrt(math.expm1(variance)), "fitted")
