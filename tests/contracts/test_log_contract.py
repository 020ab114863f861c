"""One suite for every home of a log (``renkei.kernel.log.base.Log``)."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from renkei.kernel.errors import BadInput, StaleVersion
from renkei.kernel.log import merkle
from renkei.kernel.log.base import MAX_ENTRY_BYTES, Draft, Log
from renkei.kernel.log.memory import MemoryLog
from renkei.kernel.log.sqlite import SqliteLog

ORIGIN = "renkei/us.usfj/master"
AT = datetime(2022, 9, 18, 6, 5, 4, 321000, tzinfo=UTC)

KEY_CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
STEPS = st.sampled_from([1, 1, 1, 0, 2])
HOMES = [
    pytest.param(lambda folder: MemoryLog(ORIGIN), id="memory"),
    pytest.param(lambda folder: SqliteLog(folder / "log.db", ORIGIN), id="sqlite"),
]


BODIED = [
    pytest.param(lambda folder: MemoryLog(ORIGIN, bodied=True), id="memory"),
    pytest.param(lambda folder: SqliteLog(folder / "log.db", ORIGIN, bodied=True), id="sqlite-plain"),
    pytest.param(
        lambda folder: SqliteLog(folder / "log.db", ORIGIN, bodied=True, keys=folder / "shred" / "x.keys"),
        id="sqlite-encrypted",
    ),
]


@pytest.fixture(params=BODIED)
def bodied(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    home = request.param(tmp_path)
    yield home
    home.close()


@pytest.fixture(params=HOMES)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    home = request.param(tmp_path)
    yield home
    home.close()


def plain(*entries: bytes) -> list[Draft]:
    return [Draft(entry) for entry in entries]


def numbered(count: int) -> list[Draft]:
    return plain(*(b"entry %d" % place for place in range(count)))


def entries_of(log: Log, first: int = 0, limit: int = 10**9) -> list[bytes]:
    return [entry for pack in log.read(first, limit) for entry in pack.entries]


def reference_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, as written there."""
    if not leaves:
        return merkle.EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return merkle.node_hash(reference_root(leaves[:split]), reference_root(leaves[split:]))


def test_a_new_log_is_empty_and_has_the_empty_root(log: Log) -> None:
    assert (log.origin, log.size) == (ORIGIN, 0)
    assert log.seal().root == log.head().root == merkle.EMPTY_ROOT
    assert entries_of(log) == []


def test_entries_are_numbered_from_0_without_gaps_and_come_back_byte_for_byte(log: Log) -> None:
    assert log.append(plain(b"a", b"", b"\x00\xff"), AT) == 0
    assert log.append(plain("冠水".encode()), AT) == 3
    assert log.size == 4
    assert entries_of(log) == [b"a", b"", b"\x00\xff", "冠水".encode()]
    assert [log.entry(seq) for seq in range(4)] == entries_of(log)


def test_a_log_without_bodies_has_none_and_takes_none(log: Log) -> None:
    log.append(plain(b"a"), AT)
    assert [pack.bodies for pack in log.read(0)] == [()]
    for body in (b"b", b""):
        with pytest.raises(BadInput, match=r"log\.body"):
            log.append([Draft(b"a", body=body)], AT)
    log.erase([0])
    assert entries_of(log) == [b"a"]


def with_bodies(first: int, count: int) -> list[Draft]:
    return [Draft(b"entry %d" % n, body=b"body %d" % n) for n in range(first, first + count)]


def bodies_of(log: Log, first: int = 0, limit: int = 10**9) -> list[bytes | None]:
    return [body for pack in log.read(first, limit) for body in pack.bodies]


def test_bodies_stand_beside_their_entries_and_outside_the_tree(bodied: Log) -> None:
    bodied.append(with_bodies(0, 3), AT)
    bodied.append([Draft(b"entry 3")], AT)
    bodied.append(with_bodies(4, 1), AT)
    assert bodies_of(bodied) == [b"body 0", b"body 1", b"body 2", None, b"body 4"]
    assert bodies_of(bodied, 1, 3) == [b"body 1", b"body 2", None]
    assert bodied.seal().root == reference_root(merkle.leaf_hashes(b"entry %d" % n for n in range(5)))


