"""The tables are a function of what the logs hold."""

import threading

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.labels.samples import JP_BOOK
from kernel.views.samples import (
    ALL,
    CODEC,
    JJOC,
    LEVELS,
    LOW,
    PCG,
    START,
    USFJ,
    Answers,
    Later,
    Node,
    key,
    mark,
    note,
)
from renkei.kernel.errors import OurFault
from renkei.kernel.records import Codec, Text, Unknown
from renkei.kernel.views import OWN, Folder, ViewStore, dump
from renkei.kernel.views import store as store_module

# --- one record ---------------------------------------------------------------------------------------


def test_the_newest_version_wins_however_versions_arrive():
    node = Node()
    node.add(note(1, "三", version=3), note(1, "一", version=1), note(1, "二", version=2))
    assert node.reader().get(key(1)).version == 3
    node.add(note(1, "二", version=2))
    assert node.reader().get(key(1)).version == 3
    assert node.found("三") == [key(1)]
    assert node.found("二") == []


def test_of_two_entries_with_one_version_the_later_counts():
    node = Node()
    node.add(note(1, "前", owner=USFJ), source=USFJ)
    node.add(note(1, "後", owner=USFJ), source=USFJ)
    assert node.found("後") == [key(1, USFJ)]
    assert node.found("前") == []


def test_a_row_keeps_its_number_and_moves_to_the_front():
    node = Node()
    node.add(note(1), note(2))
    row = node.reader().get(key(1)).row
    node.add(note(1, version=2))
    newest = node.reader().newest().rows
    assert [r.id for r in newest] == [key(1), key(2)]
    assert newest[0].row == row


def test_a_record_may_change_its_label_and_leave_no_trace_under_the_old_one():
    node = Node()
    node.add(note(1, "冠水", label=LEVELS[0]))
    node.add(note(1, "冠水", label=LEVELS[2], version=2))
    low = node.reader(LOW)
    assert node.found("冠水") == [key(1)]
    assert low.search("冠水").rows == ()
    assert low.get(key(1)) is None
    assert low.count() == 0


# --- what cannot be read ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (b"{", "record.form"),
        (b'{"kind":"', "record.form"),
        (b'{"kind":"note","id":"jp.jjoc/1"}', "record.form"),
        (b'{"kind":"new","id":3}', "record.form"),
        (b"\xff\xfe", "record.form"),
        (b"[" * 100_000, "record.form"),
        (b'{"kind":"note",' + b" " * 300_000 + b"}", "record.size"),
        (ALL.encode(note(2, owner=USFJ)), "record.owner"),
    ],
)
def test_an_entry_that_cannot_be_read_is_noted_and_stops_nothing(entry, code):
    node = Node()
    node.log_raw(entry)
    assert node.add(note(1)) == 2
    assert node.store.unreadable() == [(OWN, 0, code)]
    assert node.reader().count() == 1


def test_a_partner_cannot_write_records_of_others():
    node = Node()
    node.add(note(1, owner=PCG), note(2, owner=JJOC), note(3, owner=USFJ), source=USFJ)
    assert [r.id for r in node.reader().newest().rows] == [key(3, USFJ)]
    assert [code for _, _, code in node.store.unreadable()] == ["record.owner", "record.owner"]


@pytest.mark.parametrize("box", [(200.0, 0.0, 201.0, 0.0), (0.0, 5.0, 0.0, 4.0), (0.0, -91.0, 1.0, 0.0)])
def test_a_record_with_impossible_bounds_is_kept_but_not_on_the_map(box):
    node = Node()
    node.add(mark(1, box, name="冠水"))
    assert node.found("冠水") == [key(1)]
    assert node.store.unreadable() == [(OWN, 0, "record.bounds")]
    node.add(mark(1, version=2))
    assert node.store.unreadable() == []
    assert len(node.reader().within(-180, -90, 180, 90)) == 1


