"""Decision paths over HTTP: packaged, read from a file, seen if nobody waits, and simulated."""

from typing import Any

import msgspec
import pytest

from edges.http.served import Served
from renkei.data import packaged
from renkei.edges.http import paths
from renkei.edges.http.paths import MAX_SIMULATED
from renkei.rooms.command import paths as room
from renkei.rooms.command.paths.sound import MAX_TOLD
from renkei.rooms.coordination import Handled

RUNS = 3


def example(name: str = "example") -> Any:
    return msgspec.to_builtins(room.read(packaged(f"paths/{name}.toml"), as_json=False))


def plain(of: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(of))


def simulated(served: Served, described: Any, **given: Any) -> Any:
    asked = {"description": described, "runs": RUNS, "requests": 100, **given}
    answer = served.client("watch").post("/paths/simulate", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_packaged_descriptions_can_be_tried_at_once(served: Served) -> None:
    watch = served.client("watch")
    for name in ("reference", "example"):
        described = watch.get("/paths/packaged", params={"name": name}).json()["description"]
        found = watch.post("/paths/view", json={"description": described})
        assert found.status_code == 200, found.text
        assert found.json() == plain(room.paths(room.read(packaged(f"paths/{name}.toml"), as_json=False)))
        assert found.json()["assumed"]
    assert watch.get("/paths/packaged", params={"name": "other"}).status_code == 400


def test_a_file_is_read_in_either_form(served: Served) -> None:
    watch = served.client("watch")
    toml = packaged("paths/example.toml").decode()
    read = watch.post("/paths/read", json={"text": toml})
    assert read.json()["description"] == plain(example())
    again = watch.post("/paths/read", json={"text": msgspec.json.encode(example()).decode(), "form": "json"})
    assert again.json() == read.json()
    wrong = watch.post("/paths/read", json={"text": toml.replace('post = "theatre"', 'post = "x"', 1)})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "paths.post")
    assert "step decide of relief of today" in wrong.json()["expected"]


def test_everything_wrong_with_a_description_is_told_at_once(served: Served) -> None:
    described = example()
    described["today"]["posts"][0].update(officers=-1)
    described["today"]["posts"][1]["duty"].update(days=[9])
    described["today"]["paths"]["relief"][1].update(post="nowhere", hop=-1.0)
    described["proposed"]["paths"]["relief"][4].update(back=1.5, after=["later"])
    told = served.client("watch").post("/paths/view", json={"description": described}).json()
    assert [(fault["where"], fault["came"]) for fault in told["faults"]] == [
        ("post translation of today", "other at translation"),
        ("post liaison of today", "-1 officers, 2700 minutes a week"),
        ("step translate of relief of today", "nowhere"),
        ("step translate of relief of today", "work 20, cv 0.6, hop -1"),
        ("step decide of relief of proposed", "1.5"),
        ("step decide of relief of proposed", "after later"),
    ]
    assert (told["code"], told["status"], "more" in told) == ("paths.duty", 400, False)
    again = served.client("watch").post(
        "/paths/read", json={"text": msgspec.json.encode(described).decode(), "form": "json"}
    )
    assert again.json() == told
    described["today"]["posts"] = [
        dict(post, key=f"p{n}", officers=-1) for n, post in enumerate(described["today"]["posts"] * 30)
    ]
    many = served.client("watch").post("/paths/view", json={"description": described}).json()
    assert (len(many["faults"]), many["more"]) == (MAX_TOLD, True)


def test_single_points_and_the_critical_path_are_told(served: Served) -> None:
    found = served.client("watch").post("/paths/view", json={"description": example("reference")}).json()
    today, proposed = (found[side]["paths"][0] for side in ("today", "proposed"))
    assert "indopacom.operations" not in today["single_points"]  # the watch stands in
    assert {"jjoc.watch", "indopacom.disclosure"} <= set(today["single_points"])
    assert [t["step"] for t in today["timed"] if t["critical"]] == [t["step"] for t in today["timed"]]
    # Translating and assessing run beside each other: the one that ends first has time to spare.
    assert {t["step"]: t["critical"] for t in proposed["timed"]}.keys() >= {"translate", "assess"}
    assert today["timed"][-1]["done"] == pytest.approx(today["best"])
    watches = {w["post"]: w["hours"] for w in found["today"]["posts"]}
    assert (watches["jjoc.watch"], watches["usfj.alliance"]) == (168, 45)


