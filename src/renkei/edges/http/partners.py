"""Partners of the node, for its administrators: agreed on, changed, ended."""

from typing import Annotated, Any

from litestar import delete, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from ...kernel.people import Permission, Person
from ...node.agreeing import EndIn, PartnerChange, PartnerIn
from .context import Caller, Edge, HttpEdge
from .nodes import PartnerOut, line_of, partner_out
from .schema import problems

MAX_AGREED_BYTES = 5 * 1024 * 1024
"""A card, a notice and a policy file, each at its own limit, written as JSON strings."""
_MANAGE: dict[str, Any] = {"opt": {"permission": Permission.PARTNER_MANAGE}, "tags": ["node"]}


@post(
    "/partners",
    summary="Agree on a partner",
    request_max_body_size=MAX_AGREED_BYTES,
    responses=problems(409, 413, 415, 422, 503),
    **_MANAGE,
)
async def add_partner(edge: Edge, person: Caller, data: JSONBody[PartnerIn]) -> PartnerOut:
    """By its card, with the fingerprint as two people compared it; linked at once."""
    entry = await edge.actions.run(edge.agreeing.add, person, data)
    return await edge.reads.run(_shown, edge, person, entry.hq)


@patch(
    "/partners/{hq:str}",
    summary="Change a partner",
    request_max_body_size=MAX_AGREED_BYTES,
    responses=problems(409, 413, 415, 422, 503),
    **_MANAGE,
)
async def change_partner(
    edge: Edge, person: Caller, hq: FromPath[str], data: JSONBody[PartnerChange]
) -> PartnerOut:
    """Its address and channel, its card or a notice that a key is revoked, or what was promised to it."""
    await edge.actions.run(edge.agreeing.change, person, hq, data)
    return await edge.reads.run(_shown, edge, person, hq)


@delete(
    "/partners/{hq:str}",
    status_code=200,
    summary="End the agreement with a partner",
    responses=problems(409, 503),
    **_MANAGE,
)
async def end_partner(
    edge: Edge,
    person: Caller,
    hq: FromPath[str],
    reason: Annotated[str, QueryParameter(min_length=1, max_length=200)],
) -> PartnerOut:
    """The link closes, nothing more is released; what passed, or is to be forgotten, stays on record."""
    await edge.actions.run(edge.agreeing.end, person, hq, EndIn(reason))
    return await edge.reads.run(_shown, edge, person, hq)


def _shown(edge: HttpEdge, person: Person, hq: str) -> PartnerOut:
    return partner_out(edge, person, line_of(edge, hq))


HANDLERS = (add_partner, change_partner, end_partner)
