"""Checkpoints and receipts (log.md, sections 3 and 4): C2SP signed notes, by any key of a card."""

import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .cards import Card
from .faults import Unsound
from .revocations import Notice

_PLAIN, _COSIGNED = 0x01, 0x04
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
MAX_NOTE_BYTES = 16 * 1024


@dataclass(frozen=True)
class Head:
    """A log's name, size and root, as signed."""

    origin: str
    size: int
    root: bytes


def open_checkpoint(note: bytes, owner: Card) -> Head:
    """What ``owner`` signed.  Raises Unsound (``checkpoint.*``)."""
    text, lines = _split(note)
    found = [_signed_by(key, signature, text) for key, signature in _of(lines, owner, _PLAIN)]
    if not found:
        raise Unsound("checkpoint.unknown-key", f"a signature by a key on the card of {owner.hq}", "none")
    if not all(found):
        raise Unsound("checkpoint.forged", f"a signature made by {owner.hq}", "one that does not verify")
    return _head(text)


def ended_by(note: bytes, owner: Card) -> Notice | None:
    """By which notice the keys of ``owner`` that signed ``note`` are ended; None if one of them is not."""
    _, lines = _split(note)
    notices = [owner.ended.get(key) for key, _ in _of(lines, owner, _PLAIN)]
    ended = [notice for notice in notices if notice is not None]
    return max(ended, key=lambda one: one.at) if ended and len(ended) == len(notices) else None


@dataclass(frozen=True)
class Receipt:
    """What was countersigned, when by the countersigner's own clock, and how its key was ended, if it was."""

    head: Head
    at: datetime
    ended: Notice | None


def open_receipt(note: bytes, owner: Card, holder: Card) -> Receipt:
    """What ``owner`` signed and ``holder`` countersigned, by a key that was not revoked if there is one.

    Raises Unsound.
    """
    head = open_checkpoint(note, owner)
    text, lines = _split(note)
    found: list[tuple[bool, int, Notice | None]] = []
    for key, signature in _of(lines, holder, _COSIGNED):
        seconds = int.from_bytes(signature[:8])
        if not _signed_by(key, signature[8:], b"cosignature/v1\ntime %d\n" % seconds + text):
            raise Unsound(
                "checkpoint.forged", f"a cosignature made by {holder.hq}", "one that does not verify"
            )
        ended = holder.ended.get(key)
        found.append((ended is None, seconds, ended))
    if not found:
        raise Unsound("checkpoint.unknown-key", f"a cosignature by a key on the card of {holder.hq}", "none")
    _, latest, ended = max(found, key=lambda one: one[:2])
    return Receipt(head, datetime.fromtimestamp(latest, UTC), ended)


def _split(note: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    try:
        body, blank, tail = note.decode().rpartition("\n\n")
        lines = [_LINE.fullmatch(line) for line in tail.removesuffix("\n").split("\n")]
        if not blank or not tail.endswith("\n") or len(note) > MAX_NOTE_BYTES or not all(lines):
            raise ValueError
        return body.encode() + b"\n", [(line[1], b64decode(line[2], validate=True)) for line in lines if line]
    except ValueError:
        raise Unsound("checkpoint.malformed", "a signed note", "another form") from None


def _of(lines: list[tuple[str, bytes]], card: Card, kind: int) -> list[tuple[bytes, bytes]]:
    """Each signature of one kind that claims to be by a key of ``card``, after that key."""
    name = f"{card.hq}/renkei"
    ids = {sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()[:4]: key for key in card.keys}
    return [(ids[raw[:4]], raw[4:]) for who, raw in lines if who == name and raw[:4] in ids]


def _signed_by(key: bytes, signature: bytes, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except InvalidSignature:
        return False
    return True


def _head(text: bytes) -> Head:
    lines = text.decode()[:-1].split("\n")
    try:
        origin, size, root = lines[:3]
        head = Head(origin, int(size), b64decode(root, validate=True))
        if str(head.size) != size or len(head.root) != 32 or not all(lines):
            raise ValueError
    except ValueError:
        raise Unsound("checkpoint.malformed", "origin, size and root", "other lines") from None
    return head
