"""``renkei command paths`` and ``simulate``: which of two structures decides sooner, from a file."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from ...data import packaged
from ...kernel.errors import BadInput
from ...rooms.command.paths import Comparison, Description, PathView, Stand, compare, effort, read, view
from .app import Common
from .exchanging import export_structure, import_structure
from .local import read_file
from .structures import check, diff_, show

EXAMPLE = "paths/example.toml"
CAUTION = {
    "en": "This ranks structures; it does not predict minutes.",
    "ja": "構造の優劣を比べるものであり、所要時間（分）を予測するものではありません。",
}
SYNTHETIC = {"en": "SYNTHETIC: invented posts and times.", "ja": "架空：部署・時間は創作です。"}
NO_WINNER = "no winner: the interval contains zero / 優劣なし（信頼区間がゼロを含む）"
WINNERS = {"today": "today / 現行", "proposed": "proposed / 改編案", "none": NO_WINNER}

command_app = App(name="command", help="Structure, plans and decision paths.")
command_app.command(import_structure, name="import")
command_app.command(export_structure, name="export")
command_app.command(show)
command_app.command(diff_, name="diff")
command_app.command(check)


@command_app.command
def paths(
    file: Path | None = None,
    /,
    *,
    example: Annotated[bool, Parameter(name="--example")] = False,
    common: Common | None = None,
) -> None:
    """Show each kind's path if nobody waits: hops, common hours, single points of failure, best case.

    Parameters
    ----------
    file
        The description (TOML, or JSON if it ends in .json).
    example
        Use the packaged synthetic example instead of a file.
    """
    described, out = described_in(file, example), (common or Common()).out
    today, proposed = described.structures()
    views = {one.key: [view(one, kind) for kind in one.kinds] for one in (today, proposed)}
    if out.as_json:
        out.data({**_heading(described), "today": views["today"], "proposed": views["proposed"]})
        return
    _say_heading(out, described)
    columns = [
        "kind",
        "structure",
        "steps",
        "hops",
        "borders",
        "common h/week",
        "best min",
        "middle",
        "worst",
    ]
    out.table(columns, [_path_row(key, one) for key, found in views.items() for one in found])
    for key, found in views.items():
        for one in found:
            out.say(f"{key} {one.kind}: single points / 単一障害点: {', '.join(one.single_points) or '-'}")
            for hop in one.hops:
                out.say(f"  {hop.sender} > {hop.receiver}: {hop.common:g} common h/week / 共通勤務時間（週）")


@command_app.command
def simulate(
    file: Path | None = None,
    /,
    *,
    example: Annotated[bool, Parameter(name="--example")] = False,
    seed: int = 1,
    runs: int = 20,
    requests: int = 2_000,
    common: Common | None = None,
) -> None:
    """Simulate both structures under the same seeds; no winner is named where chance may explain it.

    Parameters
    ----------
    file
        The description (TOML, or JSON if it ends in .json).
    example
        Use the packaged synthetic example instead of a file.
    seed
        The first seed; the same seed gives the same figures.
    runs
        Pairs of runs, each pair under a seed of its own.
    requests
        Requests in each run, of all kinds together.
    """
    described, out = described_in(file, example), (common or Common()).out
    today, proposed = described.structures()
    with out.progress("simulating", effort(runs)) as ticker:
        found = compare(today, proposed, seed=seed, runs=runs, requests=requests, progress=ticker.to)
    if out.as_json:
        whole = {**_heading(described), "assumed": described.assumed(), "result": found}
        out.data(whole)
        return
    _say_heading(out, described)
    _say_comparison(out, found)
    count = len(described.assumed())
    out.say(f"Service times that are assumptions / 仮定による処理時間: {count}")


def described_in(file: Path | None, example: bool) -> Description:
    """The description named, or the packaged one.  Raises BadInput if it is both, neither or wrong."""
    if (file is None) != example:
        raise BadInput("usage", "a FILE or --example, one of the two", "both" if example else "neither")
    if file is None:
        return read(packaged(EXAMPLE), as_json=False)
    return read(read_file(file), as_json=file.suffix.lower() == ".json")


def _heading(described: Description) -> dict[str, Any]:
    return {"title": described.title, "synthetic": described.synthetic, "caution": CAUTION}


def _say_heading(out: Any, described: Description) -> None:
    out.say(f"{described.title.en} / {described.title.ja}")
    for text in (SYNTHETIC, CAUTION) if described.synthetic else (CAUTION,):
        out.say(f"{text['en']} / {text['ja']}")


def _path_row(key: str, one: PathView) -> dict[str, Any]:
    borders = sum(hop.border for hop in one.hops)
    named = {
        "kind": one.kind,
        "structure": key,
        "steps": one.steps,
        "hops": len(one.hops),
        "borders": borders,
    }
    cases = {"best min": one.best, "middle": one.middle, "worst": one.worst}
    return named | {"common h/week": f"{one.common:g}"} | {k: f"{v:.0f}" for k, v in cases.items()}


def _say_comparison(out: Any, found: Comparison) -> None:
    columns = ["kind", "today", "proposed", "difference", "low", "high", "sooner / 早い構造"]
    rows = []
    for one in found.differences:
        plain = msgspec.to_builtins(one) | {"difference": one.mean, columns[-1]: WINNERS[one.winner]}
        rows.append({k: f"{v:.1f}" if isinstance(v, float) else v for k, v in plain.items()})
    out.table(columns, rows)
    share = f"{found.confidence:.0%}"
    out.say(f"Minutes, relative only; {share} interval, {found.runs} pairs / 分（比較用）、{share}信頼区間")
    _say_stand(out, "today / 現行", found.today)
    _say_stand(out, "proposed / 改編案", found.proposed)


def _say_stand(out: Any, name: str, stand: Stand) -> None:
    busy, post = stand.busy[stand.bottleneck], stand.bottleneck
    knee = f"{stand.knee:g}" if stand.knee is not None else "-"
    out.say(f"{name}: bottleneck / 隘路 {post} ({busy:.0%})")
    out.say(f"  load at its limit / 処理限界 x{stand.capacity:.2f}, knee / 急増点 x{knee}")
    for one in stand.one_more:
        worth = f"{one.mean:+.1f} ({one.low:+.1f} to {one.high:+.1f})"
        sure = worth if one.winner != "none" else f"{worth}: no sure gain / 効果は不確か"
        out.say(f"  one more at / 1名増 {post}, {one.kind}: {sure}")
