"""What holds of one copy of a log, and what two copies of it say together."""

import json
import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .cards import Card
from .faults import Finding, Unsound
from .logs import Copy, Entry
from .notes import Head, Receipt, ended_by, open_checkpoint, open_receipt
from .trees import consistency, inclusion, root

_ID = re.compile(r"([a-z]{2}(?:\.[a-z0-9-]{1,20}){1,3})/[0-9A-HJKMNP-TV-Z]{26}")


@dataclass
class Checked:
    """What a check came to.  Nothing was found exactly if it is sound.

    ``doubtful`` is what rests on the word of a key that was revoked later: nobody else can tell.
    """

    origin: str = ""
    entries: int = 0
    signed: int = 0
    receipted: int = 0
    receipted_at: datetime | None = None
    taken_back: list[int] = field(default_factory=list)
    purges: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)


def check_log(copy: Copy, owner: Card, holder: Card | None) -> Checked:
    """Check one copy: checkpoint, root, receipt, and what the records say of themselves.

    ``owner`` signed the log's checkpoints; ``holder`` is the partner who countersigned, for a partner log.
    """
    done = Checked(entries=len(copy.entries))
    # 1. The checkpoint, and the root over the entries it covers.
    head = _holds(done, copy, "checkpoint", lambda: open_checkpoint(copy.checkpoint, owner))
    if head is None:
        return done
    done.origin, done.signed = head.origin, head.size
    _check_name(done, copy, owner, holder)
    # 2. The receipt: the holder's word for a tree of the same entries, and so consistent with it.
    receipts: list[Receipt] = []
    if copy.receipt is not None and holder is not None:
        receipt = copy.receipt

        def opened() -> Head:
            came = open_receipt(receipt, owner, holder)
            done.receipted_at = came.at
            if came.head.origin != head.origin:
                raise Unsound(
                    "checkpoint.origin", f"a receipt for {head.origin}", f"one for {came.head.origin}"
                )
            receipts.append(came)
            return came.head

        receipted = _holds(done, copy, "receipt", opened)
        done.receipted = receipted.size if receipted else 0
    # 3. The keys: what was signed by one that was revoked, and not shown to be from before.
    _check_keys(done, copy, owner, receipts[0] if receipts else None)
    # 4. The records.
    _check_records(done, copy, head_parts(head.origin))
    return done


def _check_keys(done: Checked, copy: Copy, owner: Card, receipt: Receipt | None) -> None:
    """Name what a revoked key signed, unless a countersignature from before the revocation covers it."""
    shown = 0
    if receipt is not None and copy.receipt is not None:
        shown = _shown(done, f"{copy.name} receipt", receipt, ended_by(copy.receipt, owner))
    ended = ended_by(copy.checkpoint, owner)
    if ended is not None and shown < done.signed:
        where = f"{copy.name} checkpoint, entries {shown} to {done.signed - 1}"
        expected = f"a key of {owner.hq} in force, or a countersignature from before"
        done.findings.append(Finding("key.revoked", where, expected, str(ended)))


def _shown(done: Checked, place: str, receipt: Receipt, ended: Any) -> int:
    """How many entries the receipt shows to have been signed for before any key was revoked."""
    at, size = f"{receipt.at:%Y-%m-%dT%H:%M:%SZ}", receipt.head.size
    if receipt.ended is not None and receipt.at < receipt.ended.at:
        done.doubtful.append(f"{place}: the time {at} is the word of {receipt.ended}")
        return 0
    for notice in (receipt.ended, ended):
        if notice is not None and receipt.at >= notice.at:
            where = f"{place}, entries 0 to {size - 1}"
            expected = f"signatures from before {notice.at:%Y-%m-%dT%H:%M:%SZ}"
            done.findings.append(Finding("key.revoked", where, expected, f"{at}, by {notice}"))
            return 0
    return size


def _check_name(done: Checked, copy: Copy, owner: Card, holder: Card | None) -> None:
    """That the log is one of the owner's, and kept for the holder if one is given: its name says so."""
    place, parts = f"{copy.name} checkpoint", head_parts(done.origin)
    if parts[1] != owner.hq:
        done.findings.append(
            Finding("checkpoint.origin", place, f"a log of {owner.hq}", f"one named {done.origin[:200]}")
        )
    elif holder is not None and "." in parts[2] and parts[2] != holder.hq:
        done.findings.append(
            Finding("checkpoint.origin", place, f"the log for {holder.hq}", f"one for {parts[2][:80]}")
        )


def head_parts(origin: str) -> list[str]:
    """``renkei``, whose log it is, and for whom (or ``master``, ``audit``); empty where it says none."""
    parts = origin.split("/")
    return parts if len(parts) == 3 and parts[0] == "renkei" else ["", "", ""]


def _holds(done: Checked, copy: Copy, where: str, opened: Any) -> Head | None:
    """Open a note and hold it against the entries; None if it cannot be believed."""
    place = f"{copy.name} {where}"
    try:
        head: Head = opened()
    except Unsound as unsound:
        found = unsound.finding
        done.findings.append(Finding(found.code, place, found.expected, found.came))
        return None
    if head.size > len(copy.leaves):
        expected = f"the {head.size} entries signed for"
        done.findings.append(Finding("log.truncated", place, expected, f"{len(copy.leaves)}"))
    elif root(copy.leaves[: head.size]) != head.root:
        done.findings.append(Finding("log.root", place, f"the root signed for at {head.size}", "another"))
    return head


