"""A small client of a node's API, for the command line and the demo.

Credentials: ``--url`` and ``--token`` (or ``RENKEI_URL``, ``RENKEI_TOKEN``), or what ``renkei sign-in``
kept in the user's configuration folder (mode 0600), in that order.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from ...kernel.errors import BadInput, Fault, Faulty, Unreachable
from ...kernel.identity.files import write_atomically

TIMEOUT_SECONDS = 30.0
"""Longest wait for one answer: a bulk append on a busy node stays well under it."""
SECRET_MODE = 0o600
PARTIAL = 206
BAD = 400
FILE_SECONDS = 600.0
"""Longest wait for the answer to a courier's file: half a million entries are taken in in seconds."""


class Problem(BadInput):
    """The node refused; carries its problem+json."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status = status
        super().__init__(
            str(body.get("code", "http")),
            str(body.get("expected") or "an accepted call"),
            str(body.get("came") or body.get("title") or status),
        )


class Credentials(msgspec.Struct, frozen=True):
    """Where a node is and what opens it."""

    url: str
    token: str = ""
    id: str = ""


def credentials_file() -> Path:
    """Where ``renkei sign-in`` keeps what it got."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "renkei" / "credentials.json"


def find_credentials(url: str | None, token: str | None) -> Credentials:
    """The credentials to use.  Raises BadInput when there are none."""
    kept = load_credentials()
    url = url or (kept.url if kept else None)
    token = token or (kept.token if kept and url and kept.url == url.rstrip("/") else None)
    if not url or not token:
        came = "none" if not url else f"no token for {url}"
        raise BadInput("cli.credentials", "a node and a token (renkei sign-in URL ACCOUNT keeps both)", came)
    return Credentials(url, token)


def find_address(url: str | None) -> str:
    """The node to call.  Raises BadInput when none is known."""
    kept = load_credentials()
    found = url or (kept.url if kept else None)
    if not found:
        raise BadInput("cli.credentials", "a node (--url, or renkei sign-in URL ACCOUNT keeps one)", "none")
    return found


def load_credentials() -> Credentials | None:
    """What ``sign-in`` kept, or None."""
    try:
        return msgspec.json.decode(credentials_file().read_bytes(), type=Credentials)
    except (OSError, msgspec.DecodeError):
        return None


def save_credentials(credentials: Credentials) -> Path:
    """Keep ``credentials`` for later commands."""
    path = credentials_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomically(path, msgspec.json.encode(credentials), SECRET_MODE)
    return path


def forget_credentials() -> None:
    """Keep nothing any more."""
    credentials_file().unlink(missing_ok=True)


class Api:
    """Calls to one node as one person or program; with ``as_of`` or ``known_to`` about a moment past."""

    def __init__(
        self, url: str, token: str = "", *, as_of: str | None = None, known_to: str | None = None
    ) -> None:
        self._past = {k: v for k, v in (("asOf", as_of), ("knownTo", known_to)) if v is not None}
        self.url = url.rstrip("/")
        headers = {"X-Renkei": "1", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            self._http = httpx.Client(
                base_url=self.url + "/api/v1", headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False
            )
        except httpx.InvalidURL:
            raise BadInput("cli.url", "an address such as http://127.0.0.1:8440", repr(url[:80])) from None

    def sign_in(self, account: str, password: str) -> dict[str, Any]:
        """Start a session; the cookie stays with this client."""
        me: dict[str, Any] = self.post("/session", {"account": account, "password": password})
        return me

    def get(self, path: str, **params: str | int | None) -> Any:
        """GET ``path``; the decoded answer."""
        return self._call("GET", path, params={k: v for k, v in params.items() if v is not None})

    def post(self, path: str, body: object = None) -> Any:
        """POST ``body`` as JSON; the decoded answer."""
        return self._call("POST", path, content=msgspec.json.encode(body if body is not None else {}))

    def patch(self, path: str, body: object) -> Any:
        """PATCH ``path`` with ``body`` as JSON; the decoded answer."""
        return self._call("PATCH", path, content=msgspec.json.encode(body))

    def delete(self, path: str, **params: str) -> Any:
        """DELETE ``path``; the decoded answer."""
        return self._call("DELETE", path, params=dict(params))

    def put(self, path: str, body: bytes, **params: int) -> Any:
        """PUT ``body`` as bytes; the decoded answer."""
        return self._call("PUT", path, content=body, params=dict(params), media="application/octet-stream")

    def download(self, path: str, first: int) -> Iterator[bytes]:
        """The bytes of ``path`` from ``first`` on."""
        try:
            with self._http.stream("GET", path, headers={"Range": f"bytes={first}-"}) as answer:
                if answer.status_code != PARTIAL:
                    answer.read()
                    raise _problem(answer)
                yield from answer.iter_bytes()
        except httpx.HTTPError as err:
            expected = f"a node that answers at {self.url}"
            raise Unreachable("node.unreachable", expected, type(err).__name__) from err

    @contextmanager
    def fetch(
        self, path: str, **params: int | bool | None
    ) -> Iterator[tuple[Mapping[str, str], Iterator[bytes]]]:
        """POST ``path`` for a file: the answer's headers and its bytes."""
        given = {k: v for k, v in params.items() if v is not None}
        try:
            with self._http.stream("POST", path, params=given, timeout=FILE_SECONDS) as answer:
                if answer.status_code >= BAD:
                    answer.read()
                    raise _problem(answer)
                yield answer.headers, answer.iter_bytes()
        except httpx.HTTPError as err:
            expected = f"a node that answers at {self.url}"
            raise Unreachable("node.unreachable", expected, type(err).__name__) from err

    def send(self, path: str, pieces: Iterator[bytes]) -> Any:
        """POST a file's bytes; the decoded answer, however long it takes in what was sent."""
        return self._call("POST", path, content=pieces, media="application/octet-stream", wait=FILE_SECONDS)

    def pages(self, path: str, **params: str | int | None) -> Iterator[dict[str, Any]]:
        """The items of a listed path, page after page."""
        before: str | None = None
        while True:
            page = self.get(path, before=before, **params)
            yield from page["items"]
            before = page.get("next")
            if not before:
                return

    def close(self) -> None:
        """Let the connection go."""
        self._http.close()

    def _call(
        self,
        method: str,
        path: str,
        content: bytes | Iterator[bytes] | None = None,
        params: dict[str, Any] | None = None,
        media: str = "application/json",
        wait: float = TIMEOUT_SECONDS,
    ) -> Any:
        headers = {"Content-Type": media} if content is not None else {}
        params = {**(params or {}), **self._past}
        try:
            answer = self._http.request(
                method, path, content=content, params=params, headers=headers, timeout=wait
            )
        except httpx.UnsupportedProtocol:
            raise BadInput(
                "cli.url", "an address such as http://127.0.0.1:8440", repr(self.url[:80])
            ) from None
        except httpx.HTTPError as err:
            raise Unreachable(
                "node.unreachable", f"a node that answers at {self.url}", type(err).__name__
            ) from err
        if answer.status_code >= BAD:
            raise _problem(answer)
        return msgspec.json.decode(answer.content) if answer.content else None


def _problem(answer: httpx.Response) -> BadInput:
    """What the node refused: everything wrong with a file, where it says so."""
    try:
        body = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        body = None
    if not isinstance(body, dict):
        return Problem(answer.status_code, {"title": answer.reason_phrase})
    if body.get("faults"):
        return Faulty(body["code"], msgspec.convert(body["faults"], list[Fault]), bool(body.get("more")))
    return Problem(answer.status_code, body)
