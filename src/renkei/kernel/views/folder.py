"""The thread that keeps the views up with the logs.

It sleeps until ``notify`` (or a short while, in case a log grew without a word), folds until nothing
is left, and spends idle moments merging the search index.  While the writer is busy it holds back
between batches, so that acknowledging a write comes before showing it; never for long, and not at all
while somebody waits for the fold.

A failure in the fold stops the thread for good, with the state ``failed`` and the reason for all to see:
views that went on past an entry would differ from their rebuild.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from ..errors import RenkeiError
from ..log.until import Source
from .store import Lag, ViewStore

HEARTBEAT_SECONDS = 0.25
"""How long a log may grow unnoticed if nobody calls ``notify``."""

DEFER_STEP_SECONDS = 0.002
MAX_DEFER_SECONDS = 0.05
"""How long one batch waits for the writer: unseen by people, yet most of a busy writer's commits."""

SCRUB_PAUSE = 0.005
"""Between two steps of scrubbing, so that a reader who is in the way can end."""

ROUND = 8_192
"""Entries folded between two looks at whether to stop or to hold back."""

State = Literal["new", "idle", "folding", "failed", "stopped"]


class FolderStatus(msgspec.Struct, frozen=True):
    """How the folding goes: its state, entries folded since start, and what failed, if anything did."""

    state: State
    folded: int
    failure: str
    lags: tuple[Lag, ...]


class Folder:
    """Folds in a thread of its own."""

    def __init__(
        self,
        store: ViewStore,
        sources: Callable[[], Mapping[str, Source]],
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """``sources`` is asked anew each round, so that partners may come; ``busy`` is the writer's."""
        self._store = store
        self._sources = sources
        self._busy = busy
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._state: State = "new"
        self._folded = 0
        self._untidy = True
        self._thread = threading.Thread(target=self._run, name="renkei-fold", daemon=True)

    def start(self) -> None:
        """Begin folding."""
        self._thread.start()

    def notify(self) -> None:
        """Say that a log has grown.  Cheap; from any thread."""
        self._wake.set()

    def learn(self, source: str) -> None:
        """A log has been added to the sources, which are asked anew each round anyway."""
        self.notify()

    def stop(self) -> None:
        """End after the batch at hand, and wait for that."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def status(self) -> FolderStatus:
        """How the folding goes."""
        lags = tuple(self._store.lag(self._sources()))
        return FolderStatus(self._state, self._folded, self._store.failure, lags)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                if not self._round():
                    self._rest()
            self._state = "stopped"
        except BaseException as err:  # whatever it was, going on is not among the choices
            self._state = "failed"
            self._store.fail(str(err) if isinstance(err, RenkeiError) else type(err).__name__)
            raise

    def _round(self) -> int:
        self._wake.clear()
        self._defer()
        self._state = "folding"
        folded = self._store.fold(self._sources(), ROUND)
        self._folded += folded
        self._untidy = self._untidy or folded > 0
        self._store.scrub()
        return folded

    def _defer(self) -> None:
        until = time.monotonic() + MAX_DEFER_SECONDS
        while self._busy() and not self._store.awaited and time.monotonic() < until:
            if self._stop.wait(DEFER_STEP_SECONDS):
                return

    def _rest(self) -> None:
        self._state = "idle"
        while not self._wake.is_set() and self._store.scrub():
            self._stop.wait(SCRUB_PAUSE)
        while self._untidy and not self._wake.is_set():
            self._untidy = self._store.tidy()
        self._wake.wait(HEARTBEAT_SECONDS)
