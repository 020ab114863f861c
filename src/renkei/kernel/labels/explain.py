"""Why a clearance covers a label or does not, step by step, and what would have to change.

The steps are those of ``PolicyBook.decide`` in its order; the first that fails is the one that decides, the
rest are told all the same, because whoever asks wants to know all that stands in the way.  What is said names
parts of the label: it is for our own people who may know that the record exists.
"""

import msgspec

from ..errors import Refused
from . import rules
from .model import Category, Clearance, Label
from .policy import PolicyBook
from .rules import Denied
from .terms import Terms


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule's word: which rule, whether it is met, what it found, and what would have to change."""

    rule: str
    met: bool
    found: str
    change: str = ""


class Explanation(msgspec.Struct, frozen=True):
    """The decision, the step that decided ("" where all are met), and every step."""

    allowed: bool
    code: str
    steps: tuple[Step, ...]

    @property
    def changes(self) -> tuple[str, ...]:
        """What would have to change, all of it."""
        return tuple(s.change for s in self.steps if s.change)


def explain(book: PolicyBook, clearance: Clearance, label: Label) -> Explanation:
    """Why ``clearance`` covers ``label`` or does not; the decision is that of ``book.decide``."""
    decision = book.decide(clearance, label)
    terms = book.policy(clearance.policy)
    if terms is None:
        steps = [
            Step(
                "access.policy",
                False,
                f"the clearance is under {clearance.policy}, which is not known here",
                "take that policy into the policies folder, or grant a clearance under a known one",
            )
        ]
    else:
        steps = _steps(book, terms, clearance, label)
    return Explanation(decision.allowed, decision.code if isinstance(decision, Denied) else "", tuple(steps))


def _steps(book: PolicyBook, terms: Terms, clearance: Clearance, label: Label) -> list[Step]:
    steps = []
    if label.policy != terms.id:
        there = book.translate(label, terms.id)
        if isinstance(there, Refused):
            return [_no_translation(there, terms)]
        steps.append(Step("translation", True, f"as policy {terms.name} the label is {_said(there)}"))
        label = there
    wrong = rules.check_form(terms, label)
    if wrong is not None:
        change = f"a label that policy {terms.name} knows: {wrong.expected}"
        return [*steps, Step("access.label", False, f"{wrong.came} came", change)]
    steps.append(_classification(terms, clearance, label))
    steps += [_category(clearance, c) for c in label.categories]
    return steps


def _no_translation(no: Refused, terms: Terms) -> Step:
    code = "access.no-equivalent" if no.code == "label.no-equivalent" else "access.label"
    change = f"an equivalence with policy {terms.name} for it in our own policy file, or another label"
    return Step(code, False, no.came, change)


def _classification(terms: Terms, clearance: Clearance, label: Label) -> Step:
    rule, name = "access.classification", label.classification
    if name in clearance.classifications:
        return Step(rule, True, f"classification {name} is held")
    held = [c.name for c in terms.classifications if c.name in clearance.classifications]
    top = held[-1] if held else "none"
    change = f"a clearance for {name}, or a label no higher than {top}"
    return Step(rule, False, f"classification {name} is not held; the highest held is {top}", change)


def _category(clearance: Clearance, category: Category) -> Step:
    values, tag = ", ".join(category.values), category.tag
    if category.type == "informative":
        return Step("informative", True, f"{tag} {values} plays no part in access")
    held = clearance.held(tag, category.type)
    if category.type == "restrictive":
        missing = ", ".join(v for v in category.values if v not in held)
        if not missing:
            return Step("access.restrictive", True, f"every value of {tag} is held: {values}")
        change = f"{tag} {missing} in the clearance, or a label without it"
        return Step("access.restrictive", False, f"{tag} {missing} is not held", change)
    common = ", ".join(v for v in category.values if v in held)
    if common:
        return Step("access.permissive", True, f"{tag}: {common} is held, and one value is enough")
    mine = ", ".join(sorted(held)) or "no value"
    if not category.values:
        change = f"a person's decision for whom it is: {tag} has no value left"
        return Step("access.permissive", False, f"{tag} is for nobody", change)
    change = f"{mine} added to the label's {tag}, or one of {values} in the clearance"
    return Step("access.permissive", False, f"{tag}: only for {values}; the clearance holds {mine}", change)


def _said(label: Label) -> str:
    return "; ".join([label.classification, *(f"{c.tag} {', '.join(c.values)}" for c in label.categories)])
