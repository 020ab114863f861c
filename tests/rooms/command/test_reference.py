"""Reference tables: loaded whole or not at all, once or often, each nation's by its own headquarters."""

from datetime import date
from typing import Any

import pytest

from renkei.data import packaged
from renkei.kernel.errors import BadInput, Refused
from renkei.kernel.people import Role
from renkei.rooms.command import (
    HeadquartersIn,
    Loaded,
    Names,
    PostIn,
    Relation,
    RelationIn,
    Strength,
    StrengthIn,
    Unit,
    assert_relation,
    by_code,
    claim_strength,
    in_force,
    load_reference,
    name_headquarters,
    name_post,
    unit_view,
)
from renkei.rooms.command.reference import read_sites, read_strengths, read_units
from rooms.duo import JJOC, USFJ, Duo, Side, suggested

UNITS, SITES = packaged("reference/units.csv"), packaged("reference/sites.csv")


def load(side: Side, units: bytes = UNITS, sites: bytes = SITES) -> Loaded:
    outcome = load_reference(side.desk(), suggested(side.hq, "open"), units, sites)
    assert isinstance(outcome, Loaded)
    return outcome


def done(outcome: Any) -> Any:
    assert not isinstance(outcome, Refused), outcome
    return outcome


def changed(table: bytes, old: str, new: str) -> bytes:
    text = table.decode()
    assert old in text
    return text.replace(old, new, 1).encode()


def test_each_headquarters_loads_its_own_nations_and_loading_again_changes_nothing(duo: Duo) -> None:
    us, jp = load(duo.usfj), load(duo.jjoc)
    assert us.new["unit"] + jp.new["unit"] == 76
    assert us.new["site"] + jp.new["site"] == 69
    size = duo.usfj.master.size
    again = load(duo.usfj)
    assert (again.new, again.changed, again.unchanged) == ({}, {}, size)
    assert duo.usfj.master.size == size


def test_a_changed_row_becomes_a_new_version_of_the_same_record(duo: Duo) -> None:
    load(duo.usfj)
    again = load(duo.usfj, units=changed(UNITS, "Host wing", "Host wing; Okinawa"))
    assert (again.new, again.changed) == ({}, {"unit": 1})
    unit = by_code(duo.usfj.desk(), Unit, ["US-18WG"])["US-18WG"].record
    assert isinstance(unit, Unit)
    assert (unit.version, unit.role) == (2, "Host wing; Okinawa")


def test_counterparts_are_many_to_many_and_each_side_asserts_its_own(duo: Duo) -> None:
    load(duo.usfj)
    load(duo.jjoc)
    duo.carry_all()
    jjoc = by_code(duo.usfj.desk(), Unit, ["JP-JJOC"])["JP-JJOC"]
    view = unit_view(duo.usfj.desk(), jjoc.record.id)
    assert view is not None
    asserted = {(r.relation.record.owner, r.relation.record.object_code) for r in view.counterparts}
    assert {(JJOC, "US-USFJ"), (JJOC, "US-INDOPACOM"), (JJOC, "US-JCT"), (USFJ, "JP-JJOC")} <= asserted
    assert [r.relation.record.object_code for r in view.parents] == ["JP-MINDEF"]
    assert {"JP-GCC", "JP-SDFLEET", "JP-ADC"} <= {r.relation.record.subject_code for r in view.children}
    assert view.site is not None
    assert view.site.record.names.ja == "防衛省・市ヶ谷駐屯地"


def test_a_relation_across_the_border_names_the_other_unit_by_code_until_its_record_is_known(
    duo: Duo,
) -> None:
    load(duo.usfj)
    relation = next(
        r for r in relations(duo.usfj) if r.subject_code == "US-USFJ" and r.object_code == "JP-JJOC"
    )
    assert relation.object is None
    load(duo.jjoc)
    duo.carry_all()
    load(duo.usfj)
    relation = next(
        r for r in relations(duo.usfj) if r.subject_code == "US-USFJ" and r.object_code == "JP-JJOC"
    )
    assert relation.object is not None
    assert relation.object.startswith("jp.jjoc/")


