"""The side that dials: a thread that keeps one connection to a partner, or keeps trying.

Attempts overlap.  Where packets vanish without an answer, an attempt may wait for seconds after the
line is back, until the system repeats its first packet; so while earlier attempts wait, new ones set
out, each half a second at most after the one before, and the first to finish its handshake wins.
"""

import random
import select
import socket
import ssl
import time
from datetime import timedelta
from threading import Thread

from renkei.kernel.clock import Clock
from renkei.kernel.errors import OurFault, RenkeiError, Unreachable
from renkei.kernel.identity import Identity, PartnerEntry

from .connection import Connection, where
from .limits import (
    ATTEMPT_PATIENCE,
    ATTEMPTS_AT_ONCE,
    RESOLVE_EVERY,
    RETRY_FACTOR,
    RETRY_FIRST,
    RETRY_JITTER,
    RETRY_MAX,
)
from .link import Link, OnEvents, OnState, SessionFactory
from .tls import Contexts, check_expected, check_own, name_failure, peer_of, tune
from .waker import Waker


class Backoff:
    """How long to wait before the next attempt: growing, capped, with jitter."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self._chance = chance or random.Random()  # noqa: S311 - spreads load; nobody gains by guessing it
        self._next = RETRY_FIRST

    def wait(self) -> float:
        """Seconds until the next attempt."""
        present, self._next = self._next, min(self._next * RETRY_FACTOR, RETRY_MAX)
        return present * self._chance.uniform(1 - RETRY_JITTER, 1 + RETRY_JITTER)

    def reset(self) -> None:
        """Begin again with the shortest wait."""
        self._next = RETRY_FIRST


class Addresses:
    """A partner's socket addresses, in turn.  Names are looked up in a thread of their own.

    A resolver that does not answer can block for half a minute; attempts meanwhile go on with the
    addresses last known.
    """

    def __init__(self) -> None:
        self._known: list[tuple[int, tuple[object, ...]]] = []
        self._endpoint: tuple[str, int] | None = None
        self._asked = -RESOLVE_EVERY
        self._thread: Thread | None = None
        self._error: OSError | None = None
        self._turn = 0

    def next(self, endpoint: tuple[str, int]) -> tuple[int, tuple[object, ...]]:
        """Address family and address for the next attempt.  Raises OSError when none is known."""
        if endpoint != self._endpoint:
            self._endpoint, self._known, self._asked = endpoint, [], -RESOLVE_EVERY
            self._numeric(endpoint)
        now = time.monotonic()
        idle = self._thread is None or not self._thread.is_alive()
        if idle and now - self._asked >= RESOLVE_EVERY:
            self._asked = now
            self._thread = Thread(target=self._look_up, args=(endpoint,), daemon=True, name="link-names")
            self._thread.start()
            if not self._known:
                self._thread.join(RETRY_MAX)
        if not self._known:
            self._asked = -RESOLVE_EVERY
            raise self._error or socket.gaierror(socket.EAI_AGAIN, "no answer from the resolver yet")
        self._turn += 1
        return self._known[self._turn % len(self._known)]

    def _numeric(self, endpoint: tuple[str, int]) -> None:
        try:
            self._take(endpoint, socket.AI_NUMERICHOST)
            self._asked = float("inf")
        except OSError:
            self._asked = -RESOLVE_EVERY

    def _look_up(self, endpoint: tuple[str, int]) -> None:
        try:
            self._take(endpoint, 0)
        except OSError as error:
            self._error = error

    def _take(self, endpoint: tuple[str, int], flags: int) -> None:
        found = socket.getaddrinfo(*endpoint, type=socket.SOCK_STREAM, flags=flags)
        if endpoint == self._endpoint:
            self._known = [(family, address) for family, _, _, _, address in found]


class Attempt:
    """One try at a connection, TCP then TLS, without ever blocking.  Raises OSError when it fails."""

    def __init__(self, family: int, address: tuple[object, ...], context: ssl.SSLContext) -> None:
        self.until = time.monotonic() + ATTEMPT_PATIENCE
        self.wants = select.POLLOUT
        self._context = context
        self._tls: ssl.SSLSocket | None = None
        self._tcp = socket.socket(family, socket.SOCK_STREAM)
        self._tcp.setblocking(False)
        tune(self._tcp)
        try:
            self._tcp.connect(address)
        except BlockingIOError:
            pass
        except OSError:
            self._tcp.close()
            raise

    def fileno(self) -> int:
        """The socket's number, for ``poll``."""
        return (self._tls or self._tcp).fileno()

    def step(self) -> ssl.SSLSocket | None:
        """Go as far as possible; the socket once its handshake is done."""
        if self._tls is None:
            code = self._tcp.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, "")
            self._tls = self._context.wrap_socket(self._tcp, do_handshake_on_connect=False)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self.wants = select.POLLIN
            return None
        except ssl.SSLWantWriteError:
            self.wants = select.POLLOUT
            return None
        return self._tls

    def close(self) -> None:
        """Give up."""
        (self._tls or self._tcp).close()


