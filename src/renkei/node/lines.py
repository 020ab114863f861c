"""A partner as the running node holds it: the two logs, who fills them, and the link's switch."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..kernel.clock import Clock
from ..kernel.identity import PartnerEntry
from ..kernel.identity.ring import PinnedKeys
from ..kernel.link import LinkControl
from ..kernel.log.base import Log
from ..kernel.partners import Receiver, Releaser, Rhythm, Sender, Session
from .contents import PartnerContents
from .purging import Purger

Delivery = Literal["unsent", "sent", "received"]


@dataclass
class PartnerLine:
    """Everything about one partner, put together by ``Node``.

    ``entry`` and ``keys`` change together, by ``agree``.  ``link`` is None until an edge carries one, and
    stays so for a partner only couriers reach, or one whose agreement has ended.
    """

    entry: PartnerEntry
    sent: Log
    received: Log
    releaser: Releaser
    sender: Sender
    receiver: Receiver
    purger: Purger
    contents: PartnerContents
    clock: Clock
    rhythm: Rhythm
    keys: PinnedKeys
    link: LinkControl | None = None

    @property
    def hq(self) -> str:
        """The partner's id."""
        return self.entry.hq

    @property
    def in_force(self) -> bool:
        """Whether the agreement with the partner holds now."""
        return self.entry.in_force(self.clock.now())

    def agree(self, entry: PartnerEntry) -> None:
        """The partner is from now on as ``entry`` says: what was agreed, and which keys are believed."""
        self.keys.pin(entry.ring(self.clock.now))
        self.entry = entry

    def turn(self) -> int:
        """Have agreements that began or ended count for what is under way (``Releaser.turn``)."""
        return self.releaser.turn(lambda: self.sender.carried if self.entry.one_way else self.sender.received)

    def session(self) -> Session:
        """One connection's conversation, from its beginning."""
        self.contents.look_again()
        return Session(self.sender, self.receiver, self.clock, rhythm=self.rhythm, contents=self.contents)

    def sent_seq(self, record_id: str) -> int | None:
        """The number, in the log sent, of the newest rendition of our record; None if there is none."""
        return self.releaser.aliases.newest_seq(record_id)

    def delivery(self, record_ids: Sequence[str]) -> dict[str, Delivery]:
        """How far the newest renditions of our records have got on their way to this partner."""
        seqs, now = self.releaser.aliases.newest_seqs(record_ids), self.sender.positions
        return {one: now.state_of(seqs[one]) if one in seqs else "unsent" for one in record_ids}

    def held(self, record_id: str) -> Delivery | None:
        """How far the rendition has got that the partner has of our record; None if it has none any more."""
        seq = self.sent_seq(record_id)
        gone = seq is None or seq in self.releaser.withdrawn
        return None if seq is None or gone else self.sender.state_of(seq)

    def close(self) -> None:
        """Close both logs."""
        self.sent.close()
        self.received.close()


class Worker:
    """A thread that runs ``step`` until there is nothing left, then waits to be woken.

    ``step`` returns how much it did.  An exception ends the thread and is kept in ``failure``: what
    cannot be folded or released must be seen, not passed over.
    """

    def __init__(self, name: str, step: Callable[[], int]) -> None:
        self.name = name
        self._step = step
        self._wake = threading.Event()
        self._closing = False
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the first step runs at once."""
        self._wake.set()
        self._thread.start()

    def notify(self) -> None:
        """There may be something to do."""
        self._wake.set()

    def close(self) -> None:
        """Let the step in hand finish, then stop."""
        self._closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._closing:
                self._wake.wait()
                self._wake.clear()
                while not self._closing and self._step():
                    pass
        except BaseException as err:
            self.failure = err
            raise
