"""ADatP-4778: a label bound to a record, in one file or two, signed or not; any change to either is named."""

import base64
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from kernel.labels.samples import JP, JP_BOOK, US, US_BOOK, handling, jp_label, releasable_to
from renkei.kernel.clock import SystemClock
from renkei.kernel.errors import BadInput, RenkeiError, TheirFault
from renkei.kernel.identity import Identity, load_certificate
from renkei.kernel.identity.label_key import LabelKey, check_label_certificate
from renkei.kernel.labels.binding import as_bytes, bind_detached, bind_embedded, open_binding, sign
from renkei.kernel.labels.documents import LabelDocument, LabelSet, with_alternative

NOW = SystemClock().now()
LABEL = jp_label("GUARDED", releasable_to("JPN", "USA"))
RECORD = msgspec.json.encode(
    {
        "kind": "log-entry",
        "id": "jp.jjoc/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "label": LABEL,
        "at": NOW,
        "by": "Watch officer",
        "text": {"text": "道路冠水", "lang": "ja"},
    }
)
LABELS = with_alternative(
    LabelSet(LabelDocument(label=LABEL, created=NOW, review=NOW + timedelta(days=365))), US.id, JP_BOOK
)
FILES = {"record.json": RECORD}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    identity = Identity.create(tmp_path_factory.mktemp("jp") / "keys", "jp.jjoc")
    key = LabelKey.of(identity.folder, "jp.jjoc", identity.authority, identity.private_key, NOW)
    return identity, key


def opened(xml, identity=None, files=FILES, book=US_BOOK):
    authorities = {} if identity is None else {"jp.jjoc": identity.authority}

    def resolve(uri):
        if uri not in files:
            raise BadInput("binding.file", "the file", uri)
        return files[uri]

    return open_binding(xml, book, resolve, lambda c: check_label_certificate(c, authorities, NOW))


def made(form, key=None):
    root = (
        bind_detached(LABELS, RECORD, "record.json", JP_BOOK)
        if form == "detached"
        else bind_embedded(LABELS, RECORD, JP_BOOK)
    )
    if key is not None:
        sign(root, key.key, key.certificate, NOW)
    return as_bytes(root)


FORMS = pytest.mark.parametrize("form", ["detached", "embedded"])


@FORMS
def test_what_was_bound_comes_out_exactly_signed_or_not(form, keys):
    identity, key = keys
    plain = opened(made(form))
    assert (plain.labels, plain.record, plain.signer) == (LABELS, RECORD, "")
    signed = opened(made(form, key), identity)
    assert (signed.labels, signed.record, signed.signer) == (LABELS, RECORD, "jp.jjoc")
    assert signed.signed_at == NOW


@FORMS
def test_the_document_has_the_order_of_the_schema(form, keys):
    root = etree.fromstring(made(form, keys[1]))
    assert [etree.QName(e).localname for e in root] == ["Signature", "MetadataBindingContainer"]
    binding = root[1][0]
    last = {"detached": "DataReference", "embedded": "Data"}[form]
    assert [etree.QName(e).localname for e in binding] == ["Metadata", "Metadata", last]
    assert all(len(m) == 1 for m in binding[:2])
    assert root.find(".//{*}SignatureMethod").get("Algorithm").endswith("#ecdsa-sha256")
    assert {d.get("Algorithm") for d in root.findall(".//{*}DigestMethod")} == {
        "http://www.w3.org/2001/04/xmldsig-more#sha384"
    }


def test_a_changed_record_is_named_even_where_nobody_signed(keys):
    changed = {"record.json": RECORD.replace("冠水".encode(), "通行".encode())}
    for xml, identity in ((made("detached"), None), (made("detached", keys[1]), keys[0])):
        with pytest.raises(TheirFault) as caught:
            opened(xml, identity, changed)
        assert caught.value.code == "binding.record-changed"


@FORMS
def test_a_changed_label_is_named_even_where_nobody_signed(form, keys):
    for xml, identity in ((made(form), None), (made(form, keys[1]), keys[0])):
        lower = xml.replace(b">GUARDED<", b">DUTY USE<")
        assert lower != xml
        with pytest.raises(TheirFault) as caught:
            opened(lower, identity)
        assert caught.value.code == "binding.label-changed"


def test_a_record_and_digest_changed_together_are_found_by_the_signature(keys):
    identity, key = keys
    other = RECORD.replace("冠水".encode(), "通行".encode())
    forged = bind_detached(LABELS, other, "record.json", JP_BOOK)
    digest = forged.find(".//{*}DigestValue").text.encode()
    true = etree.fromstring(made("detached", key)).find(".//{*}Manifest//{*}DigestValue").text.encode()
    xml = made("detached", key).replace(true, digest)
    with pytest.raises(TheirFault) as caught:
        opened(xml, identity, {"record.json": other})
    assert caught.value.code == "binding.record-changed"


def test_an_embedded_record_changed_inside_is_found_by_the_signature(keys):
    identity, key = keys
    other = RECORD.replace("冠水".encode(), "通行".encode())
    xml = made("embedded", key).replace(base64.b64encode(RECORD), base64.b64encode(other))
    with pytest.raises(TheirFault) as caught:
        opened(xml, identity)
    assert caught.value.code == "binding.label-changed"
    assert "label and data" in caught.value.expected


