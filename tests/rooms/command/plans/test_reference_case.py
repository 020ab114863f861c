"""The packaged case: each fact is a row of the packaged tables, names its source, or says it is assumed."""

import re
from collections.abc import Iterator
from datetime import date

import pytest

from renkei.data import packaged
from renkei.rooms.command.plans import (
    UNKNOWN,
    Add,
    AnyFact,
    Plan,
    Post,
    Relation,
    Site,
    Strength,
    Unit,
    examine,
    facts_of,
    read_plan,
    read_rules,
    together,
)
from renkei.rooms.command.reference import read_sites, read_strengths, read_units

ASSUMPTION = "Assumption: synthetic, made for the checks; nobody published it"
ANNOUNCED = "Stated in the announcement text; source not packaged"
UNITS = {row.code: row for row in read_units(packaged("reference/units.csv"))}
SITES = {row.code: row for row in read_sites(packaged("reference/sites.csv"))}
STRENGTHS = read_strengths(packaged("reference/strengths.csv"))
ROW_SOURCES = {row.source for row in (*UNITS.values(), *SITES.values(), *STRENGTHS)}
NAMED = ROW_SOURCES | {ASSUMPTION, ANNOUNCED, "particle.news"}


@pytest.fixture(scope="module")
def case() -> Plan:
    return read_plan(packaged("plans/reference.toml"), as_json=False)


def every_fact(case: Plan) -> Iterator[AnyFact]:
    yield from facts_of(case.structure)
    yield from (change.fact for change in case.changes if isinstance(change, Add))


def test_units_are_rows_word_for_word(case: Plan) -> None:
    units = {fact.code: fact for fact in every_fact(case) if isinstance(fact, Unit)}
    assert units.keys() == UNITS.keys()
    for code, unit in units.items():
        row = UNITS[code]
        for field in (
            "names",
            "nation",
            "level",
            "service",
            "role",
            "site",
            "since",
            "status",
            "source",
            "confidence",
        ):
            assert getattr(unit, field) == getattr(row, field), (code, field)
        assert row.note.startswith(unit.note), code


def test_sites_are_rows_and_their_zones_follow_from_where_they_are(case: Plan) -> None:
    sites = {fact.code: fact for fact in every_fact(case) if isinstance(fact, Site)}
    for code, site in sites.items():
        row = SITES[code]
        assert (site.names, site.nation, site.source) == (row.names, row.nation, row.source)
        assert site.utc_offset == (-10 if row.prefecture == "Hawaii (US)" else 9)
        assert site.hours == UNKNOWN, "nobody published duty hours"
    assert "UTC-10, no DST: 19 h behind Japan" in SITES["HI-SMITH"].note


def test_every_parent_and_counterpart_of_the_tables_is_there_and_no_other_is_documented(case: Plan) -> None:
    wanted = {(row.parent_kind, code, row.parent) for code, row in UNITS.items() if row.parent}
    pairs = {frozenset((code, other)) for code, row in UNITS.items() for other in row.counterparts}
    relations = [fact for fact in every_fact(case) if isinstance(fact, Relation)]
    assert {(r.relation, r.subject, r.object) for r in relations} >= wanted
    counterparts = [r for r in relations if r.relation == "counterpart"]
    assert {frozenset((r.subject, r.object)) for r in counterparts} == pairs and len(counterparts) == len(
        pairs
    )
    for r in counterparts:
        row = UNITS[r.subject]
        assert r.object in row.counterparts and (r.basis, r.source) == (row.counterpart_basis, row.source)
    others = [
        r
        for r in relations
        if r.relation != "counterpart" and (r.relation, r.subject, r.object) not in wanted
    ]
    before = {r.subject for r in others if r.relation == "command"}
    assert before == {code for code, row in UNITS.items() if row.parent == "JP-JJOC"} - {"JP-MTG"}
    assert {(r.basis, r.object, r.source) for r in others if r.relation == "command"} == {
        ("inferred", "JP-MINDEF", UNITS["JP-JSO"].source)
    }
    assert {(r.relation, r.object) for r in others} - {("command", "JP-MINDEF")} == {
        ("coordination", "BI-BOCC")
    }


