"""How each kind of fact stands in a row: its columns, and cells to fields and back.

A column is a field of the kind, under the same name; a name takes two (``name_en``, ``name_ja``).  Several
keys in a cell are apart by semicolons (``\\;`` within one), duty hours are written ``Mon Tue 08:00-17:00
UTC+9``.  An empty cell leaves the field as usual; ``(none)`` is an empty text where the usual is another.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

from ..plans.model import (
    AnyFact,
    Fact,
    Function,
    Hours,
    LegalBasis,
    Nation,
    Post,
    Relation,
    Responsibility,
    Site,
    Strength,
    Unit,
)
from ..records import CODE_PATTERN, DATE_PATTERN
from ..rules import relation_key, responsibility_key, strength_key
from .faults import shown

Cell = str | int | float | bool | date | None
Item = AnyFact | Nation

KINDS: dict[str, type[Item]] = {
    "nation": Nation,
    "unit": Unit,
    "post": Post,
    "site": Site,
    "hours": Hours,
    "function": Function,
    "responsibility": Responsibility,
    "legal basis": LegalBasis,
    "relation": Relation,
    "strength": Strength,
}
"""Kinds of rows: the kinds of facts, and the nations they speak of."""
NONE = "(none)"
"""An empty text, in a column whose empty cell would mean something else."""
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_SPAN = re.compile(r"([A-Z][a-z]{2}(?: [A-Z][a-z]{2})*) (\d\d:\d\d)-(\d\d:\d\d) UTC([+-]\d+(?:\.\d+)?)")
_PATTERNS = {
    CODE_PATTERN: "a code such as US-USFJ",
    DATE_PATTERN: "a date as 2025, 2025-03 or 2025-03-24",
}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")


class Column(NamedTuple):
    """A column: the field it belongs to, and that field's type."""

    name: str
    field: str
    type: Any
    usual: Any
    """The field's default; ``msgspec.NODEFAULT`` where it must be given."""


class Unread(str):
    """A cell of which its reader has told what is wrong: it is empty, and nothing more is said of it."""


class Wrong(Exception):
    """A cell that does not fit; says what would have."""


def columns_of(kind: str) -> tuple[Column, ...]:
    """The columns of a kind: its own first, then those that all facts have."""
    return _COLUMNS[kind]


def item_of(kind: str, cells: Mapping[str, Cell]) -> tuple[Item | None, list[tuple[str, str, str]]]:
    """What a row says; or None and, for every cell that does not fit, its column, what would, what came."""
    raw: dict[str, Any] = {}
    faults: list[tuple[str, str, str]] = []
    unread = {column.field for column in _COLUMNS[kind] if isinstance(cells.get(column.name), Unread)}
    for column in _COLUMNS[kind]:
        cell = cells.get(column.name)
        if column.field in unread:
            continue
        try:
            value = None if cell is None or cell == "" else _field(column, cell)
        except Wrong as wrong:
            faults.append((column.name, str(wrong), shown(cell)))
            continue
        if value is None:
            if column.name == column.field and column.usual is msgspec.NODEFAULT and column.name != "key":
                faults.append((column.name, f"{wanted(column.type)} in a column it needs", "an empty cell"))
        elif column.name == column.field:
            raw[column.field] = value
        else:
            raw.setdefault(column.field, {})[column.name[-2:]] = value
    if "names" in {c.field for c in _COLUMNS[kind]} - unread and "names" not in raw:
        faults.append(("name_en", "a name in English or Japanese", "neither"))
    if not faults and not unread:
        if _has_key(kind):
            raw.setdefault("key", _derived_key(kind, raw))
        try:
            return msgspec.convert(raw, KINDS[kind], strict=False), []
        except msgspec.ValidationError:
            faults = list(_unfit(kind, raw, cells))
    return None, faults


def cells_of(item: Item) -> dict[str, Cell]:
    """The cells of an item's row, those left out that would be empty."""
    kind = _kind_of(item)
    found = ((column.name, _cell(column, item)) for column in _COLUMNS[kind])
    return {name: cell for name, cell in found if cell is not None}


def key_column(kind: str) -> str:
    """The column that tells items of the kind apart."""
    return "key" if _has_key(kind) else "code"


def wanted(type_: Any) -> str:
    """A field's type in words, for a fault."""
    return " or ".join(_words(inspect.type_info(type_)))


# --- Cells to fields ------------------------------------------------------------------------------------


def _field(column: Column, cell: Cell) -> Any:
    """The plain value of a cell for its field; None if the cell is empty."""
    if isinstance(cell, str):
        if CONTROL.search(cell):
            raise Wrong("text without control characters")
        cell = cell.strip().replace("\r\n", "\n").replace("\r", "\n")
    if cell is None or cell == "":
        return None
    if cell == NONE:
        return ""
    if column.field == "spans":
        return cell if cell in {"always", "unknown"} else [_span(s) for s in _split(_text(cell))]
    if column.name in _SEVERAL:
        return _split(_text(cell))
    return _plain(column, cell)


def _plain(column: Column, cell: Cell) -> Any:
    kinds = _BASE[column.name, column.type]
    if isinstance(cell, bool) and bool not in kinds:
        return _text(cell)
    if isinstance(cell, str) and bool in kinds:
        return {"yes": True, "true": True, "no": False, "false": False}.get(cell.lower(), cell)
    fits = date in kinds if isinstance(cell, date) else kinds & {int, float, bool}
    return cell if isinstance(cell, str) or fits else _text(cell)


