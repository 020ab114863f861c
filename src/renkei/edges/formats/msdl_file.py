"""MSDL, the Military Scenario Definition Language (SISO-STD-007-2008): force sides, units, who commands and
supports them.

Taken in: ``ForceSide``, and of each ``Unit`` its handle, name, designation, echelon (or that of its symbol),
additional information and relations: ``CommandRelationshipType`` says which kind a superior's is, and
``SupportRelations`` whom the unit supports, how (general, direct, reinforcing) and in which priority.
Equipment, holdings, installations and tactical graphics are passed over: Renkei has no weapons and draws no
battles; positions, formations and models too, and what role support has.  All of that is listed.  Input is
not trusted: no DTD, no entities, no network.

Written: as the standard's schema wants it.  Its texts are short and of ASCII; what does not fit is listed.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import BinaryIO, NamedTuple
from uuid import NAMESPACE_URL, uuid5

import msgspec
from lxml import etree

from ...kernel.errors import BadInput
from ...rooms.command.exchange import Chart, Drawn, Faults, LeftOuts, Scenario, Side, Support, shown
from ...rooms.command.records import ParentKind
from .source import Source, size_of

MAX_MSDL_BYTES = 128 * 1024 * 1024
"""A scenario of 100,000 units with everything that simulations add; it is read unit by unit."""

MSDL = "urn:sisostds:scenario:military:data:draft:msdl:1"
MODEL_ID = "http://www.sisostds.org/schemas/modelID"
RELATIONS: dict[str, ParentKind] = {
    "ORGANIC": "command",
    "ATTACHED": "command",
    "OPCON": "opcon",
    "TACON": "tacon",
    "ADCON": "administrative",
}
"""Kinds of superior; NONE says that the file does not tell."""
_WRITTEN: dict[ParentKind, str] = {
    "command": "ORGANIC",
    "opcon": "OPCON",
    "tacon": "TACON",
    "administrative": "ADCON",
}
ECHELONS = {
    "company": ("COMPANY", "E"),
    "battalion": ("BATTALION", "F"),
    "regiment": ("REGIMENT", "G"),
    "brigade": ("BRIGADE", "H"),
    "division": ("DIVISION", "I"),
    "corps": ("CORPS", "J"),
    "army": ("ARMY", "K"),
}
"""Levels with an echelon of MSDL and the letter of a symbol code (MIL-STD-2525B, position 12)."""
_LINE = "Renkei has no weapons, no equipment and no targets"
_NO_PLACE = "a structure has no place for it"
_PASSED = {
    "Equipment": _LINE,
    "EquipmentItem": _LINE,
    "Holdings": _LINE,
    "Installations": _NO_PLACE,
    "Installation": _NO_PLACE,
    "Overlays": _NO_PLACE,
    "TacticalGraphics": _LINE,
    "TacticalGraphic": _LINE,
    "MOOTWGraphics": _LINE,
    "Deployment": _NO_PLACE,
    "Disposition": "a structure places units at sites",
    "Model": _NO_PLACE,
    "SupportRoleType": "a relation says whom, not with what",
    "OrganicRelation": "only who commands and supports is taken",
}
_TOLD_WHOLE = frozenset({"Unit", "Deployment"})
"""What is in these is told with them."""
SUPPORT = {
    "GS": "general support",
    "DS": "direct support",
    "R": "reinforcing",
    "GSR": "general support reinforcing",
}
"""Kinds of support, and how a relation's note says them; NONE says that the file does not tell."""
_SUPPORT_NOTE = re.compile(r"(?:(" + "|".join(SUPPORT.values()) + r")(?:, )?)?(?:priority ([1-9]))?")
_TEXT = re.compile(r"[ -z]*")
"""The characters of the standard's texts."""
_SHORT = 20
"""Characters of a comment or an additional information."""
_DESIGNATION = 21
"""Characters of a unique designation."""


