"""Volumes of contents (ADR 0014) written to a disk, from a running node over its API or a stopped one."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ...kernel.errors import BadInput
from ...kernel.partners import Place
from ...node import Node
from ...node.couriers import ContentsExport, export_volume
from ..links.courier import write_file
from .client import Api

_PLACE = re.compile(r"(\d{1,15})(?::(\d{1,15}))?")


class Packing(NamedTuple):
    """What is to be packed for whom: contents from where on, in volumes of how many bytes, into which files.

    With ``again`` also what the partner did not say that it lacks.  ``path`` names the file of a volume.
    """

    hq: str
    begin: Place | None
    again: bool
    limit: int | None
    path: Callable[[int], Path]
    plain: bool = False


class Packed(NamedTuple):
    """A volume's file, its bytes, and of how many contents it has some or all."""

    path: Path
    bytes: int
    contents: int


def pack(given: Packing, source: Node | Api, tick: Callable[[int], None]) -> list[Packed]:
    """Write all volumes; none where there is nothing to bring.  Each counts as carried once it is kept."""
    written: list[Packed] = []
    begin = given.begin
    while True:
        with _volume(given, source, begin) as volume:
            if volume.size:
                path = given.path(len(written))
                written.append(Packed(path, write_file(path, volume.pieces, tick), volume.contents))
        if volume.size:
            _kept(given.hq, source, volume.upto)
        if volume.last:
            return written
        begin = volume.upto


@contextmanager
def _volume(given: Packing, source: Node | Api, begin: Place | None) -> Iterator[ContentsExport]:
    if isinstance(source, Node):
        yield export_volume(source, given.hq, begin, given.limit, again=given.again, plain=given.plain)
        return
    where = {} if begin is None else {"first": begin.seq, "offset": begin.offset}
    path = f"/partners/{given.hq}/courier/contents"
    with source.fetch(path, **where, volume=given.limit, again=given.again) as (said, pieces):
        yield ContentsExport(
            Place(int(said["renkei-first"]), int(said["renkei-first-offset"])),
            Place(int(said["renkei-upto"]), int(said["renkei-upto-offset"])),
            int(said["renkei-contents"]),
            int(said["renkei-bytes"]),
            said["renkei-last"] == "true",
            pieces,
        )


def _kept(hq: str, source: Node | Api, upto: Place) -> None:
    if isinstance(source, Node):
        source.line(hq).contents.couriered(upto)
    else:
        source.post(f"/partners/{hq}/courier/contents/carried", {"upto": upto.seq, "offset": upto.offset})


def parse_place(text: str | None) -> Place | None:
    """The place written as ``ENTRY`` or ``ENTRY:OFFSET``.  Raises BadInput."""
    if text is None:
        return None
    match = _PLACE.fullmatch(text.strip())
    if match is None:
        raise BadInput("courier.first", "an entry's number, or ENTRY:OFFSET", text[:40])
    return Place(int(match[1]), int(match[2] or 0))
