"""What a log is, whatever it is kept in.

A log is a numbered, append-only list of entries (bytes) under an RFC 6962 Merkle tree.  The same
contract serves the master log, the audit log and, for each partner, the log sent and the log
received.  The last two have *bodies*: bytes beside an entry that are not in the tree and can be erased.
``tests/contracts`` runs every home of a log through one suite.

Order of events: ``append`` returns when the entries are durable and have their numbers; the tree
and its signed checkpoint follow behind, off the acknowledgement path, and ``seal`` brings them up
to date.  Nothing here knows what an entry means.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from ..errors import BadInput

MAX_ENTRY_BYTES = 1024 * 1024
"""One entry's size: four times the largest record, so that what wraps a record always fits."""

MAX_VERSION = 2**62
"""Of a key; what every home can count beyond."""

CHECKPOINT = "checkpoint"
"""Name of the fact that holds the newest signed checkpoint of the log's own tree."""


class Draft(msgspec.Struct, frozen=True, gc=False):
    """One entry to append.

    ``key`` and ``version`` state what the writer saw: the log refuses the whole append with
    StaleVersion unless ``version`` is exactly one more than the newest it holds for ``key``.
    A draft with an empty key takes no part in that check.  A key is text without NUL.

    ``body`` stands beside the entry in a log that has bodies, and can be erased; it has a byte or more.  With
    ``ours`` it need not be past recovery then: it is what this headquarters itself said.
    """

    entry: bytes
    key: str = ""
    version: int = 0
    body: bytes | None = None
    ours: bool = False


class Pack(msgspec.Struct, frozen=True):
    """Entries committed together: the first one's number, when they were logged, and their bytes.

    ``bodies`` has one item for each entry, None where there is no body (any more); it is empty in a
    log without bodies.
    """

    first: int
    logged_at: datetime
    entries: tuple[bytes, ...]
    bodies: tuple[bytes | None, ...] = ()


class Head(msgspec.Struct, frozen=True):
    """A tree head: the number of leaves, and the root over them."""

    size: int
    root: bytes


class Log(Protocol):
    """An append-only log.  Methods are safe to call from any thread; numbers start at 0."""

    @property
    def origin(self) -> str:
        """The log's name, the first line of its checkpoints, e.g. ``renkei/us.usfj/master``."""
        ...

    @property
    def size(self) -> int:
        """How many entries are durable."""
        ...

    def append(
        self,
        drafts: Sequence[Draft],
        at: datetime,
        facts: Mapping[str, bytes] | None = None,
    ) -> int:
        """Add all of ``drafts`` or none; durable on return.  Returns the first one's number.

        ``facts`` are small values set in the same transaction (a position, a number), read back
        with ``fact``.  Raises StaleVersion when a draft's version is not the next one, BadInput when
        an entry or body is larger than MAX_ENTRY_BYTES, a key is not text without NUL, or a body is empty
        or brought to a log without bodies.
        """
        ...

    def append_groups(self, groups: Sequence[Sequence[Draft]], at: datetime) -> list[int | Exception]:
        """Several independent appends in one commit: each group stands or falls alone.

        Answers in order, for each group its first entry's number or why it was refused.  Groups are
        taken in order, so a later group sees the versions an earlier one set.
        """
        ...

    def read(self, first: int, limit: int = 1000) -> Iterator[Pack]:
        """Packs covering ``first`` onwards, cut to at most ``limit`` entries in all.

        Nothing if ``first`` is at or beyond the end.  Raises BadInput if it is negative.
        """
        ...

    def entry(self, seq: int) -> bytes:
        """The bytes of one entry.  Raises BadInput if ``seq`` is not in the log."""
        ...

    def erase(self, seqs: Iterable[int]) -> None:
        """Take out the bodies of ``seqs``, for ever; durable on return.

        Entries, tree and proofs stay as they are, and reading a body that is gone gives None.  One that is
        gone already is no error.  Raises BadInput if a number is not in the log, with nothing erased.
        """
        ...

    def newest_version(self, key: str) -> int:
        """The newest version appended under ``key``, 0 if none."""
        ...

    def fact(self, name: str) -> bytes | None:
        """A value set beside an append, or None."""
        ...

    def facts_named(self, names: Sequence[str]) -> dict[str, bytes]:
        """The values of those of ``names`` that are set; thousands cost little more than one."""
        ...

    def facts(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """All values whose name starts with ``prefix``, in order of name."""
        ...

    def set_facts(self, facts: Mapping[str, bytes], durable: bool = True) -> None:
        """Set values on their own.

        Durable on return, unless ``durable`` is False: then a crash of the process loses nothing, but
        a power cut may bring an older value back.  For what can be made again from the entries.
        """
        ...

    def on_append(self, listener: Callable[[int], None]) -> None:
        """Have ``listener`` called with the new size after each commit that added entries.

        It runs on the thread that appended, before ``append`` returns: it must not raise, and be quick
        unless it means to pace appends.
        """
        ...

    def seal(self) -> Head:
        """Bring the tree up to ``size`` and return its head."""
        ...

    def head(self, size: int | None = None) -> Head:
        """The tree head at ``size`` (default: as far as the tree has been brought).

        Raises BadInput, as the two proofs below do, if ``size`` is beyond that.
        """
        ...

    def inclusion(self, seq: int, size: int) -> list[bytes]:
        """RFC 6962 audit path of entry ``seq`` in the tree of ``size`` leaves."""
        ...

    def consistency(self, old: int, new: int) -> list[bytes]:
        """RFC 6962 proof that the tree of ``old`` leaves is a prefix of that of ``new``."""
        ...

    def close(self) -> None:
        """Release files and threads; everything acknowledged is already on disk."""
        ...


def check_seq(seq: int, size: int) -> None:
    """Refuse, with BadInput, a number that is not in a log of ``size`` entries."""
    if not 0 <= seq < size:
        raise BadInput("log.number", f"an entry's number below {size}", f"{seq}")


def check_first(first: int) -> None:
    """Refuse, with BadInput, to read from a negative number."""
    if first < 0:
        raise BadInput("log.number", "a number from 0", f"{first}")


def check_size(size: int, sealed: int) -> None:
    """Refuse, with BadInput, a tree size beyond what is sealed."""
    if not 0 <= size <= sealed:
        raise BadInput("log.size", f"a tree size up to {sealed}", f"{size}")


def check_sizes(old: int, new: int, sealed: int) -> None:
    """Refuse, with BadInput, a pair of tree sizes out of order or beyond what is sealed."""
    check_size(new, sealed)
    if not 0 <= old <= new:
        raise BadInput("log.size", f"an older tree size up to {new}", f"{old}")
