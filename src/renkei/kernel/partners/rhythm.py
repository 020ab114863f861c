"""When what is released may leave, and how large it looks.

A node that decides on records it withholds is busy for a moment, and a watchful partner might time that.
So entries leave only at the lines of a *grid* in time: whatever happened since the last line leaves
together, and a moment's work more or less does not show.  A burst of entries is padded to one of a few
sizes; contents of attachments, given and asked for, leave on the same lines, in the sizes asked for; and at
a slower, fixed *beat* the newest checkpoint goes out again, whether or not there is anything new.
"""

from datetime import datetime

import msgspec

SMALLEST_BUCKET = 1024
"""Bytes of the smallest burst: a released change of a few hundred bytes with its checkpoint fits in."""
LARGE_BUCKET = 64 * 1024
"""From here on bursts are padded to multiples of this instead of the next power of two: 6 % at most."""


class Rhythm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``grid_ms`` milliseconds between departures (0: at once, unpadded), ``beat_s`` seconds between beats.

    The defaults cost a change five milliseconds on average, and a silent link 50 bytes a second.
    """

    grid_ms: int = msgspec.field(default=10)
    beat_s: int = msgspec.field(default=5)

    def __post_init__(self) -> None:
        """Raises ValueError for what is no rhythm."""
        if not 0 <= self.grid_ms <= 60_000 or not 0 <= self.beat_s <= 3_600:
            raise ValueError("a grid of 0 to 60000 ms and a beat of 0 to 3600 s")

    def departure(self, now: datetime) -> int:
        """The first line of the grid after ``now``, in milliseconds since 1970."""
        return (milliseconds(now) // self.grid_ms + 1) * self.grid_ms

    def beat(self, now: datetime) -> int:
        """The number of the beat that ``now`` is in; 0 where there are none."""
        return milliseconds(now) // (self.beat_s * 1000) if self.beat_s else 0


AT_ONCE = Rhythm(grid_ms=0, beat_s=0)
"""No rhythm: for couriers' files, and for tests of other things."""


def milliseconds(moment: datetime) -> int:
    """``moment`` as whole milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def bucket(size: int) -> int:
    """The size that a burst of ``size`` bytes is padded to."""
    if size > LARGE_BUCKET:
        return -(-size // LARGE_BUCKET) * LARGE_BUCKET
    padded = SMALLEST_BUCKET
    while padded < size:
        padded *= 2
    return padded
