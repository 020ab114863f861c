"""Reading connections: a bounded pool over one file, and the moment at which the file is exchanged.

A connection serves one query at a time, whoever asks.  ``exchange`` waits until all of them are back,
closes them, and lets the caller put another file in place: no query ever sees half of either.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from ..errors import OurFault
from .schema import open_reader

MAX_READERS = 8
"""Queries running at once.  They are short and a node has few cores; more would only add memory."""


class Readers:
    """A pool of read-only connections."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._free: list[apsw.Connection] = []
        self._made = 0
        self._closed = False
        self._exchanging = False
        self._changed = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[apsw.Connection]:
        """A connection for the length of one read; waits for one if all are taken."""
        db = self._take()
        try:
            yield db
        finally:
            with self._changed:
                self._free.append(db)
                self._changed.notify_all()

    def _take(self) -> apsw.Connection:
        with self._changed:
            while not self._closed and (self._exchanging or self._all_taken()):
                self._changed.wait()
            if self._closed:
                raise OurFault("views.closed", "open views", "a read after they were closed")
            if self._free:
                return self._free.pop()
            db = open_reader(self._path)
            self._made += 1
            return db

    def _all_taken(self) -> bool:
        return not self._free and self._made >= MAX_READERS

    @contextmanager
    def exchange(self) -> Iterator[None]:
        """Nobody reads inside this block, and the file has no reading connection."""
        with self._changed:
            self._exchanging = True  # or new reads would keep it waiting for ever
            self._changed.wait_for(lambda: len(self._free) == self._made)
            for db in self._free:
                db.close()
            self._free, self._made = [], 0
            try:
                yield
            finally:
                self._exchanging = False
                self._changed.notify_all()

    def close(self) -> None:
        """Close all connections once they are back; later reads raise OurFault."""
        with self.exchange():
            self._closed = True
