"""Couriers' files as a node makes and takes them, wherever the bytes come from and go to.

Files on a disk are an edge (``edges/links/courier``), and so is a file that a person sends or fetches over
HTTP; both make and take them here, under the same checks.  What is inside is ``kernel/partners``.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ..kernel.errors import BadInput
from ..kernel.identity import Identity, PartnerEntry
from ..kernel.partners import (
    MIN_HAUL_BYTES,
    MIN_VOLUME_BYTES,
    Haul,
    Header,
    Imported,
    Opening,
    Parcel,
    Place,
    Receiver,
    Sender,
    Stretch,
    cut,
    export_contents,
    export_parcel,
    frames,
    import_parcel,
    is_sealed,
    peek_parcel,
    seal,
    volumes,
)
from .hauling import ContentsHaul
from .lines import PartnerLine

if TYPE_CHECKING:
    from .node import Node

RELEASE_PATIENCE = 5.0
"""Seconds a file waits for the releaser: it is some milliseconds behind, seconds in a flood."""
RELEASE_LOOK = 0.01


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


def check_outward(entry: PartnerEntry, now: datetime) -> None:
    """Raise BadInput unless a file may leave for the partner: files go that way, and the agreement holds."""
    check_direction(entry, outward=True)
    if entry.over(now):
        raise BadInput("courier.agreement", f"an agreement with {entry.hq} that holds", "one that has ended")


def begins_at(line: PartnerLine) -> int:
    """The first entry that a file for the partner needs: after its receipt, or what was carried last."""
    return line.sender.carried if line.entry.one_way else line.sender.received


class Export(NamedTuple):
    """A sealed file under way: its entries from ``first`` up to ``upto``, of ``logged`` in all."""

    first: int
    upto: int
    logged: int
    pieces: Iterator[bytes]


def export_sealed(node: "Node", hq: str, first: int | None, volume_bytes: int | None) -> Export:
    """One sealed file for ``hq``: everything from ``first`` on, or what fits into ``volume_bytes`` of it.

    Its entries count as sent once somebody says that the file is kept (``Sender.couriered``).  Raises
    BadInput if it may not leave, ``first`` is beyond the log, or the partner's card has no key for it.
    """
    line, now = node.line(hq), node.clock.now()
    check_outward(line.entry, now)
    _await_releaser(node, line)
    begin, logged = begins_at(line) if first is None else first, line.sender.positions.logged
    if begin > logged:
        raise BadInput("courier.first", f"an entry up to {logged}", str(begin))
    if volume_bytes is not None and volume_bytes < MIN_VOLUME_BYTES:
        raise BadInput("courier.volume", f"at least {MIN_VOLUME_BYTES} bytes", str(volume_bytes))
    upto = logged if volume_bytes is None else next(volumes(line.sender, begin, volume_bytes))[1]
    inside = export_parcel(
        line.sender, line.receiver, now, begin, upto, counted=False, lacking=line.contents.lacking()
    )
    return Export(begin, upto, logged, Envelope(node.identity, line.entry).seal(inside))


class ContentsExport(NamedTuple):
    """A volume under way: ``size`` bytes of ``contents`` contents, from ``first`` up to ``upto``.

    ``last`` tells whether that is all there is; else the next volume begins at ``upto``.
    """

    first: Place
    upto: Place
    contents: int
    size: int
    last: bool
    pieces: Iterator[bytes]


def export_volume(
    node: "Node",
    hq: str,
    begin: Place | None,
    volume_bytes: int | None,
    *,
    again: bool = False,
    plain: bool = False,
) -> ContentsExport:
    """One volume of contents for ``hq``: from ``begin`` on, or what fits into ``volume_bytes`` of it.

    That is what the partner lacks by its own word; with ``again``, everything.  Without ``begin`` it is from
    the first entry on; where files go one way, what was not carried yet.  It counts as carried once somebody
    says so (``PartnerContents.couriered``).  Raises BadInput if it may not leave, or the partner's card has
    no key to seal it for.
    """
    line, now = node.line(hq), node.clock.now()
    check_outward(line.entry, now)
    _await_releaser(node, line)
    if volume_bytes is not None and volume_bytes < MIN_HAUL_BYTES:
        raise BadInput("courier.volume", f"at least {MIN_HAUL_BYTES} bytes", str(volume_bytes))
    ways = cut(line.contents.offered(_from(line, begin), again=again), volume_bytes)
    volume, following = next(ways), next(ways, [])
    logged = Place(line.sender.positions.logged)
    inside = export_contents(line.sender, line.receiver.realm, now, volume, line.contents.given)
    return ContentsExport(
        _begin_of(volume, logged),
        _begin_of(following, logged),
        len({stretch.seq for stretch in volume}),
        sum(stretch.end - stretch.offset for stretch in volume),
        not following,
        inside if plain else Envelope(node.identity, line.entry).seal(inside),
    )


def _from(line: PartnerLine, begin: Place | None) -> Place:
    if begin is None:
        return line.contents.carried if line.entry.one_way else Place(0)
    if begin.offset % frames.MAX_PIECE_BYTES:
        raise BadInput("courier.first", f"a multiple of {frames.MAX_PIECE_BYTES} bytes", str(begin.offset))
    return begin


def _begin_of(volume: list[Stretch], end: Place) -> Place:
    return Place(volume[0].seq, volume[0].offset) if volume else end


def _await_releaser(node: "Node", line: PartnerLine) -> None:
    """Wait a little for what was written before: whoever asks for a file expects it in there."""
    written, deadline = node.master.size, time.monotonic() + RELEASE_PATIENCE
    while line.releaser.position < written and time.monotonic() < deadline:
        time.sleep(RELEASE_LOOK)


def take_in(node: "Node", hq: str, pieces: Iterable[bytes]) -> Imported:
    """Take in a file from ``hq``; what is sound of it is folded from here on.

    Raises BadInput or TheirFault for one that is none, or from somebody else, or not for us.
    """
    line, now = node.line(hq), node.clock.now()
    rest = iter(pieces)
    beginning = next(rest, b"")
    found = peek(beginning).sender
    if found != hq:
        raise BadInput("courier.sender", f"a file from {hq}", found[:80])
    check_direction(line.entry, outward=False)
    envelope = Envelope(node.identity, line.entry)
    came = import_pieces(
        _again(beginning, rest),
        line.sender,
        line.receiver,
        lambda inside: envelope.open(inside, now),
        ContentsHaul(line.contents, node.contents),
    )
    node.link_said(hq, came.events)
    return came


def import_pieces(
    pieces: Iterator[bytes],
    sender: Sender,
    receiver: Receiver,
    opened: Callable[[Iterable[bytes]], Iterator[bytes]] | None,
    haul: Haul | None = None,
) -> Imported:
    """Take in a file as it comes; ``opened`` opens a sealed one, contents go to ``haul``.

    Raises as ``take_in`` does.
    """
    beginning = next(pieces, b"")
    whole = _again(beginning, pieces)
    if is_sealed(beginning):
        if opened is None:
            raise BadInput("courier.key", "a plain courier's file", "a sealed one")
        whole = opened(whole)
    return import_parcel(whole, sender, receiver, haul)


def peek(beginning: bytes) -> Parcel | Header:
    """From whom and for whom a file with this beginning is.  Raises BadInput if it is none."""
    return Opening([beginning]).header if is_sealed(beginning) else peek_parcel(beginning)


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
