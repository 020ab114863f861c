"""Plans on record, and each nation's signature under its part of one (ADR 0017)."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

import msgspec

from renkei.kernel.labels.model import Label
from renkei.kernel.records import Portion, Record, RecordId, Text

from ..plans.model import AnyChange, Choice, Key, Phase

MAX_CHANGES = 2_000
"""Changes in one plan on record; a record's 256 KiB end it sooner, this bounds what is read."""
MAX_NATIONS = 8
"""Nations that share one change."""

Nations = Annotated[tuple[Key, ...], msgspec.Meta(min_length=1, max_length=MAX_NATIONS)]
"""Nations by the word their units' records use, in alphabetical order."""
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class Proposed(Portion, frozen=True, kw_only=True):
    """One change, and the nations that must sign for it: one alone, or all that it concerns."""

    nations: Nations
    change: AnyChange


class PlanRecord(Record, frozen=True, kw_only=True, tag="plan"):
    """What its owner proposes to change, phase by phase.

    ``name`` is what both sides call the plan by.  A later version amends or withdraws it; what was signed for
    stands until its signers say otherwise.
    """

    name: Key
    title: Text | None = None
    phases: Annotated[tuple[Phase, ...], msgspec.Meta(min_length=1, max_length=100)]
    choices: Annotated[tuple[Choice, ...], msgspec.Meta(max_length=20)] = ()
    changes: Annotated[tuple[Proposed, ...], msgspec.Meta(max_length=MAX_CHANGES)] = ()
    withdrawn: bool = False
    reason: Text | None = None

    def texts(self) -> Iterator[tuple[Label | None, str]]:
        """Also the plan's name, and what its changes are called."""
        yield from super().texts()
        yield None, self.name
        yield from ((p.label, f"{p.change.key} {p.change.note}".rstrip()) for p in self.changes)


class PlanApproval(Record, frozen=True, kw_only=True, tag="plan-approval"):
    """Its owner's signature under one part of a plan: these changes, from 00:00Z of ``effective`` on.

    ``options`` are the answers to the choices on which the part depends; ``digest`` is that of
    ``parts.digest``.  A later version that is ``withdrawn`` takes the signature back, if it was made before
    the day.
    """

    appendable = False

    plan: RecordId | None = None
    name: Key
    phase: Key
    nations: Nations
    options: dict[str, str] = msgspec.field(default_factory=dict)
    effective: date
    changes: Annotated[tuple[AnyChange, ...], msgspec.Meta(min_length=1, max_length=MAX_CHANGES)]
    digest: Digest
    decision: Literal["approved", "withdrawn"] = "approved"
    reason: Text | None = None

    def texts(self) -> Iterator[tuple[Label | None, str]]:
        """Also the plan's name."""
        yield from super().texts()
        yield None, self.name


PLAN_KINDS: tuple[type[Record], ...] = (PlanRecord, PlanApproval)
