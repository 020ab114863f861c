"""``renkei command import`` and ``export``: a structure as CSV, XLSX, ORBAT Mapper scenario or MSDL.

Into and out of a plan's document, or what the running node knows.  An import is taken whole or not at all,
and changes only facts of the importer's own nation and shared ones.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from ...kernel.errors import BadInput
from ...rooms import command
from ...rooms.command.exchange import (
    Faults,
    Imported,
    LeftOut,
    counted,
    gathered,
    merge,
    nation_of_hq,
)
from ...rooms.command.plans import Plan, Structure, Timeline, encode, facts_of, read_plan
from ...rooms.command.records import ParentKind
from .. import formats
from .app import Remote
from .labelling import public_label
from .local import write_new
from .output import Output
from .structures import BranchKey, Documented, Example, FromNode, planned
from .work import Label

UNMARKED = "NOT MARKED / 表示なし"
SYNTHETIC = "SYNTHETIC / 架空"

PlanFile = Annotated[
    Path | None, Parameter(help="A plan or a structure (TOML, or JSON if it ends in .json).")
]
Format = Annotated[
    formats.Format | None, Parameter(help="csv, xlsx, orbat or msdl; told by the file's name if left out.")
]
Hierarchy = Annotated[
    ParentKind, Parameter(help="Which kind of relation the tree of a scenario means (orbat, msdl).")
]


def import_structure(
    *files: Path,
    plan: PlanFile = None,
    example: Example = False,
    reference: Documented = False,
    node: FromNode = False,
    to: Path | None = None,
    nation: Literal["jp", "us", "ph"] | None = None,
    label: Label = None,
    format: Format = None,  # noqa: A002 - the option's name
    hierarchy: Hierarchy = "command",
    side: tuple[str, ...] = (),
    encoding: Literal["utf-8", "shift_jis"] = "utf-8",
    dry_run: Annotated[bool, Parameter(name="--dry-run")] = False,
    remote: Remote | None = None,
) -> None:
    """Take a structure in: into a plan's document, or at the running node.  Whole, or not at all.

    Only facts of one's own nation and shared ones may change; what else a file holds must be as it is known.
    What the file does not name stays as it is.

    Parameters
    ----------
    files
        Tables (CSV, XLSX), or one scenario.
    to
        The new document (JSON), where a plan is imported into.
    nation
        Whose facts may change, where a plan is imported into; a node's are its nation's.
    side
        NAME=NATION for a side of a scenario that is not named as a nation; NAME=- leaves it out.
    encoding
        How CSV is written; shift_jis is what Japanese spreadsheets call it (code page 932).
    dry_run
        Say what would change, and change nothing.
    """
    remote = remote or Remote()
    if not files:
        raise BadInput("usage", "one file or more", "none")
    into_plan = not node
    if into_plan and (nation is None or (to is None and not dry_run)):
        raise BadInput("usage", "--nation and --to (or --dry-run), or --node", "less")
    form = format or formats.format_of(files[0])
    base = planned(plan, example, reference, node, remote)
    how = formats.Reading(base.structure, hierarchy, _sides(side), encoding)
    with remote.out.progress("reading", None) as ticker:
        imported = formats.read(files, form, how._replace(moved=ticker.to))
    if into_plan:
        taken = _into_plan(base, imported, nation_of_hq(str(nation)), None if dry_run else to)
    else:
        taken = _into_node(remote, base.structure, imported, label, dry_run)
    _tell(remote.out, taken)


def export_structure(
    to: Path,
    /,
    *,
    plan: PlanFile = None,
    example: Example = False,
    reference: Documented = False,
    node: FromNode = False,
    on: str = "",
    branch: BranchKey = "",
    format: Format = None,  # noqa: A002 - the option's name
    hierarchy: Hierarchy = "command",
    marking: str | None = None,
    remote: Remote | None = None,
) -> None:
    """Write a structure into a new file, marked, and list what the format has no place for.

    Parameters
    ----------
    to
        The new file.
    on
        Only what holds on that day (YYYY-MM-DD) or from a phase's key on; everything known if left out.
    marking
        What stands on the file, where a plan is exported; what a node knows carries its labels' marking.
    """
    remote = remote or Remote()
    form = format or formats.format_of(to)
    found = planned(plan, example, reference, node, remote)
    said = _marking(remote) if node else marking or (SYNTHETIC if found.synthetic else UNMARKED)
    structure, day = found.structure, found.start
    if on:
        timeline = Timeline(found)
        moment = timeline.moment(on)
        facts = timeline.facts_at(timeline.branch(branch), moment)
        structure, day = gathered(structure.nations, facts.values()), timeline.moments[moment].day
    heading = formats.Heading(found.title.en or found.title.ja, said, day, hierarchy)
    _write(remote.out, to, structure, form, heading)


# --- In -------------------------------------------------------------------------------------------------


def _into_plan(plan: Plan, imported: Imported, nation: str, to: Path | None) -> command.TakenIn:
    merged = merge(plan.structure, imported, nation, Faults(formats.FAULTS))
    raw = encode(msgspec.structs.replace(plan, structure=merged.structure))
    read_plan(raw, as_json=True)
    if to is not None:
        write_new(to, raw)
    new, changed = counted(merged.new), counted(merged.changed)
    return command.TakenIn(new, changed, merged.unchanged, imported.left_out, to is not None)


def _into_node(
    remote: Remote, base: Structure, imported: Imported, label: str | None, dry_run: bool
) -> command.TakenIn:
    """Rows that are not ours are told here, where their places are known; the node decides for itself."""
    api = remote.api()
    nation = nation_of_hq(str(api.get("/node")["hq"]))
    merge(base, imported, nation, Faults(formats.FAULTS))
    given = {"structure": imported.structure, "label": public_label(api, label), "dry_run": dry_run}
    taken = msgspec.convert(api.post("/structure", given), command.TakenIn)
    return msgspec.structs.replace(taken, left_out=(*imported.left_out, *taken.left_out))


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


def _sides(given: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given:
        name, sign, nation = each.rpartition("=")
        if not (name and sign and nation):
            raise BadInput("usage", "--side NAME=NATION", repr(each[:80]))
        found[name] = nation
    return found


# --- Out ------------------------------------------------------------------------------------------------


def _marking(remote: Remote) -> str:
    """The marking of everything the node was asked for."""
    found = remote.api().get("/structure")["marking"]
    if found is None:
        raise BadInput("export.empty", "a node that knows some structure", "none")
    return f"{found['en']} / {found['ja']}"


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


def _say_left_out(out: Output, left_out: Sequence[LeftOut]) -> None:
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
