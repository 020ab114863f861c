"""The real exchange over real sockets, beside a busy event loop, and by courier."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import uvloop

from kernel.partners.world import JJOC, USFJ, End, entries_of
from kernel.partners.world import entry as record
from renkei.edges.links import peek_courier_file, read_courier_file, write_courier_file
from renkei.kernel.clock import SystemClock
from renkei.kernel.errors import BadInput, Unreachable
from renkei.kernel.partners import Session

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def ends(station):
    """Two stations with the real logs and sessions, joined by a link that is up."""
    usfj, jjoc = station(USFJ), station(JJOC)
    here, there = End(USFJ, JJOC, SystemClock()), End(JJOC, USFJ, SystemClock())
    usfj.make_session = lambda: Session(here.sender, here.receiver, here.clock)
    jjoc.make_session = lambda: Session(there.sender, there.receiver, there.clock)
    port = usfj.open(jjoc.entry("listen"), port=0)
    jjoc.open(usfj.entry("dial", port))
    jjoc.wait_state(USFJ, "up")
    usfj.wait_state(JJOC, "up")
    return usfj, jjoc, here, there


def test_logs_end_equal_and_receipted_after_a_cut(ends):
    usfj, jjoc, here, there = ends
    here.log(*(record(n) for n in range(3000)))
    usfj.links.notify(JJOC)
    jjoc.wait(lambda: there.received.size > 0, lambda: "some entries")
    jjoc.links.switch_off(USFJ, "rehearsal")
    usfj.wait_state(JJOC, "down")
    here.log(*(record(n) for n in range(3000, 6000)))
    there.log(*(record(n, JJOC) for n in range(500)))
    back = time.monotonic()
    jjoc.links.switch_on(USFJ)
    usfj.wait(lambda: here.received.size > 0, lambda: "the first entries after the cut")
    assert time.monotonic() - back < 1.0
    usfj.wait(lambda: here.sender.received == 6000, lambda: "a receipt for all")
    jjoc.wait(lambda: there.sender.received == 500, lambda: "a receipt for all")
    assert entries_of(there.received) == entries_of(here.sent)
    assert entries_of(here.received) == entries_of(there.sent)


def test_a_change_crosses_while_an_event_loop_is_at_work(ends):
    """Links stand beside the HTTP server's loop (uvloop), neither waiting for the other."""
    usfj, _, here, there = ends

    async def busy() -> list[float]:
        took = []
        for n in range(30):
            started = time.monotonic()
            here.log(record(n))
            usfj.links.notify(JJOC)
            while there.received.size <= n:
                await asyncio.sleep(0.0005)
            took.append(time.monotonic() - started)
        return took

    with ThreadPoolExecutor(1) as thread:  # one in which no other test has left a loop
        took = sorted(thread.submit(lambda: uvloop.run(busy())).result())
    assert took[len(took) // 2] < 0.05  # the bench measures the real figure; this catches a lost wake-up


def test_a_courier_carries_what_a_link_would(tmp_path):
    here, there = End(USFJ, JJOC, SystemClock()), End(JJOC, USFJ, SystemClock())
    here.log(*(record(n) for n in range(200)))
    seen = []
    size = write_courier_file(tmp_path / "parcel", here.sender, here.receiver, NOW, progress=seen.append)
    assert size == (tmp_path / "parcel").stat().st_size == seen[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["parcel"]
    parcel = peek_courier_file(tmp_path / "parcel")
    assert (parcel.sender, parcel.recipient, parcel.first, parcel.size) == (USFJ, JJOC, 0, 200)
    imported = read_courier_file(tmp_path / "parcel", there.sender, there.receiver)
    assert (imported.logged, imported.whole, imported.faults) == (200, True, ())
    assert entries_of(there.received) == entries_of(here.sent)
    again = read_courier_file(tmp_path / "parcel", there.sender, there.receiver)
    assert (again.logged, again.whole) == (0, True)


def test_a_courier_file_is_never_written_over(tmp_path):
    here = End(USFJ, JJOC, SystemClock())
    here.log(record(0))
    (tmp_path / "parcel").write_bytes(b"somebody's")
    with pytest.raises(BadInput, match=r"courier.exists"):
        write_courier_file(tmp_path / "parcel", here.sender, here.receiver, NOW)
    assert (tmp_path / "parcel").read_bytes() == b"somebody's"


def test_a_disk_that_fails_leaves_no_file_and_nothing_counts_as_sent(tmp_path):
    here = End(USFJ, JJOC, SystemClock())
    here.log(record(0))
    with pytest.raises(Unreachable, match=r"courier.write"):
        write_courier_file(tmp_path / "absent" / "parcel", here.sender, here.receiver, NOW)
    assert here.sender.positions.sent == 0

    def pulled_out(written: int) -> None:
        raise OSError(5, "Input/output error")

    with pytest.raises(Unreachable, match=r"courier.write.*Input/output error"):
        write_courier_file(tmp_path / "parcel", here.sender, here.receiver, NOW, progress=pulled_out)
    assert list(tmp_path.iterdir()) == []
    assert here.sender.positions.sent == 0


@pytest.mark.parametrize("data", [b"", b"not a parcel", b"\x00" * 100])
def test_a_file_that_is_no_parcel_is_bad_input(tmp_path, data):
    there = End(JJOC, USFJ, SystemClock())
    (tmp_path / "parcel").write_bytes(data)
    with pytest.raises(BadInput, match=r"courier.form"):
        read_courier_file(tmp_path / "parcel", there.sender, there.receiver)
    with pytest.raises(BadInput, match=r"courier.form"):
        peek_courier_file(tmp_path / "parcel")


def test_a_missing_file_is_unreachable(tmp_path):
    with pytest.raises(Unreachable, match=r"courier.read"):
        peek_courier_file(tmp_path / "absent")
