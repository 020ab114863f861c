"""Many rows in one statement.

Each step of a statement gives up Python's interpreter lock and must win it back from threads that
serve people.  A statement with 128 rows does so once for 128 rows, and is faster besides.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import apsw

SIZES = (128, 32, 8, 1)
"""Rows per statement.  The largest keeps under SQLite's 32,766 parameters, and its text under the
16 KB up to which apsw keeps statements prepared."""


class Bulk:
    """An ``INSERT`` of rows of ``width`` values: ``head`` ends in VALUES, ``tail`` may say ON CONFLICT."""

    def __init__(self, head: str, width: int, tail: str = "") -> None:
        group = "(" + ",".join("?" * width) + ")"
        self._statements = tuple((n, f"{head} {','.join([group] * n)} {tail}") for n in SIZES)

    def run(self, db: apsw.Cursor, rows: Sequence[Sequence[Any]]) -> None:
        """Insert ``rows`` in their order."""
        at, end = 0, len(rows)
        for size, statement in self._statements:
            while end - at >= size:
                db.execute(statement, tuple(chain.from_iterable(rows[at : at + size])))
                at += size
