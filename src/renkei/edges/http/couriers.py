"""Couriers' files over HTTP: fetched from the running node, and brought to it.

A file fetched is sealed for the partner, so whoever carries or stores it learns nothing; a plain one is made
at a stopped node's console alone.  Its entries count as sent once the caller says that the file is kept
(``/courier/carried``), so that a transfer that broke off loses nothing.  Contents of attachments are fetched
in volumes of their own (``/courier/contents``), and brought as entries are.  A file that is brought lies on
the node's disk until all of it has come; then it is taken in under the checks of every courier's file.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterable, Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Annotated, Any, TypeVar

import msgspec
from litestar import Request, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from ...kernel.errors import Refused
from ...kernel.partners import MIN_HAUL_BYTES, MIN_VOLUME_BYTES, Hauled, Imported, Place
from ...kernel.partners.courier import READ_BYTES
from ...kernel.people import Permission, Person
from ...node.couriers import ContentsExport, Export, export_sealed, export_volume, take_in
from ...node.steps import Steps
from .attachments import HEADERS
from .context import Caller, Edge, HttpEdge
from .nodes import line_of
from .problems import refuse
from .schema import problems

MAX_COURIER_BYTES = 4_700_000_000
"""One file brought to a running node: a DVD's worth.  What is larger comes in volumes."""
_CARRY: dict[str, Any] = {"permission": Permission.COURIER_CARRY}
_FILE = "application/octet-stream"
_SEALED: dict[str, Any] = {
    "status_code": 200,
    "opt": _CARRY,
    "media_type": _FILE,
    "tags": ["node"],
    "responses": {
        200: ResponseSpec(
            data_container=bytes, media_type=_FILE, description="The sealed file", generate_examples=False
        ),
        **problems(503),
    },
}
"""What the operations that answer with a file have in common."""
_MANY = Refused(code="courier.busy", expected="one courier's file at a time", came="another", status=503)


Made = TypeVar("Made", Export, ContentsExport)


class CarriedIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to which entry a file that was fetched is kept."""

    upto: Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class CarriedOut(msgspec.Struct, frozen=True):
    """How many entries couriers have taken along, or the partner has signed for."""

    carried: int


class ContentsCarriedIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to where a volume of contents that was fetched is kept: an entry, and bytes of its content."""

    upto: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    offset: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0


class ContentsCarriedOut(msgspec.Struct, frozen=True):
    """Up to where couriers have taken contents along."""

    upto: int
    offset: int


class HauledOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a volume of contents came to, by numbers of the partner's entries; ``refused`` has codes."""

    taken: list[int]
    coming: list[int]
    known: list[int]
    refused: dict[str, str]


class FaultOut(msgspec.Struct, frozen=True):
    """Something in a file that was refused."""

    code: str
    expected: str
    came: str


class ImportedOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a courier's file came to (``kernel/partners/courier``)."""

    from_: str = msgspec.field(name="from")
    first: int
    size: int
    logged: int
    receipted: int
    whole: bool
    repeated: bool
    faults: list[FaultOut]
    contents: HauledOut | None = None


@post(
    "/partners/{hq:str}/courier/export",
    summary="A courier's file for a partner",
    **_SEALED,
)
async def export_courier(
    edge: Edge,
    person: Caller,
    hq: FromPath[str],
    first: Annotated[int | None, QueryParameter(ge=0, le=2**53)] = None,
    volume: Annotated[int | None, QueryParameter(ge=MIN_VOLUME_BYTES, le=2**40)] = None,
) -> Stream:
    """Everything the partner has not signed for yet, or from ``first`` on; at most ``volume`` bytes.

    Headers: ``Renkei-First``, ``Renkei-Upto`` (where the next volume begins) and ``Renkei-Logged``.
    """
    line_of(edge, hq)
    made, pieces = await _begun(
        edge, person, "courier.export", hq, lambda: export_sealed(edge.node, hq, first, volume)
    )
    edge.trail.done(person, "courier.export", hq, f"entries {made.first} to {made.upto}")
    return _file(pieces, {"First": made.first, "Upto": made.upto, "Logged": made.logged})


@post(
    "/partners/{hq:str}/courier/carried",
    status_code=200,
    opt=_CARRY,
    tags=["node"],
    summary="A courier's file is kept",
    responses=problems(413, 415, 503),
)
async def courier_carried(
    edge: Edge, person: Caller, hq: FromPath[str], data: JSONBody[CarriedIn]
) -> CarriedOut:
    """What was in it counts as sent from now on."""
    sender = line_of(edge, hq).sender
    await edge.actions.run(sender.couriered, min(data.upto, sender.positions.logged))
    edge.trail.done(person, "courier.carried", hq, f"up to entry {data.upto}")
    return CarriedOut(sender.carried)


