"""Alerts of the Common Alerting Protocol, one or many: alone, in `<alerts>`, in an EDXL envelope, inside any other XML.

Format: CAP 1.2 (OASIS, 2010; ITU-T X.1303) and 1.1; EDXL-DE 1.0. Polygons are "lat,lng lat,lng", circles "lat,lng km".
An alert is known by its sender and identifier; an Update or Cancel names what it stands for in `references`. An alert has
one `info` for each language, and may have several of one language for parts of its time or area: it is one threat, as bad
as the worst of them, over all their areas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import Element

from app.errors import Unreadable
from app.feeds import prose, raw
from app.feeds.areas import Ring, of_circle, of_polygons, together
from app.feeds.cap_terms import colour, kept_off, rationale, severity
from app.feeds.countries import alpha2
from app.feeds.geometry import Place, around, check_number, check_text, rim
from app.feeds.look import Look
from app.feeds.record import Item, LeftOut, Problem, Record
from app.feeds.references import cap as cap_references
from app.feeds.values import BadRow, decimal, iso_time, precision, shown
from app.feeds.xmlfile import below, children, load, name, word
from app.terms import ThreatStatus

LANGUAGE = "en"
"""The language that is taken of several."""
NAMES_MAX = 50
INFOS_MAX = 1_000

_ALERT = re.compile(r"<([\w.-]+:)?alert[\s>]")
_KIND = re.compile(r"<([\w.-]+:)?msgType\s*>")
_AMERICAN = {"ugc", "same", "fips6"}


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    alert = _ALERT.search(seen.begin)
    return seen.kind == "xml" and (seen.root == "alerts" or bool(alert and _KIND.search(seen.begin, alert.end())))


def parse(data: bytes) -> Iterator[Item]:
    """Read all alerts in the order in which they were sent; `row` counts them as they stand in the file, from 1.

    Raises Unreadable for what is not XML, and for XML without an alert.
    """
    root = load(data)
    alerts = [root] if name(root) == "alert" else list(below(root, "alert"))
    if not alerts and name(root) != "alerts":
        raise Unreadable(f"There is no CAP alert in this XML; its root is “{shown(name(root))}”.")
    return _items(alerts, word(root, "distributionStatus"))


def _items(alerts: list[Element], envelope: str) -> Iterator[Item]:
    for row, alert in sorted(enumerate(alerts, 1), key=lambda pair: _sent(pair[1])):
        try:
            yield raw.told(_item(row, alert, envelope), raw.of(alert))
        except BadRow as reason:
            yield Problem(row, str(reason))


def _sent(alert: Element) -> float:
    """Return a number to sort by; what can't be read comes first, and is told as a problem then."""
    try:
        time = iso_time(word(alert, "sent"), "sent")
    except BadRow:
        return 0.0
    return time.timestamp() if time else 0.0


def _item(row: int, alert: Element, envelope: str) -> Item:
    identifier, sender = word(alert, "identifier"), word(alert, "sender")
    if not identifier or not sender:
        raise BadRow("The alert has no identifier or no sender.")
    sent = iso_time(word(alert, "sent"), "sent")
    if sent is None:
        raise BadRow("The alert does not say when it was sent.")
    kind = word(alert, "msgType")
    if reason := kept_off(envelope) or kept_off(word(alert, "status"), word(alert, "scope"), kind):
        return LeftOut(row, reason)
    told = children(alert, "info")
    if len(told) > INFOS_MAX:
        raise BadRow(f"The alert has {len(told):,} infos; at most {INFOS_MAX:,} can be read.")
    infos = _of_one_language(told)
    going = [info for info in infos if not _is_over(info)]
    replaces = references(word(alert, "references"))
    if kind.casefold() == "cancel" or not going:
        if kind.casefold() not in {"cancel", "update"}:
            return LeftOut(row, "alerts that say nothing is wrong" if infos else "alerts that say nothing")
        return Record(
            row=row,
            source=sender,
            external_id=identifier,
            title=f"End of an alert of {sender}",
            source_updated_at=sent,
            replaces=replaces,
            is_end=True,
        )
    lead = max(going, key=lambda info: severity(word(info, "severity"), _parameter(info, "awareness_level")).rank)
    words = {key: word(lead, key) for key in ("severity", "urgency", "certainty")}
    level = _parameter(lead, "awareness_level")
    areas = [area for info in going for area in children(info, "area")]
    where = area_place(areas)
    headline = word(lead, "headline") or word(lead, "event")
    location = "; ".join(dict.fromkeys(filter(None, (word(area, "areaDesc") for area in areas))))
    expires = [time for info in going if (time := iso_time(word(info, "expires"), "expires"))]
    return Record(
        row=row,
        source=sender,
        external_id=identifier,
        title=prose.title(headline) or prose.title(f"Alert: {location}") or f"Alert of {sender}",
        severity=severity(words["severity"], level),
        status=ThreatStatus.ACTIVE,
        description=_description(lead),
        threat_type=prose.term(word(lead, "event")),
        threat_rationale=prose.text(rationale("CAP", {**words, "awareness level": level})),
        location=prose.title(location),
        location_country=_country(areas),
        lat=where.lat,
        lng=where.lng,
        location_precision_level=precision(where.uncertainty_km),
        location_uncertainty_km=where.uncertainty_km,
        area=where.area,
        observed_at=_first_time(lead, "onset", "effective") or sent,
        expires_at=max(expires, default=None),
        source_updated_at=sent,
        likelihood=prose.term(words["certainty"]),
        impact_severity=prose.term(words["severity"]),
        url=prose.web(word(lead, "web")),
        replaces=replaces,
        references=cap_references(identifier),
        sources=(prose.term(word(lead, "senderName")) or sender,),
    )


