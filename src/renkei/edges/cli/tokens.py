"""``renkei token``: tokens for programs, of one's own account, at a running node."""

from cyclopts import App

from ...kernel.people import Permission
from .accounts import FromStdin, ask_once
from .app import Remote
from .client import Api

token_app = App(name="token", help="Tokens for programs, of one's own account.")


@token_app.command
def create(
    account: str,
    name: str,
    /,
    *,
    scope: list[Permission],
    days: int = 30,
    password_stdin: FromStdin = False,
    remote: Remote | None = None,
) -> None:
    """Make a token that may do only what its scopes say.  It is printed this once.

    The password is asked for: a token cannot make tokens.

    Parameters
    ----------
    account
        Your account.
    name
        What the token is for, such as "AIS feed".
    scope
        A permission that you hold, such as read; give the option once for each.
    days
        How long it works, 1 to 366.
    """
    remote = remote or Remote()
    api = Api(remote.address())
    api.sign_in(account, ask_once(password_stdin))
    try:
        made = api.post("/tokens", {"name": name, "scopes": scope, "days": days})
    finally:
        api.delete("/session")
    remote.out.data(
        made, text=f"{made['token']}\n(token {made['info']['id']}, until {made['info']['expiresAt']})"
    )


@token_app.command(name="list")
def list_tokens(*, remote: Remote | None = None) -> None:
    """List the tokens of the account signed in, newest first."""
    remote = remote or Remote()
    columns = ("id", "name", "scopes", "createdAt", "expiresAt", "revokedAt")
    remote.out.rows(columns, remote.api().get("/tokens"))


@token_app.command
def revoke(token_id: str, /, *, remote: Remote | None = None) -> None:
    """Revoke a token of the account signed in; it stops working at once.

    Parameters
    ----------
    token_id
        Its id, as listed.
    """
    remote = remote or Remote()
    remote.api().delete(f"/tokens/{token_id}")
    remote.out.data({"id": token_id, "revoked": True}, text=f"token {token_id} is revoked")
