"""Labels and clearances as XML: ADatP-4774, Edition A.

Namespaces: labels ``urn:nato:stanag:4774:confidentialitymetadatalabel:1:0`` (prefix ``slab``), clearances
``urn:nato:stanag:4774:confidentialityclearance:1:0`` (``sclr``).  Elements are qualified, attributes are not,
and the order is the schema's: ConfidentialityInformation (PolicyIdentifier, Classification, PrivacyMark,
Category with GenericValue), OriginatorID, CreationDateTime, SuccessionHandling.

What the prose demands beyond the schema is enforced in both directions: ``ReviewDateTime`` where there is no
succession (Appendix 1), no ``URI`` on a classification, GenericValue alone as a category's value, policy and
tag identifiers as ``urn:oid:``.  Values are matched whatever their case (section 5) and come out as the
policy spells them.  What is not ADatP-4774's own is refused rather than lost, so that what was read is
written again exactly; only an ``Id``, an anchor in the document it came in, is not kept.
"""

from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar, cast

import msgspec
from lxml import etree

from ..errors import BadInput, Refused
from .model import Category, CategoryType, Clearance, Label
from .policy import PolicyBook
from .reading import Element, bad, parse
from .terms import Tag, Terms

SLAB = "urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"
SCLR = "urn:nato:stanag:4774:confidentialityclearance:1:0"
MAX_LABEL_BYTES = 256 * 1024
"""A label with every country named stays under 32 KiB."""
MAX_VALUES = 2_000
"""Values in one label or clearance."""
REVIEW_DAYS = 5 * 365
"""When an exported label is looked at again unless told otherwise; the standard leaves it to the policy."""

Role = Literal["originator", "alternative", "metadata"]
"""A label is its originator's, an equivalent under another policy, or that of the metadata themselves."""
ROLES: tuple[Role, ...] = ("originator", "alternative", "metadata")
ID_TYPES = (
    "rfc822Name",
    "dNSName",
    "directoryName",
    "uniformResourceIdentifier",
    "iPAddress",
    "x400Address",
    "userPrincipalName",
    "jID",
)
Named = TypeVar("Named")


class Originator(msgspec.Struct, frozen=True):
    """Who put the label on: an identifier and its form, one of ``ID_TYPES``."""

    type: str
    id: str


class Succession(msgspec.Struct, frozen=True):
    """From ``at`` on, ``successor`` stands in the label's place without anybody touching the data."""

    at: datetime
    successor: Label
    created: datetime


class LabelDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A label as it travels: with the time it was put on, and when it is reviewed or succeeded."""

    label: Label
    created: datetime
    review: datetime | None = None
    succession: Succession | None = None
    originator: Originator | None = None
    privacy_mark: str = ""

    def in_force(self, now: datetime) -> Label:
        """The label that counts ``now``: the successor's once its time has come."""
        return (
            self.label if self.succession is None or now < self.succession.at else self.succession.successor
        )


class LabelSet(msgspec.Struct, frozen=True):
    """The labels of one piece of data: the originator's, which nobody replaces, and equivalents beside it."""

    originator: LabelDocument
    alternatives: tuple[LabelDocument, ...] = ()

    def under(self, policy: str) -> LabelDocument | None:
        """The label under ``policy``: the originator's if it is that policy's, else the alternative."""
        every = (self.originator, *self.alternatives)
        return next((d for d in every if d.label.policy == policy), None)


def of_record(label: Label, at: datetime, hq: str, review_days: int = REVIEW_DAYS) -> LabelDocument:
    """The label of a record that ``hq`` wrote ``at`` that time, as it travels."""
    by = Originator("uniformResourceIdentifier", f"urn:renkei:hq:{hq}")
    review = at + timedelta(days=review_days)
    return LabelDocument(label=label.canonical(), created=at, review=review, originator=by)


def with_alternative(labels: LabelSet, policy: str, book: PolicyBook) -> LabelSet | Refused:
    """``labels`` with an equivalent under ``policy`` beside them (ADatP-4774.1 section 4.2).

    It bears the originator's dates, as it is worth what that label is worth.  Refused where there is one
    already, because a label that stands is never replaced; and where ``policy`` has no equivalent.
    """
    original = labels.originator
    if labels.under(policy) is not None:
        return Refused(
            code="label.stands", expected="a policy without a label here", came=f"{policy}, which has one"
        )
    same = book.translate(original.label, policy)
    if isinstance(same, Refused):
        return same
    review, succession = original.review, original.succession
    if succession is not None:
        successor = book.translate(succession.successor, policy)
        if isinstance(successor, Refused):
            return successor
        if successor == same:  # two labels that the other policy does not tell apart: looked at again then
            review, succession = review or succession.at, None
        else:
            succession = Succession(succession.at, successor, succession.created)
    made = msgspec.structs.replace(original, label=same, review=review, succession=succession)
    return LabelSet(original, (*labels.alternatives, made))


