"""What ``log verify`` and ``partner verify`` prove of one log.

First the log against itself (``kernel/log/verify``): numbering, tree tiles, versions.  Then the tree against
every signature that stands beside it:

- master, audit: the checkpoint last signed, by one of our keys;
- HQ.sent: the partner's newest receipt, our checkpoint countersigned by one of the partner's keys;
- HQ.received: the partner's newest checkpoint by one of its keys, and our receipt for it.
"""

from collections.abc import Callable

import msgspec

from ...kernel.errors import TheirFault
from ...kernel.identity import KeyRing, RevokedKey
from ...kernel.log.base import CHECKPOINT
from ...kernel.log.checkpoint import Checkpoint, NoteVerifier, open_checkpoint, open_cosigned
from ...kernel.log.sqlite import SqliteLog
from ...kernel.log.verify import Finding, Stated
from ...kernel.partners.chunks import root_at
from ...kernel.records import is_record_id
from .local import LocalNode

PARTNER_CHECKPOINT = "partner checkpoint"
RECEIPT = "receipt"
"""Facts beside a partner's log, as ``kernel/partners`` (ledger, sender) keeps them."""
Tick = Callable[[int, int | None], None]


class Verified(msgspec.Struct, kw_only=True, rename="camel"):
    """What a verification came to: entries, how many are signed for and receipted, and contradictions."""

    name: str
    entries: int
    signed: int | None = None
    receipted: int | None = None
    findings: list[Finding]

    @property
    def sound(self) -> bool:
        """Whether nothing contradicts."""
        return not self.findings


class _Stated(msgspec.Struct):
    id: str
    version: int = 1


def verify_named(node: LocalNode, name: str, tick: Tick) -> Verified:
    """Verify the log ``name``; ``tick`` is told entries done and in all.  Raises BadInput, OurFault."""
    with node.log(name) as log:
        found = Verified(name=name, entries=log.size, findings=_contents(log, _stated(node, name), tick))
        if found.findings:
            return found  # signatures over a tree that is not sound prove nothing more
        log.seal()
        _signatures(node, name, log, found)
        return found


def _contents(log: SqliteLog, stated: Stated | None, tick: Tick) -> list[Finding]:
    verification = log.verify(stated)
    while True:
        try:
            progress = next(verification)
        except StopIteration as end:
            findings: list[Finding] = end.value
            return findings
        tick(progress.done, progress.total)


def _stated(node: LocalNode, name: str) -> Stated | None:
    """How entries state key and version: records do in our own logs; what was received is not keyed.

    An entry sent bears the partner's name for the record, and is keyed by our own id.
    """
    partner, _, direction = name.rpartition(".")
    if name != "master" and direction != "sent":
        return None
    own = node.names_for(partner).own if direction == "sent" else None
    decode = msgspec.json.Decoder(_Stated).decode

    def stated(entry: bytes) -> tuple[str, int] | None:
        try:
            header = decode(entry)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        if own is None:
            return header.id, header.version
        return (own(header.id), header.version) if is_record_id(header.id) else None

    return stated


def _signatures(node: LocalNode, name: str, log: SqliteLog, found: Verified) -> None:
    partner, _, direction = name.rpartition(".")
    ours = node.own_ring()
    if direction not in {"sent", "received"}:
        found.signed = _checkpoint(log, CHECKPOINT, ours, found)
        return
    theirs = node.partner_ring(partner)
    if direction == "sent":
        found.receipted = _receipt(log, ours, theirs, found)
    else:
        found.signed = _checkpoint(log, PARTNER_CHECKPOINT, theirs, found)
        found.receipted = _receipt(log, theirs, ours, found)
        _before_revocation(log, node.partner(partner).revoked, theirs, ours, found)


def _checkpoint(log: SqliteLog, fact: str, ring: KeyRing, found: Verified) -> int:
    """How many entries the checkpoint in ``fact`` covers, 0 without one."""
    note = log.fact(fact)
    return _hold(log, "the checkpoint", found, lambda: open_checkpoint(note, ring)) if note else 0


def _receipt(log: SqliteLog, owner: KeyRing, holder: KeyRing, found: Verified) -> int:
    """How many entries the newest receipt covers, 0 without one."""
    note = log.fact(RECEIPT)
    return (
        _hold(log, "the receipt", found, lambda: open_cosigned(note, owner, holder).checkpoint) if note else 0
    )


def _before_revocation(
    log: SqliteLog, revoked: tuple[RevokedKey, ...], theirs: KeyRing, ours: KeyRing, found: Verified
) -> None:
    """A checkpoint by a revoked key stays proof of what we signed for before we learned of the revocation."""
    note = log.fact(RECEIPT)
    if not note or found.findings:
        return
    at = open_cosigned(note, theirs, ours).at
    for key in revoked:
        try:
            open_checkpoint(note, NoteVerifier(theirs.name, key.period.key))
        except TheirFault:
            continue
        if at >= key.at:
            expected = f"a receipt from before {key.at.isoformat()}, when the key was revoked"
            found.findings.append(Finding("key.revoked", "the receipt", expected, f"one of {at.isoformat()}"))


def _hold(log: SqliteLog, where: str, found: Verified, opened: Callable[[], Checkpoint]) -> int:
    """Open a note and hold it against the tree; the size it covers."""
    try:
        signed = opened()
    except TheirFault as fault:
        found.findings.append(Finding(fault.code, where, fault.expected, fault.came))
        return 0
    _hold_root(log, where, found, signed)
    return signed.size


def _hold_root(log: SqliteLog, where: str, found: Verified, signed: Checkpoint) -> None:
    if signed.origin != log.origin:
        came = f"one for {signed.origin}"
        found.findings.append(Finding("checkpoint.origin", where, f"one for {log.origin}", came))
    elif signed.size > log.size:
        came = f"{log.size} entries"
        found.findings.append(
            Finding("checkpoint.truncated", where, f"{signed.size} entries signed for", came)
        )
    elif root_at(log, signed.size) != signed.root:  # seals: a running node may have signed for more since
        expected = f"the root signed for at {signed.size}"
        found.findings.append(Finding("checkpoint.root", where, expected, "another root"))
