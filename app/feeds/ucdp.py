"""Conflict events of the UCDP: GED and Candidate, as CSV (with HXL or without), GeoJSON, and JSON of the API.

Format: UCDP GED Codebook, https://ucdp.uu.se/downloads. Dates are days without a clock. `where_prec` says what the
coordinates stand for, `date_prec` how exact the day is, `event_clarity` 2 that several events are told as one.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.errors import Unreadable
from app.feeds import deaths, prose, raw
from app.feeds.countries import alpha2
from app.feeds.csv_table import load as load_table
from app.feeds.jsonfile import features, load, members
from app.feeds.known_table import Words, attempt, read
from app.feeds.look import Look
from app.feeds.record import Item, Problem, Record
from app.feeds.values import BadRow, decimal, iso_time, text
from app.terms import Precision

SOURCE = "ucdp"
ATTRIBUTION = "Data: Uppsala Conflict Data Program (UCDP), CC BY 4.0."

NEEDED = ("id", "type_of_violence", "where_prec", "latitude", "longitude", "date_start", "best")
COLUMNS = (
    *NEEDED,
    *("conflict_name", "dyad_name", "side_a", "side_b", "where_coordinates", "where_description", "adm_1", "adm_2", "country"),
    *("date_prec", "date_end", "event_clarity", "deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown", "low", "high"),
    *("source_headline", "source_article"),
)
_TYPES = {"1": "state-based conflict", "2": "non-state conflict", "3": "one-sided violence"}
_REACH = {
    "1": (Precision.EXACT, None),
    "2": (Precision.NEAR, 25.0),
    "3": (Precision.DISTRICT, None),
    "4": (Precision.REGION, None),
    "5": (Precision.REGION, None),
    "6": (Precision.COUNTRY, None),
    "7": (Precision.COUNTRY, None),
}
_WHEN = {
    "2": "The day is known to within 2 to 6 days.",
    "3": "Only the week is known.",
    "4": "Only the month is known.",
    "5": "Only the year is known.",
}


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    if seen.kind == "json":
        return all(f'"{word}"' in seen.text for word in ("type_of_violence", "where_prec", "date_start"))
    return seen.header >= set(NEEDED)


def parse(data: bytes) -> Iterator[Item]:
    """Read events; `row` is the line of CSV, else counts from 1. Raises Unreadable when the file is none of the three."""
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        return read(load_table(data), COLUMNS, NEEDED, _record)
    document = load(data)
    listed = document.get("Result") if isinstance(document, dict) else document
    if isinstance(listed, list):
        return _items(listed)
    try:
        return _items([_of_feature(item) for item in features(document)])
    except Unreadable:
        raise Unreadable("This is not of UCDP: it has neither a Result with events nor features.") from None


def _of_feature(item: object) -> object:
    """Return the properties of a feature, its point in them unless they have one; what is no feature stays as it is."""
    properties = item.get("properties") if isinstance(item, dict) else None
    geometry = item.get("geometry") if isinstance(item, dict) else None
    if not isinstance(properties, dict):
        return item
    point = geometry.get("coordinates") if isinstance(geometry, dict) else None
    lng, lat = point[:2] if isinstance(point, list) and len(point) > 1 else (None, None)
    return {"latitude": lat, "longitude": lng, **properties}


def _items(items: list[object]) -> Iterator[Item]:
    for row, item in enumerate(items, 1):
        try:
            event = members(item, "event")
            words = {name: text(event.get(name), name) or "" for name in COLUMNS}
        except BadRow as reason:
            yield Problem(row, str(reason))
        else:
            yield raw.told(attempt(row, words, _record), raw.of(item))


def _record(row: int, words: Words) -> Record:
    if not words["id"]:
        raise BadRow("The event has no id.")
    best = decimal(words["best"], "best estimate of deaths")
    kind = _TYPES.get(words["type_of_violence"], "conflict")
    reach, uncertainty = _REACH.get(words["where_prec"], (None, None))
    location = words["where_coordinates"] or words["adm_2"] or words["adm_1"]
    sides = words["dyad_name"] or " - ".join(filter(None, (words["side_a"], words["side_b"]))) or words["conflict_name"]
    country = alpha2(words["country"])
    return Record(
        row=row,
        source=SOURCE,
        external_id=words["id"],
        title=prose.title(": ".join(filter(None, (sides or kind, location)))) or kind,
        severity=deaths.severity(best),
        description=_description(words),
        threat_type=kind,
        threat_rationale=_rationale(words, best),
        location=prose.title(location if country else ", ".join(filter(None, (location, words["country"])))),
        location_country=country,
        lat=decimal(words["latitude"], "latitude"),
        lng=decimal(words["longitude"], "longitude"),
        location_precision_level=reach,
        location_uncertainty_km=uncertainty,
        observed_at=iso_time(words["date_start"], "date"),
        sources=("UCDP",),
    )


def _rationale(words: Words, best: float | None) -> str:
    if best is None:
        return "UCDP: no estimate of deaths."
    between = f" (from {words['low']} to {words['high']})" if words["low"] and words["high"] else ""
    return f"UCDP: {best:g} death{'' if best == 1 else 's'} by the best estimate{between}."


def _description(words: Words) -> str | None:
    told = [
        words["source_headline"] or words["source_article"],
        words["where_description"],
        f"Conflict: {words['conflict_name']}." if words["conflict_name"] else "",
        f"Until {words['date_end'][:10]}." if words["date_end"][:10] != words["date_start"][:10] else "",
        _WHEN.get(words["date_prec"], ""),
        "Several events are told as one." if words["event_clarity"] == "2" else "",
    ]
    return prose.text("\n".join(filter(None, told)))
