"""``renkei command import`` and ``export``: a structure as CSV, XLSX, ORBAT Mapper scenario or MSDL.

Into and out of a plan's document, or a stopped node's own records.  An import is taken whole or not at all,
and changes only facts of the importer's own nation and shared ones.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from ...data import packaged
from ...kernel.errors import BadInput
from ...kernel.labels.model import Label as LabelModel
from ...rooms import command
from ...rooms.command.exchange import (
    Faults,
    Imported,
    counted,
    gathered,
    merge,
    nation_of_hq,
)
from ...rooms.command.plans import Plan, Structure, Timeline, encode, facts_of, read_plan
from ...rooms.command.records import Names, ParentKind
from .. import formats
from .app import Local, accepted
from .labelling import public_label_of
from .local import read_file, write_new
from .nodes import opened
from .output import Output
from .work import Label

REFERENCE = "reference"
PACKAGED = {REFERENCE: "plans/reference.toml"}
"""Plans that come with Renkei, by name."""
UNMARKED = "NOT MARKED / 表示なし"
SYNTHETIC = "SYNTHETIC / 架空"

Format = Annotated[
    formats.Format | None, Parameter(help="csv, xlsx, orbat or msdl; told by the file's name if left out.")
]
Hierarchy = Annotated[
    ParentKind, Parameter(help="Which kind of relation the tree of a scenario means (orbat, msdl).")
]
PlanName = Annotated[
    str | None, Parameter(help="A plan's document (TOML or JSON), or reference for the documented case.")
]
Account = Annotated[
    str | None,
    Parameter(help="Instead of a plan: a stopped node's records, as this account of its sees them."),
]


def import_structure(
    *files: Path,
    plan: PlanName = None,
    to: Path | None = None,
    nation: Literal["jp", "us", "ph"] | None = None,
    as_account: Account = None,
    label: Label = None,
    format: Format = None,  # noqa: A002 - the option's name
    hierarchy: Hierarchy = "command",
    side: tuple[str, ...] = (),
    encoding: Literal["utf-8", "shift_jis"] = "utf-8",
    dry_run: Annotated[bool, Parameter(name="--dry-run")] = False,
    local: Local | None = None,
) -> None:
    """Take a structure in: into a plan's document, or a stopped node's records.  Whole, or not at all.

    Only facts of one's own nation and shared ones may change; what else a file holds must be as it is known.
    What the file does not name stays as it is.

    Parameters
    ----------
    files
        Tables (CSV, XLSX), or one scenario.
    to
        The new document (JSON), where a plan is imported into.
    nation
        Whose facts may change, where a plan is imported into; a node's own are its nation's.
    side
        NAME=NATION for a side of a scenario that is not named as a nation; NAME=- leaves it out.
    encoding
        How CSV is written; shift_jis is what Japanese spreadsheets call it (code page 932).
    dry_run
        Say what would change, and change nothing.
    """
    local = local or Local()
    if not files:
        raise BadInput("usage", "one file or more", "none")
    form = format or formats.format_of(files[0])
    how = formats.Reading(hierarchy=hierarchy, sides=_sides(side), encoding=encoding)
    if (plan is None) == (as_account is None):
        raise BadInput("usage", "--plan or --as-account, one of the two", "both" if plan else "neither")
    if plan is not None:
        if nation is None or (to is None and not dry_run):
            raise BadInput("usage", "--nation and --to (or --dry-run) with --plan", "less")
        _into_plan(local.out, files, form, how, _plan(plan), nation_of_hq(nation), None if dry_run else to)
    else:
        _into_node(local, files, form, how, str(as_account), label, dry_run)


def export_structure(
    to: Path,
    /,
    *,
    plan: PlanName = None,
    as_account: Account = None,
    as_of: Annotated[str | None, Parameter(name="--as-of")] = None,
    branch: str = "",
    format: Format = None,  # noqa: A002 - the option's name
    hierarchy: Hierarchy = "command",
    marking: str | None = None,
    local: Local | None = None,
) -> None:
    """Write a structure into a new file, marked, and list what the format has no place for.

    Parameters
    ----------
    to
        The new file.
    as_of
        Only what holds on that day (2025-03-24), a plan's phases included; everything known if left out.
    branch
        Which branch of a plan, where it has several.
    marking
        What stands on the file, where a plan is exported; a node's records carry their own labels.
    """
    local = local or Local()
    form = format or formats.format_of(to)
    if (plan is None) == (as_account is None):
        raise BadInput("usage", "--plan or --as-account, one of the two", "both" if plan else "neither")
    on = _day(as_of) if as_of else None
    if plan is not None:
        found = _plan(plan)
        said = marking or (SYNTHETIC if found.synthetic else UNMARKED)
        title, day = found.title.en or found.title.ja, on or found.start
        structure = found.structure if on is None else _on(found, on, branch)
    else:
        structure, said = _of_node(local, str(as_account))
        title, day = "Structure", on or datetime.now(UTC).date()
        if on is not None:
            structure = _on(Plan(title=Names(en="Structure"), start=on, structure=structure), on, "")
    _write(local.out, to, structure, form, formats.Heading(title, said, day, hierarchy))


# --- In -------------------------------------------------------------------------------------------------


def _into_plan(
    out: Output,
    files: Sequence[Path],
    form: formats.Format,
    how: formats.Reading,
    plan: Plan,
    nation: str,
    to: Path | None,
) -> None:
    imported = _read(out, files, form, how._replace(base=plan.structure))
    merged = merge(plan.structure, imported, nation, Faults(formats.FAULTS))
    raw = encode(msgspec.structs.replace(plan, structure=merged.structure))
    read_plan(raw, as_json=True)
    if to is not None:
        write_new(to, raw)
    new, changed = counted(merged.new), counted(merged.changed)
    _tell(out, command.TakenIn(new, changed, merged.unchanged, imported.left_out, to is not None))


def _into_node(
    local: Local,
    files: Sequence[Path],
    form: formats.Format,
    how: formats.Reading,
    account: str,
    label: str | None,
    dry_run: bool,
) -> None:
    with opened(local.data) as node:
        desk = _desk(node, account)
        imported = _read(local.out, files, form, how._replace(base=command.structure_of(desk)))
        given = public_label_of(node.policies, label)
        accepted(taken := command.take_in(desk, imported, given, dry_run))
    assert isinstance(taken, command.TakenIn)
    _tell(local.out, taken)


def _read(out: Output, files: Sequence[Path], form: formats.Format, how: formats.Reading) -> Imported:
    with out.progress("reading", None) as ticker:
        return formats.read(files, form, how._replace(moved=ticker.to))


def _tell(out: Output, taken: command.TakenIn) -> None:
    if out.as_json:
        out.data(taken)
        return
    for word, counts in (("new", taken.new), ("changed", taken.changed)):
        out.say(f"{word:<9} {', '.join(f'{n} {kind}' for kind, n in counts.items()) or 'none'}")
    out.say(f"unchanged {taken.unchanged}")
    _say_left_out(out, taken.left_out)
    if not taken.written:
        out.say("nothing was written (--dry-run)")


# --- Out ------------------------------------------------------------------------------------------------


def _write(
    out: Output, to: Path, structure: Structure, form: formats.Format, heading: formats.Heading
) -> None:
    with _new_file(to) as file, out.progress("writing", len(facts_of(structure))) as ticker:
        left_out = formats.write(structure, file, form, heading, ticker.to)
    counts = counted(facts_of(structure))
    if out.as_json:
        written = {"file": str(to), "format": form, "marking": heading.marking}
        out.data({**written, "facts": counts, "leftOut": left_out})
        return
    out.say(f"{to}: {', '.join(f'{n} {kind}' for kind, n in counts.items()) or 'nothing'}")
    out.say(f"marking   {heading.marking}")
    _say_left_out(out, left_out)


def _say_left_out(out: Output, left_out: Sequence[Any]) -> None:
    if left_out:
        out.say("left out:")
        columns = ("what", "count", "why", "where")
        out.table(columns, [msgspec.to_builtins(each) for each in left_out])


@contextmanager
def _new_file(path: Path) -> Iterator[Any]:
    """A new file, gone again if it cannot be written to the end."""
    try:
        file = path.open("xb")
    except OSError as err:
        raise BadInput("file.write", "a new file that can be written", f"{path}: {err.strerror}") from None
    try:
        with file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _on(plan: Plan, day: date, branch: str) -> Structure:
    """What holds on a day, a plan's phases included."""
    timeline = Timeline(plan)
    facts = timeline.facts_at(timeline.branch(branch), timeline.moment_on(day))
    return gathered(plan.structure.nations, facts.values())


