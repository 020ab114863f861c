"""The application: handlers gathered, callers identified, errors turned into problems.

``create_app(node)`` gives an ASGI application.  Who is calling is settled once, in ``identify``, before any
handler: a handler is open to strangers only if it says so (``opt={"open": True}``), needs the permission it
names (``opt={"permission": ...}``) or else ``read``.
"""

import asyncio
import logging
from copy import copy
from typing import TYPE_CHECKING, Any, Self, cast

from litestar import Litestar, Request, Response, Router
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from ...kernel.people import Permission, Person
from . import (
    accounts,
    anew,
    attachments,
    bindings,
    command,
    coordination,
    couriers,
    effects,
    labels,
    nodes,
    partners,
    past,
    paths,
    picture,
    plans,
    policies,
    recalls,
    records,
    release,
    returned,
    session,
    signing,
    stream,
)
from .context import Edge, HttpEdge, ReadsFile, header
from .front import App, Front, Receive, Scope, Send
from .problems import BUSY, CSRF, MEDIA, SIGN_IN, as_refused, extra_headers, refuse, respond
from .schema import RawRecordSchema, get_openapi, openapi
from .static import Static

if TYPE_CHECKING:
    from ...node import Node

PREFIX = "/api/v1"
MAX_REQUEST_BYTES = 1024 * 1024
"""A form's body; records in bulk have a limit of their own."""
HANDLERS = (
    *session.HANDLERS,
    *accounts.HANDLERS,
    *(h for h in nodes.HANDLERS if h is not nodes.get_metrics),
    *partners.HANDLERS,
    *couriers.HANDLERS,
    *labels.HANDLERS,
    *policies.HANDLERS,
    *effects.HANDLERS,
    *bindings.HANDLERS,
    *records.HANDLERS,
    *recalls.HANDLERS,
    *release.HANDLERS,
    *returned.HANDLERS,
    *anew.HANDLERS,
    *coordination.HANDLERS,
    *attachments.HANDLERS,
    *picture.HANDLERS,
    *command.HANDLERS,
    *signing.HANDLERS,
    *plans.HANDLERS,
    *paths.HANDLERS,
    stream.stream,
    get_openapi,
)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_log = logging.getLogger("renkei.http")


class Application:
    """The ASGI application of one node, and the edge behind it."""

    def __init__(self, node: "Node", reads_file: ReadsFile | None = None) -> None:
        self.edge = HttpEdge(node, reads_file)
        self._front = Front(cast(App, framework(self.edge)), Static(), self.edge.hosts, self.edge.metrics)
        self._started = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tie it to the loop it is served from; the first request does so if nobody has."""
        if not self._started:
            self._started = True
            self.edge.start(loop)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        self.start(asyncio.get_running_loop())
        await self._front(scope, receive, send)


def create_app(node: "Node", reads_file: ReadsFile | None = None) -> Application:
    """``node`` as an ASGI application; ``reads_file`` reads orders of battle, as another edge does."""
    return Application(node, reads_file)


async def identify(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Who is calling, and whether they may use this handler at all.

    A coroutine, because the framework sends any other guard to a thread and back.  Only a cookie goes there:
    that its session is in use is written down now and then, which waits for the disk.
    """
    edge: HttpEdge = connection.app.state.edge
    if header(connection.scope, b"cookie") and not header(connection.scope, b"authorization"):
        person, by_cookie = await asyncio.to_thread(edge.caller, connection.scope)
    else:
        person, by_cookie = edge.caller(connection.scope)
    connection.scope["user"] = person
    if not handler.opt.get("open"):
        if person is None:
            raise refuse(SIGN_IN)
        if (no := person.refuse(handler.opt.get("permission", Permission.READ))) is not None:
            raise refuse(no)
    if connection.scope.get("method") not in _SAFE:
        if by_cookie and not handler.opt.get("open") and header(connection.scope, b"x-renkei") != "1":
            raise refuse(CSRF)
        if (
            handler.opt.get("media") is None
            and _has_body(connection.scope)
            and not _is_json(connection.scope)
        ):
            raise refuse(MEDIA)
        edge.trail.check()


def _has_body(scope: Any) -> bool:
    return header(scope, b"content-length") not in {"", "0"} or bool(header(scope, b"transfer-encoding"))


def _is_json(scope: Any) -> bool:
    return header(scope, b"content-type").partition(";")[0].strip().lower() == "application/json"


def framework(edge: HttpEdge) -> Litestar:
    """The framework's application: handlers, identification, errors, and the OpenAPI of it all."""
    app = Litestar(
        route_handlers=_routers(),
        dependencies={
            "edge": Provide(past.edge_now, sync_to_thread=False),
            "person": Provide(_person, sync_to_thread=False),
        },
        exception_handlers={Exception: on_error},
        openapi_config=openapi(),
        plugins=[RawRecordSchema()],
        request_max_body_size=MAX_REQUEST_BYTES,
        logging_config=None,
        debug=False,
    )
    app.state.edge = edge
    return app


class OwnRouter(Router):
    """A router of one application: it registers this one and not, as it does with others, a deep copy."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


def _routers() -> list[Router]:
    """The API, and the figures beside it.

    Not one router in another: the framework copies all of a router's handlers for each level.
    """
    return [
        OwnRouter(PREFIX, route_handlers=[_with_its_edge(h) for h in HANDLERS], guards=[identify]),
        OwnRouter("/", route_handlers=[nodes.get_metrics], guards=[identify]),
    ]


def _with_its_edge(handler: HTTPRouteHandler) -> HTTPRouteHandler:
    """The handler; one that reads a room can be asked about a moment past."""
    if not past.reads_a_room(handler):
        return handler
    asked = copy(handler)
    asked.dependencies = {**(handler.dependencies or {}), "edge": Provide(past.edge_of, sync_to_thread=False)}
    return asked


def on_error(request: Request[Any, Any, Any], err: Exception) -> Response[bytes]:
    """Answer with a problem, and note what was refused to whom."""
    no = as_refused(err)
    handler = request.scope.get("route_handler")
    if no.status >= 500 and no.code != BUSY.code:
        _log.error("%s %s failed", request.method, request.scope["path"], exc_info=err)
    elif isinstance(handler, HTTPRouteHandler) and not getattr(err, "noted", False):
        edge: HttpEdge = request.app.state.edge
        about = "/".join(str(value) for value in request.scope.get("path_params", {}).values())
        edge.trail.refused(request.scope.get("user"), f"{request.method} {handler_path(handler)}", about, no)
    return respond(no, extra_headers(err, no))


def handler_path(handler: HTTPRouteHandler) -> str:
    """The path a handler was registered under, without what a request put into it."""
    return min(handler.paths, default="")


def _person(request: Request[Any, Any, Any], edge: Edge) -> Person | None:
    # After the edge: what the framework may look up at once, it makes a task each for.
    return request.scope["user"]  # type: ignore[no-any-return]
