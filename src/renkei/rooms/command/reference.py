"""Reference tables: units and sites as CSV, read whole or not at all.

The columns are those of ``data/reference``.  Every complaint names the file, the row (as an editor
numbers lines of records, the header being row 1) and the column; nothing is returned unless everything
is in order.  Pure: bytes in, rows out.
"""

import csv
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from io import StringIO
from typing import TypeVar, cast, get_args

import msgspec

from renkei.kernel.errors import BadInput
from renkei.kernel.geojson import Point

from .records import Basis, Confidence, Names, ParentKind, PartialDate, Status, StrengthBasis

MAX_TABLE_BYTES = 4 * 1024 * 1024
"""A reference table; the packaged ones are under 20 KiB."""
MAX_ROWS = 5_000
"""Rows in one table: each becomes a record or a few, appended in one commit."""
MAX_CELL = 1_000
"""Characters in one cell, the limit of a record's note."""

BILATERAL = "Bilateral"


class SiteRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``sites.csv``."""

    code: str
    names: Names
    nation: str
    service: str
    site_type: str
    point: Point
    precision_km: float
    prefecture: str
    area: str
    shared_with: str
    personnel: int | None
    personnel_basis: str
    source: str
    confidence: Confidence
    note: str


class UnitRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``units.csv``: a unit, its parent and its counterparts."""

    code: str
    names: Names
    nation: str
    level: str
    service: str
    parent: str
    parent_kind: ParentKind
    site: str
    role: str
    counterparts: tuple[str, ...]
    counterpart_basis: Basis | None
    status: Status
    since: date | None
    source: str
    confidence: Confidence
    note: str


class StrengthRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``strengths.csv``."""

    subject_code: str
    figure: int
    counts: str
    basis: StrengthBasis
    as_of: str
    source: str
    confidence: Confidence
    note: str


class _Cell:
    """One row being read: asks for cells by column, and complains by row and column."""

    def __init__(self, table: str, row: int, cells: Mapping[str, str]) -> None:
        self.table, self.row, self.cells = table, row, cells

    def bad(self, column: str, expected: str, came: str) -> BadInput:
        return BadInput("csv.cell", f"{expected} in {self.table} row {self.row} column {column}", came)

    def text(self, column: str) -> str:
        value = self.cells[column].strip()
        if len(value) > MAX_CELL:
            raise self.bad(column, f"at most {MAX_CELL} characters", f"{len(value)}")
        return value

    def required(self, column: str) -> str:
        value = self.text(column)
        if not value:
            raise self.bad(column, "a value", "an empty cell")
        return value

    def number(self, column: str, low: float, high: float) -> float:
        try:
            value = float(self.required(column))
        except ValueError:
            raise self.bad(column, "a number", "another text") from None
        if not low <= value <= high:
            raise self.bad(column, f"a number from {low:g} to {high:g}", "one outside")
        return value

    def one_of(self, column: str, allowed: Iterable[str]) -> str:
        value = self.required(column)
        if value not in allowed:
            raise self.bad(column, "one of " + ", ".join(allowed), "another word")
        return value


_SITE_COLUMNS = [
    "site_id",
    "name_en",
    "name_ja",
    "nation",
    "service",
    "site_type",
    "latitude",
    "longitude",
    "coord_precision_km",
    "prefecture",
    "area",
    "shared_with",
    "personnel_public",
    "personnel_basis",
    "source",
    "confidence",
    "note",
]
_UNIT_COLUMNS = [
    "unit_id",
    "name_en",
    "name_ja",
    "nation",
    "level",
    "service",
    "parent_id",
    "site_id",
    "role",
    "counterpart_ids",
    "counterpart_basis",
    "status",
    "source",
    "confidence",
    "note",
]

_STRENGTH_COLUMNS = ["subject_code", "figure", "counts", "basis", "as_of", "source", "confidence", "note"]

R = TypeVar("R", SiteRow, UnitRow, StrengthRow)


def read_sites(data: bytes) -> tuple[SiteRow, ...]:
    """Every row of a table of sites.  Raises BadInput naming row and column."""
    return _read("sites", data, _SITE_COLUMNS, "site_id", _site)


def read_units(data: bytes) -> tuple[UnitRow, ...]:
    """Every row of a table of units; parents and counterparts must be rows of the same table."""
    rows = _read("units", data, _UNIT_COLUMNS, "unit_id", _unit)
    known = {row.code for row in rows}
    for number, row in enumerate(rows, 2):
        cell = _Cell("units", number, {})
        if row.parent and row.parent not in known:
            raise cell.bad("parent_id", "a unit_id of this table", "another code")
        if row.parent == row.code or row.code in row.counterparts:
            raise cell.bad("unit_id", "a relation to another unit", "one to itself")
        if not known.issuperset(row.counterparts):
            raise cell.bad("counterpart_ids", "unit_ids of this table, apart by semicolons", "another code")
    return rows


def read_strengths(data: bytes) -> tuple[StrengthRow, ...]:
    """Every row of a table of claims about strength; one subject may have several."""
    return _read("strengths", data, _STRENGTH_COLUMNS, "", _strength)


def _read(
    table: str, data: bytes, columns: list[str], key: str, convert: Callable[[_Cell], R]
) -> tuple[R, ...]:
    if len(data) > MAX_TABLE_BYTES:
        raise BadInput("csv.size", f"at most {MAX_TABLE_BYTES} bytes in {table}", f"{len(data)}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise BadInput("csv.encoding", f"UTF-8 in {table}", f"byte 0x{data[err.start]:02x}") from None
    reader = csv.reader(StringIO(text), strict=True)
    rows: list[R] = []
    seen: set[str] = set()
    try:
        header = next(reader, [])
        if missing := [c for c in columns if c not in header]:
            raise BadInput("csv.header", f"the columns {', '.join(missing)} in {table}", "a header without")
        for number, cells in enumerate(reader, 2):
            if len(rows) == MAX_ROWS:
                raise BadInput("csv.size", f"at most {MAX_ROWS} rows in {table}", "more")
            if len(cells) != len(header):
                came = f"{len(cells)} cells"
                raise BadInput("csv.row", f"{len(header)} cells in {table} row {number}", came)
            cell = _Cell(table, number, dict(zip(header, cells, strict=True)))
            if key:
                if (code := cell.required(key)) in seen:
                    raise cell.bad(key, "each code once", "a repeated one")
                seen.add(code)
            rows.append(convert(cell))
    except csv.Error:
        raise BadInput(
            "csv.form", f"CSV with closed quotes in {table}", f"broken row {len(rows) + 2}"
        ) from None
    return tuple(rows)


def _names(cell: _Cell) -> Names:
    en, ja = cell.text("name_en"), cell.text("name_ja")
    if not (en or ja):
        raise cell.bad("name_en", "a name in English or Japanese", "neither")
    return Names(en=en, ja=ja)


def _site(cell: _Cell) -> SiteRow:
    personnel = cell.text("personnel_public")
    return SiteRow(
        code=_code(cell, "site_id"),
        names=_names(cell),
        nation=cell.required("nation"),
        service=cell.required("service"),
        site_type=cell.required("site_type"),
        point=Point((cell.number("longitude", -180, 180), cell.number("latitude", -90, 90))),
        precision_km=cell.number("coord_precision_km", 0, 100),
        prefecture=cell.text("prefecture"),
        area=cell.text("area"),
        shared_with=cell.text("shared_with"),
        personnel=int(cell.number("personnel_public", 0, 10_000_000)) if personnel else None,
        personnel_basis=cell.text("personnel_basis"),
        source=cell.text("source"),
        confidence=cast(Confidence, cell.one_of("confidence", get_args(Confidence))),
        note=cell.text("note"),
    )


def _unit(cell: _Cell) -> UnitRow:
    status, since, remark = _status(cell)
    counterparts = tuple(c.strip() for c in cell.text("counterpart_ids").split(";") if c.strip())
    basis = cell.one_of("counterpart_basis", get_args(Basis)) if counterparts else None
    return UnitRow(
        code=_code(cell, "unit_id"),
        names=_names(cell),
        nation=cell.required("nation"),
        level=cell.required("level"),
        service=cell.required("service"),
        parent=cell.text("parent_id"),
        parent_kind=parent_kind(cell.required("level")),
        site=cell.text("site_id"),
        role=cell.text("role"),
        counterparts=counterparts,
        counterpart_basis=cast(Basis | None, basis),
        status=status,
        since=since,
        source=cell.text("source"),
        confidence=cast(Confidence, cell.one_of("confidence", get_args(Confidence))),
        note="; ".join(p for p in (cell.text("note"), remark) if p),
    )


def _strength(cell: _Cell) -> StrengthRow:
    as_of = cell.text("as_of")
    try:
        msgspec.convert(as_of, PartialDate)
    except msgspec.ValidationError:
        raise cell.bad("as_of", "a year, a month or a day, as 2025-03", "another text") from None
    return StrengthRow(
        subject_code=_code(cell, "subject_code"),
        figure=int(cell.number("figure", 0, 10_000_000)),
        counts=cell.required("counts"),
        basis=cast(StrengthBasis, cell.one_of("basis", get_args(StrengthBasis))),
        as_of=as_of,
        source=cell.required("source"),
        confidence=cast(Confidence, cell.one_of("confidence", get_args(Confidence))),
        note=cell.text("note"),
    )


def _code(cell: _Cell, column: str) -> str:
    code = cell.required(column)
    nation, dash, rest = code.partition("-")
    fits = len(nation) == 2 and nation.isalpha() and nation.isupper() and dash and 0 < len(rest) <= 28
    if not (fits and code.isascii() and all(c.isalnum() or c == "-" for c in rest) and rest == rest.upper()):
        raise cell.bad(column, "a code such as US-USFJ", "another text")
    return code


def _status(cell: _Cell) -> tuple[Status, date | None, str]:
    """``current``, ``in transition`` or ``planned YYYY-MM; remark`` as status, date and remark."""
    text = cell.required("status")
    if text == "current":
        return "in force", None, ""
    if text == "in transition":
        return "in force", None, "in transition"
    plan, _, remark = text.partition(";")
    word, _, month = plan.partition(" ")
    try:
        since = date.fromisoformat(f"{month.strip()}-01") if word == "planned" else None
    except ValueError:
        since = None
    if since is None:
        raise cell.bad("status", "current, in transition, or planned and a year and month", "another text")
    return "announced", since, remark.strip()


_ADMINISTRATIVE = frozenset(
    {"government", "staff", "agency", "civil agency", "regional bureau", "maintenance organisation"}
)


def parent_kind(level: str) -> ParentKind:
    """What kind of parent the table's one column means for a unit of that level.

    The table knows only "parent".  Staffs, ministries, agencies and depots answer to theirs for
    administration and are in no chain of command; for the rest it is the commanding headquarters, in
    what measure (opcon, tacon) the public sources do not say.
    """
    return "administrative" if level in _ADMINISTRATIVE else "command"
