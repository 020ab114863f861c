"""What a partner, or whoever stands between, may try: each is named, proven where it can be, and refused."""

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.partners.world import (
    JJOC,
    PCG,
    START,
    USFJ,
    Pair,
    body,
    draft,
    entries_of,
    entry,
    frame_of,
    hello,
    note_over,
    signer_of,
    tree_root,
)
from renkei.kernel.errors import TheirFault
from renkei.kernel.log.checkpoint import Checkpoint, NoteSigner, cosign, open_cosigned, sign_checkpoint
from renkei.kernel.log.commitments import commitments
from renkei.kernel.log.memory import MemoryLog
from renkei.kernel.log.merkle import Frontier, leaf_hashes
from renkei.kernel.partners import (
    Faulted,
    Receipted,
    Received,
    RefusedByPartner,
    decode_evidence,
    frames,
    judge,
    receiver,
    sent_origin,
    staging,
)
from renkei.kernel.partners.evidence import Evidence, Place
from renkei.kernel.partners.frames import FrameReader, encode


class Liar:
    """JJOC's honest end, and a USFJ that says whatever the test wants, with USFJ's own key."""

    def __init__(self) -> None:
        self.pair = Pair()
        self.victim = self.pair.jjoc
        self.truth = [entry(n) for n in range(10)]
        self.greet()
        self.say(frame_of(0, *self.truth), frames.Checkpoint(note_over(self.truth)))
        assert self.victim.received.size == 10

    def greet(self, **more) -> None:
        self.victim.connect()
        fields = {"sender": USFJ, "recipient": JJOC, "realm": "live", "size": 0, "have": 0}
        self.say(hello(**fields | more))

    def say(self, *said) -> list:
        events = []
        for frame in said:
            events += self.victim.hears(encode(frame))
        return events

    def heard(self) -> list:
        return list(FrameReader().feed(self.victim.session.bytes_to_send()))

    def halted_for(self, code: str, *, proven: bool) -> None:
        """Named, durable, kept and provable; nothing logged has changed; our own log still goes out."""
        fault = next(e for e in self.victim.events if isinstance(e, Faulted) and e.halted)
        assert (fault.code, fault.proven) == (code, proven)
        assert self.victim.receiver.halted.code == code
        evidence = decode_evidence(self.victim.evidence[-1].encode())
        assert evidence.code == code
        assert judge(evidence, signer_of(USFJ).verifier) is proven
        assert not judge(evidence, signer_of(PCG).verifier)
        assert code in [f.code for f in self.heard() if isinstance(f, frames.Refuse)]
        self.goes_on_sending()
        self.victim.restart()
        self.greet()
        more = [*self.truth, entry(10)]
        self.say(frame_of(10, entry(10)), frames.Checkpoint(note_over(more)))
        assert entries_of(self.victim.received)[:10] == self.truth
        assert self.victim.received.size == 10
        assert next(f for f in self.heard() if isinstance(f, frames.Hello)).halted == code

    def goes_on_sending(self) -> None:
        before = self.victim.sent.size
        self.victim.log(entry(before, JJOC))
        assert any(isinstance(f, frames.Entries) for f in self.heard())
        head = self.victim.sent.seal()
        note = sign_checkpoint(Checkpoint(sent_origin(JJOC, USFJ), head.size, head.root), signer_of(JJOC))
        receipt = cosign(note, signer_of(USFJ), self.pair.clock.now()).decode()
        assert self.say(frames.Receipt(receipt)) == [Receipted(size=before + 1)]

    def goes_on_receiving(self) -> None:
        """What is sound is still taken."""
        more = [*self.truth, entry(10)]
        self.say(frame_of(10, entry(10)), frames.Checkpoint(note_over(more)))
        assert entries_of(self.victim.received) == more


@pytest.fixture
def liar():
    return Liar()


def consistency(entries, old, new):
    log = MemoryLog("x", bodied=True)
    log.append([draft(e) for e in entries], Pair().clock.now())
    log.seal()
    return log.head(old).root, tuple(log.consistency(old, new))


