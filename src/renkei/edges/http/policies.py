"""The policy in force, what decides under it, what another would change, and adopting one by two officers."""

from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from ...kernel.desk import Desk
from ...kernel.errors import BadInput, Refused
from ...kernel.labels import adoption
from ...kernel.labels.adoption import PolicyChange, adopt, digest_of, propose, withdraw
from ...kernel.labels.change import Audience, Shift, compare
from ...kernel.labels.explain import explain
from ...kernel.labels.model import Label
from ...kernel.labels.policy import Policy, PolicyBook
from ...kernel.labels.reading import MAX_POLICY_BYTES
from ...kernel.people import Permission
from ...kernel.seen import look
from ...kernel.views.census import COUNTS, counted
from ...node.adopting import put_into_force
from ...node.policies import forget_proposed, keep_proposed, policy_digest, proposed
from .context import Caller, Edge, HttpEdge, key_path
from .problems import refuse
from .schema import problems

MAX_PROPOSAL_BYTES = 2 * MAX_POLICY_BYTES
"""A policy file written as a JSON string."""
SHOWN = 50
"""Changes on record that are shown; a nation changes its policy a few times a year."""
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Step = Literal["proposed", "adopted", "withdrawn"]


class ProposalOut(msgspec.Struct, frozen=True, rename="camel"):
    """A change of policy on record."""

    id: str
    step: Step
    policy: str
    policy_version: int
    digest: str
    proposer: str
    adopter: str
    reason: str
    at: str


class PolicyOut(msgspec.Struct, frozen=True, rename="camel"):
    """The policy the node decides by, and its file on the disk; digests are SHA-256.

    ``restartNeeded`` where somebody put another file there by hand.
    """

    id: str
    name: str
    version: int
    digest: str
    next_digest: str
    restart_needed: bool
    changes: list[ProposalOut]


class ProposalIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy file, as text, and why."""

    policy: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_POLICY_BYTES)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=adoption.MAX_REASON)]


class AdoptIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The digest of the file that the second officer has read."""

    digest: Digest


class DiffIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy file, as text."""

    policy: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_POLICY_BYTES)]


class ShiftOut(msgspec.Struct, frozen=True):
    """Records that a partner or account would gain or lose."""

    audience: str
    partner: bool
    change: Literal["gains", "loses"]
    label: str
    kind: str
    count: int
    why: str


class DiffOut(msgspec.Struct, frozen=True, rename="camel"):
    """What another policy would change, over the records that the caller may see."""

    records: int
    labels: int
    shifts: list[ShiftOut]
    unknown_labels: list[str]
    unsound_clearances: list[str]


class ExplainIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A label, and whose clearance: a partner's, or without one the caller's own."""

    label: Label
    partner: str | None = None


class StepOut(msgspec.Struct, frozen=True):
    """One rule's word."""

    rule: str
    met: bool
    found: str
    change: str


class ExplainOut(msgspec.Struct, frozen=True):
    """Whether the label is covered, the rule that decided ("" if all are met), and every rule's word."""

    allowed: bool
    code: str
    steps: list[StepOut]


@get("/policy", tags=["labels"], summary="The policy in force", responses=problems())
async def get_policy(edge: Edge, person: Caller) -> PolicyOut:
    """With the changes on record, newest first, as far as the caller may see them."""
    own, now = edge.node.policies.own, policy_digest(edge.node.folder)

    running = edge.node.policy_digest
    changes = await edge.at_desk(person, lambda desk: [_out(c) for c in _changes(desk, edge)])
    return PolicyOut(own.id, own.name, own.version, running, now, running != now, changes)


@post(
    "/policy/explain",
    status_code=200,
    tags=["labels"],
    summary="Why a label is covered or not",
    responses=problems(422),
)
async def explain_label(edge: Edge, person: Caller, data: JSONBody[ExplainIn]) -> ExplainOut:
    """Each rule, whether it is met, and what would have to change."""
    book = edge.node.policies
    if (no := book.validate(data.label, known_only=True)) is not None:
        raise refuse(no)
    held = person.clearance if data.partner is None else edge.node.line(data.partner).entry.clearance
    told = explain(book, held, data.label)
    steps = [StepOut(s.rule, s.met, s.found, s.change) for s in told.steps]
    return ExplainOut(told.allowed, told.code, steps)


@post(
    "/policy/diff",
    status_code=200,
    opt={"permission": Permission.POLICY_CHANGE},
    tags=["labels"],
    summary="What another policy would change",
    responses=problems(413, 422),
    request_max_body_size=MAX_PROPOSAL_BYTES,
)
async def diff_policy(edge: Edge, person: Caller, data: JSONBody[DiffIn]) -> DiffOut:
    """Which records every partner and account would gain or lose; nothing is changed."""

    def read(desk: Desk) -> DiffOut:
        after = Policy.load(data.policy.encode())
        if after.id != desk.policies.own.id:
            raise BadInput("policy.id", f"a version of the policy {desk.policies.own.id}", after.id)
        rows = counted(desk.views.rows(f"{COUNTS} WHERE s.count > 0 AND {{visible:s}}"))
        book = PolicyBook(after, desk.policies.policies[1:])
        kept = frozenset(kind for kind, made in edge.node.codec.kinds.items() if not made.releasable)
        found = compare(desk.policies, book, rows, holders(edge), edge.hq, kept)
        return DiffOut(
            found.records,
            found.labels,
            [shift_out(s) for s in found.shifts],
            list(found.unknown_labels),
            list(found.unsound_clearances),
        )

    return await edge.at_desk(person, read)


