"""The demo's three headquarters, made from nothing: keys, cards, policies, people, reference data.

Everything is as an administrator would do it by hand (``docs/admin-guide.md``), except that the
administrators are one program and compare fingerprints with themselves, and that the passwords are known to
everybody: they exist in a demo folder only.
"""

import itertools
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ....data import packaged, packaged_names
from ....kernel.accounts import Accounts
from ....kernel.clock import SystemClock
from ....kernel.errors import BadInput
from ....kernel.labels.presets import DemoClearances, demo_clearances, policy_file
from ....kernel.people import Role
from ....node import Folder, Names, Node, NodeConfig, add_partner, create_node, own_card
from ....rooms import command
from ...feeds.jma_report import Report
from ...feeds.jma_xml import read_report
from ..app import accepted
from ..labelling import public_label_of
from . import duties

HOST = "127.0.0.1"
LINK_PORTS_ABOVE = 1000
"""Links listen this far above the web addresses."""
MARK = "this-is-a-demo"
"""A file in every demo folder: only a folder that has it is ever replaced."""
STORY_REPORTS = ("jma/20220918154907_08013775_VTSE41.xml", "jma/20220918171502_07401528_VTSE41.xml")
"""The advisory and its cancellation, which the story itself feeds in."""


class Seat(NamedTuple):
    """A post of the demo: account, roles, titles, and which of the demonstration's clearances it holds."""

    account: str
    role: Role
    post: str
    post_ja: str
    clearance: str = "officer"


SEATS = (
    Seat("watch", Role.WATCH_OFFICER, "Watch officer", "当直幹部"),
    Seat("liaison", Role.LIAISON, "Liaison officer", "連絡幹部"),
    Seat("planner", Role.PLANNER, "Planner", "計画幹部"),
    Seat("approver", Role.APPROVER, "Approving authority", "承認権者"),
    Seat("disclosure", Role.DISCLOSURE_OFFICER, "Disclosure officer", "開示担当"),
    Seat("admin", Role.ADMINISTRATOR, "Administrator", "管理者"),
    Seat("viewer", Role.VIEWER, "Viewer", "閲覧者", "viewer"),
)


class Side(NamedTuple):
    """One of the headquarters.  ``place`` is its number, which its ports follow from; the lower one dials."""

    hq: str
    names: Names
    short: str
    nation: str
    place: int
    unit_code: str = ""
    zone: str = "Asia/Tokyo"

    def http(self, base: int) -> str:
        """host:port of its web address."""
        return f"{HOST}:{base + self.place}"

    def link(self, base: int) -> str:
        """host:port of its links."""
        return f"{HOST}:{base + LINK_PORTS_ABOVE + self.place}"

    def titles(self, post: str, post_ja: str) -> tuple[str, str]:
        """What a post of it is called, in English and Japanese."""
        return f"{post}, {self.short}", f"{self.names.ja} {post_ja}"

    def url(self, base: int) -> str:
        """Its web address."""
        return f"http://{self.http(base)}"


USFJ = Side("us.usfj", Names("U.S. Forces Japan", "在日米軍"), "USFJ", "us", 0, "US-USFJ")
JJOC = Side("jp.jjoc", Names("Joint Operations Command", "統合作戦司令部"), "JJOC", "jp", 1, "JP-JJOC")
AFP = Side(
    "ph.afp",
    Names("Armed Forces of the Philippines", "フィリピン国軍"),
    "AFP",
    "ph",
    2,
    zone="Asia/Manila",
)
PAIR = (USFJ, JJOC)
SIDES = (*PAIR, AFP)


class Ground(NamedTuple):
    """What a first agreement rests on, and the kinds it covers; none named: all that may leave."""

    cites: str = ""
    kinds: tuple[str, ...] = ()


LOGISTICS = Ground(
    "Synthetic logistics arrangement between Japan and the Philippines; no agreement on secrets",
    ("request", "answer", "acknowledgement", "read", "commitment", "log-entry", "release.onward"),
)
GROUNDS = {frozenset({JJOC.hq, AFP.hq}): LOGISTICS}
"""Pairs whose first agreements do not cover everything, the same both ways."""


