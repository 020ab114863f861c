"""TLS as links use it, and what its failures are called.

Both sides show a certificate (TLS 1.3, RFC 8446 section 4.3.2) that their own headquarters' authority
issued.  OpenSSL proves that *some* partner's pinned authority did; ``peer_of`` then says which, and
checks that the certificate names that very partner and is valid by this node's clock.  Dates are
checked here, not by OpenSSL, because only so can the refusal tell the dates.

No name is sent in the clear (no SNI), there is no resumption (every connection is authenticated
afresh), and ALPN ``renkei/1`` tells a partner's node from anything else that speaks TLS.
"""

import os
import socket
import ssl
from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from renkei.kernel.errors import OurFault, RenkeiError, TheirFault, Unreachable
from renkei.kernel.identity import (
    Identity,
    PartnerEntry,
    check_dates,
    check_link_certificate,
    load_certificate,
)

ALPN = "renkei/1"
_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h, which Python's ssl does not name."""

_REASONS = {
    "HTTP_REQUEST": ("a TLS 1.3 handshake", "an HTTP request"),
    "WRONG_VERSION_NUMBER": ("a TLS 1.3 handshake", "bytes that are not TLS"),
    "UNSUPPORTED_PROTOCOL": ("TLS 1.3", "an older TLS"),
    "TLSV1_ALERT_PROTOCOL_VERSION": ("TLS 1.3", "a partner that speaks another version"),
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": ("a caller with a certificate", "one without"),
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": ("our certificate to be taken", "a demand for a certificate"),
    "TLSV1_ALERT_UNKNOWN_CA": (
        "the partner to accept our certificate",
        "the answer that it does not know our authority (does it hold our present card?)",
    ),
    "SSLV3_ALERT_BAD_CERTIFICATE": ("the partner to accept our certificate", "the answer that it is bad"),
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": (
        "the partner to accept our certificate",
        "the answer that it expired",
    ),
    "NO_APPLICATION_PROTOCOL": (f"the protocol {ALPN}", "a caller that speaks another"),
    "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": (f"a partner that speaks {ALPN}", "the answer that it does not"),
    "UNEXPECTED_EOF_WHILE_READING": ("the connection to stay open", "its end, without notice"),
}

_SOCKET_ERRORS: tuple[tuple[type[OSError], str, str, str], ...] = (
    (socket.gaierror, "link.resolve", "a name that resolves to an address", "none"),
    (ConnectionRefusedError, "link.refused", "a node listening there", "a refusal"),
    (ConnectionResetError, "link.reset", "the connection to stay open", "a reset"),
    (BrokenPipeError, "link.reset", "the connection to stay open", "its end"),
    (TimeoutError, "link.timeout", "an answer in time", "none"),
)


