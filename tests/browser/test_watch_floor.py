"""The watch floor by hand: the board from the keyboard, what needs me, the watch handed over, the palette."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Open
from .looks import NARROW, faults
from .pair import Pair
from .screenshots import ask

SHARED = "Unclassified, releasable to USA"


@pytest.fixture(scope="module")
def asked(pair: Pair) -> Any:
    """Asks USFJ for something under a title of the test's own."""
    api, label = pair.jjoc.api("watch"), pair.jjoc.label(SHARED)
    return lambda title: ask(api, "us.usfj", None, label, title, 2)


def card(page: Page, title: str) -> Any:
    return page.locator("[data-item][data-kind=request]", has_text=title)


def test_a_request_is_declined_from_the_board_in_three_interactions(
    pair: Pair, open_page: Open, asked: Any
) -> None:
    page = open_page(pair.usfj, "watch")
    asked("Decline me")
    card(page, "Decline me").focus()
    page.keyboard.press("x")
    expect(page.locator("form textarea")).to_be_focused()
    page.keyboard.type("No aircraft until tomorrow.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("article")).to_have_attribute("data-state", "declined")
    expect(page.locator(".board")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-column=closed] [data-kind=request]", has_text="Decline me")).to_be_visible()


def test_a_request_beside_its_board_tells_its_course_and_who_is_next(
    pair: Pair, open_page: Open, asked: Any
) -> None:
    page = open_page(pair.usfj, "watch")
    asked("Course of it")
    card(page, "Course of it").focus()
    page.keyboard.press("a")
    expect(page.locator("article form input")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.locator("[aria-current=step]")).to_contain_text("Ackn.")
    expect(page.locator("article .next")).to_contain_text("U.S. Forces Japan answers")
    expect(page.locator("article .count")).to_contain_text("Answer by")
    assert faults(page) == []


def test_the_sheet_keeps_its_columns_and_finds_by_words(pair: Pair, open_page: Open, asked: Any) -> None:
    page = open_page(pair.usfj, "watch")
    asked("Needle in the sheet")
    asked("Hay in the sheet")
    page.locator(".board").wait_for()
    page.keyboard.press("v")
    page.locator("summary").click()
    page.locator(".menu label", has_text="Next move").click()
    expect(page.locator("[role=columnheader]", has_text="Next move")).to_be_visible()
    page.locator("summary").click()
    page.locator("input.find").fill("needle")
    expect(card(page, "Needle in the sheet")).to_be_visible()
    expect(card(page, "Hay in the sheet")).to_have_count(0)
    assert faults(page) == []
    page.reload()
    expect(page.locator("[role=columnheader]", has_text="Next move")).to_be_visible()
    page.keyboard.press("v")


def test_what_needs_me_goes_when_it_is_acknowledged(pair: Pair, open_page: Open, asked: Any) -> None:
    page = open_page(pair.usfj, "watch", at="#/attention", size=NARROW)
    for line in page.locator("[data-cause=acknowledge] a").all():
        line.wait_for()
    asked("Needs somebody")
    line = page.locator("[data-urgency=now] a", has_text="Needs somebody")
    many = page.locator("[data-cause=acknowledge] [aria-expanded=false]")
    line.or_(many).first.wait_for()
    if many.count():
        many.first.click()
    assert faults(page) == []
    line.click()
    expect(page.locator("article")).to_have_attribute("data-state", "read")
    page.keyboard.press("Control+Enter")
    expect(page.locator("article")).to_have_attribute("data-state", "acknowledged")
    page.goto(f"{pair.usfj.url}/#/attention")
    expect(page.locator("main h1")).to_be_visible()
    expect(line).to_have_count(0)


def test_a_watch_is_handed_over_by_one_account_and_taken_by_another(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch", "ja", at="#/handover")
    page.locator("[data-act=hand-over]").click()
    page.locator("form textarea").fill("異状なし。")
    expect(page.locator(".audience .mark")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-kind=handover][data-signed=one]")).to_contain_text("異状なし。")
    expect(page.locator("[data-act=take-over]")).to_have_count(0)
    assert faults(page) == []
    relief = open_page(pair.jjoc, "liaison", at="#/attention")
    relief.locator("[data-cause=handover] a").click()
    relief.locator("[data-act=take-over]").click()
    expect(page.locator("[data-kind=handover][data-signed=both]").first).to_contain_text("watch → liaison")


def test_the_palette_reaches_actions_and_records_by_keys_alone(
    pair: Pair, open_page: Open, asked: Any
) -> None:
    request = asked("Reached by the palette")
    page = open_page(pair.jjoc, "watch")
    card(page, "Reached by the palette").wait_for()
    page.keyboard.press("Control+k")
    expect(page.locator("[role=combobox]")).to_be_focused()
    page.keyboard.type("reached palette")
    expect(page.locator("[role=option][aria-selected=true]")).to_contain_text("Reached by the palette")
    assert faults(page) == []
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{pair.jjoc.url}/#/requests/{request}")
    page.keyboard.press("Control+k")
    page.keyboard.type("hand-over")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{pair.jjoc.url}/#/handover")


def test_a_line_of_the_log_has_both_languages_and_is_raised_to_a_significant_event(
    pair: Pair, open_page: Open
) -> None:
    page = open_page(pair.jjoc, "watch", "ja", at="#/log?write=1")
    page.locator("form textarea").fill("桟橋が使用不能。")
    page.locator("input[name=pair]").fill("The pier cannot be used.")
    expect(page.locator(".audience .mark")).to_be_visible()
    page.keyboard.press("Control+Enter")
    line = page.locator("[data-kind=log-entry]", has_text="桟橋が使用不能。")
    expect(line).to_contain_text("The pier cannot be used.")
    line.locator("[data-act=propose]").click()
    expect(line).to_contain_text("重要事象")
    expect(line).to_have_count(1)
    expect(page.locator(".strip[data-shown] a[data-kinds~=event]").first).to_be_visible()
