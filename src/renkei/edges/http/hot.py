"""The lean way in for ``POST /api/v1/records``.

Theory of operation.  ``HotProtocol`` is uvicorn's httptools protocol with one shortcut: a request that is
exactly ``POST /api/v1/records`` with a bearer token and a stated length never becomes an ASGI scope and a
task.  Its body is gathered, handed to ``Appender`` and answered when the writer says it is durable.  Anything
else about it (a cookie, a query, chunks, ``Expect``, a request behind another one still unanswered) takes the
ordinary way through the framework, which calls the same ``Appender``; so the shortcut changes the speed and
nothing else.

While a hot request is unanswered a ``HotCycle`` stands where uvicorn keeps the running request, so uvicorn's
own code queues whatever the client pipelines behind it, and its shutdown waits for it.
"""

import asyncio
from collections.abc import Container
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from ...kernel.errors import Refused
from ...kernel.people import Person
from .appender import Appender, Outcome
from .callers import Callers
from .ingest import MAX_BODY_BYTES
from .problems import PROBLEM_JSON, body_of

PATH = b"/api/v1/records"
NDJSON = b"application/x-ndjson"
JSON = b"application/json"
_NOT_HOT = frozenset({b"upgrade", b"transfer-encoding", b"content-encoding"})
_MEDIA = frozenset({JSON, NDJSON})
_COMMON = b"cache-control: no-store\r\nx-content-type-options: nosniff\r\ncontent-type: "


class HotCycle:
    """Stands for a hot request where uvicorn keeps a request-response cycle."""

    __slots__ = ("body", "disconnected", "keep_alive", "message_event", "more_body", "response_complete")

    def __init__(self, keep_alive: bool) -> None:
        self.body = bytearray()
        self.disconnected = False
        self.keep_alive = keep_alive
        self.message_event = _NoEvent
        self.more_body = True
        self.response_complete = False


class _NoEvent:
    """Nobody waits for a hot request's body."""

    @staticmethod
    def set() -> None:
        """uvicorn sets this when the connection goes."""


class HotProtocol(HttpToolsProtocol):
    """uvicorn's protocol with the shortcut.  ``appender`` is set on a subclass made for one node."""

    appender: Appender
    callers: Callers
    hosts: Container[bytes | None]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._hot: HotCycle | None = None
        self._person: Person | None = None
        self._ndjson = False

    def on_message_begin(self) -> None:
        """Only what both ways need; the ASGI scope is made when the ordinary way is taken."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        """Take the shortcut or leave it."""
        if self.url == PATH and self._is_hot():
            self._hot = HotCycle(self.parser.should_keep_alive())
            self.cycle = self._hot  # type: ignore[assignment]
            return
        self._hot = None
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        super().on_headers_complete()

    def _is_hot(self) -> bool:
        if self.expect_100_continue or not (self.cycle is None or self.cycle.response_complete):
            return False
        headers = dict(self.headers)
        media = headers.get(b"content-type")
        length = headers.get(b"content-length", b"")
        if (
            self.parser.get_method() != b"POST"
            or len(headers) != len(self.headers)  # something twice: let the framework judge
            or not (length.isdigit() and int(length) <= MAX_BODY_BYTES)
            or media not in _MEDIA
            or headers.get(b"host") not in self.hosts
            or not headers.keys().isdisjoint(_NOT_HOT)
        ):
            return False
        self._ndjson = media == NDJSON
        # A caller who is not known takes the ordinary way, so no stranger's body is gathered here.
        self._person = self.callers.by_header(headers.get(b"authorization", b""))
        return self._person is not None

    def on_body(self, body: bytes) -> None:
        """Gather a hot request's body."""
        if self._hot is None:
            super().on_body(body)
        else:
            self._hot.body += body

    def on_message_complete(self) -> None:
        """Hand a hot request over."""
        hot = self._hot
        if hot is None:
            super().on_message_complete()
            return
        self._hot = None
        hot.more_body = False
        body, hot.body = bytes(hot.body), bytearray()
        assert self._person is not None
        self.appender.append(self._person, body, self._ndjson, lambda outcome: self._answer(hot, outcome))

    def _answer(self, hot: HotCycle, outcome: Outcome) -> None:
        hot.response_complete = True
        if hot.disconnected or self.transport.is_closing():
            return
        status, media, body = _response(outcome)
        head = b"%s%s%s\r\ncontent-length: %d\r\n" % (STATUS_LINE[status], _COMMON, media, len(body))
        close = b"" if hot.keep_alive else b"connection: close\r\n"
        self.transport.write(b"%s%s\r\n%s" % (head, close, body))
        if not hot.keep_alive:
            self.transport.close()
        self.on_response_complete()


def _response(outcome: Outcome) -> tuple[int, bytes, bytes]:
    if isinstance(outcome, Refused):
        return outcome.status, PROBLEM_JSON.encode(), body_of(outcome)
    return 201, JSON, outcome
