"""The releaser: from the master log into the log for one partner.

It runs behind the master log, from the position kept as a fact in the log sent.  A batch of records is
decided by the chain, rendered, and appended together with the new position, what the register has learnt and
the numbers of the newest renditions, in one transaction: after a crash at any point each record has been
released exactly once.

What is withheld or held leaves no trace in the log sent, not even a note of why; ``explain`` decides again
when somebody asks.  A record held for review is passed over like any other; where the last signature stands
in the master log, the version decided on is released, and bears the time of its release.
"""

from datetime import datetime
from typing import NamedTuple

import msgspec

from ..clock import Clock
from ..errors import OurFault
from ..labels.policy import PolicyBook
from ..labels.release import Opened, Released, opened
from ..log.base import Draft, Log
from ..log.commitments import Salts, commitments
from ..records import Codec, Unknown
from .aliases import Aliases, fact_of
from .chain import Chain, Held, Stopped, Terms
from .intake import Incoming, Intake
from .pace import PACE, Pace
from .recalls import Withdrawn
from .records import STATEMENTS
from .register import FACTS, Item, Register
from .rendition import Renderer, Rendition

RUN_LIMIT = 4096
"""Master entries taken in one transaction: enough that a flush to disk is shared by thousands, few
enough (well under a second) that a fresh record behind a long backlog does not wait for all of it."""

RUN_BYTES = 8 * 1024 * 1024
"""The same in bytes, which bounds memory when records are large."""

POSITION = "master position"
"""The fact that says how many entries of the master log have been decided on."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What the chain says of a record for one partner now.

    ``rule`` is the step that decided, empty if it is released.  ``cut`` counts the portions it would go
    without.  ``seq`` is the number of the newest rendition already in the log sent, None if there is none.
    """

    released: bool
    held: bool = False
    rule: str = ""
    code: str = ""
    reason: str = ""
    cut: int = 0
    seq: int | None = None


class Considered(NamedTuple):
    """What an entry came to: the record decided on (for a decision: the one it is about), and the answer."""

    own_id: str
    kind: str
    written_at: datetime
    outcome: Rendition | Stopped | Held


