"""What an import does to a structure: each fact new, changed or as it was, and whether that is ours to do.

A nation changes its own facts and those it shares: relations and agreements it has an end of, common bodies,
and what is nobody's (functions, duty hours).  A file may hold more, as a whole export does; what it says of
others must then be what is known, or that line is refused.  What a file does not name stays as it is.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from ..plans.model import LISTS, AnyFact, Nation, Ref, Structure, facts_of, ref_of
from ..plans.owners import nations_of
from ..rules import PREFIXES
from .faults import Faults, shown
from .reading import Imported


class Merged(NamedTuple):
    """The structure with the import in it; facts that are new, those that changed, how many did not."""

    structure: Structure
    new: tuple[AnyFact, ...]
    changed: tuple[AnyFact, ...]
    unchanged: int


def nation_of_hq(hq: str) -> str:
    """The nation a headquarters or a country prefix (``us``) speaks for, by the word structures use."""
    prefix = hq.partition(".")[0].upper()
    return next((nation for nation, code in PREFIXES.items() if code == prefix), prefix)


def merge(base: Structure, imported: Imported, nation: str, faults: Faults) -> Merged:
    """What ``nation`` takes from an import.  Raises Faulty with every line that is not its own to change."""
    before = {ref_of(fact): fact for fact in facts_of(base)}
    came = [_said(fact, before.get(ref_of(fact))) for fact in facts_of(imported.structure)]
    after = before | {ref_of(fact): fact for fact in came}
    common = {n.key for s in (base, imported.structure) for n in s.nations if n.shared}
    new: list[AnyFact] = []
    changed: list[AnyFact] = []
    seen: set[Ref] = set()
    for fact in came:
        ref = ref_of(fact)
        if ref in seen:
            faults.add(imported.places[ref], f"each {ref[0]} once", shown(ref[1]))
        seen.add(ref)
        known = before.get(ref)
        if known == fact:
            continue
        (new if known is None else changed).append(fact)
        versions = [_touched(fact, after)] + ([_touched(known, before)] if known else [])
        foreign = [nations for nations in versions if nations and not nations & (common | {nation})]
        if foreign:
            expected = f"a change of {nation}'s own facts or shared ones"
            faults.add(imported.places[ref], expected, f"{shown(ref[1])} of {', '.join(sorted(foreign[0]))}")
    faults.settle()
    known_nations = {n.key for n in base.nations}
    nations = (*base.nations, *(n for n in imported.structure.nations if n.key not in known_nations))
    unchanged = len(came) - len(new) - len(changed)
    return Merged(gathered(nations, after.values()), tuple(new), tuple(changed), unchanged)


def gathered(nations: Iterable[Nation], facts: Iterable[AnyFact]) -> Structure:
    """A structure of these facts."""
    lists: dict[str, list[AnyFact]] = {name: [] for name in LISTS.values()}
    for fact in facts:
        lists[LISTS[ref_of(fact)[0]]].append(fact)
    return Structure(nations=tuple(nations), **{name: tuple(found) for name, found in lists.items()})  # type: ignore[arg-type]


def _said(fact: AnyFact, known: AnyFact | None) -> AnyFact:
    """The fact; by whom it is known to be said, if the file does not tell."""
    return fact if fact.by or known is None else msgspec.structs.replace(fact, by=known.by)


def _touched(fact: AnyFact, facts: Mapping[Ref, AnyFact]) -> set[str]:
    return nations_of(fact, lambda ref: (facts[ref],) if ref in facts else ())


def counted(facts: Iterable[AnyFact]) -> dict[str, int]:
    """How many facts of each kind."""
    counts: dict[str, int] = {}
    for fact in facts:
        kind = ref_of(fact)[0]
        counts[kind] = counts.get(kind, 0) + 1
    return counts