def read_msdl(path: Source, faults: Faults, left_out: LeftOuts) -> Scenario:
    """The sides and units of a scenario.  Raises BadInput (``import.*``) or Faulty."""
    if size_of(path) > MAX_MSDL_BYTES:
        raise BadInput("import.size", f"at most {MAX_MSDL_BYTES} bytes in {path.name}", "more")
    reader = _Reader(path.name, faults, left_out)
    with path.open("rb") as file:
        try:
            for event, element in etree.iterparse(
                file,
                events=("start", "end"),
                remove_comments=True,
                remove_pis=True,
                resolve_entities=False,
                no_network=True,
                load_dtd=False,
                huge_tree=False,
            ):
                reader.met(event, element)
        except etree.XMLSyntaxError as err:
            came = f"XML broken on line {err.lineno}"
            raise BadInput("import.form", f"well-formed XML in {path.name}", came) from None
    return reader.scenario()


def write_msdl(
    chart: Chart,
    file: BinaryIO,
    title: str,
    marking: str,
    day: date,
    moved: Callable[[int], None],
    left_out: LeftOuts,
) -> None:
    """A chart as a scenario on ``day``; the marking is its security classification."""
    with etree.xmlfile(file, encoding="utf-8") as xml:
        xml.write_declaration()
        with xml.element(_q("MilitaryScenario"), nsmap={None: MSDL, "modelID": MODEL_ID}):
            xml.write(_scenario_id(title, marking, day))
            xml.write(_tree("Options", _tree("MSDLVersion", "1.0")))
            xml.write(_tree("Environment", _tree("ScenarioTime", f"{day.isoformat()}T00:00:00Z")))
            sides = [_side(side, name) for side, name in chart.sides.items()]
            xml.write(_tree("ForceSides", *sides))
            with xml.element(_q("Organizations")), xml.element(_q("Units")):
                for count, each in enumerate(chart.units):
                    xml.write(_unit(each, left_out))
                    if count % 1000 == 0:
                        moved(count)


# --- In -------------------------------------------------------------------------------------------------


class _Unit(NamedTuple):
    """A unit as it stands in the file, before the handles above it are known."""

    drawn: Drawn
    side: str
    superior: str


