"""From the master log into a partner's: what it gets, under which names, exactly once."""

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.labels.samples import US_BOOK, handling, releasable_to, us_clearance, us_label
from kernel.partners.world import JJOC, PCG, START, USFJ, agreement, entries_of, entry
from renkei.kernel.clock import FakeClock
from renkei.kernel.errors import OurFault
from renkei.kernel.ids import Aliaser, new_id
from renkei.kernel.log.base import Draft
from renkei.kernel.log.memory import MemoryLog
from renkei.kernel.partners import Aliases, Register, Releaser, Rendition, Terms, localise, sent_origin
from renkei.kernel.partners.entries import EntryCheck
from renkei.kernel.partners.records import KINDS
from renkei.kernel.records import Codec, Portion, Record, RecordId, Text

KEY = b"k" * 32
OPEN = us_label()
CLOSED = us_label("CLOSED")
CLEARANCE = us_clearance("PROTECTED", releasable_to("JPN"), handling("LOGISTICS"))


class Step(Portion, frozen=True, kw_only=True):
    what: str
    about: RecordId | None = None


class Note(Record, frozen=True, kw_only=True, tag="note"):
    text: Text | None = None
    about: RecordId | None = None
    others: tuple[RecordId, ...] = ()
    steps: tuple[Step, ...] = ()


class Bound(Record, frozen=True, kw_only=True, tag="bound"):
    to: RecordId


class Private(Record, frozen=True, kw_only=True, tag="private"):
    releasable = False


CODEC = Codec([Note, Bound, Private, *KINDS])


def own(number: int) -> str:
    return new_id(USFJ, START, number.to_bytes(10))


def theirs(number: int, owner: str = JJOC) -> str:
    return new_id(owner, START, number.to_bytes(10))


def note(number: int, label=OPEN, version=1, kind=Note, **fields):
    fields = {"realm": "live", "at": START, "by": "Watch officer"} | fields
    return kind(id=own(number), version=version, label=label, **fields)


class Desk:
    """A master log and a releaser for JJOC."""

    def __init__(self, sent=None, **terms) -> None:
        self.clock = FakeClock(START)
        self.master = MemoryLog("renkei/us.usfj/master")
        self.sent = sent or MemoryLog(sent_origin(USFJ, JJOC), bodied=True)
        self.terms = Terms(hq=JJOC, **terms)
        register = Register(JJOC, self.terms.realm)
        register.take(agreement(JJOC, CLEARANCE, realm=self.terms.realm))
        self.sent.set_facts(register.changes())
        self.restart()

    def restart(self) -> None:
        self.releaser = Releaser(
            self.master, self.sent, self.terms, US_BOOK, CODEC, KEY, hq=USFJ, clock=self.clock
        )

    def log(self, *records) -> None:
        self.master.append([Draft(CODEC.encode(r), r.id, r.version) for r in records], self.clock.now())

    def release(self, *records):
        """Log, run, and what the partner got of it."""
        before = self.sent.size
        self.log(*records)
        while self.releaser.run():
            pass
        return [CODEC.decode(raw) for raw in entries_of(self.sent)[before:]]


@pytest.fixture
def desk():
    return Desk()


def alias(number: int) -> str:
    return Aliaser(KEY).alias(own(number))


def test_a_rendition_is_the_record_under_the_partners_name(desk):
    record = note(1, text=Text(text="冠水", lang="ja"))
    (got,) = desk.release(record)
    assert got == msgspec.structs.replace(record, id=alias(1))
    assert entries_of(desk.sent)[0] == CODEC.encode(record).replace(own(1).encode(), alias(1).encode())


def test_withheld_records_leave_no_trace(desk):
    visible = [note(n) for n in (1, 4)]
    hidden = [note(2, CLOSED), note(3, us_label("OFFICIAL", releasable_to("PHL")))]
    barred = [note(5, kind=Private), note(6, realm="exercise.a")]
    mixed = [visible[0], *hidden, visible[1], *barred]
    got = desk.release(*mixed)
    assert [r.id for r in got] == [alias(1), alias(4)]
    alone = Desk()
    alone.release(*visible)
    assert entries_of(alone.sent) == entries_of(desk.sent)
    assert dict(alone.sent.facts("newest/")) == dict(desk.sent.facts("newest/"))


