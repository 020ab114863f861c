"""The story the demo plays, through the front door: the tsunami advisory of 18 September 2022.

Everybody acts by the HTTP API as the post they hold, as a browser would.  Each step prints one line.
The advisory and its cancellation are the Japan Meteorological Agency's reports of that day, whole.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from ....kernel.errors import Unreachable
from ..client import Api

REACHES_WITHIN = 20.0
"""Seconds a step waits for the other side to show what it must; loopback takes milliseconds."""
LOOK_EVERY = 0.02
SHARED = frozenset({"usa", "jpn"})
"""The synthetic policies' own names for: unclassified, releasable to the other of the two."""
SAY = Callable[[str, str, str], None]
"""Prints a step: headquarters, English, Japanese."""


class Cast(NamedTuple):
    """The posts that act, each signed in at its own node."""

    jjoc_watch: Api
    jjoc_admin: Api
    usfj_watch: Api
    usfj_liaison: Api


class Played(NamedTuple):
    """What the story left behind, by the ids each side knows it under."""

    incident: str
    request_at_jjoc: str
    request_at_usfj: str


def play(cast: Cast, feed: Callable[[str], list[str]], say: SAY) -> Played:
    """Play the whole story; ``feed`` takes a packaged report's name into JJOC's node."""
    # 1. The advisory arrives and becomes an incident.
    hazard = feed("20220918154907_08013775_VTSE41.xml")[0]
    say(
        "jp.jjoc",
        "JMA tsunami advisory for Miyakojima and Yaeyama ingested",
        "宮古島・八重山地方の津波注意報を受信",
    )
    incident = _open_incident(cast, hazard)
    say("jp.jjoc", "Watch officer opened an incident and wrote the log", "当直幹部が事案を開設し日誌を記入")
    # 2. JJOC asks, USFJ acknowledges.
    request = _ask(cast, incident)
    say("jp.jjoc", "Request for support sent to USFJ", "在日米軍に支援を要請")
    there = _arrives(cast.usfj_watch, request)
    say("us.usfj", "Request received; watch officer read and acknowledged it", "要請を受信し、当直幹部が了解")
    cast.usfj_watch.post(f"/requests/{there}/read")
    cast.usfj_watch.post(
        f"/requests/{there}/acknowledge",
        {"note": _text("Checking airlift at Kadena and ships at Sasebo.", "en")},
    )
    _until(lambda: _state(cast.jjoc_watch, request) == "acknowledged", "the acknowledgement at JJOC")
    # 3. The link breaks; both sides go on.
    cast.jjoc_admin.post("/partners/us.usfj/link", {"state": "off", "reason": "demo: the cable is cut"})
    _until(lambda: _link(cast.jjoc_watch, "us.usfj") != "up", "the link to be down")
    say("link", "Link cut; both sides keep working", "回線断。双方とも業務を継続")
    _answer(cast, there)
    say(
        "us.usfj",
        "Second officer answered in part: what, from where, from when until when",
        "別の幹部が一部応諾で回答",
    )
    _log(cast.jjoc_watch, incident, "与那国島の潮位に変化なし。", "ja")
    _log(cast.usfj_watch, None, "Link to JJOC down; answer is queued.", "en")
    waiting = _waiting(cast.usfj_watch, "jp.jjoc")
    say("link", f"{waiting} entries wait at USFJ, in plain sight", f"在日米軍側で{waiting}件が送信待ち")
    # 4. The link returns; both end equal.
    cast.jjoc_admin.post("/partners/us.usfj/link", {"state": "up", "reason": "demo: repaired"})
    _until(lambda: _state(cast.jjoc_watch, request) == "partly accepted", "the answer at JJOC")
    say("link", "Link restored; the answer arrived and was receipted", "回線復旧。回答が到着し受領証を交換")
    # 5. Commitments are carried out; the advisory is cancelled; the incident closed.
    _carry_out(cast, there)
    _until(lambda: _state(cast.jjoc_watch, request) == "done", "the commitments done at JJOC")
    say(
        "us.usfj",
        "Commitments under way, then done; JJOC sees each step",
        "約束を実行し完了。統合作戦司令部も各段階を確認",
    )
    feed("20220918171502_07401528_VTSE41.xml")
    say("jp.jjoc", "JMA cancelled the advisory", "気象庁が注意報を解除")
    cast.jjoc_watch.post(
        f"/incidents/{incident}/close",
        {"reason": _text("津波注意報の解除により終結。", "ja", "Closed: the advisory was cancelled.")},
    )
    say("jp.jjoc", "Incident closed with its reason", "理由を付して事案を終結")
    _until(lambda: _settled(cast, request, there), "both sides to be equal")
    say("both", "Both sides hold the same request in the same state: done", "双方の要請の状態が一致:完了")
    # 6. One more request waits for whoever sits down at USFJ's screen.
    _ask_for_water(cast)
    say(
        "jp.jjoc",
        "A second request is left open for you to answer at USFJ",
        "二件目の要請を残す。在日米軍の画面で回答できる",
    )
    return Played(incident, request, there)


