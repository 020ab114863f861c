"""Two keys: plans on record, each nation's signature under its part, and what follows from them (ADR 0017).

The part's door.
"""

from ..duty import DutyPost
from .actions import (
    ApproveIn,
    PlanIn,
    ProposedIn,
    TakeBackIn,
    amend_plan,
    approve_part,
    propose_plan,
    take_back_approval,
    withdraw_plan,
)
from .applying import Applied, apply_plans
from .effect import Effect, Route, in_force_on, routes
from .parts import Part, PartStanding, Signature, digest, digest_of, standing_of
from .reading import (
    InForce,
    OnDuty,
    PlanView,
    asked_for,
    handled_by,
    is_post,
    on_duty,
    plan_document,
    plan_view,
    plans_here,
    reviewers,
    reviewing,
    route_of,
    structure_in_force,
)
from .records import PLAN_KINDS, PlanApproval, PlanRecord, Proposed

__all__ = [
    "PLAN_KINDS",
    "Applied",
    "ApproveIn",
    "DutyPost",
    "Effect",
    "InForce",
    "OnDuty",
    "Part",
    "PartStanding",
    "PlanApproval",
    "PlanIn",
    "PlanRecord",
    "PlanView",
    "Proposed",
    "ProposedIn",
    "Route",
    "Signature",
    "TakeBackIn",
    "amend_plan",
    "apply_plans",
    "approve_part",
    "asked_for",
    "digest",
    "digest_of",
    "handled_by",
    "in_force_on",
    "is_post",
    "on_duty",
    "plan_document",
    "plan_view",
    "plans_here",
    "propose_plan",
    "reviewers",
    "reviewing",
    "route_of",
    "routes",
    "standing_of",
    "structure_in_force",
    "take_back_approval",
    "withdraw_plan",
]
