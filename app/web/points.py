"""What the desk's map asks for: the threats to draw, and which ones an area holds."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response

from app.errors import Invalid
from app.service import threats
from app.service.incidents import THREAT_IDS_MAX
from app.service.query import BOX, FLAG, Param
from app.service.selection import Selection, Step, resolve
from app.web.access import actor, pages
from app.web.lists import DESK_PARAMS, read
from app.web.reading import query_pairs

# Not the filter `bbox`, which may be set as well: then both hold.
AREA = Param("area", BOX, "Only inside minLng,minLat,maxLng,maxLat.")
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


@blueprint.get("/threats/within")
def within() -> Response:
    """Answer all ids inside the box `area` that match the filters, drawn or not, with the ranks of their severities."""
    query = read((*DESK_PARAMS, AREA), query_pairs())
    faults = query.faults
    area = query.values.pop("area", None)
    if area is None:
        faults.add("area", "field_required", "Give the box as minLng,minLat,maxLng,maxLat.")
    try:
        faults.raise_if_any()
        selected = resolve(actor(), Selection((Step(adds=True, area=area, filters=query.filters),)), faults, "area")
        if len(selected.ids) > THREAT_IDS_MAX:
            faults.add("area", "field_invalid", _too_many(len(selected.ids)))
        faults.raise_if_any()
    except Invalid as error:
        return _wrong(error)
    return _json(
        {
            "ids": selected.ids,
            "severity": [severity.rank for severity in selected.severities],
            "by_severity": {severity.value: count for severity, count in selected.by_severity.items()},
            "total": len(selected.ids),
        }
    )


def _too_many(count: int) -> str:
    return f"An incident takes at most {THREAT_IDS_MAX:,} threats; this comes to {count:,}. Draw a smaller box or set filters."


def _wrong(error: Invalid) -> Response:
    return _json({"error": " ".join(fault.issue for fault in error.faults)}, 422)


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, mimetype="application/json")