# --- forks ------------------------------------------------------------------------------------------


def test_two_roots_for_one_size_are_a_fork(liar):
    other = [*liar.truth[:9], entry(99)]
    liar.say(frames.Checkpoint(note_over(other)))
    liar.halted_for("checkpoint.fork", proven=True)


def test_a_fork_shown_at_the_greeting_is_found_there(liar):
    other = [*liar.truth[:9], entry(99)]
    liar.greet(size=10, note=note_over(other))
    liar.halted_for("checkpoint.fork", proven=True)


def test_an_older_size_signed_with_another_root_is_a_fork(liar):
    liar.say(frames.Checkpoint(note_over([*liar.truth[:6], entry(99)])))
    liar.halted_for("checkpoint.fork", proven=True)


def test_a_longer_log_that_does_not_extend_the_one_receipted_is_a_fork(liar):
    other = [*liar.truth[:4], *(entry(n) for n in range(104, 115))]
    liar.say(frame_of(10, *other[10:]), frames.Checkpoint(note_over(other)))
    assert frames.Prove(10, 15) in liar.heard()
    root, hashes = consistency(other, 10, 15)
    liar.say(frames.Proof(10, 15, root, hashes))
    liar.halted_for("checkpoint.fork", proven=True)


@pytest.mark.parametrize("size", [1, 2, 4, 7, 8])
def test_forks_are_proven_from_any_size(size):
    liar = Liar.__new__(Liar)
    liar.pair = Pair()
    liar.victim = liar.pair.jjoc
    liar.truth = [entry(n) for n in range(size)]
    liar.greet()
    liar.say(frame_of(0, *liar.truth), frames.Checkpoint(note_over(liar.truth)))
    other = [entry(n) for n in range(50, 61)]
    liar.say(frame_of(size, *other[size:]), frames.Checkpoint(note_over(other)))
    root, hashes = consistency(other, size, 11)
    events = liar.say(frames.Proof(size, 11, root, hashes))
    assert [(e.code, e.proven) for e in events] == [("checkpoint.fork", True)]
    assert judge(liar.victim.evidence[-1], signer_of(USFJ).verifier)


def test_a_partner_that_cannot_prove_its_log_is_not_followed(liar):
    other = [entry(n) for n in range(50, 61)]
    liar.say(frame_of(10, *other[10:]), frames.Checkpoint(note_over(other)))
    liar.say(frames.Proof(10, 11, tree_root(liar.truth), (b"\0" * 32,)))
    liar.halted_for("checkpoint.unproven", proven=False)


# --- rewrites ---------------------------------------------------------------------------------------


def test_an_entry_sent_again_otherwise_and_signed_for_is_a_rewrite(liar):
    other = [*liar.truth[:7], entry(99), *liar.truth[8:], entry(10)]
    liar.say(frame_of(5, *other[5:]), frames.Checkpoint(note_over(other)))
    liar.halted_for("entries.rewritten", proven=True)
    rewrite = liar.victim.evidence[-1]
    assert (rewrite.held_place.seq, rewrite.shown_place.seq) == (7, 7)


def test_a_rewrite_may_come_in_several_frames(liar):
    other = [entry(n) for n in range(50, 65)]
    liar.say(*(frame_of(n, *other[n : n + 3]) for n in range(0, 15, 3)))
    liar.say(frames.Checkpoint(note_over(other)))
    liar.halted_for("entries.rewritten", proven=True)


def test_other_bytes_that_nobody_signed_for_prove_nothing_and_change_nothing(liar):
    liar.say(frame_of(5, entry(99)), frames.Checkpoint(note_over(liar.truth)))
    assert liar.victim.codes == ["entries.damaged"]
    assert liar.victim.receiver.halted is None
    liar.goes_on_receiving()


# --- damage in between ------------------------------------------------------------------------------


