"""``renkei release`` and ``renkei agreement``: why, review, what was agreed, and the audit of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from ...kernel.errors import BadInput
from ...kernel.identity import Identity
from ...kernel.labels.model import Clearance
from ...kernel.partners import Terms
from ...kernel.partners.auditing import Audited, audit
from ...kernel.partners.records import MAX_ANEW
from ...node.config import load_policies
from .app import Local, Remote
from .client import Api
from .labelling import LABEL, label_named
from .local import LocalNode, iso, read_file
from .nodes import when

release_app = App(name="release", help="What leaves, what waits, what stays, and why; recall.")
agreement_app = App(name="agreement", help="What may be released to whom, from when until when.")
_WIDTH = 10


@release_app.command
def explain(
    record: str,
    /,
    *,
    partner: str | None = None,
    person: Annotated[str | None, Parameter(help="Of an account instead: why it sees the record.")] = None,
    remote: Remote | None = None,
) -> None:
    """Tell for every partner whether a record leaves, by which rule, and what would have to change.

    Parameters
    ----------
    record
        Its id.
    partner
        Only for this partner.
    """
    remote = remote or Remote()
    if person is not None:
        found = remote.api().get(f"/records/{record}/visibility", account=person)
        seen = "sees it" if found["visible"] else "does not see it"
        remote.out.data(found, text="\n".join([f"{found['post']} ({person}) {seen}", *_why(found)]))
        return
    rows = [r for r in remote.api().get(f"/records/{record}/release") if partner in {None, r["hq"]}]
    if partner is not None and not rows:
        raise BadInput("partner.unknown", "a partner of this node", repr(partner[:80]))
    told = [line for row in rows for line in (f"{row['hq']}  {row['outcome']}", *_why(row))]
    remote.out.data(rows, text="\n".join(told) or "no partner")


def _why(row: dict[str, Any]) -> list[str]:
    """The reasons in lines of their own."""
    lines = []
    if row.get("code"):
        rule = f"{row['rule']}: " if row.get("rule") else ""
        lines.append(f"{rule}{row['reason']} ({row['code']})")
    if word := row.get("word"):
        lines.append(f"reason: {word['reason']['text'] if word['reason'] else 'not for your clearance'}")
    lines += [f"cut: {cut['where']} ({_label(cut['label'])})" for cut in row["cuts"]]
    lines += [f"would have to change: {change_said(change)}" for change in row["changes"]]
    if row.get("state"):
        lines.append(f"at the partner: {row['state']}")
    return [f"{'':{_WIDTH}}{line}" for line in lines]


def _label(label: dict[str, Any]) -> str:
    tags = [f"{c['tag']} {', '.join(c['values'])}" for c in label.get("categories", ())]
    return "; ".join([label["classification"], *tags])


def change_said(change: dict[str, Any]) -> str:
    """One change in words."""
    values = ", ".join(change.get("values", ()))
    said = {
        "classification": f"classification at most {values}",
        "add": f"add {values} to {change.get('tag')}",
        "remove": f"take {values} out of {change.get('tag')}",
        "agreement": f"an agreement in force that covers {values} and its label",
        "clearance": "a higher clearance",
        "signature": f"{change.get('count')} more signature(s) of disclosure officers",
    }[change["what"]]
    return f"{said} (at {change['where']})" if change.get("where") else said


@release_app.command
def preview(record: str, partner: str, /, *, remote: Remote | None = None) -> None:
    """Print the rendition a partner has or would get, byte for byte what is signed for.

    Parameters
    ----------
    record
        Its id.
    partner
        The partner.
    """
    remote = remote or Remote()
    found = remote.api().get(f"/records/{record}/release/{partner}")
    if found["rendition"] is None:
        remote.out.data(
            found, text="\n".join([f"nothing would leave for {partner}", *_why(found["release"])])
        )
        return
    remote.out.data(found, text=found["rendition"])


def _awaited(item: dict[str, Any], posts: list[dict[str, Any]]) -> str:
    """The posts one of which has yet to sign."""
    names = {name for post in posts for name in (post["code"], *post["names"].values())}
    signed = any(signature["by"] in names for signature in item["signatures"])
    return "" if signed else " or ".join(post["code"] for post in posts)


@release_app.command
def queue(*, partner: str | None = None, remote: Remote | None = None) -> None:
    """List what waits for a disclosure officer, the most pressing first.

    Parameters
    ----------
    partner
        Only for this partner.
    """
    remote = remote or Remote()
    found = remote.api().get("/release/queue", partner=partner)
    rows = [
        {
            "due": item["due"],
            "overdue": "overdue" if item["overdue"] else "",
            "priority": item["priority"],
            "kind": item["kind"],
            "partner": item["partner"],
            "signed": f"{len(item['signatures'])}/{item['needed']}",
            "post": _awaited(item, found["posts"]),
            "version": item["version"],
            "id": item["id"],
        }
        for item in found["items"]
    ]
    columns = ("due", "overdue", "priority", "kind", "partner", "signed", "post", "version", "id")
    remote.out.rows(columns, rows, whole=found)


@release_app.command
def approve(*records: str, reason: str, partner: str | None = None, remote: Remote | None = None) -> None:
    """Sign for the release of held records, as they stand in the queue.

    Parameters
    ----------
    records
        Their ids.
    reason
        Why; kept with the decision.
    partner
        Only for this partner; without it for every one they are held for.
    """
    _decide(remote or Remote(), "release", records, reason, partner)


@release_app.command
def refuse(*records: str, reason: str, partner: str | None = None, remote: Remote | None = None) -> None:
    """Refuse the release of held records; they do not go back to their authors (``return`` does that).

    Parameters
    ----------
    records
        Their ids.
    reason
        Why; kept with the decision.
    partner
        Only for this partner; without it for every one they are held for.
    """
    _decide(remote or Remote(), "refuse", records, reason, partner)


@release_app.command(name="return")
def send_back(*records: str, reason: str, partner: str | None = None, remote: Remote | None = None) -> None:
    """Send held records back to their authors to be corrected; a newer version is reviewed anew.

    Parameters
    ----------
    records
        Their ids.
    reason
        What has to be corrected; it is in the author's inbox, and kept with the decision.
    partner
        Only for this partner; without it for every one they are held for.
    """
    _decide(remote or Remote(), "return", records, reason, partner)


@release_app.command
def returned(*, remote: Remote | None = None) -> None:
    """List what disclosure officers sent back to your own post, with their reasons; the newest first."""
    remote = remote or Remote()
    found = remote.api().get("/release/returned")
    rows = [
        {
            "at": item["word"]["at"],
            "by": item["word"]["by"],
            "kind": item["kind"],
            "partner": item["partner"],
            "version": item["version"],
            "id": item["id"],
            "reason": (item["word"]["reason"] or {}).get("text", ""),
        }
        for item in found["items"]
    ]
    columns = ("at", "by", "kind", "partner", "version", "id", "reason")
    remote.out.rows(columns, rows, whole=found)


@release_app.command
def anew(
    partner: str,
    /,
    *records: str,
    because: str | None = None,
    reason: str | None = None,
    remote: Remote | None = None,
) -> None:
    """List what stayed here and may go to a partner now; with a reason, have it decided on anew.

    What the policy reviews waits for its review first. What leaves bears the time of its release.

    Parameters
    ----------
    partner
        The partner.
    records
        Only these ids; without them all that may go now.
    because
        The id of the adopted policy change or of the agreement that lets them go.
    reason
        Why; kept with the record of it.
    """
    if (because is None) is not (reason is None):
        raise BadInput("anew.because", "both --because and --reason, or neither", "one of them")
    remote = remote or Remote()
    found = [
        one for page in _pages(remote.api(), partner) for one in page if not records or one["id"] in records
    ]
    if because is None:
        remote.out.rows(("outcome", "kind", "version", "id"), found, whole=found)
        return
    if missing := set(records) - {one["id"] for one in found}:
        raise BadInput("anew.record", "records that may go now and did not", repr(min(missing)[:100]))
    made = [
        remote.api().post(
            "/release/anew",
            {
                "partner": partner,
                "because": because,
                "reason": reason,
                "items": [{"record": one["id"], "version": one["version"]} for one in some],
            },
        )
        for some in (found[start : start + MAX_ANEW] for start in range(0, len(found), MAX_ANEW))
    ]
    remote.out.data(made, text=f"{len(found)} record(s) to be decided on anew")


def _pages(api: Api, partner: str) -> Iterator[list[dict[str, Any]]]:
    before = None
    while True:
        page = api.get(f"/release/anew/{partner}", before=before)
        yield [
            {"outcome": one["outcome"], **{key: one["record"]["record"][key] for key in ("kind", "id")}}
            | {"version": one["record"]["record"].get("version", 1)}
            for one in page["items"]
        ]
        before = page["next"]
        if before is None:
            return


def _decide(remote: Remote, verdict: str, records: tuple[str, ...], reason: str, partner: str | None) -> None:
    api = remote.api()
    held = api.get("/release/queue", partner=partner)["items"]
    items = [
        {"record": h["id"], "version": h["version"], "partner": h["partner"]}
        for h in held
        if h["id"] in records
    ]
    for record in records:
        if record not in {item["record"] for item in items}:
            raise BadInput("decision.not-held", "a record held for review", repr(record[:100]))
    made = api.post("/release/decisions", {"verdict": verdict, "reason": reason, "items": items})
    remote.out.data(made, text=f"{len(made)} decision(s) recorded: {verdict}")


@release_app.command
def pace(*, remote: Remote | None = None) -> None:
    """Show how long it takes from writing to releasing, for each kind."""
    remote = remote or Remote()
    found = remote.api().get("/release/pace")
    rows = [{"kind": kind, **figures} for kind, figures in found.items()]
    remote.out.rows(("kind", "count", "median", "p90"), rows, whole=found)


@release_app.command
def onward(
    record: str,
    /,
    *,
    label: Annotated[str | None, Parameter(help=LABEL)] = None,
    note: str | None = None,
    remote: Remote | None = None,
) -> None:
    """Pass on what another headquarters wrote; it leaves only where that one's labels allow it.

    Parameters
    ----------
    record
        The id of the record received.
    note
        A note of ours beside it.
    """
    remote = remote or Remote()
    api = remote.api()
    made = api.post("/release/onward", {"record": record, "label": label_named(api, label), "note": note})
    remote.out.data(made, text=made["id"])


@release_app.command(name="audit")
def audit_releases(*, partner: str | None = None, local: Local | None = None) -> int:
    """Recompute every release over the master log and compare: nothing against policy, nothing forgotten.

    Exit status 1 if there is a deviation; each is named.  It works on the data folder, beside a running node.

    Parameters
    ----------
    partner
        Only this partner.
    """
    local = local or Local()
    node = LocalNode(local.data)
    partners = node.partners() if partner is None else {partner: node.partner(partner)}
    found = [_audit(node, local, hq) for hq in partners if f"{hq}.sent" in node.log_names()]
    for one in found:
        local.out.say(
            f"{one.partner}: {one.examined} entries of the master log looked at, "
            f"{one.matched} releases as they should be, {len(one.deviations) + one.unnamed} deviations"
        )
    columns = ("partner", "what", "sent", "master", "own_id", "rule", "code", "reason")
    rows = [
        {"partner": one.partner, **dict.fromkeys(columns[1:], ""), **msgspec.to_builtins(deviation)}
        for one in found
        for deviation in one.deviations
    ]
    if rows:
        local.out.table(columns, rows)
    sound = all(one.sound for one in found)
    if local.json:
        local.out.data({"ok": sound, "partners": found})
    return 0 if sound else 1


def _audit(node: LocalNode, local: Local, hq: str) -> Audited:
    with (
        node.log("master") as master,
        node.log(f"{hq}.sent") as sent,
        local.out.progress(f"auditing {hq}", None) as ticker,
    ):
        return audit(
            master,
            sent,
            Terms(hq=hq, realm=node.config.realm),
            load_policies(node.folder),
            node.codec,
            Identity.load(node.folder.keys).alias_key(hq),
            hq=node.hq,
            clock=node.clock,
            progress=ticker.to,
        )


# --- agreements -------------------------------------------------------------------------------------


@agreement_app.command
def add(
    partner: str,
    /,
    *,
    cites: str,
    ceiling: Annotated[str, Parameter(help="JSON, or @FILE with JSON: a clearance by our own policy.")],
    kinds: tuple[str, ...] = ("*",),
    since: str | None = None,
    until: str | None = None,
    remote: Remote | None = None,
) -> None:
    """Record an agreement: what may be released to a partner, up to what, on what ground.

    Parameters
    ----------
    partner
        The partner.
    cites
        The treaty, arrangement or order that it rests on.
    kinds
        The kinds it covers; without it all that no other agreement names.
    since
        From when, such as 2026-12-01T00:00:00Z; without it from now.
    until
        Until when; without it until further notice.
    """
    remote = remote or Remote()
    api = remote.api()
    clearance = _ceiling(api, ceiling)
    given = {
        "partner": partner,
        "cites": cites,
        "covers": [{"kind": kind, "ceiling": clearance} for kind in kinds],
        "since": iso(when(since)) if since else None,
        "until": iso(when(until)) if until else None,
    }
    made = api.post("/release/agreements", given)
    remote.out.data(made, text=made["id"])


def _ceiling(api: Api, text: str) -> Any:
    raw = read_file(Path(text[1:])) if text.startswith("@") else text.encode()
    try:
        given = msgspec.json.decode(raw, type=dict[str, Any])
        return msgspec.convert({"policy": api.get("/labels")["policy"], **given}, Clearance)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as err:
        raise BadInput(
            "clearance.form", "a JSON object with classifications and categories", str(err)
        ) from None


@agreement_app.command
def end(agreement: str, /, *, until: str | None = None, remote: Remote | None = None) -> None:
    """End an agreement, now or later; what was released stays released.

    Parameters
    ----------
    agreement
        Its id.
    until
        When; without it now.
    """
    remote = remote or Remote()
    body = {"until": iso(when(until)) if until else None}
    made = remote.api().post(f"/release/agreements/{agreement}/end", body)
    remote.out.data(made, text=f"{agreement} ends at {made['until']}")


@agreement_app.command(name="list")
def list_agreements(*, partner: str | None = None, remote: Remote | None = None) -> None:
    """List what was agreed, the newest first.

    Parameters
    ----------
    partner
        Only with this partner.
    """
    remote = remote or Remote()
    found = remote.api().get("/release/agreements", partner=partner)
    rows = [
        {
            "partner": each["agreement"]["partner"],
            "in force": "yes" if each["in_force"] else "no",
            "since": each["agreement"]["since"],
            "until": each["agreement"].get("until") or "further notice",
            "kinds": ", ".join(cover["kind"] for cover in each["agreement"]["covers"]),
            "cites": each["agreement"]["cites"],
            "id": each["agreement"]["id"],
        }
        for each in found
    ]
    remote.out.rows(("partner", "in force", "since", "until", "kinds", "cites", "id"), rows, whole=found)
