"""One headquarters' node, put together.

``Node.open`` turns a data folder into the parts that ARCHITECTURE.md draws: the logs, the views folded
from them, the rooms' kinds, and a line to each partner.  ``start`` sets the background work going: the
writer that commits, sealers that sign, the fold, and one releaser for each partner.  ``pump`` does by
hand one round of what those threads do, so that a test's world of many headquarters needs no thread.

Edges (HTTP, links, feeds, the command line) are given a node; the node knows none of them.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from ..kernel.accounts import Accounts
from ..kernel.attachments import AttachmentStore
from ..kernel.clock import Clock, FakeClock, SystemClock
from ..kernel.desk import Appended, Desk, ReadOnly
from ..kernel.errors import BadInput, OurFault
from ..kernel.identity import Identity, PartnerEntry, load_partners
from ..kernel.identity.files import write_atomically
from ..kernel.labels.policy import PolicyBook
from ..kernel.log.base import Draft, Log
from ..kernel.log.hashing import Hashing, HashProcess
from ..kernel.log.memory import MemoryLog
from ..kernel.log.sealer import Sealer
from ..kernel.log.until import Source, size_at
from ..kernel.log.writer import GroupWriter
from ..kernel.partners import (
    Evidence,
    Faulted,
    Intake,
    Received,
)
from ..kernel.partners.passed_on import PassedOn, Whole, highest_slot
from ..kernel.partners.records import Onward
from ..kernel.people import Person
from ..kernel.records import Codec, Record
from ..kernel.views import OWN, ViewStore
from ..kernel.views import Folder as ViewFolder
from ..rooms import KINDS, VIEWS
from .auditing import AuditTask
from .config import Folder, NodeConfig, load_config, load_policies, open_log
from .folding import FoldProcess, Orders, sole_writer
from .lines import Delivery, PartnerLine, Worker
from .partnering import Told, agree, start_line
from .past import Builder, Moment, Past, Task, fold_to, named_by
from .policies import policy_digest

APPEND_PATIENCE = 30.0
"""Seconds an action waits for its append: a disk that takes longer is reported, not waited for."""
FOLD_LIMIT = 20_000
"""Entries folded between two looks at whether to stop."""
_log = structlog.get_logger("renkei.node")
OpenLog = Callable[[str, str, Hashing], Log]
"""Makes the log of a name (``master``, ``jp.jjoc.sent``) and origin."""


class Node:
    """A headquarters' node.  ``start`` and ``close`` it once."""

    def __init__(
        self,
        config: NodeConfig,
        folder: Folder,
        identity: Identity,
        policies: PolicyBook,
        clock: Clock,
        *,
        open_log: OpenLog,
        accounts: Accounts,
        views_path: Path | None,
    ) -> None:
        self.config = config
        self.folder = folder
        self.identity = identity
        self.policy_digest = policy_digest(folder)
        """Of the policy file that this node decides by."""
        self.policy_lock = threading.Lock()
        self.contents = AttachmentStore(folder.attachments, folder.attachment_keys)
        self.clock = clock
        self.accounts = accounts
        self.codec = Codec(KINDS)
        self._open_log, self._hashing = open_log, HashProcess()
        self.master = self.open_log("master", self._origin("master"))
        keys, used = folder.shred_file("master"), highest_slot(self.master)
        self.passed_on = PassedOn(keys, self.codec, used)
        self.whole_master = Whole(self.master, self.passed_on)
        self.intake = Intake(self.whole_master, self.codec)
        self.audit = self.open_log("audit", self._origin("audit"))
        self.signer = identity.signer
        self.partners: dict[str, PartnerLine] = {}
        self.partner_lock, self.agreeing_lock = threading.Lock(), threading.Lock()
        self._told: list[Told] = []
        self._told_of_policy: list[Callable[[], object]] = []
        self.views = ViewStore(views_path, self.codec, policies, VIEWS, self._resolve, config.hq)
        self.past = Past(folder.past, self._build_past)
        self.views.on_step(lambda step: self.past.forget() if step.relabelled else None)
        self._builder = Builder()
        self._closed = False
        self.writer = GroupWriter(self.master, clock)
        self.folding: ViewFolder | FoldProcess = (
            ViewFolder(self.views, self.sources, lambda: self.writer.waiting > 0)
            if views_path is None
            else FoldProcess(self.views, self._fold_orders)
        )
        self.workers: list[Worker] = []
        self.purging: list[Worker] = []
        self._sealers: list[Sealer] = []
        self.upkeep: dict[str, Worker] = {}
        self.started = False

    @classmethod
    def open(cls, root: Path, clock: Clock | None = None) -> "Node":
        """The node in the data folder ``root``, with its partners.  Raises BadInput or OurFault."""
        folder, clock = Folder(root), clock or SystemClock()
        config = load_config(folder)
        identity = Identity.load(folder.keys)
        if identity.hq != config.hq:
            raise OurFault("node.identity", f"keys of {config.hq}", f"keys of {identity.hq}")
        node = cls(
            config,
            folder,
            identity,
            load_policies(folder),
            clock,
            open_log=lambda name, origin, hashing: open_log(folder, name, origin, hashing=hashing),
            accounts=Accounts(folder.accounts, clock),
            views_path=folder.views,
        )
        for entry in load_partners(folder.partners).values():
            node.add_partner(entry)
        return node

    @classmethod
    def in_memory(
        cls, config: NodeConfig, root: Path, *, policies: PolicyBook, clock: Clock, accounts: Accounts
    ) -> "Node":
        """A new node that keeps nothing but its keys and evidence in ``root``; for tests and rehearsals."""
        return cls(
            config,
            Folder(root),
            Identity.create(Folder(root).keys, config.hq, clock),
            policies,
            clock,
            open_log=lambda name, origin, hashing: MemoryLog(origin, bodied="." in name),
            accounts=accounts,
            views_path=None,
        )

    def open_log(self, name: str, origin: str) -> Log:
        """The log ``name`` of this node, made if it is not there.  Raises OurFault."""
        return self._open_log(name, origin, self._hashing)

    @property
    def policies(self) -> PolicyBook:
        """The policies in force: one reference, exchanged whole (``adopting``)."""
        return self.views.book

    # --- partners ------------------------------------------------------------------------------------

    def add_partner(self, entry: PartnerEntry) -> PartnerLine:
        """Take up a new partner.  Raises BadInput for one that is known."""
        with self.partner_lock:
            if entry.hq in self.partners:
                raise BadInput("partner.known", "a new partner", entry.hq)
            return agree(self, entry)

    def agree(self, entry: PartnerEntry) -> PartnerLine:
        """What ``entry`` says of a partner, new or known, counts from now on; see ``partnering``."""
        with self.partner_lock:
            return agree(self, entry)

    def on_partner(self, told: Told) -> None:
        """Have ``told`` called whenever what was agreed with a partner has changed."""
        self._told.append(told)

    def told_of(self, line: PartnerLine) -> None:
        """What was agreed with the line's partner has changed."""
        for told in self._told:
            told(line)

    def on_policy(self, told: Callable[[], object]) -> None:
        """Have ``told`` called whenever the policies in force have changed."""
        self._told_of_policy.append(told)

    def told_of_policy(self) -> None:
        """The policies in force have changed."""
        for told in self._told_of_policy:
            told()

    def in_force(self) -> frozenset[str]:
        """The partners with whom an agreement holds now."""
        return frozenset(hq for hq, line in self.partners.items() if line.in_force)

    def log_own(self, drafts: Sequence[Draft], facts: Mapping[str, bytes] | None = None) -> None:
        """Log what the node itself has to say; durable on return."""
        if self.started:
            self.writer.submit(drafts, facts).result(APPEND_PATIENCE)
        else:
            self.master.append(drafts, self.clock.now(), facts)

    def line(self, hq: str) -> PartnerLine:
        """The line to ``hq``.  Raises BadInput when there is none."""
        line = self.partners.get(hq)
        if line is None:
            raise BadInput("partner.unknown", "a partner of this headquarters", f"{hq[:80]!r}")
        return line

    def link_said(self, hq: str, events: Sequence[object]) -> None:
        """What a conversation with ``hq`` came to: have new entries folded.  Safe from any thread."""
        if any(isinstance(event, Received) for event in events):
            self.folding.notify()
            if hq in self.upkeep:
                self.upkeep[hq].notify()
        for event in events:
            if isinstance(event, Faulted):
                _log.warning("fault", partner=hq, code=event.code, expected=event.expected, came=event.came)

    def evidence(self, hq: str) -> int:
        """How many contradictions of ``hq`` are kept."""
        return sum(1 for _ in self.folder.evidence.glob(f"{hq}-*.json"))

    def card(self) -> bytes:
        """This headquarters' card file, to hand to a partner."""
        return self.identity.signed_card(
            self.config.names, self.config.link, self.clock, self.policies.own.id
        )

    # --- writing and reading -------------------------------------------------------------------------

    def desk(self, person: Person) -> Desk:
        """``person``'s place at this node, for one action, which is decided by one policy throughout."""
        book = self.policies
        return Desk(
            hq=self.config.hq,
            realm=self.config.realm,
            person=person,
            clock=self.clock,
            policies=book,
            views=self.views.reader(self.config.realm, person.clearance, book),
            writer=self,
        )

    @contextmanager
    def desk_as_of(self, person: Person, moment: datetime, known_to: str = "") -> Iterator[Desk]:
        """``person``'s place as of ``moment``: to read, not to write.

        With ``known_to`` it holds what that partner had confirmed by then of ours, and nothing else.  Raises
        BadInput for a moment to come or a partner that is none, OurFault while the views are being built.
        """
        if moment > self.clock.now():
            raise BadInput("past.moment", "a moment that has been", "one to come")
        if known_to:
            sizes = {self.config.hq: self.line(known_to).sender.received_by(moment)}
        else:
            sizes = {source: size_at(log, moment) for source, log in self.sources().items()}
        with self.past.at(Moment(known_to, tuple(sorted(sizes.items())))) as views:
            desk = self.desk(person)
            yield msgspec.structs.replace(
                desk,
                clock=FakeClock(moment),
                views=views.reader(self.config.realm, person.clearance, desk.policies),
                writer=ReadOnly(),
            )

    def append(
        self,
        records: Sequence[Record],
        logged: Callable[[Appended], None] | None = None,
        facts: Mapping[str, bytes] | None = None,
    ) -> Appended:
        """Log ``records`` of this headquarters, all or none; durable on return.  See ``desk.Writer``.

        ``logged`` is called once they are durable, even if that comes after ``append`` has given up waiting
        (``log.slow``): what happened is then still accounted for.  It may run in the writer's thread.
        ``facts`` are set in the same transaction.
        """
        for record in records:
            if record.owner != self.config.hq:
                raise BadInput("record.owner", f"a record of {self.config.hq}", f"one of {record.owner}")
            wrong = self.policies.validate(record.label)
            if wrong is not None:
                raise BadInput(wrong.code, wrong.expected, wrong.came)
        drafts: list[Draft] = []
        slots: dict[str, bytes] = {}
        for record in records:
            raw, named = self._at_rest(record)
            drafts.append(Draft(raw, record.id, record.version))
            slots |= named
        facts = {**(facts or {}), **slots} or None

        def durable(seq: int) -> Appended:
            appended = Appended(seq, tuple(records))
            if logged is not None:
                logged(appended)
            return appended

        if self.started:
            return self._durable(drafts, durable, facts)
        appended = durable(self.master.append(drafts, self.clock.now(), facts))
        self.pump()
        return appended

    def _at_rest(self, record: Record) -> tuple[bytes, dict[str, bytes]]:
        """The record as it is logged, with facts beside it: what another headquarters wrote lies sealed."""
        if isinstance(record, Onward):
            return self.passed_on.seal(record)
        return self.codec.encode(record), {}

    def _durable(
        self,
        drafts: Sequence[Draft],
        durable: Callable[[int], Appended],
        facts: Mapping[str, bytes] | None,
    ) -> Appended:
        """Wait for the writer's word; ``durable`` is called in its thread, and gives what is answered."""
        answer: Future[Appended] = Future()

        def done(result: int | Exception) -> None:
            if isinstance(result, Exception):
                answer.set_exception(result)
            else:
                answer.set_result(durable(result))

        self.writer.submit_nowait(drafts, done, facts)
        try:
            return answer.result(APPEND_PATIENCE)
        except TimeoutError:
            expected = f"a disk that takes an append within {APPEND_PATIENCE:.0f} s"
            raise OurFault("log.slow", expected, "none yet; what was given may still be logged") from None

    def delivery(self, record_ids: Sequence[str], partner: str) -> dict[str, Delivery]:
        """How far our records have got on their way to ``partner``."""
        line = self.partners.get(partner)
        return dict.fromkeys(record_ids, "unsent") if line is None else line.delivery(record_ids)

    def delivery_as_of(self, record_id: str, partner: str, moment: datetime) -> Delivery:
        """How far our record had got on its way to ``partner`` by ``moment``."""
        line = self.partners.get(partner)
        seq = None if line is None else line.sent_seq(record_id)
        if line is None or seq is None:
            return "unsent"
        had = size_at(line.sent, moment)
        if seq >= had:  # a later version has gone since: find the one that had
            earlier = Moment(partner, ((self.config.hq, had),))
            with self.past.at(earlier) as views, views.raw_tables() as db:
                seq = db.execute("SELECT seq FROM records WHERE id = ?", (record_id,)).get
        if seq is None:
            return "unsent"
        return "received" if seq < line.sender.received_by(moment) else "sent"

    def sources(self) -> Mapping[str, Source]:
        """The logs that the views are folded from."""
        return {OWN: self.whole_master, **{hq: line.received for hq, line in self.partners.items()}}

    # --- background ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Set the background work going."""
        self.writer.on_commit(lambda first, count: self.folding.notify())
        for log in (self.master, self.audit):
            self._sealers.append(Sealer(log, self.signer, lambda note, head: None))
        self.started = True
        if self.views.outdated:
            _log.warning("views are of another version and are rebuilt")
            self.rebuild_views()
        self.folding.start()
        self.folding.notify()  # of what was logged while the node was down: the agreement with a new partner
        for line in self.partners.values():
            start_line(self, line)

    def rebuild_views(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Fold everything afresh, before the node is started; how many entries that was."""
        with sole_writer(self.folder.views):
            return self.views.rebuild(self.sources(), progress)

    def failures(self) -> list[str]:
        """What of the background work has stopped, in words; empty when all is well."""
        stopped = [f"{w.name}: {type(w.failure).__name__}" for w in self.workers if w.failure]
        stuck = [f"sealing: {type(s.failure).__name__}" for s in self._sealers if s.failure]
        folding = [f"fold: {self.views.failure}"] if self.views.failure else []
        return stopped + stuck + folding

    def pump(self) -> None:
        """One round of fold and release by hand, for a node that was not started."""
        done = 1
        while done:
            self._fold_all()
            done = sum([line.purger.run() for line in self.partners.values()])
            for line in self.partners.values():
                while taken := line.releaser.run():
                    done += taken
                line.turn()
        for line in self.partners.values():
            while line.contents.step():
                pass

    def _fold_all(self) -> None:
        while self.views.fold(self.sources(), FOLD_LIMIT):
            pass
        while self.views.scrub():
            pass

    def close(self) -> None:
        """Stop the background work and close every file; nothing happens a second time.

        Everything acknowledged is on disk already.
        """
        if self._closed:
            return
        self._closed = True
        self._builder.close()
        for worker in self.purging:
            worker.close()  # they write: before the writer ends
        self.writer.close()
        if self.started:
            self.folding.stop()
        for worker in self.workers:
            worker.close()
        for sealer in self._sealers:
            sealer.close()
        self._hashing.close()
        for line in self.partners.values():
            line.close()
        for log in (self.master, self.audit):
            log.close()
        self.passed_on.close()
        self.past.close()
        self.views.close()
        self.accounts.close()

    def audit_task(self) -> AuditTask:
        """What an audit of releases in a process of its own is told."""
        return AuditTask(self._fold_orders(), self.config.realm)

    # --- inside --------------------------------------------------------------------------------------

    def _origin(self, name: str) -> str:
        return f"renkei/{self.config.hq}/{name}"

    def _fold_orders(self) -> Orders:
        keys = {hq: self.identity.alias_key(hq) for hq in self.partners}
        return Orders(str(self.folder.root.absolute()), self.config.hq, keys)

    def _resolve(self, source: str, alias: str) -> str | None:
        """Our id behind the name the partner ``source`` uses for one of our records."""
        line = self.partners.get(source)
        return line.releaser.resolve(alias) if line else None

    def _build_past(self, moment: Moment, path: Path) -> ViewStore:
        """The views in ``path``, perhaps of an earlier moment, brought to ``moment`` and opened to read."""
        hq, partner = self.config.hq, moment.partner
        if self.started:
            self._builder.build(Task(self._fold_orders(), partner, dict(moment.sizes), str(path.absolute())))
        resolve = named_by(partner, self._resolve) if partner else self._resolve
        views = ViewStore(path, self.codec, self.policies, VIEWS, resolve, hq)
        if not self.started:
            logs: Mapping[str, Source] = {hq: self.line(partner).sent} if partner else self.sources()
            views.bind(self.views.today(portions=not partner))
            fold_to(views, logs, dict(moment.sizes))
        views.past = True
        return views

    def keep_evidence(self, evidence: Evidence) -> None:
        """Keep what convicts a partner where an administrator finds it, under its digest: once each."""
        data = evidence.encode()
        name = f"{evidence.partner}-{evidence.code}-{hashlib.sha256(data).hexdigest()[:16]}.json"
        self.folder.evidence.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self.folder.evidence / name, data)
        _log.error("evidence", partner=evidence.partner, code=evidence.code, file=name)
