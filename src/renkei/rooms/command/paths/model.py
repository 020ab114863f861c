"""A structure as the engines take it: posts, and for each kind of request its steps.

Times are minutes; probabilities are of one pass.  ``sound`` checks what was written.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

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
    """Posts and kinds, checked by ``sound.structure``."""

    key: str
    posts: tuple[Post, ...]
    kinds: tuple[Kind, ...]

    def by_key(self) -> dict[str, Post]:
        """The posts by name."""
        return {post.key: post for post in self.posts}

    def post(self, key: str) -> Post:
        """The post of that name."""
        return next(post for post in self.posts if post.key == key)


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
