"""Attachments through the front door: pieces, ranges, labels, the scan, headers that tame browsers."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from edges.http.served import Served
from renkei.kernel.attachments import CHUNK_BYTES, Scanner

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def watch(served: Served) -> Iterator[httpx.Client]:
    with served.client("watch") as client:
        yield client


def given(served: Served, label: str = "duty-usa", **more: object) -> dict[str, object]:
    name = {"text": "宮古島港 冠水.jpg", "lang": "ja"}
    return {"name": name, "size": len(CONTENT), "label": msgspec.to_builtins(served.label(label)), **more}


def attached(
    client: httpx.Client, served: Served, content: bytes = CONTENT, **more: object
) -> httpx.Response:
    begun = client.post("/attachments/uploads", json=given(served, **{"size": len(content), **more}))
    assert begun.status_code == 201, begun.text
    path = f"/attachments/uploads/{begun.json()['id']}"
    for at in range(0, len(content), 2 * CHUNK_BYTES):
        piece = content[at : at + 2 * CHUNK_BYTES]
        assert client.put(path, params={"offset": at}, content=piece).status_code == 200
    return client.post(f"{path}/end", json={})


def content_path(answer: httpx.Response) -> str:
    assert answer.status_code == 201, answer.text
    return f"/attachments/{answer.json()['attachment']['record']['id']}/content"


def code(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


def incident(client: httpx.Client, served: Served, label: str = "duty-usa") -> str:
    told = {"title": "冠水", "severity": "moderate", "label": msgspec.to_builtins(served.label(label))}
    return str(client.post("/incidents", json=told).json()["record"]["id"])


def test_a_file_goes_in_comes_out_and_is_found(served: Served, watch: httpx.Client) -> None:
    about = incident(watch, served)
    answer = attached(watch, served, about=about)
    got = watch.get(content_path(answer))
    assert got.content == CONTENT
    listed = watch.get("/attachments", params={"about": about}).json()
    assert [item["here"] for item in listed["items"]] == [True]
    assert listed["scanned"] is False
    record = listed["items"][0]["attachment"]["record"]
    assert record["size"] == len(CONTENT) and "salt" in record and record["content"] not in record["digest"]


def test_no_browser_will_do_anything_with_it_but_save_it(served: Served, watch: httpx.Client) -> None:
    got = watch.get(content_path(attached(watch, served, b"<script>alert(1)</script>", media="text/html")))
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E5%AE%AE")
    assert "sandbox" in got.headers["content-security-policy"]
    assert got.headers["cache-control"] == "no-store"


def test_a_download_goes_on_from_any_byte(served: Served, watch: httpx.Client) -> None:
    path = content_path(attached(watch, served))
    for asked, first, end in (("bytes=100000-", 100_000, len(CONTENT)), ("bytes=5-70000", 5, 70_001)):
        got = watch.get(path, headers={"range": asked})
        assert (got.status_code, got.content) == (206, CONTENT[first:end])
        assert got.headers["content-range"] == f"bytes {first}-{end - 1}/{len(CONTENT)}"
    for asked in ("bytes=256000-", "bytes=9-3", "pages=1-2", "bytes=0-1,5-6"):
        assert code(watch.get(path, headers={"range": asked})) == "attachment.range"


def test_an_upload_goes_on_where_the_line_was_lost(served: Served, watch: httpx.Client) -> None:
    begun = watch.post("/attachments/uploads", json=given(served)).json()
    path = f"/attachments/uploads/{begun['id']}"
    watch.put(path, params={"offset": 0}, content=CONTENT[:CHUNK_BYTES])
    assert watch.get(path).json()["received"] == CHUNK_BYTES
    again = watch.put(path, params={"offset": 0}, content=CONTENT[:CHUNK_BYTES])
    assert (again.status_code, code(again)) == (409, "attachment.offset")
    assert code(watch.post(f"{path}/end", json={})) == "attachment.unfinished"
    watch.put(path, params={"offset": CHUNK_BYTES}, content=CONTENT[CHUNK_BYTES:])
    assert watch.get(content_path(watch.post(f"{path}/end", json={}))).content == CONTENT
    assert code(watch.get(path)) == "attachment.upload"


def test_an_upload_is_its_owners_alone_and_can_be_given_up(served: Served, watch: httpx.Client) -> None:
    begun = watch.post("/attachments/uploads", json=given(served)).json()
    path = f"/attachments/uploads/{begun['id']}"
    with served.client("low") as other:
        assert code(other.get(path)) == "attachment.upload"
        assert code(other.put(path, params={"offset": 0}, content=CONTENT)) == "attachment.upload"
    assert watch.delete(path).status_code == 204
    assert code(watch.get(path)) == "attachment.upload"
    assert not list(served.node.folder.attachment_keys.glob(f"*{begun['id']}*"))


def test_whoever_may_not_attach_or_names_what_is_not_there_is_refused_before_a_byte_travels(
    served: Served, watch: httpx.Client
) -> None:
    with served.client("viewer") as viewer:
        assert viewer.post("/attachments/uploads", json=given(served)).status_code == 403
    nowhere = {"about": "jp.jjoc/" + "0" * 26}
    assert watch.post("/attachments/uploads", json=given(served, **nowhere)).status_code == 422
    for size in (0, 10**12):
        assert code(watch.post("/attachments/uploads", json=given(served, size=size))) == "attachment.size"


def test_a_label_hides_the_attachment_its_name_and_its_content(served: Served, watch: httpx.Client) -> None:
    about = incident(watch, served, "open")
    answer = attached(watch, served, about=about, label="duty-usa")
    with served.client("low") as viewer:
        assert viewer.get("/attachments", params={"about": about}).json()["items"] == []
        refused = viewer.get(content_path(answer))
        assert (refused.status_code, code(refused)) == (404, "record.not_found")


def test_what_the_scanner_does_not_let_pass_nobody_gets(served: Served, watch: httpx.Client) -> None:
    script = "import sys; sys.exit(3 if b'EICAR' in sys.stdin.buffer.read() else 0)"
    files, before = served.app.edge.files, served.app.edge.files.scanner
    files.scanner = Scanner((sys.executable, "-c", script), 20)
    try:
        assert attached(watch, served, b"a quiet page").status_code == 201
        count = len(files.store.names())
        refused = attached(watch, served, b"EICAR" + bytes(100_000))
        assert (refused.status_code, code(refused)) == (422, "attachment.scan")
        assert "status 3" in refused.json()["came"]
        assert len(files.store.names()) == count
        aside = list((Path(served.node.folder.attachments) / "quarantine").iterdir())
        assert len(aside) == 1 and b"EICAR" not in aside[0].read_bytes()
    finally:
        files.scanner = before


def test_a_record_whose_content_is_gone_says_so(served: Served, watch: httpx.Client) -> None:
    answer = attached(watch, served)
    record = answer.json()["attachment"]["record"]
    served.app.edge.files.store.erase(f"jp.jjoc~{record['content']}")
    assert code(watch.get(content_path(answer))) == "attachment.not-here"
    assert watch.get(f"/records/{record['id']}").status_code == 200
