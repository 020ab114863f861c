"""Time zones by IANA name, and duty hours as stretches of real time.

Whether a name is known and when its clocks change is read from the machine's tables, or where it has none
from those of the ``tzdata`` package; nothing else here depends on anything but its arguments.  A local time
that the clock leaves out is read with the offset before the change, one that comes twice is its first
(RFC 5545).
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from renkei.kernel.errors import BadInput

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
Span = tuple[tuple[int, ...], str, str, float]
"""Days of the week (0 is Monday), from and to as ``HH:MM``, hours east of UTC where there is no zone."""


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of that name.  Raises BadInput (``hours.zone``) if there is none."""
    if name not in _names():
        raise BadInput("hours.zone", "a time zone by its IANA name, such as America/New_York", name[:80])
    return ZoneInfo(name)


@lru_cache(maxsize=100_000)
def offset(name: str, day: date) -> float:
    """Hours east of UTC by the zone's clock when that day ends (in UTC): what holds from it on."""
    return _offset(zone(name), datetime.combine(day, time.min, UTC) + DAY)


def offset_at(name: str, at: datetime) -> float:
    """Hours east of UTC by the zone's clock at a moment."""
    return _offset(zone(name), at)


def _offset(clock: tzinfo, at: datetime) -> float:
    east = at.astimezone(clock).utcoffset()
    assert east is not None
    return east / timedelta(hours=1)


def changes(name: str, first: date, last: date) -> list[date]:
    """The days after ``first``, up to ``last``, on which the clock of the zone changes."""
    days = (first + n * DAY for n in range(1, (last - first).days + 1))
    return [day for day in days if offset(name, day) != offset(name, day - DAY)]


def check(name: str, offsets: Iterable[float]) -> None:
    """That the zone has these offsets at some time.

    Raises BadInput (``hours.zone``), with those there are.
    """
    there = _offsets(name)
    wrong = [east for east in offsets if east not in there]
    if wrong:
        expected = f"an offset that {name} has: {' or '.join(f'{east:+g}' for east in there)}"
        raise BadInput("hours.zone", expected, f"{wrong[0]:+g}")


@cache
def _offsets(name: str) -> tuple[float, ...]:
    """By which its clock has gone or is to go, from 1990 to 2050; no season is shorter than four weeks."""
    clock, first = zone(name), datetime(1990, 1, 1, tzinfo=UTC)
    return tuple(sorted({_offset(clock, first + n * 28 * DAY) for n in range(60 * 13)}))


def stretches(
    spans: Iterable[Span], name: str, off: Iterable[date], first: date, days: int
) -> Iterator[tuple[float, float]]:
    """Duty that begins on one of ``days`` local days from ``first``: minutes since ``first`` 00:00 UTC."""
    free, start = frozenset(off), datetime.combine(first, time.min, UTC)
    for week, begin, end, east in spans:
        clock: tzinfo = zone(name) if name else timezone(timedelta(hours=east))
        opens, closes = time.fromisoformat(begin), time.fromisoformat(end)
        for day in (first + n * DAY for n in range(days)):
            if day.weekday() in week and day not in free:
                until = day if closes > opens else day + DAY
                ends = (_at(one, clock) - start for one in ((day, opens), (until, closes)))
                from_, to = (length / MINUTE for length in ends)
                if from_ < to:
                    yield from_, to


def _at(local: tuple[date, time], clock: tzinfo) -> datetime:
    return datetime.combine(*local, clock).astimezone(UTC)
