"""Another policy in a running node: no answer mixes two, nothing leaves by the old, nothing pours out."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from renkei.kernel.labels.model import Category, Label
from renkei.kernel.labels.policy import Policy, PolicyBook
from renkei.kernel.labels.presets import policy_file
from renkei.kernel.log.commitments import said_in
from renkei.kernel.people import Role
from renkei.node.adopting import decide_by, hold_back, take_on
from renkei.rooms.coordination import RequestIn, request_board, send_request
from world import World
from world.world import done

OLD = policy_file("jp").decode()
MARKER = "龘齉MARKERWORD"


def without(value: str) -> Policy:
    """The next version of the policy without one value of "Releasable to": labels with it mean nothing."""
    text = OLD.replace('version="1"', 'version="2"', 1).replace(f'name="{value}"', 'name="GONE"')
    return Policy.load(text.encode())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, "us.usfj", "jp.jjoc")
    yield made
    made.close()


def for_australia_too(world: World) -> Label:
    """A label that U.S. Forces Japan may have as long as the policy knows Australia."""
    usa = world["jp.jjoc"].label("duty-usa")
    shares = [c for c in usa.categories if c.tag == "Releasable to"]
    rest = [c for c in usa.categories if c.tag != "Releasable to"]
    wider = Category("Releasable to", shares[0].type, tuple(sorted({*shares[0].values, "AUS"})))
    return Label(usa.policy, usa.classification, (*rest, wider)).canonical()


def ask(world: World, label: Label, need: str = MARKER) -> str:
    now = world.clock.now()
    given = RequestIn(
        to="us.usfj",
        title="Water",
        need=need,
        acknowledge_by=now + timedelta(hours=1),
        answer_by=now + timedelta(hours=2),
        label=label,
    )
    return done(send_request(world["jp.jjoc"].desk(), given)).id  # type: ignore[attr-defined, no-any-return]


def seen(world: World, hq: str) -> list[str]:
    board = request_board(world[hq].desk(), world[hq].node.delivery)
    return [v.seen.record.need.text for v in board if v.seen.record.need]


def test_what_is_under_way_and_may_not_go_any_more_never_arrives(world: World) -> None:
    jjoc, link = world["jp.jjoc"].node, world.link("jp.jjoc", "us.usfj")
    world.settle()
    link.cut()
    record = ask(world, for_australia_too(world))
    harmless = ask(world, world["jp.jjoc"].label("usa"), "Tents")
    world.settle()
    line = jjoc.line("us.usfj")
    assert (line.held(record), line.held(harmless)) == ("unsent", "unsent")
    raw = raw_of(world, record)

    take_on(jjoc, without("AUS"), "the next")

    assert (line.held(record), line.held(harmless)) == (None, "unsent")
    link.restore()
    world.settle()
    assert seen(world, "us.usfj") == ["Tents"]
    assert not any(MARKER.encode() in (said or b"") for said in bodies(world, "us.usfj", "jp.jjoc"))
    assert world["us.usfj"].node.evidence("jp.jjoc") == 0
    assert line.sender.positions.received == line.sent.size
    why = line.releaser.explain(raw)
    assert (why.outcome, why.rule) == ("withheld", "label")


def bodies(world: World, at: str, of: str) -> list[bytes | None]:
    return [said for pack in world[at].node.line(of).received.read(0, 10_000) for said in said_in(pack)]


def raw_of(world: World, record: str) -> bytes:
    row = world["jp.jjoc"].desk(Role.DISCLOSURE_OFFICER).views.get(record)
    assert row is not None
    return row.raw


def test_what_has_arrived_stays_until_a_person_recalls_it_and_is_not_sent_again(world: World) -> None:
    jjoc = world["jp.jjoc"].node
    record = ask(world, for_australia_too(world))
    world.settle()
    line = jjoc.line("us.usfj")
    sent = line.sent.size
    assert line.held(record) == "received"
    # Its own people may not read it by the new policy either, so the label is asked of the releaser.
    raw = raw_of(world, record)
    take_on(jjoc, without("AUS"), "the next")
    world.settle()
    assert line.held(record) == "received" and line.sent.size == sent
    assert seen(world, "us.usfj") == [MARKER]
    assert (line.releaser.explain(raw).outcome, list(line.releaser.register.recalls)) == ("withheld", [])


def test_what_was_withheld_is_not_released_by_a_wider_policy_by_itself(world: World) -> None:
    jjoc = world["jp.jjoc"].node
    line, others = jjoc.line("us.usfj"), jjoc.policies.policies[1:]
    line.releaser.decide_by(PolicyBook(without("AUS"), others))  # as if it was decided on before the change
    record = ask(world, for_australia_too(world))
    world.settle()
    assert line.held(record) is None
    take_on(jjoc, Policy.load(OLD.encode()), "the next")
    world.settle()
    assert line.held(record) is None and seen(world, "us.usfj") == []
    assert line.releaser.explain(raw_of(world, record)).outcome == "released"


def test_what_waits_to_be_decided_is_decided_by_the_new_policy(world: World) -> None:
    jjoc = world["jp.jjoc"].node
    jjoc.pump = lambda: None  # type: ignore[method-assign]  # the releaser is behind
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jjoc.views, "wait", lambda *_: True)
        record = ask(world, for_australia_too(world))
    del jjoc.pump
    take_on(jjoc, without("AUS"), "the next")
    world.settle()
    assert jjoc.line("us.usfj").held(record) is None and seen(world, "us.usfj") == []


def test_no_answer_mixes_two_policies(world: World) -> None:
    """A desk that began before goes on by the old policy to its end; the next one has the new."""
    jjoc = world["jp.jjoc"]
    record = ask(world, for_australia_too(world))
    world.settle()
    before = jjoc.desk()
    take_on(jjoc.node, without("AUS"), "the next")
    after = jjoc.desk()
    assert before.views.get(record) is not None and before.policies.own.version == 1
    assert after.views.get(record) is None and after.policies.own.version == 2
    assert before.views.book is before.policies and after.views.book is after.policies


def test_readers_beside_a_change_see_by_the_one_or_by_the_other(world: World) -> None:
    jjoc = world["jp.jjoc"]
    record = ask(world, for_australia_too(world))
    world.settle()
    books = [jjoc.node.policies, PolicyBook(without("AUS"), jjoc.node.policies.policies[1:])]
    wrong: list[str] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            desk = jjoc.desk()
            shown = desk.views.get(record) is not None
            if shown != (desk.policies.own.version == 1):
                wrong.append(f"{shown} by version {desk.policies.own.version}")

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(200):
        decide_by(jjoc.node, books[turn % 2])
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_a_crash_between_the_policy_and_holding_back_is_made_good_at_the_next_start(world: World) -> None:
    jjoc = world["jp.jjoc"].node
    world.link("us.usfj", "jp.jjoc").conditions.up = False
    record = ask(world, for_australia_too(world))
    world.settle()
    line = jjoc.line("us.usfj")
    assert line.held(record) == "unsent"
    # The new policy is on the disk, and the node died before it looked at what was under way.
    decide_by(jjoc, PolicyBook(without("AUS"), jjoc.policies.policies[1:]))
    assert line.held(record) == "unsent"
    hold_back(line, "the next")
    assert line.held(record) is None
    size = line.sent.size
    hold_back(line, "the next")
    assert line.sent.size == size
    world.link("us.usfj", "jp.jjoc").conditions.up = True
    world.settle()
    assert seen(world, "us.usfj") == []
