"""What a node makes of a partner's new card or notice: pure functions from one entry to the next.

Trust is given by people (a fingerprint compared by voice) or handed on by a key that is itself believed; it
is taken away by whoever holds the key, or by this side's own decision.  A key revoked here never comes
back, whatever a later card says.
"""

from datetime import datetime

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from ..errors import BadInput, TheirFault
from .cards import PartnerCard, PartnerEntry
from .revocation import Notice, Reason, RevokedKey
from .rotation import verify_successor


def accept_card(
    entry: PartnerEntry, card: PartnerCard, signed: bytes, now: datetime, *, heard: bool
) -> PartnerEntry:
    """``entry`` with the newer ``card``, whose exact bytes are ``signed``.

    ``heard`` says that two people have compared its fingerprint; without that its keys must continue those
    pinned.  Keys that an unconnected card replaces are retired.  Raises TheirFault ``key.revoked`` for a card
    with a revoked key, ``key.chain`` for one that does not continue.
    """
    gone = {key.period.public: key for key in entry.revoked}
    for period in card.keys:
        if period.public in gone:
            came = f"one with a key revoked at {gone[period.public].at:%Y-%m-%d %H:%M}Z"
            raise TheirFault("key.revoked", f"a card of {card.hq} whose keys are believed", came)
    new = msgspec.structs.replace(entry, card=card, signed=signed)
    try:
        verify_successor(card.hq, entry.card.keys, card.keys)
    except TheirFault:
        if not heard:
            raise
        retired = _revoke(entry, entry.card.keys[0].public, "retired", now, now)
        return msgspec.structs.replace(new, revoked=retired.revoked)
    return new


def accept_notice(entry: PartnerEntry, notice: Notice, now: datetime) -> PartnerEntry:
    """``entry`` without the key that ``notice`` revokes, and without those it vouched for.

    The same notice again changes nothing.  Raises BadInput if it is of another headquarters, or revokes
    a key that was never pinned here.
    """
    if notice.hq != entry.hq:
        raise BadInput("notice.hq", f"a notice of {entry.hq}", f"one of {notice.hq}")
    return _revoke(entry, notice.revoked, notice.reason, notice.at, now)


def distrust(entry: PartnerEntry, reason: Reason, suspect: datetime, now: datetime) -> PartnerEntry:
    """``entry`` with none of its keys believed any more, by this side's own decision."""
    return _revoke(entry, entry.card.keys[0].public, reason, suspect, now)


def _revoke(
    entry: PartnerEntry, public: str, reason: Reason, suspect: datetime, now: datetime
) -> PartnerEntry:
    """Revoke the key and all after it in the chain: whoever held it could have vouched for those."""
    known = {key.period.public for key in entry.revoked}
    if public in known:
        return entry
    chain = [period.public for period in entry.card.keys]
    if public not in chain:
        raise BadInput("key.unknown", f"a key of {entry.hq} that is pinned here", "another")
    authorities = {key: ca.public_bytes(Encoding.PEM).decode() for key, ca in entry.card.authorities}
    ended = [
        RevokedKey(
            period=period, at=now, suspect=suspect, reason=reason, ca=authorities.get(period.public, "")
        )
        for period in entry.card.keys[chain.index(public) :]
        if period.public not in known
    ]
    return msgspec.structs.replace(entry, revoked=(*entry.revoked, *ended))
