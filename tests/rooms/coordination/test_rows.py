"""The board in brief says what the board says."""

from datetime import timedelta
from typing import Any

from renkei.kernel.drafting import TextIn
from renkei.kernel.errors import Refused
from renkei.rooms.coordination import (
    AcknowledgeIn,
    AnswerIn,
    ItemIn,
    OfferIn,
    RequestIn,
    acknowledge_request,
    answer_request,
    request_board,
    request_rows,
    send_request,
)
from rooms.duo import JJOC, USFJ, Duo, Side, suggested

SHARED = suggested(JJOC, "duty-usa")


def done(outcome: Any) -> Any:
    assert not isinstance(outcome, Refused), outcome
    return outcome


def ask(duo: Duo, title: Any = "Pumps", **more: Any) -> str:
    now = duo.clock.now()
    times = {"acknowledge_by": now + timedelta(minutes=5), "answer_by": now + timedelta(hours=1)}
    items = (ItemIn(what="Pump", quantity=4, unit="pieces"),)
    given = {
        "to": USFJ,
        "title": title,
        "need": "Four pumps",
        "label": SHARED,
        "items": items,
        **times,
        **more,
    }
    return str(done(send_request(duo.jjoc.desk(), RequestIn(**given))).id)


def same(side: Side, clearance: str = "officer") -> int:
    """Rows and board agree in everything a row has; how many there are."""
    desk = side.desk(clearance)
    rows, views = request_rows(desk, side.delivery), request_board(desk, side.delivery)
    assert [r.id for r in rows.items] == [v.seen.record.id for v in views]
    for row, view in zip(rows.items, views, strict=True):
        record = view.seen.record
        assert (row.state, row.overdue, row.holder, row.moves) == (
            view.state,
            view.overdue,
            view.holder,
            view.moves,
        )
        assert row.title == (record.title or record.need)
        assert (row.asked_at, row.answer_by) == (record.asked_at, record.answer_by)
        assert (row.source, row.cut, rows.labels[row.label]) == (
            view.seen.row.source,
            view.seen.cut,
            record.label,
        )
        assert row.fulfilled == (view.fulfilled if any(s.offered for s in view.fulfilled) else ())
    return len(views)


def test_rows_say_what_the_board_says_on_both_sides_in_every_state(duo: Duo) -> None:
    first, second, _third = ask(duo), ask(duo, priority="flash"), ask(duo)
    duo.carry_all()
    there = duo.usfj.desk()
    done(acknowledge_request(there, duo.jjoc.alias(first), AcknowledgeIn()))
    offer = OfferIn(what="Pump", quantity=2, unit="pieces")
    done(answer_request(there, duo.jjoc.alias(second), AnswerIn(outcome="partial", offers=(offer,))))
    duo.carry_all()
    duo.clock.advance(timedelta(minutes=10))
    assert same(duo.jjoc) == same(duo.usfj) == 3


def test_rows_cut_what_the_reader_may_not_see(duo: Duo) -> None:
    hidden = TextIn(text="Harbour of Hirara", lang="en", label=suggested(JJOC, "guarded-usa"))
    ask(duo, hidden, label=suggested(JJOC, "open"))
    assert same(duo.jjoc) == same(duo.jjoc, "viewer") == 1
    (row,) = request_rows(duo.jjoc.desk("viewer")).items
    assert row.cut == 1
    assert row.title is not None
    assert row.title.text == "Four pumps"


def test_rows_are_asked_for_by_what_the_stream_names(duo: Duo) -> None:
    first, second = ask(duo), ask(duo)
    duo.carry_all()
    said = done(acknowledge_request(duo.usfj.desk(), duo.jjoc.alias(second), AcknowledgeIn()))
    duo.carry_all()
    desk, heard = duo.jjoc.desk(), duo.usfj.alias(said.id)
    assert [r.id for r in request_rows(desk, of=[first]).items] == [first]
    assert [r.id for r in request_rows(desk, of=[heard]).items] == [second]
    assert [r.id for r in request_rows(desk, of=[heard, first]).items] == [second, first]
    assert request_rows(desk, of=[]).items == []
