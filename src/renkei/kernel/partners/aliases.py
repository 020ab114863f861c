"""The names one partner knows this headquarters' records by.

A name is ``ids.alias_of``: a keyed hash, of the same length as the id it stands for.  Forwards it is
computed; backwards it is looked up in the facts of the log sent to that partner, where the releaser set
it in the transaction that first released the record.  So a name that was never released leads nowhere.
"""

from ..errors import OurFault
from ..ids import alias_of
from ..log.base import Log

CACHED_NAMES = 65_536
"""Names kept at hand in each direction, about 16 MB; when so many have gathered, they start afresh."""

_FACT = "alias/"


class Aliases:
    """Own ids to one partner's names for them, and back."""

    def __init__(self, sent: Log, partner_key: bytes) -> None:
        self._sent = sent
        self._key = partner_key
        self._names: dict[str, str] = {}
        self._found: dict[str, str] = {}

    def alias(self, record_id: str) -> str:
        """The partner's name for ``record_id``, released or not."""
        name = self._names.get(record_id)
        if name is None:
            if len(self._names) >= CACHED_NAMES:
                self._names.clear()
            name = self._names[record_id] = alias_of(record_id, self._key)
        return name

    def resolve(self, alias: str) -> str | None:
        """The own id behind ``alias``, or None if no record was released under that name."""
        own = self._found.get(alias)
        if own is None:
            fact = self._sent.fact(_FACT + alias)
            if fact is None:
                return None
            if len(self._found) >= CACHED_NAMES:
                self._found.clear()
            own = self._found[alias] = decode_fact(fact)[0]
        return own

    def newest_seq(self, alias: str) -> int | None:
        """The number, in the log sent, of the newest rendition under ``alias``."""
        fact = self._sent.fact(_FACT + alias)
        return None if fact is None else decode_fact(fact)[1]


def fact_of(alias: str, own_id: str, seq: int) -> tuple[str, bytes]:
    """The fact that keeps the way back: the own id, and the newest rendition's number."""
    return _FACT + alias, f"{own_id} {seq}".encode()


def decode_fact(value: bytes) -> tuple[str, int]:
    """The own id and the number in a fact made by ``fact_of``."""
    own_id, _, seq = value.decode().partition(" ")
    if not seq.isdigit():
        raise OurFault("sent.damaged", "an id and a number behind an alias", "something else")
    return own_id, int(seq)
