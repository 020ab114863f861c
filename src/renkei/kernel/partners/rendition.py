"""Renditions: what of a record one partner gets, as the bytes that go into the log for it.

``labels.release.decide`` has said what may leave and has cut the rest.  What remains is to take out of
the bytes whatever tells of records the partner does not have:

1. the record's own id becomes the partner's name for it (``aliases``), of equal length;
2. a reference to another own record becomes the partner's name for that one, if it was released to
   that partner; otherwise the reference is dropped, and the record with it if it cannot be without;
3. a reference to a record of the partner stays: it is the name the partner gave us;
4. a reference to a third party's record is dropped: that name was given to us, not to the partner;
5. an id inside a longer text is no reference and nothing is dropped there, but unless it is the
   partner's it is exchanged for an opaque name of equal length;
6. ``version`` counts what this partner got: 1, 2, 3, so that versions withheld leave no gap.

Nearly all records need only names of equal length put in place and a number exchanged; they never
leave the form of bytes.  ``localise`` is rule 1 backwards, for what the partner then says about our
records.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn, final

import msgspec

from ..errors import BadInput
from ..labels.release import Released, Withheld
from ..records import MAX_RECORD_BYTES, Codec, is_record_id, owner_of
from .aliases import Aliases
from .records import Purge, Recall

CACHED_REFERENCES = 16_384
"""References and their names kept at hand, about 4 MB; when so many have gathered, they start afresh."""

_KEY_BYTES = 26
_KEY = re.compile(rb"/[0-9A-HJKMNP-TV-Z]{26}")
_OWNER = re.compile(rb"(?<![a-z0-9.-])[a-z]{2}(?:\.[a-z0-9-]{1,20}){1,3}\Z")
_MAX_OWNER_BYTES = 66
_NAME_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789.-")
_HEAD = re.compile(rb'\{"kind":"[^"\\]+","id":"([^"\\]+)"(?:,"version":(\d+))?')
_DISGUISED = re.compile(rb"\\(?:/|u00[2-7])")
"""ASCII that JSON may spell with a backslash, so that an id would not show in the bytes."""

_UNRELEASED = Withheld("release.reference", "it refers to a record that this partner does not have")


@final
class _Seal:
    """Held by this module alone."""


_SEAL = _Seal()


@final
class Rendition:
    """An entry for the log sent to one partner.  Made by ``Renderer.render`` from ``Released`` alone.

    ``alias`` is the partner's name for the record, ``version`` the partner's count of its versions,
    ``cut`` how many portions are missing.
    """

    __slots__ = ("alias", "cut", "entry", "own_id", "version")

    def __init__(self, entry: bytes, alias: str, own_id: str, version: int, cut: int, *, seal: _Seal) -> None:
        if seal is not _SEAL:
            raise TypeError("Rendition is made by renkei.kernel.partners.rendition alone")
        self.entry, self.alias, self.own_id, self.version, self.cut = entry, alias, own_id, version, cut

    def __reduce__(self) -> NoReturn:
        raise TypeError("Rendition is not copied or pickled: render again")


class _Drop(Exception):
    """A reference must be dropped: the bytes have to be taken apart."""


class Renderer:
    """Turns what was released into renditions for one partner.

    ``has`` tells whether the partner has been given the own record of that id.
    """

    def __init__(
        self, hq: str, partner: str, aliases: Aliases, codec: Codec, has: Callable[[str], bool]
    ) -> None:
        self._hq = hq.encode()
        self._partner = partner.encode()
        self._aliases = aliases
        self._codec = codec
        self._has = has
        self._known: dict[bytes, bytes] = {}
        self._before = len(self._hq) + 1

    def render(self, released: Released, version: int, at: datetime | None = None) -> Rendition | Withheld:
        """The rendition of ``released`` as the partner's ``version`` of it.

        ``at`` is when it is released, if that is late: it takes the place of when it was written.
        """
        own_id = released.record.id
        raw = released.raw if at is None else _dated(released.raw, at)
        raw, head = _plain(raw, own_id)
        alias = self._aliases.alias(own_id)
        try:
            entry = self._exchange(raw, head.end(), own_id)
        except _Drop:
            thinned = self._thin(raw, own_id)
            if thinned is None:
                return _UNRELEASED
            raw, head = _plain(thinned, own_id)
            entry = self._exchange(raw, head.end(), own_id)
        entry = _renumber(entry, head, version).replace(own_id.encode(), alias.encode())
        return Rendition(entry, alias, own_id, version, released.cut, seal=_SEAL)

    def statement(self, own_id: str, version: int, statement: Recall | Purge) -> Rendition:
        """A statement about the partner's own log, or ours for it: made of names alone, and never cut."""
        alias = self._aliases.alias(own_id)
        about = statement.about
        if isinstance(statement, Recall):
            about = self._aliases.alias(about)
        made = msgspec.structs.replace(statement, id=alias, version=version, about=about)
        return Rendition(self._codec.encode(made), alias, own_id, version, 0, seal=_SEAL)

    def _exchange(self, raw: bytes, begin: int, own_id: str) -> bytes:
        """``raw`` with every other id from ``begin`` on made the partner's; raises _Drop at one to drop."""
        out: bytearray | None = None
        known = self._known
        for match in _KEY.finditer(raw, begin):
            at, end = match.span()
            name = known.get(raw[at - self._before : end + 1]) or self._name_at(raw, at, end, own_id)
            if name is not None:
                if out is None:
                    out = bytearray(raw)
                out[at + 1 : end] = name
        return raw if out is None else bytes(out)

    def _name_at(self, raw: bytes, at: int, end: int, own_id: str) -> bytes | None:
        """The key to put in place of the one at ``at``, None to leave it; raises _Drop to drop it."""
        owner = _owner_before(raw, at, self._hq)
        if owner == self._partner or not owner:
            return None
        start = at - len(owner)
        found = raw[start:end].decode()
        if found == own_id:
            return None  # exchanged at the end, wherever it stands
        if not _is_whole_string(raw, start, end):
            return self._aliases.alias(found)[-_KEY_BYTES:].encode()
        if not self._may_name(found, own_id):
            raise _Drop
        name = self._aliases.alias(found)[-_KEY_BYTES:].encode()
        self._remember(raw[start - 1 : end + 1], name)
        return name

    def forget(self) -> None:
        """Forget which references the partner may have: what was to be given to it was not."""
        self._known.clear()

    def _remember(self, quoted: bytes, name: bytes) -> None:
        """Keep the name for a reference the partner may have: what it was given is never taken back."""
        if len(self._known) >= CACHED_REFERENCES:
            self._known.clear()
        self._known[quoted] = name

    def _may_name(self, record_id: str, own_id: str) -> bool:
        """Whether the partner may get a reference to ``record_id``."""
        if record_id == own_id:
            return True
        owner = owner_of(record_id).encode()
        return owner == self._partner or (owner == self._hq and self._has(record_id))

    def _thin(self, raw: bytes, own_id: str) -> bytes | None:
        """``raw`` without the references that may not be in it; None if it is no such record then."""

        def keep(value: Any) -> bool:
            return not (isinstance(value, str) and is_record_id(value) and not self._may_name(value, own_id))

        def thin(value: Any) -> Any:
            if isinstance(value, dict):
                return {k: thin(v) for k, v in value.items() if keep(k) and keep(v)}
            if isinstance(value, list):
                return [thin(v) for v in value if keep(v)]
            return value

        left = msgspec.json.encode(thin(msgspec.json.decode(raw)))
        try:
            self._codec.decode(left)
        except BadInput:
            return None
        return left


