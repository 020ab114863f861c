"""Releasing: from the master log into the log for one partner, records a second.

    python bench/bench_release.py [--records 300000] [--bytes 400] [--hidden 0.2]

Watch-log entries of the coordination room, nearly all of which name their incident; the label of
``--hidden`` of them withholds them.  Both logs are SQLite files (``synchronous=FULL``).  The rate is also
shown for the first and the last tenth of the records, because what slows down as the log grows shows in
the last.  The limit beside it, in the same run: appending the same renditions to an empty log in the same
packs, nothing remembered.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

from renkei.kernel.clock import SystemClock
from renkei.kernel.ids import new_id
from renkei.kernel.labels.model import Category, Label
from renkei.kernel.labels.presets import demo_clearances, synthetic_book
from renkei.kernel.log.base import Draft
from renkei.kernel.log.commitments import said_in
from renkei.kernel.log.sqlite import SqliteLog
from renkei.kernel.partners import Releaser, Terms, sent_origin
from renkei.kernel.partners.records import STATEMENTS, Agreement, Cover
from renkei.kernel.records import Codec, Record, Text
from renkei.rooms.coordination.records import Incident, LogEntry

HQ, PARTNER = "us.usfj", "jp.jjoc"
BOOK = synthetic_book("us")
PACK = 1000
ENTRIES_PER_INCIDENT = 500
SECOND = timedelta(seconds=1)


def labels() -> tuple[Label, Label]:
    """One that the partner is cleared for, and one that it is not."""
    category = Category("Releasable to", "permissive", ("JPN",))
    return (
        Label(BOOK.own.id, "OFFICIAL", (category,)).canonical(),
        Label(BOOK.own.id, "CLOSED").canonical(),
    )


def agreement() -> Agreement:
    """With the partner, for every kind."""
    at = datetime(2022, 9, 18, 7, tzinfo=UTC)
    covers = (Cover("*", demo_clearances(HQ).partners[PARTNER]),)
    fields = {"label": Label(BOOK.own.id, "UNCLASSIFIED"), "at": at, "by": "Administrator", "cites": "Bench"}
    return Agreement(id=new_id(HQ, at), partner=PARTNER, since=at, covers=covers, **fields)


def records(count: int, size: int, hidden: float) -> Iterator[Record]:
    """An incident, then log entries about it, and so on; one second apart."""
    chance, at = random.Random(7), datetime(2022, 9, 18, 8, tzinfo=UTC)
    shown, closed = labels()
    incident = ""
    for number in range(count):
        at += SECOND
        label = closed if chance.random() < hidden else shown
        fields = {"id": new_id(HQ, at, chance.randbytes(10)), "label": label, "at": at, "by": "Watch officer"}
        if number % ENTRIES_PER_INCIDENT == 0:
            incident = str(fields["id"])
            yield Incident(**fields | {"label": shown}, **incident_fields(at))
        else:
            text = Text(text="x" * max(1, size - 330), lang="en")
            yield LogEntry(**fields, happened_at=at, incident=incident, text=text)


def incident_fields(at: datetime) -> dict[str, object]:
    """What an incident needs besides its header."""
    return INCIDENT | {"opened_at": at}


INCIDENT: dict[str, object] = {"severity": "moderate", "title": Text(text="Tsunami advisory", lang="en")}


def fill(log: SqliteLog, count: int, size: int, hidden: float) -> None:
    """The master log, as bulk writers leave it."""
    codec, batch = Codec([Incident, LogEntry, *STATEMENTS]), []
    for record in chain([agreement()], records(count, size, hidden)):
        batch.append(Draft(codec.encode(record), record.id, record.version))
        if len(batch) == PACK:
            log.append(batch, datetime.now(UTC))
            log.checkpoint_wal()
            batch = []
    if batch:
        log.append(batch, datetime.now(UTC))
    log.checkpoint_wal()


def release(master: SqliteLog, sent: SqliteLog) -> list[tuple[int, float]]:
    """Release all; (entries decided, seconds) of each run."""
    terms = Terms(hq=PARTNER)
    codec = Codec([Incident, LogEntry, *STATEMENTS])
    releaser = Releaser(master, sent, terms, BOOK, codec, b"k" * 32, hq=HQ, clock=SystemClock())
    runs = []
    while True:
        begun = time.perf_counter()
        done = releaser.run()
        if not done:
            return runs
        sent.checkpoint_wal()
        runs.append((done, time.perf_counter() - begun))


def bound(source: SqliteLog, target: SqliteLog) -> float:
    """Seconds to append the entries of ``source``, in its packs, and nothing else."""
    took = 0.0
    for pack in source.read(0, source.size):
        drafts = [Draft(entry or b"") for entry in said_in(pack)]
        begun = time.perf_counter()
        target.append(drafts, pack.logged_at)
        target.checkpoint_wal()
        took += time.perf_counter() - begun
    return took


def rate(runs: list[tuple[int, float]]) -> int:
    """Entries decided a second."""
    return round(sum(done for done, _ in runs) / sum(took for _, took in runs))


def main() -> None:
    """Run it and print the result as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument("--bytes", type=int, default=400)
    parser.add_argument("--hidden", type=float, default=0.2)
    parser.add_argument("--folder", type=Path, help="where the logs go; default: a temporary folder")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="release-", dir=args.folder) as name:
        folder = Path(name)
        master = SqliteLog(folder / "master.db", f"renkei/{HQ}/master")
        fill(master, args.records, args.bytes, args.hidden)
        sent = SqliteLog(folder / "sent.db", sent_origin(HQ, PARTNER), bodied=True)
        cpu = time.process_time()
        runs = release(master, sent)
        cpu = time.process_time() - cpu
        sent.checkpoint_wal()
        other = SqliteLog(folder / "bound.db", "bound")
        limit = bound(sent, other)
        tenth = max(1, len(runs) // 10)
        result = {
            "what": "released: decided, rendered, appended durably, sealed",
            "records": args.records,
            "released": sent.size,
            "bytes_each": round(
                sum(len(e or b"") for p in sent.read(0, 1000) for e in said_in(p)) / min(1000, sent.size)
            ),
            "rate": rate(runs),
            "first_tenth": rate(runs[:tenth]),
            "last_tenth": rate(runs[-tenth:]),
            "cpu_microseconds_per_record": round(cpu / args.records * 1e6, 1),
            "log_bytes_per_released": round((folder / "sent.db").stat().st_size / sent.size),
            "append_alone_rate": round(sent.size / limit),
        }
        for log in (master, sent, other):
            log.close()
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
