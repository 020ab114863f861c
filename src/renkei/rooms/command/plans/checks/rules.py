"""Rules as data: a named check with its parameters and the source that asks for it.

A file of rules (TOML or JSON) has one list, ``rules``; each says its ``check`` and what that takes.  A list
of kinds of relation names one hierarchy: ``["command"]`` and ``["administrative"]`` are two, with a rule
each.
"""

from typing import Annotated

import msgspec

from ...records import Count, Names, Note, ParentKind, Part, RelationKind
from ..model import Key

Kinds = Annotated[tuple[ParentKind, ...], msgspec.Meta(min_length=1)]


class Rule(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="check",
):
    """What every rule says."""

    key: Key
    names: Names = Names()
    source: Note = ""


class Ceiling(Rule, frozen=True, kw_only=True, tag="ceiling"):
    """No more than ``most`` people, by each claim about ``subject`` separately.

    A claim counts from the day it is made, or the plan's start: to its figure come the officers whom the
    structure has gained since at posts of the ``nation`` and on the ``sites`` (each where given).  ``counts``
    limits the rule to claims that count so.
    """

    subject: Key
    most: Count
    nation: str = ""
    sites: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()


class Unchanged(Rule, frozen=True, kw_only=True, tag="unchanged"):
    """Responsibilities of a nation's units and posts stay as they are at the plan's start, line by line."""

    nation: Key
    parts: tuple[Part, ...] = ("responsible", "accountable", "consulted", "informed")


class Held(Rule, frozen=True, kw_only=True, tag="held"):
    """Every function is held by a filled post: in each of the units or nations named, or anywhere."""

    functions: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    units: tuple[str, ...] = ()
    nations: tuple[str, ...] = ()


class Reachable(Rule, frozen=True, kw_only=True, tag="reachable"):
    """Both ends of these relations are on duty together for so many minutes.

    ``least_week`` a week, and ``least_day`` on each of ``days`` days of the subject's week.  A unit is on
    duty when one of its filled posts with one of ``functions`` (any, if none is named) is, else when its
    site is. ``needed`` names pairs that must be in such a relation at all.
    """

    relations: tuple[RelationKind, ...] = ("counterpart",)
    least_week: Annotated[int, msgspec.Meta(ge=0, le=10_080)] = 0
    least_day: Annotated[int, msgspec.Meta(ge=0, le=1_440)] = 0
    days: Annotated[int, msgspec.Meta(ge=0, le=7)] = 5
    functions: tuple[str, ...] = ()
    needed: tuple[tuple[str, str], ...] = ()


class Orphan(Rule, frozen=True, kw_only=True, tag="orphan"):
    """Every unit has another above it by one of ``kinds``; no post and no relation outlives its unit.

    Units at the ``levels`` named, the ``tops`` named and coordination bodies need none above them.
    """

    kinds: Kinds
    levels: tuple[str, ...] = ("government",)
    tops: tuple[str, ...] = ()


class Cycle(Rule, frozen=True, kw_only=True, tag="cycle"):
    """Nobody is above himself in the hierarchy that ``kinds`` make together."""

    kinds: Kinds


class Double(Rule, frozen=True, kw_only=True, tag="double command"):
    """Nobody is under two by ``kinds``."""

    kinds: Kinds


class Span(Rule, frozen=True, kw_only=True, tag="span"):
    """Nobody has more than ``most`` directly under him by ``kinds``."""

    kinds: Kinds
    most: Count


class Nobody(Rule, frozen=True, kw_only=True, tag="commands nobody"):
    """Coordination bodies have nobody under them by ``kinds``."""

    kinds: Kinds = ("command", "opcon", "tacon")


class DualHat(Rule, frozen=True, kw_only=True, tag="dual hat"):
    """One role holds at most ``most`` posts, in one nation unless ``across``, no functions kept ``apart``."""

    most: Count = 2
    across: bool = False
    apart: tuple[tuple[str, str], ...] = ()


class HandOver(Rule, frozen=True, kw_only=True, tag="hand-over"):
    """An authority once held is held by exactly one, on every day.

    An authority is a function to some extent in one nation, held by who is accountable for it; it may pass
    to another nation, where somebody is accountable from that same day.  A unit's place in each of the
    hierarchies ``kinds`` may end, but not be empty between two.
    """

    kinds: tuple[ParentKind, ...] = ("command", "opcon")


class Grounded(Rule, frozen=True, kw_only=True, tag="legal basis"):
    """Relations of these kinds (only between nations, if ``crossing``) and these parts have a legal basis."""

    kinds: tuple[RelationKind, ...] = ("command", "opcon", "tacon", "support", "coordination", "liaison")
    parts: tuple[Part, ...] = ()
    crossing: bool = True


AnyRule = (
    Ceiling
    | Unchanged
    | Held
    | Reachable
    | Orphan
    | Cycle
    | Double
    | Span
    | Nobody
    | DualHat
    | HandOver
    | Grounded
)


class Costs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a repair is taken to cost: moving a change, by the day; adding a fact; dropping a change."""

    shift: float = 1.0
    per_day: float = 0.05
    add: float = 3.0
    drop: float = 5.0


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of rules."""

    rules: tuple[AnyRule, ...] = ()
    costs: Costs | None = None
