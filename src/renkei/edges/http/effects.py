"""What an adopted policy changed: worked out anew from the file before and the file adopted, whenever asked.

Nothing of it happened by itself: what a partner may have now and did not get is listed for an officer to have
it decided anew (``anew``, ADR 0020), what it holds and may not have any more for whoever would recall it.
"""

from typing import Literal

import msgspec
from litestar import get
from litestar.params import FromPath

from ...kernel.desk import Desk
from ...kernel.errors import Refused
from ...kernel.labels.adoption import PolicyChange
from ...kernel.labels.change import Shift, compare
from ...kernel.labels.policy import Policy, PolicyBook
from ...kernel.people import Permission
from ...kernel.records import is_record_id
from ...kernel.seen import look
from ...kernel.views.census import COUNTS, MAX_EXAMPLES, counted
from ...node.policies import once_in_force
from .context import Caller, Edge, HttpEdge, key_path
from .policies import ShiftOut, holders, shift_out
from .problems import NOT_FOUND, refuse
from .schema import problems

NEWEST = "SELECT r.id FROM records r WHERE r.shelf = ? AND {visible:r} ORDER BY r.arrival DESC LIMIT ?"
NOT_ADOPTED = Refused(
    code="policy.step", expected="a change that was adopted", came="one that was not", status=409
)


class HeldOut(msgspec.Struct, frozen=True):
    """A record, and how far the rendition that the partner has of it has come; null if it has none."""

    id: str
    state: Literal["unsent", "sent", "received"] | None


class EffectOut(msgspec.Struct, frozen=True):
    """What an audience gained or lost, and for a partner the newest of these records."""

    shift: ShiftOut
    records: list[HeldOut]


class EffectsOut(msgspec.Struct, frozen=True):
    """What an adoption changed, over the records that the caller may see."""

    effects: list[EffectOut]


@get(
    key_path("/policy/proposals", "/effects"),
    opt={"permission": Permission.POLICY_CHANGE},
    tags=["labels"],
    summary="What an adopted policy changed",
    responses=problems(409),
)
async def policy_effects(edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str]) -> EffectsOut:
    """For every partner and account, by label and kind, as the records stand now."""

    def read(desk: Desk) -> EffectsOut:
        name = f"{owner}/{key}"
        seen = look(desk.views, name, PolicyChange) if is_record_id(name) else None
        if seen is None:
            raise refuse(NOT_FOUND)
        if seen.record.step != "adopted":
            raise refuse(NOT_ADOPTED)
        return _effects(edge, desk, seen.record)

    return await edge.at_desk(person, read)


def _effects(edge: HttpEdge, desk: Desk, change: PolicyChange) -> EffectsOut:
    folder, others = edge.node.folder, desk.policies.policies[1:]
    before, after = (
        PolicyBook(Policy.load(once_in_force(folder, digest)), others)
        for digest in (change.replaces, change.digest)
    )
    rows = counted(desk.views.rows(f"{COUNTS} WHERE s.count > 0 AND {{visible:s}}"))
    kept = frozenset(kind for kind, made in edge.node.codec.kinds.items() if not made.releasable)
    found = compare(before, after, rows, holders(edge), edge.hq, kept)
    return EffectsOut([EffectOut(shift_out(s), _records(edge, desk, s)) for s in found.shifts])


def _records(edge: HttpEdge, desk: Desk, shift: Shift) -> list[HeldOut]:
    line = edge.node.partners.get(shift.audience) if shift.partner else None
    if line is None:
        return []
    ids = [str(record) for (record,) in desk.views.rows(NEWEST, (shift.shelf, MAX_EXAMPLES))]
    return [HeldOut(one, line.held(one)) for one in ids]


HANDLERS = (policy_effects,)