def references(words: str) -> tuple[str, ...]:
    """Return the identifiers in "sender,identifier,sent sender,identifier,sent", the latest NAMES_MAX of them."""
    named = [parts[0] if len(parts) < 3 else ",".join(parts[1:-1]) for parts in (part.split(",") for part in words.split())]
    return tuple(dict.fromkeys(filter(None, named)))[-NAMES_MAX:]


def _of_one_language(infos: list[Element]) -> list[Element]:
    """Return the infos in English, or else those in the language of the first."""
    languages = [(word(info, "language") or "en-US").casefold() for info in infos]
    wanted = next((language for language in languages if language.partition("-")[0] == LANGUAGE), languages[0] if infos else "")
    return [info for info, language in zip(infos, languages, strict=True) if language == wanted]


def _is_over(info: Element) -> bool:
    """Say whether an info calls off what it is about.

    That is: all clear, the green level, which is that of no warning, or the end of a time that never began.
    """
    responses = {(response.text or "").strip().casefold() for response in children(info, "responseType")}
    if "allclear" in responses or colour(_parameter(info, "awareness_level")) == "green":
        return True
    return never_began(iso_time(word(info, "effective"), "effective"), iso_time(word(info, "expires"), "expires"))


def never_began(effective: datetime | None, expires: datetime | None) -> bool:
    """Say whether an alert expires as soon as it takes effect, as some authorities write what they withdraw."""
    return effective is not None and expires is not None and expires <= effective


def _parameter(info: Element, wanted: str) -> str:
    return next((word(one, "value") for one in children(info, "parameter") if word(one, "valueName") == wanted), "")


def _description(info: Element) -> str | None:
    parts = [word(info, "description"), word(info, "instruction")]
    return prose.text("\n\n".join(prose.plain(part) for part in parts if part))


def _first_time(info: Element, *names: str) -> datetime | None:
    return next((time for key in names if (time := iso_time(word(info, key), key))), None)


def area_place(areas: list[Element]) -> Place:
    """Return the one place that all polygons and circles stand for; a single circle is its centre and radius.

    Raises BadRow for what are no numbers, or not on the globe.
    """
    corners: list[tuple[float, float]] = []
    rings: list[Ring] = []
    circles: dict[tuple[float, float, float], None] = {}
    for area in areas:
        for polygon in children(area, "polygon"):
            check_text(polygon.text or "", len(corners))
            rings.append(list(map(_pair, (polygon.text or "").split())))
            corners += rings[-1]
        for circle in children(area, "circle"):
            centre, _, radius = (circle.text or "").strip().partition(" ")
            if centre:
                circles[*_pair(centre), decimal(radius.strip(), "radius of the circle") or 0.0] = None
        check_number(len(corners) + 4 * len(circles))
    if len(circles) == 1 and not corners:
        lat, lng, radius_km = next(iter(circles))
        return Place(lat, lng, radius_km or None, of_circle(lat, lng, radius_km))
    for lat, lng, radius_km in circles:
        corners += rim(lat, lng, radius_km) if radius_km else [(lat, lng)]
    where = around(list(dict.fromkeys(corners)))
    return where._replace(area=together([of_polygons([ring] for ring in rings), *(of_circle(*one) for one in circles)]))


def _pair(words: str) -> tuple[float, float]:
    lat, _, lng = words.partition(",")
    result = decimal(lat, "latitude"), decimal(lng, "longitude")
    if result[0] is None or result[1] is None:
        raise BadRow(f"“{shown(words)}” is not a latitude and a longitude.")
    return result[0], result[1]


def _country(areas: list[Element]) -> str | None:
    """Return the country that the areas' codes speak of, when they agree on one."""
    return country_of([(word(code, "valueName"), word(code, "value")) for area in areas for code in children(area, "geocode")])


def country_of(codes: list[tuple[str, str]]) -> str | None:
    """Return the country that codes of areas, as (system, code), agree on: EMMA_ID, NUTS, UGC, SAME, FIPS6 and CLC."""
    found = set()
    for system, code in codes:
        kind = system.casefold()
        if kind == "emma_id" or kind.startswith("nuts"):
            found.add(alpha2({"EL": "GR", "UK": "GB"}.get(code[:2].upper(), code[:2])))
        elif kind in _AMERICAN:
            found.add("US")
        elif kind.endswith(":clc"):
            found.add("CA")
    return found.pop() if len(found) == 1 else None
