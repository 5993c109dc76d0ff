"""Where and when the threats of a file lie, for looking at it before it is imported, and what looks wrong about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from math import inf

import numpy as np

from app.feeds.record import Record
from app.geo.countries import countries_at

POINTS_MAX = 1_000
NOWHERE = 0.01
"""Degrees around 0° N, 0° E, in the open sea, where many tables put what has no place."""


@dataclass(slots=True)
class Shape:
    """What is known of the records that were added.

    `points` are the first POINTS_MAX that have a place; `placed` and `unplaced` count all with one and without, `lost` those
    whose place is not on Earth (`swapped`: it would be the other way round), and `at_zero` those of the placed that are NOWHERE.
    `named` are latitude, longitude and country of those that name one. Bounds are in degrees, times in UTC.
    """

    points: list[Record] = field(default_factory=list)
    placed: int = 0
    unplaced: int = 0
    lost: int = 0
    swapped: int = 0
    at_zero: int = 0
    south: float = inf
    north: float = -inf
    west: float = inf
    east: float = -inf
    first: datetime | None = None
    last: datetime | None = None
    undated: int = 0
    named: list[tuple[float, float, str]] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Take one more record into account."""
        self._add_time(record.observed_at)
        lat, lng = record.lat, record.lng
        if lat is None or lng is None:
            self.unplaced += 1
        elif not (abs(lat) <= 90 and abs(lng) <= 180):  # a comparison with what is no number is false
            self.lost += 1
            self.swapped += abs(lng) <= 90 and abs(lat) <= 180
        else:
            self.placed += 1
            self.at_zero += abs(lat) < NOWHERE and abs(lng) < NOWHERE
            if record.location_country:
                self.named.append((lat, lng, record.location_country))
            self.south, self.north = min(self.south, lat), max(self.north, lat)
            self.west, self.east = min(self.west, lng), max(self.east, lng)
            if len(self.points) < POINTS_MAX:
                self.points.append(record)

    def _add_time(self, time: datetime | None) -> None:
        if time is None:
            self.undated += 1
            return
        self.first = min(self.first or time, time)
        self.last = max(self.last or time, time)

    @property
    def extent(self) -> str:
        """Return where the places lie, in words; nothing if there are none."""
        if not self.placed:
            return ""
        return f"{_span(_lat(self.south), _lat(self.north))}, {_span(_lng(self.west), _lng(self.east))}"

    @property
    def doubts(self) -> list[str]:
        """Return what looks wrong, in sentences."""
        said = []
        if self.lost:
            beyond = "a latitude beyond 90° or a longitude beyond 180°, and can’t be imported"
            said.append(f"{self.lost:,} {'row has' if self.lost == 1 else 'rows have'} {beyond}.")
        if self.swapped:
            said.append(f"{self.swapped:,} of them would be on Earth with latitude and longitude the other way round.")
        if self.at_zero:
            are = "place is" if self.at_zero == 1 else "places are"
            said.append(f"{self.at_zero:,} {are} at 0° N, 0° E, in the open sea; some tables write so what has no place.")
        if abroad := self._abroad():
            said.append(abroad)
        total = self.placed + self.unplaced + self.lost
        if total and self.unplaced == total:
            said.append("No row has coordinates, so none of these threats will be on the map.")
        return said

    def _abroad(self) -> str:
        """Return how many places are in another country than the one that is named, and whether swapped they would fit.

        At sea they may well be, but most of them hardly, if the other way round they are where they are said to be.
        """
        if not self.named:
            return ""
        lats, lngs = (np.array(values, np.float64) for values in list(zip(*self.named, strict=True))[:2])
        rows = list(zip((name for *_, name in self.named), countries_at(lats, lngs), countries_at(lngs, lats), strict=True))
        fitting = sum(turned == named != found for named, found, turned in rows)
        if fitting > len(rows) / 2:
            return (
                f"{fitting:,} of {len(rows):,} places are in the country that is named only with latitude and longitude swapped."
            )
        abroad = sum(found not in {None, named} for named, found, _ in rows)
        are = "place is" if abroad == 1 else "places are"
        return f"{abroad:,} {are} in another country than the one that is named." if abroad else ""


def _span(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def _lat(value: float) -> str:
    return f"{abs(value):.2f}° {'S' if value < 0 else 'N'}"


def _lng(value: float) -> str:
    return f"{abs(value):.2f}° {'W' if value < 0 else 'E'}"
