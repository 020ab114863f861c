"""Appending, reading and not reading records, by both ways in."""

import json
import time
from collections.abc import Iterator

import httpx
import msgspec
import pytest

from edges.http.served import Served
from renkei.edges.http.ingest import MAX_BODY_BYTES, MAX_LINES
from renkei.kernel.people import Permission

NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture(params=["lean", "framework"])
def writer(request: pytest.FixtureRequest, served: Served) -> Iterator[httpx.Client]:
    """A client whose appends take the shortcut, and one whose do not (it sends a cookie header too)."""
    client = served.client("gateway")
    if request.param == "framework":
        client.headers["content-encoding"] = "identity"
    yield client
    client.close()


def line(served: Served, **more: object) -> dict[str, object]:
    text = {"text": "宮古島で冠水", "lang": "ja"}
    return {
        "kind": "log-entry",
        "label": served.label("duty-usa"),
        "happened_at": "2022-09-18T15:49:00Z",
        "text": text,
        **more,
    }


def incident(served: Served, **more: object) -> dict[str, object]:
    """An incident, which unlike a line of the log may be given a new version."""
    title = {"text": "宮古島で冠水", "lang": "ja"}
    head = {"kind": "incident", "label": served.label("duty-usa"), "opened_at": "2022-09-18T15:49:00Z"}
    return {**head, "severity": "moderate", "title": title, **more}


PATIENCE_SECONDS = 20.0
"""For views to follow, on a machine that runs other tests beside."""


