"""Positions and areas, and the geometry they are made of."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.data import packaged
from renkei.kernel import geojson
from renkei.kernel.errors import BadInput, Refused
from renkei.rooms.picture import AreaIn, PositionIn, draw_area, freshness, report_position, shown
from renkei.rooms.picture.rules import FRESH_FOR
from rooms.duo import USFJ, Duo, suggested

LABEL = suggested(USFJ, "jpn")
SQUARE = {"type": "Polygon", "coordinates": [[[125, 24], [126, 24], [126, 25], [125, 25], [125, 24]]]}


def point(*coordinates: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(coordinates)}


def test_a_position_is_replaced_by_the_next_report_of_the_same_unit(duo: Duo) -> None:
    desk = duo.usfj.desk()
    first = report_position(desk, PositionIn(geometry=point(127.77, 26.36), name="Flight 1", label=LABEL))
    assert not isinstance(first, Refused)
    moved = PositionIn(geometry=point(125.3, 24.8), name="Flight 1", label=LABEL, position=first.id)
    second = report_position(desk, moved)
    assert not isinstance(second, Refused)
    assert (second.id, second.version) == (first.id, 2)
    assert [r.id for r in desk.views.within(125, 24, 126, 25)] == [first.id]
    assert desk.views.within(127, 26, 128, 27) == []


def test_a_position_grows_old_and_says_so(duo: Duo) -> None:
    desk = duo.usfj.desk()
    report_position(desk, PositionIn(geometry=point(127.77, 26.36), label=LABEL))
    (row,) = desk.views.newest("position").rows

    def fresh() -> str:
        from renkei.kernel.seen import Seen

        record, cut = desk.views.record(row)
        return shown(desk, Seen(record, cut, row)).freshness  # type: ignore[arg-type]

    seen = [fresh()]
    for minutes in (15, 45):
        duo.clock.advance(timedelta(minutes=minutes))
        seen.append(fresh())
    assert seen == ["fresh", "ageing", "stale"]


def test_a_position_from_the_future_is_refused(duo: Duo) -> None:
    ahead = duo.clock.now() + timedelta(minutes=6)
    outcome = report_position(
        duo.usfj.desk(), PositionIn(geometry=point(1, 2), label=LABEL, observed_at=ahead)
    )
    assert isinstance(outcome, Refused)
    assert outcome.code == "position.time"


def test_a_position_is_a_point(duo: Duo) -> None:
    outcome = report_position(duo.usfj.desk(), PositionIn(geometry=SQUARE, label=LABEL))
    assert isinstance(outcome, Refused)
    assert outcome.code == "position.geometry"


def test_an_area_is_found_on_the_map_by_both_sides(duo: Duo) -> None:
    drawn = draw_area(
        duo.usfj.desk(), AreaIn(geometry=SQUARE, purpose="search", name="Sector 1", label=LABEL)
    )
    assert not isinstance(drawn, Refused)
    duo.carry_all()
    assert [r.kind for r in duo.jjoc.desk().views.within(125.5, 24.5, 125.6, 24.6)] == ["area"]


def test_an_area_that_ends_before_it_begins_is_refused(duo: Duo) -> None:
    now = duo.clock.now()
    given = AreaIn(geometry=SQUARE, purpose="p", label=LABEL, valid_from=now, valid_until=now)
    outcome = draw_area(duo.usfj.desk(), given)
    assert isinstance(outcome, Refused)
    assert outcome.code == "area.window"


BAD = {
    "no JSON": (b"{", "geojson.form"),
    "no UTF-8": (b'{"type":"\xff"}', "geojson.form"),
    "another type": (b'{"type":"Circle","coordinates":[1,2]}', "geojson.form"),
    "one number": (b'{"type":"Point","coordinates":[1]}', "geojson.form"),
    "latitude first, off the globe": (b'{"type":"Point","coordinates":[26.36,127.77]}', "geojson.position"),
    "an open ring": (b'{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}', "geojson.ring"),
    "a ring of three": (b'{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,0]]]}', "geojson.ring"),
    "a bow tie": (b'{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}', "geojson.invalid"),
    "no ring": (b'{"type":"MultiPolygon","coordinates":[[]]}', "geojson.empty"),
    "too much": (b" " * (geojson.MAX_GEOJSON_BYTES + 1), "geojson.size"),
    "too many": (
        json.dumps({"type": "LineString", "coordinates": [[0, 0]] * (geojson.MAX_POSITIONS + 1)}).encode(),
        "geojson.size",
    ),
}


@pytest.mark.parametrize(("source", "code"), BAD.values(), ids=BAD.keys())
def test_a_bad_geometry_is_named(source: bytes, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        geojson.parse(source)
    assert caught.value.code == code


@given(st.floats(), st.floats())
def test_a_point_is_on_the_globe_or_refused(longitude: float, latitude: float) -> None:
    on_globe = -180 <= longitude <= 180 and -90 <= latitude <= 90
    candidate = geojson.Point((longitude, latitude))
    assert (geojson.bounds(candidate) is not None) == on_globe
    try:
        assert geojson.check(candidate) is candidate
        assert on_globe
    except BadInput:
        assert not on_globe


@given(st.integers(-179, 178), st.integers(-89, 88))
def test_the_bounds_of_a_square_are_the_square(west: int, south: int) -> None:
    ring = [[west, south], [west + 1, south], [west + 1, south + 1], [west, south + 1], [west, south]]
    shape = geojson.parse({"type": "Polygon", "coordinates": [ring]})
    assert geojson.bounds(shape) == (west, south, west + 1, south + 1)


def test_every_packaged_region_is_a_sound_shape_that_says_it_is_an_approximation() -> None:
    features = json.loads(packaged("jma/regions.geojson"))["features"]
    assert len(features) == 17
    for feature in features:
        geojson.parse(feature["geometry"])
        assert feature["properties"]["approximate"]
        assert "not published" in feature["properties"]["source"]


def test_a_clock_ahead_of_ours_counts_as_fresh_and_each_kind_has_its_own_age(duo: Duo) -> None:
    now = duo.clock.now()
    assert freshness("position", now + timedelta(hours=9), now) == "fresh"
    for kind, ages in FRESH_FOR.items():
        assert freshness(kind, now - ages.ageing, now) == "ageing"
        assert freshness(kind, now - ages.stale, now) == "stale"
