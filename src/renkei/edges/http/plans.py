"""Structures and plans: what this headquarters knows as one, and checks and differences of a given plan.

Nothing here is kept.  A plan comes in the call, as large as any form's body; larger ones are for the
command line.
"""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from litestar import get, post
from litestar.params import FromQuery, JSONBody

from ...data import packaged
from ...kernel.desk import Desk
from ...kernel.errors import BadInput
from ...kernel.labels.model import Label
from ...rooms import command as room
from ...rooms.command import Names
from ...rooms.command.exchange import LeftOut
from ...rooms.command.plans import (
    Plan,
    Timeline,
    between,
    check_structure,
    examine,
    owners_of,
    read_plan,
    read_rules,
    together,
    words,
)
from ...rooms.command.records import ParentKind
from .answers import MarkingOut
from .context import Caller, Edge, Encoding, HttpEdge, unwrap
from .schema import problems

_TAG = ["command"]
MAX_PLAYED = 15_000
"""Ops in all branches and orders of one call: about three seconds of one core."""
MAX_FILE_BYTES = 2 * 1024 * 1024
"""Of a file in a call: 20,000 rows of a table, with room to spare.  Larger ones are for the command line."""
MAX_FILE_ROWS = 20_000
"""Of its tables: some six seconds of one core where they are a workbook's."""
STANDARD = "plans/rules.toml"
Document = dict[str, Any]


class StructureOut(msgspec.Struct, frozen=True):
    """A structure as plans start from, and the label and marking of all the records it was made of."""

    structure: Document
    label: Label | None
    marking: MarkingOut | None


class CheckIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan, and rules beside the standard ones (``alone``: instead of them)."""

    plan: Document
    rules: Document | None = None
    alone: bool = False
    explain: bool = True


class MomentIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A day or phase of a branch; empty: the start or end of the only branch."""

    at: Annotated[str, msgspec.Meta(max_length=200)] = ""
    branch: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class DiffIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan and two of its moments."""

    plan: Document
    one: MomentIn = MomentIn()
    other: MomentIn = MomentIn()


class CheckOut(msgspec.Struct, frozen=True):
    """The report (as ``renkei command check --json`` prints it), and whose each change is."""

    report: Document
    owners: dict[str, str]


class DiffOut(msgspec.Struct, frozen=True):
    """The differences, in order."""

    lines: list[Document]


class PackagedOut(msgspec.Struct, frozen=True):
    """A plan that comes with Renkei."""

    plan: Document


class WordsOut(msgspec.Struct, frozen=True):
    """What reports and differences are called, by the word in them: outcomes, checks, problems and so on."""

    words: dict[str, dict[str, Names]]


class FileIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file: its name, whose ending tells the format, and its content (Base64).

    ``hierarchy`` is the kind of relation that a scenario's tree means, ``sides`` the nation of each side that
    is not named as one ("-" leaves it out), ``encoding`` that of CSV.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    content: bytes
    hierarchy: ParentKind = "command"
    sides: dict[str, str] = {}
    encoding: Encoding = "utf-8"


class FileOut(msgspec.Struct, frozen=True, rename="camel"):
    """What the file holds as a plan, and what of it there was no place for."""

    plan: Document
    left_out: tuple[LeftOut, ...]


class AtIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan and one of its moments."""

    plan: Document
    moment: MomentIn = MomentIn()


class AtOut(msgspec.Struct, frozen=True):
    """Every fact that holds then."""

    facts: list[Document]


@get("/plans/packaged", tags=_TAG, summary="A plan that comes with Renkei", responses=problems())
async def get_packaged(
    edge: Edge, person: Caller, name: FromQuery[Literal["reference", "example"]]
) -> PackagedOut:
    """The documented case, or a synthetic example."""
    plan = read_plan(packaged(f"plans/{name}.toml"), as_json=False)
    return PackagedOut(msgspec.to_builtins(plan))


@get("/plans/words", tags=_TAG, summary="What reports call things", responses=problems())
async def get_words(edge: Edge, person: Caller) -> WordsOut:
    """In both languages."""
    return WordsOut(
        {
            "outcomes": words.OUTCOMES,
            "checks": words.CHECKS,
            "problems": words.PROBLEMS,
            "causes": words.CAUSES,
            "repairs": words.REPAIRS,
            "differences": words.DIFFERENCES,
            "figures": words.FIGURES,
            "fields": words.FIELDS,
            "signs": {word: Names(en=sign, ja=sign) for word, sign in words.SIGNS.items()},
        }
    )


