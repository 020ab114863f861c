"""The chain in the master log's order: agreements that begin and end, reviews that hold and release."""

from datetime import timedelta

import msgspec
import pytest

from kernel.labels.samples import US_BOOK, handling, releasable_to, us_clearance, us_label
from kernel.partners.test_release import (
    CLEARANCE,
    CLOSED,
    CODEC,
    KEY,
    OPEN,
    Bound,
    Desk,
    Note,
    Step,
    alias,
    note,
    own,
)
from kernel.partners.world import JJOC, START, USFJ, agreement
from renkei.kernel.ids import new_id
from renkei.kernel.labels.policy import PolicyBook
from renkei.kernel.labels.terms import ReviewRule
from renkei.kernel.partners import Releaser
from renkei.kernel.partners.records import MAX_HANDS, Onward, Recall, ReleaseDecision
from renkei.kernel.partners.register import FACTS, Register
from renkei.kernel.records import Text

HOUR = timedelta(hours=1)
LOW = us_clearance("UNCLASSIFIED", releasable_to("JPN"))
TWICE = ReviewRule(kinds=("note",), at_least="OFFICIAL", signatures=2, within=HOUR)
DUTY = us_label("OFFICIAL", releasable_to("JPN", "USA"))


class Bare(Desk):
    """A desk whose partner nothing is agreed with, and whose policy has the rules given."""

    def __init__(self, *rules: ReviewRule) -> None:
        super().__init__()
        self.sent.set_facts({name: b"" for name, _ in self.sent.facts(FACTS)})
        us = msgspec.structs.replace(US_BOOK.own, review_rules=rules)
        self.book = PolicyBook(us, US_BOOK.policies[1:])
        self.restart()

    def restart(self) -> None:
        super().restart()
        if hasattr(self, "book"):
            self.releaser = Releaser(
                self.master, self.sent, self.terms, self.book, CODEC, KEY, hq=USFJ, clock=self.clock
            )

    def register_item(self, number):
        return self.releaser.register.items[own(number)]

    def why(self, record) -> str:
        return self.releaser.explain(CODEC.encode(record)).code

    def word(self, about, account="first", verdict="release", version=1, partner=JJOC, post=""):
        self.clock.advance(timedelta(minutes=1))
        now = self.clock.now()
        return ReleaseDecision(
            id=new_id(USFJ, now),
            label=OPEN,
            at=now,
            by=post or f"Disclosure officer, {account}",
            about=own(about),
            about_version=version,
            partner=partner,
            verdict=verdict,
            account=account,
            reason=Text(text="Needed there", lang="en"),
        )


@pytest.fixture
def desk():
    return Bare()


@pytest.fixture
def held():
    """A desk with an agreement, under whose policy OFFICIAL notes need two officers."""
    desk = Bare(TWICE)
    desk.release(agreement(JJOC, CLEARANCE))
    return desk


def test_without_an_agreement_nothing_leaves(desk):
    assert desk.release(note(1)) == []
    assert desk.why(note(1)) == "agreement.none"


def test_an_agreement_begins_and_ends_by_itself(desk):
    assert desk.release(agreement(JJOC, CLEARANCE, since=START + HOUR, until=START + 2 * HOUR), note(1)) == []
    desk.clock.advance(HOUR)
    assert [r.id for r in desk.release(note(2))] == [alias(2)]
    desk.clock.advance(HOUR)
    assert desk.release(note(3)) == []
    assert desk.why(note(3)) == "agreement.ended"


def test_an_agreement_is_ended_by_its_next_version_and_survives_a_restart(desk):
    first = agreement(JJOC, CLEARANCE)
    assert len(desk.release(first, note(1))) == 1
    desk.restart()
    assert len(desk.release(note(2))) == 1
    desk.release(msgspec.structs.replace(first, version=2, until=START))
    desk.restart()
    assert desk.release(note(3)) == []


def test_an_agreement_with_another_or_in_another_realm_is_none(desk):
    others = (agreement("ph.pcg", CLEARANCE), agreement(JJOC, CLEARANCE, realm="exercise.a", number=1))
    assert desk.release(*others, note(1)) == []


def test_the_agreement_that_names_the_kind_counts_before_the_one_for_every_kind(desk):
    desk.release(agreement(JJOC, LOW), agreement(JJOC, CLEARANCE, kinds=("bound",), number=1))
    got = desk.release(note(1, DUTY), note(2), note(3, DUTY, kind=Bound, to=own(2)))
    assert [r.id for r in got] == [alias(2), alias(3)]
    assert desk.why(note(1, DUTY)) == "access.classification"


def test_of_two_that_contradict_each_other_the_lower_counts(desk):
    desk.release(agreement(JJOC, CLEARANCE), agreement(JJOC, LOW, number=1))
    assert [r.id for r in desk.release(note(1, DUTY), note(2))] == [alias(2)]


