"""``renkei command import`` and ``export`` from the outside."""

import csv
from pathlib import Path
from typing import Any

import msgspec
import openpyxl
import pytest

from edges.cli.conftest import Renkei
from renkei.data import packaged
from renkei.edges.cli.exchanging import UNMARKED
from renkei.rooms.command.plans import Plan

CASE = msgspec.toml.decode(packaged("plans/reference.toml"), type=Plan)

INTO_CASE = ("--plan", "reference", "--nation", "us", "--dry-run")


def ok(said: Any) -> dict[str, Any]:
    assert said.status == 0, said.err or said.out
    found: dict[str, Any] = msgspec.json.decode(said.out)
    return found


@pytest.mark.parametrize("name", ["case.csv", "case.xlsx"])
def test_the_documented_case_goes_out_and_comes_back_equal(name: str, renkei: Renkei, tmp_path: Path) -> None:
    path = tmp_path / name
    out = ok(renkei("command", "export", str(path), "--plan", "reference", "--json"))
    assert out["facts"]["unit"] == len(CASE.structure.units) and out["leftOut"] == []
    back = ok(renkei("command", "import", str(path), *INTO_CASE, "--json"))
    assert (back["new"], back["changed"], back["written"]) == ({}, {}, False)
    assert back["unchanged"] == sum(out["facts"].values())


def test_a_planner_edits_own_lines_in_a_spreadsheet_and_takes_them_in(renkei: Renkei, tmp_path: Path) -> None:
    path, to = tmp_path / "case.xlsx", tmp_path / "plan.json"
    ok(renkei("command", "export", str(path), "--plan", "reference", "--json"))
    book = openpyxl.load_workbook(path)
    sheet = book["units"]
    head = {cell.value: cell.column for cell in sheet[1]}
    row = next(r for r in range(2, sheet.max_row + 1) if sheet.cell(r, head["code"]).value == "US-USFJ")
    sheet.cell(row, head["level"]).value = "joint force headquarters"
    book.save(path)
    line = ("command", "import", str(path), "--plan", "reference", "--to", str(to))
    done = ok(renkei(*line, "--nation", "us", "--json"))
    assert (done["changed"], done["new"]) == ({"unit": 1}, {})
    plan = msgspec.json.decode(to.read_bytes(), type=Plan)
    assert next(u for u in plan.structure.units if u.code == "US-USFJ").level == "joint force headquarters"
    assert (plan.phases, plan.changes) == (CASE.phases, CASE.changes)

    refused = renkei(*line[:-1], str(tmp_path / "other.json"), "--nation", "jp")
    assert refused.status == 1
    assert f"case.xlsx sheet units row {row}: expected a change of Japan's own facts" in refused.err
    assert "nothing was taken" in refused.err
    assert not (tmp_path / "other.json").exists()


def test_a_day_takes_the_phases_with_it(renkei: Renkei, tmp_path: Path) -> None:
    for day, there in (("2025-03-23", False), ("2025-03-24", True)):
        path = tmp_path / f"{day}.csv"
        ok(renkei("command", "export", str(path), "--plan", "reference", "--as-of", day, "--json"))
        rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
        assert rows[0] == rows[-1] == [UNMARKED]
        units = {row[rows[1].index("code")] for row in rows[2:-1] if row[0] == "unit"}
        assert "US-USFJ" in units and ("JP-JJOC" in units) is there


@pytest.mark.parametrize(("name", "lost"), [("case.json", "posts"), ("case.xml", "posts")])
def test_a_scenario_says_what_it_has_no_place_for(
    name: str, lost: str, renkei: Renkei, tmp_path: Path
) -> None:
    said = renkei("command", "export", str(tmp_path / name), "--plan", "reference")
    assert said.status == 0, said.err
    assert "left out:" in said.out and "posts" in said.out
    line = (
        "command",
        "import",
        str(tmp_path / name),
        "--plan",
        "reference",
        "--nation",
        "us",
        "--dry-run",
        "--json",
    )
    if name == "case.json":
        assert ok(renkei(*line))["changed"] == {}


