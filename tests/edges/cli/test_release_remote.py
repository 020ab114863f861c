"""``renkei release`` and ``renkei agreement`` at running nodes: why, review, recall, onward, the audit."""

from typing import Any

import msgspec
import pytest

from edges.cli.conftest import Renkei, Running, done
from edges.cli.test_remote import Seats, until
from renkei.edges.cli.client import Api
from renkei.edges.cli.demo.setup import PAIR, password_of

JJOC = next(side for side in PAIR if side.hq == "jp.jjoc")


@pytest.fixture
def seat(renkei: Renkei, running: Running) -> Seats:
    return Seats(renkei, running)


def write(running: Running, path: str, key: str, **given: Any) -> str:
    """JJOC's watch officer writes something; its id."""
    api = Api(JJOC.url(running.base))
    api.sign_in("watch", password_of(JJOC, "watch"))
    label = next(s["label"] for s in api.get("/labels")["suggestions"] if s["key"] == key)
    return str(api.post(path, {**given, "label": label})["record"]["id"])


def decide(running: Running, title: str) -> str:
    options = [{"title": {"text": "Ferry", "lang": "en"}}, {"title": {"text": "Wait", "lang": "en"}}]
    words = {"text": title, "lang": "en"}
    given = {
        "title": words,
        "options": options,
        "chosen": "A",
        "authority": "Chief of staff",
        "reasons": words,
    }
    return write(running, "/decisions", "guarded-usa", **given)


def log(running: Running, text: str, key: str = "usa") -> str:
    return write(running, "/log-entries", key, text={"text": text, "lang": "en"})


def test_what_is_held_is_explained_signed_for_and_leaves(seat: Seats, running: Running) -> None:
    record = decide(running, "By ferry")
    why = until(lambda: [r for r in released(seat, record) if r["code"] == "review.waiting"])
    assert why[0]["hq"] == "us.usfj" and why[0]["outcome"] == "held"
    queue = done(seat("jp.jjoc", "disclosure", "release", "queue", "--partner", "us.usfj")).json["items"]
    assert record in {item["id"] for item in queue}
    denied = seat("jp.jjoc", "watch", "release", "approve", record, "--reason", "mine")
    assert denied.json["error"]["code"] == "person.permission"
    made = done(seat("jp.jjoc", "disclosure", "release", "approve", record, "--reason", "needed there")).json
    assert [d["verdict"] for d in made] == ["release"]
    until(lambda: released(seat, record)[0]["state"] == "received")
    again = seat("jp.jjoc", "disclosure", "release", "approve", record, "--reason", "twice")
    assert again.json["error"]["code"] == "decision.not-held"
    shown = done(seat("jp.jjoc", "disclosure", "release", "preview", record, "us.usfj")).json
    assert "By ferry" in shown["rendition"]
    paces = done(seat("jp.jjoc", "disclosure", "release", "pace")).json
    assert paces["decision"]["count"] >= 1


def released(seat: Seats, record: str) -> list[Any]:
    found: list[Any] = done(seat("jp.jjoc", "watch", "release", "explain", record)).json
    return found


def test_what_is_refused_stays_and_says_so(seat: Seats, running: Running) -> None:
    record = decide(running, "By helicopter")
    until(lambda: [r for r in released(seat, record) if r["code"] == "review.waiting"])
    line = ("release", "refuse", record, "--reason", "not theirs", "--partner", "us.usfj")
    assert [d["verdict"] for d in done(seat("jp.jjoc", "disclosure", *line)).json] == ["refuse"]
    until(lambda: released(seat, record)[0]["code"] == "review.refused")
    assert not released(seat, record)[0].get("state")


def test_what_is_sent_back_is_listed_for_its_author_with_the_reason(seat: Seats, running: Running) -> None:
    record = decide(running, "By barge")
    until(lambda: [r for r in released(seat, record) if r["code"] == "review.waiting"])
    line = ("release", "return", record, "--reason", "leave the berth out")
    assert [d["verdict"] for d in done(seat("jp.jjoc", "disclosure", *line)).json] == ["return"]
    until(lambda: released(seat, record)[0]["code"] == "review.returned")
    assert released(seat, record)[0]["word"]["reason"]["text"] == "leave the berth out"
    (mine,) = done(seat("jp.jjoc", "watch", "release", "returned")).json["items"]
    assert (mine["id"], mine["word"]["reason"]["text"]) == (record, "leave the berth out")
    assert done(seat("jp.jjoc", "disclosure", "release", "returned")).json["items"] == []


def test_why_a_person_sees_a_record_is_told(seat: Seats, running: Running) -> None:
    record = log(running, "National matter", "national")
    assert released(seat, record)[0]["rule"] == "label"
    line = ("release", "explain", record, "--person", "viewer")
    assert done(seat("jp.jjoc", "disclosure", *line)).json["visible"] is False
    unknown = seat("jp.jjoc", "watch", "release", "explain", record, "--partner", "xx.none")
    assert unknown.json["error"]["code"] == "partner.unknown"