def test_a_signature_by_somebody_else_is_nobodys(keys, tmp_path):
    stranger = Identity.create(tmp_path / "keys", "jp.jjoc")
    key = LabelKey.of(stranger.folder, "jp.jjoc", stranger.authority, stranger.private_key, NOW)
    with pytest.raises(TheirFault) as caught:
        opened(made("embedded", key), keys[0])
    assert caught.value.code == "binding.signer"


def test_a_certificate_out_of_date_is_named(keys):
    with pytest.raises(TheirFault) as caught:
        check_label_certificate(
            keys[1].certificate, {"jp.jjoc": keys[0].authority}, NOW + timedelta(days=500)
        )
    assert caught.value.code == "certificate.expired"


def test_an_alternative_that_is_not_our_own_policys_word_is_refused():
    xml = made("embedded").replace(b">PROTECTED<", b">UNCLASSIFIED<")
    with pytest.raises(TheirFault) as caught:
        opened(xml, book=US_BOOK)
    assert caught.value.code == "binding.alternative"
    assert opened(xml, book=JP_BOOK).labels.originator == LABELS.originator


def test_a_wrapped_signature_over_an_element_moved_aside_is_refused(keys):
    """Signature wrapping: the signed binding kept elsewhere under its Id, another one put in its place."""
    identity, key = keys
    root = etree.fromstring(made("embedded", key))
    other = etree.fromstring(
        as_bytes(
            bind_embedded(
                LabelSet(LabelDocument(label=jp_label(), created=NOW, review=NOW + timedelta(1))),
                RECORD,
                JP_BOOK,
            )
        )
    )
    signed = root[1][0]
    root[1].replace(signed, other[0][0])
    root[0].append(signed)
    with pytest.raises(BadInput) as caught:
        opened(etree.tostring(root), identity)
    assert caught.value.code == "binding.element"


@pytest.mark.parametrize(
    "uri", ["../etc/passwd", "/etc/passwd", "file:///x", "a/b", "", ".hidden", "http://x"]
)
def test_a_reference_may_only_name_a_file_beside_the_binding(uri):
    xml = made("detached").replace(b'URI="record.json"', f'URI="{uri}"'.encode())
    with pytest.raises(BadInput) as caught:
        opened(xml)
    assert caught.value.code == "binding.uri"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"bindinginformation:1:0", b"bindinginformation:9:0"),
        (b"mb:Data ", b"mb:Datum "),
        (b'encoding="base64"', b'encoding="hex"'),
        (b'Id="binding"', b'Id="other"'),
        (b"alternativeConfidentialityLabel", b"originatorConfidentialityLabel"),
        (b"<mb:MetadataBindingContainer>", b"<mb:MetadataBindingContainer><x/>"),
    ],
)
def test_a_document_of_another_form_is_refused_with_its_line(old, new):
    with pytest.raises(BadInput) as caught:
        opened(
            made("embedded")
            .replace(b"</mb:Data>", b"</mb:Datum>" if b"Datum" in new else b"</mb:Data>")
            .replace(old, new)
        )
    assert caught.value.code == "binding.element"
    assert "line" in caught.value.came


@given(data=st.data())
def test_no_byte_of_a_signed_document_can_be_changed_unseen(data, keys):
    identity, key = keys
    xml = made("embedded", key)
    at = data.draw(st.integers(0, len(xml) - 1))
    flipped = xml[:at] + bytes([xml[at] ^ data.draw(st.integers(1, 255))]) + xml[at + 1 :]
    try:
        found = opened(flipped, identity)
    except RenkeiError:
        return
    assert (found.labels, found.record) == (LABELS, RECORD)


def test_a_certificate_damaged_anywhere_is_no_signer_of_ours(keys):
    identity, key = keys
    der = key.certificate.public_bytes(Encoding.DER)
    loaded = 0
    for at in range(len(der)):
        try:
            damaged = load_certificate(der[:at] + bytes([der[at] ^ 0x38]) + der[at + 1 :])
        except ValueError:
            continue
        loaded += 1
        with pytest.raises(TheirFault):
            check_label_certificate(damaged, {"jp.jjoc": identity.authority}, NOW)
    assert loaded > 100  # damage to the signature and the key shows only when they are used


def test_the_key_is_kept_and_made_anew_under_another_authority(keys, tmp_path):
    identity, key = keys
    again = LabelKey.of(identity.folder, "jp.jjoc", identity.authority, identity.private_key, NOW)
    assert again.certificate == key.certificate
    later = LabelKey.of(
        identity.folder, "jp.jjoc", identity.authority, identity.private_key, NOW + timedelta(days=400)
    )
    assert later.certificate != key.certificate
    assert (identity.folder / "label.key").stat().st_mode & 0o777 == 0o600


def test_labels_that_need_a_part_the_other_policy_lacks_travel_without_an_alternative():
    facilities = jp_label("GUARDED", releasable_to("JPN"), handling("FACILITIES"))
    labels = LabelSet(LabelDocument(label=facilities, created=NOW, review=datetime(2030, 1, 1, tzinfo=UTC)))
    assert with_alternative(labels, US.id, JP_BOOK).code == "label.no-equivalent"
    record = RECORD.replace(msgspec.json.encode(LABEL), msgspec.json.encode(facilities))
    xml = as_bytes(bind_embedded(labels, record, JP_BOOK))
    assert opened(xml, book=JP_BOOK).labels.alternatives == ()
    assert JP.id == facilities.policy
