"""The key that signs labels bound to exported records, and whose certificate it is.

XML signatures in the field know RSA and ECDSA, not Ed25519 (ADatP-4778.2 table 2-4), so a headquarters has
one more key, P-256, for this alone.  Its certificate is issued by the headquarters' own authority, the same
that issues the link certificate and that partners pinned with its card: whoever can verify the link can
verify a label.

File: ``keys/label.key`` (mode 0600), key and certificate together so that no crash can part them; made at
the first signature and renewed when the authority changed or its certificate is about to end.
"""

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from ..errors import OurFault, TheirFault
from .certificates import BACKDATED, ca_name, check_dates, load_certificate
from .files import SECRET_MODE, read_secret, write_atomically

LABEL_DAYS = 365
RENEW_BEFORE = timedelta(days=30)
UNIT = "Renkei labels"


class LabelKey:
    """A key for labels and its certificate."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self.key = key
        self.certificate = certificate

    @classmethod
    def of(
        cls, folder: Path, hq: str, authority: x509.Certificate, ca_key: Ed25519PrivateKey, now: datetime
    ) -> "LabelKey":
        """The key in the keys' ``folder``; a new one if there is none or its certificate will not do."""
        path = folder / "label.key"
        if path.exists():
            found = cls._load(path)
            if found.certificate.not_valid_after_utc - RENEW_BEFORE > now and _issued(
                found.certificate, authority
            ):
                return found
        key = ec.generate_private_key(ec.SECP256R1())
        made = cls(key, _issue(hq, ca_key, key.public_key(), now))
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_atomically(path, secret + made.certificate.public_bytes(Encoding.PEM), SECRET_MODE)
        return made

    @classmethod
    def _load(cls, path: Path) -> "LabelKey":
        data = read_secret(path)
        try:
            key, certificate = load_pem_private_key(data, None), load_certificate(data)
        except ValueError as err:
            raise OurFault("keys.form", f"a key and a certificate in {path.name}", "damage") from err
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise OurFault("keys.form", f"an elliptic-curve key in {path.name}", "another")
        return cls(key, certificate)


def check_label_certificate(
    certificate: x509.Certificate, authorities: dict[str, x509.Certificate], now: datetime
) -> str:
    """The headquarters of ``authorities`` whose certificate this is.

    Raises TheirFault ``binding.signer`` when none of them issued it, and for one out of date.
    """
    for hq, authority in authorities.items():
        # The signature first: a name is only read when it is asked for, and damage to it found only then.
        if _issued(certificate, authority) and certificate.subject == _name(hq):
            check_dates(certificate, f"{hq}'s label certificate", now)
            return hq
    known = ", ".join(authorities) or "nobody"
    raise TheirFault("binding.signer", f"a signature by {known}", "a certificate that none of them issued")


def _issue(
    hq: str, ca_key: Ed25519PrivateKey, public: ec.EllipticCurvePublicKey, now: datetime
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(hq))
        .issuer_name(ca_name(hq))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=LABEL_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_signing_only(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, None)
    )


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _name(hq: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, UNIT),
            x509.NameAttribute(NameOID.COMMON_NAME, hq),
        ]
    )


def _signing_only() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
