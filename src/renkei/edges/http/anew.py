"""Deciding anew: what stayed with us and may go to a partner now, and an officer's word on it."""

from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from ...kernel.desk import Desk
from ...kernel.partners.records import MAX_ANEW
from ...kernel.people import Permission
from ...kernel.views import Row
from ...node.lines import PartnerLine
from ...rooms import release as room
from .answers import RecordView, Shower
from .context import Caller, Edge
from .problems import refuse
from .release import NO_PARTNER
from .schema import problems

_REVIEW = {"permission": Permission.RELEASE_REVIEW}
Before = Annotated[int | None, QueryParameter(ge=0, description="The page before's next")]


class AnewOut(msgspec.Struct, frozen=True):
    """A record that stayed; ``held`` where the policy will have it reviewed first."""

    record: RecordView
    outcome: Literal["released", "held"]


class AnewPage(msgspec.Struct, frozen=True):
    """Newest first; ``next`` is where the next page goes on, null after the last.  A page may be empty."""

    items: list[AnewOut]
    next: int | None


@get(
    "/release/anew/{partner:str}",
    opt=_REVIEW,
    tags=["release"],
    summary="What stayed and may go now",
    responses=problems(),
)
async def get_anew(edge: Edge, person: Caller, partner: FromPath[str], before: Before = None) -> AnewPage:
    """Our newest versions that the partner has nothing of, no officer was asked about, and may go now."""
    line = edge.node.partners.get(partner)
    if line is None or not line.in_force:
        raise refuse(NO_PARTNER)

    def read(desk: Desk) -> AnewPage:
        page = desk.views.newest(None, desk.hq, MAX_ANEW, before)
        shower = Shower(edge.node, desk.views, desk.clock.now())
        found = [(row, outcome) for row in page.rows if (outcome := _may_go(desk, line, row)) is not None]
        return AnewPage([AnewOut(shower.row(row), outcome) for row, outcome in found], page.next)

    return await edge.at_desk(person, read)


def _may_go(desk: Desk, line: PartnerLine, row: Row) -> Literal["released", "held"] | None:
    if line.held(row.id) is not None or row.id in line.releaser.register.items or not desk.views.whole(row):
        return None
    if row.seq >= line.releaser.position:
        return None  # the releaser has not come to it yet
    outcome = line.releaser.explain(row.raw).outcome
    return None if outcome == "withheld" else outcome


@post(
    "/release/anew", opt=_REVIEW, tags=["release"], summary="Decide anew", responses=problems(404, 409, 422)
)
async def post_anew(edge: Edge, person: Caller, data: JSONBody[room.AnewIn]) -> room.Reconsideration:
    """Have the releaser decide on these versions as on new ones, after all that the log holds by now.

    Whatever the policy reviews waits for its review first.  What leaves bears the time of its release.
    """
    line = edge.node.partners.get(data.partner)
    if line is None or not line.in_force:
        raise refuse(NO_PARTNER)
    return await edge.act_for(person, room.Reconsideration, room.reconsider, data)


HANDLERS = (get_anew, post_anew)
