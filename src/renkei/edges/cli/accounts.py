"""``renkei account``: posts that sign in at this node.

Works on the file beside the running node, which takes changes up within a second.
"""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from ...kernel.accounts import Accounts
from ...kernel.clock import SystemClock
from ...kernel.errors import BadInput
from ...kernel.labels.model import Clearance
from ...kernel.labels.presets import clearance_from
from ...kernel.people import Role
from ...node import Folder, load_config
from ...node.config import load_policies
from .app import Local
from .local import read_file

account_app = App(name="account", help="Posts that sign in at this node.")

ClearanceText = Annotated[
    str, Parameter(help="JSON, or @FILE with JSON: classifications and categories held, by the own policy.")
]
FromStdin = Annotated[bool, Parameter(help="Read the password from the first line of standard input.")]


@account_app.command
def add(
    account: str,
    /,
    *,
    post: str,
    post_ja: str = "",
    role: list[Role],
    clearance: ClearanceText,
    password_stdin: FromStdin = False,
    local: Local | None = None,
) -> None:
    """Create an account for a post.  The password is asked for.

    Parameters
    ----------
    account
        Its short name, such as watch.
    post
        The post's name in English, such as "Watch officer, JJOC".
    post_ja
        The post's name in Japanese.
    role
        A role; give the option once for each.
    """
    local = local or Local()
    held = parse_clearance(clearance, Folder(local.data))
    with _accounts(local.data) as accounts:
        if any(known.account == account for known in accounts.all()):
            raise BadInput("account.exists", "a new account name", account)
        password = ask_password(password_stdin)
        accounts.create(account, password, post=post, post_ja=post_ja, roles=role, clearance=held)
    roles = [r.value for r in role]
    local.out.data({"account": account, "post": post, "roles": roles}, text=f"{account} ({post}) may sign in")


@account_app.command(name="list")
def list_accounts(*, local: Local | None = None) -> None:
    """List the accounts of this node."""
    local = local or Local()
    with _accounts(local.data) as accounts:
        rows: list[dict[str, Any]] = [msgspec.to_builtins(info) for info in accounts.all()]
    local.out.rows(("account", "post", "postJa", "roles", "disabled"), rows)


@account_app.command
def password(account: str, /, *, password_stdin: FromStdin = False, local: Local | None = None) -> None:
    """Give an account a new password, and end its sessions.

    Parameters
    ----------
    account
        Its name.
    """
    local = local or Local()
    with _accounts(local.data) as accounts:
        accounts.set_password(account, ask_password(password_stdin))
    local.out.data({"account": account, "changed": True}, text=f"{account} has a new password")


@account_app.command
def change(
    account: str,
    /,
    *,
    role: list[Role] | None = None,
    clearance: ClearanceText | None = None,
    local: Local | None = None,
) -> None:
    """Give an account other roles or another clearance; sessions and tokens have them at once.

    Parameters
    ----------
    account
        Its name.
    role
        All the roles it has from now on; give the option once for each.
    """
    local = local or Local()
    if not role and clearance is None:
        raise BadInput("account.change", "--role or --clearance", "neither")
    held = None if clearance is None else parse_clearance(clearance, Folder(local.data))
    with _accounts(local.data) as accounts:
        if held is not None:
            accounts.set_clearance(account, held)
        if role:
            accounts.set_roles(account, role)
    local.out.data({"account": account, "changed": True}, text=f"{account} is changed")


@account_app.command
def disable(account: str, /, *, local: Local | None = None) -> None:
    """Bar an account from signing in, and stop its sessions and tokens.

    Parameters
    ----------
    account
        Its name.
    """
    _set_disabled(account, local or Local(), True)


@account_app.command
def enable(account: str, /, *, local: Local | None = None) -> None:
    """Let a disabled account sign in again.

    Parameters
    ----------
    account
        Its name.
    """
    _set_disabled(account, local or Local(), False)


def _set_disabled(account: str, local: Local, disabled: bool) -> None:
    with _accounts(local.data) as accounts:
        accounts.disable(account, disabled)
    text = f"{account} may {'no longer' if disabled else 'again'} sign in"
    local.out.data({"account": account, "disabled": disabled}, text=text)


@contextmanager
def _accounts(root: Path) -> Iterator[Accounts]:
    load_config(Folder(root))
    accounts = Accounts(Folder(root).accounts, SystemClock())
    try:
        yield accounts
    finally:
        accounts.close()


def parse_clearance(text: str, folder: Folder) -> Clearance:
    """The clearance written as JSON, or in the file after ``@``.  Raises BadInput."""
    load_config(folder)
    raw = read_file(Path(text[1:])) if text.startswith("@") else text.encode()
    try:
        given = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        expected = "a JSON object with classifications and categories"
        raise BadInput("clearance.form", expected, str(err)) from None
    return clearance_from(load_policies(folder), given)


def ask_password(from_stdin: bool) -> str:
    """A new password, asked for twice at a terminal, or the first line of standard input."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    try:
        first = getpass.getpass("Password: ")
        again = getpass.getpass("Again: ")
    except EOFError:
        raise BadInput("account.password", "a password typed, or --password-stdin", "no terminal") from None
    if first != again:
        raise BadInput("account.password", "the same password twice", "two different ones")
    return first
