"""Deciding anew through the front door: what stayed while nothing was agreed goes once an officer says so."""

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from edges.http.served import Served
from edges.http.test_release import USFJ, agreed, decision, held, label, release, until
from renkei.kernel.labels.presets import demo_clearances


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    one = Served(tmp_path_factory.mktemp("node") / "data", prepare=agreed)
    yield one
    one.close()


def page(officer: httpx.Client) -> dict[str, str]:
    found = officer.get(f"/release/anew/{USFJ}").json()["items"]
    return {one["record"]["record"]["id"]: one["outcome"] for one in found}


def test_what_stayed_is_listed_and_goes_or_waits_once_an_officer_says_so(served: Served) -> None:
    watch, officer = served.client("watch"), served.client("disclosure")
    (standing,) = until(lambda: officer.get("/release/agreements").json())
    assert officer.post(f"/release/agreements/{standing['agreement']['id']}/end", json={}).status_code == 200
    given = {"text": "港は開いている", "label": label(served, "usa")}
    entry = str(watch.post("/log-entries", json=given).json()["record"]["id"])
    national = given | {"label": label(served, "national")}
    stays = str(watch.post("/log-entries", json=national).json()["record"]["id"])
    reviewed = decision(served, watch)
    until(lambda: release(watch, reviewed)["code"] == "agreement.ended")
    assert page(officer) == {}

    ceiling = msgspec.to_builtins(demo_clearances("jp.jjoc").partners[USFJ])
    covers = [{"kind": "*", "ceiling": ceiling}]
    made = officer.post("/release/agreements", json={"partner": USFJ, "cites": "Order 6", "covers": covers})
    assert made.status_code == 201, made.text
    until(lambda: page(officer) == {entry: "released", reviewed: "held"})
    assert release(watch, entry)["state"] is None, "nothing goes by itself"

    def said(*records: str, version: int = 1, **more: Any) -> httpx.Response:
        items = [{"record": record, "version": version} for record in records]
        body = {"partner": USFJ, "because": made.json()["id"], "reason": "Order 6 covers it", "items": items}
        return officer.post("/release/anew", json=body | more)

    assert said(entry, version=2).json()["code"] == "anew.version"
    assert said(entry, because=entry).json()["code"] == "anew.because"
    assert said(entry, because=standing["agreement"]["id"]).json()["code"] == "anew.because"
    assert said(entry, partner="ph.afp").json()["code"] == "partner.unknown"
    body = {"partner": USFJ, "because": made.json()["id"], "reason": "x", "items": []}
    assert watch.post("/release/anew", json=body).status_code in {403, 422}
    assert watch.get(f"/release/anew/{USFJ}").status_code == 403

    first = said(entry, stays, reviewed)
    assert first.status_code == 201, first.text
    until(lambda: release(watch, entry)["state"])
    assert held(officer, reviewed)["version"] == 1
    assert release(watch, stays)["state"] is None
    assert page(officer) == {}
    again = said(reviewed, stays, entry)
    assert (again.status_code, again.json()) == (201, first.json()), "said twice, it is one record"
    left = officer.get(f"/records/{entry}/departures").json()
    assert len(left) == 1