def test_a_recall_is_confirmed_and_lifted(seat: Seats, running: Running) -> None:
    record = log(running, "Sent by mistake")
    until(lambda: released(seat, record)[0].get("state") == "received")
    back = ("release", "recall", record, "--reason", "by mistake")
    assert done(seat("jp.jjoc", "disclosure", *back)).json[0]["about"] == record
    until(lambda: progress(seat, record) == ["confirmed"])
    assert released(seat, record)[0]["code"] == "recall.in-force"
    done(seat("jp.jjoc", "disclosure", "release", "lift", record, "--reason", "after all"))
    until(lambda: released(seat, record)[0]["outcome"] == "released")
    until(lambda: released(seat, record)[0]["state"] == "received")


def progress(seat: Seats, record: str) -> list[str]:
    found = done(seat("jp.jjoc", "disclosure", "release", "recalls")).json
    return [p["progress"] for one in found if one["about"] == record for p in one["partners"]]


def test_what_they_wrote_is_passed_on_as_their_label_allows(seat: Seats, running: Running) -> None:
    record = log(running, "Harbour open")
    theirs = until(lambda: known(running, "Harbour open"))
    line = ("--label", "Unclassified, for every partner")
    made = done(seat("us.usfj", "disclosure", "release", "onward", theirs, *line)).json
    assert made["originator"] == "jp.jjoc"
    own = seat("jp.jjoc", "disclosure", "release", "onward", record, *line)
    assert own.status == 1


def known(running: Running, text: str) -> str:
    """The id under which U.S. Forces Japan knows a line of our log, "" if it does not have it yet."""
    usfj = next(side for side in PAIR if side.hq == "us.usfj")
    api = Api(usfj.url(running.base))
    api.sign_in("watch", password_of(usfj, "watch"))
    found = [item["record"] for item in api.pages("/records", kind="log-entry")]
    return next((str(r["id"]) for r in found if r["text"]["text"] == text), "")


def test_what_stayed_is_decided_anew_on_an_officers_word(seat: Seats, running: Running) -> None:
    (agreed,) = [a for a in done(seat("jp.jjoc", "disclosure", "agreement", "list")).json if a["in_force"]][
        :1
    ]
    line = ("release", "anew", agreed["agreement"]["partner"])
    assert done(seat("jp.jjoc", "disclosure", *line)).json == [], "everything that may go went by itself"
    half = seat("jp.jjoc", "disclosure", *line, "--because", agreed["agreement"]["id"])
    assert half.json["error"]["code"] == "anew.because"
    one = (
        *line,
        "jp.jjoc/01K9ZB4Q8R6S1T2V3W4X5Y6Z7A",
        "--reason",
        "x",
        "--because",
        agreed["agreement"]["id"],
    )
    assert seat("jp.jjoc", "disclosure", *one).json["error"]["code"] == "anew.record"


def test_what_stayed_goes_by_the_agreement_that_lets_it_go(
    renkei: Renkei, seat: Seats, running: Running
) -> None:
    """From the end of one agreement to the next: written, listed, named with its ground, and gone."""

    def disclosure(*line: str) -> Any:
        return done(seat("jp.jjoc", "disclosure", *line)).json

    (standing,) = [a["agreement"] for a in disclosure("agreement", "list") if a["in_force"]]
    disclosure("agreement", "end", standing["id"])
    goes, stays = log(running, "Berth two is free"), log(running, "Ours alone", "national")
    until(lambda: released(seat, goes)[0]["code"] == "agreement.ended")
    assert disclosure("release", "anew", "us.usfj") == []
    ceiling = msgspec.json.encode(standing["covers"][0]["ceiling"]).decode()
    made = disclosure("agreement", "add", "us.usfj", "--cites", "Order 7", "--ceiling", ceiling)
    listed = until(lambda: disclosure("release", "anew", "us.usfj"))
    assert [(one["id"], one["outcome"]) for one in listed] == [(goes, "released")]
    assert not released(seat, goes)[0].get("state"), "nothing goes by itself"

    ground = ("--because", made["id"], "--reason", "Order 7 covers it")
    (said,) = disclosure("release", "anew", "us.usfj", *ground)
    assert (said["because"], said["reason"]["text"]) == (made["id"], "Order 7 covers it")
    assert [one["record"] for one in said["named"]] == [goes]
    until(lambda: released(seat, goes)[0].get("state") == "received")
    assert not released(seat, stays)[0].get("state")
    assert disclosure("release", "anew", "us.usfj") == []
    until(lambda: known(running, "Berth two is free"))
    audit = done(renkei("release", "audit", "-d", running.folder / "jp.jjoc", "--json")).json
    assert audit["ok"], audit


def test_agreements_are_listed(seat: Seats) -> None:
    listed = done(seat("jp.jjoc", "disclosure", "agreement", "list", "--partner", "us.usfj")).json
    assert any(one["in_force"] for one in listed)


def test_the_audit_runs_beside_the_running_node(renkei: Renkei, running: Running) -> None:
    found = done(renkei("release", "audit", "-d", running.folder / "jp.jjoc", "--json")).json
    assert found["ok"] and [one["partner"] for one in found["partners"]] == ["us.usfj"]
    assert found["partners"][0]["matched"] > 0
