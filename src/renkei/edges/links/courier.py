"""Courier's files on removable media: written whole or not at all, read piece by piece.

What is inside is ``kernel/partners`` (courier, bundle); here are only files.  A file is written under another
name, flushed and then named, so that a disk pulled out early holds no file that looks
like one.  Entries count as sent only once the file is in its place.  Files are sealed for the partner
unless a caller asks for a plain one, which travels as its labels demand.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from renkei.kernel.errors import BadInput, Unreachable
from renkei.kernel.identity.files import sync_folder
from renkei.kernel.partners import Haul, Header, Imported, Parcel, Receiver, Sender, export_parcel, frames
from renkei.kernel.partners.courier import READ_BYTES
from renkei.node.couriers import Envelope, check_direction, import_pieces, peek

__all__ = [
    "Envelope",
    "check_direction",
    "file_pieces",
    "peek_courier_file",
    "read_courier_file",
    "write_courier_file",
    "write_file",
]

FILE_MODE = 0o600
Progress = Callable[[int], None]
"""Told how many bytes have been written or read so far."""


def write_courier_file(
    path: Path,
    sender: Sender,
    receiver: Receiver,
    at: datetime,
    first: int | None = None,
    upto: int | None = None,
    *,
    envelope: Envelope | None = None,
    lacking: frames.Lacking | None = None,
    progress: Progress | None = None,
) -> int:
    """Write everything since the partner's last receipt (or from ``first``, up to ``upto``) to ``path``.

    Returns its bytes.  Sealed in ``envelope``; plain without one.  Raises BadInput if ``path`` is taken or
    ``first`` is beyond the log, Unreachable if the disk fails; no file is left then, nothing counts as sent.
    """
    upto = sender.positions.logged if upto is None else upto
    pieces = export_parcel(sender, receiver, at, first, upto, counted=False, lacking=lacking)
    written = write_file(path, envelope.seal(pieces) if envelope else pieces, progress)
    sender.couriered(upto)
    return written


def write_file(path: Path, pieces: Iterable[bytes], progress: Progress | None = None) -> int:
    """Put ``pieces`` at ``path``, whole or not at all; its bytes.

    Raises BadInput if ``path`` is taken, Unreachable if the disk fails.
    """
    if path.exists():
        raise BadInput("courier.exists", "a name not yet taken", path.name)
    waiting = path.with_name(f".{path.name}.part")
    try:
        return _write(path, waiting, pieces, progress)
    except OSError as error:
        raise Unreachable("courier.write", f"to write {path.name}", error.strerror or "an error") from error
    finally:
        with contextlib.suppress(OSError):
            waiting.unlink(missing_ok=True)


def read_courier_file(
    path: Path,
    sender: Sender,
    receiver: Receiver,
    *,
    opened: Callable[[Iterable[bytes]], Iterator[bytes]] | None = None,
    haul: Haul | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Take in the file at ``path``; what it came to, damage included (``Imported.events``).

    ``opened`` opens a sealed file (``Envelope.open``); contents of attachments inside go to ``haul``.

    Raises BadInput or TheirFault for a file that is none, not for us from this partner, or sealed by a key
    that is not in force; Unreachable if the disk fails, with what was sound before the failure kept.
    """
    return import_pieces(file_pieces(path, progress), sender, receiver, opened, haul)


def peek_courier_file(path: Path) -> Parcel | Header:
    """From whom and for whom the file at ``path`` is.  Raises BadInput if it is none."""
    return peek(next(file_pieces(path, None), b""))


def _write(path: Path, waiting: Path, pieces: Iterable[bytes], progress: Progress | None) -> int:
    written = 0
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        for piece in pieces:
            file.write(piece)
            written += len(piece)
            if progress is not None:
                progress(written)
        file.flush()
        os.fsync(descriptor)
    waiting.rename(path)
    sync_folder(path.parent)
    return written


def file_pieces(path: Path, progress: Progress | None) -> Iterator[bytes]:
    """The file at ``path``, piece by piece.  Raises Unreachable if the disk fails."""
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
