"""ORBAT Mapper scenarios: sides, groups, units under units, and what becomes of them over time.

Format: the program's own JSON (``type`` "ORBAT-mapper"), as the scenario model in its source describes it.
A unit's ``status`` and the ``status`` in its ``state`` list, under the names announced, in force and
superseded, are dates of the unit; ``personnel`` are claims of strength.  The program hands on fields of units
that it does not know, so ``renkei`` on a unit keeps the facts that were drawn.

Equipment, supplies and range rings are passed over: Renkei has no weapons.  So are positions (a structure has
units at sites), events and layers.  All of that is listed.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, BinaryIO, cast, get_args

import msgspec

from ...kernel.errors import BadInput
from ...rooms.command.exchange import (
    MAX_LEVELS,
    Chart,
    Drawn,
    Faults,
    Kept,
    LeftOuts,
    Scenario,
    Side,
    shown,
)
from ...rooms.command.records import Status
from .source import Source, size_of

MAX_SCENARIO_BYTES = 64 * 1024 * 1024
"""A scenario is read whole: 100,000 units take some 40 million bytes, and ten times that once read."""

TYPE = "ORBAT-mapper"
VERSION = "2.0.0"
"""Which version is written: every later one reads it."""
STATUSES: tuple[Status, ...] = get_args(Status)
ECHELONS = {
    "15": "company",
    "16": "battalion",
    "17": "regiment",
    "18": "brigade",
    "21": "division",
    "22": "corps",
    "23": "army",
    "24": "army group",
    "25": "region",
    "26": "command",
}
"""Echelons of a symbol code (APP-6(D), digits 9 and 10) and the level they mean."""
_LINE = "Renkei has no weapons and no equipment"
_PASSED = {
    "equipment": _LINE,
    "supplies": _LINE,
    "rangeRings": _LINE,
    "location": "a structure places units at sites",
    "media": "a structure has no place for it",
    "externalUrl": "a structure has no place for it",
    "reinforcedStatus": "a structure has no place for it",
    "symbolOptions": "symbols follow from the unit",
    "textAmplifiers": "symbols follow from the unit",
    "style": "symbols follow from the unit",
    "properties": "a structure has no place for it",
}
_KNOWN = {
    "id",
    "name",
    "sidc",
    "shortName",
    "description",
    "subUnits",
    "state",
    "personnel",
    "status",
    "renkei",
}
_IDLE = {"template", "locked"}


def read_orbat(path: Source, faults: Faults, left_out: LeftOuts) -> Scenario:
    """The units of a scenario, parents first.  Raises BadInput (``import.*``) or Faulty."""
    if size_of(path) > MAX_SCENARIO_BYTES:
        raise BadInput("import.size", f"at most {MAX_SCENARIO_BYTES} bytes in {path.name}", "more")
    try:
        whole = msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise BadInput("import.form", f"JSON in {path.name}", str(err)[:200]) from None
    if not isinstance(whole, dict) or whole.get("type") != TYPE:
        came = (
            "an encrypted one"
            if isinstance(whole, dict) and "encrypted" in str(whole.get("type"))
            else "another"
        )
        raise BadInput("import.form", f"a scenario of ORBAT Mapper (type {TYPE}) in {path.name}", came)
    reader = _Reader(path.name, faults, left_out)
    return reader.scenario(whole)


def write_orbat(
    chart: Chart, file: BinaryIO, title: str, marking: str, day: date, moved: Callable[[int], None]
) -> None:
    """A chart as a scenario; the marking opens its description and stands in its name."""
    nodes: dict[str, dict[str, Any]] = {}
    roots: dict[str, list[dict[str, Any]]] = {side: [] for side in chart.sides}
    for count, each in enumerate(chart.units):
        node = nodes[each.id] = _node(each)
        (nodes[each.parent]["subUnits"] if each.parent else roots[each.side]).append(node)
        if count % 1000 == 0:
            moved(count)
    sides = [
        {
            "id": f"side {side}",
            "name": name,
            "standardIdentity": "3",
            "groups": [{"id": f"group {side}", "name": name, "subUnits": roots[side]}],
        }
        for side, name in chart.sides.items()
    ]
    scenario = {
        "id": "renkei",
        "type": TYPE,
        "version": VERSION,
        "name": f"{title} [{marking}]",
        "description": marking,
        "startTime": _instant(day),
        "timeZone": "UTC",
        "symbologyStandard": "app6",
        "sides": sides,
        "events": [],
        "layers": [],
        "mapLayers": [],
        "personnel": [{"name": name} for name in dict.fromkeys(n for u in chart.units for _, n in u.people)],
        "settings": {
            "rangeRingGroups": [],
            "statuses": [{"name": status} for status in STATUSES],
            "supplyClasses": [],
            "supplyUoMs": [],
        },
    }
    file.write(msgspec.json.encode(scenario))


# --- In -------------------------------------------------------------------------------------------------


class _Reader:
    """Reads one scenario: complains by path, and notes what a structure has no place for."""

    def __init__(self, name: str, faults: Faults, left_out: LeftOuts) -> None:
        self.name, self.faults, self.left_out = name, faults, left_out

    def scenario(self, whole: Mapping[str, Any]) -> Scenario:
        for key in (
            "events",
            "layers",
            "mapLayers",
            "layerStack",
            "equipment",
            "supplyCategories",
            "unitTemplates",
        ):
            if entries := self._list(whole, key, "$"):
                why = (
                    _LINE if key in {"equipment", "supplyCategories"} else "a structure has no place for them"
                )
                self.left_out.add(key, why, f"{self.name} $.{key}", len(entries))
        sides: dict[str, Side] = {}
        units: list[Drawn] = []
        for n, side in enumerate(self._objects(whole, "sides", "$")):
            place = f"$.sides[{n}]"
            key = self._text(side, "id", place) or str(n)
            name = self._text(side, "name", place)
            sides[key] = Side((name,) if name else (), f"{self.name} {place}.name")
            for m, group in enumerate(self._objects(side, "groups", place)):
                units += self._units(group, key, f"{place}.groups[{m}]")
            units += self._units(side, key, place)
        return Scenario(self._text(whole, "name", "$"), sides, units)

    def _units(self, holder: Mapping[str, Any], side: str, place: str) -> Iterator[Drawn]:
        """All units in ``holder``, parents first; without recursion, for files go as deep as they like."""
        waiting = [("", holder, place, 0)]
        while waiting:
            parent, node, at, level = waiting.pop()
            if level > MAX_LEVELS:
                self.faults.add(
                    f"{self.name} {at}", f"at most {MAX_LEVELS} units one under the other", "more"
                )
                continue
            later = []
            for n, child in enumerate(self._objects(node, "subUnits", at)):
                spot = f"{at}.subUnits[{n}]"
                id_ = self._text(child, "id", spot)
                if not id_:
                    self.faults.add(f"{self.name} {spot}.id", "an id", "none")
                    continue
                yield self._unit(child, id_, side, parent, spot)
                later.append((id_, child, spot, level + 1))
            waiting += reversed(later)

    def _unit(self, unit: Mapping[str, Any], id_: str, side: str, parent: str, at: str) -> Drawn:
        where = f"{self.name} {at}"
        for field, why in _PASSED.items():
            if unit.get(field) and unit[field] != "None":
                self.left_out.add(f"{field} of units", why, where)
        for field in unit.keys() - _KNOWN - _IDLE - _PASSED.keys():
            if not field.startswith("_"):
                self.left_out.add(f"{field} of units", "not a field that Renkei knows", where)
        since, until, status = self._dates(unit, at)
        return Drawn(
            where=where,
            id=id_,
            name=self._text(unit, "name", at),
            side=side,
            parent=parent,
            code=self._text(unit, "shortName", at),
            level=ECHELONS.get(self._text(unit, "sidc", at)[8:10], ""),
            role=self._text(unit, "description", at),
            since=since,
            until=until,
            status=status,
            people=tuple(self._people(unit, at)),
            kept=self._kept(unit, at),
        )

    def _dates(self, unit: Mapping[str, Any], at: str) -> tuple[date | None, date | None, Status]:
        """From when until when a unit is there, by the days on which its status changes."""
        status = unit.get("status")
        begins = ends = None
        now = status if status in STATUSES else "in force"
        if status and status not in STATUSES:
            self.left_out.add("status of units", "not announced, in force or superseded", f"{self.name} {at}")
        last = ""
        for n, state in enumerate(self._objects(unit, "state", at)):
            spot = f"{at}.state[{n}]"
            for field in state.keys() - {"id", "t", "status"}:
                why = (
                    "a structure places units at sites" if field in {"location", "via"} else "no place for it"
                )
                self.left_out.add(f"{field} of states", why, f"{self.name} {spot}")
            word = state.get("status")
            if not word:
                continue
            day = self._day(state.get("t"), f"{spot}.t")
            if word not in STATUSES or day is None:
                self.left_out.add(
                    "status of states", "not announced, in force or superseded", f"{self.name} {spot}"
                )
            elif day.isoformat() < last:
                self.faults.add(f"{self.name} {spot}.t", f"a time after {last}", shown(state.get("t")))
            elif word == "in force" and now != "in force":
                begins, now, last = day, "in force", day.isoformat()
            elif word == "superseded" and now != "superseded":
                ends, now, last = day, "superseded", day.isoformat()
        return begins, ends, cast(Status, "in force" if begins or ends else now)

    def _day(self, moment: object, at: str) -> date | None:
        try:
            if isinstance(moment, str):
                return datetime.fromisoformat(moment).date()
            if isinstance(moment, int | float) and not isinstance(moment, bool):
                return datetime.fromtimestamp(moment / 1000, UTC).date()
        except (ValueError, OverflowError, OSError):
            pass
        self.faults.add(f"{self.name} {at}", "an instant as 2025-03-24T00:00:00Z", shown(moment))
        return None

    def _people(self, unit: Mapping[str, Any], at: str) -> Iterator[tuple[int, str]]:
        for n, entry in enumerate(self._objects(unit, "personnel", at)):
            spot = f"{self.name} {at}.personnel[{n}]"
            count = entry.get("count")
            if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= 10_000_000:
                self.faults.add(f"{spot}.count", "a whole number from 0 to 10000000", shown(count))
            elif name := self._text(entry, "name", spot):
                yield count, name[:1000]

    def _kept(self, unit: Mapping[str, Any], at: str) -> Kept | None:
        if "renkei" not in unit:
            return None
        try:
            return msgspec.convert(unit["renkei"], Kept)
        except msgspec.ValidationError as err:
            self.faults.add(f"{self.name} {at}.renkei", "facts as Renkei wrote them", str(err)[:120])
            return None

    def _text(self, holder: Mapping[str, Any], key: str, at: str) -> str:
        value = holder.get(key)
        if value is None or isinstance(value, str):
            return (value or "").strip()
        self.faults.add(f"{self.name} {at}.{key}", "a text", shown(value))
        return ""

    def _list(self, holder: Mapping[str, Any], key: str, at: str) -> list[Any]:
        value = holder.get(key)
        if value is None or isinstance(value, list):
            return value or []
        self.faults.add(f"{self.name} {at}.{key}", "a list", shown(type(value).__name__))
        return []

    def _objects(self, holder: Mapping[str, Any], key: str, at: str) -> list[Mapping[str, Any]]:
        found = self._list(holder, key, at)
        for n, each in enumerate(found):
            if not isinstance(each, dict):
                self.faults.add(f"{self.name} {at}.{key}[{n}]", "an object", shown(each))
        return [each for each in found if isinstance(each, dict)]


# --- Out ------------------------------------------------------------------------------------------------


def _node(each: Drawn) -> dict[str, Any]:
    node: dict[str, Any] = {
        "id": each.id,
        "name": each.name,
        "shortName": each.code,
        "sidc": _symbol(each),
        "subUnits": [],
        "status": "announced" if each.since else each.status if not each.until else "in force",
        "state": _states(each),
    }
    if each.role:
        node["description"] = each.role
    if each.people:
        node["personnel"] = [{"count": figure, "name": counts} for figure, counts in each.people]
    if each.kept is not None:
        node["renkei"] = msgspec.to_builtins(each.kept)
    return node


def _states(each: Drawn) -> list[dict[str, Any]]:
    days = ((each.since, "in force"), (each.until, "superseded"))
    return [{"id": f"{each.id} {word}", "t": _instant(day), "status": word} for day, word in days if day]


def _symbol(each: Drawn) -> str:
    """A land unit of command and control: friendly, present or planned, with its echelon (APP-6(D))."""
    echelon = next((code for code, level in ECHELONS.items() if level == each.level), "00")
    planned = "1" if each.status == "announced" else "0"
    headquarters = "2" if "command" in each.level or "headquarters" in each.level else "0"
    return f"100310{planned}{headquarters}{echelon}1100000000"


def _instant(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
