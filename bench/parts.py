"""The suite's parts: each a name and a function that measures, small or in full, and returns figures.

``link``, ``live`` and ``million`` make figures themselves; ``append``, ``http`` and ``views`` are benchmarks
that stand on their own and are read here.
"""

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import (
    bench_append,
    bench_chain,
    bench_client,
    bench_http,
    bench_link,
    bench_live,
    bench_map,
    bench_memory,
    bench_million,
    bench_plans,
    bench_recall,
    bench_sealing,
    bench_simulate,
    bench_views,
)
from bench.common import Figure, figure

Part = Callable[[bool], list[Figure]]
BATCH_FLOOR, SINGLE_FLOOR = 60_000, 8_000
SINGLE_P99_MS, ONE_P50_MS = 60.0, 2.5
BOUND_SHARE = 0.4


def append(small: bool) -> list[Figure]:
    """The log in one process beside the flat file and the plain group commit."""
    found = bench_append.measure(*((2, 20) if small else (5, 100)))
    bound = found.pop(bench_append.apsw_bound.__name__)[0]
    rates = [
        figure(
            f"in process: {name.replace('_', ' ')}",
            [rate],
            "rec/s",
            limits=[bound],
            beside="apsw group commit",
            note=f"p99 {tail * 1e3:.1f} ms",
        )
        for name, (rate, tail) in found.items()
    ]
    return rates + bench_sealing.figures(small)


def http(small: bool) -> list[Figure]:
    """Appends over HTTP: batches, many at once, one at a time."""
    rounds = [bench_http.one_round(1.0 if small else 4.0) for _ in range(1 if small else 3)]

    def runs(name: str, key: str) -> list[float]:
        return [one[name][key] for one in rounds]

    def p99(name: str) -> str:
        return f"p99 {statistics.median(runs(name, 'p99_ms')):.1f} ms"

    bounds = runs("apsw bound", "records_per_s")
    shares = [rate / bound for rate, bound in zip(runs("batch", "records_per_s"), bounds, strict=True)]
    beside = {"limits": bounds, "beside": "apsw group commit"}
    batch, many = runs("batch", "records_per_s"), runs("concurrent", "records_per_s")
    several = runs("batches", "records_per_s")
    tail, alone = runs("concurrent", "p99_ms"), runs("one", "p50_ms")
    return [
        figure(
            "batches of 1,000, one client", batch, "rec/s", floor=BATCH_FLOOR, note=p99("batch"), **beside
        ),
        figure("the same as a share of the apsw bound", shares, "", floor=BOUND_SHARE),
        figure("the same client, three batches in flight", several, "rec/s", note=p99("batches"), **beside),
        figure(
            "256 single posts at once", many, "rec/s", floor=SINGLE_FLOOR, note=p99("concurrent"), **beside
        ),
        figure("256 single posts at once, p99", tail, "ms", floor=SINGLE_P99_MS, at_most=True),
        figure("one post at a time, p50", alone, "ms", floor=ONE_P50_MS, at_most=True, note=p99("one")),
    ]


def views(small: bool) -> list[Figure]:
    """The fold by itself, beside the same rows put in by bare apsw."""
    with tempfile.TemporaryDirectory(prefix="renkei-views-") as name:
        rows = bench_views.measure(20_000 if small else 1_000_000, Path(name))
    rates = {row["what"]: row["value"] for row in rows}
    folds = [rate for what, rate in rates.items() if what.startswith("fold of")]
    bare = [rate for what, rate in rates.items() if what.startswith("bare apsw")]
    floors = bench_views.FOLD_FLOOR, bench_views.UPDATE_FLOOR
    found = [
        figure(
            "fold, first fifth",
            folds[:1],
            "rec/s",
            limits=bare,
            beside="bare apsw, same rows",
            floor=floors[0],
        ),
        figure("fold, last fifth", folds[-1:], "rec/s", floor=floors[0]),
    ]
    for what, rate in rates.items():
        if what.startswith("updates"):
            found.append(figure(what, [rate], "rec/s", floor=floors[1]))
    return found


PARTS: dict[str, Part] = {
    "append": append,
    "http": http,
    "views": views,
    "million": bench_million.figures,
    "link": bench_link.figures,
    "live": bench_live.figures,
    "client": bench_client.figures,
    "map": bench_map.figures,
    "memory": bench_memory.figures,
    "recall": bench_recall.figures,
    "release": bench_chain.figures,
    "simulate": bench_simulate.figures,
    "plans": bench_plans.figures,
}
