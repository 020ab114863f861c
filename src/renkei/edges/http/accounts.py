"""Accounts of the node, for its administrators."""

from typing import Any

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody

from ...kernel.account_rows import AccountInfo, TokenInfo
from ...kernel.people import Permission
from ...node.administration import AccountChange, AccountIn, Ended, PasswordIn
from .context import Caller, Edge
from .schema import NOTHING, problems

_MANAGE: dict[str, Any] = {"opt": {"permission": Permission.ACCOUNT_MANAGE}, "tags": ["accounts"]}
_WRITE = problems(409, 413, 415, 422, 503)


@get("/accounts", summary="Accounts", responses=problems(), **_MANAGE)
async def list_accounts(edge: Edge) -> list[AccountInfo]:
    """All, by name."""
    return await edge.reads.run(edge.administration.all)


@post("/accounts", summary="Make an account", responses=_WRITE, **_MANAGE)
async def create_account(edge: Edge, person: Caller, data: JSONBody[AccountIn]) -> AccountInfo:
    """For a post, never for a private person."""
    return await edge.hashers.run(edge.administration.create, person, data)


@patch("/accounts/{account:str}", summary="Change an account", responses=_WRITE, **_MANAGE)
async def change_account(
    edge: Edge, person: Caller, account: FromPath[str], data: JSONBody[AccountChange]
) -> AccountInfo:
    """Roles, clearance, and whether it may sign in; sessions and tokens have them at once.

    The last administrator stays one.
    """
    return await edge.actions.run(edge.administration.change, person, account, data)


@post(
    "/accounts/{account:str}/password",
    summary="Give a new password",
    status_code=204,
    responses={204: NOTHING, **_WRITE},
    **_MANAGE,
)
async def set_password(
    edge: Edge, person: Caller, account: FromPath[str], data: JSONBody[PasswordIn]
) -> None:
    """The account's sessions end."""
    await edge.hashers.run(edge.administration.set_password, person, account, data.password)


@post(
    "/accounts/{account:str}/sign-out",
    summary="End sessions and tokens",
    status_code=200,
    responses=problems(409, 413, 415, 503),
    **_MANAGE,
)
async def sign_account_out(edge: Edge, person: Caller, account: FromPath[str]) -> Ended:
    """All of the account's, at once."""
    return await edge.actions.run(edge.administration.sign_out, person, account)


@get("/accounts/{account:str}/tokens", summary="An account's tokens", responses=problems(), **_MANAGE)
async def list_account_tokens(edge: Edge, account: FromPath[str]) -> list[TokenInfo]:
    """Newest first, without their secrets."""
    return await edge.reads.run(edge.administration.tokens, account)


@delete(
    "/accounts/{account:str}/tokens/{token_id:str}",
    summary="Revoke an account's token",
    responses=problems(),
    **_MANAGE,
)
async def revoke_account_token(
    edge: Edge, person: Caller, account: FromPath[str], token_id: FromPath[str]
) -> None:
    """It stops working at once."""
    await edge.actions.run(edge.administration.revoke, person, account, token_id)


HANDLERS = (
    list_accounts,
    create_account,
    change_account,
    set_password,
    sign_account_out,
    list_account_tokens,
    revoke_account_token,
)
