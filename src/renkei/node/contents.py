"""Contents of attachments between this node and one partner (ADR 0014).

What to ask for follows from the views: attachments of the partner's whose content is not here.  A stretch
that came is stored, and a whole content checked and scanned, by ``step`` in a thread of its own, so that no
record waits for a disk or a scanner; until it is stored nothing more is asked for.  How far a content came is
the length of its file: cuts and restarts of either side cost a stretch.

By courier contents go in volumes (``node/hauling``): what the partner lacks by its own word, or from where
the last volume ended.

A content stands for the entry of its record.  When that entry's body is erased, ``forget`` destroys the
content's key and the content, before the purge is signed for; whatever of it is under way is dropped.
"""

import threading
from base64 import b64decode
from collections import deque
from collections.abc import Callable, Container, Iterator
from typing import Literal, cast

import msgspec
import structlog

from ..kernel.attachments import CHUNK_BYTES, AttachmentStore, Scanner, digest_of, name_of
from ..kernel.errors import BadInput, OurFault, RenkeiError, TheirFault
from ..kernel.log.base import Log
from ..kernel.log.commitments import said_at, said_in
from ..kernel.partners import frames
from ..kernel.partners.contents import Wanted
from ..kernel.partners.hauling import Place
from ..kernel.records import Codec
from ..kernel.views import ViewStore
from ..rooms.coordination import Attachment
from .config import AttachmentsConfig

ContentState = Literal["here", "awaited", "coming", "checking", "quarantined", "refused", "gone"]
FREE_BYTES = 256 * 1024 * 1024
"""Of the disk is left to records: no content is asked for that would go below it."""
LACKED, CARRIED = "contents lacked", "contents couriered"
"""Facts beside the log sent: what the partner said it lacks; up to where couriers have taken contents."""
_ATTACHMENT = b'{"kind":"attachment"'
_log = structlog.get_logger("renkei.contents")


def check(store: AttachmentStore, scanner: Scanner, name: str, record: Attachment) -> None:
    """Raise BadInput unless the whole content is what ``record`` commits to and the scanner lets it pass."""
    if digest_of(b64decode(record.salt), store.read(name, record.size)) != record.digest:
        raise BadInput("attachment.digest", "the content that the record commits to", "another")
    verdict = scanner.look(store.read(name, record.size))
    if not verdict.passed:
        raise BadInput("attachment.scan", "a content that the scanner lets pass", verdict.why)
    if scanner.command:
        store.note_looked(name)


