"""Folding, starting and reading views of a million records, each beside its limit.

    python bench/bench_views.py [--records N] [--json]

Records are about 400 bytes with 30 to 100 characters of Japanese and English, a point each, under fifty
labels.  Limits: for the fold, the same rows put into the same tables by bare apsw in the same run, with
nothing decided and nothing decoded; for reading, one row by its primary key.  Synthetic text throughout.
"""

import argparse
import gc
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from renkei.kernel.labels.model import Category, Clearance, Label
from renkei.kernel.labels.presets import synthetic_book
from renkei.kernel.log.base import Pack
from renkei.kernel.records import Codec, Record, RecordId, Text
from renkei.kernel.views import OWN, ViewStore
from renkei.node.folding import GC_THRESHOLD

OWNER = "jp.jjoc"
START = datetime(2022, 9, 18, 8, 0, tzinfo=UTC)
LABELS = 50
BOOK = synthetic_book("jp")
PACK = 1_000
WARM, TIMES = 3, 25

FOLD_FLOOR, UPDATE_FLOOR = 12_000, 4_000
START_FLOOR_SECONDS, MEMORY_FLOOR_MB, READ_FLOOR_MS = 2.0, 400, 5.0

COMMON = [
    "津波注意報が宮古島・八重山地方に発表された", "道路の損傷を確認中", "通行できない区間がある",
    "港湾施設の被害状況を調査する", "避難所で飲料水と毛布が不足", "輸送ヘリコプターの派遣を要請",
    "発電機用燃料の補給を完了", "空港滑走路の点検を終了", "石垣市の医療支援班が到着",
    "平良港の岸壁に異常なし", "通信回線を復旧した", "給水車の到着は明朝の予定", "住民の誘導を継続",
    "瓦礫の撤去に重機が必要", "定時報告に変更なし", "司令部へ連絡済み", "次の報告は正午",
    "停電の地域が広がっている",
]  # fmt: skip
ENGLISH = [
    "road", "flooded", "harbour", "inspected", "water", "requested", "blankets", "shelter", "helicopter",
    "medical", "team", "arrived", "generator", "fuel", "runway", "clear", "next", "report", "noon", "liaison",
    "informed", "advisory", "cancelled", "route", "closed", "bridge", "damaged",
]  # fmt: skip
HAN = [chr(c) for c in range(0x4E00, 0x4E00 + 2_000)]
PLACES = ["".join(random.Random(n).choices(HAN, k=2 + n % 3)) for n in range(5_000)]
"""As many place names as a country's municipalities and larger districts, of made-up characters."""


class Report(Record, frozen=True, kw_only=True, tag="report"):
    """What the rooms' records look like to the fold: a text, a point, a reference."""

    text: Text
    lon: float
    lat: float
    about: RecordId | None = None
    state: str = "in force"

    def bounds(self) -> tuple[float, float, float, float] | None:
        """Its point."""
        return self.lon, self.lat, self.lon, self.lat


CODEC = Codec([Report])


def fifty_labels() -> list[Label]:
    """Distinct labels of the synthetic policy: classifications times subjects and handling."""
    policy = BOOK.own
    choices: list[tuple[Category, ...]] = [()]
    for tag in policy.tags:
        for many in (1, 2):
            combined = itertools.combinations([v.name for v in tag.values], many)
            choices += [(Category(tag.name, tag.type, values),) for values in combined]
    pairs = [(a[0], b[0]) for a, b in itertools.combinations(choices[1:], 2) if a[0].tag != b[0].tag]
    names = [c.name for c in policy.classifications]
    every = (Label(policy.id, n, c).canonical() for c in choices + pairs for n in names)
    sound = (label for label in every if BOOK.validate(label) is None)
    return list(itertools.islice(dict.fromkeys(sound), LABELS))


def reader_of(labels: list[Label], wanted: int) -> Clearance:
    """A clearance that covers about ``wanted`` of ``labels``."""
    policy = BOOK.own
    names = [c.name for c in policy.classifications]
    held = tuple(Category(t.name, t.type, tuple(v.name for v in t.values)) for t in policy.tags)
    options = [
        Clearance(policy.id, tuple(names[: n + 1]), categories).canonical()
        for n in range(len(names))
        for categories in (held, *(held[:i] + held[i + 1 :] for i in range(len(held))), ())
    ]
    return min(options, key=lambda c: abs(seen(labels, c) - wanted))