def test_an_unknown_kind_is_kept_readable_as_a_header_and_known_after_an_upgrade(tmp_path):
    node = Node(tmp_path / "views.db")
    later = Later(
        id=key(1), label=LEVELS[0], at=START, by="post", text=Text(text="冠水", lang="ja", label=LEVELS[2])
    )
    node.add(later)
    row = node.reader().get(key(1))
    record, cut = node.reader().record(row)
    assert (row.kind, row.version, row.raw) == ("later", 1, ALL.encode(later))
    assert isinstance(record, Unknown)
    assert (record.raw, cut) == (row.raw, 0)
    hidden, cut = node.reader(LOW).record(row)
    assert (hidden.raw, cut) == (b"", 1)
    assert node.found("冠水") == []
    node.store.close()
    upgraded = Node(tmp_path / "views.db", codec=ALL, logs=node.logs)
    assert upgraded.store.outdated
    upgraded.store.rebuild(node.logs)
    assert upgraded.found("冠水") == [key(1)]


# --- references ---------------------------------------------------------------------------------------


def test_a_partners_names_for_our_records_become_ours_in_bytes_and_references():
    alias, lost = key(77), key(78)
    node = Node(resolve=lambda source, name: key(1) if (source, name) == (USFJ, alias) else None)
    node.add(note(1))
    node.add(note(2, owner=USFJ, about=alias, others=(lost, key(3, USFJ))), source=USFJ)
    reader = node.reader()
    row = reader.get(key(2, USFJ))
    assert reader.record(row)[0].about == key(1)
    assert reader.record(row)[0].others == (lost, key(3, USFJ))
    assert [r.id for r in reader.referring(key(1))] == [key(2, USFJ)]
    assert [r.id for r in reader.referring(lost)] == [key(2, USFJ)]
    assert reader.referring(alias) == []


def test_names_are_exchanged_only_where_they_stand_alone_and_only_for_their_source():
    alias = key(77)
    node = Node(resolve=lambda source, name: key(1) if source == USFJ else None)
    node.add(note(2, f"see {alias} there", owner=USFJ, about=alias), source=USFJ)
    node.add(note(2, owner=PCG, about=alias), source=PCG)
    reader = node.reader()
    assert reader.record(reader.get(key(2, USFJ)))[0].text.text == f"see {alias} there"
    assert reader.record(reader.get(key(2, PCG)))[0].about == alias


def test_a_later_version_points_only_where_it_says():
    node = Node()
    node.add(note(1, about=key(5), others=(key(6),)))
    node.add(note(1, about=key(7), version=2))
    reader = node.reader()
    assert reader.referring(key(5)) == reader.referring(key(6)) == []
    assert [r.id for r in reader.referring(key(7))] == [key(1)]
    assert reader.referring(key(7), kinds="mark") == []


# --- view = rebuild -----------------------------------------------------------------------------------

LABELS = st.sampled_from(LEVELS)
WORDS = st.sampled_from(["冠水", "道路 road", "flooding", "", "水", "港"])


@st.composite
def one_record(draw, owner):
    fields = {"owner": owner, "version": draw(st.integers(1, 4)), "label": draw(LABELS)}
    number = draw(st.integers(0, 4))
    if draw(st.booleans()):
        box = draw(st.sampled_from([(1.0, 1.0, 2.0, 2.0), (170.0, 0.0, -170.0, 5.0), (9.0, 9.0, 8.0, 0.0)]))
        return mark(number, box, name=draw(WORDS), **fields)
    fields["about"] = draw(st.none() | st.sampled_from([key(1), key(99), key(2, USFJ)]))
    aside = draw(st.none() | st.builds(Text, text=WORDS, lang=st.just("ja"), label=LABELS))
    return note(number, draw(WORDS), aside=aside, **fields)


def entries(owner):
    return st.lists(one_record(owner).map(ALL.encode) | st.just(b'{"kind":"note"}'), max_size=12)


SCHEDULES = st.lists(st.tuples(st.sampled_from([OWN, USFJ, PCG, "all"]), st.integers(1, 9)), max_size=8)


