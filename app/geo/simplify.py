"""Areas drawn simply: what a map needs of an area that its source tells in every detail."""

from __future__ import annotations

from math import ceil, floor, hypot
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from app.geo.polygon import is_tangle

POSITIONS_MAX = 200
"""Of a simplified area, the last of each ring, which repeats its first, included."""

DIGITS = 5
"""After the point, of a degree: a metre."""

_DIGITS_READ = 7
_FINE_GRID = 10.0**-_DIGITS_READ
"""With a grid, GEOS finds a way through what it gives up on without."""
_GRID = 10.0**-DIGITS
_CORNERS, _RINGS = 4_000, 1_000
"""Of these many the geometry is worked out. For more, it can take minutes, or more stack than there is."""
_FINEST = 4_000
"""The width of the area over this is what no screen shows."""
_COARSEST = 64
"""Beyond the width of the area over this, islands and holes go before shape does."""
_STEPS = 24
_LONGEST_SIDE = 170.0

_Ring = NDArray[np.float64]
"""Corners as rows of (lng, lat)."""


class Simple(NamedTuple):
    """A shape in degrees, and how far in degrees a corner of the original may lie off it, but for islands that were dropped."""

    shape: BaseGeometry
    tolerance: float


def outline(area: dict[str, Any]) -> dict[str, Any]:
    """Return a GeoJSON Polygon or MultiPolygon (lng, lat in degrees) of at most POSITIONS_MAX positions, for drawing.

    It is valid, within -180 to 180 and -90 to 90, cut at the antimeridian, and no side is longer than half the world. The
    rings of the given one may touch and cross themselves, have no width, and jump over the antimeridian: a step of more than
    half the world is meant the other way round. Each ring needs a position; positions are pairs of finite numbers.
    """
    with np.errstate(all="ignore"):  # Sides of next to no length make GEOS divide by 0, which it knows how to deal with.
        shape = simplified(area).shape
    coordinates = [
        [[[round(lng, DIGITS), round(lat, DIGITS)] for lng, lat in ring.coords] for ring in (part.exterior, *part.interiors)]
        for part in shapely.get_parts(shape)
    ]
    if len(coordinates) == 1:
        return {"type": "Polygon", "coordinates": coordinates[0]}
    return {"type": "MultiPolygon", "coordinates": coordinates}


def simplified(area: dict[str, Any]) -> Simple:
    """Return the same as a shape, and what is lost."""
    given = [area["coordinates"]] if area["type"] == "Polygon" else area["coordinates"]
    polygons, lost = _thinned([[_unfolded(ring) for ring in polygon] for polygon in _largest(given)])
    whole = _on_one_world(_shape(polygons))
    width = _width(whole)
    # As a rule, a greater tolerance leaves fewer positions; where it does not, what is found is still few enough.
    best, low, high = None, 0, _STEPS
    tolerances = [0.0, *(width / _FINEST * 1.5**step for step in range(_STEPS))]
    step = 0
    while low <= high:
        kept = _at(whole, tolerances[step], drops=tolerances[step] > width / _COARSEST)
        if kept is None:
            low = step + 1
        else:
            best, high = Simple(kept, lost + tolerances[step] + 2 * _GRID), step - 1
        step = (low + high) // 2
    return best or Simple(_on_grid_of_digits(shapely.box(*whole.bounds)), width)


def _at(whole: BaseGeometry, tolerance: float, *, drops: bool) -> BaseGeometry | None:
    """Return the shape with so much tolerance, None if it has too many positions then, or GEOS could not do it."""
    try:
        near = shapely.make_valid(shapely.simplify(whole, tolerance)) if tolerance else whole
        near = _on_grid_of_digits(near)
    except shapely.GEOSException:
        return None
    kept = _fewest(near) if drops else near
    return kept if shapely.get_num_coordinates(kept) <= POSITIONS_MAX else None


# What is worked on


def _largest(polygons: list[Any]) -> list[list[Any]]:
    """Return all polygons with their rings, or of very many rings the largest."""
    if sum(map(len, polygons)) <= _RINGS:
        return [list(polygon) for polygon in polygons]
    sizes = sorted(((_size(ring), i, n) for i, polygon in enumerate(polygons) for n, ring in enumerate(polygon)), reverse=True)
    kept: dict[int, list[int]] = {}
    for _, i, n in sizes[:_RINGS]:
        kept.setdefault(i, []).append(n)
    # The outer ring is as large as its holes; where it is not, the holes are none.
    return [[polygons[i][n] for n in sorted(numbers)] for i, numbers in sorted(kept.items()) if 0 in numbers]


def _size(ring: list[Any]) -> float:
    lngs, lats = zip(*ring, strict=True)
    return hypot(max(lngs) - min(lngs), max(lats) - min(lats))


def _unfolded(ring: list[Any]) -> _Ring:
    """Return the corners with longitudes that run on past 180 degrees rather than jump; round a pole, by way of the pole."""
    corners: _Ring = np.array([*ring, ring[0]], np.float64).round(_DIGITS_READ)
    steps = np.diff(corners[:, 0])
    lngs = corners[0, 0] + np.concatenate(([0.0], np.cumsum(steps - 360 * np.round(steps / 360))))
    if abs(lngs[-1] - lngs[0]) > 180:
        pole = 90.0 if corners[:, 1].mean() > 0 else -90.0
        return np.vstack((np.column_stack((lngs, corners[:, 1])), [[lngs[-1], pole], [lngs[0], pole]]))
    if np.ptp(lngs) < 1e-9 < np.ptp(corners[:, 0]):
        return corners  # All round the world and back.
    return np.column_stack((lngs, corners[:, 1]))