def _of_node(local: Local, account: str) -> tuple[Structure, str]:
    """What a stopped node knows as that account sees it, and the marking of all of it."""
    with opened(local.data) as node:
        desk = _desk(node, account)
        labels: list[LabelModel] = [seen.record.label for seen in command.known(desk)]
        if not labels:
            raise BadInput("export.empty", "a node that knows some structure", "none")
        accepted(label := node.policies.aggregate(labels))
        marking = node.policies.mark(label)
        return command.structure_of(desk), f"{marking.en} / {marking.ja}"


# --- What both need -------------------------------------------------------------------------------------


def _plan(name: str) -> Plan:
    if name in PACKAGED:
        return read_plan(packaged(PACKAGED[name]), as_json=False)
    path = Path(name)
    return read_plan(read_file(path), as_json=path.suffix.lower() == ".json", today=datetime.now(UTC).date())


def _desk(node: Any, account: str) -> Any:
    person = node.accounts.person(account)
    if person is None:
        raise BadInput("account.unknown", "an account of this node", repr(account[:80]))
    return node.desk(person)


def _sides(given: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given:
        name, sign, nation = each.rpartition("=")
        if not (name and sign and nation):
            raise BadInput("usage", "--side NAME=NATION", repr(each[:80]))
        found[name] = nation
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("usage", "--as-of with a day such as 2025-03-24", repr(text[:40])) from None
