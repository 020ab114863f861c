"""Appending records for programs: who may, check and stamp, hand to the writer, answer when durable.

Used alike by the lean protocol (``hot``) and by the framework's handler (``records``).  ``append`` never
blocks and runs in the event loop; ``answer`` is called there too, once, with the body of a 201 or with the
refusal.  Records that replace a version, or make a move that their room has a word on, are first looked up as
the caller may see them, in a thread (``checking``): whoever may not see a record learns from an update no
more than from a read.

Single records that arrive in the same turn of the event loop are decoded, stamped and handed to the writer
together: a decoder call, a clock reading, an id prefix and a queue entry for all instead of for each.  Only
new records go together, so none can make another fail; whatever does not decode falls back to one by one.
"""

import asyncio
import time
from abc import ABC, ABCMeta, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Protocol, cast

import msgspec

from ...kernel.audit import AuditTrail
from ...kernel.clock import Clock
from ...kernel.errors import Refused, StaleVersion
from ...kernel.log.base import Draft
from ...kernel.people import Permission, Person
from .completions import Completions
from .ingest import Batch, Ingest
from .metrics import Metrics
from .problems import BUSY, as_refused, refuse

MAX_WAITING_BYTES = 64 * 1024 * 1024
"""Bodies accepted but not yet durable: eight of the largest.  Beyond it callers are told to come back."""
MAX_TOGETHER = 512
"""Single requests logged as one group: twice the connections a busy gateway holds."""
ACTION = "records.append"
Outcome = bytes | Refused
Answer = Callable[[Outcome], None]


class GroupSubmitter(Protocol):
    """What of the group writer is used here."""

    def submit_nowait(self, drafts: Sequence[Draft], done: Callable[[int | Exception], None]) -> None:
        """Append ``drafts`` as one group; ``done`` gets the first number, or why not, in any thread."""
        ...


class Appender:
    """One node's door for records from programs."""

    def __init__(
        self,
        *,
        ingest: Ingest,
        writer: GroupSubmitter,
        trail: AuditTrail,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        threads: Executor,
        check: Callable[[Person, Batch], Refused | None],
        metrics: Metrics,
    ) -> None:
        self._ingest, self._writer, self._trail, self._clock = ingest, writer, trail, clock
        self._loop, self._threads, self._check, self._metrics = loop, threads, check, metrics
        self._completions = Completions(loop)
        self._waiting = 0
        self._singles: list[tuple[Person, bytes, Answer]] = []

    def append(self, person: Person, body: bytes, ndjson: bool, answer: Answer, *, ids: bool = False) -> None:
        """Log what ``body`` holds, all or nothing, and ``answer`` when it is durable."""
        if self._waiting + len(body) > MAX_WAITING_BYTES:
            answer(BUSY)
            return
        self._waiting += len(body)
        if ndjson or not (body.startswith(b"{") and body.endswith(b"}")):
            self._alone(person, body, ndjson, answer, ids)
            return
        if not self._singles:
            self._loop.call_soon(self._flush)
        self._singles.append((person, body, answer))

    def _flush(self) -> None:
        """Take the singles that arrived in one turn of the loop together, each person's at once."""
        singles, self._singles = self._singles, []
        by_person: dict[int, list[tuple[Person, bytes, Answer]]] = {}
        for single in singles:
            by_person.setdefault(id(single[0]), []).append(single)
        for group in by_person.values():
            for start in range(0, len(group), MAX_TOGETHER):
                self._together(group[start : start + MAX_TOGETHER])

    def _together(self, group: Sequence[tuple[Person, bytes, Answer]]) -> None:
        person, bodies = group[0][0], [body for _, body, _ in group]
        batch = None
        if len(group) > 1 and person.may(Permission.RECORDS_APPEND):
            batch = self._ingest.together(bodies, person, self._clock.now())
        if batch is None or self._trail.failing:
            for _, body, answer in group:
                self._alone(person, body, False, answer, False)
            return
        job = _Singles(
            appender=self,
            person=person,
            batch=batch,
            size=sum(map(len, bodies)),
            started=time.perf_counter(),
            answers=[answer for _, _, answer in group],
        )
        self._writer.submit_nowait(batch.drafts, job.durable)

    def _alone(self, person: Person, body: bytes, ndjson: bool, answer: Answer, ids: bool) -> None:
        """One request as a group of its own in the log."""
        try:
            if (no := person.refuse(Permission.RECORDS_APPEND)) is not None:
                raise refuse(no)
            self._trail.check()
            decode = self._ingest.lines if ndjson else self._ingest.single
            batch = decode(body, person, self._clock.now())
        except Exception as err:  # whatever it is, the caller gets an answer and nothing is logged
            self._waiting -= len(body)
            self.note_refusal(person, as_refused(err))
            answer(as_refused(err))
            return
        job = _Alone(
            appender=self,
            person=person,
            batch=batch,
            size=len(body),
            started=time.perf_counter(),
            ndjson=ndjson,
            ids=ids,
            answer=answer,
        )
        if batch.updates or batch.moves:
            self._threads.submit(self._look_up, job)
        else:
            self._writer.submit_nowait(batch.drafts, job.durable)

    def _look_up(self, job: "_Alone") -> None:
        """In a thread: refuse the batch for what it replaces or does."""
        try:
            no = self._check(job.person, job.batch)
        except Exception as err:
            job.durable(err)
            return
        if no is not None:
            job.durable(refuse(no))
        else:
            self._writer.submit_nowait(job.batch.drafts, job.durable)

    def logged(self, job: "_Job", first: int) -> None:
        """In the writer's thread: have what was logged in the audit trail, whoever still waits to hear it."""
        self._trail.wrote(job.person, ACTION, first, len(job.batch.drafts))

    def finished(self, job: "_Job", result: int | Exception) -> Refused | None:
        """Account for a job that is through; the refusal if it came to nothing."""
        self._waiting -= job.size
        if isinstance(result, Exception):
            no = _stale(job.batch) if isinstance(result, StaleVersion) else as_refused(result)
            self.note_refusal(job.person, no)
            return no
        self._metrics.appended(len(job.batch.drafts), time.perf_counter() - job.started)
        return None

    def note_refusal(self, person: Person, no: Refused) -> None:
        """Have a refusal in the audit trail and the figures."""
        self._trail.refused(person, ACTION, "", no)
        self._metrics.refused += 1

    def later(self, call: Callable[[int | Exception], None], result: int | Exception) -> None:
        """Have ``call(result)`` run in the loop; from any thread."""
        self._completions.put(call, result)


