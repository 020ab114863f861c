"""What leaves the screen by a person's hand (files, paper, addresses) carries its marking and nothing else;
the structure is read, and only drafted upon."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from .conftest import Open
from .pair import Headquarters, Pair

LEVELS = (("UNCLASSIFIED", "非区分"), ("DUTY USE", "業務用"), ("GUARDED", "取扱制限"), ("SEALED", "封緘"))
HOSTILE = '=HYPERLINK("http://example.invalid","x") \u202egnitseretni'


def taken(page: Page, name: str) -> str:
    """The file that a button of the report page makes."""
    with page.expect_download() as download:
        page.locator(f"[data-export={name}]").click()
    return Path(download.value.path()).read_text("utf-8")


def write(hq: Headquarters, text: str, label: str) -> None:
    hq.api("watch").post("/log-entries", {"text": text, "label": hq.label(label)})


def level(mark: str) -> int:
    """Where a marking stands among Japan's classifications: what other tests wrote is on the list too."""
    return next(at for at, words in enumerate(LEVELS) if any(word in mark.split("//") for word in words))


def test_a_list_as_csv_is_marked_row_by_row_and_holds_no_formula(pair: Pair, open_page: Open) -> None:
    write(pair.jjoc, HOSTILE, "Duty use, releasable to USA")
    write(pair.jjoc, "for everybody", "Unclassified, for every partner")
    page = open_page(pair.jjoc, "watch", at="#/report")
    rows = list(csv.reader(StringIO(taken(page, "log").removeprefix("\ufeff"))))
    assert rows[0] == rows[-1]
    marks = {row[3] or row[4]: row[0] for row in rows[2:-1]}
    highest = max(LEVELS.index(("DUTY USE", "業務用")), *map(level, marks.values()))
    assert all(word in rows[0][0] for word in LEVELS[highest])
    assert "DUTY USE" in marks["'" + HOSTILE.replace("\u202e", "")]
    assert "UNCLASSIFIED" in marks["for everybody"]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_who_may_see_less_takes_out_less_under_a_lower_marking(pair: Pair, open_page: Open) -> None:
    write(pair.usfj, "kept from viewers, exported", "National only")
    write(pair.usfj, "open to viewers, exported", "Unclassified, for every partner")
    files = {
        account: taken(open_page(pair.usfj, account, at="#/report"), "log") for account in ("watch", "viewer")
    }
    assert "kept from viewers, exported" in files["watch"]
    assert "NATIONALS ONLY" in files["watch"].splitlines()[0]
    assert "kept from viewers, exported" not in files["viewer"]
    assert "open to viewers, exported" in files["viewer"]
    assert "NATIONALS ONLY" not in files["viewer"]


