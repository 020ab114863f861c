"""The desk: everything an action is given.

An action reads views, asks its room's rules, and appends.  It holds nothing itself, so the same
action runs under HTTP, on the command line, in the demo and in a test's world of many headquarters.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from .clock import Clock
from .errors import BadInput
from .ids import new_id
from .labels.policy import PolicyBook
from .people import Person
from .records import Record
from .views import Reader


class Appended(msgspec.Struct, frozen=True):
    """What an append came to: the first entry's number, and the records as logged."""

    seq: int
    records: tuple[Record, ...]


class Writer(Protocol):
    """Puts records into the master log; returns when they are durable."""

    def append(self, records: Sequence[Record]) -> Appended:
        """Log ``records``, all or none.  Raises StaleVersion, or BadInput for a foreign owner."""
        ...


class ReadOnly:
    """The writer of a desk at which nothing is written: one as of a moment past."""

    def append(self, records: Sequence[Record]) -> Appended:
        """Raises BadInput, always."""
        raise BadInput("past.write", "the present, to write", "a moment past")


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """One person's place at one headquarters' node, for the length of one action."""

    hq: str
    realm: str
    person: Person
    clock: Clock
    policies: PolicyBook
    views: Reader
    writer: Writer

    def new_id(self, at: datetime) -> str:
        """A fresh id for a record of this headquarters."""
        return new_id(self.hq, at)
