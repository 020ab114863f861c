"""Attachments through the front door: pieces, ranges, labels, the scan, headers that tame browsers."""

import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import msgspec
import pytest

from edges.http.served import Served
from renkei.edges.http.files import UPLOAD_DAYS
from renkei.kernel.attachments import CHUNK_BYTES, Scanner
from renkei.kernel.attachments.scanning import Verdict

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


# --- what is left lying, what came before a scanner, names and disks ----------------------------------------


def aged(served: Served, days: int) -> None:
    """As if all contents had last been written to so many days ago."""
    then = time.time() - days * 86_400
    for path in served.node.folder.attachments.glob("jp.jjoc~*"):
        os.utime(path, (then, then))


def test_uploads_that_nobody_ends_are_given_up_and_nothing_else_is(
    served: Served, watch: httpx.Client
) -> None:
    files = served.app.edge.files
    kept = attached(watch, served)
    forgotten = watch.post("/attachments/uploads", json=given(served)).json()["id"]
    path = f"/attachments/uploads/{forgotten}"
    assert watch.put(path, params={"offset": 0}, content=CONTENT[:CHUNK_BYTES]).status_code == 200
    crashed = files.store
    crashed.begin("jp.jjoc~" + "ab" * 16)  # no draft: the node died between the two
    aged(served, UPLOAD_DAYS - 1)
    assert files.sweep() == 0
    aged(served, UPLOAD_DAYS + 1)
    recent = watch.post("/attachments/uploads", json=given(served)).json()["id"]
    files.sweep()
    assert code(watch.get(path)) == "attachment.upload"
    for gone in (forgotten, "ab" * 16):
        assert not list(served.node.folder.attachments.glob(f"*{gone}*"))
        assert not list(served.node.folder.attachment_keys.glob(f"*{gone}*"))
    assert watch.get(content_path(kept)).content == CONTENT
    assert watch.get(f"/attachments/uploads/{recent}").status_code == 200


def test_nothing_is_given_up_while_the_views_are_behind(
    served: Served, watch: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = attached(watch, served)
    aged(served, UPLOAD_DAYS + 1)
    monkeypatch.setattr(served.node.views, "wait", lambda *_: False)
    monkeypatch.setattr(served.app.edge.files, "_named", set)
    assert served.app.edge.files.sweep() == 0
    monkeypatch.undo()
    assert watch.get(content_path(kept)).status_code == 200


def test_what_came_before_a_scanner_is_looked_at_before_anybody_has_it(
    served: Served, watch: httpx.Client
) -> None:
    quiet, bad = attached(watch, served, b"a quiet page"), attached(watch, served, b"EICAR")
    files, before = served.app.edge.files, served.app.edge.files.scanner
    looks: list[bytes] = []

    class Counting(Scanner):
        def look(self, pieces):  # type: ignore[no-untyped-def]
            looks.append(b"".join(pieces))
            return Verdict(b"EICAR" not in looks[-1], "a test")

    files.scanner = Counting(("set",), 20)
    try:
        for _ in range(2):
            assert watch.get(content_path(quiet)).content == b"a quiet page"
        assert looks == [b"a quiet page"], "once"
        refused = watch.get(content_path(bad))
        assert (refused.status_code, code(refused)) == (422, "attachment.scan")
        assert code(watch.get(content_path(bad))) == "attachment.not-here"
        assert attached(watch, served, b"another").status_code == 201
        assert len(looks) == 3
    finally:
        files.scanner = before


@pytest.mark.parametrize(
    ("called", "saved"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("chart\u202egpj.exe", "chart_gpj.exe"),
        ('a"; filename="b.exe', "a_; filename=_b.exe"),
        ("line\r\nSet-Cookie: a=b", "line__Set-Cookie_ a=b"),
        ("...", "_"),
        ("港" * 300, "港" * 150),
    ],
)
def test_a_hostile_name_is_no_path_no_header_and_no_disguise(
    served: Served, watch: httpx.Client, called: str, saved: str
) -> None:
    answer = attached(watch, served, b"x", name={"text": called, "lang": "en"})
    sent = watch.get(content_path(answer)).headers["content-disposition"]
    assert sent == f"attachment; filename*=UTF-8''{quote(saved, safe='')}"
    assert watch.get(content_path(answer)).headers.get("set-cookie") is None


def test_a_full_disk_is_told_and_what_came_before_stays(
    served: Served, watch: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = watch.post("/attachments/uploads", json=given(served)).json()["id"]
    path = f"/attachments/uploads/{begun}"
    first = CONTENT[:CHUNK_BYTES]
    assert watch.put(path, params={"offset": 0}, content=first).status_code == 200

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("renkei.kernel.attachments.store.os.fsync", full)
        refused = watch.put(path, params={"offset": CHUNK_BYTES}, content=CONTENT[CHUNK_BYTES:])
        assert (refused.status_code, code(refused)) == (500, "attachment.disk")
    with monkeypatch.context() as patch:
        patch.setattr("renkei.kernel.attachments.store.write_atomically", full)
        refused = watch.post("/attachments/uploads", json=given(served))
        assert (refused.status_code, code(refused)) == (500, "attachment.disk")
    have = watch.get(path).json()["received"]
    assert watch.put(path, params={"offset": have}, content=CONTENT[have:]).status_code in (200, 409)
    answer = watch.post(f"{path}/end", json={})
    assert watch.get(content_path(answer)).content == CONTENT


def test_a_scanner_that_does_not_answer_puts_the_content_aside(served: Served, watch: httpx.Client) -> None:
    files, before = served.app.edge.files, served.app.edge.files.scanner
    files.scanner = Scanner((sys.executable, "-c", "import time; time.sleep(60)"), 0.5)
    try:
        refused = attached(watch, served, b"nobody looked at this")
        assert (refused.status_code, code(refused)) == (422, "attachment.scan")
        assert "longer than 0.5 s" in refused.json()["came"]
    finally:
        files.scanner = before
