"""The two certificates of a headquarters, and the check of a partner's.

Each headquarters is its own certificate authority: a certificate the identity key signs for itself
(the *CA certificate*, in the partner card), and under it one short-lived *link certificate* for TLS.
A partner pins the CA certificate, so a link key can be renewed without telling anybody, and no
third authority can vouch for a headquarters.

Profile: RFC 5280 with the extensions OpenSSL's strict mode wants (basicConstraints and keyUsage
critical, key identifiers on both).  Names: common name and one DNS subject alternative name, both
exactly the headquarters id.  Signatures: Ed25519 (RFC 8410).
"""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..errors import BadInput, TheirFault

IDENTITY_DAYS = 5 * 365
"""An identity key's planned life: long, as changing it means telling every partner (ADR 0006)."""
LINK_DAYS = 90
"""A link certificate's life: short, as renewing it is automatic and needs nobody else."""
RENEW_BEFORE_DAYS = 30
"""A link certificate is renewed when less than this is left: a third of its life."""
BACKDATED = timedelta(minutes=5)
"""How far certificates start in the past, so that a partner whose clock is a little slow accepts them."""


def issue_ca(hq: str, key: Ed25519PrivateKey, since: datetime, until: datetime) -> x509.Certificate:
    """The certificate ``key`` signs for itself as the authority of ``hq``."""
    public = key.public_key()
    return (
        _builder(hq, hq, public, since, until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(ca=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, None)
    )


def issue_link(
    hq: str, ca_key: Ed25519PrivateKey, public: Ed25519PublicKey, since: datetime, until: datetime
) -> x509.Certificate:
    """A link certificate for ``public``, issued by ``hq``'s own authority."""
    return (
        _builder(hq, hq, public, since, until, link=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
            critical=False,
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hq)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, None)
    )


_DAMAGE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for parts of a certificate that cannot be read."""


def load_certificate(data: bytes) -> x509.Certificate:
    """The certificate in ``data``, PEM or DER.  Raises ValueError for anything else.

    The library reads most parts only when they are asked for, and names damage to them in several ways;
    all are asked for here, so that what comes out can be used without fear.
    """
    load = x509.load_pem_x509_certificate if data.startswith(b"-----") else x509.load_der_x509_certificate
    try:
        found = load(data)
        _ = found.subject, found.issuer, found.extensions, found.public_key(), found.signature_hash_algorithm
        _ = found.not_valid_before_utc, found.not_valid_after_utc
    except _DAMAGE as error:
        raise ValueError(f"not a certificate: {type(error).__name__}") from error
    return found


def read_ca(pem: str, hq: str, key: Ed25519PublicKey) -> x509.Certificate:
    """The CA certificate in ``pem``, which must be ``hq``'s, for ``key``, signed by ``key``.

    Raises BadInput when it is not a certificate of this profile, TheirFault when its key or
    signature is another.
    """
    try:
        ca = load_certificate(pem.encode())
        constraints = ca.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, x509.ExtensionNotFound) as error:
        raise BadInput("card.certificate", "an X.509 CA certificate in PEM", type(error).__name__) from error
    if not constraints.ca or ca_name(hq) != ca.subject:
        raise BadInput(
            "card.certificate", f"a CA certificate named {_named(ca_name(hq))}", _named(ca.subject)
        )
    if ca.public_key() != key:
        raise TheirFault("card.certificate", "a CA certificate for the card's identity key", "another key")
    try:
        ca.verify_directly_issued_by(ca)
    except (InvalidSignature, ValueError, TypeError) as error:
        raise TheirFault(
            "card.certificate", "a CA certificate signed by its own key", "a bad signature"
        ) from error
    return ca


def check_link_certificate(peer: x509.Certificate, hq: str, ca: x509.Certificate, now: datetime) -> None:
    """Raise TheirFault unless ``peer`` is ``hq``'s link certificate, from its pinned ``ca``, valid ``now``.

    The order tells most first: whose certificate it is, who issued it, then its dates.
    """
    check_origin(peer, hq, ca)
    check_dates(peer, f"{hq}'s link certificate", now)
    check_dates(ca, f"{hq}'s CA certificate", now)


def check_origin(peer: x509.Certificate, hq: str, ca: x509.Certificate) -> None:
    """Raise TheirFault unless ``peer`` names ``hq`` and was issued by ``ca`` itself, whatever its dates."""
    names = names_in(peer)
    if names != (hq, hq):
        raise TheirFault(
            "link.name", f"a certificate of {hq}", f"one naming {' and '.join(sorted(set(names)))}"
        )
    try:
        peer.verify_directly_issued_by(ca)
    except (InvalidSignature, ValueError, TypeError) as error:
        raise TheirFault(
            "link.issuer", f"a certificate issued by the authority in {hq}'s card", "another issuer"
        ) from error


def check_dates(certificate: x509.Certificate, what: str, now: datetime) -> None:
    """Raise TheirFault when ``certificate`` is not valid ``now``: RFC 5280 section 4.1.2.5."""
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now > until:
        raise TheirFault(
            "certificate.expired",
            f"{what} valid at {_shown(now)}",
            f"one that expired {_shown(until)} (renew it; or is a clock wrong by {_span(now - until)}?)",
        )
    if now < since:
        raise TheirFault(
            "certificate.early",
            f"{what} valid at {_shown(now)}",
            f"one valid from {_shown(since)} (is a clock wrong by {_span(since - now)}?)",
        )


def names_in(certificate: x509.Certificate) -> tuple[str, str]:
    """The common name and the DNS alternative name; ``(none)`` or ``(several)`` where not exactly one."""
    try:
        common = [str(a.value) for a in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    except ValueError:
        common = []
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        other = [str(name.value) for name in extension.value]
    except (
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        ValueError,
    ):
        other = []
    return _only(common), _only(other)


def ca_name(hq: str) -> x509.Name:
    """How ``hq``'s authority is named, apart from its links, so that no chain is ambiguous."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Renkei headquarters authority"),
            x509.NameAttribute(NameOID.COMMON_NAME, hq),
        ]
    )


def _builder(
    hq: str,
    issuer: str,
    public: Ed25519PublicKey,
    since: datetime,
    until: datetime,
    *,
    link: bool = False,
) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hq)]) if link else ca_name(hq)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca_name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before((since - BACKDATED).astimezone(UTC))
        .not_valid_after(until.astimezone(UTC))
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _only(values: list[str]) -> str:
    if not values:
        return "(none)"
    return values[0] if len(values) == 1 else "(several)"


def _named(name: x509.Name) -> str:
    return name.rfc4514_string()[:120]


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


def _span(span: timedelta) -> str:
    """A length of time in its largest unit, e.g. ``3 days``, for the hint at a wrong clock."""
    seconds = int(span.total_seconds())
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} seconds"
