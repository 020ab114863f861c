"""``renkei policy``: check a policy file, explain decisions, see what a change would do, adopt it by two."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from ...kernel.accounts import Accounts
from ...kernel.errors import BadInput
from ...kernel.labels.adoption import digest_of
from ...kernel.labels.change import Audience, Comparison, Counted, compare
from ...kernel.labels.explain import explain as explained
from ...kernel.labels.model import Clearance
from ...kernel.labels.policy import Policy, PolicyBook
from ...kernel.views.census import census, examples
from ...kernel.views.schema import open_reader
from ...node.config import load_policies
from ...rooms import KINDS
from .accounts import parse_clearance
from .app import Common, Local, Remote
from .labelling import public_label_of
from .local import LocalNode, read_file

policy_app = App(name="policy", help="Security policies: check, explain, compare, propose, adopt.")


@policy_app.command
def check(file: Path, /, *, common: Common | None = None) -> None:
    """Read a policy (SPIF 2.1) as strictly as a node does; what is wrong is named with element and line.

    Parameters
    ----------
    file
        The policy file.
    """
    policy = Policy.load(read_file(file))
    found = {
        "id": policy.id,
        "name": policy.name,
        "version": policy.version,
        "classifications": [c.name for c in policy.classifications],
        "tags": [f"{t.name} ({t.type}, {len(t.values)} values)" for t in policy.tags],
        "equivalentPolicies": [name for name, _ in policy.equivalent_policies],
        "reviewRules": len(policy.review_rules),
        "suggestions": [s.key for s in policy.suggestions],
        "notes": notes(policy),
    }
    (common or Common()).out.data(found)


def notes(policy: Policy) -> list[str]:
    """What is allowed and probably not meant."""
    entries = [(c.name, c.phrases) for c in policy.classifications]
    entries += [(f"{t.name} {v.name}", v.phrases) for t in policy.tags for v in t.values]
    found = [
        f"{name} has no marking in {lang}"
        for name, phrases in entries
        for lang in ("en", "ja")
        if not any(p.lang in (lang, "") and p.text for p in phrases)
    ]
    found += [f"tag {t.name} has no values: no label can bear it" for t in policy.tags if not t.values]
    if not policy.suggestions:
        found.append("no suggested labels: people write every label by hand")
    return found


@policy_app.command
def explain(
    label: str,
    /,
    *,
    clearance: Annotated[str | None, Parameter(help="JSON, or @FILE with JSON.")] = None,
    partner: str | None = None,
    person: str | None = None,
    local: Local | None = None,
) -> int:
    """Say why somebody may or may not see what has a label: each rule, and what would have to change.

    Exit status 1 if the label is not covered.

    Parameters
    ----------
    label
        A label the policy suggests, by key or name, or JSON, or @FILE with JSON.
    partner
        A partner, by id: what was granted to it.
    person
        An account of this node.
    """
    local = local or Local()
    node = LocalNode(local.data)
    book = load_policies(node.folder)
    held = _holder(node, clearance, partner, person)
    wanted = public_label_of(book, label)
    told = explained(book, held, wanted)
    rows: list[dict[str, Any]] = [msgspec.to_builtins(step) for step in told.steps]
    if local.json:
        local.out.data({"allowed": told.allowed, "code": told.code, "steps": rows})
        return 0 if told.allowed else 1
    verdict = "covered" if told.allowed else f"not covered: {told.code} decides"
    local.out.say(f"{book.mark(wanted).en}: {verdict}")
    local.out.table(("rule", "met", "found", "change"), [{"change": "", **row} for row in rows])
    return 0 if told.allowed else 1


def _holder(node: LocalNode, clearance: str | None, partner: str | None, person: str | None) -> Clearance:
    if sum(given is not None for given in (clearance, partner, person)) != 1:
        raise BadInput("usage", "one of --clearance, --partner and --person", "none or several")
    if clearance is not None:
        return parse_clearance(clearance, node.folder)
    if partner is not None:
        return node.partner(partner).clearance
    found = next((a for a in _people(node) if a.name == person), None)
    if found is None:
        raise BadInput("account.unknown", "an account of this node", repr((person or "")[:80]))
    return found.clearance


def _people(node: LocalNode) -> list[Audience]:
    accounts = Accounts(node.folder.accounts, node.clock)
    try:
        return [Audience(a.account, False, a.clearance) for a in accounts.all() if not a.disabled]
    finally:
        accounts.close()


@policy_app.command
def diff(old: Path, new: Path, /, *, example_count: int = 0, local: Local | None = None) -> None:
    """Say which records would become visible or releasable under another policy, and which no longer.

    Every partner and account is looked at.  Records count by the labels that must all be covered; portions
    that can be cut are not looked at one by one.  Nothing is changed.

    Parameters
    ----------
    old
        The policy now, usually the node's policy.xml.
    new
        The policy to compare with it.
    example_count
        Ids of newest records to print for each line.
    """
    local = local or Local()
    node = LocalNode(local.data)
    before, after = _books(node, old, new)
    audiences = [Audience(hq, True, e.clearance) for hq, e in node.partners().items()] + _people(node)
    kept = frozenset(str(k.__struct_config__.tag) for k in KINDS if not k.releasable)
    rows = _census(node)
    found = compare(before, after, rows, audiences, node.hq, kept)
    shown = [msgspec.to_builtins(s) for s in found.shifts]
    if example_count > 0:
        _add_examples(node, shown, example_count)
    if local.json:
        local.out.data({**msgspec.to_builtins(found), "shifts": shown})
        return
    _print(local, found, shown)


def _books(node: LocalNode, old: Path, new: Path) -> tuple[PolicyBook, PolicyBook]:
    """The node's policies with each file in the place of the policy that has its id."""
    known = load_policies(node.folder)
    before, after = Policy.load(read_file(old)), Policy.load(read_file(new))
    if before.id != after.id:
        raise BadInput("policy.id", f"two versions of one policy, {before.id}", after.id)

    def book(changed: Policy) -> PolicyBook:
        every = [changed if p.id == changed.id else p for p in known.policies]
        if changed.id not in {p.id for p in known.policies}:
            raise BadInput("policy.id", "a policy that this node uses", changed.id)
        return PolicyBook(every[0], every[1:])

    return book(before), book(after)


