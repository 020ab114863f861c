"""One real node with one million records: filling it, starting it, reading it.

    python -m bench million

The records are own-reported positions of about 450 bytes with bilingual text and a point, under fifty labels.

- *Filling*: appended and folded by the node's own parts in this process, with all the rooms' tables, then
  new versions of existing records; at last the search index is merged.
- *Starting*: ``renkei serve`` on that folder, from the start of the process (the interpreter's imports
  included) to the first page of newest records through the API; then its memory, at rest and after reading
  and writing.
- *Reading* through the API on one kept-alive connection, readers of all fifty labels and of about half.
  Questions take turns.  Beside each: ``GET /health``, what any request costs, in the same turns.
- *Another policy*: which of the records everybody would gain or lose by it, as told before it is adopted.
"""

import gc
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from bench.bench_views import (
    BOOK,
    LABELS,
    START,
    _id,
    _text,
    fifty_labels,
    reader_of,
    seen,
)
from bench.common import Figure, figure, quantile
from bench.nodes import JJOC, NATION, Api, Station, alone, lag_of, log_entry, memory, wait_for

from renkei.kernel.geojson import Point
from renkei.kernel.labels.model import Label
from renkei.kernel.labels.presets import policy_file
from renkei.kernel.log.base import Draft
from renkei.kernel.records import Text
from renkei.node import Node
from renkei.node.folding import GC_THRESHOLD
from renkei.rooms.picture.records import Position

BATCH = 1_000
FOLD_FLOOR, UPDATE_FLOOR = 12_000, 4_000
START_FLOOR_SECONDS, MEMORY_FLOOR_MB, READ_FLOOR_MS = 2.0, 400.0, 5.0
DIFF_FLOOR_SECONDS = 10.0
UPDATES = 40_000
WRITTEN = 20_000
STARTS, WARM, TIMES, DIFFS = 5, 5, 100, 10
COMMON_WORD, RARE_WORD = "冠水", "孤立"
"""In every third record, and in one of fifty thousand."""


