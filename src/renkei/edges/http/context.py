"""What the handlers share: one node seen from its HTTP edge.

``HttpEdge`` is made by ``app.create_app`` and handed to every handler as ``edge``.  It knows who is
calling (``caller``), runs work that may block in bounded sets of threads, and turns refusals into what
the framework raises.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, ParamSpec, TypeVar

import msgspec
from litestar._parsers import parse_cookie_string
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from ...kernel.accounts import Accounts
from ...kernel.audit import AuditTrail
from ...kernel.desk import Appended, Desk
from ...kernel.errors import Refused
from ...kernel.labels.model import Label
from ...kernel.opaque import PATTERN, Opaque
from ...kernel.people import Permission, Person
from ...kernel.records import Record, is_record_id
from ...kernel.seen import look
from ...kernel.views import OWN, Change
from ...node.administration import Administration
from ...node.agreeing import Agreeing
from ...node.auditing import ReleaseAudits
from ...rooms.command.exchange import Imported
from ...rooms.command.records import ParentKind
from .appender import Appender
from .callers import Callers
from .checking import SEEN_SECONDS, check_batch
from .completions import Completions
from .hub import Hub
from .ingest import Ingest
from .metrics import Metrics
from .once import PREFIX, STALE, TERMS, Doing, Done, Once, Terms
from .problems import BUSY, NOT_FOUND, refuse
from .pulse import pulse

if TYPE_CHECKING:
    from ...node import Node, PartnerLine
    from .answers import RecordView
    from .files import Files

Delivery = Literal["unsent", "sent", "received"]
Encoding = Literal["utf-8", "shift_jis"]
ReadsFile = Callable[[str, bytes, ParentKind, Mapping[str, str], Encoding, int], Imported]
"""Reads a structure out of a file's name and content: see ``edges.formats.read_given``."""
P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=Record)

COOKIE = "renkei_session"
_COORDINATION = {
    "attachment": Permission.LOG_WRITE,
    "incident": Permission.INCIDENT_WRITE,
    "request": Permission.REQUEST_SEND,
    "read": Permission.REQUEST_ANSWER,
    "acknowledgement": Permission.REQUEST_ANSWER,
    "answer": Permission.REQUEST_ANSWER,
    "commitment": Permission.REQUEST_ANSWER,
    "task": Permission.TASK_WRITE,
    "task-report": Permission.TASK_WRITE,
    "log-entry": Permission.LOG_WRITE,
    "decision": Permission.DECISION_WRITE,
    "handover": Permission.LOG_WRITE,
}
_LOGGED = Refused(
    code="record.logged",
    expected=f"views that show what was logged within {SEEN_SECONDS:g} s",
    came="views further behind; it is logged, and the same request under its Idempotency-Key is answered",
    status=503,
)
MAX_PAGE = 200
"""Records in one page: more than a screen shows, little enough to encode in a few milliseconds."""
Limit = Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Records in the page")]
Before = Annotated[str | None, QueryParameter(pattern=PATTERN, description="`next` of the page before")]
ACTION_THREADS = 16
"""Actions at once: each mostly waits for its commit and for the views to follow."""
READ_THREADS = 4
"""SQLite readers at once: more than the cores of a small node gain nothing."""
MAX_READS_WAITING = 256
"""Reads and actions waiting for a thread: about a second's worth; beyond it callers come back."""
SIMULATION_THREADS = 1
"""Simulations at once: each takes a core for seconds, and others' work must not wait for more than one."""
MAX_SIMULATIONS_WAITING = 4
"""Simulations behind the one that runs: the last begins within half a minute; beyond it callers come back."""
HASH_THREADS = 2
"""Passwords hashed at once: each takes 64 MiB and a core for about 0.1 s."""
MAX_SIGN_INS_WAITING = 32
"""A watch changing over; more at once is an attack or a mistake."""


class Pool:
    """A bounded set of threads with a bounded queue."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._free = threads + waiting
        self.closing = False

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``work`` done in a thread.  Raises the refusal BUSY when too much waits."""
        if self._free <= 0:
            raise refuse(BUSY)
        self._free -= 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self.threads, lambda: work(*args, **kwargs))
        finally:
            self._free += 1

    def close(self) -> None:
        """Let running work finish; long work looks at ``closing`` and stops."""
        self.closing = True
        self.threads.shutdown(wait=True, cancel_futures=True)


