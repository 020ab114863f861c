"""Reading a policy file: Open XML SPIF, schema 2.1 (namespace ``http://www.xmlspif.org/spif``).

The reader knows every element of the schema by name and refuses the rest, each with its line.  Of
what the schema allows it refuses a few things that it does not carry out and that would show more if
they were passed over in silence: validity periods and free user input of a tag value, categories
that an equivalence adds, equivalences of whole tag sets.  Texts without bearing on access
(``privacyMarks``, ``updateInfo``, foreign ``extensions``) are skipped.

Object identifiers become URNs (``urn:oid:…``), as labels carry them (ADatP-4774.1 section 3.10.2).
A label names the *tag set*; a set may hold one tag of each type.

Suggested labels for forms, names of tags, and the review rules, ride in ``extensions`` under
``urn:renkei:policy:1`` (``own_extensions``).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar, cast

from lxml import etree

from .contradictions import Contradictions, Key
from .model import CategoryType
from .own_extensions import (
    EXTENSION,
    check_review_rules,
    check_tag_names,
    review_rules,
    suggestions,
    tag_names,
)
from .reading import (
    MISSPELT_SPIF,
    SPIF,
    XML_LANG,
    Element,
    bad,
    choice,
    flag,
    many,
    maybe,
    need,
    number,
    oid,
    one,
    parse,
    refuse_attributes,
    refuse_children,
)
from .terms import (
    BANNER,
    PORTION,
    Applied,
    Classification,
    EquivalentClass,
    EquivalentValue,
    Group,
    Operation,
    Phrase,
    Place,
    Qualifier,
    Required,
    Tag,
    TagValue,
    Terms,
)

SCHEMA_VERSIONS = ("2.0", "2.1")
MAX_CLASSIFICATIONS = 100
MAX_TAG_SETS = 200
MAX_TAG_VALUES = 5_000
"""In the whole policy: every country and unit a directive could name."""

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_COLOURS = {
    "aqua": "#00FFFF",
    "black": "#000000",
    "blue": "#0000FF",
    "fuchsia": "#FF00FF",
    "fuschia": "#FF00FF",  # spelt so in the schema
    "gray": "#808080",
    "green": "#008000",
    "lime": "#00FF00",
    "maroon": "#800000",
    "navy": "#000080",
    "olive": "#808000",
    "purple": "#800080",
    "red": "#FF0000",
    "silver": "#C0C0C0",
    "teal": "#008080",
    "white": "#FFFFFF",
    "yellow": "#FFFF00",
}
_BANNER_CODES = frozenset({"pageTop", "pageBottom", "pageTopBottom", "documentStart", "documentEnd"})
_CODES = _BANNER_CODES | {
    "noNameDisplay",
    "noMarkingDisplay",
    "suppressClassName",
    "firstLineOfText",
    "lastLineOfText",
    "subject",
    "xHeader",
    "portionMarking",
    "inputTitle",
    "waterMark",
    "replacePolicy",
}

T = TypeVar("T", bound=Terms)


def read(xml: bytes, make: type[T]) -> T:
    """The policy in ``xml`` as a ``make``.  Raises BadInput naming element and line."""
    root = parse(xml)
    _spell_namespace(root)
    _check_root(root)
    ident = one(root, "securityPolicyId")
    policies = {need(e, "name"): oid(e) for e in _equivalent_policies(root)}
    levels = [_classification(e, policies) for e in many(one(root, "securityClassifications"), _LEVELS)]
    sets = maybe(root, "securityCategoryTagSets")
    tags = [
        t
        for e in (many(sets, ("securityCategoryTagSet",)) if sets is not None else ())
        for t in _tags(e, policies)
    ]
    if not levels:
        raise bad(root, "at least one securityClassification", "none")
    terms = make(
        id=oid(ident),
        name=need(ident, "name"),
        version=number(root, "version") if root.get("version") else 0,
        classifications=tuple(sorted(levels, key=lambda c: c.rank)),
        tags=tuple(tags),
        equivalent_policies=tuple(policies.items()),
        phrases=_phrases(root),
        qualifiers=_qualifiers(root),
        suggestions=tuple(suggestions(root, oid(ident))),
        tag_names=tuple(tag_names(root)),
        review_rules=tuple(review_rules(root)),
    )
    _check_whole(root, terms)
    return terms


# --- the document -----------------------------------------------------------------------------------


def _spell_namespace(root: Element) -> None:
    """Read a file under the misspelt namespace as what its author meant."""
    if root.tag == f"{{{MISSPELT_SPIF}}}SPIF":
        for element in root.iter(f"{{{MISSPELT_SPIF}}}*"):
            element.tag = f"{{{SPIF}}}{etree.QName(element).localname}"


def _check_root(root: Element) -> None:
    if root.tag != f"{{{SPIF}}}SPIF":
        raise bad(root, f"the root element SPIF in namespace {SPIF}", str(root.tag))
    version = need(root, "schemaVersion")
    if version not in SCHEMA_VERSIONS:
        raise bad(root, f"schemaVersion {' or '.join(SCHEMA_VERSIONS)}", version)
    refuse_attributes(root, "notBefore", "notAfter")
    many(root, _ROOT)


_MARKS = ("markingData", "markingQualifier")
_LEVELS = ("securityClassification", *_MARKS)
_ROOT = (
    "defaultSecurityPolicyId",
    "securityPolicyId",
    "updateInfo",
    "securityClassifications",
    "securityCategoryTagSets",
    "privacyMarks",
    "equivalentPolicies",
    "extensions",
    *_MARKS,
)


# --- classifications --------------------------------------------------------------------------------


def _classification(element: Element, policies: dict[str, str]) -> Classification:
    many(element, ("equivalentClassification", *_MARKS, "requiredCategory"))
    return Classification(
        name=need(element, "name"),
        lacv=number(element, "lacv"),
        rank=number(element, "hierarchy"),
        colour=_colour(element),
        obsolete=flag(element, "obsolete"),
        phrases=_phrases(element),
        equivalents=tuple(
            EquivalentClass(_policy_ref(e, policies), number(e, "lacv"), _applied(e))
            for e in element.findall(f"{{{SPIF}}}equivalentClassification")
        ),
        required=_required(element),
    )


def _colour(element: Element) -> str:
    value = need(element, "color")
    if _COLOUR.fullmatch(value):
        return value.upper()
    if value.lower() not in _COLOURS:
        raise bad(element, "color as a W3C name or #RRGGBB", repr(value))
    return _COLOURS[value.lower()]


def _applied(element: Element, default: str | None = None) -> Applied:
    refuse_children(element, "requiredCategory")
    return cast(Applied, choice(element, "applied", ("encrypt", "decrypt", "both"), default))


def _policy_ref(element: Element, policies: dict[str, str]) -> str:
    name = need(element, "policyRef")
    if name not in policies:
        raise bad(element, "policyRef naming an equivalentPolicy", repr(name))
    return policies[name]


def _equivalent_policies(root: Element) -> Iterator[Element]:
    holder = maybe(root, "equivalentPolicies")
    for element in many(holder, ("equivalentPolicy",)) if holder is not None else ():
        refuse_children(element, "requiredCategory")
        yield element


# --- tags -------------------------------------------------------------------------------------------


def _tags(element: Element, policies: dict[str, str]) -> Iterator[Tag]:
    refuse_children(element, "equivalentSecurityCategoryTagSet")
    seen: set[CategoryType] = set()
    tags = many(element, ("securityCategoryTag",))
    if not tags:
        raise bad(element, "at least one securityCategoryTag", "none")
    for tag in tags:
        type_ = _tag_type(tag)
        if type_ in seen:
            raise bad(tag, "one tag of each type in a tag set", f"another {type_} tag")
        seen.add(type_)
        values = [_value(e, policies) for e in many(tag, ("tagCategory", *_MARKS))]
        most = 1 if flag(tag, "singleSelection") else None
        yield Tag(
            name=need(element, "name"),
            id=oid(element),
            type=type_,
            values=tuple(values),
            qualifiers=_qualifiers(tag),
            min_selection=number(tag, "minSelection") if tag.get("minSelection") else 0,
            max_selection=number(tag, "maxSelection") if tag.get("maxSelection") else most,
        )


def _tag_type(element: Element) -> CategoryType:
    """ADatP-4774.1 section 3.3.4: ``enumerated`` has the type of its enumType, tagType7 is informative."""
    kind = choice(element, "tagType", ("restrictive", "permissive", "enumerated", "tagType7"))
    if kind == "enumerated":
        kind = choice(element, "enumType", ("restrictive", "permissive"))
    return cast(CategoryType, "informative" if kind == "tagType7" else kind)


def _value(element: Element, policies: dict[str, str]) -> TagValue:
    rules = ("requiredCategory", "excludedCategory", "excludedClass")
    many(element, ("equivalentSecCategoryTag", *_MARKS, *rules))
    refuse_attributes(element, "userInput", "dateFormat", "notBefore", "notAfter")
    return TagValue(
        name=need(element, "name"),
        lacv=number(element, "lacv"),
        obsolete=flag(element, "obsolete"),
        phrases=_phrases(element),
        equivalents=tuple(
            _equivalent_value(e, policies) for e in element.findall(f"{{{SPIF}}}equivalentSecCategoryTag")
        ),
        required=_required(element),
        excluded=tuple(_group(e) for e in element.findall(f"{{{SPIF}}}excludedCategory")),
        excluded_classes=tuple((e.text or "").strip() for e in element.findall(f"{{{SPIF}}}excludedClass")),
        required_class=element.get("requiredClass") or "",
    )


def _equivalent_value(element: Element, policies: dict[str, str]) -> EquivalentValue:
    policy, applied = _policy_ref(element, policies), _applied(element, "both")
    if element.get("action") is not None:
        choice(element, "action", ("discard",))
        return EquivalentValue(policy, applied, discard=True)
    return EquivalentValue(
        policy, applied, False, oid(element, "tagSetId"), _tag_type(element), number(element, "lacv")
    )


def _required(element: Element) -> tuple[Required, ...]:
    return tuple(
        Required(
            cast(Operation, choice(e, "operation", ("onlyOne", "oneOrMore", "all"))),
            tuple(_group(g) for g in many(e, ("categoryGroup",))),
        )
        for e in element.findall(f"{{{SPIF}}}requiredCategory")
    )


def _group(element: Element) -> Group:
    lacv = number(element, "lacv") if element.get("lacv") else None
    if lacv is None and not flag(element, "all"):
        raise bad(element, "lacv, or all as true", "neither")
    return Group(need(element, "tagSetRef"), _tag_type(element), lacv)


# --- marking texts ----------------------------------------------------------------------------------


def _phrases(element: Element) -> tuple[Phrase, ...]:
    found = []
    for data in element.findall(f"{{{SPIF}}}markingData"):
        codes = [(c.text or "").strip() for c in many(data, ("code",))]
        for code in codes:
            if code not in _CODES:
                raise bad(data, f"a marking code out of {', '.join(sorted(_CODES))}", repr(code))
        hidden = "noMarkingDisplay" in codes or ("noNameDisplay" in codes and data.get("phrase") is None)
        found.append(
            Phrase(
                data.get(XML_LANG) or "",
                data.get("phrase"),
                _places(codes),
                hidden,
                "replacePolicy" in codes,
                "suppressClassName" in codes,
            )
        )
    return tuple(found)


def _places(codes: list[str]) -> tuple[Place, ...]:
    """Banner and portion; a text without a place is the banner's, as in other readers of SPIF."""
    placed = [c for c in codes if c in _BANNER_CODES or c == "portionMarking"]
    banner: tuple[Place, ...] = (BANNER,) if not placed or _BANNER_CODES & set(placed) else ()
    return (*banner, PORTION) if "portionMarking" in placed else banner


