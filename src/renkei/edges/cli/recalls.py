"""``renkei release recall | lift | recalls``: taking released records back at a running node.

The group has its other commands in ``releases``; whoever loads this module has them all.
"""

from typing import Any

from .app import Remote
from .releases import release_app


@release_app.command
def recall(record: str, /, *, reason: str, remote: Remote | None = None) -> None:
    """Take a record back from every partner that holds it.

    Parameters
    ----------
    record
        Its id.
    reason
        Why; it stays at this headquarters.
    """
    remote = remote or Remote()
    _tell(remote, remote.api().post(f"/records/{record}/recall", {"reason": reason})[:1])


@release_app.command
def lift(record: str, /, *, reason: str, remote: Remote | None = None) -> None:
    """Let a recalled record go again: its newest version is decided on anew.

    Parameters
    ----------
    record
        Its id.
    reason
        Why; it stays at this headquarters.
    """
    remote = remote or Remote()
    _tell(remote, remote.api().post(f"/records/{record}/recall/lift", {"reason": reason})[:1])


@release_app.command
def recalls(*, remote: Remote | None = None) -> None:
    """List recalls, newest first: who has confirmed, who has not, since when."""
    remote = remote or Remote()
    _tell(remote, remote.api().get("/release/recalls"))


def _tell(remote: Remote, found: list[dict[str, Any]]) -> None:
    if remote.json:
        remote.out.data(found)
        return
    rows = [
        {
            "record": one["about"],
            "recalled": one["at"],
            "state": "lifted" if one["lifted"] else "in force",
            "partner": partner.get("hq", "(none held it)"),
            "progress": partner.get("progress", ""),
            "since": partner.get("since") or "",
        }
        for one in found
        for partner in one["partners"] or [{}]
    ]
    remote.out.table(("record", "recalled", "state", "partner", "progress", "since"), rows)
