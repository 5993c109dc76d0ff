"""What the two USGS formats share: identity, severity and words.

Source of the meanings: https://earthquake.usgs.gov/data/comcat/index.php
"""

from __future__ import annotations

from app.terms import Severity, ThreatStatus

SOURCE = "usgs"
SOURCES = ("USGS",)
ATTRIBUTION = "Data: U.S. Geological Survey, Earthquake Hazards Program; public domain."

_BY_ALERT = {
    "green": Severity.LOW,
    "yellow": Severity.MEDIUM,
    "orange": Severity.HIGH,
    "red": Severity.CRITICAL,
}
_BY_MAGNITUDE = ((7, Severity.CRITICAL), (6, Severity.HIGH), (5, Severity.MEDIUM), (4, Severity.LOW))


def severity(magnitude: float | None, alert: str | None = None) -> Severity:
    """Rate an event by the colour of its PAGER alert, which counts losses, or else by its magnitude."""
    if alert in _BY_ALERT:
        return _BY_ALERT[alert]
    if magnitude is None:
        return Severity.NEGLIGIBLE
    return next((rating for floor, rating in _BY_MAGNITUDE if magnitude >= floor), Severity.NEGLIGIBLE)


def status(word: str | None) -> ThreatStatus | None:
    """Return dismissed for an event that USGS has deleted; automatic and reviewed say nothing about a threat's life."""
    return ThreatStatus.DISMISSED if word == "deleted" else None


def rationale(
    magnitude: float | None,
    scale: str | None,
    *,
    alert: str | None = None,
    significance: float | None = None,
    deleted: bool = False,
) -> str:
    """Say in the source's own words what the severity rests on."""
    facts = ["no magnitude" if magnitude is None else f"magnitude {magnitude:g}{f' {scale}' if scale else ''}"]
    if alert:
        facts.append(f"PAGER alert {alert}")
    if significance is not None:
        facts.append(f"significance {significance:g}")
    return f"USGS: {', '.join(facts)}.{' USGS has deleted this event.' if deleted else ''}"


def title(magnitude: float | None, place: str | None, kind: str) -> str:
    """Return a title as USGS writes them: "M 6.1 - 24 km N of Ust'-Kamchatsk Staryy, Russia"."""
    what = kind.capitalize() if magnitude is None else f"M {magnitude:.1f}"
    if kind != "earthquake" and magnitude is not None:
        what = f"{what} {kind.title()}"
    return f"{what} - {place}" if place else what
