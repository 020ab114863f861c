"""The SQLite file under a log: its tables, opening it, locking it, and whose fault an error is.

One connection writes, under a lock; readers take connections from a small pool for the length of one
query, so that no thread keeps one and memory stays flat however many threads there are.  Write-ahead
logging with ``synchronous=FULL``: a commit returns when its bytes are on disk.  SQLite's own
checkpointing is off on the writer, because it would make some unlucky append pay for it;
``LogFile.checkpoint_wal`` does it from another connection.

A second process may read the file but not write it: the writer holds an ``flock`` on ``<file>.lock``.
(Not on the file itself: closing any descriptor of that would drop SQLite's own locks on it.)
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, Thread

import apsw

from ..errors import OurFault, RenkeiError, Unreachable

APPLICATION_ID = 0x524B4C47
"""``RKLG``, in the file's header: what makes it a log of Renkei's."""
PLAIN_VERSION, BODIED_VERSION = 1, 2
"""Versions of the file: without and with bodies beside the entries."""

WAL_RESET_BYTES = 16 * 1024 * 1024
"""Beyond this the write-ahead log is started over, holding appends for as long as the last few frames
take; it bounds the file and the time to recover it after a crash (about 0.1 s)."""

WAL_OVERDUE_BYTES = 4 * WAL_RESET_BYTES
"""Beyond this a log that nobody looks after (it has no sealer) copies its write-ahead log by itself."""
OVERDUE_PAUSE_S = 1.0
"""Between two such copies."""
CATCH_UP_PASSES = 5
"""Copies beside appends before they are held after all: each leaves less, unless the disk cannot follow."""
QUICK_PASS_S = 0.010
"""A copy shorter than this leaves so little that appends may be held for the rest."""

WRITER_CACHE_KIB = 8 * 1024
"""The writer's page cache: the upper pages of ``heads`` for ten million keys."""
READER_CACHE_KIB = 512
IDLE_READERS = 4
"""Read connections kept open; more are opened under load and closed again."""
BUSY_MS = 5_000
"""How long a connection waits for another's lock; only checkpoints and recovery ever hold one."""

PAGE_BYTES = 4096
"""SQLite's page: of 1 to 16 KiB the fastest for inserts into ``heads`` (see docs/adr/0001)."""

SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE packs (
  first INTEGER PRIMARY KEY, count INTEGER NOT NULL, logged_at INTEGER NOT NULL,
  ends BLOB NOT NULL, entries BLOB NOT NULL) STRICT;
