"""Outbox and inbox: a running node's courier's files, without anybody at the keyboard.

What carries files between two networks (a diode's software, a courier's terminal) watches the outbox and
fills the inbox.  A file is there, whole, once it has a name that ends in ``.renkei``.  What was
taken from it moves to ``taken`` beneath it, what was not to ``refused``, with the reason in a file beside it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from renkei.kernel.clock import Clock
from renkei.kernel.errors import BadInput, RenkeiError, Unreachable
from renkei.kernel.identity import Identity, PartnerEntry
from renkei.kernel.partners import Event, Imported, Receiver, Sender, volumes

from .courier import Envelope, check_direction, peek_courier_file, read_courier_file, write_courier_file

SUFFIX = ".renkei"
FILES_AT_ONCE = 1000
"""Of the inbox looked at in one round, in the order of their names, which is that of their entries."""
_log = structlog.get_logger("renkei.spool")


class SpoolLine(msgspec.Struct, frozen=True):
    """What of a partner's line files need."""

    entry: PartnerEntry
    sender: Sender
    receiver: Receiver


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
        on_events: Callable[[str, Sequence[Event]], None],
    ) -> None:
        self._identity, self._lines, self._clock = identity, lines, clock
        self._outboxes, self._inbox, self._volume_bytes = outboxes, inbox, volume_bytes
        self._on_events = on_events
        self._told: dict[str, str] = {}
        """The receipt that went to each partner last, so that a new one alone makes a file too."""

    def step(self) -> int:
        """Write what is new, take in what has come; how many files that was."""
        lines = self._lines()
        done = 0
        for hq, folder in self._outboxes.items():
            try:
                done += self._write(lines[hq], folder) if hq in lines else 0
            except (RenkeiError, OSError) as err:
                _log.warning("outbox", partner=hq, error=str(err))
        for path in self._waiting():
            done += self._take(path, lines)
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
            write_courier_file(folder / name, line.sender, line.receiver, now, begin, upto, envelope=envelope)
            done += 1
        self._told[line.entry.hq] = receipt
        return done

    def _waiting(self) -> list[Path]:
        if self._inbox is None or not self._inbox.is_dir():
            return []
        found = (path for path in self._inbox.iterdir() if path.suffix == SUFFIX and path.is_file())
        return sorted(path for path in found if not path.name.startswith("."))[:FILES_AT_ONCE]

    def _take(self, path: Path, lines: dict[str, SpoolLine]) -> int:
        try:
            came = self._import(path, lines, self._clock.now())
            faults = [f"{fault.code}: expected {fault.expected}; {fault.came} came" for fault in came.faults]
        except Unreachable as err:
            _log.warning("inbox", file=path.name, error=str(err))
            return 0  # the disk, not the file: the next round tries again
        except RenkeiError as err:
            faults = [str(err)]
        self._put_away(path, faults)
        return 1

    def _import(self, path: Path, lines: dict[str, SpoolLine], now: datetime) -> Imported:
        line = lines.get(peek_courier_file(path).sender)
        if line is None:
            raise BadInput("courier.sender", "a file from a partner", "one from somebody else")
        check_direction(line.entry, outward=False)
        envelope = Envelope(self._identity, line.entry)
        came = read_courier_file(
            path, line.sender, line.receiver, opened=lambda pieces: envelope.open(pieces, now)
        )
        self._on_events(line.entry.hq, came.events)
        return came

    def _put_away(self, path: Path, faults: list[str]) -> None:
        folder = path.parent / ("refused" if faults else "taken")
        folder.mkdir(mode=0o700, exist_ok=True)
        path.rename(folder / path.name)
        if faults:
            (folder / f"{path.name}.txt").write_text("\n".join(faults) + "\n", "utf-8")
            _log.warning("inbox", file=path.name, faults=faults)