def _qualifiers(element: Element) -> tuple[Qualifier, ...]:
    found = []
    for holder in element.findall(f"{{{SPIF}}}markingQualifier"):
        places = _places([holder.get("markingCode") or ""])
        texts: dict[str, dict[str, str]] = {}
        for q in many(holder, ("qualifier",)):
            code = choice(q, "qualifierCode", ("prefix", "suffix", "separator"))
            texts.setdefault(q.get(XML_LANG) or "", {})[code] = q.get("markingQualifier") or ""
        found += [Qualifier(lang, places, **by_code) for lang, by_code in texts.items()]
    return tuple(found)


# --- the whole --------------------------------------------------------------------------------------


def _check_whole(root: Element, terms: Terms) -> None:
    _check_numbers(root)
    _check_levels(list(root.iter(f"{{{SPIF}}}securityClassification")))
    _unique(root.iter(f"{{{SPIF}}}securityCategoryTagSet"), "name")
    _unique(root.iter(f"{{{SPIF}}}securityCategoryTagSet"), "id")
    _unique(root.iter(f"{{{EXTENSION}}}suggestion"), "key")
    check_tag_names(root, terms)
    check_review_rules(root, terms)
    for tag in root.iter(f"{{{SPIF}}}securityCategoryTag"):
        _unique(tag.iter(f"{{{SPIF}}}tagCategory"), "name")
        _unique(tag.iter(f"{{{SPIF}}}tagCategory"), "lacv")
        _check_selections(tag)
    _check_references(root, terms)
    _check_contradictions(root, terms)


