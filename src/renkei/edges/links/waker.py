"""Waking a thread that waits in ``poll`` from any other thread."""

import contextlib
import os
from threading import Lock


class Waker:
    """A pipe to oneself.  ``fd`` becomes readable on ``set`` and stays so until ``clear``."""

    def __init__(self) -> None:
        self.fd, self._write = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._write, False)
        self._closed = False
        self._lock = Lock()

    def set(self) -> None:
        """Wake.  Any number of calls before ``clear`` are one; after ``close`` it does nothing."""
        with self._lock, contextlib.suppress(BlockingIOError):
            if not self._closed:
                os.write(self._write, b"!")

    def clear(self) -> None:
        """Forget all calls so far."""
        with contextlib.suppress(BlockingIOError):
            while len(os.read(self.fd, 4096)) == 4096:
                pass

    def close(self) -> None:
        """Give the pipe back."""
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self.fd)
                os.close(self._write)
