"""Structures as CSV and XLSX: what goes out comes back equal, and whatever is wrong is named by its cell."""

import csv
import re
from datetime import date, datetime
from pathlib import Path
from time import process_time
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings

from edges.formats.structures import NATIONS, small, structures
from renkei.edges.formats import xlsx_file
from renkei.edges.formats.csv_file import csv_tables, write_csv
from renkei.edges.formats.xlsx_file import write_xlsx, xlsx_tables
from renkei.kernel.errors import BadInput, Faulty
from renkei.rooms.command.exchange import Faults, reading, structure_of_tables
from renkei.rooms.command.exchange.faults import MAX_FAULTS
from renkei.rooms.command.plans import Structure, Unit
from renkei.rooms.command.records import Names

MARKING = "SYNTHETIC // UNCLASSIFIED"
FORMS = {"csv": (write_csv, csv_tables), "xlsx": (write_xlsx, xlsx_tables)}


def back(path: Path) -> Structure:
    faults = Faults("import.faults")
    return structure_of_tables(FORMS[path.suffix[1:]][1](path, faults), faults).structure


def out(structure: Structure, path: Path) -> list[Any]:
    with path.open("wb") as file:
        return FORMS[path.suffix[1:]][0](structure, file, MARKING, lambda count: None)


@pytest.mark.parametrize("form", FORMS)
def test_a_structure_comes_back_as_it_went_out(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"orders.{form}"
    assert out(small(), path) == []
    assert back(path) == small()


@pytest.mark.parametrize("form", FORMS)
@given(structure=structures())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_structure_comes_back_equal(form: str, structure: Structure, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("out") / f"orders.{form}"
    assert out(structure, path) == []
    assert back(path) == structure


# --- CSV ------------------------------------------------------------------------------------------------

HEAD = (
    "kind,code,name_en,name_ja,nation,since,until,relation,subject,object,figure,counts,subject_kind,key\r\n"
)
UNITS = 'unit,US-A,A,,US,,,,,,,,,\r\nunit,US-B,"B, of ""x""",乙,US,,,,,,,,,\r\n'


def told(path: Path, encoding: Any = "utf-8") -> list[tuple[str, str, str]]:
    """Every fault of a file: place, expected, came."""
    faults = Faults("import.faults")
    tables = csv_tables(path, faults, encoding) if path.suffix == ".csv" else xlsx_tables(path, faults)
    with pytest.raises(Faulty) as caught:
        structure_of_tables(tables, faults)
    return [(f.where, f.expected, f.came) for f in caught.value.faults]


def written_to(path: Path, text: str, codec: str = "utf-8") -> Path:
    path.write_bytes(text.encode(codec))
    return path


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig"])
def test_utf8_is_read_with_and_without_a_byte_order_mark(codec: str, tmp_path: Path) -> None:
    path = written_to(tmp_path / "o.csv", HEAD + UNITS, codec)
    assert [(u.code, u.names.en, u.names.ja) for u in back(path).units] == [
        ("US-A", "A", ""),
        ("US-B", 'B, of "x"', "乙"),
    ]


def test_shift_jis_is_refused_by_line_and_byte_and_read_if_asked_for(tmp_path: Path) -> None:
    path = written_to(tmp_path / "o.csv", HEAD + UNITS.replace("乙", "①髙"), "cp932")
    with pytest.raises(BadInput) as caught:
        back(path)
    assert caught.value.code == "import.encoding"
    assert "--encoding shift_jis" in caught.value.expected
    assert caught.value.came == "byte 0x87 on line 3, at byte 25 of it"
    faults = Faults("import.faults")
    read = structure_of_tables(csv_tables(path, faults, "shift_jis"), faults).structure
    assert read.units[1].names.ja == "①髙"


def test_utf16_and_endless_lines_are_refused(tmp_path: Path) -> None:
    wide = written_to(tmp_path / "w.csv", HEAD + UNITS, "utf-16")
    with pytest.raises(BadInput, match="byte order mark of UTF-16"):
        back(wide)
    endless = tmp_path / "e.csv"
    endless.write_bytes(b"x" * (2 * 1024 * 1024))
    with pytest.raises(BadInput, match="lines of at most 1048576 bytes"):
        back(endless)


def test_all_faults_of_a_file_are_told_at_once_by_row_and_column(tmp_path: Path) -> None:
    rows = (
        "unit,us-a,A,,US,,,,,,,,,\r\n"
        "unit,US-C,,,US,,,,,,,,,\r\n"
        "unit,US-D,D,,Atlantis,2025-13-01,,,,,,,,\r\n"
        "unit,US-E,E,,Atlantis,2026-01-01,2025-01-01,,,,,,,\r\n"
        "unit,US-E,E,,US,,,,,,,,,\r\n"
        "tank,US-F,F,,US,,,,,,,,,\r\n"
        "relation,,,,,,,command,US-E,US-NOBODY,,,,\r\n"
        "relation,,,,,,,owns,US-E,US-E,,,,\r\n"
        "strength,,,,,,,,US-E,,many,people,unit,s1\r\n"
        "unit,US-G,G,,US,,,,,,12,,,\r\n"
        "relation,,,,,,,command,US-E,US-C,,,,\r\n"
    )
    found = told(written_to(tmp_path / "o.csv", HEAD + rows))
    assert [(where.removeprefix("o.csv "), came) for where, _, came in found] == [
        ("row 2 column code", "'us-a'"),
        ("row 3 column name_en", "neither"),
        ("row 4 column since", "'2025-13-01'"),
        ("row 6 column code", "'US-E'"),
        ("row 7 column kind", "'tank'"),
        ("row 9 column relation", "'owns'"),
        ("row 10 column figure", "'many'"),
        ("row 11 column figure", "a value"),
        ("row 8 column object", "'US-NOBODY'"),
    ]
    wanted = {where.removeprefix("o.csv "): expected for where, expected, _ in found}
    assert not [where for where in wanted if "row 12" in where], "a faulty unit is there all the same"
    assert wanted["row 2 column code"] == "a code such as US-USFJ"
    assert wanted["row 4 column since"] == "a date as 2025-03-24"
    assert "first at o.csv row 5" in wanted["row 6 column code"]
    assert wanted["row 10 column figure"] == "a whole number from 0 to 10000000 or unknown"


def test_what_does_not_fit_together_is_told_by_row_and_column(tmp_path: Path) -> None:
    rows = (
        "unit,US-E,E,,Atlantis,2026-01-01,2025-01-01,,,,,,,\r\n"
        "relation,,,,,,,command,US-E,US-NOBODY,,,,\r\n"
        "relation,,,,,,,command,US-E,US-E,,,,\r\n"
    )
    assert told(written_to(tmp_path / "o.csv", HEAD + rows)) == [
        ("o.csv row 2 column until", "a day after since (2026-01-01)", "'2025-01-01'"),
        ("o.csv row 2 column nation", "a nation of this file or of what it is imported into", "'Atlantis'"),
        ("o.csv row 3 column object", "a unit of this file or of what it is imported into", "'US-NOBODY'"),
        ("o.csv row 4 column object", "two different units", "'US-E'"),
    ]


def test_a_cycle_is_told_with_its_rows_and_one_that_never_closes_is_none(tmp_path: Path) -> None:
    ring = (
        "relation,,,,,2025-01-01,,command,US-A,US-B,,,,\r\n"
        "relation,,,,,{since},,command,US-B,US-C,,,,\r\n"
        "relation,,,,,2025-01-01,{until},command,US-C,US-A,,,,\r\n"
    )
    units = UNITS + "unit,US-C,C,,US,,,,,,,,,\r\n"
    closed = ring.format(since="2025-06-01", until="2025-06-02")
    [(where, expected, came)] = told(written_to(tmp_path / "o.csv", HEAD + units + closed))
    assert (where, expected) == ("o.csv row 5 column object", "nobody above themselves")
    assert came == "US-A under US-B under US-C under US-A (with o.csv row 6, o.csv row 7)"
    open_ = ring.format(since="2025-06-01", until="2025-06-01")
    assert len(back(written_to(tmp_path / "o.csv", HEAD + units + open_)).relations) == 3


def test_header_and_rows_that_do_not_fit_are_named(tmp_path: Path) -> None:
    found = told(written_to(tmp_path / "o.csv", "kind,code,rank\r\nunit,US-A\r\nunit,US-A,x,y\r\n"))
    assert found[0][0] == "o.csv column rank"
    assert found[-1] == ("o.csv row 3", "3 cells, as the header has", "4")
    nameless = told(written_to(tmp_path / "o.csv", "code,name_en\r\nUS-A,x\r\n"))
    assert nameless == [("o.csv", nameless[0][1], "'o'")]
    with pytest.raises(BadInput, match=r"closed quotes in o\.csv; row 2"):
        back(written_to(tmp_path / "o.csv", 'kind,code\r\nunit,"US-A\r\n'))


def test_a_table_may_be_named_by_its_file(tmp_path: Path) -> None:
    path = written_to(tmp_path / "units.csv", "code,name_en,nation\r\nUS-A,x,US\r\n")
    assert [u.code for u in back(path).units] == ["US-A"]


def test_reading_stops_at_the_hundredth_fault(tmp_path: Path) -> None:
    path = written_to(tmp_path / "o.csv", HEAD + "tank,,,,,,,,,,,,,\r\n" * 500)
    with pytest.raises(Faulty) as caught:
        back(path)
    assert len(caught.value.faults) == MAX_FAULTS and caught.value.more


def test_more_facts_than_an_import_takes_are_refused_where_they_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_FACTS", 3)
    rows = "".join(f"unit,US-{n},x,,US,,,,,,,,,\r\n" for n in range(5))
    [(where, expected, came)] = told(written_to(tmp_path / "o.csv", HEAD + rows))
    assert (where, expected, came) == ("o.csv row 5", "at most 3 facts in one import", "more")


def test_no_cell_that_goes_out_is_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    out(small(), path)
    for row in csv.reader(path.read_text("utf-8-sig").splitlines()):
        assert not [cell for cell in row if cell[:1] in "=+@" and cell]


def test_what_no_table_holds_is_replaced_and_told(tmp_path: Path) -> None:
    unit = Unit(code="US-A", names=Names(en="A\x07"), nation="US")
    [left] = out(Structure(nations=NATIONS, units=(unit,)), tmp_path / "o.csv")
    assert (left.what, left.count, left.where) == ("control characters", 1, "units row 2 column name_en")
    assert back(tmp_path / "o.csv").units[0].names.en == "A\ufffd"


# --- XLSX -----------------------------------------------------------------------------------------------


def workbook(path: Path, rows: list[list[Any]], name: str = "units") -> Path:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = name
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def test_days_of_a_spreadsheet_are_days(tmp_path: Path) -> None:
    rows = [["code", "name_en", "nation", "since", "order"], ["US-A", 7, "US", datetime(2025, 4, 1), 3.0]]
    [unit] = back(workbook(tmp_path / "o.xlsx", rows)).units
    assert (unit.since, unit.names.en, unit.order) == (date(2025, 4, 1), "7", 3)


def test_formulas_errors_and_times_are_refused_by_sheet_row_and_column(tmp_path: Path) -> None:
    rows = [
        ["code", "name_en", "nation", "since"],
        ["US-A", "=CONCAT(A1,B1)", "US", None],
        ["US-B", "='[other.xlsx]S'!A1", "US", "#REF!"],
        ["US-C", "c", "US", datetime(2025, 4, 1, 12)],
    ]
    found = told(workbook(tmp_path / "o.xlsx", rows))
    assert len(found) == 4, "a cell that is told of is not also told to be empty"
    assert ("o.xlsx sheet units row 2 column B", "a value, no formula", "'=CONCAT(A1,B1)'") in found
    assert ("o.xlsx sheet units row 3 column B", "a value, no formula", "\"='[other.xlsx]S'!A1\"") in found
    assert ("o.xlsx sheet units row 3 column D", "a value, no error", "'#REF!'") in found
    assert ("o.xlsx sheet units row 4 column D", "a day without a time", "'2025-04-01 12:00:00'") in found


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("xl/vbaProject.bin", "no macros"),
        ("xl/externalLinks/externalLink1.xml", "no links to other files"),
        ("xl/connections.xml", "no data connections"),
        ("xl/embeddings/oleObject1.bin", "no embedded objects"),
    ],
)
def test_a_workbook_that_could_run_or_reach_out_is_refused(part: str, expected: str, tmp_path: Path) -> None:
    path = workbook(tmp_path / "o.xlsx", [["code", "name_en", "nation"], ["US-A", "a", "US"]])
    with ZipFile(path, "a") as package:
        package.writestr(part, b"x")
    assert told(path) == [(f"o.xlsx part {part}", expected, "one")]


