"""Who sees what: label rows, shelves, and the one SQL fragment.

A row of ``labels`` names a realm and the labels that must all be covered.  What a reader sees is the
set of rows of the reader's realm whose labels the clearance covers: decided once per row, remembered per
clearance, and extended when new rows arrive.  ``Visible.sql`` writes that set down, and every query
that returns records has it in its WHERE.

The mirrors here follow the tables after each commit, never before it.  Between a commit and the moment
its new labels are mirrored, rows under them are seen by nobody.
"""

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

import msgspec

from ..labels.model import Clearance, Label
from ..labels.policy import PolicyBook
from .text import mark

MAX_SIGHTS = 1_000
"""Pairs of realm and clearance remembered; posts share clearances, so a node has dozens."""

MAX_CHOICES = 200
"""Combinations of kinds and owner remembered per sight; screens ask for a dozen."""

_PLACEHOLDER = re.compile(r"\{visible(?::([A-Za-z_][A-Za-z0-9_]*))?\}")


class Marked(NamedTuple):
    """What a label row stands for.  The first label is the record's own."""

    realm: str
    labels: tuple[Label, ...]


class Shelf(NamedTuple):
    """One combination of label row, kind and owner; kinds unknown to this node share one, named ""."""

    label: int
    kind: str
    owner: str


class Catalogue:
    """The tables ``labels`` and ``shelves`` in memory.  Rows are only ever added."""

    def __init__(self, labels: Mapping[int, Marked], shelves: Mapping[int, Shelf], first: int = 1) -> None:
        self.labels = dict(labels)
        self.shelves = dict(shelves)
        self.label_rows = {m: row for row, m in self.labels.items()}
        self.shelf_rows = {s: row for row, s in self.shelves.items()}
        self.next_label = max(self.labels, default=first - 1) + 1
        self.next_shelf = max(self.shelves, default=0) + 1

    def add(self, labels: Mapping[int, Marked], shelves: Mapping[int, Shelf]) -> None:
        """Mirror rows that were committed.  Names first: a reader goes from them to numbers, not back."""
        self.next_label = max(self.next_label, max(labels, default=0) + 1)
        self.next_shelf = max(self.next_shelf, max(shelves, default=0) + 1)
        self.label_rows.update({m: row for row, m in labels.items()})
        self.shelf_rows.update({s: row for row, s in shelves.items()})
        self.labels.update(labels)
        self.shelves.update(shelves)


class Visible:
    """What one realm and clearance see of a catalogue, as far as it went when this was made."""

    def __init__(self, labels: frozenset[int], catalogue: Catalogue) -> None:
        self.labels = labels
        self.everything = len(labels) == len(catalogue.labels)
        """Whether no label row, of any realm, was hidden then."""
        self._list = ",".join(map(str, sorted(labels)))
        self.marks = tuple(mark(row) for row in sorted(labels))
        self._catalogue = catalogue
        self._chosen: dict[tuple[int, frozenset[str] | None, str | None], str] = {}

    def sql(self, alias: str = "") -> str:
        """The fragment: true for a row whose label this reader may see, and for no other."""
        return f"{alias + '.' if alias else ''}label IN ({self._list})"

    def fill(self, sql: str) -> str:
        """``sql`` with ``{visible}`` and ``{visible:alias}`` put in.  Raises ValueError without any."""
        filled, times = _PLACEHOLDER.subn(lambda found: self.sql(found.group(1) or ""), sql)
        if not times:
            raise ValueError("a query on views must say {visible} or {visible:alias}")
        return filled

    def shelves(self, kinds: str | Collection[str] | None, owner: str | None) -> str:
        """The visible shelves of these kinds and this owner (None for any), as a JSON list."""
        wanted = None if kinds is None else frozenset((kinds,) if isinstance(kinds, str) else kinds)
        key = (len(self._catalogue.shelves), wanted, owner)
        chosen = self._chosen.get(key)
        if chosen is None:
            if len(self._chosen) >= MAX_CHOICES:
                self._chosen.clear()
            chosen = self._chosen[key] = self._choose(wanted, owner)
        return chosen

    def _choose(self, kinds: frozenset[str] | None, owner: str | None) -> str:
        rows = [
            row
            for row, shelf in tuple(self._catalogue.shelves.items())
            if shelf.label in self.labels
            and (kinds is None or shelf.kind in kinds)
            and (owner is None or shelf.owner == owner)
        ]
        return f"[{','.join(map(str, sorted(rows)))}]"


class Sights:
    """``Visible`` per realm and clearance, for one catalogue and by one policy book."""

    def __init__(self, catalogue: Catalogue, book: PolicyBook) -> None:
        self.book = book
        self._catalogue = catalogue
        self._known: dict[tuple[str, Clearance], tuple[int, Visible]] = {}

    def of(self, realm: str, clearance: Clearance) -> Visible:
        """What they see now.  Two threads that ask at once do the same work twice, no harm."""
        labels = self._catalogue.labels
        upto, visible = self._known.get((realm, clearance), (0, None))
        count = len(labels)
        if visible is not None and upto == count:
            return visible
        seen = visible.labels if visible is not None else frozenset()
        fresh = (row for row, m in tuple(labels.items())[upto:count] if self._covers(realm, clearance, m))
        visible = Visible(seen.union(fresh), self._catalogue)
        if len(self._known) >= MAX_SIGHTS:
            self._known.clear()
        self._known[realm, clearance] = (count, visible)
        return visible

    def _covers(self, realm: str, clearance: Clearance, marked: Marked) -> bool:
        gate = self.book.gate(clearance)
        return marked.realm == realm and all(gate[label].allowed for label in marked.labels)


_LABELS = msgspec.json.Decoder(tuple[Label, ...])


def labels_from(json: str) -> tuple[Label, ...]:
    """The labels of a row of ``labels``."""
    return _LABELS.decode(json)


def labels_as_json(labels: tuple[Label, ...]) -> str:
    """The labels of a row of ``labels`` as it is kept."""
    return msgspec.json.encode(labels).decode()
