"""Key files on disk: written whole or not at all, readable by the node's own account alone.

A write goes to a file of another name in the same folder, is flushed to disk, and takes the real
name in one step; the folder is flushed too, so that after a power cut either the old or the new
content is there.
"""

import os
import stat
from pathlib import Path

from ..errors import OurFault

FOLDER_MODE = 0o700
SECRET_MODE = 0o600
PUBLIC_MODE = 0o644
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
MAX_KEY_FILE_BYTES = 64 * 1024
"""Keys and certificates are under 4 KiB each; anything larger is not one of them."""


def write_atomically(path: Path, data: bytes, mode: int = PUBLIC_MODE) -> None:
    """Put ``data`` at ``path`` with ``mode``, durable on return, never half written.

    Raises OurFault when the file cannot be written; what was there before then stays.
    """
    waiting = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        waiting.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        waiting.unlink(missing_ok=True)
        raise OurFault(
            "file.write", f"to be able to write {path.name}", error.strerror or "an error"
        ) from error


def sync_folder(folder: Path) -> None:
    """Flush the names in ``folder`` to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_private_folder(folder: Path) -> None:
    """Raise OurFault unless ``folder`` is there and closed to everyone else."""
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError as error:
        raise OurFault(
            "keys.folder", f"a folder {folder.name} with keys", error.strerror or "an error"
        ) from error
    if mode & _OTHERS:
        raise OurFault("keys.mode", f"folder {folder.name} with mode {FOLDER_MODE:04o}", f"mode {mode:04o}")


def read_secret(path: Path) -> bytes:
    """The content of a secret file.

    Raises OurFault when it is missing, belongs to somebody else, or others may read or write it;
    the message tells the mode expected and the mode found.
    """
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            data = file.read(MAX_KEY_FILE_BYTES)
    except OSError as error:
        raise OurFault(
            "keys.missing", f"a readable file {path.name}", error.strerror or "an error"
        ) from error
    mode = stat.S_IMODE(found.st_mode)
    if mode & _OTHERS:
        raise OurFault("keys.mode", f"file {path.name} with mode {SECRET_MODE:04o}", f"mode {mode:04o}")
    if found.st_uid not in (os.geteuid(), 0):
        raise OurFault(
            "keys.owner", f"file {path.name} owned by account {os.geteuid()}", f"account {found.st_uid}"
        )
    return data


def read_public(path: Path) -> bytes:
    """The content of a certificate file.  Raises OurFault when it is missing."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_KEY_FILE_BYTES)
    except OSError as error:
        raise OurFault(
            "keys.missing", f"a readable file {path.name}", error.strerror or "an error"
        ) from error
