"""What planners and approving authorities do with plans: propose, amend, withdraw, sign, take back."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import msgspec

from renkei.kernel.desk import Desk
from renkei.kernel.drafting import Words, label_like, one, own_whole, revise, stamp, text_of, unknown
from renkei.kernel.errors import Refused
from renkei.kernel.labels.model import Label
from renkei.kernel.people import Permission
from renkei.kernel.seen import look

from ..plans.model import (
    LISTS,
    Add,
    AnyChange,
    AnyFact,
    Choice,
    Key,
    Phase,
    Plan,
    Ref,
    Structure,
    facts_of,
    ref_of,
    target,
)
from ..plans.owners import touched_by
from ..records import Names
from ..rules import nations_of
from .parts import Part, chosen, depends_on, digest, parts_of
from .reading import PlanView, plan_view, plans_here, structure_in_force
from .records import MAX_CHANGES, Nations, PlanApproval, PlanRecord, Proposed

BODIES = {"Bilateral": ("Japan", "US")}
"""The nations behind the word for a body of several."""


class ProposedIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change; its nations follow from what it touches, more may be named, and it may have its own label."""

    change: AnyChange
    nations: Nations | None = None
    label: Label | None = None


class PlanIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan to put on record, or what it now is."""

    name: Key
    title: Words
    phases: Annotated[tuple[Phase, ...], msgspec.Meta(min_length=1, max_length=100)]
    changes: Annotated[tuple[ProposedIn, ...], msgspec.Meta(min_length=1, max_length=MAX_CHANGES)]
    label: Label
    choices: Annotated[tuple[Choice, ...], msgspec.Meta(max_length=20)] = ()


class ApproveIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signature under the part of ``phase`` that ``nations`` share, or that is one nation's own.

    ``effective`` is needed where the phase has no day.
    """

    phase: Key
    nations: Nations
    options: dict[str, str] = {}
    effective: date | None = None
    reason: Words | None = None
    label: Label | None = None


class TakeBackIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a plan or a signature is taken back."""

    reason: Words


def propose_plan(desk: Desk, given: PlanIn) -> PlanRecord | Refused:
    """Put a plan on record, for all headquarters that its label allows."""
    if refused := desk.person.refuse(Permission.COMMAND_WRITE):
        return refused
    if any(view.seen.record.name == given.name for view in plans_here(desk)):
        return Refused(
            code="plan.name", expected="a name that no plan here has", came="one in use", status=409
        )
    fields = _fields(desk, given)
    if isinstance(fields, Refused):
        return fields
    header = stamp(desk, given.label, desk.clock.now())
    return header if isinstance(header, Refused) else one(desk, PlanRecord(**header, **fields))


def amend_plan(desk: Desk, plan_id: str, given: PlanIn) -> PlanRecord | Refused:
    """The next version of an own plan.  What was signed for stands until its signers say otherwise."""
    plan = _own_plan(desk, plan_id)
    if isinstance(plan, Refused):
        return plan
    if given.name != plan.name:
        return Refused(code="plan.name", expected="the plan's own name", came="another", status=422)
    fields = _fields(desk, given) if (wrong := desk.policies.validate(given.label)) is None else wrong
    if isinstance(fields, Refused):
        return fields
    return one(desk, revise(desk, plan, desk.clock.now(), label=given.label.canonical(), **fields))


def withdraw_plan(desk: Desk, plan_id: str, given: TakeBackIn) -> PlanRecord | Refused:
    """Take an own plan back.  Signatures under it stand, and are taken back one by one."""
    plan = _own_plan(desk, plan_id)
    if isinstance(plan, Refused):
        return plan
    reason = text_of(desk, given.reason)
    if isinstance(reason, Refused):
        return reason
    return one(desk, revise(desk, plan, desk.clock.now(), withdrawn=True, reason=reason))


def approve_part(desk: Desk, plan_id: str, given: ApproveIn) -> PlanApproval | Refused:
    """Sign for this headquarters' nation: its own part, or its side of a shared one."""
    view = _to_sign(desk, plan_id)
    if isinstance(view, Refused):
        return view
    plan, part = view.seen.record, Part(given.phase, given.nations)
    changes = parts_of(plan).get(part, ())
    effective = given.effective or next((p.on for p in plan.phases if p.key == given.phase), None)
    if refused := _check_part(desk, plan, part, changes, given) or _check_day(desk, view, part, effective):
        return refused
    assert effective is not None
    made = chosen(changes, given.options)
    reason, label = text_of(desk, given.reason), _label(desk, given.label or plan.label, plan, part)
    if isinstance(reason, Refused):
        return reason
    if isinstance(label, Refused):
        return label
    fields: dict[str, Any] = {
        "effective": effective,
        "options": given.options,
        "changes": made,
        "digest": digest(plan.name, part, given.options, effective, made),
        "decision": "approved",
        "reason": reason,
    }
    return _sign(desk, plan, part, label, fields)


