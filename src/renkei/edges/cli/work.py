"""``renkei sign-in | request | incident | import``: acting at a running node, as a browser would."""

import getpass
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec
from cyclopts import App

from ...kernel.errors import BadInput
from .app import Common, Remote, app
from .client import Api, Credentials, save_credentials

Lang = Literal["en", "ja"]

request_app = App(name="request", help="Ask a partner for support, and answer what partners ask.")
incident_app = App(name="incident", help="Incidents and their watch log.")
app.command(request_app)
app.command(incident_app)

TOKEN_DAYS = 7
"""A command line signed in at the start of a week's duty stays so; no longer."""


@app.command
def sign_in(url: str, account: str, *, password_stdin: bool = False, common: Common | None = None) -> None:
    """Sign in to a node and keep a token for later commands (mode 0600).

    Parameters
    ----------
    url: The node's address, such as http://127.0.0.1:8440.
    account: The post's account.
    password_stdin: Read the password from the first line of standard input.
    """
    out = (common or Common()).out
    password = sys.stdin.readline().rstrip("\n") if password_stdin else getpass.getpass("Password: ")
    api = Api(url)
    me = api.sign_in(account, password)
    made = api.post("/tokens", {"name": "command line", "scopes": me["permissions"], "days": TOKEN_DAYS})
    kept = save_credentials(Credentials(api.url, made["token"]))
    out.data({"account": me["account"], "post": me["post"], "hq": me["hq"], "kept": str(kept)})


@request_app.command(name="list")
def list_requests(*, state: str | None = None, node: Remote | None = None) -> None:
    """List requests, newest first.

    Parameters
    ----------
    state: Only those in this state.
    """
    remote = node or Remote()
    items = list(remote.api().pages("/requests", state=state))
    rows = items if remote.json else [_request_row(item) for item in items]
    remote.out.rows(("state", "overdue", "held by", "answer by", "title", "id"), rows)


@request_app.command(name="show")
def show_request(request: str, *, node: Remote | None = None) -> None:
    """Show one request with all that both sides said about it."""
    remote = node or Remote()
    remote.out.data(remote.api().get(f"/requests/{request}"))


@request_app.command
def send(
    to: str,
    title: str,
    *,
    need: str,
    item: list[str] | None = None,
    incident: str | None = None,
    priority: Literal["routine", "priority", "immediate", "flash"] = "routine",
    acknowledge_in: int = 30,
    answer_in: int = 120,
    lang: Lang = "en",
    label: str | None = None,
    node: Remote | None = None,
) -> None:
    """Ask a partner for support.

    Parameters
    ----------
    to: The partner's id.
    title: One line.
    need: What is needed and why.
    item: WHAT:QUANTITY[:UNIT[:WHERE]]; once for each thing.
    incident: The incident it belongs to.
    acknowledge_in: Minutes until it should be acknowledged.
    answer_in: Minutes until it should be answered.
    lang: The language of title and need.
    label: A label suggested by the policy, by its key (renkei request labels); default: the first.
    """
    remote = node or Remote()
    api = remote.api()
    now = datetime.now(UTC)
    body = {
        "to": to,
        "title": _text(title, lang),
        "need": _text(need, lang),
        "items": [_item(part) for part in item or ()],
        "incident": incident,
        "priority": priority,
        "acknowledge_by": now + timedelta(minutes=acknowledge_in),
        "answer_by": now + timedelta(minutes=answer_in),
        "label": _label(api, label),
    }
    remote.out.data(_brief(api.post("/requests", body)))


@request_app.command
def acknowledge(request: str, *, note: str | None = None, lang: Lang = "en", node: Remote | None = None) -> None:
    """Acknowledge a partner's request."""
    remote = node or Remote()
    body = {"note": _text(note, lang)} if note else {}
    remote.out.data(_brief(remote.api().post(f"/requests/{request}/acknowledge", body)))


@request_app.command
def answer(
    request: str,
    outcome: Literal["full", "partial", "declined"],
    *,
    reason: str | None = None,
    offer: list[str] | None = None,
    available_in: int = 60,
    available_for: int = 24 * 60,
    review_in: int | None = None,
    lang: Lang = "en",
    node: Remote | None = None,
) -> None:
    """Answer a partner's request.

    Parameters
    ----------
    outcome: full, partial or declined.
    reason: Why not all of it.
    offer: WHAT:QUANTITY[:UNIT[:FROM]]; once for each thing offered.
    available_in: Minutes until what is offered is available.
    available_for: Minutes for which it stays so.
    review_in: Minutes until the answer is looked at again.
    """
    remote = node or Remote()
    now = datetime.now(UTC)
    begins = now + timedelta(minutes=available_in)
    body: dict[str, Any] = {
        "outcome": outcome,
        "offers": [_offer(part, begins, begins + timedelta(minutes=available_for)) for part in offer or ()],
    }
    if reason:
        body["reason"] = _text(reason, lang)
    if review_in is not None:
        body["review_at"] = now + timedelta(minutes=review_in)
    remote.out.data(_brief(remote.api().post(f"/requests/{request}/answer", body)))


