"""The OpenAPI description: what the framework cannot derive by itself."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get
from litestar._openapi.schema_generation import SchemaCreator
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    RequestBody,
    Schema,
    SecurityScheme,
    Tag,
)
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from .context import COOKIE
from .once import describe
from .problems import PROBLEM_JSON, Problem

HIDDEN = "/api/v1/openapi"
"""Where the framework would serve its own pages about the description; ``front`` lets nobody in."""
_SAYS = {
    400: "The request does not have the promised form",
    401: "Nobody is signed in",
    403: "The caller lacks a permission, or the CSRF header is missing",
    404: "No such thing, or none the caller may see",
    409: "A rule says no, or a version is stale",
    416: "A range outside the content",
    413: "The body is too large",
    415: "The body has another media type",
    422: "A label is unknown to the policy, or a content did not pass",
    429: "Too many failed sign-ins",
    503: "Too much at once; come back",
}
_EVERYWHERE = (400, 401, 403, 404)


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The problem answers of a handler: those every one has, and ``statuses``."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            media_type=PROBLEM_JSON,
            description=_SAYS[status],
            generate_examples=False,
        )
        for status in (*_EVERYWHERE, *statuses)
    }


NOTHING = ResponseSpec(data_container=None, description="Done", generate_examples=False)
"""An answer without a body."""


class RawRecordSchema(OpenAPISchemaPlugin):
    """A record inside an answer is spliced in as bytes; it is described as the object it is."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        """Whether ``value`` is such a type."""
        return value is msgspec.Raw

    @staticmethod
    def is_plugin_supported_field(field_definition: FieldDefinition) -> bool:
        """Whether the field is of such a type."""
        return field_definition.annotation is msgspec.Raw

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        """What a record has, whatever its kind."""
        return Schema(
            type=OpenAPIType.OBJECT,
            description="A record as logged; the fields beyond these depend on its kind.",
            properties={
                "kind": Schema(type=OpenAPIType.STRING),
                "id": Schema(type=OpenAPIType.STRING),
                "version": Schema(type=OpenAPIType.INTEGER, minimum=1),
                "realm": Schema(type=OpenAPIType.STRING),
                "label": Schema(type=OpenAPIType.OBJECT),
                "at": Schema(type=OpenAPIType.STRING),
                "by": Schema(type=OpenAPIType.STRING),
            },
            required=["kind", "id", "label", "at", "by"],
            additional_properties=True,
        )


class GeoJson(msgspec.Struct, frozen=True, omit_defaults=True):
    """A GeoJSON geometry (RFC 7946 section 3.1)."""

    type: str
    coordinates: list[Any] | None = None
    geometries: list[Any] | None = None


_LINE = Schema(
    type=OpenAPIType.OBJECT,
    properties={
        "kind": Schema(type=OpenAPIType.STRING, description="A kind this node knows"),
        "label": Schema(type=OpenAPIType.OBJECT, description="A confidentiality label of the node's policy"),
        "id": Schema(type=OpenAPIType.STRING, description="Of a record to replace, or a new one"),
        "version": Schema(type=OpenAPIType.INTEGER, minimum=1),
    },
    required=["kind", "label"],
    additional_properties=True,
)


@dataclass
class AppendOperation(Operation):
    """The body of ``POST /records``, which the framework does not decode."""

    def __post_init__(self) -> None:
        self.request_body = RequestBody(
            required=True,
            content={
                "application/json": OpenAPIMediaType(schema=_LINE),
                "application/x-ndjson": OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.STRING, description="One record in JSON on each line")
                ),
            },
        )


def node_version() -> str:
    """The installed version of Renkei."""
    try:
        return version("renkei")
    except PackageNotFoundError:
        return "0"


def openapi() -> OpenAPIConfig:
    """The description's frame."""
    return OpenAPIConfig(
        title="Renkei",
        version=node_version(),
        description="Coordination between sovereign headquarters. Errors are RFC 9457 problem documents.",
        path=HIDDEN,
        render_plugins=[JsonRenderPlugin()],
        security=[{"session": []}, {"token": []}],
        components=Components(
            security_schemes={
                "session": SecurityScheme(type="apiKey", name=COOKIE, security_scheme_in="cookie"),
                "token": SecurityScheme(type="http", scheme="bearer"),
            }
        ),
        tags=[
            Tag(name=name)
            for name in (
                "session",
                "accounts",
                "node",
                "labels",
                "records",
                "coordination",
                "picture",
                "command",
                "stream",
            )
        ],
        use_handler_docstrings=True,
    )


def description(app: Litestar) -> dict[str, Any]:
    """The OpenAPI 3.1 description of ``app``."""
    api: dict[str, Any] = describe(app.openapi_schema.to_schema())
    _name_items(api)
    return api


def _name_items(part: Any) -> None:
    """Where a list's form is told as "one of its own or anything", take the anything away.

    The framework takes the ellipsis in ``tuple[X, ...]`` for a type where the list has a limit; what fits X
    would fit both then, and "one of" allows exactly one.
    """
    if isinstance(part, dict):
        items = part.get("items")
        if isinstance(items, dict) and {} in items.get("oneOf", ()):
            (part["items"],) = (one for one in items["oneOf"] if one)
    for below in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _name_items(below)


@get("/openapi.json", opt={"open": True}, include_in_schema=False)
async def get_openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The OpenAPI 3.1 description of this API."""
    return Response(msgspec.json.encode(description(request.app)), media_type="application/json")
