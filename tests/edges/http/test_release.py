"""Release through the front door: why and why not, previews, the queue, agreements, who a label reaches."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from edges.http.served import PASSWORD, POLICY, Served
from edges.http.test_take_in import planner
from renkei.kernel.labels.presets import demo_clearances
from renkei.kernel.log.commitments import said_at
from renkei.kernel.people import Role
from renkei.kernel.records import Record
from renkei.node import Names, NodeConfig, add_partner, create_node, own_card
from renkei.rooms.command import HeadquartersIn, name_headquarters
from renkei.rooms.command import Names as StructureNames

USFJ = "us.usfj"


def agreed(root: Path) -> None:
    """A partner of the node in ``root``, as an administrator takes it up."""
    theirs = root.parent / "us"
    config = NodeConfig(hq=USFJ, names=Names("U.S. Forces Japan", "在日米軍"))
    policy = POLICY.with_name("us.xml").read_bytes()
    create_node(theirs, config, policy)
    granted = demo_clearances("jp.jjoc").partners[USFJ]
    add_partner(root, own_card(theirs, config), granted, policy=policy, cites="Exercise arrangement 1")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    one = Served(tmp_path_factory.mktemp("node") / "data", prepare=agreed)
    levels = tuple(c.name for c in one.own.classifications)
    one.node.accounts.create(
        "second",
        PASSWORD,
        post="Second disclosure officer",
        roles=[Role.DISCLOSURE_OFFICER],
        clearance=one.clearance(*levels),
    )
    one.node.accounts.create(
        "guarded",
        PASSWORD,
        post="Watch officer cleared up to GUARDED",
        roles=[Role.WATCH_OFFICER],
        clearance=one.clearance(*levels[: levels.index("GUARDED") + 1]),
    )
    yield one
    one.close()


@pytest.fixture
def watch(served: Served) -> httpx.Client:
    return served.client("watch")


@pytest.fixture
def officer(served: Served) -> httpx.Client:
    return served.client("disclosure")


def label(served: Served, key: str) -> Any:
    return msgspec.json.decode(msgspec.json.encode(served.labels[key]))


def decision(served: Served, watch: httpx.Client, key: str = "guarded-usa", **more: Any) -> str:
    """The id of a new decision record; GUARDED ones are held by the policy's own rule."""
    given = {
        "title": "港を開けるか",
        "options": [{"title": "開ける"}, {"title": "閉める"}],
        "chosen": "A",
        "reasons": "風が収まった",
        "authority": "Watch officer",
        "label": label(served, key),
    } | more
    answer = watch.post("/decisions", json=given)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["record"]["id"])


def until(holds: Callable[[], Any], seconds: float = 10.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.02)
    return found


def release(client: httpx.Client, record: str) -> Any:
    (row,) = client.get(f"/records/{record}/release").json()
    return row


def held(officer: httpx.Client, record: str) -> Any:
    return until(lambda: [h for h in officer.get("/release/queue").json()["items"] if h["id"] == record])[0]


def test_what_is_released_is_explained_and_previewed_byte_for_byte(
    served: Served, watch: httpx.Client
) -> None:
    record = decision(served, watch, "usa")
    until(lambda: release(watch, record)["state"])
    row = release(watch, record)
    assert (row["outcome"], row["rule"], row["changes"]) == ("released", "", [])
    assert row["agreement"]
    shown = watch.get(f"/records/{record}/release/{USFJ}").json()
    assert shown["rendition"].encode() == said_at(served.node.partners[USFJ].sent, shown["seq"])


def test_what_is_withheld_says_the_smallest_change_that_would_release_it(
    served: Served, watch: httpx.Client
) -> None:
    record = decision(served, watch, "guarded-own")
    row = release(watch, record)
    assert (row["outcome"], row["rule"], row["code"]) == ("withheld", "label", "access.permissive")
    assert row["changes"] == [{"what": "add", "tag": "Releasable to", "values": ["USA"]}]
    assert watch.get(f"/records/{record}/release/{USFJ}").json()["rendition"] is None


