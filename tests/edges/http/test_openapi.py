"""The OpenAPI description against the running application, by schemathesis."""

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
ADMINISTRATORS = ("/audit", "/link", "/accounts")


def check(operation: schemathesis.schemas.APIOperation, token: str) -> None:  # type: ignore[name-defined]
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def calls(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS, headers={"authorization": f"Bearer {token}"})

    calls()


def test_every_operation_answers_as_it_is_described(served: Served) -> None:
    schema = schemathesis.openapi.from_url(f"{served.url}/api/v1/openapi.json")
    failed: dict[str, str] = {}
    operations = [result.ok() for result in schema.get_all_operations()]
    for operation in operations:
        if operation.path.endswith("/stream"):
            continue  # it does not end
        account = "admin" if any(part in operation.path for part in ADMINISTRATORS) else "watch"
        try:
            check(operation, served.token_of(account))
        except BaseExceptionGroup as err:
            failed[operation.label] = "; ".join(f"{e}\n" for e in err.exceptions)[:1500]
    assert not failed, "\n\n".join(f"{label}: {said}" for label, said in failed.items())
    assert len(operations) > 50


def test_every_path_of_the_contract_is_described(served: Served) -> None:
    paths = served.client(None).get("/openapi.json").json()["paths"]
    for path in (
        "/session",
        "/tokens",
        "/node",
        "/partners",
        "/partners/{hq}/queue",
        "/partners/{hq}/link",
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
