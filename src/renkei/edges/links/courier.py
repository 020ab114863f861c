"""A courier's file on a disk: the frames of a link, written whole or not at all.

What is inside is ``kernel/partners/courier``.  Here it becomes a file: written under another name,
flushed, and given its own only when complete, so that a disk pulled out early holds no file that looks
like one.  Entries count as sent only once the file is in its place.  The content is signed but not
encrypted: the disk must be, or go as registered mail of its label does.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from renkei.kernel.errors import BadInput, Unreachable
from renkei.kernel.identity.files import sync_folder
from renkei.kernel.partners import (
    Imported,
    Parcel,
    Receiver,
    Sender,
    export_parcel,
    import_parcel,
    peek_parcel,
)
from renkei.kernel.partners.courier import READ_BYTES
from renkei.kernel.partners.frames import End

FILE_MODE = 0o600
_TYPE_AT = 4
"""Where a frame's type byte is (docs/protocol/link.md): after the four bytes of its length."""
Progress = Callable[[int], None]
"""Told how many bytes have been written or read so far."""


def write_courier_file(
    path: Path,
    sender: Sender,
    receiver: Receiver,
    at: datetime,
    first: int | None = None,
    *,
    progress: Progress | None = None,
) -> int:
    """Write everything since the partner's last receipt (or from ``first``) to ``path``; its bytes.

    Raises BadInput if ``path`` is taken or ``first`` is beyond the log, Unreachable if the disk fails;
    no file is left then, and nothing counts as sent.
    """
    if path.exists():
        raise BadInput("courier.exists", "a name not yet taken", path.name)
    waiting = path.with_name(f".{path.name}.part")
    try:
        return _write(path, waiting, export_parcel(sender, receiver, at, first), progress)
    except OSError as error:
        raise Unreachable("courier.write", f"to write {path.name}", error.strerror or "an error") from error
    finally:
        with contextlib.suppress(OSError):
            waiting.unlink(missing_ok=True)


def read_courier_file(
    path: Path, sender: Sender, receiver: Receiver, *, progress: Progress | None = None
) -> Imported:
    """Take in the file at ``path``; what it came to, damage included (``Imported.events``).

    Raises BadInput for a file that is none, or not for us from this partner; Unreachable if the disk
    fails, with what was sound before the failure kept.
    """
    return import_parcel(_pieces(path, progress), sender, receiver)


def peek_courier_file(path: Path) -> Parcel:
    """From whom and for whom the file at ``path`` is.  Raises BadInput if it is none."""
    return peek_parcel(next(_pieces(path, None), b""))


def _write(path: Path, waiting: Path, pieces: Iterator[bytes], progress: Progress | None) -> int:
    written = 0
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        for piece in pieces:
            file.write(piece)
            written += len(piece)
            if progress is not None:
                progress(written)
            if piece[_TYPE_AT] == End.type_byte:  # complete: in its place before the entries count as sent
                file.flush()
                os.fsync(descriptor)
                waiting.rename(path)
                sync_folder(path.parent)
    return written


def _pieces(path: Path, progress: Progress | None) -> Iterator[bytes]:
    done = 0
    try:
        with path.open("rb") as file:
            while piece := file.read(READ_BYTES):
                yield piece
                done += len(piece)
                if progress is not None:
                    progress(done)
    except OSError as error:
        raise Unreachable("courier.read", f"to read {path.name}", error.strerror or "an error") from error
