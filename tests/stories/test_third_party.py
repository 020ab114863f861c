"""A third headquarters, with a logistics agreement and no secrets agreement: what reaches it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from renkei.kernel.labels.model import Category, Label
from renkei.kernel.people import Role
from renkei.rooms.coordination import IncidentIn, RequestIn, open_incident, send_request
from renkei.rooms.release import EndIn, Onward, OnwardIn, agreements, end_agreement, pass_on
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
