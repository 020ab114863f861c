"""What a path shows without anybody waiting: hops, common hours, single points of failure, best case."""

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce

import msgspec

from .calendars import WEEK, Calendar
from .model import Kind, Post, Step, Structure, servers

HOUR = 60.0
YEAR = 53
"""Weeks, if not all weeks are alike."""
LOOK = 3
"""Weeks by which two are told apart: a path that nobody waits on is done within them."""
Spans = dict[str, tuple[float, float, str]]
"""For each step when it may begin, when it is done, and by which post."""


class Hop(msgspec.Struct, frozen=True):
    """A hand-over between two posts; ``common`` is hours a week with both on duty, or who stands in for them.

    ``alone`` is those hours without stand-ins; ``stand_in_border`` that it crosses a border only where one
    serves.
    """

    sender: str
    receiver: str
    border: bool
    common: float
    alone: float
    stand_in_border: bool


class Timed(msgspec.Struct, frozen=True):
    """A step if nobody waits: minutes from the request until it may begin and until it is done ``by`` a post.

    What is ``critical`` cannot end later without the whole ending later.
    """

    step: str
    ready: float
    done: float
    critical: bool
    by: str


class PathView(msgspec.Struct, frozen=True):
    """One kind's path; best cases in minutes over a request at each hour of the week, nobody waiting.

    Where clocks change or days are off, of all weeks of the first year.  ``timed`` is the best of them (of
    the first week), for a request at minute ``begin`` of the week (UTC).  ``common`` is hours a week with
    somebody on duty for every step, stand-ins included; ``alone`` is those without them.
    """

    kind: str
    steps: int
    hops: tuple[Hop, ...]
    common: float
    alone: float
    single_points: tuple[str, ...]
    best: float
    middle: float
    worst: float
    begin: float
    timed: tuple[Timed, ...]


def view(where: Structure, kind: Kind) -> PathView:
    """The static analysis of one kind."""
    posts, at = where.by_key(), {step.key: step for step in kind.steps}
    pairs: dict[tuple[str, str], list[tuple[Step, Step]]] = {}
    for step in kind.steps:
        for one in (at[k] for k in step.after if at[k].post != step.post):
            pairs.setdefault((one.post, step.post), []).append((one, step))
    hops = tuple(_hop(posts, steps) for steps in pairs.values())
    shared = _shared(_cover(posts, step) for step in kind.steps)
    alone = _shared(posts[step.post].calendar for step in kind.steps)
    able = _able(where, kind)
    at_hour = _of_week(kind, able, 0)
    begin = at_hour.index(min(at_hour)) * HOUR
    cases = sorted(case for hours in _weeks(where, kind, able, at_hour) for case in hours)
    return PathView(
        kind.key,
        len(kind.steps),
        hops,
        shared / HOUR,
        alone / HOUR,
        tuple(sorted(single_points(kind))),
        cases[0],
        cases[len(cases) // 2],
        cases[-1],
        begin,
        _timed(kind, _spans(kind, able, begin)),
    )


def _of_week(kind: Kind, able: Mapping[str, tuple[Post, ...]], week: int) -> list[float]:
    """The best case of a request at each hour of a week."""
    hours = (week * WEEK + hour * HOUR for hour in range(int(WEEK / HOUR)))
    return [_length(_spans(kind, able, hour)) for hour in hours]


def _weeks(
    where: Structure, kind: Kind, able: Mapping[str, tuple[Post, ...]], first: list[float]
) -> Iterator[list[float]]:
    """The same of every week of the first year; two are alike if they, and the weeks after them, are."""
    calendars = {post.calendar for post in where.posts}
    weeks = min(YEAR, round(max(calendar.period for calendar in calendars) / WEEK))
    told: dict[object, list[float]] = {}
    for n in range(weeks):
        alike = tuple(tuple(c.week(n + more) for more in range(LOOK)) for c in calendars)
        if alike not in told:
            told[alike] = _of_week(kind, able, n) if n else first
        yield told[alike]


def _hop(posts: Mapping[str, Post], steps: list[tuple[Step, Step]]) -> Hop:
    """Of the steps between two posts the pair that is on duty together the least."""
    one, other = (posts[step.post] for step in steps[0])
    border = one.nation != other.nation
    able = [(servers(posts, a), servers(posts, b)) for a, b in steps]
    return Hop(
        one.key,
        other.key,
        border,
        min(_shared(_cover(posts, step) for step in pair) for pair in steps) / HOUR,
        _shared((one.calendar, other.calendar)) / HOUR,
        not border and any(a.nation != b.nation for senders, takers in able for a in senders for b in takers),
    )


def _cover(posts: Mapping[str, Post], step: Step) -> Calendar:
    """When somebody is on duty who does a step."""
    own, *others = (post.calendar for post in servers(posts, step))
    return own.either(*others) if others else own


def _shared(calendars: Iterable[Calendar]) -> float:
    """Minutes a week with all on duty."""
    return reduce(Calendar.common, dict.fromkeys(calendars)).minutes


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
    return _length(_spans(kind, _able(where, kind), begin))


def _timed(kind: Kind, spans: Spans) -> tuple[Timed, ...]:
    """Each step of a case, and whether it is on the critical path."""
    last = _length(spans)
    critical = {key for key, (_, done, _) in spans.items() if done == last}
    for step in reversed(kind.steps):
        if step.key in critical and step.after:
            latest = max(spans[k][1] for k in step.after)
            critical |= {k for k in step.after if spans[k][1] == latest}
    return tuple(Timed(key, ready, done, key in critical, by) for key, (ready, done, by) in spans.items())


def _able(where: Structure, kind: Kind) -> dict[str, tuple[Post, ...]]:
    posts = where.by_key()
    return {step.key: servers(posts, step) for step in kind.steps}


def _length(spans: Spans) -> float:
    return max(done for _, done, _ in spans.values())


def _spans(kind: Kind, able: Mapping[str, tuple[Post, ...]], begin: float) -> Spans:
    """By whoever may do a step and is on duty first, of several the first named."""
    begin += max(
        post.calendar.period for each in able.values() for post in each
    )  # none before the first Monday
    spans: Spans = {}
    for step in kind.steps:
        ready = max((begin + spans[k][1] for k in step.after), default=begin) + step.hop
        who = able[step.key]
        by = min(who, key=lambda post: post.calendar.opening(ready)) if len(who) > 1 else who[0]
        done = by.calendar.finish(ready, step.work.mean)
        spans[step.key] = ready - begin, done - begin, by.key
    return spans
