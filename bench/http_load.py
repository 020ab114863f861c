"""A lean load client for ``POST /api/v1/records``: raw sockets on uvloop, requests built beforehand.

Run as a process of its own (``python http_load.py HOST PORT TOKEN LABEL MODE SECONDS``) so that it shares
nothing with the node but the machine.  Prints one JSON object: rates and latency quantiles.
"""

import asyncio
import json
import sys
import time

import uvloop

BATCH = 1_000
CONNECTIONS = 256
IN_FLIGHT = 3


def record(label: dict, size: int = 400) -> bytes:
    """A log entry whose *logged* form is about ``size`` bytes."""
    body = {
        "kind": "log-entry",
        "label": label,
        "happened_at": "2022-09-18T15:49:00Z",
        "text": {"text": "", "lang": "ja"},
        "channel": "voice",
        "priority": "routine",
    }
    stamped = 120  # id, at, by
    spare = size - stamped - len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
    body["text"]["text"] = "宮古島冠水 " + "x" * max(0, spare - 16)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def request(host: str, token: str, media: str, body: bytes) -> bytes:
    head = (
        f"POST /api/v1/records HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n"
        f"content-type: {media}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Caller(asyncio.Protocol):
    """One connection that sends the same request again as soon as it is answered."""

    def __init__(self, sent: bytes, until: float, taken: list[float]) -> None:
        self.sent, self.until, self.taken = sent, until, taken
        self.done = asyncio.get_running_loop().create_future()
        self.failed: bytes | None = None
        self.got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.fire()

    def fire(self) -> None:
        self.started = time.perf_counter()
        self.transport.write(self.sent)

    def data_received(self, data: bytes) -> None:
        self.got += data
        if not self.got.endswith(b"}"):
            return
        now = time.perf_counter()
        if not self.got.startswith(b"HTTP/1.1 201"):
            self.failed = self.got
            self.finish()
            return
        self.got = b""
        self.taken.append(now - self.started)
        if now < self.until:
            self.fire()
        else:
            self.finish()

    def connection_lost(self, exc: Exception | None) -> None:
        self.finish()

    def finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
            self.transport.close()


async def load(host: str, port: int, sent: bytes, connections: int, seconds: float, per_request: int) -> dict:
    taken: list[float] = []
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    callers = [Caller(sent, started + seconds, taken) for _ in range(connections)]
    await asyncio.gather(*(loop.create_connection(lambda c=c: c, host, port) for c in callers))
    await asyncio.gather(*(c.done for c in callers))
    spent = time.perf_counter() - started
    failed = [c.failed for c in callers if c.failed]
    if failed or not taken:
        raise SystemExit(f"refused: {failed[:1]!r}")
    taken.sort()
    return {
        "requests": len(taken),
        "records_per_s": round(len(taken) * per_request / spent),
        "p50_ms": round(taken[len(taken) // 2] * 1000, 2),
        "p99_ms": round(taken[int(len(taken) * 0.99)] * 1000, 2),
    }


async def main(host: str, port: int, token: str, label: str, mode: str, seconds: float) -> None:
    line = record(json.loads(label))
    name = f"{host}:{port}"
    single = request(name, token, "application/json", line)
    batch = request(name, token, "application/x-ndjson", b"\n".join([line] * BATCH) + b"\n")
    sent, connections, per_request = {
        "batch": (batch, 1, BATCH),
        "batches": (batch, IN_FLIGHT, BATCH),
        "concurrent": (single, CONNECTIONS, 1),
        "one": (single, 1, 1),
    }[mode]
    await load(host, port, sent, connections, min(seconds, 1.0), per_request)
    print(json.dumps(await load(host, port, sent, connections, seconds, per_request)))


if __name__ == "__main__":
    host, port, token, label, mode, seconds = sys.argv[1:]
    uvloop.run(main(host, int(port), token, label, mode, float(seconds)))
