"""A sealed envelope around a courier's file: encrypted to the partner, signed for by us (ADR 0012).

    17 bytes   "renkei sealed v1\\n"
     2 bytes   length of the header, big-endian
    header     JSON (``Header``)
    64 bytes   Ed25519 by the sender's identity key over the 17 bytes and the header
    chunks     AES-256-GCM of 65,536 bytes each; of 1 to 65,536 the last
    17 bytes   "renkei sealed end" (tells a file cut short from one that was altered; proves nothing)

The key is HKDF-SHA-256 of an X25519 agreement between a key made for this one file and the recipient's
agreement key; a chunk's nonce is its number and whether it is the last.  docs/protocol/courier.md says all
of it to the byte.  Both directions work in one pass; no chunk is looked into before it is authenticated.
"""

import hashlib
import itertools
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..errors import BadInput, TheirFault

MAGIC = b"renkei sealed v1\n"
TRAILER = b"renkei sealed end"
CHUNK_BYTES = 64 * 1024
"""Plaintext in a chunk: small enough to hold and check, large enough that 16 bytes more do not count."""
MAX_HEADER_BYTES = 16 * 1024
"""A header is five short fields, under 500 bytes."""
_TAG_BYTES = 16
_SIGNATURE_BYTES = 64
_LENGTH_BYTES = 2
VERSION = 1


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on the envelope for anybody to read.

    ``sender`` and ``recipient`` are headquarters ids; ``signer`` is the sender's identity key, ``opener`` the
    recipient's agreement key, ``ephemeral`` the key made for this file: 32 bytes each, in base64.
    """

    version: int
    sender: str
    recipient: str
    signer: str
    opener: str
    ephemeral: str


def is_sealed(beginning: bytes) -> bool:
    """Whether a file that begins so is sealed."""
    return beginning.startswith(MAGIC)


def seal(
    pieces: Iterable[bytes], sender: str, signer: Ed25519PrivateKey, recipient: str, opener: str
) -> Iterator[bytes]:
    """The file ``pieces``, sealed for ``recipient``, whose agreement key on its card is ``opener``."""
    ephemeral = X25519PrivateKey.generate()
    header = msgspec.json.encode(
        Header(
            version=VERSION,
            sender=sender,
            recipient=recipient,
            signer=_text(signer.public_key()),
            opener=opener,
            ephemeral=_text(ephemeral.public_key()),
        )
    )
    yield MAGIC + len(header).to_bytes(_LENGTH_BYTES) + header + signer.sign(MAGIC + header)
    cipher = _cipher(ephemeral.exchange(agreement_key(opener)), header)
    number, waiting = 0, bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) > CHUNK_BYTES:  # the last one is told apart, so a full one waits for more
            yield cipher.encrypt(_nonce(number, last=False), bytes(waiting[:CHUNK_BYTES]), None)
            del waiting[:CHUNK_BYTES]
            number += 1
    yield cipher.encrypt(_nonce(number, last=True), bytes(waiting), None) + TRAILER


class Opening:
    """A sealed file being opened: its header first, proven; then what is inside, piece by piece."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        """Reads the header.  Raises BadInput ``courier.form`` if there is none."""
        self._pieces, self._waiting = iter(pieces), bytearray()
        start = self._exactly(len(MAGIC) + _LENGTH_BYTES)
        size = int.from_bytes(start[len(MAGIC) :])
        if not is_sealed(start) or size > MAX_HEADER_BYTES:
            raise BadInput("courier.form", "a sealed courier's file", "another beginning")
        self._raw = self._exactly(size)
        self._signature = self._exactly(_SIGNATURE_BYTES)
        try:
            self.header = msgspec.json.decode(self._raw, type=Header)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise BadInput("courier.form", "the header of a sealed file", "another form") from None
        if self.header.version != VERSION:
            raise BadInput("courier.version", f"version {VERSION}", f"{self.header.version}")

    def _exactly(self, count: int) -> bytes:
        while len(self._waiting) < count:
            piece = next(self._pieces, None)
            if piece is None:
                raise BadInput("courier.form", "the header of a sealed file", "a file that breaks off in it")
            self._waiting += piece
        taken = bytes(self._waiting[:count])
        del self._waiting[:count]
        return taken

    def contents(
        self,
        own: str,
        check_key: Callable[[str], None],
        openers: Sequence[X25519PrivateKey],
    ) -> Iterator[bytes]:
        """What is inside, once the envelope is found to be for ``own`` from whom it says.

        ``check_key`` raises TheirFault unless the sender's key is in force; ``openers`` are our own.
        Raises at once BadInput (``courier.recipient``, ``courier.key``) or TheirFault (``key.*``,
        ``courier.forged``); while it is read, TheirFault (``courier.altered``, ``courier.truncated``).
        """
        header = self.header
        if header.recipient != own:
            raise BadInput("courier.recipient", own, header.recipient[:200])
        check_key(header.signer)
        try:
            signer = Ed25519PublicKey.from_public_bytes(b64decode(header.signer, validate=True))
            signer.verify(self._signature, MAGIC + self._raw)
        except (InvalidSignature, ValueError):
            expected = f"a file sealed by {header.sender[:80]}"
            raise TheirFault("courier.forged", expected, "a signature that does not verify") from None
        opener = next((key for key in openers if _text(key.public_key()) == header.opener), None)
        if opener is None:
            expected = "a file sealed for an agreement key of ours (is our card there out of date?)"
            raise BadInput("courier.key", expected, "one for another key")
        try:
            shared = opener.exchange(agreement_key(header.ephemeral))
        except ValueError:  # RFC 7748 section 6.1: a key of low order gives zeros
            raise TheirFault(
                "courier.forged", "a key made for this file", "one that agrees on nothing"
            ) from None
        chunks = self._chunks(_cipher(shared, self._raw))
        first = next(chunks)  # what is not ours to open says so before anything is taken in
        return _after(first, chunks)

    def _chunks(self, cipher: AESGCM) -> Iterator[bytes]:
        number, whole = 0, CHUNK_BYTES + _TAG_BYTES
        for piece in itertools.chain((b"",), self._pieces):  # what came with the header first
            self._waiting += piece
            while len(self._waiting) > whole + len(TRAILER):
                yield _open(cipher, number, bytes(self._waiting[:whole]), last=False)
                del self._waiting[:whole]
                number += 1
        if not self._waiting.endswith(TRAILER):
            expected = "a sealed file that ends where it was sealed"
            raise TheirFault("courier.truncated", expected, f"one that breaks off in chunk {number}")
        yield _open(cipher, number, bytes(self._waiting[: -len(TRAILER)]), last=True)


def _open(cipher: AESGCM, number: int, chunk: bytes, *, last: bool) -> bytes:
    try:
        return cipher.decrypt(_nonce(number, last=last), chunk, None)
    except (InvalidTag, ValueError):
        expected = "chunks as they were sealed"
        raise TheirFault("courier.altered", expected, f"another chunk {number}") from None


def agreement_key(text: str) -> X25519PublicKey:
    """The X25519 key (RFC 7748) written as base64 of 32 bytes.  Raises BadInput."""
    try:
        return X25519PublicKey.from_public_bytes(b64decode(text, validate=True))
    except ValueError:
        raise BadInput("courier.key", "an X25519 public key, 32 bytes in base64", "another form") from None


def _cipher(shared: bytes, header: bytes) -> AESGCM:
    """HKDF (RFC 5869), bound to the header and with it to sender, recipient and both public keys."""
    info = b"renkei sealed v1\n" + hashlib.sha256(header).digest()
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(shared))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


def _text(key: Ed25519PublicKey | X25519PublicKey) -> str:
    return b64encode(key.public_bytes_raw()).decode()


def _after(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
