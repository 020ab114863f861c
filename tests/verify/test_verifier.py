"""The verifier, given nothing but files and cards: what holds it says so, and each fault it names."""

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime

import pytest

from renkei.kernel.clock import FakeClock
from renkei.kernel.identity import Identity, Names
from renkei.kernel.log.checkpoint import Checkpoint, NoteVerifier, cosign, sign_checkpoint
from renkei.kernel.log.commitments import Salts, commitment
from renkei.kernel.log.merkle import leaf_hashes, root_of
from renkei.kernel.partners.evidence import decode_evidence, judge
from renkei_verify.__main__ import main

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ORIGIN = "renkei/jp.jjoc/us.usfj"


def record(number, kind="incident", **more):
    name = f"jp.jjoc/{number:026}"
    head = {"kind": kind, "id": name, "label": {"policy": "urn:p", "classification": "OPEN"}}
    return json.dumps({**head, "at": "2026-11-22T09:00:00Z", "by": "watch", **more}).encode()


class Writer:
    """JJOC's log for USFJ, as ``partner export-log`` writes it, with faults as wanted."""

    def __init__(self, folder):
        self.folder, self.clock = folder, FakeClock(NOW)
        self.jjoc = Identity.create(folder / "jjoc", "jp.jjoc", self.clock)
        self.usfj = Identity.create(folder / "usfj", "us.usfj", self.clock)
        self.cards = []
        for identity in (self.jjoc, self.usfj):
            path = folder / f"{identity.hq}.card"
            path.write_bytes(identity.signed_card(Names(identity.hq), "", self.clock))
            self.cards += ["--card", str(path)]

    def write(self, name, records, *, origin=ORIGIN, size=None, receipt=None, gone=(), signer=None):
        """A copy of the log; ``gone`` are entries without body, ``receipt`` how many are countersigned."""
        bodies = Salts(bytes(32)).bodies(0, records)
        leaves = leaf_hashes(commitment(body) for body in bodies)
        path = self.folder / name
        path.write_bytes(
            b"".join(
                b'{"commitment":"%s"}\n' % b64encode(commitment(body))
                if seq in gone
                else b'{"salt":"%s","record":%s}\n' % (b64encode(body[:16]), body[16:])
                for seq, body in enumerate(bodies)
            )
        )
        size = len(records) if size is None else size

        def note(count):
            head = Checkpoint(origin, count, root_of(leaves[:count]))
            return sign_checkpoint(head, signer or self.jjoc.signer)

        path.with_name(f"{name}.checkpoint").write_bytes(note(size))
        if receipt is not None:
            countersigned = cosign(note(receipt), self.usfj.cosigner, NOW)
            path.with_name(f"{name}.receipt").write_bytes(countersigned)
        return path


@pytest.fixture
def writer(tmp_path):
    return Writer(tmp_path)


@pytest.fixture
def run(writer, capsys):
    """Runs the verifier with both cards; the exit status and what it told."""

    def run(*arguments):
        status = main([*map(str, arguments), *writer.cards, "--json"])
        return status, json.loads(capsys.readouterr().out)

    return run


def codes(told):
    return [finding["code"] for finding in told["findings"]]


RECORDS = [record(1), record(2), record(1, version=2), record(3)]


def test_a_sound_log_is_sound_and_tells_what_it_rests_on(writer, run):
    status, told = run("log", writer.write("log", RECORDS, receipt=3))
    assert (status, told["findings"]) == (0, [])
    assert (told["entries"], told["signed"], told["receipted"]) == (4, 4, 3)
    assert told["receiptedAt"] == "2026-11-22T09:00:00Z"
    assert len(told["cards"]["jp.jjoc.card"].split()) == 8


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda data: data.replace(b'"watch"', b'"match"', 1), "log.root"),
        (lambda data: b"".join(data.splitlines(keepends=True)[:-1]), "log.truncated"),
        (lambda data: b"".join(reversed(data.splitlines(keepends=True))), "log.root"),
        (lambda data: data[:-3], "log.line"),
        (lambda data: data.replace(b'{"salt":"', b'{"salt":"*', 1), "log.line"),
    ],
    ids=["a word", "a line less", "another order", "a line cut", "no base64"],
)
def test_whatever_is_changed_in_the_entries_is_named(writer, run, damage, code):
    path = writer.write("log", RECORDS)
    path.write_bytes(damage(path.read_bytes()))
    status, told = run("log", path)
    assert status == 1
    assert code in codes(told)


