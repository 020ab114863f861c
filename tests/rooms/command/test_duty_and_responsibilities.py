"""Functions, responsibilities, duty hours and legal bases on record: whose they are, when, whom told."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edges.formats.structures import small
from renkei.kernel.labels.model import Label
from renkei.rooms.command import (
    FunctionIn,
    HoursIn,
    LegalBasisIn,
    Names,
    PostIn,
    RelationIn,
    Responsibility,
    ResponsibilityIn,
    assert_relation,
    assign_responsibility,
    name_function,
    name_legal_basis,
    name_post,
    set_hours,
    structure_of,
    take_in_document,
)
from renkei.rooms.command.duty import duty_at
from renkei.rooms.command.paths.description import Duty
from renkei.rooms.command.plans import Hours, Plan, Structure, check_plan, check_structure, facts_of, ref_of
from renkei.rooms.command.signing import on_duty, structure_in_force
from rooms.command.test_two_keys import done, refused
from rooms.duo import JJOC, START, USFJ, Duo, Side, suggested

US_LABEL, JP_LABEL = suggested(USFJ, "jpn"), suggested(JJOC, "usa")
WEEKDAYS = (0, 1, 2, 3, 4)
TODAY = START.date()


def names(word: str) -> Names:
    return Names(en=word, ja=word)


def office(offset: float, begin: str = "08:00", end: str = "17:00") -> tuple[Duty, ...]:
    return (Duty(days=WEEKDAYS, begin=begin, end=end, utc_offset=offset),)


def staffed(side: Side, label: Label, unit: str, offset: float, **post: Any) -> None:
    """A logistics post of that unit with office hours, and what it answers for."""
    desk = side.desk()
    done(set_hours(desk, HoursIn(key="office", spans=office(offset), source="orders", label=label)))
    seat = {"code": "J4", "names": names("Logistics"), "unit_code": unit, "hours": "office", "label": label}
    done(name_post(desk, PostIn(**{**seat, "functions": ("logistics",), "holder": "J4", **post})))
    line = {"unit_code": unit, "post_code": "J4", "function": "logistics", "part": "accountable"}
    done(assign_responsibility(desk, ResponsibilityIn(label=label, source="orders", **line)))


@pytest.fixture
def both(duo: Duo) -> Duo:
    """Each side has told of its logistics post, under the same words."""
    staffed(duo.usfj, US_LABEL, "US-USFJ", -10.0)
    staffed(duo.jjoc, JP_LABEL, "JP-JJOC", 9.0)
    duo.carry_all()
    return duo


def test_each_side_knows_both_sides_posts_with_their_own_hours(both: Duo) -> None:
    for side in (both.usfj, both.jjoc):
        structure = structure_of(side.desk())
        check_structure(structure)
        assert {h.key: h.spans[0].utc_offset for h in structure.hours} == {
            "office (us.usfj)": -10.0,
            "office (jp.jjoc)": 9.0,
        }
        posts = {p.code: (p.unit, p.hours, p.by) for p in structure.posts}
        assert posts == {
            "J4 (us.usfj)": ("US-USFJ", "office (us.usfj)", USFJ),
            "J4 (jp.jjoc)": ("JP-JJOC", "office (jp.jjoc)", JJOC),
        }
        answers = {(r.subject, r.function, r.part, r.by) for r in structure.responsibilities}
        assert answers == {
            ("J4 (us.usfj)", "logistics", "accountable", USFJ),
            ("J4 (jp.jjoc)", "logistics", "accountable", JJOC),
        }


def test_the_same_hours_said_by_both_are_one(duo: Duo) -> None:
    for side, label in ((duo.usfj, US_LABEL), (duo.jjoc, JP_LABEL)):
        staffed(side, label, f"{side.hq[:2].upper()}-X", 9.0)
    duo.carry_all()
    structure = structure_of(duo.usfj.desk())
    assert [h.key for h in structure.hours] == ["office"]
    assert {p.hours for p in structure.posts} == {"office"}


def test_a_nation_writes_its_own_subtree_alone(both: Duo) -> None:
    jp = both.jjoc.desk()
    line = ResponsibilityIn(unit_code="US-USFJ", function="exercises", part="informed", label=JP_LABEL)
    assert refused(assign_responsibility(jp, line)) == "structure.nation"
    seat = PostIn(code="J9", names=names("x"), unit_code="US-USFJ", label=JP_LABEL)
    assert refused(name_post(jp, seat)) == "structure.nation"
    basis = LegalBasisIn(key="order", names=names("Order"), nations=("US",), label=JP_LABEL)
    assert refused(name_legal_basis(jp, basis)) == "structure.nation"
    size = both.jjoc.master.size
    # A program that does not ask the rules is not believed over the nation itself.
    told = Responsibility(
        id=jp.new_id(both.clock.now()), label=JP_LABEL, at=both.clock.now(), by="a program",
        unit_code="US-USFJ", function="operations", part="accountable",
    )  # fmt: skip
    both.jjoc.append([told])
    both.carry_all()
    assert both.jjoc.master.size == size + 1
    for side in (both.usfj, both.jjoc):
        functions = {r.function for r in structure_of(side.desk()).responsibilities}
        assert functions == {"logistics"}


def test_what_is_withheld_is_unknown_to_the_partner_and_the_structure_stays_sound(duo: Duo) -> None:
    national, us = suggested(USFJ, "national"), duo.usfj.desk()
    done(set_hours(us, HoursIn(key="night", spans="always", label=national)))
    done(name_function(us, FunctionIn(key="cover", names=names("Cover name"), label=national)))
    treaty = LegalBasisIn(key="treaty", names=names("Treaty"), nations=("Japan", "US"), label=national)
    done(name_legal_basis(us, treaty))
    seat = {"code": "J2", "names": names("J2"), "unit_code": "US-USFJ", "hours": "night"}
    done(name_post(us, PostIn(**seat, functions=("cover",), label=US_LABEL)))
    line = {"unit_code": "US-USFJ", "post_code": "J2", "function": "cover", "part": "responsible"}
    done(assign_responsibility(us, ResponsibilityIn(**line, under=("treaty",), label=US_LABEL)))
    link = RelationIn(relation="liaison", subject_code="US-USFJ", object_code="JP-JJOC", label=US_LABEL)
    done(assert_relation(us, msgspec.structs.replace(link, under=("treaty",))))
    duo.carry_all()
    ours, theirs = structure_of(us), structure_of(duo.jjoc.desk())
    check_structure(ours)
    check_structure(theirs)
    assert (ours.posts[0].hours, ours.responsibilities[0].under) == ("night", ("treaty",))
    assert (theirs.posts[0].hours, theirs.responsibilities[0].under) == ("unknown", ("unknown",))
    assert theirs.relations[0].under == ("unknown",)
    assert (theirs.hours, theirs.legal_bases) == ((), ())
    assert [(f.key, f.names.en) for f in theirs.functions] == [("cover", "cover")]
    assert b"Cover name" not in b"".join(b for p in duo.usfj.sent.read(0, 100) for b in p.bodies if b)


def test_a_fact_holds_from_its_day_up_to_its_last_and_announced_without_a_day_not_yet(duo: Duo) -> None:
    us, day = duo.usfj.desk(), timedelta(days=1)
    line = {"unit_code": "US-USFJ", "function": "exercises", "label": US_LABEL}
    dates: list[dict[str, Any]] = [
        {"part": "accountable", "until": TODAY},
        {"part": "accountable", "since": TODAY, "until": TODAY + day},
        {"part": "accountable", "since": TODAY + day},
        {"part": "informed", "status": "announced"},
        {"part": "consulted", "status": "superseded"},
    ]
    for dated in dates:
        done(assign_responsibility(us, ResponsibilityIn(**line, **dated)))
    for n, on in enumerate((TODAY - day, TODAY, TODAY + day)):
        held = [f for f in structure_in_force(us, on).facts.values() if ref_of(f)[0] == "responsibility"]
        assert [(f.since, f.until) for f in held] == [(dates[n].get("since"), dates[n].get("until"))]
    wrong = ResponsibilityIn(**line, part="informed", since=TODAY, until=TODAY)
    assert refused(assign_responsibility(us, wrong)) == "structure.dates"


def test_said_again_is_the_next_version_and_another_day_another_record(duo: Duo) -> None:
    us = duo.usfj.desk()
    line = {"unit_code": "US-USFJ", "function": "exercises", "part": "accountable", "label": US_LABEL}
    first = done(assign_responsibility(us, ResponsibilityIn(**line, extent="north")))
    again = done(assign_responsibility(us, ResponsibilityIn(**line, extent="north", note="as ordered")))
    other = done(assign_responsibility(us, ResponsibilityIn(**line, extent="north", since=TODAY)))
    assert (again.id, again.version) == (first.id, 2)
    assert (other.id != first.id, other.version) == (True, 1)


@pytest.mark.parametrize(
    "spans",
    [(), office(9.0, "25:00"), office(15.0), (Duty(days=(7,), begin="08:00", end="09:00", utc_offset=0.0),)],
)
def test_hours_that_there_are_not_are_refused_and_a_partners_are_unknown(duo: Duo, spans: Any) -> None:
    given = HoursIn(key="odd", spans=spans, label=US_LABEL)
    assert refused(set_hours(duo.usfj.desk(), given)) == "hours.spans"
    made = done(set_hours(duo.usfj.desk(), msgspec.structs.replace(given, spans=office(9.0))))
    duo.usfj.append([msgspec.structs.replace(made, version=2, spans=spans)])
    duo.carry_all()
    structure = structure_of(duo.jjoc.desk())
    check_structure(structure)
    if spans:
        assert structure.hours[0].spans == "unknown"


# --- As files and plans ------------------------------------------------------------------------------------


def ours(structure: Structure) -> Structure:
    """What of it the United States may say, and records can."""
    return msgspec.structs.replace(
        structure,
        units=tuple(u for u in structure.units if u.nation != "Japan"),
        posts=tuple(p for p in structure.posts if p.unit.startswith("US")),
        sites=(),
        responsibilities=structure.responsibilities[:1],
        relations=structure.relations[:1],
        strengths=(),
    )


def test_everything_a_structure_says_becomes_records_and_comes_back(duo: Duo) -> None:
    us = duo.usfj.desk()
    whole = ours(small())
    units = tuple(msgspec.structs.replace(u, site="") for u in whole.units)
    structure = msgspec.structs.replace(whole, units=units)
    taken = done(take_in_document(us, structure, US_LABEL))
    assert taken.left_out == ()
    assert taken.new == {
        "unit": 3, "post": 1, "hours": 4, "function": 1, "responsibility": 1, "legal basis": 1, "relation": 1
    }  # fmt: skip
    back = structure_of(us)
    check_structure(back)
    said = {"by": USFJ}
    for fact in facts_of(structure):
        named = ref_of(fact)[0] in {"relation", "responsibility"}
        found = [f for f in facts_of(back) if ref_of(f) == ref_of(fact)]
        if named:
            found = [f for f in facts_of(back) if type(f) is type(fact)]
            said = {"by": USFJ, "key": found[0].key}
        assert found == [msgspec.structs.replace(fact, **said)]
        said = {"by": USFJ}
    size = duo.usfj.master.size
    again = done(take_in_document(us, back, US_LABEL))
    assert (again.new, again.changed, duo.usfj.master.size) == ({}, {}, size)


def test_a_whole_export_comes_back_unchanged_with_both_sides_words_in_it(both: Duo) -> None:
    us = both.usfj.desk()
    whole = structure_of(us)
    size = both.usfj.master.size
    again = done(take_in_document(us, whole, US_LABEL))
    assert (again.new, again.changed, both.usfj.master.size) == ({}, {}, size)
    posts = tuple(
        msgspec.structs.replace(p, holder="US-J4") if p.unit == "US-USFJ" else p for p in whole.posts
    )
    done(take_in_document(us, msgspec.structs.replace(whole, posts=posts), US_LABEL))
    found = {p.code: (p.holder, p.hours) for p in structure_of(us).posts}
    assert found == {
        "J4 (us.usfj)": ("US-J4", "office (us.usfj)"),
        "J4 (jp.jjoc)": ("J4", "office (jp.jjoc)"),
    }


def test_a_plan_starts_from_the_record_as_it_stands(both: Duo) -> None:
    structure = structure_of(both.jjoc.desk())
    timeline = check_plan(Plan(title=Names(en="p"), start=TODAY, structure=structure))
    kinds = {ref_of(fact)[0] for fact in timeline.at_start}
    assert {"unit", "post", "hours", "responsibility"} <= kinds


# --- On duty -----------------------------------------------------------------------------------------------


def test_who_is_on_duty_now_by_each_posts_own_clock(both: Duo) -> None:
    us = both.usfj.desk()  # Sunday 18 September 2022, 07:00Z
    assert {p.post: p.on_duty for p in on_duty(us).posts} == {"J4 (us.usfj)": False, "J4 (jp.jjoc)": False}
    both.clock.advance(datetime(2022, 9, 18, 23, 0, tzinfo=UTC) - both.clock.now())  # Monday 08:00 in Tokyo
    found = {p.unit: p for p in on_duty(us).posts}
    assert (found["JP-JJOC"].on_duty, found["US-USFJ"].on_duty) == (True, False)
    assert found["JP-JJOC"].changes_at == datetime(2022, 9, 19, 8, 0, tzinfo=UTC)
    assert found["US-USFJ"].changes_at == datetime(2022, 9, 19, 18, 0, tzinfo=UTC)
    assert (found["JP-JJOC"].utc_offset, found["US-USFJ"].utc_offset) == (9.0, -10.0)
    assert [(a.function, a.part) for a in found["JP-JJOC"].answers] == [("logistics", "accountable")]
    both.clock.advance(timedelta(hours=9))
    assert {p.unit: p.on_duty for p in on_duty(us).posts}["JP-JJOC"] is False
    assert {p.on_duty for p in on_duty(us, date(2022, 9, 25)).posts} == {None}


def test_a_post_without_hours_keeps_those_of_its_site_and_else_nobody_knows(duo: Duo) -> None:
    us = duo.usfj.desk()
    done(name_post(us, PostIn(code="J1", names=names("J1"), unit_code="US-USFJ", label=US_LABEL)))
    (post,) = on_duty(us).posts
    assert (post.on_duty, post.changes_at, post.hours) == (None, None, "unknown")


spans = st.lists(
    st.tuples(
        st.integers(0, 6), st.integers(0, 1439), st.integers(0, 1439), st.sampled_from([9.0, -10.0, 5.5])
    ),
    min_size=1,
    max_size=4,
)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


MONDAY = datetime(2022, 9, 19, tzinfo=UTC)


@settings(deadline=None)
@given(spans, st.integers(-20_000, 20_000))
def test_duty_at_a_minute_and_its_next_change_are_those_of_counting_minutes(
    given: list[tuple[int, int, int, float]], minute: int
) -> None:
    hours = Hours(
        key="test",
        spans=tuple(Duty((day,), clock(begin), clock(end), offset) for day, begin, end, offset in given),
    )

    def plainly(at: datetime) -> bool:
        for day, begin, end, offset in given:
            local = at + timedelta(hours=offset)
            length = (end - begin) % 1440 or 1440
            start = datetime(local.year, local.month, local.day, tzinfo=UTC) - timedelta(
                days=(local.weekday() - day) % 7
            )
            for week in (0, 7):
                since = local - (start - timedelta(days=week) + timedelta(minutes=begin))
                if timedelta() <= since < timedelta(minutes=length):
                    return True
        return False

    at = MONDAY + timedelta(minutes=minute)
    on, changes = duty_at(hours, at)
    assert on == plainly(at)
    if changes is None:
        assert on and all(plainly(at + timedelta(minutes=n)) for n in range(0, 10_080, 15))
        return
    assert changes > at
    assert plainly(changes) != on
    assert plainly(changes - timedelta(minutes=1)) == on
