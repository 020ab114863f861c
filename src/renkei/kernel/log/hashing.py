"""Hashing a batch of entries into a tree in a process beside: ``python -m renkei.kernel.log.hashing``.

An entry costs two SHA-256 of a few hundred bytes, and OpenSSL lets go of Python's interpreter only for
longer ones: two microseconds an entry that nobody who appends or answers can use.  So batches go to a
child process, which is given the growing edge of the tree and the entries and answers with the new nodes.  It
keeps nothing between two batches and can be killed at any moment: whatever it does not answer is hashed here,
and another child is started for the next batch.

A request is, in little-endian numbers, the tree's size (64 bits), how many nodes its edge has and how many
entries come (32 bits each); the nodes, largest first; where each entry ends (32 bits each); the entries.  The
answer is how many levels have new nodes and how many bytes each level has (32 bits each), and those bytes.
"""

import contextlib
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

from .merkle import HASH_BYTES, Frontier, leaf_hashes, split

Hashing = Callable[[Frontier, Sequence[bytes]], list[bytes]]
"""From a tree's edge and entries to the rows that adding them brings (``Frontier.rows``)."""

WORTH_SENDING = 256
"""Entries below which asking the child takes as long as hashing them."""
ANSWER_SECONDS = 2.0
"""A hundred times what the largest batch takes on a busy machine; a child that is slower is given up."""

_HEAD = struct.Struct("<QII")


def hash_here(edge: Frontier, entries: Sequence[bytes]) -> list[bytes]:
    """The rows that ``entries`` bring to the tree at ``edge``."""
    return edge.rows(leaf_hashes(entries))


class HashProcess:
    """A ``Hashing`` that has large batches hashed by a child, started with the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False

    def __call__(self, edge: Frontier, entries: Sequence[bytes]) -> list[bytes]:
        """See ``Hashing``."""
        if len(entries) < WORTH_SENDING:
            return hash_here(edge, entries)
        with self._lock:
            if self._line is None:
                self._begin()  # by the next batch it will be there
            else:
                try:
                    _ask(self._line, edge, entries)
                    return _answer(self._line)
                except OSError:
                    self._end()
        return hash_here(edge, entries)

    def close(self) -> None:
        """End the child; from now on everything is hashed here."""
        with self._lock:
            self._closed = True
            self._end()

    def _begin(self) -> None:
        if self._closed:
            return
        ours, theirs = socket.socketpair()
        ours.settimeout(ANSWER_SECONDS)
        with theirs:
            try:
                self._child = subprocess.Popen(  # noqa: S603 - this very interpreter and module
                    [sys.executable, "-m", __name__], stdin=theirs.fileno(), start_new_session=True
                )
            except OSError:  # no room for another process: it is tried again with the next batch
                ours.close()
            else:
                self._line = ours

    def _end(self) -> None:
        if self._line is not None and self._child is not None:
            self._line.close()
            self._child.kill()
            self._child.wait()
        self._line = self._child = None


def _ask(line: socket.socket, edge: Frontier, entries: Sequence[bytes]) -> None:
    nodes = edge.nodes()
    head = _HEAD.pack(edge.size, len(nodes), len(entries))
    ends = struct.pack(f"<{len(entries)}I", *accumulate(map(len, entries)))
    line.sendall(b"".join((head, *nodes, ends, *entries)))


def _answer(line: socket.socket) -> list[bytes]:
    (levels,) = struct.unpack("<I", _read(line, 4))
    lengths = struct.unpack(f"<{levels}I", _read(line, 4 * levels))
    rows = _read(line, sum(lengths))
    return [rows[start:end] for start, end in pairwise(accumulate(lengths, initial=0))]


def _read(line: socket.socket, count: int) -> bytes:
    """Exactly ``count`` bytes.  Raises OSError, also if the other end goes."""
    body, got = bytearray(count), 0
    with memoryview(body) as room:
        while got < count:
            step = line.recv_into(room[got:])
            if step == 0:
                raise ConnectionResetError("the other end has gone")
            got += step
    return bytes(body)


def _serve(line: socket.socket) -> None:
    """Answer until the other end goes."""
    while True:
        size, count, entries = _HEAD.unpack(_read(line, _HEAD.size))
        edge = Frontier.of(size, split(_read(line, count * HASH_BYTES)))
        ends = struct.unpack(f"<{entries}I", _read(line, 4 * entries))
        body = _read(line, ends[-1])
        rows = hash_here(edge, [body[start:end] for start, end in pairwise((0, *ends))])
        line.sendall(struct.pack(f"<I{len(rows)}I", len(rows), *map(len, rows)) + b"".join(rows))


if __name__ == "__main__":
    with socket.socket(fileno=0) as standard_input, contextlib.suppress(OSError, KeyboardInterrupt):
        _serve(standard_input)
