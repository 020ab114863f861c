"""ORBAT Mapper scenarios and MSDL: what a tree can say comes back, and whatever it cannot is listed."""

import re
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from edges.formats.structures import NATIONS, small, structures
from renkei.data import packaged
from renkei.edges.formats import Heading, Reading, read, write
from renkei.kernel.errors import BadInput, Faulty
from renkei.rooms.command.plans import Plan, Relation, Strength, Structure, Unit, facts_of, ref_of
from renkei.rooms.command.records import Names
from renkei.rooms.command.rules import in_force

DAY = date(2025, 6, 1)
HEADING = Heading("Orders", "SYNTHETIC // UNCLASSIFIED", DAY)


def out(structure: Structure, path: Path, heading: Heading = HEADING) -> dict[str, int]:
    """Write; what was left out, and how often."""
    with path.open("wb") as file:
        left = write(structure, file, "orbat" if path.suffix == ".json" else "msdl", heading)
    found: dict[str, int] = {}
    for each in left:
        found[each.what] = found.get(each.what, 0) + each.count
    return found


def back(path: Path, **how: Any) -> Structure:
    return read([path], "orbat" if path.suffix == ".json" else "msdl", Reading(**how)).structure


def told(path: Path, **how: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(Faulty) as caught:
        back(path, **how)
    return [(f.where, f.expected, f.came) for f in caught.value.faults]


def drawn(structure: Structure) -> set[tuple[str, str]]:
    """The relations of the command hierarchy on the day: subject and object."""
    found: dict[str, str] = {}
    nation = {u.code: u.nation for u in structure.units}
    for r in structure.relations:
        same = nation[r.subject] == nation[r.object]
        if r.relation == "command" and same and in_force(r.status, r.since, r.until, DAY):
            found.setdefault(r.subject, r.object)
    return set(found.items())


# --- ORBAT Mapper ---------------------------------------------------------------------------------------


def test_a_scenario_brings_units_their_dates_tree_and_claims_back_exactly(tmp_path: Path) -> None:
    left = out(small(), tmp_path / "o.json")
    again = back(tmp_path / "o.json", base=small())
    assert {u.code: u for u in again.units} == {u.code: u for u in small().units}
    assert set(again.relations) == {r for r in small().relations if r.relation == "command"}
    assert again.strengths == ()
    assert left == {
        "posts": 2,
        "sites": 1,
        "hours": 4,
        "functions": 1,
        "responsibilities": 2,
        "legal bases": 1,
        "counterpart relations": 1,
        "claims of strength": 2,
    }


@given(structure=structures())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_fact_is_lost_without_a_word(structure: Structure, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("out") / "o.json"
    if not structure.units:
        return
    left = out(structure, path)
    again = back(path, base=structure)
    came = {ref_of(fact) for fact in facts_of(again)}
    assert len(came) + sum(left.values()) == len(facts_of(structure))
    for fact in facts_of(again):
        assert fact in facts_of(structure)


def test_the_documented_case_is_drawn_whole(tmp_path: Path) -> None:
    case = msgspec.toml.decode(packaged("plans/reference.toml"), type=Plan).structure
    out(case, tmp_path / "o.json")
    again = back(tmp_path / "o.json", base=case)
    assert set(again.units) == set(case.units)
    assert {(r.subject, r.object) for r in again.relations} == drawn(case)
    scenario = msgspec.json.decode((tmp_path / "o.json").read_bytes())
    assert scenario["type"] == "ORBAT-mapper" and HEADING.marking in scenario["name"]
    assert [side["name"] for side in scenario["sides"]] == ["United States", "Japan", "Bilateral"]


def test_what_was_changed_in_the_other_program_is_what_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "o.json"
    out(small(), path)
    scenario = msgspec.json.decode(path.read_bytes())
    roots = scenario["sides"][0]["groups"][0]["subUnits"]
    wing = roots[0]["subUnits"].pop()
    roots.append(wing)
    wing["name"] = "Renamed wing"
    wing["state"][0]["t"] = "2025-05-01T00:00:00+09:00"
    wing["personnel"] = [{"name": "members", "count": 900}]
    path.write_bytes(msgspec.json.encode(scenario))
    again = back(path, base=small())
    unit = next(u for u in again.units if u.code == "US-WING")
    assert (unit.names.en, unit.since) == ("Renamed wing", date(2025, 5, 1))
    assert "US-WING" not in {r.subject for r in again.relations}
    assert [(s.subject, s.figure, s.counts) for s in again.strengths] == [("US-WING", 900, "members")]


FOREIGN: dict[str, Any] = {
    "type": "ORBAT-mapper",
    "version": "0.40.0",
    "name": "Exercise",
    "sides": [
        {
            "id": "s1",
            "name": "Japan",
            "groups": [
                {
                    "id": "g1",
                    "name": "Units",
                    "subUnits": [
                        {
                            "id": "ZMdgTKyJKJ",
                            "name": "第1旅団",
                            "sidc": "10031000181211000000",
                            "location": [139.7, 35.7],
                            "equipment": [{"name": "Vehicle", "count": 3}],
                            "rangeRings": [{"range": 3}],
                            "state": [{"id": "x", "t": "2025-04-01T00:00:00+09:00", "location": [1, 2]}],
                            "subUnits": [{"id": "b", "name": "1st Company", "sidc": "10031000151211000000"}],
                        }
                    ],
                }
            ],
        },
        {
            "id": "s2",
            "name": "Red",
            "groups": [{"id": "g", "name": "x", "subUnits": [{"id": "r", "name": "R"}]}],
        },
    ],
    "events": [{"title": "Start", "startTime": 0}],
    "layers": [],
}


def scenario(path: Path, change: Any = None) -> Path:
    whole = msgspec.json.decode(msgspec.json.encode(FOREIGN))
    if change:
        change(whole)
    path.write_bytes(msgspec.json.encode(whole))
    return path


def test_somebody_elses_scenario_is_taken_in_and_what_has_no_place_is_listed(tmp_path: Path) -> None:
    found = read([scenario(tmp_path / "o.json")], "orbat", Reading(sides={"Red": "-"}, hierarchy="opcon"))
    assert [(u.code, u.names.ja or u.names.en, u.nation, u.level) for u in found.structure.units] == [
        ("JP-1", "第1旅団", "Japan", "brigade"),
        ("JP-1ST-COMPANY", "1st Company", "Japan", "company"),
    ]
    assert [(r.relation, r.subject, r.object) for r in found.structure.relations] == [
        ("opcon", "JP-1ST-COMPANY", "JP-1")
    ]
    assert {(each.what, each.count) for each in found.left_out} == {
        ("events", 1),
        ("location of units", 1),
        ("equipment of units", 1),
        ("rangeRings of units", 1),
        ("location of states", 1),
        ("units", 1),
    }
    assert all(each.where.startswith("o.json $") for each in found.left_out)


def test_faults_of_a_scenario_are_told_by_path(tmp_path: Path) -> None:
    [(where, expected, came)] = told(scenario(tmp_path / "o.json"))
    assert (where, came) == ("o.json $.sides[1].name", "'Red'") and "--side" in expected

    def break_(whole: Any) -> None:
        unit = whole["sides"][0]["groups"][0]["subUnits"][0]
        unit["state"] = [{"t": "yesterday", "status": "in force"}]
        unit["personnel"] = [{"name": "x", "count": -1}]
        unit["subUnits"].append({"name": "no id"})
        unit["subUnits"].append({"id": "b", "name": ["list"]})

    found = told(scenario(tmp_path / "o.json", break_), sides={"Red": "-"})
    base = "o.json $.sides[0].groups[0].subUnits[0]"
    assert [where for where, _, _ in found] == [
        f"{base}.state[0].t",
        f"{base}.personnel[0].count",
        f"{base}.subUnits[1].id",
        f"{base}.subUnits[2].name",
    ]


def test_an_id_twice_and_endless_nesting_are_faults(tmp_path: Path) -> None:
    def twice(whole: Any) -> None:
        whole["sides"][0]["groups"][0]["subUnits"].append({"id": "b", "name": "again"})

    [(where, expected, _)] = told(scenario(tmp_path / "o.json", twice), sides={"Red": "-"})
    assert where == "o.json $.sides[0].groups[0].subUnits[0].subUnits[0]" and "each id once" in expected
    deep: dict[str, Any] = {"id": "n0", "name": "n"}
    for n in range(1, 300):
        deep = {"id": f"n{n}", "name": "n", "subUnits": [deep]}
    path = scenario(
        tmp_path / "d.json", lambda whole: whole["sides"][0]["groups"][0]["subUnits"].append(deep)
    )
    assert any(
        "at most 100 units one under the other" in expected
        for _, expected, _ in told(path, sides={"Red": "-"})
    )


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"type":"ORBAT-mapper-encrypted"}', b"[" * 100_000])
def test_what_is_no_scenario_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "o.json"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        back(path)
    assert caught.value.code == "import.form"


# --- MSDL -----------------------------------------------------------------------------------------------


def test_msdl_brings_units_and_who_commands_them_back_and_lists_the_rest(tmp_path: Path) -> None:
    left = out(small(), tmp_path / "o.xml")
    again = back(tmp_path / "o.xml")
    there = {u.code: u for u in small().units if in_force(u.status, u.since, u.until, DAY)}
    assert {u.code: (u.nation, u.level, u.role) for u in again.units} == {
        code: (u.nation, u.level, u.role) for code, u in there.items()
    }
    assert {(r.relation, r.subject, r.object) for r in again.relations} == {
        ("command", *pair) for pair in drawn(small())
    }
    assert (
        left["Japanese names of units"] == 2
        and left["grade of units"] == 1
        and left["claims of strength"] == 2
    )
    root = etree.parse(tmp_path / "o.xml").getroot()
    said = {etree.QName(e).localname: e.text for e in root.iter() if "modelID" in str(e.tag)}
    assert said["securityClassification"] == HEADING.marking


@pytest.mark.parametrize("kind", ["command", "opcon", "tacon", "administrative"])
def test_msdl_says_which_kind_of_superior_one_is(kind: Any, tmp_path: Path) -> None:
    units = tuple(
        Unit(code=f"US-{n}", names=Names(en=f"Unit {n}"), nation="US", level="brigade") for n in "AB"
    )
    relation = Relation(key="r", relation=kind, subject="US-A", object="US-B")
    structure = Structure(nations=NATIONS, units=units, relations=(relation,))
    out(structure, tmp_path / "o.xml", HEADING._replace(hierarchy=kind))
    [again] = back(tmp_path / "o.xml", hierarchy="support").relations
    assert (again.relation, again.subject, again.object) == (kind, "US-A", "US-B")


MSDL = """<?xml version="1.0" encoding="UTF-8"?>
{doctype}<MilitaryScenario xmlns="urn:sisostds:scenario:military:data:draft:msdl:1"
 xmlns:modelID="http://www.sisostds.org/schemas/modelID">
<ScenarioID><modelID:name>Test</modelID:name></ScenarioID>
<ForceSides>
<ForceSide><ObjectHandle>f1</ObjectHandle><ForceSideName>Blue</ForceSideName><CountryCode>USA</CountryCode></ForceSide>
<ForceSide><ObjectHandle>f2</ObjectHandle><ForceSideName>Army</ForceSideName><AllegianceHandle>f1</AllegianceHandle></ForceSide>
</ForceSides>
<Organizations><Units>
<Unit><ObjectHandle>u1</ObjectHandle><SymbolIdentifier>S-G-UCI---AH--G</SymbolIdentifier><Name>HQ</Name>
<Relations><ForceRelation><ForceRelationChoice>FORCE_SIDE</ForceRelationChoice><ForceRelationData>
<ForceSideHandle>f2</ForceSideHandle></ForceRelationData></ForceRelation></Relations></Unit>
<Unit><ObjectHandle>u2</ObjectHandle><SymbolIdentifier>S-G-UCI----F--G</SymbolIdentifier><Name>{name}</Name>
<UnitSymbolModifiers><Echelon>BATTALION</Echelon></UnitSymbolModifiers>
<Disposition><Location><CoordinateChoice>GDC</CoordinateChoice></Location></Disposition>
<Relations><ForceRelation><ForceRelationChoice>UNIT</ForceRelationChoice><ForceRelationData><CommandRelation>
<CommandingSuperiorHandle>{above}
</CommandingSuperiorHandle><CommandRelationshipType>{kind}</CommandRelationshipType>
</CommandRelation></ForceRelationData></ForceRelation></Relations></Unit>
</Units>
<Equipment><EquipmentItem><ObjectHandle>e1</ObjectHandle><Name>111</Name></EquipmentItem></Equipment>
</Organizations>
<Deployment><Federate><Units><Unit>u1</Unit></Units></Federate></Deployment>
</MilitaryScenario>"""


def msdl(path: Path, **said: str) -> Path:
    usual = {"doctype": "", "name": "1st", "above": "u1", "kind": "ATTACHED"}
    path.write_text(MSDL.format(**(usual | said)))
    return path


def test_somebody_elses_msdl_is_taken_in_without_weapons_equipment_or_positions(tmp_path: Path) -> None:
    found = read([msdl(tmp_path / "o.xml")], "msdl", Reading())
    assert [(u.code, u.names.en, u.nation, u.level) for u in found.structure.units] == [
        ("US-HQ", "HQ", "US", "brigade"),  # as its symbol has it
        ("US-1ST", "1st", "US", "battalion"),
    ]
    assert [(r.relation, r.subject, r.object) for r in found.structure.relations] == [
        ("command", "US-1ST", "US-HQ")
    ]
    assert {each.what for each in found.left_out} == {
        "Disposition of units",
        "Equipment",
        "EquipmentItem",
        "Deployment",
    }


def test_a_superior_of_no_stated_kind_is_of_the_hierarchy_asked_for(tmp_path: Path) -> None:
    [relation] = back(msdl(tmp_path / "o.xml", kind="NONE"), hierarchy="administrative").relations
    assert relation.relation == "administrative"


def test_faults_of_msdl_are_told_by_line(tmp_path: Path) -> None:
    assert told(msdl(tmp_path / "o.xml", kind="OWNS")) == [
        (
            "o.xml line 13 Unit",
            "a CommandRelationshipType of ORGANIC, ATTACHED, OPCON, TACON, ADCON",
            "'OWNS'",
        )
    ]
    assert told(msdl(tmp_path / "o.xml", above="u9")) == [
        ("o.xml line 13 Unit", "a unit of this file above it", "'u9'")
    ]
    [(where, expected, _)] = told(msdl(tmp_path / "o.xml", above="u2"))
    assert (where, expected) == ("o.xml line 13 Unit", "nobody above themselves")


OURS = """<MilitaryScenario xmlns="urn:sisostds:scenario:military:data:draft:msdl:1">
<ForceSides><ForceSide><ObjectHandle>s1</ObjectHandle><ForceSideName>US</ForceSideName></ForceSide>
<ForceSide><ObjectHandle>s2</ObjectHandle><ForceSideName>Japan</ForceSideName></ForceSide></ForceSides>
<Organizations><Units>
<Unit><ObjectHandle>h1</ObjectHandle><SymbolIdentifier>S-G-U------I--G</SymbolIdentifier><Name>Engineers</Name>
<UnitSymbolModifiers><UniqueDesignation>US-ENG</UniqueDesignation></UnitSymbolModifiers>
<Relations><ForceRelation><ForceRelationChoice>FORCE_SIDE</ForceRelationChoice><ForceRelationData>
<ForceSideHandle>s1</ForceSideHandle></ForceRelationData></ForceRelation>{support}</Relations></Unit>
<Unit><ObjectHandle>h2</ObjectHandle><SymbolIdentifier>S-G-U------H--G</SymbolIdentifier><Name>Brigade</Name>
<UnitSymbolModifiers><UniqueDesignation>JP-BDE</UniqueDesignation></UnitSymbolModifiers>
<Relations><ForceRelation><ForceRelationChoice>FORCE_SIDE</ForceRelationChoice><ForceRelationData>
<ForceSideHandle>s2</ForceSideHandle></ForceRelationData></ForceRelation>
<OrganicRelation><OrganicRelationData><OrganicSuperiorHandle>h1</OrganicSuperiorHandle></OrganicRelationData>
<OrganicRelationChoice>UNIT</OrganicRelationChoice></OrganicRelation></Relations></Unit>
</Units></Organizations></MilitaryScenario>"""


def supporting(path: Path, *relations: str) -> Path:
    """Engineers of one nation beside a brigade of the other, with these support relations."""
    several = "".join(f"<SupportRelation>{each}</SupportRelation>" for each in relations)
    path.write_text(OURS.format(support=f"<SupportRelations>{several}</SupportRelations>" if several else ""))
    return path


SUPPORTED = "<SupportedUnitHandle>h2</SupportedUnitHandle>"


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ("<SupportType>DS</SupportType>", "direct support"),
        (
            "<PriorityToSupport>1</PriorityToSupport><SupportType>GSR</SupportType>",
            "general support reinforcing, priority 1",
        ),
        ("<PriorityToSupport>9</PriorityToSupport><SupportType>NONE</SupportType>", "priority 9"),
        ("<SupportType>R</SupportType><SupportRoleType>ENGINEER</SupportRoleType>", "reinforcing"),
        ("<SupportType>NONE</SupportType>", ""),
    ],
)
def test_msdl_says_whom_a_unit_supports_and_how_also_across_the_border_and_back(
    said: str, note: str, tmp_path: Path
) -> None:
    found = read([supporting(tmp_path / "o.xml", SUPPORTED + said)], "msdl", Reading())
    assert [(u.code, u.level) for u in found.structure.units] == [
        ("US-ENG", "division"),
        ("JP-BDE", "brigade"),
    ]
    [relation] = found.structure.relations
    assert (relation.relation, relation.subject, relation.object, relation.note) == (
        "support",
        "US-ENG",
        "JP-BDE",
        note,
    )
    role = {"SupportRoleType of units"} if "Role" in said else set()
    assert {each.what for each in found.left_out} == role | {"OrganicRelation of units"}
    left = out(found.structure, tmp_path / "again.xml")
    assert "note of relations" not in left and "support relations" not in left
    [again] = back(tmp_path / "again.xml").relations
    assert (again.relation, again.subject, again.object, again.note) == ("support", "US-ENG", "JP-BDE", note)


