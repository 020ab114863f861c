"""The kernel's tables, and how their file is opened.

``records`` has the newest version of every record.  Two numbers order it: ``row`` is given once and
stays, so that other tables can point at it; ``arrival`` is given anew with each version, so that "the
newest" is an index read.  A *shelf* is one combination of label, kind and owner; ``(shelf, arrival)``
is the only index that lists read, whatever they filter by, because what a reader may see and asks
for is always a set of shelves.

``labels`` has a row per realm and set of labels that must all be covered: nearly always a record's
own label alone; also those of portions that it cannot be without; and for texts under a label of
their own, that label beside the record's.

The file can be built again from the logs at any time, so a lost last transaction costs nothing
(``synchronous=NORMAL``), and a change of shape is a rebuild, never a migration.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import apsw

from .base import View

SCHEMA_VERSION = 3
"""Raised with every change to the tables below or to what the fold writes into them."""

PAGE_BYTES = 4096
WRITER_CACHE_KIB = 64 * 1024
"""The fold's page cache: the upper levels of every index of a million records, and a batch's leaves."""

READER_CACHE_KIB = 4 * 1024
"""One reading connection's page cache; what several share is in the operating system's."""

READER_MMAP_BYTES = 96 * 1024 * 1024
"""How much of the file readers map: counted as resident once touched, so it stays small."""

CHECKPOINT_PAGES = 16_000
"""Write-ahead log pages before they are moved into the file, 64 MB: a batch of updates scattered over a
million records dirties half of that, and pages dirtied twice are moved once."""

SEARCH_HASH_BYTES = 32 * 1024 * 1024
"""The search index gathers this much in memory before writing: more than a batch, so one part each."""

SEARCH_SETTINGS = (
    ("hashsize", SEARCH_HASH_BYTES),
    ("automerge", 8),
    ("crisismerge", 32),
    ("usermerge", 2),
    ("pgsz", 4050),
)
"""A word is looked up in every part of the index, under every label, so few parts make quick answers.
While folding, eight parts of a size become one; idle moments merge the rest (``ViewStore.tidy``)."""

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE positions (source TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE unreadable (
    source TEXT NOT NULL, seq INTEGER NOT NULL, code TEXT NOT NULL, PRIMARY KEY (source, seq, code)
) STRICT, WITHOUT ROWID;
CREATE TABLE taken_back (
    source TEXT NOT NULL, seq INTEGER NOT NULL, scrubbed INTEGER NOT NULL, PRIMARY KEY (source, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE labels (row INTEGER PRIMARY KEY, realm TEXT NOT NULL, json TEXT NOT NULL) STRICT;
CREATE TABLE shelves (
    shelf INTEGER PRIMARY KEY, label INTEGER NOT NULL, kind TEXT NOT NULL, owner TEXT NOT NULL,
    count INTEGER NOT NULL
) STRICT;
CREATE TABLE records (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL, shelf INTEGER NOT NULL, arrival INTEGER NOT NULL,
    kind TEXT NOT NULL, owner TEXT NOT NULL, source TEXT NOT NULL, realm TEXT NOT NULL,
    label INTEGER NOT NULL, version INTEGER NOT NULL, at INTEGER NOT NULL, seq INTEGER NOT NULL,
    logged_at INTEGER NOT NULL, docs INTEGER NOT NULL, places INTEGER NOT NULL, refs INTEGER NOT NULL,
    fault TEXT NOT NULL, raw BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX records_by_id ON records (id);
CREATE UNIQUE INDEX records_by_arrival ON records (arrival);
CREATE INDEX records_by_shelf ON records (shelf, arrival);
CREATE INDEX records_by_fault ON records (source, seq, fault) WHERE fault <> '';
CREATE TABLE refs (
    target TEXT NOT NULL, row INTEGER NOT NULL, field TEXT NOT NULL, PRIMARY KEY (target, row, field)
) STRICT, WITHOUT ROWID;
CREATE INDEX refs_by_row ON refs (row);
CREATE VIRTUAL TABLE search USING fts5(
    words, content='', contentless_delete=1, detail=none, tokenize='ascii'
);
CREATE VIRTUAL TABLE places USING rtree(place, west, east, south, north, shelf, shelf_high);
"""

FLAGS = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE


def open_writer(path: Path, *, rebuilding: bool = False) -> apsw.Connection:
    """The one connection that writes.  ``rebuilding`` a file that is thrown away if anything fails."""
    db = apsw.Connection(str(path), flags=FLAGS)
    db.set_busy_timeout(5_000)
    settings = (
        f"PRAGMA page_size={PAGE_BYTES}; PRAGMA cache_size=-{WRITER_CACHE_KIB}; PRAGMA temp_store=MEMORY;"
        "PRAGMA secure_delete=ON;"
    )
    if rebuilding:
        settings += "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
    else:
        settings += "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        settings += f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES};"
    db.execute(settings).fetchall()
    return db


def open_reader(path: Path) -> apsw.Connection:
    """A connection that can only read."""
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(5_000)
    db.execute(
        f"PRAGMA query_only=1; PRAGMA cache_size=-{READER_CACHE_KIB}; PRAGMA mmap_size={READER_MMAP_BYTES};"
    ).fetchall()
    return db


def create(db: apsw.Connection, views: Sequence[View], fingerprint: str) -> None:
    """Make all tables in an empty file."""
    with db:
        db.execute(TABLES).fetchall()
        for name, value in SEARCH_SETTINGS:
            db.execute("INSERT INTO search(search, rank) VALUES (?, ?)", (name, value))
        for view in views:
            db.execute(view.schema).fetchall()
        db.execute("INSERT INTO meta VALUES ('fingerprint', ?)", (fingerprint,))


def fingerprint_of(views: Sequence[View], kinds: Iterable[str]) -> str:
    """A digest of everything that, when changed, makes the tables outdated."""
    parts = [f"kernel {SCHEMA_VERSION}", *(f"{v.name} {v.version} {v.schema}" for v in views), *sorted(kinds)]
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def fingerprint_in(db: apsw.Connection) -> str | None:
    """The digest the file was made with; empty if it is not ours, None if it has no tables at all."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type='table'")}
    if not tables:
        return None
    if "meta" not in tables:
        return ""
    found = db.execute("SELECT value FROM meta WHERE name='fingerprint'").fetchall()
    return str(found[0][0]) if found else ""


def own_tables() -> frozenset[str]:
    """Names of the kernel's tables, those that SQLite keeps behind search and places included."""
    db = apsw.Connection(":memory:")
    db.execute(TABLES).fetchall()
    return frozenset(name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type='table'"))
