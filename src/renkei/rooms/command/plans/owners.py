"""Whose a change is: one nation's, or shared."""

from .model import (
    LISTS,
    Add,
    Amend,
    AnyFact,
    LegalBasis,
    Plan,
    Post,
    Ref,
    Relation,
    Responsibility,
    Site,
    Strength,
    Unit,
    ref_of,
    target,
)

SHARED = "shared"


def owners_of(plan: Plan) -> dict[str, str]:
    """By key of change whose it is: a nation's, or ``shared``.  ``plan`` must be sound.

    A change concerns every nation that its fact touches, as it was and as it becomes; where these are
    several, or one is a common body's, it is shared.
    """
    owners = _Owners(plan)
    return {change.key: owners.of(target(change)) for change in plan.changes}


class _Owners:
    def __init__(self, plan: Plan) -> None:
        added = [change.fact for change in plan.changes if isinstance(change, Add)]
        self.facts: dict[Ref, list[AnyFact]] = {}
        for name in LISTS.values():
            for fact in getattr(plan.structure, name):
                self.facts.setdefault(ref_of(fact), []).append(fact)
        for fact in added:
            self.facts.setdefault(ref_of(fact), []).append(fact)
        self.common = {nation.key for nation in plan.structure.nations if nation.shared}
        self.amends: dict[Ref, list[Amend]] = {}
        for change in plan.changes:
            if isinstance(change, Amend):
                self.amends.setdefault(target(change), []).append(change)

    def of(self, ref: Ref) -> str:
        """The one nation that the fact touches in any of its versions; else shared."""
        nations = {nation for fact in self.facts.get(ref, ()) for nation in self._nations(fact)}
        for amend in self.amends.get(ref, ()):
            for field in ("unit", "subject", "object"):
                if isinstance(code := amend.fields.get(field), str):
                    nations |= self._of_unit(code)
        return nations.pop() if len(nations) == 1 and not nations & self.common else SHARED

    def _nations(self, fact: AnyFact) -> set[str]:
        match fact:
            case Unit() | Site():
                found = {fact.nation}
            case Post():
                found = self._of_unit(fact.unit)
            case LegalBasis():
                found = set(fact.nations)
            case Relation():
                found = self._of_unit(fact.subject) | self._of_unit(fact.object)
            case Responsibility() | Strength() if fact.subject_kind != "nation":
                subjects = self.facts.get((fact.subject_kind, fact.subject), ())
                found = {nation for subject in subjects for nation in self._nations(subject)}
            case Strength():
                found = {fact.subject}
            case _:
                found = set()
        return found

    def _of_unit(self, code: str) -> set[str]:
        return {fact.nation for fact in self.facts.get(("unit", code), ()) if isinstance(fact, Unit)}