def test_cut_portions_are_named_with_their_place_and_label(served: Served, watch: httpx.Client) -> None:
    reasons = {"text": "内部事情", "lang": "ja", "label": label(served, "national")}
    record = decision(served, watch, "usa", reasons=reasons)
    row = release(watch, record)
    assert row["outcome"] == "released"
    assert [(cut["where"], cut["label"]) for cut in row["cuts"]] == [("reasons", label(served, "national"))]
    shown = watch.get(f"/records/{record}/release/{USFJ}").json()
    assert "内部事情" not in shown["rendition"]


def test_a_held_record_waits_in_the_queue_until_an_officer_signs(
    served: Served, watch: httpx.Client, officer: httpx.Client
) -> None:
    record = decision(served, watch)
    item = held(officer, record)
    assert (item["partner"], item["needed"], item["overdue"], item["version"]) == (USFJ, 1, False, 1)
    assert release(watch, record)["outcome"] == "held"
    preview = officer.get(f"/records/{record}/release/{USFJ}").json()
    assert "港を開けるか" in preview["rendition"]
    given = {
        "verdict": "release",
        "reason": "Needed by the other side",
        "items": [{"record": record, "version": 1, "partner": USFJ}],
    }
    assert watch.post("/release/decisions", json=given).status_code == 403
    assert officer.post("/release/decisions", json=given).status_code == 201
    until(lambda: release(watch, record)["state"])
    assert record not in [h["id"] for h in officer.get("/release/queue").json()["items"]]
    again = officer.post("/release/decisions", json=given)
    assert (again.status_code, again.json()["code"]) == (409, "decision.settled")
    assert officer.get("/release/pace").json()["decision"]["count"] >= 1


def test_bulk_decisions_are_all_or_none(served: Served, watch: httpx.Client, officer: httpx.Client) -> None:
    one, other = decision(served, watch), decision(served, watch)
    held(officer, one), held(officer, other)

    def words(*versions: int) -> dict[str, Any]:
        pairs = zip((one, other), versions, strict=True)
        items = [{"record": record, "version": v, "partner": USFJ} for record, v in pairs]
        return {"verdict": "refuse", "reason": "Not before the meeting", "items": items}

    wrong = officer.post("/release/decisions", json=words(1, 2))
    assert (wrong.status_code, wrong.json()["code"]) == (409, "decision.version")
    assert other in wrong.json()["came"]
    assert {one, other} <= {h["id"] for h in officer.get("/release/queue").json()["items"]}
    assert officer.post("/release/decisions", json=words(1, 1)).status_code == 201
    until(lambda: release(watch, other)["code"] == "review.refused")


def sent_back(officer: httpx.Client, record: str, reason: Any, version: int = 1) -> httpx.Response:
    items = [{"record": record, "version": version, "partner": USFJ}]
    given = {"verdict": "return", "reason": reason, "items": items}
    return officer.post("/release/decisions", json=given)


def returned(client: httpx.Client, record: str) -> Any:
    return [item for item in client.get("/release/returned").json()["items"] if item["id"] == record]


def written(served: Served, record: str) -> Record:
    """A record as it was logged, for a newer version of it."""
    row = served.node.desk(served.person("watch")).views.get(record)
    assert row is not None
    found = served.node.codec.decode(row.raw)
    assert isinstance(found, Record)
    return found