def test_records_of_other_owners_are_never_released(desk):
    desk.master.append([Draft(entry(1, PCG))], START)
    assert desk.releaser.run() == 1
    assert desk.sent.size == 0


def test_references_take_the_partners_names_for_what_it_has(desk):
    got = desk.release(note(1), note(2, about=own(1), others=(own(1), theirs(9))))
    assert got[1].about == alias(1)
    assert got[1].others == (alias(1), theirs(9))


def test_references_to_what_the_partner_does_not_have_are_dropped(desk):
    got = desk.release(
        note(1, CLOSED),
        note(2),
        note(3, about=own(1), others=(own(1), own(2), theirs(7, PCG), theirs(8))),
        note(4, steps=(Step(what="go", about=own(1)), Step(what="stay", about=own(2)))),
        note(5, others=(own(77),)),
    )
    assert got[1].about is None
    assert got[1].others == (alias(2), theirs(8))
    assert got[2].steps == (Step(what="go"), Step(what="stay", about=alias(2)))
    assert got[3].others == ()


def test_a_record_that_cannot_be_without_its_reference_is_withheld(desk):
    got = desk.release(note(1, CLOSED), note(2, kind=Bound, to=own(1)), note(3, kind=Bound, to=theirs(1)))
    assert [r.to for r in got] == [theirs(1)]
    raw = CODEC.encode(note(2, kind=Bound, to=own(1)))
    assert desk.releaser.explain(raw).code == "release.reference"


def test_a_record_may_refer_to_itself(desk):
    (got,) = desk.release(note(1, about=own(1)))
    assert got.about == alias(1)


def test_no_own_id_and_no_third_partys_name_leaves_even_inside_a_text(desk):
    said = f'see {own(1)}, {own(2)}; "{own(3)}" {theirs(4, PCG)} and {theirs(5)}, not x{own(1)} or {own(1)}0'
    desk.release(note(1), note(2, CLOSED), note(6, text=Text(text=said, lang="en")))
    raw = entries_of(desk.sent)[-1].decode()
    assert not any(own(n).partition("/")[2] in raw for n in (1, 2, 3))
    assert theirs(4, PCG).partition("/")[2] not in raw
    assert alias(1) in raw
    assert alias(2) in raw
    assert theirs(5) in raw
    assert len(raw) == len(CODEC.encode(note(6, text=Text(text=said, lang="en"))))


def test_an_owner_whose_name_ends_like_ours_is_another(desk):
    cousin = "jp.us.usfj/" + own(1).partition("/")[2]
    (_, got) = desk.release(note(1), note(2, others=(own(1),), text=Text(text=f"{cousin}.", lang="en")))
    assert got.text.text == Aliaser(KEY).alias(cousin) + "."
    assert got.text.text.startswith("jp.us.usfj/")


def test_an_id_in_disguise_is_found(desk):
    plain = CODEC.encode(note(2, about=own(1)))
    for disguised in (plain.replace(b"/", b"\\/"), plain.replace(b"us.usfj", b"\\u0075s.usfj")):
        fresh = Desk()
        fresh.log(note(1, CLOSED))
        fresh.master.append([Draft(disguised, own(2), 1)], START)
        fresh.releaser.run()
        (raw,) = entries_of(fresh.sent)
        got = CODEC.decode(raw)
        assert (got.id, got.about) == (alias(2), None)


def test_versions_are_counted_as_the_partner_got_them(desk):
    versions = [
        note(1, CLOSED, 1),
        note(1, OPEN, 2),
        note(1, CLOSED, 3),
        note(1, OPEN, 4),
        note(1, OPEN, 5),
    ]
    assert [r.version for r in desk.release(*versions[:2])] == [1]
    desk.restart()
    notice, *rest = desk.release(*versions[2:])
    assert (notice.kind, [r.version for r in rest]) == ("release.recall", [2, 3])
    assert b'"version":1' not in entries_of(desk.sent)[0]


def test_portions_above_the_clearance_are_cut_before_names_are_exchanged(desk):
    (_, got) = desk.release(note(1), note(2, about=own(1), text=Text(text="hidden", lang="en", label=CLOSED)))
    assert (got.text, got.about) == (None, alias(1))
    assert b"hidden" not in b"".join(entries_of(desk.sent))


