"""Writes that a client may repeat: nothing is done twice, and nothing newer is written over unseen.

Theory of operation.  A client that lost the answer cannot know whether its write was logged.  It sends the
write again under the same ``Idempotency-Key`` (draft-ietf-httpapi-idempotency-key-header): what was done
under a key is a *fact* of the master log, set in the transaction that appends the records, so the two can
never disagree, whatever is killed when.  A repeat is answered from the records then logged.

The facts are a ring of ``REMEMBERED`` places; each write under a key takes the next one, so the oldest are
forgotten and neither disk nor memory grows.  Keys belong to the account that used them, and a key stands for
one request: with another one it is refused.

``If-Match: "3"`` says which version of the record in the path the person acted on (RFC 9110, section 13.1.1).
If another has become the newest, the write is refused as ``record.version`` and the client shows both.
"""

import hashlib
import re
import threading
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from types import TracebackType
from typing import Any

import msgspec

from ...kernel.errors import OurFault, Refused
from ...kernel.people import Person
from .problems import refuse

REMEMBERED = 4096
"""Writes by people under a key: several days of a busy watch floor, a megabyte of facts."""
PREFIX = "once/"
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_VERSION = re.compile(r'"([1-9][0-9]{0,8})"')

KEY_FORM = Refused(
    code="request.key", expected="8 to 64 letters, digits, - or _", came="another Idempotency-Key", status=400
)
VERSION_FORM = Refused(
    code="request.version", expected='a version in quotes, as "3"', came="another If-Match", status=400
)
OTHER = Refused(
    code="request.key_used",
    expected="an Idempotency-Key not used before, or the same request again",
    came="one that stands for another request",
    status=422,
)
RUNNING = Refused(
    code="request.running", expected="the first request under this key to end", came="it again", status=409
)
STALE = Refused(
    code="record.version", expected="the record's newest version", came="one that has been replaced"
)


class Terms(msgspec.Struct, frozen=True):
    """What a request says about being repeated: its key, and the version it was made for; "" and 0 if not."""

    key: str = ""
    seen: int = 0


_NO_TERMS = Terms()
TERMS: ContextVar[Terms] = ContextVar("terms", default=_NO_TERMS)
"""Set by ``front`` for each request, so that no handler need pass it on."""


class Done(msgspec.Struct, frozen=True):
    """A write that was logged: by whom, under which key, what was asked (hashed), and what it came to."""

    account: str
    key: str
    asked: str
    id: str
    """The first record that the write appended: the one it was about."""


def terms_of(headers: Iterable[tuple[bytes, bytes]]) -> Terms | Refused:
    """What a request's headers say."""
    given = {n: v.decode("latin-1") for n, v in headers if n in (b"idempotency-key", b"if-match")}
    key, seen = given.get(b"idempotency-key", ""), given.get(b"if-match", "")
    if key and not _KEY.fullmatch(key):
        return KEY_FORM
    version = _VERSION.fullmatch(seen)
    if seen and version is None:
        return VERSION_FORM
    return Terms(key, int(version[1]) if version else 0)


class Once:
    """What was done under which key at one node.  Used from several threads."""

    def __init__(self, facts: Iterable[tuple[str, bytes]]) -> None:
        self._lock = threading.Lock()
        self._places: dict[int, Done] = {}
        self._done: dict[tuple[str, str], int] = {}
        self._running: set[tuple[str, str]] = set()
        self._next = 0
        for turn, done in sorted((_read(value) for _, value in facts), key=lambda fact: fact[0]):
            self._keep(turn % REMEMBERED, done)
            self._next = turn + 1

    def begin(self, person: Person, key: str, action: str, given: tuple[Any, ...]) -> "Doing | Done":
        """Begin a write, or what it came to when it was done before.  Raises RUNNING or OTHER."""
        asked = hashlib.sha256(msgspec.json.encode([action, *given], enc_hook=_nothing)).hexdigest()[:32]
        name = (person.account, key)
        with self._lock:
            if name in self._done:
                done = self._places[self._done[name]]
                if done.asked != asked:
                    raise refuse(OTHER)
                return done
            if name in self._running:
                raise refuse(RUNNING)
            self._running.add(name)
        return Doing(self, Done(person.account, key, asked, ""))

    def place(self, done: Done) -> tuple[str, bytes]:
        """The fact to set beside the records of ``done``, in the place of the oldest."""
        with self._lock:
            turn, self._next = self._next, self._next + 1
        return f"{PREFIX}{turn % REMEMBERED:04d}", msgspec.json.encode((turn, done))

    def logged(self, fact: str, done: Done) -> None:
        """``done`` is in the log."""
        with self._lock:
            self._keep(int(fact[len(PREFIX) :]), done)

    def end(self, account: str, key: str) -> None:
        """The write is over, whatever it came to."""
        with self._lock:
            self._running.discard((account, key))

    def _keep(self, place: int, done: Done) -> None:
        before = self._places.get(place)
        if before is not None:
            self._done.pop((before.account, before.key), None)
        self._places[place] = done
        self._done[done.account, done.key] = place


class Doing:
    """A write under way under a key."""

    def __init__(self, once: Once, begun: Done) -> None:
        self._once, self._begun = once, begun
        self._fact, self._value = "", b""

    def facts(self, record_id: str) -> Mapping[str, bytes]:
        """What to set in the log beside the records, of which ``record_id`` is the first."""
        self._begun = msgspec.structs.replace(self._begun, id=record_id)
        self._fact, self._value = self._once.place(self._begun)
        return {self._fact: self._value}

    def logged(self) -> None:
        """The records and the fact are durable.  May be called in the writer's thread."""
        self._once.logged(self._fact, self._begun)
        self._once.end(self._begun.account, self._begun.key)

    def __enter__(self) -> "Doing":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Given up waiting for, but it may yet be logged: until then a repeat is told to wait.
        if not (isinstance(err, OurFault) and err.code == "log.slow"):
            self._once.end(self._begun.account, self._begun.key)


def _read(fact: bytes) -> tuple[int, Done]:
    """The turn, which tells the newest, and what was done."""
    return msgspec.json.decode(fact, type=tuple[int, Done])


def describe(api: dict[str, Any]) -> dict[str, Any]:
    """``api``, an OpenAPI document, with both headers told of wherever records are written by action."""
    for item in api["paths"].values():
        operation = item.get("post")
        if operation is None or not {"409", "503"} <= set(operation["responses"]):
            continue
        operation["parameters"] = [*operation.get("parameters", ()), *_HEADERS]
    return api


_HEADERS = (
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"},
        "description": "The same request under the same key is done once; "
        f"the newest {REMEMBERED} keys are remembered, across restarts. Not for POST /records: name the ids.",
    },
    {
        "name": "If-Match",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "pattern": '^"[1-9][0-9]{0,8}"$'},
        "description": "The version of the record in the path that the caller acted on; refused with "
        "record.version if another is the newest.",
    },
)


def _nothing(given: object) -> None:
    """In the place of what an action looks things up by, which is no part of what was asked."""
    if not callable(given):
        raise NotImplementedError(f"{type(given).__name__} among what was asked")
