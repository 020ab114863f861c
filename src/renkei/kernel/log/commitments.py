"""Commitments: an entry that proves its body and tells nothing of it once the body is gone.

The entries of partner logs are commitments, 32 bytes each: SHA-256 over one byte FORM and the *body*, which
is 16 bytes of salt and the rendition.  Whoever has the body can prove what was said under the entry's
number.  Whoever has only the commitment cannot even confirm a guess, because the salt has as many bits
as any key; so a recalled record can be forgotten while every checkpoint and receipt over it stays true.

Salts are not random but follow from a secret that its sender keeps for the pair, and from the entry's
number: block ``n`` of the AES-256-CTR key stream (NIST SP 800-38A section 6.5, counter from 0) is the
salt of entry ``n``.  So one call makes the salts of a whole range, and the same log under the same keys
is the same bytes.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .base import Pack, check_seq
from .merkle import HASH_BYTES
from .until import Source

FORM = b"\1"
"""The first byte that is hashed: which form of commitment this is."""
SALT_BYTES = 16
COMMITMENT_BYTES = HASH_BYTES
_INFO = b"renkei salts v1\n"


def commitment(body: bytes) -> bytes:
    """The entry that stands for ``body``."""
    return sha256(FORM + body).digest()


def commitments(bodies: Iterable[bytes]) -> list[bytes]:
    """``commitment`` of many bodies."""
    return [sha256(FORM + body).digest() for body in bodies]


class Salts:
    """The salts of one log, from the pair's secret (32 bytes): HKDF-SHA-256 (RFC 5869) of it, no salt."""

    def __init__(self, secret: bytes) -> None:
        self._key = AES256(HKDF(SHA256(), length=32, salt=None, info=_INFO).derive(secret))

    def bodies(self, first: int, renditions: Sequence[bytes]) -> list[bytes]:
        """The bodies of ``renditions``, numbered from ``first``."""
        stream = Cipher(self._key, CTR(first.to_bytes(16))).encryptor()
        salts = stream.update(bytes(SALT_BYTES * len(renditions)))
        places = range(0, len(salts), SALT_BYTES)
        return [salts[at : at + SALT_BYTES] + said for at, said in zip(places, renditions, strict=True)]


def rendition_of(body: bytes | None) -> bytes | None:
    """What a body says; None if it is gone or never came."""
    return None if body is None else body[SALT_BYTES:]


def said_in(pack: Pack) -> Sequence[bytes | None]:
    """The records in a pack of any log: its entries, or what the bodies beside them say."""
    return [rendition_of(body) for body in pack.bodies] if pack.bodies else pack.entries


def said_at(log: Source, seq: int) -> bytes | None:
    """The record at ``seq`` of any log, None if its body is gone.  Raises BadInput beyond the end."""
    check_seq(seq, log.size)
    return said_in(next(log.read(seq, 1)))[0]
