"""A courier: the same frames, in a file carried by hand.

A file is PARCEL (from whom, to whom, which entries), our RECEIPT for what came the other way, any number of
ENTRIES each with its CHECKPOINT, and END with the SHA-256 of everything before it.  Taking it in feeds
the frames to the very ``Receiver`` and ``Sender`` a link uses, so a file proves what a link proves, may be
taken in twice, may overlap with what a link brought, and in whatever order files are opened nothing
unsound is logged.  The receipt for it travels with the next file, or link, the other way.

Contents of attachments go in files of their own (``hauling``): all of such a file counts, or nothing of it.

END is not a proof (anybody can compute it) but tells damage and truncation from a partner's fault.
What a damaged file holds of sound, signed chunks before the damage is kept.
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from ..errors import BadInput, TheirFault
from . import frames
from .events import Event, Faulted, RefusedByPartner, Turn, faulted
from .hauling import Haul, Hauled, Read, Stretch, pieces
from .receiver import Receiver
from .sender import Sender

VOLUME_OVERHEAD = 64 * 1024
"""What a file holds besides entries: PARCEL, RECEIPT, END, the header of a sealed file, at their limits."""
MIN_VOLUME_BYTES = 8 * 1024 * 1024
"""The smallest volume one may ask for: a chunk that deflates to nothing less is 4 MiB at most."""
READ_BYTES = 1024 * 1024
"""A reasonable piece to read a file by."""


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What a file came to.

    ``sender``, ``first`` and ``size``: whose entries were inside.  ``logged`` of them were new and are logged
    now; ``receipted`` of ours the partner has signed for.  ``events`` is all that happened, faults
    included; ``whole`` tells whether the file was complete and as its maker wrote it, ``repeated`` whether
    everything in it was here already.  ``hauled`` is what a volume of contents came to; None for entries.
    """

    sender: str
    first: int
    size: int
    logged: int
    receipted: int
    whole: bool
    repeated: bool = False
    events: tuple[Event, ...]
    hauled: Hauled | None = None

    @property
    def faults(self) -> tuple[Faulted | RefusedByPartner, ...]:
        """What was refused, by either side."""
        return tuple(e for e in self.events if isinstance(e, Faulted | RefusedByPartner))


def export_parcel(
    sender: Sender,
    receiver: Receiver,
    at: datetime,
    first: int | None = None,
    upto: int | None = None,
    *,
    deflate: bool = True,
    counted: bool = True,
    lacking: frames.Lacking | None = None,
) -> Iterator[bytes]:
    """A courier's file for the partner, piece by piece: everything since its last receipt.

    ``first`` starts elsewhere: 0 repeats the whole log.  ``upto`` ends before the log does, at the end of
    a chunk that begins from ``first`` (``volumes``).  ``lacking`` says which of the partner's contents we
    lack.  Raises BadInput if ``first`` is beyond the log.
    The entries count as sent once the last piece was taken; unless ``counted`` is False, for a caller that
    has more to do to the file and says so itself (``Sender.couriered``).
    """
    first = sender.received if first is None else first
    size = sender.positions.logged if upto is None else upto
    if not 0 <= first <= size:
        raise BadInput("courier.first", f"a number up to {size}", f"{first}")
    parcel = _parcel(sender, receiver.realm, at, first, size)
    yield from _closed(_frames(parcel, sender, receiver, lacking), deflate=deflate)
    if counted:
        sender.couriered(size)


def export_contents(
    sender: Sender, realm: str, at: datetime, volume: Sequence[Stretch], read: Read
) -> Iterator[bytes]:
    """A volume of contents for the partner, piece by piece; ``read`` gives the bytes (``hauling.cut``)."""
    first = volume[0].seq if volume else sender.positions.logged
    size = volume[-1].seq + 1 if volume else first
    parcel = _parcel(sender, realm, at, first, size, contents=True)
    yield from _closed(itertools.chain((parcel,), pieces(volume, read)), deflate=False)


