"""All links of a node: those it dials, and the door for those that call."""

from collections.abc import Iterable
from threading import Lock

from renkei.kernel.clock import Clock
from renkei.kernel.errors import BadInput
from renkei.kernel.identity import Identity, PartnerEntry
from renkei.kernel.link import LinkState

from .dialer import LinkDialer
from .link import SWITCHED_OFF, Link, OnEvents, OnState, SessionFactory
from .listener import LinkListener


class Links:
    """Every partner's link, by id.  ``start`` and ``stop`` it once; everything is safe from any thread.

    ``listen`` is the host and port of the door, or None for a node that only dials.
    """

    def __init__(
        self,
        identity: Identity,
        partners: Iterable[PartnerEntry],
        session_factory: SessionFactory,
        clock: Clock,
        *,
        listen: tuple[str, int] | None = None,
        on_state: OnState | None = None,
        on_events: OnEvents | None = None,
    ) -> None:
        self._identity, self._clock, self._factory = identity, clock, session_factory
        self._on_state, self._on_events = on_state, on_events
        self._lock = Lock()
        self._partners = tuple(partners)
        self._started = False
        self.listener: LinkListener | None = None
        if listen is not None:
            self.listener = LinkListener(
                listen,
                identity,
                self._partners,
                session_factory,
                clock,
                on_state=on_state,
                on_events=on_events,
            )
        self._dialers = {p.hq: self._dialer(p) for p in self._partners if p.connect == "dial"}

    def start(self) -> tuple[str, int] | None:
        """Open the door and begin to dial; the address in use.  Raises OurFault if it cannot be had."""
        with self._lock:
            self._started = True
            address = self.listener.start() if self.listener is not None else None
            for dialer in self._dialers.values():
                dialer.start()
        return address

    def stop(self) -> None:
        """Hang up everywhere and wait until every thread has ended."""
        with self._lock:
            for dialer in self._dialers.values():
                dialer.stop()
            if self.listener is not None:
                self.listener.stop()

    def add(self, partner: PartnerEntry) -> None:
        """Take up a partner agreed while the node runs.  Raises BadInput if it is there already."""
        with self._lock:
            if any(known.hq == partner.hq for known in self._partners):
                raise BadInput("partner.known", "a new partner", partner.hq)
            self._add(partner, None)

    def remove(self, hq: str) -> None:
        """Hang up on a partner and know it no more; on return nothing of it runs.

        Nothing happens for one that is not known.  Raises OurFault ``link.busy`` if one does not end.
        """
        with self._lock:
            self._remove(hq)

    def replace(self, partner: PartnerEntry) -> None:
        """Link with a partner as it is agreed now, by a new connection; a link cut by hand stays cut.

        Raises OurFault ``link.busy`` if the old one does not end.
        """
        with self._lock:
            before = self.states().get(partner.hq)
            self._remove(partner.hq)
            self._add(partner, before)

    def _add(self, partner: PartnerEntry, before: LinkState | None) -> None:
        self._partners = (*self._partners, partner)
        if self.listener is not None:
            self.listener.add(partner)
        if partner.connect == "dial":
            self._dialers = {**self._dialers, partner.hq: self._dialer(partner)}
        if before is not None and before.state == "off":
            self.switch_off(partner.hq, before.last_error.removeprefix(SWITCHED_OFF))
        if self._started and partner.connect == "dial":
            self._dialers[partner.hq].start()

    def _remove(self, hq: str) -> None:
        self._partners = tuple(known for known in self._partners if known.hq != hq)
        dialer = self._dialers.get(hq)
        if dialer is not None:
            self._dialers = {known: other for known, other in self._dialers.items() if known != hq}
            dialer.stop()
        if self.listener is not None:
            self.listener.remove(hq)

    def link(self, hq: str) -> Link:
        """The link with ``hq``.  Raises BadInput when there is none."""
        link: Link | None = self._dialers.get(hq)
        if link is None and self.listener is not None:
            link = self.listener.links.get(hq)
        if link is None:
            raise BadInput("partner.unknown", "a partner with a link", f"{hq[:80]!r}")
        return link

    def states(self) -> dict[str, LinkState]:
        """Every link's state now, by partner."""
        called = self.listener.links if self.listener is not None else {}
        return {hq: link.state for hq, link in sorted({**called, **self._dialers}.items())}

    def notify(self, hq: str) -> None:
        """The log sent to ``hq`` has grown; nothing happens if there is no link."""
        called = self.listener.links if self.listener is not None else {}
        link = self._dialers.get(hq) or called.get(hq)
        if link is not None:
            link.notify()

    def switch_off(self, hq: str, reason: str) -> None:
        """Cut the link with ``hq`` and keep it cut.  Raises BadInput when there is none."""
        self.link(hq).switch_off(reason)

    def switch_on(self, hq: str) -> None:
        """Let the link with ``hq`` be again.  Raises BadInput when there is none."""
        self.link(hq).switch_on()

    def _dialer(self, partner: PartnerEntry) -> LinkDialer:
        return LinkDialer(
            partner,
            self._identity,
            self._factory,
            self._clock,
            all_partners=self._partners,
            on_state=self._on_state,
            on_events=self._on_events,
        )
