"""Requests between two headquarters, told through the actions."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from renkei.kernel.drafting import TextIn
from renkei.kernel.errors import Refused, StaleVersion
from renkei.kernel.people import Role
from renkei.kernel.views import ViewStore
from renkei.rooms import VIEWS
from renkei.rooms.coordination import (
    AcknowledgeIn,
    Answer,
    AnswerIn,
    Commitment,
    ItemIn,
    Move,
    OfferIn,
    ProgressIn,
    ReasonIn,
    Request,
    RequestIn,
    RequestView,
    State,
    acknowledge_request,
    answer_request,
    read_request,
    report_progress,
    request_board,
    request_view,
    send_request,
    withdraw_request,
)
from rooms.duo import JJOC, USFJ, Duo, Side, suggested

HELICOPTERS = ItemIn(what="Medium helicopter", quantity=4, unit="aircraft", where="Miyakojima")
WHY = ReasonIn(reason=TextIn(text="津波注意報が解除されたため", lang="ja"))


def ask(duo: Duo, key: str = "duty-usa", items: tuple[ItemIn, ...] = (HELICOPTERS,)) -> Request:
    now = duo.clock.now()
    given = RequestIn(
        to=USFJ,
        title="偵察支援の要請",
        need=TextIn(text="宮古島沿岸の冠水状況の偵察", lang="ja"),
        items=items,
        priority="immediate",
        acknowledge_by=now + timedelta(minutes=15),
        answer_by=now + timedelta(hours=1),
        label=suggested(JJOC, key),
    )
    made = send_request(duo.jjoc.desk(), given)
    assert isinstance(made, Request)
    return made


def offer(quantity: float = 4, what: str = "Medium helicopter") -> OfferIn:
    return OfferIn(what=what, quantity=quantity, unit="aircraft", from_place="Kadena Air Base")


def done(outcome: Any) -> Any:
    assert not isinstance(outcome, Refused), outcome
    return outcome


def refused(outcome: object) -> Refused:
    assert isinstance(outcome, Refused)
    return outcome


def view(side: Side, record_id: str) -> RequestView:
    found = request_view(side.desk(), record_id, side.delivery)
    assert found is not None
    return found


def both(duo: Duo, request: Request) -> State:
    """The state at both headquarters, which must be the same."""
    here = view(duo.jjoc, request.id)
    there = view(duo.usfj, duo.jjoc.alias(request.id))
    assert here.state is there.state
    assert here.holder == there.holder
    assert here.fulfilled == there.fulfilled
    assert here.overdue == there.overdue
    return here.state


def test_a_request_runs_from_asking_to_done_and_both_sides_agree_at_every_step(duo: Duo) -> None:
    request = ask(duo)
    theirs = duo.jjoc.alias(request.id)
    assert view(duo.jjoc, request.id).state is State.SENT
    assert view(duo.jjoc, request.id).holder == JJOC
    duo.carry_all()
    assert both(duo, request) is State.RECEIVED
    desk = duo.usfj.desk
    done(read_request(desk(), theirs))
    duo.carry_all()
    assert both(duo, request) is State.READ
    done(acknowledge_request(desk(), theirs, AcknowledgeIn(note="With the watch floor")))
    duo.carry_all()
    assert both(duo, request) is State.ACKNOWLEDGED
    made = done(
        answer_request(
            desk(),
            theirs,
            AnswerIn(
                outcome="partial", reason="Two are on another task", offers=(offer(2), offer(1, "Crew"))
            ),
        )
    )
    duo.carry_all()
    assert both(duo, request) is State.PARTLY_ACCEPTED
    _, first, second = made
    done(report_progress(desk(), first.id, ProgressIn(state="under way", quantity_done=1)))
    duo.carry_all()
    assert both(duo, request) is State.UNDER_WAY
    done(report_progress(desk(), first.id, ProgressIn(state="done")))
    duo.carry_all()
    assert both(duo, request) is State.UNDER_WAY
    done(report_progress(desk(), second.id, ProgressIn(state="done", quantity_done=0.5)))
    duo.carry_all()
    assert both(duo, request) is State.DONE
    final = view(duo.jjoc, request.id)
    assert [(s.what, s.asked, s.offered, s.done) for s in final.fulfilled] == [
        ("Medium helicopter", 4, 2, 2),
        ("Crew", 0, 1, 0.5),
    ]
    assert final.short
    assert final.moves == ()
    assert final.holder == JJOC


def test_an_answer_that_crosses_a_withdrawal_leaves_it_withdrawn_on_both_sides(duo: Duo) -> None:
    request = ask(duo)
    duo.carry_all()
    theirs = duo.jjoc.alias(request.id)
    done(answer_request(duo.usfj.desk(), theirs, AnswerIn(outcome="full", offers=(offer(),))))
    done(withdraw_request(duo.jjoc.desk(), request.id, WHY))
    duo.carry_all()
    assert both(duo, request) is State.WITHDRAWN
    there = view(duo.usfj, theirs)
    assert there.moves == (Move.PROGRESS,)
    wind_up = ProgressIn(state="cancelled", note="Recalled")
    done(report_progress(duo.usfj.desk(), there.commitments[0].record.id, wind_up))
    duo.carry_all()
    assert both(duo, request) is State.WITHDRAWN
    assert view(duo.usfj, theirs).moves == ()


def test_an_answer_that_arrives_after_withdrawal_is_refused_by_the_name_of_the_state(duo: Duo) -> None:
    request = ask(duo)
    done(withdraw_request(duo.jjoc.desk(), request.id, WHY))
    duo.carry_all()
    outcome = answer_request(
        duo.usfj.desk(), duo.jjoc.alias(request.id), AnswerIn(outcome="full", offers=(offer(),))
    )
    assert refused(outcome).code == "request.withdrawn"


def test_an_answer_implies_the_acknowledgement_and_may_be_amended(duo: Duo) -> None:
    request = ask(duo)
    duo.carry_all()
    theirs = duo.jjoc.alias(request.id)
    first = done(
        answer_request(
            duo.usfj.desk(), theirs, AnswerIn(outcome="partial", offers=(offer(2), offer(1, "Crew")))
        )
    )
    amended = done(
        answer_request(duo.usfj.desk(), theirs, AnswerIn(outcome="full", offers=(offer(4), offer(3, "Boat"))))
    )
    assert amended[0].id == first[0].id
    assert amended[0].version == 2
    duo.carry_all()
    assert both(duo, request) is State.ACCEPTED
    states = {
        c.record.what: (c.record.state, c.record.quantity) for c in view(duo.jjoc, request.id).commitments
    }
    assert states == {"Medium helicopter": ("planned", 4), "Crew": ("cancelled", 1), "Boat": ("planned", 3)}


def test_after_a_no_a_new_answer_is_another_record_and_the_last_word_counts(duo: Duo) -> None:
    request = ask(duo)
    duo.carry_all()
    theirs = duo.jjoc.alias(request.id)
    no = done(answer_request(duo.usfj.desk(), theirs, AnswerIn(outcome="declined", reason="Weather")))
    duo.carry_all()
    assert both(duo, request) is State.DECLINED
    assert view(duo.jjoc, request.id).holder == JJOC
    duo.clock.advance(timedelta(minutes=5))
    yes = done(answer_request(duo.usfj.desk(), theirs, AnswerIn(outcome="full", offers=(offer(),))))
    duo.carry_all()
    assert yes[0].id != no[0].id
    assert both(duo, request) is State.ACCEPTED
    assert len(view(duo.jjoc, request.id).answers) == 2


def test_records_that_cross_the_link_one_by_one_never_leave_the_sides_with_different_states_at_the_end(
    duo: Duo,
) -> None:
    request = ask(duo)
    duo.carry_all()
    theirs = duo.jjoc.alias(request.id)
    made = done(answer_request(duo.usfj.desk(), theirs, AnswerIn(outcome="full", offers=(offer(),))))
    done(report_progress(duo.usfj.desk(), made[1].id, ProgressIn(state="done")))
    seen = []
    while duo.carry(duo.usfj, 1):
        seen.append(view(duo.jjoc, request.id).state)
    assert seen == [State.ACCEPTED, State.ACCEPTED, State.DONE]
    assert both(duo, request) is State.DONE


def test_only_what_comes_from_the_headquarters_asked_counts(duo: Duo) -> None:
    request = ask(duo)
    desk = duo.jjoc.desk()
    forged = Answer(
        id=desk.new_id(duo.clock.now()),
        label=request.label,
        at=duo.clock.now(),
        by="Watch officer, jp.jjoc",
        outcome="full",
        request=request.id,
    )
    duo.jjoc.append([forged])
    duo.carry_all()
    assert both(duo, request) is State.RECEIVED


def test_a_state_rests_only_on_what_the_reader_may_see(duo: Duo) -> None:
    request = ask(duo, "usa", ())
    duo.carry_all()
    theirs = duo.jjoc.alias(request.id)
    answer = AnswerIn(
        outcome="full", offers=(offer(),), reason="Kept close", label=suggested(USFJ, "protected-own")
    )
    done(answer_request(duo.usfj.desk(), theirs, answer))
    viewer = request_view(duo.usfj.desk("viewer", Role.VIEWER), theirs)
    assert viewer is not None
    assert viewer.state is State.RECEIVED
    assert viewer.answers == ()
    assert view(duo.usfj, theirs).state is State.ACCEPTED
    duo.carry_all()
    assert view(duo.jjoc, request.id).state is State.RECEIVED


def test_a_portion_under_a_closer_label_is_cut_for_the_partner_and_the_rest_arrives(duo: Duo) -> None:
    closer = ItemIn(what="担当者の輸送", quantity=1, label=suggested(JJOC, "guarded-own"))
    request = ask(duo, items=(HELICOPTERS, closer))
    duo.carry_all()
    there = view(duo.usfj, duo.jjoc.alias(request.id)).seen.record
    assert [i.what for i in there.items] == ["Medium helicopter"]
    assert len(view(duo.jjoc, request.id).seen.record.items) == 2


def test_an_answer_without_a_label_takes_the_requests_under_the_own_policy(duo: Duo) -> None:
    request = ask(duo)
    duo.carry_all()
    made = done(
        answer_request(
            duo.usfj.desk(), duo.jjoc.alias(request.id), AnswerIn(outcome="declined", reason="No crew")
        )
    )
    assert made[0].label == suggested(USFJ, "official-jpn").canonical()


def test_of_two_desks_that_answer_at_once_the_log_takes_the_first(duo: Duo) -> None:
    request = ask(duo)
    duo.carry_all()
    theirs = duo.jjoc.alias(request.id)
    behind = ViewStore(None, duo.usfj.codec, duo.usfj.book, VIEWS, lambda s, a: None, USFJ)
    behind.fold(duo.usfj.sources)
    desk = duo.usfj.desk()
    reader = behind.reader(desk.realm, desk.person.clearance)
    slower = msgspec.structs.replace(desk, views=reader)
    done(answer_request(desk, theirs, AnswerIn(outcome="full", offers=(offer(),))))
    with pytest.raises(StaleVersion):
        answer_request(slower, theirs, AnswerIn(outcome="full", offers=(offer(),)))
    behind.close()
    assert len(view(duo.usfj, theirs).commitments) == 1


def test_deadlines_show_beside_the_state_until_they_are_met(duo: Duo) -> None:
    request = ask(duo)
    duo.carry_all()
    duo.clock.advance(timedelta(minutes=16))
    assert view(duo.jjoc, request.id).overdue == "acknowledge"
    done(acknowledge_request(duo.usfj.desk(), duo.jjoc.alias(request.id), AcknowledgeIn()))
    duo.carry_all()
    assert view(duo.jjoc, request.id).overdue is None
    duo.clock.advance(timedelta(hours=1))
    both(duo, request)
    assert view(duo.jjoc, request.id).overdue == "answer"


WRONG_ANSWERS = {
    "no offers": (AnswerIn(outcome="full"), "answer.offers"),
    "a no without reason": (AnswerIn(outcome="declined"), "answer.declined"),
    "a no with offers": (AnswerIn(outcome="declined", reason="x", offers=(offer(),)), "answer.declined"),
    "full but short": (AnswerIn(outcome="full", offers=(offer(3),)), "answer.short"),
}


@pytest.mark.parametrize(("given", "code"), WRONG_ANSWERS.values(), ids=WRONG_ANSWERS.keys())
def test_an_answer_is_refused_for(duo: Duo, given: AnswerIn, code: str) -> None:
    request = ask(duo)
    duo.carry_all()
    before = duo.usfj.master.size
    assert refused(answer_request(duo.usfj.desk(), duo.jjoc.alias(request.id), given)).code == code
    assert duo.usfj.master.size == before


def test_a_no_is_refused_once_work_has_begun(duo: Duo) -> None:
    request = ask(duo)
    duo.carry_all()
    theirs = duo.jjoc.alias(request.id)
    made = done(answer_request(duo.usfj.desk(), theirs, AnswerIn(outcome="full", offers=(offer(),))))
    done(report_progress(duo.usfj.desk(), made[1].id, ProgressIn(state="under way")))
    outcome = answer_request(duo.usfj.desk(), theirs, AnswerIn(outcome="declined", reason="x"))
    assert refused(outcome).code == "answer.begun"


def test_what_is_done_is_not_undone(duo: Duo) -> None:
    request = ask(duo)
    duo.carry_all()
    made = done(
        answer_request(
            duo.usfj.desk(), duo.jjoc.alias(request.id), AnswerIn(outcome="full", offers=(offer(), offer(1)))
        )
    )
    one = made[1]
    assert isinstance(one, Commitment)
    done(report_progress(duo.usfj.desk(), one.id, ProgressIn(state="under way", quantity_done=3)))
    less = report_progress(duo.usfj.desk(), one.id, ProgressIn(state="under way", quantity_done=2))
    assert refused(less).code == "commitment.quantity"
    done(report_progress(duo.usfj.desk(), one.id, ProgressIn(state="done")))
    again = report_progress(duo.usfj.desk(), one.id, ProgressIn(state="under way"))
    assert refused(again).code == "commitment.progress"


def test_the_asker_cannot_answer_and_the_answerer_cannot_withdraw(duo: Duo) -> None:
    request = ask(duo)
    duo.carry_all()
    own = answer_request(duo.jjoc.desk(), request.id, AnswerIn(outcome="declined", reason="x"))
    assert refused(own).code == "request.side"
    assert refused(withdraw_request(duo.usfj.desk(), duo.jjoc.alias(request.id), WHY)).code == "request.side"


def test_a_viewer_may_read_the_board_and_do_nothing(duo: Duo) -> None:
    request = ask(duo, "usa")
    duo.carry_all()
    desk = duo.usfj.desk("viewer", Role.VIEWER)
    board = request_board(desk)
    assert [v.moves for v in board] == [()]
    outcome = acknowledge_request(desk, duo.jjoc.alias(request.id), AcknowledgeIn())
    assert refused(outcome).status == 403


def test_a_request_nobody_may_see_and_one_that_is_not_there_get_the_same_refusal(duo: Duo) -> None:
    hidden = ask(duo, "guarded-own")
    desk = duo.jjoc.desk("viewer", Role.WATCH_OFFICER)
    absent = duo.jjoc.desk().new_id(duo.clock.now())
    assert refused(withdraw_request(desk, hidden.id, WHY)) == refused(withdraw_request(desk, absent, WHY))


def test_a_request_whose_label_the_partner_may_not_hold_stays_unsent(duo: Duo) -> None:
    request = ask(duo, "guarded-own")
    assert duo.carry(duo.jjoc) == 0
    assert view(duo.jjoc, request.id).state is State.UNSENT


def test_deadlines_in_the_past_or_out_of_order_are_refused(duo: Duo) -> None:
    now = duo.clock.now()
    given = RequestIn(
        to=USFJ,
        title="t",
        need="n",
        acknowledge_by=now + timedelta(hours=2),
        answer_by=now + timedelta(hours=1),
        label=suggested(JJOC, "usa"),
    )
    assert refused(send_request(duo.jjoc.desk(), given)).code == "request.deadlines"


def test_the_board_rebuilt_from_the_logs_is_the_board(duo: Duo) -> None:
    for _ in range(3):
        request = ask(duo)
    duo.carry_all()
    done(
        answer_request(
            duo.usfj.desk(), duo.jjoc.alias(request.id), AnswerIn(outcome="declined", reason="No crew")
        )
    )
    duo.carry_all()
    before = [(v.seen.record.id, v.state) for v in request_board(duo.jjoc.desk(), duo.jjoc.delivery)]
    duo.jjoc.views.rebuild(duo.jjoc.sources)
    after = [(v.seen.record.id, v.state) for v in request_board(duo.jjoc.desk(), duo.jjoc.delivery)]
    assert before == after
    assert len(request_board(duo.jjoc.desk(), duo.jjoc.delivery, State.DECLINED)) == 1
