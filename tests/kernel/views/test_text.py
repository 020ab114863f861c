"""What is indexed, what a question asks for, and what it matches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.views.text import BEGINNINGS, entries, label_row_of, mark, matches, normalise, parse


def held_of(text):
    return {label_row_of(entry)[1] for entry in entries([normalise(text)], [5])[0].split(" ") if entry}


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("冠水", {"冠水", "水"}),
        ("道路が冠水。通行止め", {"道路", "路が", "が冠", "冠水", "水", "通行", "行止", "止め", "め"}),
        ("Flooding", {"flo", "floodi"}),
        ("ｶﾞｿﾘﾝ", {"ガソ", "ソリ", "リン", "ン"}),
        ("F-15 28日", {"f", "15", "28", "日"}),
        ("\uf001冠水\ue000", {"冠水", "水"}),
    ],
)
def test_text_is_held_as_pairs_and_beginnings(text, held):
    assert held_of(text) == held


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_no_mark_is_the_beginning_of_another(one, other):
    assert label_row_of(mark(one) + "冠水") == (one, "冠水")
    assert one == other or not mark(one).startswith(mark(other))


def test_every_word_stands_behind_the_mark_of_its_own_text():
    found = entries(["冠水", "", "no. 7"], [3, 2**40, 70_000])
    assert [entry.split() for entry in found] == [
        [f"{mark(3)}冠水", f"{mark(3)}水"],
        [],
        [f"{mark(70_000)}no", f"{mark(70_000)}7"],
    ]


@pytest.mark.parametrize("nothing", ["", "  ", "、。", "\uf001\ue000", '"*()'])
def test_a_question_without_letters_asks_nothing(nothing):
    assert parse(nothing) is None


@pytest.mark.parametrize(
    ("question", "exact"),
    [
        ("冠水", True),
        ("冠", True),
        ("flo", True),
        ("fl", True),
        ("冠水し", False),
        ("flooded", False),
        ("冠水28", False),
    ],
)
def test_the_index_alone_decides_pairs_and_held_beginnings(question, exact):
    assert parse(question).exact is exact


@pytest.mark.parametrize(
    ("question", "text", "found"),
    [
        ("冠水", "道路が冠水した", True),
        ("冠水 道路", "道路が冠水した", True),
        ("冠水 鉄道", "道路が冠水した", False),
        ("水冠", "道路が冠水した", False),
        ("flood", "A road FLOODED", True),
        ("loode", "A road flooded", False),
        ("ＦＬＯＯＤ", "a road flooded", True),
        ("28日", "9月28日", True),
        ("8日", "9月28日", False),
    ],
)
def test_a_term_is_found_where_a_person_would_find_it(question, text, found):
    assert matches(parse(question), [text]) is found


LETTERS = st.text("冠水道路ab cd1ガ。ﾞ", max_size=12)


@given(LETTERS, LETTERS)
def test_what_matches_is_always_in_the_index(question, text):
    query = parse(question)
    if query is not None and matches(query, [text]):
        held = held_of(text)
        assert set(query.words) <= held
        assert all(any(w.startswith(s) for w in held) for s in query.starts)


@given(LETTERS, LETTERS)
def test_an_exact_answer_of_the_index_is_a_match(question, text):
    query = parse(question)
    if query is not None and query.exact:
        held = held_of(text)
        in_index = set(query.words) <= held and all(any(w.startswith(s) for w in held) for s in query.starts)
        assert in_index == matches(query, [text])


def test_beginnings_rise():
    assert list(BEGINNINGS) == sorted(set(BEGINNINGS))
