"""``renkei attach``: files attached to records, at a running node; for partners, by courier."""

import mimetypes
from pathlib import Path
from typing import Any

from cyclopts import App

from ...kernel.errors import BadInput, OurFault
from .app import Local, Remote
from .labelling import label_named
from .nodes import opened
from .packing import pack_contents, unpack_contents
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
def pack(hq: str, file: Path, /, *, local: Local | None = None) -> None:
    """Seal the contents of all attachments that a partner was given into a file for a courier.

    The records travel by themselves; this is what they commit to.  The node must not be running.

    Parameters
    ----------
    hq
        The partner.
    file
        The file to write, which must not be there.
    """
    local = local or Local()
    with opened(local.data) as node, local.out.progress("sealing", None) as ticker:
        written = pack_contents(node, hq, file, ticker.to)
    told = {"hq": hq, "file": str(file), "contents": written}
    local.out.data(told, text=f"{written} contents in {file}")


@attach_app.command
def unpack(file: Path, /, *, local: Local | None = None) -> int:
    """Take in contents that a courier brought, of attachments whose records are here already.

    Each is scanned, and must be what its record commits to.  Exit status 1 if anything was refused; what was
    sound is kept.  The node must not be running.

    Parameters
    ----------
    file
        The courier's file.
    """
    local = local or Local()
    with opened(local.data) as node, local.out.progress("opening", None) as ticker:
        taken, refused = unpack_contents(node, file, ticker.to)
    told = {"taken": taken, "refused": refused}
    lines = [f"{taken} contents taken in", *(f"refused: {code}  {name}" for name, code in refused.items())]
    local.out.data(told, text="\n".join(lines))
    return 1 if refused else 0
