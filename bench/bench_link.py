"""A link between two real nodes after an outage, beside PostgreSQL logical replication of the same rows.

    python -m bench link            (python -m bench --small link for a trial)

*Catch-up.*  ``us.usfj`` has logged and released while the link was cut: 500,000 records that the partner
may have, and among them others that it may not, one in ten.  Both nodes are ``renkei serve`` processes; the
link is TLS on loopback.  The clock runs from the order to switch the link on until the last record is
receipted: verified under a signed checkpoint, durable in the partner's log, and countersigned.  The partner
folds what arrives into its views meanwhile, as it does in service.  The peer gets the same entries, a
thousand to a transaction, and is timed from enabling the subscription until the subscriber shows the last
row.  Rounds alternate: ours, the peer's, ours, the peer's.

*Resuming.*  The line between the nodes runs through a relay in this process, which cuts it (connections reset
and refused) or silences it (bytes held back), for different lengths of time.  Records logged during the cut
wait.  The clock runs from the moment the line is whole again until the first new receipt.
"""

import contextlib
import shutil
import socket
import statistics
import struct
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from bench.common import Figure, figure
from bench.nodes import (
    JJOC,
    USFJ,
    Api,
    Station,
    cpu_seconds,
    free_port,
    lag_of,
    log_entry,
    pair,
    partner_of,
    start,
    wait_for,
)
from bench.postgres import HOW_TO_INSTALL, OWN, SHARED, Replication, replication

from renkei.kernel.ids import new_id
from renkei.kernel.log.base import Draft
from renkei.kernel.records import Text
from renkei.rooms.coordination.records import LogEntry

RECORD_BYTES = 400
LOGGED = b'{"kind":"log-entry"'
WITHHELD_EVERY = 10
BATCH = 1_000
CATCH_UP_SECONDS = 300.0
CATCH_UP_FLOOR, RESUME_FLOOR_SECONDS = 60_000, 1.0
CUTS = (1.0, 2.0, 5.0, 2.0, 20.0)
SILENCES = (1.6, 5.0, 20.0)
"""Seconds; 1.6 is about the worst: too short to be suspected, just too long for TCP's third repetition."""
LOOK_SECONDS = 0.02


# --- catch-up -----------------------------------------------------------------------------------------


def catch_up(records: int, rounds: int) -> list[Figure]:
    """The rate after an outage, beside the peer's."""
    ours, theirs, first, shown, costs = [], [], [], [], []
    with tempfile.TemporaryDirectory(prefix="renkei-link-") as name, pair(Path(name)) as (us, jp):
        fill(us, records)
        kept = Kept(Path(name) / "kept", us, jp)
        with replication() as peer:
            if peer is None:
                print(f"PostgreSQL is not installed: no peer beside the link ({HOW_TO_INSTALL})")
            for turn in range(rounds):
                kept.restore()
                found = one_outage(us, jp, records, until_shown=turn == rounds - 1)
                ours.append(records / found.receipted)
                first.append(found.first)
                shown += [records / found.shown] if found.shown else []
                costs.append([cpu / records * 1e6 for cpu in found.cpu])
                if peer is not None:
                    theirs.append(replicate(peer, us, records))
    peer_name = "PostgreSQL logical replication with a row filter" if theirs else f"no peer: {HOW_TO_INSTALL}"
    what = f"catch-up of {records:,} records, verified, logged, receipted"
    sender, receiver = (statistics.median(cost) for cost in zip(*costs, strict=True))
    note = f"CPU a record: {sender:.0f} us at the sender, {receiver:.0f} us at the partner with its fold"
    return [
        figure(what, ours, "rec/s", limits=theirs, beside=peer_name, floor=CATCH_UP_FLOOR, note=note),
        figure("from switching on to the first receipt, same backlog", first, "s", floor=1.0, at_most=True),
        figure("the same backlog receipted and shown in the partner's views", shown, "rec/s"),
    ]


