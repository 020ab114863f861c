"""What only the home in a file promises: locking, damage named, opening in no time, upkeep, verification."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from renkei.kernel.errors import OurFault
from renkei.kernel.log import merkle, sqlite_file
from renkei.kernel.log.base import CHECKPOINT, Draft
from renkei.kernel.log.checkpoint import Checkpoint, NoteSigner, sign_checkpoint
from renkei.kernel.log.sqlite import SqliteLog
from renkei.kernel.log.verify import Finding, Stated

ORIGIN = "renkei/us.usfj/master"
AT = datetime(2022, 9, 18, 6, 5, 4, tzinfo=UTC)
SIGNER = NoteSigner("us.usfj", Ed25519PrivateKey.from_private_bytes(bytes(32)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def keyed(first: int, count: int) -> list[Draft]:
    return [Draft(b"key%d\0001" % place, f"key{place}", 1) for place in range(first, first + count)]


def stated(entry: bytes) -> tuple[str, int]:
    key, _, version = entry.decode().partition("\0")
    return key, int(version)


def filled(path: Path, count: int = 1000) -> SqliteLog:
    """A sealed log with a signed checkpoint."""
    log = SqliteLog(path, ORIGIN)
    for first in range(0, count, 100):
        log.append(keyed(first, 100), AT)
    head = log.seal()
    log.set_facts({CHECKPOINT: sign_checkpoint(Checkpoint(ORIGIN, head.size, head.root), SIGNER)})
    return log


def findings(log: SqliteLog, stated: Stated | None = stated) -> list[Finding]:
    verification = log.verify(stated)
    try:
        while True:
            next(verification)
    except StopIteration as end:
        found: list[Finding] = end.value
        return found


def tamper(path: Path, sql: str) -> None:
    db = apsw.Connection(str(path))
    db.execute(sql)
    db.close()


# Opening


def test_a_log_opens_again_with_all_it_held(path: Path) -> None:
    log = filled(path)
    head = log.head()
    log.close()
    again = SqliteLog(path, ORIGIN)
    assert (again.size, again.head(), again.newest_version("key7")) == (1000, head, 1)
    assert again.append([Draft(b"key7\0002", "key7", 2)], AT) == 1000
    again.close()


def test_the_tree_goes_on_after_entries_that_were_never_sealed(path: Path) -> None:
    log = SqliteLog(path, ORIGIN)
    log.append(keyed(0, 300), AT)
    log.seal()
    log.append(keyed(300, 5000), AT)
    log.close()
    again = SqliteLog(path, ORIGIN)
    assert 300 <= again.head().size < 5300
    entries = [entry for pack in again.read(0, 5300) for entry in pack.entries]
    assert again.seal().root == merkle.root_of(merkle.leaf_hashes(entries))
    again.close()


def test_opening_reads_a_handful_of_rows_whatever_the_size(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = SqliteLog(path, ORIGIN)
    for _ in range(30):
        log.append([Draft(b"x" * 20)] * 10_000, AT)
    log.seal()
    log.close()
    took = []
    for _ in range(5):  # the best of five, for the machine may be busy with something else
        began = time.perf_counter()
        again = SqliteLog(path, ORIGIN)
        took.append(time.perf_counter() - began)
        assert again.head().size > 300_000 - 256
        again.close()
    assert min(took) < 0.05


def test_a_second_writer_is_refused_and_let_in_once_the_first_has_closed(path: Path) -> None:
    log = SqliteLog(path, ORIGIN)
    code = (
        "import sys; from pathlib import Path; from renkei.kernel.log.sqlite import SqliteLog\n"
        f"SqliteLog(Path(sys.argv[1]), {ORIGIN!r}).close()"
    )
    command = [sys.executable, "-c", code, str(path)]
    environment = {**os.environ, "PYTHONPATH": "src"}
    second = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert second.returncode == 1 and "log.locked" in second.stderr
    with pytest.raises(OurFault, match=r"log\.locked"):
        SqliteLog(path, ORIGIN)
    log.close()
    assert subprocess.run(command, env=environment, check=False).returncode == 0


def test_a_reader_sees_what_the_writer_commits_and_proves_it_but_writes_nothing(path: Path) -> None:
    log = filled(path)
    reader = SqliteLog(path, ORIGIN, read_only=True)
    log.append(keyed(1000, 70_000), AT)
    assert (reader.size, reader.entry(1005), reader.newest_version("key1005")) == (71_000, b"key1005\0001", 1)
    head = reader.seal()
    assert head == log.seal()
    path_of_entry = reader.inclusion(3, head.size)
    assert merkle.verify_inclusion(merkle.leaf_hash(log.entry(3)), 3, head.size, path_of_entry, head.root)
    assert reader.consistency(70_999, 71_000) == log.consistency(70_999, 71_000)
    for write in (lambda: reader.append(keyed(0, 1), AT), lambda: reader.set_facts({"a": b""})):
        with pytest.raises(OurFault, match=r"log\.closed"):
            write()
    reader.close()
    log.close()


def test_the_file_and_its_lock_are_for_the_owner_only(path: Path) -> None:
    log = filled(path)
    for name in ("log.db", "log.db.lock", "log.db-wal"):
        assert path.with_name(name).stat().st_mode & 0o777 == 0o600
    log.close()


# Damage


def test_a_missing_log_is_not_made_by_a_reader(path: Path) -> None:
    with pytest.raises(OurFault, match=r"log\.missing.*log\.db"):
        SqliteLog(path, ORIGIN, read_only=True)
    assert not path.exists()


def test_another_logs_file_is_refused_by_name(path: Path) -> None:
    filled(path).close()
    with pytest.raises(OurFault, match=r"log\.origin.*the log renkei/us\.usfj/master came"):
        SqliteLog(path, "renkei/us.usfj/audit")


def test_a_file_left_by_a_crash_before_its_tables_were_made_is_made_anew(path: Path) -> None:
    path.touch()
    log = SqliteLog(path, ORIGIN)
    assert log.size == 0
    log.close()


@pytest.mark.parametrize(
    "content",
    [pytest.param(b"not SQLite" * 1000, id="other bytes"), pytest.param(b"SQLite format 3\0", id="cut")],
)
def test_a_file_that_is_no_database_is_named(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(OurFault, match=r"log\.damaged: expected .*log\.db"):
        SqliteLog(path, ORIGIN)
    assert path.read_bytes() == content, "a damaged file is left as it is"


def test_another_programs_database_is_refused(path: Path) -> None:
    tamper(path, "CREATE TABLE t (x)")
    with pytest.raises(OurFault, match=r"log\.damaged.*a file marked 0x0"):
        SqliteLog(path, ORIGIN)


def test_a_newer_schema_is_refused(path: Path) -> None:
    filled(path).close()
    tamper(path, "PRAGMA user_version=2")
    with pytest.raises(OurFault, match=r"log\.version: expected .*version 1; version 2 came"):
        SqliteLog(path, ORIGIN)


def test_a_file_without_one_of_its_tables_is_refused(path: Path) -> None:
    filled(path).close()
    tamper(path, "DROP TABLE heads")
    with pytest.raises(OurFault, match=r"log\.damaged.*a file without heads"):
        SqliteLog(path, ORIGIN)


def test_a_truncated_file_is_named_as_damaged(path: Path) -> None:
    filled(path).close()
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(OurFault, match=r"log\.damaged.*log\.db"):
        log = SqliteLog(path, ORIGIN)
        try:
            list(log.read(0, 1000))
        finally:
            log.close()


def test_a_hole_in_the_numbering_is_named_when_read(path: Path) -> None:
    log = filled(path)
    tamper(path, "DELETE FROM packs WHERE first = 300")
    assert sum(len(pack.entries) for pack in log.read(0, 300)) == 300
    for first in (250, 350):
        with pytest.raises(OurFault, match=r"log\.damaged: .*an entry numbered"):
            list(log.read(first, 200))
    with pytest.raises(OurFault, match=r"log\.damaged"):
        log.entry(350)
    log.close()


def test_a_pack_whose_offsets_lie_is_named_when_read(path: Path) -> None:
    log = filled(path)
    tamper(path, "UPDATE packs SET entries = substr(entries, 2) WHERE first = 300")
    with pytest.raises(OurFault, match=r"a sound pack at entry 300"):
        list(log.read(300, 1))
    log.close()


def test_tiles_beyond_the_entries_stop_the_log_from_opening(path: Path) -> None:
    filled(path).close()
    tamper(path, "DELETE FROM packs WHERE first >= 500")
    with pytest.raises(OurFault, match=r"log\.damaged.*entries under 3 tiles; 500 entries came"):
        SqliteLog(path, ORIGIN)


def test_after_a_failed_write_the_log_refuses_to_write_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = filled(path)
    db = log._file.writer

    class Failing:
        def __getattr__(self, name: str) -> object:
            return getattr(db, name)

        def execute(self, sql: str, *bound: object) -> object:
            if sql == "COMMIT":
                raise apsw.IOError("disk I/O error")
            return db.execute(sql, *bound)

    monkeypatch.setattr(log._file, "writer", Failing())
    with pytest.raises(OurFault, match=r"log\.disk"):
        log.append(keyed(1000, 1), AT)
    monkeypatch.setattr(log._file, "writer", db)
    with pytest.raises(OurFault, match=r"log\.disk: .*without fault"):
        log.append(keyed(1000, 1), AT)
    assert (log.size, sum(len(pack.entries) for pack in log.read(0, 2000))) == (1000, 1000)
    log.close()


def test_a_full_disk_is_named_loses_nothing_and_appends_go_on_when_there_is_room(path: Path) -> None:
    log = filled(path)
    assert log._file.writer is not None
    pages = log._file.writer.pragma("page_count")
    log._file.writer.execute(f"PRAGMA max_page_count={pages + 5}")
    with pytest.raises(OurFault, match=r"log\.full"):
        log.append([Draft(bytes(100_000))], AT)
    assert log.size == 1000
    log._file.writer.execute("PRAGMA max_page_count=1000000")
    assert log.append([Draft(bytes(100_000))], AT) == 1000
    assert findings(log, lambda entry: stated(entry) if entry.startswith(b"key") else None) == []
    log.close()


def test_a_seal_that_cannot_store_its_tiles_is_made_good_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = filled(path)
    log.append(keyed(1000, 1000), AT)
    with monkeypatch.context() as patch, pytest.raises(OurFault):
        patch.setattr(log._file, "writer", None)
        log.seal()
    assert log.seal().size == 2000
    assert findings(log) == []
    log.close()


def test_a_closed_log_says_so(path: Path) -> None:
    log = filled(path)
    log.close()
    for use in (lambda: log.append(keyed(1000, 1), AT), lambda: log.entry(0), lambda: log.fact("a")):
        with pytest.raises(OurFault, match=r"log\.closed"):
            use()


# Upkeep


def test_the_write_ahead_log_starts_over_under_steady_appends(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "WAL_RESET_BYTES", 1024 * 1024)
    log = SqliteLog(path, ORIGIN)
    for _ in range(20):
        log.append([Draft(bytes(100_000))] * 10, AT)
        frames, copied = log.checkpoint_wal()
        assert frames == copied
    assert log.wal_bytes() < 3 * 1024 * 1024
    log.close()


def test_a_log_nobody_looks_after_bounds_its_write_ahead_log_by_itself(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "WAL_RESET_BYTES", 1024 * 1024)
    monkeypatch.setattr(sqlite_file, "WAL_OVERDUE_BYTES", 4 * 1024 * 1024)
    monkeypatch.setattr(sqlite_file, "OVERDUE_PAUSE_S", 0.0)
    log = SqliteLog(path, ORIGIN)
    for _ in range(60):
        log.append([Draft(bytes(100_000))] * 10, AT)
        time.sleep(0.002)
    assert log.wal_bytes() < 30 * 1024 * 1024
    log.close()


def test_reading_keeps_no_connection_per_thread(path: Path) -> None:
    log = filled(path)
    readers = [log.read(0, 1000) for _ in range(50)]
    for reader in readers:
        next(reader)
    assert len(log._file._readers) <= sqlite_file.IDLE_READERS
    log.close()


# Verification


def test_a_sound_log_has_no_findings_and_progress_reaches_its_end(path: Path) -> None:
    log = filled(path)
    log.append([Draft(b"key3\0002", "key3", 2)], AT)
    assert findings(log) == findings(log, None) == []
    assert [progress.done for progress in log.verify()] == [*range(100, 1001, 100), 1001]
    log.close()


DAMAGES = {
    "entry changed": (
        "UPDATE packs SET entries = CAST(replace(entries, 'key305', 'key999') AS BLOB) WHERE first = 300",
        "log.tile",
    ),
    "pack gone": ("DELETE FROM packs WHERE first = 300", "log.numbering"),
    "offsets cut": ("UPDATE packs SET ends = substr(ends, 5) WHERE first = 300", "log.pack"),
    "count wrong": ("UPDATE packs SET count = 99 WHERE first = 300", "log.pack"),
    "tile changed": ("UPDATE tiles SET hashes = zeroblob(8192) WHERE level = 0 AND number = 1", "log.tile"),
    "tile gone": ("DELETE FROM tiles WHERE level = 0 AND number = 1", "log.tile"),
    "upper tile changed": ("UPDATE tiles SET hashes = zeroblob(96) WHERE level = 1", "log.tile"),
    "end cut": ("DELETE FROM packs WHERE first >= 900", "log.checkpoint"),
    "head ahead": ("UPDATE heads SET version = 2 WHERE key = 'key7'", "log.heads"),
    "head gone": ("DELETE FROM heads WHERE key = 'key7'", "log.heads"),
    "head of nothing": ("INSERT INTO heads VALUES ('nothing', 1)", "log.heads"),
    "checkpoint garbled": ("UPDATE facts SET value = x'00'", "log.checkpoint"),
}


@pytest.mark.parametrize(("sql", "code"), DAMAGES.values(), ids=DAMAGES.keys())
def test_verification_names_every_kind_of_damage(path: Path, sql: str, code: str) -> None:
    log = filled(path)
    tamper(path, sql)
    found = findings(log)
    assert code in {finding.code for finding in found}
    assert all(str(finding).startswith("log.") for finding in found)
    log.close()


def test_a_rewritten_entry_beneath_rewritten_tiles_is_found_by_the_signed_checkpoint(path: Path) -> None:
    log = filled(path)
    log.close()
    tamper(path, DAMAGES["entry changed"][0])
    tamper(path, "DELETE FROM tiles")
    log = SqliteLog(path, ORIGIN)
    log.seal()
    assert [finding.code for finding in findings(log, None)] == ["log.checkpoint"]
    log.close()


def test_versions_out_of_order_in_the_entries_are_found(path: Path) -> None:
    log = SqliteLog(path, ORIGIN)
    log.append([Draft(b"k\0001"), Draft(b"k\0003")], AT)
    assert [finding.code for finding in findings(log)] == ["log.version", "log.heads"]
    log.close()


def test_a_reader_in_the_moment_between_commit_and_size_sees_nothing_beyond_the_size(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, seen = filled(path, 100), []
    writing = log._file.writing

    @contextmanager
    def and_look(durable: bool = True) -> Iterator[object]:
        with writing(durable) as db:
            yield db
        seen.append((log.size, [entry for pack in log.read(0) for entry in pack.entries]))

    monkeypatch.setattr(log._file, "writing", and_look)
    log.append([Draft(b"more")] * 5, AT)
    size, entries = seen[0]
    assert (size, len(entries)) == (100, 100)
    assert sum(len(pack.entries) for pack in log.read(0)) == 105
    log.close()
