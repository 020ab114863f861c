"""Every row of the table of closed formulas: the engines come to it, or it belongs to supply and a formula
does.

What is simulated is measured in independent runs.  A row holds if Student's interval over the runs, at
``CONFIDENCE``, contains its value, and if that interval is narrow enough to refute another formula.  Seeds
are fixed: a row that holds once holds always.
"""

import ast
import csv
import math
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from renkei.rooms.command.paths import Kind, Post, Step, Streams, Structure, Work, run, structure
from renkei.rooms.command.paths.calendars import Floats
from renkei.rooms.command.paths.compare import student
from renkei.rooms.command.paths.engine import Running, groups, run_events

TABLE = Path(__file__).parents[3] / "data" / "closed_form_oracles.csv"
ROWS_IN_ALL = 124
CONFIDENCE = 0.999
"""Of each row alone: of a hundred true ones nine in ten tables hold whole."""
NARROW = 0.15
"""Half an interval over its value, at most; the next formula in the table is further off."""
RUNS = 20
WARM_UP = 0.1
DAY = 1440.0


class Row(NamedTuple):
    """One line of the table, what it says of its model as a hashable string."""

    model: str
    params: str
    metric: str
    value: float


def rows() -> list[Row]:
    """The table; ``same`` stands for the parameters of the line above."""
    found: list[Row] = []
    with TABLE.open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            params = found[-1].params if line["params"] == "same" else line["params"]
            found.append(Row(line["model"], params, line["metric"], float(line["value"])))
    return found


def numbers(params: str) -> dict[str, float]:
    """``name=number`` pairs, whatever unit follows."""
    return {name: float(value) for name, value in re.findall(r"(\w+)=([\d.]+)", params)}


Measured = dict[str, Floats]
"""By metric: what each run came to."""


def gathered(runs: Iterable[dict[str, float]]) -> Measured:
    told = list(runs)
    return {metric: np.array([one[metric] for one in told]) for metric in told[0]}


def requests(load: float, spread: float = 1.0, officers: int = 1) -> int:
    """Requests a run for an error of some two percent in all, by the variance of an M/G/1's mean wait.

    Of many officers one is soon free, and only those who wait say how long.
    """
    variance = (1 + spread**2) * (1 + 1.5 * load) / (load * (1 - load) ** 2)
    waiting = 1 + (officers - 1) * (1 - load)
    return int(min(max(variance * waiting / 0.0005, 40_000), 4_000_000) / RUNS)


# --- one post -----------------------------------------------------------------------------------------------


@cache
def one_post(rate: float, work: Work, officers: int) -> Measured:
    """An M/G/c queue: who waits, how long, and how many wait at a time."""
    where = structure("one", [Post("a", officers)], [Kind("k", rate * DAY, (Step("s", "a", work),))])
    count = requests(rate * work.mean / officers, work.cv, officers)
    skip = int(count * WARM_UP)

    def once(seed: int) -> dict[str, float]:
        streams = Streams(seed)
        took = run(where, streams, {"k": count}).times["k"][skip:]
        came = streams.arrivals("k", count, rate * DAY)
        waits = took - streams.work("k/s", 0, count, work)[skip:]
        return {
            "P(wait) ErlangC": float((waits > 1e-6).mean()),
            "Wq": float(waits.mean()),
            "W": float(took.mean()),
            "Lq": float(waits.sum() / (came[-1] - came[skip])),
        }

    return gathered(map(once, range(RUNS)))


def several_officers(params: str) -> Measured:
    p = numbers(params)
    return one_post(p["lambda"], Work(1 / p["mu"]), int(p["c"]))


def any_spread(params: str) -> Measured:
    p = numbers(params)
    spreads = {0.0: Work(p["ES"], "fixed"), 1.0: Work(p["ES"])}
    return one_post(p["lambda"], spreads.get(p["cv"], Work(p["ES"], "lognormal", p["cv"] or 1.0)), 1)


