"""A partner takes a record back: it leaves every table, and later every page of the file.

The partner's notice (``release.recall``) names a record of its own and the numbers of the entries concerned.
Whether it may is decided here, from the log alone (``fault_of``): a notice that names a record of somebody
else, entries that come after it, or entries of another record, is not applied at all.  What an entry was of
is remembered beside the log when its body is erased, so that a rebuild after that comes to the same.

Dropping a row is not forgetting: old pages, the search index's dead words and the write-ahead log still hold
its content.  The file overwrites what it frees (``secure_delete``); ``scrub`` merges the search index, which
leaves the dead words out, and empties the write-ahead log.  Only then is the notice marked ``scrubbed``, and
the node signs for it (``node/purging``).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import cast

import apsw
import msgspec

from ..log.base import Log
from ..log.commitments import said_at
from ..log.until import Source
from ..partners.records import ONWARD, Recall
from ..records import owner_of

SCRUB_PAGES = 1_000
"""Pages of the search index merged in one step of scrubbing: some tens of milliseconds."""
NOT_THEIRS, BEYOND, ANOTHER = "recall.owner", "recall.beyond", "recall.entry"

RecordAt = Callable[[str, int], str | None]
"""(source, number) to the id of the record that the entry was of, None if its body never came."""
_ERASED = "erased/"


def passed_on(db: apsw.Connection, record_id: str) -> list[bytes]:
    """What this headquarters passed on of a partner's record, as logged."""
    rows = db.execute(
        """SELECT r.raw FROM refs f CROSS JOIN records r ON r.row = f.row
           WHERE f.target = ? AND f.field = 'received' AND r.source = '' AND r.kind = ? ORDER BY r.id""",
        (record_id, ONWARD),
    )
    return [raw for (raw,) in rows]


class _Id(msgspec.Struct):
    id: str


_id_in = msgspec.json.Decoder(_Id).decode


def record_at(log: Source, seq: int) -> str | None:
    """The id of the record at ``seq``, even if it is erased; empty if it is none, None if it never came."""
    said = said_at(log, seq)
    if said is None:
        fact = log.fact(f"{_ERASED}{seq}")
        return None if fact is None else fact.decode()
    try:
        return _id_in(said).id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def erase(log: Log, recall: Recall) -> None:
    """Erase what a sound notice names from the log it came in, and remember what it was of."""
    log.set_facts({f"{_ERASED}{seq}": recall.about.encode() for seq in recall.entries})
    log.erase(recall.entries)


def fault_of(recall: Recall, source: str, seq: int, record_at: RecordAt) -> str:
    """Why the notice at ``seq`` of ``source`` is not applied, as a code; empty if it is."""
    if owner_of(recall.about) != source:
        return NOT_THEIRS
    if any(not 0 <= named < seq for named in recall.entries):
        return BEYOND
    found = (record_at(source, named) for named in recall.entries)
    return "" if all(of is None or of == recall.about for of in found) else ANOTHER


class Gone(msgspec.Struct, frozen=True):
    """What a record that was dropped had been, for those who showed it."""

    kind: str
    version: int
    seq: int
    label: int
    realm: str


def drop(cursor: apsw.Cursor, tables: Sequence[str], recall: Recall, source: str, seq: int) -> Gone | None:
    """Take the record out of all tables, the rooms' ``tables`` among them; what it had been, if there."""
    named = msgspec.json.encode(recall.entries).decode()
    cursor.execute(
        "DELETE FROM unreadable WHERE source = ? AND seq IN (SELECT value FROM json_each(?))", (source, named)
    )
    cursor.execute("INSERT OR IGNORE INTO taken_back VALUES (?, ?, 0)", (source, seq))
    found = cursor.execute(
        """SELECT row, arrival, docs, places, shelf, kind, version, seq, label, realm FROM records
           WHERE id = ? AND source = ?""",
        (recall.about, source),
    ).fetchone()
    if found is None:
        return None
    row, arrival, docs, places, shelf, *rest = found
    cursor.execute("DELETE FROM search WHERE rowid >= ? AND rowid < ?", (arrival, arrival + docs))
    cursor.execute("DELETE FROM places WHERE place >= ? AND place < ?", (2 * row, 2 * row + places))
    cursor.execute("UPDATE shelves SET count = count - 1 WHERE shelf = ?", (shelf,))
    for table in ("refs", *tables, "records"):
        cursor.execute(f'DELETE FROM "{table}" WHERE row = ?', (row,))  # noqa: S608 - names from the schema
    return Gone(*rest)


def tables_by_row(db: apsw.Connection, kernel: frozenset[str]) -> list[str]:
    """The rooms' tables whose rows stand for a record: those with a column ``row``."""
    names = [
        name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name")
    ]
    columns = "SELECT 1 FROM pragma_table_info(?) WHERE name = 'row'"
    return [name for name in names if name not in kernel and db.execute(columns, (name,)).fetchone()]


def scrub(db: apsw.Connection) -> Iterator[bool]:
    """Make what was dropped unreadable in the file, step by step; True while there is more to do.

    A last step that finds the write-ahead log in use by a reader is to be repeated.
    """
    db.execute("INSERT INTO search(search, rank) VALUES ('merge', ?)", (-SCRUB_PAGES,))
    while True:
        before = db.total_changes()
        db.execute("INSERT INTO search(search, rank) VALUES ('merge', ?)", (SCRUB_PAGES,))
        if db.total_changes() - before < 2:
            break
        yield True
    while not emptied(db):
        yield True
    yield False


def emptied(db: apsw.Connection) -> bool:
    """Copy the write-ahead log into the file and cut it off; False while a reader is in the way."""
    busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() or (0, 0, 0)
    return not busy


def unscrubbed(db: apsw.Connection) -> bool:
    """Whether a notice waits for its scrubbing."""
    return bool(db.execute("SELECT EXISTS (SELECT 1 FROM taken_back WHERE scrubbed = 0)").get)


def due(db: apsw.Connection, source: str, first: int) -> list[int]:
    """Numbers, from ``first`` on, of the notices of ``source`` that are scrubbed, up to one that is not.

    None while something of our own that followed a notice is not scrubbed: it may have been this one.
    """
    if db.execute("SELECT EXISTS (SELECT 1 FROM taken_back WHERE source = '' AND scrubbed = 0)").get:
        return []
    rows = db.execute(
        "SELECT seq, scrubbed FROM taken_back WHERE source = ? AND seq >= ? ORDER BY seq", (source, first)
    ).fetchall()
    ready: list[int] = []
    for seq, scrubbed in cast("list[tuple[int, int]]", rows):
        if not scrubbed:
            break
        ready.append(seq)
    return ready
