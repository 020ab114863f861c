"""Partners and couriers' files over HTTP: what is asked for wrongly changes nothing and is written down."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from edges.http.served import POLICY, Served
from renkei.edges.http.couriers import MAX_COURIER_BYTES
from renkei.kernel.clock import SystemClock
from renkei.kernel.identity import fingerprint, load_partners, open_card
from renkei.kernel.labels.presets import demo_clearances
from renkei.kernel.people import Permission
from renkei.node import Names, NodeConfig, create_node, own_card

USFJ = "us.usfj"


class Theirs(NamedTuple):
    """What the other headquarters hands over, and what its people read out."""

    card: str
    policy: str
    print: str


@pytest.fixture
def theirs(tmp_path: Path) -> Theirs:
    config = NodeConfig(hq=USFJ, names=Names("U.S. Forces Japan", "在日米軍"))
    policy = POLICY.with_name("us.xml").read_text("utf-8")
    create_node(tmp_path / "us", config, policy.encode())
    card = own_card(tmp_path / "us", config)
    return Theirs(card.decode(), policy, fingerprint(open_card(card, SystemClock().now())))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    one = Served(tmp_path / "data")
    yield one
    one.close()


def given(theirs: Theirs, **more: Any) -> dict[str, Any]:
    held = msgspec.to_builtins(demo_clearances("jp.jjoc").partners[USFJ])
    return {
        "card": theirs.card,
        "fingerprint": theirs.print,
        "clearance": held,
        "policy": theirs.policy,
    } | more


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def trail(served: Served) -> list[tuple[str, str, str]]:
    served.app.edge.trail.flush()
    return [(e.action, e.account, e.outcome) for _, e in served.app.edge.trail.newest(50)]


def test_a_partner_is_taken_up_only_by_the_fingerprint_of_its_own_card(
    served: Served, theirs: Theirs
) -> None:
    admin = served.client("admin")
    assert code(admin.post("/partners", json=given(theirs, fingerprint="1" * 40))) == (
        400,
        "partner.fingerprint",
    )
    own = served.node.card().decode()
    assert code(admin.post("/partners", json=given(theirs, card=own))) == (400, "partner.self")
    forged = json.loads(theirs.card)
    forged["card"]["names"]["en"] = "Somebody else"
    assert code(admin.post("/partners", json=given(theirs, card=json.dumps(forged)))) == (
        400,
        "card.signature",
    )
    assert code(admin.post("/partners", json=given(theirs, policy=POLICY.read_text("utf-8")))) == (
        400,
        "partner.policy",
    )
    for account in ("watch", "viewer", "disclosure"):
        assert code(served.client(account).post("/partners", json=given(theirs))) == (
            403,
            "person.permission",
        )
    assert served.node.partners == {} and load_partners(served.node.folder.partners) == {}
    assert not list(served.node.folder.policies.glob("*.xml"))
    assert trail(served).count(("partner.add", "admin", "refused")) == 4

    with served.client("viewer").stream("GET", "/stream") as stream:
        made = admin.post("/partners", json=given(theirs))
        assert made.status_code == 201, made.text
        told = next(line for line in stream.iter_lines() if line == "event: partner")
    assert told and made.json()["inForce"] and made.json()["names"]["en"] == "U.S. Forces Japan"
    assert len(served.node.policies.policies) == 2
    assert code(admin.post("/partners", json=given(theirs))) == (409, "partner.known")


def test_what_cannot_be_agreed_changes_nothing(served: Served, theirs: Theirs) -> None:
    admin = served.client("admin")
    admin.post("/partners", json=given(theirs)).raise_for_status()
    before, file = served.node.line(USFJ).entry, served.node.folder.partners / f"{USFJ}.json"
    kept = file.read_bytes()
    where = f"/partners/{USFJ}"
    unsound = given(theirs)["clearance"] | {"classifications": ["SEALED"]}
    for change, expected in (
        ({}, (400, "partner.change")),
        ({"address": "nowhere"}, (400, "link.address")),
        ({"until": "2001-01-01T00:00:00Z"}, (400, "partner.until")),
        ({"clearance": unsound}, (422, "clearance.gap")),
        ({"policy": POLICY.read_text("utf-8")}, (400, "partner.policy")),
        ({"card": served.node.card().decode()}, (400, "partner.card")),
        ({"notice": "{}"}, (400, "notice.malformed")),
        ({"colour": "red"}, (400, "request.form")),
    ):
        answer = admin.patch(where, json=change)
        assert (answer.status_code, change) == (expected[0], change), answer.text
        assert answer.json()["code"].partition(".")[0] == expected[1].partition(".")[0], answer.text
    assert served.node.line(USFJ).entry == before
    assert file.read_bytes() == kept
    assert code(admin.patch("/partners/us.nobody", json={"address": ""})) == (404, "partner.unknown")
    assert admin.delete(where).status_code == 400  # without a reason
    assert code(admin.delete("/partners/us.nobody", params={"reason": "x"})) == (404, "partner.unknown")


def test_a_file_is_fetched_sealed_and_counts_once_it_is_kept(served: Served, theirs: Theirs) -> None:
    admin = served.client("admin")
    admin.post("/partners", json=given(theirs)).raise_for_status()
    text = {"text": "MARKERWORD", "label": served.label("usa")}
    served.client("watch").post("/log-entries", json=text).raise_for_status()
    made = admin.post(f"/partners/{USFJ}/courier/export")
    assert made.status_code == 200 and made.headers["content-type"] == "application/octet-stream"
    assert b"MARKERWORD" not in made.content and USFJ.encode() in made.content[:2000]
    upto = int(made.headers["renkei-upto"])
    assert upto == int(made.headers["renkei-logged"]) == served.node.line(USFJ).sent.size > 0
    sender = served.node.line(USFJ).sender
    assert sender.carried == 0
    kept = admin.post(f"/partners/{USFJ}/courier/carried", json={"upto": upto + 1000})
    assert kept.json() == {"carried": upto} and sender.state_of(0) == "sent"
    beyond = admin.post(f"/partners/{USFJ}/courier/export", params={"first": upto + 1})
    assert code(beyond) == (400, "courier.first")
    assert ("courier.export", "admin", "done") in trail(served)


def test_administrators_and_disclosure_officers_carry_and_tokens_of_before_still_do(
    served: Served, theirs: Theirs
) -> None:
    served.client("admin").post("/partners", json=given(theirs)).raise_for_status()
    where = f"/partners/{USFJ}/courier/export"
    assert served.client("disclosure").post(where).status_code == 200
    for scope in (Permission.COURIER_CARRY, Permission.PARTNER_MANAGE):
        assert served.client("admin", Permission.READ, scope).post(where).status_code == 200, scope
    assert code(served.client("admin", Permission.READ).post(where)) == (403, "person.permission")
    assert code(served.client("watch").post(where)) == (403, "person.permission")
    carrying = served.client("admin", Permission.READ, Permission.COURIER_CARRY)
    refused = carrying.delete(f"/partners/{USFJ}", params={"reason": "x"})
    assert code(refused) == (403, "person.permission"), "to carry is not to manage"


def test_a_file_that_is_none_or_too_large_is_refused(served: Served, theirs: Theirs) -> None:
    admin = served.client("admin")
    admin.post("/partners", json=given(theirs)).raise_for_status()
    where = f"/partners/{USFJ}/courier/import"
    octets = {"content-type": "application/octet-stream"}
    for body in (b"", b"no courier's file", b"\x00" * 100_000):
        answer = admin.post(where, content=body, headers=octets)
        assert answer.status_code == 400 and answer.json()["code"].startswith("courier."), answer.text
    own = admin.post(f"/partners/{USFJ}/courier/export").content
    assert code(admin.post(where, content=own, headers=octets)) == (400, "courier.sender")
    line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    line.putrequest("POST", f"/api/v1{where}")
    line.putheader("authorization", f"Bearer {served.token_of('admin')}")
    line.putheader("content-type", "application/octet-stream")
    line.putheader("content-length", str(MAX_COURIER_BYTES + 1))
    line.endheaders(b"x")
    assert line.getresponse().status == 413
    line.close()
    assert served.node.line(USFJ).received.size == 0
    assert [p.name for p in served.node.folder.root.iterdir() if p.name.startswith("tmp")] == []