def _check_records(done: Checked, copy: Copy, origin: list[str]) -> None:
    """Owner, form and versions of every record; every body that is gone named by a recall."""
    partner_log = "." in origin[2]
    versions: dict[str, int] = {}
    recalled: set[int] = set()
    gone: list[int] = []
    for seq, entry in enumerate(copy.entries):
        if partner_log and len(entry.entry) != 32:
            done.findings.append(Finding("entry.form", f"entry {seq}", "a commitment of 32 bytes", "another"))
        if entry.record is None:
            gone.append(seq)
        elif partner_log or origin[-1] == "master":
            record = _record(entry)
            code = record_fault(record, origin[1], versions, gaps=bool(gone))
            if code:
                done.findings.append(Finding(code, f"entry {seq}", *_EXPECTED[code]))
            elif record["kind"] == "release.recall":
                recalled.update(_numbers(record.get("entries")))
            elif record["kind"] == "release.purge":
                done.purges.append(str(record.get("recall", ""))[:100])
    done.taken_back = [seq for seq in gone if seq in recalled]
    done.findings += [
        Finding("entry.withheld", f"entry {seq}", "a body, or a recall that names the entry", "neither")
        for seq in gone
        if seq not in recalled
    ]


_HEADER = {"kind", "id", "label", "at", "by"}
_EXPECTED = {
    "entry.form": ("a record in JSON with kind, id, label, at and by", "another form"),
    "entry.owner": ("a record of the log's owner", "one of another owner"),
    "log.version": ("versions that follow one another from 1", "another version"),
}


def _numbers(value: Any) -> list[int]:
    return [one for one in value if isinstance(one, int)] if isinstance(value, list) else []


def _record(entry: Entry) -> Any:
    assert entry.record is not None
    try:
        return json.loads(entry.record)
    except (ValueError, RecursionError):
        return None


def record_fault(record: Any, owner: str, versions: dict[str, int], *, gaps: bool) -> str:
    """The code of what is wrong with a record, empty if nothing is.

    ``gaps``: entries before it are unknown.  ``versions`` are the newest ones seen by id, and grow.
    """
    if not isinstance(record, dict) or not record.keys() >= _HEADER:
        return "entry.form"
    named = _ID.fullmatch(str(record["id"]))
    if named is None:
        return "entry.form"
    if named[1] != owner:
        return "entry.owner"
    version, known = record.get("version", 1), versions.get(record["id"], 0)
    versions[record["id"]] = max(known, version) if isinstance(version, int) else known
    if not isinstance(version, int):
        return "log.version"
    # Where bodies are gone, the versions between may be among them.
    return "" if version == known + 1 or (gaps and version > known) else "log.version"


# --- two copies ---------------------------------------------------------------------------------------------


def compare(one: Copy, other: Copy, owner: Card) -> dict[str, Any] | None:
    """Evidence that ``owner`` signed two logs of one name, as in link.md section 7; None if it did not.

    Each copy must hold what its own checkpoint covers (``check_log``).  Raises Unsound if the logs
    are two.
    """
    heads = [open_checkpoint(copy.checkpoint, owner) for copy in (one, other)]
    if heads[0].origin != heads[1].origin:
        raise Unsound("checkpoint.origin", f"two copies of {heads[0].origin}", f"one of {heads[1].origin}")
    (old, held), (new, shown) = sorted(zip(heads, (one, other), strict=True), key=lambda pair: pair[0].size)
    leaves = shown.leaves[: new.size]
    if old.size == 0 or root(leaves[: old.size]) == old.root:
        return None
    sender = old.origin.split("/")[1]
    evidence: dict[str, Any] = {
        "code": "checkpoint.fork",
        "expected": "one log, whose every checkpoint extends the ones before",
        "came": "a second one",
        "partner": sender,
        "origin": old.origin,
        "realm": "live",
        "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "held": held.checkpoint.decode(),
        "shown": shown.checkpoint.decode(),
    }
    if old.size < new.size:
        evidence["old_root"] = _text(root(leaves[: old.size]))
        evidence["proof"] = [_text(node) for node in consistency(leaves, old.size)]
    return evidence


def first_difference(one: Copy, other: Copy) -> int | None:
    """The number of the first entry that is not the same in both copies; None if none is."""
    pairs = zip(one.leaves, other.leaves, strict=False)
    return next((seq for seq, (here, there) in enumerate(pairs) if here != there), None)


def item_proof(copy: Copy, seq: int, owner: Card) -> dict[str, Any]:
    """What proves to anybody that entry ``seq`` says what it says: body, audit path, and the signed notes.

    Raises Unsound if the checkpoint does not cover it, or its body is gone.
    """
    head = open_checkpoint(copy.checkpoint, owner)
    if not 0 <= seq < head.size:
        raise Unsound("proof.beyond", f"an entry below {head.size}", f"{seq}")
    body = copy.entries[seq].body or copy.entries[seq].record
    if body is None:
        raise Unsound("proof.body", "an entry whose body is there", "one that was taken back")
    path = inclusion(copy.leaves[: head.size], seq)
    return {
        "proof": "renkei item v1",
        "seq": seq,
        "committed": copy.entries[seq].body is not None,
        "body": _text(body),
        "path": [_text(node) for node in path],
        "checkpoint": copy.checkpoint.decode(),
        **({"receipt": copy.receipt.decode()} if copy.receipt else {}),
    }


def _text(data: bytes) -> str:
    return b64encode(data).decode()