def _check_numbers(root: Element) -> None:
    for name, most in (
        ("securityClassification", MAX_CLASSIFICATIONS),
        ("securityCategoryTagSet", MAX_TAG_SETS),
        ("tagCategory", MAX_TAG_VALUES),
    ):
        for count, element in enumerate(root.iter(f"{{{SPIF}}}{name}"), 1):
            if count > most:
                raise bad(element, f"at most {most} elements {name}", "more", "policy.elements")


def _check_selections(tag: Element) -> None:
    least = number(tag, "minSelection") if tag.get("minSelection") else 0
    most = number(tag, "maxSelection") if tag.get("maxSelection") else None
    values = len(tag.findall(f"{{{SPIF}}}tagCategory"))
    if least > values or (most is not None and (least > most or most == 0)):
        came = f"minSelection {least}, maxSelection {most}, {values} values"
        raise bad(tag, "a number of selections that a label can make", came, "policy.contradiction")


def _check_references(root: Element, terms: Terms) -> None:
    classes = {c.name for c in terms.classifications}
    for element in root.iter(f"{{{SPIF}}}excludedClass", f"{{{SPIF}}}tagCategory"):
        excluded = element.tag == f"{{{SPIF}}}excludedClass"
        name = (element.text or "").strip() if excluded else element.get("requiredClass")
        if name is not None and name not in classes:
            raise bad(element, "a classification of this policy", repr(name))
    numbers = {(t.name, t.type): {v.lacv for v in t.values} for t in terms.tags}
    for element in root.iter(f"{{{SPIF}}}categoryGroup", f"{{{SPIF}}}excludedCategory"):
        group = _group(element)
        there = numbers.get((group.tag, group.type))
        if there is None or (group.lacv is not None and group.lacv not in there):
            came = f"{group.type} {group.tag} lacv {group.lacv}"
            raise bad(element, "a tag and value of this policy, with its type", came)


