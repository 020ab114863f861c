"""The side that listens: one socket, a thread that accepts, and a thread for each caller.

A caller is a stranger until its certificate says which partner it is: it gets HANDSHAKE_PATIENCE, one
of HANDSHAKES_AT_ONCE places, and nothing of the node.  Then its thread becomes its link's connection.
What is wrong with a stranger is kept as ``last_refusal`` and logged; it is shown at a link only where
the certificate proves which partner it concerns, so that strangers cannot write on anybody's link.
"""

import contextlib
import select
import socket
import ssl
import time
from collections.abc import Iterable
from threading import Lock, Thread, current_thread

import structlog

from renkei.kernel.clock import Clock
from renkei.kernel.errors import OurFault, RenkeiError, TheirFault, Unreachable
from renkei.kernel.identity import Identity, PartnerEntry

from .limits import ACCEPT_PAUSE, BACKLOG, HANDSHAKE_PATIENCE, HANDSHAKES_AT_ONCE
from .link import Link, OnEvents, OnState, SessionFactory
from .tls import Contexts, check_own, name_failure, peer_of, tune
from .waker import Waker

_log = structlog.get_logger("renkei.links")


class LinkListener:
    """The door for partners that dial.

    ``partners`` are all partners, so that a wrong caller can be named; ``links`` has one Link, by id, for
    each that is to call (``connect`` is ``listen``).
    """

    def __init__(
        self,
        address: tuple[str, int],
        identity: Identity,
        partners: Iterable[PartnerEntry],
        session_factory: SessionFactory,
        clock: Clock,
        *,
        on_state: OnState | None = None,
        on_events: OnEvents | None = None,
    ) -> None:
        self._host, self._port = address
        self._identity, self._clock = identity, clock
        self._contexts = Contexts(identity, listening=True)
        self._factory, self._on_state, self._on_events = session_factory, on_state, on_events
        self.partners: tuple[PartnerEntry, ...] = ()
        self.links: dict[str, Link] = {}
        for partner in partners:
            self.add(partner)
        self.last_refusal = ""
        self.refusals = 0
        self._lock = Lock()
        self._callers: dict[Thread, socket.socket | None] = {}
        self._waker = Waker()
        self._stopping = False
        self._server: socket.socket | None = None
        self._main = Thread(target=self._accept, name="link-listen", daemon=True)

    def add(self, partner: PartnerEntry) -> None:
        """Know ``partner`` from now on, and let it call if that is agreed."""
        self.partners = (*self.partners, partner)
        if partner.connect == "listen":
            link = Link(
                partner, self._factory, self._clock, on_state=self._on_state, on_events=self._on_events
            )
            self.links = {**self.links, partner.hq: link}

    def remove(self, hq: str) -> None:
        """Know a partner no more, and hang up on it.  Raises OurFault ``link.busy`` if that does not end."""
        self.partners = tuple(known for known in self.partners if known.hq != hq)
        link = self.links.get(hq)
        if link is not None:
            self.links = {known: other for known, other in self.links.items() if known != hq}
            link.retire()

    def start(self) -> tuple[str, int]:
        """Listen; the host and port in use (a port of 0 lets the system choose).

        Raises OurFault when the address cannot be had.
        """
        try:
            family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
            self._server = socket.create_server((self._host, self._port), family=family, backlog=BACKLOG)
        except OSError as error:
            raise OurFault(
                "link.listen", f"to listen at {self._host}:{self._port}", error.strerror or "an error"
            ) from error
        self._server.setblocking(False)
        host, port = self._server.getsockname()[:2]
        self._main.start()
        return str(host), int(port)

    def stop(self) -> None:
        """Close the door, hang up on everybody, and wait for their threads."""
        self._stopping = True
        self._waker.set()
        if self._server is not None:
            self._main.join()
            self._server.close()
        with self._lock:
            callers = dict(self._callers)
        for caller in callers.values():
            if caller is not None:
                _interrupt(caller)
        for link in self.links.values():
            link.hang_up(Unreachable("link.stopped", "the node to run", "its end"))
        for thread in callers:
            thread.join()
        self._waker.close()

    def _accept(self) -> None:
        assert self._server is not None
        poll = select.poll()
        poll.register(self._server.fileno(), select.POLLIN)
        poll.register(self._waker.fd, select.POLLIN)
        while not self._stopping:
            poll.poll()
            try:
                caller, address = self._server.accept()
            except (BlockingIOError, ConnectionError):
                continue  # the call was for us to stop, or the caller is gone already
            except OSError as error:
                self._refuse("here", name_failure(error))
                time.sleep(ACCEPT_PAUSE)
                continue
            self._receive(caller, str(address[0]))

    def _receive(self, caller: socket.socket, origin: str) -> None:
        """Give the caller a thread; when too many are strangers still, hang up on the oldest of them."""
        thread = Thread(target=self._meet, args=(caller, origin), name=f"link-from-{origin}", daemon=True)
        with self._lock:
            strangers = [known for known in self._callers.values() if known is not None]
            if len(strangers) >= HANDSHAKES_AT_ONCE:
                _interrupt(strangers[0])
            self._callers[thread] = caller
        try:
            thread.start()
        except RuntimeError:
            caller.close()
            with self._lock:
                del self._callers[thread]
            self._refuse(origin, OurFault("link.threads", "room for another thread", "none"))
            time.sleep(ACCEPT_PAUSE)

    def _meet(self, caller: socket.socket, origin: str) -> None:
        """A caller's thread: authenticate it, then serve its link."""
        try:
            try:
                link, tls = self._authenticate(caller)
            finally:
                self._watch(None)
            self._serve(link, tls)
        except RenkeiError as error:
            self._refuse(origin, error)
        except OSError as error:
            self._refuse(origin, name_failure(error))
        finally:
            with self._lock:
                del self._callers[current_thread()]

    def _authenticate(self, caller: socket.socket) -> tuple[Link, ssl.SSLSocket]:
        """Whose call it is, and the socket.  Raises OSError or RenkeiError; the caller is then hung up on."""
        tls: ssl.SSLSocket | None = None
        partners = self.partners
        try:
            now = self._clock.now()
            check_own(self._identity, now)
            tune(caller)
            caller.settimeout(HANDSHAKE_PATIENCE)
            context = self._contexts.get(partners)
            tls = context.wrap_socket(caller, server_side=True, do_handshake_on_connect=False)
            self._watch(tls)
            tls.do_handshake()
            entry, fault = peer_of(tls, partners, self._clock.now())
            link = self.links.get(entry.hq)
            if link is None:
                raise TheirFault("link.role", f"to dial {entry.hq} ourselves", "its call")
            if link.partner is not entry:  # it called while what was agreed with it changed
                raise Unreachable("link.replaced", f"{entry.hq} as agreed now", "a call begun before")
            if fault is not None:
                link.note_failure(fault)
                raise fault
        except BaseException:
            (tls or caller).close()
            raise
        return link, tls

    def _serve(self, link: Link, tls: ssl.SSLSocket) -> None:
        installed = link.install(tls)
        if installed is None:
            return
        if self._stopping:
            link.hang_up(Unreachable("link.stopped", "the node to run", "its end"))
        link.serve(*installed)

    def _refuse(self, origin: str, error: RenkeiError) -> None:
        self.refusals += 1
        if str(error) != self.last_refusal:
            _log.warning("link.refused", origin=origin, error=str(error))
        self.last_refusal = str(error)

    def _watch(self, caller: socket.socket | None) -> None:
        """Remember the socket this thread shakes hands on, so that ``stop`` can interrupt it."""
        with self._lock:
            self._callers[current_thread()] = caller


def _interrupt(caller: socket.socket) -> None:
    """End another thread's handshake.  Below TLS, whose state belongs to that thread."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(caller, socket.SHUT_RDWR)