class HttpEdge:
    """One node as its HTTP handlers see it."""

    def __init__(self, node: "Node", reads_file: ReadsFile | None = None) -> None:
        self.node = node
        self.reads_file = reads_file
        self.hq: str = node.config.hq
        self.realm: str = node.config.realm
        self.accounts: Accounts = node.accounts
        self.metrics = Metrics()
        self.trail = AuditTrail(node.audit, node.clock)
        self.agreeing = Agreeing(node, self.trail)
        self.release_audits = ReleaseAudits(node.audit_task, node.clock)
        self.administration = Administration(node.accounts, lambda: node.policies, self.trail)
        public = node.config.public_host.lower()
        self.hosts: set[bytes] = {public.encode()} if public else set()
        self.reads = Pool("http-read", READ_THREADS, MAX_READS_WAITING)
        self.actions = Pool("http-act", ACTION_THREADS, MAX_READS_WAITING)
        self.simulations = Pool("http-simulate", SIMULATION_THREADS, MAX_SIMULATIONS_WAITING)
        self.hashers = Pool("http-hash", HASH_THREADS, MAX_SIGN_INS_WAITING)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self.courier_at_work = asyncio.Lock()
        self.hub = Hub(node.views.sight, self.metrics)
        self.once = Once(node.master.facts(PREFIX))
        self.cursors = Opaque(node.identity.cursor_key(), "page")
        self.started_at: datetime = node.clock.now()
        self.secure = bool(public)
        self.moment: datetime | None = None
        self.known_to = ""
        self.appender: Appender
        self.callers: Callers

    @cached_property
    def files(self) -> "Files":
        """The node's attachments."""
        from .files import Files  # noqa: PLC0415 - its rooms need not load for a node without attachments

        return Files(self.node)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tie the edge to the loop it is served from."""
        self._loop = loop
        self._ingest = ingest = Ingest(
            self.node.codec,
            self.hq,
            self.realm,
            self._validate,
            permission_of,
        )
        self.appender = Appender(
            ingest=ingest,
            writer=self.node.writer,
            trail=self.trail,
            clock=self.node.clock,
            loop=loop,
            threads=self.reads.threads,
            check=lambda person, batch: check_batch(self.node, person, batch),
            metrics=self.metrics,
        )
        self.callers = Callers(self.accounts, loop)
        self._completions = Completions(loop)
        self._end_fold = self.node.views.on_fold(self._folded)
        self.node.on_policy(self._policy_changed)
        self.node.on_partner(self._partner_changed)
        self._pulse = loop.create_task(pulse(self))

    def _validate(self, label: Label) -> Refused | None:
        return self.node.policies.validate(label)  # those in force at that moment

    def _policy_changed(self) -> None:
        """In the thread of whoever changed it: programs' labels are checked anew, screens fetch anew."""
        self._ingest.forget_labels()
        self._in_loop(lambda: self.hub.publish(None))
        self._in_loop(lambda: self.hub.announce("policy", {}))

    def _partner_changed(self, line: "PartnerLine") -> None:
        told = {"hq": line.hq, "inForce": line.in_force}
        self._in_loop(lambda: self.hub.announce("partner", told))

    def _in_loop(self, call: Callable[[], object]) -> None:
        if self._loop is not None and not self._closed:
            self._loop.call_soon_threadsafe(call)

    def serve_host(self, host: str, port: int) -> None:
        """Accept requests whose Host is ``host``; on loopback also its other names."""
        names = {host if ":" not in host else f"[{host}]"}
        if host in {"127.0.0.1", "::1", "localhost", "0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
            names |= {"127.0.0.1", "localhost", "[::1]"}
        self.hosts |= {f"{name}:{port}".encode() for name in names}
        if port in {80, 443}:
            self.hosts |= {name.encode() for name in names}

    def close(self) -> None:
        """Finish what runs, write the audit trail's last entries.  Once; of an edge never tied, only that."""
        if self._closed:
            return
        self._closed = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._pulse.cancel)
            self._end_fold()
        self.reads.close()
        self.actions.close()
        self.simulations.close()
        self.hashers.close()
        self.trail.close()

    def caller(self, scope: Any, *, touch: bool = True) -> tuple[Person | None, bool]:
        """Who is calling, and whether a cookie says so (True) or a token (False).

        Without ``touch`` the session's idle time runs on.
        """
        bearer = header(scope, b"authorization")
        if bearer:
            scheme, _, secret = bearer.partition(" ")
            return (self.accounts.token_person(secret.strip()) if scheme.lower() == "bearer" else None), False
        secret = parse_cookie_string(header(scope, b"cookie")).get(COOKIE, "")
        return (self.accounts.session_person(secret, touch=touch) if secret else None), True

    def permit(self, person: Person, permission: Permission) -> None:
        """Raises the refusal unless ``person`` holds ``permission``."""
        if (no := person.refuse(permission)) is not None:
            raise refuse(no)

    def sees_all(self, person: Person) -> bool:
        """Whether nothing logged in this realm is above ``person``: who sees all may know how much it is."""
        seen = self.node.views.sight(self.realm, person.clearance).labels
        rows = tuple(self.node.views.label_rows().items())
        return all(row in seen for row, marked in rows if marked.realm == self.realm)

    # --- a person's desk ------------------------------------------------------------------------------

    def as_of(self, moment: datetime, known_to: str) -> "HttpEdge":
        """This edge for one request about a moment past: see ``Node.desk_as_of``."""
        past = copy(self)
        past.moment, past.known_to = moment, known_to
        return past

    async def at_desk(self, person: Person, read: Callable[[Desk], T]) -> T:
        """``read`` at ``person``'s desk, in a thread."""
        return await self.reads.run(self._read, person, read)

    def _read(self, person: Person, read: Callable[[Desk], T]) -> T:
        if self.moment is None:
            return read(self.node.desk(person))
        with self.node.desk_as_of(person, self.moment, self.known_to) as desk:
            return read(desk)

    async def act(self, person: Person, action: Callable[..., Any], *given: Any) -> Any:
        """Run a room's action at ``person``'s desk; its result once the views show what it appended.

        Raises the action's refusal.  A write under a key that was done before is not done again: then the
        result is what is known of it, which has the record's id (``once``).
        """
        return await self.actions.run(self._act_once, person, action, given, TERMS.get())

    async def act_for(self, person: Person, kind: type[R], action: Callable[..., Any], *given: Any) -> R:
        """As ``act``, for an action that makes one record of ``kind``: the record, done now or before."""
        made = await self.act(person, action, *given)
        if isinstance(made, Done):
            done = made.id
            seen = await self.at_desk(person, lambda desk: look(desk.views, done, kind))
            if seen is None:
                raise refuse(NOT_FOUND)
            made = seen.record
        assert isinstance(made, kind)
        return made

    def _act_once(self, person: Person, action: Callable[..., Any], given: Any, terms: Terms) -> Any:
        if not terms.key:
            return self._act(person, action, given, terms)
        begun = self.once.begin(person, terms.key, action.__name__, given)
        if isinstance(begun, Done):
            self._shown(self.node.master.size - 1)  # what was done under the key is not after that
            return begun
        with begun:
            return self._act(person, action, given, terms, begun)

    def _act(
        self,
        person: Person,
        action: Callable[..., Any],
        given: tuple[Any, ...],
        terms: Terms,
        doing: Doing | None = None,
    ) -> Any:
        recorder = _Recorder(self.node, lambda record: self._wrote(person, action, record), doing)
        desk = msgspec.structs.replace(self.node.desk(person), writer=recorder)
        if terms.seen and given and isinstance(given[0], str):
            row = desk.views.get(given[0]) if is_record_id(given[0]) else None
            if row is not None and row.version != terms.seen:
                raise refuse(STALE)
            recorder.next_version = given[0], terms.seen + 1
        result = unwrap(action(desk, *given))
        if recorder.last >= 0:
            self._shown(recorder.last)
        return result

    def _shown(self, seq: int) -> None:
        """Wait until the views show the log's entry ``seq``.  Raises the refusal _LOGGED if they do not."""
        if not self.node.views.wait(OWN, seq, SEEN_SECONDS):
            raise refuse(_LOGGED)

    def _wrote(self, person: Person, action: Callable[..., Any], record: Record) -> None:
        self.trail.done(person, action.__name__, record.id, ", ".join(person.roles))

    def one(self, desk: Desk, record_id: str) -> "RecordView":
        """One record as the person at ``desk`` may see it.  Raises the refusal NOT_FOUND."""
        from .answers import Shower  # noqa: PLC0415 - answers need this module's types

        row = desk.views.get(record_id) if is_record_id(record_id) else None
        if row is None:
            raise refuse(NOT_FOUND)
        return Shower(self.node, desk.views, desk.clock.now()).row(row)

    # --- partners -------------------------------------------------------------------------------------

    def delivery(self, record_ids: Sequence[str], partner: str) -> dict[str, Delivery]:
        """How far own records have got on their way to ``partner``, or had by the moment asked about."""
        if self.moment is None:
            return self.node.delivery(record_ids, partner)
        return {one: self.node.delivery_as_of(one, partner, self.moment) for one in record_ids}

    def delivery_times(
        self, record_id: str, partner: str, state: Delivery
    ) -> tuple[datetime | None, datetime | None]:
        """When an own record was put on its way, and by when it had arrived; None for what is not yet."""
        line = self.node.partners.get(partner)
        if line is None or state == "unsent" or self.moment is not None:
            return None, None  # of a moment past only the state is known
        seq = line.sent_seq(record_id)
        logged = None if seq is None else next((p.logged_at for p in line.sent.read(seq, 1)), None)
        return logged, line.sender.received_at if state == "received" else None

    def links_up(self) -> int:
        """How many links are up."""
        lines = self.node.partners.values()
        return sum(line.link is not None and line.link.state.state == "up" for line in lines)

    def evidence_count(self, hq: str) -> int:
        """Pieces of evidence kept about a partner."""
        folder = self.node.folder.evidence
        return sum(1 for _ in folder.glob(f"{hq}*")) if folder.is_dir() else 0

    # --- inside ---------------------------------------------------------------------------------------

    def _folded(self, changes: Sequence[Change] | None) -> None:
        """On the fold thread: hand what changed to the loop."""
        if self.metrics.streams:
            self._completions.put(self.hub.publish, changes)
        else:
            self.hub.unheard = True


