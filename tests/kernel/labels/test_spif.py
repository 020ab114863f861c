"""A policy file is read whole and strictly: what is wrong is named with its element and line."""

import pytest
from lxml import etree

from kernel.labels.samples import JP, US
from renkei.kernel.errors import BadInput
from renkei.kernel.labels import reading
from renkei.kernel.labels.model import Category, Label
from renkei.kernel.labels.policy import Policy, PolicyBook
from renkei.kernel.labels.presets import policy_file, synthetic_policy

HEAD = (
    '<SPIF xmlns="http://www.xmlspif.org/spif" schemaVersion="2.1" version="7">\n'
    '<securityPolicyId name="P" id="2.999.1"/>\n'
)
CLASSES = (
    "<securityClassifications>\n"
    '<securityClassification name="LOW" lacv="1" hierarchy="1" color="green"/>\n'
    '<securityClassification name="HIGH" lacv="2" hierarchy="5" color="#aB0000"/>\n'
    "</securityClassifications>\n"
)
TAG = (
    '<securityCategoryTagSets><securityCategoryTagSet name="T" id="2.999.1.1">\n'
    '<securityCategoryTag name="T" tagType="restrictive">\n'
    '<tagCategory name="A" lacv="1"/>\n'
    "</securityCategoryTag></securityCategoryTagSet></securityCategoryTagSets>\n"
)
TAIL = "</SPIF>"
WHOLE = HEAD + CLASSES + TAG + TAIL


def load(text):
    return Policy.load(text.encode())


def complaint(text) -> BadInput:
    with pytest.raises(BadInput) as caught:
        load(text)
    return caught.value


def test_the_essentials_are_read():
    policy = load(WHOLE)
    assert (policy.id, policy.name, policy.version) == ("urn:oid:2.999.1", "P", 7)
    assert [(c.name, c.rank, c.colour) for c in policy.classifications] == [
        ("LOW", 1, "#008000"),
        ("HIGH", 5, "#AB0000"),
    ]
    assert [(t.name, t.type, [v.name for v in t.values]) for t in policy.tags] == [
        ("T", "restrictive", ["A"])
    ]


def test_prefixed_elements_are_the_same_policy():
    prefixed = WHOLE.replace("</", "</s:").replace("<s", "<s:s").replace("<S", "<s:S").replace("<t", "<s:t")
    prefixed = prefixed.replace("xmlns=", "xmlns:s=")
    assert load(prefixed) == load(WHOLE)


def test_classifications_come_in_rising_rank_whatever_their_order():
    turned = WHOLE.replace('hierarchy="1"', 'hierarchy="9"')
    assert [c.name for c in load(turned).classifications] == ["HIGH", "LOW"]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ('tagType="restrictive"', "restrictive"),
        ('tagType="permissive"', "permissive"),
        ('tagType="enumerated" enumType="restrictive"', "restrictive"),
        ('tagType="enumerated" enumType="permissive"', "permissive"),
        ('tagType="tagType7" tag7Encoding="bitSetAttributes"', "informative"),
    ],
)
def test_every_tag_type_of_the_schema_has_its_meaning(declared, expected):
    assert load(WHOLE.replace('tagType="restrictive"', declared)).tags[0].type == expected


@pytest.mark.parametrize(
    "attack",
    [
        '<!DOCTYPE SPIF [<!ENTITY x "y">]>' + WHOLE,
        '<!DOCTYPE SPIF SYSTEM "http://example.invalid/x.dtd">' + WHOLE,
        '<!DOCTYPE SPIF [<!ENTITY f SYSTEM "file:///etc/hostname">]>' + WHOLE.replace('"P"', '"&f;"'),
    ],
)
def test_documents_with_a_dtd_or_entities_are_refused(attack):
    assert complaint(attack).code == "policy.dtd"


@pytest.mark.parametrize("outside", ["&f;", "P"], ids=["used", "unused"])
def test_a_dtd_in_an_encoding_other_than_ascii_is_refused_as_well(outside):
    attack = '<!DOCTYPE SPIF [<!ENTITY f SYSTEM "file:///etc/hostname">]>' + WHOLE.replace(
        '"P"', f'"{outside}"'
    )
    with pytest.raises(BadInput) as caught:
        Policy.load(('<?xml version="1.0" encoding="UTF-16"?>' + attack).encode("utf-16"))
    assert caught.value.code == ("policy.dtd" if outside == "P" else "policy.xml")


