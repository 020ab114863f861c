"""``renkei command show``, ``diff`` and ``check``: a structure, a plan for it, and what was promised."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from cyclopts import Parameter

from ...data import packaged
from ...kernel.clock import SystemClock
from ...kernel.errors import BadInput
from ...rooms.command.plans import (
    LISTS,
    SAID,
    AnyFact,
    Line,
    Plan,
    Ref,
    Relation,
    Report,
    Timeline,
    Unit,
    between,
    diff,
    examine,
    owners_of,
    read_plan,
    read_rules,
    together,
)
from ...rooms.command.plans.checks import Finding, Result
from ...rooms.command.plans.words import CAUSES, CHECKS, DIFFERENCES, OUTCOMES, PROBLEMS, REPAIRS, SIGNS, both
from .app import Remote
from .local import read_file
from .output import Output

EXAMPLE, EXAMPLE_RULES, STANDARD = "plans/example.toml", "plans/example-rules.toml", "plans/rules.toml"
REFERENCE, REFERENCE_RULES = "plans/reference.toml", "plans/reference-rules.toml"
SYNTHETIC = {"en": "SYNTHETIC: invented units, posts and figures.", "ja": "架空：部隊・職・数値は創作です。"}
MAX_SHOWN = 20
"""Findings of one rule on a terminal; ``--json`` has all."""

Example = Annotated[bool, Parameter(name="--example", help="Use the packaged synthetic plan.")]
Documented = Annotated[bool, Parameter(name="--reference", help="Use the packaged, documented case.")]
FromNode = Annotated[bool, Parameter(name="--node", help="Use what the running node knows.")]
BranchKey = Annotated[str, Parameter(help="Which branch, as authority=2a; without it the first.")]


def show(
    file: Path | None = None,
    /,
    *,
    example: Example = False,
    reference: Documented = False,
    node: FromNode = False,
    on: str = "",
    branch: BranchKey = "",
    kind: str = "command",
    remote: Remote | None = None,
) -> None:
    """Show a structure, or that of a plan on a day of a branch, as a tree of one hierarchy.

    Parameters
    ----------
    file
        A plan or a structure (TOML, or JSON if it ends in .json).
    on
        A day (YYYY-MM-DD), or a phase's key; default: the start.
    kind
        The hierarchy: command, opcon, tacon, administrative, support, coordination or liaison.
    """
    remote = remote or Remote()
    given = given_in(file, example, reference, node, remote)
    plan = given.plan
    timeline = Timeline(plan)
    chosen = timeline.branch(branch) if branch else timeline.branches[0]
    moment = timeline.moment(on) if on else 0
    facts = timeline.facts_at(chosen, moment)
    out = remote.out
    if out.as_json:
        lists = {name: [f for ref, f in facts.items() if ref[0] == k] for k, name in LISTS.items()}
        out.data(
            {
                **_heading(given),
                "at": timeline.moments[moment],
                "branch": chosen.key,
                "moments": timeline.moments,
                "branches": [one.key for one in timeline.branches],
                "owners": owners_of(plan),
                "structure": {"nations": plan.structure.nations, **lists},
            }
        )
        return
    _say_heading(out, given)
    out.say(f"{timeline.moments[moment]}  {chosen.key}  ({kind})")
    for line in _tree(facts, kind):
        out.say(line)
    counts = ", ".join(f"{sum(ref[0] == k for ref in facts)} {name}" for k, name in LISTS.items())
    out.say(counts.replace("_", " "))
    out.say("moments / 時点: " + ", ".join(str(one) for one in timeline.moments))
    out.say("branches / 分岐: " + "; ".join(one.key for one in timeline.branches))


def diff_(
    file: Path | None = None,
    other: Path | None = None,
    /,
    *,
    example: Example = False,
    reference: Documented = False,
    start: Annotated[str, Parameter(name="--from")] = "",
    to: str = "",
    from_branch: BranchKey = "",
    to_branch: BranchKey = "",
    remote: Remote | None = None,
) -> None:
    """Compare a plan on two dates or branches, or two structures, line by line.

    Parameters
    ----------
    file
        A plan or a structure (TOML, or JSON if it ends in .json).
    other
        Another one to compare it with, each as it starts.
    start
        A day or phase of the plan; default: its start.
    to
        A day or phase of the plan; default: its end.
    """
    remote = remote or Remote()
    given = given_in(file, example, reference, False, remote)
    plan = given.plan
    timeline = Timeline(plan)
    if other is not None:
        second = Timeline(_read(other))
        lines = diff(timeline.facts_at(timeline.branches[0], 0), second.facts_at(second.branches[0], 0))
        sides: dict[str, Any] = {"from": str(file), "to": str(other)}
    else:
        first = timeline.branches[0].key
        one = timeline.branch(from_branch or to_branch or first), timeline.moment(start) if start else 0
        last = timeline.moment(to) if to else len(timeline.moments) - 1
        two = timeline.branch(to_branch or from_branch or first), last
        lines = between(timeline, one, two)
        sides = {
            key: {"at": timeline.moments[moment], "branch": branch.key}
            for key, (branch, moment) in (("from", one), ("to", two))
        }
    out = remote.out
    if out.as_json:
        out.data({**_heading(given), **sides, "lines": lines})
        return
    _say_heading(out, given)
    if other is None:
        ends = (f"{timeline.moments[moment]}  {branch.key}" for branch, moment in (one, two))
        out.say(" > ".join(ends))
    columns = ["", "what", "kind", "key", "before", "after"]
    out.table(columns, [_diff_row(line) for line in lines])
    out.say(f"{len(lines)} differences / 差異 {len(lines)} 件")


def check(
    file: Path | None = None,
    /,
    *,
    example: Example = False,
    reference: Documented = False,
    node: FromNode = False,
    record: Annotated[str, Parameter(help="The id of a plan on record at the running node.")] = "",
    rules: tuple[Path, ...] = (),
    alone: Annotated[
        bool, Parameter(name="--alone", help="Only the rules given, not the standard ones.")
    ] = False,
    explain: Annotated[bool, Parameter(name="--explain", negative="--no-explain")] = True,
    remote: Remote | None = None,
) -> int:
    """Check every rule on every date of every branch: proved, refuted or unknown, with witnesses.

    Exit status 1 if any rule is refuted.

    Parameters
    ----------
    file
        A plan or a structure (TOML, or JSON if it ends in .json).
    rules
        Files of rules beside the standard ones; a rule with the key of a standard one replaces it.
    explain
        Look for the smallest set of changes behind each finding, and the cheapest repair.
    """
    remote = remote or Remote()
    given = given_in(file, example, reference, node, remote, record)
    plan = given.plan
    files = [read_rules(read_file(path), as_json=_is_json(path)) for path in rules]
    if example or reference:
        files.insert(0, read_rules(packaged(EXAMPLE_RULES if example else REFERENCE_RULES), as_json=False))
    standard = () if alone else (read_rules(packaged(STANDARD), as_json=False),)
    chosen = together([*standard, *files])
    with remote.out.progress("checking", None):
        report = examine(plan, chosen.rules, chosen.costs, explain=explain)
    out = remote.out
    if out.as_json:
        out.data({**_heading(given), "report": report})
    else:
        _say_heading(out, given)
        _say_report(out, report)
    return 1 if report.outcome == "refuted" else 0


class Given(NamedTuple):
    """A plan, and the marking of the records it was made of; empty for files."""

    plan: Plan
    marking: Mapping[str, str]


def planned(file: Path | None, example: bool, reference: bool, node: bool, remote: Remote) -> Plan:
    """The one plan that was named.  Raises BadInput if none or several were, or it is not sound."""
    return given_in(file, example, reference, node, remote).plan


def given_in(
    file: Path | None, example: bool, reference: bool, node: bool, remote: Remote, record: str = ""
) -> Given:
    """The same with its marking; ``record`` is the id of a plan on record."""
    if sum((file is not None, example, reference, node, bool(record))) != 1:
        raise BadInput("usage", "one of: a FILE, --example, --reference, --node", "none or several")
    if record:
        raw = msgspec.json.encode(remote.api().get(f"/plans/{record}/document")["plan"])
        return Given(read_plan(raw, as_json=True), {})
    if file is not None:
        return Given(_read(file), {})
    if node:
        answer = remote.api().get("/structure")
        raw = msgspec.json.encode(answer["structure"])
        plan = read_plan(raw, as_json=True, today=SystemClock().now().date())
        return Given(plan, answer["marking"] or {})
    return Given(read_plan(packaged(EXAMPLE if example else REFERENCE), as_json=False), {})


def _read(path: Path) -> Plan:
    return read_plan(read_file(path), as_json=_is_json(path), today=SystemClock().now().date())


def _is_json(path: Path) -> bool:
    return path.suffix.lower() == ".json"


def _heading(given: Given) -> dict[str, Any]:
    plan = given.plan
    whole = {"title": plan.title, "synthetic": plan.synthetic, "start": plan.start}
    return whole | ({"marking": given.marking} if given.marking else {})


def _say_heading(out: Output, given: Given) -> None:
    if given.marking:
        out.say(f"{given.marking['en']} / {given.marking['ja']}")
    out.say(both(given.plan.title))
    if given.plan.synthetic:
        out.say(f"{SYNTHETIC['en']} / {SYNTHETIC['ja']}")


def _tree(facts: Mapping[Ref, AnyFact], kind: str) -> Iterable[str]:
    """Units under those they are under, in order; each once under every superior."""
    units = {f.code: f for f in facts.values() if isinstance(f, Unit)}
    below: dict[str, list[str]] = {}
    under: set[str] = set()
    for fact in facts.values():
        if (
            isinstance(fact, Relation)
            and fact.relation == kind
            and {fact.subject, fact.object} <= units.keys()
        ):
            below.setdefault(fact.object, []).append(fact.subject)
            under.add(fact.subject)

    def order(code: str) -> tuple[int, str]:
        return units[code].order, code

    waiting: list[tuple[str, int, tuple[str, ...]]] = [
        (code, 0, ()) for code in sorted(below.keys() - under, key=order, reverse=True)
    ]
    while waiting:
        code, depth, way = waiting.pop()
        yield f"{'  ' * depth}{code}  {both(units[code].names)}"
        if code not in way:
            deeper = sorted(below.get(code, ()), key=order, reverse=True)
            waiting += [(child, depth + 1, (*way, code)) for child in deeper]


def _diff_row(line: Line) -> dict[str, Any]:
    pairs = line.fields or {}
    return {
        "": SIGNS[line.word],
        "what": both(DIFFERENCES[line.word]),
        "kind": line.kind,
        "key": f"{line.instead} > {line.key}" if line.instead else line.key,
        "before": _values(pairs, 0) if pairs else _brief(line.before),
        "after": _values(pairs, 1) if pairs else _brief(line.after),
    }


def _values(pairs: Mapping[str, tuple[Any, Any]], side: int) -> str:
    shown = {name: pair for name, pair in pairs.items() if name not in SAID} or pairs
    return ", ".join(f"{name}={_plain(pair[side])}" for name, pair in shown.items())


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) else str(msgspec.to_builtins(value))


def _brief(fact: AnyFact | None) -> str:
    match fact:
        case None:
            return ""
        case Relation():
            return f"{fact.subject} > {fact.object}"
        case _:
            names = getattr(fact, "names", None)
            return both(names) if names is not None else ""


def _say_report(out: Output, report: Report) -> None:
    columns = ["outcome", "rule", "findings"]
    out.table(columns, [_rule_row(result) for result in report.results])
    for result in report.results:
        for finding in result.findings[:MAX_SHOWN]:
            _say_finding(out, result, finding)
        if (more := len(result.findings) - MAX_SHOWN) > 0:
            out.say(f"{result.rule}: {more} more with --json / 残り {more} 件は --json で表示")
    refuted = sum(f.outcome == "refuted" for result in report.results for f in result.findings)
    out.say(f"causes searched for / 原因を探索: {report.explained} / {refuted}")
    out.say(f"moments / 時点: {len(report.moments)}; branches / 分岐: {len(report.branches)}")
    out.say(f"all / 全体: {both(OUTCOMES[report.outcome])}")


def _rule_row(result: Result) -> dict[str, Any]:
    return {
        "outcome": both(OUTCOMES[result.outcome]),
        "rule": f"{result.rule}: {both(result.names) or both(CHECKS[result.check])}",
        "findings": len(result.findings),
    }


def _say_finding(out: Output, result: Result, finding: Finding) -> None:
    until = f" until / 終了 {finding.until}" if finding.until else ""
    where = " / ".join(part for part in finding.where if part)
    out.say(f"{result.rule}: {where}: {both(PROBLEMS[finding.problem])} [{both(OUTCOMES[finding.outcome])}]")
    out.say(f"  from / 開始 {finding.since}{until}; branches / 分岐: {'; '.join(finding.branches)}")
    if finding.figures:
        out.say("  " + ", ".join(f"{name} {value}" for name, value in finding.figures.items()))
    if finding.facts:
        out.say("  facts / 事実: " + "; ".join(f"{kind} {key}" for kind, key in finding.facts))
    if finding.depends_on:
        out.say("  depends on the day of / 日付次第: " + ", ".join(finding.depends_on))
    if finding.cause is not None:
        named = ", ".join(finding.cause.changes) or "-"
        out.say(f"  cause / 原因: {named} ({both(CAUSES[finding.cause.how])})")
    if finding.repair is not None:
        repair = finding.repair
        step = both(REPAIRS[repair.step])
        what = f"{repair.change} {repair.to}" if repair.to else repair.change
        if repair.fact is not None:
            what = f"{_brief(repair.fact) or msgspec.to_builtins(repair.fact)} ({repair.at})"
        out.say(f"  repair / 是正: {step} {what}, cost / 費用 {repair.cost:g}")
