"""Other policies for a running node: its own, adopted, or a partner's, taken along with the partner.

All decisions hang on one reference, ``views.book``, which is exchanged whole:

1. the views decide by the new book; whoever began to read goes on by the old one to the end of its answer,
   so that no answer mixes the two; tables and search index stay, since they know labels, not readers;
2. every partner's chain decides by it, once the run in hand is over; when ``decide_by`` returns nothing is
   decided under the old policy any more;
3. whoever remembers decisions (labels that programs may use, open streams) is told to begin anew.

What was withheld before is not released by itself, and what the partner has it keeps, until a person decides
(ADR 0010); but what has not arrived and may not go any more is taken back, so that it does not leave after
the adoption was answered.
"""

from typing import TYPE_CHECKING

from ..kernel.errors import BadInput
from ..kernel.identity import PartnerCard
from ..kernel.identity.files import write_atomically
from ..kernel.labels.policy import Policy, PolicyBook
from .config import Folder
from .policies import put_in_force

if TYPE_CHECKING:
    from .lines import PartnerLine
    from .node import Node

HELD_BACK = "held back by"
"""The fact beside a log sent that names the policy by which what was under way was last looked at."""


def decide_by(node: "Node", book: PolicyBook) -> None:
    """Have all of ``node`` decide by ``book``; see above.  One call at a time."""
    node.views.decide_by(book)
    for line in node.partners.values():
        line.releaser.decide_by(book)
    node.told_of_policy()


def put_into_force(node: "Node", digest: str) -> None:
    """Have the adopted file be the policy, on the disk and in all that runs; done twice, it does no harm.

    Called with ``policy_lock`` held.
    """
    put_in_force(node.folder, digest)
    if node.policy_digest == digest:
        return
    take_on(node, Policy.load(node.folder.policy.read_bytes()), digest)
    node.policy_digest = digest


def take_on(node: "Node", own: Policy, digest: str) -> None:
    """Have ``own`` be the node's policy, and hold back what is under way and may not go by it."""
    decide_by(node, PolicyBook(own, node.policies.policies[1:]))
    for line in node.partners.values():
        hold_back(line, digest)


def hold_back(line: "PartnerLine", digest: str) -> None:
    """Hold back from one partner what the policy of that digest does not let go, unless that was done.

    Asked at every start, too: a crash may have come between the policy and this.
    """
    if line.sent.fact(HELD_BACK) == digest.encode():
        return
    if line.releaser.hold_back(line.sender.received) and line.link is not None:
        line.link.notify()
    line.sent.set_facts({HELD_BACK: digest.encode()})


def keep_partner_policy(node: "Node", card: PartnerCard, xml: bytes) -> None:
    """Take along the policy that a partner's card names, to read its labels by.

    Raises BadInput, with nothing written, if it is another one or does not go with those known.
    """
    policy = Policy.load(xml)
    if policy.id != card.policy:
        raise BadInput("partner.policy", f"the policy {card.policy} that the card names", policy.id)
    with node.policy_lock:
        others = partner_policies(node.folder)
        others.pop(card.hq, None)
        if policy.id in {node.policies.own.id, *(other.id for other in others.values())}:
            return  # its labels can be read already
        book = PolicyBook(node.policies.own, [*others.values(), policy])
        node.folder.policies.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(node.folder.policies / f"{card.hq}.xml", xml)
        decide_by(node, book)


def partner_policies(folder: Folder) -> dict[str, Policy]:
    """The policies kept for partners, by the name of their file."""
    return {path.stem: Policy.load(path.read_bytes()) for path in sorted(folder.policies.glob("*.xml"))}
