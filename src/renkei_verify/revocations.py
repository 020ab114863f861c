"""Notices of revocation (identity.md): from when on what a key signs is nobody's word any more.

A notice is signed by the very key that it ends, so whoever has the public key can check it.  It ends that key
and every later one of its chain, since whoever held the key could vouch for a next one.  Notices only take
trust away: of several for one key the earliest moment counts, in whatever order they are given.
"""

import json
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .cards import Card, moment_text
from .faults import Unsound

MAX_NOTICE_BYTES = 4 * 1024
_MEMBERS = {"revoked", "hq", "reason", "at", "signature"}
_REASONS = ("compromised", "lost", "retired")


@dataclass(frozen=True)
class Notice:
    """The key (32 bytes) that is ended, whose it is, why, and from when on its statements are doubtful."""

    key: bytes
    hq: str
    reason: str
    at: datetime

    def __str__(self) -> str:
        return f"a key revoked from {moment_text(self.at.isoformat())} on ({self.reason})"


def read_notice(path: Path) -> Notice:
    """The notice in ``path``, proven.  Raises Unsound (``notice.malformed``, ``notice.signature``)."""
    try:
        data = path.read_bytes()[: MAX_NOTICE_BYTES + 1]
        said = json.loads(data)
        if len(data) > MAX_NOTICE_BYTES or set(said) != _MEMBERS or said["reason"] not in _REASONS:
            raise ValueError
        lines = ("renkei key revocation v1", said["hq"], said["revoked"], said["reason"])
        text = "".join(f"{line}\n" for line in (*lines, moment_text(said["at"])))
        key, signature = (b64decode(said[name], validate=True) for name in ("revoked", "signature"))
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text.encode())
        at = datetime.fromisoformat(moment_text(said["at"]))
    except InvalidSignature:
        raise Unsound(
            "notice.signature", "a notice signed by the key it ends", "another", str(path)
        ) from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        came = type(error).__name__
        raise Unsound("notice.malformed", "a notice of revocation", came, str(path)) from None
    return Notice(key, said["hq"], said["reason"], at)


def ending(cards: list[Card], notices: Iterable[Notice]) -> list[Card]:
    """The cards, knowing which of their keys the notices end.

    Raises Unsound (``notice.key``) for a notice about a key that is on no card of its headquarters: it would
    say nothing about what is checked, and whoever gave it meant that it should.
    """
    ended: dict[bytes, Notice] = {}
    for notice in notices:
        chains = [chain for card in cards if card.hq == notice.hq for chain in card.chains]
        found = [chain[chain.index(notice.key) :] for chain in chains if notice.key in chain]
        if not found:
            raise Unsound(
                "notice.key", f"a notice for a key on a card of {notice.hq[:80]}", "one for another"
            )
        for key in {key for chain in found for key in chain}:
            if key not in ended or notice.at < ended[key].at:
                ended[key] = notice
    return [replace(card, ended={key: ended[key] for key in card.keys if key in ended}) for card in cards]
