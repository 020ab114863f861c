"""Whoever is not the partner, or not properly so, is named, kept out, and harms nobody."""

import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from renkei.edges.links.limits import HANDSHAKES_AT_ONCE
from renkei.edges.links.tls import ALPN
from renkei.kernel.clock import FakeClock, SystemClock
from renkei.kernel.identity import accept_notice

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def call(port: int, data: bytes) -> bytes:
    """What a stranger gets who sends ``data``."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as stranger, suppress(OSError):
        stranger.sendall(data)
        stranger.shutdown(socket.SHUT_WR)
        return stranger.recv(4096)
    return b""


def listening(usfj, *partners) -> int:
    return usfj.open(*partners, port=0)


def wait_refusal(usfj, words: str) -> None:
    listener = usfj.links.listener
    usfj.wait(lambda: words in listener.last_refusal, lambda: f"{words!r}; came {listener.last_refusal!r}")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "an HTTP request"),
        (b"\x00" * 64, "bytes that are not TLS"),
        (bytes(range(256)) * 8, "bytes that are not TLS"),
        (b"", "its end, without notice"),
        (b"\x16\x03\x01\x02\x00\x01\x00", "its end, without notice"),
    ],
)
def test_garbage_before_the_handshake_is_named_and_the_door_stays_open(station, data, words):
    usfj, jjoc = station("us.usfj"), station("jp.jjoc")
    port = listening(usfj, jjoc.entry("listen"))
    call(port, data)
    wait_refusal(usfj, words)
    assert usfj.state("jp.jjoc").last_error == ""
    jjoc.open(usfj.entry("dial", port))
    jjoc.wait_state("us.usfj", "up")


def test_silent_strangers_cannot_keep_a_partner_out(station):
    usfj, jjoc = station("us.usfj"), station("jp.jjoc")
    port = listening(usfj, jjoc.entry("listen"))
    crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(HANDSHAKES_AT_ONCE + 8)]
    jjoc.open(usfj.entry("dial", port))
    jjoc.wait_state("us.usfj", "up")
    for stranger in crowd:
        stranger.close()


def test_another_tls_program_is_turned_away(station):
    usfj, jjoc = station("us.usfj"), station("jp.jjoc")
    port = listening(usfj, jjoc.entry("listen"))
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as tcp:
        context.wrap_socket(tcp).recv(1)
    wait_refusal(usfj, "a caller with a certificate; one without")


def test_a_partner_of_ours_that_does_not_speak_the_protocol_is_turned_away(station):
    usfj, jjoc = station("us.usfj"), station("jp.jjoc")
    port = listening(usfj, jjoc.entry("listen"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(jjoc.identity.link_file)
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as tcp:
        context.wrap_socket(tcp).recv(1)
    wait_refusal(usfj, f"a partner that speaks {ALPN}")


def test_an_older_tls_is_turned_away(station):
    usfj, jjoc = station("us.usfj"), station("jp.jjoc")
    port = listening(usfj, jjoc.entry("listen"))
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError), socket.create_connection(("127.0.0.1", port), timeout=5) as tcp:
        context.wrap_socket(tcp)
    wait_refusal(usfj, "an older TLS")


def test_an_unknown_authority_is_refused_on_both_sides(station):
    usfj, jjoc, twin = station("us.usfj"), station("jp.jjoc"), station("jp.jjoc")
    port = listening(usfj, jjoc.entry("listen"))
    twin.open(usfj.entry("dial", port))
    wait_refusal(usfj, "a certificate issued by a partner's pinned authority")
    twin.wait_state("us.usfj", "down", "does it hold our present card?")
    assert usfj.state("jp.jjoc").state == "down"


def test_an_impostor_at_the_partners_address_is_refused(station):
    usfj, jjoc, twin = station("us.usfj"), station("jp.jjoc"), station("us.usfj")
    port = listening(twin, jjoc.entry("listen"))
    jjoc.open(usfj.entry("dial", port))
    jjoc.wait_state("us.usfj", "down", "link.certificate")


def test_a_partner_that_answers_for_another_partner_is_named(station):
    usfj, jjoc, pcg = station("us.usfj"), station("jp.jjoc"), station("ph.pcg")
    port = listening(pcg, jjoc.entry("listen"))
    jjoc.open(usfj.entry("dial", port), pcg.entry("dial", port))
    jjoc.wait_state("us.usfj", "down", "expected a certificate of us.usfj; one issued by ph.pcg came")
    jjoc.wait_state("ph.pcg", "up")


def certificate_naming(station, hq: str, issuer: x509.Name) -> None:
    """Give ``station`` a link certificate in ``hq``'s name, signed by its own authority's key."""
    old = station.identity.link_certificate
    key = Ed25519PrivateKey.generate()
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hq)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(old.not_valid_before_utc)
        .not_valid_after(old.not_valid_after_utc)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hq)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    for copied in (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.AuthorityKeyIdentifier):
        found = old.extensions.get_extension_for_class(copied)
        made = made.add_extension(found.value, critical=found.critical)
    pem = made.sign(station.identity.private_key, None).public_bytes(Encoding.PEM)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    station.identity.link_file.write_bytes(secret + pem)


def test_a_partner_that_certifies_itself_under_anothers_name_is_named(station):
    usfj, jjoc, pcg = station("us.usfj"), station("jp.jjoc"), station("ph.pcg")
    port = listening(usfj, jjoc.entry("listen"), pcg.entry("listen"))
    certificate_naming(pcg, "jp.jjoc", pcg.identity.authority.subject)
    pcg.open(usfj.entry("dial", port))
    usfj.wait_state("ph.pcg", "down", "expected a certificate of ph.pcg; one naming jp.jjoc came")
    assert usfj.state("jp.jjoc").last_error == ""


def test_a_partner_that_forges_anothers_authority_is_a_stranger(station):
    usfj, jjoc, pcg = station("us.usfj"), station("jp.jjoc"), station("ph.pcg")
    port = listening(usfj, jjoc.entry("listen"), pcg.entry("listen"))
    certificate_naming(pcg, "jp.jjoc", jjoc.identity.authority.subject)
    pcg.open(usfj.entry("dial", port))
    wait_refusal(usfj, "a certificate issued by a partner's pinned authority")
    assert {state.state for state in usfj.links.states().values()} == {"down"}


def test_an_expired_certificate_is_named_with_its_dates_and_a_hint_at_the_clock(station):
    usfj, jjoc = station("us.usfj", FakeClock(NOW)), station("jp.jjoc", FakeClock(NOW))
    port = listening(usfj, jjoc.entry("listen"))
    usfj.clock.advance(timedelta(days=91))
    usfj.identity.renew_link_certificate(usfj.clock)
    jjoc.open(usfj.entry("dial", port))
    error = usfj.wait_state("jp.jjoc", "down", "certificate.expired").last_error
    assert "jp.jjoc's link certificate valid at 2027-02-21" in error
    assert "expired 2027-02-20" in error
    assert "is a clock wrong by" in error
    state = jjoc.wait_state("us.usfj", "down", "certificate.early").last_error
    assert "us.usfj's link certificate" in state


def test_our_own_expired_certificate_is_told_here_before_a_partner_has_to(station):
    usfj, jjoc = station("us.usfj", FakeClock(NOW)), station("jp.jjoc", FakeClock(NOW))
    port = listening(usfj, jjoc.entry("listen"))
    jjoc.clock.advance(timedelta(days=91))
    jjoc.open(usfj.entry("dial", port))
    jjoc.wait_state("us.usfj", "down", "our own link certificate")
    jjoc.identity.renew_link_certificate(jjoc.clock)
    usfj.clock.advance(timedelta(days=91))
    usfj.identity.renew_link_certificate(usfj.clock)
    jjoc.wait_state("us.usfj", "up")


def test_an_agreement_that_has_ended_ends_the_links_to_come(station):
    usfj, jjoc = station("us.usfj"), station("jp.jjoc")
    ended = msgspec.structs.replace(jjoc.entry("listen"), until=SystemClock().now())
    port = listening(usfj, ended)
    jjoc.open(usfj.entry("dial", port))
    usfj.wait_state("jp.jjoc", "down", "link.agreement")


def test_an_agreement_that_ends_cuts_the_link_that_is_up(station):
    usfj, jjoc = station("us.usfj", FakeClock(NOW)), station("jp.jjoc", FakeClock(NOW))
    soon = msgspec.structs.replace(jjoc.entry("listen"), until=NOW + timedelta(hours=1))
    port = listening(usfj, soon)
    jjoc.open(usfj.entry("dial", port))
    usfj.wait_state("jp.jjoc", "up")
    usfj.clock.advance(timedelta(hours=1))
    usfj.wait_state("jp.jjoc", "down", "link.agreement")


def test_a_partner_that_we_are_to_dial_may_not_call(station):
    usfj, jjoc = station("us.usfj"), station("jp.jjoc")
    port = listening(usfj, jjoc.entry("dial", 9))
    jjoc.open(usfj.entry("dial", port))
    wait_refusal(usfj, "link.role")


def test_an_announced_key_takes_over_without_a_link_being_refused(station):
    usfj, jjoc = station("us.usfj", FakeClock(NOW)), station("jp.jjoc", FakeClock(NOW))
    jjoc.identity.announce(NOW + timedelta(days=7))
    port = listening(usfj, jjoc.entry("listen"))  # the card with both keys, before the new one is in use
    jjoc.open(usfj.entry("dial", port))
    usfj.wait_state("jp.jjoc", "up")
    jjoc.close()
    for node in (usfj, jjoc):
        node.clock.advance(timedelta(days=8))
    assert jjoc.identity.renew_if_due(jjoc.clock)
    jjoc.open(usfj.entry("dial", port))
    usfj.wait_state("jp.jjoc", "up")


def test_a_link_by_a_revoked_key_is_refused_by_name_whatever_new_card_there_is(station):
    usfj, jjoc = station("us.usfj"), station("jp.jjoc")
    old, now = jjoc.entry("listen"), SystemClock().now()
    notice = jjoc.identity.notice("compromised", now)
    ended = accept_notice(old, notice, now)
    assert accept_notice(ended, notice, now) == ended
    port = listening(usfj, ended)
    jjoc.open(usfj.entry("dial", port))
    usfj.wait_state("jp.jjoc", "down", "key.revoked: expected a key of jp.jjoc in force; one revoked at")
