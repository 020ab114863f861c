"""``renkei command paths`` and ``simulate``: which of two structures decides sooner, from a file."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from ...data import packaged
from ...kernel.errors import BadInput
from ...rooms.command import paths as room
from ...rooms.command.paths import CAUTION, Comparison, Description, Name, PathView, Stand, effort, read
from .app import Common, Remote
from .exchanging import export_structure, import_structure
from .local import read_file
from .structures import check, diff_, show

PACKAGED = "paths/{}.toml"
SYNTHETIC = Name("SYNTHETIC: invented posts and times.", "架空：部署・時間は創作です。")
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
    reference: Annotated[bool, Parameter(name="--reference")] = False,
    common: Common | None = None,
) -> None:
    """Show each kind's path if nobody waits: hops, common hours, single points of failure, best case.

    Parameters
    ----------
    file
        The description (TOML, or JSON if it ends in .json).
    example
        Use the packaged synthetic example instead of a file.
    reference
        Use the packaged description of the documented case, whose times are all assumptions.
    """
    described, out = described_in(file, example, reference), (common or Common()).out
    found = room.paths(described)
    if out.as_json:
        out.data(found)
        return
    views = {"today": found.today.paths, "proposed": found.proposed.paths}
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
    out.table(columns, [_path_row(key, one) for key, ways in views.items() for one in ways])
    for key, ways in views.items():
        for one in ways:
            out.say(f"{key} {one.kind}: single points / 単一障害点: {', '.join(one.single_points) or '-'}")
            for hop in one.hops:
                hours = f"{hop.common:g} common h/week / 共通勤務時間（週）{_alone(hop.common, hop.alone)}"
                out.say(f"  {hop.sender} > {hop.receiver}: {hours}")


@command_app.command
def simulate(
    file: Path | None = None,
    /,
    *,
    example: Annotated[bool, Parameter(name="--example")] = False,
    reference: Annotated[bool, Parameter(name="--reference")] = False,
    seed: int = 1,
    runs: int = 20,
    requests: int = 2_000,
    from_log: Annotated[bool, Parameter(name="--from-log")] = False,
    remote: Remote | None = None,
) -> None:
    """Simulate both structures under the same seeds; no winner is named where chance may explain it.

    Parameters
    ----------
    file
        The description (TOML, or JSON if it ends in .json).
    example
        Use the packaged synthetic example instead of a file.
    reference
        Use the packaged description of the documented case, whose times are all assumptions.
    seed
        The first seed; the same seed gives the same figures.
    runs
        Pairs of runs, each pair under a seed of its own.
    requests
        Requests in each run, of all kinds together.
    from_log
        Ask a running node, which takes the times of steps that name a measure from its own log.
    """
    described, remote = described_in(file, example, reference), remote or Remote()
    out = remote.out
    if from_log:
        asked = {"seed": seed, "runs": runs, "requests": requests, "from_log": True}
        body = {"description": msgspec.to_builtins(described), **asked}
        found = msgspec.convert(remote.api().post("/paths/simulate", body), room.Simulation)
    else:
        with out.progress("simulating", effort(runs)) as ticker:
            found = room.simulate(described, seed=seed, runs=runs, requests=requests, progress=ticker.to)
    if out.as_json:
        out.data(found)
        return
    _say_heading(out, described)
    _say_comparison(out, found.result)
    count = len(found.assumed)
    out.say(f"Service times that are assumptions / 仮定による処理時間: {count}")
    for one in found.measured:
        out.say(f"  {one.step}: {_said_of(one)}")


def _said_of(one: room.Measured) -> str:
    if one.fitted is None:
        why = one.refused.came if one.refused else "-"
        return f"assumed: too few times in the log / 仮定：記録不足 ({one.measure}: {why})"
    fitted = one.fitted
    return (
        f"from the log / 記録による: {one.measure}, {fitted.work.mean:.1f} min {fitted.work.spread}, "
        f"{fitted.earlier} + {fitted.open} open, {one.weeks:.1f} weeks / 週; "
        f"off by {fitted.distance:.2f} on {fitted.later} later ones / 後の週とのずれ"
    )


def described_in(file: Path | None, example: bool, reference: bool) -> Description:
    """The description named, or a packaged one.  Raises BadInput if it is several, none or wrong."""
    if (file is not None) + example + reference != 1:
        came = "neither" if file is None and not example | reference else "several"
        raise BadInput("usage", "a FILE or --example or --reference, one of them", came)
    if file is None:
        return read(packaged(PACKAGED.format("example" if example else "reference")), as_json=False)
    return read(read_file(file), as_json=file.suffix.lower() == ".json")


def _say_heading(out: Any, described: Description) -> None:
    out.say(f"{described.title.en} / {described.title.ja}")
    for text in (SYNTHETIC, CAUTION) if described.synthetic else (CAUTION,):
        out.say(f"{text.en} / {text.ja}")


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
    return (
        named
        | {"common h/week": f"{one.common:g}{_alone(one.common, one.alone)}"}
        | {k: f"{v:.0f}" for k, v in cases.items()}
    )


def _alone(common: float, alone: float) -> str:
    """Hours without stand-ins, where they are others."""
    return "" if common == alone else f" ({alone:g} without stand-ins / 代行なし)"


def _say_comparison(out: Any, found: Comparison) -> None:
    columns = ["kind", "today", "proposed", "difference", "low", "high", "sooner / 早い構造"]
    rows = []
    for one in found.differences:
        plain = msgspec.structs.asdict(one) | {"difference": one.mean, columns[-1]: WINNERS[one.winner]}
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
    limit = f"x{stand.capacity:.2f}" if stand.capacity is not None else "-"
    ways = f"{stand.busiest.get(post, 0)}/{sum(stand.busiest.values())}"
    out.say(
        f"  busiest in / 最繁忙の回数 {ways}; load at its limit / 処理限界 {limit}, knee / 急増点 x{knee}"
    )
    for one in stand.one_more:
        worth = f"{one.mean:+.1f} ({one.low:+.1f} to {one.high:+.1f})"
        sure = worth if one.winner != "none" else f"{worth}: no sure gain / 効果は不確か"
        out.say(f"  one more at / 1名増 {post}, {one.kind}: {sure}")