CREATE TABLE heads (key TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE tiles (
  level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL,
  PRIMARY KEY (level, number)) STRICT;
"""
BODIES_SCHEMA = """
CREATE TABLE bodies (
  first INTEGER PRIMARY KEY, count INTEGER NOT NULL, slot INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;
CREATE TABLE shredding (slot INTEGER PRIMARY KEY) STRICT;
"""
_TABLES = {"about", "packs", "heads", "facts", "tiles"}


class LogFile:
    """An open log file: the writer's connection, the readers', and the lock."""

    def __init__(self, path: Path, origin: str, read_only: bool, bodied: bool = False) -> None:
        self.path = path
        self._version = BODIED_VERSION if bodied else PLAIN_VERSION
        self.read_only = read_only
        self.write_lock = Lock()
        self._readers: list[apsw.Connection] = []
        self._pool_lock = Lock()
        self._checkpoint_lock = Lock()
        self._closed = False
        self._broken = ""
        self._overdue_at = 0.0
        self._lock_fd = -1 if read_only else _lock(path)
        self.writer: apsw.Connection | None = None
        try:
            with self.faults():
                self._open(origin)
        except BaseException:
            self.close()
            raise

    def _open(self, origin: str) -> None:
        if self.read_only:
            if not self.path.exists():
                raise OurFault("log.missing", f"a log in {self.path}", "no such file")
            with self.reading() as db:
                self._check(db, origin)
            return
        new = not self.path.exists()
        if new:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            _sync_folder(self.path.parent)
        self.writer = _connect(self.path, apsw.SQLITE_OPEN_READWRITE, WRITER_CACHE_KIB)
        if new or _is_blank(self.writer):
            _create(self.writer, origin, self._version)
        self._check(self.writer, origin)
        self.writer.execute(f"PRAGMA synchronous=FULL; PRAGMA journal_size_limit={WAL_RESET_BYTES}")

    def _check(self, db: apsw.Connection, origin: str) -> None:
        """Raise OurFault unless this is a log file of the known version and name."""
        found = db.pragma("application_id")
        if found != APPLICATION_ID:
            raise self.damaged("a log of Renkei's", f"a file marked {found:#x}")
        version = db.pragma("user_version")
        if version != self._version:
            raise OurFault("log.version", f"{self.path} in version {self._version}", f"version {version}")
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        needed = _TABLES | ({"bodies", "shredding"} if version == BODIED_VERSION else set())
        if missing := needed - tables:
            raise self.damaged(f"the tables {', '.join(sorted(needed))}", f"a file without {min(missing)}")
        named = db.execute("SELECT value FROM about WHERE name = 'origin'").get
        if named != origin:
            raise OurFault("log.origin", f"{self.path} to be the log {origin}", f"the log {named}")

    def damaged(self, expected: str, came: str) -> OurFault:
        """The failure that names this file and what is wrong with it."""
        return OurFault("log.damaged", f"{self.path} to hold {expected}", came)

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except apsw.Error as err:
            raise self._fault(err) from err

    def _fault(self, err: apsw.Error) -> RenkeiError:
        if isinstance(err, (apsw.NotADBError, apsw.CorruptError)):
            return self.damaged("a sound SQLite database", str(err))
        if isinstance(err, (apsw.BusyError, apsw.LockedError)):
            return Unreachable("log.busy", f"{self.path} unlocked within {BUSY_MS} ms", "a lock held on")
        if isinstance(err, apsw.FullError):
            return OurFault("log.full", f"room on the disk of {self.path}", "none")
        return OurFault("log.disk", f"{self.path} to be readable and writable", str(err))

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """A read connection for a short while."""
        if self._closed:
            raise OurFault("log.closed", f"{self.path} to be open", "a closed log")
        with self._pool_lock:
            db = self._readers.pop() if self._readers else None
        with self.faults():
            db = db or _connect(self.path, apsw.SQLITE_OPEN_READONLY, READER_CACHE_KIB)
            try:
                yield db
            finally:
                self._put_back(db)

    def _put_back(self, db: apsw.Connection) -> None:
        with self._pool_lock:
            keep = not self._closed and len(self._readers) < IDLE_READERS
            if keep:
                self._readers.append(db)
        if not keep:
            db.close()

    @contextmanager
    def snapshot(self) -> Iterator[apsw.Connection]:
        """A read connection of one's own that sees the file as it is now, for long work."""
        with self.faults():
            db = _connect(self.path, apsw.SQLITE_OPEN_READONLY, READER_CACHE_KIB)
            try:
                db.execute("PRAGMA temp_store=FILE; BEGIN")
                yield db
            finally:
                db.close()

    @contextmanager
    def writing(self, durable: bool = True) -> Iterator[apsw.Connection]:
        """A write transaction; committed at the end, rolled back on any exception.

        Take ``write_lock`` first.  Without ``durable`` the commit survives a crash of this process but
        not of the machine, and costs no fsync.
        """
        db = self.writer
        if self._broken:
            raise OurFault("log.disk", f"{self.path} written without fault since it was opened", self._broken)
        if db is None:
            raise OurFault("log.closed", f"{self.path} to be open for writing", "a closed or read-only log")
        with self.faults():
            if not durable:
                db.execute("PRAGMA synchronous=NORMAL")
            try:
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                    db.execute("COMMIT")
                except apsw.IOError as err:
                    # after a failed write or fsync nobody knows what of the file is on disk
                    self._broken = str(err)
                    raise
                finally:
                    if db.in_transaction:
                        db.execute("ROLLBACK")
            finally:
                if not durable:
                    db.execute("PRAGMA synchronous=FULL")

    def wal_bytes(self) -> int:
        """The size of the write-ahead log file."""
        try:
            return self.path.with_name(self.path.name + "-wal").stat().st_size
        except FileNotFoundError:
            return 0

    def relieve(self) -> None:
        """After a commit: if the write-ahead log has grown far too long, have it copied in a thread."""
        if time.monotonic() < self._overdue_at or self.wal_bytes() <= WAL_OVERDUE_BYTES:
            return
        self._overdue_at = time.monotonic() + OVERDUE_PAUSE_S
        Thread(target=self._relieve, name=f"relieve {self.path.name}", daemon=True).start()

    def _relieve(self) -> None:
        with suppress(RenkeiError):  # closed meanwhile, or out of room: the next commit says so to its caller
            self.checkpoint_wal()

    def checkpoint_wal(self) -> tuple[int, int]:
        """Copy the write-ahead log into the file.  Returns its frames, and those copied.

        Runs beside appends.  Only when frames pile up beyond WAL_RESET_BYTES does it hold appends for a
        moment, to copy the last few and let the next append start the write-ahead log over.  So that they
        are few, it first copies again what came while it copied, until that is quickly done.
        """
        with self._checkpoint_lock, self.faults():
            if self._closed:
                raise OurFault("log.closed", f"{self.path} to be open", "a closed log")
            db = _connect(self.path, apsw.SQLITE_OPEN_READWRITE, READER_CACHE_KIB)
            try:
                for _ in range(CATCH_UP_PASSES):
                    begun = time.monotonic()
                    frames, copied = db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
                    if frames * PAGE_BYTES <= WAL_RESET_BYTES:
                        return frames, copied
                    if time.monotonic() - begun < QUICK_PASS_S:
                        break
                with self.write_lock:
                    return db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            finally:
                db.close()

    def close(self) -> None:
        """Close every connection and let go of the lock."""
        with self._checkpoint_lock, self.write_lock, self._pool_lock:
            self._closed = True
            idle, self._readers = self._readers, []
            for db in idle:
                db.close()
            if self.writer is not None:
                self.writer.close()
                self.writer = None
            if self._lock_fd >= 0:
                os.close(self._lock_fd)
                self._lock_fd = -1


def _connect(path: Path, flags: int, cache_kib: int) -> apsw.Connection:
    db = apsw.Connection(str(path), flags=flags)
    db.set_busy_timeout(BUSY_MS)
    db.execute(f"PRAGMA cache_size=-{cache_kib}; PRAGMA wal_autocheckpoint=0")
    return db


def _is_blank(db: apsw.Connection) -> bool:
    """Whether the file was made but its tables never committed."""
    objects = db.execute("SELECT count(*) FROM sqlite_schema").get
    return bool(db.pragma("application_id") == 0 and objects == 0)


def _create(db: apsw.Connection, origin: str, version: int) -> None:
    db.execute(f"PRAGMA page_size={PAGE_BYTES}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
    with db:
        db.execute(SCHEMA)
        if version == BODIED_VERSION:
            db.execute(BODIES_SCHEMA)
        db.execute("INSERT INTO about VALUES ('origin', ?)", (origin,))
        db.execute(f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={version}")


def _lock(path: Path) -> int:
    """Hold the writer's lock of ``path``, or raise OurFault if somebody has it."""
    fd = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise OurFault("log.locked", f"{path} not open for writing elsewhere", "another writer") from None
    return fd


def _sync_folder(folder: Path) -> None:
    """Make a new file's name durable."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
