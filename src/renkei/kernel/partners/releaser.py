"""The releaser: from the master log into the log for one partner.

It runs the decider (``deciding``) behind the master log, from the position kept as a fact in the log sent.  A
batch of records is decided by the chain, rendered, and appended together with the new position, what the
register has learnt and the numbers of the newest renditions, in one transaction: after a crash at any point
each record has been released exactly once.

What is withheld or held leaves no trace in the log sent, not even a note of why; ``explain`` decides again
when somebody asks.  A record held for review is passed over like any other; where the last signature stands
in the master log, the version decided on is released, and bears the time of its release.

A record taken back (``release.recall``), or whose new version the partner's clearance does not cover, becomes
a notice in the log sent: which of its entries the partner is to forget (ADR 0011).  What has not arrived when
the agreement that covered it ends is taken back the same way, and decided anew when one covers it again.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from threading import Lock

import msgspec

from ..clock import Clock
from ..errors import OurFault
from ..labels.policy import PolicyBook
from ..labels.release import Opened, Released, covers_all, opened
from ..log.base import Draft, Log
from ..log.commitments import Salts, commitments, said_in
from ..records import Codec, Header, Unknown
from .aliases import fact_of, facts_of_older
from .chain import Chain, Held, Stopped, Terms
from .deciding import LOOK_ENTRIES, Decider
from .explaining import Why, explain
from .intake import Intake
from .pace import PACE
from .passed_on import PASSED_ON, Whole
from .recalls import facts_of, recall_id
from .records import STATEMENTS, Purge, Recall
from .register import Item, Recalled
from .rendition import Rendition

RUN_LIMIT = 4096
"""Master entries taken in one transaction: enough that a flush to disk is shared by thousands, few
enough (well under a second) that a fresh record behind a long backlog does not wait for all of it."""

RUN_BYTES = 8 * 1024 * 1024
"""The same in bytes, which bounds memory when records are large."""

POLICY_RECALL = 1 << 40
"""Beyond every version of a record: a recall that a change of policy came to has such a number in its id."""
AGREEMENT_RECALL = 1 << 41
"""The same for one that the end of an agreement came to."""
UNDECIDED: tuple[type, ...] = (*STATEMENTS, Recall, Purge)
"""What the chain does not decide on."""
BY_POLICY = "Renkei node: the policy changed"
BY_AGREEMENT = "Renkei node: an agreement ended"
NOT_DELIVERED = "what had not been delivered when it ended is not sent any more"
TURNED = "agreements looked at"
"""The fact that tells by which agreements what is under way was last looked at."""
_HEADER = msgspec.json.Decoder(Header)
POSITION = "master position"
"""The fact that says how many entries of the master log have been decided on."""


class Explanation(Why, frozen=True, kw_only=True):
    """What the chain says of a record for one partner now, and how it stands there.

    ``seq`` is the number of the newest rendition already in the log sent, None if there is none; ``item``
    what is known of the version's review; ``agreement`` the id of the one in force for the kind.
    """

    seq: int | None = None
    item: Item | None = None
    agreement: str = ""

    @property
    def released(self) -> bool:
        """Whether it may leave."""
        return self.outcome == "released"


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """The rendition itself, byte for byte what is signed for: as sent in entry ``seq``, or as it would be.

    ``entry`` is None where the chain, leaving review aside, says no.
    """

    entry: bytes | None
    seq: int | None
    why: Explanation


class Releaser(Decider):
    """Fills the log sent to one partner.  ``run`` is called from one thread; the rest from any."""

    def __init__(
        self,
        master: Log | Whole | Intake,
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
        intake = master if isinstance(master, Intake) else Intake(master, codec)
        super().__init__(intake, sent, partner, book, codec, partner_key, hq=hq)
        self._log, self._clock = sent, clock
        self._salts = Salts(partner_key)
        self._deciding = Lock()
        self._epoch = -1
        self._turns: datetime | None = None
        if any(back.followed for back in self.register.recalls.values()):
            self._unsay()

    # --- agreements that begin and end ----------------------------------------------------------------

    def turn(self, arrived: Callable[[], int]) -> int:
        """Have agreements that began or ended since the last look count for what is under way.

        From entry ``arrived()`` on, which the partner does not have, nothing is delivered that no agreement
        covers any more; what was not delivered for that reason, and is covered again, is decided on anew.
        How many entries that made; durable on return.  Costs nothing while no agreement begins or ends.
        """
        settled = self._epoch == self.register.epoch
        if settled and (self._turns is None or self._clock.now() < self._turns):
            return 0
        with self._deciding:
            return self._turn(arrived(), self._clock.now())

    def _turn(self, first: int, now: datetime) -> int:
        epoch, turns = self.register.epoch, self.register.turn_after(now)
        mark, renditions = self.register.standing(now), []
        if self._sent.fact(TURNED) != mark:
            self._begin()
            try:
                renditions = [*self._not_delivered(first, now), *self._decided_anew(now)]
                self._commit(renditions, self.position, now)
            except BaseException:
                self._undo()
                raise
            self._log.set_facts({TURNED: mark})
        self._epoch, self._turns = epoch, turns
        return len(renditions)

    def _not_delivered(self, first: int, now: datetime) -> Iterator[Rendition]:
        """Notices of what no agreement covers any more; what the partner has of these records it keeps."""
        for own_id, seqs in self._uncovered(first, now).items():
            back = Recalled(
                id=recall_id(own_id, AGREEMENT_RECALL + self._next),
                about=own_id,
                at=now,
                narrowed=True,
                entries=len(seqs),
                ended=True,
            )
            alone = len(seqs) == len(self._held(own_id))
            self.register.take_back(back)
            yield from self._notice(back, [(seq, None) for seq in seqs], BY_AGREEMENT, now, alone=alone)

    def _uncovered(self, first: int, now: datetime) -> dict[str, list[int]]:
        """Entries from ``first`` on whose kind or label no agreement covers now, by their records."""
        found: dict[str, list[int]] = {}
        for seq, said in self._under_way(first):
            record = self.codec.decode(said)
            if isinstance(record, UNDECIDED):
                continue
            ceiling = self.chain.ceiling(record.kind, now)
            if ceiling is None or not covers_all(said, self.chain.book.gate(ceiling)):
                own_id = self.aliases.own((record.header if isinstance(record, Unknown) else record).id)
                found.setdefault(own_id, []).append(seq)
        return found

    def _decided_anew(self, now: datetime) -> Iterator[Rendition]:
        """The newest versions of what was not delivered, as far as they may go now."""
        for own_id, (seq, logged_at) in sorted(self._newest(self.register.undelivered()).items()):
            entry = self._intake.one(seq)
            outcome = self.anew(entry, now)
            if isinstance(outcome, Rendition):
                self.given(outcome)
                yield outcome
            elif isinstance(outcome, Held) and own_id not in self.register.items:
                head = entry.record.header if isinstance(entry.record, Unknown) else entry.record
                self._hold(head, entry.record.kind, seq, logged_at, outcome)

    def _newest(self, own_ids: set[str]) -> dict[str, tuple[int, datetime]]:
        """Where the master log has the newest versions decided on of these records, and since when."""
        found: dict[str, tuple[int, datetime]] = {}
        end = self.position
        while own_ids - found.keys() and end > 0:
            first = max(0, end - LOOK_ENTRIES)
            for pack in self._intake.master.read(first, end - first):
                for seq, raw in enumerate(pack.entries, pack.first):
                    own_id = _HEADER.decode(raw).id
                    if own_id in own_ids and (own_id not in found or found[own_id][0] < seq):
                        found[own_id] = seq, pack.logged_at
            end = first
        return found

    # --- another policy -------------------------------------------------------------------------------

    def decide_by(self, book: PolicyBook) -> None:
        """Decide by another ``book``; on return no run decides by the one before any more."""
        with self._deciding:
            self.chain = Chain(self._hq, self._terms, self.register, book, self.codec)

    def hold_back(self, first: int) -> int:
        """Take back what lies from entry ``first`` on and may not go to the partner any more by its label.

        For after a change of policy: what has not arrived is then not delivered any more (ADR 0011), as if
        the label had been narrowed.  How many records that concerned; durable on return.
        """
        with self._deciding:
            now = self._clock.now()
            self._begin()
            beyond = self._beyond(first, now)
            renditions: list[Rendition] = []
            for own_id in beyond:
                held = self._held(own_id)
                back = Recalled(
                    id=recall_id(own_id, POLICY_RECALL + self._next),
                    about=own_id,
                    at=now,
                    narrowed=True,
                    entries=len(held),
                )
                self.register.take_back(back)
                renditions += self._notice(back, held, BY_POLICY, now)
            if renditions:
                self._commit(renditions, self.position, now)
            return len(beyond)

    def _beyond(self, first: int, now: datetime) -> list[str]:
        """The own ids of records from entry ``first`` on that the partner's ceiling does not cover now."""
        found: dict[str, None] = {}
        for _, said in self._under_way(first):
            record = self.codec.decode(said)
            if isinstance(record, UNDECIDED):
                continue
            ceiling = self.chain.ceiling(record.kind, now)
            own_id = self.aliases.own((record.header if isinstance(record, Unknown) else record).id)
            gone = self.register.taken_back(own_id) is not None
            if ceiling is not None and not gone and not covers_all(said, self.chain.book.gate(ceiling)):
                found[own_id] = None
        return list(found)

    def _under_way(self, first: int) -> Iterator[tuple[int, bytes]]:
        """Numbers and records of the entries from ``first`` on that were not taken back."""
        for pack in self._sent.read(first, max(0, self._sent.size - first)):
            for seq, said in enumerate(said_in(pack), pack.first):
                if said is not None and seq not in self.withdrawn:
                    yield seq, said

    @property
    def position(self) -> int:
        """How many entries of the master log have been decided on."""
        fact = self._sent.fact(POSITION)
        return int(fact) if fact is not None else 0

    def run(self, limit: int = RUN_LIMIT) -> int:
        """Decide on the next entries, at most ``limit``; how many there were.  Durable on return."""
        with self._deciding:
            return self._run(limit)

    def _run(self, limit: int) -> int:
        position = self.position
        incoming = self._intake.run(position, limit, RUN_BYTES)
        if not incoming:
            return 0
        now = self._clock.now()
        self._begin()
        try:
            renditions: list[Rendition] = []
            for entry in incoming:
                made = (done.outcome for done in self.consider(entry, now))
                renditions.extend(one for one in made if isinstance(one, Rendition))
            self._commit(renditions, position + len(incoming), now)
        except BaseException:
            self._undo()
            raise
        return len(incoming)

    def _undo(self) -> None:
        """What this run counted as released was not."""
        self._begin()
        self._renderer.forget()
        self._load_register(self.chain.book)
        self._epoch, self._turns = -1, None

    def _commit(self, renditions: list[Rendition], position: int, now: datetime) -> None:
        """Append and remember together.  The releaser is the only writer of its log."""
        facts = {POSITION: str(position).encode(), **self.register.changes()}
        if not renditions:
            self._log.set_facts(facts, durable=False)  # after a power cut they are withheld again
            return
        first = self._sent.size
        facts.update(self._numbers_of(renditions, first))
        facts.update(facts_of(self._gone))
        facts[PACE] = self.pace.keep()
        bodies = self._salts.bodies(first, [r.entry for r in renditions])
        made = zip(renditions, commitments(bodies), bodies, strict=True)
        drafts = [
            Draft(entry, r.own_id, r.version, body, ours=not r.entry.startswith(PASSED_ON))
            for r, entry, body in made
        ]
        if self._log.append(drafts, now, facts) != first:
            raise OurFault("sent.writers", "one writer of the log sent", "another one's entries")
        if self._gone:
            self.withdrawn.add(self._gone)
            self._unsay()
        self._log.seal()  # so that a conversation begins with a tree that stands

    def _unsay(self) -> None:
        """Erase what was passed on from the log sent, too, once its originator has taken it back.

        What we wrote ourselves stays there, to be able to show what was said.  Done again at each start, and
        whenever something is taken back: a crash may have come between.
        """
        followed = {back.about for back in self.register.recalls.values() if back.followed}
        self._log.erase(
            [seq for own_id in sorted(followed) for seq in self.aliases.seqs(own_id) if seq in self.withdrawn]
        )

    def _numbers_of(self, renditions: list[Rendition], first: int) -> dict[str, bytes]:
        """The facts that keep the numbers of renditions, newest and older, of each record."""
        facts: dict[str, bytes] = {}
        before: dict[str, int | None] = {}
        for seq, made in enumerate(renditions, first):
            own_id = made.own_id
            if made.version > 1:
                older = before[own_id] if own_id in before else self.aliases.newest_seq(own_id)
                facts |= {} if older is None else facts_of_older(own_id, older)
            before[own_id] = seq
            name, value = fact_of(own_id, seq)
            facts[name] = value
        return facts

    def resolve(self, alias: str) -> str | None:
        """The own id behind a name the partner uses, or None if it was never given that name."""
        return self.aliases.resolve(alias)

    def explain(self, raw: bytes) -> Explanation:
        """Whether and why the partner may have the record logged as ``raw``, decided afresh."""
        record = self.codec.decode(raw)
        return self._explain(opened(record, raw), self._clock.now())

    def _explain(self, it: Opened, now: datetime) -> Explanation:
        record = it.record
        head = record.header if isinstance(record, Unknown) else record
        chain = self.chain
        why = explain(chain, it, now, chain.book)
        if why.outcome == "released":
            made = self._render(it, now)
            if isinstance(made, Stopped):
                why = Why(outcome="withheld", rule=made.rule, code=made.code, reason=made.reason)
        back = self.register.taken_back(head.id)
        if back is not None and back.ended and why.rule == "agreement":
            why = msgspec.structs.replace(why, reason=f"{why.reason}; {NOT_DELIVERED}")
        under = next(iter(self.register.in_force(record.kind, now)), None)
        return Explanation(
            **msgspec.structs.asdict(why),
            seq=self.aliases.newest_seq(head.id),
            item=self.register.item(head.id, head.version),
            agreement=under.id if under is not None else "",
        )

    def preview(self, raw: bytes) -> Preview:
        """What the partner has, or would get, of the record logged as ``raw``; the log stays as it is."""
        it, now = opened(self.codec.decode(raw), raw), self._clock.now()
        why = self._explain(it, now)
        released, rule = self.chain.but_for_review(it, now)
        if not isinstance(released, Released):
            return Preview(entry=None, seq=None, why=why)
        has = self._sent.newest_version(released.record.id)
        pack = None if why.seq is None else next(self._sent.read(why.seq, 1), None)
        if pack is not None:  # it may have been sent late, under the time of its release
            for at in (None, pack.logged_at):
                made = self._renderer.render(released, has, at)
                if isinstance(made, Rendition) and made.entry == said_in(pack)[0]:
                    return Preview(entry=made.entry, seq=why.seq, why=why)
        made = self._renderer.render(released, has + 1, now if rule else None)
        return Preview(entry=made.entry if isinstance(made, Rendition) else None, seq=None, why=why)
