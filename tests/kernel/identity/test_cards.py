"""A card is taken whole and signed or not at all, and says precisely why not."""

import contextlib
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.clock import FakeClock
from renkei.kernel.errors import BadInput, OurFault, RenkeiError, TheirFault
from renkei.kernel.identity import (
    Identity,
    Names,
    PartnerEntry,
    fingerprint,
    load_partner,
    load_partners,
    open_card,
    parse_address,
    save_partner,
    sign_card,
)
from renkei.kernel.labels.model import Category, Clearance

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NAMES = Names("Joint Operations Command", "統合作戦司令部")
CLEARANCE = Clearance("urn:test", ("OPEN",), (Category("Releasable to", "permissive", ("JPN",)),))


@pytest.fixture(scope="module")
def jjoc(tmp_path_factory):
    return Identity.create(tmp_path_factory.mktemp("jjoc") / "keys", "jp.jjoc", FakeClock(NOW))


@pytest.fixture(scope="module")
def usfj(tmp_path_factory):
    return Identity.create(tmp_path_factory.mktemp("usfj") / "keys", "us.usfj", FakeClock(NOW))


@pytest.fixture(scope="module")
def signed(jjoc):
    return jjoc.signed_card(NAMES, "jjoc.example:7443", FakeClock(NOW), policy="urn:policy")


def entry(signed, **changes):
    card = open_card(signed, NOW)
    values = {"card": card, "signed": signed, "clearance": CLEARANCE, "since": NOW, **changes}
    return PartnerEntry(**values)


def resign(identity, **changes):
    """A card with ``changes``, properly signed."""
    card = identity.card(NAMES, "jjoc.example:7443", FakeClock(NOW))
    return sign_card(msgspec.structs.replace(card, **changes), identity.private_key)


def test_a_card_opens_to_what_was_signed(signed, jjoc):
    card = open_card(signed, NOW)
    assert (card.hq, card.names, card.link, card.policy) == (
        "jp.jjoc",
        NAMES,
        "jjoc.example:7443",
        "urn:policy",
    )
    assert card.key == jjoc.private_key.public_key()
    assert card.authority == jjoc.authority


def test_changing_any_signed_word_is_a_bad_signature(signed):
    forged = signed.replace(b"jjoc.example", b"evil.example")
    with pytest.raises(TheirFault, match=r"card.signature"):
        open_card(forged, NOW)


@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_no_single_byte_can_be_changed_to_make_another_card(signed, at, byte):
    at %= len(signed) - 1
    changed = signed[:at] + bytes([byte]) + signed[at + 1 :]
    with contextlib.suppress(RenkeiError):
        assert open_card(changed, NOW) == open_card(signed, NOW)


@given(data=st.binary(max_size=300))
def test_rubbish_is_malformed(data):
    with pytest.raises(BadInput, match=r"card.malformed"):
        open_card(data, NOW)


def test_an_enormous_card_is_not_parsed(signed):
    with pytest.raises(BadInput, match=r"at most 65536 bytes"):
        open_card(signed + b" " * 70_000, NOW)


def test_a_newer_partners_unknown_fields_ride_along(signed, jjoc):
    body = json.loads(signed)["card"] | {"added_later": {"x": 1}}
    raw = json.dumps(body).encode()
    signature = b64encode(jjoc.private_key.sign(b"renkei card v1\n" + raw)).decode()
    assert open_card(b'{"card":%s,"signature":"%s"}' % (raw, signature.encode()), NOW).hq == "jp.jjoc"


def test_an_expired_card_tells_both_dates(signed, jjoc):
    late = jjoc.keys[-1].until + timedelta(days=1)
    with pytest.raises(BadInput, match=r"card.expired.*valid at 2031-11-22.*until 2031-11-21"):
        open_card(signed, late)


def test_a_card_from_the_future_hints_at_the_clock(signed):
    with pytest.raises(BadInput, match=r"card.early.*is a clock wrong"):
        open_card(signed, NOW - timedelta(days=1))


