"""Attachments: contents that come in pieces, are looked at, and go out as bytes and nothing else.

An upload: POST what it is (the label and permission are decided then), PUT pieces at the offset the node
states, POST its end.  Then the content is scanned, and the record logged that others see.  A download
takes ranges (RFC 9110 section 14).  Nothing is ever shown in the node's own origin.
"""

import re
import unicodedata
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream

from ...kernel.attachments import name_of
from ...kernel.desk import Desk
from ...kernel.errors import Refused
from ...kernel.people import Permission
from ...kernel.records import is_record_id
from ...kernel.seen import Seen, look
from ...node.contents import ContentState
from ...rooms import coordination as room
from .answers import RecordView, Shower
from .context import Caller, Edge, HttpEdge, header, key_path
from .files import UploadOut
from .problems import NOT_FOUND, Refusal, refuse
from .schema import problems

MAX_PIECE_BYTES = 8 * 1024 * 1024
"""In one PUT: a second at 64 Mbit/s, and what a lost line has to send again."""
ATTACH = {"permission": Permission.LOG_WRITE}
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")
NOT_HERE = Refused(
    code="attachment.not-here",
    expected="an attachment whose content has come",
    came="one of which only the record is here",
    status=409,
)
RANGE = Refused(code="attachment.range", expected="one range within the content", came="another", status=416)
HEADERS = {
    "Content-Type": "application/octet-stream",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "no-store",
    "Accept-Ranges": "bytes",
}
"""With every content: whatever it is, a browser saves it and does nothing else with it."""