def fill(us: Station, released: int) -> None:
    """Log, release and fold, with no process serving: the state in which an outage leaves a node."""
    with us.offline() as node:
        encode = node.codec.encode
        at, batch, given = datetime.now(UTC) - timedelta(hours=1), [], 0
        place = 0
        while given < released:
            mine = place % WITHHELD_EVERY == WITHHELD_EVERY - 1
            text = f"No. {place} 宮古島冠水 {'x' * (RECORD_BYTES - 330)}"
            record = LogEntry(
                id=new_id(USFJ, at + timedelta(milliseconds=place)),
                label=us.own if mine else us.shared,
                at=at,
                by="Watch officer",
                happened_at=at,
                text=Text(text=text, lang="ja"),
            )
            batch.append(Draft(encode(record), record.id, 1))
            given += not mine
            place += 1
            if len(batch) == BATCH or given == released:
                node.master.append(batch, datetime.now(UTC))
                batch = []
        node.pump()
        node.master.seal()
        sent = node.line(JJOC).sent
        sent.seal()
        assert sent.size == released, (sent.size, released)


class Kept:
    """The state before the outage ends, to be put back before each round."""

    def __init__(self, folder: Path, us: Station, jp: Station) -> None:
        self._us, self._jp, self._folder = us, jp, folder
        shutil.copytree(jp.root, folder / "partner")
        shutil.copy2(self._sent, folder / "sent.db")

    @property
    def _sent(self) -> Path:
        return self._us.root / "logs" / f"{JJOC}.sent.db"

    def restore(self) -> None:
        """The partner has nothing and has signed for nothing."""
        for old in self._sent.parent.glob(f"{self._sent.name}*"):
            old.unlink()
        shutil.copy2(self._folder / "sent.db", self._sent)
        shutil.rmtree(self._jp.root)
        shutil.copytree(self._folder / "partner", self._jp.root)


class Outage(NamedTuple):
    """Seconds from switching on to the last receipt, to the first, and until the partner's views show all;
    and the processor time of both nodes until the last receipt.
    """

    receipted: float
    first: float
    shown: float | None
    cpu: tuple[float, float]


def one_outage(us: Station, jp: Station, records: int, *, until_shown: bool) -> Outage:
    """The end of an outage, timed."""
    start(us)
    here = us.api()
    here.post(f"/partners/{JJOC}/link", {"state": "off", "reason": "benchmark"})
    start(jp)
    there = jp.api()
    wait_for(lambda: lag_of(here) == 0, CATCH_UP_SECONDS, "our own views to be caught up")
    cpu = [cpu_seconds(node.pid) for node in (us, jp)]
    begun, first = time.perf_counter(), 0.0
    here.post(f"/partners/{JJOC}/link", {"state": "up", "reason": "benchmark"})
    received = 0
    while received < records:
        received = partner_of(here)["out"]["received"]
        now = time.perf_counter() - begun
        first = first or (now if received else 0.0)
        assert now < CATCH_UP_SECONDS, f"{received} of {records} receipted"
        time.sleep(LOOK_SECONDS)
    used = cpu_seconds(us.pid) - cpu[0], cpu_seconds(jp.pid) - cpu[1]
    shown = None
    if until_shown:
        wait_for(lambda: lag_of(there) == 0, CATCH_UP_SECONDS, "the partner's views to show everything", 0.1)
        shown = time.perf_counter() - begun
    us.stop()
    jp.stop()
    return Outage(now, first, shown, used)


def replicate(peer: Replication, us: Station, records: int) -> float:
    """The peer's rows a second after the same outage."""
    peer.cut()
    before = int(peer.subscriber.sql("SELECT count(*) FROM records"))
    total = peer.fill(rows(us))
    assert total - before == records, (total, before)
    return records / peer.catch_up(total)


