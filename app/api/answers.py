"""What the JSON edge sends back: bodies, errors in their one shape, and request ids."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any

import orjson
import sqlalchemy as sa
from flask import Flask, Response, current_app, g
from werkzeug.exceptions import BadRequest, MethodNotAllowed, NotFound

from app import errors
from app.api.codes import CODES
from app.db import explain, new_id
from app.service.keys import KeyRefused

DETAILS_MAX = 10_000
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
CHALLENGE = {"WWW-Authenticate": 'ApiKey realm="cordon"'}
RETRY_LATER = {"Retry-After": "5"}


class CredentialsMissing(errors.CordonError):
    """The request carries no key."""


class UnsupportedMediaType(errors.CordonError):
    """The body is not declared as JSON."""


class BodyTooLarge(errors.CordonError):
    """The body has more bytes than the operation takes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"Send at most {limit:,} bytes.")


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
    return from_bytes(as_bytes(body), status, headers)


def as_bytes(body: dict[str, Any]) -> bytes:
    """Return the bytes in which a body is sent."""
    return orjson.dumps(body)


def from_bytes(body: bytes, status: int, headers: Mapping[str, str]) -> Response:
    """Return a JSON response of bytes made before."""
    return Response(body, status, {"Cache-Control": "no-store", **headers}, mimetype="application/json")


def failure(code: str, message: str, faults: Iterable[errors.Fault] = (), headers: Mapping[str, str] = NO_HEADERS) -> Response:
    """Return an error in the one shape that all have."""
    details = [detail(fault) for fault in islice(faults, DETAILS_MAX)]
    error = {"code": code, "message": message, "retryable": CODES[code].retryable, "details": details}
    return answer({"error": error, "request_id": g.get("request_id", "")}, CODES[code].status or 422, headers)


def detail(fault: errors.Fault) -> dict[str, str]:
    """Return a fault as answers tell it."""
    return {"field": fault.field, "code": fault.code, "issue": fault.issue, "pointer": pointer(fault.field)}


def pointer(field: str) -> str:
    """Return the JSON pointer (RFC 6901) of a field path: `threat_ids[3]` is /threat_ids/3."""
    parts = re.findall(r"[^.\[\]]+", field)
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def json_error(error: Exception) -> Response:  # noqa: C901, PLR0912 - a table of kinds, flat
    """Return the answer to any exception under /v1, with nothing of the inside in it."""
    match error:
        case errors.Invalid():
            cut = f" The first {DETAILS_MAX:,} are listed." if len(error.faults) > DETAILS_MAX else ""
            return failure("validation_failed", str(error) + cut, error.faults)
        case errors.Unreadable():
            return failure("request_malformed", str(error))
        case errors.NotFound():
            return failure("not_found", str(error))
        case errors.Denied():
            return failure("insufficient_scope", str(error))
        case errors.Conflict():
            return failure(error.code, str(error), headers=RETRY_LATER if CODES[error.code].retryable else NO_HEADERS)
        case CredentialsMissing():
            return failure("credentials_missing", str(error), headers=CHALLENGE)
        case KeyRefused():
            return failure("api_key_invalid", str(error), headers=CHALLENGE)
        case errors.RateLimited():
            return failure("rate_limited", str(error), headers={"Retry-After": str(error.wait_s)})
        case UnsupportedMediaType():
            return failure("unsupported_media_type", str(error))
        case BodyTooLarge():
            return failure("body_too_large", str(error))
        case sa.exc.DBAPIError():
            return _database_failure(error)
        case NotFound():
            return failure("not_found", "There is no such path.")
        case MethodNotAllowed():
            allowed = ", ".join(sorted(error.valid_methods or ()))
            return failure("method_not_allowed", f"This path takes {allowed}.", headers={"Allow": allowed})
        case BadRequest():  # the client went away before the end of its body
            return failure("request_malformed", "The request can't be read.")
    current_app.logger.error("request %s failed", g.get("request_id", ""), exc_info=error)
    return failure("internal_error", "Something went wrong on the server.")


def _database_failure(error: sa.exc.DBAPIError) -> Response:
    """Log a failure of the database without its message, which can hold values, and say whether trying again can help."""
    kind, state = type(error.orig).__name__, getattr(error.orig, "sqlstate", None)
    where = "".join(traceback.format_tb(error.__traceback__))
    current_app.logger.error("request %s failed in the database: %s %s\n%s", g.get("request_id", ""), kind, state, where)
    if isinstance(error, sa.exc.IntegrityError | sa.exc.DataError):
        return failure("internal_error", "Something went wrong on the server.")
    return failure("unavailable", str(explain(error)), headers=RETRY_LATER)
