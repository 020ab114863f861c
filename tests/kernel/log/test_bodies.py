"""Bodies on disk: nothing in plain, keys destroyed on erasure, whatever crashes between the steps."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from renkei.kernel.errors import OurFault
from renkei.kernel.log.base import Draft, Log
from renkei.kernel.log.commitments import Salts, commitment, commitments, said_at
from renkei.kernel.log.shredding import KEY_BYTES, ShredFile
from renkei.kernel.log.sqlite import SqliteLog
from renkei.kernel.log.verify import Finding

ORIGIN = "renkei/us.usfj/jp.jjoc"
AT = datetime(2022, 9, 18, 6, 5, 4, tzinfo=UTC)
MARKER = b"MIYAKO-FLOODED-ROADS"
KEYS = "shred/us.usfj.keys"


def open_log(folder: Path, **more: bool) -> SqliteLog:
    return SqliteLog(folder / "log.db", ORIGIN, bodied=True, keys=folder / KEYS, **more)


def drafts(first: int, count: int) -> list[Draft]:
    bodies = [b"%016d" % n + MARKER + b" %d" % n for n in range(first, first + count)]
    return [Draft(entry, body=body) for entry, body in zip(commitments(bodies), bodies, strict=True)]


def said(log: Log) -> list[bytes | None]:
    return [body and body[16 + len(MARKER) :] for pack in log.read(0, log.size) for body in pack.bodies]


def findings(log: SqliteLog) -> list[Finding]:
    verification = log.verify()
    try:
        while True:
            next(verification)
    except StopIteration as end:
        found: list[Finding] = end.value
        return found


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def stored(folder: Path, sql: str) -> list[tuple[int, ...]]:
    db = apsw.Connection(str(folder / "log.db"))
    try:
        return list(db.execute(sql))
    finally:
        db.close()


def test_no_body_is_ever_on_disk_in_plain(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.append(drafts(0, 500), AT)
    log.checkpoint_wal()
    assert MARKER not in everything_in(tmp_path)
    log.close()
    again = open_log(tmp_path)
    assert said(again) == [b" %d" % n for n in range(500)]
    again.close()


def test_a_copy_from_before_an_erasure_cannot_be_read_any_more(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.append(drafts(0, 10), AT)
    log.append(drafts(10, 10), AT)
    log.checkpoint_wal()
    before = (tmp_path / "log.db").read_bytes()
    (old,) = [slot for first, slot in stored(tmp_path, "SELECT first, slot FROM bodies") if first == 0]
    log.erase([3])
    log.close()
    keys = (tmp_path / KEYS).read_bytes()
    assert keys[old * KEY_BYTES :][:KEY_BYTES] == bytes(KEY_BYTES)
    for leftover in tmp_path.glob("log.db*"):
        leftover.unlink()
    (tmp_path / "log.db").write_bytes(before)
    restored = open_log(tmp_path)
    assert said(restored) == [None] * 10 + [b" %d" % n for n in range(10, 20)]
    restored.close()


def test_a_reader_beside_the_writer_follows_an_erasure(tmp_path: Path) -> None:
    log, reader = open_log(tmp_path), open_log(tmp_path, read_only=True)
    log.append(drafts(0, 3), AT)
    assert said(reader) == [b" 0", b" 1", b" 2"]
    log.erase([1])
    assert said(reader) == [b" 0", None, b" 2"]
    reader.close()
    log.close()


def test_a_row_rewritten_between_two_looks_is_read_afresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, reader = open_log(tmp_path), open_log(tmp_path, read_only=True)
    log.append(drafts(0, 3), AT)
    real, erased = ShredFile.open, []

    def late(keys: ShredFile, slot: int, sealed: bytes, about: bytes) -> bytes | None:
        if not erased:
            erased.append(slot)
            log.erase([0])
        return real(keys, slot, sealed, about)

    monkeypatch.setattr(ShredFile, "open", late)
    assert said(reader) == [None, b" 1", b" 2"]
    reader.close()
    log.close()


def test_verifying_holds_every_body_against_its_commitment(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    good = drafts(0, 3)
    log.append([good[0], Draft(good[1].entry, body=good[2].body), good[2]], AT)
    log.erase([0])
    assert [(f.code, f.where) for f in findings(log)] == [("log.body", "entry 1")]
    log.close()


def test_a_log_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    open_log(tmp_path).close()
    with pytest.raises(OurFault, match=r"log\.version"):
        SqliteLog(tmp_path / "log.db", ORIGIN)


def test_bodies_whose_keys_are_lost_are_gone_and_new_ones_are_not(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.append(drafts(0, 3), AT)
    log.close()
    (tmp_path / KEYS).unlink()
    log = open_log(tmp_path)
    log.append(drafts(3, 2), AT)
    assert said(log) == [None, None, None, b" 3", b" 4"]
    log.close()


def test_a_strange_file_of_keys_is_refused(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.append(drafts(0, 300), AT)
    log.close()
    keys = tmp_path / KEYS
    keys.write_bytes(keys.read_bytes()[:KEY_BYTES] + bytes(range(256)) * 16)
    with pytest.raises(OurFault, match=r"shred\.key"):
        said(open_log(tmp_path, read_only=True))
    keys.write_bytes(b"something else, and long enough to be a mark")
    with pytest.raises(OurFault, match=r"shred\.damaged"):
        open_log(tmp_path)


def test_salts_follow_from_the_secret_and_the_number_alone() -> None:
    salts, renditions = Salts(bytes(32)), [b"a"] * 20
    whole = salts.bodies(5, renditions)
    assert [salts.bodies(5 + n, [b"a"])[0] for n in range(20)] == whole
    assert len({body[:16] for body in whole}) == 20
    assert Salts(bytes(31) + b"x").bodies(5, renditions) != whole
    assert [commitment(body) for body in whole] == commitments(whole)


def test_the_known_answers_of_the_protocol_page_hold() -> None:
    salts = Salts(bytes(32))
    assert salts.bodies(0, [b""])[0].hex() == "877a10238d77378a7d585d6dd16ce66e"
    body = salts.bodies(5, [b"{}"])[0]
    assert body[:16].hex() == "057a3f753c37a8e9269441bdce963af5"
    assert commitment(body).hex() == "bab9ae2289287e6d59c4dbf4b80c40ca826c87403e8c26a6a1bcae6105bda2f4"


def test_what_a_log_says_is_its_entries_or_its_bodies(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.append(drafts(0, 1), AT)
    assert said_at(log, 0) == MARKER + b" 0"
    log.erase([0])
    assert said_at(log, 0) is None
    log.close()


CRASH = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from renkei.kernel.log import bodies, shredding, sqlite_file
from renkei.kernel.log.sqlite import SqliteLog

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

folder, where = Path(sys.argv[1]), sys.argv[2]
log = SqliteLog(folder / "log.db", sys.argv[3], bodied=True, keys=folder / sys.argv[4])
if where == "new key ready":
    real = shredding.ShredFile.seal
    shredding.ShredFile.seal = lambda self, *rest: (real(self, *rest), die())
elif where == "row written, not committed":
    bodies.Bodies._shred = die
    real_writing = sqlite_file.LogFile.writing
    from contextlib import contextmanager
    @contextmanager
    def writing(self, durable=True):
        with real_writing(self, durable) as db:
            yield db
            die()
    sqlite_file.LogFile.writing = writing
elif where == "committed, key not destroyed":
    shredding.ShredFile.destroy = die
elif where == "key destroyed, note left":
    real_destroy = shredding.ShredFile.destroy
    def destroy(self, slots):
        real_destroy(self, slots)
        die()
    shredding.ShredFile.destroy = destroy
elif where == "acknowledged":
    log.erase([3])
    os.write(1, b"erased")
    die()
log.erase([3])
"""
MOMENTS = {
    "new key ready": False,
    "row written, not committed": False,
    "committed, key not destroyed": True,
    "key destroyed, note left": True,
    "acknowledged": True,
}


@pytest.mark.crash
@pytest.mark.parametrize(("moment", "gone"), MOMENTS.items(), ids=[m.replace(" ", "-") for m in MOMENTS])
def test_an_erasure_killed_at_any_moment_is_not_begun_or_is_finished_by_the_next_start(
    tmp_path: Path, moment: str, gone: bool
) -> None:
    log = open_log(tmp_path)
    log.append(drafts(0, 10), AT)
    log.close()
    ((old,),) = stored(tmp_path, "SELECT slot FROM bodies")
    child = subprocess.run(
        [sys.executable, "-c", CRASH, str(tmp_path), moment, ORIGIN, KEYS],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    again = open_log(tmp_path)
    assert said(again) == [None if gone and n == 3 else b" %d" % n for n in range(10)]
    key = (tmp_path / KEYS).read_bytes()[old * KEY_BYTES :][:KEY_BYTES]
    assert (key == bytes(KEY_BYTES)) is gone
    assert stored(tmp_path, "SELECT slot FROM shredding") == []
    again.erase([3])
    again.append(drafts(10, 5), AT)
    assert said(again) == [None if n == 3 else b" %d" % n for n in range(15)]
    assert findings(again) == []
    again.close()
