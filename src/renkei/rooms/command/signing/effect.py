"""The structure in force on a day, every plan part in force applied, and who handles what in it.  Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from ..plans.model import (
    Add,
    Amend,
    AnyChange,
    AnyFact,
    Post,
    Ref,
    Relation,
    Responsibility,
    Strength,
    Structure,
    Unit,
    facts_of,
    ref_of,
    target,
)
from ..plans.timeline import amended
from ..rules import PARENT_KINDS, in_force
from .records import PlanApproval

Facts = dict[Ref, AnyFact]
_FIRST = {"accountable": 0, "responsible": 1}
MAX_STEPS = 50
"""Steps upwards in search of a headquarters; a structure with a circle in it ends the search too."""


class Effect(NamedTuple):
    """A change, the day from which it holds, and the plan that says so."""

    on: date
    change: AnyChange
    plan: str


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Who handles a function for a nation: the unit, its posts, and the headquarters whose node is nearest.

    ``unit`` is a code, ``posts`` are keys of posts, ``plan`` the plan that made it so, "" if none did.
    """

    function: str
    nation: str
    unit: str
    posts: tuple[str, ...]
    hq: str | None
    part: str
    plan: str = ""


def effects_of(agreed: Iterable[PlanApproval]) -> list[Effect]:
    """What the parts agreed on do, in the order in which it comes about."""
    found = [Effect(c.on or a.effective, c, a.name) for a in agreed for c in a.changes]
    return sorted(found, key=lambda effect: (effect.on, effect.plan))


def in_force_on(
    structure: Structure, effects: Sequence[Effect], day: date
) -> tuple[Facts, dict[Ref, Effect]]:
    """Every fact that holds on ``day``; of what plans spoke about, there or not, the last change."""
    facts = {
        ref_of(fact): fact
        for fact in facts_of(structure)
        if in_force(fact.status, fact.since, fact.until, day)
    }
    said: dict[Ref, Effect] = {}
    for effect in effects:
        if effect.on <= day:
            for ref in _apply(facts, effect.change, day):
                said[ref] = effect
    return facts, said


def _apply(facts: Facts, change: AnyChange, day: date) -> Iterator[Ref]:
    if isinstance(change, Add):
        fact = change.fact
        if (fact.until is None or day < fact.until) and not _said_already(facts, fact):
            facts[ref_of(fact)] = fact
            yield ref_of(fact)
        return
    for ref in _meant(facts, target(change)):
        if isinstance(change, Amend):
            facts[ref] = amended(facts[ref], change)
        else:
            del facts[ref]
        yield ref


def _said_already(facts: Facts, fact: AnyFact) -> bool:
    """Whether a record says what the plan adds: relations and claims have keys of their own in each node."""
    match fact:
        case Relation():
            ends = (fact.relation, fact.subject, fact.object)
            return any(
                isinstance(f, Relation) and (f.relation, f.subject, f.object) == ends for f in facts.values()
            )
        case Strength():
            claim = (fact.subject, fact.figure, fact.counts, fact.as_of)
            return any(
                isinstance(f, Strength) and (f.subject, f.figure, f.counts, f.as_of) == claim
                for f in facts.values()
            )
    return False


def _meant(facts: Facts, ref: Ref) -> list[Ref]:
    """The facts that a change is about: where several headquarters say the same, all of them."""
    if ref in facts:
        return [ref]
    return [other for other in facts if other[0] == ref[0] and other[1].partition(" (")[0] == ref[1]]


def routes(
    facts: Mapping[Ref, AnyFact],
    hqs: Mapping[str, str],
    function: str,
    nation: str,
    said: Mapping[Ref, Effect] | None = None,
) -> list[Route]:
    """Who handles ``function`` for ``nation``, the first to be asked first.

    Units and posts that are accountable come first, then those responsible, then units with a post that has
    the function.  ``hqs`` are the ids of headquarters with a node, by their unit's code.
    """
    said = said or {}
    posts = [f for f in facts.values() if isinstance(f, Post) and function in f.functions]
    found: dict[str, Route] = {}
    for part, unit, seats, ref in sorted(_answering(facts, posts, function), key=_first):
        known = facts.get(("unit", unit))
        if not isinstance(known, Unit) or known.nation != nation or unit in found:
            continue
        found[unit] = Route(
            function=function,
            nation=nation,
            unit=unit,
            posts=seats,
            hq=_nearest(facts, hqs, unit),
            part=part,
            plan=said[ref].plan if ref in said else "",
        )
    return list(found.values())


def _first(answering: tuple[str, str, tuple[str, ...], Ref]) -> tuple[int, str, str]:
    return _FIRST.get(answering[0], 2), answering[1], answering[3][1]


def _answering(
    facts: Mapping[Ref, AnyFact], posts: Sequence[Post], function: str
) -> Iterator[tuple[str, str, tuple[str, ...], Ref]]:
    """(part, unit, posts, the fact that says so)."""
    seats: dict[str, list[str]] = {}
    for post in posts:
        seats.setdefault(post.unit, []).append(post.code)
    for ref, fact in facts.items():
        if isinstance(fact, Responsibility) and fact.function == function and fact.part in _FIRST:
            seat = facts.get(("post", fact.subject)) if fact.subject_kind == "post" else None
            if isinstance(seat, Post):
                yield fact.part, seat.unit, (seat.code,), ref
            elif fact.subject_kind == "unit":
                yield fact.part, fact.subject, tuple(sorted(seats.get(fact.subject, ()))), ref
    for unit, held in seats.items():
        yield "holds", unit, tuple(sorted(held)), ("post", min(held))


def _nearest(facts: Mapping[Ref, AnyFact], hqs: Mapping[str, str], unit: str) -> str | None:
    """The headquarters of that unit, or of the nearest unit above it."""
    level, seen = [unit], {unit}
    for _ in range(MAX_STEPS):
        for code in level:
            if code in hqs:
                return hqs[code]
        above = {
            f.object
            for f in facts.values()
            if isinstance(f, Relation) and f.relation in PARENT_KINDS and f.subject in level
        }
        level = sorted(above - seen)
        seen |= above
        if not level:
            return None
    return None