def test_a_record_under_review_leaves_no_trace_and_the_last_signature_releases_it(held):
    assert held.release(note(1, DUTY), note(2)) != []
    assert held.why(note(1, DUTY)) == "review.waiting"
    assert held.release(held.word(1)) == []
    held.restart()
    (late,) = held.release(held.word(1, "second"))
    assert (late.id, late.version) == (alias(1), 1)
    assert late.at == held.clock.now() > START
    assert held.register_item(1).state == "approved"


def test_what_the_partner_gets_in_the_end_is_the_same_as_without_the_wait_but_for_the_time(held):
    record = note(1, DUTY, text=Text(text="x", lang="en"), steps=(Step(what="go", label=CLOSED),))
    held.release(record, held.word(1))
    (late,) = held.release(held.word(1, "second"))
    plain = Desk()
    (usual,) = plain.release(record)
    assert msgspec.structs.replace(late, at=usual.at) == usual
    assert late.steps == ()


@pytest.mark.parametrize(
    "words",
    [
        [("first", "release", 1, JJOC), ("first", "release", 1, JJOC)],
        [("first", "release", 1, JJOC), ("second", "release", 2, JJOC)],
        [("first", "release", 1, JJOC), ("second", "release", 1, "ph.pcg")],
        [("first", "refuse", 1, JJOC), ("second", "release", 1, JJOC), ("third", "release", 1, JJOC)],
        [("first", "return", 1, JJOC), ("second", "release", 1, JJOC), ("third", "release", 1, JJOC)],
        [("first", "applaud", 1, JJOC), ("second", "applaud", 1, JJOC), ("third", "release", 1, JJOC)],
    ],
    ids=[
        "one officer twice",
        "another version",
        "another partner",
        "after a refusal",
        "after sending back",
        "a verdict nobody knows",
    ],
)
def test_signatures_that_do_not_count(held, words):
    held.release(note(1, DUTY))
    for account, verdict, version, partner in words:
        assert held.release(held.word(1, account, verdict, version, partner)) == []


def test_a_verdict_nobody_knows_leaves_the_version_held(held):
    held.release(note(1, DUTY), held.word(1, "first", "applaud"))
    assert held.register_item(1).state == "held" and held.why(note(1, DUTY)) == "review.waiting"
    held.release(held.word(1, "first"))
    assert len(held.release(held.word(1, "second"))) == 1


def test_what_was_sent_back_stays_until_it_is_corrected_and_then_is_reviewed_anew(held):
    held.release(note(1, DUTY), held.word(1), held.word(1, "second", "return"))
    assert held.why(note(1, DUTY)) == "review.returned"
    held.restart()
    item = held.register_item(1)
    assert (item.state, item.settled_by.account) == ("returned", "second")
    assert held.release(held.word(1, "third"), note(1, DUTY, version=2)) == []
    assert held.register_item(1).state == "held" and held.register_item(1).signatures == ()
    held.release(held.word(1, "first", version=2))
    (late,) = held.release(held.word(1, "second", version=2))
    assert (late.id, late.version) == (alias(1), 1), "the partner knows of one version alone"


def test_facts_from_when_there_was_refusing_alone_are_the_same_bytes(held):
    held.release(note(1, DUTY), held.word(1, "first", "refuse"))
    (raw,) = [raw for name, raw in held.sent.facts(FACTS) if name.endswith(own(1))]
    assert b'"refused_by":{"account":"first"' in raw
    held.restart()
    assert held.why(note(1, DUTY)) == "review.refused"


def test_a_decision_on_a_version_replaced_in_the_meantime_releases_nothing(held):
    held.release(note(1, DUTY), note(1, CLOSED, version=2))
    assert held.release(held.word(1), held.word(1, "second")) == []
    assert held.why(note(1, CLOSED, version=2)) == "access.classification"


def test_a_replayed_decision_releases_nothing_again(held):
    held.release(note(1, DUTY))
    first, second = held.word(1), held.word(1, "second")
    assert len(held.release(first, second)) == 1
    again = [msgspec.structs.replace(w, id=held.word(1).id) for w in (first, second)]
    assert held.release(*again) == []


def test_an_agreement_that_ended_during_the_review_stops_the_late_release(held):
    held.release(note(1, DUTY), held.word(1))
    held.release(agreement(JJOC, CLEARANCE, until=START, version=2))
    assert held.release(held.word(1, "second")) == []


def test_the_register_made_anew_from_the_log_equals_the_one_kept(held):
    held.release(note(1, DUTY), held.word(1), note(2, DUTY), note(2, DUTY, version=2), note(3))
    kept = {name: raw for name, raw in held.sent.facts(FACTS) if raw}
    assert kept == held.releaser.register.facts() == Register(JJOC, "live", kept.items()).facts()


