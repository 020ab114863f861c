"""Two headquarters ask and answer, through links good and bad, and always end equal."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from renkei.kernel.errors import Refused
from renkei.kernel.people import Role
from renkei.rooms.coordination import (
    AcknowledgeIn,
    AnswerIn,
    ItemIn,
    OfferIn,
    ProgressIn,
    ReasonIn,
    Request,
    RequestIn,
    RequestView,
    acknowledge_request,
    answer_request,
    report_progress,
    request_board,
    request_view,
    send_request,
    withdraw_request,
)
from world import World
from world.world import done


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def ask(world: World, label: str = "usa") -> Request:
    """JJOC asks USFJ for two helicopters."""
    jjoc, now = world["jp.jjoc"], world.clock.now()
    given = RequestIn(
        to="us.usfj",
        title="輸送ヘリの待機",
        need="石垣島への輸送に備え待機を要請する。",
        items=(ItemIn(what="Transport helicopter", quantity=2, unit="aircraft", where="Ishigaki"),),
        priority="immediate",
        acknowledge_by=now + timedelta(minutes=10),
        answer_by=now + timedelta(minutes=30),
        label=jjoc.label(label),
    )
    made = done(send_request(jjoc.desk(), given))
    assert isinstance(made, Request)
    return made


def offer(quantity: float) -> AnswerIn:
    outcome = "full" if quantity == 2 else "partial"
    return AnswerIn(
        outcome=outcome,
        reason=None if outcome == "full" else "One is in maintenance.",
        offers=(
            OfferIn(what="Transport helicopter", quantity=quantity, unit="aircraft", from_place="Kadena"),
        ),
    )


def there(world: World) -> RequestView:
    """The only request as USFJ's watch officer sees it."""
    usfj = world["us.usfj"]
    (view,) = request_board(usfj.desk(), usfj.node.delivery)
    full = request_view(usfj.desk(), view.seen.record.id, usfj.node.delivery)
    assert full is not None
    return full


def here(world: World, request: Request) -> RequestView:
    """The request as JJOC's watch officer sees it."""
    jjoc = world["jp.jjoc"]
    view = request_view(jjoc.desk(), request.id, jjoc.node.delivery)
    assert view is not None
    return view


def equal(world: World, request: Request) -> bool:
    one, other = here(world, request), there(world)
    parts = ("state", "overdue", "holder", "fulfilled")
    return all(getattr(one, part) == getattr(other, part) for part in parts)


def carry_out(world: World, *states: str) -> None:
    usfj = world["us.usfj"]
    for seen in there(world).commitments:
        for state in states:
            done(report_progress(usfj.desk(), seen.record.id, ProgressIn(state=state)))  # type: ignore[arg-type]


def test_a_request_is_acknowledged_answered_and_carried_out_and_both_sides_agree_at_each_step(
    world: World,
) -> None:
    request = ask(world)
    world.settle()
    assert (here(world, request).state, there(world).state) == ("received", "received")
    usfj = world["us.usfj"]
    done(acknowledge_request(usfj.desk(), there(world).seen.record.id, AcknowledgeIn()))
    world.settle()
    assert here(world, request).state == "acknowledged" and equal(world, request)
    done(answer_request(usfj.desk(Role.LIAISON), there(world).seen.record.id, offer(1)))
    world.settle()
    assert here(world, request).state == "partly accepted" and equal(world, request)
    carry_out(world, "under way")
    world.settle()
    assert here(world, request).state == "under way" and equal(world, request)
    carry_out(world, "done")
    world.settle()
    assert here(world, request).state == "done" and equal(world, request)


def test_what_is_done_while_the_link_is_cut_arrives_when_it_returns(world: World) -> None:
    request = ask(world)
    world.settle()
    link = world.link("us.usfj", "jp.jjoc")
    link.cut()
    done(answer_request(world["us.usfj"].desk(), there(world).seen.record.id, offer(2)))
    world.settle()
    assert here(world, request).state == "received"
    assert (
        world["us.usfj"].node.line("jp.jjoc").sender.positions.received
        < world["us.usfj"].node.line("jp.jjoc").sender.positions.logged
    )
    link.restore()
    world.settle()
    assert here(world, request).state == "accepted" and equal(world, request)


def test_an_answer_that_arrives_after_withdrawal_is_refused(world: World) -> None:
    request = ask(world)
    world.settle()
    done(withdraw_request(world["jp.jjoc"].desk(), request.id, ReasonIn(reason="解決した。")))
    world.settle()
    refused = answer_request(world["us.usfj"].desk(), there(world).seen.record.id, offer(2))
    assert isinstance(refused, Refused) and "withdrawn" in refused.came


def test_an_answer_that_crosses_a_withdrawal_leaves_both_sides_equal(world: World) -> None:
    request = ask(world)
    world.settle()
    link = world.link("us.usfj", "jp.jjoc")
    link.cut()
    done(answer_request(world["us.usfj"].desk(), there(world).seen.record.id, offer(2)))
    done(withdraw_request(world["jp.jjoc"].desk(), request.id, ReasonIn(reason="解決した。")))
    link.restore()
    world.settle()
    assert equal(world, request)
    assert here(world, request).state == "withdrawn"


def test_a_request_labelled_for_nationals_only_leaves_no_trace_at_the_partner(world: World) -> None:
    ask(world, "national")
    world.settle()
    usfj = world["us.usfj"]
    assert request_board(usfj.desk(), usfj.node.delivery) == []
    assert usfj.node.line("jp.jjoc").received.size == 0
    assert world["jp.jjoc"].node.line("us.usfj").sent.size == 0


@pytest.mark.parametrize("seed", range(8))
def test_doubled_delayed_and_swapped_frames_change_nothing(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path)
    link = world.link("us.usfj", "jp.jjoc")
    link.conditions.double, link.conditions.swap, link.conditions.delay = 0.4, 0.4, 3
    link._random.seed(seed)
    requests = [ask(world) for _ in range(3)]
    world.settle()
    usfj = world["us.usfj"]
    for number, view in enumerate(request_board(usfj.desk(), usfj.node.delivery)):
        done(answer_request(usfj.desk(), view.seen.record.id, offer(1 + number % 2)))
        if number == seed % 3:
            link.cut()
            link.restore()
    world.settle()
    states = sorted(here(world, request).state for request in requests)
    assert states == sorted(v.state for v in request_board(usfj.desk(), usfj.node.delivery))
    assert states == ["accepted", "partly accepted", "partly accepted"]
    world.close()


def test_an_answer_to_a_request_with_labelled_parts_must_say_its_own_label(world: World) -> None:
    jjoc, now = world["jp.jjoc"], world.clock.now()
    item = ItemIn(what="Fuel", quantity=20, unit="kl", label=jjoc.label("duty-usa"))
    given = RequestIn(
        to="us.usfj",
        title="燃料",
        need="燃料の融通。",
        items=(item,),
        acknowledge_by=now + timedelta(minutes=10),
        answer_by=now + timedelta(minutes=30),
        label=jjoc.label("usa"),
    )
    done(send_request(jjoc.desk(), given))
    world.settle()
    usfj, request = world["us.usfj"], there(world).seen.record.id
    offered = AnswerIn(outcome="full", offers=(OfferIn(what="Fuel", quantity=20, unit="kl"),))
    refused = answer_request(usfj.desk(), request, offered)
    assert isinstance(refused, Refused) and refused.code == "answer.label"
    labelled = AnswerIn(outcome="full", offers=offered.offers, label=usfj.label("official-jpn"))
    done(answer_request(usfj.desk(), request, labelled))