@request_app.command
def withdraw(request: str, reason: str, *, lang: Lang = "en", node: Remote | None = None) -> None:
    """Withdraw a request of ours."""
    remote = node or Remote()
    remote.out.data(_brief(remote.api().post(f"/requests/{request}/withdraw", {"reason": _text(reason, lang)})))


@request_app.command
def progress(
    commitment: str,
    state: Literal["under way", "done", "cancelled"],
    *,
    quantity_done: float | None = None,
    node: Remote | None = None,
) -> None:
    """Carry one of our commitments forward."""
    remote = node or Remote()
    body = {"state": state} | ({} if quantity_done is None else {"quantity_done": quantity_done})
    remote.out.data(remote.api().post(f"/commitments/{commitment}/progress", body))


@incident_app.command(name="list")
def list_incidents(*, node: Remote | None = None) -> None:
    """List incidents, newest first."""
    remote = node or Remote()
    items = list(remote.api().pages("/incidents"))
    rows = items if remote.json else [_incident_row(item) for item in items]
    remote.out.rows(("status", "severity", "title", "id"), rows)


@incident_app.command(name="show")
def show_incident(incident: str, *, node: Remote | None = None) -> None:
    """Show one incident with its requests, log, tasks and decisions."""
    remote = node or Remote()
    remote.out.data(remote.api().get(f"/incidents/{incident}"))


@incident_app.command(name="open")
def open_incident(
    title: str,
    *,
    severity: Literal["minor", "moderate", "severe", "extreme"] = "moderate",
    summary: str | None = None,
    hazard: list[str] | None = None,
    lang: Lang = "en",
    label: str | None = None,
    node: Remote | None = None,
) -> None:
    """Open an incident."""
    remote = node or Remote()
    api = remote.api()
    body: dict[str, Any] = {
        "title": _text(title, lang),
        "severity": severity,
        "hazards": hazard or [],
        "label": _label(api, label),
    }
    if summary:
        body["summary"] = _text(summary, lang)
    made = api.post("/incidents", body)
    remote.out.data({"id": made["incident"]["record"]["id"]})


@incident_app.command
def close(incident: str, reason: str, *, lang: Lang = "en", node: Remote | None = None) -> None:
    """Close an incident of ours, with the reason."""
    remote = node or Remote()
    made = remote.api().post(f"/incidents/{incident}/close", {"reason": _text(reason, lang)})
    remote.out.data({"id": made["incident"]["record"]["id"], "status": made["incident"]["record"].get("status", "open")})


@incident_app.command
def log(
    text: str,
    *,
    incident: str | None = None,
    channel: Literal["voice", "message", "face to face", "system"] = "message",
    significant: bool = False,
    lang: Lang = "en",
    label: str | None = None,
    node: Remote | None = None,
) -> None:
    """Write one line into the watch log."""
    remote = node or Remote()
    api = remote.api()
    body = {
        "text": _text(text, lang),
        "channel": channel,
        "priority": "routine",
        "incident": incident,
        "significant": significant,
        "label": _label(api, label),
    }
    remote.out.data({"id": api.post("/log-entries", body)["record"]["id"]})


def _text(text: str, lang: Lang) -> dict[str, str]:
    return {"text": text, "lang": lang}


def _label(api: Api, key: str | None) -> Any:
    suggestions = api.get("/labels")["suggestions"]
    for suggestion in suggestions:
        if key is None or suggestion["key"] == key:
            return suggestion["label"]
    raise BadInput("label.key", "one of " + ", ".join(s["key"] for s in suggestions), repr(key))


def _item(text: str) -> dict[str, Any]:
    what, quantity, unit, where = _parts(text, "WHAT:QUANTITY[:UNIT[:WHERE]]")
    return {"what": what, "quantity": quantity, "unit": unit, "where": where}


def _offer(text: str, begins: datetime, ends: datetime) -> dict[str, Any]:
    what, quantity, unit, place = _parts(text, "WHAT:QUANTITY[:UNIT[:FROM]]")
    offer = {"what": what, "quantity": quantity, "unit": unit, "from_place": place}
    return offer | {"available_from": begins, "available_until": ends}


def _parts(text: str, form: str) -> tuple[str, float, str, str]:
    what, *rest = text.split(":", 3)
    try:
        quantity = float(rest[0])
    except (IndexError, ValueError):
        raise BadInput("cli.item", form, repr(text)) from None
    return what, quantity, rest[1] if len(rest) > 1 else "", rest[2] if len(rest) > 2 else ""


def _brief(view: dict[str, Any]) -> dict[str, Any]:
    return {"id": view["request"]["record"]["id"], "state": view["state"], "holder": view["holder"]}


def _request_row(view: dict[str, Any]) -> dict[str, Any]:
    record = view["request"]["record"]
    return {
        "state": view["state"],
        "overdue": view["overdue"] or "",
        "held by": view["holder"],
        "answer by": record["answer_by"],
        "title": record["title"]["text"] if record.get("title") else "-",
        "id": record["id"],
    }


def _incident_row(view: dict[str, Any]) -> dict[str, Any]:
    record = view["record"]
    return {
        "status": record.get("status", "open"),
        "severity": record["severity"],
        "title": record["title"]["text"] if record.get("title") else "-",
        "id": record["id"],
    }
