"""A policy is changed by two officers, on record, whole or not at all; what it changes is told before."""

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edges.http.served import PASSWORD, POLICY, Served
from renkei.kernel.identity.label_key import check_label_certificate
from renkei.kernel.labels.adoption import PolicyChange
from renkei.kernel.labels.binding import open_binding
from renkei.kernel.labels.documents import read_label
from renkei.kernel.labels.model import Clearance
from renkei.kernel.people import Role
from renkei.node import Node

OLD = POLICY.read_text("utf-8")
assert 'version="1"' in OLD
NEW = OLD.replace('version="1"', 'version="2"', 1).replace(
    '<markingData phrase="GUARDED" xml:lang="en">', '<markingData phrase="GUARDED CLOSELY" xml:lang="en">'
)
DIGEST = hashlib.sha256(NEW.encode()).hexdigest()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    one = Served(tmp_path / "data")
    yield one
    one.close()


def proposed(served: Served, text: str = NEW, by: str = "disclosure") -> dict:
    answer = served.client(by).post("/policy/proposals", json={"policy": text, "reason": "clearer marking"})
    assert answer.status_code == 201, answer.text
    return answer.json()


def adopt(served: Served, proposal: str, by: str = "admin", digest: str = DIGEST):
    return served.client(by).post(f"/policy/proposals/{proposal}/adopt", json={"digest": digest})


def test_a_policy_is_adopted_by_a_second_officer_and_counts_at_once(served: Served) -> None:
    made = proposed(served)
    assert (made["step"], made["digest"], made["proposer"]) == ("proposed", DIGEST, "disclosure")
    answer = adopt(served, made["id"])
    assert (answer.status_code, answer.json()["step"], answer.json()["adopter"]) == (200, "adopted", "admin")
    standing = served.client("admin").get("/policy").json()
    assert (standing["version"], standing["digest"], standing["restartNeeded"]) == (2, DIGEST, False)
    folder = served.node.folder
    assert folder.policy.read_text("utf-8") == NEW
    assert (folder.policies / "former" / f"{hashlib.sha256(OLD.encode()).hexdigest()}.xml").exists()
    assert "GUARDED CLOSELY" in served.node.policies.mark(served.labels["guarded-own"]).en
    served.app.edge.trail.flush()
    actions = {e.action: e.account for _, e in served.app.edge.trail.newest(50) if e.outcome == "done"}
    assert (actions["policy_propose"], actions["policy_adopt"]) == ("disclosure", "admin")


def test_screens_are_told_and_programs_labels_are_checked_anew(served: Served) -> None:
    shares = {"tag": "Releasable to", "type": "permissive", "values": ["AUS", "JPN"]}
    label = served.label("usa") | {"classification": "DUTY USE", "categories": [shares]}
    line = {"kind": "log-entry", "label": label, "happened_at": "2022-09-18T15:49:00Z"}
    line |= {"text": {"text": "x", "lang": "en"}}
    made = served.client("gateway").post("/records", json=line)
    assert made.status_code == 201, made.text
    for info in served.node.accounts.all():  # nobody may hold what the new policy cannot mean
        served.node.accounts.set_clearance(info.account, without(info.clearance, "AUS"))
    proposal = proposed(served, NEW.replace('tagCategory name="AUS"', 'tagCategory name="AUX"'))
    with served.client("viewer").stream("GET", "/stream") as stream:
        lines = stream.iter_lines()
        assert adopt(served, proposal["id"], digest=proposal["digest"]).status_code == 200
        told = list(itertools.islice((x for x in lines if x in {"event: reset", "event: policy"}), 2))
    assert told == ["event: reset", "event: policy"]
    refused = served.client("gateway").post("/records", json=line)
    assert (refused.status_code, refused.json()["code"]) == (422, "label.value"), refused.text
    changed = served.client("admin").get(f"/policy/proposals/{proposal['id']}/effects")
    assert changed.status_code == 200, changed.text
    shifts = [effect["shift"] for effect in changed.json()["effects"]]
    # The administrator may not see the record any more, and so is not told that there is one.
    assert shifts == []
    assert served.client("watch").get(f"/policy/proposals/{proposal['id']}/effects").status_code == 403