def test_damaged_entries_are_found_and_asked_for_again(liar):
    more = [*liar.truth, entry(10)]
    liar.say(frame_of(10, entry(99)), frames.Checkpoint(note_over(more)))
    assert liar.victim.codes == ["checkpoint.mismatch"]
    root, hashes = consistency(more, 10, 11)
    liar.say(frames.Proof(10, 11, root, hashes))
    assert liar.victim.codes == ["checkpoint.mismatch", "entries.damaged"]
    assert frames.Want(10) in liar.heard()
    liar.goes_on_receiving()


def test_a_partner_that_sends_damage_for_ever_is_cut_off():
    pair = Pair()
    pair.jjoc.session.receive(encode(hello(sender=USFJ, recipient=JJOC, realm="live", size=1, have=0)))
    with pytest.raises(TheirFault, match=r"checkpoint\.mismatch"):
        for _ in range(receiver.MAX_REPAIRS + 1):
            pair.jjoc.hears(encode(frame_of(0, entry(99))))
            pair.jjoc.hears(encode(frames.Checkpoint(note_over([entry(0)]))))
    assert len(pair.jjoc.evidence) == 1


# --- truncation, forgery, replay --------------------------------------------------------------------


def test_a_log_shorter_than_what_was_signed_for_is_a_truncation(liar):
    liar.greet(size=6, note=note_over(liar.truth[:6]))
    assert liar.victim.codes == ["checkpoint.truncated"]
    assert liar.victim.evidence[-1].code == "checkpoint.truncated"
    assert "checkpoint.truncated" in [f.code for f in liar.heard() if isinstance(f, frames.Refuse)]
    liar.goes_on_receiving()


def test_the_sender_of_a_lost_log_stops_before_it_contradicts_itself():
    pair = Pair()
    pair.usfj.log(*(entry(n) for n in range(10)))
    pair.exchange()
    old = pair.usfj
    pair.usfj = type(old)(USFJ, JJOC, pair.clock)  # put back from a backup with six entries
    pair.usfj.log(*(entry(n) for n in range(6)))
    pair.jjoc.connect()
    pair.exchange()
    assert "sent.lost" in pair.usfj.codes
    assert "checkpoint.truncated" in pair.jjoc.codes
    assert pair.usfj.sender.state == "halted"
    pair.jjoc.log(entry(0, JJOC))
    pair.exchange()
    assert pair.usfj.received.size == 1


def test_the_sender_of_a_replaced_log_stops_before_it_contradicts_itself():
    pair = Pair()
    pair.usfj.log(*(entry(n) for n in range(10)))
    pair.exchange()
    pair.usfj = type(pair.usfj)(USFJ, JJOC, pair.clock)
    pair.usfj.log(*(entry(n) for n in range(50, 62)))
    pair.jjoc.connect()
    hello = pair.jjoc.session.bytes_to_send()
    pair.usfj.hears(hello)
    assert pair.usfj.codes == ["sent.fork"]
    assert pair.usfj.sender.state == "halted"


def test_a_forged_signature_is_named_and_its_entries_are_not_logged(liar):
    forger = NoteSigner(f"{USFJ}/renkei", Ed25519PrivateKey.generate())
    genuine = note_over([*liar.truth, entry(10)])
    forged = genuine[:-20] + ("A" if genuine[-20] != "A" else "B") + genuine[-19:]
    stranger = note_over([*liar.truth, entry(10)], signer=forger)
    liar.say(frame_of(10, entry(10)), frames.Checkpoint(forged), frames.Checkpoint(stranger))
    assert liar.victim.codes == ["checkpoint.forged", "checkpoint.unknown-key"]
    assert [e.shown for e in liar.victim.evidence] == [forged, stranger]
    assert liar.victim.received.size == 10
    liar.goes_on_receiving()


def test_what_is_no_checkpoint_is_named(liar):
    liar.say(frames.Checkpoint("nonsense"))
    assert liar.victim.codes == ["checkpoint.malformed"]
    liar.goes_on_receiving()


