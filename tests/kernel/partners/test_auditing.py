"""The internal audit: a sound pair of logs is found sound, and every kind of tampering is named."""

from datetime import timedelta

import msgspec
import pytest

from kernel.partners.test_chain import DUTY, HOUR, TWICE, Bare
from kernel.partners.test_release import CLEARANCE, CLOSED, CODEC, KEY, OPEN, Step, note, own
from kernel.partners.world import JJOC, START, USFJ, agreement
from renkei.kernel.log.base import Draft
from renkei.kernel.log.commitments import Salts, commitments
from renkei.kernel.log.memory import MemoryLog
from renkei.kernel.partners import sent_origin
from renkei.kernel.partners.auditing import audit
from renkei.kernel.partners.records import Named, Recall, Reconsideration
from renkei.kernel.partners.register import FACTS
from renkei.kernel.partners.releaser import POSITION
from renkei.kernel.records import Text


def audited(desk, sent=None):
    return audit(desk.master, sent or desk.sent, desk.terms, desk.book, CODEC, KEY, hq=USFJ, clock=desk.clock)


@pytest.fixture
def desk():
    """Released, withheld, cut, held, signed, refused, sent back, replaced, ended: all that can happen."""
    desk = Bare(TWICE)
    first = agreement(JJOC, CLEARANCE)
    desk.release(first, note(1), note(2, CLOSED))
    desk.release(note(3, others=(own(1), own(2)), steps=(Step(what="go", label=CLOSED),)), note(4, DUTY))
    desk.release(note(1, version=2), note(5, DUTY), note(6, DUTY), desk.word(4))
    desk.clock.advance(HOUR)
    desk.release(desk.word(4, "second"), desk.word(5, "first", "refuse"), note(6, version=2))
    desk.release(note(9, DUTY), note(10, DUTY), desk.word(9, "first", "return"))
    desk.release(
        desk.word(10, "second", "return"), note(10, DUTY, version=2), desk.word(10, "x", "applaud", 2)
    )
    desk.release(msgspec.structs.replace(first, version=2, until=desk.clock.now() + HOUR), note(7))
    desk.clock.advance(2 * HOUR)
    desk.release(note(8))
    return desk


def said(desk) -> list[tuple[bytes, object]]:
    return [(body[16:], pack.logged_at) for pack in desk.sent.read(0, desk.sent.size) for body in pack.bodies]


def forged(desk, entries) -> MemoryLog:
    """A log sent that holds other entries, with everything else as it was."""
    log = MemoryLog(sent_origin(USFJ, JJOC), bodied=True)
    for entry, at in entries:
        (body,) = Salts(KEY).bodies(log.size, [entry])
        log.append([Draft(commitments([body])[0], body=body)], at)
    log.set_facts({POSITION: desk.sent.fact(POSITION), **dict(desk.sent.facts(FACTS))})
    return log


def test_all_that_can_happen_is_found_sound(desk):
    found = audited(desk)
    assert found.sound, found.deviations
    assert (found.examined, found.matched) == (desk.master.size, desk.sent.size)


def test_an_erased_body_does_not_hinder_it(desk):
    desk.sent.erase([0, 2])
    assert audited(desk).sound


def test_what_was_released_against_the_policy_is_named_with_the_rule(desk):
    other = Bare()
    other.release(agreement(JJOC, CLEARANCE), note(9, CLOSED))
    entries = said(desk)
    closed = msgspec.json.encode(
        msgspec.json.decode(entries[0][0])
        | {"id": desk.releaser.aliases.alias(own(2)), "label": msgspec.to_builtins(CLOSED)}
    )
    found = audited(desk, forged(desk, [entries[0], (closed, entries[0][1]), *entries[1:]]))
    (one,) = found.deviations
    assert (one.what, one.sent, one.own_id, one.rule) == ("against", 1, own(2), "label")


def test_what_was_made_up_is_named(desk):
    entries = said(desk)
    made_up = msgspec.json.encode(
        msgspec.json.decode(entries[0][0]) | {"id": desk.releaser.aliases.alias(own(99))}
    )
    found = audited(desk, forged(desk, [*entries, (made_up, entries[-1][1])]))
    assert [(d.what, d.code) for d in found.deviations] == [("against", "audit.unfounded")]


def test_what_was_forgotten_is_named_and_the_rest_still_matches():
    desk = Bare()
    desk.release(agreement(JJOC, CLEARANCE), *(note(n) for n in range(1, 6)))
    entries = said(desk)
    found = audited(desk, forged(desk, [*entries[:2], *entries[3:]]))
    assert [(d.what, d.master, d.own_id) for d in found.deviations] == [("forgotten", 3, own(3))]
    assert found.matched == 4


