"""The handlers of /v1/keys."""

from __future__ import annotations

import orjson
from flask import Response

from app.api import present
from app.api.answers import answer
from app.api.bodies import KeyIn, RotateIn
from app.api.call import Call
from app.db import now
from app.service import keys, rules
from app.service.query import LIMIT_DEFAULT

OVERLAP_HOURS = 24


def search(call: Call) -> Response:
    """List the API keys, newest first, also those that are revoked or expired."""
    call.faults.raise_if_any()
    limit, offset = call.values.get("limit", LIMIT_DEFAULT), call.values.get("offset", 0)
    page, time = keys.listed(call.actor, limit=limit, offset=offset), now()
    return answer({"keys": [present.key(row, time) for row in page.items], "total": page.total})


def create(call: Call) -> Response:
    """Make an API key. It is in this answer and nowhere else, not even in the answer to the same request sent again."""
    body: KeyIn = call.body
    expires_at = None if body.expires_at is None else rules.moment(body.expires_at, "expires_at", call.faults)
    row, key = keys.create(call.actor, body.name, body.scopes or (), expires_at, body.networks or (), call.faults)
    return answer(present.new_key(row, key, now()), 201)


def rotate(call: Call) -> Response:
    """Make an API key in the place of another, which stays good for some hours more."""
    body: RotateIn = call.body
    hours = OVERLAP_HOURS if body.overlap_hours is None else body.overlap_hours
    row, key = keys.rotate(call.actor, call.id, hours, call.faults)
    return answer(present.new_key(row, key, now()), 201)


def revoke(call: Call) -> Response:
    """Revoke an API key for good, at once."""
    call.faults.raise_if_any()
    keys.revoke(call.actor, call.id)
    return Response(status=204, headers={"Cache-Control": "no-store"})


def without_secret(body: bytes) -> bytes:
    """Return the answer that told a new key as it is kept and told again: without the key."""
    return orjson.dumps({**orjson.loads(body), "key": None, "key_withheld": True})
