"""The keys of bodies at rest, in a file of their own that can forget.

A file of 32-byte slots: the first is a mark, every other one the key (AES-256) under which one row of bodies
is encrypted, once.  Destroying a key overwrites its slot with zeros and flushes that; there is no journal,
no copy of the slot elsewhere.  Slots are filled some ahead of use, so that their flush is shared.  A slot
is used by the process that filled it or by none: a key never encrypts twice, so one nonce (zeros) does.

The file must not be backed up with the log: whoever has an old copy of both can read what was erased.
"""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..errors import OurFault

KEY_BYTES = 32
MARK = b"renkei shred v1\n".ljust(KEY_BYTES, b"\0")
AHEAD = 64
"""Keys made at a time: one flush for as many commits, and 2 KiB lost at each start."""
_NONCE = bytes(12)
_GONE = bytes(KEY_BYTES)


class ShredFile:
    """The keys beside one log.  ``seal`` and ``destroy`` are for its writer, ``open`` for any thread."""

    def __init__(self, path: Path, read_only: bool = False, used: int = 0) -> None:
        """``used`` is the highest slot named beside the file, which may have been lost and begun anew.

        Raises OurFault if ``path`` is something else.
        """
        self.path = path
        self._used = used
        self._read_only = read_only
        self._fd = -1
        self._ready: list[tuple[int, bytes]] = []
        self._opening = Lock()
        if not read_only:
            self._file()

    def _file(self) -> int:
        """The open file; one only read may come into being after its reader."""
        with self._opening:
            if self._fd < 0:
                self._fd = self._open()
            return self._fd

    def _open(self) -> int:
        try:
            if self._read_only:
                fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            else:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as err:
            raise OurFault("shred.file", f"the file of keys {self.path}", err.strerror or "none") from None
        if os.fstat(fd).st_size < KEY_BYTES and not self._read_only:
            os.pwrite(fd, MARK, 0)
            os.fsync(fd)
            _sync_folder(self.path.parent)
        if os.pread(fd, KEY_BYTES, 0) != MARK:
            os.close(fd)
            raise OurFault("shred.damaged", f"{self.path} to be a file of keys", "another beginning")
        return fd

    def seal(self, plain: bytes, about: bytes) -> tuple[int, bytes]:
        """``plain`` under a key of its own: the key's slot, durable already, and the ciphertext."""
        if not self._ready:
            self._make_ready()
        slot, key = self._ready.pop()
        return slot, AESGCM(key).encrypt(_NONCE, plain, about)

    def _make_ready(self) -> None:
        fd = self._file()
        first = max(-(-os.fstat(fd).st_size // KEY_BYTES), self._used + 1)
        keys = secrets.token_bytes(AHEAD * KEY_BYTES)
        if os.pwrite(fd, keys, first * KEY_BYTES) != len(keys):
            raise OurFault("shred.full", f"room on the disk of {self.path}", "none")
        os.fsync(fd)
        self._ready = [
            (first + at, keys[at * KEY_BYTES : (at + 1) * KEY_BYTES]) for at in reversed(range(AHEAD))
        ]

    def open(self, slot: int, sealed: bytes, about: bytes) -> bytes | None:
        """What ``seal`` was given; None if its key is no more.  Raises OurFault if the bytes are others."""
        key = os.pread(self._file(), KEY_BYTES, slot * KEY_BYTES)
        if len(key) < KEY_BYTES or key == _GONE:
            return None
        try:
            return AESGCM(key).decrypt(_NONCE, sealed, about)
        except (InvalidTag, ValueError):
            raise OurFault("shred.key", f"key {slot} of {self.path} to fit", "bytes under another") from None

    def destroy(self, slots: Iterable[int]) -> None:
        """Forget the keys in ``slots``; durable on return."""
        fd = self._file()
        for slot in slots:
            os.pwrite(fd, _GONE, slot * KEY_BYTES)
        os.fdatasync(fd)

    def close(self) -> None:
        """Close the file."""
        with self._opening:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
