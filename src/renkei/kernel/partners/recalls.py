"""What was taken back of the log sent to one partner: whose bodies do not travel any more.

A recall (``release.recall``, ADR 0011) names entries of the log sent.  The owner keeps their bodies, to be
able to prove what it said; but what the partner does not have yet it shall not get any more, and so the
sender leaves these bodies out.  Which ones is kept as facts of the log sent, set in the transaction that
releases the recall itself: there is no moment at which the one holds without the other.
"""

from collections.abc import Iterable
from threading import Lock

from ..ids import derived_id
from .log_sent import LogSent

_FACT = "withdrawn/"


class Withdrawn:
    """The numbers of the entries taken back.  Safe from any thread."""

    def __init__(self, sent: LogSent) -> None:
        self._lock = Lock()
        self._seqs = {int(name.removeprefix(_FACT)) for name, _ in sent.facts(_FACT)}

    def __contains__(self, seq: object) -> bool:
        return seq in self._seqs

    def __bool__(self) -> bool:
        return bool(self._seqs)

    def add(self, seqs: Iterable[int]) -> None:
        """These are taken back, and the log sent says so."""
        with self._lock:
            self._seqs = self._seqs | set(seqs)


def facts_of(seqs: Iterable[int]) -> dict[str, bytes]:
    """The facts that say so."""
    return {f"{_FACT}{seq}": b"" for seq in seqs}


def recall_id(own_id: str, version: int) -> str:
    """The id of the recall that ``version`` of a record came to by its label, the same at every run."""
    return derived_id(own_id, b"recall %d" % version)
