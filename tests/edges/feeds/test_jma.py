"""JMA reports: every field read, nothing dangerous accepted, one hazard an event."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from renkei.data import packaged, packaged_names
from renkei.edges.feeds.jma import hazard_of, ingest, sentences
from renkei.edges.feeds.jma_xml import MAX_REPORT_BYTES, read_report
from renkei.kernel.errors import BadInput, Refused
from renkei.kernel.geojson import Point, check
from renkei.rooms.picture import Hazard, hazards
from rooms.duo import JJOC, Duo, suggested

REPORTS = packaged_names("jma", ".xml")
ADVISORY = "jma/20220918154907_08013775_VTSE41.xml"
LIFTED = "jma/20220918171502_07401528_VTSE41.xml"
ATTRIBUTES = {"type", "codeType", "xpath", "unit", "description", "datum", "condition"}
"""What attributes say is kept, or (code lists of comments and places) names a list that is implied."""


@pytest.mark.parametrize("name", REPORTS)
def test_every_element_of_every_packaged_report_is_read(name: str) -> None:
    report = read_report(packaged(name))
    assert report.unread == ()
    attributes = {str(a) for e in etree.fromstring(packaged(name)).iter() for a in e.attrib}
    assert attributes <= ATTRIBUTES


@pytest.mark.parametrize("name", REPORTS)
def test_every_text_of_every_packaged_report_survives_in_the_typed_report(name: str) -> None:
    together = "".join(as_json(name).split())
    for element in etree.fromstring(packaged(name)).iter():
        text = "".join((element.text or "").split())
        if text and not text[:4].isdigit() and text not in ("NaN",) and "+" not in text:
            assert text in together, element.tag


def as_json(name: str) -> str:
    return msgspec.json.encode(read_report(packaged(name))).decode().replace("\\n", " ")


def test_the_advisory_of_18_september_2022_is_read_whole() -> None:
    hazard = hazard_of(read_report(packaged(ADVISORY)))
    assert (hazard.type, hazard.event, hazard.status, hazard.severity) == (
        "tsunami",
        "20220918154449",
        "in force",
        "moderate",
    )
    assert hazard.issued_at == datetime(2022, 9, 18, 6, 49, tzinfo=UTC)
    assert hazard.magnitude == 7.2
    assert hazard.hypocentre is not None
    assert hazard.hypocentre.point == Point((121.1, 23.0))
    assert hazard.hypocentre.depth_km == 0
    assert hazard.hypocentre.name_en == "Near Taiwan"
    area = hazard.areas[0]
    assert (area.code, area.name_en, area.category_en, area.height_m) == (
        "802",
        "Miyakojima and Yaeyama",
        "Tsunami Advisory",
        1.0,
    )
    assert area.arrival == datetime(2022, 9, 18, 7, 0, tzinfo=UTC)
    assert [a.code for a in hazard.areas] == ["802", "320", "321", "610", "800"]
    assert hazard.geometry is not None
    check(hazard.geometry)
    assert hazard.approximate


def test_the_english_headline_says_that_a_glossary_made_it_and_nobody_reviewed_it() -> None:
    headline = hazard_of(read_report(packaged(ADVISORY))).headline
    assert headline is not None
    assert (headline.lang, headline.text) == ("ja", "津波注意報を発表しました。")
    (english,) = headline.translations
    assert (english.text, english.by, english.reviewed) == (
        "Tsunami Advisory issued.",
        "Renkei glossary",
        False,
    )


@pytest.mark.parametrize("name", REPORTS)
def test_every_packaged_headline_region_and_category_has_english(name: str) -> None:
    hazard = hazard_of(read_report(packaged(name)))
    assert hazard.headline is not None
    assert hazard.headline.translations
    assert all(a.name_en and a.category_en for a in hazard.areas)
    assert all(a.arrival_note_en for a in hazard.areas if a.arrival_note_ja)


def test_a_sentence_that_is_not_in_the_glossary_leaves_the_whole_headline_untranslated() -> None:
    assert sentences("津波注意報を発表しました。未知の文です。") == ""
    assert sentences("１８日０１時４６分ころ、地震がありました。") == (
        "On day 18 at about 01:46 JST an earthquake occurred."
    )


def ingested(duo: Duo, *names: str) -> list[Hazard | Refused]:
    return [ingest(duo.jjoc.desk(), packaged(n), suggested(JJOC, "open")) for n in names]


def test_the_lifting_makes_a_second_version_of_the_same_hazard_and_cancels_it(duo: Duo) -> None:
    first, second = ingested(duo, ADVISORY, LIFTED)
    assert isinstance(first, Hazard)
    assert isinstance(second, Hazard)
    assert (first.id, second.version, second.status) == (second.id, 2, "cancelled")
    assert second.areas[0].category_en == "Tsunami Advisory lifted"
    assert second.geometry is not None
    (shown,) = hazards(duo.jjoc.desk())
    assert shown.seen.record == second


def test_a_report_taken_in_twice_changes_nothing(duo: Duo) -> None:
    first, again = ingested(duo, ADVISORY, ADVISORY)
    assert first == again
    assert duo.jjoc.master.size == 1


def test_an_older_report_than_the_newest_known_is_refused(duo: Duo) -> None:
    _, older = ingested(duo, LIFTED, ADVISORY)
    assert isinstance(older, Refused)
    assert older.code == "hazard.older"
    assert duo.jjoc.master.size == 1


def test_the_series_of_9_october_2023_ends_cancelled_with_what_is_still_forecast(duo: Duo) -> None:
    series = [n for n in REPORTS if n.startswith("jma/20231009")]
    versions = ingested(duo, *series)
    assert all(isinstance(v, Hazard) for v in versions)
    states = [v.status for v in versions if isinstance(v, Hazard)]
    assert states == ["in force"] * 5 + ["cancelled"]
    last = versions[-1]
    assert isinstance(last, Hazard)
    assert last.version == 6
    assert last.valid_until == datetime(2023, 10, 9, 9, 0, tzinfo=UTC)
    assert {a.category_code for a in last.areas} == {"71", "72"}
    assert last.magnitude is None
    assert last.magnitude_ja == "Ｍ不明"
    assert last.comment is not None
    assert last.comment.text.startswith("［海面変動の見通し］")


def test_intensity_then_hypocentre_then_both_add_up_to_one_earthquake(duo: Duo) -> None:
    series = [n for n in REPORTS if n.startswith("jma/20210217")]
    flash, hypocentre, both = ingested(duo, *series)
    assert isinstance(flash, Hazard)
    assert isinstance(hypocentre, Hazard)
    assert isinstance(both, Hazard)
    assert flash.geometry is None
    assert (hypocentre.version, hypocentre.max_intensity, hypocentre.magnitude) == (2, "3", 4.0)
    assert hypocentre.areas == flash.areas
    assert hypocentre.geometry == Point((128.6, 27.4))
    assert both.hypocentre is not None
    assert both.hypocentre.depth_km == 40
    assert [a.name_en for a in both.areas] == ["Kagoshima: southern Amami", "Kagoshima: northern Amami"]


def test_all_packaged_reports_make_six_hazards(duo: Duo) -> None:
    made = ingested(duo, *REPORTS)
    assert all(isinstance(m, Hazard) for m in made)
    assert len({m.id for m in made if isinstance(m, Hazard)}) == 6


def test_a_partner_sees_the_hazard_with_its_cancellation(duo: Duo) -> None:
    ingested(duo, ADVISORY, LIFTED)
    duo.carry_all()
    (shown,) = hazards(duo.usfj.desk())
    assert shown.seen.record.owner == JJOC
    assert [h.seen.record.id for h in hazards(duo.usfj.desk(), in_force_only=True)] == []


def changed(name: str, old: str, new: str) -> bytes:
    text = packaged(name).decode()
    assert old in text
    return text.replace(old, new).encode()


def test_a_withdrawn_report_cancels_and_keeps_what_was_said(duo: Duo) -> None:
    ingested(duo, ADVISORY)
    body = changed(ADVISORY, "<InfoType>発表</InfoType>", "<InfoType>取消</InfoType>")
    start, end = body.index(b"<Body"), body.index(b"</Report>")
    withdrawn = ingest(duo.jjoc.desk(), body[:start] + body[end:], suggested(JJOC, "open"))
    assert isinstance(withdrawn, Hazard)
    assert (withdrawn.version, withdrawn.status, withdrawn.report_type) == (2, "cancelled", "取消")
    assert len(withdrawn.areas) == 5
    assert withdrawn.geometry is not None


def test_a_correction_is_the_next_version(duo: Duo) -> None:
    ingested(duo, ADVISORY)
    body = changed(ADVISORY, "<InfoType>発表</InfoType>", "<InfoType>訂正</InfoType>").replace(
        b">7.2<", b">7.3<"
    )
    corrected = ingest(duo.jjoc.desk(), body, suggested(JJOC, "open"))
    assert isinstance(corrected, Hazard)
    assert (corrected.version, corrected.report_type, corrected.magnitude) == (2, "訂正", 7.3)


def test_a_drill_is_refused_in_the_live_realm(duo: Duo) -> None:
    body = changed(ADVISORY, "<Status>通常</Status>", "<Status>訓練</Status>")
    outcome = ingest(duo.jjoc.desk(), body, suggested(JJOC, "open"))
    assert isinstance(outcome, Refused)
    assert outcome.code == "hazard.drill"
    assert duo.jjoc.master.size == 0


def test_a_field_the_format_gains_is_listed_and_does_not_stop_the_report() -> None:
    body = changed(ADVISORY, "<Serial></Serial>", "<Serial></Serial><Colour>red</Colour>")
    assert read_report(body).unread == ("Report/Head/Colour",)


DTD = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
BAD = {
    "nothing": (b"", "jma.xml"),
    "no XML": (b"hello", "jma.xml"),
    "another root": (b"<a/>", "jma.root"),
    "another namespace": (b"<Report/>", "jma.root"),
    "a DTD": (DTD + b"<a>&x;</a>", "jma.doctype"),
    "an unknown entity": (changed(ADVISORY, "気象庁<", "&boom;<"), "jma.xml"),
    "Shift_JIS declared": (changed(ADVISORY, 'encoding="UTF-8"', 'encoding="Shift_JIS"'), "jma.encoding"),
    "bytes that are not UTF-8": (
        packaged(ADVISORY).replace("台湾".encode(), b"\x91\xe4\x98p"),
        "jma.encoding",
    ),
    "UTF-16": (packaged(ADVISORY).decode().encode("utf-16-le"), "jma.encoding"),
    "too much": (b" " * (MAX_REPORT_BYTES + 1), "jma.size"),
    "a broken end": (packaged(ADVISORY)[:-40], "jma.xml"),
    "no event": (changed(ADVISORY, "20220918154449", ""), "jma.missing"),
    "no headline": (changed(ADVISORY, "Headline", "Headlne"), "jma.missing"),
    "a time without offset": (changed(ADVISORY, "16:00:00+09:00", "16:00:00"), "jma.time"),
    "a height that is none": (changed(ADVISORY, '"１ｍ">1<', '"１ｍ">one<'), "jma.number"),
    "feet": (changed(ADVISORY, 'unit="m"', 'unit="ft"'), "jma.unit"),
    "a place off the globe": (changed(ADVISORY, "+23.0+121.1+0/", "+93.0+121.1+0/"), "jma.coordinate"),
    "no coordinate": (changed(ADVISORY, "+23.0+121.1+0/", "here"), "jma.coordinate"),
}


@pytest.mark.parametrize(("data", "code"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_named(data: bytes, code: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_report(data)
    assert caught.value.code == code


def test_nothing_is_logged_for_bad_input(duo: Duo) -> None:
    for data, _ in BAD.values():
        with pytest.raises(BadInput):
            ingest(duo.jjoc.desk(), data, suggested(JJOC, "open"))
    assert duo.jjoc.master.size == 0


def test_a_report_beyond_a_hazards_limits_is_not_logged(duo: Duo) -> None:
    body = changed(ADVISORY, "<Name>高知県</Name>", f"<Name>{'高' * 300}</Name>")
    with pytest.raises(BadInput) as caught:
        ingest(duo.jjoc.desk(), body, suggested(JJOC, "open"))
    assert caught.value.code == "record.form"
    assert duo.jjoc.master.size == 0


@given(st.integers(0, 6000), st.binary(min_size=1, max_size=6))
def test_damage_anywhere_is_read_or_named_and_never_breaks_the_reader(place: int, damage: bytes) -> None:
    data = packaged(ADVISORY)
    data = data[:place] + damage + data[place + len(damage) :]
    try:
        hazard_of(read_report(data))
    except BadInput as err:
        assert err.expected


def test_a_coordinate_in_degrees_and_minutes_is_understood() -> None:
    body = changed(ADVISORY, "+23.0+121.1+0/", "+2330.0+12106.0-40000/")
    quake = read_report(body).earthquakes[0]
    assert (quake.latitude, quake.longitude, quake.depth_km) == (23.5, 121.1, 40)


def test_a_stale_warning_is_shown_as_stale_and_a_cancelled_one_is_not(duo: Duo) -> None:
    ingested(duo, ADVISORY)
    duo.clock.advance(timedelta(hours=13))
    assert [s.freshness for s in hazards(duo.jjoc.desk())] == ["stale"]
    ingested(duo, LIFTED)
    assert [s.freshness for s in hazards(duo.jjoc.desk())] == ["fresh"]
