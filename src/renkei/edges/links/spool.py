"""Outbox and inbox: a running node's courier's files, without anybody at the keyboard.

What carries files between two networks (a diode's software, a courier's terminal) watches the outbox and
fills the inbox.  A file is there, whole, once it has a name that ends in ``.renkei``.  One that was taken
is deleted, and ``taken`` beneath the inbox has a note of what it came to: its content is in the log then,
from where a recall can erase it, and we could open the file for ever.  One that was not taken, or not all
of it, moves to ``refused``, with the reason in a file beside it; these go, too, once the partner has taken
something back.  Whoever fills the inbox may be anybody: links are not followed, in it or beneath it.
"""

import itertools
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from renkei.kernel.clock import Clock
from renkei.kernel.errors import BadInput, RenkeiError, Unreachable
from renkei.kernel.identity import Identity, PartnerEntry
from renkei.kernel.partners import (
    Event,
    Haul,
    Imported,
    Place,
    Receiver,
    Sender,
    cut,
    export_contents,
    volumes,
)
from renkei.node.contents import PartnerContents

from .courier import (
    Envelope,
    check_direction,
    peek_courier_file,
    read_courier_file,
    write_courier_file,
    write_file,
)

SUFFIX = ".renkei"
TAKEN, REFUSED = "taken", "refused"
NOTE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
FILES_AT_ONCE = 1000
"""Of the inbox looked at in one round, in the order of their names, which is that of their entries."""
_log = structlog.get_logger("renkei.spool")


class SpoolLine(msgspec.Struct, frozen=True):
    """What of a partner's line files need."""

    entry: PartnerEntry
    sender: Sender
    receiver: Receiver
    contents: PartnerContents
    haul: Callable[[], Haul]
    """Takes in one volume of contents."""
    purged: int = 0
    """Up to which of the partner's entries what it took back is forgotten here."""


