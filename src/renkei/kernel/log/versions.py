"""Which of several appends may stand: optimistic concurrency, decided in order.

Pure.  Homes of a log run their fast path first, which only tells *that* something was stale, and come
here to find out what.
"""

from collections.abc import Callable, Sequence

from ..errors import StaleVersion
from .base import Draft


def stale(draft: Draft, newest: int) -> StaleVersion:
    """The refusal of a draft whose version does not follow ``newest``."""
    return StaleVersion("record.version", f"version {newest + 1} of {draft.key}", f"version {draft.version}")


def sort_out(groups: Sequence[Sequence[Draft]], newest: Callable[[str], int]) -> list[StaleVersion | None]:
    """For each group None if it may stand, else its refusal.

    ``newest`` tells the version a log holds for a key; a group that stands counts for those after it.
    """
    settled: dict[str, int] = {}
    verdicts: list[StaleVersion | None] = []
    for group in groups:
        claimed: dict[str, int] = {}
        verdict = None
        for draft in group:
            if not draft.key:
                continue
            held = claimed.get(draft.key, settled.get(draft.key, -1))
            held = newest(draft.key) if held < 0 else held
            if draft.version != held + 1:
                verdict = stale(draft, held)
                break
            claimed[draft.key] = draft.version
        if verdict is None:
            settled.update(claimed)
        verdicts.append(verdict)
    return verdicts


def standing(
    groups: Sequence[Sequence[Draft]], verdicts: Sequence[Exception | None]
) -> list[Sequence[Draft]]:
    """The groups that may stand."""
    return [group for group, verdict in zip(groups, verdicts, strict=True) if verdict is None]


def number(
    groups: Sequence[Sequence[Draft]], verdicts: Sequence[Exception | None], first: int
) -> list[int | Exception]:
    """Each group's first number, counting those that stand from ``first``, or its refusal."""
    answers: list[int | Exception] = []
    for group, verdict in zip(groups, verdicts, strict=True):
        answers.append(first if verdict is None else verdict)
        first += len(group) if verdict is None else 0
    return answers