def test_a_unit_supports_several_and_each_once(tmp_path: Path) -> None:
    twice = SUPPORTED + "<SupportType>GS</SupportType>"
    [relation] = back(supporting(tmp_path / "o.xml", twice, twice)).relations
    assert relation.note == "general support"
    assert back(supporting(tmp_path / "o.xml")).relations == ()


@pytest.mark.parametrize(
    ("relation", "expected", "came"),
    [
        (SUPPORTED + "<SupportType>XS</SupportType>", "a SupportType of GS, DS, R, GSR", "'XS'"),
        (
            SUPPORTED + "<PriorityToSupport>0</PriorityToSupport><SupportType>DS</SupportType>",
            "a PriorityToSupport from 1 to 9",
            "'0'",
        ),
        ("<SupportType>DS</SupportType>", "a SupportedUnitHandle in a SupportRelation", "none"),
        (SUPPORTED.replace("h2", "h9"), "another unit of this file that it supports", "'h9'"),
        (SUPPORTED.replace("h2", "h1"), "another unit of this file that it supports", "'h1'"),
    ],
)
def test_faults_of_support_are_told_by_line(relation: str, expected: str, came: str, tmp_path: Path) -> None:
    assert told(supporting(tmp_path / "o.xml", relation)) == [("o.xml line 5 Unit", expected, came)]


