"""A session: one conversation with a partner, both directions, over any stream of bytes.

Bytes go in by ``receive``, which tells what happened; bytes come out of ``bytes_to_send``, a bounded amount
at a time, so that whoever writes them sets the pace.  Nothing here opens a socket, starts a thread or
waits.  Each side greets at once with HELLO; from then on the directions hardly know of each other: the
``Sender`` offers our log, the ``Receiver`` takes the partner's, and what halts one leaves the other alone.

A sender and a receiver serve one conversation at a time.  When a newer session begins, the older one is
*replaced* and raises at its next use.
"""

from datetime import datetime

from ..clock import Clock
from ..errors import RenkeiError, TheirFault, Unreachable
from . import frames
from .chunks import seconds_between
from .contents import Carriage, Contents, NoContents
from .events import Event, Greeted, Turn
from .receiver import Receiver
from .rhythm import AT_ONCE, Rhythm, bucket, milliseconds
from .sender import Sender
from .states import CONVERSATION, step

SEND_BYTES = 1024 * 1024
"""What ``bytes_to_send`` stops adding chunks at; the last chunk may exceed it once."""
MAX_PENDING_BYTES = 1024 * 1024
"""Answers waiting to be written.  A partner that asks faster than it reads is cut off."""
PING_AFTER = 1.0
"""Seconds of silence, in either direction, after which a PING goes out; links suspect a cut after two."""
_PING_BYTES = 8