def _plain(raw: bytes, own_id: str) -> tuple[bytes, re.Match[bytes]]:
    """``raw`` as this node writes it (no ASCII in disguise; kind, id, version in front), and that head."""
    disguised = b"\\" in raw and _DISGUISED.search(raw) is not None
    head = _HEAD.match(raw)
    if head is None or disguised or head[1] != own_id.encode():
        fields = msgspec.json.decode(raw)
        first = {name: fields.pop(name) for name in ("kind", "id", "version") if name in fields}
        raw = msgspec.json.encode(first | fields)
        head = _HEAD.match(raw)
        assert head is not None, "a record has a kind and an id, and neither needs a backslash"
    return raw, head


def _dated(raw: bytes, at: datetime) -> bytes:
    """``raw`` as if written ``at``: to the second if with fractions it were larger than a record may be.

    Whatever time it bore was at least as long, so what could be logged can leave.
    """
    told = msgspec.json.decode(raw)
    dated = msgspec.json.encode(told | {"at": at})
    if len(dated) <= MAX_RECORD_BYTES:
        return dated
    return msgspec.json.encode(told | {"at": at.replace(microsecond=0)})


def _renumber(entry: bytes, head: re.Match[bytes], version: int) -> bytes:
    """``entry`` with the ``version`` in its head made ``version``; 1 is the default and left out."""
    if head[2] is None and version == 1:
        return entry
    end = head.end()
    start = end if head[2] is None else head.start(2) - len(b',"version":')
    number = b"" if version == 1 else b',"version":%d' % version
    return entry[:start] + number + entry[end:]


def _owner_before(raw: bytes, at: int, likely: bytes) -> bytes:
    """The headquarters id that ends just before ``at``; empty if there is none."""
    start = at - len(likely)
    ours = start > 0 and raw.startswith(likely, start)
    if ours and raw[start - 1] not in _NAME_BYTES:
        return likely
    match = _OWNER.search(raw[max(0, at - _MAX_OWNER_BYTES - 1) : at])
    if match:
        return match[0]
    return likely if ours else b""  # run together with a word: no id, but it would tell one


def _is_whole_string(raw: bytes, start: int, end: int) -> bool:
    """Whether ``raw[start:end]`` is all of a JSON string, as a reference is."""
    return (
        raw[start - 1 : start] == b'"' and raw[end : end + 1] == b'"' and raw[start - 2 : start - 1] != b"\\"
    )


def localise(raw: bytes, hq: str, resolve: Callable[[str], str | None]) -> bytes:
    """A partner's entry with its names for records of ``hq`` turned back into our own ids.

    ``resolve`` is ``Releaser.resolve`` (or ``Aliases.resolve``) for that partner.  A name it does not
    know stays as it is and leads nowhere.
    """
    own = hq.encode()
    if own + b"/" not in raw:
        return raw
    out: bytearray | None = None
    for match in _KEY.finditer(raw):
        at, end = match.span()
        if _owner_before(raw, at, own) != own:
            continue
        found = resolve(raw[at - len(own) : end].decode())
        if found is not None:
            if out is None:
                out = bytearray(raw)
            out[at + 1 : end] = found[-_KEY_BYTES:].encode()
    return raw if out is None else bytes(out)
