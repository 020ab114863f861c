"""A headquarters' own keys, and everything made with them.

Four secrets, four lives.  The *identity key* (Ed25519) is the headquarters: it signs checkpoints,
countersigns receipts, signs the partner card and, as a certificate authority of its own, issues the
link certificate.  The *alias secret* (32 bytes) makes the ids under which each partner knows this
headquarters' records; it never changes, or every id would.  The *link key* (Ed25519) is for TLS only
and is renewed with its certificate every few weeks.  The *agreement key* (X25519) is what partners seal
couriers' files for; its predecessor is kept, for files under way.

Files, in a folder with mode 0700: ``identity.key``, ``alias.key``, ``link.key`` (key and certificate,
so that no crash can part them), ``agreement.key`` and ``agreement-old.key`` with mode 0600;
``ca.pem`` and ``identity.json`` (id and chain of
public keys) hold nothing secret.  ``next.key`` and ``next-ca.pem`` are there while a new identity key
is announced, and while it takes the old one's place: writing ``identity.json`` with it is the step that
counts, and whatever a crash left undone after that ``load`` completes.
"""

import os
import secrets
import shutil
from base64 import b64encode
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ..clock import Clock, SystemClock
from ..errors import BadInput, OurFault, RenkeiError
from ..log.checkpoint import NoteSigner
from ..records import HqId
from .cards import Names, PartnerCard, note_name, sign_card
from .certificates import (
    IDENTITY_DAYS,
    LINK_DAYS,
    RENEW_BEFORE_DAYS,
    check_origin,
    issue_ca,
    issue_link,
    load_certificate,
    read_ca,
)
from .files import (
    FOLDER_MODE,
    SECRET_MODE,
    check_private_folder,
    read_public,
    read_secret,
    sync_folder,
    write_atomically,
)
from .revocation import Notice, Reason, RevokedKey, sign_notice
from .ring import KeyRing
from .rotation import KeyPeriod, public_text, rotation_statement, verify_chain

ALIAS_SECRET_BYTES = 32
"""As long as the hash that is keyed with what is derived from it (RFC 2104 section 3)."""


class _About(msgspec.Struct, frozen=True, omit_defaults=True):
    """``identity.json``: whose keys these are, the chain of public identity keys, the one announced, and
    those of chains that a revocation has ended.
    """

    hq: HqId
    keys: tuple[KeyPeriod, ...]
    next: KeyPeriod | None = None
    revoked: tuple[RevokedKey, ...] = ()


