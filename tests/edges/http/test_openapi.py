"""The OpenAPI description against the running application, by schemathesis."""

from collections.abc import Callable, Collection
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from edges.http.served import Served

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 5
FEW = 2
"""For callers who are refused nearly everything: what is asked is whether the refusal is as described."""
ADMINISTRATORS = ("/audit", "/link", "/accounts", "/partners", "/policy")
PROBLEM = {"type", "title", "status", "code", "expected", "came"}
OF_A_FILE = {"faults", "more"}


def is_a_problem(ctx: object, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """Every error is a problem document of its own status, under a stable dotted code."""
    if response.status_code < 400:
        return
    assert response.headers["content-type"][0].startswith("application/problem+json"), case.operation.label
    body = response.json()
    assert set(body) - OF_A_FILE == PROBLEM and body["status"] == response.status_code
    assert body["type"] == f"urn:renkei:problem:{body['code']}" and "." in body["code"]


def check(
    operation: schemathesis.schemas.APIOperation,  # type: ignore[name-defined]
    token: str | None,
    examples: int = EXAMPLES,
    only: Collection[int] | None = None,
) -> None:
    """Call it with made-up arguments; ``only`` are all the statuses it may answer with."""

    def is_expected(ctx: object, response: schemathesis.Response, case: schemathesis.Case) -> None:
        assert only is None or response.status_code in only, f"{response.status_code}: {response.text[:200]}"

    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def calls(case: schemathesis.Case) -> None:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        case.call_and_validate(checks=[*CHECKS, is_a_problem, is_expected], headers=headers)

    calls()


def operations(served: Served) -> list[schemathesis.schemas.APIOperation]:  # type: ignore[name-defined]
    """Every operation but the stream, which does not end."""
    schema = schemathesis.openapi.from_url(f"{served.url}/api/v1/openapi.json")
    found = [result.ok() for result in schema.get_all_operations()]
    return [operation for operation in found if not operation.path.endswith("/stream")]


def all_checked(
    served: Served, token_of: Callable[[str], str | None], examples: int, only: Callable[[Any], Any]
) -> None:
    """Every operation, as whoever ``token_of`` its path names; all that is wrong is told together."""
    failed: dict[str, str] = {}
    found = operations(served)
    for operation in found:
        try:
            check(operation, token_of(operation.path), examples, only(operation))
        except BaseExceptionGroup as err:
            failed[operation.label] = "; ".join(f"{e}\n" for e in err.exceptions)[:1500]
    assert not failed, "\n\n".join(f"{label}: {said}" for label, said in failed.items())
    assert len(found) > 50


def test_every_operation_answers_as_it_is_described(served: Served) -> None:
    def token_of(path: str) -> str:
        return served.token_of("admin" if any(part in path for part in ADMINISTRATORS) else "watch")

    all_checked(served, token_of, EXAMPLES, lambda operation: None)


def test_strangers_are_refused_by_every_operation_that_is_not_open(served: Served) -> None:
    def only(operation: Any) -> set[int] | None:
        is_open = operation.definition.raw.get("security") == [{}]
        return None if is_open else {401}

    open_to_all = [o.label for o in operations(served) if only(o) is None]
    assert sorted(open_to_all) == ["GET /api/v1/health", "POST /api/v1/session"]
    all_checked(served, lambda path: None, FEW, only)


def test_a_reader_of_low_clearance_is_answered_as_it_is_described(served: Served) -> None:
    token = served.token_of("glance")
    all_checked(served, lambda path: token, FEW, lambda operation: None)


def test_what_needs_a_permission_is_refused_to_who_has_none_before_anything_else(served: Served) -> None:
    """Whatever the arguments: nobody learns by them what there is."""
    token = served.token_of("glance")
    manage = [o for o in operations(served) if o.path.startswith("/api/v1/partners/") and o.method != "get"]
    assert len(manage) == 8
    for operation in manage:
        check(operation, token, FEW, {403})


def test_every_path_of_the_contract_is_described(served: Served) -> None:
    paths = served.client(None).get("/openapi.json").json()["paths"]
    for path in (
        "/session",
        "/tokens",
        "/node",
        "/partners",
        "/partners/{hq}/queue",
        "/partners/{hq}",
        "/partners/{hq}/link",
        "/partners/{hq}/courier/export",
        "/partners/{hq}/courier/carried",
        "/partners/{hq}/courier/import",
        "/policy/proposals/{owner}/{key}/effects",
        "/audit",
        "/health",
        "/labels",
        "/labels/check",
        "/labels/aggregate",
        "/accounts",
        "/accounts/{account}",
        "/accounts/{account}/password",
        "/accounts/{account}/sign-out",
        "/accounts/{account}/tokens",
        "/records",
        "/records/{owner}/{key}",
        "/records/{owner}/{key}/bytes",
        "/records/{owner}/{key}/release",
        "/records/{owner}/{key}/translations",
        "/search",
        "/map",
        "/map.geojson",
        "/incidents",
        "/incidents/{owner}/{key}",
        "/incidents/{owner}/{key}/close",
        "/incidents/{owner}/{key}/reopen",
        "/requests",
        "/requests/{owner}/{key}",
        "/requests/{owner}/{key}/read",
        "/requests/{owner}/{key}/acknowledge",
        "/requests/{owner}/{key}/answer",
        "/requests/{owner}/{key}/withdraw",
        "/commitments/{owner}/{key}/progress",
        "/tasks",
        "/tasks/{owner}/{key}",
        "/log-entries",
        "/decisions",
        "/hazards",
        "/positions",
        "/areas",
        "/headquarters",
        "/units",
        "/units/{owner}/{key}",
        "/posts",
        "/sites",
        "/relations",
        "/stream",
    ):
        assert f"/api/v1{path}" in paths, path


def test_no_list_is_described_as_holding_its_own_form_or_anything(served: Served) -> None:
    def alternatives(part: Any) -> list[Any]:
        found = [part[word] for word in ("oneOf", "anyOf") if word in part] if isinstance(part, dict) else []
        below = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        return found + [one for inner in below for one in alternatives(inner)]

    schemas = served.client(None).get("/openapi.json").json()["components"]["schemas"]
    assert schemas["PlanIn"]["properties"]["phases"]["items"] == {"$ref": "#/components/schemas/Phase"}
    assert not [one for one in alternatives(schemas) if {} in one]