class Spool:
    """The files of one running node.  ``step`` is to be called every so often, from one thread."""

    def __init__(
        self,
        identity: Identity,
        lines: Callable[[], dict[str, SpoolLine]],
        clock: Clock,
        *,
        outboxes: dict[str, Path],
        inbox: Path | None,
        volume_bytes: int,
        with_contents: bool,
        on_events: Callable[[str, Sequence[Event]], None],
    ) -> None:
        self._identity, self._lines, self._clock = identity, lines, clock
        self._outboxes, self._inbox, self._volume_bytes = outboxes, inbox, volume_bytes
        self._with_contents, self._on_events = with_contents, on_events
        self._told: dict[str, str] = {}
        """The receipt that went to each partner last, so that a new one alone makes a file too."""
        self._purged: dict[str, int] = {}

    def step(self) -> int:
        """Write what is new, take in what has come; how many files that was."""
        lines = self._lines()
        done = 0
        for hq, folder in self._outboxes.items():
            try:
                if hq in lines:
                    done += self._write(lines[hq], folder) + self._write_contents(lines[hq], folder)
            except (RenkeiError, OSError) as err:
                _log.warning("outbox", partner=hq, error=str(err))
        for path in self._waiting(self._inbox):
            done += self._take(path, lines)
        for hq, line in lines.items():
            if line.purged > self._purged.get(hq, 0):
                self._forget(hq)
                self._purged[hq] = line.purged
        return done

    def _write(self, line: SpoolLine, folder: Path) -> int:
        if line.entry.over(self._clock.now()):
            return 0
        check_direction(line.entry, outward=True)
        first, size, receipt = line.sender.carried, line.sender.positions.logged, line.receiver.receipt
        news = receipt != self._told.get(line.entry.hq, "") and not line.entry.one_way
        if first >= size and not news:
            return 0
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        done, envelope = 0, Envelope(self._identity, line.entry)
        for begin, upto in volumes(line.sender, min(first, size), self._volume_bytes):
            now = self._clock.now()
            name = f"{self._identity.hq}-{begin:012}-{upto:012}-{now:%Y%m%dT%H%M%S%fZ}{SUFFIX}"
            write_courier_file(
                folder / name,
                line.sender,
                line.receiver,
                now,
                begin,
                upto,
                envelope=envelope,
                lacking=line.contents.lacking(),
            )
            done += 1
        self._told[line.entry.hq] = receipt
        return done

    def _write_contents(self, line: SpoolLine, folder: Path) -> int:
        """Volumes of the contents that no courier has taken along yet, behind their records."""
        contents, end = line.contents, Place(line.sender.carried)
        if not self._with_contents or line.entry.over(self._clock.now()) or contents.carried >= end:
            return 0
        offered = [one for one in contents.offered(contents.carried) if one[0] < end]
        done, envelope = 0, Envelope(self._identity, line.entry)
        ways = [way for way in cut(offered, self._volume_bytes) if way]
        for volume, following in itertools.zip_longest(ways, ways[1:]):
            (seq, offset, _), now = volume[0], self._clock.now()
            name = f"{self._identity.hq}-contents-{seq:012}-{offset:015}-{now:%Y%m%dT%H%M%S%fZ}{SUFFIX}"
            inside = export_contents(line.sender, line.receiver.realm, now, volume, contents.given)
            write_file(folder / name, envelope.seal(inside))
            contents.couriered(Place(following[0].seq, following[0].offset) if following else end)
            done += 1
        if not ways:
            contents.couriered(end)
        return done

    def _forget(self, hq: str) -> None:
        """Delete the files refused from ``hq``: they may hold what it took back, and we can open them."""
        folder = None if self._inbox is None else self._inbox / REFUSED
        if folder is None or folder.is_symlink():
            return
        for path in self._waiting(folder):
            try:
                if peek_courier_file(path).sender == hq:
                    path.unlink()
            except RenkeiError:
                continue  # nothing that anybody sealed for us

    @staticmethod
    def _waiting(folder: Path | None) -> list[Path]:
        if folder is None or not folder.is_dir():
            return []
        whole = (path for path in folder.iterdir() if path.suffix == SUFFIX and not path.is_symlink())
        found = (path for path in whole if path.is_file())
        return sorted(path for path in found if not path.name.startswith("."))[:FILES_AT_ONCE]

    def _take(self, path: Path, lines: dict[str, SpoolLine]) -> int:
        told = ""
        try:
            came = self._import(path, lines, self._clock.now())
            told = f"entries {came.first} to {came.size}: {came.logged} logged, {came.receipted} receipted"
            faults = [f"{fault.code}: expected {fault.expected}; {fault.came} came" for fault in came.faults]
            if came.hauled is not None:
                told = f"{len(came.hauled.taken)} contents whole, {len(came.hauled.coming)} in part"
                faults += [f"entry {seq}: {code}" for seq, code in came.hauled.refused.items()]
        except Unreachable as err:
            _log.warning("inbox", file=path.name, error=str(err))
            return 0  # the disk, not the file: the next round tries again
        except RenkeiError as err:
            faults = [str(err)]
        try:
            self._put_away(path, told, faults)
        except OSError as err:
            _log.warning("inbox", file=path.name, error=str(err))
            return 0
        return 1

    def _import(self, path: Path, lines: dict[str, SpoolLine], now: datetime) -> Imported:
        line = lines.get(peek_courier_file(path).sender)
        if line is None:
            raise BadInput("courier.sender", "a file from a partner", "one from somebody else")
        check_direction(line.entry, outward=False)
        envelope = Envelope(self._identity, line.entry)
        came = read_courier_file(
            path,
            line.sender,
            line.receiver,
            opened=lambda pieces: envelope.open(pieces, now),
            haul=line.haul(),
        )
        self._on_events(line.entry.hq, came.events)
        return came

    def _put_away(self, path: Path, told: str, faults: list[str]) -> None:
        """Delete what was taken, keep what was not; a note of either.  Raises OSError if the disk fails."""
        folder = path.parent / (REFUSED if faults else TAKEN)
        if folder.is_symlink():
            raise OSError(f"{folder.name} is a link to elsewhere")
        folder.mkdir(mode=0o700, exist_ok=True)
        note = os.open(folder / f"{path.name}.txt", NOTE_FLAGS, 0o600)
        with os.fdopen(note, "w", encoding="utf-8") as file:
            file.write("\n".join(faults or [told]) + "\n")
        if faults:
            path.rename(folder / path.name)
            _log.warning("inbox", file=path.name, faults=faults)
        else:
            path.unlink()
