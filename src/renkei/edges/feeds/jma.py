"""The feed of the Japan Meteorological Agency: a report comes in, a hazard is the result.

``jma_xml`` reads bytes, ``hazard_of`` turns the typed report into what the picture room takes, and
``ingest`` hands it over at a desk.  Reports about the same event become versions of one hazard there.

Japanese stays as issued.  English beside it comes from a fixed glossary (``data/jma/terms.csv``) and is
marked as what it is: unreviewed, by "Renkei glossary".  Regions are drawn from ``data/jma/regions.geojson``,
which is this project's approximation, and the hazard says so.

Codes of warnings: 警報等情報要素／津波警報・注意報・予報 (50 to 53 warnings, 60 and 62 advisories, 71 to
73 forecasts, 00 none).  Practice with 発表, 訂正 and 取消: 地震火山関連XML電文解説資料.
"""

import csv
import re
from datetime import datetime
from functools import cache
from io import StringIO

import msgspec

from renkei.data import packaged
from renkei.kernel import geojson
from renkei.kernel.clock import to_millisecond
from renkei.kernel.desk import Desk
from renkei.kernel.errors import Refused
from renkei.kernel.labels.model import Label
from renkei.kernel.records import LIVE, Text, Translation
from renkei.rooms import picture
from renkei.rooms.picture import HazardArea, HazardReport, HazardSeverity, Hypocentre

from .jma_report import Earthquake, Intensity, Report, TsunamiItem
from .jma_xml import read_report

AUTHORITY = "Japan Meteorological Agency"
GLOSSARY = "Renkei glossary"
MODIFIED = (
    "Edited from reports of the Japan Meteorological Agency: English by Renkei's glossary, "
    "regions drawn by Renkei's approximation"
)
IN_FORCE = frozenset({"51", "52", "53", "62"})
"""A tsunami warning, major warning or advisory stands."""
LIFTED = frozenset({"50", "60"})
NORMAL = "通常"
_LISTS = {"tsunami": "津波予報区", "earthquake": "地震情報／細分区域"}

_SEVERITY: dict[str, HazardSeverity] = {
    "51": "severe",
    "52": "extreme",
    "53": "extreme",
    "62": "moderate",
    **dict.fromkeys(("00", "50", "60", "71", "72", "73"), "minor"),
}
_SHAKING: dict[str, HazardSeverity] = {
    **dict.fromkeys(("1", "2"), "minor"),
    **dict.fromkeys(("3", "4"), "moderate"),
    **dict.fromkeys(("5-", "5+"), "severe"),
    **dict.fromkeys(("6-", "6+", "7"), "extreme"),
}
_RANK: tuple[HazardSeverity, ...] = ("unknown", "minor", "moderate", "severe", "extreme")


def ingest(desk: Desk, data: bytes, label: Label) -> picture.Hazard | Refused:
    """Read one report and record what it says.  Raises BadInput for bytes that are not a report.

    Refused for a drill or test report in the live realm, an older report than the one known, and what
    ``picture.report_hazard`` refuses.  A report that was already taken in changes nothing.
    """
    report = read_report(data)
    if report.status != NORMAL and desk.realm == LIVE:
        return Refused(
            code="hazard.drill",
            expected="a report of status 通常 (normal) in the live realm",
            came="one marked as drill or test",
            status=422,
        )
    return picture.report_hazard(desk, hazard_of(report), label)


