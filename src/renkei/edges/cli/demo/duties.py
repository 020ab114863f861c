"""Posts of the demo's two headquarters, and when they are on duty: synthetic, and marked so.

Nobody has published duty hours of either; these are what a watch floor and an office usually have.
"""

from collections.abc import Callable
from typing import NamedTuple

from ....kernel.desk import Desk
from ....kernel.labels.model import Label
from ....rooms import command
from ....rooms.command.paths.description import Duty
from ..app import accepted

SOURCE = "synthetic / 架空（デモ用）"
TOKYO, EVERY_DAY, WEEKDAYS = 9.0, (0, 1, 2, 3, 4, 5, 6), (0, 1, 2, 3, 4)
HOURS = {
    "watch": tuple(
        Duty(EVERY_DAY, begin, end, TOKYO)
        for begin, end in (("08:00", "16:00"), ("16:00", "00:00"), ("00:00", "08:00"))
    ),
    "office": (Duty(WEEKDAYS, "08:00", "17:00", TOKYO),),
    "early": (Duty(WEEKDAYS, "06:00", "15:00", TOKYO),),
}


class Seat(NamedTuple):
    """A post: its code, titles, functions and hours."""

    code: str
    en: str
    ja: str
    functions: tuple[str, ...]
    hours: str
    officers: int = 1


SEATS = (
    Seat("watch", "Watch officer", "当直幹部", ("operations", "disaster-relief"), "watch", 5),
    Seat("liaison", "Liaison officer", "連絡幹部", ("alliance-management",), "early", 2),
    Seat("planner", "Planner", "計画幹部", ("planning", "exercises"), "office", 4),
    Seat("logistics", "Logistics officer", "後方補給幹部", ("logistics",), "office", 3),
    Seat("disclosure", "Disclosure officer", "開示担当", ("release-review",), "office", 2),
)


def record(desk: Desk, label: Label, unit: str, titles: Callable[[str, str], tuple[str, str]]) -> None:
    """Duty hours, and the posts of the headquarters' own unit that keep them.

    ``titles`` makes of a post's title, in both languages, what the demo's account for it is called.
    """
    for key, spans in HOURS.items():
        hours = command.HoursIn(key=key, spans=spans, source=SOURCE, confidence="low", label=label)
        accepted(command.set_hours(desk, hours))
    for seat in SEATS:
        code, (en, ja) = f"{unit}.{seat.code}", titles(seat.en, seat.ja)
        post = command.PostIn(
            code=code,
            unit_code=unit,
            names=command.Names(en=en, ja=ja),
            holder=code.lower(),
            functions=seat.functions,
            officers=seat.officers,
            hours=seat.hours,
            source=SOURCE,
            confidence="low",
            label=label,
        )
        accepted(command.name_post(desk, post))
