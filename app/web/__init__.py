"""The HTML edge: sign-in, the desk, and the pages of incidents, threats and imports."""

from __future__ import annotations

from flask import Flask

from app.web import (
    account,
    acting,
    areas,
    basemap,
    desk,
    export,
    feeds,
    guard,
    headers,
    highlight,
    imports,
    incident_acts,
    incidents,
    keys,
    map_data,
    newcomers,
    pairs,
    people,
    points,
    saved_views,
    sign_in,
    sign_in_limit,
    suggestions,
    text,
    threats,
    told,
    wire_size,
)
from app.web.errors import html_error

__all__ = ["html_error", "init_app"]


def init_app(app: Flask) -> None:
    """Add the pages and the sign-in to the application."""
    headers.init_app(app)
    wire_size.init_app(app)
    guard.init_app(app)
    sign_in.init_app(app)
    sign_in_limit.init_app(app)
    text.init_app(app)
    highlight.init_app(app)
    told.init_app(app)
    acting.init_app(app)
    feeds.init_app(app)
    for part in (
        desk,
        saved_views,
        map_data,
        newcomers,
        points,
        areas,
        incidents,
        incident_acts,
        suggestions,
        threats,
        pairs,
        imports,
        feeds,
        keys,
        export,
        basemap,
        people,
        account,
    ):
        app.register_blueprint(part.blueprint)
