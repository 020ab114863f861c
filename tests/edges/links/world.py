"""Two nodes joined by real sockets on loopback, with a session small enough to see through."""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from renkei.edges.links import Links
from renkei.kernel.clock import Clock, SystemClock
from renkei.kernel.identity import Identity, Names, PartnerEntry, open_card
from renkei.kernel.labels.model import Clearance
from renkei.kernel.link import LinkState

NAMES = Names("A headquarters", "司令部")
CLEARANCE = Clearance("urn:test", ("OPEN",))
PATIENCE = 10.0


class Items:
    """What a node has to send and has received, numbered; the smallest thing like two logs."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.received: list[bytes] = []
        self.changed = threading.Condition()


class ItemSession:
    """Greets with how much it has, sends what is missing, pings: a stand-in for the real exchange."""

    def __init__(self, items: Items) -> None:
        self.items = items
        self.out = b"have %d\n" % len(items.received)
        self.at: int | None = None
        self.rest = b""
        self.pinged: datetime | None = None

    def receive(self, data: bytes) -> Sequence[object]:
        *lines, self.rest = (self.rest + data).split(b"\n")
        return [event for line in lines if (event := self._take(line)) is not None]

    def _take(self, line: bytes) -> object | None:
        word, _, rest = line.partition(b" ")
        if word == b"have":
            self.at = int(rest)
        elif word == b"item":
            number, _, body = rest.partition(b" ")
            with self.items.changed:
                assert int(number) == len(self.items.received), "an item was lost or came twice"
                self.items.received.append(body)
                self.items.changed.notify_all()
            return body
        return None

    departs_at: float | None = None

    def bytes_to_send(self) -> bytes:
        out, self.out = self.out, b""
        if self.at is not None:
            new = self.items.sent[self.at : self.at + 1000]
            out += b"".join(b"item %d %s\n" % (self.at + i, item) for i, item in enumerate(new))
            self.at += len(new)
        return out

    def wake(self) -> None:
        pass

    def tick(self, now: datetime) -> None:
        if self.pinged is None or now - self.pinged >= timedelta(seconds=1):
            self.pinged = now
            self.out += b"ping\n"


class Station:
    """One headquarters' end: identity, items, links, and every state its links went through."""

    def __init__(self, folder: Path, hq: str, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.identity = Identity.create(folder / hq / "keys", hq, self.clock)
        self.items = Items()
        self.states: list[tuple[str, LinkState]] = []
        self.changed = self.items.changed
        self.make_session: Callable[[], ItemSession] = lambda: ItemSession(self.items)
        self.links: Links | None = None

    def entry(self, connect: str, port: int = 0) -> PartnerEntry:
        """This headquarters as its partner keeps it."""
        address = f"127.0.0.1:{port}" if port else ""
        signed = self.identity.signed_card(NAMES, address, self.clock)
        card = open_card(signed, self.clock.now())
        since = self.clock.now() - timedelta(days=1)
        return PartnerEntry(card=card, signed=signed, clearance=CLEARANCE, since=since, connect=connect)

    def open(self, *partners: PartnerEntry, port: int | None = None) -> int:
        """Start the links; the port listened at, if any."""
        self.links = Links(
            self.identity,
            partners,
            lambda hq: self.make_session(),
            self.clock,
            listen=None if port is None else ("127.0.0.1", port),
            on_state=self._on_state,
        )
        address = self.links.start()
        return address[1] if address else 0

    def close(self) -> None:
        if self.links is not None:
            self.links.stop()
            self.links = None

    def send(self, partner: str, *items: bytes) -> None:
        self.items.sent.extend(items)
        if self.links is not None:
            self.links.notify(partner)

    def state(self, partner: str) -> LinkState:
        assert self.links is not None
        return self.links.link(partner).state

    def wait_state(self, partner: str, phase: str, error: str = "") -> LinkState:
        """Until the link with ``partner`` is in ``phase`` with ``error`` somewhere in its last error."""

        def there() -> bool:
            state = self.state(partner)
            return state.state == phase and error in state.last_error

        self.wait(there, lambda: f"{phase} {error!r}; came {self.state(partner)}")
        return self.state(partner)

    def wait_received(self, count: int) -> None:
        self.wait(lambda: len(self.items.received) >= count, lambda: f"{count} items")

    def wait(self, true: Callable[[], bool], what: Callable[[], str]) -> None:
        until = time.monotonic() + PATIENCE
        with self.changed:
            while not true():
                assert time.monotonic() < until, f"expected {what()}"
                self.changed.wait(0.02)  # what has no notice of its own, such as a suspicion, is looked at

    def _on_state(self, hq: str, state: LinkState) -> None:
        with self.changed:
            self.states.append((hq, state))
            self.changed.notify_all()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