class _Reader:
    """Takes elements as they are met, and forgets each when it has ended."""

    def __init__(self, name: str, faults: Faults, left_out: LeftOuts) -> None:
        self.file, self.faults, self.left_out = name, faults, left_out
        self.name = ""
        self.sides: dict[str, Side] = {}
        self.allied: dict[str, str] = {}
        self.units: list[_Unit] = []
        self.root = ""

    def met(self, event: str, element: etree._Element) -> None:
        """An element begins or ends."""
        if event == "start":
            if not self.root:
                self._begin(element)
            return
        name = _local(element)
        if name == "ScenarioID":
            self.name = _said(element, "name")
        elif name == "ForceSide":
            self._side(element)
        elif name == "Unit" and _above(element) == ("Organizations", "Units"):
            self._unit(element)
        elif name in _PASSED and len(element) and not _inside(element, _TOLD_WHOLE):
            self.left_out.add(name, _PASSED[name], self._where(element))
        if name in {"Unit", "ForceSide", "EquipmentItem", "Installation", "TacticalGraphic"}:
            _forget(element)

    def scenario(self) -> Scenario:
        """What was taken, each unit under the side of the topmost above it.  Raises Faulty."""
        units = {each.drawn.id: each for each in self.units}
        placed = [msgspec.structs.replace(each.drawn, side=self._top(each, units)) for each in self.units]
        self.faults.settle()
        sides = {handle: self._with_ally(handle, side) for handle, side in self.sides.items()}
        return Scenario(self.name, sides, placed)

    def _begin(self, element: etree._Element) -> None:
        self.root = _local(element)
        if element.getroottree().docinfo.internalDTD is not None:
            raise BadInput("import.form", f"XML without a DTD in {self.file}", "a document type declaration")
        if self.root != "MilitaryScenario":
            raise BadInput(
                "import.form", f"a MilitaryScenario in {self.file}", f"an element {self.root[:60]}"
            )

    def _top(self, each: _Unit, units: dict[str, _Unit]) -> str:
        """The side of the topmost unit above this one; complains where there is none."""
        top, seen = each, {each.drawn.id}
        while top.superior in units:
            top = units[top.superior]
            if top.drawn.id in seen:
                self.faults.add(each.drawn.where, "nobody above themselves", shown(each.drawn.name))
                return ""
            seen.add(top.drawn.id)
        if top is each and top.superior:
            self.faults.add(each.drawn.where, "a unit of this file above it", shown(top.superior))
        elif top is each and top.side not in self.sides:
            self.faults.add(each.drawn.where, "a force side of this file", shown(top.side or "none"))
        return top.side

    def _with_ally(self, handle: str, side: Side) -> Side:
        """A side with the names of the one it is a part of."""
        ally = self.sides.get(self.allied[handle])
        return side if ally is None or ally is side else Side((*side.names, *ally.names), side.where)

    def _side(self, element: etree._Element) -> None:
        handle, where = _said(element, "ObjectHandle"), self._where(element)
        if not handle:
            self.faults.add(where, "an ObjectHandle", "none")
            return
        names = (_said(element, "ForceSideName"), _said(element, "CountryCode"))
        self.sides[handle] = Side(tuple(filter(None, names)), where)
        self.allied[handle] = _said(element, "AllegianceHandle")

    def _unit(self, element: etree._Element) -> None:
        where = self._where(element)
        for child in element.iter():
            if _local(child) in _PASSED and child is not element:
                self.left_out.add(f"{_local(child)} of units", _PASSED[_local(child)], where)
        handle = _said(element, "ObjectHandle")
        if not handle:
            self.faults.add(where, "an ObjectHandle", "none")
            return
        kind = _said(element, "CommandRelationshipType")
        if kind and kind != "NONE" and kind not in RELATIONS:
            self.faults.add(where, "a CommandRelationshipType of " + ", ".join(RELATIONS), shown(kind))
        superior = _said(element, "CommandingSuperiorHandle")
        echelon = _said(element, "Echelon").lower()
        drawn = Drawn(
            where=where,
            id=handle,
            name=_said(element, "Name") or _said(element, "UniqueDesignation") or handle,
            side="",
            parent=superior,
            relation=RELATIONS.get(kind),
            code=_said(element, "UniqueDesignation"),
            level=_level(echelon, element),
            role=_said(element, "StaffComments"),
            supports=tuple(self._supports(element, where)),
        )
        self.units.append(_Unit(drawn, _said(element, "ForceSideHandle"), superior))

    def _supports(self, unit: etree._Element, where: str) -> Iterator[Support]:
        """Whom the unit supports, and how."""
        for relation in (each for each in unit.iter() if _local(each) == "SupportRelation"):
            handle, kind = _said(relation, "SupportedUnitHandle"), _said(relation, "SupportType")
            priority = _said(relation, "PriorityToSupport")
            if not handle:
                self.faults.add(where, "a SupportedUnitHandle in a SupportRelation", "none")
            elif kind not in {*SUPPORT, "NONE", ""}:
                self.faults.add(where, "a SupportType of " + ", ".join(SUPPORT), shown(kind))
            elif priority and not re.fullmatch("[1-9]", priority):
                self.faults.add(where, "a PriorityToSupport from 1 to 9", shown(priority))
            else:
                said = [SUPPORT.get(kind, ""), f"priority {priority}" if priority else ""]
                yield Support(handle, ", ".join(filter(None, said)))

    def _where(self, element: etree._Element) -> str:
        return f"{self.file} line {element.sourceline} {_local(element)}"


def _level(echelon: str, unit: etree._Element) -> str:
    """What level the unit is said to be: by its echelon, in words, or by the letter in its symbol's code."""
    if echelon not in {"", "none"}:
        return echelon
    letter = _said(unit, "SymbolIdentifier")[11:12]
    known = next((level for level, (_, code) in ECHELONS.items() if code == letter), "")
    return _said(unit, "AdditionalInfo") or known


def _local(element: etree._Element | None) -> str:
    if element is None or not isinstance(element.tag, str):
        return ""
    return element.tag.rpartition("}")[2]


def _above(element: etree._Element) -> tuple[str, str]:
    """The names of the two elements above this one, the nearer last."""
    parent = element.getparent()
    return _local(parent.getparent() if parent is not None else None), _local(parent)


def _inside(element: etree._Element, names: frozenset[str]) -> bool:
    """Whether one of these elements is around it."""
    return any(_local(around) in names for around in element.iterancestors())


