"""What a person does about incidents, requests, the watch log and decisions.

Each action checks the permission, reads the views, asks the rules, and appends: to its own records
only.  What is done about the other side's request is a record of this side that refers to it.  An
action returns the records as logged, or a ``Refused``; ``task_actions`` has those about tasks.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from renkei.kernel.clock import to_millisecond
from renkei.kernel.desk import Desk
from renkei.kernel.drafting import (
    append,
    check_references,
    label_like,
    one,
    own_whole,
    revise,
    stamp,
    text_of,
    texts_of,
    unknown,
)
from renkei.kernel.errors import Refused
from renkei.kernel.people import Permission
from renkei.kernel.records import Record
from renkei.kernel.seen import look

from ..command.signing import asked_for
from . import rules, states
from .inputs import (
    AcknowledgeIn,
    AnswerIn,
    DecisionIn,
    IncidentIn,
    LogEntryIn,
    OfferIn,
    ProgressIn,
    ReasonIn,
    RequestIn,
)
from .making import acknowledge, answer_id, make, note_of, reply, same, withdraw
from .records import (
    Acknowledgement,
    Answer,
    Commitment,
    Decision,
    Incident,
    Item,
    LogEntry,
    Offer,
    Option,
    Read,
    Request,
)
from .states import Move
from .views import RequestView, request_view

# --- Incidents -----------------------------------------------------------------------------------------


def open_incident(desk: Desk, given: IncidentIn) -> Incident | Refused:
    """Open an incident, with the hazards it is about."""
    if refused := desk.person.refuse(Permission.INCIDENT_WRITE):
        return refused
    if refused := check_references(desk, *given.hazards):
        return refused
    texts = texts_of(desk, title=given.title, summary=given.summary)
    if isinstance(texts, Refused):
        return texts
    now = desk.clock.now()
    extra = {"severity": given.severity, "opened_at": now, "hazards": given.hazards}
    return make(desk, Incident, given.label, now, {**texts, **extra})


def close_incident(desk: Desk, incident: str, given: ReasonIn) -> Incident | Refused:
    """Close an own incident."""
    return _turn_incident(desk, incident, "closed", given)


def reopen_incident(desk: Desk, incident: str, given: ReasonIn) -> Incident | Refused:
    """Open an own incident again."""
    return _turn_incident(desk, incident, "open", given)


def _turn_incident(
    desk: Desk, record_id: str, wanted: Literal["open", "closed"], given: ReasonIn
) -> Incident | Refused:
    if refused := desk.person.refuse(Permission.INCIDENT_WRITE):
        return refused
    found = own_whole(desk, look(desk.views, record_id, Incident), "incident")
    if isinstance(found, Refused):
        return found
    reason = text_of(desk, given.reason)
    if refused := rules.check_incident(found, wanted, desk.hq):
        return refused
    if isinstance(reason, Refused):
        return reason
    now = desk.clock.now()
    closed_at = now if wanted == "closed" else None
    return one(desk, revise(desk, found, now, status=wanted, closed_at=closed_at, reason=reason))


# --- Requests: the asker's side ------------------------------------------------------------------------


def send_request(desk: Desk, given: RequestIn) -> Request | Refused:
    """Ask another headquarters for something.  It leaves when the label allows and the link carries."""
    if refused := desk.person.refuse(Permission.REQUEST_SEND):
        return refused
    now = desk.clock.now()
    deadlines = (given.acknowledge_by, given.answer_by)
    to = given.to or addressee(desk, given.function)
    if isinstance(to, Refused):
        return to
    refused = rules.check_request(desk.hq, to, now, *deadlines) or check_references(desk, given.incident)
    for label in [item.label for item in given.items if item.label is not None]:
        refused = refused or desk.policies.validate(label)
    if refused:
        return refused
    texts = texts_of(desk, title=given.title, need=given.need)
    if isinstance(texts, Refused):
        return texts
    fields: dict[str, Any] = {**texts, "to": to}
    fields |= same(given, "acknowledge_by", "answer_by", "priority", "incident", "function")
    fields["items"] = tuple(Item(**msgspec.structs.asdict(i)) for i in given.items)
    return make(desk, Request, given.label, now, {**fields, "asked_at": now})


def addressee(desk: Desk, function: str) -> str | Refused:
    """The one other headquarters that handles ``function`` by the structure in force."""
    if not function:
        return Refused(
            code="request.to", expected="a headquarters, or a function", came="neither", status=422
        )
    asked = asked_for(desk, function, desk.clock.now().date())
    if len(asked) == 1:
        return asked[0]
    return Refused(
        code="request.route",
        expected=f"one other headquarters that handles {function}",
        came=", ".join(asked) or "none by the structure in force here",
        status=422,
    )


def withdraw_request(desk: Desk, request: str, given: ReasonIn) -> Request | Refused:
    """Take an own request back."""
    view = _may(desk, request, Move.WITHDRAW)
    if isinstance(view, Refused):
        return view
    return withdraw(desk, view.seen, "request", given)


# --- Requests: the answerer's side -----------------------------------------------------------------------


def read_request(desk: Desk, request: str) -> Read | Refused:
    """Mark that a person opened the other side's request."""
    view = _may(desk, request, Move.READ)
    return (
        view if isinstance(view, Refused) else reply(desk, Read, view.seen.record, None, {"about": request})
    )


