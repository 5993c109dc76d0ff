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
        " deep; or a query parameter that takes one value is given twice; or Idempotency-Key, If-Match or If-None-Match is"
        " not written as it must be.",
    ),
    "credentials_missing": Code(401, "The header X-API-Key is missing. A key in the address is never looked at."),
    "api_key_invalid": Code(401, "The key is mistyped, unknown, revoked or expired, or may not be used from this address."),
    "insufficient_scope": Code(403, "The key is good but lacks the scope that this operation needs."),
    "not_found": Code(404, "There is no such path or resource, or it belongs to another tenant."),
    "method_not_allowed": Code(405, "The path exists, but not for this method; the header Allow names those it has."),
    "state_conflict": Code(409, "The request does not fit the state that the resource is in."),
    "incident_not_open": Code(409, "Threats are linked to open incidents only. Reopen it first, by its status."),
    "undo_blocked": Code(409, "Later work stands on this act; the message names it. Undo that first."),
    "idempotency_in_flight": Code(
        409, "A request with the same Idempotency-Key is still being worked on. Try again a little later.", retryable=True
    ),
    "version_mismatch": Code(
        412, "If-Match names no present version: someone changed this since. The header ETag has the present one."
    ),
    "body_too_large": Code(413, "The body is larger than this operation takes; the message names the limit."),
    "unsupported_media_type": Code(415, "The body is not declared as application/json in UTF-8."),
    "validation_failed": Code(422, "The request is readable but breaks rules; the details name every field at fault."),
    "idempotency_key_reused": Code(422, "The Idempotency-Key was used within 24 hours on this path with another body."),
    "rate_limited": Code(
        429,
        "The key, or the address if there is no good key, sent too many requests. Try again after the time in Retry-After.",
        retryable=True,
    ),
    "internal_error": Code(500, "Something went wrong on the server. The request id helps to find it in the log."),
    "unavailable": Code(503, "The database can't serve just now. Try again after the time in Retry-After.", retryable=True),
    "field_required": Code(None, "In the details: the field must be given and not be blank."),
    "field_invalid": Code(None, "In the details: the value breaks the rule that the issue states."),
    "field_unknown": Code(None, "In the details: there is no such field or parameter; the nearest one is named."),
    "threat_unknown": Code(None, "In the details: no threat of yours has this id, or it is not in this incident."),
    "incident_unknown": Code(None, "In the details: no incident of yours has this id."),
}
