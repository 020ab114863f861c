"""Signed tree heads and receipts: C2SP signed notes, checkpoints and cosignatures.

A *checkpoint* says "this log, at this size, has this root"; the log's owner signs it.  A *cosignature*
on the same text says "I have seen and kept that much of the log, and it agrees with all I saw of it
before"; the partner who received a log signs that, and it is the owner's receipt.  Both travel as one
text, a *note*::

    renkei/us.usfj/jp.jjoc                      origin
    1000                                        size
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=    root, base64
                                                (empty line)
    — us.usfj/renkei <base64 of key id and signature>   one line per signature

Sources: c2sp.org/signed-note v1.0.0 (format, key ids, type 0x01), c2sp.org/tlog-checkpoint v1.0.0
(text), c2sp.org/tlog-cosignature v1.0.0 (type 0x04).  The strict readings: base64 must be canonical;
a failing signature under a known key rejects the whole note; signatures of unknown keys are passed over.

A note that cannot be believed raises TheirFault, with one of three codes: ``checkpoint.malformed`` (not a
note or not a checkpoint), ``checkpoint.unknown-key`` (nobody known signed it), ``checkpoint.forged`` (a
known key's name stands by a signature it did not make).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ..errors import TheirFault
from .merkle import HASH_BYTES

ED25519 = 0x01
"""Signature type of a plain Ed25519 signature over the text (signed-note)."""
COSIGNATURE = 0x04
"""Signature type of a timestamped Ed25519 cosignature (tlog-cosignature)."""

MAX_NOTE_BYTES = 16 * 1024
"""Of one note: three short lines and sixteen signatures need under 4 KiB."""
MAX_SIGNATURES = 16
"""In one note; signed-note says at least 16 must be accepted, and a note here has two."""
MAX_SIZE = 2**63 - 1
"""Of a tree: what an SQLite integer holds."""

_KEY_ID_BYTES = 4
_TIME_BYTES = 8
_SIGNATURE_BYTES = 64
_SIZE_LINE = re.compile(r"0|[1-9][0-9]{0,18}")
_KEY_NAME = re.compile(r"[^\s+]+")
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class Checkpoint(msgspec.Struct, frozen=True):
    """A log's name, its number of entries, and the 32-byte RFC 6962 root over them."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


class Cosigned(msgspec.Struct, frozen=True):
    """A checkpoint with its receipt: when the partner cosigned it (UTC, whole seconds)."""

    checkpoint: Checkpoint
    at: datetime


class NoteVerifier:
    """A name and a public key one believes under that name."""

    def __init__(self, name: str, key: Ed25519PublicKey) -> None:
        self.name = _checked_name(name)
        self.key = key
        public = key.public_bytes_raw()
        self._ids = {kind: key_id(name, kind, public) for kind in (ED25519, COSIGNATURE)}

    def id(self, kind: int) -> bytes:
        """The 4-byte key id for signatures of type ``kind``."""
        return self._ids[kind]

    def of(self, key_id: bytes, kind: int) -> "NoteVerifier | None":
        """Who verifies signatures of type ``kind`` that bear ``key_id``; None if no key here does."""
        return self if self._ids[kind] == key_id else None

    @property
    def vkey(self) -> str:
        """The key as signed-note writes it: ``name+hex key id+base64(type, public key)``."""
        public = bytes([ED25519]) + self.key.public_bytes_raw()
        return f"{self.name}+{self.id(ED25519).hex()}+{base64.b64encode(public).decode()}"

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether this key made the Ed25519 ``signature`` over ``message``."""
        try:
            self.key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


class NoteSigner:
    """A name and the private key that signs under it."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self.verifier = NoteVerifier(name, key.public_key())
        self.name = name
        self._key = key

    def present(self) -> "NoteSigner":
        """The signer with the key in use now; another one only where keys follow one another."""
        return self

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature over ``message``."""
        return self._key.sign(message)


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """signed-note, "Signatures": the first 4 bytes of SHA-256(name, newline, type, public key)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:_KEY_ID_BYTES]


def checkpoint_text(checkpoint: Checkpoint) -> bytes:
    """The text that is signed: origin, size and root, each a line (tlog-checkpoint, "Note text")."""
    root = base64.b64encode(checkpoint.root).decode()
    lines = (checkpoint.origin, str(checkpoint.size), root, *checkpoint.extensions)
    text = "".join(f"{line}\n" for line in lines)
    if not all(lines) or text.count("\n") != len(lines) or len(checkpoint.root) != HASH_BYTES:
        raise ValueError("expected a one-line origin and a 32-byte root")
    return text.encode()


def sign_checkpoint(checkpoint: Checkpoint, signer: NoteSigner) -> bytes:
    """The note that publishes ``checkpoint`` under the signer's name."""
    text, signer = checkpoint_text(checkpoint), signer.present()
    return text + b"\n" + _line(signer.name, signer.verifier.id(ED25519), signer.sign(text))


def open_checkpoint(note: bytes, verifier: NoteVerifier) -> Checkpoint:
    """The checkpoint in ``note``, if ``verifier`` signed it.  Raises TheirFault (see above)."""
    text, signatures = _open(note)
    _verify_plain(text, signatures, verifier)
    return _parse(text)


def peek_checkpoint(note: bytes) -> Checkpoint:
    """What ``note`` claims, unverified: for one's own stored notes, and to find whose key to ask for."""
    return _parse(_open(note)[0])


