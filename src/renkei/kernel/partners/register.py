"""The register: what the records about releasing (``records``) come to, for one partner, at one place.

The releaser shows it every such record as it passes, in the master log's order, so what it says depends on
the log alone.  It is small: agreements, and the records that were held for review with the signatures given
so far.  What changed is kept as facts in the log sent, in the transaction that also moves the position; after
a restart it is read from there, and the internal audit makes it anew from the log and compares.

A statement that is not sound where it stands (a decision on a version that is not held, by an officer who
signed before, after a refusal, by a verdict that this node does not know) changes nothing.  Actions refuse
such statements before they are written; the register need not trust that they did.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Literal

import msgspec

from ..labels.model import Category, Clearance
from ..records import Record
from .records import Agreement, ReleaseDecision

FACTS = "register/"
"""What the names of the register's facts begin with."""
_SETTLES: dict[str, Literal["refused", "returned"]] = {"refuse": "refused", "return": "returned"}
_AGREEMENT, _ITEM, RECALLS = FACTS + "agreement/", FACTS + "item/", FACTS + "recall/"


class Signed(msgspec.Struct, frozen=True):
    """An officer's yes: who (account and post), when, and by which ``decision``."""

    account: str
    by: str
    at: datetime
    decision: str


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a record that came under a review rule.

    ``seq`` is its number in the master log, ``since`` when it was logged there.  The review's rule asks for
    ``needed`` signatures by ``due``.  ``settled_by`` is whose word refused or returned it; in the facts it
    keeps the name from when there was refusing alone, so that an older node's facts are the same bytes.
    """

    id: str
    version: int
    kind: str
    seq: int
    since: datetime
    needed: int
    due: datetime
    state: Literal["held", "approved", "refused", "returned"] = "held"
    signatures: tuple[Signed, ...] = ()
    settled_by: Signed | None = msgspec.field(default=None, name="refused_by")


class Recalled(msgspec.Struct, frozen=True, kw_only=True):
    """A record taken back from the partner under ``id``, by a statement or because its label was narrowed.

    ``entries`` is how many of the partner's entries that concerns; the partner is told unless it is none.
    ``lifted`` when it is over: by a statement, or, after narrowing, by a version that was released again.
    ``ended`` if it came of the end of an agreement: of what had not been delivered by then, and no more.
    ``followed`` if it follows an originator's: the bodies in the log sent are erased then, too.
    """

    id: str
    about: str
    at: datetime
    narrowed: bool = False
    entries: int = 0
    lifted: bool = False
    ended: bool = False
    followed: bool = False


class Register:
    """One partner's.  Written by one thread; what it returns are values that others may read."""

    def __init__(self, partner: str, realm: str, facts: Iterable[tuple[str, bytes]] = ()) -> None:
        """``facts`` are those kept in the log sent."""
        self.partner, self.realm = partner, realm
        self.agreements: dict[str, Agreement] = {}
        self.items: dict[str, Item] = {}
        self.recalls: dict[str, Recalled] = {}
        self._back: dict[str, set[str]] = {}
        self.epoch = 0
        self._changes: dict[str, bytes] = {}
        for name, raw in facts:
            if name.startswith(_AGREEMENT) and raw:
                self.agreements[name[len(_AGREEMENT) :]] = msgspec.json.decode(raw, type=Agreement)
            elif name.startswith(_ITEM) and raw:
                self.items[name[len(_ITEM) :]] = msgspec.json.decode(raw, type=Item)
            elif name.startswith(RECALLS):
                self._remember(msgspec.json.decode(raw, type=Recalled))

    def changes(self) -> dict[str, bytes]:
        """The facts that changed since this was last asked."""
        changed, self._changes = self._changes, {}
        return changed

    def facts(self) -> dict[str, bytes]:
        """All facts, as they would be after a start from nothing."""
        held = {_ITEM + name: msgspec.json.encode(item) for name, item in self.items.items()}
        held |= {RECALLS + name: msgspec.json.encode(one) for name, one in self.recalls.items()}
        return held | {_AGREEMENT + n: msgspec.json.encode(a) for n, a in self.agreements.items()}

    # --- as the log passes ---------------------------------------------------------------------------

    def take(self, record: Record) -> Item | None:
        """Take in a statement; the item that it gave a further signature, if it did."""
        if record.realm != self.realm:
            return None
        if isinstance(record, Agreement):
            self._agree(record)
        elif isinstance(record, ReleaseDecision):
            return self._decide(record)
        return None

    def _agree(self, agreement: Agreement) -> None:
        if agreement.partner == self.partner:
            self.agreements[agreement.id] = agreement
            self._changes[_AGREEMENT + agreement.id] = msgspec.json.encode(agreement)
            self.epoch += 1

    def _decide(self, decision: ReleaseDecision) -> Item | None:
        item = self.items.get(decision.about)
        if item is None or decision.partner != self.partner or wrong_with(decision, item) is not None:
            return None
        signed = Signed(decision.account, decision.by, decision.at, decision.id)
        if decision.verdict == "release":
            item = msgspec.structs.replace(item, signatures=(*item.signatures, signed))
            self._put(item)
            return item
        if (state := _SETTLES.get(decision.verdict)) is not None:
            self._put(msgspec.structs.replace(item, state=state, settled_by=signed))
        return None  # a verdict that this node does not know changes nothing, and never signs

    def replaced(self, record_id: str) -> None:
        """A newer version passes: whatever was held or decided of an older one is over."""
        if self.items.pop(record_id, None) is not None:
            self._changes[_ITEM + record_id] = b""

    def hold(self, item: Item) -> None:
        """A version waits for its review."""
        self._put(item)

    def approve(self, record_id: str) -> None:
        """The version held was released."""
        self._put(msgspec.structs.replace(self.items[record_id], state="approved"))

    def _put(self, item: Item) -> None:
        self.items[item.id] = item
        self._changes[_ITEM + item.id] = msgspec.json.encode(item)

    # --- recalls -------------------------------------------------------------------------------------

    def take_back(self, recalled: Recalled) -> None:
        """A record is taken back, or let go again."""
        self._remember(recalled)
        self._changes[RECALLS + recalled.id] = msgspec.json.encode(recalled)

    def _remember(self, recalled: Recalled) -> None:
        self.recalls[recalled.id] = recalled
        standing = self._back.setdefault(recalled.about, set())
        (standing.discard if recalled.lifted else standing.add)(recalled.id)
        if not standing:
            del self._back[recalled.about]

    def taken_back(self, record_id: str) -> Recalled | None:
        """The recall in force for a record, None if it was not taken back.

        Several may be: two officers' at once, or an officer's of what a narrower label had taken back.  All
        must be over before the record goes again; an officer's counts before one by a label.
        """
        standing = self._back.get(record_id)
        if not standing:
            return None
        return min((self.recalls[one] for one in standing), key=lambda back: (back.narrowed, back.id))

    def covered_again(self, record_id: str) -> None:
        """A version was released: whatever a narrower label had taken back of the record is over."""
        for one in sorted(self._back.get(record_id, ())):
            if self.recalls[one].narrowed:
                self.take_back(msgspec.structs.replace(self.recalls[one], lifted=True))

    # --- as the chain asks ---------------------------------------------------------------------------

    def in_force(self, kind: str, now: datetime) -> list[Agreement]:
        """The agreements that cover ``kind`` now: those that name it, or else those for every kind.

        There is one, or none.  Actions refuse to write two that contradict each other; should two stand in
        the log nevertheless, both count.
        """
        holding = [a for a in self.agreements.values() if a.in_force(now)]
        named = [a for a in holding if a.names(kind)]
        return named or [a for a in holding if a.ceiling(kind) is not None]

    def turn_after(self, now: datetime) -> datetime | None:
        """The next moment at which an agreement begins or ends, None if none will."""
        moments = (m for a in self.agreements.values() for m in (a.since, a.until) if m is not None)
        return min((m for m in moments if m > now), default=None)

    def turn_before(self, now: datetime) -> datetime | None:
        """The last moment, now included, at which one began or ended; None if none has."""
        moments = (m for a in self.agreements.values() for m in (a.since, a.until) if m is not None)
        return max((m for m in moments if m <= now), default=None)

    def standing(self, now: datetime) -> bytes:
        """A digest of what is agreed on now: another one when an agreement has begun, changed or ended."""
        held = sorted((a.id, a.version, a.in_force(now)) for a in self.agreements.values())
        return sha256(msgspec.json.encode(held)).hexdigest().encode()

    def undelivered(self) -> set[str]:
        """The own ids of records of which something was not delivered because an agreement ended."""
        return {
            back.about
            for back in self.recalls.values()
            if back.ended and not back.lifted and (said := self.taken_back(back.about)) and said.narrowed
        }

    def item(self, record_id: str, version: int) -> Item | None:
        """What is known of the review of that version."""
        item = self.items.get(record_id)
        return item if item is not None and item.version == version else None


