"""What every entry of a partner's log must be before it is logged here.

An entry is a record in JSON (``kernel/records``): sound UTF-8, an object, with a header this node can
read (kind, id, version, realm, label, time, post), owned by the partner, in the realm agreed on.  What
stands in the other fields is for the kind's own decoder; a kind or field unknown here rides along.

The check decodes each entry once into a struct that names the header's fields only; msgspec skips
the rest, checking its form.  The id's pattern is matched here with the owner in it, once, because that is
a third faster than by msgspec's own means.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from ..errors import TheirFault
from ..labels.model import Label
from ..log.commitments import SALT_BYTES
from ..records import LIVE, MAX_NESTING, MAX_RECORD_BYTES, is_record_id, too_deep


class _Header(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``records.Header``, with the id's form left to the caller."""

    kind: str
    id: str
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31)] = 1
    realm: str = LIVE
    label: Label
    at: datetime
    by: str


_decode = msgspec.json.Decoder(_Header).decode


class EntryCheck:
    """The check for entries of one partner in one realm."""

    def __init__(self, owner: str, realm: str) -> None:
        self._owner, self._realm = owner, realm
        self._owned = re.compile(re.escape(owner) + r"/[0-9A-HJKMNP-TV-Z]{26}").fullmatch

    def fault(self, entry: bytes) -> TheirFault | None:
        """What is wrong with ``entry``, or None."""
        if len(entry) > MAX_RECORD_BYTES:
            return TheirFault("entry.size", f"at most {MAX_RECORD_BYTES} bytes in an entry", f"{len(entry)}")
        if too_deep(entry):
            return TheirFault("entry.form", f"JSON at most {MAX_NESTING} levels deep", "a deeper one")
        try:
            header = _decode(entry)
            if not entry.isascii():
                entry.decode()  # msgspec does not look at the UTF-8 of what it skips
        except (msgspec.DecodeError, UnicodeDecodeError):
            return TheirFault("entry.form", "a record in JSON with a readable header", "something else")
        if self._owned(header.id) is None:
            return self._wrong_id(header.id)
        if header.realm != self._realm:
            return TheirFault("entry.realm", f"records of realm {self._realm}", "one of another realm")
        return None

    def _wrong_id(self, found: str) -> TheirFault:
        if is_record_id(found):
            return TheirFault("entry.owner", f"records owned by {self._owner}", "one of another owner")
        return TheirFault("entry.form", "an id of an owner and 26 base-32 characters", "something else")

    def first_fault(self, bodies: Sequence[bytes | None]) -> tuple[int, TheirFault] | None:
        """The first of ``bodies`` that says what is wrong, by its place among them, or None."""
        for place, body in enumerate(bodies):
            fault = None if body is None else self.fault(body[SALT_BYTES:])
            if fault is not None:
                return place, fault
        return None
