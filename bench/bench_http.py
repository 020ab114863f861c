"""Writing and watching over HTTP against a real node process, beside the apsw bound in the same run.

    python -m bench.bench_http [--seconds 5] [--rounds 3]

A node is made in a temporary folder and served by the command line in a process of its own; the load comes
from another one (``http_load``).  Each round measures, one after the other:

- *apsw bound*: plain group commits of 1,000 records of 400 bytes, one row per record, WAL, FULL;
- *batch*: one client, bodies of 1,000 records, the next when the last is acknowledged;
- *batches*: the same client with three bodies out at a time, so that one is read while another is written;
- *concurrent*: 256 connections, each with one single POST out at a time;
- *one*: one connection, one single POST at a time;
- *live*: 50 writes a second through the API, each timed until it shows on another connection's stream;
- *reads*: newest 50, a box on the map, a two-character Japanese word, over what the run has written.

Printed are medians over the rounds.  The views fold behind all of it, as they do in service.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import apsw
import msgspec

from renkei.kernel.accounts import Accounts, Hashing
from renkei.kernel.clock import SystemClock
from renkei.kernel.labels.model import Category, Clearance
from renkei.kernel.labels.policy import Policy
from renkei.kernel.people import Permission, Role
from renkei.node import NodeConfig, create_node
from renkei.node.config import Names

HERE = Path(__file__).parent
POLICY = HERE.parent / "src" / "renkei" / "data" / "policies" / "jp.xml"
BATCH = 1_000
RECORD_BYTES = 400
LIVE_RATE = 50


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class NodeProcess:
    """A fresh node served by ``renkei serve``."""

    def __init__(self, root: Path) -> None:
        self.port = free_port()
        http, link = f"127.0.0.1:{self.port}", f"127.0.0.1:{free_port()}"
        config = NodeConfig(
            hq="jp.jjoc", names=Names("Joint Operations Command", "統合作戦司令部"), http=http, link=link
        )
        create_node(root, config, POLICY.read_bytes())
        policy = Policy.load(POLICY.read_bytes())
        self.label = msgspec.json.encode(
            next(s.label for s in policy.suggestions if s.key == "duty-usa")
        ).decode()
        held = tuple(
            Category(t.name, t.type, tuple(sorted(v.name for v in t.values)))
            for t in policy.tags
            if t.type != "informative"
        )
        clearance = Clearance(policy.id, tuple(c.name for c in policy.classifications), held)
        accounts = Accounts(root / "accounts.db", SystemClock(), Hashing(1, 1, 1024))
        accounts.create(
            "bench",
            os.urandom(16).hex(),
            post="Bench",
            roles=[
                Role.WATCH_OFFICER,
                Role.ADMINISTRATOR,
            ],  # how far the views have come is told to these alone
            clearance=clearance,
        )
        person = accounts.person("bench")
        assert person is not None
        minted = accounts.mint(person, "bench", [p for p in Permission if person.may(p)], 1)
        assert isinstance(minted, tuple)
        self.token = minted[1]
        accounts.close()
        command = [sys.executable, "-m", "renkei.edges.cli", "serve", "--data", str(root)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/health", timeout=1)
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise SystemExit("the node did not start")

    def load(self, mode: str, seconds: float) -> dict[str, float]:
        """Run the load client in a process of its own."""
        args = [
            str(HERE / "http_load.py"),
            "127.0.0.1",
            str(self.port),
            self.token,
            self.label,
            mode,
            str(seconds),
        ]
        done = subprocess.run([sys.executable, *args], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def get(self, path: str) -> float:
        """Milliseconds for one GET on a fresh connection."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1{path}", headers={"authorization": f"Bearer {self.token}"}
        )
        started = time.perf_counter()
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()
        return (time.perf_counter() - started) * 1000

    def caught_up(self) -> None:
        """Wait until the views have followed."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.port}/api/v1/node", headers={"authorization": f"Bearer {self.token}"}
            )
            with urllib.request.urlopen(request, timeout=30) as answer:
                views = json.load(answer)["views"]
            if views and all(view["lag"] == 0 for view in views):
                return
            time.sleep(0.2)
        raise SystemExit("the views did not follow")

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def apsw_bound(root: Path, batches: int = 600) -> float:
    """Records a second of the plain group commit, for as many bytes as the load writes in some seconds.

    A shorter run ends before SQLite has copied its first write-ahead log, and flatters the limit.
    """
    db = apsw.Connection(str(root / "bound.db"))
    db.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL").fetchall()
    db.execute("CREATE TABLE entries (seq INTEGER PRIMARY KEY, entry BLOB NOT NULL)")
    rows = [[(os.urandom(RECORD_BYTES),) for _ in range(BATCH)] for _ in range(batches)]
    started = time.perf_counter()
    for batch in rows:
        with db:
            db.executemany("INSERT INTO entries (entry) VALUES (?)", batch)
    spent = time.perf_counter() - started
    db.close()
    return batches * BATCH / spent


async def live(node: NodeProcess, seconds: float) -> dict[str, float]:
    """From the start of a write to its event on another connection."""
    reader, stream = await asyncio.open_connection("127.0.0.1", node.port)
    head = f"host: 127.0.0.1:{node.port}\r\nauthorization: Bearer {node.token}\r\n"
    stream.write(f"GET /api/v1/stream HTTP/1.1\r\n{head}\r\n".encode())
    seen: dict[str, float] = {}
    sent: dict[str, float] = {}

    async def listen() -> None:
        while row := await reader.readline():
            if row.startswith(b'data: {"id"'):
                seen[json.loads(row[6:])["id"]] = time.perf_counter()

    listening = asyncio.create_task(listen())
    sys.path.insert(0, str(HERE))
    from http_load import record, request

    body = record(json.loads(node.label), RECORD_BYTES)
    wire = request(f"127.0.0.1:{node.port}", node.token, "application/json", body)
    answers, writer = await asyncio.open_connection("127.0.0.1", node.port)
    await asyncio.sleep(0.3)
    for _ in range(int(seconds * LIVE_RATE)):
        started = time.perf_counter()
        writer.write(wire)
        await answers.readuntil(b"\r\n\r\n")
        made = json.loads(await answers.readuntil(b"}"))
        sent[made["id"]] = started
        await asyncio.sleep(max(0.0, 1 / LIVE_RATE - (time.perf_counter() - started)))
    await asyncio.sleep(0.5)
    listening.cancel()
    stream.close()
    writer.close()
    taken = sorted(seen[i] - sent[i] for i in sent if i in seen)
    assert len(taken) == len(sent), f"{len(taken)} of {len(sent)} seen"
    return {"p50_ms": taken[len(taken) // 2] * 1000, "p99_ms": taken[int(len(taken) * 0.99)] * 1000}


def reads(node: NodeProcess, times: int = 40) -> dict[str, dict[str, float]]:
    """Latency of the three reads that screens make."""
    found = {}
    for name, path in (
        ("newest 50", "/records?limit=50"),
        ("map box", "/map?bbox=120,20,140,40"),
        ("冠水", "/search?q=%E5%86%A0%E6%B0%B4&limit=50"),
    ):
        taken = sorted(node.get(path) for _ in range(times))
        found[name] = {"p50_ms": taken[times // 2], "p99_ms": taken[-1]}
    return found


def one_round(seconds: float) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory(prefix="renkei-bench-") as folder:
        root = Path(folder)
        result: dict[str, dict[str, float]] = {"apsw bound": {"records_per_s": apsw_bound(root)}}
        node = NodeProcess(root / "node")
        try:
            for mode in ("one", "concurrent", "batch", "batches"):
                result[mode] = node.load(mode, seconds)
                node.caught_up()
            result["live"] = asyncio.run(live(node, seconds))
            result |= reads(node)
        finally:
            node.close()
        return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rounds = [one_round(options.seconds) for _ in range(options.rounds)]
    bound = statistics.median(r["apsw bound"]["records_per_s"] for r in rounds)
    print(f"{'':14}{'records/s':>12}{'of bound':>10}{'p50 ms':>9}{'p99 ms':>9}")
    for name in rounds[0]:
        figures = {key: statistics.median(r[name][key] for r in rounds) for key in rounds[0][name]}
        rate = figures.get("records_per_s")
        cells = (f"{rate:12,.0f}{rate / bound:10.2f}" if rate else f"{'':12}{'':10}") + "".join(
            f"{figures[key]:9.2f}" if key in figures else f"{'':9}" for key in ("p50_ms", "p99_ms")
        )
        print(f"{name:14}{cells}")


if __name__ == "__main__":
    main()