def test_oversized_and_malformed_files_are_refused(monkeypatch):
    assert complaint(WHOLE[:-3]).code == "policy.xml"
    assert "line" in complaint(WHOLE[:-3]).came
    assert complaint("\x00").code == "policy.xml"
    assert complaint(WHOLE.replace('"P"', '"&undefined;"')).code == "policy.xml"
    monkeypatch.setattr(reading, "MAX_POLICY_BYTES", 100)
    assert complaint(WHOLE).code == "policy.size"


LEVEL = '<securityClassification name="LOW" lacv="1" hierarchy="1" color="green"/>'
VALUE = '<tagCategory name="A" lacv="1"/>'


def level(inner="", **attributes):
    given = {"name": "LOW", "lacv": "1", "hierarchy": "1", "color": "green"} | attributes
    text = " ".join(f'{k}="{v}"' for k, v in given.items() if v is not None)
    return WHOLE.replace(LEVEL, f"<securityClassification {text}>{inner}</securityClassification>")


def value(inner="", attributes=""):
    return WHOLE.replace(VALUE, f'<tagCategory name="A" lacv="1"{attributes}>{inner}</tagCategory>')


@pytest.mark.parametrize(
    ("text", "element", "line"),
    [
        (WHOLE.replace("xmlspif.org", "xmlspif.com"), "<SPIF> of another namespace", 1),
        (WHOLE.replace('"2.1"', '"3.0"'), "<SPIF>", 1),
        (WHOLE.replace("2.999.1.1", "one"), "<securityCategoryTagSet>", 7),
        (WHOLE.replace('"2.999.1"', '"2.999."'), "<securityPolicyId>", 2),
        (HEAD + TAG + TAIL, "<SPIF>", 1),
        (HEAD + CLASSES * 2 + TAIL, "<securityClassifications>", 7),
        (HEAD + "<securityClassifications/>" + TAIL, "<SPIF>", 1),
        (WHOLE.replace("</SPIF>", "<surprise/></SPIF>"), "<surprise>", 11),
        (WHOLE.replace("<tagCategory", "<tagKategory"), "<tagKategory>", 9),
        (level(name=None), "<securityClassification>", 4),
        (level(hierarchy="high"), "<securityClassification>", 4),
        (level(hierarchy="-1"), "<securityClassification>", 4),
        (level(hierarchy=None), "<securityClassification>", 4),
        (level(hierarchy="5"), "<securityClassification>", 5),
        (level(lacv="2"), "<securityClassification>", 5),
        (level(name="HIGH"), "<securityClassification>", 5),
        (level(color="mauve"), "<securityClassification>", 4),
        (level(color="#AB0000"), "<securityClassification>", 5),
        (
            level('<equivalentClassification policyRef="Q" lacv="1" applied="both"/>'),
            "<equivalentClassification>",
            4,
        ),
        (level('<markingData phrase="x"><code>onTheDoor</code></markingData>'), "<markingData>", 4),
        (level('<requiredCategory operation="some"/>'), "<requiredCategory>", 4),
        (WHOLE.replace('"restrictive"', '"secretive"'), "<securityCategoryTag>", 8),
        (WHOLE.replace('"restrictive"', '"enumerated"'), "<securityCategoryTag>", 8),
        (value(attributes=' userInput="true"'), "<tagCategory>", 9),
        (value(attributes=' notAfter="20300101000000Z"'), "<tagCategory>", 9),
        (value(attributes=' requiredClass="MIDDLE"'), "<tagCategory>", 9),
        (value("<excludedClass>MIDDLE</excludedClass>"), "<excludedClass>", 9),
        (
            value('<excludedCategory tagSetRef="U" tagType="restrictive" all="true"/>'),
            "<excludedCategory>",
            9,
        ),
        (value('<excludedCategory tagSetRef="T" tagType="restrictive" lacv="9"/>'), "<excludedCategory>", 9),
        (value('<excludedCategory tagSetRef="T" tagType="restrictive"/>'), "<excludedCategory>", 9),
        (WHOLE.replace(VALUE, VALUE + VALUE.replace("1", "2")), "<tagCategory>", 9),
        (WHOLE.replace(VALUE, VALUE + VALUE.replace("A", "B")), "<tagCategory>", 9),
    ],
)
def test_a_mistake_is_named_with_its_element_and_line(text, element, line):
    error = complaint(text)
    assert error.code == "policy.element"
    assert f"element {element}, line {line})" in error.came
    assert error.expected


