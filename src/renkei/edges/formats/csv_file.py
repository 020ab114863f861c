"""CSV (RFC 4180): UTF-8 with or without a byte order mark; Shift_JIS only if it is asked for.

Written as the client writes lists: the marking as first and last line, a byte order mark so that spreadsheets
read UTF-8, and an apostrophe before what a spreadsheet would take for a formula, which
reading takes off again.
"""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import BinaryIO, Literal

from ...kernel.errors import BadInput
from ...rooms.command.exchange import Cell, Faults, LeftOut, Table
from ...rooms.command.plans import Structure
from .source import Source
from .tables import one_sheet, sheets_of, table

MAX_LINE_BYTES = 1024 * 1024
"""One line of a CSV file: forty cells of the longest text, in characters of three bytes, take a tenth."""

Encoding = Literal["utf-8", "shift_jis"]
_CODECS = {"utf-8": "utf-8", "shift_jis": "cp932"}
"""What Japanese spreadsheets call Shift_JIS is Microsoft's code page 932."""
_WANTED = {"utf-8": "UTF-8 (or --encoding shift_jis, if it is that)", "shift_jis": "Shift_JIS (CP932)"}
_BOM = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_INVISIBLE = "\\s\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_FORMULA = re.compile(f"'*(?:[{_INVISIBLE}]*[=+\\-@\uff1d\uff0b\uff0d\uff20|%]|[\\t\\r\\n])")


def csv_tables(path: Source, faults: Faults, encoding: Encoding = "utf-8") -> Iterator[Table]:
    """The one table of a file, read as its rows are taken.  Raises BadInput (``import.*``)."""
    with path.open("rb") as file:
        reader = csv.reader(_lines(file, path.name, encoding), strict=True)
        found = table(path.stem, path.name, _records(reader, path.name), faults)
        if found is not None:
            yield found


def write_csv(
    structure: Structure, file: BinaryIO, marking: str, moved: Callable[[int], None]
) -> list[LeftOut]:
    """All facts as one table with a column ``kind``; what had to be replaced."""
    sheets, left_out = sheets_of(structure)
    sheet = one_sheet(sheets)
    file.write(_BOM + _line([marking]))
    file.write(_line(list(sheet.columns)))
    for count, row in enumerate(sheet.rows):
        file.write(_line([row.get(column) for column in sheet.columns]))
        if count % 1000 == 0:
            moved(count)
    file.write(_line([marking]))
    return left_out


def _lines(file: BinaryIO, name: str, encoding: Encoding) -> Iterator[str]:
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(raw) > MAX_LINE_BYTES:
            expected = f"lines of at most {MAX_LINE_BYTES} bytes in {name}"
            raise BadInput("import.form", expected, f"a longer one, line {number}")
        if number == 1 and raw.startswith(_WIDE):
            raise BadInput("import.encoding", f"UTF-8 in {name}", "a byte order mark of UTF-16")
        try:
            yield raw.removeprefix(_BOM if number == 1 else b"").decode(_CODECS[encoding])
        except UnicodeDecodeError as err:
            came = f"byte 0x{raw[err.start]:02x} on line {number}, at byte {err.start + 1} of it"
            raise BadInput("import.encoding", f"{_WANTED[encoding]} in {name}", came) from None


def _records(reader: Iterator[list[str]], name: str) -> Iterator[tuple[int, list[Cell]]]:
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader, None)
        except csv.Error as err:
            expected = f"CSV with closed quotes in {name}"
            raise BadInput("import.form", expected, f"row {number}: {err}") from None
        if cells is None:
            return
        yield number, [_unguarded(cell) for cell in cells]


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


def _line(cells: list[Cell]) -> bytes:
    return (",".join(_quoted(cell) for cell in cells) + "\r\n").encode()


def _quoted(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int | float):
        return repr(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    text = f"'{cell}" if _FORMULA.match(cell) else cell
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",\r\n\']', text) else text
