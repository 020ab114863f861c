"""ADatP-4774 XML: exact round trips, the schema's order, the prose's dates, and originators left alone."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from kernel.labels.samples import (
    JP,
    JP_BOOK,
    US,
    clearances,
    handling,
    jp_clearance,
    jp_label,
    labels,
    releasable_to,
    subject,
)
from renkei.kernel.errors import BadInput, Refused
from renkei.kernel.labels.documents import (
    ID_TYPES,
    LabelDocument,
    LabelSet,
    Originator,
    Succession,
    check_document,
    read_clearance,
    read_label,
    with_alternative,
    write_clearance,
    write_label,
)
from renkei.kernel.labels.model import Label

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=365)
PLAIN = LabelDocument(
    label=jp_label("GUARDED", releasable_to("JPN", "USA"), handling("MEDICAL"), subject("DISASTER")),
    created=NOW,
    review=LATER,
    originator=Originator("uniformResourceIdentifier", "urn:renkei:jp.jjoc"),
    privacy_mark="HANDLE WITH CARE",
)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda d: d.replace(tzinfo=UTC))


@st.composite
def documents(draw, terms):
    created = draw(MOMENTS)
    label, successor = draw(labels(terms)), draw(labels(terms))
    after = created + draw(st.timedeltas(timedelta(microseconds=1), timedelta(days=9999)))
    succession = draw(st.booleans()) and successor != label
    return LabelDocument(
        label=label,
        created=created,
        review=after if not succession or draw(st.booleans()) else None,
        succession=Succession(after, successor, created) if succession else None,
        originator=draw(
            st.none() | st.builds(Originator, st.sampled_from(ID_TYPES), st.just("watch@example"))
        ),
        privacy_mark=draw(st.sampled_from(["", "IN CONFIDENCE"])),
    )


@given(st.data(), st.sampled_from([JP, US]), st.sampled_from(["originator", "alternative", "metadata"]))
def test_a_label_read_is_the_label_written_and_the_bytes_are_the_same(data, terms, role):
    document = data.draw(documents(terms))
    xml = write_label(document, JP_BOOK, role)
    assert read_label(xml, JP_BOOK) == (role, document)
    assert write_label(read_label(xml, JP_BOOK)[1], JP_BOOK, role) == xml


@given(st.data(), st.sampled_from([JP, US]))
def test_a_clearance_read_is_the_clearance_written(data, terms):
    clearance = data.draw(clearances(terms))
    xml = write_clearance(clearance, JP_BOOK)
    assert read_clearance(xml, JP_BOOK) == clearance
    assert write_clearance(read_clearance(xml, JP_BOOK), JP_BOOK) == xml


def test_elements_stand_in_the_order_of_the_schema_in_its_namespace():
    xml = write_label(
        LabelDocument(
            label=PLAIN.label,
            created=NOW,
            originator=PLAIN.originator,
            privacy_mark="X",
            succession=Succession(LATER, jp_label(), NOW),
        ),
        JP_BOOK,
    )
    root = etree.fromstring(xml)
    assert {etree.QName(e).namespace for e in root.iter()} == {
        "urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"
    }
    names = [etree.QName(e).localname for e in root.iter()]
    assert names[:6] == [
        "originatorConfidentialityLabel",
        "ConfidentialityInformation",
        "PolicyIdentifier",
        "Classification",
        "PrivacyMark",
        "Category",
    ]
    assert [etree.QName(e).localname for e in root] == [
        "ConfidentialityInformation",
        "OriginatorID",
        "CreationDateTime",
        "SuccessionHandling",
    ]
    assert root.find(".//{*}PolicyIdentifier").get("URI") == "urn:oid:2.999.392.1"


def test_a_successor_counts_from_its_time_on():
    document = LabelDocument(label=PLAIN.label, created=NOW, succession=Succession(LATER, jp_label(), NOW))
    assert document.in_force(LATER - timedelta(seconds=1)) == PLAIN.label
    assert document.in_force(LATER) == jp_label()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"review": None}, "label.review"),
        ({"review": NOW}, "label.review"),
        ({"succession": Succession(NOW, jp_label(), NOW)}, "label.succession"),
        ({"succession": Succession(LATER, PLAIN.label, NOW)}, "label.succession"),
        ({"succession": Succession(LATER, Label(US.id, "UNCLASSIFIED"), NOW)}, "label.succession"),
        ({"succession": Succession(LATER, jp_label("HUSH"), NOW)}, "label.classification"),
        ({"label": jp_label("HUSH")}, "label.classification"),
        ({"label": Label("urn:oid:2.999.7", "HUSH")}, "label.policy"),
    ],
)
def test_dates_and_labels_that_make_no_sense_are_not_written(changes, code):
    document = msgspec.structs.replace(PLAIN, **changes)
    assert check_document(document, JP_BOOK).code == code
    with pytest.raises(BadInput) as caught:
        write_label(document, JP_BOOK)
    assert caught.value.code == code


TEXT = write_label(PLAIN, JP_BOOK).decode()


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("slab:originatorConfidentialityLabel", "slab:ConfidentialityLabel", "label.element", "originator"),
        (
            "confidentialitymetadatalabel:1:0",
            "confidentialitymetadatalabel:2:0",
            "label.element",
            "namespace",
        ),
        (' ReviewDateTime="2027-11-22T12:00:00Z"', "", "label.review", "SuccessionHandling"),
        ("2026-11-22T12:00:00Z", "2026-11-22T12:00:00", "label.element", "offset"),
        ("2026-11-22T12:00:00Z", "yesterday", "label.element", "offset"),
        ("<slab:Classification>", '<slab:Classification URI="x">', "label.element", "attribute"),
        ('urn:oid:2.999.392.1"', 'http://jp"', "label.element", "urn:oid"),
        ('urn:oid:2.999.392.1"', 'urn:oid:2.999.7"', "label.policy", "known here"),
        ("EXERCISE POLICY — Japan", "EXERCISE POLICY — Elsewhere", "label.policy", "belongs to"),
        (">GUARDED<", ">HUSH<", "label.classification", "classification"),
        (">GUARDED<", "><", "label.element", "a text"),
        ('Type="RESTRICTIVE"', 'Type="restrictive"', "label.element", "RESTRICTIVE"),
        ('Type="RESTRICTIVE"', 'Type="INFORMATIVE"', "label.tag", "informative tag"),
        ("2.999.392.1.2", "2.999.392.1.3", "label.tag", "the URI"),
        (">MEDICAL<", ">SURGICAL<", "label.value", "value of Handling"),
        ("slab:GenericValue", "slab:IntegerValue", "label.element", "GenericValue"),
        ('IDType="uniformResourceIdentifier"', 'IDType="shoeSize"', "label.element", "IDType"),
        (
            "<slab:CreationDateTime>2026-11-22T12:00:00Z</slab:CreationDateTime>",
            "",
            "label.element",
            "Creation",
        ),
        ("</slab:originator", "<x:y xmlns:x='urn:x'/></slab:originator", "label.element", "no more"),
        ("<slab:Conf", "<!DOCTYPE x><slab:Conf", "label.dtd", "document type"),
    ],
)
def test_what_is_wrong_with_a_label_is_named_with_its_element_and_line(old, new, code, said):
    assert old in TEXT
    with pytest.raises(BadInput) as caught:
        read_label(TEXT.replace(old, new).encode(), JP_BOOK)
    assert caught.value.code == code
    assert said in caught.value.expected
    assert code == "label.dtd" or "line" in caught.value.came


def test_case_does_not_matter_and_comes_out_as_the_policy_spells_it():
    spoken = (
        TEXT.replace(">GUARDED<", ">Guarded<")
        .replace(">MEDICAL<", ">medical<")
        .replace('"Handling"', '"HANDLING"')
    )
    assert read_label(spoken.encode(), JP_BOOK) == ("originator", PLAIN)


def test_a_policy_named_without_its_identifier_is_found_by_its_name():
    anonymous = TEXT.replace(' URI="urn:oid:2.999.392.1"', "")
    assert read_label(anonymous.encode(), JP_BOOK)[1] == PLAIN


def test_a_permissive_tag_without_values_still_admits_nobody_after_a_round_trip():
    nobody = msgspec.structs.replace(PLAIN, label=jp_label("DUTY USE", releasable_to()))
    read = read_label(write_label(nobody, JP_BOOK), JP_BOOK)[1]
    assert read == nobody
    assert not JP_BOOK.access(jp_clearance("SEALED", releasable_to("JPN", "USA")), read.label).allowed


def test_a_translation_stands_beside_the_originators_label_and_replaces_nothing():
    plain = msgspec.structs.replace(PLAIN, label=jp_label("GUARDED", releasable_to("JPN", "USA")))
    both = with_alternative(LabelSet(plain), US.id, JP_BOOK)
    assert both.originator is plain
    assert both.under(US.id).label == Label(US.id, "PROTECTED", (releasable_to("JPN", "USA"),))
    for policy in (US.id, JP.id):
        again = with_alternative(both, policy, JP_BOOK)
        assert isinstance(again, Refused)
        assert again.code == "label.stands"
    sealed = LabelSet(msgspec.structs.replace(plain, label=jp_label("SEALED", releasable_to("JPN"))))
    assert with_alternative(sealed, US.id, JP_BOOK).code == "label.no-equivalent"


def test_an_alternative_is_succeeded_when_the_original_is():
    plain = LabelDocument(
        label=jp_label("GUARDED", releasable_to("JPN", "USA")),
        created=NOW,
        succession=Succession(LATER, jp_label(), NOW),
    )
    there = with_alternative(LabelSet(plain), US.id, JP_BOOK).under(US.id)
    assert there.in_force(LATER) == Label(US.id, "UNCLASSIFIED")
    never = msgspec.structs.replace(
        plain, label=jp_label(), succession=Succession(LATER, jp_label("SEALED", releasable_to("JPN")), NOW)
    )
    assert with_alternative(LabelSet(never), US.id, JP_BOOK).code == "label.no-equivalent"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("ClassificationList", "Classifications", "label.element"),
        ("<slab:Classification>UNCLASSIFIED</slab:Classification>", "", "clearance.gap"),
        (">DUTY USE<", ">HUSH<", "label.classification"),
        ("confidentialityclearance:1:0", "confidentialityclearance:9:0", "label.element"),
    ],
)
def test_what_is_wrong_with_a_clearance_is_named(old, new, code):
    xml = write_clearance(jp_clearance("GUARDED", releasable_to("JPN")), JP_BOOK).decode()
    assert old in xml
    with pytest.raises(BadInput) as caught:
        read_clearance(xml.replace(old, new).encode(), JP_BOOK)
    assert caught.value.code == code
