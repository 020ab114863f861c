"""A running node from the outside: two headquarters ask and answer by commands alone."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from edges.cli.conftest import Renkei, Running, Said, done
from renkei.data import packaged

REPORTS = ("20220918154907_08013775_VTSE41.xml", "20220918171502_07401528_VTSE41.xml")


class Seats:
    """Commands as posts of the two headquarters give them."""

    def __init__(self, renkei: Renkei, running: Running) -> None:
        self._renkei, self._running = renkei, running
        self._tokens: dict[tuple[str, str], str] = {}

    def __call__(self, hq: str, account: str, *line: object) -> Said:
        """One command of ``account`` at ``hq``, with its JSON."""
        token = self._tokens.get((hq, account)) or self._sign_in(hq, account)
        return self._renkei(*line, "--url", self._running.url(hq), "--token", token, "--json")

    def _sign_in(self, hq: str, account: str) -> str:
        from renkei.edges.cli.client import load_credentials

        url, password = self._running.url(hq), f"demo-{account}-{hq.partition('.')[2]}"
        done(self._renkei("sign-in", url, account, "--password-stdin", typed=f"{password}\n"))
        kept = load_credentials()
        assert kept is not None
        return self._tokens.setdefault((hq, account), kept.token)


@pytest.fixture
def seat(renkei: Renkei, running: Running) -> Seats:
    return Seats(renkei, running)


def until(holds: Callable[[], Any], seconds: float = 15.0) -> Any:
    """What ``holds`` returns once it is true."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.05)
    return found


def test_ask_and_answer_by_commands_alone(seat: Seats) -> None:
    opened = done(seat("jp.jjoc", "watch", "incident", "open", "津波注意報", "--label", "duty-usa"))
    incident = opened.json["id"]
    done(
        seat(
            "jp.jjoc",
            "watch",
            "incident",
            "log",
            "通話確立",
            "--incident",
            incident,
            "--label",
            "National only",
        )
    )
    line = (
        "request",
        "send",
        "us.usfj",
        "Helicopters",
        "--need",
        "Two on standby",
        "--item",
        "Helicopter:2:aircraft",
    )
    label = ("--label", "Duty use, releasable to USA", "--incident", incident)
    sent = done(seat("jp.jjoc", "watch", *line, *label)).json
    assert sent["state"] in {"unsent", "sent", "received"}

    def arrived() -> Any:
        items = done(seat("us.usfj", "watch", "request", "list")).json
        return next((i["request"]["record"]["id"] for i in items if i["holder"] == "us.usfj"), None)

    there = until(arrived)
    done(seat("us.usfj", "watch", "request", "acknowledge", there, "--note", "Checking."))
    offer = (
        "--offer",
        "Helicopter:1:aircraft:Kadena",
        "--reason",
        "One is in maintenance",
        "--review-in",
        360,
    )
    answered = done(seat("us.usfj", "liaison", "request", "answer", there, "partial", *offer)).json
    assert answered["state"] == "partly accepted"
    commitment = done(seat("us.usfj", "watch", "request", "show", there)).json["commitments"][0][
        "commitment"
    ]["record"]
    done(seat("us.usfj", "watch", "request", "progress", commitment["id"], "under way"))
    done(seat("us.usfj", "watch", "request", "progress", commitment["id"], "done"))
    until(lambda: seat("jp.jjoc", "watch", "request", "show", sent["id"]).json["state"] == "done")
    closed = done(seat("jp.jjoc", "watch", "incident", "close", incident, "解除")).json
    assert closed["status"] == "closed"
    assert done(seat("jp.jjoc", "watch", "incident", "show", incident)).json["requests"][0]["state"] == "done"


