"""What headquarters say to each other about work: the kinds of the coordination room.

A request belongs to the headquarters that asks; whatever the other side does with it is a record of
the other side that refers to it.  Nobody writes on somebody else's record, so no field here holds
"the state": both sides derive it (``rules.state_of``) from what each has said.

Every reference, and every text that may carry its own label, has a default: a rendition for a third
party arrives without the references that party cannot hold and without the portions it may not read.
References stand at the top level, where a rendition exchanges them (ARCHITECTURE, decision 2); parts
inside a tuple name places in words.

Priorities follow the precedence of allied message practice (ACP 121): routine, priority, immediate,
flash.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from renkei.kernel.clock import Instant
from renkei.kernel.labels.model import Label
from renkei.kernel.records import HqId, Portion, Record, RecordId, Text

MAX_NAME = 200
"""Characters in a name, a unit of measure, a place or a post: a line on a screen."""
MAX_PARTS = 100
"""Items in a request, offers in an answer, options in a decision: more is a list to attach."""
MAX_OPEN = 200
"""Open items written out in a hand-over: more than a relief can be told in an hour; the rest is counted."""
MAX_REFS = 200
"""References from one record to others of a kind, such as an incident's hazards."""
MAX_CONTENT = 2**40
"""Bytes of one attachment that a record may state; what a node takes is less, and in its node.toml."""
MAX_QUANTITY = 1e9
"""The largest quantity; beyond it a unit has been mistaken."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
MaybeName = Annotated[str, msgspec.Meta(max_length=MAX_NAME)]
Quantity = Annotated[float, msgspec.Meta(ge=0, le=MAX_QUANTITY)]
References = Annotated[tuple[RecordId, ...], msgspec.Meta(max_length=MAX_REFS)]

Priority = Literal["routine", "priority", "immediate", "flash"]
Severity = Literal["minor", "moderate", "severe", "extreme"]
"""The CAP 1.2 scale (OASIS, section 3.2.2) without its "unknown"."""
Outcome = Literal["full", "partial", "declined"]
Progress = Literal["planned", "under way", "done", "cancelled"]
TaskOutcome = Literal["accepted", "partly accepted", "declined"]
Channel = Literal["voice", "message", "face to face", "system"]


class Item(Portion, frozen=True, kw_only=True):
    """One thing asked for: so much of it, in this unit, and where it is needed."""

    what: Name
    quantity: Quantity
    unit: MaybeName = ""
    where: MaybeName = ""


class Offer(Portion, frozen=True, kw_only=True):
    """One thing offered in an answer.  The commitment made of it names the site by reference."""

    what: Name
    quantity: Quantity
    unit: MaybeName = ""
    from_place: MaybeName = ""
    available_from: Instant | None = None
    available_until: Instant | None = None


class Option(Portion, frozen=True, kw_only=True, rename={"favour": "for"}):
    """One way that was open in a decision, with what spoke for and against it.

    ``key`` is a letter that stays with the option when others are cut from a rendition.
    """

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=3)]
    title: Text | None = None
    favour: Text | None = None
    against: Text | None = None


class OpenItem(Portion, frozen=True, kw_only=True):
    """Something that was open when a watch was handed over, as it then stood.

    ``grade`` is a request's precedence or an incident's severity; ``due`` the next moment by which
    ``holder`` has to act.  The label is that of what it tells of.
    """

    what: Literal["incident", "request", "task"]
    about: RecordId | None = None
    title: Text | None = None
    state: MaybeName = ""
    grade: MaybeName = ""
    holder: HqId | None = None
    due: Instant | None = None
    overdue: bool = False


class Signature(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who put their name to something: the account as the node knows it, the post it held, and when."""

    account: Name
    post: MaybeName
    at: Instant


class Incident(Record, frozen=True, kw_only=True, tag="incident"):
    """Something that happened and has to be dealt with, open until its owner closes it."""

    severity: Severity
    opened_at: Instant
    title: Text | None = None
    summary: Text | None = None
    status: Literal["open", "closed"] = "open"
    hazards: References = ()
    closed_at: Instant | None = None
    reason: Text | None = None


class Request(Record, frozen=True, kw_only=True, tag="request"):
    """What its owner asks of the headquarters ``to``.

    ``acknowledge_by`` and ``answer_by`` are when the asker wants to have heard.  A later version may
    withdraw the request; nothing else in it changes once it is asked.  ``function`` says what it concerns
    ("logistics"): from it, and the structure in force, follows whose inbox it is.
    """

    has_moves = True

    to: HqId
    asked_at: Instant
    acknowledge_by: Instant
    answer_by: Instant
    priority: Priority = "routine"
    title: Text | None = None
    need: Text | None = None
    items: Annotated[tuple[Item, ...], msgspec.Meta(max_length=MAX_PARTS)] = ()
    incident: RecordId | None = None
    withdrawn: bool = False
    reason: Text | None = None
    function: MaybeName = ""

    @property
    def has_labelled_parts(self) -> bool:
        """Whether any text or item has a label of its own, which an answer must not undercut."""
        return any(label is not None for label, _ in self.texts())

    def texts(self) -> Iterator[tuple[Label | None, str]]:
        """Also what is asked for and where."""
        yield from super().texts()
        yield from ((item.label, f"{item.what} {item.where}".rstrip()) for item in self.items)


class Read(Record, frozen=True, kw_only=True, tag="read"):
    """A person at the owner's opened the other side's request or task."""

    has_moves = True

    about: RecordId | None = None


