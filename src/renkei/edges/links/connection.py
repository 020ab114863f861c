"""One authenticated connection: a thread that moves bytes between a TLS socket and a session.

The thread waits in ``poll`` for the socket, for a call from another thread, or for the next tick, and
then does three things in turn, each bounded: it takes in what came (up to READ_BYTES, handed to the
session in one piece, so that much is verified and committed together), tells the session the time, and
sends (up to WRITE_BYTES).  The session is asked for more only when everything before has left: what a
slow partner does not take stays in the log, not in memory.  Reading goes on while sending is stuck,
so two sides that send to each other cannot lock up.

Why a thread and not the event loop: taking in records ends in a flush to disk, which must not hold up
anybody's HTTP request; and one thread from socket to disk has no hand-over in between (ADR 0007).
"""

import contextlib
import select
import ssl
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from threading import Event

from renkei.kernel.clock import Clock
from renkei.kernel.errors import OurFault, RenkeiError, Unreachable
from renkei.kernel.link import LinkSession
from renkei.kernel.partners import RefusedByPartner

from .limits import FIRST_WORDS, READ_BYTES, SILENCE_MAX, SUSPECT_AFTER, TICK_EVERY, WRITE_BYTES
from .tls import name_failure
from .waker import Waker

_NOTHING = memoryview(b"")


def where(error: Exception) -> str:
    """What kind of error arose where in this program, without its words, which might carry content."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno},"


class Connection:
    """One connection's life.  ``run`` does it all, in the calling thread; the rest is for other threads.

    ``check`` is called with every tick and raises when the connection may no longer be.
    """

    def __init__(
        self,
        tls: ssl.SSLSocket,
        clock: Clock,
        *,
        on_up: Callable[["Connection"], None],
        on_suspect: Callable[["Connection"], None],
        on_events: Callable[[Sequence[object]], None],
        check: Callable[[datetime], None],
    ) -> None:
        self.ended = Event()
        self.suspect = False
        self.up_since: float | None = None
        self.last_heard: datetime | None = None
        self._tls = tls
        self._clock = clock
        self._on_up, self._on_suspect, self._on_events = on_up, on_suspect, on_events
        self._check = check
        self._waker = Waker()
        self._grown = False
        self._closing: RenkeiError | None = None
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._out = _NOTHING
        self._refusal = ""
        self._blocked = self._unread = self._unsent = self._over = False
        self._started = self._heard = time.monotonic()
        self._next_tick = self._started

    def notify(self) -> None:
        """The sent log has grown."""
        if not self._grown:
            self._grown = True
            self._waker.set()

    def close(self, why: RenkeiError) -> None:
        """End soon, for this reason, unless it has ended already."""
        self._closing = self._closing or why
        self._waker.set()

    def abandon(self) -> None:
        """Hang up without ever having run."""
        self._hang_up()
        self.ended.set()

    def run(self, make_session: Callable[[], LinkSession]) -> RenkeiError:
        """Serve until the end; why it ended.  The socket is closed on return."""
        try:
            return self._serve(make_session)
        finally:
            self._hang_up()
            self.ended.set()

    def _serve(self, make_session: Callable[[], LinkSession]) -> RenkeiError:
        try:
            if self._closing is None:
                self._tls.setblocking(False)
                self._poll = select.poll()
                self._poll.register(self._waker.fd, select.POLLIN)
                self._session = make_session()
            while self._closing is None:
                self._send()
                self._receive(self._wait())
                self._keep_time()
            return self._closing
        except RenkeiError as error:
            self._say_last_words()
            return error
        except OSError as error:
            return name_failure(error)
        except Exception as error:
            return OurFault("link.session", "the exchange to go on", where(error))

    def _wait(self) -> bool:
        """Wait until there is something to do; whether the socket may have bytes."""
        self._poll.register(self._tls.fileno(), select.POLLIN | (select.POLLOUT if self._blocked else 0))
        at_once = self._unread or self._unsent or self._tls.pending() > 0
        next_thing = min(self._next_tick - time.monotonic(), self._until_departure())
        patience = 0.0 if at_once else max(0.0, next_thing)
        ready = dict(self._poll.poll(patience * 1000))
        if self._waker.fd in ready:
            self._waker.clear()
        if self._grown:
            self._grown = False
            self._session.wake()
        events = ready.get(self._tls.fileno(), 0)
        if events & ~select.POLLIN:
            self._blocked = False
        return bool(events) or at_once

    def _until_departure(self) -> float:
        """Seconds until entries that wait for their time may leave; endless if none do, or none could."""
        due = None if self._blocked else self._session.departs_at
        return float("inf") if due is None else due - self._clock.now().timestamp()

    def _receive(self, may_read: bool) -> None:
        if not may_read:
            return
        filled = self._fill()
        if filled:
            self._note_heard()
            events = self._session.receive(bytes(self._buffer[:filled]))
            if events:
                self._note_refusal(events)
                self._on_events(events)
            # Taking it in may have meant a long flush to disk; the partner was not silent meanwhile.
            self._heard = time.monotonic()
        if self._over:
            raise Unreachable(
                "link.closed", "the connection to stay open", f"its end by the partner{self._refusal}"
            )

    def _note_refusal(self, events: Sequence[object]) -> None:
        """Keep why the partner refused something, in case it hangs up over it: the code, not its words."""
        for event in events:
            if isinstance(event, RefusedByPartner):
                self._refusal = f", which refused something ({event.code[:40]!r})"

    def _fill(self) -> int:
        """Read what is there into the buffer; how many bytes."""
        filled = 0
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
            while filled < READ_BYTES:
                count = self._tls.recv_into(self._buffer[filled:])
                if count == 0:
                    self._over = True
                    break
                filled += count
        self._unread = filled == READ_BYTES
        return filled

    def _send(self) -> None:
        """Send what the session has, until the socket is full, nothing is left or it is time to read."""
        self._unsent = False
        if self._blocked:
            return
        budget = WRITE_BYTES
        while budget > 0:
            if not self._out:
                self._out = memoryview(self._session.bytes_to_send())
                if not self._out:
                    return
            try:
                sent = self._tls.send(self._out)
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                self._blocked = True
                return
            self._out = self._out[sent:]
            budget -= sent
        self._unsent = True

    def _say_last_words(self) -> None:
        """Try to send what the session has to say about its end; nothing depends on its arrival."""
        with contextlib.suppress(OSError, RenkeiError):
            self._send()

    def _note_heard(self) -> None:
        self._heard = time.monotonic()
        self.suspect = False
        self.last_heard = self._clock.now()
        if self.up_since is None:
            self.up_since = self._heard
            self._on_up(self)

    def _keep_time(self) -> None:
        now = time.monotonic()
        if now < self._next_tick:
            return
        self._next_tick = now + TICK_EVERY
        moment = self._clock.now()
        self._check(moment)
        self._session.tick(moment)
        silent = now - self._heard
        if self.up_since is None and now - self._started > FIRST_WORDS:
            raise Unreachable("link.greeting", f"the partner's greeting within {FIRST_WORDS:g} s", "none")
        if silent > SILENCE_MAX:
            raise Unreachable("link.silent", f"a sign of life every {SILENCE_MAX:g} s", "none")
        if silent > SUSPECT_AFTER and not self.suspect:
            self.suspect = True
            self._on_suspect(self)

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._tls.setblocking(False)
            self._tls.unwrap()
        with contextlib.suppress(OSError):
            self._tls.close()
        self._waker.close()