def test_another_headquarters_certificate_in_a_card_is_refused(jjoc, usfj):
    other = usfj.card(NAMES, "", FakeClock(NOW)).ca
    with pytest.raises(BadInput, match=r"card.certificate.*CN=jp.jjoc"):
        open_card(resign(jjoc, ca=other), NOW)


def test_a_certificate_for_another_key_in_a_card_is_refused(jjoc, tmp_path):
    twin = Identity.create(tmp_path / "keys", "jp.jjoc", FakeClock(NOW))
    with pytest.raises(TheirFault, match=r"card.certificate.*another key"):
        open_card(resign(jjoc, ca=twin.card(NAMES, "", FakeClock(NOW)).ca), NOW)


def test_a_link_certificate_does_not_pass_for_an_authority(jjoc):
    leaf = jjoc.link_file.read_text()
    with pytest.raises(BadInput, match=r"card.certificate"):
        open_card(resign(jjoc, ca=leaf[leaf.index("-----BEGIN CERTIFICATE") :]), NOW)


def test_only_the_cards_own_newest_key_can_sign_it(jjoc, usfj):
    with pytest.raises(BadInput, match=r"card.key"):
        sign_card(jjoc.card(NAMES, "", FakeClock(NOW)), usfj.private_key)


def test_the_fingerprint_is_eight_groups_of_five_digits_that_stay_while_the_key_does(jjoc, usfj):
    first = fingerprint(jjoc.card(NAMES, "", FakeClock(NOW)))
    later = fingerprint(jjoc.card(Names("Renamed"), "new.example:1", FakeClock(NOW + timedelta(days=9))))
    assert [len(group) for group in first.split(" ")] == [5] * 8
    assert first.replace(" ", "").isdigit()
    assert first == later != fingerprint(usfj.card(NAMES, "", FakeClock(NOW)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.example:7443", ("a.example", 7443)),
        ("127.0.0.1:1", ("127.0.0.1", 1)),
        ("[::1]:65535", ("::1", 65535)),
    ],
)
def test_addresses_are_host_and_port(text, expected):
    assert parse_address(text) == expected


@pytest.mark.parametrize(
    "text", ["", "host", ":1", "host:0", "host:65536", "::1:80", "http://host:1", "a b:1"]
)
def test_other_addresses_are_refused(text):
    with pytest.raises(BadInput, match=r"link.address"):
        parse_address(text)


def test_a_partner_is_kept_with_its_cards_exact_bytes(signed, tmp_path):
    kept = entry(signed, until=NOW + timedelta(days=365), connect="listen", address="10.0.0.1:7443")
    path = save_partner(tmp_path / "partners", kept)
    assert path.name == "jp.jjoc.json"
    loaded = load_partner(path)
    assert msgspec.structs.replace(loaded, signed=kept.signed) == kept
    assert loaded.signed == signed.strip()
    assert load_partners(path.parent) == {"jp.jjoc": loaded}


def test_an_expired_card_still_loads_so_that_the_link_can_say_so(signed, tmp_path):
    path = save_partner(tmp_path, entry(signed))
    assert load_partner(path).card.until < NOW + timedelta(days=10_000)


def test_an_agreement_holds_from_its_first_instant_to_before_its_last(signed):
    agreed = entry(signed, until=NOW + timedelta(days=1))
    assert [agreed.in_force(NOW + timedelta(days=d)) for d in (-1, 0, 1)] == [False, True, False]


@pytest.mark.parametrize("damage", [lambda t: t[:100], lambda t: t.replace("jjoc.example", "evil.example")])
def test_a_partners_file_that_was_changed_is_our_fault_and_named(signed, tmp_path, damage):
    path = save_partner(tmp_path, entry(signed))
    path.write_text(damage(path.read_text()))
    with pytest.raises(OurFault, match=r"partner.file.*jp.jjoc.json"):
        load_partners(tmp_path)


def test_a_partners_file_under_another_name_is_refused(signed, tmp_path):
    save_partner(tmp_path, entry(signed)).rename(tmp_path / "us.usfj.json")
    with pytest.raises(OurFault, match=r"the card of us.usfj"):
        load_partners(tmp_path)
