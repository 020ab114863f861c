"""Which records wait for a disclosure officer is said by the policy file and decided purely."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.labels.samples import (
    JP,
    JP_BOOK,
    US,
    US_BOOK,
    handling,
    jp_label,
    labels,
    releasable_to,
    us_label,
)
from renkei.kernel.errors import BadInput
from renkei.kernel.labels.model import Label
from renkei.kernel.labels.own_extensions import MAX_REVIEW_RULES
from renkei.kernel.labels.policy import Policy
from renkei.kernel.labels.presets import policy_file

TEXT = policy_file("jp").decode()
START, END = TEXT.index("<r:reviewRules>"), TEXT.index("</r:reviewRules>")


def with_rules(inner) -> Policy:
    return Policy.load((TEXT[:START] + "<r:reviewRules>" + inner + TEXT[END:]).encode())


RULE = '<r:reviewRule signatures="1" within="PT4H"{}>{}</r:reviewRule>'


def value(tag, type_, text):
    return f'<r:value tag="{tag}" type="{type_}">{text}</r:value>'


def test_a_rule_holds_for_its_kinds_from_its_classification_up():
    policy = with_rules(RULE.format(' kinds="decision task" atLeast="GUARDED"', ""))
    rule = policy.review_rules[0]
    assert rule.kinds == ("decision", "task")
    assert rule.within == timedelta(hours=4)
    assert policy.reviews(jp_label("GUARDED", releasable_to("JPN")), "decision") == rule
    assert policy.reviews(jp_label("SEALED", releasable_to("JPN")), "task") == rule
    assert policy.reviews(jp_label("DUTY USE", releasable_to("JPN")), "decision") is None
    assert policy.reviews(jp_label("GUARDED", releasable_to("JPN")), "request") is None


def test_values_of_one_tag_are_alternatives_and_tags_add_up():
    inner = value("Handling", "restrictive", "MEDICAL") + value("Handling", "restrictive", "LOGISTICS")
    policy = with_rules(RULE.format("", inner + value("Releasable to", "permissive", "USA")))
    both = releasable_to("JPN", "USA")
    assert policy.reviews(jp_label("DUTY USE", both, handling("MEDICAL")), "request")
    assert policy.reviews(jp_label("DUTY USE", both, handling("LOGISTICS")), "request")
    assert policy.reviews(jp_label("DUTY USE", both), "request") is None
    assert policy.reviews(jp_label("DUTY USE", releasable_to("JPN"), handling("MEDICAL")), "request") is None


def test_of_several_rules_the_strictest_counts():
    two = RULE.replace('"1"', '"2"').replace("PT4H", "P1D").format("", "")
    policy = with_rules(RULE.format("", "") + two + RULE.replace("PT4H", "PT1H").format("", ""))
    assert policy.reviews(jp_label(), "request").signatures == 2
    soonest = with_rules(RULE.format("", "") + RULE.replace("PT4H", "PT1H").format("", ""))
    assert soonest.reviews(jp_label(), "request").within == timedelta(hours=1)


def test_a_foreign_label_is_judged_by_its_equivalent_and_one_without_by_every_rule_of_the_kind():
    medical = us_label("OFFICIAL", releasable_to("USA", "JPN"), handling("MEDICAL"))
    assert JP_BOOK.reviews(medical, "request") == JP.review_rules[1]
    assert JP_BOOK.reviews(us_label(), "request") is None
    unknown = Label("urn:oid:2.999.7", "HUSH")
    assert JP_BOOK.reviews(unknown, "request").signatures == 2
    assert JP.reviews(jp_label("HUSH"), "decision").signatures == 2


@given(st.data(), st.sampled_from(["request", "decision"]))
def test_a_higher_classification_is_never_reviewed_less(data, kind):
    label = data.draw(labels(JP))
    ranks = [c.name for c in JP.classifications]
    for higher in ranks[ranks.index(label.classification) :]:
        below = JP.reviews(label, kind)
        above = JP.reviews(Label(label.policy, higher, label.categories), kind)
        assert below is None or (above is not None and above.signatures >= below.signatures)


def test_what_the_demonstration_sends_waits_for_nobody():
    for book in (JP_BOOK, US_BOOK):
        for suggestion in book.own.suggestions:
            for kind in ("incident", "request", "answer", "commitment", "task", "hazard", "log-entry"):
                assert book.reviews(suggestion.label, kind) is None
    assert US.reviews(us_label("CLOSED", releasable_to("USA")), "request").signatures == 2


@pytest.mark.parametrize(
    ("inner", "complaint"),
    [
        (RULE.replace('"1"', '"3"').format("", ""), "signatures from 1 to 2"),
        (RULE.replace('"1"', '"0"').format("", ""), "signatures from 1 to 2"),
        (RULE.replace("PT4H", "soon").format("", ""), "within as a duration"),
        (RULE.replace("PT4H", "-PT4H").format("", ""), "within"),
        (RULE.replace("PT4H", "PT0S").format("", ""), "above zero"),
        (RULE.replace("PT4H", "P400D").format("", ""), "at most 366 days"),
        (RULE.format(' atLeast="MIDDLE"', ""), "atLeast as a classification"),
        (RULE.format("", value("Handling", "restrictive", "HOT")), "a tag and value of this policy"),
        (RULE.format("", value("Handling", "informative", "MEDICAL")), "a tag and value of this policy"),
        (RULE.format("", value("Handling", "secret", "MEDICAL")), "type as restrictive or"),
        (RULE.format("", "<r:note/>"), "only value inside"),
        ("<r:reviewRuel/>", "only reviewRule inside"),
        (RULE.format("", "") * (MAX_REVIEW_RULES + 1), f"at most {MAX_REVIEW_RULES} review rules"),
    ],
)
def test_a_rule_that_would_hold_up_nothing_is_refused_with_its_line(inner, complaint):
    with pytest.raises(BadInput) as caught:
        with_rules(inner)
    assert complaint in caught.value.expected
    assert "line" in caught.value.came


@pytest.mark.parametrize(
    ("attributes", "names", "complaint"),
    [
        ('tag="Handling" type="permissive"', "en ja", "a tag of this policy, with its type"),
        ('tag="Colour" type="restrictive"', "en ja", "a tag of this policy, with its type"),
        ('tag="Handling" type="restrictive"', "en ja", "named once"),
        ('tag="Handling" type="restrictive"', "en", "a name in English and one in Japanese"),
        ('tag="Handling"', "en ja", "type"),
    ],
)
def test_a_name_of_no_tag_or_of_one_that_has_a_name_is_refused_with_its_line(attributes, names, complaint):
    inside = "".join(f'<r:name xml:lang="{lang}">x</r:name>' for lang in names.split())
    text = TEXT.replace("<r:reviewRules>", f"<r:tagName {attributes}>{inside}</r:tagName><r:reviewRules>")
    with pytest.raises(BadInput) as caught:
        Policy.load(text.encode())
    assert complaint in caught.value.expected
    assert "line" in caught.value.came


def test_an_unknown_element_of_our_own_namespace_is_refused_and_others_are_let_be():
    for namespace, refused in (("urn:renkei:policy:1", True), ("urn:example:other", False)):
        text = TEXT.replace("<r:reviewRules>", f'<x:more xmlns:x="{namespace}"/><r:reviewRules>')
        if refused:
            with pytest.raises(BadInput, match="suggestion or tagName or reviewRules"):
                Policy.load(text.encode())
        else:
            assert Policy.load(text.encode()) == JP
