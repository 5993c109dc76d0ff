"""Areas that sources tell, as GeoJSON in full detail: from rings and circles, as formats of every kind write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import cos, pi, radians, sin
from typing import Any
from xml.etree.ElementTree import Element

from app.feeds.xmlfile import below, children
from app.geo import outline
from app.geo.box import Box
from app.geo.circle import Circle

Ring = Sequence[tuple[float, float]]
"""Corners as (lat, lng) on the globe; whether the last repeats the first makes no difference."""

Area = dict[str, Any]
"""A GeoJSON Polygon or MultiPolygon."""

_KM_PER_DEGREE = 111.195
_DIGITS = 6
"""Of circles, which are our own numbers: a tenth of a metre."""


def of_polygons(polygons: Iterable[Sequence[Ring]]) -> Area | None:
    """Return the area of polygons, each with its outer ring first and then its holes; None if there are none.

    Rings of fewer than three different corners enclose nothing and are left out. The same polygon twice is there once.
    """
    told = dict.fromkeys(tuple(tuple(ring) for ring in polygon) for polygon in polygons)
    areas = []
    for outer, *holes in filter(None, told):
        if len(set(outer)) > 2:
            rings = [outer, *(hole for hole in holes if len(set(hole)) > 2)]
            areas.append({"type": "Polygon", "coordinates": [_closed(ring) for ring in rings]})
    return outline.together(areas)


def of_elements(element: Element, read: Mapping[Element, Ring]) -> Area | None:
    """Return the area of all polygons of KML or GML in an element, of which the texts with corners are read already."""
    outer, inner = ("exterior", "outerBoundaryIs"), ("interior", "innerBoundaryIs")
    return of_polygons(
        [read_below(boundary, read) for names in (outer, inner) for name in names for boundary in children(polygon, name)]
        for polygon in below(element, "Polygon")
    )


def read_below(element: Element, read: Mapping[Element, Ring]) -> Ring:
    """Return the corners that were read in an element."""
    return [corner for one in element.iter() for corner in read.get(one, ())]


def of_geometry(geometry: Mapping[str, Any]) -> Area | None:
    """Return the polygons of a GeoJSON geometry whose positions were read without fault; None if it has none."""
    match geometry.get("type"):
        case "Polygon":
            polygons = [geometry["coordinates"]]
        case "MultiPolygon":
            polygons = geometry["coordinates"]
        case "GeometryCollection":
            return together(of_geometry(part) for part in geometry["geometries"])
        case _:
            return None
    return of_polygons([[(float(at[1]), float(at[0])) for at in ring if at] for ring in polygon] for polygon in polygons)


def of_circle(lat: float, lng: float, radius_km: float) -> Area | None:
    """Return a circle as a polygon, None for what is none on the globe."""
    try:
        area = outline.of_circle(Circle(lat, lng, radius_km))
    except ValueError:
        return None
    return {**area, "coordinates": [[[round(x, _DIGITS), round(y, _DIGITS)] for x, y in ring] for ring in area["coordinates"]]}


def of_ellipse(lat: float, lng: float, major_km: float, minor_km: float, bearing: float) -> Area | None:
    """Return an ellipse by its half axes, the greater one towards `bearing` degrees from north; None where it nears a pole."""
    if not 0 < minor_km <= major_km or abs(lat) + major_km / _KM_PER_DEGREE > 85 or abs(lng) > 180:
        return None
    turn = radians(bearing)
    ring = []
    for i in range(outline.CORNERS):
        angle = -2 * pi * i / outline.CORNERS
        along, across = major_km * cos(angle), minor_km * sin(angle)
        north, east = along * cos(turn) - across * sin(turn), along * sin(turn) + across * cos(turn)
        x, y = lng + east / _KM_PER_DEGREE / cos(radians(lat)), lat + north / _KM_PER_DEGREE
        ring.append((round(y, _DIGITS), round(x, _DIGITS)))
    return of_polygons([[ring]])


def of_corners(south: float, west: float, north: float, east: float) -> Area | None:
    """Return a box, which may cross the antimeridian; None for one of no size or not on the globe."""
    try:
        return outline.of_box(Box(west, south, east, north)) if south != north and west != east else None
    except ValueError:
        return None


def together(areas: Iterable[Area | None]) -> Area | None:
    """Return areas as one; None if there are none."""
    return outline.together([area for area in areas if area])


def _closed(ring: Ring) -> list[list[float]]:
    corners = [[lng, lat] for lat, lng in ring]
    return corners if corners[0] == corners[-1] else [*corners, corners[0]]
