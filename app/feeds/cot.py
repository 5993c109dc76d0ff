"""Cursor on Target, the events of TAK: one, several under one root, or one after the other as they are sent.

Format: MITRE CoT Event schema 2.0; types as in MIL-STD-2525 ("a-h-G": an atom, hostile, on the ground). A `uid` is known
again, and a later `time` is a newer statement; what an event says holds until `stale`. `ce` is the uncertainty in metres,
9999999 where it is not known. Positions of one's own people are no threats.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from app.errors import Unreadable
from app.feeds import prose, raw
from app.feeds.areas import Area, of_ellipse, of_polygons
from app.feeds.geometry import Place, around, check_number
from app.feeds.look import Look
from app.feeds.record import Item, LeftOut, Problem, Record
from app.feeds.values import BadRow, decimal, iso_time, precision
from app.feeds.xmlfile import below, children, load, word
from app.terms import Severity, ThreatStatus

SOURCE = "tak"
UNKNOWN_M = 9_999_999

_DECLARATION = re.compile(rb"<\?xml[^>]*\?>")
_OWN = "positions of friends and neutrals"
_OTHER = "messages that report no threat"
_AFFILIATIONS = {
    "h": ("hostile", Severity.HIGH),
    "s": ("suspect", Severity.MEDIUM),
    "u": ("unknown", Severity.LOW),
    "p": ("pending", Severity.LOW),
    "o": ("unspecified", Severity.LOW),
    "x": ("other", Severity.LOW),
}
_DIMENSIONS = {"P": " in space", "A": " in the air", "G": " on the ground", "S": " at sea", "U": " under water"}
_KINDS = (
    ("b-a-o", "emergency", Severity.CRITICAL),
    ("b-a-g", "geofence alert", Severity.HIGH),
    ("b-a", "alarm", Severity.HIGH),
    ("b-r", "report", Severity.MEDIUM),
    ("b-l", "detection", Severity.MEDIUM),
    ("b-d", "detection", Severity.MEDIUM),
    ("b-m-p-s", "spot", Severity.LOW),
    ("b-m", "map marker", Severity.LOW),
    ("u-d", "drawing", Severity.LOW),
    ("u-r", "measured range", Severity.NEGLIGIBLE),
    ("r", "reserved area", Severity.LOW),
)


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    return seen.root in {"event", "events"} and all(word in seen.begin for word in ("uid=", "stale=", "<point"))


def parse(data: bytes) -> Iterator[Item]:
    """Read events; `row` counts them from 1. Raises Unreadable for what is not XML or holds none."""
    root = load(b"<stream>" + _DECLARATION.sub(b"", data.removeprefix(b"\xef\xbb\xbf")) + b"</stream>")
    events = list(below(root, "event"))
    if not events and not children(root, "events"):
        raise Unreadable("There is no event of Cursor on Target in this.")
    return _items(events)


def _items(events: list[Element]) -> Iterator[Item]:
    for row, event in enumerate(events, 1):
        try:
            yield raw.told(_item(row, event), raw.of(event))
        except BadRow as reason:
            yield Problem(row, str(reason))


def _item(row: int, event: Element) -> Item:
    uid, kind = (event.get("uid") or "").strip(), (event.get("type") or "").strip()
    if not uid or not kind:
        raise BadRow("The event has no uid or no type.")
    time = iso_time(event.get("time"), "time")
    detail = next(iter(children(event, "detail")), Element("detail"))
    if kind.startswith(("t-x-d-d", "b-a-o-can")):
        linked = [link.get("uid") or "" for link in children(detail, "link")]
        named = next(filter(None, linked), uid)
        return Record(row=row, source=SOURCE, external_id=named, title=f"End of {named}", source_updated_at=time, is_end=True)
    played = {"e": "exercises", "s": "simulations"}.get((event.get("opex") or "").strip()[:1].casefold())
    meaning = _meaning(kind)
    if played or kind.startswith(("a-j", "a-k")):
        return LeftOut(row, played or "exercises")
    if meaning is None:
        return LeftOut(row, _OWN if kind.startswith("a-") else _OTHER)
    threat_type, severity = meaning
    where = _place(event, detail)
    callsign = next((contact.get("callsign") or "" for contact in children(detail, "contact")), "")
    return Record(
        row=row,
        source=SOURCE,
        external_id=uid,
        title=prose.title(callsign) or f"{threat_type.capitalize()} {uid}"[: prose.TITLE_MAX],
        severity=severity,
        status=ThreatStatus.ACTIVE,
        description=prose.text(word(detail, "remarks")),
        threat_type=threat_type,
        threat_rationale=prose.text(f"Cursor on Target: type {kind}, how {event.get('how') or 'not given'}."),
        lat=where.lat,
        lng=where.lng,
        location_precision_level=precision(where.uncertainty_km),
        location_uncertainty_km=where.uncertainty_km,
        area=where.area,
        observed_at=iso_time(event.get("start"), "start") or time,
        expires_at=iso_time(event.get("stale"), "time of going stale"),
        source_updated_at=time,
        sources=("TAK",),
    )


def _meaning(kind: str) -> tuple[str, Severity] | None:
    """Return the word for a type and how bad it is; None for what reports no threat."""
    parts = kind.split("-")
    if parts[0] == "a":
        if len(parts) < 2 or parts[1] not in _AFFILIATIONS:
            return None
        affiliation, severity = _AFFILIATIONS[parts[1]]
        return f"{affiliation}{_DIMENSIONS.get(parts[2] if len(parts) > 2 else '', '')}", severity
    return next(((told, severity) for start, told, severity in _KINDS if f"{kind}-".startswith(f"{start}-")), None)


def _place(event: Element, detail: Element) -> Place:
    """Return the middle of a drawing's corners if it has some, else the point with its error or its ellipse."""
    told = [words for link in below(detail, "link") if (words := link.get("point"))]
    check_number(len(told))
    corners = list(map(_pair, told))
    if len(set(corners)) > 1:
        is_rectangle = (event.get("type") or "").startswith("u-d-r")
        is_closed = is_rectangle or corners[0] == corners[-1]
        return around(list(dict.fromkeys(corners)))._replace(area=of_polygons([[corners]]) if is_closed else None)
    point = next(iter(children(event, "point")), None)
    if point is None:
        raise BadRow("The event has no point.")
    lat, lng = _pair(f"{point.get('lat', '')},{point.get('lon', '')}")
    error = decimal((point.get("ce") or "").strip(), "error of the point")
    ellipses = list(below(detail, "ellipse"))
    axes = [_metres(ellipse, "major") for ellipse in ellipses]
    metres = [abs(value) for value in (error, *axes) if value is not None and abs(value) < UNKNOWN_M]
    return Place(lat, lng, max(metres) / 1000 if metres else None, _drawn(lat, lng, ellipses))


def _drawn(lat: float, lng: float, ellipses: list[Element]) -> Area | None:
    """Return the greatest of the ellipses round a point; circles are told as several, one in the other."""
    try:
        found = [tuple(_metres(one, name) or 0.0 for name in ("major", "minor", "angle")) for one in ellipses]
    except BadRow:
        return None
    major, minor, bearing = max(found, default=(0.0, 0.0, 0.0))
    return of_ellipse(lat, lng, major / 1000, minor / 1000, bearing) if major < UNKNOWN_M else None


def _metres(ellipse: Element, name: str) -> float | None:
    return decimal((ellipse.get(name) or "").strip(), "axis of the ellipse")


def _pair(words: str) -> tuple[float, float]:
    lat, lng = (decimal(one.strip(), "coordinate") for one in [*words.split(","), "", ""][:2])
    if lat is None or lng is None:
        raise BadRow("A point has no latitude or no longitude.")
    return lat, lng
