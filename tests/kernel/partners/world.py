"""Two headquarters' ends of a link, in memory, and what a test needs to lie to them with."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from renkei.kernel.clock import FakeClock
from renkei.kernel.ids import new_id
from renkei.kernel.labels.model import Clearance, Label
from renkei.kernel.log.base import Draft
from renkei.kernel.log.checkpoint import Checkpoint, NoteSigner, sign_checkpoint
from renkei.kernel.log.commitments import SALT_BYTES, commitment, commitments, said_in
from renkei.kernel.log.memory import MemoryLog
from renkei.kernel.log.merkle import leaf_hashes, root_of
from renkei.kernel.partners import Receiver, Sender, Session, frames, sent_origin
from renkei.kernel.partners.records import Agreement, Cover

USFJ, JJOC, PCG = "us.usfj", "jp.jjoc", "ph.pcg"
START = datetime(2022, 9, 18, 8, 0, tzinfo=UTC)


def signer_of(hq: str) -> NoteSigner:
    """The same key for the same headquarters, always."""
    return NoteSigner(f"{hq}/renkei", Ed25519PrivateKey.from_private_bytes(hq.encode().ljust(32, b".")))


def entry(number: int, owner: str = USFJ, realm: str = "live", **more) -> bytes:
    """A record's bytes; the same for the same number."""
    fields = {
        "kind": "note",
        "id": new_id(owner, START + timedelta(seconds=number), number.to_bytes(10)),
        "realm": realm,
        "label": {"policy": "urn:oid:2.999.840.1", "classification": "UNCLASSIFIED"},
        "at": "2022-09-18T08:00:00Z",
        "by": "Watch officer",
    }
    return msgspec.json.encode(fields | more)


def body(record: bytes) -> bytes:
    """A body that says ``record``, under a salt that the tests need not know of."""
    return sha256(record).digest()[:SALT_BYTES] + record


def draft(record: bytes) -> Draft:
    """``record`` as a log sent holds it."""
    return Draft(commitment(body(record)), body=body(record))


def frame_of(first: int, *records: bytes) -> frames.Entries:
    """``records`` on their way."""
    bodies = tuple(map(body, records))
    return frames.Entries(first, tuple(commitments(bodies)), bodies)


def hello(**fields) -> frames.Hello:
    """A greeting in this version."""
    return frames.Hello(least=frames.PROTOCOL, most=frames.PROTOCOL, **fields)


def agreement(
    partner: str, ceiling: Clearance, *, since=START, until=None, kinds=("*",), **more
) -> Agreement:
    """An agreement of U.S. Forces Japan with ``partner``; another ``number`` makes it another one."""
    key = sha256(f"{partner} {more.pop('number', 0)}".encode()).digest()[:10]
    fields = {"by": "Administrator", "at": since, "cites": "Exercise arrangement 1"} | more
    return Agreement(
        id=new_id(USFJ, START, key),
        label=Label("urn:oid:2.999.840.1", "UNCLASSIFIED"),
        partner=partner,
        since=since,
        until=until,
        covers=tuple(Cover(kind, ceiling) for kind in kinds),
        **fields,
    )


def tree_root(records) -> bytes:
    return root_of(leaf_hashes(commitments(map(body, records))))


def note_over(entries, by: str = USFJ, to: str = JJOC, signer: NoteSigner | None = None) -> str:
    """A checkpoint over ``entries`` as the log of ``by`` for ``to``."""
    head = Checkpoint(sent_origin(by, to), len(entries), tree_root(entries))
    return sign_checkpoint(head, signer or signer_of(by)).decode()


class End:
    """One headquarters' end: two logs, and whatever runs over them.  ``restart`` keeps only the logs."""

    def __init__(self, hq: str, partner: str, clock: FakeClock) -> None:
        self.hq, self.partner, self.clock = hq, partner, clock
        self.sent = MemoryLog(sent_origin(hq, partner), bodied=True)
        self.received = MemoryLog(sent_origin(partner, hq), bodied=True)
        self.evidence = []
        self.events = []
        self.restart()

    def restart(self) -> None:
        me, they = signer_of(self.hq), signer_of(self.partner).verifier
        self.sender = Sender(self.sent, me, they, hq=self.hq, partner=self.partner)
        self.receiver = Receiver(
            self.received, they, me, self.evidence.append, hq=self.hq, partner=self.partner, clock=self.clock
        )
        self.connect()

    def connect(self) -> None:
        self.session = Session(self.sender, self.receiver, self.clock)

    def log(self, *entries: bytes) -> None:
        self.sent.append([draft(e) for e in entries], self.clock.now())

    def hears(self, data: bytes):
        events = self.session.receive(data)
        self.events += events
        return events

    @property
    def codes(self):
        """The codes of everything refused here."""
        return [e.code for e in self.events if hasattr(e, "code")]


def entries_of(log) -> list[bytes | None]:
    """The records in a partner log."""
    return [said for pack in log.read(0, log.size) for said in said_in(pack)]


class Pair:
    """Two ends and the wires between them."""

    def __init__(self) -> None:
        self.clock = FakeClock(START)
        self.usfj, self.jjoc = End(USFJ, JJOC, self.clock), End(JJOC, USFJ, self.clock)

    def reconnect(self) -> None:
        self.usfj.connect()
        self.jjoc.connect()

    def exchange(self, rounds: int = 100) -> None:
        """Carry everything both ways until both fall silent."""
        for _ in range(rounds):
            there, back = self.usfj.session.bytes_to_send(), self.jjoc.session.bytes_to_send()
            if not there and not back:
                return
            if there:
                self.jjoc.hears(there)
            if back:
                self.usfj.hears(back)
        raise AssertionError("they do not stop talking")

    def assert_equal(self) -> None:
        for one, other in ((self.usfj, self.jjoc), (self.jjoc, self.usfj)):
            assert entries_of(one.sent) == entries_of(other.received)
            now = one.sender.positions
            assert (now.logged, now.sent, now.received) == (one.sent.size,) * 3