class Identity:
    """One headquarters' keys, loaded.  Safe to share between threads; renewing replaces whole values."""

    def __init__(self, folder: Path, about: _About, key: Ed25519PrivateKey, alias_secret: bytes) -> None:
        self.folder = folder
        self.hq: str = about.hq
        self._alias_secret = alias_secret
        self._take(about, key)

    def _take(self, about: _About, key: Ed25519PrivateKey) -> None:
        """Use these keys from here on."""
        self._about, self._key = about, key
        self._signer = NoteSigner(note_name(self.hq), key)
        self.ring = KeyRing(self.hq, about.keys, about.revoked)
        """Every key that this headquarters ever had, for notes already held."""
        self.authority = _authority(self.folder / "ca.pem", self.hq, key)
        self.link_certificate = self._read_link_certificate()

    @classmethod
    def create(cls, folder: Path, hq: str, clock: Clock | None = None) -> "Identity":
        """Make all keys of a new headquarters in ``folder``, which must be absent or empty.

        Everything is written beside it and takes its name in one step: a crash leaves no half identity.
        Raises BadInput for a malformed id, OurFault when keys are there already.
        """
        now = (clock or SystemClock()).now()
        if folder.exists() and any(folder.iterdir()):
            raise OurFault("keys.exist", f"no keys yet in folder {folder.name}", "a folder with files")
        folder.parent.mkdir(parents=True, exist_ok=True)
        building = folder.with_name(f".{folder.name}.{os.getpid()}.new")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=FOLDER_MODE)
        try:
            _write_new(building, hq, now)
            building.replace(folder)
            sync_folder(folder.parent)
        except OSError as error:
            raise OurFault("keys.write", "to be able to write keys", error.strerror or "an error") from error
        finally:
            shutil.rmtree(building, ignore_errors=True)
        return cls.load(folder)

    @classmethod
    def load(cls, folder: Path) -> "Identity":
        """The identity in ``folder``.

        Raises OurFault when a file is missing, damaged, does not fit the others, or others may read
        a secret one (the message tells the mode expected and the mode found).
        """
        check_private_folder(folder)
        alias_secret = read_secret(folder / "alias.key")
        try:
            about = _read_about(folder)
            verify_chain(about.hq, about.keys if about.next is None else (*about.keys, about.next))
            secret = _complete(folder, about)
            if len(alias_secret) != ALIAS_SECRET_BYTES:
                raise BadInput(
                    "keys.alias", f"an alias secret of {ALIAS_SECRET_BYTES} bytes", f"{len(alias_secret)}"
                )
            if public_text(secret.public_key()) != about.keys[-1].public:
                raise BadInput(
                    "keys.identity", "identity.key to be the newest key in identity.json", "another"
                )
            return cls(folder, about, secret, alias_secret)
        except UnicodeDecodeError as error:
            raise OurFault("keys.damaged", "certificates in PEM", type(error).__name__) from error
        except OurFault:
            raise
        except RenkeiError as error:
            raise OurFault("keys.damaged", "keys and certificates that fit together", str(error)) from error

    @property
    def keys(self) -> tuple[KeyPeriod, ...]:
        """The chain of identity keys, oldest first; the last one signs."""
        return self._about.keys

    @property
    def announced(self) -> KeyPeriod | None:
        """The key that takes over at its ``since``, if one is announced."""
        return self._about.next

    @property
    def revoked(self) -> tuple[RevokedKey, ...]:
        """This headquarters' own keys that were revoked."""
        return self._about.revoked

    @property
    def agreement_keys(self) -> tuple[X25519PrivateKey, ...]:
        """What opens files sealed for us: the agreement key on our card, then the one before it."""
        paths = (self.folder / "agreement.key", self.folder / "agreement-old.key")
        return tuple(
            X25519PrivateKey.from_private_bytes(read_secret(path)) for path in paths if path.exists()
        )

    def renew_agreement_key(self) -> None:
        """Make a new agreement key, and keep the present one for files under way.  Partners need the card."""
        _write_agreement(self.folder)

    @property
    def private_key(self) -> Ed25519PrivateKey:
        """The identity key, for what signs with it (checkpoints, receipts, cards)."""
        return self._key

    @property
    def signer(self) -> NoteSigner:
        """Signs this headquarters' checkpoints, as ``<hq>/renkei``, always by the key in use.

        Its verifier believes every key that this headquarters ever had, for what stands signed already.
        """
        return _Signer(self)

    @property
    def cosigner(self) -> NoteSigner:
        """Countersigns partners' checkpoints: the same key, under another signature type and prefix."""
        return self.signer

    @property
    def note_signer(self) -> NoteSigner:
        """Signs by the key in use at this moment, and by that one for as long as it is kept."""
        return self._signer

    def alias_key(self, partner: str) -> bytes:
        """The key (32 bytes) of the ids under which ``partner`` knows our records.

        HKDF-SHA-256 (RFC 5869) of the alias secret; no partner's key tells anything about another's.
        """
        info = f"renkei alias v1\n{self.hq}\n{partner}\n".encode()
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._alias_secret)

    def cursor_key(self) -> bytes:
        """The key (32 bytes) under which places in lists are handed out (``kernel/opaque``)."""
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"renkei cursor v1\n").derive(
            self._alias_secret
        )

    def card(self, names: Names, link: str, clock: Clock | None = None, policy: str = "") -> PartnerCard:
        """This headquarters' card as of now; ``link`` is its ``host:port``, empty if it only dials.

        While a new key is announced, the card ends with it, and has the present one's CA certificate too.
        """
        authority, keys = _pem_text(self.authority), self.keys
        former: tuple[str, ...] = ()
        if self.announced is not None:
            keys, former = (*keys, self.announced), (authority,)
            authority = read_public(self.folder / "next-ca.pem").decode()
        return PartnerCard(
            hq=self.hq,
            names=names,
            keys=keys,
            ca=authority,
            link=link,
            policy=policy,
            issued=(clock or SystemClock()).now(),
            former=former,
            agreement=_agreement_text(self.agreement_keys),
        )

    def signed_card(self, names: Names, link: str, clock: Clock | None = None, policy: str = "") -> bytes:
        """The card file to hand to partners, signed by the newest key on it."""
        key = self._key if self.announced is None else _private_key(self.folder / "next.key")
        return sign_card(self.card(names, link, clock, policy), key)

    @property
    def link_file(self) -> Path:
        """Link certificate and key in one PEM file, as ``ssl.SSLContext.load_cert_chain`` takes it."""
        return self.folder / "link.key"

    def renew_link_certificate(self, clock: Clock | None = None, days: int = LINK_DAYS) -> x509.Certificate:
        """Make a new link key and certificate, valid ``days`` from now, and use them from here on.

        Partners need not be told: they pin the authority.  Links that are up stay up.
        """
        now = (clock or SystemClock()).now()
        _write_link(
            self.folder, self.hq, self._key, now, min(now + timedelta(days=days), self.keys[-1].until)
        )
        self.link_certificate = self._read_link_certificate()
        return self.link_certificate

    def renew_if_due(self, clock: Clock | None = None) -> bool:
        """Do what is due: take the announced key into use, renew the link certificate; whether either was.

        The certificate is renewed when under a third of its life is left.
        """
        if self.activate_if_due(clock):
            return True
        now = (clock or SystemClock()).now()
        if self.link_certificate.not_valid_after_utc - now > timedelta(days=RENEW_BEFORE_DAYS):
            return False
        self.renew_link_certificate(clock)
        return True

    # --- one key after another (ADR 0006) ------------------------------------------------------------

    def announce(self, since: datetime) -> KeyPeriod:
        """Make the next identity key, which signs from ``since`` on; until then it only stands on the card.

        Raises BadInput when one is announced already, or ``since`` is not within the present key's time.
        """
        present = self.keys[-1]
        if self.announced is not None:
            raise BadInput("key.announced", "no key announced yet", f"one from {self.announced.since}")
        if not present.since <= since <= present.until:
            expected = f"a moment between {present.since} and {present.until}"
            raise BadInput("key.window", expected, str(since))
        key, until = Ed25519PrivateKey.generate(), since + timedelta(days=IDENTITY_DAYS)
        period = rotation_statement(self.hq, self._key, key.public_key(), since, until)
        _write_next(self.folder, self.hq, key, since, until)
        self._keep(msgspec.structs.replace(self._about, next=period))
        return period

    def activate_if_due(self, clock: Clock | None = None) -> bool:
        """Take the announced key into use once its time has come; whether that was now.

        The old private key is destroyed: nothing needs it any more, and its public key stays in the chain.
        """
        now, period = (clock or SystemClock()).now(), self._announced_since()
        if period is None or now < period.since:
            return False
        about = msgspec.structs.replace(self._about, keys=(*self.keys, period), next=None)
        self._keep(about)
        self._take(about, _complete(self.folder, about, now))
        return True

    def _announced_since(self) -> KeyPeriod | None:
        """The key announced, also by a command that ran beside this node."""
        about = _read_about(self.folder)
        if about.keys == self.keys:
            self._about = about
        return self.announced

    def notice(self, reason: Reason, at: datetime) -> Notice:
        """A notice that revokes the key in use from ``at`` on: to be kept in a safe, or sent."""
        return sign_notice(self.hq, self._key, reason, at)

    def _keep(self, about: _About) -> None:
        _write_about(self.folder, about)
        self._about = about

    def _read_link_certificate(self) -> x509.Certificate:
        try:
            certificate = load_certificate(read_secret(self.link_file))
        except ValueError as error:
            raise OurFault("keys.damaged", "a certificate and key in link.key", "something else") from error
        check_origin(certificate, self.hq, self.authority)
        return certificate


