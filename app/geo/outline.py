"""Areas as GeoJSON, for keeping and for drawing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import asin, atan2, cos, degrees, pi, radians, sin
from typing import Any

from app.geo.box import Box
from app.geo.circle import Circle
from app.geo.distance import EARTH_RADIUS_KM

CORNERS = 64
"""Of a circle; its sides then stay within 0.13 % of the radius."""


def of_box(box: Box) -> dict[str, Any]:
    """Return the box as a Polygon, or as a MultiPolygon of two where it crosses the antimeridian."""
    return of_boxes([box])


def of_boxes(boxes: Iterable[Box]) -> dict[str, Any]:
    """Return boxes as a Polygon, or as a MultiPolygon of several."""
    rings = [
        [
            [part.min_lng, part.min_lat],
            [part.max_lng, part.min_lat],
            [part.max_lng, part.max_lat],
            [part.min_lng, part.max_lat],
            [part.min_lng, part.min_lat],
        ]
        for box in boxes
        for part in box.split()
    ]
    return _polygons([[ring] for ring in rings])


def together(areas: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return Polygons and MultiPolygons as one, None if there are none. Where they overlap, they go on to do so."""
    polygons = [
        polygon for area in areas for polygon in ([area["coordinates"]] if area["type"] == "Polygon" else area["coordinates"])
    ]
    return _polygons(polygons) if polygons else None


def _polygons(polygons: list[Any]) -> dict[str, Any]:
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def of_circle(circle: Circle) -> dict[str, Any]:
    """Return the circle as a Polygon counterclockwise; longitudes run on past 180 degrees rather than jump.

    Formula: the direct problem on a sphere, E. Williams, Aviation Formulary, "Lat/lon given radial and distance".
    """
    lat, angle = radians(circle.lat), circle.radius_km / EARTH_RADIUS_KM
    ring = []
    for i in range(CORNERS):
        bearing = -2 * pi * i / CORNERS
        corner = asin(sin(lat) * cos(angle) + cos(lat) * sin(angle) * cos(bearing))
        turn = atan2(sin(bearing) * sin(angle) * cos(lat), cos(angle) - sin(lat) * sin(corner))
        ring.append([circle.lng + degrees(turn), degrees(corner)])
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
