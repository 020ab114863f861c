"""Two nodes that differ only in what a reader may not see answer that reader in the same bytes.

Clock and ids are fixed; what must be random (sealed places in lists and in the stream, the fingerprint of the
node's keys) is struck out.
"""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from edges.http.served import Served
from renkei.kernel.clock import FakeClock

NOW = datetime(2022, 9, 18, 7, 0, tzinfo=UTC)
HIDDEN, SHOWN, EXTRA = "duty-usa", "open", 7
RANDOM = re.compile(
    r'(?<="next":")[A-Za-z0-9_-]{22}(?=")|(?<=id: )[A-Za-z0-9_-]{22}|(?<="fingerprint":){[^}]*}'
)
READS = (
    "/node",
    "/partners",
    "/records",
    "/records?kind=log-entry&limit=3",
    "/records?before=AAAAAAAAAAAAAAAAAAAAAA",
    "/log-entries",
    "/incidents",
    "/requests",
    "/requests/rows",
    "/tasks",
    "/decisions",
    "/handovers",
    "/handovers/draft",
    "/positions",
    "/units",
    "/search?q=冠水",
    "/search?q=夜間",
    "/map?bbox=120,20,130,30",
    "/map.geojson?bbox=120,20,130,30",
    "/audit",
    "/accounts",
    "/partners/us.usfj/queue",
    f"/records/jp.jjoc/{'9' * 25}1",
    f"/records/jp.jjoc/{'9' * 25}Z",
    f"/records/jp.jjoc/{'9' * 25}1/release",
    f"/records/jp.jjoc/{'9' * 25}1/bytes",
    f"/incidents/jp.jjoc/{'9' * 25}1",
)


def entry(served: Served, label: str, number: int) -> dict[str, object]:
    secret = label == HIDDEN
    words = "夜間の移動" if secret else "宮古島で冠水"
    key = f"{'9' * 25}{number}" if secret else f"{number:026d}"
    text = {"text": f"{words} {number}", "lang": "ja"}
    head = {"kind": "log-entry", "label": served.label(label), "id": f"jp.jjoc/{key}"}
    return {**head, "happened_at": "2022-09-18T06:49:00Z", "text": text}


def write(served: Served, label: str, numbers: range) -> None:
    lines = "\n".join(json.dumps(entry(served, label, number)) for number in numbers)
    media = {"content-type": "application/x-ndjson"}
    answer = served.client("watch").post("/records", content=lines.encode(), headers=media)
    assert answer.status_code == 201, answer.text


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Served]]:
    """The same visible records at both; among them, at the second alone, others above the reader."""
    both = tuple(Served(tmp_path_factory.mktemp("n") / "data", clock=FakeClock(NOW)) for _ in range(2))
    for served in both:
        write(served, SHOWN, range(5))
        if served is both[1]:
            write(served, HIDDEN, range(EXTRA))
        write(served, SHOWN, range(5, 12))
        served.node.views.wait("", served.node.master.size - 1, 10)
    yield both[0], both[1]
    for served in both:
        served.close()


def told(answer: httpx.Response) -> tuple[int, dict[str, str], str]:
    """Everything of an answer but what must be random."""
    text = RANDOM.sub("~", answer.text)
    # The length is the text's, whose random parts are not all equally long.
    headers = {k: v for k, v in answer.headers.items() if k not in ("date", "content-length")}
    return answer.status_code, headers, text


def test_the_nodes_do_differ(pair: tuple[Served, Served]) -> None:
    plain, more = (s.client("watch").get("/records?limit=200").json()["items"] for s in pair)
    assert len(more) == len(plain) + EXTRA
    assert len(pair[0].client("low").get("/records?limit=200").json()["items"]) == 12


@pytest.mark.parametrize("path", READS)
def test_an_answer_is_the_same(pair: tuple[Served, Served], path: str) -> None:
    first, second = (told(served.client("low").get(path)) for served in pair)
    assert first == second


def test_pages_are_the_same_to_the_last(pair: tuple[Served, Served]) -> None:
    def pages(served: Served) -> Iterator[str]:
        client, before = served.client("low"), None
        while True:
            answer = client.get("/records", params={"limit": 2, **({"before": before} if before else {})})
            yield told(answer)[2]
            before = answer.json()["next"]
            if before is None:
                return

    first, second = (list(pages(served)) for served in pair)
    assert first == second and len(first) == 6


def test_a_sealed_place_of_another_node_is_refused(pair: tuple[Served, Served]) -> None:
    first, second = (served.client("low").get("/records?limit=2").json()["next"] for served in pair)
    assert first != second
    answer = pair[1].client("low").get("/records", params={"before": first})
    assert (answer.status_code, answer.json()["code"]) == (400, "page.cursor")


def test_metrics_are_not_for_this_reader(pair: tuple[Served, Served]) -> None:
    for served in pair:
        bearer = {"authorization": f"Bearer {served.token_of('low')}"}
        assert httpx.get(f"{served.url}/metrics", headers=bearer).status_code == 403


def test_the_stream_and_the_answer_to_a_write_are_the_same(pair: tuple[Served, Served]) -> None:
    heard, answers = [], []
    for served in pair:
        client = served.client("low")
        with client.stream("GET", "/stream") as stream:
            lines = stream.iter_lines()
            got = [next(lines)]
            if served is pair[1]:
                write(served, HIDDEN, range(7, 9))
                served.node.views.wait("", served.node.master.size - 1, 10)
                time.sleep(0.6)  # longer than the pulse, which must not tell of the views' lag either
            answers.append(told(client.post("/records", json=entry(served, SHOWN, 20))))
            while not got[-1].startswith("data: {"):
                got.append(next(lines))
        heard.append([RANDOM.sub("~", line) for line in got])
    assert heard[0] == heard[1] and heard[0][-1].startswith('data: {"id":"jp.jjoc/0')
    assert answers[0] == answers[1] and answers[0][0] == 201
