"""The areas of threats: those that a map draws, and one as its source told it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from flask import Response, request

from app.errors import Invalid, NotFound
from app.service import rules, threats
from app.service.threats.areas import OUTLINES_MAX, area, outlines
from app.web.access import actor, pages
from app.web.lists import DESK_PARAMS, read
from app.web.map_data import PLACE
from app.web.points import DELETED
from app.web.reading import first, query_pairs
from app.web.sharing import refuse_withheld

blueprint = pages("areas")


@blueprint.errorhandler(Invalid)
def wrong(error: Invalid) -> Response:
    """Say what is wrong in one line."""
    return _json({"error": " ".join(fault.issue for fault in error.faults)}, 422)


@blueprint.get("/threats/areas")
def drawn() -> Response:
    """Answer the areas of threats that match, simplified: of those in `view`, or of `ids`; and the true number of areas.

    Severity is the rank, 0 to 4.
    """
    pairs = query_pairs()
    query = read((*DESK_PARAMS, DELETED, PLACE[0]), [pair for pair in pairs if pair[0] != "ids"])
    box, ids = query.values.pop("view", None), None
    if (written := first(pairs, "ids")) is not None:
        ids = rules.identifiers(written.split(), "ids", query.faults, maximum=OUTLINES_MAX)
    query.faults.raise_if_any()
    found = outlines(actor(), query.filters, box, ids)
    areas = [{"id": row.id, "title": row.title, "severity": row.severity.rank, "area": row.outline} for row in found.items]
    response = _json({"areas": areas, "total": found.total})
    response.add_etag()
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


@blueprint.get("/threats/<uuid:threat_id>/area.geojson")
def told(threat_id: UUID) -> Response:
    """Send the area of a threat as a file, in the detail in which its source told it."""
    threat = threats.get(actor(), threat_id).threat
    refuse_withheld(threat, "area")
    geometry = area(actor(), threat_id)
    if geometry is None:
        raise NotFound("area")
    properties = {"id": threat.id, "title": threat.title, "source": threat.source, "external_id": threat.external_id}
    body = orjson.dumps({"type": "Feature", "properties": properties, "geometry": orjson.Fragment(geometry)})
    response = Response(body, mimetype="application/geo+json")
    response.headers.set("Content-Disposition", "attachment", filename=f"area-{threat_id}.geojson")
    return response


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, mimetype="application/json")
