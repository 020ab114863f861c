"""Real nodes for benchmarks and the crash suite: data folders, ``renkei serve`` processes, a lean client.

A ``Station`` is one headquarters' data folder with an account and a token in it, and the process that serves
it.  ``pair`` makes the two of the demonstration, agreed with each other: ``us.usfj`` dials, ``jp.jjoc`` is
called.  Ports are free ones; the processes are children of this one and are ended, by their own id, when the
``with`` block is left, whatever happens.

``Api`` is one kept-alive connection from the standard library's client: at a tenth of a millisecond a
request it measures the node and not itself.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from renkei.kernel.accounts import Accounts, Hashing
from renkei.kernel.clock import SystemClock
from renkei.kernel.labels.model import Clearance, Label
from renkei.kernel.labels.presets import demo_clearances, policy_file, synthetic_policy
from renkei.kernel.people import Permission, Role
from renkei.node import Folder, Names, Node, NodeConfig, add_partner, create_node, load_config, own_card

SOURCE = Path(__file__).parents[1] / "src"
USFJ, JJOC = "us.usfj", "jp.jjoc"
NATION = {USFJ: "us", JJOC: "jp"}
NAMES = {
    USFJ: Names("U.S. Forces Japan", "在日米軍司令部"),
    JJOC: Names("Joint Operations Command", "統合作戦司令部"),
}
SHARED_LABEL, OWN_LABEL = {USFJ: "jpn", JJOC: "usa"}, "national"
"""Keys of the policies' suggested labels: what the partner may have, and what it may not."""
CHEAP = Hashing(passes=1, lanes=1, memory_kib=1024)
"""Nobody signs in with a password here, so none is hashed at length."""
START_SECONDS = 60.0
"""How long a node may take to answer; a machine that is busy with other work takes seconds."""
STOP_SECONDS = 30.0
ANSWER_SECONDS = 60.0


class Answer(msgspec.Struct, frozen=True):
    """An HTTP status and the JSON that came with it."""

    status: int
    body: Any


