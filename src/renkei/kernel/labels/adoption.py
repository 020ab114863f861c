"""Adopting another policy: proposed by one officer, adopted by a second, and on record for good.

A proposal is a record of kind ``policy-change`` in the master log with the SHA-256 of the exact file; the
file itself waits beside the policies.  The second officer, who must hold another account and another post,
names that digest, having seen the same bytes; the record's next version says who adopted it.  Records of
this kind never leave and are written by these actions alone.

How a running node then changes over is ``node/adopting``.
"""

import hashlib
from collections.abc import Iterable
from typing import ClassVar, Literal

from ..desk import Desk
from ..drafting import one, own_whole, revise, stamp
from ..errors import Refused
from ..people import Permission
from ..records import Record
from ..seen import look
from .change import Audience, unsound
from .model import Label
from .policy import Policy, PolicyBook

MAX_REASON = 2_000


class PolicyChange(Record, frozen=True, kw_only=True, tag="policy-change"):
    """A policy proposed, adopted or withdrawn.

    ``digest`` and ``replaces`` are SHA-256 of policy files in hexadecimal, ``policy`` and
    ``policy_version`` what the new file says of itself.  ``proposer`` and ``adopter`` are accounts.
    """

    releasable: ClassVar[bool] = False
    appendable: ClassVar[bool] = False

    step: Literal["proposed", "adopted", "withdrawn"]
    policy: str
    policy_version: int
    digest: str
    replaces: str
    proposer: str
    proposer_post: str
    reason: str = ""
    adopter: str = ""


def digest_of(xml: bytes) -> str:
    """The name of a policy file's exact bytes."""
    return hashlib.sha256(xml).hexdigest()


def propose(desk: Desk, xml: bytes, replaces: str, reason: str) -> PolicyChange | Refused:
    """A proposal to put the policy ``xml`` in the place of the file with the digest ``replaces``.

    Raises BadInput naming element and line if it is not a policy this node could use.
    """
    if refused := desk.person.refuse(Permission.POLICY_CHANGE):
        return refused
    proposed, own = Policy.load(xml), desk.policies.own
    if refused := _check_successor(desk, proposed):
        return refused
    if not reason.strip() or len(reason) > MAX_REASON:
        return _no("reason", f"a reason of 1 to {MAX_REASON} characters", f"{len(reason.strip())}", 422)
    label = _label(desk)
    header = label if isinstance(label, Refused) else stamp(desk, label, desk.clock.now())
    if isinstance(header, Refused):
        return header
    return one(
        desk,
        PolicyChange(
            **header,
            step="proposed",
            policy=own.id,
            policy_version=proposed.version,
            digest=digest_of(xml),
            replaces=replaces,
            proposer=desk.person.account,
            proposer_post=desk.person.post,
            reason=reason.strip(),
        ),
    )


def adopt(
    desk: Desk, record_id: str, digest: str, xml: bytes, replaces: str, holders: Iterable[Audience]
) -> PolicyChange | Refused:
    """The proposal adopted by a second officer, who names the ``digest`` of what was read.

    ``xml`` is the file kept under that digest, ``replaces`` the digest of the policy file now, ``holders``
    everybody whose clearance the new policy must be able to mean.  Raises BadInput if the file is no policy.
    """
    if refused := desk.person.refuse(Permission.POLICY_CHANGE):
        return refused
    found = own_whole(desk, look(desk.views, record_id, PolicyChange), "proposal")
    if isinstance(found, Refused):
        return found
    refused = _check_second(desk, found) or _check_bytes(found, digest, xml, replaces)
    if refused is not None:
        return refused
    refused = _check_successor(desk, Policy.load(xml)) or _check_holders(desk, xml, holders)
    if refused is not None:
        return refused
    return one(desk, revise(desk, found, desk.clock.now(), step="adopted", adopter=desk.person.account))


def withdraw(desk: Desk, record_id: str) -> PolicyChange | Refused:
    """The proposal taken back, by anybody who could adopt or propose."""
    if refused := desk.person.refuse(Permission.POLICY_CHANGE):
        return refused
    found = own_whole(desk, look(desk.views, record_id, PolicyChange), "proposal")
    if isinstance(found, Refused):
        return found
    if found.step != "proposed":
        return _no("step", "a proposal that waits", f"one {found.step}")
    return one(desk, revise(desk, found, desk.clock.now(), step="withdrawn"))


def _check_second(desk: Desk, found: PolicyChange) -> Refused | None:
    if found.step != "proposed":
        return _no("step", "a proposal that waits", f"one {found.step}")
    if desk.person.account == found.proposer or desk.person.post == found.proposer_post:
        return _no("second", "a second officer, of another account and post", "whoever proposed it", 403)
    return None


def _check_bytes(found: PolicyChange, digest: str, xml: bytes, replaces: str) -> Refused | None:
    if digest != found.digest:
        return _no("digest", "the digest of the file proposed", "another")
    if digest_of(xml) != found.digest:
        return _no("bytes", "the file as it was proposed", "one changed since")
    if replaces != found.replaces:
        return _no("stale", "a proposal on the policy in force", "one on an older policy: propose it anew")
    return None


def _check_successor(desk: Desk, proposed: Policy) -> Refused | None:
    """The same policy, a higher version, and equivalences that lead somewhere."""
    own = desk.policies.own
    if proposed.id != own.id:
        return _no("id", f"a version of the policy {own.id}", proposed.id, 422)
    if proposed.version <= own.version:
        return _no("version", f"a version above {own.version}", str(proposed.version), 422)
    PolicyBook(proposed, desk.policies.policies[1:])
    return None


def _check_holders(desk: Desk, xml: bytes, holders: Iterable[Audience]) -> Refused | None:
    book = PolicyBook(Policy.load(xml), desk.policies.policies[1:])
    wrong = unsound(book, holders)
    if wrong:
        expected = "clearances that the new policy can mean; change these first"
        return _no("clearance", expected, "; ".join(wrong))
    return None


def _label(desk: Desk) -> Label | Refused:
    """The narrowest label the policy suggests that the person may read: the kind never leaves anyway."""
    book = desk.policies
    for suggestion in book.own.suggestions:
        if book.access(desk.person.clearance, suggestion.label).allowed:
            return suggestion.label
    plain = Label(book.own.id, book.own.classifications[0].name)
    return book.validate(plain) or plain


def _no(what: str, expected: str, came: str, status: int = 409) -> Refused:
    return Refused(code=f"policy.{what}", expected=expected, came=came, status=status)
