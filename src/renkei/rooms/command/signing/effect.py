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
    """A change, the day from which it holds, the plan that says so, and the nations that signed for it."""

    on: date
    change: AnyChange
    plan: str
    nations: tuple[str, ...] = ()


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
    found = [Effect(c.on or a.effective, c, a.name, a.nations) for a in agreed for c in a.changes]
    return sorted(found, key=lambda effect: (effect.on, effect.plan))


def in_force_on(
    structure: Structure, effects: Sequence[Effect], day: date
) -> tuple[Facts, dict[Ref, Effect]]:
    """Every fact that holds on ``day``; of what plans spoke about, there or not, the last change."""
    played = _Played(structure, day)
    for effect in effects:
        if effect.on <= day:
            played.take(effect)
    return played.facts, played.said


class _Played:
    """Records as they stand, and plans carried out on them one change after the other.

    What a plan brought about may have been written down since, by us or by a partner, under the key that
    records have; so a plan's key may lead to a record, and what a record says already is not said twice.
    """

    def __init__(self, structure: Structure, day: date) -> None:
        self.day = day
        self.recorded = {ref_of(fact): fact for fact in facts_of(structure)}
        self.facts = {
            ref: fact
            for ref, fact in self.recorded.items()
            if in_force(fact.status, fact.since, fact.until, day)
        }
        self.said: dict[Ref, Effect] = {}
        self._meaning: dict[tuple[object, ...], list[Ref]] = {}
        for ref, fact in self.recorded.items():
            self._meaning.setdefault(_meaning(fact), []).append(ref)
        self._written: dict[Ref, Ref] = {}
        """By a plan's key the record that says the same."""

    def take(self, effect: Effect) -> None:
        """Carry out one change."""
        change = effect.change
        if isinstance(change, Add):
            self._add(change.fact, effect)
            return
        ref = self._written.get(target(change), target(change))
        for one in _meant(self.facts, ref):
            self.said[one] = effect
            before = self.facts.pop(one)
            if isinstance(change, Amend):
                self._amend(one, amended(before, change), effect)
        ended = self.recorded.get(ref)
        if isinstance(change, Amend) and ended is not None and ended.until == effect.on:
            # Ended by this very change in somebody's records; what it became may be nobody's record yet.
            again = msgspec.structs.replace(ended, until=None, status="in force")
            self.said[ref] = effect
            self._amend(ref, amended(again, change), effect)

    def _add(self, fact: AnyFact, effect: Effect) -> None:
        if (record := self._record_of(fact, effect.on)) is not None:
            self._written[ref_of(fact)] = record
        elif fact.until is None or self.day < fact.until:
            self.facts[ref_of(fact)] = fact
            self.said[ref_of(fact)] = effect

    def _amend(self, ref: Ref, fact: AnyFact, effect: Effect) -> None:
        """The fact as it became, unless a record of its own says that."""
        record = self._record_of(fact, effect.on)
        if record is None or record == ref:
            self.facts[ref] = fact
        else:
            self._written[target(effect.change)] = record

    def _record_of(self, fact: AnyFact, on: date) -> Ref | None:
        """The record that says what a plan brings about on that day: it holds, or tells what came later."""
        for ref in self._meaning.get(_meaning(fact), ()):
            record = self.recorded[ref]
            later = record.until is not None and record.until > on and ref not in self.facts
            if record.since == on or later or (ref in self.facts and isinstance(fact, _UNNAMED)):
                return ref
        return None


_UNNAMED = Relation | Responsibility | Strength
"""Facts with keys of their own in each plan; all others are one by their code or key."""


def _meaning(fact: AnyFact) -> tuple[object, ...]:
    """By what a fact is the same whatever its key."""
    match fact:
        case Relation():
            return "relation", fact.relation, fact.subject, fact.object
        case Responsibility():
            return "responsibility", fact.subject, fact.function, fact.part, fact.extent
        case Strength():
            return "strength", fact.subject, fact.figure, fact.counts, fact.as_of
    return ref_of(fact)


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
