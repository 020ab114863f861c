"""Key ceremonies by commands alone, on two nodes that exchange couriers' files."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from edges.cli.conftest import Renkei, done
from renkei.kernel.clock import FakeClock
from renkei.kernel.identity import Identity, spoken

Pair = tuple[Path, Path]


def send(renkei: Renkei, sender: Path, recipient: Path, hq: str, name: str, expect: int = 0) -> dict:
    """A courier's file from one node to the other; what its import told."""
    file = sender.parent / name
    done(renkei("courier", "export", hq, file, "--first", "0", "-d", sender))
    said = renkei("courier", "import", file, "-d", recipient, "--json")
    assert said.status == expect, said
    return said.json


def codes(told: dict) -> set[str]:
    """What was refused: the file as a whole, when its own signature is not believed, or parts of it."""
    return {told["error"]["code"]} if "error" in told else {fault["code"] for fault in told["faults"]}


def announced(renkei: Renkei, data: Path, name: str = "announced") -> Path:
    folder = data.parent / name
    done(renkei("key", "announce", folder, "-d", data))
    return folder


def test_a_rotation_is_announced_taken_and_carried_out_without_a_word_by_telephone(
    couriered: Pair, renkei: Renkei
) -> None:
    us, jp = couriered
    soon = datetime.now(UTC) + timedelta(days=1)
    said = done(renkei("key", "rotate", "--since", soon.isoformat(), "-d", jp, "--json")).json
    folder = announced(renkei, jp)
    sheet = (folder / "ceremony.txt").read_text("utf-8")
    assert said["fingerprint"].split()[0] in sheet
    assert spoken(said["fingerprint"], "ja")[0] in sheet
    took = done(renkei("key", "accept", folder / "jp.jjoc.card", "-d", us, "--json")).json
    assert took["continues"] is True
    # The old key goes on signing until then, and is still believed.
    assert send(renkei, jp, us, "us.usfj", "before.courier")["faults"] == []
    clock = FakeClock(soon + timedelta(minutes=1))
    identity = Identity.load(jp / "keys")
    assert identity.activate_if_due(clock) and not identity.activate_if_due(clock)
    assert len(Identity.load(jp / "keys").keys) == 2
    assert not (jp / "keys" / "next.key").exists()
    # Signed early by that day's reckoning: this clock has not come to it yet.
    assert codes(send(renkei, jp, us, "us.usfj", "early.courier", expect=1)) == {"key.early"}
    assert done(renkei("partner", "verify", "jp.jjoc", "-d", us))


def test_after_a_rotation_the_log_goes_on_and_both_keys_prove_their_part(
    couriered: Pair, renkei: Renkei
) -> None:
    us, jp = couriered
    now = datetime.now(UTC)
    done(renkei("key", "rotate", "--since", now.isoformat(), "-d", jp))
    card = announced(renkei, jp) / "jp.jjoc.card"
    assert codes(send(renkei, jp, us, "us.usfj", "1.courier")) == set()
    done(renkei("key", "renew", "--if-due", "-d", jp))
    done(renkei("key", "accept", card, "-d", us))
    assert codes(send(renkei, jp, us, "us.usfj", "2.courier")) == set()
    assert send(renkei, us, jp, "jp.jjoc", "3.courier")["receipted"] == 0  # receipts by old keys still count
    done(renkei("partner", "verify", "jp.jjoc", "-d", us))
    done(renkei("partner", "verify", "us.usfj", "-d", jp))
    done(renkei("log", "verify", "-d", jp))


