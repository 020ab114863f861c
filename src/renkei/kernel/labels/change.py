"""What another policy would change: which records become visible or releasable, to whom, and which no longer.

Nothing is decided per record.  The views keep how many records there are for each combination of label, kind
and owner (``shelves``); each distinct label is decided once for each audience under either policy, and the
counts are added up.  So the answer for a million records costs what it costs for their few hundred labels.

A record counts by the labels that must all be covered, as the views keep them: its own, and those of portions
it cannot be without.  Portions that can be cut are not looked at one by one.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from .model import Clearance, Label
from .policy import PolicyBook
from .rules import Decision, Denied

MAX_SHIFTS = 10_000
"""Lines of one answer: labels times audiences that change; beyond it the policy is another one altogether."""


class Counted(msgspec.Struct, frozen=True):
    """So many records of one kind and owner under these labels; ``shelf`` is the views' number for them."""

    shelf: int
    labels: tuple[Label, ...]
    kind: str
    owner: str
    count: int


class Audience(msgspec.Struct, frozen=True):
    """A partner, who gets what is ours and of a kind that leaves, or a person, who sees what is covered."""

    name: str
    partner: bool
    clearance: Clearance


class Shift(msgspec.Struct, frozen=True):
    """Records of one kind under one label that an audience would gain or lose, and the rule that says so."""

    audience: str
    partner: bool
    change: Literal["gains", "loses"]
    label: str
    kind: str
    count: int
    why: str
    shelf: int


class Comparison(msgspec.Struct, frozen=True):
    """All that would change: shifts, labels in use that the new policy does not know, clearances likewise."""

    records: int
    labels: int
    shifts: tuple[Shift, ...]
    unknown_labels: tuple[str, ...]
    unsound_clearances: tuple[str, ...]


def compare(
    old: PolicyBook,
    new: PolicyBook,
    counted: Sequence[Counted],
    audiences: Iterable[Audience],
    hq: str,
    kept: frozenset[str],
) -> Comparison:
    """What ``new`` in the place of ``old`` would change for the records ``counted`` at headquarters ``hq``.

    ``kept`` are the kinds that never leave.
    """
    everybody = list(audiences)
    shifts: list[Shift] = []
    for one in everybody:
        for shelf in counted:
            if one.partner and (shelf.owner != hq or shelf.kind in kept):
                continue
            shift = _shift(old, new, one, shelf)
            if shift is not None and len(shifts) < MAX_SHIFTS:
                shifts.append(shift)
    used = {label for shelf in counted for label in shelf.labels}
    return Comparison(
        records=sum(shelf.count for shelf in counted),
        labels=len(used),
        shifts=tuple(sorted(shifts, key=lambda s: (not s.partner, s.audience, s.change, -s.count))),
        unknown_labels=tuple(
            sorted(old.mark(label).en for label in used if new.validate(label, known_only=True) is not None)
        ),
        unsound_clearances=tuple(unsound(new, everybody)),
    )


def unsound(book: PolicyBook, audiences: Iterable[Audience]) -> list[str]:
    """Whose clearances ``book`` cannot mean, each with the reason."""
    found = ((a.name, book.check_clearance(a.clearance)) for a in audiences)
    return [f"{name}: {no.expected}; {no.came} came" for name, no in found if no is not None]


def _shift(old: PolicyBook, new: PolicyBook, one: Audience, shelf: Counted) -> Shift | None:
    before = _denied(old, one.clearance, shelf.labels)
    after = _denied(new, one.clearance, shelf.labels)
    if (before is None) == (after is None):
        return None
    why = after or before
    assert why is not None
    return Shift(
        audience=one.name,
        partner=one.partner,
        change="gains" if after is None else "loses",
        label=" + ".join(dict.fromkeys(old.mark(label).en for label in shelf.labels)),
        kind=shelf.kind,
        count=shelf.count,
        why=f"{'no longer' if after is None else 'now'} {why.code}: {why.reason}",
        shelf=shelf.shelf,
    )


def _denied(book: PolicyBook, clearance: Clearance, labels: Sequence[Label]) -> Denied | None:
    gate = book.gate(clearance)
    decisions: list[Decision] = [gate[label] for label in labels]
    return next((d for d in decisions if isinstance(d, Denied)), None)
