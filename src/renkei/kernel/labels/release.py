"""Release: what of a record a partner, or a reader here, may have.

``decide_opened`` is the only place in which a ``Released`` comes to be, and the log sent to a partner takes
nothing else, so a release check that somebody forgot does not type-check and does not run.

A record is withheld whole when its kind never leaves, when its own label is not covered, or when a
portion that cannot be missing is not covered.  Other portions that are not covered are cut: out of a
tuple, an optional field becomes None, and a structure around a required portion goes with it.

What was cut exists nowhere in the rendition: it is encoded afresh from what is left.  Where nothing
was cut the logged bytes go out as they are, and those may hold fields that this node's types do
not know.  Labels inside such fields are looked for in the bytes themselves (``covers_all``).

Which fields can hold portions is worked out once per type (``plan_of``); and bytes with a single
label in them, nearly all, are not searched at all.
"""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, NoReturn, TypeVar, Union, final, get_args, get_origin, get_type_hints

import msgspec

from ..records import Codec, Portion, Record, Unknown, owner_of
from .model import Clearance, Label
from .policy import Gate, PolicyBook
from .rules import Denied

MAX_DEPTH = 32
"""How deeply untyped JSON is searched for labels; deeper bytes are withheld rather than trusted."""

_LABEL_KEY = b'"label"'
_ESCAPED_ASCII = b"\\u006"
"""How JSON could spell the letters a, b, e, l so that the key does not show in the bytes."""


@final
class _Seal:
    """Held by this module alone."""


_SEAL = _Seal()


@final
class Released:
    """A record as one partner may have it.

    ``record`` is what is left, ``raw`` its bytes (the logged ones if nothing was cut), ``cut`` the
    number of portions taken out.
    """

    __slots__ = ("_cut", "_raw", "_record")

    def __init__(self, record: Record, raw: bytes, cut: int, *, seal: _Seal) -> None:
        if seal is not _SEAL:
            raise TypeError("Released is made by renkei.kernel.labels.release alone")
        self._record, self._raw, self._cut = record, raw, cut

    def __reduce__(self) -> NoReturn:
        raise TypeError("Released is not copied or pickled: decide again")

    @property
    def record(self) -> Record:
        """The record without the portions cut."""
        return self._record

    @property
    def raw(self) -> bytes:
        """The bytes of ``record``."""
        return self._raw

    @property
    def cut(self) -> int:
        """How many portions were cut."""
        return self._cut


class Withheld(msgspec.Struct, frozen=True):
    """The record stays here whole: a stable dotted ``code``, and the ``reason`` for our own people."""

    code: str
    reason: str


class Sort(msgspec.Struct, frozen=True, cache_hash=True):
    """All that most decisions on a record depend on: equal for records that are decided alike."""

    kind: type[Record] | type[Unknown]
    owner: str
    realm: str
    label: Label


@final
class Opened:
    """A record looked at once, for however many partners are decided on.  Made by ``opened`` alone.

    ``single`` says that its bytes hold its own label and no other.
    """

    __slots__ = ("raw", "record", "single", "sort", "whole")

    def __init__(self, record: Record | Unknown, raw: bytes, sort: Sort, *, seal: _Seal) -> None:
        if seal is not _SEAL:
            raise TypeError("Opened is made by renkei.kernel.labels.release alone")
        self.record, self.raw, self.sort = record, raw, sort
        self.single = single_label(raw)
        self.whole: Released | None = None


def opened(record: Record | Unknown, raw: bytes, known: dict[Sort, Sort] | None = None) -> Opened:
    """``record``, logged as ``raw``; equal sorts become one object out of ``known``, found faster."""
    head = record.header if isinstance(record, Unknown) else record
    sort = Sort(type(record), owner_of(head.id), head.realm, head.label)
    if known is not None:
        sort = known.setdefault(sort, sort)
    return Opened(record, raw, sort, seal=_SEAL)


def decide(
    record: Record | Unknown, raw: bytes, clearance: Clearance, book: PolicyBook, codec: Codec
) -> Released | Withheld:
    """What of ``record``, logged as ``raw``, whoever holds ``clearance`` may have."""
    return decide_opened(opened(record, raw), book.gate(clearance), codec)


def decide_opened(it: Opened, gate: Gate, codec: Codec) -> Released | Withheld:
    """What of ``it`` whoever holds the gate's clearance may have.

    A record of which nothing is cut is the same ``Released`` for everybody.
    """
    decision = gate[it.sort.label]
    if it.whole is not None and decision.allowed:
        return it.whole
    record = it.record
    if isinstance(record, Unknown):
        return Withheld("release.kind", "this node does not know the kind and cannot look inside")
    if not record.releasable:
        return Withheld("release.never", f"records of kind {record.kind} never leave")
    if isinstance(decision, Denied):
        return Withheld(decision.code, decision.reason)
    if not it.single:
        return _decide_portions(record, it.raw, gate, codec)
    it.whole = Released(record, it.raw, 0, seal=_SEAL)
    return it.whole


def labels_in(raw: bytes) -> Iterator[Label]:
    """Every label anywhere in the JSON ``raw``, in fields known or not."""
    return _labels(msgspec.json.decode(raw), MAX_DEPTH)


def _decide_portions(record: Record, raw: bytes, gate: Gate, codec: Codec) -> Released | Withheld:
    left, count = (record, 0) if _whole(record, gate) else _cut_struct(record, gate)
    if left is None:
        return Withheld(
            "release.portion", "a portion that the record cannot be without is above the clearance"
        )
    if count:
        return Released(left, codec.encode(left), count, seal=_SEAL)
    if codec.encode(record) != raw and not covers_all(raw, gate):  # equal bytes hold no unknown field
        return Withheld(
            "release.unknown-portion", "a field unknown to this node carries a label above the clearance"
        )
    return Released(record, raw, 0, seal=_SEAL)


