"""The HTML edge."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the pages and the sign-in to the application."""
