"""Accounts, sessions and API tokens: who may sit at the desk.

An account is a post that signs in ("watch officer"), with roles and a clearance (``people``); Renkei
knows no private persons.  Everything lives in one SQLite file, mode 0600, and no account exists until
somebody creates it with a password of their own: there is no default one.

- *Passwords* are kept as argon2id hashes (RFC 9106).  An unknown account costs the same hash as a known
  one, so time does not tell which accounts exist.  ``sign_in`` is slow on purpose: call it in a thread.
- *Sessions* are 256 random bits, kept as SHA-256 only; they end when idle or after a day at the latest,
  and signing in always makes a new one, so a planted session id is worth nothing (session fixation).
- *Tokens* (``rk_...``) are for programs: same randomness, kept hashed, scoped to named permissions, with
  an expiry, revocable.
- *Failed sign-ins* are counted per account and address, and per address; beyond the limits every
  further attempt is refused before a hash is spent.

``session_person`` and ``token_person`` answer from memory; a change made by another process (the command
line) is noticed through SQLite's ``data_version`` within ``RECHECK_SECONDS``.
"""

import json
import re
import secrets
import threading
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import apsw
import argon2
import msgspec

from .account_rows import (
    AccountInfo,
    TokenInfo,
    clearance_of,
    clearance_text,
    digest_of,
    iso,
    normal,
    open_file,
    person_of,
    roles_of,
    token_info,
)
from .clock import Clock
from .errors import BadInput, Refused
from .labels.model import Clearance
from .people import ALLOWED, Permission, Person, Role
from .throttle import FAILURE_WINDOW, Throttle

MIN_PASSWORD_CHARS = 12
"""NIST SP 800-63B-4 asks for 15 where a password is the only factor and 8 beside another; posts are shared
by shifts, so the length is set between and every failed attempt is counted."""
MAX_PASSWORD_CHARS = 256
"""Hashing cost grows with length; nobody types more."""
IDLE_END = timedelta(hours=8)
"""One watch: a screen left at the change of watch is signed out before the next one ends."""
ABSOLUTE_END = timedelta(hours=24)
"""However busy, every session is signed in anew once a day."""
SALT_BYTES, HASH_BYTES = argon2.DEFAULT_RANDOM_SALT_LENGTH, argon2.DEFAULT_HASH_LENGTH
TOUCH_EVERY = timedelta(minutes=1)
"""How often a session's last use is written down; the idle limit is exact to this."""
MAX_TOKEN_DAYS = 366
"""A program's token is renewed at least once a year."""
MAX_TOKENS_PER_ACCOUNT = 50
"""Far more than one post's programs; keeps a runaway script from filling the file."""
RECHECK_SECONDS = 1.0
"""How soon another process's change (a revoked token, a disabled account) takes effect here."""
MAX_CACHED = 10_000
"""Sessions and tokens remembered; beyond it the least recently used are looked up again."""
TOKEN_PREFIX = "rk_"  # noqa: S105 - the prefix all of them share
_ACCOUNT = re.compile(r"^[a-z0-9][a-z0-9._-]{1,63}$")


class Hashing(msgspec.Struct, frozen=True):
    """argon2id costs.

    The defaults are RFC 9106 section 4's second recommendation (3 passes, 4 lanes, 64 MiB), made for
    machines that cannot give 2 GiB to a sign-in.  Tests lower them; a node never does.
    """

    passes: int = 3
    lanes: int = 4
    memory_kib: int = 65_536


class Session(msgspec.Struct, frozen=True):
    """A fresh session: the secret for the cookie (shown once) and who it is."""

    secret: str
    person: Person


class _Known(msgspec.Struct):
    """A remembered session or token; ``seen`` is the last use written down (sessions only)."""

    person: Person
    ends: datetime
    idles: datetime | None = None
    seen: datetime | None = None


