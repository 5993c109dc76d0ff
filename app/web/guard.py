"""What is looked at before any page: how large a body may be, whether it can be read, and whether the form is ours."""

from __future__ import annotations

from flask import Flask, request
from flask_wtf import CSRFProtect

from app.service.imports import FILE_MAX
from app.web.reading import keep_body

# The file, and a little for what the form wraps round it.
UPLOAD_MAX = FILE_MAX + 64 * 1024
API_PREFIX = "/v1/"

csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Check every form against forgery. Under /v1 no cookie is ever looked at, so nothing there can be forged."""
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False,  # we call the check ourselves, after reading the body strictly
        WTF_CSRF_TIME_LIMIT=None,  # a form may stay open for a whole shift; it is good as long as the session
    )
    csrf.init_app(app)
    app.before_request(_check)


def _check() -> None:
    if request.path.startswith(API_PREFIX) or request.endpoint is None:
        return
    if request.endpoint == "imports.upload":
        request.max_content_length = UPLOAD_MAX
    keep_body()
    csrf.protect()
