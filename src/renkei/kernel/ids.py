"""Record ids: making them, and the other names partners know them by."""

import hmac
import os
from datetime import datetime

from .records import owner_of

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]


def _base32(value: int) -> str:
    """128 bits as 26 characters, most significant first, so that text order is number order."""
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)])


def new_id(owner: str, moment: datetime, entropy: bytes | None = None) -> str:
    """A fresh, time-ordered record id (48 bits of milliseconds, 80 random bits).

    ``entropy`` (10 bytes) is given by tests and replays that must repeat.
    """
    random = entropy if entropy is not None else os.urandom(10)
    return f"{owner}/{_base32(int(moment.timestamp() * 1000) << 80 | int.from_bytes(random))}"


def alias_of(record_id: str, partner_key: bytes) -> str:
    """The id under which one partner knows ``record_id``: HMAC-SHA-256 of it, first 128 bits."""
    digest = hmac.digest(partner_key, record_id.encode(), "sha256")
    return f"{owner_of(record_id)}/{_base32(int.from_bytes(digest[:16]))}"
