"""Fires that satellites see: NASA FIRMS as CSV, of MODIS, VIIRS and Landsat, near real time and standard.

Format: https://www.earthdata.nasa.gov/data/tools/firms/faq. Times are UTC, `acq_time` is HHMM with or without leading
zeros; a place is the middle of a pixel of `scan` by `track` km. Rows have no id: place, time and satellite are one. A row is
a detection of heat, not a fire, and says nothing of harm, so all are of low severity.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from math import hypot

from app.feeds.csv_table import load
from app.feeds.known_table import Words, read
from app.feeds.look import Look
from app.feeds.record import Item, Record
from app.feeds.values import BadRow, decimal, precision, shown
from app.terms import Severity

SOURCE = "firms"
ATTRIBUTION = "Data: NASA FIRMS, part of NASA’s Earth Science Data and Information System (ESDIS)."

NEEDED = ("latitude", "longitude", "acq_date", "acq_time", "satellite", "confidence")
COLUMNS = (*NEEDED, "scan", "track", "instrument", "frp", "daynight", "type", "version")
_SATELLITES = {"Aqua": "A", "Terra": "T"}
_TYPES = {"1": "volcanic heat", "2": "static heat source", "3": "offshore heat source"}
_CONFIDENCE = {"l": "low", "n": "nominal", "h": "high"}
_PIXEL_KM = 0.375
"""The width of a pixel of VIIRS, where a file does not say."""


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    return seen.header >= set(NEEDED)


def parse(data: bytes) -> Iterator[Item]:
    """Read detections; `row` is the line in the file. Raises Unreadable when this is no table, or a column is missing."""
    return read(load(data), COLUMNS, NEEDED, _record)


def _record(row: int, words: Words) -> Record:
    lat, lng = decimal(words["latitude"], "latitude"), decimal(words["longitude"], "longitude")
    if lat is None or lng is None:
        raise BadRow("The detection has no place.")
    observed_at = _time(words["acq_date"], words["acq_time"])
    satellite = _SATELLITES.get(words["satellite"], words["satellite"])
    scan, track = decimal(words["scan"], "scan"), decimal(words["track"], "track")
    reach = round(hypot(scan or _PIXEL_KM, track or _PIXEL_KM) / 2, 3)
    kind = _TYPES.get(words["type"], "fire detection")
    power, by_day = decimal(words["frp"], "fire radiative power"), {"D": " by day", "N": " by night"}.get(words["daynight"], "")
    facts = f"confidence {words['confidence'] or 'not given'}"
    if power is not None:
        facts += f", fire radiative power {power:g} MW"
    return Record(
        row=row,
        source=SOURCE,
        external_id=f"{lat:.5f},{lng:.5f},{observed_at:%Y-%m-%dT%H%M},{satellite}",
        title=f"{kind.capitalize()} at {lat:.3f}, {lng:.3f}",
        severity=Severity.LOW,
        description=f"Seen{by_day} by {' '.join(filter(None, (words['instrument'], satellite, words['version'])))}.",
        threat_type=kind,
        threat_rationale=f"FIRMS: {facts}.",
        lat=lat,
        lng=lng,
        location_precision_level=precision(reach),
        location_uncertainty_km=reach,
        observed_at=observed_at,
        likelihood=_confidence(words["confidence"]),
        sources=("NASA FIRMS",),
    )


def _time(day: str, clock: str) -> datetime:
    digits = clock.replace(":", "").zfill(4)[:4]
    try:
        return datetime.fromisoformat(f"{day}T{digits[:2]}:{digits[2:]}").replace(tzinfo=UTC)
    except ValueError:
        raise BadRow(f"“{shown(day)}” at “{shown(clock)}” is not a time.") from None


def _confidence(word: str) -> str | None:
    """Return low, nominal or high; of MODIS's percentages those below 30 are low, and from 80 on high."""
    if word.isdigit():
        percent = int(word[:4])
        return "low" if percent < 30 else "high" if percent >= 80 else "nominal"
    return _CONFIDENCE.get(word[:1].casefold())
