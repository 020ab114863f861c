"""The fold in a process of its own, so that showing never holds up acknowledging.

Python runs one thread at a time in a process, and folding is work for Python: beside the fold in one process
an append waited for its turn (measured: a fifth of the rate, ADR 0003).  So a running node leaves
the views' file to a child process of lower priority, which reads the logs, folds, and says what each
commit came to; the node itself only reads the file (``ViewStore.follow``).

To the child go, on its standard input, lines: its ``Orders``, then an empty one whenever a log has grown, or
``Orders`` with a partner taken up since; the input's end is its order to stop, so it never outlives the
node, however that died.  From it come ``Step`` values, msgpack, each after its length in four bytes.  A child
that was killed is started anew and goes on where its last commit was; one that failed by itself would fail
again, so it stays down for all to see.
"""

import contextlib
import fcntl
import gc
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import msgspec
import structlog

from ..kernel.errors import OurFault
from ..kernel.log.base import Log
from ..kernel.log.sqlite import SqliteLog
from ..kernel.log.until import Source
from ..kernel.partners import Aliases
from ..kernel.partners.passed_on import PassedOn, Whole
from ..kernel.records import Codec
from ..kernel.views import OWN, Folder, Resolve, Step, ViewStore
from ..rooms import KINDS, VIEWS
from .config import Folder as DataFolder
from .config import load_policies, open_log

NICENESS = 5
"""Below whatever acknowledges and answers: a third of its share of a busy core, all of an idle one."""
GC_THRESHOLD = 500_000
"""A batch makes hundreds of thousands of short-lived objects and no cycles; Python's 700 looks in vain."""
TAKEOVER_SECONDS = 30.0
"""How long a new child waits for one that is finishing its last batch to let go of the file."""
LISTEN_SECONDS = 0.5
"""How soon the child notices that its own fold has failed."""
RESTART_PAUSE = 1.0
"""Seconds before a killed child is started anew, so that what kills it at once costs little."""
LEARN_SECONDS = 5.0
"""How long a child may leave its input unread: it looks between two batches, of two seconds at most."""
LEARN_PAUSE = 0.02
FOLD_STOP_SECONDS = 6.0
"""How long a child may take over its last batch, of two seconds on a machine with time for it."""
_LENGTH_BYTES = 4
_log = structlog.get_logger("renkei.fold")


class Orders(msgspec.Struct, frozen=True):
    """What the child is to fold: the data folder, whose it is, and the partners' alias keys."""

    data: str
    hq: str
    alias_keys: dict[str, bytes]


