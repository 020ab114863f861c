"""The client, as files the node serves itself.

Vite puts hashed files under ``assets/``: these never change and are cached for good.  Everything else is
asked for anew each time, and a path without a file is the client's own (``/incidents``), so it gets
``index.html``.  Single byte ranges are served, which is how the offline base map is read.
"""

import asyncio
import mimetypes
import re
from pathlib import Path

from ...kernel.errors import Refused
from .front import Receive, Scope, Send, answer

DIST = Path(__file__).resolve().parents[2] / "web_dist"
MAX_PIECE = 1024 * 1024
"""Bytes read and sent at a time."""
NOT_BUILT = (
    "<!doctype html><html lang='en'><meta charset='utf-8'><title>Renkei</title>"
    "<h1>Renkei</h1><p>The client is not built. Run <code>make web</code>.</p>"
    "<p>クライアントがまだ作られていません。<code>make web</code> を実行してください。</p></html>"
).encode()
_METHOD = Refused(code="request.method", expected="GET or HEAD", came="another method", status=405)
_RANGE = re.compile(rb"^bytes=(\d{0,15})-(\d{0,15})$")
_TYPES = {".js": "text/javascript", ".pmtiles": "application/octet-stream", ".woff2": "font/woff2"}


class Static:
    """ASGI: files under ``root``."""

    def __init__(self, root: Path = DIST) -> None:
        self._root = root.resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["method"] not in {"GET", "HEAD"}:
            await answer(_METHOD, send)
            return
        found = await asyncio.to_thread(self._find, scope["path"])
        if found is None:
            await _whole(NOT_BUILT, scope, send)
        else:
            await self._send_file(found, scope, send)

    def _find(self, path: str) -> Path | None:
        """The file for ``path``; index.html for what the client routes itself; None if nothing is built."""
        try:
            wanted = (self._root / path.lstrip("/")).resolve()
            if wanted.is_relative_to(self._root) and wanted.is_file():
                return wanted
        except (ValueError, OSError):
            pass  # a null byte or a name too long for the file system: no such file
        index = self._root / "index.html"
        return index if index.is_file() else None

    async def _send_file(self, path: Path, scope: Scope, send: Send) -> None:
        size = path.stat().st_size
        span = _span(scope, size)
        first, last = span or (0, size - 1)
        headers = [
            (b"content-type", _type(path).encode()),
            (b"content-length", b"%d" % (last - first + 1)),
            (b"cache-control", self._caching(path)),
            (b"accept-ranges", b"bytes"),
        ]
        if span is not None:
            headers.append((b"content-range", b"bytes %d-%d/%d" % (first, last, size)))
        await send({"type": "http.response.start", "status": 206 if span else 200, "headers": headers})
        if scope["method"] == "GET":
            await _send_pieces(path, first, last, send)
        await send({"type": "http.response.body", "body": b""})

    def _caching(self, path: Path) -> bytes:
        hashed = path.parent.name == "assets" and path.parent.parent == self._root
        return b"public, max-age=31536000, immutable" if hashed else b"no-cache"


def _span(scope: Scope, size: int) -> tuple[int, int] | None:
    """The one byte range asked for, or None for the whole file (RFC 9110 section 14.2 allows ignoring)."""
    asked = next((value for name, value in scope["headers"] if name == b"range"), b"")
    match = _RANGE.match(asked)
    if match is None or (not match[1] and not match[2]):
        return None
    if not match[1]:
        first, last = max(0, size - int(match[2])), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
    return (first, last) if 0 <= first <= last else None


async def _send_pieces(path: Path, first: int, last: int, send: Send) -> None:
    with path.open("rb") as file:
        file.seek(first)
        left = last - first + 1
        while left > 0:
            piece = await asyncio.to_thread(file.read, min(left, MAX_PIECE))
            if not piece:
                return
            left -= len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})


def _type(path: Path) -> str:
    media = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"{media}; charset=utf-8" if media.startswith("text/") else media


async def _whole(body: bytes, scope: Scope, send: Send) -> None:
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    await send(
        {"type": "http.response.start", "status": 200, "headers": [*headers, (b"cache-control", b"no-cache")]}
    )
    await send({"type": "http.response.body", "body": body if scope["method"] == "GET" else b""})
