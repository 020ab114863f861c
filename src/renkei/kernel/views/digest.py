"""An entry of a log, taken apart for the tables.

Everything here is a pure function of the entry, its source and the names this node gave: what cannot
be read is the same on every rebuild, so it is noted and the fold goes on.

A partner's record names this node's records by the names the partner knows.  They are exchanged for
ours in the bytes, where they stand as whole JSON strings; a name that leads nowhere stays as it is.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from ..errors import BadInput, OurFault
from ..labels.model import Label
from ..labels.release import labels_in, plan_of
from ..partners.records import Onward
from ..records import Codec, Header, Portion, Record, Unknown, is_record_id, owner_of
from .base import OWN
from .text import holds_words, normalise

Resolve = Callable[[str, str], str | None]
"""(source, the partner's name for a record of ours) to our id, or None."""

FOREIGN = "record.owner"
FORM = "record.form"
BOUNDS = "record.bounds"
TEXTS = "record.texts"
WITHHELD = "entry.withheld"
"""Of an entry that came without its body, or lost it, and that no recall names."""

FAULTS_OF_INPUT = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    ArithmeticError,
    RecursionError,
    AttributeError,
)
"""What code that reads a record raises when the record is at odds with it; disk and memory are not here."""

_LABEL_KEY = b'"label"'
_ESCAPED = b"\\u00"
_SLASH, _BACKSLASH = b"/", b"\\"
_portions_of = cache(plan_of)
_KEY, _KEY_AND_SLASH = 26, 27
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees, west <= east."""


def milliseconds(moment: datetime) -> int:
    """``moment`` as whole milliseconds since 1970."""
    return (moment - _EPOCH) // _MILLISECOND


def moment_of(ms: int) -> datetime:
    """The inverse of ``milliseconds``."""
    return _EPOCH + ms * _MILLISECOND


class Read(msgspec.Struct, frozen=True, gc=False):
    """One entry decoded: the record, its header's fields under one name, and the bytes readers get."""

    source: str
    seq: int
    logged_at: datetime
    record: Record | Unknown
    kind: str
    head: Record | Header
    raw: bytes


class Digester:
    """Takes entries apart for one node."""

    def __init__(self, codec: Codec, own_hq: str, resolve: Resolve) -> None:
        self._codec = codec
        self._own_hq = own_hq
        self._resolve = resolve
        self._kind_of = {kind: name for name, kind in codec.kinds.items()}
        self._own_mark = b'"' + own_hq.encode() + b"/"
        self._own_id = re.compile(rb'"(' + re.escape(own_hq.encode()) + rb'/[0-9A-HJKMNP-TV-Z]{26})"')

    def read(self, source: str, seq: int, entry: bytes, logged_at: datetime) -> Read | str:
        """The entry decoded, or the code for why it cannot be."""
        try:
            record = self._codec.decode(entry)
            head = record.header if isinstance(record, Unknown) else record
            if owner_of(head.id) != (source or self._own_hq):
                return FOREIGN
            if source != OWN and self._own_mark in entry:
                entry = self._exchange(source, entry)
                record = self._codec.decode(entry)
                head = record.header if isinstance(record, Unknown) else record
            if isinstance(record, Onward):
                deque(_binding(record), maxlen=0)  # labels that cannot be read are nobody's to waive
        except BadInput as err:
            return err.code
        except (ValueError, RecursionError):
            return FORM
        kind = self._kind_of.get(type(record)) or record.kind  # type: ignore[arg-type]
        return Read(source, seq, logged_at, record, kind, head, entry)

    def _exchange(self, source: str, entry: bytes) -> bytes:
        def ours(found: re.Match[bytes]) -> bytes:
            name = found.group(1).decode()
            own = self._resolve(source, name)
            if own is None:
                return found.group(0)
            if len(own) != len(name):
                raise OurFault("views.resolve", f"an id of {len(name)} characters", f"one of {len(own)}")
            return f'"{own}"'.encode()

        return self._own_id.sub(ours, entry)


def plain(raw: bytes) -> bool:
    """Whether ``raw`` surely holds no label but the record's own."""
    return raw.count(_LABEL_KEY) == 1 and not _escapes(raw)


