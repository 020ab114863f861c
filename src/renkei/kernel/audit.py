"""Who did, or was refused, what: the audit trail beside the master log.

The trail is a log of its own (kind ``audit``) and never holds a record's content: it names the
account, the post, the action, the object's id, the permission or reason, and for a refusal what was
expected and what came.

Off the acknowledgement path.  ``note`` and ``wrote`` only put an entry into memory; one thread
commits what has gathered, at the latest ``COMMIT_SECONDS`` after it was noted, so a write costs no
second fsync.  What a crash can lose is therefore the last ``COMMIT_SECONDS`` of entries.  Of these, what
was *done* still stands in the master log (each record carries ``by`` and ``at``); refusals of that moment
are gone.  When the trail cannot be written at all, ``check`` fails and the edges refuse further
writes: no lasting state changes hands unrecorded.

Bulk.  Records appended in bulk are noted as ranges of master-log numbers, one entry per account and
commit.  Repeated equal refusals within one commit become one entry with a count, and once
``MAX_WAITING`` distinct entries wait, further ones lose their object but keep being counted: a flood
can neither exhaust memory nor hide.
"""

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from .clock import Clock
from .errors import OurFault, Refused
from .log.base import Draft, Log
from .people import Person

COMMIT_SECONDS = 0.05
"""Longest wait before noted entries are committed: what a crash may lose, at 20 fsyncs a second."""
MAX_WAITING = 10_000
"""Distinct entries held in memory (about 5 MB); beyond it entries of one account and reason merge."""
MAX_RANGES = 500
"""Ranges of log numbers in one entry, so that an entry stays under about 10 KB."""
MAX_FIELD_CHARS = 200
"""Ids, actions and reasons are short; whatever is longer came from outside and is cut."""
MAX_PAGE = 500
"""Entries one call of ``newest`` reads."""

