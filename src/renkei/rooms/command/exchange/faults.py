"""What is found wrong with a file while it is read: gathered, so that a planner mends it in one go.

Nothing of a faulty file is used; ``Faults.settle`` raises everything found at once.
"""

from ....kernel.errors import Fault, Faulty

MAX_FAULTS = 100
"""Faults told of one file: a planner mends a screenful at a time, and one mistake repeats in every row."""
MAX_SHOWN = 60
"""Characters of a cell shown in a fault: enough to find it again."""


class Faults:
    """The faults of one file so far."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.found: list[Fault] = []

    def add(self, where: str, expected: str, came: str) -> None:
        """Note one.  Raises Faulty when there are too many to go on."""
        self.found.append(Fault(where, expected, came))
        if len(self.found) >= MAX_FAULTS:
            raise Faulty(self.code, self.found, more=True)

    def settle(self) -> None:
        """Raises Faulty if anything was wrong."""
        if self.found:
            raise Faulty(self.code, self.found)


def shown(value: object) -> str:
    """A value for a fault's text, cut short."""
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…")