@post(
    "/policy/proposals",
    opt={"permission": Permission.POLICY_CHANGE},
    tags=["labels"],
    summary="Propose a policy",
    responses=problems(409, 413, 422, 503),
    request_max_body_size=MAX_PROPOSAL_BYTES,
)
async def propose_policy(edge: Edge, person: Caller, data: JSONBody[ProposalIn]) -> ProposalOut:
    """Put a policy before a second officer.  The file is read as strictly as at start, and kept."""
    return _out(await edge.act_for(person, PolicyChange, Changing(edge).policy_propose, data))


@post(
    key_path("/policy/proposals", "/adopt"),
    status_code=200,
    opt={"permission": Permission.POLICY_CHANGE},
    tags=["labels"],
    summary="Adopt a policy",
    responses=problems(409, 422, 503),
)
async def adopt_policy(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str], data: JSONBody[AdoptIn]
) -> ProposalOut:
    """As a second officer, by the digest of the exact file; in force once this is answered."""
    return _out(
        await edge.act_for(person, PolicyChange, Changing(edge).policy_adopt, f"{owner}/{key}", data.digest)
    )


@post(
    key_path("/policy/proposals", "/withdraw"),
    status_code=200,
    opt={"permission": Permission.POLICY_CHANGE},
    tags=["labels"],
    summary="Withdraw a proposed policy",
    responses=problems(409, 503),
)
async def withdraw_policy(
    edge: Edge, person: Caller, owner: FromPath[str], key: FromPath[str]
) -> ProposalOut:
    """A proposal that nobody adopted yet."""
    return _out(await edge.act_for(person, PolicyChange, Changing(edge).policy_withdraw, f"{owner}/{key}"))


def shift_out(shift: Shift) -> ShiftOut:
    """A shift as the API tells it."""
    return ShiftOut(
        shift.audience, shift.partner, shift.change, shift.label, shift.kind, shift.count, shift.why
    )


def holders(edge: HttpEdge) -> list[Audience]:
    """Every partner and every account that can sign in, with what they hold."""
    partners = [Audience(hq, True, line.entry.clearance) for hq, line in edge.node.partners.items()]
    people = [Audience(a.account, False, a.clearance) for a in edge.accounts.all() if not a.disabled]
    return partners + people


class Changing:
    """The steps of a change at one node: actions whose arguments are those of the request alone."""

    def __init__(self, edge: HttpEdge) -> None:
        self._edge, self._node = edge, edge.node

    def policy_propose(self, desk: Desk, data: ProposalIn) -> PolicyChange | Refused:
        """Keep the file, then put the proposal on record: one that names a file must find it."""
        folder, xml = self._node.folder, data.policy.encode()
        Policy.load(xml)
        with self._node.policy_lock:
            fresh = keep_proposed(folder, xml)
            made = propose(desk, xml, policy_digest(folder), data.reason)
            if isinstance(made, Refused) and fresh:
                forget_proposed(folder, digest_of(xml))
            return made

    def policy_adopt(self, desk: Desk, record_id: str, digest: str) -> PolicyChange | Refused:
        """Put the adoption on record, then the file in force; after a crash between the two, the file."""
        folder = self._node.folder
        with self._node.policy_lock:
            now = policy_digest(folder)
            seen = look(desk.views, record_id, PolicyChange)
            if seen is not None and seen.record.step == "adopted" and digest == seen.record.digest:
                if now in {seen.record.replaces, digest}:
                    put_into_force(self._node, digest)
                return seen.record
            made = adopt(desk, record_id, digest, proposed(folder, digest), now, holders(self._edge))
            if isinstance(made, PolicyChange):
                put_into_force(self._node, digest)
            return made

    def policy_withdraw(self, desk: Desk, record_id: str) -> PolicyChange | Refused:
        """Take a proposal back, and its file unless another proposal is of the same bytes."""
        with self._node.policy_lock:
            made = withdraw(desk, record_id)
            if isinstance(made, PolicyChange) and not any(
                r.digest == made.digest and r.step == "proposed" and r.id != made.id
                for r in _changes(desk, self._edge)
            ):
                forget_proposed(self._node.folder, made.digest)
            return made


def _changes(desk: Desk, edge: HttpEdge) -> list[PolicyChange]:
    rows = desk.views.newest("policy-change", edge.hq, SHOWN, None).rows
    records = [desk.views.record(row)[0] for row in rows]
    return [r for r in records if isinstance(r, PolicyChange)]


def _out(change: PolicyChange) -> ProposalOut:
    return ProposalOut(
        change.id,
        change.step,
        change.policy,
        change.policy_version,
        change.digest,
        change.proposer,
        change.adopter,
        change.reason,
        change.at.isoformat().replace("+00:00", "Z"),
    )


HANDLERS = (get_policy, explain_label, diff_policy, propose_policy, adopt_policy, withdraw_policy)
