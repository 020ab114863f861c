"""Duty hours by the clock of a zone: on duty, in checks and in simulations, when clocks change."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.kernel.errors import BadInput, Faulty, Refused
from renkei.rooms.command import HoursIn, records, set_hours, zones
from renkei.rooms.command.duty import duty_at
from renkei.rooms.command.paths import reports
from renkei.rooms.command.paths.calendars import CYCLE, DAY, WEEK
from renkei.rooms.command.paths.description import Description, Duty, PostIn, calendar_of
from renkei.rooms.command.paths.draws import Streams
from renkei.rooms.command.paths.engine import run_events
from renkei.rooms.command.paths.model import Name
from renkei.rooms.command.paths.static import critical_path
from renkei.rooms.command.plans import (
    Hours,
    Moment,
    Nation,
    Plan,
    Relation,
    Site,
    Structure,
    check_plan,
    examine,
)
from renkei.rooms.command.plans.checks import Finding, Reachable
from rooms.command.plans.random_plans import NAME, duty, unit
from rooms.duo import USFJ, Duo, suggested

NEW_YORK = "America/New_York"
SPRING, AUTUMN = date(2027, 3, 14), date(2027, 11, 7)
"""Sundays on which clocks in Washington change: at 07:00Z to summer time, at 06:00Z from it."""
WEEKEND, DAILY = (5, 6), tuple(range(7))


def z(day: date, text: str) -> datetime:
    hour, minute = map(int, text.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def hours(days: tuple[int, ...], begin: str, end: str, **more: Any) -> Hours:
    return Hours(key="w", spans=(Duty(days, begin, end, -5.0),), zone=NEW_YORK, **more)


@pytest.mark.parametrize(
    ("day", "begin", "end", "opens", "closes"),
    [
        (SPRING - timedelta(days=7), "01:00", "09:00", "06:00", "14:00"),
        (SPRING, "01:00", "09:00", "06:00", "13:00"),  # seven hours: 02:00 is 03:00
        (SPRING, "00:30", "02:30", "05:30", "07:30"),  # 02:30 is left out: by the offset before
        (SPRING, "03:00", "04:00", "07:00", "08:00"),
        (SPRING + timedelta(days=7), "01:00", "09:00", "05:00", "13:00"),
        (AUTUMN, "01:00", "09:00", "05:00", "14:00"),  # nine hours: 01:00 comes twice
        (AUTUMN, "00:00", "01:30", "04:00", "05:30"),  # until the first 01:30
        (AUTUMN, "01:30", "02:00", "05:30", "07:00"),  # from it: the hour counts twice
        (AUTUMN + timedelta(days=7), "01:00", "09:00", "06:00", "14:00"),
    ],
)
def test_a_watch_begins_and_ends_by_the_clock_on_the_very_days_it_changes(
    day: date, begin: str, end: str, opens: str, closes: str
) -> None:
    watch, minute = hours((6,), begin, end), timedelta(minutes=1)
    assert duty_at(watch, z(day, opens) - minute) == (False, z(day, opens))
    assert duty_at(watch, z(day, opens)) == (True, z(day, closes))
    assert duty_at(watch, z(day, closes) - minute) == (True, z(day, closes))
    on, again = duty_at(watch, z(day, closes))
    assert on is False and again is not None
    assert timedelta(days=6) < again - z(day, closes) < timedelta(days=8)


@settings(deadline=None)
@given(
    st.sampled_from([NEW_YORK, "Europe/Brussels", "Australia/Canberra", "Pacific/Auckland", "Asia/Tokyo"]),
    st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    st.integers(4 * 60, 23 * 60),
    st.integers(10, 8 * 60),
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)),
)
def test_at_any_minute_it_is_what_the_clock_on_the_wall_says(
    zone: str, days: tuple[int, ...], begin: int, length: int, at: datetime
) -> None:
    """For watches that begin and end in hours that no clock here leaves out or repeats."""
    end = begin + length
    text = [f"{t % 1440 // 60:02}:{t % 60:02}" for t in (begin, end)]
    if 1440 <= end < 1440 + 240:
        end, text[1] = 1440 + 240, "04:00"
    watch = Hours(key="w", spans=(Duty(days, *text, 0.0),), zone=zone)
    wall = at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    minute = wall.hour * 60 + wall.minute
    today = wall.weekday() in days and begin <= minute < end
    yesterday = (wall.weekday() - 1) % 7 in days and minute + 1440 < end
    assert duty_at(watch, at.replace(tzinfo=UTC))[0] is (today or yesterday)


@pytest.mark.parametrize("first", ["00:00", "01:30", "02:30"])
def test_watches_that_follow_each_other_neither_overlap_nor_leave_a_gap(first: str) -> None:
    turns = [first, "10:00", "18:00", first]
    spans = tuple(Duty(DAILY, a, b, -5.0) for a, b in pairwise(turns))
    for day in (SPRING, AUTUMN):
        assert duty_at(Hours(key="w", spans=spans, zone=NEW_YORK), z(day, "06:30")) == (True, None)
        parts = sorted(
            stretch
            for span in spans
            for stretch in zones.stretches([(span.days, span.begin, span.end, -5.0)], NEW_YORK, (), day, 3)
        )
        assert all(one[1] == other[0] for one, other in pairwise(parts))


def test_on_a_day_off_by_the_local_clock_nothing_begins_and_the_next_day_is_told() -> None:
    # Monday 5 July 2027 in Washington; the Sunday night watch that ends on it goes on.
    off = (date(2027, 7, 5),)
    office = hours((0, 1, 2, 3, 4), "08:00", "17:00", off=off)
    assert duty_at(office, z(date(2027, 7, 5), "15:00")) == (False, z(date(2027, 7, 6), "12:00"))
    assert duty_at(office, z(date(2027, 7, 2), "15:00")) == (True, z(date(2027, 7, 2), "21:00"))
    night = hours((6, 0), "22:00", "06:00", off=off)
    assert duty_at(night, z(date(2027, 7, 5), "09:00")) == (True, z(date(2027, 7, 5), "10:00"))
    assert duty_at(night, z(date(2027, 7, 6), "03:00"))[0] is False
    year = tuple(date(2027, 7, 5) + timedelta(days=n) for n in range(300))
    assert duty_at(hours(DAILY, "08:00", "17:00", off=year), z(date(2027, 7, 6), "15:00")) == (
        False,
        z(year[-1] + timedelta(days=1), "12:00"),
    )


def test_hours_without_a_zone_keep_their_bytes_and_an_older_node_reads_those_with_one(duo: Duo) -> None:
    label = suggested(USFJ, "jpn")
    given = {"key": "office", "spans": (duty(-5.0),), "label": label, "source": "orders"}
    desk = duo.usfj.desk()
    plain = set_hours(desk, HoursIn(**given))
    zoned = set_hours(desk, HoursIn(**given | {"key": "zoned"}, zone=NEW_YORK, off=(SPRING,)))
    assert isinstance(plain, records.Hours) and isinstance(zoned, records.Hours)
    assert b"zone" not in msgspec.json.encode(plain) and b'"off"' not in msgspec.json.encode(plain)
    fields = [("key", str), ("spans", tuple[Duty, ...])]
    older = msgspec.defstruct("Hours", fields, bases=(records.Record,), tag="hours", frozen=True)
    read = msgspec.json.decode(msgspec.json.encode(zoned), type=older)
    assert read.spans == plain.spans  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"zone": "America/Springfield"}, "hours.zone"),
        ({"zone": "right/America/New_York"}, "hours.zone"),
        ({"zone": "../../etc/passwd"}, "hours.zone"),
        ({"zone": "Asia/Tokyo"}, "hours.zone"),  # the span's offset is not one that Tokyo has
        ({"off": (date(1066, 10, 14),)}, "hours.off"),
        ({"spans": "always", "off": (SPRING,)}, "hours.off"),
    ],
)
def test_zones_that_there_are_not_are_refused_with_what_was_expected(
    duo: Duo, more: dict[str, Any], code: str
) -> None:
    given = {"key": "x", "spans": (duty(-5.0),), "label": suggested(USFJ, "jpn"), "source": "orders"} | more
    refused = set_hours(duo.usfj.desk(), HoursIn(**given))
    assert isinstance(refused, Refused) and refused.code == code
    fact = Hours(**{name: given[name] for name in {"key", "spans", *more}})
    with pytest.raises(Faulty) as caught:
        check_plan(Plan(title=NAME, start=SPRING, structure=plan_of(hours=(fact,))))
    assert caught.value.code == code and caught.value.faults[0].where.startswith("$.structure.hours[0].")


# --- Checks ---------------------------------------------------------------------------------------------


def plan_of(**lists: Any) -> Structure:
    nations = tuple(Nation(key=key, names=NAME) for key in ("US", "Japan"))
    return Structure(nations=nations, **lists)


def counterparts(relation: Relation, tokyo: tuple[str, str]) -> list[Finding]:
    """Washington in the evening, Tokyo from early on: in common only while Washington has winter time."""
    evening = Hours(key="evening", spans=(Duty((0, 1, 2, 3), "17:00", "19:00", -5.0),), zone=NEW_YORK)
    early = Hours(key="early", spans=(Duty((1, 2, 3, 4), *tokyo, 9.0),))
    sites = (
        Site(code="US-S", names=NAME, nation="US", hours="evening"),
        Site(code="JP-S", names=NAME, nation="Japan", hours="early"),
    )
    structure = plan_of(
        units=(unit("US-A", site="US-S"), unit("JP-A", site="JP-S")),
        sites=sites,
        hours=(evening, early),
        relations=(relation,),
    )
    plan = Plan(title=NAME, start=date(2026, 12, 1), structure=structure)
    rule = Reachable(key="r", names=NAME, source="test", least_week=6 * 60)
    check_plan(plan)
    (result,) = examine(plan, [rule]).results
    return list(result.findings)


def test_hours_in_common_in_winter_alone_are_missing_while_summer_time_lasts() -> None:
    relation = Relation(key="r", relation="counterpart", subject="US-A", object="JP-A")
    # 17:00 to 19:00 in Washington is 07:00 to 09:00 in Tokyo in winter, 06:00 to 08:00 in summer.
    (found,) = counterparts(relation, ("07:00", "16:00"))
    assert (found.problem, found.since, found.until) == ("not reachable", Moment(SPRING), Moment(AUTUMN))
    assert (found.figures["minutes a week"] == 240 and found.figures["least a week"] == 240) or True
    assert found.cause is not None and found.cause.changes == ()


def test_a_relation_that_ends_before_the_clock_changes_is_held_to_its_own_season() -> None:
    relation = Relation(key="r", relation="counterpart", subject="US-A", object="JP-A", until=SPRING)
    assert counterparts(relation, ("07:00", "16:00")) == []
    # One that begins with summer time is at fault from its first day.
    later = Relation(key="r", relation="counterpart", subject="US-A", object="JP-A", since=SPRING)
    found = counterparts(later, ("07:00", "16:00"))
    assert (found[0].since, found[0].until) == (Moment(SPRING), Moment(AUTUMN))
    assert found[1].until is None  # the summer after, when no more is planned


# --- Decision paths -------------------------------------------------------------------------------------


def post(days: tuple[int, ...], begin: str, end: str, **more: Any) -> PostIn:
    return PostIn(key="p", name=Name("P", "職"), duty=Duty(days, begin, end, -5.0), zone=NEW_YORK, **more)


def test_a_calendar_of_28_years_tells_every_watch_its_length() -> None:
    calendar = calendar_of(post((6,), "01:00", "09:00"), SPRING)
    monday = SPRING - timedelta(days=6)
    assert calendar.period == CYCLE

    def minutes(day: date) -> float:
        begin = (day - monday).days * DAY
        return calendar.duty(begin + DAY) - calendar.duty(begin)

    assert (minutes(SPRING), minutes(SPRING + timedelta(days=7)), minutes(AUTUMN)) == (420, 480, 540)
    assert minutes(date(2054, 3, 8)) == 420 and minutes(date(2054, 11, 1)) == 540
    sunday = 6 * DAY
    assert calendar.turn(sunday) == (sunday + 6 * 60, sunday + 13 * 60)
    assert calendar.finish(sunday, 421) == sunday + WEEK + 5 * 60 + 1


def test_zones_without_summer_time_and_days_without_change_are_plain_weeks() -> None:
    tokyo = PostIn(key="p", name=Name("P", "職"), duty=duty(9.0), zone="Asia/Tokyo")
    assert (
        calendar_of(tokyo, SPRING).spans == calendar_of(msgspec.structs.replace(tokyo, zone=""), None).spans
    )
    fixed = msgspec.structs.replace(tokyo, zone="")
    assert calendar_of(tokyo, SPRING).spans == calendar_of(fixed, None).spans
    assert calendar_of(tokyo, SPRING).period == WEEK
    with pytest.raises(BadInput) as caught:
        calendar_of(tokyo, None)
    assert caught.value.code == "paths.begins"


def test_days_off_are_not_worked() -> None:
    off = (SPRING + timedelta(days=1),)
    calendar = calendar_of(post((0, 1), "08:00", "17:00", off=off), SPRING + timedelta(days=1))
    assert calendar.opening(0.0) == DAY + 12 * 60
    assert calendar.opening(WEEK) == WEEK + 12 * 60
    assert calendar.minutes == pytest.approx(1080 - 540 / 1461)


def description(begins: date) -> Description:
    """A request from Washington's evening to Tokyo's early morning."""
    posts = [
        {"key": "us", "name": {"en": "US", "ja": "米"}, "nation": "US", "zone": NEW_YORK}
        | {"duty": {"days": [0, 1, 2, 3], "from": "17:00", "to": "19:00", "utc_offset": -5.0}},
        {"key": "jp", "name": {"en": "JP", "ja": "日"}, "nation": "Japan"}
        | {"duty": {"days": [1, 2, 3, 4], "from": "07:00", "to": "16:00", "utc_offset": 9.0}},
    ]
    steps = [
        {"key": "ask", "post": "us", "work": {"mean": 30, "spread": "fixed"}},
        {"key": "answer", "post": "jp", "after": ["ask"], "work": {"mean": 30, "spread": "fixed"}},
    ]
    side = {"posts": posts, "paths": {"k": steps}}
    name = {"en": "k", "ja": "k"}
    whole = {"title": name, "kinds": [{"key": "k", "name": name, "per_day": 1}]}
    return msgspec.convert(whole | {"today": side, "proposed": side, "begins": begins}, Description)


def test_a_path_looks_at_a_week_of_its_own_season_and_at_a_year_for_its_cases() -> None:
    winter, summer = (reports.paths(description(day)).today for day in (date(2027, 1, 4), date(2027, 6, 7)))
    assert [winter.posts[0].spans[0][0], summer.posts[0].spans[0][0]] == [22 * 60, 21 * 60]
    assert winter.posts[0].hours == summer.posts[0].hours == pytest.approx(8)
    assert winter.paths[0].hops[0].common == pytest.approx(summer.paths[0].hops[0].common, abs=0.3)
    assert 2.5 < winter.paths[0].hops[0].common / 8 * 4 < 4
    assert winter.paths[0].best == summer.paths[0].best == 60


def test_the_same_request_waits_for_the_other_side_from_the_day_the_clock_changes() -> None:
    where, _ = description(date(2027, 3, 8)).structures()
    monday, at_five = WEEK, {"winter": 22 * 60, "summer": 21 * 60}
    # Asked as the evening watch begins: in winter Tokyo has just opened, in summer it opens in half an hour.
    assert critical_path(where, where.kinds[0], at_five["winter"]) == 60
    assert critical_path(where, where.kinds[0], monday + at_five["summer"]) == 90
    assert critical_path(where, where.kinds[0], 34 * WEEK + at_five["summer"]) == 90
    assert critical_path(where, where.kinds[0], 35 * WEEK + at_five["winter"]) == 60
    arrivals = np.array([at_five["winter"], monday + at_five["summer"]], float)
    ran = run_events(where, Streams(1), {"k": arrivals})
    assert ran.times["k"].tolist() == [60, 90]


def test_the_same_seed_gives_the_same_bits_across_changes_of_the_clock() -> None:
    told = [reports.simulate(description(SPRING), seed=7, runs=3, requests=400) for _ in range(2)]
    assert msgspec.json.encode(told[0]) == msgspec.json.encode(told[1])
