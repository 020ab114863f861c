"""Whose a change is: one nation's, or shared."""

from collections.abc import Callable, Iterable

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
    touched, common = touched_by(plan), {nation.key for nation in plan.structure.nations if nation.shared}
    return {
        key: next(iter(nations)) if len(nations) == 1 and not nations & common else SHARED
        for key, nations in touched.items()
    }


def touched_by(plan: Plan) -> dict[str, frozenset[str]]:
    """By key of change the nations, or bodies of several, that its fact touches; none if it is not known."""
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
        self.amends: dict[Ref, list[Amend]] = {}
        for change in plan.changes:
            if isinstance(change, Amend):
                self.amends.setdefault(target(change), []).append(change)

    def of(self, ref: Ref) -> frozenset[str]:
        """The nations that the fact touches in any of its versions."""
        nations = {nation for fact in self.facts.get(ref, ()) for nation in self._nations(fact)}
        for amend in self.amends.get(ref, ()):
            for field in ("unit", "subject", "object"):
                if isinstance(code := amend.fields.get(field), str):
                    nations |= self._of_unit(code)
        return frozenset(nations)

    def _nations(self, fact: AnyFact) -> set[str]:
        return nations_of(fact, lambda ref: self.facts.get(ref, ()))

    def _of_unit(self, code: str) -> set[str]:
        return {fact.nation for fact in self.facts.get(("unit", code), ()) if isinstance(fact, Unit)}


def nations_of(fact: AnyFact, versions: Callable[[Ref], Iterable[AnyFact]]) -> set[str]:
    """The nations that a fact touches, by all ``versions`` of what it names; none for what is nobody's."""

    def of(ref: Ref) -> set[str]:
        return {nation for one in versions(ref) for nation in nations_of(one, versions)}

    found: set[str] = set()
    match fact:
        case Unit() | Site():
            found = {fact.nation}
        case Post():
            found = of(("unit", fact.unit))
        case LegalBasis():
            found = set(fact.nations)
        case Relation():
            found = of(("unit", fact.subject)) | of(("unit", fact.object))
        case Responsibility() | Strength() if fact.subject_kind != "nation":
            found = of((fact.subject_kind, fact.subject))
        case Strength():
            found = {fact.subject}
    return found
