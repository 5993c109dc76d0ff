"""The OpenAPI 3.1 document, made from the route table."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from app.api import conditions, schemas
from app.api.codes import CODES
from app.api.routes import ROUTES, Route
from app.service.query import Param
from app.terms import Permission

REFERENCE = "#/components/schemas/{model}"
ABOUT = (
    "Threats with a place and a time, and the incidents that group them. Times are RFC 3339 in UTC. A POST with an"
    " Idempotency-Key can be sent again safely: for 24 hours the same key, path and body act once and are answered the same,"
    " with Idempotent-Replayed: true; but a new API key is told only once. An ETag is “version-hash”: If-None-Match compares it"
    " whole; If-Match compares the version, so that a change of a threat inside an incident is no obstacle to changing the"
    " incident. RateLimit and RateLimit-Policy say how many requests are left; they are absent where no limit is set."
)
TEXT = {"type": "string"}
HEADERS: dict[str, Any] = {
    "X-Request-Id": {"schema": TEXT, "description": "Names this request in the log."},
    "Location": {"schema": TEXT, "description": "Where the new resource is."},
    "ETag": {"schema": TEXT, "description": "The entity tag of what the answer shows, or of the new resource."},
    "Link": {"schema": TEXT, "description": "The next page (RFC 8288); absent on the last one."},
    "Idempotent-Replayed": {
        "schema": {"type": "string", "enum": ["true"]},
        "description": "There if the Idempotency-Key was used before: this is the answer of then.",
    },
    "RateLimit-Policy": {"schema": TEXT, "description": "The limit: its name, requests (q) and seconds (w)."},
    "RateLimit": {"schema": TEXT, "description": "How many requests are left (r), and in how many seconds that gets better (t)."},
    "Retry-After": {"schema": TEXT, "description": "Seconds until trying again makes sense."},
    "WWW-Authenticate": {"schema": TEXT, "description": "How to send the key."},
    "Allow": {"schema": TEXT, "description": "The methods that the path takes."},
}
ALWAYS = (
    "request_malformed",
    "credentials_missing",
    "api_key_invalid",
    "insufficient_scope",
    "method_not_allowed",
    "validation_failed",
    "rate_limited",
    "internal_error",
    "unavailable",
)
CONFLICTS = {
    "incidents_create": ("state_conflict",),
    "incidents_change": ("state_conflict",),
    "incidents_delete": ("state_conflict",),
    "incidents_restore": ("state_conflict",),
    "incidents_comment": ("state_conflict",),
    "incidents_undo": ("state_conflict", "undo_blocked"),
    "grouping_link": ("state_conflict", "incident_not_open"),
    "grouping_unlink": ("state_conflict",),
    "grouping_move": ("state_conflict", "incident_not_open"),
    "grouping_split": ("state_conflict",),
    "grouping_merge": ("state_conflict", "incident_not_open"),
    "threats_create": ("state_conflict",),
    "keys_rotate": ("state_conflict",),
}


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
            "description": ABOUT,
        },
        "servers": [{"url": "/"}],
        "security": [{"ApiKey": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "headers": HEADERS,
            "securitySchemes": {"ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
        },
    }


def _schemas() -> dict[str, Any]:
    bodies = [(route.body, "validation") for route in ROUTES if route.body]
    answers = [(route.answer, "serialization") for route in ROUTES if route.answer]
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
    identity = {"type": "string", "format": "uuid"}
    parameters = [{"name": name, "in": "path", "required": True, "schema": identity} for name in route.ids]
    parameters += [_parameter(param) for param in route.params]
    parameters += [
        {"name": name, "in": "header", "description": meaning, "schema": {"type": "string", **schema}}
        for name, meaning, schema in _headers_asked(route)
    ]
    also = f" With a selection also `{Permission.THREATS_READ}`." if route.selects else ""
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": (route.handler.__doc__ or "").split("\n", 1)[0],
        "description": f"Needs the scope `{route.permission}`.{also}",
        "tags": [route.path.split("/")[2]],
        "parameters": parameters,
        "responses": {str(route.status): _answer(route), **_not_modified(route), **_failures(route)},
    }
    if route.body:
        schema = {"$ref": REFERENCE.format(model=route.body.__name__)}
        operation["requestBody"] = {
            "required": True,
            "description": f"At most {route.body_max:,} bytes.",
            "content": {media: {"schema": schema} for media in route.accepts},
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


def _headers_asked(route: Route) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the name, the meaning and the rules of each header that the operation looks at."""
    asked: list[tuple[str, str, dict[str, Any]]] = []
    if route.method == "POST":
        rules = {"minLength": 1, "maxLength": conditions.KEY_MAX, "pattern": "^[!-~]+$"}
        asked.append(("Idempotency-Key", "A name for this request, such as a UUID, that makes it safe to send it again.", rules))
    tags = {"pattern": conditions.PATTERN}
    if route.present:
        asked.append(("If-Match", "Act only if what the path names still has the version of this ETag.", tags))
    if route.method == "GET" and route.tags:
        asked.append(("If-None-Match", "Answer 304 if this is still its ETag.", tags))
    return asked


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", "RateLimit-Policy", "RateLimit", *names)}


