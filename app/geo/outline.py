"""Areas as GeoJSON, for keeping and for drawing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import asin, atan2, cos, degrees, pi, radians, sin
from typing import Any

import orjson
import shapely

from app.geo.box import Box
from app.geo.circle import MAX_RADIUS_KM, Circle
from app.geo.distance import EARTH_RADIUS_KM

CORNERS = 64
"""Of a circle; its sides then stay within 0.13 % of the radius."""

_OPPOSITE = 180 - 1e-6
_LAT_MAX = 90 - 1e-6


def of_box(box: Box) -> dict[str, Any]:
    """Return the box as a Polygon, or as a MultiPolygon of two where it crosses the antimeridian."""
    rings = [
        [
            [part.min_lng, part.min_lat],
            [part.max_lng, part.min_lat],
            [part.max_lng, part.max_lat],
            [part.min_lng, part.max_lat],
            [part.min_lng, part.min_lat],
        ]
        for part in box.split()
    ]
    return _polygons([[ring] for ring in rings])


def of_squares(boxes: Iterable[Box]) -> dict[str, Any]:
    """Return what boxes cover that do not cross the antimeridian: a Polygon, or a MultiPolygon."""
    covered = shapely.union_all([shapely.box(box.min_lng, box.min_lat, box.max_lng, box.max_lat) for box in boxes])
    area: dict[str, Any] = orjson.loads(shapely.to_geojson(covered))
    return {"type": area["type"], "coordinates": area["coordinates"]}


def corners(area: dict[str, Any]) -> int:
    """Return how many corners all rings of a Polygon or MultiPolygon have."""
    polygons = [area["coordinates"]] if area["type"] == "Polygon" else area["coordinates"]
    return sum(len(ring) for polygon in polygons for ring in polygon)


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

    One that holds a pole is what lies poleward of its edge, cut along the meridian opposite its centre; one that holds both is
    the world with a hole round the other side of the Earth.

    Formula: the direct problem on a sphere, E. Williams, Aviation Formulary, "Lat/lon given radial and distance".
    """
    # At a pole there is no bearing, so a centre there is taken 0.1 m beside it.
    lat, angle = radians(max(-_LAT_MAX, min(circle.lat, _LAT_MAX))), circle.radius_km / EARTH_RADIUS_KM
    ring = []
    for i in range(CORNERS):
        bearing = -2 * pi * i / CORNERS
        corner = asin(sin(lat) * cos(angle) + cos(lat) * sin(angle) * cos(bearing))
        turn = atan2(sin(bearing) * sin(angle) * cos(lat), cos(angle) - sin(lat) * sin(corner))
        ring.append([circle.lng + degrees(turn), degrees(corner)])
    poles = [pole for pole in (-90, 90) if abs(pole - circle.lat) <= degrees(angle)]
    if len(poles) == 2:
        return _all_but(circle)
    if poles:
        return _polygons([[_cap(circle.lng, ring, poles[0])]])
    return _polygons([[[*ring, ring[0]]]])


def _cap(middle: float, edge: list[list[float]], pole: int) -> list[list[float]]:
    """Return the ring of what lies between the edge of a circle, which goes round the Earth, and a pole."""
    eastwards = sorted(corner for corner in edge if abs(corner[0] - middle) < _OPPOSITE)
    far = next(lat for lng, lat in edge if abs(lng - middle) >= _OPPOSITE)
    # Corners on the way back, so that no side is longer than half the world.
    back = [[middle + turn, pole] for turn in (180, 60, -60, -180)]
    ring = [[middle - 180, far], *eastwards, [middle + 180, far], *back]
    ring = ring if pole > 0 else ring[::-1]
    return [*ring, ring[0]]


def _all_but(circle: Circle) -> dict[str, Any]:
    west = circle.lng - 180 if circle.lng > 0 else circle.lng + 180
    world = [[west + turn, lat] for lat, turns in ((-90, (-180, -60, 60, 180)), (90, (180, 60, -60, -180))) for turn in turns]
    rings = [[*world, world[0]]]
    if (rest := MAX_RADIUS_KM - circle.radius_km) > 0:
        (hole,) = of_circle(Circle(-circle.lat, west, rest))["coordinates"]
        rings.append(hole[::-1])
    return _polygons([rings])
