"""How a pack lies in its row: where each entry ends, and the entries one after another.

``ends`` is, for each entry, the offset just beyond it in ``entries``, as unsigned 32-bit little-endian
numbers.  One row per commit keeps a group commit of a thousand entries at the cost of one insert; a
row's size is bounded by cutting a large commit into several packs.
"""

import struct
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

MAX_PACK_BYTES = 1024 * 1024
"""Entries' bytes in one row.  Reading one entry may step over a row's overflow pages, so a row stays
around a millisecond's work; one entry of the largest size still fits."""

MAX_PACK_ENTRIES = 4096
"""Entries in one row: their offsets stay within 16 KiB."""

_END_BYTES = 4


def ends_of(entries: Sequence[bytes]) -> bytes:
    """The ``ends`` of a pack."""
    return struct.pack(f"<{len(entries)}I", *accumulate(map(len, entries)))


def unpack(count: int, ends: bytes, entries: bytes) -> tuple[bytes, ...]:
    """The entries of a pack.  Raises ValueError if count, offsets and bytes contradict each other."""
    found = offsets(count, ends)
    if found[-1] != len(entries):
        raise ValueError(f"offsets reaching {len(entries)} bytes; {found[-1]} came")
    return tuple([entries[start:end] for start, end in pairwise(found)])


def span(count: int, ends: bytes, place: int) -> tuple[int, int]:
    """Start and end of entry number ``place`` of a pack.  Raises ValueError as ``unpack`` does."""
    found = offsets(count, ends)
    return found[place], found[place + 1]


def cut(entries: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The entries of one commit as runs that each fit a pack."""
    if len(entries) <= MAX_PACK_ENTRIES and sum(map(len, entries)) <= MAX_PACK_BYTES:
        yield entries
        return
    start = held = 0
    for place, entry in enumerate(entries):
        if place > start and (held + len(entry) > MAX_PACK_BYTES or place - start == MAX_PACK_ENTRIES):
            yield entries[start:place]
            start, held = place, 0
        held += len(entry)
    yield entries[start:]


def offsets(count: int, ends: bytes) -> list[int]:
    """0, and where each entry ends.  Raises ValueError as ``unpack`` does."""
    if count < 1 or len(ends) != count * _END_BYTES:
        raise ValueError(f"an offset for each of {count} entries; {len(ends)} bytes of them came")
    found = [0, *struct.unpack(f"<{count}I", ends)]
    if sorted(found) != found:
        raise ValueError("rising offsets; falling ones came")
    return found