def _said(element: etree._Element, name: str) -> str:
    """The text of the first descendant of that name; "" if there is none or it is empty."""
    found = next((each for each in element.iter() if _local(each) == name), None)
    return "" if found is None else (found.text or "").strip()


def _forget(element: etree._Element) -> None:
    """Free what was read: the element, and those before it."""
    element.clear()
    while element.getprevious() is not None:
        parent = element.getparent()
        if parent is None:
            return
        del parent[0]


# --- Out ------------------------------------------------------------------------------------------------


def _q(name: str, space: str = MSDL) -> str:
    return f"{{{space}}}{name}"


def _tree(name: str, *content: "etree._Element | str", space: str = MSDL) -> etree._Element:
    element = etree.Element(_q(name, space))
    for each in content:
        if isinstance(each, str):
            element.text = each
        else:
            element.append(each)
    return element


def _scenario_id(title: str, marking: str, day: date) -> etree._Element:
    said = {
        "name": title,
        "type": "",
        "version": "1",
        "modificationDate": day.isoformat(),
        "securityClassification": marking,
        "description": marking,
    }
    return _tree("ScenarioID", *(_tree(name, text, space=MODEL_ID) for name, text in said.items()))


def _side(side: str, name: str) -> etree._Element:
    handle = _handle(f"side {side}")
    return _tree(
        "ForceSide",
        _tree("ObjectHandle", handle),
        _tree("ForceSideName", name),
        _tree("AllegianceHandle", handle),
    )


def _unit(each: Drawn, left_out: LeftOuts) -> etree._Element:
    echelon, letter = ECHELONS.get(each.level, ("NONE", "-"))
    modifiers = [_tree("Echelon", echelon)]
    if role := _fitting(each.role, _SHORT, "role of units", each, left_out):
        modifiers.append(_tree("StaffComments", role))
    level = "" if each.level in ECHELONS else each.level
    if level := _fitting(level, _SHORT, "level of units", each, left_out):
        modifiers.append(_tree("AdditionalInfo", level))
    code = _fitting(each.code, _DESIGNATION, "code of units", each, left_out)
    modifiers.append(_tree("UniqueDesignation", code))
    if each.parent:
        choice = "UNIT"
        data = _tree(
            "CommandRelation",
            _tree("CommandingSuperiorHandle", _handle(each.parent)),
            _tree("CommandRelationshipType", _WRITTEN.get(each.relation or "command", "NONE")),
        )
    else:
        choice, data = "FORCE_SIDE", _tree("ForceSideHandle", _handle(f"side {each.side}"))
    relations = [
        _tree("ForceRelation", _tree("ForceRelationChoice", choice), _tree("ForceRelationData", data))
    ]
    if each.supports:
        relations.append(_tree("SupportRelations", *(_support(s, each, left_out) for s in each.supports)))
    return _tree(
        "Unit",
        _tree("ObjectHandle", _handle(each.id)),
        _tree("SymbolIdentifier", f"S-G-U------{letter}--G"),
        _tree("Name", each.name),
        _tree("UnitSymbolModifiers", *modifiers),
        _tree("Relations", *relations),
    )


def _fitting(text: str, most: int, what: str, each: Drawn, left_out: LeftOuts) -> str:
    """The text, if the standard has room for it; else "", and listed."""
    if len(text) <= most and _TEXT.fullmatch(text):
        return text
    left_out.add(what, f"at most {most} characters of ASCII in the format", each.code)
    return ""


def _support(support: Support, each: Drawn, left_out: LeftOuts) -> etree._Element:
    found = _SUPPORT_NOTE.fullmatch(support.note)
    if found is None:
        left_out.add("note of relations", "the format has no place for it", each.code)
    words, priority = found.groups() if found else (None, None)
    kind = next((kind for kind, said in SUPPORT.items() if said == words), "NONE")
    said = [_tree("SupportedUnitHandle", _handle(support.supported))]
    said += [_tree("PriorityToSupport", priority)] if priority else []
    return _tree("SupportRelation", *said, _tree("SupportType", kind))


def _handle(name: str) -> str:
    """A handle as the standard wants it: the same for the same code, whoever writes it."""
    return str(uuid5(NAMESPACE_URL, f"renkei:{name}"))
