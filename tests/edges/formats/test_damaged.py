"""Files damaged at random or on purpose: refused with what is wrong, never with a fault of ours."""

import random
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import msgspec
import pytest

from edges.formats.structures import small
from edges.formats.test_charts import FOREIGN, HEADING, MSDL
from renkei.edges.formats import Format, Reading, read, write, xlsx_file
from renkei.kernel.errors import BadInput


def taken(path: Path, form: Format) -> None:
    """Read it; whatever is wrong with it must be the file's fault."""
    try:
        read([path], form, Reading(sides={"Red": "-", "Blue": "US"}, base=small()))
    except BadInput as refused:
        assert refused.expected and refused.came


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Some bytes changed, left out, doubled, or the end cut off."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data))
        match rng.randrange(4):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randint(1, 20)]
            case 2:
                data[at:at] = data[at : at + rng.randint(1, 40)]
            case _:
                data[at : at + 1] = rng.choice(
                    [b"-1", b"1e999", b"NaN", b"null", b"\xff", b"<", b"&a;", b'"']
                )
        if not data:
            return b""
    return bytes(data)


SAMPLES: dict[Format, bytes] = {
    "orbat": msgspec.json.encode(FOREIGN),
    "msdl": MSDL.format(doctype="", name="1st", above="u1", kind="OPCON").encode(),
}


@pytest.mark.parametrize("form", ["csv", "orbat", "msdl"])
def test_a_damaged_file_is_taken_or_refused(form: Format, tmp_path: Path) -> None:
    path = tmp_path / "o"
    if form == "csv":
        with path.open("wb") as file:
            write(small(), file, "csv", HEADING)
    content = SAMPLES.get(form) or path.read_bytes()
    rng = random.Random(7)
    for _ in range(150):
        path.write_bytes(damaged(content, rng))
        taken(path, form)


def test_a_damaged_workbook_is_taken_or_refused(tmp_path: Path) -> None:
    whole = tmp_path / "w.xlsx"
    with whole.open("wb") as file:
        write(small(), file, "xlsx", HEADING)
    with ZipFile(whole) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    rng, path = random.Random(7), tmp_path / "o.xlsx"
    for _ in range(80):
        name = rng.choice(list(parts))
        with ZipFile(path, "w", ZIP_DEFLATED) as package:
            for each, content in parts.items():
                package.writestr(each, damaged(content, rng) if each == name else content)
        taken(path, "xlsx")
    for _ in range(40):
        path.write_bytes(damaged(whole.read_bytes(), rng))
        taken(path, "xlsx")


def values(rng: random.Random) -> Any:
    return rng.choice([None, True, -1, 1e400, "x", "2025-01-01", [], [1], {}, {"id": {}}, [[]], "\x00", "状"])


def test_a_scenario_with_values_of_other_kinds_is_taken_or_refused(tmp_path: Path) -> None:
    rng, path = random.Random(7), tmp_path / "o.json"
    for _ in range(150):
        whole = msgspec.json.decode(msgspec.json.encode(FOREIGN))
        at: Any = whole
        while True:
            key = rng.choice(list(at) if isinstance(at, dict) else range(len(at))) if at else None
            if key is None:
                break
            if not isinstance(at[key], dict | list) or rng.random() < 0.25:
                at[key] = values(rng)
                break
            at = at[key]
        path.write_bytes(msgspec.json.encode(whole))
        taken(path, "orbat")


def test_texts_declared_as_a_sheet_too_do_not_get_round_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, path = tmp_path / "w.xlsx", tmp_path / "o.xlsx"
    with whole.open("wb") as file:
        write(small(), file, "xlsx", HEADING)
    texts = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{texts}"/></Types>'.encode()
    with ZipFile(whole) as package, ZipFile(path, "w", ZIP_DEFLATED) as other:
        for name in package.namelist():
            content = package.read(name)
            other.writestr(
                name, content.replace(b"</Types>", override) if name == xlsx_file.TYPES else content
            )
    monkeypatch.setattr(xlsx_file, "MAX_STRINGS_BYTES", 200)
    with pytest.raises(BadInput, match="at most 200 bytes unpacked"):
        read([path], "xlsx", Reading())
