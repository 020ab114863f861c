"""Appending records for programs: who may, check and stamp, hand to the writer, answer when durable.

Used alike by the lean protocol (``hot``) and by the framework's handler (``records``).  ``append`` never
blocks and runs in the event loop; ``answer`` is called there too, once, with the body of a 201 or with the
refusal.  Records that replace a version are first looked up as the caller may see them, in a thread: whoever
may not see a record learns from an update no more than from a read.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Protocol

import msgspec

from ...kernel.audit import AuditTrail
from ...kernel.clock import Clock
from ...kernel.errors import Refused
from ...kernel.log.base import Draft
from ...kernel.people import Permission, Person
from .completions import Completions
from .ingest import Batch, Ingest
from .metrics import Metrics
from .problems import BUSY, NOT_FOUND, as_refused

MAX_WAITING_BYTES = 64 * 1024 * 1024
"""Bodies accepted but not yet durable: eight of the largest.  Beyond it callers are told to come back."""
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
        completions: Completions,
        threads: Executor,
        unseen: Callable[[Person, Sequence[str]], Sequence[str]],
        person_of: Callable[[str], Person | None],
        metrics: Metrics,
    ) -> None:
        self._ingest, self._writer, self._trail, self._clock = ingest, writer, trail, clock
        self._completions, self._threads, self._unseen = completions, threads, unseen
        self.person_of = person_of
        self._metrics = metrics
        self._waiting = 0

    def append(self, person: Person, body: bytes, ndjson: bool, answer: Answer, *, ids: bool = False) -> None:
        """Log what ``body`` holds, all or nothing, and ``answer`` when it is durable."""
        if (no := person.refuse(Permission.RECORDS_APPEND)) is not None:
            self._refuse(person, no, answer)
            return
        if self._waiting + len(body) > MAX_WAITING_BYTES:
            answer(BUSY)
            return
        try:
            self._trail.check()
            decode = self._ingest.lines if ndjson else self._ingest.single
            batch = decode(body, person, self._clock.now())
        except Exception as err:  # whatever it is, the caller gets an answer and nothing is logged
            self._refuse(person, as_refused(err), answer)
            return
        job = _Job(
            appender=self,
            person=person,
            batch=batch,
            size=len(body),
            ndjson=ndjson,
            ids=ids,
            answer=answer,
            started=time.perf_counter(),
        )
        self._waiting += job.size
        if batch.updates:
            self._threads.submit(self._look_up, job)
        else:
            self._writer.submit_nowait(batch.drafts, job.durable)

    def _look_up(self, job: "_Job") -> None:
        """In a thread: refuse the batch if it replaces what the person may not see."""
        try:
            unseen = self._unseen(job.person, job.batch.updates)
        except Exception as err:
            job.durable(err)
            return
        if unseen:
            self._completions.put(job.finish, NOT_FOUND)
        else:
            self._writer.submit_nowait(job.batch.drafts, job.durable)

    def _refuse(self, person: Person, no: Refused, answer: Answer) -> None:
        self._trail.refused(person, ACTION, "", no)
        self._metrics.refused += 1
        answer(no)


class _Job(msgspec.Struct, kw_only=True, eq=False):
    """One request between the writer's queue and its answer."""

    appender: Appender
    person: Person
    batch: Batch
    size: int
    ndjson: bool
    ids: bool
    answer: Answer
    started: float

    def durable(self, result: int | Exception) -> None:
        """Called by the writer in its own thread."""
        self.appender._completions.put(self.finish, result)

    def finish(self, result: int | Exception | Refused) -> None:
        """Called in the event loop: note it and answer."""
        appender = self.appender
        appender._waiting -= self.size
        if isinstance(result, int):
            count = len(self.batch.drafts)
            appender._trail.wrote(self.person, ACTION, result, count)
            appender._metrics.appended(count, time.perf_counter() - self.started)
            self.answer(self._body(result, count))
        else:
            no = result if isinstance(result, Refused) else as_refused(result)
            appender._refuse(self.person, no, self.answer)

    def _body(self, first: int, count: int) -> bytes:
        drafts = self.batch.drafts
        if not self.ndjson:
            return b'{"seq":%d,"id":"%s","version":%d}' % (first, drafts[0].key.encode(), drafts[0].version)
        if self.ids:
            listed = '","'.join(draft.key for draft in drafts).encode()
            return b'{"first":%d,"count":%d,"ids":["%s"]}' % (first, count, listed)
        return b'{"first":%d,"count":%d}' % (first, count)
