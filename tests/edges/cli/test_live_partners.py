"""Partners of running nodes: agreed on, linked, changed, ended and agreed on anew, and nobody is stopped."""

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edges.cli.conftest import Renkei, Said, done, free_base
from renkei.edges.cli.client import Api, load_credentials
from renkei.edges.cli.demo import setup
from renkei.edges.cli.demo.processes import Child, stop_all
from renkei.edges.cli.demo.setup import AFP, PAIR, Side, password_of
from renkei.kernel.labels.presets import demo_clearances, policy_file

JJOC = next(side for side in PAIR if side.hq == "jp.jjoc")
PATIENCE = 25.0


class Floor:
    """Three running nodes, of which the third has agreed with nobody."""

    def __init__(self, root: Path) -> None:
        self.base = free_base()
        self.place = {JJOC.hq: root / "jp" / JJOC.hq, AFP.hq: root / "ph" / AFP.hq}
        setup.make(root / "jp", self.base, lambda _: None, (JJOC,))
        setup.make(root / "ph", self.base, lambda _: None, (AFP,))
        self.children: dict[str, Child] = {}
        for side in (JJOC, AFP):
            self.start(side)
        self._tokens: dict[tuple[str, str], str] = {}

    def start(self, side: Side) -> None:
        child = Child(side.hq, self.place[side.hq], side.url(self.base))
        child.wait_until_well()
        self.children[side.hq] = child

    def stop(self, side: Side) -> None:
        stop_all([self.children.pop(side.hq)])

    def api(self, side: Side, account: str = "admin") -> Api:
        api = Api(side.url(self.base))
        api.sign_in(account, password_of(side, account))
        return api

    def token(self, renkei: Renkei, side: Side) -> str:
        kept = self._tokens.get((side.hq, "admin"))
        if kept is None:
            typed = f"{password_of(side, 'admin')}\n"
            done(renkei("sign-in", side.url(self.base), "admin", "--password-stdin", typed=typed))
            found = load_credentials()
            assert found is not None
            kept = self._tokens[side.hq, "admin"] = found.token
        return kept


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    made = Floor(tmp_path_factory.mktemp("floor"))
    yield made
    stop_all(list(made.children.values()))


class At:
    """Commands of a side's administrator, as JSON, beside its running node."""

    def __init__(self, renkei: Renkei, floor: Floor) -> None:
        self._renkei, self._floor = renkei, floor

    def __call__(self, side: Side, *line: object) -> Said:
        token = self._floor.token(self._renkei, side)
        return self._renkei(*line, "-d", self._floor.place[side.hq], "--token", token, "--json")


@pytest.fixture
def at(renkei: Renkei, floor: Floor) -> At:
    return At(renkei, floor)


def until(holds: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.05)
    return found


def partner(floor: Floor, side: Side, hq: str) -> Any:
    return next((p for p in floor.api(side).get("/partners") if p["hq"] == hq), None)


def up(floor: Floor, side: Side, hq: str) -> bool:
    found = partner(floor, side, hq)
    return found is not None and found["link"]["state"] == "up"


def card_of(renkei: Renkei, floor: Floor, side: Side, tmp: Path) -> tuple[Path, str]:
    """Its newest card in a file, and the fingerprint as its own people read it out."""
    card = tmp / f"{side.hq}.{time.monotonic_ns()}.card"
    done(renkei("card", "--to", card, "-d", floor.place[side.hq]))
    return card, done(renkei("key", "show", "-d", floor.place[side.hq], "--json")).json["fingerprint"]


def take_up(at: At, renkei: Renkei, floor: Floor, tmp: Path, side: Side, other: Side) -> Said:
    """``side`` agrees with ``other`` by one command, the fingerprint heard."""
    card, heard = card_of(renkei, floor, other, tmp)
    held, policy = tmp / f"{side.hq}.held.json", tmp / f"{other.nation}.xml"
    held.write_bytes(msgspec.json.encode(demo_clearances(side.hq).partners[other.hq]))
    policy.write_bytes(policy_file(other.nation))
    connect = "dial" if side.place < other.place else "listen"
    line = ("partner", "add", card, "--clearance", f"@{held}", "--policy", policy, "--connect", connect)
    return at(side, *line, "--fingerprint", heard)


def ask(floor: Floor, title: str, key: str = "open") -> Any:
    """JJOC's watch officer asks AFP for something."""
    api, now = floor.api(JJOC, "watch"), datetime.now(UTC)
    labels = {s["key"]: s["label"] for s in api.get("/labels")["suggestions"]}
    given = {
        "to": AFP.hq,
        "title": {"text": title, "lang": "en"},
        "need": {"text": "Trucks", "lang": "en"},
        "acknowledge_by": now + timedelta(hours=1),
        "answer_by": now + timedelta(hours=2),
        "label": labels[key],
    }
    return api.post("/requests", given)


