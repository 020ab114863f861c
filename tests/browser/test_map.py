"""The map, in a Chromium that draws WebGL in software: languages, widths, day and night, hand and key."""

import gzip
import json
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from . import looks
from .conftest import CHROMIUM, DRAWING, PATIENCE_MS, Open, Watched
from .looks import WIDE
from .pair import Pair

HOSTILE = '<img src=x onerror="document.title=1">\u202eevil'
MAP = "figure[data-ready=true]"
TO_USA = "Unclassified, releasable to USA"


@pytest.fixture(scope="module")
def drawing(playwright: Playwright) -> Iterator[Browser]:
    """Chromium that has WebGL 2 without a graphics card."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=DRAWING)
    yield browser
    browser.close()


@pytest.fixture
def map_pages(drawing: Browser) -> Iterator[Watched]:
    """At the end nothing went wrong, and nothing was asked of another host."""
    pages = Watched(drawing)
    yield pages
    pages.close()
    assert pages.wrongs == []


@pytest.fixture
def open_map(map_pages: Watched, pair: Pair) -> Open:
    """A page of the watch officer of JJOC, with the map there."""

    def open_(lang: str = "en", size: tuple[int, int] = WIDE, at: str = "#/picture") -> Page:
        page = map_pages.open(pair.jjoc, "watch", lang, size, at=at)
        page.locator(MAP).wait_for()
        return page

    return open_


@pytest.fixture(scope="module")
def reported(pair: Pair) -> str:
    """The id of an old position with a hostile name, at sea south of Kyushu; a fresh one beside it."""
    api, label = pair.jjoc.api("watch"), pair.jjoc.label(TO_USA)
    old = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    fresh = {"geometry": {"type": "Point", "coordinates": [127.2, 29.1]}, "label": label, "name": "Patrol 1"}
    api.post("/positions", fresh | {"name_ja": "哨戒1", "course": 75})
    stale = {"geometry": {"type": "Point", "coordinates": [128.6, 30.2]}, "label": label, "name": HOSTILE}
    return str(api.post("/positions", stale | {"observed_at": old})["record"]["id"])


def go_to(page: Page, text: str) -> None:
    page.locator("[name=goto]").fill(text)
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    settled(page)


def settled(page: Page) -> None:
    """Until everything that is to be seen is drawn; software drawing on a busy machine takes its time."""
    page.locator("[data-idle=true]").wait_for(timeout=4 * PATIENCE_MS)


def in_centre(page: Page) -> str:
    page.mouse.move(5, 5)
    return page.locator("[data-at]").inner_text()


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_map_opens_by_day_and_night_and_passes_axe(open_map: Open, lang: str) -> None:
    page = open_map(lang, looks.AXED[lang])
    expect(page.locator("[data-onmap]")).not_to_have_attribute("data-onmap", "0")
    page.locator("[data-act=layers]").click()
    looks.check(page, lang, "by night")
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    looks.check(page, lang, "by day")


def test_hazards_are_drawn_where_they_are_and_open_when_picked(open_map: Open) -> None:
    page = open_map("ja")
    go_to(page, "24.6 124.6")  # at sea between Miyakojima and Ishigakijima
    lit = page.locator(MAP).bounding_box()
    assert lit is not None
    middle = (lit["x"] + lit["width"] / 2 + 60, lit["y"] + lit["height"] / 2 + 70)
    seen = colour_at(page, middle)
    page.locator("[data-act=layers]").click()
    page.locator("[data-layer=hazards] input").uncheck()
    page.wait_for_timeout(100)
    settled(page)
    assert colour_at(page, middle) != seen
    page.locator("[data-layer=hazards] input").check()
    page.locator("[data-act=layers]").click()
    settled(page)
    page.mouse.click(*middle)
    expect(page.locator("article.selected")).to_contain_text("宮古島・八重山地方")


def colour_at(page: Page, at: tuple[float, float]) -> bytes:
    """A small picture of the map there, without the cursor."""
    clip = {"x": at[0] - 2, "y": at[1] - 2, "width": 4, "height": 4}
    return page.screenshot(clip=clip)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["52R CP 68126 99611", "52R 368126 2899611", "26.21, 127.68", "26°12'36\"N 127°40'48\"E", "Naha", "那覇"],
)
def test_every_form_of_a_coordinate_and_names_lead_there(open_map: Open, text: str) -> None:
    page = open_map()
    go_to(page, text)
    assert in_centre(page).startswith("52R CP 681")
    page.locator(".bar select").select_option("dms")
    assert in_centre(page).startswith("26°12′3")


def test_what_is_no_place_is_said_plainly(open_map: Open) -> None:
    page = open_map("ja")
    go_to(page, "どこにもない")
    expect(page.locator(".notice")).to_contain_text("座標でも既知の地名でもありません")


def test_who_leaves_the_box_and_is_back_at_once_keeps_what_was_found(open_map: Open) -> None:
    page = open_map()
    page.locator("[name=goto]").fill("26.21 127.68")
    page.locator("[name=goto]").evaluate("box => { box.blur(); box.focus(); }")
    page.wait_for_timeout(400)
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_have_count(0)
    settled(page)
    assert in_centre(page).startswith("52R CP 681")


def test_measuring_by_keyboard_gives_distance_and_bearing(open_map: Open) -> None:
    page = open_map()
    for place in ("26.21 127.68", "24.34 124.17"):
        go_to(page, place)
        page.locator("canvas.maplibregl-canvas").focus()
        if place.startswith("26"):
            page.keyboard.press("m")
        page.keyboard.press("Enter")
    expect(page.locator("[data-measured]")).to_contain_text("221 NM · 410 km · 240°T")


def test_layers_order_locks_and_form_outlive_a_reload(open_map: Open) -> None:
    page = open_map()
    go_to(page, "Yonagunijima")
    page.locator("[data-act=layers]").click()
    page.get_by_label("Move up: Sites").click()
    page.locator("[data-layer=areas] input").uncheck()
    page.get_by_label("Lock: Hazards").click()
    page.locator(".bar select").select_option("utm")
    before = order(page)
    assert before.index("sites") < before.index("units")
    page.reload()
    page.locator(MAP).wait_for()
    page.locator("[data-act=layers]").click()
    assert order(page) == before
    expect(page.locator("[data-layer=areas] input")).not_to_be_checked()
    expect(page.locator("[data-layer=hazards] input")).to_be_disabled()
    assert in_centre(page).startswith("51R 500")
    assert page.locator(MAP).get_attribute("data-zoom") == "9.00"


def order(page: Page) -> list[str]:
    return [str(row.get_attribute("data-layer")) for row in page.locator("[data-layer]").all()]


def test_a_picked_symbol_shows_its_record_its_age_and_a_harmless_name(open_map: Open, reported: str) -> None:
    page = open_map()
    go_to(page, "30.2 128.6")
    page.locator("canvas.maplibregl-canvas").focus()
    expect(page.locator("[data-onmap='0']")).to_have_count(0)
    page.keyboard.press("Enter")
    picked = page.locator(f"[data-picked='{reported}']")
    expect(picked).to_contain_text("<img src=x onerror")
    expect(picked).to_contain_text("Old")
    assert page.title() != "1"
    page.locator("[data-onmap] summary").click()
    row = page.locator("[data-onmap] li", has_text="<img src=x")
    expect(row).to_contain_text("3 h")
    picked.locator("a.button").click()
    expect(page).to_have_url(f"{page.url.split('#')[0]}#/records/{reported}")


def test_a_position_that_changes_moves_without_a_reload(open_map: Open, pair: Pair, reported: str) -> None:
    page = open_map()
    go_to(page, "21.5 132.5")
    summary = page.locator("[data-onmap] summary")
    expect(summary).to_contain_text("0 symbols")
    api, label = pair.jjoc.api("watch"), pair.jjoc.label(TO_USA)
    moved = {"geometry": {"type": "Point", "coordinates": [132.5, 21.5]}, "label": label, "name": "Moved"}
    api.post("/positions", moved)
    expect(summary).to_contain_text("1 symbol in view")


def test_a_dropped_pmtiles_archive_is_drawn_and_a_wrong_one_refused(open_map: Open, tmp_path: Path) -> None:
    page = open_map("ja")
    archive = tmp_path / "island.pmtiles"
    archive.write_bytes(tiny_pmtiles())
    drop(page, archive.name, archive.read_bytes())
    expect(page.locator(".notice")).to_contain_text("ローカル地図を表示しました: island.pmtiles")
    page.locator("[data-act=layers]").click()
    expect(page.locator("[data-local]")).to_contain_text("survey")
    page.locator("[data-local] button").click()
    expect(page.locator("[data-local]")).to_have_count(0)
    drop(page, "note.txt", b"no archive")
    expect(page.locator(".notice")).to_contain_text("note.txt は該当しません")


def drop(page: Page, name: str, data: bytes) -> None:
    page.evaluate(
        """([name, data]) => {
          const files = new DataTransfer();
          files.items.add(new File([new Uint8Array(data)], name));
          const drop = new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true });
          document.querySelector('figure[data-ready]').dispatchEvent(drop);
        }""",
        [name, list(data)],
    )


def tiny_pmtiles() -> bytes:
    """One tile (zoom 0) with a square in its layer ``ground``; PMTiles specification, version 3."""
    tile = gzip.compress(square_tile(), mtime=0)
    said = {"vector_layers": [{"id": "ground"}], "attribution": "<b>survey</b> <script>"}
    metadata = gzip.compress(json.dumps(said).encode(), mtime=0)
    directory = gzip.compress(bytes([1, 0, 1]) + varint(len(tile)) + bytes([1]), mtime=0)
    at = [127, 127 + len(directory)]
    header = b"PMTiles\x03" + struct.pack(
        "<11Q", at[0], len(directory), at[1], len(metadata), 0, 0, at[1] + len(metadata), len(tile), 1, 1, 1
    )
    header += bytes([1, 2, 2, 1, 0, 0])  # clustered, gzip inside and out, vector, zooms 0 to 0
    header += struct.pack("<4i", 1_220_000_000, 230_000_000, 1_310_000_000, 310_000_000)
    header += bytes([0]) + struct.pack("<2i", 1_270_000_000, 270_000_000)
    assert len(header) == 127
    return header + directory + metadata + tile


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def square_tile() -> bytes:
    """A Mapbox vector tile (specification 2.1) with one polygon in the layer ``ground``."""

    def zigzag(n: int) -> int:
        return (n << 1) ^ (n >> 31)

    commands = [9, zigzag(0), zigzag(0), 26, *map(zigzag, (4096, 0, 0, 4096, -4096, 0)), 15]
    geometry = b"".join(varint(c) for c in commands)
    feature = bytes([0x18, 3, 0x22]) + varint(len(geometry)) + geometry
    layer = bytes([0x0A, 6]) + b"ground" + bytes([0x12]) + varint(len(feature)) + feature
    layer += bytes([0x28]) + varint(4096) + bytes([0x78, 2])
    return bytes([0x1A]) + varint(len(layer)) + layer


def test_without_webgl_the_plain_map_is_shown_and_says_so(pair: Pair, map_pages: Watched) -> None:
    page = map_pages.open(pair.jjoc, "watch", "ja", at="#/log")
    page.locator("h1").wait_for()
    page.evaluate("HTMLCanvasElement.prototype.getContext = () => null")
    page.evaluate("location.hash = '#/picture'")
    expect(page.locator("[data-plain]")).to_contain_text("簡易地域図")
    expect(page.locator("figure svg[role=group]")).to_be_visible()
