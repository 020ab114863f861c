"""Every "no" of the API as problem+json (RFC 9457).

``type`` is a URN of the stable code, ``title`` the status in words, ``expected`` and ``came`` say what was
wanted and what arrived, never the content of a record.  Refusals, bad input, failures and whatever the
framework raises on its own (no such path, wrong method, malformed body) all leave by this door.
"""

import http

import msgspec
from litestar import Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException

from ...kernel.errors import (
    BadInput,
    Fault,
    Faulty,
    OurFault,
    Refused,
    RenkeiError,
    StaleVersion,
    TheirFault,
    Unreachable,
)

PROBLEM_JSON = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every error answer; of a file with everything wrong in it, the first fault in words.

    ``more`` says that reading stopped there.
    """

    type: str
    title: str
    status: int
    code: str
    expected: str
    came: str
    faults: tuple[Fault, ...] = ()
    more: bool = False


class RefusedFile(Refused, frozen=True, kw_only=True):
    """A ``Faulty`` as what is answered."""

    faults: tuple[Fault, ...]
    more: bool


class Refusal(Exception):
    """A ``Refused`` on its way out of a handler."""

    def __init__(self, refused: Refused, noted: bool = False) -> None:
        super().__init__(str(refused))
        self.refused = refused
        self.noted = noted


NOT_FOUND = Refused(
    code="record.not_found", expected="the id of a record you may read", came="another id", status=404
)
"""One answer for what does not exist and for what the reader may not see."""
SIGN_IN = Refused(
    code="session.needed",
    expected="a session cookie or a token",
    came="neither, or one that is over",
    status=401,
)
CSRF = Refused(
    code="session.csrf", expected="the header X-Renkei: 1 beside the session cookie", came="none", status=403
)
HOST = Refused(code="request.host", expected="a Host this node serves", came="another", status=421)
NO_PATH = Refused(code="request.path", expected="a path of this API", came="another", status=404)
MEDIA = Refused(code="request.media", expected="a body in application/json", came="another type", status=415)
BODY_SIZE = Refused(code="request.size", expected="a smaller body", came="more", status=413)
BUSY = Refused(code="node.busy", expected="fewer requests at once", came="more", status=503)

_BY_TYPE: tuple[tuple[type[RenkeiError], int], ...] = (
    (StaleVersion, 409),
    (BadInput, 400),
    (Unreachable, 503),
    (TheirFault, 502),
    (OurFault, 500),
)
_FRAMEWORK = {
    401: ("session.needed", "a session cookie or a token", "neither"),
    404: ("request.path", "a path of this API", "another"),
    405: ("request.method", "a method this path has", "another"),
    413: ("request.size", "a smaller body", "more"),
    415: ("request.media", "a body in application/json", "another type"),
}


def refuse(refused: Refused, *, noted: bool = False) -> Refusal:
    """``refused`` as something to raise; ``noted`` if the audit trail has it already."""
    return Refusal(refused, noted)


def problem_of(refused: Refused) -> Problem:
    """The problem document for a refusal."""
    return Problem(
        type=f"urn:renkei:problem:{refused.code}",
        title=_title(refused.status),
        status=refused.status,
        code=refused.code,
        expected=refused.expected,
        came=refused.came,
        faults=refused.faults if isinstance(refused, RefusedFile) else (),
        more=isinstance(refused, RefusedFile) and refused.more,
    )


def as_refused(err: Exception) -> Refused:
    """What to answer for an exception; for a fault of ours nothing of its cause is told."""
    if isinstance(err, Refusal):
        return err.refused
    if isinstance(err, RenkeiError):
        return _failure(err)
    if isinstance(err, HTTPException) and err.status_code < 500:
        return _from_framework(err)
    return Refused(code="node.fault", expected="no fault of this node", came="one; it is logged", status=500)


def _failure(err: RenkeiError) -> Refused:
    carried = getattr(err, "refused", None)
    if isinstance(carried, Refused):
        return carried
    if err.code == "log.busy":
        return BUSY
    if err.code == "past.building":
        return Refused(code=err.code, expected=err.expected, came=err.came, status=503)
    if isinstance(err, Faulty):
        return RefusedFile(
            code=err.code,
            expected=err.expected,
            came=err.came,
            status=400,
            faults=err.faults,
            more=err.more,
        )
    status = getattr(err, "status", None) or next(s for kind, s in _BY_TYPE if isinstance(err, kind))
    return Refused(code=err.code, expected=err.expected, came=err.came, status=status)


def _from_framework(err: HTTPException) -> Refused:
    if isinstance(err, ValidationException):
        return Refused(
            code="request.form", expected="what the API description says", came=_fields(err), status=400
        )
    if isinstance(err.__cause__, SerializationException):
        return Refused(code="request.json", expected="JSON in UTF-8", came="bytes that are not", status=400)
    rest = ("request.form", "a well-formed request", "something else")
    code, expected, came = _FRAMEWORK.get(err.status_code, rest)
    return Refused(code=code, expected=expected, came=came, status=err.status_code)


def body_of(refused: Refused) -> bytes:
    """The encoded problem document."""
    return msgspec.json.encode(problem_of(refused))


def respond(refused: Refused, headers: dict[str, str] | None = None) -> Response[bytes]:
    """The answer for a refusal."""
    return Response(
        content=body_of(refused), status_code=refused.status, media_type=PROBLEM_JSON, headers=headers
    )


def extra_headers(err: Exception, no: Refused) -> dict[str, str]:
    """Headers that belong to the answer beside the problem: Allow, WWW-Authenticate, Retry-After."""
    headers = dict(err.headers or {}) if isinstance(err, HTTPException) else {}
    if no.status == 401:
        headers["www-authenticate"] = "Bearer"
    if no.status in {429, 503}:
        headers["retry-after"] = "1" if no.status == 503 else "60"
    return headers


def _title(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _fields(err: ValidationException) -> str:
    """Which fields were wrong and how, without their values."""
    found = err.extra if isinstance(err.extra, list) else []
    said = [
        f"{e.get('key', '') or 'body'}: {_plain(str(e.get('message', '')))}"
        for e in found
        if isinstance(e, dict)
    ]
    return "; ".join(said[:5]) or "something else"


def _plain(message: str) -> str:
    # A decoder quotes the offending value after "Invalid enum value"; what is inside quotes stays here.
    head, _, rest = message.partition("Invalid enum value")
    if rest or message.startswith("Invalid enum value"):
        return "a value outside the list"
    return head[:200]
