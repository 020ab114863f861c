"""A log in one SQLite file: the home for a single machine, nothing to install.

The acknowledgement path is short: under one lock, one transaction with one row for the whole commit,
one statement for the keys' versions, one fsync.  Everything that can be made again from the entries
stays off it: leaf hashes and tiles are written by ``seal`` without an fsync, and the write-ahead log is
copied into the file by ``checkpoint_wal``, which a background thread calls.

Opening reads a handful of rows, whatever the log's size: the last pack, and one tile per level.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, groupby
from pathlib import Path
from threading import RLock
from typing import cast

import apsw

from . import merkle
from .base import (
    Draft,
    Head,
    Pack,
    check_first,
    check_seq,
    check_size,
    check_sizes,
)
from .bodies import Bodies
from .hashing import Hashing, hash_here
from .merkle import HASH_BYTES
from .packs import cut, ends_of, span, unpack
from .sqlite_file import LogFile
from .tiles import TILE_WIDTH, Tile, TileTree, tile_root
from .verify import Finding, Progress, Stated, verify_log
from .versions import acceptable, number, sort_out, standing

SEAL_ENTRIES = 4096
"""Entries hashed at a time while sealing; proofs wait no longer than that takes, about 8 ms."""

READ_AHEAD_BYTES = 4 * 1024 * 1024
"""Read in one go; nothing of the file is held while the reader works on it."""

MAX_RECENT_BYTES = 4 * 1024 * 1024
"""Entries kept in memory from their commit until they are hashed, so that sealing need not read them back:
what a paced writer has unsealed at ordinary sizes.  Beyond it the oldest are read from the file after all."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

# Sorted keys, because fresh ids are time-ordered and then go to the end of the B-tree one after another.
_NEW_KEYS = "INSERT INTO heads SELECT value, 1 FROM carray(?) WHERE true ON CONFLICT DO NOTHING"
_NEXT_VERSION = "UPDATE heads SET version = ?2 WHERE key = ?1 AND version = ?2 - 1"
_PACK = "INSERT INTO packs VALUES (?, ?, ?, ?, ?)"
_FACT = "INSERT INTO facts VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
_TILE = "INSERT INTO tiles VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET hashes = excluded.hashes"
_PACK_OF = "SELECT first, count, ends FROM packs WHERE first <= ? ORDER BY first DESC LIMIT 1"
_READ = """SELECT first, count, logged_at, ends, entries FROM packs
  WHERE first >= (SELECT max(first) FROM packs WHERE first <= ?) ORDER BY first"""
_LAST_CHARACTER = "\U0010ffff"


class _Unsound(Exception):
    """Some draft cannot be taken: its version is not the next one, or its form is none a log takes."""