def test_an_erased_body_is_gone_and_nothing_else_is(bodied: Log) -> None:
    bodied.append(with_bodies(0, 5_000), AT)
    head = bodied.seal()
    bodied.erase([4_999, 7, 7, 4_096])
    bodied.erase([7])
    bodied.append(with_bodies(5_000, 1), AT)
    gone = {7, 4_096, 4_999}
    assert bodies_of(bodied) == [None if n in gone else b"body %d" % n for n in range(5_001)]
    assert entries_of(bodied) == [b"entry %d" % n for n in range(5_001)]
    assert bodied.head(5_000) == head


def test_all_bodies_of_a_pack_may_be_erased_and_it_still_is_a_log_with_bodies(bodied: Log) -> None:
    bodied.append(with_bodies(0, 2), AT)
    bodied.erase([0, 1])
    assert bodies_of(bodied) == [None, None]


def test_erasing_beyond_the_end_is_refused_whole(bodied: Log) -> None:
    bodied.append(with_bodies(0, 2), AT)
    for seqs in ([0, 2], [0, -1]):
        with pytest.raises(BadInput, match=r"log\.number"):
            bodied.erase(seqs)
    assert bodies_of(bodied) == [b"body 0", b"body 1"]


def test_bodies_larger_than_an_entry_or_empty_are_refused(bodied: Log) -> None:
    bodied.append([Draft(b"", body=bytes(MAX_ENTRY_BYTES))], AT)
    for body in (bytes(MAX_ENTRY_BYTES + 1), b""):
        with pytest.raises(BadInput, match=r"log\.body"):
            bodied.append([Draft(b"", body=body)], AT)
    assert bodied.size == 1


