"""Why, and why not: the chain's answer for one record, said so that a person can act on it.

Nothing here decides.  ``explain`` asks the chain and adds which portions are cut, and what would have to
change, at the least, for the record to leave: this value of its label, this agreement, these signatures.  A
change of label is only named after the rules have been asked whether it would be enough.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import msgspec

from ..errors import Refused
from ..labels.model import Category, Clearance, Label
from ..labels.policy import Gate, PolicyBook
from ..labels.release import Opened, Released, labels_in
from ..labels.rules import Denied
from ..records import Portion, Record, Unknown
from .chain import Chain, Held, Rule, Stopped
from .records import Onward

Outcome = Literal["released", "held", "withheld"]
MAX_STEPS = 20
"""Changes to one label tried: more than there are tags in a policy."""


class Cut(msgspec.Struct, frozen=True):
    """A portion that is not covered: where it stands in the record (``steps[2].note``), and its label."""

    where: str
    label: Label


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that would have to be otherwise.

    ``classification``: at most ``values[0]``.  ``add``, ``remove``: these ``values`` of ``tag`` in the label
    (of the portion at ``where``, if one is named).  ``agreement``: one that covers ``values[0]``, a kind, and
    the label.  ``clearance``: a higher one.  ``signature``: as many more as ``count``.
    """

    what: Literal["classification", "add", "remove", "agreement", "clearance", "signature"]
    tag: str = ""
    values: tuple[str, ...] = ()
    count: int = 0
    where: str = ""


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with its reasons.  ``rule`` is the step of the chain that decided, empty if released."""

    outcome: Outcome
    rule: Rule | Literal[""] = ""
    code: str = ""
    reason: str = ""
    cuts: tuple[Cut, ...] = ()
    changes: tuple[Change, ...] = ()


def explain(chain: Chain, it: Opened, now: datetime, book: PolicyBook) -> Why:
    """What the chain says of ``it`` now, and why."""
    decided = chain.decide(it, now)
    record = it.record
    ceiling = None if isinstance(record, Unknown) else chain.ceiling(record.kind, now)
    cuts: tuple[Cut, ...] = ()
    if isinstance(record, Record) and ceiling is not None:
        cuts = cuts_of(record, book.gate(ceiling))
    if isinstance(decided, Released):
        return Why(outcome="released", cuts=cuts)
    if isinstance(decided, Held):
        missing = decided.review.signatures - decided.given
        changes: tuple[Change, ...] = (Change("signature", count=missing),)
        return Why(
            outcome="held",
            rule="review",
            code=decided.code,
            reason=decided.reason,
            cuts=cuts,
            changes=changes,
        )
    return stopped(decided, record, ceiling, cuts, book)


def stopped(
    no: Stopped, record: Record | Unknown, ceiling: Clearance | None, cuts: tuple[Cut, ...], book: PolicyBook
) -> Why:
    """A no, with what would turn it."""
    changes: tuple[Change, ...] = ()
    if no.rule == "agreement" and isinstance(record, Record):
        changes = (Change("agreement", values=(record.kind,)),)
    elif no.rule == "label" and ceiling is not None and isinstance(record, Record):
        if book.access(ceiling, record.label).allowed:
            changes = tuple(c for one in cuts for c in nearer(one.label, ceiling, book, one.where))
        else:
            changes = nearer(record.label, ceiling, book)
        if not changes:
            changes = (Change("agreement", values=(record.kind,)),)
    return Why(outcome="withheld", rule=no.rule, code=no.code, reason=no.reason, cuts=cuts, changes=changes)


def explain_to(record: Record, clearance: Clearance, book: PolicyBook) -> Why:
    """Why a person who holds ``clearance`` sees ``record``, all of it or part, or does not."""
    gate = book.gate(clearance)
    cuts = cuts_of(record, gate)
    label, decision = next(
        ((label, no) for label in _over(record) if isinstance(no := gate[label], Denied)),
        (record.label, None),
    )
    if decision is None:
        return Why(outcome="released", cuts=cuts)
    changes = nearer(label, clearance, book) or (Change("clearance"),)
    return Why(
        outcome="withheld",
        rule="label",
        code=decision.code,
        reason=decision.reason,
        cuts=cuts,
        changes=changes,
    )


def _over(record: Record) -> Iterator[Label]:
    """The labels that all must be covered to see the record: its own, and those of what it passes on."""
    yield record.label
    if isinstance(record, Onward):
        for hand in record.hands():
            yield from labels_in(hand)


# --- portions ---------------------------------------------------------------------------------------


def cuts_of(record: Record, gate: Gate) -> tuple[Cut, ...]:
    """The portions of ``record`` that the gate's clearance does not cover."""
    return tuple(_cuts(record, "", gate))


def _cuts(value: Any, where: str, gate: Gate) -> Iterator[Cut]:
    if isinstance(value, msgspec.Struct):
        if isinstance(value, Portion) and value.label is not None and not gate[value.label].allowed:
            yield Cut(where, value.label)
            return
        for name in value.__struct_fields__:
            yield from _cuts(getattr(value, name), f"{where}.{name}" if where else name, gate)
    elif isinstance(value, tuple | list):
        for number, item in enumerate(value):
            yield from _cuts(item, f"{where}[{number}]", gate)


# --- labels -----------------------------------------------------------------------------------------


def nearer(label: Label, clearance: Clearance, book: PolicyBook, where: str = "") -> tuple[Change, ...]:
    """The fewest changes to ``label`` after which ``clearance`` covers it; none if no label would do."""
    said = book.translate(label, clearance.policy)
    if isinstance(said, Refused):
        return ()
    changes: list[Change] = []
    for _ in range(MAX_STEPS):
        if book.access(clearance, said).allowed:
            return tuple(changes)
        step = _step(said, clearance, book, where)
        if step is None:
            return ()
        said, change = step
        changes.append(change)
    return ()


def _step(label: Label, clearance: Clearance, book: PolicyBook, where: str) -> tuple[Label, Change] | None:
    """The next single change, and what the label is after it."""
    if label.classification not in clearance.classifications:
        policy = book.policy(clearance.policy)
        levels = () if policy is None else policy.classifications
        held = [c.name for c in levels if c.name in clearance.classifications]
        change = Change("classification", values=(held[-1] if held else "",), where=where)
        return (msgspec.structs.replace(label, classification=held[-1]), change) if held else None
    for category in label.categories:
        has = clearance.held(category.tag, category.type)
        if category.type == "restrictive" and (missing := tuple(v for v in category.values if v not in has)):
            left = _with(label, category, tuple(v for v in category.values if v in has))
            return left, Change("remove", category.tag, missing, where=where)
        if category.type == "permissive" and has.isdisjoint(category.values):
            if not has:
                return None
            one = min(has)
            added = _with(label, category, (*category.values, one))
            return added, Change("add", category.tag, (one,), where=where)
    return None


def _with(label: Label, category: Category, values: tuple[str, ...]) -> Label:
    """``label`` with other values in one of its categories; without it, if there are none."""
    others = tuple(c for c in label.categories if c is not category)
    mine = (msgspec.structs.replace(category, values=values),) if values else ()
    return msgspec.structs.replace(label, categories=(*others, *mine)).canonical()
