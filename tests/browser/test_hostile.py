"""Hostile text in every free field, shown harmlessly on every page that shows it, wide and narrow."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Open
from .looks import NARROW, WIDE, faults
from .pair import Pair

TAG = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
LONG = "長" * 180 + "w" * 180
"""A line without a place to break, in both scripts."""
ZALGO = "Z\u0335\u0321a\u0337l\u0338g\u0336o"
EVIL = f"{TAG} \u202egnitseretni\u2066 {{{{7*7}}}} ｶﾃﾞﾅ 🚁 {LONG} ﷽ {ZALGO}"
SHORT = '"><img src=x onerror="document.title=\'owned\'">\u202eevil ｶﾃﾞﾅ'
"""For names, which are shorter."""


def later(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


@pytest.fixture(scope="module")
def poisoned(pair: Pair) -> dict[str, str]:
    """One record of each kind a person can write, every free text in it hostile; ids by what they are."""
    jjoc, usfj = pair.jjoc, pair.usfj
    watch, planner = jjoc.api("watch"), jjoc.api("planner")
    label = jjoc.label("Unclassified, releasable to USA")
    head = {"label": label}

    def put(where: str, body: Any, by: Any = watch) -> str:
        return str(by.post(where, body | head)["record"]["id"])

    incident = put("/incidents", {"title": EVIL, "summary": EVIL, "severity": "moderate"})
    asked = watch.post(
        "/requests",
        {
            "to": "us.usfj",
            "title": EVIL,
            "need": EVIL,
            "incident": incident,
            "items": [{"what": SHORT, "quantity": 3, "unit": SHORT, "where": SHORT}],
            "acknowledge_by": later(1),
            "answer_by": later(4),
            **head,
        },
    )["request"]["record"]["id"]
    ids = {"incidents": incident, "requests": str(asked)}
    ids["log"] = put(
        "/log-entries",
        {
            "text": EVIL,
            "from_post": SHORT,
            "to_post": SHORT,
            "incident": incident,
            "request": asked,
            "significant": True,
        },
    )
    task = {"to": "jp.jjoc", "title": EVIL, "detail": EVIL, "assignee": SHORT, "incident": incident}
    ids["tasks"] = str(watch.post("/tasks", task | head)["task"]["record"]["id"])
    ids["decisions"] = put(
        "/decisions",
        {
            "title": EVIL,
            "authority": SHORT,
            "options": [{"title": SHORT, "for": EVIL, "against": EVIL}, {"title": "Wait"}],
            "chosen": SHORT,
            "reasons": EVIL,
            "incident": incident,
        },
    )
    here = {"type": "Point", "coordinates": [125.3, 24.8]}
    put("/positions", {"geometry": here, "name": SHORT, "name_ja": SHORT, "note": EVIL})
    box = [[[125, 24], [126, 24], [126, 25], [125, 25], [125, 24]]]
    area = {
        "geometry": {"type": "Polygon", "coordinates": box},
        "purpose": "search",
        "name": SHORT,
        "note": EVIL,
    }
    put("/areas", area)
    put("/handovers", {"remarks": EVIL})
    strength = {"subject_code": "US-USFJ", "figure": 1, "counts": SHORT, "source": EVIL[:400], "note": EVIL}
    planner.post("/strengths", strength | head)
    planner.post("/plans", plan() | head)
    pair.jjoc.api("admin").post("/tokens", {"name": SHORT, "scopes": ["read"], "days": 1})
    answer(usfj, pair)
    return ids


def plan() -> dict[str, Any]:
    unit = {"kind": "unit", "code": "JP-EVIL", "names": {"en": SHORT, "ja": SHORT}, "nation": "Japan"}
    return {
        "name": SHORT,
        "title": EVIL,
        "phases": [{"key": "p", "names": {"en": SHORT, "ja": SHORT}, "on": "2027-04-01"}],
        "changes": [{"change": {"change": "add", "key": "c", "phase": "p", "fact": unit}}],
    }


def answer(usfj: Any, pair: Pair) -> None:
    """USFJ answers the hostile request with a hostile offer."""
    api = usfj.api("watch")
    rows = api.get("/requests/rows")["items"]
    theirs = next(r["id"] for r in rows if TAG in r["title"]["text"])
    label = usfj.label("Unclassified, releasable to Japan")
    offer = {"what": SHORT, "quantity": 1, "unit": SHORT, "from_place": SHORT}
    given = {"outcome": "partial", "reason": EVIL, "offers": [offer], "review_at": later(6), "label": label}
    api.post(f"/requests/{theirs}/acknowledge", {"note": EVIL, "label": label})
    api.post(f"/requests/{theirs}/answer", given)


def harmless(page: Page, where: str, width: int) -> None:
    assert page.evaluate("document.title") != "owned", where
    assert page.locator("img[src='x'], [onerror]").count() == 0, where
    assert page.locator("main script").count() == 0, where
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"{where} is {wide} wide"


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1440", "390"])
def test_hostile_text_in_every_field_is_harmless_on_every_page(
    pair: Pair, open_page: Open, poisoned: dict[str, str], size: tuple[int, int]
) -> None:
    page = open_page(pair.jjoc, "watch", "ja", size)
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    details = [f"{room}/{poisoned[room]}" for room in ("incidents", "requests")]
    records = [f"records/{id_}" for id_ in poisoned.values()] + [f"release/{poisoned['requests']}"]
    rooms = (
        "board",
        "log",
        "picture",
        "tasks",
        "decisions",
        "structure",
        "plans",
        "attention",
        "report",
        "handover",
    )
    for where in (*rooms, *details, *records, "search?q=ｶﾃﾞﾅ", "me"):
        page.goto(f"{pair.jjoc.url}/#/{where}")
        page.locator("main :is(h1, h2, canvas):visible").first.wait_for()
        if where in ("log", "tasks", "decisions", *details, *records):
            expect(page.locator("main")).to_contain_text("<img src=x")
        harmless(page, where, size[0])
    for where in details:
        page.goto(f"{pair.jjoc.url}/#/{where}")
        page.locator("main :visible", has_text="<img src=x").first.wait_for()
        assert faults(page) == [], where


def test_the_partner_shows_it_as_harmlessly(pair: Pair, open_page: Open, poisoned: dict[str, str]) -> None:
    page = open_page(pair.usfj, "watch", "en", NARROW, at="#/board")
    for where in ("board", "log", "decisions", "attention", "report", "picture"):
        page.goto(f"{pair.usfj.url}/#/{where}")
        page.locator("main :is(h1, h2, canvas):visible").first.wait_for()
        harmless(page, where, NARROW[0])
