"""Records: appended in bulk or one by one, listed, read, explained, searched, drawn, translated."""

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from ...kernel.desk import Desk
from ...kernel.drafting import TranslationIn, add_translation
from ...kernel.errors import BadInput, Refused
from ...kernel.log.commitments import said_at
from ...kernel.people import Permission, Person
from ...kernel.records import HQ_PATTERN, is_record_id
from ...kernel.views import OWN, Page, Row
from .answers import RecordPage, RecordView, Shower
from .context import Before, Caller, Edge, HttpEdge, Limit, header, key_path
from .ingest import MAX_BODY_BYTES
from .problems import NOT_FOUND, refuse
from .schema import AppendOperation, GeoJson, problems

MAX_MAP = 1_000
"""Records on one map: more cannot be told apart on a screen."""
APPEND_MEDIA = Refused(
    code="request.media",
    expected="a body in application/json or application/x-ndjson",
    came="another type",
    status=415,
)
CUT = Refused(
    code="record.cut",
    expected="a caller cleared for all of the record",
    came="one who sees it in part",
    status=403,
)
CURSOR = Refused(
    code="page.cursor", expected="`next` as this node gave it", came="something else", status=400
)
FOREIGN = Refused(code="record.owner", expected="a record of this headquarters", came="a partner's")
Kind = Annotated[
    str | None, QueryParameter(pattern=r"^[a-z][a-z.-]{0,40}$", description="One kind of record")
]
Owner = Annotated[str | None, QueryParameter(pattern=HQ_PATTERN, description="Records of one headquarters")]
Box = Annotated[
    str,
    QueryParameter(max_length=100, description="west,south,east,north in degrees; west > east crosses 180"),
]
Query = Annotated[str, QueryParameter(min_length=1, max_length=200)]
MapLimit = Annotated[int, QueryParameter(ge=1, le=MAX_MAP)]


class Appended(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was logged.  One record: its id and version; a batch: the count.

    An administrator's program also learns the number in the master log (``seq``, ``first``): it counts
    everything logged.
    """

    seq: int | None = None
    id: str | None = None
    version: int | None = None
    first: int | None = None
    count: int | None = None
    ids: list[str] | None = None


class TranslateIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rendering of one of a record's texts; its author is the caller."""

    field: Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
    lang: Literal["en", "ja"]
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)]
    reviewed: bool = False


class Feature(msgspec.Struct, frozen=True, tag_field="type", tag="Feature"):
    """A record with its shape (RFC 7946); its other fields are properties."""

    id: str
    geometry: GeoJson | None
    properties: dict[str, Any]


class FeatureCollection(msgspec.Struct, frozen=True, tag_field="type", tag="FeatureCollection"):
    """Records on the map."""

    features: list[Feature]


async def page_of(
    edge: HttpEdge, person: Person, kind: str | None, limit: int, before: str | None, owner: str | None = None
) -> RecordPage:
    """A page of records as ``person`` may see them, newest first."""

    place = _place(edge, before)

    def read(desk: Desk) -> RecordPage:
        return _page(edge, desk, desk.views.newest(kind, owner, limit, place))

    return await edge.at_desk(person, read)


def _place(edge: HttpEdge, before: str | None) -> int | None:
    place = None if before is None else edge.cursors.open(before)
    if before is not None and place is None:
        raise refuse(CURSOR)
    return place


def _page(edge: HttpEdge, desk: Desk, page: Page) -> RecordPage:
    rows = Shower(edge.node, desk.views, desk.clock.now()).rows(page.rows)
    return RecordPage(rows, None if page.next is None else edge.cursors.seal(page.next))


@post(
    "/records",
    opt={"permission": Permission.RECORDS_APPEND, "media": "its own"},
    tags=["records"],
    summary="Append records",
    operation_class=AppendOperation,
    responses=problems(413, 415, 409, 503),
    request_max_body_size=MAX_BODY_BYTES,
)
async def append_records(
    edge: Edge, request: Request[Any, Any, Any], person: Caller, ids: FromQuery[bool] = False
) -> Response[Appended]:
    """Log one record (JSON) or up to 10,000, one on each line (NDJSON), all or none; durable when answered.

    A line gives the record's kind, label and body; the node stamps id (if absent), realm, at and by.  To
    replace a record, give its id and the version after the one you saw.
    """
    media = header(request.scope, b"content-type").partition(";")[0].strip().lower()
    if media not in {"application/json", "application/x-ndjson"}:
        raise refuse(APPEND_MEDIA)
    body = await request.body()
    answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    edge.appender.append(person, body, media != "application/json", answered.set_result, ids=ids)
    outcome = await answered
    if isinstance(outcome, Refused):
        raise refuse(outcome, noted=True)
    return Response(outcome, media_type="application/json")


