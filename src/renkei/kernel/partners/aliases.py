"""The names one partner knows this headquarters' records by.

A name is a keyed permutation of the id (``ids.Aliaser``), of the same length as the id it stands for, and
computed in both directions: there is no table of names.  A name that was never released still leads nowhere,
because the way back ends at the log sent, which holds versions under our own ids: an id it has no version of
was never given to the partner.

What the log sent remembers beside its entries, the versions and the number of each record's newest
rendition, stands under our own ids.  Those rise with time, so that a log of millions grows at the end of its
tables (ADR 0002), and they never leave the node.
"""

from collections.abc import Sequence

from ..errors import OurFault
from ..ids import Aliaser
from ..records import is_record_id
from .log_sent import LogSent

CACHED_IDS = 65_536
"""Ids known to be released kept at hand, about 8 MB; when so many have gathered, they start afresh."""

_FACT, _OLDER = "newest/", "older/"


class Aliases:
    """Own ids to one partner's names for them, and back.  Safe from any thread."""

    def __init__(self, sent: LogSent, partner_key: bytes) -> None:
        self._sent = sent
        self._names = Aliaser(partner_key)
        self._released: set[str] = set()

    def alias(self, record_id: str) -> str:
        """The partner's name for ``record_id``, released or not."""
        return self._names.alias(record_id)

    def own(self, alias: str) -> str:
        """The own id that ``alias`` would stand for, released or not."""
        return self._names.own(alias)

    def resolve(self, alias: str) -> str | None:
        """The own id behind ``alias``, or None if no record was released under that name."""
        if not is_record_id(alias):
            return None
        own_id = self._names.own(alias)
        return own_id if self.released(own_id) else None

    def released(self, own_id: str) -> bool:
        """Whether the log sent holds a rendition of ``own_id``."""
        if own_id in self._released:
            return True
        if self._sent.newest_version(own_id) == 0:
            return False
        if len(self._released) >= CACHED_IDS:
            self._released.clear()
        self._released.add(own_id)
        return True

    def seqs(self, own_id: str) -> list[int]:
        """The numbers of all renditions of ``own_id`` in the log sent, rising."""
        newest = self.newest_seq(own_id)
        prefix = f"{_OLDER}{own_id}/"
        older = [int(name.removeprefix(prefix)) for name, _ in self._sent.facts(prefix)]
        return sorted(older) if newest is None else [*sorted(older), newest]

    def newest_seq(self, own_id: str) -> int | None:
        """The number, in the log sent, of the newest rendition of ``own_id``; None if there is none."""
        return self.newest_seqs((own_id,)).get(own_id)

    def newest_seqs(self, own_ids: Sequence[str]) -> dict[str, int]:
        """The same of many, of those that have one."""
        found = self._sent.facts_named([_FACT + own_id for own_id in own_ids])
        if not all(map(bytes.isdigit, found.values())):
            raise OurFault("sent.damaged", "an entry's number beside an id", "something else")
        return {name.removeprefix(_FACT): int(fact) for name, fact in found.items()}


def fact_of(own_id: str, seq: int) -> tuple[str, bytes]:
    """The fact that keeps the number of the newest rendition of ``own_id``."""
    return _FACT + own_id, b"%d" % seq


def facts_of_older(own_id: str, seq: int) -> dict[str, bytes]:
    """The fact that keeps the number of a rendition of ``own_id`` when a newer one takes its place."""
    return {f"{_OLDER}{own_id}/{seq}": b""}
