"""A node from the inside: made, given accounts and partners, looked at, proven, couriered."""

import os
import subprocess
import sys
from pathlib import Path

import apsw
import msgspec
import pytest

from edges.cli.conftest import PASSWORD, Renkei
from renkei.kernel.accounts import Accounts, Session
from renkei.kernel.clock import SystemClock
from renkei.node import Node


def test_a_new_node_has_private_keys_and_its_fingerprint_is_told(
    renkei: Renkei, files: Path, tmp_path: Path
) -> None:
    data = tmp_path / "node"
    said = renkei(
        "init",
        data,
        "--hq",
        "us.usfj",
        "--name-en",
        "USFJ",
        "--name-ja",
        "在日米軍",
        "--policy",
        files / "us.xml",
    )
    assert said.status == 0
    assert "fingerprint" in said.out
    assert (data / "keys").stat().st_mode & 0o077 == 0
    again = renkei(
        "init", data, "--hq", "us.usfj", "--name-en", "U", "--name-ja", "U", "--policy", files / "us.xml"
    )
    assert again.status == 1
    assert "node.exists" in again.err


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("--hq", "USFJ", "init.settings"),
        ("--http", "nowhere", "link.address"),
        ("--policy", "missing.xml", "file.read"),
        ("--name-en", "", "init.settings"),
    ],
)
def test_init_refuses_what_is_wrong_and_leaves_no_node(
    option: str, value: str, code: str, renkei: Renkei, files: Path, tmp_path: Path
) -> None:
    given = {"--hq": "us.usfj", "--name-en": "A", "--name-ja": "B", "--policy": str(files / "us.xml")} | {
        option: value
    }
    said = renkei("init", tmp_path / "n", *(part for pair in given.items() for part in pair), "--json")
    assert said.status == 1
    assert said.json["error"]["code"] == code
    assert not (tmp_path / "n" / "node.toml").exists()


def test_init_refuses_a_policy_that_is_none(renkei: Renkei, tmp_path: Path) -> None:
    bad = tmp_path / "bad.xml"
    bad.write_text("<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>")
    said = renkei(
        "init", tmp_path / "n", "--hq", "us.usfj", "--name-en", "A", "--name-ja", "B", "--policy", bad
    )
    assert said.status == 1
    assert "expected" in said.err


@pytest.mark.parametrize(
    "line",
    [
        ("status",),
        ("serve",),
        ("card",),
        ("account", "list"),
        ("partner", "list"),
        ("log", "verify"),
        ("log", "show", "master"),
        ("views", "rebuild"),
        ("key", "show"),
        ("partner", "verify", "jp.jjoc"),
        ("import", "reference", "--as-account", "planner"),
        ("courier", "export", "jp.jjoc", "x"),
    ],
    ids=" ".join,
)
def test_a_folder_without_a_node_is_named(line: tuple[str, ...], renkei: Renkei, tmp_path: Path) -> None:
    said = renkei(*line, "--data", tmp_path / "nothing", "--json")
    assert said.status == 1
    assert said.json["error"]["code"] == "config.missing"
    assert "nothing" in said.json["error"]["came"]
    assert not (tmp_path / "nothing").exists()


# --- accounts ---------------------------------------------------------------------------------------------


def test_an_account_signs_in_until_it_is_disabled(renkei: Renkei, pair: tuple[Path, Path]) -> None:
    us, _ = pair
    listed = renkei("account", "list", "-d", us, "--json").json
    assert [(a["account"], a["roles"], a["disabled"]) for a in listed] == [
        ("watch", ["watch-officer", "planner"], False)
    ]
    assert signs_in(us, PASSWORD)
    assert (
        renkei(
            "account", "password", "watch", "--password-stdin", "-d", us, typed="another long one\n"
        ).status
        == 0
    )
    assert not signs_in(us, PASSWORD)
    assert signs_in(us, "another long one")
    assert renkei("account", "disable", "watch", "-d", us).status == 0
    assert not signs_in(us, "another long one")
    assert renkei("account", "enable", "watch", "-d", us).status == 0
    assert renkei("account", "change", "watch", "--role", "viewer", "-d", us).status == 0
    assert renkei("account", "list", "-d", us, "--json").json[0]["roles"] == ["viewer"]


