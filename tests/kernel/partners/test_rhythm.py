"""When entries leave and how large they look."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.partners.world import Pair
from renkei.kernel.partners import frames
from renkei.kernel.partners.contents import NoContents, Wanted
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


class Held(NoContents):
    """Gives bytes of any content, and from some moment on wants one of the partner's."""

    wants = False

    def piece(self, seq: int, offset: int, count: int) -> bytes:
        return bytes(count)

    def wanted(self) -> Wanted | None:
        return Wanted(7, 0, 40_000) if self.wants else None


def departures(busy: int) -> list[tuple[int, bytes]]:
    """What a node sends, and at which millisecond, that was ``busy`` so long after FETCH came."""
    pair, held = Pair(), Held()
    pair.exchange()
    pair.usfj.session = Session(
        pair.usfj.sender, pair.usfj.receiver, pair.clock, rhythm=Rhythm(grid_ms=10, beat_s=0), contents=held
    )
    pair.jjoc.connect()
    pair.exchange()
    pair.clock.advance(timedelta(milliseconds=13))
    held.wants = True
    pair.usfj.session.receive(frames.encode(frames.Fetch(0, 0, 100_000)))
    sent = []
    for at in range(40):
        if at >= busy and (data := pair.usfj.session.bytes_to_send()):
            sent.append((at, data))
        pair.clock.advance(timedelta(milliseconds=1))
    return sent


def test_how_busy_a_node_was_shows_neither_in_when_contents_leave_nor_in_when_they_are_asked_for() -> None:
    sent = departures(0)
    assert [departures(busy) for busy in (2, 4, 6)] == [sent] * 3
    kinds = [(at, type(frame).__name__) for at, data in sent for frame in frames.FrameReader().feed(data)]
    assert {at % 10 for at, _ in kinds} == {7}, "the lines of the grid after the thirteenth millisecond"
    assert {name for _, name in kinds} == {"Content", "Fetch"}