def _open_incident(cast: Cast, hazard: str) -> str:
    incident = cast.jjoc_watch.post(
        "/incidents",
        {
            "title": _text("宮古島・八重山地方 津波注意報", "ja", "Tsunami advisory, Miyakojima and Yaeyama"),
            "summary": _text(
                "台湾付近の地震による津波注意報。離島の港湾と連絡線を確認する。",
                "ja",
                "Tsunami advisory after an earthquake near Taiwan; checking the islands' ports and links.",
            ),
            "severity": "moderate",
            "hazards": [hazard],
            "label": _shared(cast.jjoc_watch),
        },
    )["record"]["id"]
    _log(
        cast.jjoc_watch,
        incident,
        "石垣・宮古の自治体連絡員と通話確立。",
        "ja",
        "Voice contact with liaison staff at Ishigaki and Miyako.",
    )
    return str(incident)


def _ask(cast: Cast, incident: str) -> str:
    now = datetime.now(UTC)
    made = cast.jjoc_watch.post(
        "/requests",
        {
            "to": "us.usfj",
            "incident": incident,
            "title": _text(
                "輸送ヘリと衛生班の待機", "ja", "Transport helicopters and a medical team on standby"
            ),
            "need": _text(
                "石垣島への人員・物資輸送に備え、輸送ヘリ2機と衛生班1個の待機を要請する。",
                "ja",
                "Two transport helicopters and one medical team on standby to reach Ishigaki.",
            ),
            "items": [
                {"what": "Transport helicopter", "quantity": 2, "unit": "aircraft", "where": "Ishigaki"},
                {"what": "Medical team", "quantity": 1, "unit": "team", "where": "Ishigaki"},
            ],
            "priority": "immediate",
            "acknowledge_by": _iso(now + timedelta(minutes=10)),
            "answer_by": _iso(now + timedelta(minutes=30)),
            "label": _shared(cast.jjoc_watch),
        },
    )
    return str(made["request"]["record"]["id"])


def _ask_for_water(cast: Cast) -> None:
    now = datetime.now(UTC)
    cast.jjoc_watch.post(
        "/requests",
        {
            "to": "us.usfj",
            "title": _text("与那国島への給水支援", "ja", "Water supply for Yonaguni"),
            "need": _text(
                "断水に備え、給水車2両と浄水装置1基の輸送可否を照会する。",
                "ja",
                "In case the mains fail: can two water trucks and one purification unit be carried there?",
            ),
            "items": [
                {"what": "Water truck", "quantity": 2, "unit": "vehicle", "where": "Yonaguni"},
                {"what": "Water purification unit", "quantity": 1, "unit": "set", "where": "Yonaguni"},
            ],
            "priority": "priority",
            "acknowledge_by": _iso(now + timedelta(hours=1)),
            "answer_by": _iso(now + timedelta(hours=4)),
            "label": _shared(cast.jjoc_watch),
        },
    )


