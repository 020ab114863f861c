"""How long this headquarters' posts had requests in hand, as its log has it.

A move begins when the one before it was made: acknowledging when somebody here first opened the request,
answering when it was acknowledged.  So what a request waited unopened is not counted as work on it.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from renkei.kernel.desk import Desk

Move = Literal["acknowledge", "answer"]
MOVES: tuple[Move, ...] = ("acknowledge", "answer")
MAX_HANDLED = 50_000
"""Requests looked at, newest first: years of a headquarters' own, and what fits in a second."""
_MS_A_MINUTE = 60_000.0

_HANDLED = """
SELECT a.withdrawn,
    min(CASE s.kind WHEN 'read' THEN s.at END),
    min(CASE s.kind WHEN 'acknowledgement' THEN s.at END),
    min(CASE s.kind WHEN 'answer' THEN s.at END)
FROM coordination_asked a CROSS JOIN coordination_said s ON s.about = a.id AND s.owner = a.answerer
WHERE {visible:a} AND {visible:s} AND a.kind = 'request' AND a.answerer = :hq
GROUP BY a.id ORDER BY a.asked_at DESC LIMIT :n
"""


class Handled(NamedTuple):
    """One move on one request: minutes since 1970 at which it was taken up and made; None: not yet."""

    move: Move
    begin: float
    end: float | None


def handled(desk: Desk) -> Iterator[Handled]:
    """All that this person may see of requests put to this headquarters.

    A request withdrawn before the move is left out: nobody owed it any more, and when is not known.
    """
    rows = desk.views.rows(_HANDLED, {"hq": desk.hq, "n": MAX_HANDLED})
    for withdrawn, opened, acknowledged, answered in rows:
        taken_up = opened if acknowledged is None else min(opened or acknowledged, acknowledged)
        if opened is not None:
            yield from _spell("acknowledge", taken_up, acknowledged, withdrawn)
        if acknowledged is not None:
            yield from _spell("answer", acknowledged, answered, withdrawn)


def _spell(move: Move, begin: int, end: int | None, withdrawn: int) -> Iterator[Handled]:
    if end is None and withdrawn:
        return
    yield Handled(move, begin / _MS_A_MINUTE, None if end is None else max(begin, end) / _MS_A_MINUTE)
