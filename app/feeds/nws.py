"""Alerts of the US National Weather Service as the GeoJSON of its API.

Format: https://www.weather.gov/documentation/services-web-api; VTEC: NWS Directive 10-1703. Each message has an id of its
own. What goes on through messages is the event of their VTEC (office, phenomenon, significance, number in the year), or
else the chain of `references`. One event may be told in several messages for several groups of zones: it is one threat over
all of them. `expires` is the end of the message, `ends` that of the hazard.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from app.feeds import prose, raw, references
from app.feeds.areas import Area, together
from app.feeds.cap_terms import FURTHER, kept_off, rationale, severity
from app.feeds.countries import us_states
from app.feeds.geometry import area, around, positions
from app.feeds.jsonfile import features, load, members
from app.feeds.look import Look
from app.feeds.record import Item, LeftOut, Problem, Record
from app.feeds.values import BadRow, iso_time, precision, text
from app.terms import ThreatStatus

SOURCE = "nws"
ATTRIBUTION = "Data: U.S. National Weather Service; public domain."
EARLIER = "messages that a later one in the file replaces"
NAMES_MAX = 50

_VTEC = re.compile(r"/([OTEX])\.([A-Z]{3})\.(\w{4})\.(\w{2})\.(\w)\.(\d{4})\.\d{6}T\d{4}Z-\d{6}T\d{4}Z/")
_TERRITORIES = {"AS", "GU", "MP", "PR", "VI"}
_OVER = {"CAN", "EXP", "UPG"}
_WORDS = (
    *("id", "areaDesc", "status", "messageType", "event", "severity", "urgency", "certainty", "sender", "senderName"),
    *("headline", "description", "instruction", "response", "@id"),
)


@dataclass(slots=True)
class Message:
    """One alert of the file. `live` and `over` are the events of its VTEC that go on and that it ends, by their names."""

    row: int
    words: dict[str, str]
    sent: datetime
    times: dict[str, datetime | None]
    corners: list[tuple[float, float]]
    area: Area | None
    zones: str
    references: list[str]
    live: list[str] = field(default_factory=list)
    over: list[str] = field(default_factory=list)
    is_test: bool = False

    @property
    def is_end(self) -> bool:
        """Say whether the message only ends what went before."""
        called_off = "cancel" in self.words["messageType"].casefold() or self.words["response"].casefold() == "allclear"
        return called_off or (bool(self.over) and not self.live)

    @property
    def event(self) -> str:
        """Return the name of what the message is about."""
        return next(iter([*self.live, *self.over]), self.words["id"])


def fits(seen: Look) -> bool:
    """Say whether a file looks like this format."""
    return seen.kind == "json" and all(f'"{word}"' in seen.text for word in ("areaDesc", "messageType", "affectedZones"))


def parse(data: bytes) -> Iterator[Item]:
    """Read alerts; `row` counts features from 1. Raises Unreadable when the file as a whole is no GeoJSON."""
    return _items(features(load(data)))


def _items(items: list[object]) -> Iterator[Item]:
    found: list[Message] = []
    for row, item in enumerate(items, 1):
        try:
            message = _message(row, members(item, "feature"))
        except BadRow as broken:
            yield Problem(row, str(broken))
            continue
        reason = kept_off(message.words["status"]) or ("tests" if message.is_test else "")
        if reason:
            yield LeftOut(row, reason)
        else:
            found.append(message)
    replaced = {name for message in found for name in message.references}
    latest = [message for message in found if message.words["id"] not in replaced]
    yield from (LeftOut(message.row, EARLIER) for message in found if message.words["id"] in replaced)
    going: dict[str, list[Message]] = {}
    for message in latest:
        if not message.is_end:
            going.setdefault(message.event, []).append(message)
    for parts in going.values():
        yield raw.told(
            _record(parts, going), raw.of([items[part.row - 1] for part in parts] if parts[1:] else items[parts[0].row - 1])
        )
        yield from (LeftOut(part.row, FURTHER) for part in parts[1:])
    yield from _ends([message for message in latest if message.is_end], going)


def _ends(messages: list[Message], going: dict[str, list[Message]]) -> Iterator[Item]:
    """Yield the ends of events that do not go on elsewhere in the file."""
    for message in messages:
        if message.event in going:
            yield LeftOut(message.row, FURTHER)
            continue
        yield Record(
            row=message.row,
            source=SOURCE,
            external_id=message.event,
            title=f"End of {message.words['event'] or 'an alert'}",
            source_updated_at=message.sent,
            replaces=_names(name for name in [*message.over[1:], *_referred(message)] if name not in going),
            is_end=True,
        )


def _record(parts: list[Message], going: dict[str, list[Message]]) -> Record:
    """Return the threat that one or several messages of one event tell of."""
    lead = max(parts, key=lambda part: (severity(part.words["severity"]).rank, part.sent))
    where = around(list(dict.fromkeys(corner for part in parts for corner in part.corners)))
    words = {name: lead.words[name] for name in ("severity", "urgency", "certainty")}
    areas = dict.fromkeys(area.strip() for part in parts for area in part.words["areaDesc"].split(";"))
    ends = [time for part in parts if (time := part.times["ends"] or part.times["expires"])]
    text = "\n\n".join(filter(None, (lead.words["description"], lead.words["instruction"])))
    upgraded = [name for part in parts for name in part.over if name not in going]
    return Record(
        row=parts[0].row,
        source=SOURCE,
        external_id=lead.event,
        title=prose.title(lead.words["headline"] or lead.words["event"]) or "Alert",
        severity=severity(words["severity"]),
        status=ThreatStatus.ACTIVE,
        description=prose.text(text),
        threat_type=prose.term(lead.words["event"]),
        threat_rationale=prose.text(rationale("NWS", words)),
        location=prose.title("; ".join(filter(None, areas))),
        location_country=_country(parts),
        lat=where.lat,
        lng=where.lng,
        location_precision_level=precision(where.uncertainty_km),
        location_uncertainty_km=where.uncertainty_km,
        area=together(part.area for part in parts),
        observed_at=lead.times["onset"] or lead.times["effective"] or lead.sent,
        expires_at=max(ends, default=None),
        source_updated_at=max(part.sent for part in parts),
        likelihood=prose.term(words["certainty"]),
        impact_severity=prose.term(words["severity"]),
        url=prose.web(lead.words["@id"]),
        replaces=_names([*upgraded, *_referred(lead)]),
        references=tuple(dict.fromkeys(one for part in parts for one in references.cap(part.words["id"])))[-NAMES_MAX:],
        sources=(prose.term(lead.words["senderName"]) or "NWS",),
    )


def _country(parts: list[Message]) -> str | None:
    """Return the state or territory's country by the first two letters of the zones; those at sea are in none."""
    prefixes = {zone[:2] for part in parts for zone in part.zones.split(", ") if zone}
    found = {"US" if prefix in us_states() else prefix if prefix in _TERRITORIES else None for prefix in prefixes}
    return found.pop() if len(found) == 1 else None


