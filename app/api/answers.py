"""What the JSON edge sends back: bodies, errors in their one shape, and request ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import orjson
import sqlalchemy as sa
from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from app import errors
from app.api.codes import CODES
from app.db import explain, new_id
from app.service.keys import KeyRefused

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
CHALLENGE = {"WWW-Authenticate": 'ApiKey realm="cordon"'}
RETRY_LATER = {"Retry-After": "5"}


class CredentialsMissing(errors.CordonError):
    """The request carries no key."""


class UnsupportedMediaType(errors.CordonError):
    """The body is not declared as JSON."""


def init_app(app: Flask) -> None:
    """Give every request an id, and every answer the header that names it."""

    @app.before_request
    def begin() -> None:
        g.request_id = f"req_{new_id().hex}"

    @app.after_request
    def name(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        return response


def answer(body: dict[str, Any], status: int = 200, headers: Mapping[str, str] = NO_HEADERS) -> Response:
    """Return a JSON response, never to be kept by a cache."""
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store", **headers}, mimetype="application/json")


def failure(code: str, message: str, faults: Iterable[errors.Fault] = (), headers: Mapping[str, str] = NO_HEADERS) -> Response:
    """Return an error in the one shape that all have."""
    details = [{"field": f.field, "code": f.code, "issue": f.issue, "pointer": pointer(f.field)} for f in faults]
    error = {"code": code, "message": message, "retryable": CODES[code].retryable, "details": details}
    return answer({"error": error, "request_id": g.get("request_id", "")}, CODES[code].status or 422, headers)


def pointer(field: str) -> str:
    """Return the JSON pointer (RFC 6901) of a field path: `threat_ids[3]` is /threat_ids/3."""
    parts = re.findall(r"[^.\[\]]+", field)
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def json_error(error: Exception) -> Response:  # noqa: C901 - a table of kinds, flat
    """Return the answer to any exception under /v1, with nothing of the inside in it."""
    match error:
        case errors.Invalid():
            return failure("validation_failed", str(error), error.faults)
        case errors.Unreadable():
            return failure("request_malformed", str(error))
        case errors.NotFound():
            return failure("not_found", str(error))
        case errors.Denied():
            return failure("insufficient_scope", str(error))
        case errors.Conflict():
            return failure(error.code, str(error))
        case CredentialsMissing():
            return failure("credentials_missing", str(error), headers=CHALLENGE)
        case KeyRefused():
            return failure("api_key_invalid", str(error), headers=CHALLENGE)
        case UnsupportedMediaType():
            return failure("unsupported_media_type", str(error))
        case errors.Unavailable():
            return failure("unavailable", str(error), headers=RETRY_LATER)
        case sa.exc.DBAPIError() if not isinstance(error, sa.exc.IntegrityError | sa.exc.DataError):
            current_app.logger.error("database: %s", error.orig)
            return failure("unavailable", str(explain(error)), headers=RETRY_LATER)
        case HTTPException():
            return _http_failure(error)
    current_app.logger.error("request %s failed", g.get("request_id", ""), exc_info=error)
    return failure("internal_error", "Something went wrong on the server.")


def _http_failure(error: HTTPException) -> Response:
    match error.code:
        case 404:
            return failure("not_found", "There is no such path.")
        case 405:
            allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
            return failure("method_not_allowed", f"This path takes {allowed}.", headers={"Allow": allowed})
        case 413:
            limit = request.max_content_length or 0
            return failure("body_too_large", f"Send at most {limit:,} bytes.")
        case code if code is not None and 400 <= code < 500:
            return failure("request_malformed", "The request can't be read.")
    return failure("internal_error", "Something went wrong on the server.")