def hazard_of(report: Report) -> HazardReport:
    """``report`` as the picture room takes it."""
    is_tsunami = "津波" in report.info_kind
    quake = report.earthquakes[0] if report.earthquakes else None
    areas = tuple(_tsunami_area(i) for i in report.tsunami) if is_tsunami else _shaken(report.intensities)
    cancelled = report.info_type == "取消" or (is_tsunami and _lifted(report.tsunami))
    return HazardReport(
        authority=AUTHORITY,
        event=report.event_ids[0],
        type="tsunami" if is_tsunami else "earthquake",
        severity=max((a.severity for a in areas), key=_RANK.index, default="unknown"),
        issued_at=to_millisecond(report.report_at),
        target_at=_utc(report.target_at),
        valid_until=_utc(report.valid_until),
        status="cancelled" if cancelled else "in force",
        withdrawn=report.info_type == "取消",
        exercise=report.status != NORMAL,
        headline=_translated(report.headline) if report.headline else None,
        comment=_comment(report),
        areas=areas,
        hypocentre=_hypocentre(quake) if quake else None,
        magnitude=quake.magnitude if quake else None,
        magnitude_ja=quake.magnitude_text if quake else "",
        max_intensity=report.max_intensity,
        report_type=report.info_type,
        source_title_ja=report.head_title,
        geometry=_drawn(areas) if is_tsunami else _epicentre(quake),
        approximate=is_tsunami,
        modified_from_source=MODIFIED,
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else to_millisecond(moment)


def _lifted(items: tuple[TsunamiItem, ...]) -> bool:
    """Nothing stands any more of what stood before: 解除, also where a forecast takes its place."""
    stood = any(i.kind.code in LIFTED or i.last_kind.code in IN_FORCE for i in items)
    return stood and not any(i.kind.code in IN_FORCE for i in items)


def _tsunami_area(item: TsunamiItem) -> HazardArea:
    code = item.kind.code
    return HazardArea(
        code=item.area.code,
        code_of=_LISTS["tsunami"],
        name_ja=item.area.name,
        name_en=english("tsunami-region", item.area.code),
        category_code=code,
        category_ja=item.kind.name,
        category_en=english("warning", code),
        last_category_code=item.last_kind.code,
        severity=_SEVERITY.get(code, "unknown"),
        height_m=item.height_m,
        height_ja=item.height_text,
        arrival=_utc(item.arrival),
        arrival_note_ja=item.first_condition,
        arrival_note_en=_glossary().get(("condition", item.first_condition), ""),
    )


def _shaken(intensities: tuple[Intensity, ...]) -> tuple[HazardArea, ...]:
    """The regions (細分区域) of an intensity report; cities and stations stay in the agency's own report."""
    return tuple(
        HazardArea(
            code=i.place.code,
            code_of=_LISTS["earthquake"],
            name_ja=i.place.name,
            name_en=english("intensity-region", i.place.code),
            category_code=i.intensity,
            category_ja=f"震度{i.intensity}",
            category_en=f"Seismic intensity {i.intensity}",
            severity=_SHAKING.get(i.intensity, "unknown"),
        )
        for i in intensities
        if i.level == "Area"
    )


def _hypocentre(quake: Earthquake) -> Hypocentre:
    return Hypocentre(
        point=_epicentre(quake),
        depth_km=quake.depth_km,
        code=quake.area.code,
        name_ja=quake.area.name,
        name_en=english("epicentre", quake.area.code),
        relative_ja=quake.relative,
        origin=_utc(quake.origin),
    )


def _epicentre(quake: Earthquake | None) -> geojson.Point | None:
    if quake is None or quake.longitude is None or quake.latitude is None:
        return None
    return geojson.Point((quake.longitude, quake.latitude))


def _drawn(areas: tuple[HazardArea, ...]) -> geojson.Geometry | None:
    """The regions named, as far as they are drawn, as one shape."""
    shapes = _regions()
    return geojson.merge([shapes[a.code] for a in areas if a.code in shapes])


def _comment(report: Report) -> Text | None:
    """What the agency adds: the free text, the fixed comments, and the explanations, in that order."""
    parts = [report.text, *(c.text for c in report.comments)]
    words = "\n\n".join(p for p in parts if p)
    return Text(text=words, lang="ja") if words else None


# --- Glossary and shapes -----------------------------------------------------------------------------


@cache
def _glossary() -> dict[tuple[str, str], str]:
    """English by (list, code), and by (list, Japanese) for what has no code."""
    rows = csv.DictReader(StringIO(packaged("jma/terms.csv").decode()))
    return {(row["list"], row["code"] or row["ja"]): row["en"] for row in rows}


@cache
def _regions() -> dict[str, geojson.Polygon]:
    features = msgspec.json.decode(packaged("jma/regions.geojson"))["features"]
    found = {f["id"]: geojson.parse(f["geometry"]) for f in features}
    return {code: shape for code, shape in found.items() if isinstance(shape, geojson.Polygon)}


def english(terms: str, code: str) -> str:
    """The glossary's English for ``code`` in the list ``terms``; empty where it has none."""
    return _glossary().get((terms, code), "")


_WIDE = str.maketrans("０１２３４５６７８９", "0123456789")
_WHEN = re.compile(r"^(?:きょう)?(\d{1,2})日(\d{2})時(\d{2})分ころ、(.*)$")


def _translated(words: str) -> Text:
    """``words`` with English beside it if every sentence is in the glossary: a half would mislead."""
    english_words = sentences(words)
    beside = (Translation(lang="en", text=english_words, by=GLOSSARY),) if english_words else ()
    return Text(text=words, lang="ja", translations=beside)


def sentences(words: str) -> str:
    """The glossary's English for whole sentences, with the time they begin with; "" if one is missing."""
    time = ""
    when = _WHEN.match(words.translate(_WIDE))
    if when:
        day, hour, minute = when.group(1), when.group(2), when.group(3)
        time, words = f"On day {int(day)} at about {hour}:{minute} JST ", words.partition("、")[2]
    known = [_glossary().get(("sentence", s + "。")) for s in words.strip().split("。") if s]
    if not known or None in known:
        return ""
    return time + " ".join(_capital(s, bool(time) and i == 0) for i, s in enumerate(known) if s)


def _capital(sentence: str, inside: bool) -> str:
    return sentence if inside else sentence[:1].upper() + sentence[1:]
