"""Having records decided on anew that stayed before a policy or an agreement let them go (ADR 0020)."""

from hashlib import sha256
from typing import Annotated

import msgspec

from renkei.kernel.desk import Desk
from renkei.kernel.drafting import Words, one, own_whole, stamp, text_of
from renkei.kernel.errors import Refused
from renkei.kernel.ids import new_id
from renkei.kernel.labels.adoption import PolicyChange
from renkei.kernel.partners.records import MAX_ANEW, Agreement, Named, Reconsideration
from renkei.kernel.people import Permission
from renkei.kernel.records import HqId, Record, RecordId
from renkei.kernel.seen import Seen, look, look_all


class VersionIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of a record of ours."""

    record: RecordId
    version: Annotated[int, msgspec.Meta(ge=1)]


class AnewIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be decided on anew for whom, because of which adopted policy or agreement, and why."""

    partner: HqId
    because: RecordId
    reason: Words
    items: Annotated[tuple[VersionIn, ...], msgspec.Meta(min_length=1, max_length=MAX_ANEW)]


def reconsider(desk: Desk, given: AnewIn) -> Reconsideration | Refused:
    """Have the releaser decide on these anew; said twice of the same versions, it is one record."""
    if refused := desk.person.refuse(Permission.RELEASE_REVIEW):
        return refused
    cause, named = _cause(desk, given), _named(desk, given)
    if isinstance(cause, Refused):
        return cause
    if isinstance(named, Refused):
        return named
    said = msgspec.json.encode([given.partner, given.because, [(n.row.id, n.row.version) for n in named]])
    known = new_id(desk.hq, cause.at, sha256(said).digest()[:10])
    before = look(desk.views, known, Reconsideration)
    return before.record if before is not None else _made(desk, given, known, named)


def _made(desk: Desk, given: AnewIn, known: str, named: list[Seen[Record]]) -> Reconsideration | Refused:
    """The record, under a label that covers all it names."""
    label = desk.policies.aggregate([one.record.label for one in named])
    header = label if isinstance(label, Refused) else stamp(desk, label, desk.clock.now())
    reason = text_of(desk, given.reason)
    if isinstance(header, Refused):
        return header
    if isinstance(reason, Refused):
        return reason
    assert reason is not None
    made = Reconsideration(
        **header | {"id": known},
        partner=given.partner,
        because=given.because,
        named=tuple(Named(n.row.id, n.row.version, n.row.seq) for n in named),
        upto=1 + named[-1].row.seq,  # the views hold all before it, so these were the newest
        account=desk.person.account,
        reason=reason,
    )
    return one(desk, made)


def _cause(desk: Desk, given: AnewIn) -> Record | Refused:
    """The adopted policy or the agreement that lets them go."""
    found = look(desk.views, given.because, Record)
    if found is None or not _lets_go(desk, found.record, given.partner):
        expected = "an adopted policy, or an agreement in force with the partner"
        return Refused(code="anew.because", expected=expected, came="neither", status=422)
    return found.record


def _lets_go(desk: Desk, cause: Record, partner: str) -> bool:
    if isinstance(cause, Agreement):
        return cause.partner == partner and cause.in_force(desk.clock.now())
    return isinstance(cause, PolicyChange) and cause.step == "adopted"


def _named(desk: Desk, given: AnewIn) -> list[Seen[Record]] | Refused:
    """What is named in the order in which the master log has it, all as of one moment."""
    seen = {one.row.id: one for one in look_all(desk.views, {i.record for i in given.items}, Record)}
    for item in given.items:
        whole = own_whole(desk, seen.get(item.record), "record")
        if isinstance(whole, Refused):
            return whole
        if whole.version != item.version:
            came = f"version {item.version} of {item.record}"
            return Refused(code="anew.version", expected=f"the newest version, {whole.version}", came=came)
    return sorted(seen.values(), key=lambda one: one.row.seq)
