"""Administering a node: its accounts, written down in the audit trail.

The same steps whether the HTTP edge takes them in the running node or the command line on the files of a
stopped one; each change that took effect, and each that was refused, leaves a line in the trail.  Whoever
works on the files acts as the ``console``: the machine's own protection is what let them in.
"""

from collections.abc import Callable, Iterable
from typing import Annotated

import msgspec

from ..kernel.account_rows import AccountInfo, TokenInfo
from ..kernel.accounts import MAX_PASSWORD_CHARS, Accounts
from ..kernel.audit import AuditTrail
from ..kernel.errors import BadInput, Refused
from ..kernel.labels.model import Clearance
from ..kernel.labels.policy import PolicyBook
from ..kernel.people import Permission, Person, Role
from .steps import RuleSaid, Steps

Password = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_PASSWORD_CHARS)]
Roles = Annotated[tuple[Role, ...], msgspec.Meta(min_length=1, max_length=len(Role))]
PostName = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class AccountIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """An account to be made for a post."""

    account: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    post: PostName
    post_ja: Annotated[str, msgspec.Meta(max_length=200)] = ""
    roles: Roles
    clearance: Clearance
    password: Password


class AccountChange(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What is to be otherwise about an account; what is left out stays."""

    roles: Roles | None = None
    clearance: Clearance | None = None
    disabled: bool | None = None


class PasswordIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new password."""

    password: Password


class OwnPasswordIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new password, and the one it replaces."""

    current: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_PASSWORD_CHARS)]
    password: Password


class Ended(msgspec.Struct, frozen=True):
    """How many sessions and tokens were ended."""

    sessions: int
    tokens: int


def console(clearance: Clearance) -> Person:
    """Whoever works on a stopped node's files; no account can have this name."""
    return Person(
        account="@console", post="The node's console", roles=(Role.ADMINISTRATOR,), clearance=clearance
    )


class Administration:
    """One node's accounts, for an administrator.  Refusals are raised as BadInput with the rule's words."""

    def __init__(self, accounts: Accounts, policies: Callable[[], PolicyBook], trail: AuditTrail) -> None:
        """``policies`` gives those in force, which may change."""
        self._accounts, self._policies, self._steps = accounts, policies, Steps(trail)

    def create(self, person: Person, given: AccountIn) -> AccountInfo:
        """Make an account.  Hashes a password: slow on purpose."""

        def make() -> AccountInfo:
            self._check_clearance(given.clearance)
            self._accounts.create(
                given.account,
                given.password,
                post=given.post,
                post_ja=given.post_ja,
                roles=given.roles,
                clearance=given.clearance.canonical(),
            )
            return self.one(given.account)

        return self._steps.step(person, "account.create", given.account, make, why=", ".join(given.roles))

    def change(self, person: Person, account: str, given: AccountChange) -> AccountInfo:
        """Give an account other roles, another clearance, or bar it and let it again."""
        self._steps.step(person, "account.change", account, lambda: self._check(account, given), noted=False)
        if given.clearance is not None:
            held = given.clearance.canonical()
            self._steps.step(
                person, "account.clearance", account, lambda: self._accounts.set_clearance(account, held)
            )
        if given.roles is not None:
            roles = given.roles
            self._steps.step(
                person,
                "account.roles",
                account,
                lambda: self._accounts.set_roles(account, roles),
                why=", ".join(roles),
            )
        if given.disabled is not None:
            action, disabled = "account.disable" if given.disabled else "account.enable", given.disabled
            self._steps.step(person, action, account, lambda: self._accounts.disable(account, disabled))
        return self.one(account)

    def set_password(self, person: Person, account: str, password: str) -> None:
        """Give an account a new password and end its sessions.  Hashes: slow on purpose."""

        def change() -> None:
            self.one(account)
            self._accounts.set_password(account, password)

        self._steps.step(person, "account.password", account, change)

    def change_own_password(self, person: Person, given: OwnPasswordIn, address: str) -> None:
        """``person``'s own, which ends its sessions; whoever asks has to know the current one.  Hashes."""

        def change() -> None:
            refused = self._accounts.change_password(person.account, given.current, given.password, address)
            if refused is not None:
                raise RuleSaid(refused)

        self._steps.step(person, "account.password", person.account, change, why="by its own post")

    def sign_out(self, person: Person, account: str) -> Ended:
        """End all of an account's sessions and revoke all of its tokens."""

        def end() -> Ended:
            self.one(account)
            return Ended(self._accounts.end_sessions(account), self._accounts.revoke_all(account))

        return self._steps.step(person, "account.sign_out", account, end)

    def tokens(self, account: str) -> list[TokenInfo]:
        """An account's tokens, newest first, without their secrets."""
        self.one(account)
        return self._accounts.tokens(account)

    def mint(
        self, person: Person, name: str, scopes: Iterable[Permission], days: int
    ) -> tuple[TokenInfo, str]:
        """A token for ``person``'s own account."""

        def make() -> tuple[TokenInfo, str]:
            minted = self._accounts.mint(person, name, scopes, days)
            if isinstance(minted, Refused):
                raise RuleSaid(minted)
            return minted

        return self._steps.step(person, "token.make", "", make, named=lambda made: made[0].id)

    def revoke(self, person: Person, account: str, token_id: str) -> None:
        """Revoke one of an account's tokens; it stops working at once."""

        def end() -> None:
            if not self._accounts.revoke(account, token_id):
                raise RuleSaid(NO_TOKEN)

        self._steps.step(person, "token.revoke", token_id, end)

    def all(self) -> list[AccountInfo]:
        """All accounts, by name."""
        return self._accounts.all()

    def one(self, account: str) -> AccountInfo:
        """One account.  Raises BadInput if there is none of that name."""
        found = next((known for known in self._accounts.all() if known.account == account), None)
        if found is None:
            raise RuleSaid(NO_ACCOUNT)
        return found

    # --- inside --------------------------------------------------------------------------------------

    def _check_clearance(self, clearance: Clearance) -> None:
        wrong = self._policies().check_clearance(clearance)
        if wrong is not None:
            raise RuleSaid(wrong)

    def _check(self, account: str, given: AccountChange) -> None:
        """All that a change must hold to, before any of it is made."""
        if given == AccountChange():
            raise BadInput("account.change", "roles, a clearance or disabled", "none of them")
        known = self.one(account)
        if given.clearance is not None:
            self._check_clearance(given.clearance)
        stays = given.roles is None or Role.ADMINISTRATOR in given.roles
        if known.disabled or (stays and not given.disabled):
            return
        # A node without an account that manages accounts could be mended by its files alone.
        administrators = {a.account for a in self.all() if Role.ADMINISTRATOR in a.roles and not a.disabled}
        if administrators == {account}:
            raise RuleSaid(LAST)


NO_ACCOUNT = Refused(code="account.unknown", expected="an existing account", came="another name", status=404)
NO_TOKEN = Refused(code="token.unknown", expected="the id of a token in force", came="another", status=404)
LAST = Refused(
    code="account.last", expected="another administrator to remain", came="the last one", status=409
)
