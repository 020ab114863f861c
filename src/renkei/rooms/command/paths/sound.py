"""What makes a structure sound, so that the engines need not ask; all its faults are told at once."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from ....kernel.errors import Fault, Faulty
from .model import MAX_MINUTES, MAX_OFFICERS, MAX_PER_DAY, Kind, Post, Step, Structure, loop

MAX_TOLD = 100
"""Faults told of one description: a planner mends a screenful at a time."""


class Wrong(NamedTuple):
    """One fault, and the stable code of its kind."""

    code: str
    where: str
    expected: str
    came: str


def structure(key: str, posts: Sequence[Post], kinds: Sequence[Kind]) -> Structure:
    """A sound structure.  Raises Faulty (``paths.*``, that of the first fault) naming each post or step."""
    settle(wrong(key, posts, kinds))
    return Structure(key, tuple(posts), tuple(kinds))


def settle(found: Iterable[Wrong]) -> None:
    """Raises Faulty if anything is wrong, under the code of what is found first."""
    told = list(islice(found, MAX_TOLD + 1))
    if told:
        faults = [Fault(one.where, one.expected, one.came) for one in told[:MAX_TOLD]]
        raise Faulty(told[0].code, faults, more=len(told) > MAX_TOLD)


def wrong(key: str, posts: Sequence[Post], kinds: Sequence[Kind]) -> Iterator[Wrong]:
    """Everything that has no meaning."""
    yield from _once([post.key for post in posts], f"posts of {key}")
    yield from _once([kind.key for kind in kinds], f"kinds of {key}")
    for post in posts:
        if not 1 <= post.officers <= MAX_OFFICERS or post.calendar.minutes <= 0:
            expected = f"1 to {MAX_OFFICERS} officers and some duty hours"
            came = f"{post.officers} officers, {post.calendar.minutes:g} minutes a week"
            yield Wrong("paths.post", f"post {post.key} of {key}", expected, came)
    for kind in kinds:
        yield from _of_kind(key, kind, {post.key for post in posts})


def _once(keys: list[str], where: str) -> Iterator[Wrong]:
    twice = sorted(key for key, count in Counter(keys).items() if count > 1)
    if twice or not keys:
        came = f"twice: {', '.join(twice)}" if twice else "none at all"
        yield Wrong("paths.names", where, "each name once", came)


def _of_kind(key: str, kind: Kind, posts: set[str]) -> Iterator[Wrong]:
    yield from _once([step.key for step in kind.steps], f"steps of {kind.key} of {key}")
    if not 0 < kind.per_day <= MAX_PER_DAY:
        expected = f"more than no requests a day, at most {MAX_PER_DAY}"
        yield Wrong("paths.rate", f"kind {kind.key}", expected, f"{kind.per_day:g}")
    seen: set[str] = set()
    ordered = True
    for step in kind.steps:
        where = f"step {step.key} of {kind.key} of {key}"
        yield from _of_step(where, step, posts)
        late = sorted(set(step.after) - seen)
        if late:
            ordered = False
            yield Wrong("paths.order", where, "steps after earlier ones only", f"after {', '.join(late)}")
        seen.add(step.key)
        if ordered and 0 < step.back < 1:
            yield from _of_loop(where, kind, step)


def _of_step(where: str, step: Step, posts: set[str]) -> Iterator[Wrong]:
    unknown = sorted({step.post, *step.stand_in} - posts)
    if unknown:
        yield Wrong("paths.post", where, "posts of the structure", ", ".join(unknown))
    times = (step.work.mean, step.hop)
    if not all(0 <= t <= MAX_MINUTES for t in times) or not 0 < step.work.cv < math.inf:
        came = f"work {step.work.mean:g}, cv {step.work.cv:g}, hop {step.hop:g}"
        yield Wrong("paths.number", where, f"times from 0 to {MAX_MINUTES} minutes, cv above 0", came)
    if not 0 <= step.back < 1:
        yield Wrong("paths.number", where, "0 <= back < 1", f"{step.back:g}")


def _of_loop(where: str, kind: Kind, step: Step) -> Iterator[Wrong]:
    inside = loop(kind, step)
    if step.to and step.to not in inside:
        yield Wrong("paths.back", where, "a step sent back to itself or one before it", f"to {step.to}")
        return
    for other in kind.steps:
        entry = other.key == (step.to or step.key)
        leaves = other.key not in inside and set(other.after) & (inside - {step.key})
        enters = other.key in inside and not entry and not set(other.after) <= inside
        if leaves or enters:
            yield Wrong(
                "paths.back", where, "a loop that is entered and left in one place", f"{other.key} beside it"
            )
