"""Two structures side by side: what was added, ended, moved, renamed, re-authorised or otherwise amended.

Facts are compared by kind and key.  A relation that takes another's place for the same subject, of the same
kind and of whatever key, is a move; so is a unit, post or site that is elsewhere.  Lines come in one order:
by kind of fact as in a structure, then by key.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from .model import FACT_KINDS, AnyFact, FactKind, Ref, Relation, Responsibility, Structure, facts_of, ref_of
from .timeline import Branch, Timeline

Word = Literal["added", "ended", "moved", "renamed", "re-authorised", "amended"]
_MOVES: dict[str, frozenset[str]] = {
    "unit": frozenset({"site"}),
    "post": frozenset({"unit", "site"}),
    "relation": frozenset({"object"}),
}
_AUTHORITY: dict[str, frozenset[str]] = {
    "relation": frozenset({"relation", "under"}),
    "responsibility": frozenset({"subject", "subject_kind", "function", "part", "extent", "under"}),
    "post": frozenset({"functions"}),
}
SAID = frozenset({"source", "confidence", "basis", "note", "by", "since", "until", "status"})
"""Fields that say how something is known and when it holds, not what it is."""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One difference; ``fields`` gives the values before and after, None where there is none.

    ``instead`` is the key of the relation whose place it took.
    """

    word: Word
    kind: FactKind
    key: str
    fields: dict[str, tuple[Any, Any]] = {}
    instead: str = ""
    before: AnyFact | None = None
    after: AnyFact | None = None


def diff(before: Mapping[Ref, AnyFact], after: Mapping[Ref, AnyFact]) -> list[Line]:
    """Every difference between two sets of facts."""
    ended = [before[ref] for ref in before.keys() - after.keys()]
    added = [after[ref] for ref in after.keys() - before.keys()]
    both = ((before[ref], fact) for ref, fact in after.items() if ref in before)
    lines = [_changed(old, new) for old, new in both if old is not new and old != new]
    lines += _replaced(ended, added)
    return sorted(lines, key=lambda line: (FACT_KINDS.index(line.kind), line.key, line.word))


def between(timeline: Timeline, one: tuple[Branch, int], other: tuple[Branch, int]) -> list[Line]:
    """The differences from a moment of a branch to another of the same or another branch.

    Only facts to which something happens in a plan can differ, so only those are compared.
    """
    return diff(*(_moving(timeline, branch, moment) for branch, moment in (one, other)))


def facts(structure: Structure) -> dict[Ref, AnyFact]:
    """All facts of a structure, whenever they hold."""
    return {ref_of(fact): fact for fact in facts_of(structure)}


def _moving(timeline: Timeline, branch: Branch, moment: int) -> dict[Ref, AnyFact]:
    found = dict(timeline.moving)
    for op in timeline.ops_in(branch):
        if op.at > moment:
            break
        fact = op.result(found.pop(op.ref, None))
        if fact is not None:
            found[op.ref] = fact
    return found


def _changed(old: AnyFact, new: AnyFact) -> Line:
    kind, key = ref_of(new)
    fields = {
        name: (was, now)
        for name in new.__struct_fields__
        if (was := getattr(old, name)) != (now := getattr(new, name))
    }
    return Line(word=_word(kind, fields.keys()), kind=kind, key=key, fields=fields, before=old, after=new)


def _word(kind: str, fields: Iterable[str]) -> Word:
    """What to call it: the weightiest of its changes."""
    changed = set(fields) - SAID
    if changed & _MOVES.get(kind, frozenset()):
        return "moved"
    if changed & _AUTHORITY.get(kind, frozenset()):
        return "re-authorised"
    return "renamed" if changed == {"names"} else "amended"


def _replaced(ended: list[AnyFact], added: list[AnyFact]) -> list[Line]:
    """Facts that went and came: a relation or responsibility that took another's place is one line."""
    went: dict[tuple[str, ...], list[AnyFact]] = {}
    for fact in sorted(ended, key=ref_of):
        if place := _place(fact):
            went.setdefault(place, []).append(fact)
    lines, gone = [], set()
    for new in sorted(added, key=ref_of):
        place = _place(new)
        if place and went.get(place):
            old = went[place].pop(0)
            gone.add(ref_of(old))
            line = _changed(old, new)
            fields = {name: pair for name, pair in line.fields.items() if name != "key"}
            word: Word = "moved" if isinstance(new, Relation) else "re-authorised"
            lines.append(msgspec.structs.replace(line, word=word, fields=fields, instead=ref_of(old)[1]))
        else:
            kind, key = ref_of(new)
            lines.append(Line(word="added", kind=kind, key=key, after=new))
    left = ((ref_of(old), old) for old in ended)
    lines += [
        Line(word="ended", kind=k, key=key, before=old) for (k, key), old in left if (k, key) not in gone
    ]
    return lines


def _place(fact: AnyFact) -> tuple[str, ...]:
    """What of two relations or responsibilities makes one the other's successor; empty for other facts."""
    match fact:
        case Relation() if fact.relation != "counterpart":
            return "relation", fact.relation, fact.subject
        case Responsibility():
            return "responsibility", fact.function, fact.part, fact.extent
    return ()