class _JobMeta(msgspec.StructMeta, ABCMeta):
    """Of a struct with abstract methods."""


class _Job(msgspec.Struct, ABC, kw_only=True, eq=False, metaclass=_JobMeta):
    """What is between the writer's queue and its answer."""

    appender: Appender
    person: Person
    batch: Batch
    size: int
    started: float

    @property
    def numbered(self) -> bool:
        """Whether the answer tells numbers in the master log, which count what the caller may not see."""
        return self.person.may(Permission.PARTNER_MANAGE)

    def durable(self, result: int | Exception) -> None:
        """Called by the writer in its own thread."""
        if isinstance(result, int):
            self.appender.logged(self, result)
        self.appender.later(self.finish, result)

    @abstractmethod
    def finish(self, result: int | Exception) -> None:
        """Called in the event loop: count it and answer."""


class _Alone(_Job, kw_only=True, eq=False):
    """One request."""

    ndjson: bool
    ids: bool
    answer: Answer

    def finish(self, result: int | Exception) -> None:
        no = self.appender.finished(self, result)
        self.answer(no if no is not None else self._body(cast(int, result)))

    def _body(self, first: int) -> bytes:
        drafts = self.batch.drafts
        if not self.ndjson:
            return _single_body(first, drafts[0], self.numbered)
        head = b'{"first":%d,' % first if self.numbered else b"{"
        if self.ids:
            listed = '","'.join(draft.key for draft in drafts).encode()
            return b'%s"count":%d,"ids":["%s"]}' % (head, len(drafts), listed)
        return b'%s"count":%d}' % (head, len(drafts))


class _Singles(_Job, kw_only=True, eq=False):
    """Many requests of one record each, logged as one group."""

    answers: list[Answer]

    def finish(self, result: int | Exception) -> None:
        no = self.appender.finished(self, result)
        for number, answer in enumerate(self.answers):
            if no is not None:
                answer(no)
            else:
                seq, draft = cast(int, result) + number, self.batch.drafts[number]
                answer(_single_body(seq, draft, self.numbered))


def _single_body(seq: int, draft: Draft, numbered: bool) -> bytes:
    if numbered:
        return b'{"seq":%d,"id":"%s","version":%d}' % (seq, draft.key.encode(), draft.version)
    return b'{"id":"%s","version":%d}' % (draft.key.encode(), draft.version)


def _stale(batch: Batch) -> Refused:
    """What to say of a stale version: nothing about ids the caller may have guessed."""
    return Refused(
        code="record.version",
        expected="version 1 of a new id, or the version after the newest",
        came=f"another version among {len(batch.drafts)}",
        status=409,
    )
