"""20,000 moving symbols, 5,000 of them changing each second, while somebody works on the map.

    python -m bench map

The map's own code (``web/bench/map.ts``) in headless Chromium that draws WebGL in software, under the
node's own content security policy.  Positions are made in the page in the shape the API gives them and go the
way live updates go: points, the ticks, clusters, the draw call.  Meanwhile the pointer moves, the wheel turns
and keys pan, by the browser's own input path.

An input's delay is the time from its event's stamp to its handler: how long the interface was not listening.
What the network and the reading of JSON cost is not in it.  Without Chromium or the client's packages the
part fails to run.
"""

import contextlib
import functools
import http.server
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.common import Figure, figure, quantile
from playwright.sync_api import Page, sync_playwright

from renkei.edges.http.front import CONTENT_POLICY

WEB = Path(__file__).parents[1] / "web"
SYMBOLS, RATE = 20_000, 5_000
P95_FLOOR_MS = 100.0
RATE_SHARE = 0.95
"""Of the changes a second that must be applied: a timer of the browser may lose a tick."""
WARM_UP_SECONDS = 3.0
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files under the node's own policy, in silence."""

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        """Scripts as scripts, whatever this system's table says."""
        return "text/javascript" if str(path).endswith((".js", ".mjs")) else super().guess_type(path)

    def end_headers(self) -> None:
        """With the policy that the client has to live with."""
        self.send_header("content-security-policy", CONTENT_POLICY)
        super().end_headers()

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@contextlib.contextmanager
def page_served() -> Iterator[str]:
    """Build the page and serve it; its address."""
    with tempfile.TemporaryDirectory(prefix="renkei-map-") as folder:
        build = ["npx", "vite", "build", "--config", "bench/vite.config.ts", "--outDir", folder]
        subprocess.run(["npm", "run", "coast", "--silent"], cwd=WEB, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(build, cwd=WEB, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        handler = functools.partial(Handler, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/"
            server.shutdown()


def work(page: Page, seconds: float) -> None:
    """What a person does on a map, some twenty inputs a second."""
    page.mouse.move(700, 400)
    page.mouse.click(700, 400)
    until, step = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        step += 1
        page.mouse.move(400 + step * 37 % 600, 200 + step * 23 % 400)
        if step % 20 == 0:
            page.mouse.wheel(0, -120 if step % 40 else 120)
        elif step % 10 == 0:
            page.keyboard.press(("ArrowLeft", "ArrowRight")[step // 10 % 2])
        page.wait_for_timeout(45)


def one_run(url: str, chromium: str, clustered: bool, seconds: float) -> dict[str, float]:
    """Input delays (ms), changes applied and frames drawn a second, in a browser of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        page.wait_for_function("window.bench && window.bench.loaded()", timeout=60_000)
        page.evaluate(f"window.bench.start({SYMBOLS}, {RATE}, {str(clustered).lower()})")
        work(page, WARM_UP_SECONDS)
        page.evaluate("window.bench.taken()")
        begun = time.monotonic()
        work(page, seconds)
        spent = time.monotonic() - begun
        said = page.evaluate("window.bench.taken()")
        browser.close()
    return {
        "p50": quantile(said["delays"], 0.5),
        "p95": quantile(said["delays"], 0.95),
        "applied": said["applied"] / spent,
        "frames": said["frames"] / spent,
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
    with page_served() as url:
        for name, clustered in (("gathered", True), ("each drawn", False)):
            runs = [one_run(url, chromium, clustered, seconds) for _ in range(rounds)]
            frames = statistics.median(run["frames"] for run in runs)
            p50 = statistics.median(run["p50"] for run in runs)
            found += [
                figure(
                    f"{SYMBOLS:,} symbols, {RATE:,} changes/s, {name}: input delay p95",
                    [run["p95"] for run in runs],
                    "ms",
                    floor=P95_FLOOR_MS,
                    at_most=True,
                    note=f"p50 {p50:.1f} ms, {frames:.1f} frames/s in software",
                ),
                figure(
                    f"the same: changes applied, {name}",
                    [run["applied"] for run in runs],
                    "/s",
                    floor=RATE * RATE_SHARE,
                ),
            ]
    return found
