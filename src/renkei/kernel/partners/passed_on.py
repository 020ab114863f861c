"""What this headquarters passed on of others' records, at rest in its master log: sealed, so that it can go.

A master log never forgets: what was logged stays, byte for byte, under its tree.  But what another
headquarters wrote is not ours to keep once its author takes it back (ADR 0011).  So a record that passes it
on (``release.onward``) is logged with the rendition encrypted, under a key of its own in a file that can
forget (``log/shredding``).  Whoever reads the master log to decide, render or show reads it through
``Whole``, which puts the rendition back in its place, byte for byte.  Once the key is destroyed, what is left
in the log, in any copy of it, says that something was passed on, when and by whom, and nothing of what.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from ..errors import OurFault
from ..log.base import Log, Pack
from ..log.shredding import ShredFile
from ..records import Codec
from .records import ONWARD, Onward

SLOT = "passed on/"
"""The facts beside the master log, ``passed on/<record id>/<version>``, that name the keys' slots."""
PASSED_ON = b'{"kind":"%s"' % ONWARD.encode()
"""How a record that passes something on begins."""
_NOTHING = "{}"


class PassedOn:
    """The keys of what was passed on.  ``seal`` and ``destroy`` are for the log's writer."""

    def __init__(self, path: Path, codec: Codec, used: int = 0, *, read_only: bool = False) -> None:
        """``used`` is the highest slot named beside the log: the file may have been lost and begun anew."""
        self._path, self._codec, self._used, self._read_only = path, codec, used, read_only
        self._file: ShredFile | None = None

    def _keys(self) -> ShredFile:
        if self._file is None:
            self._file = ShredFile(self._path, self._read_only, self._used)
        return self._file

    def seal(self, record: Onward) -> tuple[bytes, dict[str, bytes]]:
        """The record as it is logged, and the fact that names its key's slot.

        Raises BadInput for one that is larger than what a partner takes, before a key is spent on it.
        """
        self._codec.encode(record)
        slot, sealed = self._keys().seal(record.rendition.encode(), _about(record))
        at_rest = f"{slot}:{b64encode(sealed).decode()}"
        logged = msgspec.structs.replace(record, rendition=_NOTHING, sealed=at_rest)
        return self._codec.encode(logged), {f"{SLOT}{record.id}/{record.version}": b"%d" % slot}

    def whole(self, raw: bytes) -> bytes:
        """The record logged as ``raw`` with the rendition in its place; as it is if that is gone."""
        if not raw.startswith(PASSED_ON):
            return raw
        record = self._codec.decode(raw)
        if not isinstance(record, Onward) or not record.sealed:
            return raw
        rendition = self._open(record)
        if rendition is None:
            return raw
        return self._codec.encode(msgspec.structs.replace(record, rendition=rendition.decode(), sealed=""))

    def _open(self, record: Onward) -> bytes | None:
        slot, _, sealed = record.sealed.partition(":")
        try:
            return self._keys().open(int(slot), b64decode(sealed), _about(record))
        except OurFault as fault:
            if fault.code == "shred.file":  # the file of keys is lost: everything in it is forgotten
                return None
            raise

    def destroy(self, log: Log, own_ids: Iterable[str]) -> None:
        """Forget what these records passed on, in all their versions; durable on return."""
        facts = (slot for own_id in own_ids for _, slot in log.facts(f"{SLOT}{own_id}/"))
        slots = [int(slot) for slot in facts]
        if slots:
            self._keys().destroy(slots)

    def close(self) -> None:
        """Close the file of keys."""
        if self._file is not None:
            self._file.close()


class Whole:
    """A master log as it is to be read: with what was passed on in its place."""

    def __init__(self, log: Log, passed_on: PassedOn) -> None:
        self._log, self._passed_on = log, passed_on

    @property
    def size(self) -> int:
        """How many entries there are."""
        return self._log.size

    def fact(self, name: str) -> bytes | None:
        """A value kept beside the entries, or None."""
        return self._log.fact(name)

    def entry(self, seq: int) -> bytes:
        """One entry."""
        return self._passed_on.whole(self._log.entry(seq))

    def read(self, first: int, limit: int = 1000) -> Iterator[Pack]:
        """Packs covering ``first`` onwards, cut to at most ``limit`` entries in all."""
        for pack in self._log.read(first, limit):
            if any(raw.startswith(PASSED_ON) for raw in pack.entries):
                entries = tuple(map(self._passed_on.whole, pack.entries))
                yield Pack(pack.first, pack.logged_at, entries)
            else:
                yield pack


def highest_slot(log: Log) -> int:
    """The highest slot named beside the log."""
    return max((int(slot) for _, slot in log.facts(SLOT)), default=0)


def _about(record: Onward) -> bytes:
    return f"{record.id}\n{record.version}".encode()