def context_for(identity: Identity, partners: Iterable[PartnerEntry], *, listening: bool) -> ssl.SSLContext:
    """The TLS settings of a link, trusting exactly these partners' authorities.

    Raises OurFault when our own certificate cannot be loaded.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if listening else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # names are headquarters ids, checked by peer_of
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags = ssl.VerifyFlags(
        ssl.VerifyFlags.VERIFY_X509_STRICT | ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST | _NO_CHECK_TIME
    )
    context.set_alpn_protocols([ALPN])
    if listening:
        context.num_tickets = 0
    pems = [
        authority.public_bytes(Encoding.PEM).decode()
        for partner in partners
        for _, authority in partner.authorities
    ]
    try:
        context.load_cert_chain(identity.link_file)
        if pems:
            context.load_verify_locations(cadata="".join(pems))
    except (ssl.SSLError, OSError) as error:
        raise OurFault("link.keys", "a usable link key and certificates", type(error).__name__) from error
    return context


class Contexts:
    """Keeps the settings between connections, and makes new ones when certificate or partners change."""

    def __init__(self, identity: Identity, *, listening: bool) -> None:
        self._identity, self._listening = identity, listening
        self._made: tuple[x509.Certificate, tuple[PartnerEntry, ...], ssl.SSLContext] | None = None

    def get(self, partners: tuple[PartnerEntry, ...]) -> ssl.SSLContext:
        """The settings for ``partners`` and our present certificate.  Raises OurFault."""
        made, certificate = self._made, self._identity.link_certificate
        if made is not None and made[0] is certificate and made[1] is partners:
            return made[2]
        context = context_for(self._identity, partners, listening=self._listening)
        self._made = (certificate, partners, context)
        return context


def peer_of(
    tls: ssl.SSLSocket, partners: Iterable[PartnerEntry], now: datetime
) -> tuple[PartnerEntry, RenkeiError | None]:
    """Whose authority vouched for the other side, and what is wrong with it, if anything is.

    Raises TheirFault when no partner's did, or the other side does not speak our protocol.
    """
    if tls.selected_alpn_protocol() != ALPN:
        raise TheirFault("link.protocol", f"a partner that speaks {ALPN}", "one that does not say so")
    der = tls.getpeercert(binary_form=True)
    if der is None:
        raise TheirFault("link.certificate", "a certificate", "none")
    try:
        peer = load_certificate(der)
    except ValueError as error:
        raise TheirFault("link.certificate", "a well-formed certificate", "another") from error
    entry, key, authority = _issuing_partner(peer, partners)
    try:
        check_link_certificate(peer, entry.hq, authority, now)
        entry.check_key(key, now)
    except RenkeiError as error:
        return entry, error
    if not entry.in_force(now):
        return entry, TheirFault(
            "link.agreement", f"an agreement with {entry.hq} in force", "none at present"
        )
    return entry, None


def check_expected(found: PartnerEntry, fault: RenkeiError | None, expected: PartnerEntry) -> None:
    """Raise TheirFault unless who answered is whom we dialled, and nothing is wrong with them."""
    if found.hq != expected.hq:
        raise TheirFault("link.name", f"a certificate of {expected.hq}", f"one issued by {found.hq}")
    if fault is not None:
        raise fault


def check_own(identity: Identity, now: datetime) -> None:
    """Raise OurFault when our own link certificate is not valid: better told here than by a partner."""
    try:
        check_dates(identity.link_certificate, "our own link certificate", now)
    except TheirFault as error:
        raise OurFault(error.code, error.expected, error.came) from error


def name_failure(error: OSError) -> RenkeiError:
    """A socket's or TLS's error as one of ours: what was expected, what came."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return TheirFault(
            "link.certificate",
            "a certificate issued by a partner's pinned authority",
            f"one that is not ({error.verify_message})",
        )
    if isinstance(error, ssl.SSLError):
        reason = error.reason or (
            "UNEXPECTED_EOF_WHILE_READING" if isinstance(error, ssl.SSLEOFError) else ""
        )
        plain = f"a TLS error ({reason or 'no reason given'})"
        return TheirFault("link.tls", *_REASONS.get(reason, ("a TLS 1.3 exchange", plain)))
    for kind, code, expected, came in _SOCKET_ERRORS:
        if isinstance(error, kind):
            return Unreachable(code, expected, came)
    return Unreachable("link.socket", "a connection", _plain(error))


def _plain(error: OSError) -> str:
    """The system's own words for ``error``."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else type(error).__name__


def tune(sock: socket.socket) -> None:
    """Socket options for a link: small frames leave at once; a vanished partner is noticed in the end.

    Buffer sizes are left to the system, which grows them to what the line's round trip needs.
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def _issuing_partner(
    peer: x509.Certificate, partners: Iterable[PartnerEntry]
) -> tuple[PartnerEntry, str, x509.Certificate]:
    """The partner one of whose pinned authorities signed ``peer``, with that authority and its public key."""
    for entry in partners:
        for key, authority in entry.authorities:
            try:
                peer.verify_directly_issued_by(authority)
            except (InvalidSignature, ValueError, TypeError):
                continue
            return entry, key, authority
    raise TheirFault("link.issuer", "a certificate issued directly by a partner's authority", "another")
