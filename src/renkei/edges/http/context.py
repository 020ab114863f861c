"""What the handlers share: one node seen from its HTTP edge.

``HttpEdge`` is made by ``app.create_app`` and handed to every handler as ``edge``.  It knows who is
calling (``caller``), runs work that may block in a bounded set of threads, and turns refusals into what the framework
raises.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from litestar._parsers import parse_cookie_string

from ...kernel.accounts import Accounts
from ...kernel.audit import AuditTrail
from ...kernel.errors import Refused
from ...kernel.labels.model import Clearance, Label
from ...kernel.people import Permission, Person
from ...kernel.records import Record
from .appender import Appender
from .completions import Completions
from .hub import Hub
from .ingest import Ingest
from .metrics import Metrics
from .problems import BUSY, refuse

if TYPE_CHECKING:
    from ...node import Node

P = ParamSpec("P")
T = TypeVar("T")

COOKIE = "renkei_session"
READ_THREADS = 4
"""SQLite readers at once: more than the cores of a small node gain nothing."""
MAX_READS_WAITING = 256
"""Reads and actions waiting for a thread: about a second's worth; beyond it callers come back."""
HASH_THREADS = 2
"""Passwords hashed at once: each takes 64 MiB and a core for about 0.1 s."""
MAX_SIGN_INS_WAITING = 32
"""A watch changing over; more at once is an attack or a mistake."""


class Pool:
    """A bounded set of threads with a bounded queue."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._free = threads + waiting

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``work`` done in a thread.  Raises the refusal BUSY when too much waits."""
        if self._free <= 0:
            raise refuse(BUSY)
        self._free -= 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self.threads, lambda: work(*args, **kwargs))
        finally:
            self._free += 1

    def close(self) -> None:
        """Let running work finish."""
        self.threads.shutdown(wait=True, cancel_futures=True)


class HttpEdge:
    """One node as its HTTP handlers see it."""

    def __init__(self, node: "Node") -> None:
        self.node = node
        self.hq: str = node.config.hq
        self.realm: str = node.config.realm
        self.accounts: Accounts = node.accounts
        self.metrics = Metrics()
        self.trail = AuditTrail(node.audit, node.clock)
        self.hosts: set[bytes] = set()
        self.reads = Pool("http-read", READ_THREADS, MAX_READS_WAITING)
        self.hashers = Pool("http-hash", HASH_THREADS, MAX_SIGN_INS_WAITING)
        self.hub = Hub(self._allowed, self.metrics)
        self.started_at: datetime = node.clock.now()
        self.secure = False
        self.completions: Completions
        self.appender: Appender

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tie the edge to the loop it is served from."""
        self.completions = Completions(loop)
        ingest = Ingest(
            self.node.codec,
            self.hq,
            self.realm,
            self.node.policies.validate,
            permission_of,
        )
        self.appender = Appender(
            ingest=ingest,
            writer=self.node.writer,
            trail=self.trail,
            clock=self.node.clock,
            completions=self.completions,
            threads=self.reads.threads,
            unseen=self._unseen,
            person_of=self.accounts.token_person,
            metrics=self.metrics,
        )

    def serve_host(self, host: str, port: int) -> None:
        """Accept requests whose Host is ``host``; on loopback also its other names."""
        names = {host if ":" not in host else f"[{host}]"}
        if host in {"127.0.0.1", "::1", "localhost", "0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
            names |= {"127.0.0.1", "localhost", "[::1]"}
        self.hosts |= {f"{name}:{port}".encode() for name in names}
        if port in {80, 443}:
            self.hosts |= {name.encode() for name in names}

    def close(self) -> None:
        """Finish what runs, write the audit trail's last entries."""
        self.hub.close()
        self.reads.close()
        self.hashers.close()
        self.trail.close()

    def caller(self, scope: Any, *, touch: bool = True) -> tuple[Person | None, bool]:
        """Who is calling, and whether a cookie says so (True) or a token (False).

        Without ``touch`` the session's idle time runs on.
        """
        bearer = header(scope, b"authorization")
        if bearer:
            scheme, _, secret = bearer.partition(" ")
            return (self.accounts.token_person(secret.strip()) if scheme.lower() == "bearer" else None), False
        secret = parse_cookie_string(header(scope, b"cookie")).get(COOKIE, "")
        return (self.accounts.session_person(secret, touch=touch) if secret else None), True

    def permit(self, person: Person, permission: Permission) -> None:
        """Raises the refusal unless ``person`` holds ``permission``."""
        if (no := person.refuse(permission)) is not None:
            raise refuse(no)

    def _allowed(self, clearance: Clearance) -> Callable[[Label], bool]:
        gate = self.node.policies.gate(clearance)
        return lambda label: gate[label].allowed

    def _unseen(self, person: Person, ids: Sequence[str]) -> Sequence[str]:
        raise NotImplementedError


def unwrap(result: T | Refused) -> T:
    """``result``, or its refusal raised."""
    if isinstance(result, Refused):
        raise refuse(result)
    return result


def permission_of(kind: type[Record]) -> Permission | None:
    """What appending ``kind`` needs beside ``records.append``: the command structure has guardians."""
    return Permission.COMMAND_WRITE if ".rooms.command." in f"{kind.__module__}." else None


def header(scope: Any, name: bytes) -> str:
    """A request header's first value, "" if absent."""
    return next((v.decode("latin-1") for n, v in scope["headers"] if n == name), "")