def filled(node: Node, records: int) -> list[Figure]:
    """Log and fold ``records``, then new versions; the rates of the fold in fifths, and of the updates."""
    gc.set_threshold(GC_THRESHOLD)  # as in the process that folds for a node
    labels, rates, costs = fifty_labels(), [], []
    fifth = max(BATCH, records // 5)
    for first in range(0, records, fifth):
        for at in range(first, min(first + fifth, records), BATCH):
            log(node, [position(n, 1, labels) for n in range(at, min(at + BATCH, records))])
        rate, cpu = folded(node)
        rates.append(rate)
        costs.append(cpu)
    versions: dict[int, int] = {}
    dice = random.Random(7)
    for _ in range(0, min(UPDATES, records // 4), BATCH):
        chosen = dice.sample(range(records), BATCH)
        for serial in chosen:
            versions[serial] = versions.get(serial, 1) + 1
        log(node, [position(serial, versions[serial], labels) for serial in chosen])
    updates, cost = folded(node)
    begun = time.perf_counter()
    while node.views.tidy():  # as a node does while nothing is to be folded
        pass
    merging = time.perf_counter() - begun
    return [
        figure(
            f"fold to {records:,} records in a node, all rooms' tables", rates, "rec/s",
            floor=FOLD_FLOOR, note=f"by fifths; CPU {statistics.median(costs):.0f} us each"
        ),
        figure(
            "the same, updates of existing ones", [updates], "rec/s",
            floor=UPDATE_FLOOR, note=f"CPU {cost:.0f} us each"
        ),
        figure("merging the search index in idle moments after that", [merging], "s"),
    ]  # fmt: skip


def log(node: Node, records: list[Position]) -> None:
    """Append as the writer would; folding is timed apart."""
    drafts = [Draft(node.codec.encode(record), record.id, record.version) for record in records]
    node.master.append(drafts, datetime.now(UTC))


def folded(node: Node) -> tuple[float, float]:
    """Entries a second for what is not folded yet, and microseconds of processor time for each."""
    begun, cpu = time.perf_counter(), time.thread_time()
    count = node.views.fold(node.sources())
    return count / (time.perf_counter() - begun), (time.thread_time() - cpu) / count * 1e6


def position(serial: int, version: int, labels: list[Label]) -> Position:
    """A unit's position with a remark."""
    dice = random.Random(serial * 31 + version)
    at = START + timedelta(milliseconds=serial)
    point = (round(dice.uniform(123, 146), 4), round(dice.uniform(24, 45), 4))
    return Position(
        id=_id(serial),
        version=version,
        label=labels[serial * 7919 % LABELS],
        at=at,
        by="Watch officer",
        observed_at=at,
        geometry=Point(point),
        name=f"Unit {serial % 997}",
        note=Text(text=_text(dice, serial), lang="ja"),
    )


def started(station: Station) -> list[Figure]:
    """Seconds to the first page, over several starts; memory at rest after the last."""
    times = []
    for turn in range(STARTS):
        begun = time.perf_counter()
        station.start()
        wait_for(lambda: first_page(station), 60, "the first page", every=0.01)
        times.append(time.perf_counter() - begun)
        if turn < STARTS - 1:
            station.stop()
    rest = memory(station.pid)[0]
    return [
        figure("process start to the first page", times, "s", floor=START_FLOOR_SECONDS, at_most=True),
        figure("memory at rest after the start", [rest], "MB", floor=MEMORY_FLOOR_MB, at_most=True),
    ]


def first_page(station: Station) -> bool:
    """Whether the newest records come."""
    try:
        return len(station.api().get("/records?limit=50")["items"]) == 50
    except OSError:
        return False


def read(station: Station, tokens: dict[str, str]) -> list[Figure]:
    """The questions, in turns, for each reader."""
    found = []
    for who, token in tokens.items():
        with_api = station.api(token)
        times = asked(with_api, random.Random(1))
        limit = times.pop("nothing")
        for what, taken in times.items():
            found.append(
                figure(
                    f"{what}, reader of {who}, p50",
                    [statistics.median(taken)],
                    "ms",
                    limits=[statistics.median(limit)],
                    beside="GET /health",
                    floor=READ_FLOOR_MS,
                    at_most=True,
                    note=f"p99 {quantile(taken, 0.99):.1f} ms",
                )
            )
        with_api.close()
    return found


def asked(api: Api, dice: random.Random) -> dict[str, list[float]]:
    """Milliseconds of each question, asked in turns."""
    questions: dict[str, Callable[[], str]] = {
        "nothing": lambda: "/health",
        "newest 50": lambda: "/records?limit=50",
        "map, a box of 0.3 degrees": lambda: box(dice, 0.3),
        "map, a box of 3 degrees, 50 records": lambda: f"{box(dice, 3)}&limit=50",
        f"search {COMMON_WORD} (every third record)": lambda: f"/search?q={quote(COMMON_WORD)}&limit=50",
        f"search {RARE_WORD} (one in 50,000)": lambda: f"/search?q={quote(RARE_WORD)}&limit=50",
    }
    times: dict[str, list[float]] = {what: [] for what in questions}
    for turn in range(WARM + TIMES):
        for what, path in questions.items():
            begun = time.perf_counter()
            status, _ = api.raw("GET", path())
            took = (time.perf_counter() - begun) * 1e3
            assert status == 200, (what, status)
            if turn >= WARM:
                times[what].append(took)
    return times


def compared(station: Station, records: int) -> Figure:
    """A policy that knows one classification less, compared with the one in force."""
    api, times, health = station.api(), [], []
    without = policy_file(NATION[station.hq]).decode().replace("GUARDED", "GUARDED-2")
    for _ in range(DIFFS):
        begun = time.perf_counter()
        found = api.post("/policy/diff", {"policy": without})
        times.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        api.get("/health")
        health.append(time.perf_counter() - begun)
    assert found["records"] >= records, found["records"]
    assert found["shifts"] and found["unknownLabels"], "everybody would lose what is guarded"
    return figure(
        f"what another policy would change, {records:,} records", times, "s",
        limits=health, beside="GET /health", floor=DIFF_FLOOR_SECONDS, at_most=True,
        note=f"{len(found['shifts'])} gains and losses under {found['labels']} labels",
    )  # fmt: skip


def box(dice: random.Random, side: float) -> str:
    """Somewhere over Japan."""
    west, south = dice.uniform(125, 140), dice.uniform(25, 40)
    return f"/map?bbox={west:.4f},{south:.4f},{west + side:.4f},{south + side:.4f}"


def written(station: Station) -> Figure:
    """The node's peak memory after it has taken and folded more records."""
    api = station.api()
    for first in range(0, WRITTEN, BATCH):
        api.append([log_entry(station.own, f"No. {first + n} 冠水", 400) for n in range(BATCH)])
    wait_for(lambda: lag_of(api) == 0, 120, "the views to catch up", every=0.1)
    peak = memory(station.pid)[1]
    what = f"peak memory after reading and {WRITTEN:,} more records"
    return figure(what, [peak], "MB", floor=MEMORY_FLOOR_MB, at_most=True)


def measure(records: int) -> list[Figure]:
    """Fill, start, read, write."""
    labels = fifty_labels()
    with tempfile.TemporaryDirectory(prefix="renkei-million-") as name, alone(Path(name), JJOC) as station:
        tokens = {}
        for wanted in (LABELS, LABELS // 2):
            clearance = reader_of(labels, wanted)
            tokens[f"{seen(labels, clearance)} labels"] = station.account(f"reads-{wanted}", clearance)
        with station.offline() as node:
            assert node.policies.own.id == BOOK.own.id
            found = filled(node, records)
        found += started(station)
        found += read(station, tokens)
        found.append(compared(station, records))
        found.append(written(station))
        station.stop()
    return found


def figures(small: bool) -> list[Figure]:
    """Everything about a large node."""
    return measure(20_000 if small else 1_000_000)
