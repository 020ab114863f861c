"""A plan that both nations signed takes effect on linked nodes: who is asked, who answers, who reviews.

USFJ takes operations over from its theatre command and moves its release review; JJOC moves its own.
What they share is signed by both.  Nothing runs on the day: each node's clock passes midnight.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from renkei.kernel.errors import Refused
from renkei.kernel.people import Role
from renkei.rooms.command import (
    HeadquartersIn,
    Names,
    PostIn,
    RelationIn,
    assert_relation,
    name_headquarters,
    name_post,
)
from renkei.rooms.command.plans import Add, Amend, Phase, Post, Relation, Responsibility
from renkei.rooms.command.signing import (
    ApproveIn,
    PlanIn,
    ProposedIn,
    approve_part,
    plans_here,
    propose_plan,
    reviewers,
)
from renkei.rooms.coordination import (
    AnswerIn,
    Decision,
    DecisionIn,
    OfferIn,
    OptionIn,
    Request,
    RequestIn,
    RequestView,
    answer_request,
    record_decision,
    request_board,
    request_view,
    send_request,
)
from renkei.rooms.release import DecisionsIn, HeldIn, decide_held
from world import World
from world.world import START, done

USFJ, JJOC, THEATRE = "us.usfj", "jp.jjoc", "us.indopacom"
DAY = START.date() + timedelta(days=30)
ONE = {"nation": "US", "unit": "US-USFJ", "key": "jpn"}
OTHER = {"nation": "Japan", "unit": "JP-JJOC", "key": "usa"}
SIDES = {USFJ: ONE, JJOC: OTHER}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, USFJ, JJOC, THEATRE)
    yield made
    made.close()


def names(word: str) -> Names:
    return Names(en=word, ja=word)


def seat(hq: str, n: int, functions: tuple[str, ...]) -> Post:
    code, unit = f"{hq}-{n}", SIDES[hq]["unit"]
    return Post(code=code, unit=unit, names=names(code), functions=functions, holder="role")


def founded(world: World) -> None:
    """Who is there: three headquarters, operations with the theatre, a reviewer at each side."""
    for hq, unit in ((USFJ, "US-USFJ"), (THEATRE, "US-INDOPACOM"), (JJOC, "JP-JJOC")):
        side = world[hq]
        label = side.label("usa" if hq == JJOC else "jpn")
        given = HeadquartersIn(hq=hq, names=names(hq), label=label, unit_code=unit)
        done(name_headquarters(side.desk(Role.PLANNER), given))
    us, label = world[USFJ].desk(Role.PLANNER), world[USFJ].label("jpn")
    under = RelationIn(relation="command", subject_code="US-USFJ", object_code="US-INDOPACOM", label=label)
    done(assert_relation(us, under))
    for hq, side in SIDES.items():
        given = PostIn(
            code=f"{hq}-1",
            names=names(f"{hq}-1"),
            unit_code=side["unit"],
            functions=("release-review",),
            holder="role",
            label=world[hq].label(side["key"]),
        )
        done(name_post(world[hq].desk(Role.PLANNER), given))
    world.settle()


def agreed(world: World) -> None:
    """USFJ's plan, signed by each nation for its own and by both for what they share."""
    operations = Responsibility(key="ops", subject="US-INDOPACOM", function="operations", part="accountable")
    pair = Relation(key="pair", relation="liaison", subject="US-USFJ", object="JP-JJOC")
    changes: list[Any] = [
        Add(key="today", phase="now", fact=operations),
        Amend(key="moves", phase="joint", kind="responsibility", of="ops", fields={"subject": "US-USFJ"}),
        Add(key="pair", phase="joint", fact=pair),
    ]
    for hq in SIDES:
        changes += [
            Add(key=f"new {hq}", phase="joint", fact=seat(hq, 2, ("release-review",))),
            Amend(key=f"old {hq}", phase="joint", kind="post", of=f"{hq}-1", fields={"functions": []}),
        ]
    plan = PlanIn(
        name="Joint",
        title="Joint headquarters",
        phases=(Phase(key="now", names=names("now"), on=START.date()), Phase(key="joint", names=names("j"))),
        label=world[USFJ].label("jpn"),
        changes=tuple(ProposedIn(change=change) for change in changes),
    )
    done(propose_plan(world[USFJ].desk(Role.PLANNER), plan))
    world.settle()
    both = ("Japan", "US")
    for hq, phase, nations in (
        (USFJ, "now", ("US",)),
        (USFJ, "joint", ("US",)),
        (USFJ, "joint", both),
        (JJOC, "joint", ("Japan",)),
        (JJOC, "joint", both),
    ):
        desk = world[hq].desk(Role.APPROVER)
        given = ApproveIn(phase=phase, nations=nations, effective=None if phase == "now" else DAY)
        done(approve_part(desk, plans_here(desk)[0].seen.record.id, given))
        world.settle()


