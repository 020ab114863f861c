"""Courier's files on removable media: written whole or not at all, read piece by piece.

What is inside is ``kernel/partners`` (courier, bundle); here are only files.  A file is written under another
name, flushed and then named, so that a disk pulled out early holds no file that looks
like one.  Entries count as sent only once the file is in its place.  Files are sealed for the partner
unless a caller asks for a plain one, which travels as its labels demand.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from renkei.kernel.errors import BadInput, Unreachable
from renkei.kernel.identity import Identity, PartnerEntry
from renkei.kernel.identity.files import sync_folder
from renkei.kernel.partners import (
    Header,
    Imported,
    Opening,
    Parcel,
    Receiver,
    Sender,
    export_parcel,
    import_parcel,
    is_sealed,
    peek_parcel,
    seal,
)
from renkei.kernel.partners.courier import READ_BYTES

FILE_MODE = 0o600
Progress = Callable[[int], None]
"""Told how many bytes have been written or read so far."""


class Envelope:
    """Seals files for one partner, and opens those it sealed for us."""

    def __init__(self, identity: Identity, entry: PartnerEntry) -> None:
        self._identity, self._entry = identity, entry

    def seal(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """``pieces``, sealed for the partner.  Raises BadInput when its card has no key for that."""
        card = self._entry.card
        if not card.agreement:
            expected = f"an agreement key on {card.hq}'s card (ask for a newer card, or write a plain file)"
            raise BadInput("courier.key", expected, "a card without one")
        return seal(pieces, self._identity.hq, self._identity.private_key, card.hq, card.agreement)

    def open(self, pieces: Iterable[bytes], now: datetime) -> Iterator[bytes]:
        """What is inside ``pieces``, a sealed file.  Raises BadInput or TheirFault as ``Opening`` does."""
        opening = Opening(pieces)
        if opening.header.sender != self._entry.hq:
            raise BadInput("courier.sender", self._entry.hq, opening.header.sender[:200])

        def check(public: str) -> None:
            self._entry.check_key(public, now)

        return opening.contents(self._identity.hq, check, self._identity.agreement_keys)


def check_direction(entry: PartnerEntry, *, outward: bool) -> None:
    """Raise BadInput where the agreement lets files go the other way only."""
    if entry.one_way == ("in" if outward else "out"):
        expected = f"a file {'from' if outward else 'for'} {entry.hq}, with whom files go one way"
        raise BadInput("courier.one-way", expected, f"one {'for' if outward else 'from'} it")


def write_courier_file(
    path: Path,
    sender: Sender,
    receiver: Receiver,
    at: datetime,
    first: int | None = None,
    upto: int | None = None,
    *,
    envelope: Envelope | None = None,
    progress: Progress | None = None,
) -> int:
    """Write everything since the partner's last receipt (or from ``first``, up to ``upto``) to ``path``.

    Returns its bytes.  Sealed in ``envelope``; plain without one.  Raises BadInput if ``path`` is taken or
    ``first`` is beyond the log, Unreachable if the disk fails; no file is left then, nothing counts as sent.
    """
    upto = sender.positions.logged if upto is None else upto
    pieces = export_parcel(sender, receiver, at, first, upto, counted=False)
    written = write_file(path, envelope.seal(pieces) if envelope else pieces, progress)
    sender.couriered(upto)
    return written


def write_file(path: Path, pieces: Iterable[bytes], progress: Progress | None = None) -> int:
    """Put ``pieces`` at ``path``, whole or not at all; its bytes.

    Raises BadInput if ``path`` is taken, Unreachable if the disk fails.
    """
    if path.exists():
        raise BadInput("courier.exists", "a name not yet taken", path.name)
    waiting = path.with_name(f".{path.name}.part")
    try:
        return _write(path, waiting, pieces, progress)
    except OSError as error:
        raise Unreachable("courier.write", f"to write {path.name}", error.strerror or "an error") from error
    finally:
        with contextlib.suppress(OSError):
            waiting.unlink(missing_ok=True)


def read_courier_file(
    path: Path,
    sender: Sender,
    receiver: Receiver,
    *,
    opened: Callable[[Iterable[bytes]], Iterator[bytes]] | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Take in the file at ``path``; what it came to, damage included (``Imported.events``).

    ``opened`` opens a sealed file (``Envelope.open``).

    Raises BadInput or TheirFault for a file that is none, not for us from this partner, or sealed by a key
    that is not in force; Unreachable if the disk fails, with what was sound before the failure kept.
    """
    pieces = file_pieces(path, progress)
    beginning = next(pieces, b"")
    whole = _again(beginning, pieces)
    if is_sealed(beginning):
        if opened is None:
            raise BadInput("courier.key", "a plain courier's file", "a sealed one")
        whole = opened(whole)
    return import_parcel(whole, sender, receiver)


def peek_courier_file(path: Path) -> Parcel | Header:
    """From whom and for whom the file at ``path`` is.  Raises BadInput if it is none."""
    beginning = next(file_pieces(path, None), b"")
    return Opening([beginning]).header if is_sealed(beginning) else peek_parcel(beginning)


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _write(path: Path, waiting: Path, pieces: Iterable[bytes], progress: Progress | None) -> int:
    written = 0
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        for piece in pieces:
            file.write(piece)
            written += len(piece)
            if progress is not None:
                progress(written)
        file.flush()
        os.fsync(descriptor)
    waiting.rename(path)
    sync_folder(path.parent)
    return written


def file_pieces(path: Path, progress: Progress | None) -> Iterator[bytes]:
    """The file at ``path``, piece by piece.  Raises Unreachable if the disk fails."""
    done = 0
    try:
        with path.open("rb") as file:
            while piece := file.read(READ_BYTES):
                yield piece
                done += len(piece)
                if progress is not None:
                    progress(done)
    except OSError as error:
        raise Unreachable("courier.read", f"to read {path.name}", error.strerror or "an error") from error
