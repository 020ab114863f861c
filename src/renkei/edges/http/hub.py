"""Who is listening, and what each may hear.

Theory of operation.  The fold thread hands the hub each batch it has committed; the hub encodes each event
once and decides its visibility once for each *audience* (the open streams of one clearance and realm), so a
thousand screens of one watch cost one decision.  Each connection has its own bounded backlog of
ready bytes.  A reader too slow for it, or one that comes back asking for events no longer remembered, is
told ``reset`` and fetches what it shows anew: a stream never lies by omission.

Events are numbered within one run of the node; ``Last-Event-ID`` resumes while they are remembered.  Numbers
go out sealed (``kernel/opaque``), under a key of the run: they count events of all audiences, and nobody
learns from two ids how much went by in between.  What counts everything (a record's number in its log, how
far the views lag) is told to *inside* audiences alone: administrators.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import msgspec

from ...kernel.labels.model import Clearance
from ...kernel.opaque import Opaque
from ...kernel.views import Change
from ...kernel.views.visibility import Visible
from .metrics import Metrics

MAX_STREAMS = 1000
"""Open streams: every screen of a large headquarters; each costs a connection and a backlog."""
MAX_BACKLOG_BYTES = 256 * 1024
"""Unsent bytes per connection, about 2,000 events: some seconds of a busy node over a poor line."""
MAX_REMEMBERED = 5_000
"""Events kept for resuming: over a minute at 50 changes a second, longer than a dropped connection lasts."""


class RecordEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """A record's newest version (in an event ``gone`` its last), as the stream tells of it.

    ``seq``, its number, to administrators.
    """

    id: str
    kind: str
    version: int
    source: str
    seq: int | None = None


class Event(msgspec.Struct, frozen=True):
    """An event on its way to streams; ``label`` (a label row) None: for everybody.  Not for those who see
    ``still``.

    ``inside`` is what administrators are sent; ``sent`` what others are, empty if it is not for them.
    """

    number: int
    label: int | None
    sent: bytes
    inside: bytes
    still: int = 0


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
    """The open streams of one clearance and realm; administrators apart.  ``sight``: what they see now."""

    def __init__(self, sight: Callable[[], Visible], inside: bool) -> None:
        self._sight, self._inside = sight, inside
        self.listeners: set[Listener] = set()

    def visible(self, events: Iterable[Event]) -> list[bytes]:
        """Those of ``events`` that this audience may hear of.  Label rows are of one realm each."""
        labels = self._sight().labels
        told = (
            event
            for event in events
            if event.label is None or (event.label in labels and event.still not in labels)
        )
        return [event.inside if self._inside else event.sent for event in told]

    def tell(self, piece: bytes) -> None:
        """Queue ``piece`` for every listener."""
        for listener in self.listeners:
            listener.put(piece)


class Hub:
    """All open streams of one node.  Lives in the event loop's thread."""

    def __init__(
        self, sight: Callable[[str, Clearance], Visible], metrics: Metrics, key: bytes | None = None
    ) -> None:
        self._sight = sight
        self.metrics = metrics
        self._ids = Opaque(key or secrets.token_bytes(32), "stream")
        self._audiences: dict[tuple[str, Clearance, bool], Audience] = {}
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
        events = [self._record(change) for change in changes]
        for audience in self._audiences.values():
            if audience.listeners and (seen := audience.visible(events)):
                self.metrics.stream_events += len(seen) * len(audience.listeners)
                audience.tell(b"".join(seen))

    def announce(self, name: str, data: object, *, inside: bool = False) -> None:
        """Tell everybody of something without a label, such as a link's state; or only who is ``inside``."""
        event = self._event(name, None, b"" if inside else self._encode(data), self._encode(data))
        for audience in self._audiences.values():
            for piece in audience.visible((event,)):
                audience.tell(piece)

    def listen(
        self, realm: str, clearance: Clearance, last_event_id: str = "", *, inside: bool = False
    ) -> Listener | None:
        """A new stream, beginning after ``last_event_id``; None when there are too many."""
        if self.metrics.streams >= MAX_STREAMS:
            return None
        if self.unheard:
            self.unheard = False
            self._remembered.clear()
            self._number += 1
        audience = self._audiences.get((realm, clearance, inside))
        if audience is None:
            self._audiences = {key: a for key, a in self._audiences.items() if a.listeners}
            audience = Audience(lambda: self._sight(realm, clearance), inside)
            self._audiences[realm, clearance, inside] = audience
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
        return b"%sevent: reset\ndata: {}\n\n" % self._id()

    def _id(self) -> bytes:
        return b"id: %s\n" % self._ids.seal(self._number).encode()

    def _record(self, change: Change) -> Event:
        told = RecordEvent(change.id, change.kind, change.version, change.source)
        sent = self._encode(told)
        full = sent
        if any(inside for _, _, inside in self._audiences):
            full = self._encode(msgspec.structs.replace(told, seq=change.seq))
        name = "gone" if change.gone else "record"
        return self._event(name, change.label, sent, full, change.still)

    def _event(self, name: str, label: int | None, data: bytes, inside: bytes, still: int = 0) -> Event:
        self._number += 1
        head = b"%sevent: %s\ndata: " % (self._id(), name.encode())
        event = Event(
            self._number,
            label,
            b"%s%s\n\n" % (head, data) if data else b"",
            b"%s%s\n\n" % (head, inside),
            still,
        )
        self._remembered.append(event)
        return event

    def _tell_all(self, piece: bytes) -> None:
        for audience in self._audiences.values():
            audience.tell(piece)

    def _missed(self, audience: Audience, last_event_id: str) -> bytes:
        """What to send first: a greeting with the present number, what was missed, or ``reset``."""
        if not last_event_id:
            return b"%sretry: 1000\n: listening\n\n" % self._id()
        number = self._ids.open(last_event_id)
        oldest = self._remembered[0].number if self._remembered else self._number + 1
        if number is None or not oldest - 1 <= number <= self._number:
            return self.reset()
        missed = (event for event in self._remembered if event.number > number)
        return b": resumed\n\n" + b"".join(audience.visible(missed))
