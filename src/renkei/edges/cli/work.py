"""``renkei sign-in | sign-out | request``: acting at a running node, as a browser would."""

import getpass
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from ...kernel.errors import BadInput
from .app import Common, Remote
from .client import Api, Credentials, forget_credentials, load_credentials, save_credentials
from .labelling import LABEL, label_named

Lang = Literal["en", "ja"]
Minutes = Annotated[int, Parameter(validator=Number(gte=1, lte=365 * 24 * 60))]
Label = Annotated[str | None, Parameter(help=LABEL)]
Language = Annotated[Lang | None, Parameter(help="The language written in; told by the script if left out.")]

request_app = App(name="request", help="Ask a partner for support, and answer what partners ask.")

TOKEN_DAYS = 7
"""A command line signed in at the start of a week's duty stays so; no longer."""


def sign_in(
    url: str,
    account: str,
    /,
    *,
    password_stdin: bool = False,
    common: Common | None = None,
) -> None:
    """Sign in to a node and keep a token for later commands (mode 0600, 7 days).

    Parameters
    ----------
    url
        The node's address, such as http://127.0.0.1:8440.
    account
        The post's account.
    password_stdin
        Read the password from the first line of standard input.
    """
    out = (common or Common()).out
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else getpass.getpass("Password: ")
    api = Api(url)
    me = api.sign_in(account, password)
    made = api.post("/tokens", {"name": "command line", "scopes": me["permissions"], "days": TOKEN_DAYS})
    api.delete("/session")
    kept = save_credentials(Credentials(api.url, made["token"], made["info"]["id"]))
    told = {"account": me["account"], "post": me["post"], "hq": me["hq"], "kept": str(kept)}
    out.data(told, text=f"{me['post']} at {me['hq']}; token for {TOKEN_DAYS} days in {kept}")


def sign_out(*, common: Common | None = None) -> None:
    """Revoke the token that sign-in kept, and forget it."""
    out = (common or Common()).out
    kept = load_credentials()
    if kept is None:
        raise BadInput("cli.credentials", "a token kept by renkei sign-in", "none")
    try:
        Api(kept.url, kept.token).delete(f"/tokens/{kept.id}")
    finally:
        forget_credentials()
    out.data({"url": kept.url, "signedOut": True}, text=f"signed out of {kept.url}")


@request_app.command(name="list")
def list_requests(*, state: str | None = None, remote: Remote | None = None) -> None:
    """List requests of both sides, newest first.

    Parameters
    ----------
    state
        Only those in this state, such as acknowledged or "under way".
    """
    remote = remote or Remote()
    items = remote.api().get("/requests", state=state)["items"]
    columns = ("state", "overdue", "held by", "answer by", "title", "id")
    remote.out.rows(columns, [_row(item) for item in items], whole=items)


@request_app.command(name="show")
def show_request(request: str, /, *, remote: Remote | None = None) -> None:
    """Show one request with all that both sides said about it.

    Parameters
    ----------
    request
        Its id.
    """
    remote = remote or Remote()
    view = remote.api().get(f"/requests/{request}")
    if remote.json:
        remote.out.data(view)
        return
    record = view["request"]["record"]
    remote.out.data(_brief(view) | {"title": text_of(record, "title"), "need": text_of(record, "need")})
    remote.out.table(("what", "asked", "offered", "done", "unit"), view["fulfilled"])
    for answer in view["answers"]:
        given = answer["record"]
        remote.out.say(f"answer           {given['outcome']}  {text_of(given, 'reason')}")
    rows = [c["commitment"]["record"] for c in view["commitments"]]
    remote.out.table(("id", "state", "what", "quantity", "unit"), rows)


@request_app.command
def send(
    to: str,
    title: str,
    /,
    *,
    need: str,
    function: str = "",
    label: Label = None,
    item: list[str] | None = None,
    incident: str | None = None,
    priority: Literal["routine", "priority", "immediate", "flash"] = "routine",
    acknowledge_in: Minutes = 30,
    answer_in: Minutes = 120,
    lang: Language = None,
    remote: Remote | None = None,
) -> None:
    """Ask a partner for support.

    Parameters
    ----------
    to
        The partner's id, or ``auto`` for whoever handles the function by the structure in force.
    title
        One line.
    need
        What is needed and why.
    function
        What it concerns, such as logistics.
    item
        WHAT:QUANTITY[:UNIT[:WHERE]]; once for each thing.
    incident
        The incident it belongs to.
    priority
        How urgent it is.
    acknowledge_in
        Minutes until it should be acknowledged.
    answer_in
        Minutes until it should be answered.
    """
    remote = remote or Remote()
    api = remote.api()
    now = datetime.now(UTC)
    body = {
        "to": None if to == "auto" else to,
        "function": function,
        "title": text(title, lang),
        "need": text(need, lang),
        "items": [_item(part) for part in item or ()],
        "incident": incident,
        "priority": priority,
        "acknowledge_by": now + timedelta(minutes=acknowledge_in),
        "answer_by": now + timedelta(minutes=answer_in),
        "label": label_named(api, label),
    }
    remote.out.data(_brief(api.post("/requests", body)))


