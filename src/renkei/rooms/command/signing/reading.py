"""What this headquarters knows of plans, their signatures, and the structure that is in force by them."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from renkei.kernel.desk import Desk
from renkei.kernel.errors import BadInput
from renkei.kernel.people import Person
from renkei.kernel.seen import Seen, look, see

from ..duty import DutyPost, duty_posts
from ..plans.model import FUNCTIONS, AnyFact, Function, Plan, Post, Ref, Responsibility, Structure
from ..records import Headquarters, Names
from ..rules import nations_of
from ..views import structure_of
from .effect import Effect, Route, effects_of, in_force_on, routes
from .parts import PartStanding, standing_of
from .proposed import document_of
from .records import PlanApproval, PlanRecord

MAX_PLANS = 200
"""Plans shown; a headquarters restructures once in some years."""
MAX_APPROVALS = 2_000
"""Signatures looked at for what is in force: hundreds of plans with several parts each."""
MAX_HEADQUARTERS = 200
"""Headquarters with a node that requests are routed to."""
RELEASE_REVIEW = "release-review"
"""The function of those who sign for releases, where the structure gives it to somebody."""


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """A plan and how far each of its parts has got."""

    seen: Seen[PlanRecord]
    standing: tuple[PartStanding, ...]


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """The structure known here, the facts that hold on a day, and what plans last said about which."""

    structure: Structure
    facts: dict[Ref, AnyFact]
    said: dict[Ref, Effect]


def plans_here(desk: Desk) -> list[PlanView]:
    """All plans that this person may see, the newest first."""
    rows = desk.views.newest("plan", limit=MAX_PLANS).rows
    approvals = _approvals(desk)
    return [_view(desk, seen, approvals) for seen in see(desk.views, rows, PlanRecord)]


def plan_view(desk: Desk, plan_id: str) -> PlanView | None:
    """One plan; None if there is none that this person may see."""
    seen = look(desk.views, plan_id, PlanRecord)
    return None if seen is None else _view(desk, seen, _approvals(desk))


class OnDuty(msgspec.Struct, frozen=True, kw_only=True):
    """Posts and who is on duty at ``at``, and what functions are called."""

    at: datetime
    posts: list[DutyPost]
    functions: dict[str, Names]


def plan_document(desk: Desk, plan_id: str) -> Plan | None:
    """A plan that this person may see, on what is in force here today; None if there is none.

    Raises BadInput (``structure.size``).
    """
    view = plan_view(desk, plan_id)
    if view is None:
        return None
    today = desk.clock.now().date()
    found = structure_in_force(desk, today)
    return document_of(view.seen.record, view.standing, found.structure, found.facts, found.said, today)


def structure_in_force(desk: Desk, day: date) -> InForce:
    """What holds on ``day`` by records and by plans agreed on, as far as this person may see.

    Raises BadInput (``structure.size``).
    """
    structure = structure_of(desk)
    facts, said = in_force_on(structure, effects_of(_agreed(desk, day)), day)
    return InForce(structure=structure, facts=facts, said=said)


def route_of(desk: Desk, function: str, nation: str, day: date) -> list[Route]:
    """Who handles ``function`` for ``nation`` on ``day``, the first to be asked first."""
    found = structure_in_force(desk, day)
    return routes(found.facts, _headquarters(desk), function, nation, found.said)


def asked_for(desk: Desk, function: str, day: date) -> list[str]:
    """The other headquarters that ``function`` goes to on ``day``: the first of each nation."""
    found = structure_in_force(desk, day)
    hqs, ours = _headquarters(desk), nations_of(desk.hq)
    nations = [nation.key for nation in found.structure.nations if nation.key not in ours]
    first = [routes(found.facts, hqs, function, nation)[:1] for nation in nations]
    asked = {route.hq for each in first for route in each if route.hq is not None}
    return sorted(asked - {desk.hq})


def on_duty(desk: Desk, day: date | None = None) -> OnDuty:
    """Every post in force on ``day`` and, if that is today or left out, who is on duty now."""
    now = desk.clock.now()
    facts = structure_in_force(desk, day or now.date()).facts
    posts = duty_posts(facts, now)
    if day not in (None, now.date()):
        posts = [msgspec.structs.replace(post, on_duty=None, changes_at=None) for post in posts]
    named = {fact.key: fact.names for fact in facts.values() if isinstance(fact, Function)}
    return OnDuty(at=now, posts=posts, functions=FUNCTIONS | named)


def handled_by(desk: Desk, person: Person, day: date) -> list[str]:
    """The functions that come to ``person``'s post: those for which this headquarters would ask it.

    A person holds the post whose code or name is that of the account's post.
    """
    found = structure_in_force(desk, day)
    mine = {f.code for f in found.facts.values() if isinstance(f, Post) and is_post(f, person)}
    functions = {n for f in found.facts.values() if isinstance(f, Post) for n in f.functions}
    functions |= {f.function for f in found.facts.values() if isinstance(f, Responsibility)}
    hqs = _headquarters(desk)
    return [
        function
        for function in sorted(functions)
        for nation in nations_of(desk.hq)
        if any(mine & set(r.posts) for r in routes(found.facts, hqs, function, nation)[:1])
    ]


def reviewers(desk: Desk, day: date) -> frozenset[str]:
    """What the posts that review releases at this headquarters on ``day`` are called, by code and names."""
    seats = reviewing(desk, day)
    return frozenset({name for seat in seats for name in (seat.code, seat.names.en, seat.names.ja)} - {""})


def reviewing(desk: Desk, day: date) -> tuple[Post, ...]:
    """The posts that review releases at this headquarters on ``day``; none: left open.

    Left open where the structure in force says nothing, gives the review to another headquarters, or to
    posts that are vacant, and by what others say of our posts: this narrows who may sign, and is ours to do.
    """
    try:
        found = structure_in_force(desk, day)
    except BadInput:  # more than can be looked at: the policy alone decides, as it does without a structure
        return ()
    hqs = _headquarters(desk)
    first = [r for n in nations_of(desk.hq) for r in routes(found.facts, hqs, RELEASE_REVIEW, n)[:1]]
    seats = (found.facts.get(("post", key)) for route in first if route.hq == desk.hq for key in route.posts)
    return tuple(s for s in seats if isinstance(s, Post) and s.holder and s.by in {"", desk.hq})


def is_post(post: Post, person: Person) -> bool:
    """Whether ``person`` holds the post, by its code or one of its names."""
    return person.post in {post.code, post.names.en} or bool(
        person.post_ja and person.post_ja == post.names.ja
    )


def _view(desk: Desk, seen: Seen[PlanRecord], approvals: Sequence[PlanApproval]) -> PlanView:
    of_it = [a for a in approvals if a.name == seen.record.name]
    today = desk.clock.now().date()
    return PlanView(seen=seen, standing=tuple(standing_of(of_it, nations_of, today, seen.record)))


def _approvals(desk: Desk) -> list[PlanApproval]:
    """Signatures that this person sees whole: of others the digest does not tell anything."""
    rows = desk.views.newest("plan-approval", limit=MAX_APPROVALS).rows
    return [seen.record for seen in see(desk.views, rows, PlanApproval)]


def _agreed(desk: Desk, day: date) -> list[PlanApproval]:
    by_name: dict[str, list[PlanApproval]] = {}
    for approval in _approvals(desk):
        by_name.setdefault(approval.name, []).append(approval)
    return [
        one.signatures[0].approval
        for approvals in by_name.values()
        for one in standing_of(approvals, nations_of, day)
        if one.state == "in force"
    ]


def _headquarters(desk: Desk) -> dict[str, str]:
    """Ids of headquarters with a node, by their unit's code; our own word for it goes first."""
    rows = desk.views.newest("headquarters", limit=MAX_HEADQUARTERS).rows
    found = [seen.record for seen in see(desk.views, rows, Headquarters) if seen.record.unit_code]
    return {r.unit_code: r.hq for r in sorted(found, key=lambda r: r.owner == desk.hq)}
