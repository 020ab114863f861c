"""The room's two tables, and the facts gathered from them.

One row per request or task, and one per record that says something about it.  Rows carry their record's
label, so a state is computed from what the reader may see and from nothing else; what says something
counts only if it comes from the headquarters that was asked.  Newer versions replace older ones row by
row, so the order of folding leaves no trace.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import apsw
import msgspec

from renkei.kernel.desk import Desk
from renkei.kernel.records import Record, Unknown
from renkei.kernel.views.base import Folded

from . import states
from .records import Acknowledgement, Answer, Commitment, Read, Request, Task, TaskReport
from .states import Answered, Delivery, Facts, Promised

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LATEST = (datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND

Delivered = Callable[[Sequence[str], str], Mapping[str, Delivery]]
"""How far records of ours have got on their way to a partner: (record ids, partner) to a word for each."""

SCHEMA = """
CREATE TABLE coordination_asked (
    row INTEGER PRIMARY KEY, label INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
    asker TEXT NOT NULL, answerer TEXT NOT NULL, asked_at INTEGER NOT NULL, withdrawn INTEGER NOT NULL
) STRICT;
CREATE INDEX coordination_asked_by_kind ON coordination_asked (kind, asked_at);
CREATE UNIQUE INDEX coordination_asked_by_id ON coordination_asked (id);
CREATE TABLE coordination_said (
    row INTEGER PRIMARY KEY, label INTEGER NOT NULL, id TEXT NOT NULL, about TEXT NOT NULL,
    owner TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL, outcome TEXT NOT NULL,
    review_at INTEGER, progress TEXT NOT NULL, what TEXT NOT NULL, unit TEXT NOT NULL,
    quantity REAL NOT NULL, quantity_done REAL NOT NULL
) STRICT;
CREATE INDEX coordination_said_about ON coordination_said (about, owner);
"""


class CoordinationView:
    """Folds requests and tasks, and what is said about them, into two tables."""

    name = "coordination"
    version = 1
    schema = SCHEMA
    kinds = frozenset({"request", "task", "read", "acknowledgement", "answer", "commitment", "task-report"})

    def fold(self, db: apsw.Cursor, batch: Sequence[Folded]) -> None:
        """Replace the rows of every record of which this is the newest version."""
        asked: list[tuple[object, ...]] = []
        said: list[tuple[object, ...]] = []
        gone: list[tuple[int]] = []
        for item in batch:
            if not item.newest or isinstance(item.record, Unknown):
                continue
            if isinstance(item.record, Request | Task):
                asked.append(_asked_row(item, item.record))
            elif row := _said_row(item, item.record):
                said.append(row)
            else:  # it no longer says what it is about, so what it said before must not count on
                gone.append((item.row,))
                said = [row for row in said if row[0] != item.row]
        if asked:
            db.executemany("INSERT OR REPLACE INTO coordination_asked VALUES (?,?,?,?,?,?,?,?)", asked)
        if gone:
            db.executemany("DELETE FROM coordination_said WHERE row = ?", gone)
        if said:
            marks = ",".join("?" * 14)
            db.executemany(f"INSERT OR REPLACE INTO coordination_said VALUES ({marks})", said)  # noqa: S608


def _ms(moment: datetime) -> int:
    """``moment`` as milliseconds since 1970, kept within what ``moment`` turns back.

    A partner's record is folded as it came: no time in it may break the fold or a later read.
    """
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0, min((aware - _EPOCH) // _MILLISECOND, _LATEST))


def _ms_or_none(moment: datetime | None) -> int | None:
    return None if moment is None else _ms(moment)


def moment(ms: int) -> datetime:
    """The instant that the tables hold as milliseconds since 1970."""
    return _EPOCH + ms * _MILLISECOND


def _asked_row(item: Folded, record: Request | Task) -> tuple[object, ...]:
    when = record.asked_at if isinstance(record, Request) else record.set_at
    head = (item.row, item.label, record.id, record.kind, record.owner, record.to)
    return (*head, _ms(when), int(record.withdrawn))


def _said_row(item: Folded, record: Record) -> tuple[object, ...] | None:
    """A row, or None for a record about something this node was not given."""
    about, outcome, review, progress = "", "", None, ""
    what, unit, quantity, done = "", "", 0.0, 0.0
    if isinstance(record, Read | Acknowledgement):
        about = record.about or ""
    elif isinstance(record, Answer):
        about, outcome, review = record.request or "", record.outcome, _ms_or_none(record.review_at)
    elif isinstance(record, Commitment):
        about, progress = record.request or "", record.state
        what, unit = record.what, record.unit
        quantity, done = record.quantity, record.quantity_done
    elif isinstance(record, TaskReport):
        about, outcome, progress = record.task or "", record.outcome, record.progress
    if not about:
        return None
    head = (item.row, item.label, record.id, about, record.owner, record.kind, _ms(record.at))
    return (*head, outcome, review, progress, what, unit, quantity, done)


class Standing(msgspec.Struct, gc=False):
    """Facts about one request or task being gathered; ``said`` has kind and id of each thing said."""

    asker: str
    answerer: str
    withdrawn: bool
    read_at: int | None = None
    acknowledged: bool = False
    answers: list[Answered] = []
    promises: list[Promised] = []
    said: list[tuple[str, str]] = []

    def heard(self) -> bool:
        """Whether the answerer has said anything at all."""
        return bool(self.answers or self.promises or self.acknowledged or self.read_at is not None)

    def facts(self, delivery: Delivery) -> Facts:
        """What the state table looks at."""
        return Facts(
            withdrawn=self.withdrawn,
            delivery=delivery,
            read=self.read_at is not None,
            acknowledged=self.acknowledged,
            answers=tuple(self.answers),
            promises=tuple(self.promises),
        )


def gather(desk: Desk, where: str, values: tuple[object, ...], limit: int) -> dict[str, Standing]:
    """By id, newest first: the facts of the requests or tasks that ``where`` (our own SQL) finds."""
    asked = desk.views.rows(
        "SELECT id, asker, answerer, withdrawn FROM coordination_asked "  # noqa: S608 - our own words
        f"WHERE {{visible}} AND {where} ORDER BY asked_at DESC, row DESC LIMIT ?",
        (*values, limit),
    )
    found = {
        str(id_): Standing(asker, answerer, bool(withdrawn)) for id_, asker, answerer, withdrawn in asked
    }
    hear(desk, found)
    return found


def hear(desk: Desk, found: dict[str, Standing]) -> None:
    """Put what the answerers said, as far as the reader may see it, into the facts of what was ``found``."""
    said = desk.views.rows(
        "SELECT about, owner, id, kind, at, outcome, review_at, progress, what, unit, quantity, "
        "quantity_done FROM coordination_said WHERE {visible} AND about IN (SELECT value FROM json_each(?))",
        (msgspec.json.encode(list(found)).decode(),),
    )
    for about, owner, *rest in said:
        standing = found[about]
        if owner == standing.answerer:
            _take(standing, rest)


def _take(standing: Standing, said: Sequence[Any]) -> None:
    """One thing the answerer said, into the facts."""
    id_, kind, at, outcome, review_at, progress, what, unit, quantity, done = said
    standing.said.append((kind, id_))
    if kind == "read":
        standing.read_at = min(at, standing.read_at if standing.read_at is not None else at)
    elif kind == "acknowledgement":
        standing.acknowledged = True
    elif kind == "answer":
        review = None if review_at is None else moment(review_at)
        standing.answers.append(Answered(moment(at), outcome, review))
    elif kind == "commitment":
        standing.promises.append(Promised(progress, what, unit, quantity, done))
    elif kind == "task-report":
        answer, promise = states.reported(moment(at), outcome, progress)
        standing.answers.append(answer)
        standing.promises.append(promise)


def delivered(desk: Desk, found: Mapping[str, Standing], delivery: Delivered) -> dict[str, Delivery]:
    """Received, what is here from elsewhere, stays here, or was answered; of the rest what the node knows."""
    under_way: defaultdict[str, list[str]] = defaultdict(list)
    for record_id, standing in found.items():
        if desk.hq == standing.asker != standing.answerer and not standing.heard():
            under_way[standing.answerer].append(record_id)
    arrived: dict[str, Delivery] = dict.fromkeys(found, "received")
    for partner, ids in under_way.items():
        arrived.update(delivery(ids, partner))
    return arrived