def test_what_is_sent_back_is_its_authors_until_it_is_corrected(
    served: Served, watch: httpx.Client, officer: httpx.Client
) -> None:
    record = decision(served, watch)
    held(officer, record)
    assert sent_back(watch, record, "mine").status_code == 403
    assert sent_back(officer, record, "Take the ship's name out").status_code == 201
    (item,) = until(lambda: returned(watch, record))
    assert (item["partner"], item["version"], item["priority"]) == (USFJ, 1, "routine")
    assert item["word"]["reason"]["text"] == "Take the ship's name out"
    assert returned(officer, record) == [], "it is in its author's inbox alone"
    assert record not in [h["id"] for h in officer.get("/release/queue").json()["items"]]
    row = release(watch, record)
    assert (row["outcome"], row["code"], row["state"]) == ("withheld", "review.returned", None)
    assert row["word"] == item["word"]
    settled = sent_back(officer, record, "once more")
    assert (settled.status_code, settled.json()["code"]) == (409, "decision.settled")
    assert "returned" in settled.json()["came"]

    served.node.append([msgspec.structs.replace(written(served, record), version=2)])
    until(lambda: not returned(watch, record))
    assert held(officer, record)["version"] == 2
    said = [said_at(served.node.partners[USFJ].sent, n) for n in range(served.node.partners[USFJ].sent.size)]
    assert not any(b"ship's name" in one for one in said if one), "the reason never reaches the partner"


def test_what_is_never_edited_is_corrected_by_an_entry_that_says_so(
    served: Served, watch: httpx.Client, officer: httpx.Client
) -> None:
    record = decision(served, watch)
    held(officer, record)
    assert sent_back(officer, record, "No ship's name").status_code == 201
    until(lambda: returned(watch, record))
    given = {"text": "船名を除く", "label": label(served, "usa")}
    other = str(watch.post("/log-entries", json=given).json()["record"]["id"])
    assert returned(watch, record), "an entry beside it corrects nothing"
    served.node.append([msgspec.structs.replace(written(served, other), version=2, corrects=record)])
    until(lambda: not returned(watch, record))


def test_the_reason_is_told_to_whom_its_label_allows(served: Served, officer: httpx.Client) -> None:
    author = served.client("guarded")
    record = decision(served, author)
    held(officer, record)
    sealed = label(served, "guarded-usa") | {"classification": "SEALED"}
    answer = sent_back(officer, record, {"text": "Betrays a source", "lang": "en", "label": sealed})
    assert answer.status_code == 201, answer.text
    (item,) = until(lambda: returned(author, record))
    assert item["word"]["reason"] is None and item["word"]["by"] == "disclosure post"
    assert release(author, record)["word"] == item["word"]
    assert release(officer, record)["word"]["reason"]["text"] == "Betrays a source"


def test_a_decision_on_what_is_not_held_is_named(
    served: Served, watch: httpx.Client, officer: httpx.Client
) -> None:
    record = decision(served, watch, "usa")
    for partner in (USFJ, "ph.afp"):
        given = {
            "verdict": "release",
            "reason": "x",
            "items": [{"record": record, "version": 1, "partner": partner}],
        }
        answer = officer.post("/release/decisions", json=given)
        assert answer.json()["code"] == "decision.not-held"


def test_agreements_are_dated_checked_and_ended(served: Served, officer: httpx.Client) -> None:
    (standing,) = officer.get("/release/agreements").json()
    assert (standing["in_force"], standing["agreement"]["cites"]) == (True, "Exercise arrangement 1")
    ceiling = standing["agreement"]["covers"][0]["ceiling"]

    def refused(**more: Any) -> str:
        given = {"partner": USFJ, "cites": "Order 5", "covers": [{"kind": "area", "ceiling": ceiling}]}
        answer = officer.post("/release/agreements", json=given | more)
        return str(answer.json().get("code", answer.status_code))

    assert refused(partner="ph.afp") == "partner.unknown"
    assert refused(since="2027-01-02T00:00:00Z", until="2027-01-01T00:00:00Z") == "agreement.dates"
    assert refused(covers=[{"kind": "*", "ceiling": ceiling}]) == "agreement.contradicts"
    twice = [{"kind": "area", "ceiling": ceiling}] * 2
    assert refused(covers=twice) == "agreement.kind"
    higher = ceiling | {"classifications": [*ceiling["classifications"], "SEALED"]}
    assert refused(covers=[{"kind": "area", "ceiling": higher}]) == "agreement.ceiling"
    assert refused(covers=[{"kind": "area", "ceiling": ceiling | {"classifications": ["?"]}}]) != "201"
    answer = officer.post(
        "/release/agreements",
        json={"partner": USFJ, "cites": "Order 5", "covers": [{"kind": "area", "ceiling": ceiling}]},
    )
    assert answer.status_code == 201
    made = answer.json()["id"]
    ended = officer.post(f"/release/agreements/{made}/end", json={})
    assert (ended.status_code, ended.json()["version"]) == (200, 2)
    over = officer.post(f"/release/agreements/{made}/end", json={})
    assert over.json()["code"] == "agreement.over"


