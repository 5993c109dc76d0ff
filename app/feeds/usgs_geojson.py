"""USGS earthquakes as GeoJSON: the summary feeds and the detail file of one event.

Format: https://earthquake.usgs.gov/earthquakes/feed/v1.0/geojson.php and geojson_detail.php. Coordinates are lng, lat,
depth in km; times are milliseconds since 1970 in UTC. `id` is the preferred id, which may change as networks join;
`ids` lists all.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.feeds import raw, usgs
from app.feeds.geometry import place
from app.feeds.jsonfile import features, load, members
from app.feeds.look import Look
from app.feeds.record import Problem, Record
from app.feeds.references import named
from app.feeds.values import BadRow, moment, number, precision, text


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    return seen.kind == "json" and '"magType"' in seen.begin and '"ids"' in seen.begin


def parse(data: bytes) -> Iterator[Record | Problem]:
    """Read a summary feed or a detail file; `row` counts features from 1.

    Raises Unreadable when the file as a whole is no GeoJSON.
    """
    return _records(features(load(data)))


def _records(items: list[object]) -> Iterator[Record | Problem]:
    for row, item in enumerate(items, 1):
        try:
            yield raw.told(_record(row, members(item, "feature")), raw.of(item))
        except BadRow as reason:
            yield Problem(row, str(reason))


def _record(row: int, feature: dict[str, object]) -> Record:
    properties = members(feature.get("properties"), "feature’s properties")
    external_id = text(feature.get("id"), "id")
    if external_id is None:
        raise BadRow("The event has no id.")
    words = {name: text(properties.get(name), name) for name in _WORDS}
    magnitude = number(properties.get("mag"), "magnitude")
    observed_at = moment(properties.get("time"), "time")
    if observed_at is None:
        raise BadRow("The event has no time.")
    where = place(feature.get("geometry"))
    uncertainty = _horizontal_error(properties)
    kind = words["type"] or "earthquake"
    ids = (words["ids"] or "").split(",")
    return Record(
        row=row,
        source=usgs.SOURCE,
        external_id=external_id,
        title=words["title"] or usgs.title(magnitude, words["place"], kind),
        severity=usgs.severity(magnitude, words["alert"]),
        status=usgs.status(words["status"]),
        description=_description(properties, feature.get("geometry")),
        threat_type=kind,
        threat_rationale=usgs.rationale(
            magnitude,
            words["magType"],
            alert=words["alert"],
            significance=number(properties.get("sig"), "significance"),
            deleted=words["status"] == "deleted",
        ),
        location=words["place"],
        lat=where.lat,
        lng=where.lng,
        location_precision_level=precision(uncertainty),
        location_uncertainty_km=uncertainty,
        observed_at=observed_at,
        source_updated_at=moment(properties.get("updated"), "time of the update"),
        url=words["url"],
        aliases=tuple(dict.fromkeys(alias for alias in ids if alias and alias != external_id)),
        sources=usgs.SOURCES,
        references=named(usgs.SOURCE, external_id, *ids),
    )


_WORDS = ("title", "place", "alert", "status", "type", "ids", "magType", "url")


def _description(properties: dict[str, object], geometry: object) -> str | None:
    """Return the depth, what people felt and the tsunami flag, as far as they are given."""
    sentences = []
    coordinates = members(geometry, "geometry").get("coordinates")
    if isinstance(coordinates, list) and len(coordinates) > 2 and coordinates[2] is not None:
        sentences.append(f"Depth {number(coordinates[2], 'depth'):g} km.")
    felt = number(properties.get("felt"), "number of reports")
    if felt:
        sentences.append(f"{felt:,.0f} felt report{'s' if felt != 1 else ''}.")
    if number(properties.get("tsunami"), "tsunami flag") == 1:
        sentences.append("In an oceanic region where a tsunami is possible; see the tsunami warning centres.")
    return " ".join(sentences) or None


def _horizontal_error(properties: dict[str, object]) -> float | None:
    """Return how far off the epicentre may be in km; only the detail file says so, in its preferred origin, as text."""
    products = members(properties.get("products"), "list of products")
    origins = products.get("origin")
    if not isinstance(origins, list) or not origins:
        return None
    word = members(members(origins[0], "origin").get("properties"), "origin’s properties").get("horizontal-error")
    try:
        return abs(float(word)) if isinstance(word, str) and float(word) < float("inf") else None
    except ValueError:
        return None
