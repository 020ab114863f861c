"""Who a bearer token stands for, remembered for a moment.

Looking a token up costs a hash, a lock and a clock; a program sends the same one thousands of times a
second.  What is remembered here is thrown away every ``REMEMBER_SECONDS`` and whenever an account,
session or token changes in this process.
"""

import asyncio

from ...kernel.accounts import Accounts
from ...kernel.people import Person

REMEMBER_SECONDS = 0.25
"""Well under the second within which another process's change must take effect."""
MAX_REMEMBERED = 1_000
"""Programs at work at once."""


class Callers:
    """Used in the event loop's thread only."""

    def __init__(self, accounts: Accounts, loop: asyncio.AbstractEventLoop) -> None:
        self._accounts, self._loop = accounts, loop
        self._known: dict[bytes, Person] = {}
        self._changes = -1
        self._until = 0.0

    def by_header(self, authorization: bytes) -> Person | None:
        """Whoever ``Bearer rk_...`` stands for, or None."""
        now = self._loop.time()
        if now >= self._until or self._changes != self._accounts.changes or len(self._known) > MAX_REMEMBERED:
            self._known = {}
            self._until, self._changes = now + REMEMBER_SECONDS, self._accounts.changes
        person = self._known.get(authorization)
        if person is None and authorization[:7] == b"Bearer ":
            person = self._accounts.token_person(authorization[7:].decode("latin-1"))
            if person is not None:
                self._known[authorization] = person
        return person
