"""Recalls over HTTP: by disclosure officers, with who has confirmed and who has not, on the audit trail."""

import httpx
import pytest

from edges.http.served import Served


def written(served: Served) -> str:
    """A line of the watch log that the partner may have; its id."""
    line = {
        "kind": "log-entry",
        "label": served.label("duty-usa"),
        "happened_at": "2022-09-18T15:49:00Z",
        "text": {"text": "宮古島で冠水", "lang": "ja"},
    }
    with served.client("gateway") as gateway:
        answer = gateway.post("/records", json=line)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert served.node.views.wait("", made["seq"], 5)
        found: str = made["id"]
        return found


@pytest.fixture
def officer(served: Served) -> httpx.Client:
    return served.client("disclosure")


def test_a_recall_is_made_shown_and_lifted(served: Served, officer: httpx.Client) -> None:
    record = written(served)
    made = officer.post(f"/records/{record}/recall", json={"reason": "誤って提供した"})
    assert made.status_code == 201, made.text
    (one,) = made.json()
    assert (one["about"], one["lifted"], one["narrowed"]) == (record, False, False)
    assert one["reason"]["text"] == "誤って提供した"
    assert [r["about"] for r in officer.get("/release/recalls").json()].count(record) == 1
    again = officer.post(f"/records/{record}/recall", json={"reason": "again"})
    assert (again.status_code, again.json()["code"]) == (409, "recall.in-force")
    lifted = officer.post(f"/records/{record}/recall/lift", json={"reason": "確認済み"})
    assert lifted.status_code == 201, lifted.text
    assert officer.get(f"/records/{record}/recalls").json()[0]["lifted"] is True
    none = officer.post(f"/records/{record}/recall/lift", json={"reason": "again"})
    assert (none.status_code, none.json()["code"]) == (409, "recall.none")


def test_only_disclosure_officers_recall(served: Served) -> None:
    record = written(served)
    with served.client("watch") as watch:
        refused = watch.post(f"/records/{record}/recall", json={"reason": "no"})
        assert (refused.status_code, refused.json()["code"]) == (403, "person.permission")
        assert watch.get(f"/records/{record}/recalls").json() == []


def test_what_one_may_not_see_one_cannot_ask_about(served: Served, officer: httpx.Client) -> None:
    record = written(served)
    done = officer.post(f"/records/{record}/recall", json={"reason": "no"})
    assert done.status_code == 201
    with served.client("low") as low:
        assert low.get(f"/records/{record}/recalls").status_code == 404
        assert all(one["about"] != record for one in low.get("/release/recalls").json())


def test_recalls_are_on_the_audit_trail(served: Served, officer: httpx.Client) -> None:
    record = written(served)
    officer.post(f"/records/{record}/recall", json={"reason": "no"})
    with served.client("admin") as admin:
        actions = [row["action"] for row in admin.get("/audit?limit=500").json()]
    assert "recall" in actions
