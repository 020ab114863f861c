"""Recalling one item among a million at its owner: from the order to the notice, durable in the log sent.

    python -m bench recall            (python -m bench --small recall for a trial)

The records are those of ``bench_release``, all of which the partner has.  One round appends the recall to the
master log and has the releaser run.  The limit beside it, in the same run: two bare appends of as many
bytes, one to each of two small logs, since no recall can do with less.
"""

import random
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.bench_release import BOOK, HQ, PARTNER, fill
from bench.common import Figure, figure

from renkei.kernel.clock import SystemClock
from renkei.kernel.ids import new_id
from renkei.kernel.labels.model import Label
from renkei.kernel.log.base import Draft
from renkei.kernel.log.sqlite import SqliteLog
from renkei.kernel.partners import Releaser, Terms, sent_origin
from renkei.kernel.partners.records import STATEMENTS, Recall
from renkei.kernel.records import Codec, Text
from renkei.rooms.coordination.records import Incident, LogEntry

LIMIT_MS = 100.0
RECORD_BYTES = 400


def figures(small: bool) -> list[Figure]:
    """Milliseconds of a recall, beside two durable appends."""
    count, rounds = (20_000, 20) if small else (1_000_000, 100)
    codec = Codec([Incident, LogEntry, *STATEMENTS])
    with tempfile.TemporaryDirectory(prefix="renkei-recall-") as name:
        master = SqliteLog(Path(name) / "master.db", f"renkei/{HQ}/master")
        fill(master, count, RECORD_BYTES, 0.0)
        sent = SqliteLog(Path(name) / "sent.db", sent_origin(HQ, PARTNER), bodied=True)
        releaser = Releaser(
            master, sent, Terms(hq=PARTNER), BOOK, codec, bytes(32), hq=HQ, clock=SystemClock()
        )
        while releaser.run():
            sent.checkpoint_wal()
        took, bare = [], []
        logs = [SqliteLog(Path(name) / f"{n}.db", "bound") for n in range(2)]
        for place in random.Random(7).sample(range(1, master.size), rounds):
            raw = codec.encode(recall_of(codec, master.entry(place)))
            bare.append(1e3 * timed(lambda raw=raw: [log.append([Draft(raw)], _now()) for log in logs]))
            before = sent.size
            took.append(1e3 * timed(lambda raw=raw: ordered(codec, raw, master, releaser)))
            assert sent.size == before + 1, "one notice for each recall"
        for log in (master, sent, *logs):
            log.close()
    what = f"recall of one item among {count:,}, durable with its notice"
    beside = "two bare durable appends"
    return [figure(what, took, "ms", limits=bare, beside=beside, floor=LIMIT_MS, at_most=True)]


def recall_of(codec: Codec, raw: bytes) -> Recall:
    """A recall of the record in ``raw``."""
    record, now = codec.decode(raw), _now()
    reason = Text(text="released by mistake", lang="en")
    label = Label(BOOK.own.id, "UNCLASSIFIED")
    return Recall(
        id=new_id(HQ, now), label=label, at=now, by="Disclosure officer", about=record.id, reason=reason
    )


def ordered(codec: Codec, raw: bytes, master: SqliteLog, releaser: Releaser) -> None:
    """The recall logged and released."""
    recall = codec.decode(raw)
    master.append([Draft(raw, recall.id, 1)], _now())
    assert releaser.run() == 1


def timed(work: object) -> float:
    """Seconds that calling ``work`` takes."""
    begun = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - begun


def _now() -> datetime:
    return datetime.now(UTC)
