"""Taking a structure in over HTTP: one's own nation's facts, in one append or not at all."""

from typing import Any

import httpx

from edges.http.served import PASSWORD, Served
from renkei.kernel.people import Role

NATIONS = [{"key": "Japan", "names": {"en": "Japan"}}, {"key": "US", "names": {"en": "United States"}}]


def unit(code: str, nation: str = "Japan", **said: Any) -> dict[str, Any]:
    return {"kind": "unit", "code": code, "names": {"en": code, "ja": "試験"}, "nation": nation, **said}


def structure(*units: dict[str, Any], **lists: Any) -> dict[str, Any]:
    return {"nations": NATIONS, "units": list(units), **lists}


def planner(served: Served) -> httpx.Client:
    """A client of a post that plans, made when first asked for."""
    if served.node.accounts.person("planner") is None:
        held = served.person("watch").clearance
        served.node.accounts.create("planner", PASSWORD, post="planner", roles=[Role.PLANNER], clearance=held)
    return served.client("planner")


def entries(served: Served) -> int:
    return served.node.master.size


def test_a_structure_is_taken_in_in_one_append_and_again_changes_nothing(served: Served) -> None:
    relation = {"kind": "relation", "key": "r", "relation": "command", "subject": "JP-TA", "object": "JP-TB"}
    body = {
        "structure": structure(unit("JP-TA", level="brigade"), unit("JP-TB"), relations=[relation]),
        "label": served.label("open"),
    }
    client, before = planner(served), entries(served)
    tried = client.post("/structure", json=body | {"dry_run": True})
    assert (tried.status_code, tried.json()["written"]) == (200, False), tried.text
    assert entries(served) == before
    key = {"idempotency-key": "take-in-once"}
    taken = client.post("/structure", json=body, headers=key).json()
    assert (taken["new"], taken["changed"], taken["leftOut"]) == ({"unit": 2, "relation": 1}, {}, [])
    assert entries(served) == before + 3
    for headers in (key, {}):
        again = client.post("/structure", json=body, headers=headers).json()
        assert (again["new"], again["changed"], again["written"]) == ({}, {}, True)
    assert entries(served) == before + 3


def test_another_nations_lines_and_what_does_not_fit_are_refused_whole(served: Served) -> None:
    client, before = planner(served), entries(served)
    body = {"structure": structure(unit("JP-TC"), unit("US-TC", "US")), "label": served.label("open")}
    refused = client.post("/structure", json=body)
    assert (refused.status_code, refused.json()["code"]) == (400, "import.faults")
    assert "a change of Japan's own facts or shared ones at unit US-TC" in refused.json()["expected"]
    late = unit("JP-TD", since="2026-01-01", until="2025-01-01")
    refused = client.post("/structure", json=body | {"structure": structure(late)})
    assert "a day after since" in refused.json()["expected"]
    refused = client.post("/structure", json=body | {"structure": {"units": [{"code": "x"}]}})
    assert (refused.status_code, refused.json()["code"]) == (400, "structure.form")
    assert entries(served) == before


def test_everything_wrong_with_a_structure_is_told_at_once(served: Served) -> None:
    client, before = planner(served), entries(served)
    lines = [unit("US-TX", "US"), unit("US-TY", "US"), unit("JP-TX", since="2026-01-01", until="2025-01-01")]
    told = client.post(
        "/structure", json={"structure": structure(*lines), "label": served.label("open")}
    ).json()
    assert [fault["where"] for fault in told["faults"]] == [
        "unit JP-TX column until",
        "unit US-TX",
        "unit US-TY",
    ]
    assert all(fault["expected"] and fault["came"] for fault in told["faults"])
    wrong = {"nations": NATIONS, "units": [unit("JP-TX"), {"code": 5}, unit("JP-TZ", since="soon")]}
    told = client.post("/structure", json={"structure": wrong, "label": served.label("open")}).json()
    assert (told["code"], [fault["where"] for fault in told["faults"]]) == (
        "structure.form",
        ["$.units[1].code", "$.units[1].names", "$.units[1].nation", "$.units[2].since"],
    )
    many = structure(*(unit(f"US-T{n}", "US") for n in range(150)))
    told = client.post("/structure", json={"structure": many, "label": served.label("open")}).json()
    assert (len(told["faults"]), told["more"]) == (100, True)
    assert entries(served) == before


def test_whoever_may_not_change_the_structure_is_refused(served: Served) -> None:
    body = {"structure": structure(unit("JP-TE")), "label": served.label("open")}
    for client in (served.client("viewer"), served.client("watch")):
        assert client.post("/structure", json=body).status_code == 403
