"""Asking about a moment past: ``asOf`` and ``knownTo`` on everything that is read at a desk.

The handlers know nothing of it: they are handed an edge whose desks are those of the moment.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import HttpMethod, Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from ...kernel.clock import moment_of
from ...kernel.errors import BadInput, Refused
from .context import HttpEdge
from .problems import refuse

ROOMS = frozenset({"records", "picture", "command", "coordination"})
"""Tags of the handlers that only read at a desk; others tell of the node as it is now."""
NOW_ONLY = {"now_only": True}
"""A handler's ``opt`` where the tag is a room's but the answer is about the present."""
WRONG_PLACE = Refused(
    code="past.path", expected="asOf where records of the rooms are read", came="another path", status=400
)

AsOf = Annotated[
    str | None,
    QueryParameter(
        name="asOf", max_length=40, description="What this node knew at that DTG or instant (RFC 3339)"
    ),
]
KnownTo = Annotated[
    str | None,
    QueryParameter(
        name="knownTo", max_length=66, description="Instead: what that partner had confirmed by then"
    ),
]


def reads_a_room(handler: object) -> bool:
    """Whether ``handler`` only reads at a desk, and so can tell of a moment past."""
    if not isinstance(handler, HTTPRouteHandler) or handler.http_methods != {HttpMethod.GET}:
        return False
    return bool(ROOMS & set(handler.tags or ())) and not handler.opt.get("now_only")


def edge_now(request: Request[Any, Any, Any]) -> HttpEdge:
    """The edge of a handler that tells of the present alone; asked about the past it says so."""
    if request.query_params.keys() & {"asOf", "knownTo"}:
        raise refuse(WRONG_PLACE)
    edge: HttpEdge = request.app.state.edge
    return edge


def edge_of(request: Request[Any, Any, Any], as_of: AsOf = None, known_to: KnownTo = None) -> HttpEdge:
    """The edge for this request: of the present, or of the moment it asks about."""
    edge: HttpEdge = request.app.state.edge
    if as_of is None and known_to is None:
        return edge
    return edge.as_of(_moment(as_of, edge), known_to or "")


def _moment(text: str | None, edge: HttpEdge) -> datetime:
    if text is None:
        return edge.node.clock.now()
    moment = moment_of(text)
    if moment is None:
        expected = "a DTG such as 221451ZNOV26, or an instant such as 2026-11-22T14:51:00Z"
        raise BadInput("past.moment", expected, "something else")
    return moment.astimezone(UTC)