def password_of(side: Side, account: str) -> str:
    """The password of a demo account, the same in every demo and in nothing else."""
    return f"demo-{account}-{side.short.lower()}"


def clear(root: Path) -> None:
    """Take an earlier demo's folder away.  Raises BadInput for a folder that is none."""
    if not root.exists():
        return
    if not root.is_dir() or (not (root / MARK).exists() and any(root.iterdir())):
        raise BadInput("demo.folder", "a new folder, or that of an earlier demo", str(root))
    shutil.rmtree(root)


def make(root: Path, base: int, tick: Callable[[str], None], sides: Sequence[Side] = SIDES) -> None:
    """Make ``sides`` in ``root``, each agreed with every other; ``tick`` is told each step."""
    root.mkdir(parents=True, mode=0o700)
    (root / MARK).write_text("Made by `renkei demo`; its passwords are public. Removed by the next demo.\n")
    for side in sides:
        tick(f"keys and settings of {side.hq}")
        create_node(root / side.hq, _config(side, base), policy_file(side.nation))
    for side, other in itertools.permutations(sides, 2):
        tick(f"{side.hq} agrees with {other.hq}")
        _agree(root, base, side, other)
    for side in sides:
        tick(f"accounts and reference data of {side.hq}")
        _people(root / side.hq, side)
        _reference(root / side.hq, side)


def _config(side: Side, base: int) -> NodeConfig:
    return NodeConfig(hq=side.hq, names=side.names, http=side.http(base), link=side.link(base))


def _agree(root: Path, base: int, side: Side, other: Side) -> None:
    ground = GROUNDS.get(frozenset({side.hq, other.hq}), Ground())
    add_partner(
        root / side.hq,
        own_card(root / other.hq, _config(other, base)),
        demo_clearances(side.hq).partners[other.hq],
        policy=policy_file(other.nation),
        connect="dial" if side.place < other.place else "listen",
        kinds=ground.kinds,
        cites=ground.cites,
    )


def _people(data: Path, side: Side) -> None:
    clearances: DemoClearances = demo_clearances(side.hq)
    accounts = Accounts(Folder(data).accounts, SystemClock())
    try:
        for seat in SEATS:
            post, post_ja = side.titles(seat.post, seat.post_ja)
            accounts.create(
                seat.account,
                password_of(side, seat.account),
                post=post,
                post_ja=post_ja,
                roles=[seat.role],
                clearance=clearances.people[seat.clearance],
            )
    finally:
        accounts.close()


def _reference(data: Path, side: Side) -> None:
    """The packaged units, sites and relations of the side's nation, and the headquarters itself."""
    node = Node.open(data)
    try:
        planner = node.accounts.person("planner")
        assert planner is not None
        label = public_label_of(node.policies, None)
        units, sites = packaged("reference/units.csv"), packaged("reference/sites.csv")
        strengths = packaged("reference/strengths.csv")
        accepted(command.load_reference(node.desk(planner), label, units, sites, strengths=strengths))
        names = command.Names(en=side.names.en, ja=side.names.ja)
        given = command.HeadquartersIn(
            hq=side.hq, names=names, label=label, unit_code=side.unit_code, zone=side.zone
        )
        accepted(command.name_headquarters(node.desk(planner), given))
        if side.unit_code:
            duties.record(node.desk(planner), label, side.unit_code, side.titles)
    finally:
        node.close()


def other_reports() -> list[Report]:
    """The packaged reports that the story does not feed, in order of issue."""
    names = [name for name in packaged_names("jma", ".xml") if name not in STORY_REPORTS]
    return sorted((read_report(packaged(name)) for name in names), key=lambda report: report.report_at)


def story_report(name: str) -> Report:
    """One packaged report by its file's name."""
    return read_report(packaged(f"jma/{name}"))
