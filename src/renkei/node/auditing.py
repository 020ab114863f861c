"""The internal audit of releases beside a running node, in a process of its own.

It reads the logs as they stand and runs the releaser again (``kernel/partners/auditing``): seconds of a core
for a large log, which the node's own process has better uses for.  What the last one came to is kept for as
long as the node runs; one asked for while another runs waits for that one's answer.
"""

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from ..kernel.clock import Clock, SystemClock
from ..kernel.errors import OurFault
from ..kernel.partners.auditing import Audited, audit
from ..kernel.partners.chain import Terms
from ..kernel.records import Codec
from ..rooms import KINDS
from .config import Folder, load_policies
from .folding import FoldedLogs, Orders


class AuditTask(msgspec.Struct, frozen=True):
    """What the child is to audit: the node's logs, met in this realm."""

    orders: Orders
    realm: str


class AuditRun(msgspec.Struct, frozen=True, kw_only=True):
    """An audit: when it began and ended, and what it came to for each partner."""

    began: datetime
    ended: datetime
    partners: tuple[Audited, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing was released against policy and nothing releasable forgotten."""
        return all(one.sound for one in self.partners)


class ReleaseAudits:
    """The node's audits of releases.  Any thread may ask."""

    def __init__(self, task: Callable[[], AuditTask], clock: Clock) -> None:
        self._task, self._clock = task, clock
        self._lock = threading.Lock()
        self.last: AuditRun | None = None

    def run(self) -> AuditRun:
        """Audit all partners' logs now, or wait for the one that runs.  Raises OurFault if it fails."""
        before = self.last
        with self._lock:
            if self.last is not None and self.last is not before:
                return self.last
            began = self._clock.now()
            found = audit_in_child(self._task())
            self.last = AuditRun(began=began, ended=self._clock.now(), partners=found)
            return self.last


def audit_in_child(task: AuditTask) -> tuple[Audited, ...]:
    """What a child process finds.  Raises OurFault if it fails."""
    done = subprocess.run(  # noqa: S603 - this very interpreter and module
        [sys.executable, "-m", __package__, "audit"],
        input=msgspec.json.encode(task),
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise OurFault("audit.failed", "an audit of releases", f"one that ended with {done.returncode}")
    return msgspec.json.decode(done.stdout, type=tuple[Audited, ...])


def main() -> int:
    """In the child: audit what standard input asks for, the findings to standard output; the exit status."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=AuditTask)
    folder, orders = Folder(Path(task.orders.data)), task.orders
    logs, book, codec = FoldedLogs(folder, orders), load_policies(folder), Codec(KINDS)
    found = tuple(
        audit(
            logs.master,
            sent,
            Terms(hq=hq, realm=task.realm),
            book,
            codec,
            orders.alias_keys[hq],
            hq=orders.hq,
            clock=SystemClock(),
        )
        for hq, sent in logs.sent.items()
    )
    sys.stdout.buffer.write(msgspec.json.encode(found))
    return 0
