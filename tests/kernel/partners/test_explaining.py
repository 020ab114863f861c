"""Why and why not: what is named as the smallest change is enough, and no more is named than that."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.labels.samples import US_BOOK, handling, releasable_to, us_clearance, us_label
from kernel.partners.test_chain import DUTY, TWICE, Bare
from kernel.partners.test_release import CLEARANCE, CLOSED, CODEC, OPEN, Note, Step, note
from kernel.partners.world import JJOC, agreement
from renkei.kernel.labels.model import Category, Label
from renkei.kernel.partners.audience import audience, widest
from renkei.kernel.partners.explaining import Change, nearer

LEVELS = [level.name for level in US_BOOK.own.classifications]
NATIONS = ["USA", "JPN", "AUS", "PHL"]
HANDLINGS = ["NATIONAL", "MEDICAL", "LOGISTICS", "MOVEMENT"]


def applied(label: Label, changes) -> Label:
    """``label`` after the changes named, by a hand of its own."""
    for change in changes:
        if change.what == "classification":
            label = msgspec.structs.replace(label, classification=change.values[0])
            continue
        values = {c.tag: set(c.values) for c in label.categories}
        types = {c.tag: c.type for c in label.categories}
        one = values[change.tag]
        values[change.tag] = one | set(change.values) if change.what == "add" else one - set(change.values)
        kept = tuple(Category(t, types[t], tuple(sorted(v))) for t, v in values.items() if v)
        label = msgspec.structs.replace(label, categories=kept)
    return label.canonical()


@given(
    st.sampled_from(LEVELS),
    st.sets(st.sampled_from(NATIONS)),
    st.sets(st.sampled_from(HANDLINGS)),
    st.integers(0, 3),
    st.sets(st.sampled_from(HANDLINGS)),
)
def test_the_changes_named_are_enough_and_each_is_needed(level, nations, handlings, top, held):
    categories = [releasable_to(*nations)] if nations else []
    label = us_label(level, *categories, *([handling(*handlings)] if handlings else []))
    clearance = us_clearance(LEVELS[top], releasable_to("JPN"), *([handling(*held)] if held else []))
    changes = nearer(label, clearance, US_BOOK)
    assert US_BOOK.access(clearance, applied(label, changes)).allowed
    for left_out in changes:
        rest = [c for c in changes if c is not left_out]
        assert not US_BOOK.access(clearance, applied(label, rest)).allowed


def test_a_portion_that_is_cut_is_named_with_its_place():
    desk = Bare()
    desk.release(agreement(JJOC, CLEARANCE))
    record = note(1, steps=(Step(what="stay"), Step(what="go", label=CLOSED)))
    why = desk.releaser.explain(CODEC.encode(record))
    assert (why.outcome, [(c.where, c.label) for c in why.cuts]) == ("released", [("steps[1]", CLOSED)])


def test_each_rule_names_what_would_turn_it():
    desk = Bare(TWICE)
    assert desk.releaser.explain(CODEC.encode(note(1))).changes == (Change("agreement", values=("note",)),)
    desk.release(agreement(JJOC, CLEARANCE))
    assert desk.releaser.explain(CODEC.encode(note(1, DUTY))).changes == (Change("signature", count=2),)
    desk.release(note(1, DUTY), desk.word(1))
    why = desk.releaser.explain(CODEC.encode(note(1, DUTY)))
    assert (why.changes, why.item.signatures[0].account) == ((Change("signature", count=1),), "first")
    closed = desk.releaser.explain(CODEC.encode(note(2, CLOSED)))
    assert [(c.what, c.values) for c in closed.changes] == [("classification", ("PROTECTED",))]


@pytest.mark.parametrize("key", [OPEN, DUTY], ids=["released", "held"])
def test_a_preview_is_what_is_then_signed_and_leaves_the_log_as_it_is(key):
    desk = Bare(TWICE)
    desk.release(agreement(JJOC, CLEARANCE))
    record = note(1, key, steps=(Step(what="go", label=CLOSED),))
    desk.log(record)
    before = desk.releaser.preview(CODEC.encode(record))
    assert (before.seq, desk.sent.size) == (None, 0)
    desk.release()
    if key is DUTY:
        desk.release(desk.word(1), desk.word(1, "second"))
    after = desk.releaser.preview(CODEC.encode(record))
    assert after.seq == 0
    got = CODEC.decode(after.entry)
    assert msgspec.structs.replace(got, at=record.at) == CODEC.decode(
        CODEC.encode(msgspec.structs.replace(CODEC.decode(before.entry), at=record.at))
    )
    if key is OPEN:
        assert before.entry == after.entry


def test_a_newer_version_is_previewed_as_the_next_one():
    desk = Bare()
    desk.release(agreement(JJOC, CLEARANCE), note(1))
    newer = note(1, version=2, others=())
    found = desk.releaser.preview(CODEC.encode(msgspec.structs.replace(newer, by="Another")))
    assert (found.seq, CODEC.decode(found.entry).version) == (None, 2)


def test_the_widest_label_reaches_most_and_names_nobody_in_vain():
    desk = Bare()
    desk.release(agreement(JJOC, CLEARANCE))
    chains, now = {JJOC: desk.releaser.chain}, desk.clock.now()
    narrow = us_label("OFFICIAL", releasable_to("USA"))
    (row,) = audience(chains, Note, narrow, now, US_BOOK)
    assert (row.why.outcome, row.why.changes[0].values) == ("withheld", ("JPN",))
    best = widest(chains, Note, narrow, now, US_BOOK)
    assert best == us_label("OFFICIAL", releasable_to("JPN", "USA"))
    assert widest(chains, Note, narrow, now, US_BOOK, only=()) == narrow
    national = us_label("OFFICIAL", releasable_to("USA"), handling("NATIONAL"))
    assert widest(chains, Note, national, now, US_BOOK) == national