def test_faults_are_listed_and_one_json_document_holds_them_all(renkei: Renkei, tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    path.write_text("code,name_en,nation\nus-x,X,US\nUS-Y,Y,Atlantis\n")
    line = ("command", "import", str(path), *INTO_CASE)
    said = renkei(*line)
    assert said.status == 1
    assert "units.csv row 2 column code: expected a code such as US-USFJ; 'us-x' came" in said.err
    assert "units.csv row 3 column nation: expected a nation" in said.err
    assert "2 faults; nothing was taken" in said.err
    error = msgspec.json.decode(renkei(*line, "--json").out)["error"]
    assert (error["code"], error["more"]) == ("import.faults", False)
    assert [fault["where"] for fault in error["faults"]] == [
        "units.csv row 2 column code",
        "units.csv row 3 column nation",
    ]


def test_a_workbook_with_macros_by_its_name_and_a_file_that_is_there_are_refused(
    renkei: Renkei, tmp_path: Path
) -> None:
    said = renkei(
        "command", "import", str(tmp_path / "x.xlsm"), "--plan", "reference", "--nation", "us", "--dry-run"
    )
    assert said.status == 1 and "a workbook without macros" in said.err
    (tmp_path / "there.csv").write_text("mine")
    said = renkei("command", "export", str(tmp_path / "there.csv"), "--plan", "reference")
    assert said.status == 1 and (tmp_path / "there.csv").read_text() == "mine"


@pytest.mark.parametrize(
    "line",
    [
        ("import", "x.csv"),
        ("import", "x.csv", "--plan", "reference"),
        ("import", "--plan", "reference", "--nation", "us", "--dry-run"),
        ("import", "x.csv", "--plan", "reference", "--nation", "us", "--dry-run", "--side", "Red"),
        ("export", "x.csv"),
        ("export", "x.what", "--plan", "reference"),
        ("export", "x.csv", "--plan", "reference", "--as-of", "today"),
    ],
)
def test_a_command_line_that_says_too_little_is_told_what_is_missing(
    line: tuple[str, ...], renkei: Renkei
) -> None:
    said = renkei("command", *line)
    assert said.status == 1 and "expected" in said.err


# --- a node's own records -------------------------------------------------------------------------------


def entries(renkei: Renkei, data: Path) -> int:
    return int(ok(renkei("status", "-d", data, "--json"))["logs"][0]["entries"])


def test_a_node_gives_out_what_it_knows_marked_and_takes_it_back_unchanged(
    renkei: Renkei, couriered: tuple[Path, Path], tmp_path: Path
) -> None:
    us, before = couriered[0], entries(renkei, couriered[0])
    out = ok(renkei("command", "export", tmp_path / "o.csv", "--as-account", "watch", "-d", us, "--json"))
    assert out["facts"]["unit"] > 30 and "UNCLASSIFIED" in out["marking"].upper()
    assert out["marking"] in (tmp_path / "o.csv").read_text("utf-8-sig").splitlines()[0]
    back = ok(renkei("command", "import", tmp_path / "o.csv", "--as-account", "watch", "-d", us, "--json"))
    assert (back["new"], back["changed"], back["leftOut"]) == ({}, {}, [])
    assert entries(renkei, us) == before


def test_a_node_takes_its_nations_lines_in_one_append_or_none(
    renkei: Renkei, couriered: tuple[Path, Path], tmp_path: Path
) -> None:
    us, before = couriered[0], entries(renkei, couriered[0])
    table = tmp_path / "o.csv"
    head = "kind,code,name_en,name_ja,nation,unit,relation,subject,object,since,figure,counts,subject_kind,"
    head += "source,grade\n"
    mine = (
        "unit,US-TEST,Test headquarters,試験司令部,US,,,,,,,,,synthetic,8\n"
        "post,US-TEST.ops,Operations officer,運用幕僚,,US-TEST,,,,,,,,synthetic,\n"
        "relation,,,,,,coordination,US-TEST,JP-JJOC,2025-04-01,,,,synthetic,\n"
        "strength,,,,,,,US-TEST,,,12,staff,unit,synthetic,\n"
    )
    line = ("command", "import", table, "--as-account", "watch", "-d", us)
    table.write_text(head + mine + "unit,JP-TEST,Other,他,Japan,,,,,,,,,synthetic,\n")
    refused = renkei(*line)
    assert refused.status == 1 and "o.csv row 6: expected a change of US's own facts" in refused.err
    table.write_text(head + mine)
    assert ok(renkei(*line, "--dry-run", "--json"))["written"] is False
    assert entries(renkei, us) == before
    done = ok(renkei(*line, "--json"))
    assert done["new"] == {"unit": 1, "post": 1, "relation": 1, "strength": 1}
    assert [each["what"] for each in done["leftOut"]] == ["grade of units", "officers of posts"]
    assert entries(renkei, us) == before + 4
    again = ok(renkei("command", "export", tmp_path / "a.csv", "--as-account", "watch", "-d", us, "--json"))
    assert again["facts"]["post"] == 1