def pooling(params: str) -> Measured:
    p = numbers(params)
    apart, pooled = (one_post(p["rho"] * p["mu"] * m, Work(1 / p["mu"]), m) for m in (1, int(p["m"])))
    return {"Wq separate M/M/1": apart["Wq"], "Wq pooled M/M/m": pooled["Wq"]}


@cache
def urgent_first(params: str) -> Measured:
    p = numbers(params)
    rates = {"class1": p["l1"], "class2": p["l2"]}
    steps = (Step("s", "a", Work(1 / p["mu"])),)
    kinds = [Kind(key, rate * DAY, steps, n) for n, (key, rate) in enumerate(rates.items())]
    where = structure("two", [Post("a")], kinds)
    load = sum(rates.values()) / p["mu"]
    counts = {key: int(1.4 * requests(load) * rate / sum(rates.values())) for key, rate in rates.items()}

    def once(seed: int) -> dict[str, float]:
        times = run(where, Streams(seed), counts).times
        settled = {key: times[key][int(count * WARM_UP) :] for key, count in counts.items()}
        return {f"Wq {key}": float(each.mean()) - 1 / p["mu"] for key, each in settled.items()}

    return gathered(map(once, range(RUNS)))


# --- several posts ------------------------------------------------------------------------------------------


@cache
def beside_each_other(posts: int, rate: float, mean: float, officers: int, count: int) -> Floats:
    """Mean time until all of some steps beside each other are done, of each run."""
    steps = tuple(Step(str(n), str(n), Work(mean)) for n in range(posts))
    where = structure("fork", [Post(str(n), officers) for n in range(posts)], [Kind("k", rate * DAY, steps)])
    runs = (run(where, Streams(seed), {"k": count}).times["k"] for seed in range(RUNS))
    return np.array([float(took[int(count * WARM_UP) :].mean()) for took in runs])


def fork_and_join(params: str) -> Measured:
    p = numbers(params)
    return {
        "mean response": beside_each_other(
            2, p["rho"] * p["mu"], 1 / p["mu"], 1, max(12_000, requests(p["rho"]))
        )
    }


def sign_offs(params: str) -> Measured:
    """With so many officers at each post that nobody ever waits."""
    p = numbers(params)
    return {"mean completion": beside_each_other(int(p["k"]), 1.0, p["mean"], 60, 1_000)}


