"""What holds on every screen: both languages, any width, nothing typed lost, nothing old or hidden unsaid."""

import pytest
from playwright.sync_api import Page, expect

from . import looks
from .conftest import Open, Watched, sign_in
from .pair import Pair

VIEWS = {
    "attention": "h1",
    "board": ".board",
    "handover": "h1",
    "log": "h1",
    "picture": "[data-kind=hazard]",
    "tasks": "h1",
    "decisions": "h1",
    "partners": "section[data-hq]",
    "structure": "[data-unit]",
    "report": "[data-part=links]",
    "glossary": "[data-term]",
    "audit": "table",
    "requests/new": "form",
    "incidents/new": "form",
    "log?write=1": "form",
}
HOSTILE = [
    "<img src=x onerror=alert(1)><script>alert(2)</script>",
    "\u202egnitseretni\u202c \u2066right\u2069",
    "{{constructor.constructor('alert(3)')()}}",
    "ｶﾃﾞﾅ 🚁🌊 " + "長" * 400,
]


def write_in_log(page: Page, text: str) -> None:
    page.locator("form textarea").fill(text)
    expect(page.locator(".audience .mark")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator("form textarea")).to_have_value("")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_view_fits_its_width_and_passes_axe(pair: Pair, open_page: Open, lang: str) -> None:
    watch, admin = (open_page(pair.jjoc, who, lang) for who in ("watch", "admin"))
    for view, there in VIEWS.items():
        page = admin if view == "audit" else watch
        page.goto(f"{pair.jjoc.url}/#/{view}")
        page.locator(f"main {there}").first.wait_for()
        assert page.evaluate("document.documentElement.lang") == lang
        looks.check(page, lang, view)


def test_the_language_changes_without_a_reload_and_keeps_what_was_typed(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch", "en", at="#/requests/new")
    page.locator("form textarea").fill("half a sentence")
    page.evaluate("window.same = true")
    page.locator("[data-act=language]").click()
    expect(page.locator("h1")).to_have_text("新規要請")
    expect(page.locator("form textarea")).to_have_value("half a sentence")
    assert page.evaluate("window.same") is True


def test_a_wrong_password_is_refused_in_plain_words_and_the_account_kept(
    pair: Pair, watched: Watched
) -> None:
    page = watched.page(pair.jjoc)
    page.fill("input[name=account]", "watch")
    page.fill("input[name=password]", "not the password")
    page.keyboard.press("Enter")
    expect(page.locator("[role=alert]")).to_contain_text("Expected")
    expect(page.locator("input[name=account]")).to_have_value("watch")


def test_hostile_text_is_shown_as_text(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch", at="#/log?write=1")
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    for text in HOSTILE:
        write_in_log(page, text)
        expect(page.locator("[data-kind=log-entry]").first).to_contain_text(text)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_viewer_with_less_clearance_sees_less_and_a_lower_strip(pair: Pair, open_page: Open) -> None:
    officer = open_page(pair.usfj, "watch", at="#/log?write=1")
    viewer = open_page(pair.usfj, "viewer", at="#/log")
    write_in_log(officer, "kept to officers")
    expect(officer.locator("[data-kind=log-entry]", has_text="kept to officers")).to_be_visible()
    strip = officer.locator("[data-place=top]")
    expect(strip).to_contain_text("NATIONALS ONLY")
    officer.locator("fieldset.picker select").select_option(label="Unclassified, for every partner")
    expect(officer.locator(".audience .good")).to_be_visible()
    write_in_log(officer, "for everybody")
    expect(viewer.locator("[data-kind=log-entry]", has_text="for everybody")).to_be_visible()
    expect(viewer.locator("[data-kind=log-entry]", has_text="kept to officers")).to_have_count(0)
    expect(viewer.locator("[data-place=top]")).not_to_contain_text("NATIONALS ONLY")
    expect(viewer.locator("[data-act=write]")).to_have_count(0)


def test_the_form_says_who_will_see_it_before_it_is_sent(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch", at="#/requests/new")
    expect(page.locator(".audience")).to_contain_text("Will go to U.S. Forces Japan")
    page.locator("fieldset.picker select").first.select_option(label="National only")
    expect(page.locator(".audience")).to_contain_text("U.S. Forces Japan would not receive this")
    expect(page.locator("[data-place=top]")).to_contain_text("NATIONALS ONLY")


def test_enter_that_ends_a_japanese_composition_submits_nothing(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch", "ja")
    search = page.locator("search input")
    search.fill("冠水")
    search.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "keyCode": 229})
    assert "#/search" not in page.url
    search.press("Enter")
    expect(page).to_have_url(f"{pair.jjoc.url}/#/search?q=%E5%86%A0%E6%B0%B4")


def test_two_japanese_characters_are_found(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch", "ja", at="#/log?write=1")
    write_in_log(page, "港湾の冠水を確認した。")
    page.keyboard.press("Escape")
    page.locator("search input").fill("冠水")
    page.locator("search input").press("Enter")
    expect(page.locator("main li", has_text="港湾の冠水を確認した。").first).to_be_visible()


def test_a_node_that_is_away_is_said_plainly_and_nothing_typed_is_lost(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch", at="#/log?write=1")
    page.locator("[data-stream=live]").wait_for()
    page.locator("form textarea").fill("written while the node was away")
    pair.jjoc.stop()
    try:
        expect(page.locator(".stale")).to_contain_text("The node does not answer")
        page.locator("form textarea").press("Control+Enter")
        expect(page.locator("[data-outbox]")).to_contain_text("1 write waits for the node")
    finally:
        pair.jjoc.start_again()
    expect(page.locator("[data-stream=live]")).to_be_visible()
    expect(page.locator("[data-outbox]")).to_have_count(0)
    expect(page.locator("[data-kind=log-entry]", has_text="written while the node was away")).to_have_count(1)


def test_a_session_that_ends_is_renewed_over_the_work(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch", at="#/log?write=1")
    page.locator("form textarea").fill("half written")
    page.context.clear_cookies()
    page.locator("form textarea").press("Control+Enter")
    page.locator("dialog").wait_for()
    page.locator("dialog input[name=password]").fill(pair.jjoc.password("watch"))
    page.locator("dialog input[name=password]").press("Enter")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator("form textarea")).to_have_value("half written")
    page.locator("form textarea").press("Control+Enter")
    expect(page.locator("[data-kind=log-entry]", has_text="half written")).to_be_visible()


def test_the_keyboard_alone_leads_everywhere(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch")
    page.locator(".board").wait_for()
    for key, where in (
        ("m", "attention"),
        ("l", "log"),
        ("p", "picture"),
        ("t", "tasks"),
        ("d", "decisions"),
        ("n", "partners"),
        ("b", "board"),
    ):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page).to_have_url(f"{pair.jjoc.url}/#/{where}")
    page.keyboard.press("?")
    expect(page.locator("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.locator("search input")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page).to_have_url(f"{pair.jjoc.url}/#/requests/new")


def test_an_address_leads_straight_to_its_record_after_signing_in(pair: Pair, watched: Watched) -> None:
    hazard = pair.jjoc.api("watch").get("/hazards")["items"][0]["record"]["id"]
    page = watched.page(pair.jjoc, "ja")
    page.goto(f"{pair.jjoc.url}/#/picture/{hazard}")
    page.reload()
    sign_in(page, "watch", pair.jjoc.password("watch"))
    expect(page.locator("article.selected")).to_contain_text("宮古島・八重山地方")
