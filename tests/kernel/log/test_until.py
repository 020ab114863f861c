"""A log as it was at a moment."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.errors import BadInput
from renkei.kernel.log.base import Draft
from renkei.kernel.log.memory import MemoryLog
from renkei.kernel.log.until import LogUntil, size_at

START = datetime(2022, 9, 18, 6, 50, tzinfo=UTC)


def filled(*packs: tuple[int, int]) -> MemoryLog:
    """A log with packs of (seconds after the start, entries)."""
    log = MemoryLog("renkei/jp.jjoc/master")
    for seconds, count in packs:
        drafts = [Draft(b"%d" % n) for n in range(log.size, log.size + count)]
        log.append(drafts, START + timedelta(seconds=seconds))
    return log


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4)), max_size=12),
    st.integers(-1, 70),
)
def test_a_moment_is_the_entries_logged_by_then(steps: list[tuple[int, int]], asked: int) -> None:
    packs, second = [], 0
    for step, count in steps:
        second += step
        packs.append((second, count))
    log, moment = filled(*packs), START + timedelta(seconds=asked)
    assert size_at(log, moment) == sum(count for at, count in packs if at <= asked)


@given(st.integers(0, 9), st.integers(0, 12), st.integers(1, 12))
def test_reading_ends_where_the_moment_does(size: int, first: int, limit: int) -> None:
    log = LogUntil(filled((0, 4), (1, 3), (2, 2)), size)
    read = [entry for pack in log.read(first, limit) for entry in pack.entries]
    assert read == [b"%d" % n for n in range(9)][:size][first : first + limit]


def test_a_prefix_longer_than_the_log_is_refused() -> None:
    with pytest.raises(BadInput, match=r"log\.until"):
        LogUntil(filled((0, 2)), 3)
