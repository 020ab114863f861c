"""Killing real nodes under load: nothing acknowledged is lost, and two headquarters end equal all the same.

Two nodes run as processes of their own, joined by their TLS link, and are loaded over HTTP by several
threads at each: batches, single records, new versions, some for the partner's eyes and some not.  At a random
moment one of them, the other or both are killed (``SIGKILL``).  Then, each time:

- the files of a killed node are looked at as they lie: every acknowledged record stands under the number,
  id and version that were answered, every batch is there whole or not at all, every log verifies;
- the nodes are started again and must settle by themselves: link up, everything releasable receipted,
  views caught up.

At the end both are stopped, and what one's log sent holds is, byte for byte, what the other's log received
holds; it is exactly what the labels release, in order; and views that lived through all kills equal their
rebuild.
"""

import http.client
import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from bench.nodes import NATION, Api, Station, lag_of, log_entry, pair, partner_of, start, wait_for

from renkei.edges.cli.local import LocalNode
from renkei.edges.cli.proving import verify_named
from renkei.kernel.labels.model import Label
from renkei.kernel.labels.presets import demo_clearances, synthetic_book
from renkei.kernel.log.commitments import said_in
from renkei.kernel.views import dump
from renkei.node import Node

ROUNDS = 3
"""Kills in an ordinary run; ``--crash-rounds`` asks for more."""
LARGEST_BATCH = 150
LOAD_SECONDS = (0.2, 0.9)
"""When, after the load began, the kill comes."""
SETTLE_SECONDS = 60.0
"""For link, receipts and views after a restart; takes about two seconds where nothing else runs."""


class Stands(msgspec.Struct):
    """What is looked at of a logged record."""

    id: str
    label: Label
    text: dict[str, str] = {}
    summary: dict[str, str] = {}
    version: int = 1

    @property
    def loaded(self) -> bool:
        """Whether the load wrote it, and not the node's own beginnings."""
        return bool(self.text or self.summary)

    @property
    def mark(self) -> str:
        """What the load wrote, without its padding: names the record and counts its batch."""
        return " ".join((self.text or self.summary)["text"].split(" ")[:3])


class Acknowledged(NamedTuple):
    """One record as the node's answer promised it; ``id`` is empty where the answer names none."""

    seq: int
    mark: str
    version: int
    id: str


class Load:
    """Threads that write to one node until it dies; keeps what was acknowledged over all rounds."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self.acknowledged: list[Acknowledged] = []
        self.refused: list[object] = []
        self._threads: list[threading.Thread] = []
        self._stop = threading.Event()
        self._labels = (station.shared, station.shared, station.own)

    def start(self, run: int) -> None:
        """Set all writers going."""
        self._stop.clear()
        works = (self._batches, self._named_batches, self._singles, self._singles, self._versions)
        for number, work in enumerate(works):
            name = f"{self.station.hq} {run}.{number}"
            self._threads.append(threading.Thread(target=self._until_the_end, args=(work, name), daemon=True))
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Wait for the writers, whose node is gone or who are told to stop."""
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()
        self._threads.clear()

    def _until_the_end(self, work: Callable[[Api, str, random.Random], None], name: str) -> None:
        dice, api = random.Random(name), self.station.api()
        place = 0
        try:
            while not self._stop.is_set():
                work(api, f"{name}.{place}", dice)
                place += 1
        except (OSError, http.client.HTTPException):
            pass  # the node is gone: what was under way may be logged or not
        finally:
            api.close()

    def _lines(self, name: str, count: int, dice: random.Random) -> list[tuple[str, bytes]]:
        marks = [f"{name} {place}/{count}" for place in range(count)]
        return [(mark, log_entry(dice.choice(self._labels), mark, dice.randrange(600))) for mark in marks]

    def _batch(self, api: Api, name: str, dice: random.Random, path: str) -> None:
        lines = self._lines(name, dice.choice([1, 5, LARGEST_BATCH]), dice)
        body = b"\n".join(line for _, line in lines)
        answer = api.ask("POST", path, body, "application/x-ndjson")
        if self._accepted(answer.status, answer.body):
            first, ids = answer.body["first"], answer.body.get("ids") or [""] * len(lines)
            assert answer.body["count"] == len(lines)
            for place, ((mark, _), record_id) in enumerate(zip(lines, ids, strict=True)):
                self.acknowledged.append(Acknowledged(first + place, mark, 1, record_id))

    def _batches(self, api: Api, name: str, dice: random.Random) -> None:
        self._batch(api, name, dice, "/records")

    def _named_batches(self, api: Api, name: str, dice: random.Random) -> None:
        self._batch(api, name, dice, "/records?ids=true")

    def _singles(self, api: Api, name: str, dice: random.Random) -> None:
        ((mark, line),) = self._lines(name, 1, dice)
        self._one(api, mark, line)

    def _versions(self, api: Api, name: str, dice: random.Random) -> None:
        """An incident and two versions more, each stating the one it saw."""
        mark, line = self._lines(name, 1, dice)[0]
        entry = json.loads(line)
        first = {"kind": "incident", "label": entry["label"], "severity": "minor", "summary": entry["text"]}
        first["opened_at"] = entry["happened_at"]
        record_id = self._one(api, mark, json.dumps(first).encode())
        for version in (2, 3) if record_id else ():
            newer = {**first, "id": record_id, "version": version, "summary": {"text": mark, "lang": "ja"}}
            self._one(api, mark, json.dumps(newer).encode())

    def _one(self, api: Api, mark: str, line: bytes) -> str:
        answer = api.ask("POST", "/records", line)
        if not self._accepted(answer.status, answer.body):
            return ""
        body = answer.body
        self.acknowledged.append(Acknowledged(body["seq"], mark, body["version"], body["id"]))
        return str(body["id"])

    def _accepted(self, status: int, body: object) -> bool:
        if status != 201:
            self.refused.append(body)
        return status == 201


