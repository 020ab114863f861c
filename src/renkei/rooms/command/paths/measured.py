"""A description whose assumed times are replaced by those of a node's own log, where it has enough of them.

A step that names what measures it takes its work from there, counted in the duty hours of its own post; the
last week of the log is kept to score what the weeks before it gave.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import msgspec

from ....kernel.errors import Refused
from .calendars import DAY, WEEK
from .description import Description, PostIn, StructureIn, calendar_of
from .fitting import Fitted, Spell, fit, last_week
from .model import Step

MONDAY = 4 * DAY
"""Minutes from 1 January 1970, a Thursday, to the first Monday: weeks begin there."""

Log = Mapping[str, Sequence[Spell]]
"""By measure: what was taken up when and done when, in minutes since 1970 UTC."""


class Measured(msgspec.Struct, frozen=True):
    """What the log says of one step: a fit over so many weeks, or why there is none."""

    step: str
    measure: str
    weeks: float
    fitted: Fitted | None = None
    refused: Refused | None = None


def measured(of: Description, log: Log, now: float) -> tuple[Description, tuple[Measured, ...]]:
    """``of`` with the work of its measured steps as the log up to ``now`` has it, and what came of each."""
    told: list[Measured] = []
    sides = {key: _side(key, getattr(of, key), log, now, told) for key in ("today", "proposed")}
    return msgspec.structs.replace(of, **sides), tuple(told)


def _side(key: str, one: StructureIn, log: Log, now: float, told: list[Measured]) -> StructureIn:
    posts = {post.key: post for post in one.posts}
    paths = {}
    for kind, steps in one.paths.items():
        found = [_step(f"{key}/{kind}/{step.key}", step, posts.get(step.post), log, now) for step in steps]
        told += [about for _, about in found if about is not None]
        paths[kind] = tuple(step for step, _ in found)
    return msgspec.structs.replace(one, paths=paths)


def _step(where: str, step: Step, post: PostIn | None, log: Log, now: float) -> tuple[Step, Measured | None]:
    if not step.measure or post is None:
        return step, None
    spells = log.get(step.measure, ())
    if not spells:
        none = Refused(code="paths.few", expected="times in this node's log", came="none")
        return step, Measured(where, step.measure, 0.0, refused=none)
    earliest = min(spell.begin for spell in spells)
    monday = MONDAY + (earliest - MONDAY) // WEEK * WEEK
    clock = calendar_of(post, date(1970, 1, 1) + timedelta(minutes=monday))

    def duty(minutes: float) -> float:
        return clock.duty(minutes - monday)

    inside = [Spell(duty(begin), None if end is None else duty(end)) for begin, end in spells]
    found = fit(inside, duty(last_week(spells)), duty(now))
    weeks = (now - earliest) / WEEK
    if isinstance(found, Refused):
        return step, Measured(where, step.measure, weeks, refused=found)
    return msgspec.structs.replace(step, work=found.work), Measured(where, step.measure, weeks, fitted=found)
