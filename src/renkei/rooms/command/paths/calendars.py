"""Duty hours as a clock that stands still off duty.

Times are minutes since a Monday, 00:00 UTC.  ``Calendar.duty`` maps them to minutes of duty passed, and
``Calendar.real`` back to the earliest time at which so many have passed; work is added on the duty clock.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

DAY, WEEK = 1440.0, 10080.0
Floats = NDArray[np.float64]


class Calendar:
    """A week's spans of duty, repeated for ever."""

    def __init__(self, spans: Iterable[tuple[float, float]] = ((0.0, WEEK),)) -> None:
        """``spans`` are (from, to) minutes of the week in UTC; those past its end go on at its start."""
        self.spans = tuple(_merged(spans))
        self.always = self.spans == ((0.0, WEEK),)
        self._starts = [start for start, _ in self.spans]
        self._passed = [0.0]
        for start, end in self.spans:
            self._passed.append(self._passed[-1] + end - start)
        self._begins, self._ends = np.array(self.spans, np.float64).reshape(-1, 2).T
        self._before = np.array(self._passed)
        self.minutes = self._passed[-1]
        """Minutes of duty a week."""

    def duty(self, time: float) -> float:
        """Minutes of duty passed by ``time``."""
        if self.always:
            return time
        week = time // WEEK
        inside = time - week * WEEK
        at = bisect_right(self._starts, inside) - 1
        if at < 0:
            return week * self.minutes
        start, end = self.spans[at]
        return week * self.minutes + self._passed[at] + min(inside - start, end - start)

    def real(self, duty: float) -> float:
        """The earliest time by which ``duty`` minutes have passed."""
        if self.always:
            return duty
        week = duty // self.minutes
        inside = duty - week * self.minutes
        if inside == 0.0 and duty > 0.0:
            week, inside = week - 1, self.minutes
        # A whole number of weeks may come out a rounding above the week.
        at = max(0, min(bisect_left(self._passed, inside), len(self.spans)) - 1)
        return week * WEEK + self._starts[at] + inside - self._passed[at]

    def turn(self, time: float) -> tuple[float, float]:
        """The duty that ``time`` is in (its beginning is then ``time`` itself), or the next: from, until."""
        if self.always:
            return time, math.inf
        week = time // WEEK
        inside = time - week * WEEK
        at = bisect_right(self._starts, inside) - 1
        if at >= 0 and inside < self.spans[at][1]:
            return time, week * WEEK + self.spans[at][1]
        week, at = (week, at + 1) if at + 1 < len(self.spans) else (week + 1, 0)
        start, end = self.spans[at]
        return week * WEEK + start, week * WEEK + end

    def opening(self, time: float) -> float:
        """``time`` if on duty, else when duty next begins."""
        return self.turn(time)[0]

    def finish(self, begin: float, work: float) -> float:
        """When ``work`` minutes begun at ``begin`` are done; of no length, as soon as somebody is on duty."""
        return self.opening(begin) if work == 0.0 else self.real(self.duty(begin) + work)

    def common(self, other: "Calendar") -> "Calendar":
        """When both are on duty."""
        both = [
            (max(a, c), min(b, d)) for a, b in self.spans for c, d in other.spans if max(a, c) < min(b, d)
        ]
        return Calendar(both)

    def within(self, other: "Calendar") -> bool:
        """Whether the other is on duty whenever this one is."""
        return all(any(a <= start and end <= b for a, b in other.spans) for start, end in self.spans)

    def either(self, *others: "Calendar") -> "Calendar":
        """When at least one is on duty."""
        return Calendar(span for each in (self, *others) for span in each.spans)

    def duties(self, times: Floats) -> Floats:
        """``duty`` of many times."""
        if self.always:
            return times
        week = times // WEEK
        inside = times - week * WEEK
        at = np.searchsorted(self._starts, inside, side="right") - 1
        start, end = self._begins[at], self._ends[at]
        passed = week * self.minutes
        return np.where(at < 0, passed, passed + self._before[at] + np.minimum(inside - start, end - start))

    def reals(self, duties: Floats) -> Floats:
        """``real`` of many."""
        if self.always:
            return duties
        week = duties // self.minutes
        inside = duties - week * self.minutes
        whole = (inside == 0.0) & (duties > 0.0)
        week, inside = np.where(whole, week - 1, week), np.where(whole, self.minutes, inside)
        at = np.clip(np.searchsorted(self._before, inside, side="left"), 1, len(self.spans)) - 1
        return np.asarray(week * WEEK + self._begins[at] + inside - self._before[at])

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


def _merged(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    pieces: list[tuple[float, float]] = []
    for start, end in spans:
        pieces.append((start, min(end, WEEK)))
        if end > WEEK:
            pieces.append((0.0, end - WEEK))
    found: list[tuple[float, float]] = []
    for start, end in sorted(pieces):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
