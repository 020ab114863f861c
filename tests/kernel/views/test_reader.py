"""Nobody reads what they may not see, by whatever way they ask; and those who may, find it."""

import itertools
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.labels.samples import (
    JP_BOOK,
    jp_clearance,
    jp_label,
    releasable_to,
    us_label,
)
from kernel.views.samples import (
    HIGH,
    JJOC,
    LEVELS,
    LOW,
    MIDDLE,
    OPEN,
    START,
    USFJ,
    Answers,
    Detail,
    Later,
    Node,
    escaped,
    key,
    mark,
    note,
)
from renkei.kernel.errors import BadInput, OurFault
from renkei.kernel.labels.model import Clearance
from renkei.kernel.records import Text, Translation, Unknown
from renkei.kernel.views import OWN
from renkei.kernel.views import reader as reader_module


def ids(rows):
    return [row.id for row in rows]


def in_pages(reader, question, limit):
    """The ids on each page, to the last."""
    pages, before = [], None
    while True:
        page = reader.search(question, limit, before)
        pages.append(ids(page.rows))
        before = page.next
        if before is None:
            return pages


def everything(reader, about, word="冠水"):
    """The ids that each way of reading lets this reader see."""
    return {
        "newest": set(ids(reader.newest(limit=1000).rows)),
        "by kind": set(ids(reader.newest(["note", "mark", "later"], limit=1000).rows)),
        "since": set(ids(reader.since(0, 1000))),
        "get": {i for i in about if reader.get(i) is not None},
        "records_of": set(ids(reader.records_of(about))),
        "rows": {i for (i,) in reader.rows("SELECT r.id FROM records r WHERE {visible:r}")},
        "search": set(ids(reader.search(word, 1000).rows)),
        "within": set(ids(reader.within(-180, -90, 180, 90))),
        "referring": set(ids(reader.referring(key(999)))),
    }


# --- the matrix ---------------------------------------------------------------------------------------

MATRIX_LABELS = [
    *LEVELS,
    jp_label("GUARDED", releasable_to("USA")),
    jp_label("GUARDED", releasable_to("JPN", "USA")),
    jp_label("SEALED", releasable_to("JPN")),
    us_label(),
    jp_label("NO SUCH CLASSIFICATION"),
]
MATRIX_READERS = [
    LOW,
    MIDDLE,
    HIGH,
    jp_clearance("SEALED", releasable_to("JPN")),
    jp_clearance("GUARDED", releasable_to("USA")),
]


@pytest.mark.parametrize(
    "clearance", MATRIX_READERS, ids=lambda c: f"{len(c.classifications)}-{c.categories}"
)
def test_every_way_of_reading_shows_what_the_labels_allow_and_nothing_else(clearance):
    node = Node()
    allowed = set()
    for number, (label, realm) in enumerate(itertools.product(MATRIX_LABELS, ("live", "exercise"))):
        node.log(note(number, about=key(999), label=label, realm=realm))
        node.log(mark(100 + number, label=label, realm=realm, name="冠水"))
        if realm == "live" and JP_BOOK.access(clearance, label).allowed:
            allowed |= {key(number), key(100 + number)}
    node.store.fold(node.logs)
    marks = {key(n) for n in range(100, 200)}
    seen = everything(node.reader(clearance), [key(n) for n in range(200)])
    assert seen.pop("within") == allowed & marks
    assert seen.pop("referring") == allowed - marks
    assert seen == dict.fromkeys(seen, allowed)
    assert node.reader(clearance).count() == len(allowed)
    assert node.reader(clearance, realm="nowhere").newest().rows == ()


def test_a_label_first_seen_later_is_decided_for_readers_already_at_work():
    node = Node()
    low, high = node.reader(LOW), node.reader(HIGH)
    node.add(note(1))
    assert (low.count(), high.count()) == (1, 1)
    node.add(note(2, label=LEVELS[2]), note(3, label=LEVELS[1], realm="live"))
    assert (low.count(), high.count()) == (1, 3)


def test_a_reader_with_a_clearance_of_an_unknown_policy_sees_nothing():
    node = Node()
    node.add(note(1))
    held = jp_clearance()
    stranger = node.reader(Clearance("urn:oid:2.999.1", held.classifications))
    assert stranger.newest().rows == ()
    assert stranger.search("冠水").rows == ()
    assert stranger.within(-180, -90, 180, 90) == []


# --- portions -----------------------------------------------------------------------------------------


def hidden(text, level=2):
    return Text(text=text, lang="ja", label=LEVELS[level])


