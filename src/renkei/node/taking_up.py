"""Taking a partner up: what was promised in its entry becomes an agreement in the master log.

The chain reads agreements from the log alone, so that every release can be worked out again.  An entry
under ``partners/`` is what an administrator wrote while the node may have been running; when the node next
opens it, its promise is recorded, once for each promise: a fact beside the master log remembers which.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from ..kernel.identity import PartnerEntry
from ..kernel.ids import new_id
from ..kernel.labels.model import Label
from ..kernel.labels.policy import PolicyBook
from ..kernel.log.base import Draft, Log
from ..kernel.partners.records import EVERY_KIND, Agreement, Cover
from ..kernel.partners.register import Register, lower
from ..kernel.records import Codec

BY = "Administrator (renkei partner add)"
UNCITED = "Granted when the partner was taken up"
Append = Callable[[Sequence[Draft], Mapping[str, bytes]], object]
"""Logs drafts of the node's own and sets facts, in one transaction; durable on return."""
_FACT = "promised/"
_MARK = b'"kind":"release.agreement"'
_SCAN = 4096


def take_up(
    master: Log,
    entry: PartnerEntry,
    book: PolicyBook,
    codec: Codec,
    hq: str,
    realm: str,
    now: datetime,
    append: Append,
) -> int:
    """Record what ``entry`` promises, unless that is done; how many records that took.

    A new promise ends the agreements that it would contradict, and lowers those that go beyond it; one that
    is over ends them all.  ``append`` logs drafts and sets facts in one transaction.
    """
    promise = sha256(
        msgspec.json.encode((entry.since, entry.until, entry.clearance, entry.kinds, entry.cites))
    ).digest()
    if master.fact(_FACT + entry.hq) == promise:
        return 0
    standing = list(_agreements(master, codec, entry.hq, realm))
    first = _first(entry, hq, realm, book.open_label())
    known = next((a for a in standing if a.id == first.id), None)
    others = [a for a in standing if a.id != first.id and (a.until is None or a.until > now)]
    over = entry.until is not None and entry.until <= now
    beside = _ended if over else _beside
    changed = [c for a in others if (c := beside(a, first, now)) is not None]
    if known is None:
        changed.append(first)
    elif entry.until is not None and (known.until is None or entry.until < known.until):
        changed.append(
            msgspec.structs.replace(known, version=known.version + 1, at=now, by=BY, until=entry.until)
        )
    drafts = [Draft(codec.encode(r), r.id, r.version) for r in changed]
    facts = {_FACT + entry.hq: promise}
    if drafts:
        append(drafts, facts)
    else:
        master.set_facts(facts)
    return len(drafts)


def _first(entry: PartnerEntry, hq: str, realm: str, label: Label) -> Agreement:
    """The agreement that says what the entry does; the same id for the same entry."""
    key = sha256(f"{entry.hq} {realm}".encode()).digest()[:10]
    return Agreement(
        id=new_id(hq, entry.since, key),
        realm=realm,
        label=label,
        at=entry.since,
        by=BY,
        partner=entry.hq,
        since=entry.since,
        until=entry.until,
        cites=entry.cites or UNCITED,
        covers=tuple(Cover(kind, entry.clearance) for kind in entry.kinds or (EVERY_KIND,)),
    )


def _beside(standing: Agreement, first: Agreement, now: datetime) -> Agreement | None:
    """What of ``standing`` has to change beside the new promise: its end, its ceilings, or nothing."""
    ceiling = first.covers[0].ceiling
    new = {cover.kind for cover in first.covers}
    if any(cover.kind in new for cover in standing.covers):
        return _ended(standing, first, now)
    covers = tuple(Cover(c.kind, lower(c.ceiling, ceiling)) for c in standing.covers)
    if covers == standing.covers:
        return None
    return msgspec.structs.replace(standing, version=standing.version + 1, at=now, by=BY, covers=covers)


def _ended(standing: Agreement, first: Agreement, now: datetime) -> Agreement:
    """``standing``, over."""
    end = max(now, standing.since)
    return msgspec.structs.replace(standing, version=standing.version + 1, at=now, by=BY, until=end)


def _agreements(master: Log, codec: Codec, partner: str, realm: str) -> Iterable[Agreement]:
    """The newest version of each agreement with ``partner`` in the log."""
    register = Register(partner, realm)
    for first in range(0, master.size, _SCAN):
        for pack in master.read(first, _SCAN):
            for raw in pack.entries:
                if _MARK in raw and isinstance(record := codec.decode(raw), Agreement):
                    register.take(record)
    return register.agreements.values()
