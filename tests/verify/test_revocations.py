"""The verifier and keys that ended before their time: what they signed after that is named, nothing else."""

import json
from datetime import timedelta

import pytest

from renkei.kernel.identity import Identity, Names
from renkei.kernel.identity.keys import start_anew
from renkei.kernel.identity.revocation import sign_notice
from renkei.kernel.log.checkpoint import cosign
from renkei_verify.__main__ import main
from verify.test_verifier import NOW, RECORDS, Writer, codes

HOUR = timedelta(hours=1)


@pytest.fixture
def writer(tmp_path):
    return Writer(tmp_path)


@pytest.fixture
def run(writer, capsys):
    """Runs the verifier with all cards and these notices; the exit status and what it told."""

    def run(*arguments, notices=()):
        given = [part for path in notices for part in ("--notice", str(path))]
        status = main([*map(str, arguments), *writer.cards, *given, "--json"])
        return status, json.loads(capsys.readouterr().out)

    return run


def notice(writer, since, identity=None, name="notice", **changed):
    """A notice as ``renkei key revoke`` writes it, by the identity's present key."""
    identity = identity or writer.jjoc
    made = sign_notice(identity.hq, identity.private_key, "compromised", since)
    said = json.loads(made.encode()) | changed
    path = writer.folder / f"{name}.json"
    path.write_text(json.dumps(said))
    return path


def receipted(writer, size, at, cosigner=None):
    """JJOC's log of four entries, ``size`` of which USFJ countersigned ``at`` that moment."""
    path = writer.write("log", RECORDS, receipt=size)
    beside = path.with_name("log.receipt")
    own = b"".join(beside.read_bytes().splitlines(keepends=True)[:-1])
    beside.write_bytes(cosign(own, cosigner or writer.usfj.cosigner, at))
    return path


def places(told):
    return [(finding["code"], finding["where"]) for finding in told["findings"]]


def test_without_a_countersignature_all_that_a_revoked_key_signed_is_named(writer, run):
    path = writer.write("log", RECORDS)
    assert run("log", path)[0] == 0
    status, told = run("log", path, notices=[notice(writer, NOW)])
    assert (status, places(told)) == (1, [("key.revoked", "log checkpoint, entries 0 to 3")])
    assert "2026-11-22T09:00:00.000Z on (compromised)" in told["findings"][0]["came"]


@pytest.mark.parametrize(("size", "named"), [(4, []), (3, ["log checkpoint, entries 3 to 3"])])
def test_what_was_countersigned_before_the_revocation_stays_proven(writer, run, size, named):
    path = receipted(writer, size, NOW - HOUR)
    status, told = run("log", path, notices=[notice(writer, NOW)])
    assert ([where for _, where in places(told)], status) == (named, int(bool(named)))


def test_what_was_countersigned_after_it_is_named(writer, run):
    path = receipted(writer, 3, NOW + HOUR)
    told = run("log", path, notices=[notice(writer, NOW)])[1]
    assert places(told) == [
        ("key.revoked", "log receipt, entries 0 to 2"),
        ("key.revoked", "log checkpoint, entries 0 to 3"),
    ]


def test_a_countersignature_by_a_revoked_key_counts_by_its_time_and_its_time_is_doubtful(writer, run):
    ended = notice(writer, NOW, writer.usfj)
    status, told = run("log", receipted(writer, 3, NOW + HOUR), notices=[ended])
    assert (status, places(told)) == (1, [("key.revoked", "log receipt, entries 0 to 2")])
    status, told = run("log", receipted(writer, 3, NOW - HOUR), notices=[ended])
    assert (status, told["findings"]) == (0, []) and "2026-11-22T08:00:00Z" in told["doubtful"][0]
    # Such a receipt shows nothing for the owner's key either.
    both = [ended, notice(writer, NOW, name="other")]
    told = run("log", receipted(writer, 4, NOW - HOUR), notices=both)[1]
    assert places(told) == [("key.revoked", "log checkpoint, entries 0 to 3")]


FORGED = [
    ({"at": "2026-11-22T10:00:00Z"}, "notice.signature"),
    ({"reason": "lost"}, "notice.signature"),
    ({"hq": "us.usfj"}, "notice.signature"),
    ({"reason": "wrath"}, "notice.malformed"),
    ({"at": "soon"}, "notice.malformed"),
    ({"signature": "*"}, "notice.malformed"),
    ({"more": 1}, "notice.malformed"),
]


