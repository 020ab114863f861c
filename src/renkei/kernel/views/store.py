"""The views of one node: the file, the fold that fills it, and the readers it is read by.

``fold`` reads each log from its stored position, oldest first across logs, and commits tables and
positions together; killed at any moment it goes on from the last commit.  ``rebuild`` folds everything
into a fresh file beside the old one, which goes on being read, and then exchanges the two.

A node that opens views made by other code (other tables, other kinds) finds ``outdated`` true: it can
neither fold nor read them until it has rebuilt.
"""

import contextlib
import heapq
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import apsw
import msgspec

from ..errors import OurFault
from ..labels.model import Clearance
from ..labels.policy import PolicyBook
from ..log.base import Pack
from ..log.commitments import said_in
from ..log.until import Source
from ..records import Codec
from .base import View
from .connections import Readers
from .digest import Digester, Resolve
from .fold import Change, Entry, Folding, Step
from .reader import Reader
from .schema import create, fingerprint_in, fingerprint_of, open_writer
from .taking_back import due, passed_on, record_at, scrub
from .today import Today
from .visibility import Marked, Sights, Visible

MIN_BATCH = 512
MAX_BATCH = 8_192
"""Entries per transaction.  Large ones amortise the search index; the largest holds some 30 MB."""

MAX_BATCH_BYTES = 16 * 1024 * 1024
"""Entry bytes per transaction, so that large records do not fill the memory."""

BATCH_SECONDS = 2.0
"""What a transaction should take at most: whoever waits for a fold waits for the one before it.  Only a fold
far behind has any that long, and there shorter ones cost more: updates scattered over a million records
write the same pages in each of them (a tenth to a third of the processor time, measured)."""

MERGE_PAGES = 64
"""Pages of the search index merged in one idle step, a few milliseconds."""

MERGE_GROWTH = 1.25
"""How much the search index grows before it is merged whole again: each document is then written at most
a handful of times more, in idle moments, however long the node runs."""

Listener = Callable[[Sequence[Change] | None], None]
"""Gets what readers now see; None after a commit of so many changes that one had better look anew."""
Progress = Callable[[int, int], None]
"""(entries folded, entries in all)."""


class Lag(msgspec.Struct, frozen=True):
    """How far the views have followed one log."""

    source: str
    position: int
    size: int

    @property
    def lag(self) -> int:
        """Entries not folded yet."""
        return max(0, self.size - self.position)


class Followed:
    """Where a fold elsewhere stands, and what it has met: the reading side of ``Folding``."""

    def __init__(self, folding: Folding) -> None:
        self.positions = dict(folding.positions)
        self.catalogue = folding.catalogue


