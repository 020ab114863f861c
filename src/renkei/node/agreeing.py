"""Agreeing with partners, for an administrator: what is asked for becomes an entry, is kept, and counts.

The same steps whether the HTTP edge takes them in the running node or the command line on the files of a
stopped one.  Each is checked whole before anything of it is written; then the entry is durable in
``partners/<hq>.json`` before anything runs by it, so that the next start completes what a crash cut short.
Each leaves a line in the audit trail, done or refused.

Trust comes from people: a card that no key pinned here vouches for is taken only with the fingerprint that
somebody heard the partner read out (ADR 0006).  A partner whose agreement has ended comes back the same way.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import UNSET, UnsetType

from ..kernel.audit import AuditTrail
from ..kernel.errors import BadInput, Refused
from ..kernel.identity import (
    PartnerCard,
    PartnerEntry,
    Reason,
    accept_card,
    accept_notice,
    distrust,
    fingerprint,
    open_card,
    open_notice,
    save_partner,
)
from ..kernel.identity.cards import MAX_CARD_BYTES, Connect, OneWay, parse_address
from ..kernel.labels.model import Clearance
from ..kernel.labels.reading import MAX_POLICY_BYTES
from ..kernel.people import Person
from ..kernel.records import HqId
from .adopting import keep_partner_policy
from .create import agree, settle
from .steps import RuleSaid, Steps

if TYPE_CHECKING:
    from .node import Node

CardText = Annotated[str, msgspec.Meta(min_length=2, max_length=MAX_CARD_BYTES)]
PolicyText = Annotated[str, msgspec.Meta(max_length=MAX_POLICY_BYTES)]
Heard = Annotated[str, msgspec.Meta(max_length=100)]
Address = Annotated[str, msgspec.Meta(max_length=300)]
Kinds = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=100)], ...], msgspec.Meta(max_length=100)
]
Cites = Annotated[str, msgspec.Meta(max_length=500)]


class PartnerIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A partner to be agreed on.

    ``card`` is its card file as text, ``fingerprint`` the digits as the partner read them out; ``policy`` its
    SPIF file, to read its labels by.  The rest is as in ``PartnerEntry``.
    """

    card: CardText
    fingerprint: Heard
    clearance: Clearance
    policy: PolicyText = ""
    connect: Connect = "dial"
    address: Address = ""
    until: datetime | None = None
    kinds: Kinds = ()
    cites: Cites = ""
    one_way: OneWay = ""


