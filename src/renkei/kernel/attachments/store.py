"""Contents on disk: in encrypted chunks, each content under a key of its own.

A content is a file of chunks, one after another: 12 bytes of nonce, then AES-256-GCM of up to 64 KiB, with
the chunk's number and whether it is the last as additional data.  Every chunk but the last is full, so
any place is found by arithmetic.  The key, 32 bytes, is a file in another folder.  Erasing destroys the key
first: what is left of the content, here or on a backup, says nothing then.

While a content comes in, it stands under ``.part``; its length on disk tells how far it came, and half a
chunk that a crash left is cut off.  What a courier brings may belong further on: whole chunks, sealed as they
will stand in the content, wait beside it under ``.<offset>.ahead``; and under ``.<offset>.new`` until the
file that they came in has proved whole.
"""

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..errors import BadInput, OurFault
from ..identity.files import SECRET_MODE, sync_folder, write_atomically

CHUNK_BYTES = 64 * 1024
"""Of content in a chunk: what a range costs at least, and what an upload's pieces are multiples of."""
KEY_BYTES = 32
_NONCE_BYTES, _TAG_BYTES = 12, 16
_STORED = _NONCE_BYTES + CHUNK_BYTES + _TAG_BYTES
_NAME = re.compile(r"[a-z]{2}(?:\.[a-z0-9-]{1,20}){1,3}~[0-9a-f]{32}")


def name_of(owner: str, content: str) -> str:
    """The name on disk of ``owner``'s content ``content``.  Raises BadInput for what is none."""
    name = f"{owner}~{content}"
    if _NAME.fullmatch(name) is None:
        raise BadInput("attachment.content", "a headquarters' id and 32 hexadecimal digits", "another form")
    return name


def digest_of(salt: bytes, pieces: Iterable[bytes]) -> str:
    """The commitment to a content: SHA-256 over salt and content, in hexadecimal."""
    digest = hashlib.sha256(salt)
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