def test_names_lead_back_only_when_they_were_released(desk):
    desk.release(note(1), note(2, CLOSED), note(3, text=Text(text=f"see {own(2)}", lang="en")))
    assert desk.releaser.resolve(alias(1)) == own(1)
    assert desk.releaser.resolve(alias(2)) is None
    assert desk.releaser.resolve(own(1)) is None
    assert Aliases(desk.sent, KEY).resolve(alias(3)) == own(3)


def test_no_made_up_name_leads_anywhere(desk):
    desk.release(note(1), note(2, CLOSED))
    owner, _, key = alias(1).partition("/")
    beyond = "89ABCDEFGHJKMNPQRSTVWXYZ"  # the first digit of a key of more than 128 bits
    made_up = [alias(2), own(1), own(2), theirs(1), f"{JJOC}/{key}", f"{PCG}/{key}", f"{owner}/{key}0"]
    made_up += [f"{owner}/{digit}{key[1:]}" for digit in beyond]
    made_up += ["", "/", key, f"{owner}/", f"{owner}/{key}\n", f"{owner}/{key[:-1]}", f"{owner}/{'冠' * 26}"]
    made_up += [
        f"{owner}/{key.lower()}x",
        f"{owner}/-{key[1:]}",
        f"{owner}/{'Z' * 26}",
        f"{owner}/{'U' * 26}",
    ]
    assert [desk.releaser.resolve(name) for name in made_up] == [None] * len(made_up)


@given(st.lists(st.integers(0, 9), unique=True), st.binary(min_size=32, max_size=32))
@settings(max_examples=100, deadline=None)
def test_just_what_was_released_is_found_by_name_after_any_restart(numbers, key):
    desk = Desk()
    desk.release(*[note(n) for n in numbers])
    for aliases in (desk.releaser.aliases, Aliases(desk.sent, KEY)):
        found = {n for n in range(10) if aliases.resolve(alias(n)) == own(n)}
        assert found == set(numbers)
        assert [aliases.newest_seq(own(n)) for n in numbers] == list(range(len(numbers)))
        assert [n for n in range(10) if aliases.resolve(alias(n)) is None] == sorted(set(range(10)) - found)
    if key != KEY:
        assert all(Aliases(desk.sent, key).resolve(alias(n)) is None for n in numbers)


def test_own_ids_stay_beside_the_entries_and_out_of_them(desk):
    """Versions and numbers are kept under own ids, which nothing that is sent may hold."""
    desk.release(note(1), note(1, version=2), note(2))
    assert [desk.sent.newest_version(own(n)) for n in (1, 2, 3)] == [2, 1, 0]
    assert desk.sent.newest_version(alias(1)) == 0
    assert [desk.releaser.aliases.newest_seq(own(n)) for n in (1, 2, 3)] == [1, 2, None]
    assert not any(own(n).partition("/")[2].encode() in raw for n in (1, 2) for raw in entries_of(desk.sent))


def test_a_reference_of_a_run_that_failed_is_decided_again():
    fragile = Fragile(sent_origin(USFJ, JJOC))
    desk = Desk(fragile)
    desk.log(note(1), note(2, about=own(1)))
    fragile.plan = ["before"]
    with pytest.raises(Crash):
        desk.releaser.run()
    raw = CODEC.encode(note(3, kind=Bound, to=own(1)))
    assert desk.releaser.explain(raw).code == "release.reference"
    desk.releaser.run()
    assert desk.releaser.explain(raw).released


def test_an_id_said_twice_is_exchanged_by_what_the_reader_takes(desk):
    doubled = CODEC.encode(note(2)).replace(b'"id":', b'"id":"%s","id":' % own(1).encode(), 1)
    desk.master.append([Draft(doubled)], START)
    desk.releaser.run()
    (raw,) = entries_of(desk.sent)
    assert CODEC.decode(raw).id == alias(2)
    assert own(1).encode() not in raw


def test_what_a_partner_says_about_our_records_is_shown_under_our_names(desk):
    desk.release(note(1), note(2, CLOSED))
    said = CODEC.encode(
        Note(id=theirs(1), label=OPEN, at=START, by="x", about=alias(1), others=(alias(2), theirs(3)))
    )
    got = CODEC.decode(localise(said, USFJ, desk.releaser.resolve))
    assert (got.about, got.others) == (own(1), (alias(2), theirs(3)))
    assert got.id == theirs(1)
    plain = CODEC.encode(Note(id=theirs(1), label=OPEN, at=START, by="x"))
    assert localise(plain, USFJ, desk.releaser.resolve) is plain


