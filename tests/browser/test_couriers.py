"""Couriers by hand: files made and kept here, chosen or dropped there, and what came of each."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import Open
from .looks import NARROW, WIDE, faults
from .pair import Pair

AT = "#/release/couriers"
DROP = """async ({ name, base64 }) => {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  window.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
}"""


def make(page: Page, to: Path) -> Path:
    """The whole log once more, without contents; the file that the browser saved."""
    form = page.locator("[data-part=make] form")
    form.locator("input[name=from][value=position]").check()
    form.locator("input[name=first]").fill("0")
    form.locator("input[name=contents]").uncheck()
    with page.expect_download() as coming:
        form.locator("button[type=submit]").click()
    kept = to / coming.value.suggested_filename
    coming.value.save_as(kept)
    return kept


def test_a_file_is_made_kept_and_taken_in_and_a_bad_one_is_named(
    pair: Pair, open_page: Open, tmp_path: Path
) -> None:
    here = open_page(pair.jjoc, "disclosure", at=AT)
    file = make(here, tmp_path)
    assert file.name.startswith("us.usfj-") and file.read_bytes().startswith(b"renkei sealed v1\n")
    made = here.locator("[data-part=make] [data-made='1']")
    expect(made).to_contain_text(file.name)
    expect(made).to_contain_text("entries 0 to")
    here.locator("[data-act=kept]").click()
    expect(here.locator("[data-kept]")).to_be_visible()

    there = open_page(pair.usfj, "admin", at=AT)
    there.locator("input[name=courier]").set_input_files(file)
    whole = there.locator("[data-taken=whole]")
    expect(whole).to_contain_text(file.name)
    expect(whole).to_contain_text("0 new entries logged")
    expect(whole).to_contain_text("Joint Operations Command")

    cut = {"name": "cut.courier", "base64": b64encode(file.read_bytes()[:-40]).decode()}
    there.evaluate(DROP, cut)
    expect(there.locator("[data-taken=faults], [data-taken=refused]")).to_contain_text("courier.")

    here.locator("input[name=courier]").set_input_files(file)
    expect(here.locator("[data-taken=refused]")).to_contain_text("no partner")


def test_who_may_not_carry_is_not_offered_it(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch", at="#/release/recalls")
    expect(page.locator("[data-tab=recalls]")).to_be_visible()
    expect(page.locator("[data-tab=couriers]")).to_have_count(0)


@pytest.mark.parametrize("way", ["out", "in"])
def test_one_way_is_shown_as_such(pair: Pair, open_page: Open, way: str) -> None:
    page = open_page(pair.jjoc, "disclosure")

    def one_way(route: Route) -> None:
        answer = route.fetch()
        told: list[dict[str, Any]] = answer.json()
        route.fulfill(response=answer, json=[one | {"oneWay": way} for one in told])

    page.route("**/api/v1/partners", one_way)
    page.goto(f"{pair.jjoc.url}/{AT}")
    page.reload()
    expect(page.locator(f"[data-one-way={way}]")).to_be_visible()
    expect(page.locator("[data-part=make]")).to_have_count(1 if way == "out" else 0)
    expect(page.locator("[data-part=take]")).to_have_count(0 if way == "out" else 1)


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1440", "390"])
def test_it_fits_and_the_fingerprint_can_be_read_aloud(
    pair: Pair, open_page: Open, lang: str, size: tuple[int, int]
) -> None:
    page = open_page(pair.jjoc, "disclosure", lang, size, at=AT)
    shown = page.locator("[data-part=fingerprint]")
    shown.locator("summary").click()
    expect(shown.locator("tbody tr")).to_have_count(8)
    (theirs,) = pair.jjoc.api("admin").get("/partners")
    own = pair.usfj.api("admin").get("/node")
    assert theirs["fingerprint"] == own["fingerprint"], "both sides read out the same"
    for said in ("digits", "en", "ja"):
        expect(shown).to_contain_text(theirs["fingerprint"][said][7])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert faults(page) == []