def entries_of(node: LocalNode, name: str) -> list[bytes]:
    """The records in a log."""
    with node.log(name) as log:
        return [said or b"" for pack in log.read(0, log.size) for said in said_in(pack)]


def assert_sound(station: Station) -> None:
    """Every log of the node verifies, entries, tree, signatures and receipts."""
    node = LocalNode(station.root)
    for name in node.log_names():
        found = verify_named(node, name, lambda done, total: None)
        assert found.sound, (name, found.findings)


def assert_kept(load: Load) -> None:
    """Everything acknowledged is in the master log as acknowledged; no batch is there in part."""
    decode = msgspec.json.Decoder(Stands).decode
    entries = [decode(entry) for entry in entries_of(LocalNode(load.station.root), "master")]
    for promised in load.acknowledged:
        assert promised.seq < len(entries), f"{promised} is lost: the log ends at {len(entries)}"
        found = entries[promised.seq]
        assert (found.mark, found.version) == (promised.mark, promised.version)
        assert promised.id in ("", found.id)
    whole: dict[str, set[int]] = defaultdict(set)
    counts: dict[str, int] = {}
    for record in (entry for entry in entries if entry.loaded):
        batch, place = record.mark.rsplit(" ", 1)
        at, count = place.split("/")
        whole[batch].add(int(at))
        counts[batch] = int(count)
    assert all(len(places) == counts[batch] for batch, places in whole.items()), "a batch is there in part"
    assert not load.refused, load.refused[:3]


def settle(*stations: Station) -> None:
    """Wait until links are up, everything sent is receipted, and the views have followed every log."""
    apis = [station.api() for station in stations]

    def settled() -> bool:
        partners = [partner_of(api) for api in apis]
        return (
            all(partner["link"]["state"] == "up" for partner in partners)
            and all(released(station, api) for station, api in zip(stations, apis, strict=True))
            and all(partner["out"]["received"] == partner["out"]["logged"] for partner in partners)
            and not any(lag_of(api) for api in apis)
        )

    wait_for(settled, SETTLE_SECONDS, "both nodes to settle", every=0.05)
    for api in apis:
        api.close()


def released(station: Station, api: Api) -> bool:
    """Whether the releaser has come to the end of the master log."""
    logs = {log["name"]: log["size"] for log in api.get("/node")["logs"]}
    partner = partner_of(api)["hq"]
    with LocalNode(station.root).log(f"{partner}.sent") as log:
        return int(log.fact("master position") or b"0") == logs["master"]


def releasable(station: Station, there: Station) -> list[tuple[str, int]]:
    """(mark, version) of what the partner may have by the labels, in the order logged."""
    book = synthetic_book(NATION[station.hq])
    clearance = demo_clearances(station.hq).partners[there.hq]
    decode = msgspec.json.Decoder(Stands).decode
    records = map(decode, entries_of(LocalNode(station.root), "master"))
    return [(r.mark, r.version) for r in records if r.loaded and book.access(clearance, r.label).allowed]


def assert_equal_ends(here: Station, there: Station) -> None:
    """What ``here`` sent is what ``there`` received, and it is what the labels release."""
    sent = entries_of(LocalNode(here.root), f"{there.hq}.sent")
    assert sent == entries_of(LocalNode(there.root), f"{here.hq}.received")
    decode = msgspec.json.Decoder(Stands).decode
    assert [(r.mark, r.version) for r in map(decode, sent)] == releasable(here, there)


def assert_views_equal_their_rebuild(node: Node) -> None:
    before = dump(node.views)
    node.views.rebuild(node.sources())
    after = dump(node.views)
    assert before.keys() == after.keys()
    for table, rows in before.items():
        assert rows == after[table], f"table {table} differs from its rebuild"


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Station, Station]]:
    with pair(tmp_path) as stations:
        yield stations


@pytest.mark.crash
def test_killed_nodes_lose_nothing_acknowledged_and_end_equal(
    two: tuple[Station, Station], pytestconfig: pytest.Config
) -> None:
    us, jp = two
    rounds = int(pytestconfig.getoption("--crash-rounds", default=None) or ROUNDS)
    loads, dice = {us.hq: Load(us), jp.hq: Load(jp)}, random.Random()
    victims = cycle([(us,), (jp,), (us, jp)])
    start(us, jp)
    for run in range(rounds):
        for load in loads.values():
            load.start(run)
        time.sleep(dice.uniform(*LOAD_SECONDS))
        killed = next(victims)
        for station in killed:
            station.kill()
        for load in loads.values():
            load.end()
        for station in killed:
            assert_kept(loads[station.hq])
            assert_sound(station)
        start(*killed)
        settle(us, jp)
    us.stop()
    jp.stop()
    for here, there in ((us, jp), (jp, us)):
        assert loads[here.hq].acknowledged, "the load never got to write"
        assert_kept(loads[here.hq])
        assert_sound(here)
        assert_equal_ends(here, there)
        with here.offline() as node:
            assert_views_equal_their_rebuild(node)
