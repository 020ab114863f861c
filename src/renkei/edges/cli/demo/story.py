"""The story the demo plays, through the front door: the tsunami advisory of 18 September 2022.

Everybody acts by the HTTP API as the post they hold, as a browser would.  Each step prints one line.
The advisory and its cancellation are the Japan Meteorological Agency's reports of that day, whole.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from ..client import Api
from . import third
from .cast import SAY, Cast, all_received, arrived, in_hours, label_of, text, until, waiting

SHARED = ("usa", "jpn")
"""The synthetic policies' own names for: unclassified, releasable to the other of the two."""
Feed = Callable[[str], str]
"""Takes a packaged report, by its file's name, into JJOC's node; the hazard's id."""


class Played(NamedTuple):
    """What the story left behind, by the ids each side knows it under."""

    incident: str
    request_at_jjoc: str
    request_at_usfj: str


def play(cast: Cast, feed: Feed, say: SAY) -> Played:
    """Play the whole story."""
    # 1. The advisory arrives and becomes an incident.
    incident = _warned(cast, feed, say)
    # 2. JJOC asks, USFJ acknowledges.
    request, there = _asked(cast, incident, say)
    # 3. The link breaks; both sides go on.
    _cut(cast, incident, request, there, say)
    # 4. The link returns; both end equal.
    _restored(cast, request, say)
    # 5. Commitments are carried out; the advisory is cancelled; the incident closed.
    _carried_out(cast, request, there, say)
    _closed(cast, incident, feed, say)
    until(lambda: _settled(cast, request, there), "both sides to be equal")
    say("both", "Both sides hold the same request in the same state: done", "双方の要請の状態が一致:完了")
    # 6. A third headquarters gets what agreements and labels let it have, and no more.
    third.play(cast, say)
    # 7. One more request waits for whoever sits down at USFJ's screen.
    _ask_for_water(cast)
    say(
        "jp.jjoc",
        "A second request is left open for you to answer at USFJ",
        "二件目の要請を残す。在日米軍の画面で回答できる",
    )
    # 8. And a decision waits for whoever sits down as disclosure officer at JJOC's.
    _decide_above_routine(cast)
    say(
        "jp.jjoc",
        "A guarded decision is held for you to review as disclosure officer at JJOC",
        "取扱制限の決定事項1件を開示審査に残す。統合作戦司令部の開示担当の画面で審査できる",
    )
    return Played(incident, request, there)


def _warned(cast: Cast, feed: Feed, say: SAY) -> str:
    hazard = feed("20220918154907_08013775_VTSE41.xml")
    say(
        "jp.jjoc",
        "JMA tsunami advisory for Miyakojima and Yaeyama ingested",
        "宮古島・八重山地方の津波注意報を受信",
    )
    incident = _open_incident(cast, hazard)
    say("jp.jjoc", "Watch officer opened an incident and wrote the log", "当直幹部が事案を開設し日誌を記入")
    return incident


def _asked(cast: Cast, incident: str, say: SAY) -> tuple[str, str]:
    request = _ask(cast, incident)
    say("jp.jjoc", "Request for support sent to USFJ", "在日米軍に支援を要請")
    there = _arrives(cast.usfj_watch, request)
    say("us.usfj", "Request received; watch officer read and acknowledged it", "要請を受信し、当直幹部が了解")
    cast.usfj_watch.post(f"/requests/{there}/read")
    note = text("Checking airlift at Kadena and ships at Sasebo.", "en")
    cast.usfj_watch.post(f"/requests/{there}/acknowledge", {"note": note})
    until(lambda: _state(cast.jjoc_watch, request) == "acknowledged", "the acknowledgement at JJOC")
    return request, there


def _cut(cast: Cast, incident: str, request: str, there: str, say: SAY) -> None:
    cast.jjoc_admin.post("/partners/us.usfj/link", {"state": "off", "reason": "demo: the cable is cut"})
    until(lambda: _link(cast.jjoc_watch, "us.usfj") != "up", "the link to be down")
    say("link", "Link cut; both sides keep working", "回線断。双方とも業務を継続")
    _answer(cast, there)
    say(
        "us.usfj",
        "Second officer answered in part: what, from where, from when until when",
        "別の幹部が一部応諾で回答",
    )
    _log(cast.jjoc_watch, incident, "与那国島の潮位に変化なし。", "ja")
    _log(cast.usfj_watch, None, "Link to JJOC down; answer is queued.", "en")
    unsent = waiting(cast.usfj_watch, "jp.jjoc")
    say("link", f"{unsent} entries wait at USFJ, in plain sight", f"在日米軍側で{unsent}件が送信待ち")


def _restored(cast: Cast, request: str, say: SAY) -> None:
    cast.jjoc_admin.post("/partners/us.usfj/link", {"state": "up", "reason": "demo: repaired"})
    until(lambda: _state(cast.jjoc_watch, request) == "partly accepted", "the answer at JJOC")
    say("link", "Link restored; the answer arrived and was receipted", "回線復旧。回答が到着し受領証を交換")


def _carried_out(cast: Cast, request: str, there: str, say: SAY) -> None:
    _carry_out(cast, there)
    until(lambda: _state(cast.jjoc_watch, request) == "done", "the commitments done at JJOC")
    say(
        "us.usfj",
        "Commitments under way, then done; JJOC sees each step",
        "約束を実行し完了。統合作戦司令部も各段階を確認",
    )


def _closed(cast: Cast, incident: str, feed: Feed, say: SAY) -> None:
    feed("20220918171502_07401528_VTSE41.xml")
    say("jp.jjoc", "JMA cancelled the advisory", "気象庁が注意報を解除")
    reason = text("津波注意報の解除により終結。", "ja", "Closed: the advisory was cancelled.")
    cast.jjoc_watch.post(f"/incidents/{incident}/close", {"reason": reason})
    say("jp.jjoc", "Incident closed with its reason", "理由を付して事案を終結")


