"""Where a file's bytes are: on disk, or in a call that brought them."""

from io import BytesIO
from pathlib import Path, PurePath
from typing import BinaryIO


class Given:
    """A file that came in a call; readers ask it what they ask one on disk.  Nothing of it is written."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name, self.stem = PurePath(name).name or "file", PurePath(name).stem or "file"
        self.suffix = PurePath(name).suffix
        self._content = content

    def open(self, mode: str = "rb") -> BinaryIO:
        """Its bytes, from the first on."""
        return BytesIO(self._content)

    def read_bytes(self) -> bytes:
        """All of it."""
        return self._content


Source = Path | Given


def size_of(source: Source) -> int:
    """How many bytes there are."""
    return len(source.read_bytes()) if isinstance(source, Given) else source.stat().st_size