class Releaser:
    """Fills the log sent to one partner.  ``run`` is called from one thread; the rest from any."""

    def __init__(
        self,
        master: Log | Intake,
        sent: Log,
        partner: Terms,
        book: PolicyBook,
        codec: Codec,
        partner_key: bytes,
        *,
        hq: str,
        clock: Clock,
    ) -> None:
        """``master`` may be an ``Intake`` that the releasers of a node share."""
        self._intake = master if isinstance(master, Intake) else Intake(master, codec)
        self._sent, self._terms, self._hq = sent, partner, hq
        self._book, self._codec, self._clock = book, codec, clock
        self.aliases = Aliases(sent, partner_key)
        self._salts = Salts(partner_key)
        self.withdrawn = Withdrawn(sent)
        self._renderer = Renderer(hq, partner.hq, self.aliases, codec, self._has)
        self._fresh: dict[str, int] = {}
        self._load_register()

    def _load_register(self) -> None:
        """The register as the log sent has it, and all that hangs on it."""
        self.register = Register(self._terms.hq, self._terms.realm, self._sent.facts(FACTS))
        self.chain = Chain(self._hq, self._terms, self.register, self._book, self._codec)
        self.pace = Pace.kept(self._sent.fact(PACE))

    @property
    def position(self) -> int:
        """How many entries of the master log have been decided on."""
        fact = self._sent.fact(POSITION)
        return int(fact) if fact is not None else 0

    def run(self, limit: int = RUN_LIMIT) -> int:
        """Decide on the next entries, at most ``limit``; how many there were.  Durable on return."""
        position = self.position
        incoming = self._intake.run(position, limit, RUN_BYTES)
        if not incoming:
            return 0
        now = self._clock.now()
        self._fresh.clear()
        try:
            renditions = [
                done.outcome
                for entry in incoming
                if (done := self.consider(entry, now)) and isinstance(done.outcome, Rendition)
            ]
            self._commit(renditions, position + len(incoming), now)
        except BaseException:
            self._fresh.clear()  # counted as released, but were not
            self._renderer.forget()
            self._load_register()
            raise
        return len(incoming)

    # --- one entry -----------------------------------------------------------------------------------

    def consider(self, entry: Incoming, now: datetime) -> Considered | None:
        """What the next entry comes to ``now``; counted as released for the rest of the batch if it is.

        None for a statement about releases that makes nothing due.
        """
        record = entry.it.record
        if isinstance(record, STATEMENTS):
            item = self.register.take(record)
            return None if item is None else self._signed(item, now)
        head = record.header if isinstance(record, Unknown) else record
        if head.version > 1:
            self.register.replaced(head.id)
        outcome = self._render(entry.it, now)
        if isinstance(outcome, Rendition):
            self._fresh[outcome.own_id] = outcome.version
            self.pace.count(record.kind, (now - entry.logged_at).total_seconds())
        elif isinstance(outcome, Held):
            item = Item(
                id=head.id,
                version=head.version,
                kind=record.kind,
                seq=entry.seq,
                since=entry.logged_at,
                needed=outcome.review.signatures,
                due=entry.logged_at + outcome.review.within,
            )
            self.register.hold(item)
        return Considered(head.id, record.kind, entry.logged_at, outcome)

    def _signed(self, item: Item, now: datetime) -> Considered | None:
        """The version that a further signature stands under, released late if it was the last one needed."""
        outcome = self._render(self._intake.one(item.seq), now, late=True)
        if isinstance(outcome, Held):
            return None
        if isinstance(outcome, Rendition):
            self.register.approve(item.id)
            self._fresh[outcome.own_id] = outcome.version
            self.pace.count(item.kind, (now - item.since).total_seconds())
        return Considered(item.id, item.kind, item.since, outcome)

    def _render(self, it: Opened, now: datetime, *, late: bool = False) -> Rendition | Stopped | Held:
        released = self.chain.decide(it, now)
        return (
            self._rendition(released, now if late else None) if isinstance(released, Released) else released
        )

    def _rendition(self, released: Released, at: datetime | None) -> Rendition | Stopped:
        record = released.record
        made = self._renderer.render(released, self._version_of(record.id, record.version) + 1, at)
        if isinstance(made, Rendition):
            return made
        return Stopped("reference", made.code, made.reason)

    def _version_of(self, own_id: str, version: int) -> int:
        """How many versions of ``own_id`` the partner's log holds; a first version never has any."""
        fresh = self._fresh.get(own_id)
        if fresh is not None:
            return fresh
        return self._sent.newest_version(own_id) if version > 1 else 0

    def _has(self, own_id: str) -> bool:
        return own_id in self._fresh or self.aliases.released(own_id)

    def _commit(self, renditions: list[Rendition], position: int, now: datetime) -> None:
        """Append and remember together.  The releaser is the only writer of its log."""
        facts = {POSITION: str(position).encode(), **self.register.changes()}
        if not renditions:
            self._sent.set_facts(facts, durable=False)  # after a power cut they are withheld again
            return
        first = self._sent.size
        facts.update(fact_of(r.own_id, first + i) for i, r in enumerate(renditions))
        facts[PACE] = self.pace.keep()
        bodies = self._salts.bodies(first, [r.entry for r in renditions])
        made = zip(renditions, commitments(bodies), bodies, strict=True)
        drafts = [Draft(entry, r.own_id, r.version, body) for r, entry, body in made]
        if self._sent.append(drafts, now, facts) != first:
            raise OurFault("sent.writers", "one writer of the log sent", "another one's entries")
        self._sent.seal()  # so that a conversation begins with a tree that stands

    def resolve(self, alias: str) -> str | None:
        """The own id behind a name the partner uses, or None if it was never given that name."""
        return self.aliases.resolve(alias)

    def explain(self, raw: bytes) -> Explanation:
        """Whether and why the partner may have the record logged as ``raw``, decided afresh."""
        record = self._codec.decode(raw)
        head = record.header if isinstance(record, Unknown) else record
        seq = self.aliases.newest_seq(head.id)
        made = self._render(opened(record, raw), self._clock.now())
        if isinstance(made, Rendition):
            return Explanation(released=True, cut=made.cut, seq=seq)
        return Explanation(
            released=False,
            held=isinstance(made, Held),
            rule=made.rule,
            code=made.code,
            reason=made.reason,
            seq=seq,
        )