def test_who_writes_is_told_whom_it_reaches_and_what_would_reach_more(
    served: Served, watch: httpx.Client
) -> None:
    given = {"label": label(served, "guarded-own"), "kind": "log-entry"}
    found = watch.post("/release/audience", json=given).json()
    assert [p["outcome"] for p in found["given"]["partners"]] == ["withheld"]
    assert [p["outcome"] for p in found["widest"]["partners"]] == ["released"]
    assert found["widest"]["label"]["classification"] == "GUARDED"
    only = watch.post("/release/audience", json=given | {"only": []}).json()
    assert only["widest"]["label"] == given["label"]
    reviewed = {"label": label(served, "guarded-usa"), "kind": "decision"}
    (row,) = watch.post("/release/audience", json=reviewed).json()["given"]["partners"]
    assert row["outcome"] == "held"
    assert watch.post("/release/audience", json=given | {"kind": "x"}).json()["code"] == "record.kind"


def test_why_a_person_sees_a_record_is_not_told_to_who_may_not(
    served: Served, watch: httpx.Client, officer: httpx.Client
) -> None:
    record = decision(served, watch, "guarded-own")
    mine = watch.get(f"/records/{record}/visibility").json()
    assert (mine["visible"], mine["account"]) == (True, "watch")
    theirs = officer.get(f"/records/{record}/visibility", params={"account": "low"}).json()
    assert (theirs["visible"], theirs["code"]) == (False, "access.classification")
    assert theirs["changes"] == [{"what": "clearance"}]  # no label would do: it holds no nation at all
    low = served.client("low")
    absent = low.get("/records/jp.jjoc/01ARZ3NDEKTSV4RRFFQ69G5FAV/visibility")
    hidden = low.get(f"/records/{record}/visibility")
    assert (hidden.status_code, hidden.json()) == (404, absent.json())
    assert watch.get(f"/records/{record}/visibility", params={"account": "low"}).status_code == 403
    nobody = officer.get(f"/records/{record}/visibility", params={"account": "nobody"})
    assert nobody.json()["code"] == "account.unknown"


def test_only_what_came_from_elsewhere_is_passed_on(
    served: Served, watch: httpx.Client, officer: httpx.Client
) -> None:
    record = decision(served, watch, "usa")
    given = {"record": record, "label": label(served, "usa")}
    assert officer.post("/release/onward", json=given).status_code == 404


def test_departures_tell_every_version_that_left_and_its_size(served: Served, watch: httpx.Client) -> None:
    record = decision(served, watch, "usa")
    until(lambda: watch.get(f"/records/{record}/departures").json())
    (left,) = watch.get(f"/records/{record}/departures").json()
    shown = watch.get(f"/records/{record}/release/{USFJ}").json()
    assert (left["hq"], left["seq"], left["state"], left["received_at"]) == (
        USFJ,
        shown["seq"],
        "unsent",
        None,
    )
    assert left["size"] == len(shown["rendition"].encode())


