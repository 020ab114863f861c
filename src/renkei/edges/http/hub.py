"""Who is listening, and what each may hear.

Theory of operation.  The fold thread hands the hub each batch it has committed; the hub encodes each event
once and decides its visibility once for each *audience* (the open streams of one clearance and realm), so a
thousand screens of one watch cost one decision.  Each connection has its own bounded backlog of
ready bytes.  A reader too slow for it, or one that comes back asking for events no longer remembered, is
told ``reset`` and fetches what it shows anew: a stream never lies by omission.

Events are numbered within one run of the node (``id: <run>.<n>``); ``Last-Event-ID`` resumes while they are
remembered.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import msgspec

from ...kernel.labels.model import Clearance
from ...kernel.views import Change
from ...kernel.views.visibility import Visible
from .metrics import Metrics

MAX_STREAMS = 1000
"""Open streams: every screen of a large headquarters; each costs a connection and a backlog."""
MAX_BACKLOG_BYTES = 256 * 1024
"""Unsent bytes per connection, about 2,000 events: some seconds of a busy node over a poor line."""
MAX_REMEMBERED = 5_000
"""Events kept for resuming: over a minute at 50 changes a second, longer than a dropped connection lasts."""


class RecordEvent(msgspec.Struct, frozen=True):
    """A record's newest version, as the stream tells of it."""

    id: str
    kind: str
    version: int
    source: str
    seq: int


class Event(msgspec.Struct, frozen=True):
    """An event on its way to streams; ``label`` (a label row) None: for everybody."""

    number: int
    label: int | None
    sent: bytes


class Listener:
    """One open stream: bytes waiting, and a flag to wake its writer."""

    def __init__(self, hub: "Hub", audience: "Audience") -> None:
        self._hub, self._audience = hub, audience
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self.woken = asyncio.Event()
        self.closed = False

    def put(self, piece: bytes) -> None:
        """Queue bytes; a full backlog becomes one ``reset``."""
        if self._size + len(piece) > MAX_BACKLOG_BYTES:
            self._waiting.clear()
            self._size = 0
            self._hub.metrics.stream_resets += 1
            piece = self._hub.reset()
        self._waiting.append(piece)
        self._size += len(piece)
        self.woken.set()

    def take(self) -> bytes:
        """Everything waiting, at once."""
        self.woken.clear()
        taken = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        return taken

    def close(self) -> None:
        """Stop listening."""
        if not self.closed:
            self.closed = True
            self._audience.listeners.discard(self)
            self._hub.metrics.streams -= 1
            self.woken.set()


class Audience:
    """The open streams of one clearance and realm.  ``sight`` tells what they see now."""

    def __init__(self, sight: Callable[[], Visible]) -> None:
        self._sight = sight
        self.listeners: set[Listener] = set()

    def visible(self, events: Iterable[Event]) -> list[bytes]:
        """Those of ``events`` that this audience may hear of.  Label rows are of one realm each."""
        labels = self._sight().labels
        return [event.sent for event in events if event.label is None or event.label in labels]

    def tell(self, piece: bytes) -> None:
        """Queue ``piece`` for every listener."""
        for listener in self.listeners:
            listener.put(piece)


class Hub:
    """All open streams of one node.  Lives in the event loop's thread."""

    def __init__(
        self, sight: Callable[[str, Clearance], Visible], metrics: Metrics, run: str | None = None
    ) -> None:
        self._sight = sight
        self.metrics = metrics
        self._run = run or secrets.token_hex(4)
        self._audiences: dict[tuple[str, Clearance], Audience] = {}
        self._remembered: deque[Event] = deque(maxlen=MAX_REMEMBERED)
        self._number = 0
        self.unheard = False
        """Set when changes went by that nobody listened for: whoever comes back then fetches anew."""
        self._encode = msgspec.json.Encoder().encode

    def publish(self, changes: Sequence[Change] | None) -> None:
        """Tell of folded records; None: of so many that screens had better fetch anew."""
        if changes is None:
            self._remembered.clear()
            self._number += 1
            self._tell_all(self.reset())
            return
        events = [
            self._event("record", RecordEvent(c.id, c.kind, c.version, c.source, c.seq), c.label)
            for c in changes
        ]
        for audience in self._audiences.values():
            if audience.listeners and (seen := audience.visible(events)):
                self.metrics.stream_events += len(seen) * len(audience.listeners)
                audience.tell(b"".join(seen))

    def announce(self, name: str, data: object) -> None:
        """Tell everybody of something without a label: a link's state, the views' lag."""
        self._tell_all(self._event(name, data, None).sent)

    def listen(self, realm: str, clearance: Clearance, last_event_id: str = "") -> Listener | None:
        """A new stream, beginning after ``last_event_id``; None when there are too many."""
        if self.metrics.streams >= MAX_STREAMS:
            return None
        if self.unheard:
            self.unheard = False
            self._remembered.clear()
            self._number += 1
        audience = self._audiences.get((realm, clearance))
        if audience is None:
            self._audiences = {key: a for key, a in self._audiences.items() if a.listeners}
            audience = Audience(lambda: self._sight(realm, clearance))
            self._audiences[realm, clearance] = audience
        listener = Listener(self, audience)
        audience.listeners.add(listener)
        self.metrics.streams += 1
        listener.put(self._missed(audience, last_event_id))
        return listener

    def close(self) -> None:
        """End every stream."""
        for audience in self._audiences.values():
            for listener in list(audience.listeners):
                listener.close()

    def reset(self) -> bytes:
        """The event that says: fetch what you show anew, and go on from here."""
        return b"id: %s.%d\nevent: reset\ndata: {}\n\n" % (self._run.encode(), self._number)

    def _event(self, name: str, data: object, label: int | None) -> Event:
        self._number += 1
        head = b"id: %s.%d\nevent: %s\ndata: " % (self._run.encode(), self._number, name.encode())
        event = Event(self._number, label, head + self._encode(data) + b"\n\n")
        self._remembered.append(event)
        return event

    def _tell_all(self, piece: bytes) -> None:
        for audience in self._audiences.values():
            audience.tell(piece)

    def _missed(self, audience: Audience, last_event_id: str) -> bytes:
        """What to send first: a greeting with the present number, what was missed, or ``reset``."""
        if not last_event_id:
            return b"id: %s.%d\nretry: 1000\n: listening\n\n" % (self._run.encode(), self._number)
        run, _, number = last_event_id.partition(".")
        oldest = self._remembered[0].number if self._remembered else self._number + 1
        if run != self._run or not number.isdigit() or not oldest - 1 <= int(number) <= self._number:
            return self.reset()
        missed = (event for event in self._remembered if event.number > int(number))
        return b": resumed\n\n" + b"".join(audience.visible(missed))