def acknowledge_request(desk: Desk, request: str, given: AcknowledgeIn) -> Acknowledgement | Refused:
    """Take the other side's request in hand."""
    view = _may(desk, request, Move.ACKNOWLEDGE)
    return view if isinstance(view, Refused) else acknowledge(desk, view.seen.record, given)


def answer_request(desk: Desk, request: str, given: AnswerIn) -> list[Record] | Refused:
    """Answer, or amend the answer; the commitments that follow are part of the same append.

    Returns the answer, then every commitment made, changed or cancelled.
    """
    view = _may(desk, request, Move.ANSWER)
    if isinstance(view, Refused):
        return view
    mine = _own_commitments(desk, view)
    if isinstance(mine, Refused):
        return mine
    offers = tuple(Offer(**_offer(o)) for o in given.offers)
    begun = any(c.state in ("under way", "done") for c in mine)
    has_reason = given.reason is not None
    refused = check_references(desk, *(o.from_site for o in given.offers))
    refused = refused or rules.check_answer(given.outcome, has_reason, offers, view.seen.record.items, begun)
    if refused:
        return refused
    now = desk.clock.now()
    answer = _answer(desk, view, given, offers, now)
    if isinstance(answer, Refused):
        return answer
    plan = rules.reconcile(mine, [(o, g.from_site) for o, g in zip(offers, given.offers, strict=True)])
    return append(desk, [answer, *_commitments(desk, answer, given.offers, plan)])


def report_progress(desk: Desk, commitment: str, given: ProgressIn) -> Commitment | Refused:
    """Say how far an own commitment has got."""
    if refused := desk.person.refuse(Permission.REQUEST_ANSWER):
        return refused
    found = own_whole(desk, look(desk.views, commitment, Commitment), "commitment")
    if isinstance(found, Refused):
        return found
    view = request_view(desk, found.request) if found.request else None
    if view is not None and (refused := _refuse(desk, view, Move.PROGRESS)):
        return refused
    everything = max(found.quantity, found.quantity_done)
    unsaid = everything if given.state == "done" else found.quantity_done
    quantity = unsaid if given.quantity_done is None else given.quantity_done
    if refused := rules.check_progress(found.state, given.state, found.quantity_done, quantity):
        return refused
    note = note_of(desk, given.note, found.note)
    if isinstance(note, Refused):
        return note
    changes = {"state": given.state, "quantity_done": quantity, "note": note}
    return one(desk, revise(desk, found, desk.clock.now(), **changes))


def _offer(given: OfferIn) -> dict[str, Any]:
    return same(given, "what", "quantity", "unit", "from_place", "available_from", "available_until")


def _own_commitments(desk: Desk, view: RequestView) -> list[Commitment] | Refused:
    """This headquarters' commitments on the request, none of them cut."""
    whole: list[Commitment] = []
    for seen in view.commitments:
        found = own_whole(desk, seen, "commitment")
        if isinstance(found, Refused):
            return found
        whole.append(found)
    return whole


_LABEL_NEEDED = Refused(
    code="answer.label",
    expected="a label for the answer, because parts of the request carry labels of their own",
    came="none",
    status=422,
)