def take_back_approval(desk: Desk, approval_id: str, given: TakeBackIn) -> PlanApproval | Refused:
    """Take an own signature back, before the day on which it takes effect."""
    if refused := desk.person.refuse(Permission.PLAN_APPROVE):
        return refused
    approval = own_whole(desk, look(desk.views, approval_id, PlanApproval), "approval")
    if isinstance(approval, Refused):
        return approval
    now = desk.clock.now()
    if approval.decision == "withdrawn":
        return _no("approval.withdrawn", "a signature that stands", "one taken back", 409)
    if now.date() >= approval.effective:
        return _no("plan.in-force", "a day before it takes effect", str(now.date()), 409)
    reason = text_of(desk, given.reason)
    if isinstance(reason, Refused):
        return reason
    return one(desk, revise(desk, approval, now, decision="withdrawn", reason=reason))


def _own_plan(desk: Desk, plan_id: str) -> PlanRecord | Refused:
    if refused := desk.person.refuse(Permission.COMMAND_WRITE):
        return refused
    plan = own_whole(desk, look(desk.views, plan_id, PlanRecord), "plan")
    if isinstance(plan, PlanRecord) and plan.withdrawn:
        return _no("plan.withdrawn", "a plan that stands", "one withdrawn", 409)
    return plan


def _fields(desk: Desk, given: PlanIn) -> dict[str, Any] | Refused:
    title = text_of(desk, given.title)
    if isinstance(title, Refused):
        return title
    if refused := _check_form(given):
        return refused
    touched = _touched(desk, tuple(p.change for p in given.changes))
    if isinstance(touched, Refused):
        return touched
    proposed: list[Proposed] = []
    for each in given.changes:
        if each.label is not None and (refused := desk.policies.validate(each.label)):
            return refused
        nations = _nations(each, touched[each.change.key])
        if isinstance(nations, Refused):
            return nations
        proposed.append(Proposed(label=each.label, nations=nations, change=each.change))
    return {
        "name": given.name,
        "title": title,
        "phases": given.phases,
        "choices": given.choices,
        "changes": tuple(proposed),
    }


def _nations(each: ProposedIn, touched: frozenset[str]) -> tuple[str, ...] | Refused:
    """Who must sign for a change: whoever it touches, and whoever else is named."""
    key = each.change.key
    nations = tuple(sorted(touched | set(each.nations or ())))
    if not nations:
        return _no("plan.nations", f"nations for change {key}", "none that it touches")
    if each.nations is not None and not touched <= set(each.nations):
        return _no("plan.nations", f"{', '.join(nations)} for change {key}", ", ".join(each.nations))
    return nations


def _check_form(given: PlanIn) -> Refused | None:
    """Keys told apart; phases and options that exist."""
    for what, keys in (
        ("phases", [p.key for p in given.phases]),
        ("choices", [c.key for c in given.choices]),
        ("changes", [p.change.key for p in given.changes]),
    ):
        if twice := next((k for n, k in enumerate(keys) if k in keys[:n]), None):
            return _no("plan.twice", f"{what} with keys of their own", f"{twice} twice")
    options = {c.key: {o.key for o in c.options} for c in given.choices}
    phases = {p.key for p in given.phases}
    for change in (p.change for p in given.changes):
        if change.phase not in phases:
            return _no("plan.phase", f"a phase of the plan in change {change.key}", change.phase)
        for choice, option in change.when.items():
            if option not in options.get(choice, ()):
                return _no(
                    "plan.option", f"an option of the plan in change {change.key}", f"{choice}={option}"
                )
    return None


def _to_sign(desk: Desk, plan_id: str) -> PlanView | Refused:
    if refused := desk.person.refuse(Permission.PLAN_APPROVE):
        return refused
    view = plan_view(desk, plan_id)
    if view is None:
        return unknown("plan")
    if view.seen.cut:
        return _no("plan.cut", "a person cleared for all of the plan", "one who sees it in part", 403)
    if view.seen.record.withdrawn:
        return _no("plan.withdrawn", "a plan that stands", "one withdrawn", 409)
    return view


