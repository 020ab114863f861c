"""Bringing the tree and its signed checkpoint up behind the appends.

An append wakes the sealer, which seals, signs, stores the note as the fact ``checkpoint`` of the log and
publishes it; then it rests for SEAL_SPACING_S, so that under load one signature covers some thousand
entries, while a lone append is covered at once.  The signed note is stored without an fsync: it can be
made again from the entries, which are durable, and an older checkpoint of an append-only log is never
wrong.

On start the sealer holds the log against the checkpoint it last signed.  A log that is shorter, or has
another root at that size, has lost or changed what this headquarters already signed for; that is
OurFault, and it is better to stop than to sign a second history.

A second thread copies the write-ahead log into the file, so that neither appends nor checkpoints wait.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import structlog

from ..errors import OurFault, TheirFault
from .base import CHECKPOINT, Head, Log
from .checkpoint import Checkpoint, NoteSigner, open_checkpoint, peek_checkpoint, sign_checkpoint

SEAL_SPACING_S = 0.01
"""Rest between two checkpoints.  A checkpoint covers an append within this, the hashing of what came
meanwhile (1.6 microseconds an entry) and a signature (0.1 ms): far below the 100 ms promised."""
MAX_UNSEALED = 8192
"""Entries that may run ahead of the checkpoint, 20 to 40 ms of hashing.  Beyond it an append is paused
before it returns until the sealer has come up, so that no rate of appending outruns the 100 ms."""
PACE_S = 0.05
"""The longest such pause."""
RETRY_S = 1.0
"""Wait after a failure (a full disk) before sealing is tried again."""

MAINTAIN_S = 0.25
"""How often the write-ahead log is looked at: at 75 MB/s it grows by some 20 MB meanwhile."""
MAINTAIN_IDLE_S = 30.0
"""How often it is copied when nothing was appended, for facts set on their own."""

_log = structlog.get_logger(__name__)


@runtime_checkable
class KeepsWal(Protocol):
    """A log with a write-ahead log to look after."""

    def checkpoint_wal(self) -> tuple[int, int]:
        """Copy it into the file."""
        ...


class Sealer:
    """A log's background: checkpoints soon after appends, and upkeep."""

    def __init__(self, log: Log, signer: NoteSigner, publish: Callable[[bytes, Head], None]) -> None:
        """Check the log against its last checkpoint, and begin.

        ``publish(note, head)`` gets each new checkpoint, in the sealer's thread.  Raises OurFault
        ``log.rewritten`` if the log contradicts what it signed.
        """
        self._log = log
        self._signer = signer
        self._publish = publish
        self._sealing = threading.Lock()
        self._awake = threading.Event()
        self._sealed = threading.Event()
        self._stop = threading.Event()
        self._signed = _last_signed(log, signer)
        self.failure: Exception | None = None
        """Why the last attempt failed; None once one has succeeded."""
        self._threads = [threading.Thread(target=self._run, name=f"seal {log.origin}", daemon=True)]
        if isinstance(log, KeepsWal):
            upkeep = threading.Thread(target=self._keep, args=(log,), name=f"keep {log.origin}", daemon=True)
            self._threads.append(upkeep)
        self._awake.set()
        log.on_append(self._wake)
        for thread in self._threads:
            thread.start()

    def _wake(self, size: int) -> None:
        """Called by whoever appended, after each commit."""
        self._sealed.clear()
        self._awake.set()
        if size - self._signed > MAX_UNSEALED and self.failure is None and not self._stop.is_set():
            self._sealed.wait(PACE_S)

    @property
    def signed(self) -> int:
        """How many entries the newest checkpoint covers; -1 before the first one."""
        return self._signed

    def seal(self) -> Head:
        """Seal, sign, store and publish now, if there is anything new.  Returns the head signed for."""
        with self._sealing:
            head = self._log.seal()
            if head.size > self._signed:
                note = sign_checkpoint(Checkpoint(self._log.origin, head.size, head.root), self._signer)
                self._log.set_facts({CHECKPOINT: note}, durable=False)
                self._signed = head.size
                self._sealed.set()
                self._publish(note, head)
            return head

    def close(self) -> None:
        """Stop both threads and seal what is left.  The log itself stays open."""
        self._stop.set()
        self._awake.set()
        for thread in self._threads:
            thread.join()
        self.seal()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._awake.wait()
            self._awake.clear()
            try:
                self.seal()
                self.failure = None
            except Exception as err:
                self._failed("sealer.seal", err)
                self._awake.set()
                self._stop.wait(RETRY_S)
            self._stop.wait(SEAL_SPACING_S)

    def _keep(self, log: KeepsWal) -> None:
        seen, at = -1, 0.0
        while not self._stop.wait(MAINTAIN_S):
            size, now = self._log.size, time.monotonic()
            if size == seen and now - at < MAINTAIN_IDLE_S:
                continue
            seen, at = size, now
            try:
                log.checkpoint_wal()
            except Exception as err:
                self._failed("sealer.upkeep", err)

    def _failed(self, event: str, err: Exception) -> None:
        if str(err) != str(self.failure):
            _log.error(event, log=self._log.origin, error=str(err))
        self.failure = err


def _last_signed(log: Log, signer: NoteSigner) -> int:
    """The size of the stored checkpoint if it is signed by today's key, else -1."""
    note = log.fact(CHECKPOINT)
    if note is None:
        return -1
    try:
        last = peek_checkpoint(note)
    except TheirFault as err:
        raise OurFault("log.checkpoint", f"a checkpoint stored in {log.origin}", err.came) from err
    if last.size > log.seal().size or log.head(last.size).root != last.root:
        expected = f"{log.origin} to hold the {last.size} entries it signed for"
        raise OurFault("log.rewritten", expected, f"{log.size} entries, or others")
    try:
        open_checkpoint(note, signer.present().verifier)
    except TheirFault:
        return -1  # the key was changed since: sign anew
    return last.size
