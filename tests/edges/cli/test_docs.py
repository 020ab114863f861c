"""Every command line in the README and the guides is one that ``renkei`` takes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from renkei.edges.cli.app import app

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^[ ]*```(\w*)\n(.*?)^[ ]*```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(renkei [^`]+)`")
PLANNED = frozenset({"renkei key rotate"})
"""Named in a decision as designed and not made yet."""


def lines() -> Iterator[tuple[str, str]]:
    """(page, command line) of every fenced block."""
    for page in PAGES:
        for language, block in _FENCE.findall(page.read_text("utf-8")):
            if language not in {"", "sh", "bash", "console"}:
                continue
            for line in block.replace("\\\n", " ").splitlines():
                if line.strip().startswith("renkei "):
                    yield page.name, line.strip()


def mentions() -> Iterator[tuple[str, str]]:
    """(page, command) of every mention in running text, decisions and protocol pages included."""
    for page in [*PAGES, *sorted((ROOT / "docs").glob("*/*.md"))]:
        for said in _INLINE.findall(_FENCE.sub("", page.read_text("utf-8"))):
            if " v1" not in said and "/" not in said.split()[1]:  # domains of signatures, origins of logs
                yield page.name, said


@pytest.mark.parametrize(("page", "line"), list(lines()))
def test_a_command_line_in_the_docs_is_taken(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    app.parse_args(words, exit_on_error=False, print_error=False)


@pytest.mark.parametrize(("page", "said"), list(mentions()))
def test_a_command_mentioned_in_the_docs_exists(page: str, said: str) -> None:
    if said in PLANNED:
        return
    at = app
    for word in said.split()[1:]:
        if at.default_command is not None or word.startswith("-"):
            break
        assert word in list(at), f"{page} mentions {said!r}"
        at = at[word]


def test_the_guide_shows_every_group_of_commands() -> None:
    shown = {line.split()[1] for page, line in lines() if page == "admin-guide.md"}
    groups = {name for name in app if not name.startswith("-")}
    assert groups - shown <= {"demo", "openapi", "request", "incident", "command"}
