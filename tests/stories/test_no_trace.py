"""No trace: whoever owns the partner's node cannot tell that anything was withheld.

The attacker has everything the partner's node has and everything that ever came over the link, with the time
it came.  Two runs of one story with the same keys, ids and clock differ in one thing: in the second the other
headquarters also writes, changes, refers to and searches records that are withheld.  The attacker must have
the same bytes at the same times.
"""

import itertools
import random
import shutil
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from renkei.kernel.attachments import digest_of, name_of
from renkei.kernel.clock import Clock
from renkei.kernel.identity import Identity
from renkei.kernel.partners import Rhythm
from renkei.kernel.partners.frames import Checkpoint, Content, Entries, Hello
from renkei.kernel.partners.records import Named, Reconsideration
from renkei.kernel.records import Header, Record, Text
from renkei.kernel.views import dump
from renkei.rooms.coordination import Attachment, Incident, LogEntry
from world import World

JJOC, USFJ = "jp.jjoc", "us.usfj"
STEP = timedelta(milliseconds=7)
"""Does not divide the grid, so that records come at all places between two of its lines."""
RHYTHM = Rhythm(grid_ms=10, beat_s=1)

Step = Callable[["Run"], None]


class Run:
    """One run: the world, and what the attacker at USFJ sees."""

    def __init__(self, folder: Path, also: Step) -> None:
        self.world = World(folder, rhythm=RHYTHM)
        self._also = also
        self.seen: list[tuple[datetime, bytes]] = []
        self._numbers = itertools.count(1_000)
        link = self.world.link(JJOC, USFJ)
        put, here = link._put, link.ends.index(self.world[JJOC].node)

        def watched(end: int) -> bool:
            before = list(link._moving[end])
            moved = put(end)
            if end == here:
                came = link._moving[end][len(before) :]
                self.seen += [(self.world.clock.now(), frame) for _, frame in came]
            return moved

        link._put = watched  # type: ignore[method-assign]

    def fresh(self) -> int:
        """A number that the released records do not have."""
        return next(self._numbers)

    def id_of(self, number: int) -> str:
        """An id of the test's choosing, so that both runs have the same ones."""
        return f"{JJOC}/01GD7NRTE0{number:016d}"

    def incident(self, number: int, label: str) -> Incident:
        """An incident opened now."""
        now = self.world.clock.now()
        return Incident(
            id=self.id_of(number),
            label=self.world[JJOC].label(label),
            at=now,
            by="Watch officer",
            title=Text(text="津波注意報", lang="ja"),
            severity="moderate",
            opened_at=now,
        )

    def entry(self, number: int, label: str, text: str, **more: object) -> LogEntry:
        """A line of the log."""
        now = self.world.clock.now()
        return LogEntry(
            id=self.id_of(number),
            label=self.world[JJOC].label(label),
            at=now,
            by="Watch officer",
            happened_at=now,
            text=Text(text=text, lang="ja"),
            **more,  # type: ignore[arg-type]
        )

    def write(self, *records: Record) -> None:
        """JJOC logs records, after what this run writes beside them; then everything moves on for a while."""
        self._also(self)
        self.world[JJOC].node.append(records)
        self.let_pass(4)

    def let_pass(self, steps: int) -> None:
        """Time passes in small steps, the link carrying what leaves."""
        for _ in range(steps):
            for hq in self.world.hqs.values():
                hq.node.pump()
            while any(link.step() for link in self.world.links.values()):
                pass
            self.world.pass_time(STEP)

    def attacker(self) -> dict[str, object]:
        """Everything at the partner: what came and when, its logs, its tables, its people's answers."""
        node = self.world[USFJ].node
        line = node.line(JJOC)
        desk = self.world[USFJ].desk()
        return {
            "wire": self.seen,
            "received": [(p.first, p.logged_at, p.entries, p.bodies) for p in line.received.read(0, 10_000)],
            "checkpoints": (line.receiver.receipt, line.received.head()),
            "views": dump(node.views),
            "counts": (
                desk.views.count(),
                desk.views.count("log-entry"),
                len(desk.views.search("冠水").rows),
            ),
            "queue": line.sender.positions,
            "contents": node.contents.names(),
        }


