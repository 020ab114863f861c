"""GET /stream: server-sent events (WHATWG HTML, section 9.2) from the hub."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from litestar import Request, get
from litestar.params import HeaderParameter
from litestar.response import Stream

from ...kernel.errors import Refused
from ...kernel.people import Permission, Person
from .context import Caller, Edge, HttpEdge
from .hub import Listener
from .problems import refuse
from .schema import problems

HEARTBEAT_SECONDS = 15.0
"""Well under the 60 s after which proxies drop a silent connection; also how soon a stream notices that
its reader signed out or was given another clearance."""
MANY = Refused(code="stream.many", expected="fewer open streams", came="one more", status=503)


@get(
    "/stream",
    media_type="text/event-stream",
    tags=["stream"],
    summary="Live changes you may see",
    responses=problems(503),
)
async def stream(
    edge: Edge,
    person: Caller,
    request: Request[Any, Any, Any],
    last_event_id: Annotated[str, HeaderParameter(name="Last-Event-ID", max_length=100)] = "",
) -> Stream:
    """Events ``record`` {id, kind, version, source}, ``gone`` {the same}: its owner took it back, or its
    label is another now and not for you, ``link`` {hq, state}, ``partner`` {hq, inForce}: what was agreed
    with it has changed, ``policy`` {}: another one is in force; and ``reset`` {}: fetch what you show anew.
    Administrators also get a record's ``seq``, and ``position`` {lag}.
    """
    inside = person.may(Permission.PARTNER_MANAGE)
    listener = edge.hub.listen(edge.realm, person.clearance, last_event_id, inside=inside)
    if listener is None:
        raise refuse(MANY)
    return Stream(
        _pieces(edge, request.scope, person, listener),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _pieces(edge: HttpEdge, scope: Any, person: Person, listener: Listener) -> AsyncIterator[bytes]:
    look_at = time.monotonic() + HEARTBEAT_SECONDS
    try:
        while not listener.closed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(look_at - time.monotonic()):
                    await listener.woken.wait()
            # However busy the stream is: whether its reader may still hear it is asked before each beat.
            if time.monotonic() >= look_at:
                if edge.caller(scope, touch=False)[0] != person:
                    return
                look_at = time.monotonic() + HEARTBEAT_SECONDS
                yield b": heartbeat\n\n"
            if piece := listener.take():
                yield piece
    finally:
        listener.close()
