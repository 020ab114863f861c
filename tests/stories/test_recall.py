"""Recall: the owner takes a record back, the partner forgets it and signs for it, whatever the link does."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from renkei.kernel.errors import Refused
from renkei.kernel.log.base import Log
from renkei.kernel.log.commitments import said_in
from renkei.kernel.partners import export_parcel, import_parcel
from renkei.kernel.partners.records import Purge, Recall
from renkei.kernel.people import Role
from renkei.kernel.views.dump import dump
from renkei.node import Node
from renkei.node.recalling import Confirmation, confirmation
from renkei.rooms.coordination import ReasonIn, RequestIn, request_board, send_request, withdraw_request
from renkei.rooms.release import lift, purges_of, recall, recalls
from world import World
from world.world import Headquarters, done

MARKER = "龘齉MARKERWORD"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, "us.usfj", "jp.jjoc")
    yield made
    made.close()


def ask(world: World, title: str = "Water", need: str = MARKER) -> str:
    """A request of the Joint Operations Command's to U.S. Forces Japan; its id at its owner."""
    jjoc, now = world["jp.jjoc"], world.clock.now()
    given = RequestIn(
        to="us.usfj",
        title=title,
        need=need,
        acknowledge_by=now + timedelta(hours=1),
        answer_by=now + timedelta(hours=2),
        label=jjoc.label("usa"),
    )
    return done(send_request(jjoc.desk(), given)).id  # type: ignore[attr-defined, no-any-return]


def officer(hq: Headquarters):  # type: ignore[no-untyped-def]
    return hq.desk(Role.DISCLOSURE_OFFICER)


def take_back(world: World, record_id: str) -> str:
    """Recall it; the recall's id."""
    return done(recall(officer(world["jp.jjoc"]), record_id, "誤って提供した")).id  # type: ignore[attr-defined]


def seen(world: World, hq: str) -> list[str]:
    board = request_board(world[hq].desk(), world[hq].node.delivery)
    return [v.seen.record.need.text for v in board if v.seen.record.need]


def said(log: Log) -> list[bytes | None]:
    return [one for pack in log.read(0, log.size) for one in said_in(pack)]


def status(world: World, recall_id: str) -> Confirmation | None:
    node, desk = world["jp.jjoc"].node, officer(world["jp.jjoc"])
    purges = [s.record for s in purges_of(desk, recall_id) if s.row.source == "us.usfj"]
    return confirmation(node.line("us.usfj"), recall_id, purges, node.codec)


def assert_forgotten(node: Node, partner: str) -> None:
    """Neither the log received nor the views say anything of it, and views equal their rebuild."""
    assert MARKER.encode() not in b"".join(one or b"" for one in said(node.line(partner).received))
    assert node.views.unreadable() == []
    before = dump(node.views)
    assert MARKER not in repr(before)
    node.views.rebuild(node.sources())
    assert dump(node.views) == before


def test_a_recalled_record_is_forgotten_by_the_partner_and_signed_for(world: World) -> None:
    kept = ask(world, need="冠水のため給水")
    taken = ask(world)
    world.settle()
    assert sorted(seen(world, "us.usfj")) == sorted(["冠水のため給水", MARKER])
    usfj = world["us.usfj"].node
    told: list[tuple[str, bool]] = []
    usfj.views.on_fold(lambda changes: told.extend((c.kind, c.gone) for c in changes or ()))
    recall_id = take_back(world, taken)
    assert status(world, recall_id).progress == "unsent"  # type: ignore[union-attr]
    world.settle()
    assert seen(world, "us.usfj") == ["冠水のため給水"]
    assert ("request", True) in told
    assert_forgotten(usfj, "jp.jjoc")
    confirmed = status(world, recall_id)
    assert confirmed is not None
    assert (confirmed.progress, confirmed.entries, confirmed.faults) == ("confirmed", 1, ())
    assert len(seen(world, "jp.jjoc")) == 2, "at the owner nothing is forgotten"
    notice = next(
        r
        for r in map(usfj.codec.decode, filter(None, said(usfj.line("jp.jjoc").received)))
        if isinstance(r, Recall)
    )
    assert notice.reason is None and "誤って" not in repr(notice)
    assert usfj.line("jp.jjoc").received.seal() == world["jp.jjoc"].node.line("us.usfj").sent.seal()
    assert kept != taken


def test_every_version_is_forgotten(world: World) -> None:
    taken = ask(world)
    world.settle()
    done(withdraw_request(world["jp.jjoc"].desk(), taken, ReasonIn(reason="needless")))
    world.settle()
    recall_id = take_back(world, taken)
    world.settle()
    found = status(world, recall_id)
    assert found is not None and (found.progress, found.entries) == ("confirmed", 2)
    assert_forgotten(world["us.usfj"].node, "jp.jjoc")


def test_what_is_recalled_while_the_link_is_cut_never_arrives(world: World) -> None:
    link = world.link("us.usfj", "jp.jjoc")
    link.cut()
    taken = ask(world)
    recall_id = take_back(world, taken)
    world.settle()
    assert status(world, recall_id).progress == "unsent"  # type: ignore[union-attr]
    link.restore()
    world.settle()
    assert seen(world, "us.usfj") == []
    assert_forgotten(world["us.usfj"].node, "jp.jjoc")
    assert status(world, recall_id).progress == "confirmed"  # type: ignore[union-attr]


