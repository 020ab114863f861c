"""What plans brought about, written into this headquarters' own records for those who have no plans."""

from datetime import date
from typing import Any, NamedTuple

import msgspec

from renkei.kernel.desk import Desk
from renkei.kernel.drafting import append, revise
from renkei.kernel.errors import Refused
from renkei.kernel.labels.model import Label
from renkei.kernel.people import Permission
from renkei.kernel.records import Record
from renkei.kernel.seen import look_all

from ..exchange import Known, named_by, saying_of
from ..plans.model import Add, AnyFact, Post, Ref, Relation, facts_of, ref_of
from ..plans.owners import nations_of as touched_by
from ..records import Site, Unit
from ..rules import nations_of
from ..views import FACTS, by_code, name_of, own_names
from .effect import Effect
from .reading import InForce, structure_in_force


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
        self.desk, self.label, self.facts = desk, label, found.facts
        self.now = desk.clock.now()
        self.before = {ref_of(f): f for f in facts_of(found.structure)}
        names = own_names(desk, FACTS)
        by_id = {s.record.id: s.record for s in look_all(desk.views, list(names.values()), Record)}
        self.own = {key: by_id[id_] for key, id_ in names.items() if id_ in by_id}
        self.known = self._known()
        self.nations = set(nations_of(desk.hq))
        self.records: list[Record] = []
        self.unchanged = 0
        self.left: list[str] = []

    def take(self, ref: Ref, effect: Effect) -> None:
        """Bring our records of that fact to what is now in force."""
        before, now = self.before.get(ref), self.facts.get(ref)
        old = self._record(before, effect) if before is not None else None
        new = self._record(now, effect) if now is not None else None
        same = old is not None and new is not None and old.name == new.name
        if new is not None and now is not None:
            added = before is None or not same or isinstance(effect.change, Add)
            began = msgspec.structs.replace(now, since=effect.on if added else now.since)
            new = self._record(began, effect)
        if old is None and new is None and self._ours(now or before, effect):
            self.left.append(f"{ref[0]} {ref[1]}")
        if old is not None and not same:
            self._end(ref, old, effect)
        if new is not None:
            self._put(new)

    def _known(self) -> Known:
        """What our records name: units and sites by code, the units of posts."""
        facts = (*self.before.values(), *self.facts.values())
        posts = {fact.code: fact.unit for fact in facts if isinstance(fact, Post)}
        codes, ids = named_by(facts), dict[str, str]()
        for kind in (Site, Unit):
            ids |= {code: seen.record.id for code, seen in by_code(self.desk, kind, codes).items()}
        sites = {r.code: r for r in self.own.values() if isinstance(r, Site)}
        return Known(self.desk.hq, ids, sites, posts)

    def _ours(self, fact: AnyFact | None, effect: Effect) -> bool:
        """Whether it is our nation's to say: a relation by its subject, what is nobody's by who signed."""
        if isinstance(fact, Relation):
            fact = next(iter(self._versions(("unit", fact.subject))), None)
        touched = touched_by(fact, self._versions) if fact is not None else set()
        return not self.nations.isdisjoint(touched or effect.nations)

    def _versions(self, ref: Ref) -> list[AnyFact]:
        known = self.facts.get(ref) or self.before.get(ref)
        return [known] if known is not None else []

    def _record(self, fact: AnyFact, effect: Effect) -> "_Made | None":
        """Our record that says the fact; None if it is not ours to say, or no record can."""
        if not self._ours(fact, effect):
            return None
        said = msgspec.structs.replace(fact, source=fact.source or f"plan {effect.plan}", status="in force")
        saying = saying_of(said, self.known)
        if saying is None:
            return None
        kind, fields = saying
        header: dict[str, Any] = {
            "id": self.desk.new_id(self.now),
            "realm": self.desk.realm,
            "label": self.label,
            "at": self.now,
            "by": self.desk.person.post,
        }
        return _Made(kind(**header, **fields), fields)

    def _end(self, ref: Ref, old: "_Made", effect: Effect) -> None:
        """Our record of what no longer holds says since when, if its kind can."""
        if "until" not in old.fields:
            self.left.append(f"{ref[0]} {ref[1]}")
        elif old.name in self.own:
            self._put(old._replace(fields={**old.fields, "until": effect.on, "status": "superseded"}))

    def _put(self, made: "_Made") -> None:
        """New, in its next version, or as it was."""
        before = self.own.get(made.name)
        if before is None:
            self.records.append(made.record)
        elif any(getattr(before, name) != value for name, value in made.fields.items()):
            self.records.append(revise(self.desk, before, self.now, **made.fields))
        else:
            self.unchanged += 1


class _Made(NamedTuple):
    """A record as a fact would have it, and the fields of it that the fact speaks of."""

    record: Record
    fields: dict[str, Any]

    @property
    def name(self) -> tuple[str, str]:
        """What it is found by."""
        return self.record.kind, name_of(self.record)
