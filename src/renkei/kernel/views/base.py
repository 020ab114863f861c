"""What a view is: tables folded from the logs.

A node folds several logs into one set of tables: its own master log and, for each partner, the log
received.  ``Folded.source`` says which.  The result must not depend on how the logs interleave, only
on what is in them; ``renkei views rebuild`` and the tests hold every view to that.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import apsw
import msgspec

from ..records import Record, Unknown

OWN = ""
"""The source name of the node's own master log; any other source is a partner's HQ id."""


class Folded(msgspec.Struct, frozen=True):
    """One entry on its way into the views.

    ``raw`` is the record as readers get it: the logged bytes with references to this node's own
    records turned from the partner's names for them back into this node's.  ``label`` is the
    label's row number in ``labels``; ``row`` the record's row number in ``records``.  ``newest`` is
    False when a later version of the record has already been folded.
    """

    source: str
    seq: int
    record: Record | Unknown
    raw: bytes
    label: int
    row: int
    logged_at: datetime
    newest: bool


class View(Protocol):
    """A room's tables.  A change of ``version`` makes every node rebuild."""

    name: str
    version: int
    schema: str
    kinds: frozenset[str]

    def fold(self, db: apsw.Cursor, batch: Sequence[Folded]) -> None:
        """Take in a batch of the kinds this view asked for, in order, inside one transaction."""
        ...
