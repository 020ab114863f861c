"""``renkei account``: posts that sign in at this node.

Asks the running node if there is one, which needs an administrator's token (``renkei sign-in``); works on the
files of a node that is stopped.  Either way the audit trail has it.
"""

import getpass
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from ...kernel.errors import BadInput
from ...kernel.labels.model import Clearance
from ...kernel.labels.presets import clearance_from
from ...kernel.people import Role
from ...node import Folder, load_config
from ...node.config import load_policies
from .either import Either
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
    either: Either | None = None,
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
    either = either or Either()
    held = parse_clearance(clearance, Folder(either.data))
    with either.node() as door:
        if any(known["account"] == account for known in door.accounts()):
            raise BadInput("account.exists", "a new account name", account)
        given = {"account": account, "post": post, "postJa": post_ja, "roles": role, "clearance": held}
        door.create({**given, "password": ask_password(password_stdin)})
    roles = [r.value for r in role]
    either.out.data(
        {"account": account, "post": post, "roles": roles}, text=f"{account} ({post}) may sign in"
    )


@account_app.command(name="list")
def list_accounts(*, either: Either | None = None) -> None:
    """List the accounts of this node."""
    either = either or Either()
    with either.node() as door:
        rows = door.accounts()
    either.out.rows(("account", "post", "postJa", "roles", "disabled"), rows)


@account_app.command
def password(account: str, /, *, password_stdin: FromStdin = False, either: Either | None = None) -> None:
    """Give an account a new password, and end its sessions.

    Parameters
    ----------
    account
        Its name.
    """
    either = either or Either()
    with either.node() as door:
        door.set_password(account, ask_password(password_stdin))
    either.out.data({"account": account, "changed": True}, text=f"{account} has a new password")


@account_app.command
def change(
    account: str,
    /,
    *,
    role: list[Role] | None = None,
    clearance: ClearanceText | None = None,
    either: Either | None = None,
) -> None:
    """Give an account other roles or another clearance; sessions and tokens have them at once.

    Parameters
    ----------
    account
        Its name.
    role
        All the roles it has from now on; give the option once for each.
    """
    either = either or Either()
    if not role and clearance is None:
        raise BadInput("account.change", "--role or --clearance", "neither")
    held = None if clearance is None else parse_clearance(clearance, Folder(either.data))
    with either.node() as door:
        door.change(account, {"roles": role or None, "clearance": held})
    either.out.data({"account": account, "changed": True}, text=f"{account} is changed")


@account_app.command
def disable(account: str, /, *, either: Either | None = None) -> None:
    """Bar an account from signing in, and stop its sessions and tokens.

    Parameters
    ----------
    account
        Its name.
    """
    _set_disabled(account, either or Either(), True)


@account_app.command
def enable(account: str, /, *, either: Either | None = None) -> None:
    """Let a disabled account sign in again.

    Parameters
    ----------
    account
        Its name.
    """
    _set_disabled(account, either or Either(), False)


def _set_disabled(account: str, either: Either, disabled: bool) -> None:
    with either.node() as door:
        door.change(account, {"disabled": disabled})
    text = f"{account} may {'no longer' if disabled else 'again'} sign in"
    either.out.data({"account": account, "disabled": disabled}, text=text)


@account_app.command
def sign_out(account: str, /, *, either: Either | None = None) -> None:
    """End all sessions of an account and revoke all its tokens; it may sign in again.

    Parameters
    ----------
    account
        Its name.
    """
    either = either or Either()
    with either.node() as door:
        ended = door.sign_out(account)
    text = f"{account}: {ended['sessions']} sessions ended, {ended['tokens']} tokens revoked"
    either.out.data({"account": account, **ended}, text=text)


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


def ask_once(from_stdin: bool) -> str:
    """A password one has, asked for at a terminal, or the first line of standard input."""
    return sys.stdin.readline().rstrip("\r\n") if from_stdin else getpass.getpass("Password: ")


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
