"""``renkei command import`` and ``export`` from the outside."""

import csv
from pathlib import Path
from typing import Any

import msgspec
import openpyxl
import pytest

from edges.cli.conftest import Renkei, Running, done
from renkei.data import packaged
from renkei.edges.cli.client import load_credentials
from renkei.edges.cli.exchanging import UNMARKED
from renkei.rooms.command.plans import Plan

CASE = msgspec.toml.decode(packaged("plans/reference.toml"), type=Plan)

INTO_CASE = ("--reference", "--nation", "us", "--dry-run")


def ok(said: Any) -> dict[str, Any]:
    assert said.status == 0, said.err or said.out
    found: dict[str, Any] = msgspec.json.decode(said.out)
    return found


@pytest.mark.parametrize("name", ["case.csv", "case.xlsx"])
def test_the_documented_case_goes_out_and_comes_back_equal(name: str, renkei: Renkei, tmp_path: Path) -> None:
    path = tmp_path / name
    out = ok(renkei("command", "export", str(path), "--reference", "--json"))
    assert out["facts"]["unit"] == len(CASE.structure.units) and out["leftOut"] == []
    back = ok(renkei("command", "import", str(path), *INTO_CASE, "--json"))
    assert (back["new"], back["changed"], back["written"]) == ({}, {}, False)
    assert back["unchanged"] == sum(out["facts"].values())


def test_a_planner_edits_own_lines_in_a_spreadsheet_and_takes_them_in(renkei: Renkei, tmp_path: Path) -> None:
    path, to = tmp_path / "case.xlsx", tmp_path / "plan.json"
    ok(renkei("command", "export", str(path), "--reference", "--json"))
    book = openpyxl.load_workbook(path)
    sheet = book["units"]
    head = {cell.value: cell.column for cell in sheet[1]}
    row = next(r for r in range(2, sheet.max_row + 1) if sheet.cell(r, head["code"]).value == "US-USFJ")
    sheet.cell(row, head["level"]).value = "joint force headquarters"
    book.save(path)
    line = ("command", "import", str(path), "--reference", "--to", str(to))
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
        ok(renkei("command", "export", str(path), "--reference", "--on", day, "--json"))
        rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
        assert rows[0] == rows[-1] == [UNMARKED]
        units = {row[rows[1].index("code")] for row in rows[2:-1] if row[0] == "unit"}
        assert "US-USFJ" in units and ("JP-JJOC" in units) is there


@pytest.mark.parametrize("name", ["case.json", "case.xml"])
def test_a_scenario_says_what_it_has_no_place_for(name: str, renkei: Renkei, tmp_path: Path) -> None:
    said = renkei("command", "export", str(tmp_path / name), "--reference")
    assert said.status == 0, said.err
    assert "left out:" in said.out and "posts" in said.out
    line = ("command", "import", str(tmp_path / name), *INTO_CASE, "--json")
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
    said = renkei("command", "import", str(tmp_path / "x.xlsm"), "--reference", "--nation", "us", "--dry-run")
    assert said.status == 1 and "a workbook without macros" in said.err
    (tmp_path / "there.csv").write_text("mine")
    said = renkei("command", "export", str(tmp_path / "there.csv"), "--reference")
    assert said.status == 1 and (tmp_path / "there.csv").read_text() == "mine"


@pytest.mark.parametrize(
    "line",
    [
        ("import", "x.csv"),
        ("import", "x.csv", "--reference"),
        ("import", "x.csv", "--reference", "--node", "--nation", "us", "--dry-run"),
        ("import", "--reference", "--nation", "us", "--dry-run"),
        ("import", "x.csv", "--reference", "--nation", "us", "--dry-run", "--side", "Red"),
        ("export", "x.csv"),
        ("export", "x.what", "--reference"),
        ("export", "x.csv", "--reference", "--on", "today"),
    ],
)
def test_a_command_line_that_says_too_little_is_told_what_is_missing(
    line: tuple[str, ...], renkei: Renkei
) -> None:
    said = renkei("command", *line)
    assert said.status == 1 and "expected" in said.err


# --- a running node --------------------------------------------------------------------------------------


@pytest.fixture
def planner(renkei: Renkei, running: Running) -> Renkei:
    """Commands of USFJ's planner."""
    url = running.url("us.usfj")
    done(renkei("sign-in", url, "planner", "--password-stdin", typed="demo-planner-usfj\n"))
    kept = load_credentials()
    assert kept is not None
    return lambda *line: renkei(*line, "--url", url, "--token", kept.token)


HEAD = "kind,code,name_en,name_ja,nation,unit,relation,subject,object,since,figure,counts,subject_kind,"
HEAD += "source,grade\n"
MINE = (
    "unit,US-TEST,Test headquarters,試験司令部,US,,,,,,,,,synthetic,8\n"
    "post,US-TEST.ops,Operations officer,運用幕僚,,US-TEST,,,,,,,,synthetic,\n"
    "relation,,,,,,coordination,US-TEST,US-USFJ,2025-04-01,,,,synthetic,\n"
    "strength,,,,,,,US-TEST,,,12,staff,unit,synthetic,\n"
    "strength,,,,,,,US,,,13,staff,nation,synthetic,\n"
)


def test_a_node_takes_its_nations_lines_in_and_gives_them_out_marked(planner: Renkei, tmp_path: Path) -> None:
    table = tmp_path / "o.csv"
    table.write_text(HEAD + MINE + "unit,JP-TEST,Other,他,Japan,,,,,,,,,synthetic,\n")
    refused = planner("command", "import", table, "--node")
    assert refused.status == 1
    assert "o.csv row 7: expected a change of US's own facts or shared ones" in refused.err
    table.write_text(HEAD + MINE)
    tried = ok(planner("command", "import", table, "--node", "--dry-run", "--json"))
    taken = ok(planner("command", "import", table, "--node", "--json"))
    assert (tried["written"], taken["written"]) == (False, True)
    assert tried["new"] == taken["new"] == {"unit": 1, "post": 1, "relation": 1, "strength": 2}
    assert [each["what"] for each in taken["leftOut"]] == ["strengths"]

    whole = tmp_path / "whole.csv"
    out = ok(planner("command", "export", whole, "--node", "--json"))
    head, *rows = csv.reader(whole.read_text("utf-8-sig").splitlines()[1:-1])
    posts = [row[head.index("code")] for row in rows if row[0] == "post"]
    assert "US-TEST.ops" in posts and out["facts"]["post"] == len(posts)
    assert "UNCLASSIFIED" in out["marking"].upper()
    assert out["marking"] in whole.read_text("utf-8-sig").splitlines()[0]
    again = ok(planner("command", "import", whole, "--node", "--json"))
    assert (again["new"], again["changed"], again["leftOut"]) == ({}, {}, [])
    assert again["unchanged"] == sum(out["facts"].values())


def test_what_a_node_finds_wrong_with_a_file_is_told_whole(planner: Renkei, tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    text = packaged("paths/example.toml").decode()
    path.write_text(
        text.replace('post = "theatre"', 'post = "nowhere"', 1).replace("back = 0.1", "back = 2.0")
    )
    said = planner("command", "simulate", path, "--from-log")
    assert said.status == 1
    assert "step decide of relief of today: expected posts of the structure; nowhere came" in said.err
    assert "expected 0 <= back < 1; 2 came" in said.err
    assert "2 faults; nothing was taken" in said.err
