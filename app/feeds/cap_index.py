"""Indexes of CAP alerts: Atom and RSS feeds whose entries carry elements of CAP, such as those of MeteoAlarm and NWS.

Format: RFC 4287 or RSS 2.0 with the namespace of CAP. MeteoAlarm has an entry for each area of each alert; they are one
threat by `cap:identifier`. An index does not say what an update replaces: the alerts themselves do, which it links to.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import Element

from app.errors import Unreadable
from app.feeds import prose, raw, references
from app.feeds.cap import area_place, country_of, never_began
from app.feeds.cap_terms import FURTHER, kept_off, rationale, severity
from app.feeds.look import Look
from app.feeds.record import Item, LeftOut, Problem, Record
from app.feeds.times import any_time
from app.feeds.values import BadRow, precision, shown
from app.feeds.xmlfile import children, load, name, word
from app.terms import ThreatStatus

NONE = "entries that say there is no alert"

_CAP = re.compile(r"urn:oasis:names:tc:emergency:cap|incident\.com/cap")


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    return seen.root in {"feed", "rss", "RDF"} and _CAP.search(seen.begin) is not None


def parse(data: bytes) -> Iterator[Item]:
    """Read a feed; `row` counts entries from 1. Raises Unreadable for what is neither an Atom nor an RSS feed."""
    root = load(data)
    channel = next(iter(children(root, "channel")), root)
    entries = [entry for parent in (channel, root) for entry in parent if name(entry) in {"entry", "item"}]
    if name(root) not in {"feed", "rss", "RDF"}:
        raise Unreadable(f"This is XML, but no feed; its root is “{shown(name(root))}”.")
    feed = word(channel, "author", "name") or word(channel, "title") or "cap"
    return _items(list(dict.fromkeys(entries)), feed)


def _items(entries: list[Element], feed: str) -> Iterator[Item]:
    alerts: dict[str, list[Element]] = defaultdict(list)
    for entry in entries:
        alerts[_identifier(entry)].append(entry)
    for row, entry in enumerate(entries, 1):
        parts = alerts[_identifier(entry)]
        try:
            if not word(entry, "event") and not word(entry, "severity"):
                yield LeftOut(row, NONE)
            elif parts[0] is not entry and _identifier(entry):
                yield LeftOut(row, FURTHER)
            else:
                its = parts if _identifier(entry) else [entry]
                yield raw.told(_item(row, its, feed), raw.of(its))
        except BadRow as reason:
            yield Problem(row, str(reason))


def _identifier(entry: Element) -> str:
    return word(entry, "identifier") or _link(entry, "application/cap+xml") or word(entry, "id") or word(entry, "guid")


def _link(entry: Element, kind: str = "") -> str:
    """Return the address of a link: of a media type, or else the first."""
    links = children(entry, "link")
    return next(((link.get("href") or link.text or "").strip() for link in links if not kind or link.get("type") == kind), "")


def _item(row: int, parts: list[Element], feed: str) -> Item:
    entry = max(parts, key=lambda part: severity(word(part, "severity")).rank)
    identifier = _identifier(entry)
    if not identifier:
        raise BadRow("The entry has no identifier.")
    kind = word(entry, "message_type") or word(entry, "msgType")
    if reason := kept_off(word(entry, "status"), word(entry, "scope"), kind):
        return LeftOut(row, reason)
    sent = _time(entry, "sent") or _time(entry, "updated") or _time(entry, "published") or _time(entry, "pubDate")
    source = word(entry, "sender") or feed
    is_over = all(never_began(_time(part, "effective"), _time(part, "expires")) for part in parts)
    if is_over or kind.casefold() == "cancel":
        title = f"End of an alert of {source}"
        return Record(row=row, source=source, external_id=identifier, title=title, source_updated_at=sent, is_end=True)
    where = area_place(parts)
    words = {key: word(entry, key) for key in ("severity", "urgency", "certainty")}
    location = "; ".join(dict.fromkeys(filter(None, (word(part, "areaDesc") for part in parts))))
    expires = [time for part in parts if (time := _time(part, "expires"))]
    codes = [code for part in parts for area in children(part, "geocode") for code in _codes(area)]
    return Record(
        row=row,
        source=source,
        external_id=identifier,
        title=_title(entry, several=len(parts) > 1),
        severity=severity(words["severity"]),
        status=ThreatStatus.ACTIVE,
        description=prose.text(prose.plain(word(entry, "summary") or word(entry, "description"))),
        threat_type=prose.term(word(entry, "event")),
        threat_rationale=prose.text(rationale("CAP", words)),
        location=prose.title(location),
        location_country=country_of(codes),
        lat=where.lat,
        lng=where.lng,
        location_precision_level=precision(where.uncertainty_km),
        location_uncertainty_km=where.uncertainty_km,
        area=where.area,
        observed_at=_time(entry, "onset") or _time(entry, "effective") or sent,
        expires_at=max(expires, default=None),
        source_updated_at=sent,
        likelihood=prose.term(words["certainty"]),
        impact_severity=prose.term(words["severity"]),
        url=prose.web(_link(entry)),
        references=references.cap(identifier),
        sources=(prose.term(feed) or source,),
    )


def _title(entry: Element, *, several: bool) -> str:
    """Return the entry's title; of an alert over several areas, whose entries each name one, its event."""
    whole = (word(entry, "title"), word(entry, "event"))
    return next(filter(None, map(prose.title, reversed(whole) if several else whole)), "Alert")


def _codes(area: Element) -> Iterator[tuple[str, str]]:
    """Yield (system, code); NWS writes several of them, each with many codes, into one element."""
    for system, codes in zip(children(area, "valueName"), children(area, "value"), strict=False):
        for code in (codes.text or "").split():
            yield (system.text or "").strip(), code


def _time(entry: Element, wanted: str) -> datetime | None:
    return any_time(word(entry, wanted), wanted)