class OneDraw(Streams):
    """All draws from one generator: thousands of short streams would take longer than what they feed."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._one = np.random.default_rng(seed)

    def _generator(self, name: str, visit: int) -> np.random.Generator:
        return self._one


@cache
def network(params: str) -> Measured:
    """A path cannot branch by chance, so that each way a request may take is a kind of its own."""
    rates, speeds, officers, ways = (
        ast.literal_eval(found) for found in re.findall(r"=(\[.*?\])(?= \w+=|$)", params)
    )
    posts = [Post(str(n), int(count)) for n, count in enumerate(officers)]
    return gathered(network_once(seed, rates, speeds, ways, posts) for seed in range(10))


def network_once(
    seed: int, rates: list[float], speeds: list[float], ways: list[list[float]], posts: list[Post]
) -> dict[str, float]:
    taken = routes(seed, 10_000, rates, ways)
    arrivals = {str(n): np.array(times) for n, times in enumerate(taken.values())}
    kinds = [
        Kind(str(n), 1.0, tuple(step_of(k, node, speeds) for k, node in enumerate(way)))
        for n, way in enumerate(taken)
    ]
    running = Running(structure("network", posts, kinds), OneDraw(seed), arrivals)
    times = running.through([tuple(post.key for post in posts)], at_once=False).times
    until = max(float(came[-1]) for came in arrivals.values())
    since = until * WARM_UP
    found = {
        "mean time in system": float(
            np.concatenate([times[key][came >= since] for key, came in arrivals.items()]).mean()
        )
    }
    stays: list[list[Floats]] = [[] for _ in posts]
    for n, way in enumerate(taken):
        begun = arrivals[str(n)]
        for k, node in enumerate(way):
            ended = running.done[str(n), str(k)]
            stays[node].append((ended - begun)[(begun >= since) & (begun < until)])
            begun = ended
    for node, each in enumerate(stays):
        visits = np.concatenate(each)
        found[f"node{node} W per visit"] = float(visits.mean())
        found[f"node{node} arrival rate"] = len(visits) / (until - since)
    return found


def step_of(k: int, node: int, speeds: list[float]) -> Step:
    return Step(str(k), str(node), Work(1 / speeds[node]), (str(k - 1),) if k else ())


def routes(
    seed: int, count: int, rates: list[float], ways: list[list[float]]
) -> dict[tuple[int, ...], list[float]]:
    """Arrivals at random, by the nodes each passes until chance lets it go."""
    draw = np.random.default_rng(1000 + seed)
    came = np.cumsum(draw.exponential(1 / sum(rates), count)).tolist()
    begin = (np.cumsum(rates) / sum(rates)).tolist()
    onward = np.cumsum(ways, axis=1).tolist()
    chances = iter(draw.random(40 * count).tolist())
    taken: dict[tuple[int, ...], list[float]] = {}
    for at in came:
        way = [bisect_right(begin, next(chances))]
        while (node := bisect_right(onward[way[-1]], next(chances))) < len(rates):
            way.append(node)
        taken.setdefault(tuple(way), []).append(at)
    return taken


@cache
def repair(params: str) -> Measured:
    """Machines are requests that go round between a post where they run, with room for all, and the bays."""
    p = numbers(params)
    machines, rounds = int(p["N"]), 250
    steps: list[Step] = []
    for n in range(rounds):
        steps.append(Step(f"up{n}", "running", Work(p["MTBF"]), (steps[-1].key,) if steps else ()))
        steps.append(Step(f"mended{n}", "bays", Work(p["MTTR"]), (f"up{n}",)))
    posts = [Post("running", machines), Post("bays", int(p["bays"]))]
    where = structure("repair", posts, [Kind("k", 1.0, tuple(steps))])
    return gathered(repair_once(where, seed, machines, rounds) for seed in range(12))


def repair_once(where: Structure, seed: int, machines: int, rounds: int) -> dict[str, float]:
    running = Running(where, OneDraw(seed), {"k": np.zeros(machines)})
    running.through(groups(where))
    failed, mended = (
        np.array([running.done["k", f"{what}{n}"] for n in range(rounds)]) for what in ("up", "mended")
    )
    begun = np.vstack([np.zeros(machines), mended[:-1]])
    until = mended[-1].min()  # from then on there is a machine fewer
    since = until * WARM_UP
    up = (np.clip(failed, since, until) - np.clip(begun, since, until)).sum()
    settled = (failed > since) & (failed < until * 0.99)
    return {
        "availability": float(up / (machines * (until - since))),
        "mean turnaround": float((mended - failed)[settled].mean()),
    }


def radner(params: str) -> Measured:
    """Each reads its share; then sums and what is left over are added two by two."""
    p = numbers(params)
    items, officers = int(p["items"]), int(p["processors"])
    share, rest = divmod(items, officers)
    steps = [Step(f"own{n}", str(n), Work(float(share), "fixed")) for n in range(officers)]
    sums = [(step.post, step.key) for step in steps]
    while len(sums) + rest > 1:
        merged = []
        for n, (post, key) in enumerate(sums[:rest]):
            steps.append(Step(f"{key}+{n}", post, Work(1.0, "fixed"), (key,)))
            merged.append((post, steps[-1].key))
        pairs, rest = sums[rest:], max(0, rest - len(sums))
        for (post, key), (_, other) in zip(pairs[::2], pairs[1::2], strict=False):
            steps.append(Step(f"{key}&{other}", post, Work(1.0, "fixed"), (key, other)))
            merged.append((post, steps[-1].key))
        sums = merged + ([pairs[-1]] if len(pairs) % 2 else [])
    where = structure("tree", [Post(str(n)) for n in range(officers)], [Kind("k", 1.0, tuple(steps))])
    took = run_events(where, Streams(1), {"k": np.array([0.0])}).times["k"]
    return {"minimum delay (cycles)": took}


SIMULATED: dict[str, Callable[[str], Measured]] = {
    "M/M/c": several_officers,
    "M/G/1": any_spread,
    "M/M/1 2-class non-preemptive priority": urgent_first,
    "Jackson 4-node with rework": network,
    "machine repair M/M/c//N": repair,
    "pooling (product vs functional hierarchy)": pooling,
    "Radner 1993 one-shot aggregation": radner,
    "fork-join 2 x M/M/1": fork_and_join,
    "k parallel sign-offs, no queue": sign_offs,
}


# --- supply: what the rooms of sustainment will be held to ------------------------------------------------


def backorders(pipeline: float, stock: int) -> float:
    """Expected ones if what is under way is Poisson of that mean (Palm 1938)."""
    there = (math.exp(-pipeline + n * math.log(pipeline) - math.lgamma(n + 1)) for n in range(stock))
    return pipeline - stock + math.fsum((stock - n) * share for n, share in enumerate(there))


def palm(params: str) -> dict[str, float]:
    p = numbers(params)
    missing = backorders(p["demand"] * p["repair"], int(p["stock"]))
    each = p["qpa"]
    return {"EBO": missing, "supply availability": (1 - missing / (p["fleet"] * each)) ** each}


def metric(params: str) -> dict[str, float]:
    """Sherbrooke 1968: a base waits for its order and for what the depot owes it."""
    p = numbers(params)
    bases = float(re.match(r"(\d+) bases", params)[1])  # type: ignore[index]
    demand = bases * p["lambda"]
    delay = backorders(demand * p["repair"], int(p["S0"])) / demand
    return {"EBO per base": backorders(p["lambda"] * (p["OST"] + delay), int(p["S"]))}


SUPPLY: dict[str, Callable[[str], dict[str, float]]] = {
    "Palm (S-1,S) spares": palm,
    "METRIC 2-echelon": metric,
}


# --- the table --------------------------------------------------------------------------------------------


def interval(runs: Floats) -> tuple[float, float]:
    """Mean and half of Student's interval over independent runs; a single exact one has none."""
    if len(runs) == 1:
        return float(runs[0]), 0.0
    error = float(runs.std(ddof=1)) / math.sqrt(len(runs))
    return float(runs.mean()), student((1 + CONFIDENCE) / 2, len(runs) - 1) * error


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.model} {row.params[:40]} {row.metric}")
def test_a_row_holds(row: Row) -> None:
    if row.model in SUPPLY:
        assert SUPPLY[row.model](row.params)[row.metric] == pytest.approx(row.value, rel=1e-8)
        return
    mean, half = interval(SIMULATED[row.model](row.params)[row.metric])
    assert abs(mean - row.value) <= half + 1e-9 * row.value, f"{mean} +- {half}"
    assert half <= NARROW * row.value, f"{mean} +- {half} says too little"


def test_every_row_is_simulated_or_supplys_and_none_is_left_out() -> None:
    found = rows()
    assert len(found) == ROWS_IN_ALL
    assert {row.model for row in found} == SIMULATED.keys() | SUPPLY.keys()
    assert not SIMULATED.keys() & SUPPLY.keys()


def test_a_wrong_formula_is_refuted() -> None:
    """No urgency, no spread, an officer too many: each is outside the interval of what is so."""
    wrong: list[tuple[Any, str, float]] = [
        (any_spread("lambda=0.8 ES=1 cv=0.5"), "Wq", 2.0),
        (urgent_first("l1=0.2 l2=0.6 mu=1"), "Wq class1", 4.0),
        (several_officers("lambda=2.7 mu=1 c=3"), "Wq", 1.525),
        (fork_and_join("rho=0.5 mu=1"), "mean response", 3.0),
        (repair("N=12 MTBF=60 MTTR=20 bays=2"), "availability", 0.75),
    ]
    for measured, name, value in wrong:
        mean, half = interval(measured[name])
        assert abs(mean - value) > half
