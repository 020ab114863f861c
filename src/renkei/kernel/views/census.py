"""How many records there are under which labels: read from the shelves, never by counting records."""

from collections.abc import Iterable
from typing import Any

import apsw

from ..labels.change import Counted
from .visibility import labels_from

COUNTS = "SELECT s.shelf, l.json, s.kind, s.owner, s.count FROM shelves s JOIN labels l ON l.row = s.label"
MAX_EXAMPLES = 100
"""Ids given as examples of one line of an answer."""


def census(db: apsw.Connection, realm: str) -> list[Counted]:
    """Every combination of labels, kind and owner in ``realm`` that has records."""
    return counted(db.execute(f"{COUNTS} WHERE s.count > 0 AND l.realm = ? ORDER BY s.shelf", (realm,)))


def counted(rows: Iterable[tuple[Any, ...]]) -> list[Counted]:
    """The rows that a query starting with ``COUNTS`` gave."""
    return [
        Counted(int(shelf), labels_from(json), kind, owner, int(count))
        for shelf, json, kind, owner, count in rows
    ]


def examples(db: apsw.Connection, shelf: int, limit: int) -> list[str]:
    """Ids of the newest records on a shelf."""
    found = db.execute(
        "SELECT id FROM records WHERE shelf = ? ORDER BY arrival DESC LIMIT ?",
        (shelf, max(0, min(limit, MAX_EXAMPLES))),
    )
    return [str(record_id) for (record_id,) in found]
