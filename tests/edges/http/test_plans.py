"""A node's own structure as a document, and checks and differences of a plan that a call brings."""

from datetime import date, timedelta
from typing import Any

import msgspec

from edges.http.served import PASSWORD, Served
from edges.http.test_take_in import planner
from renkei.data import packaged
from renkei.kernel.labels.model import Label
from renkei.kernel.people import Role
from renkei.rooms.command.plans import Structure, encode, read_plan


def example() -> Any:
    return msgspec.json.decode(encode(read_plan(packaged("plans/example.toml"), as_json=False)))


def rules() -> Any:
    return msgspec.json.decode(msgspec.json.encode(msgspec.toml.decode(packaged("plans/example-rules.toml"))))


def test_what_a_node_knows_is_a_structure_under_the_label_of_all_its_records(served: Served) -> None:
    everything = served.clearance(*(c.name for c in served.own.classifications))
    served.node.accounts.create(
        "planner", PASSWORD, post="Planner", roles=[Role.PLANNER], clearance=everything
    )
    watch, low = served.client("planner"), served.client("low")
    claim = {"subject_code": "JP-JJOC", "figure": 240, "counts": "staff", "source": "report"}
    secret = watch.post("/strengths", json={**claim, "label": served.label("duty-usa")})
    assert secret.status_code == 201, secret.text
    found = watch.get("/structure").json()
    structure = msgspec.convert(found["structure"], Structure)
    assert [s.figure for s in structure.strengths] == [240]
    assert [u.code for u in structure.units] == ["JP-JJOC"]
    assert msgspec.convert(found["label"], Label) == served.labels["duty-usa"].canonical()
    assert found["marking"]["ja"]
    assert low.get("/structure").json() == {"structure": {"nations": []}, "label": None, "marking": None}


def test_a_plan_is_checked_against_the_standard_rules_and_its_own(served: Served) -> None:
    watch = served.client("watch")
    answer = watch.post("/plans/check", json={"plan": example(), "rules": rules()})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    outcomes = {result["rule"]: result["outcome"] for result in found["report"]["results"]}
    assert (outcomes["people"], outcomes["hand-over"], outcomes["double.opcon"]) == (
        "refuted",
        "refuted",
        "unknown",
    )
    assert outcomes["responsibilities of B"] == outcomes["cycle.command"] == "proved"
    assert (found["owners"]["centre"], found["owners"]["counterparts"]) == ("A", "shared")
    alone = watch.post(
        "/plans/check", json={"plan": example(), "rules": rules(), "alone": True, "explain": False}
    )
    assert len(alone.json()["report"]["results"]) == len(rules()["rules"])


def test_a_plan_on_record_is_given_as_it_stands_and_checked(served: Served) -> None:
    client = planner(served)
    fact = {"kind": "responsibility", "key": "k", "subject": "JP-JJOC", "function": "exercises"}
    change = {"change": "add", "key": "c", "phase": "1", "fact": fact | {"part": "accountable"}}
    plan = {
        "name": "To be checked",
        "title": {"text": "To be checked", "lang": "en"},
        "phases": [{"key": "1", "names": {"en": "Phase one"}}],
        "changes": [{"change": change}],
        "label": served.label("open"),
    }
    made = client.post("/plans", json=plan)
    assert made.status_code == 201, made.text
    plan_id = made.json()["plan"]["record"]["id"]
    document = client.get(f"/plans/{plan_id}/document").json()["plan"]
    assert [c["key"] for c in document["changes"]] == ["c"]
    assert "JP-JJOC" in {unit["code"] for unit in document["structure"]["units"]}
    report = client.post("/plans/check", json={"plan": document}).json()["report"]
    assert {result["rule"] for result in report["results"]} >= {"hand-over"}
    missing = client.get(f"/plans/{plan_id[:-4]}0000/document")
    assert missing.status_code == 404


def test_a_difference_of_two_branches_is_told_line_by_line(served: Served) -> None:
    sides = {"one": {"branch": "authority=2a"}, "other": {"at": "2a", "branch": "authority=2a"}}
    answer = served.client("watch").post("/plans/diff", json={"plan": example(), **sides})
    assert answer.status_code == 200, answer.text
    words = [(line["word"], line["key"]) for line in answer.json()["lines"]]
    assert ("moved", "AA-AIR opcon AA-HQ") in words


def test_a_faulty_plan_is_refused_by_place(served: Served) -> None:
    plan = example()
    plan["changes"][0]["fact"]["unit"] = "AA-NONE"
    answer = served.client("watch").post("/plans/check", json={"plan": plan})
    assert answer.status_code == 400
    assert answer.json()["code"] == "structure.unit"
    assert "$.changes[0].fact.unit" in answer.json()["expected"]
    unsound = served.client("watch").post("/plans/diff", json={"plan": {"title": {}}})
    assert (unsound.status_code, unsound.json()["code"]) == (400, "plan.form")


def test_a_plan_too_long_to_play_is_refused_before_it_is(served: Served) -> None:
    plan = example()
    options = [{"key": str(n), "names": {"en": "n"}} for n in range(8)]
    plan["choices"] += [{"key": "many", "names": {"en": "many"}, "options": options}]
    for n in range(130):
        fact = {"kind": "unit", "code": f"AA-X{n}", "names": {"en": "x"}, "nation": "A"}
        on = str(date(2026, 12, 1) + timedelta(days=n))
        plan["changes"].append({"change": "add", "key": f"x{n}", "phase": "1", "on": on, "fact": fact})
    answer = served.client("watch").post("/plans/check", json={"plan": plan, "explain": False})
    assert (answer.status_code, answer.json()["code"]) == (400, "plan.work")


def test_nobody_who_is_not_signed_in_is_answered(served: Served) -> None:
    stranger = served.client(None)
    assert stranger.get("/structure").status_code == 401
    assert stranger.post("/plans/check", json={"plan": example()}).status_code == 401


def test_packaged_plans_their_moments_and_the_words_of_reports(served: Served) -> None:
    watch = served.client("watch")
    for name in ("reference", "example"):
        plan = watch.get("/plans/packaged", params={"name": name}).json()["plan"]
        report = watch.post("/plans/check", json={"plan": plan, "explain": False}).json()["report"]
        branch, last = report["branches"][0], report["moments"][-1]
        at = {"branch": branch, "at": last.get("phase") or last["day"]}
        facts = watch.post("/plans/at", json={"plan": plan, "moment": at}).json()["facts"]
        assert {"unit", "relation"} <= {fact["kind"] for fact in facts}
        words = watch.get("/plans/words").json()["words"]
        for result in report["results"]:
            assert result["outcome"] in words["outcomes"]
            assert {f["problem"] for f in result["findings"]} <= words["problems"].keys()
    wrong = watch.post("/plans/at", json={"plan": plan, "moment": {"at": "someday"}})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "plan.date")
    assert watch.get("/plans/packaged", params={"name": "other"}).status_code == 400