def _answer(route: Route) -> dict[str, Any]:
    names = ["Idempotent-Replayed"] if route.method == "POST" else []
    names += ["ETag"] if route.tags else []
    names += ["Location"] if route.status == 201 and route.tags else []
    names += ["Link"] if any(param.name == "cursor" for param in route.params) else []
    if route.answer is None:
        return {"description": "Done; there is no body.", "headers": _headers(*names)}
    schema = {"$ref": REFERENCE.format(model=route.answer.__name__)}
    return {
        "description": (route.answer.__doc__ or "").split("\n", 1)[0],
        "headers": _headers(*names),
        "content": {"application/json": {"schema": schema}},
        **_links(route),
    }


def _links(route: Route) -> dict[str, Any]:
    """Return where to go on from an answer with what it holds (OpenAPI links)."""
    own = {"incidents_create": "$response.body#/id", "grouping_split": "$response.body#/new_incident/id"}
    own["threats_create"] = own["keys_create"] = "$response.body#/id"
    if route.name in own:
        start = f"/v1/{route.path.split('/')[2]}/{{id}}"
        onward = {"id": own[route.name]}
        return {
            "links": {
                r.name: {"operationId": r.name, "parameters": onward}
                for r in ROUTES
                if r.path.startswith(start) and len(r.ids) == 1
            }
        }
    here = {"id": "$request.path.id"}
    if route.name == "incidents_activity":
        parameters = {**here, "act_id": "$response.body#/items/0/act_id"}
        return {"links": {"undo": {"operationId": "incidents_undo", "parameters": parameters}}}
    if route.name == "incidents_get":
        parameters = {**here, "threat_id": "$response.body#/threat_links/0/threat_id"}
        return {"links": {"unlink": {"operationId": "grouping_unlink", "parameters": parameters}}}
    return {}


def _not_modified(route: Route) -> dict[str, Any]:
    if route.method != "GET" or not route.tags:
        return {}
    return {"304": {"description": "It is as the client has it; there is no body.", "headers": _headers("ETag")}}


def _failures(route: Route) -> dict[str, Any]:
    """Return the errors that this operation can answer, those of one status together."""
    possible = {*ALWAYS, *CONFLICTS.get(route.name, ())}
    if route.ids:
        possible |= {"not_found"}
    if route.body:
        possible |= {"body_too_large", "unsupported_media_type"}
    if route.method == "POST":
        possible |= {"idempotency_key_reused", "idempotency_in_flight"}
    if route.present:
        possible |= {"version_mismatch"}
    by_status: dict[str, list[str]] = {}
    for code in CODES:
        if code in possible:
            by_status.setdefault(str(CODES[code].status), []).append(f"`{code}`: {CODES[code].meaning}")
    extra = {"401": ["WWW-Authenticate"], "405": ["Allow"], "412": ["ETag"], "429": ["Retry-After"], "503": ["Retry-After"]}
    if route.method == "POST":
        extra["409"] = ["Retry-After"]
    content = {"application/json": {"schema": {"$ref": REFERENCE.format(model="Error")}}}
    return {
        status: {"description": "\n\n".join(lines), "headers": _headers(*extra.get(status, ())), "content": content}
        for status, lines in by_status.items()
    }
