"""The OpenAPI document: what FastAPI finds in the routes, and what it can't see."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI

from acude.api.examples import PAYMENTS
from acude.api.problems import ProblemBody
from acude.contracts.json_schema import variant_schemas
from acude.contracts.model import Contract, table
from acude.payments.serde import TOPIC, TRACE_HEADER
from acude.settings import Settings

Json = dict[str, Any]

_SCHEMAS: Final = "#/components/schemas/"
_METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_TRACE: Final[Json] = {
    "description": "Quote it to the platform's operator",
    "required": True,
    "schema": {"type": "string", "minLength": 1},
}


def payment_body() -> Json:
    """The request body of a payment: a schema per kind, from the topic's contract, and an example of each."""
    contract = _contract()
    names = {kind: f"{_SCHEMAS}{_name(kind)}" for kind in variant_schemas(contract)}
    schema = {
        "oneOf": [{"$ref": name} for name in names.values()],
        "discriminator": {"propertyName": contract.variants.by, "mapping": names} if contract.variants else {},
    }
    examples = {kind: {"summary": f"A payment by {kind}", "value": value} for kind, value in PAYMENTS.items()}
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": examples}}}


def describe(app: FastAPI, config: Settings) -> None:
    """Makes the application serve the whole document."""
    original = app.openapi

    def openapi() -> Json:
        if not app.openapi_schema:
            app.openapi_schema = _completed(original(), config)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(document: Json, config: Settings) -> Json:
    document["servers"] = [{"url": config.risk_url}]
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    # FastAPI's own refusals of parameters, which are problems here.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["ProblemBody"] = ProblemBody.model_json_schema()
    kinds = variant_schemas(_contract())
    schemas |= {_name(kind): schema for kind, schema in kinds.items()}
    for operation in _operations(document):
        operation["responses"] = {
            status: answer | {"headers": {TRACE_HEADER.replace("_", "-"): _TRACE} | answer.get("headers", {})}
            for status, answer in operation["responses"].items()
            if "HTTPValidationError" not in str(answer)
        }
        if "security" in operation:
            operation["security"] = _alternatives(operation["security"])
    return document


def _operations(document: Json) -> Iterator[Json]:
    for path in document["paths"].values():
        yield from (operation for method, operation in path.items() if method in _METHODS)


def _alternatives(security: list[dict[str, list[str]]]) -> list[dict[str, list[str]]]:
    """One of a route's scopes is enough; a list in one requirement would say that all are needed."""
    return [{name: [scope]} for one in security for name, scopes in one.items() for scope in scopes]


def _contract() -> Contract:
    return table(f"topics.{TOPIC}").for_clients()


def _name(kind: str) -> str:
    return f"Pagamento_{kind}"