def test_a_refusal_says_what_was_expected_and_what_came(seat: Seats) -> None:
    viewer = seat("jp.jjoc", "viewer", "incident", "open", "x", "--label", "national")
    assert (viewer.status, viewer.json["error"]["code"]) == (1, "person.permission")
    nobody = seat(
        "jp.jjoc", "watch", "request", "send", "us.nobody", "t", "--need", "n", "--label", "national"
    )
    assert nobody.json["error"]["code"] == "request.to"
    label = seat("jp.jjoc", "watch", "incident", "open", "x")
    assert label.json["error"]["code"] == "label.name"
    assert "national = National only" in label.json["error"]["expected"]
    item = seat(
        "jp.jjoc",
        "watch",
        "request",
        "send",
        "us.usfj",
        "t",
        "--need",
        "n",
        "--label",
        "National only",
        "--item",
        "x",
    )
    assert item.json["error"]["code"] == "cli.item"
    missing = seat("jp.jjoc", "watch", "request", "show", "jp.jjoc/01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert missing.json["error"]["code"] == "record.not_found"


def test_the_queue_and_the_link_are_in_plain_sight(seat: Seats) -> None:
    off = done(seat("us.usfj", "admin", "partner", "link", "jp.jjoc", "off", "--reason", "test")).json
    assert off["state"] == "off"
    try:
        done(seat("us.usfj", "watch", "incident", "log", "Link is down.", "--label", "official-jpn"))
        waiting = until(lambda: seat("us.usfj", "watch", "partner", "queue", "jp.jjoc", "--waiting").json)
        assert waiting[0]["kind"] == "log-entry"
        assert waiting[0]["state"] != "received"
        assert seat("us.usfj", "watch", "partner", "state").json[0]["link"]["state"] == "off"
    finally:
        done(seat("us.usfj", "admin", "partner", "link", "jp.jjoc", "up", "--reason", "test"))
    until(lambda: not seat("us.usfj", "watch", "partner", "queue", "jp.jjoc", "--waiting").json)
    refused = seat("us.usfj", "watch", "partner", "link", "jp.jjoc", "off", "--reason", "test")
    assert refused.json["error"]["code"] == "person.permission"


def test_reports_are_taken_in_by_order_of_issue_and_once(seat: Seats, tmp_path: Path) -> None:
    for name in REPORTS:
        (tmp_path / name).write_bytes(packaged(f"jma/{name}"))
    rows = done(seat("jp.jjoc", "watch", "import", "jma", tmp_path / REPORTS[1], tmp_path / REPORTS[0])).json
    assert [(row["file"], row["status"], row["version"]) for row in rows] == [
        (REPORTS[0], "in force", 1),
        (REPORTS[1], "cancelled", 2),
    ]
    again = done(seat("jp.jjoc", "watch", "import", "jma", tmp_path / REPORTS[1])).json
    assert again[0]["version"] == 2


def test_reports_that_are_none_are_named_and_nothing_is_posted(seat: Seats, tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_bytes(b"<Report/>")
    bad = seat("jp.jjoc", "watch", "import", "jma", tmp_path)
    assert bad.status == 1
    assert "bad.xml" in bad.json["error"]["expected"]
    empty = tmp_path / "empty"
    empty.mkdir()
    assert seat("jp.jjoc", "watch", "import", "jma", empty).json["error"]["code"] == "import.none"
    assert seat("jp.jjoc", "watch", "import", "jma").json["error"]["code"] == "import.none"
    assert seat("jp.jjoc", "watch", "import", "jma", tmp_path / "no.xml").json["error"]["code"] == "file.read"


def test_status_and_verification_work_beside_the_running_node(renkei: Renkei, running: Running) -> None:
    data = running.folder / "us.usfj"
    status = done(renkei("status", "-d", data, "--json")).json
    assert status["health"] == {"ok": True, "failures": []}
    assert done(renkei("log", "verify", "-d", data, "--json")).json["sound"] is True
    busy = renkei("courier", "export", "jp.jjoc", running.folder / "x.courier", "-d", data, "--json")
    assert busy.json["error"]["code"] == "cli.credentials"


def test_accounts_of_a_running_node_are_changed_through_it(
    renkei: Renkei, running: Running, seat: Seats
) -> None:
    data = running.folder / "us.usfj"
    nobody = renkei("account", "list", "-d", data, "--token", "", "--json")
    assert nobody.json["error"]["code"] == "cli.credentials"
    listed = seat("us.usfj", "admin", "account", "list", "-d", data).json
    assert "watch" in {row["account"] for row in listed}
    done(seat("us.usfj", "admin", "account", "change", "planner", "--role", "planner", "-d", data))
    refused = seat("us.usfj", "watch", "account", "disable", "planner", "-d", data)
    assert refused.json["error"]["code"] == "person.permission"


def test_a_token_is_made_listed_and_revoked(renkei: Renkei, running: Running, seat: Seats) -> None:
    url = running.url("us.usfj")
    line = ("token", "create", "watch", "AIS feed", "--scope", "read", "--url", url, "--password-stdin")
    made = done(renkei(*line, "--json", typed="demo-watch-usfj\n")).json
    assert isinstance(
        done(renkei("incident", "list", "--url", url, "--token", made["token"], "--json")).json, list
    )
    listed = seat("us.usfj", "watch", "token", "list").json
    assert made["info"]["id"] in {row["id"] for row in listed} and made["token"] not in str(listed)
    done(seat("us.usfj", "watch", "token", "revoke", made["info"]["id"]))
    over = renkei("incident", "list", "--url", url, "--token", made["token"], "--json")
    assert over.json["error"]["code"] == "session.needed"


def test_signing_in_keeps_a_token_that_signing_out_revokes(
    renkei: Renkei, running: Running, tmp_path: Path
) -> None:
    url = running.url("us.usfj")
    denied = renkei("sign-in", url, "watch", "--password-stdin", "--json", typed="not the password\n")
    assert (denied.status, denied.json["error"]["code"]) == (1, "session.denied")
    kept = done(
        renkei("sign-in", url, "watch", "--password-stdin", "--json", typed="demo-watch-usfj\n")
    ).json["kept"]
    assert Path(kept).stat().st_mode & 0o077 == 0
    assert isinstance(done(renkei("incident", "list", "--json")).json, list)
    from renkei.edges.cli.client import load_credentials

    credentials = load_credentials()
    assert credentials is not None
    done(renkei("sign-out"))
    assert not Path(kept).exists()
    stale = renkei("incident", "list", "--url", url, "--token", credentials.token, "--json")
    assert stale.json["error"]["code"] == "session.needed"
    assert renkei("incident", "list", "--json").json["error"]["code"] == "cli.credentials"


def test_a_node_that_does_not_answer_is_named(renkei: Renkei) -> None:
    said = renkei("request", "list", "--url", "http://127.0.0.1:9", "--token", "rk_x", "--json")
    assert (said.status, said.json["error"]["code"]) == (1, "node.unreachable")
    wrong = renkei("request", "list", "--url", "nonsense", "--token", "rk_x", "--json")
    assert wrong.json["error"]["code"] == "cli.url"


def test_commands_ask_about_a_moment_past(seat: Seats) -> None:
    done(seat("jp.jjoc", "watch", "incident", "open", "断水", "--label", "duty-usa"))
    long_ago = done(seat("jp.jjoc", "watch", "incident", "list", "--as-of", "180650ZSEP22"))
    assert long_ago.json == []
    assert done(seat("jp.jjoc", "watch", "incident", "list")).json
    known = done(seat("jp.jjoc", "watch", "request", "list", "--known-to", "us.usfj"))
    assert isinstance(known.json, list)
    refused = seat(
        "jp.jjoc", "watch", "incident", "open", "断水", "--label", "duty-usa", "--as-of", "180650ZSEP22"
    )
    assert refused.status != 0 and "past.path" in refused.out


PLAN = """{
 "title": {"en": "Joint headquarters", "ja": "統合司令部"}, "start": "2022-01-01",
 "structure": {"nations": []},
 "phases": [{"key": "1", "names": {"en": "Now", "ja": "現在"}}],
 "changes": [
  {"change": "add", "key": "answers", "phase": "1", "fact": {"kind": "responsibility", "key": "logistics",
   "subject": "US-USFJ", "function": "logistics", "part": "accountable"}},
  {"change": "add", "key": "pair", "phase": "1", "fact": {"kind": "relation", "key": "pair",
   "relation": "liaison", "subject": "US-USFJ", "object": "JP-JJOC"}}]}"""


def test_a_plan_is_signed_on_both_sides_and_routes_a_request(seat: Seats, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(PLAN, encoding="utf-8")
    us, today = ("us.usfj", "approver"), datetime.now(UTC).date()
    made = done(seat("us.usfj", "planner", "command", "propose", file, "--label", "jpn")).json
    plan = made["plan"]["record"]["id"]
    assert [(p["nations"], p["state"]) for p in made["parts"]] == [
        (["Japan", "US"], "open"),
        (["US"], "open"),
    ]
    refused = seat("us.usfj", "planner", "command", "approve", plan, "1", "US", "--on", today)
    assert refused.json["error"]["code"] == "person.permission"
    done(seat(*us, "command", "approve", plan, "1", "US", "--on", today))
    done(seat(*us, "command", "approve", plan, "1", "Japan,US", "--on", today, "--reason", "As agreed"))
    theirs = until(lambda: done(seat("jp.jjoc", "approver", "command", "plans")).json)[0]
    alias = theirs["plan"]["record"]["id"]
    signed = until(lambda: both(seat("jp.jjoc", "approver", "command", "plans", alias)), 15)
    assert signed["missing"] == ["Japan"]
    done(seat("jp.jjoc", "approver", "command", "approve", alias, "1", "Japan,US", "--on", today))
    until(lambda: states(seat("us.usfj", "planner", "command", "plans", plan)) == {"in force"})
    routed = done(seat("jp.jjoc", "watch", "command", "route", "logistics", "US")).json
    assert [(r["hq"], r["unit"], r["plan"]) for r in routed] == [("us.usfj", "US-USFJ", "Joint headquarters")]
    line = ("request", "send", "auto", "Fuel", "--need", "Two trucks", "--function", "logistics")
    asked = done(seat("jp.jjoc", "watch", *line, "--label", "duty-usa")).json
    assert (
        done(seat("jp.jjoc", "watch", "request", "show", asked["id"])).json["request"]["record"]["to"]
        == "us.usfj"
    )
    applied = done(seat("us.usfj", "planner", "command", "apply", "--label", "jpn")).json
    assert (len(applied["written"]), applied["left"]) == (2, [])
    ours = both(seat("us.usfj", "approver", "command", "plans", plan))["signatures"]
    mine = next(s["approval"] for s in ours if s["hq"] == "us.usfj")
    late = seat(*us, "command", "take-back", mine, "--reason", "No")
    assert late.json["error"]["code"] == "plan.in-force"


def both(said: Said) -> Any:
    """The shared part, once a signature under it is here."""
    return next((p for p in done(said).json[0]["parts"] if len(p["nations"]) == 2 and p["signatures"]), None)


def states(said: Said) -> set[str]:
    return {part["state"] for part in done(said).json[0]["parts"]}


def test_a_node_is_planned_from_as_its_reader_sees_it_under_its_marking(seat: Seats) -> None:
    shown = done(seat("jp.jjoc", "watch", "command", "show", "--node")).json
    assert shown["marking"]["ja"]
    assert "JP-JJOC" in {unit["code"] for unit in shown["structure"]["units"]}
    report = seat("jp.jjoc", "watch", "command", "check", "--node").json["report"]
    outcomes = {result["rule"]: result["outcome"] for result in report["results"]}
    assert outcomes["coordination"] == "proved"
    assert outcomes["reachable"] == "unknown"