@given(
    packs=st.lists(st.lists(st.none() | st.binary(min_size=1, max_size=30), max_size=8), max_size=6),
    gone=st.lists(st.integers(0, 40), max_size=8),
    span=st.tuples(st.integers(0, 40), st.integers(1, 40)),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_appended_and_erased_reads_alike_in_every_home(
    packs: list[list[bytes | None]], gone: list[int], span: tuple[int, int]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        homes: list[Log] = []
        for place, param in enumerate(BODIED):
            (Path(name) / str(place)).mkdir()
            homes.append(param.values[0](Path(name) / str(place)))  # type: ignore[operator]
        for home in homes:
            for pack in packs:
                home.append([Draft(b"", body=body) for body in pack], AT)
            home.erase([seq for seq in gone if seq < home.size])
        expected = [body for pack in packs for body in pack]
        expected = [None if n in gone else body for n, body in enumerate(expected)]
        for home in homes:
            assert bodies_of(home) == expected
            assert bodies_of(home, *span) == expected[span[0] : sum(span)]
            home.close()


def test_packs_tell_when_they_were_logged_to_the_millisecond(log: Log) -> None:
    later = AT + timedelta(milliseconds=7)
    log.append(plain(b"a", b"b"), AT)
    log.append(plain(b"c"), later)
    assert [(pack.first, pack.logged_at, len(pack.entries)) for pack in log.read(0)] == [
        (0, AT, 2),
        (2, later, 1),
    ]


def test_reading_cuts_packs_to_what_was_asked_for(log: Log) -> None:
    log.append(numbered(10), AT)
    log.append(plain(b"last"), AT)
    assert [(pack.first, len(pack.entries)) for pack in log.read(3, 4)] == [(3, 4)]
    assert entries_of(log, 9, 2) == [b"entry 9", b"last"]
    assert entries_of(log, 11) == entries_of(log, 99) == entries_of(log, 0, 0) == []


@pytest.mark.parametrize("seq", [-1, 2, 10**9])
def test_an_entry_outside_the_log_is_bad_input(log: Log, seq: int) -> None:
    log.append(plain(b"a", b"b"), AT)
    with pytest.raises(BadInput, match=r"log\.number"):
        log.entry(seq)


def test_reading_from_a_negative_number_is_bad_input(log: Log) -> None:
    with pytest.raises(BadInput, match=r"log\.number"):
        log.read(-1)


def test_a_commit_larger_than_one_pack_is_split_and_stays_one_append(log: Log) -> None:
    large = [bytes([place]) * 700_000 for place in range(5)]
    many = [b"%d" % place for place in range(10_000)]
    assert log.append(plain(*large), AT) == 0
    assert log.append(plain(*many), AT) == 5
    assert entries_of(log) == large + many
    assert log.entry(4) == large[4] and log.entry(10_004) == b"9999"


def test_an_entry_beyond_the_limit_is_refused_and_nothing_is_written(log: Log) -> None:
    log.append(plain(bytes(MAX_ENTRY_BYTES)), AT)
    with pytest.raises(BadInput, match=r"log\.entry-size"):
        log.append(plain(b"a", bytes(MAX_ENTRY_BYTES + 1)), AT)
    assert log.size == 1


@pytest.mark.parametrize("key", ["a\0b", "\ud800"])
def test_a_key_no_home_could_keep_is_refused(log: Log, key: str) -> None:
    with pytest.raises(BadInput, match=r"log\.key"):
        log.append([Draft(b"x", key, 1)], AT)
    assert log.size == 0


def test_what_is_wrong_with_one_group_is_not_held_against_the_others(log: Log) -> None:
    unsound = [
        Draft(bytes(MAX_ENTRY_BYTES + 1)),
        Draft(b"x", "a\0b", 1),
        Draft(b"x", "k", 2**64),
        Draft(b"x", "k", -(2**64)),
    ]
    groups = [[Draft(b"first")], *([draft] for draft in unsound), [Draft(b"last", "k", 1)]]
    answers = log.append_groups(groups, AT)
    assert [answer if isinstance(answer, int) else type(answer) for answer in answers] == [
        0,
        BadInput,
        BadInput,
        StaleVersion,
        StaleVersion,
        1,
    ]
    assert entries_of(log) == [b"first", b"last"]


def test_versions_of_a_key_follow_one_another_from_1(log: Log) -> None:
    log.append([Draft(b"1", "k", 1)], AT)
    log.append([Draft(b"2", "k", 2), Draft(b"3", "k", 3)], AT)
    assert log.newest_version("k") == 3
    assert log.newest_version("other") == 0


@pytest.mark.parametrize("version", [-1, 0, 1, 2, 4])
def test_a_version_that_is_not_the_next_one_refuses_the_whole_append(log: Log, version: int) -> None:
    log.append([Draft(b"1", "k", 1), Draft(b"2", "k", 2)], AT)
    with pytest.raises(StaleVersion, match=r"expected version 3 of k"):
        log.append([Draft(b"new", "n", 1), Draft(b"x", "k", version), Draft(b"free")], AT, {"f": b"1"})
    assert (log.size, log.newest_version("n"), log.fact("f")) == (2, 0, None)


@pytest.mark.parametrize(
    "versions",
    [pytest.param((1, 1), id="twice"), pytest.param((2, 1), id="backwards"), pytest.param((1, 3), id="gap")],
)
def test_within_one_append_versions_must_be_in_order_too(log: Log, versions: tuple[int, int]) -> None:
    with pytest.raises(StaleVersion):
        log.append([Draft(b"x", "k", version) for version in versions], AT)
    assert (log.size, log.newest_version("k")) == (0, 0)


def test_each_group_of_a_commit_stands_or_falls_alone(log: Log) -> None:
    log.append([Draft(b"1", "a", 1)], AT)
    answers = log.append_groups(
        [
            [Draft(b"a2", "a", 2), Draft(b"b1", "b", 1)],
            [Draft(b"stale", "a", 2)],
            [Draft(b"lost", "c", 1), Draft(b"gap", "b", 3)],
            [Draft(b"a3", "a", 3)],
            [Draft(b"c1", "c", 1), Draft(b"free")],
            [],
        ],
        AT,
    )
    assert [answer for answer in answers if isinstance(answer, int)] == [1, 3, 4, 6]
    assert isinstance(answers[1], StaleVersion) and isinstance(answers[2], StaleVersion)
    assert entries_of(log, 1) == [b"a2", b"b1", b"a3", b"c1", b"free"]
    assert [log.newest_version(key) for key in "abc"] == [3, 1, 1]


def test_a_commit_in_which_every_group_falls_writes_nothing(log: Log) -> None:
    answers = log.append_groups([[Draft(b"x", "k", 2)], [Draft(b"y", "k", 3)]], AT)
    assert [type(answer) for answer in answers] == [StaleVersion, StaleVersion]
    assert (log.size, entries_of(log)) == (0, [])


def test_facts_are_set_with_an_append_replaced_and_listed_by_prefix(log: Log) -> None:
    log.append(plain(b"a"), AT, {"alias/2": b"two", "alias/1": b"one", "b": b"\x00"})
    log.append([], AT, {"alias/1": b"uno"})
    log.set_facts({"alias/冠": b"kanji"})
    log.set_facts({"zz": b"soon"}, durable=False)
    assert list(log.facts("alias/")) == [("alias/1", b"uno"), ("alias/2", b"two"), ("alias/冠", b"kanji")]
    assert (log.fact("b"), log.fact("c"), log.fact("zz"), log.size) == (b"\x00", None, b"soon", 1)
    assert log.facts_named(["zz", "b", "c", "b"]) == {"b": b"\x00", "zz": b"soon"}
    assert log.facts_named([]) == {}


def test_a_listener_hears_of_every_commit_that_added_entries(log: Log) -> None:
    heard: list[int] = []
    log.on_append(heard.append)
    log.append(numbered(3), AT)
    log.append([], AT, {"f": b"1"})
    log.append_groups([[Draft(b"x", "k", 2)]], AT)
    log.append_groups([numbered(2), numbered(1)], AT)
    assert heard == [3, 6]


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 511, 513, 1000])
def test_the_sealed_root_is_rfc_6962s(log: Log, size: int) -> None:
    log.append(numbered(size), AT)
    leaves = merkle.leaf_hashes(entries_of(log))
    assert log.seal().root == reference_root(leaves)
    for part in {0, 1, size // 2, size - 1}:
        assert log.head(part).root == reference_root(leaves[:part])


def test_sealing_bit_by_bit_gives_the_same_tree_as_sealing_once(log: Log) -> None:
    reference = MemoryLog(ORIGIN)
    for count in (1, 1, 253, 1, 1, 600, 3, 140):
        log.append(numbered(count), AT)
        reference.append(numbered(count), AT)
        log.seal()
    assert log.head() == reference.seal()


def test_the_tree_trails_the_log_until_it_is_sealed(log: Log) -> None:
    log.append(numbered(3), AT)
    log.seal()
    log.append(numbered(300), AT)
    assert log.head().size == 3
    for beyond in (lambda: log.head(4), lambda: log.inclusion(0, 4), lambda: log.consistency(2, 4)):
        with pytest.raises(BadInput, match=r"log\.size"):
            beyond()
    assert log.seal().size == 303


def test_every_entry_is_proved_to_be_in_the_tree_and_in_no_other_place(log: Log) -> None:
    log.append(numbered(600), AT)
    log.seal()
    for size in (1, 7, 256, 300, 600):
        root = log.head(size).root
        for seq in range(0, size, 37):
            path, leaf = log.inclusion(seq, size), merkle.leaf_hash(log.entry(seq))
            assert merkle.verify_inclusion(leaf, seq, size, path, root)
            assert not merkle.verify_inclusion(merkle.leaf_hash(b"other"), seq, size, path, root)
            assert not merkle.verify_inclusion(leaf, seq + 1, size, path, root)
    with pytest.raises(BadInput):
        log.inclusion(300, 300)


def test_every_older_tree_is_proved_to_be_a_prefix(log: Log) -> None:
    log.append(numbered(600), AT)
    log.seal()
    for new in (1, 256, 511, 600):
        for old in range(0, new + 1, 51):
            heads = log.head(old), log.head(new)
            path = log.consistency(old, new)
            assert merkle.verify_consistency(old, new, heads[0].root, heads[1].root, path)
            if old:
                assert not merkle.verify_consistency(old, new, merkle.leaf_hash(b""), heads[1].root, path)
    with pytest.raises(BadInput):
        log.consistency(5, 4)


def test_appends_reads_and_seals_from_many_threads_leave_one_order(log: Log) -> None:
    failures: list[BaseException] = []

    def append(name: int) -> None:
        try:
            for version in range(1, 31):
                log.append([Draft(b"%d %d" % (name, version), f"key {name}", version)], AT)
                log.seal()
                entries_of(log, log.size - 1)
        except BaseException as err:
            failures.append(err)

    threads = [threading.Thread(target=append, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    entries = entries_of(log)
    assert len(entries) == log.size == 120
    for name in range(4):
        own = [entry for entry in entries if entry.startswith(b"%d " % name)]
        assert own == [b"%d %d" % (name, version) for version in range(1, 31)]
    assert log.seal().root == reference_root(merkle.leaf_hashes(entries))


class LogMachine(RuleBasedStateMachine):
    """A SQLite log, closed and opened at will, stays equal to a list of entries and a dict of versions."""

    keys = Bundle("keys")

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[bytes] = []
        self.versions: dict[str, int] = {}
        self.facts: dict[str, bytes] = {}
        self.heads: list[tuple[int, bytes]] = []

    @initialize(data=st.data())
    def open(self, data: st.DataObject) -> None:
        self.folder = self.make_folder()
        self.log = SqliteLog(self.folder / "log.db", ORIGIN)

    make_folder: Callable[[], Path]

    @rule(
        target=keys,
        key=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=4),
    )
    def name(self, key: str) -> str:
        return key

    @rule(
        groups=st.lists(st.lists(st.tuples(keys, st.sampled_from([1, 1, 1, 0, 2])), max_size=3), max_size=4)
    )
    def append_groups(self, groups: list[list[tuple[str, int]]]) -> None:
        model, drafts, expected = dict(self.versions), [], []
        for group in groups:
            claimed, built, sound = dict(model), [], True
            for key, step in group:
                version = claimed.get(key, 0) + step
                sound &= step == 1
                claimed[key] = version
                built.append(Draft(f"{key}\0{version}".encode(), key, version))
            drafts.append(built)
            expected.append(len(self.entries) if sound else None)
            if sound:
                model = claimed
                self.entries += [draft.entry for draft in built]
        self.versions = model
        answers = self.log.append_groups(drafts, AT)
        assert [answer if isinstance(answer, int) else None for answer in answers] == expected

    @rule(count=st.integers(1, 400))
    def append_many(self, count: int) -> None:
        new = [b"%d" % (len(self.entries) + place) for place in range(count)]
        assert self.log.append(plain(*new), AT) == len(self.entries)
        self.entries += new

    @rule(name=st.sampled_from("abc"), value=st.binary(max_size=3), durable=st.booleans())
    def set_fact(self, name: str, value: bytes, durable: bool) -> None:
        self.log.set_facts({name: value}, durable)
        self.facts[name] = value

    @rule()
    def seal(self) -> None:
        head = self.log.seal()
        assert (head.size, head.root) == (
            len(self.entries),
            merkle.root_of(merkle.leaf_hashes(self.entries)),
        )
        for size, root in self.heads[-3:]:
            path = self.log.consistency(size, head.size)
            assert merkle.verify_consistency(size, head.size, root, head.root, path)
        self.heads.append((head.size, head.root))

    @rule(share=st.floats(0, 1, exclude_max=True))
    def prove(self, share: float) -> None:
        head = self.log.head()
        if head.size:
            seq = int(share * head.size)
            path = self.log.inclusion(seq, head.size)
            assert merkle.verify_inclusion(
                merkle.leaf_hash(self.entries[seq]), seq, head.size, path, head.root
            )

    @rule()
    def keep(self) -> None:
        frames, copied = self.log.checkpoint_wal()
        assert copied == frames

    @rule()
    def reopen(self) -> None:
        before = self.log.head().size
        self.log.close()
        self.log = SqliteLog(self.folder / "log.db", ORIGIN)
        assert self.log.head().size >= before

    @rule(key=consumes(keys))
    def newest(self, key: str) -> None:
        assert self.log.newest_version(key) == self.versions.get(key, 0)

    @invariant()
    def holds_what_was_appended(self) -> None:
        assert self.log.size == len(self.entries)
        assert entries_of(self.log) == self.entries
        assert dict(self.log.facts("")) == self.facts

    def teardown(self) -> None:
        verification = self.log.verify(stated)
        try:
            while True:
                next(verification)
        except StopIteration as end:
            assert end.value == []
        self.log.close()


def stated(entry: bytes) -> tuple[str, int] | None:
    key, nul, version = entry.decode().partition("\0")
    return (key, int(version)) if nul else None


def test_no_sequence_of_appends_seals_and_reopenings_confuses_a_log(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    class Machine(LogMachine):
        make_folder = staticmethod(lambda: tmp_path_factory.mktemp("log"))

    case = Machine.TestCase
    case.settings = settings(
        max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
    )
    case().runTest()
