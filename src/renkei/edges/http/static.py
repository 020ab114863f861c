"""The client, as files the node serves itself.

Vite puts hashed files under ``assets/``: these never change and are cached for good.  Everything else is
asked for anew each time, and a path without a file is the client's own (``/incidents``), so it gets
``index.html``.  Single byte ranges are served, which is how the offline base map is read.

Text goes out compressed (gzip, RFC 9110 section 8.4.1.3) to whoever takes it.  A file is compressed when
first asked for and kept in memory; a changed file is compressed anew.  The compressed form has an entity tag
of its own, and ranges are always of the file as it is, so no cache can put pieces of two forms together.
"""

import asyncio
import gzip
import mimetypes
import re
from pathlib import Path

import msgspec

from ...kernel.errors import Refused
from .front import Receive, Scope, Send, answer

DIST = Path(__file__).resolve().parents[2] / "web_dist"
MAX_PIECE = 1024 * 1024
"""Bytes read and sent at a time."""
MIN_COMPRESSED_BYTES = 1024
"""Below it the answer fits one packet either way."""
MAX_COMPRESSED_BYTES = 8 * 1024 * 1024
"""Of one file to compress, and of all compressed forms kept: the whole client takes about 1 MB."""
LEVEL = 9
"""gzip's best: each file is compressed once."""
NOT_BUILT = (
    "<!doctype html><html lang='en'><meta charset='utf-8'><title>Renkei</title>"
    "<h1>Renkei</h1><p>The client is not built. Run <code>make web</code>.</p>"
    "<p>クライアントがまだ作られていません。<code>make web</code> を実行してください。</p></html>"
).encode()
_METHOD = Refused(code="request.method", expected="GET or HEAD", came="another method", status=405)
_RANGE = re.compile(rb"^bytes=(\d{0,15})-(\d{0,15})$")
_SHRINKS = re.compile(r"^text/|^(application/(json|manifest\+json|geo\+json|xml)|image/svg\+xml)$")
_TYPES = {".js": "text/javascript", ".pmtiles": "application/octet-stream", ".woff2": "font/woff2"}


class Form(msgspec.Struct, frozen=True):
    """A file as one kind of reader gets it; ``packed`` is its gzip, or None for the file as it is."""

    path: Path
    size: int
    tag: bytes
    media: str
    packed: bytes | None = None

    @property
    def shrinks(self) -> bool:
        """Whether the file has a compressed form, so that answers depend on what the reader takes."""
        plain = self.media.partition(";")[0]
        return MIN_COMPRESSED_BYTES <= self.size <= MAX_COMPRESSED_BYTES and bool(_SHRINKS.match(plain))


class Static:
    """ASGI: files under ``root``."""

    def __init__(self, root: Path = DIST) -> None:
        self._root = root.resolve()
        self._packed: dict[bytes, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["method"] not in {"GET", "HEAD"}:
            await answer(_METHOD, send)
            return
        found = await asyncio.to_thread(self._form, scope)
        if found is None:
            await _whole(NOT_BUILT, scope, send)
        else:
            await self._send_form(found, scope, send)

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

    def _form(self, scope: Scope) -> Form | None:
        """What to answer with: the file, or its compressed form if the reader takes that and asks for all."""
        path = self._find(scope["path"])
        if path is None:
            return None
        stat = path.stat()
        tag = b"%x-%x" % (stat.st_size, stat.st_mtime_ns)
        form = Form(path, stat.st_size, b'"%s"' % tag, _type(path))
        if not form.shrinks or _asked(scope, b"range") or not _takes_gzip(_asked(scope, b"accept-encoding")):
            return form
        packed = self._pack(path, b"%s %s" % (str(path).encode(), tag))
        return msgspec.structs.replace(form, size=len(packed), tag=b'"%s-gz"' % tag, packed=packed)

    def _pack(self, path: Path, key: bytes) -> bytes:
        """The file's compressed form, remembered."""
        packed = self._packed.get(key)
        if packed is None:
            packed = gzip.compress(path.read_bytes(), LEVEL, mtime=0)
            if sum(map(len, list(self._packed.values()))) + len(packed) > MAX_COMPRESSED_BYTES:
                self._packed = {}
            self._packed[key] = packed
        return packed

    async def _send_form(self, form: Form, scope: Scope, send: Send) -> None:
        headers = self._headers(form)
        if form.tag in _tags(_asked(scope, b"if-none-match")):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        span = _span(scope, form)
        first, last = span or (0, form.size - 1)
        headers += [
            (b"content-type", form.media.encode()),
            (b"content-length", b"%d" % (last - first + 1)),
        ]
        if form.packed is not None:
            headers.append((b"content-encoding", b"gzip"))
        if span is not None:
            headers.append((b"content-range", b"bytes %d-%d/%d" % (first, last, form.size)))
        await send({"type": "http.response.start", "status": 206 if span else 200, "headers": headers})
        if scope["method"] == "GET" and form.packed is None:
            await _send_pieces(form.path, first, last, send)
        body = form.packed or b"" if scope["method"] == "GET" else b""
        await send({"type": "http.response.body", "body": body})

    def _headers(self, form: Form) -> list[tuple[bytes, bytes]]:
        """Those of every answer about ``form``, 304 included."""
        headers = [(b"etag", form.tag), (b"cache-control", self._caching(form.path))]
        if form.packed is None:
            headers.append((b"accept-ranges", b"bytes"))
        if form.packed is not None or form.shrinks:
            headers.append((b"vary", b"accept-encoding"))
        return headers

    def _caching(self, path: Path) -> bytes:
        hashed = path.parent.name == "assets" and path.parent.parent == self._root
        return b"public, max-age=31536000, immutable" if hashed else b"no-cache"


def _asked(scope: Scope, name: bytes) -> bytes:
    """A request header's values, joined."""
    return b", ".join(value for key, value in scope["headers"] if key == name)


def _takes_gzip(accepted: bytes) -> bool:
    """Whether an Accept-Encoding (RFC 9110 section 12.5.3) allows gzip; its own weight beats ``*``."""
    weights: dict[bytes, bool] = {}
    for part in accepted.lower().split(b","):
        coding, _, weight = part.partition(b";")
        weights[coding.strip()] = weight.replace(b" ", b"").rstrip(b"0") not in {b"q=", b"q=0."}
    return weights.get(b"gzip", weights.get(b"*", False))


def _tags(header: bytes) -> set[bytes]:
    """The entity tags in an If-None-Match; weak ones count as equal (RFC 9110 section 13.1.2)."""
    return {tag.strip().removeprefix(b"W/") for tag in header.split(b",")}


def _span(scope: Scope, form: Form) -> tuple[int, int] | None:
    """The one byte range asked for, or None for the whole file (RFC 9110 section 14.2 allows ignoring).

    A range of another form of the file (If-Range, section 13.1.5) is of no use to the reader: all of it then.
    """
    size = form.size
    match = _RANGE.match(_asked(scope, b"range"))
    if match is None or (not match[1] and not match[2]):
        return None
    if (known := _asked(scope, b"if-range")) and known != form.tag:
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
