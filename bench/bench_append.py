"""Durable append in one process: the SQLite log beside two limits, on the same bytes.

    python -m bench.bench_append [--rounds 5] [--batches 100]

Each round measures, one after the other and each in a fresh file on the same disk:

- *flat file*: ``write`` and ``fdatasync`` of a thousand records, what the disk can take;
- *apsw bound*: the plain group commit, a table with one row per record, WAL, ``synchronous=FULL``;
- *log append*: ``SqliteLog.append`` of a thousand drafts with fresh, time-ordered keys, versions checked;
- *append + seal*: the same with the tree sealed and a checkpoint signed after each commit, in line;
- *with the sealer*: the same with the sealer behind it, as a node runs it, timed until the last
  entry is covered by a signed checkpoint;
- *single appends*: 256 submissions in flight at the group writer, one record each, sealer behind.

Printed are medians over the rounds, each beside its share of the apsw bound, and the p99 of one commit.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from renkei.kernel.clock import SystemClock
from renkei.kernel.ids import new_id
from renkei.kernel.log.base import Draft
from renkei.kernel.log.checkpoint import Checkpoint, NoteSigner, sign_checkpoint
from renkei.kernel.log.sealer import Sealer
from renkei.kernel.log.sqlite import SqliteLog
from renkei.kernel.log.writer import GroupWriter

BATCH = 1000
RECORD_BYTES = 400
IN_FLIGHT = 256
ORIGIN = "renkei/us.usfj/master"

Times = list[float]


def drafts(batches: int) -> Iterator[list[Draft]]:
    """Batches of records with fresh keys whose times follow one another."""
    start = datetime.now(UTC)
    for batch in range(batches):
        at = start + timedelta(milliseconds=5 * batch)
        yield [Draft(os.urandom(RECORD_BYTES), new_id("us.usfj", at), 1) for _ in range(BATCH)]


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def flat_file(folder: Path, load: list[list[Draft]]) -> Times:
    file = os.open(folder / "flat", os.O_WRONLY | os.O_CREAT)

    def write(batch: list[Draft]) -> None:
        os.write(file, b"".join([draft.entry for draft in batch]))
        os.fdatasync(file)

    times = [timed(lambda b=batch: write(b)) for batch in load]
    os.close(file)
    return times


def apsw_bound(folder: Path, load: list[list[Draft]]) -> Times:
    db = apsw.Connection(str(folder / "bound.db"))
    db.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0")
    db.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, entry BLOB)")

    def write(first: int, batch: list[Draft]) -> None:
        db.execute("BEGIN IMMEDIATE")
        rows = [(first + place, draft.entry) for place, draft in enumerate(batch)]
        db.executemany("INSERT INTO records VALUES (?, ?)", rows)
        db.execute("COMMIT")

    times = [timed(lambda f=n * BATCH, b=batch: write(f, b)) for n, batch in enumerate(load)]
    db.close()
    return times


def log_append(folder: Path, load: list[list[Draft]]) -> Times:
    log = SqliteLog(folder / "append.db", ORIGIN)
    times = [timed(lambda b=batch: log.append(b, datetime.now(UTC))) for batch in load]
    log.close()
    return times


def append_and_seal(folder: Path, load: list[list[Draft]]) -> Times:
    log = SqliteLog(folder / "seal.db", ORIGIN)
    signer = NoteSigner("us.usfj", Ed25519PrivateKey.generate())

    def write(batch: list[Draft]) -> None:
        log.append(batch, datetime.now(UTC))
        head = log.seal()
        note = sign_checkpoint(Checkpoint(ORIGIN, head.size, head.root), signer)
        log.set_facts({"checkpoint": note}, durable=False)

    times = [timed(lambda b=batch: write(b)) for batch in load]
    log.close()
    return times


def with_sealer(folder: Path, load: list[list[Draft]]) -> Times:
    log = SqliteLog(folder / "sealer.db", ORIGIN)
    sealer = Sealer(log, NoteSigner("us.usfj", Ed25519PrivateKey.generate()), lambda note, head: None)
    times = [timed(lambda b=batch: log.append(b, datetime.now(UTC))) for batch in load]
    begun = time.perf_counter()
    while sealer.signed < log.size:
        time.sleep(0.0005)
    times[-1] += time.perf_counter() - begun
    sealer.close()
    log.close()
    return times


def single_appends(folder: Path, load: list[list[Draft]]) -> Times:
    """Seconds from submission to answer, for each of some thousand records."""
    log = SqliteLog(folder / "single.db", ORIGIN)
    sealer = Sealer(log, NoteSigner("us.usfj", Ed25519PrivateKey.generate()), lambda note, head: None)
    writer = GroupWriter(log, SystemClock())
    room, times = threading.Semaphore(IN_FLIGHT), []

    def submit(draft: Draft) -> None:
        begun = time.perf_counter()

        def done(answer: int | Exception) -> None:
            assert isinstance(answer, int)
            times.append(time.perf_counter() - begun)
            room.release()

        room.acquire()
        writer.submit_nowait([draft], done)

    begun = time.perf_counter()
    for batch in load:
        for draft in batch:
            submit(draft)
    writer.close()
    elapsed = time.perf_counter() - begun
    sealer.close()
    log.close()
    return [elapsed, *times]


RUNS = (flat_file, apsw_bound, log_append, append_and_seal, with_sealer, single_appends)


def p99(times: Times) -> float:
    return sorted(times)[int(len(times) * 0.99)]


def measure(rounds: int, batches: int) -> dict[str, tuple[float, float]]:
    """For each run its median rate (records a second) and its median p99 (seconds)."""
    rates: dict[str, list[float]] = {run.__name__: [] for run in RUNS}
    tails: dict[str, list[float]] = {run.__name__: [] for run in RUNS}
    for _ in range(rounds):
        load = list(drafts(batches))
        for run in RUNS:
            with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
                times = run(Path(folder), load)
            elapsed = times.pop(0) if run is single_appends else sum(times)
            rates[run.__name__].append(batches * BATCH / elapsed)
            tails[run.__name__].append(p99(times))
    return {name: (statistics.median(rates[name]), statistics.median(tails[name])) for name in rates}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--batches", type=int, default=100)
    asked = options.parse_args()
    found = measure(asked.rounds, asked.batches)
    bound = found[apsw_bound.__name__][0]
    print(f"{asked.rounds} rounds of {asked.batches} commits, {BATCH} records of {RECORD_BYTES} bytes each")
    print(f"{'':18}{'records/s':>12}{'of apsw bound':>15}{'p99 ms':>9}")
    for name, (rate, tail) in found.items():
        print(f"{name.replace('_', ' '):18}{rate:12,.0f}{rate / bound:15.2f}{tail * 1000:9.1f}")


if __name__ == "__main__":
    main()