Outcome = Literal["done", "refused"]
NOBODY = "-"
"""The account named when nobody had signed in."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="audit"):
    """One thing done or refused.  ``seqs`` are inclusive ranges of master-log numbers."""

    at: datetime
    account: str
    post: str = ""
    action: str
    object: str = ""
    outcome: Outcome
    why: str = ""
    expected: str = ""
    came: str = ""
    count: int = 1
    seqs: tuple[tuple[int, int], ...] = ()


class _Bulk:
    """Records one account appended since the last commit, as ranges that grow in place."""

    __slots__ = ("action", "at", "count", "person", "ranges")

    def __init__(self, person: Person, action: str, at: datetime) -> None:
        self.person, self.action, self.at = person, action, at
        self.count = 0
        self.ranges: list[list[int]] = []

    def add(self, first: int, count: int) -> None:
        self.count += count
        if self.ranges and self.ranges[-1][1] + 1 == first:
            self.ranges[-1][1] = first + count - 1
        else:
            self.ranges.append([first, first + count - 1])

    def entry(self) -> Entry:
        return Entry(
            at=self.at,
            account=self.person.account,
            post=self.person.post,
            action=self.action,
            outcome="done",
            why=self.action,
            count=self.count,
            seqs=tuple((first, last) for first, last in self.ranges),
        )


class AuditTrail:
    """Notes entries from any thread and commits them behind the caller's back."""

    def __init__(self, log: Log, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._committing = threading.Lock()
        self._entries: dict[tuple[str, ...], Entry] = {}
        self._bulk: dict[tuple[str, str], _Bulk] = {}
        self._full: list[Entry] = []
        self._failure = ""
        self._closing = threading.Event()
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Entry)
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    @property
    def size(self) -> int:
        """Entries committed so far."""
        return self._log.size

    @property
    def failing(self) -> bool:
        """Whether the trail cannot be written at present."""
        return bool(self._failure)

    def check(self) -> None:
        """Raises OurFault while the trail cannot be written."""
        if self._failure:
            raise OurFault("audit.unavailable", "an audit log that can be written", self._failure)

    def done(self, person: Person | None, action: str, about: str = "", why: str = "") -> None:
        """Note that ``person`` did ``action`` to the record or thing ``about``, by virtue of ``why``."""
        self._note(
            Entry(
                at=self._clock.now(),
                account=person.account if person else NOBODY,
                post=person.post if person else "",
                action=_cut(action),
                object=_cut(about),
                outcome="done",
                why=_cut(why),
            )
        )

    def refused(self, person: Person | None, action: str, about: str, no: Refused) -> None:
        """Note that ``person`` (None: nobody had signed in) was refused ``action`` on ``about``."""
        self._note(
            Entry(
                at=self._clock.now(),
                account=person.account if person else NOBODY,
                post=person.post if person else "",
                action=_cut(action),
                object=_cut(about),
                outcome="refused",
                why=_cut(no.code),
                expected=_cut(no.expected),
                came=_cut(no.came),
            )
        )

    def wrote(self, person: Person, action: str, first: int, count: int) -> None:
        """Note ``count`` records logged from number ``first``; joins the account's running entry."""
        with self._lock:
            key = (person.account, action)
            bulk = self._bulk.get(key)
            if bulk is None or len(bulk.ranges) >= MAX_RANGES:
                if bulk is not None:
                    self._full.append(bulk.entry())
                bulk = self._bulk[key] = _Bulk(person, action, self._clock.now())
            bulk.add(first, count)
        if not self._wake.is_set():
            self._wake.set()
        self._commit_late()

    def _note(self, entry: Entry) -> None:
        brief = (entry.account, entry.action, entry.outcome, entry.why)
        with self._lock:
            key: tuple[str, ...] = (*brief, entry.expected, entry.came, entry.object)
            if len(self._entries) >= MAX_WAITING and key not in self._entries:
                key = brief
                entry = msgspec.structs.replace(entry, object="", expected="", came="")
            known = self._entries.get(key)
            if known is not None:
                entry = msgspec.structs.replace(known, count=known.count + entry.count)
            self._entries[key] = entry
        self._wake.set()
        self._commit_late()

    def _commit_late(self) -> None:
        """Write what is noted once the thread has stopped: an append that the disk took long over."""
        if self._closing.is_set() and not self._thread.is_alive():
            self._commit()

    def flush(self) -> None:
        """Commit everything noted so far; durable on return.  Raises OurFault when that fails."""
        self._commit()
        self.check()

    def newest(self, limit: int, before: int | None = None) -> list[tuple[int, Entry]]:
        """Up to ``limit`` entries with their numbers, newest first, older than number ``before``."""
        end = self._log.size if before is None else max(0, min(before, self._log.size))
        first = max(0, end - min(limit, MAX_PAGE))
        found: list[tuple[int, Entry]] = []
        if first == end:
            return found
        for pack in self._log.read(first, end - first):
            found.extend((pack.first + n, self._decoder.decode(raw)) for n, raw in enumerate(pack.entries))
        found.reverse()
        return found

    def close(self) -> None:
        """Commit what is noted and stop the thread; the log itself stays open."""
        self._closing.set()
        self._wake.set()
        self._thread.join()
        self._commit()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait()
            self._closing.wait(COMMIT_SECONDS)
            self._commit()

    def _commit(self) -> None:
        with self._committing:
            with self._lock:
                self._wake.clear()
                entries = [*self._full, *(b.entry() for b in self._bulk.values()), *self._entries.values()]
                self._full, self._bulk, self._entries = [], {}, {}
            if not entries:
                return
            entries.sort(key=lambda e: e.at)
            try:
                self._append(entries)
                self._failure = ""
            except Exception as err:  # whatever it is, writes must stop until it is cured
                self._failure = type(err).__name__
                self._put_back(entries)

    def _append(self, entries: Sequence[Entry]) -> None:
        self._log.append([Draft(self._encoder.encode(entry)) for entry in entries], self._clock.now())

    def _put_back(self, entries: Sequence[Entry]) -> None:
        """Keep what could not be committed for the next attempt, as far as there is room."""
        with self._lock:
            self._full = [*entries, *self._full][:MAX_WAITING]
        threading.Timer(1.0, self._wake.set).start()


def _cut(text: str) -> str:
    return text[:MAX_FIELD_CHARS]
