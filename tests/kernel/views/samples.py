"""Kinds, a room's view and a node's views over logs in memory, for the tests of views."""

from datetime import UTC, datetime, timedelta

import apsw
import msgspec

from kernel.labels.samples import JP_BOOK, jp_clearance, jp_label
from renkei.kernel.ids import new_id
from renkei.kernel.log.base import Draft
from renkei.kernel.log.memory import MemoryLog
from renkei.kernel.records import Codec, Portion, Record, RecordId, Text
from renkei.kernel.views import OWN, ViewStore

JJOC, USFJ, PCG = "jp.jjoc", "us.usfj", "ph.pcg"
START = datetime(2022, 9, 18, 8, 0, tzinfo=UTC)

OPEN = jp_label("UNCLASSIFIED")
LEVELS = [jp_label(name) for name in ("UNCLASSIFIED", "GUARDED", "SEALED")]
LOW, MIDDLE, HIGH = (jp_clearance(name) for name in ("UNCLASSIFIED", "GUARDED", "SEALED"))


class Detail(Portion, frozen=True, kw_only=True):
    what: str


class Note(Record, frozen=True, kw_only=True, tag="note"):
    text: Text
    more: tuple[Text, ...] = ()
    aside: Text | None = None
    detail: Detail | None = None
    about: RecordId | None = None
    others: tuple[RecordId, ...] = ()


class Mark(Record, frozen=True, kw_only=True, tag="mark"):
    box: tuple[float, float, float, float]
    name: str = ""

    def texts(self):
        if self.name:
            yield None, self.name

    def bounds(self):
        return self.box


class Later(Record, frozen=True, kw_only=True, tag="later"):
    """A kind that this node does not know."""

    text: Text


KINDS = (Note, Mark)
CODEC = Codec(KINDS)
ALL = Codec((*KINDS, Later))


class Answers:
    """A room's view: which notes are about which record, all versions counted."""

    name = "answers"
    version = 1
    schema = """
        CREATE TABLE answers (row INTEGER NOT NULL, label INTEGER NOT NULL, about TEXT, seq INTEGER,
            newest INTEGER NOT NULL, PRIMARY KEY (row, seq));
        CREATE INDEX answers_about ON answers (about);
    """
    kinds = frozenset({"note"})

    def fold(self, db: apsw.Cursor, batch):
        for f in batch:
            if f.newest:
                db.execute("UPDATE answers SET newest = 0 WHERE row = ?", (f.row,))
            db.execute(
                "INSERT INTO answers VALUES (?, ?, ?, ?, ?)",
                (f.row, f.label, f.record.about, f.seq, f.newest),
            )


def key(number: int, owner: str = JJOC) -> str:
    return new_id(owner, START, number.to_bytes(10))


def note(number=1, text="冠水", owner=JJOC, label=OPEN, **fields):
    fields = {"version": 1, "at": START, "by": "Watch officer"} | fields
    text = text if isinstance(text, Text) else Text(text=text, lang="ja")
    return Note(id=key(number, owner), label=label, text=text, **fields)


def mark(number=1, box=(139.0, 35.0, 139.0, 35.0), owner=JJOC, label=OPEN, **fields):
    fields = {"version": 1, "at": START, "by": "Watch officer"} | fields
    return Mark(id=key(number, owner), label=label, box=box, **fields)


class Node:
    """The views of JJOC over its own log and those received from partners."""

    def __init__(self, path=None, resolve=lambda source, alias: None, views=(), codec=CODEC, logs=None):
        self.logs = logs or {name: MemoryLog(f"test/{name or 'master'}") for name in (OWN, USFJ, PCG)}
        self.store = ViewStore(path, codec, JP_BOOK, views, resolve, JJOC)
        self.at = START

    def log(self, *records, source=OWN):
        return self.log_raw(*(ALL.encode(r) for r in records), source=source)

    def log_raw(self, *entries, source=OWN):
        self.at += timedelta(milliseconds=5)
        return self.logs[source].append([Draft(e) for e in entries], self.at)

    def add(self, *records, source=OWN):
        self.log(*records, source=source)
        return self.store.fold(self.logs)

    def reader(self, clearance=HIGH, realm="live"):
        return self.store.reader(realm, clearance)

    def found(self, q, clearance=HIGH):
        return [row.id for row in self.reader(clearance).search(q).rows]


def escaped(record) -> bytes:
    """The record in other JSON of the same meaning: every key and text spelled with escapes."""
    plain = msgspec.json.decode(ALL.encode(record))
    return msgspec.json.encode(plain).replace(b'"label"', b'"\\u006cabel"')
