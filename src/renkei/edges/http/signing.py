"""Plans on record, signatures under their parts, what is in force by them, and who handles what."""

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from ...kernel.desk import Desk
from ...kernel.labels.model import Label
from ...kernel.people import Permission
from ...rooms.command import signing as room
from .answers import RecordView, Shower
from .context import Caller, Edge, HttpEdge, key_path
from .problems import NOT_FOUND, refuse
from .schema import problems

_TAG = ["command"]
_READ = problems()
_WRITE = problems(409, 413, 415, 422, 503)
_PLANNER = {"permission": Permission.COMMAND_WRITE}
_APPROVER = {"permission": Permission.PLAN_APPROVE}

On = Annotated[date | None, QueryParameter(name="on", description="A day; today if left out.")]
Function = Annotated[
    str, QueryParameter(name="function", min_length=1, max_length=200, description="Such as logistics.")
]
OfNation = Annotated[
    str, QueryParameter(name="nation", min_length=1, max_length=200, description="By the word units use.")
]


class SignatureOut(msgspec.Struct, frozen=True, kw_only=True):
    """One nation's signature: by which headquarters, for which day, over what."""

    nation: str
    hq: str
    approval: str
    effective: date
    digest: str
    options: dict[str, str]


class PartOut(msgspec.Struct, frozen=True, kw_only=True):
    """How far the part of ``phase`` that ``nations`` sign for has got; ``missing`` have not signed."""

    phase: str
    nations: list[str]
    state: str
    signatures: list[SignatureOut]
    missing: list[str]
    effective: date | None
    digest: str
    amended: bool


class PlanOut(msgspec.Struct, frozen=True, kw_only=True):
    """A plan and its parts, in order of phases."""

    plan: RecordView
    parts: list[PartOut]