def check_document(document: LabelDocument, book: PolicyBook) -> Refused | None:
    """A refusal unless the label is known to its policy and its dates make sense together."""
    wrong = book.validate(document.label, known_only=True)
    if wrong is not None:
        return wrong
    review, succession = document.review, document.succession
    if review is not None and review <= document.created:
        return _refused("review", "a review after the label was made", "one before")
    if succession is not None:
        return _check_succession(document, succession, book)
    return None if review else _refused("review", "ReviewDateTime, or SuccessionHandling instead", "neither")


def _check_succession(document: LabelDocument, succession: Succession, book: PolicyBook) -> Refused | None:
    if succession.at <= document.created:
        return _refused("succession", "a succession after the label was made", "one before")
    if succession.successor == document.label:
        return _refused("succession", "a successor unlike the label", "the same label")
    if succession.successor.policy != document.label.policy:
        return _refused("succession", "a successor under the same policy", "another policy")
    return book.validate(succession.successor, known_only=True)


def _refused(what: str, expected: str, came: str) -> Refused:
    return Refused(code=f"label.{what}", expected=expected, came=came, status=422)


# --- out --------------------------------------------------------------------------------------------


def write_label(document: LabelDocument, book: PolicyBook, role: Role = "originator") -> bytes:
    """``document`` as XML.  Raises BadInput for one that ``check_document`` refuses."""
    return _bytes(label_element(document, book, role))


def label_element(document: LabelDocument, book: PolicyBook, role: Role) -> Element:
    """The element of ``document``, to be put into a binding."""
    wrong = check_document(document, book)
    if wrong is not None:
        raise BadInput(wrong.code, wrong.expected, wrong.came)
    root = etree.Element(f"{{{SLAB}}}{role}ConfidentialityLabel", nsmap={"slab": SLAB})
    if document.review is not None:
        root.set("ReviewDateTime", _written(document.review))
    _put_information(root, document.label, book, document.privacy_mark)
    if document.originator is not None:
        _put(root, "OriginatorID", document.originator.id).set("IDType", document.originator.type)
    _put(root, "CreationDateTime", _written(document.created))
    if document.succession is not None:
        handling = _put(root, "SuccessionHandling")
        _put(handling, "SuccessionDateTime", _written(document.succession.at))
        successor = _put(handling, "SuccessorConfidentialityLabel")
        _put_information(successor, document.succession.successor, book)
        _put(successor, "CreationDateTime", _written(document.succession.created))
    return root


def write_clearance(clearance: Clearance, book: PolicyBook) -> bytes:
    """``clearance`` as XML.  Raises BadInput for one that its policy cannot mean."""
    wrong = book.check_clearance(clearance)
    if wrong is not None:
        raise BadInput(wrong.code, wrong.expected, wrong.came)
    terms = _terms(book, clearance.policy)
    root = etree.Element(f"{{{SCLR}}}ConfidentialityClearance", nsmap={"sclr": SCLR, "slab": SLAB})
    _put(root, "PolicyIdentifier", terms.name).set("URI", terms.id)
    levels = etree.SubElement(root, f"{{{SCLR}}}ClassificationList")
    for level in terms.classifications:
        if level.name in clearance.classifications:
            _put(levels, "Classification", level.name)
    _put_categories(root, clearance.categories, terms)
    return _bytes(root)


def _put_information(root: Element, label: Label, book: PolicyBook, privacy_mark: str = "") -> None:
    terms = _terms(book, label.policy)
    inside = _put(root, "ConfidentialityInformation")
    _put(inside, "PolicyIdentifier", terms.name).set("URI", terms.id)
    _put(inside, "Classification", label.classification)
    if privacy_mark:
        _put(inside, "PrivacyMark", privacy_mark)
    _put_categories(inside, label.categories, terms)


def _put_categories(parent: Element, categories: tuple[Category, ...], terms: Terms) -> None:
    for category in categories:
        tag = terms.tag(category.tag, category.type)
        assert tag is not None
        element = _put(parent, "Category")
        element.set("Type", category.type.upper())
        element.set("TagName", category.tag)
        element.set("URI", tag.id)
        for value in category.values:
            _put(element, "GenericValue", value)