def test_frames_of_the_log_for_another_partner_are_a_replay(liar):
    foreign = [entry(n) for n in range(20)]
    liar.say(frame_of(10, *foreign[10:]), frames.Checkpoint(note_over(foreign, to=PCG)))
    assert liar.victim.codes == ["checkpoint.origin"]
    assert liar.victim.received.size == 10
    liar.goes_on_receiving()


def test_our_own_frames_sent_back_to_us_are_a_replay(liar):
    ours = [entry(n, JJOC) for n in range(12)]
    liar.say(frame_of(10, *ours[10:]), frames.Checkpoint(note_over(ours, by=JJOC, to=USFJ)))
    assert liar.victim.codes == ["checkpoint.unknown-key"]
    liar.goes_on_receiving()


def test_an_old_sound_frame_again_changes_nothing(liar):
    old = frame_of(0, *liar.truth[:5]), frames.Checkpoint(note_over(liar.truth[:5]))
    assert liar.say(*old) == []
    liar.goes_on_receiving()


# --- entries ----------------------------------------------------------------------------------------


def nested(levels: int) -> bytes:
    """An entry with a field unknown here, so that all of it goes ``levels`` deep."""
    return entry(12, more=0).replace(b'"more":0', b'"more":' + b"[" * (levels - 1) + b"]" * (levels - 1))


BAD_ENTRIES = {
    "foreign owner": (entry(12, JJOC), "entry.owner"),
    "third party's": (entry(12, PCG), "entry.owner"),
    "another realm": (entry(12, realm="exercise.a"), "entry.realm"),
    "not JSON": (b"{", "entry.form"),
    "JSON, no record": (b"[1,2]", "entry.form"),
    "no label": (
        msgspec.json.encode({"kind": "note", "id": msgspec.json.decode(entry(12))["id"]}),
        "entry.form",
    ),
    "no id": (entry(12, id="us.usfj/short"), "entry.form"),
    "version 0": (entry(12, version=0), "entry.form"),
    "bad UTF-8": (entry(12, text="?").replace(b"?", b"\xff"), "entry.form"),
    "a bomb of brackets": (nested(100_000), "entry.form"),
    "deeper than readers go": (nested(65), "entry.form"),
    "cut UTF-8": (entry(12, text="?").replace(b"?", "水".encode()[:2]), "entry.form"),
}


@pytest.mark.parametrize(("bad", "code"), BAD_ENTRIES.values(), ids=BAD_ENTRIES.keys())
def test_an_entry_that_is_no_record_of_the_partner_stops_the_log_before_it(liar, bad, code):
    sent = [*liar.truth, entry(10), entry(11), bad, entry(13)]
    events = liar.say(frame_of(10, *sent[10:]), frames.Checkpoint(note_over(sent)))
    assert events[0] == Received(first=10, size=12)
    assert [(e.code, e.halted, e.proven) for e in events[1:]] == [(code, True, code != "entry.realm")]
    assert entries_of(liar.victim.received) == sent[:12]
    evidence = decode_evidence(liar.victim.evidence[-1].encode())
    assert evidence.body == body(bad)
    assert judge(evidence, signer_of(USFJ).verifier) is (code != "entry.realm")
    liar.victim.restart()
    assert liar.victim.receiver.halted.code == code
    assert liar.victim.receiver.have == 12
    liar.greet()
    liar.goes_on_sending()


def test_a_person_may_let_a_halted_direction_go_on(liar):
    liar.say(frames.Checkpoint(note_over([*liar.truth[:9], entry(99)])))
    assert liar.victim.receiver.halted
    liar.victim.receiver.resume()
    assert liar.victim.receiver.halted is None
    liar.greet()
    liar.goes_on_receiving()


# --- floods and wrong questions ---------------------------------------------------------------------


