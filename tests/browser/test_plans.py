"""Two keys by hand: each nation's approving authority signs its side, and both screens see it take effect."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Open
from .looks import NARROW, faults, pages_of
from .pair import Pair

NAME = "Joint headquarters, by hand"


def proposed(pair: Pair) -> None:
    """USFJ's planner puts a plan on record: USFJ answers for exercises, and deals with JJOC about them."""
    answers = {"kind": "responsibility", "key": "exercises", "subject": "US-USFJ"}
    answers |= {"function": "exercises", "part": "accountable"}
    pair_of = {"kind": "relation", "key": "pair", "relation": "liaison"}
    pair_of |= {"subject": "US-USFJ", "object": "JP-JJOC"}
    changes = [("answers", answers), ("pair", pair_of)]
    plan = {
        "name": NAME,
        "title": {
            "text": "Phase one",
            "lang": "en",
            "translations": [{"lang": "ja", "text": "第1段階"}],
        },
        "phases": [{"key": "1", "names": {"en": "Phase one", "ja": "第1段階"}}],
        "changes": [{"change": {"change": "add", "key": k, "phase": "1", "fact": f}} for k, f in changes],
        "label": pair.usfj.label("Unclassified, releasable to Japan"),
    }
    pair.usfj.api("planner").post("/plans", plan)


def sign(page: Page, part: str) -> Any:
    row = page.locator(f"[data-plan='{NAME}'] [data-part='1 {part}']")
    row.locator("[data-act=sign]").click()
    row.locator("input[name=day]").fill(datetime.now(UTC).date().isoformat())
    row.locator("form").get_by_role("button").first.wait_for()
    page.keyboard.press("Control+Enter")
    return row


def test_both_nations_sign_and_it_is_in_force_on_both_screens(pair: Pair, open_page: Open) -> None:
    proposed(pair)
    us = open_page(pair.usfj, "approver", "en", at="#/plans")
    jp = open_page(pair.jjoc, "approver", "ja", at="#/plans")
    row = sign(us, "Japan+US")
    expect(row).to_have_attribute("data-state", "partly signed")
    theirs = jp.locator(f"[data-plan='{NAME}'] [data-part='1 Japan+US']")
    expect(theirs).to_have_attribute("data-state", "partly signed")
    expect(theirs).to_contain_text("未署名：日本")
    sign(jp, "Japan+US")
    for one in (row, theirs):
        expect(one).to_have_attribute("data-state", "in force")
    expect(jp.locator(f"[data-plan='{NAME}'] [data-part='1 US'] [data-act=sign]")).to_have_count(0)
    sign(us, "US")
    jp.locator("[data-field=function]").select_option("exercises")
    expect(jp.locator("[data-route=US-USFJ]")).to_contain_text(NAME)
    assert faults(us) == []
    assert faults(jp) == []


