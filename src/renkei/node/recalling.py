"""Who has confirmed a recall, and who has not: notices in the logs sent, held against what partners signed.

A partner's purge record counts only for the very notice it names: one of ours, in the log for that partner,
by the number it has there and with as many entries as it named.  Anything else is named and counts for
nothing.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from ..kernel.log.commitments import said_at
from ..kernel.partners.records import Purge, Recall
from ..kernel.records import Codec
from .lines import PartnerLine

Progress = Literal["unsent", "sent", "received", "confirmed"]
"""How far a partner is: not told yet, told, has signed for the notice, has signed that it has forgotten."""
UNKNOWN, MISMATCH = "purge.unknown", "purge.mismatch"


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """One partner that held a recalled record: how far it is with forgetting it, and since when.

    ``entries`` is how many entries of its log that concerns; ``faults`` are codes of what it signed that
    does not fit our notice.
    """

    hq: str
    progress: Progress
    since: datetime | None
    entries: int
    faults: tuple[str, ...] = ()


def confirmation(
    line: PartnerLine, recall_id: str, purges: Iterable[Purge], codec: Codec
) -> Confirmation | None:
    """How far ``line``'s partner is with our recall; None if it was not given the record at all.

    ``purges`` are that partner's that name the recall, with its names turned back into ours.
    """
    recalled = line.releaser.register.recalls.get(recall_id)
    notices = line.releaser.aliases.seqs(recall_id) if recalled is not None else []
    if recalled is None or not notices:
        return None
    waiting = dict.fromkeys(notices)
    confirmed: datetime | None = None
    faults: list[str] = []
    for purge in purges:
        if purge.upto not in notices or purge.about not in (recalled.about, recalled.id):
            faults.append(UNKNOWN)
        elif purge.named != _named(line, purge.upto, codec):
            faults.append(MISMATCH)
        else:
            waiting.pop(purge.upto, None)
            confirmed = max(purge.at, confirmed or purge.at)
    now = line.sender.state_of(notices[-1])
    progress: Progress = now if waiting else "confirmed"
    told = next(iter(line.sent.read(notices[-1], 1)), None)  # none: the notice is being committed
    since = confirmed if progress == "confirmed" or told is None else told.logged_at
    return Confirmation(
        hq=line.hq, progress=progress, since=since, entries=recalled.entries, faults=tuple(faults)
    )


def _named(line: PartnerLine, seq: int, codec: Codec) -> int:
    """How many entries the notice at ``seq`` names."""
    notice = codec.decode(said_at(line.sent, seq) or b"")
    return len(notice.entries) if isinstance(notice, Recall) else -1
