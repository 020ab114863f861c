"""What did they know?  Views as of a moment, of this node and of a partner."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from renkei.kernel.clock import moment_of
from renkei.kernel.errors import BadInput
from renkei.kernel.people import Role
from renkei.kernel.views import dump
from renkei.node.past import MAX_KEPT, Moment
from renkei.rooms.coordination import (
    AcknowledgeIn,
    Delivery,
    Request,
    RequestView,
    acknowledge_request,
    answer_request,
    request_view,
)
from stories.test_ask_and_answer import ask, offer, there
from world import World
from world.world import done

JJOC, USFJ = "jp.jjoc", "us.usfj"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def moment(world: World) -> datetime:
    """Now; and time goes on, so that nothing else happens in it."""
    now = world.clock.now()
    world.pass_time(timedelta(minutes=1))
    return now


def as_of(world: World, request: Request, at: datetime, hq: str = JJOC) -> RequestView | None:
    """The request at ``hq`` as it was at ``at``."""
    node, person = world[hq].node, world[hq].person()

    def delivery(record_ids: Sequence[str], partner: str) -> dict[str, Delivery]:
        return {one: node.delivery_as_of(one, partner, at) for one in record_ids}

    with node.desk_as_of(person, at) as desk:
        return request_view(desk, request.id, delivery)


def test_each_moment_shows_the_request_as_it_stood_then(world: World) -> None:
    before = moment(world)
    request = ask(world)
    asked = moment(world)
    world.settle()
    arrived = moment(world)
    usfj = world[USFJ]
    done(acknowledge_request(usfj.desk(), there(world).seen.record.id, AcknowledgeIn()))
    world.settle()
    acknowledged = moment(world)
    done(answer_request(usfj.desk(Role.LIAISON), there(world).seen.record.id, offer(2)))
    world.settle()
    answered = moment(world)
    for _ in range(2):  # the second time from what is kept, and out of order
        for at, state in (
            (answered, "accepted"),
            (asked, "sent"),
            (acknowledged, "acknowledged"),
            (arrived, "received"),
        ):
            view = as_of(world, request, at)
            assert view is not None and view.state == state
        assert as_of(world, request, before) is None


def test_the_past_does_not_age_past_its_moment(world: World) -> None:
    request = ask(world)
    world.settle()
    at = moment(world)
    world.pass_time(timedelta(days=1))
    view = as_of(world, request, at)
    assert view is not None and view.overdue is None
    now = request_view(world[JJOC].desk(), request.id, world[JJOC].node.delivery)
    assert now is not None and now.overdue is not None


def test_what_a_partner_knew_is_what_it_had_confirmed(world: World) -> None:
    first = ask(world)
    world.settle()
    confirmed = moment(world)
    world.link(USFJ, JJOC).cut()
    second = ask(world)
    world.settle()
    cut = moment(world)
    ask(world, "national")
    world.link(USFJ, JJOC).restore()
    world.settle()
    restored = moment(world)
    node, person = world[JJOC].node, world[JJOC].person()

    def known(at: datetime) -> set[str]:
        with node.desk_as_of(person, at, USFJ) as desk:
            return {row.id for row in desk.views.newest("request").rows}

    assert known(confirmed) == {first.id}
    assert known(cut) == {first.id}
    assert known(restored) == {first.id, second.id}  # never what is for nationals only


def test_a_later_version_does_not_hide_that_an_earlier_one_had_been_delivered(world: World) -> None:
    request = ask(world)
    world.settle()
    at = moment(world)
    node = world[JJOC].node
    node.append([msgspec.structs.replace(request, version=2, at=world.clock.now())])
    world.settle()
    assert node.delivery_as_of(request.id, USFJ, at) == "received"
    assert node.delivery_as_of(request.id, USFJ, at - timedelta(days=1)) == "unsent"


def test_views_as_of_a_moment_are_the_views_there_were(world: World) -> None:
    node, kept = world[JJOC].node, []
    for number in range(3):
        ask(world)
        world.settle()
        if number == 1:
            done(acknowledge_request(world[USFJ].desk(), _any(world), AcknowledgeIn()))
            world.settle()
        kept.append((moment(world), dump(node.views)))
    for at, then in reversed(kept):
        sizes = _sizes(world, at)
        with node.past.at(Moment("", sizes)) as views:
            assert dump(views) == then


def _any(world: World) -> str:
    usfj = world[USFJ]
    return usfj.desk().views.newest("request").rows[0].id


def _sizes(world: World, at: datetime) -> tuple[tuple[str, int], ...]:
    from renkei.kernel.log.until import size_at

    return tuple(sorted((s, size_at(log, at)) for s, log in world[JJOC].node.sources().items()))


def test_few_moments_are_kept_and_none_after_forgetting(world: World) -> None:
    node, person = world[JJOC].node, world[JJOC].person()
    moments = []
    for _ in range(MAX_KEPT + 3):
        ask(world)
        moments.append(moment(world))
    for at in moments:
        with node.desk_as_of(person, at) as desk:
            assert desk.views.count("request") == moments.index(at) + 1
    files = {path.name for path in node.folder.past.iterdir() if path.suffix == ".db"}
    assert len(files) == MAX_KEPT
    with node.desk_as_of(person, moments[-1]) as desk:
        node.past.forget()  # somebody is still reading: closed when they are done
        assert desk.views.count("request") == len(moments)
    assert not list(node.folder.past.glob("*.db*"))


def test_a_desk_of_the_past_cannot_write_and_knows_no_future(world: World) -> None:
    jjoc = world[JJOC]
    at = moment(world)
    with jjoc.node.desk_as_of(jjoc.person(), at) as desk, pytest.raises(BadInput, match=r"past\.write"):
        desk.writer.append([])
    later = world.clock.now() + timedelta(seconds=1)
    with pytest.raises(BadInput, match=r"past\.moment"), jjoc.node.desk_as_of(jjoc.person(), later):
        pass
    with (
        pytest.raises(BadInput, match=r"partner\.unknown"),
        jjoc.node.desk_as_of(jjoc.person(), at, "ph.afp"),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("180650ZSEP22", "2022-09-18T06:50:59.999+00:00"),
        ("180650zsep22", "2022-09-18T06:50:59.999+00:00"),
        ("2022-09-18T15:50:00+09:00", "2022-09-18T06:50:00+00:00"),
        ("2022-09-18T15:50:00", None),
        ("320650ZSEP22", None),
        ("180650ZXXX22", None),
        ("yesterday", None),
    ],
)
def test_moments_are_read_as_dtg_or_instant(text: str, iso: str | None) -> None:
    read = moment_of(text)
    assert read == (None if iso is None else datetime.fromisoformat(iso))


# --- labels narrowed since ----------------------------------------------------------------------------------


def reader(world: World, at: datetime, known_to: str = ""):  # type: ignore[no-untyped-def]
    """At JJOC, of somebody who may see what is UNCLASSIFIED alone, as of ``at``."""
    low = world[JJOC].person(clearance="viewer")
    held = msgspec.structs.replace(low.clearance, classifications=("UNCLASSIFIED",))
    person = msgspec.structs.replace(low, clearance=held)
    return world[JJOC].node.desk_as_of(person, at, known_to)


def relabelled(world: World, request: Request, **changes: object) -> None:
    newest = world[JJOC].desk().views.get(request.id)
    assert newest is not None
    record = world[JJOC].node.codec.decode(newest.raw)
    made = msgspec.structs.replace(record, version=record.version + 1, **changes)  # type: ignore[union-attr]
    world[JJOC].node.append([made])
    world.settle()


@pytest.mark.parametrize("known_to", ["", USFJ], ids=["ours", "the partner's"])
def test_a_label_narrowed_since_binds_in_the_past_too(world: World, known_to: str) -> None:
    request = ask(world)
    world.settle()
    at = moment(world)
    with reader(world, at, known_to) as desk:
        assert desk.views.get(request.id) is not None
    relabelled(world, request, label=world[JJOC].label("guarded-usa"))
    later = moment(world)
    for when in (at, later, at):
        with reader(world, when, known_to) as desk:
            assert desk.views.get(request.id) is None
            assert desk.views.count("request") == 0
            assert desk.views.search("輸送").rows == () and desk.views.newest("request").rows == ()
    with world[JJOC].node.desk_as_of(world[JJOC].person(), at, known_to) as desk:
        assert desk.views.get(request.id) is not None


def test_a_portion_labelled_since_binds_in_the_past_too(world: World) -> None:
    request = ask(world)
    world.settle()
    at = moment(world)
    with reader(world, at) as desk:
        assert desk.views.get(request.id) is not None
    assert request.need is not None
    guarded = msgspec.structs.replace(request.need, label=world[JJOC].label("guarded-usa"))
    relabelled(world, request, need=guarded)
    with reader(world, at) as desk:
        assert desk.views.get(request.id) is None
    with reader(world, moment(world)) as desk:
        row = desk.views.get(request.id)
        assert row is not None and desk.views.record(row)[0].need is None