def test_the_same_seed_gives_the_same_answer_and_what_the_command_line_prints(served: Served) -> None:
    first = simulated(served, example(), seed=7)
    assert simulated(served, example(), seed=7) == first != simulated(served, example(), seed=8)
    described = room.read(packaged("paths/example.toml"), as_json=False)
    assert first == plain(room.simulate(described, seed=7, runs=RUNS, requests=100))
    assert "does not predict minutes" in first["caution"]["en"]


def test_arrays_for_plots_have_one_value_a_share_and_rise(served: Served) -> None:
    result = simulated(served, example("reference"))["result"]
    for one in result["distributions"]:
        for side in ("today", "proposed", "differences"):
            assert len(one[side]) == len(result["shares"]) == 99
            assert one[side] == sorted(one[side])
    for stand in (result["today"], result["proposed"]):
        assert stand["bottleneck"] in stand["busy"]
        assert sum(stand["busiest"].values()) == result["runs"]
        assert len(stand["knees"]) == RUNS
        for swept in stand["sweep"]:
            if swept["minutes"] is not None:
                assert swept["low"] <= swept["minutes"] <= swept["high"]
    assert all(len(one["each"]) == result["runs"] for one in result["differences"])


def test_a_structure_against_itself_has_no_winner(served: Served) -> None:
    described = example()
    described["proposed"] = described["today"]
    for one in simulated(served, described)["result"]["differences"]:
        assert one["winner"] == "none"
        assert one["low"] <= 0 <= one["high"]


def test_too_much_to_simulate_is_refused_before_it_is(served: Served) -> None:
    again = example()
    again["today"]["paths"]["relief"][3]["back"] = 0.9999
    for asked in (
        {"description": example(), "runs": 1000, "requests": 5000},
        {"description": again},
    ):
        answer = served.client("watch").post("/paths/simulate", json=asked)
        assert (answer.status_code, answer.json()["code"]) == (400, "paths.work")
        assert str(MAX_SIMULATED) in answer.json()["expected"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.pop("title"), "paths.form"),
        (lambda d: d["today"]["posts"][0].update(officers=10**9), "paths.post"),
        (lambda d: d["kinds"][0].update(per_day=1e12), "paths.rate"),
        (lambda d: d["today"]["paths"].pop("relief"), "paths.kinds"),
        (lambda d: d["today"]["paths"]["relief"][0]["work"].update(mean=1e9), "paths.number"),
        (lambda d: d["today"]["paths"].update(relief=d["today"]["paths"]["relief"] * 30), "paths.large"),
        (lambda d: d["today"]["paths"]["relief"][0].update(stand_in=["local"] * 11), "paths.large"),
        (lambda d: d["today"]["paths"]["relief"][0].update(activity="tea"), "paths.form"),
    ],
)
def test_what_is_wrong_with_a_description_is_named(served: Served, change: Any, code: str) -> None:
    described = example()
    change(described)
    for where in ("view", "simulate"):
        answer = served.client("watch").post(f"/paths/{where}", json={"description": described})
        assert (answer.status_code, answer.json()["code"]) == (400, code), answer.text


def test_strangers_are_sent_away(served: Served) -> None:
    stranger = served.client(None)
    for where in ("view", "simulate"):
        answer = stranger.post(f"/paths/{where}", json={"description": example()})
        assert answer.status_code == 401


def test_times_come_from_the_nodes_own_log_where_it_has_them(served: Served, monkeypatch: Any) -> None:
    described = plain(example())
    empty = simulated(served, described, from_log=True)
    assert {one["measure"] for one in empty["measured"]} == {"acknowledge", "answer"}
    assert all(one["refused"]["code"] == "paths.few" for one in empty["measured"])
    assert empty["assumed"] == simulated(served, described)["assumed"]

    now = served.node.clock.now().timestamp() / 60
    spells = [Handled("answer", now - 40_000 + n * 100, now - 40_000 + n * 100 + 17) for n in range(390)]
    monkeypatch.setattr(paths, "handled", lambda desk: iter(spells))
    found = simulated(served, described, from_log=True)
    decided = next(one for one in found["measured"] if one["step"] == "today/relief/decide")
    assert decided["fitted"]["work"]["basis"] == "fitted"
    assert "today/relief/decide" not in found["assumed"]
    assert "today/relief/receive" in found["assumed"]
