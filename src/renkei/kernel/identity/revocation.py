"""Revocation: how a key ends before its time, and what is kept of it.

A *notice* is a short text signed by the very key that it revokes:

    renkei key revocation v1
    <headquarters id>
    <revoked public key, base64>
    <reason: compromised, lost or retired>
    <moment from which its statements are not to be believed, RFC 3339 UTC, milliseconds>

Whoever can sign that holds the key: its owner, or the thief, and in either case the key is finished.  So a
partner acts on a notice at once, without a telephone.  A notice can only take trust away; what gives trust
anew is a card whose fingerprint two people have compared.  A notice can be made ahead and kept in a
safe, for the day on which the key itself is lost.

A revoked key is never forgotten: what it signed and was countersigned before stays provable.
"""

from base64 import b64decode, b64encode
from datetime import datetime
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ..clock import Instant
from ..errors import BadInput, TheirFault
from ..records import HqId
from .rotation import KeyPeriod, moment_text, public_from_text, public_text

MAX_NOTICE_BYTES = 4 * 1024
"""A notice is five short fields and a signature: under 500 bytes."""
Reason = Literal["compromised", "lost", "retired"]
"""Why a key ended: in other hands, in nobody's, or replaced by an unconnected one without harm."""


class Notice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a revocation says, and its signature (base64) by the key it revokes."""

    revoked: str
    hq: HqId
    reason: Reason
    at: Instant
    signature: str = ""

    def encode(self) -> bytes:
        """As a JSON file."""
        return msgspec.json.encode(self) + b"\n"


class RevokedKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A key that is believed no more: its period, the CA certificate it signed (PEM), when and why.

    ``at`` is when this node stopped believing it; ``suspect`` the moment that the notice names, from which
    on what it signed is doubtful even if it came before ``at``.
    """

    period: KeyPeriod
    at: Instant
    suspect: Instant
    reason: Reason
    ca: str = ""


def sign_notice(hq: str, key: Ed25519PrivateKey, reason: Reason, at: datetime) -> Notice:
    """The notice by which ``key`` of ``hq`` revokes itself, from ``at`` on."""
    notice = Notice(revoked=public_text(key.public_key()), hq=hq, reason=reason, at=at)
    return msgspec.structs.replace(notice, signature=b64encode(key.sign(_text(notice))).decode())


def open_notice(data: bytes) -> Notice:
    """The notice in a file, proven to be by the key it revokes.  Raises BadInput or TheirFault."""
    if len(data) > MAX_NOTICE_BYTES:
        raise BadInput("notice.malformed", f"a notice of at most {MAX_NOTICE_BYTES} bytes", f"{len(data)}")
    try:
        notice = msgspec.json.decode(data, type=Notice)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise BadInput("notice.malformed", "a notice of revocation in JSON", "another form") from None
    try:
        signature = b64decode(notice.signature, validate=True)
        public_from_text(notice.revoked).verify(signature, _text(notice))
    except (InvalidSignature, ValueError) as error:
        raise TheirFault(
            "notice.signature", "a notice signed by the key it revokes", "a signature that does not verify"
        ) from error
    return notice


def is_notice(data: bytes) -> bool:
    """Whether a file claims to be a notice, to tell it from a card."""
    return data.lstrip().startswith(b'{"revoked"')


def _text(notice: Notice) -> bytes:
    lines = (
        "renkei key revocation v1",
        notice.hq,
        notice.revoked,
        notice.reason,
        moment_text(notice.at),
    )
    return "".join(f"{line}\n" for line in lines).encode()
