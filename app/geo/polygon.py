"""Polygons drawn on a map: the lasso, and any GeoJSON Polygon or MultiPolygon.

A polygon's sides are straight on the map that it was drawn on, so it is tested in Web Mercator; the same corners joined
by straight lines in degrees would hold other places. Inside, x stays in degrees of longitude, which keeps corners
exact, and only latitude is projected: stretching one axis bends no line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any, Self

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from app.geo.box import Box, shortest_span
from app.geo.mercator import y_of

MAX_VERTICES = 10_000
"""Corners of all rings together."""

CROSSINGS_MAX = 500
"""Of the edges of an area with one another. To repair them takes a time that grows with their square: 0.3 s for these."""

_AT_ONCE = 100

_MAX_LNG = 540
"""A lasso may run on past 180 degrees, as far as one more turn of the map either way."""

_FAR_NORTH, _FAR_SOUTH = -10.0, 10.0
"""Projected latitudes beyond the poles, which are at about -5.5 and 6.5."""

_Ring = NDArray[np.float64]
"""Corners as rows of (lng, lat), the last repeating the first."""


@dataclass(frozen=True, slots=True)
class Polygon:
    """An area ready to be asked about many places at once. Make it with `from_geojson`."""

    shape: BaseGeometry
    box: Box
    outline: dict[str, Any]
    """The area as GeoJSON again, of the numbers that were read and nothing else."""

    @classmethod
    def from_geojson(cls, value: object) -> Self:
        """Read a GeoJSON Polygon or MultiPolygon (RFC 7946, section 3.1; lng before lat, WGS84 degrees).

        It may cross the antimeridian in each of the ways that are met: cut there into two polygons, as section 3.1.9
        asks; running on past 180 or -180; or jumping from one side to the other. A jump is told from a side longer than
        half the world by the rule that outer rings run counterclockwise (section 3.1.6). A ring that crosses itself
        holds what a line from the outside reaches by crossing it an odd number of times. Raises ValueError in words for
        a person.
        """
        polygons = _polygons(value)
        corners = sum(len(ring) for rings in polygons for ring in rings)
        if corners > MAX_VERTICES:
            raise ValueError(f"The area has {corners:,} corners; at most {MAX_VERTICES:,} are allowed.")
        projected = [_projected(rings) for rings in polygons]
        shapes = [shapely.Polygon(outer, holes) for outer, *holes in projected]
        if not shapely.is_valid(shapely.MultiPolygon(shapes)) and is_tangle([ring for rings in projected for ring in rings]):
            raise ValueError(f"The area's edges cross one another more than {CROSSINGS_MAX:,} times; draw it more simply.")
        shape = _on_one_world(shapely.union_all(shapely.make_valid(shapes)))
        if shape.is_empty:
            raise ValueError("The area encloses nothing.")
        shapely.prepare(shape)
        bounds = shapely.bounds(shapely.get_parts(shape))
        west, east = shortest_span((float(left), float(right)) for left, _, right, _ in bounds)
        lats = np.concatenate([rings[0][:, 1] for rings in polygons])
        return cls(shape, Box(west, float(lats.min()), east, float(lats.max())), _outline(polygons))

    def contains(self, lngs: NDArray[np.float64], lats: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Say for each place, in degrees from -180 to 180 and -90 to 90, whether it lies in the area or on its edge."""
        ys = y_of(lats)
        inside: NDArray[np.bool_] = np.asarray(shapely.intersects_xy(self.shape, lngs, ys))
        seam = np.abs(lngs) == 180
        if seam.any():  # 180 and -180 are one meridian, and the area may touch it from either side.
            inside = inside | (seam & shapely.intersects_xy(self.shape, -lngs, ys))
        # Projecting rounds, so that a place a hair outside may seem to lie on the edge: the box knows better.
        return inside & (lats >= self.box.min_lat) & (lats <= self.box.max_lat)


def _outline(polygons: list[list[_Ring]]) -> dict[str, Any]:
    coordinates = [[ring.tolist() for ring in rings] for rings in polygons]
    if len(coordinates) == 1:
        return {"type": "Polygon", "coordinates": coordinates[0]}
    return {"type": "MultiPolygon", "coordinates": coordinates}


def _polygons(value: object) -> list[list[_Ring]]:
    """Return the rings of each polygon as arrays of (lng, lat), checked one by one."""
    if not isinstance(value, Mapping):
        raise ValueError("An area is a GeoJSON object with a type and coordinates.")
    kind, coordinates = value.get("type"), value.get("coordinates")
    if kind == "Polygon":
        coordinates = [coordinates]
    elif kind != "MultiPolygon":
        raise ValueError("An area has the type Polygon or MultiPolygon.")
    polygons = [[_ring(ring) for ring in _items(polygon, "rings")] for polygon in _items(coordinates, "polygons")]
    if not polygons or not all(polygons):
        raise ValueError("The area has no ring.")
    return polygons