def rows(us: Station) -> Iterator[tuple[str, bytes]]:
    """(releasable to, entry) of our master log's log entries; statements of the node itself cross no link."""
    with us.offline() as node:
        for pack in node.master.read(0, node.master.size):
            for entry in pack.entries:
                if entry.startswith(LOGGED):
                    yield (SHARED if b'"JPN"' in entry else OWN), entry


# --- resuming -----------------------------------------------------------------------------------------


def resume(cuts: tuple[float, ...], silences: tuple[float, ...]) -> list[Figure]:
    """Seconds from the line's return to the first receipt, after cuts and silences of different lengths."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="renkei-link-") as name, pair(Path(name), port) as (us, jp):
        start(us, jp)
        with contextlib.closing(Relay(port, jp.link)) as relay:
            api = us.api()
            append(us, api, "before")
            wait_for(lambda: _out(api)["received"] == 1, 30, "the first receipt")
            cut = [one_cut(us, api, relay, seconds, silent=False) for seconds in cuts]
            silent = [one_cut(us, api, relay, seconds, silent=True) for seconds in silences]
    floor = RESUME_FLOOR_SECONDS
    return [
        _resumed(f"first receipt after cuts of {_range(cuts)}, the slowest", cut, floor),
        _resumed(f"first receipt after silences of {_range(silences)}, the slowest", silent, floor),
    ]


def _resumed(what: str, times: list[float], floor: float) -> Figure:
    """The promise is about every cut, so the figure is the slowest, not the median."""
    shown = tuple(round(t, 3) for t in times)
    note = f"median {statistics.median(times):.2f}"
    return Figure(what=what, value=max(times), unit="s", runs=shown, floor=floor, at_most=True, note=note)


def _range(lengths: tuple[float, ...]) -> str:
    return f"{min(lengths):g} to {max(lengths):g} s"


def one_cut(us: Station, api: Api, relay: "Relay", seconds: float, *, silent: bool) -> float:
    """Cut the line for so long while records are logged; seconds from its return to the first receipt."""
    before = _out(api)["received"]
    relay.silence() if silent else relay.cut()
    for turn in range(10):
        append(us, api, f"during {turn}")
        time.sleep(seconds / 10)
    assert _out(api)["received"] == before, "something crossed a line that was cut"
    relay.mend()
    begun = time.perf_counter()
    wait_for(lambda: _out(api)["received"] > before, 30, "a receipt", every=0.005)
    took = time.perf_counter() - begun
    wait_for(lambda: _out(api)["received"] == _out(api)["logged"], 30, "everything receipted")
    time.sleep(6)  # STABLE_AFTER in edges/links/limits: each cut is a cut of a link that was sound
    return took


def append(us: Station, api: Api, text: str) -> None:
    """One record that the partner may have."""
    answer = api.ask("POST", "/records", log_entry(us.shared, text, RECORD_BYTES))
    assert answer.status == 201, answer


def _out(api: Api) -> dict[str, int]:
    found: dict[str, int] = partner_of(api)["out"]
    return found


class Relay:
    """A line that can be cut, silenced and mended: bytes from ``port`` to ``target`` and back."""

    def __init__(self, port: int, target: int) -> None:
        self._port, self._target = port, target
        self._flowing = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.mend()

    def mend(self) -> None:
        """Let everything through."""
        self._flowing.set()
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self._port))
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def silence(self) -> None:
        """Hold every byte back; nobody is told."""
        self._flowing.clear()

    def cut(self) -> None:
        """Reset every connection and refuse new ones."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for one in sockets:
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RDWR)
                one.close()

    close = cut

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                caller, _ = listener.accept()
                called = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            for one in (caller, called):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets |= {caller, called}
            for source, sink in ((caller, called), (called, caller)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self._flowing.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


def figures(small: bool) -> list[Figure]:
    """Everything about links."""
    if small:
        return [*catch_up(20_000, 2), *resume((1.0,), (1.6,))]
    return [*catch_up(500_000, 3), *resume(CUTS, SILENCES)]
