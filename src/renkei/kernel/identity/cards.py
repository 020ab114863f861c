"""Partner cards: what a headquarters hands another so that the two can link, and what is kept of it.

A card is a small JSON file, ``{"card": {...}, "signature": "..."}``.  The signature is Ed25519 by the
card's newest identity key over ``renkei card v1\\n`` and the exact bytes of the ``card`` value; those
bytes are kept, never re-encoded, so that a newer partner's extra fields ride along.

A card proves only that whoever holds the key wrote it.  That the key is the partner's is settled
once, by two people reading the *fingerprint* to each other; from then on the key is pinned, and newer
cards are followed through the chain of keys (``rotation``).

A ``PartnerEntry`` is this side's decision about a partner: the card, the clearance granted, from when
until when, and who dials.  It is kept in ``partners/<hq>.json``.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ..errors import BadInput, OurFault, TheirFault
from ..labels.model import Clearance
from ..log.checkpoint import NoteVerifier
from ..records import HQ_PATTERN, HqId
from .certificates import read_ca
from .files import write_atomically
from .revocation import RevokedKey
from .ring import KeyRing, check_in_force
from .rotation import KeyPeriod, public_text, verify_chain

MAX_CARD_BYTES = 64 * 1024
"""A card with sixteen keys is under 16 KiB; more is no card and is not parsed."""
FINGERPRINT_GROUPS = 8
"""Groups of five digits: 40 digits, 132 bits, beyond finding a second key with the same ones.
Digits because both languages read them aloud alike."""
_SIGNED = b"renkei card v1\n"
_HQ = re.compile(HQ_PATTERN)
_ADDRESS = re.compile(r"^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9.-]{1,253})):([0-9]{1,5})$")

Connect = Literal["dial", "listen"]
OneWay = Literal["", "out", "in"]


class Names(msgspec.Struct, frozen=True):
    """What a headquarters is called."""

    en: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    ja: Annotated[str, msgspec.Meta(max_length=200)] = ""


class PartnerCard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A headquarters as others need to know it.

    ``keys`` are its identity keys, oldest first; the last is the one in use.  ``ca`` is its CA
    certificate in PEM, ``link`` its ``host:port`` for links (empty: it only dials, or uses couriers),
    ``policy`` the id of its labelling policy (a URN).  ``former`` are the CA certificates of earlier
    keys that still issue its link certificates, while a newer key is announced but not in use yet.
    ``agreement`` is the X25519 key (base64) that couriers' files are sealed for.
    """

    hq: HqId
    names: Names
    keys: tuple[KeyPeriod, ...]
    ca: str
    link: str = ""
    policy: str = ""
    issued: datetime
    former: tuple[str, ...] = ()
    agreement: str = ""

    @property
    def key(self) -> Ed25519PublicKey:
        """The newest identity key, which signed the card."""
        return self.keys[-1].key

    @property
    def verifier(self) -> NoteVerifier:
        """Verifies notes by the newest key alone; ``PartnerEntry.ring`` knows them all."""
        return NoteVerifier(note_name(self.hq), self.key)

    @property
    def until(self) -> datetime:
        """When the key in use, and with it the card, ends."""
        return self.keys[-1].until

    @property
    def authority(self) -> x509.Certificate:
        """The newest key's CA certificate, which issues this headquarters' link certificates."""
        return read_ca(self.ca, self.hq, self.key)

    @property
    def authorities(self) -> tuple[tuple[str, x509.Certificate], ...]:
        """Every CA certificate on the card, each after its public key, the newest first."""
        return ((self.keys[-1].public, self.authority), *(_former(pem, self) for pem in self.former))


class _Signed(msgspec.Struct, frozen=True):
    card: msgspec.Raw
    signature: str


class PartnerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One partner as this headquarters has agreed to deal with it.

    ``signed`` are the card's exact bytes as received.  ``connect`` says who opens the link: ``dial``
    means this node does.  ``address`` replaces the card's ``host:port`` where that one does not lead
    there from here.  ``until`` is None for "until further notice".  ``revoked`` are keys of
    the partner that are believed no more, of this card or of an earlier one.  ``kinds`` (none named: all) and
    ``cites`` are what the first agreement covers and rests on.  ``one_way`` tells that files go ``out`` to
    the partner only, or come ``in`` from it only, as through a data diode.
    """

    card: PartnerCard
    signed: bytes
    clearance: Clearance
    since: datetime
    until: datetime | None = None
    connect: Connect = "dial"
    address: str = ""
    revoked: tuple[RevokedKey, ...] = ()
    kinds: tuple[str, ...] = ()
    cites: str = ""
    one_way: OneWay = ""

    @property
    def hq(self) -> str:
        """The partner's id."""
        return self.card.hq

    def ring(self, now: Callable[[], datetime] | None) -> KeyRing:
        """Verifies the partner's notes: by the keys in force ``now()``, or without it by any it had."""
        return KeyRing(self.hq, self.card.keys, self.revoked, now)

    def check_key(self, public: str, now: datetime) -> None:
        """Raise TheirFault (``key.*``) unless the partner's key ``public`` is believed ``now``."""
        check_in_force(self.hq, public, self.card.keys, self.revoked, now)

    @property
    def authorities(self) -> tuple[tuple[str, x509.Certificate], ...]:
        """CA certificates after their public keys; those of revoked keys last, known so as to be refused."""
        gone = [
            (key.period.public, read_ca(key.ca, self.hq, key.period.key)) for key in self.revoked if key.ca
        ]
        current = self.card.authorities
        return (*current, *(pair for pair in gone if pair not in current))

    @property
    def endpoint(self) -> tuple[str, int]:
        """Host and port to dial.  Raises BadInput when there is none."""
        return parse_address(self.address or self.card.link)

    def over(self, now: datetime) -> bool:
        """Whether the agreement has ended; only agreeing anew brings it back."""
        return self.until is not None and self.until <= now

    def in_force(self, now: datetime) -> bool:
        """Whether the agreement holds ``now``."""
        return self.since <= now and (self.until is None or now < self.until)


class _EntryFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    signed: msgspec.Raw
    clearance: Clearance
    since: datetime
    until: datetime | None = None
    connect: Connect = "dial"
    address: str = ""
    revoked: tuple[RevokedKey, ...] = ()
    kinds: tuple[str, ...] = ()
    cites: str = ""
    one_way: OneWay = ""


def note_name(hq: str) -> str:
    """The key name under which ``hq`` signs notes (c2sp.org/signed-note)."""
    return f"{hq}/renkei"


def sign_card(card: PartnerCard, key: Ed25519PrivateKey) -> bytes:
    """The card file for ``card``, signed by its newest key.  Raises BadInput if ``key`` is another."""
    if public_text(key.public_key()) != card.keys[-1].public:
        raise BadInput("card.key", "the private key of the card's newest identity key", "another key")
    if card.link:
        parse_address(card.link)
    body = msgspec.json.encode(card)
    signed = _Signed(msgspec.Raw(body), b64encode(key.sign(_SIGNED + body)).decode())
    return msgspec.json.encode(signed) + b"\n"


def open_card(data: bytes, now: datetime) -> PartnerCard:
    """The card in ``data``, proven whole and valid ``now``.

    Raises BadInput (``card.malformed``, ``card.expired``, ``card.early``, ``card.certificate``) or
    TheirFault (``card.signature``, ``key.*``, ``card.certificate``).
    """
    card = read_card(data)
    if now > card.until:
        raise BadInput(
            "card.expired", f"a card valid at {now.isoformat()}", f"one until {card.until.isoformat()}"
        )
    if now < card.keys[0].since:
        raise BadInput(
            "card.early",
            f"a card valid at {now.isoformat()}",
            f"one from {card.keys[0].since.isoformat()} (is a clock wrong?)",
        )
    return card


def read_card(data: bytes) -> PartnerCard:
    """The card in ``data``, proven whole, whatever its dates: for a card that was accepted before."""
    # 1. The form.
    if len(data) > MAX_CARD_BYTES:
        raise BadInput("card.malformed", f"a card of at most {MAX_CARD_BYTES} bytes", f"{len(data)} bytes")
    try:
        signed = msgspec.json.decode(data, type=_Signed)
        card = msgspec.json.decode(signed.card, type=PartnerCard)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadInput("card.malformed", "a partner card in JSON", _without_content(error)) from error
    if card.link:
        parse_address(card.link)
    # 2. The keys, each vouched for by the one before.
    verify_chain(card.hq, card.keys)
    # 3. The signature, over the bytes as they came.
    try:
        card.key.verify(b64decode(signed.signature, validate=True), _SIGNED + bytes(signed.card))
    except (InvalidSignature, ValueError) as error:
        raise TheirFault(
            "card.signature",
            f"a card signed by the identity key of {card.hq}",
            "a signature that does not verify",
        ) from error
    # 4. The certificates, each for a key of the chain.
    _ = card.authorities
    return card


