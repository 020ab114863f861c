"""The receiver: a partner's log as it arrives, verified, logged and signed for.

What comes is *staged* in memory until a checkpoint by the partner covers it.  Then, in this order:

1. the signature and the origin of the checkpoint are checked;
2. the root over what we logged and what is staged must be the root signed;
3. every body must be a record of the partner in the realm agreed on (``entries``);
4. entries, bodies, checkpoint, the tree's edge and our countersigned receipt go into the log received in
   one transaction (``ledger``); the receipt is then sent.

So the log received never holds an entry that its owner has not signed for, and after a crash at any
point the partner is asked to go on from where the log ends.

What comes twice is compared and passed over.  What comes too early is passed over and asked for in order.
What contradicts is named, kept as evidence and refused.  Only a contradiction that makes going on unsafe
halts this direction, durably, until a person calls ``resume``: a fork, a rewrite, or an entry under
the partner's signature that cannot be logged.  All that was sound before it stays.

Methods may be called from several threads (a link's and a courier's); each is one step.
"""

from collections.abc import Callable
from datetime import datetime
from threading import RLock
from typing import Any

from ..clock import Clock
from ..errors import TheirFault
from ..log.base import Log
from ..log.checkpoint import Checkpoint, NoteSigner, NoteVerifier, cosign, open_checkpoint
from ..log.merkle import Frontier, verify_consistency
from ..records import LIVE
from . import frames
from .chunks import seconds_between, sent_origin
from .entries import EntryCheck
from .events import Event, Received, Turn, faulted
from .evidence import Evidence, Place, judge
from .ledger import Halt, Held, Ledger
from .staging import MAX_STAGED_BYTES, Staging
from .states import INCOMING, step

MAX_REPAIRS = 3
"""Times in a row that unsound bytes are asked for again before the conversation is given up."""
MAX_FAULTS = 16
"""Faults named in one conversation before it is given up: naming more would fill logs, not tell more."""
MAX_SHOWN = 1024
"""Contradictions remembered so that the same one, shown again, is not kept as evidence again."""
ASK_AGAIN_AFTER = 2.0
"""Seconds after which an unanswered WANT or PROVE is repeated: a satellite round trip three times over."""