def titles(floor: Floor, side: Side) -> list[str]:
    rows = floor.api(side, "watch").get("/requests")["items"]
    return [row["request"]["record"]["title"]["text"] for row in rows]


def audit(floor: Floor, side: Side) -> list[tuple[str, str, str]]:
    return [(e["action"], e["object"], e["outcome"]) for e in floor.api(side).get("/audit")]


def children_of(floor: Floor) -> dict[str, int]:
    return {hq: child._process.pid for hq, child in floor.children.items()}


def test_partners_are_taken_up_changed_ended_and_taken_up_again_and_nobody_is_stopped(
    renkei: Renkei, at: At, floor: Floor, tmp_path: Path
) -> None:
    running = children_of(floor)

    # Agreed on by both: linked, released to and folded at once.
    assert partner(floor, JJOC, AFP.hq) is None
    done(take_up(at, renkei, floor, tmp_path, JJOC, AFP))
    done(take_up(at, renkei, floor, tmp_path, AFP, JJOC))
    until(lambda: up(floor, JJOC, AFP.hq) and up(floor, AFP, JJOC.hq))
    ask(floor, "First")
    until(lambda: "First" in titles(floor, AFP))
    until(lambda: (queue := partner(floor, JJOC, AFP.hq)["out"])["received"] == queue["logged"] > 0)
    assert floor.api(JJOC).get("/health") == {"ok": True, "failures": []}

    # Changed: an address that leads nowhere takes the link down, the right one brings it back.
    dials, other = (JJOC, AFP)
    done(at(dials, "partner", "change", other.hq, "--address", "127.0.0.1:9"))
    until(lambda: not up(floor, dials, other.hq))
    done(at(dials, "partner", "change", other.hq, "--address", other.link(floor.base)))
    until(lambda: up(floor, dials, other.hq))
    # A link cut by hand stays cut over a change, until somebody restores it.
    cut(floor, "off")
    done(at(JJOC, "partner", "change", AFP.hq, "--address", ""))
    time.sleep(1)
    assert partner(floor, JJOC, AFP.hq)["link"]["state"] == "off"
    cut(floor, "up")
    until(lambda: up(floor, JJOC, AFP.hq))

    # Ended: the link closes, nothing more is released, nothing can be asked; what passed stays.
    sent = partner(floor, JJOC, AFP.hq)["out"]["logged"]
    done(at(JJOC, "partner", "end", AFP.hq, "--reason", "exercise over"))
    ended = partner(floor, JJOC, AFP.hq)
    assert (ended["inForce"], ended["link"]["state"], ended["out"]["logged"]) == (False, "off", sent)
    until(lambda: not up(floor, AFP, JJOC.hq))
    with pytest.raises(Exception, match=r"request\.to"):
        ask(floor, "Refused")
    noted = floor.api(JJOC, "watch").post(
        "/log-entries",
        {
            "text": {"text": "After the end", "lang": "en"},
            "happened_at": datetime.now(UTC),
            "label": floor.api(JJOC, "watch").get("/labels")["suggestions"][1]["label"],
        },
    )
    release = floor.api(JJOC, "watch").get(f"/records/{noted['record']['id']}/release")
    assert [(r["hq"], r["outcome"], r["code"]) for r in release] == [(AFP.hq, "withheld", "agreement.ended")]
    time.sleep(0.5)
    assert partner(floor, JJOC, AFP.hq)["out"]["logged"] == sent
    courier = at(JJOC, "courier", "export", AFP.hq, tmp_path / "late")
    assert courier.json["error"]["code"] == "courier.agreement"
    assert done(renkei("partner", "verify", AFP.hq, "-d", floor.place[JJOC.hq], "--json")).json["sound"]
    again = at(JJOC, "partner", "end", AFP.hq)
    assert again.json["error"]["code"] == "partner.over"
    revived = at(JJOC, "partner", "change", AFP.hq, "--until", "open")
    assert revived.json["error"]["code"] == "partner.over"

    # Agreed on anew, with the next key announced: only by the fingerprint of the new card.
    done(renkei("key", "rotate", "-d", floor.place[AFP.hq]))
    card, heard = card_of(renkei, floor, AFP, tmp_path)
    wrong = at(JJOC, "partner", "add", card, "--fingerprint", "1" * 40)
    assert wrong.json["error"]["code"] == "partner.fingerprint"
    done(at(JJOC, "partner", "add", card, "--fingerprint", heard))
    until(lambda: up(floor, JJOC, AFP.hq) and up(floor, AFP, JJOC.hq))
    ask(floor, "Second")
    until(lambda: "Second" in titles(floor, AFP))
    assert done(renkei("partner", "verify", AFP.hq, "-d", floor.place[JJOC.hq], "--json")).json["sound"]

    assert children_of(floor) == running
    assert floor.api(JJOC).get("/health") == {"ok": True, "failures": []}
    done_to_afp = [(action, outcome) for action, about, outcome in audit(floor, JJOC) if about == AFP.hq]
    for line in (("partner.add", "done"), ("partner.change", "done"), ("partner.end", "done")):
        assert line in done_to_afp
    assert ("partner.end", "refused") in done_to_afp

    # And all of it is so after a restart.
    floor.stop(JJOC)
    floor.start(JJOC)
    until(lambda: up(floor, JJOC, AFP.hq))


