"""The OpenAPI 3.1 document, made from the route table."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from app.api import schemas
from app.api.codes import CODES
from app.api.routes import ROUTES, Route
from app.service.query import Param

REFERENCE = "#/components/schemas/{model}"


@cache
def document() -> dict[str, Any]:
    """Return the document of all operations."""
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cordon",
            "version": "1",
            "description": "Threats with a place and a time, and the incidents that group them. Times are RFC 3339 in UTC.",
        },
        "servers": [{"url": "/"}],
        "security": [{"ApiKey": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
        },
    }


def _schemas() -> dict[str, Any]:
    bodies = [(route.body, "validation") for route in ROUTES if route.body]
    answers = [(route.answer, "serialization") for route in ROUTES]
    _, defined = models_json_schema(
        [*bodies, *answers, (schemas.Error, "serialization")],  # type: ignore[list-item]  # literals widen in a list
        ref_template=REFERENCE,
    )
    models: dict[str, Any] = defined["$defs"]
    for model in models.values():
        for member in model.get("properties", {}).values():
            if member.get("default", "") is None:  # the way we say that a member may be absent, not a value
                del member["default"]
    return models


def _operation(route: Route) -> dict[str, Any]:
    parameters = [_parameter(param) for param in route.params]
    if route.has_id:
        identity = {"type": "string", "format": "uuid"}
        parameters.insert(0, {"name": "id", "in": "path", "required": True, "schema": identity})
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": (route.handler.__doc__ or "").split("\n", 1)[0],
        "description": f"Needs the scope `{route.permission}`.",
        "tags": [route.path.split("/")[2]],
        "parameters": parameters,
        "responses": {str(route.status): _answer(route), **_failures(route)},
    }
    if route.body:
        schema = {"$ref": REFERENCE.format(model=route.body.__name__)}
        operation["requestBody"] = {
            "required": True,
            "description": f"At most {route.body_max:,} bytes.",
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _parameter(param: Param) -> dict[str, Any]:
    schema = param.kind.schema
    if param.repeatable:
        schema = {"type": "array", "items": schema}
    return {
        "name": param.name,
        "in": "query",
        "description": param.meaning,
        "schema": schema,
        **({"style": "form", "explode": True} if param.repeatable else {}),
    }


def _answer(route: Route) -> dict[str, Any]:
    headers = {"X-Request-Id": {"schema": {"type": "string"}, "description": "Names this request in the log."}}
    if route.status == 201:
        headers["Location"] = {"schema": {"type": "string"}, "description": "Where the new resource is."}
    schema = {"$ref": REFERENCE.format(model=route.answer.__name__)}
    return {
        "description": (route.answer.__doc__ or "").split("\n", 1)[0],
        "headers": headers,
        "content": {"application/json": {"schema": schema}},
    }


def _failures(route: Route) -> dict[str, Any]:
    """Return the errors that this operation can answer, those of one status together."""
    possible = {
        "request_malformed",
        "credentials_missing",
        "api_key_invalid",
        "insufficient_scope",
        "validation_failed",
    }
    possible |= {"internal_error", "unavailable"}
    if route.has_id:
        possible |= {"not_found"}
    if route.body:
        possible |= {"body_too_large", "unsupported_media_type"}
    by_status: dict[str, list[str]] = {}
    for code in CODES:
        if code in possible:
            by_status.setdefault(str(CODES[code].status), []).append(f"`{code}`: {CODES[code].meaning}")
    content = {"application/json": {"schema": {"$ref": REFERENCE.format(model="Error")}}}
    return {status: {"description": "\n\n".join(lines), "content": content} for status, lines in by_status.items()}
