"""How far two places are from each other."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

import numpy as np
from numpy.typing import NDArray

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth in km, R1 of the GRS 80 ellipsoid (Moritz, 2000)."""


def distance_km(lat1: float, lng1: float, lat2: float, lng2: float) -> float:
    """Return the great-circle distance in km between two places in degrees.

    The haversine formula (R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984) on a sphere: at most
    0.6 % off the true distance on the ellipsoid.
    """
    lat1, lng1, lat2, lng2 = radians(lat1), radians(lng1), radians(lat2), radians(lng2)
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lng2 - lng1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half)))


def distances_km(lat: float, lng: float, lats: NDArray[np.float64], lngs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the great-circle distance in km from one place to each of many, all in degrees.

    The same formula as `distance_km`, over whole arrays.
    """
    phi, phis = radians(lat), np.radians(lats)
    half = np.sin((phis - phi) / 2) ** 2 + cos(phi) * np.cos(phis) * np.sin(np.radians(lngs - lng) / 2) ** 2
    result: NDArray[np.float64] = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(1.0, np.sqrt(half)))
    return result
