"""What disclosure officers do: agree, end an agreement, decide on what is held, pass on what others wrote."""

from collections.abc import Callable, Set
from hashlib import sha256
from typing import Annotated

import msgspec

from renkei.kernel.clock import Instant, to_millisecond
from renkei.kernel.desk import Desk
from renkei.kernel.drafting import Words, append, one, own_whole, revise, stamp, text_of, unknown
from renkei.kernel.errors import Refused
from renkei.kernel.ids import new_id
from renkei.kernel.labels.model import Clearance, Label
from renkei.kernel.partners.records import (
    MAX_COVERS,
    Agreement,
    Cited,
    Cover,
    Onward,
    ReleaseDecision,
    Verdict,
)
from renkei.kernel.partners.register import Item
from renkei.kernel.people import Permission
from renkei.kernel.records import HqId, Record, RecordId, Text
from renkei.kernel.seen import look, see
from renkei.kernel.views import OWN

from .rules import check_beside, check_covers, check_dates, check_decision, check_end, check_reviewer

MAX_DECIDED = 200
"""Items decided on in one go: more than one person can answer for at once."""
MAX_AGREEMENTS = 1_000
"""Agreements looked at: dozens of partners, with a handful each."""

Held = Callable[[str, str], Item | None]
"""(record id, partner) to what is known of its review."""


class AgreementIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is agreed: with whom, from when until when, on what ground, up to what for which kinds."""

    partner: HqId
    cites: Cited
    covers: Annotated[tuple[Cover, ...], msgspec.Meta(min_length=1, max_length=MAX_COVERS)]
    since: Instant | None = None
    until: Instant | None = None
    label: Label | None = None


class EndIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the agreement ends; now, if nothing is said."""

    until: Instant | None = None


class HeldIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of a record, held for one partner."""

    record: RecordId
    version: Annotated[int, msgspec.Meta(ge=1)]
    partner: HqId


class DecisionsIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One word, with its reason, on one item or many."""

    verdict: Verdict
    reason: Words
    items: Annotated[tuple[HeldIn, ...], msgspec.Meta(min_length=1, max_length=MAX_DECIDED)]


class OnwardIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record received, to be passed on under a label of our own."""

    record: RecordId
    label: Label
    note: Words | None = None


def agreements(desk: Desk, partner: str | None = None) -> list[Agreement]:
    """The agreements this person may see, the newest first."""
    rows = desk.views.newest("release.agreement", limit=MAX_AGREEMENTS).rows
    found = (seen.record for seen in see(desk.views, rows, Agreement))
    return [a for a in found if partner in {None, a.partner}]


def agree(desk: Desk, given: AgreementIn, granted: Clearance) -> Agreement | Refused:
    """Record an agreement with a partner that was ``granted`` this clearance."""
    if refused := desk.person.refuse(Permission.RELEASE_REVIEW):
        return refused
    now = desk.clock.now()
    since, until = to_millisecond(given.since or now), given.until and to_millisecond(given.until)
    for cover in given.covers:
        if wrong := desk.policies.check_clearance(cover.ceiling):
            return wrong
    if refused := check_dates(since, until) or check_covers(given.covers, granted):
        return refused
    header = stamp(desk, given.label or desk.policies.open_label(), now)
    if isinstance(header, Refused):
        return header
    covers = tuple(Cover(c.kind, c.ceiling.canonical()) for c in given.covers)
    made = Agreement(
        **header, partner=given.partner, since=since, until=until, cites=given.cites, covers=covers
    )
    return check_beside(made, agreements(desk, given.partner)) or one(desk, made)


def end_agreement(desk: Desk, agreement_id: str, given: EndIn) -> Agreement | Refused:
    """End an agreement, now or at the moment given; what was released stays released."""
    if refused := desk.person.refuse(Permission.RELEASE_REVIEW):
        return refused
    agreement = own_whole(desk, look(desk.views, agreement_id, Agreement), "agreement")
    if isinstance(agreement, Refused):
        return agreement
    now = desk.clock.now()
    until = to_millisecond(given.until or max(now, agreement.since))
    return check_end(agreement, until) or one(desk, revise(desk, agreement, now, until=until))


def decide_held(
    desk: Desk, given: DecisionsIn, held: Held, reviewers: Set[str] = frozenset()
) -> list[ReleaseDecision] | Refused:
    """Release, refuse or return held items: all of them, or none and the first no.

    ``reviewers`` are the posts, by any of their names, that releases are given to here: one of them is among
    those who sign.  None: whoever the policy lets sign.
    """
    if refused := desk.person.refuse(Permission.RELEASE_REVIEW):
        return refused
    reason = text_of(desk, given.reason)
    if isinstance(reason, Refused):
        return reason
    assert reason is not None
    made: dict[str, ReleaseDecision] = {}
    for item in given.items:
        known = held(item.record, item.partner)
        decision = _word(desk, item, given.verdict, reason, known)
        if isinstance(decision, Refused):
            return decision
        if refused := check_reviewer(decision, known, {desk.person.post, desk.person.post_ja}, reviewers):
            return refused
        made[decision.id] = decision
    return append(desk, list(made.values()))


def _word(
    desk: Desk, given: HeldIn, verdict: Verdict, reason: Text, item: Item | None
) -> ReleaseDecision | Refused:
    about = own_whole(desk, look(desk.views, given.record, Record), "record")
    if isinstance(about, Refused):
        return about
    now, account = desk.clock.now(), desk.person.account
    # The same word of the same officer has the same id: the log takes it once, however often it is sent.
    said = f"{given.partner} {given.record} {given.version} {account}".encode()
    decision = ReleaseDecision(
        id=new_id(desk.hq, item.since if item is not None else now, sha256(said).digest()[:10]),
        realm=desk.realm,
        label=about.label,
        at=now,
        by=desk.person.post,
        about=given.record,
        about_version=given.version,
        partner=given.partner,
        verdict=verdict,
        account=account,
        reason=reason,
    )
    return check_decision(decision, item) or decision


def pass_on(desk: Desk, given: OnwardIn) -> Onward | Refused:
    """Pass on what another headquarters wrote, as a record of our own; the chain asks its label, too."""
    if refused := desk.person.refuse(Permission.RELEASE_REVIEW):
        return refused
    row = desk.views.get(given.record)
    if row is None or row.source == OWN:
        return unknown("record")
    if not desk.views.whole(row):
        return Refused(
            code="onward.cut",
            expected="a person cleared for all of the record",
            came="one who sees it in part",
            status=403,
        )
    note = text_of(desk, given.note)
    header = stamp(desk, given.label, desk.clock.now())
    if isinstance(note, Refused):
        return note
    if isinstance(header, Refused):
        return header
    said = {"originator": row.owner, "received": row.id, "rendition": row.raw.decode()}
    return one(desk, Onward(**header | said, note=note))
