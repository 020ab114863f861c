"""One batch of entries into the tables, inside one transaction.

1. Entries are read (``digest``); what cannot be read is noted.
2. The rows that the batch's records already have are looked up, all in one query.
3. In order, each entry is compared with the newest version so far: the higher version wins, and of
   equal versions the later entry of the same log.  Since a record has one owner and so one log, the
   winner does not depend on how logs interleave.
4. Only winners are written: record, references, search documents, places.  What the version before
   had in those tables is taken out first.
5. The rooms' views see every entry of their kinds, winner or not, in order.
6. Where a partner takes a record back (``taking_back``) the batch is cut: what came before is written, then
   the record is dropped from all tables.
7. Positions move, and everything becomes true at once.

Numbers are handed out by the fold (``row``, ``arrival``), so that rows are appended at the end of their
tables.  A record with texts under several labels takes as many arrivals as it has search documents;
document ``d`` belongs to the record with the greatest arrival not above ``d``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import apsw
import msgspec

from ..errors import BadInput
from ..labels.model import Label
from ..partners.records import Recall
from . import digest
from .base import OWN, Folded, View
from .bulk import Bulk
from .digest import Digester, Read, milliseconds
from .schema import own_tables
from .taking_back import RecordAt, drop, fault_of, tables_by_row, unscrubbed
from .text import entries as index_entries
from .today import Today
from .visibility import Catalogue, Marked, Shelf, labels_as_json, labels_from

MAX_TOLD = 1_000
"""Changes of one commit told one by one; after more, whoever shows records fetches them anew faster."""

Entry = tuple[str, int, bytes | None, datetime]
"""Source, number, the record's bytes (None if they never came or are gone), and when it was logged."""


class Change(msgspec.Struct, frozen=True):
    """A record that readers now see in a new version, or, if it is ``gone``, no more.

    ``label`` is a label row; ``arrival`` rises, and is 0 for what is gone.  ``still``: gone only for those
    who do not see that label row, under which the record now stands.
    """

    id: str
    kind: str
    version: int
    source: str
    seq: int
    label: int
    realm: str
    arrival: int
    gone: bool = False
    still: int = 0


_RECORD_COLUMNS = (
    "row, id, shelf, arrival, kind, owner, source, realm, label, version, at, seq, logged_at, "
    "docs, places, refs, fault, raw"
)
_UPDATES = ", ".join(
    f"{c}=?{n}" for n, c in enumerate(_RECORD_COLUMNS.split(", "), 1) if c not in ("row", "id", "owner")
)
# A statement that may have to be undone by itself keeps a copy of every page it touches.  None of these
# need: where one fails it takes the transaction with it, or it changes a single row.
_NEW_RECORDS = Bulk(f"INSERT OR ROLLBACK INTO records ({_RECORD_COLUMNS}) VALUES", 18)
_OLD_RECORD = f"UPDATE records SET {_UPDATES} WHERE row = ?1"  # noqa: S608  names written above
_REFS = Bulk("INSERT OR ROLLBACK INTO refs (target, row, field) VALUES", 3)
_SEARCH = "INSERT INTO search (rowid, words) SELECT CAST(key AS INTEGER), value FROM json_each(?)"
"""One statement for a batch.  SQLite sets a savepoint at each statement of many rows, and at a savepoint
the search index writes what it has gathered as one more part of itself, to be merged with the others."""
_PLACE = "INSERT INTO places VALUES (?, ?, ?, ?, ?, ?, ?)"
_UNREADABLE = Bulk("INSERT OR REPLACE INTO unreadable VALUES", 3)
_LABELS = Bulk("INSERT OR IGNORE INTO labels VALUES", 3)
_SHELVES = Bulk(
    "INSERT INTO shelves VALUES", 5, "ON CONFLICT (shelf) DO UPDATE SET count = count + excluded.count"
)
_POSITIONS = Bulk("INSERT OR REPLACE INTO positions VALUES", 2)

_STANDING = """
SELECT id, row, version, seq, arrival, shelf, docs, places, refs FROM records
WHERE id IN (SELECT value FROM json_each(?))
"""


class _Standing:
    """What the tables hold, and will hold, of one record."""

    __slots__ = (
        "arrival", "docs", "label", "labels", "places", "read", "refs", "row", "seq", "shelf", "version",
    )  # fmt: skip

    def __init__(self, row: int, *rest: int) -> None:
        self.row = row
        self.version, self.seq, self.arrival, self.shelf, self.docs, self.places, self.refs = rest
        self.read: Read | None = None
        self.label = 0
        self.labels: tuple[Label, ...] = ()


