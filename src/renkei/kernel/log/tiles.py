"""A tree kept as tiles: rows of up to 256 hashes, eight levels of the tree apart.

Tile ``(level, number)`` holds the nodes of tree level ``8 * level`` from ``256 * number`` on, as
c2sp.org/tlog-tiles cuts them.  What lies between two tile levels is hashed again when asked for.  So a
million leaves make 3,906 rows, and opening a tree of any size reads one row per tile level.

Stored are the full tiles, and of the levels above 0 also the incomplete last one.  The last, incomplete
tile of level 0 lives in memory and is hashed again from at most 255 entries when a log is opened, so
that a seal after a single append need not write at all.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence

import msgspec

from .merkle import HASH_BYTES, Frontier, complete_root, split

TILE_WIDTH = 256
TILE_LEVELS = 8
TILE_BYTES = TILE_WIDTH * HASH_BYTES

CACHED_TILES = 64
"""Full tiles kept for proofs, 512 KiB: two paths through a tree of any size."""


class Tile(msgspec.Struct, frozen=True):
    """A row of hashes; incomplete if shorter than TILE_BYTES."""

    level: int
    number: int
    hashes: bytes


def tile_root(hashes: bytes) -> bytes:
    """The root over the 2**k hashes of a tile, or of an aligned part of one."""
    return complete_root(split(hashes))


class TileTree:
    """A tree's growing edge in memory, everything else behind ``load``.

    ``load(level, number)`` returns a full tile's hashes (for ``restore`` also an incomplete one's).
    """

    def __init__(self, load: Callable[[int, int], bytes]) -> None:
        self._load = load
        self._edges: list[bytearray] = []
        self._cache: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self.edge = Frontier()
        """Read it; ``take`` moves it on."""

    @classmethod
    def restore(cls, full: int, load: Callable[[int, int], bytes]) -> "TileTree":
        """The tree over the first ``full`` tiles of level 0."""
        tree = cls(load)
        nodes, level = full * TILE_WIDTH, 0
        while nodes:
            number, width = divmod(nodes, TILE_WIDTH)
            tree._edges.append(bytearray(load(level, number)[: width * HASH_BYTES] if width else b""))
            nodes, level = number, level + 1
        # `tile` tells the edges by the size, so the size comes before the nodes are asked for
        tree.edge.size = full * TILE_WIDTH
        tree.edge = Frontier(full * TILE_WIDTH, tree.node)
        return tree

    @property
    def size(self) -> int:
        """Leaves in the tree."""
        return self.edge.size

    def root(self) -> bytes:
        """The root over all leaves."""
        return self.edge.root()

    def take(self, rows: Sequence[bytes]) -> list[Tile]:
        """Add what ``edge.rows`` told.  Returns the tiles to store, lower levels first."""
        before = self.size
        self.edge.take(rows)
        changed: list[Tile] = []
        for level, row in enumerate(rows[::TILE_LEVELS]):
            if level == len(self._edges):
                self._edges.append(bytearray())
            number = (before >> level * TILE_LEVELS) // TILE_WIDTH
            changed += self._widen(level, number, row)
        return changed

    def _widen(self, level: int, number: int, hashes: bytes) -> list[Tile]:
        """Add to a level's last tile, completing it and following ones."""
        edge = self._edges[level]
        edge += hashes
        full = len(edge) // TILE_BYTES
        tiles = [
            Tile(level, number + place, bytes(edge[place * TILE_BYTES : (place + 1) * TILE_BYTES]))
            for place in range(full)
        ]
        del edge[: full * TILE_BYTES]
        if level and edge:
            tiles.append(Tile(level, number + full, bytes(edge)))
        return tiles

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree within the tree (``merkle.NodeAt``)."""
        tile_level, height = divmod(level, TILE_LEVELS)
        number, place = divmod(index << height, TILE_WIDTH)
        hashes = self.tile(tile_level, number)
        return tile_root(hashes[place * HASH_BYTES : (place + (1 << height)) * HASH_BYTES])

    def tile(self, level: int, number: int) -> bytes:
        """A tile's hashes as far as the tree has grown."""
        if number == self.size >> level * TILE_LEVELS + TILE_LEVELS:
            return bytes(self._edges[level])
        key = (level, number)
        hashes = self._cache.get(key)
        if hashes is None:
            hashes = self._cache[key] = self._load(level, number)
            if len(self._cache) > CACHED_TILES:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(key)
        return hashes
