"""One partner's link, whoever opens it: its state, its switch, and its one connection at a time.

Phases, and what moves a link between them::

    down ──attempt──▶ connecting ──first words──▶ up
     ▲                    │                        │
     └──── failure ───────┴──── end, silence ──────┘        any ──switch_off──▶ off ──switch_on──▶ down

A handshake alone does not make a link *up*: in TLS 1.3 the caller's side of it is over before the
other has looked at the caller's certificate.  The partner's first words do.

A newer connection replaces an older one once it is authenticated.  The older one is told to end, and
the newer one's session begins only when the older one's has ended, so that two sessions never write
to the same partner's log.
"""

import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Lock

import msgspec
import structlog

from renkei.kernel.clock import Clock
from renkei.kernel.errors import OurFault, RenkeiError, Unreachable
from renkei.kernel.identity import PartnerEntry
from renkei.kernel.link import LinkSession, LinkState

from .connection import Connection, where
from .limits import REPLACE_PATIENCE, STABLE_AFTER

SessionFactory = Callable[[str], LinkSession]
"""Given a partner's id, a fresh session for one connection.  Called in the connection's thread."""
OnState = Callable[[str, LinkState], None]
"""Told (partner, state) when phase or error changed: in order, from any thread, with no lock held."""
OnEvents = Callable[[str, Sequence[object]], None]
"""Told (partner, events) what a session made of what came.  From the connection's thread."""

SWITCHED_OFF = "switched off: "
"""How the last error of a link begins that was cut by hand."""
_log = structlog.get_logger("renkei.links")