class Distrust(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """None of the partner's keys is to be believed any more, by our own decision."""

    reason: Reason
    suspect_from: datetime | None = None


class PartnerChange(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True
):
    """What is to be otherwise about a partner; what is left out stays.

    ``card`` is its newer card, ``fingerprint`` the digits heard, needed where its keys do not continue those
    pinned; ``notice`` its notice that a key is revoked.  ``until`` null is "until further notice".
    """

    card: CardText | None = None
    fingerprint: Heard | None = None
    notice: CardText | None = None
    distrust: Distrust | None = None
    clearance: Clearance | None = None
    policy: PolicyText | None = None
    connect: Connect | None = None
    address: Address | None = None
    until: datetime | UnsetType | None = UNSET
    kinds: Kinds | None = None
    cites: Cites | None = None
    one_way: OneWay | None = None


class EndIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a partner's agreement is ended."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Agreeing:
    """One node's partners, for an administrator.  Refusals are raised as BadInput with the rule's words."""

    def __init__(self, node: "Node", trail: AuditTrail) -> None:
        self._node, self._steps = node, Steps(trail)

    def add(self, person: Person, given: PartnerIn) -> PartnerEntry:
        """Take up a new partner, or one whose agreement had ended."""

        def do() -> PartnerEntry:
            with self._node.agreeing_lock:
                return self._add(given)

        return self._steps.step(person, "partner.add", "", do, why=given.cites, named=lambda entry: entry.hq)

    def change(self, person: Person, hq: HqId, given: PartnerChange) -> PartnerEntry:
        """Have a partner's card, keys, channel or promise be otherwise from now on."""

        def do() -> PartnerEntry:
            with self._node.agreeing_lock:
                return self._change(hq, given)

        return self._steps.step(person, "partner.change", hq, do, why=", ".join(_named(given)))

    def end(self, person: Person, hq: HqId, given: EndIn) -> PartnerEntry:
        """End what was agreed: the link closes, nothing more is released; what passed stays provable."""

        def do() -> PartnerEntry:
            with self._node.agreeing_lock:
                return self._end(hq)

        return self._steps.step(person, "partner.end", hq, do, why=given.reason)

    # --- inside, one at a time -----------------------------------------------------------------------

    def _add(self, given: PartnerIn) -> PartnerEntry:
        node, now, signed = self._node, self._node.clock.now(), given.card.encode()
        # 1. Whose card it is, and that somebody heard its fingerprint.
        card = open_card(signed, now)
        if card.hq == node.config.hq:
            raise BadInput("partner.self", "another headquarters' card", "our own")
        line = node.partners.get(card.hq)
        known = None if line is None else line.entry
        if known is not None and not known.over(now):
            raise RuleSaid(KNOWN)
        check_heard(card, given.fingerprint)
        # 2. What is promised.
        self._check_promise(given.clearance, given.until, given.address, now)
        made = agree(
            card,
            signed,
            given.clearance,
            now,
            until=given.until,
            connect=given.connect,
            address=given.address,
            kinds=given.kinds,
            cites=given.cites,
        )
        made = msgspec.structs.replace(made, one_way=given.one_way)
        if known is not None:
            revoked = accept_card(known, card, signed, now, heard=True).revoked
            made = msgspec.structs.replace(made, revoked=revoked)
        # 3. By what policy its labels are read; then it counts.
        return self._keep(made, given.policy)

    def _change(self, hq: str, given: PartnerChange) -> PartnerEntry:
        before, now = self._entry(hq), self._node.clock.now()
        if not _named(given):
            raise BadInput("partner.change", "something to be otherwise", "nothing")
        promise = {
            name: value
            for name in ("clearance", "kinds", "cites")
            if (value := getattr(given, name)) is not None
        }
        if given.until is not UNSET:
            promise["until"] = given.until
        if promise and before.over(now):
            raise RuleSaid(OVER)
        channel = {
            name: value
            for name in ("connect", "address", "one_way")
            if (value := getattr(given, name)) is not None
        }
        after = msgspec.structs.replace(self._keys(before, given, now), **promise, **channel)
        if promise or channel:
            self._check_promise(after.clearance, promise.get("until"), after.address, now)
        return self._keep(settle(before, after, now), given.policy or "")

    def _keys(self, entry: PartnerEntry, given: PartnerChange, now: datetime) -> PartnerEntry:
        """``entry`` with the keys that are believed after what was given."""
        if given.notice is not None:
            entry = accept_notice(entry, open_notice(given.notice.encode()), now)
        if given.distrust is not None:
            suspect = given.distrust.suspect_from or now
            entry = distrust(entry, given.distrust.reason, suspect, now)
        if given.card is None:
            return entry
        signed = given.card.encode()
        card = open_card(signed, now)
        if card.hq != entry.hq:
            raise BadInput("partner.card", f"a card of {entry.hq}", f"one of {card.hq}")
        if given.fingerprint is not None:
            check_heard(card, given.fingerprint)
        return accept_card(entry, card, signed, now, heard=given.fingerprint is not None)

    def _end(self, hq: str) -> PartnerEntry:
        before, now = self._entry(hq), self._node.clock.now()
        if before.over(now):
            raise RuleSaid(OVER)
        return self._keep(msgspec.structs.replace(before, until=max(now, before.since)), "")

    def _keep(self, entry: PartnerEntry, policy: str) -> PartnerEntry:
        """Have ``entry`` on the disk, then have it count."""
        if policy:
            keep_partner_policy(self._node, entry.card, policy.encode())
        save_partner(self._node.folder.partners, entry)
        self._node.agree(entry)
        return entry

    def _entry(self, hq: str) -> PartnerEntry:
        line = self._node.partners.get(hq)
        if line is None:
            raise RuleSaid(NO_PARTNER)
        return line.entry

    def _check_promise(
        self, clearance: Clearance, until: datetime | None, address: str, now: datetime
    ) -> None:
        wrong = self._node.policies.check_clearance(clearance)
        if wrong is not None:
            raise RuleSaid(wrong)
        if until is not None and until <= now:
            raise BadInput("partner.until", "an end that lies ahead", "one that is past")
        if address:
            parse_address(address)


def check_heard(card: PartnerCard, heard: str) -> None:
    """Raise BadInput unless the digits heard are those of the card."""
    digits = "".join(c for c in heard if c.isdigit())
    if digits != fingerprint(card).replace(" ", ""):
        raise BadInput("partner.fingerprint", f"the card's, {fingerprint(card)}", heard[:80])


def _named(given: PartnerChange) -> list[str]:
    """What of a change was given."""
    fields = zip(given.__struct_fields__, given.__struct_encode_fields__, strict=True)
    return [said for name, said in fields if getattr(given, name) not in (None, UNSET)] + (
        ["until"] if given.until is None else []
    )


NO_PARTNER = Refused(code="partner.unknown", expected="a partner of this node", came="another", status=404)
KNOWN = Refused(
    code="partner.known",
    expected="a new partner, or one whose agreement has ended",
    came="one whose agreement holds: change it instead",
    status=409,
)
OVER = Refused(
    code="partner.over",
    expected="a partner whose agreement holds",
    came="one whose agreement has ended: agree anew, by its card and fingerprint",
    status=409,
)
