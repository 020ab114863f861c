"""Whether a page fits, and whether everybody can use it, asked at both widths in one visit."""

import re
from pathlib import Path

from playwright.sync_api import Page

WIDE, NARROW = (1440, 900), (390, 844)
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
AXED = {"en": WIDE, "ja": NARROW}
"""Axe looks at each language at one width: what it finds depends on either, hardly ever on both."""
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def check(page: Page, lang: str, what: str) -> None:
    """The page as it stands fits at both widths and passes axe at one; it is wide afterwards."""
    for size in (NARROW, WIDE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        assert fits(page), f"{what} is too wide at {size[0]}"
        found = faults(page) if AXED[lang] == size else []
        assert not found, f"{what} at {size[0]}: {found}"


def faults(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 level A and AA."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8") + "\n;undefined")
    asked = "tags => axe.run({ runOnly: tags, resultTypes: ['violations'] })"
    return [
        f"{v['id']}: {n['html'][:160]} {n['failureSummary'][:200]}"
        for v in page.evaluate(asked, LEVELS)["violations"]
        for n in v["nodes"]
    ]


def pages_of(pdf: bytes) -> int:
    """How many pages a PDF of Chromium's has."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))
