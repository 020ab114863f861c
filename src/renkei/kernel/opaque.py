"""Numbers handed out sealed, for whoever may not know how many came before.

A place in the views or in the stream counts everything logged, also what its holder may not see.  Sealed, it
is one AES-256 block of a purpose and the number (a keyed permutation, FIPS 197): equal numbers give equal
texts, but a text tells neither its number nor whether another is larger, and one that was made up is found
out, because its block does not open to the purpose (one chance in 2^64).
"""

import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB

PATTERN = r"^[A-Za-z0-9_-]{22}$"
"""What a sealed number looks like: 16 bytes in base64url without padding."""


class Opaque:
    """Seals and opens numbers from 0 to 2^64 - 1 for one purpose, under a key of 32 bytes.  Thread-safe."""

    def __init__(self, key: bytes, purpose: str) -> None:
        cipher = Cipher(AES256(key), ECB())  # noqa: S305 - one block each, no two alike: a permutation is the aim
        self._seal, self._open = cipher.encryptor(), cipher.decryptor()
        self._purpose = purpose.encode().ljust(8)
        if len(self._purpose) != 8:
            raise ValueError("a purpose has at most 8 bytes")
        self._lock = threading.Lock()

    def seal(self, number: int) -> str:
        """The text that stands for ``number``."""
        with self._lock:
            block = self._seal.update(self._purpose + number.to_bytes(8))
        return urlsafe_b64encode(block)[:22].decode()

    def open(self, text: str) -> int | None:
        """The number that ``text`` stands for; None if it was not sealed here for this purpose."""
        try:
            block = urlsafe_b64decode(text.encode("ascii") + b"==")
        except (ValueError, UnicodeEncodeError):
            return None
        if len(block) != 16:
            return None
        with self._lock:
            plain = self._open.update(block)
        return int.from_bytes(plain[8:]) if plain[:8] == self._purpose else None