class AttachmentOut(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment, whether its content is here, how far it is otherwise, and how many bytes have come.

    ``awaited``: not asked for yet; ``refused``: not what the record commits to, or more than may come from
    there; ``quarantined``: the scanner did not let it pass; ``gone``: our own, and not here any more.
    """

    attachment: RecordView
    here: bool
    state: ContentState
    received: int


class AttachmentList(msgspec.Struct, frozen=True):
    """The attachments of one record; ``scanned`` is whether this node looks at contents."""

    items: list[AttachmentOut]
    scanned: bool


def _out(edge: HttpEdge, desk: Desk, record: room.Attachment) -> AttachmentOut:
    """An attachment as the person at ``desk`` may see it."""
    row = desk.views.get(record.id)
    if row is None:
        raise refuse(NOT_FOUND)
    shown = Shower(edge.node, desk.views, desk.clock.now()).row(row)
    line = edge.node.partners.get(record.owner)
    if line is not None:
        state, received = line.contents.state(record)
    else:
        name = name_of(record.owner, record.content)
        whole, aside = edge.files.store.has(name), edge.files.store.put_aside(name)
        state = "here" if whole else "quarantined" if aside else "gone"
        received = record.size if whole or aside else 0
    return AttachmentOut(attachment=shown, here=state == "here", state=state, received=received)


@post(
    "/attachments/uploads",
    opt=ATTACH,
    tags=["attachments"],
    summary="Begin an upload",
    responses=problems(413),
)
async def begin_upload(edge: Edge, person: Caller, data: JSONBody[room.AttachIn]) -> UploadOut:
    """Say what will come.  Who may, the label and what it is about are decided now, before a byte travels."""
    return await edge.actions.run(edge.files.begin, person, data)


@get(
    "/attachments/uploads/{content:str}",
    opt=ATTACH,
    tags=["attachments"],
    summary="How far an upload has come",
    responses=problems(404),
)
async def get_upload(edge: Edge, person: Caller, content: FromPath[str]) -> UploadOut:
    """Where to go on after the line was lost."""
    return await edge.reads.run(edge.files.state, person, content)


@put(
    "/attachments/uploads/{content:str}",
    opt={**ATTACH, "media": "its own"},
    tags=["attachments"],
    summary="A piece of an upload",
    request_max_body_size=MAX_PIECE_BYTES,
    responses=problems(404, 409, 413),
)
async def put_piece(
    edge: Edge,
    request: Request[Any, Any, Any],
    person: Caller,
    content: FromPath[str],
    offset: Annotated[int, QueryParameter(ge=0, description="`received` as last told")],
) -> UploadOut:
    """The bytes from ``offset`` on: a multiple of ``chunk``, or all that is left.  Durable when answered."""
    body = await request.body()
    return await edge.actions.run(edge.files.put, person, content, offset, body)


@post(
    "/attachments/uploads/{content:str}/end",
    opt=ATTACH,
    tags=["attachments"],
    summary="End an upload: scan it and log the attachment",
    responses=problems(404, 409, 422),
)
async def end_upload(edge: Edge, person: Caller, content: FromPath[str]) -> AttachmentOut:
    """The attachment, once its content has been looked at.  A content that does not pass is put aside."""
    files = edge.files
    given, came = await edge.actions.run(files.look_at, person, content)
    files.store.keep(name_of(edge.hq, content))
    try:
        record = await edge.act(person, room.attach, given, files.most, came)
    except Refusal as no:
        if no.refused.status < 500:  # else it may yet come to be logged
            files.give_up(person, content)
        raise
    files.drop(content)

    def read(desk: Desk) -> AttachmentOut:
        found = look(desk.views, record.id, room.Attachment)
        if found is None:  # their own label is beyond them
            raise refuse(NOT_FOUND)
        return _out(edge, desk, found.record)

    return await edge.at_desk(person, read)


@delete(
    "/attachments/uploads/{content:str}",
    opt=ATTACH,
    tags=["attachments"],
    summary="Give an upload up",
    responses=problems(404),
)
async def drop_upload(edge: Edge, person: Caller, content: FromPath[str]) -> None:
    """Forget what came of it."""
    await edge.actions.run(edge.files.give_up, person, content)


@get("/attachments", tags=["attachments"], summary="Attachments of a record", responses=problems(404))
async def list_attachments(edge: Edge, person: Caller, about: FromQuery[str]) -> AttachmentList:
    """Newest first, as far as the caller may see them."""

    def read(desk: Desk) -> AttachmentList:
        if not is_record_id(about) or desk.views.get(about) is None:
            raise refuse(NOT_FOUND)
        items = [_out(edge, desk, seen.record) for seen in room.attachments_about(desk, about)]
        return AttachmentList(items, bool(edge.files.scanner.command))

    return await edge.at_desk(person, read)


@get(
    key_path("/attachments", "/content"),
    tags=["attachments"],
    summary="An attachment's content",
    responses=problems(404, 409, 416, 422),
)
async def get_content(
    edge: Edge, request: Request[Any, Any, Any], person: Caller, owner: FromPath[str], key: FromPath[str]
) -> Response[Any]:
    """Bytes, to be saved; one range at a time if asked for one.

    A content that came before a scanner was set is looked at first.
    """

    def find(desk: Desk) -> Seen[room.Attachment]:
        found = (
            look(desk.views, f"{owner}/{key}", room.Attachment) if is_record_id(f"{owner}/{key}") else None
        )
        if found is None:
            raise refuse(NOT_FOUND)
        return found

    seen = await edge.at_desk(person, find)
    record, name = seen.record, name_of(seen.record.owner, seen.record.content)
    if not edge.files.store.has(name):
        raise refuse(NOT_HERE)
    await edge.actions.run(edge.files.look_late, name, record.size)
    first, end = _wanted(header(request.scope, b"range"), record.size)
    called = record.name.text if record.name else record.content
    headers = {
        **HEADERS,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(_file_name(called), safe='')}",
        "Content-Length": str(end - first),
    }
    status = 200
    if header(request.scope, b"range"):
        headers["Content-Range"], status = f"bytes {first}-{end - 1}/{record.size}", 206
    edge.trail.done(person, "attachment.get", record.id)
    pieces = edge.files.store.read(name, record.size, first, end)
    return Stream(pieces, status_code=status, headers=headers, media_type="application/octet-stream")


def _file_name(called: str) -> str:
    """What a browser may save it as: no part of a path, nothing that a screen hides or turns around."""
    shown = ("_" if c in '/\\:*?"<>|' or unicodedata.category(c)[0] == "C" else c for c in called[:150])
    return "".join(shown).lstrip(".") or "_"


def _wanted(text: str, size: int) -> tuple[int, int]:
    """First byte and end of the range asked for, all without one.  Raises the refusal RANGE."""
    if not text:
        return 0, size
    found = _RANGE.fullmatch(text.strip())
    first = int(found[1]) if found else size
    end = min(int(found[2]) + 1, size) if found and found[2] else size
    if first >= end:
        raise refuse(RANGE)
    return first, end


HANDLERS = (
    begin_upload,
    get_upload,
    put_piece,
    end_upload,
    drop_upload,
    list_attachments,
    get_content,
)
