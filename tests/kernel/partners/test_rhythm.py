"""When entries leave and how large they look."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.partners import frames
from renkei.kernel.partners.rhythm import LARGE_BUCKET, SMALLEST_BUCKET, Rhythm, bucket
from renkei.kernel.partners.session import Session

START = datetime(2022, 9, 18, 6, 50, tzinfo=UTC)


@given(st.integers(0, 5_000_000))
def test_a_burst_is_padded_to_a_bucket_with_whole_frames(size: int) -> None:
    padded = size + sum(map(len, Session._padding(size)))
    assert padded == bucket(padded) and padded >= size
    assert padded < max(2 * SMALLEST_BUCKET, 2 * size + 10) and padded - size <= LARGE_BUCKET + 5


def test_there_are_few_sizes() -> None:
    assert {bucket(size) for size in range(65_537)} == {1024 << n for n in range(7)}


@given(st.integers(0, 10_000), st.integers(1, 1000))
def test_departures_are_the_lines_of_the_grid_after_the_moment(passed: int, grid: int) -> None:
    now = START + timedelta(milliseconds=passed)
    due, at = Rhythm(grid_ms=grid).departure(now), round(now.timestamp() * 1000)
    assert due % grid == 0 and at < due <= at + grid


@pytest.mark.parametrize(("grid", "beat"), [(-1, 5), (60_001, 5), (10, -1), (10, 3_601)])
def test_what_is_no_rhythm_is_refused(grid: int, beat: int) -> None:
    with pytest.raises(ValueError, match="grid"):
        Rhythm(grid_ms=grid, beat_s=beat)


def test_padding_is_a_frame_of_nothing() -> None:
    data = frames.encode(frames.Padding(7))
    assert list(frames.FrameReader().feed(data)) == [frames.Padding(7)] and data[5:] == bytes(7)
