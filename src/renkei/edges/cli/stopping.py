"""Being told to stop, and stopping: in order, once, and within a bound.

A signal may arrive at any instruction.  Python's own answer to SIGINT, an exception raised right there, can
leave a lock held that nobody ever lets go again (``subprocess`` has one around every child), so signals are
only noted here, and looked at where it is safe to stop.  Told twice is told once.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from types import FrameType, TracebackType
from typing import Any

STOP_SECONDS = 12.0
"""How long a node may take to stop: requests in hand have five seconds, the rest takes parts of one.  What
was acknowledged is on disk before, so a process that is then ended loses nothing."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)
Part = tuple[str, Callable[[], Awaitable[Any]]]


class Told:
    """Notes signals from ``with`` on; main thread only.  ``now`` says whether one has come."""

    def __init__(self, *numbers: signal.Signals) -> None:
        self.now = False
        self._numbers = numbers or SIGNALS
        self._before: dict[signal.Signals, Any] = {}
        self._wake: Callable[[], object] | None = None

    def __enter__(self) -> "Told":
        self._before = {number: signal.signal(number, self._hear) for number in self._numbers}
        return self

    def __exit__(self, kind: type[BaseException] | None, err: object, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            # Told once, the process is on its way out: what comes now changes nothing.
            signal.signal(number, signal.SIG_IGN if self.now else handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.now = True
        if self._wake is not None:
            self._wake()

    def check(self) -> None:
        """Raise KeyboardInterrupt if a signal has come: for the places at which work can be left."""
        if self.now:
            raise KeyboardInterrupt

    async def wait(self) -> None:
        """Wait for a signal, in the event loop of the main thread."""
        loop, come = asyncio.get_running_loop(), asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(come.set)
        try:
            if not self.now:
                await come.wait()
        finally:
            self._wake = None


async def stop_in_order(parts: Sequence[Part], log: Any, seconds: float = STOP_SECONDS) -> bool:
    """Stop each part, whatever becomes of those before it; whether all of them stopped without a fault.

    After ``seconds`` the process says which part it was waiting for and ends, with status 1.
    """
    at = [""]

    def give_up() -> None:
        waiting = [t.name for t in threading.enumerate() if not t.daemon and t is not threading.main_thread()]
        log.error("stop took too long", part=at[0], seconds=seconds, threads=waiting)
        sys.stderr.flush()
        os._exit(1)

    bound = threading.Timer(seconds, give_up)
    bound.daemon = True
    bound.start()
    whole = True
    try:
        for at[0], stop in parts:
            try:
                await stop()
            except Exception as err:
                whole = False
                log.error("stop failed", part=at[0], error=type(err).__name__, exc_info=True)
    finally:
        bound.cancel()
    return whole
