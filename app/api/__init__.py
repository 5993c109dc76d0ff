"""The JSON edge."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the routes under /v1 and the reference page to the application."""
