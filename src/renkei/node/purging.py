"""Forgetting what a partner took back, and signing for it.

For each notice (``release.recall``) in the log received that the views have applied and scrubbed
(``kernel/views/taking_back``), in order:

0. what this headquarters passed on of the record is taken back from whoever has it, by a recall of its own;
   the rest waits until the views have followed that, and the logs sent have their notices and have
   erased the bodies they name (``Releaser``); then the key under which our own record of it lies in the
   master log is destroyed (``kernel/partners/passed_on``);
1. the bodies it names are erased from the log received: their keys are destroyed; views of moments past,
   which may show them, are dropped;
2. a record of this headquarters, ``release.purge``, says so in the master log; from there it goes to the
   partner like any other, under our checkpoint and its receipt;
3. the position moves on.

Each step may be done again: after a crash between any two, the next start begins with the notice at hand,
erases what is erased already, and finds its purge record logged, because its id follows from the notice.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

import msgspec

from ..kernel.clock import Clock
from ..kernel.errors import OurFault
from ..kernel.ids import derived_id, new_id
from ..kernel.log.base import Draft, Log
from ..kernel.log.commitments import said_at
from ..kernel.partners.records import Onward, Purge, Recall
from ..kernel.records import Codec
from ..kernel.views import ViewStore
from ..kernel.views.taking_back import erase

FOLLOWED = "followed/"
"""The facts, beside the log received, that name what we passed on of what its notice at that number names."""
PURGED = "purged"
"""The fact, beside the log received, that says up to where its notices are done with."""
BY = "Renkei node"
"""Who signs a purge: no person did it."""


class Followed(msgspec.Struct, frozen=True):
    """Our records that passed on what a notice takes back, and where the master log has recalled them all."""

    own_ids: tuple[str, ...]
    upto: int


class Purger:
    """Does so for one partner.  ``run`` is called from one thread."""

    def __init__(
        self,
        partner: str,
        received: Log,
        master: Log,
        views: ViewStore,
        codec: Codec,
        clock: Clock,
        append: Callable[[Sequence[Draft]], object],
        forget: Callable[[], None],
        *,
        hq: str,
        released: Callable[[], int],
        unsay: Callable[[Sequence[str]], None],
    ) -> None:
        """``append`` puts drafts into the master log, durable on return; ``forget`` drops old views.

        ``released`` is up to which entry of the master log every partner's releaser has come; ``unsay``
        forgets what records of ours passed on.
        """
        self._partner, self._received, self._master = partner, received, master
        self._views, self._codec, self._clock, self._append = views, codec, clock, append
        self._forget, self._hq = forget, hq
        self._released, self._unsay = released, unsay

    @property
    def position(self) -> int:
        """Up to which of the partner's entries its notices are done with."""
        return int(self._received.fact(PURGED) or b"0")

    def run(self) -> int:
        """Purge what is due; how many notices that was.  Durable on return."""
        done = self._views.purgeable(self._partner, self.position)
        for seq in done:
            notice = self._notice(seq)
            if self._take_back(seq, notice) or self._followed(seq).upto > self._released():
                return 0  # whoever folds it, or releases it, wakes us
            self._purge(seq, notice)
        return len(done)

    def _notice(self, seq: int) -> Recall:
        raw = said_at(self._received, seq)
        notice = self._codec.decode(raw) if raw is not None else None
        if not isinstance(notice, Recall):
            raise OurFault("purge.notice", f"a recall as entry {seq} of {self._partner}", "another entry")
        return notice

    def _followed(self, seq: int) -> Followed:
        fact = self._received.fact(f"{FOLLOWED}{seq}")
        return msgspec.json.decode(fact, type=Followed) if fact else Followed((), 0)

    def _take_back(self, seq: int, notice: Recall) -> bool:
        """Recall what we passed on of the record; whether there is any that the views still hold."""
        held = [self._codec.decode(raw) for raw in self._views.passed_on(notice.about)]
        recalls = [self._following(notice, record) for record in held if isinstance(record, Onward)]
        fresh = [recall for recall in recalls if self._master.newest_version(recall.id) == 0]
        if fresh:
            self._append([Draft(self._codec.encode(recall), recall.id, 1) for recall in fresh])
        if recalls:
            own_ids = {*self._followed(seq).own_ids, *(recall.about for recall in recalls)}
            followed = Followed(tuple(sorted(own_ids)), self._master.size)
            self._received.set_facts({f"{FOLLOWED}{seq}": msgspec.json.encode(followed)})
        return bool(held)

    def _following(self, notice: Recall, record: Onward) -> Recall:
        """Our recall of what we passed on: the same id for the same version, as it is for good."""
        return Recall(
            id=derived_id(record.id, b"originator's recall %d" % record.version),
            realm=record.realm,
            label=record.label,
            at=self._clock.now(),
            by=BY,
            about=record.id,
            because=notice.id,
        )

    def _purge(self, seq: int, notice: Recall) -> None:
        self._unsay(self._followed(seq).own_ids)
        erase(self._received, notice)
        self._forget()
        purge = self._receipt(notice, seq)
        if self._master.newest_version(purge.id) == 0:
            self._append([Draft(self._codec.encode(purge), purge.id, 1)])
        self._received.set_facts({PURGED: b"%d" % (seq + 1)}, durable=False)

    def _receipt(self, notice: Recall, seq: int) -> Purge:
        """What we sign: the same id for the same notice."""
        key = sha256(b"purge\n%s\n%d" % (self._received.origin.encode(), seq)).digest()[:10]
        return Purge(
            id=new_id(self._hq, notice.at, key),
            realm=notice.realm,
            label=notice.label,
            at=self._clock.now(),
            by=BY,
            recall=notice.id,
            about=notice.about,
            upto=seq,
            named=len(notice.entries),
        )
