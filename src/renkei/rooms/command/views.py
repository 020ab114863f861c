"""The order of battle as it is asserted: units by code, their site, parents, children, counterparts."""

from collections.abc import Iterable, Sequence

import apsw
import msgspec

from renkei.kernel.desk import Desk
from renkei.kernel.errors import BadInput
from renkei.kernel.records import Record
from renkei.kernel.seen import Seen, look, look_all
from renkei.kernel.views import Folded, View

from .plans.model import Structure
from .plans.recorded import from_records
from .records import (
    Function,
    Headquarters,
    Hours,
    LegalBasis,
    Post,
    Relation,
    Responsibility,
    Site,
    Strength,
    Unit,
)
from .rules import in_force, relation_key, responsibility_key, strength_key

MAX_RELATIONS = 1_000
"""Relations shown with one unit; the largest public chart has some twenty."""
MAX_KNOWN = 250_000
"""Records read at once as a structure: 100,000 posts with their units and relations, a second or two."""


FACTS = (
    "unit",
    "post",
    "site",
    "relation",
    "strength",
    "function",
    "responsibility",
    "hours",
    "legal-basis",
)
"""Kinds of records that make a structure."""


class CommandView:
    """What this room's records are called by, and which units a relation joins."""

    name = "command"
    version = 3
    schema = """
CREATE TABLE command_names (
    row INTEGER PRIMARY KEY, label INTEGER NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL,
    kind TEXT NOT NULL, name TEXT NOT NULL
) STRICT;
CREATE INDEX command_names_by_name ON command_names (name, kind);
CREATE INDEX command_names_by_owner ON command_names (owner, kind);
CREATE TABLE command_relations (
    row INTEGER PRIMARY KEY, label INTEGER NOT NULL, id TEXT NOT NULL, subject TEXT NOT NULL,
    object TEXT NOT NULL
) STRICT;
CREATE INDEX command_relations_by_subject ON command_relations (subject);
CREATE INDEX command_relations_by_object ON command_relations (object);
"""
    kinds = frozenset({"headquarters", *FACTS})

    def fold(self, db: apsw.Cursor, batch: Sequence[Folded]) -> None:
        """Replace the rows of every record of which this is the newest version."""
        newest = [f for f in batch if f.newest and isinstance(f.record, Record)]
        names = [(f.row, f.label, *_named(f.record)) for f in newest if isinstance(f.record, Record)]
        relations = [
            (f.row, f.label, r.id, r.subject_code, r.object_code)
            for f in newest
            if isinstance(r := f.record, Relation)
        ]
        if names:
            db.executemany("INSERT OR REPLACE INTO command_names VALUES (?,?,?,?,?,?)", names)
        if relations:
            db.executemany("INSERT OR REPLACE INTO command_relations VALUES (?,?,?,?,?)", relations)


VIEWS: tuple[View, ...] = (CommandView(),)


def _named(record: Record) -> tuple[str, str, str, str]:
    return record.id, record.owner, record.kind, name_of(record)


def name_of(record: Record) -> str:
    """What a record of this room is found by: its code or key, its HQ id, a relation's ends, what a claim
    counts, whose a responsibility is and for what.
    """
    if isinstance(record, Relation):
        return relation_key(record.relation, record.subject_code, record.object_code, record.since)
    if isinstance(record, Strength):
        return strength_key(record.subject_code, record.counts, record.basis, record.as_of, record.source)
    if isinstance(record, Responsibility):
        subject = record.post_code or record.unit_code
        return responsibility_key(subject, record.function, record.part, record.extent, record.since)
    if isinstance(record, Function | Hours | LegalBasis):
        return record.key
    if isinstance(record, Headquarters):
        return record.hq
    return record.code if isinstance(record, Unit | Site | Post) else ""


class Related(msgspec.Struct, frozen=True, kw_only=True):
    """A relation, the unit at its other end if a record of it is known, and whether it holds today."""

    relation: Seen[Relation]
    unit: Seen[Unit] | None
    in_force: bool


class UnitView(msgspec.Struct, frozen=True, kw_only=True):
    """A unit with what is asserted about it, by anyone, as far as the reader may see."""

    seen: Seen[Unit]
    site: Seen[Site] | None
    parents: tuple[Related, ...]
    children: tuple[Related, ...]
    counterparts: tuple[Related, ...]