def _closed(inside: Iterable[frames.Frame], *, deflate: bool) -> Iterator[bytes]:
    """The frames as bytes, and END after them."""
    digest = hashlib.sha256()
    for frame in inside:
        piece = frames.encode(frame, deflate=deflate)
        digest.update(piece)
        yield piece
    yield frames.encode(frames.End(digest.digest()))


def volumes(sender: Sender, first: int, limit: int) -> Iterator[tuple[int, int]]:
    """The log from entry ``first`` on as ranges whose files each stay under ``limit`` bytes.

    At least one, perhaps empty.  A range ends where a chunk does, so each file ends on a checkpoint; a
    single chunk is never split.
    """
    size, start, used = sender.positions.logged, first, VOLUME_OVERHEAD
    cursor = sender.cursor(first)
    while cursor.at < size:
        before = cursor.at
        grown = sum(len(frames.encode(frame, deflate=True)) for frame in sender.chunk_frames(cursor))
        if used + grown > limit and before > start:
            yield start, before
            start, used = before, VOLUME_OVERHEAD
        used += grown + grown // 1024  # what sealing adds: 16 bytes in 64 KiB
    yield start, max(cursor.at, start)


def _parcel(
    sender: Sender, realm: str, at: datetime, first: int, size: int, *, contents: bool = False
) -> frames.Parcel:
    return frames.Parcel(
        version=frames.PROTOCOL,
        sender=sender.hq,
        recipient=sender.partner,
        realm=realm,
        origin=sender.origin,
        first=first,
        size=size,
        packed_at=at.isoformat(),
        contents=contents,
    )


def _frames(
    parcel: frames.Parcel, sender: Sender, receiver: Receiver, lacking: frames.Lacking | None
) -> Iterator[frames.Frame]:
    yield parcel
    if receiver.receipt:
        yield frames.Receipt(receiver.receipt)
    if lacking is not None:
        yield lacking
    cursor = sender.cursor(parcel.first)
    while cursor.at < parcel.size:
        yield from sender.chunk_frames(cursor)


def import_parcel(
    pieces: Iterable[bytes], sender: Sender, receiver: Receiver, haul: Haul | None = None
) -> Imported:
    """Take in a courier's file for us; contents inside go to ``haul``.

    Raises BadInput (``courier.recipient``, ``courier.sender``, ``courier.realm``, ``courier.origin``,
    ``courier.form``) before anything is taken from a file that is none, or not for us from this partner.
    Later damage is among the events: ``courier.truncated``, ``courier.altered``, ``courier.form``; so is
    ``courier.gap`` (an earlier file is missing) and ``courier.halted`` (receipts inside still count).  Of a
    volume of contents nothing is taken then.
    """
    unpacking = _Unpacking(sender, receiver, haul)
    new = receiver.open()
    try:
        unpacking.run(pieces)
    finally:
        if new:
            receiver.begin()
        unpacking.end()
    return unpacking.result()