def cosign(note: bytes, signer: NoteSigner, at: datetime) -> bytes:
    """``note`` with the signer's cosignature appended, dated ``at`` (cut to whole seconds).

    The caller must have verified the checkpoint and hold every entry it covers.
    """
    text, signatures = _open(note)
    if len(signatures) >= MAX_SIGNATURES:
        raise _malformed(f"fewer than {MAX_SIGNATURES} signatures", "a full note")
    seconds, signer = int(at.timestamp()), signer.present()
    signature = seconds.to_bytes(_TIME_BYTES) + signer.sign(_cosigned_message(seconds, text))
    return note + _line(signer.name, signer.verifier.id(COSIGNATURE), signature)


def open_cosigned(note: bytes, owner: NoteVerifier, cosigner: NoteVerifier) -> Cosigned:
    """The checkpoint and receipt in ``note``, signed by ``owner`` and cosigned by ``cosigner``.

    Of several cosignatures by the same key the latest counts.  Raises TheirFault (see above).
    """
    text, signatures = _open(note)
    _verify_plain(text, signatures, owner)
    latest = -1
    for member, signature in _of(signatures, cosigner, COSIGNATURE):
        latest = max(latest, _verify_cosignature(text, signature, member))
    if latest < 0:
        raise _unknown(cosigner, "no cosignature by that key")
    return Cosigned(_parse(text), datetime.fromtimestamp(latest, UTC))


def _verify_plain(text: bytes, signatures: list[tuple[str, bytes]], verifier: NoteVerifier) -> None:
    mine = list(_of(signatures, verifier, ED25519))
    if not mine:
        raise _unknown(verifier, "only signatures by other keys")
    if not all(member.verify(signature, text) for member, signature in mine):
        raise _forged(verifier)


def _verify_cosignature(text: bytes, signature: bytes, cosigner: NoteVerifier) -> int:
    """The POSIX seconds of one cosignature, verified."""
    if len(signature) != _TIME_BYTES + _SIGNATURE_BYTES:
        raise _malformed("72 bytes of time and signature", f"{len(signature)} bytes")
    seconds = int.from_bytes(signature[:_TIME_BYTES])
    if not cosigner.verify(signature[_TIME_BYTES:], _cosigned_message(seconds, text)):
        raise _forged(cosigner)
    if seconds > datetime.max.replace(tzinfo=UTC).timestamp():
        raise _malformed("a time before the year 10000", "a later one")
    return seconds


def _cosigned_message(seconds: int, text: bytes) -> bytes:
    """tlog-cosignature, "Ed25519 signed message"."""
    return b"cosignature/v1\ntime %d\n" % seconds + text


def _of(
    signatures: list[tuple[str, bytes]], verifier: NoteVerifier, kind: int
) -> Iterator[tuple[NoteVerifier, bytes]]:
    """The signatures of one type that claim to be by ``verifier``, each after the key that must fit it."""
    for name, raw in signatures:
        member = verifier.of(raw[:_KEY_ID_BYTES], kind) if name == verifier.name else None
        if member is not None:
            yield member, raw[_KEY_ID_BYTES:]


def _line(name: str, wanted: bytes, signature: bytes) -> bytes:
    return f"— {name} {base64.b64encode(wanted + signature).decode()}\n".encode()


def _open(note: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """A note's text and its (name, key id and signature) lines (signed-note, "Format")."""
    if len(note) > MAX_NOTE_BYTES:
        raise _malformed(f"at most {MAX_NOTE_BYTES} bytes", f"{len(note)}")
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise _malformed("UTF-8", "other bytes") from None
    if _CONTROL.search(whole):
        raise _malformed("no control characters but newline", "one")
    body, blank, tail = whole.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise _malformed("text, an empty line and whole signature lines", "something else")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise _malformed(f"at most {MAX_SIGNATURES} signatures", f"{len(lines)}")
    return body.encode() + b"\n", [_signature(line) for line in lines]


def _signature(line: str) -> tuple[str, bytes]:
    parts = _LINE.fullmatch(line)
    if not parts:
        raise _malformed("an em dash, a key name and base64 in a signature line", "another line")
    raw = _base64(parts[2])
    if raw is None or len(raw) <= _KEY_ID_BYTES:
        raise _malformed("a key id and a signature in base64", "other characters")
    return parts[1], raw


def _parse(text: bytes) -> Checkpoint:
    """tlog-checkpoint, "Note text"."""
    lines = text.decode()[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise _malformed("lines with origin, size and root", f"{len(lines)} lines, or an empty one")
    origin, size, root, *extensions = lines
    if not _SIZE_LINE.fullmatch(size) or int(size) > MAX_SIZE:
        raise _malformed("a decimal tree size", "something else in the second line")
    decoded = _base64(root)
    if decoded is None or len(decoded) != HASH_BYTES:
        raise _malformed("a root of 32 bytes in base64", "something else in the third line")
    return Checkpoint(origin, int(size), decoded, tuple(extensions))


def _base64(text: str) -> bytes | None:
    """What ``text`` encodes, or None; only the one canonical spelling is taken (RFC 4648 section 3.5)."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None


def _checked_name(name: str) -> str:
    if not _KEY_NAME.fullmatch(name):
        raise ValueError("expected a key name without spaces and plus signs")
    return name


def _malformed(expected: str, came: str) -> TheirFault:
    return TheirFault("checkpoint.malformed", expected, came)


def _unknown(verifier: NoteVerifier, came: str) -> TheirFault:
    return TheirFault("checkpoint.unknown-key", f"a signature by {verifier.name}", came)


def _forged(verifier: NoteVerifier) -> TheirFault:
    return TheirFault("checkpoint.forged", f"a signature made by {verifier.name}", "one that does not verify")
