"""Partner catch-up after an outage: entries verified, logged durably and receipted, per second.

    python bench/bench_catchup.py [--records 500000] [--bytes 400] [--one-process] [--deflate]

Both ends keep their logs in SQLite files (``synchronous=FULL``).  By default each end is a process of its
own and the frames cross a local socket pair, as two nodes on one machine would do without TLS;
``--one-process`` alternates the ends in one process, which shows what one core does.  The limit beside
it, in the same run: appending the same entries to one log in the same packs and nothing else.
"""

import argparse
import json
import multiprocessing
import resource
import shutil
import socket
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from renkei.kernel.clock import SystemClock
from renkei.kernel.ids import new_id
from renkei.kernel.log.base import Draft
from renkei.kernel.log.checkpoint import NoteSigner
from renkei.kernel.log.commitments import Salts, commitments, said_in
from renkei.kernel.log.sqlite import SqliteLog
from renkei.kernel.partners import Receiver, Sender, Session, sent_origin
from renkei.kernel.partners.chunks import CHUNK_ENTRIES

HQ, PARTNER = "us.usfj", "jp.jjoc"
READ_BYTES = 1024 * 1024


def signer(hq):
    return NoteSigner(f"{hq}/renkei", Ed25519PrivateKey.from_private_bytes(hq.encode().ljust(32, b".")))


def records(count, size):
    """Records as the coordination room writes them, ``size`` bytes each."""
    at = datetime(2022, 9, 18, 8, tzinfo=UTC)
    label = (
        '{"policy":"urn:oid:2.999.840.1","classification":"OFFICIAL","categories":'
        '[{"tag":"Releasable to","type":"permissive","values":["JPN","USA"]}]}'
    )
    for _ in range(count):
        head = f'{{"kind":"log-entry","id":"{new_id(HQ, at)}","label":{label}'
        tail = ',"at":"2022-09-18T08:00:00Z","by":"Watch officer","text":{"text":"%s","lang":"en"}}'
        yield (head + tail % ("x" * max(1, size - len(head) - len(tail) + 2))).encode()


def fill(path, count, size):
    log, salts = SqliteLog(path, sent_origin(HQ, PARTNER), bodied=True), Salts(bytes(32))
    source = records(count, size)
    while batch := list(islice(source, 1000)):
        bodies = salts.bodies(log.size, batch)
        made = zip(commitments(bodies), bodies, strict=True)
        log.append([Draft(entry, body=body) for entry, body in made], datetime.now(UTC))
    log.seal()
    log.close()


def bound(folder, path):
    """Seconds to append the entries of ``path`` to an empty log, a chunk at a time."""
    source = SqliteLog(path, sent_origin(HQ, PARTNER), bodied=True)
    packs = [
        [Draft(e) for p in source.read(n, CHUNK_ENTRIES) for e in said_in(p)]
        for n in range(0, source.size, CHUNK_ENTRIES)
    ]
    source.close()
    target = SqliteLog(folder / "bound.db", "bound")
    begun = time.perf_counter()
    for pack in packs:
        target.append(pack, datetime.now(UTC))
    took = time.perf_counter() - begun
    target.close()
    return took


class End:
    """One node's end, its logs in files."""

    def __init__(self, hq, partner, sent, received, deflate=False):
        clock = SystemClock()
        self.sent = SqliteLog(sent, sent_origin(hq, partner), bodied=True)
        keys = received.with_suffix(".keys")
        self.received = SqliteLog(received, sent_origin(partner, hq), bodied=True, keys=keys)
        me, they = signer(hq), signer(partner).verifier
        self.sender = Sender(self.sent, me, they, hq=hq, partner=partner)
        self.receiver = Receiver(self.received, they, me, print, hq=hq, partner=partner, clock=clock)
        self.session = Session(self.sender, self.receiver, clock, deflate=deflate)


def serve(end, sock, done):
    """Move bytes until ``done`` says so: read what is there, else write."""
    sock.setblocking(True)
    sock.settimeout(0.002)
    out = memoryview(b"")
    while not done(end):
        out = out or memoryview(end.session.bytes_to_send())
        sock.setblocking(False)
        try:
            if out:
                out = out[sock.send(out) :]
        except BlockingIOError:
            pass
        sock.settimeout(0 if out else 0.002)
        try:
            data = sock.recv(READ_BYTES)
        except (BlockingIOError, TimeoutError):
            continue
        if not data:
            return
        end.session.receive(data)


def receiving(folder, sock, count):
    end = End(PARTNER, HQ, folder / "b.sent.db", folder / "b.received.db")
    serve(end, sock, lambda e: False)
    assert end.receiver.have == count, (end.receiver.have, count)
    assert end.received.seal().root == end.receiver.checkpoint.root


def two_processes(folder, count, deflate):
    ours, theirs = socket.socketpair()
    for sock in (ours, theirs):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * 1024 * 1024)
    other = multiprocessing.get_context("fork").Process(target=_child, args=(folder, ours, theirs, count))
    other.start()
    theirs.close()
    end = End(HQ, PARTNER, folder / "a.db", folder / "a.received.db", deflate)
    begun = time.perf_counter()
    serve(end, ours, lambda e: e.sender.received == count)
    took = time.perf_counter() - begun
    ours.close()
    other.join()
    assert other.exitcode == 0
    return took


def _child(folder, ours, theirs, count):
    ours.close()
    receiving(folder, theirs, count)


def one_process(folder, count, deflate):
    a = End(HQ, PARTNER, folder / "a.db", folder / "a.received.db", deflate)
    b = End(PARTNER, HQ, folder / "b.sent.db", folder / "b.received.db")
    begun = time.perf_counter()
    while a.sender.received < count:
        for data in _pieces(a.session.bytes_to_send()):
            b.session.receive(data)
        for data in _pieces(b.session.bytes_to_send()):
            a.session.receive(data)
    took = time.perf_counter() - begun
    assert b.received.seal().root == a.sent.head().root
    return took


def _pieces(data):
    return [data[n : n + READ_BYTES] for n in range(0, len(data), READ_BYTES)]


def cpu():
    """Processor seconds of this process and of those it waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return [u.ru_utime + u.ru_stime for u in usages]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--bytes", type=int, default=400)
    parser.add_argument("--one-process", action="store_true")
    parser.add_argument("--deflate", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path, help="where the logs go; default: a temporary folder")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="catchup-", dir=args.folder))
    try:
        fill(folder / "a.db", args.records, args.bytes)
        limit = bound(folder, folder / "a.db")
        run = one_process if args.one_process else two_processes
        before = cpu()
        took = run(folder, args.records, args.deflate)
        spent = [round((now - then) / args.records * 1e6, 1) for now, then in zip(cpu(), before, strict=True)]
    finally:
        shutil.rmtree(folder)
    result = {
        "what": "partner catch-up: verified, logged, receipted",
        "records": args.records,
        "processes": 1 if args.one_process else 2,
        "rate": round(args.records / took),
        "append_alone_rate": round(args.records / limit),
        "share_of_append_alone": round(limit / took, 2),
        "cpu_microseconds_per_record": dict(zip(("this process", "the other"), spent, strict=True)),
    }
    json.dump(result, sys.stdout, indent=None if args.json else 2)
    print()


if __name__ == "__main__":
    main()