class _Unpacking:
    """One file being taken in."""

    def __init__(self, sender: Sender, receiver: Receiver, haul: Haul | None) -> None:
        self._sender, self._receiver, self._haul = sender, receiver, haul
        self._hauled: Hauled | None = None
        self._had, self._received = receiver.have, sender.received
        self._parcel: frames.Parcel | None = None
        self._digest = hashlib.sha256()
        self._events: list[Event] = []
        self._ended = self._whole = self._gap = False

    def run(self, pieces: Iterable[bytes]) -> None:
        reader = frames.FrameReader()
        try:
            for piece in pieces:
                for head, frame in reader.feed_raw(piece):
                    self._take(head, frame)
            if reader.unfinished or not self._ended:
                raise TheirFault("courier.truncated", "a file that ends with END", "one that breaks off")
        except TheirFault as fault:
            if self._parcel is None:
                raise BadInput("courier.form", "a courier's file", fault.came) from None
            self._whole = False
            self._events.append(faulted(fault))
        if self._parcel is None:
            raise BadInput("courier.form", "a courier's file", "an empty one")

    def _take(self, raw: bytes, frame: frames.Frame | None) -> None:
        if self._ended:
            raise TheirFault("courier.altered", "nothing after END", "more")
        if self._parcel is None:
            self._parcel = self._check_parcel(frame)
            if not self._parcel.contents:
                self._note_halt()
        elif isinstance(frame, frames.End):
            self._ended = True
            self._whole = frame.digest == self._digest.digest()
            if not self._whole:
                raise TheirFault("courier.altered", "the SHA-256 of the file at its end", "another")
        elif self._parcel.contents:
            self._put(frame)
        else:
            self._feed(frame)
        self._digest.update(raw)

    def _put(self, frame: frames.Frame | None) -> None:
        if self._haul is None:
            raise BadInput("courier.contents", "a file of entries", "a volume of contents")
        if isinstance(frame, frames.Content):
            self._haul.put(frame.seq, frame.offset, frame.data)
        elif frame is not None:
            raise TheirFault("courier.form", "contents alone", type(frame).__name__)

    def end(self) -> None:
        """Have what a volume of contents brought count, or drop it."""
        if self._parcel is None or not self._parcel.contents or self._haul is None:
            return
        if self._whole:
            self._hauled = self._haul.keep()
        else:
            self._haul.drop()

    def _feed(self, frame: frames.Frame | None) -> None:
        turn, parcel = Turn(), self._parcel
        assert parcel is not None
        if isinstance(frame, frames.Entries | frames.Checkpoint):
            turn = self._receiver.take(frame)
        elif isinstance(frame, frames.Receipt):
            turn = self._sender.take(frame)
        elif isinstance(frame, frames.Lacking):
            if self._haul is not None:
                self._haul.lacks(frame)
        elif frame is not None:
            raise TheirFault("courier.form", "entries, checkpoints and receipts", type(frame).__name__)
        self._events += turn.events
        wants = [answer for answer in turn.frames if isinstance(answer, frames.Want)]
        if wants and not self._gap:
            self._gap = True
            expected, came = f"entries from {wants[0].first} on", f"a file that begins at {parcel.first}"
            self._events.append(faulted(BadInput("courier.gap", expected, came)))

    def _note_halt(self) -> None:
        halt = self._receiver.halted
        if halt is not None:
            came = f"one halted for {halt.code}"
            self._events.append(
                faulted(TheirFault("courier.halted", "a log that is still taken", came), halted=True)
            )

    def _check_parcel(self, frame: frames.Frame | None) -> frames.Parcel:
        if not isinstance(frame, frames.Parcel):
            raise BadInput("courier.form", "a courier's file, which begins with PARCEL", "another beginning")
        if frame.version != frames.PROTOCOL:
            raise BadInput("courier.version", f"version {frames.PROTOCOL}", f"{frame.version}")
        for code, expected, came in (
            ("courier.recipient", self._sender.hq, frame.recipient),
            ("courier.sender", self._sender.partner, frame.sender),
            ("courier.realm", self._receiver.realm, frame.realm),
            ("courier.origin", self._receiver.origin, frame.origin),
        ):
            if expected != came:
                raise BadInput(code, expected, came[:200])
        return frame

    def result(self) -> Imported:
        assert self._parcel is not None
        return Imported(
            sender=self._parcel.sender,
            first=self._parcel.first,
            size=self._parcel.size,
            logged=self._receiver.have - self._had,
            receipted=self._sender.received - self._received,
            whole=self._whole,
            repeated=self._repeated(self._parcel),
            events=tuple(self._events),
            hauled=self._hauled,
        )

    def _repeated(self, parcel: frames.Parcel) -> bool:
        if parcel.contents:
            came = self._hauled
            return came is not None and bool(came.known) and not (came.taken or came.coming or came.refused)
        return parcel.first < parcel.size <= self._had


def peek_parcel(beginning: bytes) -> frames.Parcel:
    """Whose file this is, from its first bytes: to find the partner.  Raises BadInput if it is none."""
    try:
        frame = next(frames.FrameReader().feed(beginning), None)
    except TheirFault as fault:
        raise BadInput("courier.form", "a courier's file", fault.came) from None
    if not isinstance(frame, frames.Parcel):
        raise BadInput("courier.form", "a courier's file, which begins with PARCEL", "another beginning")
    return frame
