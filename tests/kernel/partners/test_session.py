"""Two ends and a wire: whatever the wire does, both ends end equal."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.partners.world import JJOC, USFJ, End, Pair, entries_of, entry, frame_of, signer_of
from renkei.kernel.clock import FakeClock
from renkei.kernel.errors import TheirFault, Unreachable
from renkei.kernel.log.checkpoint import NoteSigner, open_cosigned
from renkei.kernel.partners import Greeted, Receipted, Received, Sender, chunks, frames, sender
from renkei.kernel.partners.frames import FrameReader, encode

FEW = 20


@pytest.fixture
def pair():
    return Pair()


def fill(pair, count=FEW):
    pair.usfj.log(*(entry(n, USFJ) for n in range(count)))
    pair.jjoc.log(*(entry(n, JJOC) for n in range(count // 2)))


def test_both_logs_arrive_and_are_receipted(pair):
    fill(pair)
    pair.exchange()
    pair.assert_equal()
    assert Received(first=0, size=FEW) in pair.jjoc.events
    assert Receipted(size=FEW) in pair.usfj.events
    assert Greeted(size=FEW, have=0) in pair.jjoc.events


def test_a_receipt_is_the_senders_checkpoint_countersigned(pair):
    fill(pair)
    pair.exchange()
    cosigned = open_cosigned(
        pair.usfj.sender.receipt.encode(), signer_of(USFJ).verifier, signer_of(JJOC).verifier
    )
    assert cosigned.checkpoint.size == FEW
    assert cosigned.checkpoint.root == pair.jjoc.received.seal().root
    assert pair.usfj.sender.received_at == pair.clock.now()


def test_fresh_entries_follow_at_once(pair):
    pair.exchange()
    for n in range(5):
        pair.usfj.log(entry(n))
        assert pair.usfj.sender.state_of(n) == "unsent"
        out = pair.usfj.session.bytes_to_send()
        assert pair.usfj.sender.state_of(n) == "sent"
        pair.jjoc.hears(out)
        assert pair.jjoc.received.size == n + 1
        pair.exchange()
        assert pair.usfj.sender.state_of(n) == "received"


def test_a_new_connection_goes_on_where_the_partner_stands(pair):
    fill(pair)
    pair.exchange()
    pair.usfj.log(entry(100))
    pair.reconnect()
    hello = pair.usfj.session.bytes_to_send()
    pair.jjoc.hears(hello)
    pair.usfj.hears(pair.jjoc.session.bytes_to_send())
    sent = list(FrameReader().feed(pair.usfj.session.bytes_to_send()))
    assert [f.first for f in sent if isinstance(f, frames.Entries)] == [FEW]


def test_a_catch_up_is_cut_into_chunks_and_held_to_the_window(pair, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_ENTRIES", 4)
    monkeypatch.setattr(sender, "WINDOW_CHUNKS", 2)
    fill(pair)
    pair.jjoc.hears(pair.usfj.session.bytes_to_send())
    pair.usfj.hears(pair.jjoc.session.bytes_to_send())
    first = list(FrameReader().feed(pair.usfj.session.bytes_to_send()))
    assert [len(f.entries) for f in first if isinstance(f, frames.Entries)] == [4, 4]
    assert pair.usfj.sender.state == "full"
    assert pair.usfj.session.bytes_to_send() == b""
    for frame in first:
        pair.jjoc.hears(encode(frame))
    pair.exchange()
    pair.assert_equal()
    assert pair.usfj.sender.state == "offering"


def test_large_entries_make_short_chunks(pair):
    pair.usfj.log(*(entry(n, text="x" * 200_000) for n in range(30)))
    pair.exchange()
    pair.assert_equal()


def test_compressed_entries_arrive_the_same(pair):
    fill(pair)
    pair.usfj.session._deflate = True
    pair.exchange()
    pair.assert_equal()


def test_receipts_lost_with_the_link_are_made_good_by_the_next_greeting(pair):
    fill(pair)
    pair.exchange()
    pair.usfj.sent.set_facts({"receipt": b""})
    pair.usfj.restart()
    pair.jjoc.connect()
    assert pair.usfj.sender.received == 0
    pair.exchange()
    pair.assert_equal()


def test_receipts_by_keys_since_changed_do_not_hold_up_the_link(pair):
    fill(pair)
    pair.exchange()
    stranger = signer_of("ph.pcg")
    renamed = NoteSigner(f"{JJOC}/renkei", stranger._key)
    pair.usfj.sender = Sender(pair.usfj.sent, signer_of(USFJ), renamed.verifier, hq=USFJ, partner=JJOC)
    assert pair.usfj.sender.received == 0
    pair.usfj.receiver._verifier = renamed.verifier
    pair.jjoc.sender = Sender(pair.jjoc.sent, renamed, signer_of(USFJ).verifier, hq=JJOC, partner=USFJ)
    pair.jjoc.receiver._cosigner = renamed
    pair.usfj.log(entry(100))
    pair.reconnect()
    pair.exchange()
    pair.assert_equal()
    assert pair.usfj.codes == ["checkpoint.unknown-key"]


def test_silence_is_broken_by_pings_which_are_answered(pair):
    pair.exchange()
    heard = pair.usfj.session.last_heard
    pair.clock.advance(timedelta(seconds=1))
    pair.usfj.session.tick(pair.clock.now())
    ping = pair.usfj.session.bytes_to_send()
    assert [type(f) for f in FrameReader().feed(ping)] == [frames.Ping]
    pair.jjoc.hears(ping)
    pair.usfj.hears(pair.jjoc.session.bytes_to_send())
    assert pair.usfj.session.last_heard == heard + timedelta(seconds=1)
    pair.usfj.session.tick(pair.clock.now())
    assert pair.usfj.session.bytes_to_send() == b""


def test_an_older_session_stops_when_a_newer_one_begins(pair):
    pair.exchange()
    old = pair.usfj.session
    pair.usfj.connect()
    assert pair.usfj.session.bytes_to_send()
    with pytest.raises(Unreachable, match=r"session\.replaced"):
        old.receive(b"")
    assert old.state == "closed"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"least": 3, "most": 4}, "session.version"),
        ({"least": 1, "most": 1}, "session.version"),
        ({"sender": "ph.pcg"}, "session.sender"),
        ({"recipient": "ph.pcg"}, "session.recipient"),
        ({"realm": "exercise"}, "session.realm"),
        ({"have": 1}, "want.beyond"),
    ],
)
def test_a_greeting_that_does_not_fit_ends_the_conversation_and_says_why(pair, change, code):
    version = {"least": frames.PROTOCOL, "most": frames.PROTOCOL}
    fields = version | {"sender": USFJ, "recipient": JJOC, "realm": "live", "size": 0, "have": 0} | change
    with pytest.raises(TheirFault) as caught:
        pair.jjoc.session.receive(encode(frames.Hello(**fields)))
    assert caught.value.code == code
    last = list(FrameReader().feed(pair.jjoc.session.bytes_to_send()))[-1]
    assert isinstance(last, frames.Refuse)
    assert last.code == code


def test_nothing_may_come_before_the_greeting(pair):
    with pytest.raises(TheirFault, match=r"session\.order"):
        pair.jjoc.session.receive(encode(frames.Want(0)))


def test_what_was_sound_before_a_fault_is_told_before_the_fault(pair):
    pair.exchange()
    pair.usfj.log(entry(0))
    sound = pair.usfj.session.bytes_to_send()
    assert pair.jjoc.hears(sound + b"\xff" * 5) == [Received(first=0, size=1)]
    last = list(FrameReader().feed(pair.jjoc.session.bytes_to_send()))
    assert [f.code for f in last if isinstance(f, frames.Refuse)] == ["frame.size"]
    with pytest.raises(TheirFault, match=r"frame\.size"):
        pair.jjoc.session.bytes_to_send()


def test_answers_nobody_reads_do_not_pile_up(pair):
    pair.exchange()
    pings = encode(frames.Ping(b"12345678")) * 100_000
    with pytest.raises(TheirFault, match=r"session\.flood"):
        pair.jjoc.session.receive(pings)


def test_an_unanswered_want_is_asked_again(pair):
    pair.exchange()
    pair.jjoc.hears(encode(frame_of(5, entry(5))))
    want = pair.jjoc.session.bytes_to_send()
    assert list(FrameReader().feed(want)) == [frames.Want(0)]
    pair.jjoc.hears(encode(frame_of(6, entry(6))))
    assert pair.jjoc.session.bytes_to_send() == b""
    pair.clock.advance(timedelta(seconds=2))
    pair.jjoc.session.tick(pair.clock.now())
    assert frames.Want(0) in list(FrameReader().feed(pair.jjoc.session.bytes_to_send()))


class Wire:
    """Whole frames, one way; the network may double, swap and cut them."""

    def __init__(self) -> None:
        self.reader = FrameReader()
        self.waiting: list[bytes] = []

    def put(self, data: bytes) -> None:
        self.waiting += [raw for raw, _ in self.reader.feed_raw(data)]


class World(Pair):
    """A pair whose wires misbehave as told."""

    def __init__(self) -> None:
        super().__init__()
        self.counts = {USFJ: 0, JJOC: 0}
        self.rewire()

    def rewire(self) -> None:
        """A new connection, with the greetings through: a stream does not reorder before them."""
        self.reconnect()
        self.wires = {USFJ: Wire(), JJOC: Wire()}
        hellos = [(end, end.session.bytes_to_send()) for end in (self.usfj, self.jjoc)]
        for end, hello in hellos:
            self.end(end.partner).hears(hello)

    def end(self, hq: str) -> End:
        return self.usfj if hq == USFJ else self.jjoc

    def do(self, what: str, hq: str, amount: int) -> None:
        end, wire = self.end(hq), self.wires[hq]
        match what:
            case "log":
                start = self.counts[hq]
                self.counts[hq] += amount + 1
                end.log(*(entry(n, hq) for n in range(start, self.counts[hq])))
            case "send":
                self.do("log", hq, amount)
                wire.put(end.session.bytes_to_send())
            case "deliver":
                for _ in range(amount // 2 + 1):
                    if wire.waiting:
                        self.end(end.partner).hears(wire.waiting.pop(0))
            case "double" if wire.waiting:
                wire.waiting.insert(amount % len(wire.waiting) + 1, wire.waiting[0])
            case "swap" if len(wire.waiting) > 1:
                at = amount % len(wire.waiting)
                wire.waiting[0], wire.waiting[at] = wire.waiting[at], wire.waiting[0]
            case "cut":
                if wire.waiting:
                    self.end(end.partner).hears(wire.waiting[0][: -1 - amount % 3])
                self.rewire()
            case "restart":
                end.restart()
                self.rewire()
            case "time":
                self.clock.advance(timedelta(seconds=1))
                end.session.tick(self.clock.now())

    def settle(self) -> None:
        """The network behaves again; time passes."""
        for _ in range(10):
            for wire, to in ((self.wires[USFJ], self.jjoc), (self.wires[JJOC], self.usfj)):
                while wire.waiting:
                    to.hears(wire.waiting.pop(0))
            self.exchange()
            self.clock.advance(timedelta(seconds=3))
            for end in (self.usfj, self.jjoc):
                end.session.tick(self.clock.now())
            self.exchange()


STEPS = st.tuples(
    st.sampled_from(["log", "cut", "restart", "time", *("send", "deliver", "double", "swap") * 3]),
    st.sampled_from([USFJ, JJOC]),
    st.integers(0, 9),
)


@given(st.lists(STEPS, min_size=20, max_size=80))
@settings(max_examples=80, deadline=None)
def test_duplicates_disorder_cuts_and_restarts_lose_nothing_and_accuse_nobody(steps):
    world = World()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK_ENTRIES", 3)
        for what, hq, amount in steps:
            world.do(what, hq, amount)
            for end in (world.usfj, world.jjoc):
                sent = entries_of(world.end(end.partner).sent)
                assert entries_of(end.received) == sent[: end.received.size]
        world.settle()
    world.assert_equal()
    assert not world.usfj.evidence
    assert not world.jjoc.evidence
    assert not world.usfj.codes
    assert not world.jjoc.codes


@given(st.lists(st.integers(1, 900), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_bytes_may_arrive_in_any_pieces(sizes):
    pair = Pair()
    fill(pair, 8)
    pieces = itertools.cycle(sizes)
    for _ in range(6):
        for one, other in ((pair.usfj, pair.jjoc), (pair.jjoc, pair.usfj)):
            out = one.session.bytes_to_send()
            while out:
                cut = next(pieces)
                other.hears(out[:cut])
                out = out[cut:]
    pair.assert_equal()


def test_a_clock_that_stands_still_harms_nothing():
    pair = Pair()
    assert isinstance(pair.clock, FakeClock)
    fill(pair)
    pair.exchange()
    pair.usfj.session.tick(pair.clock.now())
    pair.exchange()
    pair.assert_equal()
