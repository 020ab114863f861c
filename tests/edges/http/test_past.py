"""``asOf`` and ``knownTo`` through the front door of a running node, which builds in a child process."""

import time

import httpx
import pytest

from edges.http.served import Served
from edges.http.test_records import incident, line, seen


def written(served: Served, client: httpx.Client, text: str) -> str:
    """A line of the log, shown; its id."""
    body = line(served, text={"text": text, "lang": "ja"})
    made = client.post("/records", json=body)
    assert made.status_code == 201, made.text
    assert seen(client, made.json()["id"]).status_code == 200
    return str(made.json()["id"])


def now_after(client: httpx.Client) -> str:
    """An instant after all that happened so far and before all that follows."""
    time.sleep(0.02)
    instant = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}.{int(time.time() * 1000) % 1000:03}Z"
    time.sleep(0.02)
    return instant


def test_lists_records_search_and_boards_answer_as_of_a_moment(served: Served) -> None:
    with served.client("watch") as client:
        early = written(served, client, "港に異常なし")
        moment = now_after(client)
        late = written(served, client, "港が冠水した")
        past = {"asOf": moment}
        listed = [item["record"]["id"] for item in client.get("/records", params=past).json()["items"]]
        assert early in listed and late not in listed
        assert client.get(f"/records/{early}", params=past).status_code == 200
        assert client.get(f"/records/{late}", params=past).status_code == 404
        assert client.get("/search", params={"q": "冠水", **past}).json()["items"] == []
        entries = client.get("/log-entries", params=past).json()["items"]
        assert late not in [item["record"]["id"] for item in entries]
        assert entries[0]["freshness"]["ageSeconds"] < 5
        for path in ("/requests", "/tasks", "/incidents", "/hazards", "/units", "/map?bbox=120,20,150,50"):
            joint = "&" if "?" in path else "?"
            assert client.get(f"{path}{joint}asOf={moment}").status_code == 200, path


def test_whoever_may_not_see_it_now_does_not_see_it_in_the_past(served: Served) -> None:
    with served.client("watch") as client, served.client("low") as low:
        hidden = written(served, client, "非公開の行")
        moment = now_after(client)
        written(served, client, "次の行")
        assert client.get(f"/records/{hidden}", params={"asOf": moment}).status_code == 200
        assert low.get(f"/records/{hidden}", params={"asOf": moment}).status_code == 404


def test_a_label_narrowed_since_hides_the_day_before_too(served: Served) -> None:
    with served.client("watch") as client, served.client("low") as low:
        open_one = incident(served, label=served.label("open"))
        made = client.post("/records", json=open_one).json()["id"]
        assert seen(client, made).status_code == 200
        past = {"asOf": now_after(client)}
        assert low.get(f"/records/{made}", params=past).status_code == 200
        answer = client.post("/records", json=incident(served, id=made, version=2))
        assert answer.status_code == 201, answer.text
        deadline = time.monotonic() + 20
        while low.get(f"/records/{made}", params=past).status_code != 404:
            assert time.monotonic() < deadline, "still shown"
            time.sleep(0.05)
        assert client.get(f"/records/{made}", params=past).json()["record"].get("version", 1) == 1


@pytest.mark.parametrize(
    ("method", "path", "params", "code"),
    [
        ("GET", "/records", {"asOf": "yesterday"}, "past.moment"),
        ("GET", "/records", {"asOf": "2022-09-18T15:50:00"}, "past.moment"),
        ("GET", "/records", {"asOf": "2999-01-01T00:00:00Z"}, "past.moment"),
        ("GET", "/records", {"knownTo": "ph.afp"}, "partner.unknown"),
        ("GET", "/node", {"asOf": "180650ZSEP22"}, "past.path"),
        ("GET", "/handovers/draft", {"asOf": "180650ZSEP22"}, "past.path"),
        ("POST", "/incidents", {"asOf": "180650ZSEP22"}, "past.path"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    served: Served, method: str, path: str, params: dict[str, str], code: str
) -> None:
    with served.client("watch") as client:
        body = {"json": {}} if method == "POST" else {}
        answer = client.request(method, path, params=params, **body)  # type: ignore[arg-type]
        assert answer.status_code == 400, answer.text
        assert answer.json()["code"] in {code, "request.form"} and "expected" in answer.json()


def test_before_anything_was_logged_there_is_nothing(served: Served) -> None:
    with served.client("watch") as client:
        written(served, client, "今の行")
        assert client.get("/records", params={"asOf": "180650ZSEP22"}).json()["items"] == []
