"""The watch handed over: a sheet that writes itself, and two signatures."""

from datetime import timedelta
from typing import Any

import msgspec

from renkei.kernel.errors import Refused
from renkei.kernel.labels.model import Label
from renkei.kernel.labels.release import Withheld, decide
from renkei.kernel.seen import look
from renkei.rooms.coordination import (
    AcknowledgeIn,
    Handover,
    HandoverIn,
    IncidentIn,
    LogEntryIn,
    ReasonIn,
    RequestIn,
    TaskIn,
    acknowledge_request,
    close_incident,
    hand_over,
    newest_handover,
    open_incident,
    open_work,
    send_request,
    set_task,
    take_over,
    write_log_entry,
)
from rooms.duo import JJOC, USFJ, Duo, suggested

SHARED, OWN = suggested(JJOC, "duty-usa"), suggested(JJOC, "open")


def done(outcome: Any) -> Any:
    assert not isinstance(outcome, Refused), outcome
    return outcome


def refused(outcome: object) -> str:
    assert isinstance(outcome, Refused)
    return outcome.code


def relief(duo: Duo) -> Any:
    """The desk of the same post's next holder: another account."""
    desk = duo.jjoc.desk()
    return msgspec.structs.replace(desk, person=msgspec.structs.replace(desk.person, account="relief"))


def ask(duo: Duo, title: str, priority: Any = "routine", minutes: int = 60, label: Label = SHARED) -> str:
    now = duo.clock.now()
    given = RequestIn(
        to=USFJ,
        title=title,
        need="n",
        priority=priority,
        acknowledge_by=now + timedelta(minutes=minutes),
        answer_by=now + timedelta(minutes=2 * minutes),
        label=label,
    )
    return str(done(send_request(duo.jjoc.desk(), given)).id)


def test_the_sheet_writes_itself_from_what_is_open_the_most_urgent_first(duo: Duo) -> None:
    desk = duo.jjoc.desk()
    incident = done(open_incident(desk, IncidentIn(title="Advisory", severity="moderate", label=SHARED)))
    over = done(open_incident(desk, IncidentIn(title="Old", severity="extreme", label=SHARED)))
    done(close_incident(desk, over.id, ReasonIn(reason="done")))
    late, flash = ask(duo, "late", minutes=1), ask(duo, "flash", "flash")
    task = done(set_task(desk, TaskIn(title="Count boats", to=JJOC, label=SHARED))).id
    event = done(write_log_entry(desk, LogEntryIn(text="Harbour flooded", significant=True, label=SHARED)))
    done(write_log_entry(desk, LogEntryIn(text="Routine call", label=SHARED)))
    duo.clock.advance(timedelta(minutes=5))
    made = done(hand_over(desk, HandoverIn(label=SHARED, remarks="Quiet night")))
    assert [item.about for item in made.items] == [late, flash, incident.id, task]
    assert [item.overdue for item in made.items] == [True, False, False, False]
    assert made.significant == (event.id,)
    assert made.outgoing.account == "officer"
    assert made.incoming is None


def test_the_relief_signs_once_and_is_somebody_else(duo: Duo) -> None:
    first = done(hand_over(duo.jjoc.desk(), HandoverIn(label=OWN)))
    assert refused(take_over(duo.jjoc.desk(), first.id)) == "handover.same"
    signed = done(take_over(relief(duo), first.id))
    assert (signed.version, signed.incoming.account, signed.items) == (2, "relief", first.items)
    assert refused(take_over(relief(duo), first.id)) == "handover.signed"


def test_a_sheet_written_anew_replaces_the_one_before_it(duo: Duo) -> None:
    first = done(hand_over(duo.jjoc.desk(), HandoverIn(label=OWN)))
    second = done(hand_over(duo.jjoc.desk(), HandoverIn(label=OWN)))
    assert refused(take_over(relief(duo), first.id)) == "handover.superseded"
    assert done(take_over(relief(duo), second.id)).incoming is not None
    newest = newest_handover(duo.jjoc.desk())
    assert newest is not None
    assert newest.record.id == second.id
    assert open_work(duo.jjoc.desk()).since == second.outgoing.at


def test_who_may_see_less_gets_the_sheet_without_the_items_above_them(duo: Duo) -> None:
    ask(duo, "guarded", label=suggested(JJOC, "guarded-usa"))
    made = done(hand_over(duo.jjoc.desk(), HandoverIn(label=OWN)))
    whole = look(duo.jjoc.desk().views, made.id, Handover)
    part = look(duo.jjoc.desk("viewer").views, made.id, Handover)
    assert whole is not None
    assert part is not None
    assert (len(whole.record.items), whole.cut) == (1, 0)
    assert (len(part.record.items), part.cut) == (0, 1)


def test_what_a_partner_asks_stands_on_the_sheet_under_our_own_policy(duo: Duo) -> None:
    asked = ask(duo, "asked of the other side")
    duo.carry_all()
    theirs = duo.jjoc.alias(asked)
    done(acknowledge_request(duo.usfj.desk(), theirs, AcknowledgeIn()))
    label = suggested(USFJ, "national")
    made = done(hand_over(duo.usfj.desk(), HandoverIn(label=label)))
    (item,) = made.items
    assert (item.about, item.state, item.holder) == (theirs, "acknowledged", USFJ)
    assert item.label.policy == label.policy


def test_a_sheet_never_leaves_whatever_its_label(duo: Duo) -> None:
    made = done(hand_over(duo.jjoc.desk(), HandoverIn(label=SHARED)))
    side = duo.jjoc
    outcome = decide(made, side.codec.encode(made), duo.usfj.desk().person.clearance, side.book, side.codec)
    assert isinstance(outcome, Withheld)
    assert outcome.code == "release.never"
    before = len(list(duo.usfj.desk().views.newest("handover").rows))
    duo.carry_all()
    assert len(list(duo.usfj.desk().views.newest("handover").rows)) == before == 0
