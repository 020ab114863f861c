"""Staging: entries that came but are not yet covered by a checkpoint.

Held in memory, within limits, and trusted in nothing.
"""

from collections.abc import Sequence

from ..log.base import Draft
from ..log.merkle import Frontier, inclusion_path, leaf_hashes, node_hash, subtrees

MAX_STAGED_BYTES = 16 * 1024 * 1024
"""Unsealed entries held in memory: four of the largest frames; whoever sends more without a
checkpoint is not speaking this protocol."""
MAX_STAGED_ENTRIES = 65_536
"""The same in entries: eight of the fullest frames."""


class Staging:
    """Consecutive entries from ``base`` on with their bodies, and the tree's edge at ``base``.

    ``differs`` is the number of the first entry that is not the one logged here under that number, when
    the partner sends again, and differently, what is logged; else None.
    """

    def __init__(self, edge: Frontier, differs: int | None = None) -> None:
        self._edge = edge
        self.entries: list[bytes] = []
        self.bodies: list[bytes | None] = []
        self._leaves: list[bytes] = []
        self._bytes = 0
        self.differs = differs

    @property
    def base(self) -> int:
        """The number of the first entry."""
        return self._edge.size

    @property
    def end(self) -> int:
        """The number after the last entry."""
        return self.base + len(self.entries)

    @property
    def overfull(self) -> bool:
        """Whether more is held than a sound partner would leave unsealed."""
        return self._bytes > MAX_STAGED_BYTES or len(self.entries) > MAX_STAGED_ENTRIES

    def put(self, first: int, entries: Sequence[bytes], bodies: Sequence[bytes | None]) -> None:
        """Take ``entries``; what was staged from ``first`` on gives way.  base <= first <= end."""
        keep = first - self.base
        self._bytes -= _size(self.bodies[keep:])
        del self.entries[keep:]
        del self.bodies[keep:]
        del self._leaves[keep:]
        self.entries += entries
        self.bodies += bodies
        self._bytes += _size(bodies)

    def drafts(self, count: int) -> list[Draft]:
        """The first ``count`` entries, to be logged."""
        pairs = zip(self.entries[:count], self.bodies[:count], strict=True)
        return [Draft(entry, body=body) for entry, body in pairs]

    def edge_at(self, size: int) -> Frontier:
        """The tree's edge after the entries below ``size``."""
        edge = self._edge.copy()
        edge.extend(self._leaves_up_to(size - self.base))
        return edge

    def drop_before(self, edge: Frontier) -> None:
        """Forget the entries that ``edge`` covers; go on from there."""
        gone = edge.size - self.base
        self._bytes -= _size(self.bodies[:gone])
        del self.entries[:gone]
        del self.bodies[:gone]
        del self._leaves[:gone]
        self._edge = edge

    def leaf(self, seq: int) -> bytes:
        """The leaf hash of staged entry ``seq``."""
        return self._leaves_up_to(seq - self.base + 1)[-1]

    def path(self, seq: int, size: int) -> tuple[bytes, ...]:
        """The audit path of staged entry ``seq`` in the tree of ``size`` leaves; size <= end."""
        known = dict(zip(subtrees(self.base), self._edge.nodes(), strict=True))
        leaves = self._leaves_up_to(size - self.base)

        def node(level: int, index: int) -> bytes:
            if (level, index) not in known:
                known[level, index] = (
                    leaves[index - self.base]
                    if level == 0
                    else node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))
                )
            return known[level, index]

        return tuple(inclusion_path(seq, size, node))

    def _leaves_up_to(self, count: int) -> list[bytes]:
        self._leaves += leaf_hashes(self.entries[len(self._leaves) : count])
        return self._leaves[:count]


def _size(bodies: Sequence[bytes | None]) -> int:
    return sum(map(len, filter(None, bodies)))
