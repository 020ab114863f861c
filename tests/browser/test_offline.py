"""Working while the node is away: what was read stays, what is typed is kept, what is sent is sent once."""

import json

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import Open, Watched, sign_in
from .pair import Headquarters, Pair


def entry(page: Page, text: str) -> None:
    """Write in the watch log, whether or not the node is there."""
    page.locator("form textarea").fill(text)
    page.keyboard.press("Control+Enter")
    expect(page.locator("form textarea")).to_have_value("")


def in_log(page: Page, text: str) -> int:
    expect(page.locator("[data-kind=log-entry]", has_text=text).first).to_be_visible()
    return page.locator("[data-kind=log-entry]", has_text=text).count()


def entries_at(hq: Headquarters, text: str) -> list[str]:
    """The watch log's lines that say ``text``, at the node itself."""
    lines = hq.api("watch").get("/log-entries?limit=200")["items"]
    return [r["record"]["happened_at"] for r in lines if r["record"]["text"]["text"] == text]


def test_writes_wait_for_the_node_survive_a_reload_and_are_done_once(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch", at="#/log?write=1")
    expect(page.locator("[data-stream=live]")).to_be_visible()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    expect(page.locator(".audience .mark")).to_be_visible()
    page.wait_for_timeout(2_500)  # what was read is written down every two seconds
    pair.jjoc.stop()
    try:
        expect(page.locator(".stale")).to_be_visible()
        for text in ("first while away", "second while away"):
            entry(page, text)
        expect(page.locator("[data-outbox='2']")).to_be_visible()
        page.locator("form textarea").fill("a third, not yet sent")
        page.wait_for_timeout(400)
        page.reload()
        expect(page.locator("[data-outbox='2']")).to_contain_text("2 writes wait")
        expect(page.locator(".stale")).to_contain_text("Kept in this browser")
        expect(page.locator("form textarea")).to_have_value("a third, not yet sent")
        expect(page.locator("[data-draft]")).to_be_visible()
        page.locator("[data-act=outbox]").click()
        expect(page.locator("dialog")).to_contain_text("first while away")
        page.keyboard.press("Escape")
    finally:
        pair.jjoc.start_again()
    expect(page.locator("[data-stream=live]")).to_be_visible()
    expect(page.locator("[data-outbox]")).to_have_count(0)
    assert (in_log(page, "first while away"), in_log(page, "second while away")) == (1, 1)
    first, second = (entries_at(pair.jjoc, f"{which} while away") for which in ("first", "second"))
    assert len(first) == len(second) == 1
    assert first < second
    expect(page.locator("form textarea")).to_have_value("a third, not yet sent")


def test_an_answer_that_was_lost_on_the_way_is_not_written_twice(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch", at="#/log?write=1")
    expect(page.locator(".audience .mark")).to_be_visible()

    lost: list[str] = []

    def lose_once(route: Route) -> None:
        if route.request.method == "GET" or lost:
            route.fallback()
            return
        lost.append(route.request.headers["idempotency-key"])
        route.fetch()  # the node has it; its answer goes nowhere
        route.abort("connectionreset")

    page.route("**/api/v1/log-entries", lose_once)
    entry(page, "said once")
    expect(page.locator("[data-outbox]")).to_have_count(0)
    assert in_log(page, "said once") == 1
    assert len(entries_at(pair.jjoc, "said once")) == len(lost) == 1


def test_a_newer_version_is_shown_beside_ones_own_and_a_person_decides(pair: Pair, open_page: Open) -> None:
    officer = pair.jjoc.api("watch")
    label = pair.jjoc.label("Duty use, releasable to USA")
    incident = officer.post(
        "/incidents",
        {"title": "版の衝突", "summary": "二人が同時に訳す", "severity": "minor", "label": label},
    )["record"]["id"]
    page = open_page(pair.jjoc, "watch", at=f"#/incidents/{incident}")
    page.get_by_role("button", name="Translate (EN)").first.click()
    page.locator("form textarea").fill("Clash of versions")
    officer.post(
        f"/records/{incident}/translations",
        {"field": "title", "lang": "en", "text": "Colliding versions", "reviewed": True},
    )
    page.locator("form textarea").press("Control+Enter")
    clash = page.locator("[data-conflict]")
    expect(clash).to_contain_text("Clash of versions")
    expect(clash).to_contain_text("Colliding versions")
    clash.locator("[data-field=text] textarea").fill("Clash of versions (two translators)")
    clash.locator("[data-act=send-merged]").click()
    expect(page.locator("h1")).to_contain_text("Clash of versions (two translators)")
    assert officer.get(f"/records/{incident}")["record"]["version"] == 3


def test_a_session_that_ended_keeps_the_place_and_the_draft_across_a_reload(
    pair: Pair, open_page: Open
) -> None:
    page = open_page(pair.jjoc, "watch", at="#/requests/new")
    page.locator("form textarea").fill("half a sentence about pumps")
    page.wait_for_timeout(400)
    page.context.clear_cookies()
    page.reload()
    sign_in(page, "watch", pair.jjoc.password("watch"))
    expect(page).to_have_url(f"{pair.jjoc.url}/#/requests/new")
    expect(page.locator("form textarea")).to_have_value("half a sentence about pumps")


def test_nothing_kept_is_shown_to_another_account_and_signing_out_wipes_it(
    pair: Pair, open_page: Open
) -> None:
    page = open_page(pair.usfj, "watch", at="#/log?write=1")
    expect(page.locator(".audience .mark")).to_be_visible()
    entry(page, "only for the officer's eyes")
    in_log(page, "only for the officer's eyes")
    page.locator("form textarea").fill("and a draft of it")
    page.wait_for_timeout(2_500)
    assert "only for the officer's eyes" in kept(page, "answers")
    page.locator("[data-act=sign-out]").click()
    page.locator("input[name=account]").wait_for()
    assert kept(page, "answers") == "[]"
    sign_in(page, "viewer", pair.usfj.password("viewer"))
    page.goto(f"{pair.usfj.url}/#/log")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("[data-kind=log-entry]", has_text="only for the officer")).to_have_count(0)
    page.wait_for_timeout(2_500)
    assert "only for the officer's eyes" not in kept(page, "answers")
    page.locator("[data-act=sign-out]").click()
    sign_in(page, "watch", pair.usfj.password("watch"))
    page.goto(f"{pair.usfj.url}/#/log")
    page.locator("[data-act=write]").click()
    expect(page.locator("form textarea")).to_have_value("and a draft of it")


def kept(page: Page, store: str) -> str:
    """Everything in one of the client's stores, as text."""
    return json.dumps(
        page.evaluate(
            """store => new Promise((done, fail) => {
                 const asked = indexedDB.open('renkei');
                 asked.onerror = fail;
                 asked.onsuccess = () => {
                   const all = asked.result.transaction(store).objectStore(store).getAll();
                   all.onsuccess = () => done(all.result);
                 };
               })""",
            store,
        )
    )


def test_what_the_node_refuses_stays_until_a_person_decides(pair: Pair, open_page: Open) -> None:
    officer = pair.jjoc.api("watch")
    label = pair.jjoc.label("Duty use, releasable to USA")
    incident = officer.post("/incidents", {"title": "x", "severity": "minor", "label": label})["record"]["id"]
    page = open_page(pair.jjoc, "watch", at=f"#/incidents/{incident}")
    page.locator("[data-act=close]").click()
    page.locator("form input").first.fill("over")
    page.context.set_offline(True)
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-outbox='1']")).to_be_visible()
    officer.post(f"/incidents/{incident}/close", {"reason": "closed by somebody else"})
    page.context.set_offline(False)
    page.locator("[data-act=outbox]").click()
    item = page.locator("dialog [data-standing=refused]")
    expect(item).to_contain_text("over")
    item.locator("[data-act=discard]").click()
    item.locator("[data-act=discard-for-good]").click()
    expect(page.locator("[data-outbox]")).to_have_count(0)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_what_is_asked_of_the_node_never_goes_through_the_worker(
    pair: Pair, watched: Watched, lang: str
) -> None:
    page = watched.open(pair.jjoc, "watch", lang)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    names = page.evaluate(
        "caches.keys().then(async n => (await (await caches.open(n[0])).keys()).map(r => r.url))"
    )
    assert names
    assert not [name for name in names if "/api/" in name]
