"""After a recall no file of the partner's node holds the content, in whatever moment it was killed."""

import os
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from edges.cli.conftest import Renkei, done, free_base
from renkei.edges.cli.demo import setup
from renkei.kernel.labels.model import Category, Label
from renkei.kernel.labels.presets import demo_clearances
from renkei.kernel.partners import export_parcel, import_parcel
from renkei.kernel.partners.auditing import audit
from renkei.kernel.people import Person, Role
from renkei.node import Node
from renkei.node.recalling import confirmation
from renkei.rooms.coordination import IncidentIn, RequestIn, open_incident, send_request
from renkei.rooms.release import OnwardIn, pass_on, purges_of, recall

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


# --- passed on to a third headquarters, then taken back by its author ---------------------------------------

USFJ, JJOC, AFP = "us.usfj", "jp.jjoc", "ph.afp"
WORDS = (MARKER, PAIR_OF_CHARACTERS, "MARKERWORD", "markerword")


@pytest.fixture
def passed_on(tmp_path: Path) -> tuple[dict[str, Path], str]:
    """Three folders; USFJ's incident is at AFP by JJOC's decision.  Its id at USFJ."""
    setup.make(tmp_path / "three", free_base(), lambda _: None)
    place = {hq: tmp_path / "three" / hq for hq in (USFJ, JJOC, AFP)}
    nodes = {hq: Node.open(path) for hq, path in place.items()}
    nations = Category("Releasable to", "permissive", ("JPN", "PHL", "USA"))
    label = Label("urn:oid:2.999.840.1", "UNCLASSIFIED", (nations,))
    given = IncidentIn(title=MARKER, severity="moderate", label=label)
    made = open_incident(desk(nodes[USFJ], Role.WATCH_OFFICER), given)
    nodes[USFJ].pump()
    carry(nodes[USFJ], nodes[JJOC])
    nodes[JJOC].pump()
    officer = desk(nodes[JJOC], Role.DISCLOSURE_OFFICER)
    (row,) = officer.views.newest("incident", USFJ).rows
    open_label = next(s.label for s in nodes[JJOC].policies.own.suggestions if s.key == "open")
    onward = pass_on(officer, OnwardIn(record=row.id, label=open_label))
    nodes[JJOC].pump()
    carry(nodes[JJOC], nodes[AFP])
    nodes[AFP].pump()
    assert desk(nodes[AFP], Role.WATCH_OFFICER).views.count("release.onward") == 1, onward
    for node in nodes.values():
        node.close()
    return place, made.id  # type: ignore[union-attr]


def logs_of(folder: Path) -> list[str]:
    """Files of logs and keys that hold the words: what a backup of logs would have."""
    return [name for name in holding(folder, *WORDS) if not name.startswith("views.db")]


def take_back(place: dict[str, Path], record: str) -> str:
    """USFJ recalls the incident, and everything goes its way by courier; the recall's id."""
    nodes = {hq: Node.open(path) for hq, path in place.items()}
    recalled = recall(desk(nodes[USFJ], Role.DISCLOSURE_OFFICER), record, "mistake")
    for one, other in ((USFJ, JJOC), (JJOC, AFP), (AFP, JJOC), (JJOC, USFJ)):
        nodes[one].pump()
        carry(nodes[one], nodes[other])
        nodes[other].pump()
    officer = desk(nodes[USFJ], Role.DISCLOSURE_OFFICER)
    assert [seen.row.source for seen in purges_of(officer, recalled.id)] == [JJOC]  # type: ignore[union-attr]
    for node in nodes.values():
        node.close()
    return recalled.id  # type: ignore[union-attr, no-any-return]


def test_what_was_passed_on_is_left_in_no_file_either(
    passed_on: tuple[dict[str, Path], str], renkei: Renkei, tmp_path: Path
) -> None:
    place, record = passed_on
    assert holding(place[JJOC], MARKER) and holding(place[AFP], MARKER), "the test finds what it looks for"
    assert logs_of(place[JJOC]) == [], "nothing of another's lies in plain in any log"
    backup = tmp_path / "backup"
    shutil.copytree(place[JJOC] / "logs", backup)
    take_back(place, record)
    for hq in (JJOC, AFP):
        assert holding(place[hq], *WORDS) == []
        done(renkei("log", "verify", "-d", place[hq]))
    assert holding(place[USFJ], MARKER), "the owner keeps what it wrote"

    # The log as it was before, put back beside the keys as they are now: it says nothing any more.
    shutil.rmtree(place[JJOC] / "logs")
    shutil.copytree(backup, place[JJOC] / "logs")
    for path in place[JJOC].glob("views.db*"):
        path.unlink()
    node = Node.open(place[JJOC])
    node.pump()
    (row,) = desk(node, Role.DISCLOSURE_OFFICER).views.newest("release.onward").rows
    assert b'"rendition":"{}"' in row.raw
    node.close()
    assert holding(place[JJOC], *WORDS) == []


def test_the_audit_accounts_for_what_was_passed_on_and_is_forgotten(
    passed_on: tuple[dict[str, Path], str],
) -> None:
    place, record = passed_on

    def audited() -> list[str]:
        node = Node.open(place[JJOC])
        line = node.line(AFP)
        key, terms = node.identity.alias_key(AFP), line.releaser.chain.terms
        found = audit(
            node.whole_master, line.sent, terms, node.policies, node.codec, key, hq=JJOC, clock=node.clock
        )
        matched = found.matched == line.sent.size
        node.close()
        return [] if matched and found.sound else [repr(found)]

    assert audited() == []
    take_back(place, record)
    assert audited() == []


def test_killed_before_the_log_sent_forgot_it_does_so_at_the_next_start(
    passed_on: tuple[dict[str, Path], str],
) -> None:
    place, record = passed_on
    node = Node.open(place[JJOC])
    line = node.line(AFP)
    (onward,) = desk(node, Role.DISCLOSURE_OFFICER).views.newest("release.onward").rows
    (seq,) = line.releaser.aliases.seqs(onward.id)
    line.releaser._unsay = lambda: None  # type: ignore[method-assign]
    usfj = Node.open(place[USFJ])
    recall(desk(usfj, Role.DISCLOSURE_OFFICER), record, "mistake")
    usfj.pump()
    carry(usfj, node)
    node.pump()
    assert next(line.sent.read(seq, 1)).bodies[0] is not None
    node.close()
    usfj.close()
    node = Node.open(place[JJOC])
    assert next(node.line(AFP).sent.read(seq, 1)).bodies[0] is None
    node.close()
    assert holding(place[JJOC], *WORDS) == []
