"""``renkei courier``: the link on a disk.

These commands want the node stopped, since its logs have one writer; a running node carries by itself
where ``node.toml`` names an outbox or inbox (``links/spool``).
"""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from cyclopts import App

from ...kernel.errors import BadInput
from ...kernel.partners import MIN_VOLUME_BYTES, Imported, volumes
from ...node import Node, PartnerLine
from ..links.courier import (
    Envelope,
    check_direction,
    peek_courier_file,
    read_courier_file,
    write_courier_file,
)
from .app import Local
from .nodes import opened

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
    plain: bool = False,
    local: Local | None = None,
) -> None:
    """Write everything the partner has not signed for yet to a file for a courier, with our receipts.

    For a one-way partner: everything not carried yet.  The file is sealed for the partner and signed by us.
    The node must not be running.

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
    plain
        Do not encrypt it: then carry it as its label demands.
    """
    local = local or Local()
    limit = parse_size(volume_size) if volume_size else None
    with opened(local.data) as node:
        line = node.line(hq)
        check_direction(line.entry, outward=True)
        node.pump()
        begin = begins_at(line) if first is None else first
        written = _write_all(local, node, line, file, begin, limit, plain=plain)
        upto = line.sender.positions.logged
    total = sum(size for _, size in written)
    names = [path.name for path, _ in written]
    told = {"hq": hq, "file": str(file), "first": begin, "size": upto, "bytes": total, "files": names}
    unconfirmed = " (one-way: the partner cannot confirm it)" if line.entry.one_way else ""
    local.out.data(
        told,
        text=f"entries {begin} to {upto - 1} for {hq} in {', '.join(names)} ({total} bytes){unconfirmed}"
        if upto > begin
        else f"no new entries for {hq}; {file} carries our receipts",
    )


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
                progress=ticker.to,
            )
            written.append((path, size))
    return written


def begins_at(line: PartnerLine) -> int:
    """The first entry that a file for the partner needs: after its receipt, or what was carried last."""
    return line.sender.carried if line.entry.one_way else line.sender.received


@courier_app.command(name="import")
def import_file(file: Path, /, *more: Path, local: Local | None = None) -> int:
    """Take in files that a courier brought, in the order given.  The node must not be running.

    Exit status 1 if anything in them was refused; what was sound before that is kept.

    Parameters
    ----------
    file
        The courier's file.
    more
        Further volumes.
    """
    local = local or Local()
    told = []
    with opened(local.data) as node:
        for path in (file, *more):
            with local.out.progress("reading bytes", path.stat().st_size) as ticker:
                told.append(_told(take_in(node, path, node.clock.now(), ticker.to)))
        node.pump()
    _tell(local, told)
    return 1 if any(one["faults"] or not one["whole"] for one in told) else 0


def take_in(node: Node, path: Path, now: datetime, progress: Any = None) -> Imported:
    """Take in one file.  Raises BadInput or TheirFault for one that is not for us, or not from a partner."""
    sender = peek_courier_file(path).sender
    if sender not in node.partners:
        known = ", ".join(node.partners) or "no partner yet"
        raise BadInput("courier.sender", f"a file from one of: {known}", sender[:80])
    line = node.line(sender)
    check_direction(line.entry, outward=False)
    envelope = Envelope(node.identity, line.entry)
    return read_courier_file(
        path, line.sender, line.receiver, opened=lambda pieces: envelope.open(pieces, now), progress=progress
    )


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
    }


def _tell(local: Local, told: list[dict[str, Any]]) -> None:
    lines = []
    for one in told:
        known = "; all of it was here already" if one["repeated"] else ""
        new, ours = one["logged"], one["receipted"]
        lines.append(f"from {one['from']}: {new} new entries logged, {ours} of ours signed for{known}")
        for fault in one["faults"]:
            lines += [f"refused: {fault['code']}", f"  expected  {fault['expected']}"]
            lines.append(f"  came      {fault['came']}")
    local.out.data(told[0] if len(told) == 1 else {"files": told}, text="\n".join(lines))