def _thinned(polygons: list[list[_Ring]]) -> tuple[list[list[_Ring]], float]:
    """Return rings of about _CORNERS corners in all, and how far a corner that was left out may lie off."""
    rings = [ring for polygon in polygons for ring in polygon]
    count = sum(map(len, rings))
    if count <= _CORNERS:
        return polygons, 0.0
    corners = np.concatenate(rings)
    cell = float(np.hypot(*np.ptp(corners, axis=0))) / _FINEST or _GRID
    polygons = [[_on_grid(ring, cell) for ring in polygon] for polygon in polygons]
    count, lost = sum(len(ring) for polygon in polygons for ring in polygon), cell
    if count <= _CORNERS:
        return polygons, lost
    result = []
    for polygon in polygons:
        thin = [_extremes(ring, max(1, len(ring) * _CORNERS // (4 * count))) for ring in polygon]
        result.append([ring for ring, _ in thin])
        lost = max(lost, *(cell + off for _, off in thin))
    return result, lost


def _on_grid(ring: _Ring, cell: float) -> _Ring:
    """Return the middles of the cells that the corners come through, so that neighbours stay side by side."""
    cells = np.floor(ring / cell)
    is_first = np.concatenate(([True], (np.diff(cells, axis=0) != 0).any(axis=1)))
    return (cells[is_first] + 0.5) * cell


def _extremes(ring: _Ring, runs: int) -> tuple[_Ring, float]:
    """Return the outermost corners of each of so many runs of a ring, and how wide a run is at most."""
    starts = np.unique(np.linspace(0, len(ring), runs, endpoint=False).astype(np.intp))
    kept, width = {0}, 0.0
    for start, end in zip(starts, [*starts[1:], len(ring)], strict=True):
        run = ring[start:end]
        kept.update((start + np.concatenate((run.argmin(axis=0), run.argmax(axis=0)))).tolist())
        width = max(width, float(np.hypot(*np.ptp(run, axis=0))))
    return ring[sorted(kept)], width


# The geometry


def _shape(polygons: list[list[_Ring]]) -> BaseGeometry:
    """Return the polygons as one valid shape that has an area."""
    parts = [_part(rings) for rings in polygons]
    shape = _polygonal(shapely.union_all(parts, grid_size=_FINE_GRID))
    if not shape.is_empty:
        return shape
    west, south, east, north = shapely.total_bounds(parts)
    return _polygonal(shapely.box(west - _GRID, max(-90, south - _GRID), east + _GRID, min(90, north + _GRID)))


def _part(rings: list[_Ring]) -> BaseGeometry:
    """Return a polygon as a valid shape; its hull when it crosses itself too often, or so that GEOS does not see through it."""
    outer, *holes = map(_four, rings)
    part = shapely.Polygon(outer, holes)
    if part.is_valid:
        return part
    try:
        return part.convex_hull if is_tangle(rings) else shapely.make_valid(part)
    except shapely.GEOSException:
        return part.convex_hull


def _four(ring: _Ring) -> _Ring:
    """Return a ring of at least as many corners as shapely asks for."""
    return ring if len(ring) > 3 else np.vstack((ring, np.repeat(ring[:1], 4 - len(ring), axis=0)))


def _on_one_world(shape: BaseGeometry) -> BaseGeometry:
    """Cut at the antimeridian and bring what lies beyond back to -180 to 180."""
    west, _, east, _ = shape.bounds
    if west < -180 or east > 180:
        turns = range(floor((west + 180) / 360), ceil((east + 180) / 360))
        moved = [translate(shape, xoff=-360 * turn) for turn in turns]
        pieces = shapely.intersection(moved, shapely.box(-180, -90, 180, 90), grid_size=_FINE_GRID)
        shape = shapely.union_all(pieces, grid_size=_FINE_GRID)
    return _polygonal(shapely.segmentize(shape, _LONGEST_SIDE))


def _on_grid_of_digits(shape: BaseGeometry) -> BaseGeometry:
    """Return the shape of numbers of so many digits; what is smaller than the last one has its size."""
    snapped = _polygonal(shapely.set_precision(shape, _GRID))
    if not snapped.is_empty:
        return shapely.segmentize(snapped, _LONGEST_SIDE)
    lng, lat = (round(float(number), DIGITS) for number in shape.bounds[:2])
    lng, lat = min(lng, 180 - 2 * _GRID), min(lat, 90 - 2 * _GRID)
    return _polygonal(shapely.box(lng, lat, lng + 2 * _GRID, lat + 2 * _GRID))


def _fewest(shape: BaseGeometry) -> BaseGeometry:
    """Return the shape without its smallest islands and holes, as many as leave few enough positions."""
    rings = [
        (_width(ring), part, ring if n else None)
        for part in shapely.get_parts(shape)
        for n, ring in enumerate((part.exterior, *part.interiors))
    ]
    rings.sort(key=lambda each: each[0], reverse=True)
    holes: dict[Any, list[Any]] = {rings[0][1]: []}
    left = POSITIONS_MAX - len(rings[0][1].exterior.coords)
    for _, part, hole in rings[1:]:
        need = len((hole or part.exterior).coords)
        if need <= left and (hole is None or part in holes):
            left -= need
            holes.setdefault(part, []).extend([hole] if hole else [])
    return shapely.MultiPolygon([shapely.Polygon(part.exterior, inside) for part, inside in holes.items()])


def _polygonal(shape: BaseGeometry) -> BaseGeometry:
    """Return as a MultiPolygon what of a shape has an area."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon" and part.area > 0])


def _width(shape: BaseGeometry) -> float:
    west, south, east, north = shape.bounds
    return hypot(east - west, north - south)