def test_entries_that_are_never_signed_for_are_not_hoarded(liar, monkeypatch):
    monkeypatch.setattr(staging, "MAX_STAGED_ENTRIES", 5)
    liar.say(frame_of(10, *(entry(n) for n in range(10, 17))))
    assert liar.victim.codes == ["entries.unsealed"]
    assert frames.Want(10) in liar.heard()
    liar.goes_on_receiving()


def test_a_partner_that_only_makes_faults_is_cut_off(liar):
    with pytest.raises(TheirFault):
        for n in range(receiver.MAX_FAULTS + 1):
            liar.say(frames.Checkpoint(f"nonsense {n}"))


def test_the_same_fault_again_is_kept_once(liar):
    for _ in range(3):
        liar.greet(size=6, note=note_over(liar.truth[:6]))
    assert len(liar.victim.evidence) == 1


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (frames.Want(2**40), "want.beyond"),
        (frames.Prove(1, 2**40), "prove.beyond"),
        (frames.Prove(0, 0), "prove.beyond"),
        (frames.Receipt("nonsense"), "checkpoint.malformed"),
    ],
)
def test_questions_that_cannot_be_meant_end_the_conversation(liar, question, code):
    with pytest.raises(TheirFault) as caught:
        liar.say(question)
    assert caught.value.code == code


def test_a_receipt_nobody_signed_does_not_count(liar):
    liar.victim.log(entry(0, JJOC))
    note = note_over([entry(0, JJOC)], by=JJOC, to=USFJ)
    forged = cosign(note.encode(), signer_of(PCG), liar.pair.clock.now()).decode()
    with pytest.raises(TheirFault, match=r"checkpoint\.unknown-key"):
        liar.say(frames.Receipt(forged))
    assert liar.victim.sender.received == 0


def test_a_receipt_for_another_log_does_not_count(liar):
    liar.victim.log(entry(0, JJOC))
    note = note_over([entry(0, JJOC)], by=JJOC, to=PCG)
    replayed = cosign(note.encode(), signer_of(USFJ), liar.pair.clock.now()).decode()
    with pytest.raises(TheirFault, match=r"receipt\.origin"):
        liar.say(frames.Receipt(replayed))


def test_a_refusal_is_told_and_stops_the_log_it_is_about(liar):
    events = liar.say(frames.Refuse(code="checkpoint.fork", expected="one log", came="two"))
    assert events == [RefusedByPartner(code="checkpoint.fork", expected="one log", came="two")]
    assert liar.victim.sender.state == "halted"
    liar.goes_on_receiving()


# --- evidence ---------------------------------------------------------------------------------------


def test_evidence_altered_in_any_part_that_counts_proves_nothing(liar):
    other = [*liar.truth[:7], entry(99), *liar.truth[8:], entry(10)]
    liar.say(frame_of(5, *other[5:]), frames.Checkpoint(note_over(other)))
    evidence, key = liar.victim.evidence[-1], signer_of(USFJ).verifier
    assert judge(evidence, key)
    replace = msgspec.structs.replace
    for altered in (
        replace(evidence, held=note_over(liar.truth[:5])),
        replace(evidence, shown=evidence.held),
        replace(evidence, shown_place=evidence.held_place),
        replace(evidence, held_place=None),
        replace(evidence, held_place=replace(evidence.held_place, seq=6)),
        replace(evidence, code="checkpoint.fork"),
        replace(evidence, code="entry.form"),
        replace(evidence, code="checkpoint.truncated"),
    ):
        assert not judge(altered, key)