class AttachmentStore:
    """The contents of one node.  Different contents may be used from different threads."""

    def __init__(self, folder: Path, keys: Path) -> None:
        self.folder, self.keys = folder, keys

    # --- coming in -----------------------------------------------------------------------------------

    def begin(self, name: str) -> None:
        """Make the key of a new content, and an empty file for it.  Raises OurFault if the disk fails."""
        try:
            for folder in (self.folder, self.keys, self.folder / "quarantine"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self._key_path(name), secrets.token_bytes(KEY_BYTES), SECRET_MODE)
            os.close(os.open(self._part(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, SECRET_MODE))
        except OSError as error:
            raise _disk(error) from None

    def received(self, name: str, total: int) -> int:
        """How many bytes of a content of ``total`` have come.  Raises BadInput if none was begun."""
        try:
            stored = self._part(name).stat().st_size
        except OSError:
            raise BadInput("attachment.upload", "an upload that was begun", "another") from None
        return total if stored >= stored_size(total) else stored // _STORED * CHUNK_BYTES

    def put(self, name: str, offset: int, data: bytes, total: int, *, durable: bool = True) -> int:
        """Append ``data``; how far it has come, on the disk on return if ``durable``.

        Raises BadInput unless ``offset`` is where it stands and ``data`` whole chunks, or all that is left;
        OurFault when the disk does not take it: what came before stays.
        """
        have, end = self.received(name, total), offset + len(data)
        if offset != have:
            raise BadInput("attachment.offset", f"what begins at {have}", f"{offset}")
        if end > total or not data or (end < total and len(data) % CHUNK_BYTES):
            expected = f"a multiple of {CHUNK_BYTES} bytes, or what is left of {total}"
            raise BadInput("attachment.piece", expected, f"{len(data)} bytes at {offset}")
        cipher = AESGCM(self._key(name))
        try:
            with self._part(name).open("r+b") as file:
                file.truncate(have // CHUNK_BYTES * _STORED)  # half a chunk that a crash left
                file.seek(0, os.SEEK_END)
                for at in range(0, len(data), CHUNK_BYTES):
                    chunk = data[at : at + CHUNK_BYTES]
                    file.write(_seal(cipher, chunk, (offset + at) // CHUNK_BYTES, total))
                file.flush()
                if durable:
                    os.fsync(file.fileno())
        except OSError as error:
            raise _disk(error) from None
        return end

    # --- by courier: in any order, and nothing before its file has proved whole -----------------------

    def hold(self, name: str, first: int, offset: int, data: bytes, total: int) -> None:
        """Hold ``data`` apart, at the end of what began at ``first``; ``settle`` makes it count.

        Raises BadInput as ``put`` does, OurFault when the disk does not take it.
        """
        end, path = offset + len(data), self._beside(name, first, "new")
        have = first + self._plain(path) if offset > first else first
        if offset != have or first % CHUNK_BYTES:
            raise BadInput("attachment.offset", f"what begins at {have}", f"{offset}")
        if end > total or not data or (end < total and len(data) % CHUNK_BYTES):
            expected = f"a multiple of {CHUNK_BYTES} bytes, or what is left of {total}"
            raise BadInput("attachment.piece", expected, f"{len(data)} bytes at {offset}")
        cipher = AESGCM(self._key(name))
        try:
            with open(path, "ab" if offset > first else "wb", opener=_secret) as file:
                for at in range(0, len(data), CHUNK_BYTES):
                    chunk = data[at : at + CHUNK_BYTES]
                    file.write(_seal(cipher, chunk, (offset + at) // CHUNK_BYTES, total))
        except OSError as error:
            raise _disk(error) from None

    def settle(self, name: str, total: int) -> int:
        """Have what is held count; how many bytes of the content have come without a gap, on the disk."""
        try:
            for path in self.folder.glob(f"{name}.*.new"):
                _flush(path)
                ahead = path.with_suffix(".ahead")
                if self._plain(ahead) < self._plain(path):
                    path.rename(ahead)
                path.unlink(missing_ok=True)
            while (following := self._next(name, total)) is not None:
                self._join(name, *following, total)
            sync_folder(self.folder)
        except OSError as error:
            raise _disk(error) from None
        return self.received(name, total)

    def let_go(self, name: str) -> None:
        """Forget what is held and does not count."""
        for path in self.folder.glob(f"{name}.*.new"):
            path.unlink(missing_ok=True)

    def _next(self, name: str, total: int) -> tuple[Path, int] | None:
        """What waits that goes on where the content stands, and from where; what is behind it goes."""
        have = self.received(name, total)
        for path in sorted(self.folder.glob(f"{name}.*.ahead")):
            first = int(path.suffixes[-2][1:])
            if min(first + self._plain(path), total) <= have:
                path.unlink()
            elif first <= have:
                return path, first
        return None

    def _join(self, name: str, path: Path, first: int, total: int) -> None:
        """Append the stored chunks in ``path`` that the content lacks."""
        have = self.received(name, total) // CHUNK_BYTES
        if have == first == 0:
            path.rename(self._part(name))
            return
        with path.open("rb") as ahead, self._part(name).open("r+b") as file:
            ahead.seek((have - first // CHUNK_BYTES) * _STORED)
            file.truncate(have * _STORED)
            file.seek(0, os.SEEK_END)
            shutil.copyfileobj(ahead, file, _STORED)
            file.flush()
            os.fsync(file.fileno())
        path.unlink()

    def _beside(self, name: str, first: int, state: str) -> Path:
        return self.folder / f"{name}.{first:016}.{state}"

    @staticmethod
    def _plain(path: Path) -> int:
        """Bytes of content in ``path``, its last chunk counted as a full one."""
        return -(-path.stat().st_size // _STORED) * CHUNK_BYTES if path.exists() else 0

    # --- what came ------------------------------------------------------------------------------------

    def keep(self, name: str) -> None:
        """The content is whole and may be had from here on; on the disk on return, or OurFault."""
        try:
            with self._part(name).open("rb") as file:
                os.fsync(file.fileno())
            self._part(name).rename(self.folder / name)
            sync_folder(self.folder)
        except OSError as error:
            raise _disk(error) from None

    def quarantine(self, name: str) -> None:
        """Put what came in aside, still encrypted: nobody is given it."""
        here = self.folder / name
        (here if here.exists() else self._part(name)).rename(self.folder / "quarantine" / name)

    def note_looked(self, name: str) -> None:
        """Note that a scanner has let the content pass."""
        write_atomically(self._looked(name), b"", SECRET_MODE)

    def looked(self, name: str) -> bool:
        """Whether a scanner has let the content pass: not if none was set when it came."""
        return self._looked(name).exists()

    def untouched(self, owner: str, since: datetime) -> list[str]:
        """The contents of ``owner``'s, whole or not, that nothing was written to after ``since``."""
        found = self.folder.glob(f"{owner}~*")
        old = (path for path in found if path.stat().st_mtime < since.timestamp())
        names = {path.name.removesuffix(".part") for path in old}
        return sorted(name for name in names if _NAME.fullmatch(name))

    def stands_for(self, name: str, seq: int) -> None:
        """Note that the content is of the partner's entry ``seq``: it goes when that entry's body does."""
        write_atomically(self.folder / f"{name}.entry", str(seq).encode(), SECRET_MODE)

    def entries(self) -> dict[str, int]:
        """The partners' contents that are here, with the numbers of their entries."""
        paths = (path for path in self.folder.glob("*.entry") if _NAME.fullmatch(path.stem))
        return {path.stem: int(path.read_text()) for path in paths}

    # --- what is here --------------------------------------------------------------------------------

    def has(self, name: str) -> bool:
        """Whether the content is here, whole."""
        return (self.folder / name).exists()

    def put_aside(self, name: str) -> bool:
        """Whether the content is in quarantine."""
        return (self.folder / "quarantine" / name).exists()

    def used(self, owner: str, but: str) -> int:
        """Bytes on disk of all contents of ``owner``'s, in quarantine and under way too, without ``but``."""
        found = [*self.folder.glob(f"{owner}~*"), *self.folder.glob(f"quarantine/{owner}~*")]
        return sum(path.stat().st_size for path in found if not path.name.startswith(but))

    def room(self) -> int:
        """Bytes that the disk has left for contents."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return shutil.disk_usage(self.folder).free

    def names(self) -> list[str]:
        """All contents that are here."""
        return sorted(p.name for p in self.folder.glob("*~*") if _NAME.fullmatch(p.name))

    def read(self, name: str, total: int, first: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from ``first`` up to ``end`` of a content of ``total``, also of one still coming in.

        Raises OurFault when what is on disk is not what was written.
        """
        end = total if end is None else min(end, total)
        path = self.folder / name
        cipher = AESGCM(self._key(name))
        try:
            with (path if path.exists() else self._part(name)).open("rb") as file:
                for number in range(first // CHUNK_BYTES, -(-end // CHUNK_BYTES)):
                    file.seek(number * _STORED)
                    begin = number * CHUNK_BYTES
                    chunk = _open(cipher, file.read(_STORED), number, total)
                    yield chunk[max(first - begin, 0) : end - begin]
        except OSError as error:
            raise OurFault("attachment.file", f"the content {name}", error.strerror or "an error") from None

    def erase(self, name: str) -> bool:
        """Destroy the key, then the content, wherever it stands; whether there was any."""
        key, found = self._key_path(name), False
        if key.exists():
            with key.open("r+b") as file:
                file.write(bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            key.unlink()
            sync_folder(self.keys)
            found = True
        (self.folder / f"{name}.entry").unlink(missing_ok=True)
        self._looked(name).unlink(missing_ok=True)
        beside = [path for state in ("new", "ahead") for path in self.folder.glob(f"{name}.*.{state}")]
        for path in (self.folder / name, self._part(name), self.folder / "quarantine" / name, *beside):
            found |= path.exists()
            path.unlink(missing_ok=True)
        return found

    def _part(self, name: str) -> Path:
        return self.folder / f"{name}.part"

    def _looked(self, name: str) -> Path:
        return self.folder / f"{name}.looked"

    def _key_path(self, name: str) -> Path:
        return self.keys / f"{name}.key"

    def _key(self, name: str) -> bytes:
        try:
            key = self._key_path(name).read_bytes()
        except OSError as error:
            raise OurFault("attachment.key", f"the key of {name}", error.strerror or "none") from None
        if len(key) != KEY_BYTES:
            raise OurFault("attachment.key", f"the key of {name}", "something else")
        return key


def _secret(path: str, flags: int) -> int:
    return os.open(path, flags, SECRET_MODE)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _disk(error: OSError) -> OurFault:
    came = error.strerror or "an error"
    return OurFault("attachment.disk", "a disk that takes the content", came)


def stored_size(total: int) -> int:
    """Bytes on disk of a content of ``total``."""
    return total + -(-total // CHUNK_BYTES) * (_NONCE_BYTES + _TAG_BYTES)


def _about(number: int, total: int) -> bytes:
    last = (number + 1) * CHUNK_BYTES >= total
    return number.to_bytes(8) + bytes([last])


def _seal(cipher: AESGCM, chunk: bytes, number: int, total: int) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, chunk, _about(number, total))


def _open(cipher: AESGCM, stored: bytes, number: int, total: int) -> bytes:
    try:
        return cipher.decrypt(stored[:_NONCE_BYTES], stored[_NONCE_BYTES:], _about(number, total))
    except (InvalidTag, ValueError):
        raise OurFault("attachment.damaged", f"chunk {number} as it was written", "other bytes") from None
