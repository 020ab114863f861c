"""What the demo's stories share: who acts, how a step is told and waited for, and the words of a record."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from ....kernel.errors import Unreachable
from ..client import Api

REACHES_WITHIN = 20.0
"""Seconds a step waits for the other side to show what it must; loopback takes milliseconds."""
LOOK_EVERY = 0.02
SAY = Callable[[str, str, str], None]
"""Prints a step: headquarters, English, Japanese."""


class Cast(NamedTuple):
    """The posts that act, each signed in at its own node."""

    jjoc_watch: Api
    jjoc_admin: Api
    jjoc_disclosure: Api
    usfj_watch: Api
    usfj_liaison: Api
    usfj_disclosure: Api
    afp_watch: Api

    @property
    def watches(self) -> tuple[Api, ...]:
        """The watch officer of each headquarters."""
        return self.jjoc_watch, self.usfj_watch, self.afp_watch


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until ``holds``.  Raises Unreachable, which names ``what``, if it is late."""
    deadline = time.monotonic() + REACHES_WITHIN
    while not holds():
        if time.monotonic() > deadline:
            raise Unreachable("demo.wait", f"{what} within {REACHES_WITHIN:.0f} seconds", "nothing")
        time.sleep(LOOK_EVERY)


def arrived(api: Api, kind: str, owner: str) -> list[dict[str, Any]]:
    """The records of ``kind`` that are here from ``owner``, the newest first."""
    items = api.get("/records", kind=kind, owner=owner)["items"]
    return [item["record"] for item in items]


def wait_for(api: Api, kind: str, owner: str, title: str) -> str:
    """The id under which the record of that title arrives from ``owner``."""
    found: list[str] = []

    def look() -> bool:
        found[:] = [r["id"] for r in arrived(api, kind, owner) if r["title"]["text"] == title]
        return bool(found)

    until(look, f"the {kind} {title!r} to arrive")
    return found[0]


def waiting(api: Api, hq: str) -> int:
    """How many entries for ``hq`` it has not signed for."""
    return next(int(p["out"]["logged"] - p["out"]["received"]) for p in api.get("/partners") if p["hq"] == hq)


def all_received(apis: Iterable[Api]) -> bool:
    """Whether nothing is on its way from any of these nodes to any partner."""
    partners = [p for api in apis for p in api.get("/partners")]
    return all(p["out"]["received"] == p["out"]["logged"] for p in partners)


def text(words: str, lang: str, translation: str | None = None) -> dict[str, Any]:
    """Words in ``lang``, with a translation into the other of the two languages."""
    other = "en" if lang == "ja" else "ja"
    return {
        "text": words,
        "lang": lang,
        "translations": [{"lang": other, "text": translation}] if translation else [],
    }


def label_of(api: Api, *keys: str) -> dict[str, Any]:
    """The first label that the node's policy suggests under one of ``keys``."""
    suggestions = api.get("/labels")["suggestions"]
    label: dict[str, Any] = next(s["label"] for s in suggestions if s["key"] in keys)
    return label


def in_hours(hours: float) -> str:
    """The moment so far from now, as the API takes it."""
    return iso(datetime.now(UTC) + timedelta(hours=hours))


def iso(moment: datetime) -> str:
    """A moment as the API takes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
