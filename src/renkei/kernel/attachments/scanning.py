"""The hook that looks at a content before anybody can have it: a command of the administrator's.

It gets the content on standard input, nothing on its command line, and no environment but PATH.  Status 0
lets the content pass.  Any other status, or no status in time, does not.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Iterable
from contextlib import suppress

import msgspec


class Verdict(msgspec.Struct, frozen=True):
    """Whether a content may pass, and why not."""

    passed: bool
    why: str = ""


class Scanner:
    """Runs the command for one content after another; safe from any thread.  Without a command all pass."""

    def __init__(self, command: tuple[str, ...], seconds: float) -> None:
        """``seconds`` is how long one content may take."""
        self.command, self._seconds = command, seconds

    def look(self, pieces: Iterable[bytes]) -> Verdict:
        """The command's verdict on a content."""
        if not self.command:
            return Verdict(True)
        try:
            child = subprocess.Popen(  # noqa: S603 - the administrator's own command, from node.toml
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", os.defpath)},
                start_new_session=True,  # so that what it starts ends with it
            )
        except OSError as error:
            return Verdict(False, f"the scanner did not start: {error.strerror}")
        late = threading.Event()

        def stop() -> None:
            late.set()
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)

        timer = threading.Timer(self._seconds, stop)
        timer.start()
        try:
            status = _feed(child, pieces)
        finally:
            timer.cancel()
        if late.is_set():
            return Verdict(False, f"the scanner took longer than {self._seconds:g} s")
        return Verdict(True) if status == 0 else Verdict(False, f"the scanner ended with status {status}")


def _feed(child: "subprocess.Popen[bytes]", pieces: Iterable[bytes]) -> int:
    """Give the child everything, or as much as it wants; its status."""
    assert child.stdin is not None
    with suppress(BrokenPipeError):  # it has seen enough
        for piece in pieces:
            child.stdin.write(piece)
    with suppress(BrokenPipeError):
        child.stdin.close()
    return child.wait()
