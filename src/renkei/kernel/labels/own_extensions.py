"""What Renkei adds to a SPIF, inside its ``extensions`` element and the namespace ``urn:renkei:policy:1``.

``suggestion``   a ready label for forms, named in both languages.
``tagName``      what people call a tag, in both languages; a SPIF names it once, for machines.
``reviewRules``  which kinds and labels wait for a disclosure officer before they leave::

    <r:reviewRules>
      <r:reviewRule kinds="decision" atLeast="GUARDED" signatures="1" within="PT4H"/>
      <r:reviewRule signatures="2" within="P1D">
        <r:value tag="Handling" type="restrictive">MEDICAL</r:value>
      </r:reviewRule>
    </r:reviewRules>

``kinds`` are record kinds with spaces between, and without it any; ``atLeast`` is a classification of the
policy; ``within`` an ISO 8601 duration of weeks, days and times.  Values of one tag are alternatives, tags
add up.
Elements of other namespaces are other programs' business; in our own an unknown one is refused.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import cast

import msgspec

from .model import Category, CategoryType, Label
from .reading import XML_LANG, Element, bad, choice, maybe, need, number
from .terms import ReviewRule, Suggestion, TagName, Terms

EXTENSION = "urn:renkei:policy:1"
MAX_REVIEW_RULES = 200
"""Each is looked at for every distinct label and kind; a nation's release directive has dozens."""
MAX_SIGNATURES = 2
MAX_WITHIN = timedelta(days=366)
TYPES = ("restrictive", "permissive", "informative")
KNOWN = ("suggestion", "tagName", "reviewRules")


def suggestions(root: Element, policy: str) -> Iterator[Suggestion]:
    """The ready labels of the policy ``policy``.  Raises BadInput naming element and line."""
    for element in _own(root, "suggestion"):
        _only(element, "name", "value")
        en, ja = _names(element)
        label = Label(policy, need(element, "classification"), _values(element))
        yield Suggestion(key=need(element, "key"), en=en, ja=ja, label=label)


def tag_names(root: Element) -> Iterator[TagName]:
    """What people call the tags.  Raises BadInput naming element and line."""
    for element in _own(root, "tagName"):
        _only(element, "name")
        en, ja = _names(element)
        yield TagName(tag=need(element, "tag"), type=_type(element), en=en, ja=ja)


def review_rules(root: Element) -> Iterator[ReviewRule]:
    """The review rules, in the file's order.  Raises BadInput naming element and line."""
    for element in _rule_elements(root):
        _only(element, "value")
        signatures = number(element, "signatures")
        if not 1 <= signatures <= MAX_SIGNATURES:
            raise bad(element, f"signatures from 1 to {MAX_SIGNATURES}", str(signatures))
        yield ReviewRule(
            kinds=tuple(sorted(set((element.get("kinds") or "").split()))),
            at_least=element.get("atLeast") or "",
            categories=_values(element),
            signatures=signatures,
            within=_duration(element, "within"),
        )


def check_tag_names(root: Element, terms: Terms) -> None:
    """Raises BadInput for a name of a tag that ``terms`` do not have, or that has a name already."""
    unnamed = {(tag.name, tag.type) for tag in terms.tags}
    for element in _own(root, "tagName"):
        named = need(element, "tag"), _type(element)
        if named not in unnamed:
            raise bad(element, "a tag of this policy, with its type, named once", "something else")
        unnamed.remove(named)


def check_review_rules(root: Element, terms: Terms) -> None:
    """Raises BadInput for a rule that names a classification or value that ``terms`` do not have.

    Such a rule would cover nothing, and what it was meant to hold up would leave.
    """
    for element in _rule_elements(root):
        level = element.get("atLeast")
        if level is not None and terms.classification(level) is None:
            raise bad(element, "atLeast as a classification of this policy", repr(level))
        for value in element.findall(f"{{{EXTENSION}}}value"):
            tag = terms.tag(need(value, "tag"), cast(CategoryType, need(value, "type")))
            if tag is None or tag.value((value.text or "").strip()) is None:
                raise bad(value, "a tag and value of this policy, with its type", "something else")


def _rule_elements(root: Element) -> Iterator[Element]:
    found = [rule for holder in _own(root, "reviewRules") for rule in _only(holder, "reviewRule")]
    if len(found) > MAX_REVIEW_RULES:
        raise bad(found[MAX_REVIEW_RULES], f"at most {MAX_REVIEW_RULES} review rules", f"{len(found)}")
    yield from found


def _own(root: Element, name: str) -> Iterator[Element]:
    holder = maybe(root, "extensions")
    for child in holder if holder is not None else ():
        if str(child.tag).startswith(f"{{{EXTENSION}}}"):
            if child.tag not in {f"{{{EXTENSION}}}{known}" for known in KNOWN}:
                raise bad(child, " or ".join(KNOWN), "another element of this namespace")
            if child.tag == f"{{{EXTENSION}}}{name}":
                yield child


def _only(element: Element, *names: str) -> list[Element]:
    for child in element:
        if child.tag not in {f"{{{EXTENSION}}}{name}" for name in names}:
            raise bad(child, f"only {' and '.join(names)} inside", "another element")
    return list(element)


def _duration(element: Element, name: str) -> timedelta:
    text = need(element, name)
    try:
        found = msgspec.convert(text, timedelta)
    except msgspec.ValidationError:
        raise bad(element, f"{name} as a duration like PT4H or P1D", repr(text)) from None
    if not timedelta(0) < found <= MAX_WITHIN:
        raise bad(element, f"{name} above zero and at most {MAX_WITHIN.days} days", repr(text))
    return found


def _names(element: Element) -> tuple[str, str]:
    """The names inside, in English and in Japanese."""
    names = {n.get(XML_LANG): (n.text or "").strip() for n in element.findall(f"{{{EXTENSION}}}name")}
    if not names.get("en") or not names.get("ja"):
        raise bad(element, "a name in English and one in Japanese", "fewer")
    return names["en"], names["ja"]


def _type(element: Element) -> CategoryType:
    return cast(CategoryType, choice(element, "type", TYPES))


def _values(element: Element) -> tuple[Category, ...]:
    values: dict[tuple[str, CategoryType], set[str]] = {}
    for v in element.findall(f"{{{EXTENSION}}}value"):
        values.setdefault((need(v, "tag"), _type(v)), set()).add((v.text or "").strip())
    return tuple(Category(tag, type_, tuple(sorted(v))) for (tag, type_), v in sorted(values.items()))
