"""The master log as releasers read it: each entry decoded once, however many partners there are.

Releasers run side by side and mostly stand at the same place, right behind the log's end.  The last few runs
are kept, so that whoever comes second finds them decoded.
"""

import threading
from datetime import datetime
from typing import NamedTuple

from ..labels.release import Opened, Sort, opened
from ..log.base import Log
from ..records import Codec
from .passed_on import Whole

KEPT_RUNS = 4
"""Runs kept decoded, some tens of megabytes at most: releasers further apart decode for themselves."""
MAX_SORTS = 20_000
"""Distinct sorts of which one object each is kept; beyond it they are gathered afresh."""


class Incoming(NamedTuple):
    """One entry of the master log: its number, when it was logged, and the record."""

    seq: int
    logged_at: datetime
    it: Opened


class Intake:
    """Reads one master log for many releasers.  Safe from any thread."""

    def __init__(self, master: Log | Whole, codec: Codec) -> None:
        self.master = master
        self._codec = codec
        self._lock = threading.Lock()
        self._runs: dict[tuple[int, int], list[Incoming]] = {}
        self._sorts: dict[Sort, Sort] = {}

    def run(self, first: int, limit: int, max_bytes: int) -> list[Incoming]:
        """Up to ``limit`` entries from number ``first``, fewer once they exceed ``max_bytes``."""
        end = min(first + limit, self.master.size)
        with self._lock:
            found = self._runs.get((first, end))
            if found is None:
                found = self._read(first, end - first, max_bytes)
                while len(self._runs) >= KEPT_RUNS:
                    self._runs.pop(next(iter(self._runs)))
                self._runs[first, end] = found
            return found

    def one(self, seq: int) -> Opened:
        """One entry's record."""
        raw = self.master.entry(seq)
        return opened(self._codec.decode(raw), raw)

    def _read(self, first: int, limit: int, max_bytes: int) -> list[Incoming]:
        if len(self._sorts) >= MAX_SORTS:
            self._sorts = {}
        taken: list[Incoming] = []
        for pack in self.master.read(first, limit) if limit > 0 else ():
            for number, raw in enumerate(pack.entries, pack.first):
                it = opened(self._codec.decode(raw), raw, self._sorts)
                taken.append(Incoming(number, pack.logged_at, it))
                max_bytes -= len(raw)
                if max_bytes <= 0:
                    return taken
        return taken
