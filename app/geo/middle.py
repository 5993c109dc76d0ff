"""The middle of places."""

from __future__ import annotations

from collections.abc import Iterable
from math import atan2, degrees, hypot

import numpy as np


def middle(places: Iterable[tuple[float, float]]) -> tuple[float, float] | None:
    """Return the middle of places, all as (lat, lng) in degrees; None if there are none, or they lie all round the Earth.

    The mean of the places as vectors, which knows no antimeridian.
    """
    lats, lngs = np.radians(list(places)).reshape(-1, 2).T
    if not len(lats):
        return None
    x, y, z = (float(part.mean()) for part in (np.cos(lats) * np.cos(lngs), np.cos(lats) * np.sin(lngs), np.sin(lats)))
    if hypot(x, y, z) < 1e-9:
        return None
    return degrees(atan2(z, hypot(x, y))), degrees(atan2(y, x))
