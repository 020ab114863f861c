"""Time, handed in rather than asked for, and the ways a headquarters writes it.

Rules never read a clock: actions take ``desk.clock.now()`` once and pass it on.  All instants are
timezone-aware UTC ``datetime`` cut to milliseconds, so that what is shown, signed and compared is
the same value.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Protocol
from zoneinfo import ZoneInfo

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A moment in a record or an input: one that says its offset.  Without it, 09:00 is two moments."""

_DTG = re.compile(r"(\d{2})(\d{2})(\d{2})Z([A-Z]{3})(\d{2})", re.ASCII)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


class Clock(Protocol):
    """Anything that tells the time."""

    def now(self) -> datetime:
        """The present instant, UTC, whole milliseconds."""
        ...


def to_millisecond(moment: datetime) -> datetime:
    """``moment`` in UTC with everything below a millisecond cut off."""
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """See ``Clock``."""
        return to_millisecond(datetime.now(UTC))


class FakeClock:
    """A clock that moves only when told; for tests, rehearsals and replays."""

    def __init__(self, start: datetime) -> None:
        self._now = to_millisecond(start)

    def now(self) -> datetime:
        """See ``Clock``."""
        return self._now

    def advance(self, step: timedelta) -> None:
        """Move the clock forward by ``step``."""
        self._now = to_millisecond(self._now + step)

    def set(self, moment: datetime) -> None:
        """Put the clock at ``moment``."""
        self._now = to_millisecond(moment)


def dtg(moment: datetime) -> str:
    """``moment`` as a date-time group in Zulu, day-hour-minute-Z-month-year: ``221451ZNOV26``."""
    utc = moment.astimezone(UTC)
    return f"{utc:%d%H%M}Z{_MONTHS[utc.month - 1]}{utc:%y}"


def moment_of(text: str) -> datetime | None:
    """The moment that ``text`` names, a date-time group in Zulu or an instant with its offset; else None.

    A DTG names a whole minute: the end of it is meant, so that what happened in it has happened.
    """
    if found := _DTG.fullmatch(text.upper()):
        day, hour, minute, month, year = found.groups()
        if month not in _MONTHS:
            return None
        try:
            start = datetime(
                2000 + int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), tzinfo=UTC
            )
        except ValueError:
            return None
        return start + timedelta(seconds=59, milliseconds=999)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else to_millisecond(moment)


def local(moment: datetime, zone: str) -> str:
    """``moment`` as ``HH:MM`` in an IANA zone such as ``Asia/Tokyo``."""
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"
