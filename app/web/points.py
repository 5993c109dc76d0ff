"""What the map of an incident's page asks for: its threats, to be drawn one by one."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response

from app.errors import Invalid
from app.service import threats
from app.service.query import FLAG, Param
from app.web.access import actor, pages
from app.web.lists import DESK_PARAMS, read
from app.web.reading import query_pairs

DELETED = Param("deleted", FLAG, "Also those linked to a deleted incident.")

blueprint = pages("points")


@blueprint.get("/threats/points")
def points() -> Response:
    """Answer parallel arrays of the newest threats that match, and the total of those that have a place.

    Severity is the rank, 0 to 4; latitude and longitude are in degrees, uncertainty in km.
    """
    query = read((*DESK_PARAMS, DELETED), query_pairs())
    if len(query.faults):
        return _wrong(Invalid(list(query.faults)))
    page = threats.points(actor(), query.filters)
    rows = page.items
    return _json(
        {
            "ids": [row.id for row in rows],
            "lat": [row.lat for row in rows],
            "lng": [row.lng for row in rows],
            "severity": [row.severity.rank for row in rows],
            "precision": [row.location_precision_level for row in rows],
            "uncertainty_km": [row.location_uncertainty_km for row in rows],
            "title": [row.title for row in rows],
            "total": page.total,
            "shown": len(rows),
        }
    )


def _wrong(error: Invalid) -> Response:
    return _json({"error": " ".join(fault.issue for fault in error.faults)}, 422)


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, mimetype="application/json")