def relations(side: Side) -> list[Relation]:
    desk = side.desk()
    found = [desk.views.record(r)[0] for r in desk.views.newest("relation", side.hq, 1000).rows]
    return [r for r in found if isinstance(r, Relation)]


def test_what_is_planned_is_announced_and_not_in_force(duo: Duo) -> None:
    row = next(r for r in read_units(UNITS) if r.code == "JP-FSF")
    assert (row.status, row.since) == ("announced", date(2026, 3, 1))
    assert not in_force(row.status, row.since, None, date(2026, 2, 28))
    assert in_force(row.status, row.since, None, date(2026, 3, 1))


def test_staffs_and_agencies_have_administrative_parents() -> None:
    kinds = {r.code: r.parent_kind for r in read_units(UNITS)}
    assert (kinds["JP-JSO"], kinds["JP-GCC"], kinds["US-CJCS"]) == (
        "administrative",
        "command",
        "administrative",
    )


BAD_UNITS = {
    "a word for status": (",current,war.gov", ",curent,war.gov", "row 2 column status"),
    "a parent nobody is": (",US-SECDEF,HI-SMITH", ",US-SECDEV,HI-SMITH", "row 4 column parent_id"),
    "a counterpart nobody is": ("JP-JJOC;JP-JSO", "JP-JJOX;JP-JSO", "row 4 column counterpart_ids"),
    "a confidence of its own": ("4381019,high", "4381019,sure", "row 2 column confidence"),
    "a code twice": ("US-CJCS,Chairman", "US-SECDEF,Chairman", "row 3 column unit_id"),
    "a code in small letters": ("US-CJCS,Chairman", "us-cjcs,Chairman", "row 3 column unit_id"),
    "a cell too many": ("4381019,high,", "4381019,high,,", "15 cells in units row 2"),
    "a missing column": ("counterpart_ids", "counterparts", "counterpart_ids"),
}


@pytest.mark.parametrize(("old", "new", "place"), BAD_UNITS.values(), ids=BAD_UNITS.keys())
def test_a_fault_in_units_is_named_by_row_and_column_and_nothing_is_applied(
    duo: Duo, old: str, new: str, place: str
) -> None:
    with pytest.raises(BadInput) as caught:
        load(duo.usfj, units=changed(UNITS, old, new))
    assert place in caught.value.expected
    assert duo.usfj.master.size == 0


BAD_SITES = {
    "a latitude off the globe": (",21.39,", ",91.39,", "row 2 column latitude"),
    "a longitude that is a word": (",-157.91,", ",west,", "row 2 column longitude"),
    "an infinite precision": (",21.39,-157.91,2,", ",21.39,-157.91,inf,", "row 2 column coord_precision_km"),
    "an open quote": ('"HQ U.S. Indo', '"""HQ U.S. Indo', "closed quotes"),
}


@pytest.mark.parametrize(("old", "new", "place"), BAD_SITES.values(), ids=BAD_SITES.keys())
def test_a_fault_in_sites_is_named(old: str, new: str, place: str) -> None:
    table = SITES.decode().replace(old, new, 1)
    if "quotes" in place:
        table = SITES.decode() + '"JP-X,unclosed'
    with pytest.raises(BadInput) as caught:
        read_sites(table.encode())
    assert place in caught.value.expected


def test_bytes_that_are_not_utf8_are_named() -> None:
    with pytest.raises(BadInput) as caught:
        read_units(UNITS.decode().encode("shift_jis", "replace"))
    assert caught.value.code == "csv.encoding"


def test_a_relation_asserted_anew_is_the_same_record_until_it_begins_another_day(duo: Duo) -> None:
    load(duo.usfj)
    given = RelationIn(
        relation="opcon",
        subject_code="US-5AF",
        object_code="US-USFJ",
        since=date(2026, 1, 1),
        status="announced",
        label=suggested(USFJ, "open"),
    )
    first = done(assert_relation(duo.usfj.desk(), given))
    second = done(assert_relation(duo.usfj.desk(), given))
    assert (first.id, second.version) == (second.id, 2)
    assert first.subject is not None


