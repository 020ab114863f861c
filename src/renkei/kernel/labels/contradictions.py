"""Rules of a policy that no label could meet: found when the file is read, not by whoever writes a label.

A value *brings* the values it requires, and those that they require; cycles of that kind are sound, all
stand together.  A policy contradicts itself where what a value brings is excluded by something in it, or
belongs to no classification, or is more than its tag admits; and where a classification requires what may
not stand under it.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .model import CategoryType
from .reading import Element, bad
from .terms import Classification, Group, Required, Tag, TagValue, Terms

MAX_BROUGHT = 200
"""Values that one value may bring with it; policies in use have a handful."""

Key = tuple[str, CategoryType, int]
"""A value: its tag's name and type, and its number."""


class _Brought(NamedTuple):
    """What stands in a label as soon as one value does."""

    values: frozenset[Key]
    classes: frozenset[str]
    """Under which of the policy's classifications that may be."""


class Contradictions:
    """Looks through one policy; ``elements`` tells where each value stands in its file."""

    def __init__(self, terms: Terms, elements: dict[Key, Element]) -> None:
        self._elements = elements
        self._tags: dict[tuple[str, CategoryType], Tag] = {(t.name, t.type): t for t in terms.tags}
        self._values: dict[Key, TagValue] = {
            (t.name, t.type, v.lacv): v for t in terms.tags for v in t.values
        }
        self._classes = frozenset(c.name for c in terms.classifications)
        self._brought: dict[Key, _Brought] = {}

    def check_value(self, key: Key) -> None:
        """Raises BadInput ``policy.contradiction`` if no label could bear the value."""
        brought, element = self._bring(key), self._elements[key]
        for member in brought.values:
            for group in self._values[member].excluded:
                if _meets(group, brought.values):
                    said = (
                        f"{_named(self._values, member)} excludes what {_named(self._values, key)} requires"
                    )
                    raise _contradiction(element, said)
        if not brought.classes:
            raise _contradiction(element, f"{_named(self._values, key)} fits no classification")
        for (name, type_), tag in self._tags.items():
            count = sum(k[:2] == (name, type_) for k in brought.values)
            if tag.max_selection is not None and count > tag.max_selection:
                said = f"{count} values of {name}, of which {tag.max_selection} may stand together"
                raise _contradiction(element, f"{_named(self._values, key)} requires {said}")

    def check_classification(self, level: Classification, element: Element) -> None:
        """Raises BadInput if no label could have the classification."""
        for rule in level.required:
            fitting = [g for g in rule.groups if self._fits(g, level.name)]
            if not fitting or (rule.operation == "all" and len(fitting) < len(rule.groups)):
                raise _contradiction(element, f"{level.name} requires what may not stand under it")

    def _fits(self, group: Group, level: str) -> bool:
        if group.lacv is not None:
            return level in self._bring((group.tag, group.type, group.lacv)).classes
        tag = self._tags[group.tag, group.type]
        return any(level in self._bring((tag.name, tag.type, v.lacv)).classes for v in tag.values)

    def _bring(self, key: Key) -> _Brought:
        known = self._brought.get(key)
        if known is not None:
            return known
        found, waiting = {key}, [key]
        while waiting:
            for other in _certain(self._values[waiting.pop()].required):
                if other not in found:
                    found.add(other)
                    waiting.append(other)
            if len(found) > MAX_BROUGHT:
                raise bad(
                    self._elements[key],
                    f"at most {MAX_BROUGHT} values required by one",
                    "more",
                    "policy.rules",
                )
        classes = self._classes
        for member in found:
            value = self._values[member]
            classes -= set(value.excluded_classes)
            if value.required_class:
                classes &= {value.required_class}
        made = self._brought[key] = _Brought(frozenset(found), classes)
        return made


def _certain(rules: Sequence[Required]) -> Iterable[Key]:
    """The values that must be there whatever else is chosen."""
    for rule in rules:
        if rule.operation == "all" or len(rule.groups) == 1:
            for group in rule.groups:
                if group.lacv is not None:
                    yield group.tag, group.type, group.lacv


def _meets(group: Group, values: Iterable[Key]) -> bool:
    return any(
        (group.tag, group.type) == (tag, type_) and group.lacv in (None, lacv) for tag, type_, lacv in values
    )


def _named(values: dict[Key, TagValue], key: Key) -> str:
    return f"{key[0]} {values[key].name}"


def _contradiction(element: Element, said: str) -> Exception:
    return bad(element, "rules that a label can meet", said, "policy.contradiction")
