"""The live stream: what arrives, for whom, and from where on."""

import json
import time
from collections.abc import Iterator

import httpx
import msgspec
import pytest

from edges.http.served import Served
from edges.http.test_records import incident, seen
from renkei.edges.http import hub as module
from renkei.edges.http.hub import Hub
from renkei.edges.http.metrics import Metrics
from renkei.kernel.errors import Refused
from renkei.kernel.labels.model import Clearance
from renkei.kernel.opaque import Opaque
from renkei.kernel.people import Permission
from renkei.kernel.views import Change
from renkei.kernel.views.visibility import Catalogue, Visible

KEY = bytes(32)
IDS = Opaque(KEY, "stream")
LOW, HIGH = Clearance("p", ("low",)), Clearance("p", ("low", "high"))


def change(n: int, label: int = 1) -> Change:
    return Change(f"jp.jjoc/{n}", "log-entry", 1, "", n, label, "live", n)


def make() -> Hub:
    labels = {LOW: frozenset({1}), HIGH: frozenset({1, 2})}
    return Hub(lambda realm, c: Visible(labels[c], Catalogue({}, {})), Metrics(), key=KEY)


def seqs(sent: bytes) -> list[int]:
    rows = sent.decode().split("\n")
    return [int(json.loads(row[6:])["id"][8:]) for row in rows if row.startswith('data: {"id"')]


def test_each_audience_hears_of_what_it_may_see_and_nothing_else() -> None:
    hub = make()
    low, high = hub.listen("live", LOW), hub.listen("live", HIGH)
    assert low and high
    hub.publish([change(0), change(1, label=2), change(2)])
    assert seqs(low.take()) == [0, 2]
    assert seqs(high.take()) == [0, 1, 2]


def test_whoever_may_see_a_record_no_more_is_told_that_it_is_gone_and_nobody_else() -> None:
    hub = make()
    low, high = hub.listen("live", LOW), hub.listen("live", HIGH)
    assert low and high
    narrowed = msgspec.structs.replace(change(0), gone=True, still=2)
    hub.publish([narrowed, change(0, label=2)])
    told = low.take()
    assert seqs(told) == [0] and b"event: gone" in told and b"event: record" not in told
    told = high.take()
    assert seqs(told) == [0] and b"event: gone" not in told


def test_a_narrower_label_reaches_the_screens_that_showed_the_record(served: Served) -> None:
    heard: list[Change] = []
    end = served.node.views.on_fold(lambda changes: heard.extend(changes or ()))
    try:
        with served.client("watch") as client:
            made = client.post("/records", json=incident(served, label=served.label("open"))).json()["id"]
            assert seen(client, made).status_code == 200
            for version, label in ((2, "open"), (3, "duty-usa")):
                body = incident(served, id=made, version=version, label=served.label(label))
                assert client.post("/records", json=body).status_code == 201
            deadline = time.monotonic() + 20
            while not any(change.gone for change in heard):
                assert time.monotonic() < deadline
                time.sleep(0.02)
    finally:
        end()
    of = [change for change in heard if change.id == made]
    (gone,) = [change for change in of if change.gone]
    assert gone.label == of[0].label and gone.still == of[-1].label != gone.label
    assert of.index(gone) == len(of) - 2, "before the record under its new label"


def test_a_stream_resumes_after_the_last_event_it_had() -> None:
    hub = make()
    first = hub.listen("live", HIGH)
    assert first
    hub.publish([change(0), change(1)])
    ids = [row[4:] for row in first.take().decode().split("\n") if row.startswith("id: ")]
    hub.publish([change(2, label=2), change(3)])
    again = hub.listen("live", LOW, ids[-1])
    assert again
    assert seqs(again.take()) == [3]


def test_who_was_away_too_long_or_comes_from_another_run_is_told_to_fetch_anew() -> None:
    hub = make()
    hub.listen("live", HIGH)
    for n in range(module.MAX_REMEMBERED + 10):
        hub.publish([change(n)])
    other = Opaque(bytes(31) + b"1", "stream")
    for last in (IDS.seal(1), other.seal(module.MAX_REMEMBERED + 5), IDS.seal(99_999_999), "garbage", "日本"):
        again = hub.listen("live", HIGH, last)
        assert again
        assert b"event: reset" in again.take(), last


