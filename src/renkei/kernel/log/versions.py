"""Which of several appends may stand: what a log takes, and optimistic concurrency, decided in order.

Pure.  Homes of a log run their fast path first, which only tells *that* something was amiss, and come
here to find out what.
"""

from collections.abc import Callable, Sequence

from ..errors import BadInput, StaleVersion
from .base import MAX_ENTRY_BYTES, MAX_VERSION, Draft


def stale(draft: Draft, newest: int) -> StaleVersion:
    """The refusal of a draft whose version does not follow ``newest``."""
    return StaleVersion("record.version", f"version {newest + 1} of {draft.key}", f"version {draft.version}")


def acceptable(drafts: Sequence[Draft], bodied: bool) -> bool:
    """Whether every draft is of a form a log takes: ``amiss`` for many at once, in little time."""
    keys = "".join([draft.key for draft in drafts])
    versions = [draft.version for draft in drafts]
    bodies = [draft.body for draft in drafts]
    return (
        (_are_bodies(bodies) if bodied else not any(bodies) and b"" not in bodies)
        and max([len(draft.entry) for draft in drafts], default=0) <= MAX_ENTRY_BYTES
        and 0 <= min(versions, default=0) <= max(versions, default=0) <= MAX_VERSION
        and "\0" not in keys
        and (keys.isascii() or _is_text(keys))
    )


def _are_bodies(bodies: Sequence[bytes | None]) -> bool:
    return b"" not in bodies and max(map(len, filter(None, bodies)), default=0) <= MAX_ENTRY_BYTES


def amiss(draft: Draft, bodied: bool) -> BadInput | None:
    """Why no log takes ``draft``, whatever it holds; ``bodied`` tells whether it is one with bodies."""
    if draft.body is not None and not bodied:
        return BadInput("log.body", "an entry without a body in this log", "one with a body")
    if not _are_bodies([draft.body]):
        return BadInput("log.body", f"a body of 1 to {MAX_ENTRY_BYTES} bytes", "another size")
    if len(draft.entry) > MAX_ENTRY_BYTES:
        return BadInput("log.entry-size", f"at most {MAX_ENTRY_BYTES} bytes", f"{len(draft.entry)}")
    if "\0" in draft.key or not _is_text(draft.key):
        return BadInput("log.key", "a key of Unicode text without NUL", "another")
    return None


def _is_text(key: str) -> bool:
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True


def sort_out(
    groups: Sequence[Sequence[Draft]], newest: Callable[[str], int], bodied: bool
) -> list[BadInput | None]:
    """For each group None if it may stand, else its refusal.

    ``newest`` tells the version a log holds for a key, ``bodied`` whether it has bodies; a group that stands
    counts for those after it.
    """
    settled: dict[str, int] = {}
    verdicts: list[BadInput | None] = []
    for group in groups:
        claimed: dict[str, int] = {}
        verdict: BadInput | None = None
        for draft in group:
            verdict = amiss(draft, bodied)
            if verdict is not None:
                break
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
