"""Figures: what a benchmark found, beside its limit and its floor; kept as JSON, shown as a table.

Each part of the suite returns ``Figure``s and they are kept in ``bench/results/PART.json`` with a line about
the machine (never its name or its paths).  ``report`` makes one Markdown table of all of them and puts it
between the two marks in ``bench/README.md``.

A figure is the median of its runs.  Its ``limit`` was measured in the same run, on the same machine under the
same disturbance, so the ratio of the two says more than either alone.
"""

import os
import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

HERE = Path(__file__).parent
RESULTS = HERE / "results"
README = HERE / "README.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing measured.

    ``value`` is the median of ``runs``; ``limit`` what ``beside`` names came to in the same run; ``floor``
    the promise, which the value must not fall below, or not exceed if ``at_most``.
    """

    what: str
    value: float
    unit: str
    runs: tuple[float, ...] = ()
    beside: str = ""
    limit: float | None = None
    floor: float | None = None
    at_most: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The value over its limit."""
        return self.value / self.limit if self.limit else None

    @property
    def met(self) -> bool | None:
        """Whether the floor is kept; None without one."""
        if self.floor is None:
            return None
        return self.value <= self.floor if self.at_most else self.value >= self.floor


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured, as far as it matters: ``load`` is the load average as the part began."""

    cores: int
    python: str
    date: str
    load: float

    @classmethod
    def here(cls) -> "Machine":
        """This machine, now."""
        cores = len(os.sched_getaffinity(0))
        today = datetime.now(UTC).date().isoformat()
        return cls(cores, platform.python_version(), today, round(os.getloadavg()[0], 1))


class Result(msgspec.Struct, frozen=True):
    """One part's figures."""

    part: str
    machine: Machine
    figures: list[Figure]
    small: bool = False
    seconds: float = 0.0


def figure(
    what: str, runs: Sequence[float], unit: str, *, limits: Sequence[float] = (), **rest: Any
) -> Figure:
    """A figure from its runs and the limit's."""
    limit = statistics.median(limits) if limits else None
    shown = tuple(round(run, 3) for run in runs)
    return Figure(what=what, value=statistics.median(runs), unit=unit, runs=shown, limit=limit, **rest)


def quantile(times: Sequence[float], share: float) -> float:
    """The smallest of ``times`` that at least ``share`` of them do not exceed."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def save(result: Result) -> None:
    """Keep a part's figures; a trial with small sizes never replaces a full run."""
    folder = RESULTS / "small" if result.small else RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.part}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")


def load(part: str, small: bool = False) -> Result | None:
    """A part's figures as last kept, or None."""
    path = (RESULTS / "small" if small else RESULTS) / f"{part}.json"
    return msgspec.json.decode(path.read_bytes(), type=Result) if path.exists() else None


# --- showing ------------------------------------------------------------------------------------------


def plain(result: Result) -> str:
    """A part's figures for a terminal."""
    lines = []
    for one in result.figures:
        beside = f"{number(one.limit)} {one.beside}" if one.limit is not None else one.beside
        ratio = f"{one.ratio:.2f}" if one.ratio is not None else ""
        met = {True: "met", False: "MISSED", None: ""}[one.met]
        figures = f"{number(one.value):>10} {one.unit:6} {ratio:>5} {floor_of(one):>9} {met:7}"
        lines.append(f"{one.what:70}{figures}{beside}")
        lines += [f"    {one.note}"] if one.note else []
    return "\n".join(lines)


def report(parts: Sequence[str]) -> list[str]:
    """Rewrite the figures in README.md from what is kept; the parts for which nothing is."""
    found = {part: load(part) for part in parts}
    text = README.read_text("utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    tables = "\n".join(table(result) for result in found.values() if result)
    README.write_text(f"{before}{BEGIN}\n{tables}{END}{after}", "utf-8")
    return [part for part, result in found.items() if result is None]


def table(result: Result) -> str:
    """A part's figures in Markdown, with the machine's line."""
    at = result.machine
    lines = [
        f"### {result.part}",
        "",
        f"{at.cores} cores, Python {at.python}, {at.date}, load average {at.load:g} as it began.",
        "",
        "| What | Median | Runs | Limit or peer, same run | Ratio | Floor | |",
        "|---|--:|---|---|--:|--:|---|",
    ]
    for one in result.figures:
        runs = f"{number(min(one.runs))} to {number(max(one.runs))}" if len(one.runs) > 1 else ""
        beside = f"{number(one.limit)} {one.beside}" if one.limit is not None else one.beside
        ratio = f"{one.ratio:.2f}" if one.ratio is not None else ""
        met = {True: "met", False: "**missed**", None: ""}[one.met]
        what = f"{one.what} ({one.note})" if one.note else one.what
        cells = (what, f"{number(one.value)} {one.unit}", runs, beside, ratio, floor_of(one), met)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n\n"


def floor_of(one: Figure) -> str:
    """The floor with its direction."""
    if one.floor is None:
        return ""
    return f"{'≤' if one.at_most else '≥'} {number(one.floor)}"


def number(value: float | None) -> str:
    """Three digits that say something, and thousands apart."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
