"""What plans brought about, written into this headquarters' own records for those who have no plans."""

from datetime import date
from typing import Any

import msgspec

from renkei.kernel.desk import Desk
from renkei.kernel.drafting import append, revise
from renkei.kernel.errors import Refused
from renkei.kernel.labels.model import Label
from renkei.kernel.people import Permission
from renkei.kernel.records import Record
from renkei.kernel.seen import look_all

from .. import records
from ..plans.model import UNKNOWN, AnyFact, Post, Ref, Relation, Strength, Unit, facts_of, ref_of
from ..rules import nations_of
from ..views import name_of, own_names
from .effect import Effect
from .reading import InForce, structure_in_force

_HELD = ("unit", "post", "relation", "strength")
"""Facts that records of this room can say; the others stay in the plans."""


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What was written, how many records said it already, and what no record can say."""

    written: tuple[str, ...]
    unchanged: int
    left: tuple[str, ...]


def apply_plans(desk: Desk, label: Label, day: date | None = None) -> Applied | Refused:
    """Write what plans in force say of our own nation's facts, all of it in one append.

    Writing again writes nothing.  New records carry ``label``; others keep the one they have.
    """
    if refused := desk.person.refuse(Permission.COMMAND_WRITE) or desk.policies.validate(label):
        return refused
    today = desk.clock.now().date()
    found = structure_in_force(desk, min(day or today, today))
    applying = _Applying(desk, label.canonical(), found)
    for ref, effect in found.said.items():
        applying.take(ref, effect)
    if applying.records:
        append(desk, applying.records)
    return Applied(
        written=tuple(r.id for r in applying.records), unchanged=applying.unchanged, left=tuple(applying.left)
    )


class _Applying:
    def __init__(self, desk: Desk, label: Label, found: InForce) -> None:
        self.desk, self.label, self.found = desk, label, found
        self.now = desk.clock.now()
        self.before = {ref_of(f): f for f in facts_of(found.structure)}
        names = own_names(desk, _HELD)
        by_id = {s.record.id: s.record for s in look_all(desk.views, list(names.values()), Record)}
        self.own = {key: by_id[id_] for key, id_ in names.items() if id_ in by_id}
        self.nations = set(nations_of(desk.hq))
        self.records: list[Record] = []
        self.unchanged = 0
        self.left: list[str] = []

    def take(self, ref: Ref, effect: Effect) -> None:
        """Bring our record of that fact to what is now in force."""
        fact = self.found.facts.get(ref)
        said = fact or self.before.get(ref)
        if said is None or not self._ours(said):
            return
        if ref[0] not in _HELD:
            self.left.append(f"{ref[0]} {ref[1]}")
            return
        made = self._ended(ref, said, effect) if fact is None else self._saying(fact, effect)
        if made is None:
            self.left.append(f"{ref[0]} {ref[1]}")
            return
        kind, fields = made
        self._put(kind, fields)

    def _ours(self, fact: AnyFact) -> bool:
        unit = {Post: "unit", Relation: "subject", Strength: "subject", Unit: "code"}.get(type(fact))
        if unit is None:
            return fact.by in {"", self.desk.hq}
        code = getattr(fact, unit)
        known = self.found.facts.get(("unit", code)) or self.before.get(("unit", code))
        return isinstance(known, Unit) and known.nation in self.nations

    def _saying(self, fact: AnyFact, effect: Effect) -> tuple[type[Record], dict[str, Any]] | None:
        said = {"source": fact.source or f"plan {effect.plan}", "confidence": fact.confidence}
        match fact:
            case Unit():
                same = ("code", "names", "nation", "level", "service", "role")
                fields = {name: getattr(fact, name) for name in same}
                return records.Unit, {**fields, **said, "site_code": fact.site, "status": "in force"}
            case Post():
                return records.Post, {"code": fact.code, "names": fact.names, "unit_code": fact.unit, **said}
            case Relation():
                since = fact.since or (effect.on if ref_of(fact) not in self.before else None)
                ends = {"subject_code": fact.subject, "object_code": fact.object}
                return records.Relation, {
                    "relation": fact.relation, **ends, "since": since, "until": fact.until,
                    "status": "in force", "basis": fact.basis, **said,
                }  # fmt: skip
            case Strength() if fact.figure != UNKNOWN and fact.subject_kind != "nation":
                return records.Strength, {
                    "subject_code": fact.subject, "figure": fact.figure, "counts": fact.counts,
                    "basis": fact.claimed, "as_of": fact.as_of, **said,
                }  # fmt: skip
        return None

    def _ended(self, ref: Ref, fact: AnyFact, effect: Effect) -> tuple[type[Record], dict[str, Any]] | None:
        made = self._saying(fact, effect)
        if made is None or not isinstance(fact, Unit | Relation):
            return None
        kind, fields = made
        if isinstance(fact, Relation):
            fields |= {"since": fact.since, "until": effect.on}
        return kind, {**fields, "status": "superseded"}

    def _put(self, kind: type[Record], fields: dict[str, Any]) -> None:
        header: dict[str, Any] = {
            "id": self.desk.new_id(self.now),
            "realm": self.desk.realm,
            "label": self.label,
            "at": self.now,
            "by": self.desk.person.post,
        }
        made = kind(**header, **fields)
        before = self.own.get((made.kind, name_of(made)))
        if before is None:
            self.records.append(made)
        elif any(getattr(before, name) != value for name, value in fields.items()):
            self.records.append(revise(self.desk, before, self.now, **fields))
        else:
            self.unchanged += 1
