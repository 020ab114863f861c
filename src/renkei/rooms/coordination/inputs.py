"""What a person types into the coordination room's actions: the forms, before anything is decided.

A label is given where something new is said; what replies to the other side takes that side's label,
translated under the own policy, unless another is given.
"""

from typing import Annotated, Literal

import msgspec

from renkei.kernel.clock import Instant
from renkei.kernel.drafting import Words
from renkei.kernel.labels.model import Label
from renkei.kernel.records import HqId, RecordId

from .records import (
    MAX_PARTS,
    Channel,
    MaybeName,
    Name,
    Outcome,
    Priority,
    Quantity,
    References,
    Severity,
    TaskOutcome,
)

Done = Literal["under way", "done", "cancelled"]


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person typed; a field nobody knows is a mistake, not an extension."""


class IncidentIn(Input, frozen=True, kw_only=True):
    """A new incident."""

    title: Words
    severity: Severity
    label: Label
    summary: Words | None = None
    hazards: References = ()


class ReasonIn(Input, frozen=True, kw_only=True):
    """Why."""

    reason: Words


class ItemIn(Input, frozen=True, kw_only=True):
    """One thing asked for."""

    what: Name
    quantity: Quantity
    unit: MaybeName = ""
    where: MaybeName = ""
    label: Label | None = None


class RequestIn(Input, frozen=True, kw_only=True):
    """A new request to another headquarters.

    Without ``to`` it goes to the headquarters that handles ``function`` by the structure in force.
    """

    title: Words
    need: Words
    acknowledge_by: Instant
    answer_by: Instant
    label: Label
    items: Annotated[tuple[ItemIn, ...], msgspec.Meta(max_length=MAX_PARTS)] = ()
    priority: Priority = "routine"
    incident: RecordId | None = None
    to: HqId | None = None
    function: MaybeName = ""


class AcknowledgeIn(Input, frozen=True, kw_only=True):
    """An acknowledgement; without a label it has the request's, under the own policy."""

    note: Words | None = None
    label: Label | None = None


class OfferIn(Input, frozen=True, kw_only=True):
    """One thing offered, from a site on record or a place in words, from when until when."""

    what: Name
    quantity: Quantity
    unit: MaybeName = ""
    from_site: RecordId | None = None
    from_place: MaybeName = ""
    available_from: Instant | None = None
    available_until: Instant | None = None


class AnswerIn(Input, frozen=True, kw_only=True):
    """An answer to a request; a second one amends the first, and after a "declined" is a new answer."""

    outcome: Outcome
    reason: Words | None = None
    offers: Annotated[tuple[OfferIn, ...], msgspec.Meta(max_length=MAX_PARTS)] = ()
    review_at: Instant | None = None
    label: Label | None = None


class ProgressIn(Input, frozen=True, kw_only=True):
    """How far a commitment or task has got; ``quantity_done`` defaults to all of it when done."""

    state: Done
    quantity_done: Quantity | None = None
    note: Words | None = None


class TaskIn(Input, frozen=True, kw_only=True):
    """A new task, for one's own people or proposed to another headquarters."""

    title: Words
    label: Label
    to: HqId
    detail: Words | None = None
    assignee: MaybeName = ""
    due: Instant | None = None
    incident: RecordId | None = None
    request: RecordId | None = None


class TaskAnswerIn(Input, frozen=True, kw_only=True):
    """Whether a task is taken on."""

    outcome: TaskOutcome
    reason: Words | None = None
    label: Label | None = None


class LogEntryIn(Input, frozen=True, kw_only=True):
    """A line for the watch log; ``corrects`` names the entry it puts right."""

    text: Words
    label: Label
    channel: Channel = "system"
    from_post: MaybeName = ""
    to_post: MaybeName = ""
    priority: Priority = "routine"
    significant: bool = False
    incident: RecordId | None = None
    request: RecordId | None = None
    links: References = ()
    corrects: RecordId | None = None
    happened_at: Instant | None = None


class OptionIn(Input, frozen=True, kw_only=True, rename={"favour": "for"}):
    """One way open in a decision."""

    title: Words
    favour: Words | None = None
    against: Words | None = None


class DecisionIn(Input, frozen=True, kw_only=True):
    """A decision: ``chosen`` is an option's key (A, B ...) or its title."""

    title: Words
    options: Annotated[tuple[OptionIn, ...], msgspec.Meta(max_length=MAX_PARTS)]
    chosen: Name
    authority: Name
    reasons: Words
    label: Label
    incident: RecordId | None = None
    request: RecordId | None = None


class HandoverIn(Input, frozen=True, kw_only=True):
    """What the outgoing watch adds to a hand-over; the rest writes itself."""

    label: Label
    remarks: Words | None = None
