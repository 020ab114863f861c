"""``renkei courier``: the link on a disk.

A running node makes and takes in the files itself, over its API, for an administrator's token; a stopped one
is opened here.  A running node also carries by itself where ``node.toml`` names an outbox or inbox
(``links/spool``).
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from cyclopts import App

from ...kernel.errors import BadInput
from ...kernel.partners import MIN_VOLUME_BYTES, Imported, volumes
from ...node import Node, PartnerLine, couriers
from ...node.couriers import Envelope, begins_at, check_outward
from ..links.courier import file_pieces, peek_courier_file, write_courier_file, write_file
from .app import Local
from .client import Api
from .either import Either
from .local import LocalNode
from .nodes import opened
from .packing import Packed, Packing, pack, parse_place

courier_app = App(name="courier", help="The link on a disk: files that a courier carries.")
_SIZE = re.compile(r"(\d{1,12})\s*(|k|M|G)i?B?", re.IGNORECASE)
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}


@courier_app.command
def export(
    hq: str,
    file: Path,
    /,
    *,
    first: int | None = None,
    volume_size: str | None = None,
    contents: bool = False,
    contents_from: str | None = None,
    plain: bool = False,
    either: Either | None = None,
) -> None:
    """Write everything the partner has not signed for yet to a file for a courier, with our receipts.

    For a one-way partner: everything not carried yet.  The file is sealed for the partner and signed by us.

    Parameters
    ----------
    hq
        The partner.
    file
        The file to write, which must not be there; with --volume-size FILE.001, FILE.002 and so on.
    first
        Begin at this entry instead; 0 repeats the whole log.
    volume_size
        Split into files of at most so much, such as 700MB or 4GB.
    contents
        Also the contents of attachments that the partner lacks, in files of their own after these.
    contents_from
        Begin at this entry's content instead (or at ENTRY:OFFSET), whatever the partner lacks.
    plain
        Do not encrypt it: then carry it as its label demands.  The node must not be running.
    """
    either = either or Either()
    limit = parse_size(volume_size) if volume_size else None
    api = either.running()
    brought: list[Packed] = []
    place = parse_place(contents_from)

    def packing(before: int) -> Packing:
        return Packing(hq, place, place is not None, limit, volume_names(file, limit, before), plain)

    if api is not None:
        if plain:
            raise BadInput("courier.plain", "a stopped node for a file that is not sealed", "a running one")
        begin, upto, written = _fetch_all(either, api, hq, file, first, limit)
        if contents or place:
            brought = _pack(either, packing(len(written)), api)
        one_way = LocalNode(either.data).partner(hq).one_way
    else:
        with opened(either.data) as node:
            line = node.line(hq)
            check_outward(line.entry, node.clock.now())
            node.pump()
            begin = begins_at(line) if first is None else first
            written = _write_all(either, node, line, file, begin, limit, plain=plain)
            upto, one_way = line.sender.positions.logged, line.entry.one_way
            if contents or place:
                brought = _pack(either, packing(len(written)), node)
    total = sum(size for _, size in written)
    names = [path.name for path, _ in written]
    told = {"hq": hq, "file": str(file), "first": begin, "size": upto, "bytes": total, "files": names}
    told["contents"] = [{"file": p.path.name, "bytes": p.bytes, "contents": p.contents} for p in brought]
    unconfirmed = " (one-way: the partner cannot confirm it)" if one_way else ""
    text = f"entries {begin} to {upto - 1} for {hq} in {', '.join(names)} ({total} bytes){unconfirmed}"
    if upto <= begin:
        text = f"no new entries for {hq}; {file} carries our receipts"
    either.out.data(told, text="\n".join((text, *told_of(brought, unconfirmed))))


def _pack(local: Local, given: Packing, source: Node | Api) -> list[Packed]:
    with local.out.progress("writing bytes", None) as ticker:
        return pack(given, source, ticker.to)


def volume_names(file: Path, limit: int | None, before: int = 0) -> Callable[[int], Path]:
    """What the volumes of contents are called: after ``before`` others, or FILE.contents for a single one."""

    def name(number: int) -> Path:
        suffix = "contents" if limit is None and before else f"{before + number + 1:03}"
        return file if limit is None and not before else file.with_name(f"{file.name}.{suffix}")

    return name


def told_of(brought: list[Packed], more: str = "") -> list[str]:
    """A line for each volume of contents."""
    return [f"{each.contents} contents in {each.path.name} ({each.bytes} bytes){more}" for each in brought]


def _fetch_all(
    local: Local, api: Api, hq: str, file: Path, first: int | None, limit: int | None
) -> tuple[int, int, list[tuple[Path, int]]]:
    """Where the files begin and end, and every volume's file and bytes, from the running node."""
    begin, end = first, -1
    written: list[tuple[Path, int]] = []
    at = first
    with local.out.progress("writing bytes", None) as ticker:
        while end < 0 or (at is not None and at < end):
            path = file if limit is None else file.with_name(f"{file.name}.{len(written) + 1:03}")
            with api.fetch(f"/partners/{hq}/courier/export", first=at, volume=limit) as (said, pieces):
                size = write_file(path, pieces, ticker.to)
            at = int(said["renkei-upto"])
            begin = int(said["renkei-first"]) if begin is None else begin
            end = int(said["renkei-logged"]) if end < 0 else end
            written.append((path, size))
            api.post(f"/partners/{hq}/courier/carried", {"upto": at})
    return begin or 0, at or 0, written