def test_a_checkpoint_by_somebody_else_or_of_no_form_is_named(writer, run):
    path = writer.write("log", RECORDS, signer=writer.usfj.signer)
    assert codes(run("log", path)[1]) == ["checkpoint.unknown-key"]
    path = writer.write("log", RECORDS)
    beside = path.with_name("log.checkpoint")
    beside.write_bytes(beside.read_bytes().replace(b"\n4\n", b"\n3\n"))
    assert codes(run("log", path)[1]) == ["checkpoint.forged"]
    beside.write_bytes(b"none")
    assert codes(run("log", path)[1]) == ["checkpoint.malformed"]


def test_a_receipt_for_other_entries_or_another_log_or_by_nobody_is_named(writer, run):
    path = writer.write("log", RECORDS, receipt=2)
    receipt = path.with_name("log.receipt")
    other = writer.write("other", [record(9), record(8)], receipt=2).with_name("other.receipt")
    receipt.write_bytes(other.read_bytes())
    assert codes(run("log", path)[1]) == ["log.root"]
    foreign = writer.write("foreign", RECORDS, origin="renkei/jp.jjoc/ph.afp", receipt=2)
    receipt.write_bytes(foreign.with_name("foreign.receipt").read_bytes())
    assert codes(run("log", path)[1]) == ["checkpoint.origin"]
    receipt.write_bytes(path.with_name("log.checkpoint").read_bytes())
    assert codes(run("log", path)[1]) == ["checkpoint.unknown-key"]


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([record(1), record(1)], "log.version"),
        ([record(1, version=2)], "log.version"),
        ([record(1).replace(b"jp.jjoc/", b"us.usfj/")], "entry.owner"),
        ([b"[]"], "entry.form"),
        ([b"no json"], "entry.form"),
    ],
)
def test_what_the_owner_signed_and_should_not_have_is_named(writer, run, records, code):
    assert codes(run("log", writer.write("log", records))[1]) == [code]


def test_a_body_that_is_gone_needs_a_recall_that_names_it(writer, run):
    recalled = [*RECORDS, record(5, "release.recall", about="jp.jjoc/" + "3".zfill(26), entries=[1])]
    status, told = run("log", writer.write("log", recalled, gone={1}))
    assert (status, told["takenBack"]) == (0, [1])
    status, told = run("log", writer.write("log", recalled, gone={1, 3}))
    assert (status, codes(told)) == (1, ["entry.withheld"])


def test_a_signed_purge_is_told(writer, run):
    purge = record(7, "release.purge", recall="us.usfj/" + "1".zfill(26), about="us.usfj/" + "2".zfill(26))
    assert run("log", writer.write("log", [purge]))[1]["purgesSignedFor"] == ["us.usfj/" + "1".zfill(26)]


# --- two copies, evidence, single items ---------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 4, 5])
def test_two_signed_logs_of_one_name_convict_their_owner_before_anybody(writer, run, tmp_path, size):
    one = writer.write("one", RECORDS)
    other = writer.write("other", [record(1), record(9), *[record(10 + at) for at in range(size - 2)]])
    out = tmp_path / "evidence.json"
    status, told = run("compare", one, other, "--evidence", out)
    assert (status, told["equivocation"], told["proven"], told["firstDifference"]) == (1, "jp.jjoc", True, 1)
    assert run("evidence", out)[0] == 0
    partner = NoteVerifier("jp.jjoc/renkei", writer.jjoc.private_key.public_key())
    assert judge(decode_evidence(out.read_bytes()), partner), "the node's own judge agrees"
    for field in ("held", "shown"):
        forged = json.loads(out.read_text())
        forged[field] = forged["held" if field == "shown" else "shown"]
        out.write_text(json.dumps(forged))
        assert run("evidence", out)[0] == 1, "the same note twice proves nothing"
        break


def test_copies_of_different_length_that_agree_are_no_equivocation(writer, run):
    one, other = writer.write("one", RECORDS), writer.write("other", RECORDS[:2], gone={0})
    status, told = run("compare", other, one)
    assert (status, told["firstDifference"]) == (0, None)


def test_a_damaged_copy_convicts_nobody(writer, run):
    one, other = writer.write("one", RECORDS), writer.write("other", RECORDS)
    other.write_bytes(other.read_bytes().replace(b'"watch"', b'"match"', 1))
    status, told = run("compare", one, other)
    assert status == 1
    assert "equivocation" not in told
    assert "log.root" in codes(told)


