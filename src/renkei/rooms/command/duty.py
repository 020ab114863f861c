"""Who is on duty at a moment, by the duty hours of posts as they are in force.  Pure.

A post has its own hours or those of its site; hours repeat weekly in a fixed offset from UTC or by the clock
of their zone, but for days off.  What nobody has said is not known: neither on duty nor off.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import lru_cache

import msgspec

from . import zones
from .paths.description import spans_of
from .plans.model import AnyFact, Hours, Post, Ref, Responsibility, Site, Unit
from .records import UNKNOWN, Names, Part

LOOK = 10
"""Days around a day within which hours that change at all do so, days off apart."""
DAY_MINUTES = 1440.0


class Answering(msgspec.Struct, frozen=True, kw_only=True):
    """What a post, or its unit, has to do with a function; ``of_unit`` says that the whole unit answers."""

    function: str
    part: Part
    extent: str
    of_unit: bool


class DutyPost(msgspec.Struct, frozen=True, kw_only=True):
    """A post, what it is there for, and whether somebody is there.

    ``on_duty`` None: not known.  ``changes_at`` is when that changes next; None: never, or not known.
    ``utc_offset`` is that of its hours at the time (hours east), else of its site, None if neither says;
    ``zone`` that by whose clock they go, if any.  ``source`` is where the post is known from.
    """

    post: str
    names: Names
    unit: str
    nation: str
    holder: str
    functions: tuple[str, ...]
    answers: tuple[Answering, ...]
    hours: str
    utc_offset: float | None
    on_duty: bool | None
    changes_at: datetime | None
    zone: str = ""
    source: str = ""


def duty_posts(facts: Mapping[Ref, AnyFact], at: datetime) -> list[DutyPost]:
    """Every post of a unit that is there, by unit and code."""
    answers: dict[tuple[str, str], list[Responsibility]] = {}
    for fact in facts.values():
        if isinstance(fact, Responsibility):
            answers.setdefault((fact.subject_kind, fact.subject), []).append(fact)
    found = []
    for fact in facts.values():
        if isinstance(fact, Post) and isinstance(unit := facts.get(("unit", fact.unit)), Unit):
            said = [*answers.get(("post", fact.code), ()), *answers.get(("unit", unit.code), ())]
            found.append(_duty_post(facts, fact, unit, said, at))
    return sorted(found, key=lambda one: (one.unit, one.post))


def _duty_post(
    facts: Mapping[Ref, AnyFact], post: Post, unit: Unit, said: list[Responsibility], at: datetime
) -> DutyPost:
    site = facts.get(("site", post.site or unit.site))
    key = post.hours or (site.hours if isinstance(site, Site) else UNKNOWN)
    hours = facts.get(("hours", key))
    on_duty, changes_at = duty_at(hours, at) if isinstance(hours, Hours) else (None, None)
    return DutyPost(
        post=post.code,
        names=post.names,
        unit=post.unit,
        nation=unit.nation,
        holder=post.holder,
        functions=post.functions,
        answers=tuple(
            Answering(function=r.function, part=r.part, extent=r.extent, of_unit=r.subject_kind == "unit")
            for r in sorted(said, key=lambda r: (r.subject_kind, r.function, r.part, r.extent))
        ),
        hours=key or UNKNOWN,
        utc_offset=_offset(hours, site, at),
        on_duty=on_duty,
        changes_at=changes_at,
        zone=hours.zone if isinstance(hours, Hours) else "",
        source=post.source,
    )


def _offset(hours: AnyFact | None, site: AnyFact | None, at: datetime) -> float | None:
    if isinstance(hours, Hours) and isinstance(hours.spans, tuple) and hours.spans:
        return zones.offset_at(hours.zone, at) if hours.zone else hours.spans[0].utc_offset
    if isinstance(site, Site) and not isinstance(site.utc_offset, str):
        return site.utc_offset
    return None


def duty_at(hours: Hours, at: datetime) -> tuple[bool | None, datetime | None]:
    """Whether ``at`` is in the hours, and when that next changes; None if it never does, or is not known.

    A span's first moment is on duty, its last is not.
    """
    if isinstance(hours.spans, str):
        return (True if hours.spans == "always" else None), None
    day = at.date()
    minute = (at - datetime.combine(day, time.min, UTC)) / zones.MINUTE
    for start, end in _around(hours, day):
        if minute < end:
            turn = start if minute < start else end
            last = turn >= (LOOK + len(hours.off)) * DAY_MINUTES
            turns = None if last else datetime.combine(day, time.min, UTC) + turn * zones.MINUTE
            return start <= minute, turns
    return False, None


@lru_cache(maxsize=1_000)
def _around(hours: Hours, day: date) -> tuple[tuple[float, float], ...]:
    """Duty from before that day until well after it, in minutes since its 00:00 UTC, what touches as one."""
    back = 2
    spans = () if isinstance(hours.spans, str) else hours.spans
    first, days = day - back * zones.DAY, back + LOOK + len(hours.off) + 2
    each = sorted(zones.stretches(spans_of(spans), hours.zone, hours.off, first, days))
    found: list[tuple[float, float]] = []
    for start, end in ((a - back * DAY_MINUTES, b - back * DAY_MINUTES) for a, b in each):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return tuple(found)
