"""What a check is: cells, each decided from the few facts that bear on it.

``touched`` names, for a fact about to go or just come, every cell that it may decide; so whatever decides a
cell also touches it.  ``memory`` is the check's own, for one branch and in order of time; a cell's entry
depends on that cell's facts alone.
"""

from collections.abc import Hashable, Iterable
from typing import Any, ClassVar, NamedTuple

from ..model import AnyFact, FactKind, Plan, Ref
from ..state import State

Cell = tuple[str, ...]
Memory = dict[Hashable, Any]
MAX_WITNESS = 20
"""Facts named with a finding; their number is always told."""


class Found(NamedTuple):
    """What is wrong with a cell, or not known; the facts that show it, and figures for the reader."""

    problem: str
    facts: tuple[Ref, ...]
    figures: tuple[tuple[str, int | str], ...] = ()
    unknown: bool = False

    def same(self, other: "Found | None") -> bool:
        """Whether it is still the same finding; figures may have moved."""
        return other is not None and self[:2] == other[:2] and self.unknown == other.unknown


class Check:
    """One rule at work.  Subclasses say what their cells are."""

    kinds: ClassVar[frozenset[FactKind]]
    """Facts that can touch a cell."""
    lasting: ClassVar[frozenset[str]] = frozenset()
    """Problems that are findings only if they end again."""

    def __init__(self, rule: Any, state: State, plan: Plan) -> None:
        """``state`` is that of the plan's start."""
        self.rule = rule

    def cells(self, state: State) -> Iterable[Cell]:
        """All cells there are now."""
        raise NotImplementedError

    def touched(self, state: State, fact: AnyFact) -> Iterable[Cell]:
        """Cells that this fact, in force in ``state``, may decide."""
        raise NotImplementedError

    def judge(self, state: State, cell: Cell, memory: Memory) -> Found | None:
        """What is wrong with the cell now, or not known; None: nothing."""
        raise NotImplementedError

    def about(self, cell: Cell, found: Found) -> Iterable[Ref]:
        """Facts of which any change may have brought this about, as may those of what they name."""
        return found.facts

    def missing(self, state: State, cell: Cell, found: Found) -> Iterable[tuple[Ref, AnyFact]]:
        """Facts that, put in place, might mend it."""
        return ()


def refs(kind: FactKind, keys: Iterable[str]) -> tuple[Ref, ...]:
    """The first few of the facts, in order."""
    return tuple((kind, key) for key in sorted(keys)[:MAX_WITNESS])