def test_a_recall_while_the_link_is_cut_waits_and_says_so(world: World) -> None:
    taken = ask(world)
    world.settle()
    link = world.link("us.usfj", "jp.jjoc")
    link.cut()
    recall_id = take_back(world, taken)
    world.settle()
    assert status(world, recall_id).progress == "unsent"  # type: ignore[union-attr]
    assert seen(world, "us.usfj") == [MARKER]
    link.restore()
    world.settle()
    assert status(world, recall_id).progress == "confirmed"  # type: ignore[union-attr]
    assert_forgotten(world["us.usfj"].node, "jp.jjoc")


@pytest.mark.parametrize("seed", range(4))
def test_over_a_link_that_doubles_swaps_and_delays_it_is_forgotten_all_the_same(
    world: World, seed: int
) -> None:
    conditions = world.link("us.usfj", "jp.jjoc").conditions
    conditions.double, conditions.swap, conditions.delay = 0.3, 0.3, 2 + seed
    records = [ask(world, need=f"{MARKER} {n}") for n in range(5)]
    world.settle()
    ids = []
    for record in records[:3]:
        ids.append(take_back(world, record))
        world.settle()
    assert sorted(seen(world, "us.usfj")) == [f"{MARKER} 3", f"{MARKER} 4"]
    assert all(status(world, one).progress == "confirmed" for one in ids)  # type: ignore[union-attr]
    purges = [
        r
        for r in map(world["us.usfj"].node.codec.decode, filter(None, said(world["us.usfj"].node.master)))
        if isinstance(r, Purge)
    ]
    assert len(purges) == 3, "each is signed for once"


def test_a_courier_brings_the_recall_and_takes_the_confirmation_back(world: World) -> None:
    taken = ask(world)
    world.settle()
    world.link("us.usfj", "jp.jjoc").cut()
    recall_id = take_back(world, taken)
    usfj, jjoc = world["us.usfj"].node, world["jp.jjoc"].node
    carry(jjoc, usfj)
    usfj.pump()
    assert_forgotten(usfj, "jp.jjoc")
    carry(usfj, jjoc)
    jjoc.pump()
    assert status(world, recall_id).progress == "confirmed"  # type: ignore[union-attr]


def carry(here: Node, there: Node) -> None:
    """What waits at ``here`` for ``there``, by courier."""
    line, end = here.line(there.config.hq), there.line(here.config.hq)
    pieces = list(export_parcel(line.sender, line.receiver, here.clock.now()))
    assert import_parcel(pieces, end.sender, end.receiver).faults == ()


def test_a_recalled_record_stays_home_until_it_is_let_go_again(world: World) -> None:
    taken = ask(world)
    world.settle()
    take_back(world, taken)
    world.settle()
    again = recall(officer(world["jp.jjoc"]), taken, "again")
    assert isinstance(again, Refused) and again.code == "recall.in-force"
    raw = world["jp.jjoc"].node.master.entry(world["jp.jjoc"].desk().views.get(taken).seq)  # type: ignore[union-attr]
    why = world["jp.jjoc"].node.line("us.usfj").releaser.explain(raw)
    assert (why.released, why.rule) == (False, "recall")
    done(lift(officer(world["jp.jjoc"]), taken, "確認済み"))
    world.settle()
    assert seen(world, "us.usfj") == [MARKER]
    second = take_back(world, taken)
    world.settle()
    assert seen(world, "us.usfj") == []
    found = status(world, second)
    assert found is not None and (found.progress, found.entries) == ("confirmed", 1)
    assert_forgotten(world["us.usfj"].node, "jp.jjoc")
    assert len(recalls(officer(world["jp.jjoc"]))) == 2


def test_only_disclosure_officers_recall_and_only_our_own_records(world: World) -> None:
    taken = ask(world)
    world.settle()
    refused = recall(world["jp.jjoc"].desk(), taken, "no")
    assert isinstance(refused, Refused) and refused.code == "person.permission"
    theirs = request_board(world["us.usfj"].desk(), world["us.usfj"].node.delivery)[0].seen.record.id
    foreign = recall(officer(world["us.usfj"]), theirs, "no")
    assert isinstance(foreign, Refused) and foreign.code == "recall.record"
    nothing = lift(officer(world["jp.jjoc"]), taken, "no")
    assert isinstance(nothing, Refused) and nothing.code == "recall.none"


def test_a_narrowed_label_takes_back_what_the_partner_holds(world: World) -> None:
    jjoc = world["jp.jjoc"]
    taken = ask(world)
    world.settle()
    row = jjoc.desk().views.get(taken)
    assert row is not None
    record = jjoc.node.codec.decode(jjoc.node.master.entry(row.seq))
    own = jjoc.label("national")
    jjoc.node.append([msgspec.structs.replace(record, version=2, label=own)])
    world.settle()
    assert seen(world, "us.usfj") == []
    assert_forgotten(world["us.usfj"].node, "jp.jjoc")
    (recalled,) = jjoc.node.line("us.usfj").releaser.register.recalls.values()
    assert recalled.narrowed and status(world, recalled.id).progress == "confirmed"  # type: ignore[union-attr]
    jjoc.node.append([msgspec.structs.replace(record, version=3)])
    world.settle()
    assert seen(world, "us.usfj") == [MARKER]
    assert jjoc.node.line("us.usfj").releaser.register.taken_back(taken) is None
