"""Counting failed sign-ins, so that guessing stops before a hash is spent on it."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta

FAILURE_WINDOW = timedelta(minutes=5)
"""Failed sign-ins older than this no longer count."""
MAX_FAILURES_PER_ACCOUNT_AND_ADDRESS = 5
"""A person mistypes a few times; a program guesses without end.  Counted with the address, so that guessing
elsewhere cannot lock an officer out."""
MAX_FAILURES_PER_ADDRESS = 30
"""One address trying many accounts; a watch room behind one address still fits."""
MAX_FAILURES_PER_ACCOUNT = 100
"""Guesses at one account from everywhere: 100 in five minutes against 12 characters is hopeless."""
MAX_FAILURE_KEYS = 10_000
"""Counters kept; the oldest go first, so a flood of addresses cannot exhaust memory."""


class Throttle:
    """Recent failures by account and address.  The caller holds a lock."""

    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], list[datetime]] = OrderedDict()

    def too_many(self, account: str, address: str, now: datetime) -> bool:
        """Whether a further attempt must be refused unheard."""
        limits = (
            ((account, address), MAX_FAILURES_PER_ACCOUNT_AND_ADDRESS),
            (("", address), MAX_FAILURES_PER_ADDRESS),
            ((account, ""), MAX_FAILURES_PER_ACCOUNT),
        )
        return any(len(self._recent(key, now)) >= limit for key, limit in limits)

    def failed(self, account: str, address: str, now: datetime) -> None:
        """Count one failure."""
        for key in {(account, address), ("", address), (account, "")}:
            self._failures[key] = [*self._recent(key, now), now]
            self._failures.move_to_end(key)
        while len(self._failures) > MAX_FAILURE_KEYS:
            self._failures.popitem(last=False)

    def succeeded(self, account: str, address: str) -> None:
        """Forget the failures of ``account`` at ``address``; guesses from elsewhere still count."""
        self._failures.pop((account, address), None)

    def _recent(self, key: tuple[str, str], now: datetime) -> Sequence[datetime]:
        times = [t for t in self._failures.get(key, ()) if now - t < FAILURE_WINDOW]
        if not times:
            self._failures.pop(key, None)
        return times
