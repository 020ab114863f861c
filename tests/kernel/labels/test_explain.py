"""Explaining a decision never contradicts it; comparing policies decides per label and counts records."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.labels.samples import (
    JP,
    JP_BOOK,
    US,
    US_BOOK,
    clearances,
    handling,
    jp_clearance,
    jp_label,
    labels,
    releasable_to,
    subject,
    us_label,
)
from renkei.kernel.labels.change import Audience, Counted, compare
from renkei.kernel.labels.explain import explain
from renkei.kernel.labels.model import Clearance, Label
from renkei.kernel.labels.policy import Policy, PolicyBook
from renkei.kernel.labels.presets import policy_file


@given(st.data(), st.sampled_from([JP, US]), st.sampled_from([JP, US]))
def test_an_explanation_says_what_the_decision_says(data, here, there):
    book = data.draw(st.sampled_from([JP_BOOK, US_BOOK]))
    clearance, label = data.draw(clearances(here)), data.draw(labels(there))
    told, decided = explain(book, clearance, label), book.decide(clearance, label)
    assert told.allowed == decided.allowed == all(s.met for s in told.steps)
    if not decided.allowed:
        assert told.code == decided.code == next(s.rule for s in told.steps if not s.met)
        assert told.changes


def test_everything_that_stands_in_the_way_is_told_not_only_the_first():
    label = jp_label("SEALED", releasable_to("JPN"), handling("MEDICAL"), subject("WEATHER"))
    told = explain(JP_BOOK, jp_clearance("DUTY USE", releasable_to("USA")), label)
    assert told.code == "access.classification"
    assert [(s.rule, s.met) for s in told.steps] == [
        ("access.classification", False),
        ("access.restrictive", False),
        ("access.permissive", False),
        ("informative", True),
    ]
    assert told.changes == (
        "a clearance for SEALED, or a label no higher than DUTY USE",
        "Handling MEDICAL in the clearance, or a label without it",
        "USA added to the label's Releasable to, or one of JPN in the clearance",
    )


def test_a_foreign_label_is_told_as_what_it_is_worth_here():
    told = explain(
        JP_BOOK, jp_clearance("GUARDED", releasable_to("JPN")), us_label("PROTECTED", releasable_to("JPN"))
    )
    assert told.allowed
    assert "GUARDED; Releasable to JPN" in told.steps[0].found
    none = explain(JP_BOOK, jp_clearance("SEALED"), us_label("CLOSED", releasable_to("USA")))
    assert (none.allowed, none.code) == (False, "access.no-equivalent")
    assert "equivalence" in none.changes[0]


@pytest.mark.parametrize(
    ("clearance", "label", "code"),
    [
        (Clearance("urn:oid:2.999.7", ("X",)), jp_label(), "access.policy"),
        (jp_clearance(), jp_label("HUSH"), "access.label"),
        (jp_clearance(), Label("urn:oid:2.999.7", "HUSH"), "access.label"),
        (jp_clearance(), jp_label("DUTY USE", releasable_to()), "access.permissive"),
    ],
)
def test_odd_cases_are_told_with_what_would_help(clearance, label, code):
    told = explain(JP_BOOK, clearance, label)
    assert (told.allowed, told.code) == (False, code)
    assert told.changes


# --- another policy -----------------------------------------------------------------------------------

PARTNER = Audience("us.usfj", True, jp_clearance("GUARDED", releasable_to("USA")))
WATCH = Audience("watch", False, jp_clearance("GUARDED", releasable_to("JPN")))


def shelf(n, label, count, kind="log-entry", owner="jp.jjoc"):
    return Counted(n, (label,), kind, owner, count)


def other(old: bytes, new: bytes) -> PolicyBook:
    text = policy_file("jp")
    assert old in text
    return PolicyBook(Policy.load(text.replace(old, new)), [US])


def test_the_same_policy_changes_nothing():
    found = compare(JP_BOOK, JP_BOOK, [shelf(1, jp_label(), 5)], [PARTNER, WATCH], "jp.jjoc", frozenset())
    assert (found.records, found.labels, found.shifts, found.unknown_labels) == (5, 1, (), ())


def test_a_value_taken_away_hides_what_was_under_it_and_is_named():
    label = jp_label("GUARDED", releasable_to("AUS", "JPN", "USA"))
    new = other(b'tagCategory name="AUS"', b'tagCategory name="NZL"')
    rows = [shelf(1, label, 40), shelf(2, jp_label(), 7)]
    found = compare(JP_BOOK, new, rows, [PARTNER, WATCH], "jp.jjoc", frozenset())
    assert [(s.audience, s.change, s.count) for s in found.shifts] == [
        ("us.usfj", "loses", 40),
        ("watch", "loses", 40),
    ]
    assert "access.label" in found.shifts[0].why
    assert len(found.unknown_labels) == 1


def test_an_equivalence_more_shows_a_partners_records_and_releases_none_of_them():
    """The highest foreign level gets an equivalent: visible here then, and never sent out again."""
    sealed = b'<markingData phrase="SEALED" xml:lang="en">'
    equal = (
        '<equivalentClassification policyRef="SYNTHETIC EXERCISE POLICY — United States" lacv="4" '
        'applied="decrypt"/>'
    ).encode()
    new = other(sealed, equal + sealed)
    theirs = us_label("CLOSED", releasable_to("JPN", "USA"))
    officer = Audience("officer", False, jp_clearance("SEALED", releasable_to("JPN")))
    rows = [shelf(1, theirs, 3, owner="us.usfj")]
    found = compare(JP_BOOK, new, rows, [PARTNER, officer], "jp.jjoc", frozenset())
    assert [(s.audience, s.change, s.count) for s in found.shifts] == [("officer", "gains", 3)]
    assert found.shifts[0].why.startswith("no longer access.no-equivalent")


def test_kinds_that_never_leave_and_records_of_others_are_no_partners_business():
    label = jp_label("GUARDED", releasable_to("AUS", "JPN", "USA"))
    new = other(b'tagCategory name="AUS"', b'tagCategory name="NZL"')
    rows = [shelf(1, label, 1, kind="handover"), shelf(2, label, 1, owner="us.usfj")]
    found = compare(JP_BOOK, new, rows, [PARTNER], "jp.jjoc", frozenset({"handover"}))
    assert found.shifts == ()


def test_clearances_that_the_new_policy_cannot_mean_are_named():
    new = other(b'tagCategory name="FACILITIES"', b'tagCategory name="PREMISES"')
    partner = Audience("us.usfj", True, jp_clearance("GUARDED", handling("FACILITIES")))
    found = compare(JP_BOOK, new, [], [partner, WATCH], "jp.jjoc", frozenset())
    assert len(found.unsound_clearances) == 1
    assert found.unsound_clearances[0].startswith("us.usfj:")


def test_a_million_records_cost_what_their_labels_cost():
    tops = [c.name for c in JP.classifications]
    many = [
        jp_label(
            tops[n % 4],
            releasable_to("JPN", *(("USA",) if n & 4 else ())),
            *((handling("MEDICAL"),) if n & 8 else ()),
        )
        for n in range(16)
    ]
    rows = [shelf(n, many[n % 16], 2_000, kind=f"kind-{n % 20}") for n in range(500)]
    people = [Audience(f"p{n}", False, jp_clearance(tops[n % 4], releasable_to("JPN"))) for n in range(200)]
    started = time.process_time()
    found = compare(JP_BOOK, other(b'name="AUS"', b'name="NZL"'), rows, people, "jp.jjoc", frozenset())
    assert found.records == 1_000_000
    assert time.process_time() - started < 5
