"""Checking a log file against itself, from the entries up.

Everything a log says besides its entries follows from them: the numbering, the tree's tiles, the newest
version of each key, and the root its last checkpoint was signed for.  ``verify_log`` works all of it out
again and reports each contradiction as a ``Finding``; it changes nothing and stops at nothing.

What an entry's key and version are, a log does not know; the caller hands in a function that tells.
Memory stays flat: the versions seen are gathered in a temporary table on disk.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import islice

import apsw
import msgspec

from ..errors import TheirFault
from .base import CHECKPOINT
from .bodies import Bodies
from .checkpoint import peek_checkpoint
from .commitments import commitment, rendition_of
from .merkle import HASH_BYTES, leaf_hashes, tree_root
from .packs import unpack
from .sqlite_file import LogFile
from .tiles import TILE_BYTES, TILE_WIDTH, Tile, TileTree, tile_root

Stated = Callable[[bytes], tuple[str, int] | None]
"""An entry's bytes to the key and version it states, or None if it takes no part in versioning."""

MAX_FINDINGS = 100
"""Named one by one; a log with more is damaged throughout, and the first ones tell where it began."""

MAX_DIFFERENCES = 10
"""Keys whose recorded version differs, named one by one."""


class Finding(msgspec.Struct, frozen=True):
    """One contradiction: a stable code, where it is, what the entries say, and what is stored."""

    code: str
    where: str
    expected: str
    came: str

    def __str__(self) -> str:
        return f"{self.code} at {self.where}: expected {self.expected}; {self.came} came"


class Progress(msgspec.Struct, frozen=True):
    """How far a verification has come, in entries."""

    done: int
    total: int


def verify_log(
    file: LogFile, stated: Stated | None = None, bodies: Bodies | None = None
) -> Generator[Progress, None, list[Finding]]:
    """Yield progress pack by pack; the generator's return value is the list of findings.

    ``bodies`` are those beside the entries: each entry must be the commitment to its body, and ``stated`` is
    asked about what the body says.

    Sees the log as it was when it began.  Raises OurFault if SQLite cannot read the file at all.
    """
    findings: list[Finding] = []
    with file.snapshot() as db:
        check = _Verification(db, stated, findings, bodies)
        check.structure()
        for pack in check.packs():
            check.take(*pack)
            yield Progress(check.size, check.total)
        check.edges()
        check.heads()
        check.checkpoint()
    return findings[:MAX_FINDINGS]