def test_onward_release_needs_the_originators_label(desk):
    ceiling = us_clearance("PROTECTED", releasable_to("PHL"), handling("LOGISTICS"))
    desk.release(agreement(JJOC, ceiling))
    theirs = {"kind": "note", "label": msgspec.to_builtins(us_label("OFFICIAL", releasable_to("JPN", "USA")))}
    both = {"kind": "note", "label": msgspec.to_builtins(us_label("OFFICIAL", releasable_to("PHL", "USA")))}

    def passing(number, rendition, originator="ph.pcg"):
        return note(
            number,
            us_label("OFFICIAL", releasable_to("PHL", "USA")),
            kind=Onward,
            originator=originator,
            rendition=msgspec.json.encode(rendition).decode(),
        )

    assert desk.release(passing(1, theirs)) == []
    assert desk.why(passing(1, theirs)) == "onward.originator"
    assert len(desk.release(passing(2, both))) == 1
    hidden = {**both, "steps": [{"what": "x", "label": msgspec.to_builtins(CLOSED)}]}
    assert desk.why(passing(3, hidden)) == "onward.originator"
    # What was passed on to us is its first author's still, however wide the label of whoever passed it on.
    again = {**both, "kind": "release.onward", "rendition": msgspec.json.encode(theirs).decode()}
    assert desk.why(passing(4, again)) == "onward.originator"
    twice = {**both, "kind": "release.onward", "rendition": msgspec.json.encode(again).decode()}
    assert desk.why(passing(5, twice)) == "onward.originator"
    assert desk.why(passing(6, {**again, "rendition": msgspec.json.encode(both).decode()})) == ""
    assert desk.why(passing(7, {**again, "rendition": "no JSON"})) == "onward.originator"
    for _ in range(MAX_HANDS):
        both = {**both, "kind": "release.onward", "rendition": msgspec.json.encode(both).decode()}
    assert desk.why(passing(8, both)) == "onward.originator"


def test_a_note_is_looked_at_whole_where_portions_have_labels(held):
    high = note(1, OPEN, text=Text(text="x", lang="en", label=DUTY))
    assert held.release(high) == []
    assert held.why(high) == "review.waiting"
    assert isinstance(high, Note)


def test_a_second_account_of_the_same_post_is_no_second_officer(held):
    held.release(note(1, DUTY), held.word(1, "first", post="Disclosure officer"))
    assert held.release(held.word(1, "another", post="Disclosure officer")) == []
    assert len(held.register_item(1).signatures) == 1
    assert len(held.release(held.word(1, "another", post="Second officer"))) == 1


# --- recalls ----------------------------------------------------------------------------------------


def recalled(number, at, about=1, **more):
    return Recall(id=own(number), label=OPEN, at=at, by="Disclosure officer", about=own(about), **more)


def lifted(recall, seq):
    return msgspec.structs.replace(recall, version=2, lifted=True, seq=seq)


def test_two_recalls_at_once_must_both_be_lifted(desk):
    """Two officers at the same moment: each saw a record that was not recalled."""
    desk.release(agreement(JJOC, CLEARANCE), note(1))
    one, other = recalled(50, desk.clock.now()), recalled(51, desk.clock.now())
    assert [r.kind for r in desk.release(one, other)] == ["release.recall"]
    assert desk.release(lifted(other, 1)) == []
    assert desk.why(note(1)) == "recall.in-force"
    desk.restart()
    assert desk.why(note(1)) == "recall.in-force"
    assert [r.id for r in desk.release(lifted(one, 1))] == [alias(1)]


def test_what_was_narrowed_recalled_and_released_again_is_taken_back_again_after_a_restart(desk):
    desk.release(agreement(JJOC, CLEARANCE), note(1), note(1, CLOSED, version=2))
    officers = recalled(50, desk.clock.now())
    desk.release(officers, lifted(officers, 2))
    assert [r.id for r in desk.release(note(1, version=3))] == [alias(1)]
    assert desk.releaser.register.taken_back(own(1)) is None
    desk.restart()
    assert desk.releaser.register.taken_back(own(1)) is None
    (notice,) = desk.release(note(1, CLOSED, version=4))
    assert isinstance(notice, Recall)


def test_what_is_let_go_again_waits_for_its_review_again(held):
    """Signatures do not outlast a recall, and what waits for new ones is in the queue."""
    held.release(note(1, DUTY), held.word(1))
    assert len(held.release(held.word(1, "second"))) == 1
    back = recalled(50, held.clock.now())
    held.release(back)
    assert own(1) not in held.releaser.register.items
    held.clock.advance(HOUR)
    assert held.release(lifted(back, 1)) == []
    item = held.register_item(1)
    assert (item.state, item.signatures, item.since) == ("held", (), held.clock.now())
    assert held.release(held.word(1)) == []
    assert [r.id for r in held.release(held.word(1, "second"))] == [alias(1)]


def test_what_was_written_while_recalled_can_be_reviewed_once_let_go(held):
    held.release(note(1, OPEN))
    back = recalled(50, held.clock.now())
    held.release(back, note(1, DUTY, version=2), lifted(back, 3))
    assert held.register_item(1).state == "held"
    assert held.release(held.word(1, version=2)) == []
    assert len(held.release(held.word(1, "second", version=2))) == 1
