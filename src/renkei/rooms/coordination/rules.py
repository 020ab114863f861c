"""What a person may put to the other headquarters: pure decisions on input.

Each rule takes what is known and what is wanted and returns its finding or a ``Refused``.  Whether the
*state* of a request allows an action at all is decided by the tables in ``states``; here stands what
must hold beyond that.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal

import msgspec

from renkei.kernel.errors import Refused

from .records import (
    Commitment,
    Decision,
    Handover,
    Incident,
    Item,
    Offer,
    OpenItem,
    Option,
    Outcome,
    Progress,
    TaskOutcome,
)
from .states import Promised

# --- Sums -----------------------------------------------------------------------------------------


class Sum(msgspec.Struct, frozen=True, gc=False):
    """Quantities of one thing in one unit: asked for, promised and not cancelled, delivered."""

    what: str
    unit: str
    asked: float
    offered: float
    done: float


@lru_cache(maxsize=4096)  # names repeat: a few hundred things are asked for again and again
def same_thing(what: str, unit: str) -> tuple[str, str]:
    """The name under which two quantities may be added."""
    return " ".join(what.split()).casefold(), unit.strip().casefold()


def fulfilled(items: Sequence[Item], promises: Sequence[Promised]) -> tuple[Sum, ...]:
    """Per thing and unit, in the order asked; what was offered unasked follows, by name."""
    names: dict[tuple[str, str], tuple[str, str]] = {}
    asked: dict[tuple[str, str], float] = {}
    offered: dict[tuple[str, str], float] = {}
    done: dict[tuple[str, str], float] = {}
    for item in items:
        key = same_thing(item.what, item.unit)
        names.setdefault(key, (item.what, item.unit))
        asked[key] = asked.get(key, 0.0) + item.quantity
    for promise in sorted(promises, key=lambda p: (p.what, p.unit, p.state, p.quantity, p.quantity_done)):
        key = same_thing(promise.what, promise.unit)
        names.setdefault(key, (promise.what, promise.unit))
        standing = promise.quantity_done if promise.state == "cancelled" else promise.quantity
        offered[key] = offered.get(key, 0.0) + standing
        done[key] = done.get(key, 0.0) + promise.quantity_done
    return tuple(
        Sum(what, unit, asked.get(key, 0.0), offered.get(key, 0.0), done.get(key, 0.0))
        for key, (what, unit) in names.items()
    )


# --- Decisions on input ---------------------------------------------------------------------------


def check_request(
    hq: str, to: str, now: datetime, acknowledge_by: datetime, answer_by: datetime
) -> Refused | None:
    """A request goes to another headquarters, and its deadlines lie ahead in their order."""
    if to == hq:
        return Refused(code="request.to", expected="another headquarters", came="this one", status=422)
    if not now < acknowledge_by <= answer_by:
        return Refused(
            code="request.deadlines",
            expected="now before acknowledge_by, and acknowledge_by no later than answer_by",
            came="deadlines in another order",
            status=422,
        )
    return None


def check_answer(
    outcome: Outcome, has_reason: bool, offers: Sequence[Offer], items: Sequence[Item], begun: bool
) -> Refused | None:
    """A yes offers something, a no says why; a full yes covers every item it names; no no once begun."""
    if outcome == "declined":
        if offers or not has_reason:
            came = "one with offers" if offers else "one without a reason"
            return Refused(code="answer.declined", expected="a reason and no offers", came=came, status=422)
        if begun:
            return Refused(
                code="answer.begun",
                expected="a request nothing was yet done for, or the outcome partial",
                came="one with commitments under way or done",
            )
        return None
    if not offers:
        return Refused(code="answer.offers", expected="at least one offer", came="none", status=422)
    if outcome == "full" and (short := _short(offers, items)):
        return Refused(
            code="answer.short",
            expected="offers covering every quantity asked, or the outcome partial",
            came=f"{short} of the offered quantities below what was asked",
            status=422,
        )
    return _windows(offers)


def _short(offers: Sequence[Offer], items: Sequence[Item]) -> int:
    """How many of the things both asked and offered are offered in a smaller quantity.

    Things named differently (another language, another unit) are left to the officers' judgement.
    """
    asked = _sums(items)
    return sum(1 for key, quantity in _sums(offers).items() if quantity < asked.get(key, 0.0))


def _sums(parts: Sequence[Item] | Sequence[Offer]) -> dict[tuple[str, str], float]:
    sums: dict[tuple[str, str], float] = {}
    for part in parts:
        key = same_thing(part.what, part.unit)
        sums[key] = sums.get(key, 0.0) + part.quantity
    return sums


def _windows(offers: Sequence[Offer]) -> Refused | None:
    for offer in offers:
        if offer.available_from and offer.available_until and offer.available_from > offer.available_until:
            return Refused(
                code="answer.window",
                expected="available_from no later than available_until",
                came="an offer that ends before it begins",
                status=422,
            )
    return None


PROGRESS: Mapping[Progress, frozenset[Progress]] = {
    "planned": frozenset({"under way", "done", "cancelled"}),
    "under way": frozenset({"under way", "done", "cancelled"}),
    "done": frozenset(),
    "cancelled": frozenset(),
}
"""How work moves on: a report "under way" may be repeated with a new quantity; an end is an end."""


def check_progress(
    before: Progress, after: Progress, done_before: float, done_after: float
) -> Refused | None:
    """Work moves along ``PROGRESS`` and what was delivered is not taken back."""
    if after not in PROGRESS[before]:
        allowed = ", ".join(sorted(PROGRESS[before])) or "nothing further"
        return Refused(code="commitment.progress", expected=f"{allowed} after {before}", came=after)
    if done_after < done_before:
        return Refused(
            code="commitment.quantity",
            expected="a quantity done no smaller than last reported",
            came="a smaller one",
        )
    return None


class Plan(msgspec.Struct, frozen=True):
    """What an amended answer does to the commitments: kept with new terms, begun anew, or cancelled."""

    keep: tuple[tuple[Commitment, int], ...]
    create: tuple[int, ...]
    cancel: tuple[Commitment, ...]


def reconcile(existing: Sequence[Commitment], offers: Sequence[tuple[Offer, str | None]]) -> Plan:
    """Match the open commitments with the new offers (each with its site's id), by thing, unit and origin.

    Commitments that are done or cancelled are history and stay as they are; a done one answers for the
    offer it matches, so repeating it in an amendment does not promise it twice.
    """
    pool = [c for c in existing if c.state != "cancelled"]
    keep: list[tuple[Commitment, int]] = []
    create: list[int] = []
    for index, (offer, site) in enumerate(offers):
        match = next((c for c in pool if _origin(c, c.from_site) == _origin(offer, site)), None)
        if match is None:
            create.append(index)
            continue
        pool.remove(match)
        if match.state != "done":
            keep.append((match, index))
    return Plan(tuple(keep), tuple(create), tuple(c for c in pool if c.state != "done"))


def _origin(part: Offer | Commitment, site: str | None) -> tuple[tuple[str, str], str]:
    return same_thing(part.what, part.unit), site or part.from_place.strip().casefold()


def check_task_answer(outcome: TaskOutcome, has_reason: bool, before: Progress | None) -> Refused | None:
    """A no says why, and comes before the work begins; ``before`` is None for a first answer."""
    if outcome == "declined" and not has_reason:
        return Refused(code="task.reason", expected="a reason", came="none", status=422)
    if before == "under way":
        return Refused(
            code="task.begun", expected="a task not yet begun, or a report of progress", came="one begun"
        )
    return None


def check_decision(options: Sequence[Option], chosen: str) -> str | Refused:
    """The key of the option ``chosen`` names, by key or by title."""
    if len(options) < 2:
        return Refused(
            code="decision.options", expected="at least two options", came=str(len(options)), status=422
        )
    for option in options:
        if chosen == option.key or (option.title is not None and chosen == option.title.text):
            return option.key
    return Refused(
        code="decision.chosen",
        expected="the key or the title of one of the options",
        came="something else",
        status=422,
    )


def check_incident(incident: Incident, wanted: Literal["open", "closed"], hq: str) -> Refused | None:
    """Only the owner closes or reopens, and only what is not already so."""
    if incident.owner != hq:
        return Refused(
            code="incident.owner", expected="an incident of this headquarters", came="a partner's", status=403
        )
    if incident.status == wanted:
        return Refused(
            code=f"incident.{wanted}",
            expected=f"an incident that is not {wanted}",
            came=f"one that is {wanted}",
        )
    return None


FLASH_FIRST = ("flash", "extreme", "immediate", "severe", "priority", "moderate", "routine", "minor")
"""Precedences and severities, the most pressing first."""


def most_urgent_first(items: Iterable[OpenItem]) -> list[OpenItem]:
    """Overdue ones before others, then by precedence or severity, then by what is due next."""

    def urgency(item: OpenItem) -> tuple[bool, int, bool, float]:
        rank = FLASH_FIRST.index(item.grade) if item.grade in FLASH_FIRST else len(FLASH_FIRST)
        due = item.due.timestamp() if item.due else 0.0
        return not item.overdue, rank, item.due is None, due

    return sorted(items, key=urgency)


def check_relief(handover: Handover, account: str, newest: str) -> Refused | None:
    """A watch is taken over once, on its newest sheet, by somebody other than who hands it over."""
    if handover.incoming is not None:
        return Refused(
            code="handover.signed", expected="a hand-over not yet taken over", came="one that was signed"
        )
    if handover.id != newest:
        return Refused(
            code="handover.superseded", expected="the newest hand-over sheet", came="one written before it"
        )
    if handover.outgoing.account == account:
        return Refused(
            code="handover.same",
            expected="another account than the one that hands over",
            came="the same account",
            status=403,
        )
    return None


def decided(record: Decision) -> Option | None:
    """The option that was chosen, unless it was cut from what the reader may see."""
    return next((o for o in record.options if o.key == record.chosen), None)
