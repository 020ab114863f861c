"""The register's facts as earlier versions of the software wrote them: kept as they are, and read alike."""

import msgspec
import pytest

from kernel.partners.test_auditing import audited
from kernel.partners.test_chain import HOUR, Bare
from kernel.partners.test_release import CLEARANCE, CLOSED, note, own
from kernel.partners.world import JJOC, agreement
from renkei.kernel.partners.register import RECALLS, meaning


@pytest.fixture
def desk():
    """A note whose label was narrowed: a recall came of it."""
    one = Bare()
    one.release(agreement(JJOC, CLEARANCE), note(1), note(2))
    one.release(note(1, CLOSED, version=2))
    return one


def older(desk, *fields):
    """The recalls' facts without the fields that came later."""
    said = {name: msgspec.json.decode(raw) for name, raw in desk.sent.facts(RECALLS)}
    made = {
        name: msgspec.json.encode({key: value for key, value in one.items() if key not in fields})
        for name, one in said.items()
    }
    assert made
    desk.sent.set_facts(made)
    desk.restart()
    return made


@pytest.mark.parametrize(
    "fields", [("ended", "followed"), ("followed",), ("lifted", "ended", "followed")], ids=" ".join
)
def test_what_an_older_node_wrote_keeps_its_bytes_and_is_sound(desk, fields):
    made = older(desk, *fields)
    desk.clock.advance(HOUR)
    desk.release(note(3))
    assert dict(desk.sent.facts(RECALLS)) == made
    assert audited(desk).sound, audited(desk).deviations


def test_what_changes_afterwards_is_written_anew_and_sound(desk):
    older(desk, "ended", "followed")
    desk.release(note(1, version=3))
    (kept,) = dict(desk.sent.facts(RECALLS)).values()
    assert msgspec.json.decode(kept)["lifted"] is True
    assert audited(desk).sound, audited(desk).deviations


@pytest.mark.parametrize("forged", [b"{}", b"\xff", {"lifted": True}, {"entries": 2}], ids=repr)
def test_a_fact_that_says_nothing_or_another_thing_is_named(desk, forged):
    ((name, kept),) = desk.sent.facts(RECALLS)
    if isinstance(forged, dict):
        forged = msgspec.json.encode(msgspec.json.decode(kept) | forged)
    assert meaning(name, kept) != meaning(name, forged)


def test_the_audit_names_a_recall_that_the_log_does_not_give(desk):
    ((name, kept),) = desk.sent.facts(RECALLS)
    desk.sent.set_facts({name + "0": msgspec.json.encode(msgspec.json.decode(kept) | {"id": own(70)})})
    assert [d.what for d in audited(desk).deviations] == ["register"]
