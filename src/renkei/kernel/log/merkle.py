"""RFC 6962 Merkle trees: hashes, growing roots, proofs and their checks.

Pure functions over 32-byte SHA-256 hashes.  A tree of ``n`` leaves is never held whole: everything
here works from *nodes*, the hashes of complete subtrees.  Node ``(level, index)`` covers the leaves
``index * 2**level`` up to ``(index + 1) * 2**level``; level 0 is the leaf hashes themselves.  A home of
a log answers "what is node (level, index)?" and gets roots and proofs from the functions below.

``Frontier`` is the growing edge of a tree: at most one node per level, the complete subtrees that the
binary digits of the size name.  Adding a batch pairs whole rows at a time, so that the cost is the
cost of SHA-256 (about a microsecond a leaf), and hands out the new nodes, which is all a tile needs.
What a batch brings is worked out (``rows``) apart from taking it in (``take``), so that another process
may do the former.

Hashes: RFC 6962 section 2.1.  Audit paths: 2.1.1.  Consistency: 2.1.2.  Checks: RFC 9162 sections
2.1.3.2 and 2.1.4.2, which spell out the same algorithms.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves (RFC 6962 section 2.1)."""

HASH_BYTES = 32
"""Of SHA-256."""

MAX_LEVEL = 63
"""Levels a tree may have: sizes stay below 2**63, SQLite's largest integer."""

NodeAt = Callable[[int, int], bytes]
"""``(level, index)`` to the hash of that complete subtree."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry: SHA-256 of 0x00 and the entry."""
    return sha256(b"\0" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """``leaf_hash`` of many entries."""
    return [sha256(b"\0" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees: SHA-256 of 0x01, left and right."""
    return sha256(b"\1" + left + right).digest()


def parents(row: Sequence[bytes]) -> list[bytes]:
    """The nodes one level above ``row``, whose length is even."""
    pairs = iter(row)
    return [sha256(b"\1" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]


def split(hashes: bytes) -> list[bytes]:
    """Hashes that lie one after another."""
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def complete_root(row: Sequence[bytes]) -> bytes:
    """The root over 2**k nodes of one level."""
    while len(row) > 1:
        row = parents(row)
    return row[0]


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, any number of them."""
    frontier = Frontier()
    frontier.extend(leaves)
    return frontier.root()


class Frontier:
    """The growing edge of a tree: its size, and the complete subtrees its root is made of."""

    __slots__ = ("_nodes", "size")

    def __init__(self, size: int = 0, node: NodeAt | None = None) -> None:
        """An empty tree's edge, or that of a tree of ``size`` leaves whose nodes ``node`` knows."""
        self.size = size
        self._nodes: list[bytes] = [b""] * max(1, size.bit_length())
        for level, index in subtrees(size):
            if node is None:
                raise ValueError("expected a node lookup for a tree with leaves")
            self._nodes[level] = node(level, index)

    @classmethod
    def of(cls, size: int, nodes: Sequence[bytes]) -> "Frontier":
        """The edge with these complete subtrees, largest first: ``nodes()`` backwards."""
        known = dict(zip(subtrees(size), nodes, strict=True))
        return cls(size, lambda level, index: known[level, index])

    def copy(self) -> "Frontier":
        """An independent frontier of the same tree, for trying a batch out."""
        twin = Frontier()
        twin.size, twin._nodes = self.size, list(self._nodes)
        return twin

    def rows(self, leaves: Sequence[bytes]) -> list[bytes]:
        """What adding leaf hashes brings: item ``k`` is the new nodes of level ``k``, one after another."""
        rows = []
        row = list(leaves)
        level = 0
        while row:
            rows.append(b"".join(row))
            whole = [self._nodes[level], *row] if self.size >> level & 1 else row
            row = parents(whole[: len(whole) & ~1])
            level += 1
        return rows

    def take(self, rows: Sequence[bytes]) -> None:
        """Move on by what ``rows`` told, here or elsewhere."""
        self._nodes += [b""] * (len(rows) - len(self._nodes))
        for level, row in enumerate(rows):
            if (len(row) // HASH_BYTES + (self.size >> level)) & 1:
                self._nodes[level] = row[-HASH_BYTES:]
        if rows:
            self.size += len(rows[0]) // HASH_BYTES

    def extend(self, leaves: Sequence[bytes]) -> list[bytes]:
        """Add leaf hashes.  Returns the new nodes, as ``rows`` does."""
        rows = self.rows(leaves)
        self.take(rows)
        return rows

    def root(self) -> bytes:
        """The root over all leaves so far."""
        root = b""
        for level in range(self.size.bit_length()):
            if self.size >> level & 1:
                root = node_hash(self._nodes[level], root) if root else self._nodes[level]
        return root or EMPTY_ROOT

    def nodes(self) -> list[bytes]:
        """The complete subtrees' hashes, largest first: a compact range from leaf 0."""
        return [self._nodes[level] for level, _ in subtrees(self.size)]


def subtrees(end: int, start: int = 0) -> list[tuple[int, int]]:
    """The fewest complete subtrees ``(level, index)`` that cover leaves ``start`` up to ``end``."""
    cover = []
    while start < end:
        fits = (end - start).bit_length() - 1
        aligned = (start & -start).bit_length() - 1 if start else MAX_LEVEL
        level = min(fits, aligned)
        cover.append((level, start >> level))
        start += 1 << level
    return cover


def range_root(start: int, end: int, node: NodeAt) -> bytes:
    """MTH(D[start:end]) of RFC 6962 section 2.1, for a range a proof cuts (``start`` aligned)."""
    if start == end:
        return EMPTY_ROOT
    hashes = [node(level, index) for level, index in subtrees(end, start)]
    root = hashes.pop()
    while hashes:
        root = node_hash(hashes.pop(), root)
    return root


def tree_root(size: int, node: NodeAt) -> bytes:
    """The root of the tree of the first ``size`` leaves."""
    return range_root(0, size, node)


def inclusion_path(seq: int, size: int, node: NodeAt) -> list[bytes]:
    """The audit path of leaf ``seq`` in the tree of ``size`` leaves; 0 <= seq < size."""
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if seq < middle:
            path.append(range_root(middle, end, node))
            end = middle
        else:
            path.append(range_root(start, middle, node))
            start = middle
    return path[::-1]


def consistency_path(old: int, new: int, node: NodeAt) -> list[bytes]:
    """The proof that the first ``old`` of ``new`` leaves are unchanged; empty if 0 or equal."""
    path: list[bytes] = []
    if old in (0, new):
        return path
    start, end = 0, new
    whole = True  # RFC 6962's b: the old tree's root is known to the one who checks
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(range_root(middle, end, node))
            end = middle
        else:
            path.append(range_root(start, middle, node))
            start, whole = middle, False
    if not whole:
        path.append(range_root(start, end, node))
    return path[::-1]


def verify_inclusion(leaf: bytes, seq: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether ``path`` proves that ``leaf`` is number ``seq`` of ``size`` under ``root``."""
    if not 0 <= seq < size:
        return False
    at, last, reached = seq, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            reached = node_hash(sibling, reached)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            reached = node_hash(reached, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and reached == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether ``path`` proves that the tree ``old_root`` is a prefix of the tree ``new_root``."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    hashes = list(path)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    reached_old = reached_new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            reached_old, reached_new = node_hash(sibling, reached_old), node_hash(sibling, reached_new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            reached_new = node_hash(reached_new, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and reached_old == old_root and reached_new == new_root


def _split(count: int) -> int:
    """The largest power of two smaller than ``count`` (RFC 6962's k)."""
    return 1 << (count - 1).bit_length() - 1
