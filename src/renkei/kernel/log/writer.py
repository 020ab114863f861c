"""Group commit: many callers, one fsync.

Whoever wants something logged leaves a *submission* in a queue; one thread takes everything queued and
commits it together, and while it waits for the disk the next submissions gather.  So the cost of an
fsync is shared by as many as came meanwhile, and a lone caller waits for nobody.  Each submission stands
or falls alone.

A submission costs an append to a deque under a lock; the thread is woken only when it sleeps.  Answers
come by callback, in the writer's thread, one after another for a whole commit; an event loop gathers
them and is woken once.  The queue is bounded: beyond its limits a submission is refused at once with
OurFault ``log.busy``, which a caller may answer by waiting.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future

import structlog

from ..clock import Clock
from ..errors import OurFault
from .base import Draft, Log

MAX_QUEUED = 20_000
"""Submissions waiting: two seconds' worth at the slowest rate promised, 8,000 a second."""
MAX_QUEUED_BYTES = 64 * 1024 * 1024
"""Entries' bytes waiting: eight request bodies of the largest size."""
MAX_COMMIT_ENTRIES = 10_000
"""Entries in one commit: the largest request body, or some 50 ms of work, which bounds everyone's wait."""
MAX_COMMIT_BYTES = 8 * 1024 * 1024
"""Entries' bytes in one commit, for the same reason.  A larger submission is committed alone."""

Done = Callable[[int | Exception], None]
"""Gets the first entry's number, or why there is none."""

_log = structlog.get_logger(__name__)


class _Submission:
    __slots__ = ("bytes", "done", "drafts", "facts")

    def __init__(self, drafts: Sequence[Draft], done: Done, facts: Mapping[str, bytes] | None = None) -> None:
        self.drafts = drafts
        self.done = done
        self.facts = facts
        self.bytes = sum([len(draft.entry) for draft in drafts])


class GroupWriter:
    """The one thread through which concurrent callers append to a log."""

    def __init__(self, log: Log, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._queue: deque[_Submission] = deque()
        self._bytes = 0
        self._changed = threading.Condition(threading.Lock())
        self._asleep = False
        self._closing = False
        self._listeners: list[Callable[[int, int], None]] = []
        self._thread = threading.Thread(target=self._run, name=f"write {log.origin}", daemon=True)
        self._thread.start()

    def submit(self, drafts: Sequence[Draft], facts: Mapping[str, bytes] | None = None) -> Future[int]:
        """Have ``drafts`` appended as one group, all or none; with ``facts`` in a commit of their own.

        The future gives the first entry's number when it is durable, or raises StaleVersion, BadInput, or
        OurFault ``log.busy`` (the queue is full) or ``log.closed``.
        """
        future: Future[int] = Future()

        def done(result: int | Exception) -> None:
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

        self.submit_nowait(drafts, done, facts)
        return future

    def submit_nowait(
        self, drafts: Sequence[Draft], done: Done, facts: Mapping[str, bytes] | None = None
    ) -> None:
        """As ``submit``, but calls ``done`` once with the number or the exception; never blocks or raises.

        ``done`` runs in the writer's thread, one call after the other for a whole commit (or right here if
        the queue is full): it must be quick and must not raise.
        """
        submission = _Submission(drafts, done, facts)
        with self._changed:
            refusal = self._refusal(submission)
            if refusal is None:
                self._queue.append(submission)
                self._bytes += submission.bytes
                if self._asleep:
                    self._asleep = False
                    self._changed.notify()
        if refusal is not None:
            done(refusal)

    def _refusal(self, submission: _Submission) -> OurFault | None:
        if self._closing:
            return OurFault("log.closed", f"{self._log.origin} to be open", "a log that is closing")
        if len(self._queue) >= MAX_QUEUED:
            return OurFault("log.busy", f"at most {MAX_QUEUED} appends waiting", "one more")
        if self._queue and self._bytes + submission.bytes > MAX_QUEUED_BYTES:
            return OurFault("log.busy", f"at most {MAX_QUEUED_BYTES} bytes waiting", "more")
        return None

    def on_commit(self, listener: Callable[[int, int], None]) -> None:
        """Have ``listener(first, count)`` called after each commit, once its submissions are answered."""
        self._listeners.append(listener)

    @property
    def waiting(self) -> int:
        """Submissions not yet taken into a commit."""
        return len(self._queue)

    def close(self) -> None:
        """Take no more, commit what is queued, and return when it is durable and answered."""
        with self._changed:
            self._closing = True
            self._asleep = False
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while batch := self._take():
            try:
                self._commit(batch)
            except Exception as err:
                # only a callback that broke its promise gets here; its commit stands, and so must we
                _log.error("writer.callback", log=self._log.origin, error=type(err).__name__, exc_info=True)

    def _take(self) -> list[_Submission]:
        """Everything queued, up to the limits of one commit; empty when closed and drained."""
        with self._changed:
            while not self._queue and not self._closing:
                self._asleep = True
                self._changed.wait()
            batch: list[_Submission] = []
            entries = size = 0
            while self._queue:
                entries += len(self._queue[0].drafts)
                size += self._queue[0].bytes
                full = entries > MAX_COMMIT_ENTRIES or size > MAX_COMMIT_BYTES
                if batch and (full or self._queue[0].facts):
                    break
                batch.append(self._queue.popleft())
                if batch[0].facts:
                    break
            self._bytes -= sum([submission.bytes for submission in batch])
            return batch

    def _commit(self, batch: list[_Submission]) -> None:
        answers = self._append(batch)
        failed: Exception | None = None
        first, count = -1, 0
        for submission, answer in zip(batch, answers, strict=True):
            if isinstance(answer, int):
                first = answer if first < 0 else first
                count += len(submission.drafts)
            try:
                submission.done(answer)
            except Exception as err:  # the others are still to be answered
                failed = err
        for listener in self._listeners if count else ():
            listener(first, count)
        if failed is not None:
            raise failed

    def _append(self, batch: list[_Submission]) -> list[int | Exception]:
        try:
            if batch[0].facts:  # facts stand or fall with their records, so they share no commit
                return [self._log.append(batch[0].drafts, self._clock.now(), batch[0].facts)]
            return self._log.append_groups([submission.drafts for submission in batch], self._clock.now())
        except Exception as err:  # nothing of the commit was written: everybody hears why
            return [err] * len(batch)
