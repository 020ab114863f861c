"""The Japan Meteorological Agency's earthquake and tsunami reports: XML bytes to typed values.

Format: 気象庁防災情報XMLフォーマット (jmaxml1), telegrams VTSE41 (tsunami warnings, advisories and
forecasts) and VXSE51, 52, 53 (intensity, hypocentre, both).  Every element is *taken* as it is read;
what nobody took is listed by path in ``Report.unread``, so that a field the agency adds is noticed and
not silently lost.  Elements that the format requires and that are missing are errors with their path.

Input is not trusted: size limit, strict UTF-8, no DTD, no entities, no network; libxml2 itself bounds
depth (256) and text.
"""

from collections.abc import Iterator
from datetime import datetime
from math import isfinite
from re import Pattern, compile  # noqa: A004 - the name the module gives it

import msgspec
from lxml import etree

from renkei.kernel.errors import BadInput

from .jma_report import Code, Comment, Earthquake, Intensity, Kinds, Report, TsunamiItem

MAX_REPORT_BYTES = 2 * 1024 * 1024
"""The agency's largest earthquake reports (a nationwide intensity report) stay below 1 MiB."""

_ENCODING: Pattern[bytes] = compile(rb"^\s*<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_COORDINATE = compile(r"^([+-]\d{2,4}(?:\.\d+)?)([+-]\d{3,5}(?:\.\d+)?)([+-]\d+(?:\.\d+)?)?/$")
MINUTES_FORM = "震源位置（度分）"
"""``type`` of a coordinate given in degrees and minutes beside the one in degrees."""


# --- Bytes to a tree --------------------------------------------------------------------------------


def _tree(data: bytes) -> etree._Element:
    if len(data) > MAX_REPORT_BYTES:
        raise BadInput("jma.size", f"at most {MAX_REPORT_BYTES} bytes", f"{len(data)}")
    declared = _ENCODING.match(data)
    if declared and declared.group(1).lower() not in (b"utf-8", b"utf8"):
        raise BadInput("jma.encoding", "UTF-8", f"the declared encoding {declared.group(1).decode()}")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as err:
        raise BadInput(
            "jma.encoding", "UTF-8", f"byte 0x{data[err.start]:02x} at offset {err.start}"
        ) from None
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise BadInput("jma.doctype", "XML without DTD or entities", "a document type declaration")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as err:
        place = f"line {err.lineno}" if err.lineno else "the start"
        raise BadInput("jma.xml", "well-formed XML", f"XML broken at {place}") from None


class _Node:
    """An element being read: what is asked for by name is marked as taken."""

    def __init__(self, element: etree._Element, path: str, taken: set[etree._Element]) -> None:
        self.element, self.path, self.taken = element, path, taken
        taken.add(element)

    def all(self, name: str) -> Iterator["_Node"]:
        for child in self.element:
            if etree.QName(child).localname == name:
                yield _Node(child, f"{self.path}/{name}", self.taken)

    def maybe(self, name: str) -> "_Node | None":
        return next(self.all(name), None)

    def one(self, name: str) -> "_Node":
        found = self.maybe(name)
        if found is None:
            raise BadInput("jma.missing", f"an element {self.path}/{name}", "none")
        return found

    def words(self, name: str) -> str:
        """The text of a child that may be missing or empty."""
        found = self.maybe(name)
        return "" if found is None else found.text

    @property
    def text(self) -> str:
        return (self.element.text or "").strip()

    def attribute(self, name: str) -> str:
        return str(self.element.get(name, ""))

    def moment(self, name: str) -> datetime | None:
        """The xs:dateTime in a child, which must have an offset; None if there is no such child."""
        found = self.maybe(name)
        if found is None or not found.text:
            return None
        try:
            moment = datetime.fromisoformat(found.text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise BadInput("jma.time", f"an ISO 8601 time with offset at {found.path}", "another text")
        return moment

    def code(self) -> Code:
        return Code(self.one("Name").text, self.words("Code"))


def _number(text: str, path: str) -> float | None:
    """A finite number; None for the agency's NaN and for nothing."""
    if text in ("", "NaN"):
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise BadInput("jma.number", f"a number or NaN at {path}", "another text")
    return value


# --- The report's parts ------------------------------------------------------------------------------


def read_report(data: bytes) -> Report:
    """The report in ``data``.  Raises BadInput naming the path, never quoting the report."""
    root = _tree(data)
    if etree.QName(root).localname != "Report" or "jmaxml1" not in (etree.QName(root).namespace or ""):
        raise BadInput("jma.root", "a Report in the namespace of jmaxml1", "another root element")
    taken: set[etree._Element] = set()
    report = _Node(root, "Report", taken)
    control, head, body = report.one("Control"), report.one("Head"), report.maybe("Body")
    headline = head.one("Headline")
    sent_at, report_at = control.moment("DateTime"), head.moment("ReportDateTime")
    if sent_at is None or report_at is None:
        raise BadInput("jma.missing", "Control/DateTime and Head/ReportDateTime", "a report without")
    result = Report(
        title=control.one("Title").text,
        sent_at=sent_at,
        status=control.one("Status").text,
        editorial_office=control.words("EditorialOffice"),
        publishing_office=control.words("PublishingOffice"),
        head_title=head.one("Title").text,
        report_at=report_at,
        target_at=head.moment("TargetDateTime"),
        valid_until=head.moment("ValidDateTime"),
        event_ids=_event_ids(head),
        info_type=head.one("InfoType").text,
        serial=head.words("Serial"),
        info_kind=head.one("InfoKind").text,
        info_kind_version=head.words("InfoKindVersion"),
        headline=headline.words("Text"),
        statements=tuple(_statements(headline)),
    )
    if body is not None:
        result = msgspec.structs.replace(result, **_body(body))
    return msgspec.structs.replace(result, unread=tuple(_unread(root, taken)))


def _event_ids(head: _Node) -> tuple[str, ...]:
    """One id, or several apart by spaces when several earthquakes contribute to one warning."""
    ids = tuple(head.one("EventID").text.split())
    if not ids:
        raise BadInput("jma.missing", "an event id in Report/Head/EventID", "an empty element")
    return ids


def _statements(headline: _Node) -> Iterator[Kinds]:
    for information in headline.all("Information"):
        for item in information.all("Item"):
            kind = item.one("Kind").code()
            for areas in item.all("Areas"):
                named = tuple(area.code() for area in areas.all("Area"))
                yield Kinds(information.attribute("type"), kind, areas.attribute("codeType"), named)


def _body(body: _Node) -> dict[str, object]:
    lists: list[tuple[str, str]] = []
    items: list[TsunamiItem] = []
    intensities: list[Intensity] = []
    max_intensity = ""
    for tsunami in body.all("Tsunami"):
        for forecast in tsunami.all("Forecast"):
            lists += _code_lists(forecast)
            items += [_tsunami_item(item) for item in forecast.all("Item")]
    for intensity in body.all("Intensity"):
        for observation in intensity.all("Observation"):
            lists += _code_lists(observation)
            max_intensity = observation.words("MaxInt") or max_intensity
            for pref in observation.all("Pref"):
                intensities += _intensities(pref, "Pref")
    return {
        "code_lists": tuple(lists),
        "tsunami": tuple(items),
        "earthquakes": tuple(_earthquake(e) for e in body.all("Earthquake")),
        "max_intensity": max_intensity,
        "intensities": tuple(intensities),
        "text": body.words("Text"),
        "comments": tuple(_comments(body)),
    }


def _code_lists(node: _Node) -> list[tuple[str, str]]:
    return [(t.attribute("xpath"), t.text) for define in node.all("CodeDefine") for t in define.all("Type")]


def _tsunami_item(item: _Node) -> TsunamiItem:
    category = item.one("Category")
    first, highest = item.maybe("FirstHeight"), item.maybe("MaxHeight")
    height = highest.maybe("TsunamiHeight") if highest else None
    if height is not None and height.attribute("unit") not in ("", "m"):
        raise BadInput("jma.unit", f"metres at {height.path}", "another unit")
    return TsunamiItem(
        area=item.one("Area").code(),
        kind=category.one("Kind").code(),
        last_kind=category.one("LastKind").code(),
        arrival=first.moment("ArrivalTime") if first else None,
        first_condition=first.words("Condition") if first else "",
        first_revise=first.words("Revise") if first else "",
        height_m=_number(height.text, height.path) if height else None,
        height_text=height.attribute("description") if height else "",
        height_condition=height.attribute("condition") if height else "",
        max_condition=highest.words("Condition") if highest else "",
        max_revise=highest.words("Revise") if highest else "",
    )


def _earthquake(node: _Node) -> Earthquake:
    hypocentre, magnitude = node.maybe("Hypocenter"), node.maybe("Magnitude")
    area = hypocentre.one("Area") if hypocentre else None
    plain = None
    for coordinate in area.all("Coordinate") if area else ():
        if coordinate.attribute("type") != MINUTES_FORM and plain is None:
            plain = coordinate
    longitude, latitude, depth = _coordinate(plain) if plain else (None, None, None)
    distance = area.maybe("Distance") if area else None
    mark = area.maybe("MarkCode") if area else None
    return Earthquake(
        origin=node.moment("OriginTime"),
        arrival=node.moment("ArrivalTime"),
        area=area.code() if area else Code(""),
        longitude=longitude,
        latitude=latitude,
        depth_km=depth,
        position_text=plain.attribute("description") if plain else "",
        datum=plain.attribute("datum") if plain else "",
        relative=area.words("NameFromMark") if area else "",
        relative_code=mark.text if mark else "",
        relative_direction=area.words("Direction") if area else "",
        relative_km=_number(distance.text, distance.path) if distance else None,
        source=hypocentre.words("Source") if hypocentre else "",
        magnitude=_number(magnitude.text, magnitude.path) if magnitude else None,
        magnitude_type=magnitude.attribute("type") if magnitude else "",
        magnitude_text=magnitude.attribute("description") if magnitude else "",
        magnitude_condition=magnitude.attribute("condition") if magnitude else "",
    )


def _coordinate(node: _Node) -> tuple[float | None, float | None, float | None]:
    """Longitude, latitude (degrees) and depth (km) out of an ISO 6709 string; None if unknown ("")."""
    if not node.text:
        return None, None, None
    match = _COORDINATE.match(node.text)
    if match is None:
        raise BadInput("jma.coordinate", f"ISO 6709 at {node.path}", "another text")
    latitude, longitude = _degrees(match.group(1), 2), _degrees(match.group(2), 3)
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise BadInput("jma.coordinate", f"degrees on the globe at {node.path}", "others")
    depth = None if match.group(3) is None else abs(float(match.group(3))) / 1000
    return longitude, latitude, depth


def _degrees(text: str, digits: int) -> float:
    """``+23.0`` (degrees) or ``+2318.5`` (degrees and minutes), told apart by the digits before the point."""
    sign, whole, dot, fraction = text[0], *text[1:].partition(".")
    value = float(whole + dot + fraction)
    if len(whole) > digits:
        value = int(whole[:digits]) + float(whole[digits:] + dot + fraction) / 60
    return -value if sign == "-" else value


_BELOW = {"Pref": "Area", "Area": "City", "City": "IntensityStation", "IntensityStation": ""}


def _intensities(node: _Node, level: str) -> Iterator[Intensity]:
    yield Intensity(
        level=level,
        place=node.code(),
        intensity=node.words("Int" if level == "IntensityStation" else "MaxInt"),
        condition=node.words("Condition"),
        revise=node.words("Revise"),
    )
    if _BELOW[level]:
        for child in node.all(_BELOW[level]):
            yield from _intensities(child, _BELOW[level])


def _comments(body: _Node) -> Iterator[Comment]:
    for comments in body.all("Comments"):
        for name in ("WarningComment", "ForecastComment", "ObservationComment", "VarComment"):
            for comment in comments.all(name):
                yield Comment(name, comment.words("Text"), tuple(comment.words("Code").split()))
        for free in comments.all("FreeFormComment"):
            yield Comment("FreeFormComment", free.text)


def _unread(root: etree._Element, taken: set[etree._Element]) -> Iterator[str]:
    """Paths of the elements nobody took, each path once, in order."""
    seen: dict[str, None] = {}
    for element in root.iter(etree.Element):
        if element not in taken:
            names = [etree.QName(e).localname for e in (*reversed(list(element.iterancestors())), element)]
            seen["/".join(names)] = None
    return iter(seen)
