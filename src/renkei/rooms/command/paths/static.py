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


class Timed(msgspec.Struct, frozen=True):
    """A step if nobody waits: minutes from the request until it may begin and until it is done.

    What is ``critical`` cannot end later without the whole ending later.
    """

    step: str
    ready: float
    done: float
    critical: bool


class PathView(msgspec.Struct, frozen=True):
    """One kind's path; best cases in minutes over a request at each hour of the week, nobody waiting.

    ``timed`` is the best of them, for a request at minute ``begin`` of the week (UTC).
    """

    kind: str
    steps: int
    hops: tuple[Hop, ...]
    common: float
    single_points: tuple[str, ...]
    best: float
    middle: float
    worst: float
    begin: float
    timed: tuple[Timed, ...]


def view(where: Structure, kind: Kind) -> PathView:
    """The static analysis of one kind."""
    at = {step.key: step.post for step in kind.steps}
    pairs = dict.fromkeys((at[k], s.post) for s in kind.steps for k in s.after if at[k] != s.post)
    hops = tuple(_hop(where, sender, receiver) for sender, receiver in pairs)
    shared = where.post(kind.steps[0].post).calendar
    for key in dict.fromkeys(at.values()):
        shared = shared.common(where.post(key).calendar)
    at_hour = [critical_path(where, kind, hour * HOUR) for hour in range(int(WEEK / HOUR))]
    cases, begin = sorted(at_hour), at_hour.index(min(at_hour)) * HOUR
    return PathView(
        kind.key,
        len(kind.steps),
        hops,
        shared.minutes / HOUR,
        tuple(sorted(single_points(kind))),
        cases[0],
        cases[len(cases) // 2],
        cases[-1],
        begin,
        timed(where, kind, begin),
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
    return max(done for _, done in _spans(where, kind, begin).values())


def timed(where: Structure, kind: Kind, begin: float) -> tuple[Timed, ...]:
    """Each step of that case, and whether it is on the critical path."""
    spans = _spans(where, kind, begin)
    last = max(done for _, done in spans.values())
    critical = {key for key, (_, done) in spans.items() if done == last}
    for step in reversed(kind.steps):
        if step.key in critical and step.after:
            latest = max(spans[k][1] for k in step.after)
            critical |= {k for k in step.after if spans[k][1] == latest}
    return tuple(Timed(key, ready, done, key in critical) for key, (ready, done) in spans.items())


def _spans(where: Structure, kind: Kind, begin: float) -> dict[str, tuple[float, float]]:
    calendars = {post.key: post.calendar for post in where.posts}
    begin += DAY * 7  # times before the first Monday have no calendar
    spans: dict[str, tuple[float, float]] = {}
    for step in kind.steps:
        ready = max((begin + spans[k][1] for k in step.after), default=begin) + step.hop
        done = calendars[step.post].finish(ready, step.work.mean)
        spans[step.key] = ready - begin, done - begin
    return spans
