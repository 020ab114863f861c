"""Carries results from a writer thread to the event loop, many at a time.

``call_soon_threadsafe`` wakes the loop through a pipe; doing that for each of 256 requests committed
together costs more than the commit.  Results gather in a deque here, and only the first of a burst wakes
the loop.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any


class Completions:
    """Calls back in the loop's thread.  ``put`` may be called from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._woken = False

    def put(self, call: Callable[[Any], None], result: Any) -> None:
        """Have ``call(result)`` run in the loop soon, in the order of the puts."""
        self._waiting.append((call, result))
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        # Cleared before taking: a put that comes in between wakes the loop once more, never too rarely.
        self._woken = False
        waiting = self._waiting
        while waiting:
            call, result = waiting.popleft()
            call(result)