def start_anew(folder: Path, reason: Reason, suspect: datetime, clock: Clock | None = None) -> Identity:
    """End the chain of keys in ``folder``, and begin a new one with a key that nothing vouches for.

    Needs none of the old identity's secrets but the alias secret: the key may be lost.  ``suspect`` is the
    moment from which on it may have been in other hands.  A key announced ends with the chain.  Logs and
    aliases go on; partners take the new card only by its fingerprint.  The node must not be running.
    """
    now = (clock or SystemClock()).now()
    check_private_folder(folder)
    old = _read_about(folder)
    key, until = Ed25519PrivateKey.generate(), now + timedelta(days=IDENTITY_DAYS)
    _write_about(folder, msgspec.structs.replace(old, next=None))  # its files are about to be another key's
    _write_next(folder, old.hq, key, now, until)
    ended = [RevokedKey(period=period, at=now, suspect=suspect, reason=reason) for period in old.keys]
    period = KeyPeriod(public=public_text(key.public_key()), since=now, until=until)
    _write_agreement(folder)  # whoever has the one key may have the other
    _write_about(folder, _About(old.hq, (period,), revoked=(*old.revoked, *ended)))
    return Identity.load(folder)


def _read_about(folder: Path) -> _About:
    try:
        return msgspec.json.decode(read_public(folder / "identity.json"), type=_About)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise OurFault("keys.damaged", "a sound identity.json", type(error).__name__) from error


