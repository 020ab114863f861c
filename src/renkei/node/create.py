"""Making a node's data folder, and agreeing on a partner."""

from datetime import datetime
from pathlib import Path

import msgspec

from ..kernel.clock import Clock, SystemClock
from ..kernel.errors import BadInput
from ..kernel.identity import Identity, PartnerCard, PartnerEntry, load_partners, open_card, save_partner
from ..kernel.identity.cards import Connect, OneWay
from ..kernel.identity.revocation import RevokedKey
from ..kernel.labels.model import Clearance
from ..kernel.labels.policy import Policy
from .config import Folder, NodeConfig, save_config


def create_node(root: Path, config: NodeConfig, policy: bytes, clock: Clock | None = None) -> Identity:
    """Make ``root`` a node's data folder: settings, keys, policy.

    Raises BadInput when a node is there already or the policy is unsound; nothing is left half made,
    since ``node.toml``, which makes a folder a node, is written last.
    """
    folder = Folder(root)
    if folder.config.exists():
        raise BadInput("node.exists", "a folder without a node in it", f"{root.name} with node.toml")
    Policy.load(policy)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    for part in (folder.policies, folder.partners, folder.logs, folder.evidence):
        part.mkdir(mode=0o700, exist_ok=True)
    folder.policy.write_bytes(policy)
    identity = Identity.create(folder.keys, config.hq, clock)
    save_config(folder, config)
    return identity


def own_card(root: Path, config: NodeConfig, clock: Clock | None = None) -> bytes:
    """This headquarters' card file, to hand to a partner."""
    folder = Folder(root)
    policy = Policy.load(folder.policy.read_bytes())
    return Identity.load(folder.keys).signed_card(config.names, config.link, clock, policy.id)


def add_partner(
    root: Path,
    card: bytes,
    clearance: Clearance,
    *,
    policy: bytes | None = None,
    connect: Connect = "dial",
    address: str = "",
    until: datetime | None = None,
    revoked: tuple[RevokedKey, ...] = (),
    kinds: tuple[str, ...] = (),
    cites: str = "",
    one_way: OneWay = "",
    clock: Clock | None = None,
) -> PartnerCard:
    """Agree on a partner: pin its card, grant it ``clearance``, keep its ``policy`` to read labels by.

    ``revoked`` are keys of the partner's that are believed no more.
    ``kinds`` (none named: all) and ``cites`` are for the first agreement, which the node records when it
    takes the partner up.  Where nothing of what was promised changes, the agreement made before goes on.
    Raises BadInput or TheirFault when the card is unsound, or is our own.
    """
    folder, now = Folder(root), (clock or SystemClock()).now()
    opened = open_card(card, now)
    if opened.hq == Identity.load(folder.keys).hq:
        raise BadInput("partner.self", "another headquarters' card", "our own")
    if policy is not None:
        if Policy.load(policy).id != opened.policy:
            raise BadInput(
                "partner.policy", f"the policy {opened.policy} that the card names", Policy.load(policy).id
            )
        (folder.policies / f"{opened.hq}.xml").write_bytes(policy)
    entry = agree(
        opened,
        card,
        clearance,
        now,
        until=until,
        connect=connect,
        address=address,
        kinds=kinds,
        cites=cites,
    )
    known = load_partners(folder.partners).get(opened.hq)
    if known is not None:
        entry = settle(known, entry, now)
    save_partner(folder.partners, msgspec.structs.replace(entry, revoked=revoked, one_way=one_way))
    return opened


def agree(
    card: PartnerCard,
    signed: bytes,
    clearance: Clearance,
    since: datetime,
    *,
    until: datetime | None = None,
    connect: Connect = "dial",
    address: str = "",
    kinds: tuple[str, ...] = (),
    cites: str = "",
) -> PartnerEntry:
    """An agreement with the headquarters of ``card``, whose exact bytes are ``signed``."""
    return PartnerEntry(
        card=card,
        signed=signed,
        clearance=clearance,
        since=since,
        until=until,
        connect=connect,
        address=address,
        kinds=kinds,
        cites=cites,
    )


def settle(before: PartnerEntry, after: PartnerEntry, now: datetime) -> PartnerEntry:
    """``after`` since when it holds: as before where nothing of what was promised changed, else ``now``."""
    same = _promised(before) == _promised(after)
    return msgspec.structs.replace(after, since=before.since if same else now)


def _promised(entry: PartnerEntry) -> tuple[object, ...]:
    return entry.clearance, entry.until, entry.kinds, entry.cites
