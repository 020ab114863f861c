"""A headquarters' own keys, and everything made with them.

Three secrets, three lives.  The *identity key* (Ed25519) is the headquarters: it signs checkpoints,
countersigns receipts, signs the partner card and, as a certificate authority of its own, issues the
link certificate.  The *alias secret* (32 bytes) makes the ids under which each partner knows this
headquarters' records; it never changes, or every id would.  The *link key* (Ed25519) is for TLS only
and is renewed with its certificate every few weeks.

Files, in a folder with mode 0700: ``identity.key``, ``alias.key``, ``link.key`` (key and certificate,
so that no crash can part them) with mode 0600; ``ca.pem`` and ``identity.json`` (id and chain of
public keys) hold nothing secret.
"""

import os
import secrets
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
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
from .rotation import KeyPeriod, public_text, verify_chain

ALIAS_SECRET_BYTES = 32
"""As long as the hash that is keyed with what is derived from it (RFC 2104 section 3)."""


class _About(msgspec.Struct, frozen=True):
    """``identity.json``: whose keys these are, and the chain of public identity keys."""

    hq: HqId
    keys: tuple[KeyPeriod, ...]


class Identity:
    """One headquarters' keys, loaded.  Safe to share between threads; renewing replaces whole values."""

    def __init__(self, folder: Path, about: _About, key: Ed25519PrivateKey, alias_secret: bytes) -> None:
        self.folder = folder
        self.hq: str = about.hq
        self.keys = about.keys
        self._key = key
        self._alias_secret = alias_secret
        self.authority = read_ca(read_public(folder / "ca.pem").decode(), about.hq, key.public_key())
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
        secret = _private_key(folder / "identity.key")
        alias_secret = read_secret(folder / "alias.key")
        try:
            about = msgspec.json.decode(read_public(folder / "identity.json"), type=_About)
            verify_chain(about.hq, about.keys)
            if len(alias_secret) != ALIAS_SECRET_BYTES:
                raise BadInput(
                    "keys.alias", f"an alias secret of {ALIAS_SECRET_BYTES} bytes", f"{len(alias_secret)}"
                )
            if public_text(secret.public_key()) != about.keys[-1].public:
                raise BadInput(
                    "keys.identity", "identity.key to be the newest key in identity.json", "another"
                )
            return cls(folder, about, secret, alias_secret)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise OurFault("keys.damaged", "a sound identity.json", type(error).__name__) from error
        except OurFault:
            raise
        except RenkeiError as error:
            raise OurFault("keys.damaged", "keys and certificates that fit together", str(error)) from error

    @property
    def private_key(self) -> Ed25519PrivateKey:
        """The identity key, for what signs with it (checkpoints, receipts, cards)."""
        return self._key

    @property
    def signer(self) -> NoteSigner:
        """Signs this headquarters' checkpoints, as ``<hq>/renkei``."""
        return NoteSigner(note_name(self.hq), self._key)

    @property
    def cosigner(self) -> NoteSigner:
        """Countersigns partners' checkpoints: the same key, under another signature type and prefix."""
        return NoteSigner(note_name(self.hq), self._key)

    def alias_key(self, partner: str) -> bytes:
        """The key (32 bytes) of the ids under which ``partner`` knows our records.

        HKDF-SHA-256 (RFC 5869) of the alias secret; no partner's key tells anything about another's.
        """
        info = f"renkei alias v1\n{self.hq}\n{partner}\n".encode()
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._alias_secret)

    def card(self, names: Names, link: str, clock: Clock | None = None, policy: str = "") -> PartnerCard:
        """This headquarters' card as of now; ``link`` is its ``host:port``, empty if it only dials."""
        return PartnerCard(
            hq=self.hq,
            names=names,
            keys=self.keys,
            ca=self.authority.public_bytes(Encoding.PEM).decode(),
            link=link,
            policy=policy,
            issued=(clock or SystemClock()).now(),
        )

    def signed_card(self, names: Names, link: str, clock: Clock | None = None, policy: str = "") -> bytes:
        """The card file to hand to partners."""
        return sign_card(self.card(names, link, clock, policy), self._key)

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
        """Renew the link certificate if under a third of its life is left; whether it was renewed."""
        now = (clock or SystemClock()).now()
        if self.link_certificate.not_valid_after_utc - now > timedelta(days=RENEW_BEFORE_DAYS):
            return False
        self.renew_link_certificate(clock)
        return True

    def _read_link_certificate(self) -> x509.Certificate:
        try:
            certificate = x509.load_pem_x509_certificate(read_secret(self.link_file))
        except ValueError as error:
            raise OurFault("keys.damaged", "a certificate and key in link.key", "something else") from error
        check_origin(certificate, self.hq, self.authority)
        return certificate


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
