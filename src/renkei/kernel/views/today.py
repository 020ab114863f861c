"""The labels that records have today, for whoever reads of a moment past (ADR 0013).

A label that was narrowed since binds in the past, too: what was written too openly by mistake would otherwise
stay open to whoever asks for the day before.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import msgspec

from ..labels.model import Label
from ..labels.release import labels_in
from .connections import Readers
from .visibility import labels_from


class Standing(NamedTuple):
    """A record as it is today: the labels to be covered to see it at all, and its bytes."""

    labels: tuple[Label, ...]
    raw: bytes


class Today:
    """Looks records up in today's views.  Safe from any thread."""

    def __init__(self, readers: Readers, *, portions: bool) -> None:
        """``portions``: whether labels inside a record count, which are cut from what a partner was sent."""
        self._readers, self._portions = readers, portions

    def of(self, ids: Collection[str]) -> Mapping[str, Standing]:
        """Those of the records that there are today."""
        sql = """SELECT r.id, l.json, r.raw FROM records r JOIN labels l ON l.row = r.label
                 WHERE r.id IN (SELECT value FROM json_each(?))"""
        with self._readers.one() as db:
            found: list[Any] = db.execute(sql, (msgspec.json.encode(list(ids)).decode(),)).fetchall()
        return {name: Standing(labels_from(json), raw) for name, json, raw in found}

    def added(self, then: bytes, now: Standing | None) -> frozenset[Label]:
        """The labels that today bind beside those in the bytes ``then`` of an earlier version."""
        if now is None or now.raw == then:
            return frozenset()
        try:
            inside = frozenset(labels_in(now.raw)) - frozenset(labels_in(then)) if self._portions else ()
        except (ValueError, RecursionError):  # cannot be looked into: what is needed to see it at all binds
            inside = ()
        return frozenset(now.labels).union(inside)
