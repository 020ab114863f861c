"""A change committed at one node until it shows on the partner's live stream.

    python -m bench live

Two ``renkei serve`` processes joined by their TLS link.  Fifty single records a second are posted to
``us.usfj``, each releasable; a reader's stream (``GET /api/v1/stream``) is open at ``jp.jjoc``.  On its way
a change is committed (fsync), released into the log sent (fsync), signed for, carried, verified, committed by
the partner (fsync), folded into its views and told to the stream.

The clock runs from the acknowledgement of the post, which says that it is committed, to the arrival of the
event.  Beside it: from the sending of the post, which holds that commit too.  The limit is what cannot be
undercut: after the acknowledgement the log sent and the log received are each flushed to disk, so two flushes
of a small file, timed in the same run.

Ids differ between the nodes and an event names no text, so events are told apart by order: everything posted
is releasable, hence the n-th in the master log is the n-th in the log received.
"""

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

import msgspec
from bench.common import Figure, figure, quantile
from bench.nodes import Station, log_entry, pair, partner_of, start, wait_for

RATE = 50
RECORD_BYTES = 400
CONNECTIONS = 4
P50_FLOOR_MS, P99_FLOOR_MS = 15.0, 60.0
FLUSHES = 100
DRAIN_SECONDS = 15.0


class Posted(msgspec.Struct, order=True):
    """A change as its author saw it: its number in the master log, when it was sent, when acknowledged."""

    seq: int
    sent: float
    acknowledged: float


class Heard(msgspec.Struct, order=True):
    """A change as the partner's reader heard of it: its number in the log received, and when."""

    seq: int
    at: float


async def listen(jp: Station, heard: list[Heard], open_: asyncio.Event) -> None:
    """Keep the time of every event of a partner's record."""
    reader, writer = await asyncio.open_connection("127.0.0.1", jp.http)
    writer.write(_request(jp, "GET", "/stream"))
    await reader.readuntil(b"\r\n\r\n")
    open_.set()
    decode = msgspec.json.decode
    while line := await reader.readline():
        if line.startswith(b'data: {"id"'):
            at = time.perf_counter()
            event = decode(line[6:])
            if event["source"]:  # its own agreement, which a node logs at its first start, was sent by nobody
                heard.append(Heard(event["seq"], at))


async def write(us: Station, changes: int) -> list[Posted]:
    """Post ``changes`` at a steady rate, each when its time has come, over a few connections."""
    connections = [await asyncio.open_connection("127.0.0.1", us.http) for _ in range(CONNECTIONS)]
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for connection in connections:
        free.put_nowait(connection)
    posted: list[Posted] = []

    async def one(number: int) -> None:
        reader, writer = await free.get()
        line = log_entry(us.shared, f"No. {number} 宮古島冠水", RECORD_BYTES)
        sent = time.perf_counter()
        writer.write(_request(us, "POST", "/records", line))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 201"), head
        seq = msgspec.json.decode(await reader.readuntil(b"}"))["seq"]
        posted.append(Posted(seq, sent, time.perf_counter()))
        free.put_nowait((reader, writer))

    begun, tasks = time.perf_counter(), []
    for number in range(changes):
        await asyncio.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
        tasks.append(asyncio.create_task(one(number)))
    await asyncio.gather(*tasks)
    for _, writer in connections:
        writer.close()
    return posted


def _request(station: Station, method: str, path: str, body: bytes = b"") -> bytes:
    head = (
        f"{method} /api/v1{path} HTTP/1.1\r\nhost: 127.0.0.1:{station.http}\r\n"
        f"authorization: Bearer {station.token}\r\n"
    )
    if body:
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def one_run(us: Station, jp: Station, seconds: float) -> list[tuple[float, float]]:
    """For each change the milliseconds from its acknowledgement, and from its sending, to the event."""
    heard: list[Heard] = []
    open_ = asyncio.Event()
    listening = asyncio.create_task(listen(jp, heard, open_))
    await open_.wait()
    await write(us, RATE)  # a second to warm up
    await _all_heard(heard, RATE)
    heard.clear()
    posted = await write(us, int(seconds * RATE))
    await _all_heard(heard, len(posted))
    listening.cancel()
    pairs = zip(sorted(posted), sorted(heard), strict=True)
    return [((h.at - p.acknowledged) * 1e3, (h.at - p.sent) * 1e3) for p, h in pairs]


async def _all_heard(heard: list[Heard], count: int) -> None:
    until = time.monotonic() + DRAIN_SECONDS
    while len(heard) < count:
        assert time.monotonic() < until, f"{len(heard)} of {count} changes heard"
        await asyncio.sleep(0.01)


def flushes(folder: Path) -> list[float]:
    """Milliseconds of a small write and its flush to disk, as one commit needs."""
    file = os.open(folder / "flush", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    times = []
    for _ in range(FLUSHES):
        begun = time.perf_counter()
        os.write(file, bytes(4096))
        os.fdatasync(file)
        times.append((time.perf_counter() - begun) * 1e3)
    os.close(file)
    return times


def measure(rounds: int, seconds: float) -> list[Figure]:
    """The quantiles over the rounds, each beside two flushes timed between them."""
    runs: list[list[tuple[float, float]]] = []
    two: dict[float, list[float]] = {0.5: [], 0.99: []}
    with tempfile.TemporaryDirectory(prefix="renkei-live-") as name, pair(Path(name)) as (us, jp):
        start(us, jp)
        api = us.api()
        wait_for(lambda: partner_of(api)["link"]["state"] == "up", 30, "the link to be up")
        for _ in range(rounds):
            times = flushes(Path(name))
            for share, kept in two.items():
                kept.append(2 * quantile(times, share))
            runs.append(asyncio.run(one_run(us, jp, seconds)))
    found = []
    for word, share, floor in (("p50", 0.5, P50_FLOOR_MS), ("p99", 0.99, P99_FLOOR_MS)):
        shown = [quantile([t for t, _ in run], share) for run in runs]
        whole = statistics.median(quantile([t for _, t in run], share) for run in runs)
        found.append(
            figure(
                f"committed at A to B's stream, {RATE} changes/s, {word}",
                shown,
                "ms",
                limits=two[share],
                beside=f"two flushes to disk, {word}",
                floor=floor,
                at_most=True,
                note=f"{whole:.1f} ms from sending the post",
            )
        )
    return found


def figures(small: bool) -> list[Figure]:
    """Everything about live changes."""
    return measure(2, 4) if small else measure(3, 20)