class _Recorder:
    """The node's writer, remembering how far one action has logged.

    ``note`` is told of every record logged: by the writer, so also of one that comes to be logged after the
    action was answered ``log.slow``.  ``doing`` is the write as one that may be repeated.
    """

    def __init__(self, node: "Node", note: Callable[[Record], None], doing: Doing | None) -> None:
        self._node, self._note, self._doing = node, note, doing
        self.last = -1
        self.next_version: tuple[str, int] = ("", 0)

    def append(self, records: Sequence[Record]) -> Appended:
        """See ``desk.Writer``."""
        about, expected = self.next_version
        if any(record.id == about and record.version != expected for record in records):
            raise refuse(STALE)  # replaced between looking and acting
        facts = self._doing.facts(records[0].id) if self._doing else None
        appended = self._node.append(records, self._logged, facts)
        self.last = max(self.last, appended.seq + len(appended.records) - 1)
        return appended

    def _logged(self, appended: Appended) -> None:
        if self._doing:
            self._doing.logged()
        for record in appended.records:
            self._note(record)


def key_path(before: str, after: str = "") -> str:
    """A path with a record's id, which is two segments, in it."""
    return f"{before}/{{owner:str}}/{{key:str}}{after}"


def unwrap(result: T | Refused) -> T:
    """``result``, or its refusal raised."""
    if isinstance(result, Refused):
        raise refuse(result)
    return result


def permission_of(kind: type[Record]) -> Permission:
    """What appending ``kind`` needs beside ``records.append``: what the room's own action needs."""
    tag = str(kind.__struct_config__.tag)
    if tag in _COORDINATION:
        return _COORDINATION[tag]
    in_command = ".rooms.command." in f"{kind.__module__}."
    return Permission.COMMAND_WRITE if in_command else Permission.PICTURE_WRITE


def header(scope: Any, name: bytes) -> str:
    """A request header's first value, "" if absent."""
    return next((v.decode("latin-1") for n, v in scope["headers"] if n == name), "")


Edge = NamedDependency[HttpEdge]
"""A handler's parameter ``edge``."""
Caller = NamedDependency[Person]
"""A handler's parameter ``person``: whoever is calling."""