def seen(client: httpx.Client, record_id: str) -> httpx.Response:
    """The record, once the views have followed."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = client.get(f"/records/{record_id}")
        if answer.status_code == 200 or time.monotonic() > deadline:
            return answer
        time.sleep(0.02)


def code(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "code", "expected", "came"}
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"]


def ndjson(*lines: object) -> bytes:
    return b"\n".join(each if isinstance(each, bytes) else json.dumps(each).encode() for each in lines)


def test_one_record_is_stamped_logged_and_readable(served: Served, writer: httpx.Client) -> None:
    answer = writer.post("/records", json=line(served))
    assert answer.status_code == 201
    made = answer.json()
    assert made["version"] == 1
    view = seen(writer, made["id"]).json()
    assert view["record"]["by"] == "gateway post"
    assert view["record"]["id"] == made["id"]
    assert view["source"] == "" and view["cut"] == 0
    assert view["freshness"] == {
        "from": "jp.jjoc",
        "ageSeconds": view["freshness"]["ageSeconds"],
        "link": None,
    }
    assert view["marking"]["en"] and view["marking"]["ja"]
    assert msgspec.json.decode(served.node.master.entry(made["seq"])) == view["record"]


def test_what_is_logged_is_what_the_record_type_encodes(served: Served, writer: httpx.Client) -> None:
    made = writer.post("/records", json=line(served, significant=True, channel="voice")).json()
    raw = served.node.master.entry(made["seq"])
    record = served.node.codec.decode(raw)
    assert served.node.codec.encode(record) == raw  # type: ignore[arg-type]


def test_a_program_cannot_say_who_it_is_or_when(served: Served, writer: httpx.Client) -> None:
    made = writer.post(
        "/records", json=line(served, by="the commander", at="1999-01-01T00:00:00Z", realm="x")
    )
    record = seen(writer, made.json()["id"]).json()["record"]
    assert record["by"] == "gateway post"
    assert not record["at"].startswith("1999")
    assert record.get("realm", "live") == "live"


def test_a_batch_is_numbered_in_order_and_may_ask_for_its_ids(served: Served, writer: httpx.Client) -> None:
    body = ndjson(*(line(served, from_post=str(n)) for n in range(50)))
    made = writer.post("/records?ids=true", content=body, headers=NDJSON).json()
    assert made["count"] == 50 and len(set(made["ids"])) == 50
    assert made["ids"] == sorted(made["ids"])
    logged = [msgspec.json.decode(served.node.master.entry(made["first"] + n)) for n in range(50)]
    assert [r["from_post"] for r in logged] == [str(n) for n in range(50)]
    assert [r["id"] for r in logged] == made["ids"]
    assert set(writer.post("/records", content=body, headers=NDJSON).json()) == {"first", "count"}


@pytest.mark.parametrize(
    ("bad", "status", "word"),
    [
        (b'{"kind":"log-entry"', 400, "record.form"),
        (b'{"kind":"nothing-like-it","label":{}}', 400, "record.form"),
        (b'{"kind":"log-entry","label":{}}', 400, "record.form"),
        (b"[]", 400, "record.form"),
        (
            b'{"kind":"log-entry","label":{},"happened_at":"2022-09-18T15:49:00Z","text":{"text":"\xff","lang":"ja"}}',
            400,
            "record.utf8",
        ),
    ],
)
def test_a_bad_line_is_named_and_nothing_of_the_batch_is_logged(
    served: Served, writer: httpx.Client, bad: bytes, status: int, word: str
) -> None:
    size = served.node.master.size
    answer = writer.post("/records", content=ndjson(line(served), b"", bad, line(served)), headers=NDJSON)
    assert code(answer) == (status, word)
    assert "(line 3)" in answer.json()["expected"]
    assert served.node.master.size == size


def test_what_follows_decoding_names_the_line_too(served: Served, writer: httpx.Client) -> None:
    size = served.node.master.size
    unknown = {"policy": "urn:oid:2.999.392.1", "classification": "COSMIC"}
    for bad, expected in (
        (line(served, label=unknown), (422, "label.classification")),
        (line(served, text={"text": "x", "lang": "ja", "label": unknown}), (422, "label.classification")),
        (line(served, id="us.usfj/01K00000000000000000000000"), (403, "record.owner")),
        (line(served, version=2), (400, "record.version")),
        (line(served, surprise=1), (400, "record.form")),
    ):
        answer = writer.post("/records", content=ndjson(line(served), b"", bad), headers=NDJSON)
        assert code(answer) == expected
        assert "(line 3)" in answer.json()["expected"]
    assert served.node.master.size == size


def test_a_label_in_a_portion_is_checked_however_its_name_is_spelled(
    served: Served, writer: httpx.Client
) -> None:
    body = json.dumps(
        line(served, text={"text": "x", "lang": "ja", "label": {"policy": "x", "classification": "y"}})
    )
    disguised = body.replace('"label": {"policy": "urn', '"l\\u0061bel": {"policy": "urn')
    answer = writer.post("/records", content=disguised.encode(), headers={"content-type": "application/json"})
    assert code(answer) == (422, "label.policy")


def test_problems_never_repeat_what_was_sent(served: Served, writer: httpx.Client) -> None:
    for bad in (
        line(served, priority="SECRET WORDS"),
        line(served, text="SECRET WORDS"),
        line(served, incident="SECRET WORDS"),
    ):
        answer = writer.post("/records", json=bad)
        assert answer.status_code == 400
        assert "SECRET" not in answer.text


def test_limits_on_lines_bytes_and_record_size(served: Served, writer: httpx.Client) -> None:
    many = ndjson(*[json.dumps(line(served, text=None)).encode()] * (MAX_LINES + 1))
    assert code(writer.post("/records", content=many, headers=NDJSON)) == (400, "batch.lines")
    assert code(writer.post("/records", content=b"\n\n", headers=NDJSON)) == (400, "batch.lines")
    large = line(served, text={"text": "x" * 300_000, "lang": "en"})
    assert code(writer.post("/records", json=large))[0] in {400, 413}
    assert code(writer.post("/records", content=b"x" * (MAX_BODY_BYTES + 1), headers=NDJSON)) == (
        413,
        "request.size",
    )


def test_other_media_types_are_refused(served: Served, writer: httpx.Client) -> None:
    answer = writer.post("/records", content=b"<xml/>", headers={"content-type": "application/xml"})
    assert code(answer) == (415, "request.media")


def test_a_version_follows_the_one_that_was_seen(served: Served, writer: httpx.Client) -> None:
    made = writer.post("/records", json=incident(served)).json()
    assert writer.post("/records", json=incident(served, id=made["id"], version=2)).json()["version"] == 2
    assert code(writer.post("/records", json=incident(served, id=made["id"], version=2))) == (
        409,
        "record.version",
    )
    assert code(writer.post("/records", json=incident(served, id=made["id"], version=9))) == (
        409,
        "record.version",
    )


def test_a_line_of_the_watch_log_is_never_replaced(served: Served, writer: httpx.Client) -> None:
    made = writer.post("/records", json=line(served)).json()["id"]
    assert code(writer.post("/records", json=line(served, id=made, version=2))) == (409, "record.final")


def test_a_new_version_keeps_its_kind(served: Served, writer: httpx.Client) -> None:
    made = writer.post("/records", json=incident(served)).json()["id"]
    area = {"kind": "area", "label": served.label("open"), "purpose": "search", "id": made, "version": 2}
    area["geometry"] = {"type": "Point", "coordinates": [124.0, 24.4]}
    assert code(writer.post("/records", json=area)) == (409, "record.kind")


def test_appending_a_kind_needs_what_the_rooms_action_needs(served: Served) -> None:
    admin = served.client("admin")
    assert code(admin.post("/records", json=incident(served))) == (403, "person.permission")


def test_what_one_may_not_see_reads_and_writes_as_if_it_did_not_exist(
    served: Served, writer: httpx.Client
) -> None:
    hidden = writer.post("/records", json=incident(served)).json()["id"]
    assert seen(writer, hidden).status_code == 200
    low, absent = served.client("low"), "jp.jjoc/01K00000000000000000000000"
    for path in ("", "/bytes", "/release"):
        ours, none = low.get(f"/records/{hidden}{path}"), low.get(f"/records/{absent}{path}")
        assert (ours.status_code, ours.content) == (404, none.content)
    update = incident(served, version=2, label=served.label("open"))
    ours = low.post("/records", json={**update, "id": hidden})
    none = low.post("/records", json={**update, "id": absent})
    assert (ours.status_code, ours.content) == (404, none.content)
    assert low.get("/search?q=冠水").json()["items"] == []
    assert low.get("/records").json()["items"] == [] or hidden not in low.get("/records").text


def test_a_portion_above_the_reader_is_cut_and_counted(served: Served) -> None:
    watch, low = served.client("watch"), served.client("low")
    body = incident(
        served,
        label=served.label("open"),
        title={"text": "tower", "lang": "en"},
        summary={"text": "kept back", "lang": "en", "label": served.label("duty-usa")},
    )
    made = watch.post("/records", json=body).json()["id"]
    assert seen(watch, made).json()["cut"] == 0
    view = seen(low, made).json()
    assert view["cut"] == 1 and "summary" not in view["record"]
    assert view["record"]["title"]["text"] == "tower"
    assert code(low.get(f"/records/{made}/bytes")) == (403, "record.cut")
    assert watch.get(f"/records/{made}/bytes").content == served.node.master.entry(
        served.node.views.reader("live", served.person("watch").clearance).get(made).seq  # type: ignore[union-attr]
    )
    assert low.get("/search?q=kept").json()["items"] == []
    update = incident(served, label=served.label("open"), id=made, version=2)
    assert code(low.post("/records", json=update)) == (403, "record.cut")


def test_appending_needs_the_permission_and_command_records_another(served: Served) -> None:
    assert code(served.client("viewer").post("/records", json=line(served)))[0] == 403
    assert code(served.client("watch", Permission.READ).post("/records", json=line(served)))[0] == 403
    headquarters = {
        "kind": "headquarters",
        "label": served.label("open"),
        "hq": "jp.jjoc",
        "names": {"en": "x", "ja": "x"},
    }
    assert code(served.client("watch").post("/records", json=headquarters)) in {
        (403, "person.permission"),
        (400, "record.form"),
    }


def test_many_at_once_are_all_logged_once_and_in_one_piece(served: Served) -> None:
    import asyncio

    async def run() -> list[int]:
        headers = {"authorization": f"Bearer {served.token_of('gateway')}"}
        limits = httpx.Limits(max_connections=64)
        async with httpx.AsyncClient(
            base_url=f"{served.url}/api/v1", headers=headers, limits=limits, timeout=60
        ) as client:
            bodies = [line(served, from_post=str(n)) if n % 10 else {"kind": "?"} for n in range(300)]
            answers = await asyncio.gather(*(client.post("/records", json=body) for body in bodies))
        for n, answer in enumerate(answers):
            assert answer.status_code == (201 if n % 10 else 400)
            if n % 10:
                logged = msgspec.json.decode(served.node.master.entry(answer.json()["seq"]))
                assert (logged["from_post"], logged["id"]) == (str(n), answer.json()["id"])
        return [a.json()["seq"] for a in answers if a.status_code == 201]

    seqs = asyncio.run(run())
    assert len(set(seqs)) == 270


def test_pages_follow_one_another(served: Served) -> None:
    client = served.client("watch")
    body = ndjson(*(line(served, from_post=f"page {n}") for n in range(25)))
    made = client.post("/records?ids=true", content=body, headers=NDJSON).json()["ids"]
    assert seen(client, made[-1]).status_code == 200
    found: list[str] = []
    before: str | None = None
    while len(found) < 25:
        params = {"limit": "10", **({"before": before} if before else {})}
        page = client.get("/records", params=params).json()
        found += [view["record"]["id"] for view in page["items"]]
        before = page["next"]
    assert found[:25] == made[::-1]


def test_two_character_japanese_words_are_found(served: Served) -> None:
    client = served.client("watch")
    made = client.post("/records", json=line(served)).json()["id"]
    seen(client, made)
    assert made in client.get("/search", params={"q": "冠水", "limit": 200}).text


def test_pipelined_requests_are_answered_in_order(served: Served) -> None:
    import socket

    body = json.dumps(line(served)).encode()
    head = f"host: 127.0.0.1:{served.port}\r\nauthorization: Bearer {served.token_of('gateway')}\r\n"
    append = f"POST /api/v1/records HTTP/1.1\r\n{head}content-type: application/json\r\n"
    append += f"content-length: {len(body)}\r\n\r\n"
    read = f"GET /api/v1/health HTTP/1.1\r\n{head}\r\n"
    with socket.create_connection(("127.0.0.1", served.port)) as raw:
        raw.sendall((append.encode() + body) * 2 + read.encode() + append.encode() + body)
        got = b""
        raw.settimeout(5)
        while got.count(b"HTTP/1.1 ") < 4 or not got.endswith(b"}"):
            got += raw.recv(65536)
    parts = got.split(b"HTTP/1.1 ")[1:]
    assert [part[:3] for part in parts] == [b"201", b"201", b"200", b"201"]
    seqs = [json.loads(part.split(b"\r\n\r\n")[1])["seq"] for part in (parts[0], parts[1], parts[3])]
    assert seqs == sorted(seqs) and len(set(seqs)) == 3


def test_a_move_its_rooms_own_route_would_refuse_is_refused_by_line(
    served: Served, writer: httpx.Client
) -> None:
    task = {"title": "Survey", "to": "jp.jjoc", "label": served.label("open")}
    made = served.client("watch").post("/tasks", json=task).json()["task"]["record"]["id"]
    read = {"kind": "read", "label": served.label("open"), "about": made}
    nowhere = {**read, "about": f"jp.jjoc/{'0' * 26}"}
    before = served.node.master.size
    body = b"\n".join([ndjson(line(served)), b"", ndjson(nowhere)])
    answer = writer.post("/records", content=body, headers=NDJSON)
    assert code(answer) == (404, "request.unknown") and "(line 3)" in answer.json()["expected"]
    report = {"kind": "task-report", "label": served.label("open"), "task": made, "outcome": "declined"}
    for refused, why in ((report, "task.reason"), ({**report, "progress": "done"}, "task.unanswered")):
        assert code(writer.post("/records", json=refused))[1] == why
    assert served.node.master.size == before
    first = writer.post("/records", json=read)
    assert first.status_code == 201
    seen(writer, first.json()["id"])
    assert code(writer.post("/records", json=read)) == (409, "task.read")


def test_a_search_goes_on_where_the_page_ended(served: Served) -> None:
    client = served.client("watch")
    made = [
        client.post("/log-entries", json={"text": f"堤防 {n}", "label": served.label("open")}).json()[
            "record"
        ]["id"]
        for n in range(5)
    ]
    found, before = [], None
    while True:
        page = client.get(
            "/search", params={"q": "堤防", "limit": 2} | ({"before": before} if before else {})
        ).json()
        found += [item["record"]["id"] for item in page["items"]]
        before = page.get("next")
        if before is None:
            break
    assert found == made[::-1]
    refused = client.get("/search", params={"q": "堤防", "before": "A" * 22})
    assert (refused.status_code, refused.json()["code"]) == (400, "page.cursor")