def test_claims_of_strength_are_rows_or_say_that_their_source_is_not_packaged(case: Plan) -> None:
    claims = [fact for fact in every_fact(case) if isinstance(fact, Strength)]
    rows = {(r.subject_code, r.figure, r.counts, r.basis, r.as_of, r.source) for r in STRENGTHS}
    found = {
        (c.subject, c.figure, c.counts, c.claimed, c.as_of, c.source) for c in claims if c.subject != "US"
    }
    assert found == rows
    totals = {c.figure: c for c in claims if c.subject == "US"}
    assert totals.keys() == {50_000, 54_000, 55_000, 66_000}
    assert {c.source for c in totals.values()} == {ANNOUNCED}
    assert len({c.counts for c in totals.values()}) == 4, "claims by different definitions are not one"


def test_every_fact_and_change_names_a_source(case: Plan) -> None:
    for fact in every_fact(case):
        assert fact.source in NAMED, fact
    for change in case.changes:
        assert change.source in NAMED, change.key
    for phase in case.phases:
        assert phase.source in NAMED, phase.key


def test_duty_hours_and_functions_of_posts_are_assumptions_and_marked_as_that(case: Plan) -> None:
    for hours in case.structure.hours:
        assert (hours.source, hours.confidence, hours.basis) == (ASSUMPTION, "low", "inferred")
    for post in (fact for fact in every_fact(case) if isinstance(fact, Post)):
        if post.functions or post.hours != UNKNOWN:
            assert (post.source, post.confidence, post.basis) == (ASSUMPTION, "low", "inferred"), post.code


def test_before_24_march_2025_and_from_it_on(case: Plan) -> None:
    first = case.phases[0]
    assert (case.start, first.key, first.on) == (date(2025, 3, 23), "jjoc", date(2025, 3, 24))
    assert "JP-JJOC" not in {unit.code for unit in case.structure.units}
    assert "US-JCT" not in {unit.code for unit in case.structure.units}


def test_what_is_announced_has_no_day_and_no_extent(case: Plan) -> None:
    later = case.phases[-1]
    assert (later.on, later.not_before, later.status) == (None, None, "announced")
    changes = [change for change in case.changes if change.phase == later.key]
    assert {change.status for change in changes} == {"announced"}
    extents = [
        c.fact.extent
        for c in changes
        if isinstance(c, Add) and c.fact.__struct_config__.tag == "responsibility"
    ]
    assert extents == [UNKNOWN]
    assert {c.status for c in case.changes if c.phase != later.key} == {"in force"}


def test_bodies_of_the_coordination_mechanism_command_nobody(case: Plan) -> None:
    bodies = {f.code for f in every_fact(case) if isinstance(f, Unit) and f.form == "coordination body"}
    assert {"BI-ACG", "BI-BOCC", "BI-CCC"} <= bodies
    above = [r for r in every_fact(case) if isinstance(r, Relation) and r.object in bodies]
    assert above and {r.relation for r in above} == {"coordination"}


def test_every_name_is_in_both_languages_and_of_no_person(case: Plan) -> None:
    named = [fact for fact in every_fact(case) if hasattr(fact, "names")]
    assert all(fact.names.en and fact.names.ja for fact in named)
    assert all(phase.names.en and phase.names.ja for phase in case.phases)
    assert not re.search(r"Nagumo|Tawara", packaged("plans/reference.toml").decode())


def test_what_was_promised_is_checked_and_what_nobody_published_proves_nothing(case: Plan) -> None:
    files = [
        read_rules(packaged(f"plans/{name}.toml"), as_json=False) for name in ("rules", "reference-rules")
    ]
    rules = together(files)
    assert {rule.source for rule in rules.rules} >= {ANNOUNCED}
    found = {result.rule: result for result in examine(case, rules.rules, rules.costs).results}
    assert found["coordination"].outcome == "proved"
    assert (
        found["double.command"].outcome == found["hand-over"].outcome == found["orphan"].outcome == "proved"
    )
    assert found["people"].outcome == "unknown", "nobody says how many the new posts take"
    assert found["reachable"].outcome == "unknown", "nobody published duty hours"
    japan = found["responsibilities of Japan"]
    assert japan.outcome == "refuted"
    changes = {key for finding in japan.findings for key in finding.cause.changes}
    assert changes and all("JJOC" in key or "JSO" in key for key in changes), "by Japan's own change alone"
