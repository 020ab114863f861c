"""Bodies in the SQLite home of a log: rows of their own, which can be written anew without some of them.

A row holds the bodies of up to MAX_PACK_ENTRIES entries: their ``ends`` (``packs``) and the bodies one after
another, as one blob, encrypted where the log has a file of keys (``shredding``).  A body of no bytes is
one that is not there.  Erasing writes the rest of the row under a new key, notes the old key's slot in
``shredding`` in the same transaction, and then destroys that key.  A crash at any moment leaves either
the old row under its key, or the new one and a note that the next start acts on before anything else.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import cast

import apsw

from .base import Draft
from .packs import cut, ends_of, offsets
from .shredding import ShredFile
from .sqlite_file import LogFile

PLAIN = 0
"""The slot that stands for no key."""
LOOKS = 5
"""Times a row is read again whose key was destroyed between reading the row and reading the key."""

_WRITE = "INSERT INTO bodies VALUES (?, ?, ?, ?)"
_BETWEEN = """SELECT first, count, slot, sealed FROM bodies WHERE first < ?2
  AND first >= coalesce((SELECT max(first) FROM bodies WHERE first <= ?1), ?1) ORDER BY first"""
_OF = "SELECT first, count, slot, sealed FROM bodies WHERE first <= ? ORDER BY first DESC LIMIT 1"

_Row = tuple[int, int, int, bytes]
"""First number, how many entries, the key's slot, the blob."""


class Bodies:
    """The bodies beside the entries of one log file."""

    def __init__(self, file: LogFile, origin: str, keys: Path | None) -> None:
        """``keys`` is where the keys are; None keeps the bodies in plain."""
        self._file, self._origin = file, origin
        with file.reading() as db:
            used = int(db.execute("SELECT coalesce(max(slot), 0) FROM bodies").get)
        self._keys = None if keys is None else ShredFile(keys, file.read_only, used)
        if not file.read_only:
            with file.write_lock:
                self._shred()

    def write(self, db: apsw.Connection, first: int, drafts: Iterable[Draft]) -> None:
        """Write the bodies of entries ``first`` on, within the caller's transaction."""
        for ours, run_of in groupby(drafts, key=lambda draft: draft.ours):
            for run in cut([draft.body or b"" for draft in run_of]):
                if any(run):
                    db.execute(_WRITE, self._in_plain(first, run) if ours else self._sealed(first, run))
                first += len(run)

    def read(self, db: apsw.Connection, first: int, end: int) -> tuple[bytes | None, ...]:
        """The bodies of entries ``first`` up to ``end``, None for each that is not there."""
        found: list[bytes | None] = []
        rows = db.execute(_BETWEEN, (first, end)).fetchall()  # all, so that a row can be read afresh
        for row in cast("list[_Row]", rows):
            start, count = row[0], row[1]
            if start + count <= first:
                continue
            found += [None] * (max(start, first) - first - len(found))
            found += self._open(db, row, max(first - start, 0), min(end - start, count))
        return (*found, *[None] * (end - first - len(found)))

    def erase(self, seqs: Iterable[int]) -> None:
        """Take out the bodies of ``seqs``; durable, and their old keys destroyed, on return."""
        with self._file.write_lock:
            with self._file.writing() as db:
                for row, gone in _by_row(db, sorted(set(seqs))):
                    self._rewrite(db, row, gone)
            self._shred()

    def _rewrite(self, db: apsw.Connection, row: _Row, gone: list[int]) -> None:
        first, count, slot, _ = row
        left = [body or b"" for body in self._open(db, row, 0, count)]
        if not any(left[seq - first] for seq in gone):
            return
        for seq in gone:
            left[seq - first] = b""
        db.execute("DELETE FROM bodies WHERE first = ?", (first,))
        if any(left):
            db.execute(_WRITE, self._sealed(first, left))
        if slot != PLAIN:
            db.execute("INSERT INTO shredding VALUES (?)", (slot,))

    def _shred(self) -> None:
        """Destroy the keys noted, which may have been noted before a crash; the write lock is held."""
        with self._file.reading() as db:
            slots = [slot for (slot,) in db.execute("SELECT slot FROM shredding")]
        if not slots or self._keys is None:
            return
        self._keys.destroy(slots)
        with self._file.writing(durable=False) as db:
            db.execute("DELETE FROM shredding")

    def _in_plain(self, first: int, run: Sequence[bytes]) -> _Row:
        return first, len(run), PLAIN, ends_of(run) + b"".join(run)

    def _sealed(self, first: int, run: Sequence[bytes]) -> _Row:
        row = self._in_plain(first, run)
        if self._keys is None:
            return row
        return first, len(run), *self._keys.seal(row[3], self._about(first, len(run)))

    def _open(self, db: apsw.Connection, row: _Row, start: int, end: int) -> list[bytes | None]:
        """The bodies in places ``start`` up to ``end`` of a row; None throughout if its key is destroyed.

        That is so of a row in a backup from before an erasure, which is meant to be past reading, and of
        every row once the file of keys is lost.
        """
        first, count, slot, sealed = row
        for _ in range(LOOKS):
            plain = self._decrypted(first, count, slot, sealed)
            if plain is not None:
                return self._unpack(first, count, plain, start, end)
            again = db.execute("SELECT slot, sealed FROM bodies WHERE first = ?", (first,)).fetchone()
            if again is None or again[0] == slot:
                break
            slot, sealed = cast("tuple[int, bytes]", again)
        return [None] * (end - start)

    def _decrypted(self, first: int, count: int, slot: int, sealed: bytes) -> bytes | None:
        if slot == PLAIN:
            return sealed
        if self._keys is None:
            raise self._file.damaged(f"bodies of entry {first} in plain", "encrypted ones, and no keys")
        return self._keys.open(slot, sealed, self._about(first, count))

    def _unpack(self, first: int, count: int, plain: bytes, start: int, end: int) -> list[bytes | None]:
        table = 4 * count
        try:
            found = offsets(count, plain[:table])
            if found[-1] != len(plain) - table:
                raise ValueError(f"offsets reaching {len(plain) - table} bytes; {found[-1]} came")
        except ValueError as err:
            raise self._file.damaged(f"sound bodies at entry {first}", str(err)) from None
        return [plain[table + a : table + b] or None for a, b in pairwise(found[start : end + 1])]

    def _about(self, first: int, count: int) -> bytes:
        return f"{self._origin}\n{first}\n{count}".encode()

    def close(self) -> None:
        """Close the file of keys."""
        if self._keys is not None:
            self._keys.close()


def _by_row(db: apsw.Connection, seqs: Sequence[int]) -> list[tuple[_Row, list[int]]]:
    """``seqs``, which rise, by the row they stand in; those without a row are left out."""
    found: list[tuple[_Row, list[int]]] = []
    at = 0
    while at < len(seqs):
        row = cast("_Row | None", db.execute(_OF, (seqs[at],)).fetchone())
        end = row[0] + row[1] if row else 0
        beyond = bisect_right(seqs, end - 1, at)
        if row and beyond > at:
            found.append((row, list(seqs[at:beyond])))
        at = max(beyond, at + 1)
    return found
