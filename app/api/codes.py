"""Every error code of the API: its status, whether trying again can help, and what it means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One error code. Those of single fields have no status of their own; they stand in the details of a 422."""

    status: int | None
    meaning: str
    retryable: bool = False


CODES: dict[str, Code] = {
    "request_malformed": Code(
        400,
        "The body is not JSON, not an object, repeats a member, or holds NaN, NUL or half a surrogate pair, or is nested too"
        " deep; or a query parameter that takes one value is given twice.",
    ),
    "credentials_missing": Code(401, "The header X-API-Key is missing. A key in the address is never looked at."),
    "api_key_invalid": Code(401, "The key is mistyped, unknown, revoked or expired."),
    "insufficient_scope": Code(403, "The key is good but lacks the scope that this operation needs."),
    "not_found": Code(404, "There is no such path or resource, or it belongs to another tenant."),
    "method_not_allowed": Code(405, "The path exists, but not for this method; the header Allow names those it has."),
    "state_conflict": Code(409, "The request does not fit the state that the resource is in."),
    "body_too_large": Code(413, "The body is larger than this operation takes; the message names the limit."),
    "unsupported_media_type": Code(415, "The body is not declared as application/json in UTF-8."),
    "validation_failed": Code(422, "The request is readable but breaks rules; the details name every field at fault."),
    "internal_error": Code(500, "Something went wrong on the server. The request id helps to find it in the log."),
    "unavailable": Code(503, "The database can't serve just now. Try again after the time in Retry-After.", retryable=True),
    "field_required": Code(None, "In the details: the field must be given and not be blank."),
    "field_invalid": Code(None, "In the details: the value breaks the rule that the issue states."),
    "field_unknown": Code(None, "In the details: there is no such field or parameter; the nearest one is named."),
    "threat_unknown": Code(None, "In the details: no threat of yours has this id."),
}