def test_a_text_under_its_own_label_is_found_only_by_who_may_see_it():
    node = Node()
    node.add(note(1, "道路", aside=hidden("冠水")), note(2, "道路", more=(hidden("断水", 1), hidden("冠水"))))
    assert (node.found("冠水"), node.found("冠水", MIDDLE), node.found("冠水", LOW)) == (
        [key(2), key(1)],
        [],
        [],
    )
    assert (node.found("断水"), node.found("断水", MIDDLE), node.found("断水", LOW)) == (
        [key(2)],
        [key(2)],
        [],
    )
    assert node.found("道路", LOW) == [key(2), key(1)]


def test_portions_above_the_reader_are_cut_and_counted():
    node = Node()
    node.add(note(1, "道路", aside=hidden("冠水"), more=(hidden("断水", 1), hidden("冠水"))))
    for clearance, left, cut in ((HIGH, 3, 0), (MIDDLE, 1, 2), (LOW, 0, 3)):
        reader = node.reader(clearance)
        row = reader.get(key(1))
        record, count = reader.record(row)
        assert (len(record.more) + (record.aside is not None), count) == (left, cut)
        assert reader.whole(row) is (cut == 0)


def test_a_record_that_cannot_be_without_a_hidden_portion_is_hidden_whole():
    node = Node()
    node.add(note(1, hidden("冠水")))
    assert ids(node.reader(HIGH).newest().rows) == [key(1)]
    low = node.reader(LOW)
    assert low.get(key(1)) is None
    assert low.count() == 0
    assert low.search("冠水").rows == ()
    assert node.reader(HIGH).label(node.reader(HIGH).get(key(1))) == OPEN


def test_a_low_portion_of_a_high_record_is_not_found_by_low_readers():
    node = Node()
    node.add(note(1, "道路", label=LEVELS[2], aside=Text(text="冠水", lang="ja", label=LEVELS[0])))
    assert node.found("冠水") == [key(1)]
    assert node.found("冠水", MIDDLE) == []


def test_spelling_the_label_with_escapes_hides_nothing_from_the_rules():
    node = Node()
    node.log_raw(escaped(note(1, "道路", aside=hidden("冠水"))))
    node.store.fold(node.logs)
    assert node.found("冠水") == [key(1)]
    assert node.found("冠水", LOW) == []
    record, cut = node.reader(LOW).record(node.reader(LOW).get(key(1)))
    assert (record.aside, cut) == (None, 1)


def test_search_trusts_what_the_reader_sees_over_what_a_kind_says_of_its_texts(monkeypatch):
    def texts(self):
        yield None, self.text.text
        if self.detail:
            yield None, self.detail.what  # under the record's label: a mistake in the kind

    monkeypatch.setattr(type(note()), "texts", texts)
    node = Node()
    node.add(note(1, "道路", detail=Detail(what="冠水", label=LEVELS[2])))
    assert node.found("冠水") == [key(1)]
    assert node.found("冠水", LOW) == []


LEVEL = st.integers(0, 2)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(LEVEL, LEVEL, LEVEL), min_size=1, max_size=8))
def test_a_hit_is_exactly_what_the_reader_could_read_for_themselves(levels):
    node = Node()
    for number, (own, first, second) in enumerate(levels):
        more = (
            Text(text="断水", lang="ja", label=LEVELS[first]),
            Text(text="冠水", lang="ja", label=LEVELS[second]),
        )
        node.log(note(number, "道路", label=LEVELS[own], more=more))
    node.store.fold(node.logs)
    for top, clearance in enumerate((LOW, MIDDLE, HIGH)):
        may = {key(n) for n, (own, _, second) in enumerate(levels) if max(own, second) <= top}
        assert set(node.found("冠水", clearance)) == may
        both = {
            key(n) for n, (own, one, two) in enumerate(levels) if max(own, one, two) <= top and one == two
        }
        assert both <= set(node.found("断水 冠水", clearance)) <= may
    node.store.close()


# --- lists --------------------------------------------------------------------------------------------


def test_pages_follow_one_another_without_gap_or_repeat():
    node = Node()
    labels = itertools.cycle(LEVELS)
    node.add(*(note(n, label=next(labels)) if n % 3 else mark(n, label=next(labels)) for n in range(40)))
    reader, before, got = node.reader(), None, []
    while True:
        page = reader.newest(limit=7, before=before)
        got += ids(page.rows)
        before = page.next
        if before is None:
            break
    assert got == [key(n) for n in reversed(range(40))]


