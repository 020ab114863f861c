"""A third headquarters, with a logistics agreement and no secrets agreement: what reaches it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from renkei.kernel.labels.model import Category, Label
from renkei.kernel.log.base import Draft
from renkei.kernel.people import Role
from renkei.kernel.views import dump
from renkei.node.recalling import confirmation
from renkei.rooms.coordination import IncidentIn, RequestIn, open_incident, send_request
from renkei.rooms.release import (
    EndIn,
    Onward,
    OnwardIn,
    Purge,
    agreements,
    end_agreement,
    pass_on,
    purges_of,
    recall,
)
from world import World
from world.world import done

USFJ, JJOC, AFP = "us.usfj", "jp.jjoc", "ph.afp"
LOGISTICS = ("request", "answer", "acknowledgement", "read", "commitment", "release.onward")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, USFJ, JJOC, AFP, kinds={(JJOC, AFP): LOGISTICS})
    yield made
    made.close()


def incident(world: World, hq: str, label: Label) -> str:
    given = IncidentIn(title="Tsunami advisory", severity="moderate", label=label)
    return str(done(open_incident(world[hq].desk(), given)).id)


def request(world: World, label: Label, about: str | None = None) -> None:
    now = world.clock.now()
    given = RequestIn(
        to=AFP,
        title="Fuel at Subic",
        need="Fuel for two ships.",
        acknowledge_by=now + timedelta(hours=1),
        answer_by=now + timedelta(hours=2),
        incident=about,
        label=label,
    )
    done(send_request(world[JJOC].desk(), given))


def at(world: World, hq: str, kind: str, owner: str) -> list:
    """The records of that kind and owner that an officer sees at ``hq``."""
    views = world[hq].desk().views
    return [views.record(row)[0] for row in views.newest(kind, owner).rows]


def american(*nations: str) -> Label:
    category = Category("Releasable to", "permissive", tuple(sorted({"USA", *nations})))
    return Label("urn:oid:2.999.840.1", "UNCLASSIFIED", (category,))


def test_only_the_kinds_agreed_on_reach_it(world: World) -> None:
    label = world[JJOC].label("open")
    about = incident(world, JJOC, label)
    request(world, label, about)
    world.settle()
    assert len(at(world, USFJ, "incident", JJOC)) == 1
    assert at(world, AFP, "incident", JJOC) == []
    (got,) = at(world, AFP, "request", JJOC)
    assert got.incident is None, "a reference to what it does not have is dropped, not dangling"


def test_without_a_secrets_agreement_nothing_above_unclassified_reaches_it(world: World) -> None:
    nations = Category("Releasable to", "permissive", ("JPN", "PHL", "USA"))
    request(world, Label("urn:oid:2.999.392.1", "DUTY USE", (nations,)))
    world.settle()
    assert at(world, AFP, "request", JJOC) == []


def test_the_end_of_the_agreement_stops_release_by_itself_and_both_ways_are_apart(world: World) -> None:
    world.settle()
    officer = world[JJOC].desk(Role.DISCLOSURE_OFFICER)
    (agreement,) = agreements(officer, AFP)
    done(end_agreement(officer, agreement.id, EndIn(until=world.clock.now() + timedelta(hours=1))))
    request(world, world[JJOC].label("open"))
    world.settle()
    world.pass_time(timedelta(hours=2))
    request(world, world[JJOC].label("open"))
    incident(world, AFP, world[AFP].label("both"))
    world.settle()
    assert len(at(world, AFP, "request", JJOC)) == 1
    assert len(at(world, JJOC, "incident", AFP)) == 1


@pytest.mark.parametrize(
    ("nations", "reaches"), [(("JPN",), False), (("JPN", "PHL"), True)], ids=["not named", "named"]
)
def test_what_another_wrote_reaches_it_by_our_decision_and_if_the_originators_label_allows(
    world: World, nations: tuple[str, ...], reaches: bool
) -> None:
    world.link(USFJ, AFP).conditions.up = False
    incident(world, USFJ, american(*nations))
    world.settle()
    (row,) = world[JJOC].desk().views.newest("incident", USFJ).rows
    assert at(world, AFP, "release.onward", JJOC) == at(world, AFP, "incident", USFJ) == []
    given = OnwardIn(record=row.id, label=world[JJOC].label("open"))
    done(pass_on(world[JJOC].desk(Role.DISCLOSURE_OFFICER), given))
    world.settle()
    got = at(world, AFP, "release.onward", JJOC)
    assert len(got) == reaches
    if reaches:
        assert isinstance(got[0], Onward)
        assert msgspec.json.decode(got[0].rendition)["title"]["text"] == "Tsunami advisory"
        assert row.id not in got[0].rendition
    else:
        why = (
            world[JJOC]
            .node.line(AFP)
            .releaser.explain(world[JJOC].node.codec.encode(at(world, JJOC, "release.onward", JJOC)[0]))
        )
        assert (why.rule, why.code) == ("onward", "onward.originator")


# --- what was passed on -------------------------------------------------------------------------------------


MARKER = "Tsunami advisory"


def passed_on(world: World, label: Label | None = None, key: str = "open") -> str:
    """An incident of USFJ's that JJOC passes on under its label ``key``; the id of what JJOC wrote."""
    world.link(USFJ, AFP).conditions.up = False
    incident(world, USFJ, label or american("JPN", "PHL"))
    world.settle()
    (row,) = world[JJOC].desk().views.newest("incident", USFJ).rows
    given = OnwardIn(record=row.id, label=world[JJOC].label(key))
    made = done(pass_on(world[JJOC].desk(Role.DISCLOSURE_OFFICER), given))
    world.settle()
    return made.id  # type: ignore[attr-defined, no-any-return]


