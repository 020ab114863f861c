"""How long it takes from writing a record to releasing it, for each kind: a count in steps of time.

Kept as a fact in the log sent, in the transaction that releases, so that it covers the whole log and asking
costs nothing.  Steps grow by a quarter: a median or a ninetieth percentile is true to about a tenth.
"""

import math
from collections.abc import Iterable

import msgspec

PACE = "pace"
"""The fact that holds it."""
SMALLEST_SECONDS = 0.001
_STEPS_PER_DOUBLING = 3
MAX_STEP = 120
"""Over thirty years."""


class Spread(msgspec.Struct, frozen=True):
    """Of how many records, and the seconds that half of them and that nine of ten stayed within."""

    count: int
    median: float
    p90: float


class Pace:
    """Counts by kind and step."""

    def __init__(self, counts: dict[str, dict[int, int]] | None = None) -> None:
        self.counts = counts or {}

    @classmethod
    def kept(cls, fact: bytes | None) -> "Pace":
        """As the fact has it."""
        if fact is None:
            return cls()
        return cls(msgspec.json.decode(fact, type=dict[str, dict[int, int]]))

    def keep(self) -> bytes:
        """The fact."""
        return msgspec.json.encode(self.counts)

    def count(self, kind: str, seconds: float) -> None:
        """One more record of ``kind`` was released so long after it was logged."""
        step = _step(seconds)
        counted = self.counts.setdefault(kind, {})
        counted[step] = counted.get(step, 0) + 1


def spread(paces: Iterable[Pace]) -> dict[str, Spread]:
    """All of ``paces`` together, by kind."""
    together: dict[str, dict[int, int]] = {}
    for pace in paces:
        for kind, counts in tuple(pace.counts.items()):
            into = together.setdefault(kind, {})
            for step, count in tuple(counts.items()):
                into[step] = into.get(step, 0) + count
    return {
        kind: Spread(sum(counts.values()), _share(counts, 0.5), _share(counts, 0.9))
        for kind, counts in sorted(together.items())
    }


def _step(seconds: float) -> int:
    if seconds <= SMALLEST_SECONDS:
        return 0
    return min(MAX_STEP, math.ceil(math.log2(seconds / SMALLEST_SECONDS) * _STEPS_PER_DOUBLING))


def _share(counts: dict[int, int], share: float) -> float:
    """The upper end of the step in which ``share`` of all is reached, in seconds."""
    wanted, so_far = share * sum(counts.values()), 0
    for step in sorted(counts):
        so_far += counts[step]
        if so_far >= wanted:
            return float(f"{SMALLEST_SECONDS * 2 ** (step / _STEPS_PER_DOUBLING):.3g}")
    return 0.0