def meaning(name: str, fact: bytes | None) -> Agreement | Item | Recalled | bytes | None:
    """What a fact says; the fact itself where that cannot be told.

    For comparing: older versions of the software wrote fewer fields, and what they left out says the same.
    """
    if not fact:
        return fact
    try:
        if name.startswith(_AGREEMENT):
            return msgspec.json.decode(fact, type=Agreement)
        if name.startswith(_ITEM):
            return msgspec.json.decode(fact, type=Item)
        return msgspec.json.decode(fact, type=Recalled)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return fact


Wrong = Literal["version", "settled", "same-officer"]


def wrong_with(decision: ReleaseDecision, item: Item) -> Wrong | None:
    """Why ``decision`` cannot be taken on ``item``, or None: the one rule for actions and the register."""
    if decision.about_version != item.version:
        return "version"
    if item.state != "held":
        return "settled"
    if any(s.account == decision.account or s.by == decision.by for s in item.signatures):
        return "same-officer"  # as for a policy's second officer: one person may hold two accounts
    return None


def ceiling_of(agreements: Iterable[Agreement], kind: str) -> Clearance | None:
    """What all of ``agreements`` allow ``kind``; None if none covers it."""
    ceilings = (a.ceiling(kind) for a in agreements)
    found: Clearance | None = None
    for ceiling in ceilings:
        if ceiling is not None:
            found = ceiling if found is None else lower(found, ceiling)
    return found


def lower(one: Clearance, other: Clearance) -> Clearance:
    """What both clearances, which are under one policy, hold; nothing if they are not."""
    if one.policy != other.policy:
        return Clearance(one.policy, ())
    levels = tuple(name for name in one.classifications if name in other.classifications)
    categories = []
    for mine in one.categories:
        theirs = other.held(mine.tag, mine.type)
        categories.append(Category(mine.tag, mine.type, tuple(v for v in mine.values if v in theirs)))
    return Clearance(one.policy, levels, tuple(categories)).canonical()