def _escapes(raw: bytes) -> bool:
    """Whether a plain letter may stand in ``raw`` in another spelling; one byte is looked for much faster."""
    return _BACKSLASH in raw and _ESCAPED in raw


def required(read: Read) -> tuple[Label, ...]:
    """The record's label, and those of portions it cannot be without: all must be covered to see it.

    So must be the labels of what a record passes on: whoever passes it on does not overrule its author.
    """
    if isinstance(read.record, Onward):
        return together(read.head.label, *_binding(read.record))
    if plain(read.raw) or isinstance(read.record, Unknown):
        return (read.head.label,)
    return together(read.head.label, *_needed(read.record))


def _binding(record: Onward) -> Iterator[Label]:
    """The labels of all whose hands it came through.  Raises ValueError where they cannot be read."""
    for hand in record.hands():
        yield from labels_in(hand)


def together(own: Label, *others: Label) -> tuple[Label, ...]:
    """A record's label and others beside it, in an order that does not depend on where they were met."""
    return (own, *sorted({o for o in others if o != own}, key=msgspec.json.encode))


def _needed(struct: msgspec.Struct) -> Iterator[Label]:
    for name, optional in _portions_of(type(struct)):
        value = getattr(struct, name)
        if optional or not isinstance(value, msgspec.Struct):
            continue
        if isinstance(value, Portion) and value.label is not None:
            yield value.label
        yield from _needed(value)


def documents(record: Record | Unknown, labels: tuple[Label, ...]) -> list[tuple[tuple[Label, ...], str]]:
    """The record's texts as they are indexed, gathered by the labels to be covered to find it by them.

    ``labels`` are those that must be covered to see the record at all.
    """
    if isinstance(record, Unknown):
        return []
    by_label: dict[Label | None, list[str]] = {}
    for label, text in record.texts():
        by_label.setdefault(None if label in labels else label, []).append(text)
    found = ((label, normalise("\n".join(texts))) for label, texts in by_label.items())
    return [
        (labels if label is None else together(*labels, label), text)
        for label, text in found
        if holds_words(text)
    ]


def points_at(record: Record | Unknown, raw: bytes) -> list[tuple[str, str]]:
    """(field, id) of every reference in ``record``, whose bytes are ``raw``, once each."""
    if isinstance(record, Unknown) or (raw.count(_SLASH) == 1 and not _escapes(raw)):
        return []  # the only slash is that of its own id
    found = [
        pair for name in _reference_fields(type(record)) for pair in _references(name, getattr(record, name))
    ]
    return list(dict.fromkeys(found)) if len(found) > 1 else found


def _references(name: str, value: object) -> Iterator[tuple[str, str]]:
    for item in value if isinstance(value, tuple) else (value,):
        if isinstance(item, str) and item[-_KEY_AND_SLASH:-_KEY] == "/" and is_record_id(item):
            yield name, item


@cache  # as many entries as there are kinds
def _reference_fields(kind: type[Record]) -> tuple[str, ...]:
    """The fields of ``kind`` that can hold a string, alone or in a tuple: see ``records.references``."""
    hints = get_type_hints(kind)
    return tuple(n for n in kind.__struct_fields__ if n != "id" and _holds_strings(hints[n]))


def _holds_strings(hint: Any) -> bool:
    if hint in (str, Any, object):
        return True
    if get_origin(hint) in (Union, UnionType, tuple):
        return any(_holds_strings(part) for part in get_args(hint))
    return isinstance(hint, type) and issubclass(hint, str)


def boxes(record: Record | Unknown) -> list[Box]:
    """Where the record lies on the map: none, one box, or two where it crosses the antimeridian.

    Raises BadInput for what is no box (RFC 7946, section 5: west may be greater than east).
    """
    bounds = None if isinstance(record, Unknown) else record.bounds()
    return [] if bounds is None else split(*bounds)


def split(west: float, south: float, east: float, north: float) -> list[Box]:
    """A box as one or two that do not cross the antimeridian.  Raises BadInput for what is no box."""
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):  # nor any NaN
        raise BadInput(BOUNDS, "west and east in -180..180, south <= north in -90..90", "other numbers")
    if west <= east:
        return [(west, south, east, north)]
    return [(west, south, 180.0, north), (-180.0, south, east, north)]