def test_a_revoked_keys_later_statements_are_named_and_refused_and_its_earlier_ones_stay_proof(
    couriered: Pair, renkei: Renkei
) -> None:
    us, jp = couriered
    late = jp.parent / "late.courier"
    done(renkei("courier", "export", "us.usfj", late, "--first", "0", "-d", jp))
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    compromised = ("--reason", "compromised", "--suspect-from", since)
    print_of = done(renkei("key", "revoke", *compromised, "-d", jp, "--json")).json["fingerprint"]
    folder = announced(renkei, jp)
    told = done(renkei("key", "accept", folder / "jp.jjoc.revoked-1.json", "-d", us, "--json")).json
    assert told["revoked"] == 1
    assert told["doubtful"]["first"] == 0  # everything here was logged within that hour
    # What the old key signed and comes now is refused by name, whoever brings it.
    said = renkei("courier", "import", late, "-d", us, "--json")
    assert said.status == 1
    assert codes(said.json) == {"key.revoked"}
    # The new key vouches for itself only: without a telephone it is nobody's.
    card = folder / "jp.jjoc.card"
    refused = renkei("key", "accept", card, "--fingerprint", "1" * 40, "-d", us, "--json")
    assert refused.json["error"]["code"] == "partner.fingerprint"
    done(renkei("key", "accept", card, "--fingerprint", print_of, "-d", us))
    assert codes(send(renkei, jp, us, "us.usfj", "new.courier")) == set()
    done(renkei("partner", "verify", "jp.jjoc", "-d", us))
    done(renkei("partner", "verify", "us.usfj", "-d", jp))
    done(renkei("log", "verify", "-d", jp))


def test_a_thief_cannot_hand_the_stolen_key_on(couriered: Pair, renkei: Renkei, files: Path) -> None:
    us, jp = couriered
    done(renkei("key", "revoke", "--partner", "jp.jjoc", "--reason", "compromised", "-d", us))
    done(renkei("key", "rotate", "--since", datetime.now(UTC).isoformat(), "-d", jp))  # as the thief can
    said = done(renkei("key", "show", "-d", jp, "--json")).json
    card = announced(renkei, jp) / "jp.jjoc.card"
    for how in ((), ("--fingerprint", said["fingerprint"])):
        refused = renkei("key", "accept", card, *how, "-d", us, "--json")
        assert refused.json["error"]["code"] == "key.revoked"
    refused = renkei("partner", "add", card, "--fingerprint", said["fingerprint"], "-d", us, "--json")
    assert refused.json["error"]["code"] == "key.revoked"


def test_a_lost_key_is_ended_by_the_notice_from_the_safe(couriered: Pair, renkei: Renkei) -> None:
    us, jp = couriered
    safe = jp.parent / "safe.json"
    done(renkei("key", "revoke", "--reason", "lost", "--prepare", safe, "-d", jp))
    (jp / "keys" / "identity.key").unlink()
    assert renkei("key", "show", "-d", jp).status == 1
    done(renkei("key", "revoke", "--reason", "lost", "--notice", safe, "-d", jp))
    print_of = done(renkei("key", "show", "--say", "-d", jp, "--json")).json["fingerprint"]
    folder = announced(renkei, jp)
    done(renkei("key", "accept", folder / "jp.jjoc.revoked-1.json", "-d", us))
    done(renkei("key", "accept", folder / "jp.jjoc.card", "--fingerprint", print_of, "-d", us))
    assert codes(send(renkei, jp, us, "us.usfj", "new.courier")) == set()


@pytest.mark.parametrize("field", ["hq", "revoked", "reason", "at"])
def test_a_notice_that_was_changed_is_refused(couriered: Pair, renkei: Renkei, field: str) -> None:
    us, jp = couriered
    safe = jp.parent / "safe.json"
    done(renkei("key", "revoke", "--reason", "lost", "--prepare", safe, "-d", jp))
    notice = msgspec.json.decode(safe.read_bytes())
    other = renkei("key", "show", "-d", us, "--json").json["keys"][0]["public"]
    notice[field] = {"hq": "jp.jmod", "revoked": other, "reason": "retired", "at": "2026-01-01T00:00:00Z"}[
        field
    ]
    safe.write_bytes(msgspec.json.encode(notice))
    said = renkei("key", "accept", safe, "-d", us, "--json")
    assert said.json["error"]["code"] == "notice.signature"


def test_the_alias_secret_is_not_rotated_and_says_why(couriered: Pair, renkei: Renkei) -> None:
    said = renkei("key", "rotate", "alias", "-d", couriered[0], "--json")
    assert said.status == 1
    assert said.json["error"]["code"] == "key.alias-fixed"
    assert "rename every record" in said.json["error"]["expected"]
