"""A structure as the engines take it: posts, and for each kind of request its steps.

Times are minutes; probabilities are of one pass.  ``structure`` checks what was written and refuses what has
no meaning, so that the engines need not ask.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from ....kernel.errors import BadInput
from .calendars import Calendar

Spread = Literal["fixed", "exponential", "lognormal"]
Basis = Literal["assumption", "fitted"]
Activity = Literal["handling", "translation", "review", "decision"]
Measure = Literal["", "acknowledge", "answer"]
"""What of a node's log times a step: from opening a request to acknowledging it, from there to answering."""
MAX_OFFICERS = 10_000
"""At one post; each costs a place in the engines' tables."""
MAX_MINUTES = 1_000_000
"""Of a step's work or hop: two years, beyond any path."""
MAX_PER_DAY = 1_000_000
"""Requests of one kind a day."""


class Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name in both languages."""

    en: str
    ja: str


class Work(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a step takes one officer: mean in minutes, spread (``cv`` of a lognormal), basis."""

    mean: float
    spread: Spread = "exponential"
    cv: float = 1.0
    basis: Basis = "assumption"


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One post's part in a decision.

    It begins when all of ``after`` are done and ``hop`` minutes passed.  With the probability ``back`` it
    sends the request back to step ``to`` (itself if empty).  ``stand_in`` names posts that do it while
    ``post`` is off duty, the first that is free, and if ``post`` is lost.  ``activity`` and ``name`` are for
    whoever reads; no engine asks for them.  ``measure`` says what of a node's log may stand in for ``work``.
    """

    key: str
    post: str
    work: Work
    after: tuple[str, ...] = ()
    hop: float = 0.0
    back: float = 0.0
    to: str = ""
    stand_in: tuple[str, ...] = ()
    activity: Activity = "handling"
    name: Name | None = None
    measure: Measure = ""


class Post(msgspec.Struct, frozen=True):
    """``officers`` who do the same work, each on the same duty hours."""

    key: str
    officers: int = 1
    calendar: Calendar = Calendar()
    nation: str = ""


class Kind(msgspec.Struct, frozen=True):
    """A kind of request: how many a day, its priority (lower first), its steps, earlier ones first."""

    key: str
    per_day: float
    steps: tuple[Step, ...]
    priority: int = 0


class Structure(msgspec.Struct, frozen=True):
    """Posts and kinds, checked by ``structure``."""

    key: str
    posts: tuple[Post, ...]
    kinds: tuple[Kind, ...]

    def by_key(self) -> dict[str, Post]:
        """The posts by name."""
        return {post.key: post for post in self.posts}

    def post(self, key: str) -> Post:
        """The post of that name."""
        return next(post for post in self.posts if post.key == key)


def structure(key: str, posts: Sequence[Post], kinds: Sequence[Kind]) -> Structure:
    """A sound structure.  Raises BadInput (``paths.*``) naming the post or step that is wrong."""
    _once([post.key for post in posts], f"posts of {key}")
    _once([kind.key for kind in kinds], f"kinds of {key}")
    for post in posts:
        if not 1 <= post.officers <= MAX_OFFICERS or post.calendar.minutes <= 0:
            expected = f"1 to {MAX_OFFICERS} officers and some duty hours"
            raise BadInput("paths.post", expected, f"{post.officers} at {post.key}")
    for kind in kinds:
        _check_kind(kind, {post.key for post in posts})
    return Structure(key, tuple(posts), tuple(kinds))


def servers(posts: Mapping[str, Post], step: Step) -> tuple[Post, ...]:
    """Who ever does a step: its post, and those of its stand-ins who are on duty while that is not."""
    own = posts[step.post]
    named = (posts[key] for key in dict.fromkeys(step.stand_in))
    return own, *(one for one in named if not one.calendar.within(own.calendar))


def loop(kind: Kind, step: Step) -> frozenset[str]:
    """The steps done again when ``step`` sends back: all between its ``to`` and itself, both included."""
    target = step.to or step.key
    above = ancestors(kind)
    return frozenset(k for k in {*above[step.key], step.key} if k == target or target in above[k])


def ancestors(kind: Kind) -> dict[str, frozenset[str]]:
    """For each step all that must be done before it."""
    found: dict[str, frozenset[str]] = {}
    for step in kind.steps:
        found[step.key] = frozenset(step.after).union(*(found[k] for k in step.after))
    return found


def visits(kind: Kind) -> dict[str, float]:
    """How often one request of that kind takes each step on average, those done again included."""
    times = {step.key: 1.0 for step in kind.steps}
    for step in kind.steps:
        if step.back:
            for key in loop(kind, step):
                times[key] /= 1 - step.back
    return times


def _once(keys: list[str], what: str) -> None:
    twice = sorted(key for key, count in Counter(keys).items() if count > 1)
    if twice or not keys:
        raise BadInput(
            "paths.names", f"{what}, each name once", f"twice: {', '.join(twice) or 'none at all'}"
        )


def _check_kind(kind: Kind, posts: set[str]) -> None:
    _once([step.key for step in kind.steps], f"steps of {kind.key}")
    if not 0 < kind.per_day <= MAX_PER_DAY:
        expected = f"more than no requests a day, at most {MAX_PER_DAY}"
        raise BadInput("paths.rate", expected, f"{kind.per_day:g} of {kind.key}")
    seen: set[str] = set()
    for step in kind.steps:
        where = f"step {step.key} of {kind.key}"
        unknown = sorted({step.post, *step.stand_in} - posts)
        if unknown:
            raise BadInput("paths.post", "posts of the structure", f"{', '.join(unknown)} in {where}")
        if not set(step.after) <= seen:
            raise BadInput("paths.order", "steps after earlier ones only", where)
        times = (step.work.mean, step.hop)
        if not all(0 <= t <= MAX_MINUTES for t in times) or not 0 < step.work.cv < math.inf:
            expected = f"times from 0 to {MAX_MINUTES} minutes, cv above 0"
            raise BadInput("paths.number", expected, where)
        if not 0 <= step.back < 1:
            raise BadInput("paths.number", "0 <= back < 1", where)
        seen.add(step.key)
        if step.back:
            _check_loop(kind, step)


def _check_loop(kind: Kind, step: Step) -> None:
    inside = loop(kind, step)
    if step.to and step.to not in inside:
        raise BadInput(
            "paths.back", "a step sent back to itself or one before it", f"{step.key} to {step.to}"
        )
    for other in kind.steps:
        entry = other.key == (step.to or step.key)
        leaves = other.key not in inside and set(other.after) & (inside - {step.key})
        enters = other.key in inside and not entry and not set(other.after) <= inside
        if leaves or enters:
            raise BadInput(
                "paths.back", "a loop that is entered and left in one place", f"{other.key} beside {step.key}"
            )
