"""A node's own records as a structure: what this headquarters knows, from which it plans.

Nothing is added that no record says.  Where several headquarters describe one unit or site, our own record is
taken, else the one of the first headquarters by name; relations and claims are all kept, for they may differ.
A unit or site that is named but no record describes is there by its code alone, everything else unknown.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from renkei.kernel.records import Record

from .. import records
from ..records import Names
from ..rules import relation_key, strength_key
from .model import UNKNOWN, Nation, Post, Relation, Site, Strength, Structure, Unit

R = TypeVar("R", bound=Record)
C = TypeVar("C", records.Unit, records.Site)

NATIONS = {
    "US": Nation(key="US", names=Names(en="United States", ja="米国")),
    "Japan": Nation(key="Japan", names=Names(en="Japan", ja="日本")),
    "Philippines": Nation(key="Philippines", names=Names(en="Philippines", ja="フィリピン")),
    "Bilateral": Nation(key="Bilateral", names=Names(en="Bilateral", ja="日米共同"), shared=True),
}
"""Nations by the word that reference tables use; any other is named by that word itself."""
_BY_NAME = "Known by its code alone."
_PREFIXES = {"US": "US", "JP": "Japan", "PH": "Philippines", "BI": "Bilateral"}
COORDINATION = frozenset({"ACM body", "SOFA body", "forum", "standing cell"})
"""Levels whose units bring others together and command nobody."""


def from_records(known: Iterable[Record], hq: str) -> Structure:
    """The structure that these records, newest versions each, come to for the headquarters ``hq``."""
    listed = sorted(known, key=lambda record: (record.owner != hq, record.owner, record.id))
    units = _by_code(r for r in listed if isinstance(r, records.Unit))
    sites = _by_code(r for r in listed if isinstance(r, records.Site))
    relations = [r for r in listed if isinstance(r, records.Relation)]
    posts = [r for r in listed if isinstance(r, records.Post) and _is_code(r.unit_code)]
    claims = [r for r in listed if isinstance(r, records.Strength)]
    named = {code for r in relations for code in (r.subject_code, r.object_code)}
    named |= {r.unit_code for r in posts} | {r.subject_code for r in claims} - sites.keys()
    placed = {r.site_code for r in units.values() if _is_code(r.site_code)} - sites.keys()
    there = [_unit(r) for r in units.values()] + [_by_name(code) for code in sorted(named - units.keys())]
    grounds = [_site(r) for r in sites.values()] + [_site_by_name(code) for code in sorted(placed)]
    nations = {u.nation for u in there} | {s.nation for s in grounds}
    return Structure(
        nations=tuple(NATIONS.get(n, Nation(key=n, names=Names(en=n))) for n in sorted(nations)),
        units=tuple(there),
        posts=tuple(_post(r, key) for key, r in _apart(posts, lambda r: r.code)),
        sites=tuple(grounds),
        relations=tuple(_relation(r, key) for key, r in _apart(relations, _relation_key)),
        strengths=tuple(_strength(r, key, sites) for key, r in _apart(claims, _strength_key)),
    )


def _is_code(text: str) -> bool:
    """A post and a unit may name a unit or site by any text; only a code can be somebody's."""
    return re.match(records.CODE_PATTERN, text) is not None


def _by_code(listed: Iterable[C]) -> dict[str, C]:
    found: dict[str, C] = {}
    for record in listed:
        found.setdefault(record.code, record)
    return dict(sorted(found.items()))


def _apart(listed: Sequence[R], key_of: Callable[[R], str]) -> list[tuple[str, R]]:
    """Each with its key; those that several headquarters wrote have its owner's id behind it."""
    often = Counter(key_of(record) for record in listed)
    keyed = [(key, r) for r in listed if (key := key_of(r))]
    return sorted((f"{key} ({r.owner})" if often[key] > 1 else key, r) for key, r in keyed)


def _relation_key(r: records.Relation) -> str:
    return relation_key(r.relation, r.subject_code, r.object_code, r.since)


def _strength_key(r: records.Strength) -> str:
    return strength_key(r.subject_code, r.counts, r.basis, r.as_of, r.source)


def _said(r: Any) -> dict[str, Any]:
    return {"source": r.source, "confidence": r.confidence, "note": r.note, "by": r.owner}


def _unit(r: records.Unit) -> Unit:
    return Unit(
        code=r.code,
        names=r.names,
        nation=r.nation,
        level=r.level,
        service=r.service,
        form="coordination body" if r.level in COORDINATION else "unit",
        role=r.role,
        site=r.site_code if _is_code(r.site_code) else "",
        status=r.status,
        **_said(r),
    )


def _nation(code: str) -> str:
    prefix = code.partition("-")[0]
    return _PREFIXES.get(prefix, prefix)


def _by_name(code: str) -> Unit:
    return Unit(code=code, names=Names(en=code), nation=_nation(code), note=_BY_NAME)


def _site_by_name(code: str) -> Site:
    return Site(code=code, names=Names(en=code), nation=_nation(code), note=_BY_NAME)


def _post(r: records.Post, key: str) -> Post:
    return Post(code=key, unit=r.unit_code, names=r.names, holder=UNKNOWN, officers=UNKNOWN, **_said(r))


def _site(r: records.Site) -> Site:
    return Site(code=r.code, names=r.names, nation=r.nation, **_said(r))


def _relation(r: records.Relation, key: str) -> Relation:
    return Relation(
        key=key,
        relation=r.relation,
        subject=r.subject_code,
        object=r.object_code,
        since=r.since,
        until=r.until,
        status=r.status,
        basis=r.basis,
        **_said(r),
    )


def _strength(r: records.Strength, key: str, sites: Mapping[str, records.Site]) -> Strength:
    return Strength(
        key=key,
        subject=r.subject_code,
        subject_kind="site" if r.subject_code in sites else "unit",
        figure=r.figure,
        counts=r.counts,
        claimed=r.basis,
        as_of=r.as_of,
        **_said(r),
    )
