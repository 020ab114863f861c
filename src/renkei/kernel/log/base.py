"""What a log is, whatever it is kept in.

A log is a numbered, append-only list of entries (bytes) under an RFC 6962 Merkle tree.  The same
contract serves the master log, the audit log and, for each partner, the log sent and the log
received.  ``tests/contracts`` runs every home of a log through one suite.

Order of events: ``append`` returns when the entries are durable and have their numbers; the tree
and its signed checkpoint follow behind, off the acknowledgement path, and ``seal`` brings them up
to date.  Nothing here knows what an entry means.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

HASH_BYTES = 32


class Draft(msgspec.Struct, frozen=True):
    """One entry to append.

    ``key`` and ``version`` state what the writer saw: the log refuses the whole append with
    StaleVersion unless ``version`` is exactly one more than the newest it holds for ``key``.
    A draft with an empty key takes no part in that check.
    """

    entry: bytes
    key: str = ""
    version: int = 0


class Pack(msgspec.Struct, frozen=True):
    """Entries committed together: the first one's number, when they were logged, and their bytes."""

    first: int
    logged_at: datetime
    entries: tuple[bytes, ...]


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

        ``facts`` are small values set in the same transaction (a position, an alias), read back
        with ``fact``.  Raises StaleVersion when a draft's version is not the next one.
        """
        ...

    def append_groups(self, groups: Sequence[Sequence[Draft]], at: datetime) -> list[int | Exception]:
        """Several independent appends in one commit: each group stands or falls alone."""
        ...

    def read(self, first: int, limit: int = 1000) -> Iterator[Pack]:
        """Packs covering ``first`` onwards, cut to at most ``limit`` entries in all."""
        ...

    def entry(self, seq: int) -> bytes:
        """The bytes of one entry.  Raises BadInput if ``seq`` is not in the log."""
        ...

    def newest_version(self, key: str) -> int:
        """The newest version appended under ``key``, 0 if none."""
        ...

    def fact(self, name: str) -> bytes | None:
        """A value set beside an append, or None."""
        ...

    def facts(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """All values whose name starts with ``prefix``, in order of name."""
        ...

    def set_facts(self, facts: Mapping[str, bytes]) -> None:
        """Set values on their own, durable on return."""
        ...

    def seal(self) -> Head:
        """Bring the tree up to ``size`` and return its head."""
        ...

    def head(self, size: int | None = None) -> Head:
        """The tree head at ``size`` (default: as far as the tree has been brought)."""
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
