"""What does not hold, in the words of the protocol pages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold: a stable dotted code, where, what was expected and what came."""

    code: str
    where: str
    expected: str
    came: str

    def __str__(self) -> str:
        return f"{self.where}: {self.code}: expected {self.expected}; {self.came} came"


class Unsound(Exception):
    """A file that cannot be believed at all."""

    def __init__(self, code: str, expected: str, came: str, where: str = "") -> None:
        self.finding = Finding(code, where, expected, came)
        super().__init__(str(self.finding))
