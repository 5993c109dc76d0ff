"""Circles on the globe: everything within so many kilometres of a place."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, degrees, isfinite, pi, radians, sin

import numpy as np
from numpy.typing import NDArray

from app.geo.box import Box
from app.geo.distance import EARTH_RADIUS_KM, distances_km

MAX_RADIUS_KM = pi * EARTH_RADIUS_KM
"""Half the way round the Earth: nothing is farther away."""

_MARGIN = 1e-9
"""Degrees (0.1 mm) by which a bounding box is widened, so that rounding never leaves a place of the circle outside."""


@dataclass(frozen=True, slots=True)
class Circle:
    """A centre in degrees and a radius in km. Other numbers raise ValueError in words for a person."""

    lat: float
    lng: float
    radius_km: float

    def __post_init__(self) -> None:
        if not isfinite(self.lat) or abs(self.lat) > 90:
            raise ValueError(f"The latitude of the centre has to be from -90 to 90; {self.lat:g} is not.")
        if not isfinite(self.lng) or abs(self.lng) > 180:
            raise ValueError(f"The longitude of the centre has to be from -180 to 180; {self.lng:g} is not.")
        if not isfinite(self.radius_km) or not 0 < self.radius_km <= MAX_RADIUS_KM:
            raise ValueError(f"The radius has to be more than 0 and at most {MAX_RADIUS_KM:,.0f} km.")

    @property
    def box(self) -> Box:
        """Return the smallest box around the circle; it spans all longitudes when the circle holds a pole.

        Formula: J. P. Matuschek, "Finding Points Within a Distance of a Latitude/Longitude Using Bounding Coordinates".
        """
        angle = self.radius_km / EARTH_RADIUS_KM
        south = max(-90.0, self.lat - degrees(angle) - _MARGIN)
        north = min(90.0, self.lat + degrees(angle) + _MARGIN)
        if south == -90 or north == 90:
            return Box(-180, south, 180, north)
        reach = degrees(asin(min(1.0, sin(angle) / cos(radians(self.lat))))) + _MARGIN
        return Box(_wrapped(self.lng - reach), south, _wrapped(self.lng + reach), north)

    def contains(self, lngs: NDArray[np.float64], lats: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Say for each place in degrees whether it lies in the circle or on its edge."""
        return distances_km(self.lat, self.lng, lats, lngs) <= self.radius_km


def _wrapped(lng: float) -> float:
    return (lng + 180) % 360 - 180 if abs(lng) > 180 else lng
