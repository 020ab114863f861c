"""The sender: the log for a partner, offered from where the partner stands.

The partner's HELLO says how much it has.  From there entries go out in chunks, each ending on a checkpoint
signed at its size, as far ahead of the receipts as the window allows.  A receipt is our own checkpoint,
countersigned by the partner: from then on the partner cannot deny having it.  The newest one is kept.

Signing is safe because the log only grows: whatever size is signed, its root is always the same.  The one
way to break that is to lose entries and write others in their place (an old backup put back); the
partner's receipts show it, and the direction halts before anything contradictory is signed.

Methods may be called from several threads (a link's and a courier's); each is one step.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from threading import RLock
from typing import Literal

import msgspec

from ..errors import OurFault, TheirFault
from ..log.base import Log
from ..log.checkpoint import (
    Checkpoint,
    Cosigned,
    NoteSigner,
    NoteVerifier,
    open_cosigned,
    sign_checkpoint,
)
from . import frames
from .chunks import Chunk, Cursor, root_at, sent_origin
from .events import Receipted, RefusedByPartner, Turn, faulted
from .recalls import Withdrawn
from .states import OUTGOING, step

WINDOW_CHUNKS = 256
"""Checkpoints out without a receipt: five seconds of 50 lone changes a second, more than any round trip."""
WINDOW_BYTES = 32 * 1024 * 1024
"""Bytes of entries out without a receipt: fills 50 MB/s over a satellite's round trip of 0.6 s, and is what
a broken link may have to carry twice."""

HALTING = frozenset({"checkpoint.fork", "checkpoint.unproven", "entries.rewritten"})
"""Refusals after which the partner takes nothing more of our log, beside those of an ``entry.*``."""

_RECEIPT, _COURIERED = "receipt", "couriered"
_RECEIVED_AT = "received at "


class Positions(msgspec.Struct, frozen=True):
    """The queue for a partner: entries logged, sent (by link or courier) and signed for by the partner."""

    logged: int
    sent: int
    received: int

    def state_of(self, seq: int) -> Literal["unsent", "sent", "received"]:
        """How far entry ``seq`` has come."""
        return "received" if seq < self.received else "sent" if seq < self.sent else "unsent"


class Sender:
    """Our log for one partner, on its way there."""

    def __init__(
        self,
        sent: Log,
        signer: NoteSigner,
        verifier: NoteVerifier,
        *,
        hq: str,
        partner: str,
        withdrawn: Withdrawn | None = None,
    ) -> None:
        """``signer`` is our key, ``verifier`` the partner's, for receipts; ``withdrawn`` what stays here.

        Raises OurFault if the log's origin is not ``sent_origin(hq, partner)``.
        """
        self.origin = sent_origin(hq, partner)
        if sent.origin != self.origin:
            raise OurFault("sent.origin", f"a log named {self.origin}", sent.origin)
        self.hq, self.partner = hq, partner
        self._log, self._signer, self._verifier = sent, signer, verifier
        self._withdrawn = Withdrawn(sent) if withdrawn is None else withdrawn
        self._lock = RLock()
        self.turned: Callable[[], object] = lambda: None
        """Called before anything is offered: what may not go any more is taken back by then."""
        self._receipt = self._load_receipt()
        self._couriered = int(sent.fact(_COURIERED) or b"0")
        self.begin()

    def _load_receipt(self) -> Cosigned | None:
        """The newest receipt kept; None also after a change of keys, until the partner signs anew."""
        fact = self._log.fact(_RECEIPT)
        try:
            return open_cosigned(fact, self._signer.verifier, self._verifier) if fact else None
        except TheirFault:
            return None

    # --- where it stands -----------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """A state of ``states.OUTGOING``."""
        return self._state

    @property
    def positions(self) -> Positions:
        """How far the queue has come."""
        with self._lock:
            sent = max(self._sent, self._couriered, self.received)
            return Positions(self._log.size, sent, self.received)

    @property
    def received(self) -> int:
        """How many entries the partner has signed for."""
        return self._receipt.checkpoint.size if self._receipt else 0

    @property
    def carried(self) -> int:
        """How many entries couriers have taken along, or the partner has signed for."""
        return max(self._couriered, self.received)

    @property
    def received_at(self) -> datetime | None:
        """When the partner signed its newest receipt, by its own clock."""
        return self._receipt.at if self._receipt else None

    def received_by(self, moment: datetime) -> int:
        """How many entries the partner had signed for at ``moment``, by the times in its signatures."""
        until = _received_at(moment)
        return max((int(size) for name, size in self._log.facts(_RECEIVED_AT) if name <= until), default=0)

    def first_received(self, seqs: Iterable[int]) -> dict[int, datetime]:
        """When the partner first signed for each of these entries, by its own clock, to the second.

        It reads all the receipts' times kept, at most one for each second of traffic: for one record, not for
        lists.  Entries not signed for yet are left out.
        """
        waiting = sorted(seqs)
        found: dict[int, datetime] = {}
        for name, size in self._log.facts(_RECEIVED_AT):
            while waiting and waiting[0] < int(size):
                found[waiting.pop(0)] = datetime.fromisoformat(name.removeprefix(_RECEIVED_AT))
            if not waiting:
                break
        return found

    @property
    def receipt(self) -> str:
        """The newest receipt, as the partner countersigned it; empty before the first."""
        return (self._log.fact(_RECEIPT) or b"").decode()

    def state_of(self, seq: int) -> Literal["unsent", "sent", "received"]:
        """How far entry ``seq`` has come."""
        return self.positions.state_of(seq)

    # --- the conversation ----------------------------------------------------------------------------

    def begin(self, holder: object = None) -> None:
        """A new conversation, held by ``holder``: where to go on is for the partner to say."""
        with self._lock:
            self.holder = holder
            self._state = "waiting"
            self._cursor: Cursor | None = None
            self._out: OrderedDict[int, tuple[bytes, int]] = OrderedDict()
            self._out_bytes = 0
            self._sent = 0

    def greeting(self) -> tuple[int, str]:
        """How long the log is, and a checkpoint for that; no note for an empty log."""
        with self._lock:
            head = self._log.seal()
            return head.size, self._sign(head.size, head.root) if head.size else ""

    def greeted(self, have: int, receipt: str, halted: str) -> Turn:
        """The partner says where it stands.  Raises TheirFault if it claims what it cannot prove."""
        with self._lock:
            turn = self._take_greeting_receipt(receipt) if receipt else Turn()
            if self._state == "halted":
                return turn
            if have > self._log.size:
                raise TheirFault("want.beyond", f"a position up to {self._log.size}", f"{have}")
            if halted:
                self._move("halted")
                turn.events.append(_refused(halted, "to be taken", "a partner that has halted"))
                return turn
            self._move("greeted")
            self._go_to(have)
            return turn

    def take(self, frame: frames.Want | frames.Receipt | frames.Prove | frames.Refuse) -> Turn:
        """One frame about our log.  Raises TheirFault if it cannot be meant."""
        with self._lock:
            match frame:
                case frames.Want():
                    return self._take_want(frame.first)
                case frames.Receipt():
                    return self._take_receipt(frame.note)
                case frames.Prove():
                    return self._prove(frame.old, frame.new)
                case frames.Refuse():
                    return self._take_refusal(frame)

    def next_frames(self) -> list[frames.Frame]:
        """The next entries and the checkpoint that covers them; empty when there is nothing to send now."""
        with self._lock:
            if self._state != "offering" or self._cursor is None:
                return []
            self.turned()
            chunk = self._cursor.next()
            if chunk is None:
                return []
            self._out[chunk.size] = chunk.root, chunk.bytes
            self._out_bytes += self._out[chunk.size][1]
            self._sent = chunk.size
            if len(self._out) >= WINDOW_CHUNKS or self._out_bytes >= WINDOW_BYTES:
                self._move("window full")
            return self._frames_of(chunk)

    @property
    def waiting(self) -> bool:
        """Whether entries could leave now: the partner has greeted, the window is open, the log goes on."""
        with self._lock:
            cursor = self._cursor
            return self._state == "offering" and cursor is not None and cursor.at < self._log.size

    def beat(self) -> list[frames.Frame]:
        """The checkpoint over what has left, once more: that nothing came since is then signed for, too."""
        with self._lock:
            if self._state != "offering":
                return []
            self.turned()
            if not self._sent:
                return []
            return [frames.Checkpoint(self._sign(self._sent, root_at(self._log, self._sent)))]

    def _frames_of(self, chunk: Chunk) -> list[frames.Frame]:
        note = self._sign(chunk.size, chunk.root)
        return [frames.Entries(chunk.first, chunk.entries, chunk.bodies), frames.Checkpoint(note)]

    def _sign(self, size: int, root: bytes) -> str:
        return sign_checkpoint(Checkpoint(self.origin, size, root), self._signer).decode()

    def _move(self, what: str) -> None:
        self._state = step(OUTGOING, self._state, what)

    def _go_to(self, first: int) -> None:
        """Offer from ``first`` on; what was out before no longer counts."""
        self._cursor = self.cursor(first)
        self._out.clear()
        self._out_bytes = 0
        self._sent = first

    # --- what the partner says -----------------------------------------------------------------------

    def _take_want(self, first: int) -> Turn:
        if first > self._log.size:
            raise TheirFault("want.beyond", f"a position up to {self._log.size}", f"{first}")
        self._move("wanted")
        if self._state != "halted":
            self._go_to(first)
        return Turn()

    def _take_greeting_receipt(self, note: str) -> Turn:
        """A receipt by keys that have been changed since is passed over: the next one has the new keys."""
        try:
            return self._take_receipt(note)
        except TheirFault as fault:
            if fault.code != "checkpoint.unknown-key" and not fault.code.startswith("key."):
                raise
            return Turn([faulted(fault)])

    def _take_receipt(self, note: str) -> Turn:
        cosigned = open_cosigned(note.encode(), self._signer.verifier, self._verifier)
        signed = cosigned.checkpoint
        if signed.origin != self.origin:
            raise TheirFault("receipt.origin", f"a receipt for {self.origin}", "one for another log")
        lost = self._contradicts(signed)
        if lost is not None:
            self._move("halted")
            return Turn([faulted(lost, ours=True, halted=True)])
        if signed.size <= self.received:
            return Turn()
        self._receipt = cosigned
        # The partner repeats it in its greeting, so a power cut may take it back.
        said = {_RECEIPT: note.encode(), _received_at(cosigned.at): str(signed.size).encode()}
        self._log.set_facts(said, durable=False)
        self._settle(signed.size)
        return Turn([Receipted(size=signed.size)])

    def _contradicts(self, signed: Checkpoint) -> OurFault | None:
        """What our log lacks of a checkpoint that bears our own signature and the partner's."""
        if signed.size > self._log.size:
            expected = f"the {signed.size} entries that we signed and the partner holds"
            return OurFault("sent.lost", expected, f"a log of {self._log.size}")
        known = self._out.get(signed.size)
        if (known[0] if known else root_at(self._log, signed.size)) != signed.root:
            return OurFault("sent.fork", "the entries that we signed and the partner holds", "others")
        return None

    def _settle(self, size: int) -> None:
        """Everything up to ``size`` has arrived: make room in the window."""
        while self._out and next(iter(self._out)) <= size:
            self._out_bytes -= self._out.popitem(last=False)[1][1]
        if self._cursor is not None and self._cursor.at < size:
            self._go_to(size)  # a courier was faster
        if (self._state, "receipt") in OUTGOING:
            self._move("receipt")

    def _prove(self, old: int, new: int) -> Turn:
        if not 0 < old <= new <= self._log.size:
            raise TheirFault(
                "prove.beyond", f"sizes from 1 to {self._log.size}, in order", f"{old} and {new}"
            )
        root = root_at(self._log, new) and root_at(self._log, old)
        return Turn(frames=[frames.Proof(old, new, root, tuple(self._log.consistency(old, new)))])

    def _take_refusal(self, frame: frames.Refuse) -> Turn:
        if frame.code in HALTING or frame.code.startswith("entry."):
            self._move("halted")
        return Turn([_refused(frame.code, frame.expected, frame.came)])

    # --- couriers ------------------------------------------------------------------------------------

    def couriered(self, size: int) -> None:
        """A courier has taken everything up to ``size`` along."""
        with self._lock:
            if size > self._couriered:
                self._couriered = size
                self._log.set_facts({_COURIERED: str(size).encode()})

    def chunk_frames(self, cursor: Cursor) -> list[frames.Frame]:
        """The next frames from a cursor of the caller's own, apart from any conversation."""
        with self._lock:
            self.turned()
            chunk = cursor.next()
            return self._frames_of(chunk) if chunk else []

    def cursor(self, first: int) -> Cursor:
        """A cursor of one's own over the log."""
        with self._lock:
            return Cursor(self._log, first, self._withdrawn)


def _received_at(moment: datetime) -> str:
    """Under which name it is kept how much was received by that second: one fact for each at most."""
    return f"{_RECEIVED_AT}{moment:%Y-%m-%dT%H:%M:%SZ}"


def _refused(code: str, expected: str, came: str) -> RefusedByPartner:
    return RefusedByPartner(code=code[:100], expected=expected[:500], came=came[:500])