def test_the_map_as_geojson_carries_marks(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch", at="#/report")
    whole: dict[str, Any] = json.loads(taken(page, "map"))
    assert whole["type"] == "FeatureCollection"
    assert whole["marking"]["en"]
    assert whole["marking"]["ja"]
    kinds = {feature["properties"]["kind"] for feature in whole["features"]}
    assert {"hazard", "site"} <= kinds
    assert all(feature["properties"]["marking"]["en"] for feature in whole["features"])


def test_the_report_prints_with_its_marking_at_head_and_foot_and_without_the_frame(
    pair: Pair, open_page: Open
) -> None:
    page = open_page(pair.jjoc, "watch", "ja", at="#/report")
    expect(page.locator("[data-part=hazards]")).to_contain_text("宮古島・八重山地方")
    page.emulate_media(media="print")
    for place in ("top", "bottom"):
        strip = page.locator(f"[data-place={place}]")
        expect(strip).to_be_visible()
        assert strip.evaluate("e => getComputedStyle(e).position") == "fixed"
    for hidden in ("nav.rail", "search", "[data-act=print]"):
        expect(page.locator(hidden).first).to_be_hidden()
    assert page.pdf()[:5] == b"%PDF-"


def test_an_address_shows_its_reader_the_record_and_others_the_ordinary_not_found(
    pair: Pair, open_page: Open
) -> None:
    label = pair.usfj.label("National only")
    made = pair.usfj.api("watch").post(
        "/incidents", {"title": "not for viewers", "severity": "minor", "label": label}
    )
    at = f"#/incidents/{made['record']['id']}"
    expect(open_page(pair.usfj, "watch", at=at).locator("h1")).to_contain_text("not for viewers")
    viewer = open_page(pair.usfj, "viewer", at=at)
    expect(viewer.locator("[role=alert]")).to_contain_text("record.not_found")
    nowhere = open_page(pair.usfj, "viewer", at="#/incidents/us.usfj/00000000000000000000000000")
    expect(nowhere.locator("[role=alert]")).to_be_visible()
    assert viewer.locator("main").inner_text() == nowhere.locator("main").inner_text()


def test_the_structure_of_both_nations_with_counterparts_and_claims(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch", at="#/structure")
    jjoc, usfj = page.locator("[data-unit=JP-JJOC]"), page.locator("[data-unit=US-USFJ]")
    expect(usfj).to_be_visible()
    jjoc.click()
    chart = page.locator("[data-chart=JP-JJOC]")
    expect(chart).to_contain_text("U.S. Forces Japan")
    expect(chart.locator("[data-strengths]")).to_contain_text("Stars and Stripes")
    lines = page.locator("path.here")
    assert lines.count() >= 2
    page.locator("[data-act=language]").click()
    expect(jjoc).to_contain_text("統合作戦司令部")
    page.locator(".filters input[type=search]").fill("航空総隊")
    expect(usfj).to_have_count(0)
    expect(page.locator("[data-unit=JP-ADC]")).to_be_visible()


def test_dragging_drafts_a_plan_and_writes_nothing(pair: Pair, open_page: Open) -> None:
    officer = pair.jjoc.api("watch")

    def logged() -> list[Any]:
        pages = [officer.get(where)["items"] for where in ("/relations?limit=200", "/units?limit=200")]
        return [item["record"] for items in pages for item in items]

    before = logged()
    page = open_page(pair.jjoc, "watch", at="#/structure")
    writes: list[str] = []
    page.on("request", lambda r: writes.append(r.url) if r.method == "POST" else None)
    page.locator(".filters input[type=search]").fill("command")  # few enough to need no scrolling
    page.locator("[data-unit=JP-CDC]").drag_to(page.locator("[data-unit=JP-GCC]"))
    draft = page.locator("[data-plan='1']")
    expect(draft).to_contain_text("changes no authority")
    expect(draft).to_contain_text("Cyber Defense Command")
    page.reload()
    expect(page.locator("[data-plan='1']")).to_be_visible()
    page.locator("[data-act=clear-plan]").click()
    expect(page.locator("[data-plan]")).to_have_count(0)
    assert [w for w in writes if "/labels/" not in w] == []
    assert logged() == before


def test_words_of_the_trade_are_explained_to_pointer_and_keyboard(pair: Pair, open_page: Open) -> None:
    write(pair.jjoc, "災害派遣の要請に備える。", "Duty use, releasable to USA")
    page = open_page(pair.jjoc, "watch", "ja", at="#/log")
    word = page.locator(".term", has_text="災害派遣").first
    word.hover()
    expect(page.locator("[role=tooltip]")).to_contain_text("disaster relief dispatch")
    expect(page.locator("[role=tooltip]")).to_contain_text("自衛隊法")
    page.keyboard.press("Escape")
    expect(page.locator("[role=tooltip]")).to_have_count(0)
    word.focus()
    expect(page.locator("[role=tooltip]")).to_be_visible()


def test_the_longest_text_without_a_break_is_shown_in_steps(pair: Pair, open_page: Open) -> None:
    write(pair.jjoc, "最長の行 " + "長" * 19_000 + "終", "Duty use, releasable to USA")
    page = open_page(pair.jjoc, "watch", at="#/log")
    line = page.locator("[data-kind=log-entry]", has_text="最長の行")
    expect(line.locator("[data-act=more]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    while line.locator("[data-act=more]").count():
        line.locator("[data-act=more]").click()
    expect(line).to_contain_text("終")