@pytest.mark.parametrize(("changed", "code"), FORGED)
def test_a_forged_notice_is_refused_and_ends_nothing(writer, run, changed, code):
    path = writer.write("log", RECORDS)
    status, told = run("log", path, notices=[notice(writer, NOW, **changed)])
    assert (status, codes(told)) == (1, [code])


def test_a_notice_by_somebody_elses_key_is_refused(writer, run):
    path = writer.write("log", RECORDS)
    stranger = Identity.create(writer.folder / "stranger", "jp.jjoc", writer.clock)
    assert codes(run("log", path, notices=[notice(writer, NOW, stranger)])[1]) == ["notice.key"]
    public = json.loads(notice(writer, NOW).read_text())["revoked"]
    forged = notice(writer, NOW, stranger, revoked=public)
    assert codes(run("log", path, notices=[forged])[1]) == ["notice.signature"]


def test_of_several_notices_the_earliest_moment_counts_in_any_order(writer, run):
    path = receipted(writer, 4, NOW - HOUR)
    early, late = notice(writer, NOW - 2 * HOUR, name="early"), notice(writer, NOW + HOUR, name="late")
    for order in ((early, late), (late, early)):
        assert "2026-11-22T07:00:00" in run("log", path, notices=order)[1]["findings"][-1]["came"]
    assert run("log", path, notices=[late])[0] == 0


def rotated(writer):
    """JJOC signs by its second key, which its first one vouched for; the notice that the first one left."""
    left = notice(writer, NOW, name="left")
    writer.jjoc.announce(NOW + HOUR)
    writer.clock.advance(2 * HOUR)
    assert writer.jjoc.activate_if_due(writer.clock)
    (writer.folder / "jp.jjoc.card").write_bytes(writer.jjoc.signed_card(Names("jp.jjoc"), "", writer.clock))
    return left


def test_ending_an_older_key_ends_those_it_vouched_for_and_ending_the_newer_leaves_the_older(writer, run):
    old = writer.write("old", RECORDS)
    left = rotated(writer)
    new = writer.write("new", RECORDS)
    assert run("log", old)[0] == run("log", new)[0] == 0
    assert codes(run("log", new, notices=[left])[1]) == ["key.revoked"]
    second = notice(writer, NOW + HOUR)
    assert codes(run("log", new, notices=[second])[1]) == ["key.revoked"]
    assert run("log", old, notices=[second])[0] == 0


def test_a_headquarters_that_began_anew_is_checked_by_both_of_its_cards(writer, run):
    old = receipted(writer, 4, NOW - HOUR)
    ended = notice(writer, NOW)
    anew = start_anew(writer.folder / "jjoc", "compromised", NOW, writer.clock)
    new = writer.write("new", RECORDS, signer=anew.signer)
    assert codes(run("log", new, notices=[ended])[1]) == ["checkpoint.unknown-key"]
    card = writer.folder / "anew.card"
    card.write_bytes(anew.signed_card(Names("jp.jjoc"), "", writer.clock))
    writer.cards += ["--card", str(card)]
    assert run("log", new, notices=[ended])[0] == 0, "the new key is nobody's but the headquarters'"
    assert run("log", old, notices=[ended])[0] == 0, "the partner countersigned it before"


def test_proofs_of_single_items_and_evidence_say_so(writer, run):
    path = receipted(writer, 4, NOW - HOUR)
    proof = writer.folder / "proof.json"
    assert run("prove", path, 2, proof)[0] == 0
    early, ended = notice(writer, NOW - 2 * HOUR, name="early"), notice(writer, NOW)
    assert run("item", proof, notices=[ended])[0] == 0
    assert codes(run("item", proof, notices=[early])[1]) == ["key.revoked"]
    other = writer.write("other", [*RECORDS[:2], RECORDS[3]])
    evidence = writer.folder / "evidence.json"
    told = run("compare", path, other, "--evidence", evidence, notices=[ended])[1]
    assert told["proven"] and len(told["doubtful"]) == 2
    told = run("evidence", evidence, notices=[ended])[1]
    assert told["proven"] and "revoked" in told["doubtful"][0]
    assert run("evidence", evidence)[1]["doubtful"] == []
