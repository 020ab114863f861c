"""What leaves is what the clearance covers, and nothing else is anywhere in the bytes."""

import copy
import json
import pickle
from datetime import UTC, datetime
from typing import ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.labels.samples import (
    JP,
    JP_BOOK,
    clearances,
    handling,
    jp_clearance,
    jp_label,
    labels,
    releasable_to,
)
from renkei.kernel.labels import release
from renkei.kernel.labels.release import Released, Withheld, covers_all, cut, decide, plan_of
from renkei.kernel.records import Codec, Record, Text, Translation


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    title: Text
    note: Text | None = None
    number: int = 0


class Paper(Record, frozen=True, kw_only=True, tag="test.paper"):
    title: Text
    summary: Text | None = None
    notes: tuple[Text, ...] = ()
    steps: tuple[Step, ...] = ()
    first: Step | None = None
    named: dict[str, Text] = {}  # noqa: RUF012 - msgspec copies it
    count: int = 0


class Plain(Record, frozen=True, kw_only=True, tag="test.plain"):
    count: int = 0
    names: tuple[str, ...] = ()


class Kept(Record, frozen=True, kw_only=True, tag="test.kept"):
    releasable: ClassVar[bool] = False


CODEC = Codec([Paper, Plain, Kept])
ABROAD = jp_clearance("DUTY USE", releasable_to("USA"), handling("LOGISTICS"))
OPEN = jp_label("UNCLASSIFIED", releasable_to("JPN", "USA"))
OWN = jp_label("DUTY USE", releasable_to("JPN"))
ID = "jp.jjoc/01ARZ3NDEKTSV4RRFFQ69G5FAV"


def paper(label=OPEN, **fields):
    fields.setdefault("title", text("title"))
    return Paper(id=ID, label=label, at=datetime(2022, 9, 18, 9, 0, tzinfo=UTC), by="Watch officer", **fields)


def text(content, label=None):
    return Text(
        text=content,
        lang="en",
        label=label,
        translations=(Translation(lang="ja", text=f"訳{content}", by="Interpreter"),),
    )


def decided(record, clearance=ABROAD):
    return decide(record, CODEC.encode(record), clearance, JP_BOOK, CODEC)


def test_a_record_without_labelled_portions_leaves_as_the_very_bytes_logged():
    record = paper(summary=text("all of it"))
    raw = CODEC.encode(record)
    result = decide(record, raw, ABROAD, JP_BOOK, CODEC)
    assert isinstance(result, Released)
    assert result.raw is raw
    assert (result.record, result.cut) == (record, 0)


def test_labelled_portions_that_are_covered_leave_the_bytes_as_they_are():
    record = paper(notes=(text("a", OPEN),))
    raw = CODEC.encode(record)
    assert decide(record, raw, ABROAD, JP_BOOK, CODEC).raw is raw


def test_a_record_above_the_clearance_is_withheld_whole_with_its_reason():
    result = decided(paper(label=OWN))
    assert result == Withheld("access.permissive", "Releasable to: only for JPN")


def test_optional_portions_become_none_and_list_elements_go():
    record = paper(summary=text("secret", OWN), notes=(text("x"), text("secret", OWN), text("y", OPEN)))
    result = decided(record)
    assert isinstance(result, Released)
    assert result.record == paper(notes=(text("x"), text("y", OPEN)))
    assert result.cut == 2
    assert b"secret" not in result.raw
    assert CODEC.decode(result.raw) == result.record


def test_a_required_portion_above_the_clearance_withholds_the_record():
    result = decided(paper(title=text("secret", OWN)))
    assert isinstance(result, Withheld)
    assert result.code == "release.portion"
    assert "secret" not in result.reason


def test_a_structure_goes_with_the_portion_it_cannot_be_without():
    record = paper(
        steps=(Step(text("kept"), note=text("secret", OWN)), Step(text("secret", OWN), number=2)),
        first=Step(text("secret", OWN)),
        named={"a": text("secret", OWN), "b": text("kept")},
    )
    result = decided(record)
    assert result.record == paper(steps=(Step(text("kept")),), named={"b": text("kept")})
    assert result.cut == 4
    assert b"secret" not in result.raw


def test_a_kind_that_never_leaves_is_withheld_whatever_its_label():
    record = Kept(id=ID, label=OPEN, at=datetime(2022, 9, 18, tzinfo=UTC), by="x")
    assert decided(record).code == "release.never"


def test_a_kind_this_node_does_not_know_is_withheld():
    raw = CODEC.encode(paper()).replace(b"test.paper", b"test.future")
    assert decide(CODEC.decode(raw), raw, ABROAD, JP_BOOK, CODEC).code == "release.kind"


def _with_unknown_field(field: bytes) -> bytes:
    return CODEC.encode(paper())[:-1] + b',"future":' + field + b"}"


def test_a_label_in_a_field_this_node_does_not_know_withholds_the_record():
    inner = msgspec.json.encode(text("secret", OWN))
    for raw in (
        _with_unknown_field(inner),
        _with_unknown_field(b'[{"deep":' + inner + b"}]"),
        _with_unknown_field(inner.replace(b'"label"', b'"\\u006cabel" ')),
        _with_unknown_field(b'{"label":{"policy":"?"}}'),
        _with_unknown_field(b"[" * 40 + b'"label"' + b"]" * 40),
    ):
        assert decide(CODEC.decode(raw), raw, ABROAD, JP_BOOK, CODEC).code == "release.unknown-portion"