def _ring(value: object) -> _Ring:
    positions = [_position(item) for item in _items(value, "positions")]
    if len(positions) < 4:
        raise ValueError("A ring needs at least four positions, of which the last repeats the first.")
    if positions[0] != positions[-1]:
        raise ValueError("A ring has to end where it began: its last position repeats its first.")
    return np.array(positions, dtype=np.float64)


def _items(value: object, what: str) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"The coordinates of an area are nested lists; a list of {what} is missing.")
    return value


def _position(value: object) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or not 2 <= len(value) <= 3:
        raise ValueError("A position is a list of longitude and latitude, and at most a height.")
    lng, lat = value[0], value[1]
    for number, name, limit in ((lng, "longitude", _MAX_LNG), (lat, "latitude", 90)):
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ValueError(f"A {name} of the area is not a number.")
        if not abs(number) <= limit:  # Says no to NaN, too.
            raise ValueError(f"A {name} of the area has to be from -{limit} to {limit}.")
    return float(lng), float(lat)


def _projected(rings: list[_Ring]) -> list[_Ring]:
    """Return the outer ring of one polygon and its holes as they are tested; x may still lie beyond 180 degrees."""
    outer = _unfolded(rings[0], hole=False)
    middle = (outer[:, 0].min() + outer[:, 0].max()) / 2
    holes = [_beside(_unfolded(ring, hole=True), middle) for ring in rings[1:]]
    if outer[:, 0].max() - outer[:, 0].min() > 360:
        raise ValueError("The area is wider than the world.")
    return [np.column_stack((ring[:, 0], y_of(ring[:, 1]))) for ring in (outer, *holes)]


def is_tangle(rings: list[_Ring]) -> bool:
    """Say whether sides cross or run along one another too often. Sides that meet at a corner, or are the same, don't."""
    sides = np.concatenate([np.hstack((ring[:-1], ring[1:])) for ring in rings])
    backwards = (sides[:, 0] > sides[:, 2]) | ((sides[:, 0] == sides[:, 2]) & (sides[:, 1] > sides[:, 3]))
    sides[backwards] = sides[backwards][:, [2, 3, 0, 1]]
    sides = np.unique(sides, axis=0)
    lines = shapely.linestrings(sides[(sides[:, :2] != sides[:, 2:]).any(axis=1)].reshape(-1, 2, 2))
    tree = shapely.STRtree(lines)
    left = 2 * CROSSINGS_MAX + len(lines)  # each is found from both sides, and each line meets itself
    for first in range(0, len(lines), _AT_ONCE):
        these = lines[first : first + _AT_ONCE]
        left -= tree.query(these, predicate="intersects").shape[1] - tree.query(these, predicate="touches").shape[1]
        if left < 0:
            return True
    return False


def _unfolded(ring: _Ring, *, hole: bool) -> _Ring:
    """Return the ring with jumps over the antimeridian made good, if that is what its long sides are."""
    steps = np.diff(ring[:, 0])
    if np.all(np.abs(steps) <= 180):
        return ring
    lngs = ring[0, 0] + np.concatenate(([0.0], np.cumsum(steps - 360 * np.round(steps / 360))))
    if abs(lngs[-1] - lngs[0]) > 1:
        raise ValueError("The area goes round a pole; cut it along the antimeridian.")
    turns = np.round((lngs - ring[:, 0]) / 360)
    unfolded = np.column_stack((ring[:, 0] + 360 * turns, ring[:, 1]))
    sign = -1 if hole else 1
    return unfolded if sign * _signed_area(unfolded) > 0 >= sign * _signed_area(ring) else ring


def _signed_area(ring: _Ring) -> float:
    """Return the area in square degrees, positive when counterclockwise (the shoelace formula)."""
    x, y = ring[:, 0], ring[:, 1]
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)


def _beside(ring: _Ring, middle: float) -> _Ring:
    """Return a hole moved by whole turns to lie as near as can be to the middle of its outer ring."""
    own = (ring[:, 0].min() + ring[:, 0].max()) / 2
    return np.column_stack((ring[:, 0] + 360 * np.round((middle - own) / 360), ring[:, 1]))


def _on_one_world(shape: BaseGeometry) -> BaseGeometry:
    """Cut the shape at the antimeridian and bring what lies beyond back to -180 to 180; keep only what has an area."""
    if shape.is_empty:
        return shape
    west, _, east, _ = shape.bounds
    turns = range(floor((west + 180) / 360), ceil((east + 180) / 360))
    moved = [translate(shape, xoff=-360 * turn) for turn in turns]
    pieces = shapely.intersection(moved, shapely.box(-180, _FAR_NORTH, 180, _FAR_SOUTH))
    parts = shapely.get_parts(shapely.union_all(pieces))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon"])