class Link:
    """What the dialling and the listening side have in common.  Safe to use from any thread."""

    def __init__(
        self,
        partner: PartnerEntry,
        session_factory: SessionFactory,
        clock: Clock,
        *,
        on_state: OnState | None = None,
        on_events: OnEvents | None = None,
    ) -> None:
        self.partner = partner
        self._factory, self._clock = session_factory, clock
        self._on_state, self._on_events = on_state, on_events
        self._lock = Lock()
        self._notices: deque[LinkState] = deque()
        self._telling = False
        self._state = LinkState(since=clock.now())
        self._current: Connection | None = None

    @property
    def hq(self) -> str:
        """The partner's id."""
        return self.partner.hq

    @property
    def state(self) -> LinkState:
        """The state now.  Never waits."""
        current, state = self._current, self._state
        if current is not None and current.last_heard is not None:
            return msgspec.structs.replace(state, last_heard=current.last_heard)
        return state

    def notify(self) -> None:
        """The sent log has grown."""
        current = self._current
        if current is not None:
            current.notify()

    def switch_off(self, reason: str) -> None:
        """Cut the link and keep it cut; ``reason`` is shown as its last error."""
        with self._changing():
            current = self._current
            self._note(state="off", last_error=f"{SWITCHED_OFF}{reason}", next_try_at=None)
        if current is not None:
            current.close(Unreachable("link.off", "the link to be on", "the switch"))

    def switch_on(self) -> None:
        """Let the link be again; nothing happens unless it is off."""
        with self._changing():
            if self._state.state == "off":
                self._note(state="down", last_error="", attempts=0)

    def hang_up(self, why: RenkeiError) -> None:
        """End the present connection, if there is one; the link itself stays switched as it is."""
        current = self._current
        if current is not None:
            current.close(why)

    def retire(self) -> None:
        """Be no link any more: take no connection, and wait until the present one has ended.

        Raises OurFault ``link.busy`` if it does not.
        """
        self.switch_off("no partner to link with, or one that is linked anew")
        current = self._current
        if current is not None and not current.ended.wait(REPLACE_PATIENCE):
            raise OurFault("link.busy", "the connection to end", f"none in {REPLACE_PATIENCE:g} s")

    @property
    def is_off(self) -> bool:
        """Whether the link was switched off."""
        return self._state.state == "off"

    def note_failure(self, error: RenkeiError, next_try_at: datetime | None = None) -> None:
        """An attempt to connect failed; a link that is up or off stays so."""
        with self._changing():
            attempts = self._state.attempts + 1
            if self._state.state in ("up", "off"):
                return
            self._note(state="down", last_error=str(error), attempts=attempts, next_try_at=next_try_at)

    def install(self, tls: ssl.SSLSocket) -> tuple[Connection, Connection | None] | None:
        """Make the authenticated ``tls`` the link's connection.

        Returns it and the one it replaces, which is told to end; None, and ``tls`` closed, if the link
        is off.  The caller then calls ``serve`` in the thread that is to do the work.
        """
        connection = Connection(
            tls,
            self._clock,
            on_up=self._came_up,
            on_suspect=self._suspect,
            on_events=self._hand_on,
            check=self._check_agreement,
        )
        with self._changing():
            if self.is_off:
                connection.abandon()
                return None
            older, self._current = self._current, connection
            if self._state.state != "up":
                self._note(state="connecting")
        if older is not None:
            older.close(Unreachable("link.replaced", "to be the newest connection", "a newer one"))
        return connection, older

    def serve(self, connection: Connection, older: Connection | None) -> None:
        """Run ``connection`` to its end, once the ``older`` one has ended."""
        if older is not None and not older.ended.wait(REPLACE_PATIENCE):
            connection.close(
                Unreachable("link.busy", "the older connection to end", f"none in {REPLACE_PATIENCE:g} s")
            )
        why = connection.run(lambda: self._factory(self.hq))
        with self._changing():
            if self._current is not connection:
                return
            self._current = None
            stable = connection.up_since is not None and time.monotonic() - connection.up_since > STABLE_AFTER
            self._ended(stable)
            if self.is_off:
                self._note(last_heard=connection.last_heard or self._state.last_heard)
            else:
                heard = connection.last_heard or self._state.last_heard
                self._note(state="down", last_error=str(why), last_heard=heard)

    def _ended(self, stable: bool) -> None:
        """The present connection has ended; ``stable`` if it had been up for long enough to count."""

    def _suspect(self, connection: Connection) -> None:
        """The present connection has gone silent."""

    def _came_up(self, connection: Connection) -> None:
        with self._changing():
            if self._current is connection and not self.is_off:
                self._note(state="up", last_error="", attempts=0, next_try_at=None)

    def _check_agreement(self, now: datetime) -> None:
        """Raise when the agreement with the partner has ended under a link that is up."""
        if not self.partner.in_force(now):
            raise Unreachable("link.agreement", f"an agreement with {self.hq} in force", "its end")

    def _hand_on(self, events: Sequence[object]) -> None:
        if self._on_events is not None:
            self._on_events(self.hq, events)

    def _note(self, **changes: object) -> None:
        """Change the state, and put down a notice if phase or error are new.  Within ``_changing``."""
        before = self._state
        after = msgspec.structs.replace(before, **changes)
        if after.state != before.state:
            after = msgspec.structs.replace(after, since=self._clock.now())
        self._state = after
        if (after.state, after.last_error) != (before.state, before.last_error):
            self._notices.append(self.state)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the lock for a change; tell about it afterwards, without the lock."""
        with self._lock:
            yield
        while (notice := self._next_notice()) is not None:
            try:
                _log.info("link", partner=self.hq, state=notice.state, error=notice.last_error)
                if self._on_state is not None:
                    self._on_state(self.hq, notice)
            except Exception as error:
                _log.error("link.told", partner=self.hq, error=where(error))
            finally:
                self._telling = False

    def _next_notice(self) -> LinkState | None:
        """The oldest notice, unless another thread is telling one: that thread then goes on with this.

        So notices are told in order, and whoever is told may wait for locks of its own.
        """
        with self._lock:
            if self._telling or not self._notices:
                return None
            self._telling = True
            return self._notices.popleft()