class Receiver:
    """One partner's log for us, on our side."""

    def __init__(
        self,
        received: Log,
        verifier: NoteVerifier,
        cosigner: NoteSigner,
        evidence: Callable[[Evidence], None],
        *,
        hq: str,
        partner: str,
        clock: Clock,
        realm: str = LIVE,
    ) -> None:
        """``verifier`` is the partner's key, ``cosigner`` ours, ``evidence`` keeps what contradicts."""
        self._ledger = Ledger(received, clock)
        self._verifier, self._cosigner = verifier, cosigner
        self._keep_evidence = evidence
        self._partner, self.realm, self._clock = partner, realm, clock
        self.origin = sent_origin(partner, hq)
        self._check = EntryCheck(partner, realm)
        self._lock = RLock()
        self._shown: set[tuple[str, bytes]] = set()
        self.begin()

    # --- where it stands -----------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """A state of ``states.INCOMING``."""
        return self._state

    @property
    def have(self) -> int:
        """How many of the partner's entries are logged here."""
        return self._ledger.have

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint of the partner that was verified and receipted."""
        held = self._ledger.held
        return held.checkpoint if held else None

    @property
    def receipt(self) -> str:
        """Our newest receipt, a countersigned note; empty before the first."""
        return self._ledger.receipt

    @property
    def halted(self) -> Halt | None:
        """Why nothing more is taken, if so."""
        return self._ledger.halt

    # --- the conversation ----------------------------------------------------------------------------

    def begin(self) -> None:
        """A new conversation: forget what was staged in the last one."""
        with self._lock:
            self._state = "waiting"
            self._staging = Staging(self._ledger.edge)
            self._repairs = self._faults = 0
            self._asked: frames.Want | frames.Prove | None = None
            self._asked_at: datetime | None = None
            self._doubted: Held | None = None

    def resume(self) -> None:
        """A person has looked at why this direction halted and lets it go on."""
        with self._lock:
            self._ledger.stop(None)
            self.begin()

    def open(self) -> bool:
        """Be ready to take frames without a greeting, as from a courier; whether that was new."""
        with self._lock:
            new = self._state == "waiting"
            if new:
                self._move("halted" if self.halted else "greeted")
            return new

    def greeted(self, size: int, note: str) -> Turn:
        """The partner says its log is ``size`` long and signs ``note`` for that."""
        with self._lock:
            self.open()
            held = self.checkpoint
            if self.halted is not None:
                return Turn()
            if held is not None and size < held.size:
                expected = f"a log of at least the {held.size} entries signed for"
                return self._refuse(TheirFault("checkpoint.truncated", expected, f"{size}"), note.encode())
            return self._take_checkpoint(note.encode(), greeting=True) if note else Turn()

    def take(self, frame: frames.Entries | frames.Checkpoint | frames.Proof) -> Turn:
        """One frame of the partner's log.  Raises TheirFault when asking again does not help."""
        with self._lock:
            if self.halted is not None:
                return Turn()
            if isinstance(frame, frames.Proof):
                return self._take_proof(frame)
            if self._state == "proving":
                return Turn()  # sent before the partner saw our question; asked for again after it
            if isinstance(frame, frames.Entries):
                return self._take_entries(frame)
            return self._take_checkpoint(frame.note.encode())

    def tick(self, now: datetime) -> Turn:
        """Ask again what was not answered."""
        with self._lock:
            if self._asked is None or seconds_between(self._asked_at, now) < ASK_AGAIN_AFTER:
                return Turn()
            self._asked_at = now
            return Turn(frames=[self._asked])

    def _move(self, what: str) -> None:
        self._state = step(INCOMING, self._state, what)

    # --- entries -------------------------------------------------------------------------------------

    def _take_entries(self, frame: frames.Entries) -> Turn:
        first, entries, bodies, staging = frame.first, frame.entries, frame.bodies, self._staging
        if staging.differs is not None and staging.base <= first <= staging.end:
            return self._stage(first, entries, bodies)  # goes on with what differs, until it is signed for
        if first < self.have:
            overlap = entries[: self.have - first]
            differs = self._ledger.first_difference(first, overlap)
            if differs is not None:
                self._staging = Staging(self._ledger.edge_at(first), differs)
                return self._stage(first, entries, bodies)
            known = len(overlap)
            first, entries, bodies = first + known, entries[known:], bodies[known:]
            if not entries:
                return Turn()
        if staging.differs is not None:
            staging = self._staging = Staging(self._ledger.edge)
        if first > staging.end:
            return self._ask(frames.Want(staging.end))
        return self._stage(first, entries, bodies)

    def _stage(self, first: int, entries: tuple[bytes, ...], bodies: tuple[bytes | None, ...]) -> Turn:
        self._staging.put(first, entries, bodies)
        self._move("entries")
        if self._staging.overfull:
            expected = f"a checkpoint within {MAX_STAGED_BYTES} bytes of entries"
            return self._repair(TheirFault("entries.unsealed", expected, "more entries"))
        return Turn()

    # --- checkpoints ---------------------------------------------------------------------------------

    def _take_checkpoint(self, note: bytes, *, greeting: bool = False) -> Turn:
        try:
            checkpoint = open_checkpoint(note, self._verifier)
            if checkpoint.origin != self.origin:
                came = "one of another log"
                raise TheirFault("checkpoint.origin", f"a checkpoint of {self.origin}", came)
        except TheirFault as fault:
            return self._refuse(fault, note)
        shown = Held(checkpoint, note)
        if self._staging.differs is not None and checkpoint.size <= max(self._staging.end, self.have):
            return self._judge_difference(shown)
        if checkpoint.size <= self.have:
            return self._compare(shown)
        if greeting:
            return Turn()
        if checkpoint.size > self._staging.end:
            return self._ask(frames.Want(self._staging.end))
        return self._cover(shown)

    def _compare(self, shown: Held) -> Turn:
        """A checkpoint over what is logged already: the same as ours, or a fork."""
        size = shown.checkpoint.size
        if self._ledger.root_at(size) != shown.checkpoint.root:
            return self._halt_for_fork(shown)
        held = self._ledger.held
        if held is not None and held.note == shown.note:
            return Turn(frames=[frames.Receipt(self.receipt)])
        if 0 < size == self.have:
            return self._seal(shown, self._ledger.edge)  # the same again under a new key, or after a halt
        return Turn()

    def _cover(self, shown: Held) -> Turn:
        """A checkpoint over staged entries: log them if it fits, ask for a proof if it does not."""
        size = shown.checkpoint.size
        edge = self._staging.edge_at(size)
        if edge.root() != shown.checkpoint.root:
            return self._doubt(shown)
        bad = self._check.first_fault(self._staging.bodies[: size - self.have])
        if bad is not None:
            return self._halt_for_entry(self.have + bad[0], bad[1], shown)
        return self._seal(shown, edge)

    def _seal(self, shown: Held, edge: Frontier) -> Turn:
        """Log the staged entries up to ``edge`` and sign for everything up to there."""
        first = self.have
        receipt = cosign(shown.note, self._cosigner, self._clock.now())
        self._ledger.seal(self._staging.drafts(edge.size - first), edge, shown, receipt)
        self._staging.drop_before(edge)
        self._repairs, self._asked = 0, None
        self._move("partly sealed" if self._staging.entries else "sealed")
        events: list[Event] = [Received(first=first, size=edge.size)] if edge.size > first else []
        return Turn(events, [frames.Receipt(receipt.decode())])

    # --- doubts --------------------------------------------------------------------------------------

    def _doubt(self, shown: Held) -> Turn:
        """The staged entries do not hash to what was signed: is the log another, or are the bytes damaged?"""
        size = shown.checkpoint.size
        expected = f"entries that hash to the root signed at {size}"
        fault = TheirFault("checkpoint.mismatch", expected, "others")
        if self.checkpoint is None:
            return self._repair(fault, shown.note)
        turn = self._refuse(fault, shown.note)
        self._move("mismatch")
        self._staging, self._doubted = Staging(self._ledger.edge), shown
        return turn.add(self._ask(frames.Prove(self.checkpoint.size, size)))

    def _take_proof(self, proof: frames.Proof) -> Turn:
        held, shown = self.checkpoint, self._doubted
        if self._state != "proving" or shown is None or held is None:
            return Turn()
        size, root = shown.checkpoint.size, shown.checkpoint.root
        if (proof.old, proof.new) != (held.size, size):
            return Turn()
        if not verify_consistency(held.size, size, proof.old_root, root, proof.hashes):
            expected = "a consistency proof that leads to the root signed"
            fault = TheirFault("checkpoint.unproven", expected, "one that does not")
            return self._halt(fault, shown.note, old_root=proof.old_root, proof=proof.hashes)
        if proof.old_root == held.root:
            return self._repair(TheirFault("entries.damaged", "the entries signed for", "other bytes"))
        return self._halt_for_fork(shown, proof)

    def _judge_difference(self, shown: Held) -> Turn:
        """Entries came that differ from those logged; now a checkpoint tells whether they are signed for."""
        staging, size = self._staging, shown.checkpoint.size
        seq, held = staging.differs, self.checkpoint
        assert seq is not None
        signed = seq < size <= staging.end and staging.edge_at(size).root() == shown.checkpoint.root
        if held is None or not signed:
            turn = self._refuse(TheirFault("entries.damaged", "the entries signed for", "other bytes"))
            self._discard()
            return turn.add(self._take_checkpoint(shown.note))
        fault = TheirFault("entries.rewritten", f"entry {seq} as it was signed for", "another one")
        there = Place(seq, staging.leaf(seq), staging.path(seq, size))
        here = self._ledger.place(seq, held.size)
        return self._halt(fault, shown.note, held_place=here, shown_place=there)

    # --- refusing ------------------------------------------------------------------------------------

    def _ask(self, question: frames.Want | frames.Prove) -> Turn:
        """Ask once; ``tick`` repeats it if nothing comes of it."""
        if isinstance(question, frames.Want):
            self._move("gap")
        if question == self._asked:
            return Turn()
        self._asked, self._asked_at = question, self._clock.now()
        return Turn(frames=[question])

    def _refuse(self, fault: TheirFault, shown: bytes = b"") -> Turn:
        """Name the fault to both sides and keep what was shown; nothing else changes."""
        self._faults += 1
        if self._faults > MAX_FAULTS:
            raise fault
        if shown:
            self._keep(self._evidence(fault, shown))
        return Turn([faulted(fault)], [_refusal(fault)])

    def _repair(self, fault: TheirFault, shown: bytes = b"") -> Turn:
        """Drop what is staged and ask for it again, a few times."""
        turn = self._refuse(fault, shown)
        self._repairs += 1
        if self._repairs > MAX_REPAIRS:
            raise fault
        self._discard()
        return turn.add(self._ask(frames.Want(self.have)))

    def _discard(self) -> None:
        self._staging = Staging(self._ledger.edge)
        self._doubted = self._asked = None
        self._move("discarded")

    def _halt_for_fork(self, shown: Held, proof: frames.Proof | None = None) -> Turn:
        expected = "one log, whose every checkpoint extends the ones before"
        fault = TheirFault("checkpoint.fork", expected, "a second one")
        held, size = self.checkpoint, shown.checkpoint.size
        if proof is not None:
            return self._halt(fault, shown.note, old_root=proof.old_root, proof=proof.hashes)
        if held is None or size >= held.size:
            return self._halt(fault, shown.note)
        path = self._ledger.consistency(size, held.size)
        return self._halt(fault, shown.note, old_root=self._ledger.root_at(size), proof=path)

    def _halt_for_entry(self, seq: int, fault: TheirFault, shown: Held) -> Turn:
        """An entry under the partner's signature cannot be logged: keep what came before it."""
        staging, first = self._staging, self.have
        there = Place(seq, staging.leaf(seq), staging.path(seq, shown.checkpoint.size))
        body = staging.bodies[seq - first] or b""
        turn = Turn()
        if seq > first:
            edge = staging.edge_at(seq)
            self._ledger.keep(staging.drafts(seq - first), edge)
            turn.events.append(Received(first=first, size=seq))
        return turn.add(self._halt(fault, shown.note, shown_place=there, body=body))

    def _halt(self, fault: TheirFault, shown: bytes, **more: Any) -> Turn:
        """Take no more of this log, now and after a restart; ``more`` are fields of the evidence."""
        evidence = self._evidence(fault, shown, **more)
        self._keep(evidence)
        self._ledger.stop(Halt(fault.code, fault.expected, fault.came, self._clock.now()))
        self._move("halted")
        self._staging, self._asked = Staging(self._ledger.edge), None
        proven = judge(evidence, self._verifier)
        return Turn([faulted(fault, halted=True, proven=proven)], [_refusal(fault)])

    def _evidence(self, fault: TheirFault, shown: bytes, **more: Any) -> Evidence:
        held = self._ledger.held
        return Evidence(
            code=fault.code,
            expected=fault.expected,
            came=fault.came,
            partner=self._partner,
            origin=self.origin,
            realm=self.realm,
            at=self._clock.now(),
            held=held.note.decode() if held else "",
            shown=shown.decode(errors="replace"),
            **more,
        )

    def _keep(self, evidence: Evidence) -> None:
        """Hand the evidence over, once: a partner that shows it at every greeting must not fill the disk."""
        key = (evidence.code, evidence.shown.encode())
        if key not in self._shown and len(self._shown) < MAX_SHOWN:
            self._shown.add(key)
            self._keep_evidence(evidence)


def _refusal(fault: TheirFault) -> frames.Refuse:
    return frames.Refuse(code=fault.code, expected=fault.expected, came=fault.came)
