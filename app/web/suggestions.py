"""What the scripts of the pages ask for: open incidents to choose from, and those that a selection may belong to already."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
from flask import Response

from app.errors import Faults, Warming
from app.service.incidents.similar import open_incidents, similar
from app.service.rules import CANONICAL_UUID
from app.service.selection import Selection, Step, read_steps, whereabouts
from app.web.access import actor, pages
from app.web.chosen import written
from app.web.map_data import warming
from app.web.reading import first, form_pairs, query_pairs
from app.web.text import counted, in_units, unit

blueprint = pages("suggestions")
blueprint.register_error_handler(Warming, warming)


@blueprint.get("/incidents/open")
def open_ones() -> Response:
    """Answer open incidents with `q` in the title, those by the place `near` (lat,lng in degrees) first."""
    pairs = query_pairs()
    found = open_incidents(actor(), first(pairs, "q") or "", _place(first(pairs, "near") or ""))
    return _json(
        {
            "id": one.incident_id,
            "title": one.title,
            "note": counted(one.link_count, "threat") + (f", {_far(one.distance_km)}" if one.distance_km is not None else ""),
        }
        for one in found
    )


@blueprint.post("/incidents/similar")
def similar_ones() -> Response:
    """Answer open incidents that the selection of the form may belong to, each with the reason. Nothing is written."""
    found = similar(actor(), _selection())
    return _json({"id": one.incident_id, "title": one.title, "note": one.reason} for one in found)


@blueprint.post("/threats/middle")
def middle_one() -> Response:
    """Answer the middle of the form's selection as `near`, fit for `open_ones`; empty if it has none. Nothing is written."""
    near = as_near(whereabouts(actor(), _selection()).middle)
    return Response(orjson.dumps({"near": near}), mimetype="application/json")


def _selection() -> Selection:
    """Return what the form selects, by the desk's steps or by ids; what can't be read selects nothing."""
    pairs = form_pairs()
    ids = tuple(UUID(text) for text in written(pairs) if CANONICAL_UUID.fullmatch(text))
    steps = read_steps(first(pairs, "selection") or "", Faults()).steps
    return Selection((*steps, Step(adds=True, ids=ids)) if ids else steps)


def as_near(place: tuple[float, float] | None) -> str:
    """Return a place as `near` takes it, to about ten metres."""
    return "{:.4f},{:.4f}".format(*place) if place else ""


def _place(text: str) -> tuple[float, float] | None:
    """Return latitude and longitude, or None if that is no place."""
    try:
        lat, lng = (float(part) for part in text.split(","))
    except ValueError:
        return None
    return (lat, lng) if -90 <= lat <= 90 and -180 <= lng <= 180 else None


def _far(km: float) -> str:
    distance = in_units(km)
    return f"{distance:.0f} {unit()}" if distance >= 1 else f"under 1 {unit()}"


def _json(items: Iterable[dict[str, Any]]) -> Response:
    return Response(orjson.dumps(list(items)), mimetype="application/json")