class ViewStore:
    """All views of a node in one SQLite file.  Safe to use from any thread; folds one at a time.

    After ``follow`` the folding is another process's; this one reads, and is told by ``take``.
    """

    def __init__(
        self,
        path: Path | None,
        codec: Codec,
        book: PolicyBook,
        views: Sequence[View],
        resolve: Resolve,
        own_hq: str,
    ) -> None:
        """``path`` None keeps the views in a file that goes when they are closed.

        ``resolve`` gives this node's id for a partner's name of one of its records, or None.
        """
        self._temporary = tempfile.TemporaryDirectory(prefix="renkei-views-") if path is None else None
        self._path = path or Path(self._temporary.name) / "views.db"  # type: ignore[union-attr]
        self.codec = codec
        self.book = book
        self._views = tuple(views)
        self._digester = Digester(codec, own_hq, resolve)
        self._fingerprint = fingerprint_of(self._views, codec.kinds)
        self._fold_lock = threading.RLock()
        self._moved = threading.Condition()
        self._listeners: list[Listener] = []
        self._followers: list[Callable[[Step], None]] = []
        self.following = False
        self._waiting = 0
        self.past = False
        """Whether these are views as of a moment past, which nothing is folded into any more."""
        self._batch = MIN_BATCH
        self._scrubbing: Iterator[bool] = iter(())
        self._scrubbing_for: tuple[Folding, int] | None = None
        self._merged = 0
        self.failure: str = ""
        self._readers = Readers(self._path)
        self._open()

    # --- the file ------------------------------------------------------------------------------------

    def _open(self) -> None:
        db = open_writer(self._path)
        found = fingerprint_in(db)
        if found is None:
            create(db, self._views, self._fingerprint)
        self.outdated = found is not None and found != self._fingerprint
        self._db = db
        if not self.outdated:
            self._use(self._folding(db))

    def _folding(self, db: apsw.Connection, first_label: int = 1) -> Folding:
        return Folding(db, self._views, self._digester, self.codec.kinds, first_label)

    def today(self, *, portions: bool) -> Today:
        """The labels of records as these views have them, for views of a moment past."""
        return Today(self._readers, portions=portions)

    def bind(self, today: Today) -> None:
        """Fold what is folded from here on under the labels that bind today, too."""
        self._own_folding().today = today

    def decide_by(self, book: PolicyBook) -> None:
        """Decide by another ``book`` from now on.  The tables stay: they know labels, not who may see them.

        Whoever reads already goes on by the book it began with, so that no answer mixes the two.
        """
        with self._fold_lock:
            self.book = book
            if not self.outdated:
                self._sights = Sights(self._folding_now.catalogue, book)

    def _use(self, folding: Folding) -> None:
        self._folding_now: Folding | Followed = folding
        self._sights = Sights(folding.catalogue, self.book)

    def close(self) -> None:
        """Close the file; waits for a fold and for reads that are running."""
        with self._fold_lock:
            self._readers.close()
            if not self.following:
                self._db.close()
            if self._temporary is not None:
                self._temporary.cleanup()

    # --- folding -------------------------------------------------------------------------------------

    def fold(self, sources: Mapping[str, Source], limit: int = 1_000_000) -> int:
        """Take in up to ``limit`` entries that the logs hold beyond the stored positions; how many it was.

        ``sources`` has this node's master log under OWN and received logs under their partners' ids.
        Raises OurFault if a log is shorter than what was folded from it.
        """
        with self._fold_lock:
            folding = self._own_folding()
            done = 0
            while done < limit:
                step = self._fold_batch(folding, sources, min(self._batch, limit - done))
                if step is None:
                    break
                done += step.folded
                self._announce(step)
            return done

    def _own_folding(self) -> Folding:
        """The folding, if it is this process's and the tables are of this version.  Else OurFault."""
        self._check_current()
        if not isinstance(self._folding_now, Folding):
            raise OurFault("views.followed", "to fold in the process that does", "one that only reads")
        return self._folding_now

    def _fold_batch(self, folding: Folding, sources: Mapping[str, Source], limit: int) -> Step | None:
        started = time.perf_counter()
        entries = take(sources, folding.positions, limit)
        if not entries:
            return None
        positions = {source: seq + 1 for source, seq, _, _ in entries}
        step = folding.batch(entries, positions, lambda source, seq: record_at(sources[source], seq))
        self._adapt(step.folded, time.perf_counter() - started)
        return step

    def _adapt(self, folded: int, seconds: float) -> None:
        if seconds > BATCH_SECONDS:
            self._batch = max(MIN_BATCH, self._batch // 2)
        elif folded == self._batch and seconds < BATCH_SECONDS / 2:
            self._batch = min(MAX_BATCH, self._batch * 2)

    def _announce(self, step: Step | None) -> None:
        with self._moved:
            self._moved.notify_all()
        if step is None:
            return
        for heard in tuple(self._followers):
            heard(step)
        if step.changes is None or step.changes:
            for listener in tuple(self._listeners):
                listener(step.changes)

    def follow(self) -> None:
        """Leave the folding to another process from here on; only ``take`` moves this store then."""
        with self._fold_lock:
            self._folding_now = Followed(self._own_folding())
            self._db.close()
            self.following = True

    def take(self, step: Step) -> None:
        """Follow a batch that the folding process committed.  Steps come in the order they were made."""
        self._folding_now.catalogue.add(step.labels, step.shelves)
        self._folding_now.positions.update(step.positions)
        self._announce(step)

    def standing(self) -> Step:
        """Everything a follower needs to know of the file as it is: positions, label rows, shelves."""
        folding = self._own_folding()
        known = folding.catalogue
        return Step(0, dict(folding.positions), dict(known.labels), dict(known.shelves), None)

    def on_step(self, follower: Callable[[Step], None]) -> None:
        """Call ``follower`` after each commit, on the folding thread, with all it needs to follow."""
        self._followers.append(follower)

    def _check_current(self) -> None:
        if self.outdated:
            raise OurFault("views.outdated", "views made by this version", "older ones: rebuild the views")

    def on_fold(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` after each commit, on the folding thread; returns what ends that."""
        self._listeners.append(listener)

        def end() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return end

    def scrub(self) -> bool:
        """Do a little of making unreadable what was taken back; whether there is more to do."""
        with self._fold_lock:
            folding = self._own_folding()
            if folding.scrubbed:
                return False
            if self._scrubbing_for != (folding, folding.drops):
                self._scrubbing, self._scrubbing_for = scrub(self._db), (folding, folding.drops)
            if next(self._scrubbing, False):
                return True
            self._scrubbing_for = None
            self._db.execute("UPDATE taken_back SET scrubbed = 1 WHERE scrubbed = 0")
            folding.scrubbed = True
        self._announce(Step(0, {}, {}, {}, []))
        return False

    def purgeable(self, source: str, first: int) -> list[int]:
        """Numbers from ``first`` on of notices of ``source`` after which nothing is left in the views."""
        self._check_current()
        with self._readers.one() as db:
            return due(db, source, first)

    def passed_on(self, record_id: str) -> list[bytes]:
        """What this headquarters passed on of a partner's record and has not taken back, as logged."""
        with self._readers.one() as db:
            return passed_on(db, record_id)

    def tidy(self) -> bool:
        """Do a little of the search index's merging; whether there was any to do.

        First parts of a size become one.  Once the index has grown by a good deal, all of it becomes one
        part: a word is looked up in each part under each label, so that is what makes answers quick.
        """
        with self._fold_lock:
            held = self._own_folding().next_arrival
            if self._merge(MERGE_PAGES):
                return True
            if held < self._merged * MERGE_GROWTH:
                return False
            if self._merge(-MERGE_PAGES):  # negative: whatever the parts' sizes
                return True
            self._merged = held
            return False

    def _merge(self, pages: int) -> bool:
        before = self._db.total_changes()
        self._db.execute("INSERT INTO search(search, rank) VALUES ('merge', ?)", (pages,))
        return self._db.total_changes() - before > 1

    # --- where it stands -----------------------------------------------------------------------------

    def position(self, source: str) -> int:
        """The number of the first entry of ``source`` not folded yet."""
        return 0 if self.outdated else self._folding_now.positions.get(source, 0)

    def lag(self, sources: Mapping[str, Source]) -> list[Lag]:
        """How far each log has been followed."""
        return [Lag(source, self.position(source), log.size) for source, log in sources.items()]

    @property
    def awaited(self) -> bool:
        """Whether somebody is in ``wait``."""
        return self._waiting > 0

    def wait(self, source: str, seq: int, timeout: float) -> bool:
        """Wait until entry ``seq`` of ``source`` is in the views; whether it is, after ``timeout`` seconds.

        Raises OurFault when the fold has failed and will not come.
        """
        with self._moved:
            self._waiting += 1
            try:
                self._moved.wait_for(lambda: self.failure or self.position(source) > seq, timeout)
            finally:
                self._waiting -= 1
        if self.position(source) > seq:
            return True
        if self.failure:
            raise OurFault("views.failed", "a running fold", self.failure)
        return False

    def fail(self, what: str) -> None:
        """Say that folding has stopped for good; wakes everybody who waits for it."""
        with self._moved:
            self.failure = what
            self._moved.notify_all()

    def unreadable(self, limit: int = 1_000) -> list[tuple[str, int, str]]:
        """(source, seq, code) of entries that could not be read, whole or in part."""
        sql = """SELECT source, seq, code FROM unreadable
                 UNION ALL SELECT source, seq, fault FROM records WHERE fault <> '' ORDER BY 1, 2 LIMIT ?"""
        with self._readers.one() as db:
            return [(s, n, c) for s, n, c in db.execute(sql, (limit,))]

    # --- rebuilding ----------------------------------------------------------------------------------

    def rebuild(self, sources: Mapping[str, Source], progress: Progress | None = None) -> int:
        """Fold everything afresh and exchange the file; how many entries that was.

        Reading goes on meanwhile; folding does not.  Label rows get new numbers, never ones in use
        before, so that a number from before the exchange names nothing rather than something else.
        """
        with self._fold_lock:
            if self.following:
                self._own_folding()
            fresh = self._path.with_name(self._path.name + ".new")
            fresh.unlink(missing_ok=True)
            db = open_writer(fresh, rebuilding=True)
            try:
                create(db, self._views, self._fingerprint)
                first = 1 if self.outdated else self._folding_now.catalogue.next_label
                done = self._fold_all(self._folding(db, first), sources, progress)
                db.execute("INSERT INTO search(search) VALUES ('optimize')")
            except BaseException:
                db.close()
                fresh.unlink(missing_ok=True)
                raise
            db.close()
            self._exchange(fresh, first)
        self._announce(None)
        return done

    def _fold_all(self, folding: Folding, sources: Mapping[str, Source], progress: Progress | None) -> int:
        done, total = 0, sum(log.size for log in sources.values())
        while True:
            step = self._fold_batch(folding, sources, MAX_BATCH)
            if step is None:
                return done
            done += step.folded
            if progress is not None:
                progress(done, max(done, total))

    def _exchange(self, fresh: Path, first_label: int) -> None:
        with self._readers.exchange():
            self._db.close()  # the last connection: its write-ahead log goes into the file and away
            for suffix in ("-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            fresh.replace(self._path)
            self._db = open_writer(self._path)
            self.outdated = False
            self._use(self._folding(self._db, first_label))

    # --- reading -------------------------------------------------------------------------------------

    def reader(self, realm: str, clearance: Clearance, book: PolicyBook | None = None) -> Reader:
        """What somebody of ``clearance`` sees in ``realm``, by ``book`` or the one in force now.

        Cheap to make and safe to share.
        """
        return Reader(self, realm, clearance, book or self.book)

    @contextmanager
    def reading(
        self, realm: str, clearance: Clearance, book: PolicyBook
    ) -> Iterator[tuple[apsw.Connection, Visible]]:
        """A connection, and what may be seen through it by ``book``; the two belong together."""
        self._check_current()
        with self._readers.one() as db:
            yield db, self._sights_by(book).of(realm, clearance)

    def sight(self, realm: str, clearance: Clearance, book: PolicyBook | None = None) -> Visible:
        """What they see at this moment, by ``book`` or the one in force now."""
        self._check_current()
        return self._sights_by(book or self.book).of(realm, clearance)

    def _sights_by(self, book: PolicyBook) -> Sights:
        """Remembered for the book in force; worked out for whoever began before it came."""
        now = self._sights
        return now if now.book is book else Sights(self._folding_now.catalogue, book)

    def label_rows(self) -> Mapping[int, Marked]:
        """What each label row stands for."""
        return self._folding_now.catalogue.labels

    @contextmanager
    def raw_tables(self) -> Iterator[apsw.Connection]:
        """All tables, whatever the labels: for ``dump`` and tools of this package, never for a person."""
        with self._readers.one() as db:
            yield db


def take(sources: Mapping[str, Source], positions: Mapping[str, int], limit: int) -> list[Entry]:
    """The next entries of all logs, those logged first coming first, within the limits of a batch."""
    packs = [_packs(s, log, positions.get(s, 0), limit) for s, log in sorted(sources.items())]
    entries: list[Entry] = []
    size = 0
    for _, source, pack in heapq.merge(*packs, key=lambda p: (p[0], p[1])):
        for seq, entry in enumerate(islice(said_in(pack), limit - len(entries)), pack.first):
            entries.append((source, seq, entry, pack.logged_at))
            size += len(entry or b"")
            if size >= MAX_BATCH_BYTES:
                return entries
        if len(entries) >= limit:
            break
    return entries


def _packs(source: str, log: Source, position: int, limit: int) -> Iterator[tuple[float, str, Pack]]:
    if log.size < position:
        came = f"one of {log.size}"
        raise OurFault("views.ahead", f"a log {source or 'of our own'} of at least {position} entries", came)
    if log.size > position:
        for pack in log.read(position, limit):
            yield pack.logged_at.timestamp(), source, pack
