"""Looking at a moment past: the whole client as it was, by the axis, by typing, by address, by replay."""

import re
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Route, expect

from . import looks
from .conftest import Open
from .looks import NARROW
from .pair import Pair

TO_USA = "Duty use, releasable to USA"


def write(pair: Pair, text: str) -> str:
    given = {"text": text, "label": pair.jjoc.label(TO_USA), "significant": True}
    return str(pair.jjoc.api("watch").post("/log-entries", given)["record"]["id"])


def moment() -> str:
    """An instant after all so far and before all that follows."""
    time.sleep(1.1)
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    time.sleep(0.2)
    return now


@pytest.fixture(scope="module")
def story(pair: Pair) -> dict[str, str]:
    """A line, a moment, and another line."""
    write(pair, "岸壁に異常なし 9101")
    between = moment()
    write(pair, "岸壁が冠水 9102")
    return {"at": between}


def look(page: Page, pair: Pair, at: str, where: str = "log", known_to: str = "") -> None:
    asked = f"?asOf={quote(at)}" + (f"&knownTo={known_to}" if known_to else "")
    page.goto(f"{pair.jjoc.url}/{asked}#/{where}")
    expect(page.locator("[data-part=past]")).to_be_visible()


def early(page: Page) -> Any:
    return page.locator("main [data-kind=log-entry]", has_text="9101")


def late(page: Page) -> Any:
    return page.locator("main [data-kind=log-entry]", has_text="9102")


def test_until_the_moment_asked_for_is_there_what_is_shown_is_dimmed(
    pair: Pair, open_page: Open, story: dict[str, str]
) -> None:
    page = open_page(pair.jjoc, "watch", at="#/log")
    expect(late(page)).to_be_visible()

    def hold(route: Route) -> None:
        """Neither answered nor sent on, until the page is routed no more."""

    page.route("**/log-entries?*", hold)
    look(page, pair, story["at"])
    shown = page.locator("main")
    expect(shown).to_have_css("filter", "grayscale(1) opacity(0.55)")
    page.unroute("**/log-entries?*", hold)
    expect(early(page)).to_be_visible()
    expect(shown).to_have_css("filter", "none")


def test_an_address_shows_the_log_as_it_was_and_survives_a_reload(
    pair: Pair, open_page: Open, story: dict[str, str]
) -> None:
    page = open_page(pair.jjoc, "watch", at="#/log")
    expect(late(page)).to_be_visible()
    look(page, pair, story["at"])
    expect(early(page)).to_be_visible()
    expect(late(page)).to_have_count(0)
    page.reload()
    expect(early(page)).to_be_visible()
    expect(late(page)).to_have_count(0)
    expect(page).to_have_title(re.compile("↶"))
    page.locator("[data-act=now]").click()
    expect(late(page)).to_be_visible()
    assert "asOf" not in page.url


def test_what_happens_meanwhile_does_not_show_and_nothing_is_written(
    pair: Pair, open_page: Open, story: dict[str, str]
) -> None:
    page = open_page(pair.jjoc, "watch", at="#/log")
    look(page, pair, story["at"])
    expect(early(page)).to_be_visible()
    write(pair, "その間の行 9103")
    page.wait_for_timeout(1500)
    expect(page.locator("main", has_text="9103")).to_have_count(0)
    page.goto(page.url.split("#")[0] + "#/incidents/new")
    title = page.locator("main form :is(input, textarea)[required]").first
    title.fill("typed in the past")
    page.keyboard.press("Control+Enter")
    expect(page.locator("main [role=alert]", has_text="moment past")).to_be_visible()
    expect(title).to_have_value("typed in the past")
    page.goto(page.url.split("#")[0] + "#/log")
    page.locator("[data-act=now]").click()
    expect(page.locator("main [data-kind=log-entry]", has_text="9103")).to_be_visible()


def test_the_axis_is_pressed_stepped_and_played(pair: Pair, open_page: Open, story: dict[str, str]) -> None:
    page = open_page(pair.jjoc, "watch", at="#/log")
    expect(late(page)).to_be_visible()
    axis = page.locator("[data-act=scrub]")
    box = axis.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.2, box["y"] + box["height"] - 3)
    expect(page.locator("[data-part=past]")).to_be_visible()
    expect(late(page)).to_have_count(0)
    page.locator("[data-field=as-of]").fill(story["at"])
    page.keyboard.press("Enter")
    expect(early(page)).to_be_visible()
    expect(late(page)).to_have_count(0)
    page.locator("[data-act=next]").click()
    expect(late(page)).to_be_visible()
    axis.focus()
    page.keyboard.press("ArrowLeft")
    expect(late(page)).to_have_count(0)
    page.locator("[data-act=play]").click()
    expect(late(page)).to_be_visible()
    expect(page.locator("[data-part=past]")).to_have_count(0, timeout=40_000)
    axis.focus()
    page.keyboard.press("Home")
    expect(page.locator("[data-part=past]")).to_be_visible()
    axis.focus()
    page.keyboard.press("End")
    expect(page.locator("[data-part=past]")).to_have_count(0)
    page.keyboard.press("Escape")


def test_what_a_partner_had_confirmed_differs_while_the_link_is_cut(pair: Pair, open_page: Open) -> None:
    write(pair, "届いた行 9104")
    page = open_page(pair.jjoc, "watch", at="#/log")
    expect(page.locator("main", has_text="9104").first).to_be_visible()
    admin = pair.jjoc.api("admin")
    time.sleep(1)
    admin.post("/partners/us.usfj/link", {"state": "off", "reason": "test"})
    try:
        write(pair, "届かない行 9105")
        at = moment()
        look(page, pair, at)
        expect(page.locator("main", has_text="9105").first).to_be_visible()
        page.locator("[data-field=known-to]").select_option("us.usfj")
        expect(page.locator("main [data-kind=log-entry]", has_text="9105")).to_have_count(0)
        expect(page.locator("main [data-kind=log-entry]", has_text="9104")).to_be_visible()
        assert "knownTo=us.usfj" in page.url
    finally:
        admin.post("/partners/us.usfj/link", {"state": "up", "reason": "test"})


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_room_shows_a_moment_past_fits_and_passes_axe(
    pair: Pair, open_page: Open, story: dict[str, str], lang: str
) -> None:
    page = open_page(pair.jjoc, "disclosure", lang)
    for theme in ("dark", "light"):
        look(page, pair, story["at"])
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        for room in ("log", "board", "tasks", "decisions", "structure", "report", "release/review"):
            page.goto(f"{page.url.split('#')[0]}#/{room}")
            page.locator("main :is(h1, h2):visible").first.wait_for()
            expect(page.locator("[data-part=past]")).to_be_visible()
            for size in (looks.NARROW, looks.WIDE):
                page.set_viewport_size({"width": size[0], "height": size[1]})
                assert looks.fits(page), f"{room} at {size[0]}"
        assert page.locator("[data-part=present-page]").count() == 1
        looks.check(page, lang, theme)


def test_on_a_phone_one_can_look_back_too(pair: Pair, open_page: Open, story: dict[str, str]) -> None:
    page = open_page(pair.jjoc, "watch", "ja", NARROW, at="#/log")
    page.locator("[data-act=look-back]").click()
    expect(page.locator("[data-part=past]")).to_be_visible()
    page.locator("[data-act=previous]").click()
    page.locator("[data-act=now]").click()
    expect(page.locator("[data-part=past]")).to_have_count(0)