def without(clearance: Clearance, value: str) -> Clearance:
    categories = tuple(
        msgspec.structs.replace(c, values=tuple(v for v in c.values if v != value))
        for c in clearance.categories
    )
    return msgspec.structs.replace(clearance, categories=categories)


def test_after_a_restart_the_node_decides_by_it_too(tmp_path: Path) -> None:
    served = Served(tmp_path / "data")
    try:
        assert adopt(served, proposed(served)["id"]).status_code == 200
    finally:
        served.close()
    node = Node.open(tmp_path / "data")
    try:
        assert node.policies.own.version == 2
        assert "GUARDED CLOSELY" in node.policies.mark(served.labels["guarded-own"]).en
    finally:
        node.close()


def test_a_change_that_is_sent_again_under_its_key_is_done_once(served: Served) -> None:
    given, key = {"policy": NEW, "reason": "clearer"}, {"Idempotency-Key": "key-of-a-proposal"}
    client = served.client("disclosure")
    first, again = (client.post("/policy/proposals", json=given, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())


def test_nobody_adopts_what_they_proposed_nor_under_another_account_of_the_same_post(served: Served) -> None:
    held = served.clearance(*(c.name for c in served.own.classifications))
    served.node.accounts.create(
        "twin", PASSWORD, post="disclosure post", roles=[Role.DISCLOSURE_OFFICER], clearance=held
    )
    made = proposed(served)
    for account in ("disclosure", "twin"):
        answer = adopt(served, made["id"], by=account)
        assert (answer.status_code, answer.json()["code"]) == (403, "policy.second")
    for account in ("watch", "viewer"):
        answer = adopt(served, made["id"], by=account)
        assert (answer.status_code, answer.json()["code"]) == (403, "person.permission")
    assert served.node.folder.policy.read_text("utf-8") == OLD


def test_the_bytes_adopted_are_the_bytes_read(served: Served) -> None:
    made = proposed(served)
    other = adopt(served, made["id"], digest="0" * 64)
    assert (other.status_code, other.json()["code"]) == (400, "policy.bytes")
    kept = served.node.folder.policies / "proposed" / f"{DIGEST}.xml"
    kept.write_text(NEW.replace("CLOSELY", "LOOSELY"), "utf-8")
    changed = adopt(served, made["id"])
    assert (changed.status_code, changed.json()["code"]) == (409, "policy.bytes")
    assert served.node.folder.policy.read_text("utf-8") == OLD


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (OLD, "policy.version"),
        (NEW.replace("2.999.392.1", "2.999.392.7"), "policy.id"),
        (NEW.replace('hierarchy="3"', 'hierarchy="three"'), "policy.element"),
        ("<!DOCTYPE x>" + NEW, "policy.dtd"),
        ("nonsense", "policy.xml"),
    ],
)
def test_what_could_not_be_used_is_not_even_proposed_and_leaves_nothing(
    served: Served, text: str, code: str
) -> None:
    answer = served.client("disclosure").post("/policy/proposals", json={"policy": text, "reason": "x"})
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] == code
    kept = served.node.folder.policies / "proposed"
    assert not kept.exists() or not list(kept.iterdir())
    assert served.client("admin").get("/policy").json()["changes"] == []


def test_of_two_proposals_the_second_is_stale_once_the_first_is_adopted(served: Served) -> None:
    first, later = proposed(served), NEW.replace("CLOSELY", "WELL").replace('version="2"', 'version="3"', 1)
    second = proposed(served, later)
    assert adopt(served, first["id"]).status_code == 200
    answer = adopt(served, second["id"], digest=second["digest"])
    assert (answer.status_code, answer.json()["code"]) == (409, "policy.stale")
    again = adopt(served, first["id"], by="disclosure")
    assert again.status_code == 200
    assert served.node.folder.policy.read_text("utf-8") == NEW