def test_a_request_goes_to_whoever_handles_its_function(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch", "en", at="#/requests/new")
    page.locator("[data-field=function]").select_option("exercises")
    page.locator("[data-field=to]").select_option("")
    texts = page.locator("form textarea")
    page.locator("form input[type=text], form input:not([type])").first.fill("By its function")
    texts.first.fill("To be routed")
    expect(page.locator(".audience .mark")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("By its function").first).to_be_visible()
    found = [r for r in pair.jjoc.api("watch").get("/requests/rows")["items"] if r.get("function")]
    assert [(r["to"], r["function"]) for r in found] == [("us.usfj", "exercises")]
    # USFJ's planner has exercises among the functions of the post; the watch officer has not.
    for account, mine in (("planner", 1), ("watch", 0)):
        inbox = open_page(pair.usfj, account, "en", at="#/attention")
        line = inbox.locator(".matter", has_text="By its function").first
        expect(line).to_be_visible()
        expect(line.get_by_text("For my post")).to_have_count(mine)


def test_a_plan_on_record_is_checked_as_it_stands_and_so_is_the_record_alone(
    pair: Pair, open_page: Open
) -> None:
    page = open_page(pair.usfj, "planner", "ja", at="#/plans")
    page.locator(f"[data-plan='{NAME}'] [data-act=check]").click()
    bench = page.locator("[data-bench]")
    expect(bench.locator("[data-rule]").first).to_be_visible()
    expect(bench).to_contain_text("Phase one")
    page.locator("[data-act=recorded]").click()
    expect(bench).to_contain_text("この司令部の記録による編制")
    expect(bench.locator("[data-difference]")).to_have_count(0)
    expect(bench.locator("[data-tree=US-USFJ]")).to_have_count(2)
    assert faults(page) == []


def test_plans_fit_a_phone(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "viewer", "en", at="#/plans", size=NARROW)
    expect(page.locator(f"[data-plan='{NAME}']")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert faults(page) == []


def test_the_documented_case_is_checked_and_replayed_moment_by_moment(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "planner", "ja", at="#/plans")
    page.locator("[data-act=reference]").click()
    bench = page.locator("[data-bench]")
    expect(bench.locator("[data-rule]").first).to_be_visible()
    expect(bench).to_have_attribute("data-bench", re.compile("refuted|unknown"))
    expect(bench.locator("[data-difference]").first).to_be_visible()
    slider = page.locator("[data-field=moment]")
    slider.focus()
    page.keyboard.press("Home")
    expect(bench.locator("[data-difference]")).to_have_count(0)
    expect(bench.locator("[data-tree=US-USFJ]")).to_have_count(2)
    assert faults(page) == []


def test_the_synthetic_case_says_so_and_shows_witnesses_causes_and_repairs(
    pair: Pair, open_page: Open
) -> None:
    page = open_page(pair.usfj, "planner", "en", at="#/plans")
    page.locator("[data-act=example]").click()
    bench = page.locator("[data-bench=refuted]")
    expect(bench).to_contain_text("SYNTHETIC")
    refuted = bench.locator("[data-outcome=refuted] [data-problem]").first
    expect(refuted).to_contain_text("Cause")
    page.locator("[data-field=branch]").select_option(index=1)
    expect(bench.locator("[data-difference]").first).to_be_visible()
    page.locator("[data-field=plan]").set_input_files(
        {"name": "x.json", "mimeType": "application/json", "buffer": b"{not json"}
    )
    expect(bench.locator("[role=alert]")).to_be_visible()
    assert faults(page) == []


def test_before_and_after_are_drawn_with_each_change_by_sign_and_colour(pair: Pair, open_page: Open) -> None:
    for lang, moved in (("en", "moved"), ("ja", "移管・移動")):
        page = open_page(pair.usfj, "viewer", lang, at="#/plans")
        page.locator("[data-act=example]").click()
        expect(page.locator("[data-difference]").first).to_be_visible()
        expect(page.locator("[data-field=hierarchy]")).to_have_value("opcon")
        page.locator("[data-field=form]").select_option("chart")
        for side, above in (("before", "AA-CMD"), ("after", "AA-HQ")):
            chart = page.locator(f"[data-chart={side}]")
            box = chart.locator("[data-box=AA-SEA]")
            expect(box).to_have_attribute("data-mark", "moved")
            expect(box.locator(".sign")).to_have_text(">")
            expect(box).to_contain_text(moved)
            expect(chart.locator("[data-line=moved]").first).to_have_text(">")
            expect(chart.locator(f"[data-box={above}]")).to_be_visible()
        expect(page.locator("[data-chart=after] [data-line=added]")).to_have_text("+")
        page.locator("[data-field=hierarchy]").select_option("command")
        expect(page.locator("[data-chart=after] [data-box=AA-MIN]")).to_be_visible()
        assert faults(page) == []


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_brief_of_a_plan_is_one_page_with_its_charts_and_no_controls(
    pair: Pair, open_page: Open, lang: str
) -> None:
    for case in ("reference", "example"):
        page = open_page(pair.jjoc, "viewer", lang, at="#/plans")
        page.locator(f"[data-act={case}]").click()
        expect(page.locator("[data-difference]").first).to_be_visible()
        assert pages_of(page.pdf(format="A4")) == 1
        page.emulate_media(media="print")
        for shown in ("[data-difference]", "[data-chart=before]", "[data-chart=after]", "[data-rule]"):
            expect(page.locator(shown).first).to_be_visible()
        for hidden in ("[data-act=brief]", "[data-field=moment]", "[data-tree]", "[data-field=function]"):
            expect(page.locator(hidden).first).to_be_hidden()


def test_a_structure_is_opened_from_a_table_or_scenario_and_its_faults_are_told_by_place(
    pair: Pair, open_page: Open
) -> None:
    page = open_page(pair.usfj, "planner", "ja", at="#/plans")
    field, bench = page.locator("[data-field=plan]"), page.locator("[data-bench]")
    table = (
        "kind,code,name_en,name_ja,nation,relation,subject,object\r\n"
        "unit,US-A,Staff A,甲幕僚部,US,,,\r\n"
        "unit,US-B,Staff B,乙幕僚部,US,,,\r\n"
        "relation,,,,,command,US-B,US-A\r\n"
    )
    field.set_input_files({"name": "two.csv", "mimeType": "text/csv", "buffer": table.encode("cp932")})
    expect(bench.locator("[role=alert]")).to_contain_text("UTF-8")
    page.locator("details summary", has_text="ファイルの読み方").click()
    page.locator("[data-field=encoding]").select_option("shift_jis")
    field.set_input_files({"name": "two.csv", "mimeType": "text/csv", "buffer": table.encode("cp932")})
    expect(bench.locator("[data-tree=US-B]").first).to_contain_text("乙幕僚部")
    expect(bench.locator("[data-rule]").first).to_be_visible()
    circle = table + "relation,,,,,command,US-A,US-B\r\n"
    field.set_input_files({"name": "two.csv", "mimeType": "text/csv", "buffer": circle.encode("cp932")})
    expect(bench.locator("[role=alert]")).to_contain_text("two.csv row 4 column object")
    scenario = {"type": "ORBAT-mapper", "id": "x", "version": "2.0.0", "name": "x", "sides": []}
    field.set_input_files(
        {"name": "s.json", "mimeType": "application/json", "buffer": json.dumps(scenario).encode()}
    )
    expect(bench.locator("[role=alert]")).to_contain_text("s.json")
    assert faults(page) == []


def test_a_checked_plan_fits_a_phone(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "viewer", "en", NARROW, at="#/plans")
    page.locator("[data-act=example]").click()
    expect(page.locator("[data-rule]").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert faults(page) == []
