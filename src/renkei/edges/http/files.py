"""A node's attachments as its HTTP edge handles them: uploads under way, the scan, the store."""

import re
import secrets
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ...kernel.attachments import CHUNK_BYTES, Scanner, digest_of, name_of
from ...kernel.errors import BadInput, Refused
from ...kernel.identity.files import SECRET_MODE, write_atomically
from ...kernel.people import Person
from ...kernel.views import OWN
from ...rooms import coordination as room
from .problems import refuse

if TYPE_CHECKING:
    from ...node import Node

MAX_DRAFTS = 16
"""Uploads begun and not ended by one account: more is a fault of a program's."""
UPLOAD_DAYS = 7
"""An upload that nothing was added to for so long is given up: nobody waits out a lost line for a week."""
SWEEP_SECONDS = 3_600
"""How often those are looked for, when somebody begins another."""
_ID = re.compile(r"[0-9a-f]{32}")
NO_UPLOAD = Refused(code="attachment.upload", expected="an upload of yours", came="another", status=404)
NOT_WHOLE = Refused(
    code="attachment.unfinished", expected="all pieces of the upload", came="fewer", status=409
)
MANY = Refused(
    code="attachment.uploads",
    expected=f"at most {MAX_DRAFTS} uploads begun by one account",
    came="one more",
    status=409,
)


def _scanned(why: str) -> Refused:
    expected = "a content that the scanner lets pass"
    return Refused(code="attachment.scan", expected=expected, came=f"one that it does not: {why}", status=422)


class UploadOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An upload: how much has come, of how much, and in multiples of how many bytes pieces are taken."""

    id: str
    received: int
    size: int
    chunk: int = CHUNK_BYTES


class Draft(msgspec.Struct, frozen=True):
    """An upload under way, as kept beside its content."""

    account: str
    given: room.AttachIn


class Files:
    """One node's attachments at its HTTP edge."""

    def __init__(self, node: "Node") -> None:
        folder, config = node.folder, node.config.attachments
        self._node, self.most, self.hq = node, config.max_bytes, node.config.hq
        self.store = node.contents
        self.scanner = Scanner(config.scan, config.scan_seconds)
        self._drafts = folder.attachments / "drafts"
        self._swept = float(-SWEEP_SECONDS)

    def begin(self, person: Person, given: room.AttachIn) -> UploadOut:
        """A new upload.  Raises the refusal of whoever may not attach that."""
        if (no := room.may_attach(self._node.desk(person), given, self.most)) is not None:
            raise refuse(no)
        self._drafts.mkdir(mode=0o700, parents=True, exist_ok=True)
        if time.monotonic() - self._swept > SWEEP_SECONDS:
            self._swept = time.monotonic()
            self.sweep()
        if sum(draft.account == person.account for draft in self._all()) >= MAX_DRAFTS:
            raise refuse(MANY)
        content = secrets.token_hex(16)
        self.store.begin(name_of(self.hq, content))
        data = msgspec.json.encode(Draft(person.account, given))
        write_atomically(self._drafts / f"{content}.json", data, SECRET_MODE)
        return UploadOut(id=content, received=0, size=given.size)

    def upload(self, person: Person, content: str) -> tuple[Draft, str]:
        """An upload of that person's, and its name in the store.  Raises the refusal NO_UPLOAD."""
        draft = self._read(self._drafts / f"{content}.json") if _ID.fullmatch(content) else None
        if draft is None or draft.account != person.account:
            raise refuse(NO_UPLOAD)
        return draft, name_of(self.hq, content)

    def _all(self) -> Iterator[Draft]:
        found = (self._read(path) for path in self._drafts.glob("*.json"))
        return (draft for draft in found if draft is not None)

    @staticmethod
    def _read(path: Path) -> Draft | None:
        try:
            return msgspec.json.decode(path.read_bytes(), type=Draft)
        except (OSError, msgspec.DecodeError):
            return None

    def state(self, person: Person, content: str) -> UploadOut:
        """How far an upload has come."""
        draft, name = self.upload(person, content)
        size = draft.given.size
        return UploadOut(id=content, received=self.store.received(name, size), size=size)

    def put(self, person: Person, content: str, offset: int, data: bytes) -> UploadOut:
        """Take the next piece.  Raises the refusal of one that does not fit."""
        draft, name = self.upload(person, content)
        try:
            received = self.store.put(name, offset, data, draft.given.size)
        except BadInput as err:
            raise refuse(Refused(code=err.code, expected=err.expected, came=err.came, status=409)) from None
        return UploadOut(id=content, received=received, size=draft.given.size)

    def look_at(self, person: Person, content: str) -> tuple[room.AttachIn, room.Content]:
        """The content, whole and passed by the scanner.  Raises the refusal of one that is not."""
        draft, name = self.upload(person, content)
        size = draft.given.size
        if self.store.received(name, size) < size:
            raise refuse(NOT_WHOLE)
        verdict = self.scanner.look(self.store.read(name, size))
        if not verdict.passed:
            self.store.quarantine(name)
            self.drop(content)
            raise refuse(_scanned(verdict.why))
        if self.scanner.command:
            self.store.note_looked(name)
        salt = secrets.token_bytes(32)
        digest = digest_of(salt, self.store.read(name, size))
        return draft.given, room.Content(content, salt, digest)

    def look_late(self, name: str, size: int) -> None:
        """Have the scanner look at a content that came before one was set.

        Raises the refusal of one that does not pass, which is put aside then.
        """
        if not self.scanner.command or self.store.looked(name):
            return
        verdict = self.scanner.look(self.store.read(name, size))
        if not verdict.passed:
            self.store.quarantine(name)
            raise refuse(_scanned(verdict.why))
        self.store.note_looked(name)

    def sweep(self) -> int:
        """Give up our uploads that nothing was added to for UPLOAD_DAYS, and what came of them; how many.

        Those that a crash left without a draft, too.  A content that a logged attachment names stays; where
        the views are behind the log and cannot tell, all stay.
        """
        size = self._node.master.size
        if size and not self._node.views.wait(OWN, size - 1, 0.0):
            return 0
        since = self._node.clock.now() - timedelta(days=UPLOAD_DAYS)
        stale = self.store.untouched(self.hq, since)
        named = self._named() if stale else set()
        given_up = 0
        for name in stale:
            content = name.partition("~")[2]
            if content not in named:
                self.store.erase(name)
                given_up += 1
            self.drop(content)
        return given_up

    def _named(self) -> set[str]:
        """The contents that our logged attachments name."""
        sql = """SELECT json_extract(CAST(r.raw AS TEXT), '$.content') FROM records r
                 JOIN shelves s ON s.shelf = r.shelf WHERE s.kind = 'attachment' AND s.owner = ?"""
        with self._node.views.raw_tables() as db:
            return {str(name) for (name,) in db.execute(sql, (self.hq,))}

    def drop(self, content: str) -> None:
        """Forget that an upload was begun."""
        (self._drafts / f"{content}.json").unlink(missing_ok=True)

    def give_up(self, person: Person, content: str) -> None:
        """Forget an upload and what came of it."""
        _, name = self.upload(person, content)
        self.drop(content)
        self.store.erase(name)
