"""What holds at one moment, indexed for the checks, one fact put in or taken out at a time.

A post counts only while its unit is there.  Indexes hold keys, so that a fact's own words are looked up where
they are needed; each is the plain consequence of the facts in force, whatever the order in which they came.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from .. import zones
from ..paths.calendars import Calendar
from ..paths.description import calendar_of_duty
from ..records import UNKNOWN
from .model import (
    FACT_KINDS,
    AnyFact,
    FactKind,
    Hours,
    LegalBasis,
    Post,
    Ref,
    Relation,
    Responsibility,
    Site,
    Strength,
    Unit,
    ref_of,
)

Index = defaultdict[str, set[str]]
Line = tuple[str, str, str, str]
"""A responsibility as it is compared: subject, function, part, extent."""


def _index() -> Index:
    return defaultdict(set)


class State:
    """Facts in force, by kind and key, and their indexes; ``day`` is the one whose clocks count."""

    def __init__(self, facts: Iterable[AnyFact], nation_of: dict[str, str], day: date) -> None:
        """``nation_of`` gives every unit's nation, whether in force or not."""
        self.nation_of, self.day = nation_of, day
        self.facts: dict[FactKind, dict[str, AnyFact]] = {kind: {} for kind in FACT_KINDS}
        self.units: dict[str, Unit] = self.facts["unit"]  # type: ignore[assignment]
        self.posts: dict[str, Post] = self.facts["post"]  # type: ignore[assignment]
        self.sites: dict[str, Site] = self.facts["site"]  # type: ignore[assignment]
        self.hours: dict[str, Hours] = self.facts["hours"]  # type: ignore[assignment]
        self.relations: dict[str, Relation] = self.facts["relation"]  # type: ignore[assignment]
        self.strengths: dict[str, Strength] = self.facts["strength"]  # type: ignore[assignment]
        self.responsibilities: dict[str, Responsibility] = self.facts["responsibility"]  # type: ignore[assignment]
        self.legal_bases: dict[str, LegalBasis] = self.facts["legal basis"]  # type: ignore[assignment]
        self.above: defaultdict[str, Index] = defaultdict(_index)
        """Relations by kind and subject."""
        self.below: defaultdict[str, Index] = defaultdict(_index)
        """Relations by kind and object."""
        self.posts_of, self.seats, self.hats = _index(), _index(), _index()
        """Posts by unit; those that count, by function and by holder."""
        self.on_hours, self.units_at, self.posts_at, self.sites_on = _index(), _index(), _index(), _index()
        self.held: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        """By function and scope (a unit, a nation, or "" for all): posts filled, posts not known whether."""
        self.officers: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.uncounted: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        """By nation and site ("" for any): officers, and posts of which their number is not known."""
        self.claims, self.answers = _index(), _index()
        """Strengths and responsibilities by subject."""
        self.extents: defaultdict[str, Index] = defaultdict(_index)
        """Responsibilities of those accountable, by function and extent."""
        self.lines: defaultdict[Line, set[str]] = defaultdict(set)
        self.under: defaultdict[str, set[Ref]] = defaultdict(set)
        for fact in facts:
            self.put(ref_of(fact), fact)

    def get(self, ref: Ref) -> AnyFact | None:
        """The fact, if it is in force."""
        return self.facts[ref[0]].get(ref[1])

    def put(self, ref: Ref, fact: AnyFact | None) -> None:
        """The fact as it now is; None takes it out."""
        kind, key = ref
        held = self.facts[kind]
        if (before := held.pop(key, None)) is not None:
            self._note(before, -1)
        if fact is not None:
            held[key] = fact
            self._note(fact, 1)

    def posts_counting(self, unit: str) -> list[Post]:
        """The posts of a unit that is there."""
        return [self.posts[key] for key in self.posts_of[unit]] if unit in self.units else []

    def place(self, post: Post) -> str:
        """Where a post is: its own site, or its unit's."""
        if post.site:
            return post.site
        unit = self.units.get(post.unit)
        return unit.site if unit else ""

    def hours_of(self, post: Post) -> str:
        """The name of a post's duty hours; ``unknown`` where nobody says."""
        if post.hours:
            return post.hours
        site = self.sites.get(self.place(post))
        return (site.hours or UNKNOWN) if site else UNKNOWN

    def parents(self, kinds: Iterable[str], unit: str) -> dict[str, list[str]]:
        """Units in force above ``unit`` by any of the kinds, each with the relations that say so."""
        return self._ends(self.above, kinds, unit, "object")

    def children(self, kinds: Iterable[str], unit: str) -> dict[str, list[str]]:
        """Units in force below it, each with the relations that say so."""
        return self._ends(self.below, kinds, unit, "subject")

    def relations_of(self, unit: str, kinds: Iterable[str]) -> set[str]:
        """Relations of these kinds in which the unit is either end."""
        return {key for kind in kinds for index in (self.above, self.below) for key in index[kind][unit]}

    def _ends(
        self, index: defaultdict[str, Index], kinds: Iterable[str], unit: str, end: str
    ) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for kind in kinds:
            if keys := index[kind].get(unit):
                for key in keys:
                    other: str = getattr(self.relations[key], end)
                    if other in self.units:
                        found.setdefault(other, []).append(key)
        return found

    def _note(self, fact: AnyFact, sign: int) -> None:
        match fact:
            case Post():
                _mark(self.posts_of[fact.unit], fact.code, sign)
                if fact.unit in self.units:
                    self._count(fact, self.units[fact.unit], sign)
            case Unit():
                _mark(self.units_at[fact.site], fact.code, sign)
                for key in self.posts_of.get(fact.code, ()):
                    self._count(self.posts[key], fact, sign)
            case Relation():
                _mark(self.above[fact.relation][fact.subject], fact.key, sign)
                _mark(self.below[fact.relation][fact.object], fact.key, sign)
                self._rest(fact, sign)
            case Responsibility():
                _mark(self.answers[fact.subject], fact.key, sign)
                _mark(self.lines[fact.subject, fact.function, fact.part, fact.extent], fact.key, sign)
                if fact.part == "accountable":
                    _mark(self.extents[fact.function][fact.extent], fact.key, sign)
                self._rest(fact, sign)
            case Strength():
                _mark(self.claims[fact.subject], fact.key, sign)
            case Site():
                _mark(self.sites_on[fact.hours], fact.code, sign)

    def _rest(self, fact: Relation | Responsibility, sign: int) -> None:
        for basis in fact.under:
            _mark(self.under[basis], ref_of(fact), sign)

    def _count(self, post: Post, unit: Unit, sign: int) -> None:
        """A post begins or ceases to count."""
        nation, site = unit.nation, post.site or unit.site
        state = 0 if post.holder and post.holder != UNKNOWN else 1 if post.holder else None
        for function in post.functions:
            _mark(self.seats[function], post.code, sign)
            if state is not None:
                for scope in (post.unit, nation, ""):
                    self.held[function, scope][state] += sign
        if post.holder:
            _mark(self.hats[post.holder], post.code, sign)
        if post.hours:
            _mark(self.on_hours[post.hours], post.code, sign)
        if post.site:
            _mark(self.posts_at[post.site], post.code, sign)
        for where in ((nation, ""), ("", site), (nation, site)) if site else ((nation, ""),):
            if isinstance(post.officers, int):
                self.officers[where] += sign * post.officers
            else:
                _mark(self.uncounted[where], post.code, sign)


def _mark(keys: set, key: object, sign: int) -> None:  # type: ignore[type-arg]
    if sign > 0:
        keys.add(key)
    else:
        keys.discard(key)


def calendar(hours: Hours, day: date) -> Calendar | None:
    """Duty hours as minutes of an ordinary week, as clocks are from ``day`` on; None if they are not known.

    Raises BadInput (``paths.duty``, ``hours.zone``) if there are no such hours.
    """
    return _weekly(hours, zones.offset(hours.zone, day) if hours.zone else None)


@lru_cache(maxsize=10_000)
def _weekly(hours: Hours, offset: float | None) -> Calendar | None:
    if hours.spans == UNKNOWN:
        return None
    if isinstance(hours.spans, str):
        return Calendar()
    each = [calendar_of_duty(duty, hours.key, offset) for duty in hours.spans]
    return Calendar(span for one in each for span in one.spans)
