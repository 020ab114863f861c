"""People as roles: who acts, what they hold, and what their role lets them do.

Renkei knows no private persons.  Somebody who signs in holds a *post* ("Watch officer, JJOC") with
one or more roles and a clearance.  One table says which role may do what; every room's action names
the permission it needs.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from .errors import Refused
from .labels.model import Clearance


class Role(StrEnum):
    """What a post does; a post may have several."""

    VIEWER = "viewer"
    WATCH_OFFICER = "watch-officer"
    LIAISON = "liaison"
    PLANNER = "planner"
    DISCLOSURE_OFFICER = "disclosure-officer"
    APPROVER = "approving-authority"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """Something a person can be allowed to do."""

    READ = "read"
    LOG_WRITE = "log.write"
    INCIDENT_WRITE = "incident.write"
    REQUEST_SEND = "request.send"
    REQUEST_ANSWER = "request.answer"
    TASK_WRITE = "task.write"
    DECISION_WRITE = "decision.write"
    TRANSLATE = "translate"
    PICTURE_WRITE = "picture.write"
    COMMAND_WRITE = "command.write"
    PLAN_APPROVE = "plan.approve"
    RECORDS_APPEND = "records.append"
    RELEASE_REVIEW = "release.review"
    POLICY_CHANGE = "policy.change"
    AUDIT_READ = "audit.read"
    METRICS_READ = "metrics.read"
    PARTNER_MANAGE = "partner.manage"
    COURIER_CARRY = "courier.carry"
    ACCOUNT_MANAGE = "account.manage"


_WATCH = frozenset(
    {
        Permission.READ,
        Permission.LOG_WRITE,
        Permission.INCIDENT_WRITE,
        Permission.REQUEST_SEND,
        Permission.REQUEST_ANSWER,
        Permission.TASK_WRITE,
        Permission.DECISION_WRITE,
        Permission.TRANSLATE,
        Permission.PICTURE_WRITE,
        Permission.RECORDS_APPEND,
    }
)

ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.READ}),
    Role.WATCH_OFFICER: _WATCH,
    Role.LIAISON: frozenset(
        {
            Permission.READ,
            Permission.LOG_WRITE,
            Permission.REQUEST_SEND,
            Permission.REQUEST_ANSWER,
            Permission.TRANSLATE,
        }
    ),
    Role.PLANNER: frozenset(
        {
            Permission.READ,
            Permission.LOG_WRITE,
            Permission.TASK_WRITE,
            Permission.DECISION_WRITE,
            Permission.COMMAND_WRITE,
        }
    ),
    Role.DISCLOSURE_OFFICER: frozenset(
        {
            Permission.READ,
            Permission.RELEASE_REVIEW,
            Permission.POLICY_CHANGE,
            Permission.AUDIT_READ,
            Permission.TRANSLATE,
            Permission.COURIER_CARRY,
        }
    ),
    Role.APPROVER: frozenset(
        {
            Permission.READ,
            Permission.LOG_WRITE,
            Permission.DECISION_WRITE,
            Permission.PLAN_APPROVE,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            Permission.READ,
            Permission.AUDIT_READ,
            Permission.METRICS_READ,
            Permission.POLICY_CHANGE,
            Permission.PARTNER_MANAGE,
            Permission.COURIER_CARRY,
            Permission.ACCOUNT_MANAGE,
            Permission.RECORDS_APPEND,
            Permission.COMMAND_WRITE,
            Permission.PICTURE_WRITE,
        }
    ),
}


WITHIN: Mapping[Permission, Permission] = {Permission.COURIER_CARRY: Permission.PARTNER_MANAGE}
"""Permissions that were part of another one: a token made for that one holds them still."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever is at the desk: an account, the post it holds, its roles and clearance.

    ``scopes`` narrows a person to part of what the roles allow (an API token); None means all.
    """

    account: str
    post: str
    post_ja: str = ""
    roles: tuple[Role, ...]
    clearance: Clearance
    scopes: frozenset[Permission] | None = None

    def may(self, permission: Permission) -> bool:
        """Whether any role, within the scopes, allows ``permission``."""
        scopes = self.scopes
        if scopes is not None and permission not in scopes and WITHIN.get(permission) not in scopes:
            return False
        return any(permission in ALLOWED[role] for role in self.roles)

    def refuse(self, permission: Permission) -> Refused | None:
        """A refusal unless ``permission`` is held."""
        if self.may(permission):
            return None
        return Refused(
            code="person.permission",
            expected=f"a role or token with the permission {permission.value}",
            came=f"{self.account} with " + ", ".join(r.value for r in self.roles),
            status=403,
        )