@post(
    "/partners/{hq:str}/courier/contents",
    summary="A courier's volume of attachments' contents for a partner",
    **_SEALED,
)
async def export_courier_contents(
    edge: Edge,
    person: Caller,
    hq: FromPath[str],
    first: Annotated[int | None, QueryParameter(ge=0, le=2**53)] = None,
    offset: Annotated[int, QueryParameter(ge=0, le=2**53)] = 0,
    volume: Annotated[int | None, QueryParameter(ge=MIN_HAUL_BYTES, le=2**40)] = None,
    again: Annotated[bool, QueryParameter()] = False,
) -> Stream:
    """What the partner lacks by its own word, or with ``again`` everything; at most ``volume`` bytes.

    It begins at the content of entry ``first``, at byte ``offset``.  Headers: ``Renkei-Contents`` and
    ``Renkei-Bytes`` tell how many contents the file has some of, and how many bytes of them (0: nothing is to
    be brought); ``Renkei-Upto`` and ``Renkei-Upto-Offset`` where the next one begins, if not ``Renkei-Last``.
    """
    line_of(edge, hq)
    place = None if first is None else Place(first, offset)

    made, pieces = await _begun(
        edge,
        person,
        "courier.contents",
        hq,
        lambda: export_volume(edge.node, hq, place, volume, again=again),
    )
    edge.trail.done(person, "courier.contents", hq, f"{made.contents} contents, {made.size} bytes")
    said = {
        "Contents": made.contents,
        "Bytes": made.size,
        "First": made.first.seq,
        "First-Offset": made.first.offset,
        "Upto": made.upto.seq,
        "Upto-Offset": made.upto.offset,
        "Last": "true" if made.last else "false",
    }
    return _file(pieces, said)


async def _begun(
    edge: HttpEdge, person: Person, action: str, hq: str, make: Callable[[], Made]
) -> tuple[Made, Iterator[bytes]]:
    """A file begun, and its pieces: a refusal comes with the first of them, before anything is answered."""

    def begin() -> tuple[Made, bytes]:
        made = Steps(edge.trail).step(person, action, hq, make, noted=False)
        return made, next(made.pieces, b"")

    made, beginning = await edge.actions.run(begin)
    return made, itertools.chain((beginning,), made.pieces)


def _file(pieces: Iterator[bytes], said: Mapping[str, object]) -> Stream:
    """The file under way, and what is said of it in headers."""
    own = {f"Renkei-{name}": str(one) for name, one in said.items()}
    headers = {**HEADERS, "Accept-Ranges": "none", **own}
    return Stream(pieces, status_code=200, headers=headers, media_type=_FILE)


@post(
    "/partners/{hq:str}/courier/contents/carried",
    status_code=200,
    opt=_CARRY,
    tags=["node"],
    summary="A courier's volume of contents is kept",
    responses=problems(413, 415, 503),
)
async def courier_contents_carried(
    edge: Edge, person: Caller, hq: FromPath[str], data: JSONBody[ContentsCarriedIn]
) -> ContentsCarriedOut:
    """Where files go one way, the next volume begins there."""
    line = line_of(edge, hq)
    logged = Place(line.sender.positions.logged)
    await edge.actions.run(line.contents.couriered, min(Place(data.upto, data.offset), logged))
    edge.trail.done(person, "courier.contents.carried", hq, f"up to entry {data.upto}, byte {data.offset}")
    return ContentsCarriedOut(*line.contents.carried)


@post(
    "/partners/{hq:str}/courier/import",
    status_code=200,
    opt={**_CARRY, "media": "its own"},
    tags=["node"],
    summary="Take in a courier's file from a partner",
    request_max_body_size=MAX_COURIER_BYTES,
    responses=problems(413, 503),
)
async def import_courier(
    edge: Edge, request: Request[Any, Any, Any], person: Caller, hq: FromPath[str]
) -> ImportedOut:
    """The file is the body.  Of entries, what is sound is logged, whatever else is wrong with the file.

    A volume of contents counts whole or not at all; ``contents`` tells what it came to.
    """
    line_of(edge, hq)
    if edge.courier_at_work.locked():
        raise refuse(_MANY)
    async with edge.courier_at_work:
        with TemporaryFile(dir=_place(edge)) as file:
            await _receive(request.stream(), file)
            came = await edge.actions.run(_take_in, edge, person, hq, file)
    return _told(came)


def _place(edge: HttpEdge) -> Path:
    """Where files lie while they come: beside the logs, on a disk that has room for what is in them."""
    return edge.node.folder.root


async def _receive(pieces: AsyncIterable[bytes], file: IO[bytes]) -> None:
    """Write what comes, a good deal at a time, so that the loop never waits for the disk."""
    waiting = bytearray()
    async for piece in pieces:
        waiting += piece
        if len(waiting) >= READ_BYTES:
            await asyncio.to_thread(file.write, bytes(waiting))
            waiting.clear()
    await asyncio.to_thread(file.write, bytes(waiting))


def _take_in(edge: HttpEdge, person: Person, hq: str, file: IO[bytes]) -> Imported:
    file.seek(0, os.SEEK_SET)
    steps = Steps(edge.trail)
    came = steps.step(
        person, "courier.import", hq, lambda: take_in(edge.node, hq, _pieces(file)), noted=False
    )
    here = 0 if came.hauled is None else len(came.hauled.taken)
    found = f"{came.logged} logged, {came.receipted} receipted, {here} contents, {len(came.faults)} refused"
    edge.trail.done(person, "courier.import", hq, found)
    return came


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(READ_BYTES):
        yield piece


def _told(came: Imported) -> ImportedOut:
    return ImportedOut(
        from_=came.sender,
        first=came.first,
        size=came.size,
        logged=came.logged,
        receipted=came.receipted,
        whole=came.whole,
        repeated=came.repeated,
        faults=[FaultOut(f.code, f.expected, f.came) for f in came.faults],
        contents=None if came.hauled is None else _hauled(came.hauled),
    )


def _hauled(came: Hauled) -> HauledOut:
    return HauledOut(
        taken=list(came.taken),
        coming=list(came.coming),
        known=list(came.known),
        refused={str(seq): code for seq, code in came.refused.items()},
    )


HANDLERS = (
    export_courier,
    courier_carried,
    export_courier_contents,
    courier_contents_carried,
    import_courier,
)
