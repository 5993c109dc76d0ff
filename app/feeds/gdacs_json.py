"""GDACS alerts as the GeoJSON of its API: lists of events, and the data of one.

Format: https://www.gdacs.org/gdacsapi/swagger. Times name no zone and are UTC; truth values are the words "true" and
"false". One event keeps its `eventtype` and `eventid` through all bulletins, as in the RSS feed. Besides the point of an
event, a file may hold its areas and tracks, told apart by `Class`.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.feeds import gdacs, prose, raw
from app.feeds.countries import alpha2
from app.feeds.geometry import place
from app.feeds.jsonfile import features, load, members
from app.feeds.look import Look
from app.feeds.record import Item, LeftOut, Problem, Record
from app.feeds.values import BadRow, iso_time, text
from app.terms import ThreatStatus

AREAS = "areas and tracks of an event"

_WORDS = (
    *("eventtype", "eventid", "alertlevel", "alertscore", "name", "description", "htmldescription", "country", "iso3", "Class"),
    *("fromdate", "todate", "datemodified", "iscurrent", "istemporary", "glide", "source", "sourceid"),
)


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    return seen.kind == "json" and all(f'"{word}"' in seen.text for word in ("eventtype", "eventid", "alertlevel"))


def parse(data: bytes) -> Iterator[Item]:
    """Read a list of events or the data of one; `row` counts features from 1.

    Raises Unreadable when the file as a whole is no GeoJSON.
    """
    return _items(features(load(data)))


def _items(items: list[object]) -> Iterator[Item]:
    for row, item in enumerate(items, 1):
        try:
            yield raw.told(_item(row, members(item, "feature")), raw.of(item))
        except BadRow as reason:
            yield Problem(row, str(reason))


def _item(row: int, feature: dict[str, object]) -> Item:
    properties = members(feature.get("properties"), "feature’s properties")
    words = {name: text(properties.get(name), name) or "" for name in _WORDS}
    kind, number, level = words["eventtype"], words["eventid"], words["alertlevel"]
    if words["Class"] and words["Class"] != "Point_Centroid":
        return LeftOut(row, AREAS)
    if not kind or not number:
        raise BadRow("The event has no type and id.")
    severity = gdacs.severity(level)
    where = place(feature.get("geometry"))
    measured = members(properties.get("severitydata"), "severity’s data")
    status = gdacs.status(words["iscurrent"])
    ended = iso_time(words["todate"], "end") if status == ThreatStatus.ENDED else None
    links = properties.get("url")
    report = text(links.get("report"), "link") if isinstance(links, dict) else text(links, "link")
    glide = f"GLIDE {words['glide']}" if words["glide"] else ""
    return Record(
        row=row,
        source=gdacs.SOURCE,
        external_id=f"{kind}{number}",
        title=prose.title(words["name"]) or f"{level} alert: {gdacs.threat_type(kind)} {number}",
        severity=severity,
        status=status,
        description=prose.text(prose.plain(words["htmldescription"] or words["description"])),
        threat_type=gdacs.threat_type(kind),
        threat_rationale=gdacs.rationale(
            level,
            words["alertscore"],
            (text(measured.get("severitytext"), "severity") or "", glide),
            temporary=words["istemporary"],
        ),
        location=prose.title(words["country"]),
        location_country=alpha2(words["iso3"]),
        lat=where.lat,
        lng=where.lng,
        location_precision_level=None if where.lat is None else gdacs.precision(kind, words["country"]),
        location_uncertainty_km=where.uncertainty_km,
        area=where.area,
        observed_at=iso_time(words["fromdate"], "beginning"),
        expires_at=ended,
        source_updated_at=iso_time(words["datemodified"], "date of change"),
        url=prose.web(report),
        sources=gdacs.SOURCES,
        references=gdacs.references(f"{kind}{number}", words["glide"], words["source"], words["sourceid"]),
    )
