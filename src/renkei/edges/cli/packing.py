"""Contents of attachments in a sealed file (ADR 0012, ADR 0014).

Inside the envelope: the line ``renkei contents v1``, then for each content a line of JSON, ``{"content": ...,
"size": ...}``, followed by as many bytes.  The file proves nothing by itself: a content is taken only if an
attachment's record from that partner is here and commits to it.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from ...kernel.attachments import CHUNK_BYTES, AttachmentStore, Scanner, name_of
from ...kernel.errors import BadInput, RenkeiError, TheirFault
from ...kernel.log.commitments import said_in
from ...kernel.partners import Opening
from ...kernel.partners.recalls import Withdrawn
from ...node import Node, PartnerLine
from ...node.contents import check
from ...node.couriers import check_outward
from ...rooms.coordination import Attachment
from ..links.courier import Envelope, check_direction, file_pieces, write_file

FIRST_LINE = b"renkei contents v1\n"
MAX_LINE_BYTES = 1024
Tick = Callable[[int], None]


class Head(msgspec.Struct, frozen=True):
    """What stands before a content."""

    content: str
    size: int


def pack_contents(node: Node, hq: str, file: Path, tick: Tick) -> int:
    """Seal what the partner was given into ``file``; how many contents."""
    line = node.line(hq)
    check_outward(line.entry, node.clock.now())
    node.pump()
    store = node.contents
    found = [attachment for _, attachment in _in_log(node, line, sent=True).values()]
    given = [each for each in found if store.has(name_of(node.config.hq, each.content))]
    inside = _contents(store, node.config.hq, given)
    write_file(file, Envelope(node.identity, line.entry).seal(inside), tick)
    return len(given)


def _contents(store: AttachmentStore, own: str, given: list[Attachment]) -> Iterator[bytes]:
    yield FIRST_LINE
    for attachment in given:
        yield msgspec.json.encode(Head(attachment.content, attachment.size)) + b"\n"
        yield from store.read(name_of(own, attachment.content), attachment.size)


def _in_log(node: Node, line: PartnerLine, *, sent: bool) -> dict[str, tuple[int, Attachment]]:
    """The attachments in one of the logs with a partner, by content and with numbers, if not taken back."""
    log = line.sent if sent else line.received
    withdrawn, found = Withdrawn(log), {}
    for pack in log.read(0, log.size):
        for seq, raw in enumerate(said_in(pack), pack.first):
            if raw is not None and seq not in withdrawn and raw.startswith(b'{"kind":"attachment"'):
                record = node.codec.decode(raw)
                if isinstance(record, Attachment):
                    found[record.content] = seq, record
    return found


def unpack_contents(node: Node, file: Path, tick: Tick) -> tuple[int, dict[str, str]]:
    """Take in what fits; how many contents, and the code for each that was refused.

    Raises BadInput or TheirFault for a file that is none, or not for us from a partner.
    """
    opening = Opening(file_pieces(file, tick))
    line = node.line(opening.header.sender)
    check_direction(line.entry, outward=False)
    now = node.clock.now()
    inside = opening.contents(
        node.config.hq, lambda key: line.entry.check_key(key, now), node.identity.agreement_keys
    )
    taking = _Taking(node, line)
    try:
        taking.run(_Reader(inside))
    except TheirFault as fault:  # cut short or altered: what was whole before that is kept
        taking.refused[file.name] = fault.code
    return taking.taken, taking.refused


class _Taking:
    """The contents of one file being taken in."""

    def __init__(self, node: Node, line: PartnerLine) -> None:
        config = node.config.attachments
        self._store, self._most, self._hq = node.contents, config.max_bytes, line.hq
        self._scanner = Scanner(config.scan, config.scan_seconds)
        self._known = _in_log(node, line, sent=False)
        self.taken = 0
        self.refused: dict[str, str] = {}

    def run(self, reader: "_Reader") -> None:
        if reader.line() != FIRST_LINE[:-1]:
            raise BadInput("courier.form", "a file of contents", "a courier's file of another kind")
        while said := reader.line():
            try:
                head = msgspec.json.decode(said, type=Head)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                raise TheirFault("courier.form", "the name and size of a content", "another line") from None
            pieces = reader.take(head.size)
            try:
                self._take(head, pieces)
            except BadInput as no:
                self.refused[head.content[:80]] = no.code
                for _ in pieces:  # on to the next one
                    pass

    def _take(self, head: Head, pieces: Iterator[bytes]) -> None:
        seq, record = self._known.get(head.content, (0, None))
        if record is None or record.size != head.size:
            raise BadInput("attachment.unknown", "a content whose attachment's record is here", "another")
        if record.size > self._most:
            raise BadInput("attachment.size", f"at most {self._most} bytes", f"{record.size}")
        name = name_of(self._hq, head.content)
        if self._store.has(name):
            raise BadInput("attachment.known", "a content that is not here yet", "one that is")
        self._store.erase(name)  # of an earlier try
        self._store.begin(name)
        self._store.stands_for(name, seq)
        try:
            at = 0
            for piece in pieces:
                at = self._store.put(name, at, piece, record.size)
            check(self._store, self._scanner, name, record)
        except RenkeiError:
            self._store.erase(name)
            raise
        self._store.keep(name)
        self.taken += 1


class _Reader:
    """Lines and stretches of bytes out of pieces of any length."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._buffer = iter(pieces), bytearray()

    def _more(self) -> bool:
        piece = next(self._pieces, None)
        self._buffer += piece or b""
        return piece is not None

    def line(self) -> bytes:
        """The next line, without its end; empty where there is no more.  Raises TheirFault for a long one."""
        while (at := self._buffer.find(b"\n")) < 0 and len(self._buffer) < MAX_LINE_BYTES and self._more():
            pass
        if at < 0 and self._buffer:
            raise TheirFault("courier.form", f"a line of at most {MAX_LINE_BYTES} bytes", "another")
        line = bytes(self._buffer[: max(at, 0)])
        del self._buffer[: at + 1]
        return line

    def take(self, count: int) -> Iterator[bytes]:
        """The next ``count`` bytes, in whole chunks but for the last."""
        while count > 0:
            wanted = min(count, CHUNK_BYTES)
            while len(self._buffer) < wanted:
                if not self._more():
                    raise TheirFault(
                        "courier.truncated", f"{count} more bytes of a content", "the file's end"
                    )
            count -= wanted
            piece = bytes(self._buffer[:wanted])
            del self._buffer[:wanted]
            yield piece