def cut(record: Record, clearance: Clearance, book: PolicyBook) -> tuple[Record | None, int]:
    """What of ``record`` a reader with ``clearance`` may see, and how many portions are missing.

    None when the record's own label or a portion it cannot be without is not covered.
    """
    gate = book.gate(clearance)
    if not gate[record.label].allowed:
        return None, 0
    return (record, 0) if _whole(record, gate) else _cut_struct(record, gate)


def single_label(raw: bytes) -> bool:
    """Whether a record's bytes hold its own label and no other: whoever may see it may see all of it."""
    return raw.count(_LABEL_KEY) == 1 and (b"\\" not in raw or _ESCAPED_ASCII not in raw)


def covers_all(raw: bytes, gate: Gate) -> bool:
    """Whether every label anywhere in the JSON ``raw`` is covered, in fields known or not.

    A ``label`` that looks like a confidentiality label but is not one counts as not covered.
    """
    try:
        return all(gate[label].allowed for label in _labels(msgspec.json.decode(raw), MAX_DEPTH))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False


def _labels(value: Any, depth: int) -> Iterator[Label]:
    if depth == 0 and isinstance(value, dict | list):
        raise RecursionError("deeper than anything this node reads")
    if isinstance(value, dict):
        found = value.get("label")
        if isinstance(found, dict) and ("policy" in found or "classification" in found):
            yield msgspec.convert(found, Label)
        for inner in value.values():
            yield from _labels(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _labels(inner, depth - 1)


# --- cutting ----------------------------------------------------------------------------------------

S = TypeVar("S", bound=msgspec.Struct)


class _Gone:
    """Stands for a value that is not covered and left nothing behind."""


_GONE = _Gone()


def _whole(struct: msgspec.Struct, gate: Gate) -> bool:
    """Whether nothing in ``struct`` needs cutting: the usual case, answered without building anything."""
    for name, _ in _PLANS[type(struct)]:
        value = getattr(struct, name)
        if not value:  # None or nothing inside
            continue
        if type(value) is tuple:
            for item in value:
                if not _covered(item, gate):
                    return False
        elif not _covered(value, gate):
            return False
    return True


def _covered(value: Any, gate: Gate) -> bool:
    if isinstance(value, Portion):
        return (value.label is None or gate[value.label].allowed) and _whole(value, gate)
    if isinstance(value, msgspec.Struct):
        return _whole(value, gate)
    return not _cut_value(value, gate)[1]


def _cut_struct(struct: S, gate: Gate) -> tuple[S | None, int]:
    """``struct`` without what is not covered, None if it cannot be without it; and how much that was."""
    changes: dict[str, Any] = {}
    count = 0
    for name, optional in _PLANS[type(struct)]:
        value = getattr(struct, name)
        if not value:
            continue
        left, here = _cut_value(value, gate)
        count += here
        if left is _GONE:
            if not optional:
                return None, count
            changes[name] = None
        elif here:
            changes[name] = left
    return (msgspec.structs.replace(struct, **changes) if changes else struct), count


def _cut_value(value: Any, gate: Gate) -> tuple[Any, int]:
    if isinstance(value, msgspec.Struct):
        if isinstance(value, Portion) and value.label is not None and not gate[value.label].allowed:
            return _GONE, 1
        left, count = _cut_struct(value, gate)
        return (_GONE if left is None else left), count
    if isinstance(value, tuple | list | frozenset | set):
        parts = [_cut_value(item, gate) for item in value]
        return type(value)(p for p, _ in parts if p is not _GONE), sum(n for _, n in parts)
    if isinstance(value, dict):
        named = {key: _cut_value(item, gate) for key, item in value.items()}
        return {k: p for k, (p, _) in named.items() if p is not _GONE}, sum(n for _, n in named.values())
    return value, 0


Plan = tuple[tuple[str, bool], ...]


class _Plans(dict[type[msgspec.Struct], Plan]):
    """The plan of each struct type met so far: as many as the code defines."""

    def __missing__(self, struct: type[msgspec.Struct]) -> Plan:
        plan = self[struct] = plan_of(struct)
        return plan


_PLANS = _Plans()


def plan_of(struct: type[msgspec.Struct]) -> Plan:
    """The fields of ``struct`` that can hold portions, each with whether it may be None.

    Raises TypeError at first use for a tuple of fixed length that holds portions: a portion could not
    be cut out of it.
    """
    hints = get_type_hints(struct)
    names = struct.__struct_fields__
    return tuple((n, _admits_none(hints[n])) for n in names if _holds_portions(hints[n], frozenset()))


def _admits_none(hint: Any) -> bool:
    return hint is NoneType or any(_admits_none(a) for a in _members(hint))


def _members(hint: Any) -> tuple[Any, ...]:
    """The alternatives of a union; of ``Annotated`` hints get_type_hints has already taken the note off."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else ()


def _holds_portions(hint: Any, above: frozenset[Any]) -> bool:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        if issubclass(hint, Portion):
            return True
        if hint in above:
            return False
        inner = get_type_hints(hint)
        return any(_holds_portions(inner[n], above | {hint}) for n in hint.__struct_fields__)
    args = get_args(hint)
    found = any(_holds_portions(a, above) for a in args if a is not Ellipsis)
    if found and get_origin(hint) is tuple and args[-1] is not Ellipsis:
        raise TypeError("portions in a tuple of fixed length cannot be cut; use tuple[X, ...]")
    return found
