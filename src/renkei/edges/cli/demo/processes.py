"""The demo's nodes as processes of their own: started, watched, stopped.

Each node is ``renkei serve`` under this very interpreter, in a session of its own so that Ctrl-C reaches the
demo alone, which then stops the nodes in order.  What a node says goes to a file beside its data; if it
dies, its last lines are told.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec

from ....kernel.errors import OurFault, Unreachable

STARTS_WITHIN = 20.0
"""Seconds until a node answers: under one on an idle machine, ten when tests run beside it."""
STOPS_WITHIN = 15.0
"""Seconds a node has to stop before it is killed: its own grace for requests is five."""
LOOK_EVERY = 0.05
CLEAN = (0, -signal.SIGTERM)
"""How a node ends that was told to: by itself, or, before it listens for signals and has opened anything, at
once."""
LAST_LINES = 12
"""Lines of a dead node's log that are told."""


class Child:
    """One serving node."""

    def __init__(self, hq: str, data: Path, url: str) -> None:
        self.hq, self.url = hq, url
        self.log = data.with_name(f"{hq}.log")
        command = [sys.executable, "-m", "renkei.edges.cli", "serve", "--data", str(data)]
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raise OurFault, with its last words, if the node has died."""
        status = self._process.poll()
        if status is not None:
            came = f"exit status {status}; {self.log} ends:\n{self.last_words()}"
            raise OurFault("demo.died", f"the node of {self.hq} to go on", came)

    def last_words(self) -> str:
        """The end of its log."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return "\n".join(lines[-LAST_LINES:]) or "(nothing)"

    def wait_until_well(self, look: Callable[[], None] = lambda: None) -> None:
        """Wait until the node says it is well.  Raises OurFault if it dies, Unreachable if it is late.

        ``look`` is called again and again meanwhile, and may raise.
        """
        deadline = time.monotonic() + STARTS_WITHIN
        while (health := health_at(self.url)) is None or not health["ok"]:
            self.check()
            look()
            if time.monotonic() > deadline:
                came = "no answer" if health is None else "; ".join(health["failures"])
                expected = f"{self.hq} to be well at {self.url} within {STARTS_WITHIN:.0f} s"
                raise Unreachable("demo.start", expected, f"{came}; {self.log} ends:\n{self.last_words()}")
            time.sleep(LOOK_EVERY)

    def tell_to_stop(self) -> None:
        """Ask it to stop, if it runs."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def wait_stopped(self) -> int:
        """Wait until it has stopped; its exit status.  One that does not stop is killed."""
        try:
            return self._process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _environment() -> dict[str, str]:
    """Ours, with the place this very code was imported from in front, installed or not."""
    here = str(Path(__file__).parents[4])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))}


def stop_all(children: Sequence[Child]) -> None:
    """Stop every node.  Raises OurFault if one did not stop cleanly."""
    for child in children:
        child.tell_to_stop()
    stopped = {child.hq: child.wait_stopped() for child in children}
    for hq, status in stopped.items():
        if status not in CLEAN:
            raise OurFault("demo.stop", f"the node of {hq} to stop cleanly", f"exit status {status}")


def health_at(url: str) -> dict[str, Any] | None:
    """What a node at ``url`` says of its health, or None if there is none."""
    try:
        answer = httpx.get(f"{url}/api/v1/health", timeout=2, trust_env=False)
        found = msgspec.json.decode(answer.content)
    except (httpx.HTTPError, msgspec.DecodeError):
        return None
    return found if isinstance(found, dict) and "ok" in found else None


def check_free(host: str, port: int) -> None:
    """Raise Unreachable unless ``port`` can be had."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            ours = health_at(f"http://{host}:{port}") is not None
            came = (
                "an earlier demo that still runs there (stop it first)" if ours else "another program there"
            )
            expected = f"port {port} of {host} to be free (--port-base chooses others)"
            raise Unreachable("demo.port", expected, came) from None
