"""The access decision, translation and aggregation keep what ADatP-4774 and our ADR promise."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.labels.samples import (
    JP,
    JP_BOOK,
    US,
    US_BOOK,
    clearances,
    everything,
    handling,
    jp_clearance,
    jp_label,
    labels,
    releasable_to,
    subject,
    us_clearance,
    us_label,
)
from renkei.kernel.errors import Refused
from renkei.kernel.labels import policy as policy_module
from renkei.kernel.labels import rules
from renkei.kernel.labels.model import Category, Clearance, Label
from renkei.kernel.labels.policy import PolicyBook

HERE = st.sampled_from([JP, US])


def widened(a: Clearance, b: Clearance) -> Clearance:
    return Clearance(
        a.policy,
        a.classifications + b.classifications,
        tuple(
            Category(t.name, t.type, tuple(a.held(t.name, t.type) | b.held(t.name, t.type)))
            for t in (JP if a.policy == JP.id else US).tags
        ),
    ).canonical()


# --- access -----------------------------------------------------------------------------------------


@given(st.data(), HERE)
def test_holding_more_never_shows_less(data, terms):
    label, less, more = data.draw(labels(terms)), data.draw(clearances(terms)), data.draw(clearances(terms))
    if rules.access(terms, less, label).allowed:
        assert rules.access(terms, widened(less, more), label).allowed


@given(st.data(), HERE)
def test_informative_values_play_no_part_in_access(data, terms):
    label, clearance = data.draw(labels(terms)), data.draw(clearances(terms))
    without = Label(
        label.policy,
        label.classification,
        tuple(c for c in label.categories if c.type != "informative"),
    )
    assert rules.access(terms, clearance, label) == rules.access(terms, clearance, without)


@given(st.data(), HERE)
def test_access_is_the_rule_of_the_standard(data, terms):
    label, clearance = data.draw(labels(terms)), data.draw(clearances(terms))
    held = {(c.tag, v) for c in clearance.categories for v in c.values}
    expected = label.classification in clearance.classifications
    for category in label.categories:
        pairs = {(category.tag, v) for v in category.values}
        if category.type == "restrictive":
            expected &= pairs <= held
        if category.type == "permissive":
            expected &= bool(pairs & held)
    assert rules.access(terms, clearance, label).allowed is expected


@pytest.mark.parametrize(
    ("clearance", "label", "code"),
    [
        (jp_clearance("DUTY USE"), jp_label("GUARDED"), "access.classification"),
        (jp_clearance(), jp_label("DUTY USE", handling("MEDICAL")), "access.restrictive"),
        (
            jp_clearance("SEALED", releasable_to("USA")),
            jp_label("DUTY USE", releasable_to("JPN")),
            "access.permissive",
        ),
        (jp_clearance(), us_label("CLOSED"), "access.no-equivalent"),
        (us_clearance(), us_label("TOP"), "access.label"),
        (jp_clearance(), Label("urn:oid:2.999.7", "UNCLASSIFIED"), "access.label"),
        (Clearance("urn:oid:2.999.7", ("UNCLASSIFIED",)), jp_label(), "access.policy"),
    ],
)
def test_a_denial_says_which_part_of_the_rule_failed(clearance, label, code):
    decision = JP_BOOK.access(clearance, label)
    assert not decision.allowed
    assert decision.code == code
    assert decision.reason


def test_a_restrictive_tag_passed_off_as_informative_is_denied():
    dodge = Label(JP.id, "UNCLASSIFIED", (Category("Handling", "informative", ("NATIONAL",)),))
    assert JP_BOOK.access(jp_clearance(), dodge).code == "access.label"


def test_two_entries_of_one_permissive_tag_are_not_read_as_one_wider_one():
    twice = Label(JP.id, "DUTY USE", (releasable_to("JPN"), releasable_to("USA")))
    assert JP_BOOK.access(jp_clearance("SEALED", releasable_to("USA")), twice).code == "access.label"


@given(st.data())
def test_a_remembered_decision_is_the_decision(data):
    label = data.draw(st.one_of(labels(JP), labels(US)))
    clearance = data.draw(st.one_of(clearances(JP), clearances(US)))
    fresh = JP_BOOK.decide(clearance, label)
    assert JP_BOOK.access(clearance, label) == fresh
    assert JP_BOOK.access(clearance, label) == fresh


def test_memory_of_decisions_is_bounded(monkeypatch):
    monkeypatch.setattr(policy_module, "MAX_LABELS_REMEMBERED", 4)
    monkeypatch.setattr(policy_module, "MAX_CLEARANCES_REMEMBERED", 2)
    book = PolicyBook(JP, [US])
    for i in range(20):
        clearance = jp_clearance("SEALED", releasable_to(f"X{i}"))
        for n in range(20):
            assert not book.access(clearance, jp_label(f"CLASS {n}")).allowed
            assert len(book.gate(clearance)) <= 4
            book.mark(jp_label(f"CLASS {n}"))
    assert len(book._gates) <= 2
    assert len(book._markings) <= 4


# --- aggregation ------------------------------------------------------------------------------------


@given(st.data(), HERE)
def test_whoever_may_hold_the_whole_may_hold_each_part(data, terms):
    parts = data.draw(st.lists(labels(terms), min_size=1, max_size=4))
    whole = rules.aggregate(terms, parts)
    clearance = data.draw(clearances(terms))
    assert isinstance(whole, Label)
    if rules.access(terms, clearance, whole).allowed:
        assert all(rules.access(terms, clearance, part).allowed for part in parts)


@given(st.data(), HERE)
def test_the_whole_is_no_stricter_than_its_parts_together_need(data, terms):
    parts = data.draw(st.lists(labels(terms), min_size=1, max_size=4))
    alike = [
        Label(p.policy, p.classification, tuple(c for c in p.categories if c.type != "permissive"))
        for p in parts
    ]
    clearance = data.draw(clearances(terms))
    whole = rules.aggregate(terms, alike)
    each = all(rules.access(terms, clearance, part).allowed for part in alike)
    assert rules.access(terms, clearance, whole).allowed is each


@given(st.data())
def test_the_order_of_parts_does_not_matter_and_the_whole_of_one_is_itself(data):
    parts = data.draw(st.lists(labels(JP), min_size=1, max_size=3))
    assert rules.aggregate(JP, [parts[0]]) == parts[0]
    assert {rules.aggregate(JP, p) for p in permutations(parts)} == {rules.aggregate(JP, parts)}


def test_disjoint_audiences_put_together_admit_nobody_at_all():
    whole = JP_BOOK.aggregate(
        [jp_label("DUTY USE", releasable_to("USA")), jp_label("DUTY USE", releasable_to("PHL"))]
    )
    assert whole == jp_label("DUTY USE", releasable_to())
    assert JP_BOOK.access(everything(JP), whole).code == "access.permissive"
    assert JP_BOOK.validate(whole).code == "label.empty"
    assert JP_BOOK.translate(whole, US.id).code == "label.no-equivalent"


def test_a_narrowed_audience_stays_narrow_beside_a_part_for_everybody():
    whole = JP_BOOK.aggregate([jp_label(), jp_label("DUTY USE", releasable_to("JPN", "USA"))])
    assert whole == jp_label("DUTY USE", releasable_to("JPN", "USA"))


def test_labels_of_two_nations_meet_under_the_own_policy():
    whole = JP_BOOK.aggregate(
        [
            us_label("PROTECTED", releasable_to("USA", "JPN"), handling("MEDICAL")),
            jp_label("DUTY USE", handling("LOGISTICS")),
        ]
    )
    assert whole == jp_label("GUARDED", releasable_to("JPN", "USA"), handling("LOGISTICS", "MEDICAL"))
    assert JP_BOOK.aggregate([us_label("CLOSED"), jp_label()]).code == "label.no-equivalent"
    assert JP_BOOK.aggregate([]).code == "label.none"


# --- translation ------------------------------------------------------------------------------------


def _mutual(tag, value):
    return any(not e.discard for e in value.equivalents)


MUTUAL_JP = labels(JP, empty_permissive=False, keep=_mutual, levels=["UNCLASSIFIED", "DUTY USE", "GUARDED"])


@given(MUTUAL_JP)
def test_translation_there_and_back_is_the_same_where_equivalences_are_one_to_one(label):
    for here, there in ((JP_BOOK, JP_BOOK), (JP_BOOK, US_BOOK), (US_BOOK, JP_BOOK), (US_BOOK, US_BOOK)):
        foreign = here.translate(label, US.id)
        assert isinstance(foreign, Label), foreign
        assert there.translate(foreign, JP.id) == label


@given(labels(JP))
def test_translation_never_loses_what_restricts(label):
    foreign = JP_BOOK.translate(label, US.id)
    if isinstance(foreign, Refused):
        return
    ours = {c.tag: c.values for c in label.categories}
    theirs = {c.tag: c.values for c in foreign.categories}
    assert len(theirs.get("Handling", ())) == len(ours.get("Handling", ()))
    assert ("Releasable to" in ours) == ("Releasable to" in theirs)
    assert set(theirs.get("Releasable to", ())) <= set(ours.get("Releasable to", ()))
    assert theirs.get("Releasable to", ("-",)) != ()


@pytest.mark.parametrize(
    "label",
    [
        jp_label("SEALED"),
        jp_label("DUTY USE", handling("NATIONAL")),
        jp_label("DUTY USE", handling("FACILITIES", "MEDICAL")),
        jp_label("DUTY USE", releasable_to("CIV")),
    ],
)
def test_what_has_no_equivalent_cannot_be_translated(label):
    assert JP_BOOK.translate(label, US.id).code == "label.no-equivalent"


def test_a_nation_without_equivalent_is_left_out_of_the_audience():
    label = jp_label("DUTY USE", releasable_to("JPN", "USA", "CIV"), subject("DISASTER", "EXERCISE"))
    expected = us_label("OFFICIAL", releasable_to("JPN", "USA"), subject("DISASTER"))
    assert JP_BOOK.translate(label, US.id) == expected


def test_a_foreign_label_is_decided_by_what_the_own_policy_says_it_is_worth():
    label = us_label("PROTECTED", releasable_to("USA", "JPN"))
    assert JP_BOOK.access(jp_clearance("GUARDED", releasable_to("JPN")), label).allowed
    assert (
        JP_BOOK.access(jp_clearance("DUTY USE", releasable_to("JPN")), label).code == "access.classification"
    )
    assert JP_BOOK.access(jp_clearance("SEALED", releasable_to("CIV")), label).code == "access.permissive"


# --- form and rules of labels and clearances ----------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "code"),
    [
        (Label("urn:oid:2.999.7", "UNCLASSIFIED"), "label.policy"),
        (jp_label("OFFICIAL"), "label.classification"),
        (jp_label("UNCLASSIFIED", Category("Handlung", "restrictive", ("MEDICAL",))), "label.tag"),
        (jp_label("UNCLASSIFIED", Category("Handling", "permissive", ("MEDICAL",))), "label.tag-type"),
        (jp_label("UNCLASSIFIED", handling("SURGICAL")), "label.value"),
        (jp_label("UNCLASSIFIED", handling("MEDICAL"), handling("LOGISTICS")), "label.repeated"),
        (jp_label("UNCLASSIFIED", releasable_to()), "label.empty"),
        (jp_label("DUTY USE"), "label.required"),
        (jp_label("UNCLASSIFIED", releasable_to("USA")), "label.required"),
        (jp_label("UNCLASSIFIED", handling("FACILITIES")), "label.excluded"),
    ],
)
def test_a_label_against_the_policy_is_refused_with_its_reason(label, code):
    refused = JP_BOOK.validate(label)
    assert refused.code == code
    assert refused.status == 422
    assert refused.expected
    assert refused.came


def test_a_label_within_the_policy_is_not_refused():
    label = jp_label("DUTY USE", releasable_to("JPN", "USA"), handling("MEDICAL"), subject("SUPPLY"))
    assert JP_BOOK.validate(label) is None
    assert JP_BOOK.validate(us_label("OFFICIAL", releasable_to("USA"))) is None


def test_what_others_wrote_need_only_be_known():
    assert JP_BOOK.validate(us_label("OFFICIAL"), known_only=True) is None
    assert JP_BOOK.validate(us_label("OFFICIAL")).code == "label.required"


@pytest.mark.parametrize(
    ("clearance", "code"),
    [
        (Clearance(JP.id, ()), "clearance.classification"),
        (Clearance(JP.id, ("OFFICIAL",)), "clearance.classification"),
        (Clearance(JP.id, ("UNCLASSIFIED", "GUARDED")), "clearance.gap"),
        (jp_clearance("SEALED", handling("SURGICAL")), "label.value"),
        (Clearance("urn:oid:2.999.7", ("UNCLASSIFIED",)), "label.policy"),
    ],
)
def test_a_clearance_the_policy_cannot_mean_is_refused(clearance, code):
    assert JP_BOOK.check_clearance(clearance).code == code


@given(labels(JP), st.randoms())
def test_however_a_label_is_written_its_canonical_form_is_the_same(label, random):
    shuffled = [
        Category(c.tag, c.type, tuple(random.sample(c.values, len(c.values)))) for c in label.categories
    ]
    random.shuffle(shuffled)
    assert Label(label.policy, label.classification, tuple(shuffled)).canonical() == label
