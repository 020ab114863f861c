"""Frames: what two nodes say to each other, as bytes.

A frame is a 4-byte big-endian payload length, one type byte, and the payload.  Control frames carry
a little JSON so that they can grow; entries and proofs are binary, because half a million of them
must pass in seconds.  The same frames travel over a stream (``session``) and in a courier's file
(``courier``).  ``docs/protocol/link.md`` is this module in prose.

Everything here is the other side's word: each length is checked against a named limit before memory
is spent on it, and whatever does not parse raises ``TheirFault`` with a ``frame.*`` code.  Types from
``IGNORABLE`` upwards are skipped when unknown, so that a newer node may add to the conversation;
lower ones are refused, because skipping them would change its meaning.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise
from typing import Annotated, ClassVar

import msgspec

from ..errors import TheirFault
from ..log.commitments import COMMITMENT_BYTES, SALT_BYTES, commitment, commitments
from ..log.merkle import HASH_BYTES
from ..records import MAX_RECORD_BYTES

PROTOCOL = 2
"""The version of this conversation; a node speaks to any partner whose range contains one of its own."""

UNSAID = 1
"""The version of whoever does not say one: the first, which is spoken no more."""

MAX_CONTROL_BYTES = 16 * 1024
"""HELLO, REFUSE and PARCEL: a few short fields and two notes; 16 KiB is ten times what they need."""

MAX_NOTE_BYTES = 4 * 1024
"""A signed note: three short lines and at most a few signatures of about 140 bytes."""

MAX_PROOF_HASHES = 128
"""A consistency proof has at most two hashes per level of a tree of 2**63 leaves."""

MAX_ENTRIES = 8192
"""Entries in one frame: bounds the Python objects one frame can make."""

MAX_ENTRIES_BYTES = 4 * 1024 * 1024
"""Unpacked bodies of one ENTRIES frame: fifteen of the largest records, or 8192 of 500 bytes; it also bounds
how long a ping waits behind a chunk on a slow line.  Decompression stops at this many bytes."""

MAX_BODY_BYTES = SALT_BYTES + MAX_RECORD_BYTES
"""One body: a salt, and a record of the largest size."""

MAX_PADDING_BYTES = 64 * 1024
"""One frame of padding: what the largest step between two sizes of a burst needs (``rhythm``)."""

MAX_PIECE_BYTES = 64 * 1024
"""Of a content in one frame: what a record that is due waits for at most, inside the node."""

MAX_STRETCH_BYTES = 1024 * 1024
"""Of a content asked for at once: what is kept in memory of it, on either side."""

MAX_LACKING = 350
"""Contents named in one LACKING: two numbers of 19 digits for each fit the frame."""

IGNORABLE = 0x80
"""Frame types from here on may be skipped by whoever does not know them."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**62)]

_HEAD = struct.Struct(">IB")
FRAME_HEAD = _HEAD.size
"""What every frame has before its payload."""
_ENTRIES = struct.Struct(">QIB")
_FETCH = struct.Struct(">QQI")
_CONTENT = struct.Struct(">QQ")
_DEFLATED = 1
_COMPRESS_LEVEL = 1
"""zlib's fastest: JSON records shrink to about a quarter already."""


