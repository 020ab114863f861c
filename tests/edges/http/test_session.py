"""Signing in by browser and by program."""

import httpx

from edges.http.served import PASSWORD, Served
from renkei.edges.http.context import COOKIE
from renkei.kernel.people import Permission


def signed_in(served: Served, account: str = "watch") -> httpx.Client:
    client = served.client(None)
    answer = client.post("/session", json={"account": account, "password": PASSWORD})
    assert answer.status_code == 201
    return client


def entry(served: Served) -> dict[str, object]:
    return {"text": "x", "label": served.label("open")}


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(served: Served) -> None:
    answer = served.client(None).post("/session", json={"account": "watch", "password": PASSWORD})
    flags = answer.headers["set-cookie"].lower()
    assert "httponly" in flags and "samesite=strict" in flags and "path=/" in flags
    assert answer.json()["account"] == "watch"
    assert answer.cookies[COOKIE] not in answer.text


def test_a_session_says_who_is_calling_until_it_is_signed_out(served: Served) -> None:
    client = signed_in(served)
    assert client.get("/session").json()["post"] == "watch post"
    secret = client.cookies[COOKIE]
    assert client.delete("/session", headers={"x-renkei": "1"}).status_code == 204
    again = served.client(None)
    again.cookies.set(COOKIE, secret)
    assert again.get("/session").status_code == 401


def test_signing_in_ends_the_session_that_was_brought_along(served: Served) -> None:
    client = signed_in(served)
    before = client.cookies[COOKIE]
    client.post("/session", json={"account": "watch", "password": PASSWORD})
    planted = served.client(None)
    planted.cookies.set(COOKIE, before)
    assert planted.get("/session").status_code == 401
    assert client.get("/session").status_code == 200


def test_a_cookie_writes_only_with_the_header_no_other_site_can_send(served: Served) -> None:
    client = signed_in(served)
    refused = client.post("/log-entries", json=entry(served))
    assert (refused.status_code, refused.json()["code"]) == (403, "session.csrf")
    assert client.post("/log-entries", json=entry(served), headers={"x-renkei": "1"}).status_code == 201


def test_everything_but_sign_in_and_health_needs_somebody(served: Served) -> None:
    stranger = served.client(None)
    described = stranger.get("/openapi.json").json()["paths"]
    for path, operations in described.items():
        for method in operations:
            relative = path.removeprefix("/api/v1").replace("{owner}", "jp.jjoc").replace("{key}", "0" * 26)
            relative = relative.replace("{hq}", "us.usfj").replace("{token_id}", "x")
            if (method, relative) in {("post", "/session"), ("get", "/health")}:
                continue
            answer = stranger.request(method, relative)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"


def test_unknown_account_and_wrong_password_get_the_same_answer(served: Served) -> None:
    client = served.client(None)
    answers = [
        client.post("/session", json={"account": account, "password": "certainly wrong"}).json()
        for account in ("viewer", "nobody-of-that-name")
    ]
    assert answers[0] == answers[1]


def test_a_role_bounds_what_an_account_may_do(served: Served) -> None:
    refused = served.client("viewer").post("/log-entries", json=entry(served))
    assert (refused.status_code, refused.json()["code"]) == (403, "person.permission")
    assert served.client("watch").get("/audit").status_code == 403


def test_a_token_does_what_its_scopes_say_until_it_is_revoked(served: Served) -> None:
    browser = signed_in(served)
    made = browser.post(
        "/tokens", json={"name": "feed", "scopes": ["read"], "days": 7}, headers={"x-renkei": "1"}
    ).json()
    program = served.client(None)
    program.headers["authorization"] = f"Bearer {made['token']}"
    assert program.get("/records").status_code == 200
    assert program.post("/log-entries", json=entry(served)).status_code == 403
    assert made["token"] not in browser.get("/tokens").text
    assert browser.delete(f"/tokens/{made['info']['id']}", headers={"x-renkei": "1"}).status_code == 204
    assert program.get("/records").status_code == 401


def test_a_token_cannot_make_tokens(served: Served) -> None:
    program = served.client("watch", Permission.READ)
    refused = program.post("/tokens", json={"name": "more", "scopes": ["read"], "days": 1})
    assert refused.json()["code"] == "token.session_only"


def test_a_name_typed_into_the_wrong_field_is_not_noted(served: Served) -> None:
    mistyped = "my secret password 1"
    served.client(None).post("/session", json={"account": mistyped, "password": "x"})
    served.client(None).post("/session", json={"account": "viewer", "password": "also wrong here"})
    rows = served.client("admin").get("/audit?limit=500").json()
    tries = [row for row in rows if row["action"] == "session.start" and row["outcome"] == "refused"]
    assert {row["object"] for row in tries} >= {"", "viewer"}
    assert mistyped not in str(rows)


def test_whoever_knows_the_password_changes_it_and_all_other_sessions_end(served: Served) -> None:
    here, elsewhere = signed_in(served), signed_in(served)
    head, new = {"x-renkei": "1"}, "the typhoon has passed"
    wrong = here.post("/session/password", json={"current": "not this one", "password": new}, headers=head)
    assert (wrong.status_code, wrong.json()["code"]) == (403, "session.denied")
    short = here.post("/session/password", json={"current": PASSWORD, "password": "short"}, headers=head)
    assert (short.status_code, short.json()["code"]) == (400, "account.password")
    assert elsewhere.get("/session").status_code == 200
    done = here.post("/session/password", json={"current": PASSWORD, "password": new}, headers=head)
    assert done.status_code == 201 and new not in done.text
    assert here.get("/session").json()["account"] == "watch"
    assert elsewhere.get("/session").status_code == 401
    stranger = served.client(None)
    old = stranger.post("/session", json={"account": "watch", "password": PASSWORD})
    assert old.status_code == 401


def test_a_token_cannot_change_the_password(served: Served) -> None:
    program = served.client("watch")
    refused = program.post("/session/password", json={"current": PASSWORD, "password": "another one again"})
    assert (refused.status_code, refused.json()["code"]) == (403, "token.session_only")
