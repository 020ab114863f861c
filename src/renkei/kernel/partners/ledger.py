"""What we hold of a partner's log: the entries, and beside them what proves and continues them.

Beside the entries of the log received stand, set in the same transactions, the partner's newest verified
checkpoint, our receipt for it, the tree's edge at the log's end, and why nothing more is taken, if so.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from ..clock import Clock
from ..errors import OurFault
from ..log.base import Draft, Log
from ..log.checkpoint import Checkpoint, peek_checkpoint
from ..log.merkle import Frontier, leaf_hash
from .chunks import decode_frontier, encode_frontier, frontier_at, root_at
from .evidence import Place

_NOTE, _RECEIPT, _EDGE, _HALT = "partner checkpoint", "receipt", "edge", "halt"


class Halt(msgspec.Struct, frozen=True):
    """Why nothing more is taken."""

    code: str
    expected: str
    came: str
    at: datetime


class Held(msgspec.Struct, frozen=True):
    """A verified checkpoint, and the note it came in."""

    checkpoint: Checkpoint
    note: bytes


class Ledger:
    """The log received from one partner, with the facts beside it."""

    def __init__(self, log: Log, clock: Clock) -> None:
        self._log, self._clock = log, clock
        self.edge = self._load_edge()
        note = log.fact(_NOTE)
        self.held = None if note is None else Held(peek_checkpoint(note), note)
        halt = log.fact(_HALT)
        self.halt = msgspec.json.decode(halt, type=Halt) if halt else None

    def _load_edge(self) -> Frontier:
        fact = self._log.fact(_EDGE)
        try:
            edge = Frontier() if fact is None else decode_frontier(fact)
        except (ValueError, KeyError):
            raise OurFault(
                "received.damaged", "a tree's edge beside the log received", "other bytes"
            ) from None
        if edge.size != self._log.size:
            expected = f"{edge.size} entries in the log {self._log.origin}"
            raise OurFault("received.damaged", expected, f"{self._log.size}")
        return edge

    @property
    def have(self) -> int:
        """How many entries are logged."""
        return self.edge.size

    @property
    def receipt(self) -> str:
        """Our newest receipt, a countersigned note; empty before the first."""
        return (self._log.fact(_RECEIPT) or b"").decode()

    def keep(self, drafts: Sequence[Draft], edge: Frontier) -> None:
        """Log ``drafts``, which reach to ``edge``, without a checkpoint at their end."""
        self._write(drafts, edge, {})

    def seal(self, drafts: Sequence[Draft], edge: Frontier, held: Held, receipt: bytes) -> None:
        """Log ``drafts`` with the checkpoint that covers them and our receipt for it."""
        self._write(drafts, edge, {_NOTE: held.note, _RECEIPT: receipt})
        self.held = held

    def _write(self, drafts: Sequence[Draft], edge: Frontier, facts: dict[str, bytes]) -> None:
        facts[_EDGE] = encode_frontier(edge)
        if drafts:
            self._log.append(drafts, self._clock.now(), facts)
        else:
            self._log.set_facts(facts)
        self.edge = edge

    def stop(self, halt: Halt | None) -> None:
        """Remember why nothing more is taken, or that it is taken again."""
        self._log.set_facts({_HALT: msgspec.json.encode(halt) if halt else b""})
        self.halt = halt

    def first_difference(self, first: int, entries: Sequence[bytes]) -> int | None:
        """The number of the first of ``entries``, numbered from ``first``, that is not the one logged."""
        logged = (entry for pack in self._log.read(first, len(entries)) for entry in pack.entries)
        for seq, (one, other) in enumerate(zip(logged, entries, strict=True), first):
            if one != other:
                return seq
        return None

    def edge_at(self, size: int) -> Frontier:
        """The tree's edge at an earlier size."""
        return frontier_at(self._log, size)

    def root_at(self, size: int) -> bytes:
        """The root over the first ``size`` entries."""
        if size == self.have:
            return self.edge.root()
        return root_at(self._log, size)

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof that the first ``old`` of the first ``new`` entries are unchanged."""
        self._seal_to(new)
        return tuple(self._log.consistency(old, new))

    def place(self, seq: int, size: int) -> Place | None:
        """Where entry ``seq`` stands in the tree of ``size``; None if it is not in it."""
        if seq >= size:
            return None
        self._seal_to(size)
        return Place(seq, leaf_hash(self._log.entry(seq)), tuple(self._log.inclusion(seq, size)))

    def _seal_to(self, size: int) -> None:
        if self._log.head().size < size:
            self._log.seal()
