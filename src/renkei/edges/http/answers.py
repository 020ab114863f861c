"""Records and boards as the API answers them.

A record goes out as the bytes it was logged with wherever the reader may have all of it, which covers fields
this version does not know; otherwise as what is left after cutting.  Around it stands what a person needs
to trust it: the marking, from whom it came, how old it is, and the state of the link it came by.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from ...kernel.labels.model import Label
from ...kernel.labels.policy import PolicyBook
from ...kernel.records import Record, Unknown
from ...kernel.seen import Seen
from ...kernel.views import Reader, Row

if TYPE_CHECKING:
    from ...node import Node

_encode = msgspec.json.Encoder().encode


class MarkingOut(msgspec.Struct, frozen=True):
    """A label for people to read."""

    en: str
    ja: str
    colour: str
    portion: str


class Freshness(msgspec.Struct, frozen=True, rename="camel"):
    """From which headquarters, written how long ago, and the state of the link it came by.

    ``link`` is null for our own records, and as of a moment past.
    """

    from_: str = msgspec.field(name="from")
    age_seconds: float
    link: Literal["up", "connecting", "down", "off"] | None


class RecordView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A record as its reader may have it; ``cut`` portions are missing, ``source`` "" means our own log."""

    record: msgspec.Raw
    marking: MarkingOut
    source: str
    at: datetime
    logged_at: datetime
    freshness: Freshness
    cut: int


class RecordPage(msgspec.Struct, frozen=True):
    """Records, newest first; ``next`` is what to pass as ``before`` for those that follow."""

    items: list[RecordView]
    next: str | None = None


class Shower:
    """Turns rows into answers for one reader at one moment."""

    def __init__(self, node: "Node", reader: Reader, now: datetime) -> None:
        self._node, self._reader, self._now = node, reader, now
        self._book: PolicyBook = reader.book
        self._markings: dict[Label, MarkingOut] = {}
        self._links: dict[str, Literal["up", "connecting", "down", "off"] | None] = {"": None}

    def rows(self, rows: Iterable[Row]) -> list[RecordView]:
        """Each row as far as the reader may see it."""
        return [self.row(row) for row in rows]

    def row(self, row: Row) -> RecordView:
        """One row."""
        if self._reader.whole(row):
            return self._view(row, msgspec.Raw(row.raw), 0)
        record, cut = self._reader.record(row)
        return self._view(
            row, msgspec.Raw(_encode(record.header if isinstance(record, Unknown) else record)), cut
        )

    def seen(self, seen: Seen[Record]) -> RecordView:
        """What a room has looked up already."""
        if seen.cut == 0 and self._reader.whole(seen.row):
            return self._view(seen.row, msgspec.Raw(seen.row.raw), 0)
        return self._view(seen.row, msgspec.Raw(_encode(seen.record)), seen.cut)

    def all(self, seen: Sequence[Seen[Record]]) -> list[RecordView]:
        """Several."""
        return [self.seen(one) for one in seen]

    def maybe(self, seen: Seen[Record] | None) -> RecordView | None:
        """One, or None."""
        return None if seen is None else self.seen(seen)

    def marking(self, label: Label) -> MarkingOut:
        """How the policies mark ``label``; remembered, as a page has many rows and few labels."""
        made = self._markings.get(label)
        if made is None:
            mark = self._book.mark(label)
            made = self._markings[label] = MarkingOut(mark.en, mark.ja, mark.colour, mark.portion)
        return made

    def _view(self, row: Row, record: msgspec.Raw, cut: int) -> RecordView:
        age = (self._now - row.at).total_seconds()
        return RecordView(
            record=record,
            marking=self.marking(row.labelled),
            source=row.source,
            at=row.at,
            logged_at=row.logged_at,
            freshness=Freshness(row.source or self._node.config.hq, max(0.0, age), self._link(row.source)),
            cut=cut,
        )

    def _link(self, source: str) -> Literal["up", "connecting", "down", "off"] | None:
        if self._reader.past:
            return None  # what the link was like then is not kept
        if source not in self._links:
            line = self._node.partners.get(source)
            self._links[source] = (
                line.link.state.state if line is not None and line.link is not None else "off"
            )
        return self._links[source]
