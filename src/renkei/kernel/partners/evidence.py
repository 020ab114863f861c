"""Evidence: what a partner signed and then contradicted, in a form that convinces a third party.

A piece of evidence holds the partner's own signed notes and the hashes that tie them together.  Whoever
has the partner's public key can run ``judge`` on it: no log, no secret, and no trust in whoever kept it.

Three contradictions can be proven:

* ``checkpoint.fork``: two signed roots for the same size; or, for sizes m < n, a consistency proof that
  leads to the signed root at n from another root at m than the signed one.
* ``entries.rewritten``: two different entries under the same number, each included in a tree the partner
  signed.
* ``entry.*``: a body that breaks the rules for records, and whose commitment is included in a tree the
  partner signed for us.  Not ``entry.realm``: which realm was agreed on is signed nowhere, so whoever
  keeps a sound entry could claim another one.

Anything else (a forged signature, a truncated log, a proof that proves nothing) is kept as what was
shown and stays the keeper's word: nobody signed it who could be held to it.
"""

from datetime import datetime

import msgspec

from ..errors import TheirFault
from ..log.checkpoint import Checkpoint, NoteVerifier, open_checkpoint
from ..log.commitments import commitment
from ..log.merkle import leaf_hash, verify_consistency, verify_inclusion
from .chunks import sender_in
from .entries import EntryCheck

VERSION = 2
UNPROVABLE = "entry.realm"
"""The rule for entries that no third party can hold anybody to."""


class Place(msgspec.Struct, frozen=True):
    """A leaf's number, its hash, and its audit path to a signed root."""

    seq: int
    leaf: bytes
    path: tuple[bytes, ...]


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One contradiction of ``partner``.

    ``held`` is the note that was believed before, ``shown`` the one that came now; both as they came.
    ``old_root`` and ``proof`` belong to a fork of different sizes, ``held_place`` and ``shown_place`` to a
    rewrite, ``shown_place`` and ``body`` to a broken entry.  In JSON, bytes are base64.
    """

    version: int = VERSION
    code: str
    expected: str
    came: str
    partner: str
    origin: str
    realm: str
    at: datetime
    held: str = ""
    shown: str = ""
    old_root: bytes = b""
    proof: tuple[bytes, ...] = ()
    held_place: Place | None = None
    shown_place: Place | None = None
    body: bytes = b""

    def encode(self) -> bytes:
        """As a JSON file."""
        return msgspec.json.encode(self)


def decode_evidence(data: bytes) -> Evidence:
    """The evidence in a JSON file.  Raises msgspec.DecodeError if there is none."""
    return msgspec.json.decode(data, type=Evidence)


def judge(evidence: Evidence, partner: NoteVerifier) -> bool:
    """Whether ``evidence`` proves, by the partner's public key alone, what its code says."""
    try:
        if evidence.code == "checkpoint.fork":
            return _is_fork(evidence, _open(evidence.held, partner), _open(evidence.shown, partner))
        if evidence.code == "entries.rewritten":
            return _is_rewrite(evidence, _open(evidence.held, partner), _open(evidence.shown, partner))
        if evidence.code.startswith("entry."):
            accused = partner.name.partition("/")[0]
            return _is_broken_entry(evidence, _open(evidence.shown, partner), accused)
    except TheirFault:
        return False
    return False


def _open(note: str, partner: NoteVerifier) -> Checkpoint:
    return open_checkpoint(note.encode(), partner)


def _is_fork(evidence: Evidence, one: Checkpoint, other: Checkpoint) -> bool:
    old, new = sorted((one, other), key=lambda checkpoint: checkpoint.size)
    if old.origin != new.origin:
        return False
    if old.size == new.size:
        return old.root != new.root
    leads = verify_consistency(old.size, new.size, evidence.old_root, new.root, evidence.proof)
    return leads and evidence.old_root != old.root


def _is_rewrite(evidence: Evidence, held: Checkpoint, shown: Checkpoint) -> bool:
    before, now = evidence.held_place, evidence.shown_place
    if before is None or now is None or before.seq != now.seq or before.leaf == now.leaf:
        return False
    return held.origin == shown.origin and _is_in(before, held) and _is_in(now, shown)


def _is_broken_entry(evidence: Evidence, shown: Checkpoint, accused: str) -> bool:
    place = evidence.shown_place
    if sender_in(shown.origin) != accused:
        return False  # whose records a log may hold is told by who signed it, and under which name
    if place is None or leaf_hash(commitment(evidence.body)) != place.leaf or not _is_in(place, shown):
        return False
    bad = EntryCheck(accused, evidence.realm).first_fault([evidence.body])
    return bad is not None and bad[1].code == evidence.code != UNPROVABLE


def _is_in(place: Place, tree: Checkpoint) -> bool:
    return verify_inclusion(place.leaf, place.seq, tree.size, place.path, tree.root)
