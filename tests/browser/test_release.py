"""Release by hand: why and why not, the queue, two signatures, taking back, and who gets it while writing."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from renkei.kernel.log.commitments import said_at
from renkei.node.config import Folder, open_log

from . import looks
from .conftest import Open
from .pair import Pair
from .screenshots import guarded

TO_USA = "Duty use, releasable to USA"


def line(pair: Pair, text: str) -> str:
    """A line of the watch log that USFJ gets; its id."""
    given = {"text": text, "label": pair.jjoc.label(TO_USA)}
    return str(pair.jjoc.api("watch").post("/log-entries", given)["record"]["id"])


def held(page: Page, title: str) -> Any:
    return page.locator("[data-held]", has_text=title)


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_release_screens_fit_their_width_and_pass_axe(pair: Pair, open_page: Open, lang: str) -> None:
    record = line(pair, f"画面 {lang}")
    guarded(pair, f"Screen {lang}")
    page = open_page(pair.jjoc, "disclosure", lang, at="#/release/review")
    expect(held(page, f"Screen {lang}")).to_be_visible()
    views = {
        "release/review": "[data-held]",
        "release/anew": "[data-part=stayed]",
        "release/recalls": "h2",
        "release/pace": "[data-part=audit]",
        "release/agreements": "[data-agreement]",
        f"release/{record}": "[data-hq][data-outcome]",
    }
    for theme in ("light", "dark"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        for view, there in views.items():
            page.goto(f"{pair.jjoc.url}/#/{view}")
            page.locator(f"main {there}").first.wait_for()
            looks.check(page, lang, f"{view} {theme}")


def test_what_stayed_while_nothing_was_agreed_is_decided_anew_by_hand(pair: Pair, open_page: Open) -> None:
    officer = pair.jjoc.api("disclosure")
    agreements = officer.get("/release/agreements")
    standing = next(a for a in agreements if a["in_force"] and a["agreement"]["partner"] == "us.usfj")
    officer.post(f"/release/agreements/{standing['agreement']['id']}/end", {})
    stayed = line(pair, "取決めの切れ目 6123")
    page = open_page(pair.jjoc, "disclosure", at=f"#/release/{stayed}")
    expect(page.locator("[data-hq='us.usfj'][data-outcome]")).to_have_attribute("data-outcome", "withheld")
    covers = standing["agreement"]["covers"]
    officer.post("/release/agreements", {"partner": "us.usfj", "cites": "Renewed 6123", "covers": covers})
    page.goto(f"{pair.jjoc.url}/#/release/anew")
    page.locator("[data-field=partner]").select_option("us.usfj")
    row = page.locator(f"[data-stayed='{stayed}']")
    expect(row).to_contain_text("would go at once")
    row.locator("[data-item]").check()
    page.locator("[data-act=anew]").click()
    expect(page.locator("[data-field=because] option").first).to_contain_text("Renewed 6123")
    page.locator("dialog textarea").fill("the renewal covers it")
    page.keyboard.press("Control+Enter")
    expect(row).to_have_count(0)
    page.goto(f"{pair.jjoc.url}/#/release/{stayed}")
    expect(page.locator("[data-hq='us.usfj'][data-outcome]")).to_have_attribute("data-outcome", "released")


def test_the_preview_is_byte_for_byte_what_the_partner_got(pair: Pair, open_page: Open) -> None:
    record = line(pair, "同じバイト列 4712")
    page = open_page(pair.jjoc, "disclosure", at=f"#/release/{record}")
    row = page.locator("[data-hq='us.usfj'][data-outcome=released]")
    expect(row).to_contain_text("received")
    row.locator("[data-act=preview]").click()
    row.locator("[data-form=exact]").click()
    shown = row.locator("[data-part=exact]").text_content() or ""
    preview = pair.jjoc.api("watch").get(f"/records/{record}/release/us.usfj")
    log = open_log(Folder(pair.usfj.data), "jp.jjoc.received", "renkei/jp.jjoc/us.usfj", read_only=True)
    got = said_at(log, preview["seq"])
    log.close()
    assert shown.encode() == got
    expect(row.locator("[data-part=size]")).to_contain_text(f"{len(shown.encode()):,}")
    row.locator("[data-form=bytes]").click()
    expect(row.locator("[data-part=bytes]")).to_contain_text("7b 22")
    expect(page.locator("[data-event=received]")).to_contain_text("U.S. Forces Japan")


def test_why_not_is_said_in_plain_words_in_both_languages(pair: Pair, open_page: Open) -> None:
    own = {"text": "国内のみ", "label": pair.jjoc.label("Guarded, Japan only")}
    record = pair.jjoc.api("watch").post("/log-entries", own)["record"]["id"]
    page = open_page(pair.jjoc, "watch", at=f"#/release/{record}")
    row = page.locator("[data-hq='us.usfj'][data-outcome=withheld]")
    expect(row.locator("[data-part=rule]")).not_to_be_empty()
    expect(row.locator("[data-part=changes]")).to_be_visible()
    page.locator("[data-act=language]").click()
    expect(row.locator("[data-part=changes]")).to_contain_text("提供に必要なこと")
    expect(page.locator("[data-act=recall]")).to_have_count(0)
    expect(page.locator("[data-part=person]")).to_contain_text("閲覧できます")


def test_items_are_decided_on_in_bulk_from_the_keyboard(pair: Pair, open_page: Open) -> None:
    ids = [guarded(pair, f"Bulk {n}") for n in (1, 2)]
    page = open_page(pair.jjoc, "disclosure", at="#/release/review")
    for n in (1, 2):
        held(page, f"Bulk {n}").locator("input").focus()
        page.keyboard.press("Space")
    expect(page.locator("nav [data-badge]")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.type("Needed by the other side.")
    page.keyboard.press("Control+Enter")
    for n in (1, 2):
        expect(held(page, f"Bulk {n}")).to_have_count(0)
    theirs = open_page(pair.usfj, "watch", at="#/decisions")
    for record in ids:
        page.goto(f"{pair.jjoc.url}/#/release/{record}")
        expect(page.locator("[data-hq='us.usfj'][data-outcome=released]")).to_contain_text("received")
    for n in (1, 2):
        expect(theirs.get_by_text(f"Bulk {n}").first).to_be_visible()


def test_the_queue_says_which_post_must_sign_by_the_structure_in_force(pair: Pair, open_page: Open) -> None:
    guarded(pair, "Whose review")
    for lang, post, own in (
        ("en", "Disclosure officer, JJOC", "That is your post."),
        ("ja", "開示担当", "自分の職"),
    ):
        page = open_page(pair.jjoc, "disclosure", lang, at="#/release/review")
        told = held(page, "Whose review").locator("[data-part=post]")
        expect(told).to_contain_text(post)
        expect(told).to_contain_text(own)
        looks.check(page, lang, "the queue with the post that signs")


def test_what_is_withheld_says_so_to_its_author(pair: Pair, open_page: Open) -> None:
    record = guarded(pair, "Not this one")
    page = open_page(pair.jjoc, "disclosure", at="#/release/review")
    held(page, "Not this one").locator("input").focus()
    page.keyboard.press("x")
    page.keyboard.type("Not before the meeting.")
    page.keyboard.press("Control+Enter")
    expect(held(page, "Not this one")).to_have_count(0)
    author = open_page(pair.jjoc, "watch", at=f"#/release/{record}")
    row = author.locator("[data-hq='us.usfj'][data-outcome=withheld]")
    expect(row.locator("[data-part=rule]")).to_contain_text("withheld this version")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_what_is_sent_back_is_in_its_authors_inbox_with_the_reason(
    pair: Pair, open_page: Open, lang: str
) -> None:
    title, size, reason = f"Back {lang}", looks.AXED[lang], "船名を除いて出し直すこと。"
    record = guarded(pair, title)
    page = open_page(pair.jjoc, "disclosure", lang, size, at="#/release/review")
    held(page, title).locator("input").check()
    page.locator("[data-act=return]").click()
    send = page.locator("dialog button[type=submit]")
    send.click()
    expect(page.locator("dialog"), "a reason is required").to_be_visible()
    page.locator("dialog textarea").fill(reason)
    assert looks.faults(page) == []
    send.click()
    expect(held(page, title)).to_have_count(0)
    author = open_page(pair.jjoc, "planner", lang, size, at="#/attention")
    matter = author.locator("[data-cause=returned]", has_text=title)
    expect(matter.locator("[data-part=reason]")).to_contain_text(reason)
    assert looks.fits(author)
    assert looks.faults(author) == []
    matter.locator("[data-item]").click()
    row = author.locator("[data-hq='us.usfj'][data-outcome=withheld]")
    expect(row.locator("[data-part=word]")).to_contain_text(reason)
    expect(row.locator("[data-part=rule]")).to_contain_text(
        {"en": "sent this version back", "ja": "差し戻し"}[lang]
    )
    assert looks.fits(author)
    assert looks.faults(author) == []
    watch = open_page(pair.jjoc, "watch", lang, size, at="#/attention")
    expect(watch.locator("h1")).to_be_visible()
    expect(watch.locator("[data-cause=returned]")).to_have_count(0)
    author.goto(f"{pair.jjoc.url}/#/attention")
    matter.locator("[data-act=note]").click()
    expect(matter).to_have_count(0)
    assert pair.jjoc.api("planner").get("/release/returned")["items"], record


def test_a_record_is_taken_back_in_two_steps_and_the_partner_confirms(pair: Pair, open_page: Open) -> None:
    record = line(pair, "回収する行 4713")
    page = open_page(pair.jjoc, "disclosure", at=f"#/release/{record}")
    expect(page.locator("[data-hq='us.usfj'][data-outcome=released]")).to_contain_text("received")
    admin = pair.jjoc.api("admin")
    admin.post("/partners/us.usfj/link", {"state": "off", "reason": "test"})
    page.locator("[data-act=recall]").click()
    page.keyboard.type("誤って提供した。")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-part=sure]")).to_contain_text("One partner has it")
    assert pair.jjoc.api("watch").get(f"/records/{record}/recalls") == [], "the first step takes nothing back"
    page.locator("input[name=checked]").check()
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-recall] [data-progress=unsent]")).to_contain_text("Waiting for the link")
    expect(page.locator("[data-part=tally]")).to_have_text("0 of 1 have confirmed")
    admin.post("/partners/us.usfj/link", {"state": "up", "reason": "test"})
    expect(page.locator("[data-recall] [data-progress=confirmed]")).to_be_visible(timeout=30_000)
    expect(page.locator("[data-part=tally]")).to_have_text("1 of 1 have confirmed")


def test_the_form_tells_who_gets_it_who_is_left_out_and_the_widest_label(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch", at="#/log?write=1")
    picker = page.locator("fieldset.picker select").first
    picker.select_option(label="Guarded, Japan only")
    expect(page.locator(".audience [data-left='us.usfj']")).to_be_visible()
    picker.select_option(label=TO_USA)
    expect(page.locator(".audience .good")).to_contain_text("U.S. Forces Japan")
    page.context.set_offline(True)
    picker.select_option(label="Guarded, Japan only")
    expect(page.locator(".audience [data-part=away]")).to_be_visible()


def test_the_audit_is_run_from_the_page_that_shows_the_pace(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "disclosure", at="#/release/pace")
    page.locator("[data-act=audit]").click()
    expect(page.locator("[data-sound]")).to_be_visible(timeout=30_000)
    expect(page.locator("[data-part=audit] time").first).to_be_visible()
    expect(page.locator("tr[data-kind]").first).to_be_visible()


def test_decisions_are_not_put_into_the_outbox(pair: Pair, open_page: Open) -> None:
    guarded(pair, "While away")
    page = open_page(pair.jjoc, "disclosure", at="#/release/review")
    held(page, "While away").locator("input").focus()
    page.keyboard.press("r")
    page.keyboard.type("Now or not at all.")
    page.context.set_offline(True)
    page.keyboard.press("Control+Enter")
    expect(page.locator("dialog [role=alert]")).to_be_visible()
    expect(page.locator("dialog textarea")).to_have_value("Now or not at all.")
    page.context.set_offline(False)
