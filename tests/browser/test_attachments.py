"""Files beside a request: sent in pieces, gone on with after a cut, saved and never shown."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import Open
from .looks import NARROW, faults
from .pair import Pair
from .screenshots import ask

HOSTILE = "\u202egpj.exe <img src=x onerror=alert(1)> 道路図.bin"


@pytest.fixture(scope="module")
def request_id(pair: Pair) -> Any:
    label = pair.jjoc.label("Unclassified, releasable to USA")
    return ask(pair.jjoc.api("watch"), "us.usfj", None, label, "With a file", 120)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("file") / HOSTILE.replace("/", "_")
    made.write_bytes(os.urandom(9_000_000))
    return made


def attach(page: Page, file: Path) -> None:
    page.locator("[data-act=attach]").click()
    page.locator("dialog input[type=file]").set_input_files(file)
    expect(page.locator("dialog .audience .mark")).to_be_visible()
    page.locator("dialog form button[type=submit]").click()


def test_a_file_that_broke_off_goes_on_and_is_saved_byte_for_byte(
    pair: Pair, open_page: Open, request_id: str, file: Path
) -> None:
    page = open_page(pair.jjoc, "watch", at=f"#/requests/{request_id}")
    pieces: list[str] = []

    def cut(route: Route) -> None:
        pieces.append(route.request.url)
        if len(pieces) == 2:
            route.abort()
        else:
            route.continue_()

    page.route("**/attachments/uploads/*?offset=*", cut)
    attach(page, file)
    expect(page.locator("dialog [role=alert]")).to_be_visible()
    page.reload()
    attach(page, file)
    shown = page.locator("[data-attachment]")
    expect(shown).to_have_count(1)
    assert len({url.split("?")[0] for url in pieces}) == 1
    assert [url.rsplit("=", 1)[1] for url in pieces].count("0") == 1
    expect(shown.locator("img, script")).to_have_count(0)
    with page.expect_download() as saved:
        shown.locator("a[download]").click()
    assert Path(saved.value.path()).read_bytes() == file.read_bytes()
    assert faults(page) == []


def test_who_may_only_look_sees_it_and_cannot_attach(pair: Pair, open_page: Open, request_id: str) -> None:
    page = open_page(pair.jjoc, "viewer", "ja", NARROW, at=f"#/requests/{request_id}")
    expect(page.locator("[data-attachment]")).to_be_visible()
    expect(page.locator("[data-act=attach]")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert faults(page) == []


def test_the_partner_gets_record_and_content_over_the_link(
    pair: Pair, open_page: Open, request_id: str, file: Path
) -> None:
    theirs = next(
        r["id"]
        for r in pair.usfj.api("watch").get("/requests/rows")["items"]
        if r["title"]["text"] == "With a file"
    )
    page = open_page(pair.usfj, "watch", "ja", at=f"#/requests/{theirs}")
    link = page.locator("[data-attachment] a[download]")
    expect(link).to_be_visible(timeout=30_000)
    with page.expect_download() as saved:
        link.click()
    assert Path(saved.value.path()).read_bytes() == file.read_bytes()
    assert faults(page) == []


def test_a_content_on_its_way_is_shown_with_how_far_it_is(
    pair: Pair, open_page: Open, request_id: str
) -> None:
    def told(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        body["items"][0] |= {"here": False, "state": "coming", "received": 4_500_000}
        route.fulfill(response=answer, json=body)

    page = open_page(pair.jjoc, "watch", "ja", NARROW)
    page.route("**/api/v1/attachments?about=*", told)
    page.goto(f"{page.url.split('#')[0]}#/requests/{request_id}")
    expect(page.locator("[data-state=coming]")).to_have_text("内容を受信中：50％")
    expect(page.locator("[data-attachment] a[download]")).to_have_count(0)
