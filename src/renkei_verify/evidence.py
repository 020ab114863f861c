"""Evidence (link.md, section 7) and proofs of single items, judged by public keys alone."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

from .cards import Card
from .checks import head_parts, record_fault
from .faults import Unsound
from .logs import commitment
from .notes import Head, ended_by, open_checkpoint, open_receipt
from .trees import is_consistent, is_included, leaf_hash

MAX_NESTING = 64
"""How deep a record's JSON goes at most (log.md, 1.1)."""
MAX_FILE_BYTES = 4 * 1024 * 1024


def read_json(path: Path) -> dict[str, Any]:
    """A file with one JSON object.  Raises Unsound."""
    try:
        data = path.read_bytes()
        found = json.loads(data) if len(data) <= MAX_FILE_BYTES else None
        if isinstance(found, dict):
            return found
    except (OSError, ValueError, RecursionError):
        pass
    raise Unsound("file.json", "a JSON object", "something else", str(path))


def judge(evidence: dict[str, Any], accused: Card) -> bool:
    """Whether ``evidence`` proves what its code says, by the accused headquarters' own signatures."""
    try:
        if evidence["partner"] != accused.hq:
            return False
        shown = open_checkpoint(evidence["shown"].encode(), accused)
        code = evidence["code"]
        if code == "checkpoint.fork":
            return _is_fork(evidence, open_checkpoint(evidence["held"].encode(), accused), shown)
        if code == "entries.rewritten":
            return _is_rewrite(evidence, open_checkpoint(evidence["held"].encode(), accused), shown)
        return code.startswith("entry.") and _is_broken(evidence, code, accused, shown)
    except (Unsound, KeyError, ValueError, TypeError, AttributeError):
        return False


def doubts(notes: dict[str, Any], owner: Card) -> list[str]:
    """Which of the notes in evidence, by name, are by keys that were revoked: by whoever held them, then."""
    found = []
    for name in ("held", "shown"):
        ended = ended_by(str(notes.get(name, "")).encode(), owner) if name in notes else None
        if ended is not None:
            found.append(f"{name}: signed by {ended}")
    return found


def _is_fork(evidence: dict[str, Any], one: Head, other: Head) -> bool:
    old, new = sorted((one, other), key=lambda head: head.size)
    if old.origin != new.origin:
        return False
    if old.size == new.size:
        return old.root != new.root
    claimed, proof = b64decode(evidence["old_root"]), [b64decode(node) for node in evidence.get("proof", ())]
    return claimed != old.root and is_consistent(old.size, new.size, claimed, new.root, proof)


def _is_rewrite(evidence: dict[str, Any], held: Head, shown: Head) -> bool:
    before, now = evidence["held_place"], evidence["shown_place"]
    if held.origin != shown.origin or before[0] != now[0] or before[1] == now[1]:
        return False
    return _in(before, held) and _in(now, shown)


def _is_broken(evidence: dict[str, Any], code: str, accused: Card, shown: Head) -> bool:
    """Not ``entry.realm``: which realm was agreed on is signed nowhere, so anybody could claim another."""
    body, place = b64decode(evidence["body"]), evidence["shown_place"]
    if head_parts(shown.origin)[1] != accused.hq:
        return False
    if leaf_hash(commitment(body)) != b64decode(place[1]) or not _in(place, shown):
        return False
    if code == "entry.size":
        return len(body) > 16 + 262_144
    try:
        record = json.loads(body[16:])
    except (ValueError, RecursionError):
        return code == "entry.form"
    if deep(record):
        return code == "entry.form"
    return record_fault(record, accused.hq, {}, gaps=True) == code


def deep(value: Any, levels: int = MAX_NESTING) -> bool:
    """Whether arrays and objects go deeper than a record's may."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(deep(one, levels - 1) for one in inner)


def _in(place: list[Any], head: Head) -> bool:
    return is_included(
        b64decode(place[1]), place[0], head.size, [b64decode(node) for node in place[2]], head.root
    )


def check_item(proof: dict[str, Any], owner: Card, holder: Card | None) -> dict[str, Any]:
    """What a proof of one item proves: log, number, record, and who received it when.  Raises Unsound."""
    try:
        body, seq = b64decode(proof["body"], validate=True), int(proof["seq"])
        path = [b64decode(node, validate=True) for node in proof["path"]]
        note, receipt = proof["checkpoint"].encode(), proof.get("receipt", "").encode()
        entry, record = (commitment(body), body[16:]) if proof["committed"] else (body, body)
    except (KeyError, ValueError, TypeError, AttributeError):
        raise Unsound("proof.form", "a proof of one item", "another form") from None
    head = open_checkpoint(note, owner)
    if head_parts(head.origin)[1] != owner.hq:
        raise Unsound("checkpoint.origin", f"a log of {owner.hq}", f"one named {head.origin[:200]}")
    if not is_included(leaf_hash(entry), seq, head.size, path, head.root):
        raise Unsound(
            "proof.path", f"a path that leads to the root signed at {head.size}", "one that does not"
        )
    proven: dict[str, Any] = {"origin": head.origin, "seq": seq, "record": record.decode(errors="replace")}
    ended = ended_by(note, owner)
    if receipt and holder is not None:
        came = open_receipt(receipt, owner, holder)
        if came.head == head:
            proven["received"] = came.at.isoformat().replace("+00:00", "Z")
            if came.ended is not None:
                proven["doubtful"] = [f"received: the word of {came.ended}"]
            elif ended is not None and came.at < ended.at:
                ended = None
    if ended is not None:
        expected = f"a key of {owner.hq} in force, or a countersignature from before"
        raise Unsound("key.revoked", expected, str(ended))
    return proven
