"""The demo's story, done by hand in two browsers, each headquarters in its language and then the other's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import Open
from .pair import CANCELLATION, Pair

WORDS = {
    "ja": {
        "title": "輸送ヘリ2機の待機",
        "need": "石垣島への人員輸送に備え待機を要請する。",
        "log": "港湾の冠水を確認。",
        "reason": "注意報の解除により終結。",
    },
    "en": {
        "title": "Two transport helicopters on standby",
        "need": "On standby for moving people to Ishigaki.",
        "log": "Flooding seen in the harbour.",
        "reason": "Closed: the advisory was cancelled.",
    },
}
STATE = {
    "ja": {"acknowledged": "了解", "partly accepted": "一部受諾", "done": "完了"},
    "en": {"acknowledged": "Acknowledged", "partly accepted": "Partly accepted", "done": "Done"},
}


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Two headquarters of its own for each telling: the story uses its advisory up."""
    both = Pair(tmp_path)
    yield both
    both.close()


def send(page: Page) -> None:
    page.keyboard.press("Control+Enter")


def card(page: Page, title: str) -> Locator:
    return page.locator("a[data-kind=request]", has_text=title)


def choose_label(page: Page, lang: str, partner: str) -> None:
    """A usual label that reaches the partner, and the form says so before anything is sent."""
    name = {"en": "Unclassified, releasable to USA", "ja": "非区分（米国に開示可）"}[lang]
    page.locator("fieldset.picker select").first.select_option(label=name)
    expect(page.locator(".audience .good")).to_contain_text(partner)


@pytest.mark.parametrize(
    ("here", "there"), [("ja", "en"), ("en", "ja")], ids=["jjoc-ja-usfj-en", "jjoc-en-usfj-ja"]
)
def test_two_headquarters_ask_answer_and_see_each_other_by_hand(
    pair: Pair, open_page: Open, here: str, there: str
) -> None:
    partner = {"ja": "在日米軍", "en": "U.S. Forces Japan"}[here]
    title = WORDS[here]["title"] + f" {here}"
    jjoc = open_page(pair.jjoc, "watch", here, at="#/picture")
    usfj = open_page(pair.usfj, "watch", there)

    # 1. The advisory becomes an incident, with a line in the log.
    jjoc.locator("[data-kind=hazard][data-status='in force'] .title").first.click()
    jjoc.locator("[data-act=incident-from-hazard]").first.click()
    choose_label(jjoc, here, partner)
    send(jjoc)
    jjoc.locator("a[data-kind=incident]").first.click()
    jjoc.locator("section[aria-labelledby=i-log] button").click()
    jjoc.locator("form textarea").fill(WORDS[here]["log"])
    choose_label(jjoc, here, partner)
    send(jjoc)
    expect(jjoc.locator("[data-kind=log-entry]", has_text=WORDS[here]["log"])).to_be_visible()

    # 2. JJOC asks; the form begins with a label that reaches the addressee.
    jjoc.locator("main a[href^='#/requests/new']").click()
    expect(jjoc.locator(".audience .good")).to_contain_text(partner)
    jjoc.locator("form input").first.fill(title)
    jjoc.locator("form textarea").fill(WORDS[here]["need"])
    jjoc.fill("[name=item-what]", "Transport helicopter")
    jjoc.fill("[name=item-quantity]", "2")
    jjoc.fill("[name=item-unit]", "aircraft")
    send(jjoc)
    expect(card(jjoc, title)).to_be_visible()

    # 3. USFJ sees it without reloading, opens it and acknowledges from the keyboard.
    card(usfj, title).click()
    expect(usfj.locator("[data-line=asked]")).to_contain_text(WORDS[here]["need"])
    usfj.locator("[data-act=acknowledge]").wait_for()
    usfj.keyboard.press("a")
    send(usfj)
    expect(usfj.locator("article")).to_have_attribute("data-state", "acknowledged")
    card(jjoc, title).click()
    expect(jjoc.locator("article")).to_contain_text(STATE[here]["acknowledged"])

    # 4. The link is cut by hand; a second officer answers in part, and JJOC does not see it yet.
    admin = open_page(pair.jjoc, "admin", here, at="#/partners")
    admin.locator("[data-act=cut]").click()
    admin.fill("[name=reason]", "exercise of the cable")
    send(admin)
    expect(admin.locator("section[data-link=off]")).to_be_visible()
    expect(jjoc.locator("nav [data-link=off]")).to_be_visible()
    liaison = open_page(pair.usfj, "liaison", there)
    card(liaison, title).click()
    liaison.locator("[data-act=answer]").wait_for()
    liaison.keyboard.press("r")
    liaison.locator("input[name=outcome][value=partial]").check()
    liaison.locator(".offer input[type=number]").fill("1")
    liaison.locator("[list=site-names]").fill("Kadena Air Base")
    liaison.locator("form textarea").fill("One aircraft is in maintenance.")
    send(liaison)
    expect(liaison.locator("article")).to_have_attribute("data-state", "partly accepted")
    expect(usfj.locator(".bar [data-hq] .warn").first).to_be_visible()
    expect(jjoc.locator("article")).to_have_attribute("data-state", "acknowledged")

    # 5. The link returns; both sides are equal again.
    admin.locator("[data-act=restore]").click()
    admin.fill("[name=reason]", "repaired")
    send(admin)
    expect(jjoc.locator("article")).to_have_attribute("data-state", "partly accepted")
    expect(jjoc.locator("article")).to_contain_text(STATE[here]["partly accepted"])
    expect(jjoc.locator("[data-line=answered]")).to_contain_text("Kadena Air Base")

    # 6. USFJ carries it out; JJOC sees each step.
    for state in ("under way", "done"):
        usfj.locator("[data-act=progress]").click()
        usfj.locator("input[name=progress]").nth(0 if state == "under way" else 1).check()
        send(usfj)
        expect(jjoc.locator("article")).to_have_attribute("data-state", state)
    expect(jjoc.locator("article")).to_contain_text(STATE[here]["done"])

    # 7. The advisory is cancelled, the incident closed with its reason.
    pair.jjoc.feed(CANCELLATION)
    jjoc.locator("aside a[href^='#/incidents/']").click()
    expect(jjoc.locator("[data-kind=hazard][data-status=cancelled]")).to_be_visible()
    jjoc.locator("[data-act=close]").click()
    jjoc.locator("article header form input").fill(WORDS[here]["reason"])
    send(jjoc)
    expect(jjoc.locator("article header")).to_contain_text(WORDS[here]["reason"])
    expect(jjoc.locator("[data-act=reopen]")).to_be_visible()
