"""A courier's file proves what a link proves, may come twice, late or damaged, and tells which."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.partners.world import (
    JJOC,
    PCG,
    USFJ,
    End,
    Pair,
    draft,
    entries_of,
    entry,
    note_over,
    signer_of,
)
from renkei.kernel.errors import BadInput
from renkei.kernel.log.checkpoint import cosign
from renkei.kernel.partners import (
    Receipted,
    Received,
    chunks,
    export_parcel,
    frames,
    import_parcel,
    peek_parcel,
)
from renkei.kernel.partners.frames import FrameReader, encode


def pack(end, **more) -> bytes:
    return b"".join(export_parcel(end.sender, end.receiver, end.clock.now(), **more))


def take(end, *pieces):
    return import_parcel(pieces, end.sender, end.receiver)


@pytest.fixture
def pair():
    pair = Pair()
    pair.usfj.log(*(entry(n) for n in range(10)))
    pair.jjoc.log(*(entry(n, JJOC) for n in range(3)))
    return pair


def test_two_files_carry_both_logs_and_a_receipt(pair):
    came = take(pair.jjoc, pack(pair.usfj))
    assert (came.sender, came.first, came.size, came.logged, came.whole) == (USFJ, 0, 10, 10, True)
    assert came.events == (Received(first=0, size=10),)
    assert pair.usfj.sender.state_of(9) == "sent"
    back = take(pair.usfj, pack(pair.jjoc))
    assert (back.logged, back.receipted) == (3, 10)
    assert Receipted(size=10) in back.events
    take(pair.jjoc, pack(pair.usfj))
    pair.assert_equal()


def test_the_next_file_begins_at_the_last_receipt_or_where_it_is_told_to(pair):
    take(pair.jjoc, pack(pair.usfj))
    take(pair.usfj, pack(pair.jjoc))
    pair.usfj.log(entry(10))
    assert peek_parcel(pack(pair.usfj)).first == 10
    assert take(pair.jjoc, pack(pair.usfj, first=0)).logged == 1
    with pytest.raises(BadInput, match=r"courier\.first"):
        pack(pair.usfj, first=99)


def test_a_file_may_be_taken_in_again(pair):
    file = pack(pair.usfj)
    take(pair.jjoc, file)
    again = take(pair.jjoc, file)
    assert (again.logged, again.whole, again.faults) == (0, True, ())


def test_a_file_may_arrive_in_any_pieces_and_uncompressed(pair, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_ENTRIES", 3)
    file = pack(pair.usfj, deflate=False)
    came = take(pair.jjoc, *(file[n : n + 7] for n in range(0, len(file), 7)))
    assert (came.logged, came.whole) == (10, True)


def test_link_and_courier_may_bring_the_same(pair):
    file = pack(pair.usfj)
    pair.exchange()
    pair.usfj.log(entry(10))
    newer = pack(pair.usfj, first=5)
    assert take(pair.jjoc, file).logged == 0
    assert take(pair.jjoc, newer).logged == 1
    pair.exchange()
    pair.reconnect()
    pair.exchange()
    pair.assert_equal()


def test_a_file_that_was_skipped_is_named_and_nothing_is_logged_out_of_order(pair):
    note = note_over([entry(n) for n in range(10)]).encode()
    pair.usfj.sender.take(frames.Receipt(cosign(note, signer_of(JJOC), pair.clock.now()).decode()))
    pair.usfj.log(entry(10))
    came = take(pair.jjoc, pack(pair.usfj))
    assert [f.code for f in came.faults] == ["courier.gap"]
    assert (came.logged, pair.jjoc.received.size) == (0, 0)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_file_cut_anywhere_is_named_and_keeps_its_sound_beginning(data):
    pair = Pair()
    pair.usfj.log(*(entry(n) for n in range(10)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK_ENTRIES", 3)
        file = pack(pair.usfj)
    cut = data.draw(st.integers(0, len(file) - 1))
    try:
        came = take(pair.jjoc, file[:cut])
    except BadInput as refused:
        assert refused.code == "courier.form"
        assert pair.jjoc.received.size == 0
    else:
        assert [f.code for f in came.faults] == ["courier.truncated"]
        assert not came.whole
        assert came.logged % 3 == 0 or came.logged == 10
    assert take(pair.jjoc, file).whole
    assert entries_of(pair.jjoc.received) == entries_of(pair.usfj.sent)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_file_altered_anywhere_is_named_and_nothing_false_is_logged(data):
    pair = Pair()
    pair.usfj.log(*(entry(n) for n in range(10)))
    pair.jjoc.log(entry(0, JJOC))
    take(pair.usfj, pack(pair.jjoc))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK_ENTRIES", 4)
        file = bytearray(pack(pair.usfj, deflate=data.draw(st.booleans())))
    at = data.draw(st.integers(0, len(file) - 1))
    file[at] ^= data.draw(st.integers(1, 255))
    try:
        came = take(pair.jjoc, bytes(file))
    except BadInput as refused:
        assert refused.code.startswith("courier.")
    else:
        assert not came.whole
        assert came.faults
    truth = entries_of(pair.usfj.sent)
    assert entries_of(pair.jjoc.received) == truth[: pair.jjoc.received.size]
    assert pair.jjoc.receiver.halted is None
    assert take(pair.jjoc, pack(pair.usfj, first=0)).whole
    assert entries_of(pair.jjoc.received) == truth


def parcel(**more):
    fields = {
        "version": frames.PROTOCOL,
        "sender": USFJ,
        "recipient": JJOC,
        "realm": "live",
        "origin": f"renkei/{USFJ}/{JJOC}",
        "first": 0,
        "size": 0,
        "packed_at": "",
    }
    return encode(frames.Parcel(**fields | more))


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (b"", "courier.form"),
        (b"not a file of ours at all", "courier.form"),
        (encode(frames.Want(0)), "courier.form"),
        (parcel(version=9), "courier.version"),
        (parcel(recipient=PCG), "courier.recipient"),
        (parcel(sender=PCG), "courier.sender"),
        (parcel(realm="exercise.a"), "courier.realm"),
        (parcel(origin=f"renkei/{USFJ}/{PCG}"), "courier.origin"),
    ],
)
def test_a_file_that_is_none_or_not_for_us_is_refused_whole(pair, file, code):
    with pytest.raises(BadInput) as caught:
        take(pair.jjoc, file)
    assert caught.value.code == code


def test_a_file_for_somebody_else_stays_closed_even_with_its_address_changed(pair):
    other = End(USFJ, PCG, pair.clock)
    other.log(*(entry(n) for n in range(5)))
    file = pack(other).replace(b"ph.pcg", b"jp.jjoc")
    with pytest.raises(BadInput):
        take(pair.jjoc, file)
    readdressed = parcel(size=5) + b"".join(
        raw for raw, frame in FrameReader().feed_raw(pack(other)) if not isinstance(frame, frames.Parcel)
    )
    came = take(pair.jjoc, readdressed)
    assert [f.code for f in came.faults] == ["checkpoint.origin", "courier.altered"]
    assert pair.jjoc.received.size == 0


def test_frames_of_a_conversation_have_no_place_in_a_file(pair):
    came = take(pair.jjoc, parcel() + encode(frames.Want(0)))
    assert [f.code for f in came.faults] == ["courier.form"]


def test_nothing_may_follow_the_end(pair):
    came = take(pair.jjoc, pack(pair.usfj) + encode(frames.Checkpoint("more")))
    assert [f.code for f in came.faults] == ["courier.altered"]
    assert came.logged == 10


def test_a_fork_in_a_file_halts_like_a_fork_on_a_link(pair):
    take(pair.jjoc, pack(pair.usfj))
    forked = End(USFJ, JJOC, pair.clock)
    forked.sent.append([draft(entry(n)) for n in range(50, 60)], pair.clock.now())
    came = take(pair.jjoc, pack(forked))
    assert [(f.code, f.halted, f.proven) for f in came.faults] == [("entries.rewritten", True, True)]
    assert pair.jjoc.receiver.halted.code == "entries.rewritten"
    assert [f.code for f in take(pair.jjoc, pack(pair.usfj)).faults] == ["courier.halted"]
