"""A plan or structure out of a file that a call brings: read whole, or refused with all that is wrong."""

import io
from base64 import b64encode
from datetime import date
from typing import Any
from zipfile import ZipFile

import httpx
import openpyxl
import pytest

from edges.formats.test_tables import HEAD, UNITS
from edges.http.served import Served
from renkei.data import packaged
from renkei.edges import formats
from renkei.edges.http.plans import MAX_FILE_BYTES, MAX_FILE_ROWS
from renkei.rooms.command.plans import Structure, encode, read_plan

PLAN = read_plan(packaged("plans/example.toml"), as_json=False)


def read(served: Served, name: str, content: bytes, **how: Any) -> httpx.Response:
    given = {"name": name, "content": b64encode(content).decode(), **how}
    return served.client("watch").post("/plans/read", json=given)


def written(form: formats.Format, structure: Structure = PLAN.structure) -> bytes:
    file = io.BytesIO()
    formats.write(structure, file, form, formats.Heading("Title", "SYNTHETIC", date(2026, 4, 1)))
    return file.getvalue()


def faults(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 400, answer.text
    return {fault["where"]: fault["came"] for fault in answer.json()["faults"]}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_table_is_read_as_the_structure_that_was_written(served: Served, form: Any) -> None:
    answer = read(served, f"ours.{form}", written(form))
    assert answer.status_code == 200, answer.text
    plan = answer.json()["plan"]
    assert plan["title"]["en"] == f"ours.{form}"
    again = read_plan(httpx.Response(200, json=plan).content, as_json=True).structure
    assert encode(again) == encode(PLAN.structure)
    checked = served.client("watch").post("/plans/check", json={"plan": plan, "explain": False})
    assert checked.status_code == 200, checked.text


def test_a_plan_is_read_in_either_form_and_a_bare_structure_begins_today(served: Served) -> None:
    for name, content in (("p.toml", packaged("plans/example.toml")), ("p.JSON", encode(PLAN))):
        plan = read(served, name, content).json()["plan"]
        assert [phase["key"] for phase in plan["phases"]] == [phase.key for phase in PLAN.phases]
    bare = read(served, "s.json", encode(PLAN.structure)).json()["plan"]
    assert bare["start"] == served.node.clock.now().date().isoformat()
    broken = read(served, "p.json", b"{not json")
    assert (broken.status_code, broken.json()["code"]) == (400, "plan.form")


@pytest.mark.parametrize(("form", "name"), [("orbat", "o.json"), ("msdl", "o.xml")])
def test_a_scenario_is_read_with_what_it_has_no_place_for(served: Served, form: Any, name: str) -> None:
    reference = read_plan(packaged("plans/reference.toml"), as_json=False).structure
    answer = read(served, name, written(form, reference))
    assert answer.status_code == 200, answer.text
    units = answer.json()["plan"]["structure"]["units"]
    assert len(units) == len(reference.units)
    assert {one["what"] for one in answer.json()["leftOut"]} <= {"sites of units"}
    unnamed = read(served, name, written(form))
    assert unnamed.json()["faults"], "sides A and B are no nations known here"


def test_what_is_wrong_with_a_table_is_told_by_row_and_column(served: Served) -> None:
    rows = (
        "unit,US-E,E,,Atlantis,2026-01-01,2025-01-01,,,,,,,\r\n"
        "relation,,,,,,,command,US-A,US-B,,,,\r\n"
        "relation,,,,,,,command,US-B,US-A,,,,\r\n"
    )
    found = faults(read(served, "o.csv", (HEAD + UNITS + rows).encode()))
    at = {where.removeprefix("o.csv ") for where in found}
    first = 2 + UNITS.count("\r\n")
    assert f"row {first} column until" in at
    assert f"row {first} column nation" in at
    circle = faults(read(served, "o.csv", (HEAD + UNITS + "".join(rows.splitlines(True)[1:])).encode()))
    assert any("under US-" in came for came in circle.values())


def test_formulas_and_macros_are_refused_by_their_place(served: Served) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = "units"
    for row in (["code", "name_en", "nation"], ["US-A", "=A1", "US"]):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    assert faults(read(served, "o.xlsx", file.getvalue())) == {"o.xlsx sheet units row 2 column B": "'=A1'"}
    with ZipFile(file, "a") as package:
        package.writestr("xl/vbaProject.bin", b"x")
    assert "o.xlsx part xl/vbaProject.bin" in faults(read(served, "o.xlsx", file.getvalue()))
    macros = read(served, "o.xlsm", file.getvalue())
    assert (macros.status_code, macros.json()["code"]) == (400, "import.format")


def test_more_than_a_call_takes_is_refused(served: Served) -> None:
    line = "unit,US-{n},n,,US,,,,,,,,,\r\n"
    many = HEAD + "".join(line.format(n=n) for n in range(MAX_FILE_ROWS + 1001))
    answer = read(served, "o.csv", many.encode())
    assert (answer.status_code, answer.json()["code"]) == (400, "import.size")
    assert str(MAX_FILE_ROWS) in answer.json()["expected"]
    huge = read(served, "o.csv", b"x" * (MAX_FILE_BYTES + 1))
    assert (huge.status_code, huge.json()["code"]) == (400, "import.size")


def test_a_name_is_no_path_and_nothing_is_written(served: Served) -> None:
    answer = read(served, "../../etc/passwd.csv", b"x\r\ny\r\n")
    assert answer.status_code == 400
    assert "etc" not in answer.text
    assert served.client(None).post("/plans/read", json={"name": "x", "content": ""}).status_code == 401
