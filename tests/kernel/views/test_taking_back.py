"""Notices that take records back: sound ones empty every table, others are named and do nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.views.samples import CODEC, JJOC, OPEN, PCG, START, USFJ, Answers, Node, key, mark, note
from renkei.kernel.log.base import Draft
from renkei.kernel.log.memory import MemoryLog
from renkei.kernel.partners.records import Recall
from renkei.kernel.records import Codec
from renkei.kernel.views import OWN, dump
from renkei.kernel.views.taking_back import ANOTHER, BEYOND, NOT_THEIRS, erase

KINDS = Codec([*CODEC.kinds.values(), Recall])


def notice(about, entries, number=900, owner=USFJ, **more):
    return Recall(
        id=key(number, owner),
        label=OPEN,
        at=START,
        by="Disclosure officer",
        about=about,
        entries=entries,
        **more,
    )


class Bodied(Node):
    """A node whose logs from partners have bodies, as the log received has."""

    def __init__(self):
        logs = {name: MemoryLog(f"test/{name or 'master'}", bodied=bool(name)) for name in (OWN, USFJ, PCG)}
        super().__init__(views=[Answers()], codec=KINDS, logs=logs)

    def log(self, *records, source=OWN):
        raws = [KINDS.encode(r) for r in records]
        drafts = [Draft(raw) if source == OWN else Draft(b"", body=bytes(16) + raw) for raw in raws]
        return self.logs[source].append(drafts, self.at)

    def settle(self):
        self.store.fold(self.logs)
        while self.store.scrub():
            pass


@pytest.fixture
def node():
    return Bodied()


def test_a_record_taken_back_leaves_every_table_and_its_reader_is_told(node):
    told = []
    node.store.on_fold(lambda changes: told.extend(changes or ()))
    theirs, others = note(1, "冠水", owner=USFJ), mark(2, owner=USFJ)
    node.log(theirs, others, note(1, "洪水", owner=USFJ, version=2), source=USFJ)
    node.settle()
    node.log(notice(theirs.id, (0, 2)), source=USFJ)
    node.settle()
    assert node.reader().get(theirs.id) is None
    assert node.reader().get(others.id) is not None
    assert node.found("洪水") == []
    assert [(c.id, c.gone) for c in told if c.gone] == [(theirs.id, True)]
    assert node.reader().count("note") == 0
    assert node.store.purgeable(USFJ, 0) == [3]
    held = repr(dump(node.store))
    assert "洪水" not in held and "冠水" not in held


@pytest.mark.parametrize(
    ("about", "entries", "code"),
    [
        (key(5, JJOC), (0,), NOT_THEIRS),
        (key(5, PCG), (0,), NOT_THEIRS),
        (key(1, USFJ), (2,), BEYOND),
        (key(1, USFJ), (0, 7), BEYOND),
        (key(1, USFJ), (-1,), BEYOND),
        (key(1, USFJ), (0, 1), ANOTHER),
    ],
)
def test_a_notice_that_is_not_sound_is_named_and_nothing_is_applied(node, about, entries, code):
    node.log(note(5, "own"), source=OWN)
    node.log(note(5, "pcg", owner=PCG), source=PCG)
    node.log(note(1, "冠水", owner=USFJ), note(2, "水害", owner=USFJ), source=USFJ)
    node.log(notice(about, entries), source=USFJ)
    node.settle()
    assert node.store.unreadable() == [(USFJ, 2, code)]
    assert node.reader().count("note") == 4
    assert node.store.purgeable(USFJ, 0) == []


def test_an_entry_without_a_body_is_the_partners_fault_until_a_notice_names_it(node):
    node.log(note(1, owner=USFJ), note(2, owner=USFJ), source=USFJ)
    node.logs[USFJ].erase([0])
    node.settle()
    assert node.store.unreadable() == [(USFJ, 0, "entry.withheld")]
    node.log(notice(key(1, USFJ), (0,)), source=USFJ)
    node.settle()
    assert node.store.unreadable() == []


def test_own_recalls_are_records_like_any_other(node):
    own = note(1, "冠水")
    node.log(own, notice(own.id, (), owner=JJOC))
    node.settle()
    assert node.reader().get(own.id) is not None


def test_a_record_that_comes_again_after_its_recall_is_shown(node):
    node.log(note(1, "一", owner=USFJ), notice(key(1, USFJ), (0,)), source=USFJ)
    node.log(note(1, "二", owner=USFJ, version=2), source=USFJ)
    node.settle()
    assert node.found("二") == [key(1, USFJ)]


STEPS = st.lists(
    st.tuples(st.sampled_from(["note", "mark", "recall", "recall wrongly", "own"]), st.integers(1, 4)),
    max_size=25,
)


@given(STEPS, st.lists(st.integers(1, 6), max_size=8), st.booleans())
@settings(max_examples=80, deadline=None)
def test_views_equal_their_rebuild_before_and_after_bodies_are_erased(steps, batches, late):
    node = Bodied()
    log, versions, erased = node.logs[USFJ], {}, []
    places: dict[int, list[int]] = {}
    for place, (what, number) in enumerate(steps):
        versions[number] = versions.get(number, 0) + 1
        if what in ("note", "mark"):
            kind = note if number % 2 else mark
            places.setdefault(number, []).append(log.size)
            node.log(kind(number, owner=USFJ, version=versions[number]), source=USFJ)
        elif what == "own":
            node.log(note(number, about=key(number, USFJ), version=versions[number]))
        else:
            wrong = what == "recall wrongly"
            named = tuple(places.get(number % 4 + 1 if wrong else number, ()))
            node.log(notice(key(number, USFJ), named, number=900 + place), source=USFJ)
            if not wrong:
                erased.append(notice(key(number, USFJ), tuple(places.pop(number, ()))))
        if batches:
            node.store.fold(node.logs, batches[place % len(batches)])
    if late:
        node.settle()
    for again in range(2):
        node.settle()
        before = dump(node.store)
        node.store.rebuild(node.logs)
        assert dump(node.store) == before, again
        for one in erased:
            erase(log, one)
