import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from renkei.kernel.clock import FakeClock
from renkei.kernel.errors import OurFault, RenkeiError, StaleVersion
from renkei.kernel.log import writer as module
from renkei.kernel.log.base import Draft
from renkei.kernel.log.memory import MemoryLog
from renkei.kernel.log.sqlite import SqliteLog
from renkei.kernel.log.writer import GroupWriter

CLOCK = FakeClock(datetime(2022, 9, 18, 6, 5, 4, tzinfo=UTC))


class HeldLog(MemoryLog):
    """A log whose disk answers only when told."""

    def __init__(self) -> None:
        super().__init__("held")
        self.may_commit = threading.Event()
        self.taken = threading.Event()
        self.commits: list[int] = []
        self.fault: Exception | None = None

    def append_groups(self, groups: Sequence[Sequence[Draft]], at: datetime) -> list[int | Exception]:
        self.taken.set()
        assert self.may_commit.wait(10)
        if self.fault is not None:
            raise self.fault
        self.commits.append(len(groups))
        return super().append_groups(groups, at)


def draft(text: str = "x") -> list[Draft]:
    return [Draft(text.encode())]


def test_what_gathers_while_the_disk_works_is_committed_together() -> None:
    log = HeldLog()
    writer = GroupWriter(log, CLOCK)
    first = writer.submit(draft())
    assert log.taken.wait(10)
    others = [writer.submit(draft()) for _ in range(50)]
    log.may_commit.set()
    assert first.result(10) == 0
    assert [other.result(10) for other in others] == list(range(1, 51))
    assert log.commits == [1, 50]
    writer.close()


def test_concurrent_submissions_all_become_durable_once_each(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db", "o")
    writer = GroupWriter(log, CLOCK)
    numbers: list[int] = []

    def submit(name: int) -> None:
        numbers.extend([writer.submit(draft(f"{name} {place}")).result(30) for place in range(40)])

    threads = [threading.Thread(target=submit, args=(name,)) for name in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    assert sorted(numbers) == list(range(640)) and log.size == 640
    log.close()


def test_a_stale_submission_falls_alone() -> None:
    log = HeldLog()
    writer = GroupWriter(log, CLOCK)
    held = writer.submit(draft())
    assert log.taken.wait(10)
    answers = [
        writer.submit([Draft(b"k", "k", 1)]),
        writer.submit([Draft(b"k", "k", 1)]),
        writer.submit(draft()),
    ]
    log.may_commit.set()
    assert (held.result(10), answers[0].result(10), answers[2].result(10)) == (0, 1, 2)
    with pytest.raises(StaleVersion):
        answers[1].result(10)
    writer.close()


def test_a_full_queue_refuses_at_once_and_the_queued_still_land(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_QUEUED", 3)
    log = HeldLog()
    writer = GroupWriter(log, CLOCK)
    first = writer.submit(draft())
    assert log.taken.wait(10)
    queued = [writer.submit(draft()) for _ in range(3)]
    with pytest.raises(OurFault, match=r"log\.busy: expected at most 3 appends waiting"):
        writer.submit(draft()).result(0)
    log.may_commit.set()
    assert [answer.result(10) for answer in (first, *queued)] == [0, 1, 2, 3]
    assert writer.submit(draft()).result(10) == 4
    writer.close()


def test_the_queue_is_bounded_in_bytes_too_but_takes_one_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_QUEUED_BYTES", 100)
    log = HeldLog()
    writer = GroupWriter(log, CLOCK)
    writer.submit(draft())
    assert log.taken.wait(10)
    large = writer.submit(draft("x" * 500))
    with pytest.raises(OurFault, match=r"log\.busy: expected at most 100 bytes"):
        writer.submit(draft()).result(0)
    log.may_commit.set()
    assert large.result(10) == 1
    writer.close()


def test_one_commit_takes_no_more_than_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_COMMIT_ENTRIES", 10)
    monkeypatch.setattr(module, "MAX_COMMIT_BYTES", 40)
    log = HeldLog()
    writer = GroupWriter(log, CLOCK)
    writer.submit(draft())
    assert log.taken.wait(10)
    answers = [writer.submit(draft("ab")) for _ in range(15)]
    answers += [writer.submit(draft("x" * 30)) for _ in range(3)]
    answers.append(writer.submit(draft("x" * 100)))
    log.may_commit.set()
    assert [answer.result(10) for answer in answers] == list(range(1, 20))
    assert log.commits == [1, 10, 6, 1, 1, 1]
    writer.close()


def test_callers_are_answered_before_listeners_hear_of_the_commit() -> None:
    log = HeldLog()
    writer = GroupWriter(log, CLOCK)
    heard: list[object] = []
    writer.on_commit(lambda first, count: heard.append((first, count)))
    writer.submit_nowait(draft(), heard.append)
    assert log.taken.wait(10)
    writer.submit_nowait(draft() * 2, heard.append)
    writer.submit_nowait([Draft(b"k", "k", 9)], lambda answer: heard.append(type(answer)))
    writer.submit_nowait(draft(), heard.append)
    log.may_commit.set()
    writer.close()
    assert heard == [0, (0, 1), 1, StaleVersion, 3, (1, 3)]


def test_a_failed_disk_is_told_to_every_caller_of_that_commit_and_the_next_may_succeed() -> None:
    log = HeldLog()
    log.fault = OurFault("log.full", "room", "none")
    log.may_commit.set()
    writer = GroupWriter(log, CLOCK)
    with pytest.raises(OurFault, match=r"log\.full"):
        writer.submit(draft()).result(10)
    log.fault = None
    assert writer.submit(draft()).result(10) == 0
    writer.close()


def test_a_callback_that_breaks_leaves_the_others_answered() -> None:
    log = HeldLog()
    writer = GroupWriter(log, CLOCK)
    writer.submit_nowait(draft(), lambda answer: 1 / 0)
    assert log.taken.wait(10)
    writer.submit_nowait(draft(), lambda answer: 1 / 0)
    sound = writer.submit(draft())
    log.may_commit.set()
    assert sound.result(10) == 2
    assert writer.submit(draft()).result(10) == 3
    writer.close()


def test_closing_drains_the_queue_and_takes_no_more() -> None:
    log = HeldLog()
    writer = GroupWriter(log, CLOCK)
    answers = [writer.submit(draft()) for _ in range(100)]
    log.may_commit.set()
    writer.close()
    assert sorted(answer.result(0) for answer in answers) == list(range(100))
    with pytest.raises(RenkeiError, match=r"log\.closed"):
        writer.submit(draft()).result(0)