def _write_about(folder: Path, about: _About) -> None:
    write_atomically(folder / "identity.json", msgspec.json.encode(about) + b"\n")


class _Signer(NoteSigner):
    """Signs by whichever key of the identity is in use."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self.name = note_name(identity.hq)

    @property
    def verifier(self) -> KeyRing:  # type: ignore[override]
        """Believes all keys the headquarters ever had."""
        return self._identity.ring

    def present(self) -> NoteSigner:
        """See ``NoteSigner``."""
        return self._identity.note_signer

    def sign(self, message: bytes) -> bytes:
        """See ``NoteSigner``."""
        return self.present().sign(message)


def _complete(folder: Path, about: _About, now: datetime | None = None) -> Ed25519PrivateKey:
    """The private key that ``about`` says is in use, taking ``next.key`` into its place if it is that one.

    Each step may be done twice; the last one, the key's new name, is what ends the change.
    """
    secret, waiting = folder / "identity.key", folder / "next.key"
    if waiting.exists() and about.next is None:
        key = _private_key(waiting)
        if public_text(key.public_key()) == about.keys[-1].public:
            period = about.keys[-1]
            write_atomically(folder / "ca.pem", read_public(folder / "next-ca.pem"))
            since = max(now or period.since, period.since)
            _write_link(folder, about.hq, key, since, min(since + timedelta(days=LINK_DAYS), period.until))
            waiting.replace(secret)
            sync_folder(folder)
    return _private_key(secret)


def _write_next(folder: Path, hq: str, key: Ed25519PrivateKey, since: datetime, until: datetime) -> None:
    write_atomically(folder / "next-ca.pem", _pem_text(issue_ca(hq, key, since, until)).encode())
    write_atomically(folder / "next.key", _pem(key), SECRET_MODE)


def _authority(path: Path, hq: str, key: Ed25519PrivateKey) -> x509.Certificate:
    return read_ca(read_public(path).decode(), hq, key.public_key())


def _pem_text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _write_new(folder: Path, hq: str, now: datetime) -> None:
    """A new headquarters' files, into ``folder``.  Raises BadInput for a malformed id."""
    key = Ed25519PrivateKey.generate()
    until = now + timedelta(days=IDENTITY_DAYS)
    about = _About(hq, (KeyPeriod(public=public_text(key.public_key()), since=now, until=until),))
    try:
        msgspec.json.decode(msgspec.json.encode(about), type=_About)
    except msgspec.ValidationError as error:
        raise BadInput("hq.form", "a headquarters id such as us.usfj", f"{hq[:80]!r}") from error
    ca = issue_ca(hq, key, now, until)
    write_atomically(folder / "identity.key", _pem(key), SECRET_MODE)
    write_atomically(folder / "alias.key", secrets.token_bytes(ALIAS_SECRET_BYTES), SECRET_MODE)
    write_atomically(folder / "ca.pem", ca.public_bytes(Encoding.PEM))
    write_atomically(folder / "identity.json", msgspec.json.encode(about) + b"\n")
    _write_link(folder, hq, key, now, now + timedelta(days=LINK_DAYS))
    _write_agreement(folder)


def _write_agreement(folder: Path) -> None:
    present = folder / "agreement.key"
    if present.exists():
        write_atomically(folder / "agreement-old.key", read_secret(present), SECRET_MODE)
    write_atomically(present, X25519PrivateKey.generate().private_bytes_raw(), SECRET_MODE)


def _agreement_text(keys: tuple[X25519PrivateKey, ...]) -> str:
    return b64encode(keys[0].public_key().public_bytes_raw()).decode() if keys else ""


def _write_link(folder: Path, hq: str, key: Ed25519PrivateKey, since: datetime, until: datetime) -> None:
    link = Ed25519PrivateKey.generate()
    certificate = issue_link(hq, key, link.public_key(), since, until)
    write_atomically(folder / "link.key", _pem(link) + certificate.public_bytes(Encoding.PEM), SECRET_MODE)


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _private_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(read_secret(path), password=None)
    except (ValueError, TypeError) as error:
        raise OurFault("keys.damaged", f"an Ed25519 private key in {path.name}", "something else") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise OurFault("keys.damaged", f"an Ed25519 private key in {path.name}", "a key of another kind")
    return key
