"""Orders of battle as files: CSV, XLSX, ORBAT Mapper scenarios and MSDL, in and out.

Reading is streaming and typed: bytes to rows or units with their places, then by ``rooms.command.exchange``
to facts.  What a file holds and a structure has no place for is listed, and so is the reverse; weapons and
equipment are passed over on purpose (Renkei has none) and listed too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import BinaryIO, Literal, NamedTuple

from ...kernel.errors import BadInput
from ...rooms.command.exchange import (
    Faults,
    Imported,
    LeftOut,
    LeftOuts,
    Table,
    chart_of,
    nations_of_sides,
    structure_of_chart,
    structure_of_tables,
)
from ...rooms.command.plans import Structure
from ...rooms.command.records import ParentKind
from .csv_file import Encoding, csv_tables, write_csv
from .msdl_file import read_msdl, write_msdl
from .orbat_file import read_orbat, write_orbat
from .source import Given, Source
from .xlsx_file import write_xlsx, xlsx_tables

__all__ = ["Encoding", "Format", "Heading", "Reading", "format_of", "read", "read_given", "write"]

Format = Literal["csv", "xlsx", "orbat", "msdl"]
_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".xlsx": "xlsx",
    ".json": "orbat",
    ".xml": "msdl",
    ".msdl": "msdl",
}
FAULTS = "import.faults"


class Reading(NamedTuple):
    """How to read: into what, which relation a tree means, what nation a side is, in which encoding."""

    base: Structure | None = None
    hierarchy: ParentKind = "command"
    sides: Mapping[str, str] = {}
    encoding: Encoding = "utf-8"
    moved: Callable[[int], None] = lambda count: None


class Heading(NamedTuple):
    """What stands above a written structure; ``day`` and ``hierarchy`` say what a tree draws."""

    title: str
    marking: str
    day: date
    hierarchy: ParentKind = "command"


def format_of(path: Source) -> Format:
    """The format a file's name tells.  Raises BadInput (``import.format``)."""
    if path.suffix.lower() in {".xlsm", ".xlsb", ".xls"}:
        raise BadInput("import.format", "a workbook without macros (.xlsx)", path.name)
    form = _SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise BadInput("import.format", "a name ending in " + ", ".join(_SUFFIXES), path.name)
    return form


def read(paths: Sequence[Source], form: Format, how: Reading) -> Imported:
    """The structure that files of one format hold together.  Raises BadInput (``import.*``) or Faulty."""
    faults, left_out = Faults(FAULTS), LeftOuts()
    try:
        if form in ("csv", "xlsx"):
            found = structure_of_tables(_tables(paths, form, how, faults), faults, how.base, how.moved)
        else:
            found = _chart(paths, form, how, faults, left_out)
    except OSError as err:
        raise BadInput("file.read", "a readable file", f"{err.filename}: {err.strerror}") from None
    if not found.places:
        raise BadInput("import.empty", f"facts in {', '.join(path.name for path in paths)}", "none")
    return found


def read_given(
    name: str, content: bytes, hierarchy: ParentKind, sides: Mapping[str, str], encoding: Encoding, most: int
) -> Imported:
    """The structure of one file that came in a call, of at most so many rows.

    Raises BadInput (``import.*``) or Faulty.
    """

    def moved(rows: int) -> None:
        if rows > most:
            raise BadInput("import.size", f"at most {most} rows in {file.name}", "more")

    file = Given(name, content)
    return read([file], format_of(file), Reading(None, hierarchy, sides, encoding, moved))


def write(
    structure: Structure,
    file: BinaryIO,
    form: Format,
    heading: Heading,
    moved: Callable[[int], None] = lambda count: None,
) -> tuple[LeftOut, ...]:
    """The structure in a format, marked; what the format has no place for."""
    if form == "csv":
        return tuple(write_csv(structure, file, heading.marking, moved))
    if form == "xlsx":
        return tuple(write_xlsx(structure, file, heading.marking, moved))
    left_out = LeftOuts()
    chart = chart_of(structure, heading.hierarchy, heading.day, left_out, keeps=form == "orbat")
    if form == "orbat":
        write_orbat(chart, file, heading.title, heading.marking, heading.day, moved)
    else:
        write_msdl(chart, file, heading.title, heading.marking, heading.day, moved, left_out)
    return left_out.all()


def _tables(paths: Sequence[Source], form: Format, how: Reading, faults: Faults) -> Iterator[Table]:
    for path in paths:
        yield from csv_tables(path, faults, how.encoding) if form == "csv" else xlsx_tables(path, faults)


def _chart(
    paths: Sequence[Source], form: Format, how: Reading, faults: Faults, left_out: LeftOuts
) -> Imported:
    if len(paths) > 1:
        raise BadInput("import.files", "one scenario at a time", f"{len(paths)} files")
    scenario = (read_orbat if form == "orbat" else read_msdl)(paths[0], faults, left_out)
    faults.settle()
    nations = nations_of_sides(scenario.sides, how.sides, faults, how.base)
    source = f"{scenario.name or paths[0].name} ({'ORBAT Mapper' if form == 'orbat' else 'MSDL'})"[:1000]
    return structure_of_chart(scenario.units, nations, how.hierarchy, source, faults, left_out, how.base)