class PlanDocumentOut(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as ``/plans/check`` takes it."""

    plan: dict[str, Any]


class RouteOut(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that handles the function, its posts, the headquarters to ask, and the plan that made it so."""

    unit: str
    posts: list[str]
    hq: str | None
    part: str
    plan: str


class FactOut(msgspec.Struct, frozen=True, kw_only=True):
    """A fact in force, and the plan that said so last, if one did."""

    fact: dict[str, Any]
    plan: str


class InForceOut(msgspec.Struct, frozen=True, kw_only=True):
    """Every fact in force on the day."""

    on: date
    facts: list[FactOut]


class MineOut(msgspec.Struct, frozen=True, kw_only=True):
    """The functions that come to the caller's post by the structure in force."""

    functions: list[str]


class ApplyIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The label of records that are new."""

    label: Label


class AppliedOut(msgspec.Struct, frozen=True, kw_only=True):
    """Ids of records written, how many said it already, and what no record can say."""

    written: list[str]
    unchanged: int
    left: list[str]


@get("/plans", tags=_TAG, summary="Plans", responses=_READ)
async def list_plans(edge: Edge, person: Caller) -> list[PlanOut]:
    """Of all headquarters, newest first, with how far their parts have got."""

    def read(desk: Desk) -> list[PlanOut]:
        shower = Shower(edge.node, desk.views, desk.clock.now())
        return [_out(shower, view) for view in room.plans_here(desk)]

    return await edge.at_desk(person, read)


@get(key_path("/plans"), tags=_TAG, summary="A plan", responses=_READ)
async def get_plan(edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str]) -> PlanOut:
    """With how far its parts have got."""
    return await _plan(edge, person, f"{owner}/{key}")


@get(key_path("/plans", "/document"), tags=_TAG, summary="A plan to check", responses=problems(400, 404, 409))
async def get_plan_document(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str]
) -> PlanDocumentOut:
    """On what is in force here today: what is signed has its day, what took effect is in the structure."""

    def read(desk: Desk) -> PlanDocumentOut:
        document = room.plan_document(desk, f"{owner}/{key}")
        if document is None:
            raise refuse(NOT_FOUND)
        return PlanDocumentOut(plan=msgspec.to_builtins(document))

    return await edge.at_desk(person, read)


@post("/plans", opt=_PLANNER, tags=_TAG, summary="Propose a plan", responses=_WRITE)
async def propose_plan(edge: Edge, person: Caller, data: JSONBody[room.PlanIn]) -> PlanOut:
    """Who must sign for a change follows from what it touches."""
    made = await edge.act(person, room.propose_plan, data)
    return await _plan(edge, person, made.id)


@post(key_path("/plans", "/amend"), opt=_PLANNER, tags=_TAG, summary="Amend an own plan", responses=_WRITE)
async def amend_plan(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[room.PlanIn]
) -> PlanOut:
    """What was signed stands until its signers say otherwise."""
    await edge.act(person, room.amend_plan, f"{owner}/{key}", data)
    return await _plan(edge, person, f"{owner}/{key}")


@post(key_path("/plans", "/withdraw"), opt=_PLANNER, tags=_TAG, summary="Withdraw a plan", responses=_WRITE)
async def withdraw_plan(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[room.TakeBackIn]
) -> PlanOut:
    """Signatures under it are taken back one by one."""
    await edge.act(person, room.withdraw_plan, f"{owner}/{key}", data)
    return await _plan(edge, person, f"{owner}/{key}")


@post(key_path("/plans", "/approve"), opt=_APPROVER, tags=_TAG, summary="Sign for a part", responses=_WRITE)
async def approve_part(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[room.ApproveIn]
) -> PlanOut:
    """For our nation; once all its nations have signed the same, the part takes effect on its day."""
    await edge.act(person, room.approve_part, f"{owner}/{key}", data)
    return await _plan(edge, person, f"{owner}/{key}")


@post(
    key_path("/plan-approvals", "/take-back"),
    opt=_APPROVER,
    tags=_TAG,
    summary="Take an own signature back",
    responses=_WRITE,
)
async def take_back_approval(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[room.TakeBackIn]
) -> RecordView:
    """Before the day on which it takes effect."""
    made = await edge.act(person, room.take_back_approval, f"{owner}/{key}", data)
    return await edge.at_desk(person, lambda desk: edge.one(desk, made.id))


@post("/plans/apply", opt=_PLANNER, tags=_TAG, summary="Write down what took effect", responses=_WRITE)
async def apply_plans(edge: Edge, person: Caller, data: JSONBody[ApplyIn]) -> AppliedOut:
    """Of our own nation's facts, as records; doing it again writes nothing."""
    made = await edge.act(person, room.apply_plans, data.label)
    if not isinstance(made, room.Applied):  # done before under the same key
        return AppliedOut(written=[made.id], unchanged=0, left=[])
    return AppliedOut(written=list(made.written), unchanged=made.unchanged, left=list(made.left))


@get("/command/in-force", tags=_TAG, summary="The structure in force", responses=_READ)
async def get_in_force(edge: Edge, person: Caller, on: On = None) -> InForceOut:
    """By records, and by the parts of plans that all their nations signed for, on a day past or to come."""

    def read(desk: Desk) -> InForceOut:
        day = on or desk.clock.now().date()
        found = room.structure_in_force(desk, day)
        facts = [
            FactOut(fact=msgspec.to_builtins(fact), plan=found.said[ref].plan if ref in found.said else "")
            for ref, fact in found.facts.items()
        ]
        return InForceOut(on=day, facts=facts)

    return await edge.at_desk(person, read)


@get("/command/routes", tags=_TAG, summary="Who handles a function", responses=_READ)
async def get_routes(
    edge: Edge, person: Caller, function: Function, nation: OfNation, on: On = None
) -> list[RouteOut]:
    """For a nation, by the structure in force; the first is asked first."""

    def read(desk: Desk) -> list[RouteOut]:
        found = room.route_of(desk, function, nation, on or desk.clock.now().date())
        return [RouteOut(unit=r.unit, posts=list(r.posts), hq=r.hq, part=r.part, plan=r.plan) for r in found]

    return await edge.at_desk(person, read)


@get("/command/mine", tags=_TAG, summary="Functions of one's own post", responses=_READ)
async def get_mine(edge: Edge, person: Caller) -> MineOut:
    """What comes to the caller's post: its requests and, for release-review, what waits for review."""
    return MineOut(
        functions=await edge.at_desk(
            person, lambda desk: room.handled_by(desk, person, desk.clock.now().date())
        )
    )


@get("/command/duty", tags=_TAG, summary="Posts, and who is on duty", responses=_READ)
async def get_duty(edge: Edge, person: Caller, on: On = None) -> room.OnDuty:
    """Every post in force on the day, what it answers for and its duty hours; today also who is there now."""

    return await edge.at_desk(person, lambda desk: room.on_duty(desk, on))


async def _plan(edge: HttpEdge, person: Caller, plan_id: str) -> PlanOut:
    def read(desk: Desk) -> PlanOut:
        view = room.plan_view(desk, plan_id)
        if view is None:
            raise refuse(NOT_FOUND)
        return _out(Shower(edge.node, desk.views, desk.clock.now()), view)

    return await edge.at_desk(person, read)


def _out(shower: Shower, view: room.PlanView) -> PlanOut:
    return PlanOut(plan=shower.seen(view.seen), parts=[_part(s) for s in view.standing])


def _part(standing: room.PartStanding) -> PartOut:
    return PartOut(
        phase=standing.part.phase,
        nations=list(standing.part.nations),
        state=standing.state,
        signatures=[
            SignatureOut(
                nation=s.nation,
                hq=s.hq,
                approval=s.approval.id,
                effective=s.approval.effective,
                digest=s.approval.digest,
                options=s.approval.options,
            )
            for s in standing.signatures
        ],
        missing=list(standing.missing),
        effective=standing.effective,
        digest=standing.digest,
        amended=standing.amended,
    )


HANDLERS = (
    list_plans,
    get_plan,
    get_plan_document,
    propose_plan,
    amend_plan,
    withdraw_plan,
    approve_part,
    take_back_approval,
    apply_plans,
    get_in_force,
    get_routes,
    get_mine,
    get_duty,
)
