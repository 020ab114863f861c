"""What a path shows without anybody waiting: hops, common hours, single points of failure, best case."""

import msgspec

from .calendars import DAY, WEEK
from .model import Kind, Structure

HOUR = 60.0


class Hop(msgspec.Struct, frozen=True):
    """A hand-over between two posts; ``common`` is hours a week with both on duty."""

    sender: str
    receiver: str
    border: bool
    common: float


class PathView(msgspec.Struct, frozen=True):
    """One kind's path; best cases in minutes over a request at each hour of the week, nobody waiting."""

    kind: str
    steps: int
    hops: tuple[Hop, ...]
    common: float
    single_points: tuple[str, ...]
    best: float
    middle: float
    worst: float


def view(where: Structure, kind: Kind) -> PathView:
    """The static analysis of one kind."""
    at = {step.key: step.post for step in kind.steps}
    pairs = dict.fromkeys((at[k], s.post) for s in kind.steps for k in s.after if at[k] != s.post)
    hops = tuple(_hop(where, sender, receiver) for sender, receiver in pairs)
    shared = where.post(kind.steps[0].post).calendar
    for key in dict.fromkeys(at.values()):
        shared = shared.common(where.post(key).calendar)
    cases = sorted(critical_path(where, kind, hour * HOUR) for hour in range(int(WEEK / HOUR)))
    return PathView(
        kind.key,
        len(kind.steps),
        hops,
        shared.minutes / HOUR,
        tuple(sorted(single_points(kind))),
        cases[0],
        cases[len(cases) // 2],
        cases[-1],
    )


def _hop(where: Structure, sender: str, receiver: str) -> Hop:
    one, other = where.post(sender), where.post(receiver)
    common = one.calendar.common(other.calendar).minutes / HOUR
    return Hop(sender, receiver, one.nation != other.nation, common)


def single_points(kind: Kind) -> frozenset[str]:
    """The posts without which nothing is decided: dominators of the and-or graph.

    A step needs all that each step before it needs, and what all the posts that may do it have in common.
    """
    needed: dict[str, frozenset[str]] = {}
    for step in kind.steps:
        own = frozenset() if set(step.stand_in) - {step.post} else frozenset({step.post})
        needed[step.key] = own.union(*(needed[k] for k in step.after))
    return frozenset().union(*needed.values())


def critical_path(where: Structure, kind: Kind, begin: float) -> float:
    """Minutes from ``begin`` until done if nobody waits for another request and each step takes its mean."""
    done: dict[str, float] = {}
    begin += DAY * 7  # times before the first Monday have no calendar
    for step in kind.steps:
        start = max((done[k] for k in step.after), default=begin) + step.hop
        done[step.key] = where.post(step.post).calendar.finish(start, step.work.mean)
    return max(done.values()) - begin
