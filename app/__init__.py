"""Cordon: a self-hosted desk for security operations. `create_app` joins the parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, request
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from app import api, cli, config, db, web

HERE = Path(__file__).parent
# In a checkout the templates lie beside the package; in an installed wheel, inside it.
ROOT = HERE if (HERE / "templates").is_dir() else HERE.parent

BODY_MAX = 1024 * 1024


def create_app(**overrides: Any) -> Flask:
    """Return the application. `overrides` take precedence over the settings of the environment (see config.SETTINGS)."""
    settings = config.load(overrides)
    app = Flask(__name__, root_path=str(ROOT), template_folder="templates", static_folder="static")
    url = db.engine_url(settings["DATABASE_URL"] or settings["DATA_DIR"] / "cordon.db")
    app.config.update(
        settings,
        SQLALCHEMY_DATABASE_URI=url,
        SQLALCHEMY_ENGINE_OPTIONS=db.engine_options(url, settings["BUSY_TIMEOUT_MS"]),
        MAX_CONTENT_LENGTH=BODY_MAX,
        MAX_FORM_MEMORY_SIZE=BODY_MAX,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings["SECURE_COOKIES"],
        # Browsers take a cookie of this name only from this host, over HTTPS and for all paths.
        SESSION_COOKIE_NAME="__Host-cordon" if settings["SECURE_COOKIES"] else "cordon",
    )
    if count := settings["PROXIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    db.db.init_app(app)
    with app.app_context():
        db.prepare(db.db.engine, settings["BUSY_TIMEOUT_MS"])
    Migrate(app, db.db, directory=str(HERE / "migrations"), render_as_batch=True)
    api.init_app(app)
    web.init_app(app)
    cli.init_app(app)
    app.register_error_handler(Exception, _on_error)
    return app


def _on_error(error: Exception) -> Response:
    """Let the edge that was asked say what went wrong; handlers of blueprints never see a path that matches none."""
    return api.json_error(error) if f"{request.path}/".startswith("/v1/") else web.html_error(error)