@post(
    "/plans/read",
    status_code=200,
    tags=_TAG,
    summary="Read a plan or structure from a file",
    responses=problems(400, 413, 415, 503),
    request_max_body_size=2 * MAX_FILE_BYTES,
)
async def read_file(edge: Edge, person: Caller, data: JSONBody[FileIn]) -> FileOut:
    """A plan (TOML, JSON), or a structure (CSV, XLSX, ORBAT Mapper scenario, MSDL) as a plan without changes.

    Whole and sound, or refused with everything that is wrong by row and column, path or line.
    """
    if len(data.content) > MAX_FILE_BYTES:
        raise BadInput("import.size", f"at most {MAX_FILE_BYTES} bytes in a call", str(len(data.content)))
    today = edge.node.clock.now().date()
    return await edge.simulations.run(lambda: _read_file(edge, data, today))


def _read_file(edge: HttpEdge, given: FileIn, today: date) -> FileOut:
    name = given.name.lower()
    if name.endswith(".toml") or (name.endswith(".json") and not _is_scenario(given.content)):
        plan = read_plan(given.content, as_json=name.endswith(".json"), today=today)
        return FileOut(plan=msgspec.to_builtins(plan), left_out=())
    if edge.reads_file is None:
        raise BadInput("import.format", "a plan as TOML or JSON", given.name)
    found = edge.reads_file(
        given.name, given.content, given.hierarchy, given.sides, given.encoding, MAX_FILE_ROWS
    )
    check_structure(found.structure)
    plan = Plan(title=Names(en=given.name[:200]), start=today, structure=found.structure)
    return FileOut(plan=msgspec.to_builtins(plan), left_out=found.left_out)


def _is_scenario(content: bytes) -> bool:
    """Whether JSON says what type of document it is, as scenarios do and plans do not."""
    try:
        return "type" in msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


@post(
    "/plans/at",
    status_code=200,
    tags=_TAG,
    summary="A plan's structure at a moment",
    responses=problems(400, 413, 415),
)
async def get_plan_at(edge: Edge, person: Caller, data: JSONBody[AtIn]) -> AtOut:
    """In one branch, at the start if no moment is named."""

    def read(_: Desk) -> AtOut:
        timeline = Timeline(_plan(data.plan))
        moment = timeline.moment(data.moment.at) if data.moment.at else 0
        facts = timeline.facts_at(timeline.branch(data.moment.branch), moment)
        return AtOut([msgspec.to_builtins(fact) for fact in facts.values()])

    return await edge.at_desk(person, read)


@get("/structure", tags=_TAG, summary="The structure this headquarters knows", responses=problems(400, 409))
async def get_structure(edge: Edge, person: Caller) -> StructureOut:
    """Units, posts, sites, relations and claims of strength as one document, as far as the caller may see."""

    def read(desk: Desk) -> StructureOut:
        known = room.known(desk)
        structure = msgspec.to_builtins(room.structure_of(desk, known))
        labels = list({label.canonical(): None for seen in known if (label := seen.record.label)})
        if not labels:
            return StructureOut(structure, None, None)
        label = unwrap(desk.policies.aggregate(labels))
        marking = desk.policies.mark(label)
        return StructureOut(
            structure, label, MarkingOut(marking.en, marking.ja, marking.colour, marking.portion)
        )

    return await edge.at_desk(person, read)


@post(
    "/plans/check", status_code=200, tags=_TAG, summary="Check a plan", responses=problems(400, 413, 415, 503)
)
async def check_plan(edge: Edge, person: Caller, data: JSONBody[CheckIn]) -> CheckOut:
    """Every rule on every date of every branch: proved, refuted or unknown, with witnesses."""

    def check(_: Desk) -> CheckOut:
        plan = _plan(data.plan)
        files = [] if data.alone else [read_rules(packaged(STANDARD), as_json=False)]
        if data.rules is not None:
            files.append(read_rules(msgspec.json.encode(data.rules), as_json=True))
        rules = together(files)
        report = examine(plan, rules.rules, rules.costs, explain=data.explain, most=MAX_PLAYED)
        return CheckOut(msgspec.to_builtins(report), owners_of(plan))

    return await edge.at_desk(person, check)


@post(
    "/plans/diff",
    status_code=200,
    tags=_TAG,
    summary="Compare a plan's moments",
    responses=problems(400, 413, 415),
)
async def diff_plan(edge: Edge, person: Caller, data: JSONBody[DiffIn]) -> DiffOut:
    """What was added, ended, moved, renamed, re-authorised or amended between the two."""

    def compare(_: Desk) -> DiffOut:
        timeline = Timeline(_plan(data.plan))
        first = timeline.moment(data.one.at) if data.one.at else 0
        last = timeline.moment(data.other.at) if data.other.at else len(timeline.moments) - 1
        sides = (
            (timeline.branch(data.one.branch or data.other.branch), first),
            (timeline.branch(data.other.branch or data.one.branch), last),
        )
        return DiffOut(msgspec.to_builtins(between(timeline, *sides)))

    return await edge.at_desk(person, compare)


def _plan(document: Document) -> Plan:
    return read_plan(msgspec.json.encode(document), as_json=True)


HANDLERS = (get_structure, get_packaged, get_words, check_plan, diff_plan, get_plan_at, read_file)