def until(world: World, day: date) -> None:
    world.pass_time(day - world.clock.now().date())
    world.settle()


def ask(world: World) -> Request:
    """JJOC asks whoever handles operations."""
    now, side = world.clock.now(), world[JJOC]
    given = RequestIn(
        title="Two helicopters",
        need="To stand by",
        function="operations",
        acknowledge_by=now + timedelta(hours=1),
        answer_by=now + timedelta(hours=2),
        label=side.label("usa"),
    )
    made = done(send_request(side.desk(), given))
    assert isinstance(made, Request)
    world.settle()
    return made


def asked_of(world: World, hq: str) -> list[RequestView]:
    """The requests that are the headquarters' to answer; it may see others."""
    side = world[hq]
    return [v for v in request_board(side.desk(), side.node.delivery) if v.seen.record.to == hq]


def answer(world: World, hq: str) -> None:
    """The headquarters answers the only request it has."""
    (view,) = asked_of(world, hq)
    offer = OfferIn(what="Helicopter", quantity=2, unit="aircraft", from_place="Kadena")
    given = AnswerIn(outcome="full", offers=(offer,))
    done(answer_request(world[hq].desk(Role.LIAISON), view.seen.record.id, given))
    world.settle()


def state(world: World, request: Request) -> str:
    found = request_view(world[JJOC].desk(), request.id, world[JJOC].node.delivery)
    assert found is not None
    return found.state


def test_requests_go_to_whom_the_plan_names_from_its_day_and_answers_to_whoever_asked(world: World) -> None:
    founded(world)
    agreed(world)
    first = ask(world)
    assert first.to == THEATRE
    assert (len(asked_of(world, THEATRE)), len(asked_of(world, USFJ))) == (1, 0)
    until(world, DAY)
    second = ask(world)
    assert second.to == USFJ
    # The first was asked of the theatre command, which answers it still; USFJ answers the second.
    assert (len(asked_of(world, THEATRE)), len(asked_of(world, USFJ))) == (1, 1)
    answer(world, THEATRE)
    assert (state(world, first), state(world, second)) == ("accepted", "received")
    answer(world, USFJ)
    assert (state(world, first), state(world, second)) == ("accepted", "accepted")


def held(world: World, hq: str, partner: str) -> str:
    """A decision that waits for review before it goes to the partner."""
    side = world[hq]
    given = DecisionIn(
        title="Open the port",
        options=(OptionIn(title="open"), OptionIn(title="close")),
        chosen="A",
        reasons="The wind has dropped",
        authority="Watch officer",
        label=side.label("guarded-usa" if hq == JJOC else "protected-jpn"),
    )
    made = done(record_decision(side.desk(), given))
    assert isinstance(made, Decision)
    world.settle()
    assert not has(world, partner, hq, made.id)
    return made.id


def has(world: World, partner: str, hq: str, record: str) -> bool:
    """Whether the partner has it, by the name that it knows it by."""
    alias = world[hq].node.line(partner).releaser.aliases.alias(record)
    return world[partner].desk().views.get(alias) is not None


def sign(world: World, hq: str, post: str, record: str, partner: str) -> object:
    """A disclosure officer at that post signs, as the HTTP operation has it."""
    side = world[hq]
    desk = side.desk(Role.DISCLOSURE_OFFICER)
    desk = msgspec.structs.replace(desk, person=msgspec.structs.replace(desk.person, post=post, account=post))
    items = (HeldIn(record=record, version=1, partner=partner),)
    given = DecisionsIn(verdict="release", reason="Needed by the other side", items=items)
    known = side.node.line(partner).releaser.register.items.get
    found = decide_held(desk, given, lambda one, _: known(one), reviewers(desk, desk.clock.now().date()))
    world.settle()
    return found


@pytest.mark.parametrize(("hq", "partner"), [(USFJ, JJOC), (JJOC, USFJ)])
def test_on_both_nodes_the_review_passes_to_the_new_post_on_the_day_and_the_partner_gets_what_it_signs(
    world: World, hq: str, partner: str
) -> None:
    founded(world)
    agreed(world)
    old, new = f"{hq}-1", f"{hq}-2"
    for day, may, may_not in ((START.date(), old, new), (DAY, new, old)):
        if day == DAY:
            until(world, DAY)
        record = held(world, hq, partner)
        no = sign(world, hq, may_not, record, partner)
        assert isinstance(no, Refused) and no.code == "decision.post"
        assert not has(world, partner, hq, record)
        done(sign(world, hq, may, record, partner))
        assert has(world, partner, hq, record)
    # What the partner's structure says of our posts is not asked here, and ours not there.
    theirs = world[partner].desk()
    assert not reviewers(theirs, DAY) & {old, new}