@settings(max_examples=60, deadline=None)
@given(entries(JJOC), entries(USFJ), entries(PCG), SCHEDULES, st.integers(1, 5))
def test_a_view_equals_its_rebuild_however_the_logs_were_interleaved(own, usfj, pcg, schedule, together):
    node = Node(views=[Answers()], resolve=lambda source, name: key(1) if name == key(99) else None)
    for source, raw in ((OWN, own), (USFJ, usfj), (PCG, pcg)):
        for at in range(0, len(raw), together):
            node.log_raw(*raw[at : at + together], source=source)
    for source, limit in schedule:
        node.store.fold(node.logs if source == "all" else {source: node.logs[source]}, limit)
    node.store.fold(node.logs)
    before = dump(node.store)
    assert node.store.rebuild(node.logs) == len(own) + len(usfj) + len(pcg)
    assert dump(node.store) == before
    assert not any(lag.lag for lag in node.store.lag(node.logs))
    node.store.close()


def test_a_dump_tells_different_contents_apart():
    one, other = Node(), Node()
    one.add(note(1, "冠水"))
    other.add(note(1, "断水"))
    assert dump(one.store) != dump(other.store)


# --- positions, crashes, rebuilds -------------------------------------------------------------------


class Fragile(Answers):
    """A view that fails when told to, after it has written."""

    def __init__(self):
        self.fail_at = None

    def fold(self, db, batch):
        super().fold(db, batch)
        if self.fail_at is not None and any(f.seq >= self.fail_at for f in batch):
            raise RuntimeError("killed here")


def test_a_fold_that_dies_midway_leaves_nothing_and_goes_on_from_there(tmp_path):
    fragile = Fragile()
    node = Node(tmp_path / "views.db", views=[fragile])
    node.log(*(note(n) for n in range(6)))
    node.store.fold(node.logs, 3)
    before = dump(node.store)
    fragile.fail_at = 3
    with pytest.raises(RuntimeError):
        node.store.fold(node.logs)
    assert dump(node.store) == before
    assert node.store.position(OWN) == 3
    fragile.fail_at = None
    again = Node(tmp_path / "views.db", views=[fragile], logs=node.logs)
    assert again.store.fold(node.logs) == 3
    assert again.reader().count() == 6
    after = dump(again.store)
    again.store.rebuild(node.logs)
    assert dump(again.store) == after


def test_positions_survive_and_numbers_go_on_after_a_restart(tmp_path):
    node = Node(tmp_path / "views.db")
    node.add(note(1, aside=Text(text="別", lang="ja", label=LEVELS[2])), note(2))
    node.store.close()
    again = Node(tmp_path / "views.db", logs=node.logs)
    assert again.store.fold(node.logs) == 0
    again.add(note(3), note(1, "改", version=2))
    assert [r.id for r in again.reader().newest().rows] == [key(1), key(3), key(2)]
    assert again.found("改") == [key(1)]
    assert again.found("別") == []


def test_other_code_finds_the_views_outdated_and_rebuilds_them(tmp_path):
    node = Node(tmp_path / "views.db")
    node.add(note(1))
    node.store.close()
    later = Node(tmp_path / "views.db", views=[Answers()], logs=node.logs)
    assert later.store.outdated
    with pytest.raises(OurFault, match=r"views\.outdated"):
        later.store.fold(node.logs)
    with pytest.raises(OurFault, match=r"views\.outdated"):
        later.reader().newest()
    told = []
    later.store.rebuild(node.logs, lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]
    assert later.reader().rows("SELECT count(*) FROM answers a WHERE {visible:a}") == [(1,)]


def test_a_rebuild_that_fails_leaves_the_old_views_in_place(tmp_path):
    fragile = Fragile()
    node = Node(tmp_path / "views.db", views=[fragile])
    node.add(note(1))
    fragile.fail_at = 0
    with pytest.raises(RuntimeError):
        node.store.rebuild(node.logs)
    assert node.reader().count() == 1
    assert [p.name for p in tmp_path.iterdir() if "new" in p.name] == []


def test_reading_goes_on_while_views_are_rebuilt():
    node = Node()
    node.add(*(note(n, "冠水") for n in range(200)))
    reader, stop, seen, failed = node.reader(), threading.Event(), [], []

    def read():
        try:
            while not stop.is_set():
                seen.append(
                    (len(reader.search("冠水", 500).rows), reader.count(), len(reader.newest(limit=500).rows))
                )
        except BaseException as err:
            failed.append(err)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        node.store.rebuild(node.logs)
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert set(seen) == {(200, 200, 200)}


