"""Duty hours as a clock that stands still off duty.

Times are minutes since a Monday, 00:00 UTC.  ``Calendar.duty`` maps them to minutes of duty passed, and
``Calendar.real`` back to the earliest time at which so many have passed; work is added on the duty clock.
A calendar is a week that repeats, or where clocks change or days are off, all the weeks of ``CYCLE``.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

DAY, WEEK = 1440.0, 10080.0
CYCLE = 1461 * WEEK
"""28 years, after which days of the week and leap years (and so summer time by rule) come round again."""
Floats = NDArray[np.float64]


class Calendar:
    """Spans of duty, repeated for ever."""

    def __init__(self, spans: Iterable[tuple[float, float]] = ((0.0, WEEK),), period: float = WEEK) -> None:
        """``spans`` are (from, to) minutes of the period in UTC; those past its end go on at its start.

        ``period`` is whole weeks, of several calendars used together each a multiple of the shorter.
        """
        self.period = period
        self.spans = tuple(_merged(spans, period))
        self.always = self.spans == ((0.0, period),)
        self._starts = [start for start, _ in self.spans]
        self._passed = [0.0]
        for start, end in self.spans:
            self._passed.append(self._passed[-1] + end - start)
        self._begins, self._ends = np.array(self.spans, np.float64).reshape(-1, 2).T
        self._before = np.array(self._passed)
        self._whole = self._passed[-1]
        self.minutes = self._whole / (period / WEEK)
        """Minutes of duty a week, on average over the period."""

    def duty(self, time: float) -> float:
        """Minutes of duty passed by ``time``."""
        if self.always:
            return time
        past = time // self.period
        inside = time - past * self.period
        at = bisect_right(self._starts, inside) - 1
        if at < 0:
            return past * self._whole
        start, end = self.spans[at]
        return past * self._whole + self._passed[at] + min(inside - start, end - start)

    def real(self, duty: float) -> float:
        """The earliest time by which ``duty`` minutes have passed."""
        if self.always:
            return duty
        past = duty // self._whole
        inside = duty - past * self._whole
        if inside == 0.0 and duty > 0.0:
            past, inside = past - 1, self._whole
        # A whole number of periods may come out a rounding above.
        at = max(0, min(bisect_left(self._passed, inside), len(self.spans)) - 1)
        return past * self.period + self._starts[at] + inside - self._passed[at]

    def turn(self, time: float) -> tuple[float, float]:
        """The duty that ``time`` is in (its beginning is then ``time`` itself), or the next: from, until."""
        if self.always:
            return time, math.inf
        past = time // self.period
        inside = time - past * self.period
        at = bisect_right(self._starts, inside) - 1
        if at >= 0 and inside < self.spans[at][1]:
            return time, past * self.period + self.spans[at][1]
        past, at = (past, at + 1) if at + 1 < len(self.spans) else (past + 1, 0)
        start, end = self.spans[at]
        return past * self.period + start, past * self.period + end

    def opening(self, time: float) -> float:
        """``time`` if on duty, else when duty next begins."""
        return self.turn(time)[0]

    def finish(self, begin: float, work: float) -> float:
        """When ``work`` minutes begun at ``begin`` are done; of no length, as soon as somebody is on duty."""
        return self.opening(begin) if work == 0.0 else self.real(self.duty(begin) + work)

    def common(self, other: "Calendar") -> "Calendar":
        """When both are on duty."""
        period = max(self.period, other.period)
        ours, theirs = self._over(period), other._over(period)
        both, n, m = [], 0, 0
        while n < len(ours) and m < len(theirs):
            (a, b), (c, d) = ours[n], theirs[m]
            if max(a, c) < min(b, d):
                both.append((max(a, c), min(b, d)))
            n, m = (n + 1, m) if b < d else (n, m + 1)
        return Calendar(both, period)

    def within(self, other: "Calendar") -> bool:
        """Whether the other is on duty whenever this one is."""
        return _within(self, other)

    def either(self, *others: "Calendar") -> "Calendar":
        """When at least one is on duty."""
        period = max(each.period for each in (self, *others))
        return Calendar((span for each in (self, *others) for span in each._over(period)), period)

    def week(self, n: int) -> tuple[tuple[float, float], ...]:
        """Spans of the n-th week of the period, in minutes of that week."""
        begin = n * WEEK % self.period
        if self.period == WEEK:
            return self.spans
        at = max(0, bisect_right(self._starts, begin) - 1)
        found = []
        while at < len(self.spans) and self._starts[at] < begin + WEEK:
            start, end = self.spans[at]
            if end > begin:
                found.append((max(start, begin) - begin, min(end, begin + WEEK) - begin))
            at += 1
        return tuple(found)

    def _over(self, period: float) -> tuple[tuple[float, float], ...]:
        """The spans of so long a time."""
        if period == self.period:
            return self.spans
        turns = (n * self.period for n in range(round(period / self.period)))
        return tuple(_merged(((a + at, b + at) for at in turns for a, b in self.spans), period))

    def duties(self, times: Floats) -> Floats:
        """``duty`` of many times."""
        if self.always:
            return times
        past = times // self.period
        inside = times - past * self.period
        at = np.searchsorted(self._starts, inside, side="right") - 1
        start, end = self._begins[at], self._ends[at]
        passed = past * self._whole
        return np.where(at < 0, passed, passed + self._before[at] + np.minimum(inside - start, end - start))

    def reals(self, duties: Floats) -> Floats:
        """``real`` of many."""
        if self.always:
            return duties
        past = duties // self._whole
        inside = duties - past * self._whole
        whole = (inside == 0.0) & (duties > 0.0)
        past, inside = np.where(whole, past - 1, past), np.where(whole, self._whole, inside)
        at = np.clip(np.searchsorted(self._before, inside, side="left"), 1, len(self.spans)) - 1
        return np.asarray(past * self.period + self._begins[at] + inside - self._before[at])

    def openings(self, times: Floats) -> Floats:
        """``opening`` of many."""
        if self.always:
            return times
        return np.fromiter(map(self.opening, times.tolist()), np.float64, len(times))


def weekly(days: Iterable[int], begin: float, end: float, offset: float) -> Calendar:
    """Duty on ``days`` (0 is Monday) from ``begin`` to ``end``, minutes of a day ``offset`` hours east.

    An ``end`` not after ``begin`` is on the next day.
    """
    length = end - begin if end > begin else end - begin + DAY
    starts = [(day * DAY + begin - offset * 60.0) % WEEK for day in days]
    return Calendar((start, start + length) for start in starts)


@lru_cache(maxsize=10_000)
def _within(one: Calendar, other: Calendar) -> bool:
    whole = one._over(max(one.period, other.period))
    return one.common(other).spans == whole


def _merged(spans: Iterable[tuple[float, float]], period: float) -> list[tuple[float, float]]:
    pieces: list[tuple[float, float]] = []
    for start, end in spans:
        pieces.append((start, min(end, period)))
        if end > period:
            pieces.append((0.0, end - period))
    found: list[tuple[float, float]] = []
    for start, end in sorted(pieces):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