def test_a_change_on_the_files_is_in_the_audit_log_and_verifies(
    renkei: Renkei, pair: tuple[Path, Path]
) -> None:
    us, _ = pair
    said = renkei("account", "disable", "watch", "-d", us)
    assert said.status == 0 and "not running" in said.err
    refused = renkei("account", "disable", "nobody", "-d", us, "--json")
    assert refused.json["error"]["code"] == "account.unknown"
    shown = renkei("log", "show", "audit", "-d", us, "--json").out
    for word in ("@console", "account.disable", "account.unknown"):
        assert word in shown
    assert renkei("log", "verify", "-d", us, "--json").json["sound"] is True


def signs_in(data: Path, password: str) -> bool:
    accounts = Accounts(data / "accounts.db", SystemClock())
    try:
        return isinstance(accounts.sign_in("watch", password), Session)
    finally:
        accounts.close()


@pytest.mark.parametrize(
    ("account", "clearance", "typed", "code"),
    [
        ("watch", None, PASSWORD, "account.exists"),
        ("Bad Name", None, PASSWORD, "account.name"),
        ("other", None, "short", "account.password"),
        ("other", "[]", PASSWORD, "clearance.form"),
        ("other", '{"classifications": ["COSMIC"]}', PASSWORD, None),
        ("other", "@missing.json", PASSWORD, "file.read"),
    ],
)
def test_a_wrong_account_is_refused(
    account: str,
    clearance: str | None,
    typed: str,
    code: str | None,
    renkei: Renkei,
    pair: tuple[Path, Path],
    files: Path,
) -> None:
    held = clearance or f"@{files / 'us-officer.json'}"
    line = (
        "account",
        "add",
        account,
        "--post",
        "P",
        "--role",
        "viewer",
        "--clearance",
        held,
        "--password-stdin",
    )
    said = renkei(*line, "-d", pair[0], "--json", typed=f"{typed}\n")
    assert said.status == 1
    assert code is None or said.json["error"]["code"] == code
    assert typed not in said.out + said.err
    assert len(renkei("account", "list", "-d", pair[0], "--json").json) == 1


def test_a_change_of_an_unknown_account_is_refused(renkei: Renkei, pair: tuple[Path, Path]) -> None:
    assert renkei("account", "disable", "nobody", "-d", pair[0]).status == 1
    assert (
        renkei("account", "change", "watch", "-d", pair[0], "--json").json["error"]["code"]
        == "account.change"
    )


# --- partners ---------------------------------------------------------------------------------------------


def test_a_partner_is_taken_only_with_the_fingerprint_heard(
    renkei: Renkei, files: Path, tmp_path: Path
) -> None:
    data = make(renkei, files, tmp_path / "us", "us", "us.usfj")
    other = make(renkei, files, tmp_path / "jp", "jp", "jp.jjoc")
    card = tmp_path / "jp.card"
    assert renkei("card", "--to", card, "-d", other).status == 0
    right = renkei("key", "show", "-d", other, "--json").json["fingerprint"]
    line = ("partner", "add", card, "--clearance", f"@{files / 'us-partner.json'}", "-d", data)
    assert renkei(*line, "--fingerprint", "1" * 40).status == 1
    asked = renkei(*line, typed="no\n")
    assert asked.status == 1
    assert right in asked.err
    assert renkei(*line, typed="").status == 1
    assert renkei(*line, "--json").json["error"]["code"] == "partner.fingerprint"
    assert renkei("partner", "list", "-d", data, "--json").json == []
    assert renkei(*line, typed="yes\n").status == 0
    assert [p["hq"] for p in renkei("partner", "list", "-d", data, "--json").json] == ["jp.jjoc"]


def make(renkei: Renkei, files: Path, data: Path, nation: str, hq: str) -> Path:
    said = renkei(
        "init", data, "--hq", hq, "--name-en", "A", "--name-ja", "B", "--policy", files / f"{nation}.xml"
    )
    assert said.status == 0, said
    return data


def test_a_known_partners_card_is_followed_and_a_strangers_under_its_name_is_not(
    renkei: Renkei, pair: tuple[Path, Path], files: Path, tmp_path: Path
) -> None:
    us, jp = pair
    newer = tmp_path / "newer.card"
    assert renkei("card", "--to", newer, "-d", jp).status == 0
    assert renkei("partner", "add", newer, "--connect", "listen", "-d", us).status == 0
    row = renkei("partner", "list", "-d", us, "--json").json[0]
    assert row["connect"] == "listen"
    assert row["clearance"]["classifications"]
    forged = make(renkei, files, tmp_path / "forged", "jp", "jp.jjoc")
    card = tmp_path / "forged.card"
    assert renkei("card", "--to", card, "-d", forged).status == 0
    said = renkei("partner", "add", card, "-d", us, "--json")
    assert said.status == 1
    assert said.json["error"]["code"] == "key.chain"


