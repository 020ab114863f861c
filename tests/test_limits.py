"""docs/limits.md has every limit of the program, each with its number and a reason."""

import ast
import importlib
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import renkei

SOURCE = Path(renkei.__file__).parent
PAGE = Path(__file__).parents[1] / "docs" / "limits.md"
NAMES = re.compile(
    r"^((MAX|MIN|RETRY)_[A-Z_]+"
    r"|[A-Z][A-Z_]*_(LIMIT|SECONDS|PATIENCE|BYTES|EVERY|MAX|END|THREADS|AT_ONCE|AFTER|PAUSE)"
    r"|BACKLOG|FIRST_WORDS)$"
)
ROW = re.compile(r"^\| `([A-Z_]+)` \| `([a-z_/]+)` \| ([^|]+) \| ([^|]+) \|$")
FORMATS = {"HASH_BYTES", "TILE_BYTES", "PAGE_BYTES", "SALT_BYTES", "COMMITMENT_BYTES", "KEY_BYTES"} | {
    "ALIAS_SECRET_BYTES",
}
"""Sizes that a format fixes: nothing is refused or waited for by them."""
NOT_A_NODES = "edges/cli/demo"
"""How often the demonstration looks whether its nodes are up."""


def constants() -> Iterator[tuple[str, str]]:
    """Name and module of every limit in the source."""
    for path in sorted(SOURCE.rglob("*.py")):
        module = path.relative_to(SOURCE).with_suffix("").as_posix()
        if module.startswith(NOT_A_NODES):
            continue
        for node in ast.parse(path.read_text()).body:
            target = node.targets[0] if isinstance(node, ast.Assign) else None
            if isinstance(target, ast.Name) and NAMES.match(target.id) and target.id not in FORMATS:
                yield target.id, module


def value(name: str, module: str) -> str:
    """A limit's number as the page writes it."""
    found = getattr(
        importlib.import_module("renkei." + module.removesuffix("/__init__").replace("/", ".")), name
    )
    if isinstance(found, timedelta):
        return f"{found.total_seconds():,.0f} s"
    if name.endswith("_BYTES") and found % 1024 == 0:
        return f"{found // 1024**2} MiB" if found % 1024**2 == 0 else f"{found // 1024} KiB"
    return f"{found:,}" if isinstance(found, int) else f"{found:g}"


def rows() -> dict[tuple[str, str], tuple[str, str]]:
    found = (ROW.match(line) for line in PAGE.read_text().splitlines())
    return {(m[1], m[2]): (m[3].strip(), m[4].strip()) for m in found if m}


def test_every_limit_is_on_the_page_with_its_number_and_its_reason() -> None:
    wanted = {(name, module): value(name, module) for name, module in constants()}
    page = rows()
    missing = [f"| `{n}` | `{m}` | {wanted[n, m]} | why |" for n, m in wanted if (n, m) not in page]
    assert not missing, "docs/limits.md lacks:\n" + "\n".join(missing)
    wrong = {key: (page[key][0], number) for key, number in wanted.items() if page[key][0] != number}
    assert not wrong, f"docs/limits.md has another number (there, in the source): {wrong}"
    assert all(len(reason) > 15 for _, reason in page.values())


def test_the_page_names_no_limit_that_is_gone() -> None:
    assert not set(rows()) - set(constants())
    assert len(rows()) > 100
