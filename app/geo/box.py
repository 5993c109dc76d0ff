"""Boxes of latitude and longitude that may cross the antimeridian."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Self

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Box:
    """An area between two meridians and two parallels, in degrees, edges included.

    It runs eastwards from `min_lng` to `max_lng`; when `min_lng` is the greater one, it crosses the antimeridian.
    Making a box of other numbers raises ValueError in words for a person.
    """

    min_lng: float
    min_lat: float
    max_lng: float
    max_lat: float

    def __post_init__(self) -> None:
        for name, value, limit in (
            ("longitude", self.min_lng, 180),
            ("latitude", self.min_lat, 90),
            ("longitude", self.max_lng, 180),
            ("latitude", self.max_lat, 90),
        ):
            if not isfinite(value) or abs(value) > limit:
                raise ValueError(f"A {name} of a box has to be from -{limit} to {limit}; {value:g} is not.")
        if self.min_lat > self.max_lat:
            raise ValueError(f"The southern edge ({self.min_lat:g}) is north of the northern edge ({self.max_lat:g}).")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "minLng,minLat,maxLng,maxLat" in degrees.

        Raises ValueError in words for a person.
        """
        parts = [part.strip() for part in text.split(",")]
        if len(parts) != 4:
            raise ValueError("A box is four numbers separated by commas: minLng,minLat,maxLng,maxLat.")
        for part in parts:
            if not _NUMBER.fullmatch(part):
                raise ValueError(f"“{part[:40]}” is not a number; a box is minLng,minLat,maxLng,maxLat.")
        return cls(*map(float, parts))

    @classmethod
    def around(cls, points: Iterable[tuple[float, float]]) -> Self:
        """Return the smallest box around places given as (lat, lng), over the antimeridian if that is shorter.

        Raises ValueError when there are no places.
        """
        places = list(points)
        if not places:
            raise ValueError("There are no places to draw a box around.")
        lats = [lat for lat, _ in places]
        west, east = shortest_span((lng, lng) for _, lng in places)
        return cls(west, min(lats), east, max(lats))

    @property
    def crosses_antimeridian(self) -> bool:
        """Say whether the box runs over the meridian of 180 degrees."""
        return self.min_lng > self.max_lng

    def contains(self, lat: float, lng: float) -> bool:
        """Say whether a place lies in the box or on its edge."""
        return any(box.min_lat <= lat <= box.max_lat and box.min_lng <= lng <= box.max_lng for box in self.split())

    def split(self) -> tuple[Box, ...]:
        """Return one or two boxes that don't cross the antimeridian and hold the same places together.

        A place is in the box when plain comparisons find it in one of these. As the meridians of 180 and -180 are the
        same one, a box that merely ends there is joined by a second box without width on the other side.
        """
        if self.crosses_antimeridian:
            return self._between(self.min_lng, 180), self._between(-180, self.max_lng)
        if self.max_lng == 180 and self.min_lng != -180:
            return self, self._between(-180, -180)
        if self.min_lng == -180 and self.max_lng != 180:
            return self, self._between(180, 180)
        return (self,)

    def _between(self, west: float, east: float) -> Box:
        return Box(west, self.min_lat, east, self.max_lat)


def shortest_span(spans: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Return the shortest run of longitudes, west to east, that covers all given runs.

    Each run is (west, east) within -180 to 180 with west <= east. In the result west > east means that it crosses the
    antimeridian. What is left out is the widest gap between neighbours on the circle.
    """
    west, *rest = sorted(spans)
    first, reach = west
    widest, result = 0.0, (first, reach)
    for start, end in rest:
        if start - reach > widest:
            widest, result = start - reach, (start, reach)
        reach = max(reach, end)
    return (first, reach) if first + 360 - reach >= widest else result