def test_the_newest_are_right_with_more_shelves_than_rows_asked_for():
    node = Node()
    for n in range(12):
        for source, owner in ((OWN, JJOC), (USFJ, USFJ)):
            make = note if n % 2 else mark
            node.add(make(n, owner=owner, label=LEVELS[n % 3]), source=source)
    for limit in range(1, 9):
        expected = [key(n, o) for n in reversed(range(12)) for o in (USFJ, JJOC)][:limit]
        assert ids(node.reader().newest(limit=limit).rows) == expected
    assert ids(node.reader().newest("mark", USFJ, limit=2).rows) == [key(10, USFJ), key(8, USFJ)]
    assert ids(node.reader().newest({"mark", "note"}, USFJ, limit=2).rows) == [key(11, USFJ), key(10, USFJ)]
    assert node.reader().newest("nothing").rows == ()
    assert (node.reader().count("mark"), node.reader().count("mark", USFJ)) == (12, 6)


def test_an_unknown_kind_is_listed_among_all_but_not_by_a_name_it_gave_itself():
    node = Node()
    node.add(Later(id=key(1), label=OPEN, at=START, by="post", text=Text(text="冠水", lang="ja")))
    reader = node.reader()
    assert ids(reader.newest().rows) == [key(1)]
    assert reader.newest("later").rows == ()
    assert isinstance(reader.record(reader.newest().rows[0])[0], Unknown)


def test_rows_of_many_ids_come_in_the_order_asked():
    node = Node()
    node.add(note(1), note(2), note(3))
    assert ids(node.reader().records_of([key(3), key(9), key(1), key(3)])) == [key(3), key(1)]


def test_a_row_says_where_and_when_it_came_from():
    node = Node()
    node.log(note(1, owner=USFJ, version=2), source=USFJ)
    node.store.fold(node.logs)
    row = node.reader().get(key(1, USFJ))
    assert (row.kind, row.version, row.owner, row.source, row.seq, row.realm) == (
        "note",
        2,
        USFJ,
        USFJ,
        0,
        "live",
    )
    assert (row.at, row.logged_at, row.labelled) == (START, node.at, OPEN)


def test_since_gives_what_changed_after_a_point():
    node = Node()
    node.add(note(1), note(2))
    last = node.reader().newest().rows[0].arrival
    node.add(note(3), note(1, version=2))
    assert ids(node.reader().since(last)) == [key(3), key(1)]


# --- rooms' own queries -------------------------------------------------------------------------------


def test_a_rooms_query_must_say_whose_eyes_it_is_read_with():
    node = Node(views=[Answers()])
    node.add(note(1, about=key(9)), note(2, about=key(9), label=LEVELS[2]))
    sql = "SELECT count(*) FROM answers a JOIN records r ON r.row = a.row WHERE {visible:r} AND a.about = ?"
    assert node.reader().rows(sql, (key(9),)) == [(2,)]
    assert node.reader(LOW).rows(sql, (key(9),)) == [(1,)]
    named = "SELECT about FROM answers WHERE {visible} AND about = :about"
    assert node.reader(LOW).rows(named, {"about": key(9)}) == [(key(9),)]
    with pytest.raises(ValueError, match=r"\{visible\}"):
        node.reader().rows("SELECT * FROM answers")


def test_a_reader_cannot_write():
    node = Node(views=[Answers()])
    with pytest.raises(Exception, match=r"(?i)read.?only"):
        node.reader().rows("DELETE FROM answers WHERE {visible}")


# --- the map ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("box", "found"),
    [
        ((170, -10, -170, 10), {1, 2, 3}),
        ((170, -10, 180, 10), {1, 3}),
        ((-180, -10, -170, 10), {2, 3}),
        ((175, -10, 176, 10), {1}),
        ((-170, -10, 170, 10), {4}),
        ((-180, -90, 180, 90), {1, 2, 3, 4}),
        ((170, 20, -170, 30), set()),
    ],
)
def test_the_map_goes_round_the_antimeridian(box, found):
    node = Node()
    node.add(
        mark(1, (175.5, 0, 175.5, 0)),
        mark(2, (-175.5, 0, -175.5, 0)),
        mark(3, (178.0, -1, -178.0, 1)),
        mark(4, (139.0, 0, 139.0, 0)),
    )
    rows = node.reader().within(*box)
    assert sorted(ids(rows)) == sorted(key(n) for n in found)
    assert ids(node.reader().within(*box, kinds="mark")) == ids(rows)
    assert [r.arrival for r in rows] == sorted((r.arrival for r in rows), reverse=True)


def test_what_moves_or_leaves_the_map_is_found_only_where_it_is():
    node = Node()
    node.add(mark(1, (178.0, -1, -178.0, 1)))
    node.add(mark(1, (10, 0, 10, 0), version=2))
    assert ids(node.reader().within(170, -10, -170, 10)) == []
    assert ids(node.reader().within(9, -1, 11, 1)) == [key(1)]
    node.add(note(1, version=3))
    assert ids(node.reader().within(-180, -90, 180, 90)) == []


