"""What is on the map now: hazards by event, and how old what is shown is."""

from collections.abc import Sequence

import apsw
import msgspec

from renkei.kernel.desk import Desk
from renkei.kernel.records import Record
from renkei.kernel.seen import Seen, look_all
from renkei.kernel.views import Folded, View

from .records import Area, Hazard, Position
from .rules import Freshness, freshness

MAX_HAZARDS = 1_000
"""Hazards in one list: an authority has a handful in force at a time."""


class HazardsView:
    """Finds a hazard by the authority's own name of the event."""

    name = "picture"
    version = 1
    schema = """
CREATE TABLE picture_hazards (
    row INTEGER PRIMARY KEY, label INTEGER NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL,
    authority TEXT NOT NULL, event TEXT NOT NULL, type TEXT NOT NULL, status TEXT NOT NULL,
    issued_at INTEGER NOT NULL
) STRICT;
CREATE INDEX picture_hazards_by_event ON picture_hazards (event, type);
CREATE INDEX picture_hazards_by_status ON picture_hazards (status, issued_at);
"""
    kinds = frozenset({"hazard"})

    def fold(self, db: apsw.Cursor, batch: Sequence[Folded]) -> None:
        """Replace the row of every hazard of which this is the newest version."""
        rows = [
            (f.row, f.label, h.id, h.owner, h.authority, h.event, h.type, h.status, _ms(h))
            for f in batch
            if f.newest and isinstance(h := f.record, Hazard)
        ]
        if rows:
            db.executemany("INSERT OR REPLACE INTO picture_hazards VALUES (?,?,?,?,?,?,?,?,?)", rows)


VIEWS: tuple[View, ...] = (HazardsView(),)


def _ms(hazard: Hazard) -> int:
    return int(hazard.issued_at.timestamp() * 1000)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Something on the map and how fresh it is by its own time."""

    seen: Seen[Record]
    freshness: Freshness


def hazard_of_event(desk: Desk, authority: str, event: str, type_: str) -> Seen[Hazard] | None:
    """This headquarters' own hazard for that event, if there is one."""
    found = desk.views.rows(
        "SELECT id FROM picture_hazards WHERE {visible} AND event = ? AND type = ? AND authority = ? "
        "AND owner = ? ORDER BY row LIMIT 1",
        (event, type_, authority, desk.hq),
    )
    seen = look_all(desk.views, [str(id_) for (id_,) in found], Hazard)
    return seen[0] if seen else None


def hazards(desk: Desk, *, in_force_only: bool = False, limit: int = MAX_HAZARDS) -> list[Shown]:
    """Hazards of all owners, those in force first, the newest report first."""
    wanted = "status = 'in force'" if in_force_only else "status IN ('in force', 'cancelled')"
    found = desk.views.rows(
        f"SELECT id FROM picture_hazards WHERE {{visible}} AND {wanted} "  # noqa: S608 - two fixed texts
        "ORDER BY status DESC, issued_at DESC, row DESC LIMIT ?",
        (min(limit, MAX_HAZARDS),),
    )
    return [shown(desk, s) for s in look_all(desk.views, [str(id_) for (id_,) in found], Hazard)]


def shown(desk: Desk, seen: Seen[Record]) -> Shown:
    """``seen`` with its freshness now.  What is over does not age."""
    record = seen.record
    said_at = record.at
    if isinstance(record, Hazard):
        said_at = desk.clock.now() if record.status == "cancelled" else record.issued_at
    elif isinstance(record, Position):
        said_at = record.observed_at
    elif isinstance(record, Area):
        said_at = record.valid_from or record.at
    return Shown(seen=seen, freshness=freshness(record.kind, said_at, desk.clock.now()))