def test_label_numbers_from_before_a_rebuild_name_nothing_after_it():
    node = Node()
    node.add(note(1))
    changes = []
    node.store.on_fold(changes.extend)
    node.add(note(2))
    assert node.reader().sees(changes[0].label, "live")
    node.store.rebuild(node.logs)
    assert not node.reader().sees(changes[0].label, "live")


def test_a_log_shorter_than_what_was_folded_is_our_fault():
    node = Node()
    node.add(note(1))
    with pytest.raises(OurFault, match=r"views\.ahead"):
        node.store.fold(Node().logs)


def test_what_was_logged_first_arrives_first_across_logs():
    node = Node()
    for n in range(3):
        node.log(note(n, owner=USFJ), source=USFJ)
        node.log(note(n))
    node.store.fold(node.logs)
    assert [r.id for r in reversed(node.reader().newest().rows)] == [
        key(n, o) for n in range(3) for o in (USFJ, JJOC)
    ]


def test_a_batch_ends_when_its_entries_get_heavy(monkeypatch):
    monkeypatch.setattr(store_module, "MAX_BATCH_BYTES", 1_000)
    node = Node()
    node.log(*(note(n, "水" * 200) for n in range(5)))
    batches = []
    node.store.on_fold(batches.append)
    assert node.store.fold(node.logs) == 5
    assert [len(b) for b in batches] == [2, 2, 1]


# --- waiting, listening, the thread -------------------------------------------------------------------


def test_wait_returns_once_the_entry_is_in_the_views():
    node = Node()
    assert node.store.wait(OWN, 0, timeout=0) is False
    folder = Folder(node.store, lambda: node.logs)
    folder.start()
    try:
        seq = node.log(note(1))
        folder.notify()
        assert node.store.wait(OWN, seq, timeout=10)
        assert node.reader().get(key(1)) is not None
        assert folder.status().folded == 1
    finally:
        folder.stop()
    assert folder.status().state == "stopped"


def test_listeners_hear_of_what_readers_now_see_and_of_nothing_older():
    node, heard = Node(), []
    end = node.store.on_fold(heard.extend)
    node.add(note(1), note(1, version=2), note(2, label=LEVELS[2]))
    assert [(c.id, c.version, c.source, c.seq, c.realm) for c in heard] == [
        (key(1), 2, OWN, 1, "live"),
        (key(2), 1, OWN, 2, "live"),
    ]
    assert [node.reader(LOW).sees(c.label, c.realm) for c in heard] == [True, False]
    node.add(note(1, version=1))
    end()
    node.add(note(3))
    assert len(heard) == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_failing_fold_stops_loudly_and_wakes_whoever_waits():
    fragile = Fragile()
    fragile.fail_at = 0
    node = Node(views=[fragile])
    node.log(note(1))
    folder = Folder(node.store, lambda: node.logs)
    folder.start()
    with pytest.raises(OurFault, match=r"views\.failed"):
        node.store.wait(OWN, 0, timeout=10)
    folder.stop()
    status = folder.status()
    assert (status.state, status.failure, status.lags[0].lag) == ("failed", "RuntimeError", 1)


def test_the_fold_holds_back_for_a_busy_writer_but_not_for_long():
    node = Node()
    node.log(note(1))
    asked = []
    folder = Folder(node.store, lambda: node.logs, busy=lambda: asked.append(1) or True)
    folder.start()
    try:
        assert node.store.wait(OWN, 0, timeout=10)
    finally:
        folder.stop()
    assert asked


def test_kinds_are_part_of_what_makes_views_outdated(tmp_path):
    path = tmp_path / "views.db"
    for codec, outdated in ((CODEC, False), (CODEC, False), (Codec([]), True)):
        store = ViewStore(path, codec, JP_BOOK, [], lambda s, a: None, JJOC)
        assert store.outdated is outdated
        store.close()


def test_a_file_that_is_not_ours_is_outdated_rather_than_written_to(tmp_path):
    db = apsw.Connection(str(tmp_path / "views.db"))
    db.execute("CREATE TABLE other (x)")
    db.close()
    assert Node(tmp_path / "views.db").store.outdated
