"""Frames: what goes in comes out, in any pieces; what is malformed or too large is named before it costs."""

import struct
import zlib
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.kernel.errors import TheirFault
from renkei.kernel.log.commitments import SALT_BYTES, commitment
from renkei.kernel.partners import frames
from renkei.kernel.partners.frames import FrameReader, encode


class Alone(NamedTuple):
    """A commitment that travels without its body."""

    entry: bytes


def entries_of(first, items):
    entries = [i.entry if isinstance(i, Alone) else commitment(i) for i in items]
    return frames.Entries(first, tuple(entries), tuple(None if isinstance(i, Alone) else i for i in items))


NUMBERS = st.integers(0, 2**62)
HASHES = st.binary(min_size=32, max_size=32)
NOTES = st.text(max_size=200)
BODIES = st.lists(st.binary(min_size=17, max_size=200) | HASHES.map(Alone), min_size=1, max_size=20)
HELLOS = st.builds(
    frames.Hello,
    sender=NOTES,
    recipient=NOTES,
    realm=NOTES,
    size=NUMBERS,
    have=NUMBERS,
    note=NOTES,
    halted=NOTES,
)
PARCELS = st.builds(
    frames.Parcel,
    sender=NOTES,
    recipient=NOTES,
    realm=NOTES,
    origin=NOTES,
    first=NUMBERS,
    size=NUMBERS,
    packed_at=NOTES,
)
FRAMES = st.one_of(
    HELLOS,
    PARCELS,
    st.builds(entries_of, NUMBERS, BODIES),
    st.builds(frames.Checkpoint, NOTES),
    st.builds(frames.Receipt, NOTES),
    st.builds(frames.Want, NUMBERS),
    st.builds(frames.Prove, NUMBERS, NUMBERS),
    st.builds(frames.Proof, NUMBERS, NUMBERS, HASHES, st.lists(HASHES, max_size=5).map(tuple)),
    st.builds(frames.Refuse, code=NOTES, expected=NOTES, came=NOTES),
    st.builds(frames.Ping, st.binary(min_size=8, max_size=8)),
    st.builds(frames.Pong, st.binary(min_size=8, max_size=8)),
    st.builds(frames.End, HASHES),
)


def read(data):
    return list(FrameReader().feed(data))


def raw(kind, payload):
    return struct.pack(">IB", len(payload), kind) + payload


def fault_of(data):
    with pytest.raises(TheirFault) as caught:
        read(data)
    return caught.value.code


@given(st.lists(FRAMES, max_size=6), st.booleans(), st.data())
@settings(max_examples=80, deadline=None)
def test_frames_survive_the_trip_in_any_pieces(sent, deflate, data):
    stream = b"".join(encode(frame, deflate=deflate) for frame in sent)
    reader, came = FrameReader(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        came += reader.feed(stream[:cut])
        stream = stream[cut:]
    assert came == sent
    assert reader.unfinished == 0


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_frames_or_a_named_fault(data):
    try:
        read(data)
    except TheirFault as fault:
        assert fault.code.startswith("frame.")


@given(st.integers(1, 12), st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_payload_gives_a_frame_or_a_named_fault(kind, payload):
    try:
        read(raw(kind, payload))
    except TheirFault as fault:
        assert fault.code.startswith("frame.")


@pytest.mark.parametrize("kind", sorted(frames._TYPES))
def test_a_length_beyond_the_types_limit_is_refused_before_its_bytes_come(kind):
    limit = frames._TYPES[kind].limit
    assert fault_of(struct.pack(">IB", limit + 1, kind)) == "frame.size"


def test_an_unknown_type_below_the_ignorable_ones_is_refused_and_above_is_skipped():
    assert fault_of(raw(0x7F, b"")) == "frame.type"
    assert read(raw(0xF0, b"new things") + encode(frames.Want(1))) == [frames.Want(1)]
    assert fault_of(struct.pack(">IB", frames.MAX_CONTROL_BYTES + 1, 0xF0)) == "frame.size"


def test_an_http_request_is_no_frame():
    assert fault_of(b"GET / HTTP/1.1\r\n\r\n") == "frame.type"


def test_a_hello_of_a_newer_node_with_more_fields_is_understood():
    hello = frames.Hello(sender="a", recipient="b", realm="live", size=1, have=2)
    wider = msgspec.json.encode(msgspec.to_builtins(hello) | {"colour": "red"})
    assert read(raw(1, wider)) == [hello]


def entries(body, count, flags=0, first=0):
    return raw(2, struct.pack(">QIB", first, count, flags) + body)


def packed(*parts):
    """Bodies: a salt of zeros before each of ``parts``."""
    parts = [bytes(SALT_BYTES) + part for part in parts]
    return struct.pack(f">{len(parts)}I", *map(len, parts)) + b"".join(parts)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (entries(b"", 0), "frame.count"),
        (entries(b"", frames.MAX_ENTRIES + 1), "frame.count"),
        (entries(packed(b"a"), 2**32 - 1), "frame.count"),
        (entries(packed(b"a"), 1, flags=2), "frame.flags"),
        (entries(packed(b""), 1), "frame.entry-size"),
        (entries(struct.pack(">I", 1) + b"a", 1), "frame.entry-size"),
        (entries(struct.pack(">I", 0) + bytes(31), 1), "frame.form"),
        (entries(packed(b"a" * (frames.MAX_RECORD_BYTES + 1)), 1), "frame.entry-size"),
        (entries(packed(b"a", b"b") + b"c", 2), "frame.form"),
        (entries(packed(b"a", b"b")[:-1], 2), "frame.form"),
        (entries(b"\0\0", 1), "frame.form"),
        (entries(b"no zlib", 1, flags=1), "frame.deflate"),
        (entries(zlib.compress(packed(b"a"))[:-3], 1, flags=1), "frame.deflate"),
        (entries(zlib.compress(packed(b"a")) + b"x", 1, flags=1), "frame.deflate"),
        (raw(2, b"short"), "frame.form"),
        (raw(5, b"short"), "frame.form"),
        (raw(7, b"\0" * 40), "frame.form"),
        (raw(1, b'{"sender":1}'), "frame.form"),
        (raw(3, b"\xff"), "frame.form"),
    ],
)
def test_malformed_frames_are_named(data, code):
    assert fault_of(data) == code


def test_a_decompression_bomb_stops_at_the_limit():
    bomb = zlib.compress(b"\0" * (frames.MAX_ENTRIES_BYTES * 20))
    assert len(bomb) < frames.MAX_ENTRIES_BYTES // 10
    assert fault_of(entries(bomb, 1, flags=1)) == "frame.inflated-size"


def test_an_oversized_frame_is_not_made_either():
    with pytest.raises(ValueError, match="Checkpoint"):
        encode(frames.Checkpoint("x" * 5000))
