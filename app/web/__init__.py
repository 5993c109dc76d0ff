"""The HTML edge: sign-in, the desk, and the pages of incidents, threats and imports."""

from __future__ import annotations

from flask import Flask

from app.web import desk, guard, headers, imports, incidents, points, sign_in, text, threats
from app.web.errors import html_error

__all__ = ["html_error", "init_app"]


def init_app(app: Flask) -> None:
    """Add the pages and the sign-in to the application."""
    headers.init_app(app)
    guard.init_app(app)
    sign_in.init_app(app)
    text.init_app(app)
    for blueprint in (desk.blueprint, points.blueprint, incidents.blueprint, threats.blueprint, imports.blueprint):
        app.register_blueprint(blueprint)
