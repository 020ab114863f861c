"""Who is on duty at a moment, by the duty hours of posts as they are in force.  Pure.

A post has its own hours or those of its site; hours repeat weekly in a fixed offset from UTC, without
holidays.  What nobody has said is not known: neither on duty nor off.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from .paths.calendars import WEEK, Calendar
from .plans.model import AnyFact, Hours, Post, Ref, Responsibility, Site, Unit
from .plans.state import calendar
from .records import UNKNOWN, Names, Part

_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


class Answering(msgspec.Struct, frozen=True, kw_only=True):
    """What a post, or its unit, has to do with a function; ``of_unit`` says that the whole unit answers."""

    function: str
    part: Part
    extent: str
    of_unit: bool


class DutyPost(msgspec.Struct, frozen=True, kw_only=True):
    """A post, what it is there for, and whether somebody is there.

    ``on_duty`` None: not known.  ``changes_at`` is when that changes next; None: never, or not known.
    ``utc_offset`` is that of its hours (hours east), else of its site, None if neither says.
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
    known = calendar(hours) if isinstance(hours, Hours) else None
    on_duty, changes_at = (None, None) if known is None else duty_at(known, at)
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
        utc_offset=_offset(hours, site),
        on_duty=on_duty,
        changes_at=changes_at,
    )


def _offset(hours: AnyFact | None, site: AnyFact | None) -> float | None:
    if isinstance(hours, Hours) and isinstance(hours.spans, tuple) and hours.spans:
        return hours.spans[0].utc_offset
    if isinstance(site, Site) and not isinstance(site.utc_offset, str):
        return site.utc_offset
    return None


def duty_at(hours: Calendar, at: datetime) -> tuple[bool, datetime | None]:
    """Whether ``at`` is in the hours, and when that next changes; None if it never does.

    A span's first moment is on duty, its last is not.
    """
    if hours.always:
        return True, None
    time = (at - _MONDAY) / _MINUTE
    week = time // WEEK
    for start, end in hours.spans:
        if start <= time - week * WEEK < end:
            runs_on = end == WEEK and hours.spans[0][0] == 0.0
            ends = week * WEEK + (WEEK + hours.spans[0][1] if runs_on else end)
            return True, _MONDAY + ends * _MINUTE
    return False, _MONDAY + hours.opening(time) * _MINUTE