@request_app.command
def acknowledge(
    request: str, /, *, note: str | None = None, lang: Language = None, remote: Remote | None = None
) -> None:
    """Take a partner's request in hand, to be answered.

    Parameters
    ----------
    request
        Its id.
    note
        A word to the partner.
    """
    remote = remote or Remote()
    body = {"note": text(note, lang)} if note else {}
    remote.out.data(_brief(remote.api().post(f"/requests/{request}/acknowledge", body)))


@request_app.command
def answer(
    request: str,
    outcome: Literal["full", "partial", "declined"],
    /,
    *,
    reason: str | None = None,
    offer: list[str] | None = None,
    available_in: Minutes = 60,
    available_for: Minutes = 24 * 60,
    review_in: Minutes | None = None,
    lang: Language = None,
    remote: Remote | None = None,
) -> None:
    """Answer a partner's request: in full, in part or not; a second answer amends the first.

    Parameters
    ----------
    request
        Its id.
    outcome
        full, partial or declined.
    reason
        Why not all of it.
    offer
        WHAT:QUANTITY[:UNIT[:FROM]]; once for each thing offered.
    available_in
        Minutes until what is offered is available.
    available_for
        Minutes for which it stays so.
    review_in
        Minutes until the answer is looked at again.
    """
    remote = remote or Remote()
    now = datetime.now(UTC)
    begins = now + timedelta(minutes=available_in)
    ends = begins + timedelta(minutes=available_for)
    body: dict[str, Any] = {
        "outcome": outcome,
        "offers": [_offer(part, begins, ends) for part in offer or ()],
    }
    if reason:
        body["reason"] = text(reason, lang)
    if review_in is not None:
        body["review_at"] = now + timedelta(minutes=review_in)
    remote.out.data(_brief(remote.api().post(f"/requests/{request}/answer", body)))


@request_app.command
def withdraw(request: str, reason: str, /, *, lang: Language = None, remote: Remote | None = None) -> None:
    """Withdraw a request of ours.

    Parameters
    ----------
    request
        Its id.
    reason
        Why.
    """
    remote = remote or Remote()
    body = {"reason": text(reason, lang)}
    remote.out.data(_brief(remote.api().post(f"/requests/{request}/withdraw", body)))


@request_app.command
def progress(
    commitment: str,
    state: Literal["under way", "done", "cancelled"],
    /,
    *,
    quantity_done: float | None = None,
    remote: Remote | None = None,
) -> None:
    """Carry one of our commitments forward.

    Parameters
    ----------
    commitment
        Its id, as request show tells it.
    state
        "under way", done or cancelled.
    quantity_done
        How much of it; all of it if left out and done.
    """
    remote = remote or Remote()
    body = {"state": state} | ({} if quantity_done is None else {"quantity_done": quantity_done})
    made = remote.api().post(f"/commitments/{commitment}/progress", body)["record"]
    remote.out.data({"id": made["id"], "state": made.get("state"), "version": made.get("version", 1)})


def text(words: str, lang: Lang | None) -> object:
    """``words`` as the API takes a text: with its language, or bare for the node to tell it."""
    return words if lang is None else {"text": words, "lang": lang}


def text_of(record: dict[str, Any], field: str) -> str:
    """The original of one of a record's texts; "-" where there is none, or none for this reader."""
    found = record.get(field)
    return str(found["text"]) if found else "-"


def _item(part: str) -> dict[str, Any]:
    what, quantity, unit, where = _parts(part, "WHAT:QUANTITY[:UNIT[:WHERE]]")
    return {"what": what, "quantity": quantity, "unit": unit, "where": where}


def _offer(part: str, begins: datetime, ends: datetime) -> dict[str, Any]:
    what, quantity, unit, place = _parts(part, "WHAT:QUANTITY[:UNIT[:FROM]]")
    offer = {"what": what, "quantity": quantity, "unit": unit, "from_place": place}
    return offer | {"available_from": begins, "available_until": ends}


def _parts(part: str, form: str) -> tuple[str, float, str, str]:
    what, *rest = part.split(":", 3)
    try:
        quantity = float(rest[0])
    except (IndexError, ValueError):
        raise BadInput("cli.item", form, repr(part)) from None
    return what, quantity, rest[1] if len(rest) > 1 else "", rest[2] if len(rest) > 2 else ""


def _brief(view: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": view["request"]["record"]["id"],
        "state": view["state"],
        "holder": view["holder"],
        "marking": view["request"]["marking"]["en"],
    }


def _row(view: dict[str, Any]) -> dict[str, Any]:
    record = view["request"]["record"]
    return {
        "state": view["state"],
        "overdue": view["overdue"] or "",
        "held by": view["holder"],
        "answer by": record["answer_by"],
        "title": text_of(record, "title"),
        "id": record["id"],
    }