def seen(labels: list[Label], clearance: Clearance) -> int:
    """How many of ``labels`` the clearance covers."""
    return sum(BOOK.access(clearance, label).allowed for label in labels)


class Synthetic:
    """A log whose entries are made when read, the same each time: no bench time goes into disk."""

    def __init__(self, size: int, updates: int = 0, version: int = 1) -> None:
        self.size, self.origin = size, "bench"
        self.labels = fifty_labels()
        self._records = size - updates
        self._ready: dict[int, Pack] = {}

    def prepare(self, first: int, last: int) -> None:
        """Make the packs of these entries now, and forget the others."""
        self._ready = {at: self._pack(at) for at in range(first, last, PACK)}

    def read(self, first: int, limit: int = 1000) -> Iterator[Pack]:
        """Packs as a log gives them."""
        while first < self.size and limit > 0:
            pack = self._ready.get(first) or self._pack(first)
            entries = pack.entries[:limit]
            yield Pack(first, pack.logged_at, entries)
            first, limit = first + len(entries), limit - len(entries)

    def _pack(self, first: int) -> Pack:
        count = min(PACK - first % PACK, self.size - first)
        at = START + timedelta(milliseconds=first)
        return Pack(first, at, tuple(CODEC.encode(self._report(n, at)) for n in range(first, first + count)))

    def _report(self, number: int, at: datetime) -> Report:
        rnd = random.Random(number)
        serial, version = number, 1
        if number >= self._records:
            serial, version = rnd.randrange(self._records), 2 + (number - self._records)
        about = _id(max(0, serial - rnd.randrange(1, 1000))) if number % 10 == 0 else None
        return Report(
            id=_id(serial),
            version=version,
            label=self.labels[serial * 7919 % LABELS],
            at=at,
            by="Watch officer, JJOC",
            text=Text(text=_text(rnd, number), lang="ja"),
            about=about,
            lon=round(rnd.uniform(123, 146), 4),
            lat=round(rnd.uniform(24, 45), 4),
        )


def _id(serial: int) -> str:
    # of the form of a time-ordered id; written out because making a million properly is not measured
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return f"{OWNER}/01GD7SS0000000000000" + "".join(digits[serial >> s & 31] for s in range(25, -1, -5))


def _text(rnd: random.Random, number: int) -> str:
    japanese = "".join(rnd.choices(COMMON, k=rnd.randrange(1, 4)))
    place = rnd.choice(PLACES)
    english = " ".join(rnd.choices(ENGLISH, k=rnd.randrange(2, 6)))
    flooded = "冠水" if number % 3 == 0 else ""
    rare = "孤立集落" if number % 50_000 == 7 else ""
    return f"{place}{flooded}{japanese}{rare} {english} No. {number}"


def store_at(path: Path) -> ViewStore:
    """Views of reports alone."""
    return ViewStore(path, CODEC, BOOK, [], lambda source, alias: None, OWNER)


# --- folding ------------------------------------------------------------------------------------------


def fold_rate(store: ViewStore, log: Synthetic, first: int, last: int) -> tuple[float, float]:
    """Records a second, and Python's part in microseconds a record (CPU of the folding thread is both)."""
    spent, cpu = 0.0, 0.0
    for at in range(first, last, 20_000):
        log.prepare(at, min(at + 20_000, last))
        started, cpu_started = time.perf_counter(), time.thread_time()
        store.fold({OWN: log}, min(20_000, last - at))
        spent += time.perf_counter() - started
        cpu += time.thread_time() - cpu_started
    return (last - first) / spent, cpu / (last - first) * 1e6


