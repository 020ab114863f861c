"""Links of the world: bytes between two nodes' sessions, as good or bad as a test wants them.

A link moves frames, the units a network may delay, double or swap; within a frame bytes stay in order, as
they do under TLS.  All misbehaviour comes from one seeded generator, so a failing story repeats.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from renkei.kernel.errors import RenkeiError
from renkei.kernel.partners import Session
from renkei.node import Node

HEADER_BYTES = 5
"""docs/protocol/link.md: a frame is its payload's length (4 bytes, big-endian), its type, the payload."""


@dataclass
class Conditions:
    """What a link does to frames.  Chances are per frame; ``delay`` is how many rounds a frame may wait."""

    up: bool = True
    double: float = 0.0
    swap: float = 0.0
    delay: int = 0


class WorldLink:
    """A link between two headquarters, with a conversation while it is up."""

    def __init__(self, one: Node, other: Node, conditions: Conditions, seed: int = 0) -> None:
        self.ends = (one, other)
        self.conditions = conditions
        self.faults: list[RenkeiError] = []
        self._random = random.Random(seed)
        self._sessions: tuple[Session, Session] | None = None
        self._moving: tuple[list[tuple[int, bytes]], list[tuple[int, bytes]]] = ([], [])
        self._round = 0

    def cut(self) -> None:
        """Break the link: what is on its way is lost."""
        self.conditions.up = False
        self._hang_up()

    def restore(self) -> None:
        """Let the link be again."""
        self.conditions.up = True

    def _hang_up(self) -> None:
        self._sessions = None
        self._moving = ([], [])

    def step(self) -> bool:
        """One round in both directions; whether anything moved."""
        if not self.conditions.up:
            return False
        if self._sessions is None:
            one, other = self.ends
            self._sessions = (one.line(other.config.hq).session(), other.line(one.config.hq).session())
        self._round += 1
        try:
            sent = [self._put(end) for end in (0, 1)]
            came = [self._take(end) for end in (0, 1)]
        except RenkeiError as fault:
            self.faults.append(fault)
            self._hang_up()
            return True
        return any(sent) or any(came)

    def tick(self) -> None:
        """Let both sessions notice that time has passed."""
        for node, session in zip(self.ends, self._sessions or (), strict=False):
            session.tick(node.clock.now())

    def _put(self, end: int) -> bool:
        assert self._sessions is not None
        data = self._sessions[end].bytes_to_send()
        queue = self._moving[end]
        for frame in frames_in(data):
            due = self._round + self._random.randint(0, self.conditions.delay)
            queue += [(due, frame)] * (2 if self._random.random() < self.conditions.double else 1)
            if len(queue) > 1 and self._random.random() < self.conditions.swap:
                queue[-1], queue[-2] = queue[-2], queue[-1]
        return bool(data)

    def _take(self, end: int) -> bool:
        assert self._sessions is not None
        there = 1 - end
        due = [frame for at, frame in self._moving[end] if at <= self._round]
        self._moving[end][:] = [(at, frame) for at, frame in self._moving[end] if at > self._round]
        for frame in due:
            events = self._sessions[there].receive(frame)
            self.ends[there].link_said(self.ends[end].config.hq, events)
        return bool(due) or bool(self._moving[end])


def frames_in(data: bytes) -> Iterator[bytes]:
    """The frames that ``data`` is made of, each whole."""
    at = 0
    while at < len(data):
        end = at + HEADER_BYTES + int.from_bytes(data[at : at + 4])
        yield data[at:end]
        at = end