def attach(run: Run, number: int, label: str, content: bytes) -> Attachment:
    """The record of a content that is on the owner's disk."""
    called, salt, now = f"{number:032x}", bytes(32), run.world.clock.now()
    store, name = run.world[JJOC].node.contents, name_of(JJOC, called)
    store.begin(name)
    store.put(name, 0, content, len(content))
    store.keep(name)
    return Attachment(
        id=run.id_of(number),
        label=run.world[JJOC].label(label),
        at=now,
        by="Watch officer",
        content=called,
        size=len(content),
        salt=b64encode(salt).decode(),
        digest=digest_of(salt, [content]),
        about=run.id_of(3),
    )


def released(run: Run) -> None:
    """What both runs have: lines of the log, an incident that changes, and a file attached to it."""
    run.write(run.entry(1, "usa", "港が冠水した"))
    run.write(run.entry(2, "usa", "岸壁の点検を始める"))
    incident = run.incident(3, "usa")
    run.write(incident)
    run.write(msgspec.structs.replace(incident, version=2, severity="severe", at=run.world.clock.now()))
    run.write(attach(run, 5, "usa", bytes(range(256)) * 600))
    run.let_pass(300)  # two beats with nothing new
    run.write(run.entry(4, "usa", "異常なし"))


def decided_anew(run: Run) -> None:
    """What both runs have: the agreement ends, lines stay, another is made, and officers have one line go.

    Their word names with it whatever else stayed, of which the second run has more.
    """
    node, now = run.world[JJOC].node, run.world.clock.now
    (first,) = node.line(USFJ).releaser.register.agreements.values()
    run.write(msgspec.structs.replace(first, version=2, until=now(), at=now()))
    run.write(run.entry(11, "usa", "取決めの間に書いた"))
    run.write(run.entry(12, "usa", "これも残った"))
    again = msgspec.structs.replace(first, id=run.id_of(13), since=now(), at=now())
    run.write(again)
    logged = [
        (seq, msgspec.json.decode(raw, type=Header))
        for pack in node.master.read(0, node.master.size)
        for seq, raw in enumerate(pack.entries, pack.first)
        if raw.startswith(b'{"kind":"log-entry"')
    ]
    national = run.world[JJOC].label("national")
    stayed = [Named(h.id, h.version, seq) for seq, h in logged if h.label == national][:100]
    mine = next(Named(h.id, h.version, seq) for seq, h in logged if h.id == run.id_of(11))
    word = Reconsideration(
        id=run.id_of(14),
        label=run.world[JJOC].label("usa"),
        at=now(),
        by="Disclosure officer",
        partner=USFJ,
        because=again.id,
        named=(mine, *stayed),
        upto=node.master.size,
        account="disclosure",
        reason=Text(text="再度の取決め", lang="ja"),
    )
    run.write(word)
    run.let_pass(200)


def nothing(run: Run) -> None:
    """The first run."""


def lines(run: Run) -> None:
    """Lines of the log for nationals only, with words that are released elsewhere."""
    run.world[JJOC].node.append([run.entry(run.fresh(), "national", "冠水 非公開") for _ in range(5)])


def versions(run: Run) -> None:
    """An incident that is withheld and changed."""
    record = run.incident(run.fresh(), "national")
    node = run.world[JJOC].node
    node.append([record])
    node.append([msgspec.structs.replace(record, version=2)])


def references(run: Run) -> None:
    """Withheld lines that refer to what was released, and to one another."""
    one = run.entry(run.fresh(), "national", "参照", links=(run.id_of(3),))
    other = run.entry(run.fresh(), "national", "訂正", corrects=one.id)
    run.world[JJOC].node.append([one, other])


def reading(run: Run) -> None:
    """Reading, searching and explaining what is withheld."""
    (record,) = [run.entry(run.fresh(), "national", "読まれるだけ")]
    node, desk = run.world[JJOC].node, run.world[JJOC].desk()
    node.append([record])
    desk.views.search("読まれる")
    desk.views.newest()
    node.line(USFJ).releaser.explain(node.codec.encode(record))


def many(run: Run) -> None:
    """Far more than is released."""
    run.world[JJOC].node.append([run.entry(run.fresh(), "national", "大量") for _ in range(300)])


def attachments(run: Run) -> None:
    """Withheld files, attached to what was released."""
    run.world[JJOC].node.append([attach(run, run.fresh(), "national", b"withheld" * 20_000)])


