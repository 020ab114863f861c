"""What every answer has, whatever was asked: problems, headers, Host, static files, figures."""

import gzip
from pathlib import Path

import httpx
import pytest

from edges.http.served import Served
from renkei.edges.http.problems import as_refused
from renkei.edges.http.static import Static
from renkei.kernel.people import Permission


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/records/only-one-segment", 404),
        ("GET", "/openapi", 404),
        ("GET", "/openapi/redoc", 404),
        ("PUT", "/records", 405),
        ("GET", "/records?limit=0", 400),
        ("GET", "/records?limit=ten", 400),
        ("GET", "/records?before=-1", 400),
        ("GET", "/map?bbox=1,2,3", 400),
        ("GET", "/map?bbox=0,95,10,99", 400),
        ("GET", "/search", 400),
    ],
)
def test_every_no_is_a_problem_document(served: Served, method: str, path: str, status: int) -> None:
    answer = served.client("watch").request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    if status == 405:
        assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b'{"text"', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"text": 5}', "application/json", 400),
        (b'{"text":"x","label":{},"surprise":1}', "application/json", 400),
        (b"", "application/json", 400),
        (b'{"text":"' + b"x" * 2_000_000 + b'"}', "application/json", 413),
        (b"text=x", "application/x-www-form-urlencoded", 415),
    ],
)
def test_a_bad_body_is_a_problem_document(served: Served, body: bytes, media: str, status: int) -> None:
    answer = served.client("watch").post("/log-entries", content=body, headers={"content-type": media})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_security_headers_are_on_every_answer(served: Served) -> None:
    for url in ("/", "/api/v1/health", "/api/v1/nothing", "/metrics"):
        headers = httpx.get(served.url + url).headers
        policy = headers["content-security-policy"]
        assert (
            "default-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert httpx.get(served.url + "/api/v1/health").headers["cache-control"] == "no-store"


def test_another_host_name_is_refused_by_both_ways_in(served: Served) -> None:
    assert httpx.get(served.url + "/", headers={"host": "evil.example"}).status_code == 421
    answer = served.client("watch").post("/records", json={}, headers={"host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (421, "request.host")


def test_faults_of_ours_tell_nothing() -> None:
    no = as_refused(RuntimeError("the content of a record"))
    assert no.status == 500 and "content" not in no.expected + no.came


def test_metrics_count_without_naming_anything(served: Served) -> None:
    served.client("watch").get("/records")
    assert httpx.get(served.url + "/metrics").status_code == 401
    bearer = {"authorization": f"Bearer {served.token_of('watch')}"}
    assert httpx.get(served.url + "/metrics", headers=bearer).status_code == 403
    scraper = {"authorization": f"Bearer {served.token('admin', Permission.METRICS_READ)}"}
    assert httpx.get(served.url + "/api/v1/audit", headers=scraper).status_code == 403
    text = httpx.get(served.url + "/metrics", headers=scraper).text
    assert "renkei_request_seconds_count" in text and 'renkei_answers_total{class="2xx"}' in text
    for hidden in ("jp.jjoc", "us.usfj", "log-entry", "watch", "DUTY"):
        assert hidden not in text


def test_health_names_what_has_stopped(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.node, "failures", lambda: ["fold: OurFault"])
    answer = served.client(None).get("/health")
    assert (answer.status_code, answer.json()) == (503, {"ok": False, "failures": ["fold: OurFault"]})


# --- Static files --------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path) -> httpx.AsyncClient:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app-1a2b.js").write_text("let x")
    (tmp_path / "index.html").write_text("<!doctype html>the client")
    (tmp_path / "map.pmtiles").write_bytes(bytes(range(100)))
    (tmp_path.parent / "secret.txt").write_text("outside")
    return httpx.AsyncClient(transport=httpx.ASGITransport(Static(tmp_path)), base_url="http://node")  # type: ignore[arg-type]


def get(site: httpx.AsyncClient, path: str, **headers: str) -> httpx.Response:
    import asyncio

    return asyncio.run(site.get(path, headers=headers))


def test_hashed_files_are_cached_for_good_and_the_page_never(site: httpx.AsyncClient) -> None:
    assert "immutable" in get(site, "/assets/app-1a2b.js").headers["cache-control"]
    assert get(site, "/assets/app-1a2b.js").headers["content-type"].startswith("text/javascript")
    assert get(site, "/").headers["cache-control"] == "no-cache"


def test_a_path_of_the_client_itself_gets_the_page(site: httpx.AsyncClient) -> None:
    assert get(site, "/incidents/jp.jjoc/01K").text.endswith("the client")


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "/%00"])
def test_nothing_outside_the_folder_is_served(site: httpx.AsyncClient, path: str) -> None:
    assert "outside" not in get(site, path).text


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ("bytes=10-19", 206, bytes(range(10, 20))),
        ("bytes=90-", 206, bytes(range(90, 100))),
        ("bytes=-5", 206, bytes(range(95, 100))),
        ("bytes=5-200", 206, bytes(range(5, 100))),
        ("bytes=200-300", 200, bytes(range(100))),
        ("bytes=1-2,4-5", 200, bytes(range(100))),
        ("lines=1-2", 200, bytes(range(100))),
    ],
)
def test_byte_ranges(site: httpx.AsyncClient, asked: str, status: int, body: bytes) -> None:
    answer = get(site, "/map.pmtiles", range=asked)
    assert (answer.status_code, answer.content) == (status, body)


