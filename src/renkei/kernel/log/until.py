"""A log as it was: its first entries, up to a moment.

A pack says when it was logged here, and packs follow one another in time.  So what a log held at a moment
is a prefix of it, found by halving.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from ..errors import BadInput
from .base import Pack


class Source(Protocol):
    """What of a log a fold needs."""

    @property
    def size(self) -> int:
        """How many entries there are."""
        ...

    def fact(self, name: str) -> bytes | None:
        """A value kept beside the entries, or None."""
        ...

    def read(self, first: int, limit: int = 1000) -> Iterator[Pack]:
        """Packs covering ``first`` onwards, cut to at most ``limit`` entries in all."""
        ...


def size_at(log: Source, moment: datetime) -> int:
    """How many entries of ``log`` had been logged by ``moment``, itself included.

    Where the clock was once set back, those up to the first pack found later than ``moment``.
    """
    low, high = 0, log.size
    while low < high:
        middle = (low + high) // 2
        pack = next(log.read(middle, 1))
        if pack.logged_at <= moment:
            low = middle + 1
        else:
            high = middle
    return low


class LogUntil:
    """The first ``size`` entries of a log, to be read."""

    def __init__(self, log: Source, size: int) -> None:
        """Raises BadInput if the log is not that long."""
        if not 0 <= size <= log.size:
            raise BadInput("log.until", f"0 to {log.size} entries", str(size))
        self._log = log
        self.size = size

    def fact(self, name: str) -> bytes | None:
        """See ``Source``; facts are as they are now."""
        return self._log.fact(name)

    def read(self, first: int, limit: int = 1000) -> Iterator[Pack]:
        """See ``Source``."""
        return self._log.read(first, min(limit, self.size - first)) if first < self.size else iter(())