def own_names(desk: Desk, kinds: Iterable[str]) -> dict[tuple[str, str], str]:
    """Ids of this headquarters' own records of these kinds, by (kind, name)."""
    found = desk.views.rows(
        "SELECT kind, name, id FROM command_names WHERE {visible} AND owner = ? "
        "AND kind IN (SELECT value FROM json_each(?)) ORDER BY row",
        (desk.hq, msgspec.json.encode(list(kinds)).decode()),
    )
    return {(kind, name): str(id_) for kind, name, id_ in found}


def by_code(desk: Desk, kind: type[Unit] | type[Site], codes: Iterable[str]) -> dict[str, Seen[Unit | Site]]:
    """Records of that kind by code; of several with one code, this headquarters' own goes first."""
    found = desk.views.rows(
        "SELECT name, id, owner FROM command_names WHERE {visible} AND kind = ? "
        "AND name IN (SELECT value FROM json_each(?)) ORDER BY row DESC",
        (str(kind.__struct_config__.tag), msgspec.json.encode(sorted(set(codes))).decode()),
    )
    ids = {name: id_ for name, id_, owner in sorted(found, key=lambda row: row[2] == desk.hq)}
    seen = {s.record.id: s for s in look_all(desk.views, list(ids.values()), kind)}
    return {name: seen[id_] for name, id_ in ids.items() if id_ in seen}


def unit_view(desk: Desk, record_id: str) -> UnitView | None:
    """One unit with its site and relations; None if there is none that this person may see."""
    seen = look(desk.views, record_id, Unit)
    if seen is None:
        return None
    code = seen.record.code
    found = desk.views.rows(
        "SELECT id FROM command_relations WHERE {visible} AND (subject = ?1 OR object = ?1) LIMIT ?2",
        (code, MAX_RELATIONS),
    )
    relations = look_all(desk.views, [str(id_) for (id_,) in found], Relation)
    ends = {c for r in relations for c in (r.record.subject_code, r.record.object_code)} - {code}
    units = by_code(desk, Unit, ends)
    related = [_related(desk, code, relation, units) for relation in relations]
    sites = by_code(desk, Site, [seen.record.site_code])
    site = next((s for s in sites.values() if isinstance(s.record, Site)), None)
    return UnitView(
        seen=seen,
        site=site,  # type: ignore[arg-type]
        parents=tuple(r for r in related if _is(r, "subject", code) and not _counterpart(r)),
        children=tuple(r for r in related if _is(r, "object", code) and not _counterpart(r)),
        counterparts=tuple(r for r in related if _counterpart(r)),
    )


def known(desk: Desk) -> list[Seen[Record]]:
    """Everything of which a structure is made that this person may see, by anyone."""
    found = desk.views.rows(
        "SELECT id FROM command_names WHERE {visible} "
        "AND kind IN (SELECT value FROM json_each(?)) ORDER BY row LIMIT ?",
        (msgspec.json.encode(FACTS).decode(), MAX_KNOWN + 1),
    )
    if len(found) > MAX_KNOWN:
        raise BadInput("structure.size", f"at most {MAX_KNOWN} records that make a structure", "more")
    return look_all(desk.views, [str(id_) for (id_,) in found], Record)


def structure_of(desk: Desk, of: Sequence[Seen[Record]] | None = None) -> Structure:
    """The structure that these records come to (default: all that are ``known``), as far as the person may
    see.

    Raises BadInput (``structure.size``).
    """
    return from_records((seen.record for seen in (known(desk) if of is None else of)), desk.hq)


def _related(desk: Desk, code: str, relation: Seen[Relation], units: dict[str, Seen[Unit | Site]]) -> Related:
    record = relation.record
    other = record.object_code if record.subject_code == code else record.subject_code
    today = desk.clock.now().date()
    return Related(
        relation=relation,
        unit=units.get(other),  # type: ignore[arg-type]
        in_force=in_force(record.status, record.since, record.until, today),
    )


def _is(related: Related, end: str, code: str) -> bool:
    return bool(getattr(related.relation.record, f"{end}_code") == code)


def _counterpart(related: Related) -> bool:
    return related.relation.record.relation == "counterpart"
