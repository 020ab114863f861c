"""Bodies taken back before they were sent: left out on the way, and their entries proven all the same."""

import pytest

from kernel.partners.world import Pair, entries_of, entry, frame_of, note_over, signer_of
from renkei.kernel.log.checkpoint import open_cosigned
from renkei.kernel.log.commitments import commitment
from renkei.kernel.partners import export_parcel, frames, import_parcel, peek_parcel
from renkei.kernel.partners.recalls import Withdrawn, facts_of

RECORDS = [entry(n) for n in range(10)]


@pytest.fixture
def pair():
    """Ten entries waiting, of which numbers 3 and 7 are withdrawn."""
    pair = Pair()
    pair.usfj.log(*RECORDS)
    pair.usfj.sent.set_facts(facts_of([3, 7]))
    pair.usfj.restart()
    pair.reconnect()
    return pair


def expected():
    return [None if n in (3, 7) else record for n, record in enumerate(RECORDS)]


def test_a_withdrawn_body_does_not_travel_and_its_entry_is_receipted(pair):
    there = b""
    while piece := pair.usfj.session.bytes_to_send():
        there += piece
        pair.jjoc.hears(piece)
        while back := pair.jjoc.session.bytes_to_send():
            pair.usfj.hears(back)
    assert RECORDS[2] in there and RECORDS[3] not in there
    assert entries_of(pair.jjoc.received) == expected()
    receipt = open_cosigned(
        pair.usfj.sender.receipt.encode(),
        signer_of(pair.usfj.hq).verifier,
        signer_of(pair.jjoc.hq).verifier,
    )
    assert receipt.checkpoint.root == pair.usfj.sent.head(10).root == pair.jjoc.received.seal().root
    assert pair.jjoc.codes == pair.usfj.codes == []


def test_a_couriers_file_leaves_it_out_too(pair):
    file = b"".join(export_parcel(pair.usfj.sender, pair.usfj.receiver, pair.clock.now(), deflate=False))
    assert RECORDS[2] in file and RECORDS[3] not in file
    assert peek_parcel(file).version == frames.PROTOCOL
    assert import_parcel([file], pair.jjoc.sender, pair.jjoc.receiver).logged == 10
    assert entries_of(pair.jjoc.received) == expected()


def test_what_was_taken_back_later_may_come_again_without_its_body_and_changes_nothing(pair):
    liar = Pair()
    liar.usfj.log(*RECORDS)
    liar.exchange()
    bare = tuple(commitment(b) for b in frame_of(0, *RECORDS).bodies)
    frame = frames.Entries(0, bare, (None,) * 10)
    liar.jjoc.hears(frames.encode(frame) + frames.encode(frames.Checkpoint(note_over(RECORDS))))
    assert entries_of(liar.jjoc.received) == RECORDS
    assert liar.jjoc.codes == []


def test_a_commitment_to_something_else_is_damage_and_is_asked_for_again(pair):
    liar = Pair()
    liar.exchange()
    sound = frame_of(0, *RECORDS)
    frame = frames.Entries(0, (bytes(32), *sound.entries[1:]), (None, *sound.bodies[1:]))
    liar.jjoc.hears(frames.encode(frame) + frames.encode(frames.Checkpoint(note_over(RECORDS))))
    assert liar.jjoc.codes == ["checkpoint.mismatch"]
    assert liar.jjoc.receiver.have == 0


def test_which_bodies_are_withdrawn_outlives_a_restart(pair):
    again = Withdrawn(pair.usfj.sent)
    assert [n for n in range(10) if n in again] == [3, 7]