class PartnerContents:
    """Of one partner, both ways.  ``step`` is called from one thread; everything else from any."""

    def __init__(
        self,
        store: AttachmentStore,
        config: AttachmentsConfig,
        codec: Codec,
        views: ViewStore,
        *,
        hq: str,
        partner: str,
        sent: Log,
        received: Log,
        withdrawn: Container[int],
        receipted: Callable[[], int],
    ) -> None:
        """``receipted`` is how many of our entries the partner has signed for: it knows of no others."""
        self._store, self._config, self._codec, self._views = store, config, codec, views
        self._scanner = Scanner(config.scan, config.scan_seconds)
        self._hq, self._partner = hq, partner
        self._sent, self._received = sent, received
        self._withdrawn, self._receipted = withdrawn, receipted
        self._lock, self._finishing = threading.Lock(), threading.Lock()
        self._given: tuple[int, Attachment | None] = (-1, None)
        self._queue: deque[tuple[int, Attachment]] = deque()
        self._looked = -1
        self._refused: dict[str, str] = {}
        self._current: tuple[int, Attachment] | None = None
        self._ready = False
        self._held = bytearray()
        self._come: bytes | None = None
        self.told: Callable[[], None] = lambda: None
        """Called when there is a stretch to store."""

    # --- what the partner asks for -------------------------------------------------------------------

    def piece(self, seq: int, offset: int, count: int) -> bytes | None:
        """Those bytes of the content of our entry ``seq``; None if the partner cannot have them."""
        return None if seq >= self._receipted() else self.given(seq, offset, count)

    def given(self, seq: int, offset: int, count: int) -> bytes | None:
        """The same for a courier, who brings the records, too."""
        if seq in self._withdrawn:
            return None
        known, record = self._given
        if known != seq:
            record = self._attachment(self._sent, seq)
            self._given = seq, record
        if record is None or offset + count > record.size:
            return None
        name = name_of(self._hq, record.content)
        if not self._store.has(name):
            return None
        try:
            return b"".join(self._store.read(name, record.size, offset, offset + count))
        except OurFault as fault:
            _log.error("content not readable", partner=self._partner, code=fault.code, seq=seq)
            return None

    def _attachment(self, log: Log, seq: int) -> Attachment | None:
        said = said_at(log, seq)
        if said is None:
            return None
        try:
            record = self._codec.decode(said)
        except RenkeiError:
            return None
        return record if isinstance(record, Attachment) else None

    # --- what couriers take along --------------------------------------------------------------------

    def offered(self, begin: Place, *, again: bool = False) -> list[tuple[Place, int]]:
        """Our contents for a courier from ``begin`` on, each from a place, with its size.

        What the partner lacks by its own word, and what came after that word; with ``again``, everything.
        """
        lacked = self._lacked()
        found: dict[str, tuple[Place, int]] = {}
        for seq, record in self._attachments_sent(begin.seq):
            found.pop(record.content, None)  # an older version's
            if not again and seq not in lacked and seq < lacked[-1]:
                continue
            at = 0 if again else lacked.get(seq, 0)
            at = max(at, begin.offset if seq == begin.seq else 0)
            if at < record.size and self._store.has(name_of(self._hq, record.content)):
                found[record.content] = Place(seq, at), record.size
        return sorted(found.values())

    def _attachments_sent(self, first: int) -> Iterator[tuple[int, Attachment]]:
        for pack in self._sent.read(first, max(0, self._sent.size - first)):
            for seq, raw in enumerate(said_in(pack), pack.first):
                if raw is not None and raw.startswith(_ATTACHMENT) and seq not in self._withdrawn:
                    record = self._codec.decode(raw)
                    if isinstance(record, Attachment):
                        yield seq, record

    def _lacked(self) -> dict[int, int]:
        """Places by entry that the partner said it lacks; under -1 from where on its word says nothing."""
        fact = self._sent.fact(LACKED)
        said = msgspec.json.decode(fact, type=frames.Lacking) if fact else frames.Lacking(upto=0, places=())
        whole = ((seq, at // CHUNK_BYTES * CHUNK_BYTES) for seq, at in said.places)
        return {-1: said.upto, **dict(whole)}

    def lacks(self, said: frames.Lacking) -> None:
        """The partner says which of our contents it lacks."""
        self._sent.set_facts({LACKED: msgspec.json.encode(said)}, durable=False)

    @property
    def carried(self) -> Place:
        """Up to where couriers have taken contents along."""
        fact = self._sent.fact(CARRIED)
        return Place(*map(int, fact.split())) if fact else Place(0)

    def couriered(self, place: Place) -> None:
        """A courier has taken along everything up to ``place``."""
        if place > self.carried:
            self._sent.set_facts({CARRIED: b"%d %d" % place})

    # --- what couriers bring -------------------------------------------------------------------------

    def lacking(self) -> frames.Lacking:
        """Which of the partner's contents are not here: for its courier."""
        upto = self._views.position(self._partner)
        places: list[tuple[int, int]] = []
        sql = """SELECT r.seq FROM records r JOIN shelves s ON s.shelf = r.shelf
                 WHERE s.kind = 'attachment' AND s.owner = ? AND r.source = ? AND r.seq < ? ORDER BY r.seq"""
        with self._views.raw_tables() as db:
            found = [seq for (seq,) in db.execute(sql, (self._partner, self._partner, upto))]
        for seq in cast("list[int]", found):
            record = self._attachment(self._received, seq)
            state, have = self.state(record) if record is not None else ("gone", 0)
            if state not in ("awaited", "coming", "checking"):
                continue
            if len(places) == frames.MAX_LACKING:
                upto = seq
                break
            places.append((seq, have))
        return frames.Lacking(upto=upto, places=tuple(places))

    def expected(self, seq: int) -> tuple[str, Attachment, bool]:
        """The content that the partner's entry ``seq`` commits to: its name and record; whether it is here.

        Raises TheirFault while the entry has not come, BadInput for what is not to be taken.
        """
        if seq >= self._received.size:
            came = f"a content of entry {seq}"
            raise TheirFault("courier.gap", f"entries up to {seq} before their contents", came)
        record = self._attachment(self._received, seq)
        if record is None:
            gone = said_at(self._received, seq) is None
            code, came = ("recalled", "of one taken back") if gone else ("unknown", "of another entry")
            raise BadInput(f"attachment.{code}", "the content of an attachment that is here", came)
        name = name_of(self._partner, record.content)
        if self._store.put_aside(name):
            raise BadInput("attachment.scan", "a content that the scanner let pass", "one in quarantine")
        if self._store.has(name):
            return name, record, True
        if (no := self._too_much(record, name)) is not None:
            raise BadInput(no, "a content that there is room for", f"one of {record.size} bytes")
        return name, record, False

    def ready(self, name: str, seq: int, record: Attachment) -> bool:
        """Have the key of a content that is to be held, and a place; whether there was none before."""
        with self._lock:
            try:
                self._store.received(name, record.size)
                new = False
            except BadInput:
                self._store.erase(name)
                self._store.begin(name)
                new = True
            self._store.stands_for(name, seq)
        return new

    def settle(self, name: str, seq: int, record: Attachment) -> bool:
        """Have what a courier brought of a content count; whether it is whole, checked and here.

        Raises BadInput when it is not what the record commits to, or the scanner does not let it pass.
        """
        with self._lock:
            if said_at(self._received, seq) is None:
                self._store.erase(name)
                raise BadInput("attachment.recalled", "the content of an attachment", "one taken back")
            have = self._store.settle(name, record.size)
            if self._current is not None and self._current[0] == seq:
                self._queue.append(self._current)  # whatever the line brings goes on from there
                self._drop()
        self.told()
        if have < record.size:
            return False
        self._finish(seq, record)
        return True

    # --- what we ask for -----------------------------------------------------------------------------

    def look_again(self) -> None:
        """A conversation begins: what was refused or had no room may be asked for once more."""
        with self._lock:
            self._looked = -1
            self._queue.clear()
            self._refused.clear()
            if self._current is not None:
                self._queue.append(self._current)
            self._current, self._come, self._ready = None, None, False
            self._held.clear()
        self.told()

    def wanted(self) -> Wanted | None:
        """Where to go on; None while nothing is wanted, or what came is still being stored."""
        with self._lock:
            if self._current is None or not self._ready:
                return None
            seq, record = self._current
            offset = self._stored(record) + len(self._held)
            return Wanted(seq, offset, record.size - offset)

    def take(self, seq: int, offset: int, data: bytes) -> None:
        """A stretch has come; it is dropped if its record was taken back meanwhile."""
        with self._lock:
            if self._current is None or self._current[0] != seq:
                return
            if offset != self._stored(self._current[1]) + len(self._held):
                return
            self._come, self._ready = data, False
        self.told()

    def cannot(self, seq: int) -> None:
        """The partner does not give it: not before the next conversation, then."""
        with self._lock:
            if self._current is not None and self._current[0] == seq:
                self._give_up("attachment.gone")
        self.told()

    def step(self) -> int:
        """Store what came, check what is whole, find what to ask for next; how much was done."""
        try:
            with self._lock:
                if self._come is not None:
                    self._put()
                if self._current is None:
                    self._next()
                current = self._current
                if current is None or self._ready:
                    return 0
                if self._stored(current[1]) < current[1].size:
                    self._ready = True
                    return 1
            self._finish(*current)
        except (OSError, RenkeiError) as fault:  # of this content's alone: records go on
            code = fault.code if isinstance(fault, RenkeiError) else "attachment.disk"
            _log.warning("content not taken", partner=self._partner, code=code)
            with self._lock:
                self._give_up(code)
        return 1

    def state(self, record: Attachment) -> tuple[ContentState, int]:
        """How far the content of the partner's ``record`` is, and how many bytes are here."""
        name = name_of(self._partner, record.content)
        if self._store.has(name):
            return "here", record.size
        if self._store.put_aside(name):
            return "quarantined", record.size
        if name in self._refused:
            return "refused", 0
        try:
            have = self._store.received(name, record.size)
        except BadInput:
            return "awaited", 0
        return ("checking" if have == record.size else "coming"), have

    # --- within, under the lock ----------------------------------------------------------------------

    def _stored(self, record: Attachment) -> int:
        return self._store.received(name_of(self._partner, record.content), record.size)

    def _give_up(self, code: str) -> None:
        if self._current is not None:
            self._refused[name_of(self._partner, self._current[1].content)] = code
        self._drop()

    def _drop(self) -> None:
        self._current, self._come, self._ready = None, None, False
        self._held.clear()

    def _put(self) -> None:
        """Store whole chunks; what is left of a chunk waits in memory for its rest."""
        assert self._current is not None and self._come is not None
        record = self._current[1]
        self._held += self._come
        self._come = None
        have = self._stored(record)
        whole = len(self._held)
        if have + whole < record.size:
            whole -= whole % CHUNK_BYTES
        if whole:
            name = name_of(self._partner, record.content)
            self._store.put(name, have, bytes(self._held[:whole]), record.size, durable=False)
            del self._held[:whole]

    def _next(self) -> None:
        """Take up the next content that is wanted and may come."""
        if not self._queue:
            self._look()
        while self._queue and self._current is None:
            seq, record = self._queue.popleft()
            name = name_of(self._partner, record.content)
            settled = self._store.has(name) or self._store.put_aside(name) or name in self._refused
            if settled or said_at(self._received, seq) is None:
                continue
            if (no := self._too_much(record, name)) is not None:
                _log.warning("content not asked for", partner=self._partner, code=no)
                self._refused[name] = no
                continue
            try:
                self._store.received(name, record.size)
            except BadInput:
                self._store.erase(name)
                self._store.begin(name)
            self._store.stands_for(name, seq)
            self._current, self._ready = (seq, record), False

    def _look(self) -> None:
        """Queue the partner's attachments that the views have come to hold since the last look."""
        sql = """SELECT r.arrival, r.seq FROM records r JOIN shelves s ON s.shelf = r.shelf
                 WHERE s.kind = 'attachment' AND s.owner = ? AND r.source = ? AND r.arrival > ?
                 ORDER BY r.arrival LIMIT 100"""
        with self._views.raw_tables() as db:
            found = db.execute(sql, (self._partner, self._partner, self._looked)).fetchall()
        for arrival, seq in cast("list[tuple[int, int]]", found):
            self._looked = arrival
            record = self._attachment(self._received, seq)
            if record is not None:
                self._queue.append((seq, record))

    def _too_much(self, record: Attachment, name: str) -> str | None:
        """The code for which a content may not come, if so."""
        if record.size > self._config.max_bytes:
            return "attachment.size"
        here = self._store.used(self._partner, but=name)
        if here + record.size > self._config.partner_bytes:
            return "attachment.quota"
        room = self._store.room()
        return "attachment.disk" if room < record.size + FREE_BYTES else None

    # --- without it: a scanner takes its time ---------------------------------------------------------

    def _finish(self, seq: int, record: Attachment) -> None:
        name = name_of(self._partner, record.content)
        with self._finishing:
            if self._store.has(name):  # by another way meanwhile
                self._drop_if(seq)
                return
            try:
                check(self._store, self._scanner, name, record)
            except RenkeiError as no:
                self._not_kept(seq, name, no.code)
                raise
            with self._lock:
                if said_at(self._received, seq) is not None:
                    self._store.keep(name)
            self._drop_if(seq)

    def _not_kept(self, seq: int, name: str, code: str) -> None:
        with self._lock:
            self._refused[name] = code
            if said_at(self._received, seq) is not None and code == "attachment.scan":
                self._store.quarantine(name)
            elif code in ("attachment.digest", "attachment.damaged"):
                self._store.erase(name)

    def _drop_if(self, seq: int) -> None:
        with self._lock:
            if self._current is not None and self._current[0] == seq:
                self._drop()

    def forget(self) -> int:
        """Erase what stands for entries whose bodies are gone, wherever it is; how many contents."""
        erased = 0
        with self._lock:
            for name, seq in self._store.entries().items():
                if name.partition("~")[0] != self._partner or said_at(self._received, seq) is not None:
                    continue
                erased += self._store.erase(name)
                if self._current is not None and self._current[0] == seq:
                    self._drop()
        return erased
