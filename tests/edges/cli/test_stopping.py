"""Stopping: in order, once and within a bound, at whatever moment and however often one is told to."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import uvloop

from edges.cli.conftest import free_base
from renkei.edges.cli.demo import setup
from renkei.edges.cli.demo.processes import health_at
from renkei.edges.cli.demo.setup import JJOC
from renkei.edges.cli.stopping import Told, stop_in_order

ROOT = Path(__file__).parents[3]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "src")}
PATIENCE = 30.0


def hit(*numbers: int) -> None:
    for number in numbers:
        os.kill(os.getpid(), number)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_is_noted_and_raised_only_where_work_can_be_left() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Told() as told:
        told.check()
    assert signal.getsignal(signal.SIGINT) is before
    with Told() as told:
        hit(signal.SIGINT, signal.SIGTERM, signal.SIGINT)
        assert told.now
        with pytest.raises(KeyboardInterrupt):
            told.check()
    hit(signal.SIGINT)  # on its way out already


@pytest.mark.parametrize("early", [True, False], ids=["told before it waits", "told while it waits"])
def test_a_loop_that_waits_is_woken(early: bool) -> None:
    async def serve(told: Told) -> None:
        if not early:
            asyncio.get_running_loop().call_later(0.1, hit, signal.SIGTERM)
        await asyncio.wait_for(told.wait(), PATIENCE)

    with Told() as told:
        if early:
            hit(signal.SIGTERM)
        uvloop.run(serve(told))
        assert told.now


def test_a_part_that_fails_keeps_no_other_from_stopping() -> None:
    stopped: list[str] = []

    async def stop(name: str) -> None:
        if name == "b":
            raise BrokenPipeError
        stopped.append(name)

    parts = [(name, lambda name=name: stop(name)) for name in "abc"]  # type: ignore[misc]
    assert asyncio.run(stop_in_order(parts, structlog.get_logger())) is False
    assert stopped == ["a", "c"]


def test_a_part_that_hangs_is_named_and_the_process_ends() -> None:
    program = """
        import asyncio, structlog
        from renkei.edges.cli.stopping import stop_in_order
        async def hang(): await asyncio.sleep(600)
        asyncio.run(stop_in_order([("links", hang)], structlog.get_logger(), 0.3))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=ENVIRONMENT,
        capture_output=True,
        timeout=PATIENCE,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "stop took too long" in done.stdout + done.stderr and "links" in done.stdout + done.stderr


# --- a real node ----------------------------------------------------------------------------------------


class Serving:
    """``renkei serve`` in a process group of its own, as a terminal would run it."""

    def __init__(self, root: Path, base: int) -> None:
        self.url = JJOC.url(base)
        self.log = root / "serve.log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "renkei.edges.cli", "serve", "-d", str(root / JJOC.hq)],
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_well(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while (health := health_at(self.url)) is None or not health["ok"]:
            assert self.process.poll() is None and time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def fold(self) -> int:
        """The process that folds."""
        found = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return next(int(pid) for path in found for pid in path.read_text().split())

    def tell(self, number: signal.Signals = signal.SIGINT) -> None:
        """As Ctrl-C does: to everybody in the group."""
        os.killpg(self.process.pid, number)

    def ended(self) -> int:
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"does not stop:\n{self.said()}") from None

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    root, base = tmp_path_factory.mktemp("stop") / "demo", free_base()
    setup.make(root, base, lambda _: None, (JJOC,))
    return root, base


@pytest.mark.parametrize("after", [0.25, 0.6, 0.9, 1.1, 1.3, 1.6, 2.0])
def test_told_while_it_starts_a_node_stops_cleanly(place: tuple[Path, int], after: float) -> None:
    node = Serving(*place)
    time.sleep(after)
    node.tell(signal.SIGTERM)
    # Until the command's first line has run nobody notes a signal; nothing is open then either.
    assert node.ended() in {0, -signal.SIGTERM}, node.said()
    assert node.process.returncode == 0 or not node.said()
    assert "Traceback" not in node.said()


def test_told_twice_is_told_once(place: tuple[Path, int]) -> None:
    node = Serving(*place)
    node.wait_until_well()
    for _ in range(8):
        node.tell()
        time.sleep(0.05)
    assert node.ended() == 0, node.said()
    assert node.said().count('"event": "stopped"') == 1 and '"clean": true' in node.said()
    assert "Traceback" not in node.said()


@pytest.mark.parametrize("after", [0.0, 0.9, 1.1, 1.4], ids=lambda after: f"{after:g} s after")
def test_told_while_the_fold_begins_anew_a_node_stops_cleanly(place: tuple[Path, int], after: float) -> None:
    node = Serving(*place)
    node.wait_until_well()
    os.kill(node.fold(), signal.SIGKILL)
    time.sleep(after)
    node.tell()
    assert node.ended() == 0, node.said()
    assert "Traceback" not in node.said()


def test_a_fold_that_hangs_does_not_keep_its_node(place: tuple[Path, int]) -> None:
    node = Serving(*place)
    node.wait_until_well()
    os.kill(node.fold(), signal.SIGSTOP)
    node.tell(signal.SIGTERM)
    assert node.ended() == 0, node.said()
    assert "fold does not end" in node.said()


def test_a_demo_that_is_interrupted_while_it_starts_leaves_no_node(tmp_path: Path) -> None:
    base = free_base()
    command = [
        sys.executable,
        "-m",
        "renkei.edges.cli",
        "demo",
        str(tmp_path / "d"),
        "--port-base",
        str(base),
    ]
    demo = subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert demo.stderr is not None
    try:
        for line in demo.stderr:
            if "is up at" in line:
                break
        for _ in range(3):
            demo.send_signal(signal.SIGINT)
            time.sleep(0.02)
        demo.communicate(timeout=PATIENCE)
    finally:
        demo.kill()
    assert demo.returncode == 130
    assert all(health_at(f"http://127.0.0.1:{base + place}") is None for place in range(3))