def test_support_that_does_not_hold_or_has_more_to_say_is_listed(tmp_path: Path) -> None:
    units = tuple(Unit(code=f"US-{n}", names=Names(en=n), nation="US", level="brigade") for n in "ABC")
    relations = (
        Relation(
            key="now", relation="support", subject="US-A", object="US-B", note="by night", under=("law",)
        ),
        Relation(key="over", relation="support", subject="US-A", object="US-C", until=DAY),
        Relation(key="tree", relation="command", subject="US-B", object="US-C"),
    )
    left = out(Structure(nations=NATIONS, units=units, relations=relations), tmp_path / "o.xml")
    assert (left["note of relations"], left["under of relations"], left["support relations"]) == (1, 1, 1)
    found = {(r.relation, r.subject, r.object, r.note) for r in back(tmp_path / "o.xml").relations}
    assert found == {("support", "US-A", "US-B", ""), ("command", "US-B", "US-C", "")}


def test_written_msdl_keeps_to_the_standards_texts_and_symbols(tmp_path: Path) -> None:
    """SISO-STD-007-2008: symbols leave affiliation and status to others; comments have 20 characters."""
    units = (
        Unit(code="US-SHORT", names=Names(en="A"), nation="US", level="brigade", role="Bridges"),
        Unit(code="US-" + "L" * 28, names=Names(en="B"), nation="US", level="部隊", role="x" * 21),
    )
    left = out(Structure(nations=NATIONS, units=units), tmp_path / "o.xml")
    assert (left["code of units"], left["level of units"], left["role of units"]) == (1, 1, 1)
    root = etree.parse(tmp_path / "o.xml").getroot()
    said = {name: [e.text or "" for e in root.iter() if etree.QName(e).localname == name] for name in TEXTS}
    assert all(
        re.fullmatch(r"S-[A-Z-]-[A-Z-]{6}[A-Z*-]{2}--[AECGNSX*-]", s) for s in said["SymbolIdentifier"]
    )
    assert [s[11] for s in said["SymbolIdentifier"]] == ["H", "-"]
    assert said["StaffComments"] == ["Bridges"] and said["AdditionalInfo"] == []
    assert said["UniqueDesignation"] == ["US-SHORT", ""]
    handle = re.compile("[0-9a-z]{8}(-[0-9a-z]{4}){3}-[0-9a-z]{12}")
    assert all(handle.fullmatch(s) for s in said["ObjectHandle"])


