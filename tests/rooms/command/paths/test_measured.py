"""A description's times taken from a log, in the duty hours of each step's post."""

from typing import Any

import msgspec
import numpy as np

from renkei.rooms.command.paths import Description, Spell, measured, read
from renkei.rooms.command.paths.calendars import DAY, WEEK
from renkei.rooms.command.paths.measured import MONDAY

WEEKS = 10
"""Of a desk open from 09:00 to 17:00 in Tokyo, which is 00:00 to 08:00 UTC."""
NOW = MONDAY + WEEKS * WEEK


def described(**step: Any) -> Description:
    post = {
        "key": "desk",
        "name": {"en": "Desk", "ja": "窓口"},
        "duty": {"days": [0, 1, 2, 3, 4], "from": "09:00", "to": "17:00", "utc_offset": 9.0},
    }
    side = {"posts": [post], "paths": {"k": [{"key": "s", "post": "desk", "work": {"mean": 5.0}, **step}]}}
    whole = {
        "title": {"en": "x", "ja": "x"},
        "kinds": [{"key": "k", "name": {"en": "k", "ja": "k"}, "per_day": 1.0}],
        "today": side,
        "proposed": side,
    }
    return read(msgspec.json.encode(whole), as_json=True)


def overnight(mean: float) -> list[Spell]:
    """Five pieces each working day, taken up half an hour before closing: most end the next morning."""
    draw = np.random.default_rng(2)
    spells = []
    for week in range(WEEKS):
        for day in range(4):  # not on a Friday: the weekend would be between
            closing = MONDAY + week * WEEK + day * DAY + 8 * 60
            for took in draw.exponential(mean, 5).tolist():
                begin = closing - 30
                end = begin + took if took <= 30 else closing + DAY - 8 * 60 + (took - 30)
                spells.append(Spell(begin, end if end <= NOW else None))
    return spells


def test_the_night_between_is_no_work() -> None:
    found, told = measured(described(measure="answer"), {"answer": overnight(60.0)}, NOW)
    (today, proposed) = told
    assert (today.step, proposed.step) == ("today/k/s", "proposed/k/s")
    assert today.fitted is not None and today.refused is None
    assert 48 < today.fitted.work.mean < 72, "in real time it would be some eight hundred minutes"
    assert 9 < today.weeks <= WEEKS
    assert found.today.paths["k"][0].work == today.fitted.work
    assert found.assumed() == ()
    found.structures()


def test_too_few_times_leave_the_assumption_and_say_so() -> None:
    for log in ({}, {"answer": overnight(60.0)[:8]}, {"acknowledge": overnight(60.0)}):
        found, told = measured(described(measure="answer"), log, NOW)
        assert found.assumed() == ("today/k/s", "proposed/k/s")
        assert all(one.fitted is None and one.refused and one.refused.code == "paths.few" for one in told)


def test_a_step_that_names_no_measure_keeps_its_time() -> None:
    whole = described()
    assert measured(whole, {"answer": overnight(60.0)}, NOW) == (whole, ())