def _referred(message: Message) -> list[str]:
    """Return the messages that this one follows; an event of VTEC goes by its name alone, whatever else they told of."""
    return [] if message.live or message.over else message.references


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))[-NAMES_MAX:]


def _message(row: int, feature: dict[str, object]) -> Message:
    properties = members(feature.get("properties"), "feature’s properties")
    words = {name: text(properties.get(name), name) or "" for name in _WORDS}
    if not words["id"]:
        raise BadRow("The alert has no id.")
    times = {name: iso_time(text(properties.get(name), name), name) for name in ("sent", "onset", "effective", "expires", "ends")}
    sent = times["sent"]
    if sent is None:
        raise BadRow("The alert does not say when it was sent.")
    listed = properties.get("references")
    references = [members(one, "reference") for one in listed] if isinstance(listed, list) else []
    named = [
        (iso_time(text(one.get("sent"), "sent"), "sent") or sent, text(one.get("identifier"), "reference") or "")
        for one in references
    ]
    message = Message(
        row=row,
        words=words,
        sent=sent,
        times=times,
        corners=positions(feature.get("geometry")),
        area=area(feature.get("geometry")),
        zones=text(members(properties.get("geocode"), "geocode").get("UGC"), "zone") or "",
        references=[name for _, name in sorted(named) if name],
    )
    year = min([sent, *(time for time, _ in named)]).year
    for kind, action, *event in _VTEC.findall(
        text(members(properties.get("parameters"), "parameters").get("VTEC"), "VTEC") or ""
    ):
        (message.over if action in _OVER else message.live).append(".".join([*event, str(year)]))
        message.is_test = message.is_test or kind == "T"
    return message
