"""Records: appended in bulk or one by one, listed, read, explained, searched, drawn."""

import asyncio
from typing import Any

import msgspec
from litestar import Request, Response, post

from ...kernel.errors import Refused
from ...kernel.people import Permission, Person
from .context import HttpEdge, header
from .ingest import MAX_BODY_BYTES
from .problems import refuse
from .schema import AppendOperation, problems

APPEND_MEDIA = Refused(
    code="request.media",
    expected="a body in application/json or application/x-ndjson",
    came="another type",
    status=415,
)


class Appended(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was logged.  One record: its number, id and version; a batch: the first number and the count."""

    seq: int | None = None
    id: str | None = None
    version: int | None = None
    first: int | None = None
    count: int | None = None
    ids: list[str] | None = None


@post(
    "/records",
    opt={"permission": Permission.RECORDS_APPEND},
    tags=["records"],
    summary="Append records",
    operation_class=AppendOperation,
    responses=problems(413, 415, 409, 503),
    request_max_body_size=MAX_BODY_BYTES,
)
async def append_records(
    edge: HttpEdge, request: Request[Any, Any, Any], person: Person, ids: bool = False
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


HANDLERS = (append_records,)