def test_what_would_show_more_if_it_were_passed_over_is_refused():
    policy = '<equivalentPolicy name="Q" id="2.999.2">{}</equivalentPolicy>'
    policies = f"<equivalentPolicies>{policy}</equivalentPolicies></SPIF>"
    group = '<requiredCategory operation="all"/>'
    assert load(WHOLE.replace("</SPIF>", policies.format(""))).equivalent_policies == (
        ("Q", "urn:oid:2.999.2"),
    )
    assert "requiredCategory" in complaint(WHOLE.replace("</SPIF>", policies.format(group))).expected
    inside = (
        f'<equivalentClassification policyRef="Q" lacv="1" applied="both">{group}</equivalentClassification>'
    )
    assert "requiredCategory" in complaint(level(inside).replace("</SPIF>", policies.format(""))).expected


def test_rules_on_selections_and_classes_are_carried_out():
    limited = load(
        value("<excludedClass>LOW</excludedClass>").replace(
            '"restrictive"', '"restrictive" singleSelection="true"'
        )
    )
    book = PolicyBook(limited)
    assert (
        book.validate(Label(limited.id, "LOW", (Category("T", "restrictive", ("A",)),))).code
        == "label.excluded"
    )
    assert book.validate(Label(limited.id, "HIGH", (Category("T", "restrictive", ("A",)),))) is None
    two = WHOLE.replace(
        VALUE, VALUE + '<tagCategory name="B" lacv="2" requiredClass="HIGH" obsolete="true"/>'
    )
    policy = load(two.replace('"restrictive"', '"restrictive" maxSelection="1"'))
    book = PolicyBook(policy)
    both = Label(policy.id, "HIGH", (Category("T", "restrictive", ("A", "B")),))
    assert book.validate(both).code == "label.selection"
    assert (
        book.validate(Label(policy.id, "HIGH", (Category("T", "restrictive", ("B",)),))).code
        == "label.obsolete"
    )
    assert book.validate(both, known_only=True) is None


def test_an_obsolete_classification_is_read_but_not_written():
    policy = load(level(obsolete="true"))
    book = PolicyBook(policy)
    old = Label(policy.id, "LOW")
    assert book.validate(old).code == "label.obsolete"
    assert book.validate(old, known_only=True) is None


def test_a_suggestion_that_the_policy_forbids_is_found_at_load():
    broken = (
        policy_file("jp")
        .decode()
        .replace('key="open" classification="UNCLASSIFIED"', 'key="open" classification="GUARDED"')
    )
    error = complaint(broken)
    assert error.code == "policy.suggestion"
    assert "open" in error.came


def test_equivalences_must_exist_in_the_other_policy_with_the_same_type():
    for old, new in (
        (
            'tagSetId="2.999.840.1.2" tagType="restrictive" lacv="2"',
            'tagSetId="2.999.840.1.2" tagType="restrictive" lacv="9"',
        ),
        (
            'tagSetId="2.999.840.1.2" tagType="restrictive" lacv="2"',
            'tagSetId="2.999.840.1.3" tagType="tagType7" lacv="2"',
        ),
        ('lacv="3" applied="both"/>\n      <marking', 'lacv="33" applied="both"/>\n      <marking'),
    ):
        text = policy_file("jp").decode()
        assert old in text
        with pytest.raises(BadInput) as caught:
            PolicyBook(load(text.replace(old, new)), [US, synthetic_policy("ph")])
        assert caught.value.code == "policy.equivalent"
    with pytest.raises(BadInput, match="different ids"):
        PolicyBook(JP, [JP])


def test_any_single_attribute_taken_out_of_a_policy_is_read_or_refused_never_a_crash():
    original = policy_file("jp")
    count = sum(len(e.attrib) for e in etree.fromstring(original).iter())
    for n in range(0, count, 7):
        root = etree.fromstring(original)
        element, name = [(e, a) for e in root.iter() for a in e.attrib][n]
        del element.attrib[name]
        try:
            assert Policy.load(etree.tostring(root)).classifications
        except BadInput as error:
            assert error.expected
