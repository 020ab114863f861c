"""A unit's posts on screen: what each has to do with which function, and who is on duty now."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import expect

from .conftest import Open
from .looks import NARROW, faults
from .pair import Headquarters, Pair

ALL_TO_USA = "Unclassified, releasable to USA"


def spans(begin: datetime, end: datetime) -> list[dict[str, Any]]:
    """Duty in Tokyo from one moment to another of the same or the next day, every week."""
    local = [at.astimezone(UTC) + timedelta(hours=9) for at in (begin, end)]
    times = {"from": f"{local[0]:%H:%M}", "to": f"{local[1]:%H:%M}", "utc_offset": 9.0}
    return [{"days": [local[0].weekday()], **times}]


def staffed(hq: Headquarters) -> datetime:
    """Three posts: on duty now, off duty now, nobody knows; until when the first is on duty."""
    api, now = hq.api("planner"), datetime.now(UTC).replace(second=0, microsecond=0)
    label = {"label": hq.label(ALL_TO_USA), "source": "synthetic"}
    until = now + timedelta(hours=2)
    api.post("/duty-hours", label | {"key": "now", "spans": spans(now - timedelta(hours=2), until)})
    later = spans(until, until + timedelta(hours=2))
    api.post("/duty-hours", label | {"key": "later", "spans": later})
    api.post("/functions", label | {"key": "ferrying", "names": {"en": "Ferrying", "ja": "渡河"}})
    for code, en, ja, hours in (
        ("J3-W", "Operations watch", "運用当直", "now"),
        ("J4", "Logistics section", "後方補給班", "later"),
        ("J9", "Civil affairs section", "民生班", ""),
    ):
        post = {"code": code, "names": {"en": en, "ja": ja}, "unit_code": "JP-JJOC", "hours": hours}
        api.post("/posts", label | post | {"functions": ["operations"] if code == "J3-W" else []})
    for code, function, part in (
        ("J4", "logistics", "accountable"),
        ("J4", "ferrying", "consulted"),
        ("", "disaster-relief", "responsible"),
    ):
        line = {"unit_code": "JP-JJOC", "post_code": code, "function": function, "part": part}
        api.post("/responsibilities", label | line)
    return until


def test_a_partners_posts_show_with_their_parts_and_who_is_on_duty(pair: Pair, open_page: Open) -> None:
    until = staffed(pair.jjoc)
    tokyo = until + timedelta(hours=9)
    for hq, lang, on, off, unknown in (
        (pair.usfj, "en", "on duty now", "off duty now", "duty hours not known"),
        (pair.jjoc, "ja", "現在勤務中", "現在勤務時間外", "勤務時間不明"),
    ):
        page = open_page(hq, "viewer", lang, at="#/structure?unit=JP-JJOC")
        watch, logistics = page.locator("[data-post=J3-W]"), page.locator("[data-post=J4]")
        expect(watch).to_have_attribute("data-duty", "on")
        expect(watch).to_contain_text(on)
        expect(watch).to_contain_text(f"{tokyo:%H:%M}I")
        expect(logistics).to_have_attribute("data-duty", "off")
        expect(logistics).to_contain_text(off)
        expect(logistics.locator("abbr").first).to_have_text("C" if lang == "en" else "協")
        expect(logistics).to_contain_text("Ferrying" if lang == "en" else "渡河")
        expect(logistics).to_contain_text("Disaster relief" if lang == "en" else "災害派遣")
        expect(page.locator("[data-post=J9]")).to_contain_text(unknown)
        assert faults(page) == []


def test_the_frames_clocks_tell_recorded_duty_hours_and_office_hours_where_none_are_recorded(
    pair: Pair, open_page: Open
) -> None:
    """The demo's posts keep Tokyo's hours; nobody has recorded any of Washington's."""
    posts = [p for p in pair.usfj.api("viewer").get("/command/duty")["posts"] if p["on_duty"] is not None]
    for lang, recorded, office in (
        ("en", "recorded duty hours", "office hours"),
        ("ja", "登録された勤務時間", "執務時間"),
    ):
        page = open_page(pair.usfj, "viewer", lang)
        tokyo, washington = (
            page.locator(f".clocks [data-duty={place}]") for place in ("tokyo", "washington")
        )
        expect(tokyo).to_have_attribute("title", re.compile(recorded))
        expect(tokyo).to_contain_text("●")  # a watch stands round the clock
        told = str(tokyo.get_attribute("title"))
        assert str(len(posts)) in told.splitlines()[0]
        assert {"en": "Watch officer, USFJ", "ja": "当直幹部"}[lang] in told
        expect(washington).to_have_attribute("title", re.compile(office))
        assert faults(page) == []


def test_the_frames_clocks_ask_anew_when_somebodys_duty_begins_or_ends(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.usfj, "viewer", "en")
    page.clock.install()
    page.reload()
    tokyo = page.locator(".clocks [data-duty=tokyo]")
    expect(tokyo).to_have_attribute("title", re.compile("recorded duty hours"))
    found = pair.usfj.api("viewer").get("/command/duty")
    change = min(datetime.fromisoformat(p["changes_at"]) for p in found["posts"] if p["changes_at"])
    wait = change - datetime.fromisoformat(found["at"]) + timedelta(minutes=1)
    with page.expect_request(re.compile("/command/duty")):
        page.clock.fast_forward(int(wait.total_seconds() * 1000))


def test_another_day_tells_no_present(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "viewer", "en", at="#/structure?unit=JP-JJOC")
    expect(page.locator("[data-post=J3-W]")).to_have_attribute("data-duty", "on")
    page.locator(".asof input[type=date]").fill("2031-01-01")
    expect(page.locator("[data-post=J3-W]")).to_contain_text("duty hours: now")
    expect(page.locator("[data-post=J9]")).to_contain_text("duty hours not known")


def test_posts_fit_a_phone(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.usfj, "viewer", "ja", at="#/structure?unit=JP-JJOC", size=NARROW)
    expect(page.locator("[data-post=J4]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert faults(page) == []