class LinkDialer(Link):
    """A link this node opens.  ``start`` and ``stop`` it once; between them it keeps itself up.

    ``all_partners`` are those whose certificates can be told apart in an error; the partner itself
    is always among them.
    """

    def __init__(
        self,
        partner: PartnerEntry,
        identity: Identity,
        session_factory: SessionFactory,
        clock: Clock,
        *,
        all_partners: tuple[PartnerEntry, ...] = (),
        on_state: OnState | None = None,
        on_events: OnEvents | None = None,
        chance: random.Random | None = None,
    ) -> None:
        super().__init__(partner, session_factory, clock, on_state=on_state, on_events=on_events)
        self._identity = identity
        self._contexts = Contexts(identity, listening=False)
        self._trusted = (partner, *(p for p in all_partners if p.hq != partner.hq))
        self._backoff = Backoff(chance)
        self._addresses = Addresses()
        self._waker = Waker()
        self._stopping = False
        self._threads: list[Thread] = []
        self._main = Thread(target=self._keep, name=f"link-dial-{partner.hq}", daemon=True)

    def start(self) -> None:
        """Begin to dial; returns at once."""
        self._main.start()

    def stop(self) -> None:
        """Hang up, stop dialling, and wait for both."""
        self._stopping = True
        self._waker.set()
        self.hang_up(Unreachable("link.stopped", "the node to run", "its end"))
        if self._main.ident is not None:
            self._main.join()
        for thread in self._threads:
            thread.join()
        self._waker.close()

    def switch_off(self, reason: str) -> None:
        """Cut the link and keep it cut; ``reason`` is shown as its last error."""
        super().switch_off(reason)
        self._waker.set()

    def switch_on(self) -> None:
        """Let the link be again, and dial at once."""
        super().switch_on()
        self._backoff.reset()
        self._waker.set()

    def _keep(self) -> None:
        """The dialling thread: race for a connection whenever there is none that is sound."""
        while not self._stopping:
            if self.is_off or self._is_sound():
                self._wait([], None)
                continue
            try:
                tls = self._race()
                if tls is not None:
                    self._begin(tls)
            except Exception as error:
                self.note_failure(OurFault("link.dialler", "to go on dialling", where(error)))
                time.sleep(RETRY_MAX)

    def _is_sound(self) -> bool:
        current = self._current
        return current is not None and not current.ended.is_set() and not current.suspect

    def _is_over(self) -> bool:
        """Whether racing has become pointless."""
        return self._stopping or self.is_off or self._is_sound()

    def _begin(self, tls: ssl.SSLSocket) -> None:
        installed = self.install(tls)
        if installed is None:
            return
        thread = Thread(target=self.serve, args=installed, name=f"link-{self.hq}", daemon=True)
        self._threads = [t for t in self._threads if t.is_alive()] + [thread]
        thread.start()
        if self._stopping:  # `stop` may have looked for a connection just before this one was there
            self.hang_up(Unreachable("link.stopped", "the node to run", "its end"))

    def _race(self) -> ssl.SSLSocket | None:
        """Attempts, overlapping, until one is through and authenticated, or there is no need any more."""
        attempts: list[Attempt] = []
        next_at = time.monotonic() + (self._backoff.wait() if self._state.attempts else 0.0)
        try:
            while not self._is_over():
                now = time.monotonic()
                if now >= next_at and len(attempts) < ATTEMPTS_AT_ONCE:
                    next_at = now + self._launch(attempts)
                for attempt in self._wait(attempts, next_at):
                    tls = self._advance(attempt, attempts)
                    if tls is not None:
                        return tls
            return None
        finally:
            for attempt in attempts:
                attempt.close()

    def _launch(self, attempts: list[Attempt]) -> float:
        """Send out another attempt; seconds until the next may follow."""
        wait = self._backoff.wait()
        try:
            check_own(self._identity, self._clock.now())
            context = self._contexts.get(self._trusted)
            attempts.append(Attempt(*self._addresses.next(self.partner.endpoint), context))
        except (OSError, RenkeiError) as error:
            self._fail(error, wait)
        return wait

    def _advance(self, attempt: Attempt, attempts: list[Attempt]) -> ssl.SSLSocket | None:
        """Take ``attempt`` a step further; its socket once it is through and the partner is the one meant."""
        try:
            if time.monotonic() > attempt.until:
                raise TimeoutError
            tls = attempt.step()
            if tls is None:
                return None
            found, fault = peer_of(tls, self._trusted, self._clock.now())
            check_expected(found, fault, self.partner)
        except (OSError, RenkeiError) as error:
            attempts.remove(attempt)
            attempt.close()
            self._fail(error, RETRY_MAX)
            return None
        attempts.remove(attempt)
        return tls

    def _fail(self, error: OSError | RenkeiError, wait: float) -> None:
        named = error if isinstance(error, RenkeiError) else name_failure(error)
        self.note_failure(named, self._clock.now() + timedelta(seconds=wait))

    def _wait(self, attempts: list[Attempt], next_at: float | None) -> list[Attempt]:
        """Wait for attempts, the next launch or a call from another thread; the attempts to look at."""
        poll = select.poll()
        poll.register(self._waker.fd, select.POLLIN)
        for attempt in attempts:
            poll.register(attempt.fileno(), attempt.wants)
        now = time.monotonic()
        ends = [attempt.until for attempt in attempts] + ([] if next_at is None else [next_at])
        ready = dict(poll.poll(max(0.0, min(ends) - now) * 1000 + 1 if ends else None))
        if self._waker.fd in ready:
            self._waker.clear()
        now = time.monotonic()
        return [a for a in attempts if a.fileno() in ready or now > a.until]

    def _ended(self, stable: bool) -> None:
        if stable:
            self._backoff.reset()
        self._waker.set()

    def _suspect(self, connection: Connection) -> None:
        self._waker.set()
