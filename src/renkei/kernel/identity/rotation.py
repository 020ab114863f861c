"""How an identity key hands over to the next: pure functions over a short text both keys stand under.

A headquarters' keys form a chain, oldest first.  Every key but the first carries a *statement*: the
previous key's signature over the text below.  Whoever pinned any key of the chain can follow it to
the newest without asking a person again; whoever pinned none compares fingerprints by voice.

    renkei key rotation v1
    <headquarters id>
    <old public key, base64>
    <new public key, base64>
    <valid from, RFC 3339 UTC, milliseconds>
    <valid until, likewise>

The ceremony around it (who decides, how partners are told, a compromised old key) is ADR 0006.
"""

import itertools
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ..errors import BadInput, TheirFault

MAX_KEYS = 16
"""Keys in one chain: a key lives about five years, so this is eighty of them, or a busy decade."""


class KeyPeriod(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One identity key and when it signs.  ``public`` is the 32-byte Ed25519 key in base64.

    ``statement`` is the base64 signature by the key before it; the first key has none.
    """

    public: str
    since: datetime
    until: datetime
    statement: str = ""

    @property
    def key(self) -> Ed25519PublicKey:
        """The public key.  Raises BadInput when the text is not one."""
        return public_from_text(self.public)


def public_text(key: Ed25519PublicKey) -> str:
    """``key`` as base64 of its 32 bytes (RFC 8032)."""
    return b64encode(key.public_bytes_raw()).decode()


def public_from_text(text: str) -> Ed25519PublicKey:
    """The key written as base64 of 32 bytes.  Raises BadInput."""
    try:
        return Ed25519PublicKey.from_public_bytes(b64decode(text, validate=True))
    except ValueError as error:
        raise BadInput(
            "key.form",
            "an Ed25519 public key, 32 bytes in base64",
            f"{len(text)} characters that are not one",
        ) from error


def rotation_statement(
    hq: str, old: Ed25519PrivateKey, new: Ed25519PublicKey, since: datetime, until: datetime
) -> KeyPeriod:
    """``new`` as the next key of ``hq`` from ``since`` until ``until``, vouched for by ``old``."""
    text = _text(hq, public_text(old.public_key()), public_text(new), since, until)
    return KeyPeriod(
        public=public_text(new), since=since, until=until, statement=b64encode(old.sign(text)).decode()
    )


def verify_rotation(hq: str, old: KeyPeriod, new: KeyPeriod) -> None:
    """Raise TheirFault unless ``old``'s key vouched for ``new`` and their times meet."""
    if not old.since <= new.since <= old.until:
        raise TheirFault(
            "key.window",
            f"a next key valid from between {old.since.isoformat()} and {old.until.isoformat()}",
            f"one from {new.since.isoformat()}",
        )
    text = _text(hq, old.public, new.public, new.since, new.until)
    try:
        old.key.verify(b64decode(new.statement, validate=True), text)
    except (InvalidSignature, ValueError) as error:
        raise TheirFault(
            "key.statement", f"a statement by {hq}'s previous key for its next", "one that does not verify"
        ) from error


def verify_chain(hq: str, keys: Sequence[KeyPeriod]) -> None:
    """Raise BadInput or TheirFault unless ``keys``, oldest first, each vouch for the next."""
    if not 1 <= len(keys) <= MAX_KEYS:
        raise BadInput("key.chain", f"1 to {MAX_KEYS} keys, oldest first", f"{len(keys)}")
    for period in keys:
        if period.since >= period.until:
            raise BadInput("key.window", "a key that ends after it begins", period.until.isoformat())
    if keys[0].statement:
        raise BadInput("key.chain", "a first key without a statement", "one with a statement")
    for old, new in itertools.pairwise(keys):
        verify_rotation(hq, old, new)


def verify_successor(hq: str, pinned: Sequence[KeyPeriod], offered: Sequence[KeyPeriod]) -> None:
    """Raise TheirFault unless ``offered`` continues the chain ``pinned``: same keys, perhaps more.

    A partner uses this before it replaces a pinned card by a newer one without asking a person.
    """
    verify_chain(hq, offered)
    ours, theirs = [k.public for k in pinned], [k.public for k in offered]
    if theirs[: len(ours)] != ours:
        raise TheirFault(
            "key.chain",
            f"a chain that continues the {len(ours)} pinned key(s) of {hq}",
            f"a chain of {len(theirs)} that does not",
        )


def _text(hq: str, old: str, new: str, since: datetime, until: datetime) -> bytes:
    lines = ("renkei key rotation v1", hq, old, new, moment_text(since), moment_text(until))
    return "".join(f"{line}\n" for line in lines).encode()


def moment_text(moment: datetime) -> str:
    """``moment`` as signed texts state it: UTC, milliseconds, ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
