"""Records: what is logged can be read back alike, a newer node's additions survive, garbage is named."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.kernel.errors import BadInput
from renkei.kernel.records import MAX_NESTING, Codec, Record, Unknown, too_deep
from renkei.rooms import KINDS

CODEC = Codec(KINDS)
HEADER = {
    "id": "jp.jjoc/01M823XW6QZAWFSB68Q1FR8WD9",
    "version": 3,
    "label": {"policy": "urn:oid:2.999.392.1", "classification": "UNCLASSIFIED"},
    "at": "2022-09-18T06:50:00Z",
    "by": "Watch officer, JJOC",
}
TEXT = st.fixed_dictionaries(
    {"text": st.text(min_size=1, max_size=60), "lang": st.sampled_from(["en", "ja"])}
)
MOMENT = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(
    lambda d: (
        d.replace(microsecond=d.microsecond // 1000 * 1000, tzinfo=UTC).isoformat().replace("+00:00", "Z")
    )
)
BODIES = {
    "request": {
        "to": st.just("us.usfj"),
        "asked_at": MOMENT,
        "acknowledge_by": MOMENT,
        "answer_by": MOMENT,
        "need": TEXT,
    },
    "incident": {"severity": st.sampled_from(["minor", "severe"]), "opened_at": MOMENT, "title": TEXT},
    "answer": {"outcome": st.sampled_from(["full", "partial", "declined"]), "reason": TEXT},
    "log-entry": {"happened_at": MOMENT, "text": TEXT, "significant": st.booleans()},
    "acknowledgement": {"note": TEXT},
}
EXTRA = st.dictionaries(
    st.from_regex(r"x_[a-z]{1,8}", fullmatch=True), st.integers() | st.text(max_size=20), max_size=3
)


@pytest.mark.parametrize("kind", sorted(BODIES))
@given(data=st.data())
@settings(max_examples=40)
def test_what_a_kind_says_is_the_same_after_any_number_of_round_trips(kind: str, data: st.DataObject) -> None:
    body = data.draw(st.fixed_dictionaries(BODIES[kind]))
    record = CODEC.decode(json.dumps({"kind": kind, **HEADER, **body}).encode())
    assert isinstance(record, Record)
    raw = CODEC.encode(record)
    again = CODEC.decode(raw)
    assert again == record
    assert isinstance(again, Record) and CODEC.encode(again) == raw


@pytest.mark.parametrize("kind", sorted(BODIES))
@given(data=st.data())
@settings(max_examples=25)
def test_fields_of_a_newer_node_are_passed_over_and_change_nothing_known(
    kind: str, data: st.DataObject
) -> None:
    body, extra = data.draw(st.fixed_dictionaries(BODIES[kind])), data.draw(EXTRA)
    plain = CODEC.decode(json.dumps({"kind": kind, **HEADER, **body}).encode())
    assert CODEC.decode(json.dumps({"kind": kind, **HEADER, **body, **extra}).encode()) == plain


@given(extra=EXTRA)
def test_a_kind_nobody_here_knows_is_kept_whole(extra: dict[str, object]) -> None:
    raw = json.dumps({"kind": "satellite-pass", **HEADER, **extra}, ensure_ascii=False).encode()
    record = CODEC.decode(raw)
    assert isinstance(record, Unknown)
    assert (record.kind, record.header.version, record.raw) == ("satellite-pass", 3, raw)


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_bytes_that_are_no_record_are_bad_input_and_never_repeated(raw: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        CODEC.decode(b"secret-marker" + raw)
    assert "secret-marker" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: str(k.__struct_config__.tag))
def test_every_kind_leaves_out_its_defaults_and_refuses_a_record_without_a_header(kind: type[Record]) -> None:
    assert msgspec.structs.fields(kind) and kind.__struct_config__.omit_defaults
    with pytest.raises(BadInput):
        CODEC.decode(json.dumps({"kind": str(kind.__struct_config__.tag)}).encode())


def a_record() -> Record:
    said = {"kind": "acknowledgement", **HEADER, "note": {"text": "x", "lang": "en"}}
    record = CODEC.decode(json.dumps(said).encode())
    assert isinstance(record, Record)
    return record


def test_equal_records_give_equal_bytes_whatever_their_strings_are_made_of():
    """The internal audit runs in a process of its own, where the realm came out of JSON."""
    record = a_record()
    other = msgspec.structs.replace(record, realm="".join(["li", "ve"]))
    assert other == record
    assert CODEC.encode(other) == CODEC.encode(record)
    assert b"realm" not in CODEC.encode(other)


@pytest.mark.parametrize(
    ("raw", "deep"),
    [
        (b"[" * MAX_NESTING + b"]" * MAX_NESTING, False),
        (b"[" * (MAX_NESTING + 1) + b"]" * (MAX_NESTING + 1), True),
        (b'{"a":[' * 40 + b"]}" * 40, True),
        (b"[" * 100_000, True),
        (b"[" + b"[1,2]," * 1_000 + b"[]]", False),
        (b'["' + b"[" * 100_000 + b'\\""]', False),
        (b'{"a":"\\\\","b":' + b"[" * 100 + b"]" * 100 + b"}", True),
    ],
    ids=["at the limit", "one more", "both sorts", "unclosed", "wide", "in a string", "after a backslash"],
)
def test_how_deep_json_goes_is_told_without_reading_it(raw, deep):
    assert too_deep(raw) is deep


def test_a_record_that_goes_deeper_than_readers_do_is_refused_before_it_is_read():
    raw = CODEC.encode(a_record())[:-1] + b',"more":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    with pytest.raises(BadInput) as refused:
        CODEC.decode(raw)
    assert refused.value.code == "record.form"