def test_the_map_can_be_asked_for_some_kinds():
    node = Node()
    node.add(mark(1), mark(2))
    assert ids(node.reader().within(138, 34, 140, 36, kinds="mark")) == [key(2), key(1)]
    assert node.reader().within(138, 34, 140, 36, kinds=["note"]) == []
    assert len(node.reader().within(138, 34, 140, 36, limit=1)) == 1


@pytest.mark.parametrize("box", [(0, 1, 0, 0), (181, 0, 182, 0), (float("nan"), 0, 1, 1), (0, -91, 0, 0)])
def test_what_is_no_box_is_refused(box):
    with pytest.raises(BadInput, match="west and east"):
        Node().reader().within(*box)


def test_positions_are_never_lost_to_rounding():
    node = Node()
    spots = [(123.4567 + n / 7, 24.1234 + n / 11) for n in range(100)]
    node.add(*(mark(n, (x, y, x, y)) for n, (x, y) in enumerate(spots)))
    for n, (x, y) in enumerate(spots):
        assert key(n) in ids(node.reader().within(x, y, x, y))


# --- search -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question", ["冠水", "冠", "道路が冠水", "flood", "fl", "road flooded", "ＲＯＡＤ", "28日"]
)
def test_search_finds_words_of_any_length_in_both_languages(question):
    node = Node()
    node.add(note(1, "28日 道路が冠水した road flooded"), note(2, "鉄道 rail"))
    assert node.found(question) == [key(1)]


def test_search_gives_the_newest_first_and_each_once():
    node = Node()
    node.add(*(note(n, "冠水", more=(hidden("冠水", 1), hidden("冠水", 2))) for n in range(9)))
    node.add(note(3, "冠水", version=2))
    assert node.found("冠水") == [key(3), *(key(n) for n in (8, 7, 6, 5, 4, 2, 1, 0))]
    assert ids(node.reader().search("冠水", 2).rows) == [key(3), key(8)]


def test_a_long_term_is_not_found_where_only_its_pairs_are(monkeypatch):
    node = Node()
    node.add(note(1, "道路冠水"), *(note(n, "冠水は道路") for n in range(2, 30)))
    assert ids(node.reader().search("道路冠水", 3).rows) == [key(1)]
    monkeypatch.setattr(reader_module, "MAX_CANDIDATES", 10)
    looked_through = node.reader().search("道路冠水", 3)
    assert looked_through.rows == () and looked_through.next is not None
    pages = in_pages(node.reader(), "道路冠水", 3)
    assert [i for page in pages for i in page] == [key(1)] and len(pages) > 1


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_of_a_search_come_to_all_of_it_each_once(limit):
    node = Node()
    node.add(*(note(n, "冠水" if n % 3 else "晴れ", more=(hidden("冠水", 1),)) for n in range(12)))
    node.add(note(4, "冠水", version=2))
    pages = in_pages(node.reader(), "冠水", limit)
    assert [i for page in pages for i in page] == node.found("冠水")
    assert all(len(page) <= limit for page in pages)


def test_translations_are_found_too():
    node = Node()
    original = Text(
        text="冠水", lang="ja", translations=(Translation(lang="en", text="flooded", by="liaison"),)
    )
    node.add(note(1, original))
    assert node.found("flooded") == [key(1)]


@pytest.mark.parametrize(
    "question", ['"', "*", "NOT 冠水", "冠水 OR", "words:冠水", "(", "水" * 500, "a" * 500]
)
def test_no_question_is_an_error(question):
    node = Node()
    node.add(note(1))
    assert isinstance(node.reader().search(question).rows, tuple)


# --- threads ------------------------------------------------------------------------------------------


def test_many_threads_read_while_one_folds():
    node = Node()
    node.add(note(0, "冠水"))
    reader, failed, stop = node.reader(), [], threading.Event()

    def read():
        try:
            while not stop.is_set():
                found, page = reader.search("冠水", 1000).rows, reader.newest(limit=1000)
                assert all(reader.record(row)[0].id == row.id for row in (*found, *page.rows))
        except BaseException as err:
            failed.append(err)

    threads = [threading.Thread(target=read) for _ in range(10)]
    for thread in threads:
        thread.start()
    for n in range(1, 40):
        node.add(note(n, "冠水", label=LEVELS[n % 3]))
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(node.found("冠水")) == 40


def test_a_closed_store_says_so():
    node = Node()
    reader = node.reader()
    node.store.close()
    with pytest.raises(OurFault, match=r"views\.closed"):
        reader.newest()
