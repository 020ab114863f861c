"""What must be looked up before a batch from a program is logged; runs in a thread.

A batch of new records of plain kinds never comes here.  One that replaces versions is looked at as the caller
may see them, and kinds that declare moves are held to their room's rules.
"""

from typing import TYPE_CHECKING

from ...kernel.errors import Refused
from ...kernel.people import Person
from ...kernel.views import OWN, Reader
from ...rooms import coordination
from .ingest import Batch
from .problems import NOT_FOUND

if TYPE_CHECKING:
    from ...node import Node

MAX_LOOK_UP = 500
"""Ids looked up in one query, under SQLite's and the reader's limits."""
SEEN_SECONDS = 15.0
"""How long a write waits for the views, before and after it: half of what a client waits for an answer."""
_BEHIND = Refused(
    code="views.behind",
    expected=f"views that follow the log within {SEEN_SECONDS:g} s",
    came="views further behind; nothing was logged",
    status=503,
)
_KIND = Refused(
    code="record.kind", expected="a version of the same kind as the one before", came="another kind"
)
_CUT = Refused(
    code="record.cut",
    expected="a caller cleared for all of the record",
    came="one who sees it in part",
    status=403,
)


def check_batch(node: "Node", person: Person, batch: Batch) -> Refused | None:
    """Why ``person`` may not log ``batch``, or None."""
    if not node.views.wait(OWN, node.master.size - 1, SEEN_SECONDS):
        return _BEHIND
    desk = node.desk(person)
    return _check_updates(desk.views, batch) or _check_moves(node, person, batch)


def _check_updates(reader: Reader, batch: Batch) -> Refused | None:
    """Refused unless the caller sees all of everything that is replaced, each by its own kind."""
    ids = tuple(batch.updates)
    for start in range(0, len(ids), MAX_LOOK_UP):
        some = ids[start : start + MAX_LOOK_UP]
        rows = reader.records_of(some)
        if len(rows) != len(set(some)):
            return NOT_FOUND
        if any(row.kind != batch.updates[row.id] for row in rows):
            return _KIND
        if not all(reader.whole(row) for row in rows):
            return _CUT
    return None


def _check_moves(node: "Node", person: Person, batch: Batch) -> Refused | None:
    """The room's refusal of the first record that its own route would have refused, with its line."""
    if not batch.moves:
        return None
    found = coordination.check_appended(node.desk(person), node.in_force(), [m for _, m in batch.moves])
    if found is None:
        return None
    place, no = found
    return Refused(
        code=no.code,
        expected=f"{no.expected} (line {batch.moves[place][0]})",
        came=no.came,
        status=no.status,
    )