class Accounts:
    """The accounts of one node.  Methods are safe to call from any thread."""

    def __init__(self, path: Path | str, clock: Clock, hashing: Hashing | None = None) -> None:
        cost = hashing or Hashing()
        self.changes = 0  # counts changes that took effect, for whoever remembers persons
        self._clock = clock
        self._lock = threading.RLock()
        self._hasher = argon2.PasswordHasher(cost.passes, cost.memory_kib, cost.lanes, type=argon2.Type.ID)
        self._decoy = _decoy(cost)
        self._db = open_file(path)
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._checked = clock.now()
        self._version = self._data_version()
        self._throttle = Throttle()

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._db.close()

    # Accounts

    def create(
        self,
        account: str,
        password: str,
        *,
        post: str,
        roles: Iterable[Role],
        clearance: Clearance,
        post_ja: str = "",
    ) -> None:
        """Add an account.  Raises BadInput for a bad name, a short password, or one that exists."""
        if not _ACCOUNT.match(account):
            raise BadInput(
                "account.name", "2 to 64 of a-z, 0-9, dot, dash, underscore", f"{len(account)} characters"
            )
        if not post:
            raise BadInput("account.post", "the post this account holds", "nothing")
        held = tuple(dict.fromkeys(Role(r) for r in roles))
        if not held:
            raise BadInput("account.roles", "at least one role", "none")
        hashed = self._hash(password)
        row = (
            account,
            post,
            post_ja,
            json.dumps(held),
            clearance_text(clearance),
            hashed,
            iso(self._clock.now()),
        )
        with self._lock:
            try:
                self._db.execute(
                    "insert into accounts(account,post,post_ja,roles,clearance,password,created_at)"
                    " values(?,?,?,?,?,?,?)",
                    row,
                )
            except apsw.ConstraintError:
                raise BadInput("account.exists", "a new account name", "one that exists") from None

    def set_password(self, account: str, password: str) -> None:
        """Replace the password and end the account's sessions.  Raises BadInput if unknown."""
        self._change(account, "password=?", self._hash(password))

    def set_clearance(self, account: str, clearance: Clearance) -> None:
        """Replace the clearance; sessions and tokens have it from now on."""
        self._change(account, "clearance=?", clearance_text(clearance), sign_out=False)

    def set_roles(self, account: str, roles: Iterable[Role]) -> None:
        """Replace the roles; sessions and tokens have them from now on."""
        self._change(account, "roles=?", json.dumps([Role(r) for r in roles]), sign_out=False)

    def disable(self, account: str, disabled: bool = True) -> None:
        """Keep the account from signing in and its tokens from working, or let it again."""
        self._change(account, "disabled=?", int(disabled))

    def all(self) -> list[AccountInfo]:
        """All accounts, by name."""
        with self._lock:
            rows = list(
                self._db.execute("select account,post,post_ja,roles,clearance,disabled from accounts")
            )
        return [
            AccountInfo(
                account=account,
                post=post,
                post_ja=post_ja,
                roles=roles_of(roles),
                clearance=clearance_of(clearance),
                disabled=bool(disabled),
            )
            for account, post, post_ja, roles, clearance, disabled in rows
        ]

    def person(self, account: str) -> Person | None:
        """Whoever holds ``account``, or None if there is no such account or it is disabled."""
        with self._lock:
            row = self._db.execute(
                "select account,post,post_ja,roles,clearance from accounts where account=? and not disabled",
                (account,),
            ).fetchone()
        return person_of(row) if row else None

    # Sessions

    def sign_in(
        self, account: str, password: str, address: str = "", replaces: str = ""
    ) -> Session | Refused:
        """A new session, or a refusal that does not tell an unknown account from a wrong password.

        Takes as long as one hash; call it in a thread.  ``address`` is where the attempt came from,
        ``replaces`` a session secret the caller held, which ends.
        """
        now = self._clock.now()
        hashed = self._proven(account, password, address, now)
        if isinstance(hashed, Refused):
            return hashed
        return self._start(account, replaces, now, password, hashed)

    def change_password(self, account: str, current: str, new: str, address: str = "") -> Refused | None:
        """Replace the password of whoever knows the ``current`` one; all sessions of the account end.

        Takes as long as two hashes.  Failed attempts count like failed sign-ins.  Raises BadInput if ``new``
        is too short or too long.
        """
        known = self._proven(account, current, address, self._clock.now())
        if isinstance(known, Refused):
            # Whoever asks is signed in: not a matter of who they are.
            return msgspec.structs.replace(known, status=429 if known.status == 429 else 403)
        self.set_password(account, new)
        return None

    def _proven(self, account: str, password: str, address: str, now: datetime) -> str | Refused:
        """The hash that ``password`` matched; a refusal is counted."""
        with self._lock:
            if self._throttle.too_many(account, address, now):
                return Refused(
                    code="session.too_many",
                    expected=f"few failed sign-ins in {int(FAILURE_WINDOW.total_seconds() // 60)} minutes",
                    came="too many",
                    status=429,
                )
            row = self._db.execute(
                "select password, disabled from accounts where account=?", (account,)
            ).fetchone()
        hashed: str = row[0] if row else self._decoy
        if not self._matches(hashed, password) or row is None or row[1]:
            with self._lock:
                self._throttle.failed(account, address, now)
            return Refused(
                code="session.denied",
                expected="a known account and its password",
                came="another pair",
                status=401,
            )
        with self._lock:
            self._throttle.succeeded(account, address)
        return hashed

    def session_person(self, secret: str, *, touch: bool = True) -> Person | None:
        """Whoever signed in with ``secret``, or None if that session is unknown or over.

        Each call counts as use, unless ``touch`` is False.
        """
        digest = digest_of(secret)
        now = self._clock.now()
        with self._lock:
            known = self._recall(digest, now) or self._load_session(digest)
            if known is None:
                return None
            if now >= known.ends or (known.idles is not None and now >= known.idles):
                self._forget_session(digest)
                return None
            if not touch:
                return known.person
            if known.seen is None or now - known.seen >= TOUCH_EVERY:
                self._db.execute("update sessions set seen_at=? where digest=?", (iso(now), digest))
                known.seen = now
            known.idles = now + IDLE_END
            return known.person

    def sign_out(self, secret: str) -> None:
        """End the session, if it exists."""
        with self._lock:
            self._forget_session(digest_of(secret))

    def end_sessions(self, account: str) -> int:
        """End all of the account's sessions; returns how many there were."""
        with self._lock:
            self._db.execute("delete from sessions where account=?", (account,))
            ended = int(self._db.changes())
            self._forget_all()
        return ended

    def sweep(self) -> int:
        """Delete sessions that are over; returns how many."""
        now = self._clock.now()
        with self._lock:
            self._db.execute(
                "delete from sessions where created_at<=? or seen_at<=?",
                (iso(now - ABSOLUTE_END), iso(now - IDLE_END)),
            )
            return int(self._db.changes())

    # Tokens

    def mint(
        self, person: Person, name: str, scopes: Iterable[Permission], days: int
    ) -> tuple[TokenInfo, str] | Refused:
        """A token for ``person``'s account with ``scopes``, which must be permissions it has itself."""
        wanted = tuple(dict.fromkeys(Permission(s) for s in scopes))
        lacking = [p.value for p in wanted if not person.may(p)]
        if lacking or not wanted:
            return Refused(
                code="token.scopes",
                expected="one or more permissions you hold",
                came=", ".join(lacking) or "none",
                status=403 if lacking else 400,
            )
        if not 1 <= days <= MAX_TOKEN_DAYS or not 1 <= len(name) <= 100:
            return Refused(
                code="token.form",
                expected=f"1 to {MAX_TOKEN_DAYS} days and a name of 1 to 100 characters",
                came=f"{days} days, {len(name)} characters",
                status=400,
            )
        now = self._clock.now()
        info = TokenInfo(
            id=secrets.token_hex(8),
            name=name,
            scopes=wanted,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        return self._keep_token(person.account, info)

    def token_person(self, secret: str) -> Person | None:
        """Whoever the token stands for, narrowed to its scopes; None if unknown, over or revoked."""
        return self.digest_person(digest_of(secret)) if secret.startswith(TOKEN_PREFIX) else None

    def digest_person(self, digest: bytes) -> Person | None:
        """``token_person`` by the secret's SHA-256, for a caller that has it already."""
        now = self._clock.now()
        with self._lock:
            known = self._recall(digest, now) or self._load_token(digest)
        return known.person if known is not None and now < known.ends else None

    def tokens(self, account: str) -> list[TokenInfo]:
        """The account's tokens, newest first, without their secrets."""
        with self._lock:
            rows = list(
                self._db.execute(
                    "select id,name,scopes,created_at,expires_at,revoked_at from tokens where account=?"
                    " order by created_at desc, id",
                    (account,),
                )
            )
        return [token_info(row) for row in rows]

    def revoke(self, account: str, token_id: str) -> bool:
        """Revoke one of the account's tokens; False if it has none of that id still in force."""
        with self._lock:
            self._db.execute(
                "update tokens set revoked_at=? where id=? and account=? and revoked_at is null",
                (iso(self._clock.now()), token_id, account),
            )
            changed = bool(self._db.changes())
            self._forget_all()
        return changed

    def revoke_all(self, account: str) -> int:
        """Revoke all of the account's tokens; returns how many were in force."""
        now = iso(self._clock.now())
        with self._lock:
            self._db.execute(
                "update tokens set revoked_at=? where account=? and revoked_at is null and expires_at>?",
                (now, account, now),
            )
            revoked = int(self._db.changes())
            self._forget_all()
        return revoked

    # Inside

    def _hash(self, password: str) -> str:
        if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
            raise BadInput(
                "account.password",
                f"{MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters",
                f"{len(password)}",
            )
        return self._hasher.hash(normal(password))

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, normal(password[:MAX_PASSWORD_CHARS]))
        except argon2.exceptions.VerificationError:
            return False

    def _change(self, account: str, assignment: str, value: object, *, sign_out: bool = True) -> None:
        with self._lock:
            self._db.execute(f"update accounts set {assignment} where account=?", (value, account))  # noqa: S608
            if not self._db.changes():
                raise BadInput("account.unknown", "an existing account", "another name")
            if sign_out:
                self._db.execute("delete from sessions where account=?", (account,))
            self._forget_all()

    def _start(
        self, account: str, replaces: str, now: datetime, password: str, hashed: str
    ) -> Session | Refused:
        secret = secrets.token_urlsafe(32)
        with self._lock:
            if replaces:
                self._forget_session(digest_of(replaces))
            if self._hasher.check_needs_rehash(hashed):
                self._db.execute(
                    "update accounts set password=? where account=?",
                    (self._hasher.hash(normal(password)), account),
                )
            self._db.execute(
                "insert into sessions(digest,account,created_at,seen_at) values(?,?,?,?)",
                (digest_of(secret), account, iso(now), iso(now)),
            )
        person = self.person(account)
        if person is None:
            return Refused(
                code="session.denied", expected="an account in use", came="a disabled one", status=401
            )
        return Session(secret, person)

    def _recall(self, digest: bytes, now: datetime) -> _Known | None:
        if (now - self._checked).total_seconds() >= RECHECK_SECONDS or now < self._checked:
            self._checked = now
            version = self._data_version()
            if version != self._version:
                self._version = version
                self._forget_all()
        known = self._known.get(digest)
        if known is not None:
            self._known.move_to_end(digest)
        return known

    def _forget_all(self) -> None:
        self._known.clear()
        self.changes += 1

    def _remember(self, digest: bytes, known: _Known) -> _Known:
        self._known[digest] = known
        while len(self._known) > MAX_CACHED:
            self._known.popitem(last=False)
        return known

    def _load_session(self, digest: bytes) -> _Known | None:
        row = self._db.execute(
            "select a.account,post,post_ja,roles,clearance,s.created_at,s.seen_at from sessions s"
            " join accounts a using(account) where digest=? and not disabled",
            (digest,),
        ).fetchone()
        if row is None:
            return None
        created, seen = datetime.fromisoformat(row[5]), datetime.fromisoformat(row[6])
        return self._remember(
            digest, _Known(person_of(row[:5]), created + ABSOLUTE_END, seen + IDLE_END, seen)
        )

    def _load_token(self, digest: bytes) -> _Known | None:
        row = self._db.execute(
            "select a.account,post,post_ja,roles,clearance,scopes,expires_at from tokens t"
            " join accounts a using(account) where digest=? and not disabled and revoked_at is null",
            (digest,),
        ).fetchone()
        if row is None:
            return None
        scopes = frozenset(Permission(s) for s in json.loads(row[5]))
        person = msgspec.structs.replace(person_of(row[:5]), scopes=scopes)
        return self._remember(digest, _Known(person, datetime.fromisoformat(row[6])))

    def _keep_token(self, account: str, info: TokenInfo) -> tuple[TokenInfo, str] | Refused:
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        with self._lock:
            count = self._db.execute(
                "select count(*) from tokens where account=? and revoked_at is null and expires_at>?",
                (account, iso(info.created_at)),
            ).get
            if count >= MAX_TOKENS_PER_ACCOUNT:
                return Refused(
                    code="token.many",
                    expected=f"at most {MAX_TOKENS_PER_ACCOUNT} tokens in force",
                    came=str(count),
                )
            self._db.execute(
                "insert into tokens(id,digest,account,name,scopes,created_at,expires_at)"
                " values(?,?,?,?,?,?,?)",
                (
                    info.id,
                    digest_of(secret),
                    account,
                    info.name,
                    json.dumps(info.scopes),
                    iso(info.created_at),
                    iso(info.expires_at),
                ),
            )
        return info, secret

    def _forget_session(self, digest: bytes) -> None:
        self._known.pop(digest, None)
        self._db.execute("delete from sessions where digest=?", (digest,))

    def _data_version(self) -> int:
        return int(self._db.pragma("data_version"))


def _decoy(cost: Hashing) -> str:
    """What a password for no account is compared with: in the form of a hash, of nobody's password.

    Made up, not worked out, which would take a node's start as long as a sign-in.  Comparing takes as long as
    with a real one: argon2's work depends on the costs that stand in front, not on what follows them.
    """
    salt, digest = (b64encode(secrets.token_bytes(n)).rstrip(b"=").decode() for n in (SALT_BYTES, HASH_BYTES))
    costs = f"m={cost.memory_kib},t={cost.passes},p={cost.lanes}"
    return f"$argon2id$v={argon2.low_level.ARGON2_VERSION}${costs}${salt}${digest}"


def permissions_of(person: Person) -> tuple[Permission, ...]:
    """What ``person`` may do, in the table's order."""
    held = {p for role in person.roles for p in ALLOWED[role]}
    return tuple(p for p in Permission if p in held and person.may(p))
