"""What the desk's map and list ask for: a view of the map, what a selection comes to, and how threats spread over time."""

from __future__ import annotations

from datetime import timedelta
from hashlib import blake2b
from typing import Any

import orjson
from flask import Response, request

from app.db import EPOCH
from app.errors import Faults, Invalid, Warming
from app.models import Threat
from app.service import incidents, query, rules, threats, view
from app.service.query import BOX, Param
from app.service.selection import Selection, read_steps, summary, too_many
from app.terms import Severity
from app.web import wire
from app.web.access import actor, pages
from app.web.lists import DESK_PARAMS, last_visit, read
from app.web.reading import first, form_pairs, query_pairs
from app.web.selecting import LISTED_MAX
from app.web.step_words import words_of

ZOOM_MAX = 22
CARDS_MAX = 50
PLACE: tuple[Param, ...] = (
    Param("view", BOX, "The part of the map that is seen: minLng,minLat,maxLng,maxLat."),
    Param("zoom", query.whole(0, ZOOM_MAX), "The zoom of the map."),
)

blueprint = pages("map_data")


@blueprint.errorhandler(Warming)
def warming(error: Warming) -> Response:
    """Say how far the threats are read, so that the script can say so and ask again."""
    return _json({"warming": {"done": error.done, "of": error.of}}, 202)


@blueprint.errorhandler(Invalid)
def wrong(error: Invalid) -> Response:
    """Say what is wrong in one line."""
    return _json({"error": " ".join(fault.issue for fault in error.faults)}, 422)


@blueprint.route("/threats/view", methods=["GET", "POST"])
def of_map() -> Response:
    """Answer what the map draws of a view, as wire.py writes it; a selection in the form is marked in it."""
    last_visit()
    asked = read((*DESK_PARAMS, *PLACE), query_pairs())
    faults = asked.faults
    box, zoom = asked.values.pop("view", None), asked.values.pop("zoom", None)
    if box is None or zoom is None:
        faults.add("view", "field_required", "Say which part of the map is seen, by view and zoom.")
    selection = _selection(faults) if request.method == "POST" else None
    faults.raise_if_any()
    body = wire.encoded(view.of_map(actor(), asked.filters, box, zoom, selection))
    response = Response(body, mimetype=wire.MIMETYPE)
    if request.method == "GET":
        response.set_etag(blake2b(body, digest_size=12).hexdigest())
        response.headers["Cache-Control"] = "private, no-cache"
        response.make_conditional(request)
    return response


@blueprint.post("/threats/selected")
def selected() -> Response:
    """Answer what the selection in the form comes to, step by step, and, one digit for each, which of the listed `ids` are in it.

    `issue` says why so many can't become one incident, or nothing.
    """
    faults = Faults()
    selection = _selection(faults)
    ids = rules.identifiers((first(form_pairs(), "ids") or "").split(), "ids", faults, maximum=LISTED_MAX)
    faults.raise_if_any()
    found = summary(actor(), selection, ids)
    return _json(
        {
            "total": found.total,
            "by_severity": {severity.value: found.by_severity[severity] for severity in Severity},
            "of": "".join("1" if is_in else "0" for is_in in found.inside),
            "steps": [words_of(*pair).as_dict() for pair in zip(selection.steps, found.changes, strict=True)],
            "issue": too_many(found.total),
        }
    )


@blueprint.get("/threats/histogram")
def histogram() -> Response:
    """Answer how the threats that match, whenever they were observed, spread over time."""
    asked = read(DESK_PARAMS, query_pairs())
    asked.faults.raise_if_any()
    filters = {name: value for name, value in asked.filters.items() if name not in {"observed_from", "observed_to"}}
    spread = view.over_time(actor(), filters)
    counts = spread.counts.tolist()
    return _json(
        {
            "from": EPOCH + timedelta(milliseconds=spread.start),
            "to": EPOCH + timedelta(milliseconds=spread.end),
            "counts": counts,
            "undated": spread.undated,
            "total": sum(counts) + spread.undated,
        }
    )


@blueprint.get("/threats/cards")
def cards() -> Response:
    """Answer what a tooltip and the list of one place say of the threats `ids`, in their order; others are left out."""
    faults = Faults()
    texts = (first(query_pairs(), "ids") or "").split()
    ids = rules.identifiers(texts, "ids", faults, maximum=CARDS_MAX)
    faults.raise_if_any()
    return _json({"cards": [_card(threat) for threat in threats.some(actor(), ids)]})


@blueprint.get("/incidents/outlines")
def outlines() -> Response:
    """Answer the areas of open incidents, newest first, and how many there are of those."""
    found = incidents.outlines(actor())
    areas = [{"id": row.id, "title": row.title, "area": row.area, "link_count": row.link_count} for row in found.items]
    return _json({"outlines": areas, "total": found.total})


def _card(threat: Threat) -> dict[str, Any]:
    return {
        "id": threat.id,
        "title": threat.title,
        "severity": threat.severity,
        "status": threat.status,
        "threat_type": threat.threat_type,
        "place": threat.location,
        "observed_at": threat.observed_at,
        "source": threat.source,
        "precision": threat.location_precision_level,
        "uncertainty_km": threat.location_uncertainty_km,
    }


def _selection(faults: Faults) -> Selection:
    return read_steps(first(form_pairs(), "selection") or "", faults)


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, mimetype="application/json")
