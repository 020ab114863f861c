"""Record ids: making them, and the other names partners know them by."""

import os
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from threading import Lock

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DIGITS = bytes.maketrans(_ALPHABET.encode(), b"0123456789abcdefghijklmnopqrstuv")
"""From Crockford's digits to those of Python's ``int``."""
_BLOCK = (1 << 128) - 1
_LOW = (1 << 70) - 1
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]


def _base32(value: int) -> str:
    """Up to 130 bits as 26 characters, most significant first, so that text order is number order."""
    pairs, high, low = _PAIRS, value >> 70, value & _LOW  # written out, in halves: twice as fast as a loop
    return (
        f"{pairs[high >> 50]}{pairs[high >> 40 & 1023]}{pairs[high >> 30 & 1023]}"
        f"{pairs[high >> 20 & 1023]}{pairs[high >> 10 & 1023]}{pairs[high & 1023]}"
        f"{pairs[low >> 60]}{pairs[low >> 50 & 1023]}{pairs[low >> 40 & 1023]}{pairs[low >> 30 & 1023]}"
        f"{pairs[low >> 20 & 1023]}{pairs[low >> 10 & 1023]}{pairs[low & 1023]}"
    )


def new_id(owner: str, moment: datetime, entropy: bytes | None = None) -> str:
    """A fresh, time-ordered record id (48 bits of milliseconds, 80 random bits).

    ``entropy`` (10 bytes) is given by tests and replays that must repeat.
    """
    random = entropy if entropy is not None else os.urandom(10)
    return f"{owner}/{_base32(int(moment.timestamp() * 1000) << 80 | int.from_bytes(random))}"


def derived_id(record_id: str, what: bytes) -> str:
    """The id of what follows from a record, the same every time; it begins with the same time."""
    owner, _, key = record_id.partition("/")
    found = int(key.encode().translate(_DIGITS), 32)
    digest = sha256(record_id.encode() + b"\n" + what).digest()
    return f"{owner}/{_base32((found & _BLOCK) >> 80 << 80 | int.from_bytes(digest[:10]))}"


class Aliaser:
    """The names under which one partner knows records: a keyed permutation of the key part of their ids.

    The lowest 128 of a key's 130 bits, all that ``new_id`` sets, are one block of AES-256 (FIPS 197); the
    upper two stay.  So every key has a name, no two share one, and whoever has the partner's alias key
    (32 bytes) can go back.  Without it a name tells nothing of the id.  Safe from any thread.
    """

    def __init__(self, partner_key: bytes) -> None:
        # One block, never more: each name stands for itself, so ECB's repetition is what is wanted.
        cipher = Cipher(AES256(partner_key), ECB())  # noqa: S305
        self._encrypt, self._decrypt = cipher.encryptor().update, cipher.decryptor().update
        self._lock = Lock()

    def alias(self, record_id: str) -> str:
        """The partner's name for ``record_id``, which must have the form of an id."""
        return self._through(self._encrypt, record_id)

    def own(self, alias: str) -> str:
        """The id behind ``alias``, which must have the form of an id; no such record need exist."""
        return self._through(self._decrypt, alias)

    def _through(self, permute: Callable[[bytes], bytes], name: str) -> str:
        owner, _, key = name.partition("/")
        value = int(key.encode().translate(_DIGITS), 32)
        with self._lock:  # a context is for one thread at a time
            block = permute((value & _BLOCK).to_bytes(16))
        return f"{owner}/{_base32(value & ~_BLOCK | int.from_bytes(block))}"
