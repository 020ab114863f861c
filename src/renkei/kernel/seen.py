"""Records as somebody sees them: the record without what is cut, how much that was, and its row."""

from collections.abc import Collection, Iterable
from typing import Generic, NamedTuple, TypeVar

from .records import Record
from .views import Reader, Row

R = TypeVar("R", bound=Record)
R_co = TypeVar("R_co", bound=Record, covariant=True)


class Seen(NamedTuple, Generic[R_co]):
    """A record as its reader may have it; ``cut`` portions are missing.

    ``row`` holds the bytes whole: for the edges' bookkeeping (source, when logged), never for people.
    """

    record: R_co
    cut: int
    row: Row


def look(views: Reader, record_id: str, kind: type[R]) -> Seen[R] | None:
    """The record of that id and kind; None if there is none that this reader may see."""
    row = views.get(record_id)
    return None if row is None else next(iter(see(views, (row,), kind)), None)


def look_all(views: Reader, ids: Collection[str], kind: type[R]) -> list[Seen[R]]:
    """Those of the records that are of that kind and that this reader may see, in the order of ``ids``."""
    return list(see(views, views.records_of(ids), kind)) if ids else []


def see(views: Reader, rows: Iterable[Row], kind: type[R]) -> Iterable[Seen[R]]:
    """``rows`` as this reader sees them, without those of other kinds."""
    for row in rows:
        record, cut = views.record(row)
        if isinstance(record, kind):
            yield Seen(record, cut, row)
