"""Documents of structures and plans, and a node's own records as a structure."""

from datetime import date
from typing import Any, get_args

import msgspec
import pytest

from renkei.data import packaged
from renkei.kernel.errors import Faulty
from renkei.rooms.command import (
    Loaded,
    PostIn,
    RelationIn,
    StrengthIn,
    assert_relation,
    claim_strength,
    load_reference,
    name_post,
    structure_of,
)
from renkei.rooms.command.plans import (
    FACT_KINDS,
    LISTS,
    UNKNOWN,
    Amend,
    AnyFact,
    Fact,
    Nation,
    Phase,
    Plan,
    Structure,
    check_structure,
    encode,
    examine,
    facts_of,
    read_plan,
    read_rules,
    ref_of,
    together,
    words,
)
from renkei.rooms.command.records import Names
from rooms.duo import JJOC, USFJ, Duo, Side, suggested

UNITS, SITES, STRENGTHS = (packaged(f"reference/{n}.csv") for n in ("units", "sites", "strengths"))


def side(duo: Duo, hq: str) -> Side:
    return duo.usfj if hq == USFJ else duo.jjoc


def loaded(duo: Duo, hq: str) -> Any:
    desk = side(duo, hq).desk()
    assert isinstance(load_reference(desk, suggested(hq, "open"), UNITS, SITES, strengths=STRENGTHS), Loaded)
    return side(duo, hq).desk()


def test_every_kind_of_fact_has_its_list() -> None:
    assert tuple(LISTS) == FACT_KINDS
    assert set(LISTS.values()) | {"nations"} == set(Structure.__struct_fields__)
    assert {str(kind.__struct_config__.tag) for kind in Fact.__subclasses__()} == set(FACT_KINDS)


def test_what_a_node_knows_becomes_a_structure_that_says_no_more_than_its_records(duo: Duo) -> None:
    structure = structure_of(loaded(duo, USFJ))
    units = {unit.code: unit for unit in structure.units}
    usfj = units["US-USFJ"]
    assert (usfj.nation, usfj.site, usfj.by, usfj.grade) == ("US", "JP-YOKOTA", USFJ, UNKNOWN)
    above = {r.object: r for r in structure.relations if r.subject == "US-USFJ" and r.relation == "command"}
    assert set(above) == {"US-INDOPACOM"}
    assert (above["US-INDOPACOM"].basis, above["US-INDOPACOM"].since) == ("documented", None)
    kadena = sorted(s.figure for s in structure.strengths if s.subject == "JP-KADENA")
    assert kadena == [7_000, 20_000, 23_000]
    sites = {site.code for site in structure.sites}
    assert all(s.subject_kind == ("site" if s.subject in sites else "unit") for s in structure.strengths)


def test_the_other_sides_units_are_there_by_code_until_their_records_are(duo: Duo) -> None:
    jjoc = {u.code: u for u in structure_of(loaded(duo, USFJ)).units}["JP-JJOC"]
    assert (jjoc.names.en, jjoc.nation, jjoc.level, jjoc.by) == ("JP-JJOC", "Japan", UNKNOWN, "")
    loaded(duo, JJOC)
    duo.carry_all()
    jjoc = {u.code: u for u in structure_of(duo.usfj.desk()).units}["JP-JJOC"]
    assert (jjoc.level, jjoc.by) == ("joint command", JJOC)


def test_bodies_of_the_alliance_coordination_mechanism_are_coordination_bodies(duo: Duo) -> None:
    structure = structure_of(loaded(duo, JJOC))
    forms = {u.code: u.form for u in structure.units}
    assert {forms[code] for code in ("BI-ACG", "BI-BOCC", "BI-CCC")} == {"coordination body"}
    assert forms["JP-JJOC"] == "unit"
    assert {n.key: n.shared for n in structure.nations}["Bilateral"] is True


def test_two_headquarters_words_about_one_pair_are_both_kept(duo: Duo) -> None:
    for hq in (USFJ, JJOC):
        given = RelationIn(
            relation="counterpart", subject_code="US-USFJ", object_code="JP-JJOC", label=suggested(hq, "open")
        )
        assert_relation(side(duo, hq).desk(), given)
    duo.carry_all()
    keys = sorted(r.key for r in structure_of(duo.usfj.desk()).relations)
    assert keys == [f"counterpart US-USFJ JP-JJOC ({hq})" for hq in (JJOC, USFJ)]


def test_who_holds_a_recorded_post_is_not_known(duo: Duo) -> None:
    label = suggested(USFJ, "open")
    name_post(
        duo.usfj.desk(), PostIn(code="watch", names=Names(en="Watch"), label=label, unit_code="US-USFJ")
    )
    (post,) = structure_of(duo.usfj.desk()).posts
    assert (post.code, post.unit, post.holder, post.officers) == ("watch", "US-USFJ", UNKNOWN, UNKNOWN)


