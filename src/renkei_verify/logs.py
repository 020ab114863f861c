"""Exported logs: a file of entries, one a line, and beside it FILE.checkpoint and perhaps FILE.receipt.

A line of a log that one headquarters keeps for another is ``{"salt":"...","record":...}`` or
``{"body":"..."}``, what the entry commits to, or ``{"commitment":"..."}`` where the body is gone.  A line of
any other log is the entry itself, or ``{"base64":"..."}``.
"""

import json
from base64 import b64decode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from .faults import Unsound
from .trees import leaf_hash

_SALT, _RECORD = b'{"salt":"', b'","record":'
MAX_LINE_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True)
class Entry:
    """What is in the tree, and what it says; None where the body is gone."""

    entry: bytes
    body: bytes | None
    record: bytes | None


@dataclass(frozen=True)
class Copy:
    """One copy of a log: its entries' leaves, and the notes beside it."""

    name: str
    entries: list[Entry]
    leaves: list[bytes]
    checkpoint: bytes
    receipt: bytes | None


def read_log(path: Path) -> Copy:
    """The copy at ``path``.  Raises Unsound when a line or the checkpoint cannot be read."""
    entries = []
    try:
        with path.open("rb") as lines:
            while line := lines.readline(MAX_LINE_BYTES):
                if not line.endswith(b"\n"):
                    raise ValueError
                entries.append(_entry(line[:-1]))
        checkpoint = path.with_name(path.name + ".checkpoint").read_bytes()
        receipt = path.with_name(path.name + ".receipt")
        found = receipt.read_bytes() if receipt.exists() else None
    except OSError as error:
        raise Unsound("file.read", "a readable file", error.strerror or "none", str(error.filename)) from None
    except (ValueError, KeyError, TypeError):
        raise Unsound(
            "log.line", "an entry in a line", f"another in line {len(entries) + 1}", str(path)
        ) from None
    return Copy(path.name, entries, [leaf_hash(entry.entry) for entry in entries], checkpoint, found)


def commitment(body: bytes) -> bytes:
    """The entry that stands for a body (log.md, 1.1)."""
    return sha256(b"\x01" + body).digest()


def _entry(line: bytes) -> Entry:
    if line.startswith(_SALT):
        salt, _, record = line[len(_SALT) : -1].partition(_RECORD)
        return _said(b64decode(salt, validate=True) + record)
    if line.startswith((b'{"body":', b'{"commitment":', b'{"base64":')):
        ((name, text),) = json.loads(line).items()
        raw = b64decode(text, validate=True)
        if name == "body":
            return _said(raw)
        return Entry(raw, None, None) if name == "commitment" else Entry(raw, None, raw)
    return Entry(line, None, line)


def _said(body: bytes) -> Entry:
    return Entry(commitment(body), body, body[16:])
