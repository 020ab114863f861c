"""One step of administration, written down in the audit trail as done or as refused."""

from collections.abc import Callable
from typing import TypeVar

from ..kernel.audit import AuditTrail
from ..kernel.errors import BadInput, Refused, TheirFault
from ..kernel.people import Person

T = TypeVar("T")


class Steps:
    """Takes steps for whoever administers, and notes each."""

    def __init__(self, trail: AuditTrail) -> None:
        self._trail = trail

    def step(
        self,
        person: Person,
        action: str,
        about: str,
        do: Callable[[], T],
        *,
        why: str = "",
        named: Callable[[T], str] | None = None,
        noted: bool = True,
    ) -> T:
        """Do one thing, and write it down: as done, or as refused with the reason."""
        try:
            result = do()
        except (BadInput, TheirFault) as err:
            refused = getattr(err, "refused", None)
            no = Refused(code=err.code, expected=err.expected, came=err.came)
            self._trail.refused(person, action, about, no)
            raise Noted(err, refused) from err
        if noted:
            self._trail.done(person, action, named(result) if named else about, why)
        return result


class RuleSaid(BadInput):
    """A rule's no on its way out; ``refused`` is what to answer."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.code, refused.expected, refused.came)
        self.refused = refused


class Noted(BadInput):
    """A failure that is in the audit trail already."""

    noted = True

    def __init__(self, err: BadInput | TheirFault, refused: Refused | None) -> None:
        super().__init__(err.code, err.expected, err.came)
        self.refused = refused
