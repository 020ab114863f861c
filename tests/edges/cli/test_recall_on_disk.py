"""After a recall no file of the partner's node holds the content, in whatever moment it was killed."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from renkei.kernel.labels.presets import demo_clearances
from renkei.kernel.partners import export_parcel, import_parcel
from renkei.kernel.people import Person, Role
from renkei.node import Node
from renkei.node.recalling import confirmation
from renkei.rooms.coordination import RequestIn, send_request
from renkei.rooms.release import purges_of, recall

MARKER = "龘齉麤MARKERWORD"
PAIR_OF_CHARACTERS = "龘齉"
"""As the search index holds it."""


def desk(node: Node, role: Role):  # type: ignore[no-untyped-def]
    clearance = demo_clearances(node.config.hq).people["officer"]
    return node.desk(Person(account=role.value, post=role.value, roles=(role,), clearance=clearance))


def ask(node: Node, to: str, need: str) -> str:
    now = node.clock.now()
    label = next(s.label for s in node.policies.own.suggestions if s.key == "usa")
    given = RequestIn(
        to=to,
        title="Water",
        need=need,
        acknowledge_by=now + timedelta(hours=1),
        answer_by=now + timedelta(hours=2),
        label=label,
    )
    return send_request(desk(node, Role.WATCH_OFFICER), given).id  # type: ignore[union-attr]


def carry(here: Node, there: Node) -> None:
    line, end = here.line(there.config.hq), there.line(here.config.hq)
    pieces = list(export_parcel(line.sender, line.receiver, here.clock.now()))
    assert import_parcel(pieces, end.sender, end.receiver).faults == ()


def holding(folder: Path, *what: str) -> list[str]:
    """Files that hold any of ``what``, as UTF-8."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [
        str(path.relative_to(folder))
        for path in files
        if any(one.encode() in path.read_bytes() for one in what)
    ]


@pytest.fixture
def told(pair: tuple[Path, Path]) -> tuple[Path, Path, str]:
    """The folders of USFJ and JJOC; JJOC has recalled what USFJ holds, and USFJ has the notice, unread."""
    us, jp = pair
    jjoc, usfj = Node.open(jp), Node.open(us)
    for number in range(20):
        ask(jjoc, "us.usfj", f"冠水のため給水 {number}")
    taken = ask(jjoc, "us.usfj", MARKER)
    carry(jjoc, usfj)
    usfj.pump()
    usfj.close()
    assert set(holding(us, MARKER)) & {"views.db", "views.db-wal"}, "the test finds what it looks for"
    assert holding(us, PAIR_OF_CHARACTERS)
    usfj = Node.open(us)
    recalled = recall(desk(jjoc, Role.DISCLOSURE_OFFICER), taken, "mistake")
    jjoc.pump()
    carry(jjoc, usfj)
    jjoc.close()
    usfj.close()
    return us, jp, recalled.id  # type: ignore[union-attr]


def assert_done(us: Path, jp: Path, recall_id: str) -> None:
    usfj, jjoc = Node.open(us), Node.open(jp)
    usfj.pump()
    usfj.pump()
    carry(usfj, jjoc)
    jjoc.pump()
    officer = desk(jjoc, Role.DISCLOSURE_OFFICER)
    purges = [seen.record for seen in purges_of(officer, recall_id)]
    found = confirmation(jjoc.line("us.usfj"), recall_id, purges, jjoc.codec)
    assert found is not None
    assert (found.progress, found.faults, len(purges)) == ("confirmed", (), 1)
    usfj.close()
    jjoc.close()
    assert holding(us, MARKER, PAIR_OF_CHARACTERS, "MARKERWORD", "markerword") == []
    assert holding(jp, MARKER), "the owner keeps what it wrote"


def test_nothing_of_it_is_left_in_any_file(told: tuple[Path, Path, str]) -> None:
    assert_done(*told)


CHILD = """
import os, signal, sys
from pathlib import Path
from renkei.kernel.log.sqlite import SqliteLog
from renkei.kernel.views.store import ViewStore
from renkei.node import Node

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def after(owner, name):
    real = getattr(owner, name)
    def then_die(*given, **named):
        real(*given, **named)
        die()
    setattr(owner, name, then_die)

moment = sys.argv[2]
node = Node.open(Path(sys.argv[1]))
if moment == "folded":
    ViewStore.scrub = die
elif moment == "scrubbed":
    SqliteLog.erase = die
elif moment == "erased":
    after(SqliteLog, "erase")
elif moment == "signed":
    purger = node.line("jp.jjoc").purger
    log = purger._append
    purger._append = lambda drafts: (log(drafts), die())
elif moment == "marked":
    after(SqliteLog, "set_facts")
node.pump()
"""


@pytest.mark.crash
@pytest.mark.parametrize("moment", ["folded", "scrubbed", "erased", "signed", "marked"])
def test_killed_between_any_two_steps_it_is_finished_after_the_next_start(
    told: tuple[Path, Path, str], moment: str
) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.run([sys.executable, "-c", CHILD, str(told[0]), moment], env=environment, check=False)
    assert child.returncode == -signal.SIGKILL
    assert_done(*told)
