"""The releaser: from the master log into the log for one partner.

It runs behind the master log, from the position kept as a fact in the log sent.  A batch of records is
decided by label, rendered, and appended together with the new position and the numbers of the newest
renditions, in one transaction: after a crash at any point each record has been released exactly once.

What is withheld leaves no trace in the log sent, not even a note of why; ``explain`` decides again when
somebody asks.  Only records of this headquarters, in the realm agreed on, are ever looked at.
"""

import msgspec

from ..clock import Clock
from ..errors import OurFault
from ..labels.model import Clearance
from ..labels.policy import PolicyBook
from ..labels.release import Withheld, decide
from ..log.base import Draft, Log
from ..log.commitments import Salts, commitments
from ..records import LIVE, Codec, Record, Unknown
from .aliases import Aliases, fact_of
from .recalls import Withdrawn
from .rendition import Renderer, Rendition

RUN_LIMIT = 4096
"""Master entries taken in one transaction: enough that a flush to disk is shared by thousands, few
enough (well under a second) that a fresh record behind a long backlog does not wait for all of it."""

RUN_BYTES = 8 * 1024 * 1024
"""The same in bytes, which bounds memory when records are large."""

_POSITION = "master position"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed with a partner: who it is, what it may hold, and in which realm the two meet."""

    hq: str
    clearance: Clearance
    realm: str = LIVE


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a partner may have a record as the rules are now, and why (not).

    ``cut`` counts the portions it would go without.  ``seq`` is the number of the newest rendition
    already in the log sent, None if there is none.
    """

    released: bool
    code: str = ""
    reason: str = ""
    cut: int = 0
    seq: int | None = None


class Releaser:
    """Fills the log sent to one partner.  ``run`` is called from one thread; the rest from any."""

    def __init__(
        self,
        master: Log,
        sent: Log,
        partner: Terms,
        book: PolicyBook,
        codec: Codec,
        partner_key: bytes,
        *,
        hq: str,
        clock: Clock,
    ) -> None:
        self._master, self._sent = master, sent
        self._terms = partner
        self._book, self._codec = book, codec
        self._hq, self._ours = hq, hq + "/"
        self._clock = clock
        self.aliases = Aliases(sent, partner_key)
        self._salts = Salts(partner_key)
        self.withdrawn = Withdrawn(sent)
        self._renderer = Renderer(hq, partner.hq, self.aliases, codec, self._has)
        self._fresh: dict[str, int] = {}

    @property
    def position(self) -> int:
        """How many entries of the master log have been decided on."""
        fact = self._sent.fact(_POSITION)
        return int(fact) if fact is not None else 0

    def run(self, limit: int = RUN_LIMIT) -> int:
        """Decide on the next entries, at most ``limit``; how many there were.  Durable on return."""
        position = self.position
        raws = self._gather(position, limit)
        if not raws:
            return 0
        self._fresh.clear()
        try:
            renditions = [made for raw in raws if isinstance(made := self._next(raw), Rendition)]
            self._commit(renditions, position + len(raws))
        except BaseException:
            self._fresh.clear()  # counted as released, but were not
            self._renderer.forget()
            raise
        return len(raws)

    def _gather(self, position: int, limit: int) -> list[bytes]:
        raws: list[bytes] = []
        room = RUN_BYTES
        for pack in self._master.read(position, limit):
            for raw in pack.entries:
                raws.append(raw)
                room -= len(raw)
                if room <= 0:
                    return raws
        return raws

    def _next(self, raw: bytes) -> Rendition | Withheld:
        """One entry's rendition, counted as released for the rest of the batch."""
        record = self._codec.decode(raw)
        made = self._render(record, raw)
        if isinstance(made, Rendition):
            self._fresh[made.own_id] = made.version
        return made

    def _render(self, record: Record | Unknown, raw: bytes) -> Rendition | Withheld:
        header = record.header if isinstance(record, Unknown) else record
        if not header.id.startswith(self._ours):
            return Withheld("release.owner", f"only records of {self._hq} are ours to release")
        if header.realm != self._terms.realm:
            return Withheld("release.realm", f"the partner is met in realm {self._terms.realm} alone")
        released = decide(record, raw, self._terms.clearance, self._book, self._codec)
        if isinstance(released, Withheld):
            return released
        return self._renderer.render(released, self._version_of(header.id, header.version) + 1)

    def _version_of(self, own_id: str, version: int) -> int:
        """How many versions of ``own_id`` the partner's log holds; a first version never has any."""
        fresh = self._fresh.get(own_id)
        if fresh is not None:
            return fresh
        return self._sent.newest_version(own_id) if version > 1 else 0

    def _has(self, own_id: str) -> bool:
        return own_id in self._fresh or self.aliases.released(own_id)

    def _commit(self, renditions: list[Rendition], position: int) -> None:
        """Append and remember together.  The releaser is the only writer of its log."""
        facts = {_POSITION: str(position).encode()}
        if not renditions:
            self._sent.set_facts(facts, durable=False)  # after a power cut they are withheld again
            return
        first = self._sent.size
        facts.update(fact_of(r.own_id, first + i) for i, r in enumerate(renditions))
        bodies = self._salts.bodies(first, [r.entry for r in renditions])
        made = zip(renditions, commitments(bodies), bodies, strict=True)
        drafts = [Draft(entry, r.own_id, r.version, body) for r, entry, body in made]
        if self._sent.append(drafts, self._clock.now(), facts) != first:
            raise OurFault("sent.writers", "one writer of the log sent", "another one's entries")
        self._sent.seal()  # so that a conversation begins with a tree that stands

    def resolve(self, alias: str) -> str | None:
        """The own id behind a name the partner uses, or None if it was never given that name."""
        return self.aliases.resolve(alias)

    def explain(self, raw: bytes) -> Explanation:
        """Whether and why the partner may have the record logged as ``raw``, decided afresh."""
        record = self._codec.decode(raw)
        header = record.header if isinstance(record, Unknown) else record
        seq = self.aliases.newest_seq(header.id)
        made = self._render(record, raw)
        if isinstance(made, Withheld):
            return Explanation(released=False, code=made.code, reason=made.reason, seq=seq)
        return Explanation(released=True, cut=made.cut, seq=seq)
