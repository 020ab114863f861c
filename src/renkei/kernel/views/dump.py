"""The contents of views in a form that does not depend on how they came about.

Two stores that have folded the same logs have equal dumps, in whatever order and batches they folded:
"a view equals its rebuild" is equality of dumps.  Left out are the numbers that a fold hands out
(``row``, ``arrival``, label rows, shelves): where other tables use them, the record's id or the labels
stand in their place.  In a room's table these are the columns ``row`` and ``label``, and names that end
in ``_row`` and ``_label``.
"""

from typing import Any

import apsw

from .schema import own_tables
from .store import ViewStore
from .text import label_row_of

Dump = dict[str, list[tuple[Any, ...]]]


def dump(store: ViewStore) -> Dump:
    """Every table's content, sorted."""
    with store.raw_tables() as db:
        ids: dict[int, str] = dict(db.execute("SELECT row, id FROM records"))
        labels = {row: f"{realm} {json}" for row, realm, json in db.execute("SELECT * FROM labels")}
        content = {
            "records": _records(db, labels),
            "refs": [(ids[row], field, to) for to, row, field in db.execute("SELECT * FROM refs")],
            "positions": list(db.execute("SELECT * FROM positions")),
            "unreadable": list(db.execute("SELECT * FROM unreadable")),
            "taken_back": list(db.execute("SELECT source, seq FROM taken_back")),
            "search": _search(db, labels),
            "places": _places(db, ids),
            "counts": _counts(db, labels),
        }
        for table in _room_tables(db):
            content[table] = _room_table(db, table, ids, labels)
    return {name: sorted(rows, key=repr) for name, rows in content.items()}


def _records(db: apsw.Connection, labels: dict[int, str]) -> list[tuple[Any, ...]]:
    sql = """SELECT id, kind, owner, source, realm, version, at, seq, logged_at, docs, places, refs, fault,
             raw, label FROM records"""
    return [(*rest, labels[label]) for *rest, label in db.execute(sql)]


def _search(db: apsw.Connection, labels: dict[int, str]) -> list[tuple[Any, ...]]:
    live: dict[int, str] = {}
    for record_id, arrival, docs in db.execute("SELECT id, arrival, docs FROM records"):
        live |= dict.fromkeys(range(arrival, arrival + docs), record_id)
    found = set()
    for term, doc in _index_entries(db):
        row, word = label_row_of(term)
        if doc in live:
            found.add((live[doc], labels[row], word))
    return list(found)


def _index_entries(db: apsw.Connection) -> list[tuple[str, int]]:
    """(word with mark, document) of the search index, documents gone and not yet merged away included."""
    db.pragma("query_only", False)  # for the name of the index's own vocabulary, which lives in temp
    try:
        db.execute("CREATE VIRTUAL TABLE temp.entries USING fts5vocab('main', 'search', 'instance')")
        return [(term, doc) for term, doc in db.execute("SELECT term, doc FROM temp.entries")]
    finally:
        db.execute("DROP TABLE IF EXISTS temp.entries")
        db.pragma("query_only", True)


def _places(db: apsw.Connection, ids: dict[int, str]) -> list[tuple[Any, ...]]:
    sql = """SELECT place, west, east, south, north, s.kind, s.owner FROM places p
             JOIN shelves s ON s.shelf = p.shelf"""
    return [(ids[place >> 1], place & 1, *rest) for place, *rest in db.execute(sql)]


def _counts(db: apsw.Connection, labels: dict[int, str]) -> list[tuple[Any, ...]]:
    sql = "SELECT label, kind, owner, count FROM shelves WHERE count > 0"
    return [(labels[label], *rest) for label, *rest in db.execute(sql)]


def _room_tables(db: apsw.Connection) -> list[str]:
    names = {n for (n,) in db.execute("SELECT name FROM sqlite_schema WHERE type='table'")}
    return sorted(n for n in names - own_tables() if not n.startswith("sqlite_"))


def _room_table(
    db: apsw.Connection, table: str, ids: dict[int, str], labels: dict[int, str]
) -> list[tuple[Any, ...]]:
    columns = [name for (name,) in db.execute("SELECT name FROM pragma_table_info(?)", (table,))]

    def named(column: str, value: Any) -> Any:
        if value is not None and (column == "row" or column.endswith("_row")):
            return ids[value]
        if value is not None and (column == "label" or column.endswith("_label")):
            return labels[value]
        return value

    listed = ", ".join(f'"{c}"' for c in columns)
    sql = f'SELECT {listed} FROM "{table}"'  # noqa: S608  names come from the schema, not from input
    return [tuple(map(named, columns, values)) for values in db.execute(sql)]