def _former(pem: str, card: PartnerCard) -> tuple[str, x509.Certificate]:
    """A former CA certificate, after the key of the card's chain that it is for."""
    for period in card.keys[:-1]:
        try:
            return period.public, read_ca(pem, card.hq, period.key)
        except TheirFault:
            continue
    raise TheirFault("card.certificate", "former CA certificates for keys of the card", "one for another key")


def fingerprint(card: PartnerCard) -> str:
    """Eight groups of five digits for two people to compare by voice, e.g. ``04821 93377 ...``.

    They stand for the headquarters id and its newest identity key (SHA-256 of both, as a number).
    """
    return fingerprint_of(card.hq, card.keys[-1].public)


def fingerprint_of(hq: str, public: str) -> str:
    """The same of the identity key ``public``, as cards write it, of ``hq``."""
    digest = hashlib.sha256(f"renkei fingerprint v1\n{hq}\n{public}\n".encode()).digest()
    width = 5 * FINGERPRINT_GROUPS
    digits = f"{int.from_bytes(digest) % 10**width:0{width}d}"
    return " ".join(digits[start : start + 5] for start in range(0, width, 5))


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of ``host:port`` (IPv6 in brackets).  Raises BadInput."""
    match = _ADDRESS.match(text)
    if match is None or not 0 < int(match[3]) < 65536:
        raise BadInput("link.address", "an address host:port", f"{text[:80]!r}")
    return match[1] or match[2], int(match[3])


def save_partner(folder: Path, entry: PartnerEntry) -> Path:
    """Write ``entry`` to ``folder/<hq>.json`` atomically; the file's path."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = _EntryFile(
        signed=msgspec.Raw(entry.signed.strip()),
        clearance=entry.clearance,
        since=entry.since,
        until=entry.until,
        connect=entry.connect,
        address=entry.address,
        revoked=entry.revoked,
        kinds=entry.kinds,
        cites=entry.cites,
        one_way=entry.one_way,
    )
    path = folder / f"{entry.hq}.json"
    write_atomically(path, msgspec.json.encode(file) + b"\n")
    return path


def load_partner(path: Path) -> PartnerEntry:
    """The entry in ``path``.  Raises OurFault naming the file when it is damaged or misnamed.

    The card's signature is proven again; an expired card loads, and the link says that it expired.
    """
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_EntryFile)
        signed = bytes(file.signed)
        card = read_card(signed)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise OurFault(
            "partner.file", f"a partner's entry in {path.name}", _without_content(error)
        ) from error
    except (BadInput, TheirFault) as error:
        raise OurFault("partner.file", f"a sound card in {path.name}", str(error)) from error
    except OSError as error:
        raise OurFault(
            "partner.file", f"a readable file {path.name}", error.strerror or "an error"
        ) from error
    if path.stem != card.hq:
        raise OurFault("partner.file", f"the card of {path.stem} in {path.name}", f"that of {card.hq}")
    return PartnerEntry(
        card=card,
        signed=signed,
        clearance=file.clearance,
        since=file.since,
        until=file.until,
        connect=file.connect,
        address=file.address,
        revoked=file.revoked,
        kinds=file.kinds,
        cites=file.cites,
        one_way=file.one_way,
    )


def load_partners(folder: Path) -> dict[str, PartnerEntry]:
    """All partners in ``folder`` by id, in order of id; none when there is no such folder."""
    paths = sorted(path for path in folder.glob("*.json") if _HQ.match(path.stem))
    return {entry.hq: entry for entry in map(load_partner, paths)}


def _without_content(error: Exception) -> str:
    """Where decoding failed, without the bytes it failed on."""
    return str(error)[:200] if isinstance(error, msgspec.MsgspecError) else "bytes that are not UTF-8"