@pytest.mark.parametrize(
    ("accused", "realm", "code"),
    [(USFJ, "exercise.a", "entry.realm"), (PCG, "live", "entry.owner"), (JJOC, "live", "entry.owner")],
    ids=["another realm", "another headquarters", "ourselves"],
)
def test_a_sound_entry_convicts_nobody_whatever_the_keeper_writes_beside_it(liar, accused, realm, code):
    """Only what is signed proves: realm and owner in the evidence are whatever its keeper likes."""
    sound = [*liar.truth, entry(10)]
    leaves = commitments([body(record) for record in sound])
    edge = Frontier()
    edge.extend(leaf_hashes(leaves[:10]))
    staged = staging.Staging(edge)
    staged.put(10, leaves[10:], [body(sound[10])])
    forged = Evidence(
        code=code,
        expected="x",
        came="y",
        partner=accused,
        origin=sent_origin(USFJ, JJOC),
        realm=realm,
        at=START,
        shown=note_over(sound),
        shown_place=Place(10, staged.leaf(10), staged.path(10, 11)),
        body=body(sound[10]),
    )
    assert not judge(forged, signer_of(USFJ).verifier)
    foreign = msgspec.structs.replace(forged, shown=note_over(sound, by=PCG, signer=signer_of(USFJ)))
    assert not judge(foreign, signer_of(USFJ).verifier), "a log that is not the signer's own"


def test_no_fault_carries_content(liar):
    secret = "very secret words"
    bad = [*liar.truth, entry(10, JJOC, text=secret)]
    liar.say(frame_of(10, *bad[10:]), frames.Checkpoint(note_over(bad)))
    told = msgspec.json.encode(liar.victim.events) + liar.victim.session.bytes_to_send()
    assert secret.encode() not in told


# --- anything at all --------------------------------------------------------------------------------

TREES = [
    [entry(n) for n in range(12)],
    [*(entry(n) for n in range(5)), *(entry(n) for n in range(105, 112))],
    [*(entry(n) for n in range(8)), entry(8, JJOC), *(entry(n) for n in range(9, 12))],
]
SPOTS = st.integers(1, 12)


def entries_frames(tree, one, other):
    first, end = sorted((one - 1, other))
    return frame_of(first, *tree[first:end])


def proof_frame(tree, one, other):
    old, new = sorted((one, other))
    return frames.Proof(old, new, *consistency(tree, old, new))


SAYINGS = st.one_of(
    st.builds(entries_frames, st.sampled_from(TREES), SPOTS, SPOTS),
    st.builds(entries_frames, st.sampled_from(TREES), SPOTS, SPOTS),
    st.builds(lambda tree, n: frames.Checkpoint(note_over(tree[:n])), st.sampled_from(TREES), SPOTS),
    st.builds(lambda tree, n: frames.Checkpoint(note_over(tree[:n])), st.sampled_from(TREES), SPOTS),
    st.builds(proof_frame, st.sampled_from(TREES), SPOTS, SPOTS),
    st.just(frames.Checkpoint("nonsense")),
    st.just("reconnect"),
    st.just("restart"),
)


@given(st.lists(SAYINGS, min_size=8, max_size=30))
@settings(max_examples=150, deadline=None)
def test_whatever_is_said_only_one_signed_tree_is_ever_logged_and_receipted(sayings):
    liar = Liar.__new__(Liar)
    liar.pair, liar.truth = Pair(), []
    victim = liar.victim = liar.pair.jjoc
    liar.greet()
    receipted: dict[int, bytes] = {}
    logged: list[bytes] = []
    for saying in sayings:
        try:
            if isinstance(saying, str):
                if saying == "restart":
                    victim.restart()
                liar.greet()
            else:
                liar.say(saying)
        except TheirFault:
            liar.greet()
        now = entries_of(victim.received)
        assert now[: len(logged)] == logged
        assert any(now == tree[: len(now)] for tree in TREES)
        assert all(b"jp.jjoc/" not in e for e in now)
        logged = now
        for frame in liar.heard():
            if isinstance(frame, frames.Receipt):
                signed = open_cosigned(
                    frame.note.encode(), signer_of(USFJ).verifier, signer_of(JJOC).verifier
                ).checkpoint
                assert signed.root == tree_root(logged[: signed.size])
                assert receipted.setdefault(signed.size, signed.root) == signed.root
    for evidence in victim.evidence:
        if evidence.code in ("checkpoint.fork", "entries.rewritten", "entry.owner"):
            assert judge(evidence, signer_of(USFJ).verifier)
