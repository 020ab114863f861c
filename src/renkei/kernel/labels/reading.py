"""Reading XML strictly: one element, one attribute at a time, every complaint with its line.

Documents with a DTD or entities are refused before and after parsing: before, so that nothing is
expanded; after, because the first look reads only encodings that contain ASCII.
"""

import re

from lxml import etree

from ..errors import BadInput

SPIF = "http://www.xmlspif.org/spif"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
MISSPELT_SPIF = "http://www.xmslpif.org/spif"
"""As the schema's own page once spelt its namespace, and files in the field copied it."""
MAX_POLICY_BYTES = 2 * 1024 * 1024
"""A policy with every country and a thousand values stays under half a megabyte."""
MAX_ELEMENTS = 50_000
"""Of one document: every element of the largest policies in use, ten times over."""
MAX_DEPTH = 24
"""SPIF nests seven deep, a signed binding ten."""

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
Element = etree._Element


def parse(xml: bytes, what: str = "policy", most: int | None = None) -> Element:
    """The root element of the ``what`` in ``xml``, of at most ``most`` bytes.

    Raises BadInput for size, number or depth of elements, a DTD, or XML that is not well-formed (with its
    line).
    """
    most = MAX_POLICY_BYTES if most is None else most
    if len(xml) > most:
        raise BadInput(f"{what}.size", f"a {what} of at most {most} bytes", f"{len(xml)} bytes")
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise BadInput(f"{what}.dtd", "XML without a document type definition", "one with")
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as err:
        raise BadInput(f"{what}.xml", "well-formed XML", f"an error at line {err.lineno or 1}") from None
    if root.getroottree().docinfo.internalDTD is not None:  # in an encoding the scan above cannot read
        raise BadInput(f"{what}.dtd", "XML without a document type definition", "one with")
    _check_shape(root, what)
    return root


def _check_shape(root: Element, what: str) -> None:
    """Count elements and depth before anything is made of them."""
    count = depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            depth -= 1
            continue
        count, depth = count + 1, depth + 1
        if depth > MAX_DEPTH:
            came = f"one deeper at line {element.sourceline}"
            raise BadInput(f"{what}.depth", f"elements at most {MAX_DEPTH} deep", came)
        if count > MAX_ELEMENTS:
            came = f"more by line {element.sourceline}"
            raise BadInput(f"{what}.elements", f"at most {MAX_ELEMENTS} elements", came)


def many(parent: Element, known: tuple[str, ...]) -> list[Element]:
    """The children called ``known[0]``; any child that is not in ``known`` is an error."""
    names = {f"{{{SPIF}}}{k}" for k in known}
    for child in parent:
        if child.tag not in names:
            raise bad(child, f"in {short(parent)} only {', '.join(known)}", f"{short(child)}")
    return parent.findall(f"{{{SPIF}}}{known[0]}")


def maybe(parent: Element, name: str) -> Element | None:
    """The one child of that name, or None; a second is an error."""
    found = parent.findall(f"{{{SPIF}}}{name}")
    if len(found) > 1:
        raise bad(found[1], f"one {name}", "another")
    return found[0] if found else None


def one(parent: Element, name: str) -> Element:
    """The one child of that name."""
    found = maybe(parent, name)
    if found is None:
        raise bad(parent, f"an element {name} in {short(parent)}", "none")
    return found


def need(element: Element, name: str) -> str:
    """The attribute's text, which may not be missing or blank."""
    value = (element.get(name) or "").strip()
    if not value:
        raise bad(element, f"an attribute {name}", "none")
    return value


def choice(element: Element, name: str, choices: tuple[str, ...], default: str | None = None) -> str:
    """The attribute's text, one of ``choices``; ``default`` stands for a missing attribute."""
    value = element.get(name, default) if default is not None else need(element, name)
    if value not in choices:
        raise bad(element, f"{name} as {' or '.join(choices)}", repr(value))
    return value


def number(element: Element, name: str) -> int:
    """The attribute as a whole number of up to nine digits."""
    value = need(element, name)
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise bad(element, f"{name} as a number", repr(value))
    return int(value)


def flag(element: Element, name: str) -> bool:
    """The attribute as a truth value, False if missing."""
    return choice(element, name, ("true", "false", "1", "0"), "false") in ("true", "1")


def oid(element: Element, name: str = "id") -> str:
    """The attribute, an object identifier, as a URN."""
    value = need(element, name)
    if not _OID.fullmatch(value):
        raise bad(element, f"{name} as an object identifier like 2.999.1", repr(value))
    return f"urn:oid:{value}"


def refuse_attributes(element: Element, *names: str) -> None:
    """Complain of attributes whose meaning is not carried out, unless they say "false"."""
    for name in names:
        if element.get(name) not in (None, "false"):
            raise bad(element, f"no {name}, which is not carried out here", f"one on {short(element)}")


def refuse_children(element: Element, *names: str) -> None:
    """Complain of elements whose meaning is not carried out."""
    for name in names:
        found = element.find(f"{{{SPIF}}}{name}")
        if found is not None:
            raise bad(found, f"no {name} in {short(element)}, which is not carried out here", "one")


def short(element: Element) -> str:
    """The element's name as people write it."""
    name = etree.QName(element)
    return f"<{name.localname}>" if name.namespace == SPIF else f"<{name.localname}> of another namespace"


def bad(element: Element, expected: str, came: str, code: str = "policy.element") -> BadInput:
    """The complaint about ``element``, to be raised."""
    return BadInput(code, expected, f"{came} (element {short(element)}, line {element.sourceline})")