def _answer(
    desk: Desk, view: RequestView, given: AnswerIn, offers: tuple[Offer, ...], now: datetime
) -> Answer | Refused:
    """The next version of the answer in force, or a new one: after a "declined" the story starts anew."""
    reason = text_of(desk, given.reason)
    if isinstance(reason, Refused):
        return reason
    if given.label is None and view.seen.record.has_labelled_parts:
        return _LABEL_NEEDED
    label = label_like(desk, given.label, view.seen.record.label)
    if isinstance(label, Refused):
        return label
    header = stamp(desk, label, now)
    if isinstance(header, Refused):
        return header
    fields: dict[str, Any] = same(given, "outcome", "review_at") | {"reason": reason, "offers": offers}
    current = max(view.answers, key=lambda seen: (seen.record.at, seen.record.version), default=None)
    if current is None or current.record.outcome == "declined":
        header["id"] = answer_id(desk.hq, view.seen.record, len(view.answers), label)
        return Answer(**header, request=view.seen.record.id, **fields)
    whole = own_whole(desk, current, "answer")
    return whole if isinstance(whole, Refused) else revise(desk, whole, now, label=header["label"], **fields)


def _commitments(desk: Desk, answer: Answer, offers: Sequence[OfferIn], plan: rules.Plan) -> list[Commitment]:
    """What stands by ``answer``: commitments kept on its terms, made for it, and cancelled by it."""
    terms = [{**_offer(o), "from_site": o.from_site} for o in offers]
    now, links = answer.at, {"label": answer.label, "answer": answer.id}
    kept = [revise(desk, c, now, **links, **terms[index]) for c, index in plan.keep]
    header = {"realm": desk.realm, "at": now, "by": desk.person.post, "request": answer.request}
    made = [Commitment(id=desk.new_id(now), **header, **links, **terms[i]) for i in plan.create]  # type: ignore[arg-type]
    return kept + made + [revise(desk, c, now, state="cancelled") for c in plan.cancel]


_NEEDS = {Move.WITHDRAW: Permission.REQUEST_SEND}


def _may(desk: Desk, request: str, move: Move) -> RequestView | Refused:
    """The request, if this person and this side may make ``move`` in the state it is in."""
    if refused := desk.person.refuse(_NEEDS.get(move, Permission.REQUEST_ANSWER)):
        return refused
    view = request_view(desk, request)
    return unknown("request") if view is None else _refuse(desk, view, move) or view


def _refuse(desk: Desk, view: RequestView, move: Move) -> Refused | None:
    """The table's word on ``move`` for this side in this state."""
    sides = states.side_of(desk.hq, view.seen.record.owner, view.seen.record.to)
    return states.refuse_move(move, view.state, sides)


# --- Watch log and decisions -----------------------------------------------------------------------------


def write_log_entry(desk: Desk, given: LogEntryIn) -> LogEntry | Refused:
    """Add a line to the watch log.  There is no action that changes one."""
    if refused := desk.person.refuse(Permission.LOG_WRITE):
        return refused
    now = desk.clock.now()
    if given.corrects is not None and look(desk.views, given.corrects, LogEntry) is None:
        return unknown("log-entry")
    if refused := check_references(desk, given.incident, given.request, *given.links):
        return refused
    if given.happened_at is not None and given.happened_at > now:
        return Refused(
            code="log-entry.time", expected="a time that has come", came="one in the future", status=422
        )
    text = text_of(desk, given.text)
    if isinstance(text, Refused):
        return text
    fields = same(given, "channel", "from_post", "to_post", "priority", "significant")
    fields |= same(given, "incident", "request", "links", "corrects")
    fields |= {"text": text, "happened_at": to_millisecond(given.happened_at or now)}
    return make(desk, LogEntry, given.label, now, fields)


def record_decision(desk: Desk, given: DecisionIn) -> Decision | Refused:
    """Record what was decided, among what, by whose authority and why."""
    if refused := desk.person.refuse(Permission.DECISION_WRITE):
        return refused
    if refused := check_references(desk, given.incident, given.request):
        return refused
    options: list[Option] = []
    for number, option in enumerate(given.options):
        parts = texts_of(desk, title=option.title, favour=option.favour, against=option.against)
        if isinstance(parts, Refused):
            return parts
        options.append(msgspec.structs.replace(Option(key=_key(number)), **parts))
    chosen = rules.check_decision(options, given.chosen)
    if isinstance(chosen, Refused):
        return chosen
    texts = texts_of(desk, title=given.title, reasons=given.reasons)
    if isinstance(texts, Refused):
        return texts
    now = desk.clock.now()
    fields = {**texts, **same(given, "authority", "incident", "request")}
    fields |= {"decided_at": now, "options": tuple(options), "chosen": chosen}
    return make(desk, Decision, given.label, now, fields)


def _key(number: int) -> str:
    """A, B ... Z, A1, B1 ..."""
    letter, round_ = chr(ord("A") + number % 26), number // 26
    return letter if round_ == 0 else f"{letter}{round_}"
