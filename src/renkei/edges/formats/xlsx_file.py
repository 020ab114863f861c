"""XLSX workbooks: values only.  What could compute, run or reach out is refused, by sheet, row and column.

Read by openpyxl row by row, so memory holds a row and the shared strings; its parsers are defusedxml's
(no entities, no DTD) or lxml's without entities.  A package is looked over before anything in it is
unpacked: its parts, their sizes, and whether it has macros, links to other files or data connections.
"""

import re
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO
from zipfile import BadZipFile, ZipFile

from lxml import etree

from ...kernel.errors import BadInput
from ...rooms.command.exchange import Cell, Faults, LeftOut, Table, Unread, shown
from ...rooms.command.plans import Structure
from .source import Source
from .tables import MAX_COLUMNS, sheets_of, table

MAX_PARTS = 1_000
"""Files inside a workbook: a sheet takes two or three."""
MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
"""Of all parts of a workbook together: four times what the largest import takes as sheets."""
MAX_STRINGS_BYTES = 128 * 1024 * 1024
"""Of any part that is held in memory (texts, styles): every text of the largest import, all different."""
MAX_SHEET_ROWS = 1_048_576
"""Rows of a sheet, the most a spreadsheet holds; a row numbered higher is a trap."""

MAX_TYPES_BYTES = 1024 * 1024
"""The list of a workbook's parts and their types: a hundred bytes for each."""

TYPES = "[Content_Types].xml"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
ABOUT = "About"
"""The sheet that says what the workbook is; it is not read."""
_REFUSED = (
    (re.compile(r"vbaProject|\.xlsm$|macrosheets/|activeX/", re.IGNORECASE), "no macros"),
    (re.compile(r"externalLinks/", re.IGNORECASE), "no links to other files"),
    (re.compile(r"connections\.xml$|queryTables/", re.IGNORECASE), "no data connections"),
    (re.compile(r"embeddings/", re.IGNORECASE), "no embedded objects"),
)
_UNSOUND = (
    BadZipFile,
    zlib.error,
    SyntaxError,  # XML that is not well-formed, among others
    LookupError,
    ArithmeticError,
    AttributeError,
    ValueError,
    TypeError,
    RuntimeError,
    OSError,
    EOFError,
)
"""What openpyxl raises at a workbook that is damaged or made to harm: it promises no errors of its own."""
_ESCAPED = re.compile(r"_x000[dD]_")


def xlsx_tables(path: Source, faults: Faults) -> Iterator[Table]:
    """The sheets of a workbook, read as their rows are taken.  Raises BadInput (``import.*``) or Faulty."""
    import openpyxl  # noqa: PLC0415 - 150 ms that other commands need not pay

    _look_over(path, faults)
    with path.open("rb") as file:
        with _sound(path.name):
            book = openpyxl.load_workbook(file, read_only=True, keep_links=False)
        try:
            for sheet in book.worksheets:
                where = f"{path.name} sheet {sheet.title}"
                found = table(sheet.title, where, _records(sheet, where, path.name, faults), faults)
                if found is not None and sheet.title != ABOUT:
                    yield found
        finally:
            book.close()


def write_xlsx(
    structure: Structure, file: BinaryIO, marking: str, moved: Callable[[int], None]
) -> list[LeftOut]:
    """A sheet for each kind; the marking at head and foot of every page and in the workbook's properties."""
    from openpyxl import Workbook  # noqa: PLC0415 - as above
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415

    sheets, left_out = sheets_of(structure)
    book: Any = Workbook(write_only=True)
    book.properties.creator = "Renkei"
    book.properties.keywords = book.properties.title = marking

    def made(sheet: Any, cell: Cell) -> Any:
        found: Any = WriteOnlyCell(sheet, value=cell)  # type: ignore[arg-type]  # takes days too
        if isinstance(cell, str):
            found.data_type = "s"  # a text, whatever it begins with
        return found

    about = _sheet(book, ABOUT, marking)
    about.append([made(about, marking)])
    count = 0
    for each in sheets:
        sheet = _sheet(book, each.name, marking)
        sheet.freeze_panes = "A2"
        sheet.append([made(sheet, column) for column in each.columns])
        for row in each.rows:
            sheet.append([made(sheet, row.get(column)) for column in each.columns])
            count += 1
            if count % 1000 == 0:
                moved(count)
    book.save(file)
    return left_out


