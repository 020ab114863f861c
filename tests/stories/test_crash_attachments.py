"""Killing real nodes while a content crosses between them: it goes on, arrives whole, leaves no scraps."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from bench.nodes import Api, Station, pair, start, wait_for

SIZE = 48 * 1024 * 1024 + 17
PIECE = 4 * 1024 * 1024


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Station, Station]]:
    with pair(tmp_path) as stations:
        yield stations


def begin(api: Api, station: Station, size: int) -> str:
    given = {"name": "動画.bin", "size": size, "label": msgspec.to_builtins(station.shared)}
    return str(api.post("/attachments/uploads", given)["id"])


def put(api: Api, upload: str, content: bytes, first: int, end: int) -> int:
    """Send up to ``end``; what the node has acknowledged."""
    while first < end:
        path = f"/attachments/uploads/{upload}?offset={first}"
        answer = api.ask("PUT", path, content[first : first + PIECE], "application/octet-stream")
        assert answer.status == 200, answer
        first = int(answer.body["received"])
    return first


def stored(station: Station) -> int:
    """Bytes of contents on a node's disk."""
    return sum(p.stat().st_size for p in (station.root / "attachments").glob("*~*") if p.suffix != ".entry")


def come(station: Station) -> list[Any]:
    """The attachments whose content the node has."""
    api = station.api()
    rows = api.get("/records?kind=attachment")["items"]
    api.close()
    return [row["record"] for row in rows]


def read(station: Station, record_id: str) -> tuple[int, bytes]:
    api = station.api()
    answer = api.raw("GET", f"/attachments/{record_id}/content")
    api.close()
    return answer


@pytest.mark.crash
def test_a_content_survives_kills_of_uploader_giver_and_taker(two: tuple[Station, Station]) -> None:
    us, jp = two
    start(us, jp)
    content = os.urandom(1024) * (SIZE // 1024) + bytes(17)
    upload = begin(jp.api(), jp, SIZE)
    acknowledged = put(jp.api(), upload, content, 0, 3 * PIECE)
    jp.kill()
    start(jp)
    state = jp.api().get(f"/attachments/uploads/{upload}")
    assert state["received"] >= acknowledged, "an acknowledged piece is lost"
    put(jp.api(), upload, content, state["received"], SIZE)
    jp.api().post(f"/attachments/uploads/{upload}/end", {})
    for victim, share in ((us, 0.1), (jp, 0.4), (us, 0.7)):
        wait_for(lambda at=share: stored(us) > at * SIZE, 60, "some of the content to come")  # type: ignore[misc]
        before = stored(us)
        victim.kill()
        start(victim)
        assert stored(us) >= before, "what was stored is asked for again"
    wait_for(lambda: bool(come(us)), 60, "the record to come")
    (record,) = come(us)
    wait_for(lambda: read(us, record["id"])[0] == 200, 60, "the content to come")
    assert read(us, record["id"])[1] == content
    names = sorted(p.name for p in (us.root / "attachments").iterdir() if p.is_file())
    assert len(names) == 2 and names[1] == f"{names[0]}.entry"
    assert len(list((us.root / "keys" / "attachments").iterdir())) == 1
    assert "Traceback" not in us.errors() + jp.errors()
