"""How soon a signed checkpoint covers what was acknowledged, while batches keep coming.

A log in a file with the sealer behind it, as a node runs them; batches of 1,000 records, each appended as
soon as the last is acknowledged.  For each batch: from the acknowledgement to the first checkpoint that
covers it.
"""

import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.common import Figure, figure, quantile
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from renkei.kernel.log.base import Draft
from renkei.kernel.log.checkpoint import NoteSigner
from renkei.kernel.log.sealer import Sealer
from renkei.kernel.log.sqlite import SqliteLog

BATCH, RECORD_BYTES = 1_000, 400
COVERED_FLOOR_MS = 100.0


def delays(folder: Path, batches: int) -> list[float]:
    """Milliseconds from each batch's acknowledgement to the checkpoint that covers it."""
    log = SqliteLog(folder / "sealing.db", "renkei/us.usfj/master")
    signed: list[tuple[int, float]] = []
    signer = NoteSigner("us.usfj", Ed25519PrivateKey.generate())
    sealer = Sealer(log, signer, lambda note, head: signed.append((head.size, time.perf_counter())))
    acknowledged: list[tuple[int, float]] = []
    for _ in range(batches):
        log.append([Draft(os.urandom(RECORD_BYTES)) for _ in range(BATCH)], datetime.now(UTC))
        acknowledged.append((log.size, time.perf_counter()))
    while not signed or signed[-1][0] < log.size:
        time.sleep(0.001)
    sealer.close()
    log.close()
    covered, found = iter(signed), []
    size, at = next(covered)
    for wanted, since in acknowledged:
        while size < wanted:
            size, at = next(covered)
        found.append(max(0.0, at - since) * 1e3)
    return found


def figures(small: bool) -> list[Figure]:
    """The 99th percentile over some runs."""
    runs, middles = [], []
    for _ in range(2 if small else 5):
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            times = delays(Path(folder), 20 if small else 200)
        runs.append(quantile(times, 0.99))
        middles.append(quantile(times, 0.5))
    note = f"p50 {quantile(middles, 0.5):.0f} ms"
    what = "from acknowledgement to a signed checkpoint, batches without pause, p99"
    return [figure(what, runs, "ms", floor=COVERED_FLOOR_MS, at_most=True, note=note)]