def _put(parent: Element, name: str, text: str | None = None) -> Element:
    element = etree.SubElement(parent, f"{{{SLAB}}}{name}")
    element.text = text
    return element


def _terms(book: PolicyBook, policy: str) -> Terms:
    terms = book.policy(policy)
    if terms is None:
        raise BadInput("label.policy", "a policy known here", policy)
    return terms


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _bytes(root: Element) -> bytes:
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


# --- in ---------------------------------------------------------------------------------------------


def read_label(xml: bytes, book: PolicyBook) -> tuple[Role, LabelDocument]:
    """The label in ``xml`` and what it is to its data.  Raises BadInput naming element and line."""
    return label_in(parse(xml, "label", MAX_LABEL_BYTES), book)


def label_in(root: Element, book: PolicyBook) -> tuple[Role, LabelDocument]:
    """The label in an element.  Raises BadInput naming element and line."""
    role = next((r for r in ROLES if root.tag == f"{{{SLAB}}}{r}ConfidentialityLabel"), None)
    if role is None:
        raise _bad(root, f"an originator, alternative or metadata label in namespace {SLAB}", str(root.tag))
    _attributes(root, "ReviewDateTime", "Id")
    info, by, created, handling = _children(
        root, "ConfidentialityInformation", "OriginatorID?", "CreationDateTime", "SuccessionHandling?"
    )
    assert info is not None
    label, privacy_mark = _information(info, book)
    document = LabelDocument(
        label=label,
        created=_moment(cast(Element, created)),
        review=_review(root),
        succession=None if handling is None else _succession(handling, book),
        originator=None if by is None else _originator(by),
        privacy_mark=privacy_mark,
    )
    wrong = check_document(document, book)
    if wrong is not None:
        raise _bad(root, wrong.expected, wrong.came, wrong.code)
    return role, document


def read_clearance(xml: bytes, book: PolicyBook) -> Clearance:
    """The clearance in ``xml``.  Raises BadInput naming element and line."""
    root = parse(xml, "clearance", MAX_LABEL_BYTES)
    if root.tag != f"{{{SCLR}}}ConfidentialityClearance":
        raise _bad(root, f"a ConfidentialityClearance in namespace {SCLR}", str(root.tag))
    policy, levels = (root[n] if n < len(root) else None for n in (0, 1))
    if policy is None or levels is None or levels.tag != f"{{{SCLR}}}ClassificationList":
        raise _bad(root, "PolicyIdentifier, then ClassificationList, then Category", "another order")
    terms = _policy(policy, book)
    rest = [e for n, e in enumerate(root) if n > 1]
    names = tuple(_level(_own(level, "Classification"), terms) for level in levels)
    clearance = Clearance(terms.id, names, _categories(rest, terms)).canonical()
    wrong = book.check_clearance(clearance)
    if wrong is not None:
        raise _bad(root, wrong.expected, wrong.came, wrong.code)
    return clearance


def _information(element: Element, book: PolicyBook) -> tuple[Label, str]:
    """The label in a ConfidentialityInformation, and its privacy mark."""
    _attributes(element)
    rest = list(element)
    if len(rest) < 2:
        raise _bad(element, "PolicyIdentifier, then Classification", f"{len(rest)} elements")
    terms = _policy(rest.pop(0), book)
    level = _level(_own(rest.pop(0), "Classification"), terms)
    mark = rest.pop(0) if rest and rest[0].tag == f"{{{SLAB}}}PrivacyMark" else None
    label = Label(terms.id, level, _categories(rest, terms)).canonical()
    return label, "" if mark is None else _text(mark)


def _policy(element: Element, book: PolicyBook) -> Terms:
    """The policy meant: by its identifier if there is one, which must then agree with its name."""
    _own(element, "PolicyIdentifier")
    _attributes(element, "URI")
    name, uri = _text(element), element.get("URI")
    if uri is not None and not uri.startswith("urn:oid:"):
        raise _bad(element, "a URI that starts with urn:oid:", repr(uri[:80]))
    found = [p for p in book.policies if (p.id == uri if uri is not None else _alike(p.name, name))]
    if not found:
        raise _bad(element, "a policy known here", repr((uri or name)[:80]), "label.policy")
    if uri is not None and not _alike(found[0].name, name):
        raise _bad(element, f"the name that belongs to {uri}", repr(name[:80]), "label.policy")
    return found[0]