def _text(cell: Cell) -> str:
    """A cell as the text that a spreadsheet shows: whole numbers without a point."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _split(text: str) -> list[str]:
    parts = re.split(r"(?<!\\)((?:\\\\)*);", text + ";")
    joined = [a + b for a, b in zip(parts[::2], parts[1::2], strict=False)]
    return [re.sub(r"\\([\\;])", r"\1", part.strip()) for part in joined if part.strip()]


def _joined(parts: tuple[str, ...]) -> str:
    return "; ".join(part.replace("\\", "\\\\").replace(";", "\\;") for part in parts)


def _span(text: str) -> dict[str, Any]:
    found = _SPAN.fullmatch(text)
    if found is None or not set(found[1].split()) <= set(DAYS):
        raise Wrong("always, unknown, or duty hours as Mon Tue 08:00-17:00 UTC+9, apart by semicolons")
    days = tuple(DAYS.index(day) for day in found[1].split())
    return {"days": days, "from": found[2], "to": found[3], "utc_offset": float(found[4])}


def _unfit(kind: str, raw: Mapping[str, Any], cells: Mapping[str, Cell]) -> Iterator[tuple[str, str, str]]:
    """The columns whose fields do not convert, each on its own."""
    told = False
    for column in _COLUMNS[kind]:
        value = raw.get(column.field, msgspec.NODEFAULT)
        if value is msgspec.NODEFAULT or (column.field == "names" and column.name != "name_en"):
            continue
        try:
            msgspec.convert(value, column.type, strict=False)
        except msgspec.ValidationError:
            yield column.name, wanted(column.type), shown(cells.get(column.name))
            told = True
    if not told:
        yield key_column(kind), f"a {kind}", "something else"


def _derived_key(kind: str, raw: Mapping[str, Any]) -> str:
    """The key that records of the same meaning would have, for a row that gives none."""
    get: Callable[[str], str] = lambda name: str(raw.get(name, ""))  # noqa: E731 - three uses, one line each
    if kind == "relation":
        return relation_key(raw.get("relation", "command"), get("subject"), get("object"), _day(raw))
    if kind == "strength":
        claimed = raw.get("claimed", "reported")
        return strength_key(get("subject"), get("counts"), claimed, get("as_of"), get("source"))
    if kind == "responsibility":
        return responsibility_key(get("subject"), get("function"), get("part"), get("extent"), _day(raw))
    return ""


def _day(raw: Mapping[str, Any]) -> date | None:
    since = raw.get("since")
    try:
        return since if isinstance(since, date) else date.fromisoformat(since) if since else None
    except ValueError:
        return None


# --- Fields to cells ------------------------------------------------------------------------------------


def _cell(column: Column, item: Item) -> Cell:
    value = getattr(item, column.field)
    if column.field == "names":
        return getattr(value, column.name[-2:]) or None
    if column.field == "spans" and not isinstance(value, str):
        return _joined(tuple(map(_span_text, value)))
    if isinstance(value, tuple):
        return _joined(tuple(map(str, value))) or None
    if value == column.usual:
        return None
    return NONE if value == "" else value


def _span_text(duty: Any) -> str:
    days = " ".join(DAYS[day] for day in duty.days)
    return f"{days} {duty.begin}-{duty.end} UTC{duty.utc_offset:+g}"


# --- What follows from the types ------------------------------------------------------------------------


def _kind_of(item: Item) -> str:
    return "nation" if isinstance(item, Nation) else str(item.__struct_config__.tag)


def _has_key(kind: str) -> bool:
    return any(column.name == "key" for column in _COLUMNS[kind])


def _made(kind: type[Item]) -> tuple[Column, ...]:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    common = [field.name for field in msgspec.structs.fields(Fact)] if issubclass(kind, Fact) else []
    found: list[Column] = []
    for name in [*(f for f in fields if f not in common), *common]:
        field = fields[name]
        usual = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        both = ("name_en", "name_ja") if name == "names" else (name,)
        found += [Column(column, name, field.type, usual) for column in both]
    return tuple(found)


def _words(info: inspect.Type) -> list[str]:
    match info:
        case inspect.Metadata():
            return _words(info.type)
        case inspect.UnionType():
            return [word for each in info.types for word in _words(each)]
        case inspect.LiteralType():
            return [", ".join(str(value) for value in info.values)] if any(info.values) else []
        case inspect.VarTupleType():
            return [f"several, apart by semicolons, each {_words(info.item_type)[0]}"]
        case inspect.IntType() | inspect.FloatType():
            what = "a whole number" if isinstance(info, inspect.IntType) else "a number"
            found = what if info.ge is None else f"{what} from {info.ge} to {info.le}"
        case inspect.StrType(pattern=str(pattern)):
            found = _PATTERNS[pattern]
        case inspect.StrType():
            found = f"a text of at most {info.max_length} characters"
        case inspect.DateType():
            found = "a date as 2025-03-24"
        case inspect.BoolType():
            found = "yes or no"
        case inspect.StructType():
            found = "a name of at most 200 characters"
        case _:
            return []
    return [found]


def _base(info: inspect.Type) -> frozenset[type]:
    if isinstance(info, inspect.Metadata):
        return _base(info.type)
    if isinstance(info, inspect.UnionType):
        return frozenset[type]().union(*(_base(each) for each in info.types))
    kinds = {inspect.IntType: int, inspect.FloatType: float, inspect.BoolType: bool, inspect.DateType: date}
    return frozenset({kinds[type(info)]}) if type(info) in kinds else frozenset({str})


_COLUMNS: dict[str, tuple[Column, ...]] = {kind: _made(type_) for kind, type_ in KINDS.items()}
_BASE = {(c.name, c.type): _base(inspect.type_info(c.type)) for cs in _COLUMNS.values() for c in cs}
_SEVERAL = frozenset({"functions", "under", "nations", "off"})