@pytest.mark.parametrize("content", ["", "{}", "not json", '{"card": {}, "signature": ""}'])
def test_a_card_that_is_none_is_refused(
    content: str, renkei: Renkei, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    card = tmp_path / "bad.card"
    card.write_text(content)
    said = renkei("partner", "add", card, "--clearance", "{}", "-d", pair[0], "--json")
    assert said.status == 1
    assert said.json["error"]["code"] == "card.malformed"


def test_our_own_card_is_no_partner(renkei: Renkei, pair: tuple[Path, Path], files: Path) -> None:
    own = renkei("key", "show", "-d", pair[0], "--json").json["fingerprint"]
    line = ("partner", "add", files / "us.card", "--clearance", f"@{files / 'us-partner.json'}")
    said = renkei(*line, "--fingerprint", own, "-d", pair[0], "--json")
    assert said.json["error"]["code"] == "partner.self"


# --- status, logs, couriers -------------------------------------------------------------------------------


def test_what_a_courier_brings_is_verified_receipted_and_proven(
    renkei: Renkei, couriered: tuple[Path, Path]
) -> None:
    us, jp = couriered
    again = renkei("import", "courier", us.parent / "out.courier", "-d", us, "--json")
    assert (again.status, again.json["logged"]) == (0, 0)
    proof = renkei("partner", "verify", "us.usfj", "-d", jp, "--json").json
    sent = next(log for log in proof["logs"] if log["name"] == "us.usfj.sent")
    assert proof["sound"] is True
    assert sent["receipted"] == sent["entries"] > 50
    theirs = renkei("partner", "verify", "jp.jjoc", "-d", us, "--json").json
    received = next(log for log in theirs["logs"] if log["name"] == "jp.jjoc.received")
    assert received["signed"] == received["receipted"] == received["entries"] == sent["entries"]
    assert theirs["halted"] is None


def test_a_damaged_couriers_file_is_named_and_status_1(
    renkei: Renkei, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    us, jp = pair
    renkei("import", "reference", "--as-account", "watch", "-d", jp)
    file = tmp_path / "out.courier"
    renkei("courier", "export", "us.usfj", file, "--plain", "-d", jp)
    file.write_bytes(file.read_bytes()[:-40])
    said = renkei("import", "courier", file, "-d", us, "--json")
    assert said.status == 1
    assert [fault["code"] for fault in said.json["faults"]] == ["courier.truncated"]
    file.write_bytes(b"nonsense")
    assert renkei("import", "courier", file, "-d", us, "--json").json["error"]["code"] == "courier.form"
    assert renkei("courier", "export", "us.nobody", tmp_path / "x", "-d", jp).status == 1


def test_status_tells_logs_views_and_partners_from_the_files(
    renkei: Renkei, couriered: tuple[Path, Path]
) -> None:
    us, _ = couriered
    found = renkei("status", "-d", us, "--json").json
    assert found["hq"] == "us.usfj"
    assert found["health"] is None
    sizes = {log["name"]: log["entries"] for log in found["logs"]}
    assert sizes["jp.jjoc.received"] > 50
    assert {view["log"]: view["lag"] for view in found["views"]} == {"master": 0, "jp.jjoc.received": 0}
    assert [(p["hq"], p["inForce"]) for p in found["partners"]] == [("jp.jjoc", True)]
    text = renkei("status", "-d", us)
    assert text.status == 0
    assert "not serving" in text.out


def test_views_are_rebuilt_from_every_entry(renkei: Renkei, couriered: tuple[Path, Path]) -> None:
    us, _ = couriered
    sizes = {log["name"]: log["entries"] for log in renkei("status", "-d", us, "--json").json["logs"]}
    assert renkei("views", "rebuild", "-d", us, "--json").json == {
        "folded": sizes["master"] + sizes["jp.jjoc.received"]
    }


def test_loading_the_same_reference_tables_again_changes_nothing(
    renkei: Renkei, couriered: tuple[Path, Path]
) -> None:
    said = renkei("import", "reference", "--as-account", "watch", "-d", couriered[1], "--json").json
    assert (said["new"], said["changed"]) == ({}, {})
    assert said["unchanged"] > 50


def test_a_wrong_reference_table_is_refused_whole(
    renkei: Renkei, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    table = tmp_path / "sites.csv"
    table.write_text("site_id,name_en\nX,Y\n")
    said = renkei("import", "reference", "--as-account", "watch", "--sites", table, "-d", pair[1], "--json")
    assert said.json["error"]["code"] == "csv.header"
    nobody = renkei("import", "reference", "--as-account", "nobody", "-d", pair[1], "--json")
    assert nobody.json["error"]["code"] == "account.unknown"
    agreed = 1  # with the partner; nothing of the table
    assert renkei("status", "-d", pair[1], "--json").json["logs"][0]["entries"] == agreed


def test_an_open_node_is_not_worked_on_by_a_second_hand(
    renkei: Renkei, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    node = Node.open(pair[0])
    try:
        for line in (("views", "rebuild"), ("courier", "export", "jp.jjoc", tmp_path / "x")):
            said = renkei(*line, "-d", pair[0], "--json")
            assert (said.status, said.json["error"]["code"]) == (1, "node.running")
        assert renkei("status", "-d", pair[0]).status == 0
        assert renkei("log", "verify", "-d", pair[0]).status == 0
    finally:
        node.close()


def test_a_sound_node_verifies_and_a_changed_entry_is_found(
    renkei: Renkei, couriered: tuple[Path, Path]
) -> None:
    _, jp = couriered
    sound = renkei("log", "verify", "-d", jp, "--json")
    assert (sound.status, sound.json["sound"]) == (0, True)
    db = apsw.Connection(str(jp / "logs" / "us.usfj.sent.db"))
    first, bodies = db.execute("SELECT first, sealed FROM bodies LIMIT 1").fetchone()
    db.execute("UPDATE bodies SET sealed = ? WHERE first = ?", (bodies.replace(b"JGSDF", b"JGSDX", 1), first))
    db.close()
    said = renkei("log", "verify", "us.usfj.sent", "-d", jp)
    assert said.status == 1
    assert "contradiction" in said.out
    assert renkei("partner", "verify", "us.usfj", "-d", jp, "--json").json["sound"] is False


def test_a_changed_commitment_is_found(renkei: Renkei, couriered: tuple[Path, Path]) -> None:
    us, _ = couriered
    db = apsw.Connection(str(us / "logs" / "jp.jjoc.received.db"))
    first, entries = db.execute("SELECT first, entries FROM packs LIMIT 1").fetchone()
    db.execute("UPDATE packs SET entries = ? WHERE first = ?", (bytes(32) + entries[32:], first))
    db.close()
    said = renkei("log", "verify", "jp.jjoc.received", "-d", us, "--json")
    assert said.status == 1
    assert "log.body" in {f["code"] for log in said.json["logs"] for f in log["findings"]}


def test_a_checkpoint_by_another_key_is_found(
    renkei: Renkei, couriered: tuple[Path, Path], files: Path, tmp_path: Path
) -> None:
    us, _ = couriered
    stranger = make(renkei, files, tmp_path / "stranger", "jp", "jp.jjoc")
    card = tmp_path / "stranger.card"
    renkei("card", "--to", card, "-d", stranger)
    print_of = renkei("key", "show", "-d", stranger, "--json").json["fingerprint"]
    (
        us / "partners" / "jp.jjoc.json"
    ).unlink()  # or the keys pinned before would still prove what they signed
    held = ("--clearance", f"@{files / 'us-partner.json'}")
    assert renkei("partner", "add", card, *held, "--fingerprint", print_of, "-d", us).status == 0
    said = renkei("partner", "verify", "jp.jjoc", "-d", us, "--json")
    assert said.status == 1
    codes = {f["code"] for log in said.json["logs"] for f in log["findings"]}
    assert codes == {"checkpoint.unknown-key"}


def test_entries_are_shown_newest_last_and_raw_bytes_as_logged(
    renkei: Renkei, couriered: tuple[Path, Path]
) -> None:
    us, _ = couriered
    rows = renkei("log", "show", "jp.jjoc.received", "--from", 3, "--limit", 2, "-d", us, "--json").json
    assert [row["seq"] for row in rows] == [3, 4]
    assert all(row["entry"]["id"].startswith("jp.jjoc/") for row in rows)
    raw = renkei("log", "show", "jp.jjoc.received", "--from", 3, "--limit", 2, "--raw", "-d", us).out
    assert [msgspec.json.decode(line) for line in raw.splitlines()] == [row["entry"] for row in rows]
    table = renkei("log", "show", "jp.jjoc.received", "-d", us).out.splitlines()
    assert len(table) == 21
    missing = renkei("log", "show", "us.nobody.sent", "-d", us, "--json")
    assert missing.json["error"]["code"] == "log.name"


def test_an_exported_log_is_proven_by_the_signers_card_alone(
    renkei: Renkei, couriered: tuple[Path, Path], files: Path, tmp_path: Path
) -> None:
    us, jp = couriered
    file = tmp_path / "sent.ndjson"
    told = renkei("log", "export", "us.usfj.sent", "--to", file, "-d", jp, "--json").json
    assert file.read_bytes().count(b"\n") == told["entries"] > 50
    assert renkei("log", "check", file, "--card", files / "jp.card").status == 0
    assert renkei("log", "check", file, "--card", files / "us.card").status == 1
    assert renkei("log", "export", "us.usfj.sent", "--to", file, "-d", jp).status == 1
    theirs = tmp_path / "received.ndjson"
    assert renkei("log", "export", "jp.jjoc.received", "--to", theirs, "-d", us).status == 0
    assert theirs.read_bytes() == file.read_bytes()
    assert renkei("log", "check", theirs, "--card", files / "jp.card").status == 0


@pytest.mark.parametrize("damage", ["change", "drop", "append", "cut"])
def test_an_export_with_one_thing_changed_is_refused(
    damage: str, renkei: Renkei, couriered: tuple[Path, Path], files: Path, tmp_path: Path
) -> None:
    file = tmp_path / "sent.ndjson"
    renkei("log", "export", "us.usfj.sent", "--to", file, "-d", couriered[1])
    lines = file.read_bytes().splitlines(keepends=True)
    changed = {
        "change": [lines[0].replace(b'"live"', b'"dead"'), *lines[1:]],
        "drop": lines[:-1],
        "append": [*lines, lines[0]],
        "cut": [*lines[:-1], lines[-1][:-1]],
    }[damage]
    if damage == "change" and changed == lines:
        changed = [lines[0].replace(b'"id"', b'"iq"'), *lines[1:]]
    file.write_bytes(b"".join(changed))
    assert renkei("log", "check", file, "--card", files / "jp.card").status == 1


def test_a_link_certificate_is_renewed_on_demand_and_not_before_it_is_due(
    renkei: Renkei, pair: tuple[Path, Path]
) -> None:
    before = renkei("key", "show", "-d", pair[0], "--json").json
    assert renkei("key", "renew", "--if-due", "-d", pair[0], "--json").json["renewed"] is False
    assert renkei("key", "renew", "-d", pair[0], "--json").json["renewed"] is True
    after = renkei("key", "show", "-d", pair[0], "--json").json
    assert after["fingerprint"] == before["fingerprint"]


def test_the_api_is_described_without_a_node(renkei: Renkei, tmp_path: Path) -> None:
    said = renkei("openapi")
    assert said.json["openapi"].startswith("3.")
    assert "/api/v1/requests" in said.json["paths"]
    file = tmp_path / "openapi.json"
    assert renkei("openapi", "--to", file).status == 0
    assert msgspec.json.decode(file.read_bytes()) == said.json


def test_an_agreement_that_was_ended_is_no_longer_in_force(renkei: Renkei, pair: tuple[Path, Path]) -> None:
    assert renkei("partner", "end", "jp.jjoc", "-d", pair[0]).status == 0
    row = renkei("partner", "list", "-d", pair[0], "--json").json[0]
    assert (row["hq"], row["inForce"]) == ("jp.jjoc", False)
    assert (
        renkei("partner", "end", "us.nobody", "-d", pair[0], "--json").json["error"]["code"]
        == "partner.unknown"
    )


def test_an_entry_of_several_lines_survives_an_export(tmp_path: Path) -> None:
    from renkei.edges.cli.logs import _entry, _line

    for entry in (b'{"a":1}', b'{"a":\n1}', b'{"a":1}\r', b"\xff\n"):
        assert b"\n" not in _line(entry)
        assert _entry(_line(entry)) == entry


def test_a_node_whose_port_is_taken_says_so(renkei: Renkei, pair: tuple[Path, Path]) -> None:
    import socket

    host, _, port = (
        renkei("status", "-d", pair[0], "--json").json["http"].removeprefix("http://").partition(":")
    )
    with socket.socket() as taken:
        taken.bind((host, int(port)))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-m", "renkei.edges.cli", "serve", "-d", str(pair[0]), "--json"],
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "src")},
        )
    assert done.returncode == 1
    assert "in use" in msgspec.json.decode(done.stdout.encode())["error"]["came"]
    assert "Traceback" not in done.stderr
