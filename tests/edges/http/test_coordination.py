"""The coordination room through the front door of one node."""

from typing import Any

import httpx
import msgspec
import pytest

from edges.http.served import PASSWORD, Served
from renkei.kernel.labels.model import Label


@pytest.fixture
def watch(served: Served) -> httpx.Client:
    return served.client("watch")


def made(answer: httpx.Response) -> Any:
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_an_incident_is_opened_filled_closed_and_reopened(served: Served, watch: httpx.Client) -> None:
    label = served.label("duty-usa")
    opened = made(
        watch.post("/incidents", json={"title": "津波注意報", "severity": "moderate", "label": label})
    )
    incident = opened["record"]["id"]
    made(watch.post("/log-entries", json={"text": "市役所から電話", "label": label, "incident": incident}))
    options = [{"title": "Send now", "for": "time"}, {"title": "Wait"}]
    decision = {
        "title": "Survey",
        "options": options,
        "chosen": "A",
        "authority": "Commander",
        "reasons": "Daylight",
        "label": label,
        "incident": incident,
    }
    made(watch.post("/decisions", json=decision))
    made(
        watch.post("/tasks", json={"title": "Survey", "to": "jp.jjoc", "label": label, "incident": incident})
    )
    view = watch.get(f"/incidents/{incident}").json()
    assert len(view["log"]) == len(view["decisions"]) == len(view["tasks"]) == 1
    assert view["incident"]["record"]["title"] == {"text": "津波注意報", "lang": "ja"}
    closed = made(watch.post(f"/incidents/{incident}/close", json={"reason": "cancelled"}))
    assert closed["record"]["status"] == "closed"
    again = watch.post(f"/incidents/{incident}/close", json={"reason": "cancelled"})
    assert again.status_code == 409
    assert (
        made(watch.post(f"/incidents/{incident}/reopen", json={"reason": "aftershock"}))["record"]["version"]
        == 3
    )
    assert served.client("low").get(f"/incidents/{incident}").status_code == 404


def test_a_write_is_readable_by_the_very_next_request(served: Served, watch: httpx.Client) -> None:
    for n in range(10):
        entry = made(watch.post("/log-entries", json={"text": f"entry {n}", "label": served.label("open")}))
        newest = watch.get("/log-entries?limit=1").json()["items"][0]
        assert newest["record"]["id"] == entry["record"]["id"]


