"""Administering accounts over HTTP: at once, by administrators alone, and written down."""

from typing import Any

import httpx
import pytest

from edges.http.served import PASSWORD, Served
from renkei.kernel.people import Permission


@pytest.fixture
def admin(served: Served) -> httpx.Client:
    return served.client("admin")


def given(served: Served, account: str, **more: Any) -> dict[str, Any]:
    level = served.own.classifications[0].name
    clearance = {"policy": served.own.id, "classifications": [level], "categories": []}
    head = {"account": account, "post": "Relief", "postJa": "交代要員", "roles": ["viewer"]}
    return {**head, "clearance": clearance, "password": "typhoon number eleven", **more}


def signs_in(served: Served, account: str, password: str) -> httpx.Client | None:
    client = served.client(None)
    answer = client.post("/session", json={"account": account, "password": password})
    return client if answer.status_code == 201 else None


def trail(admin: httpx.Client, about: str) -> list[tuple[str, str, str]]:
    rows = admin.get("/audit?limit=500").json()
    return [(r["account"], r["action"], r["outcome"]) for r in reversed(rows) if r["object"] == about]


def test_an_account_lives_its_whole_life_over_http(served: Served, admin: httpx.Client) -> None:
    made = admin.post("/accounts", json=given(served, "relief"))
    assert made.status_code == 201 and made.json()["postJa"] == "交代要員"
    assert "typhoon" not in made.text and "relief" in {a["account"] for a in admin.get("/accounts").json()}
    relief = signs_in(served, "relief", "typhoon number eleven")
    assert relief is not None and relief.get("/session").json()["permissions"] == ["read"]
    assert admin.patch("/accounts/relief", json={"roles": ["watch-officer"]}).json()["roles"] == [
        "watch-officer"
    ]
    assert "log.write" in relief.get("/session").json()["permissions"]
    token = relief.post(
        "/tokens", json={"name": "t", "scopes": ["read"], "days": 1}, headers={"x-renkei": "1"}
    ).json()
    assert [t["id"] for t in admin.get("/accounts/relief/tokens").json()] == [token["info"]["id"]]
    assert admin.post("/accounts/relief/sign-out").json() == {"sessions": 1, "tokens": 1}
    assert relief.get("/session").status_code == 401
    assert (
        admin.post("/accounts/relief/password", json={"password": "number twelve is near"}).status_code == 204
    )
    assert signs_in(served, "relief", "typhoon number eleven") is None
    again = signs_in(served, "relief", "number twelve is near")
    assert again is not None
    assert admin.patch("/accounts/relief", json={"disabled": True}).json()["disabled"] is True
    assert again.get("/session").status_code == 401
    assert trail(admin, "relief")[0] == ("admin", "account.create", "done")
    done = [action for _, action, outcome in trail(admin, "relief") if outcome == "done"]
    for action in ("account.roles", "account.sign_out", "account.password", "account.disable"):
        assert action in done


def test_one_token_of_another_account_is_revoked(served: Served, admin: httpx.Client) -> None:
    client = served.client("viewer", Permission.READ)
    token = admin.get("/accounts/viewer/tokens").json()[0]["id"]
    assert client.get("/records").status_code == 200
    assert admin.delete(f"/accounts/viewer/tokens/{token}").status_code == 204
    assert client.get("/records").status_code == 401
    assert admin.delete(f"/accounts/viewer/tokens/{token}").status_code == 404


@pytest.mark.parametrize("account", ["watch", "viewer", "disclosure"])
def test_only_who_manages_accounts_may(served: Served, admin: httpx.Client, account: str) -> None:
    client = served.client(account)
    for method, path in (("GET", "/accounts"), ("POST", "/accounts"), ("PATCH", "/accounts/watch")):
        answer = client.request(method, path, json=None if method == "GET" else {})
        assert (answer.status_code, answer.json()["code"]) == (403, "person.permission")
    assert (account, "PATCH /accounts/{account:str}", "refused") in trail(admin, "watch")


def test_what_is_wrong_is_refused_by_name_and_noted_once(served: Served, admin: httpx.Client) -> None:
    foreign = {"policy": "urn:x", "classifications": [], "categories": []}
    for body, status, code in (
        (given(served, "watch"), 400, "account.exists"),
        (given(served, "Bad Name"), 400, "account.name"),
        (given(served, "short", password="short"), 400, "account.password"),
        (given(served, "far", clearance=foreign), 422, "label.policy"),
    ):
        answer = admin.post("/accounts", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert [o for _, _, o in trail(admin, body["account"])].count("refused") >= 1
    assert admin.patch("/accounts/nobody", json={"disabled": True}).status_code == 404
    assert admin.patch("/accounts/watch", json={}).json()["code"] == "account.change"
    assert admin.post("/accounts/nobody/sign-out").status_code == 404
    assert len(trail(admin, "far")) == 1


def test_the_last_administrator_stays_one(served: Served, admin: httpx.Client) -> None:
    assert admin.patch("/accounts/gateway", json={"roles": ["watch-officer"]}).status_code == 200
    for change in ({"disabled": True}, {"roles": ["viewer"]}):
        answer = admin.patch("/accounts/admin", json=change)
        assert (answer.status_code, answer.json()["code"]) == (409, "account.last")
    assert signs_in(served, "admin", PASSWORD) is not None