def test_a_zip_bomb_is_refused_unopened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "o.xlsx", [["code"]])
    with ZipFile(path, "a", ZIP_DEFLATED) as package:
        package.writestr("xl/sharedStrings.xml", b"0" * 3_000_000)
    monkeypatch.setattr(xlsx_file, "MAX_STRINGS_BYTES", 2_000_000)
    with pytest.raises(BadInput, match=r"import\.size: expected at most 2000000 bytes unpacked"):
        back(path)
    monkeypatch.setattr(xlsx_file, "MAX_UNPACKED_BYTES", 1_000_000)
    with pytest.raises(BadInput, match="1000 parts and 1000000 bytes"):
        back(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0" + b"\0" * 600])
def test_what_is_no_workbook_is_refused_as_that(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "o.xlsx"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        back(path)
    assert caught.value.code == "import.form"


def test_entities_in_a_sheet_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "o.xlsx", [["code", "name_en", "nation"], ["US-A", "a", "US"]])
    with ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    bomb = b'<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa">]>'
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b"<worksheet", bomb + b"<worksheet", 1)
    with ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    with pytest.raises(BadInput, match="a sound XLSX workbook"):
        back(path)


def test_what_a_sheet_says_of_its_size_is_not_believed(tmp_path: Path) -> None:
    path = workbook(tmp_path / "o.xlsx", [["code", "name_en", "nation"], ["US-A", "a", "US"]])
    with ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = re.sub(rb'ref="[^"]*"', b'ref="A1:XFD1048576"', sheet)
    with ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    started = process_time()
    assert len(back(path).units) == 1
    assert process_time() - started < 5


def test_marking_stands_on_every_page_of_a_workbook(tmp_path: Path) -> None:
    out(small(), tmp_path / "o.xlsx")
    book = openpyxl.load_workbook(tmp_path / "o.xlsx")
    assert book.properties.keywords == MARKING
    assert {sheet.oddHeader.center.text for sheet in book.worksheets} == {MARKING}
    assert {sheet.oddFooter.center.text for sheet in book.worksheets} == {MARKING}
    assert book.worksheets[0]["A1"].value == MARKING