class Api:
    """One connection to a node.  Not to be shared between threads."""

    def __init__(self, port: int, token: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def raw(
        self, method: str, path: str, body: bytes | None = None, media: str = "application/json"
    ) -> tuple[int, bytes]:
        """Status and bytes.  Raises OSError or HTTPException when the connection goes."""
        headers = self._headers if body is None else {**self._headers, "Content-Type": media}
        self._connection.request(method, f"/api/v1{path}", body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def ask(
        self, method: str, path: str, body: bytes | None = None, media: str = "application/json"
    ) -> Answer:
        """The same with the answer decoded."""
        status, data = self.raw(method, path, body, media)
        return Answer(status, msgspec.json.decode(data) if data else None)

    def get(self, path: str) -> Any:
        """The body of a 200; anything else is an error of the benchmark."""
        answer = self.ask("GET", path)
        assert answer.status == 200, (path, answer)
        return answer.body

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The body of a 200 or 201."""
        answer = self.ask("POST", path, json.dumps(body, ensure_ascii=False).encode())
        assert answer.status in {200, 201}, (path, answer)
        return answer.body

    def append(self, lines: list[bytes]) -> Any:
        """The answer to one NDJSON batch."""
        answer = self.ask("POST", "/records", b"\n".join(lines) + b"\n", "application/x-ndjson")
        assert answer.status == 201, answer
        return answer.body

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


class Station:
    """One headquarters: its data folder, and the process serving it."""

    def __init__(self, root: Path, hq: str) -> None:
        self.root, self.hq = root, hq
        self.http, self.link = free_port(), free_port()
        config = NodeConfig(
            hq=hq, names=NAMES[hq], http=f"127.0.0.1:{self.http}", link=f"127.0.0.1:{self.link}"
        )
        create_node(root, config, policy_file(NATION[hq]))
        self.policy = synthetic_policy(NATION[hq])
        self.labels: dict[str, Label] = {s.key: s.label for s in self.policy.suggestions}
        self.token = self.account("bench", demo_clearances(hq).people["officer"])
        self._process: subprocess.Popen[bytes] | None = None

    def account(self, name: str, clearance: Clearance) -> str:
        """A new account that may write and manage, and a token for it."""
        accounts = Accounts(Folder(self.root).accounts, SystemClock(), CHEAP)
        roles = [Role.WATCH_OFFICER, Role.ADMINISTRATOR]
        accounts.create(name, os.urandom(12).hex(), post="Watch officer", roles=roles, clearance=clearance)
        person = accounts.person(name)
        assert person is not None
        minted = accounts.mint(person, "bench", [p for p in Permission if person.may(p)], 1)
        assert isinstance(minted, tuple), minted
        accounts.close()
        return minted[1]

    @property
    def shared(self) -> Label:
        """A label the partner may have."""
        return self.labels[SHARED_LABEL[self.hq]]

    @property
    def own(self) -> Label:
        """A label it may not."""
        return self.labels[OWN_LABEL]

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None, "not started"
        return self._process.pid

    def start(self) -> None:
        """Set the process going; ``ready`` waits for it."""
        assert self._process is None, "already started"
        environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
        with (self.root / "serve.err").open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "renkei.edges.cli", "serve", "--data", str(self.root)],
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=environment,
            )

    def ready(self) -> None:
        """Wait until the node answers that it is well."""
        wait_for(self._well, START_SECONDS, f"{self.hq} to serve")

    def _well(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.hq} ended: {self.errors()[-2000:]}")
        try:
            return self.api().raw("GET", "/health")[0] == 200
        except OSError:
            return False

    def errors(self) -> str:
        """What the process said on standard error, over all its starts."""
        return (self.root / "serve.err").read_text("utf-8", "replace")

    def api(self, token: str = "") -> Api:
        """A new connection, with the station's own token unless another is given."""
        return Api(self.http, token or self.token)

    def kill(self) -> None:
        """SIGKILL, at whatever it is doing."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and wait for the clean end."""
        assert self._end(signal.SIGTERM) == 0, self.errors()[-2000:]

    def close(self) -> None:
        """End the process if there is one."""
        if self._process is not None:
            self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        assert process is not None, "not started"
        process.send_signal(how)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    @contextlib.contextmanager
    def offline(self) -> Iterator[Node]:
        """The node opened in this process, while none serves it."""
        assert self._process is None, "served by another process"
        node = Node.open(self.root)
        try:
            yield node
        finally:
            node.close()


def alone(root: Path, hq: str = JJOC) -> "contextlib.closing[Station]":
    """A node without partners."""
    return contextlib.closing(Station(root / hq, hq))


@contextlib.contextmanager
def pair(root: Path, through: int = 0) -> Iterator[tuple[Station, Station]]:
    """``us.usfj``, which dials, and ``jp.jjoc``; ``through`` is a port to dial instead of the real one."""
    us, jp = Station(root / USFJ, USFJ), Station(root / JJOC, JJOC)
    agree(us, jp, connect="dial", address=f"127.0.0.1:{through}" if through else "")
    agree(jp, us, connect="listen")
    with contextlib.closing(us), contextlib.closing(jp):
        yield us, jp


def agree(here: Station, there: Station, *, connect: Any, address: str = "") -> None:
    """``here`` takes ``there`` as a partner, with the clearance of the demonstration."""
    card = own_card(there.root, load_config(Folder(there.root)))
    add_partner(
        here.root,
        card,
        demo_clearances(here.hq).partners[there.hq],
        policy=policy_file(NATION[there.hq]),
        connect=connect,
        address=address,
    )


def start(*stations: Station) -> None:
    """Start all, then wait for all."""
    for station in stations:
        station.start()
    for station in stations:
        station.ready()


def partner_of(api: Api) -> Any:
    """The one partner, as the API tells of it."""
    return api.get("/partners")[0]


def lag_of(api: Api) -> int:
    """Entries the views have not folded yet."""
    return sum(view["lag"] for view in api.get("/node")["views"])


def wait_for(true: Callable[[], object], seconds: float, what: str, every: float = 0.01) -> None:
    """Wait until ``true()``.  Raises TimeoutError saying ``what`` was expected."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise TimeoutError(f"expected {what} within {seconds:g} s")
        time.sleep(every)


def free_port() -> int:
    """A port free now; taken by a node milliseconds later."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def memory(pid: int) -> tuple[float, float]:
    """A process's resident memory in MB, now and at its peak (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    kib = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if line.startswith("Vm")}
    return int(kib["VmRSS"]) / 1024, int(kib["VmHWM"]) / 1024


def cpu_seconds(pid: int) -> float:
    """Processor time a process has taken so far, user's and system's (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def log_entry(label: Label, text: str, size: int = 0) -> bytes:
    """A watch-log entry as a program posts it; ``size`` pads it to that many bytes as logged."""
    stamped = 120  # id, at, by
    body = {
        "kind": "log-entry",
        "label": msgspec.to_builtins(label),
        "happened_at": "2022-09-18T15:49:00Z",
        "text": {"text": text, "lang": "ja"},
        "channel": "voice",
    }
    line = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    missing = size - stamped - len(line.encode()) - 1
    if missing > 0:
        body["text"] = {"text": f"{text} {'x' * missing}", "lang": "ja"}
        line = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return line.encode()
