"""Cards (identity.md): a headquarters' public keys, vouched for by its newest one.

A card proves itself only in so far as somebody has compared its fingerprint by voice: the verifier tells the
fingerprint of each card that it used, and everything it says rests on that.
"""

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .faults import Unsound

if TYPE_CHECKING:
    from .revocations import Notice

MAX_CARD_BYTES = 64 * 1024


@dataclass(frozen=True)
class Card:
    """Whose card it is, its public keys (32 bytes each), and its fingerprint.

    ``chains`` are the same keys, oldest first, each vouched for by the one before: one chain, or more where a
    headquarters began anew and several cards of it are given.  ``ended`` are keys that were revoked.
    """

    hq: str
    chains: tuple[tuple[bytes, ...], ...]
    fingerprint: str
    ended: "Mapping[bytes, Notice]" = field(default_factory=dict)

    @property
    def keys(self) -> tuple[bytes, ...]:
        """All keys, each once."""
        return tuple(dict.fromkeys(key for chain in self.chains for key in chain))


def together(cards: list[Card]) -> list[Card]:
    """One card for each headquarters, in the order of their first ones: with the keys of all of its cards."""
    found: dict[str, Card] = {}
    for card in cards:
        known = found.get(card.hq)
        chains = card.chains if known is None else known.chains + card.chains
        found[card.hq] = Card(card.hq, chains, card.fingerprint if known is None else known.fingerprint)
    return list(found.values())


def read_card(path: Path) -> Card:
    """The card in ``path``.  Raises Unsound unless it is whole, its keys vouched for one by another."""
    try:
        data = path.read_bytes()[: MAX_CARD_BYTES + 1]
        values = _members(data.decode())
        card = json.loads(values["card"])
        keys = [b64decode(period["public"], validate=True) for period in card["keys"]]
        signature = b64decode(json.loads(values["signature"]), validate=True)
        Ed25519PublicKey.from_public_bytes(keys[-1]).verify(
            signature, b"renkei card v1\n" + values["card"].encode()
        )
        for old, new in pairwise(card["keys"]):
            _vouched(card["hq"], old, new)
    except InvalidSignature:
        raise Unsound("card.signature", "a card signed by its own keys", "another", str(path)) from None
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise Unsound("card.malformed", "a partner card", type(error).__name__, str(path)) from None
    return Card(card["hq"], (tuple(keys),), _fingerprint(card["hq"], card["keys"][-1]["public"]))


def _members(text: str) -> dict[str, str]:
    """The members of a JSON object, each with its value's exact text."""
    decoder, found, at = json.JSONDecoder(), {}, _skip(text, text.index("{") + 1)
    while text[at] != "}":
        name, at = decoder.raw_decode(text, at)
        start = _skip(text, text.index(":", at) + 1)
        _, at = decoder.raw_decode(text, start)
        found[str(name)] = text[start:at]
        at = _skip(text, at)
        at = _skip(text, at + 1) if text[at] == "," else at
    return found


def _skip(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


def _vouched(hq: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Raises InvalidSignature unless ``old`` signed for ``new`` (identity.md, "Rotation statement")."""
    since, until = moment_text(new["since"]), moment_text(new["until"])
    lines = ("renkei key rotation v1", hq, old["public"], new["public"], since, until)
    key = Ed25519PublicKey.from_public_bytes(b64decode(old["public"]))
    key.verify(b64decode(new["statement"]), "".join(f"{line}\n" for line in lines).encode())


def moment_text(text: str) -> str:
    """A time as signed texts state it: UTC, milliseconds, ``Z``.  Raises ValueError."""
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fingerprint(hq: str, public: str) -> str:
    digest = sha256(f"renkei fingerprint v1\n{hq}\n{public}\n".encode()).digest()
    digits = f"{int.from_bytes(digest) % 10**40:040d}"
    return " ".join(digits[at : at + 5] for at in range(0, 40, 5))