def _census(node: LocalNode) -> list[Counted]:
    if not node.folder.views.exists():
        return []
    db = open_reader(node.folder.views)
    try:
        return census(db, node.config.realm)
    finally:
        db.close()


def _add_examples(node: LocalNode, shifts: list[dict[str, Any]], count: int) -> None:
    db = open_reader(node.folder.views)
    try:
        for shift in shifts:
            shift["examples"] = examples(db, shift["shelf"], count)
    finally:
        db.close()


def _print(local: Local, found: Comparison, shown: list[dict[str, Any]]) -> None:
    out = local.out
    out.say(f"{found.records} records under {found.labels} labels")
    for said in found.unknown_labels:
        out.say(f"in use and unknown to the new policy: {said}")
    for said in found.unsound_clearances:
        out.say(f"a clearance that the new policy cannot mean: {said}")
    if not shown:
        out.say("nobody would see more or less")
        return
    columns = ("audience", "change", "count", "kind", "label", "why")
    out.table((*columns, "examples") if "examples" in shown[0] else columns, shown)


# --- at the running node ----------------------------------------------------------------------------


@policy_app.command
def show(*, remote: Remote | None = None) -> None:
    """The policy the node decides by, the one it starts with next, and the changes on record."""
    remote = remote or Remote()
    found = remote.api().get("/policy")
    out = remote.out
    if not out.as_json:
        out.say(f"{found['name']}  {found['id']}  version {found['version']}  {found['digest']}")
        if found["restartNeeded"]:
            out.say(f"another file lies there, in force from the next start: {found['nextDigest']}")
    out.rows(("id", "step", "policyVersion", "digest", "proposer", "adopter"), found["changes"], whole=found)


@policy_app.command
def propose(file: Path, /, *, reason: str, remote: Remote | None = None) -> None:
    """Put another version of the policy before a second officer.

    Parameters
    ----------
    file
        The policy file; its version must be above the one in force.
    reason
        Why, for the record.
    """
    remote = remote or Remote()
    try:
        text = read_file(file).decode()
    except UnicodeDecodeError:
        raise BadInput("policy.encoding", "a policy file in UTF-8", "another encoding") from None
    made = remote.api().post("/policy/proposals", {"policy": text, "reason": reason})
    said = f"SHA-256 of the file, for the second officer to compare: {made['digest']}"
    remote.out.data(made, text=f"{made['id']} proposed\n{said}")


@policy_app.command
def adopt(proposal: str, /, *, file: Path, remote: Remote | None = None) -> None:
    """Adopt a proposed policy as the second officer; in force at once.

    Parameters
    ----------
    proposal
        The proposal's id.
    file
        The policy file as you have read it; it must be the one proposed, byte for byte.
    """
    remote = remote or Remote()
    digest = digest_of(read_file(file))
    made = remote.api().post(f"/policy/proposals/{proposal}/adopt", {"digest": digest})
    remote.out.data(made, text=f"{made['digest']} adopted and in force")


@policy_app.command
def effects(change: str, /, *, remote: Remote | None = None) -> None:
    """What an adopted policy changed: who gained or lost which records, and what a partner holds of them.

    What a partner gained is not released by itself: renkei release anew has it decided anew.  What it lost
    and holds stays there until somebody recalls it.

    Parameters
    ----------
    change
        The change's id, as renkei policy show lists it.
    """
    remote = remote or Remote()
    found = remote.api().get(f"/policy/proposals/{change}/effects")
    columns = ("audience", "change", "count", "kind", "label", "held", "why")
    rows = [{**e["shift"], "held": _held(e)} for e in found["effects"]]
    remote.out.rows(columns, rows, whole=found)


def _held(effect: dict[str, Any]) -> str:
    """How many of the records looked at the partner holds; nothing for a person."""
    looked = effect["records"]
    if not effect["shift"]["partner"]:
        return ""
    return f"{sum(r['state'] is not None for r in looked)} of {len(looked)}"


@policy_app.command
def withdraw(proposal: str, /, *, remote: Remote | None = None) -> None:
    """Take back a proposal that nobody adopted.

    Parameters
    ----------
    proposal
        The proposal's id.
    """
    remote = remote or Remote()
    made = remote.api().post(f"/policy/proposals/{proposal}/withdraw")
    remote.out.data(made, text=f"{made['id']} withdrawn")