def test_a_document_comes_back_as_it_was_written_and_equal_ones_are_equal_bytes(duo: Duo) -> None:
    structure = structure_of(loaded(duo, JJOC))
    phase = Phase(key="2a", names=Names(en="Phase 2a", ja="第2a段階"), not_before=date(2027, 4, 1))
    end = Amend(key="c1", phase="2a", kind="unit", of="JP-JJOC", fields={"site": "JP-YOKOTA"})
    plan = Plan(
        title=Names(en="t"), start=date(2026, 1, 1), structure=structure, phases=(phase,), changes=(end,)
    )
    again = msgspec.json.decode(encode(plan), type=Plan)
    assert again == plan
    assert encode(again) == encode(plan)


def test_kinds_and_keys_tell_facts_apart(duo: Duo) -> None:
    facts = facts_of(structure_of(loaded(duo, JJOC)))
    assert len({ref_of(fact) for fact in facts}) == len(facts) > 100


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"nations": [], "units": [{"code": "x"}]}', "$.units[0].code"),
        ('{"nations": [], "posts": [{"unti": ""}]}', "$.posts[0]"),
        ('{"nations": [{"key": "", "names": {}}]}', "$.nations[0].key"),
    ],
)
def test_what_has_not_the_form_is_named_by_its_place(text: str, where: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(text, type=Structure)
    assert where in str(caught.value)


def test_a_nation_has_a_word() -> None:
    assert Nation(key="US", names=Names(en="United States")).shared is False


def test_a_post_at_a_unit_that_has_no_code_is_left_out_and_the_document_is_read_again(duo: Duo) -> None:
    label, names = suggested(USFJ, "open"), Names(en="Watch")
    for code, unit_code in (("a", "some office"), ("b", "US-USFJ")):
        name_post(duo.usfj.desk(), PostIn(code=code, names=names, label=label, unit_code=unit_code))
    claim = StrengthIn(subject_code="US-USFJ", figure=1, counts="c" * 900, source="s" * 900, label=label)
    claim_strength(duo.usfj.desk(), claim)
    structure = structure_of(duo.usfj.desk())
    assert [post.code for post in structure.posts] == ["b"]
    assert msgspec.json.decode(encode(structure), type=Structure) == structure
    check_structure(structure)


def test_every_field_of_a_fact_and_every_figure_of_a_finding_has_a_word_in_both_languages() -> None:
    fields = {f for kind in get_args(AnyFact) for f in kind.__struct_fields__}
    assert fields == words.FIELDS.keys()
    plan = read_plan(packaged("plans/example.toml"), as_json=False)
    rules = [read_rules(packaged(f"plans/{name}.toml"), as_json=False) for name in ("rules", "example-rules")]
    report = examine(plan, together(rules).rules, explain=False)
    told = {name for result in report.results for finding in result.findings for name in finding.figures}
    assert told and told <= words.FIGURES.keys()
    assert all(both.en and both.ja for group in (words.FIELDS, words.FIGURES) for both in group.values())


def test_everything_wrong_with_a_plan_is_told_at_once_each_by_its_path() -> None:
    plan = msgspec.json.decode(encode(read_plan(packaged("plans/example.toml"), as_json=False)))
    plan["structure"]["posts"][0]["unit"] = "AA-NONE"
    plan["structure"]["posts"][1]["functions"] = ["cooking", "operations", "sewing"]
    plan["changes"][0]["phase"] = "never"
    plan["changes"][1]["when"] = {"weather": "fair"}
    with pytest.raises(Faulty) as caught:
        read_plan(msgspec.json.encode(plan), as_json=True)
    assert {fault.where: fault.came for fault in caught.value.faults} == {
        "$.structure.posts[0].unit": "AA-NONE",
        "$.structure.posts[1].functions[0]": "cooking",
        "$.structure.posts[1].functions[2]": "sewing",
        "$.changes[0].phase": "never",
        "$.changes[1].when": "weather=fair",
    }
    assert caught.value.code == "structure.unit" and not caught.value.more


def test_everything_that_has_not_the_form_of_a_plan_is_told_by_its_line() -> None:
    plan = msgspec.json.decode(encode(read_plan(packaged("plans/example.toml"), as_json=False)))
    plan["start"] = "someday"
    plan["structure"]["posts"][0]["officers"] = "many"
    plan["structure"]["units"][1]["colour"] = "red"
    plan["phases"][0]["on"] = 7
    plan["shape"] = "round"
    del plan["title"]
    with pytest.raises(Faulty) as caught:
        read_plan(msgspec.json.encode(plan), as_json=True)
    told = {fault.where: fault.came for fault in caught.value.faults}
    assert set(told) == {
        "$.shape",
        "$.title",
        "$.start",
        "$.structure.units[1].colour",
        "$.structure.posts[0].officers",
        "$.phases[0].on",
    }
    assert caught.value.code == "plan.form"


def test_no_more_than_a_hundred_faults_of_a_plan_are_told() -> None:
    plan = msgspec.json.decode(encode(read_plan(packaged("plans/example.toml"), as_json=False)))
    plan["structure"]["posts"] += [{**plan["structure"]["posts"][0], "unit": "AA-NONE"}] * 200
    with pytest.raises(Faulty) as caught:
        read_plan(msgspec.json.encode(plan), as_json=True)
    assert (len(caught.value.faults), caught.value.more) == (100, True)
