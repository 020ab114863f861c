"""The node as of a moment: views folded from what the logs held then (ADR 0013).

``Past.at`` gives the views as of a moment, building them when they are first asked for.  A moment is told by
how many entries each log had, so moments between which nothing happened share one file, and a later one
starts from a copy of an earlier one.  Files are kept for a while in ``past/`` of the data folder.

A started node builds in a child process, which is given a ``Task`` on its standard input and ends when it
is done.
"""

import contextlib
import shutil
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..kernel.errors import OurFault
from ..kernel.log.until import LogUntil, Source
from ..kernel.records import Codec
from ..kernel.views import Readers, Resolve, Today, ViewStore
from ..rooms import KINDS, VIEWS
from .config import Folder as DataFolder
from .config import load_policies
from .folding import Orders, open_logs

MAX_KEPT = 6
"""Moments kept ready: a person going back and forth between a few, or stepping through a replay."""
PATIENCE_SECONDS = 20.0
"""How long one asker waits for views to be built; building goes on, and asking again finds them."""

Sizes = tuple[tuple[str, int], ...]


class Moment(NamedTuple):
    """What views are folded from: how many entries of each log, and whose knowledge that is ("" for ours)."""

    partner: str
    sizes: Sizes

    def follows(self, other: "Moment") -> bool:
        """Whether these views can be had by folding on from the other's."""
        before = dict(other.sizes)
        return self.partner == other.partner and all(n >= before.get(s, 0) for s, n in self.sizes)


class Task(msgspec.Struct, frozen=True):
    """What the child is to build: the node's logs, whose knowledge, up to where, in which file."""

    orders: Orders
    partner: str
    sizes: dict[str, int]
    path: str


class _Kept:
    """A moment's views, ready or in the making, and how many are reading them."""

    def __init__(self, path: Path, ready: "Future[ViewStore]") -> None:
        self.path, self.ready, self.users = path, ready, 0


Build = Callable[[Moment, Path], ViewStore]
"""Brings the views in a file, perhaps those of an earlier moment, to a moment; opened for reading."""


class Past:
    """Views as of moments past.  Safe to use from any thread."""

    def __init__(self, folder: Path, build: Build) -> None:
        """``folder`` is emptied: what is left from before may hold what has been recalled since."""
        self._folder, self._build = folder, build
        self._kept: OrderedDict[Moment, _Kept] = OrderedDict()
        self._dropped: list[_Kept] = []
        self._lock = threading.Lock()
        self._builder = ThreadPoolExecutor(1, "renkei-past")
        self._made = 0
        shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def at(self, moment: Moment) -> Iterator[ViewStore]:
        """The views as of ``moment``.  Raises OurFault ``past.building`` when they are not ready in time."""
        kept = self._take(moment)
        try:
            yield kept.ready.result(PATIENCE_SECONDS)
        except TimeoutError:
            raise OurFault("past.building", "views of that moment", "some still being folded") from None
        finally:
            with self._lock:
                kept.users -= 1
            self._tidy()

    def forget(self) -> None:
        """Drop every moment: something in them must be shown no more."""
        with self._lock:
            self._dropped += self._kept.values()
            self._kept.clear()
        self._tidy()

    def close(self) -> None:
        """Drop everything and leave no file behind."""
        self.forget()
        self._builder.shutdown(wait=True)
        self._tidy()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _take(self, moment: Moment) -> _Kept:
        with self._lock:
            kept = self._kept.get(moment)
            if kept is None or (kept.ready.done() and kept.ready.exception() is not None):
                self._made += 1
                path = self._folder / f"{self._made}.db"
                kept = _Kept(path, self._builder.submit(self._make, moment, path))
                self._kept[moment] = kept
            self._kept.move_to_end(moment)
            kept.users += 1
            return kept

    def _make(self, moment: Moment, path: Path) -> ViewStore:
        """In the builder's thread: the views of ``moment``, from a copy of the nearest earlier ones."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock:
            ready = [(m, k) for m, k in self._kept.items() if k.ready.done() and not k.ready.exception()]
            earlier = [(sum(n for _, n in m.sizes), k) for m, k in ready if moment.follows(m)]
            base = max(earlier, key=lambda pair: pair[0])[1] if earlier else None
            if base is not None:
                base.users += 1
        if base is not None:
            try:
                shutil.copyfile(base.path, path)
            finally:
                with self._lock:
                    base.users -= 1
        return self._build(moment, path)

    def _tidy(self) -> None:
        """Close and delete what is dropped, or more than is kept, and read by nobody."""
        with self._lock:
            for moment in list(self._kept)[: max(0, len(self._kept) - MAX_KEPT)]:
                if self._kept[moment].users == 0:
                    self._dropped.append(self._kept.pop(moment))
            gone = [k for k in self._dropped if k.users == 0 and k.ready.done()]
            self._dropped = [k for k in self._dropped if k not in gone]
        for kept in gone:
            if kept.ready.exception() is None:
                kept.ready.result().close()
            for path in kept.path.parent.glob(kept.path.name + "*"):
                path.unlink(missing_ok=True)


def fold_to(store: ViewStore, logs: Mapping[str, Source], sizes: Mapping[str, int]) -> None:
    """Fold the first ``sizes`` entries of ``logs`` into ``store``."""
    store.fold({source: LogUntil(logs[source], size) for source, size in sizes.items()}, sys.maxsize)


def named_by(partner: str, resolve: Resolve) -> Resolve:
    """The way back from the names in what was sent to ``partner``, whatever the source is called."""
    return lambda _, alias: resolve(partner, alias)


class Builder:
    """Has child processes build views, one at a time; ``close`` ends the one at work, from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False

    def build(self, task: Task) -> None:
        """Have a child process build the views.  Raises OurFault if it fails."""
        with self._lock:
            if self._closed:
                raise OurFault("past.failed", "a node that runs", "its end")
            self._child = child = subprocess.Popen(  # noqa: S603 - this very interpreter and module
                [sys.executable, "-m", __package__, "past"],
                stdin=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the node, which then ends its child
            )
        child.communicate(msgspec.json.encode(task))
        if child.returncode:
            raise OurFault(
                "past.failed", "views of that moment", f"a fold that ended with {child.returncode}"
            )

    def close(self) -> None:
        """Build no more."""
        with self._lock:
            self._closed = True
            if self._child is not None:
                self._child.kill()


def main() -> int:
    """In the child: build what standard input asks for; the exit status."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    folder, hq = DataFolder(Path(task.orders.data)), task.orders.hq
    sources, resolve, sent = open_logs(folder, task.orders)
    logs: Mapping[str, Source] = {hq: sent[task.partner]} if task.partner else sources
    names = named_by(task.partner, resolve) if task.partner else resolve
    store = ViewStore(Path(task.path), Codec(KINDS), load_policies(folder), VIEWS, names, hq)
    with contextlib.closing(store):
        store.bind(Today(Readers(folder.views), portions=not task.partner))
        fold_to(store, logs, task.sizes)
    return 0