def _check_part(
    desk: Desk, plan: PlanRecord, part: Part, changes: Sequence[AnyChange], given: ApproveIn
) -> Refused | None:
    """A part of the plan that is ours to sign, every choice in it made, and nobody left out."""
    if not changes:
        return _no("plan.part", "a phase of the plan, and the nations of changes in it", "another")
    if not set(part.nations) & set(nations_of(desk.hq)):
        return _no("plan.nation", f"a headquarters of {' or '.join(part.nations)}", desk.hq, 403)
    needed = depends_on(changes)
    options = {c.key: {o.key for o in c.options} for c in plan.choices}
    if set(given.options) != needed or any(o not in options.get(c, ()) for c, o in given.options.items()):
        wanted = ", ".join(sorted(needed)) or "nothing"
        return _no("plan.option", f"an option for each of: {wanted}", "others")
    if not chosen(changes, given.options):
        return _no("plan.part", "options under which something changes", "none")
    return _check_nations(desk, plan, part, changes)


def _check_nations(desk: Desk, plan: PlanRecord, part: Part, changes: Sequence[AnyChange]) -> Refused | None:
    """Nobody whom the changes touch is left out, as far as we know."""
    touched = _touched(desk, tuple(p.change for p in plan.changes))
    if isinstance(touched, Refused):
        return None  # a partner may know of more than we do
    for change in changes:
        if not touched[change.key] <= set(part.nations):
            nations = ", ".join(sorted(touched[change.key]))
            return _no("plan.nations", f"a part that {nations} sign for", "another", 409)
    return None


def _check_day(desk: Desk, view: PlanView, part: Part, effective: date | None) -> Refused | None:
    """The phase's day where it has one, not past, and the part not in force already."""
    phase = next(p for p in view.seen.record.phases if p.key == part.phase)
    if effective is None or effective != (phase.on or effective):
        return _no("plan.day", "the phase's day, or one where it has none", str(effective or "none"))
    today = desk.clock.now().date()
    if effective < today:
        return _no("plan.day", f"a day from {today} on", str(effective))
    if any(s.part == part and s.state == "in force" for s in view.standing):
        return _no("plan.in-force", "a part that is not in force yet", "one that is", 409)
    return None


def _touched(desk: Desk, changes: tuple[AnyChange, ...]) -> dict[str, frozenset[str]] | Refused:
    """By key of change the nations that it touches, as far as records and plans in force here tell.

    Refused if one ends or amends what nobody here knows.
    """
    today = desk.clock.now().date()
    found = structure_in_force(desk, today)
    known: dict[Ref, AnyFact] = {ref_of(f): f for f in facts_of(found.structure)} | found.facts
    added = {target(c) for c in changes if isinstance(c, Add)}
    if lost := next((c for c in changes if target(c) not in known and target(c) not in added), None):
        return _no("plan.fact", "changes to facts known here", f"another in change {lost.key}")
    lists = {name: tuple(f for r, f in known.items() if r[0] == kind) for kind, name in LISTS.items()}
    structure = Structure(nations=found.structure.nations, **lists)  # type: ignore[arg-type]
    plan = Plan(title=Names(), start=today, structure=structure, changes=changes)
    return {
        key: frozenset(nation for word in words for nation in BODIES.get(word, (word,)))
        for key, words in touched_by(plan).items()
    }


def _label(desk: Desk, base: Label, plan: PlanRecord, part: Part) -> Label | Refused:
    """``base`` put together with the labels that the part's changes have of their own, under our policy."""
    own = [p.label for p in plan.changes if p.label is not None and Part(p.change.phase, p.nations) == part]
    together = desk.policies.aggregate([base, *own])
    return together if isinstance(together, Refused) else label_like(desk, None, together)


def _sign(
    desk: Desk, plan: PlanRecord, part: Part, label: Label, fields: dict[str, Any]
) -> PlanApproval | Refused:
    """The signature as a new record, or as the next version of the one there is."""
    now = desk.clock.now()
    rows = desk.views.referring(plan.id, "plan-approval")
    for row in rows:
        before = look(desk.views, row.id, PlanApproval)
        if before is None or before.record.owner != desk.hq:
            continue
        if (before.record.phase, before.record.nations) == part:
            return one(desk, revise(desk, before.record, now, label=label.canonical(), **fields))
    header = stamp(desk, label, now)
    if isinstance(header, Refused):
        return header
    made = PlanApproval(
        **header, plan=plan.id, name=plan.name, phase=part.phase, nations=part.nations, **fields
    )
    return one(desk, made)


def _no(code: str, expected: str, came: str, status: int = 422) -> Refused:
    return Refused(code=code, expected=expected, came=came, status=status)
