"""A log kept in memory: for tests, rehearsals and worlds of many headquarters.

The plainest reading of the contract, against which the SQLite home is compared.  Nothing is durable.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from threading import RLock

from . import merkle
from .base import Draft, Head, Pack, check_first, check_seq, check_size, check_sizes
from .merkle import HASH_BYTES
from .versions import number, sort_out, standing


class MemoryLog:
    """A ``Log`` in lists."""

    def __init__(self, origin: str, *, bodied: bool = False) -> None:
        """An empty log; ``bodied`` if there may be bodies beside its entries."""
        self._origin = origin
        self._bodied = bodied
        self._bodies: list[bytes | None] = []
        self._lock = RLock()
        self._entries: list[bytes] = []
        self._packs: list[tuple[int, datetime]] = []
        self._versions: dict[str, int] = {}
        self._facts: dict[str, bytes] = {}
        self._frontier = merkle.Frontier()
        self._rows: list[bytearray] = []
        self._listeners: list[Callable[[int], None]] = []

    @property
    def origin(self) -> str:
        """See ``Log``."""
        return self._origin

    @property
    def size(self) -> int:
        """See ``Log``."""
        return len(self._entries)

    def append(self, drafts: Sequence[Draft], at: datetime, facts: Mapping[str, bytes] | None = None) -> int:
        """See ``Log``."""
        answer = self._commit([drafts], at, facts or {})[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def append_groups(self, groups: Sequence[Sequence[Draft]], at: datetime) -> list[int | Exception]:
        """See ``Log``."""
        return self._commit(groups, at, {})

    def _commit(
        self, groups: Sequence[Sequence[Draft]], at: datetime, facts: Mapping[str, bytes]
    ) -> list[int | Exception]:
        with self._lock:
            first = len(self._entries)
            verdicts = sort_out(groups, lambda key: self._versions.get(key, 0), self._bodied)
            answers = number(groups, verdicts, first)
            drafts = [draft for group in standing(groups, verdicts) for draft in group]
            if drafts:
                self._packs.append((first, at))
                self._entries += [draft.entry for draft in drafts]
                self._bodies += [draft.body for draft in drafts] if self._bodied else []
                self._versions |= {draft.key: draft.version for draft in drafts if draft.key}
            if all(verdict is None for verdict in verdicts):
                self._facts |= facts
        for listener in self._listeners if drafts else ():
            listener(first + len(drafts))
        return answers

    def read(self, first: int, limit: int = 1000) -> Iterator[Pack]:
        """See ``Log``."""
        check_first(first)
        return self._read(first, limit)

    def _read(self, first: int, limit: int) -> Iterator[Pack]:
        end = min(first + limit, len(self._entries))
        at = bisect_right(self._packs, first, key=lambda pack: pack[0]) - 1
        while first < end:
            beyond = self._packs[at + 1][0] if at + 1 < len(self._packs) else end
            stop = min(beyond, end)
            entries, bodies = tuple(self._entries[first:stop]), tuple(self._bodies[first:stop])
            yield Pack(first, self._packs[at][1], entries, bodies)
            first, at = stop, at + 1

    def entry(self, seq: int) -> bytes:
        """See ``Log``."""
        check_seq(seq, len(self._entries))
        return self._entries[seq]

    def erase(self, seqs: Iterable[int]) -> None:
        """See ``Log``."""
        gone = list(seqs)
        with self._lock:
            for seq in gone:
                check_seq(seq, len(self._entries))
            for seq in gone if self._bodied else ():
                self._bodies[seq] = None

    def newest_version(self, key: str) -> int:
        """See ``Log``."""
        return self._versions.get(key, 0)

    def fact(self, name: str) -> bytes | None:
        """See ``Log``."""
        return self._facts.get(name)

    def facts_named(self, names: Sequence[str]) -> dict[str, bytes]:
        """See ``Log``."""
        with self._lock:
            return {name: self._facts[name] for name in names if name in self._facts}

    def facts(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """See ``Log``."""
        with self._lock:
            found = sorted(item for item in self._facts.items() if item[0].startswith(prefix))
        return iter(found)

    def set_facts(self, facts: Mapping[str, bytes], durable: bool = True) -> None:
        """See ``Log``."""
        with self._lock:
            self._facts |= facts

    def on_append(self, listener: Callable[[int], None]) -> None:
        """See ``Log``."""
        self._listeners.append(listener)

    def seal(self) -> Head:
        """See ``Log``."""
        with self._lock:
            grown = self._frontier.extend(merkle.leaf_hashes(self._entries[self._frontier.size :]))
            self._rows += [bytearray() for _ in range(len(grown) - len(self._rows))]
            for level, new in enumerate(grown):
                self._rows[level] += new
            return Head(self._frontier.size, self._frontier.root())

    def head(self, size: int | None = None) -> Head:
        """See ``Log``."""
        with self._lock:
            size = self._frontier.size if size is None else size
            check_size(size, self._frontier.size)
            return Head(size, merkle.tree_root(size, self._node))

    def inclusion(self, seq: int, size: int) -> list[bytes]:
        """See ``Log``."""
        with self._lock:
            check_size(size, self._frontier.size)
            check_seq(seq, size)
            return merkle.inclusion_path(seq, size, self._node)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """See ``Log``."""
        with self._lock:
            check_sizes(old, new, self._frontier.size)
            return merkle.consistency_path(old, new, self._node)

    def close(self) -> None:
        """See ``Log``."""

    def _node(self, level: int, index: int) -> bytes:
        return bytes(self._rows[level][index * HASH_BYTES : (index + 1) * HASH_BYTES])