def _answer(cast: Cast, request: str) -> None:
    now = datetime.now(UTC)
    site = next(
        (
            s["record"]["id"]
            for s in cast.usfj_liaison.pages("/sites")
            if "Kadena" in s["record"].get("name", {}).get("en", str(s["record"]))
        ),
        None,
    )
    cast.usfj_liaison.post(
        f"/requests/{request}/answer",
        {
            "outcome": "partial",
            "reason": _text(
                "One helicopter is in maintenance until tomorrow.", "en", "1機は明日まで整備中。"
            ),
            "offers": [
                {
                    "what": "Transport helicopter",
                    "quantity": 1,
                    "unit": "aircraft",
                    "from_site": site,
                    "from_place": "Kadena Air Base",
                    "available_from": _iso(now + timedelta(hours=1)),
                    "available_until": _iso(now + timedelta(hours=25)),
                },
                {
                    "what": "Medical team",
                    "quantity": 1,
                    "unit": "team",
                    "from_place": "Camp Foster",
                    "available_from": _iso(now + timedelta(hours=2)),
                    "available_until": _iso(now + timedelta(hours=50)),
                },
            ],
            "review_at": _iso(now + timedelta(hours=6)),
        },
    )


def _carry_out(cast: Cast, request: str) -> None:
    for commitment in cast.usfj_watch.get(f"/requests/{request}")["commitments"]:
        record = commitment["commitment"]["record"] if "commitment" in commitment else commitment["record"]
        cast.usfj_watch.post(f"/commitments/{record['id']}/progress", {"state": "under way"})
        cast.usfj_watch.post(
            f"/commitments/{record['id']}/progress", {"state": "done", "quantity_done": record["quantity"]}
        )


def _log(api: Api, incident: str | None, text: str, lang: str, translation: str | None = None) -> None:
    api.post(
        "/log-entries",
        {
            "text": _text(text, lang, translation),
            "channel": "voice",
            "priority": "routine",
            "incident": incident,
            "significant": False,
            "label": _shared(api),
        },
    )


def _text(text: str, lang: str, translation: str | None = None) -> dict[str, Any]:
    other = "en" if lang == "ja" else "ja"
    return {
        "text": text,
        "lang": lang,
        "translations": [{"lang": other, "text": translation}] if translation else [],
    }


def _shared(api: Api) -> dict[str, Any]:
    """The label that the node's policy suggests for what the other side of this story may have."""
    suggestions = api.get("/labels")["suggestions"]
    label: dict[str, Any] = next(s["label"] for s in suggestions if s["key"] in SHARED)
    return label


def _arrives(api: Api, request: str) -> str:
    """The partner's id of ``request``, once it is there: the newest request from the other side."""
    owner = request.partition("/")[0]
    found: list[str] = []

    def look() -> bool:
        found[:] = [
            r["request"]["record"]["id"]
            for r in api.get("/requests")["items"]
            if r["request"]["record"]["id"].startswith(owner + "/")
        ]
        return bool(found)

    _until(look, "the request to arrive")
    return found[0]


def _state(api: Api, request: str) -> str:
    return str(api.get(f"/requests/{request}")["state"])


def _link(api: Api, hq: str) -> str:
    return next(str(p["link"]["state"]) for p in api.get("/partners") if p["hq"] == hq)


def _waiting(api: Api, hq: str) -> int:
    return next(int(p["out"]["logged"] - p["out"]["received"]) for p in api.get("/partners") if p["hq"] == hq)


def _settled(cast: Cast, at_jjoc: str, at_usfj: str) -> bool:
    """Nothing is on its way, and each side derives the same of the request."""
    if _waiting(cast.jjoc_watch, "us.usfj") or _waiting(cast.usfj_watch, "jp.jjoc"):
        return False
    here, there = cast.jjoc_watch.get(f"/requests/{at_jjoc}"), cast.usfj_watch.get(f"/requests/{at_usfj}")
    return all(here[part] == there[part] for part in ("state", "overdue", "holder", "fulfilled"))


def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + REACHES_WITHIN
    while not holds():
        if time.monotonic() > deadline:
            raise Unreachable("demo.wait", f"{what} within {REACHES_WITHIN:.0f} seconds", "nothing")
        time.sleep(LOOK_EVERY)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