def test_unknown_fields_without_a_label_above_the_clearance_ride_along():
    for field in (b"1", b'{"label":"a caption","n":1}', msgspec.json.encode(text("fine", OPEN))):
        raw = _with_unknown_field(field)
        assert decide(CODEC.decode(raw), raw, ABROAD, JP_BOOK, CODEC).raw is raw


def test_an_escaped_label_key_in_a_known_portion_is_no_way_around():
    record = paper(summary=text("secret", OWN))
    raw = CODEC.encode(record).replace(b'"summary":{"label"', b'"summary":{"\\u006cabel"')
    assert raw.count(b'"label"') == 1
    result = decide(CODEC.decode(raw), raw, ABROAD, JP_BOOK, CODEC)
    assert b"secret" not in result.raw
    assert result.cut == 1


def test_nobody_else_can_make_a_released():
    record = paper()
    with pytest.raises(TypeError):
        Released(record, b"", 0, seal=release._Seal())
    with pytest.raises(TypeError):
        Released(record, b"", 0)
    made = decided(record)
    with pytest.raises(AttributeError):
        made.raw = b"other"
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            duplicate(made)


def test_a_reader_here_is_cut_by_the_same_rule():
    record = paper(summary=text("secret", OWN), notes=(text("x"),))
    assert cut(record, ABROAD, JP_BOOK) == (paper(notes=(text("x"),)), 1)
    assert cut(record, jp_clearance("DUTY USE", releasable_to("JPN")), JP_BOOK) == (record, 0)
    assert cut(paper(label=OWN), ABROAD, JP_BOOK) == (None, 0)
    assert cut(paper(title=text("secret", OWN)), ABROAD, JP_BOOK) == (None, 1)


def test_kinds_without_portions_have_an_empty_plan_and_optional_fields_are_known():
    assert plan_of(Plain) == ()
    assert dict(plan_of(Paper)) == {
        "title": False,
        "summary": True,
        "notes": False,
        "steps": False,
        "first": True,
        "named": False,
    }


def test_portions_that_could_not_be_cut_are_found_when_the_kind_is_first_used():
    class Pair(Record, frozen=True, kw_only=True, tag="test.pair"):
        both: tuple[Text, Text]

    with pytest.raises(TypeError, match="fixed length"):
        plan_of(Pair)


# --- for every label and clearance ------------------------------------------------------------------

MARK = "«{}»"


@st.composite
def papers(draw):
    """A paper whose every text holds a mark that tells its own label's place in the list returned."""
    own = draw(labels(JP))
    marks = []

    def portion():
        marks.append(draw(st.one_of(st.none(), labels(JP))))
        return text(MARK.format(len(marks) - 1), marks[-1])

    def maybe():
        return portion() if draw(st.booleans()) else None

    def some(make):
        return tuple(make() for _ in range(draw(st.integers(0, 3))))

    record = paper(
        label=own,
        title=text("plain"),
        summary=maybe(),
        notes=some(portion),
        steps=some(lambda: Step(portion(), maybe())),
        first=Step(portion(), maybe()) if draw(st.booleans()) else None,
        named={str(i): p for i, p in enumerate(some(portion))},
    )
    return record, marks


@settings(max_examples=60)
@given(papers(), clearances(JP))
def test_no_portion_above_the_clearance_is_anywhere_in_a_rendition(made, clearance):
    record, marks = made
    result = decided(record, clearance)
    seen, missing = cut(record, clearance, JP_BOOK)
    if isinstance(result, Withheld):
        assert seen is None
        assert not JP_BOOK.access(clearance, record.label).allowed
        return
    content = result.raw.decode()
    for number, label in enumerate(marks):
        if label is not None and not JP_BOOK.access(clearance, label).allowed:
            assert MARK.format(number) not in content
    assert (seen, missing) == (result.record, result.cut)
    assert covers_all(result.raw, JP_BOOK.gate(clearance))
    assert CODEC.decode(result.raw) == result.record
    assert (result.cut == 0) == (result.raw == CODEC.encode(record))


@settings(max_examples=60)
@given(papers(), clearances(JP))
def test_cutting_takes_no_more_than_it_must(made, clearance):
    record, marks = made
    result = decided(record, clearance)
    refused = [m for m in marks if m is not None and not JP_BOOK.access(clearance, m).allowed]
    if isinstance(result, Released):
        if not refused:
            assert result.record == record
        notes = [n for n in record.notes if n.label is None or JP_BOOK.access(clearance, n.label).allowed]
        assert list(result.record.notes) == notes
        assert result.record.title == record.title


@settings(max_examples=60)
@given(papers(), clearances(JP))
def test_cutting_twice_is_cutting_once(made, clearance):
    record, _ = made
    once, _ = cut(record, clearance, JP_BOOK)
    if once is not None:
        assert cut(once, clearance, JP_BOOK) == (once, 0)


def test_labels_below_a_depth_are_not_trusted():
    deep: object = 1
    for _ in range(release.MAX_DEPTH + 1):
        deep = [deep]
    assert not covers_all(json.dumps(deep).encode(), JP_BOOK.gate(ABROAD))
    assert not covers_all(b"not json", JP_BOOK.gate(ABROAD))
