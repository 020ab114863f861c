"""Signing in and out, and tokens for programs."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, JSONBody

from ...kernel.account_rows import TokenInfo
from ...kernel.accounts import ABSOLUTE_END, MAX_PASSWORD_CHARS, Session, permissions_of
from ...kernel.errors import Refused
from ...kernel.labels.model import Clearance
from ...kernel.people import Permission, Person, Role
from ...node.administration import OwnPasswordIn
from .context import COOKIE, Caller, Edge, HttpEdge
from .problems import refuse
from .schema import NOTHING, problems


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account and its password."""

    account: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_PASSWORD_CHARS)]


class Me(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who is calling and what they may do."""

    account: str
    post: str
    post_ja: str
    roles: tuple[Role, ...]
    permissions: tuple[Permission, ...]
    clearance: Clearance
    hq: str


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token to be made: its purpose, what it may do, and for how many days."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    scopes: Annotated[tuple[Permission, ...], msgspec.Meta(min_length=1, max_length=len(Permission))]
    days: Annotated[int, msgspec.Meta(ge=1, le=366)]


class MintedToken(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token just made; its secret is shown this once."""

    token: str
    info: TokenInfo


NOT_FOR_TOKENS = Refused(
    code="token.session_only", expected="a person signed in by session", came="a token", status=403
)


@post(
    "/session",
    opt={"open": True},
    security=[{}],
    tags=["session"],
    summary="Sign in",
    status_code=201,
    responses=problems(413, 415, 429, 503),
)
async def sign_in(edge: Edge, request: Request[Any, Any, Any], data: JSONBody[SignIn]) -> Response[Me]:
    """Start a session; its secret comes back as a cookie only.  Any session the caller held ends."""
    address = request.client.host if request.client else ""
    held = request.cookies.get(COOKIE, "")
    result = await edge.hashers.run(edge.accounts.sign_in, data.account, data.password, address, held)
    if isinstance(result, Refused):
        # The name is noted only if it is an account: people type passwords into the wrong field.
        known = edge.accounts.person(data.account) is not None
        edge.trail.refused(None, "session.start", data.account if known else "", result)
        raise refuse(result, noted=True)
    edge.trail.done(result.person, "session.start", why="password")
    return _begun(edge, result)


@post(
    "/session/password",
    tags=["session"],
    summary="Change my password",
    status_code=201,
    responses=problems(409, 413, 415, 422, 429, 503),
)
async def change_own_password(
    edge: Edge, request: Request[Any, Any, Any], person: Caller, data: JSONBody[OwnPasswordIn]
) -> Response[Me]:
    """For whoever knows the current one.  Every session of the account ends; the caller has a new one."""
    if person.scopes is not None:
        raise refuse(NOT_FOR_TOKENS)
    address = request.client.host if request.client else ""
    await edge.hashers.run(edge.administration.change_own_password, person, data, address)
    result = await edge.hashers.run(edge.accounts.sign_in, person.account, data.password, address)
    if isinstance(result, Refused):
        raise refuse(result)
    return _begun(edge, result)


@get("/session", tags=["session"], summary="Who am I", responses=problems())
async def who_am_i(edge: Edge, person: Caller) -> Me:
    """The caller, by session or token."""
    return me_of(edge, person)


@delete("/session", tags=["session"], summary="Sign out", responses={204: NOTHING, **problems()})
async def sign_out(edge: Edge, request: Request[Any, Any, Any], person: Caller) -> Response[None]:
    """End the session the cookie names."""
    edge.accounts.sign_out(request.cookies.get(COOKIE, ""))
    edge.trail.done(person, "session.end")
    response: Response[None] = Response(None)
    response.delete_cookie(COOKIE, path="/")
    return response


@get("/tokens", tags=["session"], summary="My tokens", responses=problems())
async def list_tokens(edge: Edge, person: Caller) -> list[TokenInfo]:
    """The caller's account's tokens, newest first."""
    return edge.accounts.tokens(person.account)


@post("/tokens", tags=["session"], summary="Make a token", responses=problems(409, 413, 415))
async def make_token(edge: Edge, person: Caller, data: JSONBody[NewToken]) -> MintedToken:
    """A token for a program, narrowed to permissions the caller holds."""
    if person.scopes is not None:
        raise refuse(NOT_FOR_TOKENS)
    info, secret = edge.administration.mint(person, data.name, data.scopes, data.days)
    return MintedToken(token=secret, info=info)


@delete("/tokens/{token_id:str}", tags=["session"], summary="Revoke a token", responses=problems())
async def revoke_token(edge: Edge, person: Caller, token_id: FromPath[str]) -> None:
    """Revoke one of the caller's account's tokens; it stops working at once."""
    edge.administration.revoke(person, person.account, token_id)


def me_of(edge: HttpEdge, person: Person) -> Me:
    """``person`` as the client needs to know them."""
    return Me(
        account=person.account,
        post=person.post,
        post_ja=person.post_ja,
        roles=person.roles,
        permissions=permissions_of(person),
        clearance=person.clearance,
        hq=edge.hq,
    )


def _begun(edge: HttpEdge, session: Session) -> Response[Me]:
    return Response(me_of(edge, session.person), cookies=[_cookie(edge, session)])


def _cookie(edge: HttpEdge, session: Session) -> Cookie:
    return Cookie(
        key=COOKIE,
        value=session.secret,
        path="/",
        httponly=True,
        samesite="strict",
        secure=edge.secure,
        max_age=int(ABSOLUTE_END.total_seconds()),
    )


HANDLERS = (sign_in, who_am_i, sign_out, change_own_password, list_tokens, make_token, revoke_token)
