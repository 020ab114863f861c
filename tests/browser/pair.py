"""Two real nodes on loopback for a browser: own keys, folders, policies and people, one link between them.

Each runs as ``renkei serve`` runs it (``edges.cli.serving.Running``), in a thread with its own event loop, so
that a test can also feed one of them a report or stop it.  Ports are the system's choice.
"""

import asyncio
import socket
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from renkei.edges.cli.serving import Running
from renkei.edges.feeds import jma
from renkei.kernel.labels.presets import demo_clearances, policy_file
from renkei.kernel.people import Person, Role
from renkei.node import Node, NodeConfig, add_partner, create_node, own_card
from renkei.node.config import Names
from renkei.rooms import command

DATA = Path(__file__).parents[2] / "src" / "renkei" / "data"
PASSWORD = "Yaeyama-2022-09-18"
PEOPLE = {
    "watch": ("Watch officer", "当直幹部", [Role.WATCH_OFFICER], "officer"),
    "liaison": ("Liaison officer", "連絡幹部", [Role.LIAISON], "officer"),
    "viewer": ("Viewer", "閲覧者", [Role.VIEWER], "viewer"),
    "admin": ("Administrator", "管理者", [Role.ADMINISTRATOR, Role.PLANNER], "officer"),
}
NAMES = {"jp.jjoc": Names("JJOC", "統合作戦司令部"), "us.usfj": Names("USFJ", "在日米軍司令部")}


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Headquarters:
    """One node, its people, and the thread it runs in."""

    def __init__(self, root: Path, hq: str) -> None:
        self.root, self.hq, self.nation = root, hq, hq.partition(".")[0]
        self.config = NodeConfig(
            hq=hq,
            names=NAMES[hq],
            http=f"127.0.0.1:{free_port()}",
            link=f"127.0.0.1:{free_port()}",
        )
        create_node(root, self.config, policy_file(self.nation))
        self.url = f"http://{self.config.http}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def meet(self, other: "Headquarters", connect: Any) -> None:
        card = own_card(other.root, other.config)
        clearance = demo_clearances(self.hq).partners[other.hq]
        add_partner(self.root, card, clearance, policy=policy_file(other.nation), connect=connect)

    def start(self) -> None:
        self.running = Running(Node.open(self.root))
        self._people()
        self._thread.start()
        self._do(self.running.start()).result(30)
        self._load_reference()

    def stop(self) -> None:
        self._do(self.running.stop()).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def person(self, account: str) -> Person:
        found = self.running.node.accounts.person(account)
        assert found is not None
        return found

    def label(self, key: str) -> Any:
        """A label the policy suggests, by its key."""
        return next(s.label for s in self.running.node.policies.own.suggestions if s.key == key)

    def feed(self, report: str) -> str:
        """Take in one of the Japan Meteorological Agency's reports; the hazard's id."""
        made = jma.ingest(
            self.running.node.desk(self.person("watch")), (DATA / "jma" / report).read_bytes(), self.shared
        )
        assert isinstance(made, jma.picture.Hazard), made
        return made.id

    @property
    def shared(self) -> Any:
        """The first suggestion: what forms begin with."""
        return self.running.node.policies.own.suggestions[0].label

    def _people(self) -> None:
        clearances = demo_clearances(self.hq).people
        for account, (post, post_ja, roles, clearance) in PEOPLE.items():
            self.running.node.accounts.create(
                account,
                PASSWORD,
                post=f"{post}, {self.config.names.en}",
                post_ja=f"{self.config.names.ja}{post_ja}",
                roles=roles,
                clearance=clearances[clearance],
            )

    def _load_reference(self) -> None:
        loaded = command.load_reference(
            self.running.node.desk(self.person("admin")),
            self.shared,
            (DATA / "reference" / "units.csv").read_bytes(),
            (DATA / "reference" / "sites.csv").read_bytes(),
        )
        assert isinstance(loaded, command.Loaded), loaded

    def _do(self, work: Any) -> "Future[Any]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)


class Pair:
    """JJOC and USFJ, linked; JJOC dials."""

    def __init__(self, root: Path) -> None:
        self.jjoc = Headquarters(root / "jjoc", "jp.jjoc")
        self.usfj = Headquarters(root / "usfj", "us.usfj")
        self.jjoc.meet(self.usfj, "dial")
        self.usfj.meet(self.jjoc, "listen")
        self.usfj.start()
        self.jjoc.start()

    def close(self) -> None:
        self.jjoc.stop()
        self.usfj.stop()
