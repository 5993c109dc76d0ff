"""Headers that every response carries, pages and errors alike, and the few of a file."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request

FIXED = {
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": behind TLS the check against forged forms looks at the referrer of our own pages.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
HTTPS_ONLY = "max-age=31536000"
"""For a year; other services under the same name are not spoken for."""


def init_app(app: Flask) -> None:
    """Have the headers put on everything the application answers."""
    app.after_request(_add)


def content_security_policy(tile_url: str) -> str:
    """Return the policy: nothing but files of our own, and images of the tile host if there is one."""
    tiles = _origin(tile_url)
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' data:{tiles}",
            f"connect-src 'self'{tiles}",
            "font-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _origin(tile_url: str) -> str:
    """Return the origin of a tile address with a space before it; `{s}` in the host stands for any subdomain."""
    parts = urlsplit(tile_url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f" {parts.scheme}://{host.replace('{s}', '*')}"


def _add(response: Response) -> Response:
    if current_app.config["SECURE_COOKIES"]:
        response.headers["Strict-Transport-Security"] = HTTPS_ONLY
    if request.endpoint == "static" and response.status_code < 400:
        # There are many, so they say the least that keeps one that is opened by itself from doing anything.
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = "default-src 'none'"
        return response
    for name, value in FIXED.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", content_security_policy(current_app.config["TILE_URL"]))
    response.headers.setdefault("Cache-Control", "no-store")
    return response
