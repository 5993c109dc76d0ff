"""Web Mercator, the projection of web maps, on a square of side 1.

x runs east from 0 at -180 degrees to 1 at 180; y runs south from 0 at `MAX_LAT` to 1 at -`MAX_LAT`, as map tiles are
counted. Places nearer to a pole than `MAX_LAT` get a y outside 0 to 1, up to the pole itself at about -5.5 and 6.5:
nothing is clipped.

Formulas: J. P. Snyder, "Map Projections: A Working Manual", USGS Professional Paper 1395 (1987), equations 7-1, 7-2 and
7-4 for the sphere, as EPSG:3857 uses them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

MAX_LAT = 85.05112877980659
"""The latitude in degrees at which the square ends: atan(sinh(pi))."""


def x_of(lngs: ArrayLike) -> NDArray[np.float64]:
    """Return the x of longitudes in degrees."""
    return np.asarray(lngs, dtype=np.float64) / 360 + 0.5


def y_of(lats: ArrayLike) -> NDArray[np.float64]:
    """Return the y of latitudes in degrees from -90 to 90."""
    y: NDArray[np.float64] = 0.5 - np.arcsinh(np.tan(np.radians(np.asarray(lats, dtype=np.float64)))) / (2 * np.pi)
    return y


def lng_of(xs: ArrayLike) -> NDArray[np.float64]:
    """Return the longitude in degrees of each x."""
    return (np.asarray(xs, dtype=np.float64) - 0.5) * 360


def lat_of(ys: ArrayLike) -> NDArray[np.float64]:
    """Return the latitude in degrees of each y."""
    lat: NDArray[np.float64] = np.degrees(np.arctan(np.sinh((0.5 - np.asarray(ys, dtype=np.float64)) * 2 * np.pi)))
    return lat
