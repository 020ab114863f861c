"""Records: typed, labelled, owned, versioned statements.

A record is a frozen struct, told apart by its ``kind``.  Its JSON bytes are what gets logged,
hashed and signed for; those exact bytes are kept and forwarded, never re-encoded, so a field or a
kind that a newer partner added survives the trip through an older node.

Identity.  ``id`` is ``<owner>/<key>``: the owning headquarters and 26 Crockford base-32 characters
(128 bits).  An owner's own keys are time-ordered; the keys a partner sees are a keyed permutation of
them, another one for each partner, so that ids tell no one how much was withheld.

Growth.  New fields go at the end with a default; a field is never renamed or reused.  A room
declares its kinds by subclassing ``Record`` with a ``tag``; ``Codec`` gathers them.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from .errors import BadInput
from .labels.model import Label

LIVE = "live"
MAX_RECORD_BYTES = 256 * 1024
"""One record's encoded size; larger content is an attachment's business, not a record's."""

MAX_AT_REST_BYTES = MAX_RECORD_BYTES * 3 // 2
"""The same of a record of which a part lies sealed in our own master log: in base64 it is a third longer."""

MAX_NESTING = 64
"""How deep the arrays and objects of a record's JSON go: ours take a dozen.  Python's readers give up
somewhere below a thousand, sooner the more callers stand above them; here everybody gives up at one place."""
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_ONE_SORT = bytes.maketrans(b"{}", b"[]")
_CLEARED = bytes(set(range(256)) - set(b"[]{}"))

HQ_PATTERN = r"^[a-z]{2}(\.[a-z0-9-]{1,20}){1,3}$"
ID_PATTERN = r"^[a-z]{2}(\.[a-z0-9-]{1,20}){1,3}/[0-9A-HJKMNP-TV-Z]{26}$"
_ID = re.compile(ID_PATTERN)

HqId = Annotated[str, msgspec.Meta(pattern=HQ_PATTERN, max_length=66)]
RecordId = Annotated[str, msgspec.Meta(pattern=ID_PATTERN, max_length=93)]
Language = Literal["en", "ja"]


class Translation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rendering of a text in another language: who made it, and whether a person reviewed it."""

    lang: Language
    text: str
    by: str
    reviewed: bool = False


class Portion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a record that may carry its own label and is then cut where that label forbids.

    Without a label of its own a portion has the record's.
    """

    label: Label | None = None


class Text(Portion, frozen=True, kw_only=True):
    """Free text: the original with its language, and translations added later."""

    text: str
    lang: Language
    translations: tuple[Translation, ...] = ()


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="record"):
    """What every kind has.  ``at`` is when the owner wrote this version, ``by`` the post that did.

    A kind whose ``releasable`` is False never leaves the node, whatever its label says.  One whose
    ``appendable`` is False is written by its room's own actions alone: it holds a person's signature.
    One that ``has_moves`` does something to another record, so its room's rules are asked before a program's
    is logged; all others go straight to the log.
    """

    releasable: ClassVar[bool] = True
    appendable: ClassVar[bool] = True
    has_moves: ClassVar[bool] = False

    id: RecordId
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31)] = 1
    realm: str = LIVE
    label: Label
    at: datetime
    by: str

    @property
    def kind(self) -> str:
        """The tag that names this record's type."""
        return str(self.__struct_config__.tag)

    @property
    def owner(self) -> str:
        """The headquarters that alone may write this record."""
        return owner_of(self.id)

    def texts(self) -> Iterator[tuple[Label | None, str]]:
        """What search finds this record by: each text with its portion's own label, if it has one."""
        for name in _text_fields(type(self)):
            value = getattr(self, name)
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, Text):
                    yield part.label, part.text
                    for translation in part.translations:
                        yield part.label, translation.text

    @property
    def max_bytes(self) -> int:
        """How large this record may be, encoded."""
        return MAX_RECORD_BYTES

    def bounds(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north in degrees (WGS 84) of what lies on the map, or None."""
        return None


@cache  # as many entries as there are kinds
def _text_fields(kind: type[Record]) -> tuple[str, ...]:
    """The fields of ``kind`` that can hold a text, alone or in a tuple: a fold looks at no others."""
    hints = get_type_hints(kind)
    return tuple(name for name in kind.__struct_fields__ if _admits_text(hints[name]))


def _admits_text(hint: Any) -> bool:
    """Whether a value of type ``hint`` can be a Text or a tuple with one in it."""
    if get_origin(hint) in (Union, UnionType, tuple):
        return any(_admits_text(part) for part in get_args(hint))
    return hint is Any or (isinstance(hint, type) and (issubclass(Text, hint) or issubclass(hint, Text)))


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The fields common to all kinds, decoded without knowing the kind."""

    kind: str
    id: RecordId
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31)] = 1
    realm: str = LIVE
    label: Label
    at: datetime
    by: str


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """A record of a kind this node does not know: readable as far as its header, kept whole."""

    header: Header
    raw: bytes

    @property
    def kind(self) -> str:
        """The kind the newer node gave it."""
        return self.header.kind