class Session:
    """One conversation.  Called from one thread."""

    def __init__(
        self,
        sender: Sender,
        receiver: Receiver,
        clock: Clock,
        *,
        deflate: bool = False,
        rhythm: Rhythm = AT_ONCE,
        contents: Contents | None = None,
    ) -> None:
        """``deflate`` compresses what we send: for slow links.  ``rhythm`` says when entries may leave.

        ``contents`` are those of attachments; without, none are given or asked for.
        """
        self._sender, self._receiver, self._clock = sender, receiver, clock
        self._rhythm = rhythm
        self._due: int | None = None
        self._content_due: int | None = None
        self._contents_ready: list[bytes] = []
        self._beat = 0
        self._deflate = deflate
        self._carriage = Carriage(contents or NoContents(), clock)
        self._reader = frames.FrameReader()
        self._state = "new"
        self._begun = False
        self._fault: TheirFault | None = None
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._heard: datetime | None = None
        self._spoke: datetime | None = None

    @property
    def state(self) -> str:
        """A state of ``states.CONVERSATION``."""
        return self._state

    @property
    def last_heard(self) -> datetime | None:
        """When a whole frame last came."""
        return self._heard

    def receive(self, data: bytes) -> list[Event]:
        """Take what came, say what happened.

        Raises TheirFault when the rest is not worth reading (what is still to be sent tells the
        partner why); if something sound came before it, ``bytes_to_send`` raises it after that.
        Raises Unreachable when a newer session has taken over.
        """
        self._ready()
        events: list[Event] = []
        try:
            for frame in self._reader.feed(data):
                self._heard = self._clock.now()
                turn = self._take(frame)
                events += turn.events
                self._answer(turn)
        except TheirFault as fault:
            self._break_off(fault)
            if not events:
                raise
            self._fault = fault  # what happened before it must be told first
        return events

    def bytes_to_send(self) -> bytes:
        """The next bytes for the partner; empty when there is nothing to say now.

        Raises what ``receive`` could not raise yet, once the last words are out.
        """
        if self._state != "closed":
            self._ready()
        elif self._fault is not None and not self._pending:
            raise self._fault
        out, size = self._pending, self._pending_bytes
        self._pending, self._pending_bytes = [], 0
        if self._state == "open" and self._may_depart():
            out += self._departing(SEND_BYTES - size)
        if not out and self._state == "open":  # nothing of the log may go now
            out += self._contents_departing()
        if out:
            self._spoke = self._clock.now()
        return b"".join(out)

    @property
    def departs_at(self) -> float | None:
        """When what waits for the grid may leave, in seconds since 1970; None if nothing waits."""
        due = [moment for moment in (self._due, self._content_due) if moment is not None]
        return min(due) / 1000 if due else None

    def _may_depart(self) -> bool:
        """Whether entries wait whose time on the grid has come."""
        if not self._sender.waiting:
            self._due = None
            return False
        if not self._rhythm.grid_ms:
            return True
        now = self._clock.now()
        if self._due is None:
            self._due = self._rhythm.departure(now)
        return milliseconds(now) >= self._due

    def _departing(self, room: int) -> list[bytes]:
        """Chunks of entries up to about ``room`` bytes, padded."""
        out: list[bytes] = []
        size = 0
        while size < room:
            made = [frames.encode(f, deflate=self._deflate) for f in self._sender.next_frames()]
            if not made:
                break
            out += made
            size += sum(map(len, made))
        return [*out, *self._padding(size)] if out and self._rhythm.grid_ms else out

    def _contents_departing(self) -> list[bytes]:
        """What of contents leaves now, given or asked for: at a line of the grid, made ready before it."""
        if not self._rhythm.grid_ms:
            content = self._carriage.next_frame()
            return [] if content is None else [frames.encode(content)]
        now = self._clock.now()
        if self._content_due is None:
            self._contents_ready = [frames.encode(frame) for frame in self._carriage.burst()]
            self._content_due = self._rhythm.departure(now) if self._contents_ready else None
            return []
        if milliseconds(now) < self._content_due:
            return []
        out, self._contents_ready, self._content_due = self._contents_ready, [], None
        return out

    @staticmethod
    def _padding(size: int) -> list[bytes]:
        """What brings a burst of ``size`` bytes to the size of a bucket."""
        room = bucket(size) - size
        if 0 < room < frames.FRAME_HEAD:
            room = bucket(size + frames.FRAME_HEAD) - size
        return [frames.encode(frames.Padding(room - frames.FRAME_HEAD))] if room else []

    def wake(self) -> None:
        """The sent log has grown: ``bytes_to_send`` has something again, since it asks the log itself."""

    def tick(self, now: datetime) -> None:
        """Time has passed: ask again what was not answered, ping if it is quiet."""
        if self._state != "open":
            return
        self._answer(self._receiver.tick(now))
        if (beat := self._rhythm.beat(now)) != self._beat:
            self._beat = beat
            self._answer(Turn(frames=self._sender.beat()))
        quiet = max(seconds_between(self._heard, now), seconds_between(self._spoke, now))
        if quiet >= PING_AFTER and not self._pending:
            self._answer(Turn(frames=[frames.Ping(int(now.timestamp() * 1000).to_bytes(_PING_BYTES))]))

    # --- within --------------------------------------------------------------------------------------

    def _ready(self) -> None:
        """Begin with the first use; stop when a newer session has begun."""
        if not self._begun:
            self._begun = True
            self._sender.begin(self)
            self._receiver.begin()
            self._answer(Turn(frames=[self._hello()]))
        elif self._state == "closed" or self._sender.holder is not self:
            if self._state != "closed":
                self._state = step(CONVERSATION, self._state, "replaced")
            raise Unreachable("session.replaced", "the newest session with this partner", "an ended one")

    def _hello(self) -> frames.Hello:
        size, note = self._sender.greeting()
        halted = self._receiver.halted
        return frames.Hello(
            least=frames.PROTOCOL,
            most=frames.PROTOCOL,
            sender=self._sender.hq,
            recipient=self._sender.partner,
            realm=self._receiver.realm,
            size=size,
            note=note,
            have=self._receiver.have,
            receipt=self._receiver.receipt,
            halted=halted.code if halted else "",
        )

    def _take(self, frame: frames.Frame) -> Turn:
        if self._state == "new":
            return self._take_hello(frame)
        match frame:
            case frames.Entries() | frames.Checkpoint() | frames.Proof():
                return self._receiver.take(frame)
            case frames.Want() | frames.Receipt() | frames.Prove() | frames.Refuse():
                return self._sender.take(frame)
            case frames.Ping():
                return Turn(frames=[frames.Pong(frame.token)])
            case frames.Fetch() | frames.Content() | frames.NoContent():
                self._carriage.take(frame)
            case frames.Padding() | frames.Pong() | frames.Hello():
                pass  # a second HELLO says nothing new; the network may double frames
            case _:
                raise TheirFault("session.order", "frames of a conversation", "those of a courier's file")
        return Turn()

    def _take_hello(self, hello: frames.Frame) -> Turn:
        if not isinstance(hello, frames.Hello):
            raise TheirFault("session.order", "HELLO first", type(hello).__name__)
        self._check_hello(hello)
        self._state = step(CONVERSATION, self._state, "greeted")
        turn = Turn([Greeted(size=hello.size, have=hello.have)])
        turn.add(self._receiver.greeted(hello.size, hello.note))
        return turn.add(self._sender.greeted(hello.have, hello.receipt, hello.halted))

    def _check_hello(self, hello: frames.Hello) -> None:
        ours = (self._sender.partner, self._sender.hq, self._receiver.realm)
        if not hello.least <= frames.PROTOCOL <= hello.most:
            came = f"{hello.least} to {hello.most}"
            raise TheirFault("session.version", f"protocol version {frames.PROTOCOL}", came)
        for code, expected, came in zip(
            ("session.sender", "session.recipient", "session.realm"),
            ours,
            (hello.sender, hello.recipient, hello.realm),
            strict=True,
        ):
            if expected != came:
                raise TheirFault(code, expected, came[:100])

    def _answer(self, turn: Turn) -> None:
        for frame in turn.frames:
            data = frames.encode(frame)
            self._pending.append(data)
            self._pending_bytes += len(data)
        if self._pending_bytes > MAX_PENDING_BYTES:
            raise TheirFault("session.flood", f"answers read within {MAX_PENDING_BYTES} bytes", "none read")

    def _break_off(self, fault: RenkeiError) -> None:
        """The last word: why."""
        if self._pending_bytes > MAX_PENDING_BYTES:
            self._pending, self._pending_bytes = [], 0
        refusal = frames.encode(frames.Refuse(code=fault.code, expected=fault.expected, came=fault.came))
        self._pending.append(refusal)
        self._pending_bytes += len(refusal)
        self._state = step(CONVERSATION, self._state, "broken")
