"""Killing the process that appends: nothing acknowledged is lost, nothing is half written.

``SIGKILL`` stands for a crash of the process.  A power cut differs by losing what was not fsynced; that
the append path fsyncs before it answers is SQLite's ``synchronous=FULL``, checked here by reading the
setting on the connection that writes.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from renkei.kernel.log import merkle
from renkei.kernel.log.base import CHECKPOINT, Draft
from renkei.kernel.log.checkpoint import peek_checkpoint
from renkei.kernel.log.sqlite import SqliteLog

ORIGIN = "renkei/us.usfj/master"
AT = datetime(2022, 9, 18, 6, 5, 4, tzinfo=UTC)
ROUNDS = 3
"""Kills in an ordinary run; ``--crash-rounds`` asks for more."""

CHILD = """
import os, random, sys, threading
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from renkei.kernel.clock import SystemClock
from renkei.kernel.log.base import Draft
from renkei.kernel.log.checkpoint import NoteSigner
from renkei.kernel.log.sealer import Sealer
from renkei.kernel.log.sqlite import SqliteLog
from renkei.kernel.log.writer import GroupWriter

path, origin, run = sys.argv[1:]
log = SqliteLog(Path(path), origin)
signer = NoteSigner("us.usfj", Ed25519PrivateKey.from_private_bytes(bytes(32)))
sealer = Sealer(log, signer, lambda note, head: os.write(1, b"s %d\\n" % head.size))
writer = GroupWriter(log, SystemClock())

def work(name):
    for place in range(10**9):
        key, count = f"{run}.{name}.{place}", random.choice([1, 1, 1, 5, 300])
        drafts = [Draft(f"{key}\\0{v + 1}\\0{count}\\0{'x' * random.randrange(600)}".encode(), key, v + 1)
                  for v in range(count)]
        first = writer.submit(drafts).result()
        os.write(1, f"a {first} {count} {key}\\n".encode())

for name in range(8):
    threading.Thread(target=work, args=(name,), daemon=True).start()
threading.Event().wait()
"""


def rounds(config: pytest.Config) -> int:
    return int(config.getoption("--crash-rounds", default=None) or ROUNDS)


def run_and_kill(path: Path, run: int, seconds: float) -> tuple[list[tuple[int, int, str]], int]:
    """Appends a child process acknowledged before it was killed, and the size it last signed for."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), ORIGIN, str(run)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout is not None
    head = child.stdout.readline()
    time.sleep(seconds)
    child.send_signal(signal.SIGKILL)
    lines = (head + child.stdout.read()).decode().splitlines(keepends=True)
    assert child.wait() == -signal.SIGKILL, "the child ran into a failure of its own"
    whole = [line.split() for line in lines if line.endswith("\n")]
    acknowledged = [(int(word[1]), int(word[2]), word[3]) for word in whole if word[0] == "a"]
    return acknowledged, max((int(word[1]) for word in whole if word[0] == "s"), default=0)


def stated(entry: bytes) -> tuple[str, int]:
    key, version, _, _ = entry.decode().split("\0")
    return key, int(version)


def assert_sound(log: SqliteLog) -> None:
    verification = log.verify(stated)
    try:
        while True:
            next(verification)
    except StopIteration as end:
        assert end.value == []


@pytest.mark.crash
def test_a_killed_log_keeps_every_acknowledged_append_whole(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    path, dice = tmp_path / "log.db", random.Random()
    acknowledged: list[tuple[int, int, str]] = []
    for run in range(rounds(pytestconfig)):
        answered, signed = run_and_kill(path, run, dice.uniform(0.02, 0.3))
        acknowledged += answered
        log = SqliteLog(path, ORIGIN)
        entries = [entry for pack in log.read(0, log.size) for entry in pack.entries]
        assert len(entries) == log.size
        for first, count, key in acknowledged:
            assert [stated(entry) for entry in entries[first : first + count]] == [
                (key, version + 1) for version in range(count)
            ]
        found = Counter(stated(entry)[0] for entry in entries)
        promised = {key: int(count) for key, _, count, _ in (entry.decode().split("\0") for entry in entries)}
        assert found == promised, "an append is there whole or not at all"
        assert log.seal().root == merkle.root_of(merkle.leaf_hashes(entries))
        note = log.fact(CHECKPOINT)
        assert note is not None and peek_checkpoint(note).size >= signed
        assert_sound(log)
        log.close()
    assert acknowledged, "the child never got to append"


@pytest.mark.crash
def test_a_log_killed_between_commit_and_seal_seals_on_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    code = (
        "import os, signal, sys\n"
        "from datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from renkei.kernel.log.base import Draft\nfrom renkei.kernel.log.sqlite import SqliteLog\n"
        f"log = SqliteLog(Path(sys.argv[1]), {ORIGIN!r})\n"
        "log.append([Draft(b'a\\0001\\0001\\0')] * 300, datetime.now(UTC))\nlog.seal()\n"
        "log.append([Draft(b'b\\0001\\0001\\0')] * 700, datetime.now(UTC))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.run([sys.executable, "-c", code, str(path)], env=environment, check=False)
    assert child.returncode == -signal.SIGKILL
    log = SqliteLog(path, ORIGIN)
    assert log.size == 1000
    assert 300 <= log.head().size < 1000
    leaves = merkle.leaf_hashes([b"a\0001\0001\0"] * 300 + [b"b\0001\0001\0"] * 700)
    assert log.seal().root == merkle.root_of(leaves)
    assert log.append([Draft(b"c\0001\0001\0")], AT) == 1000
    log.close()


@pytest.mark.crash
def test_the_connection_that_acknowledges_fsyncs_every_commit(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db", ORIGIN)
    writer = log._file.writer
    assert writer is not None
    full = 2
    assert (writer.pragma("synchronous"), writer.pragma("journal_mode")) == (full, "wal")
    log.append([Draft(b"x")] * 300, AT)
    log.seal()
    log.set_facts({"a": b""}, durable=False)
    assert writer.pragma("synchronous") == full
    log.close()
