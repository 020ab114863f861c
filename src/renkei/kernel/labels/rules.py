"""The label rules: pure functions of a policy's terms, a clearance and labels.

``access``     the access decision of ADatP-4774: the classification is held; every restrictive value
               is held; of each permissive tag at least one value is held; informative tags play no part.
``translate``  a label under another policy, by equivalences, exactly one for each thing that restricts.
``aggregate``  the label of things put together, which nobody may hold who may not hold each of them.
``check_*``    whether a label or clearance is one that the policy knows and permits.
``reviews``    which rule, if any, asks for a disclosure officer before a record leaves.

Where a case is open, every rule here takes the answer that shows less.  ``docs/adr/0004-label-policy.md``
tells where that goes further than the standard.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

import msgspec

from ..errors import Refused
from .model import Category, CategoryType, Clearance, Label
from .terms import Applied, Classification, Group, Required, ReviewRule, Tag, TagValue, Terms

INVALID = 422
"""HTTP status of a label or clearance that its policy does not know or permit."""

ARRIVING: frozenset[Applied] = frozenset({"decrypt", "both"})
LEAVING: frozenset[Applied] = frozenset({"encrypt", "both"})


class Allowed(msgspec.Struct, frozen=True):
    """The clearance covers the label."""

    allowed: ClassVar[bool] = True


class Denied(msgspec.Struct, frozen=True):
    """The clearance does not cover the label: a stable dotted ``code`` and a ``reason`` in English.

    The reason names parts of the label, so it is for people who may see that the record exists.
    """

    allowed: ClassVar[bool] = False

    code: str
    reason: str


Decision = Allowed | Denied
ALLOWED = Allowed()


# --- access -----------------------------------------------------------------------------------------


def access(terms: Terms, clearance: Clearance, label: Label) -> Decision:
    """Whether ``clearance`` covers ``label``, both under ``terms`` (ADatP-4774, access decision)."""
    wrong = check_form(terms, label)
    if wrong is not None:
        return Denied("access.label", f"the label is not one of policy {terms.name}: {wrong.came}")
    if label.classification not in clearance.classifications:
        return Denied("access.classification", f"classification {label.classification} is not held")
    for category in label.categories:
        denied = _category_denied(clearance, category)
        if denied is not None:
            return denied
    return ALLOWED


def _category_denied(clearance: Clearance, category: Category) -> Denied | None:
    if category.type == "informative":
        return None
    held = clearance.held(category.tag, category.type)
    if category.type == "restrictive":
        missing = [v for v in category.values if v not in held]
        if missing:
            return Denied("access.restrictive", f"{category.tag}: {', '.join(missing)} is not held")
    elif held.isdisjoint(category.values):
        wanted = f"only for {', '.join(category.values)}" if category.values else "for nobody"
        return Denied("access.permissive", f"{category.tag}: {wanted}")
    return None


# --- form and rules of a label ----------------------------------------------------------------------


def check_form(terms: Terms, label: Label) -> Refused | None:
    """A refusal unless every part of ``label`` is known to ``terms``, each tag once with its own type."""
    if label.policy != terms.id:
        return _refuse("label.policy", f"a label under policy {terms.id}", f"policy {label.policy}")
    if terms.classification(label.classification) is None:
        names = ", ".join(c.name for c in terms.classifications)
        return _refuse("label.classification", f"one of {names}", label.classification)
    return _check_categories(terms, label.categories)


def _check_categories(terms: Terms, categories: Iterable[Category]) -> Refused | None:
    seen: set[tuple[str, str]] = set()
    for category in categories:
        wrong = _check_category(terms, category)
        if wrong is not None:
            return wrong
        if (category.tag, category.type) in seen:
            return _refuse("label.repeated", "each tag once", f"tag {category.tag} twice")
        seen.add((category.tag, category.type))
    return None


def _check_category(terms: Terms, category: Category) -> Refused | None:
    tag = terms.tag(category.tag, category.type)
    if tag is None:
        types = [t.type for t in terms.tags if t.name == category.tag]
        if types:
            expected = f"tag {category.tag} as {' or '.join(types)}"
            return _refuse("label.tag-type", expected, f"tag {category.tag} as {category.type}")
        names = ", ".join(t.name for t in terms.tags) or "no tag at all"
        return _refuse("label.tag", f"a tag out of {names}", f"tag {category.tag}")
    for value in category.values:
        if tag.value(value) is None:
            names = ", ".join(v.name for v in tag.values)
            return _refuse("label.value", f"{tag.name} out of {names}", f"{tag.name} {value}")
    return None


def validate(terms: Terms, label: Label) -> Refused | None:
    """A refusal unless ``label`` may be put on something new: its form, and all rules of the policy.

    Rules (ADatP-4774.1 sections 3.3 and 3.4): nothing obsolete, required and excluded
    classifications and categories, numbers of selections.
    """
    wrong = check_form(terms, label)
    if wrong is not None:
        return wrong
    level = terms.classification(label.classification)
    assert level is not None
    if level.obsolete:
        return _refuse("label.obsolete", "a classification in use", f"obsolete {level.name}")
    for category in label.categories:
        if not category.values:
            return _refuse("label.empty", f"a value of {category.tag}", "none, which would admit nobody")
    wrong = _check_required(terms, label, f"classification {level.name}", level.required)
    for category in label.categories:
        wrong = wrong or _check_selection(terms, label, category)
    return wrong


def _check_selection(terms: Terms, label: Label, category: Category) -> Refused | None:
    tag = terms.tag(category.tag, category.type)
    assert tag is not None
    count, most = len(set(category.values)), tag.max_selection
    if count < tag.min_selection or (most is not None and count > most):
        limits = f"{tag.min_selection} to {'any number' if most is None else most}"
        return _refuse("label.selection", f"{limits} values of {tag.name}", str(count))
    for name in category.values:
        value = tag.value(name)
        assert value is not None
        wrong = _check_value(terms, label, tag, value)
        if wrong is not None:
            return wrong
    return None


def _check_value(terms: Terms, label: Label, tag: Tag, value: TagValue) -> Refused | None:
    what = f"{tag.name} {value.name}"
    if value.obsolete:
        return _refuse("label.obsolete", f"a value of {tag.name} in use", f"obsolete {value.name}")
    if label.classification in value.excluded_classes:
        return _refuse("label.excluded", f"{what} under another classification", label.classification)
    if value.required_class and label.classification != value.required_class:
        expected = f"{what} only with classification {value.required_class}"
        return _refuse("label.required", expected, label.classification)
    for group in value.excluded:
        if _in_group(terms, label, group):
            return _refuse("label.excluded", f"{what} without {_group_name(terms, group)}", "both")
    return _check_required(terms, label, what, value.required)


def _check_required(terms: Terms, label: Label, what: str, rules: Sequence[Required]) -> Refused | None:
    for rule in rules:
        met = sum(_in_group(terms, label, group) for group in rule.groups)
        wanted = {"onlyOne": met == 1, "oneOrMore": met > 0, "all": met == len(rule.groups)}
        if not wanted[rule.operation]:
            words = {"onlyOne": "exactly one", "oneOrMore": "one or more", "all": "all"}[rule.operation]
            names = ", ".join(_group_name(terms, g) for g in rule.groups)
            return _refuse("label.required", f"beside {what} {words} of: {names}", f"{met} of them")
    return None


def _in_group(terms: Terms, label: Label, group: Group) -> bool:
    tag = terms.tag(group.tag, group.type)
    present = {v for c in label.categories if (c.tag, c.type) == (group.tag, group.type) for v in c.values}
    if group.lacv is None or tag is None:
        return bool(present)
    value = tag.numbered(group.lacv)
    return value is not None and value.name in present


def _group_name(terms: Terms, group: Group) -> str:
    tag = terms.tag(group.tag, group.type)
    value = tag.numbered(group.lacv) if tag is not None and group.lacv is not None else None
    return f"{group.tag} {value.name}" if value is not None else f"a value of {group.tag}"


def check_clearance(terms: Terms, clearance: Clearance) -> Refused | None:
    """A refusal unless ``clearance`` is one that ``terms`` can mean.

    Whoever holds a classification holds all below it: only then does holding the label of several
    things put together imply holding each of them.
    """
    if clearance.policy != terms.id:
        return _refuse("clearance.policy", f"a clearance under policy {terms.id}", clearance.policy)
    levels = [terms.classification(name) for name in clearance.classifications]
    if not levels or None in levels:
        names = ", ".join(c.name for c in terms.classifications)
        return _refuse(
            "clearance.classification",
            f"classifications out of {names}",
            ", ".join(clearance.classifications),
        )
    top = max(level.rank for level in levels if level is not None)
    below = {c.name for c in terms.classifications if c.rank <= top and not c.obsolete}
    missing = below - set(clearance.classifications)
    if missing:
        expected = "every classification below the highest held"
        return _refuse("clearance.gap", expected, f"a clearance without {', '.join(sorted(missing))}")
    return _check_categories(terms, clearance.categories)


def _refuse(code: str, expected: str, came: str) -> Refused:
    return Refused(code=code, expected=expected, came=came, status=INVALID)


# --- translation ------------------------------------------------------------------------------------


def translate(label: Label, source: Terms, target: Terms, by: Terms) -> Label | Refused:
    """``label`` (under ``source``) as a label under ``target``, by the equivalences that ``by`` states.

    ``by`` is ``source`` or ``target``: a node asks its own policy in both directions, its ``encrypt``
    statements for what leaves and its ``decrypt`` statements for what arrives (ADatP-4774.1 section 3.6).

    The classification and each restrictive value need exactly one equivalent.  A permissive value
    without one is left out, which narrows the audience; when none is left the label is refused, for
    an absent permissive tag would open it to all.  Informative values without one are dropped.
    """
    wrong = check_form(source, label)
    if wrong is not None:
        return wrong
    level = _same_class(label, source, target, by)
    if isinstance(level, Refused):
        return level
    merged: dict[tuple[str, CategoryType], set[str]] = {}
    for category in label.categories:
        found = _same_category(category, source, target, by)
        if isinstance(found, Refused):
            return found
        for key, values in found.items():
            if key[1] == "permissive" and key in merged:
                return _untranslatable(f"two permissive tags as one, {key[0]},", target)
            merged.setdefault(key, set()).update(values)
    categories = tuple(Category(tag, type_, tuple(sorted(v))) for (tag, type_), v in sorted(merged.items()))
    return Label(target.id, level.name, categories)


def _same_class(label: Label, source: Terms, target: Terms, by: Terms) -> Classification | Refused:
    level = source.classification(label.classification)
    assert level is not None
    if by.id == source.id:
        numbers = [e.lacv for e in level.equivalents if e.policy == target.id and e.applied in LEAVING]
        found = [target.level(n) for n in numbers]
    else:
        found = [
            c
            for c in target.classifications
            for e in c.equivalents
            if e.policy == source.id and e.lacv == level.lacv and e.applied in ARRIVING
        ]
    if len(found) != 1 or found[0] is None:
        return _untranslatable(f"classification {level.name} with {len(found)} equivalents", target)
    return found[0]


def _same_category(
    category: Category, source: Terms, target: Terms, by: Terms
) -> dict[tuple[str, CategoryType], set[str]] | Refused:
    tag = source.tag(category.tag, category.type)
    assert tag is not None
    merged: dict[tuple[str, CategoryType], set[str]] = {}
    for name in category.values:
        value = tag.value(name)
        assert value is not None
        found = list(_same_value(tag, value, source, target, by))
        if len(found) == 1:
            merged.setdefault((found[0][0].name, tag.type), set()).add(found[0][1])
        elif found or tag.type == "restrictive":
            return _untranslatable(f"{tag.name} {name} with {len(found)} equivalents", target)
    if not merged and tag.type == "permissive":
        return _untranslatable(f"{tag.name} without any value that has an equivalent", target)
    return merged


def _same_value(
    tag: Tag, value: TagValue, source: Terms, target: Terms, by: Terms
) -> Iterator[tuple[Tag, str]]:
    if by.id == source.id:
        for e in value.equivalents:
            if e.policy == target.id and e.applied in LEAVING and not e.discard:
                there = target.tag_numbered(e.tag_id, e.type)
                same = there.numbered(e.lacv) if there is not None else None
                if there is not None and same is not None:
                    yield there, same.name
        return
    for there in target.tags:
        for candidate in there.values if there.type == tag.type else ():
            for e in candidate.equivalents:
                arrives = e.policy == source.id and e.applied in ARRIVING and not e.discard
                if arrives and (e.tag_id, e.type, e.lacv) == (tag.id, tag.type, value.lacv):
                    yield there, candidate.name


def _untranslatable(what: str, target: Terms) -> Refused:
    expected = f"exactly one equivalent under policy {target.name} for everything that restricts"
    return Refused(code="label.no-equivalent", expected=expected, came=what, status=INVALID)


# --- aggregation ------------------------------------------------------------------------------------


def aggregate(terms: Terms, labels: Sequence[Label]) -> Label | Refused:
    """The label of things put together, all under ``terms`` (ADatP-4774.1 section 4.4).

    Highest classification; restrictive and informative values united; permissive values
    intersected among the labels that carry the tag.  An empty intersection stays in the label as a
    permissive category without values, which no clearance satisfies: it means nobody.
    """
    if not labels:
        return _refuse("label.none", "at least one label", "none")
    for label in labels:
        wrong = check_form(terms, label)
        if wrong is not None:
            return wrong
    ranks = {c.name: c.rank for c in terms.classifications}
    highest = max((label.classification for label in labels), key=ranks.__getitem__)
    merged: dict[tuple[str, CategoryType], set[str]] = {}
    for category in (c for label in labels for c in label.categories):
        key = (category.tag, category.type)
        if key not in merged:
            merged[key] = set(category.values)
        elif category.type == "permissive":
            merged[key] &= set(category.values)
        else:
            merged[key] |= set(category.values)
    categories = tuple(Category(tag, type_, tuple(sorted(v))) for (tag, type_), v in sorted(merged.items()))
    return Label(terms.id, highest, categories)


# --- review -----------------------------------------------------------------------------------------


def reviews(terms: Terms, label: Label, kind: str) -> ReviewRule | None:
    """The rule by which a record of ``kind`` under ``label`` waits for disclosure officers, or None.

    Of several that cover it the strictest counts: most signatures, then the shortest time.  A label that
    ``terms`` cannot judge falls under every rule for the kind, as nobody can say that it does not.
    """
    known = check_form(terms, label) is None
    covering = [r for r in terms.review_rules if _covers(terms, r, label if known else None, kind)]
    return max(covering, key=lambda r: (r.signatures, -r.within), default=None)


def _covers(terms: Terms, rule: ReviewRule, label: Label | None, kind: str) -> bool:
    if rule.kinds and kind not in rule.kinds:
        return False
    return label is None or (_reaches(terms, rule, label) and all(_bears(label, c) for c in rule.categories))


def _reaches(terms: Terms, rule: ReviewRule, label: Label) -> bool:
    if not rule.at_least:
        return True
    level, least = terms.classification(label.classification), terms.classification(rule.at_least)
    assert level is not None
    assert least is not None
    return level.rank >= least.rank


def _bears(label: Label, wanted: Category) -> bool:
    """Whether ``label`` has one of the values; an emptied permissive tag is no value."""
    return any(
        (c.tag, c.type) == (wanted.tag, wanted.type) and not set(c.values).isdisjoint(wanted.values)
        for c in label.categories
    )
