"""Decision paths by hand: lanes, simulation, plots and tables, files, the address, both languages."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from renkei.data import packaged

from .conftest import Open
from .looks import NARROW, faults, pages_of
from .pair import Pair

AT = "#/plans/paths"


def shoot(page: Page, name: str) -> None:
    """A picture of the whole page, for whoever asks for it by RENKEI_SHOTS."""
    if folder := os.environ.get("RENKEI_SHOTS"):
        height = page.evaluate(
            "document.querySelector('main').scrollHeight + document.querySelector('main').offsetTop + 60"
        )
        size = page.viewport_size
        assert size
        page.set_viewport_size({"width": size["width"], "height": int(height)})
        page.screenshot(path=Path(folder) / f"{name}.png")
        page.set_viewport_size(size)


@pytest.mark.parametrize(
    ("lang", "theme", "caution", "none"),
    [
        ("en", "light", "does not predict minutes", "no winner can be named"),
        ("ja", "dark", "予測するものではありません", "優劣は判定できない"),
    ],
)
def test_the_documented_case_is_shown_simulated_and_explained(
    pair: Pair, open_page: Open, lang: str, theme: str, caution: str, none: str
) -> None:
    page = open_page(pair.usfj, "planner", lang, at="#/plans")
    if page.evaluate("document.documentElement.dataset.theme") != theme:
        page.locator("[data-act=theme]").click()
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    page.locator("[data-tab=paths]").click()
    expect(page.locator("[data-caution]")).to_contain_text(caution)
    page.locator("[data-act=reference]").click()
    today = page.locator("[data-lanes=today]")
    expect(today.locator("[data-step=decide]")).to_be_visible()
    expect(today.locator("[data-post='indopacom.disclosure'] .bad")).to_be_visible()
    expect(today.locator("[data-post='indopacom.operations']")).to_have_attribute("data-single", "false")
    expect(page.locator("[data-assumed='23']")).to_be_visible()
    expect(page.locator("[data-path-map]")).to_have_count(2)
    expect(page.locator("[data-table=static]")).to_contain_text(
        {"en": "without stand-ins", "ja": "代行なし"}[lang]
    )
    expect(page.locator("[data-path-map=today] figcaption")).to_contain_text("1")
    page.locator("[data-act=simulate]").click()
    verdict = page.locator("[data-verdicts] [data-kind=relief]")
    expect(verdict).to_have_attribute("data-winner", "proposed")
    for plot in ("differences", "ecdf-relief", "sweep", "busy"):
        figure = page.locator(f"[data-plot='{plot}']")
        expect(figure.locator("svg[role=img]")).to_be_visible()
        figure.locator("summary").click()
        expect(figure.locator("tbody tr").first).to_be_visible()
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    shoot(page, f"paths-{lang}-{theme}")
    assert none not in verdict.inner_text()


def test_equals_have_no_winner_and_the_page_says_so(pair: Pair, open_page: Open) -> None:
    text = packaged("paths/example.toml").decode()
    today = text[text.index("[[today.posts]]") : text.index("# --- proposed")]
    same = text[: text.index("# --- proposed")] + today.replace("[[today.", "[[proposed.").replace(
        "[today.", "[proposed."
    )
    page = open_page(pair.jjoc, "planner", "en", at=AT)
    field = page.locator("[data-field=description]")
    field.set_input_files({"name": "same.toml", "mimeType": "application/toml", "buffer": same.encode()})
    expect(page.locator("[data-synthetic]")).to_be_visible()
    page.locator("[data-field=seed]").fill("5")
    page.locator("[data-field=seed]").press("Enter")
    expect(page.locator("[data-verdicts] [data-winner=none]")).to_have_count(2)
    expect(page.locator("[data-verdicts]")).to_contain_text("no winner can be named")
    assert faults(page) == []


def test_a_faulty_file_is_refused_with_its_place_and_nothing_lost(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.usfj, "planner", "en", at=f"{AT}?from=example")
    expect(page.locator("[data-lanes=today]")).to_be_visible()
    wrong = packaged("paths/example.toml").replace(b'post = "theatre"', b'post = "nowhere"', 1)
    wrong = wrong.replace(b"hop = 10.0", b"hop = -10.0", 1)
    page.locator("[data-field=description]").set_input_files(
        {"name": "wrong.toml", "mimeType": "application/toml", "buffer": wrong}
    )
    expect(page.locator("[role=alert] [data-faults='2']")).to_contain_text("nowhere")
    expect(page.locator("[role=alert]")).to_contain_text("hop -10")
    expect(page.locator("[data-lanes=today]")).to_be_visible()


def test_the_address_brings_back_what_was_shown(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.usfj, "planner", "en", at=f"{AT}?from=reference")
    page.locator("[data-field=kind]").select_option("information")
    page.locator("[data-field=seed]").fill("3")
    page.locator("[data-act=simulate]").click()
    verdict = page.locator("[data-verdicts] [data-kind=information]")
    said = verdict.inner_text()
    expect(page).to_have_url(re.compile("from=reference&kind=information&seed=3&simulated=1"))
    page.reload()
    expect(verdict).to_have_text(said)
    expect(page.locator("[data-lanes=today] [data-step]")).to_have_count(3)


def test_paths_fit_a_phone_and_are_reached_by_keyboard(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "viewer", "ja", NARROW, at=AT)
    page.locator("[data-act=example]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-lanes=proposed]")).to_be_visible()
    scroll: Any = page.get_by_role("region", name="経路図：現行")
    scroll.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("element => element.scrollLeft > 0", arg=scroll.element_handle())
    page.locator("[data-act=simulate]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-plot=sweep]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert faults(page) == []
    shoot(page, "paths-390-ja")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_brief_on_paper_is_one_page_with_the_result_and_no_controls(
    pair: Pair, open_page: Open, lang: str
) -> None:
    page = open_page(pair.usfj, "planner", lang, at=f"{AT}?from=reference&simulated=1")
    expect(page.locator("[data-verdicts]")).to_be_visible()
    page.emulate_media(media="print")
    for shown in ("[data-caution]", "[data-verdicts]", "[data-lanes=today]", "[data-plot=differences]"):
        expect(page.locator(shown)).to_be_visible()
    for hidden in ("[data-act=simulate]", "[data-act=brief]", "[data-field=seed]", "[data-tab=paths]"):
        expect(page.locator(hidden)).to_be_hidden()
    brief = page.pdf(format="A4")
    assert pages_of(brief) == 1
    if folder := os.environ.get("RENKEI_SHOTS"):
        (Path(folder) / "brief.pdf").write_bytes(brief)


def test_times_from_the_log_are_told_step_by_step_or_why_there_are_none(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "planner", "ja", at="#/plans/paths?from=example")
    page.locator("[data-field=log]").check()
    page.locator("[data-act=simulate]").click()
    rows = page.locator("[data-part=from-log] [data-measured]")
    expect(rows.first).to_contain_text("仮定のまま", timeout=60_000)
    assert "log=1" in page.url
    assert faults(page) == []
