"""The decider: what each entry of the master log comes to for one partner.

It asks the chain, renders what may leave, and keeps in mind what this run has released already; it writes
nothing.  The releaser runs it and commits what it comes to.  The internal audit runs it over the whole master
log again, with something in place of the log sent that knows versions alone: hence ``LogSent``, which is all
that deciding may ask of that log.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from ..labels.policy import PolicyBook
from ..labels.release import Opened, Released
from ..log.commitments import said_at
from ..records import Codec, Header, Record, Unknown, owner_of
from .aliases import Aliases
from .chain import Chain, Held, Stopped, Terms
from .intake import Incoming, Intake
from .log_sent import LogSent
from .pace import PACE, Pace
from .recalls import Withdrawn, recall_id
from .records import MAX_NAMED, STATEMENTS, Named, Purge, Recall, Reconsideration
from .register import FACTS, Item, Recalled, Register
from .rendition import Renderer, Rendition

LOOK_ENTRIES = 4096
"""Entries of the master log read at a time to find the versions of a few records."""
_HEADER = msgspec.json.Decoder(Header)


class Considered(NamedTuple):
    """What an entry came to: the record decided on (for a decision: the one it is about), and the answer.

    ``it`` is what the chain was asked about; None for a notice that is due whatever the chain says.
    """

    own_id: str
    kind: str
    written_at: datetime
    outcome: Rendition | Stopped | Held
    it: Opened | None = None


class Decider:
    """Decides for one partner.  One thread at a time has it decide; what it learnt may be read by any."""

    def __init__(
        self,
        intake: Intake,
        sent: LogSent,
        partner: Terms,
        book: PolicyBook,
        codec: Codec,
        partner_key: bytes,
        *,
        hq: str,
    ) -> None:
        self._intake, self._sent, self._terms, self._hq = intake, sent, partner, hq
        self.codec = codec
        self.aliases = Aliases(sent, partner_key)
        self.withdrawn = Withdrawn(sent)
        self._renderer = Renderer(hq, partner.hq, self.aliases, codec, self._has)
        self._fresh: dict[str, int] = {}
        self._load_register(book)
        self._begin()

    def _load_register(self, book: PolicyBook) -> None:
        """The register as the log sent has it, and all that hangs on it."""
        self.register = Register(self._terms.hq, self._terms.realm, self._sent.facts(FACTS))
        self.chain = Chain(self._hq, self._terms, self.register, book, self.codec)
        self.pace = Pace.kept(self._sent.fact(PACE))

    def _begin(self) -> None:
        """Nothing is released by this run yet."""
        self._fresh.clear()
        self._numbers: dict[str, list[tuple[int, bytes | None]]] = {}
        self._gone: set[int] = set()
        self._next = self._sent.size

    def anew(self, it: Opened, now: datetime) -> Rendition | Stopped | Held:
        """What a record decided on before comes to ``now``, under the time of its release."""
        return self._render(it, now, late=True, again=True)

    # --- one entry -----------------------------------------------------------------------------------

    def consider(self, entry: Incoming, now: datetime) -> Sequence[Considered]:
        """What the next entry comes to ``now``; counted as released for the rest of the batch if it is.

        Nothing for a statement about releases that makes nothing due; several where one makes several due.
        """
        record = entry.it.record
        if isinstance(record, Recall):
            return self._recalled(record, entry.logged_at, now)
        if isinstance(record, Purge):
            return self._purged(record, entry.logged_at)
        if isinstance(record, Reconsideration):
            return self._reconsidered(record, entry.seq, entry.logged_at, now)
        if isinstance(record, STATEMENTS):
            item = self.register.take(record)
            return () if item is None else self._signed(item, now)
        head = record.header if isinstance(record, Unknown) else record
        if head.version > 1:
            self.register.replaced(head.id)
        outcome = self._render(entry.it, now)
        if isinstance(outcome, Rendition):
            self.given(outcome)
            self.pace.count(record.kind, (now - entry.logged_at).total_seconds())
        elif isinstance(outcome, Held):
            self._hold(head, record.kind, entry.seq, entry.logged_at, outcome)
        elif outcome.rule == "label" and head.version > 1:
            notices = self._narrowed(head, now)
            if notices:
                return [Considered(head.id, record.kind, entry.logged_at, n, entry.it) for n in notices]
        return (Considered(head.id, record.kind, entry.logged_at, outcome, entry.it),)

    def _hold(self, head: Header | Record, kind: str, seq: int, since: datetime, held: Held) -> None:
        """That version, the master log's entry ``seq``, waits for its review from ``since`` on."""
        item = Item(
            id=head.id,
            version=head.version,
            kind=kind,
            seq=seq,
            since=since,
            needed=held.review.signatures,
            due=since + held.review.within,
        )
        self.register.hold(item)

    def given(self, made: Rendition) -> None:
        """``made`` goes into the log sent with this run."""
        self._fresh[made.own_id] = made.version
        self._numbers.setdefault(made.own_id, []).append((self._next, made.entry))
        self._next += 1
        self.register.covered_again(made.own_id)

    def not_given(self, made: Rendition) -> None:
        """For the audit: the partner was not given what ``consider`` counted as released."""
        self._fresh.pop(made.own_id, None)
        self._numbers[made.own_id].pop()
        self._renderer.forget()

    def number_next(self, seq: int) -> None:
        """For the audit: what is released next has this number in the log sent."""
        self._next = seq

    def noticed(self, back: Recalled, seqs: Iterable[int]) -> None:
        """For the audit: the log sent took entries back for a reason that no record gives."""
        self.register.take_back(back)
        self._gone.update(seqs)

    def _signed(self, item: Item, now: datetime) -> Sequence[Considered]:
        """The version that a further signature stands under, released late if it was the last one needed."""
        it = self._intake.one(item.seq)
        outcome = self.anew(it, now)
        if isinstance(outcome, Held):
            return ()
        if isinstance(outcome, Rendition):
            self.register.approve(item.id)
            self.given(outcome)
            self.pace.count(item.kind, (now - item.since).total_seconds())
        return (Considered(item.id, item.kind, item.since, outcome, it),)

    # --- deciding anew -------------------------------------------------------------------------------

    def _reconsidered(
        self, said: Reconsideration, seq: int, logged_at: datetime, now: datetime
    ) -> Sequence[Considered]:
        """What was withheld is decided on as a new record would be; its release bears the time of its own."""
        if said.partner != self._terms.hq or said.realm != self._terms.realm:
            return ()
        over = self._logged_between(said.upto, seq)
        named = [one for one in said.named if one.record not in over and one.seq < seq]
        made = [self._again(one, logged_at, now) for one in named]
        return [done for done in made if done is not None]

    def _again(self, named: Named, logged_at: datetime, now: datetime) -> Considered | None:
        """One of them, if it goes now.  What the partner holds or an officer spoke on is left alone."""
        it = self._intake.one(named.seq)
        head = it.record.header if isinstance(it.record, Unknown) else it.record
        item = self.register.items.get(named.record)
        spoken = item is not None and (item.signatures or item.settled_by is not None)
        if (head.id, head.version) != (named.record, named.version) or self._held(head.id) or spoken:
            return None
        outcome = self.anew(it, now)
        if isinstance(outcome, Held):
            self._hold(head, it.record.kind, named.seq, logged_at, outcome)
        if not isinstance(outcome, Rendition):
            return None
        self.register.replaced(head.id)  # whatever review it waited for is asked for no more
        self.given(outcome)
        return Considered(head.id, it.record.kind, head.at, outcome, it)

    def _logged_between(self, first: int, end: int) -> set[str]:
        """The ids of the records that the master log's entries from ``first`` until before ``end`` are of."""
        found: set[str] = set()
        while first < end:
            for pack in self._intake.master.read(first, min(LOOK_ENTRIES, end - first)):
                found.update(_HEADER.decode(raw).id for raw in pack.entries)
                first = pack.first + len(pack.entries)
        return found

    # --- recalls -------------------------------------------------------------------------------------

    def _recalled(self, recall: Recall, logged_at: datetime, now: datetime) -> Sequence[Considered]:
        """A record is taken back, or let go again: a notice, its newest version, or nothing to be said.

        Signatures given before do not outlast a recall: what is let go is decided on anew.
        """
        known = self.register.recalls.get(recall.id)
        if recall.realm != self._terms.realm or (known is None) is recall.lifted:
            return ()
        if known is not None:
            return () if known.lifted else self._lifted(known, recall, logged_at, now)
        self.register.replaced(recall.about)
        held = self._held(recall.about)
        back = Recalled(
            id=recall.id,
            about=recall.about,
            at=recall.at,
            entries=len(held),
            followed=recall.because is not None,
        )
        self.register.take_back(back)
        notices = self._notice(back, held, recall.by, now) if held else ()
        return [Considered(recall.id, recall.kind, recall.at, notice) for notice in notices]

    def _lifted(
        self, known: Recalled, recall: Recall, logged_at: datetime, now: datetime
    ) -> Sequence[Considered]:
        self.register.take_back(msgspec.structs.replace(known, lifted=True))
        it = self._intake.one(recall.seq)
        head = it.record.header if isinstance(it.record, Unknown) else it.record
        if head.id != recall.about:
            return ()
        outcome = self.anew(it, now)
        if isinstance(outcome, Rendition):
            self.given(outcome)
        elif isinstance(outcome, Held):
            self._hold(head, it.record.kind, recall.seq, logged_at, outcome)
        return (Considered(head.id, it.record.kind, head.at, outcome, it),)

    def _narrowed(self, head: Header | Record, now: datetime) -> Sequence[Rendition]:
        """A version that the partner may not have takes back what it holds; nothing if it holds nothing."""
        standing = self.register.taken_back(head.id)
        held = self._held(head.id) if standing is None or standing.ended else []
        if not held:
            return ()
        back = Recalled(
            id=recall_id(head.id, head.version), about=head.id, at=head.at, narrowed=True, entries=len(held)
        )
        self.register.take_back(back)
        return self._notice(back, held, head.by, now)

    def _held(self, own_id: str) -> list[tuple[int, bytes | None]]:
        """Numbers, and content where it is at hand, of the partner's entries of ``own_id`` not taken back."""
        logged: list[tuple[int, bytes | None]] = [(seq, None) for seq in self.aliases.seqs(own_id)]
        found = [*logged, *self._numbers.get(own_id, ())]
        return [(seq, entry) for seq, entry in found if seq not in self._gone and seq not in self.withdrawn]

    def _notice(
        self,
        back: Recalled,
        held: list[tuple[int, bytes | None]],
        by: str,
        now: datetime,
        *,
        alone: bool = True,
    ) -> list[Rendition]:
        """The notice that takes back ``held``; in parts, if it is more than one can name.

        Unless that is all that was sent of the record (``alone``), it names none: what came before stays.
        """
        newest, entry = held[-1]
        shown = self.codec.decode(entry or said_at(self._sent, newest) or b"")
        label = shown.header.label if isinstance(shown, Unknown) else shown.label
        seqs = [seq for seq, _ in held]
        self._gone.update(seqs)
        parts: list[Rendition] = []
        for version, start in enumerate(range(0, len(seqs), MAX_NAMED), 1):
            recall = Recall(
                id=back.id,
                realm=self._terms.realm,
                label=label,
                at=now,
                by=by,
                about=back.about if alone else back.id,
                entries=tuple(seqs[start : start + MAX_NAMED]),
            )
            parts.append(self._renderer.statement(back.id, version, recall))
            self.given(parts[-1])
        return parts

    def _purged(self, purge: Purge, logged_at: datetime) -> Sequence[Considered]:
        """What we sign for having forgotten goes to whom it belonged, and to nobody else."""
        mine = purge.owner == self._hq and purge.realm == self._terms.realm
        if not mine or owner_of(purge.recall) != self._terms.hq or purge.version != 1:
            return ()
        made = self._renderer.statement(purge.id, 1, purge)
        self.given(made)
        return (Considered(purge.id, purge.kind, logged_at, made),)

    def _render(
        self, it: Opened, now: datetime, *, late: bool = False, again: bool = False
    ) -> Rendition | Stopped | Held:
        """``late`` is what bears the time of its release; ``again`` what the partner may have had before."""
        released = self.chain.decide(it, now)
        if not isinstance(released, Released):
            return released
        return self._rendition(released, now if late else None, again)

    def _rendition(self, released: Released, at: datetime | None, again: bool) -> Rendition | Stopped:
        record = released.record
        before = self._version_of(record.id, 2 if again else record.version)
        made = self._renderer.render(released, before + 1, at)
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
