"""Merkle trees (RFC 6962 section 2.1), and their proofs checked as RFC 9162 sections 2.1.3.2 and 2.1.4.2 say.

Everything is in memory: a leaf is 32 bytes, so a log of a million entries takes 32 MB.
"""

from collections.abc import Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry as a leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, level by level; a last one without a partner goes up as it is."""
    level = list(leaves) or [EMPTY]
    while len(level) > 1:
        pairs = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = pairs + ([level[-1]] if len(level) % 2 else [])
    return level[0]


def inclusion(leaves: Sequence[bytes], seq: int) -> list[bytes]:
    """The audit path of leaf ``seq`` (RFC 6962 section 2.1.1)."""
    if len(leaves) <= 1:
        return []
    cut = _below(len(leaves))
    if seq < cut:
        return [*inclusion(leaves[:cut], seq), root(leaves[cut:])]
    return [*inclusion(leaves[cut:], seq - cut), root(leaves[:cut])]


def consistency(leaves: Sequence[bytes], old: int) -> list[bytes]:
    """The proof that the first ``old`` leaves are unchanged in the tree over all (RFC 6962 section 2.1.2)."""
    return [] if old in (0, len(leaves)) else _subproof(leaves, old, whole=True)


def _subproof(leaves: Sequence[bytes], old: int, *, whole: bool) -> list[bytes]:
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    cut = _below(len(leaves))
    if old <= cut:
        return [*_subproof(leaves[:cut], old, whole=whole), root(leaves[cut:])]
    return [*_subproof(leaves[cut:], old - cut, whole=False), root(leaves[:cut])]


def is_included(leaf: bytes, seq: int, size: int, path: Sequence[bytes], top: bytes) -> bool:
    """Whether ``path`` leads from leaf ``seq`` to the root ``top`` of ``size`` leaves (RFC 9162, 2.1.3.2)."""
    if not 0 <= seq < size:
        return False
    place, last, node = seq, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if place % 2 or place == last:
            node = node_hash(sibling, node)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and node == top


def is_consistent(old: int, new: int, old_top: bytes, new_top: bytes, path: Sequence[bytes]) -> bool:
    """Whether ``path`` leads from the root at ``old`` leaves to that at ``new`` (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_top == new_top
    nodes = [old_top, *path] if old & (old - 1) == 0 else list(path)
    if not nodes:
        return False
    place, last = old - 1, new - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    before = after = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if place % 2 or place == last:
            before, after = node_hash(node, before), node_hash(node, after)
            while place % 2 == 0 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, node)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_top and after == new_top


def _below(count: int) -> int:
    """The largest power of two below ``count``."""
    return 1 << ((count - 1).bit_length() - 1)
