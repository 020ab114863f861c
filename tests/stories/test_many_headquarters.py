"""More than two: every pair keeps its own log, and what one partner said is not passed on to another."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from renkei.kernel.people import Role
from renkei.kernel.records import owner_of
from renkei.rooms.coordination import (
    DecisionIn,
    IncidentIn,
    OptionIn,
    ReasonIn,
    RequestIn,
    TaskAnswerIn,
    TaskIn,
    answer_task,
    close_incident,
    incident_view,
    open_incident,
    record_decision,
    request_board,
    send_request,
    set_task,
    task_board,
)
from world import World
from world.world import done

HQS = ("us.usfj", "us.indopacom", "jp.jjoc", "jp.mod")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, *HQS)
    yield made
    made.close()


def ask(world: World, asker: str, asked: str, label: str) -> None:
    now = world.clock.now()
    given = RequestIn(
        to=asked,
        title="Water for the islands",
        need="Two trucks of water for Yonaguni.",
        acknowledge_by=now + timedelta(hours=1),
        answer_by=now + timedelta(hours=2),
        label=world[asker].label(label),
    )
    done(send_request(world[asker].desk(), given))


def seen_at(world: World, hq: str) -> list[str]:
    """The owners of the requests on the board of ``hq``."""
    return sorted(
        owner_of(v.seen.record.id) for v in request_board(world[hq].desk(), world[hq].node.delivery)
    )


def test_what_is_released_to_all_reaches_each_partner_under_names_of_its_own(world: World) -> None:
    ask(world, "jp.jjoc", "us.usfj", "usa")
    world.settle()
    assert all(seen_at(world, hq) == ["jp.jjoc"] for hq in HQS)
    boards = [request_board(world[hq].desk(), world[hq].node.delivery) for hq in HQS]
    assert len({board[0].seen.record.id for board in boards}) == len(HQS)


def test_nobody_passes_on_what_a_partner_said(world: World) -> None:
    world.link("jp.jjoc", "us.indopacom").cut()
    ask(world, "jp.jjoc", "us.usfj", "usa")
    world.settle()
    assert seen_at(world, "us.usfj") == ["jp.jjoc"]
    assert seen_at(world, "us.indopacom") == []
    assert world["us.indopacom"].node.line("us.usfj").received.size == 0


def test_a_national_request_reaches_the_own_nation_and_nobody_else(world: World) -> None:
    ask(world, "jp.jjoc", "jp.mod", "national")
    world.settle()
    assert seen_at(world, "jp.mod") == ["jp.jjoc"]
    assert seen_at(world, "us.usfj") == seen_at(world, "us.indopacom") == []


def test_one_cut_link_holds_up_nobody_else_and_all_end_equal(world: World) -> None:
    cut = world.link("jp.jjoc", "us.usfj")
    cut.cut()
    ask(world, "jp.jjoc", "us.usfj", "usa")
    ask(world, "us.indopacom", "jp.jjoc", "jpn")
    world.settle()
    assert seen_at(world, "us.usfj") == ["us.indopacom"]
    assert seen_at(world, "jp.mod") == ["jp.jjoc", "us.indopacom"]
    cut.restore()
    world.settle()
    assert all(seen_at(world, hq) == ["jp.jjoc", "us.indopacom"] for hq in HQS)


@pytest.mark.parametrize("seed", range(4))
def test_incident_task_and_decision_cross_a_disordered_link_whole(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path)
    link = world.link("us.usfj", "jp.jjoc")
    link.conditions.double, link.conditions.swap, link.conditions.delay = 0.4, 0.4, 3
    link._random.seed(seed)
    jjoc, usfj, label = world["jp.jjoc"], world["us.usfj"], world["jp.jjoc"].label("usa")
    incident = done(
        open_incident(jjoc.desk(), IncidentIn(title="津波注意報", severity="moderate", label=label))
    )
    options = (OptionIn(title="Move now"), OptionIn(title="Wait"))
    decision = DecisionIn(
        title="輸送の時期",
        options=options,
        chosen="Wait",
        authority="J3",
        reasons="夜間",
        incident=incident.id,
        label=label,
    )
    done(record_decision(jjoc.desk(Role.PLANNER), decision))
    done(set_task(jjoc.desk(), TaskIn(title="港の確認", to="us.usfj", incident=incident.id, label=label)))
    world.settle()
    (task,) = task_board(usfj.desk(), usfj.node.delivery)
    done(answer_task(usfj.desk(), task.seen.record.id, TaskAnswerIn(outcome="accepted")))
    done(close_incident(jjoc.desk(), incident.id, ReasonIn(reason="解除")))
    world.settle()
    (there,) = usfj.desk().views.newest("incident").rows
    view = incident_view(usfj.desk(), there.id, usfj.node.delivery)
    assert view is not None and view.seen.record.status == "closed"
    assert [len(view.tasks), len(view.decisions)] == [1, 1]
    (mine,) = task_board(jjoc.desk(), jjoc.node.delivery)
    (theirs,) = task_board(usfj.desk(), usfj.node.delivery)
    assert mine.state == theirs.state == "accepted"
    world.close()
