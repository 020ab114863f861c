"""20,000 moving symbols, 5,000 of them changing each second, while somebody works on the map.

    python -m bench map

The map room as a watch officer has it: the built client, served by a ``renkei serve`` process under its own
security policy, in headless Chromium that draws WebGL in software.  The node's answers about positions and
its live stream are put together in the page (``map_traffic.js``), in the shapes of the API; from there on
they go the client's whole way: the stream's parser, the pages that are read, their JSON, the map, the list
in words, the markings.  Meanwhile the pointer moves, the wheel turns and keys pan, by the browser's own
input path.

An input's delay is the time from its event's stamp to its handler: how long the interface was not
listening. Beside it stands what must not be paid for it: changes that were read, and new pictures of the
symbols.  What the network and the node cost is not in it.  Without Chromium or the built client (``make
web``) the part fails to run.
"""

import contextlib
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from bench.common import Figure, figure, quantile
from bench.nodes import JJOC, Station, start, wait_for
from playwright.sync_api import Page, sync_playwright

SYMBOLS, RATE = 20_000, 5_000
P95_FLOOR_MS = 100.0
RATE_SHARE = 0.95
"""Of the changes a second that must be read: a timer of the browser may lose a tick."""
PICTURES_FLOOR = 2.0
"""New pictures of the symbols a second: an interface that answers while nothing moves would be no map."""
WARM_UP_SECONDS = 5.0
PATIENCE_MS = 120_000
VIEW = {"lon": 130, "lat": 29, "zoom": 5}
TRAFFIC = Path(__file__).with_name("map_traffic.js")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]


@contextlib.contextmanager
def node_served() -> Iterator[tuple[Station, str]]:
    """A node of the demonstration's, and the script that makes the traffic with a label of its policy."""
    with tempfile.TemporaryDirectory(prefix="renkei-map-") as folder:
        station = Station(Path(folder) / JJOC, JJOC)
        with contextlib.closing(station):
            start(station)
            label, marking = marked(station)
            given = {"symbols": SYMBOLS, "rate": RATE, "label": label, "marking": marking}
            yield station, f"{TRAFFIC.read_text()}({json.dumps(given)});"


def marked(station: Station) -> tuple[Any, Any]:
    """A label, and its marking as the node gives it with every record."""
    api = station.api()
    place = {"type": "Point", "coordinates": [127.7, 26.2]}
    body = {"geometry": place, "label": msgspec.to_builtins(station.shared), "name": "First"}
    api.ask("POST", "/positions", json.dumps(body).encode())
    wait_for(lambda: api.get("/positions")["items"], PATIENCE_MS / 1e3, "the position to be seen")
    [first] = api.get("/positions")["items"]
    return first["record"]["label"], first["marking"]


def work(page: Page, seconds: float) -> None:
    """What a person does on a map, some twenty inputs a second."""
    page.mouse.move(900, 400)
    page.mouse.click(900, 400)
    until, step = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        step += 1
        page.mouse.move(600 + step * 37 % 600, 200 + step * 23 % 400)
        if step % 20 == 0:
            page.mouse.wheel(0, -120 if step % 40 else 120)
        elif step % 10 == 0:
            page.keyboard.press(("ArrowLeft", "ArrowRight")[step // 10 % 2])
        page.wait_for_timeout(45)


def open_map(browser: Any, station: Station, traffic: str, clustered: bool) -> Page:
    """The map room with every symbol there and the traffic begun."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900},
        extra_http_headers={"Authorization": f"Bearer {station.token}"},
    )
    settings = json.dumps({"cluster": clustered, "view": VIEW})
    context.add_init_script(f"localStorage.setItem('renkei.map.{JJOC}/bench', {json.dumps(settings)});")
    context.add_init_script(traffic)
    page: Page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"http://127.0.0.1:{station.http}/#/picture")
    page.wait_for_function(
        "(count) => Number(document.querySelector('[data-onmap]')?.dataset.onmap) > count",
        arg=SYMBOLS // 2,
    )
    page.evaluate("bench.begun = true")
    return page


def one_run(
    station: Station, traffic: str, chromium: str, clustered: bool, seconds: float
) -> dict[str, float]:
    """Input delays (ms), changes read and pictures drawn a second, in a browser of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        page = open_map(browser, station, traffic, clustered)
        work(page, WARM_UP_SECONDS)
        page.evaluate("bench.taken()")
        begun = time.monotonic()
        work(page, seconds)
        spent = time.monotonic() - begun
        said = page.evaluate("bench.taken()")
        browser.close()
    return {
        "p50": quantile(said["delays"], 0.5),
        "p95": quantile(said["delays"], 0.95),
        "read": said["handed"] / spent,
        "pictures": said["pictures"] / spent,
    }


def figures(small: bool) -> list[Figure]:
    """Gathered into clusters, as the map starts, and every symbol by itself."""
    chromium = (
        os.environ.get("RENKEI_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    )
    if chromium is None:
        raise OSError("expected Chromium (tools/browser-deps.sh installs it); none came")
    rounds, seconds = (1, 5.0) if small else (3, 20.0)
    found = []
    with node_served() as (station, traffic):
        for name, clustered in (("gathered", True), ("each drawn", False)):
            runs = [one_run(station, traffic, chromium, clustered, seconds) for _ in range(rounds)]
            p50 = statistics.median(run["p50"] for run in runs)
            found += [
                figure(
                    f"{SYMBOLS:,} symbols, {RATE:,} changes/s, {name}: input delay p95",
                    [run["p95"] for run in runs],
                    "ms",
                    floor=P95_FLOOR_MS,
                    at_most=True,
                    note=f"p50 {p50:.1f} ms",
                ),
                figure(
                    f"the same: changes read, {name}",
                    [run["read"] for run in runs],
                    "/s",
                    floor=RATE * RATE_SHARE,
                ),
                figure(
                    f"the same: new pictures of the symbols, {name}",
                    [run["pictures"] for run in runs],
                    "/s",
                    floor=PICTURES_FLOOR,
                ),
            ]
    return found
