"""What the node knows of a link: its state, what runs over it, and how it is switched.

The sockets are an edge (``edges/links``); the exchange itself is sans-I/O (``kernel/partners``).  This
module is the seam: the edge drives a ``LinkSession`` and reports a ``LinkState``; the node and the
API see nothing else of it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

Phase = Literal["up", "connecting", "down", "off"]


class LinkState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One partner's link at a moment.

    ``up``: authenticated both ways and heard from; ``connecting``: an attempt is under way;
    ``down``: none is, or the partner has not called; ``off``: switched off here by hand.
    ``last_error`` is one sentence of what was expected and what came, never content; it stays until
    the link is up again.  ``attempts`` counts since the link was last up.
    """

    state: Phase = "down"
    since: datetime
    last_heard: datetime | None = None
    last_error: str = ""
    attempts: int = 0
    next_try_at: datetime | None = None


class LinkSession(Protocol):
    """One connection's worth of the exchange with a partner: bytes in, events and bytes out.

    It is only ever called from one thread.  As soon as it is made it has a greeting to send.
    """

    def receive(self, data: bytes) -> Sequence[object]:
        """Take what came and say what happened.  Raises TheirFault when the rest is not worth reading."""
        ...

    def bytes_to_send(self) -> bytes:
        """The next bytes for the partner, a bounded amount; empty when there is nothing now."""
        ...

    @property
    def departs_at(self) -> float | None:
        """When to ask ``bytes_to_send`` again for what waits for its time, in seconds since 1970, or None."""
        ...

    def wake(self) -> None:
        """The sent log has grown."""
        ...

    def tick(self, now: datetime) -> None:
        """Time has passed; a ping may be due."""
        ...


class LinkControl(Protocol):
    """A link, as the node may handle it.  Methods are safe to call from any thread and do not block."""

    @property
    def state(self) -> LinkState:
        """The state now."""
        ...

    def notify(self) -> None:
        """Say that the sent log has grown."""
        ...

    def switch_off(self, reason: str) -> None:
        """Cut the link and keep it cut until it is switched on."""
        ...

    def switch_on(self) -> None:
        """Let the link be again."""
        ...