def test_nobody_here_sees_through_our_own_wider_label_what_its_author_did_not_allow(world: World) -> None:
    nations = Category("Releasable to", "permissive", ("JPN", "PHL", "USA"))
    made = passed_on(world, Label("urn:oid:2.999.840.1", "PROTECTED", (nations,)))
    low = world[JJOC].person(clearance="viewer")
    unclassified = msgspec.structs.replace(low.clearance, classifications=("UNCLASSIFIED",))
    request(world, world[JJOC].label("open"))
    reader = world[JJOC].node.desk(msgspec.structs.replace(low, clearance=unclassified)).views
    assert world[JJOC].desk().views.get(made) is not None
    assert reader.count("request") == 1, "whoever may see what has our label"
    assert reader.get(made) is None
    assert reader.count("release.onward") == 0
    assert reader.search("Tsunami").rows == ()


def test_what_its_author_takes_back_is_taken_back_from_whoever_we_passed_it_on_to(world: World) -> None:
    made = passed_on(world)
    assert len(at(world, AFP, "release.onward", JJOC)) == 1
    (row,) = world[USFJ].desk().views.newest("incident", USFJ).rows
    taken = done(recall(world[USFJ].desk(Role.DISCLOSURE_OFFICER), row.id, "by mistake"))
    world.settle()
    for hq in (JJOC, AFP):
        node = world[hq].node
        assert at(world, hq, "release.onward", JJOC) == []
        assert world[hq].desk().views.search("Tsunami").rows == ()
        before = dump(node.views)
        assert MARKER not in repr(before)
        node.views.rebuild(node.sources())
        assert dump(node.views) == before
    views, usfj = world[USFJ].desk(Role.DISCLOSURE_OFFICER), world[USFJ].node
    purges = [s.record for s in purges_of(views, taken.id) if s.row.source == JJOC]  # type: ignore[attr-defined]
    told = confirmation(usfj.line(JJOC), taken.id, purges, usfj.codec)  # type: ignore[attr-defined]
    assert told is not None and told.progress == "confirmed"
    (ours,) = [r for r in at(world, JJOC, "release.recall", JJOC) if r.about == made]
    assert ours.because is not None and ours.reason is None
    purged = purges_of(world[JJOC].desk(Role.DISCLOSURE_OFFICER), ours.id)
    assert [s.row.source for s in purged] == [AFP]


def test_the_purge_is_not_signed_before_what_was_passed_on_is_taken_back(world: World) -> None:
    made = passed_on(world)
    (row,) = world[USFJ].desk().views.newest("incident", USFJ).rows
    done(recall(world[USFJ].desk(Role.DISCLOSURE_OFFICER), row.id, "by mistake"))
    world.settle()
    master = world[JJOC].node.master
    records = [
        world[JJOC].node.codec.decode(raw) for pack in master.read(0, master.size) for raw in pack.entries
    ]
    order = [r.kind for r in records if isinstance(r, Purge) or getattr(r, "about", None) == made]
    assert order == ["release.recall", "release.purge"]


def test_a_version_written_beside_our_own_recall_holds_up_no_purge(world: World) -> None:
    made = passed_on(world)
    node = world[JJOC].node
    (record,) = at(world, JJOC, "release.onward", JJOC)
    (row,) = world[USFJ].desk().views.newest("incident", USFJ).rows
    taken = done(recall(world[USFJ].desk(Role.DISCLOSURE_OFFICER), row.id, "by mistake"))
    append = node.log_own

    def beside(drafts: object, facts: object = None) -> None:
        """Somebody had read the record before, and writes after."""
        append(drafts, facts)  # type: ignore[arg-type]
        if not any(r.version == 2 for r in written(world)):
            again = msgspec.structs.replace(record, version=2)
            node.master.append([Draft(node.codec.encode(again), again.id, 2)], world.clock.now())

    node.line(USFJ).purger._append = beside  # type: ignore[assignment]
    world.settle()
    assert [r.version for r in written(world)] == [1, 2]
    assert at(world, JJOC, "release.onward", JJOC) == at(world, AFP, "release.onward", JJOC) == []
    assert len([r for r in at(world, JJOC, "release.recall", JJOC) if r.about == made]) == 2
    purges = purges_of(world[USFJ].desk(Role.DISCLOSURE_OFFICER), taken.id)  # type: ignore[attr-defined]
    assert [s.row.source for s in purges] == [JJOC]


def written(world: World) -> list[Onward]:
    """What JJOC's master log has of what it passed on."""
    node = world[JJOC].node
    packs = node.master.read(0, node.master.size)
    found = (node.codec.decode(raw) for pack in packs for raw in pack.entries)
    return [record for record in found if isinstance(record, Onward)]
