"""The JSON edge: routes under /v1, their document, and the reference page drawn from it."""

from __future__ import annotations

from flask import Flask

from app.api import answers, docs, limits, routes
from app.api.answers import json_error

__all__ = ["init_app", "json_error"]


def init_app(app: Flask) -> None:
    """Add the routes under /v1 and the reference page to the application."""
    answers.init_app(app)
    limits.init_app(app)
    app.register_blueprint(routes.blueprint())
    app.register_blueprint(docs.blueprint())
