"""Chromium and two running nodes for the browser tests.

Every page keeps account of what a person would never see and must not happen: errors on the console,
anything the content security policy blocked, and any request to another host than the node.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytest.importorskip("playwright.sync_api", reason="browser tests need the playwright package")

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    expect,
    sync_playwright,
)

from .looks import WIDE
from .pair import Headquarters, Pair

CHROMIUM = os.environ.get("RENKEI_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DRAWING = [
    *[a for a in ARGUMENTS if a != "--disable-gpu"],
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]
"""For a Chromium that has WebGL 2 without a graphics card, as the map needs it."""
PATIENCE_MS = 30_000
"""Longest wait for anything on a screen: two nodes, a browser and other tests share the machine."""
EXPECTED_ON_CONSOLE = re.compile(
    r"status of (400|401|403|404|409|422)|net::ERR_(INTERNET_DISCONNECTED|FAILED|CONNECTION_\w+)"
    r"|GL Driver Message .*Performance|fallback to software WebGL"
    r"|unknown error occurred when fetching the script"
)
"""Refusals the browser reports by itself, the node being away where a test takes it away (or the page being
closed while the client is fetched to be kept), and that the map is drawn without a graphics card."""

expect.set_options(timeout=PATIENCE_MS)

Open = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    both = Pair(tmp_path_factory.mktemp("pair"))
    yield both
    both.close()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One for all browsers: a second beside it would not start."""
    if CHROMIUM is None:
        pytest.skip("browser tests need Chromium; tools/browser-deps.sh installs it")
    with sync_playwright() as one:
        yield one


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


class Watched:
    """Contexts with their pages, and everything they did that they should not have."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.wrongs: list[str] = []

    def open(
        self,
        hq: Headquarters,
        account: str,
        lang: str = "en",
        size: tuple[int, int] = WIDE,
        at: str = "#/board",
    ) -> Page:
        """A page of ``account``, signed in by hand, in ``lang``, at an address within the client."""
        page = self.page(hq, lang, size)
        sign_in(page, account, hq.password(account))
        page.goto(f"{hq.url}/{at}")
        return page

    def page(self, hq: Headquarters, lang: str = "en", size: tuple[int, int] = WIDE) -> Page:
        """A page that shows the sign-in."""
        locale = {"en": "en-US", "ja": "ja-JP"}[lang]
        context = self._browser.new_context(viewport={"width": size[0], "height": size[1]}, locale=locale)
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda err: self.wrongs.append(f"uncaught: {err}"))
        page.on("request", lambda request: self._asked(hq, request))
        page.goto(hq.url)
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not EXPECTED_ON_CONSOLE.search(message.text):
            self.wrongs.append(f"{message.type}: {message.text}")

    def _asked(self, hq: Headquarters, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(hq.url).netloc:
            self.wrongs.append(f"another host: {request.url}")


def sign_in(page: Page, account: str, password: str) -> None:
    page.fill("input[name=account]", account)
    page.fill("input[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-hq]")


@pytest.fixture
def watched(chromium: Browser, pair: Pair) -> Iterator[Watched]:
    pages = Watched(chromium)
    yield pages
    pages.close()
    assert pages.wrongs == []


@pytest.fixture
def open_page(watched: Watched) -> Open:
    return watched.open