def _write_all(
    local: Local, node: Node, line: PartnerLine, file: Path, begin: int, limit: int | None, *, plain: bool
) -> list[tuple[Path, int]]:
    """Every volume's file and bytes."""
    envelope = None if plain else Envelope(node.identity, line.entry)
    end = line.sender.positions.logged
    ranges = [(begin, end)] if limit is None else list(volumes(line.sender, begin, limit))
    paths = (
        [file]
        if limit is None
        else [file.with_name(f"{file.name}.{n:03}") for n in range(1, len(ranges) + 1)]
    )
    written = []
    with local.out.progress("writing bytes", None) as ticker:
        for path, (first, upto) in zip(paths, ranges, strict=True):
            size = write_courier_file(
                path,
                line.sender,
                line.receiver,
                node.clock.now(),
                first,
                upto,
                envelope=envelope,
                lacking=line.contents.lacking(),
                progress=ticker.to,
            )
            written.append((path, size))
    return written


@courier_app.command(name="import")
def import_file(file: Path, /, *more: Path, either: Either | None = None) -> int:
    """Take in files that a courier brought, in the order given: entries, and contents of attachments.

    Exit status 1 if anything in them was refused.  Of entries, what was sound before that is kept; of a
    volume of contents that is not whole, nothing.

    Parameters
    ----------
    file
        The courier's file.
    more
        Further volumes.
    """
    either = either or Either()
    told = []
    api = either.running()
    if api is not None:
        for path in (file, *more):
            hq = peek_courier_file(path).sender
            with either.out.progress("reading bytes", path.stat().st_size) as ticker:
                told.append(api.send(f"/partners/{hq}/courier/import", file_pieces(path, ticker.to)))
    else:
        with opened(either.data) as node:
            for path in (file, *more):
                with either.out.progress("reading bytes", path.stat().st_size) as ticker:
                    told.append(_told(take_in(node, path, ticker.to)))
            node.pump()
    _tell(either, told)
    return 1 if any(_refused(one) for one in told) else 0


def _refused(one: dict[str, Any]) -> bool:
    return bool(one["faults"] or not one["whole"] or (one["contents"] or {}).get("refused"))


def take_in(node: Node, path: Path, progress: Any = None) -> Imported:
    """Take in one file.  Raises BadInput or TheirFault for one that is not for us, or not from a partner."""
    sender = peek_courier_file(path).sender
    if sender not in node.partners:
        known = ", ".join(node.partners) or "no partner yet"
        raise BadInput("courier.sender", f"a file from one of: {known}", sender[:80])
    return couriers.take_in(node, sender, file_pieces(path, progress))


def parse_size(text: str) -> int:
    """Bytes in a size such as ``700MB`` (decimal, as media are sold).  Raises BadInput."""
    match = _SIZE.fullmatch(text.strip())
    size = int(match[1]) * _UNITS[match[2].lower()] if match else 0
    if size < MIN_VOLUME_BYTES:
        raise BadInput("courier.volume", f"a size from {MIN_VOLUME_BYTES} bytes up, such as 700MB", text[:40])
    return size


def _told(came: Imported) -> dict[str, Any]:
    return {
        "from": came.sender,
        "first": came.first,
        "size": came.size,
        "logged": came.logged,
        "receipted": came.receipted,
        "whole": came.whole,
        "repeated": came.repeated,
        "faults": [{"code": f.code, "expected": f.expected, "came": f.came} for f in came.faults],
        "contents": None if came.hauled is None else msgspec.to_builtins(came.hauled, str_keys=True),
    }


def _tell(local: Local, told: list[dict[str, Any]]) -> None:
    lines = []
    for one in told:
        known = "; all of it was here already" if one["repeated"] else ""
        new, ours = one["logged"], one["receipted"]
        here = f"{new} new entries logged, {ours} of ours signed for"
        lines.append(f"from {one['from']}: {_contents(one['contents']) or here}{known}")
        for fault in one["faults"]:
            lines += [f"refused: {fault['code']}", f"  expected  {fault['expected']}"]
            lines.append(f"  came      {fault['came']}")
    local.out.data(told[0] if len(told) == 1 else {"files": told}, text="\n".join(lines))


def _contents(came: dict[str, Any] | None) -> str:
    """What a volume of contents came to; empty for a file of entries."""
    if came is None:
        return ""
    taken, coming = len(came["taken"]), len(came["coming"])
    refused = "".join(f"; entry {seq}: {code}" for seq, code in came["refused"].items())
    return f"{taken} contents whole, {coming} wait for further volumes{refused}"