def too_deep(raw: bytes) -> bool:
    """Whether the arrays and objects in the JSON ``raw`` go deeper than MAX_NESTING.

    Nearly all records have fewer brackets than that.  Of the others strings are left out, and one level of
    innermost pairs is taken away at a time.
    """
    if raw.count(b"[") + raw.count(b"{") <= MAX_NESTING:
        return False
    left = _STRING.sub(b"", raw).translate(None, _CLEARED).translate(_ONE_SORT)
    for _ in range(MAX_NESTING):
        left = left.replace(b"[]", b"")
    return bool(left)


def owner_of(record_id: str) -> str:
    """The headquarters part of a record id."""
    return record_id.partition("/")[0]


def is_record_id(text: str) -> bool:
    """Whether ``text`` has the form of a record id."""
    return _ID.fullmatch(text) is not None


class Codec:
    """Bytes to records and back for the kinds the rooms declare."""

    def __init__(self, kinds: Iterable[type[Record]]) -> None:
        self.kinds: dict[str, type[Record]] = {str(k.__struct_config__.tag): k for k in kinds}
        self._decoders = {name: msgspec.json.Decoder(kind) for name, kind in self.kinds.items()}
        self._header = msgspec.json.Decoder(Header)
        self._encoder = msgspec.json.Encoder()

    def encode(self, record: Record) -> bytes:
        """The bytes that get logged.  Called once in a version's life, by its owner.

        Equal records give equal bytes: a default is left out even where it is another object of equal value
        (``omit_defaults`` looks at identity alone), or the internal audit would not come to the same bytes.
        """
        if record.realm == LIVE and record.realm is not LIVE:
            record = msgspec.structs.replace(record, realm=LIVE)
        raw = self._encoder.encode(record)
        if len(raw) > MAX_RECORD_BYTES:
            _check_size(raw, record.max_bytes)
        return raw

    def decode(self, raw: bytes) -> Record | Unknown:
        """The record in ``raw``; unknown fields are ignored here and live on in ``raw``.

        Raises BadInput if ``raw`` is not a record, naming the field but never its content.
        """
        if len(raw) <= MAX_RECORD_BYTES:
            return self._decode(raw)
        _check_size(raw, MAX_AT_REST_BYTES)
        record = self._decode(raw)
        _check_size(raw, MAX_RECORD_BYTES if isinstance(record, Unknown) else record.max_bytes)
        return record

    def _decode(self, raw: bytes) -> Record | Unknown:
        if too_deep(raw):
            raise BadInput("record.form", f"JSON at most {MAX_NESTING} levels deep", "a deeper one")
        try:
            kind = self._kind_of(raw)
            decoder = self._decoders.get(kind)
            if decoder is None:
                return Unknown(header=self._header.decode(raw), raw=raw)
            return decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as err:
            _check_size(raw, MAX_RECORD_BYTES)
            raise BadInput("record.form", "a record in JSON", what_came(err)) from None

    def _kind_of(self, raw: bytes) -> str:
        end = raw.find(b'"', 9)
        if end > 0 and raw.startswith(b'{"kind":"'):
            return raw[9:end].decode()
        return self._header.decode(raw).kind


def _check_size(raw: bytes, limit: int) -> None:
    if len(raw) > limit:
        raise BadInput("record.size", f"at most {limit} bytes", f"{len(raw)}")


def what_came(err: Exception) -> str:
    """A decoder's complaint: what is wrong and where, without anything quoted from the input."""
    if not isinstance(err, msgspec.ValidationError):
        return re.sub(r"('[^']*'|\"[^\"]*\")", "a value", str(err))
    said, _, where = str(err).partition(" - at ")
    said = re.sub(r"(Invalid enum value|Invalid value) .*", r"\1", said)
    return f"{said} at {where.strip('`')}" if where else said


def references(record: Record) -> Iterator[tuple[str, str]]:
    """Every (field, record id) by which ``record`` points at another record.

    A reference is a top-level field whose value is a record id or a tuple of them.
    """
    for name in record.__struct_fields__:
        if name == "id":
            continue
        value = getattr(record, name)
        if isinstance(value, str):
            if is_record_id(value):
                yield name, value
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, str) and is_record_id(item):
                    yield name, item
