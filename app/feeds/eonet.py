"""Natural events of NASA's EONET: the list of events, and the same as GeoJSON, which repeats an event for each position.

Format: https://eonet.gsfc.nasa.gov/docs/v3; version 2.1 differs by the name `geometries`. Coordinates are lng, lat, times
ISO 8601. An event is where its latest geometry is, begins with its first, and is over when `closed` has a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from app.errors import Unreadable
from app.feeds import prose, raw
from app.feeds.geometry import place
from app.feeds.jsonfile import features, load, members
from app.feeds.look import Look
from app.feeds.record import Item, LeftOut, Problem, Record
from app.feeds.references import of_address
from app.feeds.values import BadRow, iso_time, number, precision, text
from app.terms import ThreatStatus

SOURCE = "eonet"
ATTRIBUTION = "Data: NASA Earth Observatory Natural Event Tracker (EONET); public domain."
FURTHER = "further positions of the same event"

_TYPES = {
    "drought": "drought",
    "dustHaze": "dust and haze",
    "earthquakes": "earthquake",
    "floods": "flood",
    "landslides": "landslide",
    "manmade": "man-made event",
    "seaLakeIce": "sea and lake ice",
    "severeStorms": "severe storm",
    "snow": "snow",
    "tempExtremes": "extreme temperature",
    "volcanoes": "volcano",
    "waterColor": "water colour",
    "wildfires": "wildfire",
}


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    return seen.kind == "json" and ('"EONET_' in seen.begin or '"EONET Events"' in seen.begin)


def parse(data: bytes) -> Iterator[Item]:
    """Read events; `row` counts them, or the features of GeoJSON, from 1. Raises Unreadable when it holds neither."""
    document = load(data)
    if isinstance(document, dict) and isinstance(document.get("events"), list):
        return _events(document["events"])
    if isinstance(document, dict) and document.get("type") in {"Feature", "FeatureCollection"}:
        return _features(features(document))
    if isinstance(document, dict) and isinstance(document.get("id"), str):
        return _events([document])
    raise Unreadable("This is not of EONET: it has neither a list of events nor features.")


def _events(items: list[object]) -> Iterator[Item]:
    for row, item in enumerate(items, 1):
        try:
            event = members(item, "event")
            listed = event.get("geometry", event.get("geometries"))
            parts = listed if isinstance(listed, list) else [listed] if listed else []
            yield raw.told(_record(row, event, [members(part, "geometry") for part in parts]), raw.of(event))
        except BadRow as reason:
            yield Problem(row, str(reason))


def _features(items: list[object]) -> Iterator[Item]:
    """Yield one record for all features of an event, at the row of the first."""
    parts: dict[str, list[dict[str, object]]] = defaultdict(list)
    rows: list[tuple[int, str | None, dict[str, object]]] = []
    problems: dict[int, str] = {}
    for row, item in enumerate(items, 1):
        try:
            feature = members(item, "feature")
            event = members(feature.get("properties"), "feature’s properties")
            own_id = text(event.get("id"), "id")
            geometry = members(feature.get("geometry"), "geometry")
        except BadRow as reason:
            problems[row] = str(reason)
            continue
        rows.append((row, own_id, event))
        parts[own_id or ""].append({**geometry, **{name: event.get(name) for name in _MEASURES}})
    done: set[str] = set()
    yield from (Problem(row, reason) for row, reason in problems.items())
    for row, own_id, event in rows:
        if own_id in done:
            yield LeftOut(row, FURTHER)
            continue
        try:
            its = parts[own_id or ""]
            yield raw.told(_record(row, event, its), raw.of({**event, "geometry": its}))
        except BadRow as reason:
            yield Problem(row, str(reason))
        done.update(filter(None, [own_id]))


_MEASURES = ("date", "magnitudeValue", "magnitudeUnit")


def _record(row: int, event: dict[str, object], geometries: list[dict[str, object]]) -> Record:
    external_id = text(event.get("id"), "id")
    if not external_id:
        raise BadRow("The event has no id.")
    dated = sorted(((_date(part), index) for index, part in enumerate(geometries)), key=lambda pair: (pair[0] is not None, *pair))
    latest = geometries[dated[-1][1]] if dated else {}
    times = [time for time, _ in dated if time]
    where = place({name: latest[name] for name in ("type", "coordinates") if name in latest} or None)
    closed = iso_time(text(event.get("closed"), "closed"), "end")
    kinds = [members(one, "category") for one in _list(event.get("categories"))]
    kind = text(kinds[0].get("id"), "category") if kinds else None
    named = text(kinds[0].get("title"), "category") if kinds else None
    sources = [members(one, "source") for one in _list(event.get("sources"))]
    told_at = [text(one.get("url"), "source") for one in sources]
    links = [text(event.get("link"), "link"), *told_at]
    return Record(
        row=row,
        source=SOURCE,
        external_id=external_id,
        title=prose.title(text(event.get("title"), "title") or "") or external_id,
        status=ThreatStatus.ENDED if closed else ThreatStatus.ACTIVE,
        description=prose.text(prose.plain(text(event.get("description"), "description") or "")),
        threat_type=_TYPES.get(kind or "") or prose.term(named or kind or ""),
        threat_rationale=_rationale(latest),
        lat=where.lat,
        lng=where.lng,
        location_precision_level=precision(where.uncertainty_km),
        location_uncertainty_km=where.uncertainty_km,
        area=where.area,
        observed_at=min(times, default=None),
        expires_at=closed,
        source_updated_at=max([*times, *([closed] if closed else [])], default=None),
        url=next((link for link in map(prose.web, reversed(links)) if link), None),
        sources=tuple(dict.fromkeys(["NASA EONET", *filter(None, (text(one.get("id"), "source") for one in sources))]))[:50],
        references=tuple(dict.fromkeys(one for link in told_at if link for one in of_address(link))),
    )


def _rationale(geometry: dict[str, object]) -> str:
    size = number(geometry.get("magnitudeValue"), "magnitude")
    unit = text(geometry.get("magnitudeUnit"), "unit of the magnitude") or ""
    return f"EONET gives no severity{'' if size is None else f'; magnitude {size:g} {unit}'.rstrip()}."


def _date(geometry: dict[str, object]) -> datetime | None:
    return iso_time(text(geometry.get("date"), "date"), "date")


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
