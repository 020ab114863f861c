"""The world: headquarters by id, links between them, and time that moves when told."""

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from renkei.kernel.accounts import Accounts, Hashing
from renkei.kernel.clock import FakeClock
from renkei.kernel.desk import Desk
from renkei.kernel.errors import Refused
from renkei.kernel.identity import open_card
from renkei.kernel.labels.model import Clearance, Label
from renkei.kernel.labels.policy import PolicyBook
from renkei.kernel.labels.presets import NATIONS, demo_clearances, synthetic_policy
from renkei.kernel.partners import AT_ONCE, Rhythm
from renkei.kernel.people import Person, Role
from renkei.node import Names, Node, NodeConfig
from renkei.node.create import agree

from .links import Conditions, WorldLink

DEMO = {"us": "us.usfj", "jp": "jp.jjoc", "ph": "ph.afp"}
"""Whose demonstration clearances stand for a nation's: a world may have many headquarters of either."""
START = datetime(2022, 9, 18, 6, 50, tzinfo=UTC)
Kinds = Mapping[tuple[str, str], tuple[str, ...]]
MAX_ROUNDS = 2_000
"""A world that is not at rest after this many rounds never will be."""
CHEAP = Hashing(passes=1, lanes=1, memory_kib=8)


class Headquarters:
    """One headquarters of the world: its node, and desks for whoever acts there."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.hq: str = node.config.hq

    def person(self, role: Role = Role.WATCH_OFFICER, clearance: str = "officer") -> Person:
        """Somebody with ``role``, cleared as the demonstration's ``officer`` or ``viewer``."""
        held = demo_clearances(DEMO[self.hq[:2]]).people[clearance]
        return Person(account=role.value, post=f"{role.value}, {self.hq}", roles=(role,), clearance=held)

    def desk(self, role: Role = Role.WATCH_OFFICER, clearance: str = "officer") -> Desk:
        """The desk of such a person."""
        return self.node.desk(self.person(role, clearance))

    def label(self, key: str) -> Label:
        """A label that the policy suggests, by its key."""
        return next(s.label for s in self.node.policies.own.suggestions if s.key == key)


class World:
    """Headquarters and links.  ``settle`` runs everything until nothing moves any more."""

    def __init__(self, folder: Path, *hqs: str, rhythm: Rhythm = AT_ONCE, kinds: Kinds | None = None) -> None:
        """``kinds`` are those that the first agreement of one with another covers, if not all."""
        self._kinds = kinds or {}
        self.clock = FakeClock(START)
        self.links: dict[frozenset[str], WorldLink] = {}
        self.hqs = {hq: self._found(folder / hq, hq, rhythm) for hq in hqs or ("us.usfj", "jp.jjoc")}
        for one, other in itertools.combinations(self.hqs.values(), 2):
            self._introduce(one.node, other.node)

    def __getitem__(self, hq: str) -> Headquarters:
        return self.hqs[hq]

    def _found(self, folder: Path, hq: str, rhythm: Rhythm) -> Headquarters:
        nation = hq[:2]
        others = [synthetic_policy(n) for n in NATIONS if n != nation]
        accounts = Accounts(":memory:", self.clock, CHEAP)
        node = Node.in_memory(
            NodeConfig(hq=hq, names=Names(hq, hq), rhythm=rhythm),
            folder,
            policies=PolicyBook(synthetic_policy(nation), others),
            clock=self.clock,
            accounts=accounts,
        )
        return Headquarters(node)

    def _introduce(self, one: Node, other: Node) -> None:
        for node, partner in ((one, other), (other, one)):
            card = partner.card()
            granted = granted_by(node.config.hq, partner.config.hq)
            kinds = self._kinds.get((node.config.hq, partner.config.hq), ())
            now = self.clock.now()
            node.add_partner(agree(open_card(card, now), card, granted, now, kinds=kinds))
        pair = frozenset({one.config.hq, other.config.hq})
        self.links[pair] = WorldLink(one, other, Conditions(), seed=len(self.links))

    def link(self, one: str, other: str) -> WorldLink:
        """The link between two headquarters."""
        return self.links[frozenset({one, other})]

    def settle(self) -> None:
        """Release, carry, fold, until everything is at rest."""
        for _ in range(MAX_ROUNDS):
            for hq in self.hqs.values():
                hq.node.pump()
            moved = sum(link.step() for link in self.links.values())
            if moved:
                continue
            if self._all_receipted():
                return
            self.pass_time(timedelta(seconds=3))
        raise AssertionError("the world does not come to rest")

    def _all_receipted(self) -> bool:
        """Whether nothing waits on a link that is up."""
        for link in self.links.values():
            for here, there in (link.ends, link.ends[::-1]):
                positions = here.line(there.config.hq).sender.positions
                if link.conditions.up and positions.received < positions.logged:
                    return False
        return True

    def pass_time(self, step: timedelta) -> None:
        """Move the clock; links notice."""
        self.clock.advance(step)
        for link in self.links.values():
            link.tick()

    def close(self) -> None:
        """Close every node."""
        for hq in self.hqs.values():
            hq.node.close()


def granted_by(hq: str, partner: str) -> Clearance:
    """What ``hq`` lets ``partner`` hold: the other nation's grant, or what its own officers hold."""
    mine = demo_clearances(DEMO[hq[:2]])
    return mine.people["officer"] if hq[:2] == partner[:2] else mine.partners[DEMO[partner[:2]]]


def done(result: object) -> object:
    """``result``, which must not be a refusal."""
    assert not isinstance(result, Refused), str(result)
    return result
