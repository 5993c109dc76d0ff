"""What the two GDACS formats share: identity, severity, kinds of event and words."""

from __future__ import annotations

from collections.abc import Iterable

from app.feeds.references import glides, named
from app.feeds.values import BadRow, shown
from app.terms import Precision, Severity, ThreatStatus

SOURCE = "gdacs"
SOURCES = ("GDACS",)
ATTRIBUTION = "Data: Global Disaster Alert and Coordination System (GDACS), © European Union."

_SEVERITIES = {"green": Severity.LOW, "orange": Severity.HIGH, "red": Severity.CRITICAL}
_STATUSES = {"true": ThreatStatus.ACTIVE, "false": ThreatStatus.ENDED}
_TOLD_BY = {"NEIC": "usgs", "USGS": "usgs", "GLOFAS": "glofas"}
_TYPES = {
    "DR": ("drought", Precision.REGION),
    "EQ": ("earthquake", Precision.NEAR),
    "FL": ("flood", Precision.REGION),
    "TC": ("tropical cyclone", Precision.REGION),
    "TS": ("tsunami", Precision.REGION),
    "VO": ("volcano", Precision.NEAR),
    "WF": ("wildfire", Precision.DISTRICT),
}
"""The kinds of event, and what the point of each stands for: the middle of a drought is not where the drought is."""


def severity(level: str) -> Severity:
    """Rate by the alert level, never by its score. Raises BadRow for a level that is not known."""
    if level.casefold() not in _SEVERITIES:
        raise BadRow(f"The alert level “{shown(level)}” is none of Green, Orange and Red.")
    return _SEVERITIES[level.casefold()]


def status(is_current: str) -> ThreatStatus | None:
    """Return active or ended for "true" and "false"; None where GDACS does not say."""
    return _STATUSES.get(is_current.casefold())


def threat_type(kind: str) -> str:
    """Return the word for a kind of event, the kind itself where it is not known."""
    return _TYPES.get(kind.upper(), (kind,))[0]


def precision(kind: str, country: str) -> Precision:
    """Return what the point of an event stands for; a drought in several countries lies in none of them."""
    if "," in country and kind.upper() == "DR":
        return Precision.COUNTRY
    return _TYPES[kind.upper()][1] if kind.upper() in _TYPES else Precision.REGION


def references(external_id: str, glide: str, told_by: str = "", told_id: str = "") -> tuple[str, ...]:
    """Return the ids of an event: GDACS's own, its GLIDE number, and that of the system which told GDACS of it, if known here."""
    whose = _TOLD_BY.get(told_by.upper())
    return (*named(SOURCE, external_id), *glides(glide), *(named(whose, told_id.lower()) if whose else ()))


def rationale(level: str, score: str, facts: Iterable[str], *, temporary: str) -> str:
    """Say in GDACS's own words what the alert level rests on."""
    said = "; ".join(filter(None, (f"alert level {level}{f' (score {score})' if score else ''}", *facts)))
    return f"GDACS: {said.rstrip('.')}.{' GDACS calls this a temporary alert.' if temporary.casefold() == 'true' else ''}"
