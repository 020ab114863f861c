"""What can go wrong, in two shapes.

A *refusal* is a value: a rule looked at sound input and says no.  Rules and actions return
``Refused`` beside their ordinary result, and the edges turn it into problem+json or a line on the
terminal.  A *failure* is an exception, in three small trees that say whose it is: ours (``OurFault``),
the other side's (``TheirFault``), or nobody's yet (``Unreachable``).

Every message says what was expected and what came, and never carries the content of a record: a
message may be shown to somebody who may not see that record.
"""

from collections.abc import Sequence

import msgspec


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's "no".

    ``code`` is a stable dotted word (``request.withdrawn``), ``expected`` and ``came`` are plain
    English sentences without record content, ``status`` is the HTTP status an edge answers with.
    """

    code: str
    expected: str
    came: str
    status: int = 409

    def __str__(self) -> str:
        return f"{self.code}: expected {self.expected}; {self.came} came"


class RenkeiError(Exception):
    """Base of every failure Renkei raises on purpose."""

    def __init__(self, code: str, expected: str, came: str) -> None:
        self.code = code
        self.expected = expected
        self.came = came
        super().__init__(f"{code}: expected {expected}; {came} came")


class OurFault(RenkeiError):
    """This node is misconfigured, damaged or out of room."""


class BadInput(RenkeiError):
    """Input from a person, a file or a program does not have the promised form."""


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong with a file: where in it, what was expected there, and what came."""

    where: str
    expected: str
    came: str


class Faulty(BadInput):
    """A file that is refused as a whole, with everything found wrong in it, up to a limit.

    The first fault is the message; ``more`` says that reading stopped at the limit.
    """

    def __init__(self, code: str, faults: Sequence[Fault], more: bool = False) -> None:
        self.faults, self.more = tuple(faults), more
        first = self.faults[0]
        super().__init__(code, f"{first.expected} at {first.where}", first.came)


class StaleVersion(BadInput):
    """An append stated a version that is no longer (or not yet) the record's newest."""


class TheirFault(RenkeiError):
    """A partner sent something that its own keys or earlier words contradict."""


class Unreachable(RenkeiError):
    """A link, a disk or a service did not answer; the same call may succeed later."""
