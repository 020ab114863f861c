"""From the lines a program posts to drafts for the master log, at a few microseconds a record.

Theory of operation.  For every kind the rooms declare, an *inbound* twin is derived at start: the same
fields in the same order, but what the node stamps (``id``, ``realm``, ``at``, ``by``) is optional, unknown
fields are refused, and the label stays raw bytes.  One call then decodes a whole NDJSON body into twins with
every check the record types state; stamping sets four attributes, and encoding a twin gives exactly the
bytes its record type would.

- *Labels* are looked up by their bytes.  A spelling seen for the first time is decoded, checked against
  the policy and remembered in canonical form; programs use few labels, so a label costs one dict
  look-up for each record and none of its 150 bytes is parsed twice.
- *Portions* may carry labels of their own, and those must be known too.  Walking every text of every
  record for that is wasted when the body holds exactly one ``label`` for each record; the walk is skipped
  then, unless the body has an escape that could spell the word differently.
- *Ids* of new records share a random prefix for the batch and count upwards in the last four
  characters: still 48 bits of time and 60 random bits for each batch, in order, for a fraction of the cost.

A refusal names the line (from 1) and what was expected there; nothing of the batch is logged then.
"""

import os
import typing
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from ...kernel.errors import BadInput, Refused
from ...kernel.labels.model import Label
from ...kernel.log.base import Draft
from ...kernel.people import Permission, Person
from ...kernel.records import LIVE, MAX_RECORD_BYTES, Codec, Portion, Record, RecordId, owner_of, what_came

