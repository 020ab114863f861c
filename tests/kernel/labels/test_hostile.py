"""Policies that contradict themselves, are too large or too deep, or use the field's odd spellings."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.labels.samples import JP, JP_BOOK, everything, handling, jp_label, releasable_to, us_label
from kernel.labels.test_spif import CLASSES, HEAD, TAIL, VALUE, WHOLE, complaint, level, load, value
from renkei.kernel.labels.contradictions import MAX_BROUGHT
from renkei.kernel.labels.marking import mark
from renkei.kernel.labels.model import Category, Label
from renkei.kernel.labels.policy import Policy, PolicyBook
from renkei.kernel.labels.presets import policy_file

GROUP = 'tagSetRef="T" tagType="restrictive"'


def tagged(values: str, attributes: str = "") -> str:
    return (
        HEAD
        + CLASSES
        + '<securityCategoryTagSets><securityCategoryTagSet name="T" id="2.999.1.1">'
        + f'<securityCategoryTag name="T" tagType="restrictive"{attributes}>{values}</securityCategoryTag>'
        + "</securityCategoryTagSet></securityCategoryTagSets>"
        + TAIL
    )


def requires(*lacvs: int, operation: str = "all") -> str:
    groups = "".join(f'<categoryGroup {GROUP} lacv="{n}"/>' for n in lacvs)
    return f'<requiredCategory operation="{operation}">{groups}</requiredCategory>'


def excludes(lacv: int) -> str:
    return f'<excludedCategory {GROUP} lacv="{lacv}"/>'


def entry(n: int, inner: str = "", attributes: str = "") -> str:
    return f'<tagCategory name="V{n}" lacv="{n}"{attributes}>{inner}</tagCategory>'


# --- the field's spellings --------------------------------------------------------------------------


def test_the_misspelt_namespace_is_read_as_what_was_meant():
    text = policy_file("jp").decode()
    assert Policy.load(text.replace("www.xmlspif.org", "www.xmslpif.org").encode()) == JP
    broken = complaint(WHOLE.replace("xmlspif.org", "xmslpif.org").replace('hierarchy="5"', 'hierarchy="x"'))
    assert "<securityClassification>, line 5" in broken.came


def test_names_that_differ_by_case_alone_are_one_name():
    again = WHOLE.replace(VALUE, VALUE + '<tagCategory name="a" lacv="2"/>')
    assert "whatever its case" in complaint(again).expected
    assert "whatever its case" in complaint(level(name="high")).expected


def test_a_tag_without_values_is_read_and_a_tag_set_without_tags_is_not():
    empty = load(tagged(""))
    assert empty.tags[0].values == ()
    book = PolicyBook(empty)
    assert (
        book.validate(Label(empty.id, "LOW", (Category("T", "restrictive", ("A",)),))).code == "label.value"
    )
    none = HEAD + CLASSES + '<securityCategoryTagSets><securityCategoryTagSet name="T" id="2.999.1.1"/>'
    error = complaint(none + "</securityCategoryTagSets>" + TAIL)
    assert "at least one securityCategoryTag" in error.expected


def test_a_value_can_stand_in_the_classifications_place():
    text = value(
        '<markingData phrase="EYES"><code>pageTop</code><code>suppressClassName</code></markingData>'
    )
    policy = load(text)
    with_value = Label(policy.id, "HIGH", (Category("T", "restrictive", ("A",)),))
    assert mark(policy, with_value).en == "P//EYES"
    assert mark(policy, Label(policy.id, "HIGH")).en == "P//HIGH"


# --- contradictions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        tagged(entry(1, requires(2) + excludes(2)) + entry(2)),
        tagged(entry(1, requires(2)) + entry(2, requires(3)) + entry(3, excludes(1))),
        tagged(entry(1, requires(2, operation="onlyOne") + excludes(2)) + entry(2)),
        tagged(entry(1, f'<excludedCategory {GROUP} all="true"/>')),
        tagged(entry(1, "<excludedClass>LOW</excludedClass><excludedClass>HIGH</excludedClass>")),
        tagged(entry(1, "<excludedClass>LOW</excludedClass>", ' requiredClass="LOW"')),
        tagged(entry(1, requires(2), ' requiredClass="LOW"') + entry(2, "", ' requiredClass="HIGH"')),
        tagged(entry(1, requires(2)) + entry(2), ' maxSelection="1"'),
        tagged(entry(1), ' minSelection="2"'),
        tagged(entry(1) + entry(2), ' minSelection="2" maxSelection="1"'),
        tagged(entry(1), ' maxSelection="0"'),
    ],
)
def test_rules_that_no_label_could_meet_are_named_with_their_line(text):
    error = complaint(text)
    assert error.code == "policy.contradiction"
    assert "line" in error.came


def test_a_classification_that_requires_what_may_not_stand_under_it_is_named():
    text = level(requires(1)).replace(VALUE, entry(1, "<excludedClass>LOW</excludedClass>"))
    error = complaint(text)
    assert (error.code, "LOW requires" in error.came) == ("policy.contradiction", True)
    either = level(requires(1, 2, operation="oneOrMore")).replace(
        VALUE, entry(1, "<excludedClass>LOW</excludedClass>") + entry(2)
    )
    assert load(either).classifications[0].required


def test_values_that_require_each_other_in_a_circle_are_sound():
    policy = load(tagged(entry(1, requires(2)) + entry(2, requires(3)) + entry(3, requires(1))))
    book = PolicyBook(policy)
    assert book.validate(Label(policy.id, "LOW", (Category("T", "restrictive", ("V1", "V2", "V3")),))) is None
    assert (
        book.validate(Label(policy.id, "LOW", (Category("T", "restrictive", ("V1",)),))).code
        == "label.required"
    )


@given(st.data())
def test_a_value_of_a_policy_that_was_read_fits_some_label(data):
    """No policy that is read holds a value that brings what it excludes: tried by building the label."""
    count = 4
    rules = data.draw(
        st.lists(
            st.tuples(st.sets(st.integers(1, count), max_size=2), st.sets(st.integers(1, count), max_size=1)),
            min_size=count,
            max_size=count,
        )
    )
    text = tagged(
        "".join(
            entry(n, (requires(*sorted(need)) if need else "") + "".join(map(excludes, bar)))
            for n, (need, bar) in enumerate(rules, 1)
        )
    )
    try:
        policy = load(text)
    except Exception as error:
        assert getattr(error, "code", "") == "policy.contradiction"
        return
    book = PolicyBook(policy)
    for n in range(1, count + 1):
        brought, before = {n}, set()
        while brought != before:
            before = set(brought)
            brought |= {m for b in before for m in rules[b - 1][0]}
        label = Label(
            policy.id, "LOW", (Category("T", "restrictive", tuple(f"V{m}" for m in sorted(brought))),)
        )
        assert book.validate(label) is None


# --- size and depth ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (tagged("".join(f'<tagCategory name="V{n}" lacv="{n}"/>' for n in range(60_000))), "policy.size"),
        (tagged("".join(f'<tagCategory name="{n}" lacv="{n}"/>' for n in range(50_100))), "policy.elements"),
        (tagged("".join(entry(n) for n in range(5_001))), "policy.elements"),
        (
            WHOLE.replace("</SPIF>", "<extensions>" + "<x>" * 100 + "</x>" * 100 + "</extensions></SPIF>"),
            "policy.depth",
        ),
        (
            WHOLE.replace("</SPIF>", "<extensions>" + "<x>" * 9000 + "</x>" * 9000 + "</extensions></SPIF>"),
            "policy.xml",
        ),
        (tagged("".join(entry(n, requires(n + 1)) for n in range(1, 400)) + entry(400)), "policy.rules"),
    ],
    ids=["a-file-too-large", "elements", "values", "depth", "great-depth", "chain"],
)
def test_a_policy_beyond_its_limits_is_refused_by_name_and_soon(text, code):
    started = time.process_time()
    assert complaint(text).code == code
    assert time.process_time() - started < 5


def test_a_million_categories_are_refused_before_they_are_read():
    text = tagged('<tagCategory name="V" lacv="1"/>' * 1_000_000)
    started = time.process_time()
    assert complaint(text).code == "policy.size"
    assert time.process_time() - started < 1


def test_a_chain_within_the_limit_is_read():
    chain = "".join(entry(n, requires(n + 1)) for n in range(1, MAX_BROUGHT)) + entry(MAX_BROUGHT)
    assert len(load(tagged(chain)).tags[0].values) == MAX_BROUGHT


# --- the field's cases, together --------------------------------------------------------------------


def test_no_permissive_value_in_common_means_nobody_and_two_policies_meet_under_our_own():
    only = [jp_label("DUTY USE", releasable_to("USA", "JPN")), jp_label("DUTY USE", releasable_to("AUS"))]
    together = JP_BOOK.aggregate(only)
    assert not JP_BOOK.access(everything(JP), together).allowed
    mixed = JP_BOOK.aggregate(
        [jp_label("GUARDED", handling("MEDICAL")), us_label("OFFICIAL", releasable_to("JPN"))]
    )
    assert mixed == jp_label("GUARDED", handling("MEDICAL"), releasable_to("JPN"))
    unknown = JP_BOOK.aggregate([jp_label(), us_label("HUSH")])
    assert unknown.code == "label.classification"