@get("/records", tags=["records"], summary="Newest records", responses=problems())
async def list_records(
    edge: Edge,
    person: Caller,
    kind: Kind = None,
    owner: Owner = None,
    limit: Limit = 50,
    before: Before = None,
) -> RecordPage:
    """As far as the caller may see them, newest first."""
    return await page_of(edge, person, kind, limit, before, owner)


@get(key_path("/records"), tags=["records"], summary="A record", responses=problems())
async def get_record(edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str]) -> RecordView:
    """The newest version, without what the caller may not see."""
    return await edge.at_desk(person, lambda desk: edge.one(desk, f"{owner}/{key}"))


@get(key_path("/records", "/bytes"), tags=["records"], summary="A record's exact bytes", responses=problems())
async def get_record_bytes(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str]
) -> Response[dict[str, Any]]:
    """As logged, hashed and signed for; only for whoever may have all of them."""

    def read(desk: Desk) -> bytes:
        row = _row(desk, owner, key)
        if not desk.views.whole(row):
            raise refuse(CUT)
        log = edge.node.master if row.source == OWN else edge.node.partners[row.source].received
        raw = said_at(log, row.seq)
        if raw is None:  # recalled since the row was read
            raise refuse(NOT_FOUND)
        return raw

    raw = await edge.at_desk(person, read)
    return Response(raw, media_type="application/json")  # type: ignore[arg-type]


def _row(desk: Desk, owner: str, key: str) -> Row:
    row = desk.views.get(f"{owner}/{key}") if is_record_id(f"{owner}/{key}") else None
    if row is None:
        raise refuse(NOT_FOUND)
    return row


@get("/search", tags=["records"], summary="Find by words", responses=problems())
async def search(
    edge: Edge, person: Caller, q: Query, limit: Limit = 50, before: Before = None
) -> RecordPage:
    """Records that hold all the words as far as the caller may see them, newest first.

    A page may hold fewer than ``limit`` and still have a ``next``: not every record looked into fits.
    """
    place = _place(edge, before)
    return await edge.at_desk(person, lambda desk: _page(edge, desk, desk.views.search(q, limit, place)))


@get("/map", tags=["records"], summary="Records in a box", responses=problems())
async def get_map(
    edge: Edge, person: Caller, bbox: Box, kind: Kind = None, limit: MapLimit = 500
) -> RecordPage:
    """Those that touch the box."""
    west, south, east, north = _box(bbox)

    def read(desk: Desk) -> RecordPage:
        rows = desk.views.within(west, south, east, north, kind, limit)
        return RecordPage(Shower(edge.node, desk.views, desk.clock.now()).rows(rows))

    return await edge.at_desk(person, read)


@get(
    "/map.geojson",
    media_type="application/geo+json",
    tags=["records"],
    summary="Records in a box as GeoJSON",
    responses=problems(),
)
async def get_map_geojson(
    edge: Edge, person: Caller, bbox: Box, kind: Kind = None, limit: MapLimit = 500
) -> FeatureCollection:
    """The same as a feature collection, for other map software."""
    west, south, east, north = _box(bbox)

    def read(desk: Desk) -> FeatureCollection:
        rows = desk.views.within(west, south, east, north, kind, limit)
        shown = Shower(edge.node, desk.views, desk.clock.now()).rows(rows)
        return FeatureCollection([_feature(view) for view in shown])

    return await edge.at_desk(person, read)


def _feature(view: RecordView) -> Feature:
    fields: dict[str, Any] = msgspec.json.decode(view.record)
    geometry = fields.pop("geometry", None)
    fields |= {"marking": view.marking.en, "source": view.source, "cut": view.cut}
    return Feature(fields["id"], None if geometry is None else msgspec.convert(geometry, GeoJson), fields)


def _box(text: str) -> tuple[float, float, float, float]:
    """``west,south,east,north`` as numbers; whether they make a box is for the views to say."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise BadInput("map.box", "four numbers: west,south,east,north", "something else") from None
    return west, south, east, north


@post(
    key_path("/records", "/translations"),
    opt={"permission": Permission.TRANSLATE},
    tags=["records"],
    summary="Translate a text",
    responses=problems(409, 413, 415, 422, 503),
)
async def translate(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[TranslateIn]
) -> RecordView:
    """A new version of an own record with a rendering of one of its texts."""
    given = TranslationIn(lang=data.lang, text=data.text, reviewed=data.reviewed)
    await edge.act(person, add_translation, f"{owner}/{key}", data.field, given)
    return await edge.at_desk(person, lambda desk: edge.one(desk, f"{owner}/{key}"))


HANDLERS = (
    append_records,
    list_records,
    get_record,
    get_record_bytes,
    search,
    get_map,
    get_map_geojson,
    translate,
)