def _check_contradictions(root: Element, terms: Terms) -> None:
    elements: dict[Key, Element] = {
        (need(tag_set, "name"), _tag_type(tag), number(value, "lacv")): value
        for tag_set in root.iter(f"{{{SPIF}}}securityCategoryTagSet")
        for tag in tag_set.findall(f"{{{SPIF}}}securityCategoryTag")
        for value in tag.findall(f"{{{SPIF}}}tagCategory")
    }
    check = Contradictions(terms, elements)
    for key in elements:
        check.check_value(key)
    levels = {need(e, "name"): e for e in root.iter(f"{{{SPIF}}}securityClassification")}
    for level in terms.classifications:
        check.check_classification(level, levels[level.name])


def _check_levels(elements: list[Element]) -> None:
    """Levels stand in one order: two of the same rank could not be put together (ADR 0004)."""
    for name in ("name", "lacv", "hierarchy", "color"):
        _unique(elements, name, _colour if name == "color" else None)


def _unique(elements: Iterable[Element], name: str, value: Callable[[Element], str] | None = None) -> None:
    """Each once, whatever its case: labels are read without regard to it (ADatP-4774 section 5)."""
    seen: set[str] = set()
    for element in elements:
        text = value(element) if value is not None else need(element, name)
        if text.casefold() in seen:
            raise bad(element, f"each {name} once, whatever its case", f"{text!r} again")
        seen.add(text.casefold())
