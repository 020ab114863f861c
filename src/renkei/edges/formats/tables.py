"""What CSV and spreadsheets have in common: records under a header, between two lines of marking."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...rooms.command.exchange import KINDS, Cell, Faults, LeftOut, Row, Table, cells_of, columns_of
from ...rooms.command.plans import LISTS, Structure

MAX_COLUMNS = 64
"""Columns of a table; all kinds of facts together have some forty."""

_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
REPLACEMENT = "\ufffd"


class Sheet(NamedTuple):
    """A table to be written: what its rows are, its columns, and cells by column for each row."""

    name: str
    kind: str
    columns: tuple[str, ...]
    rows: list[dict[str, Cell]]


def table(
    name: str, where: str, records: Iterator[tuple[int, Sequence[Cell]]], faults: Faults
) -> Table | None:
    """The table that numbered records are; None if there is nothing in them or the header cannot be read.

    A first record with one filled cell alone is a marking, and so is the same one at the end.
    """
    filled = ((number, cells) for number, cells in records if any(not _empty(c) for c in cells))
    first = next(filled, None)
    marking: Cell = None
    if first is not None and _alone(first[1]):
        marking, first = first[1][0], next(filled, None)
    if first is None:
        return None
    number, header = first
    while header and _empty(header[-1]):
        header = header[:-1]
    if len(header) > MAX_COLUMNS or not all(isinstance(c, str) and c.strip() for c in header):
        faults.add(f"{where} row {number}", f"a header of at most {MAX_COLUMNS} names", "another row")
        return None
    columns = tuple(str(c).strip() for c in header)
    return Table(name, where, columns, _rows(where, columns, filled, marking, faults))


def sheets_of(structure: Structure) -> tuple[list[Sheet], list[LeftOut]]:
    """A structure as a table for each kind, without empty columns, and what had to be replaced."""
    sheets: list[Sheet] = []
    replaced: list[str] = []
    for kind in KINDS:
        name = LISTS.get(kind, "nations")  # type: ignore[call-overload]
        rows = [cells_of(item) for item in getattr(structure, name)]
        for number, row in enumerate(rows, 2):
            for column, cell in row.items():
                if isinstance(cell, str) and _UNFIT.search(cell):
                    row[column] = _UNFIT.sub(REPLACEMENT, cell)
                    replaced.append(f"{name} row {number} column {column}")
        if rows:
            used = {column for row in rows for column in row}
            columns = tuple(c.name for c in columns_of(kind) if c.name in used)
            sheets.append(Sheet(name.replace("_", " "), kind, columns, rows))
    why = "replaced by a mark: no table holds them"
    left_out = [LeftOut("control characters", why, len(replaced), replaced[0])] if replaced else []
    return sheets, left_out


def one_sheet(sheets: Sequence[Sheet]) -> Sheet:
    """All tables as one, with a column ``kind``."""
    columns = dict.fromkeys(column for sheet in sheets for column in sheet.columns)
    rows: list[dict[str, Cell]] = [{"kind": sheet.kind, **row} for sheet in sheets for row in sheet.rows]
    return Sheet("structure", "", ("kind", *columns), rows)


def _rows(
    where: str,
    columns: tuple[str, ...],
    records: Iterator[tuple[int, Sequence[Cell]]],
    marking: Cell,
    faults: Faults,
) -> Iterator[Row]:
    width = len(columns)
    for number, cells in records:
        place = f"{where} row {number}"
        if marking is not None and _alone(cells) and cells[0] == marking:
            continue
        if any(not _empty(cell) for cell in cells[width:]):
            faults.add(place, f"{width} cells, as the header has", f"{len(cells)}")
            continue
        yield Row(place, dict(zip(columns, cells, strict=False)))


def _empty(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _alone(cells: Sequence[Cell]) -> bool:
    return bool(cells) and not _empty(cells[0]) and all(_empty(cell) for cell in cells[1:])