class SqliteLog:
    """A ``Log`` in a file."""

    def __init__(
        self,
        path: Path,
        origin: str,
        *,
        read_only: bool = False,
        bodied: bool = False,
        keys: Path | None = None,
        hashing: Hashing = hash_here,
    ) -> None:
        """Open the log in ``path``, making it if it does not exist (unless ``read_only``).

        ``bodied`` if there are bodies beside its entries; ``keys`` is the file of the keys under which they
        lie encrypted, None to keep them in plain.  ``hashing`` works out what entries bring to the tree.

        Raises OurFault: ``log.locked`` if another process writes it, ``log.origin`` if it is another log,
        ``log.version``, ``log.missing``, or ``log.damaged`` naming the file and what is wrong with it.
        """
        self._origin = origin
        self._file = LogFile(Path(path), origin, read_only, bodied)
        self._bodies: Bodies | None = None
        self._hashing = hashing
        self._listeners: list[Callable[[int], None]] = []
        self._tree_lock = RLock()
        self._tree: TileTree | None = None
        self._recent: deque[tuple[int, list[bytes]]] = deque()
        self._recent_bytes = 0
        self._hashed = 0
        try:
            self._bodies = Bodies(self._file, origin, keys) if bodied else None
            self._size = self._stored_size()
            with self._tree_lock:
                self._open_tree()
        except BaseException:
            self._close()
            raise

    @property
    def origin(self) -> str:
        """See ``Log``."""
        return self._origin

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    @property
    def size(self) -> int:
        """See ``Log``.  A read-only log asks the file each time."""
        return self._stored_size() if self._file.read_only else self._size

    def _stored_size(self) -> int:
        with self._file.reading() as db:
            return int(db.execute("SELECT first + count FROM packs ORDER BY first DESC LIMIT 1").get or 0)

    # Appending

    def append(self, drafts: Sequence[Draft], at: datetime, facts: Mapping[str, bytes] | None = None) -> int:
        """See ``Log``."""
        answer = self._commit([drafts], at, facts or {})[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def append_groups(self, groups: Sequence[Sequence[Draft]], at: datetime) -> list[int | Exception]:
        """See ``Log``."""
        return self._commit(groups, at, {})

    def _commit(
        self, groups: Sequence[Sequence[Draft]], at: datetime, facts: Mapping[str, bytes]
    ) -> list[int | Exception]:
        """Write all groups at once; only if that fails, find out which ones may stand."""
        verdicts: list[Exception | None] = [None] * len(groups)
        with self._file.write_lock:
            first = self._size
            try:
                size = self._write(groups, at, facts)
            except _Unsound:
                verdicts = list(sort_out(groups, self.newest_version, self._bodies is not None))
                survivors = standing(groups, verdicts)
                size = self._write(survivors, at, facts) if survivors else first
        self._file.relieve()
        for listener in self._listeners if size > first else ():
            listener(size)
        return number(groups, verdicts, first)

    def _write(self, groups: Sequence[Sequence[Draft]], at: datetime, facts: Mapping[str, bytes]) -> int:
        """One transaction; returns the new size.  Raises _Unsound with nothing written."""
        entries = [draft.entry for group in groups for draft in group]
        if not entries and not facts:
            return self._size
        with self._file.writing() as db:
            _advance(db, groups, self._bodies is not None)
            first, logged_at = self._size, (at - _EPOCH) // _MILLISECOND
            for run in cut(entries) if entries else ():
                db.execute(_PACK, (first, len(run), logged_at, ends_of(run), b"".join(run)))
                first += len(run)
            if self._bodies is not None and entries:
                self._bodies.write(db, self._size, chain.from_iterable(groups))
            if facts:
                db.executemany(_FACT, list(facts.items()))
        self._remember(self._size, entries)
        self._size = first
        return first

    def _remember(self, first: int, entries: list[bytes]) -> None:
        """Keep what was just committed until it is hashed, within bounds; the write lock is held."""
        self._recent.append((first, entries))
        self._recent_bytes += sum(map(len, entries))
        while self._recent:
            start, oldest = self._recent[0]
            if start + len(oldest) > self._hashed and self._recent_bytes <= MAX_RECENT_BYTES:
                return
            self._recent.popleft()
            self._recent_bytes -= sum(map(len, oldest))

    # Reading

    def read(self, first: int, limit: int = 1000) -> Iterator[Pack]:
        """See ``Log``."""
        check_first(first)
        return self._read(first, limit)

    def _read(self, first: int, limit: int, *, bodied: bool = True) -> Iterator[Pack]:
        while limit > 0:
            if not self._file.read_only:
                # A commit shows in the file a moment before ``size`` says so: nobody may read beyond it.
                limit = min(limit, self._size - first)
            packs = self._read_some(first, limit, bodied) if limit > 0 else []
            for pack in packs:
                yield pack
                first += len(pack.entries)
                limit -= len(pack.entries)
            if not packs:
                return

    def _read_some(self, first: int, limit: int, bodied: bool) -> list[Pack]:
        """Some packs from ``first`` on, each cut to what is asked for; with their bodies if ``bodied``."""
        packs: list[Pack] = []
        taken = 0
        with self._file.reading() as db:
            rows = db.execute(_READ, (first,))
            for start, count, logged_at, ends, body in rows:
                if start + count <= first:
                    continue
                if start > first or (packs and start != first):
                    raise self._file.damaged(f"an entry numbered {first}", f"{start} as the next one")
                entries = self._unpack(start, count, ends, body)
                wanted = entries[first - start : first - start + limit]
                packs.append(Pack(first, _EPOCH + logged_at * _MILLISECOND, wanted))
                first, limit, taken = first + len(wanted), limit - len(wanted), taken + len(body)
                if limit <= 0 or taken > READ_AHEAD_BYTES:
                    break
            rows.close()
            return [self._with_bodies(db, pack) for pack in packs] if bodied and self._bodies else packs

    def _with_bodies(self, db: apsw.Connection, pack: Pack) -> Pack:
        assert self._bodies is not None
        bodies = self._bodies.read(db, pack.first, pack.first + len(pack.entries))
        return Pack(pack.first, pack.logged_at, pack.entries, bodies)

    def _unpack(self, first: int, count: int, ends: bytes, body: bytes) -> tuple[bytes, ...]:
        try:
            return unpack(count, ends, body)
        except ValueError as err:
            raise self._file.damaged(f"a sound pack at entry {first}", str(err)) from None

    def entry(self, seq: int) -> bytes:
        """See ``Log``."""
        check_seq(seq, self.size)
        with self._file.reading() as db:
            row = db.execute(_PACK_OF, (seq,)).fetchone()
            if row is None:
                raise self._file.damaged(f"an entry numbered {seq}", "none")
            first, count, ends = row
            try:
                start, end = span(count, ends, seq - first)
            except (ValueError, IndexError) as err:
                raise self._file.damaged(f"a sound pack at entry {first}", str(err)) from None
            body = "SELECT substr(entries, ?, ?) FROM packs WHERE first = ?"
            return bytes(db.execute(body, (start + 1, end - start, first)).get)

    def erase(self, seqs: Iterable[int]) -> None:
        """See ``Log``."""
        gone = list(seqs)
        for seq in gone:
            check_seq(seq, self._size)
        if self._bodies is not None and gone:
            self._bodies.erase(gone)

    def newest_version(self, key: str) -> int:
        """See ``Log``."""
        with self._file.reading() as db:
            return int(db.execute("SELECT version FROM heads WHERE key = ?", (key,)).get or 0)

    def fact(self, name: str) -> bytes | None:
        """See ``Log``."""
        with self._file.reading() as db:
            value: bytes | None = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).get
            return value

    def facts_named(self, names: Sequence[str]) -> dict[str, bytes]:
        """See ``Log``."""
        if not names:
            return {}
        query = "SELECT f.name, f.value FROM carray(?) n CROSS JOIN facts f ON f.name = n.value"
        with self._file.reading() as db:
            rows = db.execute(query, (apsw.carray(tuple(names)),)).fetchall()
        return dict(cast("list[tuple[str, bytes]]", rows))

    def facts(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """See ``Log``."""
        query = "SELECT name, value FROM facts WHERE name >= ? AND name < ? ORDER BY name"
        with self._file.reading() as db:
            rows = db.execute(query, (prefix, prefix + _LAST_CHARACTER)).fetchall()
        return iter(cast("list[tuple[str, bytes]]", rows))

    def set_facts(self, facts: Mapping[str, bytes], durable: bool = True) -> None:
        """See ``Log``."""
        with self._file.write_lock, self._file.writing(durable) as db:
            db.executemany(_FACT, list(facts.items()))

    def on_append(self, listener: Callable[[int], None]) -> None:
        """See ``Log``."""
        self._listeners.append(listener)

    # The tree

    def seal(self) -> Head:
        """See ``Log``.  A read-only log seals in memory only."""
        size = self.size
        while True:
            with self._tree_lock:
                tree = self._open_tree()
                if tree.size >= size:
                    return Head(tree.size, tree.root())
                self._grow(tree, min(size, tree.size + SEAL_ENTRIES))

    def _grow(self, tree: TileTree, size: int) -> None:
        """Bring the tree up to ``size`` and store its finished tiles."""
        tiles: list[Tile] = []
        for entries in self._unhashed(tree.size, size):
            tiles += tree.take(self._hashing(tree.edge, entries))
        self._hashed = tree.size
        if not tiles or self._file.read_only:
            return
        rows = {(tile.level, tile.number): tile.hashes for tile in tiles}
        try:
            # No fsync: a tile lost to a power cut is hashed again from the entries.
            with self._file.write_lock, self._file.writing(durable=False) as db:
                db.executemany(_TILE, [(*place, hashes) for place, hashes in rows.items()])
        except BaseException:
            self._tree = None  # memory is ahead of the file: begin again from the file
            raise

    def _unhashed(self, first: int, end: int) -> Iterator[Sequence[bytes]]:
        """Entries ``first`` up to ``end``: from memory those committed of late, all others from the file."""
        recent = [run for run in tuple(self._recent) if run[0] + len(run[1]) > first]
        kept = min(recent[0][0], end) if recent else end
        if first < kept:
            yield from (pack.entries for pack in self._read(first, kept - first, bodied=False))
        for start, entries in recent:
            if start < end:
                yield entries[max(first - start, 0) : end - start]

    def _open_tree(self) -> TileTree:
        """The tree as stored, brought to the last few entries: at least as far as it ever was sealed."""
        if self._tree is None:
            with self._file.reading() as db:
                last = db.execute("SELECT max(number) FROM tiles WHERE level = 0").get
            full = 0 if last is None else int(last) + 1
            size = self.size
            if full * TILE_WIDTH > size:
                raise self._file.damaged(f"entries under {full} tiles", f"{size} entries")
            tree = TileTree.restore(full, self._load_tile)
            self._grow(tree, min(size, tree.size + TILE_WIDTH - 1))
            self._tree = tree
        return self._tree

    def _load_tile(self, level: int, number: int) -> bytes:
        with self._file.reading() as db:
            hashes: bytes | None = db.execute(
                "SELECT hashes FROM tiles WHERE level = ? AND number = ?", (level, number)
            ).get
        if hashes is None and self._file.read_only:
            return self._hash_tile(level, number)
        if not hashes or len(hashes) % HASH_BYTES:
            raise self._file.damaged(f"tile {number} of level {level}", "no such tile, or a broken one")
        return hashes

    def _hash_tile(self, level: int, number: int) -> bytes:
        """A full tile worked out from what lies below it, which a reader may not find stored yet."""
        if level == 0:
            packs = self._read(number * TILE_WIDTH, TILE_WIDTH, bodied=False)
            return b"".join(b"".join(merkle.leaf_hashes(pack.entries)) for pack in packs)
        below = range(number * TILE_WIDTH, (number + 1) * TILE_WIDTH)
        return b"".join(tile_root(self._load_tile(level - 1, place)) for place in below)

    def head(self, size: int | None = None) -> Head:
        """See ``Log``."""
        with self._tree_lock:
            tree = self._open_tree()
            if size is None:
                return Head(tree.size, tree.root())
            check_size(size, tree.size)
            return Head(size, merkle.tree_root(size, tree.node))

    def inclusion(self, seq: int, size: int) -> list[bytes]:
        """See ``Log``."""
        with self._tree_lock:
            tree = self._open_tree()
            check_size(size, tree.size)
            check_seq(seq, size)
            return merkle.inclusion_path(seq, size, tree.node)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """See ``Log``."""
        with self._tree_lock:
            tree = self._open_tree()
            check_sizes(old, new, tree.size)
            return merkle.consistency_path(old, new, tree.node)

    # Keeping

    def checkpoint_wal(self) -> tuple[int, int]:
        """Copy the write-ahead log into the file: frames there, frames copied.  Off the append path."""
        return self._file.checkpoint_wal()

    def wal_bytes(self) -> int:
        """Size of the write-ahead log file."""
        return self._file.wal_bytes()

    def verify(self, stated: Stated | None = None) -> Generator[Progress, None, list[Finding]]:
        """Recompute everything from the entries; see ``verify.verify_log``."""
        return verify_log(self._file, stated, self._bodies)

    def close(self) -> None:
        """See ``Log``."""
        with self._tree_lock:
            self._close()

    def _close(self) -> None:
        self._file.close()
        if self._bodies is not None:
            self._bodies.close()


def _advance(db: apsw.Connection, groups: Sequence[Sequence[Draft]], bodied: bool) -> None:
    """Record every keyed draft's version, in order.  Raises _Unsound if any cannot be taken."""
    drafts = [draft for group in groups for draft in group]
    if not acceptable(drafts, bodied):
        raise _Unsound
    keyed = [draft for draft in drafts if draft.key]
    before = db.total_changes()
    for new, run in groupby(keyed, _is_first):
        if new:
            keys = sorted([draft.key for draft in run])
            db.execute(_NEW_KEYS, (apsw.carray(tuple(keys)),))
        else:
            db.executemany(_NEXT_VERSION, [(draft.key, draft.version) for draft in run])
    if db.total_changes() - before != len(keyed):
        raise _Unsound


def _is_first(draft: Draft) -> bool:
    return draft.version == 1
