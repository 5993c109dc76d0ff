"""The middle of places."""

from __future__ import annotations

from collections.abc import Iterable
from math import atan2, degrees, hypot

import numpy as np
from numpy.typing import NDArray


def middle(places: Iterable[tuple[float, float]]) -> tuple[float, float] | None:
    """Return the middle of places, all as (lat, lng) in degrees; None if there are none, or they lie all round the Earth."""
    lats, lngs = np.array(list(places), np.float64).reshape(-1, 2).T
    return middle_of(lats, lngs)


def middle_of(lats: NDArray[np.float64], lngs: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return the same of latitudes and longitudes: the mean of the places as vectors, which knows no antimeridian."""
    lats, lngs = np.radians(lats), np.radians(lngs)
    if not len(lats):
        return None
    x, y, z = (float(part.mean()) for part in (np.cos(lats) * np.cos(lngs), np.cos(lats) * np.sin(lngs), np.sin(lats)))
    if hypot(x, y, z) < 1e-9:
        return None
    return degrees(atan2(z, hypot(x, y))), degrees(atan2(y, x))