def references_to_withheld(run: Run) -> None:
    """What is released later refers to nothing of this."""
    lines(run)
    versions(run)
    references(run)


WITHHELD: tuple[Step, ...] = (
    lines,
    versions,
    references,
    reading,
    many,
    attachments,
    references_to_withheld,
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys of both headquarters, made once."""
    folder = tmp_path_factory.mktemp("keys")
    World(folder).close()
    return folder


@pytest.fixture
def fixed(keys: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Begin a run: the same keys, and the same ids for what the set-up writes."""

    def same(folder: Path, hq: str, clock: Clock) -> Identity:
        shutil.copytree(keys / hq / "keys", folder, dirs_exist_ok=True)
        return Identity.load(folder)

    monkeypatch.setattr("renkei.node.node.Identity", SimpleNamespace(create=same))

    def begin() -> None:
        dice = random.Random(2022)
        monkeypatch.setattr("renkei.kernel.ids.os", SimpleNamespace(urandom=dice.randbytes))

    return begin


def play(folder: Path, also: Step, story: Step = released) -> dict[str, object]:
    """The story, with ``also`` before each of its steps; what the attacker has in the end."""
    run = Run(folder, also)
    try:
        run.let_pass(10)
        story(run)
        also(run)
        run.let_pass(200)
        return run.attacker()
    finally:
        run.world.close()


@pytest.mark.parametrize("also", WITHHELD, ids=lambda step: step.__name__)
def test_runs_that_differ_in_what_is_withheld_are_the_same_to_the_partner(
    tmp_path: Path, fixed: Callable[[], None], also: Step
) -> None:
    fixed()
    without = play(tmp_path / "without", nothing)
    fixed()
    with_withheld = play(tmp_path / "with", also)
    assert [name for name in without if without[name] != with_withheld[name]] == []
    assert without["wire"] and without["contents"] and without["counts"] == (6, 3, 1)


@pytest.mark.parametrize("also", [lines, versions, many], ids=lambda step: step.__name__)
def test_so_they_are_where_officers_had_what_stayed_decided_anew(
    tmp_path: Path, fixed: Callable[[], None], also: Step
) -> None:
    fixed()
    without = play(tmp_path / "without", nothing, decided_anew)
    fixed()
    with_withheld = play(tmp_path / "with", also, decided_anew)
    assert [name for name in without if without[name] != with_withheld[name]] == []
    assert without["counts"] == (2, 1, 0), "beside JJOC's own card, one of the two lines that stayed"


def test_the_comparison_sees_a_difference(tmp_path: Path, fixed: Callable[[], None]) -> None:
    """The same with a record that is released: the test above can fail."""

    def also(run: Run) -> None:
        run.world[JJOC].node.append([run.entry(run.fresh(), "usa", "公開")])

    fixed()
    without = play(tmp_path / "without", nothing)
    fixed()
    released_too = play(tmp_path / "with", also)
    differ = {name for name in without if without[name] != released_too[name]}
    assert {"wire", "received", "checkpoints", "views", "counts"} <= differ


def test_entries_leave_on_the_grid_and_in_a_few_sizes(tmp_path: Path, fixed: Callable[[], None]) -> None:
    fixed()
    run = Run(tmp_path, nothing)
    released(run)
    bursts: dict[datetime, list[bytes]] = {}
    for at, frame in run.seen:
        bursts.setdefault(at, []).append(frame)
    with_entries = {
        at: sum(len(f) for f in frames if f[4] != Hello.type_byte)
        for at, frames in bursts.items()
        if any(f[4] == Entries.type_byte for f in frames)
    }
    assert len(with_entries) >= 5
    for at, size in with_entries.items():
        line = at.timestamp() * 1000 % RHYTHM.grid_ms
        assert line < STEP / timedelta(milliseconds=1)  # the first look after a line of the grid
        assert size in {1024 << n for n in range(7)}
    contents = [at for at, frame in run.seen if frame[4] == Content.type_byte]
    assert contents and all(at.timestamp() * 1000 % RHYTHM.grid_ms < 7 for at in contents)
    assert len(set(contents)) < len(contents) / 3, "a stretch leaves as one"
    beats = [at for at, frame in run.seen if frame[4] == Checkpoint.type_byte and at not in with_entries]
    assert len(beats) >= 2
    run.world.close()
