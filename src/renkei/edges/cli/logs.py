"""``renkei log``: verify, show and export the logs of a data folder, beside the running node.

An export is two files.  ``FILE`` has one entry a line, its bytes exactly as logged.  Of a partner log,
whose entries are commitments, a line is ``{"salt":"...","record":...}``, what the entry commits to, or
``{"commitment":"..."}`` where that was taken back.  (What contains a newline, which only a foreign node would
write, stands as ``{"base64":"..."}``, the entry, or ``{"body":"..."}``, salt and record.)
``FILE.checkpoint`` is the signed tree head over exactly these entries.  ``renkei log check`` proves one
against the other with nothing but the signer's card.
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter
from cyclopts.validators import Number

from ...kernel.errors import BadInput, TheirFault
from ...kernel.identity import Identity, read_card
from ...kernel.log.checkpoint import (
    Checkpoint,
    NoteVerifier,
    open_checkpoint,
    peek_checkpoint,
    sign_checkpoint,
)
from ...kernel.log.commitments import SALT_BYTES, commitment, said_in
from ...kernel.log.merkle import Frontier, leaf_hashes
from ...kernel.log.sqlite import SqliteLog
from .app import Local
from .local import LocalNode, iso, read_file, write_new
from .proving import PARTNER_CHECKPOINT, RECEIPT, Verified, verify_named

log_app = App(name="log", help="The logs: verify, show, export.")

AT_A_TIME = 1024
"""Entries hashed or written in one go."""
MAX_LINE_BYTES = 2 * 1024 * 1024
"""One line of an exported log: an entry of at most 1 MiB, or its base64."""
_SALT, _RECORD = b'{"salt":"', b'","record":'
LOG_NAMES = "master, audit, HQ.sent or HQ.received"
Some = Annotated[int, Parameter(validator=Number(gte=1, lte=100_000))]
Place = Annotated[int, Parameter(name="--from", validator=Number(gte=0))]


@log_app.command
def verify(*names: str, local: Local | None = None) -> int:
    """Recompute logs from their entries: numbering, tree, versions, and the signatures over them.

    Exit status 1 if anything contradicts.

    Parameters
    ----------
    names
        Which: master, audit, HQ.sent or HQ.received; all of them if left out.
    """
    local = local or Local()
    node = LocalNode(local.data)
    found: list[Verified] = []
    with local.out.progress("verifying", None) as ticker:
        for name in names or node.log_names():
            ticker.start(name, None)
            found.append(verify_named(node, name, ticker.to))
    return tell_verified(local, found)


def tell_verified(local: Local, found: list[Verified], more: dict[str, Any] | None = None) -> int:
    """Print what was found; the exit status."""
    sound = all(one.sound for one in found)
    if local.json:
        logs = [msgspec.to_builtins(one) | {"sound": one.sound} for one in found]
        local.out.data({"sound": sound, "logs": logs} | (more or {}))
        return 0 if sound else 1
    rows = [
        {
            "log": one.name,
            "entries": one.entries,
            "signed for": one.signed,
            "receipt for": one.receipted,
            "result": "sound" if one.sound else f"{len(one.findings)} contradictions",
        }
        for one in found
    ]
    local.out.table(("log", "entries", "signed for", "receipt for", "result"), rows)
    for one in found:
        for finding in one.findings:
            local.out.say(f"{one.name}: {finding.code} at {finding.where}")
            local.out.say(f"  expected  {finding.expected}")
            local.out.say(f"  came      {finding.came}")
    return 0 if sound else 1


@log_app.command
def show(
    name: str,
    /,
    *,
    first: Place | None = None,
    limit: Some = 20,
    raw: Annotated[bool, Parameter(help="The entries' exact bytes, one a line.")] = False,
    local: Local | None = None,
) -> None:
    """Print entries of a log, by default the newest.  For whoever may read the data folder anyway.

    Parameters
    ----------
    name
        Which log: master, audit, HQ.sent or HQ.received.
    first
        The number of the first entry to show.
    limit
        How many.
    """
    local = local or Local()
    node = LocalNode(local.data)
    with node.log(name) as log:
        start = max(0, log.size - limit) if first is None else first
        found = [
            ({"seq": pack.first + place, "loggedAt": iso(pack.logged_at)}, entry)
            for pack in log.read(start, limit)
            for place, entry in enumerate(said_in(pack))
        ]
    columns: tuple[str, ...]
    if local.json:
        local.out.data([about | {"entry": _whole(entry)} for about, entry in found])
    elif raw:
        for _, entry in found:
            local.out.say((entry or b"").decode("utf-8", "backslashreplace"))
    elif name == "audit":
        columns = ("seq", "loggedAt", "account", "action", "object", "outcome", "why", "count")
        local.out.table(columns, [about | _fields(entry) for about, entry in found])
    else:
        columns = ("seq", "loggedAt", "kind", "id", "version", "by", "classification")
        local.out.table(columns, [about | _header(entry) for about, entry in found])


def _fields(entry: bytes | None) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(entry or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _header(entry: bytes | None) -> dict[str, Any]:
    """What a table shows of a record; one whose body is gone shows that."""
    if entry is None:
        return {"kind": "(taken back)"}
    fields = _fields(entry)
    label = fields.get("label")
    return {
        "kind": fields.get("kind"),
        "id": fields.get("id"),
        "version": fields.get("version", 1),
        "by": fields.get("by"),
        "classification": label.get("classification") if isinstance(label, dict) else None,
    }


def _whole(entry: bytes | None) -> Any:
    """None if the body is gone."""
    return None if entry is None else _fields(entry) or {"base64": base64.b64encode(entry).decode()}


# --- exporting --------------------------------------------------------------------------------------------


@log_app.command
def export(name: str, /, *, to: Path, local: Local | None = None) -> None:
    """Write a log's entries to a file, one a line, and beside it the signed checkpoint that covers them.

    Parameters
    ----------
    name
        Which log: master, audit, HQ.sent or HQ.received.
    to
        The file to write, which must not be there; the checkpoint goes into FILE.checkpoint.
    """
    local = local or Local()
    size, _ = write_export(local, LocalNode(local.data), name, to)
    beside = checkpoint_path(to)
    told = {"log": name, "file": str(to), "checkpoint": str(beside), "entries": size}
    local.out.data(told, text=f"{size} entries in {to}, covered by {beside}")


def write_export(local: Local, node: LocalNode, name: str, to: Path) -> tuple[int, bytes]:
    """Write the log ``name`` to ``to`` and its checkpoint beside it; its size, and the receipt if any."""
    beside = checkpoint_path(to)
    for path in (to, beside):
        if path.exists():
            raise BadInput("file.write", "a new file", f"{path} is there already")
    with node.log(name) as log:
        size, note = _checkpoint_of(node, name, log)
        receipt = log.fact(RECEIPT) or b""
        try:
            with to.open("xb") as file, local.out.progress(f"exporting {name}", size) as ticker:
                for done, line in enumerate(_lines(log, size), 1):
                    file.write(line + b"\n")
                    if done % AT_A_TIME == 0:
                        ticker.to(done)
        except BaseException:
            to.unlink(missing_ok=True)
            raise
    write_new(beside, note)
    return size, receipt


def checkpoint_path(path: Path) -> Path:
    """Where the checkpoint for an exported log stands."""
    return path.with_name(path.name + ".checkpoint")


def _checkpoint_of(node: LocalNode, name: str, log: SqliteLog) -> tuple[int, bytes]:
    """How much of the log a checkpoint covers, and the checkpoint.

    Of a partner's log its own newest one; of ours one made now, which is safe since the log only grows.
    """
    if name.endswith(".received"):
        note = log.fact(PARTNER_CHECKPOINT)
        if note is None:
            raise BadInput(
                "log.checkpoint", "a log that the partner has signed for", "one without a checkpoint"
            )
        return peek_checkpoint(note).size, note
    head = log.seal()
    signer = Identity.load(node.folder.keys).signer
    return head.size, sign_checkpoint(Checkpoint(log.origin, head.size, head.root), signer)


def _lines(log: SqliteLog, size: int) -> Iterator[bytes]:
    for pack in log.read(0, size):
        if pack.bodies:
            yield from map(_body_line, pack.entries, pack.bodies)
        else:
            yield from map(_line, pack.entries)


def _line(entry: bytes) -> bytes:
    return _in_base64("base64", entry) if _breaks(entry) else entry


def _body_line(entry: bytes, body: bytes | None) -> bytes:
    if body is None:
        return _in_base64("commitment", entry)
    salt, record = body[:SALT_BYTES], body[SALT_BYTES:]
    if _breaks(record):
        return _in_base64("body", body)
    return _SALT + base64.b64encode(salt) + _RECORD + record + b"}"


def _breaks(line: bytes) -> bool:
    return b"\n" in line or b"\r" in line


def _in_base64(name: str, found: bytes) -> bytes:
    return msgspec.json.encode({name: base64.b64encode(found).decode()})


# --- checking an export -------------------------------------------------------------------------------------


@log_app.command
def check(file: Path, /, *, card: Path, local: Local | None = None) -> int:
    """Prove an exported log: its entries against the checkpoint beside it, the signature by a card's key.

    Needs no node.  Exit status 1 if it does not hold.

    Parameters
    ----------
    file
        The exported entries; FILE.checkpoint must stand beside it.
    card
        The card of the headquarters that signed, whose fingerprint you have checked.
    """
    local = local or Local()
    signer = read_card(read_file(card))
    keys = [NoteVerifier(f"{signer.hq}/renkei", period.key) for period in reversed(signer.keys)]
    signed = open_by_any(read_file(checkpoint_path(file)), keys)
    edge = Frontier()
    with local.out.progress("checking", signed.size) as ticker:
        for leaves in _leaves(file):
            edge.extend(leaves)
            ticker.to(edge.size)
    if edge.size != signed.size:
        raise TheirFault("log.size", f"the {signed.size} entries signed for", f"{edge.size}")
    if (edge.root() if edge.size else signed.root) != signed.root:
        raise TheirFault("log.root", "the root signed for", "entries with another root")
    told = {"origin": signed.origin, "entries": signed.size, "signedBy": signer.hq, "sound": True}
    local.out.data(told, text=f"sound: {signed.size} entries of {signed.origin}, signed by {signer.hq}")
    return 0


def open_by_any(note: bytes, keys: list[NoteVerifier]) -> Checkpoint:
    """The checkpoint in ``note``, signed by the first of ``keys`` that did.  Raises TheirFault."""
    for key in keys[:-1]:
        try:
            return open_checkpoint(note, key)
        except TheirFault as err:
            if err.code != "checkpoint.unknown-key":
                raise
    return open_checkpoint(note, keys[-1])


def _leaves(file: Path) -> Iterator[list[bytes]]:
    """The leaf hashes of a file's entries, some at a time."""
    waiting: list[bytes] = []
    try:
        with file.open("rb") as lines:
            while line := lines.readline(MAX_LINE_BYTES):
                if not line.endswith(b"\n"):
                    raise BadInput("log.line", f"whole lines of at most {MAX_LINE_BYTES} bytes", "another")
                waiting.append(_entry(line[:-1]))
                if len(waiting) == AT_A_TIME:
                    yield leaf_hashes(waiting)
                    waiting = []
    except OSError as err:
        raise BadInput("file.read", "a readable file", f"{file}: {err.strerror}") from None
    if waiting:
        yield leaf_hashes(waiting)


def _entry(line: bytes) -> bytes:
    """The entry a line stands for."""
    if line.startswith(_SALT):
        salt, between, record = line[len(_SALT) :].partition(_RECORD)
        if between and record.endswith(b"}"):
            return commitment(_from_base64(salt) + record[:-1])
    for name in ("base64", "body", "commitment"):
        if line.startswith(b'{"%s":' % name.encode()):
            found = _from_base64(_only(line, name))
            return commitment(found) if name == "body" else found
    return line


def _only(line: bytes, name: str) -> str:
    try:
        return msgspec.json.decode(line, type=dict[str, str])[name]
    except (msgspec.DecodeError, KeyError):
        raise BadInput("log.line", "an entry, or one in base64", "something else") from None


def _from_base64(text: str | bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise BadInput("log.line", "an entry, or one in base64", "something else") from None