def test_what_was_altered_is_named(desk):
    entries = said(desk)
    raw, at = entries[0]
    changed = msgspec.json.encode(msgspec.json.decode(raw) | {"by": "Somebody else"})
    found = audited(desk, forged(desk, [(changed, at), *entries[1:]]))
    assert ("altered", 0, own(1)) in [(d.what, d.sent, d.own_id) for d in found.deviations]


@pytest.mark.parametrize("kind", ["agreement", "item"])
def test_a_register_that_is_not_the_logs_is_named(desk, kind):
    name = next(n for n, raw in desk.sent.facts(FACTS + kind) if raw)
    desk.sent.set_facts({name: dict(desk.sent.facts(name))[name].replace(b"2022", b"2021")})
    (one,) = audited(desk).deviations
    assert one.what == "register"
    assert name in one.reason


def test_a_record_decided_around_the_end_of_an_agreement_may_have_gone_either_way():
    for decided_after in (timedelta(0), HOUR):
        desk = Bare()
        desk.release(agreement(JJOC, CLEARANCE, until=START + HOUR), note(1))
        desk.log(note(2))
        desk.clock.advance(decided_after)
        while desk.releaser.run():
            pass
        desk.clock.advance(2 * HOUR)
        assert audited(desk).sound
        assert desk.sent.size == (1 if decided_after else 2)


def test_under_another_policy_the_difference_is_named():
    desk = Bare()
    desk.release(agreement(JJOC, CLEARANCE), note(1, DUTY, text=Text(text="x", lang="en")), note(2, OPEN))
    desk.book = Bare(TWICE).book
    first = audited(desk).deviations[0]
    assert (first.what, first.code) == ("against", "review.waiting")


def test_recalls_and_labels_narrowed_are_audited_like_everything_else(desk):
    desk = Bare()
    desk.release(agreement(JJOC, CLEARANCE), note(1), note(2), note(1, version=2), note(3))
    taken = Recall(id=own(50), label=OPEN, at=desk.clock.now(), by="Disclosure officer", about=own(1))
    desk.release(taken, note(2, CLOSED, version=2))
    assert desk.sent.size == 6
    desk.release(msgspec.structs.replace(taken, version=2, lifted=True, seq=3), note(2, version=3))
    found = audited(desk)
    assert found.sound, found.deviations
    assert found.matched == desk.sent.size == 8


def without_last(desk) -> MemoryLog:
    """A log sent that claims to have decided on everything and lacks what was released last."""
    return forged(desk, said(desk)[:-1])


def test_a_late_release_that_never_came_is_named_as_forgotten():
    desk = Bare(TWICE)
    desk.release(agreement(JJOC, CLEARANCE), note(1), note(4, DUTY), desk.word(4))
    assert desk.release(desk.word(4, "second"))
    found = audited(desk, without_last(desk))
    assert [(d.what, d.master, d.own_id) for d in found.deviations] == [("forgotten", 4, own(4))]


def test_so_is_one_decided_anew():
    desk = Bare()
    desk.release(note(1), note(2), agreement(JJOC, CLEARANCE))
    word = Reconsideration(
        id=own(90),
        label=OPEN,
        at=desk.clock.now(),
        by="Disclosure officer",
        partner=JJOC,
        because=own(0),
        named=(Named(own(1), 1, 0), Named(own(2), 1, 1)),
        upto=3,
        account="disclosure",
        reason=Text(text="The arrangement is in force", lang="en"),
    )
    assert len(desk.release(word)) == 2
    found = audited(desk, without_last(desk))
    assert [(d.what, d.master, d.own_id) for d in found.deviations] == [("forgotten", 3, own(2))]


def test_so_is_a_notice_that_what_was_narrowed_is_to_be_forgotten():
    desk = Bare()
    desk.release(agreement(JJOC, CLEARANCE), note(1), note(2))
    assert desk.release(note(1, CLOSED, version=2))
    found = audited(desk, without_last(desk))
    assert ("forgotten", 3) in [(d.what, d.master) for d in found.deviations]


def test_and_a_recall_that_the_partner_was_not_told_of():
    desk = Bare()
    desk.release(agreement(JJOC, CLEARANCE), note(1))
    taken = Recall(id=own(80), label=OPEN, at=desk.clock.now(), by="Disclosure officer", about=own(1))
    assert desk.release(taken)
    assert ("forgotten", 2) in [(d.what, d.master) for d in audited(desk, without_last(desk)).deviations]


def test_a_late_release_that_the_agreement_did_not_cover_when_it_was_due_is_not():
    """Signed for while it was covered, decided on when it was no more: withheld, and rightly."""
    desk = Bare(TWICE)
    first = agreement(JJOC, CLEARANCE)
    desk.release(first, note(4, DUTY), desk.word(4))
    desk.release(msgspec.structs.replace(first, version=2, until=desk.clock.now() + HOUR))
    word = desk.word(4, "second")
    desk.clock.advance(2 * HOUR)
    assert desk.release(word) == []
    assert audited(desk).sound, audited(desk).deviations
