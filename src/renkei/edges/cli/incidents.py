"""``renkei incident``: incidents and their watch log, at a running node."""

from typing import Any, Literal

from cyclopts import App

from .app import Remote
from .labelling import label_named
from .work import Label, Language, text, text_of

incident_app = App(name="incident", help="Incidents and their watch log.")


@incident_app.command(name="list")
def list_incidents(*, remote: Remote | None = None) -> None:
    """List incidents of both sides, newest first."""
    remote = remote or Remote()
    items = list(remote.api().pages("/incidents"))
    remote.out.rows(("status", "severity", "title", "id"), [_row(item) for item in items], whole=items)


@incident_app.command(name="show")
def show_incident(incident: str, /, *, remote: Remote | None = None) -> None:
    """Show one incident with its requests, log, tasks and decisions.

    Parameters
    ----------
    incident
        Its id.
    """
    remote = remote or Remote()
    view = remote.api().get(f"/incidents/{incident}")
    if remote.json:
        remote.out.data(view)
        return
    remote.out.data(_row(view["incident"]) | {"summary": text_of(view["incident"]["record"], "summary")})
    requests = [
        {
            "state": r["state"],
            "request": text_of(r["request"]["record"], "title"),
            "id": r["request"]["record"]["id"],
        }
        for r in view["requests"]
    ]
    remote.out.table(("state", "request", "id"), requests)
    lines = [
        {"at": e["at"], "by": e["record"]["by"], "text": text_of(e["record"], "text")} for e in view["log"]
    ]
    remote.out.table(("at", "by", "text"), lines)


@incident_app.command(name="open")
def open_incident(
    title: str,
    /,
    *,
    label: Label = None,
    severity: Literal["minor", "moderate", "severe", "extreme"] = "moderate",
    summary: str | None = None,
    hazard: list[str] | None = None,
    lang: Language = None,
    remote: Remote | None = None,
) -> None:
    """Open an incident.

    Parameters
    ----------
    title
        One line.
    severity
        How bad it is or may get.
    summary
        What is known so far.
    hazard
        The id of a hazard it is about; once for each.
    """
    remote = remote or Remote()
    api = remote.api()
    body: dict[str, Any] = {
        "title": text(title, lang),
        "severity": severity,
        "hazards": hazard or [],
        "label": label_named(api, label),
    }
    if summary:
        body["summary"] = text(summary, lang)
    remote.out.data(_row(api.post("/incidents", body)))


@incident_app.command
def close(incident: str, reason: str, /, *, lang: Language = None, remote: Remote | None = None) -> None:
    """Close an incident of ours, with the reason.

    Parameters
    ----------
    incident
        Its id.
    reason
        Why.
    """
    remote = remote or Remote()
    remote.out.data(_row(remote.api().post(f"/incidents/{incident}/close", {"reason": text(reason, lang)})))


@incident_app.command
def reopen(incident: str, reason: str, /, *, lang: Language = None, remote: Remote | None = None) -> None:
    """Open an incident of ours again, with the reason.

    Parameters
    ----------
    incident
        Its id.
    reason
        Why.
    """
    remote = remote or Remote()
    remote.out.data(_row(remote.api().post(f"/incidents/{incident}/reopen", {"reason": text(reason, lang)})))


@incident_app.command
def log(
    line: str,
    /,
    *,
    label: Label = None,
    incident: str | None = None,
    channel: Literal["voice", "message", "face to face", "system"] = "message",
    significant: bool = False,
    lang: Language = None,
    remote: Remote | None = None,
) -> None:
    """Write one line into the watch log.

    Parameters
    ----------
    line
        What happened.
    incident
        The incident it belongs to.
    channel
        How it came.
    significant
        Mark it for the next watch's handover.
    """
    remote = remote or Remote()
    api = remote.api()
    body = {
        "text": text(line, lang),
        "channel": channel,
        "incident": incident,
        "significant": significant,
        "label": label_named(api, label),
    }
    made = api.post("/log-entries", body)
    remote.out.data({"id": made["record"]["id"], "marking": made["marking"]["en"]})


def _row(view: dict[str, Any]) -> dict[str, Any]:
    record = view["record"]
    return {
        "status": record.get("status", "open"),
        "severity": record["severity"],
        "title": text_of(record, "title"),
        "id": record["id"],
    }