class Hello(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who speaks to whom, and where each direction stands.

    ``size`` and ``note``: how long the speaker's log for the listener is, and its newest checkpoint.
    ``have`` and ``receipt``: how many of the listener's entries the speaker has logged, and its newest
    countersignature over them.  ``halted``: the code for which the speaker takes no more, or empty.
    """

    type_byte: ClassVar[int] = 0x01
    limit: ClassVar[int] = MAX_CONTROL_BYTES

    least: int = UNSAID
    most: int = UNSAID
    sender: str
    recipient: str
    realm: str
    size: Count
    have: Count
    note: str = ""
    receipt: str = ""
    halted: str = ""


class Entries(msgspec.Struct, frozen=True):
    """Consecutive entries of the speaker's log for the listener, the first one numbered ``first``.

    ``entries`` are commitments (``log/commitments``), ``bodies`` what they are made of: only the bodies
    travel, and the commitment alone where there is no body, for it was taken back before it was sent.
    """

    type_byte: ClassVar[int] = 0x02
    limit: ClassVar[int] = _ENTRIES.size + MAX_ENTRIES_BYTES + 4 * MAX_ENTRIES

    first: int
    entries: tuple[bytes, ...]
    bodies: tuple[bytes | None, ...]


class Checkpoint(msgspec.Struct, frozen=True):
    """A signed tree head of the speaker's log for the listener (C2SP signed note)."""

    type_byte: ClassVar[int] = 0x03
    limit: ClassVar[int] = MAX_NOTE_BYTES

    note: str


class Receipt(msgspec.Struct, frozen=True):
    """The listener's checkpoint, countersigned by the speaker after logging what it covers."""

    type_byte: ClassVar[int] = 0x04
    limit: ClassVar[int] = MAX_NOTE_BYTES

    note: str


class Want(msgspec.Struct, frozen=True):
    """Go on from entry ``first``; everything before it is logged."""

    type_byte: ClassVar[int] = 0x05
    limit: ClassVar[int] = 8

    first: int


class Prove(msgspec.Struct, frozen=True):
    """Show that your tree of ``new`` leaves extends your tree of ``old`` leaves."""

    type_byte: ClassVar[int] = 0x06
    limit: ClassVar[int] = 16

    old: int
    new: int


class Proof(msgspec.Struct, frozen=True):
    """The answer to PROVE: the speaker's root at ``old``, and an RFC 6962 consistency proof to ``new``."""

    type_byte: ClassVar[int] = 0x07
    limit: ClassVar[int] = 16 + HASH_BYTES * (1 + MAX_PROOF_HASHES)

    old: int
    new: int
    old_root: bytes
    hashes: tuple[bytes, ...]


class Refuse(msgspec.Struct, frozen=True, kw_only=True):
    """The speaker did not take something, and why.  Never carries a record's content."""

    type_byte: ClassVar[int] = 0x08
    limit: ClassVar[int] = MAX_CONTROL_BYTES

    code: str
    expected: str
    came: str


class Ping(msgspec.Struct, frozen=True):
    """Are you there?  ``token`` comes back in the PONG."""

    type_byte: ClassVar[int] = 0x09
    limit: ClassVar[int] = 8

    token: bytes


class Pong(msgspec.Struct, frozen=True):
    """The answer to PING."""

    type_byte: ClassVar[int] = 0x0A
    limit: ClassVar[int] = 8

    token: bytes


class Parcel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A courier file's first frame: from whom, to whom, and which entries lie inside.

    With ``contents`` it is those entries' contents that lie inside, not the entries.
    """

    type_byte: ClassVar[int] = 0x0B
    limit: ClassVar[int] = MAX_CONTROL_BYTES

    version: int = UNSAID
    sender: str
    recipient: str
    realm: str
    origin: str
    first: Count
    size: Count
    packed_at: str
    contents: bool = False


class End(msgspec.Struct, frozen=True):
    """A courier file's last frame: the SHA-256 of every byte before it."""

    type_byte: ClassVar[int] = 0x0C
    limit: ClassVar[int] = HASH_BYTES

    digest: bytes


class Padding(msgspec.Struct, frozen=True):
    """Nothing, ``length`` bytes of it: makes a burst of entries as long as others (``rhythm``)."""

    type_byte: ClassVar[int] = 0x80
    limit: ClassVar[int] = MAX_PADDING_BYTES

    length: int


class Fetch(msgspec.Struct, frozen=True):
    """Send ``count`` bytes, from ``offset`` on, of the content of your entry ``seq``."""

    type_byte: ClassVar[int] = 0x81
    limit: ClassVar[int] = _FETCH.size

    seq: int
    offset: int
    count: int


class Content(msgspec.Struct, frozen=True):
    """Some of the bytes that FETCH asked for, those from ``offset`` on."""

    type_byte: ClassVar[int] = 0x82
    limit: ClassVar[int] = _CONTENT.size + MAX_PIECE_BYTES

    seq: int
    offset: int
    data: bytes


class NoContent(msgspec.Struct, frozen=True):
    """What FETCH asked for is not to be had: no attachment, taken back, gone, or beyond its end."""

    type_byte: ClassVar[int] = 0x83
    limit: ClassVar[int] = 8

    seq: int


class Lacking(msgspec.Struct, frozen=True, kw_only=True):
    """In a courier's file: which of your contents are not here, or not whole.

    ``places`` are numbers of your entries, rising, each with how many bytes are here; of an entry below
    ``upto`` that is not among them the content is here, or will not be taken.
    """

    type_byte: ClassVar[int] = 0x84
    limit: ClassVar[int] = MAX_CONTROL_BYTES

    upto: Count
    places: Annotated[tuple[tuple[Count, Count], ...], msgspec.Meta(max_length=MAX_LACKING)]


Frame = (
    Hello
    | Entries
    | Checkpoint
    | Receipt
    | Want
    | Prove
    | Proof
    | Refuse
    | Ping
    | Pong
    | Parcel
    | End
    | Padding
    | Fetch
    | Content
    | NoContent
    | Lacking
)
_TYPES: dict[int, type[Frame]] = {
    kind.type_byte: kind
    for kind in (
        Hello,
        Entries,
        Checkpoint,
        Receipt,
        Want,
        Prove,
        Proof,
        Refuse,
        Ping,
        Pong,
        Parcel,
        End,
        Padding,
        Fetch,
        Content,
        NoContent,
        Lacking,
    )
}


def encode(frame: Frame, *, deflate: bool = False) -> bytes:
    """``frame`` as bytes; ``deflate`` compresses the body of ENTRIES and is ignored otherwise."""
    payload = _payload(frame, deflate)
    if len(payload) > frame.limit:
        raise ValueError(f"{type(frame).__name__} of {len(payload)} bytes; the limit is {frame.limit}")
    return _HEAD.pack(len(payload), frame.type_byte) + payload


def _payload(frame: Frame, deflate: bool) -> bytes:
    match frame:
        case Entries():
            payload = _pack_entries(frame, deflate)
        case Checkpoint() | Receipt():
            payload = frame.note.encode()
        case Want():
            payload = frame.first.to_bytes(8)
        case Fetch():
            payload = _FETCH.pack(frame.seq, frame.offset, frame.count)
        case Content():
            payload = _CONTENT.pack(frame.seq, frame.offset) + frame.data
        case NoContent():
            payload = frame.seq.to_bytes(8)
        case Prove():
            payload = frame.old.to_bytes(8) + frame.new.to_bytes(8)
        case Proof():
            payload = b"".join((frame.old.to_bytes(8), frame.new.to_bytes(8), frame.old_root, *frame.hashes))
        case Ping() | Pong():
            payload = frame.token
        case End():
            payload = frame.digest
        case Padding():
            payload = bytes(frame.length)
        case _:
            payload = msgspec.json.encode(frame)
    return payload


def _pack_entries(frame: Entries, deflate: bool) -> bytes:
    count = len(frame.entries)
    pieces = [body or entry for entry, body in zip(frame.entries, frame.bodies, strict=True)]
    lengths = [len(body or b"") for body in frame.bodies]
    rest = struct.pack(f">{count}I", *lengths) + b"".join(pieces)
    if deflate:
        return _ENTRIES.pack(frame.first, count, _DEFLATED) + zlib.compress(rest, _COMPRESS_LEVEL)
    return _ENTRIES.pack(frame.first, count, 0) + rest


class FrameReader:
    """Cuts a stream of bytes into frames; keeps at most one unfinished frame.

    After it has raised, the stream has lost its rhythm: the conversation must end.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def unfinished(self) -> int:
        """Bytes of a frame that has not fully arrived."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that ``data`` completes.  Raises TheirFault at the first unsound one."""
        return (frame for _, frame in self.feed_raw(data) if frame is not None)

    def feed_raw(self, data: bytes) -> Iterator[tuple[bytes, Frame | None]]:
        """The frames that ``data`` completes, each after its bytes; None for one unknown but harmless."""
        self._buffer += data
        at = 0
        try:
            while len(self._buffer) - at >= _HEAD.size:
                length, kind = _HEAD.unpack_from(self._buffer, at)
                _check_length(kind, length)
                end = at + _HEAD.size + length
                if len(self._buffer) < end:
                    return
                whole = bytes(memoryview(self._buffer)[at:end])
                at = end
                yield whole, decode(kind, whole[_HEAD.size :]) if kind in _TYPES else None
        finally:
            del self._buffer[:at]


def _check_length(kind: int, length: int) -> None:
    known = _TYPES.get(kind)
    if known is None and kind < IGNORABLE:
        raise TheirFault("frame.type", f"a frame type known to version {PROTOCOL}", f"type {kind:#04x}")
    limit = known.limit if known is not None else MAX_CONTROL_BYTES
    if length > limit:
        name = known.__name__ if known is not None else f"type {kind:#04x}"
        raise TheirFault("frame.size", f"at most {limit} bytes in a frame {name}", f"{length}")


def decode(kind: int, payload: bytes) -> Frame:
    """The frame of type byte ``kind`` in ``payload``.  Raises TheirFault if it is malformed."""
    frame_type = _TYPES[kind]
    try:
        return _UNPACK[frame_type](payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, struct.error):
        raise TheirFault("frame.form", f"a well-formed frame {frame_type.__name__}", "another form") from None


def _unpack_json(frame_type: type[Frame]) -> Callable[[bytes], Frame]:
    return msgspec.json.Decoder(frame_type).decode


def _fixed(frame_type: type[Frame], payload: bytes) -> bytes:
    """``payload`` if it has the one length that fits."""
    if len(payload) != frame_type.limit:
        raise TheirFault(
            "frame.form", f"{frame_type.limit} bytes in {frame_type.__name__}", f"{len(payload)}"
        )
    return payload


def _unpack_want(payload: bytes) -> Want:
    return Want(int.from_bytes(_fixed(Want, payload)))


def _unpack_fetch(payload: bytes) -> Fetch:
    fetch = Fetch(*_FETCH.unpack(_fixed(Fetch, payload)))
    if not 1 <= fetch.count <= MAX_STRETCH_BYTES:
        raise TheirFault("frame.count", f"1 to {MAX_STRETCH_BYTES} bytes in Fetch", f"{fetch.count}")
    return fetch


def _unpack_content(payload: bytes) -> Content:
    seq, offset = _CONTENT.unpack_from(payload)
    if len(payload) == _CONTENT.size:
        raise TheirFault("frame.form", "a byte or more in Content", "none")
    return Content(seq, offset, payload[_CONTENT.size :])


def _unpack_prove(payload: bytes) -> Prove:
    _fixed(Prove, payload)
    return Prove(int.from_bytes(payload[:8]), int.from_bytes(payload[8:]))


def _unpack_proof(payload: bytes) -> Proof:
    if len(payload) < 16 + HASH_BYTES or (len(payload) - 16) % HASH_BYTES:
        raise TheirFault("frame.form", "two sizes and whole hashes in Proof", f"{len(payload)} bytes")
    hashes = [payload[at : at + HASH_BYTES] for at in range(16, len(payload), HASH_BYTES)]
    return Proof(int.from_bytes(payload[:8]), int.from_bytes(payload[8:16]), hashes[0], tuple(hashes[1:]))


def _unpack_entries(payload: bytes) -> Entries:
    first, count, flags = _ENTRIES.unpack_from(payload)
    if not 1 <= count <= MAX_ENTRIES:
        raise TheirFault("frame.count", f"1 to {MAX_ENTRIES} entries in a frame", f"{count}")
    if flags not in (0, _DEFLATED):
        raise TheirFault("frame.flags", "flags 0 or 1 in Entries", f"{flags}")
    body = _inflate(payload[_ENTRIES.size :]) if flags else payload[_ENTRIES.size :]
    lengths = struct.unpack_from(f">{count}I", body)
    if any(0 < length <= SALT_BYTES for length in lengths) or max(lengths) > MAX_BODY_BYTES:
        raise TheirFault("frame.entry-size", f"records of 1 to {MAX_RECORD_BYTES} bytes", "another size")
    bounds = list(accumulate([n or COMMITMENT_BYTES for n in lengths], initial=4 * count))
    if bounds[-1] != len(body):
        raise TheirFault("frame.form", f"{bounds[-1]} bytes in the body of Entries", f"{len(body)}")
    pieces = tuple([body[a:b] for a, b in pairwise(bounds)])
    if 0 not in lengths:
        return Entries(first, tuple(commitments(pieces)), pieces)
    both = [(commitment(p), p) if n else (p, None) for n, p in zip(lengths, pieces, strict=True)]
    return Entries(first, tuple([entry for entry, _ in both]), tuple([body for _, body in both]))


def _inflate(packed: bytes) -> bytes:
    limit = MAX_ENTRIES_BYTES + 4 * MAX_ENTRIES
    inflater = zlib.decompressobj()
    try:
        body = inflater.decompress(packed, limit)
    except zlib.error:
        raise TheirFault("frame.deflate", "a zlib stream (RFC 1950) in Entries", "another form") from None
    if inflater.unconsumed_tail:
        raise TheirFault("frame.inflated-size", f"at most {limit} bytes once inflated", "more")
    if not inflater.eof or inflater.unused_data:
        raise TheirFault("frame.deflate", "one whole zlib stream in Entries", "part of one, or more")
    return body


_UNPACK: dict[type[Frame], Callable[[bytes], Frame]] = {
    Hello: _unpack_json(Hello),
    Entries: _unpack_entries,
    Checkpoint: lambda payload: Checkpoint(payload.decode()),
    Receipt: lambda payload: Receipt(payload.decode()),
    Want: _unpack_want,
    Prove: _unpack_prove,
    Proof: _unpack_proof,
    Refuse: _unpack_json(Refuse),
    Ping: lambda payload: Ping(_fixed(Ping, payload)),
    Pong: lambda payload: Pong(_fixed(Pong, payload)),
    Parcel: _unpack_json(Parcel),
    End: lambda payload: End(_fixed(End, payload)),
    Padding: lambda payload: Padding(len(payload)),
    Fetch: _unpack_fetch,
    Content: _unpack_content,
    NoContent: lambda payload: NoContent(int.from_bytes(_fixed(NoContent, payload))),
    Lacking: _unpack_json(Lacking),
}
