"""``renkei partner``: agree on partners, see what waits for them, prove what passed."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import App, Parameter
from msgspec import UNSET

from ...kernel.clock import to_millisecond
from ...kernel.errors import BadInput
from ...kernel.identity import PartnerCard, PartnerEntry, fingerprint, open_card
from ...kernel.identity.cards import Connect, OneWay
from ...kernel.log.checkpoint import NoteVerifier
from ...kernel.partners import Halt, decode_evidence, judge
from ...node import own_card
from ...node.agreeing import PartnerChange, PartnerIn, check_heard
from ...node.config import load_policies
from .accounts import parse_clearance
from .app import Local, Remote
from .either import Either
from .local import LocalNode, iso, read_file, write_new
from .logs import tell_verified, write_export
from .nodes import when
from .proving import verify_named

partner_app = App(name="partner", help="Headquarters this one deals with.")

_HALT = "halt"
"""The fact beside a log received that says why nothing more is taken (``kernel/partners/ledger``)."""
YES = frozenset({"yes", "y", "はい"})


@partner_app.command
def add(
    card: Path,
    /,
    *,
    clearance: Annotated[
        str | None, Parameter(help="JSON, or @FILE with JSON: what the partner may get, by our own policy.")
    ] = None,
    policy: Path | None = None,
    connect: Connect | None = None,
    address: str | None = None,
    until: str | None = None,
    kinds: tuple[str, ...] | None = None,
    cites: str | None = None,
    one_way: Literal["out", "in", "no"] | None = None,
    fingerprint_heard: Annotated[str | None, Parameter(name="--fingerprint")] = None,
    either: Either | None = None,
) -> None:
    """Agree on a partner: pin its card once two people have compared the fingerprint by voice.

    For a partner known already: take its newer card, whose keys must continue those pinned, or change what
    was agreed.  One whose agreement has ended is agreed on anew.  A running node does so at once.

    Parameters
    ----------
    card
        The card file the partner gave us.
    policy
        The partner's security policy (SPIF 2.1), to read its labels by.
    connect
        Who opens the link: we "dial" (the default), or we "listen" and the partner dials.
    address
        host:port to dial where the card's does not lead there from here.
    until
        When the agreement ends, such as 2027-03-31T15:00:00Z; without it, until further notice.
    kinds
        The kinds of records the first agreement covers; without it all that may leave.
    cites
        The treaty, arrangement or order that it rests on.
    one_way
        Files only: "out" where we send and nothing comes back, as through a data diode, "in" where we only
        receive, "no" for both ways.
    fingerprint_heard
        The fingerprint as the partner read it out; if it is the card's, nothing is asked.
    """
    either = either or Either()
    node = LocalNode(either.data)
    opened = open_card(read_file(card), node.clock.now())
    known = node.partners().get(opened.hq)
    new = known is None or known.over(node.clock.now())
    change = PartnerChange(
        card=read_file(card).decode(),
        fingerprint=fingerprint_heard,
        clearance=None if clearance is None else parse_clearance(clearance, node.folder),
        policy=read_file(policy).decode() if policy else None,
        connect=connect,
        address=address,
        until=UNSET if until is None else to_millisecond(when(until)),
        kinds=kinds,
        cites=cites,
        one_way=_one_way(one_way),
    )
    if new:
        given = _as_new(change, known)
        confirm(opened, fingerprint_heard, either)
        given = msgspec.structs.replace(given, fingerprint=fingerprint(opened))
        with either.node() as door:
            door.add_partner(given)
    else:
        with either.node() as door:
            door.change_partner(opened.hq, change)
    either.out.data(
        {"hq": opened.hq, "names": opened.names, "fingerprint": fingerprint(opened), "new": new},
        text=f"{opened.hq} ({opened.names.en}) is a partner",
    )
    if not readable(node, opened.policy):
        either.out.note("without the partner's policy (--policy) its labels cannot be read here")


def _as_new(change: PartnerChange, ended: PartnerEntry | None) -> PartnerIn:
    """The same, for a partner to be agreed on; what is not said of one that had ended is as it was."""
    clearance = change.clearance or (ended.clearance if ended is not None else None)
    if clearance is None:
        raise BadInput("partner.clearance", "--clearance for a new partner", "none")
    return PartnerIn(
        card=change.card or "",
        fingerprint="",
        clearance=clearance,
        policy=change.policy or "",
        connect=change.connect or (ended.connect if ended else "dial"),
        address=change.address if change.address is not None else (ended.address if ended else ""),
        until=None if change.until is UNSET else change.until,
        kinds=change.kinds if change.kinds is not None else (ended.kinds if ended else ()),
        cites=change.cites if change.cites is not None else (ended.cites if ended else ""),
        one_way=change.one_way if change.one_way is not None else (ended.one_way if ended else ""),
    )


def readable(node: LocalNode, policy: str) -> bool:
    """Whether labels of the policy of that id can be read here."""
    return load_policies(node.folder).policy(policy) is not None


def _one_way(given: str | None) -> OneWay | None:
    return {"out": "out", "in": "in", "no": ""}[given] if given is not None else None  # type: ignore[return-value]


@partner_app.command
def change(
    hq: str,
    /,
    *,
    clearance: Annotated[
        str | None, Parameter(help="JSON, or @FILE with JSON: what the partner may get, by our own policy.")
    ] = None,
    policy: Path | None = None,
    connect: Connect | None = None,
    address: str | None = None,
    until: str | None = None,
    kinds: tuple[str, ...] | None = None,
    cites: str | None = None,
    one_way: Literal["out", "in", "no"] | None = None,
    either: Either | None = None,
) -> None:
    """Change what was agreed with a partner, or how it is reached; a running node does so at once.

    Its newer card is taken by renkei key accept.

    Parameters
    ----------
    hq
        The partner.
    policy
        The partner's security policy (SPIF 2.1), to read its labels by.
    connect
        Who opens the link: we "dial", or we "listen" and the partner dials.
    address
        host:port to dial; "" for the card's.
    until
        When the agreement ends, such as 2027-03-31T15:00:00Z, or "open" for until further notice.
    kinds
        The kinds of records the first agreement covers.
    cites
        The treaty, arrangement or order that it rests on.
    one_way
        Files only: "out" where we send and nothing comes back, "in" where we only receive, "no" for both.
    """
    either = either or Either()
    folder = LocalNode(either.data).folder
    given = PartnerChange(
        clearance=None if clearance is None else parse_clearance(clearance, folder),
        policy=read_file(policy).decode() if policy else None,
        connect=connect,
        address=address,
        until=UNSET if until is None else None if until == "open" else to_millisecond(when(until)),
        kinds=kinds,
        cites=cites,
        one_way=_one_way(one_way),
    )
    with either.node() as door:
        door.change_partner(hq, given)
    either.out.data({"hq": hq, "changed": True}, text=f"what was agreed with {hq} is changed")


def confirm(card: PartnerCard, heard: str | None, local: Local) -> None:
    """Have a person, or the option, say that the fingerprint is the one heard."""
    if heard is not None:
        check_heard(card, heard)
        return
    local.out.note(f"{card.hq}  {card.names.en}  {card.names.ja}")
    local.out.note(f"fingerprint: {fingerprint(card)}")
    local.out.note("Call the partner on a number you know, have them read theirs, and compare all 40 digits.")
    if local.json:
        raise BadInput("partner.fingerprint", "--fingerprint with the digits heard (with --json)", "none")
    local.out.note("Is it the same? (yes/no)")
    said = sys.stdin.readline().strip().lower()
    if said not in YES:
        raise BadInput("partner.fingerprint", "yes, once the fingerprints were compared", said or "no answer")


@partner_app.command
def end(hq: str, /, *, reason: str = "ended by the administrator", either: Either | None = None) -> None:
    """End the agreement with a partner as of now: its link closes, nothing more is released; its logs stay.

    Parameters
    ----------
    hq
        The partner.
    reason
        Why, for the audit trail.
    """
    either = either or Either()
    with either.node() as door:
        door.end_partner(hq, reason)
    until = LocalNode(either.data).partner(hq).until
    assert until is not None
    either.out.data({"hq": hq, "until": iso(until)}, text=f"the agreement with {hq} ended at {iso(until)}")


@partner_app.command(name="list")
def list_partners(*, local: Local | None = None) -> None:
    """List the partners agreed on, from the data folder."""
    local = local or Local()
    node = LocalNode(local.data)
    now = node.clock.now()
    rows = [_row(entry, now) for entry in node.partners().values()]
    local.out.rows(
        ("hq", "name", "connect", "endpoint", "oneWay", "inForce", "keyUntil", "fingerprint"), rows
    )


def _row(entry: PartnerEntry, now: Any) -> dict[str, Any]:
    return {
        "hq": entry.hq,
        "name": entry.card.names.en,
        "nameJa": entry.card.names.ja,
        "connect": entry.connect,
        "endpoint": entry.address or entry.card.link,
        "since": iso(entry.since),
        "until": iso(entry.until) if entry.until else None,
        "oneWay": entry.one_way or None,
        "inForce": entry.in_force(now),
        "keyUntil": iso(entry.card.until),
        "policy": entry.card.policy,
        "clearance": entry.clearance,
        "fingerprint": fingerprint(entry.card),
    }


@partner_app.command
def state(*, remote: Remote | None = None) -> None:
    """Show links and queues of all partners, from the running node."""
    remote = remote or Remote()
    found = remote.api().get("/partners")
    rows = [
        {
            "hq": p["hq"],
            "link": f"one-way {p['oneWay']}" if p["oneWay"] else p["link"]["state"],
            "since": p["link"]["since"],
            "last heard": p["link"]["lastHeard"],
            "logged": p["out"]["logged"],
            "sent": p["out"]["sent"],
            "received": "not confirmed" if p["oneWay"] == "out" else p["out"]["received"],
            "from them": p["in"]["received"],
            "evidence": p["evidence"],
            "last error": p["link"]["lastError"],
        }
        for p in found
    ]
    columns = ("hq", "link", "since", "logged", "sent", "received", "from them", "evidence", "last error")
    remote.out.rows(columns, rows, whole=found)


@partner_app.command
def queue(hq: str, /, *, waiting: bool = False, remote: Remote | None = None) -> None:
    """Show what is on its way to a partner, newest first, as far as you may see it.

    Parameters
    ----------
    hq
        The partner.
    waiting
        Only what the partner has not signed for yet.
    """
    remote = remote or Remote()
    found = remote.api().get(f"/partners/{hq}/queue")
    rows = [row for row in found if not waiting or row["state"] != "received"]
    remote.out.rows(("seq", "state", "kind", "at"), rows)


@partner_app.command
def link(hq: str, state: Literal["up", "off"], /, *, reason: str, remote: Remote | None = None) -> None:
    """Cut the link with a partner by hand, or let it be again.

    Parameters
    ----------
    hq
        The partner.
    state
        "off" cuts it and keeps it cut; "up" lets it be.
    reason
        Why, for the audit trail.
    """
    remote = remote or Remote()
    remote.out.data(remote.api().post(f"/partners/{hq}/link", {"state": state, "reason": reason}))


@partner_app.command
def verify(hq: str, /, *, local: Local | None = None) -> int:
    """Prove both logs with a partner: trees, checkpoints by the right key, receipts countersigned.

    Also judges the evidence kept against the partner.  Exit status 1 if a log contradicts itself or its
    signatures; evidence against the partner is told, and leaves our logs sound.

    Parameters
    ----------
    hq
        The partner.
    """
    local = local or Local()
    node = LocalNode(local.data)
    ring = node.partner_ring(hq)
    names = [name for name in (f"{hq}.sent", f"{hq}.received") if name in node.log_names()]
    with local.out.progress("verifying", None) as ticker:
        found = [verify_named(node, name, ticker.to) for name in names]
    halt, evidence = _halt(node, hq), _evidence(node, hq, ring)
    status = tell_verified(local, found, {"hq": hq, "halted": halt, "evidence": evidence})
    if halt is not None:
        local.out.say(f"nothing more is taken from {hq} since {iso(halt.at)}: {halt.code}")
    for piece in evidence:
        local.out.say(f"evidence {piece['file']}: {'proven' if piece['proven'] else 'our word'}")
    return status


@partner_app.command(name="export-log")
def export_log(hq: str, folder: Path, /, *, local: Local | None = None) -> None:
    """Write both logs with a partner, their notes and both cards, to be checked without a node.

    python -m renkei_verify does so.  The files hold what was released: they travel as their labels demand.

    Parameters
    ----------
    hq
        The partner.
    folder
        The folder to make.
    """
    local = local or Local()
    node = LocalNode(local.data)
    partner = node.partner(hq)
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise BadInput("file.write", "a new folder", str(folder)) from None
    written = {}
    for name in (f"{hq}.sent", f"{hq}.received"):
        try:
            written[name], receipt = write_export(local, node, name, folder / f"{name}.ndjson")
        except BadInput as err:
            if err.code not in {"log.name", "log.checkpoint"}:  # nothing of that direction yet
                raise
            continue
        if receipt:
            write_new(folder / f"{name}.ndjson.receipt", receipt)
    write_new(folder / f"{node.hq}.card", own_card(local.data, node.config))
    write_new(folder / f"{hq}.card", partner.signed)
    sizes = ", ".join(f"{size} entries of {name}" for name, size in written.items())
    local.out.data(
        {"folder": str(folder), "logs": written}, text=f"in {folder}: {sizes or 'no entries'}, cards"
    )


def _halt(node: LocalNode, hq: str) -> Halt | None:
    name = f"{hq}.received"
    if name not in node.log_names():
        return None
    with node.log(name) as log:
        fact = log.fact(_HALT)
    return msgspec.json.decode(fact, type=Halt) if fact else None


def _evidence(node: LocalNode, hq: str, ring: NoteVerifier) -> list[dict[str, Any]]:
    """Each file kept against the partner, and whether the partner's own signatures prove it."""
    rows = []
    for path in sorted(node.folder.evidence.glob(f"{hq}-*.json")):
        try:
            piece = decode_evidence(read_file(path))
        except msgspec.DecodeError:
            rows.append({"file": path.name, "code": "unreadable", "proven": False})
            continue
        rows.append({"file": path.name, "code": piece.code, "proven": judge(piece, ring)})
    return rows
