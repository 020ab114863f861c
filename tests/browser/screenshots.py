"""Takes the user guide's screenshots anew from two running nodes, into docs/images/.

make screenshots        # from the repository's root
"""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from .conftest import CHROMIUM, DRAWING, PATIENCE_MS, Watched
from .looks import NARROW, WIDE
from .pair import Pair

IMAGES = Path(__file__).parents[2] / "docs" / "images"
ALL_TO_USA = "Unclassified, releasable to USA"
ALL_TO_JAPAN = "Unclassified, releasable to Japan"


def text(words: str, lang: str, translated: str = "") -> dict[str, Any]:
    """A text with its translation, reviewed."""
    other = {"ja": "en", "en": "ja"}[lang]
    given: dict[str, Any] = {"text": words, "lang": lang}
    if translated:
        given["translations"] = [{"lang": other, "text": translated, "reviewed": True}]
    return given


def later(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


def furnish(pair: Pair) -> str:
    """An incident with its log and requests on both sides; the id of the request to look at."""
    jjoc, label = pair.jjoc.api("watch"), pair.jjoc.label(ALL_TO_USA)
    hazard = jjoc.get("/hazards")["items"][0]["record"]["id"]
    incident = jjoc.post(
        "/incidents",
        {
            "title": text("宮古島・八重山地方 津波注意報", "ja", "Tsunami advisory, Miyakojima and Yaeyama"),
            "summary": text(
                "離島の港湾と連絡線を確認する。", "ja", "Checking ports and links of the outlying islands."
            ),
            "severity": "moderate",
            "hazards": [hazard],
            "label": label,
        },
    )["record"]["id"]
    entry = {"incident": incident, "channel": "voice", "from_post": "与那国町役場", "label": label}
    jjoc.post(
        "/log-entries", entry | {"text": text("港湾の冠水を確認。", "ja", "Flooding seen in the harbour.")}
    )
    first = ask(pair.jjoc.api("watch"), "us.usfj", incident, label, "輸送ヘリ2機の待機", 2)
    ask(jjoc, "us.usfj", incident, label, "水と毛布の空輸", 600, "Blankets", "pieces")
    ask(
        pair.usfj.api("watch"),
        "jp.jjoc",
        None,
        pair.usfj.label(ALL_TO_JAPAN),
        "Berth at Hirara for one landing craft",
        1,
        "Berth",
        "berth",
        "en",
    )
    return first


def ask(
    api: Any,
    to: str,
    incident: str | None,
    label: Any,
    title: str,
    quantity: float,
    what: str = "Transport helicopter",
    unit: str = "aircraft",
    lang: str = "ja",
) -> str:
    need = {
        "ja": text(
            "石垣島への人員・物資の輸送に備える。", "ja", "For moving people and supplies to Ishigaki."
        ),
        "en": text("For relief supplies from Sasebo.", "en", "佐世保からの救援物資のため。"),
    }[lang]
    made = api.post(
        "/requests",
        {
            "to": to,
            "incident": incident,
            "title": text(title, lang),
            "need": need,
            "items": [{"what": what, "quantity": quantity, "unit": unit}],
            "priority": "immediate",
            "acknowledge_by": later(0.2),
            "answer_by": later(1),
            "label": label,
        },
    )
    return str(made["request"]["record"]["id"])


def guarded(pair: Pair, title: str) -> str:
    """A decision that JJOC's policy has reviewed before it goes to USFJ; its id."""
    return str(
        pair.jjoc.api("planner").post(
            "/decisions",
            {
                "title": title,
                "options": [{"title": "Open the port"}, {"title": "Keep it closed"}],
                "chosen": "A",
                "reasons": "The wind has dropped.",
                "authority": "J3",
                "label": pair.jjoc.label("Guarded, releasable to USA"),
            },
        )["record"]["id"]
    )


def answer_first(page: Page) -> None:
    """USFJ's officer acknowledges and answers in part, by hand."""
    page.locator("a[data-kind=request]", has_text="輸送ヘリ").click()
    page.locator("[data-act=acknowledge]").wait_for()
    page.keyboard.press("a")
    page.keyboard.press("Control+Enter")
    expect(page.locator("article")).to_have_attribute("data-state", "acknowledged")
    page.keyboard.press("r")
    page.locator("input[name=outcome][value=partial]").check()
    page.locator(".offer input[type=number]").fill("1")
    page.locator("[list=site-names]").fill("Kadena Air Base")
    page.locator("form textarea").fill("One aircraft is in maintenance until tomorrow.")
    page.screenshot(path=IMAGES / "answer-en.png")
    page.keyboard.press("Control+Enter")
    expect(page.locator("article")).to_have_attribute("data-state", "partly accepted")


def take(page: Page, name: str) -> None:
    page.wait_for_timeout(700)  # fonts come by character range
    page.screenshot(path=IMAGES / f"{name}.png")


def map_screen(pair: Pair, pages: Watched) -> None:
    """The southwestern islands under the advisory, when all of it is drawn."""
    page = pages.open(pair.jjoc, "watch", "ja", at="#/picture")
    page.locator("figure[data-ready=true]").wait_for()
    page.locator("[data-idle=true]").wait_for(timeout=4 * PATIENCE_MS)
    take(page, "picture-ja")


def release_screens(pair: Pair, pages: Watched) -> None:
    """The queue, a record's inspector with its preview, and who gets it while writing."""
    guarded(pair, "Open Hirara port to relief ships")
    line = {
        "text": text("港湾の冠水を確認。", "ja", "Flooding seen in the harbour."),
        "label": pair.jjoc.label("Duty use, releasable to USA"),
    }
    record = pair.jjoc.api("watch").post("/log-entries", line)["record"]["id"]
    officer = pages.open(pair.jjoc, "disclosure", "en", at="#/release/review")
    officer.locator("[data-held]").first.wait_for()
    take(officer, "review-en")
    officer.goto(f"{pair.jjoc.url}/#/release/{record}")
    expect(officer.locator("[data-outcome=released]")).to_contain_text("received")
    officer.locator("[data-act=preview]").first.click()
    take(officer, "release-en")
    phone = pages.open(pair.jjoc, "disclosure", "ja", NARROW, at="#/release/review")
    phone.locator("[data-held]").first.wait_for()
    take(phone, "review-ja-390")
    writer = pages.open(pair.jjoc, "watch", "ja", at="#/log?write=1")
    writer.locator(".audience .mark").wait_for()
    take(writer, "audience-ja")


def plan_screens(pair: Pair, pages: Watched) -> None:
    """The documented case on the workbench, and its decision paths."""
    planner = pages.open(pair.usfj, "planner", at="#/plans")
    planner.locator("[data-act=reference]").click()
    planner.locator("[data-difference]").first.wait_for()
    planner.locator("[data-field=form]").select_option("chart")
    planner.locator("[data-chart=after]").wait_for()
    planner.locator("[data-field=form]").evaluate("field => field.scrollIntoView()")
    take(planner, "plans-en")
    paths = pages.open(pair.usfj, "planner", at="#/plans/paths?from=reference&simulated=1")
    paths.locator("[data-plot=busy]").wait_for()
    paths.locator("#lanes-title").evaluate("heading => heading.scrollIntoView()")
    take(paths, "paths-en")


def past_screen(pair: Pair, pages: Watched) -> None:
    """The board as it was before anything was answered."""
    page = pages.open(pair.jjoc, "watch")
    page.locator("a[data-kind=request]").first.wait_for()
    page.locator("[data-act=previous]").or_(page.locator("[data-act=look-back]")).first.evaluate(
        "b => b.click()"
    )
    page.locator("[data-part=past]").wait_for()
    page.locator("a[data-kind=request]").first.wait_for()
    take(page, "past-en")


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=DRAWING)
        pair, pages = Pair(Path(folder)), Watched(browser)
        try:
            request = furnish(pair)
            usfj = pages.open(pair.usfj, "watch")
            answer_first(usfj)
            usfj.goto(f"{pair.usfj.url}/#/board")
            take(usfj, "board-en")
            jjoc = pages.open(pair.jjoc, "watch", "ja", at=f"#/requests/{request}")
            jjoc.locator("[data-line=answered]").wait_for()
            take(jjoc, "request-ja")
            jjoc.goto(f"{pair.jjoc.url}/#/log")
            jjoc.locator("[data-kind]").first.wait_for()
            take(jjoc, "log-ja")
            map_screen(pair, pages)
            admin = pages.open(pair.usfj, "admin", at="#/partners")
            admin.locator("section[data-hq]").wait_for()
            take(admin, "partners-en")
            release_screens(pair, pages)
            plan_screens(pair, pages)
            past_screen(pair, pages)
            phone = pages.open(pair.jjoc, "watch", "ja", NARROW)
            phone.locator("a[data-kind=request]").first.wait_for()
            take(phone, "board-ja-390")
        finally:
            pages.close()
            pair.close()
            browser.close()
    assert pages.wrongs == [], pages.wrongs
    print(f"screenshots at {WIDE[0]} and {NARROW[0]} px in {IMAGES.name}/")


if __name__ == "__main__":
    main()