def bare_rate(folder: Path, made: ViewStore, rows: int) -> float:
    """Records a second when the rows of ``made`` are inserted by bare apsw, taken from memory."""
    import apsw

    from renkei.kernel.views.fold import _NEW_RECORDS, _PLACE, _REFS, _SEARCH
    from renkei.kernel.views.schema import create, open_writer
    from renkei.kernel.views.text import entries, normalise

    db = apsw.Connection(str(made._path), flags=apsw.SQLITE_OPEN_READONLY)
    records = db.execute("SELECT * FROM records ORDER BY row LIMIT ?", (rows,)).fetchall()
    search = []
    for r in records:
        report = CODEC.decode(r[-1])
        search.append((r[3], entries([normalise(report.text.text)], [r[8]])[0]))
    places = db.execute("SELECT * FROM places ORDER BY place LIMIT ?", (rows,)).fetchall()
    refs = db.execute("SELECT target, row, field FROM refs WHERE row <= ?", (rows,)).fetchall()
    refs.sort(key=lambda r: r[1])
    bare = open_writer(folder / "bare.db")
    create(bare, [], "")
    batch, spent, ref_at = 8_192, 0.0, 0
    for at in range(0, len(records), batch):
        top = records[min(at + batch, len(records)) - 1][0]
        end = ref_at
        while end < len(refs) and refs[end][1] <= top:
            end += 1
        started = time.perf_counter()
        cursor = bare.cursor()
        cursor.execute("BEGIN")
        _NEW_RECORDS.run(cursor, records[at : at + batch])
        _REFS.run(cursor, refs[ref_at:end])
        cursor.executemany(_PLACE, places[at : at + batch])
        cursor.execute(_SEARCH, (msgspec.json.encode(dict(search[at : at + batch])).decode(),))
        cursor.execute("COMMIT")
        spent += time.perf_counter() - started
        ref_at = end
    return len(records) / spent


@contextmanager
def python_busy() -> Iterator[None]:
    """Another thread that does what an edge does: decode, encode, give up the lock now and then."""
    stop = threading.Event()

    def work() -> None:
        body = msgspec.json.encode(list(range(200)))
        while not stop.is_set():
            for _ in range(20):
                msgspec.json.encode(msgspec.json.decode(body))
            time.sleep(0.0001)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


# --- starting -----------------------------------------------------------------------------------------

_START = """
import sys, time
sys.path[:0] = [{bench!r}]
import bench_views as b
from pathlib import Path
started = time.perf_counter()
store = b.store_at(Path({path!r}))
clearance = b.reader_of(b.fifty_labels(), 50)
before_read = time.perf_counter()
assert len(store.reader("live", clearance).newest().rows) == 50
ready = time.perf_counter() - started
for reader in (store.reader("live", clearance),):
    for q in ("冠水", "孤立集落", "flo"):
        reader.search(q)
    for _ in range(200):
        reader.newest()
        reader.within(139, 35, 139.3, 35.3)
print(ready, int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024)
"""


def start(path: Path) -> tuple[float, float]:
    """Seconds to the first page in a new process, and its peak memory in MB after some reading."""
    code = _START.format(bench=str(Path(__file__).parent), path=str(path))
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    seconds, megabytes = done.stdout.split()
    return float(seconds), float(megabytes)


# --- reading ------------------------------------------------------------------------------------------