def test_couriers_carry_between_running_nodes(renkei: Renkei, at: At, floor: Floor, tmp_path: Path) -> None:
    cut(floor, "off")
    ask(floor, "By courier")
    file = tmp_path / "jjoc.courier"
    made = done(at(JJOC, "courier", "export", AFP.hq, file)).json
    assert made["size"] > made["first"] and made["bytes"] == file.stat().st_size
    plain = at(JJOC, "courier", "export", AFP.hq, tmp_path / "plain", "--plain")
    assert plain.json["error"]["code"] == "courier.plain"
    taken = done(at(AFP, "courier", "import", file)).json
    assert (taken["from"], taken["whole"], taken["faults"]) == (JJOC.hq, True, [])
    assert taken["logged"] == made["size"] - made["first"]
    until(lambda: "By courier" in titles(floor, AFP))

    back = tmp_path / "afp.courier"
    done(at(AFP, "courier", "export", JJOC.hq, back))
    assert done(at(JJOC, "courier", "import", back)).json["receipted"] >= taken["logged"]
    queue = partner(floor, JJOC, AFP.hq)["out"]
    assert queue["received"] == queue["logged"] == made["size"]
    assert done(at(AFP, "courier", "import", file)).json["repeated"]

    # Contents of attachments follow, in volumes of their own.
    content = random.Random(3).randbytes(9_000_000)
    record = upload(floor, content)
    done(at(JJOC, "courier", "export", AFP.hq, tmp_path / "records"))
    done(at(AFP, "courier", "import", tmp_path / "records"))
    made = done(at(JJOC, "attach", "pack", AFP.hq, tmp_path / "c", "--volume-size", "8400kB")).json["files"]
    assert [one["file"] for one in made] == ["c.001", "c.002"]
    for name, taken_in in (("c.002", 0), ("c.001", 1)):
        came = done(at(AFP, "courier", "import", tmp_path / name)).json["contents"]
        assert (len(came["taken"]), len(came["coming"])) == (taken_in, 1 - taken_in)
    watch = floor.api(AFP, "watch")
    found = until(lambda: watch.get("/records", kind="attachment")["items"])
    assert found[0]["record"]["digest"] == record["digest"]
    fetched = b"".join(watch.download(f"/attachments/{found[0]['record']['id']}/content", 0))
    assert fetched == content

    # Damage and strangers are named as at a stopped node.
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    cut_short = at(AFP, "courier", "import", file)
    assert cut_short.status == 1
    file.write_bytes(b"no courier's file")
    assert at(AFP, "courier", "import", file).json["error"]["code"] == "courier.form"
    own = at(JJOC, "courier", "import", back.with_name("jjoc.courier"))
    assert own.status == 1
    cut(floor, "up")
    until(lambda: up(floor, JJOC, AFP.hq))


def upload(floor: Floor, content: bytes) -> Any:
    """JJOC's watch officer attaches a file; its record."""
    api = floor.api(JJOC, "watch")
    label = next(s["label"] for s in api.get("/labels")["suggestions"] if s["key"] == "open")
    name = {"text": "chart.png", "lang": "en"}
    begun = api.post("/attachments/uploads", {"name": name, "size": len(content), "label": label})
    path = f"/attachments/uploads/{begun['id']}"
    for at_byte in range(0, len(content), 4 << 20):
        api.put(path, content[at_byte : at_byte + (4 << 20)], offset=at_byte)
    return api.post(f"{path}/end")["attachment"]["record"]


def cut(floor: Floor, state: str) -> None:
    floor.api(JJOC).post(f"/partners/{AFP.hq}/link", {"state": state, "reason": "drill"})