def test_an_adoption_that_a_crash_cut_short_is_completed_by_adopting_again(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = proposed(served)

    def crash(folder: object, digest: str) -> None:
        raise OSError("the machine stopped")

    with monkeypatch.context() as patch:
        patch.setattr("renkei.node.adopting.put_in_force", crash)
        assert adopt(served, made["id"]).status_code == 500
    assert served.node.folder.policy.read_text("utf-8") == OLD
    assert adopt(served, made["id"]).status_code == 200
    assert served.node.folder.policy.read_text("utf-8") == NEW


def test_a_proposal_withdrawn_is_not_adopted_and_its_file_goes(served: Served) -> None:
    made = proposed(served)
    assert served.client("admin").post(f"/policy/proposals/{made['id']}/withdraw").status_code == 200
    assert list((served.node.folder.policies / "proposed").iterdir()) == []
    assert adopt(served, made["id"]).status_code in {400, 409}


def test_a_policy_that_cannot_mean_somebodys_clearance_is_not_adopted(served: Served) -> None:
    text = NEW.replace('tagCategory name="FACILITIES"', 'tagCategory name="PREMISES"')
    made = proposed(served, text)
    answer = adopt(served, made["id"], digest=made["digest"])
    assert (answer.status_code, answer.json()["code"]) == (409, "policy.clearance")
    assert "watch" in answer.json()["came"]


def test_the_change_never_leaves_and_nobody_appends_one(served: Served) -> None:
    assert not PolicyChange.releasable
    record = {"kind": "policy-change", "label": served.label("open"), "step": "adopted", "policy": "x"}
    record |= {"policy_version": 2, "digest": DIGEST, "replaces": "", "proposer": "a", "proposer_post": "b"}
    answer = served.client("admin").post("/records", json=record)
    assert answer.status_code in {400, 403, 409, 422}


def test_what_a_change_would_show_or_hide_is_told_before(served: Served) -> None:
    incident = {"title": {"text": "Road under water", "lang": "en"}, "label": served.label("guarded-own")}
    incident |= {"severity": "minor"}
    served.client("watch").post("/incidents", json=incident).raise_for_status()
    renamed = NEW.replace("GUARDED", "GUARDED-2")
    found = served.client("disclosure").post("/policy/diff", json={"policy": renamed})
    assert found.status_code == 200, found.text
    lost = {(s["audience"], s["kind"], s["count"]) for s in found.json()["shifts"] if s["change"] == "loses"}
    assert ("watch", "incident", 1) in lost
    assert len(found.json()["unknownLabels"]) == 1
    assert served.client("watch").post("/policy/diff", json={"policy": NEW}).status_code == 403


def test_why_is_told_rule_by_rule(served: Served) -> None:
    label = served.label("guarded-own")
    low = served.client("low").post("/policy/explain", json={"label": label}).json()
    assert (low["allowed"], low["code"]) == (False, "access.classification")
    assert served.client("watch").post("/policy/explain", json={"label": label}).json()["allowed"]
    unknown = label | {"classification": "HUSH"}
    assert served.client("low").post("/policy/explain", json={"label": unknown}).status_code == 422


def test_a_records_label_is_exported_as_xml_and_bound_to_the_record_for_whoever_sees_all_of_it(
    served: Served,
) -> None:
    incident = {"title": {"text": "Road under water", "lang": "en"}, "severity": "minor"}
    made = served.client("watch").post("/incidents", json=incident | {"label": served.label("usa")}).json()
    path = f"/records/{msgspec.json.decode(msgspec.json.encode(made['record']))['id']}/label"
    plain = served.client("viewer").get(path)
    assert plain.headers["content-type"].startswith("application/xml")
    role, document = read_label(plain.content, served.node.policies)
    assert (role, document.label) == ("originator", served.labels["usa"])
    bound = served.client("viewer").get(path, params={"bound": True})
    authorities = {"jp.jjoc": served.node.identity.authority}
    opened = open_binding(
        bound.content,
        served.node.policies,
        lambda uri: b"",
        lambda c: check_label_certificate(c, authorities, served.node.clock.now()),
    )
    assert (opened.signer, opened.labels.originator) == ("jp.jjoc", document)
    assert msgspec.json.decode(opened.record)["title"]["text"] == "Road under water"
    unknown = served.client("viewer").get(path, params={"alternative": "urn:oid:2.999.7"})
    assert unknown.status_code == 422
    assert served.client("low").get(path.replace("usa", "x")).status_code == 404