class _Verification:
    """One pass over a log; ``size`` is how many sound entries were seen."""

    def __init__(
        self, db: apsw.Connection, stated: Stated | None, findings: list[Finding], bodies: Bodies | None
    ) -> None:
        self.db = db
        self.stated = stated
        self.bodies = bodies
        self.findings = findings
        self.size = 0
        self.total = int(db.execute("SELECT first + count FROM packs ORDER BY first DESC LIMIT 1").get or 0)
        self.tree = TileTree(self._stored)
        self.stored_tiles = 1 + int(
            db.execute("SELECT coalesce(max(number), -1) FROM tiles WHERE level = 0").get
        )
        self.broken = False
        self.untold = 0
        """Entries whose bodies are gone: what versions they were of nobody can tell."""
        db.execute("CREATE TEMP TABLE seen (key TEXT PRIMARY KEY, version INTEGER) WITHOUT ROWID")

    def find(self, code: str, where: str, expected: str, came: str) -> None:
        """Note a contradiction."""
        self.findings.append(Finding(code, where, expected, came))

    def structure(self) -> None:
        """SQLite's own check of the file."""
        for (said,) in self.db.execute("PRAGMA quick_check(10)"):
            if said != "ok":
                self.find("log.sqlite", "the file", "a sound SQLite database", said)

    def packs(self) -> Iterator[tuple[int, int, bytes, bytes]]:
        """Every stored pack, in order."""
        yield from self.db.execute("SELECT first, count, ends, entries FROM packs ORDER BY first")

    def take(self, first: int, count: int, ends: bytes, body: bytes) -> None:
        """Check one pack, and add its entries to the tree and the versions."""
        where = f"entry {first}"
        if first != self.size:
            self.find("log.numbering", where, f"the next entry to be number {self.size}", f"number {first}")
            self.broken = True
        try:
            entries = unpack(count, ends, body)
        except ValueError as err:
            self.find("log.pack", where, "a sound pack", str(err))
            self.broken = True
            entries = ()
        self.size = first + count
        if not self.broken:  # beyond a hole no tile can agree, and saying so for each would help nobody
            for tile in self.tree.take(self.tree.edge.rows(leaf_hashes(entries))):
                self._compare(tile)
        said = entries if self.bodies is None or not entries else self._proven(first, entries)
        if self.stated is not None:
            self._note_versions(first, said)

    def _proven(self, first: int, entries: tuple[bytes, ...]) -> list[bytes | None]:
        """What the bodies say that fit their entries."""
        assert self.bodies is not None
        said: list[bytes | None] = []
        for place, body in enumerate(self.bodies.read(self.db, first, first + len(entries))):
            sound = body is None or commitment(body) == entries[place]
            if not sound:
                self.find("log.body", f"entry {first + place}", "the body committed to", "another")
            said.append(rendition_of(body) if sound else None)
        return said

    def _compare(self, tile: Tile) -> None:
        """Hold a recomputed tile against the stored one; a tile not yet sealed is no fault."""
        stored = self._stored_or_none(tile.level, tile.number)
        where = f"tile {tile.number} of level {tile.level}"
        if stored is None:
            due = tile.number < self.stored_tiles // TILE_WIDTH**tile.level
            if due and len(tile.hashes) == TILE_BYTES:
                self.find("log.tile", where, "a tile there", "none")
            return
        common = min(len(stored), len(tile.hashes))
        if stored[:common] != tile.hashes[:common] or len(stored) % HASH_BYTES:
            self.find("log.tile", where, "the hashes of the entries", "others")

    def edges(self) -> None:
        """Check that no stored tile reaches beyond the entries."""
        for level, number, width in self.db.execute("SELECT level, number, length(hashes) FROM tiles"):
            leaves = (number * TILE_WIDTH + width // HASH_BYTES) * TILE_WIDTH**level
            if leaves > self.total:
                where = f"tile {number} of level {level}"
                self.find("log.tile", where, f"a tile over {self.total} entries", f"one over {leaves}")

    def _note_versions(self, first: int, entries: Sequence[bytes | None]) -> None:
        assert self.stated is not None
        for place, entry in enumerate(entries):
            said = None if entry is None else self.stated(entry)
            self.untold += entry is None
            if said is None:
                continue
            key, version = said
            held = self.db.execute("SELECT version FROM seen WHERE key = ?", (key,)).get or 0
            if version <= held or version > held + 1 + self.untold:
                where = f"entry {first + place}"
                self.find("log.version", where, f"version {held + 1} of its key", f"version {version}")
            self.db.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (key, version))

    def heads(self) -> None:
        """Compare the newest version of every key with what the entries stated."""
        if self.stated is None:
            return
        differing = self.db.execute(
            """SELECT key, s.version, h.version FROM seen s FULL JOIN heads h USING (key)
               WHERE s.version IS NOT h.version"""
        )
        untold = self.untold
        for key, said, held in islice(differing, MAX_DIFFERENCES + untold):
            if 0 < (held or 0) - (said or 0) <= untold:
                untold -= held - (said or 0)
                continue
            self.find("log.heads", key, f"version {said or 0}", f"version {held or 0}")

    def checkpoint(self) -> None:
        """Hold the tree against the checkpoint last signed for it."""
        note = self.db.execute("SELECT value FROM facts WHERE name = ?", (CHECKPOINT,)).get
        if note is None or self.broken:
            return
        try:
            signed = peek_checkpoint(note)
        except TheirFault as err:
            self.find("log.checkpoint", "the stored checkpoint", err.expected, err.came)
            return
        if signed.size > self.total:
            came = f"{self.total} entries"
            self.find("log.checkpoint", "the end", f"the {signed.size} entries signed for", came)
        elif tree_root(signed.size, self.tree.node) != signed.root:
            where = f"size {signed.size}"
            self.find("log.checkpoint", where, "the root signed for", "another root")

    def _stored_or_none(self, level: int, number: int) -> bytes | None:
        hashes: bytes | None = self.db.execute(
            "SELECT hashes FROM tiles WHERE level = ? AND number = ?", (level, number)
        ).get
        return hashes

    def _stored(self, level: int, number: int) -> bytes:
        """A tile for the tree's roots: the stored one, or recomputed if it is not there."""
        hashes = self._stored_or_none(level, number)
        if hashes is not None and len(hashes) == TILE_BYTES:
            return hashes
        if level:
            below = range(number * TILE_WIDTH, (number + 1) * TILE_WIDTH)
            return b"".join(tile_root(self._stored(level - 1, place)) for place in below)
        return self._hash_tile(number)

    def _hash_tile(self, number: int) -> bytes:
        first, hashes = number * TILE_WIDTH, b""
        rows = self.db.execute(
            """SELECT first, count, ends, entries FROM packs WHERE first < ?2
               AND first >= (SELECT max(first) FROM packs WHERE first <= ?1) ORDER BY first""",
            (first, first + TILE_WIDTH),
        )
        for start, count, ends, body in rows:
            entries = unpack(count, ends, body)
            hashes += b"".join(leaf_hashes(entries[max(0, first - start) : first + TILE_WIDTH - start]))
        return hashes