TEXTS = ("SymbolIdentifier", "StaffComments", "AdditionalInfo", "UniqueDesignation", "ObjectHandle")


def test_a_side_given_as_a_nation_that_nobody_knows_is_told_at_the_side(tmp_path: Path) -> None:
    [(where, expected, came)] = told(supporting(tmp_path / "o.xml"), sides={"US": "Atlantis"})
    assert where == "o.xml line 2 ForceSide" and came == "'Atlantis'"
    assert expected.startswith("a nation known here (US, Japan,")


BOMB = '<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("doctype", [BOMB, OUTSIDE, '<!DOCTYPE m SYSTEM "http://127.0.0.1:9/x.dtd">'])
def test_a_document_type_is_refused_unread(doctype: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"XML without a DTD in o\.xml; a document type declaration came"):
        back(msdl(tmp_path / "o.xml", doctype=doctype, name="&a;" if "ENTITY" in doctype else "x"))


@pytest.mark.parametrize("content", [b"", b"<a>", b"<a/>", b"\xff\xfe<"])
def test_what_is_no_msdl_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "o.xml"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        back(path)
    assert caught.value.code == "import.form"


def test_claims_of_units_ride_along_in_a_scenario() -> None:
    unit = Unit(code="US-A", names=Names(en="A"), nation="US")
    claim = Strength(
        key="c", subject="US-A", subject_kind="unit", figure=12, counts="staff", as_of="2025", source="x"
    )
    file = BytesIO()
    left = write(Structure(nations=NATIONS, units=(unit,), strengths=(claim,)), file, "orbat", HEADING)
    assert left == ()
    node = msgspec.json.decode(file.getvalue())["sides"][0]["groups"][0]["subUnits"][0]
    assert node["personnel"] == [{"count": 12, "name": "staff"}]