def _open_incident(cast: Cast, hazard: str) -> str:
    incident = cast.jjoc_watch.post(
        "/incidents",
        {
            "title": text("宮古島・八重山地方 津波注意報", "ja", "Tsunami advisory, Miyakojima and Yaeyama"),
            "summary": text(
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
    made = cast.jjoc_watch.post(
        "/requests",
        {
            "to": "us.usfj",
            "incident": incident,
            "title": text(
                "輸送ヘリと衛生班の待機", "ja", "Transport helicopters and a medical team on standby"
            ),
            "need": text(
                "石垣島への人員・物資輸送に備え、輸送ヘリ2機と衛生班1個の待機を要請する。",
                "ja",
                "Two transport helicopters and one medical team on standby to reach Ishigaki.",
            ),
            "items": [
                {"what": "Transport helicopter", "quantity": 2, "unit": "aircraft", "where": "Ishigaki"},
                {"what": "Medical team", "quantity": 1, "unit": "team", "where": "Ishigaki"},
            ],
            "priority": "immediate",
            "acknowledge_by": in_hours(1 / 6),
            "answer_by": in_hours(1 / 2),
            "label": _shared(cast.jjoc_watch),
        },
    )
    return str(made["request"]["record"]["id"])


def _ask_for_water(cast: Cast) -> None:
    cast.jjoc_watch.post(
        "/requests",
        {
            "to": "us.usfj",
            "title": text("与那国島への給水支援", "ja", "Water supply for Yonaguni"),
            "need": text(
                "断水に備え、給水車2両と浄水装置1基の輸送可否を照会する。",
                "ja",
                "In case the mains fail: can two water trucks and one purification unit be carried there?",
            ),
            "items": [
                {"what": "Water truck", "quantity": 2, "unit": "vehicle", "where": "Yonaguni"},
                {"what": "Water purification unit", "quantity": 1, "unit": "set", "where": "Yonaguni"},
            ],
            "priority": "priority",
            "acknowledge_by": in_hours(1),
            "answer_by": in_hours(4),
            "label": _shared(cast.jjoc_watch),
        },
    )


def _decide_above_routine(cast: Cast) -> None:
    """A decision of a label that JJOC's policy has a disclosure officer look at before it leaves."""
    cast.jjoc_watch.post(
        "/decisions",
        {
            "title": text("与那国島の給水拠点", "ja", "Water point on Yonaguni"),
            "options": [
                {"title": text("久部良漁港に置く。", "ja", "At Kubura fishing port.")},
                {"title": text("祖納港に置く。", "ja", "At Sonai port.")},
            ],
            "chosen": "A",
            "authority": "当直幹部",
            "reasons": text("水深と岸壁の幅による。", "ja", "By the depth and the width of the quay."),
            "label": label_of(cast.jjoc_watch, "guarded-usa"),
        },
    )
    until(lambda: cast.jjoc_disclosure.get("/release/queue")["total"] == 1, "the decision to wait for review")


def _answer(cast: Cast, request: str) -> None:
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
            "reason": text("One helicopter is in maintenance until tomorrow.", "en", "1機は明日まで整備中。"),
            "offers": [
                {
                    "what": "Transport helicopter",
                    "quantity": 1,
                    "unit": "aircraft",
                    "from_site": site,
                    "from_place": "Kadena Air Base",
                    "available_from": in_hours(1),
                    "available_until": in_hours(25),
                },
                {
                    "what": "Medical team",
                    "quantity": 1,
                    "unit": "team",
                    "from_place": "Camp Foster",
                    "available_from": in_hours(2),
                    "available_until": in_hours(50),
                },
            ],
            "review_at": in_hours(6),
        },
    )


def _carry_out(cast: Cast, request: str) -> None:
    for commitment in cast.usfj_watch.get(f"/requests/{request}")["commitments"]:
        record = commitment["commitment"]["record"] if "commitment" in commitment else commitment["record"]
        cast.usfj_watch.post(f"/commitments/{record['id']}/progress", {"state": "under way"})
        cast.usfj_watch.post(
            f"/commitments/{record['id']}/progress", {"state": "done", "quantity_done": record["quantity"]}
        )


def _log(api: Api, incident: str | None, words: str, lang: str, translation: str | None = None) -> None:
    api.post(
        "/log-entries",
        {
            "text": text(words, lang, translation),
            "channel": "voice",
            "priority": "routine",
            "incident": incident,
            "significant": False,
            "label": _shared(api),
        },
    )


def _shared(api: Api) -> dict[str, Any]:
    """The label for what the other side of this story may have, and nobody else."""
    return label_of(api, *SHARED)


def _arrives(api: Api, request: str) -> str:
    """The partner's id of ``request``, once it is there: the newest request from the other side."""
    owner = request.partition("/")[0]
    until(lambda: bool(arrived(api, "request", owner)), "the request to arrive")
    return str(arrived(api, "request", owner)[0]["id"])


def _state(api: Api, request: str) -> str:
    return str(api.get(f"/requests/{request}")["state"])


def _link(api: Api, hq: str) -> str:
    return next(str(p["link"]["state"]) for p in api.get("/partners") if p["hq"] == hq)


def _settled(cast: Cast, at_jjoc: str, at_usfj: str) -> bool:
    """Nothing is on its way, and each side derives the same of the request."""
    if not all_received(cast.watches):
        return False
    here, there = cast.jjoc_watch.get(f"/requests/{at_jjoc}"), cast.usfj_watch.get(f"/requests/{at_usfj}")
    return all(here[part] == there[part] for part in ("state", "overdue", "holder", "fulfilled"))
