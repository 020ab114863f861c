"""What happened, as a conversation tells its driver."""

import msgspec

from ..errors import RenkeiError
from .frames import Frame


class Greeted(msgspec.Struct, frozen=True, kw_only=True):
    """The partner's HELLO was sound.  ``size`` entries are in its log for us, it has ``have`` of ours."""

    size: int
    have: int


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """Entries ``first`` up to ``size`` were verified and logged, and are receipted."""

    first: int
    size: int


class Receipted(msgspec.Struct, frozen=True, kw_only=True):
    """The partner has signed for the first ``size`` entries of our log for it."""

    size: int


class Faulted(msgspec.Struct, frozen=True, kw_only=True):
    """Something was refused.

    ``ours`` tells whose fault it is.  ``halted``: its direction takes (or sends) nothing more until
    somebody has looked.  ``proven``: evidence was kept that convinces a third party with public keys
    alone; without it, it is our word.
    """

    code: str
    expected: str
    came: str
    ours: bool = False
    halted: bool = False
    proven: bool = False


class RefusedByPartner(msgspec.Struct, frozen=True, kw_only=True):
    """The partner did not take something from us, and says why."""

    code: str
    expected: str
    came: str


Event = Greeted | Received | Receipted | Faulted | RefusedByPartner


class Turn(msgspec.Struct):
    """What one step came to: what to tell the driver, and what to answer the partner."""

    events: list[Event] = msgspec.field(default_factory=list)
    frames: list[Frame] = msgspec.field(default_factory=list)

    def add(self, other: "Turn") -> "Turn":
        """This turn, and after it ``other``."""
        self.events += other.events
        self.frames += other.frames
        return self


def faulted(fault: RenkeiError, *, ours: bool = False, halted: bool = False, proven: bool = False) -> Faulted:
    """The event for an error."""
    return Faulted(
        code=fault.code, expected=fault.expected, came=fault.came, ours=ours, halted=halted, proven=proven
    )