class _Written:
    """Rows gathered for the tables while winners are taken apart."""

    def __init__(self) -> None:
        self.new: list[Sequence[Any]] = []
        self.old: list[Sequence[Any]] = []
        self.refs: list[Sequence[Any]] = []
        self.search: list[tuple[int, int, str]] = []
        self.places: list[Sequence[Any]] = []
        self.gone_docs: list[int] = []
        self.gone_places: list[int] = []
        self.gone_refs: list[int] = []
        self.shelf_counts: dict[int, int] = {}
        self.changes: list[Change] = []


class Pending:
    """Label rows and shelves first met in a batch; mirrored in the catalogue once committed."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.labels: dict[Marked, int] = {}
        self.shelves: dict[Shelf, int] = {}

    def label_row(self, realm: str, labels: tuple[Label, ...]) -> int:
        """The label row of ``labels`` in ``realm``, a new one if need be."""
        sought = Marked(realm, labels)
        row = self.catalogue.label_rows.get(sought) or self.labels.get(sought)
        if row is None:
            row = self.labels[sought] = self.catalogue.next_label + len(self.labels)
        return row

    def shelf_row(self, label: int, kind: str, owner: str) -> int:
        """The shelf of that label, kind and owner, a new one if need be."""
        sought = Shelf(label, kind, owner)
        row = self.catalogue.shelf_rows.get(sought) or self.shelves.get(sought)
        if row is None:
            row = self.shelves[sought] = self.catalogue.next_shelf + len(self.shelves)
        return row

    def shelf_at(self, row: int) -> Shelf:
        """The shelf of that number, one met in this batch included."""
        known = self.catalogue.shelves.get(row)
        return known or next(shelf for shelf, number in self.shelves.items() if number == row)


def _is_notice(read: Read) -> bool:
    """Whether a partner takes something back, or we what we passed on, because its originator did."""
    record = read.record
    return type(record) is Recall and (read.source != OWN or record.because is not None)


def _runs(reads: Sequence[Read]) -> Iterator[Sequence[Read]]:
    """``reads`` in order, cut after each notice."""
    start = 0
    for place, read in enumerate(reads, 1):
        if _is_notice(read):
            yield reads[start:place]
            start = place
    yield reads[start:]


class Step(msgspec.Struct, frozen=True, array_like=True):
    """What one committed batch came to: where the fold stands, rows met for the first time, changes.

    Whoever reads the file without folding it follows by these (``ViewStore.take``).
    """

    folded: int
    positions: dict[str, int]
    labels: dict[int, Marked]
    shelves: dict[int, Shelf]
    changes: list[Change] | None
    relabelled: bool = False
    """Whether a record came to have other labels than it had: views of moments past are to follow."""


class Folding:
    """The writing side of one file of views.  Used by one thread at a time."""

    def __init__(
        self,
        db: apsw.Connection,
        views: Sequence[View],
        digester: Digester,
        kinds: Iterable[str],
        first_label: int = 1,
    ) -> None:
        self.db = db
        self._views = views
        self._digester = digester
        self._kinds = frozenset(kinds)
        self._wanted = frozenset().union(*(v.kinds for v in views))
        self._first_label = first_label
        self._tables = tables_by_row(db, own_tables())
        self.drops = 0
        """How often something was taken back, so that scrubbing begins again after each."""
        self.today: Today | None = None
        """In views of a moment past: the labels that bind today, too."""
        self._relabelled = False
        self.scrubbed = not unscrubbed(db)
        """Whether nothing of what was taken back is left in the file."""
        self.load()

    def load(self) -> None:
        """Take the numbers and mirrors from the file."""

        def run(sql: str) -> list[Any]:
            return self.db.execute(sql).fetchall()

        self.positions: dict[str, int] = dict(run("SELECT source, position FROM positions"))
        self.next_row: int = 1 + (run("SELECT max(row) FROM records")[0][0] or 0)
        last = run("SELECT arrival, docs FROM records ORDER BY arrival DESC LIMIT 1")
        self.next_arrival: int = last[0][0] + max(1, last[0][1]) if last else 1
        labels = {row: Marked(realm, labels_from(j)) for row, realm, j in run("SELECT * FROM labels")}
        shelves = {row: Shelf(*rest) for row, *rest in run("SELECT shelf, label, kind, owner FROM shelves")}
        self.catalogue = Catalogue(labels, shelves, self._first_label)

    def batch(self, entries: Sequence[Entry], positions: Mapping[str, int], record_at: RecordAt) -> Step:
        """Fold ``entries`` and move to ``positions``, all or nothing.  Returns what that came to.

        ``record_at`` tells what other entries of the logs are of, for notices that name them.
        """
        pending = Pending(self.catalogue)
        rows_before, arrivals_before = self.next_row, self.next_arrival
        self._relabelled = False
        cursor = self.db.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            changes = self._fold(cursor, entries, pending, record_at)
            _POSITIONS.run(cursor, list(positions.items()))
            cursor.execute("COMMIT")
        except BaseException:
            self.next_row, self.next_arrival = rows_before, arrivals_before
            if self.db.in_transaction:
                cursor.execute("ROLLBACK")
            raise
        labels = {row: m for m, row in pending.labels.items()}
        shelves = {row: s for s, row in pending.shelves.items()}
        self.catalogue.add(labels, shelves)
        self.positions.update(positions)
        told = changes if len(changes) <= MAX_TOLD else None
        return Step(len(entries), dict(positions), labels, shelves, told, self._relabelled)

    def _fold(
        self, cursor: apsw.Cursor, entries: Sequence[Entry], pending: Pending, record_at: RecordAt
    ) -> list[Change]:
        reads, unreadable = self._read(entries)
        for read in [r for r in reads if _is_notice(r)]:
            assert isinstance(read.record, Recall)
            if read.source != OWN and (code := fault_of(read.record, read.source, read.seq, record_at)):
                reads.remove(read)
                unreadable.append((read.source, read.seq, code))
        _UNREADABLE.run(cursor, unreadable)
        changes: list[Change] = []
        for run in _runs(reads):
            changes += self._fold_run(cursor, run, pending)
            if run and _is_notice(run[-1]):
                changes += self._take_back(cursor, run[-1])
        return changes

    def _take_back(self, cursor: apsw.Cursor, read: Read) -> list[Change]:
        """The record that the notice ``read`` is about leaves the tables."""
        assert isinstance(read.record, Recall)
        about, source = read.record.about, read.source
        self.scrubbed, self.drops = False, self.drops + 1
        gone = drop(cursor, self._tables, read.record, source, read.seq)
        if gone is None:
            return []
        return [
            Change(
                about, gone.kind, gone.version, source, gone.seq, gone.label, gone.realm, arrival=0, gone=True
            )
        ]

    def _fold_run(self, cursor: apsw.Cursor, reads: Sequence[Read], pending: Pending) -> list[Change]:
        standing = self._lookup(cursor, reads)
        folded = self._compare(reads, standing, pending)
        written = _Written()
        for read in reads:  # in order, so that arrivals are in order within a log
            now = standing[read.head.id]
            if now.read is read:
                self._take_apart(now, read, written, pending)
        self._write(cursor, written, pending)
        for view in self._views:
            batch = [f for kind, f in folded if kind in view.kinds]
            if batch:
                view.fold(cursor, batch)
        return written.changes

    def _read(self, entries: Sequence[Entry]) -> tuple[list[Read], list[tuple[str, int, str]]]:
        reads: list[Read] = []
        unreadable: list[tuple[str, int, str]] = []
        read = self._digester.read
        for source, seq, entry, logged_at in entries:
            got = digest.WITHHELD if entry is None else read(source, seq, entry, logged_at)
            if isinstance(got, str):
                unreadable.append((source, seq, got))
            else:
                reads.append(got)
        return reads, unreadable

    def _lookup(self, cursor: apsw.Cursor, reads: Sequence[Read]) -> dict[str, _Standing]:
        ids = msgspec.json.encode([r.head.id for r in reads]).decode()
        found: list[Any] = cursor.execute(_STANDING, (ids,)).fetchall()
        return {row[0]: _Standing(*row[1:]) for row in found}

    def _compare(
        self, reads: Sequence[Read], standing: dict[str, _Standing], pending: Pending
    ) -> list[tuple[str, Folded]]:
        """Find each record's winner, leaving it in ``standing``; returns what rooms asked for."""
        folded: list[tuple[str, Folded]] = []
        standing_today = {} if self.today is None else self.today.of([r.head.id for r in reads])
        for r in reads:
            head = r.head
            labels = digest.required(r)
            if self.today is not None:
                labels = digest.together(*labels, *self.today.added(r.raw, standing_today.get(head.id)))
            label = pending.label_row(head.realm, labels)
            now = standing.get(head.id)
            if now is None:
                now = standing[head.id] = _Standing(self.next_row, 0, -1, 0, 0, 0, 0, 0)
                self.next_row += 1
            newest = (head.version, r.seq) > (now.version, now.seq)
            if newest:
                now.version, now.seq, now.read = head.version, r.seq, r
                now.label, now.labels = label, labels
            if r.kind in self._wanted:
                each = Folded(r.source, r.seq, r.record, r.raw, label, now.row, r.logged_at, newest)
                folded.append((r.kind, each))
        return folded

    def _take_apart(self, now: _Standing, read: Read, out: _Written, pending: Pending) -> None:
        head, kind, row = read.head, read.kind, now.row
        known = kind in self._kinds
        owner = head.id.partition("/")[0]
        shelf = pending.shelf_row(now.label, kind if known else "", owner)
        arrival, before = self.next_arrival, now.arrival
        if before:
            self._relabelled |= shelf != now.shelf or not digest.plain(read.raw)
            if (was := pending.shelf_at(now.shelf).label) != now.label:
                told = (head.id, kind, head.version, read.source, read.seq, was, head.realm)
                out.changes.append(Change(*told, arrival=0, gone=True, still=now.label))
            self._take_out(now, out)
        out.shelf_counts[shelf] = out.shelf_counts.get(shelf, 0) + 1
        docs, refs, places, fault = 0, 0, 0, ""
        if known:
            docs, refs, places, fault = self._index(now, read, shelf, out, pending)
        self.next_arrival += docs or 1
        (out.old if before else out.new).append(
            (
                row, head.id, shelf, arrival, kind, owner, read.source, head.realm, now.label,
                head.version, milliseconds(head.at), read.seq, milliseconds(read.logged_at),
                docs, places, refs, fault, read.raw,
            )
        )  # fmt: skip
        out.changes.append(
            Change(head.id, kind, head.version, read.source, read.seq, now.label, head.realm, arrival)
        )

    @staticmethod
    def _take_out(now: _Standing, out: _Written) -> None:
        """Mark what the version before has in the other tables as gone."""
        out.shelf_counts[now.shelf] = out.shelf_counts.get(now.shelf, 0) - 1
        out.gone_docs.extend(range(now.arrival, now.arrival + now.docs))
        out.gone_places.extend(range(2 * now.row, 2 * now.row + now.places))
        if now.refs:
            out.gone_refs.append(now.row)

    def _index(
        self, now: _Standing, read: Read, shelf: int, out: _Written, pending: Pending
    ) -> tuple[int, int, int, str]:
        """Gather what the record has in the other tables: how many documents, references and places.

        And the code of a fault, if the record's own account of its texts or bounds is at odds with itself.
        """
        row, realm, fault = now.row, read.head.realm, ""
        try:
            found = digest.documents(read.record, now.labels)
        except digest.FAULTS_OF_INPUT:
            found, fault = [], digest.TEXTS
        for doc, (labels, text) in enumerate(found, self.next_arrival):
            label = now.label if labels is now.labels else pending.label_row(realm, labels)
            out.search.append((doc, label, text))
        refs = digest.points_at(read.record, read.raw)
        out.refs.extend((target, row, field) for field, target in refs)
        try:
            boxes = digest.boxes(read.record)
        except (BadInput, *digest.FAULTS_OF_INPUT):
            boxes, fault = [], digest.BOUNDS
        for place, (west, south, east, north) in enumerate(boxes, 2 * row):
            out.places.append((place, west, east, south, north, shelf, shelf))
        return len(found), len(refs), len(boxes), fault

    @staticmethod
    def _write(cursor: apsw.Cursor, written: _Written, pending: Pending) -> None:
        for numbers, sql in (
            (written.gone_docs, "DELETE FROM search WHERE rowid IN (SELECT value FROM json_each(?))"),
            (written.gone_places, "DELETE FROM places WHERE place IN (SELECT value FROM json_each(?))"),
            (written.gone_refs, "DELETE FROM refs WHERE row IN (SELECT value FROM json_each(?))"),
        ):
            if numbers:
                cursor.execute(sql, (msgspec.json.encode(numbers).decode(),))
        _LABELS.run(cursor, [(row, m.realm, labels_as_json(m.labels)) for m, row in pending.labels.items()])
        names = {row: s for s, row in pending.shelves.items()} | {
            row: pending.catalogue.shelves[row]
            for row in written.shelf_counts
            if row in pending.catalogue.shelves
        }
        _SHELVES.run(cursor, [(row, *names[row], count) for row, count in written.shelf_counts.items()])
        _NEW_RECORDS.run(cursor, written.new)
        cursor.executemany(_OLD_RECORD, sorted(written.old, key=itemgetter(0)))  # as they lie in the file
        _REFS.run(cursor, written.refs)
        cursor.executemany(_PLACE, written.places)
        if written.search:
            docs, labels, texts = zip(*written.search, strict=True)
            held = dict(zip(docs, index_entries(texts, labels), strict=True))
            cursor.execute(_SEARCH, (msgspec.json.encode(held).decode(),))
