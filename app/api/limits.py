"""How often a client may ask: each key, and each address that sends no good one."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask import Flask, Response, current_app, g, request

from app.errors import RateLimited
from app.service import addresses
from app.service.limits import Limit, Standing, spend

WINDOW_S = 60


def init_app(app: Flask) -> None:
    """Have each answer say how its client stands (draft-ietf-httpapi-ratelimit-headers-11)."""

    @app.after_request
    def tell(response: Response) -> Response:
        response.headers.update(headers(g.get("standing")))
        return response


def headers(standing: Standing | None) -> Mapping[str, str]:
    """Return the headers that tell a standing."""
    if standing is None:
        return {}
    limit = standing.limit
    return {
        "RateLimit-Policy": f'"{limit.name}";q={limit.quota};w={limit.window_s}',
        "RateLimit": f'"{limit.name}";r={standing.left};t={standing.wait_s}',
    }


def count_key(key_id: UUID | None) -> None:
    """Count a request with a good key. Raises RateLimited."""
    _count("key", current_app.config["KEY_RATE"], str(key_id))


def count_address() -> None:
    """Count a request without a good key. Raises RateLimited."""
    _count("address", current_app.config["ADDRESS_RATE"], addresses.client(request.remote_addr or ""))


def _count(name: str, quota: int, client: str) -> None:
    if quota:
        standing = g.standing = spend(Limit(name, quota, WINDOW_S), client)
        if standing.is_over:
            words = f"At most {quota:,} requests in {WINDOW_S} seconds. Try again in {standing.wait_s} seconds."
            raise RateLimited(words, standing.wait_s)