def raw(site: httpx.AsyncClient, method: str, path: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """The answer, and its body as it crossed the line."""
    import asyncio

    async def call() -> tuple[httpx.Response, bytes]:
        async with site.stream(method, path, headers=headers) as answer:
            return answer, b"".join([piece async for piece in answer.aiter_raw()])

    return asyncio.run(call())


@pytest.fixture
def script(tmp_path: Path, site: httpx.AsyncClient) -> bytes:
    body = b"let watch = 'kept';\n" * 1000
    (tmp_path / "assets" / "big-1a2b.js").write_bytes(body)
    return body


def test_text_is_compressed_for_who_takes_it(site: httpx.AsyncClient, script: bytes) -> None:
    answer, body = raw(site, "GET", "/assets/big-1a2b.js", **{"accept-encoding": "br, gzip;q=0.8"})
    assert gzip.decompress(body) == script and len(body) < len(script) / 10
    assert answer.headers["content-encoding"] == "gzip" and answer.headers["vary"] == "accept-encoding"
    assert int(answer.headers["content-length"]) == len(body)
    plain, whole = raw(site, "GET", "/assets/big-1a2b.js", **{"accept-encoding": "identity"})
    assert whole == script and "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "accept-encoding" and plain.headers["etag"] != answer.headers["etag"]


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip", 1), ("*", 1), ("gzip;q=0", 0), ("gzip; q=0.000, *", 0), ("br", 0), ("", 0), ("GZIP;q=1.0", 1)],
)
def test_what_a_reader_takes_is_read_as_it_is_weighed(
    site: httpx.AsyncClient, script: bytes, accepted: str, packed: int
) -> None:
    answer, _ = raw(site, "GET", "/assets/big-1a2b.js", **{"accept-encoding": accepted})
    assert ("content-encoding" in answer.headers) == bool(packed)


def test_head_tells_what_get_would_send(site: httpx.AsyncClient, script: bytes) -> None:
    for accepted in ("gzip", "identity"):
        told, nothing = raw(site, "HEAD", "/assets/big-1a2b.js", **{"accept-encoding": accepted})
        sent, _ = raw(site, "GET", "/assets/big-1a2b.js", **{"accept-encoding": accepted})
        assert told.headers == sent.headers and nothing == b""


def test_a_range_is_of_the_file_itself(site: httpx.AsyncClient, script: bytes) -> None:
    asked = {"accept-encoding": "gzip", "range": "bytes=4-8"}
    answer, body = raw(site, "GET", "/assets/big-1a2b.js", **asked)
    assert (answer.status_code, body) == (206, script[4:9])
    assert answer.headers["content-range"] == f"bytes 4-8/{len(script)}"
    same = {**asked, "if-range": answer.headers["etag"]}
    assert raw(site, "GET", "/assets/big-1a2b.js", **same)[0].status_code == 206
    other = {**asked, "if-range": answer.headers["etag"].replace('"', "") + '-gz"'}
    assert raw(site, "GET", "/assets/big-1a2b.js", **other)[0].status_code == 200


def test_what_a_reader_has_is_not_sent_again_until_it_changes(
    site: httpx.AsyncClient, script: bytes, tmp_path: Path
) -> None:
    path, accepted = "/assets/big-1a2b.js", {"accept-encoding": "gzip"}
    tag = raw(site, "GET", path, **accepted)[0].headers["etag"]
    held, body = raw(site, "GET", path, **accepted, **{"if-none-match": f'"x", {tag}'})
    assert (held.status_code, body, held.headers["etag"]) == (304, b"", tag)
    (tmp_path / "assets" / "big-1a2b.js").write_bytes(script + b"//\n")
    fresh, body = raw(site, "GET", path, **accepted, **{"if-none-match": tag})
    assert fresh.status_code == 200 and gzip.decompress(body) == script + b"//\n"


def test_small_and_packed_files_stay_as_they_are(site: httpx.AsyncClient) -> None:
    for path in ("/map.pmtiles", "/"):
        answer, _ = raw(site, "GET", path, **{"accept-encoding": "gzip"})
        assert "content-encoding" not in answer.headers and "vary" not in answer.headers


def test_an_unbuilt_client_says_so(tmp_path: Path) -> None:
    empty = httpx.AsyncClient(transport=httpx.ASGITransport(Static(tmp_path)), base_url="http://node")  # type: ignore[arg-type]
    assert "make web" in get(empty, "/").text