def _sheet(book: Any, name: str, marking: str) -> Any:
    sheet = book.create_sheet(name)
    for part in (sheet.oddHeader, sheet.oddFooter):
        part.center.text = marking.replace("&", "&&")
    return sheet


def _look_over(path: Source, faults: Faults) -> None:
    """Refuse a package by what it has, before any of it is unpacked."""
    try:
        with path.open("rb") as file, ZipFile(file) as package:
            parts = package.infolist()
            sheets = _sheets_of(package)
    except (BadZipFile, OSError, ValueError, KeyError, RuntimeError, zlib.error, etree.XMLSyntaxError):
        came = "another file, or a workbook under a password"
        raise BadInput("import.form", f"an XLSX workbook in {path.name}", came) from None
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        expected = f"at most {MAX_PARTS} parts and {MAX_UNPACKED_BYTES} bytes unpacked in {path.name}"
        raise BadInput("import.size", expected, "more")
    for part in parts:
        if part.filename not in sheets and part.file_size > MAX_STRINGS_BYTES:
            expected = f"at most {MAX_STRINGS_BYTES} bytes unpacked in {path.name} part {part.filename}"
            raise BadInput("import.size", expected, f"{part.file_size}")
        for pattern, expected in _REFUSED:
            if pattern.search(part.filename):
                faults.add(f"{path.name} part {part.filename}", expected, "one")


@contextmanager
def _sound(name: str) -> Iterator[None]:
    """Say of a workbook that openpyxl cannot read that it is not sound; what it warns of is of no matter."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except _UNSOUND as err:
        raise BadInput("import.form", f"a sound XLSX workbook in {name}", type(err).__name__) from None


def _sheets_of(package: ZipFile) -> set[str]:
    """The parts that are sheets and nothing else: read piece by piece, where others go into memory whole."""
    entry = package.getinfo(TYPES)
    if entry.file_size > MAX_TYPES_BYTES:
        raise ValueError
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    kinds: dict[str, set[str]] = {}
    for each in etree.fromstring(package.read(entry), parser):
        kinds.setdefault(str(each.get("PartName", "")).lstrip("/"), set()).add(
            str(each.get("ContentType", ""))
        )
    return {name for name, types in kinds.items() if types == {SHEET}}


def _records(sheet: Any, where: str, name: str, faults: Faults) -> Iterator[tuple[int, list[Cell]]]:
    from openpyxl.utils import get_column_letter  # noqa: PLC0415 - as above

    sheet.reset_dimensions()  # what the file says of its size need not be true
    rows = enumerate(sheet.iter_rows(max_col=MAX_COLUMNS + 1), 1)
    while True:
        with _sound(name):
            number, row = next(rows, (0, ()))
        if not number:
            return
        if number > MAX_SHEET_ROWS:
            raise BadInput("import.size", f"at most {MAX_SHEET_ROWS} rows in {where}", "more")
        cells: list[Cell] = []
        for at, each in enumerate(row, 1):
            try:
                cells.append(None if each.value is None else _value(each))
            except ValueError as wrong:
                faults.add(f"{where} row {number} column {get_column_letter(at)}", str(wrong), _came(each))
                cells.append(Unread())
        yield number, cells


def _value(cell: Any) -> Cell:
    """A cell's value.  Raises ValueError saying what was expected."""
    if cell.data_type == "f":
        raise ValueError("a value, no formula")
    if cell.data_type == "e":
        raise ValueError("a value, no error")
    value = cell.value
    if isinstance(value, datetime):
        if value.time() != time():
            raise ValueError("a day without a time")
        return value.date()
    if isinstance(value, time | timedelta):
        raise ValueError("a day, a number or a text")
    if value is None or isinstance(value, bool | int | float | date):
        return value
    return _ESCAPED.sub("", str(value))


def _came(cell: Any) -> str:
    formula = getattr(cell.value, "text", cell.value)
    return shown(formula)
