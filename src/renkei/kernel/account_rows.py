"""The file that accounts are kept in: its tables, and rows as values and back."""

import hashlib
import json
import unicodedata
from datetime import datetime
from pathlib import Path

import apsw
import msgspec

from .labels.model import Clearance
from .people import Permission, Person, Role

_SCHEMA = """
create table if not exists accounts(
  account text primary key, post text not null, post_ja text not null, roles text not null,
  clearance text not null, password text not null, created_at text not null,
  disabled integer not null default 0
) without rowid;
create table if not exists sessions(
  digest blob primary key, account text not null references accounts on delete cascade,
  created_at text not null, seen_at text not null
) without rowid;
create table if not exists tokens(
  id text primary key, digest blob not null unique,
  account text not null references accounts on delete cascade,
  name text not null, scopes text not null, created_at text not null,
  expires_at text not null, revoked_at text
) without rowid;
"""


class TokenInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token without its secret."""

    id: str
    name: str
    scopes: tuple[Permission, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


class AccountInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An account as an administrator sees it."""

    account: str
    post: str
    post_ja: str
    roles: tuple[Role, ...]
    clearance: Clearance
    disabled: bool


def open_file(path: Path | str) -> apsw.Connection:
    """The file at ``path``, made with mode 0600 if it does not exist."""
    if str(path) != ":memory:":
        Path(path).touch(mode=0o600, exist_ok=True)
        Path(path).chmod(0o600)
    db = apsw.Connection(str(path))
    db.set_busy_timeout(5000)
    db.pragma("journal_mode", "wal")
    db.pragma("synchronous", "full")
    db.pragma("foreign_keys", True)
    db.execute(_SCHEMA)
    return db


def digest_of(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def normal(password: str) -> str:
    """NFKC, so that a Japanese or accented keyboard's variants are one password (RFC 8265 section 4)."""
    return unicodedata.normalize("NFKC", password)


def iso(moment: datetime) -> str:
    """A moment as it is kept; text order is time order."""
    return moment.isoformat(timespec="milliseconds")


def clearance_text(clearance: Clearance) -> str:
    """A clearance as it is kept."""
    return msgspec.json.encode(clearance).decode()


def clearance_of(text: str) -> Clearance:
    """A clearance from its row."""
    return msgspec.json.decode(text, type=Clearance)


def roles_of(text: str) -> tuple[Role, ...]:
    """Roles from their row."""
    return tuple(Role(r) for r in json.loads(text))


def person_of(row: tuple[str, ...]) -> Person:
    """A person from account, post, post_ja, roles and clearance."""
    account, post, post_ja, roles, clearance = row
    return Person(
        account=account, post=post, post_ja=post_ja, roles=roles_of(roles), clearance=clearance_of(clearance)
    )


def token_info(row: tuple[str, ...]) -> TokenInfo:
    """A token from its row."""
    token_id, name, scopes, created, expires, revoked = row
    return TokenInfo(
        id=token_id,
        name=name,
        scopes=tuple(Permission(s) for s in json.loads(scopes)),
        created_at=datetime.fromisoformat(created),
        expires_at=datetime.fromisoformat(expires),
        revoked_at=datetime.fromisoformat(revoked) if revoked else None,
    )
