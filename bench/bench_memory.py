"""The client's memory over an hour's traffic, replayed as fast as the client shows it.

    python -m bench memory

One ``renkei serve`` and headless Chromium on the board.  An hour of a busy watch is 3,600 changes: lines of
the log, and new versions of two hundred requests, so that what there is to show stays the same size.
Meanwhile the page goes round the rooms as a watch officer does.  Ten times in the hour it comes back to the
board, rubbish is collected (DevTools ``HeapProfiler.collectGarbage``) and the JavaScript heap, its objects
and the nodes of the document are read.

Before the hour, a sixth of one warms up: rooms are loaded when first opened, and the engine compiles what
runs often, for a good while.  Compiled code is in the heap's size and not among its objects.
"""

import json
import os
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from bench.bench_client import ARGUMENTS, open_page, request_line
from bench.common import Figure, figure
from bench.nodes import Station, lag_of, pair, start, wait_for

CHANGES, SMALL_CHANGES = 3_600, 200
REQUESTS, READINGS = 200, 10
WARM_UP = 6
"""What comes before, as a share of the hour: one over this."""
GROWN = 1.15
"""Steady: what is read last is at most this many times what was read first; collectors leave some behind."""
PAUSE_SECONDS = 0.01
ROOMS = ("log", "tasks", "decisions", "attention", "structure", "partners", "plans", "board")


def log_line(station: Station, number: int) -> bytes:
    """A line of the watch log."""
    now = datetime.now(UTC).isoformat()
    body = {
        "kind": "log-entry",
        "label": msgspec.to_builtins(station.shared),
        "happened_at": now,
        "text": {"text": f"{number}番目の記載。港湾の冠水を確認、道路は通行できる。", "lang": "ja"},
    }
    return json.dumps(body, ensure_ascii=False).encode()


def furnish(station: Station, to: str) -> list[str]:
    """The requests that are changed again and again; their ids."""
    api = station.api()
    ids = []
    for number in range(REQUESTS):
        answer = api.ask("POST", "/records", request_line(station, to, number, f"輸送ヘリ{number}番の待機"))
        ids.append(str(answer.body["id"]))
    return ids


class Reading(NamedTuple):
    """Megabytes of JavaScript heap after collecting rubbish, objects in it, and nodes of the document."""

    heap: float
    objects: float
    nodes: float


def read(wire: Any) -> Reading:
    """How it stands."""
    for _ in range(2):
        wire.send("HeapProfiler.collectGarbage")
    found = {m["name"]: m["value"] for m in wire.send("Performance.getMetrics")["metrics"]}
    return Reading(found["JSHeapUsedSize"] / 2**20, objects(wire), found["Nodes"])


def objects(wire: Any) -> float:
    """How many objects there are, lists and functions included; told by the engine, none is looked at."""
    group = {"objectGroup": "reading"}
    root = wire.send("Runtime.evaluate", {"expression": "Object.prototype", **group})["result"]["objectId"]
    all_of_them = wire.send("Runtime.queryObjects", {"prototypeObjectId": root, **group})["objects"][
        "objectId"
    ]
    length = {"functionDeclaration": "function () { return this.length; }", "objectId": all_of_them}
    found: float = wire.send("Runtime.callFunctionOn", length)["result"]["value"]
    wire.send("Runtime.releaseObjectGroup", group)
    return found


def replay(page: Any, station: Station, to: str, ids: list[str], changes: int) -> list[Reading]:
    """The readings, one after each tenth of ``changes``, the warming up before them left out."""
    api, wire, readings = station.api(), page.context.new_cdp_session(page), []
    wire.send("Performance.enable")
    tenth, versions = changes // READINGS, dict.fromkeys(ids, 1)
    warm = changes // WARM_UP
    for number in range(-warm, changes):
        one = ids[number // 2 % len(ids)]
        if number % 2:
            api.ask("POST", "/records", log_line(station, number))
        else:
            versions[one] += 1
            line = msgspec.json.decode(request_line(station, to, number % 60, f"第{number}報 輸送ヘリの待機"))
            changed = line | {"id": one, "version": versions[one]}
            api.ask("POST", "/records", msgspec.json.encode(changed))
        time.sleep(PAUSE_SECONDS)
        if number % max(1, tenth // len(ROOMS)) == 0:
            page.evaluate(
                "room => { location.hash = '#/' + room; }",
                ROOMS[number // max(1, tenth // len(ROOMS)) % len(ROOMS)],
            )
        if number >= 0 and number % tenth == tenth - 1:
            page.evaluate("location.hash = '#/board'")
            page.locator("main .board").wait_for()
            wait_for(lambda: lag_of(api) == 0, 60, "the views to follow")
            page.wait_for_timeout(1_500)
            readings.append(read(wire))
    return readings


def figures(small: bool) -> list[Figure]:
    """The heap and the document after the first tenth and after the last."""
    from playwright.sync_api import sync_playwright  # only this part needs a browser

    found = shutil.which("chromium") or shutil.which("chromium-browser")
    chromium = os.environ.get("RENKEI_CHROMIUM") or found
    changes = SMALL_CHANGES if small else CHANGES
    with tempfile.TemporaryDirectory(prefix="renkei-memory-") as name, pair(Path(name)) as (us, jp):
        start(jp)
        ids = furnish(jp, us.hq)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            page = open_page(browser, jp, "#/board")[0]
            readings = replay(page, jp, us.hq, ids, changes)
            browser.close()
    first, last = readings[0], readings[-1]
    spread = ", ".join(f"{one.heap:.1f}" for one in readings)

    def grown(what: str, before: float, after: float) -> Figure:
        return figure(f"{what}, last tenth over first", [after / before], "", floor=GROWN, at_most=True)

    return [
        figure(f"JavaScript heap after {changes:,} changes", [last.heap], "MB", note=f"by tenths: {spread}"),
        grown("the same", first.heap, last.heap),
        grown("objects in it", first.objects, last.objects),
        grown("nodes of the document", first.nodes, last.nodes),
    ]
