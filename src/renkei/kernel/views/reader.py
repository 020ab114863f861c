"""Reading views as somebody: nothing comes out that the reader may not see.

Each query is put together with ``Visible.sql`` and does an amount of work that depends on what it
returns, not on how much is hidden:

* lists take the newest of every shelf the reader may see, and merge them;
* the map's index has the shelf as its third dimension;
* the search index holds words behind their label's mark, and is read newest first.

A ``Row`` holds a record's bytes, hidden portions included, for code that goes on to ``record``; only
what ``record`` returns is for people.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import OurFault
from ..labels.model import Clearance, Label
from ..labels.policy import PolicyBook
from ..labels.release import covers_all, cut
from ..records import Record, Unknown
from . import text
from .digest import moment_of, plain, split
from .visibility import Marked

if TYPE_CHECKING:
    from .store import ViewStore

MAX_ROWS = 1_000
"""The most that one call returns; screens ask for 50 to 500."""

MAX_CANDIDATES = 2_000
"""Rows the search index proposes that are read to see whether they hold the terms: bounds the work for a
question whose pairs are common and whose terms are rare, at some 20 ms."""

MORE_OF_A_SHELF = 3
"""Records looked at in each shelf beyond an even share of a page, to find how far back the page goes."""

Kinds = str | Collection[str] | None
Params = Sequence[Any] | Mapping[str, Any]


class Row(msgspec.Struct, frozen=True):
    """The newest version of a record as the tables hold it.

    ``row`` is its number for joins, ``label`` its label row, ``labelled`` its own label, ``source`` the
    log it came by ("" for our own) and ``seq`` its number there; ``arrival`` orders records by when
    they came to be what they are.
    """

    row: int
    id: str
    kind: str
    version: int
    owner: str
    source: str
    label: int
    at: datetime
    logged_at: datetime
    seq: int
    realm: str
    arrival: int
    raw: bytes
    labelled: Label


class Page(msgspec.Struct, frozen=True):
    """Some rows, and what to pass as ``before`` for those that follow; None if there are none."""

    rows: tuple[Row, ...]
    next: int | None


# ruff: noqa: S608  what is put into the SQL below is written below
_ROW = (
    "r.row, r.id, r.kind, r.version, r.owner, r.source, r.label, r.at, r.logged_at, r.seq, r.realm, "
    "r.arrival, r.raw"
)

# The newest of all shelves are among the newest of those ``n`` shelves whose own newest are newest; and the
# ``n``-th of a ``few`` of each of these is a bound that none of them is below.
_NEWEST = f"""
WITH tops AS MATERIALIZED (
    SELECT s.value AS shelf, (
        SELECT t.arrival FROM records t WHERE t.shelf = s.value AND t.arrival < :before
        ORDER BY t.arrival DESC LIMIT 1
    ) AS top
    FROM json_each(:shelves) s ORDER BY top DESC LIMIT :n
), bound AS MATERIALIZED (
    SELECT a.arrival FROM tops CROSS JOIN records a ON a.shelf = tops.shelf AND a.arrival IN (
        SELECT b.arrival FROM records b WHERE b.shelf = tops.shelf AND b.arrival < :before
        ORDER BY b.arrival DESC LIMIT :few
    )
    WHERE tops.top IS NOT NULL ORDER BY a.arrival DESC LIMIT 1 OFFSET :n - 1
), arrivals AS MATERIALIZED (
    SELECT a.arrival FROM tops CROSS JOIN records a ON a.shelf = tops.shelf AND a.arrival IN (
        SELECT b.arrival FROM records b WHERE b.shelf = tops.shelf AND b.arrival < :before
        AND b.arrival >= coalesce((SELECT arrival FROM bound), 0)
        ORDER BY b.arrival DESC LIMIT :n
    )
    WHERE tops.top >= coalesce((SELECT arrival FROM bound), 0) ORDER BY a.arrival DESC LIMIT :n
)
SELECT {_ROW} FROM arrivals CROSS JOIN records r ON r.arrival = arrivals.arrival
WHERE {{visible:r}} ORDER BY r.arrival DESC
"""

_SEARCH = f"""
SELECT d.doc, {_ROW}
FROM (
    SELECT rowid AS doc FROM search WHERE search MATCH :q AND rowid < :before ORDER BY rowid DESC LIMIT :n
) d
CROSS JOIN records r ON r.arrival = (SELECT max(o.arrival) FROM records o WHERE o.arrival <= d.doc)
WHERE {{visible:r}} ORDER BY d.doc DESC
"""

# The index is walked through once for each shelf; once in all where no label is hidden from the reader.
_IN_SHELVES = "AND shelf IN (SELECT value FROM json_each(:shelves))"
_WITHIN = f"""
SELECT {_ROW} FROM (
    SELECT DISTINCT place >> 1 AS row FROM places
    WHERE east >= :west AND west <= :east AND north >= :south AND south <= :north
    {_IN_SHELVES} LIMIT :n
) p CROSS JOIN records r ON r.row = p.row
WHERE {{visible:r}}
"""
_WITHIN_ALL = _WITHIN.replace(_IN_SHELVES, "")

_REFERRING = f"""
SELECT {_ROW} FROM refs f CROSS JOIN records r ON r.row = f.row
WHERE f.target = :target AND r.shelf IN (SELECT value FROM json_each(:shelves)) AND {{visible:r}}
GROUP BY r.row ORDER BY r.arrival DESC LIMIT :n
"""

_BY_ID = f"SELECT {_ROW} FROM records r WHERE r.id = ? AND {{visible:r}}"
_BY_IDS = f"SELECT {_ROW} FROM records r WHERE r.id IN (SELECT value FROM json_each(?)) AND {{visible:r}}"
_SINCE = f"SELECT {_ROW} FROM records r WHERE r.arrival > ? AND {{visible:r}} ORDER BY r.arrival LIMIT ?"
_COUNT = """
SELECT coalesce(sum(count), 0) FROM shelves WHERE shelf IN (SELECT value FROM json_each(?)) AND {visible}
"""


class Reader:
    """The views as one realm and clearance see them, all by one policy book.  Safe to use from any thread."""

    def __init__(self, store: "ViewStore", realm: str, clearance: Clearance, book: PolicyBook) -> None:
        self._store = store
        self.realm = realm
        self.clearance = clearance
        self.book = book

    @property
    def past(self) -> bool:
        """Whether this reads as of a moment past."""
        return self._store.past

    # --- lists ---------------------------------------------------------------------------------------

    def get(self, record_id: str) -> Row | None:
        """The record of that id, or None if there is none that this reader may see."""
        found = self._query(_BY_ID, (record_id,))
        return found[0] if found else None

    def records_of(self, ids: Collection[str]) -> list[Row]:
        """Those of the records that this reader may see, in the order of ``ids``."""
        found = {row.id: row for row in self._query(_BY_IDS, (_json(list(ids)),))}
        return [found[i] for i in dict.fromkeys(ids) if i in found]

    def newest(
        self, kind: Kinds = None, owner: str | None = None, limit: int = 50, before: int | None = None
    ) -> Page:
        """The newest records first, of these kinds and this owner (None for any), in pages."""
        limit = _within_limits(limit)
        with self._store.reading(self.realm, self.clearance, self.book) as (db, visible):
            shelves = visible.shelves(kind, owner)
            params = {
                "shelves": shelves,
                "before": 2**62 if before is None else before,
                "n": limit + 1,
                "few": limit // (shelves.count(",") + 1) + MORE_OF_A_SHELF,
            }
            rows = self._rows(db.execute(visible.fill(_NEWEST), params))
        more = len(rows) > limit
        return Page(tuple(rows[:limit]), rows[limit - 1].arrival if more else None)

    def since(self, arrival: int, limit: int = 200) -> list[Row]:
        """Records that came to be what they are after ``arrival``, oldest first: to resume a stream."""
        return self._query(_SINCE, (arrival, _within_limits(limit)))

    def referring(self, record_id: str, kinds: Kinds = None, limit: int = MAX_ROWS) -> list[Row]:
        """Records that point at ``record_id`` in any field, newest first."""
        with self._store.reading(self.realm, self.clearance, self.book) as (db, visible):
            shelves = visible.shelves(kinds, None)
            params = {"target": record_id, "shelves": shelves, "n": _within_limits(limit)}
            return self._rows(db.execute(visible.fill(_REFERRING), params))

    def count(self, kind: Kinds = None, owner: str | None = None) -> int:
        """How many records of these kinds this reader may see."""
        with self._store.reading(self.realm, self.clearance, self.book) as (db, visible):
            sql = visible.fill(_COUNT)
            counted: Any = db.execute(sql, (visible.shelves(kind, owner),)).fetchall()
            return int(counted[0][0])

    def rows(self, sql: str, params: Params = ()) -> list[tuple[Any, ...]]:
        """A room's own query.  ``sql`` must say ``{visible}`` or ``{visible:alias}`` in its WHERE.

        That becomes a condition on the column ``label`` of the table, or of the alias.  Raises
        ValueError if it is missing.
        """
        with self._store.reading(self.realm, self.clearance, self.book) as (db, visible):
            return db.execute(visible.fill(sql), params).fetchall()

    # --- map and search ------------------------------------------------------------------------------

    def within(
        self,
        west: float,
        south: float,
        east: float,
        north: float,
        kinds: Kinds = None,
        limit: int = 500,
    ) -> list[Row]:
        """Records whose bounds touch the box, in degrees; west > east crosses the antimeridian.

        Which ones, if there are more than ``limit``, is not said; newest first among those returned.
        Positions in the index are rounded to about a metre, outwards.  Raises BadInput for no box.
        """
        limit = _within_limits(limit)
        found: dict[int, Row] = {}
        boxes = split(west, south, east, north)
        with self._store.reading(self.realm, self.clearance, self.book) as (db, visible):
            shelves = visible.shelves(kinds, None)
            sql = visible.fill(_WITHIN_ALL if visible.everything and kinds is None else _WITHIN)
            for w, s, e, n in boxes:
                params = {"west": w, "south": s, "east": e, "north": n, "shelves": shelves, "n": limit}
                found |= {row.row: row for row in self._rows(db.execute(sql, params))}
        return sorted(found.values(), key=lambda row: -row.arrival)[:limit]

    def search(self, q: str, limit: int = 50, before: int | None = None) -> Page:
        """Records whose texts, as far as this reader may see them, hold all terms of ``q``; newest first.

        At most MAX_CANDIDATES records are looked into at a time where the index alone cannot tell: a page
        may hold fewer than ``limit``, or none, and still be followed by others.
        """
        query = text.parse(q)
        limit = _within_limits(limit)
        found: dict[int, Row] = {}
        place, looked = 2**62 if before is None else before, 0
        while query is not None and looked < MAX_CANDIDATES:
            candidates = self._candidates(query, limit, place)
            for _, row in candidates:
                if row.row not in found and self._holds(query, row):
                    found[row.row] = row
                    if len(found) == limit:
                        # A record's documents are numbered from its arrival on: those before it are others'.
                        return Page(tuple(found.values()), row.arrival)
            if len(candidates) < limit:
                return Page(tuple(found.values()), None)
            place, looked = candidates[-1][0], looked + len(candidates)
        return Page(tuple(found.values()), None if query is None else place)

    def _candidates(self, query: text.Query, limit: int, before: int) -> list[tuple[int, Row]]:
        """The newest records before a place that the index names, each with its place."""
        with self._store.reading(self.realm, self.clearance, self.book) as (db, visible):
            if not visible.marks:
                return []
            params = {"q": query.expression(visible.marks), "before": before, "n": limit}
            found: list[Any] = db.execute(visible.fill(_SEARCH), params).fetchall()
            return list(
                zip((int(row[0]) for row in found), self._rows(row[1:] for row in found), strict=True)
            )

    def _holds(self, query: text.Query, row: Row) -> bool:
        """Whether what this reader sees of the record holds the terms; the index is not trusted alone
        for a record that has portions under labels of their own."""
        if query.exact and plain(row.raw):
            return True
        record, _ = self.record(row)
        return not isinstance(record, Unknown) and text.matches(query, (t for _, t in record.texts()))

    # --- one record ----------------------------------------------------------------------------------

    def record(self, row: Row) -> tuple[Record | Unknown, int]:
        """The record without what this reader may not see, and how many portions that was.

        A record of an unknown kind comes with empty ``raw`` if any label in it is not covered.
        """
        record = self._store.codec.decode(row.raw)
        if isinstance(record, Unknown):
            if covers_all(row.raw, self.book.gate(self.clearance)):
                return record, 0
            return Unknown(header=record.header, raw=b""), 1
        left, count = cut(record, self.clearance, self.book)
        if left is None:
            raise OurFault("views.visible", "a row that this reader may see", "one that the labels forbid")
        return left, count

    def whole(self, row: Row) -> bool:
        """Whether this reader may have the record's bytes as they are, unknown fields included."""
        gate = self.book.gate(self.clearance)
        return gate[row.labelled].allowed and (plain(row.raw) or covers_all(row.raw, gate))

    def label(self, row: Row) -> Label:
        """The record's own label."""
        return row.labelled

    def label_of(self, label_row: int) -> Label:
        """The label that rows with that number in their column ``label`` stand under."""
        return self._store.label_rows()[label_row].labels[0]

    def sees(self, label_row: int, realm: str) -> bool:
        """Whether this reader may see what stands under that label row: for a live stream's changes."""
        return (
            realm == self.realm
            and label_row in self._store.sight(self.realm, self.clearance, self.book).labels
        )

    # --- inside --------------------------------------------------------------------------------------

    def _query(self, sql: str, params: Params) -> list[Row]:
        with self._store.reading(self.realm, self.clearance, self.book) as (db, visible):
            return self._rows(db.execute(visible.fill(sql), params))

    def _rows(self, found: Iterable[Any]) -> list[Row]:
        labels = self._store.label_rows()
        return [_row(values, labels) for values in found]


def _row(values: Any, labels: Mapping[int, Marked]) -> Row:
    row, record_id, kind, version, owner, source, label, at, logged_at, seq, realm, arrival, raw = values
    owned = (row, record_id, kind, version, owner, source, label)
    labelled = labels[label].labels[0]
    return Row(*owned, moment_of(at), moment_of(logged_at), seq, realm, arrival, raw, labelled)


def _within_limits(limit: int) -> int:
    return max(1, min(limit, MAX_ROWS))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
