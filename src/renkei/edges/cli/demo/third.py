"""A third headquarters in the demo: what reaches it, and by which rule the rest does not.

The Armed Forces of the Philippines have a logistics agreement with JJOC and none on secrets, and a wider one
with USFJ.  What is withheld is shown by the rule that decided, never by what it says; and at the end it is
looked up at the third headquarters that it has what was released to it and nothing else.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from ....kernel.errors import OurFault
from ..client import Api
from .cast import LOOK_EVERY, SAY, Cast, all_received, arrived, in_hours, iso, label_of, text, until, wait_for

AGREED_FOR = timedelta(seconds=8)
"""How long the dated agreement of the story holds: time enough for one record to leave on a busy machine."""
AGREED_KIND = "decision"
"""What it covers: a kind that the logistics agreement does not."""
ORIGINATOR, PASSER, THIRD = "jp.jjoc", "us.usfj", "ph.afp"
REACHED = (
    (ORIGINATOR, "request", 1),
    (ORIGINATOR, AGREED_KIND, 1),
    (PASSER, "release.onward", 1),
    *((owner, kind, 0) for owner in (ORIGINATOR, PASSER) for kind in ("log-entry", "incident", "hazard")),
)
"""Owner, kind, and how many records of them the third headquarters has when all is told."""


class Words(NamedTuple):
    """The same in both languages."""

    ja: str
    en: str


ISHIGAKI = Words("救援船は石垣港に入港させる。", "Relief ships use the port of Ishigaki.")
HIRARA = Words("救援船は平良港に入港させる。", "Relief ships use the port of Hirara.")
BY_DAY = Words("救援船の入港は日中に限る。", "Relief ships enter by daylight only.")
AT_ANY_TIME = Words("救援船の入港は終日可とする。", "Relief ships enter at any time.")


def play(cast: Cast, say: SAY) -> None:
    """Play it.  Raises OurFault where a record is released otherwise than agreements and labels say."""
    over = _dated_agreement(cast, say)
    _logistics(cast, say)
    _secret(cast, say)
    _onward_refused(cast, say)
    _onward_allowed(cast, say)
    _agreement_ends(cast, over, say)
    until(lambda: all_received(cast.watches), "everything released to be received")
    _check_reached(cast.afp_watch)


def _dated_agreement(cast: Cast, say: SAY) -> datetime:
    """Agree for a few seconds, and use it; when it ends."""
    over = datetime.now(UTC) + AGREED_FOR
    cast.jjoc_disclosure.post(
        "/release/agreements",
        {
            "partner": THIRD,
            "cites": "Synthetic arrangement on the use of ports in disaster relief",
            "covers": [{"kind": AGREED_KIND, "ceiling": _logistics_ceiling(cast.jjoc_disclosure)}],
            "until": iso(over),
        },
    )
    _decide(cast.jjoc_watch, ISHIGAKI, HIRARA)
    wait_for(cast.afp_watch, AGREED_KIND, ORIGINATOR, ISHIGAKI.ja)
    say(
        ORIGINATOR,
        f"Agreed for {AGREED_FOR.seconds} seconds that AFP gets decisions, too; the first one reached it",
        f"決定事項の提供をフィリピン国軍と{AGREED_FOR.seconds}秒間だけ取り決め、1件目が到着",
    )
    return over


def _logistics(cast: Cast, say: SAY) -> None:
    title = "救援船1隻の接岸と給油"
    sent = cast.jjoc_watch.post(
        "/requests",
        {
            "to": THIRD,
            "title": text(title, "ja", "A berth and fuel for one relief ship"),
            "need": text(
                "スービック港での救援船1隻の接岸及び給油の可否を照会する。",
                "ja",
                "Can one relief ship berth and refuel at Subic?",
            ),
            "items": [{"what": "Berth with fuel", "quantity": 1, "unit": "ship", "where": "Subic"}],
            "priority": "priority",
            "acknowledge_by": in_hours(1),
            "answer_by": in_hours(4),
            "label": _label(cast.jjoc_watch, "UNCLASSIFIED", ("JPN", "PHL"), "LOGISTICS"),
        },
    )["request"]["record"]["id"]
    there = wait_for(cast.afp_watch, "request", ORIGINATOR, title)
    _expect(cast.jjoc_watch, sent, PASSER, "withheld", "label")
    cast.afp_watch.post(f"/requests/{there}/acknowledge", {"note": text("Asking the port.", "en")})
    until(lambda: cast.jjoc_watch.get(f"/requests/{sent}")["state"] == "acknowledged", "AFP's word at JJOC")
    say(
        ORIGINATOR,
        "One logistics request released to AFP, by JJOC's own label for it alone; AFP acknowledged it",
        "統合作戦司令部の判断で後方支援の要請1件をフィリピン国軍のみに提供。先方が了解",
    )


def _secret(cast: Cast, say: SAY) -> None:
    """A line of the log whose label names all three nations, above what JJOC has agreed on with the third."""
    line = cast.jjoc_watch.post(
        "/log-entries",
        {
            "text": text("救援物資の集積状況を確認。", "ja", "Stocks of relief goods checked."),
            "channel": "voice",
            "priority": "routine",
            "significant": False,
            "label": _label(cast.jjoc_watch, "DUTY USE", ("JPN", "PHL", "USA"), "LOGISTICS"),
        },
    )["record"]["id"]
    why = _expect(cast.jjoc_watch, line, THIRD, "withheld", "label")
    _expect(cast.jjoc_watch, line, PASSER, "released", "")
    say(
        ORIGINATOR,
        f"A line above unclassified went to USFJ, not to AFP: rule {why['rule']} ({why['code']})",
        f"非区分を超える日誌は在日米軍のみに提供。フィリピン国軍には不可（{why['rule']}：{why['code']}）",
    )


def _onward_refused(cast: Cast, say: SAY) -> None:
    """JJOC's incident is for USFJ alone, and its label says so wherever it goes."""
    incident = arrived(cast.usfj_disclosure, "incident", ORIGINATOR)[0]
    made = _pass_on(cast, incident["id"])
    why = _expect(cast.usfj_disclosure, made, THIRD, "withheld", "onward")
    say(
        PASSER,
        f"Passing JJOC's incident on to AFP: refused, JJOC's label does not allow it ({why['code']})",
        f"統合作戦司令部の事案の再提供は、発信者ラベルが認めず不可（{why['code']}）",
    )