def test_a_request_needs_a_partner(served: Served, watch: httpx.Client) -> None:
    body = {
        "to": "us.usfj",
        "title": "Pumps",
        "need": "Two pumps",
        "acknowledge_by": "2030-01-01T00:00:00Z",
        "answer_by": "2030-01-02T00:00:00Z",
        "label": served.label("duty-usa"),
    }
    answer = watch.post("/requests", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.to")


def test_a_task_goes_through_its_states(served: Served, watch: httpx.Client) -> None:
    task = made(
        watch.post("/tasks", json={"title": "Survey", "to": "jp.jjoc", "label": served.label("open")})
    )
    path = f"/tasks/{task['task']['record']['id']}"
    assert watch.get(path).json()["actions"]
    accepted = made(watch.post(f"{path}/answer", json={"outcome": "accepted"}))
    assert accepted["state"] == "accepted"
    assert made(watch.post(f"{path}/progress", json={"state": "done"}))["state"] == "done"
    assert watch.post(f"{path}/answer", json={"outcome": "declined", "reason": "x"}).status_code == 409
    assert [t["state"] for t in watch.get("/tasks?state=done").json()["items"]] == ["done"]


def test_rows_carry_the_marking_of_every_label_on_them(served: Served, watch: httpx.Client) -> None:
    rows = watch.get("/requests/rows").json()
    assert rows == {"items": [], "labels": {}}
    assert watch.get("/requests/rows?of=jp.jjoc/01K00000000000000000000000").json()["items"] == []
    assert watch.get("/requests/rows?" + "of=x&" * 201).status_code == 400


def test_a_watch_is_handed_over_and_taken_over(served: Served, watch: httpx.Client) -> None:
    label = served.label("open")
    entry = {"text": "harbour flooded", "significant": True, "label": label}
    event = made(watch.post("/log-entries", json=entry))["record"]["id"]
    task = made(watch.post("/tasks", json={"title": "Count boats", "to": "jp.jjoc", "label": label}))
    draft = watch.get("/handovers/draft").json()
    assert task["task"]["record"]["id"] in [item["about"] for item in draft["items"]]
    assert event in [seen["record"]["id"] for seen in draft["significant"]]
    once = {"Idempotency-Key": "01K00000000000000000000000"}
    posted = [
        watch.post("/handovers", json={"label": label, "remarks": "quiet"}, headers=once) for _ in range(2)
    ]
    sheet, again = (made(answer)["record"] for answer in posted)
    assert sheet["id"] == again["id"]
    assert (sheet["kind"], sheet["outgoing"]["account"]) == ("handover", "watch")
    path = f"/handovers/{sheet['id']}/sign"
    assert watch.post(path).json()["code"] == "handover.same"
    assert served.client("viewer").post(path).status_code == 403
    assert served.client("low").post(path).json()["code"] == "handover.cut"
    held = served.person("watch")
    served.node.accounts.create(
        "relief", PASSWORD, post="Relief", roles=list(held.roles), clearance=held.clearance
    )
    signed = made(served.client("relief").post(path))["record"]
    assert (signed["incoming"]["account"], signed["outgoing"]["account"]) == ("relief", "watch")
    assert watch.get("/handovers").json()["items"][0]["record"]["version"] == 2


def test_nobody_signs_by_appending_a_record(served: Served, watch: httpx.Client) -> None:
    forged = {
        "kind": "handover",
        "label": served.label("open"),
        "since": "2022-09-18T00:00:00Z",
        "outgoing": {"account": "admin", "post": "", "at": "2022-09-18T00:00:00Z"},
    }
    answer = watch.post("/records", json=forged)
    assert (answer.status_code, answer.json()["code"]) == (400, "record.form")


def test_a_translation_makes_a_new_version(served: Served, watch: httpx.Client) -> None:
    entry = made(watch.post("/log-entries", json={"text": "冠水", "label": served.label("open")}))
    path = f"/records/{entry['record']['id']}"
    body = {"field": "text", "lang": "en", "text": "flooded", "reviewed": True}
    view = made(watch.post(f"{path}/translations", json=body))
    assert view["record"]["version"] == 2
    assert view["record"]["text"]["translations"][0]["by"] == "watch post"


def test_every_write_and_refusal_is_in_the_audit_without_content(served: Served, watch: httpx.Client) -> None:
    entry = made(
        watch.post("/log-entries", json={"text": "very private words", "label": served.label("open")})
    )
    served.client("viewer").post(
        "/log-entries", json={"text": "refused words", "label": served.label("open")}
    )
    served.client("low").get("/records/jp.jjoc/01K00000000000000000000000")
    watch.post("/records", json={"kind": "?"})
    rows = served.client("admin").get("/audit?limit=500").json()
    by = {(row["account"], row["outcome"], row["action"]): row for row in reversed(rows)}
    assert by["watch", "done", "write_log_entry"]["object"] == entry["record"]["id"]
    assert by["viewer", "refused", "POST /log-entries"]["why"] == "person.permission"
    missed = by["low", "refused", "GET /records/{owner:str}/{key:str}"]
    assert missed["object"] == "jp.jjoc/01K00000000000000000000000"
    assert by["watch", "refused", "records.append"]["why"] == "record.form"
    assert "words" not in str(rows)
    assert [row["seq"] for row in rows] == sorted((row["seq"] for row in rows), reverse=True)


def test_the_map_has_what_was_reported_and_drawn(served: Served, watch: httpx.Client) -> None:
    label = served.label("open")
    point = {"type": "Point", "coordinates": [125.28, 24.8]}
    made(watch.post("/positions", json={"geometry": point, "label": label, "name": "JDS"}))
    ring = [[124, 24], [126, 24], [126, 25], [124, 25], [124, 24]]
    area = {"geometry": {"type": "Polygon", "coordinates": [ring]}, "purpose": "search", "label": label}
    made(watch.post("/areas", json=area))
    found = watch.get("/map?bbox=125,24,126,25").json()["items"]
    assert {view["record"]["kind"] for view in found} == {"position", "area"}
    assert watch.get("/map?bbox=0,0,1,1").json()["items"] == []
    collection = watch.get("/map.geojson?bbox=125,24,126,25&kind=position").json()
    assert collection["type"] == "FeatureCollection"
    assert collection["features"][0]["geometry"] == point
    bad = watch.post(
        "/positions", json={"geometry": {"type": "Point", "coordinates": [999, 0]}, "label": label}
    )
    assert bad.status_code == 400 and bad.json()["code"].startswith("geojson")


def test_what_a_label_means_is_told_before_it_is_used(served: Served, watch: httpx.Client) -> None:
    answer = watch.post("/labels/check", json={"label": served.label("duty-usa")}).json()
    assert answer["readable"] and answer["marking"]["ja"] and answer["audience"] == []
    low = served.client("low").post("/labels/check", json={"label": served.label("duty-usa")}).json()
    assert not low["readable"]
    bad = watch.post("/labels/check", json={"label": {"policy": "x", "classification": "y"}})
    assert bad.status_code == 422


def test_what_is_shown_together_is_marked_by_the_server(served: Served, watch: httpx.Client) -> None:
    keys = list(served.labels)
    answer = watch.post("/labels/aggregate", json={"labels": [served.label(key) for key in keys]})
    assert answer.status_code == 200
    of_all = served.node.policies.aggregate(list(served.labels.values()))
    assert isinstance(of_all, Label)
    assert msgspec.convert(answer.json()["label"], Label).canonical() == of_all.canonical()
    assert answer.json()["marking"]["en"] == served.node.policies.mark(of_all).en
    alone = watch.post("/labels/aggregate", json={"labels": [served.label("open")]}).json()
    assert alone["marking"]["en"] == served.node.policies.mark(served.labels["open"]).en
    for bad, status in (([], 400), ([served.label("open")] * 201, 400)):
        assert watch.post("/labels/aggregate", json={"labels": bad}).status_code == status
    unknown = {"policy": "x", "classification": "y"}
    assert watch.post("/labels/aggregate", json={"labels": [unknown]}).status_code == 422