MAX_LINES = 10_000
"""Records in one request: about 4 MB of ordinary records, committed in one go in under 0.2 s."""
MAX_BODY_BYTES = 8 * 1024 * 1024
"""One request's body; a larger load comes in several requests, each all or nothing."""
MAX_LABELS = 4096
"""Spellings of labels remembered; beyond it the memory starts afresh, so it stays under about 2 MB."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)


class Batch(msgspec.Struct, frozen=True):
    """Checked, stamped and encoded: ready for the writer.

    ``updates`` are those drafts that replace a version the caller says it saw, id to kind; ``named`` says
    whether any draft has an id that the caller chose.  ``moves`` are records, each with its line, that do
    something to others and are for their room to judge.
    """

    drafts: list[Draft]
    updates: dict[str, str]
    named: bool
    moves: list[tuple[int, Record]]


class LineError(BadInput):
    """One line of the body is not a record this node can log.  ``status`` is the HTTP status it gets."""

    def __init__(self, line: int, code: str, expected: str, came: str, status: int = 400) -> None:
        super().__init__(code, f"{expected} (line {line})", came)
        self.line = line
        self.status = status
        self._said = expected

    def at(self, line: int) -> "LineError":
        """The same complaint about another line."""
        return LineError(line, self.code, self._said, self.came, self.status)


class Ingest:
    """Decodes and stamps what programs append to one node's master log."""

    def __init__(
        self,
        codec: Codec,
        hq: str,
        realm: str,
        check_label: Callable[[Label], Refused | None],
        permission_of: Callable[[type[Record]], Permission | None],
    ) -> None:
        self._hq = hq
        # Fields at their default are left out, which the encoder tells by identity.
        self._realm = LIVE if realm == LIVE else realm
        self._check_label = check_label
        twins = {_twin(kind): kind for kind in codec.kinds.values() if kind.appendable}
        self._permission = {twin: permission_of(kind) for twin, kind in twins.items()}
        self._moving = frozenset(twin for twin, kind in twins.items() if kind.has_moves)
        self._portioned = {twin: _portion_fields(kind) for twin, kind in twins.items()}
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(typing.Union[tuple(twins)])  # noqa: UP007
        self._encode = msgspec.json.Encoder().encode
        self._labels: dict[bytes, msgspec.Raw] = {}
        self._label_decoder = msgspec.json.Decoder(Label)

    def forget_labels(self) -> None:
        """Check every label anew, after the policy has changed."""
        self._labels = {}

    def lines(self, body: bytes, person: Person, now: datetime) -> Batch:
        """The batch in an NDJSON ``body``.  Raises LineError or BadInput; blank lines do not count."""
        try:
            records = self._decoder.decode_lines(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as err:
            raise self._first_bad_line(body, err) from None
        if not 1 <= len(records) <= MAX_LINES:
            raise BadInput("batch.lines", f"1 to {MAX_LINES} lines", str(len(records)))
        try:
            batch = self._stamp(records, body, person, now)
        except LineError as err:
            raise err.at(_line_of(body, err.line)) from None
        return _with_lines(batch, body) if batch.moves else batch

    def single(self, body: bytes, person: Person, now: datetime) -> Batch:
        """The one record in a JSON ``body``.  Raises LineError or BadInput."""
        try:
            record = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as err:
            raise _bad_line(1, err) from None
        return self._stamp([record], body, person, now)

    def together(self, bodies: Sequence[bytes], person: Person, now: datetime) -> Batch | None:
        """The records of many single requests at once, in their order; None if they must go one by one.

        Only for new records: nobody's request can then depend on another's.
        """
        body = b"\n".join(bodies)
        if body.count(b"\n") != len(bodies) - 1:
            return None
        try:
            records = self._decoder.decode_lines(body)
            if len(records) != len(bodies):
                return None
            batch = self._stamp(records, body, person, now)
        except (msgspec.DecodeError, UnicodeDecodeError, BadInput):
            return None
        return None if batch.named or batch.moves else batch

    def _stamp(self, records: list[Any], body: bytes, person: Person, now: datetime) -> Batch:
        kinds = {type(record) for record in records}
        self._check_permissions(kinds, person)
        if body.count(b"label") != len(records) or (b"\\" in body and b"\\u00" in body):
            self._check_portions(records)
        labels, encode, realm, by = self._labels, self._encode, self._realm, person.post
        prefix, moving = _id_prefix(self._hq, now), bool(kinds & self._moving)
        at = now if moving else msgspec.to_builtins(now)  # written out once, unless rules will look at it
        drafts: list[Draft] = []
        updates: dict[str, str] = {}
        named = False
        for number, record in enumerate(records):
            raw = bytes(record.label)
            label = labels.get(raw)
            record.label = self._learn(raw, number + 1) if label is None else label
            if record.id is None:
                record.id = prefix + _PAIRS[number >> 10] + _PAIRS[number & 1023]
                if record.version != 1:
                    raise LineError(
                        number + 1, "record.version", "version 1 without an id", "another version"
                    )
            else:
                named = True
                if self._names_update(record, number + 1):
                    updates[record.id] = _replaceable(record, number + 1)
            record.realm, record.at, record.by = realm, at, by
            drafts.append(Draft(encode(record), record.id, record.version))
        if len(body) > MAX_RECORD_BYTES // 2:
            _check_sizes(drafts)
        moves = [(n, r) for n, r in enumerate(records, 1) if r.has_moves] if moving else []
        return Batch(drafts, updates, named, moves)

    def _names_update(self, record: Any, line: int) -> bool:
        """Whether the line replaces a version; refuses ids of other headquarters."""
        if owner_of(record.id) != self._hq:
            raise LineError(
                line, "record.owner", f"an id of {self._hq}", "an id of another headquarters", 403
            )
        return bool(record.version > 1)

    def _check_permissions(self, kinds: set[type], person: Person) -> None:
        for kind in kinds:
            needed = self._permission[kind]
            if needed is not None and (no := person.refuse(needed)) is not None:
                raise Denied(no)

    def _learn(self, raw: bytes, line: int) -> msgspec.Raw:
        """Check a spelling of a label met for the first time, and remember it."""
        try:
            label = self._label_decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as err:
            raise _bad_line(line, err) from None
        labels = self._labels  # those of the policy it is checked by, should that change meanwhile
        self._check_known(label, line)
        if len(labels) >= MAX_LABELS:
            labels.clear()
        known = labels[raw] = msgspec.Raw(self._encode(label.canonical()))
        return known

    def _check_known(self, label: Label, line: int) -> None:
        no = self._check_label(label)
        if no is not None:
            raise LineError(line, no.code, no.expected, no.came, no.status)

    def _check_portions(self, records: Sequence[Any]) -> None:
        checked: set[Label] = set()
        for number, record in enumerate(records):
            for name in self._portioned[type(record)]:
                for label in _labels_in(getattr(record, name)):
                    if label not in checked:
                        self._check_known(label, number + 1)
                        checked.add(label)

    def _first_bad_line(self, body: bytes, err: Exception) -> BadInput:
        """Decode line by line to name the one that fails; only ever runs for a body that is refused."""
        count = 0
        for number, line in enumerate(body.split(b"\n"), 1):
            if not line.strip():
                continue
            count += 1
            if count > MAX_LINES:
                return BadInput("batch.lines", f"1 to {MAX_LINES} lines", "more")
            try:
                self._decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as bad:
                return _bad_line(number, bad)
        return BadInput("record.form", "one record in JSON on each line", what_came(err))


class Denied(BadInput):
    """The person may not do this; carries the refusal."""

    def __init__(self, no: Refused) -> None:
        super().__init__(no.code, no.expected, no.came)
        self.refused = no


def _replaceable(record: Any, line: int) -> str:
    """The kind of a record that replaces a version; a line of the watch log is corrected, never replaced."""
    kind = str(record.__struct_config__.tag)
    if kind == "log-entry":
        raise LineError(
            line, "record.final", "a new log entry that corrects the old one", "another version", 409
        )
    return kind


def _with_lines(batch: Batch, body: bytes) -> Batch:
    """The batch with its moves' places among the records made lines of the body."""
    lines = [number for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    return msgspec.structs.replace(batch, moves=[(lines[place - 1], r) for place, r in batch.moves])


def _line_of(body: bytes, record: int) -> int:
    """The line on which the ``record``-th record (from 1) stands; blank lines hold none."""
    held = 0
    for number, line in enumerate(body.split(b"\n"), 1):
        held += bool(line.strip())
        if held == record:
            return number
    return record


def _bad_line(line: int, err: Exception) -> LineError:
    if isinstance(err, UnicodeDecodeError):
        return LineError(line, "record.utf8", "UTF-8", "bytes that are not")
    return LineError(line, "record.form", "a record of a kind this node knows", what_came(err))


def _check_sizes(drafts: Sequence[Draft]) -> None:
    for number, draft in enumerate(drafts):
        if len(draft.entry) > MAX_RECORD_BYTES:
            raise LineError(
                number + 1,
                "record.size",
                f"a record of at most {MAX_RECORD_BYTES} bytes",
                f"{len(draft.entry)} bytes",
                413,
            )


def _id_prefix(hq: str, now: datetime) -> str:
    """The first 22 of an id's 26 characters: 48 bits of milliseconds and 60 random bits, then 20 to count."""
    value = int(now.timestamp() * 1000) << 80 | (int.from_bytes(os.urandom(8)) >> 4) << 20
    return f"{hq}/" + "".join(_ALPHABET[value >> shift & 31] for shift in range(125, 19, -5))


def _twin(kind: type[Record]) -> type[Any]:
    """The inbound form of ``kind``."""
    stamped: list[str | tuple[str, Any] | tuple[str, Any, Any]] = [
        ("id", RecordId | None, None),
        ("realm", Any, LIVE),
        ("label", msgspec.Raw),
        ("at", Any, None),
        ("by", Any, ""),
    ]
    return msgspec.defstruct(
        f"{kind.__name__}Inbound",
        stamped,
        bases=(kind,),
        kw_only=True,
        frozen=False,
        forbid_unknown_fields=True,
        omit_defaults=True,
        gc=False,
        tag_field="kind",
        tag=kind.__struct_config__.tag,
    )


def _portion_fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields of ``kind`` in which a label of a portion can stand."""
    hints = typing.get_type_hints(kind)
    return tuple(name for name in kind.__struct_fields__ if name != "label" and _holds_portion(hints[name]))


def _holds_portion(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, Portion):
        return True
    return any(_holds_portion(part) for part in typing.get_args(hint))


def _labels_in(value: Any) -> Iterator[Label]:
    """Every portion label in ``value``: a portion, a tuple of them, or portions inside portions."""
    if isinstance(value, tuple):
        for part in value:
            yield from _labels_in(part)
    elif isinstance(value, Portion):
        if value.label is not None:
            yield value.label
        for name in value.__struct_fields__:
            if name != "label":
                yield from _labels_in(getattr(value, name))
