"""Who signs for what in a plan, and how far each part has got: pure, and alike on both sides (ADR 0017)."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

import msgspec

from ..plans.model import AnyChange
from .records import PlanApproval, PlanRecord

SHARED_FORM = b"renkei plan part 1\n"
"""What is digested begins with this, so that no other digest can be taken for one."""

Speaks = Callable[[str], Sequence[str]]
"""The nations for which a headquarters signs."""
Standing = Literal["open", "partly signed", "signed", "in force", "at odds"]


class Part(NamedTuple):
    """The changes of one phase that the same nations sign for."""

    phase: str
    nations: tuple[str, ...]


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """One nation's signature under a part, as it stands."""

    nation: str
    hq: str
    approval: PlanApproval


class PartStanding(msgspec.Struct, frozen=True, kw_only=True):
    """How far a part has got.

    ``effective`` and ``digest`` are what all its nations signed; None and "" until they have.  ``amended``
    says that the plan as it now reads is not what was signed.
    """

    part: Part
    state: Standing
    signatures: tuple[Signature, ...]
    missing: tuple[str, ...]
    effective: date | None = None
    digest: str = ""
    amended: bool = False


def digest(
    name: str, part: Part, options: Mapping[str, str], effective: date, changes: Sequence[AnyChange]
) -> str:
    """The SHA-256, in hex, of what is signed."""
    held = msgspec.json.encode([name, part, dict(options), effective, changes], order="deterministic")
    return hashlib.sha256(SHARED_FORM + held).hexdigest()


def digest_of(approval: PlanApproval) -> str:
    """What the approval's digest must be."""
    return digest(approval.name, part_of(approval), approval.options, approval.effective, approval.changes)


def part_of(approval: PlanApproval) -> Part:
    """The part an approval signs for."""
    return Part(approval.phase, approval.nations)


def parts_of(plan: PlanRecord) -> dict[Part, tuple[AnyChange, ...]]:
    """All parts in order of phases, each with its changes whatever the options."""
    found: dict[Part, list[AnyChange]] = {}
    for proposed in plan.changes:
        found.setdefault(Part(proposed.change.phase, proposed.nations), []).append(proposed.change)
    order = [phase.key for phase in plan.phases]
    return {
        part: tuple(found[part]) for part in sorted(found, key=lambda p: (order.index(p.phase), p.nations))
    }


def chosen(changes: Iterable[AnyChange], options: Mapping[str, str]) -> tuple[AnyChange, ...]:
    """The changes that are made under these options."""
    return tuple(c for c in changes if all(options.get(choice) == o for choice, o in c.when.items()))


def depends_on(changes: Iterable[AnyChange]) -> set[str]:
    """The choices that must be made before these changes can be signed for."""
    return {choice for change in changes for choice in change.when}


def standing_of(
    approvals: Iterable[PlanApproval], speaks: Speaks, today: date, plan: PlanRecord | None = None
) -> list[PartStanding]:
    """How far each part of one plan has got: those of ``plan``, if it is known, and those signed for."""
    signed: dict[Part, list[PlanApproval]] = {}
    for approval in approvals:
        if _stands(approval):
            signed.setdefault(part_of(approval), []).append(approval)
    proposed = parts_of(plan) if plan is not None and not plan.withdrawn else {}
    parts = [*proposed, *sorted(signed.keys() - proposed.keys())]
    return [_standing(p, signed.get(p, ()), speaks, today, proposed.get(p)) for p in parts]


def _stands(approval: PlanApproval) -> bool:
    """Whether it is a signature for what it says, and was not taken back in time."""
    taken_back = approval.decision == "withdrawn" and approval.at.date() < approval.effective
    return not taken_back and approval.digest == digest_of(approval)


def _standing(
    part: Part,
    signed: Sequence[PlanApproval],
    speaks: Speaks,
    today: date,
    changes: tuple[AnyChange, ...] | None,
) -> PartStanding:
    by_nation = {
        nation: Signature(nation=nation, hq=a.owner, approval=a)
        for a in sorted(signed, key=lambda a: (a.at, a.owner))
        for nation in part.nations
        if nation in speaks(a.owner)
    }
    missing = tuple(n for n in part.nations if n not in by_nation)
    digests = {s.approval.digest for s in by_nation.values()}
    if missing or not digests:
        state: Standing = "partly signed" if by_nation else "open"
    else:
        state = "signed" if len(digests) == 1 else "at odds"
    if state != "signed":
        state = "at odds" if len(digests) > 1 else state
        return PartStanding(part=part, state=state, signatures=tuple(by_nation.values()), missing=missing)
    agreed = next(iter(by_nation.values())).approval
    return PartStanding(
        part=part,
        state="in force" if agreed.effective <= today else "signed",
        signatures=tuple(by_nation.values()),
        missing=(),
        effective=agreed.effective,
        digest=agreed.digest,
        amended=changes is None or chosen(changes, agreed.options) != agreed.changes,
    )
