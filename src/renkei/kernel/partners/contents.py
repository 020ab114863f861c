"""Contents of attachments over a link: asked for in stretches, given in pieces, when nothing else waits.

Whoever holds an attachment's record asks for its content, by the number of the record's entry and the place
to go on from.  So nothing is offered: what was withheld has no number to ask by, and how far a content came
is known to the asker's disk alone.  One stretch is under way at a time, and its length follows the line
(``_pace``): what stands in the sockets ahead of a record is a fraction of a second's worth, on any line.
"""

from typing import Protocol

import msgspec

from ..clock import Clock
from ..errors import TheirFault
from . import frames
from .rhythm import milliseconds

MIN_STRETCH_BYTES = 8 * 1024
"""A quarter of a second at 256 kbit/s: the longest that a record waits behind a content on such a line."""
FIRST_STRETCH_BYTES = 32 * 1024
PIECES = 4
"""In a stretch at least: the time between the first and the last of them says how fast the line is."""
SWIFT_MS, SLOW_MS = 50, 150
"""A stretch that took less is doubled, one that took more is halved."""


class Wanted(msgspec.Struct, frozen=True):
    """Which content to go on with: its entry's number, where, and how many bytes are left."""

    seq: int
    offset: int
    left: int


class Contents(Protocol):
    """What a conversation needs of the node.  Called from the conversation's thread; nothing here waits."""

    def piece(self, seq: int, offset: int, count: int) -> bytes | None:
        """Those bytes of the content of our entry ``seq``; None if the partner cannot have them."""
        ...

    def wanted(self) -> Wanted | None:
        """What to ask the partner for; None while nothing is wanted or what came is still being stored."""
        ...

    def take(self, seq: int, offset: int, data: bytes) -> None:
        """A stretch of the partner's content has come."""
        ...

    def cannot(self, seq: int) -> None:
        """The partner does not give the content of its entry ``seq``."""
        ...


class NoContents:
    """Gives and asks for nothing."""

    def piece(self, seq: int, offset: int, count: int) -> bytes | None:
        """Nothing."""
        return None

    def wanted(self) -> Wanted | None:
        """Nothing."""
        return None

    def take(self, seq: int, offset: int, data: bytes) -> None:
        """Never comes, as nothing was asked for."""

    def cannot(self, seq: int) -> None:
        """Never comes, as nothing was asked for."""


class Carriage:
    """Both directions of one conversation.  Called from its thread."""

    def __init__(self, contents: Contents, clock: Clock) -> None:
        self._contents, self._clock = contents, clock
        self._giving: frames.Fetch | None = None
        self._piece = 0
        self._asked: frames.Fetch | None = None
        self._come = bytearray()
        self._first_ms: int | None = None
        self._stretch = FIRST_STRETCH_BYTES

    def take(self, frame: "frames.Fetch | frames.Content | frames.NoContent") -> None:
        """One frame of the partner's.  Raises TheirFault for what was not asked for, or too much asked."""
        match frame:
            case frames.Fetch():
                if self._giving is not None:
                    raise TheirFault("content.flood", "one stretch asked for at a time", "another")
                self._giving, self._piece = frame, max(-(-frame.count // PIECES), 1)
                self._piece = min(self._piece, frames.MAX_PIECE_BYTES)
            case frames.Content():
                self._take_piece(frame)
            case frames.NoContent():
                self._expect(frame.seq)
                self._asked = None
                self._contents.cannot(frame.seq)

    def next_frame(self) -> frames.Frame | None:
        """The next piece that the partner asked for, or what we ask for; None if there is neither."""
        return self._give() or self._ask()

    def burst(self) -> list[frames.Frame]:
        """All that may go now: the rest of the stretch that the partner asked for, and what we ask for."""
        return list(iter(self.next_frame, None))

    def _give(self) -> frames.Frame | None:
        if self._giving is None:
            return None
        seq, offset, left = self._giving.seq, self._giving.offset, self._giving.count
        count = min(self._piece, left)
        data = self._contents.piece(seq, offset, count)
        if data is None:
            self._giving = None
            return frames.NoContent(seq)
        self._giving = frames.Fetch(seq, offset + count, left - count) if left > count else None
        return frames.Content(seq, offset, data)

    def _ask(self) -> frames.Frame | None:
        if self._asked is not None or (wanted := self._contents.wanted()) is None:
            return None
        self._asked = frames.Fetch(wanted.seq, wanted.offset, min(self._stretch, wanted.left))
        self._come.clear()
        self._first_ms = None
        return self._asked

    def _expect(self, seq: int) -> frames.Fetch:
        if self._asked is None or self._asked.seq != seq:
            raise TheirFault("content.unasked", "a content that was asked for", f"that of entry {seq}")
        return self._asked

    def _take_piece(self, frame: frames.Content) -> None:
        asked = self._expect(frame.seq)
        at, end = asked.offset + len(self._come), asked.offset + asked.count
        if frame.offset != at or frame.offset + len(frame.data) > end:
            came = f"{len(frame.data)} bytes from {frame.offset}"
            raise TheirFault("content.range", f"bytes from {at} up to {end}", came)
        self._come += frame.data
        now = milliseconds(self._clock.now())
        if self._first_ms is None:
            self._first_ms = now
        if len(self._come) == asked.count:
            self._asked = None
            self._pace(now - self._first_ms)
            self._contents.take(asked.seq, asked.offset, bytes(self._come))

    def _pace(self, took_ms: int) -> None:
        """Fit the next stretch to the line: the round trip is not in ``took_ms``, the bytes' time is."""
        if took_ms < SWIFT_MS:
            self._stretch = min(2 * self._stretch, frames.MAX_STRETCH_BYTES)
        elif took_ms > SLOW_MS:
            self._stretch = max(self._stretch // 2, MIN_STRETCH_BYTES)
