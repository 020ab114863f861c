"""What every request passes before the framework: Host, security headers, timing, and the way it takes.

The Host header must name an address this node is reached at, so a page elsewhere cannot point a name of its
own at the node and read it (DNS rebinding).  Every answer carries the security headers; the policy for
scripts and styles is the node's own origin and nothing inline.
"""

import time
from collections.abc import Awaitable, Callable, Container, MutableMapping
from typing import Any

from ...kernel.errors import Refused
from .metrics import Metrics
from .once import TERMS, terms_of
from .problems import HOST, NO_PATH, PROBLEM_JSON, as_refused, body_of
from .schema import HIDDEN

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",  # the map decodes local raster tiles out of blobs
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
_FRAMEWORK_PATHS = ("/api", "/metrics")


class Front:
    """The outermost ASGI application."""

    def __init__(self, api: App, static: App, hosts: Container[bytes], metrics: Metrics) -> None:
        self._api, self._static, self._hosts, self._metrics = api, static, hosts, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._api(scope, receive, send)
            return
        started, sent = time.perf_counter(), [0]
        path: str = scope["path"]
        is_api = path.startswith(_FRAMEWORK_PATHS)

        async def guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                sent[0] = message["status"]
                message["headers"] = _headers(message.get("headers", ()), is_api)
                self._metrics.answered(sent[0], time.perf_counter() - started)
            await send(message)

        try:
            if path.startswith(HIDDEN) and path[len(HIDDEN) :] != ".json":
                await answer(NO_PATH, guarded)
            elif not self._known_host(scope):
                await answer(HOST, guarded)
            elif isinstance(terms := terms_of(scope["headers"]), Refused):
                await answer(terms, guarded)
            else:
                TERMS.set(terms)
                await (self._api if is_api else self._static)(scope, receive, guarded)
        except Exception as err:
            if sent[0]:
                raise
            await answer(as_refused(err), guarded)

    def _known_host(self, scope: Scope) -> bool:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        return len(hosts) == 1 and hosts[0].lower() in self._hosts


async def answer(no: Refused, send: Send) -> None:
    """Send ``no`` as a whole response."""
    body = body_of(no)
    headers = [(b"content-type", PROBLEM_JSON.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": no.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _headers(given: Any, is_api: bool) -> list[tuple[bytes, bytes]]:
    headers = [*given, *SECURITY_HEADERS]
    if is_api and not any(name.lower() == b"cache-control" for name, _ in headers):
        headers.append((b"cache-control", b"no-store"))
    return headers
