"""The audit trail over a memory log."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import pytest

from renkei.kernel import audit
from renkei.kernel.audit import AuditTrail
from renkei.kernel.clock import FakeClock
from renkei.kernel.errors import OurFault, Refused
from renkei.kernel.labels.model import Clearance
from renkei.kernel.log.base import Draft
from renkei.kernel.log.memory import MemoryLog
from renkei.kernel.people import Person, Role

NONE = Clearance("p", ())
WATCH = Person(account="watch", post="Watch officer", roles=(Role.WATCH_OFFICER,), clearance=NONE)
OTHER = Person(account="other", post="Liaison", roles=(Role.LIAISON,), clearance=NONE)
NO = Refused(code="person.permission", expected="a permission", came="none", status=403)


class Breaking(MemoryLog):
    """A log whose disk is full while ``broken``."""

    broken = False

    def append(self, drafts: Sequence[Draft], at: datetime, facts: Mapping[str, bytes] | None = None) -> int:
        if self.broken:
            raise OurFault("log.full", "room on the disk", "none")
        return super().append(drafts, at, facts)


@pytest.fixture
def log() -> Breaking:
    return Breaking("renkei/jp.jjoc/audit")


@pytest.fixture
def trail(log: Breaking) -> Iterator[AuditTrail]:
    made = AuditTrail(log, FakeClock(datetime(2022, 9, 18, tzinfo=UTC)))
    yield made
    log.broken = False
    made.close()


def test_what_was_done_and_refused_is_found_newest_first(trail: AuditTrail) -> None:
    trail.done(WATCH, "open_incident", "jp.jjoc/X", "watch-officer")
    trail.flush()
    trail.refused(OTHER, "open_incident", "jp.jjoc/X", NO)
    trail.flush()
    (_, refused), (_, done) = trail.newest(10)
    assert (refused.account, refused.outcome, refused.why, refused.expected, refused.came) == (
        "other",
        "refused",
        "person.permission",
        "a permission",
        "none",
    )
    assert (done.account, done.post, done.outcome) == ("watch", "Watch officer", "done")
    assert done.object == "jp.jjoc/X"


def test_pages_follow_one_another_without_gap_or_overlap(trail: AuditTrail) -> None:
    for n in range(25):
        trail.done(WATCH, "act", str(n))
    trail.flush()
    found: list[str] = []
    before = None
    while page := trail.newest(10, before):
        found += [entry.object for _, entry in page]
        before = page[-1][0]
    assert sorted(found, key=int) == [str(n) for n in range(25)]
    assert len(found) == 25


def test_bulk_appends_become_one_entry_with_ranges(trail: AuditTrail) -> None:
    for first in (0, 1, 2, 10, 11):
        trail.wrote(WATCH, "records.append", first, 1)
    trail.wrote(WATCH, "records.append", 12, 1000)
    trail.wrote(OTHER, "records.append", 5, 2)
    trail.flush()
    by_account = {e.account: e for _, e in trail.newest(10)}
    seqs = [n for a, b in by_account["watch"].seqs for n in range(a, b + 1)]
    assert sorted(seqs) == [0, 1, 2, *range(10, 1012)]
    assert by_account["watch"].count == len(seqs)
    assert by_account["other"].seqs == ((5, 6),)


def test_scattered_ranges_never_grow_an_entry_without_bound(trail: AuditTrail) -> None:
    for n in range(audit.MAX_RANGES * 2 + 1):
        trail.wrote(WATCH, "records.append", n * 2, 1)
    trail.flush()
    entries = [e for _, e in trail.newest(100)]
    assert all(len(e.seqs) <= audit.MAX_RANGES for e in entries)
    assert sum(e.count for e in entries) == audit.MAX_RANGES * 2 + 1


def test_a_flood_of_refusals_is_counted_and_takes_bounded_room(
    trail: AuditTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MAX_WAITING", 10)
    monkeypatch.setattr(audit, "COMMIT_SECONDS", 5.0)
    for n in range(1000):
        trail.refused(None, "GET /records", f"guess {n}", NO)
    assert len(trail._entries) <= 11
    trail.flush()
    assert sum(e.count for _, e in trail.newest(500)) == 1000


def test_equal_refusals_become_one_entry_with_a_count(trail: AuditTrail) -> None:
    for _ in range(7):
        trail.refused(WATCH, "GET /audit", "", NO)
    trail.flush()
    assert sum(e.count for _, e in trail.newest(10)) == 7


def test_what_comes_from_outside_is_cut(trail: AuditTrail) -> None:
    trail.refused(None, "GET /records", "x" * 100_000, NO)
    trail.flush()
    assert len(trail.newest(1)[0][1].object) == audit.MAX_FIELD_CHARS


def test_a_trail_that_cannot_be_written_stops_writers_and_loses_nothing(
    trail: AuditTrail, log: Breaking
) -> None:
    log.broken = True
    trail.done(WATCH, "open_incident", "jp.jjoc/X")
    with pytest.raises(OurFault):
        trail.flush()
    assert trail.failing
    with pytest.raises(OurFault, match=r"audit\.unavailable"):
        trail.check()
    log.broken = False
    trail.flush()
    trail.check()
    assert [e.object for _, e in trail.newest(10)] == ["jp.jjoc/X"]


def test_entries_are_committed_without_anybody_asking(log: Breaking) -> None:
    trail = AuditTrail(log, FakeClock(datetime(2022, 9, 18, tzinfo=UTC)))
    trail.done(WATCH, "open_incident", "jp.jjoc/X")
    trail.close()
    assert log.size == 1
