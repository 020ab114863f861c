"""``renkei attach``: files attached to records, at a running node; for partners, by courier."""

import mimetypes
from pathlib import Path
from typing import Any

from cyclopts import App

from ...kernel.errors import BadInput, OurFault
from .app import Remote
from .couriers import parse_size, told_of, volume_names
from .either import Either
from .labelling import label_named
from .nodes import opened
from .packing import Packing, parse_place
from .packing import pack as packed
from .work import Label, Language, text, text_of

attach_app = App(name="attach", help="Files attached to requests, incidents and log entries.")

PIECE_CHUNKS = 64
"""Chunks of 64 KiB sent at a time: 4 MiB, under what the node takes in one piece."""


@attach_app.command
def add(
    file: Path,
    /,
    *,
    label: Label = None,
    about: str | None = None,
    name: str | None = None,
    lang: Language = None,
    resume: str | None = None,
    remote: Remote | None = None,
) -> None:
    """Attach a file.  If the line breaks, the same command with --resume goes on where it stood.

    Parameters
    ----------
    file
        The file.
    about
        The record it belongs to, such as a request or a log entry.
    name
        What it is called; the file's own name if left out.
    resume
        The upload to go on with, as told when it was begun.
    """
    remote = remote or Remote()
    api = remote.api()
    size = file.stat().st_size
    if resume is None:
        body: dict[str, Any] = {
            "name": text(name or file.name, lang),
            "size": size,
            "label": label_named(api, label),
            "about": about,
            "media": mimetypes.guess_type(file.name)[0] or "",
        }
        state = api.post("/attachments/uploads", {k: v for k, v in body.items() if v is not None})
        remote.out.note(f"upload {state['id']} (if it breaks off: --resume {state['id']})")
    else:
        state = api.get(f"/attachments/uploads/{resume}")
    if state["size"] != size:
        raise BadInput("attachment.size", f"the file of {state['size']} bytes that was begun", f"{size}")
    path = f"/attachments/uploads/{state['id']}"
    with file.open("rb") as content, remote.out.progress(f"sending {file.name}", size) as ticker:
        while state["received"] < size:
            content.seek(state["received"])
            piece = content.read(PIECE_CHUNKS * int(state["chunk"]))
            if not piece:
                raise BadInput("attachment.size", f"a file of {size} bytes", "one that became shorter")
            state = api.put(path, piece, offset=state["received"])
            ticker.to(state["received"])
    done = api.post(f"{path}/end")["attachment"]
    remote.out.data(done, text=f"attached: {done['record']['id']}")


@attach_app.command
def get(attachment: str, file: Path | None = None, /, *, remote: Remote | None = None) -> None:
    """Save an attachment's content.  If FILE.part is there, goes on where that ends.

    Parameters
    ----------
    attachment
        Its id.
    file
        The file to write, which must not be there; else a file of the attachment's number here.
    """
    remote = remote or Remote()
    api = remote.api()
    size = int(api.get(f"/records/{attachment}")["record"]["size"])
    to = file or Path(attachment.partition("/")[2])
    part = to.with_name(f"{to.name}.part")
    if to.exists():
        raise BadInput("file.write", "a new file", f"{to} is there already")
    have = part.stat().st_size if part.exists() else 0
    with part.open("ab") as content, remote.out.progress("receiving", size) as ticker:
        for piece in api.download(f"/attachments/{attachment}/content", have) if have < size else ():
            content.write(piece)
            have += len(piece)
            ticker.to(have)
    if have != size:
        raise OurFault("attachment.size", f"{size} bytes", f"{have}; {part} keeps them, try again")
    part.rename(to)
    remote.out.data({"file": str(to), "bytes": size}, text=f"{size} bytes in {to}")


@attach_app.command(name="list")
def list_attachments(about: str, /, *, remote: Remote | None = None) -> None:
    """List the attachments of a record.

    Parameters
    ----------
    about
        The record's id.
    """
    remote = remote or Remote()
    found = remote.api().get("/attachments", about=about)
    rows = [
        {
            "name": text_of(item["attachment"]["record"], "name"),
            "bytes": item["attachment"]["record"]["size"],
            "here": item["here"],
            "id": item["attachment"]["record"]["id"],
        }
        for item in found["items"]
    ]
    remote.out.rows(("name", "bytes", "here", "id"), rows, whole=found)
    if not found["scanned"]:
        remote.out.note("this node does not scan what is attached (node.toml, attachments.scan)")


@attach_app.command
def pack(
    hq: str,
    file: Path,
    /,
    *,
    first: str | None = None,
    volume_size: str | None = None,
    either: Either | None = None,
) -> None:
    """Seal the contents of attachments that a partner was given, and lacks, into files for a courier.

    The records travel by themselves; this is what they commit to.  ``renkei courier import`` takes them in.

    Parameters
    ----------
    hq
        The partner.
    file
        The file to write, which must not be there; with --volume-size FILE.001, FILE.002 and so on.
    first
        Begin at this entry's content (or at ENTRY:OFFSET), whatever the partner lacks; 0 repeats everything.
    volume_size
        Split into files of at most so much, such as 700MB or 4GB.
    """
    either = either or Either()
    place, limit = parse_place(first), parse_size(volume_size) if volume_size else None
    given = Packing(hq, place, place is not None, limit, volume_names(file, limit))
    api = either.running()
    with either.out.progress("sealing", None) as ticker:
        if api is not None:
            brought = packed(given, api, ticker.to)
        else:
            with opened(either.data) as node:
                node.pump()
                brought = packed(given, node, ticker.to)
    told = [{"file": each.path.name, "bytes": each.bytes, "contents": each.contents} for each in brought]
    text = "\n".join(told_of(brought)) or f"{hq} lacks no content that we have"
    either.out.data({"hq": hq, "files": told}, text=text)
