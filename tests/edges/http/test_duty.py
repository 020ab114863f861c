"""Functions, responsibilities, duty hours and legal bases over HTTP, and who is on duty."""

from typing import Any

from edges.http.served import Served
from edges.http.test_take_in import planner

NAMES = {"en": "Logistics section", "ja": "後方補給班"}
OFFICE = [{"days": [0, 1, 2, 3, 4], "from": "08:00", "to": "17:00", "utc_offset": 9.0}]


def said(served: Served, **more: Any) -> dict[str, Any]:
    return {"label": served.label("open"), "source": "standing orders", **more}


def test_a_planner_records_a_post_its_hours_and_what_it_answers_for(served: Served) -> None:
    client = planner(served)
    post = {"code": "DUTY-J4", "names": NAMES, "unit_code": "JP-JJOC", "hours": "duty test"}
    for path, given in (
        ("/duty-hours", {"key": "duty test", "spans": "always"}),
        ("/functions", {"key": "ferrying", "names": {"en": "Ferrying", "ja": "渡河"}}),
        ("/legal-bases", {"key": "order 1", "names": {"en": "Order 1"}, "nations": ["Japan"]}),
        ("/posts", post | {"functions": ["logistics"]}),
        (
            "/responsibilities",
            {
                "unit_code": "JP-JJOC",
                "post_code": "DUTY-J4",
                "function": "ferrying",
                "part": "responsible",
                "under": ["order 1"],
            },
        ),
    ):
        made = client.post(path, json=said(served, **given))
        assert made.status_code == 201, made.text
        listed = client.get(path).json()["items"]
        assert made.json()["record"]["id"] in [item["record"]["id"] for item in listed], path
    found = client.get("/command/duty").json()
    (one,) = [p for p in found["posts"] if p["post"] == "DUTY-J4"]
    assert (one["on_duty"], one["changes_at"], one["functions"]) == (True, None, ["logistics"])
    assert one["answers"] == [{"function": "ferrying", "part": "responsible", "extent": "", "of_unit": False}]
    assert found["functions"]["ferrying"]["ja"] == "渡河"
    other = client.get("/command/duty", params={"on": "2030-01-01"}).json()
    assert [p["on_duty"] for p in other["posts"] if p["post"] == "DUTY-J4"] == [None]


def test_another_nations_post_and_hours_that_there_are_not_are_refused(served: Served) -> None:
    client = planner(served)
    foreign = client.post("/posts", json=said(served, code="X", names=NAMES, unit_code="US-USFJ"))
    assert (foreign.status_code, foreign.json()["code"]) == (403, "structure.nation")
    odd = [{**OFFICE[0], "to": "24:30"}]
    wrong = client.post("/duty-hours", json=said(served, key="odd", spans=odd))
    assert (wrong.status_code, wrong.json()["code"]) == (422, "hours.spans")
    empty = client.post("/functions", json=said(served, key="", names=NAMES))
    assert empty.status_code in {400, 422}


def test_whoever_does_not_plan_is_refused(served: Served) -> None:
    given = said(served, key="x", spans=OFFICE)
    for client in (served.client("viewer"), served.client("watch")):
        assert client.post("/duty-hours", json=given).status_code == 403
