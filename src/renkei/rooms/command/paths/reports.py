"""What is told of a description: its paths, and what came of simulating both structures.

The command line and the HTTP interface print these same documents.
"""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from ....kernel.errors import BadInput
from .compare import Comparison, compare, effort, shares
from .description import Description
from .measured import Measured
from .model import Name, Structure, servers, visits
from .static import HOUR, PathView, view

CAUTION = Name(
    "This ranks structures; it does not predict minutes.",
    "構造の優劣を比べるものであり、所要時間（分）を予測するものではありません。",
)

LINE, HELPER = 1 / 30, 1 / 2
"""What one more line to look at costs, and one more post that may do a step: in plain steps, as measured."""


class Watch(msgspec.Struct, frozen=True):
    """When a post is on duty: spans in minutes of the (first) week (UTC, from Monday), and hours a week."""

    post: str
    spans: tuple[tuple[float, float], ...]
    hours: float


class Side(msgspec.Struct, frozen=True):
    """One structure if nobody waits."""

    posts: tuple[Watch, ...]
    paths: tuple[PathView, ...]


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """What goes before every result; ``assumed`` names ``structure/kind/step`` of each assumed time,
    ``measured`` those looked for in a log."""

    title: Name
    synthetic: bool
    caution: Name
    assumptions: tuple[Name, ...]
    assumed: tuple[str, ...]
    measured: tuple[Measured, ...] = ()


class Paths(Heading, frozen=True, kw_only=True):
    """Both structures' paths."""

    today: Side
    proposed: Side


class Simulation(Heading, frozen=True, kw_only=True):
    """Both structures compared."""

    result: Comparison


def paths(of: Description) -> Paths:
    """Each kind's path today and proposed.  Raises BadInput (``paths.*``)."""
    today, proposed = of.structures()
    return Paths(**_heading(of), today=_side(today), proposed=_side(proposed))


def simulate(
    of: Description,
    *,
    seed: int,
    runs: int,
    requests: int,
    confidence: float = 0.95,
    most: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
    told: tuple[Measured, ...] = (),
) -> Simulation:
    """Both compared; see ``compare``.  ``told`` is what a log said of its times.

    Raises BadInput: ``paths.work`` if more than ``most`` steps are to be expected, those done again included.
    """
    today, proposed = of.structures()
    expected = max(steps(one, runs, requests) for one in (today, proposed))
    if most is not None and expected > most:
        raise BadInput("paths.work", f"runs of at most {most} steps in all", f"about {expected}")
    result = compare(
        today,
        proposed,
        seed=seed,
        runs=runs,
        requests=requests,
        confidence=confidence,
        progress=progress,
    )
    return Simulation(**_heading(of), measured=told, result=result)


def steps(where: Structure, runs: int, requests: int) -> int:
    """About how many steps ``compare`` goes through if both structures are like this one.

    Where posts stand in a step counts as several: whoever may do it is looked at, and all that they may take.
    """
    posts, counts = where.by_key(), shares(where, requests)
    able = {(k.key, s.key): servers(posts, s) for k in where.kinds for s in k.steps}
    lines = {(tuple(p.key for p in able[k.key, s.key]), k.priority) for k in where.kinds for s in k.steps}
    takes = Counter(key for keys, _ in lines for key in keys)
    expected = math.fsum(
        counts[kind.key] * times * (1 + LINE * (max(takes[p.key] for p in who) - 1) + HELPER * (len(who) - 1))
        for kind in where.kinds
        for key, times in visits(kind).items()
        for who in (able[kind.key, key],)
    )
    return round(effort(runs) * expected)


def _side(where: Structure) -> Side:
    watches = (Watch(p.key, p.calendar.week(0), p.calendar.minutes / HOUR) for p in where.posts)
    return Side(tuple(watches), tuple(view(where, kind) for kind in where.kinds))


def _heading(of: Description) -> dict[str, Any]:
    return {
        "title": of.title,
        "synthetic": of.synthetic,
        "caution": CAUTION,
        "assumptions": of.assumptions,
        "assumed": of.assumed(),
    }