def test_a_relation_to_itself_or_ending_before_it_begins_is_refused(duo: Duo) -> None:
    label = suggested(USFJ, "open")
    same = RelationIn(relation="support", subject_code="US-5AF", object_code="US-5AF", label=label)
    assert isinstance(assert_relation(duo.usfj.desk(), same), Refused)
    backwards = RelationIn(
        relation="support",
        subject_code="US-5AF",
        object_code="US-USFJ",
        since=date(2026, 1, 2),
        until=date(2026, 1, 1),
        label=label,
    )
    outcome = assert_relation(duo.usfj.desk(), backwards)
    assert isinstance(outcome, Refused)
    assert outcome.code == "relation.dates"


def test_headquarters_and_posts_are_named_once_and_found_by_their_unit(duo: Duo) -> None:
    load(duo.usfj)
    label = suggested(USFJ, "open")
    given = HeadquartersIn(hq=USFJ, names=Names(en="U.S. Forces Japan", ja="在日米軍"), label=label)
    first = done(name_headquarters(duo.usfj.desk(), given))
    again = done(name_headquarters(duo.usfj.desk(), given))
    assert (first.id, again.version) == (again.id, 2)
    post = PostIn(code="usfj.watch", names=Names(en="Watch officer"), unit_code="US-USFJ", label=label)
    assert done(name_post(duo.usfj.desk(), post)).unit is not None


def test_loading_needs_the_permission(duo: Duo) -> None:
    desk = duo.usfj.desk("officer", Role.VIEWER)
    outcome = load_reference(desk, suggested(USFJ, "open"), UNITS, SITES)
    assert isinstance(outcome, Refused)
    assert outcome.status == 403


STRENGTHS = packaged("reference/strengths.csv")


def claims(side: Side, code: str) -> dict[str, int]:
    """What is claimed of ``code``, by who is counted."""
    desk = side.desk()
    seen = [desk.views.record(row)[0] for row in desk.views.newest("strength", limit=200).rows]
    return {s.counts: s.figure for s in seen if isinstance(s, Strength) and s.subject_code == code}


def test_claims_of_strength_stand_side_by_side_each_with_its_source(duo: Duo) -> None:
    loaded = [
        load_reference(side.desk(), suggested(side.hq, "open"), UNITS, SITES, strengths=STRENGTHS)
        for side in (duo.usfj, duo.jjoc)
    ]
    assert sum(done(each).new["strength"] for each in loaded) == len(read_strengths(STRENGTHS)) == 22
    for side in (duo.usfj, duo.jjoc):
        side.fold()
    assert sorted(claims(duo.usfj, "JP-KADENA").values()) == [7_000, 20_000, 23_000]
    assert claims(duo.jjoc, "JP-JJOC") == {"staff at the beginning": 240}
    size = duo.jjoc.master.size
    load_reference(duo.jjoc.desk(), suggested("jp.jjoc", "open"), UNITS, SITES, strengths=STRENGTHS)
    assert duo.jjoc.master.size == size


def test_a_claim_needs_a_source_and_another_figure_for_the_same_is_a_new_version(duo: Duo) -> None:
    load(duo.jjoc)
    duo.jjoc.fold()
    label = suggested("jp.jjoc", "open")

    def claim(figure: int, source: str) -> Any:
        given = StrengthIn(
            subject_code="JP-JJOC", figure=figure, counts="staff", source=source, label=label, as_of="2026-03"
        )
        return claim_strength(duo.jjoc.desk("officer", Role.PLANNER), given)

    no = claim(250, " ")
    assert isinstance(no, Refused)
    assert no.code == "strength.source"
    first = done(claim(250, "white paper"))
    duo.jjoc.fold()
    again = done(claim(260, "white paper"))
    assert (again.id, again.version, again.figure) == (first.id, 2, 260)
    assert first.subject is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("JP-JJOC,240", "JP-JJOC,many"),
        ("2025-03-24,Stars", "March,Stars"),
        (",reported,2025-07,", ",said,2025-07,"),
    ],
)
def test_a_wrong_cell_of_the_table_of_strengths_is_named(old: str, new: str) -> None:
    with pytest.raises(BadInput, match=r"strengths row \d+ column"):
        read_strengths(changed(STRENGTHS, old, new))