def test_a_narrower_label_takes_the_record_back_and_a_wider_one_is_refused(
    served: Served, watch: httpx.Client, officer: httpx.Client
) -> None:
    record = decision(served, watch, "usa")
    until(lambda: release(watch, record)["state"])
    given = {"label": label(served, "national")}
    assert watch.post(f"/records/{record}/narrow", json=given).status_code == 403
    answer = officer.post(f"/records/{record}/narrow", json=given)
    assert answer.status_code == 201, answer.text
    (one,) = until(lambda: officer.get(f"/records/{record}/recalls").json())
    assert (one["narrowed"], one["lifted"]) == (True, False)
    assert release(watch, record)["outcome"] == "withheld"
    for wider in (given["label"], label(served, "usa")):
        again = officer.post(f"/records/{record}/narrow", json={"label": wider})
        assert (again.status_code, again.json()["code"]) == (409, "label.wider")


def test_the_audit_finds_what_a_narrower_label_took_back_to_be_right(
    served: Served, watch: httpx.Client, officer: httpx.Client
) -> None:
    record = decision(served, watch, "usa")
    until(lambda: release(watch, record)["state"])
    given = {"label": label(served, "national")}
    assert officer.post(f"/records/{record}/narrow", json=given).status_code == 201
    until(lambda: officer.get(f"/records/{record}/recalls").json())
    (found,) = officer.post("/release/audit").json()["partners"]
    assert found["deviations"] == []


def test_how_much_is_released_is_told_to_disclosure_officers_alone(
    served: Served, watch: httpx.Client, officer: httpx.Client
) -> None:
    """It counts what the caller may not see, too."""
    assert watch.get("/release/pace").status_code == 403
    assert served.client("low").get("/release/pace").status_code == 403
    assert officer.get("/release/pace").status_code == 200


def test_the_audit_runs_beside_the_node_and_is_remembered(
    served: Served, watch: httpx.Client, officer: httpx.Client
) -> None:
    record = decision(served, watch, "usa")
    until(lambda: release(watch, record)["state"])
    assert watch.get("/release/audit").status_code == 403
    ran = officer.post("/release/audit")
    assert ran.status_code == 200, ran.text
    (found,) = ran.json()["partners"]
    assert found["partner"] == USFJ
    assert not {d["what"] for d in found["deviations"]} & {"against", "forgotten", "altered", "register"}
    assert found["matched"] > 0
    assert officer.get("/release/audit").json() == ran.json()


def test_where_the_structure_gives_the_review_to_a_post_that_post_signs(
    served: Served, watch: httpx.Client, officer: httpx.Client
) -> None:
    client = planner(served)
    names = StructureNames(en="JJOC", ja="統合作戦司令部")
    here = HeadquartersIn(hq="jp.jjoc", names=names, unit_code="JP-JJOC", label=served.labels["open"])
    name_headquarters(served.node.desk(served.person("planner")), here)
    seat = {
        "code": "REVIEW",
        "names": {"en": "Second disclosure officer", "ja": "開示担当２"},
        "unit_code": "JP-JJOC",
        "holder": "jp.jjoc.review",
        "functions": ["release-review"],
        "label": label(served, "open"),
    }
    assert client.post("/posts", json=seat).status_code == 201
    record = decision(served, watch)
    held(officer, record)
    items = [{"record": record, "version": 1, "partner": USFJ}]
    words = {"verdict": "release", "reason": "Needed", "items": items}

    for client, mine in ((officer, False), (served.client("second"), True)):
        (post,) = client.get("/release/queue").json()["posts"]
        assert (post["code"], post["names"]["ja"], post["mine"]) == ("REVIEW", "開示担当２", mine)
    answer = officer.post("/release/decisions", json=words)
    assert (answer.status_code, answer.json()["code"]) == (403, "decision.post")
    assert "Second disclosure officer" in answer.json()["expected"]
    assert served.client("second").post("/release/decisions", json=words).status_code == 201
    until(lambda: release(watch, record)["state"])
