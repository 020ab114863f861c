"""The internal audit: what the chain makes of the master log, held against a log sent, entry by entry.

The releaser's own code (``deciding``) is run again over the master log, with a log that only remembers what
it would have been given, and each commitment it comes to is compared with the one that was signed.  So the
audit covers entries whose bodies are erased, too.

Time.  An entry of the log sent says when it was decided.  What was withheld was decided at some moment
between when it was logged and the next entry sent.  Where an agreement began or ended within that span,
either answer was right; the audit names a record as forgotten only if it was releasable at both ends of it.

It recomputes by the policy in force now: after a change of policy, what that change would have decided
otherwise is named too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from ..clock import Clock
from ..labels.policy import PolicyBook
from ..labels.release import Released
from ..log.base import Log, Pack
from ..log.commitments import Salts, commitments, said_in
from ..records import Codec, Header
from .aliases import Aliases
from .chain import Terms
from .deciding import Considered, Decider
from .intake import Incoming, Intake
from .passed_on import Whole
from .recalls import Withdrawn
from .records import Onward, Recall, Reconsideration
from .register import FACTS, RECALLS, Recalled, meaning
from .releaser import POSITION, RUN_BYTES, RUN_LIMIT
from .rendition import Rendition

MAX_NAMED = 1_000
"""Deviations named; further ones are counted."""

What = Literal["against", "forgotten", "altered", "register", "position"]


class Deviation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One difference.

    ``against``: entry ``sent`` was released though the chain says no.  ``forgotten``: the master log's entry
    ``master`` should have been.  ``altered``: entry ``sent`` is not the rendition that the chain gives.
    ``register``: what is kept of agreements and reviews is not what the log says.  ``position``: the releaser
    claims to have decided on more than there is.  ``own_id`` is empty where the body that names it is gone.
    """

    what: What
    sent: int | None = None
    master: int | None = None
    own_id: str = ""
    rule: str = ""
    code: str = ""
    reason: str = ""


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit came to: entries of the master log looked at, of the log sent matched, and deviations."""

    partner: str
    examined: int
    matched: int
    deviations: tuple[Deviation, ...]
    unnamed: int = 0

    @property
    def sound(self) -> bool:
        """Whether all was as it should be."""
        return not self.deviations


class _Tape:
    """Stands for the log sent while the decider runs again (``LogSent``): it knows versions alone."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}

    @property
    def size(self) -> int:
        return 0

    def read(self, first: int, limit: int = 1000) -> Iterator[Pack]:
        return iter(())

    def newest_version(self, key: str) -> int:
        return self.versions.get(key, 0)

    def fact(self, name: str) -> bytes | None:
        return None

    def facts(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        return iter(())

    def facts_named(self, names: Sequence[str]) -> Mapping[str, bytes]:
        return {}


class _Sent(msgspec.Struct, frozen=True):
    """An entry of the log sent: its number, when, the commitment, and the record if it is still there."""

    seq: int
    at: datetime
    entry: bytes
    said: bytes | None


def audit(
    master: Log | Whole,
    sent: Log,
    terms: Terms,
    book: PolicyBook,
    codec: Codec,
    partner_key: bytes,
    *,
    hq: str,
    clock: Clock,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Audited:
    """Recompute the log sent to one partner and compare.  ``progress`` is told entries done and in all.

    Both logs may go on growing meanwhile: what is compared is up to the position at the beginning.
    """
    tape = _Tape()
    intake = Intake(master, codec)
    decider = Decider(intake, tape, terms, book, codec, partner_key, hq=hq)
    return _Audit(intake, sent, decider, tape, terms, partner_key, clock).run(progress)


class _Audit:
    def __init__(
        self,
        intake: Intake,
        sent: Log,
        decider: Decider,
        tape: _Tape,
        terms: Terms,
        partner_key: bytes,
        clock: Clock,
    ) -> None:
        self._intake, self._sent, self._decider, self._tape = intake, sent, decider, tape
        self._terms, self._salts = terms, Salts(partner_key)
        self._now = clock.now()
        self._position, self._size, self._kept = _standing(sent)
        self._ahead = self._entries()
        self._next = next(self._ahead, None)
        self._last_at: datetime | None = None
        self._doubts: dict[str, Deviation] = {}
        self._anew: set[str] | None = None
        self._late: dict[str, Deviation] = {}
        """What was releasable and did not go: forgotten, unless an officer had it decided anew further on."""
        recalls = (raw for name, raw in self._kept.items() if name.startswith(RECALLS))
        kept = (msgspec.json.decode(raw, type=Recalled) for raw in recalls)
        self._undelivered = {back.about for back in kept if back.ended}
        self._aliases, self._withdrawn = Aliases(sent, partner_key), Withdrawn(sent)
        self._unsaid: dict[int, str] = {}
        """Entries sent of what was passed on, and forgotten since (``passed_on``), with the own id."""
        self._erased: set[str] = set()
        self._newest: dict[str, Incoming] = {}
        """Of the records of which something was not delivered when an agreement ended."""
        self._places: dict[str, list[int]] | None = None
        self._found: list[Deviation] = []
        self._matched = self._unnamed = 0

    def run(self, progress: Callable[[int, int], None]) -> Audited:
        total = min(self._position, self._intake.master.size)
        if self._position > total:
            self._name(Deviation(what="position", reason=f"{self._position} decided on, {total} there"))
        done = 0
        while done < total:
            for entry in self._intake.run(done, min(RUN_LIMIT, total - done), RUN_BYTES):
                self._one(entry)
                done += 1
            progress(done, total)
        while self._next is not None:
            self._unfounded(self._next)
        for forgotten in self._late.values():
            self._name(forgotten)
        self._compare_register()
        found = tuple(self._found)
        return Audited(
            partner=self._terms.hq,
            examined=total,
            matched=self._matched,
            deviations=found,
            unnamed=self._unnamed,
        )

    def _entries(self) -> Iterator[_Sent]:
        for pack in self._sent.read(0, self._size):
            for number, (entry, said) in enumerate(zip(pack.entries, said_in(pack), strict=True)):
                yield _Sent(pack.first + number, pack.logged_at, entry, said)

    # --- one entry of the master log -----------------------------------------------------------------

    def _one(self, entry: Incoming) -> None:
        while self._next is not None and self._accounted(self._next):
            pass
        if self._forgotten(entry):
            return
        at = self._next.at if self._next is not None else self._now
        if self._next is not None:
            self._decider.number_next(self._next.seq)
        for done in self._decider.consider(entry, at):
            if done.own_id in self._undelivered:
                self._newest[done.own_id] = entry
            self._compare(entry, done)

    def _compare(self, entry: Incoming, done: Considered) -> None:
        made = done.outcome
        if not isinstance(made, Rendition):
            self._doubts[done.own_id] = Deviation(
                what="against",
                master=entry.seq,
                own_id=done.own_id,
                rule=made.rule,
                code=made.code,
                reason=made.reason,
            )
            return
        if self._matches(made) or self._resumed(made):
            self._doubts.pop(made.own_id, None)
            if isinstance(entry.it.record, Reconsideration):
                self._late.pop(made.own_id, None)
            return
        self._decider.not_given(made)
        there = self._next
        differs = there is not None and self._own_id(there) == made.own_id
        if there is not None and differs and made.own_id not in self._reconsidered():
            self._name(Deviation(what="altered", sent=there.seq, master=entry.seq, own_id=made.own_id))
            self._pass(made.own_id, made.version)
        elif self._surely(entry, done):
            self._late[made.own_id] = Deviation(what="forgotten", master=entry.seq, own_id=made.own_id)

    def _matches(self, made: Rendition) -> bool:
        """Whether ``made`` is what the next entry sent commits to; it is passed then."""
        there = self._next
        if there is None or commitments(self._salts.bodies(there.seq, [made.entry]))[0] != there.entry:
            return False
        self._matched += 1
        self._pass(made.own_id, made.version)
        return True

    def _resumed(self, made: Rendition) -> bool:
        """Whether ``made`` stands further on: then what lies between was released without cause."""
        for place in self._places_of(made.own_id):
            if self._next is not None and place > self._next.seq:
                entry = self._sent.entry(place)
                if commitments(self._salts.bodies(place, [made.entry]))[0] == entry:
                    while self._next is not None and self._next.seq < place:
                        self._unfounded(self._next)
                    return self._matches(made)
        return False

    def _pass(self, own_id: str, version: int) -> None:
        assert self._next is not None
        self._tape.versions[own_id] = version
        self._last_at = self._next.at
        self._next = next(self._ahead, None)

    def _reconsidered(self) -> set[str]:
        """Whatever officers had decided anew; looked for when first there is a difference."""
        if self._anew is None:
            packs = self._intake.master.read(0, self._position)
            said = (raw for pack in packs for raw in pack.entries if raw.startswith(_RECONSIDERATION))
            found = (self._decider.codec.decode(raw) for raw in said)
            self._anew = {n.record for one in found if isinstance(one, Reconsideration) for n in one.named}
        return self._anew

    def _surely(self, entry: Incoming, done: Considered) -> bool:
        """Whether it was due at the earliest moment it can have been decided on, too."""
        if done.it is None:
            return True
        earliest = max(entry.logged_at, self._last_at or entry.logged_at)
        found = self._decider.chain.decide(done.it, earliest)
        taken_back = isinstance(done.outcome, Rendition) and done.outcome.own_id != done.own_id
        if taken_back and not isinstance(found, Released):
            return found.rule == "label"
        return isinstance(found, Released)

    def _unfounded(self, there: _Sent) -> None:
        """An entry sent that nothing in the master log accounts for."""
        own_id = self._own_id(there)
        if self._held_back(there, own_id) or self._accounted(there):
            return
        doubt = self._doubts.get(own_id)
        reason = "no record in the master log gives it"
        found = doubt or Deviation(what="against", own_id=own_id, code="audit.unfounded", reason=reason)
        self._name(msgspec.structs.replace(found, sent=there.seq))
        if own_id:
            self._tape.versions[own_id] = self._tape.versions.get(own_id, 0) + 1
        self._last_at = there.at
        self._next = next(self._ahead, None)

    def _held_back(self, there: _Sent, own_id: str) -> bool:
        """Whether the entry takes back what a change of policy held back; it is passed then."""
        said = None if there.said is None else self._decider.codec.decode(there.said)
        if not isinstance(said, Recall):
            return False
        kept = self._kept.get(RECALLS + own_id)
        back = None if kept is None else msgspec.json.decode(kept, type=Recalled)
        if back is None or not (back.narrowed or (back.followed and back.about in self._erased)):
            return False
        self._decider.noticed(back, said.entries)
        self._matched += 1
        self._pass(own_id, self._tape.versions.get(own_id, 0) + 1)
        return True

    def _accounted(self, there: _Sent) -> bool:
        """Whether the entry is no record's, or of one that cannot be worked out again; it is passed then."""
        if there.seq in self._unsaid:
            own_id = self._unsaid[there.seq]
            self._matched += 1
            self._pass(own_id, self._tape.versions.get(own_id, 0) + 1)
            return True
        kept = self._kept.get(RECALLS + self._own_id(there)) if self._erased else None
        if kept is not None and msgspec.json.decode(kept, type=Recalled).followed:
            return self._held_back(there, self._own_id(there))
        return bool(self._undelivered) and self._by_turn(there)

    def _forgotten(self, entry: Incoming) -> bool:
        """Whether the entry passed on what is forgotten since, or recalls that: no rendition can be made.

        What was sent of it is told by the numbers kept beside the log sent; it must have been taken back.
        """
        record = entry.it.record
        if isinstance(record, Onward) and record.sealed:
            places = [seq for seq in self._aliases.seqs(record.id) if seq in self._withdrawn]
            self._unsaid |= dict.fromkeys(places, record.id)
            self._erased.add(record.id)
            return True
        kept = self._kept.get(RECALLS + record.id) if isinstance(record, Recall) else None
        back = None if kept is None else msgspec.json.decode(kept, type=Recalled)
        if back is None or back.about not in self._erased:
            return False
        self._decider.register.replaced(back.about)
        self._decider.register.take_back(back)
        return True

    def _by_turn(self, there: _Sent) -> bool:
        """Whether the entry came of an agreement that ended or began, not of a record; it is passed then."""
        own_id = self._own_id(there)
        kept = self._kept.get(RECALLS + own_id)
        if kept is not None and msgspec.json.decode(kept, type=Recalled).ended:
            return self._held_back(there, own_id)
        entry = self._newest.get(own_id)
        if entry is None:
            return False
        self._decider.number_next(there.seq)
        made = self._decider.anew(entry.it, there.at)
        if not isinstance(made, Rendition) or not self._matches(made):
            return False
        self._decider.given(made)
        self._doubts.pop(own_id, None)
        return True

    # --- whose an entry is ---------------------------------------------------------------------------

    def _own_id(self, there: _Sent) -> str:
        """The own id of the record sent, empty if its body is gone or says none."""
        if there.said is None:
            return ""
        try:
            alias = _HEADER.decode(there.said).id
        except msgspec.DecodeError:
            return ""
        return self._decider.aliases.own(alias)

    def _places_of(self, own_id: str) -> Sequence[int]:
        """Where the log sent has renditions of a record; worked out when first there is a difference."""
        if self._places is None:
            self._places = {}
            for there in self._entries():
                self._places.setdefault(self._own_id(there), []).append(there.seq)
        return self._places.get(own_id, ())

    # --- the register --------------------------------------------------------------------------------

    def _compare_register(self) -> None:
        made = self._decider.register.facts()
        for name in sorted(made.keys() | self._kept.keys()):
            about = name.rpartition("/item/")[2]
            alike = meaning(name, made.get(name)) == meaning(name, self._kept.get(name))
            if not alike and about not in self._undelivered:
                said = "is missing" if name not in self._kept else "is not what the log says"
                self._name(Deviation(what="register", own_id=about, reason=f"{name} {said}"))

    def _name(self, deviation: Deviation) -> None:
        if len(self._found) < MAX_NAMED:
            self._found.append(deviation)
        else:
            self._unnamed += 1


_HEADER = msgspec.json.Decoder(Header)
_RECONSIDERATION = b'{"kind":"release.reconsideration"'


def _standing(sent: Log) -> tuple[int, int, Mapping[str, bytes]]:
    """Position, size and register of a log sent, all of one moment."""
    while True:
        fact = sent.fact(POSITION)
        size = sent.size
        kept = {name: raw for name, raw in sent.facts(FACTS) if raw}
        if sent.fact(POSITION) == fact:
            return (int(fact) if fact is not None else 0), size, kept