def test_one_entry_is_proven_to_a_third_party_without_the_others(writer, run, tmp_path):
    path = writer.write("log", RECORDS, receipt=4)
    proof = tmp_path / "item.json"
    assert run("prove", path, 2, proof)[0] == 0
    status, told = run("item", proof)
    assert (status, told["seq"], json.loads(told["record"])["version"]) == (0, 2, 2)
    assert told["received"] == "2026-11-22T09:00:00Z"
    changed = json.loads(proof.read_text())
    for field, value in (("seq", 1), ("body", "AAAA"), ("path", []), ("checkpoint", "x")):
        proof.write_text(json.dumps({**changed, field: value}))
        assert run("item", proof)[0] == 1


def test_what_was_taken_back_cannot_be_proven(writer, run, tmp_path):
    status, told = run("prove", writer.write("log", RECORDS, gone={2}), 2, tmp_path / "item.json")
    assert (status, codes(told)) == (1, ["proof.body"])


def test_evidence_that_says_nothing_proves_nothing(writer, run, tmp_path):
    path = tmp_path / "evidence.json"
    for content in ("{}", '{"code": "checkpoint.fork", "partner": "jp.jjoc", "shown": "x", "held": "y"}'):
        path.write_text(content)
        assert run("evidence", path)[0] == 1
    path.write_text("[]")
    assert codes(run("evidence", path)[1]) == ["file.json"]


def test_a_card_that_was_changed_is_believed_for_nothing(writer, run, tmp_path):
    path = writer.write("log", RECORDS)
    card = tmp_path / "jp.jjoc.card"
    card.write_bytes(card.read_bytes().replace(b'"en":"jp.jjoc"', b'"en":"jp.other"'))
    status, told = run("log", path)
    assert (status, codes(told)) == (1, ["card.signature"])
    assert "jp.jjoc.card" not in told["cards"]


def test_after_a_rotation_the_card_proves_what_both_keys_signed(writer, run):
    path = writer.write("log", RECORDS, receipt=4)
    writer.jjoc.announce(NOW)
    assert writer.jjoc.activate_if_due(writer.clock)
    card = writer.folder / "jp.jjoc.card"
    card.write_bytes(writer.jjoc.signed_card(Names("JJOC"), "", writer.clock))
    assert run("log", path)[0] == 0
    assert run("log", writer.write("new", RECORDS))[0] == 0


# --- what must not be believed ------------------------------------------------------------------------------


def test_a_log_named_after_another_pair_is_no_proof_about_this_one(writer, run):
    """Whoever signs may name a log as they like: only one of the owner's, for the holder, counts."""
    theirs = writer.write("theirs", RECORDS, origin="renkei/us.usfj/jp.jjoc")
    assert "checkpoint.origin" in codes(run("log", theirs)[1])
    third = writer.write("third", RECORDS, origin="renkei/jp.jjoc/ph.afp")
    assert "checkpoint.origin" in codes(run("log", third)[1])
    nameless = writer.write("nameless", RECORDS, origin="master")
    assert codes(run("log", nameless)[1]) == ["checkpoint.origin"]


@pytest.mark.parametrize(
    ("code", "realm"), [("entry.realm", "exercise.a"), ("entry.owner", "live"), ("entry.form", "live")]
)
def test_a_sound_entry_convicts_nobody(writer, run, tmp_path, code, realm):
    path = writer.write("log", RECORDS)
    out = tmp_path / "item.json"
    assert run("prove", path, 1, out)[0] == 0
    proof = json.loads(out.read_text())
    entry = commitment(b64decode(proof["body"]))
    forged = {
        "code": code,
        "expected": "x",
        "came": "y",
        "partner": "jp.jjoc",
        "origin": ORIGIN,
        "realm": realm,
        "at": "2026-11-22T09:00:00Z",
        "shown": proof["checkpoint"],
        "shown_place": [1, b64encode(next(iter(leaf_hashes([entry])))).decode(), proof["path"]],
        "body": proof["body"],
    }
    out.write_text(json.dumps(forged))
    assert run("evidence", out)[0] == 1


@pytest.mark.parametrize(
    "said",
    [
        record(1, "release.recall", entries="all"),
        record(1, "release.recall", entries=[[1], {}]),
        record(1, "release.purge"),
        record(1, more=[]).replace(b"[]", b"[" * 100_000 + b"]" * 100_000),
        record(1).replace(b'"incident"', b"[1]"),
    ],
    ids=["no list", "no numbers", "no recall", "a bomb", "no kind"],
)
def test_hostile_records_are_told_of_and_stop_nothing(writer, run, said):
    status, told = run("log", writer.write("log", [said, record(2)]))
    assert status in (0, 1)
    assert told["entries"] == 2