def reads(store: ViewStore) -> dict[str, tuple[float, float, int]]:
    """(median ms, worst ms, rows) of each question for readers of many, some and few labels."""
    labels = fifty_labels()
    found: dict[str, tuple[float, float, int]] = {}
    for wanted in (LABELS, LABELS // 2, 2):
        clearance = reader_of(labels, wanted)
        who = f"{seen(labels, clearance)} labels"
        reader = store.reader("live", clearance)
        rnd = random.Random(1)
        page = reader.newest(limit=50)
        questions = {
            "newest 50": lambda r=reader: r.newest().rows,
            "the page after it": lambda r=reader, p=page: r.newest(before=p.next).rows,
            "newest 50 of a kind and owner": lambda r=reader: r.newest("report", OWNER).rows,
            "a box of 0.3 degrees": lambda r=reader, d=rnd: _box(r, d, 0.3),
            "a box of 3 degrees": lambda r=reader, d=rnd: _box(r, d, 3),
            "the whole map": lambda r=reader: r.within(-180, -90, 180, 90),
            "冠水 (every third record)": lambda r=reader: r.search("冠水").rows,
            "孤立集落 (20 records)": lambda r=reader: r.search("孤立集落").rows,
            "a pair in no record": lambda r=reader: r.search("龘龘").rows,
            "flooded (common word)": lambda r=reader: r.search("flooded").rows,
            "冠水 flooded": lambda r=reader: r.search("冠水 flooded").rows,
            "one record by id": lambda r=reader, p=page: [r.get(p.rows[0].id)],
            "count": lambda r=reader: range(min(1, r.count())),
        }
        for name, ask in questions.items():
            found[f"{who}: {name}"] = _timed(ask)
    return found


def _box(reader, rnd: random.Random, side: float):
    west, south = rnd.uniform(125, 140), rnd.uniform(25, 40)
    return reader.within(west, south, west + side, south + side)


def _timed(ask) -> tuple[float, float, int]:
    times, rows = [], 0
    for turn in range(WARM + TIMES):
        started = time.perf_counter()
        rows = len(ask())
        if turn >= WARM:
            times.append((time.perf_counter() - started) * 1e3)
    return statistics.median(times), max(times), rows


# --- all ----------------------------------------------------------------------------------------------


def main() -> None:
    """Run everything and print it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--records", type=int, default=1_000_000)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--keep", type=Path, help="keep the file here, and use it if it is there")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = given.keep or Path(name)
        results = measure(given.records, folder)
    if given.json:
        print(json.dumps(results, ensure_ascii=False, indent=1))
        return
    for row in results:
        print(f"{row['what']:62} {row['value']:>12,.2f} {row['unit']:<8} {row['beside']}")


def measure(records: int, folder: Path) -> list[dict]:
    """Everything, in the order in which it can be done."""
    results: list[dict] = []

    def tell(what: str, value: float, unit: str, beside: str) -> None:
        results.append({"what": what, "value": value, "unit": unit, "beside": beside})
        print(what, round(value, 2), unit, beside, file=sys.stderr, flush=True)

    path, updates = folder / "views.db", min(40_000, records // 4)
    fresh = not path.exists()
    gc.set_threshold(GC_THRESHOLD)  # as in the process that folds for a node
    log = Synthetic(records + 2 * updates, 2 * updates)
    store = store_at(path)
    sample = len(log._pack(0).entries[1])
    tell("a record", sample, "bytes", "")
    if fresh:
        part = records // 5
        for at in range(0, records, part):
            rate, cpu = fold_rate(store, log, at, at + part)
            tell(
                f"fold of records {at:,} to {at + part:,}",
                rate,
                "rec/s",
                f"floor {FOLD_FLOOR:,}; {cpu:.0f} us CPU",
            )
        bare = bare_rate(folder, store, part)
        tell(f"bare apsw, the same rows, {part:,}", bare, "rec/s", "limit of the first fifth")
        rate, cpu = fold_rate(store, log, records, records + updates)
        tell("updates of existing records", rate, "rec/s", f"floor {UPDATE_FLOOR:,}; {cpu:.0f} us CPU each")
        with python_busy():
            rate, cpu = fold_rate(store, log, records + updates, records + 2 * updates)
        tell("updates beside a busy Python thread", rate, "rec/s", f"floor {UPDATE_FLOOR:,}")
        started, steps = time.perf_counter(), 0
        while store.tidy():
            steps += 1
        tell("merging the search index in idle moments", time.perf_counter() - started, "s", f"{steps} steps")
    tell("file", path.stat().st_size / 2**20, "MB", "")
    for what, (median, worst, rows) in reads(store).items():
        tell(f"read, {what}", median, "ms", f"floor {READ_FLOOR_MS:g} ms; worst {worst:.2f} ms, {rows} rows")
    store.close()
    seconds, megabytes = start(path)
    tell("start to the first page, new process", seconds, "s", f"floor {START_FLOOR_SECONDS:g} s")
    tell("its memory after reading, peak", megabytes, "MB", f"floor {MEMORY_FLOOR_MB} MB")
    return results


if __name__ == "__main__":
    main()
