"""Which of a headquarters' keys is believed when, and which one signs.

A new key is announced before it signs (``since`` in its period lies ahead).  From then on it signs, and
the one before it is believed for ``OVERLAP`` longer, for what was on its way: a courier's file, a link that
was down.  A key revoked is believed for nothing that arrives after this node learned of it.

Notes already held are another matter: who asks what was signed in the past gives no clock, and every key
the headquarters ever had then counts for what it signed.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from ..errors import TheirFault
from ..log.checkpoint import COSIGNATURE, ED25519, NoteVerifier
from .certificates import BACKDATED
from .revocation import RevokedKey
from .rotation import KeyPeriod

OVERLAP = timedelta(days=30)
"""How long a key is still believed after its successor began to sign: longer than a courier's journey."""


def signing_period(keys: Sequence[KeyPeriod], now: datetime) -> KeyPeriod:
    """The key that signs ``now``: the newest one that has begun; before all, the first."""
    begun = [period for period in keys if period.since <= now]
    return begun[-1] if begun else keys[0]


def believed_until(keys: Sequence[KeyPeriod], at: int) -> datetime:
    """Until when the key ``keys[at]`` of a chain is believed."""
    if at + 1 == len(keys):
        return keys[at].until
    return min(keys[at].until, keys[at + 1].since + OVERLAP)


def check_in_force(
    hq: str, public: str, keys: Sequence[KeyPeriod], revoked: Iterable[RevokedKey], now: datetime
) -> None:
    """Raise TheirFault unless the key ``public`` of ``hq`` is believed ``now``: why not, with its dates.

    Codes: ``key.revoked``, ``key.expired``, ``key.early``, ``key.unknown``.
    """
    gone = next((key for key in revoked if key.period.public == public), None)
    if gone is not None:
        came = f"one revoked at {_shown(gone.at)} ({gone.reason})"
        raise TheirFault("key.revoked", f"a key of {hq} in force", came)
    at = next((at for at, period in enumerate(keys) if period.public == public), None)
    if at is None:
        raise TheirFault("key.unknown", f"a key of {hq} that is pinned here", "another")
    if now > believed_until(keys, at):
        came = f"one believed until {_shown(believed_until(keys, at))}"
        raise TheirFault("key.expired", f"a key of {hq} in force at {_shown(now)}", came)
    if now < keys[at].since - BACKDATED:
        came = f"one from {_shown(keys[at].since)} on (is a clock wrong?)"
        raise TheirFault("key.early", f"a key of {hq} in force at {_shown(now)}", came)


class KeyRing(NoteVerifier):
    """All keys of one headquarters under its one name, each for its time.

    With ``now`` None any of them is believed, revoked ones too: for notes that were verified when they came.
    """

    def __init__(
        self,
        hq: str,
        keys: Sequence[KeyPeriod],
        revoked: Sequence[RevokedKey] = (),
        now: Callable[[], datetime] | None = None,
    ) -> None:
        super().__init__(f"{hq}/renkei", keys[-1].key)
        self._hq, self._keys, self._revoked, self._now = hq, tuple(keys), tuple(revoked), now
        self._members: dict[bytes, tuple[str, NoteVerifier]] = {}
        for period in (*(key.period for key in revoked), *keys):
            member = NoteVerifier(self.name, period.key)
            for kind in (ED25519, COSIGNATURE):
                self._members[member.id(kind)] = period.public, member

    def of(self, key_id: bytes, kind: int) -> NoteVerifier | None:
        """See ``NoteVerifier``.  Raises TheirFault (``key.*``) for a key not believed now."""
        found = self._members.get(key_id)
        if found is None or found[1].id(kind) != key_id:
            return None
        if self._now is not None:
            check_in_force(self._hq, found[0], self._keys, self._revoked, self._now())
        return found[1]


class PinnedKeys(NoteVerifier):
    """A ring that can be exchanged for another: for whoever goes on while a partner's keys change."""

    def __init__(self, ring: KeyRing) -> None:
        super().__init__(ring.name, ring.key)
        self._ring = ring

    def pin(self, ring: KeyRing) -> None:
        """Believe the keys of ``ring``, of the same headquarters, from now on."""
        self._ring = ring

    def of(self, key_id: bytes, kind: int) -> NoteVerifier | None:
        """See ``NoteVerifier``."""
        return self._ring.of(key_id, kind)


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z"
