"""GDACS alerts as RSS 2.0 with the `gdacs` namespace.

Format: https://www.gdacs.org/xml/rss.xml and the feed's own comments. A point is lat lng in `georss:point`. One event
keeps its `eventtype` and `eventid` through all bulletins, which are counted by `episodeid`. Feeds of 2019 have no
`datemodified`; there `pubDate` is the time of the last bulletin. Terms: "Syndication allowed, provided the source is
acknowledged."
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from xml.etree.ElementTree import Element

from app.errors import Unreadable
from app.feeds import gdacs, raw
from app.feeds.countries import alpha2
from app.feeds.look import Look
from app.feeds.record import Problem, Record
from app.feeds.values import BadRow, decimal, in_utc, shown
from app.feeds.xmlfile import load
from app.terms import ThreatStatus

_NAMESPACES = {
    "gdacs": "http://www.gdacs.org",
    "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "georss": "http://www.georss.org/georss",
}


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    return seen.root == "rss" and "<gdacs:eventtype" in seen.begin


def parse(data: bytes) -> Iterator[Record | Problem]:
    """Read a feed; `row` counts items from 1.

    Raises Unreadable as `xmlfile.load`, and for a root that is not RSS.
    """
    root = load(data)
    channel = root.find("channel")
    if root.tag != "rss" or channel is None:
        raise Unreadable(f"This is XML, but not RSS: it has no channel, and its root is “{shown(root.tag)}”.")
    return _records(channel.findall("item"))


def _records(items: list[Element]) -> Iterator[Record | Problem]:
    for row, item in enumerate(items, 1):
        try:
            yield raw.told(_record(row, item), raw.of(item))
        except BadRow as reason:
            yield Problem(row, str(reason))


def _record(row: int, item: Element) -> Record:
    kind, number = _text(item, "gdacs:eventtype"), _text(item, "gdacs:eventid")
    if not kind or not number:
        raise BadRow("The item has no GDACS event type and event id.")
    level = _text(item, "gdacs:alertlevel")
    severity = gdacs.severity(level)
    threat_type = gdacs.threat_type(kind)
    country = _text(item, "gdacs:country")
    lat, lng = _point(item)
    is_over = gdacs.status(_text(item, "gdacs:iscurrent")) == ThreatStatus.ENDED
    return Record(
        row=row,
        source=gdacs.SOURCE,
        external_id=f"{kind}{number}",
        title=_text(item, "title") or f"{level} alert: {threat_type}{f' in {country}' if country else ''}",
        severity=severity,
        status=gdacs.status(_text(item, "gdacs:iscurrent")),
        description=_text(item, "description") or None,
        threat_type=threat_type,
        threat_rationale=gdacs.rationale(
            level,
            _text(item, "gdacs:alertscore"),
            (_text(item, "gdacs:severity"), _text(item, "gdacs:population")),
            temporary=_text(item, "gdacs:temporary"),
        ),
        location=country or None,
        location_country=alpha2(_text(item, "gdacs:iso3")),
        lat=lat,
        lng=lng,
        location_precision_level=None if lat is None else gdacs.precision(kind, country),
        observed_at=_time(item, "gdacs:fromdate"),
        expires_at=_time(item, "gdacs:todate") if is_over else None,
        source_updated_at=_time(item, "gdacs:datemodified") or _time(item, "pubDate"),
        url=_text(item, "link") or None,
        sources=gdacs.SOURCES,
        references=gdacs.references(f"{kind}{number}", _text(item, "gdacs:glide")),
    )


def _text(item: Element, path: str) -> str:
    return (item.findtext(path, "", _NAMESPACES) or "").strip()


def _point(item: Element) -> tuple[float | None, float | None]:
    """Return lat, lng from the GeoRSS point or the W3C one; both None when there is neither."""
    words = _text(item, "georss:point").replace(",", " ").split()
    if not words:
        words = [_text(item, "geo:Point/geo:lat"), _text(item, "geo:Point/geo:long")]
        if not any(words):
            return None, None
    if len(words) != 2 or not all(words):
        raise BadRow("The point is not two numbers.")
    return decimal(words[0], "latitude"), decimal(words[1], "longitude")


def _time(item: Element, path: str) -> datetime | None:
    """Return an RFC 822 date in UTC, or None when there is none."""
    word = _text(item, path)
    if not word:
        return None
    try:
        return in_utc(parsedate_to_datetime(word))
    except (ValueError, TypeError, IndexError, OverflowError):
        raise BadRow(f"The {path.removeprefix('gdacs:')} “{shown(word)}” is not a date.") from None
