"""Two headquarters in memory, with real logs, views, labels and releases, and a link moved by hand.

What one side has released waits until ``carry`` takes it across, entry by entry if asked, so a test
decides what crosses what.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

import msgspec

from renkei.data import packaged
from renkei.kernel.clock import FakeClock
from renkei.kernel.desk import Appended, Desk
from renkei.kernel.ids import new_id
from renkei.kernel.labels.model import Clearance, Label
from renkei.kernel.labels.policy import Policy, PolicyBook
from renkei.kernel.log.base import Draft
from renkei.kernel.log.memory import MemoryLog
from renkei.kernel.partners import Register, Releaser, Terms
from renkei.kernel.partners.records import Agreement, Cover
from renkei.kernel.people import Person, Role
from renkei.kernel.records import LIVE, Codec, Record
from renkei.kernel.views import OWN, ViewStore
from renkei.rooms import KINDS, VIEWS
from renkei.rooms.coordination import Delivery

START = datetime(2022, 9, 18, 7, 0, tzinfo=UTC)
USFJ, JJOC = "us.usfj", "jp.jjoc"


@cache
def policies() -> tuple[Policy, Policy]:
    return Policy.load(packaged("policies/us.xml")), Policy.load(packaged("policies/jp.xml"))


@cache
def clearances() -> dict[str, dict[str, dict[str, Clearance]]]:
    kind = dict[str, dict[str, dict[str, Clearance]]]
    return msgspec.json.decode(packaged("policies/clearances.json"), type=kind)


def suggested(hq: str, key: str) -> Label:
    """A ready label out of the headquarters' own policy."""
    policy = policies()[0 if hq == USFJ else 1]
    return next(s.label for s in policy.suggestions if s.key == key)


class Side:
    """One headquarters: its logs, views, and a writer that folds at once."""

    def __init__(self, hq: str, partner: str, clock: FakeClock) -> None:
        self.hq, self.partner, self.clock = hq, partner, clock
        us, jp = policies()
        self.book = PolicyBook(us, (jp,)) if hq == USFJ else PolicyBook(jp, (us,))
        self.codec = Codec(KINDS)
        self.master, self.sent, self.received = (
            MemoryLog(f"renkei/{hq}/{n}", bodied=n != "m") for n in "msr"
        )
        terms = Terms(hq=partner)
        register = Register(partner, LIVE)
        register.take(self._agreement())
        self.sent.set_facts(register.changes())
        self.releaser = Releaser(
            self.master, self.sent, terms, self.book, self.codec, hq.encode().ljust(32), hq=hq, clock=clock
        )
        self.views = ViewStore(None, self.codec, self.book, VIEWS, self._resolve, hq)
        self.carried = 0

    def _agreement(self) -> Agreement:
        now, label = self.clock.now(), Label(self.book.own.id, "UNCLASSIFIED")
        covers = (Cover("*", clearances()[self.hq]["partners"][self.partner]),)
        fields = {"label": label, "at": now, "by": "Administrator", "cites": "Exercise arrangement 1"}
        return Agreement(id=new_id(self.hq, now), partner=self.partner, since=now, covers=covers, **fields)

    def _resolve(self, source: str, alias: str) -> str | None:
        return self.releaser.resolve(alias)

    @property
    def sources(self) -> dict[str, MemoryLog]:
        return {OWN: self.master, self.partner: self.received}

    def append(self, records: Sequence[Record]) -> Appended:
        drafts = [Draft(self.codec.encode(r), r.id, r.version) for r in records]
        seq = self.master.append(drafts, self.clock.now())
        self.fold()
        self.clock.advance(timedelta(milliseconds=1))
        return Appended(seq, tuple(records))

    def fold(self) -> None:
        self.views.fold(self.sources)
        self.releaser.run()

    def desk(self, clearance: str = "officer", *roles: Role) -> Desk:
        held = clearances()[self.hq]["people"][clearance]
        person = Person(
            account=clearance,
            post=f"Watch officer, {self.hq}",
            roles=roles or (Role.WATCH_OFFICER, Role.PLANNER),
            clearance=held,
        )
        return Desk(
            hq=self.hq,
            realm=LIVE,
            person=person,
            clock=self.clock,
            policies=self.book,
            views=self.views.reader(LIVE, held),
            writer=self,
        )

    def delivery(self, record_ids: Sequence[str], partner: str) -> dict[str, Delivery]:
        """How far records have got, as the node would know it."""
        seqs = self.releaser.aliases.newest_seqs(record_ids)
        known: dict[str, Delivery] = {
            one: "received" if seq < self.carried else "sent" for one, seq in seqs.items()
        }
        return dict.fromkeys(record_ids, "unsent") | known

    def alias(self, record_id: str) -> str:
        """What the partner calls an own record."""
        return self.releaser.aliases.alias(record_id)

    def close(self) -> None:
        self.views.close()


class Duo:
    """U.S. Forces Japan and the Joint Operations Command, one clock, one link."""

    def __init__(self) -> None:
        self.clock = FakeClock(START)
        self.usfj = Side(USFJ, JJOC, self.clock)
        self.jjoc = Side(JJOC, USFJ, self.clock)

    def other(self, side: Side) -> Side:
        return self.jjoc if side is self.usfj else self.usfj

    def carry(self, side: Side, count: int = 1_000) -> int:
        """Take up to ``count`` waiting entries from ``side`` across; how many there were."""
        packs = list(side.sent.read(side.carried, count))
        entries = [Draft(e, body=b) for pack in packs for e, b in zip(pack.entries, pack.bodies, strict=True)]
        if entries:
            other = self.other(side)
            other.received.append(entries, self.clock.now())
            side.carried += len(entries)
            other.fold()
        return len(entries)

    def carry_all(self) -> None:
        """Take everything across in both directions."""
        while self.carry(self.usfj) + self.carry(self.jjoc):
            pass

    def close(self) -> None:
        self.usfj.close()
        self.jjoc.close()
