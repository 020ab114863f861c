"""A write that is repeated is done once; a write made for an old version is refused."""

from typing import Any

import httpx
import pytest

from edges.http.served import Served
from renkei.edges.http import once
from renkei.kernel.people import Person


@pytest.fixture
def watch(served: Served) -> httpx.Client:
    return served.client("watch")


def entry(served: Served, text: str = "once") -> dict[str, Any]:
    return {"text": text, "label": served.label("open")}


def test_the_same_request_under_the_same_key_is_logged_once(served: Served, watch: httpx.Client) -> None:
    key = {"Idempotency-Key": "key-of-one-write"}
    size = served.node.master.size
    first, again = (watch.post("/log-entries", json=entry(served), headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["record"] == again.json()["record"]
    assert served.node.master.size == size + 1


def test_a_key_is_its_accounts_and_stands_for_one_request(served: Served, watch: httpx.Client) -> None:
    key = {"Idempotency-Key": "key-of-another-write"}
    watch.post("/log-entries", json=entry(served), headers=key)
    other = watch.post("/log-entries", json=entry(served, "another"), headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "request.key_used")
    theirs = served.client("low").post("/log-entries", json=entry(served), headers=key)
    assert theirs.status_code == 201


def test_what_was_refused_may_be_tried_again_under_its_key(served: Served, watch: httpx.Client) -> None:
    key = {"Idempotency-Key": "key-of-a-refusal"}
    opened = watch.post(
        "/incidents", json={"title": "x", "severity": "minor", "label": served.label("open")}
    ).json()
    where = f"/incidents/{opened['record']['id']}"
    assert watch.post(f"{where}/reopen", json={"reason": "r"}, headers=key).status_code == 409
    assert watch.post(f"{where}/close", json={"reason": "r"}).status_code == 201
    assert watch.post(f"{where}/reopen", json={"reason": "r"}, headers=key).status_code == 201


def test_what_was_done_is_known_after_a_restart(served: Served, watch: httpx.Client) -> None:
    key = {"Idempotency-Key": "key-before-a-restart"}
    first = watch.post("/log-entries", json=entry(served), headers=key).json()
    kept = served.app.edge.once
    try:
        served.app.edge.once = once.Once(served.node.master.facts(once.PREFIX))
        again = watch.post("/log-entries", json=entry(served), headers=key).json()
    finally:
        served.app.edge.once = kept
    assert again["record"]["id"] == first["record"]["id"]


def test_a_write_for_a_version_that_was_replaced_is_refused(served: Served, watch: httpx.Client) -> None:
    opened = watch.post(
        "/incidents", json={"title": "x", "severity": "minor", "label": served.label("open")}
    ).json()
    where = f"/incidents/{opened['record']['id']}"
    assert watch.post(f"{where}/close", json={"reason": "r"}, headers={"If-Match": '"1"'}).status_code == 201
    stale = watch.post(f"{where}/reopen", json={"reason": "r"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (409, "record.version")
    assert watch.post(f"{where}/reopen", json={"reason": "r"}, headers={"If-Match": '"2"'}).status_code == 201


@pytest.mark.parametrize("headers", [{"Idempotency-Key": "short"}, {"If-Match": "3"}, {"If-Match": '"0"'}])
def test_headers_of_another_form_are_refused(
    served: Served, watch: httpx.Client, headers: dict[str, str]
) -> None:
    assert watch.post("/log-entries", json=entry(served), headers=headers).status_code == 400


def test_the_oldest_is_forgotten_and_nothing_grows(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "REMEMBERED", 3)
    book, facts = once.Once(()), dict[str, bytes]()
    person: Person = served.person("watch")
    for number in range(5):
        begun = book.begin(person, f"key-number-{number}", "act", (number,))
        assert isinstance(begun, once.Doing)
        with begun:
            facts |= begun.facts(f"jp.jjoc/{number}")
            begun.logged()
    assert len(facts) == 3
    for known in (book, once.Once(facts.items())):
        assert isinstance(known.begin(person, "key-number-1", "act", (1,)), once.Doing)
        done = known.begin(person, "key-number-4", "act", (4,))
        assert isinstance(done, once.Done)
        assert done.id == "jp.jjoc/4"


def test_a_repeat_while_the_first_runs_is_told_to_wait(served: Served) -> None:
    book, person = once.Once(()), served.person("watch")
    with (
        book.begin(person, "key-that-runs", "act", ()),  # type: ignore[union-attr]
        pytest.raises(Exception, match=r"request\.running"),
    ):
        book.begin(person, "key-that-runs", "act", ())
    assert isinstance(book.begin(person, "key-that-runs", "act", ()), once.Doing)


def test_a_write_that_the_views_do_not_follow_in_time_is_said_to_be_logged(
    served: Served, watch: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = {"Idempotency-Key": "key-while-views-are-behind"}
    with monkeypatch.context() as patch:
        patch.setattr(served.node.views, "wait", lambda *given: False)
        late = [watch.post("/log-entries", json=entry(served, "late"), headers=key) for _ in range(2)]
    assert [(a.status_code, a.json()["code"]) for a in late] == [(503, "record.logged")] * 2
    size = served.node.master.size
    again = watch.post("/log-entries", json=entry(served, "late"), headers=key)
    assert (again.status_code, again.json()["record"]["text"]["text"]) == (201, "late")
    assert served.node.master.size == size


def test_a_version_is_not_logged_over_what_the_views_do_not_show_yet(
    served: Served, watch: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = watch.post("/incidents", json={"title": "x", "severity": "minor", "label": served.label("open")})
    record = opened.json()["record"] | {"version": 2}
    given = {name: value for name, value in record.items() if name not in {"realm", "at", "by"}}
    size = served.node.master.size
    with monkeypatch.context() as patch:
        patch.setattr(served.node.views, "wait", lambda *given: False)
        behind = watch.post("/records", json=given)
    assert (behind.status_code, behind.json()["code"]) == (503, "views.behind")
    assert served.node.master.size == size
    assert watch.post("/records", json=given).status_code == 201
