"""A real node in a temporary folder, served on a real port, for tests through the front door."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec

from renkei.edges.formats import read_given
from renkei.edges.http.app import Application, create_app
from renkei.edges.http.server import HttpServer
from renkei.kernel.accounts import Accounts, Hashing
from renkei.kernel.clock import Clock, SystemClock
from renkei.kernel.labels.model import Category, Clearance, Label
from renkei.kernel.people import Permission, Person, Role
from renkei.node import Node, NodeConfig, create_node
from renkei.node.config import Names

POLICY = Path(__file__).parents[3] / "src" / "renkei" / "data" / "policies" / "jp.xml"
PASSWORD = "tsunami miyakojima 2022"
CHEAP = Hashing(passes=1, lanes=1, memory_kib=1024)


class Served:
    """A node with its server running in a thread of its own."""

    def __init__(
        self,
        root: Path,
        public: str = "",
        clock: Clock | None = None,
        prepare: Callable[[Path], object] = lambda root: None,
    ) -> None:
        """``prepare`` is given the data folder before the node is opened."""
        names = Names("Joint Operations Command", "統合作戦司令部")
        config = NodeConfig(hq="jp.jjoc", names=names, public=public)
        create_node(root, config, POLICY.read_bytes())
        prepare(root)
        self.node = Node.open(root, clock)
        # The same accounts with cheap hashing, so that tests do not wait for argon2id.
        self.node.accounts.close()
        self.node.accounts = Accounts(root / "accounts.db", clock or SystemClock(), CHEAP)
        self.own = self.node.policies.own
        self.labels: dict[str, Label] = {s.key: s.label for s in self.own.suggestions}
        self._tokens: dict[str, str] = {}
        self._people()
        self.app: Application = create_app(self.node, read_given)
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.node.start()
        self._thread.start()
        assert self._ready.wait(10)
        self.url = f"http://127.0.0.1:{self.port}"

    def clearance(self, *classifications: str, everything: bool = True) -> Clearance:
        held = tuple(
            Category(t.name, t.type, tuple(sorted(v.name for v in t.values)))
            for t in self.own.tags
            if t.type != "informative" and everything
        )
        return Clearance(self.own.id, classifications, held)

    def _people(self) -> None:
        levels = tuple(c.name for c in self.own.classifications)
        for account, role, clearance in (
            ("watch", Role.WATCH_OFFICER, self.clearance(*levels)),
            ("gateway", Role.WATCH_OFFICER, self.clearance(*levels)),
            ("low", Role.WATCH_OFFICER, self.clearance(levels[0], everything=False)),
            ("glance", Role.VIEWER, self.clearance(levels[0], everything=False)),
            ("viewer", Role.VIEWER, self.clearance(*levels)),
            ("admin", Role.ADMINISTRATOR, self.clearance(*levels)),
            ("disclosure", Role.DISCLOSURE_OFFICER, self.clearance(*levels)),
        ):
            # A program that is also told numbers in the log.
            roles = [role, Role.ADMINISTRATOR] if account == "gateway" else [role]
            self.node.accounts.create(
                account, PASSWORD, post=f"{account} post", roles=roles, clearance=clearance
            )

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self.server = HttpServer(self.app)
        self.port = await self.server.start("127.0.0.1", 0)
        self._stop = asyncio.Event()
        self._ready.set()
        await self._stop.wait()
        await self.server.stop()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(15)
        self._loop.close()
        self.node.close()

    def label(self, key: str) -> Any:
        """One of the policy's suggested labels, as JSON."""
        return msgspec.to_builtins(self.labels[key])

    def person(self, account: str) -> Person:
        found = self.node.accounts.person(account)
        assert found is not None
        return found

    def token(self, account: str, *scopes: Permission) -> str:
        person = self.node.accounts.person(account)
        assert person is not None
        wanted = scopes or tuple(p for p in Permission if person.may(p))
        minted = self.node.accounts.mint(person, "test", wanted, 1)
        assert isinstance(minted, tuple)
        return minted[1]

    def token_of(self, account: str) -> str:
        """One token for each account, made when first asked for."""
        if account not in self._tokens:
            self._tokens[account] = self.token(account)
        return self._tokens[account]

    def client(self, account: str | None = "watch", *scopes: Permission) -> httpx.Client:
        headers = {}
        if account is not None:
            token = self.token(account, *scopes) if scopes else self.token_of(account)
            headers["authorization"] = f"Bearer {token}"
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=10)
