"""The one place that a GeoJSON geometry stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from app.feeds import areas
from app.feeds.jsonfile import members
from app.feeds.values import BadRow, number
from app.geo.box import Box
from app.geo.circle import Circle
from app.geo.distance import distances_km

_GROUP, _NUMBER = re.compile(r"\S+"), re.compile(r"[^\s,]+")
_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}


CORNERS_MAX = 250_000
"""Corners that one area may have; the coast of a continent in full detail has fewer."""


class Place(NamedTuple):
    """Where something is: WGS84 degrees, and how far off in km it may be when it is more than a point; and its area if told."""

    lat: float | None
    lng: float | None
    uncertainty_km: float | None
    area: dict[str, Any] | None = None


NOWHERE = Place(None, None, None)


def place(geometry: object) -> Place:
    """Return the place of a geometry: a point itself, else the middle of the smallest box around it.

    Format: RFC 7946, section 3.1. The uncertainty then reaches to the farthest corner. Null and empty geometries are
    nowhere. Raises BadRow for what is no geometry; numbers written as text are not numbers. Points are not checked
    against the limits of the globe.
    """
    return around(positions(geometry))._replace(area=area(geometry))


def area(geometry: object) -> dict[str, Any] | None:
    """Return the polygons of a geometry that `positions` reads without fault; None if there are none."""
    return areas.of_geometry(members(geometry, "geometry"))


def positions(geometry: object) -> list[tuple[float, float]]:
    """Return all positions of a geometry as (lat, lng); none of a null or empty one. Raises BadRow as `place`."""
    return _positions(members(geometry, "geometry"))


def around(corners: Sequence[tuple[float, float]]) -> Place:
    """Return the place of positions as (lat, lng), as `place` does. Raises BadRow for several that are not all on the globe."""
    if len(corners) < 2:
        return Place(*corners[0], None) if corners else NOWHERE
    try:
        box = Box.around(corners)
    except ValueError:
        raise BadRow("The geometry has a position off the globe.") from None
    width = box.max_lng - box.min_lng + (360 if box.crosses_antimeridian else 0)
    lat, lng = (box.min_lat + box.max_lat) / 2, box.min_lng + width / 2
    lng = lng - 360 if lng > 180 else lng
    lats, lngs = np.array(corners, dtype=np.float64).T
    return Place(lat, lng, float(distances_km(lat, lng, lats, lngs).max()))


def check_number(corners: int) -> None:
    """Raise BadRow when there are more corners than an area may have; to be asked before they are looked at."""
    if corners > CORNERS_MAX:
        raise BadRow(f"The area has {corners:,} corners; at most {CORNERS_MAX:,} can be read.")


def check_text(text: str, already: int = 0, *, numbers: int = 0) -> None:
    """Do as `check_number` for what is still a text, and is to come to corners already there.

    Corners stand between blanks; or, where they are of so many `numbers`, those do between blanks or commas.
    """
    if len(text) > CORNERS_MAX:  # Less could not be too many.
        words = (_NUMBER if numbers else _GROUP).finditer(text)
        check_number(already + sum(1 for _ in words) // max(numbers, 1))


def rim(lat: float, lng: float, radius_km: float) -> list[tuple[float, float]]:
    """Return the ends of a circle to all four sides as (lat, lng). Raises BadRow for what is no circle on the globe."""
    try:
        box = Circle(lat, lng, radius_km).box
    except ValueError:
        raise BadRow("The circle is not one on the globe.") from None
    return [(box.min_lat, lng), (box.max_lat, lng), (lat, box.min_lng), (lat, box.max_lng)]


def _positions(geometry: dict[str, object]) -> list[tuple[float, float]]:
    """Return all positions as (lat, lng)."""
    kind = geometry.get("type")
    if not geometry:
        return []
    if kind == "GeometryCollection":
        parts = [members(part, "geometry") for part in _items(geometry.get("geometries"))]
        if any(part.get("type") == kind for part in parts):
            raise BadRow("The geometry is a collection of collections.")
        return [position for part in parts for position in _positions(part)]
    if not isinstance(kind, str) or kind not in _DEPTH:
        raise BadRow("The geometry has no type that GeoJSON knows.")
    level = [geometry.get("coordinates")]
    for _ in range(_DEPTH[kind]):
        level = [item for items in level for item in _items(items)]
        check_number(len(level))
    return [_position(item) for item in level if item != []]


def _position(value: object) -> tuple[float, float]:
    items = _items(value)
    if len(items) < 2:
        raise BadRow("A position has fewer than two numbers.")
    lng, lat = number(items[0], "longitude"), number(items[1], "latitude")
    if lat is None or lng is None:
        raise BadRow("A position has an empty coordinate.")
    return lat, lng


def _items(value: object) -> list[object]:
    if not isinstance(value, list):
        raise BadRow("The coordinates are not lists of numbers.")
    return value
