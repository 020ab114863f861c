"""A log cut into chunks, each ending where its owner signs.

A ``Cursor`` walks a log from any entry.  The root at the end of each chunk comes from the log's own tree,
which the releaser keeps up to date, so that a catch-up hashes nothing at the sender again.
"""

from collections.abc import Container
from datetime import datetime

import msgspec

from ..log.base import Log
from ..log.merkle import Frontier, leaf_hash, node_hash, split

CHUNK_ENTRIES = 8192
"""Entries between two signatures in catch-up: a signature, a receipt and two flushes to disk are then
shared by thousands of entries.  A lone fresh entry is a chunk of its own."""
CHUNK_BYTES = 2 * 1024 * 1024
"""Bytes of entries between two signatures: half of what a frame may hold, a fifth of a second at 10 MB/s."""
READ_ENTRIES = 1024
"""Entries asked of the log at a time, so that a chunk of large records is not read four times too long."""


class Chunk(msgspec.Struct, frozen=True):
    """Consecutive entries with the bodies that may travel, and the tree head after the last one."""

    first: int
    entries: tuple[bytes, ...]
    bodies: tuple[bytes | None, ...]
    size: int
    root: bytes

    @property
    def bytes(self) -> int:
        """Bytes of bodies."""
        return sum(map(len, filter(None, self.bodies)))


class Cursor:
    """A place in a log, moving on a chunk at a time; the bodies ``withdrawn`` are left out."""

    def __init__(self, log: Log, first: int, withdrawn: Container[int] = ()) -> None:
        self._log, self._withdrawn = log, withdrawn
        self.at = first
        """The number of the next entry."""

    def next(self) -> Chunk | None:
        """The next chunk, or None at the end."""
        entries, bodies = self._gather()
        if not entries:
            return None
        first, self.at = self.at, self.at + len(entries)
        if self._withdrawn:
            seqs = range(first, self.at)
            bodies = [None if seq in self._withdrawn else b for seq, b in zip(seqs, bodies, strict=True)]
        return Chunk(first, tuple(entries), tuple(bodies), self.at, root_at(self._log, self.at))

    def _gather(self) -> tuple[list[bytes], list[bytes | None]]:
        entries: list[bytes] = []
        bodies: list[bytes | None] = []
        room = CHUNK_BYTES
        while len(entries) < CHUNK_ENTRIES:
            asked = min(READ_ENTRIES, CHUNK_ENTRIES - len(entries))
            before = len(entries)
            for pack in self._log.read(self.at + before, asked):
                for entry, body in zip(pack.entries, pack.bodies, strict=True):
                    room -= len(body or entry)
                    if room < 0 and entries:
                        return entries, bodies
                    entries.append(entry)
                    bodies.append(body)
            if len(entries) - before < asked:
                break
        return entries, bodies


def root_at(log: Log, size: int) -> bytes:
    """The root over the first ``size`` entries, sealing the log as far as that where it is not yet."""
    if log.head().size < size:
        log.seal()
    return log.head(size).root


def frontier_at(log: Log, size: int) -> Frontier:
    """The growing edge of ``log``'s tree at ``size`` leaves, from the audit path of the leaf before it.

    All siblings on the last leaf's path lie to its left.  Those within the last complete subtree fold
    into it; the others are the remaining complete subtrees, smallest first (RFC 6962 section 2.1.1).
    """
    if size == 0:
        return Frontier()
    if log.head().size < size:
        log.seal()
    path = log.inclusion(size - 1, size)
    node, inside = leaf_hash(log.entry(size - 1)), (size & -size).bit_length() - 1
    for sibling in path[:inside]:
        node = node_hash(sibling, node)
    return Frontier.of(size, [*reversed(path[inside:]), node])


def encode_frontier(frontier: Frontier) -> bytes:
    """A frontier as a fact."""
    return frontier.size.to_bytes(8) + b"".join(frontier.nodes())


def decode_frontier(fact: bytes) -> Frontier:
    """The frontier in a fact.  Raises ValueError if it is damaged."""
    size, hashes = int.from_bytes(fact[:8]), fact[8:]
    return Frontier.of(size, split(hashes))


def sent_origin(sender: str, recipient: str) -> str:
    """The name of the log that ``sender`` keeps for ``recipient``: the origin of its checkpoints."""
    return f"renkei/{sender}/{recipient}"


def sender_in(origin: str) -> str | None:
    """Whose log for a partner ``origin`` names (``sent_origin``); None if it names none."""
    parts = origin.split("/")
    return parts[1] if len(parts) == 3 and parts[0] == "renkei" else None


def seconds_between(earlier: datetime | None, later: datetime) -> float:
    """Seconds from ``earlier`` to ``later``; endless from None."""
    return float("inf") if earlier is None else (later - earlier).total_seconds()
