"""What was passed on at rest: as large as what travels, whole again to the byte, forgotten with its key."""

from pathlib import Path

import pytest

from kernel.partners.test_release import CODEC, OPEN, own
from kernel.partners.world import JJOC, START
from renkei.kernel.errors import BadInput
from renkei.kernel.log.base import Draft
from renkei.kernel.log.memory import MemoryLog
from renkei.kernel.partners.passed_on import PassedOn, Whole
from renkei.kernel.partners.records import Onward
from renkei.kernel.records import MAX_AT_REST_BYTES, MAX_RECORD_BYTES


def passing_on(size: int, sealed: str = "") -> Onward:
    """A record that passes on a rendition of ``size`` bytes."""
    rendition = '{"kind":"note","text":"' + "x" * size
    return Onward(
        id=own(1),
        label=OPEN,
        at=START,
        by="Disclosure officer",
        originator=JJOC,
        rendition=(rendition + '"}') if not sealed else "{}",
        sealed=sealed,
    )


def largest() -> Onward:
    """As large as a partner takes it."""
    without = len(CODEC.encode(passing_on(0)))
    return passing_on(MAX_RECORD_BYTES - without)


def test_the_largest_record_that_travels_can_be_sealed_and_is_whole_again(tmp_path: Path) -> None:
    record, keys = largest(), PassedOn(tmp_path / "keys", CODEC)
    whole = CODEC.encode(record)
    assert len(whole) == MAX_RECORD_BYTES
    at_rest, facts = keys.seal(record)
    assert MAX_RECORD_BYTES < len(at_rest) <= MAX_AT_REST_BYTES
    log = MemoryLog("renkei/us.usfj/master")
    log.append([Draft(at_rest, record.id, 1)], START, facts)
    assert Whole(log, keys).entry(0) == whole
    assert CODEC.decode(Whole(log, keys).entry(0)) == record
    keys.destroy(log, [record.id])
    left = CODEC.decode(Whole(log, keys).entry(0))
    assert isinstance(left, Onward) and left.sealed and left.rendition == "{}"
    keys.close()


def test_a_larger_one_is_refused_before_it_costs_a_key(tmp_path: Path) -> None:
    keys = PassedOn(tmp_path / "keys", CODEC)
    with pytest.raises(BadInput, match=r"record\.size"):
        keys.seal(passing_on(MAX_RECORD_BYTES))
    assert not (tmp_path / "keys").exists()
    keys.close()


def test_only_what_lies_sealed_may_be_larger() -> None:
    assert CODEC.decode(CODEC.encode(passing_on(0, sealed="1:" + "A" * MAX_RECORD_BYTES)))
    with pytest.raises(BadInput, match=r"record\.size"):
        CODEC.encode(passing_on(0, sealed="1:" + "A" * MAX_AT_REST_BYTES))
    open_one = CODEC.encode(largest()).replace(b"xx", b"x" * 100, 1)
    for raw in (open_one, open_one[:-1], open_one.replace(b"release.onward", b"release.unheard", 1)):
        with pytest.raises(BadInput, match=r"record\.size"):
            CODEC.decode(raw)