class Acknowledgement(Record, frozen=True, kw_only=True, tag="acknowledgement"):
    """The owner has the request or task in hand and will answer."""

    has_moves = True

    about: RecordId | None = None
    note: Text | None = None


class Answer(Record, frozen=True, kw_only=True, tag="answer"):
    """The owner's answer to a request.  A newer version amends it."""

    has_moves = True

    outcome: Outcome
    request: RecordId | None = None
    reason: Text | None = None
    offers: Annotated[tuple[Offer, ...], msgspec.Meta(max_length=MAX_PARTS)] = ()
    review_at: Instant | None = None

    def texts(self) -> Iterator[tuple[Label | None, str]]:
        """Also what is offered and from where."""
        yield from super().texts()
        yield from ((offer.label, f"{offer.what} {offer.from_place}".rstrip()) for offer in self.offers)


class Commitment(Record, frozen=True, kw_only=True, tag="commitment"):
    """One offer that the owner now stands by, tracked to its end.

    ``quantity_done`` is what has been delivered so far, in ``unit``; a commitment may be done with
    less than ``quantity``.
    """

    has_moves = True

    what: Name
    quantity: Quantity
    unit: MaybeName = ""
    state: Progress = "planned"
    quantity_done: Quantity = 0.0
    request: RecordId | None = None
    answer: RecordId | None = None
    from_site: RecordId | None = None
    from_place: MaybeName = ""
    available_from: Instant | None = None
    available_until: Instant | None = None
    note: Text | None = None


class Task(Record, frozen=True, kw_only=True, tag="task"):
    """Work its owner gives to ``to``: its own people or, as a proposal, another headquarters."""

    has_moves = True

    to: HqId
    set_at: Instant
    title: Text | None = None
    detail: Text | None = None
    assignee: MaybeName = ""
    due: Instant | None = None
    incident: RecordId | None = None
    request: RecordId | None = None
    withdrawn: bool = False
    reason: Text | None = None


class TaskReport(Record, frozen=True, kw_only=True, tag="task-report"):
    """How the performing headquarters stands to a task; newer versions carry it forward."""

    has_moves = True

    outcome: TaskOutcome
    task: RecordId | None = None
    progress: Progress = "planned"
    reason: Text | None = None
    note: Text | None = None


class LogEntry(Record, frozen=True, kw_only=True, tag="log-entry"):
    """One line of the watch log.  Never edited: a correction is a new entry that ``corrects`` it."""

    happened_at: Instant
    text: Text | None = None
    channel: Channel = "system"
    from_post: MaybeName = ""
    to_post: MaybeName = ""
    priority: Priority = "routine"
    significant: bool = False
    incident: RecordId | None = None
    request: RecordId | None = None
    links: References = ()
    corrects: RecordId | None = None


class Decision(Record, frozen=True, kw_only=True, tag="decision"):
    """What was decided, by whose authority, among which options, and why."""

    decided_at: Instant
    title: Text | None = None
    options: Annotated[tuple[Option, ...], msgspec.Meta(max_length=MAX_PARTS)] = ()
    chosen: MaybeName = ""
    authority: MaybeName = ""
    reasons: Text | None = None
    incident: RecordId | None = None
    request: RecordId | None = None

    def texts(self) -> Iterator[tuple[Label | None, str]]:
        """Also the options', each under its own label or its option's."""
        yield from super().texts()
        for option in self.options:
            for part in (option.title, option.favour, option.against):
                if part is not None:
                    label = part.label or option.label
                    yield label, part.text
                    yield from ((label, t.text) for t in part.translations)


class Handover(Record, frozen=True, kw_only=True, tag="handover"):
    """A watch handed over: what was open, what had happened, and the two who signed for it.

    It speaks for ``since`` until its outgoing signature; ``incoming`` is missing until the relief has signed.
    ``items`` are what was open then, the most urgent first, and ``more`` how many others were.  A matter
    of one's own watch floor, whatever its label: it never leaves.
    """

    releasable = False
    appendable = False

    since: Instant
    outgoing: Signature
    incoming: Signature | None = None
    items: Annotated[tuple[OpenItem, ...], msgspec.Meta(max_length=MAX_OPEN)] = ()
    more: Annotated[int, msgspec.Meta(ge=0)] = 0
    significant: References = ()
    remarks: Text | None = None

    def texts(self) -> Iterator[tuple[Label | None, str]]:
        """Also the titles of what was open, each under its item's label."""
        yield from super().texts()
        for item in self.items:
            if item.title is not None:
                yield item.label, item.title.text
                yield from ((item.label, t.text) for t in item.title.translations)


class Attachment(Record, frozen=True, kw_only=True, tag="attachment"):
    """A file, of which the record is what others see: its name, its size, and a commitment to its content.

    ``content`` is the random name of the content, 32 hexadecimal digits; ``digest`` is SHA-256, in
    hexadecimal, over the 32 bytes of ``salt`` (base64) and the content of ``size`` bytes, so that the record
    alone confirms no guess.  ``media`` is the sender's word for what it is, and never decides anything.
    """

    appendable = False

    content: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
    size: Annotated[int, msgspec.Meta(ge=1, le=MAX_CONTENT)]
    salt: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9+/]{43}=$")]
    digest: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    media: Annotated[str, msgspec.Meta(max_length=100)] = ""
    name: Text | None = None
    about: RecordId | None = None


KINDS: tuple[type[Record], ...] = (
    Attachment,
    Incident,
    Request,
    Read,
    Acknowledgement,
    Answer,
    Commitment,
    Task,
    TaskReport,
    LogEntry,
    Decision,
    Handover,
)