def test_changes_that_went_by_unheard_reset_whoever_comes_back() -> None:
    hub = make()
    first = hub.listen("live", HIGH)
    assert first
    hub.publish([change(0)])
    first.close()
    hub.unheard = True
    again = hub.listen("live", HIGH, IDS.seal(1))
    assert again and b"event: reset" in again.take()


def test_a_slow_reader_costs_bounded_memory_and_is_told() -> None:
    hub = make()
    slow = hub.listen("live", HIGH)
    assert slow
    for n in range(20_000):
        hub.publish([change(n)])
        assert slow._size <= module.MAX_BACKLOG_BYTES
    taken = slow.take()
    assert taken.startswith(b"id: ") and b"event: reset" in taken


def test_what_counts_everything_is_for_administrators() -> None:
    hub = make()
    told, admin = hub.listen("live", LOW), hub.listen("live", LOW, inside=True)
    assert told and admin
    hub.publish([change(7)])
    hub.announce("position", {"lag": 3}, inside=True)
    hub.announce("link", {"hq": "us.usfj", "state": "up"})
    outside, inside = told.take().decode(), admin.take().decode()
    assert "seq" not in outside and "position" not in outside and "us.usfj" in outside
    assert '"seq":7' in inside and '{"lag":3}' in inside and "us.usfj" in inside


def test_a_bulk_load_is_one_reset() -> None:
    hub = make()
    listener = hub.listen("live", LOW)
    assert listener
    listener.take()
    hub.publish(None)
    assert listener.take().count(b"event: reset") == 1


def test_streams_are_bounded_in_number() -> None:
    hub = make()
    opened = [hub.listen("live", LOW) for _ in range(module.MAX_STREAMS)]
    assert all(opened)
    assert hub.listen("live", LOW) is None
    opened[0].close()  # type: ignore[union-attr]
    assert hub.listen("live", LOW) is not None


def events(rows: Iterator[str]) -> Iterator[tuple[str, str, dict[str, object]]]:
    """(id, name, data) of each event."""
    id_ = name = ""
    for row in rows:
        if row.startswith("id: "):
            id_ = row[4:]
        elif row.startswith("event: "):
            name = row[7:]
        elif row.startswith("data: "):
            yield id_, name, json.loads(row[6:])


def test_a_write_shows_on_the_stream_of_who_may_see_it(served: Served) -> None:
    watch, low = served.client("watch"), served.client("low")
    with low.stream("GET", "/stream") as low_stream, watch.stream("GET", "/stream") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        rows, low_rows = stream.iter_lines(), low_stream.iter_lines()
        assert next(rows).startswith("id: ") and next(low_rows).startswith("id: ")
        writer = served.client("watch")
        hidden = writer.post("/log-entries", json={"text": "x", "label": served.label("duty-usa")}).json()
        shown = writer.post("/log-entries", json={"text": "x", "label": served.label("open")}).json()
        heard = [next(e for e in events(rows) if e[1] == "record") for _ in range(2)]
        assert [e[2]["id"] for e in heard] == [hidden["record"]["id"], shown["record"]["id"]]
        assert next(e for e in events(low_rows) if e[1] == "record")[2]["id"] == shown["record"]["id"]
        resumed = served.client("watch")
        with resumed.stream("GET", "/stream", headers={"last-event-id": heard[0][0]}) as again:
            first = next(e for e in events(again.iter_lines()) if e[1] == "record")
        assert first[2]["id"] == shown["record"]["id"]


def test_the_stream_is_closed_to_strangers(served: Served) -> None:
    assert httpx.get(f"{served.url}/api/v1/stream").status_code == 401


def test_a_busy_stream_ends_when_its_reader_may_no_longer_listen(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renkei.edges.http.stream.HEARTBEAT_SECONDS", 0.2)
    person = served.node.accounts.person("watch")
    assert person is not None
    made = served.node.accounts.mint(person, "stream", [Permission.READ], 1)
    assert not isinstance(made, Refused)
    info, secret = made
    headers = {"authorization": f"Bearer {secret}"}
    deadline = time.monotonic() + 20
    with (
        httpx.Client(trust_env=False, timeout=10) as client,
        client.stream("GET", f"{served.url}/api/v1/stream", headers=headers) as stream,
    ):
        served.node.accounts.revoke("watch", info.id)
        for _ in stream.iter_raw():  # something to say at every turn: the pause never runs out
            served.app.edge._completions.put(lambda lag: served.app.edge.hub.announce("position", lag), 0)
            assert time.monotonic() < deadline