class FoldProcess:
    """The child, as the node sees it; stands in for ``views.Folder``."""

    def __init__(self, store: ViewStore, orders: Callable[[], Orders]) -> None:
        """``orders`` is asked at each start of the child."""
        self._store, self._orders = store, orders
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follow-fold", daemon=True)
        self._told = threading.Lock()

    def start(self) -> None:
        """Hand the views over to a child and begin to follow it."""
        self._store.follow()
        self._begin()
        self._thread.start()

    def notify(self) -> None:
        """A log has grown.  Cheap; from any thread."""
        child = self._child
        if child is None or child.stdin is None:
            return
        with self._told:
            try:
                os.write(child.stdin.fileno(), b"\n")
            except (BlockingIOError, BrokenPipeError, ValueError):
                # A full pipe has woken it already; a broken one is the following thread's business.
                return

    def learn(self, hq: str) -> None:
        """A partner has been taken up: its log is to be folded too.  From any thread.

        Raises OurFault if the child does not hear of it, which a child started anew would have.
        """
        orders = self._orders()
        known = msgspec.structs.replace(orders, alias_keys={hq: orders.alias_keys[hq]})
        line = msgspec.json.encode(known) + b"\n"
        assert len(line) <= select.PIPE_BUF  # so that it goes whole or not at all
        deadline = time.monotonic() + LEARN_SECONDS
        while not self._write(line):
            if time.monotonic() > deadline:
                raise OurFault(
                    "fold.deaf", f"a fold that hears within {LEARN_SECONDS:g} s", "one that does not"
                )
            time.sleep(LEARN_PAUSE)

    def _write(self, line: bytes) -> bool:
        """Whether the child was told, or need not be: one that has ended is followed by one that knows."""
        with self._told:
            child = self._child
            if child is None or child.stdin is None or child.stdin.closed:
                return True
            try:
                return os.write(child.stdin.fileno(), line) == len(line)
            except BlockingIOError:
                return False
            except BrokenPipeError:
                return True

    def stop(self) -> None:
        """Have the child finish its batch and end."""
        self._stopping.set()
        with self._told:
            child = self._child
            if child is not None:
                _let_go(child)
        if not self._thread.is_alive():
            return
        self._thread.join(FOLD_STOP_SECONDS)
        with self._told:
            child = self._child
        if self._thread.is_alive() and child is not None:
            _log.error("fold does not end", pid=child.pid, seconds=FOLD_STOP_SECONDS)
            child.kill()  # its commits stand; the next start goes on from the last one
            self._thread.join()

    def _begin(self) -> None:
        """Start a child, unless it is too late for one."""
        child = subprocess.Popen(  # noqa: S603 - this very interpreter and module
            [sys.executable, "-m", __package__, "fold"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the node, which then ends its child in order
        )
        assert child.stdin is not None
        orders = self._orders()
        with contextlib.suppress(BrokenPipeError):  # it is dead already, which whoever follows it will see
            child.stdin.write(msgspec.json.encode(orders) + b"\n")
            child.stdin.flush()
        os.set_blocking(child.stdin.fileno(), False)
        with self._told:
            self._child = child
            if self._stopping.is_set():
                _let_go(child)
        for hq in self._orders().alias_keys.keys() - orders.alias_keys.keys():
            self.learn(hq)  # taken up while this child began, and told to the one before it

    def _run(self) -> None:
        try:
            self._follow()
        except BaseException as err:  # whatever it was, views that stand still must be seen to stand still
            self._store.fail(f"following the fold: {type(err).__name__}")
            raise

    def _follow(self) -> None:
        """Follow the child to its end; start another if it was killed."""
        while True:
            assert self._child is not None and self._child.stdout is not None
            for step in steps_from(self._child.stdout):
                self._store.take(step)
            code = self._child.wait()
            if self._stopping.is_set():
                return
            if code >= 0:
                _log.error("fold ended", status=code)
                self._store.fail(f"the fold ended by itself with status {code}")
                return
            _log.error("fold killed", signal=-code)
            if self._stopping.wait(RESTART_PAUSE):
                return
            self._begin()


def _let_go(child: "subprocess.Popen[bytes]") -> None:
    """Close its input, which is its order to stop; one that has died has stopped."""
    with contextlib.suppress(OSError):
        if child.stdin is not None:
            child.stdin.close()


def steps_from(stream: IO[bytes]) -> Iterator[Step]:
    """The steps in ``stream``, up to its end; a last one cut short is dropped, for it was not all said."""
    decoder = msgspec.msgpack.Decoder(Step)
    while len(head := stream.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
        size = int.from_bytes(head)
        if len(body := stream.read(size)) == size:
            yield decoder.decode(body)


# --- in the child ------------------------------------------------------------------------------------


def main() -> int:
    """Fold until standard input ends; the exit status."""
    os.nice(NICENESS)
    gc.set_threshold(GC_THRESHOLD)
    said, sys.stdout = sys.stdout.buffer, sys.stderr  # nothing else may stand between the steps
    heard = Heard(sys.stdin.fileno())
    orders = heard.orders()
    folder = DataFolder(Path(orders.data))
    with sole_writer(folder.views):
        logs = FoldedLogs(folder, orders)
        store = ViewStore(folder.views, Codec(KINDS), load_policies(folder), VIEWS, logs.resolve, orders.hq)
        # First of all where the file stands: a predecessor may have committed what nobody followed.
        _say(store.standing(), said)
        store.on_step(lambda step: _say(step, said))
        threads = Folder(store, lambda: logs.sources)
        threads.start()
        while not store.failure and _told(heard, threads, logs):
            pass
        threads.stop()
        failed = store.failure
        store.close()
    if failed:
        _log.error("fold failed", reason=failed)
    return 1 if failed else 0


class Opened(NamedTuple):
    """The logs to fold, read only; the way back from partners' names for our records; the logs sent."""

    sources: Mapping[str, Source]
    resolve: Resolve
    sent: Mapping[str, Log]


def open_logs(folder: DataFolder, orders: Orders) -> Opened:
    """What a fold in a process of its own needs."""
    logs = FoldedLogs(folder, orders)
    return Opened(logs.sources, logs.resolve, logs.sent)


class FoldedLogs:
    """The logs that are folded, read only; partners may come while they are."""

    def __init__(self, folder: DataFolder, orders: Orders) -> None:
        self._folder, self._hq = folder, orders.hq
        log = self._log("master", f"renkei/{orders.hq}/master")
        self.master = Whole(log, PassedOn(folder.shred_file("master"), Codec(KINDS), read_only=True))
        self.sources: dict[str, Source] = {OWN: self.master}
        self.sent: dict[str, Log] = {}
        self._aliases: dict[str, Aliases] = {}
        self.learn(orders)

    def learn(self, orders: Orders) -> None:
        """Fold the logs of these partners, too; those known already stay as they are."""
        for hq, key in orders.alias_keys.items():
            if hq in self.sources:
                continue
            received = self._log(f"{hq}.received", f"renkei/{hq}/{self._hq}")
            sent = self._log(f"{hq}.sent", f"renkei/{self._hq}/{hq}")
            self.sent = {**self.sent, hq: sent}
            self._aliases = {**self._aliases, hq: Aliases(sent, key)}
            self.sources = {**self.sources, hq: received}  # last: from then on it is folded

    def resolve(self, source: str, alias: str) -> str | None:
        """Our id behind the name that the partner ``source`` uses, or None."""
        known = self._aliases.get(source)
        return known.resolve(alias) if known is not None else None

    def _log(self, name: str, origin: str) -> SqliteLog:
        return open_log(self._folder, name, origin, read_only=True)


class Heard:
    """Lines on a file descriptor, as they come; nothing is read beyond what is handed on."""

    def __init__(self, fd: int) -> None:
        self._fd, self._rest, self._lines = fd, b"", list[bytes]()

    def orders(self) -> Orders:
        """The first line, waited for.  Raises OurFault if none comes."""
        while not self._lines:
            if not self._read():
                raise OurFault("fold.orders", "orders for a fold", "none")
        return msgspec.json.decode(self._lines.pop(0), type=Orders)

    def lines(self) -> list[bytes] | None:
        """Whatever has come, after a short wait for it; None when there will be nothing any more."""
        if not self._lines:
            ready, _, _ = select.select([self._fd], [], [], LISTEN_SECONDS)
            if ready and not self._read():
                return None
        came, self._lines = self._lines, []
        return came

    def _read(self) -> bool:
        more = os.read(self._fd, 65536)
        *lines, self._rest = (self._rest + more).split(b"\n")
        self._lines += lines
        return bool(more)


def _told(heard: Heard, folder: Folder, logs: FoldedLogs) -> bool:
    """Wait a little for word from the node and act on it; False when there will be none any more."""
    lines = heard.lines()
    for line in filter(None, lines or ()):
        logs.learn(msgspec.json.decode(line, type=Orders))
    if lines:
        folder.notify()
    return lines is not None


def _say(step: Step, stream: IO[bytes]) -> None:
    body = msgspec.msgpack.encode(step)
    try:
        stream.write(len(body).to_bytes(_LENGTH_BYTES) + body)
        stream.flush()
    except BrokenPipeError:
        # The node is gone, and what was folded is committed: end at once, whichever thread this is.
        os._exit(0)


@contextmanager
def sole_writer(views: Path) -> Iterator[None]:
    """Hold the views' file alone; wait for a predecessor to finish.  Raises OurFault if it does not."""
    deadline = time.monotonic() + TAKEOVER_SECONDS
    with views.with_name(views.name + ".lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise OurFault("views.locked", "no other fold at work", "one that does not end") from None
                time.sleep(0.05)
        yield
