"""Attaching a file: who may, to what, under which label; decided before its content travels."""

from base64 import b64encode

import msgspec

from renkei.kernel.desk import Desk
from renkei.kernel.drafting import Words, check_references, text_of
from renkei.kernel.errors import Refused
from renkei.kernel.labels.model import Label
from renkei.kernel.people import Permission
from renkei.kernel.records import RecordId
from renkei.kernel.seen import Seen, look_all

from .inputs import Input
from .making import make
from .records import MAX_CONTENT, Attachment

MAX_LISTED = 200
"""Attachments of one record in a list."""


class AttachIn(Input, frozen=True, kw_only=True):
    """A file about to be attached: its name, its size in bytes, its label, and what it is about."""

    name: Words
    size: int
    label: Label
    about: RecordId | None = None
    media: str = ""


class Content(msgspec.Struct, frozen=True):
    """What came of an upload: its random name, the salt (32 bytes), and the digest over salt and content."""

    name: str
    salt: bytes
    digest: str


def may_attach(desk: Desk, given: AttachIn, most: int) -> Refused | None:
    """Why this person may not attach that, if so; asked before the first byte and again after the last."""
    if refused := desk.person.refuse(Permission.LOG_WRITE):
        return refused
    limit = min(most, MAX_CONTENT)
    if not 1 <= given.size <= limit:
        return Refused(
            code="attachment.size", expected=f"1 to {limit} bytes", came=f"{given.size}", status=413
        )
    name = text_of(desk, given.name)
    if isinstance(name, Refused):
        return name
    if refused := check_references(desk, given.about):
        return refused
    return desk.policies.validate(given.label)


def attach(desk: Desk, given: AttachIn, most: int, content: Content) -> Attachment | Refused:
    """Log the attachment whose content has come, whole and looked at."""
    if refused := may_attach(desk, given, most):
        return refused
    name = text_of(desk, given.name)
    if isinstance(name, Refused):
        return name
    fields = {
        "content": content.name,
        "size": given.size,
        "salt": b64encode(content.salt).decode(),
        "digest": content.digest,
        "media": given.media[:100],
        "name": name,
        "about": given.about,
    }
    return make(desk, Attachment, given.label, desk.clock.now(), fields)


def attachments_about(desk: Desk, record_id: str) -> list[Seen[Attachment]]:
    """The attachments of a record, newest first, as far as the person at the desk may see them."""
    rows = desk.views.referring(record_id, "attachment", MAX_LISTED)
    return look_all(desk.views, [row.id for row in rows], Attachment)
