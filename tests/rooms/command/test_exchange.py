"""What an import may change: one's own nation's facts and shared ones, line by line, else nothing at all."""

from typing import Any

import msgspec
import pytest

from edges.formats.structures import small
from renkei.kernel.errors import Faulty
from renkei.rooms.command.exchange import Faults, Imported, Merged, counted, merge, nation_of_hq
from renkei.rooms.command.plans import Relation, Structure, Unit, facts_of, ref_of
from renkei.rooms.command.records import Names


def imported(structure: Structure) -> Imported:
    return Imported(
        structure, {ref_of(fact): f"o.csv row {n}" for n, fact in enumerate(facts_of(structure), 2)}
    )


def merged(structure: Structure, nation: str = "US") -> Merged:
    return merge(small(), imported(structure), nation, Faults("import.faults"))


def with_(unit: str, **changes: Any) -> Structure:
    units = tuple(msgspec.structs.replace(u, **changes) if u.code == unit else u for u in small().units)
    return msgspec.structs.replace(small(), units=units)


def test_what_is_imported_as_it_was_changes_nothing() -> None:
    found = merged(small())
    assert (found.structure, found.new, found.changed, found.unchanged) == (
        small(),
        (),
        (),
        len(facts_of(small())),
    )


def test_own_facts_change_and_what_the_file_does_not_name_stays() -> None:
    unit = Unit(code="US-NEW", names=Names(en="New"), nation="US")
    changed = msgspec.structs.replace(small().units[0], level="joint headquarters")
    found = merged(Structure(nations=small().nations, units=(unit, changed)))
    assert (found.new, found.changed) == ((unit,), (changed,))
    assert {u.code for u in found.structure.units} == {u.code for u in small().units} | {"US-NEW"}
    assert found.structure.posts == small().posts
    assert counted(found.new) == {"unit": 1}


def test_what_is_another_nations_is_refused_line_by_line() -> None:
    units = tuple(msgspec.structs.replace(u, note="ours now") for u in small().units)
    with pytest.raises(Faulty) as caught:
        merged(msgspec.structs.replace(small(), units=units))
    assert [(f.where, f.came) for f in caught.value.faults] == [
        ("o.csv row 4", "'JP-HQ' of Japan"),
        ("o.csv row 5", "'JP-ARMY' of Japan"),
    ]
    assert caught.value.faults[0].expected == "a change of US's own facts or shared ones"


def test_a_unit_cannot_be_taken_over_by_giving_it_another_nation() -> None:
    with pytest.raises(Faulty, match="'JP-HQ' of Japan"):
        merged(with_("JP-HQ", nation="US"))
    with pytest.raises(Faulty, match="'US-HQ' of Japan"):
        merged(with_("US-HQ", nation="Japan"))


def test_posts_relations_and_claims_are_those_of_their_units() -> None:
    posts = tuple(msgspec.structs.replace(p, note="x") for p in small().posts)
    with pytest.raises(Faulty) as caught:
        merged(msgspec.structs.replace(small(), posts=posts))
    assert [f.came for f in caught.value.faults] == ["'JP-HQ.chief' of Japan"]
    relation = Relation(key="new", relation="command", subject="JP-ARMY", object="JP-HQ")
    with pytest.raises(Faulty, match="'new' of Japan"):
        merged(Structure(nations=small().nations, relations=(relation,)))


def test_shared_interfaces_are_either_nations_to_change() -> None:
    shared = Relation(key="new", relation="liaison", subject="US-HQ", object="JP-HQ")
    cell = msgspec.structs.replace(small().units[-1], note="meets weekly")
    given = Structure(nations=small().nations, units=(cell,), relations=(shared,))
    for nation in ("US", "Japan"):
        found = merged(given, nation)
        assert (found.new, found.changed) == ((shared,), (cell,))


def test_who_said_it_stays_if_the_file_does_not_tell() -> None:
    base = with_("US-HQ", by="us.usfj")
    found = merge(base, imported(small()), "US", Faults("import.faults"))
    assert found.changed == ()


def test_a_headquarters_speaks_for_its_nation() -> None:
    assert [nation_of_hq(hq) for hq in ("us.usfj", "jp.jjoc", "ph.afp", "us")] == [
        "US",
        "Japan",
        "Philippines",
        "US",
    ]
