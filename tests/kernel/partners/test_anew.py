"""Deciding anew: what was withheld goes by an officer's word, once, in the log's order, without a trace."""

from datetime import timedelta

import msgspec
import pytest

from kernel.labels.samples import US_BOOK
from kernel.partners.test_auditing import audited
from kernel.partners.test_chain import DUTY, HOUR, TWICE, Bare
from kernel.partners.test_release import CLEARANCE, CLOSED, OPEN, alias, note, own
from kernel.partners.world import JJOC, agreement
from renkei.kernel.labels.policy import PolicyBook, ReviewRule
from renkei.kernel.partners.records import Named, Reconsideration
from renkei.kernel.records import Text

ONCE = ReviewRule(kinds=("note",), at_least="OFFICIAL", signatures=1, within=HOUR)


@pytest.fixture
def desk():
    """Two notes stayed, as nothing was agreed; then something was."""
    one = Bare()
    one.release(note(1), note(2), note(3, CLOSED), agreement(JJOC, CLEARANCE))
    return one


def anew(desk, *named, number=90, upto=None, partner=JJOC, **more):
    """An officer's word on (number of a note, version, place in the master log)."""
    desk.clock.advance(timedelta(minutes=1))
    return Reconsideration(
        id=own(number),
        label=OPEN,
        at=desk.clock.now(),
        by="Disclosure officer",
        partner=partner,
        because=own(0),
        named=tuple(Named(own(n), version, seq) for n, version, seq in named),
        upto=desk.master.size if upto is None else upto,
        account="disclosure",
        reason=Text(text="The arrangement is in force", lang="en"),
        **more,
    )


def test_what_was_withheld_goes_under_the_time_of_its_release(desk):
    assert desk.why(note(1)) == "", "the chain lets it go, and it did not go by itself"
    first, second = desk.release(anew(desk, (1, 1, 0), (2, 1, 1), (3, 1, 2)))
    assert [(r.id, r.version, r.at) for r in (first, second)] == [
        (alias(1), 1, desk.clock.now()),
        (alias(2), 1, desk.clock.now()),
    ]
    assert audited(desk).sound, audited(desk).deviations


def test_said_twice_it_goes_once_also_after_a_restart(desk):
    assert len(desk.release(anew(desk, (1, 1, 0)))) == 1
    assert desk.release(anew(desk, (1, 1, 0), number=91)) == []
    desk.restart()
    assert desk.release(anew(desk, (1, 1, 0), number=92)) == []
    assert audited(desk).sound


@pytest.mark.parametrize(
    "said",
    [{"partner": "ph.pcg"}, {"realm": "exercise.a"}, {"named": ((1, 2, 0),)}, {"named": ((1, 1, 1),)}],
    ids=["another partner", "another realm", "another version", "another entry"],
)
def test_what_names_something_else_releases_nothing(desk, said):
    assert desk.release(anew(desk, *said.pop("named", ((1, 1, 0),)), **said)) == []


def test_a_version_replaced_between_looking_and_saying_is_passed_over(desk):
    looked = desk.master.size
    assert desk.release(note(1, CLOSED, version=2)) == []
    assert desk.release(anew(desk, (1, 1, 0), upto=looked)) == []
    assert audited(desk).sound


def test_the_policys_review_holds_it_as_it_would_a_new_record():
    desk = Bare(TWICE)
    desk.release(note(1, DUTY), agreement(JJOC, CLEARANCE))
    assert desk.release(anew(desk, (1, 1, 0))) == []
    assert desk.register_item(1).since == desk.clock.now()
    desk.release(desk.word(1), anew(desk, (1, 1, 0), number=91))
    assert len(desk.register_item(1).signatures) == 1, "signatures given stay"
    (late,) = desk.release(desk.word(1, "second"))
    assert late.id == alias(1)
    assert audited(desk).sound, audited(desk).deviations


def test_an_officers_no_is_not_gone_round():
    desk = Bare(TWICE)
    desk.release(agreement(JJOC, CLEARANCE), note(1, DUTY), desk.word(1, "first", "refuse"))
    assert desk.release(anew(desk, (1, 1, 1))) == []
    assert desk.why(note(1, DUTY)) == "review.refused"


def test_after_another_policy_the_audit_comes_to_the_same(desk):
    stricter = Bare(TWICE)
    stricter.release(agreement(JJOC, CLEARANCE), note(1, DUTY), note(2, DUTY))
    stricter.book = PolicyBook(US_BOOK.own, US_BOOK.policies[1:])
    stricter.releaser.decide_by(stricter.book)
    assert {d.what for d in audited(stricter).deviations if d.own_id == own(2)} == {"forgotten", "register"}
    assert [r.id for r in stricter.release(anew(stricter, (1, 1, 1)))] == [alias(1)]
    assert {d.own_id for d in audited(stricter).deviations} == {own(2)}
    assert own(1) not in stricter.releaser.register.items, "it is in the queue no more"


def test_a_crash_before_the_commit_loses_nothing(desk, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(desk.sent, "append", lambda *_: (_ for _ in ()).throw(OSError("power cut")))
        with pytest.raises(OSError, match="power"):
            desk.release(anew(desk, (1, 1, 0)))
    desk.restart()
    assert [r.id for r in desk.release()] == [alias(1)]


def test_no_trace_of_what_stays_and_of_what_was_withheld_before(desk):
    """Two runs that differ in what stays withheld have byte-identical logs, times included."""
    other = Bare()
    other.release(note(1), note(2), note(3, CLOSED, text=Text(text="longer by far", lang="en")))
    other.release(note(7, CLOSED), agreement(JJOC, CLEARANCE))
    said = anew(desk, (1, 1, 0), (2, 1, 1))
    desk.release(said)
    more = msgspec.structs.replace(said, named=(*said.named, Named(own(3), 1, 2), Named(own(7), 1, 3)))
    other.clock.advance(timedelta(minutes=1))
    other.release(msgspec.structs.replace(more, upto=other.master.size))
    mine, theirs = (
        [(p.first, p.logged_at, p.entries, p.bodies) for p in log.read(0, 100)]
        for log in (desk.sent, other.sent)
    )
    assert mine == theirs and mine


@pytest.mark.parametrize("together", [True, False], ids=["in one run", "in two"])
def test_two_officers_words_on_the_same_record_release_it_once(desk, together):
    """Both looked before either spoke: the log has an order, and the second finds it gone."""
    looked = desk.master.size
    words = (anew(desk, (1, 1, 0), upto=looked), anew(desk, (1, 1, 0), (2, 1, 1), number=91, upto=looked))
    left = desk.release(*words) if together else [*desk.release(words[0]), *desk.release(words[1])]
    assert [r.id for r in left] == [alias(1), alias(2)]
    assert audited(desk).sound, audited(desk).deviations


@pytest.mark.parametrize(
    ("verdicts", "left"),
    [(("release", "refuse"), 1), (("refuse", "release"), 0)],
    ids=["yes first", "no first"],
)
def test_of_a_yes_and_a_no_at_the_same_moment_the_first_in_the_log_counts(verdicts, left):
    one = Bare(ONCE)
    one.release(agreement(JJOC, CLEARANCE), note(1, DUTY))
    words = [one.word(1, f"officer {n}", verdict) for n, verdict in enumerate(verdicts)]
    assert len(one.release(*words)) == left
    assert len(one.release(anew(one, (1, 1, 1)))) == 0, "an officer spoke on it"
    assert audited(one).sound, audited(one).deviations
