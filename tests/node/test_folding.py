"""The fold in its own process: it ends with the node, begins anew when killed, and says when it failed."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from renkei.kernel.desk import Appended
from renkei.kernel.identity import open_card
from renkei.kernel.labels.presets import demo_clearances, policy_file
from renkei.kernel.log.base import Draft
from renkei.kernel.records import Text
from renkei.kernel.views import OWN, dump
from renkei.node import Names, Node, NodeConfig, create_node
from renkei.node.create import agree
from renkei.node.folding import FoldProcess
from renkei.rooms.coordination import LogEntry

PATIENCE = 20.0
AT = datetime(2022, 9, 18, 6, 50, tzinfo=UTC)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    config = NodeConfig(hq="jp.jjoc", names=Names("Joint Operations Command", "統合作戦司令部"))
    create_node(tmp_path / "data", config, policy_file("jp"))
    made = Node.open(tmp_path / "data")
    made.start()
    yield made
    made.close()


def child_of(node: Node) -> int:
    assert isinstance(node.folding, FoldProcess) and node.folding._child is not None
    return node.folding._child.pid


def write(node: Node, count: int = 1, label: str = "national") -> Appended:
    chosen = next(s.label for s in node.policies.own.suggestions if s.key == label)
    entries = [
        LogEntry(
            id=f"jp.jjoc/{os.urandom(16).hex().upper()[:26]}",
            label=chosen,
            at=AT,
            by="Watch officer, JJOC",
            happened_at=AT,
            text=Text(text="港の冠水を確認。", lang="ja"),
        )
        for _ in range(count)
    ]
    return node.append(entries)


def shown(node: Node) -> int:
    return node.views.reader("live", demo_clearances("jp.jjoc").people["officer"]).count("log-entry")


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_what_is_logged_shows_and_equals_its_rebuild(node: Node) -> None:
    seq = write(node, 30).seq
    assert node.views.wait(OWN, seq + 29, PATIENCE) and shown(node) == 30
    before = dump(node.views)
    assert child_of(node) != os.getpid()
    node.close()
    again = Node.open(node.folder.root)
    again.rebuild_views()
    assert dump(again.views) == before
    again.close()


def test_a_killed_fold_is_started_anew_and_nothing_is_missed(node: Node) -> None:
    assert node.views.wait(OWN, write(node).seq, PATIENCE)
    first = child_of(node)
    os.kill(first, signal.SIGKILL)
    seq = write(node, 5, label="usa").seq
    assert node.views.wait(OWN, seq + 4, PATIENCE)
    assert child_of(node) != first and shown(node) == 6
    assert node.failures() == []


def test_labels_that_a_fold_met_without_being_followed_are_known_after_it(node: Node) -> None:
    # The follower loses what the child said last: as when the node was killed and its child was not.
    assert isinstance(node.folding, FoldProcess)
    take, node.views.take = node.views.take, lambda step: None  # type: ignore[method-assign]
    write(node, 3, label="guarded-own")
    assert eventually(lambda: _folded_in_the_file(node) == 3)
    node.views.take = take  # type: ignore[method-assign]
    os.kill(child_of(node), signal.SIGKILL)
    assert eventually(lambda: shown(node) == 3)


def _folded_in_the_file(node: Node) -> int:
    with node.views.raw_tables() as db:
        return int(db.execute("SELECT count(*) FROM records").fetchall()[0][0])


def test_a_fold_that_fails_stays_down_and_the_node_says_so(node: Node) -> None:
    with node.views.raw_tables() as db:
        path = Path(db.db_filename("main"))
    os.kill(child_of(node), signal.SIGSTOP)
    damaged = path.stat().st_size
    with path.open("r+b") as file:  # nobody can fold into a file whose pages are gone
        file.seek(100)
        file.write(b"\xff" * min(damaged - 100, 60_000))
    path.with_name(path.name + "-wal").unlink(missing_ok=True)
    os.kill(child_of(node), signal.SIGCONT)
    write(node)
    assert eventually(lambda: bool(node.failures()))
    assert any("fold" in failure for failure in node.failures())


def test_the_fold_ends_with_its_node(node: Node) -> None:
    child = child_of(node)
    node.close()
    assert eventually(lambda: gone(child))


def test_a_partner_taken_up_while_the_node_runs_is_folded_by_the_same_child(
    node: Node, tmp_path: Path
) -> None:
    theirs = create_node(
        tmp_path / "us", NodeConfig(hq="us.usfj", names=Names("U.S. Forces Japan")), policy_file("us")
    )
    card = theirs.signed_card(Names("U.S. Forces Japan"), "", node.clock, "urn:oid:2.999.840.1")
    opened = open_card(card, node.clock.now())
    child = child_of(node)
    entry = agree(opened, card, demo_clearances("jp.jjoc").partners["us.usfj"], node.clock.now())
    line = node.add_partner(entry)
    record = write(node, label="usa").records[0]
    assert eventually(lambda: line.sent_seq(record.id) is not None)
    bodies = [b"{}"] * 3  # whatever it says, it is an entry of that partner's log, and the fold goes past it
    line.received.append([Draft(b"%032d" % n, f"us.usfj/{n}", 1, body) for n, body in enumerate(bodies)], AT)
    node.folding.notify()
    assert eventually(lambda: node.views.position("us.usfj") == 3)
    assert child_of(node) == child and node.failures() == []
