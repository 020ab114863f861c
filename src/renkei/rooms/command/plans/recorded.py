"""A node's own records as a structure: what this headquarters knows, from which it plans.

Nothing is added that no record says.  Where several headquarters describe one unit or site, our own record is
taken, else the one of the first headquarters by name; relations and claims are all kept, for they may differ.
What is said of a unit's posts and responsibilities is taken from its own nation, if that says anything.
A unit, site, post or function that is named but no record describes is there by its code alone, everything
else unknown.  Functions and legal bases are one by their key; duty hours and posts are each headquarters'
own, and where several use one key for different things, the owner's id stands behind it.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec

from renkei.kernel.records import Record

from .. import records
from ..records import UNKNOWN, Names
from ..rules import check_hours, nation_of_code, relation_key, responsibility_key, speaks_for, strength_key
from .model import (
    FUNCTIONS,
    Function,
    Hours,
    LegalBasis,
    Nation,
    Post,
    Relation,
    Responsibility,
    Site,
    Strength,
    Structure,
    Unit,
)

R = TypeVar("R", bound=Record)
C = TypeVar("C", records.Unit, records.Site)
_OfUnit = records.Post | records.Responsibility

NATIONS = {
    "US": Nation(key="US", names=Names(en="United States", ja="米国")),
    "Japan": Nation(key="Japan", names=Names(en="Japan", ja="日本")),
    "Philippines": Nation(key="Philippines", names=Names(en="Philippines", ja="フィリピン")),
    "Bilateral": Nation(key="Bilateral", names=Names(en="Bilateral", ja="日米共同"), shared=True),
}
"""Nations by the word that reference tables use; any other is named by that word itself."""
_BY_NAME = "Known by its code alone."
COORDINATION = frozenset({"ACM body", "SOFA body", "forum", "standing cell"})
"""Levels whose units bring others together and command nobody."""


def from_records(known: Iterable[Record], hq: str) -> Structure:
    """The structure that these records, newest versions each, come to for the headquarters ``hq``."""
    listed = sorted(known, key=lambda record: (record.owner != hq, record.owner, record.id))
    units, sites = _by_code(_of(listed, records.Unit)), _by_code(_of(listed, records.Site))
    relations, claims = _of(listed, records.Relation), _of(listed, records.Strength)
    whose = {code: unit.nation for code, unit in units.items()}
    listed = _own_word(listed, whose)
    posts = [r for r in _of(listed, records.Post) if _is_code(r.unit_code)]
    answers = _of(listed, records.Responsibility)
    named = {code for r in relations for code in (r.subject_code, r.object_code)}
    named |= {r.unit_code for r in posts} | {r.unit_code for r in answers}
    named |= {r.subject_code for r in claims} - sites.keys()
    spots = {place for r in units.values() if (place := _place(r))}
    spots |= {place for r in posts if (place := _place(r))}
    there = [_unit(r) for r in units.values()] + [_by_name(code) for code in sorted(named - units.keys())]
    names = _Named(listed)
    grounds = [_site(r, names) for r in sites.values()]
    grounds += [_site_by_name(code) for code in sorted(spots - sites.keys())]
    bases = _legal_bases(_of(listed, records.LegalBasis))
    nations = {u.nation for u in there} | {s.nation for s in grounds} | {n for b in bases for n in b.nations}
    return Structure(
        nations=tuple(NATIONS.get(n, Nation(key=n, names=Names(en=n))) for n in sorted(nations)),
        units=tuple(there),
        posts=(*(_post(r, key, names) for key, r in _apart(posts, _code)), *_posts_by_name(answers, names)),
        sites=tuple(grounds),
        hours=tuple(_hours(r, key) for key, r in names.duty),
        functions=tuple(_functions(_of(listed, records.Function), [*posts, *answers])),
        responsibilities=tuple(
            _responsibility(r, key, names) for key, r in _apart(answers, _responsibility_key)
        ),
        legal_bases=tuple(bases),
        relations=tuple(_relation(r, key, names) for key, r in _apart(relations, _relation_key)),
        strengths=tuple(_strength(r, key, sites) for key, r in _apart(claims, _strength_key)),
    )


def _own_word(listed: Sequence[Record], nations: Mapping[str, str]) -> list[Record]:
    """The records without what others say of a unit's posts and responsibilities where its nation does."""

    @cache
    def speaks(owner: str, code: str) -> bool:
        return speaks_for(owner, [nations.get(code, nation_of_code(code))])

    def at_home(r: _OfUnit) -> bool:
        return speaks(r.owner, r.unit_code)

    told = {(r.kind, r.unit_code) for r in listed if isinstance(r, _OfUnit) and at_home(r)}
    return [
        r for r in listed if not isinstance(r, _OfUnit) or (r.kind, r.unit_code) not in told or at_home(r)
    ]


