"""``renkei courier``: the link on a disk.  The node must be stopped; its logs have one writer."""

from pathlib import Path
from typing import Any

from cyclopts import App

from ...kernel.errors import BadInput
from ...kernel.partners import Imported
from ..links.courier import peek_courier_file, read_courier_file, write_courier_file
from .app import Local
from .nodes import opened

courier_app = App(name="courier", help="The link on a disk: files that a courier carries.")


@courier_app.command
def export(hq: str, file: Path, /, *, first: int | None = None, local: Local | None = None) -> None:
    """Write everything the partner has not signed for yet to a file for a courier, with our receipts.

    The file is signed but not encrypted: carry it as its label demands.  The node must not be running.

    Parameters
    ----------
    hq
        The partner.
    file
        The file to write, which must not be there.
    first
        Begin at this entry instead; 0 repeats the whole log.
    """
    local = local or Local()
    with opened(local.data) as node:
        line = node.line(hq)
        node.pump()
        begin = line.sender.received if first is None else first
        with local.out.progress("writing bytes", None) as ticker:
            written = write_courier_file(
                file, line.sender, line.receiver, node.clock.now(), first, progress=ticker.to
            )
        upto = line.sender.positions.logged
    told = {"hq": hq, "file": str(file), "first": begin, "size": upto, "bytes": written}
    local.out.data(
        told,
        text=f"entries {begin} to {upto - 1} for {hq} in {file} ({written} bytes)"
        if upto > begin
        else f"no new entries for {hq}; {file} carries our receipts",
    )


@courier_app.command(name="import")
def import_file(file: Path, /, *, local: Local | None = None) -> int:
    """Take in a file that a courier brought.  The node must not be running.

    Exit status 1 if anything in it was refused; what was sound before that is kept.

    Parameters
    ----------
    file
        The courier's file.
    """
    local = local or Local()
    parcel = peek_courier_file(file)
    with opened(local.data) as node:
        if parcel.sender not in node.partners:
            known = ", ".join(node.partners) or "no partner yet"
            raise BadInput("courier.sender", f"a file from one of: {known}", parcel.sender[:80])
        line = node.line(parcel.sender)
        with local.out.progress("reading bytes", file.stat().st_size) as ticker:
            came = read_courier_file(file, line.sender, line.receiver, progress=ticker.to)
        node.pump()
    _tell(local, came)
    return 1 if came.faults or not came.whole else 0


def _tell(local: Local, came: Imported) -> None:
    faults: list[dict[str, Any]] = [
        {"code": f.code, "expected": f.expected, "came": f.came} for f in came.faults
    ]
    told = {
        "from": came.sender,
        "first": came.first,
        "size": came.size,
        "logged": came.logged,
        "receipted": came.receipted,
        "whole": came.whole,
        "faults": faults,
    }
    lines = [f"from {came.sender}: {came.logged} new entries logged, {came.receipted} of ours signed for"]
    lines += [f"refused: {f['code']}\n  expected  {f['expected']}\n  came      {f['came']}" for f in faults]
    local.out.data(told, text="\n".join(lines))
