"""Contents of attachments in a courier's files: cut into volumes, and put together again.

A volume of contents is a courier's file of its own: PARCEL that says so, CONTENT frames, and END.  Each frame
names the entry whose content it is of and where it belongs, so that one content may go over several volumes,
and volumes may come in any order.  What a volume brings counts once all of it has come and fits its END:
whoever takes it in (``Haul``) holds it apart until then, and drops it if the file is cut, altered or of
another form.  Whether a content is the one that its record commits to shows when it is whole.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import msgspec

from . import frames

MIN_HAUL_BYTES = 1024 * 1024
"""The smallest volume of contents: one frame and its envelope are a tenth of it."""
HAUL_OVERHEAD = 40 * 1024
"""What a volume holds besides contents: PARCEL, END and the header of a sealed file, at their limits."""
PIECE_OVERHEAD = 64
"""What a frame, and sealing it, add to a piece: 21 bytes before it, and 16 in 64 KiB or twice that."""


class Place(NamedTuple):
    """In the contents of a log, in the order of their entries: byte ``offset`` of the content of ``seq``."""

    seq: int
    offset: int = 0


class Stretch(NamedTuple):
    """The bytes from ``offset`` up to ``end`` of the content of entry ``seq`` of the sender's log."""

    seq: int
    offset: int
    end: int


Read = Callable[[int, int, int], bytes | None]
"""(entry, offset, count) to those bytes of its content; None if the partner cannot have them any more."""


class Hauled(msgspec.Struct, frozen=True, kw_only=True):
    """What a volume of contents came to, by numbers of the sender's entries.

    ``taken`` are whole now and fit their records, ``coming`` wait for further volumes, ``known`` were here
    before; ``refused`` tells the code for each that was not taken.
    """

    taken: tuple[int, ...] = ()
    coming: tuple[int, ...] = ()
    known: tuple[int, ...] = ()
    refused: dict[int, str] = {}


class Haul(Protocol):
    """Where one volume's contents go.  ``keep`` or ``drop`` ends it."""

    def put(self, seq: int, offset: int, data: bytes) -> None:
        """Hold a piece apart.  Raises TheirFault if its entry has not come, or it does not fit there."""
        ...

    def keep(self) -> Hauled:
        """The volume is whole: everything in it counts."""
        ...

    def drop(self) -> None:
        """It is not: nothing of it is left."""
        ...

    def lacks(self, said: frames.Lacking) -> None:
        """The partner says which contents of ours it lacks."""
        ...


def cut(contents: Iterable[tuple[Place, int]], limit: int | None) -> Iterator[list[Stretch]]:
    """``contents``, each from a place on and of a size, as volumes that stay under ``limit`` bytes.

    At least one, perhaps empty.  Stretches begin at multiples of 64 KiB where their content began at one.
    """
    full = None if limit is None else limit - HAUL_OVERHEAD
    volume: list[Stretch] = []
    room = full
    for (seq, offset), size in contents:
        at = offset
        while at < size:
            end = size if room is None else min(size, at + _fits(size - at, room))
            if end == at:
                yield volume
                volume, room = [], full
                continue
            volume.append(Stretch(seq, at, end))
            room = None if room is None else room - _cost(end - at)
            at = end
    yield volume


def _cost(count: int) -> int:
    return count + -(-count // frames.MAX_PIECE_BYTES) * PIECE_OVERHEAD


def _fits(count: int, room: int) -> int:
    """How many of ``count`` bytes fit into ``room``: all, or whole chunks."""
    whole = room // (frames.MAX_PIECE_BYTES + PIECE_OVERHEAD) * frames.MAX_PIECE_BYTES
    return count if _cost(count) <= room else max(whole, 0)


def pieces(volume: Sequence[Stretch], read: Read) -> Iterator[frames.Frame]:
    """The frames of a volume.  What is taken back while it is written stays out from there on."""
    for seq, offset, end in volume:
        for at in range(offset, end, frames.MAX_PIECE_BYTES):
            data = read(seq, at, min(frames.MAX_PIECE_BYTES, end - at))
            if data is None:
                break
            yield frames.Content(seq, at, data)