class _Named:
    """What a record means by the keys it gives: its own headquarters' fact first, else the first one's.

    What is named and nobody here says is unknown: its record may not have arrived, or may never be released.
    """

    def __init__(self, listed: Sequence[Record]) -> None:
        hours = _of(listed, records.Hours)
        alike = {_said_of(r): r for r in reversed(hours)}
        self.duty = _apart(list(alike.values()), lambda r: r.key)
        """Duty hours that differ, each with its key."""
        keys = {_said_of(r): key for key, r in self.duty}
        self._hours = _by_owner([(r, keys[_said_of(r)]) for r in hours], lambda r: r.key)
        posts = [r for r in _of(listed, records.Post) if _is_code(r.unit_code)]
        self._posts = _by_owner([(r, key) for key, r in _apart(posts, _code)], _code)
        self._bases = {r.key for r in _of(listed, records.LegalBasis)}

    def hours(self, owner: str, key: str) -> str:
        """The key of the duty hours that ``owner`` calls so."""
        return self._hours.get((owner, key)) or self._hours.get(("", key), UNKNOWN) if key else ""

    def post(self, owner: str, code: str) -> str:
        """The key of the post that ``owner`` calls so; the code itself where no record tells of it."""
        return self._posts.get((owner, code)) or self._posts.get(("", code), code)

    def knows(self, code: str) -> bool:
        """Whether a record tells of a post that somebody calls so."""
        return ("", code) in self._posts

    def bases(self, under: Iterable[str]) -> tuple[str, ...]:
        """Keys of legal bases."""
        return tuple(dict.fromkeys(key if key in self._bases else UNKNOWN for key in under))


def _of(listed: Iterable[Record], kind: type[R]) -> list[R]:
    return [r for r in listed if isinstance(r, kind)]


def _by_owner(keyed: Iterable[tuple[R, str]], key_of: Callable[[R], str]) -> dict[tuple[str, str], str]:
    """Keys of facts by owner and what it calls them; under no owner's name the first one's."""
    found: dict[tuple[str, str], str] = {}
    for record, key in keyed:
        found[record.owner, key_of(record)] = key
        found.setdefault(("", key_of(record)), key)
    return found


def _code(r: records.Post) -> str:
    return r.code


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


def _responsibility_key(r: records.Responsibility) -> str:
    return responsibility_key(r.post_code or r.unit_code, r.function, r.part, r.extent, r.since)


def _said(r: Any) -> dict[str, Any]:
    return {"source": r.source, "confidence": r.confidence, "note": r.note, "by": r.owner}


def _dated(r: Any) -> dict[str, Any]:
    """What a record says of its fact; one that ends before it begins has never held."""
    if r.since and r.until and r.until <= r.since:
        return {"status": "superseded", "basis": r.basis, **_said(r)}
    return {"since": r.since, "until": r.until, "status": r.status, "basis": r.basis, **_said(r)}


