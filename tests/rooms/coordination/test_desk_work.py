"""Incidents, tasks, the watch log and decisions at the desk."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from renkei.kernel.drafting import TextIn, TranslationIn, add_translation
from renkei.kernel.errors import Refused
from renkei.kernel.people import Role
from renkei.rooms.coordination import (
    AcknowledgeIn,
    DecisionIn,
    Incident,
    IncidentIn,
    LogEntryIn,
    OptionIn,
    ProgressIn,
    ReasonIn,
    RequestIn,
    State,
    Task,
    TaskAnswerIn,
    TaskIn,
    acknowledge_task,
    answer_task,
    close_incident,
    incident_view,
    open_incident,
    progress_task,
    read_task,
    record_decision,
    reopen_incident,
    send_request,
    set_task,
    task_board,
    task_view,
    withdraw_task,
    write_log_entry,
)
from rooms.duo import JJOC, USFJ, Duo, Side, suggested

LABEL = suggested(JJOC, "duty-usa")
WHY = ReasonIn(reason="No longer needed")


def done(outcome: Any) -> Any:
    assert not isinstance(outcome, Refused), outcome
    return outcome


def refused(outcome: object) -> Refused:
    assert isinstance(outcome, Refused)
    return outcome


def incident(duo: Duo, label: str = "duty-usa") -> Incident:
    given = IncidentIn(
        title=TextIn(text="津波注意報（宮古島・八重山地方）", lang="ja"),
        severity="moderate",
        label=suggested(JJOC, label),
    )
    return done(open_incident(duo.jjoc.desk(), given))


def task(duo: Duo, to: str = USFJ, **more: Any) -> Task:
    return done(set_task(duo.jjoc.desk(), TaskIn(title="Survey the harbour", to=to, label=LABEL, **more)))


def state(side: Side, record_id: str) -> State:
    found = task_view(side.desk(), record_id, side.delivery)
    assert found is not None
    return found.state


def test_an_incident_gathers_what_refers_to_it_on_both_sides(duo: Duo) -> None:
    opened = incident(duo)
    desk = duo.jjoc.desk()
    now = duo.clock.now()
    asked = RequestIn(
        to=USFJ,
        title="t",
        need="n",
        incident=opened.id,
        acknowledge_by=now + timedelta(hours=1),
        answer_by=now + timedelta(hours=2),
        label=LABEL,
    )
    done(send_request(desk, asked))
    task(duo, incident=opened.id)
    done(write_log_entry(desk, LogEntryIn(text="第一報受領", label=LABEL, incident=opened.id)))
    options = (OptionIn(title="Ask USFJ", favour="Faster"), OptionIn(title="Wait", against="Light is going"))
    choice = DecisionIn(
        title="Reconnaissance",
        options=options,
        chosen="Ask USFJ",
        authority="Operations officer, JJOC",
        reasons="Daylight",
        label=LABEL,
        incident=opened.id,
    )
    done(record_decision(desk, choice))
    duo.carry_all()
    here = incident_view(desk, opened.id, duo.jjoc.delivery)
    there = incident_view(duo.usfj.desk(), duo.jjoc.alias(opened.id))
    assert here is not None
    assert there is not None
    for view in (here, there):
        assert [len(p) for p in (view.requests, view.tasks, view.log, view.decisions)] == [1, 1, 1, 1]
        assert view.decisions[0].record.chosen == "A"
        assert view.requests[0].state is State.RECEIVED


def test_an_incident_is_closed_and_reopened_by_its_owner_alone(duo: Duo) -> None:
    opened = incident(duo)
    closed = done(close_incident(duo.jjoc.desk(), opened.id, WHY))
    assert (closed.version, closed.status, closed.closed_at) == (2, "closed", closed.at)
    assert refused(close_incident(duo.jjoc.desk(), opened.id, WHY)).code == "incident.closed"
    again = done(reopen_incident(duo.jjoc.desk(), opened.id, WHY))
    assert (again.status, again.closed_at) == ("open", None)
    duo.carry_all()
    theirs = duo.jjoc.alias(opened.id)
    assert refused(close_incident(duo.usfj.desk(), theirs, WHY)).code == "incident.owner"


def test_a_task_to_a_partner_runs_alike_on_both_sides(duo: Duo) -> None:
    mine = task(duo)
    theirs = duo.jjoc.alias(mine.id)
    seen = [state(duo.jjoc, mine.id)]

    def step(outcome: object) -> None:
        done(outcome)
        duo.carry_all()
        assert state(duo.jjoc, mine.id) is state(duo.usfj, theirs)
        seen.append(state(duo.usfj, theirs))

    duo.carry_all()
    desk = duo.usfj.desk()
    step(read_task(desk, theirs))
    step(acknowledge_task(desk, theirs, AcknowledgeIn()))
    step(answer_task(desk, theirs, TaskAnswerIn(outcome="partly accepted", reason="Two berths of three")))
    step(answer_task(desk, theirs, TaskAnswerIn(outcome="accepted")))
    step(progress_task(desk, theirs, ProgressIn(state="under way")))
    step(progress_task(desk, theirs, ProgressIn(state="done")))
    assert seen == [
        State.SENT,
        State.READ,
        State.ACKNOWLEDGED,
        State.PARTLY_ACCEPTED,
        State.ACCEPTED,
        State.UNDER_WAY,
        State.DONE,
    ]
    assert refused(progress_task(desk, theirs, ProgressIn(state="under way"))).code == "task.done"


def test_a_declined_task_waits_for_its_owner_and_may_still_be_taken(duo: Duo) -> None:
    mine = task(duo)
    duo.carry_all()
    theirs = duo.jjoc.alias(mine.id)
    assert (
        refused(answer_task(duo.usfj.desk(), theirs, TaskAnswerIn(outcome="declined"))).code == "task.reason"
    )
    done(answer_task(duo.usfj.desk(), theirs, TaskAnswerIn(outcome="declined", reason="No divers")))
    duo.carry_all()
    view = task_view(duo.jjoc.desk(), mine.id)
    assert view is not None
    assert (view.state, view.holder) == (State.DECLINED, JJOC)
    done(answer_task(duo.usfj.desk(), theirs, TaskAnswerIn(outcome="accepted")))
    duo.carry_all()
    assert state(duo.jjoc, mine.id) is State.ACCEPTED


def test_a_task_of_ones_own_people_is_received_at_once_and_may_be_done_by_the_same_desk(duo: Duo) -> None:
    mine = task(duo, to=JJOC, assignee="Plans, JJOC", due=duo.clock.now() + timedelta(hours=1))
    assert state(duo.jjoc, mine.id) is State.RECEIVED
    duo.clock.advance(timedelta(hours=2))
    (view,) = task_board(duo.jjoc.desk())
    assert view.overdue == "due"
    desk = duo.jjoc.desk()
    done(answer_task(desk, mine.id, TaskAnswerIn(outcome="accepted")))
    done(progress_task(desk, mine.id, ProgressIn(state="done")))
    (view,) = task_board(desk)
    assert (view.state, view.overdue) == (State.DONE, None)


def test_a_withdrawn_task_can_no_longer_be_accepted(duo: Duo) -> None:
    mine = task(duo)
    done(withdraw_task(duo.jjoc.desk(), mine.id, WHY))
    duo.carry_all()
    outcome = answer_task(duo.usfj.desk(), duo.jjoc.alias(mine.id), TaskAnswerIn(outcome="accepted"))
    assert refused(outcome).code == "task.withdrawn"


def test_a_log_entry_is_corrected_by_another_and_stays(duo: Duo) -> None:
    desk = duo.jjoc.desk()
    wrong = done(write_log_entry(desk, LogEntryIn(text="Wave 2 m", label=LABEL)))
    right = done(write_log_entry(desk, LogEntryIn(text="Wave 0.2 m", label=LABEL, corrects=wrong.id)))
    assert right.corrects == wrong.id
    rows = desk.views.newest("log-entry").rows
    assert {r.id: r.version for r in rows} == {wrong.id: 1, right.id: 1}
    gone = desk.new_id(duo.clock.now())
    outcome = write_log_entry(desk, LogEntryIn(text="x", label=LABEL, corrects=gone))
    assert refused(outcome).status == 404


def test_a_reference_to_a_record_that_is_not_here_is_refused(duo: Duo) -> None:
    gone = duo.jjoc.desk().new_id(duo.clock.now())
    given = LogEntryIn(text="x", label=LABEL, incident=gone)
    assert refused(write_log_entry(duo.jjoc.desk(), given)).code == "reference.unknown"
    assert duo.jjoc.master.size == 0


def test_a_log_entry_cannot_be_about_the_future(duo: Duo) -> None:
    ahead = duo.clock.now() + timedelta(minutes=1)
    given = LogEntryIn(text="x", label=LABEL, happened_at=ahead)
    assert refused(write_log_entry(duo.jjoc.desk(), given)).code == "log-entry.time"


@pytest.mark.parametrize(("chosen", "key"), [("B", "B"), ("Wait", "B"), ("Ask", "A")])
def test_a_decision_names_its_choice_by_key_or_title(duo: Duo, chosen: str, key: str) -> None:
    options = (OptionIn(title="Ask"), OptionIn(title="Wait"))
    given = DecisionIn(title="t", options=options, chosen=chosen, authority="a", reasons="r", label=LABEL)
    assert done(record_decision(duo.jjoc.desk(), given)).chosen == key


def test_a_decision_needs_two_options_and_a_choice_among_them(duo: Duo) -> None:
    one = DecisionIn(
        title="t", options=(OptionIn(title="A1"),), chosen="A", authority="a", reasons="r", label=LABEL
    )
    assert refused(record_decision(duo.jjoc.desk(), one)).code == "decision.options"
    two = msgspec.structs.replace(one, options=(OptionIn(title="x"), OptionIn(title="y")), chosen="z")
    assert refused(record_decision(duo.jjoc.desk(), two)).code == "decision.chosen"


def test_a_label_that_the_policy_does_not_know_is_refused_and_nothing_is_logged(duo: Duo) -> None:
    label = msgspec.structs.replace(LABEL, classification="COSMIC")
    given = LogEntryIn(text="x", label=label)
    assert refused(write_log_entry(duo.jjoc.desk(), given)).code == "label.classification"
    portion = LogEntryIn(text=TextIn(text="x", lang="en", label=label), label=LABEL)
    assert refused(write_log_entry(duo.jjoc.desk(), portion)).code == "label.classification"
    assert duo.jjoc.master.size == 0


def test_whoever_sees_a_record_in_part_may_not_write_its_next_version(duo: Duo) -> None:
    given = IncidentIn(
        title="Open",
        summary=TextIn(text="Closer", lang="en", label=suggested(JJOC, "guarded-own")),
        severity="minor",
        label=suggested(JJOC, "duty-usa"),
    )
    opened = done(open_incident(duo.jjoc.desk(), given))
    desk = duo.jjoc.desk("viewer", Role.WATCH_OFFICER)
    seen = incident_view(desk, opened.id)
    assert seen is not None
    assert (seen.seen.cut, seen.seen.record.summary) == (1, None)
    assert refused(close_incident(desk, opened.id, WHY)).code == "incident.cut"


def test_a_translation_is_a_new_version_with_author_and_review(duo: Duo) -> None:
    opened = incident(duo)
    given = TranslationIn(lang="en", text="Tsunami advisory, Miyakojima and Yaeyama", reviewed=True)
    made = done(add_translation(duo.jjoc.desk(), opened.id, "title", given))
    assert made.version == 2
    (translation,) = made.title.translations
    assert (translation.by, translation.reviewed) == ("Watch officer, jp.jjoc", True)
    assert made.title.text == opened.title.text  # type: ignore[union-attr]
    same = TranslationIn(lang="ja", text="x")
    assert refused(add_translation(duo.jjoc.desk(), opened.id, "title", same)).code == "translation.language"
    field = add_translation(duo.jjoc.desk(), opened.id, "severity", given)
    assert refused(field).code == "translation.field"


TIMES = {"acknowledge_by": "2022-09-18T09:00:00Z", "answer_by": "2022-09-18T09:00:00Z"}
FORM = {"title": "t", "need": "n", "to": USFJ, "label": msgspec.to_builtins(LABEL), **TIMES}


@pytest.mark.parametrize(
    "wrong",
    [
        {"answer_by": "2022-09-18T09:00:00"},
        {"to": "US USFJ"},
        {"title": ""},
        {"items": [{"what": "x", "quantity": -1}]},
        {"titel": "t"},
    ],
    ids=[
        "a time without offset",
        "a bad headquarters",
        "an empty title",
        "less than nothing",
        "an unknown field",
    ],
)
def test_the_form_of_a_request_refuses(wrong: dict[str, Any]) -> None:
    assert msgspec.convert(FORM, RequestIn).to == USFJ
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**FORM, **wrong}, RequestIn)