def test_why_and_why_not_is_decided_afresh(desk):
    records = [
        note(1),
        note(2, CLOSED),
        note(3, text=Text(text="x", lang="en", label=CLOSED)),
        note(4, realm="exercise.a"),
        note(5, kind=Private),
    ]
    desk.release(*records)
    told = [desk.releaser.explain(CODEC.encode(r)) for r in records]
    assert [t.released for t in told] == [True, False, True, False, False]
    assert [t.seq for t in told] == [0, None, 1, None, None]
    assert [len(t.cuts) for t in told] == [0, 0, 1, 0, 0]
    assert told[1].code == "access.classification"
    assert told[3].code == "release.realm"
    assert "Releasable" not in told[0].reason


class Crash(Exception):
    pass


class Fragile(MemoryLog):
    """A log whose disk gives up before, or whose process dies after, a commit."""

    def __init__(self, origin) -> None:
        super().__init__(origin, bodied=True)
        self.plan = []

    def _crash(self, when) -> None:
        if self.plan and self.plan[0] == when:
            self.plan.pop(0)
            raise Crash

    def append(self, drafts, at, facts=None):
        self._crash("before")
        first = super().append(drafts, at, facts)
        self._crash("after")
        if self.plan:
            self.plan.pop(0)
        return first


@given(
    st.lists(st.tuples(st.integers(1, 4), st.sampled_from([OPEN, CLOSED])), max_size=20),
    st.lists(st.sampled_from(["before", "after", "none"]), max_size=8),
    st.integers(1, 5),
)
@settings(max_examples=150, deadline=None)
def test_every_record_is_released_exactly_once_whatever_crashes(steps, plan, limit):
    versions: dict[int, int] = {}
    records = []
    for number, label in steps:
        versions[number] = versions.get(number, 0) + 1
        records.append(note(number, label, versions[number]))
    smooth = Desk()
    smooth.release(*records)
    rough = Desk(Fragile(sent_origin(USFJ, JJOC)))
    rough.log(*records)
    rough.sent.plan = list(plan)
    for _ in range(100):
        try:
            if not rough.releaser.run(limit):
                break
        except Crash:
            rough.restart()
    assert entries_of(rough.sent) == entries_of(smooth.sent)
    assert rough.releaser.position == len(records)
    assert dict(rough.sent.facts("")) == dict(smooth.sent.facts(""))


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_no_rendition_ever_holds_a_name_that_is_not_the_partners(data):
    """Random records refer to each other at random; what leaves holds the partner's names alone."""
    desk = Desk()
    pool = [own(n) for n in range(8)] + [theirs(1), theirs(2, PCG)]
    refs = st.sampled_from(pool)
    records = [
        note(
            n,
            data.draw(st.sampled_from([OPEN, CLOSED])),
            about=data.draw(st.none() | refs),
            others=tuple(data.draw(st.lists(refs, max_size=3))),
            text=Text(text=data.draw(st.sampled_from(["", *pool])) or "-", lang="en"),
        )
        for n in range(8)
    ]
    desk.release(*records)
    released = {alias(n) for n, r in enumerate(records) if r.label == OPEN}
    check = EntryCheck(USFJ, "live")
    for raw in entries_of(desk.sent):
        assert check.fault(raw) is None
        got = CODEC.decode(raw)
        for reference in (*((got.about,) if got.about else ()), *got.others, got.id):
            assert reference in released | {theirs(1)}
        for found in re.findall(rb"[a-z.]+/[0-9A-Z]{26}", raw):
            assert found.decode() not in pool[:8]
            assert found.decode() != theirs(2, PCG)


def test_renditions_are_made_by_the_rules_alone():
    with pytest.raises(TypeError):
        Rendition(b"{}", "a", "b", 1, 0, seal=object())


def test_another_writer_of_the_log_sent_is_noticed(desk):
    desk.log(note(1))
    real = desk.sent.append

    def raced(drafts, at, facts=None):
        real([Draft(b"{}", body=b"{}")], at)
        return real(drafts, at, facts)

    desk.sent.append = raced
    with pytest.raises(OurFault, match=r"sent\.writers"):
        desk.releaser.run()