def _unit(r: records.Unit) -> Unit:
    return Unit(
        code=r.code,
        names=r.names,
        nation=r.nation,
        level=r.level,
        service=r.service,
        form="coordination body" if r.level in COORDINATION else r.form,
        grade=r.grade,
        order=r.order,
        role=r.role,
        site=_place(r),
        **_dated(r),
    )


def _place(r: records.Unit | records.Post) -> str:
    return r.site_code if _is_code(r.site_code) else ""


def _by_name(code: str) -> Unit:
    return Unit(code=code, names=Names(en=code), nation=nation_of_code(code), note=_BY_NAME)


def _site_by_name(code: str) -> Site:
    return Site(code=code, names=Names(en=code), nation=nation_of_code(code), note=_BY_NAME)


def _post(r: records.Post, key: str, names: _Named) -> Post:
    return Post(
        code=key,
        unit=r.unit_code,
        names=r.names,
        holder=r.holder,
        functions=r.functions,
        officers=r.officers,
        grade=r.grade,
        hours=names.hours(r.owner, r.hours),
        site=_place(r),
        **_dated(r),
    )


def _posts_by_name(answers: Iterable[records.Responsibility], names: _Named) -> Iterator[Post]:
    """The posts that responsibilities name and no record describes."""
    told: set[str] = set()
    for r in answers:
        if r.post_code and not names.knows(r.post_code) and r.post_code not in told:
            told.add(r.post_code)
            known = Names(en=r.post_code)
            yield Post(code=r.post_code, unit=r.unit_code, names=known, officers=UNKNOWN, note=_BY_NAME)


def _site(r: records.Site, names: _Named) -> Site:
    return Site(
        code=r.code,
        names=r.names,
        nation=r.nation,
        utc_offset=r.utc_offset,
        hours=names.hours(r.owner, r.hours) or UNKNOWN,
        **_said(r),
    )


def _hours(r: records.Hours, key: str) -> Hours:
    hours = Hours(key=key, spans=r.spans, zone=r.zone, off=r.off, **_dated(r))
    if check_hours(r.spans, r.zone, r.off) is None:
        return hours
    # A partner's, of days, times or a zone that there are not, or not here.
    return msgspec.structs.replace(hours, spans=UNKNOWN, zone="", off=())


def _said_of(r: records.Hours) -> tuple[object, ...]:
    """What two headquarters' duty hours are alike by."""
    return r.key, r.spans, r.zone, r.off


def _functions(
    listed: Sequence[records.Function], users: Iterable[records.Post | records.Responsibility]
) -> Iterator[Function]:
    """Those that records describe, our own word first, and those that are only named."""
    found: dict[str, Function] = {}
    for r in listed:
        found.setdefault(r.key, Function(key=r.key, names=r.names, **_dated(r)))
    for user in users:
        for key in user.functions if isinstance(user, records.Post) else (user.function,):
            if key not in FUNCTIONS:
                found.setdefault(key, Function(key=key, names=Names(en=key), note=_BY_NAME))
    return iter(dict(sorted(found.items())).values())


def _legal_bases(listed: Sequence[records.LegalBasis]) -> list[LegalBasis]:
    found: dict[str, LegalBasis] = {}
    for r in listed:
        found.setdefault(r.key, LegalBasis(key=r.key, names=r.names, nations=r.nations, **_dated(r)))
    return list(dict(sorted(found.items())).values())


def _responsibility(r: records.Responsibility, key: str, names: _Named) -> Responsibility:
    return Responsibility(
        key=key,
        subject=names.post(r.owner, r.post_code) if r.post_code else r.unit_code,
        subject_kind="post" if r.post_code else "unit",
        function=r.function,
        part=r.part,
        extent=r.extent,
        under=names.bases(r.under),
        **_dated(r),
    )


def _relation(r: records.Relation, key: str, names: _Named) -> Relation:
    return Relation(
        key=key,
        relation=r.relation,
        subject=r.subject_code,
        object=r.object_code,
        under=names.bases(r.under),
        **_dated(r),
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