def _onward_allowed(cast: Cast, say: SAY) -> None:
    """The report of the Japan Meteorological Agency is for every partner."""
    hazard = arrived(cast.usfj_disclosure, "hazard", ORIGINATOR)[0]
    _pass_on(cast, hazard["id"])
    until(lambda: bool(arrived(cast.afp_watch, "release.onward", PASSER)), "what USFJ passed on")
    say(
        PASSER,
        "Passing on JJOC's newest tsunami report, whose label allows it: it reached AFP",
        "統合作戦司令部の最新の津波情報は発信者ラベルが認めるため再提供。フィリピン国軍に到着",
    )


def _agreement_ends(cast: Cast, over: datetime, say: SAY) -> None:
    """Nobody does anything: the moment passes, and the next decision stays."""
    while (left := (over - datetime.now(UTC)).total_seconds()) >= 0:
        time.sleep(left + LOOK_EVERY)
    kept = _decide(cast.jjoc_watch, BY_DAY, AT_ANY_TIME)
    why = _expect(cast.jjoc_watch, kept, THIRD, "withheld", "agreement")
    say(
        ORIGINATOR,
        f"The agreement ran out by itself: the next decision stays ({why['code']})",
        f"取決めは期限で自動的に失効。次の決定事項は提供されない（{why['code']}）",
    )


def _check_reached(afp: Api) -> None:
    for owner, kind, expected in REACHED:
        if (came := len(arrived(afp, kind, owner))) != expected:
            raise OurFault("demo.release", f"{expected} of kind {kind} from {owner} at {THIRD}", str(came))


def _expect(api: Api, record: str, partner: str, outcome: str, rule: str) -> dict[str, Any]:
    """What the node says of ``record`` and ``partner``, as ``renkei release explain`` shows it."""
    row: dict[str, Any] = next(r for r in api.get(f"/records/{record}/release") if r["hq"] == partner)
    if (row["outcome"], row["rule"]) != (outcome, rule):
        expected = f"{record} to be {outcome} for {partner} by rule {rule or 'none'}"
        raise OurFault("demo.release", expected, f"{row['outcome']} by rule {row['rule'] or 'none'}")
    return row


def _decide(api: Api, chosen: Words, other: Words) -> str:
    """Record a decision for every partner with whom there is an agreement on decisions."""
    made = api.post(
        "/decisions",
        {
            "title": text(chosen.ja, "ja", chosen.en),
            "options": [{"title": text(option.ja, "ja", option.en)} for option in (chosen, other)],
            "chosen": "A",
            "authority": "当直幹部",
            "reasons": text("港湾の点検結果による。", "ja", "By the inspection of the harbours."),
            "label": label_of(api, "open"),
        },
    )
    return str(made["record"]["id"])


def _pass_on(cast: Cast, record: str) -> str:
    label = _label(cast.usfj_disclosure, "UNCLASSIFIED", ("PHL", "USA"))
    return str(cast.usfj_disclosure.post("/release/onward", {"record": record, "label": label})["id"])


def _label(api: Api, classification: str, nations: tuple[str, ...], *handling: str) -> dict[str, Any]:
    """A label of the node's own policy, releasable to ``nations``."""
    categories = [{"tag": "Releasable to", "type": "permissive", "values": list(nations)}]
    if handling:
        categories.append({"tag": "Handling", "type": "restrictive", "values": list(handling)})
    policy = label_of(api, "open")["policy"]
    return {"policy": policy, "classification": classification, "categories": categories}


def _logistics_ceiling(api: Api) -> dict[str, Any]:
    """What the first agreement with the third headquarters lets it hold."""
    found = api.get("/release/agreements", partner=THIRD)[0]["agreement"]
    ceiling: dict[str, Any] = found["covers"][0]["ceiling"]
    return ceiling
