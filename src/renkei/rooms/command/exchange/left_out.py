"""What one side says and the other has no place for: counted by what it is, never dropped in silence."""

import msgspec


class LeftOut(msgspec.Struct, frozen=True):
    """One sort of thing that was left out: why, how often, and where first."""

    what: str
    why: str
    count: int
    where: str


class LeftOuts:
    """What was left out so far."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[int, str]] = {}

    def add(self, what: str, why: str, where: str, count: int = 1) -> None:
        """Note something; the first place is kept."""
        before, first = self._found.get((what, why), (0, where))
        if count:
            self._found[what, why] = before + count, first

    def all(self) -> tuple[LeftOut, ...]:
        """All of it, in the order in which it was first met."""
        return tuple(LeftOut(what, why, n, where) for (what, why), (n, where) in self._found.items())