def _level(element: Element, terms: Terms) -> str:
    _attributes(element)
    name = _text(element)
    found = [c for c in terms.classifications if _alike(c.name, name)]
    if not found:
        raise _bad(element, "a classification of the policy", repr(name[:80]), "label.classification")
    return found[0].name


def _categories(elements: list[Element], terms: Terms) -> tuple[Category, ...]:
    if sum(len(e) for e in elements) > MAX_VALUES:
        raise BadInput("label.values", f"at most {MAX_VALUES} values", "more")
    return tuple(_category(_own(e, "Category"), terms) for e in elements)


def _category(element: Element, terms: Terms) -> Category:
    _attributes(element, "Type", "TagName", "URI")
    type_, name, uri = element.get("Type", ""), element.get("TagName", ""), element.get("URI")
    if type_ not in ("RESTRICTIVE", "PERMISSIVE", "INFORMATIVE"):
        raise _bad(element, "Type as RESTRICTIVE, PERMISSIVE or INFORMATIVE", repr(type_[:40]))
    tags = [t for t in terms.tags if t.type == type_.lower() and _alike(t.name, name)]
    if not tags:
        raise _bad(element, f"a {type_.lower()} tag of the policy", repr(name[:80]), "label.tag")
    if uri is not None and uri != tags[0].id:
        raise _bad(element, f"the URI {tags[0].id}", repr(uri[:80]), "label.tag")
    values = tuple(_value(_own(v, "GenericValue"), tags[0]) for v in element)
    return Category(tags[0].name, cast(CategoryType, type_.lower()), values)


def _value(element: Element, tag: Tag) -> str:
    _attributes(element)
    name = _text(element)
    found = [v for v in tag.values if _alike(v.name, name)]
    if not found:
        raise _bad(element, f"a value of {tag.name}", repr(name[:80]), "label.value")
    return found[0].name


def _succession(element: Element, book: PolicyBook) -> Succession:
    _attributes(element)
    at, successor = _children(element, "SuccessionDateTime", "SuccessorConfidentialityLabel")
    _attributes(cast(Element, successor), "Id")
    info, created = _children(cast(Element, successor), "ConfidentialityInformation", "CreationDateTime")
    label, _ = _information(cast(Element, info), book)
    return Succession(_moment(cast(Element, at)), label, _moment(cast(Element, created)))


def _originator(element: Element) -> Originator:
    _attributes(element, "IDType")
    type_ = element.get("IDType", "")
    if type_ not in ID_TYPES:
        raise _bad(element, f"IDType out of {', '.join(ID_TYPES)}", repr(type_[:40]))
    return Originator(type_, _text(element))


def _review(root: Element) -> datetime | None:
    text = root.get("ReviewDateTime")
    return None if text is None else _time(root, text)


def _moment(element: Element) -> datetime:
    _attributes(element)
    return _time(element, _text(element))


def _time(element: Element, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _bad(element, "a date and time with its offset, such as 2026-11-22T12:00:00Z", repr(text[:40]))
    return moment.astimezone(UTC)


def _children(parent: Element, *names: str) -> list[Element | None]:
    """The children of these names in this order, one each; a name with ``?`` may be missing."""
    rest, found = list(parent), list[Element | None]()
    for name in names:
        if rest and rest[0].tag == f"{{{SLAB}}}{name.rstrip('?')}":
            found.append(rest.pop(0))
        elif name.endswith("?"):
            found.append(None)
        else:
            raise _bad(rest[0] if rest else parent, f"{name} here", "another element" if rest else "none")
    if rest:
        raise _bad(rest[0], "no more elements here, in the order of ADatP-4774", "another")
    return found


def _own(element: Element, name: str) -> Element:
    if element.tag != f"{{{SLAB}}}{name}":
        raise _bad(element, f"{name} here", "another element")
    return element


def _attributes(element: Element, *known: str) -> None:
    for name in element.attrib:
        if name not in known:
            raise _bad(element, f"no attribute but {', '.join(known) or 'none'}", repr(str(name)[:80]))


def _text(element: Element) -> str:
    if len(element):
        raise _bad(element, "text alone", "an element inside")
    text = " ".join((element.text or "").split())
    if not text:
        raise _bad(element, "a text", "none")
    return text


def _alike(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _bad(element: Element, expected: str, came: str, code: str = "label.element") -> BadInput:
    return bad(element, expected, came, code)
