import statistics
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from renkei.kernel.errors import OurFault
from renkei.kernel.log import sealer as module
from renkei.kernel.log.base import CHECKPOINT, Draft, Head
from renkei.kernel.log.checkpoint import Checkpoint, NoteSigner, open_checkpoint, sign_checkpoint
from renkei.kernel.log.memory import MemoryLog
from renkei.kernel.log.sealer import Sealer
from renkei.kernel.log.sqlite import SqliteLog

AT = datetime(2022, 9, 18, 6, 5, 4, tzinfo=UTC)
SIGNER = NoteSigner("us.usfj", Ed25519PrivateKey.from_private_bytes(bytes(32)))
DRAFTS = [Draft(b"x"), Draft(b"y")]


class Published:
    """What a sealer published, and a way to wait for a size."""

    def __init__(self) -> None:
        self.notes: list[tuple[bytes, Head]] = []
        self.changed = threading.Condition()

    def __call__(self, note: bytes, head: Head) -> None:
        with self.changed:
            self.notes.append((note, head))
            self.changed.notify_all()

    def wait(self, size: int, seconds: float = 10) -> float:
        began = time.monotonic()
        with self.changed:
            reached: Callable[[], bool] = lambda: bool(self.notes) and self.notes[-1][1].size >= size  # noqa: E731
            assert self.changed.wait_for(reached, seconds)
        return time.monotonic() - began


def test_an_append_is_covered_by_a_signed_checkpoint_within_100_ms() -> None:
    log, published = MemoryLog("o"), Published()
    sealer = Sealer(log, SIGNER, published)
    published.wait(0)
    delays = []
    for count in range(1, 8):
        log.append(DRAFTS, AT)
        delays.append(published.wait(2 * count))
        note, head = published.notes[-1]
        assert open_checkpoint(note, SIGNER.verifier) == Checkpoint("o", 2 * count, head.root)
        assert log.fact(CHECKPOINT) == note
    assert statistics.median(delays) < 0.1
    assert sealer.signed == 14
    sealer.close()


def test_a_burst_is_covered_by_few_signatures() -> None:
    log, published = MemoryLog("o"), Published()
    sealer = Sealer(log, SIGNER, published)
    for _ in range(500):
        log.append(DRAFTS, AT)
    published.wait(1000)
    assert len(published.notes) < 100
    sealer.close()


def test_an_appender_that_outruns_the_tree_is_paced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_UNSEALED", 10)
    log = MemoryLog("o")
    sealer = Sealer(log, SIGNER, lambda note, head: None)
    behind = 0
    for _ in range(40):
        log.append(DRAFTS * 10, AT)
        behind = max(behind, log.size - sealer.signed)
    assert behind <= 30
    sealer.close()


def test_entries_left_unsealed_by_a_crash_are_sealed_on_start(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db", "o")
    log.append(DRAFTS * 500, AT)
    log.close()
    log, published = SqliteLog(tmp_path / "log.db", "o"), Published()
    sealer = Sealer(log, SIGNER, published)
    published.wait(1000)
    sealer.close()
    log.close()


def test_closing_seals_what_is_left_and_a_restart_signs_nothing_new() -> None:
    log, published = MemoryLog("o"), Published()
    sealer = Sealer(log, SIGNER, published)
    log.append(DRAFTS, AT)
    sealer.close()
    assert published.notes[-1][1].size == 2
    again = Published()
    Sealer(log, SIGNER, again).close()
    assert again.notes == []


def test_a_new_key_signs_the_old_tree_anew() -> None:
    log = MemoryLog("o")
    log.append(DRAFTS, AT)
    Sealer(log, SIGNER, lambda note, head: None).close()
    new, published = NoteSigner("us.usfj", Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)), Published()
    Sealer(log, new, published).close()
    assert [open_checkpoint(note, new.verifier).size for note, _ in published.notes] == [2]


def test_a_log_that_lost_what_it_signed_for_is_refused() -> None:
    log = MemoryLog("o")
    log.append(DRAFTS, AT)
    head = log.seal()
    for signed in (Checkpoint("o", 3, head.root), Checkpoint("o", 2, bytes(32))):
        log.set_facts({CHECKPOINT: sign_checkpoint(signed, SIGNER)})
        with pytest.raises(OurFault, match=r"log\.rewritten"):
            Sealer(log, SIGNER, lambda note, head: None)


def test_a_failure_is_kept_in_sight_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    log, published = MemoryLog("o"), Published()
    sealer = Sealer(log, SIGNER, published)
    published.wait(0)
    failed = threading.Event()
    seal = log.seal

    def fail() -> Head:
        failed.set()
        raise OurFault("log.full", "room", "none")

    monkeypatch.setattr(log, "seal", fail)
    log.append(DRAFTS, AT)
    assert failed.wait(10)
    monkeypatch.setattr(log, "seal", seal)
    published.wait(2)
    sealer.close()
    assert sealer.failure is None


def test_the_write_ahead_log_is_copied_in_the_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAINTAIN_S", 0.01)
    log = SqliteLog(tmp_path / "log.db", "o")
    copied = threading.Event()
    checkpoint = log.checkpoint_wal

    def noted() -> tuple[int, int]:
        size, frames = log.size, checkpoint()
        if size == 1000:
            copied.set()
        return frames

    monkeypatch.setattr(log, "checkpoint_wal", noted)
    sealer = Sealer(log, SIGNER, lambda note, head: None)
    log.append(DRAFTS * 500, AT)
    assert copied.wait(10)
    sealer.close()
    bare = tmp_path / "copy.db"
    bare.write_bytes((tmp_path / "log.db").read_bytes())
    assert apsw.Connection(str(bare)).execute("SELECT sum(count) FROM packs").get == 1000
    log.close()
