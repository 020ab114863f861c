"""Batches hashed by a child come to what they come to here, whatever becomes of the child."""

import os
import signal
import time
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.log import hashing
from renkei.kernel.log.hashing import WORTH_SENDING, HashProcess, hash_here
from renkei.kernel.log.merkle import Frontier


@pytest.fixture(scope="module")
def process() -> Iterator[HashProcess]:
    made = HashProcess()
    made(Frontier(), entries(WORTH_SENDING))  # the batch with which the child begins
    yield made
    made.close()


def entries(count: int, seed: int = 0) -> list[bytes]:
    random = Random(seed)
    return [random.randbytes(random.randrange(900)) for _ in range(count)]


def child_of(process: HashProcess) -> int:
    assert process._child is not None
    return process._child.pid


@given(before=st.integers(0, 3000), count=st.integers(0, 2000))
def test_a_child_tells_the_rows_that_hashing_here_does(process: HashProcess, before: int, count: int) -> None:
    edge = Frontier()
    edge.extend([bytes(32)] * before)
    batch = entries(count)
    assert process(edge, batch) == hash_here(edge, batch)
    assert edge.size == before


def test_large_batches_are_hashed_by_the_child(process: HashProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = hash_here(Frontier(), entries(2000))
    monkeypatch.setattr(hashing, "hash_here", None)
    assert process(Frontier(), entries(2000)) == expected


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_child_that_dies_or_stands_still_is_replaced(
    process: HashProcess, how: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, first = entries(WORTH_SENDING), child_of(process)
    expected = hash_here(Frontier(), batch)
    assert process._line is not None
    process._line.settimeout(0.2)
    os.kill(first, how)
    assert process(Frontier(), batch) == expected
    assert process(Frontier(), batch) == expected
    assert child_of(process) != first
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    monkeypatch.setattr(hashing, "hash_here", None)
    assert process(Frontier(), batch) == expected


def test_a_closed_one_hashes_here_and_leaves_no_child() -> None:
    process = HashProcess()
    process(Frontier(), entries(WORTH_SENDING))
    pid = child_of(process)
    process.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert process(Frontier(), entries(WORTH_SENDING)) == hash_here(Frontier(), entries(WORTH_SENDING))
    assert process._child is None


def test_a_child_ends_with_its_parent() -> None:
    process = HashProcess()
    process(Frontier(), entries(WORTH_SENDING))
    assert process._line is not None
    assert process._child is not None
    process._line.close()
    assert process._child.wait(10) == 0


def test_a_child_that_cannot_be_started_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(hashing.subprocess, "Popen", refuse)
    process = HashProcess()
    for _ in range(2):
        started = time.monotonic()
        assert process(Frontier(), entries(WORTH_SENDING)) == hash_here(Frontier(), entries(WORTH_SENDING))
        assert time.monotonic() - started < hashing.ANSWER_SECONDS
    process.close()
