"""The operator's own file of map tiles, of which the browser takes what it needs by ranges."""

from __future__ import annotations

from flask import Response, abort, current_app, send_file

from app.web.access import pages

MIMETYPE = "application/vnd.pmtiles"
FRESH_SECONDS = 3600

blueprint = pages("basemap")


@blueprint.get("/basemap.pmtiles")
def tiles() -> Response:
    """Answer the file of the setting PMTILES, or the ranges of it that are asked for."""
    path = current_app.config["PMTILES"]
    if path is None:
        abort(404, "No file of map tiles is set.")
    response = send_file(path, mimetype=MIMETYPE, conditional=True, max_age=FRESH_SECONDS)
    # It is for people who are signed in, so no proxy keeps it.
    response.cache_control.public = False
    response.cache_control.private = True
    return response
