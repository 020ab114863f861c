"""Administering a node by whichever way is open: over HTTP while it runs, on its files while it does not.

A running node holds its logs, and with them the audit trail, so what changes it goes through it and needs an
administrator's token.  A stopped node is opened here, under the lock of its logs, for the length of one
command.  Which of the two was done is said on standard error.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

import msgspec
from cyclopts import Parameter

from ...kernel.audit import AuditTrail
from ...kernel.labels.model import Clearance
from ...node.administration import AccountChange, AccountIn, Administration, console
from ...node.agreeing import Agreeing, EndIn, PartnerChange, PartnerIn
from .app import Local
from .client import Api, find_credentials
from .local import LocalNode
from .nodes import opened


class Door(Protocol):
    """What an administrator does to accounts and partners, either way."""

    def accounts(self) -> list[dict[str, Any]]:
        """All accounts."""

    def create(self, given: Mapping[str, Any]) -> None:
        """Make an account."""

    def change(self, account: str, given: Mapping[str, Any]) -> None:
        """Change its roles, its clearance, or whether it may sign in."""

    def set_password(self, account: str, password: str) -> None:
        """Give it a new password."""

    def sign_out(self, account: str) -> dict[str, int]:
        """End its sessions and tokens; how many there were."""

    def add_partner(self, given: PartnerIn) -> None:
        """Agree on a partner."""

    def change_partner(self, hq: str, given: PartnerChange) -> None:
        """Have something about a partner be otherwise."""

    def end_partner(self, hq: str, reason: str) -> None:
        """End what was agreed with a partner."""


class OverHttp:
    """The running node's door."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def accounts(self) -> list[dict[str, Any]]:
        """See ``Door``."""
        found: list[dict[str, Any]] = self._api.get("/accounts")
        return found

    def create(self, given: Mapping[str, Any]) -> None:
        """See ``Door``."""
        self._api.post("/accounts", given)

    def change(self, account: str, given: Mapping[str, Any]) -> None:
        """See ``Door``."""
        self._api.patch(f"/accounts/{account}", given)

    def set_password(self, account: str, password: str) -> None:
        """See ``Door``."""
        self._api.post(f"/accounts/{account}/password", {"password": password})

    def sign_out(self, account: str) -> dict[str, int]:
        """See ``Door``."""
        ended: dict[str, int] = self._api.post(f"/accounts/{account}/sign-out")
        return ended

    def add_partner(self, given: PartnerIn) -> None:
        """See ``Door``."""
        self._api.post("/partners", given)

    def change_partner(self, hq: str, given: PartnerChange) -> None:
        """See ``Door``."""
        self._api.patch(f"/partners/{hq}", given)

    def end_partner(self, hq: str, reason: str) -> None:
        """See ``Door``."""
        self._api.delete(f"/partners/{hq}", reason=reason)


class OnFiles:
    """A stopped node's door."""

    def __init__(self, administration: Administration, agreeing: Agreeing, clearance: Clearance) -> None:
        self._administration, self._agreeing = administration, agreeing
        self._console = console(clearance)

    def accounts(self) -> list[dict[str, Any]]:
        """See ``Door``."""
        return [msgspec.to_builtins(info) for info in self._administration.all()]

    def create(self, given: Mapping[str, Any]) -> None:
        """See ``Door``."""
        self._administration.create(self._console, msgspec.convert(msgspec.to_builtins(given), AccountIn))

    def change(self, account: str, given: Mapping[str, Any]) -> None:
        """See ``Door``."""
        change = msgspec.convert(msgspec.to_builtins(given), AccountChange)
        self._administration.change(self._console, account, change)

    def set_password(self, account: str, password: str) -> None:
        """See ``Door``."""
        self._administration.set_password(self._console, account, password)

    def sign_out(self, account: str) -> dict[str, int]:
        """See ``Door``."""
        ended: dict[str, int] = msgspec.to_builtins(self._administration.sign_out(self._console, account))
        return ended

    def add_partner(self, given: PartnerIn) -> None:
        """See ``Door``."""
        self._agreeing.add(self._console, given)

    def change_partner(self, hq: str, given: PartnerChange) -> None:
        """See ``Door``."""
        self._agreeing.change(self._console, hq, given)

    def end_partner(self, hq: str, reason: str) -> None:
        """See ``Door``."""
        self._agreeing.end(self._console, hq, EndIn(reason))


@Parameter(name="*")
@dataclass(frozen=True)
class Either(Local):
    """Options of commands that change a node, running or not."""

    url: Annotated[
        str | None,
        Parameter(name="--url", env_var="RENKEI_URL", help="The running node's address; else its settings'."),
    ] = None
    token: Annotated[
        str | None,
        Parameter(
            name="--token", env_var="RENKEI_TOKEN", help="An administrator's token; else as signed in."
        ),
    ] = None

    def running(self) -> Api | None:
        """A client of the running node, None if it is stopped.  Raises BadInput without a token for it."""
        local = LocalNode(self.data)
        if local.health() is None:
            return None
        credentials = find_credentials(self.url or local.url, self.token)
        return Api(credentials.url, credentials.token)

    @contextmanager
    def node(self) -> Iterator[Door]:
        """The way that is open.  Raises BadInput if the node runs and there is no token for it."""
        api = self.running()
        if api is not None:
            yield OverHttp(api)
            self.out.note(f"done at the running node, {api.url}")
            return
        with opened(self.data) as node:
            trail = AuditTrail(node.audit, node.clock)
            try:
                administration = Administration(node.accounts, lambda: node.policies, trail)
                yield OnFiles(administration, Agreeing(node, trail), Clearance(node.policies.own.id, (), ()))
            finally:
                trail.close()
        self.out.note("the node is not running: done on its files")
